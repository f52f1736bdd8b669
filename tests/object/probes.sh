#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# Static probes: a tracer finds them, and is told the records.
. "$(dirname "$0")/../support/tap.sh"

so=$builddir/.libs/libcgo.so

cat >program.c <<'C'
#include <libcgo.h>
#include <pthread.h>
#include <semaphore.h>
static _Thread_local struct libcgo_thread *self;
struct libcgo_thread the_started = LIBCGO_THREAD_INIT, the_foreign = LIBCGO_THREAD_INIT;
static sem_t left;
static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}
static void enter(struct libcgo_thread *thread) { self = thread; }
static void leave(struct libcgo_thread *thread) {
  (void)thread;
  self = 0;
  sem_post(&left);
}
/* A runtime with a world: a thread that reaches no safepoint while it is late. */
struct libcgo_thread the_late = LIBCGO_THREAD_INIT;
static sem_t is_managed, was_late;
static uintptr_t tell(void *sem) {
  sem_post(sem);
  return 9;
}
static void be_late(struct libcgo_thread *thread, void *arg) {
  (void)arg;
  sem_post(&is_managed);
  sem_wait(&was_late);
  libcgo_call_parked(thread, tell, &is_managed);
}
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  return &the_foreign;
}
static void release(struct libcgo_thread *thread) { (void)thread; }
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, 0);
struct libcgo_runtime the_runtime = LIBCGO_RUNTIME_INIT(&ops);
struct libcgo_runtime the_world = LIBCGO_RUNTIME_INIT(&ops);
static void nothing(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
}
uintptr_t in_c(void *arg) {
  (void)arg;
  return 7;
}
uintptr_t in_task(void *thread) {
  return libcgo_call_on_system(thread, in_c, 0) + 1;
}
static void cross(struct libcgo_thread *thread, void *arg) {
  static char memory[65536];
  struct libcgo_stack stack = LIBCGO_STACK_INIT(memory, memory + sizeof memory);
  (void)arg;
  libcgo_call_on_stack(thread, &stack, in_task, thread);
}
static void *call_back(void *unused) {
  libcgo_callback(&the_runtime, nothing, 0);
  libcgo_callback(&the_runtime, cross, 0);
  return unused;
}
int main(int argc, char **argv) {
  (void)argv;
  pthread_t thread;
  sem_init(&left, 0, 0);
  libcgo_init_begin(&the_runtime.init);
  libcgo_init_done(&the_runtime.init);
  libcgo_thread_create(&the_runtime, &the_started, 0, nothing, 0, 0);
  sem_wait(&left);
  pthread_create(&thread, 0, call_back, 0);
  pthread_join(thread, 0);
  if (argc > 1) {
    sem_init(&is_managed, 0, 0);
    sem_init(&was_late, 0, 0);
    the_world.flags = LIBCGO_WORLD;
    libcgo_init_begin(&the_world.init);
    libcgo_init_done(&the_world.init);
    libcgo_thread_create(&the_world, &the_late, 0, be_late, 0, 0);
    sem_wait(&is_managed);
    if (libcgo_world_stop(&the_world, 1000, 0) == 0)
      return 1;
    sem_post(&was_late);
    sem_wait(&is_managed);
    if (libcgo_world_stop(&the_world, UINT64_MAX, 0) != 0 ||
        libcgo_world_start(&the_world) != 0 ||
        libcgo_runtime_close(&the_world, UINT64_MAX) != 0)
      return 1;
    sem_wait(&left);
  }
  return 0;
}
C

all="thread_start thread_end attach detach callback callback_done"
world="world_stops world_late world_stopped world_starts runtime_closes"
crossings="call_on_system call_on_system_done call_on_stack call_on_stack_done"

are_there() {
  $READELF -n $so | sed -n '/Provider: libcgo/{n; s/ *Name: //p; }' | LC_ALL=C sort -u >there
  cat there
  for probe in $all $crossings $world; do
    grep -x $probe there || return 1
  done
}

# Each probe prints its name and whether its two words are the two records.
are_hit() {
  # The functions that the library names, not those that tell a sanitizer.
  $CC $CFLAGS -g -O1 -DLIBCGO_NO_TOOLS $cppflags program.c -o program $shared_libs || return 1
  {
    echo 'set debuginfod enabled off'
    echo 'set breakpoint pending on'
    for probe in $all; do
      echo "break -probe-stap libcgo:$probe"
      echo 'commands'
      echo 'silent'
      printf '%s\n' "printf \"hit $probe %d %d\\n\", \$_probe_arg0 == (long)&the_runtime, \$_probe_arg1 == (long)&the_started ? 1 : \$_probe_arg1 == (long)&the_foreign ? 2 : 0"
      echo 'continue'
      echo 'end'
    done
    for probe in $crossings; do
      case $probe in
      *_done) what='%d", $_probe_arg0' ;;
      call_on_system) what='%d %d", $_probe_arg0 == (long)\&the_foreign, $_probe_arg1 == (long)in_c' ;;
      *) what='%d %d", $_probe_arg0 == (long)\&the_foreign, $_probe_arg1 == (long)in_task' ;;
      esac
      echo "break -probe-stap libcgo:$probe"
      echo 'commands'
      echo 'silent'
      echo "printf \"hit $probe $what" | sed 's/", /\\n", /; s/\\&/\&/'
      echo 'continue'
      echo 'end'
    done
    echo 'run'
  } >script
  env LC_ALL=C timeout -k 1 120 gdb -batch -nx -x script ./program >out 2>&1
  cat out
  sed -n 's/^hit //p' out >hits
  cat >wanted <<'W'
thread_start 1 1
thread_end 1 1
attach 1 2
callback 1 2
callback_done 1 2
callback 1 2
call_on_stack 1 1
call_on_system 1 1
call_on_system_done 7
call_on_stack_done 8
callback_done 1 2
detach 1 2
W
  diff wanted hits
}

# The stopper has no record.
world_is_told() {
  {
    echo 'set debuginfod enabled off'
    echo 'set breakpoint pending on'
    for probe in $world; do
      echo "break -probe-stap libcgo:$probe"
      echo 'commands'
      echo 'silent'
      printf '%s\n' "printf \"hit $probe %d %d\\n\", \$_probe_arg0 == (long)&the_world, \$_probe_arg1 == (long)&the_late ? 1 : \$_probe_arg1 == 0 ? 0 : 2"
      echo 'continue'
      echo 'end'
    done
    echo 'run world'
  } >script
  # LeakSanitizer cannot be debugged.
  env LC_ALL=C ASAN_OPTIONS=detect_leaks=0 timeout -k 1 120 gdb -batch -nx -x script ./program >out 2>&1
  cat out
  sed -n 's/^hit //p' out >hits
  cat >wanted <<'W'
world_stops 1 0
world_late 1 1
world_stops 1 0
world_stopped 1 0
world_starts 1 0
runtime_closes 1 0
W
  diff wanted hits && grep 'exited normally' out
}

if test "$PROBES" != yes; then
  skip the_probes_are_there "configured without <sys/sdt.h>"
  skip a_debugger_is_told_the_records "configured without <sys/sdt.h>"
elif ! test -f "$so"; then
  skip the_probes_are_there "configured with --disable-shared"
  skip a_debugger_is_told_the_records "configured with --disable-shared"
else
  ok the_probes_are_there are_there
  if ! have gdb; then
    skip a_debugger_is_told_the_records "there is no gdb here"
  elif test -n "$TEST_EMU"; then
    skip a_debugger_is_told_the_records "programs run under an emulator"
  else
    ok a_debugger_is_told_the_records are_hit
    ok a_debugger_is_told_of_the_world world_is_told
  fi
fi
done_testing
