// SPDX-License-Identifier: BSD-3-Clause
//
// Callbacks: from C into a runtime, on a thread that has a record.
#include "bench.h"
#include "kit.h"

#include <stdlib.h>
#include <thread>

using benchmark::State;

namespace {

void runtime_function(libcgo_thread *, void *) {}

void call_back(State &state) {
  const auto f = hidden(&libcgo_callback);
  libcgo_runtime *const runtime = hidden(&bench::runtime);
  repeat(state, [=] {
    benchmark::DoNotOptimize(f(runtime, runtime_function, nullptr));
  });
}

void call_back_on_an_own_thread(State &state) {
  bench::on_own_thread(
      [](libcgo_thread *, void *p) { call_back(*static_cast<State *>(p)); },
      &state);
}
CALL("libcgo_callback, own thread", call_back_on_an_own_thread);

void call_back_on_an_attached_thread(State &state) {
  std::thread([&] {
    if (libcgo_attach(&bench::runtime, nullptr) != 0)
      abort();
    call_back(state);
  }).join();
}
CALL("libcgo_callback, attached thread", call_back_on_an_attached_thread);

} // namespace
