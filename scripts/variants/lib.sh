# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What the variants share. A variant is a script in this directory. The first line of its
# head comment says what it is. It names the packages that it needs (`needs`), builds and
# tests in build/check/NAME (`enter`, `build`), counts (`step`, `suite`, `count`), and ends
# with "N passed, M failed". scripts/check.sh runs several variants.
#
#   CHECK_PACKAGES=print   do not run; print the Debian packages that the variant needs
#   CHECK_JOBS             processes at a time in one variant; default: one for each CPU
#   WHOLE=yes              run the whole suite, also the tests that native runs for all

# Tools are read in one language.
LC_ALL=C
export LC_ALL
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/prepare.sh
. "$top/scripts/prepare.sh"
jobs=${CHECK_JOBS:-$(nproc 2>/dev/null || echo 1)}
passed=0 failed=0 skipped=0

# needs PACKAGE...: what a build needs, and these; then makes `configure`.
needs() {
  set -- g++ gcc make autoconf automake libtool pkg-config check ccache "$@"
  if test "${CHECK_PACKAGES:-}" = print; then
    trap - EXIT
    echo "$@"
    exit 0
  fi
  install_packages "$@"
  for command in g++ gcc make autoconf automake libtoolize; do
    command -v $command >/dev/null 2>&1 || {
      echo "without $command nothing can be built"
      exit 1
    }
  done
  # Variants compile the same files with the same flags: once. Commands look as they do
  # without the cache, which is found by PATH.
  test ! -d /usr/lib/ccache || PATH=/usr/lib/ccache:$PATH
  CCACHE_DIR=${CCACHE_DIR:-$top/build/ccache} CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1
  export PATH CCACHE_DIR CCACHE_BASEDIR CCACHE_NOHASHDIR
  test "${CHECK_CONFIGURE:-}" = made || make_configure
}

# What a variant that has started something ends; it may have its own.
at_end() { :; }

# The last lines of a variant, also of one that set -e has ended.
total() {
  status=$?
  at_end
  if test $status != 0; then
    failed=$((failed + 1))
    echo "ended before its end, with status $status"
  fi
  test "$skipped" = 0 || echo "$skipped skipped, each with its reason above"
  echo "$passed passed, $failed failed"
  test $failed = 0 || exit 1
}
trap total EXIT
trap 'exit 1' HUP INT TERM

# skip REASON: one test is skipped.
skip() {
  skipped=$((skipped + 1))
  echo "SKIP: $1"
}

enter() {
  rm -rf "$top/build/check/$1"
  mkdir -p "$top/build/check/$1"
  cd "$top/build/check/$1" || exit
}

# count WHAT LOG: adds the results of a log in the Test Anything Protocol, as
# automake prints them, and shows what failed or was skipped.
count() {
  p=$(grep -c '^PASS: ' "$2" || true)
  f=$(grep -c '^FAIL: \|^ERROR: ' "$2" || true)
  s=$(grep -c '^SKIP: ' "$2" || true)
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  grep '^FAIL: \|^ERROR: \|^SKIP: ' "$2" | sort | uniq || true
  echo "$1: $p passed, $f failed, $s skipped"
}

# count_tap WHAT LOG: the same of a log that a test has written itself. If there is no
# passed test in it, that is a failure.
count_tap() {
  sed -n 's/^not ok [0-9]* - /FAIL: /p; s/^ok [0-9]* - \(.*# SKIP.*\)/SKIP: \1/p
    /# SKIP/d; s/^ok [0-9]* - /PASS: /p' "$2" >results
  grep -q '^PASS: ' results || echo "ERROR: $1: no test ran" >>results
  # One that has stopped in the middle says no "not ok".
  ! grep -q '^make.*: \*\*\* ' "$2" || grep -q '^FAIL: ' results ||
    echo "ERROR: $1: it ended before its end" >>results
  ! grep -q '^FAIL: \|^ERROR: ' results || cat "$2"
  count "$1" results
}

# step WHAT COMMAND...: one test, that a command succeeds; its output is shown
# if it does not.
step() {
  what=$1
  shift
  if "$@" >step.log 2>&1; then
    passed=$((passed + 1))
    echo "$what: passed"
  else
    failed=$((failed + 1))
    tail -n 60 step.log
    echo "$what: FAILED"
    return 1
  fi
}

# build NAME CONFIGURE-ARGUMENTS...: configure and make, in build/check/NAME; false, if
# one fails.
build() {
  enter "$1"
  name=$1
  shift
  step "$name: configure" "$top/configure" --enable-werror "$@" &&
    step "$name: make" make V=0 -j "$jobs"
}

# programs: builds those of the tests. `suite` says what of them cannot be built.
programs() { make -k check V=0 -j "$jobs" TESTS= >programs.log 2>&1 || true; }

# progress: on a terminal, the name of each test program when its first claim is there.
progress() {
  awk -v terminal="$(test ! -t 1 || echo yes)" \
    'terminal && /^(PASS|FAIL|SKIP|ERROR): / && $2 != last { last = $2; print "  " last; fflush() }'
}

# suite WHAT MAKE-ARGUMENTS...: make check, without what the variant native runs for
# all. A failing test is counted, and does not end the run; its log is shown.
suite() {
  what=$1
  shift
  test "${WHOLE:-}" = yes || set -- tests_once= "$@"
  # What tests compile is compiled once: a cache only costs.
  make -k check V=0 TESTS_ENVIRONMENT=CCACHE_DISABLE=1 "$@" 2>&1 | tee check.log | progress
  grep -q '^PASS: ' check.log || {
    failed=$((failed + 1))
    tail -n 40 check.log
    echo "$what: no test ran"
    p=
    return 0
  }
  for log in tests/*/*.log; do
    ! grep -q '^not ok' "$log" || { echo "--- $log" && cat "$log"; }
  done
  count "$what" check.log
}

# Of these tests, those that look at the compiler, for `suite`.
# shellcheck disable=SC2034 # for the variants
of_the_compiler='tests_once=tests/object/headers.sh tests/object/prefix.sh'
# shellcheck disable=SC2034
test "${WHOLE:-}" != yes || of_the_compiler=V=0

# installed WHAT: make install and make installcheck.
installed() {
  step "$1: make install" make install V=0 DESTDIR="$PWD/root" || return 0
  make installcheck V=0 DESTDIR="$PWD/root" >installcheck.log 2>&1 || true
  count_tap "$1: installcheck" installcheck.log
}

# treesum WHAT VARIABLE=VALUE...: examples/treesum, built against what `make
# install` has put below `root`, agrees with other programs.
treesum() {
  what=$1
  shift
  step "$what: treesum agrees with cksum" env PKG_CONFIG_LIBDIR="$PWD/root/usr/local/lib/pkgconfig" \
    PKG_CONFIG_SYSROOT_DIR="$PWD/root" LDFLAGS="-Wl,-rpath,$PWD/root/usr/local/lib" \
    "$@" "$top/scripts/treesum.sh" "$top/include" "$top/src" "$top/tests" || true
}

# emulated WHAT MAKE-ARGUMENT...: the library on an emulated CPU, by $python.
emulated() {
  what=$1
  shift
  timeout -k 1 600 make -s V=0 check-emulated PYTHON3="$python" "$@" >emulated.log 2>&1 || true
  count_tap "$what, emulated" emulated.log
}

# record PLATFORM BUILT EXECUTED: the results that `count` has counted last are a
# row of docs/platforms.md. EXECUTED: by what, or "no: ..." with the reason.
record() {
  test -n "${p:-}" || return 0
  mkdir -p "$top/build/check/platforms"
  printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$2" "$3" "$p" "$f" "$s" \
    "$(date -u +%Y-%m-%d)" >"$top/build/check/platforms/$(echo "$1 $3" | tr -cs 'A-Za-z0-9\n' -)"
}

# compiler CC: its name and version, and that of its C library if it is glibc.
compiler() {
  echo "$1 $($1 --version | sed 's/^[^ ]* \((.*) \)*//; s/ .*//; q')$(
    echo '#include <features.h>' | $1 -E -dM - 2>/dev/null |
      awk '$2 == "__GLIBC__" { a = $3 } $2 == "__GLIBC_MINOR__" { b = $3 } END { if (a) print ", glibc " a "." b }')"
}

# qemu EMULATOR: its name and version.
qemu() { $1 --version | sed 's/version //; s/ (.*//; q'; }

# row FILE NAME: the words of a port's row.
row() { awk -v name="$2" '$1 == name { $1 = $1; print }' "$top/scripts/$1"; }

# speak LOCALE: from here on; it is made in this directory. For variants that need `locales`.
speak() {
  localedef -i "$1" -f UTF-8 "$PWD/$1.UTF-8" 2>/dev/null || test -d "$1.UTF-8"
  unset LC_ALL
  LOCPATH=$PWD LANG=$1.UTF-8 LC_CTYPE=$1.UTF-8
  export LOCPATH LANG LC_CTYPE
  # shellcheck disable=SC2016 # the inner shell's
  step "$1 is spoken here" sh -c 'test "$(locale yesexpr)" != "$(LC_ALL=C locale yesexpr)"' || true
}
