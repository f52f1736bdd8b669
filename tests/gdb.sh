#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# A debugger sees through the crossings.
. "$(dirname "$0")/tap.sh"

cat >program.c <<'C'
#include <libcgo.h>
#include <stdlib.h>
LIBCGO_RESERVE_SLOTS;
static struct libcgo_g g;
__attribute__((noinline)) void innermost(void *arg, int32_t n);
void innermost(void *arg, int32_t n) {
  (void)arg;
  (void)n;
  abort();
}
__attribute__((noinline)) void outer_callback(void *arg, int32_t n);
void outer_callback(void *arg, int32_t n) {
  crosscall2(innermost, arg, n + 1);
  __asm__ volatile("");
}
__attribute__((noinline)) void thread_fn(void);
void thread_fn(void) {
  crosscall2(outer_callback, &g, 1);
  __asm__ volatile("");
}
int main(void) {
  initcgo();
  struct libcgo_start start = {1, &g, thread_fn};
  libcgo_thread_start(&start);
  for (;;)
    __asm__ volatile("");
}
C

names="innermost crosscall2 outer_callback crosscall2 thread_fn crosscall_$CPU"

chain() {
  $CC $CFLAGS -g -O1 $cppflags program.c -o program $shared_libs || return 1
  env LC_ALL=C timeout -k 1 120 gdb -batch -nx -ex 'set debuginfod enabled off' \
    -ex run -ex backtrace ./program >out 2>&1
  cat out
  sed -n 's/^#[0-9]* *\(0x[0-9a-f]* in \)\{0,1\}\([a-zA-Z0-9_:]*\).*/\2/p' out >frames
  # The names stand in this order, whatever is between abort and the first.
  awk -v want="$names" 'BEGIN { n = split(want, w, " "); i = 1 }
    i <= n && ($0 == w[i]) { i++ } END { exit i <= n }' frames
}

if test "$CLASSIC" = no; then
  skip gdb_shows_the_whole_chain "the classic face does not exist on $CPU"
elif ! have gdb; then
  skip gdb_shows_the_whole_chain "there is no gdb here"
elif test -n "$TEST_EMU"; then
  skip gdb_shows_the_whole_chain "programs run under an emulator"
elif ! test -f "$builddir/.libs/libcgo.so"; then
  skip gdb_shows_the_whole_chain "configured with --disable-shared"
else
  ok gdb_shows_the_whole_chain chain
fi
done_testing
