/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls on small stacks that a thread has begun. What is known of them, and why it
 * is true, stands at the top of src/calls.cc.
 */
#ifndef LIBCGO_CALLS_H_INTERNAL
#define LIBCGO_CALLS_H_INTERNAL

#include <libcgo/stack.h>

#include "layout.h"
#include "platform.h"

namespace cgo {

/* A stack, or what of it is below an address. A span of 0 contains nothing. */
struct range {
  uintptr_t lo;
  uintptr_t span;
  bool contains(uintptr_t address) const { return address - lo < span; }
};

/*
 * A call by libcgo_call_on_stack. It is not in the frame of that call, because an
 * exception or a longjmp may end a frame unseen, and what is then written over it would
 * be taken for a call.
 */
struct stack_call {
  uintptr_t serial;        /* its number; free_place, or ended */
  stack_call *prev;        /* the call that was begun before */
  stack_call *parent;      /* the one whose code, or whose C, made this call */
  uintptr_t parent_serial;
  uintptr_t mark;          /* the word in the call's frame that has its number */
  uintptr_t returns_to;    /* the return address of that frame, if the CPU pushes it */
  uintptr_t lo;            /* the small stack, and where fn's part of it begins */
  uintptr_t start;
  uintptr_t system_sp;     /* where the stack of C goes on below this call */
  range prior;             /* the thread's state before the call: the small stack it was */
  uintptr_t prior_caller;  /* on, or had called C from, and its positions */
  uintptr_t prior_system;
  range passed;            /* where the thread was in this call when it went over to */
  uintptr_t passed_sp;     /* another one without calling: its small stack and position */
  stack_call *skip;        /* an older call: all small stacks of those in between are */
  uintptr_t skip_lo;       /* within */
  uintptr_t skip_hi;
  uintptr_t flags;         /* and above them, how many calls there are up to this one */
  uintptr_t c_returns_to;  /* the return address of the call of C that made this call */
};

/* A thread takes the record. */
void begin_calls(libcgo_thread *thread);

/* From here on the memory of its calls is in *places, and not the record's: it may be
   gone when that is freed. What comes later, too. */
void lend_places(libcgo_thread *thread, uintptr_t *places);
void free_places(uintptr_t places);

/* The range of the runtime's stack on which the caller at sp is, which is then the one that
   the record names; or an empty one: C runs there. */
range small_stack_at(libcgo_thread *thread, uintptr_t sp);

/* The same, unless it is seen that the call on it is over: then what is below counts. */
range still_small_stack_at(libcgo_thread *thread, uintptr_t sp);

/* The same for an address, of which nothing is asked of the system, and which changes
   nothing. Safe in signal handlers. */
range known_small_stack(const libcgo_thread *thread, uintptr_t address);

/* Whether the caller at sp, which is C, is in a call of the thread's. Where it is on the
   thread's own stack, calls that were made from other stacks of C's do not count. */
bool in_small_stack_call(libcgo_thread *thread, uintptr_t sp);

/* Whether a small stack is, or may be, part of the thread's own stack. */
bool small_within_own(const libcgo_thread *thread);

} // namespace cgo

/* What src/arch/<cpu>.S calls; the contracts stand in src/calls.cc. */
extern "C" {
uintptr_t libcgo_find_system_sp(libcgo_thread *thread, uintptr_t sp);
cgo::stack_call *libcgo_begin_stack_call(libcgo_thread *thread,
                                         const libcgo_stack *stack, uintptr_t sp,
                                         uintptr_t *mark);
uintptr_t libcgo_end_stack_call(cgo::stack_call *call, uintptr_t result,
                                uintptr_t *mark);
}

#endif
