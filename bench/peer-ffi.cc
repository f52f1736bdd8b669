// SPDX-License-Identifier: BSD-3-Clause
//
// libffi: calls whose signature is known only at run time.
#include "config.h"

#include "bench.h"

#ifdef HAVE_BENCH_FFI
#include <ffi.h>

namespace {

struct signature {
  signature() { ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 2, &ffi_type_void, types); }
  ffi_type *types[2] = {&ffi_type_pointer, &ffi_type_sint32};
  ffi_cif cif;
};

void call(benchmark::State &state) {
  signature s;
  void *pointer = nullptr;
  int32_t n = 5;
  void *args[] = {&pointer, &n};
  repeat(state, [&] { ffi_call(&s.cif, FFI_FN(nothing), nullptr, args); });
}
CALL("libffi: ffi_call", call);

void closed_over(ffi_cif *, void *, void **, void *) {}

void closure(benchmark::State &state) {
  signature s;
  void *code;
  auto *c =
      static_cast<ffi_closure *>(ffi_closure_alloc(sizeof(ffi_closure), &code));
  if (c == nullptr ||
      ffi_prep_closure_loc(c, &s.cif, closed_over, nullptr, code) != FFI_OK) {
    state.SkipWithError("no closure");
    return;
  }
  auto f = hidden(reinterpret_cast<void (*)(void *, int32_t)>(code));
  repeat(state, [=] { f(nullptr, 5); });
  ffi_closure_free(c);
}
CALL("libffi: closure", closure);

} // namespace
#else
LEFT_OUT("libffi: ffi_call, closure", "no libffi (Debian: libffi-dev)");
#endif
