/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: what the tests use of it beside what winpthreads has. See signal.h. */
#include <signal.h>
/* winpthreads are linked statically, also into libraries. */
#undef DLL_EXPORT
#include_next <pthread.h>
#ifndef LIBCGO_TESTS_WINDOWS_PTHREAD_H
#define LIBCGO_TESTS_WINDOWS_PTHREAD_H

/* As many as the system has: TLS_MINIMUM_AVAILABLE and 1,024 more. */
#undef PTHREAD_KEYS_MAX
#define PTHREAD_KEYS_MAX 1088
#undef pthread_sigmask
#define pthread_sigmask libcgo_tests_sigmask
#define pthread_kill(thread, sig) ((void)(thread), raise(sig))

#ifdef __cplusplus
extern "C" {
#endif

/* Skips the test that calls it: no handler of pthread_cleanup_push is run by an end
   from the depth of C. */
#define pthread_exit libcgo_tests_exit
__attribute__((__noreturn__)) void pthread_exit(void *result);
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr);

#ifdef __cplusplus
}
#endif

#endif
