#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154
#
# tests/support/run.sh PROGRAM [ARGUMENT...]
#
# Runs a test program, under TEST_EMU if there is one. If it fails: what is to be known of
# the machine, and where gdb is, the stacks of a test that was stopped by a signal.
set -u
# shellcheck source=tests/support/facts.sh
. "$top_srcdir/tests/support/facts.sh"

case " $NEED_PROC " in
*" ${1#./} "*)
  test -r /proc/self/maps || {
    echo '1..0 # SKIP there is no /proc'
    exit 0
  } ;;
esac

# An emulator is slow.
test -z "$TEST_EMU" || export LIBCGO_TEST_SECONDS="${LIBCGO_TEST_SECONDS:-900}"

results=$(mktemp "${TMPDIR:-/tmp}/libcgo-run.XXXXXX") || exit 1
trap 'rm -f "$results" "$results.status"' EXIT
trap 'exit 1' HUP INT TERM

{
  $TEST_EMU "$@"
  echo $? >"$results.status"
} | tee "$results"
status=$(cat "$results.status")
test "$status" != 0 || exit 0
test "${LIBCGO_TEST_FACTS:-yes}" != no || exit "$status"

echo "# $1 has failed, on:"
facts
if test -z "$TEST_EMU" && command -v gdb >/dev/null 2>&1; then
  for name in $(sed -n 's/^not ok [0-9]* - \([a-z_0-9]*\).*/\1/p' "$results" | head -n 3); do
    echo "# $name once more, under gdb:"
    # If it hangs, gdb is interrupted, and shows where.
    CK_FORK=no CK_RUN_CASE=$name timeout -s INT -k 30 60 "$top_builddir/libtool" --mode=execute \
      gdb -batch -nx -ex run -ex 'thread apply all backtrace' --args "$@" </dev/null 2>&1 |
      grep -vE '^(ok|not ok|\[|1\.\.)' | tail -n 60 | sed 's/^/#   /'
  done
fi
exit "$status"
