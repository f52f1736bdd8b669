/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracebacks, as other parts of the library ask for them.
 */
#ifndef LIBCGO_TRACEBACK_H_INTERNAL
#define LIBCGO_TRACEBACK_H_INTERNAL

#include <libcgo/traceback.h>

namespace cgo {

/* libcgo_context_traceback for a context that is suspended at sp. */
size_t traceback_from(const libcgo_runtime *runtime, uintptr_t sp,
                      uintptr_t *pcs, size_t max);

} // namespace cgo

#endif
