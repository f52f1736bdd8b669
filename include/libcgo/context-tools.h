/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tools and contexts. AddressSanitizer, ThreadSanitizer and valgrind must be told when a
 * thread changes its stack. The headers do that, if the client is compiled for one of them:
 *
 *     -fsanitize=address, -fsanitize=thread    gcc and clang
 *     -DLIBCGO_VALGRIND                        with <valgrind/valgrind.h>
 *
 * Then libcgo_context_make, libcgo_switch, libcgo_call_on_stack and libcgo_call_on_system
 * are macros for functions of these headers, and so is what libcgo.hpp has of them.
 * Otherwise this header defines nothing but libcgo_context_forget, which does nothing.
 * <libcgo/context.h> includes it. Compile all files of a program with the same choice.
 *
 * Not told is a longjmp that leaves a call. What begins in a context ends there: the fiber
 * of ThreadSanitizer, and the registration with valgrind, are given back when fn returns,
 * when the record is made again, or by libcgo_context_forget.
 *
 * A client that defines LIBCGO_NO_TOOLS tells the tools itself.
 */
#ifndef LIBCGO_CONTEXT_TOOLS_H
#define LIBCGO_CONTEXT_TOOLS_H

#include <libcgo/context.h>
#include <libcgo/platform.h>
#include <libcgo/stack-tools.h>

LIBCGO_BEGIN_DECLS

#ifdef LIBCGO_TOOLS_

/* The words of a context's record that these functions use, libcgo_context::tools. */
#define LIBCGO_TOLD_FN_ 0
#define LIBCGO_TOLD_ARG_ 1
#define LIBCGO_TOLD_OWN_ 2 /* the fake stack, the fiber, or what valgrind has */
#define LIBCGO_TOLD_LO_ 3  /* of a context that was not made: its stack */
#define LIBCGO_TOLD_BYTES_ 4
#define LIBCGO_TOLD_LAST_ 5 /* the context from which the thread comes */
#define LIBCGO_TOLD_OVER_ 6 /* what belongs to one that is over */

/* Gives back what a context has that does not go on. */
static inline void libcgo_told_drop_(uintptr_t own) {
  (void)own;
#ifdef LIBCGO_TSAN_
  if (own != 0)
    __tsan_destroy_fiber(LIBCGO_CAST_(void *, own));
#endif
#ifdef LIBCGO_VALGRIND_
  if (own != 0)
    VALGRIND_STACK_DEREGISTER(own - 1);
#endif
}

/* Before the thread goes on in *to. Always inlined: ThreadSanitizer keeps the callers of each
   fiber. */
static inline __attribute__((__always_inline__)) void
libcgo_told_leave_(struct libcgo_context *from, struct libcgo_context *to) {
  if (to == LIBCGO_NULL_)
    return; /* the message follows */
  to->tools[LIBCGO_TOLD_LAST_] = LIBCGO_CAST_(uintptr_t, from);
#ifdef LIBCGO_TSAN_
  if (to->tools[LIBCGO_TOLD_OWN_] != 0)
    __tsan_switch_to_fiber(LIBCGO_CAST_(void *, to->tools[LIBCGO_TOLD_OWN_]), 0);
#endif
}

/* In *own, which has just gone on, or begins. */
static inline LIBCGO_UNWATCHED_ void
libcgo_told_arrive_(struct libcgo_context *own) {
#ifdef LIBCGO_ASAN_
  struct libcgo_context *const last =
      LIBCGO_CAST_(struct libcgo_context *, own->tools[LIBCGO_TOLD_LAST_]);
  /* C that was called from a made context goes on elsewhere: on the stack that it left. */
  const uintptr_t here = LIBCGO_CAST_(uintptr_t, __builtin_frame_address(0));
  const int made = here >= own->stack_lo && here < own->stack_hi;
  const uintptr_t lo = made ? own->stack_lo : own->tools[LIBCGO_TOLD_LO_];
  const uintptr_t bytes =
      made ? own->stack_hi - own->stack_lo : own->tools[LIBCGO_TOLD_BYTES_];
  void *fake = LIBCGO_NULL_;
  const void *last_lo = LIBCGO_NULL_;
  size_t last_bytes = 0;
  __sanitizer_start_switch_fiber(last != LIBCGO_NULL_ ? &fake : LIBCGO_NULL_,
                                 LIBCGO_CAST_(void *, lo), bytes);
  __sanitizer_finish_switch_fiber(
      LIBCGO_CAST_(void *, own->tools[LIBCGO_TOLD_OWN_]), &last_lo, &last_bytes);
  if (last != LIBCGO_NULL_) {
    last->tools[LIBCGO_TOLD_OWN_] = LIBCGO_CAST_(uintptr_t, fake);
    last->tools[LIBCGO_TOLD_LO_] = LIBCGO_CAST_(uintptr_t, last_lo);
    last->tools[LIBCGO_TOLD_BYTES_] = last_bytes;
  }
#else
  libcgo_told_drop_(own->tools[LIBCGO_TOLD_OVER_]);
  own->tools[LIBCGO_TOLD_OVER_] = 0;
#endif
}

static LIBCGO_UNWATCHED_ __attribute__((__unused__)) struct libcgo_context *
libcgo_told_run_(void *arg, uintptr_t word) {
  struct libcgo_context *const own = LIBCGO_CAST_(struct libcgo_context *, arg);
  struct libcgo_context *(*const fn)(void *, uintptr_t) =
      LIBCGO_CAST_(libcgo_context_fn, own->tools[LIBCGO_TOLD_FN_]);
  struct libcgo_context *next;
  libcgo_told_arrive_(own);
  next = fn(LIBCGO_CAST_(void *, own->tools[LIBCGO_TOLD_ARG_]), word);
  libcgo_told_leave_(LIBCGO_NULL_, next);
  if (next != LIBCGO_NULL_)
    next->tools[LIBCGO_TOLD_OVER_] = own->tools[LIBCGO_TOLD_OWN_];
  own->tools[LIBCGO_TOLD_OWN_] = 0;
  return next;
}

LIBCGO_CHECKED_ static inline int libcgo_told_context_make_(
    struct libcgo_context *context, const struct libcgo_stack *stack,
    struct libcgo_context *(*fn)(void *arg, uintptr_t word), void *arg) {
  const int made = context != LIBCGO_NULL_ && context->stack_hi != 0;
  const int err = libcgo_context_make(
      context, stack, fn == LIBCGO_NULL_ ? LIBCGO_NULL_ : libcgo_told_run_,
      context);
  if (err != 0)
    return err;
#ifndef LIBCGO_ASAN_
  if (made)
    libcgo_told_drop_(context->tools[LIBCGO_TOLD_OWN_]);
#else
  (void)made;
  /* What was on the stack before is of no interest. */
  __asan_unpoison_memory_region(LIBCGO_CAST_(void *, stack->lo),
                                stack->hi - stack->lo);
#endif
  context->tools[LIBCGO_TOLD_FN_] = LIBCGO_CAST_(uintptr_t, fn);
  context->tools[LIBCGO_TOLD_ARG_] = LIBCGO_CAST_(uintptr_t, arg);
  context->tools[LIBCGO_TOLD_OWN_] = 0;
#ifdef LIBCGO_TSAN_
  context->tools[LIBCGO_TOLD_OWN_] =
      LIBCGO_CAST_(uintptr_t, __tsan_create_fiber(0));
#endif
#ifdef LIBCGO_VALGRIND_
  context->tools[LIBCGO_TOLD_OWN_] = VALGRIND_STACK_REGISTER(
      LIBCGO_CAST_(void *, stack->lo), LIBCGO_CAST_(void *, stack->hi - 1));
  context->tools[LIBCGO_TOLD_OWN_]++;
#endif
  return 0;
}

static inline uintptr_t libcgo_told_switch_(struct libcgo_thread *thread,
                                            struct libcgo_context *from,
                                            struct libcgo_context *to,
                                            uintptr_t word) {
#ifdef LIBCGO_TSAN_
  if (from != LIBCGO_NULL_ && from->stack_hi == 0)
    from->tools[LIBCGO_TOLD_OWN_] =
        LIBCGO_CAST_(uintptr_t, __tsan_get_current_fiber());
#endif
  libcgo_told_leave_(from, to);
  word = libcgo_switch(thread, from, to, word);
  libcgo_told_arrive_(from);
  return word;
}

#endif

/*
 * Tells the tools that a suspended context will not go on, before its record or its stack
 * is freed or used for something else. A context whose fn has returned, or that is made
 * again, need not be forgotten. A record of code that already runs must not be. Without a
 * tool this does nothing. Safe in any thread; not safe in signal handlers. Since 0.2.
 */
#ifndef LIBCGO_DECLARATIONS
static inline void libcgo_context_forget(struct libcgo_context *context) {
#ifdef LIBCGO_TOOLS_
#ifndef LIBCGO_ASAN_
  if (context->stack_hi != 0)
    libcgo_told_drop_(context->tools[LIBCGO_TOLD_OWN_]);
#endif
  context->tools[LIBCGO_TOLD_OWN_] = 0;
#else
  (void)context;
#endif
}
#endif

LIBCGO_END_DECLS

#ifdef LIBCGO_TOOLS_
#define libcgo_context_make libcgo_told_context_make_
#define libcgo_switch libcgo_told_switch_
#endif

#endif
