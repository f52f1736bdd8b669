/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kit does where something is missing: a thread key, memory, a guard
 * page. This program stands between the library and the functions of the C
 * library that are to fail.
 */
#include "support/kit.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static atomic_int fail_mprotect, fail_getattr;

/* A sanitizer calls them before it can look up a name. */
#if !UNDER_ASAN && !UNDER_TSAN
int mprotect(void *address, size_t size, int protection) {
  int (*real)(void *, size_t, int);
  if (atomic_load(&fail_mprotect)) {
    errno = ENOMEM;
    return -1;
  }
  *(void **)&real = dlsym(RTLD_NEXT, "mprotect");
  return real(address, size, protection);
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr) {
  int (*real)(pthread_t, pthread_attr_t *);
  if (atomic_load(&fail_getattr))
    return ENOMEM;
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_getattr_np");
  return real(thread, attr);
}
#endif

TEST(want_of_a_thread_key_is_named_as_the_limit) {
  static pthread_key_t keys[PTHREAD_KEYS_MAX];
  static struct libcgo_thread thread = LIBCGO_THREAD_INIT;
  size_t n = 0;
  kit_begin();
  struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&kit_ops);
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  while (n < PTHREAD_KEYS_MAX && pthread_key_create(&keys[n], NULL) == 0)
    n++;
  const int err =
      libcgo_thread_create(&r, &thread, NULL, kit_nothing, NULL, &limit);
  while (n > 0)
    pthread_key_delete(keys[--n]);
  ck_assert_int_eq(err, EAGAIN);
  ck_assert_msg(limit.name != NULL && strcmp(limit.name, "PTHREAD_KEYS_MAX") == 0,
                "the limit is %s", limit.name != NULL ? limit.name : "unknown");
  ck_assert_uint_eq(limit.value, PTHREAD_KEYS_MAX);
}

static void *attach_with_signal_stack(void *runtime) {
  static int err;
  atomic_store(&fail_mprotect, 1);
  err = libcgo_attach(runtime, NULL);
  atomic_store(&fail_mprotect, 0);
  if (err == 0)
    libcgo_detach(runtime);
  return &err;
}

TEST(a_signal_stack_that_can_have_no_guard_page_is_enomem) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer calls mprotect before it can look up a name");
  kit_begin();
  struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&kit_ops);
  r.signal_stack_size = 16384;
  ck_assert_int_eq(*(int *)kit_run_foreign(attach_with_signal_stack, &r), ENOMEM);
  ck_assert_int_eq(kit_count(KIT_ENTER), 0);
}

static void ask(struct libcgo_thread *thread, void *bounds) {
  libcgo_stack_bounds(thread, bounds);
}

/* The mappings tell as well. */
TEST(a_thread_runs_whose_stack_the_c_library_does_not_tell) {
#ifndef __linux__
  SKIP("only on Linux is there another way to find it");
#endif
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer looks for the stack in the same way, and does without");
  struct libcgo_bounds bounds = {0, 0, -1};
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.stack_size = 256 * 1024;
  kit_begin();
  atomic_store(&fail_getattr, 1);
  kit_run(&attr, ask, &bounds);
  atomic_store(&fail_getattr, 0);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SYSTEM);
  ck_assert_uint_le(bounds.hi - bounds.lo, attr.stack_size + 65536);
  ck_assert_uint_ge(bounds.hi - bounds.lo, attr.stack_size / 2);
}

static void cancellation_point(struct libcgo_thread *thread) {
  (void)thread;
  pthread_testcancel();
}

static void *detach_cancelled(void *detached) {
  if (libcgo_attach(&kit, NULL) != 0)
    return NULL;
  pthread_cancel(pthread_self()); /* pending: the next cancellation point */
  if (libcgo_detach(&kit) == 0)
    *(int *)detached = 1;
  pthread_testcancel();
  return NULL;
}

TEST(a_detach_is_not_cancelled_in_a_hook) {
  int detached = 0;
  kit_begin();
  kit_behaviour.in_leave = cancellation_point;
  ck_assert_ptr_eq(kit_run_foreign(detach_cancelled, &detached),
                   PTHREAD_CANCELED);
  ck_assert_int_eq(detached, 1);
  ck_assert_int_eq(kit_count(KIT_RELEASE), 1);
}

int main(void) {
  suite_begin("contract");
  ADD_TEST(want_of_a_thread_key_is_named_as_the_limit);
  ADD_TEST(a_signal_stack_that_can_have_no_guard_page_is_enomem);
  ADD_TEST(a_thread_runs_whose_stack_the_c_library_does_not_tell);
  ADD_TEST(a_detach_is_not_cancelled_in_a_hook);
  return suite_run();
}
