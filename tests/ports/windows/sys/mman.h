/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: memory, as far as the tests ask for it. */
#ifndef LIBCGO_TESTS_WINDOWS_MMAN_H
#define LIBCGO_TESTS_WINDOWS_MMAN_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20
#define MAP_NORESERVE 0x4000
#define MAP_FAILED ((void *)-1)

void *mmap(void *address, size_t bytes, int protection, int flags, int fd,
           off_t offset);
int mprotect(void *address, size_t bytes, int protection);
int munmap(void *address, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
