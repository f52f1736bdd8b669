/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How this runtime's code finds its records g (the task) and m (the thread).
 * They are two thread-local words at a fixed place, which is part of the ABI of
 * the classic face. The compiler of such a runtime emits these instructions.
 * Linux only.
 *
 * volatile: the C compiler knows nothing of the words, and must not move or
 * merge the accesses.
 */
#ifndef EXAMPLES_SLOTS_H
#define EXAMPLES_SLOTS_H

#include <libcgo.h>

#if defined(LIBCGO_CPU_AMD64)

/* %fs is the thread pointer: g at -16, m at -8. */
static inline struct libcgo_g *current_g(void) {
  struct libcgo_g *g;
  __asm__ volatile("movq %%fs:-16, %0" : "=r"(g));
  return g;
}

static inline void *current_m(void) {
  void *m;
  __asm__ volatile("movq %%fs:-8, %0" : "=r"(m));
  return m;
}

static inline void set_slots(struct libcgo_g *g, void *m) {
  __asm__ volatile("movq %0, %%fs:-16\n\t"
                   "movq %1, %%fs:-8"
                   :
                   : "r"(g), "r"(m)
                   : "memory");
}

#elif defined(LIBCGO_CPU_386)

/*
 * The first word at %gs holds the thread pointer: g at -8 from it, m at -4.
 * Never %gs:-8 itself: Xen traps negative segment offsets.
 */
static inline struct libcgo_g *current_g(void) {
  struct libcgo_g *g;
  __asm__ volatile("movl %%gs:0, %0\n\t"
                   "movl -8(%0), %0"
                   : "=r"(g));
  return g;
}

static inline void *current_m(void) {
  void *m;
  __asm__ volatile("movl %%gs:0, %0\n\t"
                   "movl -4(%0), %0"
                   : "=r"(m));
  return m;
}

static inline void set_slots(struct libcgo_g *g, void *m) {
  void *thread_pointer;
  __asm__ volatile("movl %%gs:0, %0\n\t"
                   "movl %1, -8(%0)\n\t"
                   "movl %2, -4(%0)"
                   : "=&r"(thread_pointer)
                   : "r"(g), "r"(m)
                   : "memory");
}

#else
#error the classic face exists for amd64 and 386
#endif

#endif
