// SPDX-License-Identifier: BSD-3-Clause
//
// Which calls on small stacks are under way, and where C and the runtime go on.
//
// A thread's record says on which small stack its runtime runs (small_lo, small_span), and
// where the stack of C goes on meanwhile (system_sp). While the stack pointer is in that
// range, a call of C needs nothing else: src/arch/<cpu>.S makes it, and notes from where
// C was called (caller_sp).
//
// An exception, a forced unwinding or a longjmp may end a call on a small stack, and nobody
// tells the library. So each call has a place outside of the stacks, and the library asks
// whether the call is over only when that matters. One error is harmless: if a call is over
// and still counts, it costs room. The other is not: if a call is under way and forgotten,
// its frames are overwritten. So a call counts as over only by one of these proofs. Each
// proof is about that call alone, because what began after it need not be nested in it.
//
// 1. It has returned. Or the runtime made it in the code of a call that has returned since,
//    and the record named that one then. If that one has ended otherwise, this proves nothing:
//    it may have been over before, unseen, and older code has made the call.
// 2. Its mark is gone. Each call has a number. The number is in the call's frame, on the
//    stack from which the call was made. If the call was made from another stack, the number
//    is also on the small stack, above the frame of fn. If one of the two words has changed,
//    or its memory is gone, the call is over. If the CPU pushes return addresses, the one
//    of the call's frame counts, too: another call from the same depth overwrites it.
//    (Memory is read in a way that cannot fault. The system stack, and the stack on which
//    the caller runs, are read directly.) One exception: if C was called last from the
//    call's part of the small stack, the call counts for that C, because older code may have
//    called it.
// 3. C runs now, and the call was made less than LIBCGO_C_ROOM bytes below it. That much is
//    free below C that asks, on any stack. Farther below there may be another stack: one
//    stack may be an array in another, so addresses prove no more than that.
// 4. The runtime runs on a small stack, at the start of the call's part of it or above.
//    What is below a stack pointer, on the same stack, is no frame.
// 5. The client says so: libcgo_stack_left. Or a context ends, and its stack is free.
//
// That the runtime goes on above where C was called from proves nothing about the calls of
// that C: a coroutine may have made them, which is suspended, and its stack may be an array
// on the system stack.
//
// The words of proof 2 stay as they were until somebody writes there. Until then, the call
// counts. There is one way out, which is a guess. If the calls that count keep more than a
// quarter of a small stack from being used, and the caller is C on the system stack, the
// library gives up the calls that were made from the system stack below the caller, and the
// calls that were made from the signal stack: the handler has been left. The guess is wrong
// if the caller is a coroutine whose stack is an array on the system stack, and the call was
// made farther down, or by the handler that has gone over to the coroutine. If a call returns
// that was below such a caller, and was the last one then, the thread never guesses again. A
// coroutine elsewhere may be one to which a handler has gone over: for it, nothing is given up.
//
// Where things go on:
// - C that is called from a small stack goes on at the position of the innermost call that
//   has the stack pointer in its part of that stack. A task may have outlived the call in
//   which it began, or libcgo_stack_switched told of it after that call was over. Then C goes
//   on in the call from which the record names a call of C, or in the last call. A stack
//   pointer in a known part of a small stack never counts as C's.
// - A context outlives the C in whose call it began. If C that was called from it, or a
//   handler that has interrupted it, goes on when that call is over, then things go on in the
//   call from which the thread has come, or in another one on the same stack of C's.
// - The runtime on a small stack goes on below the deepest position of what is left there.
//   The search begins at the last call. The last call on a stack is the deepest there,
//   because it was put below the others. If the part from which C was called ends below, at
//   another call's part, that one may be deeper, and the search goes on.
//
// A call returns on the stack on which it was made. It need not be the last one, because
// coroutines of C return in any order. Its place keeps what the record said before the call,
// and the record gets that back.
//
// If calls return in the order opposite to their beginning, the price of a call does not
// depend on their number. The list of calls is singly linked, from the last one back. A call
// that ends elsewhere in the list is marked. When the places are used up, the library asks
// all calls, and takes out the marked ones. Each place knows an older one, farther back, and
// an interval that has the small stacks of all places in between. If a search looks for a
// stack outside of the interval, it continues at the older place. So its price grows with
// the logarithm of the number of calls that wait.
//
// Signal handlers may come between any two instructions, and may call on small stacks
// themselves. A handler ends the calls that it begins, or a longjmp also leaves the
// interrupted code. So one store takes a place, and one store gives it back. If a call is
// begun again (begin_again), its place is looked at when it is taken: a handler may have
// used it before. A call's number is written on to its small stack when the record says that
// the call runs: then what a handler calls there is below, and does not overwrite it. A handler
// unlinks what is over, and moves nothing else. Code that stores several words has an order
// in which a handler never finds a range that did not exist. While the state of the record
// changes, a handler takes no call as over. If a longjmp leaves such a handler, the call
// that was about to end still counts.
//
// A handler may also end a call that the interrupted code is just looking at, and use its
// place. Of what the handler begins nothing is left when that code goes on: the place is free
// then. So what was read there is of one call, and holds, if the place counts after it was
// read: until then nothing follows from it. And from a place that is free, `prev` alone is
// followed: it leads to what was older, of whatever call it is.
#include "kit/calls.h"

#include <errno.h>
#include <stddef.h>

#include "core/arch.h"
#include "core/report.h"
#include "kit/runtime.h"
#include "kit/stack.h"

// What src/arch/<cpu>.S uses.
static_assert(offsetof(libcgo_thread, small_lo) == THREAD_SMALL_LO, "");
static_assert(offsetof(libcgo_thread, small_span) == THREAD_SMALL_SPAN, "");
static_assert(offsetof(libcgo_thread, system_sp) == THREAD_SYSTEM_SP, "");
static_assert(offsetof(libcgo_thread, caller_sp) == THREAD_CALLER_SP, "");
static_assert(offsetof(libcgo_thread, running) == THREAD_RUNNING, "");
static_assert(offsetof(libcgo_thread, switching) == THREAD_SWITCHING, "");
static_assert(offsetof(libcgo_thread, top) == THREAD_TOP, "");
static_assert(offsetof(libcgo_thread, stack_lo) == THREAD_STACK_LO, "");
static_assert(offsetof(libcgo_thread, stack_hi) == THREAD_STACK_HI, "");
static_assert(offsetof(libcgo_thread, calls) == THREAD_CALLS, "");
static_assert(offsetof(libcgo_thread, serial) == THREAD_SERIAL, "");
static_assert(offsetof(libcgo_thread, next_place) == THREAD_NEXT_PLACE, "");
static_assert(offsetof(cgo::stack_call, serial) == STACK_CALL_SERIAL, "");
static_assert(offsetof(cgo::stack_call, prev) == STACK_CALL_PREV, "");
static_assert(offsetof(cgo::stack_call, parent) == STACK_CALL_PARENT, "");
static_assert(offsetof(cgo::stack_call, parent_serial) == STACK_CALL_PARENT_SERIAL,
              "");
static_assert(offsetof(cgo::stack_call, mark) == STACK_CALL_MARK, "");
static_assert(offsetof(cgo::stack_call, returns_to) == STACK_CALL_RETURNS_TO, "");
static_assert(offsetof(cgo::stack_call, lo) == STACK_CALL_LO, "");
static_assert(offsetof(cgo::stack_call, start) == STACK_CALL_START, "");
static_assert(offsetof(cgo::stack_call, system_sp) == STACK_CALL_SYSTEM_SP, "");
static_assert(offsetof(cgo::stack_call, passed) + offsetof(cgo::range, span) ==
                  STACK_CALL_PASSED_SPAN,
              "");
static_assert(offsetof(cgo::stack_call, prior) + offsetof(cgo::range, lo) ==
                  STACK_CALL_PRIOR_LO,
              "");
static_assert(offsetof(cgo::stack_call, prior) + offsetof(cgo::range, span) ==
                  STACK_CALL_PRIOR_SPAN,
              "");
static_assert(offsetof(cgo::stack_call, prior_caller) == STACK_CALL_PRIOR_CALLER,
              "");
static_assert(offsetof(cgo::stack_call, prior_system) == STACK_CALL_PRIOR_SYSTEM,
              "");
static_assert(offsetof(cgo::stack_call, skip) == STACK_CALL_SKIP, "");
static_assert(offsetof(cgo::stack_call, flags) == STACK_CALL_FLAGS, "");
static_assert(offsetof(cgo::stack_call, c_returns_to) == STACK_CALL_C_RETURNS_TO,
              "");
static_assert(offsetof(libcgo_thread, size) == THREAD_SIZE, "");
static_assert(offsetof(libcgo_thread, version) == THREAD_VERSION, "");
static_assert(offsetof(libcgo_thread, state) == THREAD_STATE, "");
static_assert(cgo::first_thread == THREAD_LEAST_SIZE, "");
static_assert(cgo::thread_small_within_own == THREAD_SMALL_WITHIN_OWN, "");
static_assert(offsetof(libcgo_stack, size) == STACK_SIZE, "");
static_assert(offsetof(libcgo_stack, version) == STACK_VERSION, "");
static_assert(offsetof(libcgo_stack, lo) == STACK_LO, "");
static_assert(offsetof(libcgo_stack, hi) == STACK_HI, "");
static_assert(cgo::first_stack == STACK_LEAST_SIZE, "");
static_assert(LIBCGO_RECORD_VERSION == RECORD_VERSION, "");
static_assert(sizeof(cgo::stack_call) == sizeof(libcgo_thread::calls), "");

namespace cgo {

namespace {

constexpr char on_system[] = "libcgo_call_on_system";
constexpr char on_stack[] = "libcgo_call_on_stack";

// In libcgo_thread::caller_sp: C was not called from there.
constexpr uintptr_t no_call_of_c = 1;

// In place of a number.
constexpr uintptr_t free_place = 0;
constexpr uintptr_t ended = 1; // and still linked

// Above the frame of fn: the call's number, in as many bytes as keep the stack aligned.
constexpr uintptr_t call_word_bytes = 16;
// In stack_call::flags.
constexpr uintptr_t was_below = 1; // C has called from above the call's frame
constexpr uintptr_t switched = 4; // its code has told of a switch between tasks
constexpr uintptr_t own_left =
    8; // its own small stack was left, and its code is elsewhere
constexpr uintptr_t in_record = 32; // its place is, also while that is free
constexpr uintptr_t simple = 128;   // it began as most do: see begin_again
constexpr uintptr_t one_call =
    256; // the calls up to this one are counted in these
static_assert(switched == STACK_CALL_SWITCHED, "");
static_assert((simple | in_record | one_call) == STACK_CALL_BEGINS_FIRST, "");
static_assert((STACK_CALL_BEGINS_FIRST | has_word | read_directly) ==
                  STACK_CALL_FIRST,
              "");
static_assert(simple == STACK_CALL_BEGINS_BELOW, "");
static_assert((simple | has_word) == STACK_CALL_BELOW, "");
static_assert(one_call == STACK_CALL_ONE, "");
static_assert(call_word_bytes - 8 == STACK_CALL_WORD, "");

// How many parents of a call are looked at: the price is the same at any depth.
constexpr int most_levels = 16;

// In stack_call::start and ::lo of C that has gone over to a context: it has no part of a
// small stack, all of them are of tasks.
constexpr uintptr_t no_start = 16;
constexpr uintptr_t no_lo = no_start + call_word_bytes;

// One place is in the record, the others are in pages, the oldest first.
constexpr size_t page_bytes = 4096;
struct page {
  page *next;
  uintptr_t number; // how many pages there are up to this one
  // Of the first:
  uintptr_t free_places; // a list, by `parent`
  uintptr_t most_pages;  // until all calls are asked whether they are over
  page *last;            // or one before it: the way to the end is short
  // Of each:
  libcgo_thread *thread;
  stack_call calls[(page_bytes - 6 * sizeof(uintptr_t)) / sizeof(stack_call)];
};
static_assert(sizeof(page) <= page_bytes, "");
static_assert(page_bytes == CALLS_PAGE_BYTES, "");
static_assert(offsetof(page, thread) == CALLS_PAGE_THREAD, "");
constexpr size_t calls_of_page = sizeof(page::calls) / sizeof(stack_call);

// Keeps the compiler from moving stores, for the thread's own signal handlers.
inline void handler_barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

stack_call *last_of(const libcgo_thread *thread) {
  return reinterpret_cast<stack_call *>(thread->top);
}

// The end of a call's part of its small stack. Its number is just below.
uintptr_t end_of(const stack_call *c) { return c->start + call_word_bytes; }

stack_call *parent_of(const stack_call *c) {
  stack_call *parent = c->parent;
  return parent != nullptr && parent->serial == c->parent_serial ? parent
                                                                 : nullptr;
}

// From here on the thread is on a small stack with this range; with a span of 0, on none
// that is known.
void set_small(libcgo_thread *thread, const range &now) {
  thread->small_span = 0; // a handler sees no range that never was
  handler_barrier();
  thread->small_lo = now.lo;
  handler_barrier();
  thread->small_span = now.span;
}

// The range of the context to which the thread is just going over: where the stack pointer
// is there already, the record may name another. See src/context.cc.
range range_ahead(const libcgo_thread *thread) {
  auto *const to = reinterpret_cast<const libcgo_context *>(thread->switching);
  return to == nullptr ? range{} : range{to->lo, to->span};
}

// Whether the call that had this number has returned while newer ones were linked.
bool call_has_returned(const stack_call *c, uintptr_t serial) {
  return c->serial == ended && c->mark == serial;
}

// Proof 1, of a call that the runtime made: its frame was among those of its parent's code, or
// of that one's parent's, and so on, and one of them has returned.
bool is_of_returned(const stack_call *c) {
  for (int i = 0; i < most_levels && c != nullptr; i++, c = parent_of(c)) {
    if ((c->flags & from_small) == 0 || c->c_returns_to != made_by_parent ||
        c->parent == nullptr)
      return false;
    if (call_has_returned(c->parent, c->parent_serial))
      return true;
  }
  return false;
}

// Whether a call that the runtime made seemed to be made by its parent's code, and the parent
// is over. Then the call may be over, too, but that is no proof.
bool is_of_gone_parent(const stack_call *c) {
  return (c->flags & from_small) != 0 && c->c_returns_to == made_by_parent &&
         c->parent != nullptr && parent_of(c) == nullptr;
}

// ---- proofs ----

// Who asks, and from where: the stack pointer, or for a new call its mark.
struct asker {
  uintptr_t sp;
  bool is_c;
  range stack; // the part of a small stack on which the asker is, or empty
};

asker c_at(uintptr_t sp) { return {sp, true, {}}; }

// Whether a handler asks that has interrupted a change of the record's state: then nothing
// is over that was not before. After a jump out of it the state may say so still.
bool is_changing(const libcgo_thread *thread, const asker &who) {
  const uintptr_t at = thread->small_lo;
  if (thread->small_span != 0 || at == 0)
    return false;
  stack_bounds signal;
  return !who.is_c ||
         (who.sp < at &&
          on_own_stack(thread, who.sp) == on_own_stack(thread, at)) ||
         (os::has_signal_stack(&signal) && within(who.sp, signal.lo, signal.hi));
}

// Reads a word of memory that may not be there. Returns false if it is not.
LIBCGO_READS_STACKS bool read_word(const libcgo_thread *thread, const asker &who,
                                   uintptr_t at, uintptr_t *word) {
  if (on_own_stack(thread, at) || (at >= who.sp && who.stack.contains(at))) {
    *word = *reinterpret_cast<const volatile uintptr_t *>(at);
    return true;
  }
  return os::copy_readable(at, word, sizeof *word);
}

// Proof 2, of the frame.
bool frame_is_gone(const libcgo_thread *thread, const stack_call *c,
                   const asker &who) {
  uintptr_t word;
  if (!read_word(thread, who, c->mark, &word) || word != c->serial)
    return true;
  const intptr_t offset = libcgo_frame_layout.mark_to_return;
  return offset != 0 &&
         (!read_word(thread, who, c->mark + static_cast<uintptr_t>(offset),
                     &word) ||
          word != c->returns_to);
}

// Where the CPU pushes it, the return address of the frame of libcgo_call_on_system from
// which C was called that has made a call; or 0.
uintptr_t return_word_of_caller(uintptr_t caller_sp) {
  const intptr_t offset = libcgo_frame_layout.caller_to_return;
  return offset == 0 || (caller_sp & no_call_of_c) != 0
             ? 0
             : caller_sp + static_cast<uintptr_t>(offset);
}

// For a new call of C's: what of that is known.
inline uintptr_t c_return_address(const libcgo_thread *thread,
                                  const stack_call *c) {
  const stack_call *const parent = c->parent;
  const uintptr_t at = return_word_of_caller(c->prior_caller);
  return at != 0 && parent != nullptr && c->prior.contains(at) &&
                 at - c->lo >= end_of(c) - c->lo && // else the state was of before
                 on_own_stack(thread, c->mark) && c->mark < parent->system_sp
             ? *reinterpret_cast<const volatile uintptr_t *>(at)
             : 0;
}

// The same for who is on the small stack from which C was called: another call from as
// deep there has put its own return address into the same word.
bool c_has_returned(const libcgo_thread *thread, const stack_call *c,
                    const asker &who) {
  const uintptr_t at = return_word_of_caller(c->prior_caller);
  uintptr_t word;
  return at != 0 && c->c_returns_to > made_by_parent && who.stack.contains(at) &&
         (!read_word(thread, who, at, &word) || word != c->c_returns_to);
}

// Proof 2, of the small stack.
bool word_is_gone(const libcgo_thread *thread, const stack_call *c,
                  const asker &who) {
  uintptr_t word;
  return (c->flags & has_word) != 0 &&
         (!read_word(thread, who, c->start + 8, &word) || word != c->serial);
}

// Proof 3. A signal stack may be smaller than the room, and have anything below it.
bool is_below(const stack_call *c, const asker &who) {
  const uintptr_t distance = who.sp - c->mark; // huge, if it is above
  if (!who.is_c || distance >= LIBCGO_C_ROOM)
    return false;
  if (distance == 0)
    return true; // no two frames are there
  stack_bounds signal;
  return !os::has_signal_stack(&signal) ||
         !within(who.sp, signal.lo, signal.hi) || c->mark >= signal.lo;
}

// The call to look at next, of those that may have something in an interval.
stack_call *before(const stack_call *c, uintptr_t lo, uintptr_t hi) {
  if (lo < c->skip_hi && c->skip_lo < hi)
    return c->prev;
  stack_call *const next = c->skip;
  handler_barrier();
  return c->serial != free_place ? next : c->prev;
}

// On the same small stack an older call is under way, and its part ends where this one's
// begins: its code may have called C. On a coroutine this would keep too much: a call that C
// has left counts at every depth there, and the next one goes on below.
bool is_below_older(const libcgo_thread *thread, const stack_call *c,
                    const asker &who) {
  const uintptr_t at = c->start;
  if (!on_own_stack(thread, c->mark))
    return false;
  for (const stack_call *d = before(c, at, at + 1); d != nullptr;
       d = before(d, at, at + 1))
    if (counts(d) && within(at, d->lo, end_of(d)) &&
        (on_own_stack(thread, d->mark) || !c->prior.contains(at)) &&
        !frame_is_gone(thread, d, who))
      return true;
  return false;
}

// The runtime made the call on the stack on which it runs: only the runtime's frames can be
// where the call's was.
bool was_made_below(const stack_call *c) {
  return (c->flags & from_small) != 0 && c->prior.contains(c->mark) &&
         c->prior.contains(c->start);
}

// The thread has told of a switch since the call runs, and is on another small stack. The
// task there may be older code's, which has told after the call ended unseen.
bool goes_on_elsewhere(const libcgo_thread *thread, const stack_call *c) {
  return (c->flags & switched) != 0 && !range_of(thread).contains(c->start - 1);
}

// Where a call has ended unseen, and older code has called C from as deep: then the record
// names the call, and nothing else knows the position. C that was called so is below where
// the call was made, or on another stack. And the C that made the call has returned, or frames
// are where the call's first one was. Where too little shows that, older code on the same
// small stack is enough.
bool is_needed(const libcgo_thread *thread, const stack_call *c,
               const asker &who) {
  return who.is_c && c == running_of(thread) &&
         range_of(thread).contains(thread->caller_sp) &&
         (who.sp < c->system_sp || !on_own_stack(thread, who.sp) ||
          !on_own_stack(thread, c->system_sp)) &&
         (goes_on_elsewhere(thread, c) || word_is_gone(thread, c, who) ||
          was_made_below(c) ||
          c_has_returned(thread, c, {~uintptr_t(0), true, c->prior}) ||
          is_below_older(thread, c, who));
}

// The proofs that need no system call, but where the call was made just below the caller.
// The last call is asked so at each new one.
bool is_over_by_sight(const libcgo_thread *thread, const stack_call *c,
                      const asker &who) {
  return !counts(c) || ((is_below(c, who) || (on_own_stack(thread, c->mark) &&
                                              frame_is_gone(thread, c, who) &&
                                              !is_needed(thread, c, who))) &&
                        !is_changing(thread, who));
}

bool is_over(const libcgo_thread *thread, const stack_call *c, const asker &who) {
  return !counts(c) ||
         ((is_below(c, who) || is_of_returned(c) ||
           ((frame_is_gone(thread, c, who) || word_is_gone(thread, c, who)) &&
            !is_needed(thread, c, who))) &&
          !is_changing(thread, who));
}

// ---- the memory of older calls ----

void widen(uintptr_t *lo, uintptr_t *hi, uintptr_t from, uintptr_t to) {
  if (from >= to)
    return;
  if (*lo >= *hi) {
    *lo = from;
    *hi = to;
    return;
  }
  if (from < *lo)
    *lo = from;
  if (to > *hi)
    *hi = to;
}

// How many calls there are up to this one, as the flags have it.
uintptr_t rank_of(const stack_call *c) {
  return c == nullptr ? 0 : c->flags / one_call;
}

// Makes the interval of a call contain all small stacks of an older one.
void widen_by(stack_call *c, const stack_call *older) {
  widen(&c->skip_lo, &c->skip_hi, older->skip_lo, older->skip_hi);
  widen(&c->skip_lo, &c->skip_hi, older->lo, end_of(older));
  widen(&c->skip_lo, &c->skip_hi, older->prior.lo,
        older->prior.lo + older->prior.span);
  widen(&c->skip_lo, &c->skip_hi, older->passed.lo,
        older->passed.lo + older->passed.span);
}

// A small stack has come to an older call of a given rank.
void widen_skip(stack_call *c, uintptr_t rank, const range &part) {
  if (rank_of(c->skip) < rank)
    widen(&c->skip_lo, &c->skip_hi, part.lo, part.lo + part.span);
}

[[gnu::noinline]] void skip_over(stack_call *c, const stack_call *prev,
                                 const stack_call *farther) {
  widen_by(c, prev);
  widen_by(c, farther);
  c->skip = farther->skip;
}

// The one before is known. Where to go on from there if nothing of interest is in between:
// so that the way from any call to any older one is short (Myers, An applicative random-access
// stack, 1983).
inline void set_skip(stack_call *c) {
  stack_call *const prev = c->prev;
  c->skip = prev;
  c->skip_lo = c->skip_hi = 0;
  if (prev == nullptr) {
    c->flags = c->flags % one_call + one_call;
    return;
  }
  c->flags = c->flags % one_call + (rank_of(prev) + 1) * one_call;
  stack_call *const farther = prev->skip;
  if (farther != nullptr && rank_of(prev) - rank_of(farther) ==
                                rank_of(farther) - rank_of(farther->skip))
    skip_over(c, prev, farther);
}

// ---- the record's state ----

// The thread goes over to another call without making or ending one. It may come back.
void pass(libcgo_thread *thread) {
  stack_call *const c = running_of(thread);
  if (c == nullptr || !counts(c))
    return;
  c->passed.span = 0;
  handler_barrier();
  c->passed.lo = thread->small_lo;
  c->passed_sp = thread->caller_sp;
  handler_barrier();
  c->passed.span = thread->small_span;
  if (c->passed.lo < c->lo || c->passed.lo + c->passed.span > end_of(c))
    for (stack_call *d = last_of(thread); d != nullptr && d != c; d = d->prev)
      widen_skip(d, rank_of(c), c->passed);
}

// From here on handlers find that the state is changing. Returns the range that it had.
range begin_change(libcgo_thread *thread) {
  uintptr_t span = thread->small_span;
  while (!__atomic_compare_exchange_n(&thread->small_span, &span, 0, false,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  const range before = {thread->small_lo, span};
  thread->small_lo = here();
  handler_barrier();
  return before;
}

// `at` is an address of the caller's, on the stack on which it runs.
// The call that is running is stored last. A jump out of a handler that has come in between
// finds the one of before: the state is put back once more when that is over.
[[gnu::always_inline]] inline void
set_state(libcgo_thread *thread, stack_call *running, uintptr_t system_sp,
          uintptr_t caller_sp, const range &now, uintptr_t at = here()) {
  thread->small_span = 0;
  handler_barrier();
  thread->small_lo = at;
  thread->system_sp = system_sp;
  handler_barrier(); // two words just stored are not read as one, which would wait
  thread->caller_sp = caller_sp;
  handler_barrier();
  thread->small_lo = now.lo;
  handler_barrier();
  thread->small_span = now.span;
  handler_barrier();
  thread->running = reinterpret_cast<uintptr_t>(running);
  handler_barrier();
  if (running != nullptr)
    running->passed.span = 0;
}

// Whether two addresses, of which one is below the other, are on the same stack of C's.
// Between two stacks that are not the thread's own is memory that cannot be read; where they
// are arrays side by side, they are taken for one.
bool on_same_c_stack(const libcgo_thread *thread, uintptr_t low, uintptr_t high) {
  constexpr uintptr_t step = 4096, most = 256 * 1024;
  if (on_own_stack(thread, low) || on_own_stack(thread, high))
    return on_own_stack(thread, low) && on_own_stack(thread, high);
  uintptr_t word;
  for (uintptr_t at = low; at < high; at += step)
    if (high - low > most ||
        !os::copy_readable(at & ~(sizeof word - 1), &word, sizeof word))
      return false;
  return true;
}

// C that waits for a call whose code has gone over to another task is still there: what
// another one calls goes on below.
void go_below(const libcgo_thread *thread, const stack_call *waits,
              uintptr_t *system_sp) {
  if ((waits->flags & switched) == 0)
    return;
  const uintptr_t at = waits->system_sp;
  handler_barrier();
  if (counts(waits) && at < *system_sp && on_same_c_stack(thread, at, *system_sp))
    *system_sp = at;
}

// Takes from a range what is in the parts of calls that were begun since one, but for one
// of them.
void cut(const libcgo_thread *thread, const stack_call *since, range *now,
         const stack_call *but = nullptr) {
  const uintptr_t rank = rank_of(since);
  for (const stack_call *d = last_of(thread); now->span != 0 && rank_of(d) > rank;
       d = before(d, now->lo, now->lo + now->span)) {
    const uintptr_t start = d->start;
    handler_barrier();
    if (d != but && counts(d) && now->contains(start)) {
      now->span -= start - now->lo;
      now->lo = start;
    }
  }
}

// The call in which things go on for one whose parent is over: one that C on the same stack
// made later, or an older one, on whatever stack.
stack_call *heir_of(const libcgo_thread *thread, const stack_call *c) {
  const uintptr_t at = c->prior_system;
  bool is_older = false;
  for (stack_call *d = last_of(thread); d != nullptr; d = d->prev) {
    if (d == c)
      is_older = true;
    else if (counts(d) && (d->flags & from_small) == 0 &&
             (is_older ||
              (d->system_sp < at ? on_same_c_stack(thread, d->system_sp, at)
                                 : on_same_c_stack(thread, at, d->system_sp))))
      return d;
  }
  return nullptr;
}

// What the record said before a call. If the call's parent is over, another one runs; and if
// the parent has gone on meanwhile, it is where it was left then.
// Where another call, that was begun later, goes on, that is not the parent's.
// Where its code had gone over to a task, the thread stays there.
void put_back(libcgo_thread *thread, const stack_call *c,
              const range &elsewhere, bool has_returned = false) {
  const bool keeps = has_returned && is_switch(c);
  stack_call *parent = parent_of(c);
  range now = c->prior;
  uintptr_t system_sp = c->prior_system;
  uintptr_t caller_sp = c->prior_caller;
  if (parent == nullptr && c->parent != nullptr) {
    parent = running_of(thread);
    if (!keeps || parent == c || parent == nullptr || !counts(parent)) {
      parent = heir_of(thread, c);
      if (parent != nullptr)
        system_sp = parent->system_sp;
      else
        now = {};
    } else { // the thread has come from there
      parent->flags |= switched;
      system_sp = thread->system_sp;
    }
  }
  const stack_call *since = c; // what is older was taken from the range before
  if (elsewhere.span != 0 && parent != nullptr) {
    now = elsewhere;
    caller_sp = thread->caller_sp;
  } else if ((!keeps || now.span == 0) && parent != nullptr &&
             parent->passed.span != 0) {
    now = parent->passed;
    caller_sp = parent->passed_sp;
    since = parent;
  }
  if (last_of(thread) != c || c->prev != parent) { // there are others
    cut(thread, since, &now, c);
    if (now.span != 0 && (thread->state & thread_tasks_switch) != 0)
      for (stack_call *d = last_of(thread); d != nullptr && d != parent;
           d = d->prev)
        if (d != c && counts(d))
          go_below(thread, d, &system_sp);
  }
  set_state(thread, parent, system_sp, caller_sp, now);
}

// Whether a call has made another one, not before the given one, that counts.
bool has_made(const libcgo_thread *thread, const stack_call *call,
              const stack_call *since) {
  for (const stack_call *d = last_of(thread); d != nullptr && d != since;
       d = d->prev)
    if (counts(d) && parent_of(d) == call)
      return true;
  return false;
}

// A call is over, unseen or one that the runtime made. The tasks to which its code has gone
// over, or after an unseen end older code, may still run, in the call in which that was made.
// If the call has returned, all that was made from its part of the small stack was made by its
// own code, and no task's.
void leave_tasks(libcgo_thread *thread, const stack_call *c,
                 bool has_returned = false) {
  stack_call *const parent = parent_of(c);
  if ((c->flags & switched) == 0 || (parent == nullptr && !has_returned))
    return;
  for (stack_call *d = last_of(thread); d != nullptr && d != c; d = d->prev)
    if (counts(d) && parent_of(d) == c && d->c_returns_to != made_by_parent) {
      if (has_returned && (d->flags & from_small) != 0 &&
          within(d->mark, c->lo, end_of(c))) {
        d->c_returns_to = made_by_parent;
        continue;
      }
      if (parent == nullptr)
        continue;
      // C goes on for them where it does for the parent's code.
      if (d->prior_system > parent->system_sp ||
          !on_same_c_stack(thread, d->prior_system, parent->system_sp))
        d->prior_system = parent->system_sp;
      d->parent = parent; // a handler in between finds none
      handler_barrier();
      d->parent_serial = c->parent_serial;
      parent->flags |= switched; // as the thread's state says already
    }
}

// A call is over, unseen. Perhaps it was that already when it was told of a switch in it: then
// the code of an older call has gone over to the task, and that call waits.
void leave_switch(const stack_call *c) {
  if ((c->flags & switched) == 0)
    return;
  stack_call *older = parent_of(c);
  if (older == nullptr)
    for (older = c->prev; older != nullptr && !counts(older);)
      older = older->prev;
  if (older != nullptr)
    older->flags |= switched;
}

// A call is over. Newer ones that C has made may have a range that ended at its part.
void join_part(libcgo_thread *thread, const stack_call *call) {
  if ((thread->state & thread_tasks_switch) == 0)
    return;
  const uintptr_t start = call->start, lo = call->lo;
  for (stack_call *d = last_of(thread); d != nullptr && d != call; d = d->prev) {
    const uintptr_t span = d->prior.span;
    if (!counts(d) || span == 0 || d->prior.lo != start || lo >= start)
      continue;
    d->prior.span = 0; // a handler sees no range that never was
    handler_barrier();
    d->prior.lo = lo;
    handler_barrier();
    d->prior.span = span + (start - lo);
    for (stack_call *e = last_of(thread); e != nullptr && e != d; e = e->prev)
      widen_skip(e, rank_of(d), d->prior);
  }
}

// A call is over. Its place stays linked.
void end(libcgo_thread *thread, stack_call *c) {
  uintptr_t serial = c->serial;
  const uintptr_t start = c->start, lo = c->lo;
  handler_barrier();
  if (!counts(c)) // a handler has ended it
    return;
  thread->state |= thread_calls_left;
  stack_call *const parent = parent_of(c);
  if (c == running_of(thread)) {
    const range before = begin_change(thread);
    if (c != running_of(thread) || !counts(c)) { // a handler has ended it
      set_small(thread, before);
      return;
    }
    const uintptr_t task = from_small | switched;
    const bool stays = (c->flags & task) == task && !before.contains(start - 1);
    put_back(thread, c, stays ? before : range{});
  } else if (parent != nullptr && parent != running_of(thread) &&
             parent->passed.span == 0 && !has_made(thread, parent, c)) {
    parent->passed_sp = c->prior_caller;
    parent->passed.lo = c->prior.lo;
    handler_barrier();
    parent->passed.span = c->prior.span;
    // What is newer than this call has had it in its interval.
    for (stack_call *d = c; d != nullptr && d != parent; d = d->prev)
      widen_skip(d, rank_of(parent), c->prior);
  }
  leave_tasks(thread, c);
  leave_switch(c);
  handler_barrier();
  // A handler may have ended it meanwhile, and the place is no more this call's.
  __atomic_compare_exchange_n(&c->serial, &serial, ended, false,
                              __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  join_part(thread, c);
  // The older call's part of the stack ended above this one's.
  range now = range_of(thread);
  if (now.span != 0 && now.lo == start) {
    now = {lo, now.span + (start - lo)};
    cut(thread, running_of(thread), &now);
    set_small(thread, now);
  }
}

// Takes those off the end of the list that have ended.
void drop_ended(libcgo_thread *thread) {
  for (stack_call *c = last_of(thread); c != nullptr && c->serial == ended;
       c = last_of(thread)) {
    uintptr_t expected = reinterpret_cast<uintptr_t>(c);
    // A handler that comes in between may do the same.
    if (!__atomic_compare_exchange_n(&thread->top, &expected,
                                     reinterpret_cast<uintptr_t>(c->prev),
                                     false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      continue;
    c->serial = free_place;
    thread->next_place = reinterpret_cast<uintptr_t>(c);
  }
}

// ---- places ----

// Where the address of the first page is: in the record, or, while the thread leaves, in
// a word outside. Then the record has the address of that word, with its lowest bit set.
uintptr_t *first_page_word(libcgo_thread *thread) {
  return (thread->chunks & 1) != 0
             ? reinterpret_cast<uintptr_t *>(thread->chunks & ~uintptr_t(1))
             : &thread->chunks;
}

page *first_page(libcgo_thread *thread) {
  return reinterpret_cast<page *>(
      __atomic_load_n(first_page_word(thread), __ATOMIC_RELAXED));
}

stack_call *place_in_record(libcgo_thread *thread) {
  return reinterpret_cast<stack_call *>(thread->calls);
}

page *page_of(stack_call *c) {
  return reinterpret_cast<page *>(reinterpret_cast<uintptr_t>(c) &
                                  ~uintptr_t(page_bytes - 1));
}

libcgo_thread *thread_of(stack_call *c) {
  return (c->flags & in_record) != 0
             ? reinterpret_cast<libcgo_thread *>(reinterpret_cast<uintptr_t>(c) -
                                                 offsetof(libcgo_thread, calls))
             : page_of(c)->thread;
}

// The place that follows another one in memory, or NULL.
stack_call *place_after(libcgo_thread *thread, stack_call *c) {
  page *p;
  if (c == place_in_record(thread)) {
    p = first_page(thread);
  } else {
    p = page_of(c);
    if (c + 1 != p->calls + calls_of_page)
      return c + 1;
    p = __atomic_load_n(&p->next, __ATOMIC_RELAXED);
  }
  return p == nullptr ? nullptr : p->calls;
}

// Lists all free places but the next one.
void list_free_places(libcgo_thread *thread) {
  page *const pages = first_page(thread);
  if (pages == nullptr)
    return;
  stack_call *first = nullptr;
  for (stack_call *c = place_in_record(thread); c != nullptr;
       c = place_after(thread, c))
    if (c->serial == free_place &&
        reinterpret_cast<uintptr_t>(c) != thread->next_place) {
      c->parent = first;
      c->flags &= in_record; // and is not begun again
      first = c;
    }
  pages->free_places = reinterpret_cast<uintptr_t>(first);
}

// A place of the list, or NULL. A handler may take some in between, or make the list anew.
stack_call *listed_place(libcgo_thread *thread) {
  page *const pages = first_page(thread);
  if (pages == nullptr)
    return nullptr;
  uintptr_t first = pages->free_places;
  for (;;) {
    auto *c = reinterpret_cast<stack_call *>(first);
    if (c == nullptr)
      return nullptr;
    if (c->serial != free_place) {
      pages->free_places = 0; // no list any more
      return nullptr;
    }
    if (__atomic_compare_exchange_n(&pages->free_places, &first,
                                    reinterpret_cast<uintptr_t>(c->parent),
                                    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return c;
  }
}

// Whether the caller is C on the thread's own stack and not in the call, because that was
// made from another stack of C's, or from below.
bool is_elsewhere(const libcgo_thread *thread, const stack_call *c,
                  const asker &who) {
  if (!on_own_stack(thread, who.sp))
    return false;
  return !on_own_stack(thread, c->mark) ||
         (c->mark < who.sp && (thread->state & thread_c_switches) == 0);
}

// Asks all calls, and takes out which are over. Returns how many are left. Handlers wait
// meanwhile: they may not find the list upside down.
size_t sweep(libcgo_thread *thread, const asker &who) {
  os::signals_held held({});
  for (stack_call *c = last_of(thread); c != nullptr; c = c->prev)
    if (counts(c) && is_over(thread, c, who))
      end(thread, c);
  size_t left = 0;
  stack_call *oldest_first = nullptr;
  for (stack_call *c = last_of(thread), *prev; c != nullptr; c = prev) {
    prev = c->prev;
    if (!counts(c)) {
      c->serial = free_place;
      continue;
    }
    left++;
    c->prev = oldest_first;
    oldest_first = c;
  }
  stack_call *last = nullptr;
  for (stack_call *c = oldest_first, *next; c != nullptr; c = next) {
    next = c->prev;
    c->prev = last;
    c->flags &= ~simple; // the calls before it are others
    set_skip(c);
    last = c;
  }
  thread->top = reinterpret_cast<uintptr_t>(last);
  list_free_places(thread);
  return left;
}

// The functions below have the buffer of a message in their frames. They are not inlined,
// because their callers often run on a small stack; and they are cold, so that a call that
// goes well jumps as little as it can, which is most of its time.

[[noreturn, gnu::cold, gnu::noinline]] void
no_record(const char *call, const libcgo_thread *thread) {
  message m(call);
  if (thread == nullptr)
    m.text("the thread's record is NULL: a thread without one is attached by "
           "libcgo_attach or libcgo_callback");
  else if (check_thread(thread) != 0)
    m.text("the thread's record has ")
        .number(thread->size)
        .text(" bytes and version ")
        .number(thread->version)
        .text(": it is to begin as LIBCGO_THREAD_INIT");
  else
    m.text("no thread has entered the record, or its runtime was closed: "
           "libcgo_thread_create, libcgo_attach and libcgo_callback enter it");
  m.fatal();
}

[[noreturn, gnu::cold, gnu::noinline]] void no_memory(const libcgo_thread *thread) {
  message(on_stack)
      .text("no memory for a page of nested calls: ENOMEM")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void
bad_stack(const libcgo_thread *thread, const libcgo_stack *stack) {
  message(on_stack)
      .text(stack == nullptr ? "the stack's record is NULL"
                             : "the stack's record is none of this version, "
                               "or has no bytes between lo and hi")
      .text(": it is to begin as LIBCGO_STACK_INIT(lo, hi)")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void too_small(const libcgo_thread *thread,
                                                      const libcgo_stack *stack,
                                                      uintptr_t start) {
  message(on_stack)
      .text("the stack has ")
      .number(start <= stack->lo ? 0 : static_cast<long long>(start - stack->lo))
      .text(" bytes left of ")
      .number(static_cast<long long>(stack->hi - stack->lo))
      .text(", and LIBCGO_STACK_MIN is ")
      .number(LIBCGO_STACK_MIN)
      .text(start < (stack->hi & ~uintptr_t(15))
                ? ": make it larger, or, if a longjmp or an exception has left "
                  "what was on it, say so by libcgo_stack_left"
                : ": make it larger")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void was_over(const libcgo_thread *thread) {
  message(on_stack)
      .text("a call on a small stack returns that was over: it has returned before, "
            "or its stack was left (libcgo_stack_left), or other frames are where its "
            "own was")
      .fatal(thread->runtime->ops->fatal);
}

page *last_page(const page *pages) {
  const page *last = pages->last != nullptr ? pages->last : pages;
  while (last->next != nullptr)
    last = last->next;
  return const_cast<page *>(last);
}

// Adds a page of places. Of two, of the interrupted code and of a handler's, none is lost.
stack_call *more_places(libcgo_thread *thread) {
  auto *fresh = static_cast<page *>(os::map_zeroed(page_bytes));
  if (fresh == nullptr)
    no_memory(thread);
  fresh->number = 1;
  fresh->thread = thread;
  uintptr_t first = 0;
  if (__atomic_compare_exchange_n(first_page_word(thread), &first,
                                  reinterpret_cast<uintptr_t>(fresh), false,
                                  __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    return fresh->calls;
  auto *const pages = reinterpret_cast<page *>(first);
  page *last = last_page(pages);
  for (page *next = nullptr;; last = next, next = nullptr) {
    fresh->number = last->number + 1;
    if (__atomic_compare_exchange_n(&last->next, &next, fresh, false,
                                    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
      break;
  }
  pages->last = fresh;
  return fresh->calls;
}

// A free place, where neither the one that was used last is free nor the one after it.
// When there are about twice as many places as calls were left the last time, all calls are
// asked whether they are over.
[[gnu::cold, gnu::noinline]] stack_call *look_for_place(libcgo_thread *thread,
                                                        const asker &who) {
  stack_call *c = listed_place(thread);
  page *const pages = first_page(thread);
  if (c == nullptr && pages != nullptr) {
    if (last_page(pages)->number >= pages->most_pages) {
      pages->most_pages = 2 * (sweep(thread, who) / calls_of_page) + 1;
      c = listed_place(thread);
    }
  }
  return c != nullptr ? c : more_places(thread);
}

// A free place, where the one that was used last is not free.
[[gnu::noinline]] stack_call *find_place(libcgo_thread *thread, uintptr_t sp,
                                         bool is_c) {
  auto *const c =
      place_after(thread, reinterpret_cast<stack_call *>(thread->next_place));
  if (c != nullptr && c->serial == free_place)
    return c;
  return look_for_place(thread, {sp, is_c, {}});
}

// ---- where things go on ----

bool overlaps(const libcgo_stack *stack, uintptr_t lo, uintptr_t hi) {
  return lo < stack->hi && stack->lo < hi;
}

// The guess: see the top.
bool is_given_up(const libcgo_thread *thread, const stack_call *c,
                 const asker &who) {
  if (!who.is_c || !on_own_stack(thread, who.sp) ||
      (thread->state & thread_c_switches) != 0)
    return false;
  const bool made_below = on_own_stack(thread, c->mark) && c->mark < who.sp;
  stack_bounds signal;
  if (!os::has_signal_stack(&signal))
    return made_below;
  return !within(who.sp, signal.lo, signal.hi) &&
         (made_below || within(c->mark, signal.lo, signal.hi));
}

// The deepest position of what is left on a small stack, or its end. `whole`: asks the
// system, too, and gives up what may be given up.
uintptr_t deepest_on(libcgo_thread *thread, const libcgo_stack *stack,
                     const asker &who, bool whole) {
  const auto is_left = [thread, &who, whole](stack_call *c) {
    if (whole ? !is_over(thread, c, who) && !is_given_up(thread, c, who)
              : !is_over_by_sight(thread, c, who))
      return true;
    if (counts(c))
      end(thread, c);
    return false;
  };
  const auto on_it = [stack](uintptr_t at) {
    return within(at, stack->lo, stack->hi);
  };
  uintptr_t deepest = stack->hi;
  // The last position on a stack is the deepest, unless a part of it that is below was
  // another call's already.
  const auto is_deepest = [stack, &deepest](uintptr_t at, const range &part) {
    if (at < deepest)
      deepest = at;
    return part.lo <= stack->lo;
  };
  stack_call *running;
  do { // as often as the record goes back to an older call
    running = running_of(thread);
    const uintptr_t caller_sp = thread->caller_sp;
    if (running != nullptr && range_of(thread).contains(caller_sp) &&
        on_it(caller_sp) && is_left(running) &&
        is_deepest(caller_sp, range_of(thread)))
      return deepest;
    for (stack_call *c = last_of(thread);
         c != nullptr && running == running_of(thread);
         c = before(c, stack->lo, stack->hi)) {
      // All that is asked of it, before it is asked whether it is over.
      const range passed = c->passed, prior = c->prior;
      const uintptr_t passed_sp = c->passed_sp, start = c->start,
                      prior_caller = c->prior_caller;
      handler_barrier();
      if (passed.contains(passed_sp) && on_it(passed_sp) && is_left(c) &&
          is_deepest(passed_sp, passed))
        return deepest;
      if (on_it(start - 1) && is_left(c) && is_deepest(start, {stack->lo, 0}))
        return deepest;
      if (prior.contains(prior_caller) && on_it(prior_caller) && is_left(c)) {
        // Its parent has gone on, deeper, if the call has ended unseen.
        const stack_call *const parent = parent_of(c);
        if (parent != nullptr && parent != running &&
            parent->passed.contains(parent->passed_sp) &&
            prior.contains(parent->passed_sp))
          is_deepest(parent->passed_sp, prior);
        if (is_deepest(prior_caller, prior))
          return deepest;
      }
    }
  } while (running != running_of(thread));
  return deepest;
}

// A call, and the part of a small stack in which it has an address. No call, but a part: of
// a task that has outlived the call in which it made another one, or in which it called C
// that did.
struct place_on_stack {
  stack_call *call;
  range at;
};

place_on_stack place_in(stack_call *c, uintptr_t address) {
  const range passed = c->passed, entered = {c->lo, end_of(c) - c->lo},
              prior = c->prior;
  stack_call *const parent = parent_of(c);
  const bool of_task = (c->flags & from_small) != 0
                           ? c->c_returns_to != made_by_parent
                           : c->parent != nullptr;
  handler_barrier();
  if (!counts(c)) // or not any more: a range of words of two calls is none
    return {};
  if (passed.contains(address))
    return {c, passed};
  if (entered.contains(address))
    return {c, entered};
  if ((parent != nullptr || of_task) && prior.contains(address))
    return {parent, prior};
  return {};
}

// The call in which such a task goes on: what C made, of what the record names; or the last
// that C made.
stack_call *goes_on_in(const libcgo_thread *thread, const asker &who) {
  stack_call *c = running_of(thread);
  while (c != nullptr && counts(c) && (c->flags & from_small) != 0)
    c = parent_of(c);
  if (c != nullptr && counts(c) && !is_over(thread, c, who))
    return c;
  c = last_of(thread);
  while (c != nullptr && ((c->flags & from_small) != 0 || is_over(thread, c, who)))
    c = c->prev;
  return c;
}

// For the runtime on the call's part of a small stack.
bool is_gone_here(const libcgo_thread *thread, const stack_call *c,
                  const asker &who) {
  return (frame_is_gone(thread, c, who) || word_is_gone(thread, c, who) ||
          c_has_returned(thread, c, who)) &&
         !is_changing(thread, who);
}

// Proof 4, for the runtime at sp on a part of a small stack.
bool is_below_runtime(const libcgo_thread *thread, const stack_call *c,
                      const range &at, uintptr_t sp) {
  const uintptr_t its_end = end_of(c);
  const bool here = its_end > at.lo && its_end <= sp;
  const bool made_here =
      (c->flags & from_small) != 0 && at.contains(c->mark) && c->mark <= sp;
  return (here || made_here) && !is_changing(thread, {sp, false, at});
}

// The runtime runs in a call on a part of a small stack, at sp. Ends what is over, seen from
// there. Returns where C goes on.
uintptr_t end_above(libcgo_thread *thread, stack_call *call, const range &at,
                    uintptr_t sp) {
  uintptr_t system_sp = call->system_sp;
  for (stack_call *c = last_of(thread); c != nullptr && c != call; c = c->prev) {
    if (!counts(c))
      continue;
    if (is_below_runtime(thread, c, at, sp)) // proof 4
      end(thread, c);
    else
      go_below(thread, c, &system_sp);
  }
  return system_sp;
}

// Whether C has made a call that was called from another one's part of a small stack, or has
// interrupted code there.
bool was_made_over(const stack_call *c, const stack_call *call) {
  return (c->flags & from_small) == 0 && c->prior.span != 0 &&
         within(c->prior.lo, call->lo, end_of(call)) &&
         within(c->prior.lo + c->prior.span - 1, call->lo, end_of(call));
}

// For the runtime at sp on a part of a small stack that belongs to no call: a task has
// outlived the call in which it ran, or was told of when that was over. `made`: a call that it
// has made, or C that was called from there, and that has returned or was left.
bool go_on_as_task(libcgo_thread *thread, uintptr_t sp, const range &at,
                   const stack_call *made = nullptr) {
  const asker who = {sp, false, at};
  stack_call *in = goes_on_in(thread, who);
  if (in != nullptr && made != nullptr && (in == made || was_made_over(in, made)))
    in = heir_of(thread, made);
  for (; in != nullptr && is_below_runtime(thread, in, at, sp);
       in = goes_on_in(thread, who))
    end(thread, in);
  if (in == nullptr)
    return false;
  const uintptr_t system_sp = end_above(thread, in, at, sp);
  if (running_of(thread) != in)
    pass(thread);
  set_state(thread, in, system_sp, sp | no_call_of_c, at);
  in->flags |= switched;
  thread->state |= thread_tasks_switch | thread_calls_left;
  return true;
}

// Whether the code of the call that is running has gone over to a task that is in a given
// call, or in one that this has made.
bool is_where_running_went(const libcgo_thread *thread, const stack_call *call) {
  const stack_call *const running = running_of(thread);
  if (running == nullptr || !counts(running) || (running->flags & switched) == 0)
    return false;
  const range now = range_of(thread);
  const stack_call *c = last_of(thread);
  while (c != nullptr && !(counts(c) && now.contains(c->start - 1)))
    c = c->prev;
  while (c != nullptr && c != call && (c->flags & from_small) != 0)
    c = parent_of(c);
  return c == call && (call->flags & from_small) != 0;
}

// For a caller at sp that is not in the record's range. If it is on a small stack, the
// record has its range from here on, and what is over, seen from there, has ended.
[[gnu::cold, gnu::noinline]] range find_small(libcgo_thread *thread,
                                              uintptr_t sp) {
  place_on_stack found = {};
  range seen = {};
  const stack_call *seen_by = nullptr, *by = nullptr;
  for (stack_call *c = last_of(thread); c != nullptr; c = before(c, sp, sp + 1)) {
    by = c;
    for (;;) {
      found = place_in(c, sp);
      if (found.call == nullptr) {
        if (found.at.span != 0) {
          seen = found.at;
          seen_by = c;
        }
        break;
      }
      if (!is_gone_here(thread, found.call, {sp, false, found.at}))
        break;
      seen = found.at;
      end(thread, found.call);
      const range now = range_of(thread);
      if (now.contains(sp))
        return now;
    }
    if (found.at.span != 0)
      break;
  }
  if (found.call == nullptr && seen.span != 0 &&
      go_on_as_task(thread, sp, seen, seen_by))
    return seen;
  if (found.call ==
      nullptr) { // unless a handler has come in between, and has found it
    const range now = range_of(thread);
    return now.contains(sp) ? now : range{};
  }
  if (found.call != by && is_where_running_went(thread, by)) {
    stack_call *const running = running_of(thread);
    for (stack_call *c = running->prev; c != nullptr && c != found.call;
         c = c->prev)
      if (counts(c) && is_below_runtime(thread, c, found.at, sp))
        end(thread, c);
    found.call = running;
  }
  const uintptr_t system_sp = end_above(thread, found.call, found.at, sp);
  if (running_of(thread) != found.call) {
    thread->state |= thread_calls_left; // or a switch is told of late
    pass(thread);
  }
  set_state(thread, found.call, system_sp, sp | no_call_of_c, found.at);
  return found.at;
}

bool entered(const libcgo_thread *thread) {
  return check_thread(thread) == 0 && (thread->state & thread_entered) != 0;
}

// What is wrong with the arguments of a call that tells of a stack; or 0.
int check_told(const libcgo_thread *thread, const libcgo_stack *stack) {
  const int err = check_thread(thread);
  if (err != 0)
    return err;
  const int stack_err = check_stack(stack);
  return stack_err != 0 || entered(thread) ? stack_err : EINVAL;
}

// The code of a call that the runtime made goes on, and it is told that the thread has come
// there. If a task made the call, C goes on where the record says now, for the call's code and
// for the task's: the C in which the task began may have been left since, unseen, and another
// stack with it, a signal handler's or a coroutine's. On the same stack the deeper position
// counts, which costs room at most. If the parent's is on another one, the call gets a parent
// whose is not: the innermost that goes on now and is older than the call, as the list wants
// it; or none, and go_on_as_task finds where the task goes on.
void take_along(libcgo_thread *thread, stack_call *call) {
  stack_call *const running = running_of(thread);
  if (!counts(running))
    return;
  stack_call *made = call; // by the task
  for (stack_call *p = parent_of(made);
       (made->flags & from_small) != 0 && p != nullptr && p != running &&
       (made->c_returns_to == made_by_parent ||
        within(made->mark, p->lo, end_of(p)));
       p = parent_of(made))
    made = p;
  stack_call *const parent = parent_of(made);
  if ((made->flags & from_small) == 0 || made == running ||
      made->c_returns_to == made_by_parent)
    return;
  const uintptr_t now = thread->system_sp;
  const auto is_elsewhere = [thread, now](uintptr_t at) {
    return at > now ? !on_same_c_stack(thread, now, at)
                    : !on_same_c_stack(thread, at, now);
  };
  const auto move = [now, &is_elsewhere](uintptr_t *at) {
    if (*at > now || is_elsewhere(*at))
      *at = now;
  };
  for (stack_call *c = call; c != nullptr;
       c = c != made ? parent_of(c) : nullptr) {
    move(&c->system_sp);
    move(&c->prior_system);
  }
  if (parent == nullptr || parent == running || !is_elsewhere(parent->system_sp))
    return;
  stack_call *in = running;
  while (in != nullptr &&
         (rank_of(in) >= rank_of(made) || is_elsewhere(in->system_sp)))
    in = parent_of(in);
  // A handler in between finds none.
  made->parent_serial = ~made->serial;
  handler_barrier();
  made->parent = in != nullptr ? in : made;
  handler_barrier();
  if (in != nullptr)
    made->parent_serial = in->serial;
}

// Whether a call's code has called from another stack what is still under way.
bool calls_from_elsewhere(const libcgo_thread *thread, const stack_call *call,
                          const libcgo_stack *stack) {
  for (const stack_call *c = last_of(thread); c != nullptr && c != call;
       c = c->prev)
    if (counts(c) && parent_of(c) == call && c->prior.span != 0 &&
        !overlaps(stack, c->prior.lo, c->prior.lo + c->prior.span))
      return true;
  return false;
}

// A small stack is in use. One in the thread's own stack is looked for there.
void note_stack(libcgo_thread *thread, const libcgo_stack *stack) {
  if (thread->stack_hi == 0 ||
      overlaps(stack, thread->stack_lo, thread->stack_hi))
    thread->state |= thread_small_within_own;
}

} // namespace

void begin_calls(libcgo_thread *thread) {
  stack_call *const first = place_in_record(thread);
  *first = {};
  first->flags = in_record;
  thread->small_lo = thread->small_span = 0;
  thread->system_sp = thread->caller_sp = 0;
  thread->top = thread->running = thread->chunks = 0;
  thread->serial = first_serial;
  thread->switching = 0;
  thread->next_place = reinterpret_cast<uintptr_t>(first);
}

void lend_places(libcgo_thread *thread, uintptr_t *places) {
  *places = thread->chunks;
  thread->chunks = reinterpret_cast<uintptr_t>(places) | 1;
}

void free_places(uintptr_t places) {
  auto *p = reinterpret_cast<page *>(places);
  while (p != nullptr) {
    page *next = p->next;
    os::unmap(p, page_bytes);
    p = next;
  }
}

range small_stack_at(libcgo_thread *thread, uintptr_t sp) {
  const range now = range_of(thread);
  if (now.contains(sp))
    return now;
  const range ahead = range_ahead(thread);
  if (ahead.contains(sp)) {
    set_small(thread, ahead);
    return ahead;
  }
  if (thread->top == 0 || (on_own_stack(thread, sp) && !small_within_own(thread)))
    return {};
  return find_small(thread, sp);
}

// What can be read by the runtime at sp, on this very stack or on the thread's own, says
// that a call is over; or that it was made by code of one that has returned.
static bool is_gone_as_seen(const libcgo_thread *thread, const stack_call *c,
                            uintptr_t sp, const range &now) {
  const asker who = {sp, false, c->prior.contains(sp) ? c->prior : now};
  const bool can_be_read =
      on_own_stack(thread, c->mark) || who.stack.contains(c->mark);
  return (can_be_read && frame_is_gone(thread, c, who)) ||
         (now.contains(c->start) && word_is_gone(thread, c, {sp, false, now})) ||
         c_has_returned(thread, c, who) || is_of_returned(c);
}

range still_small_stack_at(libcgo_thread *thread, uintptr_t sp) {
  if (runs_on_small_stack(thread, sp))
    return range_of(thread);
  for (;;) {
    const range now = small_stack_at(thread, sp);
    stack_call *const c = running_of(thread);
    if (now.span == 0 || c == nullptr || !counts(c))
      return now;
    if (!is_gone_as_seen(thread, c, sp, now))
      return now;
    end(thread, c);
    if (small_stack_at(thread, sp).span != 0)
      continue;
    return go_on_as_task(thread, sp, now) ? now : range{};
  }
}

range known_small_stack(const libcgo_thread *thread, uintptr_t address) {
  const range now = range_of(thread);
  if (now.contains(address))
    return now;
  const range ahead = range_ahead(thread);
  if (ahead.contains(address))
    return ahead;
  for (stack_call *c = last_of(thread); c != nullptr;
       c = before(c, address, address + 1)) {
    const place_on_stack found = place_in(c, address);
    if (found.at.span != 0)
      return found.at;
  }
  return {};
}

static void leave_stack(libcgo_thread *thread, const libcgo_stack *stack,
                        bool goes_over);

bool in_small_stack_call(libcgo_thread *thread, uintptr_t sp) {
  if (thread->top == 0)
    return false;
  learn_own_bounds(thread);
  const libcgo_stack none = {}; // what was left, and whose code is nowhere else by now
  leave_stack(thread, &none, false);
  const asker who = c_at(sp);
  sweep(thread, who);
  // One that the runtime made is in one that C made.
  for (const stack_call *c = last_of(thread); c != nullptr; c = c->prev)
    if ((c->flags & from_small) == 0 && !is_elsewhere(thread, c, who))
      return true;
  return false;
}

} // namespace cgo

extern "C" {

// For a caller at sp outside of the record's range: where on the system stack fn is to
// run, or 0 if it is to run where the caller is.
uintptr_t libcgo_find_system_sp(libcgo_thread *thread, uintptr_t sp) {
  using namespace cgo;
  if (!entered(thread))
    no_record(on_system, thread);
  if (small_stack_at(thread, sp).span == 0)
    return 0;
  thread->caller_sp = sp;
  return thread->system_sp;
}

} // extern "C"

namespace cgo {

void check_record(const char *call, const libcgo_thread *thread) {
  if (!entered(thread))
    no_record(call, thread);
}

// Where a call on a small stack begins there, and whether the runtime makes it.
struct beginning {
  uintptr_t top;
  bool on_small;
  bool is_simple; // begin_again may repeat it
};

// What most calls need: the same answer as `look_around` has, where that would find nothing
// that is over and the last call's position is the deepest. A top of 0: look around.
static LIBCGO_READS_STACKS inline beginning
begin_simply(const libcgo_thread *thread, const libcgo_stack *stack,
             uintptr_t sp, uintptr_t mark) {
  const stack_call *const last = last_of(thread);
  const range now = range_of(thread);
  if (within(sp, stack->lo, stack->hi))
    return runs_on_small_stack(thread, sp) ? beginning{sp, true, false}
                                           : beginning{};
  if (last != running_of(thread) || thread->switching != 0)
    return {};
  if (last == nullptr) // C is the first, and its bounds are known
    return now.span == 0 && thread->stack_hi != 0
               ? beginning{stack->hi, false,
                           on_own_stack(thread, mark) &&
                               !overlaps(stack, thread->stack_lo,
                                         thread->stack_hi)}
               : beginning{};
  // C that was called by the call that runs, and nothing has begun since. Its frame is
  // above on the same stack, and there still.
  const uintptr_t caller_sp = thread->caller_sp;
  if (!counts(last) || !on_own_stack(thread, sp) || small_within_own(thread) ||
      !on_own_stack(thread, last->mark) || mark >= last->mark ||
      !has_own_frame(last) || !now.contains(caller_sp) || now.lo > stack->lo ||
      !within(caller_sp, stack->lo, stack->hi) ||
      stack->hi - caller_sp > (stack->hi - stack->lo) / 4)
    return {};
  return {caller_sp, false,
          (caller_sp & no_call_of_c) == 0 &&
              !overlaps(stack, thread->stack_lo, thread->stack_hi)};
}

// For a caller at sp. What is over, seen from there, has ended then.
[[gnu::noinline]] static beginning look_around(libcgo_thread *thread,
                                               const libcgo_stack *stack,
                                               uintptr_t sp, uintptr_t mark) {
  const bool on_small = still_small_stack_at(thread, sp).span != 0;
  const asker who = {mark, !on_small, {}};
  if (!on_small) {
    stack_call *c = last_of(thread);
    // To tell later what is on the thread's own stack.
    if (c == nullptr)
      learn_own_bounds(thread);
    for (; c != nullptr && is_over_by_sight(thread, c, who); c = last_of(thread)) {
      if (counts(c))
        end(thread, c);
      drop_ended(thread);
    }
    if (c != nullptr && c->mark < sp && on_own_stack(thread, sp) &&
        on_own_stack(thread, c->mark))
      c->flags |= was_below;
  }
  if (stack == nullptr)
    return {no_lo, on_small, false};
  // On this very stack, below the frame of the call itself.
  uintptr_t top = sp;
  if (!within(sp, stack->lo, stack->hi)) {
    top = deepest_on(thread, stack, who, false);
    if (stack->hi - top > (stack->hi - stack->lo) / 4)
      top = deepest_on(thread, stack, who, true);
  }
  return {top, on_small, false};
}

[[gnu::cold, gnu::noinline]] static void leave_out_free(stack_call *call) {
  while (call->prev != nullptr && call->prev->serial == free_place) {
    call->prev = call->prev->prev;
    set_skip(call);
  }
}

static stack_call *add_call(libcgo_thread *thread, const libcgo_stack *stack,
                            uintptr_t sp, uintptr_t *mark, const beginning &at) {
  const bool on_small = at.on_small;
  const uintptr_t top = at.top & ~uintptr_t(15);
  uintptr_t lo = no_lo;
  if (stack != nullptr) {
    lo = stack->lo;
    if (top <= lo || top - lo < LIBCGO_STACK_MIN)
      too_small(thread, stack, top);
    note_stack(thread, stack);
  }

  // First the place is taken, then it is filled. A handler in between takes another.
  auto *call = reinterpret_cast<stack_call *>(thread->next_place);
  if (__builtin_expect(call->serial != free_place, false))
    call = find_place(thread, reinterpret_cast<uintptr_t>(mark), !on_small);
  uintptr_t serial = thread->serial + 1;
  if (serial < first_serial)
    serial = first_serial;
  call->serial = serial;
  handler_barrier();
  thread->serial = serial;
  thread->next_place = reinterpret_cast<uintptr_t>(call);
  stack_call *const running = running_of(thread);
  call->parent = running;
  call->parent_serial = running == nullptr ? 0 : running->serial;
  *mark = serial;
  call->mark = reinterpret_cast<uintptr_t>(mark);
  const intptr_t offset = libcgo_frame_layout.mark_to_return;
  if (offset != 0)
    call->returns_to = *reinterpret_cast<const uintptr_t *>(
        call->mark + static_cast<uintptr_t>(offset));
  call->lo = lo;
  call->start = top - call_word_bytes;
  const uintptr_t prior_system = thread->system_sp;
  const uintptr_t prior_caller = on_small ? sp | no_call_of_c : thread->caller_sp;
  const uintptr_t system_sp = on_small ? prior_system : sp & ~uintptr_t(15);
  call->system_sp = system_sp;
  // Of the record's range the lower end means nothing, where there is none and no call.
  call->prior = at.is_simple && running == nullptr ? range{} : range_of(thread);
  call->prior_caller = prior_caller;
  call->prior_system = prior_system;
  call->passed.span = 0;
  if (running != nullptr)
    running->passed.span = 0;
  const uintptr_t flags =
      (call->flags & in_record) | (at.is_simple ? simple : 0) |
      (on_small ? from_small : 0) | (stack == nullptr ? switched : 0);
  if (!on_small)
    call->c_returns_to = running == nullptr ? 0 : c_return_address(thread, call);
  else // where its code has gone over to a task, that has made it
    call->c_returns_to = running != nullptr && (running->flags & switched) == 0
                             ? made_by_parent
                             : 0;
  call->flags = flags;
  call->prev = last_of(thread);
  set_skip(call);
  handler_barrier();
  thread->top = reinterpret_cast<uintptr_t>(call);
  handler_barrier();
  // What was the last may have been taken out meanwhile; its `prev` stays.
  if (call->prev != nullptr &&
      __builtin_expect(call->prev->serial == free_place, false))
    leave_out_free(call);
  // A handler on the caller's small stack may take the record back to that: then C that fn
  // calls finds this call.
  set_state(thread, call, system_sp, prior_caller, {lo, top - lo});
  // From here on, what a handler calls on that stack is below: the word stays. Not on the
  // stack on which this function runs.
  if (stack != nullptr && !within(sp, stack->lo, stack->hi)) {
    *reinterpret_cast<volatile uintptr_t *>(top - call_word_bytes + 8) = serial;
    handler_barrier();
    const bool directly = !on_small && call->c_returns_to == 0 &&
                          on_own_stack(thread, call->mark);
    call->flags |= has_word | (directly ? read_directly : 0);
  }
  return call;
}

stack_call *begin_call(libcgo_thread *thread, const libcgo_stack *stack,
                       uintptr_t sp, uintptr_t *mark) {
  return add_call(
      thread, stack, sp, mark,
      look_around(thread, stack, sp, reinterpret_cast<uintptr_t>(mark)));
}

[[gnu::noinline]] static stack_call *begin_anew(libcgo_thread *thread,
                                                const libcgo_stack *stack,
                                                uintptr_t sp, uintptr_t *mark) {
  check_record(on_stack, thread);
  if (check_stack(stack) != 0)
    bad_stack(thread, stack);
  const auto mark_at = reinterpret_cast<uintptr_t>(mark);
  beginning at = begin_simply(thread, stack, sp, mark_at);
  if (__builtin_expect(at.top == 0, false))
    at = look_around(thread, stack, sp, mark_at);
  return add_call(thread, stack, sp, mark, at);
}

// Whether C that calls back from as deep as the call had that the place was for, and from the
// call that runs, is to be put where that was. `caller_sp` is where C was called.
static LIBCGO_READS_STACKS inline bool
is_below_again(const libcgo_thread *thread, const libcgo_stack *stack,
               const stack_call *c, const stack_call *running,
               uintptr_t caller_sp) {
  return c->parent_serial == running->serial && c->prior_caller == caller_sp &&
         c->prior.lo == thread->small_lo && has_own_frame(running) &&
         !small_within_own(thread) && within(caller_sp, stack->lo, stack->hi) &&
         stack->hi - caller_sp <= (stack->hi - stack->lo) / 4 &&
         !overlaps(stack, thread->stack_lo, thread->stack_hi);
}

// Most calls are made by C on the thread's own stack, of which the small stack is no part,
// while either no call is under way, or the one that runs has called C from the same small
// stack, and nothing has begun since. And most of these are made again: from as deep, on the
// same stack, in the same call. Then the place that was used last has all that such a call
// needs, except what is stored here. NULL: the call is another one.
// src/arch/amd64.S does the same for both kinds.
[[gnu::always_inline]] static inline stack_call *
begin_again(libcgo_thread *thread, const libcgo_stack *stack, uintptr_t *mark) {
  auto *const c = reinterpret_cast<stack_call *>(thread->next_place);
  stack_call *const running = running_of(thread);
  const uintptr_t serial = thread->serial + 1;
  if (c->serial != free_place || last_of(thread) != running ||
      thread->switching != 0 || serial < first_serial)
    return nullptr;
  // The place is taken before it is looked at: a handler may have used it meanwhile.
  c->serial = serial;
  handler_barrier();
  thread->serial = serial;
  handler_barrier();
  const uintptr_t caller_sp = thread->caller_sp;
  const bool is_again =
      (c->flags & (simple | has_word | was_below | own_left)) ==
          (simple | has_word) &&
      c->parent == running && c->prev == running &&
      c->mark == reinterpret_cast<uintptr_t>(mark) && c->lo == stack->lo &&
      c->prior.span == thread->small_span &&
      (running == nullptr ? end_of(c) == (stack->hi & ~uintptr_t(15))
                          : is_below_again(thread, stack, c, running, caller_sp));
  if (__builtin_expect(!is_again, false)) {
    c->serial = free_place;
    return nullptr;
  }
  *mark = serial;
  if (const intptr_t offset = libcgo_frame_layout.mark_to_return)
    c->returns_to = *reinterpret_cast<const uintptr_t *>(
        c->mark + static_cast<uintptr_t>(offset));
  c->passed.span = 0;
  const uintptr_t words = c->flags & (has_word | read_directly);
  c->flags -= words;
  if (running != nullptr) {
    c->prior_system = thread->system_sp;
    if (c->c_returns_to != 0) // then there is such a word
      c->c_returns_to = // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
          *reinterpret_cast<const volatile uintptr_t *>(
              return_word_of_caller(caller_sp));
    if (c->skip != running || rank_of(c) != rank_of(running) + 1)
      set_skip(c);
  }
  handler_barrier();
  thread->top = reinterpret_cast<uintptr_t>(c);
  handler_barrier();
  set_state(thread, c, c->system_sp, caller_sp, {c->lo, end_of(c) - c->lo},
            c->mark);
  *reinterpret_cast<volatile uintptr_t *>(c->start + 8) = serial;
  handler_barrier();
  c->flags += words;
  return c;
}

bool is_switch(const stack_call *call) { return call->start == no_start; }

libcgo_thread *owner_of(stack_call *call) { return thread_of(call); }

void set_flags_of_switch(stack_call *call) {
  call->flags = (call->flags & in_record) | switched | one_call;
}

void note_switch(libcgo_thread *thread, const libcgo_context *from) {
  if (from->stack_hi != 0) {
    const libcgo_stack stack = LIBCGO_STACK_INIT(from->stack_lo, from->stack_hi);
    note_stack(thread, &stack);
  }
  thread->state |= thread_tasks_switch;
  if (stack_call *const running = running_of(thread))
    running->flags |= switched;
}

bool c_was_called_from(const libcgo_thread *thread, uintptr_t lo, uintptr_t hi) {
  if (range_of(thread).contains(thread->caller_sp) &&
      within(thread->caller_sp, lo, hi))
    return true;
  for (const stack_call *c = last_of(thread); c != nullptr; c = c->prev)
    if (counts(c) &&
        ((c->prior.contains(c->prior_caller) && within(c->prior_caller, lo, hi)) ||
         (c->passed.contains(c->passed_sp) && within(c->passed_sp, lo, hi))))
      return true;
  return false;
}

bool would_overwrite(const libcgo_thread *thread, const stack_call &call) {
  const stack_call *const c = running_of(thread);
  stack_bounds signal;
  return c != nullptr && parent_of(c) == &call &&
         (c->flags & from_small) == 0 && c->mark < call.mark &&
         on_own_stack(thread, c->mark) && on_own_stack(thread, call.mark) &&
         (thread->state & thread_calls_left) == 0 && // or it may be over, unseen
         (!os::has_signal_stack(&signal) || // which may be an array there
          (!within(c->mark, signal.lo, signal.hi) &&
           !within(call.mark, signal.lo, signal.hi))) &&
         !c_has_returned(thread, c, {~uintptr_t(0), false, c->prior});
}

} // namespace cgo

extern "C" {

// Begins a call on a small stack for a caller at sp. `mark` is a word of the call's frame,
// on the caller's stack, at sp or above.
cgo::stack_call *libcgo_begin_stack_call(libcgo_thread *thread,
                                         const libcgo_stack *stack,
                                         uintptr_t sp, uintptr_t *mark) {
  using namespace cgo;
  if (__builtin_expect(entered(thread) && check_stack(stack) == 0, true)) {
    stack_call *const call = begin_again(thread, stack, mark);
    if (__builtin_expect(call != nullptr, true))
      return call;
  }
  return begin_anew(thread, stack, sp, mark);
}

} // extern "C"

namespace cgo {

// Whether a task has made the call, and the one in which the task began is over.
static inline bool made_by_lone_task(const stack_call *call) {
  return (call->flags & from_small) != 0 && call->parent != nullptr &&
         parent_of(call) == nullptr;
}

// For a call that has returned.
static inline void go_back_to_task(libcgo_thread *thread, stack_call *call) {
  if (made_by_lone_task(call))
    go_on_as_task(thread, call->mark - 1, call->prior);
}

// Whether a call's own code has made another one, or has in a call that it made.
static bool is_made_in(const stack_call *c, const stack_call *call) {
  while (c != nullptr && c != call && (c->flags & from_small) != 0) {
    const stack_call *const parent = parent_of(c);
    if (parent == nullptr || !within(c->mark, parent->lo, end_of(parent)))
      return false;
    c = parent;
  }
  return c == call;
}

// What the record says after a call that has returned.
[[gnu::noinline]] static void return_to_older(libcgo_thread *thread,
                                              stack_call *call) {
  stack_call *const running = running_of(thread);
  if (running != nullptr && running != call &&
      (call->flags & from_small) != 0 && (running->flags & switched) != 0 &&
      (range_of(thread).contains(call->start - 1) ||
       range_of(thread).contains(call->mark) ||
       (is_where_running_went(thread, call) && !is_made_in(running, call)))) {
    // A later call's code has gone over to this task, and goes on in it: also where that was
    // in a call which this one had made, and which a jump has left.
    set_state(thread, running, thread->system_sp, call->prior_caller,
              call->prior);
    return;
  }
  // Nothing is left in this call's part of its stack.
  if (running != call && !range_of(thread).contains(call->start - 1))
    pass(thread);
  // A task that has outlived the call in which it began goes on in what the record names, not
  // in what is older than this call: that may be left, and its stack.
  if (running != call && made_by_lone_task(call) &&
      go_on_as_task(thread, call->mark - 1, call->prior))
    return;
  put_back(thread, call, {}, true);
  go_back_to_task(thread, call);
}

// The last call, whose state is over, leaves the list.
static inline void take_off(libcgo_thread *thread, stack_call *call) {
  // A handler may take out the one before.
  stack_call *prev;
  do {
    prev = *static_cast<stack_call *volatile *>(&call->prev);
    thread->top = reinterpret_cast<uintptr_t>(prev);
    handler_barrier();
  } while (prev != *static_cast<stack_call *volatile *>(&call->prev));
  call->serial = free_place;
  thread->next_place = reinterpret_cast<uintptr_t>(call);
  if (prev != nullptr && prev->serial == ended)
    drop_ended(thread);
}

[[gnu::noinline]] static uintptr_t
end_otherwise(stack_call *call, uintptr_t result, uintptr_t *mark) {
  libcgo_thread *const thread = thread_of(call);
  if (!counts(call) || call->mark != reinterpret_cast<uintptr_t>(mark) ||
      call->serial != *mark)
    was_over(thread);
  if ((call->flags & was_below) != 0)
    thread->state |= thread_c_switches;
  stack_call *const parent = call->parent;
  const bool is_last =
      running_of(thread) == call && last_of(thread) == call &&
      call->prev == parent &&
      (parent == nullptr ||
       (parent->serial == call->parent_serial && parent->passed.span == 0));
  if (__builtin_expect(is_last, true)) {
    // The last call has returned to the one before.
    set_state(thread, parent, call->prior_system, call->prior_caller,
              call->prior);
    if (parent != nullptr) // a handler may have ended it
      go_back_to_task(thread, call);
  } else {
    return_to_older(thread, call);
  }
  handler_barrier();
  if (__builtin_expect(last_of(thread) == call, true)) {
    take_off(thread, call);
    return result;
  }
  if ((call->flags & from_small) != 0)
    leave_tasks(thread, call, true);
  join_part(thread, call);
  const uintptr_t serial = call->serial;
  call->serial = ended;
  handler_barrier();
  call->mark = serial; // see call_has_returned
  return result;
}

// Nothing runs on a small stack any more. `goes_over`: the thread is there still, and goes over
// to another one in the call that runs.
static void leave_stack(libcgo_thread *thread, const libcgo_stack *stack,
                        bool goes_over) {
  const auto on_it = [stack](uintptr_t at) {
    return within(at, stack->lo, stack->hi);
  };
  const range now = range_of(thread);
  for (stack_call *c = last_of(thread); c != nullptr; c = c->prev) {
    if (!counts(c))
      continue;
    if (c->passed.span != 0 &&
        overlaps(stack, c->passed.lo, c->passed.lo + c->passed.span))
      c->passed.span = 0;
    // The code of a call may have gone over to another stack.
    const bool is_elsewhere =
        c == running_of(thread)
            ? goes_over ||
                  (now.span != 0 && !overlaps(stack, now.lo, now.lo + now.span))
            : c->passed.span != 0 || calls_from_elsewhere(thread, c, stack);
    const bool own_is_left = on_it(c->start - 1) || (c->flags & own_left) != 0;
    if (((c->flags & from_small) != 0 && on_it(c->mark)) ||
        (own_is_left && !is_elsewhere)) {
      end(thread, c);
      continue;
    }
    if (own_is_left) { // nothing of it is there any more
      c->flags = (c->flags & ~(has_word | read_directly)) | own_left;
      c->start = 0;
      c->lo = end_of(c);
    }
    if (on_it(c->prior_caller))
      c->prior_caller = 0;
    // Nor does the code there from which C was called that has made this call: its memory may
    // be C's from here on.
    if (c->prior.span != 0 && on_it(c->prior.lo) &&
        on_it(c->prior.lo + c->prior.span - 1))
      c->prior.span = 0;
  }
  if (goes_over)
    set_small(thread, now);
}

void end_context(libcgo_thread *thread, libcgo_context *context) {
  const libcgo_stack stack =
      LIBCGO_STACK_INIT(context->stack_lo, context->stack_hi);
  const uintptr_t ahead = thread->switching;
  // A handler finds this stack meanwhile, whatever the record names.
  thread->switching = reinterpret_cast<uintptr_t>(context);
  handler_barrier();
  leave_stack(thread, &stack, true);
  handler_barrier();
  thread->switching = ahead;
  drop_ended(thread);
}

} // namespace cgo

extern "C" {

// Ends the call when fn has returned, and passes its result on.
uintptr_t libcgo_end_stack_call(cgo::stack_call *call, uintptr_t result,
                                uintptr_t *mark) {
  using namespace cgo;
  libcgo_thread *const thread = thread_of(call);
  const stack_call *const parent = call->parent;
  // The last call, that C has made, returns to the one before.
  const bool is_last =
      counts(call) && call->mark == reinterpret_cast<uintptr_t>(mark) &&
      call->serial == *mark && (call->flags & (was_below | from_small)) == 0 &&
      running_of(thread) == call && last_of(thread) == call &&
      call->prev == parent &&
      (parent == nullptr ||
       (parent->serial == call->parent_serial && parent->passed.span == 0));
  if (__builtin_expect(!is_last, false))
    return end_otherwise(call, result, mark);
  set_state(thread, call->parent, call->prior_system, call->prior_caller,
            call->prior, call->mark);
  handler_barrier();
  take_off(thread, call);
  return result;
}

int libcgo_stack_switched(libcgo_thread *thread, const libcgo_stack *stack) {
  using namespace cgo;
  const uintptr_t sp = here();
  if (const int err = check_told(thread, stack))
    return err;
  if (!within(sp, stack->lo, stack->hi) || running_of(thread) == nullptr)
    still_small_stack_at(thread, sp);
  stack_call *const running = running_of(thread);
  if (running == nullptr)
    return EINVAL;
  // The range ends where the last call on that stack has begun. No code of the runtime runs
  // above: a stack pointer there shows that what is below has ended. One that may be over is
  // passed over: a range that ends too low would leave out frames of the task.
  const bool on_it = within(sp, stack->lo, stack->hi);
  uintptr_t hi = stack->hi;
  for (stack_call *c = last_of(thread); c != nullptr;
       c = before(c, stack->lo, stack->hi)) {
    const uintptr_t its_end = end_of(c);
    handler_barrier();
    if (counts(c) && !is_of_gone_parent(c) &&
        within(its_end - call_word_bytes - 1, stack->lo, stack->hi) &&
        (!on_it || its_end > sp)) {
      hi = its_end;
      take_along(thread, c);
      break;
    }
  }
  note_stack(thread, stack);
  running->flags |= switched;
  thread->state |= thread_tasks_switch;
  set_small(thread, {stack->lo, hi - stack->lo});
  return 0;
}

int libcgo_stack_left(libcgo_thread *thread, const libcgo_stack *stack) {
  using namespace cgo;
  const uintptr_t sp = here();
  if (const int err = check_told(thread, stack))
    return err;
  if (within(sp, stack->lo, stack->hi))
    return EBUSY;
  still_small_stack_at(thread, sp);
  leave_stack(thread, stack, false);
  // And no call's code goes on there, which is on no stack that is known.
  const range after = range_of(thread);
  if (after.span != 0 && overlaps(stack, after.lo, after.lo + after.span)) {
    set_small(thread, {});
    thread->caller_sp = 0;
  }
  drop_ended(thread);
  return 0;
}

} // extern "C"
