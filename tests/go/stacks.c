/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Go face on stacks that C code has switched to: what Go is told of them.
 */
#include "support/harness.h"

#include <errno.h>
#include <libcgo/go.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { stack_bytes = 256 * 1024, guard = 928 };
static size_t page;

static uintptr_t key_created;
static void (*crosscall2_pointer)(void (*fn)(void *), void *arg, int argsize,
                                  size_t context);
static struct libcgo_go go =
    LIBCGO_GO_INIT(&key_created, &crosscall2_pointer, NULL, NULL, NULL);
static struct libcgo_go_g g0;

static void setg(void *g) { (void)g; }

static void *given_back;
static void crosscall2_model(void (*fn)(void *), void *arg, int argsize,
                             size_t context) {
  (void)argsize;
  (void)context;
  if (fn == NULL)
    given_back = arg;
}

/* What Go does at its start, on the thread that runs it. */
static void start(void) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  const struct libcgo_go fresh =
      LIBCGO_GO_INIT(&key_created, &crosscall2_pointer, NULL, NULL, NULL);
  go = fresh;
  key_created = 0;
  given_back = NULL;
  g0.stackhi = (uintptr_t)__builtin_dwarf_cfa() + 64;
  libcgo_go_init(&go, &g0, setg);
  g0.stackguard0 = g0.stackguard1 = g0.stacklo + guard;
  crosscall2_pointer = crosscall2_model;
  libcgo_go_notify_runtime_init_done(&go);
  libcgo_go_wait_runtime_init_done(&go);
}

/* Runs fn on another stack. */
static ucontext_t home, away;
static void on_stack(void *lowest, size_t bytes, void (*fn)(void)) {
  getcontext(&away);
  away.uc_stack.ss_sp = lowest;
  away.uc_stack.ss_size = bytes;
  away.uc_link = &home;
  makecontext(&away, fn, 0);
  swapcontext(&home, &away);
}

/* A mapping of its own, with a guard page on either side. */
static char *map_stack(void) {
  char *guarded = mmap(NULL, stack_bytes + 2 * page, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert(guarded != MAP_FAILED);
  ck_assert_int_eq(mprotect(guarded + page, stack_bytes, PROT_READ | PROT_WRITE),
                   0);
  return guarded + page;
}
static void unmap_stack(char *lowest) {
  munmap(lowest - page, stack_bytes + 2 * page);
}

static uintptr_t bounds[2];
static void ask(void) {
  errno = 77;
  libcgo_go_getstackbound(&go, bounds);
  ck_assert_int_eq(errno, 77);
}
static void call_back(void) { libcgo_go_wait_runtime_init_done(&go); }

static void in_thread(void *(*fn)(void *)) {
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, fn, NULL), 0);
  pthread_join(thread, NULL);
}

static void *ask_on_another_stack(void *unused) {
  char *stack = map_stack();
  on_stack(stack, stack_bytes, ask);
  ck_assert_uint_eq(bounds[0], (uintptr_t)stack);
  ck_assert_uint_eq(bounds[1], (uintptr_t)stack + stack_bytes);
  ask();
  ck_assert(bounds[0] < (uintptr_t)&unused && (uintptr_t)&unused < bounds[1]);
  ck_assert(bounds[0] > (uintptr_t)stack + stack_bytes ||
            bounds[1] < (uintptr_t)stack);
  unmap_stack(stack);
  return unused;
}

TEST(bounds_are_those_of_the_stack_that_a_thread_is_on) {
  start();
  in_thread(ask_on_another_stack);
}

enum { many = 540 }; /* more than are remembered, 512 */

static void *ask_on_many_stacks(void *unused) {
  static char *stack[many];
  for (int i = 0; i < many; i++)
    stack[i] = map_stack();
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < many; i++) {
      on_stack(stack[i], stack_bytes, ask);
      ck_assert_uint_eq(bounds[0], (uintptr_t)stack[i]);
      ck_assert_uint_eq(bounds[1], (uintptr_t)stack[i] + stack_bytes);
    }
  for (int i = 0; i < many; i++)
    unmap_stack(stack[i]);
  return unused;
}

TEST(each_of_many_stacks_has_its_own_bounds) {
  start();
  in_thread(ask_on_many_stacks);
}

/* A stack ends, and a larger one takes its place. */
static void *ask_on_a_stack_in_the_place_of_another(void *unused) {
  char *stack = map_stack();
  char *middle = stack + stack_bytes / 2;
  mprotect(stack, stack_bytes / 2, PROT_NONE);
  on_stack(middle, 16 * 1024, ask);
  ck_assert_uint_eq(bounds[0], (uintptr_t)middle);
  ck_assert(mmap(stack, stack_bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == stack);
  on_stack(middle, 16 * 1024, ask);
  ck_assert_uint_eq(bounds[0], (uintptr_t)stack);
  unmap_stack(stack);
  return unused;
}

TEST(where_little_is_left_of_a_stack_the_system_is_asked_again) {
  start();
  in_thread(ask_on_a_stack_in_the_place_of_another);
}

TEST(a_callback_of_Go_s_thread_on_another_stack_widens_its_bounds) {
  start();
  const struct libcgo_go_g before = g0;
  char *stack = map_stack();
  on_stack(stack, stack_bytes, call_back);
  ck_assert(g0.stacklo <= (uintptr_t)stack);
  ck_assert(g0.stackhi >= (uintptr_t)stack + stack_bytes);
  ck_assert(g0.stacklo <= before.stacklo && g0.stackhi >= before.stackhi);
  ck_assert_uint_eq(g0.stackguard0, g0.stacklo + guard);
  ck_assert_uint_eq(g0.stackguard1, g0.stacklo + guard);
  unmap_stack(stack);
}

TEST(a_callback_on_its_own_stack_leaves_the_bounds_alone) {
  start();
  const struct libcgo_go_g before = g0;
  call_back();
  ck_assert_int_eq(memcmp(&before, &g0, sizeof g0), 0);
}

static void *call_back_on_another_stack(void *unused) {
  char *stack = map_stack();
  on_stack(stack, stack_bytes, call_back);
  unmap_stack(stack);
  return unused;
}

TEST(a_callback_of_C_s_thread_leaves_the_bounds_alone) {
  start();
  const struct libcgo_go_g before = g0;
  in_thread(call_back_on_another_stack);
  ck_assert_int_eq(memcmp(&before, &g0, sizeof g0), 0);
}

static struct libcgo_go_g g_of_thread;
static void *bind(void *unused) {
  libcgo_go_bindm(&go, &g_of_thread);
  ask_on_another_stack(NULL);
  ck_assert(given_back == NULL);
  return unused;
}

TEST(a_thread_of_C_gives_its_g_back_when_it_ends) {
  start();
  ck_assert_uint_eq(key_created, 1);
  in_thread(bind);
  ck_assert(given_back == &g_of_thread);
}

int main(void) {
  suite_begin("go-stacks");
  ADD_TEST(bounds_are_those_of_the_stack_that_a_thread_is_on);
  ADD_TEST(each_of_many_stacks_has_its_own_bounds);
  ADD_TEST(where_little_is_left_of_a_stack_the_system_is_asked_again);
  ADD_TEST(a_callback_of_Go_s_thread_on_another_stack_widens_its_bounds);
  ADD_TEST(a_callback_on_its_own_stack_leaves_the_bounds_alone);
  ADD_TEST(a_callback_of_C_s_thread_leaves_the_bounds_alone);
  ADD_TEST(a_thread_of_C_gives_its_g_back_when_it_ends);
  return suite_run();
}
