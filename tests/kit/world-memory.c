/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread of a runtime with a world for which there is no memory: its creator is told. Here
 * each allocation of libcgo_thread_create fails once, whoever makes it.
 */
#include "support/harness.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GLIBC__) && !UNDER_ASAN && !UNDER_TSAN
#define CAN_FAIL 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
static int countdown; /* 1: the next one fails */

static int fails(void) {
  if (__atomic_load_n(&countdown, __ATOMIC_SEQ_CST) == 0 ||
      __atomic_sub_fetch(&countdown, 1, __ATOMIC_SEQ_CST) != 0)
    return 0;
  errno = ENOMEM;
  return 1;
}
void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) {
  return fails() ? NULL : __libc_calloc(count, size);
}
#else
#define CAN_FAIL 0
static int countdown;
#endif

static _Thread_local struct libcgo_thread *self;
static int left, ran;
static void enter(struct libcgo_thread *t) { self = t; }
static void leave(struct libcgo_thread *t) {
  (void)t;
  __atomic_add_fetch(&left, 1, __ATOMIC_SEQ_CST);
}
static struct libcgo_thread *current(const struct libcgo_runtime *r) {
  (void)r;
  return self;
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, NULL, NULL, current, NULL);
static struct libcgo_runtime world = LIBCGO_RUNTIME_INIT(&ops);

static void run(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  __atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
}

TEST(the_creator_is_told_that_there_is_no_memory_for_a_thread) {
  if (!CAN_FAIL)
    SKIP("no malloc of our own here");
  static struct libcgo_thread threads[100];
  world.flags = LIBCGO_WORLD;
  ck_assert_int_eq(libcgo_init_begin(&world.init), 0);
  ck_assert_int_eq(libcgo_init_done(&world.init), 0);
  int refused = 0, made = 0;
  for (int n = 1; n < 100; n++) {
    threads[n] = (struct libcgo_thread)LIBCGO_THREAD_INIT;
    __atomic_store_n(&countdown, n, __ATOMIC_SEQ_CST);
    const int err =
        libcgo_thread_create(&world, &threads[n], NULL, run, NULL, NULL);
    if (err == 0) {
      made++;
      while (__atomic_load_n(&left, __ATOMIC_SEQ_CST) < made)
        sched_yield();
    }
    const int more = __atomic_exchange_n(&countdown, 0, __ATOMIC_SEQ_CST);
    ck_assert(err == 0 || err == ENOMEM || err == EAGAIN);
    ck_assert_int_eq(ran, made);
    refused += err == ENOMEM;
    if (more != 0) /* there is no n-th */
      break;
  }
  ck_assert_int_gt(refused, 1);
  ck_assert_int_gt(made, 0);
  ck_assert_int_eq(libcgo_runtime_close(&world, UINT64_MAX), 0);
}

int main(void) {
  suite_begin("world-memory");
  ADD_TEST(the_creator_is_told_that_there_is_no_memory_for_a_thread);
  return suite_run();
}
