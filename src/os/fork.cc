// SPDX-License-Identifier: BSD-3-Clause
//
// What a child of fork(2) is told.
#include "core/platform.h"

#include <pthread.h>

// glibc's pthread_atfork is in each object that calls it, and tells the loader whose handler
// it is by this variable, which the compiler's start files define. The shared object is
// linked without them; where they are, they have the name already.
extern "C" {
extern void *const __dso_handle
    __attribute__((__weak__, __visibility__("hidden")));
void *const __dso_handle = const_cast<void **>(&__dso_handle);
}

namespace cgo::os {

bool call_in_child(void (*fn)()) {
  return pthread_atfork(nullptr, nullptr, fn) == 0;
}

} // namespace cgo::os
