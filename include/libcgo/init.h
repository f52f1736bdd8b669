/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The start-up hand-shake: a runtime starts in one thread, and whoever calls
 * into it from another waits until it is ready. See libcgo_init_wait(3).
 */
#ifndef LIBCGO_INIT_H
#define LIBCGO_INIT_H

#include <libcgo/platform.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

/*
 * The state of one runtime's start-up. Belongs to the client, who gives it
 * static storage and the value LIBCGO_INIT, and lets only the functions below
 * touch its members. Nothing needs to be freed.
 */
struct libcgo_init {
  uint32_t size; /* of this record in bytes, as the client knows it */
  /* Waited on, for which systems want a word at its natural alignment. */
  uint32_t state __attribute__((__aligned__(4)));
  uint32_t reserved[6];
};
#define LIBCGO_INIT                                                            \
  { sizeof(struct libcgo_init), 0, {0, 0, 0, 0, 0, 0} }

/*
 * Claims the start-up for the calling process. Of several threads one gets it.
 *
 * Returns 0: the caller starts the runtime, and some thread of the process
 * calls libcgo_init_done, or libcgo_init_abandon if it fails. EALREADY: it is
 * done. EBUSY: another thread is at it. ECANCELED: the process was forked while a
 * thread was at it, be it the one that forked. EINVAL: init is NULL or its size is
 * too small.
 *
 * So a start-up that forks (daemon(3)) does so before libcgo_init_begin or after
 * libcgo_init_done: what it has begun is the parent's to finish. A child that gets
 * ECANCELED may give the record the value LIBCGO_INIT, as long as it has one thread, and
 * begin anew.
 * Safe in any thread and in signal handlers; leaves errno alone. Since 0.1.
 */
LIBCGO_API int libcgo_init_begin(struct libcgo_init *init);

/*
 * Tells that the runtime is ready, and wakes all who wait. What the caller
 * has written before is visible to them.
 *
 * Returns 0. EALREADY: it was done before. EPERM: nobody in this process has
 * claimed it, but perhaps in one that it was forked from. EINVAL: init is NULL or its size is too small.
 * Safe in any thread and in signal handlers; leaves errno alone. Since 0.1.
 */
LIBCGO_API int libcgo_init_done(struct libcgo_init *init);

/*
 * Gives the claim back, because the start-up has failed: the next
 * libcgo_init_begin gets it. Who waits goes on waiting for that, but for
 * libcgo_callback, which returns EPERM.
 *
 * Returns 0. EALREADY: the runtime is ready. EPERM: nobody in this process has
 * claimed it. EINVAL: init is NULL or its size is too small.
 * Safe in any thread and in signal handlers; leaves errno alone. Since 0.1.
 */
LIBCGO_API int libcgo_init_abandon(struct libcgo_init *init);

/*
 * Returns when the runtime is ready: one load, once it is. Waits also if
 * nobody has claimed the start-up yet. Is no cancellation point.
 *
 * Returns 0. ECANCELED: the process was forked while the start-up was half
 * done, so nobody here will finish it. EINVAL: init is NULL or its size is too
 * small.
 * Safe in any thread but the one that starts the runtime, which would wait for
 * itself; leaves errno alone. Since 0.1.
 */
LIBCGO_API int libcgo_init_wait(struct libcgo_init *init);

LIBCGO_END_DECLS

#endif
