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

// What the first release had, in bytes; later ones append to it.
constexpr size_t first_stack = 8 + 6 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_stack, reserved) +
                      sizeof(libcgo_stack::reserved) ==
                  first_stack,
              "");

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

// Where the system stack went on before a call. A call that is half begun or half
// ended, and was interrupted there by a handler that asks, has no position yet.
uintptr_t system_sp_before(const stack_call *call) {
  do
    call = call->prev;
  while (call->system_sp == not_in_use);
  return call->system_sp;
}

// Takes a call, and all above it, off the chain. A handler that comes in between
// finds the place still taken, so it does not overwrite what is read here.
void remove(libcgo_thread *thread, stack_call *call) {
  for (stack_call *c = top_of(thread);; c = c->prev) {
    c->system_sp = not_in_use;
    handler_barrier();
    thread->system_sp = system_sp_before(c);
    thread->caller_sp = c->caller_sp;
    set_small(thread, c->caller_lo, c->caller_span);
    handler_barrier();
    thread->top = reinterpret_cast<uintptr_t>(c->prev);
    if (c == call)
      return;
  }
}

bool on_own_stack(const libcgo_thread *thread, uintptr_t address) {
  return within(address, thread->stack_lo, thread->stack_hi);
}

// Takes off the calls that are over, seen from the stack of C at sp: the outermost,
// and with it all above. On the thread's own stack addresses can be compared. A
// call from another one (a fiber) that ended unseen is noticed by one from the
// same address, and otherwise when one below it returns.
void remove_ended(libcgo_thread *thread, uintptr_t sp) {
  const bool own = on_own_stack(thread, sp);
  stack_call *ended = nullptr;
  for (stack_call *c = top_of(thread); c != base_of(thread); c = c->prev)
    if (own && on_own_stack(thread, c->system_sp)
            ? sp >= c->system_sp
            : (sp & ~uintptr_t(15)) == c->system_sp)
      ended = c;
  if (ended != nullptr)
    remove(thread, ended);
}

struct range {
  uintptr_t lo;
  uintptr_t span;
  bool contains(uintptr_t address) const { return address - lo < span; }
};

// The range of the runtime's stack on which the thread is, at sp, or an empty one.
// First takes off the calls that are over, seen from there.
range small_stack_at(libcgo_thread *thread, uintptr_t sp) {
  range now = {thread->small_lo, thread->small_span};
  if (now.contains(sp))
    return now;
  stack_call *ended = nullptr;
  // Where a handler is that interrupts a call from one small stack to another:
  // the record already, or still, names the other.
  range between = {};
  for (stack_call *c = top_of(thread); c != base_of(thread); c = c->prev) {
    const range caller = {c->caller_lo, c->caller_span};
    if (!caller.contains(sp))
      continue;
    if (sp >= c->caller_sp && c->system_sp != not_in_use)
      ended = c;
    else if (between.span == 0)
      between = caller;
  }
  if (ended == nullptr)
    return between;
  remove(thread, ended);
  now = {thread->small_lo, thread->small_span};
  return now.contains(sp) ? now : range{};
}

int learn_own_bounds(libcgo_thread *thread) {
  if (thread->stack_hi != 0)
    return 0;
  const int caller_errno = errno;
  stack_bounds own = {};
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

// The functions below have the buffer of a message in their frames: those that
// call them often run on a small stack, and are not to. What is cold is jumped to:
// a call that goes well jumps as little as it can, for that is most of its time.

[[noreturn, gnu::cold, gnu::noinline]] void no_record(
    const char *call, const libcgo_thread *thread) {
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

[[noreturn, gnu::cold, gnu::noinline]] void no_memory(
    const libcgo_thread *thread) {
  message(on_stack)
      .text("no memory for a page of nested calls: ENOMEM")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void bad_stack(
    const libcgo_thread *thread, const libcgo_stack *stack) {
  message(on_stack)
      .text(stack == nullptr ? "the stack's record is NULL"
                             : "the stack's record is none of this version, "
                               "or has no bytes between lo and hi")
      .text(": it is to begin as LIBCGO_STACK_INIT(lo, hi)")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void too_small(
    const libcgo_thread *thread, const libcgo_stack *stack, uintptr_t start) {
  message(on_stack)
      .text("the stack has ")
      .number(start <= stack->lo ? 0 : static_cast<long long>(start - stack->lo))
      .text(" bytes left of ")
      .number(static_cast<long long>(stack->hi - stack->lo))
      .text(", and LIBCGO_STACK_MIN is ")
      .number(LIBCGO_STACK_MIN)
      .text(": make it larger")
      .fatal(thread->runtime->ops->fatal);
}

[[noreturn, gnu::cold, gnu::noinline]] void out_of_turn(
    const libcgo_thread *thread) {
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
    no_memory(thread);
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
  if (stack == nullptr || stack->size < first_stack ||
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

// The stacks of others that a thread has come by last: pairs of lowest byte and
// size. A size of 0 contains no address.
constexpr uintptr_t most_others =
    sizeof(libcgo_thread::others) / (2 * sizeof(uintptr_t));
constexpr uintptr_t others_busy = most_others; // in others_next

const uintptr_t *find_remembered(const libcgo_thread *thread, uintptr_t sp) {
  for (uintptr_t i = 0; i < 2 * most_others; i += 2)
    if (sp - thread->others[i] < thread->others[i + 1])
      return &thread->others[i];
  return nullptr;
}

// In place of the one that was remembered first. A handler that interrupts this
// finds it busy and remembers nothing.
void remember(libcgo_thread *thread, const stack_bounds &other) {
  const uintptr_t next = thread->others_next;
  if (next == others_busy)
    return;
  thread->others_next = others_busy;
  handler_barrier();
  uintptr_t *entry = &thread->others[2 * next];
  entry[1] = 0;
  handler_barrier();
  entry[0] = other.lo;
  handler_barrier();
  entry[1] = other.hi - other.lo;
  handler_barrier();
  thread->others_next = (next + 1) % most_others;
}

// For a stack that is neither the thread's own nor one of the runtime's.
int find_other(libcgo_thread *thread, uintptr_t sp, libcgo_bounds *bounds) {
  stack_bounds signal = {};
  os::has_signal_stack(&signal);
  if (within(sp, signal.lo, signal.hi)) {
    set_bounds(bounds, signal.lo, signal.hi, LIBCGO_STACK_SIGNAL);
    return 0;
  }
  os::cancellation_disabled disabled;
  stack_bounds found;
  int err = os::mapping_bounds(sp, &found);
  if (err != 0)
    return err;
  set_bounds(bounds, found.lo, found.hi, LIBCGO_STACK_OTHER);
  // Where both are in one mapping, as from malloc, nothing but the system
  // tells them apart.
  if (!within(signal.lo, found.lo, found.hi))
    remember(thread, found);
  return 0;
}

// For a caller at sp whose stack is not the one that the record names.
[[gnu::cold, gnu::noinline]] int find_bounds(libcgo_thread *thread,
                                             uintptr_t sp,
                                             libcgo_bounds *bounds) {
  int err = check_thread(thread);
  if (err != 0)
    return err;
  if (!entered(thread))
    return EINVAL;
  const range small = small_stack_at(thread, sp);
  if (small.span != 0) {
    set_bounds(bounds, small.lo, small.lo + small.span, LIBCGO_STACK_SMALL);
    return 0;
  }
  const uintptr_t signal_hi = thread->signal_stack + thread->signal_stack_bytes;
  if (within(sp, thread->signal_stack, signal_hi)) {
    set_bounds(bounds, thread->signal_stack, signal_hi, LIBCGO_STACK_SIGNAL);
    return 0;
  }
  if (const uintptr_t *other = find_remembered(thread, sp)) {
    set_bounds(bounds, other[0], other[0] + other[1], LIBCGO_STACK_OTHER);
    return 0;
  }
  err = learn_own_bounds(thread);
  if (err != 0)
    return err;
  if (on_own_stack(thread, sp)) {
    set_bounds(bounds, thread->stack_lo, thread->stack_hi, LIBCGO_STACK_SYSTEM);
    return 0;
  }
  return find_other(thread, sp, bounds);
}

// For a thread without a record: with one in this frame.
[[gnu::cold, gnu::noinline]] int find_bounds_anew(uintptr_t sp,
                                                  libcgo_bounds *bounds) {
  libcgo_thread unknown = LIBCGO_THREAD_INIT;
  begin_stacks(&unknown);
  unknown.state = thread_entered;
  return find_bounds(&unknown, sp, bounds);
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
  thread->others_next = 0;
  for (uintptr_t &word : thread->others)
    word = 0;
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

bool find_known_stack(const libcgo_thread *thread, uintptr_t address,
                      stack_bounds *bounds) {
  auto is = [address, bounds](uintptr_t lo, uintptr_t bytes) {
    *bounds = {lo, lo + bytes};
    return address - lo < bytes;
  };
  if (is(thread->stack_lo, thread->stack_hi - thread->stack_lo) ||
      is(thread->small_lo, thread->small_span) ||
      is(thread->signal_stack, thread->signal_stack_bytes))
    return true;
  if (const uintptr_t *other = find_remembered(thread, address))
    return is(other[0], other[1]);
  if (thread->top == 0)
    return false; // nobody has entered it
  for (const stack_call *c = top_of(thread); c->prev != nullptr; c = c->prev)
    if (is(c->caller_lo, c->caller_span))
      return true;
  return false;
}

} // namespace cgo

extern "C" {

// For a caller at sp that is not in the thread's range: where fn runs on the
// system stack, or 0 if it is to run where the caller is.
uintptr_t libcgo_find_system_sp(libcgo_thread *thread, uintptr_t sp) {
  using namespace cgo;
  if (!entered(thread))
    no_record(on_system, thread);
  if (small_stack_at(thread, sp).span == 0)
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

  const bool from_small = small_stack_at(thread, sp).span != 0;
  if (!from_small) {
    // To tell later whether two addresses are on the thread's own stack. If
    // they are not to be had, no call is taken for ended.
    if (top_of(thread) == base_of(thread))
      learn_own_bounds(thread);
    remove_ended(thread, sp);
  }
  const uintptr_t start = start_on(thread, stack, sp);
  if (start <= stack->lo || start - stack->lo < LIBCGO_STACK_MIN)
    too_small(thread, stack, start);

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
  thread->caller_sp = call->caller_sp;
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

int libcgo_stack_map(libcgo_stack *stack, size_t bytes) {
  using namespace cgo;
  if (stack == nullptr || bytes == 0)
    return EINVAL;
  stack_bounds memory;
  if (!os::map_stack(bytes, &memory))
    return ENOMEM;
  *stack = LIBCGO_STACK_INIT(memory.lo, memory.hi);
  return 0;
}

int libcgo_stack_unmap(libcgo_stack *stack) {
  using namespace cgo;
  const int err = check_stack(stack);
  if (err == 0)
    os::unmap_stack({stack->lo, stack->hi});
  return err;
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
  const uintptr_t sp = here();
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
  return thread == nullptr ? find_bounds_anew(sp, bounds)
                           : find_bounds(thread, sp, bounds);
}

} // extern "C"
