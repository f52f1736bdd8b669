/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of Linux share: its system calls, and texts under /proc and /sys.
 */
#ifndef LIBCGO_OS_LINUX_H
#define LIBCGO_OS_LINUX_H

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/platform.h"

namespace cgo::os {

// ---- system calls ----
//
// Of the system, not of the C library, where a thread may be in a handler, may have a
// cancellation pending, or may be in a forked child: there is no cancellation point in
// them and no lock.

// The result, or an errno value below zero. errno stays.
template <class... Words> long call_system(long number, Words... words) {
  const int caller_errno = errno;
  const long result = syscall(number, words...);
  const int err = errno;
  errno = caller_errno;
  return result == -1 ? -err : result;
}

inline long own_thread() { return call_system(SYS_gettid); }

// ---- reading /proc and /sys ----
//
// With a buffer on the stack: a process without memory must be able to say why,
// and a signal handler to find its stack.

using number = unsigned long long;

class file_descriptor {
public:
  // get() is an errno value below zero if there is none.
  explicit file_descriptor(const char *path, int flags = 0) {
    do
      fd_ = call_system(SYS_openat, long{AT_FDCWD}, path,
                        long{O_RDONLY | O_CLOEXEC | flags}, 0L);
    while (fd_ == -EINTR);
  }
  ~file_descriptor() {
    if (fd_ >= 0)
      call_system(SYS_close, fd_);
  }
  file_descriptor(const file_descriptor &) = delete;
  file_descriptor &operator=(const file_descriptor &) = delete;
  long get() const { return fd_; }
  long read(void *to, size_t bytes) const {
    long n;
    do
      n = fd_ < 0 ? fd_ : call_system(SYS_read, fd_, to, bytes);
    while (n == -EINTR);
    return n;
  }

private:
  long fd_;
};

// Reads a file byte by byte; -1 at its end, and when it cannot be read.
class file_bytes {
public:
  explicit file_bytes(const char *path) : fd_(path) {}
  // Why it ended, or 0.
  int error() const { return error_; }
  int next() {
    if (at_ == length_) {
      at_ = length_ = 0;
      const long n = fd_.read(buf_, sizeof buf_);
      if (n < 0)
        error_ = static_cast<int>(-n);
      if (n <= 0)
        return -1;
      length_ = n;
    }
    // read(2) has filled it. NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn)
    return static_cast<unsigned char>(buf_[at_++]);
  }

private:
  file_descriptor fd_;
  char buf_[1024];
  long at_ = 0;
  long length_ = 0;
  int error_ = 0;
};

// The name of a file of the process's thread with that number: "/proc/self/task/1/stat".
class thread_file {
public:
  thread_file(long id, const char *file) {
    char *at = put(name_, "/proc/self/task/");
    char digits[20];
    int n = 0;
    for (auto rest = static_cast<unsigned long>(id); rest != 0 || n == 0;
         rest /= 10)
      digits[n++] = static_cast<char>('0' + rest % 10);
    while (n > 0)
      *at++ = digits[--n];
    *at++ = '/';
    *put(at, file) = '\0';
  }
  const char *name() const { return name_; }

private:
  static char *put(char *at, const char *s) {
    while (*s != '\0')
      *at++ = *s++;
    return at;
  }
  char name_[64];
};

// The names of the table of mappings. The first is what emulators know. It is empty once
// the process's first thread has ended: then the second has it, the calling thread's,
// and before Linux 3.17 a name with its number.
class maps_names {
public:
  static constexpr int count = 3;
  const char *get(int i) const {
    return i == 0   ? "/proc/self/maps"
           : i == 1 ? "/proc/thread-self/maps"
                    : own_.name();
  }

private:
  thread_file own_{own_thread(), "maps"};
};

// The mappings of the process, from the lowest to the highest, in one of the tables.
class mappings {
public:
  explicit mappings(const char *name = "/proc/self/maps") : bytes_(name) {}
  // Why there are no more: 0 if the table has been read to its end.
  int error() const { return bytes_.error(); }
  // Lines of LO-HI PERMISSIONS ... in hexadecimal (proc(5)).
  bool next(stack_bounds *mapping) {
    int c;
    if (!parse_hex('-', &mapping->lo) || !parse_hex(' ', &mapping->hi))
      return false;
    while ((c = bytes_.next()) != '\n' && c != -1)
      ;
    return true;
  }

private:
  bool parse_hex(int end, uintptr_t *n) {
    int c;
    for (*n = 0; (c = bytes_.next()) != end;) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                               : -1;
      if (digit < 0)
        return false;
      *n = *n << 4 | static_cast<uintptr_t>(digit);
    }
    return true;
  }

  file_bytes bytes_;
};

} // namespace cgo::os

#endif
