// SPDX-License-Identifier: BSD-3-Clause
//
// The clock of POSIX that only goes forward: see platform.h.
#include <time.h>

#include "core/platform.h"

namespace cgo::os {

unsigned long long now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<unsigned long long>(t.tv_sec) * 1000 +
         static_cast<unsigned long long>(t.tv_nsec / 1000000);
}

unsigned long long now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<unsigned long long>(t.tv_sec) * 1000000000 +
         static_cast<unsigned long long>(t.tv_nsec);
}

} // namespace cgo::os
