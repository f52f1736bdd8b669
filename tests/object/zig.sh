#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# A program in Zig, bindings/zig/callback.zig, with the installed headers and library. Zig
# is $ZIG (several, separated by spaces), or the one in PATH. Zig has @cImport up to 0.16; for
# later versions the header is translated by `zig translate-c`. Before the first translation
# Zig 0.16 and 0.17 build their translator, which can take minutes.
. "$(dirname "$0")/../support/tap.sh"

: "${ZIG:=$(command -v zig)}"
reason=
if test -z "$ZIG"; then
  reason="there is no zig here"
elif test -n "$TEST_EMU"; then
  reason="programs run under an emulator"
elif ! test -f "$builddir/.libs/libcgo.so"; then
  reason="configured with --disable-shared"
else
  case $CPU-$(uname -m) in
  amd64-x86_64 | arm64-aarch64 | 386-i?86) ;;
  *) reason="the library is for another CPU than Zig's" ;;
  esac
  printf '#include <limits.h>\n#ifndef __GLIBC__\nother\n#endif\n' | $CC $CFLAGS -E - | grep -qx other &&
    reason="the library is for another C library than Zig's"
  case $CFLAGS in *-fsanitize=*) reason="the library needs the sanitizer of its compiler" ;; esac
fi

# Both caches stay here.
ZIG_LOCAL_CACHE_DIR=$scratch/cache ZIG_GLOBAL_CACHE_DIR=$scratch/cache
export ZIG_LOCAL_CACHE_DIR ZIG_GLOBAL_CACHE_DIR

# builds ZIG: and runs.
builds() {
  rm -f callback
  cp "$srcdir/bindings/zig/callback.zig" .
  libraries="-lc -lcgo -L$builddir/.libs -rpath $builddir/.libs"
  if timeout -k 1 500 "$1" build-exe callback.zig $cppflags $libraries -femit-bin=callback 2>log; then
    cat log
  elif grep "invalid builtin function: '@cImport'" log; then
    sed 's/@cImport(.*);/@import("c");/' callback.zig >imports.zig
    echo '#include <libcgo.h>' >all.h
    timeout -k 1 500 "$1" translate-c all.h -lc $cppflags >c.zig &&
      timeout -k 1 500 "$1" build-exe --dep c -Mroot=imports.zig -lc -Mc=c.zig $libraries \
        -femit-bin=callback || return 1
  else
    cat log
    return 1
  fi
  timeout -k 1 60 ./callback 2>said
  cat said
  test "$(cat said)" = '4016000 0 true'
}

if test -n "$reason"; then
  skip a_zig_program_calls_back "$reason"
else
  for zig in $ZIG; do
    ok "a_program_of_zig_$("$zig" version)_calls_back" builds "$zig"
  done
fi
done_testing
