// SPDX-License-Identifier: BSD-3-Clause
//
// The executable's thread-local segment, where dl_iterate_phdr(3) tells of it.
#include "os/objects.h"

namespace cgo::os {

namespace {

int read_tls_segment(dl_phdr_info *info, size_t, void *p) {
  auto *tls = static_cast<tls_segment *>(p);
  if (!is_program(info))
    return 1;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_TLS)
      continue;
    tls->exists = true;
    tls->size = info->dlpi_phdr[i].p_memsz;
    tls->align = info->dlpi_phdr[i].p_align;
    tls->address = reinterpret_cast<uintptr_t>(info->dlpi_tls_data);
  }
  return 1; // the first object is the executable: look no further
}

} // namespace

tls_segment executable_tls() {
  tls_segment tls = {};
  dl_iterate_phdr(read_tls_segment, &tls);
  return tls;
}

bool in_executable_tls(uintptr_t address) {
  const tls_segment tls = executable_tls();
  return tls.exists && address - tls.address < tls.size;
}

} // namespace cgo::os
