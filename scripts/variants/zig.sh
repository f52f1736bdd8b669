#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/variants/zig.sh NAME[-short]
#
# A port of scripts/zig-ports, with the compiler Zig: executed where something can, else
# linked and looked at, and the library executed on an emulated CPU. Short: of the programs
# that are only linked, two in C; for C++ Zig first compiles its library.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
short=no
test "$1" = "${1%-short}" || short=yes
# shellcheck disable=SC2046
set -- $(row zig-ports "${1%-short}")
name=$1 cpu=$2 target=$3 emulator=$4
shift 4
flags='' tests=''
for word in "$@"; do
  case $word in
  -*) flags="$flags $word" ;;
  *) tests="$tests tests/$word" ;;
  esac
done
set --
test -z "$tests" || set -- TESTS="$tests"
needs python3-venv qemu-user

# platform TARGET: its name in docs/platforms.md.
platform() {
  case $1 in
  *-linux-musl*) echo "Linux with musl (static), $cpu" ;;
  *-freebsd*) echo "FreeBSD, $cpu" ;;
  *-netbsd*) echo "NetBSD, $cpu" ;;
  *-openbsd*) echo "OpenBSD, $cpu" ;;
  *) echo "$name, $cpu" ;;
  esac
}

# declared_names: what libcgo.h declares on the target.
declared_names() {
  echo '#include <libcgo.h>' >names.c
  "./$target-cc" -E -I"$top/include" -Iinclude names.c |
    grep -o '\(libcgo_[a-z_]*\|crosscall2\)(' | tr -d '(' | sort -u
}

defines_its_names() {
  declared_names >declared
  readelf -sW .libs/libcgo.a | awk '$5 == "GLOBAL" && $7 ~ /^[0-9]/ { print $8 }' | sort -u >defined
  grep -v '^libcgo_go_' declared | comm -23 - defined | tee differ
  test -s declared && test ! -s differ
}

# The names of the version script that the port has: those of its headers.
exports_its_names() {
  declared_names >declared
  readelf -W --dyn-syms .libs/libcgo.so | awk '$7 ~ /^[0-9]/ && $8 ~ /@@LIBCGO/ {
    sub("@@.*", "", $8); print $8 }' | sort -u >exported
  grep -v '^libcgo_go_' declared | comm -3 - exported | tee differ
  test -s exported && test ! -s differ
}

needs_the_system_only() {
  readelf -dW .libs/libcgo.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tee needed
  test -s needed && test -z "$(grep -v '^lib\(c\|pthread\|thr\)\.so' needed)"
}

# Programs are not executed: that they link is what can be seen, and what the library
# says of itself. The library alone is, with a model of the system.
not_executed() {
  tests='kit/bounds kit/contract kit/defined-slots kit/defined-slots-static kit/depth kit/init
    kit/longjmp kit/no-slots kit/stack kit/stepping kit/unwind-stacks kit/unwinder ports/crossing
    ports/unwind'
  test $short = no || tests='ports/crossing kit/stack'
  for test in $tests; do
    step "$name: tests/$test links" make -s V=0 "tests/$test" || true
  done
  step "$name: the archive defines the names of the headers" defines_its_names || true
  executed='no: linked only, with the archive'
  if test -f .libs/libcgo.so; then
    executed='no: linked only'
    tests='kit/object-slots kit/two-runtimes'
    test $short = no || tests=kit/two-runtimes
    for test in $tests; do
      step "$name: tests/$test links" make -s V=0 "tests/$test" || true
    done
    step "$name: the library exports the names of its headers, and no others" \
      exports_its_names || true
    step "$name: the library needs nothing but the C library and that of threads" \
      needs_the_system_only || true
  fi
  if emulator; then
    timeout -k 1 600 make -s V=0 check-emulated PYTHON3="$python" >emulated.log 2>&1 || true
    count_tap "$name, emulated" emulated.log
    grep -q '^PASS: ' results && executed='unicorn: the library alone'
  else
    skip "$name, emulated: no unicorn for Python"
  fi
}

enter "$name"
# shellcheck disable=SC2086
step "$name: the tools of $target" alone zig "$top/scripts/zig-cc.sh" . "$target" $flags || exit 0
tools="CC=$PWD/$target-cc CXX=$PWD/$target-c++ AR=$PWD/$target-ar RANLIB=$PWD/$target-ranlib"
case $target in
# Libtool makes a shared library of OpenBSD on OpenBSD only.
*-musl* | *-openbsd*) tools="$tools --disable-shared" ;;
esac
# shellcheck disable=SC2086
step "$name: configure" "$top/configure" --enable-werror --host="$target" \
  --without-check $tools || exit 0
step "$name: make" make V=0 -j "$jobs" || exit 0
built="zig $("./$target-cc" --version | sed -n 's/.*clang version \([0-9.]*\).*/(clang \1)/p;q')"
case $emulator in
native)
  suite "$name" -j "$jobs" "$@"
  record "$(platform "$target")" "$built" natively ;;
-)
  p=$passed f=$failed s=$skipped
  not_executed
  p=$((passed - p)) f=$((failed - f)) s=$((skipped - s))
  test $short = yes || record "$(platform "$target")" "$built" "$executed" ;;
*)
  suite "$name under $emulator" -j "$jobs" "$@" \
    TEST_EMU="./libtool --mode=execute $emulator"
  record "$(platform "$target")" "$built" "$(qemu "$emulator")" ;;
esac
