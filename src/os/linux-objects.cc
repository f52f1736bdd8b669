// SPDX-License-Identifier: BSD-3-Clause
//
// What Linux's loaders know, with glibc or musl.
#include "os/objects.h"

#include <dlfcn.h>
#include <elf.h>
#include <stddef.h>
#include <sys/auxv.h>

namespace cgo::os {

// Weak: a static program has no loader. musl has one namespace, and older releases of
// glibc cannot say without a lock in which object an address is.
#pragma weak dlopen
extern "C" {
[[gnu::weak]] int find_object(const void *address,
                              void *found) __asm__("_dl_find_object");
[[gnu::weak]] int find_map(const void *address, Dl_info *info, void **extra,
                           int flags) __asm__("dladdr1");
[[gnu::weak]] int ask_about(void *handle, int request,
                            void *answer) __asm__("dlinfo");
[[gnu::weak]] void *open_in(long name_space, const char *file,
                            int flags) __asm__("dlmopen");
}

bool keep_in_namespace(const void *address, int flags) {
  constexpr int with_map = 2, its_namespace = 1; // RTLD_DL_LINKMAP, RTLD_DI_LMID
  if (find_map == nullptr || ask_about == nullptr || open_in == nullptr)
    return false;
  Dl_info object;
  void *map = nullptr;
  long name_space = 0;
  return find_map(address, &object, &map, with_map) != 0 &&
         ask_about(map, its_namespace, &name_space) == 0 &&
         open_in(name_space, object.dli_fname, flags) != nullptr;
}

namespace {

// The kernel tells where the program's headers are.
bool in_program(uintptr_t address) {
  const uintptr_t headers = getauxval(AT_PHDR);
  const auto *const first = reinterpret_cast<const ElfW(Phdr) *>(headers);
  const size_t count = headers == 0 ? 0 : getauxval(AT_PHNUM);
  uintptr_t base = 0;
  bool based = false;
  for (size_t i = 0; i < count; i++)
    if (first[i].p_type == PT_PHDR) {
      base = headers - first[i].p_vaddr;
      based = true;
    }
  for (size_t i = 0; based && i < count; i++)
    if (first[i].p_type == PT_LOAD &&
        address - (base + first[i].p_vaddr) < first[i].p_memsz)
      return true;
  return false;
}

// struct dl_find_object of <dlfcn.h>, glibc 2.35.
struct found_object {
  unsigned long long flags;
  void *lo;
  void *hi;
  const link_map *map;
  uintptr_t more[12];
};

// A static program's own has no dynamic section.
bool is_never_unmapped(const link_map *map) {
  if (map == nullptr || map->l_ld == nullptr)
    return true;
  for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
    if (entry->d_tag == DT_FLAGS_1)
      return (entry->d_un.d_val & DF_1_NODELETE) != 0;
  return false;
}

} // namespace

bool stays_mapped(const void *address) {
  if (dlopen == nullptr || in_program(reinterpret_cast<uintptr_t>(address)))
    return true;
  found_object object = {};
  if (find_object == nullptr)
    return false;
  // In no object: made at run time, and its maker's affair.
  return find_object(address, &object) != 0 || is_never_unmapped(object.map);
}

} // namespace cgo::os
