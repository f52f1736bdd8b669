# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What the shell tests share: results in the Test Anything Protocol. A test
# runs in a scratch directory of its own; the environment comes from
# tests/local.mk.

set -u
tests=0
failed=0

# shellcheck disable=SC2034,SC2086
srcdir=$(cd "$top_srcdir" && pwd)
builddir=$(cd "$top_builddir" && pwd)

scratch=$(mktemp -d "${TMPDIR:-/tmp}/libcgo-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 1

# ok NAME COMMAND...: one claim, that the command succeeds.
ok() {
  ok_name=$1
  shift
  tests=$((tests + 1))
  if "$@" >"$scratch/output" 2>&1; then
    echo "ok $tests - $ok_name"
  else
    failed=$((failed + 1))
    echo "not ok $tests - $ok_name"
    sed 's/^/# /' "$scratch/output"
  fi
}

# skip NAME REASON
skip() {
  tests=$((tests + 1))
  echo "ok $tests - $1 # SKIP $2"
}

# shellcheck source=tests/facts.sh
. "$srcdir/tests/facts.sh"

# done_testing: the last line of each shell test.
done_testing() {
  echo "1..$tests"
  test $failed = 0 || {
    echo "# $0 has failed, on:"
    facts
    exit 1
  }
}

# run_program NAME [ARGUMENT...]: a program of this directory, under the emulator if
# there is one. TEST_EMU may be relative to the build directory.
run_program() {
  program=$scratch/$1
  shift
  (cd "$builddir" && exec timeout -k 1 60 $TEST_EMU "$program" "$@")
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# The uninstalled library. Programs find it by its path, so that an emulator
# needs no environment.
# shellcheck disable=SC2034
{
  cppflags="-I$srcdir/include -I$builddir/include"
  shared_libs="-L$builddir/.libs -lcgo -Wl,-rpath,$builddir/.libs -pthread"
  static_lib="$builddir/.libs/libcgo.a"
}
