// SPDX-License-Identifier: BSD-3-Clause
//
// What systems share that load ELF objects.
#include "os/objects.h"

#include <dlfcn.h>
#include <unwind.h>

namespace cgo::os {

namespace {

// The main program is never unmapped, and dlopen does not give it by its name.
struct main_program {
  uintptr_t address;
  bool contains;
};

int is_in_first(dl_phdr_info *info, size_t, void *p) {
  auto *program = static_cast<main_program *>(p);
  if (!is_program(info))
    return 1;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto &segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_LOAD &&
        program->address - (info->dlpi_addr + segment.p_vaddr) < segment.p_memsz)
      program->contains = true;
  }
  return 1; // the first object is the main program
}

} // namespace

// gcc's, which has another number where exceptions once changed (m68k), and LLVM's.
static constexpr const char *unwinder_names[] = {
    "libgcc_s.so.1", "libgcc_s.so.2", "libunwind.so.1"};

// Weak, so that a static program needs no loader: it has nothing to unmap.
#pragma weak dladdr
#pragma weak dlopen
#pragma weak dlsym
// Weak, because libc is all that the library needs: a C++ program has them, and in
// a C program they come from a library that is loaded when it is asked for.
#pragma weak _Unwind_Backtrace
extern "C" {
[[gnu::weak]] get_ip_function get_ip __asm__("_Unwind_GetIP");
[[gnu::weak]] get_register_function get_register __asm__("_Unwind_VRS_Get");
}

bool keep_mapped(const void *address) {
  main_program program = {reinterpret_cast<uintptr_t>(address), false};
  dl_iterate_phdr(is_in_first, &program);
  Dl_info object;
  if (program.contains || dladdr == nullptr || dlopen == nullptr ||
      dladdr(address, &object) == 0)
    return true; // in no object: made at run time, and its maker's affair
  constexpr int keep = RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE;
  return dlopen(object.dli_fname, keep) != nullptr ||
         keep_in_namespace(address, keep);
}

unwinder find_unwinder() {
  if (_Unwind_Backtrace != nullptr &&
      (get_ip != nullptr || get_register != nullptr))
    return {_Unwind_Backtrace, get_ip, get_register};
  if (dlopen == nullptr || dlsym == nullptr)
    return {};
  for (const char *name : unwinder_names) {
    void *object = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (object == nullptr)
      continue;
    const unwinder found = {
        reinterpret_cast<backtrace_function *>(dlsym(object, "_Unwind_Backtrace")),
        reinterpret_cast<get_ip_function *>(dlsym(object, "_Unwind_GetIP")),
        reinterpret_cast<get_register_function *>(
            dlsym(object, "_Unwind_VRS_Get"))};
    if (found.backtrace != nullptr &&
        (found.get_ip != nullptr || found.get_register != nullptr))
      return found;
    dlclose(object);
  }
  return {};
}

#ifdef __ARM_EABI__
extern "C" [[gnu::weak]] _Unwind_Reason_Code
__gnu_unwind_frame(_Unwind_Control_Block *, _Unwind_Context *);
#else
#pragma weak _Unwind_GetGR
#pragma weak _Unwind_GetCFA
// LLVM's unwinder, in a static program: nothing but this library asks for _Unwind_GetCFA, and
// it is a member of its own of the archive. Any register can be had there, and the stack
// pointer has a number for all CPUs (libunwind.h: UNW_REG_SP).
extern "C" [[gnu::weak]] char is_llvm_s __asm__("__unw_get_reg");
static _Unwind_Word find_cfa(_Unwind_Context *context) {
  constexpr int stack_pointer = -2;
  return _Unwind_GetGR(context, stack_pointer);
}
#endif

// In a C program it is pthread_exit that has loaded the unwinder. It is not loaded for this.
bool find_unwound_frame(unwound_frame *functions) {
#ifdef __ARM_EABI__
  constexpr const char *first = "_Unwind_VRS_Get", *second = "__gnu_unwind_frame";
  *functions = {get_register, __gnu_unwind_frame};
  if (get_register != nullptr && __gnu_unwind_frame != nullptr)
    return true;
#else
  constexpr const char *first = "_Unwind_GetGR", *second = "_Unwind_GetCFA";
  *functions = {_Unwind_GetGR, _Unwind_GetCFA};
  if (_Unwind_GetGR != nullptr && _Unwind_GetCFA != nullptr)
    return true;
  if (_Unwind_GetGR != nullptr && &is_llvm_s != nullptr) {
    functions->second = find_cfa;
    return true;
  }
#endif
  if (dlopen == nullptr || dlsym == nullptr)
    return false;
  for (const char *name : unwinder_names) {
    void *object = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
    if (object == nullptr)
      continue;
    *functions = {
        reinterpret_cast<decltype(functions->get_register)>(dlsym(object, first)),
        reinterpret_cast<decltype(functions->second)>(dlsym(object, second))};
    dlclose(object);
    if (functions->get_register != nullptr && functions->second != nullptr)
      return true;
  }
  return false;
}

bool find_symbol(uintptr_t address, const char **object, const char **function,
                 uintptr_t *entry) {
  Dl_info info = {};
  const bool found = dladdr != nullptr &&
                     dladdr(reinterpret_cast<const void *>(address), &info) != 0;
  *object = info.dli_fname;
  *function = info.dli_sname;
  *entry = reinterpret_cast<uintptr_t>(info.dli_saddr);
  return found;
}

} // namespace cgo::os
