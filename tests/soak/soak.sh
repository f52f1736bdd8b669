#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Everything at once: see tests/soak/soak.c. make check has some seconds of it, and make soak
# HOURS=n (SOAK_SECONDS) as much as one likes.
# shellcheck source=tests/support/tap.sh
. "$top_srcdir/tests/support/tap.sh"
seconds=${SOAK_SECONDS:-3}

build() {
  flags="-std=gnu11 -Wall -Wextra -D_GNU_SOURCE -DLIBCGO_NO_TOOLS $CFLAGS $cppflags"
  # shellcheck disable=SC2086 # words
  $CC $flags -fPIC -shared "$srcdir/tests/soak/client.c" -o client.so $shared_libs &&
    $CC $flags "$srcdir/tests/soak/soak.c" -o soak $shared_libs -ldl
}

soak() {
  timeout -k 5 $((seconds + seconds / 2 + 120)) ./soak "$seconds" "$PWD/client.so" >figures
  status=$?
  cat figures
  return $status
}

reason=
case $HOST in *-linux-*) ;; *) reason='reads /proc' ;; esac
test -z "$TEST_EMU" || reason='needs no emulator'
test -f "$builddir/.libs/libcgo.so" || reason='needs the shared library'
case "$CFLAGS $CXXFLAGS" in *-fsanitize=*) reason='it is about the memory of the process' ;; esac
test -r /proc/self/maps || reason='there is no /proc'
build >build.log 2>&1 || reason=${reason:-no}
if test -n "$reason" && test "$reason" != no; then
  skip nothing_grows_when_all_happens_at_once "$reason"
else
  test "$reason" != no || cat build.log
  ok nothing_grows_when_all_happens_at_once soak
fi
test -z "${SOAK_SECONDS:-}" || test ! -s figures || cp figures "$builddir/soak.table"
done_testing
