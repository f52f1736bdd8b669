/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mailbox: any thread posts functions, and a thread of a virtual machine runs them: it
 * serves the mailbox. Mailboxes are for virtual machines, in short machines, that cannot
 * adopt a thread of C, such as Ruby and Node. See libcgo_mailbox_post(3).
 *
 *     static void wake(struct libcgo_mailbox *box) { uv_async_send(box->data); }
 *     static struct libcgo_mailbox box = LIBCGO_MAILBOX_INIT(wake);
 *     ...
 *     libcgo_mailbox_open(&box, 64);                       // the machine
 *     libcgo_mailbox_call(&box, fn, arg, LIBCGO_FOR_EVER); // any thread; then fn has run
 *     libcgo_mailbox_post(&box, fn, arg, 0);               // any thread; fn will run
 *     libcgo_mailbox_serve(&box, SIZE_MAX);                // the machine: fn runs here
 *
 * The functions run one at a time, in the order in which they were posted. They run in the
 * thread that calls libcgo_mailbox_serve, not in the thread that posted them.
 *
 * A function that is posted must return: it must not throw, no longjmp may leave it, and its
 * thread must neither end nor be cancelled in it. Otherwise no other function is served, and a
 * thread that waits for it waits for ever. In the same way, no longjmp and no asynchronous
 * cancellation may leave a function of this header that waits.
 *
 * In a child of fork(2), a mailbox of the parent cannot be used: initialise the record again,
 * and open it. If the child was forked in a function that was being served, the child serves
 * no other one: libcgo_mailbox_serve returns.
 */
#ifndef LIBCGO_MAILBOX_H
#define LIBCGO_MAILBOX_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>

LIBCGO_BEGIN_DECLS

struct libcgo_mailbox;

/* A function that is posted, and one that tells the machine that something waits. */
typedef void (*libcgo_mailbox_fn)(void *arg);
typedef void (*libcgo_wake_fn)(struct libcgo_mailbox *box);

/*
 * The record of a mailbox. The client owns it, and initialises it with LIBCGO_MAILBOX_INIT.
 * It must not move until libcgo_mailbox_end.
 */
struct libcgo_mailbox {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* Makes a thread of the machine call libcgo_mailbox_serve soon. It is called in the thread
     that posts, if nothing was waiting before, by libcgo_mailbox_close, and by a
     libcgo_mailbox_serve that leaves functions behind. It may be called again before that
     thread serves. It must not call functions of the mailbox. NULL: a thread waits in
     libcgo_mailbox_wait instead. */
  libcgo_wake_fn wake;
  void *data; /* the client's */
  /* The library's. */
  uintptr_t state;
  uint32_t inside;
  uint32_t unused;
  uintptr_t reserved[8];
};
#define LIBCGO_MAILBOX_INIT(wake)                                              \
  {                                                                            \
    sizeof(struct libcgo_mailbox), LIBCGO_RECORD_VERSION, wake, LIBCGO_NULL_,  \
        0, 0, 0, {                                                             \
      0, 0, 0, 0, 0, 0, 0, 0                                                   \
    }                                                                          \
  }

/*
 * Gives the record the value LIBCGO_MAILBOX_INIT(NULL); assign `wake` afterwards. For
 * languages that cannot use the macro, and for records on the heap. `size` is
 * sizeof(struct libcgo_mailbox) as the caller was compiled: an older client's record is
 * shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: box is NULL, or size is less than the record had in 0.2; then nothing is
 * written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_mailbox_init(struct libcgo_mailbox *box, size_t size);

/* As a time in nanoseconds: without a limit. It is UINT64_MAX, written as a number for tools
   that read macros. Since 0.2. */
#ifdef LIBCGO_VARIABLES_
static const uint64_t LIBCGO_FOR_EVER = 0xffffffffffffffffu;
#else
#define LIBCGO_FOR_EVER 0xffffffffffffffffu
#endif

/*
 * Opens a mailbox with room for `places` functions that wait. The memory for them is the
 * library's; libcgo_mailbox_end frees it.
 *
 * Returns 0, or
 *   EINVAL   the record is NULL or too small, or `places` is 0
 *   ENOTSUP  this library does not know the record's version
 *   EBUSY    the mailbox is open, or another thread is in libcgo_mailbox_end
 *   ENOMEM   there is no memory for so many places
 * Leaves errno alone. Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_mailbox_open(struct libcgo_mailbox *box,
                                   size_t places) LIBCGO_CHECKED_;

/*
 * Posts fn(arg) and does not wait for it. If the mailbox is full, waits for a place, for at
 * most `timeout_ns` nanoseconds.
 *
 * Returns 0: fn will run, unless libcgo_mailbox_end comes first. After an error it will not:
 *   ETIMEDOUT  the mailbox is still full
 *   ESHUTDOWN  it is closed
 *   EDEADLK    it is full, and this thread is serving it at the moment
 *   EINVAL     fn is NULL, or the mailbox is not open
 * Leaves errno alone. Not a cancellation point. Safe in any thread; not safe in signal
 * handlers. Since 0.2.
 */
LIBCGO_API int libcgo_mailbox_post(struct libcgo_mailbox *box,
                                   libcgo_mailbox_fn fn, void *arg,
                                   uint64_t timeout_ns) LIBCGO_CHECKED_;

/*
 * Posts fn(arg) and waits until it has returned. `timeout_ns` is the longest time until fn
 * begins, in nanoseconds. If fn has begun, the call waits for its end without a limit. In the
 * thread that is serving the mailbox, fn runs at once. A thread that could serve it, but is not
 * doing so, waits for itself if no other one serves.
 *
 * Returns 0: fn has run. After an error it has not, and will not:
 *   ETIMEDOUT  it did not begin in time
 *   ESHUTDOWN  the mailbox is closed, or was ended while fn waited
 *   EINVAL     fn is NULL, or the mailbox is not open
 * Leaves errno alone. Not a cancellation point. Safe in any thread; not safe in signal
 * handlers. Since 0.2.
 */
LIBCGO_API int libcgo_mailbox_call(struct libcgo_mailbox *box,
                                   libcgo_mailbox_fn fn, void *arg,
                                   uint64_t timeout_ns) LIBCGO_CHECKED_;

/*
 * Runs functions that wait in the mailbox, at most `most` of them, in the calling thread. If
 * none waits, it returns at once.
 *
 * Returns how many have run. It runs none if another thread is serving, if it is called by a
 * function that is being served, or if the mailbox is not open.
 * Leaves errno as the last function has left it. Safe in any thread; not safe in signal handlers.
 * Since 0.2.
 */
LIBCGO_API size_t libcgo_mailbox_serve(struct libcgo_mailbox *box, size_t most);

/*
 * Waits until a function waits in the mailbox, and no other thread is serving it, for at most
 * `timeout_ns` nanoseconds.
 *
 * Returns 0: a function waits, or
 *   ETIMEDOUT  none has come
 *   EINTR      libcgo_mailbox_interrupt was called
 *   ESHUTDOWN  the mailbox is closed, and empty
 *   EDEADLK    this thread is serving the mailbox at the moment
 *   EINVAL     the mailbox is not open
 * Leaves errno alone. Not a cancellation point. Safe in any thread; not safe in signal
 * handlers. Since 0.2.
 */
LIBCGO_API int libcgo_mailbox_wait(struct libcgo_mailbox *box,
                                   uint64_t timeout_ns);

/*
 * Makes one thread return from libcgo_mailbox_wait with EINTR: one that waits, or the next one
 * that calls it. Several interrupts before that count as one. Does nothing if the mailbox is
 * not open. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API void libcgo_mailbox_interrupt(struct libcgo_mailbox *box);

/*
 * Closes the mailbox: from now on nothing can be posted, and threads that wait for a place get
 * an error. Functions that wait in the mailbox can still be served.
 *
 * Returns 0. EINVAL: the mailbox is not open. EALREADY: it is closed already. Leaves errno
 * alone. Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_mailbox_close(struct libcgo_mailbox *box);

/*
 * Closes the mailbox and frees its memory. Functions that still wait do not run: their calls
 * return an error, and posts are forgotten. (To run them, close and serve first.) Waits until
 * no other thread is in a function of this header with this mailbox. To a thread that calls
 * one meanwhile, it is closed or not open.
 *
 * Afterwards the record may be opened again. It may be freed once no thread can use it any
 * more.
 *
 * Returns 0. EINVAL: the mailbox is not open. ENOTSUP: this library does not know the record's
 * version. EBUSY: a thread is serving it, or ends it. Leaves errno alone. Not a cancellation
 * point. Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_mailbox_end(struct libcgo_mailbox *box);

LIBCGO_END_DECLS

#endif
