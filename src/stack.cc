// SPDX-License-Identifier: BSD-3-Clause
//
// How the position on the system stack is found.
//
// A thread's record says on which small stack its runtime runs, from small_lo on,
// small_span bytes, and where the system stack goes on meanwhile, system_sp. As
// long as the stack pointer is in that range a call on the system stack needs
// nothing else: that much is in src/arch/<cpu>.S.
//
// Each call on a small stack adds a stack_call to the thread's chain, and its
// return takes it off. Nothing is undone when an exception, a forced unwinding
// or a longjmp ends such a call instead. The next call finds out, by the stack
// pointer of its caller, which calls are over:
//
// - seen from the system stack: those whose frame was at or below it;
// - seen from a small stack: those that a C function made which was called from
//   that stack at or below it (caller_sp).
//
// An address that is still in use is never taken for a free one. One that is
// free can look used, when the stack has grown past it again by ordinary calls;
// then a few bytes stay unused until an outer call returns.
#include "stack.h"

#include <errno.h>
#include <stddef.h>

#include "arch.h"
#include "probe.h"
#include "report.h"
#include "runtime.h"

// What src/arch/<cpu>.S uses.
static_assert(offsetof(libcgo_thread, small_lo) == THREAD_SMALL_LO, "");
static_assert(offsetof(libcgo_thread, small_span) == THREAD_SMALL_SPAN, "");
static_assert(offsetof(libcgo_thread, system_sp) == THREAD_SYSTEM_SP, "");
static_assert(offsetof(libcgo_thread, caller_sp) == THREAD_CALLER_SP, "");
static_assert(offsetof(cgo::stack_call, start) == STACK_CALL_START, "");
static_assert(2 * sizeof(cgo::stack_call) == sizeof(libcgo_thread::calls), "");

namespace cgo {

namespace {

constexpr char on_system[] = "libcgo_call_on_system";
constexpr char on_stack[] = "libcgo_call_on_stack";

// A stack_call that is not in use: no stack pointer is above it. A signal
// handler may find the top of the chain half written; then it sees this.
constexpr uintptr_t not_in_use = UINTPTR_MAX;

constexpr size_t chunk_bytes = 4096;
struct chunk {
  chunk *next;
  uintptr_t unused[sizeof(stack_call) / sizeof(uintptr_t) - 1];
  stack_call calls[chunk_bytes / sizeof(stack_call) - 1];
};
static_assert(sizeof(chunk) <= chunk_bytes, "");

// Keeps the compiler from moving stores, for the thread's own signal handlers.
inline void handler_barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

stack_call *base_of(libcgo_thread *thread) {
  return reinterpret_cast<stack_call *>(thread->calls);
}

stack_call *top_of(const libcgo_thread *thread) {
  return reinterpret_cast<stack_call *>(thread->top);
}

bool within(uintptr_t address, uintptr_t lo, uintptr_t hi) {
  return address - lo < hi - lo;
}

// From here on the thread is on a stack with this range, or, with a span of 0, on
// none that is known.
void set_small(libcgo_thread *thread, uintptr_t lo, uintptr_t span) {
  thread->small_span = 0; // a handler sees no range that never was
  handler_barrier();
  thread->small_lo = lo;
  handler_barrier();
  thread->small_span = span;
}

// Takes a call, and all above it, off the chain.
void remove(libcgo_thread *thread, stack_call *call) {
  for (stack_call *c = top_of(thread);; c = c->prev) {
    thread->top = reinterpret_cast<uintptr_t>(c->prev);
    thread->system_sp = c->prev->system_sp;
    thread->caller_sp = c->caller_sp;
    set_small(thread, c->caller_lo, c->caller_span);
    handler_barrier();
    c->system_sp = not_in_use;
    if (c == call)
      return;
  }
}

bool on_own_stack(const libcgo_thread *thread, uintptr_t address) {
  return within(address, thread->stack_lo, thread->stack_hi);
}

// Takes off the calls that are over, seen from the stack of C at sp. Addresses
// can be compared on the thread's own stack. A call from another one (a fiber)
// that ended unseen stays until one below it returns.
void remove_ended(libcgo_thread *thread, uintptr_t sp) {
  for (stack_call *c; (c = top_of(thread)) != base_of(thread) &&
                      sp >= c->system_sp && on_own_stack(thread, sp) &&
                      on_own_stack(thread, c->system_sp);)
    remove(thread, c);
}

int learn_own_bounds(libcgo_thread *thread) {
  if (thread->stack_hi != 0)
    return 0;
  const int caller_errno = errno;
  stack_bounds own;
  int err;
  {
    os::cancellation_disabled disabled;
    err = os::own_stack_bounds(&own);
  }
  errno = caller_errno;
  if (err != 0)
    return err;
  thread->stack_lo = own.lo;
  handler_barrier();
  thread->stack_hi = own.hi;
  return 0;
}

// Messages take a kilobyte of stack, and small stacks are small: none of them in a
// frame of a call that goes well. What is cold is jumped to, and a call that goes
// well jumps as little as it can, for that is most of its time.

[[noreturn, gnu::cold, gnu::noinline]] void no_record(const char *call, const libcgo_thread *thread) {
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
    m.text("no thread has entered the record: libcgo_thread_create, "
           "libcgo_attach and libcgo_callback do that");
  m.fatal();
}

[[noreturn, gnu::cold, gnu::noinline]] void bad_stack(const libcgo_thread *thread,
                                           const libcgo_stack *stack) {
  message(on_stack)
      .text(stack == nullptr ? "the stack's record is NULL"
                             : "the stack's record is none of this version, "
                               "or has no bytes between lo and hi")
      .text(": it is to begin as LIBCGO_STACK_INIT(lo, hi)")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void no_room(const libcgo_thread *thread,
                                         const libcgo_stack *stack,
                                         uintptr_t start) {
  message(on_stack)
      .text("the stack has ")
      .number(start <= stack->lo ? 0
                                 : static_cast<long long>(start - stack->lo))
      .text(" bytes left of ")
      .number(static_cast<long long>(stack->hi - stack->lo))
      .text(", and LIBCGO_STACK_MIN is ")
      .number(LIBCGO_STACK_MIN)
      .text(": make it larger")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void no_page(const libcgo_thread *thread) {
  message(on_stack)
      .text("no memory for a page of nested calls: ENOMEM")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void out_of_turn(const libcgo_thread *thread) {
  message(on_stack)
      .text("a call on a small stack returns after one that was made before "
            "it: C code that switches stacks is to let them return in turn")
      .fatal(thread->runtime->ops->fatal);
}

// Adds a page of places to the chain. Returns the next one.
[[gnu::cold, gnu::noinline]] stack_call *more_places(libcgo_thread *thread,
                                          stack_call *top) {
  auto *fresh = static_cast<chunk *>(os::map_zeroed(chunk_bytes));
  if (fresh == nullptr)
    no_page(thread);
  stack_call *prev = top;
  for (stack_call &c : fresh->calls) {
    c.prev = prev;
    c.thread = thread;
    c.system_sp = not_in_use;
    if (prev != top)
      prev->next = &c;
    prev = &c;
  }
  fresh->next = reinterpret_cast<chunk *>(thread->chunks);
  thread->chunks = reinterpret_cast<uintptr_t>(fresh);
  handler_barrier();
  // A handler that nested as deep meanwhile has appended a page of its own: the
  // later one wins, and the other waits in `chunks` to be freed.
  top->next = fresh->calls;
  return top->next;
}

// Where fn's stack begins: below the frames that are on it.
uintptr_t start_on(libcgo_thread *thread, const libcgo_stack *stack,
                   uintptr_t sp) {
  uintptr_t lowest = stack->hi;
  if (within(sp, stack->lo, stack->hi)) {
    lowest = sp;
  } else if (within(thread->caller_sp, stack->lo, stack->hi)) {
    lowest = thread->caller_sp;
  } else {
    for (stack_call *c = top_of(thread); c != base_of(thread); c = c->prev)
      if (within(c->caller_sp, stack->lo, stack->hi)) {
        lowest = c->caller_sp;
        break;
      }
  }
  return lowest & ~uintptr_t(15);
}

bool entered(const libcgo_thread *thread) {
  return check_thread(thread) == 0 && (thread->state & thread_entered) != 0;
}

int check_stack(const libcgo_stack *stack) {
  if (stack == nullptr || stack->size < sizeof(libcgo_stack) ||
      stack->hi <= stack->lo)
    return EINVAL;
  return stack->version == LIBCGO_RECORD_VERSION ? 0 : ENOTSUP;
}

void set_bounds(libcgo_bounds *bounds, uintptr_t lo, uintptr_t hi,
                int kind) {
  bounds->lo = lo;
  bounds->hi = hi;
  bounds->kind = kind;
}

// For a stack that is neither the thread's own nor one of the runtime's.
int find_other(uintptr_t sp, libcgo_bounds *bounds) {
  stack_bounds found;
  if (os::on_signal_stack(&found)) {
    set_bounds(bounds, found.lo, found.hi, LIBCGO_STACK_SIGNAL);
    return 0;
  }
  os::cancellation_disabled disabled;
  int err = os::mapping_bounds(sp, &found);
  if (err == 0)
    set_bounds(bounds, found.lo, found.hi, LIBCGO_STACK_OTHER);
  return err;
}

// For a caller at sp whose stack is none that the record knows.
[[gnu::cold, gnu::noinline]] int find_bounds(libcgo_thread *thread, uintptr_t sp,
                                  libcgo_bounds *bounds) {
  libcgo_thread unknown = LIBCGO_THREAD_INIT;
  if (thread == nullptr) {
    unknown.state = thread_entered;
    thread = &unknown;
  }
  int err = check_thread(thread);
  if (err != 0)
    return err;
  if (!entered(thread))
    return EINVAL;
  const uintptr_t signal_hi = thread->signal_stack + thread->signal_stack_bytes;
  if (within(sp, thread->signal_stack, signal_hi)) {
    set_bounds(bounds, thread->signal_stack, signal_hi, LIBCGO_STACK_SIGNAL);
    return 0;
  }
  err = learn_own_bounds(thread);
  if (err != 0)
    return err;
  if (on_own_stack(thread, sp)) {
    set_bounds(bounds, thread->stack_lo, thread->stack_hi, LIBCGO_STACK_SYSTEM);
    return 0;
  }
  return find_other(sp, bounds);
}

} // namespace

void begin_stacks(libcgo_thread *thread) {
  // The base, and the first call: most threads need no more.
  stack_call *base = base_of(thread);
  base[0] = {};
  base[1] = {};
  base[0].next = &base[1];
  base[1].prev = &base[0];
  base[1].thread = thread;
  base[1].system_sp = not_in_use;
  thread->small_lo = thread->small_span = 0;
  thread->system_sp = thread->caller_sp = 0;
  thread->top = reinterpret_cast<uintptr_t>(base);
  thread->stack_lo = thread->stack_hi = 0;
  thread->chunks = 0;
}

void end_stacks(libcgo_thread *thread) {
  thread->small_span = 0;
  thread->stack_lo = thread->stack_hi = 0;
  auto *c = reinterpret_cast<chunk *>(thread->chunks);
  thread->chunks = 0;
  while (c != nullptr) {
    chunk *next = c->next;
    os::unmap(c, chunk_bytes);
    c = next;
  }
}

bool in_small_stack_call(libcgo_thread *thread, uintptr_t sp) {
  remove_ended(thread, sp);
  return top_of(thread) != base_of(thread);
}

} // namespace cgo

extern "C" {

// For a caller at sp that is not in the thread's range: where fn runs on the
// system stack, or 0 if it is to run where the caller is.
uintptr_t libcgo_find_system_sp(libcgo_thread *thread, uintptr_t sp) {
  using namespace cgo;
  if (!entered(thread))
    no_record(on_system, thread);
  // The outermost call that is over, and with it all above.
  stack_call *ended = nullptr;
  for (stack_call *c = top_of(thread); c != base_of(thread); c = c->prev)
    if (sp - c->caller_lo < c->caller_span && sp >= c->caller_sp)
      ended = c;
  if (ended != nullptr)
    remove(thread, ended);
  if (sp - thread->small_lo >= thread->small_span)
    return 0;
  thread->caller_sp = sp;
  return thread->system_sp;
}

// Begins a call on a small stack by a caller at sp.
cgo::stack_call *libcgo_begin_stack_call(libcgo_thread *thread,
                                    const libcgo_stack *stack, uintptr_t sp) {
  using namespace cgo;
  if (!entered(thread))
    no_record(on_stack, thread);
  if (check_stack(stack) != 0)
    bad_stack(thread, stack);

  const bool from_small = sp - thread->small_lo < thread->small_span;
  if (!from_small) {
    // To tell later whether two addresses are on the thread's own stack. If
    // they are not to be had, no call is taken for ended.
    if (top_of(thread) == base_of(thread))
      learn_own_bounds(thread);
    remove_ended(thread, sp);
  }
  const uintptr_t start = start_on(thread, stack, sp);
  if (start <= stack->lo || start - stack->lo < LIBCGO_STACK_MIN)
    no_room(thread, stack, start);

  stack_call *const top = top_of(thread);
  stack_call *call = top->next;
  if (__builtin_expect(call == nullptr, false))
    call = more_places(thread, top);
  // First the place is taken, then filled: a handler in between takes the next.
  thread->top = reinterpret_cast<uintptr_t>(call);
  handler_barrier();
  call->caller_sp = from_small ? sp : thread->caller_sp;
  call->caller_lo = thread->small_lo;
  call->caller_span = thread->small_span;
  call->start = start;
  handler_barrier();
  call->system_sp = from_small ? thread->system_sp : sp & ~uintptr_t(15);
  set_small(thread, stack->lo, 0);
  thread->system_sp = call->system_sp;
  set_small(thread, stack->lo, start - stack->lo);
  return call;
}

// Ends it when fn has returned, and passes its result on.
uintptr_t libcgo_end_stack_call(cgo::stack_call *call, uintptr_t result) {
  using namespace cgo;
  libcgo_thread *thread = call->thread;
  if (call->system_sp == not_in_use)
    out_of_turn(thread);
  remove(thread, call);
  return result;
}

int libcgo_stack_switched(libcgo_thread *thread, const libcgo_stack *stack) {
  using namespace cgo;
  int err = check_thread(thread);
  if (err == 0)
    err = check_stack(stack);
  if (err != 0)
    return err;
  if (!entered(thread) || top_of(thread) == base_of(thread))
    return EINVAL;
  // Above the address from which C was called that is still running, no code
  // of the runtime runs: a stack pointer there shows that it has ended.
  const uintptr_t caller_sp = top_of(thread)->caller_sp;
  const uintptr_t hi =
      within(caller_sp, stack->lo, stack->hi) ? caller_sp : stack->hi;
  set_small(thread, stack->lo, hi - stack->lo);
  return 0;
}

// Known bounds, which is what every query but the first pays for.
int libcgo_stack_bounds(libcgo_thread *thread, libcgo_bounds *bounds) {
  using namespace cgo;
  const uintptr_t sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (bounds == nullptr)
    return EINVAL;
  if (check_thread(thread) == 0) {
    // Both ranges are empty if no thread has entered the record.
    if (on_own_stack(thread, sp)) {
      set_bounds(bounds, thread->stack_lo, thread->stack_hi,
                 LIBCGO_STACK_SYSTEM);
      return 0;
    }
    if (sp - thread->small_lo < thread->small_span) {
      set_bounds(bounds, thread->small_lo,
                 thread->small_lo + thread->small_span, LIBCGO_STACK_SMALL);
      return 0;
    }
  }
  return find_bounds(thread, sp, bounds);
}

} // extern "C"
