/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the bounds of a thread's own stack leave out.
 */
#include "support/kit.h"

#include <pthread.h>
#include <ucontext.h>

#include "support/stacks.h"

struct seen {
  int err;
  struct libcgo_bounds bounds;
  uintptr_t control_block;
  uintptr_t variable; /* a thread-local one */
  uintptr_t frame;
};

static _Thread_local char of_the_thread[100];

static void *look(void *p) {
  struct seen *seen = p;
  seen->err = libcgo_stack_bounds(NULL, &seen->bounds);
  /* Both glibc's and musl's names of threads are the addresses of these. */
  seen->control_block = (uintptr_t)pthread_self();
  seen->variable = (uintptr_t)of_the_thread;
  seen->frame = (uintptr_t)__builtin_frame_address(0);
  return NULL;
}

static struct seen look_in_thread(void) {
  struct seen seen = {0};
  kit_begin();
  kit_run_foreign(look, &seen);
  ck_assert_int_eq(seen.err, 0);
  ck_assert_int_eq(seen.bounds.kind, LIBCGO_STACK_SYSTEM);
  return seen;
}

TEST(a_threads_frames_are_within_its_bounds) {
  const struct seen seen = look_in_thread();
  ck_assert_uint_le(seen.bounds.lo, seen.frame);
  ck_assert_uint_lt(seen.frame, seen.bounds.hi);
}

TEST(bounds_leave_the_control_block_out) {
  const struct seen seen = look_in_thread();
  ck_assert_uint_le(seen.bounds.hi, seen.control_block);
}

TEST(bounds_leave_the_thread_local_variables_out) {
  const struct seen seen = look_in_thread();
  ck_assert_uint_le(seen.bounds.hi, seen.variable);
}

/* The query itself is the first function: its frame may end where the stack does. */
TEST(bounds_are_found_in_the_first_frame_of_a_stack) {
  if (!have_proc())
    SKIP("there is no /proc");
  struct libcgo_bounds bounds = {0, 0, -1};
  char *const lo = map_stack(small_bytes);
  ucontext_t home, away;
  getcontext(&away);
  away.uc_stack.ss_sp = lo;
  away.uc_stack.ss_size = small_bytes;
  away.uc_link = &home;
  makecontext(&away, (void (*)(void))libcgo_stack_bounds, 2, NULL, &bounds);
  swapcontext(&home, &away);
  ck_assert_uint_eq(bounds.lo, (uintptr_t)lo);
  ck_assert_uint_eq(bounds.hi, (uintptr_t)lo + small_bytes);
}

int main(void) {
  suite_begin("bounds");
  ADD_TEST(a_threads_frames_are_within_its_bounds);
  ADD_TEST(bounds_leave_the_control_block_out);
  ADD_TEST(bounds_leave_the_thread_local_variables_out);
  ADD_TEST(bounds_are_found_in_the_first_frame_of_a_stack);
  return suite_run();
}
