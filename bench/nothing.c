/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the benchmarks call.
 */
#include <stdint.h>

void nothing(void *arg, int32_t n);
void nothing_at_all(void);

void nothing(void *arg, int32_t n) {
  (void)arg;
  (void)n;
}

void nothing_at_all(void) {}
