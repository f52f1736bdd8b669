/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The start-up hand-shake.
 */
#include "support/harness.h"

#include <errno.h>
#include <libcgo/init.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct libcgo_init init = LIBCGO_INIT;
static int written; /* by the thread that starts the runtime, not atomic */
static atomic_int waiting, claims, saw_it, wait_result;

/* Each test begins with this: under valgrind they share a process. */
static void fresh(void) {
  init = (struct libcgo_init)LIBCGO_INIT;
  written = 0;
  atomic_store(&waiting, 0);
  atomic_store(&claims, 0);
  atomic_store(&saw_it, 0);
  atomic_store(&wait_result, -1);
}

/* futex(2) refuses another, and a wait that is refused is a busy one. */
TEST(the_state_has_the_alignment_of_a_word_to_wait_on) {
  ck_assert_uint_eq(offsetof(struct libcgo_init, state) % 4, 0);
  ck_assert_uint_eq(_Alignof(struct libcgo_init) % 4, 0);
}

TEST(a_claim_is_given_once_and_ends_with_done) {
  fresh();
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(libcgo_init_begin(&init), EBUSY);
  ck_assert_int_eq(libcgo_init_done(&init), 0);
  ck_assert_int_eq(libcgo_init_begin(&init), EALREADY);
  ck_assert_int_eq(libcgo_init_done(&init), EALREADY);
  ck_assert_int_eq(libcgo_init_wait(&init), 0);
}

TEST(done_without_a_claim_is_refused) {
  fresh();
  ck_assert_int_eq(libcgo_init_done(&init), EPERM);
}

TEST(a_missing_or_small_record_is_refused) {
  fresh();
  struct libcgo_init small = LIBCGO_INIT;
  small.size = 4;
  ck_assert_int_eq(libcgo_init_begin(NULL), EINVAL);
  ck_assert_int_eq(libcgo_init_done(NULL), EINVAL);
  ck_assert_int_eq(libcgo_init_wait(NULL), EINVAL);
  ck_assert_int_eq(libcgo_init_abandon(NULL), EINVAL);
  ck_assert_int_eq(libcgo_init_begin(&small), EINVAL);
  ck_assert_int_eq(libcgo_init_done(&small), EINVAL);
  ck_assert_int_eq(libcgo_init_wait(&small), EINVAL);
  ck_assert_int_eq(libcgo_init_abandon(&small), EINVAL);
}

TEST(an_abandoned_start_can_be_claimed_again) {
  fresh();
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(libcgo_init_abandon(&init), 0);
  ck_assert_int_eq(libcgo_init_abandon(&init), EPERM);
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(libcgo_init_done(&init), 0);
  ck_assert_int_eq(libcgo_init_abandon(&init), EALREADY);
}

enum { waiters = 64 };

static void *claim_or_wait(void *unused) {
  if (libcgo_init_begin(&init) == 0) {
    atomic_fetch_add(&claims, 1);
    while (atomic_load(&waiting) < waiters - 1)
      sched_yield();
    written = 42;
    libcgo_init_done(&init);
    return unused;
  }
  atomic_fetch_add(&waiting, 1);
  if (libcgo_init_wait(&init) == 0 && written == 42)
    atomic_fetch_add(&saw_it, 1);
  return unused;
}

TEST(all_who_wait_see_what_the_starter_has_written) {
  fresh();
  pthread_t threads[waiters];
  for (int i = 0; i < waiters; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, claim_or_wait, NULL), 0);
  for (int i = 0; i < waiters; i++)
    pthread_join(threads[i], NULL);
  ck_assert_int_eq(atomic_load(&claims), 1);
  ck_assert_int_eq(atomic_load(&saw_it), waiters - 1);
}

static void *wait_first(void *unused) {
  atomic_store(&waiting, 1);
  atomic_store(&wait_result, libcgo_init_wait(&init));
  return unused;
}

TEST(who_waits_before_the_claim_waits_for_it) {
  fresh();
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, wait_first, NULL), 0);
  while (!atomic_load(&waiting))
    sched_yield();
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(atomic_load(&wait_result), -1);
  ck_assert_int_eq(libcgo_init_done(&init), 0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(atomic_load(&wait_result), 0);
}

TEST(who_waits_for_an_abandoned_start_waits_for_the_next) {
  fresh();
  pthread_t thread;
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, wait_first, NULL), 0);
  while (!atomic_load(&waiting))
    sched_yield();
  ck_assert_int_eq(libcgo_init_abandon(&init), 0);
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(atomic_load(&wait_result), -1);
  ck_assert_int_eq(libcgo_init_done(&init), 0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(atomic_load(&wait_result), 0);
}

/* A runtime whose start-up fails while a callback waits for it. */
static struct libcgo_thread *current_none(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return NULL;
}
static void nothing(struct libcgo_thread *thread) { (void)thread; }
static const struct libcgo_ops ops =
    LIBCGO_OPS(nothing, nothing, NULL, NULL, current_none, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

static void called(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
}

static void *call_back(void *unused) {
  atomic_store(&waiting, 1);
  atomic_store(&wait_result, libcgo_callback(&runtime, called, NULL));
  return unused;
}

TEST(a_callback_that_waits_for_an_abandoned_start_returns) {
  fresh();
  pthread_t thread;
  ck_assert_int_eq(libcgo_init_begin(&runtime.init), 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, call_back, NULL), 0);
  while (!atomic_load(&waiting))
    sched_yield();
  ck_assert_int_eq(libcgo_init_abandon(&runtime.init), 0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(atomic_load(&wait_result), EPERM);
}

static void wait_for_nobody(void *unused) {
  (void)unused;
  alarm(1);
  libcgo_init_wait(&init);
}

TEST(waiting_blocks_until_there_is_a_claim) {
  fresh();
  char output[64];
  ck_assert_int_eq(run_to_death(wait_for_nobody, NULL, output, sizeof output),
                   SIGALRM);
}

/* Exits with the number of the first answer that is wrong, or 0. */
static int in_child(int begin, int done, int wait) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60); /* a wait that hangs */
    if (libcgo_init_begin(&init) != begin)
      _exit(1);
    if (libcgo_init_done(&init) != done)
      _exit(2);
    if (libcgo_init_wait(&init) != wait)
      _exit(3);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(a_half_done_start_is_an_error_in_a_forked_child) {
  fresh();
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(in_child(ECANCELED, EPERM, ECANCELED), 0);
  ck_assert_int_eq(libcgo_init_done(&init), 0); /* the parent goes on */
}

TEST(a_forked_child_may_begin_anew_what_was_half_done) {
  fresh();
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    if (libcgo_init_begin(&init) != ECANCELED)
      _exit(1);
    fresh();
    _exit(libcgo_init_begin(&init) == 0 && libcgo_init_done(&init) == 0 &&
                  libcgo_init_wait(&init) == 0
              ? 0
              : 2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(libcgo_init_done(&init), 0);
}

TEST(a_start_that_is_done_is_done_in_a_forked_child) {
  fresh();
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(libcgo_init_done(&init), 0);
  ck_assert_int_eq(in_child(EALREADY, EALREADY, 0), 0);
}

TEST(a_forked_child_may_start_what_the_parent_has_not) {
  fresh();
  ck_assert_int_eq(in_child(0, 0, 0), 0);
}

TEST(the_hand_shake_leaves_errno_alone) {
  fresh();
  errno = 12345;
  libcgo_init_begin(&init);
  libcgo_init_abandon(&init);
  libcgo_init_begin(&init);
  libcgo_init_done(&init);
  libcgo_init_wait(&init);
  ck_assert_int_eq(errno, 12345);
}

static void *wait_cancelled(void *unused) {
  pthread_cancel(pthread_self());
  atomic_store(&waiting, 1);
  atomic_store(&wait_result, libcgo_init_wait(&init));
  return unused;
}

TEST(waiting_is_no_cancellation_point) {
  fresh();
  pthread_t thread;
  void *result;
  ck_assert_int_eq(libcgo_init_begin(&init), 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, wait_cancelled, NULL), 0);
  while (!atomic_load(&waiting))
    sched_yield();
  libcgo_init_done(&init);
  pthread_join(thread, &result);
  ck_assert_int_eq(atomic_load(&wait_result), 0);
}

int main(void) {
  suite_begin("init");
  ADD_TEST(the_state_has_the_alignment_of_a_word_to_wait_on);
  ADD_TEST(a_claim_is_given_once_and_ends_with_done);
  ADD_TEST(an_abandoned_start_can_be_claimed_again);
  ADD_TEST(who_waits_for_an_abandoned_start_waits_for_the_next);
  ADD_TEST(a_callback_that_waits_for_an_abandoned_start_returns);
  ADD_TEST(done_without_a_claim_is_refused);
  ADD_TEST(a_missing_or_small_record_is_refused);
  ADD_TEST(all_who_wait_see_what_the_starter_has_written);
  ADD_TEST(who_waits_before_the_claim_waits_for_it);
  ADD_TEST(waiting_blocks_until_there_is_a_claim);
  ADD_TEST(a_half_done_start_is_an_error_in_a_forked_child);
  ADD_TEST(a_forked_child_may_begin_anew_what_was_half_done);
  ADD_TEST(a_start_that_is_done_is_done_in_a_forked_child);
  ADD_TEST(a_forked_child_may_start_what_the_parent_has_not);
  ADD_TEST(the_hand_shake_leaves_errno_alone);
  ADD_TEST(waiting_is_no_cancellation_point);
  return suite_run();
}
