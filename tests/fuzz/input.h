/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzzers share: an input that is read piece by piece.
 */
#ifndef LIBCGO_TESTS_FUZZ_INPUT_H
#define LIBCGO_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

namespace fuzz {

// Zeros after its end.
class input {
public:
  input(const uint8_t *data, size_t size) : at_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  uint8_t byte() {
    if (left_ == 0)
      return 0;
    left_--;
    return *at_++;
  }
  uint64_t number(int bytes) {
    uint64_t n = 0;
    while (bytes-- > 0)
      n = n << 8 | byte();
    return n;
  }

private:
  const uint8_t *at_;
  size_t left_;
};

} // namespace fuzz

// The fuzzer keeps the input.
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition);      \
      abort();                                                                 \
    }                                                                          \
  } while (0)

#endif
