/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world: parked calls, stops, handshakes, visits, segments, and the end of a runtime.
 *
 * LIBCGO_TEST_WORLD=1 in the environment: as many calls and stops as the library is said to
 * hold, 1,000,000 and 10,000, and 1,000 runtimes that are closed. Else a part of it.
 */
#undef _FORTIFY_SOURCE /* its longjmp knows one stack for each thread */
#include "support/harness.h"
#include "support/stacks.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#undef near
#undef far
#else
#include <sys/wait.h>
#endif
#if defined(__linux__) && defined(__has_include)
#if __has_include(<linux/seccomp.h>) && __has_include(<linux/filter.h>)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#ifdef SYS_membarrier
#define HAVE_FILTER 1
#endif
#endif
#endif
#include <unistd.h>

/* ---- a runtime whose records are freed where the library says so ---- */

static _Thread_local struct libcgo_thread *self;
static int left, released;

static int add(int *count, int n) {
  return __atomic_add_fetch(count, n, __ATOMIC_SEQ_CST);
}
static int get(int *count) { return __atomic_load_n(count, __ATOMIC_SEQ_CST); }
static void set(int *count, int n) {
  __atomic_store_n(count, n, __ATOMIC_SEQ_CST);
}
static void wait_for(int *count, int n) {
  while (get(count) < n)
    sched_yield();
}

/* After a close, records of threads that are attached still are the client's: here a leak
   checker finds them. */
static struct libcgo_thread *last_made[4096];
static unsigned number_made;

static struct libcgo_thread *new_record(void) {
  struct libcgo_thread *t = malloc(sizeof *t);
  const unsigned n = __atomic_fetch_add(&number_made, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&last_made[n % 4096], t, __ATOMIC_RELAXED);
  if (t == NULL)
    abort();
  *t = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  return t;
}
static void drop_record(struct libcgo_thread *t) {
  memset(t, 0x5a, sizeof *t);
  free(t);
}

static void enter(struct libcgo_thread *t) { self = t; }
static void (*in_leave)(struct libcgo_thread *t);
static void leave(struct libcgo_thread *t) {
  const int own = t->data != NULL;
  if (in_leave != NULL)
    in_leave(t);
  self = NULL;
  if (own)
    drop_record(t);
  add(&left, 1);
}
static struct libcgo_thread *acquire(struct libcgo_runtime *r) {
  (void)r;
  return new_record();
}
static void release(struct libcgo_thread *t) {
  drop_record(t);
  add(&released, 1);
}
static struct libcgo_thread *current(const struct libcgo_runtime *r) {
  return self != NULL && self->runtime == r ? self : NULL;
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);

static struct libcgo_runtime world;
#define FOREVER UINT64_MAX
#define MS 1000000u

static void begin_runtime(struct libcgo_runtime *r) {
  *r = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  r->flags = LIBCGO_WORLD;
  ck_assert_int_eq(libcgo_init_begin(&r->init), 0);
  ck_assert_int_eq(libcgo_init_done(&r->init), 0);
}

/* Returns 0 where there is no world on this port. */
static int begin(void) {
  begin_runtime(&world);
  set(&left, 0);
  set(&released, 0);
  in_leave = NULL;
  return libcgo_world_stop(&world, FOREVER, NULL) == 0 &&
         libcgo_world_start(&world) == 0;
}
#define BEGIN()                                                                \
  do {                                                                         \
    if (!begin())                                                              \
      SKIP("this port has no world yet");                                      \
  } while (0)

static void create(void (*fn)(struct libcgo_thread *t, void *arg), void *arg) {
  struct libcgo_thread *t = new_record();
  t->data = t;
  ck_assert_int_eq(libcgo_thread_create(&world, t, NULL, fn, arg, NULL), 0);
}

static void stop(void) {
  ck_assert_int_eq(libcgo_world_stop(&world, FOREVER, NULL), 0);
}
static void start(void) { ck_assert_int_eq(libcgo_world_start(&world), 0); }

/* So that what may not happen yet would. */
static void be_slow(void) {
  for (int i = 0; i < 1000; i++)
    sched_yield();
}

static int whole(void) { return getenv("LIBCGO_TEST_WORLD") != NULL; }

static uintptr_t plus_one(void *arg) { return (uintptr_t)arg + 1; }

static uintptr_t wait_in_c(void *flag) {
  wait_for(flag, 1);
  return 7;
}

/* ---- one thread ---- */

static int ready, go, done, wrong;

static void begin_flags(void) {
  set(&ready, 0);
  set(&go, 0);
  set(&done, 0);
  wrong = 0;
}

static void spin_managed(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  set(&ready, 1);
  while (!get(&go))
    sched_yield();
}

TEST(a_managed_thread_is_late_and_named) {
  BEGIN();
  begin_flags();
  struct libcgo_thread *t = new_record(), *late = NULL;
  t->data = t;
  ck_assert_int_eq(
      libcgo_thread_create(&world, t, NULL, spin_managed, NULL, NULL), 0);
  wait_for(&ready, 1);
  ck_assert_int_eq(libcgo_world_stop(&world, 5 * MS, &late), ETIMEDOUT);
  ck_assert_ptr_eq(late, t);
  ck_assert_int_eq(libcgo_world_stop(&world, 0, NULL), ETIMEDOUT);
  ck_assert_int_eq(libcgo_world_start(&world), EPERM);
  set(&go, 1);
  wait_for(&left, 1);
  stop();
  start();
}

static void call_and_wait(struct libcgo_thread *t, void *arg) {
  (void)arg;
  set(&ready, 1);
  ck_assert_uint_eq(libcgo_call_parked(t, wait_in_c, &go), 7);
  set(&done, 1);
}

TEST(a_thread_in_a_parked_call_stops_nobody_and_waits_on_its_way_back) {
  BEGIN();
  begin_flags();
  create(call_and_wait, NULL);
  wait_for(&ready, 1);
  stop();
  set(&go, 1);
  be_slow();
  ck_assert_int_eq(get(&done), 0);
  start();
  wait_for(&done, 1);
  wait_for(&left, 1);
}

static void unpark_after_go(struct libcgo_thread *t, void *arg) {
  (void)arg;
  libcgo_park(t);
  libcgo_park(t);
  set(&ready, 1);
  wait_for(&go, 1);
  libcgo_unpark(t);
  libcgo_unpark(t);
  set(&done, 1);
}

/* Embedders of other runtimes went on in the middle of a collection. */
TEST(unpark_waits_while_the_world_is_stopped) {
  BEGIN();
  begin_flags();
  create(unpark_after_go, NULL);
  wait_for(&ready, 1);
  stop();
  set(&go, 1);
  be_slow();
  ck_assert_int_eq(get(&done), 0);
  start();
  wait_for(&left, 1);
}

static void poll_until_go(struct libcgo_thread *t, void *arg) {
  (void)arg;
  set(&ready, 1);
  while (!get(&go)) {
    libcgo_safepoint(t);
    sched_yield();
  }
}

TEST(a_thread_stops_at_a_safepoint_and_the_word_tells_it) {
  BEGIN();
  begin_flags();
  struct libcgo_thread *t = new_record();
  t->data = t;
  ck_assert_int_eq(
      libcgo_thread_create(&world, t, NULL, poll_until_go, NULL, NULL), 0);
  wait_for(&ready, 1);
  uint32_t *const word =
      (uint32_t *)(void *)((char *)t + LIBCGO_THREAD_POLL_OFFSET);
  ck_assert_uint_eq(__atomic_load_n(word, __ATOMIC_ACQUIRE), 0);
  stop();
  ck_assert_uint_ne(__atomic_load_n(word, __ATOMIC_ACQUIRE), 0);
  start();
  ck_assert_uint_eq(__atomic_load_n(word, __ATOMIC_ACQUIRE), 0);
  set(&go, 1);
  wait_for(&left, 1);
}

static uint32_t poll_of(struct libcgo_thread *t) {
  return __atomic_load_n(&t->poll, __ATOMIC_ACQUIRE);
}

static void end_soon(struct libcgo_thread *t, void *arg);

static void return_when_asked(struct libcgo_thread *t, void *arg) {
  (void)arg;
  set(&ready, 1);
  while (poll_of(t) == 0)
    sched_yield();
}
static void reach_a_safepoint(struct libcgo_thread *t, void *arg) {
  (void)arg;
  libcgo_safepoint(t);
}
static void call_back_twice(struct libcgo_thread *t) {
  (void)t;
  ck_assert_int_eq(libcgo_callback(&world, return_when_asked, NULL), 0);
  set(&done, 1);
  wait_for(&go, 1);
  ck_assert_int_eq(libcgo_callback(&world, reach_a_safepoint, NULL), 0);
}

TEST(a_leaving_thread_is_not_asked_after_the_world_has_started) {
  BEGIN();
  begin_flags();
  in_leave = call_back_twice;
  static long touched[16];
  create(end_soon, touched);
  wait_for(&ready, 1);
  stop();
  wait_for(&done, 1);
  start();
  set(&go, 1);
  wait_for(&left, 1);
}

static void *attach_and_do_nothing(void *record) {
  ck_assert_int_eq(libcgo_attach(&world, (struct libcgo_thread **)record), 0);
  set(&ready, 1);
  wait_for(&go, 1);
  return NULL;
}

/* In other runtimes a thread that was adopted, and then did nothing, hung the end. */
TEST(an_attached_thread_that_does_nothing_stops_nobody) {
  BEGIN();
  begin_flags();
  pthread_t thread;
  struct libcgo_thread *record;
  pthread_create(&thread, NULL, attach_and_do_nothing, &record);
  wait_for(&ready, 1);
  stop();
  start();
  ck_assert_int_eq(libcgo_runtime_close(&world, FOREVER), 0);
  drop_record(record);
  set(&go, 1);
  pthread_join(thread, NULL);
  ck_assert_int_eq(get(&left), 0);
}

static void stop_in_callback(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  stop();
  start();
  set(&done, 1);
}

static void *call_back(void *arg) {
  (void)arg;
  ck_assert_int_eq(libcgo_callback(&world, stop_in_callback, NULL), 0);
  return NULL;
}

static uintptr_t join_who_calls_back(void *arg) {
  (void)arg;
  pthread_t thread;
  pthread_create(&thread, NULL, call_back, NULL);
  pthread_join(thread, NULL);
  return 1;
}

static void join_parked(struct libcgo_thread *t, void *arg) {
  (void)arg;
  libcgo_call_parked(t, join_who_calls_back, NULL);
}

/* Elsewhere it hung: the thread that joins is not known to be in C. */
TEST(a_parked_thread_joins_one_that_calls_back_and_stops_the_world) {
  BEGIN();
  begin_flags();
  create(join_parked, NULL);
  wait_for(&left, 2);
  ck_assert_int_eq(get(&done), 1);
}

/* ---- turns ---- */

static int stops_made;

static void stop_often(struct libcgo_thread *t, void *arg) {
  static int inside;
  (void)t;
  for (int i = *(const int *)arg; i > 0; i--) {
    stop();
    ck_assert_int_eq(add(&inside, 1), 1);
    ck_assert_int_eq(add(&inside, -1), 0);
    start();
    add(&stops_made, 1);
  }
}

/* Elsewhere two threads that both wanted to collect waited for each other. */
TEST(a_second_stopper_waits_as_a_parked_thread) {
  BEGIN();
  const int each = whole() ? 1000 : 200;
  set(&stops_made, 0);
  for (int i = 0; i < 4; i++)
    create(stop_often, (void *)(uintptr_t)&each);
  wait_for(&left, 4);
  ck_assert_int_eq(get(&stops_made), 4 * each);
}

TEST(a_stopper_is_told_what_it_has_done_already) {
  BEGIN();
  stop();
  ck_assert_int_eq(libcgo_world_stop(&world, 0, NULL), EDEADLK);
  start();
  ck_assert_int_eq(libcgo_world_start(&world), EPERM);
}

static void only_call(struct libcgo_thread *t, void *arg) {
  ck_assert_ptr_eq(t, self);
  add(arg, 1);
}

static void stop_and_run(struct libcgo_thread *t, void *arg) {
  stop();
  ck_assert_uint_eq(libcgo_call_parked(t, plus_one, (void *)4), 5);
  libcgo_park(t);
  libcgo_unpark(t);
  libcgo_safepoint(t);
  ck_assert_int_eq(libcgo_callback(&world, only_call, arg), 0);
  start();
  ck_assert_int_eq(libcgo_callback(&world, only_call, arg), 0);
}

TEST(who_has_stopped_the_world_runs_on) {
  BEGIN();
  begin_flags();
  create(stop_and_run, &done);
  wait_for(&left, 1);
  ck_assert_int_eq(get(&done), 2);
}

/* ---- handshakes ---- */

static void note_thread(struct libcgo_thread *t, void *arg) {
  *(struct libcgo_thread **)arg = t;
}

TEST(a_handshake_runs_while_one_thread_is_stopped) {
  BEGIN();
  begin_flags();
  struct libcgo_thread *t = new_record(), *seen = NULL;
  t->data = t;
  ck_assert_int_eq(
      libcgo_thread_create(&world, t, NULL, poll_until_go, NULL, NULL), 0);
  wait_for(&ready, 1);
  for (int i = 0; i < 100; i++) {
    seen = NULL;
    ck_assert_int_eq(libcgo_handshake(&world, t, note_thread, &seen), 0);
    ck_assert_ptr_eq(seen, t);
  }
  struct libcgo_thread other = LIBCGO_THREAD_INIT;
  ck_assert_int_eq(libcgo_handshake(&world, &other, note_thread, &seen), ESRCH);
  ck_assert_int_eq(libcgo_handshake(&world, t, NULL, NULL), EINVAL);
  set(&go, 1);
  wait_for(&left, 1);
}

static struct libcgo_thread *second;
static void shake_hands_again(struct libcgo_thread *t, void *arg) {
  struct libcgo_thread *seen = NULL;
  ck_assert_int_eq(libcgo_handshake(&world, second, note_thread, &seen), EDEADLK);
  ck_assert_ptr_eq(seen, NULL);
  ck_assert_int_eq(libcgo_handshake(&world, t, note_thread, arg), 0);
}

TEST(a_handshake_in_a_handshake_is_with_the_same_thread) {
  BEGIN();
  begin_flags();
  struct libcgo_thread *first = new_record(), *seen = NULL;
  second = new_record();
  first->data = first, second->data = second;
  ck_assert_int_eq(
      libcgo_thread_create(&world, first, NULL, poll_until_go, NULL, NULL), 0);
  wait_for(&ready, 1);
  set(&ready, 0);
  ck_assert_int_eq(
      libcgo_thread_create(&world, second, NULL, poll_until_go, NULL, NULL), 0);
  wait_for(&ready, 1);
  ck_assert_int_eq(libcgo_handshake(&world, first, shake_hands_again, &seen), 0);
  ck_assert_ptr_eq(seen, first);
  stop();
  ck_assert_int_eq(libcgo_handshake(&world, second, note_thread, &seen), 0);
  ck_assert_ptr_eq(seen, second);
  start();
  set(&go, 1);
  wait_for(&left, 2);
}

static void let_it_detach(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  set(&go, 1);
  be_slow();
  if (get(&released) != 0)
    add(&wrong, 1);
}
static void *attach_and_detach(void *record) {
  ck_assert_int_eq(libcgo_attach(&world, (struct libcgo_thread **)record), 0);
  set(&ready, 1);
  wait_for(&go, 1);
  ck_assert_int_eq(libcgo_detach(&world), 0);
  return NULL;
}

TEST(a_handshake_in_a_stopped_world_keeps_its_thread_from_ending) {
  BEGIN();
  begin_flags();
  struct libcgo_thread *record;
  pthread_t thread;
  pthread_create(&thread, NULL, attach_and_detach, &record);
  wait_for(&ready, 1);
  stop();
  ck_assert_int_eq(libcgo_handshake(&world, record, let_it_detach, NULL), 0);
  wait_for(&released, 1); /* it is no handshake any more */
  start();
  pthread_join(thread, NULL);
  ck_assert_int_eq(wrong, 0);
}

/* ---- helpers ---- */

static int count_one(struct libcgo_thread *t, void *arg) {
  (void)t;
  ++*(int *)arg;
  return 0;
}

static int helper_comes;
static void *help(void *arg) {
  set(&helper_comes, 1);
  ck_assert_int_eq(libcgo_threads_visit(&world, count_one, arg), 0);
  set(&done, 1);
  return NULL;
}
static void *stop_and_be_helped(void *arg) {
  (void)arg;
  stop();
  wait_for(&done, 1);
  start();
  return NULL;
}

TEST(a_helper_that_comes_before_all_are_parked_need_not_wait_for_the_start) {
  BEGIN();
  begin_flags();
  set(&helper_comes, 0);
  struct libcgo_thread *t = new_record();
  t->data = t;
  ck_assert_int_eq(
      libcgo_thread_create(&world, t, NULL, spin_managed, NULL, NULL), 0);
  wait_for(&ready, 1);
  pthread_t stopper, helper;
  pthread_create(&stopper, NULL, stop_and_be_helped, NULL);
  while (poll_of(t) == 0)
    sched_yield();
  int n = 0;
  pthread_create(&helper, NULL, help, &n);
  wait_for(&helper_comes, 1);
  be_slow();
  ck_assert_int_eq(get(&done), 0);
  set(&go, 1);
  pthread_join(stopper, NULL);
  pthread_join(helper, NULL);
  wait_for(&left, 1);
  ck_assert_int_le(n, 1);
}

/* ---- many calls and many stops ---- */

enum { threads = 8 };
static struct heap {
  long touched; /* plain: a thread writes it while it is managed only */
  char apart[120];
} heap[threads];
static int stop_all, marked;
static long calls_to_make;
static long calls_made;

static void touch(struct heap *h) {
  h->touched++;
  if (__atomic_load_n(&marked, __ATOMIC_RELAXED))
    add(&wrong, 1);
}

static int counts_down(void) {
  return __atomic_sub_fetch(&calls_to_make, 1, __ATOMIC_RELAXED) >= 0;
}

static void work_by_calls(struct libcgo_thread *t, void *arg) {
  struct heap *const h = arg;
  while (counts_down()) {
    touch(h);
    if (libcgo_call_parked(t, plus_one, (void *)1) != 2)
      add(&wrong, 1);
    touch(h);
    if ((h->touched & 15) == 0)
      libcgo_safepoint(t);
    __atomic_add_fetch(&calls_made, 1, __ATOMIC_RELAXED);
  }
}

static _Thread_local jmp_buf *target_of_jump;
static uintptr_t jump_out(void *arg) {
  longjmp(*target_of_jump, 1);
  return (uintptr_t)arg;
}

static void work_by_jumps(struct libcgo_thread *t, void *arg) {
  struct heap *const h = arg;
  jmp_buf target;
  target_of_jump = &target;
  while (counts_down()) {
    touch(h);
    if (setjmp(target) == 0)
      libcgo_call_parked(t, jump_out, NULL);
    libcgo_unpark(t);
    touch(h);
    __atomic_add_fetch(&calls_made, 1, __ATOMIC_RELAXED);
  }
}

static void work_by_hand(struct libcgo_thread *t, void *arg) {
  struct heap *const h = arg;
  while (counts_down()) {
    touch(h);
    libcgo_park(t);
    libcgo_unpark(t);
    touch(h);
    __atomic_add_fetch(&calls_made, 1, __ATOMIC_RELAXED);
  }
}

static void touch_in_callback(struct libcgo_thread *t, void *arg) {
  (void)t;
  touch(arg);
}
static uintptr_t call_back_from_c(void *arg) {
  if (libcgo_callback(&world, touch_in_callback, arg) != 0)
    add(&wrong, 1);
  return 0;
}

static void work_by_callbacks(struct libcgo_thread *t, void *arg) {
  struct heap *const h = arg;
  while (counts_down()) {
    touch(h);
    libcgo_call_parked(t, call_back_from_c, h);
    touch(h);
    __atomic_add_fetch(&calls_made, 1, __ATOMIC_RELAXED);
  }
}

static void poll_until_all_stop(struct libcgo_thread *t, void *arg) {
  (void)arg;
  set(&ready, 1);
  while (!get(&stop_all)) {
    libcgo_safepoint(t);
    libcgo_call_parked(t, plus_one, NULL);
  }
}

static struct libcgo_stack stacks[threads];
static void (*work_on_small)(struct libcgo_thread *t, void *arg);
static uintptr_t run_on_small(void *arg) {
  work_on_small(self, arg);
  return 0;
}
static void work_on_stack(struct libcgo_thread *t, void *arg) {
  libcgo_call_on_stack(t, &stacks[(struct heap *)arg - heap], run_on_small, arg);
}

/* At no stop does a thread touch the heap. */
static void stop_while_they_work(void (*work)(struct libcgo_thread *, void *),
                                 int on_small) {
  const long stops = whole() ? 10000 : 300;
  const int before = get(&left);
  calls_to_make = whole() ? 1000000 : 20000;
  calls_made = 0;
  const long all = calls_to_make;
  wrong = 0;
  memset(heap, 0, sizeof heap);
  work_on_small = work;
  for (int i = 0; i < threads; i++) {
    if (on_small && stacks[i].hi == 0)
      stacks[i] = new_stack(large_bytes);
    create(on_small ? work_on_stack : work, &heap[i]);
  }
  for (long i = 0; i < stops || get(&left) < before + threads; i++) {
    stop();
    __atomic_store_n(&marked, 1, __ATOMIC_RELAXED);
    long sum = 0;
    for (int k = 0; k < threads; k++)
      sum += heap[k].touched;
    if (i % 64 == 0) {
      int n = 0;
      ck_assert_int_eq(libcgo_threads_visit(&world, count_one, &n), 0);
      ck_assert_int_le(n, threads);
      sched_yield();
    }
    for (int k = 0; k < threads; k++)
      sum -= heap[k].touched;
    ck_assert_int_eq(sum, 0);
    __atomic_store_n(&marked, 0, __ATOMIC_RELAXED);
    start();
    if (i % 8 == 0)
      sched_yield();
  }
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(calls_made, all);
  wait_for(&left, before + threads);
}

TEST(no_thread_touches_the_heap_while_the_world_is_stopped) {
  BEGIN();
  stop_while_they_work(work_by_calls, 0);
}
TEST(nor_from_small_stacks) {
  BEGIN();
  stop_while_they_work(work_by_calls, 1);
}
TEST(nor_after_jumps_out_of_parked_calls) {
  BEGIN();
  stop_while_they_work(work_by_jumps, 0);
  stop_while_they_work(work_by_jumps, 1);
}
TEST(nor_when_threads_park_by_hand) {
  BEGIN();
  stop_while_they_work(work_by_hand, 0);
}
TEST(nor_in_callbacks_from_parked_calls) {
  BEGIN();
  stop_while_they_work(work_by_callbacks, 0);
  stop_while_they_work(work_by_callbacks, 1);
}

/* ---- where the system refuses its fence ---- */

#ifdef HAVE_FILTER
/* From now on membarrier(2) is refused, as by a sandbox. */
static int refuse_membarrier(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
         syscall(SYS_membarrier, 0, 0, 0) == -1 && errno == EPERM;
}
#else
static int refuse_membarrier(void) { return 0; }
#endif

static void note_slow(struct libcgo_thread *t, void *arg) {
  *(int *)arg = t->slow != 0;
}

TEST(the_threads_make_the_fence_where_the_system_refuses_it) {
  if (!refuse_membarrier())
    SKIP("no filter of system calls here");
  BEGIN();
  int slow = 0;
  ck_assert_int_eq(libcgo_callback(&world, note_slow, &slow), 0);
  ck_assert_int_eq(slow, 1);
  ck_assert_int_eq(libcgo_detach(&world), 0);
  stop_while_they_work(work_by_calls, 1);
  stop_while_they_work(work_by_callbacks, 0);
  stop_while_they_work(work_by_hand, 0);
}

TEST(and_where_the_system_begins_to_refuse_it) {
  BEGIN();
  begin_flags();
  set(&stop_all, 0);
  create(poll_until_all_stop, NULL);
  wait_for(&ready, 1);
  stop();
  start();
  if (!refuse_membarrier())
    SKIP("no filter of system calls here");
  for (int i = 0; i < 100; i++) {
    stop();
    start();
  }
  int slow = 0;
  ck_assert_int_eq(libcgo_callback(&world, note_slow, &slow), 0);
  ck_assert_int_eq(slow, 1);
  set(&stop_all, 1);
  wait_for(&left, 1);
}

#ifdef HAVE_FILTER
static unsigned long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long long)t.tv_sec * 1000000000 +
         (unsigned long long)t.tv_nsec;
}

static pthread_t signalled;
static void do_nothing(int sig) { (void)sig; }
static void *signal_all_the_time(void *unused) {
  while (!get(&done)) {
    pthread_kill(signalled, SIGUSR1);
    usleep(1000);
  }
  return unused;
}

/* What a thread has stored before is visible to others when that time is over. */
TEST(who_stops_then_waits_for_the_stores_whatever_signals_come) {
  BEGIN();
  begin_flags();
  set(&stop_all, 0);
  create(poll_until_all_stop, NULL);
  wait_for(&ready, 1);
  int slow = 0;
  ck_assert_int_eq(libcgo_callback(&world, note_slow, &slow), 0);
  if (slow)
    SKIP("the system has no fence, or has always refused it");
  if (!refuse_membarrier())
    SKIP("no filter of system calls here");
  pthread_t sender;
  signal(SIGUSR1, do_nothing);
  signalled = pthread_self();
  ck_assert_int_eq(pthread_create(&sender, NULL, signal_all_the_time, NULL), 0);
  const unsigned long long begun = now_ns();
  errno = 12345;
  stop();
  ck_assert_int_eq(errno, 12345);
  ck_assert_uint_ge(now_ns() - begun, 20 * MS);
  start();
  set(&done, 1);
  pthread_join(sender, NULL);
  set(&stop_all, 1);
  wait_for(&left, 1);
}
#endif

static void call_back_when_told(struct libcgo_thread *t) {
  (void)t;
  int slow = 0;
  set(&done, 1);
  wait_for(&go, 1);
  if (libcgo_callback(&world, note_slow, &slow) != 0 || slow != 1)
    add(&wrong, 1);
}

TEST(and_for_a_thread_that_is_in_its_last_hook_then) {
  BEGIN();
  begin_flags();
  set(&stop_all, 0);
  create(poll_until_all_stop, NULL);
  wait_for(&ready, 1);
  in_leave = call_back_when_told;
  static long touched[16];
  create(end_soon, touched);
  wait_for(&done, 1);
  if (!refuse_membarrier())
    SKIP("no filter of system calls here");
  stop();
  start();
  set(&go, 1);
  wait_for(&left, 1);
  set(&stop_all, 1);
  wait_for(&left, 2);
  ck_assert_int_eq(wrong, 0);
}

/* ---- the loader's lock ---- */

#ifdef _WIN32
static void stop_and_start_often(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  set(&ready, 1);
  wait_for(&go, 1);
  for (int i = 0; i < 100; i++) {
    stop();
    start();
  }
  set(&done, 1);
}

/* On Windows a thread that starts or ends may have it, and the lock of the system that
   another one waits for: so who waits and wakes here must not ask for it. */
TEST(threads_stop_and_go_on_while_another_has_the_loaders_lock) {
  typedef LONG NTAPI lock_it(ULONG flags, ULONG * disposition,
                             ULONG_PTR * cookie);
  typedef LONG NTAPI unlock_it(ULONG flags, ULONG_PTR cookie);
  const HMODULE system = GetModuleHandleA("ntdll");
  lock_it *const lock =
      (lock_it *)(uintptr_t)GetProcAddress(system, "LdrLockLoaderLock");
  unlock_it *const unlock =
      (unlock_it *)(uintptr_t)GetProcAddress(system, "LdrUnlockLoaderLock");
  BEGIN();
  begin_flags();
  set(&stop_all, 0);
  create(poll_until_all_stop, NULL);
  wait_for(&ready, 1);
  set(&ready, 0);
  create(stop_and_start_often, NULL);
  wait_for(&ready, 1);
  ULONG_PTR cookie;
  ck_assert_int_eq(lock(0, NULL, &cookie), 0);
  const ULONGLONG end = GetTickCount64() + 20000;
  set(&go, 1);
  while (!get(&done) && GetTickCount64() < end)
    sched_yield();
  const int in_time = get(&done);
  unlock(0, cookie);
  ck_assert(in_time);
  set(&stop_all, 1);
  wait_for(&left, 2);
}
#endif

/* ---- threads that come and go ---- */

static uintptr_t exit_thread(void *arg) {
  if (arg == NULL)
    pthread_exit(NULL);
  return 0;
}
static uintptr_t be_cancelled(void *arg) {
  pthread_cancel(pthread_self());
  for (int i = 0; i < 1000; i++)
    pthread_testcancel();
  return (uintptr_t)arg;
}

static uintptr_t (*way_to_end)(void *arg);
static void end_in_c(struct libcgo_thread *t, void *arg) {
  touch(arg);
  libcgo_call_parked(t, way_to_end, NULL);
  abort();
}
static void end_soon(struct libcgo_thread *t, void *arg) {
  touch(arg);
  libcgo_call_parked(t, plus_one, NULL);
  touch(arg);
}

static void *call_back_once(void *arg) {
  if (libcgo_callback(&world, touch_in_callback, arg) != 0)
    add(&wrong, 1);
  return NULL;
}

#ifdef _WIN32
#define THREADS_END_IN_C 0 /* no unwinding would end the parked call */
#else
#define THREADS_END_IN_C 1
#endif

static void *come_and_go(void *unused) {
  (void)unused;
  const int rounds = whole() ? 500 : 40;
  for (int i = 0; i < rounds; i++) {
    const int before = get(&left);
    switch (THREADS_END_IN_C ? i % 3 : 1 + i % 2) {
    case 0:
      /* Cancellation leaves an address sanitizer with frames that are gone. */
      way_to_end = UNDER_ASAN || i % 2 ? exit_thread : be_cancelled;
      create(end_in_c, &heap[0]);
      break;
    case 1:
      create(end_soon, &heap[0]);
      break;
    case 2: {
      pthread_t thread;
      pthread_create(&thread, NULL, call_back_once, &heap[0]);
      pthread_join(thread, NULL);
    }
    }
    wait_for(&left, before + 1);
  }
  set(&stop_all, 1);
  return NULL;
}

TEST(threads_start_attach_and_end_in_all_ways_while_the_world_stops) {
  BEGIN();
  wrong = 0;
  set(&stop_all, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, come_and_go, NULL);
  while (!get(&stop_all)) {
    stop();
    __atomic_store_n(&marked, 1, __ATOMIC_RELAXED);
    int n = 0;
    ck_assert_int_eq(libcgo_threads_visit(&world, count_one, &n), 0);
    ck_assert_int_le(n, 1);
    __atomic_store_n(&marked, 0, __ATOMIC_RELAXED);
    start();
    sched_yield();
  }
  pthread_join(thread, NULL);
  ck_assert_int_eq(wrong, 0);
}

/* A created thread, a foreign one, and both: each is woken. */
TEST(no_thread_starts_or_attaches_while_the_world_is_stopped) {
  BEGIN();
  int ends = 0;
  for (int which = 1; which <= 3; which++) {
    const int created = which & 1, attaches = which >> 1;
    begin_flags();
    memset(heap, 0, sizeof heap);
    stop();
    pthread_t thread;
    if (created)
      create(end_soon, &heap[0]);
    if (attaches)
      pthread_create(&thread, NULL, call_back_once, &heap[1]);
    be_slow();
    int n = 0;
    ck_assert_int_eq(libcgo_threads_visit(&world, count_one, &n), 0);
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(heap[0].touched + heap[1].touched, 0);
    start();
    ends += created + attaches;
    wait_for(&left, ends);
    if (attaches)
      pthread_join(thread, NULL);
  }
}

/* ---- fork ---- */

#ifndef _WIN32
static void fork_and_look(struct libcgo_thread *t, void *arg) {
  for (int i = *(const int *)arg; i > 0; i--) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      int n = 0;
      libcgo_safepoint(t);
      if (libcgo_call_parked(t, plus_one, (void *)1) != 2 ||
          libcgo_world_stop(&world, FOREVER, NULL) != 0 ||
          libcgo_threads_visit(&world, count_one, &n) != 0 || n != 1 ||
          libcgo_world_start(&world) != 0)
        _exit(1);
      _exit(0);
    }
    int status = 0;
    libcgo_park(t);
    waitpid(child, &status, 0);
    libcgo_unpark(t);
    ck_assert_int_eq(status, 0);
  }
  set(&stop_all, 1);
}

TEST(a_child_of_fork_has_a_running_world_of_one_thread) {
  if (UNDER_TSAN)
    SKIP("a thread sanitizer and forked children with threads");
  BEGIN();
  const int forks = whole() ? 300 : 30;
  set(&stop_all, 0);
  for (int i = 0; i < 2; i++)
    create(poll_until_all_stop, NULL);
  create(fork_and_look, (void *)(uintptr_t)&forks);
  while (!get(&stop_all)) {
    stop();
    start();
    sched_yield();
  }
  wait_for(&left, 3);
}

/* Makes a child, and runs no handler of pthread_atfork(3). Sandboxes and libraries make
   such children, by the system call. */
pid_t _Fork(void) __attribute__((__weak__));

static void fork_without_handlers(struct libcgo_thread *t, void *arg) {
  (void)arg;
  libcgo_park(t);
  set(&ready, 1);
  wait_for(&go, 1);
  const pid_t child = _Fork();
  if (child == 0) {
    alarm(60);
    int n = 0;
    libcgo_unpark(t);
    if (libcgo_threads_visit(&world, count_one, &n) != 0 || n != 1 ||
        libcgo_world_stop(&world, FOREVER, NULL) != 0 ||
        libcgo_world_start(&world) != 0)
      _exit(1);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ck_assert_int_eq(status, 0);
  set(&done, 1);
  libcgo_unpark(t);
}

TEST(so_has_one_that_is_made_without_the_handlers_of_forks) {
  if (UNDER_TSAN)
    SKIP("a thread sanitizer and forked children with threads");
  if (_Fork == NULL)
    SKIP("this C library has no such call");
  BEGIN();
  begin_flags();
  create(fork_without_handlers, NULL);
  wait_for(&ready, 1);
  stop();
  set(&go, 1);
  wait_for(&done, 1);
  start();
  wait_for(&left, 1);
}

static int fork_in_visit(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  const pid_t child = fork();
  if (child == 0)
    return 0; /* goes on in the child */
  int status = 0;
  waitpid(child, &status, 0);
  ck_assert_int_eq(status, 0);
  return 1;
}

static void fork_in_a_stop(struct libcgo_thread *t, void *arg) {
  (void)arg;
  const pid_t parent = getpid();
  stop();
  const int result = libcgo_threads_visit(&world, fork_in_visit, NULL);
  if (getpid() != parent) {
    alarm(60);
    if (result != 0 || libcgo_world_start(&world) != EPERM ||
        libcgo_world_stop(&world, FOREVER, NULL) != 0 ||
        libcgo_world_start(&world) != 0)
      _exit(1);
    libcgo_safepoint(t);
    _exit(0);
  }
  ck_assert_int_eq(result, 1);
  start();
}

TEST(a_child_forked_in_a_visit_of_a_stopped_world_runs) {
  if (UNDER_TSAN)
    SKIP("a thread sanitizer and forked children with threads");
  BEGIN();
  set(&stop_all, 0);
  create(poll_until_all_stop, NULL);
  create(fork_in_a_stop, NULL);
  wait_for(&left, 1);
  set(&stop_all, 1);
  wait_for(&left, 2);
}

static int visited;
static int note_and_fork(struct libcgo_thread *t, void *arg) {
  set(&visited, 1);
  return fork_in_visit(t, arg);
}
static void visit_and_fork(struct libcgo_thread *t, void *arg) {
  (void)arg;
  const pid_t parent = getpid();
  set(&ready, 1);
  while (poll_of(t) == 0)
    sched_yield();
  const int result = libcgo_threads_visit(&world, note_and_fork, NULL);
  if (getpid() != parent)
    _exit(result != 0 || t->mode != 0);
  ck_assert_int_eq(result, 1);
}

TEST(nor_is_a_child_parked_that_a_helper_of_the_stopper_forks_in_a_visit) {
  if (UNDER_TSAN)
    SKIP("a thread sanitizer and forked children with threads");
  BEGIN();
  begin_flags();
  set(&visited, 0);
  create(visit_and_fork, NULL);
  wait_for(&ready, 1);
  stop();
  wait_for(&visited, 1);
  start();
  wait_for(&left, 1);
}

static int is_child;
static pthread_t stopping_thread;
static void fork_in_handler(int signal) {
  (void)signal;
  const int caller_errno = errno;
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    is_child = 1;
  } else {
    int status = -1;
    if (waitpid(child, &status, 0) != child || status != 0)
      add(&wrong, 1);
    set(&done, 1);
  }
  errno = caller_errno;
}
static void stop_and_be_forked(struct libcgo_thread *t, void *arg) {
  (void)arg;
  stopping_thread = pthread_self();
  const int err = libcgo_world_stop(&world, FOREVER, NULL);
  if (is_child)
    _exit(err != 0 || libcgo_world_start(&world) != 0 || t->mode != 0);
  ck_assert_int_eq(err, 0);
  start();
}

TEST(nor_one_that_a_handler_forks_while_its_thread_stops_the_world) {
  if (UNDER_TSAN)
    SKIP("a thread sanitizer and forked children with threads");
  BEGIN();
  begin_flags();
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = fork_in_handler;
  sigaction(SIGUSR1, &action, NULL);
  struct libcgo_thread *spinning = new_record();
  spinning->data = spinning;
  ck_assert_int_eq(
      libcgo_thread_create(&world, spinning, NULL, spin_managed, NULL, NULL), 0);
  wait_for(&ready, 1);
  create(stop_and_be_forked, NULL);
  while (poll_of(spinning) == 0)
    sched_yield();
  pthread_kill(stopping_thread, SIGUSR1);
  wait_for(&done, 1);
  set(&go, 1);
  wait_for(&left, 2);
  ck_assert_int_eq(wrong, 0);
}

static void fork_in_handshake(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    is_child = 1;
    return;
  }
  int status = -1;
  if (waitpid(child, &status, 0) != child || status != 0)
    add(&wrong, 1);
}

static void shake_and_be_forked(struct libcgo_thread *t, void *record) {
  for (int stops = 0; stops < 2; stops++) {
    if (stops)
      stop();
    const int err = libcgo_handshake(&world, record, fork_in_handshake, NULL);
    if (is_child)
      _exit(err != 0 || t->mode != 0 || libcgo_world_start(&world) != EPERM ||
            libcgo_world_stop(&world, FOREVER, NULL) != 0 ||
            libcgo_world_start(&world) != 0);
    ck_assert_int_eq(err, 0);
    if (stops)
      start();
  }
}

TEST(and_one_that_is_forked_in_a_handshake_goes_on) {
  if (UNDER_TSAN)
    SKIP("a thread sanitizer and forked children with threads");
  BEGIN();
  begin_flags();
  struct libcgo_thread *record;
  pthread_t thread;
  pthread_create(&thread, NULL, attach_and_do_nothing, &record);
  wait_for(&ready, 1);
  ck_assert_int_eq(libcgo_callback(&world, shake_and_be_forked, record), 0);
  set(&go, 1);
  pthread_join(thread, NULL);
  ck_assert_int_eq(wrong, 0);
}

/* ---- handlers ---- */

static int handler_calls, calls_in_visit;
static void return_at_once(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
}
static void call_back_in_handler(int signal) {
  (void)signal;
  if (libcgo_callback(&world, return_at_once, NULL) == 0)
    handler_calls++;
}
static int signal_in_visit(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  raise(SIGUSR1); /* the caller has the lock, which a callback may need */
  calls_in_visit = handler_calls;
  return 1;
}
static void visit_and_be_signalled(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  sigset_t before, after;
  pthread_sigmask(SIG_BLOCK, NULL, &before);
  ck_assert_int_eq(libcgo_threads_visit(&world, signal_in_visit, NULL), 1);
  pthread_sigmask(SIG_BLOCK, NULL, &after);
  ck_assert_int_eq(sigismember(&before, SIGUSR1), 0);
  ck_assert_int_eq(sigismember(&after, SIGUSR1), 0);
}

TEST(a_handler_that_calls_back_comes_when_the_lock_is_free) {
  BEGIN();
  struct sigaction action, old;
  memset(&action, 0, sizeof action);
  action.sa_handler = call_back_in_handler;
  sigaction(SIGUSR1, &action, &old);
  handler_calls = 0;
  calls_in_visit = -1;
  create(visit_and_be_signalled, NULL);
  wait_for(&left, 1);
  sigaction(SIGUSR1, &old, NULL);
  ck_assert_int_eq(calls_in_visit, 0);
  ck_assert_int_eq(handler_calls, 1);
}
#endif

/* ---- closing ---- */

enum { callers = 3 };
static int shut_down, called;

static void note_call(struct libcgo_thread *t, void *arg) {
  (void)t;
  add(arg, 1);
}

static void *call_until_shut_down(void *arg) {
  struct libcgo_runtime *const r = arg;
  int err;
  while ((err = libcgo_callback(r, note_call, &called)) == 0)
    ;
  if (err != ESHUTDOWN)
    add(&wrong, 1);
  add(&shut_down, 1);
  /* And once more, when the records are gone. */
  if (libcgo_callback(r, note_call, &called) != ESHUTDOWN ||
      libcgo_attach(r, NULL) != ESHUTDOWN || libcgo_detach(r) != ESHUTDOWN)
    add(&wrong, 1);
  return NULL;
}

static struct libcgo_thread *records[callers];
static int records_made;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct libcgo_thread *acquire_listed(struct libcgo_runtime *r) {
  (void)r;
  struct libcgo_thread *const t = new_record();
  pthread_mutex_lock(&list_lock);
  records[records_made++] = t;
  pthread_mutex_unlock(&list_lock);
  return t;
}
static void release_listed(struct libcgo_thread *t) {
  pthread_mutex_lock(&list_lock);
  for (int i = 0; i < callers; i++)
    if (records[i] == t)
      records[i] = NULL;
  pthread_mutex_unlock(&list_lock);
  drop_record(t);
}
/* current() of a thread whose record is gone must not look at it. */
static _Thread_local const struct libcgo_runtime *runtime_of_self;
static struct libcgo_thread *current_listed(const struct libcgo_runtime *r) {
  return runtime_of_self == r ? self : NULL;
}
static void enter_listed(struct libcgo_thread *t) {
  self = t;
  runtime_of_self = t->runtime;
}
static void leave_listed(struct libcgo_thread *t) {
  (void)t;
  self = NULL;
  runtime_of_self = NULL;
}
static const struct libcgo_ops closing_ops =
    LIBCGO_OPS(enter_listed, leave_listed, acquire_listed, release_listed,
               current_listed, NULL);

TEST(runtimes_close_while_c_threads_call_all_the_time) {
  BEGIN();
  const int rounds = whole() ? 1000 : 60;
  wrong = 0;
  for (int i = 0; i < rounds; i++) {
    struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&closing_ops);
    r.flags = LIBCGO_WORLD;
    ck_assert_int_eq(libcgo_init_begin(&r.init), 0);
    ck_assert_int_eq(libcgo_init_done(&r.init), 0);
    memset(records, 0, sizeof records);
    records_made = 0;
    set(&called, 0);
    set(&shut_down, 0);
    pthread_t thread[callers];
    for (int k = 0; k < callers; k++)
      pthread_create(&thread[k], NULL, call_until_shut_down, &r);
    while (get(&called) < i % 50)
      sched_yield();
    ck_assert_int_eq(libcgo_runtime_close(&r, FOREVER), 0);
    const int late = get(&called);
    for (int k = 0; k < callers; k++)
      if (records[k] != NULL)
        drop_record(records[k]);
    for (int k = 0; k < callers; k++)
      pthread_join(thread[k], NULL);
    ck_assert_int_eq(get(&called), late);
    ck_assert_int_eq(libcgo_runtime_close(&r, 0), 0);
    ck_assert_int_eq(libcgo_runtime_end(&r), 0);
  }
  ck_assert_int_eq(wrong, 0);
}

static void wait_in_callback(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  set(&ready, 1);
  wait_for(&go, 1);
  /* One more from here is refused already. */
  if (libcgo_callback(&world, note_call, &called) != ESHUTDOWN)
    add(&wrong, 1);
}
static void *stay_in_callback(void *arg) {
  (void)arg;
  if (libcgo_callback(&world, wait_in_callback, NULL) != 0)
    add(&wrong, 1);
  return NULL;
}

TEST(closing_waits_for_callbacks_that_are_under_way) {
  BEGIN();
  begin_flags();
  set(&called, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, stay_in_callback, NULL);
  wait_for(&ready, 1);
  ck_assert_int_eq(libcgo_runtime_close(&world, 5 * MS), ETIMEDOUT);
  ck_assert_int_eq(libcgo_callback(&world, note_call, &called), ESHUTDOWN);
  struct libcgo_thread record = LIBCGO_THREAD_INIT;
  ck_assert_int_eq(
      libcgo_thread_create(&world, &record, NULL, end_soon, NULL, NULL),
      ESHUTDOWN);
  set(&go, 1);
  ck_assert_int_eq(libcgo_runtime_close(&world, FOREVER), 0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(get(&called), 0);
}

static void close_here(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  if (libcgo_runtime_close(&world, FOREVER) != 0)
    add(&wrong, 1);
}
static void close_in_callback(struct libcgo_thread *t) {
  (void)t;
  if (libcgo_callback(&world, close_here, NULL) != 0 ||
      libcgo_callback(&world, close_here, NULL) != ESHUTDOWN)
    add(&wrong, 1);
}
static int threads_in_list(void) {
  int n = 0;
  ck_assert_int_eq(libcgo_threads_visit(&world, count_one, &n), 0);
  return n;
}

TEST(a_thread_that_closes_in_its_last_hook_is_in_no_list_after_it) {
  static long touched[16];
  for (int foreign = 0; foreign < 2; foreign++) {
    BEGIN();
    begin_flags();
    in_leave = close_in_callback;
    struct libcgo_thread *record;
    pthread_t thread;
    set(&go, 1);
    if (foreign) {
      pthread_create(&thread, NULL, attach_and_do_nothing, &record);
      pthread_join(thread, NULL);
    } else {
      create(end_soon, touched);
    }
    wait_for(&left, 1);
    ck_assert_int_eq(libcgo_runtime_close(&world, FOREVER), 0);
    ck_assert_int_eq(threads_in_list(), 0);
    ck_assert_int_eq(wrong, 0);
  }
}

static void *close_and_free(void *arg) {
  struct libcgo_thread *record = NULL;
  (void)arg;
  if (libcgo_attach(&world, &record) != 0 ||
      libcgo_callback(&world, close_here, NULL) != 0)
    add(&wrong, 1);
  drop_record(record);
  set(&ready, 1);
  wait_for(&go, 1);
  if (libcgo_callback(&world, close_here, NULL) != ESHUTDOWN ||
      libcgo_detach(&world) != ESHUTDOWN)
    add(&wrong, 1);
  return NULL;
}

TEST(nor_is_one_that_closes_in_a_callback) {
  BEGIN();
  begin_flags();
  pthread_t thread;
  pthread_create(&thread, NULL, close_and_free, NULL);
  wait_for(&ready, 1);
  ck_assert_int_eq(threads_in_list(), 0);
  ck_assert_int_eq(libcgo_runtime_close(&world, FOREVER), 0);
  set(&go, 1);
  pthread_join(thread, NULL);
  ck_assert_int_eq(get(&released) + get(&left), 0);
  ck_assert_int_eq(wrong, 0);
}

static void exit_when_told(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  set(&ready, 1);
  wait_for(&go, 1);
  pthread_exit(NULL);
}
static void *stop_and_start(void *arg) {
  (void)arg;
  stop();
  start();
  return NULL;
}

/* Where pthread_exit does not unwind, it is managed until its key's destructor comes. */
TEST(who_stops_a_closed_world_is_told_of_a_thread_that_ends) {
  BEGIN();
  begin_flags();
  struct libcgo_thread *t = new_record();
  ck_assert_int_eq(
      libcgo_thread_create(&world, t, NULL, exit_when_told, NULL, NULL), 0);
  wait_for(&ready, 1);
  ck_assert_int_eq(libcgo_runtime_close(&world, FOREVER), 0);
  pthread_t stopper;
  pthread_create(&stopper, NULL, stop_and_start, NULL);
  while ((poll_of(t) & 1) == 0) /* beside the bit that tells of the close */
    sched_yield();
  be_slow();
  set(&go, 1);
  pthread_join(stopper, NULL);
  ck_assert_int_eq(get(&left), 0);
}

#ifndef _WIN32
static pthread_key_t late_key;
static int rounds;
static void wait_in_last_callback(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  set(&ready, 1);
  wait_for(&go, 1);
}
/* The first round may come before the library's destructor. */
static void call_back_in_round_2(void *value) {
  if (++rounds == 1)
    pthread_setspecific(late_key, value);
  else if (libcgo_callback(&world, wait_in_last_callback, NULL) != 0)
    add(&wrong, 1);
}
static void *attach_and_come_back(void *arg) {
  (void)arg;
  rounds = 0;
  pthread_setspecific(late_key, &rounds);
  ck_assert_int_eq(libcgo_attach(&world, NULL), 0);
  return NULL;
}

TEST(closing_waits_for_a_callback_on_a_thread_that_ends) {
  BEGIN();
  begin_flags();
  pthread_t thread;
  ck_assert_int_eq(pthread_key_create(&late_key, call_back_in_round_2), 0);
  pthread_create(&thread, NULL, attach_and_come_back, NULL);
  wait_for(&ready, 1);
  ck_assert_int_eq(get(&released), 1);
  ck_assert_int_eq(libcgo_runtime_close(&world, 5 * MS), ETIMEDOUT);
  set(&go, 1);
  ck_assert_int_eq(libcgo_runtime_close(&world, FOREVER), 0);
  ck_assert_int_eq(get(&released), 2);
  ck_assert_int_eq(get(&left), 2);
  pthread_join(thread, NULL);
  pthread_key_delete(late_key);
  ck_assert_int_eq(wrong, 0);
}
#endif

static int closed;
static int end_handshake;
static void wait_in_handshake(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  if (libcgo_runtime_close(&world, 0) != EDEADLK)
    add(&wrong, 1);
  set(&done, 1);
  wait_for(&end_handshake, 1);
}
static void *shake(void *t) {
  if (libcgo_handshake(&world, t, wait_in_handshake, NULL) != 0)
    add(&wrong, 1);
  return NULL;
}
static void *close_world(void *arg) {
  (void)arg;
  if (libcgo_runtime_close(&world, FOREVER) != 0)
    add(&wrong, 1);
  set(&closed, 1);
  return NULL;
}

/* The handshake's thread is freed by the client after close. */
TEST(closing_waits_for_who_has_a_handshake) {
  BEGIN();
  begin_flags();
  set(&closed, 0);
  set(&end_handshake, 0);
  struct libcgo_thread *record;
  pthread_t thread, shaker, closer;
  pthread_create(&thread, NULL, attach_and_do_nothing, &record);
  wait_for(&ready, 1);
  pthread_create(&shaker, NULL, shake, record);
  wait_for(&done, 1);
  ck_assert_int_eq(libcgo_runtime_close(&world, 5 * MS), ETIMEDOUT);
  pthread_create(&closer, NULL, close_world, NULL);
  be_slow();
  ck_assert_int_eq(get(&closed), 0);
  set(&end_handshake, 1);
  pthread_join(closer, NULL);
  pthread_join(shaker, NULL);
  drop_record(record);
  set(&go, 1);
  pthread_join(thread, NULL);
  ck_assert_int_eq(wrong, 0);
}

static void jump_out_of_callback(struct libcgo_thread *t, void *arg) {
  (void)t;
  jump_out(arg);
}
static uintptr_t call_back_and_jump(void *arg) {
  return (uintptr_t)libcgo_callback(&world, jump_out_of_callback, arg);
}

static void park_once(struct libcgo_thread *t) {
  libcgo_park(t);
  libcgo_unpark(t);
}
static void poll_once(struct libcgo_thread *t) { libcgo_safepoint(t); }
static void call_once(struct libcgo_thread *t) {
  libcgo_call_parked(t, plus_one, NULL);
}
static struct libcgo_stack one_small;
static void (*after_jump)(struct libcgo_thread *t);
static int is_over;

static uintptr_t jump_and_go_on(void *arg) {
  struct libcgo_thread *const t = arg;
  jmp_buf target;
  target_of_jump = &target;
  if (setjmp(target) == 0)
    libcgo_call_parked(t, call_back_and_jump, NULL);
  set(&ready, 1);
  wait_for(&go, 1);
  while (!get(&closed))
    after_jump(t);
  return 0;
}
static void jump_on_system(struct libcgo_thread *t, void *arg) {
  (void)arg;
  jump_and_go_on(t);
  add(&is_over, 1);
}
static void jump_on_small(struct libcgo_thread *t, void *arg) {
  (void)arg;
  libcgo_call_on_stack(t, &one_small, jump_and_go_on, t);
  add(&is_over, 1);
}

static void close_after_jump(void (*fn)(struct libcgo_thread *, void *)) {
  begin_flags();
  set(&closed, 0);
  set(&is_over, 0);
  create(fn, NULL);
  wait_for(&ready, 1);
  pthread_t closer;
  ck_assert_int_eq(libcgo_runtime_close(&world, 0), ETIMEDOUT);
  pthread_create(&closer, NULL, close_world, NULL);
  be_slow();
  ck_assert_int_eq(get(&closed), 0);
  set(&go, 1);
  pthread_join(closer, NULL);
  ck_assert_int_eq(wrong, 0);
  wait_for(&is_over, 1);
}

TEST(who_closes_is_told_of_callbacks_that_a_longjmp_has_left) {
  WINDOWS_HAS("a longjmp that unwinds, and so ends callbacks");
  static void (*const ways[])(struct libcgo_thread *) = {
      park_once, poll_once, call_once, libcgo_unpark};
  one_small = new_stack(large_bytes);
  for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
    after_jump = ways[i];
    BEGIN();
    close_after_jump(jump_on_system);
    BEGIN();
    close_after_jump(jump_on_small);
  }
}

static void *jump_and_detach(void *arg) {
  uintptr_t (*volatile deeper)(void *) = call_back_and_jump;
  jmp_buf target;
  target_of_jump = &target;
  ck_assert_int_eq(libcgo_attach(&world, NULL), 0);
  if (setjmp(target) == 0)
    deeper(arg);
  target_of_jump = NULL;
  if (libcgo_detach(&world) != 0)
    add(&wrong, 1);
  return NULL;
}

TEST(a_thread_detaches_after_a_longjmp_out_of_a_callback) {
  BEGIN();
  begin_flags();
  pthread_t thread;
  pthread_create(&thread, NULL, jump_and_detach, NULL);
  pthread_join(thread, NULL);
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(get(&released), 1);
}

static int add_bytes(const struct libcgo_segment *s, void *arg) {
  *(uintptr_t *)arg += s->hi - s->lo;
  return 0;
}
static uintptr_t bytes_seen[2];
static void leave_callbacks(struct libcgo_thread *t, void *arg) {
  (void)arg;
  jmp_buf target;
  target_of_jump = &target;
  for (volatile int i = 0; i < 1000; i++) {
    libcgo_park(t);
    if (setjmp(target) == 0)
      call_back_and_jump(NULL);
    libcgo_unpark(t);
    if (i == 9 || i == 999)
      libcgo_segments_visit(t, add_bytes, &bytes_seen[i == 999]);
  }
  target_of_jump = NULL;
}

TEST(what_is_kept_for_callbacks_that_were_left_does_not_grow) {
  BEGIN();
  begin_flags();
  create(leave_callbacks, NULL);
  wait_for(&left, 1);
  ck_assert(bytes_seen[0] != 0);
  ck_assert_uint_eq(bytes_seen[0], bytes_seen[1]);
}

/* ---- what a collector sees ---- */

#define SECRET ((uintptr_t)0x5ec7e7a5u)
struct search {
  uintptr_t word;
  int found, small, other;
};

__attribute__((no_sanitize_address, no_sanitize_thread)) static int
search_segment(const struct libcgo_segment *s, void *arg) {
  struct search *const look = arg;
  if (s->lo >= s->hi)
    abort();
  look->small += s->kind == LIBCGO_STACK_SMALL;
  look->other += s->kind != LIBCGO_STACK_SMALL;
  for (uintptr_t at = (s->lo + sizeof(uintptr_t) - 1) & -sizeof(uintptr_t);
       at + sizeof(uintptr_t) <= s->hi; at += sizeof(uintptr_t))
    look->found += *(const volatile uintptr_t *)at == look->word;
  return 0;
}

static struct search looked;
static int look_at(struct libcgo_thread *t, void *arg) {
  looked = (struct search){(uintptr_t)arg, 0, 0, 0};
  return libcgo_segments_visit(t, search_segment, &looked);
}

/* Leaves words in callee-saved registers, if the compiler has some, and nowhere else. */
#if defined(__x86_64__)
#define WITH_SECRET_IN_REGISTER(statement)                                     \
  do {                                                                         \
    register uintptr_t secret_ __asm__("r13") = ~hidden_secret;                \
    __asm__ volatile("" : "+r"(secret_));                                      \
    statement;                                                                 \
    __asm__ volatile("" : "+r"(secret_));                                      \
    ck_assert_uint_eq(secret_, ~hidden_secret);                                \
  } while (0)
#else
#define WITH_SECRET_IN_REGISTER(statement)                                     \
  do {                                                                         \
    volatile uintptr_t secret_ = ~hidden_secret;                               \
    statement;                                                                 \
    ck_assert_uint_eq(secret_, ~hidden_secret);                                \
  } while (0)
#endif
/* The complement, so that the word itself is not about. */
static volatile uintptr_t hidden_secret = ~SECRET;

static uintptr_t stop_and_look(void *arg) {
  (void)arg;
  set(&ready, 1);
  wait_for(&go, 1);
  return 0;
}

__attribute__((noinline)) static void park_with_secret(struct libcgo_thread *t) {
  WITH_SECRET_IN_REGISTER(libcgo_call_parked(t, stop_and_look, NULL));
}
__attribute__((noinline)) static void hand_with_secret(struct libcgo_thread *t) {
  WITH_SECRET_IN_REGISTER({
    libcgo_park(t);
    stop_and_look(NULL);
    libcgo_unpark(t);
  });
}
__attribute__((noinline)) static void poll_with_secret(struct libcgo_thread *t) {
  WITH_SECRET_IN_REGISTER({
    set(&ready, 1);
    while (!get(&go))
      libcgo_safepoint(t);
  });
}

static void note_nothing(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
}
static uintptr_t call_back_when_asked(void *t) {
  set(&ready, 1);
  while (poll_of(t) == 0)
    sched_yield();
  return (uintptr_t)libcgo_callback(&world, note_nothing, NULL);
}
__attribute__((noinline)) static void
call_back_with_secret(struct libcgo_thread *t) {
  WITH_SECRET_IN_REGISTER(libcgo_call_on_system(t, call_back_when_asked, t));
}
__attribute__((noinline)) static void
unpark_managed_with_secret(struct libcgo_thread *t) {
  WITH_SECRET_IN_REGISTER({
    set(&ready, 1);
    while (!get(&go))
      libcgo_unpark(t);
  });
}

static void (*with_secret)(struct libcgo_thread *t);
static uintptr_t go_on_small(void *arg) {
  (void)arg;
  with_secret(self);
  return 0;
}
__attribute__((noinline)) static void nested_with_secret(struct libcgo_thread *t);
static void nested(struct libcgo_thread *t, void *arg) {
  (void)arg;
  libcgo_call_on_stack(t, &one_small, go_on_small, NULL);
}
static uintptr_t call_back_nested(void *arg) {
  with_secret = park_with_secret;
  return (uintptr_t)libcgo_callback(&world, nested, arg);
}
static void nested_with_secret(struct libcgo_thread *t) {
  libcgo_call_parked(t, call_back_nested, NULL);
}
static void begin_on_small(struct libcgo_thread *t, void *arg) {
  with_secret = *(void (**)(struct libcgo_thread *))arg;
  libcgo_call_on_stack(t, &one_small, go_on_small, NULL);
}
static void begin_on_system(struct libcgo_thread *t, void *arg) {
  (*(void (**)(struct libcgo_thread *))arg)(t);
}

static void look_from_outside(void (*begin_it)(struct libcgo_thread *, void *),
                              void (*what)(struct libcgo_thread *), int small,
                              int other) {
  begin_flags();
  const int before = get(&left);
  if (one_small.hi == 0)
    one_small = new_stack(large_bytes);
  create(begin_it, &what);
  wait_for(&ready, 1);
  stop();
  ck_assert_int_eq(libcgo_threads_visit(&world, look_at, (void *)SECRET), 0);
  ck_assert(looked.found >= 1);
  ck_assert(looked.small >= small);
  ck_assert(looked.other >= other);
  start();
  set(&go, 1);
  wait_for(&left, before + 1);
}

TEST(registers_of_the_caller_are_in_the_segments) {
  BEGIN();
  look_from_outside(begin_on_system, park_with_secret, 0, 1);
  look_from_outside(begin_on_system, hand_with_secret, 0, 1);
  look_from_outside(begin_on_system, poll_with_secret, 0, 1);
}
/* It has parked before, elsewhere, or never. */
TEST(a_managed_thread_that_calls_back_or_unparks_stops_with_its_registers) {
  BEGIN();
  look_from_outside(begin_on_system, call_back_with_secret, 0, 1);
  look_from_outside(begin_on_system, unpark_managed_with_secret, 0, 1);
  look_from_outside(begin_on_small, call_back_with_secret, 1, 1);
  look_from_outside(begin_on_small, unpark_managed_with_secret, 1, 1);
}
TEST(segments_are_the_small_stacks_and_c_between) {
  BEGIN();
  look_from_outside(begin_on_small, park_with_secret, 1, 1);
  look_from_outside(begin_on_small, hand_with_secret, 1, 1);
  look_from_outside(begin_on_small, poll_with_secret, 1, 1);
  look_from_outside(begin_on_small, nested_with_secret, 2, 2);
  ck_assert_int_eq(looked.small, 2);
  ck_assert_int_eq(looked.other, 2);
}

__attribute__((noinline)) static void own_with_secret(struct libcgo_thread *t) {
  WITH_SECRET_IN_REGISTER({
    stop();
    ck_assert_int_eq(look_at(t, (void *)SECRET), 0);
    start();
  });
  set(&ready, 1);
  set(&go, 1);
}

static void look_at_own(struct libcgo_thread *t, void *arg) {
  own_with_secret(t);
  add(arg, looked.found >= 1);
}

TEST(a_stopper_sees_its_own_registers_and_frames) {
  BEGIN();
  begin_flags();
  create(look_at_own, &done);
  wait_for(&left, 1);
  ck_assert_int_eq(get(&done), 1);
}

#ifndef _WIN32
enum { signal_bytes = 64 * 1024 };

/* In the frame of the code that is interrupted. */
static uintptr_t interrupted;
static int has_interrupted(const struct libcgo_segment *s, void *arg) {
  (void)arg;
  return is_on(interrupted, s->lo, s->hi);
}
static int find_interrupted(struct libcgo_thread *t, void *arg) {
  return libcgo_segments_visit(t, has_interrupted, arg);
}

static void park_in_handler(int signal) {
  (void)signal;
  libcgo_park(self);
  stop_and_look(NULL);
  libcgo_unpark(self);
}

__attribute__((noinline)) static void be_interrupted(struct libcgo_thread *t) {
  (void)t;
  interrupted = here();
  pthread_kill(pthread_self(), SIGUSR1);
}

static void interrupt_and_look(void (*begin_it)(struct libcgo_thread *, void *)) {
  static void (*what)(struct libcgo_thread *) = be_interrupted;
  begin_flags();
  set(&left, 0);
  create(begin_it, &what);
  wait_for(&ready, 1);
  stop();
  ck_assert_int_eq(libcgo_threads_visit(&world, find_interrupted, NULL), 1);
  start();
  set(&go, 1);
  wait_for(&left, 1);
}

static void with_signal_stack(struct libcgo_thread *t, void *arg) {
  const stack_t before = set_signal_stack(map_stack(signal_bytes), signal_bytes);
  begin_on_system(t, arg);
  sigaltstack(&before, NULL);
}
static void on_small_with_signal_stack(struct libcgo_thread *t, void *arg) {
  const stack_t before = set_signal_stack(map_stack(signal_bytes), signal_bytes);
  begin_on_small(t, arg);
  sigaltstack(&before, NULL);
}

static void handle(void (*handler)(int signal)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, NULL);
}

/* A collector lost what only the interrupted code knew. */
TEST(so_are_frames_that_a_handler_on_a_signal_stack_has_interrupted) {
  BEGIN();
  one_small = new_stack(large_bytes);
  handle(park_in_handler);
  interrupt_and_look(with_signal_stack);
  interrupt_and_look(on_small_with_signal_stack);
}

static int result_above;

static void call_back_above(int signal) {
  (void)signal;
  result_above = libcgo_callback(&world, note_nothing, NULL);
}

static void *try_to_stop(void *result) {
  *(int *)result = libcgo_world_stop(&world, 0, NULL);
  return NULL;
}

static void be_interrupted_and_stopped(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  pthread_t stopper;
  int result = 0;
  pthread_kill(pthread_self(), SIGUSR1);
  ck_assert_int_eq(result_above, 0);
  pthread_create(&stopper, NULL, try_to_stop, &result);
  pthread_join(stopper, NULL);
  ck_assert_int_eq(result, ETIMEDOUT);
}

static void *call_back_below_signal_stack(void *arg) {
  (void)arg;
  const stack_t before =
      set_signal_stack(__builtin_alloca(signal_bytes), signal_bytes);
  ck_assert_int_eq(libcgo_callback(&world, be_interrupted_and_stopped, NULL), 0);
  sigaltstack(&before, NULL);
  return NULL;
}

/* The handler's frame is above that of the callback that it has interrupted. */
TEST(a_handler_on_a_signal_stack_within_the_own_stack_leaves_no_callback) {
  BEGIN();
  pthread_t thread;
  handle(call_back_above);
  pthread_create(&thread, NULL, call_back_below_signal_stack, NULL);
  pthread_join(thread, NULL);
}
#endif

TEST(a_foreign_thread_that_is_not_in_a_callback_has_no_segments) {
  BEGIN();
  struct libcgo_thread *t;
  ck_assert_int_eq(libcgo_attach(&world, &t), 0);
  looked = (struct search){0, 0, 0, 0};
  ck_assert_int_eq(libcgo_segments_visit(t, search_segment, &looked), 0);
  ck_assert_int_eq(looked.small + looked.other, 0);
  ck_assert_int_eq(libcgo_detach(&world), 0);
}

/* ---- contexts ---- */

static struct libcgo_context worker, task;

__attribute__((noinline)) static uintptr_t suspend_with_secret(void) {
  uintptr_t word;
  WITH_SECRET_IN_REGISTER(word = libcgo_switch(NULL, &task, &worker, 1));
  return word;
}
static struct libcgo_context *be_a_task(void *arg, uintptr_t word) {
  (void)arg, (void)word;
  suspend_with_secret();
  return &worker;
}

TEST(a_suspended_context_has_its_frames_and_registers_in_a_segment) {
  const struct libcgo_stack stack = new_stack(small_bytes);
  worker = task = (struct libcgo_context)LIBCGO_CONTEXT_INIT;
  struct libcgo_segment segment;
  ck_assert_int_eq(libcgo_context_segment(&task, &segment), ESRCH);
  ck_assert_int_eq(libcgo_context_segment(NULL, &segment), EINVAL);
  task.version++;
  ck_assert_int_eq(libcgo_context_segment(&task, &segment), ENOTSUP);
  task.version--;
  if (libcgo_context_make(&task, &stack, be_a_task, NULL) != 0)
    SKIP("this port has no contexts");
  ck_assert_uint_eq(libcgo_switch(NULL, &worker, &task, 0), 1);
  ck_assert_int_eq(libcgo_context_segment(&task, &segment), 0);
  ck_assert_int_eq(segment.kind, LIBCGO_STACK_SMALL);
  ck_assert_uint_ge(segment.lo, stack.lo);
  ck_assert_uint_eq(segment.hi, stack.hi);
  struct search look = {SECRET, 0, 0, 0};
  search_segment(&segment, &look);
  ck_assert(look.found >= 1);
  libcgo_switch(NULL, &worker, &task, 0);
  ck_assert_int_eq(libcgo_context_segment(&task, &segment), ESRCH);
}

static uintptr_t suspend_in_c(void *arg) {
  return libcgo_switch((struct libcgo_thread *)arg, &task, &worker, 1);
}
static struct libcgo_context *be_a_task_in_c(void *arg, uintptr_t word) {
  (void)word;
  libcgo_call_on_system((struct libcgo_thread *)arg, suspend_in_c, arg);
  return &worker;
}
static uintptr_t switch_to_the_task_in_c(void *arg) {
  struct libcgo_thread *const t = (struct libcgo_thread *)arg;
  struct libcgo_segment segment = {0, 0, -1};
  ck_assert_uint_eq(libcgo_switch(t, &worker, &task, 0), 1);
  ck_assert_int_eq(libcgo_context_segment(&task, &segment), ESRCH);
  ck_assert_int_eq(segment.kind, -1);
  libcgo_switch(t, &worker, &task, 0);
  return 0;
}

TEST(a_context_that_is_suspended_in_c_has_no_segment) {
  BEGIN();
  const struct libcgo_stack of_task = new_stack(small_bytes);
  const struct libcgo_stack of_worker = new_stack(small_bytes);
  struct libcgo_thread *t;
  worker = task = (struct libcgo_context)LIBCGO_CONTEXT_INIT;
  ck_assert_int_eq(libcgo_attach(&world, &t), 0);
  if (libcgo_context_make(&task, &of_task, be_a_task_in_c, t) != 0)
    SKIP("this port has no contexts");
  libcgo_call_on_stack(t, &of_worker, switch_to_the_task_in_c, t);
  ck_assert_int_eq(libcgo_detach(&world), 0);
}

/* ---- handles ---- */

static int move_object(uintptr_t handle, void **object, void *arg) {
  uintptr_t *const sum = arg;
  *sum += handle;
  *object = (char *)*object + 1;
  return 0;
}
static int stop_at_two(uintptr_t handle, void **object, void *arg) {
  (void)handle, (void)object;
  return ++*(int *)arg == 2 ? 42 : 0;
}

TEST(handles_are_visited_and_their_objects_moved) {
  static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  static char objects[1001];
  uintptr_t handle[1000], sum = 0, seen = 0;
  for (int i = 0; i < 1000; i++) {
    ck_assert_int_eq(libcgo_handle_new(&table, &objects[i], &handle[i]), 0);
    sum += handle[i];
  }
  ck_assert_int_eq(libcgo_handle_free(&table, handle[500]), 0);
  sum -= handle[500];
  ck_assert_int_eq(libcgo_handle_visit(&table, move_object, &seen), 0);
  ck_assert_uint_eq(seen, sum);
  for (int i = 0; i < 1000; i++)
    ck_assert_ptr_eq(libcgo_handle_get(&table, handle[i]),
                     i == 500 ? NULL : (void *)&objects[i + 1]);
  int n = 0;
  ck_assert_int_eq(libcgo_handle_visit(&table, stop_at_two, &n), 42);
  ck_assert_int_eq(libcgo_handle_visit(&table, NULL, NULL), EINVAL);
  ck_assert_int_eq(libcgo_handle_table_destroy(&table), 0);
}

/* ---- the other runtimes ---- */

static void look_at_other(struct libcgo_thread *t, void *arg) {
  libcgo_park(t);
  libcgo_unpark(t);
  libcgo_safepoint(t);
  *(uintptr_t *)arg = libcgo_call_parked(t, plus_one, (void *)1);
  ck_assert_int_eq(libcgo_segments_visit(t, search_segment, &looked), EINVAL);
}

TEST(a_runtime_without_the_flag_has_no_world) {
  struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&ops);
  ck_assert_int_eq(libcgo_init_begin(&r.init), 0);
  ck_assert_int_eq(libcgo_init_done(&r.init), 0);
  uintptr_t result = 0;
  ck_assert_int_eq(libcgo_callback(&r, look_at_other, &result), 0);
  ck_assert_uint_eq(result, 2);
  ck_assert_int_eq(libcgo_world_stop(&r, 0, NULL), ENOTSUP);
  ck_assert_int_eq(libcgo_world_start(&r), ENOTSUP);
  ck_assert_int_eq(libcgo_runtime_close(&r, 0), ENOTSUP);
  ck_assert_int_eq(libcgo_threads_visit(&r, count_one, &result), ENOTSUP);
  ck_assert_int_eq(libcgo_detach(&r), 0);
  ck_assert_int_eq(libcgo_world_stop(NULL, 0, NULL), EINVAL);
}

TEST(a_record_of_an_older_client_is_refused) {
  BEGIN();
  struct libcgo_thread record = LIBCGO_THREAD_INIT;
  record.size = offsetof(struct libcgo_thread, poll);
  ck_assert_int_eq(
      libcgo_thread_create(&world, &record, NULL, end_soon, NULL, NULL), EINVAL);
}

int main(void) {
  suite_begin("world");
  ADD_TEST(a_managed_thread_is_late_and_named);
  ADD_TEST(a_thread_in_a_parked_call_stops_nobody_and_waits_on_its_way_back);
  ADD_TEST(unpark_waits_while_the_world_is_stopped);
  ADD_TEST(a_thread_stops_at_a_safepoint_and_the_word_tells_it);
  ADD_TEST(a_leaving_thread_is_not_asked_after_the_world_has_started);
  ADD_TEST(an_attached_thread_that_does_nothing_stops_nobody);
  ADD_TEST(a_parked_thread_joins_one_that_calls_back_and_stops_the_world);
  ADD_TEST(a_second_stopper_waits_as_a_parked_thread);
  ADD_TEST(a_stopper_is_told_what_it_has_done_already);
  ADD_TEST(who_has_stopped_the_world_runs_on);
  ADD_TEST(a_handshake_runs_while_one_thread_is_stopped);
  ADD_TEST(a_handshake_in_a_handshake_is_with_the_same_thread);
  ADD_TEST(a_handshake_in_a_stopped_world_keeps_its_thread_from_ending);
  ADD_TEST(a_helper_that_comes_before_all_are_parked_need_not_wait_for_the_start);
  ADD_TEST(no_thread_touches_the_heap_while_the_world_is_stopped);
  ADD_TEST(nor_from_small_stacks);
  ADD_TEST(nor_after_jumps_out_of_parked_calls);
  ADD_TEST(nor_when_threads_park_by_hand);
  ADD_TEST(nor_in_callbacks_from_parked_calls);
  ADD_TEST(the_threads_make_the_fence_where_the_system_refuses_it);
  ADD_TEST(and_where_the_system_begins_to_refuse_it);
#ifdef HAVE_FILTER
  ADD_TEST(who_stops_then_waits_for_the_stores_whatever_signals_come);
#endif
  ADD_TEST(and_for_a_thread_that_is_in_its_last_hook_then);
  ADD_TEST(threads_start_attach_and_end_in_all_ways_while_the_world_stops);
  ADD_TEST(no_thread_starts_or_attaches_while_the_world_is_stopped);
#ifdef _WIN32
  ADD_TEST(threads_stop_and_go_on_while_another_has_the_loaders_lock);
#else
  ADD_TEST(a_child_of_fork_has_a_running_world_of_one_thread);
  ADD_TEST(so_has_one_that_is_made_without_the_handlers_of_forks);
  ADD_TEST(a_child_forked_in_a_visit_of_a_stopped_world_runs);
  ADD_TEST(nor_is_a_child_parked_that_a_helper_of_the_stopper_forks_in_a_visit);
  ADD_TEST(nor_one_that_a_handler_forks_while_its_thread_stops_the_world);
  ADD_TEST(and_one_that_is_forked_in_a_handshake_goes_on);
  ADD_TEST(a_handler_that_calls_back_comes_when_the_lock_is_free);
#endif
  ADD_TEST(runtimes_close_while_c_threads_call_all_the_time);
  ADD_TEST(closing_waits_for_callbacks_that_are_under_way);
  ADD_TEST(a_thread_that_closes_in_its_last_hook_is_in_no_list_after_it);
  ADD_TEST(nor_is_one_that_closes_in_a_callback);
  ADD_TEST(who_stops_a_closed_world_is_told_of_a_thread_that_ends);
#ifndef _WIN32
  ADD_TEST(closing_waits_for_a_callback_on_a_thread_that_ends);
#endif
  ADD_TEST(closing_waits_for_who_has_a_handshake);
  ADD_TEST(a_thread_detaches_after_a_longjmp_out_of_a_callback);
  ADD_TEST(who_closes_is_told_of_callbacks_that_a_longjmp_has_left);
  ADD_TEST(what_is_kept_for_callbacks_that_were_left_does_not_grow);
  ADD_TEST(registers_of_the_caller_are_in_the_segments);
  ADD_TEST(a_managed_thread_that_calls_back_or_unparks_stops_with_its_registers);
  ADD_TEST(segments_are_the_small_stacks_and_c_between);
  ADD_TEST(a_stopper_sees_its_own_registers_and_frames);
#ifndef _WIN32
  ADD_TEST(so_are_frames_that_a_handler_on_a_signal_stack_has_interrupted);
  ADD_TEST(a_handler_on_a_signal_stack_within_the_own_stack_leaves_no_callback);
#endif
  ADD_TEST(a_foreign_thread_that_is_not_in_a_callback_has_no_segments);
  ADD_TEST(a_suspended_context_has_its_frames_and_registers_in_a_segment);
  ADD_TEST(a_context_that_is_suspended_in_c_has_no_segment);
  ADD_TEST(handles_are_visited_and_their_objects_moved);
  ADD_TEST(a_runtime_without_the_flag_has_no_world);
  ADD_TEST(a_record_of_an_older_client_is_refused);
  return suite_run();
}
