#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/support/faults.sh DIRECTORY
#
# FAULTS, a regular expression, chooses among the lines "TEST NAME" of *.faults, and
# PARTS among native, the names of ports, those of the BSDs among them, darwin-CPU and
# windows.
#
# Puts each defect of the original back into a copy of the sources, one at a
# time, and sees the test that is named after it fail. A test that passes with
# the defect in place proves nothing. That it passes without is what the suite
# shows. Needs a tree with a configure script; the part of another CPU needs its
# cross compiler and emulator.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mkdir -p "$1" && cd "$1" && pwd)
n=0
bad=0

report() { # RESULT NAME
  n=$((n + 1))
  echo "$1 $n - $2"
  test "$1" = ok || bad=$((bad + 1))
}

# copy NAME: of the sources, and a directory to build them in.
copy() {
  rm -rf "${work:?}/$1"
  mkdir -p "$work/$1/source" "$work/$1/build"
  (cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) |
    (cd "$work/$1/source" && tar -xf -)
  source=$work/$1/source
  cd "$work/$1/build"
}

# darwin_tree CPU: the same as tree, for Darwin.
darwin_tree() {
  copy "darwin-$1"
  darwin_configure "$source" "$1" >configure.log 2>&1 || {
    tail -n 20 configure.log
    exit 1
  }
}

# bsd_tree NAME TARGET FLAG...: the same for a BSD, with the compiler Zig.
bsd_tree() {
  name=$1 target=$2
  shift 2
  copy "$name"
  set -- "$top/scripts/zig-cc.sh" tools "$target" "$@"
  "$@" >zig.log 2>&1 || {
    echo "# the part of $name needs Zig (see scripts/zig-cc.sh)"
    return 1
  }
  set -- CXX="$PWD/tools/$target-c++"
  # As in scripts/variants/zig.sh.
  case $target in
  *-openbsd*) set -- --disable-shared CXX="$PWD/tools/$target-cc" ;;
  esac
  "$source/configure" --without-check --host="$target" CC="$PWD/tools/$target-cc" \
    AR="$PWD/tools/$target-ar" RANLIB="$PWD/tools/$target-ranlib" "$@" >configure.log 2>&1 || {
    tail -n 20 configure.log
    exit 1
  }
}

# bsd_emulated: make check-emulated, in the current directory.
bsd_emulated() { # MAKE-ARGUMENTS...
  make -s V=0 check-emulated PYTHON3="$python" "$@"
}

# tree NAME CONFIGURE-ARGUMENTS...: a copy of the sources, configured and built.
tree() {
  copy "$1"
  shift
  "$source/configure" CFLAGS=-O1 CXXFLAGS=-O1 "$@" >configure.log 2>&1 || {
    tail -n 20 configure.log
    exit 1
  }
  make V=0 -j2 >make.log 2>&1 || {
    tail -n 20 make.log
    exit 1
  }
  # The programs, once; a fault then builds again what it touches.
  make V=0 -j2 check TESTS= >make-tests.log 2>&1
}

# cross NAME TRIPLET EMULATOR: the same for another CPU, if its tools are here.
cross() {
  if ! command -v "$2-g++" >/dev/null 2>&1 || ! command -v "$3" >/dev/null 2>&1; then
    echo "# the part of $1 needs $2-g++ and $3"
    return 1
  fi
  tree "$1" --host="$2" --without-check
  emu="./libtool --mode=execute $3 -L /usr/$2 -E LD_LIBRARY_PATH=$PWD/.libs:$PWD/tests/.libs:/usr/$2/lib"
}

# zig NAME TARGET EMULATOR FLAG...: the same with the compiler Zig and its static C
# library.
zig() {
  name=$1 target=$2 emulator=$3
  shift 3
  if ! command -v "$emulator" >/dev/null 2>&1 ||
    ! "$top/scripts/zig-cc.sh" "$work/zig" "$target" "$@" >zig.log 2>&1; then
    echo "# the part of $name needs Zig (see scripts/zig-cc.sh) and $emulator"
    return 1
  fi
  tree "$name" --host="$target" --without-check --disable-shared \
    CC="$work/zig/$target-cc" CXX="$work/zig/$target-c++" \
    AR="$work/zig/$target-ar" RANLIB="$work/zig/$target-ranlib"
  emu="./libtool --mode=execute $emulator"
}

# runs TEST NAME: whether the test program or script TEST reports NAME as ok.
runs() {
  rm -f "$1.log" "$1.trs"
  if test "$1" = check-emulated; then
    "$emulated" EMULATED_CASE="$2" >"$1.log" 2>run.log || true
  elif test -f "$source/$1.sh"; then
    make V=0 -j2 check TESTS="$1.sh" TEST_EMU="$emu" >run.log 2>&1 || true
  else
    # Of the programs, that one is linked again.
    CK_RUN_CASE=$2 make V=0 -j2 check TESTS="$1" check_PROGRAMS="$1\$(EXEEXT)" TEST_EMU="$emu" \
      >run.log 2>&1 || true
  fi
  test -f "$1.log" && grep -q "^ok [0-9]* - $2\$" "$1.log"
}

fails() {
  grep -q "^not ok [0-9]* - $2\$" "$1.log"
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
  elif test -f "$test.log" && fails "$test" "$name"; then
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
  if make V=0 "$1" >run.log 2>&1; then
    report 'not ok' "$2 cannot be built with $3 $4"
  else
    report ok "$2 cannot be built with $3 $4"
  fi
  cp saved-file "$source/$3"
}

LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_FACTS=no
export LIBCGO_TEST_THREADS LIBCGO_TEST_FACTS

# part NAME: whether it is chosen.
part() { echo "$1" | grep -qE "^(${PARTS:-.*})\$"; }

if part native; then
  emu=
  tree amd64
  # shellcheck source=tests/support/native.faults
  . "$top/tests/support/native.faults"
fi

# The other CPUs, each by what it says itself.
grep -v '^#' "$top/scripts/ports" >"$work/ports"
while read -r name cpu triplet emulator _ <&3; do
  if part "$name" && cross "$name" "$triplet" "$emulator"; then
    # shellcheck disable=SC1090
    . "$top/tests/ports/arch/$cpu.faults"
  fi
done 3<"$work/ports"
# The CPUs that have no compiler there.
grep -v '^#' "$top/scripts/zig-ports" >"$work/zig-ports"
while read -r name cpu target emulator flags <&3; do
  test "$cpu" != amd64 || continue
  ! awk '{ print $2 }' "$work/ports" | grep -qx "$cpu" || continue
  # shellcheck disable=SC2086
  if part "$name" && zig "$name" "$target" "$emulator" $flags; then
    # shellcheck disable=SC1090
    . "$top/tests/ports/arch/$cpu.faults"
  fi
done 3<"$work/zig-ports"

# Darwin, executed on an emulated CPU.
# shellcheck source=scripts/darwin.sh
. "$top/scripts/darwin.sh"
darwin_cpus=
for cpu in amd64 arm64 386; do
  if part "darwin-$cpu"; then darwin_cpus="$darwin_cpus $cpu"; fi
done
if test -z "$darwin_cpus"; then
  :
elif darwin_tools; then
  emulated=darwin_emulated
  for cpu in $darwin_cpus; do
    darwin_tree "$cpu"
    # shellcheck source=tests/ports/emulated/darwin.faults
    . "$top/tests/ports/emulated/darwin.faults"
  done
else
  echo '# the part of Darwin needs the Python packages ziglang, unicorn and lief'
fi

# The BSDs, executed on an emulated CPU.
# shellcheck source=scripts/emulator.sh
. "$top/scripts/emulator.sh"
emulated=bsd_emulated
while read -r name cpu target emulator flags <&3; do
  if test "$emulator" != - || ! part "$name"; then continue; fi
  if ! emulator_python; then
    echo "# the part of $name needs the Python package unicorn"
    continue
  fi
  os=${target#*-}
  # shellcheck disable=SC2086
  if bsd_tree "$name" "$target" $flags; then
    # shellcheck source=tests/ports/emulated/bsd.faults
    . "$top/tests/ports/emulated/bsd.faults"
  fi
done 3<"$work/zig-ports"

# Windows.
if ! part windows; then
  :
elif command -v x86_64-w64-mingw32-g++ >/dev/null 2>&1 && command -v wine >/dev/null 2>&1; then
  tree windows --host=x86_64-w64-mingw32 --without-check
  emu=$top/tests/ports/windows/run.sh
  unset DISPLAY
  WINEPREFIX=$PWD/wine WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
  export WINEPREFIX WINEARCH WINEDEBUG WINEDLLOVERRIDES
  timeout -k 1 300 wineboot -i >wineboot.log 2>&1
  # shellcheck source=tests/ports/arch/amd64-ms.faults
  . "$top/tests/ports/arch/amd64-ms.faults"
  wineserver -k || true
else
  echo '# the part of Windows needs x86_64-w64-mingw32-g++ and wine'
fi

echo "1..$n"
test $bad = 0
