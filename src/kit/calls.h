/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls on small stacks that a thread has begun. The head of src/kit/calls.cc explains
 * them, and so does docs/design.md, "Stacks". The place of a call is its entry there.
 */
#ifndef LIBCGO_CALLS_H_INTERNAL
#define LIBCGO_CALLS_H_INTERNAL

#include <libcgo/context.h>
#include <libcgo/stack.h>

#include "core/layout.h"
#include "core/platform.h"
#include "kit/runtime.h"

namespace cgo {

/* A stack, or the part of it below an address. A span of 0 contains nothing. */
struct range {
  uintptr_t lo;
  uintptr_t span;
  bool contains(uintptr_t address) const { return address - lo < span; }
};

/*
 * A call by libcgo_call_on_stack. This record is not in the frame of the call: an
 * exception or a longjmp may end the frame unseen, and what is then written there would be
 * taken for a record.
 */
struct stack_call {
  uintptr_t serial;   /* its number; free_place, or ended */
  stack_call *prev;   /* the call that was begun before */
  stack_call *parent; /* the one whose code, or whose C, made this call */
  uintptr_t parent_serial;
  uintptr_t mark;       /* the word in the call's frame that has its number */
  uintptr_t returns_to; /* the return address of that frame, if the CPU pushes it */
  uintptr_t lo;         /* the small stack, and where fn's part of it begins */
  uintptr_t start;
  uintptr_t system_sp; /* where the stack of C goes on below this call */
  range prior; /* the thread's state before the call: the small stack it was */
  uintptr_t prior_caller; /* on, or had called C from, and its positions */
  uintptr_t prior_system;
  range passed; /* where the thread was in this call when it went over to */
  uintptr_t passed_sp; /* another one without calling: its small stack and position */
  stack_call *skip; /* an older call: all small stacks of those in between are */
  uintptr_t skip_lo; /* within */
  uintptr_t skip_hi;
  uintptr_t flags; /* and above them, how many calls there are up to this one */
  uintptr_t c_returns_to; /* the return address of the call of C that made this call */
};

/* Numbers from here on are of calls that count. */
constexpr uintptr_t first_serial = 2;
/* Three of the flags: the runtime made the call, C did not; the call's number is on its
   small stack, too; and C made it from the thread's own stack, so that from its part of the
   small stack all words can be read that say whether it is over. */
constexpr uintptr_t from_small = 2;
constexpr uintptr_t has_word = 16;
constexpr uintptr_t read_directly = 64;
/* In c_returns_to of one that the runtime made: its frame is among those of the code of its
   parent. */
constexpr uintptr_t made_by_parent = 1;

inline bool counts(const stack_call *c) { return c->serial >= first_serial; }

inline stack_call *running_of(const libcgo_thread *thread) {
  return reinterpret_cast<stack_call *>(thread->running);
}

inline range range_of(const libcgo_thread *thread) {
  return {thread->small_lo, thread->small_span};
}

inline bool within(uintptr_t address, uintptr_t lo, uintptr_t hi) {
  return address - lo < hi - lo;
}

inline bool on_own_stack(const libcgo_thread *thread, uintptr_t address) {
  return within(address, thread->stack_lo, thread->stack_hi);
}

/* Whether a small stack is, or may be, part of the thread's system stack. */
inline bool small_within_own(const libcgo_thread *thread) {
  return (thread->state & thread_small_within_own) != 0;
}

/* Whether a call that counts has its frame still, which is on the thread's own stack or on
   the one that the caller runs on. */
LIBCGO_READS_STACKS inline bool has_own_frame(const stack_call *c) {
  const intptr_t offset = libcgo_frame_layout.mark_to_return;
  const auto word = [](uintptr_t at) LIBCGO_READS_STACKS {
    return *reinterpret_cast<const volatile uintptr_t *>(at);
  };
  return word(c->mark) == c->serial &&
         (offset == 0 ||
          word(c->mark + static_cast<uintptr_t>(offset)) == c->returns_to);
}

/* Whether the caller at sp runs on the small stack that the record names, in a call that C
   made from the thread's own stack and that is not over, seen from there. False: ask
   still_small_stack_at. Safe in signal handlers. */
LIBCGO_READS_STACKS inline bool runs_on_small_stack(const libcgo_thread *thread,
                                                    uintptr_t sp) {
  const range now = range_of(thread);
  if (!now.contains(sp))
    return false;
  const stack_call *const c = running_of(thread);
  if (c == nullptr || !counts(c) || (c->flags & read_directly) == 0 ||
      !has_own_frame(c))
    return false;
  const uintptr_t word =
      c->start + 8; // between the caller and the end of the range
  return word - sp < now.span - (sp - now.lo) &&
         *reinterpret_cast<const volatile uintptr_t *>(word) == c->serial;
}

/* The record has become a thread's. */
void begin_calls(libcgo_thread *thread);

/* Before `leave`, which may free the record: from here on the pages with the thread's
   calls belong to *places and not to the record, and so do pages that are added later.
   After `leave`, free_places(*places) frees them. */
void lend_places(libcgo_thread *thread, uintptr_t *places);
void free_places(uintptr_t places);

/* The range of the small stack on which the caller at sp runs. The record then names this
   stack. Empty: the caller runs on a stack of C's. */
range small_stack_at(libcgo_thread *thread, uintptr_t sp);

/* The same. But if the call on that stack is seen to be over, it is ended, and the search
   begins again. */
range still_small_stack_at(libcgo_thread *thread, uintptr_t sp);

/* The same for an address. Makes no system call and changes nothing. Safe in signal
   handlers. */
range known_small_stack(const libcgo_thread *thread, uintptr_t address);

/* Whether the caller at sp, which is C, is in a call of the thread's. If it is on the
   system stack, calls that were made on coroutine stacks do not count. */
bool in_small_stack_call(libcgo_thread *thread, uintptr_t sp);

/* ---- for contexts ---- */

/* Stops the process where the record is none that a thread has entered. */
void check_record(const char *call, const libcgo_thread *thread);

/* Begins a call as libcgo_begin_stack_call does. Where stack is NULL, C at sp goes over to
   a context: the call has no part of a small stack, and tasks run in it. */
stack_call *begin_call(libcgo_thread *thread, const libcgo_stack *stack,
                       uintptr_t sp, uintptr_t *mark);
bool is_switch(const stack_call *call);
libcgo_thread *owner_of(stack_call *call);

/* The flags of a switch that is the only call of its thread. */
void set_flags_of_switch(stack_call *call);

/* The code that runs goes over to another context, or a context begins in it. */
void note_switch(libcgo_thread *thread, const libcgo_context *from);

/* The context that runs has ended: what was left on its stack is over. */
void end_context(libcgo_thread *thread, libcgo_context *context);

/* Whether C that was called from this stack may still be under way. */
bool c_was_called_from(const libcgo_thread *thread, uintptr_t lo, uintptr_t hi);

/* Whether C that has suspended itself in `call`, on the thread's own stack, would overwrite C
   that was called in it since, and waits there in the call that the record names. False where
   that call may be over. */
bool would_overwrite(const libcgo_thread *thread, const stack_call &call);

} // namespace cgo

/* What src/arch/<cpu>.S calls; the contracts stand in src/kit/calls.cc. */
extern "C" {
uintptr_t libcgo_find_system_sp(libcgo_thread *thread, uintptr_t sp);
cgo::stack_call *libcgo_begin_stack_call(libcgo_thread *thread,
                                         const libcgo_stack *stack,
                                         uintptr_t sp, uintptr_t *mark);
uintptr_t libcgo_end_stack_call(cgo::stack_call *call, uintptr_t result,
                                uintptr_t *mark);

/* In src/context.cc. */
void libcgo_switch_asks(libcgo_thread *thread, libcgo_context *from,
                        libcgo_context *to, uintptr_t *mark);
void libcgo_switch_resumes(libcgo_thread *thread, libcgo_context *to,
                           uintptr_t *mark);
libcgo_thread *libcgo_switch_ends(libcgo_context *from, libcgo_context *to,
                                  uintptr_t *mark);
}

#endif
