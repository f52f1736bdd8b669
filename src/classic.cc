// SPDX-License-Identifier: BSD-3-Clause
//
// The classic face: the default runtime, whose records are a client's g and m.
//
// The five data symbols stand in this one file because a client's reference to
// any of them must bring all of them out of the archive: they override the
// client's own definitions without a value (CLASSIC ABI, section 1). They are
// const, so that the loader write-protects the pointers.
#include <libcgo/classic.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "arch.h"
#include "memory.h"
#include "platform.h"
#include "report.h"
#include "slots.h"
#include "thread.h"

// Offsets that a client's compiled code uses.
static_assert(offsetof(libcgo_g, stackguard) == 0, "");
static_assert(offsetof(libcgo_g, stackbase) == sizeof(uintptr_t), "");
static_assert(offsetof(libcgo_start, m) == 0, "");
static_assert(offsetof(libcgo_start, g) == sizeof(uintptr_t), "");
static_assert(offsetof(libcgo_start, fn) == 2 * sizeof(uintptr_t), "");
static_assert(offsetof(libcgo_malloc_args, ret) == 8, "");

namespace {

// What the runtime's stack check leaves for C (CLASSIC ABI, section 2).
constexpr uintptr_t guard_bytes = 4096;

const char thread_start_call[] = "libcgo_thread_start";

void enter(void *arg, const cgo::stack_bounds &stack) {
  auto *start = static_cast<libcgo_start *>(arg);
  if (stack.hi - stack.lo <= guard_bytes)
    cgo::message(thread_start_call)
        .text("the new thread's stack has ")
        .number(static_cast<long long>(stack.hi - stack.lo))
        .text(" usable bytes, and the first ")
        .number(guard_bytes)
        .text(" are kept for C: raise the process's default stack size "
              "(pthread_setattr_default_np)")
        .fatal();
  start->g->stackbase = stack.hi;
  start->g->stackguard = stack.lo + guard_bytes;
  cgo::store_slots(reinterpret_cast<uintptr_t>(start->g), start->m);
}

void run(void *arg) {
  auto *start = static_cast<libcgo_start *>(arg);
  auto fn = start->fn;
  free(start);
  LIBCGO_CROSSCALL(fn);
}

[[noreturn]] void no_thread(int err) {
  cgo::message m(thread_start_call);
  if (err == ENOMEM) {
    m.text("no memory for the new thread's start record: ENOMEM").fatal();
  } else if (err != EAGAIN) {
    m.text("the system refuses a thread with the process's default stack "
           "size, ")
        .number(static_cast<long long>(cgo::os::default_stack_size()))
        .text(" bytes: ")
        .error(err)
        .fatal();
  }
  m.text("no thread to be had within one second: EAGAIN: ");
  const cgo::thread_limit limit = cgo::os::find_thread_limit();
  if (limit.name == nullptr)
    m.text("which limit was hit could not be found out").fatal();
  m.text(limit.name)
      .text(" is ")
      .number(static_cast<long long>(limit.value))
      .text(", in use are ")
      .number(static_cast<long long>(limit.used))
      .text(" ")
      .text(limit.unit)
      .text(": ")
      .text(limit.remedy)
      .fatal();
}

void thread_start(libcgo_start *start) {
  const int caller_errno = errno; // malloc may change it
  auto *copy = static_cast<libcgo_start *>(malloc(sizeof(libcgo_start)));
  if (copy == nullptr)
    no_thread(ENOMEM);
  *copy = *start;
  libcgo_sys_thread_start(copy);
  errno = caller_errno;
}

} // namespace

extern "C" {

void libcgo_sys_thread_start(libcgo_start *start) {
  // A creator that is cancelled while it waits would lose the thread.
  cgo::os::cancellation_disabled disabled;
  int err = cgo::start_thread({enter, run, start});
  if (err != 0)
    no_thread(err);
}

void (*const initcgo)(void) = libcgo_initcgo;
void (*const libcgo_thread_start)(
    struct libcgo_start *) = thread_start;
void (*const _cgo_malloc)(void *) = cgo::call_malloc;
void (*const _cgo_free)(void *) = cgo::call_free;

// The one signal to the client that C is there which works where dynamic
// relocation does not: a client defines it too, without a value.
// U+00B7 is no letter to every C++17 compiler, hence the label.
extern LIBCGO_API const bool
    runtime_iscgo __asm__(LIBCGO_STRING(LIBCGO_SYMBOL_PREFIX) "runtime·iscgo");
const bool runtime_iscgo = true;
}
