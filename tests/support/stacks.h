/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small stacks for tests. In programs that use this, calls in last place are
 * calls and not jumps: tests/local.mk says -fno-optimize-sibling-calls.
 */
#ifndef LIBCGO_TESTS_STACKS_H
#define LIBCGO_TESTS_STACKS_H

#include "support/harness.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(lo, hi)
#define RUNNING_ON_VALGRIND 0
#endif

/* Bytes of which only an overflow by a whole frame would show. */
enum { small_bytes = 64 * 1024, large_bytes = 1024 * 1024 };

/* `bytes` of memory, a multiple of the page size, between two pages that fault.
   The process keeps it. */
static inline char *map_stack(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *memory = (char *)mmap(NULL, bytes + 2 * page, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == (char *)MAP_FAILED ||
      mprotect(memory + page, bytes, PROT_READ | PROT_WRITE) != 0)
    abort();
  VALGRIND_STACK_REGISTER(memory + page, memory + page + bytes);
  return memory + page;
}

static inline struct libcgo_stack new_stack(size_t bytes) {
  const char *lo = map_stack(bytes);
  const struct libcgo_stack stack = LIBCGO_STACK_INIT(lo, lo + bytes);
  return stack;
}

/* Gives the calling thread an alternate signal stack, and returns the one it had:
   a sanitizer wants its own back before the thread ends. */
static inline stack_t set_signal_stack(char *lo, size_t bytes) {
  stack_t alternate, before;
  alternate.ss_sp = lo;
  alternate.ss_size = bytes;
  alternate.ss_flags = 0;
  if (sigaltstack(&alternate, &before) != 0)
    abort();
  return before;
}

/* The last byte of the frame in which it stands. The frame's address may be the
   end of the stack. */
#define here() ((uintptr_t)__builtin_dwarf_cfa() - 1)

static inline int is_on(uintptr_t address, uintptr_t lo, uintptr_t hi) {
  return address >= lo && address < hi;
}

static inline int is_on_stack(uintptr_t address, const struct libcgo_stack *s) {
  return is_on(address, s->lo, s->hi);
}

#endif
