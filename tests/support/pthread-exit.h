// SPDX-License-Identifier: BSD-3-Clause
// What the C library's pthread_exit does with the frames that it leaves.
#ifndef LIBCGO_TESTS_PTHREAD_EXIT_H
#define LIBCGO_TESTS_PTHREAD_EXIT_H

#include <pthread.h>

// Whether it destroys their objects: glibc unwinds, musl does not.
inline bool pthread_exit_unwinds() {
  struct object {
    bool *destroyed;
    ~object() { *destroyed = true; }
  };
  bool destroyed = false;
  pthread_t thread;
  const int err = pthread_create(
      &thread, nullptr,
      [](void *arg) -> void * {
        object here{static_cast<bool *>(arg)};
        pthread_exit(nullptr);
      },
      &destroyed);
  if (err != 0)
    return false;
  pthread_join(thread, nullptr);
  return destroyed;
}

#endif
