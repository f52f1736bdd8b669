// SPDX-License-Identifier: BSD-3-Clause
#include "core/report.h"

#include <errno.h>
#include <stdlib.h>

namespace cgo {

namespace {

struct error_name {
  int err;
  const char *name;
};

// Those that the calls the library makes can end with.
constexpr error_name error_names[] = {
    {EAGAIN, "EAGAIN"}, {ENOMEM, "ENOMEM"},   {EINVAL, "EINVAL"},
    {EPERM, "EPERM"},   {EBUSY, "EBUSY"},     {ENOENT, "ENOENT"},
    {EACCES, "EACCES"}, {ENOSYS, "ENOSYS"},   {EMFILE, "EMFILE"},
    {ENFILE, "ENFILE"}, {ENOTSUP, "ENOTSUP"},
};

} // namespace

message::message(const char *call) : len_(0) {
  text("libcgo: ").text(call).text(": ");
}

void message::put(char c) {
  if (len_ < sizeof buf_ - 1) // the last byte is the newline's
    buf_[len_++] = c;
}

// Divides by hand, 16 bits at a time: a 64-bit division on a 32-bit CPU would
// link libgcc, whose objects need not carry this library's protections.
void message::put_unsigned(unsigned long long n, unsigned base) {
  char digits[24];
  int i = 0;
  do {
    unsigned long long quotient = 0;
    unsigned rest = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
      const unsigned part =
          (rest << 16) | static_cast<unsigned>((n >> shift) & 0xffff);
      quotient |= static_cast<unsigned long long>(part / base) << shift;
      rest = part % base;
    }
    digits[i++] = "0123456789abcdef"[rest];
    n = quotient;
  } while (n != 0);
  while (i > 0)
    put(digits[--i]);
}

message &message::text(const char *s) {
  for (; *s != '\0'; s++)
    put(*s);
  return *this;
}

message &message::number(long long n) {
  const auto bits = static_cast<unsigned long long>(n);
  if (n >= 0)
    return count(bits);
  put('-');
  return count(0 - bits);
}

message &message::count(unsigned long long n) {
  put_unsigned(n, 10);
  return *this;
}

message &message::hex(uintptr_t n) {
  text("0x");
  put_unsigned(n, 16);
  return *this;
}

message &message::error(int err) {
  for (const error_name &e : error_names)
    if (e.err == err)
      return text(e.name);
  return text("error ").number(err);
}

message &message::limit(const thread_limit &limit) {
  if (limit.name == nullptr)
    return text("which limit was hit could not be found out");
  return text(limit.name)
      .text(" is ")
      .count(limit.value)
      .text(", in use are ")
      .count(limit.used)
      .text(" ")
      .text(limit.unit)
      .text(": ")
      .text(limit.remedy);
}

const char *message::get() {
  buf_[len_] = '\0';
  return buf_;
}

void message::fatal(void (*hook)(const char *)) {
  if (hook != nullptr)
    hook(get());
  fatal();
}

void message::fatal() {
  buf_[len_++] = '\n';
  os::write_message(buf_, len_);
  abort();
}

} // namespace cgo
