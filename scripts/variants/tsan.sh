#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# gcc and clang, data races.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs clang libclang-rt-14-dev

LIBCGO_TEST_THREADS=5000 LIBCGO_TEST_CALLBACKS=200000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS
flags='-g -O1 -fsanitize=thread'
for cc in gcc clang; do
  cxx=$(echo $cc | sed 's/gcc/g++/; s/clang/clang++/')
  build tsan-$cc CC=$cc CXX="$cxx" CFLAGS="$flags" CXXFLAGS="$flags" || continue
  programs
  suite "thread sanitizer of $cc" TESTS='tests/threads tests/calls tests/contract
    tests/crossing tests/handle tests/hpp tests/init tests/longjmp tests/lookups
    tests/memory tests/runtime tests/signals tests/stack tests/thread tests/tls
    tests/traceback tests/two-runtimes tests/unload tests/unwind-stacks'
done
