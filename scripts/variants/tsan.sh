#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tsan: gcc and clang, data races
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
  suite "thread sanitizer of $cc" TESTS='tests/classic/memory tests/classic/threads
    tests/classic/tls tests/kit/calls tests/kit/contract tests/kit/handle tests/kit/hpp
    tests/kit/init tests/kit/longjmp tests/kit/lookups tests/kit/runtime tests/kit/signals
    tests/kit/stack tests/kit/thread tests/kit/traceback tests/kit/two-runtimes
    tests/kit/unload tests/kit/unwind-stacks tests/kit/world tests/ports/crossing'
done
