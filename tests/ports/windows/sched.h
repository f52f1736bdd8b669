/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: what the tests use of it beside what winpthreads has. See signal.h. */
#include_next <sched.h>
#ifndef LIBCGO_TESTS_WINDOWS_SCHED_H
#define LIBCGO_TESTS_WINDOWS_SCHED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uintptr_t bits;
} cpu_set_t;
#define CPU_SETSIZE ((int)sizeof(uintptr_t) * 8)
#define CPU_ZERO(set) ((set)->bits = 0)
#define CPU_SET(cpu, set) ((set)->bits |= (uintptr_t)1 << (cpu))
#define CPU_ISSET(cpu, set) (((set)->bits >> (cpu)&1) != 0)
#define CPU_COUNT(set) __builtin_popcountll((set)->bits)
#define CPU_EQUAL(a, b) ((a)->bits == (b)->bits)
int sched_getaffinity(int pid, size_t size, cpu_set_t *set);
int sched_setaffinity(int pid, size_t size, const cpu_set_t *set);

#ifdef __cplusplus
}
#endif

#endif
