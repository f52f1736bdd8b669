/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The start-up of a runtime: the runtime starts in one thread, and whoever calls it from
 * another thread waits until it is ready. See libcgo_init_wait(3).
 */
#ifndef LIBCGO_INIT_H
#define LIBCGO_INIT_H

#include <libcgo/platform.h>

LIBCGO_BEGIN_DECLS

/*
 * The state of one runtime's start-up. The client owns it, gives it static storage, and
 * initialises it with LIBCGO_INIT. After that only the functions below touch its
 * members. Nothing needs to be freed.
 */
struct libcgo_init {
  uint32_t size; /* of this record, in bytes */
  /* Threads wait on it: systems require its natural alignment for that. */
  uint32_t state LIBCGO_WAITED_FOR_;
  uint32_t reserved[6];
};
/* clang-format off */
#define LIBCGO_INIT                                                            \
  { sizeof(struct libcgo_init), 0, {0, 0, 0, 0, 0, 0} }
/* For a runtime that needs no start-up: ready from the beginning. Since 0.2. */
#define LIBCGO_INIT_READY                                                      \
  { sizeof(struct libcgo_init), 2, {0, 0, 0, 0, 0, 0} }
/* clang-format on */

/*
 * Gives the record the value LIBCGO_INIT. `size` is sizeof(struct libcgo_init).
 *
 * Returns 0. EINVAL: init is NULL, or the size is not one that the record ever had; then
 * nothing is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_init_init(struct libcgo_init *init, size_t size);

/*
 * Claims the start-up for the calling process. If several threads try, one gets the
 * claim.
 *
 * Returns 0: the caller starts the runtime. Some thread of this process must then call
 * libcgo_init_done, or libcgo_init_abandon if the start-up fails. EALREADY: the runtime
 * is ready. EBUSY: another thread has the claim. ECANCELED: the process was forked while
 * a thread had the claim, even if that is the thread that forked. EINVAL: init is NULL,
 * or its size is too small.
 *
 * So a start-up that forks (daemon(3)) must fork before libcgo_init_begin or after
 * libcgo_init_done: only the parent can finish what it has begun. A child that gets
 * ECANCELED may give the record the value LIBCGO_INIT and start anew, as long as it
 * has only one thread.
 * Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_init_begin(struct libcgo_init *init);

/*
 * Tells that the runtime is ready, and wakes all threads that wait. They see what the
 * caller has written before.
 *
 * Returns 0. EALREADY: the runtime was ready already. EPERM: this process has not claimed
 * the start-up; perhaps its parent has. EINVAL: init is NULL, or its size is too small.
 * Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_init_done(struct libcgo_init *init);

/*
 * Gives the claim back, because the start-up has failed. The next libcgo_init_begin gets
 * the claim. Threads that wait in libcgo_init_wait go on waiting, now for the next
 * start-up. In threads that wait in libcgo_callback, that call returns EPERM.
 *
 * Returns 0. EALREADY: the runtime is ready. EPERM: this process has not claimed the
 * start-up. EINVAL: init is NULL, or its size is too small.
 * Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_init_abandon(struct libcgo_init *init);

/*
 * Waits until the runtime is ready, also if nobody has claimed the start-up yet. Once the
 * runtime is ready, it costs one load. The thread that starts the runtime must not call
 * it: it would wait for itself. Not a cancellation point.
 *
 * Returns 0. ECANCELED: the process was forked while the start-up was half done, so
 * nobody in this process will finish it. EINVAL: init is NULL, or its size is too small.
 * Leaves errno alone.
 * Safe in any thread; in signal handlers if the interrupted thread is not the one that
 * starts the runtime. Since 0.1.
 */
LIBCGO_API int libcgo_init_wait(struct libcgo_init *init);

LIBCGO_END_DECLS

#endif
