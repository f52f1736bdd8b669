// SPDX-License-Identifier: BSD-3-Clause
//
// OpenBSD.
#include "os/bsd.h"

#include <sys/types.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <pthread_np.h>
#include <sys/futex.h>
#include <sys/sysctl.h>
#include <time.h>
#include <unistd.h>

namespace cgo::os {

// ---- stacks ----

int own_stack_bounds(stack_bounds *bounds) {
  stack_t stack = {};
  const int err = pthread_stackseg_np(pthread_self(), &stack);
  // Unlike the other stack_t, this one has the highest address.
  bounds->hi = reinterpret_cast<uintptr_t>(stack.ss_sp);
  bounds->lo = bounds->hi - stack.ss_size;
  return err;
}

// One entry at a time, the first that begins at the address that its start has or
// above. Free space may be an entry of its own, without bytes. Some releases let root
// ask only: then it is EPERM.
int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  const int caller_errno = errno;
  const int name[] = {CTL_KERN, KERN_PROC_VMMAP, getpid()};
  kinfo_vmentry entry = {};
  uintptr_t from = 0;
  int err = ENOENT;
  while (err == ENOENT) {
    size_t size = sizeof entry;
    entry.kve_start = from;
    if (sysctl(name, 3, &entry, &size, nullptr, 0) != 0)
      err = errno;
    else if (size == 0 || entry.kve_start < from || entry.kve_start > address)
      break;
    else if (address < entry.kve_end)
      err = 0;
    from = entry.kve_end > entry.kve_start ? entry.kve_end : entry.kve_start + 1;
  }
  bounds->lo = entry.kve_start;
  bounds->hi = entry.kve_end;
  errno = caller_errno;
  return err;
}

// The kernel reads the word to compare it. If it is equal, the wait is over at once.
bool can_read(uintptr_t address) {
  const timespec none = {};
  return futex(reinterpret_cast<volatile uint32_t *>(address),
               FUTEX_WAIT_PRIVATE, 0, &none, nullptr) == 0 ||
         errno != EFAULT;
}

size_t least_signal_stack() { return MINSIGSTKSZ; }

// ---- names, CPUs ----

void set_thread_name(const char *name) {
  pthread_set_name_np(pthread_self(), name);
}

// A thread cannot choose its CPUs.
int set_thread_cpus(const void *, size_t) { return ENOTSUP; }

// ---- signals ----

// struct sigcontext, in <machine/signal.h>.
namespace {
[[maybe_unused]] constexpr context_layout context_of_amd64 = {168, 192, 96};
[[maybe_unused]] constexpr context_layout context_of_arm64 = {24, 8, 272};
} // namespace
const context_layout signal_context = LIBCGO_CONCAT(context_of_, LIBCGO_CPU);

// ---- waiting ----

namespace {

volatile uint32_t *futex_word(const uint32_t *word) {
  return const_cast<uint32_t *>(word);
}

} // namespace

void wait_while(const uint32_t *word, uint32_t value) {
  const int caller_errno = errno;
  futex(futex_word(word), FUTEX_WAIT_PRIVATE, static_cast<int>(value), nullptr,
        nullptr);
  errno = caller_errno;
}

void wait_while_for(const uint32_t *word, uint32_t value,
                    unsigned long long most_ns) {
  const timespec most = at_most_a_second(most_ns);
  const int caller_errno = errno;
  futex(futex_word(word), FUTEX_WAIT_PRIVATE, static_cast<int>(value), &most,
        nullptr);
  errno = caller_errno;
}

void wake_all(const uint32_t *word) {
  const int caller_errno = errno;
  futex(futex_word(word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr);
  errno = caller_errno;
}

// ---- the executable's thread-local segment ----

// Compilers emulate thread-local variables here: there is none.
tls_segment executable_tls() { return {}; }
bool in_executable_tls(uintptr_t) { return false; }

// ---- limits ----

thread_limit find_thread_limit(const thread_shape &) {
  const int most_name[] = {CTL_KERN, KERN_MAXTHREAD};
  const int used_name[] = {CTL_KERN, KERN_NTHREADS};
  const long long most = read_sysctl(most_name, 2);
  const long long used = read_sysctl(used_name, 2);
  // Counts are read a moment after the failure: nine tenths will do.
  if (most <= 0 || used < most / 10 * 9)
    return {};
  return {"kern.maxthread", static_cast<unsigned long long>(most),
          static_cast<unsigned long long>(used), "threads of the system",
          "raise it (sysctl kern.maxthread)"};
}

} // namespace cgo::os
