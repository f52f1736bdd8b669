/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * malloc and free for callers with one pointer to all arguments.
 */
#ifndef LIBCGO_MEMORY_H
#define LIBCGO_MEMORY_H

namespace cgo {

void call_malloc(void *args); /* a struct libcgo_malloc_args */
void call_free(void *args);   /* a struct libcgo_free_args */

} // namespace cgo

#endif
