// SPDX-License-Identifier: BSD-3-Clause
//
// What systems share that load ELF objects.
#include "platform.h"

#include <dlfcn.h>
#include <link.h>

namespace cgo::os {

namespace {

// The main program is never unmapped, and dlopen does not give it by its name.
struct main_program {
  uintptr_t address;
  bool contains;
};

int is_in_first(dl_phdr_info *info, size_t, void *p) {
  auto *program = static_cast<main_program *>(p);
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto &segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_LOAD &&
        program->address - (info->dlpi_addr + segment.p_vaddr) < segment.p_memsz)
      program->contains = true;
  }
  return 1; // the first object is the main program
}

} // namespace

// Weak, so that a static program needs no loader: it has nothing to unmap.
#pragma weak dladdr
#pragma weak dlopen

bool keep_mapped(const void *address) {
  main_program program = {reinterpret_cast<uintptr_t>(address), false};
  dl_iterate_phdr(is_in_first, &program);
  Dl_info object;
  if (program.contains || dladdr == nullptr || dlopen == nullptr ||
      dladdr(address, &object) == 0)
    return true; // in no object: made at run time, and its maker's affair
  return dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) !=
         nullptr;
}

} // namespace cgo::os
