#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# clang: make check, make install and make installcheck with clang
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs clang libclang-rt-14-dev gdb

# Whether threads and callbacks leave anything behind is not up to the compiler.
LIBCGO_TEST_THREADS=5000 LIBCGO_TEST_CALLBACKS=200000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS
build clang CC=clang CXX=clang++ || exit 0
suite clang -j "$jobs" "$of_the_compiler"
installed clang
