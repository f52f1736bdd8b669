/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that a runtime starts: libcgo_thread_create.
 */
#include "support/kit.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What fn has found. */
static int calls;
static struct libcgo_thread *seen_record, *seen_current;
static void *seen_arg;
static int seen_enters;

static void note(struct libcgo_thread *thread, void *arg) {
  calls++;
  seen_record = thread;
  seen_arg = arg;
  seen_current = kit_current();
  seen_enters = kit_count(KIT_ENTER);
}

static void begin(void) {
  kit_begin();
  calls = 0;
  seen_record = seen_current = NULL;
  seen_arg = NULL;
}

static void assert_counts(int enters, int leaves) {
  ck_assert_int_eq(kit_count(KIT_ENTER), enters);
  ck_assert_int_eq(kit_count(KIT_LEAVE), leaves);
  ck_assert_int_eq(kit_count(KIT_ACQUIRE), 0);
  ck_assert_int_eq(kit_count(KIT_RELEASE), 0);
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

/* ---- the new thread ---- */

TEST(fn_gets_the_record_and_the_argument) {
  begin();
  struct libcgo_thread *record = kit_record();
  ck_assert_int_eq(libcgo_thread_create(&kit, record, NULL, note, &calls, NULL),
                   0);
  kit_wait(KIT_LEAVE, 1);
  ck_assert_int_eq(calls, 1);
  ck_assert_ptr_eq(seen_record, record);
  ck_assert_ptr_eq(seen_arg, &calls);
  ck_assert_ptr_eq(record->runtime, &kit);
}

TEST(enter_comes_before_fn_and_leave_after_it) {
  begin();
  kit_run(NULL, note, NULL);
  ck_assert_ptr_eq(seen_current, seen_record);
  ck_assert_int_eq(seen_enters, 1);
  assert_counts(1, 1);
}

static void call_back(struct libcgo_thread *thread, void *result) {
  (void)thread;
  *(int *)result = libcgo_callback(&kit, note, NULL);
}

TEST(a_thread_of_the_runtime_calls_back_with_its_own_record) {
  begin();
  int result = -1;
  kit_run(NULL, call_back, &result);
  ck_assert_int_eq(result, 0);
  ck_assert_ptr_ne(seen_record, NULL);
  ck_assert_ptr_eq(seen_record, seen_current);
  assert_counts(1, 1);
}

TEST(hooks_run_with_signals_held) {
  begin();
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, NULL);
  kit_run(NULL, kit_nothing, NULL);
  assert_counts(1, 1); /* the hooks look at their mask */
}

/* ---- the ways it ends ---- */

static void exit_thread(struct libcgo_thread *thread, void *arg) {
  note(thread, arg);
  pthread_exit(NULL);
}

TEST(a_thread_leaves_at_pthread_exit) {
  begin();
  kit_run(NULL, exit_thread, NULL);
  ck_assert_int_eq(calls, 1);
  assert_counts(1, 1);
}

static void exit_in_callback(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  libcgo_callback(&kit, exit_thread, arg);
}

TEST(a_thread_leaves_at_pthread_exit_in_a_callback) {
  begin();
  kit_run(NULL, exit_in_callback, NULL);
  ck_assert_int_eq(calls, 1);
  assert_counts(1, 1);
}

static void be_cancelled(struct libcgo_thread *thread, void *arg) {
  note(thread, arg);
  pthread_cancel(pthread_self());
  pthread_testcancel();
  calls += 100;
}

TEST(a_thread_leaves_when_it_is_cancelled) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer keeps the poison of frames that a cancelled "
         "thread has left");
  begin();
  kit_run(NULL, be_cancelled, NULL);
  ck_assert_int_eq(calls, 1);
  assert_counts(1, 1);
}

TEST(the_record_may_be_freed_in_leave) {
  begin();
  kit_behaviour.heap = 1; /* and what is read later is not what it was */
  for (int i = 0; i < 10; i++)
    kit_run(NULL, kit_nothing, NULL);
  assert_counts(10, 10);
}

TEST(a_record_may_be_used_again_as_it_is) {
  begin();
  struct libcgo_thread *const record = kit_record();
  for (int i = 0; i < 10; i++) {
    if (i > 0)
      ck_assert_ptr_eq(kit_record(), record); /* the last one given back */
    ck_assert_int_eq(libcgo_thread_create(&kit, record, NULL, note, NULL, NULL),
                     0);
    kit_wait(KIT_LEAVE, i + 1);
  }
  assert_counts(10, 10);
}

/* ---- how it is to be ---- */

static size_t stack_bytes, guard_bytes;
static uintptr_t stack_lo;
static int below_is_readable;

static void look_at_stack(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  pthread_attr_t attr;
  void *lo;
  if (pthread_getattr_np(pthread_self(), &attr) != 0)
    return;
  pthread_attr_getstack(&attr, &lo, &stack_bytes);
  pthread_attr_getguardsize(&attr, &guard_bytes);
  pthread_attr_destroy(&attr);
  stack_lo = (uintptr_t)lo;
  /* The guard's highest and lowest byte. */
  below_is_readable = readable(stack_lo - 1) ||
                      (guard_bytes != 0 && readable(stack_lo - guard_bytes));
}

/* The C library may be refused what it needs to tell it. */
#define NEEDS_STACK()                                                          \
  do {                                                                         \
    pthread_attr_t own_;                                                       \
    if (pthread_getattr_np(pthread_self(), &own_) != 0)                        \
      SKIP("the C library does not tell a thread's stack here");               \
    pthread_attr_destroy(&own_);                                               \
  } while (0)

TEST(a_thread_has_the_stack_size_that_was_asked_for) {
  NEEDS_STACK();
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  /* Larger than the stacks of ended threads, which the C library uses again. */
  attr.stack_size = 40 << 20;
  kit_run(&attr, look_at_stack, NULL);
  /* With or without the page of the C library's rounding. */
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  ck_assert_uint_le(stack_bytes, (40 << 20) + page);
  ck_assert_uint_le((40 << 20) - page, stack_bytes);
}

TEST(a_guard_is_not_taken_out_of_the_stack) {
  NEEDS_STACK();
  WINDOWS_HAS("one guard page, always");
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.stack_size = 1 << 20;
  attr.guard_size = 1 << 19;
  kit_run(&attr, look_at_stack, NULL);
  ck_assert_uint_le((1 << 20) - 4096, stack_bytes);
}

TEST(a_thread_has_the_guard_size_that_was_asked_for) {
  NEEDS_STACK();
  WINDOWS_HAS("one guard page, always");
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.guard_size = 1 << 16;
  kit_run(&attr, look_at_stack, NULL);
  ck_assert_uint_eq(guard_bytes, 1 << 16);
  ck_assert(!below_is_readable);
}

TEST(a_thread_has_a_guard_by_default) {
  NEEDS_STACK();
  begin();
  kit_run(NULL, look_at_stack, NULL);
  ck_assert_uint_gt(guard_bytes, 0);
  ck_assert(!below_is_readable);
}

TEST(a_thread_without_a_guard_has_none) {
  NEEDS_STACK();
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.guard_size = LIBCGO_NO_GUARD;
  guard_bytes = 1;
  kit_run(&attr, look_at_stack, NULL);
  ck_assert_uint_eq(guard_bytes, 0);
}

static char seen_name[32];
static char name_to_give[64];

static void look_at_name(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  prctl(PR_GET_NAME, seen_name, 0, 0, 0);
}

TEST(a_thread_has_its_name_cut_to_what_the_system_holds) {
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.name = "worker 1";
  kit_run(&attr, look_at_name, NULL);
  ck_assert_int_eq(strcmp(seen_name, "worker 1"), 0);
  char own_name[32];
  prctl(PR_GET_NAME, own_name, 0, 0, 0);
  ck_assert_int_eq(strncmp(own_name, "worker", 6) == 0, 0);
  memset(name_to_give, 'n', sizeof name_to_give - 1);
  attr.name = name_to_give;
  kit_run(&attr, look_at_name, NULL);
  ck_assert_int_eq(strcmp(seen_name, "nnnnnnnnnnnnnnn"), 0);
}

TEST(the_attributes_are_the_caller_s_again_when_the_call_returns) {
  WINDOWS_HAS("one guard page, always");
  begin();
  sigset_t mask;
  sigemptyset(&mask);
  struct libcgo_thread_attr *attr = malloc(sizeof *attr);
  *attr = (struct libcgo_thread_attr)LIBCGO_THREAD_ATTR_INIT;
  strcpy(name_to_give, "first");
  attr->name = name_to_give;
  attr->signal_mask = &mask;
  ck_assert_int_eq(
      libcgo_thread_create(&kit, kit_record(), attr, look_at_name, NULL, NULL),
      0);
  memset(attr, 0x5a, sizeof *attr);
  free(attr);
  strcpy(name_to_give, "second");
  memset(&mask, 0x5a, sizeof mask);
  kit_wait(KIT_LEAVE, 1);
  ck_assert_int_eq(strcmp(seen_name, "first"), 0);
}

static sigset_t seen_mask;

static void look_at_mask(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  pthread_sigmask(SIG_SETMASK, NULL, &seen_mask);
}

static void assert_blocked(const sigset_t *mask, int one, int other) {
  for (int sig = 1; sig < SIGRTMIN; sig++)
    ck_assert_msg(sigismember(mask, sig) == (sig == one || sig == other),
                  "signal %d", sig);
}

TEST(fn_runs_with_the_signal_mask_that_was_asked_for) {
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigaddset(&mask, SIGHUP);
  attr.signal_mask = &mask;
  kit_run(&attr, look_at_mask, NULL);
  assert_blocked(&seen_mask, SIGUSR1, SIGHUP);
}

TEST(fn_runs_with_the_signal_mask_of_the_creator_by_default) {
  begin();
  sigset_t mask, before;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigaddset(&mask, SIGTERM);
  pthread_sigmask(SIG_SETMASK, &mask, &before);
  kit_run(NULL, look_at_mask, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  assert_blocked(&seen_mask, SIGUSR2, SIGTERM);
}

TEST(the_creator_keeps_its_signal_mask) {
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  sigset_t mask, before, after;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigaddset(&mask, SIGTERM);
  pthread_sigmask(SIG_SETMASK, &mask, &before);
  attr.signal_mask = &before;
  kit_run(&attr, kit_nothing, NULL);
  attr.stack_size = 1; /* refused */
  struct libcgo_thread record = LIBCGO_THREAD_INIT;
  ck_assert_int_eq(libcgo_thread_create(&kit, &record, &attr, note, NULL, NULL),
                   EINVAL);
  pthread_sigmask(SIG_SETMASK, &before, &after);
  assert_blocked(&after, SIGUSR2, SIGTERM);
}

TEST(the_creator_keeps_its_errno) {
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_thread *record = kit_record();
  errno = 12345;
  attr.stack_size = 1;
  libcgo_thread_create(&kit, record, &attr, note, NULL, NULL);
  ck_assert_int_eq(errno, 12345);
  attr.stack_size = 0;
  attr.signal_stack_size = SIZE_MAX - (8u << 20);
  libcgo_thread_create(&kit, record, &attr, note, NULL, NULL);
  ck_assert_int_eq(errno, 12345);
  libcgo_thread_create(&kit, record, NULL, note, NULL, NULL);
  kit_wait(KIT_LEAVE, 1);
  ck_assert_int_eq(errno, 12345);
}

/* ---- CPUs ---- */

static cpu_set_t seen_cpus;

static void look_at_cpus(struct libcgo_thread *thread, void *arg) {
  note(thread, arg);
  sched_getaffinity(0, sizeof seen_cpus, &seen_cpus);
}

/* A sandbox may refuse to tell or to set them; or there are more than the set has. */
#define NEEDS_CPU_SETS()                                                       \
  do {                                                                         \
    cpu_set_t own_;                                                            \
    if (sched_getaffinity(0, sizeof own_, &own_) != 0 ||                       \
        sched_setaffinity(0, sizeof own_, &own_) != 0)                         \
      SKIP("the system does not tell or set a thread's CPUs here");            \
  } while (0)

TEST(a_thread_runs_on_the_cpus_that_were_asked_for) {
  NEEDS_CPU_SETS();
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  cpu_set_t before, one, after;
  ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &before))
      CPU_SET(i, &one);
  attr.cpus = &one;
  attr.cpus_size = sizeof one;
  kit_run(&attr, look_at_cpus, NULL);
  ck_assert(CPU_EQUAL(&seen_cpus, &one));
  ck_assert_int_eq(sched_getaffinity(0, sizeof after, &after), 0);
  ck_assert(CPU_EQUAL(&after, &before));
  assert_counts(1, 1);
}

/* A call that is refused has called nothing, and the record is as it was. */
static void assert_refused(struct libcgo_runtime *runtime,
                           const struct libcgo_thread_attr *attr, int err) {
  static const struct libcgo_thread fresh = LIBCGO_THREAD_INIT;
  struct libcgo_thread record = fresh;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  begin();
  ck_assert_int_eq(
      libcgo_thread_create(runtime, &record, attr, note, NULL, &limit), err);
  wait_for_other_threads();
  ck_assert_int_eq(calls, 0);
  assert_counts(0, 0);
  ck_assert_int_eq(memcmp(&record, &fresh, sizeof record), 0);
}

TEST(a_set_of_no_cpu_is_refused) {
  NEEDS_CPU_SETS();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  cpu_set_t none;
  CPU_ZERO(&none);
  attr.cpus = &none;
  attr.cpus_size = sizeof none;
  attr.signal_stack_size = 1 << 16;
  assert_refused(&kit, &attr, EINVAL);
}

TEST(a_set_of_cpus_that_cannot_be_read_is_refused) {
  NEEDS_CPU_SETS();
  WINDOWS_HAS("no check of the address");
  if (under_valgrind())
    SKIP("valgrind reports the address");
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.cpus = (const void *)16; /* no process has memory there */
  attr.cpus_size = sizeof(cpu_set_t);
  assert_refused(&kit, &attr, EFAULT);
}

/* In KiB. Of 200 signal stacks of 16 MiB, 3,200 MiB would stay; malloc's arenas
   may take as many MiB as this, 64 for each of a few threads. */
static long long address_space(void) { return proc_status("VmSize:"); }
enum { enough_for_arenas = 1600 << 10 };

TEST(a_thread_that_is_refused_its_cpus_leaves_nothing) {
  NEEDS_CPU_SETS();
  if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
    SKIP("the tool's own memory would be measured");
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  cpu_set_t none;
  CPU_ZERO(&none);
  attr.cpus = &none;
  attr.cpus_size = sizeof none;
  attr.signal_stack_size = 16 << 20;
  const long long before = address_space();
  for (int i = 0; i < 200; i++)
    assert_refused(&kit, &attr, EINVAL);
  ck_assert_int_lt(address_space() - before, enough_for_arenas);
}

/* ---- bad input ---- */

TEST(a_stack_size_that_the_system_refuses_is_refused) {
  WINDOWS_HAS("a larger stack for each size that is too small");
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.stack_size = 1;
  assert_refused(&kit, &attr, EINVAL);
}

TEST(cpus_without_a_size_and_a_size_without_cpus_are_refused) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  cpu_set_t some;
  memset(&some, 0xff, sizeof some);
  attr.cpus = &some;
  assert_refused(&kit, &attr, EINVAL);
  attr.cpus = NULL;
  attr.cpus_size = sizeof some;
  assert_refused(&kit, &attr, EINVAL);
}

TEST(small_attributes_and_unknown_ones_are_refused) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.size -= 1;
  assert_refused(&kit, &attr, EINVAL);
  attr.size += 1;
  attr.version += 1;
  assert_refused(&kit, &attr, ENOTSUP);
}

TEST(a_thread_s_record_that_is_missing_small_or_unknown_is_refused) {
  begin();
  struct libcgo_thread record = LIBCGO_THREAD_INIT;
  ck_assert_int_eq(libcgo_thread_create(&kit, NULL, NULL, note, NULL, NULL),
                   EINVAL);
  record.size = offsetof(struct libcgo_thread, poll) - 1;
  ck_assert_int_eq(libcgo_thread_create(&kit, &record, NULL, note, NULL, NULL),
                   EINVAL);
  record.size = sizeof record;
  record.version += 1;
  ck_assert_int_eq(libcgo_thread_create(&kit, &record, NULL, note, NULL, NULL),
                   ENOTSUP);
  ck_assert_int_eq(calls, 0);
  assert_counts(0, 0);
}

TEST(a_missing_function_is_refused) {
  begin();
  struct libcgo_thread record = LIBCGO_THREAD_INIT;
  ck_assert_int_eq(libcgo_thread_create(&kit, &record, NULL, NULL, NULL, NULL),
                   EINVAL);
  assert_counts(0, 0);
}

TEST(a_small_record_of_a_limit_is_refused) {
  begin();
  struct libcgo_thread record = LIBCGO_THREAD_INIT;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  /* Not sizeof: where 64-bit numbers are aligned to 8 bytes, and words are 4, the
     record ends in bytes that nobody uses. */
  limit.size = offsetof(struct libcgo_limit, remedy) + sizeof limit.remedy - 1;
  ck_assert_int_eq(libcgo_thread_create(&kit, &record, NULL, note, NULL, &limit),
                   EINVAL);
  assert_counts(0, 0);
}

TEST(larger_records_of_a_later_client_are_accepted) {
  begin();
  struct {
    struct libcgo_thread_attr attr;
    uintptr_t more[4];
  } attr = {LIBCGO_THREAD_ATTR_INIT, {1, 2, 3, 4}};
  static struct {
    struct libcgo_thread thread;
    uintptr_t more[32];
  } record = {LIBCGO_THREAD_INIT, {0}};
  struct {
    struct libcgo_limit limit;
    uintptr_t more[4];
  } limit = {LIBCGO_LIMIT_INIT, {1, 2, 3, 4}};
  attr.attr.size = sizeof attr;
  record.thread.size = sizeof record;
  limit.limit.size = sizeof limit;
  attr.attr.stack_size = (SIZE_MAX - (8u << 20)) & ~(size_t)4095;
  /* No system has so much memory; what it says of that differs. */
  const int err = libcgo_thread_create(&kit, &record.thread, &attr.attr, note,
                                       NULL, &limit.limit);
  ck_assert(err == EAGAIN || err == EINVAL);
  attr.attr.stack_size = 1 << 20;
  ck_assert_int_eq(libcgo_thread_create(&kit, kit_record(), &attr.attr, note,
                                        NULL, &limit.limit),
                   0);
  kit_wait(KIT_LEAVE, 1);
  ck_assert_int_eq(calls, 1);
  for (int i = 0; i < 4; i++) {
    ck_assert_uint_eq(limit.more[i], i + 1);
    ck_assert_uint_eq(record.more[i], 0);
  }
}

/* ---- alternate signal stacks ---- */

static stack_t seen_stack;
static int stack_guarded;

static void look_at_signal_stack(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  if (sigaltstack(NULL, &seen_stack) != 0)
    abort();
  if ((seen_stack.ss_flags & SS_DISABLE) == 0)
    stack_guarded = !readable((uintptr_t)seen_stack.ss_sp - 1) &&
                    !readable((uintptr_t)seen_stack.ss_sp - 4096) &&
                    readable((uintptr_t)seen_stack.ss_sp);
}

static void assert_signal_stack(size_t least) {
  ck_assert_int_eq(seen_stack.ss_flags & SS_DISABLE, 0);
  ck_assert_uint_le(least, seen_stack.ss_size);
  ck_assert_uint_le(seen_stack.ss_size, least + (size_t)sysconf(_SC_PAGESIZE));
  ck_assert(stack_guarded);
}

TEST(a_thread_has_the_signal_stack_of_the_runtime_with_a_guard) {
  WINDOWS_HAS("no signal stacks");
  begin();
  kit.signal_stack_size = 1 << 16;
  kit_run(NULL, look_at_signal_stack, NULL);
  assert_signal_stack(1 << 16);
}

TEST(a_thread_has_the_signal_stack_that_was_asked_for_with_a_guard) {
  WINDOWS_HAS("no signal stacks");
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  kit.signal_stack_size = 1 << 16;
  attr.signal_stack_size = 1 << 18;
  kit_run(&attr, look_at_signal_stack, NULL);
  assert_signal_stack(1 << 18);
}

TEST(a_signal_stack_is_not_smaller_than_the_system_needs) {
  WINDOWS_HAS("no signal stacks");
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.signal_stack_size = 1;
  kit_run(&attr, look_at_signal_stack, NULL);
  ck_assert_uint_le(2048, seen_stack.ss_size);
}

TEST(a_thread_without_a_signal_stack_has_none) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer installs one of its own");
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  kit_run(NULL, look_at_signal_stack, NULL);
  ck_assert_int_eq(seen_stack.ss_flags & SS_DISABLE, SS_DISABLE);
  kit.signal_stack_size = 1 << 16;
  attr.signal_stack_size = LIBCGO_NO_SIGNAL_STACK;
  kit_run(&attr, look_at_signal_stack, NULL);
  ck_assert_int_eq(seen_stack.ss_flags & SS_DISABLE, SS_DISABLE);
}

TEST(a_signal_stack_is_given_back_when_the_thread_ends) {
  if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
    SKIP("the tool's own memory would be measured");
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.signal_stack_size = 16 << 20;
  const long long before = address_space();
  for (int i = 0; i < 400; i++)
    kit_run(&attr, i % 2 ? kit_nothing : exit_thread, NULL);
  wait_for_other_threads();
  ck_assert_int_lt(address_space() - before, enough_for_arenas);
}

TEST(without_memory_for_the_signal_stack_the_answer_is_ENOMEM) {
  WINDOWS_HAS("no signal stacks");
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.signal_stack_size = SIZE_MAX - (8u << 20);
  assert_refused(&kit, &attr, ENOMEM);
  attr.signal_stack_size = SIZE_MAX - 1;
  assert_refused(&kit, &attr, ENOMEM);
}

TEST(a_thread_that_is_refused_leaves_no_memory) {
  if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
    SKIP("the tool's own memory would be measured");
  begin();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_thread record = LIBCGO_THREAD_INIT;
  /* An emulator looks 10 ms for memory that there is not. */
  const char *emulator = getenv("TEST_EMU");
  const int rounds = emulator != NULL && emulator[0] != '\0' ? 2000 : 20000;
  const long long before = proc_status("VmRSS:");
  for (int i = 0; i < rounds; i++) {
    attr.stack_size = i % 2;
    attr.signal_stack_size = i % 2 ? 1 : SIZE_MAX - (8u << 20);
    ck_assert_int_eq(libcgo_thread_create(&kit, &record, &attr, note, NULL, NULL),
                     i % 2 ? EINVAL : ENOMEM);
  }
  ck_assert_int_lt(proc_status("VmRSS:") - before, 1024);
  assert_counts(0, 0);
}

/* ---- a limit as text ---- */

TEST(a_limit_is_told_with_its_numbers_and_its_remedy) {
  const struct libcgo_limit limit = {sizeof limit, 0,         64,        63,
                                     "RLIMIT_X",   "threads", "raise it"};
  char text[256];
  const char *expected = "RLIMIT_X is 64, in use are 63 threads: raise it";
  ck_assert_uint_eq(libcgo_limit_text(&limit, text, sizeof text),
                    strlen(expected));
  ck_assert_int_eq(strcmp(text, expected), 0);
}

TEST(a_limit_has_all_numbers_of_64_bits) {
  const struct libcgo_limit limit = {
      sizeof limit, 0, ULLONG_MAX, 1ull << 63, "RLIMIT_X", "bytes", "raise it"};
  char text[256];
  libcgo_limit_text(&limit, text, sizeof text);
  ck_assert_int_eq(strcmp(text, "RLIMIT_X is 18446744073709551615, in use are "
                                "9223372036854775808 bytes: raise it"),
                   0);
}

TEST(a_limit_s_text_is_cut_to_the_buffer) {
  const struct libcgo_limit limit = {sizeof limit, 0,         64,        63,
                                     "RLIMIT_X",   "threads", "raise it"};
  char whole[256], text[256];
  const size_t length = libcgo_limit_text(&limit, whole, sizeof whole);
  for (size_t size = 0; size < length + 3; size++) {
    memset(text, '#', sizeof text);
    ck_assert_uint_eq(libcgo_limit_text(&limit, text, size), length);
    const size_t kept = size == 0 ? 0 : size <= length ? size - 1 : length;
    ck_assert_int_eq(memcmp(text, whole, kept), 0);
    if (size != 0)
      ck_assert_int_eq(text[kept], '\0');
    ck_assert_int_eq(text[size == 0 ? 0 : kept + 1], '#');
  }
  ck_assert_uint_eq(libcgo_limit_text(&limit, NULL, 0), length);
}

TEST(a_limit_that_was_not_found_says_so) {
  const struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  char text[256];
  libcgo_limit_text(&limit, text, sizeof text);
  ck_assert_int_eq(strcmp(text, "which limit was hit could not be found out"), 0);
  ck_assert_uint_gt(libcgo_limit_text(NULL, text, sizeof text), 0);
}

/* ---- fork ---- */

static int create_in_child(void) {
  libcgo_thread_create(&kit, kit_record(), NULL, note, NULL, NULL);
  kit_wait(KIT_LEAVE, 2);
  return calls == 2 && kit_count(KIT_WRONG) == 0 ? 0 : 1;
}

TEST(a_forked_child_creates_threads) {
  begin();
  kit_run(NULL, note, NULL);
  wait_for_other_threads();
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(60); /* if it hangs */
    _exit(create_in_child());
  }
  int status = -1;
  waitpid(child, &status, 0);
  ck_assert_int_eq(status, 0);
}

static int own_thread_in_child(struct libcgo_thread *thread) {
  if (kit_current() != thread || libcgo_callback(&kit, note, NULL) != 0)
    return 1;
  if (seen_record != thread)
    return 2;
  if (libcgo_thread_create(&kit, kit_record(), NULL, note, NULL, NULL) != 0)
    return 3;
  kit_wait(KIT_LEAVE, 1);
  return kit_count(KIT_WRONG) == 0 ? 0 : 4;
}

static void fork_in_thread(struct libcgo_thread *thread, void *status) {
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(60);
    _exit(own_thread_in_child(thread));
  }
  waitpid(child, status, 0);
}

TEST(a_thread_that_forks_goes_on_in_the_child) {
  if (UNDER_TSAN)
    SKIP("the thread sanitizer lets no child of several threads start one");
  begin();
  int status = -1;
  kit_run(NULL, fork_in_thread, &status);
  ck_assert_int_eq(status, 0);
  assert_counts(1, 1);
}

/* ---- signals ---- */

static atomic_int storm_on, handled, handled_early, run;

/* Which of the two threads that only watch this one is not; and whether it has entered,
   or else it is early. */
static _Thread_local int watches, entered;

static void note_signal(int sig) {
  (void)sig;
  if (watches)
    return;
  atomic_fetch_add(&handled, 1);
  if (!entered)
    atomic_fetch_add(&handled_early, 1);
}

static void note_entered(struct libcgo_thread *thread) {
  (void)thread;
  entered = 1;
}

static void *storm(void *unused) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  while (atomic_load(&storm_on))
    kill(getpid(), SIGUSR1);
  return unused;
}

static void count_run(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  atomic_fetch_add(&run, 1);
}

static void create_many(struct libcgo_thread *thread, void *count) {
  (void)thread;
  watches = 1;
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
  const int n = *(int *)count;
  for (int i = 0; i < n; i++) {
    if (libcgo_thread_create(&kit, kit_record(), NULL, count_run, NULL, NULL) != 0)
      return;
    while (atomic_load(&run) < i - 50)
      sched_yield();
  }
  while (atomic_load(&run) < n)
    sched_yield();
}

/* qemu-i386 7.2 loads %gs from a table that all threads share when a handler
   returns: the thread then has the variables of the youngest one. */
static void ignore_signal(int sig) { (void)sig; }

/* A compiler may keep the thread pointer in a register, but not across this. */
__attribute__((noinline)) static int watches_now(void) {
  __asm__ volatile("");
  return watches;
}

static void *wait_here(void *barrier) {
  pthread_barrier_wait(barrier);
  for (;;)
    pause();
  return NULL;
}

static void lose_variables(void *unused) {
  (void)unused;
  pthread_t thread;
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, 2);
  if (pthread_create(&thread, NULL, wait_here, &barrier) != 0)
    _exit(1);
  pthread_barrier_wait(&barrier);
  watches = 1;
  signal(SIGUSR2, ignore_signal);
  raise(SIGUSR2);
  if (!watches_now())
    kill(getpid(), SIGKILL);
}

TEST(no_signal_arrives_before_enter) {
  if (under_valgrind())
    SKIP("valgrind delivers signals at times of its own");
  char output[64];
  if (run_to_death(lose_variables, NULL, output, sizeof output) != 0)
    SKIP("this system (an emulator) loses the thread pointer when a signal "
         "handler returns");
  begin();
  kit_behaviour.in_enter = note_entered;
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
  int count = 10000;
  kit_run(NULL, create_many, &count);
  kit_wait(KIT_LEAVE, count + 1);
  atomic_store(&storm_on, 0);
  pthread_join(stormer, NULL);
  ck_assert_int_eq(atomic_load(&run), count);
  ck_assert_int_eq(atomic_load(&handled_early), 0);
  printf("# %d signals in %d new threads\n", atomic_load(&handled), count);
  ck_assert_int_gt(atomic_load(&handled), 0); /* it must have been a storm */
}

/* ---- what stays behind ---- */

static void create_and_finish(int count) {
  atomic_store(&run, 0);
  const int before = kit_count(KIT_LEAVE);
  for (int i = 0; i < count; i++) {
    ck_assert_int_eq(
        libcgo_thread_create(&kit, kit_record(), NULL, count_run, NULL, NULL), 0);
    kit_wait(KIT_LEAVE, before + i - 20);
  }
  kit_wait(KIT_LEAVE, before + count);
  wait_for_other_threads();
  ck_assert_int_eq(atomic_load(&run), count);
}

TEST(twenty_thousand_threads_leave_nothing) {
  if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
    SKIP("the tool's own memory would be measured");
  const char *emulator = getenv("TEST_EMU");
  if (emulator != NULL && emulator[0] != '\0')
    SKIP("an emulator's own memory would be measured");
  const char *count = getenv("LIBCGO_TEST_THREADS");
  begin();
  kit.signal_stack_size = 1 << 14;
  create_and_finish(1000);
  const long long before = proc_status("VmRSS:");
  create_and_finish(count != NULL ? atoi(count) : 20000);
  const long long more = proc_status("VmRSS:") - before;
  printf("# resident: %lld KiB more\n", more);
  ck_assert_int_lt(more, 1024); /* 64 bytes a thread would be 1,250 KiB */
}

int main(void) {
  suite_begin("thread");
  ADD_TEST(fn_gets_the_record_and_the_argument);
  ADD_TEST(enter_comes_before_fn_and_leave_after_it);
  ADD_TEST(a_thread_of_the_runtime_calls_back_with_its_own_record);
  ADD_TEST(hooks_run_with_signals_held);
  ADD_TEST(a_thread_leaves_at_pthread_exit);
  ADD_TEST(a_thread_leaves_at_pthread_exit_in_a_callback);
  ADD_TEST(a_thread_leaves_when_it_is_cancelled);
  ADD_TEST(the_record_may_be_freed_in_leave);
  ADD_TEST(a_record_may_be_used_again_as_it_is);
  ADD_TEST(a_thread_has_the_stack_size_that_was_asked_for);
  ADD_TEST(a_guard_is_not_taken_out_of_the_stack);
  ADD_TEST(a_thread_has_the_guard_size_that_was_asked_for);
  ADD_TEST(a_thread_has_a_guard_by_default);
  ADD_TEST(a_thread_without_a_guard_has_none);
  ADD_TEST(a_thread_has_its_name_cut_to_what_the_system_holds);
  ADD_TEST(the_attributes_are_the_caller_s_again_when_the_call_returns);
  ADD_TEST(fn_runs_with_the_signal_mask_that_was_asked_for);
  ADD_TEST(fn_runs_with_the_signal_mask_of_the_creator_by_default);
  ADD_TEST(the_creator_keeps_its_signal_mask);
  ADD_TEST(the_creator_keeps_its_errno);
  ADD_TEST(a_thread_runs_on_the_cpus_that_were_asked_for);
  ADD_TEST(a_set_of_no_cpu_is_refused);
  ADD_TEST(a_set_of_cpus_that_cannot_be_read_is_refused);
  ADD_TEST(a_thread_that_is_refused_its_cpus_leaves_nothing);
  ADD_TEST(a_stack_size_that_the_system_refuses_is_refused);
  ADD_TEST(cpus_without_a_size_and_a_size_without_cpus_are_refused);
  ADD_TEST(small_attributes_and_unknown_ones_are_refused);
  ADD_TEST(a_thread_s_record_that_is_missing_small_or_unknown_is_refused);
  ADD_TEST(a_missing_function_is_refused);
  ADD_TEST(a_small_record_of_a_limit_is_refused);
  ADD_TEST(larger_records_of_a_later_client_are_accepted);
  ADD_TEST(a_thread_has_the_signal_stack_of_the_runtime_with_a_guard);
  ADD_TEST(a_thread_has_the_signal_stack_that_was_asked_for_with_a_guard);
  ADD_TEST(a_signal_stack_is_not_smaller_than_the_system_needs);
  ADD_TEST(a_thread_without_a_signal_stack_has_none);
  ADD_TEST(a_signal_stack_is_given_back_when_the_thread_ends);
  ADD_TEST(without_memory_for_the_signal_stack_the_answer_is_ENOMEM);
  ADD_TEST(a_thread_that_is_refused_leaves_no_memory);
  ADD_TEST(a_limit_is_told_with_its_numbers_and_its_remedy);
  ADD_TEST(a_limit_has_all_numbers_of_64_bits);
  ADD_TEST(a_limit_s_text_is_cut_to_the_buffer);
  ADD_TEST(a_limit_that_was_not_found_says_so);
  ADD_TEST(a_forked_child_creates_threads);
  ADD_TEST(a_thread_that_forks_goes_on_in_the_child);
  ADD_TEST(no_signal_arrives_before_enter);
  ADD_TEST(twenty_thousand_threads_leave_nothing);
  return suite_run();
}
