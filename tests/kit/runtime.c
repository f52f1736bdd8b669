/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runtimes and the threads that C brings: attach, detach, callback.
 */
#include "support/kit.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A callback that notes what it has got. */
static int calls;
static struct libcgo_thread *called_with;
static void *called_arg;

static void note(struct libcgo_thread *thread, void *arg) {
  calls++;
  called_with = thread;
  called_arg = arg;
}

static void begin(void) {
  kit_begin();
  calls = 0;
  called_with = NULL;
  called_arg = NULL;
}

static void assert_counts(int enters, int leaves, int acquires, int releases) {
  ck_assert_int_eq(kit_count(KIT_ENTER), enters);
  ck_assert_int_eq(kit_count(KIT_LEAVE), leaves);
  ck_assert_int_eq(kit_count(KIT_ACQUIRE), acquires);
  ck_assert_int_eq(kit_count(KIT_RELEASE), releases);
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

/* A runtime of the test's own, which has started. */
static struct libcgo_runtime started(const struct libcgo_ops *ops) {
  struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(ops);
  libcgo_init_begin(&runtime.init);
  libcgo_init_done(&runtime.init);
  return runtime;
}

/* ---- attaching ---- */

TEST(the_first_callback_attaches_the_thread) {
  begin();
  ck_assert_int_eq(libcgo_callback(&kit, note, &calls), 0);
  assert_counts(1, 0, 1, 0);
  ck_assert_int_eq(calls, 1);
  ck_assert_ptr_eq(called_arg, &calls);
  ck_assert_ptr_ne(called_with, NULL);
  ck_assert_ptr_eq(called_with, kit_current());
  ck_assert_ptr_eq(called_with->runtime, &kit);
  ck_assert_ptr_eq(kit_acquired_for, &kit);
}

TEST(later_callbacks_find_the_thread_attached) {
  begin();
  for (int i = 0; i < 100; i++)
    ck_assert_int_eq(libcgo_callback(&kit, note, NULL), 0);
  ck_assert_int_eq(calls, 100);
  ck_assert_ptr_eq(called_with, kit_current());
  assert_counts(1, 0, 1, 0);
}

TEST(attach_gives_the_record_that_enter_got) {
  begin();
  struct libcgo_thread *thread = NULL;
  ck_assert_int_eq(libcgo_attach(&kit, &thread), 0);
  ck_assert_ptr_ne(thread, NULL);
  ck_assert_ptr_eq(thread, kit_current());
  ck_assert_ptr_eq(thread->runtime, &kit);
  assert_counts(1, 0, 1, 0);
}

TEST(a_second_attach_says_EALREADY_and_gives_the_record) {
  begin();
  struct libcgo_thread *thread = NULL;
  ck_assert_int_eq(libcgo_callback(&kit, note, NULL), 0);
  ck_assert_int_eq(libcgo_attach(&kit, &thread), EALREADY);
  ck_assert_ptr_eq(thread, kit_current());
  ck_assert_int_eq(libcgo_attach(&kit, NULL), EALREADY);
  assert_counts(1, 0, 1, 0);
}

static void attach_again(struct libcgo_thread *thread, void *result) {
  *(int *)result = libcgo_attach(&kit, &called_with);
  (void)thread;
}

TEST(attach_says_EALREADY_on_a_thread_of_the_runtime) {
  begin();
  int result = -1;
  struct libcgo_thread *record = kit_record();
  ck_assert_int_eq(
      libcgo_thread_create(&kit, record, NULL, attach_again, &result, NULL), 0);
  kit_wait(KIT_LEAVE, 1);
  ck_assert_int_eq(result, EALREADY);
  ck_assert_ptr_eq(called_with, record);
}

TEST(detach_leaves_and_releases) {
  begin();
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_ptr_eq(kit_current(), NULL);
  assert_counts(1, 1, 1, 1);
}

TEST(a_detached_thread_can_be_attached_again_with_the_same_record) {
  begin();
  struct libcgo_thread *first, *second;
  ck_assert_int_eq(libcgo_attach(&kit, &first), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_int_eq(libcgo_attach(&kit, &second), 0);
  ck_assert_ptr_eq(second, first);
  ck_assert_int_eq(libcgo_callback(&kit, note, NULL), 0);
  ck_assert_ptr_eq(called_with, first);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  assert_counts(2, 2, 2, 2);
}

TEST(detach_says_ESRCH_on_a_thread_that_is_not_attached) {
  begin();
  ck_assert_int_eq(libcgo_detach(&kit), ESRCH);
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_int_eq(libcgo_detach(&kit), ESRCH);
  assert_counts(1, 1, 1, 1);
}

static void detach_here(struct libcgo_thread *thread, void *result) {
  *(int *)result = libcgo_detach(&kit);
  called_with = kit_current() == thread ? thread : NULL;
}

TEST(detach_says_EPERM_on_a_thread_of_the_runtime) {
  begin();
  int result = -1;
  kit_run(NULL, detach_here, &result);
  ck_assert_int_eq(result, EPERM);
  ck_assert_ptr_ne(called_with, NULL);
  assert_counts(1, 1, 0, 0);
}

static uintptr_t detach_on_stack(void *unused) {
  (void)unused;
  return (uintptr_t)libcgo_detach(&kit);
}

static char small_memory[1 << 16] __attribute__((aligned(4096)));

TEST(detach_says_EBUSY_inside_a_call_on_a_small_stack) {
  begin();
  struct libcgo_thread *thread;
  const struct libcgo_stack stack =
      LIBCGO_STACK_INIT(small_memory, small_memory + sizeof small_memory);
  ck_assert_int_eq(libcgo_attach(&kit, &thread), 0);
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stack, detach_on_stack, NULL),
                    EBUSY);
  assert_counts(1, 0, 1, 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* ---- who is refused ---- */

TEST(attach_says_ENOMEM_when_acquire_has_no_record) {
  begin();
  kit_behaviour.no_record = 1;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), ENOMEM);
  ck_assert_int_eq(libcgo_callback(&kit, note, NULL), ENOMEM);
  ck_assert_int_eq(calls, 0);
  assert_counts(0, 0, 2, 0);
  kit_behaviour.no_record = 0;
  ck_assert_int_eq(libcgo_callback(&kit, note, NULL), 0);
}

TEST(threads_of_others_are_refused_without_acquire_and_release) {
  begin();
  struct libcgo_ops ops = kit_ops;
  ops.acquire = NULL;
  ops.release = NULL;
  struct libcgo_runtime runtime = started(&ops);
  ck_assert_int_eq(libcgo_attach(&runtime, NULL), ENOTSUP);
  ck_assert_int_eq(libcgo_callback(&runtime, note, NULL), ENOTSUP);
  ck_assert_int_eq(calls, 0);
  assert_counts(0, 0, 0, 0);
}

TEST(a_current_that_does_not_give_the_record_is_an_EPROTO) {
  begin();
  kit_behaviour.lie = 1;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), EPROTO);
  ck_assert_int_eq(libcgo_callback(&kit, note, NULL), EPROTO);
  ck_assert_int_eq(calls, 0);
  assert_counts(2, 2, 2, 2);
}

static struct libcgo_thread bad_record;
static struct libcgo_thread *acquire_bad(struct libcgo_runtime *runtime) {
  (void)runtime;
  return &bad_record;
}
static int bad_released;
static void release_bad(struct libcgo_thread *thread) {
  bad_released += thread == &bad_record;
}

TEST(a_bad_record_of_acquire_is_refused_and_released) {
  begin();
  struct libcgo_ops ops = kit_ops;
  ops.acquire = acquire_bad;
  ops.release = release_bad;
  struct libcgo_runtime runtime = started(&ops);
  bad_released = 0;
  bad_record = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  bad_record.size = offsetof(struct libcgo_thread, poll) - 1;
  ck_assert_int_eq(libcgo_attach(&runtime, NULL), EINVAL);
  bad_record = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  bad_record.version = 2;
  ck_assert_int_eq(libcgo_attach(&runtime, NULL), ENOTSUP);
  ck_assert_int_eq(bad_released, 2);
  assert_counts(0, 0, 0, 0);
}

/* A runtime or its hooks are bad: what each function answers, and that no hook
   was called. */
static void assert_refused(struct libcgo_runtime *runtime, int err) {
  struct libcgo_thread thread = LIBCGO_THREAD_INIT;
  ck_assert_int_eq(libcgo_attach(runtime, NULL), err);
  ck_assert_int_eq(libcgo_detach(runtime), err);
  ck_assert_int_eq(libcgo_callback(runtime, note, NULL), err);
  ck_assert_int_eq(
      libcgo_thread_create(runtime, &thread, NULL, kit_nothing, NULL, NULL), err);
  ck_assert_int_eq(calls, 0);
  assert_counts(0, 0, 0, 0);
}

TEST(a_runtime_that_is_missing_or_small_is_refused) {
  begin();
  assert_refused(NULL, EINVAL);
  struct libcgo_runtime runtime = started(&kit_ops);
  runtime.size -= 1;
  assert_refused(&runtime, EINVAL);
  runtime.size = 0;
  assert_refused(&runtime, EINVAL);
}

TEST(a_runtime_of_an_unknown_version_is_refused) {
  begin();
  struct libcgo_runtime runtime = started(&kit_ops);
  runtime.version = LIBCGO_RECORD_VERSION + 1;
  assert_refused(&runtime, ENOTSUP);
  runtime.version = 0;
  assert_refused(&runtime, ENOTSUP);
}

TEST(hooks_that_are_missing_or_small_are_refused) {
  begin();
  struct libcgo_runtime without = started(NULL);
  assert_refused(&without, EINVAL);
  struct libcgo_ops ops = kit_ops;
  ops.size -= 1;
  struct libcgo_runtime runtime = started(&ops);
  assert_refused(&runtime, EINVAL);
}

TEST(hooks_of_an_unknown_version_are_refused) {
  begin();
  struct libcgo_ops ops = kit_ops;
  ops.version = LIBCGO_RECORD_VERSION + 1;
  struct libcgo_runtime runtime = started(&ops);
  assert_refused(&runtime, ENOTSUP);
}

TEST(hooks_without_a_required_one_are_refused) {
  for (int i = 0; i < 5; i++) {
    begin();
    struct libcgo_ops ops = kit_ops;
    switch (i) {
    case 0:
      ops.enter = NULL;
      break;
    case 1:
      ops.leave = NULL;
      break;
    case 2:
      ops.current = NULL;
      break;
    case 3:
      ops.acquire = NULL;
      break; /* without the other */
    case 4:
      ops.release = NULL;
      break;
    }
    struct libcgo_runtime runtime = started(&ops);
    assert_refused(&runtime, EINVAL);
  }
}

TEST(a_callback_without_a_function_is_refused) {
  begin();
  ck_assert_int_eq(libcgo_callback(&kit, NULL, NULL), EINVAL);
  assert_counts(0, 0, 0, 0);
}

/* Records as a client of a later release has them: longer. */
struct later_ops {
  struct libcgo_ops ops;
  uintptr_t more[8];
};
struct later_runtime {
  struct libcgo_runtime runtime;
  uintptr_t more[8];
};
static struct later_thread {
  struct libcgo_thread thread;
  uintptr_t more[8];
} later_thread;

static struct libcgo_thread *acquire_later(struct libcgo_runtime *runtime) {
  (void)runtime;
  later_thread = (struct later_thread){LIBCGO_THREAD_INIT, {1, 2, 3}};
  later_thread.thread.size = sizeof later_thread;
  return &later_thread.thread;
}
static void release_later(struct libcgo_thread *thread) { (void)thread; }
static struct libcgo_thread *later_current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return called_with;
}
static void later_enter(struct libcgo_thread *thread) { called_with = thread; }
static void later_leave(struct libcgo_thread *thread) {
  (void)thread;
  called_with = NULL;
}

TEST(larger_records_of_a_later_client_are_accepted) {
  begin();
  struct later_ops ops = {LIBCGO_OPS(later_enter, later_leave, acquire_later,
                                     release_later, later_current, NULL),
                          {1, 2, 3}};
  ops.ops.size = sizeof ops;
  struct later_runtime later = {started(&ops.ops), {4, 5, 6}};
  later.runtime.size = sizeof later;
  ck_assert_int_eq(libcgo_callback(&later.runtime, kit_nothing, NULL), 0);
  ck_assert_ptr_eq(called_with, &later_thread.thread);
  ck_assert_int_eq(libcgo_detach(&later.runtime), 0);
  ck_assert_ptr_eq(called_with, NULL);
  ck_assert_uint_eq(later.more[0] + later.more[1] + later.more[2], 15);
  ck_assert_uint_eq(later_thread.more[0] + later_thread.more[1], 3);
}

enum { most_keys = 1 << 16 };

TEST(attach_says_EAGAIN_when_the_process_has_no_thread_key_left) {
  WINDOWS_HAS("indexes, which pthread keys use none of");
  begin();
  struct libcgo_runtime runtime = started(&kit_ops);
  static pthread_key_t keys[most_keys];
  int n = 0;
  while (n < most_keys && pthread_key_create(&keys[n], NULL) == 0)
    n++;
  ck_assert_int_gt(n, 0);
  const int attached = libcgo_attach(&runtime, NULL);
  const int called = libcgo_callback(&runtime, note, NULL);
  while (n > 0)
    pthread_key_delete(keys[--n]);
  ck_assert_int_eq(attached, EAGAIN);
  ck_assert_int_eq(called, EAGAIN);
  assert_counts(0, 0, 0, 0);
  ck_assert_int_eq(libcgo_callback(&runtime, note, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&runtime), 0);
}

/* ---- the start-up ---- */

TEST(a_callback_before_the_start_up_is_refused) {
  begin();
  struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&kit_ops);
  ck_assert_int_eq(libcgo_callback(&runtime, note, NULL), EPERM);
  ck_assert_int_eq(calls, 0);
  assert_counts(0, 0, 0, 0);
}

TEST(attach_does_not_look_at_the_start_up) {
  begin();
  struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&kit_ops);
  ck_assert_int_eq(libcgo_attach(&runtime, NULL), 0);
  ck_assert_int_eq(libcgo_callback(&runtime, note, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&runtime), 0);
}

static struct libcgo_runtime starting;
static int waiter_id, written, seen;

static void look(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  seen = written; /* not atomic: the hand-shake orders them */
}

static void *call_into_starting(void *result) {
  __atomic_store_n(&waiter_id, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
  *(int *)result = libcgo_callback(&starting, look, NULL);
  return NULL;
}

/* Returns when a thread of the process sleeps, or is no more. */
static void wait_until_asleep(int thread) {
  char path[64], state = 'R';
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  while (state != 'S') {
    FILE *f = fopen(path, "r");
    /* "NUMBER (NAME) STATE ..." (proc(5)). */
    if (f == NULL || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
      state = 'S';
    if (f != NULL)
      fclose(f);
    sched_yield();
  }
}

TEST(a_callback_waits_for_a_start_up_that_is_under_way) {
  begin();
  starting = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&kit_ops);
  waiter_id = written = seen = 0;
  int result = -1, id;
  pthread_t thread;
  ck_assert_int_eq(libcgo_init_begin(&starting.init), 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, call_into_starting, &result), 0);
  while ((id = __atomic_load_n(&waiter_id, __ATOMIC_ACQUIRE)) == 0)
    sched_yield();
  wait_until_asleep(id);
  written = 42;
  ck_assert_int_eq(libcgo_init_done(&starting.init), 0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(result, 0);
  ck_assert_int_eq(seen, 42);
}

/* ---- what callers keep ---- */

TEST(no_call_changes_errno) {
  begin();
  errno = 12345;
  kit_behaviour.no_record = 1;
  kit.signal_stack_size = 1;
  libcgo_attach(&kit, NULL);
  libcgo_callback(&kit, note, NULL);
  libcgo_detach(&kit);
  kit_behaviour.no_record = 0;
  libcgo_callback(&kit, note, NULL);
  libcgo_callback(&kit, note, NULL);
  libcgo_attach(&kit, NULL);
  libcgo_detach(&kit);
  libcgo_attach(&kit, NULL);
  libcgo_detach(&kit);
  ck_assert_int_eq(errno, 12345);
}

static void note_mask(struct libcgo_thread *thread, void *mask) {
  (void)thread;
  pthread_sigmask(SIG_SETMASK, NULL, mask);
}

static void assert_same_mask(const sigset_t *a, const sigset_t *b) {
  for (int sig = 1; sig <= SIGRTMAX; sig++)
    ck_assert_msg(sigismember(a, sig) == sigismember(b, sig),
                  "signal %d is blocked in one only", sig);
}

TEST(the_caller_keeps_its_signal_mask) {
  begin();
  sigset_t before, in_first, in_second, after;
  sigemptyset(&before);
  sigaddset(&before, SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  ck_assert_int_eq(libcgo_callback(&kit, note_mask, &in_first), 0);
  ck_assert_int_eq(libcgo_callback(&kit, note_mask, &in_second), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  assert_same_mask(&before, &in_first);
  assert_same_mask(&before, &in_second);
  assert_same_mask(&before, &after);
}

TEST(hooks_run_with_signals_held) {
  begin();
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  kit_run(NULL, kit_nothing, NULL);
  ck_assert_int_eq(kit_count(KIT_ENTER), 2);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 2);
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

static void *cross_cancelled(void *unused) {
  pthread_cancel(pthread_self()); /* pending: the next cancellation point */
  libcgo_attach(&kit, NULL);
  libcgo_callback(&kit, note, NULL);
  libcgo_detach(&kit);
  libcgo_callback(&kit, note, NULL);
  libcgo_detach(&kit);
  calls += 100;
  pthread_testcancel();
  return unused;
}

TEST(attach_callback_and_detach_are_no_cancellation_points) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer keeps the poison of frames that a cancelled "
         "thread has left");
  begin();
  ck_assert_ptr_eq(kit_run_foreign(cross_cancelled, NULL), PTHREAD_CANCELED);
  ck_assert_int_eq(calls, 102);
  assert_counts(2, 2, 2, 2);
}

static void strict_child(void) {
  enum { impossible = 77 };
  int err = libcgo_callback(&kit, note, NULL);
  err |= libcgo_callback(&kit, note, NULL);
  if (prctl(PR_SET_SECCOMP, 1 /* SECCOMP_MODE_STRICT */) != 0)
    _exit(impossible);
  /* From here on read, write, exit and sigreturn, and nothing else. */
  for (int i = 0; i < 1000; i++)
    err |= libcgo_callback(&kit, note, NULL);
  syscall(SYS_exit, err != 0 || calls != 1002);
}

TEST(a_callback_of_an_attached_thread_makes_no_system_call) {
  if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
    SKIP("this tool makes system calls of its own");
  begin();
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0)
    strict_child();
  int status = -1;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    SKIP("there is no seccomp here (an emulator)");
  ck_assert_int_eq(status, 0);
}

/* ---- the ways a thread ends ---- */

static void *attach_and_return(void *result) {
  *(int *)result = libcgo_callback(&kit, note, NULL);
  return result;
}

TEST(a_thread_detaches_by_itself_when_it_returns) {
  begin();
  int result = -1;
  ck_assert_ptr_eq(kit_run_foreign(attach_and_return, &result), &result);
  ck_assert_int_eq(result, 0);
  assert_counts(1, 1, 1, 1);
}

static void exit_thread(struct libcgo_thread *thread, void *result) {
  (void)thread;
  pthread_exit(result);
}

static void *exit_in_callback(void *result) {
  libcgo_callback(&kit, exit_thread, result);
  return NULL;
}

TEST(a_thread_detaches_by_itself_at_pthread_exit_in_a_callback) {
  begin();
  int result;
  ck_assert_ptr_eq(kit_run_foreign(exit_in_callback, &result), &result);
  assert_counts(1, 1, 1, 1);
}

static void cancel_thread(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  pthread_cancel(pthread_self());
  pthread_testcancel();
}

static void *cancel_in_callback(void *arg) {
  libcgo_callback(&kit, cancel_thread, arg);
  return NULL;
}

TEST(a_thread_detaches_by_itself_when_it_is_cancelled_in_a_callback) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer keeps the poison of frames that a cancelled "
         "thread has left");
  begin();
  ck_assert_ptr_eq(kit_run_foreign(cancel_in_callback, NULL), PTHREAD_CANCELED);
  assert_counts(1, 1, 1, 1);
}

TEST(the_record_of_an_ended_thread_may_be_freed_in_release) {
  begin();
  kit_behaviour.heap = 1;
  int result = -1;
  kit_run_foreign(attach_and_return, &result);
  ck_assert_int_eq(result, 0);
  assert_counts(1, 1, 1, 1);
}

static jmp_buf back;

static void jump(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  longjmp(back, 1);
}

TEST(a_longjmp_out_of_a_callback_leaves_the_thread_attached) {
  begin();
  if (setjmp(back) == 0)
    libcgo_callback(&kit, jump, NULL);
  ck_assert_int_eq(libcgo_callback(&kit, note, NULL), 0);
  assert_counts(1, 0, 1, 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* ---- callbacks of other keys' destructors ---- */

/* PTHREAD_DESTRUCTOR_ITERATIONS; the thread sanitizer has given up the thread
   before the last round. */
enum { rounds = UNDER_TSAN ? 3 : 4 };

/* A value of another key, which stays for all rounds. */
struct visitor {
  pthread_key_t key;
  int first; /* the round in which it begins to call back */
  int round;
  int result[rounds];
  struct libcgo_thread *record[rounds];
  int attached[rounds]; /* what attach said, before the callback */
};
/* Their keys are made before the runtime's and after it, so that in each round
   one comes before it and one after it. */
static struct visitor early, late;
static struct libcgo_runtime visited;
static int calls_back_before;

static void note_record(struct libcgo_thread *thread, void *record) {
  *(struct libcgo_thread **)record = thread;
}

static void visit(void *p) {
  struct visitor *v = p;
  const int round = v->round++;
  if (round >= v->first) {
    const int had = kit_current() != NULL;
    v->attached[round] = libcgo_attach(&visited, NULL);
    if (!had && v->attached[round] == 0)
      libcgo_detach(&visited);
    v->result[round] = libcgo_callback(&visited, note_record, &v->record[round]);
  }
  if (v->round < rounds)
    pthread_setspecific(v->key, v);
  kit_count(KIT_WRONG); /* a lock: see end_visitors */
}

static void prepare_visitors(int first) {
  begin();
  memset(&early, 0, sizeof early);
  memset(&late, 0, sizeof late);
  early.first = late.first = first;
  ck_assert_int_eq(pthread_key_create(&early.key, visit), 0);
  visited = started(&kit_ops);
  ck_assert_int_eq(libcgo_attach(&visited, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&visited), 0);
  ck_assert_int_eq(pthread_key_create(&late.key, visit), 0);
  calls_back_before = 0;
}

static void end_visitors(void) {
  kit_count(KIT_WRONG); /* the lock of their last visit */
  pthread_key_delete(early.key);
  pthread_key_delete(late.key);
  ck_assert_int_eq(early.round, rounds);
  ck_assert_int_eq(late.round, rounds);
}

static void *let_visitors_come(void *unused) {
  pthread_setspecific(early.key, &early);
  pthread_setspecific(late.key, &late);
  if (calls_back_before)
    libcgo_callback(&visited, kit_nothing, NULL);
  return unused;
}

static void assert_all_called(const struct visitor *v) {
  for (int i = v->first; i < rounds; i++) {
    ck_assert_msg(v->result[i] == 0, "error %d in round %d", v->result[i], i);
    ck_assert_msg(v->record[i] != NULL, "no record in round %d", i);
  }
}

static void assert_none_left(void) {
  ck_assert_int_eq(kit_count(KIT_LEAVE), kit_count(KIT_ENTER));
  ck_assert_int_eq(kit_count(KIT_RELEASE), kit_count(KIT_ACQUIRE));
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

TEST(destructors_call_back_in_every_round_of_an_attached_thread) {
  prepare_visitors(0);
  calls_back_before = 1;
  kit_run_foreign(let_visitors_come, NULL);
  end_visitors();
  assert_all_called(&early);
  assert_all_called(&late);
  assert_none_left();
}

static void assert_late_comers_leave(int first) {
  prepare_visitors(first);
  late.first = rounds; /* none */
  kit_run_foreign(let_visitors_come, NULL);
  end_visitors();
  assert_all_called(&early);
  assert_none_left();

  prepare_visitors(first);
  early.first = rounds;
  kit_run_foreign(let_visitors_come, NULL);
  end_visitors();
  assert_all_called(&late);
  assert_none_left();
}

TEST(a_thread_whose_first_callback_is_a_destructor_s_leaves) {
  assert_late_comers_leave(0);
}

TEST(a_thread_whose_first_callback_is_in_the_second_round_leaves) {
  assert_late_comers_leave(1);
}

TEST(a_thread_whose_first_callback_is_in_the_third_round_leaves) {
  if (UNDER_TSAN)
    SKIP("the thread sanitizer has given up the thread when it leaves");
  assert_late_comers_leave(2);
}

TEST(attach_says_ECANCELED_after_the_thread_has_left_for_the_last_time) {
  WINDOWS_HAS("no rounds that pthread keys share with the library");
  prepare_visitors(0);
  calls_back_before = 1;
  kit_run_foreign(let_visitors_come, NULL);
  end_visitors();
  ck_assert_int_eq(late.attached[rounds - 1], ECANCELED);
  assert_none_left();
}

static void fail_to_call_back(void *p) {
  int *results = p;
  kit_behaviour.lie = 1;
  results[0] = libcgo_callback(&visited, note, NULL);
  kit_behaviour.lie = 0;
  results[1] = libcgo_attach(&visited, NULL);
}

static void *set_late_key(void *results) {
  pthread_setspecific(late.key, results);
  libcgo_callback(&visited, note, NULL);
  return NULL;
}

TEST(a_failed_attach_does_not_hide_that_the_thread_has_left) {
  WINDOWS_HAS("no rounds that pthread keys share with the library");
  begin();
  int results[2] = {-1, -1};
  visited = started(&kit_ops);
  ck_assert_int_eq(libcgo_attach(&visited, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&visited), 0);
  ck_assert_int_eq(pthread_key_create(&late.key, fail_to_call_back), 0);
  kit_run_foreign(set_late_key, results);
  pthread_key_delete(late.key);
  ck_assert_int_eq(results[0], EPROTO);
  ck_assert_int_eq(results[1], ECANCELED);
  assert_none_left();
}

static void let_visitors_come_to_own(struct libcgo_thread *thread, void *arg) {
  *(struct libcgo_thread **)arg = thread;
  pthread_setspecific(early.key, &early);
  pthread_setspecific(late.key, &late);
}

TEST(destructors_of_a_thread_of_the_runtime_have_its_record_for_two_rounds) {
  if (!have_proc())
    SKIP("there is no /proc");
  WINDOWS_HAS("no rounds that pthread keys share with the library");
  prepare_visitors(0);
  struct libcgo_thread *own = NULL;
  ck_assert_int_eq(libcgo_thread_create(&visited, kit_record(), NULL,
                                        let_visitors_come_to_own, &own, NULL),
                   0);
  wait_for_other_threads();
  end_visitors();
  for (int i = 0; i < 2; i++) {
    ck_assert_ptr_eq(early.record[i], own);
    ck_assert_ptr_eq(late.record[i], own);
  }
  assert_all_called(&early);
  assert_all_called(&late);
  assert_none_left();
}

/* ---- two runtimes ---- */

static _Thread_local struct libcgo_thread *other_self;
static _Thread_local struct libcgo_thread other_record;
static int other_leaves;
static void other_enter(struct libcgo_thread *thread) { other_self = thread; }
static void other_leave(struct libcgo_thread *thread) {
  other_leaves += thread == other_self;
  other_self = NULL;
}
static struct libcgo_thread *other_acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  other_record = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  return &other_record;
}
static void other_release(struct libcgo_thread *thread) { (void)thread; }
static struct libcgo_thread *other_current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return other_self;
}
static const struct libcgo_ops other_ops = LIBCGO_OPS(
    other_enter, other_leave, other_acquire, other_release, other_current, NULL);
static struct libcgo_runtime other = LIBCGO_RUNTIME_INIT(&other_ops);
static struct libcgo_thread *seen_inner;

static void call_kit(struct libcgo_thread *thread, void *arg) {
  called_with = thread;
  libcgo_callback(&kit, note_record, &seen_inner);
  (void)arg;
}

static void *call_both(void *result) {
  *(int *)result = libcgo_callback(&other, call_kit, NULL);
  return NULL;
}

TEST(a_thread_belongs_to_two_runtimes_at_once) {
  begin();
  int result = -1;
  other_leaves = 0;
  if (libcgo_init_begin(&other.init) == 0)
    libcgo_init_done(&other.init);
  kit_run_foreign(call_both, &result);
  ck_assert_int_eq(result, 0);
  ck_assert_ptr_ne(called_with, NULL);
  ck_assert_ptr_ne(seen_inner, NULL);
  ck_assert_ptr_ne(called_with, seen_inner);
  ck_assert_int_eq(other_leaves, 1);
  assert_counts(1, 1, 1, 1);
}

/* ---- many threads at once ---- */

enum { many = 32 };
static pthread_barrier_t at_once;
static struct libcgo_runtime contended;

static void *attach_at_once(void *arg) {
  pthread_barrier_wait(&at_once);
  *(int *)arg = libcgo_callback(&contended, kit_nothing, NULL);
  return NULL;
}

TEST(threads_that_attach_first_at_once_all_leave) {
  begin();
  contended = started(&kit_ops);
  pthread_barrier_init(&at_once, NULL, many);
  pthread_t threads[many];
  int results[many];
  for (int i = 0; i < many; i++)
    ck_assert_int_eq(
        pthread_create(&threads[i], NULL, attach_at_once, &results[i]), 0);
  for (int i = 0; i < many; i++)
    pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&at_once);
  for (int i = 0; i < many; i++)
    ck_assert_int_eq(results[i], 0);
  assert_counts(many, many, many, many);
}

/* ---- signals ---- */

static int handler_result;
static struct libcgo_thread *handler_record;

static void call_back_from_handler(int sig) {
  (void)sig;
  handler_result = libcgo_callback(&kit, note_record, &handler_record);
}

TEST(a_signal_handler_may_call_back_on_a_thread_with_a_record) {
  begin();
  handler_result = -1;
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = call_back_from_handler;
  sigaction(SIGUSR1, &action, &before);
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  raise(SIGUSR1);
  sigaction(SIGUSR1, &before, NULL);
  ck_assert_int_eq(handler_result, 0);
  ck_assert_ptr_eq(handler_record, kit_current());
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* ---- alternate signal stacks ---- */

static uintptr_t handler_at;

static void note_address(int sig) {
  char local;
  (void)sig;
  handler_at = (uintptr_t)&local;
}

static int has_stack(stack_t *stack) {
  return sigaltstack(NULL, stack) == 0 && (stack->ss_flags & SS_DISABLE) == 0;
}

/* Under ASan each thread has one of the sanitizer's: take it away. */
static void without_stack(void) {
  stack_t none;
  memset(&none, 0, sizeof none);
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, NULL);
}

TEST(an_attached_thread_gets_a_signal_stack_on_which_handlers_run) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = 1 << 16;
  stack_t stack;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert(has_stack(&stack));
  ck_assert_uint_le(1 << 16, stack.ss_size);
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = note_address;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, &before);
  raise(SIGUSR1);
  sigaction(SIGUSR1, &before, NULL);
  ck_assert_uint_lt(handler_at - (uintptr_t)stack.ss_sp, stack.ss_size);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(below_a_signal_stack_is_a_page_that_faults) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = 1 << 16;
  stack_t stack;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert(has_stack(&stack));
  const uintptr_t lo = (uintptr_t)stack.ss_sp;
  ck_assert(readable(lo));
  ck_assert(!readable(lo - 1));
  ck_assert(!readable(lo - 4096));
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(detach_takes_the_signal_stack_away) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = 1 << 16;
  stack_t stack;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert(has_stack(&stack));
  const uintptr_t lo = (uintptr_t)stack.ss_sp;
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert(!has_stack(&stack));
  ck_assert(!readable(lo));
}

TEST(a_thread_s_own_signal_stack_is_kept) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = 1 << 16;
  static char memory[1 << 16];
  stack_t own, stack;
  memset(&own, 0, sizeof own);
  own.ss_sp = memory;
  own.ss_size = sizeof memory;
  ck_assert_int_eq(sigaltstack(&own, NULL), 0);
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert(has_stack(&stack));
  ck_assert_ptr_eq(stack.ss_sp, memory);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert(has_stack(&stack));
  ck_assert_ptr_eq(stack.ss_sp, memory);
  without_stack();
}

TEST(a_signal_stack_that_the_thread_installs_later_is_kept) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = 1 << 16;
  static char memory[1 << 16];
  stack_t own, stack;
  memset(&own, 0, sizeof own);
  own.ss_sp = memory;
  own.ss_size = sizeof memory;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert(has_stack(&stack));
  const uintptr_t lo = (uintptr_t)stack.ss_sp;
  ck_assert_int_eq(sigaltstack(&own, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert(has_stack(&stack));
  ck_assert_ptr_eq(stack.ss_sp, memory);
  ck_assert(!readable(lo));
  without_stack();
}

TEST(without_a_size_no_signal_stack_is_installed) {
  begin();
  without_stack();
  stack_t stack;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert(!has_stack(&stack));
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(attach_says_ENOMEM_without_memory_for_the_signal_stack) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  for (int i = 0; i < 2; i++) {
    kit.signal_stack_size = i == 0 ? SIZE_MAX : SIZE_MAX - (8u << 20);
    ck_assert_int_eq(libcgo_attach(&kit, NULL), ENOMEM);
    ck_assert_int_eq(libcgo_callback(&kit, note, NULL), ENOMEM);
  }
  ck_assert_int_eq(calls, 0);
  ck_assert_int_eq(kit_count(KIT_ENTER), 0);
  assert_none_left();
}

/* ---- fork ---- */

/* Runs the step in a child, which exits with its result: 0, or a number that
   leads to the line that was wrong. */
static int in_child(int (*step)(void)) {
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(60); /* a step that hangs */
    _exit(step());
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* In steps: returns from the step with a number that leads to the line. */
#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition))                                                          \
      return __LINE__ % 251 + 1;                                               \
  } while (0)

static int go_on_in_child(void) {
  struct libcgo_thread *thread = kit_current();
  EXPECT(thread != NULL);
  EXPECT(libcgo_callback(&kit, note, NULL) == 0 && called_with == thread);
  EXPECT(kit_count(KIT_ENTER) == 1);
  EXPECT(libcgo_detach(&kit) == 0);
  EXPECT(libcgo_detach(&kit) == ESRCH);
  EXPECT(libcgo_attach(&kit, &thread) == 0 && thread == kit_current());
  EXPECT(libcgo_thread_create(&kit, kit_record(), NULL, kit_nothing, NULL,
                              NULL) == 0);
  kit_wait(KIT_LEAVE, 2);
  EXPECT(kit_count(KIT_WRONG) == 0);
  return 0;
}

static void *fork_attached(void *result) {
  if (libcgo_attach(&kit, NULL) == 0)
    *(int *)result = in_child(go_on_in_child);
  return NULL;
}

TEST(a_forked_child_goes_on_in_the_thread_that_forked) {
  if (UNDER_TSAN)
    SKIP("the thread sanitizer lets no child of several threads start one");
  begin();
  int result = -1;
  kit_run_foreign(fork_attached, &result);
  ck_assert_int_eq(result, 0);
  assert_counts(1, 1, 1, 1); /* in the parent nothing has changed */
}

static int end_attached_thread_in_child(void) {
  int result = -1;
  kit_run_foreign(attach_and_return, &result);
  EXPECT(result == 0);
  EXPECT(kit_count(KIT_LEAVE) == 1 && kit_count(KIT_RELEASE) == 1);
  return 0;
}

TEST(a_thread_of_a_forked_child_detaches_by_itself) {
  begin();
  ck_assert_int_eq(in_child(end_attached_thread_in_child), 0);
}

/* Thread-specific data whose destructor waits: the thread is in its end, and still has the
   runtime's record under a later key. */
static pthread_key_t earlier;
static sem_t in_destructor, may_end;

static void wait_in_destructor(void *value) {
  if (value != &earlier)
    return;
  sem_post(&in_destructor);
  while (sem_wait(&may_end) != 0)
    ;
}

static void *attach_and_wait_at_the_end(void *result) {
  pthread_setspecific(earlier, &earlier);
  return attach_and_return(result);
}

static void *end_without_a_record(void *result) {
  static int other;
  pthread_setspecific(earlier, &other); /* so that there is a destructor to call */
  *(int *)result = kit_current() != NULL;
  return NULL;
}

static int end_threads_in_child(void) {
  int result = -1;
  kit_run_foreign(end_without_a_record, &result);
  EXPECT(result == 0);
  EXPECT(kit_count(KIT_LEAVE) == 0 && kit_count(KIT_WRONG) == 0);
  return end_attached_thread_in_child();
}

static void *fork_beside_the_end(void *result) {
  *(int *)result = in_child(end_threads_in_child);
  return NULL;
}

/* glibc gives a thread of the child the stack of one that the child does not have, and with
   it the data of that one, if it was calling destructors. (Emulators count a child's threads
   on from the one that forks, and stumble over others with higher numbers.) */
TEST(a_thread_of_a_forked_child_has_no_record_of_a_thread_that_was_ending) {
  WINDOWS_HAS("no children of fork");
  if (under_valgrind())
    SKIP("valgrind: the tests share a process, and the runtime's key is the older one");
  if (UNDER_TSAN)
    SKIP("the thread sanitizer lets no child of several threads start one");
  begin();
  ck_assert_int_eq(sem_init(&in_destructor, 0, 0), 0);
  ck_assert_int_eq(sem_init(&may_end, 0, 0), 0);
  ck_assert_int_eq(pthread_key_create(&earlier, wait_in_destructor), 0);
  pthread_t thread;
  int result = -1;
  ck_assert_int_eq(
      pthread_create(&thread, NULL, attach_and_wait_at_the_end, &result), 0);
  while (sem_wait(&in_destructor) != 0)
    ;
  ck_assert_int_eq(result, 0);
  kit_run_foreign(fork_beside_the_end, &result);
  ck_assert_int_eq(result, 0);
  sem_post(&may_end);
  pthread_join(thread, NULL);
  assert_counts(1, 1, 1, 1);
}

static int call_into_half_started(void) {
  EXPECT(libcgo_callback(&starting, note, NULL) == ECANCELED);
  EXPECT(calls == 0 && kit_count(KIT_ACQUIRE) == 0);
  return 0;
}

TEST(a_child_forked_in_the_start_up_gets_ECANCELED) {
  begin();
  starting = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&kit_ops);
  ck_assert_int_eq(libcgo_init_begin(&starting.init), 0);
  ck_assert_int_eq(in_child(call_into_half_started), 0);
  ck_assert_int_eq(libcgo_init_done(&starting.init), 0);
}

/* ---- what cannot be reported ---- */

static void to_standard_error(const char *message) {
  fprintf(stderr, "hook: %s\n", message);
}

static void call_on_tiny_stack(void *hook) {
  struct libcgo_ops ops = kit_ops;
  *(void **)&ops.fatal = hook;
  struct libcgo_runtime runtime = started(&ops);
  const struct libcgo_stack stack =
      LIBCGO_STACK_INIT(small_memory, small_memory + 64);
  struct libcgo_thread *thread;
  if (libcgo_attach(&runtime, &thread) == 0)
    libcgo_call_on_stack(thread, &stack, detach_on_stack, NULL);
}

static void assert_says(void *hook, const char *beginning) {
  char output[1024];
  ck_assert_int_eq(run_to_death(call_on_tiny_stack, hook, output, sizeof output),
                   SIGABRT);
  ck_assert_msg(strstr(output, beginning) == output, "it said: %s", output);
  /* On standard error in any case, as a line. */
  ck_assert_msg(strstr(output, "libcgo: libcgo_call_on_stack: the stack has 64 "
                               "bytes left") != NULL,
                "it said: %s", output);
  ck_assert_int_eq(output[strlen(output) - 1], '\n');
}

TEST(a_fatal_message_goes_to_standard_error) {
  begin();
  assert_says(NULL, "libcgo: libcgo_call_on_stack: ");
}

TEST(a_fatal_message_goes_to_the_hook_first) {
  begin();
  assert_says((void *)to_standard_error, "hook: libcgo: libcgo_call_on_stack: ");
}

/* ---- the end of a runtime ---- */

/* A runtime on the heap, whose record is gone when its last thread has left. */
struct brief {
  struct libcgo_runtime runtime;
  struct libcgo_thread thread;
};
static pthread_mutex_t brief_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t brief_changed = PTHREAD_COND_INITIALIZER;
static int brief_threads;
static _Thread_local struct libcgo_thread *brief_self;

static void brief_count(int n) {
  pthread_mutex_lock(&brief_lock);
  brief_threads += n;
  pthread_cond_broadcast(&brief_changed);
  pthread_mutex_unlock(&brief_lock);
}
static void brief_enter(struct libcgo_thread *thread) { brief_self = thread; }
static void brief_leave(struct libcgo_thread *thread) {
  (void)thread;
  brief_self = NULL;
  brief_count(-1);
}
static struct libcgo_thread *brief_current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return brief_self;
}
static const struct libcgo_ops brief_ops =
    LIBCGO_OPS(brief_enter, brief_leave, NULL, NULL, brief_current, NULL);

TEST(a_runtime_that_has_ended_may_be_freed_and_gives_its_key_back) {
  /* More than there are keys in a process. */
  for (int i = 0; i < 2 * PTHREAD_KEYS_MAX; i++) {
    struct brief *brief = malloc(sizeof *brief);
    ck_assert_ptr_ne(brief, NULL);
    brief->runtime = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&brief_ops);
    brief->thread = (struct libcgo_thread)LIBCGO_THREAD_INIT;
    brief_count(1);
    ck_assert_int_eq(libcgo_thread_create(&brief->runtime, &brief->thread, NULL,
                                          kit_nothing, NULL, NULL),
                     0);
    pthread_mutex_lock(&brief_lock);
    while (brief_threads != 0)
      pthread_cond_wait(&brief_changed, &brief_lock);
    pthread_mutex_unlock(&brief_lock);
    ck_assert_int_eq(libcgo_runtime_end(&brief->runtime), 0);
    memset(brief, 0x5a, sizeof *brief); /* who looks now finds nonsense */
    free(brief);
  }
}

TEST(a_runtime_that_has_ended_can_begin_again) {
  kit_begin();
  struct libcgo_runtime again = LIBCGO_RUNTIME_INIT(&kit_ops);
  again.data = &again;
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(libcgo_callback(&again, kit_nothing, NULL), EPERM);
    ck_assert_int_eq(libcgo_init_begin(&again.init), 0);
    ck_assert_int_eq(libcgo_init_done(&again.init), 0);
    ck_assert_int_eq(libcgo_callback(&again, kit_nothing, NULL), 0);
    ck_assert_int_eq(libcgo_detach(&again), 0);
    ck_assert_int_eq(libcgo_runtime_end(&again), 0);
    ck_assert_ptr_eq(again.data, &again);
  }
}

TEST(a_runtime_does_not_end_under_the_thread_that_asks) {
  kit_begin();
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_runtime_end(&kit), EBUSY);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(end_refuses_bad_records) {
  struct libcgo_runtime bad = LIBCGO_RUNTIME_INIT(&kit_ops);
  ck_assert_int_eq(libcgo_runtime_end(NULL), EINVAL);
  bad.size--;
  ck_assert_int_eq(libcgo_runtime_end(&bad), EINVAL);
  bad.size++;
  bad.version++;
  ck_assert_int_eq(libcgo_runtime_end(&bad), ENOTSUP);
}

/* Two runtimes of one code: the hook is told which one is meant. */
static _Thread_local struct libcgo_thread *selves[2];
static struct libcgo_thread pair_records[2] = {LIBCGO_THREAD_INIT,
                                               LIBCGO_THREAD_INIT};
static void pair_enter(struct libcgo_thread *thread) {
  selves[(uintptr_t)thread->runtime->data] = thread;
}
static void pair_leave(struct libcgo_thread *thread) {
  selves[(uintptr_t)thread->runtime->data] = NULL;
}
static struct libcgo_thread *pair_current(const struct libcgo_runtime *runtime) {
  return selves[(uintptr_t)runtime->data];
}
static struct libcgo_thread *pair_acquire(struct libcgo_runtime *runtime) {
  return &pair_records[(uintptr_t)runtime->data];
}
static void pair_release(struct libcgo_thread *thread) { (void)thread; }
static const struct libcgo_ops pair_ops = LIBCGO_OPS(
    pair_enter, pair_leave, pair_acquire, pair_release, pair_current, NULL);

TEST(two_runtimes_may_share_their_hooks) {
  struct libcgo_runtime pair[2] = {LIBCGO_RUNTIME_INIT(&pair_ops),
                                   LIBCGO_RUNTIME_INIT(&pair_ops)};
  pair[1].data = (void *)1;
  struct libcgo_thread *got[2];
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(libcgo_attach(&pair[i], &got[i]), 0);
  for (int i = 0; i < 2; i++) {
    ck_assert_ptr_eq(got[i], &pair_records[i]);
    ck_assert_int_eq(libcgo_attach(&pair[i], NULL), EALREADY);
  }
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(libcgo_detach(&pair[i]), 0);
    ck_assert_int_eq(libcgo_detach(&pair[i]), ESRCH);
    ck_assert_int_eq(libcgo_runtime_end(&pair[i]), 0);
  }
}

int main(void) {
  suite_begin("runtime");
  ADD_TEST(the_first_callback_attaches_the_thread);
  ADD_TEST(later_callbacks_find_the_thread_attached);
  ADD_TEST(attach_gives_the_record_that_enter_got);
  ADD_TEST(a_second_attach_says_EALREADY_and_gives_the_record);
  ADD_TEST(attach_says_EALREADY_on_a_thread_of_the_runtime);
  ADD_TEST(detach_leaves_and_releases);
  ADD_TEST(a_detached_thread_can_be_attached_again_with_the_same_record);
  ADD_TEST(detach_says_ESRCH_on_a_thread_that_is_not_attached);
  ADD_TEST(detach_says_EPERM_on_a_thread_of_the_runtime);
  ADD_TEST(detach_says_EBUSY_inside_a_call_on_a_small_stack);
  ADD_TEST(attach_says_ENOMEM_when_acquire_has_no_record);
  ADD_TEST(threads_of_others_are_refused_without_acquire_and_release);
  ADD_TEST(a_current_that_does_not_give_the_record_is_an_EPROTO);
  ADD_TEST(a_bad_record_of_acquire_is_refused_and_released);
  ADD_TEST(a_runtime_that_is_missing_or_small_is_refused);
  ADD_TEST(a_runtime_of_an_unknown_version_is_refused);
  ADD_TEST(hooks_that_are_missing_or_small_are_refused);
  ADD_TEST(hooks_of_an_unknown_version_are_refused);
  ADD_TEST(hooks_without_a_required_one_are_refused);
  ADD_TEST(a_callback_without_a_function_is_refused);
  ADD_TEST(larger_records_of_a_later_client_are_accepted);
  ADD_TEST(attach_says_EAGAIN_when_the_process_has_no_thread_key_left);
  ADD_TEST(a_callback_before_the_start_up_is_refused);
  ADD_TEST(attach_does_not_look_at_the_start_up);
  ADD_TEST(a_callback_waits_for_a_start_up_that_is_under_way);
  ADD_TEST(no_call_changes_errno);
  ADD_TEST(the_caller_keeps_its_signal_mask);
  ADD_TEST(hooks_run_with_signals_held);
  ADD_TEST(attach_callback_and_detach_are_no_cancellation_points);
  ADD_TEST(a_callback_of_an_attached_thread_makes_no_system_call);
  ADD_TEST(a_thread_detaches_by_itself_when_it_returns);
  ADD_TEST(a_thread_detaches_by_itself_at_pthread_exit_in_a_callback);
  ADD_TEST(a_thread_detaches_by_itself_when_it_is_cancelled_in_a_callback);
  ADD_TEST(the_record_of_an_ended_thread_may_be_freed_in_release);
  ADD_TEST(a_longjmp_out_of_a_callback_leaves_the_thread_attached);
  ADD_TEST(destructors_call_back_in_every_round_of_an_attached_thread);
  ADD_TEST(a_thread_whose_first_callback_is_a_destructor_s_leaves);
  ADD_TEST(a_thread_whose_first_callback_is_in_the_second_round_leaves);
  ADD_TEST(a_thread_whose_first_callback_is_in_the_third_round_leaves);
  ADD_TEST(attach_says_ECANCELED_after_the_thread_has_left_for_the_last_time);
  ADD_TEST(a_failed_attach_does_not_hide_that_the_thread_has_left);
  ADD_TEST(destructors_of_a_thread_of_the_runtime_have_its_record_for_two_rounds);
  ADD_TEST(a_thread_belongs_to_two_runtimes_at_once);
  ADD_TEST(threads_that_attach_first_at_once_all_leave);
  ADD_TEST(a_signal_handler_may_call_back_on_a_thread_with_a_record);
  ADD_TEST(an_attached_thread_gets_a_signal_stack_on_which_handlers_run);
  ADD_TEST(below_a_signal_stack_is_a_page_that_faults);
  ADD_TEST(detach_takes_the_signal_stack_away);
  ADD_TEST(a_thread_s_own_signal_stack_is_kept);
  ADD_TEST(a_signal_stack_that_the_thread_installs_later_is_kept);
  ADD_TEST(without_a_size_no_signal_stack_is_installed);
  ADD_TEST(attach_says_ENOMEM_without_memory_for_the_signal_stack);
  ADD_TEST(a_forked_child_goes_on_in_the_thread_that_forked);
  ADD_TEST(a_thread_of_a_forked_child_detaches_by_itself);
  ADD_TEST(a_thread_of_a_forked_child_has_no_record_of_a_thread_that_was_ending);
  ADD_TEST(a_child_forked_in_the_start_up_gets_ECANCELED);
  ADD_TEST(a_fatal_message_goes_to_standard_error);
  ADD_TEST(a_fatal_message_goes_to_the_hook_first);
  ADD_TEST(a_runtime_that_has_ended_may_be_freed_and_gives_its_key_back);
  ADD_TEST(a_runtime_that_has_ended_can_begin_again);
  ADD_TEST(a_runtime_does_not_end_under_the_thread_that_asks);
  ADD_TEST(end_refuses_bad_records);
  ADD_TEST(two_runtimes_may_share_their_hooks);
  return suite_run();
}
