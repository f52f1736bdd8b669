/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Thread attributes are given back: this program counts them by standing
 * between the library and the C library.
 */
#include "support/client.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int attributes_alive, attributes_made;

int pthread_attr_init(pthread_attr_t *attr) {
  int (*real)(pthread_attr_t *);
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_attr_init");
  atomic_fetch_add(&attributes_alive, 1);
  atomic_fetch_add(&attributes_made, 1);
  return real(attr);
}

int pthread_attr_destroy(pthread_attr_t *attr) {
  int (*real)(pthread_attr_t *);
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_attr_destroy");
  atomic_fetch_sub(&attributes_alive, 1);
  return real(attr);
}

/* It initialises one, too. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr) {
  int (*real)(pthread_t, pthread_attr_t *);
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_getattr_np");
  const int err = real(thread, attr);
  if (err == 0)
    atomic_fetch_add(&attributes_alive, 1);
  return err;
}

static struct libcgo_g task;

static void nothing(void) {}

TEST(defect_16_thread_attributes_are_destroyed) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer's pthread_create has attributes of its own");
  initcgo();
  run_in_thread(&task, 1, nothing);
  ck_assert_int_gt(atomic_load(&attributes_made), 0);
  ck_assert_int_eq(atomic_load(&attributes_alive), 0);
}

int main(void) {
  suite_begin("attributes");
  ADD_TEST(defect_16_thread_attributes_are_destroyed);
  return suite_run();
}
