#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs tests/ports/emulated/bsd.py on the library that was built for FreeBSD, NetBSD or
# OpenBSD: see tests/ports/emulated/local.mk. For the last libtool makes an archive only:
# the compiler links one of the same objects.
set -eu

work=${top_builddir:?}/tests/ports/emulated/work
rm -rf "$work"
mkdir -p "$work"
cd "$work"

library=$top_builddir/.libs/libcgo.so
if test ! -f "$library"; then
  library=$work/libcgo.so
  # shellcheck disable=SC2086
  $CC $CFLAGS -shared -nostartfiles -Wl,--version-script="${top_srcdir:?}/src/libcgo.map" \
    -Wl,--undefined-version -Wl,--no-gc-sections -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now \
    -Wl,--whole-archive "$top_builddir/.libs/libcgo.a" -Wl,--no-whole-archive -o "$library"
fi
# shellcheck disable=SC2086
$CC $CFLAGS -std=gnu11 -Wall -Wextra -Werror -fPIE -I"${top_srcdir:?}/include" \
  -I"$top_builddir/include" -c "$top_srcdir/tests/ports/emulated/client.c" -o client.o
# shellcheck disable=SC2086
$CC $CFLAGS -pie client.o "$library" -o client -lpthread
exec "$PYTHON3" "$top_srcdir/tests/ports/emulated/bsd.py" "$CPU" "$OS" "$library" "$work/client" \
  "$top_srcdir/src/libcgo.map" ${EMULATED_CASE:+"$EMULATED_CASE"}
