// SPDX-License-Identifier: BSD-3-Clause
//
// The classic slots on Linux: the last two words below the thread pointer.
#include "core/platform.h"

#include <sys/auxv.h>
#include <unistd.h>

#include "core/report.h"

namespace cgo::os {

namespace {

class executable_name {
public:
  executable_name() {
    ssize_t n = readlink("/proc/self/exe", buf_, sizeof buf_ - 1);
    if (n > 0) {
      buf_[n] = '\0';
      name_ = buf_;
    } else {
      name_ = reinterpret_cast<const char *>(getauxval(AT_EXECFN));
      if (name_ == nullptr)
        name_ = "the executable";
    }
  }
  const char *get() const { return name_; }

private:
  char buf_[512];
  const char *name_;
};

message &operator<<(message &m, intptr_t offset) {
  return m.text("the thread pointer ")
      .text(offset < 0 ? "minus " : "plus ")
      .number(offset < 0 ? -offset : offset);
}

} // namespace

slot_place prepare_slots(bool announced, intptr_t pair) {
  // libcgo-classic(7), Slots: -16 and -8 on amd64, -8 and -4 on 386.
  constexpr intptr_t word = sizeof(uintptr_t);
  constexpr slot_place place = {slot_base::thread_pointer, -2 * word, -word};

  if (announced && pair == place.g)
    return place;

  executable_name name;
  message m("initcgo");
  if (announced) {
    m.text(name.get()).text(": LIBCGO_RESERVE_SLOTS has its words at ");
    (m << pair).text(", but g must be at ");
    (m << place.g)
        .text(": link the executable with GNU ld, and align none of its "
              "thread-local variables to more than 64 bytes")
        .fatal();
  }

  const tls_segment tls = executable_tls();
  const bool two_words =
      tls.exists && tls.size == 2 * sizeof(uintptr_t) &&
      tls.align <= 2 * sizeof(uintptr_t) &&
      tls.address == libcgo_thread_pointer() + static_cast<uintptr_t>(place.g);
  // A linker that reserves the words leaves them zero. Any other value is
  // that of a variable which happens to have their size.
  if (two_words && libcgo_slot_load(place.base, place.g) == 0 &&
      libcgo_slot_load(place.base, place.m) == 0)
    return place;

  m.text(name.get()).text(": does not reserve the words of g and m: ");
  if (!tls.exists)
    m.text("it has no thread-local segment");
  else
    m.text("its thread-local segment of ")
        .number(static_cast<long long>(tls.size))
        .text(" bytes (alignment ")
        .number(static_cast<long long>(tls.align))
        .text(") belongs to variables of the program");
  m.text(": put LIBCGO_RESERVE_SLOTS; from <libcgo/slots.h> at file scope in "
         "one source file of the executable, or link it with a linker that "
         "makes a segment of exactly ")
      .number(2 * word)
      .text(" bytes")
      .fatal();
}

} // namespace cgo::os
