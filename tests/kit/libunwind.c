/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libunwind sees through calls from one stack to another.
 */
#include "support/four.h"

#include <signal.h>
#include <string.h>

#ifdef HAVE_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>

/* How many of the chain's functions it finds, in order. */
static uintptr_t walk(void *unused) {
  int found = 0;
  unw_context_t context;
  unw_cursor_t cursor;
  unw_proc_info_t info;
  (void)unused;
  unw_getcontext(&context);
  unw_init_local(&cursor, &context);
  for (int frames = 0; frames < 64 && found < four_depth; frames++) {
    if (unw_get_proc_info(&cursor, &info) == 0 &&
        info.start_ip == (uintptr_t)four_chain[found])
      found++;
    if (unw_step(&cursor) <= 0)
      break;
  }
  return (uintptr_t)found;
}

#define NEEDS_LIBUNWIND
#else
static uintptr_t walk(void *arg) { return (uintptr_t)arg; }
#define NEEDS_LIBUNWIND SKIP("configure found no libunwind")
#endif

static uintptr_t found_in_handler;

static void walk_in_handler(int sig) {
  (void)sig;
  found_in_handler = walk(NULL);
}

static uintptr_t raise_usr1(void *unused) {
  (void)unused;
  raise(SIGUSR1);
  return found_in_handler;
}

struct walker {
  uintptr_t (*innermost)(void *unused);
  int flags;
  uintptr_t found;
};

static void cross(struct libcgo_thread *thread, void *p) {
  struct walker *w = p;
  const struct libcgo_stack stack = new_stack(large_bytes);
  struct four f = four_switches(thread, &stack, w->innermost, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = walk_in_handler;
  action.sa_flags = w->flags;
  sigaction(SIGUSR1, &action, NULL);
  const stack_t before = set_signal_stack(map_stack(large_bytes), large_bytes);
  w->found = cross_four(&f);
  sigaltstack(&before, NULL);
}

static void *cross_foreign(void *p) {
  ck_assert_int_eq(libcgo_callback(&kit, cross, p), 0);
  return NULL;
}

TEST(libunwind_sees_four_switches_from_a_started_thread) {
  NEEDS_LIBUNWIND;
  struct walker w = {walk, 0, 0};
  kit_begin();
  kit_run(NULL, cross, &w);
  ck_assert_uint_eq(w.found, four_depth);
}

TEST(libunwind_sees_four_switches_from_the_initial_thread) {
  NEEDS_LIBUNWIND;
  struct walker w = {walk, 0, 0};
  kit_begin();
  cross_foreign(&w);
  ck_assert_uint_eq(w.found, four_depth);
}

TEST(libunwind_sees_four_switches_from_a_foreign_thread) {
  NEEDS_LIBUNWIND;
  struct walker w = {walk, 0, 0};
  kit_begin();
  kit_run_foreign(cross_foreign, &w);
  ck_assert_uint_eq(w.found, four_depth);
}

TEST(libunwind_sees_four_switches_in_a_handler) {
  NEEDS_LIBUNWIND;
  struct walker w = {raise_usr1, 0, 0};
  kit_begin();
  kit_run(NULL, cross, &w);
  ck_assert_uint_eq(w.found, four_depth);
}

TEST(libunwind_sees_four_switches_on_a_signal_stack) {
  NEEDS_LIBUNWIND;
  struct walker w = {raise_usr1, SA_ONSTACK, 0};
  kit_begin();
  kit_run(NULL, cross, &w);
  ck_assert_uint_eq(w.found, four_depth);
}

int main(void) {
  suite_begin("libunwind");
  ADD_TEST(libunwind_sees_four_switches_from_a_started_thread);
  ADD_TEST(libunwind_sees_four_switches_from_the_initial_thread);
  ADD_TEST(libunwind_sees_four_switches_from_a_foreign_thread);
  ADD_TEST(libunwind_sees_four_switches_in_a_handler);
  ADD_TEST(libunwind_sees_four_switches_on_a_signal_stack);
  return suite_run();
}
