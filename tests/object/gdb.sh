#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# A debugger sees through the crossings, and from one stack to another.
. "$(dirname "$0")/../support/tap.sh"

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

cat >stacks.c <<'C'
#define _GNU_SOURCE
#include <libcgo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local struct libcgo_thread *self;
static struct libcgo_thread record = LIBCGO_THREAD_INIT;
static void enter(struct libcgo_thread *thread) { self = thread; }
static void leave(struct libcgo_thread *thread) { (void)thread; self = NULL; }
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  return runtime != NULL ? &record : NULL;
}
static void release(struct libcgo_thread *thread) { (void)thread; }
static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
static char memory[1 << 20], signal_stack[1 << 20];
static const struct libcgo_stack stack =
    LIBCGO_STACK_INIT(memory, memory + sizeof memory);
static int raises;

/* Each call is one, not a jump, and each frame its own. */
#define FUNCTION __attribute__((__noinline__, __used__)) static
#define AFTER __asm__ volatile("")

FUNCTION void innermost(int sig) {
  if (sig >= 0)
    abort();
}
FUNCTION uintptr_t inner_c(void *arg) {
  if (raises)
    raise(SIGUSR1);
  innermost(0);
  return (uintptr_t)arg;
}
FUNCTION uintptr_t inner_runtime(void *arg) {
  uintptr_t result = libcgo_call_on_system(self, inner_c, arg);
  AFTER;
  return result;
}
FUNCTION void called_back(struct libcgo_thread *thread, void *arg) {
  libcgo_call_on_stack(thread, &stack, inner_runtime, arg);
  AFTER;
}
FUNCTION uintptr_t outer_c(void *arg) {
  libcgo_callback(&runtime, called_back, arg);
  AFTER;
  return (uintptr_t)arg;
}
FUNCTION uintptr_t outer_runtime(void *arg) {
  uintptr_t result = libcgo_call_on_system(self, outer_c, arg);
  AFTER;
  return result;
}
FUNCTION void begin(struct libcgo_thread *thread, void *arg) {
  const stack_t alternate = {.ss_sp = signal_stack,
                             .ss_size = sizeof signal_stack};
  sigaltstack(&alternate, NULL);
  libcgo_call_on_stack(thread, &stack, outer_runtime, arg);
  AFTER;
}
static void *foreign(void *arg) {
  libcgo_callback(&runtime, begin, arg);
  return arg;
}

/* started | foreign | initial | handler | signal_stack */
int main(int argc, char **argv) {
  const char *from = argv[argc - 1];
  struct sigaction action;
  pthread_t thread;
  memset(&action, 0, sizeof action);
  action.sa_handler = innermost;
  action.sa_flags = strcmp(from, "signal_stack") == 0 ? SA_ONSTACK : 0;
  sigaction(SIGUSR1, &action, NULL);
  raises = strcmp(from, "handler") == 0 || strcmp(from, "signal_stack") == 0;
  libcgo_init_begin(&runtime.init);
  libcgo_init_done(&runtime.init);
  if (strcmp(from, "foreign") == 0)
    pthread_create(&thread, NULL, foreign, NULL);
  else if (strcmp(from, "initial") == 0)
    foreign(NULL);
  else
    libcgo_thread_create(&runtime, &record, NULL, begin, NULL, NULL);
  for (;;)
    pause();
}
C

# chain PROGRAM "NAMES" ARGUMENTS: gdb's backtrace has the names in this order,
# whatever is between abort and the first. Variables before it are for the program.
chain() {
  env LC_ALL=C timeout -k 1 120 gdb -batch -nx -ex 'set debuginfod enabled off' \
    -ex 'handle SIGUSR1 nostop' ${library_path:+-ex "set env LD_LIBRARY_PATH $library_path"} \
    -ex run -ex backtrace --args ./$1 $3 >out 2>&1
  cat out
  sed -n 's/^#[0-9]* *\(0x[0-9a-f]* in \)\{0,1\}\([a-zA-Z0-9_:]*\).*/\2/p' out >frames
  awk -v want="$2" 'BEGIN { n = split(want, w, " "); i = 1 }
    i <= n && ($0 == w[i]) { i++ } END { exit i <= n }' frames
}

library_path=

# What gdb sees without the library.
cat >plain.c <<'C'
#include <stdlib.h>
__attribute__((noinline)) void innermost(void);
void innermost(void) { abort(); }
int main(void) { innermost(); }
C

whole="innermost crosscall2 outer_callback crosscall2 thread_fn crosscall_$CPU"
four="innermost inner_c __morestack inner_runtime __morestack called_back
  libcgo_callback outer_c __morestack outer_runtime __morestack begin"
# shellcheck disable=SC2116 # to one line
four=$(echo $four)

# As packages have it.
stripped_chain() {
  mkdir -p stripped
  cp "$builddir/.libs/libcgo.so" stripped/libcgo.so.0
  ${STRIP:-strip} --strip-unneeded stripped/libcgo.so.0 || return 1
  if ($NM stripped/libcgo.so.0 2>/dev/null | grep __morestack); then return 1; fi
  OBJCOPY=${OBJCOPY:-objcopy} "$srcdir/scripts/mini-debuginfo.sh" \
    "$builddir/.libs/libcgo.so" stripped/libcgo.so.0 || return 1
  library_path=$PWD/stripped
  chain stacks "$four" started
  chained=$?
  library_path=
  grep 'libcgo_call.* from .*/stripped/' out && return $chained
}

reason=
if ! have gdb; then
  reason="there is no gdb here"
elif test -n "$TEST_EMU"; then
  reason="programs run under an emulator"
elif ! test -f "$builddir/.libs/libcgo.so"; then
  reason="configured with --disable-shared"
elif $CC $CFLAGS -g -O1 plain.c -o plain && ! chain plain "innermost main" "" >/dev/null; then
  reason="gdb does not see who has called abort of this C library"
fi

if test -n "$reason"; then
  skip gdb_shows_the_whole_chain "$reason"
  skip gdb_shows_four_switches "$reason"
else
  for program in program stacks; do
    $CC $CFLAGS -g -O1 $cppflags $program.c -o $program $shared_libs
  done
  if test "$CLASSIC" = yes; then
    ok gdb_shows_the_whole_chain chain program "$whole" ""
  else
    skip gdb_shows_the_whole_chain "the classic face does not exist on $CPU"
  fi
  ok gdb_shows_four_switches_from_a_started_thread chain stacks "$four" started
  ok gdb_shows_four_switches_from_the_initial_thread chain stacks "$four" initial
  ok gdb_shows_four_switches_from_a_foreign_thread chain stacks "$four" foreign
  ok gdb_shows_four_switches_in_a_handler chain stacks "$four" handler
  ok gdb_shows_four_switches_on_a_signal_stack chain stacks "$four" signal_stack
  if have xz; then
    ok gdb_shows_four_switches_of_a_stripped_library stripped_chain
  else
    skip gdb_shows_four_switches_of_a_stripped_library "there is no xz here"
  fi
fi
done_testing
