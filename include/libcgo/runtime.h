/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime and its threads: the two records that a client owns, the hooks by
 * which the library asks the client, and how C's threads come in and go. See
 * libcgo-runtime(7).
 *
 *     static _Thread_local struct libcgo_thread *self;
 *     static void enter(struct libcgo_thread *thread) { self = thread; }
 *     static void leave(struct libcgo_thread *thread) { self = NULL; }
 *     static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
 *       return self;
 *     }
 *     ...
 *     static const struct libcgo_ops ops =
 *         LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
 *     static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
 *     ...
 *     libcgo_init_begin(&runtime.init); // from here on callers of
 *     ...                               // libcgo_callback wait
 *     libcgo_init_done(&runtime.init);
 *
 * A runtime whose tasks move between threads keeps the compiler from inlining what
 * reads `self` in its own code: the address of the old thread's variable could be
 * kept over the move. The same holds for errno.
 *
 * All state is in these records: the library keeps none of its own, so any
 * number of runtimes work side by side, also in one thread.
 */
#ifndef LIBCGO_RUNTIME_H
#define LIBCGO_RUNTIME_H

#include <libcgo/init.h>
#include <libcgo/platform.h>
#include <stddef.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

struct libcgo_runtime;
struct libcgo_thread;

/* The version of the three records below, as this header describes them. */
#define LIBCGO_RECORD_VERSION 1

/*
 * What the library asks the client. Constant; may be in read-only memory.
 *
 * enter, leave, acquire and release run on the thread that they are about. They may
 * take locks and allocate, and come by cancellation points: they cannot be cancelled.
 * While they run signals are held, and at no other time: blocked, but for SIGSEGV,
 * SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT (and SIGEMT), which are as the
 * thread has them, and `open_signals` of the runtime. What `acquire` and `enter` open
 * stays open, and so does a signal blocked that they block and that is not held (that
 * of a held one is not seen); a foreign thread has its own mask back after `release`.
 *
 * `leave` may run the runtime's own code, by libcgo_callback and all that may be
 * called there: as long as current() returns the record all is as it was, stacks and
 * signal stack included. In it libcgo_detach says EBUSY. The other hooks must not run
 * the runtime's code, or call a function of the library that takes a runtime or a
 * thread's record. Those of handles, libcgo_slots_at, libcgo_stack_map and
 * libcgo_stack_unmap all of them may call.
 *
 * They must not throw or end the thread. If one does, signals stay held and the
 * thread cannot be cancelled any more: after `acquire` its record is lost; after
 * `enter` the thread leaves at its end; after `leave` there is no `release`.
 */
struct libcgo_ops {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* This OS thread is now the record's: usually one store to a thread-local
     variable, which `current` loads. From its return on, current() must return
     `thread`. Required. */
  void (*enter)(struct libcgo_thread *thread);
  /* This OS thread is the record's no longer; current() must return NULL from
     here on. The library does not touch the record of a thread that
     libcgo_thread_create started again, nor, for its sake, that of the runtime:
     the first may be freed here. Required. */
  void (*leave)(struct libcgo_thread *thread);
  /* Gives a record, begun as LIBCGO_THREAD_INIT, to a thread that the client
     did not start, or NULL if there is none to be had. With `release`, or both
     NULL: then threads of others cannot be attached. */
  struct libcgo_thread *(*acquire)(struct libcgo_runtime *runtime);
  /* Takes it back, after `leave`. The library touches neither record again for
     this thread's sake. */
  void (*release)(struct libcgo_thread *thread);
  /* The record that the calling thread has in this runtime, or NULL. Runs at
     every callback, also in signal handlers: a load or two, and the signal mask
     left alone. Required. */
  struct libcgo_thread *(*current)(const struct libcgo_runtime *runtime);
  /* Optional: gets the message, one line without its end, before the process
     aborts, where an error cannot be returned. Without it, or when it returns,
     the message goes to standard error. */
  void (*fatal)(const char *message);
  void (*reserved[8])(void);
};
#define LIBCGO_OPS(enter, leave, acquire, release, current, fatal)             \
  {                                                                            \
    sizeof(struct libcgo_ops), LIBCGO_RECORD_VERSION, enter, leave, acquire,   \
        release, current, fatal, {                                             \
      0, 0, 0, 0, 0, 0, 0, 0                                                   \
    }                                                                          \
  }

/*
 * One for each runtime, at one place, as long as it has threads, and until
 * libcgo_runtime_end.
 */
struct libcgo_runtime {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  const struct libcgo_ops *ops;
  struct libcgo_init init; /* the start-up: see <libcgo/init.h> */
  void *data;              /* the client's */
  /* The client's, constant once the first thread is there: the size in bytes
     of an alternate signal stack (sigaltstack(2)) for each thread created or
     attached that has none; 0 for none. The rest of a page may be added, and a guard
     page comes on top of it. Runtimes share the one that the library has made for a
     thread: it is there until the last of them has left. One on which the thread is
     at that moment stays mapped, and set. Ignored on Windows, which has no signals. */
  size_t signal_stack_size;
  /* The library's. */
  uintptr_t key;
  uintptr_t pinned;
  uintptr_t traceback[4];
  /* The client's, constant once the first thread is there: a sigset_t of signals that
     are not held (see libcgo_ops), such as those by which a collector stops its
     threads; or NULL. In threads that the library starts they are open from the
     first, also if the creator has blocked them, unless a signal mask was asked for
     that has them. Ignored on Windows. Since 0.2. */
  const void *open_signals;
  uintptr_t reserved[9];
};
#define LIBCGO_RUNTIME_INIT(ops)                                               \
  {                                                                            \
    sizeof(struct libcgo_runtime), LIBCGO_RECORD_VERSION, ops, LIBCGO_INIT, 0, \
        0, 0, 0, {0, 0, 0, 0}, 0, {                                            \
      0, 0, 0, 0, 0, 0, 0, 0, 0                                                \
    }                                                                          \
  }

/*
 * One for each OS thread and runtime, to embed in the client's own per-thread
 * record. It stays at its place from `enter` to `leave`, and may then be used
 * again, for another thread, as it is. (One on the heap begins, in C, by assigning
 * (struct libcgo_thread)LIBCGO_THREAD_INIT.)
 */
struct libcgo_thread {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  struct libcgo_runtime *runtime; /* set by the library before `enter` */
  void *g;    /* the client's: the task that it runs, for instance */
  void *data; /* the client's */
  /* The library's. */
  uintptr_t small_lo;
  uintptr_t small_span;
  uintptr_t system_sp;
  uintptr_t caller_sp;
  uintptr_t top;
  uintptr_t state;
  uintptr_t stack_lo;
  uintptr_t stack_hi;
  uintptr_t signal_stack;
  uintptr_t signal_stack_bytes;
  uintptr_t chunks;
  uintptr_t others_next;
  uintptr_t others[8];
  uintptr_t calls[21];
  uintptr_t running;
  uintptr_t serial;
  uintptr_t next_place;
  uintptr_t masks;
  uintptr_t switching; /* since 0.2 */
};
#define LIBCGO_THREAD_INIT                                                     \
  {                                                                            \
    sizeof(struct libcgo_thread), LIBCGO_RECORD_VERSION, 0, 0, 0, 0, 0, 0, 0,  \
        0, 0, 0, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0, 0, 0, 0},                      \
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0,  \
        0, 0, 0                                                                \
  }

/*
 * Attaches the calling thread, which the runtime did not start: gets a record
 * by `acquire`, and calls `enter`. It stays attached until libcgo_detach, or
 * until the thread ends, by whatever way: then the destructor of a thread key
 * calls `leave` and `release`. Destructors of other keys may call back before
 * and after; those after are attached for the one call. (If a thread is
 * attached for the first time by such a destructor, in the last of the rounds
 * that the system gives them, its record is not released.) At exit(3) no thread
 * leaves. musl calls destructors on the stack where the thread has called
 * pthread_exit(3) or was cancelled: if that is a small one, `release` must not unmap
 * it. On Windows a thread
 * leaves when the system ends its fiber-local storage (FlsAlloc), before libraries
 * are told of its end; a thread that ends as a fiber leaves when they are told, and
 * threads of an ending process do not leave.
 *
 * Does not look at the runtime's start-up: use libcgo_init_wait first where
 * that may still be under way. `thread` may be NULL.
 *
 * The first thread that a runtime attaches or creates keeps the shared object
 * of its hooks from being unmapped by dlclose(3). Where another thread has the loader's
 * lock (it loads an object whose constructor waits for this call, for instance) it waits
 * a tenth of a second for it, and goes on: the object is then kept when the lock is free.
 *
 * Returns 0, or
 *   EALREADY   it is attached, or the runtime's own: *thread is its record
 *   EINVAL     the runtime's record is NULL, too small, or lacks a required
 *              hook, or one of `acquire` and `release`; or `acquire` gave a
 *              record that is too small
 *   ENOTSUP    a record's version is not known to this library, or the runtime
 *              has no `acquire` and `release`
 *   ENOMEM     `acquire` gave no record, or no memory for the signal stack, to
 *              keep the record, or to keep the mask that hooks have changed
 *   EAGAIN     the process has no thread key left (PTHREAD_KEYS_MAX)
 *   EPERM      the object of the hooks could be unmapped, and cannot be kept
 *   EPROTO     current() does not return the record that `enter` got; the
 *              thread has left it again, and it is released
 *   ECANCELED  the thread is ending, and has already left for the last time
 * Leaves errno alone. Is no cancellation point. Safe in any thread; not safe in
 * signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_attach(struct libcgo_runtime *runtime,
                             struct libcgo_thread **thread)
    LIBCGO_CHECKED_;

/*
 * Detaches the calling thread from a runtime to which it was attached, by
 * libcgo_attach or by its first callback: `leave`, then `release`. It can be
 * attached again.
 *
 * Returns 0, or
 *   EINVAL   the runtime's record is NULL, too small, or lacks a required hook
 *   ENOTSUP  its version is not known to this library
 *   ESRCH    the calling thread is not attached
 *   ENOMEM   the system does not clear the thread's key (another errno value: why);
 *            the thread stays attached
 *   EPERM    the runtime has started this thread itself
 *   EBUSY    `leave` is running, or the runtime's code is being called on this
 *            thread: return from it first. Only calls by libcgo_call_on_stack are
 *            noticed. One that an exception or a longjmp has ended may count for
 *            those who call from deeper on the stack: see libcgo_stack_left.
 *            On the thread's own stack, calls of coroutines of C do not count: they
 *            are over once the thread has left.
 * Leaves errno alone. Is no cancellation point. Safe in any thread; not safe in
 * signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_detach(struct libcgo_runtime *runtime);

/*
 * Calls back into a runtime from C: fn(thread, arg) with the calling thread's
 * record, on the stack of the caller. libcgo_call_on_stack goes on from there to
 * a stack of the runtime.
 *
 * A thread without a record is attached first, after waiting for a start-up
 * that is under way, and stays attached. In a thread that is ending and has
 * left for the last time, it is attached for this one call.
 * On a thread with a record: current(), then fn; no system call, no lock, no
 * allocation. Exceptions, forced unwinding and longjmp may pass. Is no
 * cancellation point.
 *
 * Returns 0 after fn has run, or without running it
 *   EPERM      nobody has begun the runtime's start-up, or as libcgo_attach
 *   ECANCELED  the process was forked while the start-up was half done
 *   EINVAL     fn is NULL, or as libcgo_attach
 *   ENOTSUP, ENOMEM, EAGAIN, EPROTO  as libcgo_attach
 * Leaves errno alone. Safe in any thread, and in signal handlers on a thread
 * that has a record. Since 0.1.
 */
LIBCGO_API int libcgo_callback(struct libcgo_runtime *runtime,
                               void (*fn)(struct libcgo_thread *thread,
                                          void *arg),
                               void *arg)
    LIBCGO_CHECKED_;

/*
 * Ends a runtime: gives its thread key back, once threads that are just ending do
 * without. The record is then as it was initialised, but for `data`,
 * `signal_stack_size` and `open_signals`; it may be freed, or begun again.
 *
 * No thread has a record in the runtime any more: each has come back from `leave`,
 * and from `release` if it was foreign, which is where a client counts them. No
 * other call for the runtime is under way.
 *
 * Returns 0. EINVAL: the record is NULL, too small, or lacks a required hook.
 * ENOTSUP: its version is not known to this library. EBUSY: the calling thread has
 * a record in it.
 * Leaves errno alone. Since 0.1.
 */
LIBCGO_API int libcgo_runtime_end(struct libcgo_runtime *runtime);

LIBCGO_END_DECLS

#endif
