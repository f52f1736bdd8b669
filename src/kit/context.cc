// SPDX-License-Identifier: BSD-3-Clause
//
// Contexts: the slow cases of libcgo_switch, whose fast path is in src/arch/<cpu>.S.
//
// libcgo_switch saves the caller's registers in a frame on the caller's stack, notes in
// *from where that frame is, and loads the registers from the frame of *to. The frames of all
// suspended contexts are alike, also that of a new one. So the frame description is true
// before the stack pointer changes, and after. libcgo_switch returns by a jump: the CPU would
// predict that a return goes back into the other context.
//
// The context *to is called the next context below. libcgo_switch changes the small stack in
// the thread's record (small_lo, small_span), as libcgo_stack_switched does. A signal may
// come between any two instructions, and its handler may call C from there. So the order is:
//
// 1. `switching` names the next context.
// 2. The stack pointer changes to that of the next context.
// 3. The record gets the small stack of the next context. If that takes several stores, its
//    span is 0 first.
// 4. `switching` becomes 0.
//
// Before 2, the stack pointer is on the stack that the record names. From 2 to the end of 3,
// it is on the stack of the next context, and the record has the old stack, a span of 0, or
// the new stack. Code that looks at the record first, in assembly too, takes a stack pointer
// as one on a small stack only if it is in the record's range. Otherwise it asks
// small_stack_at, which looks at `switching` and finds the stack of the next context. The
// ranges of two contexts have no address in common. After 3, the record has the new stack.
// If the next context is C, its span is 0, and the stack pointer is in no range: C runs there.
//
// A handler that switches to a context itself, and comes back, finds that `switching` is not
// 0. When the handler's own context goes on, that word is put back.
//
// The stack pointer is stored in *from after 2, because nobody may go on there before.
//
// A system that knows where stacks are is told of the next context's before 2. Of C's it is
// told after 3: see src/os/windows.cc.
//
// The caller is one of three:
//
// - The code of a context, on the small stack that both the record and *from name. Assembly
//   does everything.
// - Code on another small stack that the record names. The stack is noted in *from, and the
//   call in which the code runs is told that its code has switched. From then on, it is the
//   first case.
// - C. This begins a call, as libcgo_call_on_stack does, but on no stack. Tasks run in that
//   call, and C that they call goes on below. The call ends when the suspended C goes on.
#include <libcgo/context.h>

#include <errno.h>
#include <stddef.h>

#include "core/arch.h"
#include "kit/calls.h"
#include "core/report.h"
#include "kit/record.h"
#include "kit/runtime.h"
#include "kit/stack.h"
#include "kit/traceback.h"

// What src/arch/<cpu>.S uses.
static_assert(offsetof(libcgo_context, sp) == CONTEXT_SP, "");
static_assert(offsetof(libcgo_context, lo) == CONTEXT_LO, "");
static_assert(offsetof(libcgo_context, span) == CONTEXT_SPAN, "");
static_assert(offsetof(libcgo_context, thread) == CONTEXT_THREAD, "");
static_assert(offsetof(libcgo_context, flags) == CONTEXT_FLAGS, "");
static_assert(offsetof(libcgo_context, options) == CONTEXT_OPTIONS, "");
static_assert(offsetof(libcgo_context, control) == CONTEXT_CONTROL_WORD, "");
static_assert(offsetof(libcgo_context, keeps) == CONTEXT_KEEPS, "");
static_assert(LIBCGO_CONTEXT_KEEPS_CONTROL == CONTEXT_KEEPS_CONTROL, "");

namespace cgo {

namespace {

constexpr char name[] = "libcgo_switch";

// What the first release had, in bytes; later ones append to it.
constexpr size_t first_context = 8 + 22 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_context, reserved) +
                      sizeof(libcgo_context::reserved) ==
                  first_context,
              "");

// libcgo_context::sp, where it is none.
constexpr uintptr_t not_suspended = 0;

// libcgo_context::flags: what is to be done when it goes on, or 0.
constexpr uintptr_t is_new = 1;    // its thread is told of its stack
constexpr uintptr_t is_c = 2;      // its call ends
constexpr uintptr_t is_nested = 4; // `ahead` goes back into `switching`

int check_context(const libcgo_context *context) {
  if (context == nullptr || context->size < first_context)
    return EINVAL;
  return context->version == LIBCGO_RECORD_VERSION ? 0 : ENOTSUP;
}

bool is_made(const libcgo_context *context) { return context->stack_hi != 0; }

// The functions with a message are not inlined: their callers often run on a small stack.

[[noreturn, gnu::cold, gnu::noinline]] void stop(const libcgo_thread *thread,
                                                 message &m) {
  m.fatal(thread != nullptr && check_thread(thread) == 0 && thread->runtime != nullptr
              ? thread->runtime->ops->fatal
              : nullptr);
}

[[noreturn, gnu::cold, gnu::noinline]] void
bad_target(const libcgo_thread *thread, const libcgo_context *to) {
  message m(name);
  if (to == nullptr)
    m.text("there is no context to go on in: fn of a context has returned NULL");
  else if (to->sp == CONTEXT_OVER)
    m.text("the context to go on in is over, its fn has returned: make it anew by "
           "libcgo_context_make");
  else if (check_context(to) != 0)
    m.text("the record to go on in has ")
        .number(to->size)
        .text(" bytes and version ")
        .number(to->version)
        .text(": it is to begin as LIBCGO_CONTEXT_INIT");
  else if (is_made(to))
    m.text("the context to go on in is running: it is to be suspended");
  else
    m.text("nothing is suspended in the record to go on in: make a context by "
           "libcgo_context_make, or switch away in it first");
  stop(thread, m);
}

[[noreturn, gnu::cold, gnu::noinline]] void
bad_source(const libcgo_thread *thread, const libcgo_context *from) {
  message m(name);
  if (from == nullptr)
    m.text("the record for the caller is NULL");
  else if (from->sp == CONTEXT_OVER)
    m.text("the record for the caller is that of a context that is over: begin it as "
           "LIBCGO_CONTEXT_INIT");
  else
    m.text("the record for the caller has another context, which is suspended: each "
           "needs its own");
  stop(thread, m);
}

[[noreturn, gnu::cold, gnu::noinline]] void
foreign_stack(const libcgo_thread *thread, const libcgo_context *from,
              uintptr_t sp) {
  message m(name);
  m.text("the caller's stack pointer is ")
      .hex(sp)
      .text(", and the context in which it is to be suspended has a stack from ")
      .hex(from->stack_lo)
      .text(" to ")
      .hex(from->stack_hi)
      .text(": give the caller's own context, or a record that is not made");
  stop(thread, m);
}

[[noreturn, gnu::cold, gnu::noinline]] void
other_thread(const libcgo_thread *thread) {
  message m(name);
  m.text("the context to go on in is C on another thread's stack: only that thread "
         "goes on there");
  stop(thread, m);
}

[[noreturn, gnu::cold, gnu::noinline]] void c_waits(const libcgo_thread *thread,
                                                    uintptr_t sp) {
  message m(name);
  m.text("C would go on at ")
      .hex(sp)
      .text(", and overwrite C that has called since and waits below: return to "
            "that first");
  stop(thread, m);
}

void check_both(const libcgo_thread *thread, const libcgo_context *from,
                const libcgo_context *to) {
  if (to == nullptr || to->sp <= CONTEXT_OVER)
    bad_target(thread, to);
  if (from == nullptr || from->sp != not_suspended)
    bad_source(thread, from);
}

// Keeps the compiler from moving stores, for the thread's own signal handlers.
inline void handler_barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

// C suspends itself while no call is around it, and it has done so before from the same
// depth. Then the place that was used last has all that begin_call would write, except what
// follows here.
bool suspends_again(libcgo_thread *thread, libcgo_context *from, uintptr_t *mark) {
  auto *const c = reinterpret_cast<stack_call *>(thread->next_place);
  if (thread->top != 0 || thread->running != 0 || thread->small_span != 0 ||
      thread->switching != 0 || from->span != 0 || is_made(from) || c == nullptr ||
      c->serial != 0 || c->mark != reinterpret_cast<uintptr_t>(mark) ||
      !is_switch(c) || c->prev != nullptr || c->parent != nullptr ||
      c->prior.span != 0 || owner_of(c) != thread)
    return false;
  const uintptr_t serial = thread->serial + 1;
  if (serial < 2) // it has gone round
    return false;
  c->serial = serial;
  handler_barrier();
  thread->serial = serial;
  *mark = serial;
  const intptr_t offset = libcgo_frame_layout.mark_to_return;
  if (offset != 0)
    c->returns_to = *reinterpret_cast<const uintptr_t *>(
        c->mark + static_cast<uintptr_t>(offset));
  c->passed.span = 0;
  c->prior_caller = thread->caller_sp;
  c->prior_system = thread->system_sp;
  set_flags_of_switch(c);
  handler_barrier();
  thread->top = reinterpret_cast<uintptr_t>(c);
  handler_barrier();
  thread->system_sp = c->system_sp;
  thread->running = reinterpret_cast<uintptr_t>(c);
  from->call = reinterpret_cast<uintptr_t>(c);
  from->serial = serial;
  from->flags = is_c;
  return true;
}

// C suspends itself: its call begins.
void suspend_c(libcgo_thread *thread, libcgo_context *from, uintptr_t sp,
               uintptr_t *mark) {
  stack_call *const c = begin_call(thread, nullptr, sp, mark);
  from->call = reinterpret_cast<uintptr_t>(c);
  from->serial = c->serial;
  from->lo = from->span = 0;
  from->flags = is_c;
}

// C goes on.
[[gnu::noinline]] void resume_c(libcgo_thread *thread, libcgo_context *to,
                                uintptr_t *mark) {
  auto *const c = reinterpret_cast<stack_call *>(to->call);
  const auto sp = reinterpret_cast<uintptr_t>(mark);
  if (thread == nullptr) {
    *mark = 0;
    return;
  }
  if (owner_of(c) != thread)
    other_thread(thread);
  if (thread->running != to->call && would_overwrite(thread, *c))
    c_waits(thread, sp);
  libcgo_end_stack_call(c, 0, mark);
  *mark = 0;
}

} // namespace

} // namespace cgo

extern "C" {

int libcgo_context_init(libcgo_context *context, size_t size) {
  return cgo::begin_versioned_record(context, size, cgo::first_context);
}

int libcgo_context_make(libcgo_context *context, const libcgo_stack *stack,
                        libcgo_context *(*fn)(void *arg, uintptr_t word),
                        void *arg) {
  using namespace cgo;
  int err = check_context(context);
  if (err == 0)
    err = check_stack(stack);
  if (err != 0)
    return err;
  if (fn == nullptr)
    return EINVAL;
  if (context->sp == not_suspended && is_made(context))
    return EBUSY;
  const uintptr_t top = stack->hi & ~uintptr_t(15);
  if (top <= stack->lo || top - stack->lo < LIBCGO_STACK_MIN)
    return ENOMEM;
  const uintptr_t sp = libcgo_context_begin(top, context, fn, arg);
  if (sp == 0)
    return ENOTSUP;
  context->lo = context->stack_lo = stack->lo;
  context->stack_hi = stack->hi;
  context->span = stack->hi - stack->lo;
  context->thread = nullptr;
  context->flags = is_new;
  context->call = context->serial = context->ahead = 0;
  context->sp = sp;
  return 0;
}

// For libcgo_switch, if it cannot decide by itself. Runs on the caller's stack, before
// anything has changed. `mark` is a word of the caller's frame.
void libcgo_switch_asks(libcgo_thread *thread, libcgo_context *from,
                        libcgo_context *to, uintptr_t *mark) {
  using namespace cgo;
  check_both(thread, from, to);
  if (thread != nullptr && suspends_again(thread, from, mark))
    return;
  const auto sp = reinterpret_cast<uintptr_t>(mark);
  const bool foreign =
      is_made(from) && !within(sp, from->stack_lo, from->stack_hi);
  if (thread == nullptr) {
    if (foreign)
      foreign_stack(thread, from, sp);
    if (!is_made(from)) // nor known to be on a small stack
      from->lo = from->span = 0;
    return;
  }
  check_record(name, thread);
  const range now = still_small_stack_at(thread, sp);
  if (foreign && !c_was_called_from(thread, from->stack_lo, from->stack_hi))
    foreign_stack(thread, from, sp);
  const uintptr_t ahead = thread->switching;
  if (now.span != 0) {
    note_switch(thread, from);
    // On its own stack all of that, also in a call which has a part of it: a jump may leave
    // the call, and the next switch need not ask.
    const bool on_own = is_made(from) && !foreign;
    from->lo = on_own ? from->stack_lo : now.lo;
    from->span = on_own ? from->stack_hi - from->stack_lo : now.span;
    if (from->span != now.span) // a jump out of the call is not noticed
      thread->state |= thread_calls_left;
    from->flags = 0;
  } else {
    suspend_c(thread, from, sp - libcgo_switch_frame.mark, mark);
  }
  if (ahead != 0) { // a handler, that has interrupted libcgo_switch
    from->flags |= is_nested;
    from->ahead = ahead;
  }
}

// For libcgo_switch, if the flags of *to are not 0. Runs on the stack of *to.
void libcgo_switch_resumes(libcgo_thread *thread, libcgo_context *to,
                           uintptr_t *mark) {
  using namespace cgo;
  const uintptr_t flags = to->flags;
  to->flags = 0;
  if (flags == is_c && thread != nullptr && thread->running == to->call &&
      thread->top == to->call) {
    auto *const c = reinterpret_cast<stack_call *>(to->call);
    if (c->prev == nullptr && c->parent == nullptr && c->prior.span == 0) {
      thread->running = 0;
      *mark = 0;
      handler_barrier();
      thread->top = 0;
      handler_barrier();
      c->serial = 0;
      thread->next_place = to->call;
      return;
    }
  }
  if ((flags & is_new) != 0 && thread != nullptr)
    note_switch(thread, to);
  if ((flags & is_c) != 0)
    resume_c(thread, to, mark);
  if ((flags & is_nested) != 0 && thread != nullptr)
    thread->switching = to->ahead;
}

// The fn of *from has returned `to`, in which the thread goes on.
libcgo_thread *libcgo_switch_ends(libcgo_context *from, libcgo_context *to,
                                  uintptr_t *mark) {
  using namespace cgo;
  libcgo_thread *const thread = from->thread;
  check_both(thread, from, to);
  if (thread != nullptr) {
    still_small_stack_at(thread, reinterpret_cast<uintptr_t>(mark));
    note_switch(thread, from);
    end_context(thread, from);
  }
  return thread;
}

size_t libcgo_context_traceback(libcgo_runtime *runtime,
                                const libcgo_context *context, uintptr_t *pcs,
                                size_t most) {
  using namespace cgo;
  if (check_runtime(runtime) != 0 || check_context(context) != 0 ||
      pcs == nullptr || most == 0 || context->sp <= CONTEXT_OVER)
    return 0;
  return traceback_from(runtime, context->sp, pcs, most);
}

} // extern "C"
