// SPDX-License-Identifier: BSD-3-Clause
//
// Darwin: macOS, from Mac OS X 10.6 on.
#include "core/platform.h"

#include <dlfcn.h>
#include <errno.h>
#include <libproc.h>
#include <mach/mach_time.h>
#include <mach/vm_prot.h>
#include <pthread.h>
#include <string.h>
#include <sys/proc_info.h>
#include <sys/sysctl.h>
#include <unistd.h>

namespace cgo::os {

// ---- stacks ----

int own_stack_bounds(stack_bounds *bounds) {
  const pthread_t self = pthread_self();
  // The highest address, in spite of its name; guard pages are not counted.
  bounds->hi = reinterpret_cast<uintptr_t>(pthread_get_stackaddr_np(self));
  bounds->lo = bounds->hi - pthread_get_stacksize_np(self);
  // Of the initial thread some systems have a size that is too small (10.9, 10.10).
  stack_bounds mapping;
  if (pthread_main_np() != 0 && mapping_bounds(bounds->hi - 1, &mapping) == 0 &&
      mapping.lo < bounds->lo)
    bounds->lo = mapping.lo;
  return 0;
}

int thread_stack_bounds(uintptr_t here, stack_bounds *bounds) {
  const int err = own_stack_bounds(bounds);
  bounds->hi = here;
  return err;
}

// A system call of its own. vm_region() is a message, and its answer comes to a port
// for which the code that a signal has stopped may be waiting.
int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  const int caller_errno = errno;
  proc_regioninfo region;
  const int size = static_cast<int>(sizeof region);
  int err = 0;
  if (proc_pidinfo(getpid(), PROC_PIDREGIONINFO, address, &region, size) != size)
    err = errno;
  else if (address < region.pri_address)
    err = ENOENT; // it is the next one, behind a hole
  if (err == 0) {
    bounds->lo = static_cast<uintptr_t>(region.pri_address);
    bounds->hi = bounds->lo + static_cast<uintptr_t>(region.pri_size);
  }
  errno = caller_errno;
  return err;
}

// No namespaces of process numbers.
int process_id() { return getpid(); }

// The system is not asked. A thread needs the loader to begin.
long thread_number() { return 0; }
bool thread_waits(long) { return true; }

// No SS_AUTODISARM.
bool find_disarmed_stack(uintptr_t, stack_bounds *) { return false; }

// Not by mach_vm_read_overwrite(), which is a message, too: each region is asked for,
// then read.
bool copy_readable(uintptr_t from, void *to, size_t bytes) {
  const uintptr_t end = from + bytes;
  if (end < from)
    return false;
  const int caller_errno = errno;
  bool all = true;
  for (uintptr_t at = from; all && at < end;) {
    proc_regioninfo region;
    const int size = static_cast<int>(sizeof region);
    all =
        proc_pidinfo(getpid(), PROC_PIDREGIONINFO, at, &region, size) == size &&
        at >= region.pri_address && (region.pri_protection & VM_PROT_READ) != 0;
    at = static_cast<uintptr_t>(region.pri_address + region.pri_size);
  }
  errno = caller_errno;
  if (all)
    memcpy(to, reinterpret_cast<const void *>(from), bytes);
  return all;
}

size_t least_signal_stack() { return MINSIGSTKSZ; }

// ---- threads ----

void set_thread_name(const char *name) {
  char cut[MAXTHREADNAMESIZE];
  strlcpy(cut, name, sizeof cut);
  pthread_setname_np(cut);
}

// There are hints which threads share a cache, and none which CPU they run on.
int set_thread_cpus(const void *, size_t) { return ENOTSUP; }

// Its RLIMIT_NPROC counts processes, and no limit counts the memory of stacks.
thread_limit find_thread_limit(const thread_shape &) {
  int most;
  size_t size = sizeof most;
  proc_taskinfo task;
  const int task_size = static_cast<int>(sizeof task);
  if (sysctlbyname("kern.num_taskthreads", &most, &size, nullptr, 0) != 0 ||
      proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, &task, task_size) != task_size)
    return {};
  // Counted a moment after the failure: nine tenths will do.
  if (task.pti_threadnum < most - most / 10)
    return {};
  return {"kern.num_taskthreads", static_cast<unsigned long long>(most),
          static_cast<unsigned long long>(task.pti_threadnum),
          "threads of the process", "the kernel fixes it, end threads"};
}

// ---- signals ----

namespace {

// Where a ucontext_t has its pointer to the registers, and where they are there, in
// bytes (<sys/_types/_ucontext.h>, and <mach/CPU/_structs.h> behind the state of
// the exception).
struct context_layout {
  size_t registers;
  size_t pc;
  size_t sp;
  size_t fp;
};
[[maybe_unused]] constexpr context_layout context_of_amd64 = {48, 144, 72, 64};
[[maybe_unused]] constexpr context_layout context_of_386 = {28, 52, 40, 36};
[[maybe_unused]] constexpr context_layout context_of_arm64 = {48, 272, 264, 248};
constexpr context_layout context_here = LIBCGO_CONCAT(context_of_, LIBCGO_CPU);

uintptr_t word_at(uintptr_t address, size_t offset) {
  uintptr_t word;
  memcpy(&word, reinterpret_cast<const char *>(address) + offset, sizeof word);
  return word;
}

} // namespace

stopped_code read_signal_context(const void *context) {
  const uintptr_t registers =
      word_at(reinterpret_cast<uintptr_t>(context), context_here.registers);
  return {word_at(registers, context_here.pc),
          word_at(registers, context_here.sp),
          word_at(registers, context_here.fp), 0};
}

// ---- waiting ----

namespace {

// The kernel's wait for a word, which its C++ library uses. libSystem has it since
// 10.12, but no header, and the libraries to link with before then do not: hence by
// name. Before 10.12 a wait polls.
using wait_function = int(uint32_t operation, const void *word, uint64_t value,
                          uint32_t timeout_us);
using wake_function = int(uint32_t operation, const void *word, uint64_t unused);
constexpr uint32_t compare_and_wait = 1;
constexpr uint32_t all = 0x100;
constexpr uint32_t error_in_result = 0x1000000; // and errno left alone
constexpr unsigned poll_ms = 1;

// dlsym() takes the loader's lock. A thread that runs a constructor has it, and may wait here
// for who wakes. So who wakes looks for nothing. Who waits looks once, or has found it done
// where the world began: later a signal handler may wait.
uintptr_t kernel_wait, kernel_wake; // functions
uint32_t looked;

wait_function *find_wait() {
  if (__atomic_load_n(&looked, __ATOMIC_ACQUIRE) == 0) {
    __atomic_store_n(
        &kernel_wait,
        reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "__ulock_wait")),
        __ATOMIC_RELAXED);
    __atomic_store_n(
        &kernel_wake,
        reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "__ulock_wake")),
        __ATOMIC_RELAXED);
    __atomic_store_n(&looked, 1u, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // with the one in find_wake
  }
  return reinterpret_cast<wait_function *>(
      __atomic_load_n(&kernel_wait, __ATOMIC_RELAXED));
}

// The word was changed before: either this sees the function, or who looks for it now sees
// the word, and does not sleep.
wake_function *find_wake() {
  uintptr_t found = __atomic_load_n(&kernel_wake, __ATOMIC_RELAXED);
  if (found == 0) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    found = __atomic_load_n(&kernel_wake, __ATOMIC_RELAXED);
  }
  return reinterpret_cast<wake_function *>(found);
}

} // namespace

void wait_while(const uint32_t *word, uint32_t value) {
  wait_function *const wait = find_wait();
  if (wait != nullptr) {
    wait(compare_and_wait | error_in_result, word, value, 0);
    return;
  }
  const int caller_errno = errno;
  {
    cancellation_disabled disabled;
    if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
      sleep_ms(poll_ms);
  }
  errno = caller_errno;
}

void wait_while_for(const uint32_t *word, uint32_t value,
                    unsigned long long most_ns) {
  constexpr uint32_t second = 1000000;
  const uint32_t most_us = most_ns >= 1000000000u
                               ? second
                               : static_cast<uint32_t>(most_ns) / 1000 + 1;
  wait_function *const wait = find_wait();
  if (wait != nullptr)
    wait(compare_and_wait | error_in_result, word, value, most_us);
  else
    wait_while(word, value);
}

fence_kind find_fence() {
  find_wait();
  return fence_kind::missing;
}
bool fence_others() { return false; }

void wake_all(const uint32_t *word) {
  wake_function *const wake = find_wake();
  if (wake != nullptr)
    wake(compare_and_wait | all | error_in_result, word, 0);
}

// ---- clocks ----
//
// clock_gettime() is there since 10.12 only.

namespace {

struct division {
  unsigned long long quotient;
  unsigned long long rest;
};

// On 386 a division of 64 bits is a call of the compiler's library, which linkers of
// 2010 do not bring along.
division divide(unsigned long long n, uint32_t by) {
  if (sizeof(uintptr_t) == 8)
    return {n / by, n % by};
  division d = {0, 0};
  for (int bit = 63; bit >= 0; bit--) {
    d.rest = d.rest << 1 | (n >> bit & 1);
    if (d.rest >= by) {
      d.rest -= by;
      d.quotient |= 1ULL << bit;
    }
  }
  return d;
}

} // namespace

unsigned long long now_ns() {
  mach_timebase_info_data_t base;
  mach_timebase_info(&base);
  const division ticks = divide(mach_absolute_time(), base.denom);
  return ticks.quotient * base.numer +
         divide(ticks.rest * base.numer, base.denom).quotient;
}

unsigned long long now_ms() { return divide(now_ns(), 1000000).quotient; }

// ---- thread-local variables ----
//
// They are in memory that the loader allocates for each thread at the first use, at
// no fixed distance from anything: there is no segment in which an executable could
// keep a pair.

tls_segment executable_tls() { return {}; }
bool in_executable_tls(uintptr_t) { return false; }

} // namespace cgo::os
