/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Go face, called as the shim calls it, with no Go. What Go itself makes of it
 * is for make check-go.
 */
#include "support/harness.h"

#include <errno.h>
#include <libcgo/go.h>
#include <signal.h>
#include <string.h>

static const char *marked;
static size_t marked_size;
static int right, released;

static void mark(const volatile void *memory, size_t size) {
  marked = (const char *)memory;
  marked_size = size;
}

static uintptr_t key_created;
static void (*crosscall2_place)(void (*)(void *), void *, int, size_t);
static struct libcgo_go go =
    LIBCGO_GO_INIT(&key_created, &crosscall2_place, NULL, NULL, mark);

static void context(struct libcgo_go_context *arg) {
  right += marked == (const char *)arg && marked_size == sizeof *arg;
  if (arg->context == 0)
    arg->context = 42;
  else
    released += arg->context == 42;
  marked = NULL;
}

TEST(a_sanitizer_is_told_of_what_a_context_function_reads) {
  libcgo_go_notify_runtime_init_done(&go);
  libcgo_go_set_context_function(&go, context);
  uintptr_t const got = libcgo_go_wait_runtime_init_done(&go);
  ck_assert_uint_eq(got, 42);
  ck_assert_int_eq(right, 1);
  libcgo_go_release_context(&go, got);
  ck_assert_int_eq(right, 2);
  ck_assert_int_eq(released, 1);
}

TEST(sigaction_gives_back_what_was_set) {
  struct libcgo_go_action set = {(uintptr_t)SIG_IGN, SA_ONSTACK | SA_RESTART, 0,
                                 (uint64_t)1 << (SIGUSR2 - 1) |
                                     (uint64_t)1 << (SIGRTMAX - 1)};
  struct libcgo_go_action old;
  memset(&old, 0xff, sizeof old);
  ck_assert_int_eq(libcgo_go_sigaction(SIGUSR1, &set, NULL), 0);
  ck_assert_int_eq(libcgo_go_sigaction(SIGUSR1, NULL, &old), 0);
  ck_assert_uint_eq(old.handler, set.handler);
  ck_assert_uint_eq(old.flags & (SA_ONSTACK | SA_RESTART), set.flags);
  if (UNDER_TSAN) /* which has filled the mask */
    old.mask &= set.mask;
  ck_assert_uint_eq(old.mask, set.mask);
}

TEST(sigaction_gives_an_errno_value) {
  struct libcgo_go_action set = {(uintptr_t)SIG_IGN, 0, 0, 0};
  ck_assert_int_eq(libcgo_go_sigaction(SIGKILL, &set, NULL), EINVAL);
}

static struct libcgo_go starting = LIBCGO_GO_INIT(NULL, NULL, NULL, NULL, NULL);
static struct libcgo_go_g g0;
static void setg(void *g) { (void)g; }
static void call_back(void *unused) {
  (void)unused;
  libcgo_go_wait_runtime_init_done(&starting);
}

TEST(a_child_that_is_forked_while_Go_starts_is_told) {
  char output[500];
  g0.stackhi = (uintptr_t)__builtin_dwarf_cfa() + 64;
  libcgo_go_init(&starting, &g0, setg);
  ck_assert_int_eq(run_to_death(call_back, NULL, output, sizeof output), SIGABRT);
  ck_assert_msg(strstr(output, "forked while Go was starting") != NULL, "%s",
                output);
  libcgo_go_notify_runtime_init_done(&starting);
  call_back(NULL); /* the parent goes on */
}

int main(void) {
  suite_begin("go-face");
  ADD_TEST(a_sanitizer_is_told_of_what_a_context_function_reads);
  ADD_TEST(sigaction_gives_back_what_was_set);
  ADD_TEST(sigaction_gives_an_errno_value);
  ADD_TEST(a_child_that_is_forked_while_Go_starts_is_told);
  return suite_run();
}
