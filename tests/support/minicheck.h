/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands in for Check where there is none, as on most foreign architectures:
 * the few names of it that the tests use, with the same meaning. Each test
 * runs in a process of its own.
 */
#ifndef LIBCGO_TESTS_MINICHECK_H
#define LIBCGO_TESTS_MINICHECK_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <sys/mman.h>
#include <sys/wait.h>
#endif
#include <unistd.h>

/* Assertions have variables, which do not outlive them: gcc for some CPUs is in doubt
   about those after setjmp and getcontext. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

enum print_output { CK_SILENT };
enum test_result { CK_PASS, CK_FAILURE, CK_ERROR };

typedef struct TCase {
  const char *name;
  void (*fn)(int);
  unsigned timeout;
} TCase;

/* What a failed assertion tells the parent. */
typedef struct TestResult {
  TCase tc;
  enum test_result type;
  char file[128];
  int line;
  char message[512];
} TestResult;

typedef struct Suite {
  int count;
  TestResult *results; /* shared memory */
} Suite;
typedef Suite SRunner;

enum { minicheck_most_tests = 128 };

extern TestResult *minicheck_running; /* in harness.c */

/* Memory that a test's process shares with its parent; the end of that process;
   and a test in a process of its own. */
#ifdef _WIN32
#include "ports/windows/minicheck-process.h"
#else
static inline void minicheck_cannot(const char *call) {
  fprintf(stderr, "minicheck: %s: %s\n", call, strerror(errno));
  abort();
}
static inline void *minicheck_shared(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    minicheck_cannot("mmap");
  return memory;
}
static inline void minicheck_end(int status) { _exit(status); }
static inline void minicheck_run(TestResult *r) {
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    minicheck_running = r;
    alarm(r->tc.timeout);
    r->tc.fn(0);
    minicheck_end(0);
  }
  int status = 0;
  if (child < 0)
    minicheck_cannot("fork");
  if (waitpid(child, &status, 0) != child)
    minicheck_cannot("waitpid");
  if (WIFSIGNALED(status)) {
    r->type = CK_ERROR;
    snprintf(r->message, sizeof r->message, "ended by signal %d",
             WTERMSIG(status));
  } else if (WEXITSTATUS(status) != 0) {
    r->type = CK_FAILURE;
  }
}
#endif

/* As the C library's printf has it: on Windows there are two. */
#ifdef __MINGW_PRINTF_FORMAT
#define MINICHECK_PRINTF __MINGW_PRINTF_FORMAT
#else
#define MINICHECK_PRINTF printf
#endif

#define START_TEST(name)                                                       \
  static void name(int i_) {                                                   \
    (void)i_;
#define END_TEST }

__attribute__((format(MINICHECK_PRINTF, 3, 4))) static inline void
minicheck_fail(const char *file, int line, const char *format, ...) {
  TestResult *r = minicheck_running;
  va_list values;
  va_start(values, format);
  snprintf(r->file, sizeof r->file, "%s", file);
  r->line = line;
  vsnprintf(r->message, sizeof r->message, format, values);
  va_end(values);
  minicheck_end(1);
}

#define ck_abort_msg(...) ck_assert_msg(0, __VA_ARGS__)
#define ck_assert_msg(condition, ...)                                          \
  do {                                                                         \
    if (!(condition))                                                          \
      minicheck_fail(__FILE__, __LINE__, __VA_ARGS__);                         \
  } while (0)
#define ck_assert(condition)                                                   \
  ck_assert_msg(condition, "Assertion '%s' failed", #condition)
#define minicheck_int(a, op, b)                                                \
  do {                                                                         \
    const long long a_ = (long long)(a), b_ = (long long)(b);                  \
    ck_assert_msg(a_ op b_, "%s %s %s: %lld, %lld", #a, #op, #b, a_, b_);      \
  } while (0)
#define minicheck_uint(a, op, b)                                               \
  do {                                                                         \
    const unsigned long long a_ = (a), b_ = (b);                               \
    ck_assert_msg(a_ op b_, "%s %s %s: %#llx, %#llx", #a, #op, #b, a_, b_);    \
  } while (0)
#define ck_assert_int_eq(a, b) minicheck_int(a, ==, b)
#define ck_assert_int_gt(a, b) minicheck_int(a, >, b)
#define ck_assert_int_lt(a, b) minicheck_int(a, <, b)
#define ck_assert_int_le(a, b) minicheck_int(a, <=, b)
#define ck_assert_uint_eq(a, b) minicheck_uint(a, ==, b)
#define ck_assert_uint_ne(a, b) minicheck_uint(a, !=, b)
#define ck_assert_uint_ge(a, b) minicheck_uint(a, >=, b)
#define ck_assert_uint_gt(a, b) minicheck_uint(a, >, b)
#define ck_assert_uint_lt(a, b) minicheck_uint(a, <, b)
#define ck_assert_uint_le(a, b) minicheck_uint(a, <=, b)
#define ck_assert_ptr_eq(a, b)                                                 \
  minicheck_uint((uintptr_t)(a), ==, (uintptr_t)(b))
#define ck_assert_ptr_ne(a, b)                                                 \
  minicheck_uint((uintptr_t)(a), !=, (uintptr_t)(b))
#define ck_assert_str_eq(a, b)                                                 \
  do {                                                                         \
    const char *const a_ = (a), *const b_ = (b);                               \
    ck_assert_msg(strcmp(a_, b_) == 0, "%s == %s: %s, %s", #a, #b, a_, b_);    \
  } while (0)

static inline Suite *suite_create(const char *name) {
  (void)name;
  Suite *s = (Suite *)calloc(1, sizeof *s);
  s->results =
      (TestResult *)minicheck_shared(minicheck_most_tests * sizeof(TestResult));
  return s;
}
static inline TCase *tcase_create(const char *name) {
  TCase *tc = (TCase *)calloc(1, sizeof *tc);
  tc->name = name;
  return tc;
}
static inline void tcase_add_test(TCase *tc, void (*fn)(int)) { tc->fn = fn; }
static inline void tcase_set_timeout(TCase *tc, double seconds) {
  tc->timeout = (unsigned)seconds;
}
static inline void suite_add_tcase(Suite *s, TCase *tc) {
  const char *only = getenv("CK_RUN_CASE"); /* as Check has it */
  if (only != NULL && strcmp(only, tc->name) != 0)
    return;
  if (s->count == minicheck_most_tests)
    abort();
  s->results[s->count++].tc = *tc;
}
static inline SRunner *srunner_create(Suite *s) { return s; }
static inline void srunner_run_all(SRunner *s, enum print_output mode) {
  (void)mode;
  for (int i = 0; i < s->count; i++)
    minicheck_run(&s->results[i]);
}
static inline int srunner_ntests_run(SRunner *s) { return s->count; }
static inline int srunner_ntests_failed(SRunner *s) {
  int failed = 0;
  for (int i = 0; i < s->count; i++)
    failed += s->results[i].type != CK_PASS;
  return failed;
}
static inline TestResult **srunner_results(SRunner *s) {
  TestResult **all = (TestResult **)calloc(minicheck_most_tests, sizeof *all);
  for (int i = 0; i < s->count; i++)
    all[i] = &s->results[i];
  return all;
}
static inline void srunner_free(SRunner *s) { free(s); }
static inline const char *tr_tcname(TestResult *r) { return r->tc.name; }
static inline int tr_rtype(TestResult *r) { return (int)r->type; }
static inline const char *tr_lfile(TestResult *r) { return r->file; }
static inline int tr_lno(TestResult *r) { return r->line; }
static inline const char *tr_msg(TestResult *r) { return r->message; }

#endif
