#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# PORT: a row of scripts/zig-ports: executed where something can, else linked and looked at
#
# scripts/variants/zig.sh PORT[-short], with the compiler Zig. If programs are only linked, the
# library runs on an emulated CPU. Short: link only two of these programs, both in C. For C++,
# Zig would first compile its C++ library.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
name=${1%-short} short=${1#"${1%-short}"}
# shellcheck disable=SC2046
set -- $(row zig-ports "$name")
cpu=$2 target=$3 emulator=$4
shift 4
flags='' tests=''
for word in "$@"; do
  case $word in
  -*) flags="$flags $word" ;;
  *) tests="$tests tests/$word" ;;
  esac
done
needs python3-venv qemu-user

# declared_names: what libcgo.h declares on the target, but for Go's face and for what it
# defines inline.
declared_names() {
  echo '#include <libcgo.h>' >names.c
  "./$target-cc" -E -I"$top/include" -Iinclude names.c |
    grep -o '\(libcgo_[a-z_]*\|crosscall2\)(' | tr -d '(' |
    grep -v '^libcgo_go_\|^libcgo_context_forget$\|^libcgo_safepoint$' | sort -u >declared
  test -s declared
}

defines_its_names() {
  declared_names && readelf -sW .libs/libcgo.a | awk '$5 == "GLOBAL" && $7 ~ /^[0-9]/ { print $8 }' | sort -u |
    comm -13 - declared | tee differ && test ! -s differ
}

# The names of the version script that the port has: those of its headers.
exports_its_names() {
  declared_names && readelf -W --dyn-syms .libs/libcgo.so |
    awk '$7 ~ /^[0-9]/ && sub("@@LIBCGO.*", "", $8) { print $8 }' | sort -u |
    comm -3 - declared | tee differ && test ! -s differ
}

needs_the_system_only() {
  readelf -dW .libs/libcgo.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tee needed
  test -s needed && ! grep -v '^lib\(c\|pthread\|thr\)\.so' needed
}

links() { # TEST...
  for test in "$@"; do
    step "$name: tests/$test links" make -s V=0 "tests/$test" || true
  done
}

# Programs are not executed: that they link is what can be seen, and what the library
# says of itself. The library alone is, with a model of the system.
not_executed() {
  if test -n "$short"; then
    links ports/crossing kit/stack
  else
    links kit/bounds kit/contract kit/defined-slots kit/defined-slots-static kit/depth kit/init \
      kit/longjmp kit/no-slots kit/stack kit/stepping kit/unwind-stacks kit/unwinder \
      ports/crossing ports/unwind
  fi
  step "$name: the archive defines the names of the headers" defines_its_names || true
  executed='no: linked only, with the archive'
  if test -f .libs/libcgo.so; then
    executed='no: linked only'
    test -n "$short" || links kit/object-slots
    links kit/two-runtimes
    step "$name: the library exports the names of its headers, and no others" \
      exports_its_names || true
    step "$name: the library needs nothing but the C library and that of threads" \
      needs_the_system_only || true
  fi
  if python_with unicorn; then
    emulated "$name"
    ! grep -q '^PASS: ' results || executed='unicorn: the library alone'
  else
    skip "$name, emulated: no unicorn for Python"
  fi
}

enter "$name"
# shellcheck disable=SC2086
step "$name: the tools of $target" "$top/scripts/zig-cc.sh" . "$target" $flags || exit 0
set -- CC="$PWD/$target-cc" CXX="$PWD/$target-c++" AR="$PWD/$target-ar" RANLIB="$PWD/$target-ranlib"
# Libtool makes a shared library of OpenBSD on OpenBSD only.
case $target in *-musl* | *-openbsd*) set -- "$@" --disable-shared ;; esac
step "$name: configure" "$top/configure" --enable-werror --host="$target" --without-check "$@" || exit 0
step "$name: make" make V=0 -j "$jobs" || exit 0

case $target in
*-linux-musl*) platform="Linux with musl (static), $cpu" ;;
*-freebsd*) platform="FreeBSD, $cpu" ;;
*-netbsd*) platform="NetBSD, $cpu" ;;
*-openbsd*) platform="OpenBSD, $cpu" ;;
esac
built="zig $("./$target-cc" --version | sed -n 's/.*clang version \([0-9.]*\).*/(clang \1)/p;q')"
set --
test -z "$tests" || set -- TESTS="$tests"
case $emulator in
native)
  suite "$name" -j "$jobs" "$@"
  record "$platform" "$built" natively ;;
-)
  before="$passed $failed $skipped"
  not_executed
  # shellcheck disable=SC2086
  set -- $before
  p=$((passed - $1)) f=$((failed - $2)) s=$((skipped - $3))
  test -n "$short" || record "$platform" "$built" "$executed" ;;
*)
  # qemu has no memory now and then where its pages are larger than the kernel's: it depends on
  # where the kernel maps.
  run=$emulator
  ! setarch -R true 2>/dev/null || run="setarch -R $emulator"
  suite "$name under $emulator" -j "$jobs" "$@" TEST_EMU="./libtool --mode=execute $run"
  record "$platform" "$built" "$(qemu "$emulator")" ;;
esac
