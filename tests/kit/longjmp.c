/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * longjmp from one stack to another, past the calls that switched: plain, and as
 * _FORTIFY_SOURCE makes it, with a check that the target's frame is not below
 * the caller's. The check knows one stack for each thread.
 */
#undef _FORTIFY_SOURCE
#include "support/kit.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* What a longjmp compiled with _FORTIFY_SOURCE calls in glibc. */
void __longjmp_chk(jmp_buf target, int value) __attribute__((weak));

enum { stack_bytes = 1024 * 1024 };

/* ---- the jumps ---- */

static void (*jump)(jmp_buf target, int value);
static void plain(jmp_buf target, int value) { longjmp(target, value); }

static jmp_buf target;
static struct libcgo_stack small;
static uintptr_t system_position, small_position; /* of the last round */
static int moved; /* rounds that went elsewhere than the one before */

static void check_position(uintptr_t *last) {
  const uintptr_t now = (uintptr_t)__builtin_frame_address(0);
  moved += *last != 0 && *last != now;
  *last = now;
}

static uintptr_t jump_from_system(void *unused) {
  (void)unused;
  check_position(&system_position);
  jump(target, 1);
  return 0;
}

static uintptr_t jump_from_small(void *unused) {
  (void)unused;
  check_position(&small_position);
  jump(target, 1);
  return 0;
}

static uintptr_t jump_from_callback(void *unused) {
  (void)unused;
  check_position(&system_position);
  return libcgo_call_on_stack(kit_current(), &small, jump_from_small, NULL);
}

static uintptr_t to_small_stack(void *rounds) {
  for (volatile int n = *(int *)rounds; n > 0; n--)
    if (setjmp(target) == 0)
      libcgo_call_on_system(kit_current(), jump_from_system, NULL);
  return 0;
}

static uintptr_t to_small_stack_from_callback(void *rounds) {
  for (volatile int n = *(int *)rounds; n > 0; n--)
    if (setjmp(target) == 0)
      libcgo_call_on_system(kit_current(), jump_from_callback, NULL);
  return 0;
}

static void to_system_stack(int rounds) {
  for (volatile int n = rounds; n > 0; n--)
    if (setjmp(target) == 0)
      libcgo_call_on_stack(kit_current(), &small, jump_from_small, NULL);
}

/* ---- a thread whose small stack lies above its own, or below ---- */

enum way { system_to_small, small_to_system, callback_to_small };

struct plan {
  enum way way;
  int small_is_above;
  int finished;
  long long grown; /* KiB that the jumps took and did not give back */
};

static void jumps(enum way way, int rounds) {
  system_position = small_position = 0;
  if (way == system_to_small)
    libcgo_call_on_stack(kit_current(), &small, to_small_stack, &rounds);
  else if (way == callback_to_small)
    libcgo_call_on_stack(kit_current(), &small, to_small_stack_from_callback,
                         &rounds);
  else
    to_system_stack(rounds);
}

static void *thread_main(void *p) {
  struct plan *plan = p;
  if (libcgo_attach(&kit, NULL) != 0)
    return NULL;
  jumps(plan->way, 10);
  const long long before = proc_status("VmData:");
  jumps(plan->way, 20000);
  plan->grown = proc_status("VmData:") - before;
  plan->finished = libcgo_detach(&kit) == 0;
  return NULL;
}

static void run(struct plan *plan) {
  kit_begin();
  char *memory = mmap(NULL, 2 * stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert(memory != MAP_FAILED);
  char *own = memory + (plan->small_is_above ? 0 : stack_bytes);
  char *others = memory + (plan->small_is_above ? stack_bytes : 0);
  small = (struct libcgo_stack)LIBCGO_STACK_INIT(others, others + stack_bytes);
  moved = 0;
  pthread_attr_t attr;
  pthread_t thread;
  ck_assert_int_eq(pthread_attr_init(&attr), 0);
  ck_assert_int_eq(pthread_attr_setstack(&attr, own, stack_bytes), 0);
  ck_assert_int_eq(pthread_create(&thread, &attr, thread_main, plan), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  munmap(memory, 2 * stack_bytes);
}

static void run_in_child(void *plan) { run(plan); }

static void passes(enum way way, int small_is_above) {
  struct plan plan = {way, small_is_above, 0, 0};
  run(&plan);
  ck_assert(plan.finished);
  ck_assert_int_eq(moved, 0);
  ck_assert_msg(UNDER_TSAN || plan.grown < 256, "%lld KiB more", plan.grown);
}

static void is_stopped(enum way way, int small_is_above) {
  char output[4096];
  struct plan plan = {way, small_is_above, 0, 0};
  ck_assert_int_eq(run_to_death(run_in_child, &plan, output, sizeof output),
                   SIGABRT);
  /* "*** longjmp causes uninitialized stack frame ***: terminated"; glibc for Arm,
     compiled as T32 code, has other bytes between the stars. */
  ck_assert_msg(strstr(output, "*** ") != NULL &&
                    strstr(output, " ***: terminated") != NULL,
                "%s", output);
}

TEST(a_plain_longjmp_passes_to_a_small_stack) {
  jump = plain;
  passes(system_to_small, 0);
  passes(system_to_small, 1);
}

TEST(a_plain_longjmp_passes_to_the_system_stack) {
  jump = plain;
  passes(small_to_system, 0);
  passes(small_to_system, 1);
}

TEST(a_plain_longjmp_passes_a_callback) {
  jump = plain;
  passes(callback_to_small, 0);
  passes(callback_to_small, 1);
}

TEST(a_checked_longjmp_passes_upwards) {
  if (__longjmp_chk == NULL)
    SKIP("the C library has no __longjmp_chk");
  jump = __longjmp_chk;
  passes(system_to_small, 1);
  passes(small_to_system, 0);
}

/* If this fails the check has become wiser: see <libcgo/stack.h>. */
TEST(a_checked_longjmp_is_stopped_downwards) {
  if (__longjmp_chk == NULL)
    SKIP("the C library has no __longjmp_chk");
  jump = __longjmp_chk;
  is_stopped(system_to_small, 0);
  is_stopped(small_to_system, 1);
}

int main(void) {
  suite_begin("longjmp");
  ADD_TEST(a_plain_longjmp_passes_to_a_small_stack);
  ADD_TEST(a_plain_longjmp_passes_to_the_system_stack);
  ADD_TEST(a_plain_longjmp_passes_a_callback);
  ADD_TEST(a_checked_longjmp_passes_upwards);
  ADD_TEST(a_checked_longjmp_is_stopped_downwards);
  return suite_run();
}
