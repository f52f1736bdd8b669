/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of the library, made without allocating. One format for all:
 *
 *     libcgo: CALL: CAUSE: LIMIT OR REMEDY
 */
#ifndef LIBCGO_REPORT_H
#define LIBCGO_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/platform.h"

namespace cgo {

/* A line of text. What does not fit into it is cut off. */
class message {
public:
  /* Starts with "libcgo: CALL: ". */
  explicit message(const char *call);
  /* Starts with nothing. */
  message() : len_(0) {}
  message &text(const char *s);
  message &number(long long n);
  message &count(unsigned long long n);
  message &hex(uintptr_t n);
  /* The name of an errno value, such as EAGAIN. */
  message &error(int err);
  /* A limit with its numbers and its remedy, or a text that says that none was found. */
  message &limit(const thread_limit &limit);
  /* The line so far, without its end. */
  const char *get();
  /* Writes the line to standard error and aborts. */
  [[noreturn]] void fatal();
  /* The same, but first calls `hook` with the line, if there is a hook. */
  [[noreturn]] void fatal(void (*hook)(const char *line));

private:
  void put(char c);
  void put_unsigned(unsigned long long n, unsigned base);
  char buf_[1024];
  size_t len_;
};

} // namespace cgo

#endif
