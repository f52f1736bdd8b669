#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/support/faults.sh DIRECTORY
#
# Puts each defect of *.faults into a copy of the sources in DIRECTORY, one at a time, and
# sees the test fail that is named after it. A test that passes with the defect in place
# proves nothing. That it passes without is what the suite shows. Needs a tree with a
# configure script; the part of another CPU needs its cross compiler and emulator.
#
#   FAULTS   a regular expression, for lines "TEST NAME" of *.faults
#   PARTS    one of native, the names of ports, those of the BSDs among them, darwin-CPU,
#            windows and windows-386
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/prepare.sh
. "$top/scripts/prepare.sh"
# shellcheck source=scripts/darwin.sh
. "$top/scripts/darwin.sh"
work=$(mkdir -p "$1" && cd "$1" && pwd)
n=0 bad=0

report() { # RESULT NAME
  n=$((n + 1))
  echo "$1 $n - $2"
  test "$1" = ok || bad=$((bad + 1))
}

# part NAME: whether it is chosen.
part() { echo "$1" | grep -qE "^(${PARTS:-.*})\$"; }

# lacks NAME WHAT COMMAND...: whether one of these is not here, what is then said.
lacks() {
  what="the part of $1 needs $2"
  shift 2
  for command in "$@"; do
    command -v "$command" >/dev/null 2>&1 || {
      echo "# $what"
      return 0
    }
  done
  return 1
}

# or_end LOG COMMAND...
or_end() {
  log=$1
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 20 "$log"
    exit 1
  }
}

# copy NAME: of the sources, and a directory to build them in, the current one.
copy() {
  rm -rf "${work:?}/$1"
  mkdir -p "$work/$1/build"
  source=$work/$1/source
  copy_tree "$source"
  cd "$work/$1/build"
}

# programs: builds the library and the tests, once; a fault then builds again what it touches.
# For chosen faults, a test is built with its first.
programs() {
  or_end make.log make V=0 -j2
  test -n "${FAULTS:-}" || or_end make-tests.log make V=0 -j2 check TESTS=
}

# zig_tools NAME TARGET FLAG...: sets $tools; false, if Zig is not to be had.
zig_tools() {
  name=$1 target=$2
  shift 2
  "$top/scripts/zig-cc.sh" "$work/zig" "$target" "$@" >"$work/zig.log" 2>&1 || {
    echo "# the part of $name needs Zig (see scripts/zig-cc.sh)"
    return 1
  }
  tools=$work/zig/$target
  tools="--host=$target CC=$tools-cc CXX=$tools-c++ AR=$tools-ar RANLIB=$tools-ranlib"
  # As in scripts/variants/zig.sh; but no library of C++ for OpenBSD.
  case $target in
  *-musl*) tools="$tools --disable-shared" ;;
  *-openbsd*) tools="$tools --disable-shared CXX=$work/zig/$target-cc" ;;
  esac
}

# make_fault TARGET...: what a fault has touched.
make_fault() { make V=0 -j2 check TEST_EMU="$emu" "$@" >run.log 2>&1 || true; }

# runs TEST NAME: whether the test program or script TEST reports NAME as ok.
runs() {
  rm -f "$1.log" "$1.trs"
  if test "$1" = check-emulated; then
    make -s V=0 check-emulated PYTHON3="$python" ZIG="$darwin/zig" EMULATED_CASE="$2" >"$1.log" 2>run.log || true
  elif test -f "$source/$1.sh"; then
    case $1 in
    # These use the library only.
    tests/failures/* | tests/fuzz/* | tests/soak/*) make_fault TESTS="$1.sh" check_PROGRAMS= check_LTLIBRARIES= ;;
    *) make_fault TESTS="$1.sh" ;;
    esac
  else
    # Of the programs, that one is linked again.
    CK_RUN_CASE=$2 make_fault TESTS="$1" check_PROGRAMS="$1\$(EXEEXT)"
  fi
  test -f "$1.log" && grep -q "^ok [0-9]* - $2\$" "$1.log"
}

# fault TEST NAME FILE SED-EXPRESSION [FILE SED-EXPRESSION]
fault() {
  test=$1 name=$2
  echo "$test $name" | grep -qE "${FAULTS:-.}" || return 0
  shift 2
  label="$name fails with $*"
  rm -rf saved
  mkdir saved
  while test $# -gt 0; do
    mkdir -p "saved/$(dirname "$1")"
    cp -p "$source/$1" "saved/$1"
    sed "$2" "saved/$1" >"$source/$1"
    if cmp -s "saved/$1" "$source/$1"; then
      report 'not ok' "$label (the expression changes nothing)"
      return
    fi
    shift 2
  done
  if runs "$test" "$name"; then
    report 'not ok' "$label"
  elif grep -qs "^not ok [0-9]* - $name\$" "$test.log"; then
    report ok "$label"
  else
    report 'not ok' "$label (it did not run)"
    sed 's/^/# /' run.log | tail -n 20
  fi
  (cd saved && find . -type f) | while read -r f; do
    cp "saved/$f" "$source/$f" # a new time stamp: make builds it again
  done
}

# unbuildable TARGET NAME FILE SED-EXPRESSION
unbuildable() {
  cp -p "$source/$3" saved-file
  sed "$4" saved-file >"$source/$3"
  rm -f "$1"
  if make V=0 "$1" >run.log 2>&1; then result='not ok'; else result=ok; fi
  report "$result" "$2 cannot be built with $3 $4"
  cp saved-file "$source/$3"
}

# seeds FILE: those of $os and $cpu.
seeds() {
  # shellcheck disable=SC1090
  . "$top/tests/$1.faults"
}

LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_FACTS=no
export LIBCGO_TEST_THREADS LIBCGO_TEST_FACTS
# configure_for ARGUMENT...
configure_for() { or_end configure.log "$source/configure" CFLAGS=-O1 CXXFLAGS=-O1 "$@"; }
emu=

if part native; then
  copy native
  configure_for
  programs
  seeds support/native
  seeds failures/failures
fi

# The other CPUs, each by what it says itself.
grep -v '^#' "$top/scripts/ports" >"$work/ports"
while read -r name cpu triplet emulator _ <&3; do
  if ! part "$name" || lacks "$name" "$triplet-g++ and $emulator" "$triplet-g++" "$emulator"; then continue; fi
  copy "$name"
  configure_for --host="$triplet" --without-check
  libraries=$PWD/.libs:$PWD/tests/kit/.libs:$PWD/tests/classic/.libs:/usr/$triplet/lib
  emu="./libtool --mode=execute $emulator -L /usr/$triplet -E LD_LIBRARY_PATH=$libraries"
  programs
  seeds "ports/arch/$cpu"
done 3<"$work/ports"

# By Zig the CPUs that have no compiler there, and the BSDs, on an emulated CPU.
grep -v '^#' "$top/scripts/zig-ports" >"$work/zig-ports"
while read -r name cpu target emulator flags <&3; do
  if ! part "$name" || test "$emulator" = native; then continue; fi
  # shellcheck disable=SC2086
  if test "$emulator" = -; then
    if ! python_with unicorn; then
      echo "# the part of $name needs the Python package unicorn"
    elif zig_tools "$name" "$target" $flags; then
      copy "$name"
      or_end configure.log "$source/configure" --without-check $tools
      # shellcheck disable=SC2034 # the seeds'
      os=${target#*-}
      seeds ports/emulated/bsd
    fi
  elif ! awk '{ print $2 }' "$work/ports" | grep -qx "$cpu" && ! lacks "$name" "$emulator" "$emulator" &&
    zig_tools "$name" "$target" $flags; then
    copy "$name"
    configure_for --without-check $tools
    emu="./libtool --mode=execute $emulator"
    programs
    seeds "ports/arch/$cpu"
  fi
done 3<"$work/zig-ports"

# Darwin, executed on an emulated CPU.
for cpu in amd64 arm64 386; do
  part "darwin-$cpu" || continue
  darwin_tools || {
    echo '# the part of Darwin needs the Python packages ziglang, unicorn and lief'
    break
  }
  copy "darwin-$cpu"
  or_end configure.log darwin_configure "$source" "$cpu"
  seeds ports/emulated/darwin
done

if part windows && ! lacks Windows 'x86_64-w64-mingw32-g++ and wine' x86_64-w64-mingw32-g++ wine; then
  copy windows
  configure_for --host=x86_64-w64-mingw32 --without-check
  programs
  emu=$top/tests/ports/windows/run.sh
  unset DISPLAY
  WINEPREFIX=$PWD/wine WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
  export WINEPREFIX WINEARCH WINEDEBUG WINEDLLOVERRIDES
  timeout -k 1 300 wineboot -i >wineboot.log 2>&1
  seeds ports/arch/amd64-ms
  wineserver -k || true
fi

if part windows-386 && ! lacks 'Windows for 386' i686-w64-mingw32-g++ i686-w64-mingw32-g++; then
  if python_with unicorn; then
    copy windows-386
    or_end configure.log "$source/configure" --host=i686-w64-mingw32 --without-check
    seeds ports/emulated/windows
  else
    echo '# the part of Windows for 386 needs the Python package unicorn'
  fi
fi

echo "1..$n"
test $bad = 0
