/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mailboxes.
 */
#include "support/harness.h"

#include <errno.h>
#include <libcgo/mailbox.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

enum { places = 4, posters = 8, each = 5000, rounds = 200, longest_s = 60 };

static struct libcgo_mailbox box;
static atomic_int wakes, ran, waiting, result, shut;
static int order[posters * each], ordered;
static pthread_t runner;

static void wake(struct libcgo_mailbox *b) {
  (void)b;
  atomic_fetch_add(&wakes, 1);
}

static void fresh(void) {
  box = (struct libcgo_mailbox)LIBCGO_MAILBOX_INIT(wake);
  atomic_store(&wakes, 0);
  atomic_store(&ran, 0);
  atomic_store(&waiting, 0);
  atomic_store(&result, -1);
  atomic_store(&shut, 0);
  ordered = 0;
  ck_assert_int_eq(libcgo_mailbox_open(&box, places), 0);
}
static void over(void) { ck_assert_int_eq(libcgo_mailbox_end(&box), 0); }

static void run(void *arg) {
  order[ordered++] = (int)(intptr_t)arg;
  runner = pthread_self();
  atomic_fetch_add(&ran, 1);
}
static int post(int n) {
  return libcgo_mailbox_post(&box, run, (void *)(intptr_t)n, 0);
}

static unsigned long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long long)t.tv_sec * 1000000000 +
         (unsigned long long)t.tv_nsec;
}

/* Whether the word has the value in time. What waits for ever does not. */
static int becomes(atomic_int *word, int value) {
  const unsigned long long end = now_ns() + longest_s * 1000000000ull;
  while (atomic_load(word) != value) {
    if (now_ns() > end)
      return 0;
    sched_yield();
  }
  return 1;
}

static pthread_t start(void *(*fn)(void *), void *arg) {
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, fn, arg), 0);
  return thread;
}

TEST(what_is_posted_runs_in_its_order_where_it_is_served) {
  fresh();
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(post(i), 0);
  ck_assert_int_eq(atomic_load(&ran), 0);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, 3), 3);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, SIZE_MAX), 1);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, SIZE_MAX), 0);
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(order[i], i);
  ck_assert(pthread_equal(runner, pthread_self()));
  over();
}

static void *call_for_ever(void *arg) {
  atomic_store(&result, libcgo_mailbox_call(&box, run, arg, LIBCGO_FOR_EVER));
  return NULL;
}

TEST(a_call_returns_when_its_function_has_run_in_the_other_thread) {
  fresh();
  const pthread_t caller = start(call_for_ever, (void *)7);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER), 0);
  ck_assert_int_eq(atomic_load(&result), -1);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, SIZE_MAX), 1);
  pthread_join(caller, NULL);
  ck_assert_int_eq(atomic_load(&result), 0);
  ck_assert_int_eq(order[0], 7);
  ck_assert(pthread_equal(runner, pthread_self()));
  over();
}

TEST(a_full_mailbox_refuses_or_waits_for_a_place) {
  fresh();
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(post(i), 0);
  ck_assert_int_eq(post(places), ETIMEDOUT);
  const unsigned long long begin = now_ns();
  ck_assert_int_eq(libcgo_mailbox_post(&box, run, NULL, 2000000), ETIMEDOUT);
  ck_assert_uint_ge(now_ns() - begin, 2000000);
  const pthread_t caller = start(call_for_ever, (void *)9);
  while (libcgo_mailbox_serve(&box, 1) == 0 || atomic_load(&ran) < places + 1)
    sched_yield();
  pthread_join(caller, NULL);
  ck_assert_int_eq(order[places], 9);
  over();
}

TEST(a_call_that_does_not_begin_in_time_never_runs) {
  fresh();
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(libcgo_mailbox_call(&box, run, NULL, 1000), ETIMEDOUT);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, 0), ETIMEDOUT);
  for (int i = 0; i < places; i++) /* and leaves no place taken */
    ck_assert_int_eq(post(i), 0);
  ck_assert_int_eq(libcgo_mailbox_call(&box, run, NULL, 1000), ETIMEDOUT);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, SIZE_MAX), places);
  ck_assert_int_eq(atomic_load(&ran), places);
  over();
}

TEST(a_call_given_up_behind_a_function_goes_with_it) {
  fresh();
  post(1);
  ck_assert_int_eq(libcgo_mailbox_call(&box, run, NULL, 1000), ETIMEDOUT);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, 1), 1);
  ck_assert_int_eq(atomic_load(&wakes), 1); /* nothing is left behind */
  ck_assert_int_eq(libcgo_mailbox_wait(&box, 0), ETIMEDOUT);
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(post(i), 0);
  over();
}

/* Runs until the caller's time has been over for long. */
static uint64_t limit;
static unsigned long long long_over;
static void run_long(void *arg) {
  (void)arg;
  while (now_ns() < long_over)
    sched_yield();
  atomic_fetch_add(&ran, 1);
}
static void *call_with_limit(void *arg) {
  (void)arg;
  long_over = now_ns() + limit + 20 * 1000000ull;
  atomic_store(&result, libcgo_mailbox_call(&box, run_long, NULL, limit));
  return NULL;
}

TEST(a_call_that_has_begun_is_waited_for) {
  fresh();
  size_t served = 0;
  /* It may be given up before this thread gets on. */
  for (limit = 100 * 1000000ull; served == 0; limit *= 2) {
    const pthread_t caller = start(call_with_limit, NULL);
    while (served == 0 && atomic_load(&result) == -1)
      served = libcgo_mailbox_serve(&box, SIZE_MAX);
    pthread_join(caller, NULL);
    ck_assert_int_eq(atomic_load(&result), served == 0 ? ETIMEDOUT : 0);
    atomic_store(&result, -1);
  }
  ck_assert_int_eq(atomic_load(&ran), 1);
  over();
}

TEST(wake_is_called_when_nothing_waited_before) {
  fresh();
  post(1);
  post(2);
  ck_assert_int_eq(atomic_load(&wakes), 1);
  libcgo_mailbox_serve(&box, SIZE_MAX);
  post(3);
  ck_assert_int_eq(atomic_load(&wakes), 2);
  libcgo_mailbox_serve(&box, SIZE_MAX);
  ck_assert_int_eq(libcgo_mailbox_close(&box), 0);
  ck_assert_int_eq(atomic_load(&wakes), 3);
  over();
}

TEST(wake_is_called_again_for_what_is_left_behind) {
  fresh();
  for (int i = 0; i < 3; i++)
    post(i);
  for (int i = 1; i <= 3; i++) {
    ck_assert_int_eq(atomic_load(&wakes), i);
    ck_assert_uint_eq(libcgo_mailbox_serve(&box, 1), 1);
  }
  ck_assert_int_eq(atomic_load(&wakes), 3);
  over();
}

static void *wait_in_it(void *arg) {
  (void)arg;
  atomic_store(&result, libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER));
  return NULL;
}

TEST(a_thread_that_waits_can_be_interrupted) {
  fresh();
  libcgo_mailbox_interrupt(&box);
  libcgo_mailbox_interrupt(&box);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER), EINTR);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, 1000), ETIMEDOUT);
  const pthread_t thread = start(wait_in_it, NULL);
  libcgo_mailbox_interrupt(&box);
  pthread_join(thread, NULL);
  ck_assert_int_eq(atomic_load(&result), EINTR);
  over();
}

static atomic_int go_on;
static void run_until_told(void *arg) {
  run(arg);
  while (!atomic_load(&go_on))
    sched_yield();
}
static void *serve_one(void *arg) {
  (void)arg;
  libcgo_mailbox_serve(&box, 1);
  return NULL;
}

TEST(who_would_serve_waits_while_another_thread_does) {
  fresh();
  atomic_store(&go_on, 0);
  ck_assert_int_eq(libcgo_mailbox_post(&box, run_until_told, NULL, 0), 0);
  const pthread_t server = start(serve_one, NULL);
  while (!atomic_load(&ran))
    sched_yield();
  post(1);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, 1000000), ETIMEDOUT);
  const pthread_t thread = start(wait_in_it, NULL);
  atomic_store(&go_on, 1);
  pthread_join(thread, NULL);
  ck_assert_int_eq(atomic_load(&result), 0);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, SIZE_MAX), 1);
  pthread_join(server, NULL);
  over();
}

static void *serve_all(void *arg) {
  (void)arg;
  libcgo_mailbox_serve(&box, SIZE_MAX);
  return NULL;
}
/* Returns when the function runs. */
static pthread_t serve_until_told(void *(*serve)(void *)) {
  atomic_store(&go_on, 0);
  ck_assert_int_eq(libcgo_mailbox_post(&box, run_until_told, NULL, 0), 0);
  const pthread_t server = start(serve, NULL);
  while (!atomic_load(&ran))
    sched_yield();
  return server;
}

static void *wait_for_the_end(void *arg) {
  (void)arg;
  atomic_fetch_add(&waiting, 1);
  int err;
  do
    err = libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER);
  while (err == 0);
  if (err == ESHUTDOWN)
    atomic_fetch_add(&shut, 1);
  return (void *)(intptr_t)err;
}

enum { waiters = 4 };
static void start_waiters(pthread_t *threads) {
  for (int i = 0; i < waiters; i++)
    threads[i] = start(wait_for_the_end, NULL);
  while (atomic_load(&waiting) < waiters)
    sched_yield();
}
static void join_all(const pthread_t *threads, int n) {
  for (int i = 0; i < n; i++)
    pthread_join(threads[i], NULL);
}

/* That they sleep, nobody can see: often they do. */
TEST(who_waits_is_told_when_a_closed_mailbox_was_served_to_its_end) {
  for (int round = 0; round < rounds / 10; round++) {
    fresh();
    pthread_t threads[waiters];
    const pthread_t server = serve_until_told(serve_all);
    post(1);
    if (round % 2 == 0)
      ck_assert_int_eq(libcgo_mailbox_close(&box), 0);
    start_waiters(threads);
    ck_assert_int_eq(libcgo_mailbox_wait(&box, 1000000), ETIMEDOUT);
    if (round % 2 != 0)
      ck_assert_int_eq(libcgo_mailbox_close(&box), 0);
    atomic_store(&go_on, 1);
    ck_assert(becomes(&shut, waiters));
    join_all(threads, waiters);
    pthread_join(server, NULL);
    ck_assert_int_eq(atomic_load(&ran), 2);
    over();
  }
}

static void *call_for_a_while(void *arg) {
  atomic_store(&result, libcgo_mailbox_call(&box, run, arg, 100 * 1000000ull));
  return NULL;
}

TEST(who_waits_is_told_when_a_closed_mailbox_loses_its_last_call) {
  fresh();
  pthread_t threads[waiters];
  const pthread_t server = serve_until_told(serve_all);
  const pthread_t caller = start(call_for_a_while, NULL);
  while (atomic_load(&wakes) < 2) /* until the call is in the mailbox */
    sched_yield();
  start_waiters(threads);
  ck_assert_int_eq(libcgo_mailbox_close(&box), 0);
  pthread_join(caller, NULL);
  ck_assert_int_eq(atomic_load(&result), ETIMEDOUT);
  ck_assert(becomes(&shut, waiters)); /* the server still runs */
  atomic_store(&go_on, 1);
  join_all(threads, waiters);
  pthread_join(server, NULL);
  over();
}

#ifndef _WIN32
static pid_t child;
static void fork_in_it(void *arg) {
  (void)arg;
  child = fork();
  if (child != 0)
    return;
  alarm(60);
  if (libcgo_mailbox_init(&box, sizeof box) != 0 ||
      libcgo_mailbox_open(&box, places) != 0 || post(1) != 0)
    _exit(2);
}

TEST(a_child_that_is_forked_in_a_function_serves_no_other_one) {
  fresh();
  ck_assert_int_eq(libcgo_mailbox_post(&box, fork_in_it, NULL, 0), 0);
  post(1);
  const size_t served = libcgo_mailbox_serve(&box, SIZE_MAX);
  if (child == 0) {
    if (served != 1 || atomic_load(&ran) != 0)
      _exit(3);
    if (libcgo_mailbox_serve(&box, SIZE_MAX) != 1 || atomic_load(&ran) != 1)
      _exit(4);
    _exit(libcgo_mailbox_end(&box));
  }
  int status = -1;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  ck_assert_uint_eq(served, 2);
  ck_assert_int_eq(atomic_load(&ran), 1);
  over();
}
#endif

TEST(a_closed_mailbox_takes_nothing_and_is_served_to_its_end) {
  fresh();
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(post(i), 0);
  const pthread_t caller =
      start(call_for_ever, NULL); /* has no place, or comes late */
  ck_assert_int_eq(libcgo_mailbox_close(&box), 0);
  ck_assert_int_eq(libcgo_mailbox_close(&box), EALREADY);
  pthread_join(caller, NULL);
  ck_assert_int_eq(atomic_load(&result), ESHUTDOWN);
  ck_assert_int_eq(post(1), ESHUTDOWN);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, 0), 0);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, SIZE_MAX), places);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER), ESHUTDOWN);
  over();
}

TEST(who_waits_when_it_ends_gets_an_error) {
  fresh();
  const pthread_t caller = start(call_for_ever, NULL);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER), 0);
  over();
  pthread_join(caller, NULL);
  ck_assert_int_eq(atomic_load(&result), ESHUTDOWN);
  ck_assert_int_eq(atomic_load(&ran), 0);
  ck_assert_int_eq(post(1), EINVAL); /* it is not open */
  ck_assert_int_eq(libcgo_mailbox_end(&box), EINVAL);
  ck_assert_int_eq(libcgo_mailbox_open(&box, 1), 0);
  over();
}

static void from_inside(void *arg) {
  ck_assert_int_eq(libcgo_mailbox_end(&box), EBUSY);
  ck_assert_int_eq(libcgo_mailbox_call(&box, run, arg, 0), 0); /* at once */
  ck_assert_int_eq(atomic_load(&ran), 1);
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(post(i), 0);
  ck_assert_int_eq(libcgo_mailbox_post(&box, run, NULL, LIBCGO_FOR_EVER),
                   EDEADLK);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, 1), 0);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER), EDEADLK);
  ck_assert_int_eq(libcgo_mailbox_close(&box), 0);
  ck_assert_int_eq(libcgo_mailbox_call(&box, run, arg, 0), ESHUTDOWN);
}

TEST(a_function_may_use_the_mailbox_that_it_is_served_from) {
  fresh();
  ck_assert_int_eq(libcgo_mailbox_post(&box, from_inside, NULL, 0), 0);
  ck_assert_uint_eq(libcgo_mailbox_serve(&box, SIZE_MAX), places + 1);
  ck_assert_int_eq(atomic_load(&ran), places + 1);
  over();
}

static void count(void *arg) { ++*(int *)arg; } /* not atomic: one at a time */

static void *post_many(void *arg) {
  for (int i = 0; i < each; i++) {
    const int err = i % 3 == 0
                        ? libcgo_mailbox_call(&box, count, arg, LIBCGO_FOR_EVER)
                        : libcgo_mailbox_post(&box, count, arg, LIBCGO_FOR_EVER);
    if (err != 0)
      return (void *)"refused";
  }
  atomic_fetch_add(&waiting, 1);
  return NULL;
}

TEST(nothing_is_lost_among_many_threads) {
  fresh();
  box.wake = NULL;
  static int sum;
  sum = 0;
  pthread_t threads[posters];
  for (int i = 0; i < posters; i++)
    threads[i] = start(post_many, &sum);
  while (sum < posters * each) {
    ck_assert_int_eq(libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER), 0);
    libcgo_mailbox_serve(&box, SIZE_MAX);
  }
  for (int i = 0; i < posters; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    ck_assert_ptr_eq(failed, NULL);
  }
  ck_assert_int_eq(sum, posters * each);
  over();
}

static void *call_until_the_end(void *arg) {
  (void)arg;
  int err;
  do {
    atomic_fetch_add(&waiting, 1);
    err = libcgo_mailbox_call(&box, run, NULL, LIBCGO_FOR_EVER);
  } while (err == 0);
  return (void *)(intptr_t)err;
}

TEST(it_can_end_while_threads_use_it) {
  for (int round = 0; round < rounds; round++) {
    fresh();
    pthread_t threads[posters];
    for (int i = 0; i < posters; i++)
      threads[i] = start(call_until_the_end, NULL);
    while (atomic_load(&waiting) < posters)
      libcgo_mailbox_serve(&box, 1);
    over();
    for (int i = 0; i < posters; i++) {
      void *err;
      pthread_join(threads[i], &err);
      ck_assert((intptr_t)err == ESHUTDOWN || (intptr_t)err == EINVAL);
    }
  }
}

static void *end_it(void *arg) {
  (void)arg;
  atomic_store(&result, libcgo_mailbox_end(&box));
  return NULL;
}

TEST(it_can_end_while_threads_wait_to_serve) {
  for (int round = 0; round < rounds / 4; round++) {
    fresh();
    pthread_t threads[waiters];
    post(1);
    start_waiters(threads);
    const pthread_t ender = start(end_it, NULL);
    ck_assert(becomes(&result, 0));
    pthread_join(ender, NULL);
    join_all(threads, waiters);
  }
}

static void nothing(void *arg) { (void)arg; }

static void *post_until_told(void *arg) {
  while (!atomic_load(&go_on))
    (void)!libcgo_mailbox_post(&box, nothing, arg, 0);
  return NULL;
}

enum { users = 2, enders = 4, turns = 10, lives = 2000 };
static atomic_int opened, ended;
static unsigned long long enough;
static void *open_and_end(void *arg) {
  for (int i = 0; i < lives && now_ns() < enough; i++) {
    if (libcgo_mailbox_open(&box, places) == 0)
      atomic_fetch_add(&opened, 1);
    if (arg != NULL)
      sched_yield();
    if (libcgo_mailbox_end(&box) == 0)
      atomic_fetch_add(&ended, 1);
    if (arg != NULL)
      sched_yield();
  }
  atomic_fetch_add(&waiting, 1);
  return NULL;
}

/* Many times, or for a tenth of a second. */
static void open_and_end_in(int threads_that_do) {
  fresh();
  atomic_store(&opened, 1);
  atomic_store(&ended, 0);
  atomic_store(&go_on, 0);
  enough = now_ns() + 100000000;
  pthread_t threads[users + enders];
  for (int i = 0; i < users + threads_that_do; i++)
    threads[i] = start(i < users ? post_until_told : open_and_end,
                       threads_that_do > 1 ? &box : NULL);
  ck_assert(becomes(&waiting, threads_that_do));
  atomic_store(&go_on, 1);
  join_all(threads, users + threads_that_do);
  /* Nobody is left in it. */
  if (libcgo_mailbox_open(&box, places) == 0)
    atomic_fetch_add(&opened, 1);
  const pthread_t ender = start(end_it, NULL);
  ck_assert(becomes(&result, 0));
  pthread_join(ender, NULL);
  const int lived = atomic_load(&opened), died = atomic_load(&ended) + 1;
  ck_assert_int_eq(lived, died);
}

TEST(it_can_be_opened_again_while_threads_use_it) {
  for (int turn = 0; turn < turns; turn++)
    open_and_end_in(1);
}
TEST(several_threads_may_open_and_end_it) {
  for (int turn = 0; turn < turns; turn++)
    open_and_end_in(enders);
}

TEST(a_bad_argument_is_refused) {
  ck_assert_int_eq(libcgo_mailbox_open(NULL, 1), EINVAL);
  struct libcgo_mailbox bad = LIBCGO_MAILBOX_INIT(NULL);
  ck_assert_int_eq(libcgo_mailbox_open(&bad, 0), EINVAL);
  ck_assert_int_eq(libcgo_mailbox_open(&bad, SIZE_MAX), ENOMEM);
  ck_assert_int_eq(libcgo_mailbox_post(&bad, run, NULL, 0), EINVAL);
  ck_assert_int_eq(libcgo_mailbox_wait(&bad, 0), EINVAL);
  ck_assert_int_eq(libcgo_mailbox_close(&bad), EINVAL);
  ck_assert_uint_eq(libcgo_mailbox_serve(&bad, 1), 0);
  libcgo_mailbox_interrupt(&bad);
  bad.size--;
  ck_assert_int_eq(libcgo_mailbox_open(&bad, 1), EINVAL);
  bad.size++;
  bad.version++;
  ck_assert_int_eq(libcgo_mailbox_open(&bad, 1), ENOTSUP);
  fresh();
  ck_assert_int_eq(libcgo_mailbox_open(&box, 1), EBUSY);
  ck_assert_int_eq(libcgo_mailbox_post(&box, NULL, NULL, 0), EINVAL);
  ck_assert_int_eq(libcgo_mailbox_call(&box, NULL, NULL, 0), EINVAL);
  over();
}

TEST(errno_is_left_alone) {
  fresh();
  errno = 77;
  for (int i = 0; i <= places; i++)
    post(i);
  ck_assert_int_eq(libcgo_mailbox_post(&box, run, NULL, 1000), ETIMEDOUT);
  libcgo_mailbox_serve(&box, SIZE_MAX);
  ck_assert_int_eq(libcgo_mailbox_wait(&box, 1000), ETIMEDOUT);
  libcgo_mailbox_close(&box);
  over();
  ck_assert_int_eq(errno, 77);
}

int main(void) {
  suite_begin("mailbox");
  ADD_TEST(what_is_posted_runs_in_its_order_where_it_is_served);
  ADD_TEST(a_call_returns_when_its_function_has_run_in_the_other_thread);
  ADD_TEST(a_full_mailbox_refuses_or_waits_for_a_place);
  ADD_TEST(a_call_that_does_not_begin_in_time_never_runs);
  ADD_TEST(a_call_given_up_behind_a_function_goes_with_it);
  ADD_TEST(a_call_that_has_begun_is_waited_for);
  ADD_TEST(wake_is_called_when_nothing_waited_before);
  ADD_TEST(wake_is_called_again_for_what_is_left_behind);
  ADD_TEST(who_would_serve_waits_while_another_thread_does);
  ADD_TEST(who_waits_is_told_when_a_closed_mailbox_was_served_to_its_end);
  ADD_TEST(who_waits_is_told_when_a_closed_mailbox_loses_its_last_call);
#ifndef _WIN32
  ADD_TEST(a_child_that_is_forked_in_a_function_serves_no_other_one);
#endif
  ADD_TEST(a_thread_that_waits_can_be_interrupted);
  ADD_TEST(a_closed_mailbox_takes_nothing_and_is_served_to_its_end);
  ADD_TEST(who_waits_when_it_ends_gets_an_error);
  ADD_TEST(a_function_may_use_the_mailbox_that_it_is_served_from);
  ADD_TEST(nothing_is_lost_among_many_threads);
  ADD_TEST(it_can_end_while_threads_use_it);
  ADD_TEST(it_can_end_while_threads_wait_to_serve);
  ADD_TEST(it_can_be_opened_again_while_threads_use_it);
  ADD_TEST(several_threads_may_open_and_end_it);
  ADD_TEST(a_bad_argument_is_refused);
  ADD_TEST(errno_is_left_alone);
  return suite_run();
}
