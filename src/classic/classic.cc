// SPDX-License-Identifier: BSD-3-Clause
//
// The classic face: the default runtime, whose records are a client's g and m. It
// is a set of constant hooks on the core that the kit's runtimes use, so no
// stray write redirects it.
//
// The six data symbols stand in this one file because a client's reference to
// any of them must bring all of them out of the archive: they override the
// client's own definitions without a value (libcgo-classic(7), Symbols). They are
// const, so that the loader write-protects the pointers.
#include <libcgo/classic.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/arch.h"
#include "classic/slots.h"
#include "classic/memory.h"
#include "core/platform.h"
#include "core/report.h"
#include "core/start.h"

// Offsets that a client's compiled code uses.
static_assert(offsetof(libcgo_g, stackguard) == 0, "");
static_assert(offsetof(libcgo_g, stackbase) == sizeof(uintptr_t), "");
static_assert(offsetof(libcgo_start, m) == 0, "");
static_assert(offsetof(libcgo_start, g) == sizeof(uintptr_t), "");
static_assert(offsetof(libcgo_start, fn) == 2 * sizeof(uintptr_t), "");
static_assert(offsetof(libcgo_malloc_args, ret) == 8, "");

namespace {

// What the runtime's stack check leaves for C (libcgo-classic(7), Start of a thread).
constexpr uintptr_t guard_bytes = 4096;

const char thread_start_call[] = "libcgo_thread_start";

// What a new thread starts from: the classic record, and the core's.
struct classic_start : cgo::thread_start {
  libcgo_start classic;
};

bool enter(cgo::thread_start *record, uintptr_t here) {
  const cgo::stack_bounds stack = cgo::new_thread_bounds(record, here);
  const libcgo_start &start = static_cast<classic_start *>(record)->classic;
  if (stack.hi - stack.lo <= guard_bytes)
    cgo::message(thread_start_call)
        .text("the new thread's stack has ")
        .number(static_cast<long long>(stack.hi - stack.lo))
        .text(" usable bytes, and the first ")
        .number(guard_bytes)
        .text(" are kept for C: raise the process's default stack size "
              "(pthread_setattr_default_np)")
        .fatal();
  start.g->stackbase = stack.hi;
  start.g->stackguard = stack.lo + guard_bytes;
  cgo::store_slots(reinterpret_cast<uintptr_t>(start.g), start.m);
  return true;
}

void run(cgo::thread_start *record) {
  auto fn = static_cast<classic_start *>(record)->classic.fn;
  free(record);
  LIBCGO_CROSSCALL(fn);
}

void thread_start(libcgo_start *start) {
  const int caller_errno = errno; // malloc may change it
  auto *record = static_cast<classic_start *>(malloc(sizeof(classic_start)));
  if (record == nullptr)
    cgo::no_thread(thread_start_call, ENOMEM);
  record->enter = enter;
  record->run = run;
  record->call = thread_start_call;
  record->fatal = nullptr;
  record->shape = {};
  record->mask_kind = cgo::start_mask::of_creator;
  record->open = {};
  record->held_at_the_end = true;
  record->classic = *start;
  const int err = cgo::start_thread(record);
  if (err != 0)
    cgo::no_thread(thread_start_call, err);
  errno = caller_errno;
}

} // namespace

extern "C" {

void libcgo_sys_thread_start(libcgo_start *start) {
  thread_start(start);
  free(start);
}

void (*const initcgo)(void) = libcgo_initcgo;
void (*const libcgo_thread_start)(struct libcgo_start *) = thread_start;
void (*const _cgo_malloc)(void *) = cgo::call_malloc;
void (*const _cgo_free)(void *) = cgo::call_free;

// The one signal to the client that C is there which works where dynamic
// relocation does not: a client defines it too, without a value.
// U+00B7 is no letter to every C++17 compiler, hence the label. Compilers of 2010
// write it as a full stop into their objects, and that is the name their linkers know.
extern LIBCGO_API const bool
    runtime_iscgo __asm__(LIBCGO_STRING(LIBCGO_SYMBOL_PREFIX) "runtime·iscgo");
const bool runtime_iscgo = true;
extern LIBCGO_API const bool runtime_iscgo_in_objects __asm__(
    LIBCGO_STRING(LIBCGO_SYMBOL_PREFIX) "runtime.iscgo");
const bool runtime_iscgo_in_objects = true;
}
