/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stack bounds where thread-local variables take a mebibyte of every stack.
 */
#include "harness.h"

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

int main(void) {
  suite_begin("tls");
  ADD_TEST(defect_05_bounds_are_true_with_a_mebibyte_of_tls);
  return suite_run();
}
