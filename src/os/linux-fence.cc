// SPDX-License-Identifier: BSD-3-Clause
//
// Linux: a fence in all threads of the process, by membarrier(2).
#include "os/linux.h"

namespace cgo::os {

namespace {

// linux/membarrier.h; Linux 4.14.
constexpr long private_expedited = 1 << 3;
constexpr long register_private_expedited = 1 << 4;

// A fact about the process: 0 not asked yet, or what was found out, and one. With a value,
// as the other ones.
uint32_t fence_found = 0;

long membarrier(long command) {
#ifdef SYS_membarrier
  return call_system(SYS_membarrier, command, 0L, 0L);
#else
  static_cast<void>(command);
  return -ENOSYS;
#endif
}

bool registered_and_made() {
  // A child of fork has what its parent has registered; after exec(2) nobody has anything.
  if (membarrier(private_expedited) == 0)
    return true;
  return membarrier(register_private_expedited) == 0 &&
         membarrier(private_expedited) == 0;
}

} // namespace

// ENOSYS: an old kernel, or one without it. EINVAL: the kernel knows no such command, or
// runs processors that it does not interrupt. EPERM: a sandbox.
fence_kind find_fence() {
  uint32_t now = __atomic_load_n(&fence_found, __ATOMIC_RELAXED);
  if (now == 0) {
    fence_kind kind = fence_kind::others;
    if (!registered_and_made()) {
      const long err = -membarrier(register_private_expedited);
      kind = err == ENOSYS || err == EINVAL ? fence_kind::missing
                                            : fence_kind::refused;
    }
    now = static_cast<uint32_t>(kind) + 1;
    __atomic_store_n(&fence_found, now, __ATOMIC_RELAXED);
  }
  return static_cast<fence_kind>(now - 1);
}

bool fence_others() {
  if (find_fence() == fence_kind::others && registered_and_made())
    return true;
  if (find_fence() == fence_kind::others)
    __atomic_store_n(&fence_found, static_cast<uint32_t>(fence_kind::refused) + 1,
                     __ATOMIC_RELAXED);
  return false;
}

} // namespace cgo::os
