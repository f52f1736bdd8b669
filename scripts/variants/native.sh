#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# gcc: make check, make install, make installcheck; and what is checked once, by any
# compiler.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs gdb xz-utils libunwind-dev lld clang libclang-rt-14-dev liblua5.4-dev \
  shellcheck mandoc cmark-gfm python3 libxml2-utils \
  gcc-mingw-w64-x86-64-posix gcc-mingw-w64-i686-posix

each='gcc clang'
command -v clang >/dev/null 2>&1 || each=gcc
build native || exit 0
WHOLE=yes
suite native -j "$jobs" EACH_CC="$each"
record "Linux, $(sed -n 's/^cpu = //p' Makefile)" "$(compiler gcc)" natively
installed native
treesum 'native: treesum agrees with cksum'
step 'include graph: no circle' "$top/scripts/include-graph.sh" || true
command -v shellcheck >/dev/null 2>&1 || {
  skip 'shellcheck is not here'
  exit 0
}
# With what they source, whose places they name from the top.
step 'shellcheck' shellcheck -x -P "$top:$top/scripts:$top/tests" "$top"/scripts/*.sh \
  "$top"/scripts/variants/*.sh "$top/tests/go/libcgo-go.sh" "$top/tests/go/run.sh" \
  "$top/tests/go/modules.sh" \
  "$top/bench/go/run.sh" || true
# A release has no debian/.
test ! -d "$top/debian/tests" ||
  step 'shellcheck, debian' shellcheck "$top"/debian/tests/client "$top"/debian/tests/cpp \
    "$top"/debian/tests/demo "$top"/debian/tests/go "$top"/debian/tests/kit || true
