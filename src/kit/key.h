/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread key of a runtime.
 *
 * A thread that has left for the last time stores a mark under the key, in each round of
 * destructors that remains. The runtime may have ended by then. So the key is in a record
 * of its own, and goes back to the system when nobody needs it any more. Otherwise a mark
 * could be stored under a key that the system has given to somebody else.
 */
#ifndef LIBCGO_KEY_H
#define LIBCGO_KEY_H

#include <libcgo/runtime.h>

#include "core/platform.h"

namespace cgo {

struct thread_key {
  uintptr_t key;
  uint32_t owners; /* how many: the runtime, and threads that are ending */
};

/* libcgo_runtime::key is 0, or the address of a record, or the claim of a process of which a
   thread makes the key: its number, and bit 0. */
inline bool is_claim(uintptr_t key) { return (key & 1) != 0; }

/* The key of a runtime that has one, or nullptr. */
inline thread_key *key_of(const libcgo_runtime *runtime) {
  const uintptr_t key = __atomic_load_n(&runtime->key, __ATOMIC_ACQUIRE);
  return is_claim(key) ? nullptr : reinterpret_cast<thread_key *>(key);
}
inline uintptr_t load_key(const libcgo_runtime *runtime) {
  return key_of(runtime)->key;
}

/* Makes the key if there is none. Where another thread makes it, waits for that thread, which
   waits for nobody. Returns 0, EAGAIN or ENOMEM. */
int make_key(libcgo_runtime *runtime, void (*destructor)(void *));

/* The key stays until this one has let it go, too. */
void hold_key(thread_key *key);
LIBCGO_NOT_INSTRUMENTED void let_go_of_key(thread_key *key);

/* For the end of a runtime. */
void give_key_back(libcgo_runtime *runtime);

/* Whether the value of a key is the mark of the end. */
LIBCGO_NOT_INSTRUMENTED inline bool is_mark_of_the_end(const void *value) {
  return (reinterpret_cast<uintptr_t>(value) & 1) != 0;
}

/* The calling thread has left for the last time, in the round of destructors with that
   number, from 1. Stores the mark. */
void mark_the_end(thread_key *key, uintptr_t round);

/* For the key's destructor: stores the mark again. */
LIBCGO_NOT_INSTRUMENTED void keep_mark(void *mark);

} // namespace cgo

#endif
