/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of a small stack the library itself takes, when the runtime's code
 * that runs on it calls.
 */
#include "support/kit.h"

#include <stddef.h>

#include "ports/arch/cpu.h"

enum { stack_bytes = 64 * 1024, pattern = 0xa5 };

static unsigned char memory[stack_bytes] __attribute__((aligned(64)));
static unsigned char other_memory[stack_bytes] __attribute__((aligned(64)));

static uintptr_t nothing(void *arg) {
  (void)arg;
  return 0;
}

static void call_on_another_stack(void) {
  const struct libcgo_stack other =
      LIBCGO_STACK_INIT(other_memory, other_memory + sizeof other_memory);
  libcgo_call_on_stack(kit_current(), &other, nothing, NULL);
}

static void query_bounds(void) {
  struct libcgo_bounds bounds;
  libcgo_stack_bounds(kit_current(), &bounds);
}

/* On the small stack: returns how far below this frame `arg` has written. The
   first call may write deeper: it finds symbols. */
static uintptr_t measure(void *arg) {
  void (*const call)(void) = *(void (**)(void))arg;
  unsigned char *const here = __builtin_frame_address(0);
  unsigned char *const margin = here - 256; /* what this frame may use itself */
  unsigned char *lowest;
  call();
  for (unsigned char *p = memory; p < margin; p++)
    *(volatile unsigned char *)p = pattern;
  call();
  for (lowest = memory; lowest < margin && *lowest == pattern; lowest++)
    ;
  return (uintptr_t)(here - lowest);
}

static void takes_less_than(uintptr_t bytes, void (*call)(void)) {
  const struct libcgo_stack stack =
      LIBCGO_STACK_INIT(memory, memory + sizeof memory);
  uintptr_t taken;
  kit_begin();
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  taken = libcgo_call_on_stack(kit_current(), &stack, measure, (void *)&call);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_uint_lt(taken, bytes);
}

#define SKIP_INSTRUMENTED                                                      \
  do {                                                                         \
    if (UNDER_ASAN || UNDER_TSAN)                                              \
      SKIP("instrumented frames are larger");                                  \
  } while (0)

TEST(a_call_on_a_stack_takes_little_of_its_callers) {
  SKIP_INSTRUMENTED;
  takes_less_than(LIBCGO_STACK_MIN * 3 / 4 + 2 * callee_bytes,
                  call_on_another_stack);
}

TEST(a_query_of_bounds_takes_little_of_its_callers_stack) {
  SKIP_INSTRUMENTED;
  takes_less_than(LIBCGO_STACK_MIN * 5 / 8, query_bounds);
}

int main(void) {
  suite_begin("depth");
  ADD_TEST(a_call_on_a_stack_takes_little_of_its_callers);
  ADD_TEST(a_query_of_bounds_takes_little_of_its_callers_stack);
  return suite_run();
}
