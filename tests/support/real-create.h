/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pthread_create below that of a program which defines its own.
 */
#ifndef LIBCGO_TESTS_REAL_CREATE_H
#define LIBCGO_TESTS_REAL_CREATE_H

#include "support/harness.h"

#include <dlfcn.h>
#include <pthread.h>

#if UNDER_TSAN
/* The sanitizer's, which is weak, and in the program where clang has linked it. */
#pragma weak __interceptor_pthread_create
int __interceptor_pthread_create(pthread_t *, const pthread_attr_t *,
                                 void *(*)(void *), void *);
#endif

NOT_INSTRUMENTED static inline int real_create(pthread_t *thread,
                                               const pthread_attr_t *attr,
                                               void *(*fn)(void *), void *arg) {
  int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
      NULL;
#if UNDER_TSAN
  real = __interceptor_pthread_create;
#endif
  if (real == NULL)
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  return real(thread, attr, fn, arg);
}

#endif
