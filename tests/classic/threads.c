/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting threads: what the new thread finds, and what it leaves behind.
 */
#include "support/client.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { left_for_c = 4096 };

static struct libcgo_g g0;
static atomic_int threads_run;

static void init(void) {
  initcgo();
  set_slots(&g0, (void *)1);
}

/* ---- g, m and the argument ---- */

static struct libcgo_g task;
static void *_Atomic seen_g, *_Atomic seen_m;

static void look_at_slots(void) {
  seen_g = slot_g();
  seen_m = slot_m();
}

TEST(a_thread_finds_its_g_and_m) {
  init();
  run_in_thread(&task, 0x1234, look_at_slots);
  ck_assert_ptr_eq(seen_g, &task);
  ck_assert_ptr_eq(seen_m, (void *)0x1234);
  ck_assert_ptr_eq(slot_g(), &g0);
}

TEST(initcgo_may_be_called_again) {
  init();
  initcgo();
  ck_assert_ptr_eq(slot_g(), &g0);
  run_in_thread(&task, 1, look_at_slots);
  ck_assert_ptr_eq(seen_g, &task);
}

TEST(defect_09_initcgo_is_declared_as_a_function_pointer) {
  ck_assert_int_eq(_Generic(&initcgo, void (*const *)(void) : 1, default : 0), 1);
}

static void start_without_init(void *unused) {
  (void)unused;
  struct libcgo_start start = {1, &task, look_at_slots};
  libcgo_thread_start(&start);
  for (;;)
    pause();
}

TEST(a_thread_start_before_initcgo_is_refused) {
  char output[1024];
  ck_assert_int_eq(run_to_death(start_without_init, NULL, output, sizeof output),
                   SIGABRT);
  ck_assert_msg(strstr(output, "libcgo: libcgo_thread_start: initcgo has not "
                               "been called") != NULL,
                "it said: %s", output);
}

TEST(sys_thread_start_takes_over_its_argument) {
  init();
  /* That it is freed, and once, is for valgrind and the address sanitizer. */
  struct libcgo_start *start = malloc(sizeof *start);
  *start = (struct libcgo_start){0x77, &task, look_at_slots};
  seen_m = NULL;
  libcgo_sys_thread_start(start);
  wait_for_other_threads();
  ck_assert_ptr_eq(seen_m, (void *)0x77);
}

TEST(thread_start_leaves_errno_alone) {
  init();
  errno = 12345;
  struct libcgo_start start = {1, &task, look_at_slots};
  libcgo_thread_start(&start);
  ck_assert_int_eq(errno, 12345);
  wait_for_other_threads();
}

/* ---- stack bounds ---- */

static uintptr_t seen_lo, seen_hi, seen_local, seen_tls, seen_sp_depth;
static _Thread_local char tls_of_the_program[512];

static void look_at_stack(void) {
  char local;
  pthread_attr_t attr;
  void *lo;
  size_t size;
  seen_local = (uintptr_t)&local;
  seen_tls = (uintptr_t)tls_of_the_program;
  if (pthread_getattr_np(pthread_self(), &attr) == 0) {
    pthread_attr_getstack(&attr, &lo, &size);
    seen_lo = (uintptr_t)lo;
    seen_hi = (uintptr_t)lo + size;
    pthread_attr_destroy(&attr);
  }
  /* The page below the lowest usable byte is the guard's. */
  seen_sp_depth = (uintptr_t)readable(task.stackguard - left_for_c) |
                  (uintptr_t)readable(task.stackguard - left_for_c - 1) << 1;
}

/* The C library may be refused what it needs to tell a thread's stack. */
static int stacks_are_told(void) {
  pthread_attr_t attr;
  if (pthread_getattr_np(pthread_self(), &attr) != 0)
    return 0;
  pthread_attr_destroy(&attr);
  return 1;
}
#define NEEDS_STACKS()                                                         \
  do {                                                                         \
    if (!stacks_are_told())                                                    \
      SKIP("the C library does not tell a thread's stack here");               \
  } while (0)

static void assert_true_bounds(void) {
  const uintptr_t lowest = task.stackguard - left_for_c;
  ck_assert_uint_eq(lowest, seen_lo);
  ck_assert_msg((seen_sp_depth & 1) != 0, "the lowest byte is not usable");
  ck_assert_msg((seen_sp_depth & 2) == 0, "the byte below it is usable");
  ck_assert_uint_lt(task.stackguard, seen_local);
  ck_assert_uint_lt(seen_local, task.stackbase);
  ck_assert_uint_lt(task.stackbase, seen_hi);
  /* Near the top: nothing but the thread's own data is above. */
  ck_assert_uint_lt(task.stackbase - seen_local, 4096);
}

TEST(defect_05_stackguard_is_above_the_guard_pages) {
  NEEDS_STACKS();
  init();
  for (int i = 0; i < 30; i++) {
    run_in_thread(&task, 1, look_at_stack);
    assert_true_bounds();
  }
}

TEST(defect_05_stackbase_is_below_thread_local_variables) {
  init();
  run_in_thread(&task, 1, look_at_stack);
  ck_assert_uint_lt(task.stackbase, seen_tls);
}

static void set_default_stack_size(size_t size) {
  pthread_attr_t attr;
  ck_assert_int_eq(pthread_attr_init(&attr), 0);
  ck_assert_int_eq(pthread_attr_setstacksize(&attr, size), 0);
  ck_assert_int_eq(pthread_setattr_default_np(&attr), 0);
  pthread_attr_destroy(&attr);
}

TEST(the_stack_has_the_default_size_of_the_process) {
  NEEDS_STACKS();
  init();
  set_default_stack_size(1 << 20);
  run_in_thread(&task, 1, look_at_stack);
  assert_true_bounds();
  /* musl gives thread-local variables and the rest of a page in addition. */
  ck_assert_uint_le(seen_hi - seen_lo, (1 << 20) + (1 << 16));
  ck_assert_uint_gt(seen_hi - seen_lo, (1 << 20) - (1 << 16));
}

TEST(defect_05_bounds_are_true_with_64_kib_stacks) {
  NEEDS_STACKS();
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer needs larger stacks");
  init();
  set_default_stack_size(64 << 10);
  run_in_thread(&task, 1, look_at_stack);
  assert_true_bounds();
}

/* ---- signals ---- */

static atomic_int storm_on, handled, handled_by_others, handled_without_g;

static void note_signal(int sig) {
  (void)sig;
  void *g = slot_g();
  atomic_fetch_add(&handled, 1);
  if (g == NULL)
    atomic_fetch_add(&handled_without_g, 1);
  else if (g != &task)
    atomic_fetch_add(&handled_by_others, 1);
}

static void *storm(void *unused) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  while (atomic_load(&storm_on))
    kill(getpid(), SIGUSR1);
  return unused;
}

/* One for each thread that may be about to start: see the loops below. */
static struct libcgo_g many[128];

/* qemu-i386 7.2 loads %gs from a table that all threads share when a handler
   returns: the thread then has the thread pointer of the youngest one. */
static void ignore_signal(int sig) { (void)sig; }

static void *wait_here(void *barrier) {
  pthread_barrier_wait(barrier);
  for (;;)
    pause();
  return NULL;
}

static void lose_thread_pointer(void *unused) {
  (void)unused;
  pthread_t thread;
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, 2);
  if (pthread_create(&thread, NULL, wait_here, &barrier) != 0)
    _exit(1);
  pthread_barrier_wait(&barrier);
  set_slots(&g0, &barrier);
  signal(SIGUSR2, ignore_signal);
  raise(SIGUSR2);
  if (slot_m() != &barrier)
    kill(getpid(), SIGKILL);
}

static int signals_lose_the_thread_pointer(void) {
  char output[64];
  return run_to_death(lose_thread_pointer, NULL, output, sizeof output) != 0;
}

static void count_run(void) { atomic_fetch_add(&threads_run, 1); }

/* A thread of the library's: signals are open to it, and to those it starts. */
static void start_many(void) {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
  for (int i = 0; i < 10000; i++) {
    struct libcgo_start start = {1, &many[i % 128], count_run};
    libcgo_thread_start(&start);
    while (atomic_load(&threads_run) < i - 50)
      sched_yield();
  }
  while (atomic_load(&threads_run) < 10000)
    sched_yield();
}

TEST(defect_06_no_signal_arrives_before_g_is_set) {
  if (UNDER_TSAN)
    SKIP("the thread sanitizer puts signals off");
  if (signals_lose_the_thread_pointer())
    SKIP("this system (an emulator) loses the thread pointer when a signal "
         "handler returns");
  init();
  /* The initial thread blocks the signal, or it would take them all. */
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, NULL);
  atomic_store(&storm_on, 1);
  pthread_t stormer;
  ck_assert_int_eq(pthread_create(&stormer, NULL, storm, NULL), 0);
  run_in_thread(&task, 1, start_many);
  atomic_store(&storm_on, 0);
  pthread_join(stormer, NULL);
  ck_assert_int_eq(atomic_load(&threads_run), 10000);
  ck_assert_int_eq(atomic_load(&handled_without_g), 0);
  printf("# %d signals during 10000 starts, %d of them in the new threads\n",
         atomic_load(&handled), atomic_load(&handled_by_others));
  /* The storm must have been one. */
  ck_assert_int_gt(atomic_load(&handled_by_others), 0);
}

static sigset_t seen_mask;

static void look_at_mask(void) {
  pthread_sigmask(SIG_SETMASK, NULL, &seen_mask);
}

TEST(fn_runs_with_the_signal_mask_of_the_creator) {
  init();
  sigset_t mask, before, after;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigaddset(&mask, SIGTERM);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  run_in_thread(&task, 1, look_at_mask);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int sig = 1; sig < SIGRTMIN; sig++) {
    const int expected = sig == SIGUSR2 || sig == SIGTERM;
    ck_assert_msg(sigismember(&seen_mask, sig) == expected,
                  "signal %d is %sblocked", sig, expected ? "not " : "");
    ck_assert_int_eq(sigismember(&after, sig), sigismember(&before, sig));
  }
}

static pthread_key_t exit_key;
static atomic_int exit_mask_full;

static void look_at_exit_mask(void *unused) {
  (void)unused;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  atomic_store(&exit_mask_full, sigismember(&mask, SIGUSR1) == 1 ? 1 : -1);
}

static void set_exit_key(void) { pthread_setspecific(exit_key, &exit_key); }

TEST(no_signal_arrives_after_fn_has_returned) {
  init();
  ck_assert_int_eq(pthread_key_create(&exit_key, look_at_exit_mask), 0);
  run_in_thread(&task, 1, set_exit_key);
  wait_for_other_threads();
  ck_assert_int_eq(atomic_load(&exit_mask_full), 1);
}

/* ---- what stays behind ---- */

static void start_and_finish(int count) {
  const int before = atomic_load(&threads_run);
  for (int i = 0; i < count; i++) {
    struct libcgo_start start = {1, &many[i % 128], count_run};
    libcgo_thread_start(&start);
    while (atomic_load(&threads_run) < before + i - 20)
      sched_yield();
  }
  wait_for_other_threads();
  ck_assert_int_eq(atomic_load(&threads_run), before + count);
}

TEST(defect_04_finished_threads_give_their_stacks_back) {
  init();
  start_and_finish(100);
  const long long before = proc_status("VmSize:");
  if (before < 0)
    SKIP("/proc/self/status cannot be read");
  start_and_finish(1000);
  /* A thread that nobody joins would keep 8 MiB. */
  ck_assert_int_lt(proc_status("VmSize:") - before, 200 * 8192);
}

TEST(a_hundred_thousand_threads_leave_nothing) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer's own memory would be measured");
  const char *count = getenv("LIBCGO_TEST_THREADS");
  const char *emulator = getenv("TEST_EMU");
  if (emulator != NULL && emulator[0] != '\0')
    SKIP("an emulator's own memory would be measured");
  init();
  start_and_finish(1000);
  const long long before = proc_status("VmRSS:");
  if (before < 0)
    SKIP("/proc/self/status cannot be read");
  start_and_finish(count != NULL ? atoi(count) : 100000);
  const long long after = proc_status("VmRSS:");
  printf("# resident: %lld KiB before, %lld KiB after\n", before, after);
  /* 16 bytes a thread would be 1.6 MB. */
  ck_assert_int_lt(after - before, 1024);
}

int main(void) {
  suite_begin("threads");
  ADD_TEST(a_thread_finds_its_g_and_m);
  ADD_TEST(initcgo_may_be_called_again);
  ADD_TEST(defect_09_initcgo_is_declared_as_a_function_pointer);
  ADD_TEST(a_thread_start_before_initcgo_is_refused);
  ADD_TEST(sys_thread_start_takes_over_its_argument);
  ADD_TEST(thread_start_leaves_errno_alone);
  ADD_TEST(defect_05_stackguard_is_above_the_guard_pages);
  ADD_TEST(defect_05_stackbase_is_below_thread_local_variables);
  ADD_TEST(the_stack_has_the_default_size_of_the_process);
  ADD_TEST(defect_05_bounds_are_true_with_64_kib_stacks);
  ADD_TEST(defect_06_no_signal_arrives_before_g_is_set);
  ADD_TEST(fn_runs_with_the_signal_mask_of_the_creator);
  ADD_TEST(no_signal_arrives_after_fn_has_returned);
  ADD_TEST(defect_04_finished_threads_give_their_stacks_back);
  ADD_TEST(a_hundred_thousand_threads_leave_nothing);
  return suite_run();
}
