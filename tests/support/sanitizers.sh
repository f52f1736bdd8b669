# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2086,SC2154
#
# For shell tests of clients that are built for a sanitizer, while the library is not. Skips
# the rest of the test where that cannot be; after tap.sh.

ASAN_OPTIONS=detect_stack_use_after_return=1 TSAN_OPTIONS=
export ASAN_OPTIONS TSAN_OPTIONS

# Old kernels' and new kernels' address spaces differ more than the thread sanitizer expects.
same_addresses() {
  if setarch -R true 2>/dev/null; then
    setarch -R "$@"
  else
    "$@"
  fi
}

silent() { # PROGRAM...
  same_addresses timeout -k 1 120 "$@" >out 2>err
  status=$?
  cat out err
  test $status = 0 && test ! -s err
}

works() { # COMPILER FLAG: whether it makes programs with this library that run
  printf '#include <libcgo.h>\nint main(void) { return libcgo_version() == 0; }\n' >empty.c
  $1 $2 $cppflags empty.c $static_lib $PRIVATE_LIBS -pthread -o empty >/dev/null 2>&1 &&
    same_addresses ./empty >/dev/null 2>&1
}

# Why no client can be built for a sanitizer here; empty, if one can.
no_sanitizers=
case $CFLAGS in
*-fsanitize=*) no_sanitizers='the library itself is built for a sanitizer' ;;
esac
case $CC in
*musl*) no_sanitizers='gcc and clang have another C library' ;;
esac
if test -n "$TEST_EMU" || test ! -f "$static_lib"; then
  no_sanitizers='needs the archive, and no emulator'
fi

# An archive that the linker optimises would be compiled again, for the sanitizer.
static_lib="-fno-lto $static_lib"
