// SPDX-License-Identifier: BSD-3-Clause
//
// What a child of fork(2) is told.
#include "core/platform.h"

#include <pthread.h>

#ifdef __GLIBC__
// glibc's pthread_atfork is a copy in each object that calls it, and that copy is not marked
// for CET: with it, the shared object would not be. What it calls is in the C library (Linux
// Standard Base, "__register_atfork"). The last argument is the object with whose end the
// handlers go: the shared library has none, but the archive may be in an object that is
// unloaded. What names the object is in the compiler's crtbegin.o; 0 in a program.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" int __register_atfork(void (*prepare)(), void (*parent)(),
                                 void (*child)(), void *object);
extern "C" [[gnu::weak, gnu::visibility("hidden")]] void *__dso_handle;
// NOLINTEND(bugprone-reserved-identifier)
#endif

namespace cgo::os {

bool call_in_child(void (*fn)()) {
#ifdef __GLIBC__
  void *const object = &__dso_handle != nullptr ? __dso_handle : nullptr;
  return __register_atfork(nullptr, nullptr, fn, object) == 0;
#else
  return pthread_atfork(nullptr, nullptr, fn) == 0;
#endif
}

} // namespace cgo::os
