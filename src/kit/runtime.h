/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two records of the kit, as the library sees them.
 */
#ifndef LIBCGO_RUNTIME_H_INTERNAL
#define LIBCGO_RUNTIME_H_INTERNAL

#include <libcgo/runtime.h>

#include <errno.h>

#include "core/platform.h"

namespace cgo {

/* The size of the record in the first release, in bytes. Later releases append to it. */
constexpr size_t first_thread = 8 + 49 * sizeof(uintptr_t);

/* Returns 0 if this library can work with the record; else EINVAL or ENOTSUP. */
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
constexpr uintptr_t thread_small_within_own =
    8; /* a small stack is in the system stack */
constexpr uintptr_t thread_c_switches =
    16; /* C returned to a call below it: no guesses */
constexpr uintptr_t thread_tasks_switch =
    32;                                /* libcgo_stack_switched was called */
constexpr uintptr_t thread_world = 64; /* of a runtime with LIBCGO_WORLD */
constexpr uintptr_t thread_calls_left =
    128; /* calls on small stacks have ended unseen, or may have */
constexpr unsigned thread_rounds_shift = 8;

/* Makes the thread key, and keeps the hooks mapped. Returns 0, EAGAIN, EPERM or
   ENOMEM. */
int prepare_runtime(libcgo_runtime *runtime);

/* How a thread enters a record. */
struct entrance {
  uintptr_t state;           /* thread_foreign or 0 */
  stack_bounds stack;        /* the system stack; empty: not known yet */
  stack_bounds signal_stack; /* from os::map_signal_stack, or empty */
  bool ending;               /* the thread has already left for the last time */
  void *room;                /* for its member, from malloc; or nullptr */
};

/*
 * Gives the record to the calling thread, which has signals held. The thread leaves by
 * itself at its end, unless it is ending already. After an error (of os::set_key) nothing
 * has changed.
 */
int enter_thread(libcgo_runtime *runtime, libcgo_thread *thread,
                 const entrance &how);

} // namespace cgo

#endif
