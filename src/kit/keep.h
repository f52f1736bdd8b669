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
 * Waits for the loader a tenth of a second at most. If that is not enough, it returns 0,
 * and they are kept as soon as the loader is free. Otherwise returns 0, EPERM if the
 * loader refuses, or ENOMEM.
 */
int keep_runtime_mapped(libcgo_runtime *runtime);

/* For the end of a runtime: it no longer waits for a request that is under way. */
void forget_keeping(libcgo_runtime *runtime);

} // namespace cgo

#endif
