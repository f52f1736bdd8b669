/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeping the object of a runtime's hooks mapped.
 */
#ifndef LIBCGO_KEEP_H
#define LIBCGO_KEEP_H

#include <libcgo/runtime.h>

namespace cgo {

/*
 * Keeps the library and the hooks that run at the end of a thread from being unmapped.
 * Waits for the loader a tenth of a second at most: then they will be kept as soon as
 * the loader is free. Returns 0, or EPERM if it refuses.
 */
int keep_runtime_mapped(libcgo_runtime *runtime);

/* The runtime ends: it does not look at what is still under way. */
void forget_keeping(libcgo_runtime *runtime);

} // namespace cgo

#endif
