// SPDX-License-Identifier: BSD-3-Clause
//
// What systems share that load Mach-O objects.
#include "core/platform.h"

#include <dlfcn.h>
#include <mach-o/loader.h>
#include <unwind.h>

namespace cgo::os {

bool keep_mapped(const void *address) {
  Dl_info object;
  if (dladdr(address, &object) == 0)
    return true; // in no object: made at run time, and its maker's affair
  // The main program is never unmapped, and dlopen does not give it.
  if (static_cast<const mach_header *>(object.dli_fbase)->filetype == MH_EXECUTE)
    return true;
  return dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) !=
         nullptr;
}

// Asked at once: what waits for the loader here is not told apart.
bool stays_mapped(const void *address) { return keep_mapped(address); }

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
