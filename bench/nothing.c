/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the benchmarks call.
 */
#include <stdint.h>

void nothing(void *arg, int32_t n);
void nothing_at_all(void);
uintptr_t nothing_but_a_word(void *arg, uintptr_t word);

void nothing(void *arg, int32_t n) {
  (void)arg;
  (void)n;
}

void nothing_at_all(void) {}

uintptr_t nothing_but_a_word(void *arg, uintptr_t word) {
  (void)arg;
  return word;
}
