#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154
#
# The tests of runtimes and threads in static programs, which have no loader.
. "$(dirname "$0")/../support/tap.sh"

# Without Check: the harness then takes its stand-in.
: >config.h

static_program() { # TEST
  $CC $CFLAGS -std=gnu11 -D_GNU_SOURCE -I. $cppflags -I"$srcdir/tests" \
    "$srcdir/tests/kit/$1.c" "$srcdir/tests/support/kit.c" "$srcdir/tests/support/harness.c" \
    -o "$1" "$static_lib" -static -pthread $PRIVATE_LIBS || return 1
  # More time than run_program gives: an emulator on a busy machine needs it.
  (cd "$builddir" &&
    LIBCGO_TEST_THREADS=2000 exec timeout -k 1 280 $TEST_EMU "$scratch/$1")
}

# Whether one runs here without the library: qemu 7.2 does not run Alpha's.
runs_static_programs() {
  echo 'int main(void) { return 0; }' >nothing.c
  $CC $CFLAGS nothing.c -o nothing -static -pthread && run_program nothing
} >/dev/null 2>&1

for test in runtime thread; do
  name=the_tests_of_${test}_pass_in_a_static_program
  case $CFLAGS in
  *-fsanitize=*) skip $name "sanitizers need shared libraries" ;;
  *)
    if ! runs_static_programs; then
      skip $name "no static program runs here, not even without the library"
    elif test -f "$static_lib"; then
      ok $name static_program $test
    else
      skip $name "configured with --disable-static"
    fi ;;
  esac
done
done_testing
