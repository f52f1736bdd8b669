// SPDX-License-Identifier: BSD-3-Clause
//
// Thread-specific data, and what glibc leaves of it to a child of fork(2).
//
// glibc gives the threads of a child the stacks of threads that the child does not have, with
// what is on them. It clears their thread-specific data first, but not that of a thread that
// was calling its destructors: the mark "has data" is off then. A new thread of the child
// would find what the destructors had not come to, a record of another thread, and would hand
// it to the destructor at its own end. Data of a deleted key is found by nobody, also if there
// is a new key of the same number. So a child makes the library's keys anew, before its fork
// returns.
#include "core/platform.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

namespace cgo::os {

namespace {

using destructor_function = void (*)(void *);

#ifdef __GLIBC__

// By key; NULL: it is not one of the library's.
destructor_function destructors[PTHREAD_KEYS_MAX];

uint32_t child_renews;

// Nobody need learn of the new key: it has the old one's number. glibc gives the lowest one
// that is free, so the others come before it.
void renew_key(pthread_key_t key, destructor_function destructor) {
  constexpr unsigned bits = 32;
  uint32_t others[PTHREAD_KEYS_MAX / bits] = {};
  const void *const value = pthread_getspecific(key);
  pthread_key_delete(key);
  pthread_key_t made = 0;
  while (pthread_key_create(&made, destructor) == 0 && made != key)
    others[made / bits] |= 1u << made % bits;
  if (value != nullptr)
    pthread_setspecific(key, value);
  for (made = 0; made < PTHREAD_KEYS_MAX; made++)
    if ((others[made / bits] & 1u << made % bits) != 0)
      pthread_key_delete(made);
}

void in_child() {
  signals_held held({}); // a handler would find no data meanwhile
  for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX; key++)
    if (const destructor_function destructor =
            __atomic_load_n(&destructors[key], __ATOMIC_ACQUIRE))
      renew_key(key, destructor);
}

// Two threads may both ask for it: then it is done twice.
bool ask_child_to_renew() {
  if (__atomic_load_n(&child_renews, __ATOMIC_ACQUIRE) != 0)
    return true;
  if (!call_in_child(in_child))
    return false;
  __atomic_store_n(&child_renews, 1, __ATOMIC_RELEASE);
  return true;
}

LIBCGO_NOT_INSTRUMENTED void set_destructor(pthread_key_t key,
                                            destructor_function destructor) {
  __atomic_store_n(&destructors[key], destructor, __ATOMIC_RELEASE);
}

#else

bool ask_child_to_renew() { return true; }
void set_destructor(pthread_key_t, destructor_function) {}

#endif

} // namespace

const unsigned key_rounds = PTHREAD_DESTRUCTOR_ITERATIONS;

// Nobody tells.
bool thread_is_over() { return false; }

thread_limit key_limit() {
  return {"PTHREAD_KEYS_MAX", PTHREAD_KEYS_MAX, PTHREAD_KEYS_MAX, "thread keys",
          "it is fixed, delete keys"};
}

int create_key(void (*destructor)(void *), uintptr_t *key) {
  if (!ask_child_to_renew())
    return ENOMEM;
  pthread_key_t created;
  int err = pthread_key_create(&created, destructor);
  if (err == 0) {
    set_destructor(created, destructor);
    *key = static_cast<uintptr_t>(created);
  }
  return err;
}

LIBCGO_NOT_INSTRUMENTED void delete_key(uintptr_t key) {
  set_destructor(static_cast<pthread_key_t>(key), nullptr);
  pthread_key_delete(static_cast<pthread_key_t>(key));
}

LIBCGO_NOT_INSTRUMENTED int set_key(uintptr_t key, const void *value) {
  return pthread_setspecific(static_cast<pthread_key_t>(key), value);
}

void *get_key(uintptr_t key) {
  return pthread_getspecific(static_cast<pthread_key_t>(key));
}

} // namespace cgo::os
