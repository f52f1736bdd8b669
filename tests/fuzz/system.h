/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A system that says what the fuzzer wants. The source of the library that is fuzzed is
 * included after this header: what it asks of the system comes here.
 */
#ifndef LIBCGO_TESTS_FUZZ_SYSTEM_H
#define LIBCGO_TESTS_FUZZ_SYSTEM_H

#include <errno.h>
#include <map>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "input.h"

namespace fuzz {

struct open_file {
  const std::string *text;
  size_t at;
};

// Files by their names; the others do not exist.
inline std::map<std::string, std::string> files;
inline std::map<long, open_file> opened;
inline long next_file;
inline unsigned chunk;     // most bytes of a read
inline unsigned interrupt; // each so many-th call is interrupted first; 0: none
inline unsigned calls_made;
inline bool fail_at_end; // a read at the end of a file fails

inline void begin(input &in) {
  files.clear();
  opened.clear();
  next_file = 3;
  calls_made = 0;
  chunk = in.byte() % 70 + 1;
  if (chunk == 70)
    chunk = 4096;
  interrupt = in.byte() % 5;
  interrupt = interrupt == 1 ? 2 : interrupt; // not for ever
  fail_at_end = in.byte() % 8 == 7;
}
// Nothing stays open.
inline void end() { CHECK(opened.empty()); }

inline long call(long number, long a, long b, long c) {
  auto fails = [](int err) {
    errno = err;
    return -1L;
  };
  if (number == SYS_openat || number == SYS_read)
    if (interrupt != 0 && ++calls_made % interrupt == 0)
      return fails(EINTR);
  switch (number) {
  case SYS_openat: {
    const auto file = files.find(reinterpret_cast<const char *>(b));
    if (file == files.end())
      return fails(ENOENT);
    opened[next_file] = {&file->second, 0};
    return next_file++;
  }
  case SYS_close:
    CHECK(opened.erase(a) == 1);
    return 0;
  case SYS_read: {
    const auto file = opened.find(a);
    CHECK(file != opened.end());
    const std::string &text = *file->second.text;
    size_t n = text.size() - file->second.at;
    if (n == 0)
      return fail_at_end ? fails(EIO) : 0;
    n = n < static_cast<size_t>(c) ? n : static_cast<size_t>(c);
    n = n < chunk ? n : chunk;
    memcpy(reinterpret_cast<void *>(b), text.data() + file->second.at, n);
    file->second.at += n;
    return static_cast<long>(n);
  }
  case SYS_getdents64: {
    // The text of "/proc" has the records, each a word of its length first.
    const auto file = opened.find(a);
    CHECK(file != opened.end());
    const std::string &text = *file->second.text;
    size_t n = 0;
    while (file->second.at + n < text.size()) {
      unsigned short length;
      memcpy(&length, text.data() + file->second.at + n + 16, sizeof length);
      if (n + length > static_cast<size_t>(c))
        break;
      n += length;
    }
    memcpy(reinterpret_cast<void *>(b), text.data() + file->second.at, n);
    file->second.at += n;
    return static_cast<long>(n);
  }
  case SYS_ioctl:
    return fails(ENOTTY);
  case SYS_gettid:
    return 4711;
  default:
    return fails(ENOSYS);
  }
}

inline rlim_t limits[RLIM_NLIMITS];
inline bool memory_fails;
inline int memory_error;
inline uid_t user;

} // namespace fuzz

extern "C" {
inline long fuzz_syscall(long number, long a = 0, long b = 0, long c = 0,
                         long = 0, long = 0, long = 0) {
  return fuzz::call(number, a, b, c);
}
inline int fuzz_getrlimit(int resource, rlimit *limit) {
  *limit = {fuzz::limits[resource], fuzz::limits[resource]};
  return 0;
}
inline uid_t fuzz_getuid() { return fuzz::user; }
inline void *fuzz_mmap(void *, size_t, int, int, int, long) {
  errno = fuzz::memory_error;
  return fuzz::memory_fails ? MAP_FAILED : reinterpret_cast<void *>(4096);
}
inline int fuzz_munmap(void *, size_t) { return 0; }
}

template <class... Words> long fuzz_system(long number, Words... words) {
  return fuzz_syscall(number, (long)(words)...);
}

#endif
