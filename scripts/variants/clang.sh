#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# clang: make check, make install, make installcheck.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs clang libclang-rt-14-dev gdb

build clang CC=clang CXX=clang++ || exit 0
suite clang -j "$jobs" "$of_the_compiler"
installed clang
