# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What the shell tests share: results in the Test Anything Protocol. A test
# runs in a scratch directory of its own; the environment comes from
# tests/local.mk.

set -u
tests=0
failed=0

LC_ALL=C
export LC_ALL
srcdir=$(cd "$top_srcdir" && pwd)
builddir=$(cd "$top_builddir" && pwd)

# In the build directory: from /tmp a system may start no program (noexec).
scratch=$(mktemp -d "$builddir/tests/scratch.XXXXXX") || exit 1
links=
trap 'rm -rf "$scratch" ${links:+"$links"}' EXIT
trap 'exit 1' HUP INT TERM

# In a path with a space, the tests go by links: their flags are lists of words.
case $srcdir$builddir in
*[[:space:]]*)
  links=$(mktemp -d /tmp/libcgo-links.XXXXXX) || exit 1
  ln -s "$srcdir" "$links/source" && ln -s "$builddir" "$links/build" || exit 1
  srcdir=$links/source scratch=$links/build/tests/${scratch##*/}
  CLASSIC_OBJECT=$links/build${CLASSIC_OBJECT#"$builddir"}
  FOREIGN_CLIENT=$links/build${FOREIGN_CLIENT#"$builddir"}
  builddir=$links/build top_srcdir=$srcdir top_builddir=$builddir
  export CLASSIC_OBJECT FOREIGN_CLIENT top_srcdir top_builddir ;;
esac
TMPDIR=$scratch
export TMPDIR
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

# shellcheck source=tests/support/facts.sh
. "$srcdir/tests/support/facts.sh"

# Those of NEED_PROC are skipped where there is no /proc.
without_proc() {
  case " $NEED_PROC " in *"tests/$1 "*) test ! -r /proc/self/maps ;; *) false ;; esac
}
if without_proc "${0##*tests/}"; then
  echo '1..0 # SKIP there is no /proc'
  exit 0
fi

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

# ---- users whose C++ has neither casts nor null pointers of C ----

# The configured compiler, and in native builds gcc and clang.
strict_compilers() {
  echo configured
  case $HOST in "$(uname -m)"-*linux*)
    for strict_name in g++ clang++; do
      case " $CXX " in *" $strict_name "*) ;; *) command -v $strict_name ;; esac
    done ;;
  esac
}
strict_compiler() { # LINE OF THE ABOVE
  case $1 in configured) echo "$CXX" ;; *) echo "$1" ;; esac
}

# compile_strict LINE ARGUMENT...
compile_strict() {
  strict_cxx=$(strict_compiler "$1")
  shift
  strict_useless=-Wuseless-cast
  echo 'int x;' >known.cc
  $strict_cxx -Werror $strict_useless -c known.cc -o known.o 2>/dev/null || strict_useless=
  $strict_cxx -std=c++17 -Wall -Wextra -Wpedantic -Wold-style-cast -Wzero-as-null-pointer-constant \
    -Wconversion -Wsign-conversion $strict_useless -Werror $cppflags "$@"
}
