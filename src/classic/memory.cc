// SPDX-License-Identifier: BSD-3-Clause
#include "classic/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <libcgo/classic.h>

namespace cgo {

void call_malloc(void *p) {
  auto *args = static_cast<libcgo_malloc_args *>(p);
  // n has 64 bits on every host; size_t has not.
  const bool fits = args->n >= 0 && args->n <= PTRDIFF_MAX;
  args->ret = fits ? malloc(static_cast<size_t>(args->n)) : nullptr;
}

void call_free(void *p) { free(static_cast<libcgo_free_args *>(p)->arg); }

} // namespace cgo
