/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handles: a runtime's object passes through C's `void *` as a word that is
 * not its address. The C side can keep the word as long as it likes; a word
 * that names nothing any more, or never did, is found out.
 *
 *     static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
 *     uintptr_t handle;
 *     if (libcgo_handle_new(&table, object, &handle) == 0)
 *       c_function(callback, (void *)handle);
 *     ...
 *     object = libcgo_handle_get(&table, (uintptr_t)argument);
 *
 * A handle has, from its lowest bit up:
 *
 *     64 bits:  28 of place, 36 of stamp; 234,880,800 live handles at most
 *     32 bits:  21 of place, 11 of stamp;   1,834,784 live handles at most
 *
 * The stamp is the number of times that the place was used before, counted
 * from an origin that each table chooses for itself, so it is generation and
 * tag of the table in one.
 * 64 bits: a place whose stamps are used up is not used again, so a freed
 * handle never names another object of its table. A handle of another table,
 * of a destroyed one, or any word at all, passes for a given live handle's
 * with a chance of 1 in 2^36.
 * 32 bits: a freed handle names another object when its place has been used
 * 2,048 times more. Places are used in turn, and an eighth of them, and never
 * fewer than 32, is free: that takes 65,536 new handles at least, unless calls
 * overlap. A handle of another table passes with a chance of 1 in 2,048.
 *
 * A handle is never 0.
 */
#ifndef LIBCGO_HANDLE_H
#define LIBCGO_HANDLE_H

#include <errno.h>
#include <libcgo/platform.h>
#include <stddef.h>
#include <stdint.h>

/* Windows has it for sockets only, as WSAESTALE. */
#ifndef ESTALE
#define ESTALE 10070
#endif

LIBCGO_BEGIN_DECLS

/*
 * A table of handles. The record is the client's, static, on the heap or
 * inside another record, and does not move while it has handles. It begins as
 * LIBCGO_HANDLE_TABLE_INIT. What follows `size` is the library's.
 *
 * The table has memory of its own from the first handle on: 16 bytes and a bit
 * for each place (8 bytes and a bit with 32-bit words), 256 places at first,
 * twice as many whenever seven of eight are in use. Pages that were never used
 * take address space only. libcgo_handle_table_destroy gives all of it back.
 */
struct libcgo_handle_table {
  uint32_t size; /* of this record, as its client was compiled */
  uint32_t reserved;
  uintptr_t segments[sizeof(uintptr_t) == 8 ? 20 : 13];
  uintptr_t reserved_words[8];
  /* What lookups do not read. */
  uintptr_t origin;
  uintptr_t segment_count;
  uintptr_t taken;
  uintptr_t retired;
  uintptr_t cursor;
  uintptr_t reserved_counts[3];
};

#define LIBCGO_HANDLE_TABLE_INIT                                               \
  { sizeof(struct libcgo_handle_table), 0, {0}, {0}, 0, 0, 0, 0, 0, {0} }

/*
 * Makes a handle for an object. The table keeps the pointer and does nothing
 * else with it: that the object lives as long as the handle is the client's
 * affair. One object may have several handles.
 *
 * Whoever gets the object by its handle sees what was written to it before.
 *
 * Returns 0, or
 *   EINVAL  table or handle is NULL, the table was not initialised, or the
 *           object is NULL, which a lookup could not tell from no object
 *   ENOMEM  the system has no memory for more handles
 *   EAGAIN  as many handles are live as a word can tell apart
 * and then *handle is as it was. Leaves errno alone.
 * Safe in any thread and in signal handlers: it takes no lock. Since 0.1.
 */
LIBCGO_API int libcgo_handle_new(struct libcgo_handle_table *table,
                                 void *object, uintptr_t *handle);

/*
 * Returns the object of a live handle, and NULL for every other word: freed,
 * of another table, forged, 0.
 *
 * If another thread frees the handle meanwhile, the result is either; what
 * keeps the object alive after that is the client's affair.
 * No lock, no system call, no allocation; the same few loads however many
 * handles there are. Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API void *libcgo_handle_get(const struct libcgo_handle_table *table,
                                   uintptr_t handle);

/*
 * Ends a handle: from now on it names nothing. The object is untouched. Of
 * several calls with one handle, exactly one returns 0.
 *
 * Returns 0, or
 *   EINVAL  table is NULL or was not initialised
 *   ESTALE  the word is no live handle of this table
 * Leaves errno alone. Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_handle_free(struct libcgo_handle_table *table,
                                  uintptr_t handle);

/*
 * Returns how many handles are live, those included that are being made or
 * freed at the moment; 0 if table is NULL or was not initialised.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API size_t
libcgo_handle_count(const struct libcgo_handle_table *table);

/*
 * Ends all handles and gives the table's memory back. The record is then as
 * it was initialised, and may be used again. No other call for this table may
 * be under way.
 *
 * Returns 0, or EINVAL if table is NULL or was not initialised.
 * Leaves errno alone. Since 0.1.
 */
LIBCGO_API int libcgo_handle_table_destroy(struct libcgo_handle_table *table);

LIBCGO_END_DECLS

#endif
