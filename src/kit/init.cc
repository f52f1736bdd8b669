// SPDX-License-Identifier: BSD-3-Clause
#include "kit/init.h"

#include <errno.h>
#include <stddef.h>

#include "core/platform.h"
#include "kit/record.h"

namespace {

// The values of libcgo_init::state. While a process has the claim, the value is a number
// of that process, and 01 as the lowest two bits. All is in one word, so no fork can come
// between two stores.
constexpr uint32_t untouched = 0;
constexpr uint32_t ready = 2; // LIBCGO_INIT_READY has it, too

uint32_t claimed_by_this_process() {
  return static_cast<uint32_t>(cgo::os::process_id()) << 2 | 1;
}

// The record is a part of libcgo_runtime, so it never becomes larger: new members come
// out of `reserved`.
constexpr size_t only_size = 32;
static_assert(sizeof(libcgo_init) == only_size, "");
// The system refuses to wait on a word that is not.
static_assert(alignof(libcgo_init) >= 4, "");

bool valid(const libcgo_init *init) {
  return init != nullptr && init->size >= only_size;
}

uint32_t load_state(const libcgo_init *init) {
  return __atomic_load_n(&init->state, __ATOMIC_ACQUIRE);
}

// Ends the claim of this process.
int end_claim(libcgo_init *init, uint32_t next) {
  if (!valid(init))
    return EINVAL;
  uint32_t state = claimed_by_this_process();
  if (__atomic_compare_exchange_n(&init->state, &state, next, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    cgo::os::wake_all(&init->state);
    return 0;
  }
  return state == ready ? EALREADY : EPERM;
}

// `unclaimed`: what to answer while nobody is at it, or 0 to wait then, too.
int wait(libcgo_init *init, int unclaimed) {
  if (!valid(init))
    return EINVAL;
  for (;;) {
    const uint32_t state = load_state(init);
    if (state == ready)
      return 0;
    if (state == untouched && unclaimed != 0)
      return unclaimed;
    if (state != untouched && state != claimed_by_this_process())
      return ECANCELED;
    cgo::os::wait_while(&init->state, state);
  }
}

} // namespace

int cgo::wait_for_start(libcgo_init *init) { return wait(init, EPERM); }

extern "C" {

int libcgo_init_init(libcgo_init *init, size_t size) {
  return cgo::begin_record(init, size, only_size);
}

int libcgo_init_begin(libcgo_init *init) {
  if (!valid(init))
    return EINVAL;
  uint32_t state = untouched;
  const uint32_t ours = claimed_by_this_process();
  if (__atomic_compare_exchange_n(&init->state, &state, ours, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return 0;
  if (state == ready)
    return EALREADY;
  // The claim of a parent that was forked: its thread stayed behind.
  return state == ours ? EBUSY : ECANCELED;
}

int libcgo_init_done(libcgo_init *init) { return end_claim(init, ready); }

int libcgo_init_abandon(libcgo_init *init) {
  return end_claim(init, untouched);
}

int libcgo_init_wait(libcgo_init *init) { return wait(init, 0); }

} // extern "C"
