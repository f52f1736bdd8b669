/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classic slots of g and m.
 */
#ifndef LIBCGO_CLASSIC_SLOTS_H
#define LIBCGO_CLASSIC_SLOTS_H

#include <stdint.h>

namespace cgo {

/* Stores g and m for the calling thread. Stops the process with a message,
   and stores nothing, if `initcgo` has not prepared the slots. */
void store_slots(uintptr_t g, uintptr_t m);

} // namespace cgo

#endif
