// SPDX-License-Identifier: BSD-3-Clause
//
// The table of mappings. A table is made up, and written as the kernel writes it: what the
// library reads is what was made up. And any text: no error of memory, and only answers that
// contain the address.
#include "system.h"

#include <vector>

// Headers of the system that the source includes, before the names below are others.
#include <fcntl.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>

#define syscall fuzz_system
#include "os/linux-maps.cc"
#undef syscall

namespace {

const char *const tables[] = {"/proc/self/maps", "/proc/thread-self/maps",
                              "/proc/self/task/4711/maps"};

// As proc(5) has it.
std::string line_of(const cgo::stack_bounds &mapping, fuzz::input &in) {
  static const char *const rests[] = {
      "r-xp 00000000 fe:00 1311 /usr/lib/libc.so.6", "rw-p 00000000 00:00 0",
      "---p 00000000 00:00 0 ", "rw-p 00000000 00:00 0 [stack]",
      "r--s 00001000 00:2a 99 /a name\\012with everything-ff (deleted)"};
  char text[256];
  snprintf(text, sizeof text, "%08lx-%08lx %s\n", mapping.lo, mapping.hi,
           rests[in.byte() % 5]);
  return text;
}

void look_up_what_was_made_up(fuzz::input &in) {
  std::vector<cgo::stack_bounds> made;
  std::string text;
  uintptr_t at = in.number(3) << 12;
  for (int n = in.byte() % 64; n > 0; n--) {
    at += in.number(in.byte() % 5) << 12;
    const uintptr_t bytes = (in.number(in.byte() % 4) + 1) << 12;
    made.push_back({at, at + bytes});
    text += line_of(made.back(), in);
    at += bytes;
  }
  // The first name may be empty: the process's first thread has ended.
  const int which = in.byte() % 3;
  for (int i = 0; i < which; i++)
    if (in.byte() % 2 != 0)
      fuzz::files[tables[i]] = "";
  fuzz::files[tables[which]] = text;
  for (int n = 0; n < 32; n++) {
    uintptr_t address = in.number(6);
    if (!made.empty() && n % 2 == 0) {
      const auto &mapping = made[address % made.size()];
      address = address & 256   ? mapping.lo
                : address & 512 ? mapping.hi - 1
                                : mapping.hi;
    }
    cgo::stack_bounds found = {};
    const int err = cgo::os::mapping_bounds(address, &found);
    const cgo::stack_bounds *expected = nullptr;
    for (const auto &mapping : made)
      if (address >= mapping.lo && address < mapping.hi)
        expected = &mapping;
    CHECK((err == 0) == (expected != nullptr));
    CHECK(err != 0 || (found.lo == expected->lo && found.hi == expected->hi));
  }
}

void look_up_in_any_text(fuzz::input &in) {
  const uintptr_t address = in.number(8);
  std::string text;
  while (!in.empty())
    text += static_cast<char>(in.byte());
  fuzz::files[tables[text.size() % 3]] = text;
  cgo::stack_bounds found = {};
  if (cgo::os::mapping_bounds(address, &found) == 0)
    CHECK(address >= found.lo && address < found.hi);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::input in(data, size);
  fuzz::begin(in);
  if (in.byte() % 4 != 0)
    look_up_what_was_made_up(in);
  else
    look_up_in_any_text(in);
  fuzz::end();
  return 0;
}
