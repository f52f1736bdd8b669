/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks: where the one ends on which a thread runs, and calls from one to
 * another. See libcgo_call_on_system(3).
 *
 * C runs on a thread's own large stack, its system stack; a runtime may run its
 * tasks on small ones. A border of such a runtime looks so:
 *
 *     system stack                        small stacks
 *     ------------                        ------------
 *     worker's main
 *       libcgo_call_on_stack      -->     the runtime's code
 *     a C function                <--       libcgo_call_on_system
 *       libcgo_callback
 *         libcgo_call_on_stack    -->     more of the runtime's code
 *     another C function          <--       libcgo_call_on_system
 *       ...                                 ...
 *
 * Each call continues the other stack below the frames that are still there,
 * to any depth. Exceptions, forced unwinding (pthread_exit, cancellation),
 * longjmp and every unwinder pass through. What they skip needs no clean-up:
 * later calls find out what is over. Calls that C makes on different stacks, as
 * coroutines do, may return in any order. Some rules:
 *
 * - A call that was left so counts until other frames are where its own was, or the
 *   library sees by addresses that it is over. Until then it may keep some of its
 *   small stack from being used, and the memory of that stack is taken for one: before
 *   C uses it otherwise, libcgo_stack_left says that nothing is on it.
 * - C that calls libcgo_call_on_stack or libcgo_detach has LIBCGO_C_ROOM bytes of free
 *   stack below it, on whatever stack it runs.
 * - A signal handler that may have interrupted a function of this library returns when
 *   all calls on small stacks have returned that were made since it began. Where one is
 *   left by a jump or an exception, the interrupted code is left, too. On the alternate
 *   signal stack a handler does not go over to a coroutine before.
 * - A small stack is left by the way on which C was called from it, or for good.
 *   After a longjmp from a call that C has made on a coroutine's stack, back to older
 *   code on the same small stack, libcgo_stack_left is to follow before that coroutine's
 *   stack is used again.
 * - A longjmp compiled with _FORTIFY_SOURCE is checked by glibc, which knows one
 *   stack for each thread: where the target's stack lies lower in memory than the
 *   caller's it stops the process ("longjmp causes uninitialized stack frame").
 *   Code whose jumps may be checked ends each at the crossing and jumps again on
 *   the other side: see examples/lua.
 *
 * 64-bit Windows: the system unwinds from lower to higher addresses only. C++
 * exceptions, of gcc and of Microsoft's compiler, are caught at each call between
 * stacks and raised again on the other one: objects on the first are destroyed before
 * it is known whether anybody catches the exception. A longjmp to another stack is
 * ended at the crossing, as above. Other exceptions of the system find handlers on all
 * the stacks, but cannot unwind to a lower address.
 *
 * Windows knows a thread's stack bounds, for stack probes and exceptions; during
 * libcgo_call_on_stack they contain both stacks. If the small one is below the
 * thread's own, that is committed whole: stacks of libcgo_stack_map are mostly above.
 * A fiber of the system is none of these small stacks: C runs on it.
 */
#ifndef LIBCGO_STACK_H
#define LIBCGO_STACK_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <stddef.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

/*
 * A small stack: memory of the client's, readable and writable, which is used
 * from its high end down. Who wants overflows to fault puts a guard page below
 * `lo`.
 */
struct libcgo_stack {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  uintptr_t lo;     /* its lowest byte */
  uintptr_t hi;     /* the byte after its highest */
  uintptr_t reserved[4];
};
#define LIBCGO_STACK_INIT(lo, hi)                                              \
  {                                                                            \
    sizeof(struct libcgo_stack), LIBCGO_RECORD_VERSION, (uintptr_t)(lo),       \
        (uintptr_t)(hi), {                                                     \
      0, 0, 0, 0                                                               \
    }                                                                          \
  }

/*
 * Makes a small stack of new memory: `bytes` at least, in whole pages, and a page
 * below them that faults. The record need not be initialised.
 *
 * Returns 0. EINVAL: stack is NULL, or bytes is 0. ENOMEM: no memory, and then
 * *stack is as it was. Leaves errno alone. Safe in any thread and in signal
 * handlers. Since 0.1.
 */
LIBCGO_API int libcgo_stack_map(struct libcgo_stack *stack, size_t bytes)
    LIBCGO_CHECKED_;

/*
 * Gives the memory of libcgo_stack_map back. Nothing runs on the stack any more.
 *
 * Returns 0, or EINVAL: stack is NULL, too small, or has no bytes; ENOTSUP: its
 * version is not known.
 * Leaves errno alone. Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_stack_unmap(struct libcgo_stack *stack);

/*
 * Calls fn(arg) on the thread's system stack and returns what it returns.
 *
 * From a small stack that the library knows (libcgo_call_on_stack,
 * libcgo_stack_switched), fn runs on the system stack, below what is there. On any
 * other stack fn runs where the caller is: on the system stack itself, an alternate
 * signal stack, or a coroutine's. C can run there.
 *
 * `thread` is the calling thread's record; NULL, or a record that no thread has
 * entered, stops the process with a message. No lock, no allocation; no system call,
 * but where the thread has come to this small stack unnoticed, by a coroutine of C's.
 * Safe in any thread and in signal handlers. Is no cancellation point. Since 0.1.
 */
LIBCGO_API uintptr_t libcgo_call_on_system(struct libcgo_thread *thread,
                                           uintptr_t (*fn)(void *arg),
                                           void *arg);

/*
 * Calls fn(arg) on a small stack, and returns what it returns. Where the C
 * function that is running was called from this very stack by
 * libcgo_call_on_system, fn runs below the caller; otherwise at the top.
 *
 * The call returns on the thread on which it was made. A runtime whose tasks move
 * between threads therefore leaves the system stack once on each, for a stack of
 * its scheduler, and goes from task to task by switches of its own
 * (libcgo_stack_switched).
 *
 * `thread` is the calling thread's record. The stack must not be in use but for
 * the frames below which fn is put. Bad arguments, a stack with less than
 * LIBCGO_STACK_MIN bytes left, the return of a call that was over, and want of memory
 * stop the process with a message. (Calls that are nested in a first take a page of
 * memory for each 24 or so, 48 with 32-bit words, which is kept until the thread
 * leaves.) Safe in any thread; in signal
 * handlers once it has been called on the thread outside of one. Is no
 * cancellation point. Since 0.1.
 */
LIBCGO_API uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
                                          const struct libcgo_stack *stack,
                                          uintptr_t (*fn)(void *arg),
                                          void *arg);

/*
 * The least that libcgo_call_on_stack accepts, in bytes: 1024, and 2048 on s390x and
 * sparc64. What fn needs is more. Where symbols are bound lazily, the first call of a
 * function through the loader runs the loader on the caller's stack, which takes some
 * kilobytes: link with -z now, or make that call before.
 */
#define LIBCGO_STACK_MIN LIBCGO_STACK_MIN_

/*
 * Tells that the thread goes over to another small stack by a switch of the
 * client's own, such as swapcontext(3) between tasks: to be called just before
 * the switch, or on the new stack before it calls C; where coroutines of C's or
 * handlers on the alternate signal stack make calls, before the switch: on the new stack
 * nobody knows from which call the thread comes. A thread has first left its system
 * stack by libcgo_call_on_stack. A signal handler that runs on a small stack, and comes
 * in between, calls C where it is.
 *
 * Without it C runs on the small stack, unnoticed, until that overflows.
 *
 * A task that is inside a C function that it has called stays on its thread,
 * and of several such tasks the last that called C returns first: their frames of C
 * are on one stack. No scheduler can promise that of tasks that wait for each other:
 * one that waits in a callback keeps its thread.
 *
 * Returns 0. EINVAL: a record is NULL or too small, the stack has no bytes, or
 * the thread has not left its system stack. ENOTSUP: a record's version is not
 * known.
 * A few loads and stores. Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_stack_switched(struct libcgo_thread *thread,
                                     const struct libcgo_stack *stack);

/*
 * Tells that nothing runs on a small stack any more, and that nothing will return to
 * what was there: a longjmp, an exception or the end of a coroutine has left it. Calls on
 * this stack, and those that were made from it, are over then. The library often finds
 * that out by itself; with this call it knows at once. One that returns later stops the
 * process with a message.
 *
 * Returns 0. EINVAL: a record is NULL or too small, the stack has no bytes, or no thread
 * has entered the thread's record. ENOTSUP: a record's version is not known. EBUSY: the
 * caller is on the stack.
 * No system call; a few loads for each call that counts. Safe in any thread and in signal
 * handlers. Since 0.2.
 */
LIBCGO_API int libcgo_stack_left(struct libcgo_thread *thread,
                                 const struct libcgo_stack *stack);

/* How many bytes of stack C leaves free below it when it calls libcgo_call_on_stack or
   libcgo_detach: a call that was made from there before is over. Since 0.2. */
#define LIBCGO_C_ROOM 4096

/* Of what kind a stack is. */
#define LIBCGO_STACK_SYSTEM 0 /* the thread's own */
#define LIBCGO_STACK_SMALL 1  /* the runtime's */
#define LIBCGO_STACK_SIGNAL 2 /* an alternate signal stack */
#define LIBCGO_STACK_OTHER 3  /* C code has switched to it */

/* The usable part of a stack: no guard page, nothing of the C library's, but perhaps
   thread-local variables of shared objects at the high end. A small one's ends where the
   innermost call on it begins; or where one began, or C was called, that an exception or
   a longjmp has ended, while nothing was called from as deep since. Who must have all
   frames on a small stack, such as a collector, goes on to the `hi` of its own record. */
struct libcgo_bounds {
  uintptr_t lo; /* its lowest byte */
  uintptr_t hi; /* the byte after its highest */
  int kind;     /* LIBCGO_STACK_... */
};

/*
 * The bounds of the stack on which the caller runs.
 *
 * The thread's own stack is looked up once, at the system's price, and is a
 * load afterwards. The initial thread's grows: `lo` is how far, by the
 * limit (RLIMIT_STACK) and the mappings of the time when it was looked up.
 * A stack to which C code has switched (fibers, swapcontext) is noticed by the
 * stack pointer. What is known of it is its mapping, which is looked up at the
 * system's price; the last four are remembered for the thread. Nobody tells when C
 * code gives such a stack back: who must know whether a remembered one is still
 * as it was passes NULL.
 *
 * `thread` is the calling thread's record, or NULL, which remembers nothing and
 * looks everything up.
 *
 * Returns 0. EINVAL: bounds is NULL, or the record is too small, or no thread
 * has entered it. ENOTSUP: its version is not known. Or an error of the system,
 * such as EMFILE, or on a stack of others ENOENT where there is no /proc. Takes no
 * lock of the loader's, and is no cancellation point.
 * Leaves errno alone. Safe in any thread; in signal handlers once the calling
 * thread's own bounds are known. Since 0.1.
 */
LIBCGO_API int libcgo_stack_bounds(struct libcgo_thread *thread,
                                   struct libcgo_bounds *bounds);

LIBCGO_END_DECLS

#endif
