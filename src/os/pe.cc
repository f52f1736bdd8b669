// SPDX-License-Identifier: BSD-3-Clause
//
// What systems share that load PE objects.
#include "core/platform.h"

#include <string.h>
#include <unwind.h>
#include <windows.h>

namespace cgo::os {

namespace {

HMODULE object_of(uintptr_t address, DWORD flags) {
  HMODULE object = nullptr;
  if (!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | flags,
                          reinterpret_cast<const char *>(address), &object))
    object = nullptr;
  return object;
}
constexpr DWORD not_kept = GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;

template <class Function>
Function *function_of(HMODULE object, const char *name) {
  const FARPROC found = GetProcAddress(object, name);
  return reinterpret_cast<Function *>(reinterpret_cast<uintptr_t>(found));
}

} // namespace

bool keep_mapped(const void *address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  // In no object: made at run time, and its maker's affair.
  return object_of(at, not_kept) == nullptr ||
         object_of(at, GET_MODULE_HANDLE_EX_FLAG_PIN) != nullptr;
}

// ---- the unwinder ----
//
// The system's own, where objects have tables for it (not on 386): in the shape of
// the compiler's.

namespace {

using lookup_function = void *WINAPI(uintptr_t pc, uintptr_t *base,
                                     void *history);
using unwind_function = void *WINAPI(DWORD handler_type, uintptr_t base,
                                     uintptr_t pc, void *function,
                                     CONTEXT *context, void **handler_data,
                                     uintptr_t *frame, void *pointers);

// Facts about the process.
lookup_function *lookup;
unwind_function *unwind;

uintptr_t pc_of(const CONTEXT *context) {
  return read_signal_context(context).pc;
}

_Unwind_Reason_Code backtrace_by_system(_Unwind_Trace_Fn take_frame, void *arg) {
  CONTEXT context;
  RtlCaptureContext(&context);
  for (;;) {
    // The system names no frame that has no tables; none of ours is a leaf.
    const uintptr_t pc = pc_of(&context);
    uintptr_t base, frame;
    void *const function = pc == 0 ? nullptr : lookup(pc, &base, nullptr);
    if (function == nullptr)
      return _URC_END_OF_STACK;
    if (take_frame(reinterpret_cast<_Unwind_Context *>(&context), arg) !=
        _URC_NO_REASON)
      return _URC_FATAL_PHASE1_ERROR;
    void *data;
    unwind(0, base, pc, function, &context, &data, &frame, nullptr);
  }
}

// Of the type that the compiler's header gives it.
uintptr_t ip_by_system(_Unwind_Context *context) {
  return pc_of(reinterpret_cast<const CONTEXT *>(context));
}

} // namespace

// gcc's, and LLVM's, if the program has them as libraries.
static constexpr const char *unwinder_names[] = {"libgcc_s_dw2-1", "libunwind"};

unwinder find_unwinder() {
  const HMODULE system = GetModuleHandleA("ntdll");
  unwind = function_of<unwind_function>(system, "RtlVirtualUnwind");
  lookup = function_of<lookup_function>(system, "RtlLookupFunctionEntry");
  if (lookup != nullptr && unwind != nullptr)
    return {backtrace_by_system, ip_by_system, nullptr};
  for (const char *name : unwinder_names) {
    const HMODULE object = GetModuleHandleA(name);
    if (object == nullptr)
      continue;
    const unwinder found = {
        function_of<backtrace_function>(object, "_Unwind_Backtrace"),
        function_of<get_ip_function>(object, "_Unwind_GetIP"), nullptr};
    if (found.backtrace != nullptr && found.get_ip != nullptr)
      return found;
  }
  return {};
}

#pragma weak _Unwind_GetGR
#pragma weak _Unwind_GetCFA

// Not asked for where the system unwinds. If the unwinder is not a library, it is linked
// with the archive of this one: another's knows no frames of ours.
bool find_unwound_frame(unwound_frame *functions) {
  for (const char *name : unwinder_names) {
    const HMODULE object = GetModuleHandleA(name);
    if (object == nullptr)
      continue;
    *functions = {function_of<decltype(_Unwind_GetGR)>(object, "_Unwind_GetGR"),
                  function_of<decltype(_Unwind_GetCFA)>(object, "_Unwind_GetCFA")};
    if (functions->get_register != nullptr && functions->second != nullptr)
      return true;
  }
  *functions = {_Unwind_GetGR, _Unwind_GetCFA};
  return functions->get_register != nullptr && functions->second != nullptr;
}

// ---- symbols ----

// What an object exports: PE has no other names. The last one not above the address.
bool find_symbol(uintptr_t address, const char **object, const char **function,
                 uintptr_t *entry) {
  *object = *function = nullptr;
  *entry = 0;
  const auto base = reinterpret_cast<uintptr_t>(object_of(address, not_kept));
  if (base == 0)
    return false;
  const auto *dos = reinterpret_cast<const IMAGE_DOS_HEADER *>(base);
  const auto *headers = reinterpret_cast<const IMAGE_NT_HEADERS *>(
      base + static_cast<uintptr_t>(dos->e_lfanew));
  const IMAGE_DATA_DIRECTORY &exported =
      headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
  if (exported.VirtualAddress == 0)
    return true;
  const auto *exports = reinterpret_cast<const IMAGE_EXPORT_DIRECTORY *>(
      base + exported.VirtualAddress);
  const auto *functions =
      reinterpret_cast<const DWORD *>(base + exports->AddressOfFunctions);
  const auto *names =
      reinterpret_cast<const DWORD *>(base + exports->AddressOfNames);
  const auto *numbers =
      reinterpret_cast<const WORD *>(base + exports->AddressOfNameOrdinals);
  *object = reinterpret_cast<const char *>(base + exports->Name);
  for (DWORD i = 0; i < exports->NumberOfNames; i++) {
    const uintptr_t at = base + functions[numbers[i]];
    // Within the directory is no code but the name of another object's.
    if (at - base - exported.VirtualAddress < exported.Size || at > address ||
        at <= *entry)
      continue;
    *entry = at;
    *function = reinterpret_cast<const char *>(base + names[i]);
  }
  return true;
}

} // namespace cgo::os
