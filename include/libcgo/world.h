/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world, which is all the threads of a runtime: a garbage collector stops them, but not
 * C. See libcgo_world_stop(3), and docs/world.md for the protocol.
 *
 *     static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
 *     runtime.flags = LIBCGO_WORLD; // before the first thread
 *     ...
 *     for (;;) {
 *       libcgo_safepoint(self);                         // the collector may run here,
 *       step(self);
 *       libcgo_call_parked(self, wait_for_input, NULL); // and here
 *     }
 *     ...
 *     libcgo_world_stop(&runtime, UINT64_MAX, NULL);
 *     libcgo_threads_visit(&runtime, mark_thread, NULL); // libcgo_segments_visit ...
 *     libcgo_world_start(&runtime);
 *
 * A thread is *managed* while it may touch the runtime's heap, and *parked* while it
 * promises not to: it is in C, or it waits. The world is *stopped* while all its threads are
 * parked, except the one that has stopped it. The parked threads do not become managed until
 * the world starts again.
 *
 * A thread that the runtime created is managed while its function runs. A foreign thread is
 * managed while the function of a libcgo_callback runs, and parked otherwise. In C that a
 * managed thread calls by libcgo_call_on_system, the thread stays managed: call only short
 * functions in this way. While a hook runs, its thread is parked.
 *
 * A runtime that uses these functions sets `flags` to LIBCGO_WORLD. Records of its threads
 * must have the size that struct libcgo_thread has since 0.2. In a runtime without the flag
 * libcgo_call_parked is libcgo_call_on_system; libcgo_park, libcgo_unpark and
 * libcgo_safepoint do nothing; and the functions that take the runtime's record return
 * ENOTSUP.
 *
 * The callbacks of a thread must return in the order opposite to their beginning, also if C
 * makes them in coroutines. Coroutines that share one stack, and copy their parts of it away
 * and back (Python's greenlet), must not switch inside of a callback at all.
 *
 * There is a world on every port. On Windows for amd64 a longjmp unwinds: it ends the parked
 * calls and the callbacks that it leaves, as an exception does. On Windows for 386 an exception
 * may leave them only if the program has its unwinder as a library (libgcc_s_dw2-1.dll), or
 * is linked with the archive of libcgo.
 */
#ifndef LIBCGO_WORLD_H
#define LIBCGO_WORLD_H

#include <libcgo/context.h>
#include <libcgo/handle.h>
#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>

LIBCGO_BEGIN_DECLS

/* In libcgo_runtime::flags: this runtime stops its world. Since 0.2. */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_WORLD = 1 };
#else
#define LIBCGO_WORLD 1u
#endif

/*
 * Parks the thread, and calls fn(arg) as libcgo_call_on_system does. When fn has returned,
 * the call waits while the world is stopped. Then the thread is managed again. fn must not touch
 * the runtime's heap. It may call back (libcgo_callback), and block.
 *
 * The same happens when an exception or a forced unwinding leaves fn. After a longjmp out of
 * fn, call libcgo_unpark.
 *
 * While fn runs, the callee-saved registers of the caller are in one of the segments of
 * libcgo_segments_visit. On a thread that is parked already, or of a runtime without
 * LIBCGO_WORLD, this is libcgo_call_on_system.
 *
 * `thread` is the calling thread's record. Returns what fn returns. Makes no system call and
 * takes no lock, unless the world is being stopped. Not a cancellation point.
 * Safe in any thread and in signal handlers, if fn is. Since 0.2.
 */
LIBCGO_API uintptr_t libcgo_call_parked(struct libcgo_thread *thread,
                                        uintptr_t (*fn)(void *arg), void *arg);

/*
 * Parks the calling thread until it calls libcgo_unpark. `thread` is the calling thread's
 * record. For code that waits by itself, not in a parked call. Does nothing if the thread is
 * parked. The library keeps the callee-saved registers of the caller, for
 * libcgo_segments_visit. A collector does not see what is only in other registers, or in
 * frames that begin later.
 *
 * After a longjmp out of a libcgo_callback the thread is still managed. If it was parked
 * when C called back, call libcgo_park. libcgo_runtime_close waits for the callback that was
 * left: until a created thread comes to a safepoint, a parked call, libcgo_park or
 * libcgo_unpark, and until a foreign one parks or calls back.
 *
 * Stops the process with a message if there is no memory to keep the registers in. Makes no
 * system call and takes no lock, unless the world is being stopped. Not a cancellation
 * point.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API void libcgo_park(struct libcgo_thread *thread);

/*
 * Makes the calling thread managed again. Before, waits while the world is stopped. `thread`
 * is the calling thread's record. If the thread is managed already, this is libcgo_safepoint.
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API void libcgo_unpark(struct libcgo_thread *thread);

/*
 * What libcgo_safepoint calls if the word `poll` of the record is not 0. It is for code that
 * reads this word itself, as libcgo_safepoint does. Other code calls libcgo_safepoint. `thread`
 * is the calling thread's record.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API void libcgo_safepoint_slow(struct libcgo_thread *thread);

/* Where that word is: the offset in bytes, in the thread's record, of a word of 32 bits.
   Since 0.2. */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_THREAD_POLL_OFFSET = 8 + 49 * LIBCGO_WORD_BYTES_ };
#elif defined(LIBCGO_VARIABLES_)
static const size_t LIBCGO_THREAD_POLL_OFFSET = 8 + 49 * LIBCGO_WORD_BYTES_;
#else
#define LIBCGO_THREAD_POLL_OFFSET offsetof(struct libcgo_thread, poll)
#endif

/*
 * A managed thread can be stopped here: if another thread stops the world or asks for a
 * handshake, the thread parks until it may go on. Call it in loops that do nothing else that
 * parks. `thread` is the calling thread's record.
 *
 * Otherwise it is one load and one branch. Does nothing on a parked thread.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
#ifndef LIBCGO_DECLARATIONS
static inline void libcgo_safepoint(struct libcgo_thread *thread) {
  if (__builtin_expect(__atomic_load_n(&thread->poll, __ATOMIC_RELAXED) != 0, 0))
    libcgo_safepoint_slow(thread);
}
#endif

/*
 * Stops the world: returns when every thread of the runtime, except the caller, is parked.
 * They stay so until the same thread calls libcgo_world_start. When this returns, the caller
 * sees what each thread wrote before it parked.
 *
 * The caller may be a thread of the runtime, managed or parked, or have no record. While the
 * world is stopped, it counts as parked, but does not wait: it may call back, and run the
 * runtime's code. Other threads that want to stop the world wait for their turn, and are
 * parked meanwhile. Threads that start or attach wait, too. A thread may end. In a child of
 * fork(2) the world runs, also if the thread that called fork had stopped it.
 *
 * `timeout_ns` is the longest time to wait, in nanoseconds; UINT64_MAX: without a limit.
 * `late` may be NULL.
 *
 * Returns 0, or
 *   ETIMEDOUT  a thread is still managed, and *late is its record; that thread may end at any
 *              time. If another thread had its turn all the time, *late is NULL. The world
 *              is not stopped.
 *   EDEADLK    the caller has stopped this world already, or runs a function of
 *              libcgo_threads_visit or libcgo_handshake
 *   EINVAL     the runtime's record is NULL, too small, or lacks a required hook
 *   ENOTSUP    the runtime has no LIBCGO_WORLD, or this library does not know the version
 *              of its record
 *   ENOMEM     the runtime has had no thread yet, and there is no memory for its world
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_world_stop(struct libcgo_runtime *runtime,
                                 uint64_t timeout_ns,
                                 struct libcgo_thread **late) LIBCGO_CHECKED_;

/*
 * Starts the world. If the caller was managed before it stopped the world, it is managed
 * again when this returns. For that it waits if another thread stops the world at once.
 *
 * Returns 0, or
 *   EPERM  the caller has not stopped this world
 *   EINVAL, ENOTSUP, ENOMEM  as libcgo_world_stop
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_world_start(struct libcgo_runtime *runtime);

/*
 * Waits until `thread` is parked, keeps it parked, and calls fn(thread, arg) in the calling
 * thread. Waits for its turn, too, as libcgo_world_stop does, and without a limit of time. The
 * caller is parked while it waits. fn must not throw, and must not stop the world. If
 * `thread` is the caller, or the caller has stopped the world, fn is called at once.
 *
 * Returns 0 after fn has run, or
 *   ESRCH    no thread of the runtime has this record
 *   EINVAL   fn is NULL, or as libcgo_world_stop
 *   EDEADLK  the caller runs a function of libcgo_threads_visit, or of a handshake with
 *            another thread
 *   ENOTSUP, ENOMEM  as libcgo_world_stop
 * Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int
libcgo_handshake(struct libcgo_runtime *runtime, struct libcgo_thread *thread,
                 void (*fn)(struct libcgo_thread *thread, void *arg), void *arg);

/*
 * Calls visit(thread, arg) for each thread of the runtime, the caller included. If visit
 * returns another value than 0, no more threads are visited. While it runs, no thread starts,
 * attaches or ends, so no record goes away. visit must not throw, must not call back, must not
 * create or attach threads, and must not stop or start the world. Signals that code does not
 * raise are held for the caller meanwhile. If another thread is stopping the world, this waits
 * until the world is stopped, and the caller is parked meanwhile.
 *
 * Returns 0 or what visit has returned; EINVAL if visit is NULL; or EINVAL, ENOTSUP or ENOMEM
 * as libcgo_world_stop. Leaves errno alone. Not a cancellation point.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_threads_visit(struct libcgo_runtime *runtime,
                                    int (*visit)(struct libcgo_thread *thread,
                                                 void *arg),
                                    void *arg);

/* A part of a stack, or of memory of the library: the words between two addresses, that of
   the lowest byte (`lo`), and that of the byte after the highest (`hi`). Since 0.2. */
struct libcgo_segment {
  uintptr_t lo;
  uintptr_t hi;
  /* LIBCGO_STACK_SMALL: frames of the runtime on a small stack. LIBCGO_STACK_SYSTEM: frames
     on the system stack: C's, and those of a runtime without small stacks.
     LIBCGO_STACK_OTHER: C on a coroutine stack, or a handler on a signal stack; then `hi` is
     the end of the mapping that contains the stack. */
  int kind;
};

/*
 * Calls visit(segment, arg) for the parts of the thread's stacks that are in use, innermost
 * first. If visit returns another value than 0, no more are visited.
 *
 * The thread must be parked in a stopped world or in a handshake, or be the caller. Frames of
 * C that was called by libcgo_call_parked and still runs are not in a segment. The frames of
 * suspended contexts are not either: see libcgo_context_segment. The callee-saved registers
 * of the code that has parked are in one of the segments. If the thread has parked by
 * libcgo_park, or has stopped the world, that segment is memory of the library.
 * If the thread has parked in a handler on a signal stack, its small stack is a segment, and
 * all of its system stack that can be read: how much of them is in use nobody knows.
 *
 * Returns 0 or what visit has returned, or EINVAL: the record or visit is NULL, the record is
 * too small, or no thread of a runtime with LIBCGO_WORLD has entered it. Leaves errno alone.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_segments_visit(
    struct libcgo_thread *thread,
    int (*visit)(const struct libcgo_segment *segment, void *arg), void *arg);

/*
 * Stores in *segment the part of its stack that a suspended context uses. Its saved registers
 * are in this part.
 *
 * Returns 0. EINVAL: a record is NULL or too small. ENOTSUP: this library does not know the
 * context's version. ESRCH: the context is not suspended, or what is suspended is C. Leaves
 * errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_context_segment(const struct libcgo_context *context,
                                      struct libcgo_segment *segment);

/*
 * Calls visit(handle, object, arg) for each handle of the table. If visit stores another
 * address in *object, the handle stands for that object from then on. If visit returns
 * another value than 0, no more handles are visited. No other thread may create, free or look
 * up handles of this table meanwhile: stop the world. visit may free the handle that it got.
 *
 * Returns 0 or what visit has returned, or EINVAL: the table is not valid, or visit is NULL.
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_handle_visit(struct libcgo_handle_table *table,
                                   int (*visit)(uintptr_t handle, void **object,
                                                void *arg),
                                   void *arg);

/*
 * Closes the runtime: from now on libcgo_callback, libcgo_attach, libcgo_detach and
 * libcgo_thread_create refuse, with the error that says that it is shut down. Then waits for
 * callbacks that are under way on other threads, for threads that are just starting,
 * attaching or ending, and for a thread that has stopped the world or has a handshake. The
 * caller is parked meanwhile. Threads that end later run no hook.
 *
 * Afterwards the records of foreign threads are the client's, which may free them at once.
 * (`release` is not called for them.) This function does not wait for threads that the
 * runtime has created. Their records stay in use until they have ended: end them before.
 * Nor does it wait for the runtime's own code on an attached thread, outside of callbacks: no
 * call of that code takes the record any more. End it before, or run it in a callback.
 * Then libcgo_runtime_end may be called.
 *
 * `timeout_ns` is the longest time to wait, in nanoseconds; UINT64_MAX: without a limit.
 *
 * Returns 0, also if the runtime was closed before, or
 *   ETIMEDOUT  what it waits for is not over. The runtime stays closed; call again.
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
