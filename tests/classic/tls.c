/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stack bounds where thread-local variables take a mebibyte of every stack.
 */
#include "support/client.h"
#include "support/kit.h"

#include <string.h>

extern char *big_tls(void);

static struct libcgo_g task;
static uintptr_t seen_local, seen_tls;
static int lowest_usable, below_usable;

static void look(void) {
  char local;
  seen_local = (uintptr_t)&local;
  seen_tls = (uintptr_t)big_tls();
  memset(big_tls(), 1, 1 << 20);
  lowest_usable = readable(task.stackguard - 4096);
  below_usable = readable(task.stackguard - 4096 - 1);
}

TEST(defect_05_bounds_are_true_with_a_mebibyte_of_tls) {
  initcgo();
  for (int i = 0; i < 30; i++) {
    run_in_thread(&task, 1, look);
    ck_assert_msg(lowest_usable, "the lowest byte is not usable");
    ck_assert_msg(!below_usable, "the byte below the lowest is usable");
    ck_assert_uint_lt(task.stackguard, seen_local);
    ck_assert_uint_lt(seen_local, task.stackbase);
    ck_assert_msg(task.stackbase <= seen_tls ||
                      task.stackguard - 4096 >= seen_tls + (1 << 20),
                  "the stack %#lx-%#lx holds the thread-local block at %#lx",
                  (unsigned long)task.stackguard, (unsigned long)task.stackbase,
                  (unsigned long)seen_tls);
  }
}

static struct libcgo_bounds kit_bounds;

static void look_at_bounds(struct libcgo_thread *thread, void *arg) {
  char local;
  (void)arg;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &kit_bounds), 0);
  ck_assert_int_eq(kit_bounds.kind, LIBCGO_STACK_SYSTEM);
  ck_assert_uint_le(kit_bounds.lo, (uintptr_t)&local);
  ck_assert_uint_lt((uintptr_t)&local, kit_bounds.hi);
  ck_assert_msg(readable(kit_bounds.lo), "the lowest byte is not usable");
  ck_assert_msg(!readable(kit_bounds.lo - 1),
                "the byte below the lowest is usable");
  seen_tls = (uintptr_t)big_tls();
  ck_assert_msg(kit_bounds.hi <= seen_tls ||
                    kit_bounds.lo >= seen_tls + (1 << 20),
                "the stack %#lx-%#lx holds the thread-local block at %#lx",
                (unsigned long)kit_bounds.lo, (unsigned long)kit_bounds.hi,
                (unsigned long)seen_tls);
}

static void *call_back_and_look(void *arg) {
  ck_assert_int_eq(libcgo_callback(&kit, look_at_bounds, arg), 0);
  return arg;
}

TEST(a_started_thread_s_bounds_are_true_with_a_mebibyte_of_tls) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  kit_begin();
  attr.stack_size = 4 << 20;
  attr.guard_size = 64 << 10;
  kit_run(&attr, look_at_bounds, NULL);
}

TEST(a_foreign_thread_s_bounds_are_true_with_a_mebibyte_of_tls) {
  kit_begin();
  kit_run_foreign(call_back_and_look, NULL);
}

int main(void) {
  suite_begin("tls");
  ADD_TEST(defect_05_bounds_are_true_with_a_mebibyte_of_tls);
  ADD_TEST(a_started_thread_s_bounds_are_true_with_a_mebibyte_of_tls);
  ADD_TEST(a_foreign_thread_s_bounds_are_true_with_a_mebibyte_of_tls);
  return suite_run();
}
