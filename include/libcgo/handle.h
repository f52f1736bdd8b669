/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handles: words that stand for a runtime's objects in C's `void *`. A handle is not the
 * object's address. C can keep it as long as it likes; the library finds out if a handle
 * has been freed, or never was one.
 *
 *     static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
 *     uintptr_t handle;
 *     if (libcgo_handle_new(&table, object, &handle) == 0)
 *       c_function(callback, (void *)handle);
 *     ...
 *     object = libcgo_handle_get(&table, (uintptr_t)argument);
 *
 * A handle consists of the number of its place in the table and a stamp. It has, from its
 * lowest bit up:
 *
 *     64 bits:  28 of place, 36 of stamp; 234,880,800 live handles at most
 *     32 bits:  21 of place, 11 of stamp;   1,834,784 live handles at most
 *
 * The stamp counts how often the place was used before. Each table begins to count at a
 * number of its own, so the stamp also tells tables apart.
 *
 * 64 bits: a place whose stamps are used up is not used again. So a freed handle never
 * names another object of its table. A handle of another table, of a destroyed table, or
 * any other word is taken for a given live handle with a chance of 1 in 2^36.
 *
 * 32 bits: a freed handle names another object after its place has been used 2,048 times
 * more. Places are used in turn, and an eighth of them, at least 32, is always free. So
 * this takes at least 65,536 new handles, unless calls overlap. A handle of another table
 * is taken for a live one with a chance of 1 in 2,048.
 *
 * A handle is never 0.
 */
#ifndef LIBCGO_HANDLE_H
#define LIBCGO_HANDLE_H

#include <libcgo/platform.h>

/* Windows has this error for sockets only, as WSAESTALE. */
#ifndef ESTALE
#define ESTALE 10070
#endif

LIBCGO_BEGIN_DECLS

/* How many segments a table has at most. */
#ifdef LIBCGO_64_
#define LIBCGO_HANDLE_SEGMENTS_ 20
#else
#define LIBCGO_HANDLE_SEGMENTS_ 13
#endif

/*
 * A table of handles. The client owns the record: static, on the heap or inside another
 * record. It must not move while the table has handles. Initialise it with
 * LIBCGO_HANDLE_TABLE_INIT. Only the library uses the members after `size`.
 *
 * The table allocates memory with the first handle, and libcgo_handle_table_destroy frees
 * it. A place takes 16 bytes, or 8 with 32-bit words. 256 places take two bytes more. There
 * are 256 places at first; their number doubles whenever seven of eight are in use. Pages
 * that were never used take address space only.
 */
struct libcgo_handle_table {
  uint32_t size; /* of this record, in bytes */
  uint32_t reserved;
  uintptr_t segments[LIBCGO_HANDLE_SEGMENTS_];
  uintptr_t reserved_words[8];
  /* Lookups do not read these. */
  uintptr_t origin;
  uintptr_t segment_count;
  uintptr_t open;
  uintptr_t next;
  uintptr_t reserved_counts[4];
};

/* clang-format off */
#define LIBCGO_HANDLE_TABLE_INIT                                               \
  { sizeof(struct libcgo_handle_table), 0, {0}, {0}, 0, 0, 0, 0, {0} }
/* clang-format on */

/*
 * Gives the record the value LIBCGO_HANDLE_TABLE_INIT. For languages that cannot use the
 * macro, and for records on the heap. `size` is sizeof(struct libcgo_handle_table) as the
 * caller was compiled: an older client's record is shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: table is NULL, or size is less than the record had in 0.1; then nothing
 * is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_handle_table_init(struct libcgo_handle_table *table,
                                        size_t size);

/*
 * Makes a handle for an object. The table keeps the pointer and does nothing else with
 * it: the client must keep the object alive as long as the handle. One object may have
 * several handles. A thread that gets the object by its handle sees what was written to
 * the object before this call.
 *
 * Returns 0, or one of these; after an error *handle is unchanged.
 *   EINVAL  table or handle is NULL, the table was not initialised, or object is
 *           NULL (a lookup could not tell it from "no object")
 *   ENOMEM  the system has no memory for more handles
 *   EAGAIN  the table has as many live handles as the bits of a word allow, or nearly so
 *           while other calls make and free handles
 * Leaves errno alone. Takes no lock.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_handle_new(struct libcgo_handle_table *table,
                                 void *object, uintptr_t *handle);

/*
 * Returns the object of a live handle. Returns NULL for every other word: a freed
 * handle, one of another table, an invented one, 0.
 *
 * If another thread frees the handle at the same time, the result is the object or NULL.
 * The client must know what keeps the object alive after that.
 * No lock, no system call, no allocation; the same few loads however many handles there
 * are.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API void *libcgo_handle_get(const struct libcgo_handle_table *table,
                                   uintptr_t handle);

/*
 * Frees a handle: from now on it names nothing. The object is not touched. If several
 * calls have the same handle, exactly one returns 0.
 *
 * Returns 0, or
 *   EINVAL  table is NULL or was not initialised
 *   ESTALE  the word is not a live handle of this table
 * Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_handle_free(struct libcgo_handle_table *table,
                                  uintptr_t handle);

/*
 * Returns how many handles are live. 0 if table is NULL or was not initialised.
 *
 * Looks at every place, one after the other. So handles that are made or freed meanwhile
 * may count or not. Takes as long as reading the table's memory.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API size_t libcgo_handle_count(const struct libcgo_handle_table *table);

/*
 * Frees all handles and the table's memory. The record is then as
 * LIBCGO_HANDLE_TABLE_INIT makes it, and may be used again. No other call for this table
 * may be under way.
 *
 * Returns 0. EINVAL: table is NULL or was not initialised.
 * Leaves errno alone.
 * Safe in any thread while no other call for the table is under way; not safe in signal
 * handlers. Since 0.1.
 */
LIBCGO_API int libcgo_handle_table_destroy(struct libcgo_handle_table *table);

LIBCGO_END_DECLS

#endif
