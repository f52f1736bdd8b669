/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stacks of a thread's record.
 */
#ifndef LIBCGO_STACK_H_INTERNAL
#define LIBCGO_STACK_H_INTERNAL

#include <libcgo/stack.h>

#include "layout.h"
#include "platform.h"

#ifdef __has_builtin
#if __has_builtin(__builtin_sponentry)
#define LIBCGO_CFA __builtin_sponentry
#endif
#endif
#ifndef LIBCGO_CFA
#define LIBCGO_CFA __builtin_dwarf_cfa
#endif

namespace cgo {

/* The stack pointer of the calling function's caller, the CFA. The frame's own address
   is not it where compilers put the frame record at the low end of a frame; nor, on
   arm64, is what clang has for the CFA, but it has another name for it there. */
[[gnu::always_inline]] inline uintptr_t sp_of_caller() {
  return reinterpret_cast<uintptr_t>(LIBCGO_CFA());
}

/* The last byte of the calling function's frame, and so on its stack. Not the
   frame's address: that is the end of the stack where compilers have the frame
   pointer at the high end of a frame, and the frame is the first. */
[[gnu::always_inline]] inline uintptr_t here() { return sp_of_caller() - 1; }

/* A thread takes the record; it leaves it. */
void begin_stacks(libcgo_thread *thread);
void end_stacks(libcgo_thread *thread);

/* From here on the pages of its chain are in *places, and not the record's: it may be
   gone when they are freed. Those that come later, too. */
void lend_places(libcgo_thread *thread, uintptr_t *places);
void free_places(uintptr_t places);

/* Whether a call by libcgo_call_on_stack is under way on the thread, given the
   stack pointer of its caller. */
bool in_small_stack_call(libcgo_thread *thread, uintptr_t sp);

/* The stack of the thread that the address is on, if the record knows it. Safe in
   signal handlers. */
bool find_known_stack(const libcgo_thread *thread, uintptr_t address,
                      stack_bounds *bounds);

/*
 * A call by libcgo_call_on_stack. The calls of a thread form a chain, from the
 * first of the record's `calls`, which is none, to `top`. They are not in the frames of
 * those calls, because an exception or a longjmp may end a frame unseen, and what
 * is then written over it would be taken for a call.
 */
struct stack_call {
  stack_call *prev;
  stack_call *next;      /* the place of the next call, or NULL */
  uintptr_t system_sp;   /* where the system stack goes on below this call */
  uintptr_t caller_sp;   /* the thread's caller_sp, small_lo and small_span ... */
  uintptr_t caller_lo;   /* ... of the time of the call */
  uintptr_t caller_span;
  libcgo_thread *thread;
  uintptr_t start;       /* where fn's stack begins */
};

} // namespace cgo

/* What src/arch/<cpu>.S calls; its contracts stand in src/stack.cc. */
extern "C" {
uintptr_t libcgo_find_system_sp(libcgo_thread *thread, uintptr_t sp);
cgo::stack_call *libcgo_begin_stack_call(libcgo_thread *thread,
                                         const libcgo_stack *stack,
                                         uintptr_t sp);
uintptr_t libcgo_end_stack_call(cgo::stack_call *call, uintptr_t result);
}

#endif
