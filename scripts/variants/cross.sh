#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# PORT: a row of scripts/ports, a cross build, under its emulator, and natively if the kernel can
#
# scripts/variants/cross.sh PORT[-short]. Short: under the emulator, run only the tests that
# the seeds of CPUs (tests/ports/arch/*.faults) turn red, and other tests of crossings. If the
# kernel runs the port, the whole suite runs natively all the same. The tests use the
# stand-in for Check, because an amd64 machine has no Check library for another CPU.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
name=$1
# shellcheck disable=SC2046
set -- $(row ports "${1%-short}")
port=$1 triplet=$3 emulator=$4
shift 4
needs "g++-$triplet" qemu-user "$@"

build "$name" --host="$triplet" --without-check || exit 0
set -- "$of_the_compiler"
if test "$name" != "$port"; then
  # One line: make runs each line of a recipe by itself.
  short="tests/kit/bounds tests/kit/calls tests/kit/context tests/kit/context-unwind tests/ports/crossing \
tests/kit/defined-slots tests/go/crossing tests/go/face tests/kit/handle tests/kit/hooks tests/kit/hot-paths tests/kit/init \
tests/kit/longjmp tests/kit/mailbox tests/kit/runtime tests/kit/stack tests/kit/stepping tests/kit/thread \
tests/kit/traceback tests/ports/unwind tests/kit/unwind-stacks tests/kit/unwinder tests/kit/world \
tests/kit/world-unwind"
  set -- check_PROGRAMS="$short" check_LTLIBRARIES= TESTS="$short tests/object/elf.sh"
fi
# LD_LIBRARY_PATH: the emulator would find libraries of the host for 386 first.
run="$emulator -L /usr/$triplet"
libraries=$PWD/.libs:$PWD/tests/kit/.libs:$PWD/tests/classic/.libs:/usr/$triplet/lib
suite "$name under $emulator" -j "$jobs" "$@" \
  TEST_EMU="./libtool --mode=execute $run -E LD_LIBRARY_PATH=$libraries"
step "$name: make install" make install V=0 DESTDIR="$PWD/root" || exit 0
if test "$name" = "$port"; then
  record "Linux, $port" "$(compiler "$triplet-gcc")" "$(qemu "$emulator")"
  # Not under qemu for MIPS: there such a timer never ticks.
  "$triplet-gcc" "$top/scripts/ticks.c" -o ticks -pthread -lrt
  # shellcheck disable=SC2086
  if timeout -k 1 60 $run ./ticks; then
    treesum "$name under $emulator" CC="$triplet-gcc" RUN="$run -E LD_LIBRARY_PATH=/usr/$triplet/lib"
  else
    skip "$name: treesum # SKIP timers with threads do not tick under $emulator"
  fi
fi
echo 'int main(void) { return 0; }' >probe.c
"$triplet-gcc" probe.c -o probe
if ./probe 2>/dev/null; then
  find tests -name '*.log' -delete
  suite "$name on this kernel" -j "$jobs" "$of_the_compiler"
  record "Linux, $port" "$(compiler "$triplet-gcc")" natively
  treesum "$name on this kernel" CC="$triplet-gcc"
else
  echo "$name: this kernel does not run its programs: $emulator only"
fi
