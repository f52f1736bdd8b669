/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: memory, as far as the tests ask for it. */
#include <sys/mman.h>
#include <windows.h>

static DWORD protection_of(int protection) {
  return protection == PROT_NONE          ? PAGE_NOACCESS
         : (protection & PROT_WRITE) != 0 ? PAGE_READWRITE
                                          : PAGE_READONLY;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd,
           off_t offset) {
  (void)address, (void)flags, (void)fd, (void)offset;
  void *memory = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT,
                              protection_of(protection));
  return memory == NULL ? MAP_FAILED : memory;
}
int mprotect(void *address, size_t bytes, int protection) {
  DWORD before;
  return VirtualProtect(address, bytes, protection_of(protection), &before) ? 0
                                                                            : -1;
}
int munmap(void *address, size_t bytes) {
  (void)bytes;
  return VirtualFree(address, 0, MEM_RELEASE) ? 0 : -1;
}
