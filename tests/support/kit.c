/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/kit.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#ifndef SIGRTMAX /* OpenBSD has no signals for real time */
#define SIGRTMAX (NSIG - 1)
#endif

/* The library's record comes first, so that one pointer is both. */
struct kit_thread {
  struct libcgo_thread thread;
  int foreign;
  struct kit_thread *next; /* while it is free */
};

static _Thread_local struct libcgo_thread *self;

/* A lock, and not atomics, because helgrind knows locks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((unused)) static void take_lock(void) {
  pthread_mutex_lock(&lock);
}
__attribute__((unused)) static void drop_lock(void) {
  pthread_mutex_unlock(&lock);
}
__attribute__((constructor)) static void keep_lock_usable_in_children(void) {
  pthread_atfork(take_lock, drop_lock, drop_lock);
}
static int counts[KIT_EVENTS];
static struct kit_thread *free_records;

struct kit_behaviour kit_behaviour;
struct libcgo_runtime *kit_acquired_for;

static void count(enum kit_event event) {
  pthread_mutex_lock(&lock);
  counts[event]++;
  pthread_mutex_unlock(&lock);
}

int kit_count(enum kit_event event) {
  pthread_mutex_lock(&lock);
  const int n = counts[event];
  pthread_mutex_unlock(&lock);
  return n;
}

/* No condition variable: one with waiters is of no use in a child of fork. */
void kit_wait(enum kit_event event, int at_least) {
  while (kit_count(event) < at_least)
    sched_yield();
}

/* ---- records ---- */

static struct kit_thread *take_record(int foreign) {
  struct kit_thread *record = NULL;
  if (!kit_behaviour.heap) {
    pthread_mutex_lock(&lock);
    record = free_records;
    if (record != NULL)
      free_records = record->next;
    pthread_mutex_unlock(&lock);
  }
  if (record == NULL) {
    record = malloc(sizeof *record);
    if (record == NULL)
      abort();
    /* One that is used again stays as it is. */
    record->thread = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  }
  record->foreign = foreign;
  record->next = NULL;
  return record;
}

static void give_back(struct kit_thread *record) {
  if (kit_behaviour.heap) {
    memset(record, 0x5a, sizeof *record);
    free(record);
    return;
  }
  pthread_mutex_lock(&lock);
  record->next = free_records;
  free_records = record;
  pthread_mutex_unlock(&lock);
}

struct libcgo_thread *kit_record(void) {
  return &take_record(0)->thread;
}

/* ---- the hooks ---- */

/* What can be blocked here: not SIGKILL and SIGSTOP, nor what the C library or
   an emulator keeps for itself. */
static sigset_t can_be_blocked;

static void find_what_can_be_blocked(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_sigmask(SIG_SETMASK, &before, &can_be_blocked);
}

static int is_raised_by_code(int sig) {
  static const int signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL,
                                SIGSEGV, SIGSYS, SIGTRAP};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (sig == signals[i])
      return 1;
#ifdef SIGEMT
  return sig == SIGEMT;
#endif
  return 0;
}

int kit_signals_are_held(void) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  for (int sig = 1; sig <= SIGRTMAX; sig++)
    if (sigismember(&can_be_blocked, sig) == 1 &&
        sigismember(&mask, sig) != !is_raised_by_code(sig))
      return 0;
  return 1;
}

static void expect(int condition) {
  if (!kit_behaviour.own_mask && !kit_signals_are_held())
    condition = 0;
  if (!condition)
    count(KIT_WRONG);
}

static void enter(struct libcgo_thread *thread) {
  expect(self == NULL);
  if (!kit_behaviour.lie)
    self = thread;
  if (kit_behaviour.in_enter != NULL)
    kit_behaviour.in_enter(thread);
  count(KIT_ENTER);
}

static void leave(struct libcgo_thread *thread) {
  expect(self == thread || kit_behaviour.lie);
  if (kit_behaviour.first_in_leave != NULL)
    kit_behaviour.first_in_leave(thread);
  self = NULL;
  if (kit_behaviour.in_leave != NULL)
    kit_behaviour.in_leave(thread);
  struct kit_thread *record = (struct kit_thread *)thread;
  if (!record->foreign)
    give_back(record);
  count(KIT_LEAVE);
}

static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  expect(self == NULL);
  pthread_mutex_lock(&lock);
  kit_acquired_for = runtime;
  pthread_mutex_unlock(&lock);
  if (kit_behaviour.in_acquire != NULL)
    kit_behaviour.in_acquire();
  count(KIT_ACQUIRE);
  return kit_behaviour.no_record ? NULL : &take_record(1)->thread;
}

static void release(struct libcgo_thread *thread) {
  struct kit_thread *record = (struct kit_thread *)thread;
  expect(record->foreign && self == NULL);
  if (kit_behaviour.in_release != NULL)
    kit_behaviour.in_release();
  give_back(record);
  count(KIT_RELEASE);
}

struct libcgo_thread *kit_current(void) {
  return self;
}

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}

const struct libcgo_ops kit_ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
struct libcgo_runtime kit = LIBCGO_RUNTIME_INIT(&kit_ops);

/* ---- what tests do ---- */

int under_valgrind(void) {
  const char *preload = getenv("LD_PRELOAD");
  return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

void kit_begin(void) {
  find_what_can_be_blocked();
  if (libcgo_init_begin(&kit.init) == 0)
    libcgo_init_done(&kit.init);
  if (self != NULL)
    libcgo_detach(&kit);
  kit.signal_stack_size = 0;
  kit.open_signals = NULL;
  kit_behaviour = (struct kit_behaviour){0};
  pthread_mutex_lock(&lock);
  memset(counts, 0, sizeof counts);
  pthread_mutex_unlock(&lock);
}

void kit_run(const struct libcgo_thread_attr *attr,
             void (*fn)(struct libcgo_thread *thread, void *arg), void *arg) {
  const int before = kit_count(KIT_LEAVE);
  const int err = libcgo_thread_create(&kit, kit_record(), attr, fn, arg, NULL);
  ck_assert_int_eq(err, 0);
  kit_wait(KIT_LEAVE, before + 1);
}

void *kit_run_foreign(void *(*fn)(void *), void *arg) {
  pthread_t thread;
  void *result = NULL;
  ck_assert_int_eq(pthread_create(&thread, NULL, fn, arg), 0);
  pthread_join(thread, &result);
  return result;
}

void kit_nothing(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
}
