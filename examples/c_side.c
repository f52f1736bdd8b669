/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The C side of squeeze. It knows nothing of tasks, threads or slots.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "c_side.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include <libcgo.h>

/* ---- files ---- */

void c_open(void *args) {
  struct open_call *call = args;
  struct stat st;
  /* The path may be something else by now: do not follow a link, and do not
     wait for the writer of a FIFO. */
  call->fd = open(call->path,
                  O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
  call->err = call->fd < 0 || fstat(call->fd, &st) != 0 ? errno : 0;
  if (call->fd >= 0 && (call->err != 0 || !S_ISREG(st.st_mode))) {
    close(call->fd);
    call->fd = -1;
  }
  if (call->fd >= 0)
    call->size = st.st_size;
}

void c_close(void *fd) { close(*(int *)fd); }

void c_read(void *args) {
  struct io_call *call = args;
  ssize_t n;
  do
    n = read(call->fd, call->data, call->n);
  while (n < 0 && errno == EINTR);
  call->err = n < 0 ? errno : 0;
  call->done = n < 0 ? 0 : (size_t)n;
}

void c_write(void *args) {
  struct io_call *call = args;
  call->err = 0;
  for (call->done = 0; call->done < call->n && call->err == 0;) {
    const char *from = call->data;
    ssize_t n = write(call->fd, from + call->done, call->n - call->done);
    if (n >= 0)
      call->done += (size_t)n;
    else if (errno != EINTR)
      call->err = errno;
  }
}

void c_truncate(void *args) {
  struct io_call *call = args;
  const off_t n = (off_t)call->n;
  const int bad =
      ftruncate(call->fd, n) != 0 || lseek(call->fd, n, SEEK_SET) != n;
  call->err = bad ? errno : 0;
}

/* ---- zlib ---- */

static void *zlib_alloc(void *opaque, unsigned items, unsigned size) {
  struct alloc_call call = {.n = (size_t)items * size};
  (void)opaque;
  crosscall2(runtime_alloc, &call, sizeof call);
  return call.ret;
}

static void zlib_free(void *opaque, void *memory) {
  (void)opaque;
  crosscall2(runtime_release, memory, 0);
}

void c_deflate_init(void *args) {
  struct deflate_call *call = args;
  memset(&call->z, 0, sizeof call->z);
  call->z.zalloc = zlib_alloc;
  call->z.zfree = zlib_free;
  /* 16 added to the window size asks for the gzip format. */
  call->status = deflateInit2(&call->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                              MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
}

void c_deflate_reset(void *args) {
  struct deflate_call *call = args;
  call->crc = 0;
  call->status = deflateReset(&call->z);
}

void c_crc(void *args) {
  struct deflate_call *call = args;
  if (call->z.avail_in > 0) /* crc32 of NULL would start again */
    call->crc = (uint32_t)crc32(call->crc, call->z.next_in, call->z.avail_in);
}

void c_deflate(void *args) {
  struct deflate_call *call = args;
  call->z.next_out = call->out;
  call->z.avail_out = (unsigned)call->out_bytes;
  call->status = deflate(&call->z, call->flush);
  call->made = call->out_bytes - call->z.avail_out;
}

void c_deflate_end(void *args) {
  struct deflate_call *call = args;
  call->status = deflateEnd(&call->z);
}

/* ---- the walk ---- */

static int found(const char *path, const struct stat *st, int type,
                 struct FTW *ftw) {
  struct found_call call = {
      .path = path, .st = st, .type = type, .level = ftw->level, .err = errno};
  crosscall2(runtime_found, &call, sizeof call);
  return call.action;
}

void c_walk(void *args) {
  struct walk_call *call = args;
  const int flags = FTW_PHYS | FTW_ACTIONRETVAL;
  const int descriptors = 16;
  call->err = nftw(call->path, found, descriptors, flags) == -1 ? errno : 0;
}
