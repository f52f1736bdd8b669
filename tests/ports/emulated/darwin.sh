#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs tests/ports/emulated/darwin.py on the library that was built for Darwin: see
# tests/ports/emulated/local.mk.
#
# amd64, arm64: Zig links the archive's objects to an image, and a program with it;
# its linker makes unwind entries of what the assembly says. What libtool's linker
# has made is looked at for its exports. 386: nothing links; the objects are run.
set -eu

work=${top_builddir:?}/tests/ports/emulated/work
rm -rf "$work"
mkdir -p "$work"
cd "$work"

client() {
  # shellcheck disable=SC2086
  $CC $CFLAGS -std=gnu11 -Wall -Wextra -Werror -I"${top_srcdir:?}/include" \
    -I"$top_builddir/include" -c "$top_srcdir/tests/ports/emulated/client.c" -o client.o
}

emulate() { # LIBRARY CLIENT [CASE]
  "$PYTHON3" "$top_srcdir/tests/ports/emulated/darwin.py" "$CPU" "$1" "$2" \
    "$top_srcdir/src/libcgo.map" ${3:+"$3"} 2>errors || status=1
  # lief's remark on the dot in a name.
  grep -v '^Export trie contains\|^Can.t read value at offset' errors >&2 || true
}

status=0
client
case $CPU in
386)
  emulate "$top_builddir/.libs/libcgo.a" client.o "${EMULATED_CASE:-}" ;;
*)
  target=$(echo "$CPU" | sed 's/amd64/x86_64/; s/arm64/aarch64/')-macos
  mkdir objects
  (cd objects && "$AR" x "$top_builddir/.libs/libcgo.a")
  "$ZIG" cc -target "$target" -shared objects/*.o -o libcgo.dylib \
    -install_name @rpath/libcgo.0.dylib
  "$ZIG" cc -target "$target" client.o libcgo.dylib -o client
  emulate "$work/libcgo.dylib" client "${EMULATED_CASE:-}"
  test -n "${EMULATED_CASE:-}" || test ! -f "$top_builddir/.libs/libcgo.0.dylib" ||
    emulate "$top_builddir/.libs/libcgo.0.dylib" client \
      the_image_exports_what_the_map_says_and_nothing_else ;;
esac

# The object for old linkers, and a client that such a linker can read.
if test -f "$top_builddir/src/libcgo-classic.o"; then
  case $CPU in 386) pic=-static ;; *) pic=-fPIC ;; esac
  # shellcheck disable=SC2086
  $CC $CFLAGS -std=gnu11 -Wall -O2 -g0 $pic -mgeneral-regs-only -fno-stack-protector \
    -fno-asynchronous-unwind-tables -fcommon \
    -c "$top_srcdir/tests/classic/foreign-client.c" -o foreign-client.o
  "$PYTHON3" "$top_srcdir/tests/ports/emulated/darwin_classic.py" "$CPU" \
    "$top_builddir/src/libcgo-classic.o" foreign-client.o "$top_srcdir/src/libcgo.map" \
    ${EMULATED_CASE:+"$EMULATED_CASE"} || status=1
fi
exit $status
