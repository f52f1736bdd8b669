// SPDX-License-Identifier: BSD-3-Clause
//
// What FreeBSD, NetBSD and OpenBSD share.
#include "os/bsd.h"
#include "os/objects.h"

#include <sys/types.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/sysctl.h>
#include <unistd.h>

namespace cgo::os {

fence_kind find_fence() { return fence_kind::missing; }
bool fence_others() { return false; }

// Thread-local variables and control blocks are memory of their own on these
// systems: the stack is the thread's down to the last byte.
int thread_stack_bounds(uintptr_t here, stack_bounds *bounds) {
  const int err = own_stack_bounds(bounds);
  bounds->hi = here;
  return err;
}

// No namespaces of process numbers.
int process_id() { return getpid(); }

// Of a thread that has begun, the system is not asked.
long thread_number() { return 1; }
bool thread_waits(long thread) { return thread != 0; }

// No SS_AUTODISARM.
bool find_disarmed_stack(uintptr_t, stack_bounds *) { return false; }

// No system call copies within a process: each page is looked at, then read. Not the first
// one, at which null pointers point: a call that is given one reads nothing, and does not
// fail.
bool copy_readable(uintptr_t from, void *to, size_t bytes) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  if (bytes == 0)
    return true;
  const uintptr_t last = from + bytes - 1;
  if (last < from || from < page)
    return false;
  const int caller_errno = errno;
  bool all = true;
  for (uintptr_t at = from & ~(page - 1); all; at += page) {
    all = can_read(at);
    if (at == (last & ~(page - 1)))
      break;
  }
  errno = caller_errno;
  if (all)
    memcpy(to, reinterpret_cast<const void *>(from), bytes);
  return all;
}

// The loaders of these systems give their lock back before they call what an object
// begins with.
bool stays_mapped(const void *address) { return keep_mapped(address); }

// No namespaces.
bool is_program(const dl_phdr_info *) { return true; }
bool keep_in_namespace(const void *, int) { return false; }

// ---- sysctl(3) ----

namespace {

// A table in memory of its own: a signal handler may ask, and on a small stack.
class table {
public:
  ~table() { release(); }
  table() = default;
  table(const table &) = delete;
  table &operator=(const table &) = delete;

  int read(const int *name, unsigned length) {
    // It may have grown since its size was asked for.
    for (int attempts = 0; attempts < 8; attempts++) {
      size_ = 0;
      if (sysctl(name, length, nullptr, &size_, nullptr, 0) != 0)
        return errno;
      mapped_ = size_ + size_ / 4 + 4096;
      memory_ = static_cast<char *>(map_zeroed(mapped_));
      if (memory_ == nullptr)
        return ENOMEM;
      size_ = mapped_;
      if (sysctl(name, length, memory_, &size_, nullptr, 0) == 0)
        return 0;
      if (errno != ENOMEM && errno != ENOSPC) // NetBSD's is the second
        return errno;
      release();
    }
    return ENOMEM;
  }
  const char *begin() const { return memory_; }
  const char *end() const { return memory_ + size_; }

private:
  void release() {
    if (memory_ != nullptr)
      unmap(memory_, mapped_);
    memory_ = nullptr;
  }

  char *memory_ = nullptr;
  size_t mapped_ = 0;
  size_t size_ = 0;
};

} // namespace

int find_mapping(const int *name, unsigned length, uintptr_t address,
                 stack_bounds *bounds,
                 size_t (*read_entry)(const char *, stack_bounds *)) {
  const int caller_errno = errno;
  int err;
  {
    table mappings;
    err = mappings.read(name, length);
    if (err == 0) {
      err = ENOENT;
      const char *entry = mappings.begin();
      while (entry < mappings.end()) {
        const size_t size = read_entry(entry, bounds);
        if (address >= bounds->lo && address < bounds->hi)
          err = 0;
        if (err == 0 || size == 0)
          break;
        entry += size;
      }
    }
  }
  errno = caller_errno;
  return err;
}

long long read_sysctl(const int *name, unsigned length) {
  int value = 0;
  size_t size = sizeof value;
  return sysctl(name, length, &value, &size, nullptr, 0) == 0 ? value : -1;
}

// ---- signals ----

namespace {

uintptr_t word_at(const void *context, size_t offset) {
  uintptr_t word;
  memcpy(&word, static_cast<const char *>(context) + offset, sizeof word);
  return word;
}

} // namespace

stopped_code read_signal_context(const void *context) {
  return {word_at(context, signal_context.pc),
          word_at(context, signal_context.sp),
          word_at(context, signal_context.fp), 0};
}

} // namespace cgo::os
