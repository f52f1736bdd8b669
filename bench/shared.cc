// SPDX-License-Identifier: BSD-3-Clause
//
// The shared object's crossing. What it costs beside the archive's is the
// distance: two calls from one object into another.
#include "bench.h"

#include <dlfcn.h>
#include <libcgo.h>
#include <stdlib.h>

namespace {

template <class T> T function_of_the_shared_object(const char *name) {
  static void *const object = [] {
    const char *path = getenv("LIBCGO_BENCH_SHARED");
    return path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  }();
  return object == nullptr ? nullptr : reinterpret_cast<T>(dlsym(object, name));
}

const auto far_crosscall2 =
    function_of_the_shared_object<decltype(&crosscall2)>("crosscall2");
const auto far_version =
    function_of_the_shared_object<decltype(&libcgo_version)>("libcgo_version");

void far_call(benchmark::State &state) {
  auto f = hidden(far_version);
  repeat(state, [=] { f(); });
}

void far_crossing(benchmark::State &state) {
  auto f = hidden(far_crosscall2);
  repeat(state, [=] { f(nothing, nullptr, 5); });
}

[[maybe_unused]] const bool there = [] {
  if (far_crosscall2 == nullptr || far_version == nullptr) {
    bench::leave_out("shared object", "LIBCGO_BENCH_SHARED names no libcgo");
    return false;
  }
  bench::add(bench::calls, "shared object: indirect call", far_call);
  bench::add(bench::calls, "shared object: crosscall2", far_crossing);
  return true;
}();

} // namespace
