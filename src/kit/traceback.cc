// SPDX-License-Identifier: BSD-3-Clause
//
// Tracebacks: the hooks that a runtime's record keeps, and the default.
#include <libcgo/traceback.h>

#include <errno.h>

#include "core/arch.h"
#include "kit/record.h"
#include "kit/runtime.h"
#include "kit/stack.h"
#include "kit/traceback.h"

namespace cgo {

namespace {

// The sizes of the records in the first release, in bytes. Later releases append to them.
constexpr size_t first_ops = 8 + 8 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_traceback_ops, reserved) +
                      sizeof(libcgo_traceback_ops::reserved) ==
                  first_ops,
              "");
constexpr size_t first_symbol = 8 + 14 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_symbol, reserved) + sizeof(libcgo_symbol::reserved) ==
                  first_symbol,
              "");

// What libcgo_runtime::traceback holds.
enum : unsigned { hooks_word, backtrace_word, get_ip_word, get_register_word };

const libcgo_traceback_ops *hooks_of(const libcgo_runtime *runtime) {
  return reinterpret_cast<const libcgo_traceback_ops *>(
      __atomic_load_n(&runtime->traceback[hooks_word], __ATOMIC_ACQUIRE));
}

int check_hooks(const libcgo_traceback_ops *ops) {
  if (ops == nullptr)
    return 0;
  if (ops->size < first_ops)
    return EINVAL;
  if (ops->version != LIBCGO_RECORD_VERSION)
    return ENOTSUP;
  return (ops->context == nullptr) == (ops->release == nullptr) ? 0 : EINVAL;
}

struct trace {
  uintptr_t *pcs;
  size_t max;
  size_t count;
};

// False when there is no room for another.
bool add(trace *t, uintptr_t pc) {
  t->pcs[t->count++] = pc;
  return t->count < t->max;
}

// ---- with the compiler's unwinder ----

struct unwinding {
  trace *into;
  os::unwinder unwinder;
  uintptr_t first; // where the caller goes on: frames before it are ours
  bool begun;
};

// The unwinder of 32-bit Arm gives the address of a frame's code as it gives every
// register: a core register, the 15th, as 32 bits, in which bit 0 is the CPU's state
// (Exception Handling ABI for the Arm Architecture, "_Unwind_VRS_Get").
uintptr_t code_address(const os::unwinder &unwinder, _Unwind_Context *context) {
  if (unwinder.get_ip != nullptr)
    return unwinder.get_ip(context);
  uint32_t pc = 0;
  unwinder.get_register(context, 0, 15, 0, &pc);
  return libcgo_strip_signature(pc);
}

_Unwind_Reason_Code take_frame(_Unwind_Context *context, void *p) {
  auto *u = static_cast<unwinding *>(p);
  const uintptr_t pc = code_address(u->unwinder, context);
  u->begun = u->begun || pc == u->first;
  if (u->begun && pc != 0 && !add(u->into, pc))
    return _URC_END_OF_STACK; // any but _URC_NO_REASON ends it
  return _URC_NO_REASON;
}

// ---- by frame pointers ----

// The frame at fp, where the walk has come from the stack `now`: its caller's
// frame and the address to which it returns. Looks at nothing but the thread's
// stacks. A frame pointer may be anything, and a stack that the record knows may be gone
// (a coroutine's, or one that a longjmp has left), or end in pages that fault: a word is
// read where it stands only if it is known to be there.
struct walk {
  const libcgo_thread *thread; // may be NULL
  stack_bounds now;
  uintptr_t link;     // of stopped code, else 0
  stack_bounds there; // what is known to be there
  uintptr_t own_lo;   // on the thread's own stack the walk has come so far
};

bool holds(const stack_bounds &stack, uintptr_t at, uintptr_t bytes) {
  return at >= stack.lo && at < stack.hi && stack.hi - at >= bytes;
}

// Whether the range is on a stack of the thread: then the walk goes on there.
bool reach(walk *w, uintptr_t at, uintptr_t bytes) {
  if (holds(w->now, at, bytes))
    return true;
  // Outside: a crossing has switched stacks.
  stack_bounds other;
  if (w->thread == nullptr || !find_known_stack(w->thread, at, &other) ||
      other.hi == w->now.hi)
    return false;
  if (other.hi == w->thread->stack_hi && other.lo < w->own_lo)
    other.lo = w->own_lo;
  if (!holds(other, at, bytes))
    return false;
  w->now = other;
  return true;
}

// On one stack callers are above: what goes down or round is no chain.
void leave_below(walk *w, uintptr_t lo) {
  w->now.lo = lo;
  if (w->thread != nullptr && w->now.hi == w->thread->stack_hi)
    w->own_lo = lo;
}

bool reach_frame(walk *w, uintptr_t fp) {
  return reach(w, fp + libcgo_frame_layout.lowest, libcgo_frame_layout.bytes);
}

bool read_word(const walk *w, uintptr_t frame, intptr_t offset, uintptr_t *word) {
  const uintptr_t at = frame + static_cast<uintptr_t>(offset);
  if (!holds(w->there, at, sizeof *word))
    return os::copy_readable(at, word, sizeof *word);
  *word = *reinterpret_cast<const uintptr_t *>(at);
  return true;
}

// Stopped code may have its caller's frame pointer in the place of its return address:
// gcc for RISC-V and for Arm stores no more in a function that calls nothing, and what
// would be below is not on the stack on Arm.
bool step_out_of_leaf(walk *w, uintptr_t *fp) {
  const intptr_t place = libcgo_frame_layout.return_address;
  walk here = *w;
  if (w->link == 0 || libcgo_frame_layout.return_address_is_in_caller() ||
      !reach(&here, *fp + static_cast<uintptr_t>(place), sizeof(uintptr_t)))
    return false;
  uintptr_t next;
  walk beyond = here;
  if (!read_word(&here, *fp, place, &next) || !reach_frame(&beyond, next))
    return false;
  w->now = here.now;
  leave_below(w, *fp + static_cast<uintptr_t>(place) + 1);
  *fp = next;
  return true;
}

bool step(walk *w, uintptr_t *fp, uintptr_t *pc) {
  const frame_layout &layout = libcgo_frame_layout;
  if (*fp % sizeof(uintptr_t) != 0)
    return false;
  if (step_out_of_leaf(w, fp)) {
    *pc = libcgo_strip_signature(w->link);
    w->link = 0;
    return *pc != 0;
  }
  if (!reach_frame(w, *fp))
    return false;
  leave_below(w, *fp + layout.lowest + 1);
  uintptr_t next;
  if (!read_word(w, *fp, layout.caller, &next))
    return false;
  uintptr_t holder = *fp;
  if (layout.return_address_is_in_caller()) {
    holder = next;
    const uintptr_t end = static_cast<uintptr_t>(layout.return_address) +
                          sizeof(uintptr_t) - layout.lowest;
    if (next % sizeof(uintptr_t) != 0 || !reach(w, next + layout.lowest, end))
      return false;
  }
  if (!read_word(w, holder, layout.return_address, pc))
    return false;
  if (layout.return_address_is_in_caller() && *pc == 0)
    *pc = w->link; // stopped code has stored nothing there yet
  *pc = libcgo_strip_signature(*pc);
  w->link = 0;
  *fp = next;
  return *pc != 0;
}

bool find_stack(const libcgo_thread *thread, uintptr_t address,
                stack_bounds *stack) {
  return (thread != nullptr && find_known_stack(thread, address, stack)) ||
         os::mapping_bounds(address, stack) == 0;
}

bool is_there(uintptr_t address) {
  char byte;
  return os::copy_readable(address, &byte, 1);
}

// How far below a stack the stack pointer can be that has overflown it: a frame.
constexpr uintptr_t most_below = 1024 * 1024;

// Where the walk begins: at sp, or above, at a frame pointer that is on the stack, where
// sp is below it.
bool begin_walk(walk *w, uintptr_t sp, uintptr_t fp) {
  const libcgo_thread *const thread = w->thread;
  if (thread != nullptr && holds({thread->stack_lo, thread->stack_hi}, sp, 1)) {
    w->now = {sp, thread->stack_hi};
    if (is_there(sp)) // else in pages that a client guards its stack with
      w->there = w->now;
    return true;
  }
  if (find_stack(thread, sp, &w->now) && is_there(sp)) {
    w->now.lo = sp;
    return true;
  }
  if (fp < sp || !find_stack(thread, fp, &w->now) ||
      (w->now.lo > sp && w->now.lo - sp > most_below))
    return false;
  if (w->now.lo < sp)
    w->now.lo = sp;
  return true;
}

void walk_frames(const libcgo_thread *thread, uintptr_t sp, uintptr_t fp,
                 uintptr_t link, trace *t) {
  if (libcgo_frame_layout.bytes == 0)
    return;
  walk w = {thread, {}, link, {}, 0};
  if (!begin_walk(&w, sp, fp))
    return;
  uintptr_t pc;
  bool found = step(&w, &fp, &pc);
  // In the caller's frame the word of the return address may be that of an earlier
  // call, as long as stopped code has not stored its own; and once it has, its link
  // register may have that of a later one. Nothing here tells: both are given.
  if (libcgo_frame_layout.return_address_is_in_caller() && link != 0 &&
      !(found && pc == link) && !add(t, link))
    return;
  for (; found; found = step(&w, &fp, &pc))
    if (!add(t, pc))
      return;
}

const libcgo_thread *record_of(const libcgo_runtime *runtime) {
  const libcgo_thread *thread = runtime->ops->current(runtime);
  return thread != nullptr && check_thread(thread) == 0 ? thread : nullptr;
}

os::unwinder unwinder_of(const libcgo_runtime *runtime) {
  return {reinterpret_cast<os::backtrace_function *>(__atomic_load_n(
              &runtime->traceback[backtrace_word], __ATOMIC_ACQUIRE)),
          reinterpret_cast<os::get_ip_function *>(runtime->traceback[get_ip_word]),
          reinterpret_cast<os::get_register_function *>(
              runtime->traceback[get_register_word])};
}

#ifdef LIBCGO_CONTEXTS
void unwind(void *p) {
  auto *u = static_cast<unwinding *>(p);
  u->unwinder.backtrace(take_frame, u);
}
#endif

} // namespace

#ifdef LIBCGO_CONTEXTS
size_t traceback_from(const libcgo_runtime *runtime, uintptr_t sp,
                      uintptr_t *pcs, size_t max) {
  const auto word = [sp](uintptr_t offset) {
    return *reinterpret_cast<const uintptr_t *>(sp + offset);
  };
  const int caller_errno = errno;
  trace t = {pcs, max, 0};
  unwinding u = {&t, unwinder_of(runtime),
                 libcgo_strip_signature(reinterpret_cast<uintptr_t>(
                     __builtin_extract_return_addr(reinterpret_cast<void *>(
                         word(libcgo_switch_frame.return_address))))),
                 false};
  if (u.unwinder.backtrace != nullptr)
    libcgo_context_look(sp, unwind, &u);
  if (t.count == 0 && add(&t, u.first))
    walk_frames(nullptr, sp, word(libcgo_switch_frame.frame_pointer), 0, &t);
  errno = caller_errno;
  return t.count;
}
#endif

} // namespace cgo

extern "C" {

int libcgo_symbol_init(libcgo_symbol *symbol, size_t size) {
  return cgo::begin_versioned_record(symbol, size, cgo::first_symbol);
}

int libcgo_traceback_ops_init(libcgo_traceback_ops *ops, size_t size) {
  return cgo::begin_versioned_record(ops, size, cgo::first_ops);
}

int libcgo_traceback_set(libcgo_runtime *runtime,
                         const libcgo_traceback_ops *ops) {
  using namespace cgo;
  int err = check_runtime(runtime);
  if (err == 0)
    err = check_hooks(ops);
  if (err != 0)
    return err;
  const int caller_errno = errno;
  const os::unwinder found = os::find_unwinder();
  errno = caller_errno;
  runtime->traceback[get_ip_word] = reinterpret_cast<uintptr_t>(found.get_ip);
  runtime->traceback[get_register_word] =
      reinterpret_cast<uintptr_t>(found.get_register);
  __atomic_store_n(&runtime->traceback[backtrace_word],
                   reinterpret_cast<uintptr_t>(found.backtrace),
                   __ATOMIC_RELEASE);
  __atomic_store_n(&runtime->traceback[hooks_word],
                   reinterpret_cast<uintptr_t>(ops), __ATOMIC_RELEASE);
  return found.backtrace != nullptr ? 0 : ENOENT;
}

uintptr_t libcgo_traceback_context(const libcgo_runtime *runtime) {
  using namespace cgo;
  if (check_runtime(runtime) != 0)
    return 0;
  const libcgo_traceback_ops *hooks = hooks_of(runtime);
  return hooks != nullptr && hooks->context != nullptr ? hooks->context() : 0;
}

void libcgo_traceback_release(const libcgo_runtime *runtime, uintptr_t context) {
  using namespace cgo;
  if (context == 0 || check_runtime(runtime) != 0)
    return;
  const libcgo_traceback_ops *hooks = hooks_of(runtime);
  if (hooks != nullptr && hooks->release != nullptr)
    hooks->release(context);
}

size_t libcgo_traceback(const libcgo_runtime *runtime, uintptr_t context,
                        const void *signal_context, uintptr_t *pcs, size_t max) {
  using namespace cgo;
  if (check_runtime(runtime) != 0 || pcs == nullptr || max == 0)
    return 0;
  const libcgo_traceback_ops *hooks = hooks_of(runtime);
  if (hooks != nullptr && hooks->traceback != nullptr)
    return hooks->traceback(context, signal_context, pcs, max);

  const int caller_errno = errno;
  trace t = {pcs, max, 0};
  if (signal_context != nullptr) {
    const os::stopped_code stopped = os::read_signal_context(signal_context);
    if (add(&t, stopped.pc))
      walk_frames(record_of(runtime), stopped.sp, stopped.fp, stopped.link, &t);
  } else {
    const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    const os::unwinder unwinder = unwinder_of(runtime);
    if (unwinder.backtrace != nullptr) {
      unwinding u = {
          &t, unwinder,
          libcgo_strip_signature(reinterpret_cast<uintptr_t>(
              __builtin_extract_return_addr(__builtin_return_address(0)))),
          false};
      unwinder.backtrace(take_frame, &u);
    }
    // Where the return address is in the caller's frame, compilers may take that for
    // this one (gcc for s390x): then the walk misses where this one returns to.
    const uintptr_t link =
        libcgo_frame_layout.return_address_is_in_caller()
            ? reinterpret_cast<uintptr_t>(__builtin_return_address(0))
            : 0;
    if (t.count == 0)
      walk_frames(record_of(runtime), frame + libcgo_frame_layout.lowest, frame,
                  link, &t);
  }
  errno = caller_errno;
  return t.count;
}

int libcgo_symbolize(const libcgo_runtime *runtime, libcgo_symbol *symbol) {
  using namespace cgo;
  int err = check_runtime(runtime);
  if (err != 0)
    return err;
  if (symbol == nullptr || symbol->size < first_symbol)
    return EINVAL;
  if (symbol->version != LIBCGO_RECORD_VERSION)
    return ENOTSUP;
  const libcgo_traceback_ops *hooks = hooks_of(runtime);
  const int caller_errno = errno;
  if (hooks != nullptr && hooks->symbolize != nullptr) {
    err = hooks->symbolize(symbol);
  } else {
    symbol->file = nullptr;
    symbol->line = symbol->more = symbol->data = 0;
    err = os::find_symbol(symbol->pc, &symbol->object, &symbol->function,
                          &symbol->entry)
              ? 0
              : ENOENT;
  }
  errno = caller_errno;
  return err;
}

} // extern "C"
