/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the test programs share. They use Check (or minicheck.h, which stands
 * in for it), and print their results in the Test Anything Protocol.
 *
 *     TEST(names_one_claim) { ck_assert(...); }
 *     int main(void) {
 *       suite_begin("topic");
 *       ADD_TEST(names_one_claim);
 *       return suite_run();
 *     }
 */
#ifndef LIBCGO_TESTS_HARNESS_H
#define LIBCGO_TESTS_HARNESS_H

#include "config.h"

#ifdef HAVE_CHECK
#include <check.h>
#else
#include "support/minicheck.h"
#endif

#include <libcgo.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#elif __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

/* Of a function that stands between a sanitizer and the C library: it runs where a thread
   is none of the sanitizer's yet, or no more. */
#if !UNDER_ASAN && !UNDER_TSAN
#define NOT_INSTRUMENTED
#elif defined(__clang__)
#define NOT_INSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#else
#define NOT_INSTRUMENTED                                                       \
  __attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TEST(name)                                                             \
  static void name##_body(void);                                               \
  START_TEST(name) {                                                           \
    test_begin(#name);                                                         \
    name##_body();                                                             \
  }                                                                            \
  END_TEST                                                                     \
  static void name##_body(void)

#define ADD_TEST(name)                                                         \
  do {                                                                         \
    TCase *tc_ = tcase_create(#name);                                          \
    tcase_add_test(tc_, name);                                                 \
    suite_add(tc_);                                                            \
  } while (0)

/* Ends the test that calls it, which counts as skipped. */
#define SKIP(reason)                                                           \
  do {                                                                         \
    test_skipped(reason);                                                      \
    return;                                                                    \
  } while (0)

/* At the beginning of a test about what Windows has not. */
#ifdef _WIN32
#define WINDOWS_HAS(reason) SKIP("Windows has " reason)
#else
#define WINDOWS_HAS(reason)
#endif

void suite_begin(const char *name);
void suite_add(TCase *tc);
int suite_run(void);
void test_begin(const char *name);
void test_skipped(const char *reason);

/* Runs fn(arg) in a child, for half a minute at most. Returns the signal that
   ended it (SIGALRM if time did), or 0 if it ended otherwise, and what it wrote
   to standard error. */
int run_to_death(void (*fn)(void *), void *arg, char *output, size_t size);

/* Whether there is a /proc, where the C library looks for a stack, and tests for the
   number of threads. */
int have_proc(void);

/* Whether the calling process can read the byte. */
int readable(uintptr_t address);

/* The number after a key in /proc/self/status, or -1. */
long long proc_status(const char *key);

/* g and m of the calling thread, as compiled code of a runtime reads them, and
   the same to set them. */
void *slot_g(void);
void *slot_m(void);
void set_slots(void *g, void *m);

struct libcgo_g;

/* Returns when the process has no more threads than when the test began. */
void wait_for_other_threads(void);

#ifdef __cplusplus
}
#endif

#endif
