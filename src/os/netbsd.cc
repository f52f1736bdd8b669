// SPDX-License-Identifier: BSD-3-Clause
//
// NetBSD 10 and later, which have futexes.
#include "os/bsd.h"

#include <sys/types.h>

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/futex.h>
#include <sys/syscall.h>
#include <sys/sysctl.h>
#include <unistd.h>
#include <uvm/uvm_param.h>

namespace cgo::os {

// ---- stacks ----

int own_stack_bounds(stack_bounds *bounds) {
  pthread_attr_t attr;
  void *lo = nullptr;
  size_t size = 0;
  // Of the initial thread, too, and without the guard pages.
  int err = pthread_getattr_np(pthread_self(), &attr);
  if (err == 0) {
    err = pthread_attr_getstack(&attr, &lo, &size);
    pthread_attr_destroy(&attr);
  }
  bounds->lo = reinterpret_cast<uintptr_t>(lo);
  bounds->hi = bounds->lo + size;
  return err;
}

namespace {

size_t read_entry(const char *entry, stack_bounds *bounds) {
  uint64_t start, end;
  memcpy(&start, entry + offsetof(kinfo_vmentry, kve_start), sizeof start);
  memcpy(&end, entry + offsetof(kinfo_vmentry, kve_end), sizeof end);
  bounds->lo = static_cast<uintptr_t>(start);
  bounds->hi = static_cast<uintptr_t>(end);
  return sizeof(kinfo_vmentry);
}

} // namespace

int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  const int name[] = {CTL_VM, VM_PROC, VM_PROC_MAP, getpid(),
                      static_cast<int>(sizeof(kinfo_vmentry))};
  return find_mapping(name, 5, address, bounds, read_entry);
}

// The kernel reads the set, and then refuses what to do with it.
bool can_read(uintptr_t address) {
  return syscall(SYS___sigprocmask14, -1, address, nullptr) == 0 ||
         errno != EFAULT;
}

size_t least_signal_stack() { return MINSIGSTKSZ; }

// ---- names, CPUs ----

void set_thread_name(const char *name) {
  char cut[PTHREAD_MAX_NAMELEN_NP];
  strlcpy(cut, name, sizeof cut); // it refuses a longer one
  char format[] = "%s";
  pthread_setname_np(pthread_self(), format, cut);
}

int set_thread_cpus(const void *cpus, size_t size) {
  return pthread_setaffinity_np(
      pthread_self(), size, static_cast<cpuset_t *>(const_cast<void *>(cpus)));
}

// ---- signals ----

// ucontext_t, in <machine/mcontext.h>.
namespace {
[[maybe_unused]] constexpr context_layout context_of_amd64 = {224, 248, 152};
[[maybe_unused]] constexpr context_layout context_of_arm64 = {320, 312, 296};
} // namespace
const context_layout signal_context = LIBCGO_CONCAT(context_of_, LIBCGO_CPU);

// ---- waiting ----

void wait_while(const uint32_t *word, uint32_t value) {
  const int caller_errno = errno;
  syscall(SYS___futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, nullptr,
          nullptr, 0, 0);
  errno = caller_errno;
}

void wait_while_for(const uint32_t *word, uint32_t value,
                    unsigned long long most_ns) {
  const timespec most = at_most_a_second(most_ns);
  const int caller_errno = errno;
  syscall(SYS___futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, &most,
          nullptr, 0, 0);
  errno = caller_errno;
}

void wake_all(const uint32_t *word) {
  const int caller_errno = errno;
  syscall(SYS___futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, nullptr,
          nullptr, 0, 0);
  errno = caller_errno;
}

// ---- the executable's thread-local segment ----

namespace {

// What the loader tells is where the first values are, and nothing of a thread. A
// linker has fixed the place: the segment ends at the thread pointer of amd64, and
// begins behind the two words at that of arm64 (ELF Handling for Thread-Local Storage,
// variants II and I).
struct tls_layout {
  bool below;
  size_t words;
};
[[maybe_unused]] constexpr tls_layout tls_of_amd64 = {true, 0};
[[maybe_unused]] constexpr tls_layout tls_of_arm64 = {false, 16};
constexpr tls_layout tls_place = LIBCGO_CONCAT(tls_of_, LIBCGO_CPU);

int read_tls_segment(dl_phdr_info *info, size_t, void *p) {
  auto *tls = static_cast<tls_segment *>(p);
  const uintptr_t pointer = libcgo_thread_pointer();
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto &header = info->dlpi_phdr[i];
    if (header.p_type != PT_TLS)
      continue;
    tls->exists = true;
    tls->size = header.p_memsz;
    tls->align = header.p_align;
    // Addresses are, modulo the alignment, what the file says.
    const uintptr_t mask = header.p_align > 1 ? header.p_align - 1 : 0;
    tls->address =
        tls_place.below
            ? pointer - tls->size - ((0 - header.p_vaddr - tls->size) & mask)
            : pointer + tls_place.words +
                  ((header.p_vaddr - tls_place.words) & mask);
  }
  return 1; // the first object is the executable: look no further
}

} // namespace

tls_segment executable_tls() {
  tls_segment tls = {};
  dl_iterate_phdr(read_tls_segment, &tls);
  return tls;
}

bool in_executable_tls(uintptr_t address) {
  const tls_segment tls = executable_tls();
  return tls.exists && address - tls.address < tls.size;
}

// ---- limits ----

// RLIMIT_NTHR counts the threads of all processes of the user, which takes more
// memory to find out than a process may have that gets no thread.
thread_limit find_thread_limit(const thread_shape &) { return {}; }

} // namespace cgo::os
