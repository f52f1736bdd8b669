// SPDX-License-Identifier: BSD-3-Clause
//
// The pair of slots that an executable defines. Its record, with the claim, is the
// executable's own.
#include <libcgo/slots.h>

#include <errno.h>

#include "core/arch.h"
#include "kit/runtime.h"

namespace cgo {

namespace {

// A fact about the process, not about a runtime: where its executable has the
// record. Written when the program, or an object, is loaded.
uintptr_t defined;
constexpr uintptr_t nowhere = 0;
constexpr uintptr_t in_a_shared_object = 1; // cannot be used: ENOTSUP

uintptr_t load_defined() { return __atomic_load_n(&defined, __ATOMIC_ACQUIRE); }

libcgo_slots *record_at(uintptr_t address) {
  return reinterpret_cast<libcgo_slots *>(address);
}

} // namespace

} // namespace cgo

extern "C" {

void libcgo_slots_defined(libcgo_slots *slots, uintptr_t *pair) {
  using namespace cgo;
  const uintptr_t address = reinterpret_cast<uintptr_t>(pair);
  if (os::place_pair(address, &slots->offset)) {
    __atomic_store_n(&defined, reinterpret_cast<uintptr_t>(slots),
                     __ATOMIC_RELEASE);
  } else {
    uintptr_t none = nowhere;
    __atomic_compare_exchange_n(&defined, &none, in_a_shared_object, false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  }
}

int libcgo_slots_claim(libcgo_runtime *runtime, intptr_t *offset) {
  using namespace cgo;
  const int err = check_runtime(runtime);
  if (err != 0)
    return err;
  if (offset == nullptr)
    return EINVAL;
  const uintptr_t at = load_defined();
  if (at == nowhere)
    return ENOENT;
  if (at == in_a_shared_object)
    return ENOTSUP;
  libcgo_slots *const slots = record_at(at);
  uintptr_t owner = 0;
  const auto self = reinterpret_cast<uintptr_t>(runtime);
  if (!__atomic_compare_exchange_n(&slots->owner, &owner, self, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
      owner != self)
    return EBUSY;
  *offset = slots->offset;
  return 0;
}

int libcgo_slots_release(libcgo_runtime *runtime) {
  using namespace cgo;
  const int err = check_runtime(runtime);
  if (err != 0)
    return err;
  const uintptr_t at = load_defined();
  auto self = reinterpret_cast<uintptr_t>(runtime);
  if (at == nowhere || at == in_a_shared_object ||
      !__atomic_compare_exchange_n(&record_at(at)->owner, &self, uintptr_t{0},
                                   false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return EPERM;
  return 0;
}

uintptr_t *libcgo_slots_at(intptr_t offset) {
  return reinterpret_cast<uintptr_t *>(libcgo_thread_pointer() +
                                       static_cast<uintptr_t>(offset));
}

} // extern "C"
