// SPDX-License-Identifier: BSD-3-Clause
//
// FreeBSD.
#include "os/bsd.h"

#include <sys/types.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <pthread_np.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysctl.h>
#include <sys/umtx.h>
#include <sys/user.h>
#include <unistd.h>

namespace cgo::os {

// ---- stacks ----

int own_stack_bounds(stack_bounds *bounds) {
  pthread_attr_t attr;
  int err = pthread_attr_init(&attr);
  if (err != 0)
    return err;
  void *lo = nullptr;
  size_t size = 0;
  // Of the initial thread, too, and without the guard pages.
  err = pthread_attr_get_np(pthread_self(), &attr);
  if (err == 0)
    err = pthread_attr_getstack(&attr, &lo, &size);
  pthread_attr_destroy(&attr);
  bounds->lo = reinterpret_cast<uintptr_t>(lo);
  bounds->hi = bounds->lo + size;
  return err;
}

namespace {

// An entry is cut after the string in it, and says how long it is.
size_t read_entry(const char *entry, stack_bounds *bounds) {
  int size;
  uint64_t start, end;
  memcpy(&size, entry + offsetof(kinfo_vmentry, kve_structsize), sizeof size);
  memcpy(&start, entry + offsetof(kinfo_vmentry, kve_start), sizeof start);
  memcpy(&end, entry + offsetof(kinfo_vmentry, kve_end), sizeof end);
  bounds->lo = static_cast<uintptr_t>(start);
  bounds->hi = static_cast<uintptr_t>(end);
  return size > 0 ? static_cast<size_t>(size) : 0;
}

} // namespace

int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  const int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_VMMAP, getpid()};
  return find_mapping(name, 4, address, bounds, read_entry);
}

// The kernel reads the set, and then refuses what to do with it. Not by
// sigprocmask(2), which the threads' library reads for itself.
bool can_read(uintptr_t address) {
  return syscall(SYS_sigprocmask, -1, address, nullptr) == 0 || errno != EFAULT;
}

// The system does not say how much the vector registers need that it puts there;
// those of amd64, with the tiles of a matrix unit, have 11 KiB.
size_t least_signal_stack() { return MINSIGSTKSZ + 12 * 1024; }

// ---- names, CPUs ----

void set_thread_name(const char *name) {
  pthread_set_name_np(pthread_self(), name);
}

int set_thread_cpus(const void *cpus, size_t size) {
  return pthread_setaffinity_np(pthread_self(), size,
                                static_cast<const cpuset_t *>(cpus));
}

// ---- signals ----

// ucontext_t, in <machine/ucontext.h>.
namespace {
[[maybe_unused]] constexpr context_layout context_of_amd64 = {176, 200, 88};
[[maybe_unused]] constexpr context_layout context_of_arm64 = {272, 264, 248};
} // namespace
const context_layout signal_context = LIBCGO_CONCAT(context_of_, LIBCGO_CPU);

// ---- waiting ----

void wait_while(const uint32_t *word, uint32_t value) {
  const int caller_errno = errno;
  _umtx_op(const_cast<uint32_t *>(word), UMTX_OP_WAIT_UINT_PRIVATE, value,
           nullptr, nullptr);
  errno = caller_errno;
}

void wait_while_for(const uint32_t *word, uint32_t value,
                    unsigned long long most_ns) {
  timespec most = at_most_a_second(most_ns);
  const int caller_errno = errno;
  _umtx_op(const_cast<uint32_t *>(word), UMTX_OP_WAIT_UINT_PRIVATE, value,
           nullptr, &most);
  errno = caller_errno;
}

void wake_all(const uint32_t *word) {
  const int caller_errno = errno;
  _umtx_op(const_cast<uint32_t *>(word), UMTX_OP_WAKE_PRIVATE, INT_MAX, nullptr,
           nullptr);
  errno = caller_errno;
}

// ---- limits ----

thread_limit find_thread_limit(const thread_shape &) {
  int most = 0;
  size_t size = sizeof most;
  kinfo_proc process;
  size_t process_size = sizeof process;
  const int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()};
  if (sysctlbyname("kern.threads.max_threads_per_proc", &most, &size, nullptr,
                   0) != 0 ||
      sysctl(name, 4, &process, &process_size, nullptr, 0) != 0)
    return {};
  // Counts are read a moment after the failure: nine tenths will do.
  if (process.ki_numthreads < most / 10 * 9)
    return {};
  return {"max_threads_per_proc", static_cast<unsigned long long>(most),
          static_cast<unsigned long long>(process.ki_numthreads),
          "threads of the process",
          "raise it (sysctl kern.threads.max_threads_per_proc)"};
}

} // namespace cgo::os
