// SPDX-License-Identifier: BSD-3-Clause
#include "classic/slots.h"

#include <libcgo/slots.h>

#include "core/arch.h"
#include "core/platform.h"
#include "core/report.h"

namespace cgo {

namespace {

// A fact about the process, not about a runtime: where its executable has
// reserved the slots. Written before a second thread exists.
// Explicit zeros: libcgo-classic.o keeps them out of .bss.
bool announced = false;
intptr_t announced_pair = 0; // offset from the thread pointer
bool prepared = false;
slot_place place = {};

} // namespace

void store_slots(uintptr_t g, uintptr_t m) {
  if (!prepared)
    message("libcgo_thread_start")
        .text("initcgo has not been called, so the slots of g and m are not "
              "known: call it once, before the first thread start")
        .fatal();
  libcgo_slot_store(place.base, place.g, g);
  libcgo_slot_store(place.base, place.m, m);
}

} // namespace cgo

extern "C" void libcgo_prepare_slots(void) {
  using namespace cgo;
  if (prepared)
    return;
  place = os::prepare_slots(announced, announced_pair);
  prepared = true;
}

extern "C" void libcgo_slots_reserved(void *pair) {
  cgo::announced_pair = static_cast<intptr_t>(
      reinterpret_cast<uintptr_t>(pair) - libcgo_thread_pointer());
  cgo::announced = true;
}
