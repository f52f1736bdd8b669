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
 * If another thread has the loader's lock for a tenth of a second, it returns 0, and they
 * are kept as soon as the lock is free. Otherwise returns 0, EPERM if the loader refuses, or
 * ENOMEM.
 */
int keep_runtime_mapped(libcgo_runtime *runtime);

/* For the end of a runtime: it no longer waits for a request that is under way. */
void forget_keeping(libcgo_runtime *runtime);

} // namespace cgo

#endif
