/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world: a collector stops the threads of a runtime, but not C. See
 * libcgo_world_stop(3), and docs/world.md for the protocol.
 *
 *     static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
 *     runtime.flags = LIBCGO_WORLD; // before the first thread
 *     ...
 *     for (;;) {
 *       libcgo_safepoint(self);                   // the collector may run here,
 *       step(self);
 *       libcgo_call_parked(self, wait_for_input, NULL); // and here
 *     }
 *     ...
 *     libcgo_world_stop(&runtime, UINT64_MAX, NULL);
 *     libcgo_threads_visit(&runtime, mark_thread, NULL); // libcgo_segments_visit ...
 *     libcgo_world_start(&runtime);
 *
 * A thread is *managed* while it may touch the runtime's heap, and *parked* while it
 * promises not to: it is in C, or it waits. The world is *stopped* when all threads of the
 * runtime, but the one that stops it, are parked; they stay so until it starts again.
 *
 * A thread that the runtime created is managed from the beginning of its function to the
 * end. A foreign thread is parked, and managed while the function of a libcgo_callback
 * runs. What C calls in between, by libcgo_call_on_system, is managed, too: only short
 * calls should be made so. The hooks run parked.
 *
 * A runtime that uses these functions sets LIBCGO_WORLD in `flags`. Records of its threads
 * must have the size that struct libcgo_thread has since 0.2. In a runtime without the flag
 * libcgo_call_parked is libcgo_call_on_system, libcgo_park, libcgo_unpark and
 * libcgo_safepoint do nothing, and the others return ENOTSUP. So they do on CPUs and
 * systems for which the library has no such part: there libcgo_attach,
 * libcgo_thread_create and libcgo_callback return ENOTSUP for a runtime with the flag.
 */
#ifndef LIBCGO_WORLD_H
#define LIBCGO_WORLD_H

#include <libcgo/context.h>
#include <libcgo/handle.h>
#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>

LIBCGO_BEGIN_DECLS

/* In libcgo_runtime::flags: this runtime stops its world. */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_WORLD = 1 };
#else
#define LIBCGO_WORLD 1u
#endif

/*
 * Calls fn(arg) as libcgo_call_on_system does, parked. Before it returns it waits while the
 * world is stopped. fn must not touch the runtime's heap; it may call back
 * (libcgo_callback), and block.
 *
 * When an exception or a forced unwinding has passed through it, the thread is managed
 * again, and has waited if the world was stopped. After a longjmp out of fn call
 * libcgo_unpark.
 *
 * While fn runs, the callee-saved registers of the caller are in memory that
 * libcgo_segments_visit tells of. On a thread that is parked already, or of a runtime
 * without LIBCGO_WORLD, it is libcgo_call_on_system.
 *
 * `thread` is the calling thread's record. Returns what fn returns. No system call and no
 * lock, unless the world is being stopped. Not a cancellation point.
 * Safe in any thread and in signal handlers, if fn is. Since 0.2.
 */
LIBCGO_API uintptr_t libcgo_call_parked(struct libcgo_thread *thread,
                                        uintptr_t (*fn)(void *arg), void *arg);

/*
 * Parks the calling thread until libcgo_unpark. For code that waits by itself. Does nothing
 * if the thread is parked. The callee-saved registers of the caller are kept in the record,
 * for libcgo_segments_visit. Objects that only other registers or later frames name are not
 * seen.
 *
 * After a longjmp out of a libcgo_callback that the thread's own C had made, call it.
 *
 * No system call and no lock, unless the world is being stopped. Not a cancellation point.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API void libcgo_park(struct libcgo_thread *thread);

/*
 * The thread is managed again: waits while the world is stopped. If it is managed already,
 * this is libcgo_safepoint. Leaves errno alone. Not a cancellation point.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API void libcgo_unpark(struct libcgo_thread *thread);

/* What libcgo_safepoint calls if the thread's word is not 0. Do not call it yourself. */
LIBCGO_API void libcgo_safepoint_slow(struct libcgo_thread *thread);

/* The offset in bytes, in the record, of a word of 32 bits. If it is not 0, the thread is to
   call libcgo_safepoint. */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_THREAD_POLL_OFFSET = 8 + 49 * LIBCGO_WORD_BYTES_ };
#elif defined(LIBCGO_VARIABLES_)
static const size_t LIBCGO_THREAD_POLL_OFFSET = 8 + 49 * LIBCGO_WORD_BYTES_;
#else
#define LIBCGO_THREAD_POLL_OFFSET offsetof(struct libcgo_thread, poll)
#endif

/*
 * The thread, which is managed, can be stopped here: if the world is being stopped, or
 * another thread asks for a handshake, it parks until it may go on. Call it in loops that
 * do nothing else that parks.
 *
 * One load and one branch. Does nothing on a parked thread.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
#ifndef LIBCGO_DECLARATIONS
static inline void libcgo_safepoint(struct libcgo_thread *thread) {
  if (__builtin_expect(__atomic_load_n(&thread->poll, __ATOMIC_RELAXED) != 0, 0))
    libcgo_safepoint_slow(thread);
}
#endif

/*
 * Stops the world: returns when every thread of the runtime, but the caller, is parked.
 * They stay so until libcgo_world_start, which the same thread calls. What a thread has
 * written before it parked is visible then.
 *
 * The caller may be a thread of the runtime, managed or parked, or have no record. It counts
 * as parked while the world is stopped, except that it need not wait: it may call back, and
 * run the runtime's code. Other threads that stop the world wait for their turn as parked
 * ones. Threads that start or attach wait; a thread may end meanwhile. In a child of
 * fork(2) the world runs, also if the thread that has called fork had stopped it.
 *
 * timeout_ns: how long to wait, in nanoseconds, UINT64_MAX: without a limit. `late` may be
 * NULL.
 *
 * Returns 0, or
 *   ETIMEDOUT  a thread is still managed. Its record is stored in *late, NULL where it was
 *              not a thread's turn; the thread may end at any time. Nothing is stopped.
 *   EDEADLK    the caller has stopped this world already, or runs a function of
 *              libcgo_threads_visit or libcgo_handshake
 *   EINVAL     the runtime's record is NULL, too small, or lacks a required hook
 *   ENOTSUP    the runtime has no LIBCGO_WORLD, or this library does not know its
 *              version
 *   ENOMEM     there is no memory for the first use
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_world_stop(struct libcgo_runtime *runtime,
                                 uint64_t timeout_ns,
                                 struct libcgo_thread **late) LIBCGO_CHECKED_;

/*
 * Starts the world. If the caller was managed, it is managed again when this returns; if
 * another thread has stopped the world meanwhile, it has waited.
 *
 * Returns 0, EPERM: the caller has not stopped this world; EINVAL, ENOTSUP as
 * libcgo_world_stop. Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_world_start(struct libcgo_runtime *runtime);

/*
 * Calls fn(thread, arg), in the calling thread, while `thread` is stopped. If it is
 * parked that is at once. Waits for its turn, and for the thread, without a limit of time,
 * as a parked thread does. fn must not throw, and must not stop the world. If `thread` is
 * the caller, or the caller has stopped the world, fn is just called.
 *
 * Returns 0 after fn has run, or
 *   ESRCH    no thread of the runtime has this record
 *   EINVAL   fn is NULL, or as libcgo_world_stop
 *   EDEADLK  the caller runs a function of libcgo_threads_visit, or of a handshake with
 *            another thread
 *   ENOTSUP  as libcgo_world_stop
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int
libcgo_handshake(struct libcgo_runtime *runtime, struct libcgo_thread *thread,
                 void (*fn)(struct libcgo_thread *thread, void *arg), void *arg);

/*
 * Calls visit(thread, arg) for each thread of the runtime, the caller's included. If it
 * returns something else than 0, no more threads are visited. While it runs, no
 * thread starts, attaches or ends, so no record goes away. visit must not throw, must not
 * create or attach threads, and must not stop or start the world. While another thread stops
 * the world, waits as a parked thread until it is stopped.
 *
 * Returns 0, what visit has returned, or EINVAL or ENOTSUP as libcgo_world_stop. Leaves
 * errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_threads_visit(struct libcgo_runtime *runtime,
                                    int (*visit)(struct libcgo_thread *thread,
                                                 void *arg),
                                    void *arg);

/* A part of a stack, or of a record: the words from `lo` up to `hi`. */
struct libcgo_segment {
  uintptr_t lo;
  uintptr_t hi;
  /* LIBCGO_STACK_SMALL: frames of the runtime on a small stack. LIBCGO_STACK_SYSTEM: frames
     on the system stack: C's, and those of a runtime without small stacks.
     LIBCGO_STACK_OTHER: C on a coroutine stack; then `hi` is the end of its mapping. */
  int kind;
};

/*
 * Calls visit(segment, arg) for the parts of the thread's stacks that are in use, innermost
 * first. If it returns something else than 0, no more are visited.
 *
 * The thread is parked in a stopped world, or in a handshake, or is the caller. Frames of C
 * that was called by libcgo_call_parked and still runs are not among them. The frames of
 * suspended contexts are not either: see libcgo_context_segment. The callee-saved registers
 * of the code that has parked are in one of the segments; for a thread that has parked by
 * libcgo_park, or has stopped the world, in one that is in its record.
 *
 * Returns 0, what visit has returned, or EINVAL: a record is NULL or too small, or no thread
 * of a runtime with LIBCGO_WORLD has entered it. Leaves errno alone.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_segments_visit(
    struct libcgo_thread *thread,
    int (*visit)(const struct libcgo_segment *segment, void *arg), void *arg);

/*
 * Stores the part of its stack that a suspended context has in use, its registers included.
 *
 * Returns 0, EINVAL: a record is NULL or too small; ESRCH: the context is not suspended.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_context_segment(const struct libcgo_context *context,
                                      struct libcgo_segment *segment);

/*
 * Calls visit(handle, object, arg) for each handle of the table. If it stores another
 * address in *object, the handle has that object from then on. If it returns something
 * else than 0, no more handles are visited. No other thread may create, free or look up
 * handles of this table meanwhile: stop the world. visit may free the handle that it got.
 *
 * Returns 0, what visit has returned, or EINVAL: the table is not valid, or visit is NULL.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_handle_visit(struct libcgo_handle_table *table,
                                   int (*visit)(uintptr_t handle, void **object,
                                                void *arg),
                                   void *arg);

/*
 * Closes the runtime: from now on libcgo_callback, libcgo_attach, libcgo_detach and
 * libcgo_thread_create refuse, and say that it is shut down. Callbacks that are under way on
 * other threads are waited for, and so are hooks of threads that are just ending, and a
 * thread that has stopped the world, or has a handshake. The caller waits as a parked
 * thread. Threads that end later run no hook.
 *
 * Afterwards the records of foreign threads are the client's: it may free them at once.
 * (`release` is not called for them.) Threads that the runtime has created are not waited
 * for, and their records stay in use until they have ended; end them before. Then
 * libcgo_runtime_end may be called.
 *
 * Returns 0, also if the runtime was closed before, or
 *   ETIMEDOUT  it would have to wait longer; the runtime stays closed. Call again.
 *   EDEADLK    the caller runs a function of libcgo_threads_visit or libcgo_handshake
 *   EINVAL, ENOTSUP, ENOMEM  as libcgo_world_stop
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_runtime_close(struct libcgo_runtime *runtime,
                                    uint64_t timeout_ns) LIBCGO_CHECKED_;

LIBCGO_END_DECLS

#include <libcgo/world-tools.h>

#endif
