/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime and its threads. The client, a language runtime, owns two kinds of
 * records and gives the library hooks to call. See libcgo-runtime(7).
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
 * Warning for runtimes whose tasks move between threads: the compiler may compute the
 * address of `self` once and keep it while the task moves. Read `self` in a function that
 * is not inlined. The same holds for errno.
 *
 * What the library keeps of a runtime is in these records, or is found through them. So any
 * number of runtimes work side by side in one process, and also in one thread.
 */
#ifndef LIBCGO_RUNTIME_H
#define LIBCGO_RUNTIME_H

#include <libcgo/init.h>
#include <libcgo/platform.h>

LIBCGO_BEGIN_DECLS

struct libcgo_runtime;
struct libcgo_thread;

/* The version of libcgo's records, as these headers describe them. */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_RECORD_VERSION = 1 };
#else
#define LIBCGO_RECORD_VERSION 1
#endif

/* The functions of a client that the library calls, as types. */
typedef void (*libcgo_thread_fn)(struct libcgo_thread *thread, void *arg);
typedef void (*libcgo_enter_fn)(struct libcgo_thread *thread);
typedef void (*libcgo_leave_fn)(struct libcgo_thread *thread);
typedef struct libcgo_thread *(*libcgo_acquire_fn)(struct libcgo_runtime *runtime);
typedef void (*libcgo_release_fn)(struct libcgo_thread *thread);
typedef struct libcgo_thread *(*libcgo_current_fn)(
    const struct libcgo_runtime *runtime);
typedef void (*libcgo_fatal_fn)(const char *message);
typedef void (*libcgo_reserved_fn)(void);

/*
 * The hooks: functions of the client that the library calls. The record is constant and
 * may be in read-only memory.
 *
 * `enter`, `leave`, `acquire` and `release` run on the thread that attaches, starts or
 * ends. They cannot be cancelled, so they may take locks, allocate memory and call
 * cancellation points. Signals are held while one of them runs. The library holds
 * signals at no other time, except while a thread is created (libcgo_thread_create).
 *
 * "Held" means blocked. Three kinds of signals are never held; they stay open or blocked
 * as the thread has them:
 * - those that code raises by what it does: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
 *   SIGSYS, SIGABRT, and SIGEMT where it exists
 * - the runtime's `open_signals`
 * - those that the C library uses itself
 *
 * `acquire` and `enter` may change the signal mask. A signal that they open stays open.
 * A signal that they block stays blocked only if it is not held at that moment: if it is
 * held, it is blocked already, and the library cannot see the change. After `release` a
 * foreign thread has its own mask back.
 *
 * `leave` may run the runtime's own code by libcgo_callback. That code may do all that it
 * does elsewhere: as long as current() returns the record, the thread still has its
 * stacks and its signal stack. Only libcgo_detach is refused there (EBUSY).
 * The other hooks must not run the runtime's code, and must not call functions of
 * the library that take a runtime's or a thread's record.
 * Every hook may call the functions for handles, libcgo_slots_at, libcgo_stack_map and
 * libcgo_stack_unmap.
 *
 * A hook must not throw and must not end the thread. If it does, signals stay held and
 * the thread cannot be cancelled any more. In addition, if the hook is `acquire`, the new
 * record is lost. If it is `enter`, the thread leaves when it ends. If it is `leave`,
 * `release` is not called.
 */
struct libcgo_ops {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* The calling thread now uses this record: from the return of this hook on,
     current() must return `thread`. Usually one store to a thread-local variable.
     Required. */
  libcgo_enter_fn enter;
  /* The calling thread no longer uses this record: from the return of this hook on,
     current() must return NULL. This is the last hook of a created thread, and may free
     its record: the library does not touch it again, nor, on behalf of this thread, the
     runtime's. A foreign thread's record comes back through `release`. Required. */
  libcgo_leave_fn leave;
  /* Returns a record for a foreign thread, initialised with LIBCGO_THREAD_INIT, or
     NULL if there is none. Set both `acquire` and `release`, or neither: without them
     foreign threads cannot be attached. */
  libcgo_acquire_fn acquire;
  /* Takes back a record that `acquire` returned, after `leave`. On behalf of this thread
     the library touches neither the thread's record nor the runtime's again. */
  libcgo_release_fn release;
  /* Returns the record that the calling thread has in this runtime, or NULL. Runs at
     every callback, also in signal handlers. So keep it to a load or two, and do not
     change the signal mask. Required. */
  libcgo_current_fn current;
  /* Gets a message, one line without its newline, before the process aborts because of
     an error that cannot be returned. The message is valid until the hook returns. The hook
     runs where the error was found, which may be in a signal handler. Without this hook, or
     if it returns, the message goes to standard error. Optional. */
  libcgo_fatal_fn fatal;
  libcgo_reserved_fn reserved[8];
};
#define LIBCGO_OPS(enter, leave, acquire, release, current, fatal)             \
  {                                                                            \
    sizeof(struct libcgo_ops), LIBCGO_RECORD_VERSION, enter, leave, acquire,   \
        release, current, fatal, {                                             \
      LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_,    \
          LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_                             \
    }                                                                          \
  }

/*
 * Gives the record of the hooks the value that LIBCGO_OPS makes, but without any hook: assign
 * them afterwards. For languages that cannot use the macro. `size` is
 * sizeof(struct libcgo_ops).
 *
 * Returns 0. EINVAL: ops is NULL, or size is less than the record had in 0.1; then nothing
 * is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_ops_init(struct libcgo_ops *ops, size_t size);

/*
 * The record of a runtime. Each runtime has one. Initialise it with LIBCGO_RUNTIME_INIT.
 * It must stay at its place while the runtime has threads, and until libcgo_runtime_end.
 */
struct libcgo_runtime {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  const struct libcgo_ops *ops;
  struct libcgo_init init; /* the start-up: see <libcgo/init.h> */
  void *data;              /* the client's */
  /* Set by the client before the first thread, and constant from then on. The size in
     bytes of the signal stack (sigaltstack(2)) that a thread gets when it is created or
     attached, if it has none; 0: none. The library may round it up to whole pages, and
     adds a guard page. Several runtimes share the signal stack that the library has made
     for a thread, until the thread has left the last of them. If the thread is running on
     its signal stack at that moment, the stack stays mapped and set. Ignored on Windows,
     which has no signals. */
  size_t signal_stack_size;
  /* Used by the library only. */
  uintptr_t key;
  uintptr_t pinned;
  uintptr_t traceback[4];
  /* Set by the client before the first thread, and constant from then on. Points to a
     sigset_t of signals that are never held (see libcgo_ops), such as those with which a
     collector stops its threads; or NULL. In a created thread they are open from its
     first instruction, even if its creator has blocked them, unless the thread was
     created with a signal mask that blocks them. Ignored on Windows. Since 0.2. */
  const void *open_signals;
  /* Set by the client before the first thread, and constant from then on: LIBCGO_WORLD of
     <libcgo/world.h>, or 0. Since 0.2. */
  uintptr_t flags;
  uintptr_t world; /* used by the library only; since 0.2 */
  uintptr_t reserved[7];
};
#define LIBCGO_RUNTIME_INIT_(ops, init)                                        \
  {                                                                            \
    sizeof(struct libcgo_runtime), LIBCGO_RECORD_VERSION, ops, init,           \
        LIBCGO_NULL_, 0, 0, 0, {0, 0, 0, 0}, LIBCGO_NULL_, 0, 0, {             \
      0, 0, 0, 0, 0, 0, 0                                                      \
    }                                                                          \
  }
#define LIBCGO_RUNTIME_INIT(ops) LIBCGO_RUNTIME_INIT_(ops, LIBCGO_INIT)

/*
 * Gives the record the value LIBCGO_RUNTIME_INIT(ops). For languages that cannot use the
 * macro, and for records on the heap. `size` is sizeof(struct libcgo_runtime) as the caller
 * was compiled: an older client's record is shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: runtime is NULL, or size is less than the record had in 0.1; then
 * nothing is written. `ops` is not looked at: later calls do that. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_runtime_init(struct libcgo_runtime *runtime, size_t size,
                                   const struct libcgo_ops *ops);

/*
 * The record of a thread. Each thread has one in each runtime that it belongs to. The
 * client usually embeds it in its own per-thread record. It must not move between `enter`
 * and `leave`; afterwards it can be used for another thread without initialising it
 * again. To initialise one on the heap, in C, assign
 * (struct libcgo_thread)LIBCGO_THREAD_INIT.
 */
struct libcgo_thread {
  uint32_t size;                  /* of this record, in bytes */
  uint32_t version;               /* LIBCGO_RECORD_VERSION */
  struct libcgo_runtime *runtime; /* set by the library before `enter` */
  void *g; /* the client's, for the task that the thread runs, for instance */
  void *data; /* the client's */
  /* Used by the library only. */
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
  /* Since 0.2, for <libcgo/world.h>. `poll` is what code of a JIT reads: see
     LIBCGO_THREAD_POLL_OFFSET. */
  uint32_t poll;
  uint32_t slow;
  uint32_t mode;
  uint32_t spare;
  uintptr_t parked_sp;
  uintptr_t member;
  uintptr_t more[6];
};
#define LIBCGO_THREAD_INIT                                                     \
  {                                                                            \
    sizeof(struct libcgo_thread), LIBCGO_RECORD_VERSION, LIBCGO_NULL_,         \
        LIBCGO_NULL_, LIBCGO_NULL_, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,        \
        {0, 0, 0, 0, 0, 0, 0, 0},                                              \
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, \
        0, 0, 0, 0, 0, 0, 0, 0, 0, {                                           \
      0, 0, 0, 0, 0, 0                                                         \
    }                                                                          \
  }

/*
 * Gives the record the value LIBCGO_THREAD_INIT. For languages that cannot use the macro, and
 * for records on the heap. `size` is sizeof(struct libcgo_thread) as the caller was compiled:
 * an older client's record is shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: thread is NULL, or size is less than the record had in 0.1; then
 * nothing is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_thread_init(struct libcgo_thread *thread, size_t size);

/*
 * Attaches the calling thread, a foreign one: gets a record from `acquire`, and calls
 * `enter`. The record is stored in *thread; `thread` may be NULL.
 *
 * The thread stays attached until it calls libcgo_detach or ends. However it ends, the
 * destructor of a thread key (pthread_key_create(3)) then calls `leave` and `release`.
 * Destructors of other keys may call back before that and after it; a callback after it
 * attaches the thread for that one call. Four special cases:
 *
 * - If a destructor attaches the thread for the first time, in the last of the rounds in
 *   which the system calls destructors, the record is not released.
 * - At exit(3) no thread leaves.
 * - musl calls destructors on the stack on which the thread was cancelled or called
 *   pthread_exit(3). If that is a small stack, `release` must not unmap it.
 * - Windows: a thread leaves when the system frees its fiber-local storage (FlsAlloc),
 *   before libraries are told of its end. A thread that is attached or ends as a fiber
 *   leaves when they are told. The threads of a process that ends do not leave.
 *
 * Does not look at the runtime's start-up. If that may still be under way, call
 * libcgo_init_wait first.
 *
 * The first thread that a runtime attaches or creates keeps the shared object that
 * contains the hooks from being unmapped by dlclose(3). This needs the lock of the
 * dynamic loader. If another thread has that lock for a tenth of a second, the call goes on
 * without it; the object is then kept as soon as the lock is free. (The other thread may
 * be loading an object whose constructor waits for this call.)
 *
 * Returns 0, or
 *   EALREADY   the thread is attached already, or is a created thread of this
 *              runtime: *thread is its record
 *   EINVAL     the runtime's record is NULL, too small, or lacks a required
 *              hook, or has only one of `acquire` and `release`; or `acquire`
 *              returned a record that is too small
 *   ENOTSUP    this library does not know a record's version, or the runtime
 *              has no `acquire` and `release`
 *   ENOMEM     `acquire` returned NULL, or there is no memory for the signal
 *              stack, to store the record under the thread key, or to remember
 *              a signal mask that hooks have changed
 *   EAGAIN     the process has no thread key left (PTHREAD_KEYS_MAX)
 *   ESHUTDOWN  libcgo_runtime_close has closed the runtime
 *   EPERM      the object that contains the hooks cannot be kept mapped
 *   EPROTO     current() does not return the record that `enter` got; `leave`
 *              and `release` have been called
 *   ECANCELED  the thread is ending, and has already left for the last time
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_attach(struct libcgo_runtime *runtime,
                             struct libcgo_thread **thread) LIBCGO_CHECKED_;

/*
 * Detaches the calling thread, which libcgo_attach or its first callback attached:
 * calls `leave`, then `release`. The thread can be attached again.
 *
 * Returns 0, or
 *   EINVAL   the runtime's record is NULL, too small, or lacks a required hook
 *   ENOTSUP  this library does not know its version
 *   ESRCH    the calling thread is not attached
 *   ENOMEM   the system does not clear the thread's key (or another errno value
 *            that tells why); the thread stays attached
 *   EPERM    the thread is a created thread of this runtime
 *   EBUSY    `leave` is running, or a call by libcgo_call_on_stack is under way
 *            on this thread, or a callback of a runtime with LIBCGO_WORLD: return
 *            from it first
 *   ESHUTDOWN  libcgo_runtime_close has closed the runtime
 * About EBUSY: callbacks and other calls into the runtime that stay on C's stack are not
 * noticed. A call that an exception or a longjmp has left may still count as under way if
 * libcgo_detach is called from deeper on the stack: see libcgo_stack_left. If
 * libcgo_detach is called on the system stack, calls that were made on coroutine stacks
 * are no obstacle: they are over when the thread has left.
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_detach(struct libcgo_runtime *runtime);

/*
 * Calls back into a runtime from C: calls fn(thread, arg) with the calling thread's
 * record, on the caller's stack. From there fn can call libcgo_call_on_stack to run
 * on a stack of the runtime.
 *
 * On a thread that has a record it calls current(), then fn: no system call, no lock, no
 * allocation. A thread that has none first waits for a start-up that is under way, is
 * attached, and stays attached. A thread that is ending and has left for the last time is
 * attached for this one call only.
 * Exceptions, forced unwinding and longjmp may pass through it. Not a cancellation point.
 *
 * Returns 0 after fn has run. Returns one of these without running it:
 *   EPERM      nobody has begun the runtime's start-up, or as libcgo_attach
 *   ECANCELED  the process was forked while the start-up was half done
 *   EINVAL     fn is NULL, or as libcgo_attach
 *   ENOTSUP, ENOMEM, EAGAIN, EPROTO, ESHUTDOWN  as libcgo_attach
 * In a runtime with LIBCGO_WORLD (<libcgo/world.h>) the thread is managed while fn runs;
 * before that it waits while the world is stopped.
 * Leaves errno alone.
 * Safe in any thread; in signal handlers on a thread that has a record. Since 0.1.
 */
LIBCGO_API int libcgo_callback(struct libcgo_runtime *runtime,
                               libcgo_thread_fn fn, void *arg) LIBCGO_CHECKED_;

/*
 * Ends a runtime: gives its thread key back to the system, as soon as threads that are
 * just ending no longer use it. Afterwards the record is as LIBCGO_RUNTIME_INIT makes it,
 * except that `data`, `signal_stack_size`, `open_signals` and `flags` keep their values. It
 * may be freed, or used again, beginning with libcgo_init_begin.
 *
 * When it is called, no thread may have a record in the runtime, and no other call for
 * the runtime may be under way. The library does not count threads. The client counts
 * them: created ones in `leave`, foreign ones in `release`.
 *
 * Returns 0. EINVAL: the record is NULL, too small, or lacks a required hook.
 * ENOTSUP: this library does not know its version. EBUSY: the calling thread has
 * a record in the runtime.
 * Leaves errno alone.
 * Safe in any thread while no other call for the runtime is under way; not safe in signal
 * handlers. Since 0.1.
 */
LIBCGO_API int libcgo_runtime_end(struct libcgo_runtime *runtime);

LIBCGO_END_DECLS

#endif
