/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells AddressSanitizer and valgrind that a thread changes its stack, where the client is
 * compiled for one of them: see <libcgo/context-tools.h>. <libcgo/stack.h> includes this.
 */
#ifndef LIBCGO_STACK_TOOLS_H
#define LIBCGO_STACK_TOOLS_H

#include <libcgo/platform.h>
#include <libcgo/stack.h>

#ifdef LIBCGO_TOOLS_

#ifdef LIBCGO_ASAN_
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef LIBCGO_TSAN_
#include <sanitizer/tsan_interface.h>
#endif
#ifdef LIBCGO_VALGRIND_
#include <valgrind/valgrind.h>
#endif

LIBCGO_BEGIN_DECLS

/* A call on another stack. Lives in the caller's frame. */
struct libcgo_told_call_ {
  uintptr_t (*fn)(void *arg);
  void *arg;
  struct libcgo_thread *thread;
  uintptr_t lo, hi; /* the other stack; hi is 0 if it is the caller's */
#ifdef LIBCGO_ASAN_
  void *fake;
  const void *caller_lo;
  size_t caller_bytes;
  uintptr_t returned;
#endif
#ifdef LIBCGO_VALGRIND_
  unsigned registered;
#endif
};

/* On the new stack: from here on the thread is there. */
static inline LIBCGO_UNWATCHED_ void
libcgo_told_begin_(struct libcgo_told_call_ *call) {
#ifdef LIBCGO_ASAN_
  if (call->hi != 0) {
    __sanitizer_start_switch_fiber(&call->fake, LIBCGO_CAST_(void *, call->lo),
                                   call->hi - call->lo);
    __sanitizer_finish_switch_fiber(LIBCGO_NULL_, &call->caller_lo,
                                    &call->caller_bytes);
  }
#else
  (void)call;
#endif
}

/* The same on the way back. It may be an exception that leaves. */
static inline LIBCGO_UNWATCHED_ void
libcgo_told_end_(struct libcgo_told_call_ **of_frame) {
#ifdef LIBCGO_ASAN_
  struct libcgo_told_call_ *const call = *of_frame;
  if (call->hi != 0) {
    __sanitizer_start_switch_fiber(LIBCGO_NULL_, call->caller_lo,
                                   call->caller_bytes);
    __sanitizer_finish_switch_fiber(call->fake, LIBCGO_NULL_, LIBCGO_NULL_);
  }
#else
  (void)of_frame;
#endif
}

static LIBCGO_UNWATCHED_ __attribute__((__unused__)) uintptr_t
libcgo_told_on_stack_(void *arg) {
  struct libcgo_told_call_ *const call =
      LIBCGO_CAST_(struct libcgo_told_call_ *, arg);
  __attribute__((
      __cleanup__(libcgo_told_end_))) struct libcgo_told_call_ *of_frame = call;
  libcgo_told_begin_(call);
  return of_frame->fn(of_frame->arg);
}

static LIBCGO_UNWATCHED_ __attribute__((__unused__)) uintptr_t
libcgo_told_on_system_(void *arg) {
  struct libcgo_told_call_ *const call =
      LIBCGO_CAST_(struct libcgo_told_call_ *, arg);
  struct libcgo_bounds here;
  if (call->hi != 0 && libcgo_stack_bounds(call->thread, &here) == 0) {
    call->lo = here.lo;
    call->hi = here.hi;
  } else {
    call->hi = 0;
  }
  return libcgo_told_on_stack_(arg);
}

static inline void libcgo_told_prepare_(struct libcgo_told_call_ *call,
                                        struct libcgo_thread *thread,
                                        uintptr_t (*fn)(void *arg), void *arg,
                                        uintptr_t lo, uintptr_t hi) {
  call->fn = fn;
  call->arg = arg;
  call->thread = thread;
  call->lo = lo;
  call->hi = hi;
#ifdef LIBCGO_ASAN_
  call->returned = 0;
#endif
#ifdef LIBCGO_VALGRIND_
  call->registered = lo == 0
                         ? 0
                         : VALGRIND_STACK_REGISTER(LIBCGO_CAST_(void *, lo),
                                                   LIBCGO_CAST_(void *, hi - 1));
#endif
}

static inline uintptr_t libcgo_told_returned_(struct libcgo_told_call_ *call,
                                              uintptr_t result) {
#ifdef LIBCGO_ASAN_
  call->returned = 1;
#else
  (void)call;
#endif
  return result;
}

/* On the caller's stack again, perhaps because an exception passes. Where it was thrown the
   sanitizer has forgotten the frames of that stack only, and not those here that end, too. */
static inline void libcgo_told_over_(struct libcgo_told_call_ *call) {
#ifdef LIBCGO_ASAN_
  if (!call->returned)
    __asan_handle_no_return();
#endif
#ifdef LIBCGO_VALGRIND_
  if (call->lo != 0)
    VALGRIND_STACK_DEREGISTER(call->registered);
#endif
  (void)call;
}
#define LIBCGO_TOLD_CALL_ __attribute__((__cleanup__(libcgo_told_over_)))

static inline uintptr_t
libcgo_told_call_on_stack_(struct libcgo_thread *thread,
                           const struct libcgo_stack *stack,
                           uintptr_t (*fn)(void *arg), void *arg) {
  if (stack == LIBCGO_NULL_ || fn == LIBCGO_NULL_)
    return libcgo_call_on_stack(thread, stack, fn, arg); /* the message */
  LIBCGO_TOLD_CALL_ struct libcgo_told_call_ call;
  libcgo_told_prepare_(&call, thread, fn, arg, stack->lo, stack->hi);
  return libcgo_told_returned_(
      &call, libcgo_call_on_stack(thread, stack, libcgo_told_on_stack_, &call));
}

static inline uintptr_t libcgo_told_call_on_system_(struct libcgo_thread *thread,
                                                    uintptr_t (*fn)(void *arg),
                                                    void *arg) {
#ifdef LIBCGO_ASAN_
  struct libcgo_bounds here;
  if (fn == LIBCGO_NULL_ || thread == LIBCGO_NULL_ ||
      libcgo_stack_bounds(thread, &here) != 0 || here.kind != LIBCGO_STACK_SMALL)
    return libcgo_call_on_system(thread, fn, arg);
  LIBCGO_TOLD_CALL_ struct libcgo_told_call_ call;
  libcgo_told_prepare_(&call, thread, fn, arg, 0, 1); /* the callee looks */
  return libcgo_told_returned_(
      &call, libcgo_call_on_system(thread, libcgo_told_on_system_, &call));
#else
  return libcgo_call_on_system(thread, fn, arg);
#endif
}

LIBCGO_END_DECLS

#ifndef LIBCGO_TSAN_
#define libcgo_call_on_stack libcgo_told_call_on_stack_
#define libcgo_call_on_system libcgo_told_call_on_system_
#endif

#endif
#endif
