// SPDX-License-Identifier: BSD-3-Clause
//
// The bounds of the stack on which a thread runs, and memory for small stacks. The calls
// between stacks are in src/kit/calls.cc.
#include "kit/stack.h"

#include <errno.h>
#include <stddef.h>

#include "kit/calls.h"
#include "kit/record.h"
#include "kit/runtime.h"

namespace cgo {

namespace {

static_assert(offsetof(libcgo_stack, reserved) + sizeof(libcgo_stack::reserved) ==
                  first_stack,
              "");

// Keeps the compiler from moving stores, for the thread's own signal handlers.
inline void handler_barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

void set_bounds(libcgo_bounds *bounds, uintptr_t lo, uintptr_t hi, int kind) {
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
  if (os::find_signal_stack(sp, &signal)) {
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
[[gnu::cold, gnu::noinline]] int find_bounds(libcgo_thread *thread, uintptr_t sp,
                                             libcgo_bounds *bounds) {
  int err = check_thread(thread);
  if (err != 0)
    return err;
  if ((thread->state & thread_entered) == 0)
    return EINVAL;
  const range small = still_small_stack_at(thread, sp);
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

void begin_stacks(libcgo_thread *thread) {
  begin_calls(thread);
  thread->stack_lo = thread->stack_hi = 0;
  thread->others_next = 0;
  for (uintptr_t &word : thread->others)
    word = 0;
}

void end_stacks(libcgo_thread *thread) {
  thread->small_span = 0;
  thread->stack_lo = thread->stack_hi = 0;
}

bool find_known_stack(const libcgo_thread *thread, uintptr_t address,
                      stack_bounds *bounds) {
  auto is = [address, bounds](uintptr_t lo, uintptr_t bytes) {
    *bounds = {lo, lo + bytes};
    return address - lo < bytes;
  };
  if (is(thread->stack_lo, thread->stack_hi - thread->stack_lo) ||
      is(thread->signal_stack, thread->signal_stack_bytes))
    return true;
  if (const uintptr_t *other = find_remembered(thread, address))
    return is(other[0], other[1]);
  const range small = known_small_stack(thread, address);
  return small.span != 0 && is(small.lo, small.span);
}

} // namespace cgo

extern "C" {

int libcgo_stack_init(libcgo_stack *stack, size_t size, uintptr_t lo,
                      uintptr_t hi) {
  const int err = cgo::begin_versioned_record(stack, size, cgo::first_stack);
  if (err != 0)
    return err;
  stack->lo = lo;
  stack->hi = hi;
  return 0;
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

// Known bounds, which is what every query but the first pays for.
int libcgo_stack_bounds(libcgo_thread *thread, libcgo_bounds *bounds) {
  using namespace cgo;
  const uintptr_t sp = here();
  if (bounds == nullptr)
    return EINVAL;
  if (check_thread(thread) == 0) {
    // Both ranges are empty if no thread has entered the record.
    if (on_own_stack(thread, sp) && !small_within_own(thread)) {
      set_bounds(bounds, thread->stack_lo, thread->stack_hi, LIBCGO_STACK_SYSTEM);
      return 0;
    }
    if (runs_on_small_stack(thread, sp)) {
      set_bounds(bounds, thread->small_lo,
                 thread->small_lo + thread->small_span, LIBCGO_STACK_SMALL);
      return 0;
    }
  }
  return thread == nullptr ? find_bounds_anew(sp, bounds)
                           : find_bounds(thread, sp, bounds);
}

} // extern "C"
