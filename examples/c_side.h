/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What squeeze's runtime calls in C, and what C calls in the runtime.
 *
 * Every function takes one pointer to its arguments and results: so a runtime
 * with its own calling convention has only one argument to pass. `err` is an
 * errno value or 0.
 */
#ifndef EXAMPLES_C_SIDE_H
#define EXAMPLES_C_SIDE_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <zlib.h>

/* ---- to C ---- */

struct open_call {
  const char *path;
  int fd;     /* result: -1 if the file cannot be had */
  off_t size; /* result */
  int err;    /* result: if fd is -1, 0 means "not a regular file" */
};
void c_open(void *open_call);
void c_close(void *fd);

struct io_call {
  int fd;
  void *data;
  size_t n;
  size_t done; /* result */
  int err;     /* result */
};
void c_read(void *io_call);     /* one read(2): done may be less than n */
void c_write(void *io_call);    /* all of n */
void c_truncate(void *io_call); /* to n bytes; the next write is there */

/* zlib's state must not move in memory. */
struct deflate_call {
  z_stream z;   /* next_in, avail_in: the input */
  uint32_t crc; /* c_crc adds the input to it */
  int flush;    /* Z_NO_FLUSH, or Z_FINISH for the end of a gzip member */
  void *out;
  size_t out_bytes;
  size_t made; /* result: bytes in out */
  int status;  /* result: zlib's */
};
void c_deflate_init(void *deflate_call);
void c_deflate_reset(void *deflate_call); /* begins a gzip member; resets crc */
void c_crc(void *deflate_call);
void c_deflate(void *deflate_call);
void c_deflate_end(void *deflate_call);

struct walk_call {
  const char *path;
  int err; /* result */
};
void c_walk(void *walk_call);

/* ---- from C, through crosscall2, on any thread of the runtime ---- */

/* The walk has found something. */
struct found_call {
  const char *path;
  const struct stat *st;
  int type, level; /* nftw's */
  int err;
  int action; /* result: nftw's FTW_CONTINUE or FTW_SKIP_SUBTREE */
};
void runtime_found(void *found_call, int32_t size);

/* zlib asks for memory, and gives it back. */
struct alloc_call {
  size_t n;
  void *ret; /* result: NULL if there is none */
};
void runtime_alloc(void *alloc_call, int32_t size);
void runtime_release(void *memory, int32_t size);

#endif
