/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two records of the kit, as the library sees them.
 */
#ifndef LIBCGO_RUNTIME_H_INTERNAL
#define LIBCGO_RUNTIME_H_INTERNAL

#include <libcgo/runtime.h>

#include <errno.h>

#include "platform.h"

namespace cgo {

/* What the first release's record had, in bytes; later ones append to it. */
constexpr size_t first_thread = 8 + 49 * sizeof(uintptr_t);

/* Whether a record is one that this library can work with: 0, EINVAL or
   ENOTSUP. */
int check_runtime(const libcgo_runtime *runtime);

inline int check_thread(const libcgo_thread *thread) {
  if (thread == nullptr || thread->size < first_thread)
    return EINVAL;
  return thread->version == LIBCGO_RECORD_VERSION ? 0 : ENOTSUP;
}

/* The library's part of libcgo_thread::state. */
constexpr uintptr_t thread_entered = 1;
constexpr uintptr_t thread_foreign = 2; /* the client did not start it */
constexpr uintptr_t thread_leaving = 4; /* `leave` is being called */
constexpr uintptr_t thread_small_within_own = 8; /* a small stack is in the own one */
constexpr uintptr_t thread_c_switches = 16; /* C returns to stacks that are below it */
constexpr uintptr_t thread_tasks_switch = 32; /* so libcgo_stack_switched has told */
constexpr unsigned thread_rounds_shift = 8;

/* Makes the thread key, and keeps the hooks mapped. Returns 0, EAGAIN or
   EPERM. */
int prepare_runtime(libcgo_runtime *runtime);

/* How a thread enters a record. */
struct entrance {
  uintptr_t state;           /* thread_foreign or 0 */
  stack_bounds stack;        /* the thread's own, or empty: not known yet */
  stack_bounds signal_stack; /* by os::map_signal_stack, or empty */
  bool ending;               /* the thread has left for the last time before */
};

/*
 * The calling thread becomes the record's, with signals held; at its end
 * it leaves by itself, unless it is ending already. After an error (of
 * os::set_key) nothing has happened.
 */
int enter_thread(libcgo_runtime *runtime, libcgo_thread *thread,
                 const entrance &how);

} // namespace cgo

#endif
