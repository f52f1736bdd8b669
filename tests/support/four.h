/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Four switches of stacks in one chain of calls, for tests to look through:
 *
 *     system stack                      small stacks
 *     ------------                      ------------
 *     cross_four
 *       libcgo_call_on_stack     -->    runtime_1
 *     c_1                        <--      libcgo_call_on_system
 *       libcgo_callback, callback
 *         libcgo_call_on_stack   -->    runtime_2
 *     c_2                        <--      libcgo_call_on_system
 *       innermost
 */
#ifndef LIBCGO_TESTS_FOUR_H
#define LIBCGO_TESTS_FOUR_H

#include "support/kit.h"
#include "support/stacks.h"

/* A function that keeps its frame and its address, also where the linker sees the whole
   program (-flto). */
#if defined __GNUC__ && !defined __clang__
#define OWN_FRAME __attribute__((noipa))
#else
#define OWN_FRAME __attribute__((noinline))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Begins a test: the record of the calling thread, which is attached. Under
   valgrind all tests of a program share a process, and then it may still have one
   that cannot be detached, because a test has jumped out of a call. */
struct libcgo_thread *attached(void);

struct four {
  struct libcgo_thread *thread;
  const struct libcgo_stack *outer_stack;
  const struct libcgo_stack *inner_stack;
  uintptr_t (*innermost)(void *arg);
  void *arg;
  uintptr_t result;
  /* The frames that were seen. */
  uintptr_t runtime_1, c_1, runtime_2, c_2;
};

/* With one stack for both. */
struct four four_switches(struct libcgo_thread *thread,
                          const struct libcgo_stack *stack,
                          uintptr_t (*innermost)(void *arg), void *arg);

/* Returns what innermost returns. */
OWN_FRAME uintptr_t cross_four(struct four *f);

/* The functions that are active in innermost, from c_2 outwards to cross_four: where
   their code is, once four_switches was called. */
enum { four_depth = 11 };
extern void *four_chain[four_depth];

/* The pieces, for tests that begin elsewhere. */
OWN_FRAME uintptr_t runtime_1(void *four);
OWN_FRAME uintptr_t c_1(void *four);
OWN_FRAME void callback(struct libcgo_thread *thread, void *four);
OWN_FRAME uintptr_t runtime_2(void *four);
OWN_FRAME uintptr_t c_2(void *four);

#ifdef __cplusplus
}
#endif

#endif
