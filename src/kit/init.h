/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The start-up, as the rest of the library uses it.
 */
#ifndef LIBCGO_INIT_H_INTERNAL
#define LIBCGO_INIT_H_INTERNAL

#include <libcgo/init.h>

namespace cgo {

/* libcgo_init_wait, but EPERM where nobody has begun the start-up. */
int wait_for_start(libcgo_init *init);

} // namespace cgo

#endif
