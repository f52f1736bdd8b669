/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the functions that initialise records share.
 */
#ifndef LIBCGO_RECORD_H
#define LIBCGO_RECORD_H

#include <libcgo/runtime.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

namespace cgo {

/*
 * Begins a record as a client was compiled: its size, and zeros. 0 is the first value of
 * every member that a record gets in a later release. `first` is the size of the record in
 * its first release. Returns 0, or EINVAL and has written nothing.
 */
template <typename record>
int begin_record(record *r, size_t size, size_t first) {
  if (r == nullptr || size < first || size > UINT32_MAX)
    return EINVAL;
  __builtin_memset(static_cast<void *>(r), 0, size);
  r->size = static_cast<uint32_t>(size);
  return 0;
}

/* The same for a record that has a version. */
template <typename record>
int begin_versioned_record(record *r, size_t size, size_t first) {
  const int err = begin_record(r, size, first);
  if (err == 0)
    r->version = LIBCGO_RECORD_VERSION;
  return err;
}

} // namespace cgo

#endif
