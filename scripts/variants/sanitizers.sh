#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# sanitizers: gcc, address and undefined behaviour
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs liblua5.4-dev

flags='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined'
build sanitizers CFLAGS="$flags" CXXFLAGS="$flags" || exit 0
LIBCGO_TEST_THREADS=20000
export LIBCGO_TEST_THREADS
suite 'address and undefined behaviour sanitizers' -j "$jobs"
step 'sanitizers: make install' make install V=0 DESTDIR="$PWD/root" || exit 0
treesum 'sanitizers' CFLAGS="$flags"
