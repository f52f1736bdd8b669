// SPDX-License-Identifier: BSD-3-Clause
//
// What a child of fork(2) is told.
#include "core/platform.h"

#include <pthread.h>
#include <stdlib.h>

namespace cgo::os {

// glibc's pthread_atfork is in each object that calls it: a member of an archive, which has no
// CET note on Debian, and needs a variable of the start files. What it calls is the
// library's: the last argument, which says whose handler it is, only counts for objects that
// are unloaded, and this one is not.
#ifdef __GLIBC__

extern "C" int __register_atfork(void (*)(), void (*)(), void (*)(), void *);

bool call_in_child(void (*fn)()) {
  return __register_atfork(nullptr, nullptr, fn, nullptr) == 0;
}

#else

bool call_in_child(void (*fn)()) {
  return pthread_atfork(nullptr, nullptr, fn) == 0;
}

#endif

} // namespace cgo::os
