// SPDX-License-Identifier: BSD-3-Clause
//
// What systems share that load Mach-O objects.
#include "core/platform.h"

#include <crt_externs.h>
#include <dlfcn.h>
#include <mach-o/loader.h>
#include <stddef.h>
#include <string.h>
#include <unwind.h>

namespace cgo::os {

bool keep_mapped(const void *address) {
  Dl_info object;
  if (dladdr(address, &object) == 0)
    return true; // in no object: made at run time, and its maker's affair
  return dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) !=
         nullptr;
}

namespace {

// In a load command for a segment, on each CPU: words from vmaddr on.
uintptr_t word_at(const char *command, size_t n) {
  uintptr_t word;
  memcpy(&word, command + offsetof(segment_command, vmaddr) + n * sizeof word,
         sizeof word);
  return word;
}

} // namespace

// The loader has a lock, which a thread has that runs what an object begins with. What is known
// without it is where the program is, which is never unmapped.
bool stays_mapped(const void *address) {
  constexpr bool wide = sizeof(uintptr_t) == 8;
  constexpr size_t lowest = 0, size = 1, place_in_file = 2, size_in_file = 3;
  const auto *const header =
      reinterpret_cast<const mach_header *>(_NSGetMachExecuteHeader());
  const auto begin = reinterpret_cast<uintptr_t>(header);
  const char *command = reinterpret_cast<const char *>(header) +
                        (wide ? sizeof(mach_header_64) : sizeof(mach_header));
  uintptr_t slide = 0;
  for (uint32_t i = 0; i < header->ncmds; i++) {
    load_command any;
    memcpy(&any, command, sizeof any);
    if (any.cmd == (wide ? LC_SEGMENT_64 : LC_SEGMENT) &&
        word_at(command, size_in_file) != 0) {
      if (word_at(command, place_in_file) == 0) // has the header
        slide = begin - word_at(command, lowest);
      if (reinterpret_cast<uintptr_t>(address) - slide - word_at(command, lowest) <
          word_at(command, size))
        return true;
    }
    command += any.cmdsize;
  }
  return false;
}

// In libSystem, and so in every program.
unwinder find_unwinder() {
  return {_Unwind_Backtrace, reinterpret_cast<get_ip_function *>(_Unwind_GetIP),
          nullptr};
}

bool find_unwound_frame(unwound_frame *functions) {
  *functions = {_Unwind_GetGR, _Unwind_GetCFA};
  return true;
}

bool find_symbol(uintptr_t address, const char **object, const char **function,
                 uintptr_t *entry) {
  Dl_info info = {};
  const bool found = dladdr(reinterpret_cast<const void *>(address), &info) != 0;
  *object = info.dli_fname;
  *function = info.dli_sname;
  *entry = reinterpret_cast<uintptr_t>(info.dli_saddr);
  return found;
}

} // namespace cgo::os
