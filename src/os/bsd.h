/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What src/os/bsd.cc does for the systems of the BSD family, and what each tells it.
 */
#ifndef LIBCGO_OS_BSD_H
#define LIBCGO_OS_BSD_H

#include "core/platform.h"

#include <time.h>

namespace cgo::os {

inline timespec at_most_a_second(unsigned long long ns) {
  constexpr unsigned long long second = 1000000000;
  timespec t = {};
  if (ns >= second)
    t.tv_sec = 1;
  else
    t.tv_nsec = static_cast<long>(ns);
  return t;
}

/* Where the registers are in what a signal handler gets, in bytes. */
struct context_layout {
  size_t pc;
  size_t sp;
  size_t fp;
};
extern const context_layout signal_context;

/* The mapping in which an address lies, from the table that sysctl(3) has under a
   name of `length` numbers. read_entry reads the bounds of an entry and returns
   its size. Returns 0 or an errno value. */
int find_mapping(const int *name, unsigned length, uintptr_t address,
                 stack_bounds *bounds,
                 size_t (*read_entry)(const char *entry, stack_bounds *bounds));

/* Whether a word can be read, by a system call that reads it and has no effect. The
   address is a multiple of 16. May change errno. */
bool can_read(uintptr_t address);

/* An integer that sysctl(3) has under a name; -1 if there is none. */
long long read_sysctl(const int *name, unsigned length);

} // namespace cgo::os

#endif
