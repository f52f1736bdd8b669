#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# native: make check, make install and make installcheck with gcc
#
# It also runs the tests that need only one run, with any compiler.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs gdb lldb python3-lldb-14 xz-utils libunwind-dev lld clang libclang-rt-14-dev liblua5.4-dev \
  shellcheck mandoc cmark-gfm python3 python3-cffi python3-dev swig luajit libxml2-utils \
  gcc-mingw-w64-x86-64-posix gcc-mingw-w64-i686-posix

each='gcc clang'
command -v clang >/dev/null 2>&1 || each=gcc
build native || exit 0
WHOLE=yes
# All the models: one minute.
MODELS=all
export MODELS
suite native -j "$jobs" EACH_CC="$each"
record "Linux, $(sed -n 's/^cpu = //p' Makefile)" "$(compiler gcc)" natively
installed native
treesum 'native'
step 'include graph: no circle' "$top/scripts/include-graph.sh" || true
