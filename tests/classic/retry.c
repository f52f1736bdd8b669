/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread start that fails for a moment: this program stands between the
 * library and pthread_create.
 */
#include "support/client.h"
#include "support/kit.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static atomic_int failures_left, calls, failure_ms;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                   void *(*fn)(void *), void *arg) {
  int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  atomic_fetch_add(&calls, 1);
  if (atomic_load(&failures_left) != 0) {
    atomic_fetch_sub(&failures_left, 1);
    const double end = seconds() + atomic_load(&failure_ms) / 1e3;
    while (seconds() < end)
      sched_yield();
    return EAGAIN;
  }
  return real(thread, attr, fn, arg);
}

static struct libcgo_g task;
static int ran;

static void run(void) { ran = 1; }

TEST(eagain_is_retried_until_there_is_a_thread) {
  initcgo();
  atomic_store(&failures_left, 3);
  run_in_thread(&task, 1, run);
  ck_assert_int_eq(ran, 1);
  ck_assert_int_eq(atomic_load(&calls), 4);
}

static void start_without_end(void *unused) {
  (void)unused;
  initcgo();
  atomic_store(&failures_left, -1);
  struct libcgo_start start = {1, &task, run};
  libcgo_thread_start(&start);
}

TEST(eagain_is_retried_for_one_second) {
  char output[1024];
  const double begin = seconds();
  ck_assert_int_eq(run_to_death(start_without_end, NULL, output, sizeof output),
                   SIGABRT);
  ck_assert_msg(strstr(output, "within one second: EAGAIN: ") != NULL,
                "it said: %s", output);
  ck_assert_msg(seconds() - begin >= 1, "after %g s", seconds() - begin);
}

/* ---- the creator is cancelled meanwhile ---- */

static sem_t created;
static atomic_int creator_returned;

static void tell(void) { sem_post(&created); }

static void *create_cancelled(void *unused) {
  pthread_cancel(pthread_self()); /* pending: the next cancellation point */
  atomic_store(&failures_left, 3);
  struct libcgo_start start = {1, &task, tell};
  libcgo_thread_start(&start);
  atomic_store(&creator_returned, 1);
  pthread_testcancel();
  return unused;
}

TEST(a_creator_that_is_cancelled_does_not_lose_the_thread) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer keeps the poison of frames that a cancelled "
         "thread has left");
  initcgo();
  sem_init(&created, 0, 0);
  pthread_t creator;
  void *result;
  ck_assert_int_eq(pthread_create(&creator, NULL, create_cancelled, NULL), 0);
  pthread_join(creator, &result);
  ck_assert_int_eq(atomic_load(&creator_returned), 1);
  ck_assert_ptr_eq(result, PTHREAD_CANCELED);
  while (sem_wait(&created) != 0)
    continue;
}

/* ---- the kit's threads ---- */

TEST(create_retries_EAGAIN_until_there_is_a_thread) {
  kit_begin();
  atomic_store(&calls, 0);
  atomic_store(&failures_left, 3);
  kit_run(NULL, kit_nothing, NULL);
  ck_assert_int_eq(atomic_load(&calls), 4);
  ck_assert_int_eq(kit_count(KIT_ENTER), 1);
}

TEST(create_retries_for_one_second_and_says_EAGAIN) {
  static const struct libcgo_thread fresh = LIBCGO_THREAD_INIT;
  kit_begin();
  struct libcgo_thread record = fresh;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  const double begin = seconds();
  atomic_store(&failures_left, -1);
  errno = 12345;
  const int err =
      libcgo_thread_create(&kit, &record, NULL, kit_nothing, NULL, &limit);
  ck_assert_int_eq(errno, 12345);
  atomic_store(&failures_left, 0);
  ck_assert_int_eq(err, EAGAIN);
  ck_assert_msg(seconds() - begin >= 1, "after %g s", seconds() - begin);
  ck_assert_int_eq(kit_count(KIT_ENTER), 0);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 0);
  ck_assert_int_eq(memcmp(&record, &fresh, sizeof record), 0);
}

/* It was on no CPU, or its whole process was stopped. */
TEST(create_retries_EAGAIN_also_where_the_first_try_takes_a_second) {
  kit_begin();
  atomic_store(&calls, 0);
  atomic_store(&failure_ms, 1100);
  atomic_store(&failures_left, 1);
  kit_run(NULL, kit_nothing, NULL);
  atomic_store(&failure_ms, 0);
  ck_assert_int_eq(atomic_load(&calls), 2);
  ck_assert_int_eq(kit_count(KIT_ENTER), 1);
}

static int created_by_cancelled = -1;

static void *create_cancelled_kit(void *unused) {
  pthread_cancel(pthread_self()); /* pending: the next cancellation point */
  atomic_store(&failures_left, 3);
  created_by_cancelled =
      libcgo_thread_create(&kit, kit_record(), NULL, kit_nothing, NULL, NULL);
  pthread_testcancel();
  return unused;
}

TEST(create_is_no_cancellation_point) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer keeps the poison of frames that a cancelled "
         "thread has left");
  kit_begin();
  ck_assert_ptr_eq(kit_run_foreign(create_cancelled_kit, NULL), PTHREAD_CANCELED);
  ck_assert_int_eq(created_by_cancelled, 0);
  kit_wait(KIT_LEAVE, 1);
}

int main(void) {
  suite_begin("retry");
  ADD_TEST(eagain_is_retried_until_there_is_a_thread);
  ADD_TEST(eagain_is_retried_for_one_second);
  ADD_TEST(a_creator_that_is_cancelled_does_not_lose_the_thread);
  ADD_TEST(create_retries_EAGAIN_until_there_is_a_thread);
  ADD_TEST(create_retries_for_one_second_and_says_EAGAIN);
  ADD_TEST(create_retries_EAGAIN_also_where_the_first_try_takes_a_second);
  ADD_TEST(create_is_no_cancellation_point);
  return suite_run();
}
