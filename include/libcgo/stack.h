/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks: calls from one stack to another, and the bounds of a stack. See
 * libcgo_call_on_system(3).
 *
 * C runs on a thread's system stack, the large one that the system gave the thread. A
 * runtime may run its tasks on small stacks. Calls then cross the border like this:
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
 * Each call goes on below the frames that are already on the other stack. Calls nest to
 * any depth. Exceptions, forced unwinding (pthread_exit, cancellation), longjmp and every
 * unwinder pass through. The calls that they leave need no clean-up: later calls find
 * out which calls are over. Calls that C makes on different stacks, as coroutines do, may
 * return in any order. The rules:
 *
 * - Nobody tells the library that a call was left. It finds out later, when other frames
 *   have overwritten the call's frame, or when the addresses of later frames prove that
 *   the call is over. Until then the call counts as under way: the library takes the
 *   memory of its small stack for a stack, and new calls there may get only a part of
 *   it. So call libcgo_stack_left before C uses that memory for something else.
 * - C that calls libcgo_call_on_stack or libcgo_detach must have LIBCGO_C_ROOM bytes of
 *   free stack below it, on whatever stack it runs.
 * - A signal handler may interrupt a function of this library. If the handler makes calls
 *   on small stacks, they must have returned before the handler returns. A jump or an
 *   exception may leave such a call if it also leaves the interrupted code. While such a
 *   call is under way, a handler on the signal stack must not switch to a coroutine.
 * - Suppose that code on a small stack has called C, and that it goes on although that C
 *   has not returned, after a longjmp for instance. Then all calls that were made since
 *   are left, and must not return. If such a longjmp leaves a call that C has made on a
 *   coroutine stack, call libcgo_stack_left before that coroutine stack is used again.
 * - Coroutines that share one stack, and copy their parts of it away and back (Python's
 *   greenlet), must not switch while a call of libcgo_call_on_stack from their part is under
 *   way: a call whose frame was copied away counts as left.
 * - glibc checks a longjmp that is compiled with _FORTIFY_SOURCE, and knows one stack for
 *   each thread. If the target's stack is lower in memory than the caller's, glibc stops
 *   the process ("longjmp causes uninitialized stack frame"). Code whose jumps may be
 *   checked must end each jump at the crossing and jump again on the other side: see
 *   examples/lua.
 *
 * 64-bit Windows: the system unwinds from lower to higher addresses only. So each call
 * between stacks catches C++ exceptions, of gcc and of Microsoft's compiler, and raises
 * them again on the other stack. Objects on the first stack are therefore destroyed
 * before it is known whether anybody catches the exception. A longjmp to another stack
 * must end at the crossing, as above. Other exceptions of the system find handlers on all
 * the stacks, but cannot unwind to a lower address.
 *
 * Windows: the system knows a thread's stack bounds, for stack probes and exceptions.
 * During libcgo_call_on_stack these bounds contain both stacks. If the small stack is
 * below the system stack, all memory of the system stack is committed. Stacks of
 * libcgo_stack_map are mostly above. A fiber of the system is not a small stack: C runs
 * on it.
 */
#ifndef LIBCGO_STACK_H
#define LIBCGO_STACK_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>

LIBCGO_BEGIN_DECLS

/*
 * A small stack. The client owns its memory, which is readable and writable, and is used
 * from its high end down. To make overflows fault, put a guard page below `lo`.
 * Initialise the record with LIBCGO_STACK_INIT.
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
    sizeof(struct libcgo_stack), LIBCGO_RECORD_VERSION, LIBCGO_WORD_(lo),      \
        LIBCGO_WORD_(hi), {                                                    \
      0, 0, 0, 0                                                               \
    }                                                                          \
  }

/*
 * Gives the record the value LIBCGO_STACK_INIT(lo, hi). For languages that cannot use the
 * macro. `size` is sizeof(struct libcgo_stack) as the caller was compiled: an older client's
 * record is shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: stack is NULL, or size is less than the record had in 0.1; then nothing
 * is written. The bounds are not looked at: later calls do that. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_stack_init(struct libcgo_stack *stack, size_t size,
                                 uintptr_t lo, uintptr_t hi);

/*
 * Makes a small stack of new memory: at least `bytes`, in whole pages, with a guard page
 * below. The record need not be initialised. Free the memory with libcgo_stack_unmap.
 *
 * Returns 0. EINVAL: stack is NULL, or bytes is 0. ENOMEM: there is no memory; *stack
 * is unchanged. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_stack_map(struct libcgo_stack *stack,
                                size_t bytes) LIBCGO_CHECKED_;

/*
 * Frees the memory of libcgo_stack_map. Nothing may be running on the stack.
 *
 * Returns 0. EINVAL: stack is NULL, too small, or has no bytes. ENOTSUP: this library
 * does not know its version. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_stack_unmap(struct libcgo_stack *stack);

/* A function that is called on another stack. */
typedef uintptr_t (*libcgo_stack_fn)(void *arg);

/*
 * Calls fn(arg) on a stack on which C can run, and returns what fn returns.
 *
 * If the caller is on a small stack that the library knows (from libcgo_call_on_stack or
 * libcgo_stack_switched), fn runs on the system stack, below the frames that are there.
 * (If C called libcgo_call_on_stack on a coroutine stack or a signal stack, fn runs
 * there.) On any other stack (the system stack, a signal stack, a coroutine stack) it
 * calls fn directly: C can run there.
 *
 * `thread` is the calling thread's record. NULL, or a record that no thread has entered,
 * stops the process with a message. No lock and no allocation. No system call either,
 * unless a coroutine has brought the thread to this small stack unnoticed. Not a
 * cancellation point.
 * Safe in any thread and in signal handlers, if fn is. Since 0.1.
 */
LIBCGO_API uintptr_t libcgo_call_on_system(struct libcgo_thread *thread,
                                           libcgo_stack_fn fn, void *arg);

/*
 * Calls fn(arg) on a small stack, and returns what fn returns. If the running C function
 * was called from this same stack, by libcgo_call_on_system, fn runs below the frame that
 * called it. Otherwise fn runs at the top of the stack. Apart from the frames above fn,
 * nothing may be running on the stack.
 *
 * The call returns on the thread on which it was made. So a runtime whose tasks move
 * between threads leaves the system stack once on each thread, for a stack of its
 * scheduler. From there it switches from task to task itself (libcgo_stack_switched).
 *
 * `thread` is the calling thread's record. These stop the process with a message: a bad
 * argument; a stack with less than LIBCGO_STACK_MIN bytes left; the return of a call that
 * was already over; lack of memory. (Nested calls take a page of memory for each 24 or
 * so, 48 with 32-bit words. The thread keeps these pages until it leaves.) Not a
 * cancellation point.
 * Safe in any thread; in signal handlers, if fn is, once it has been called on the thread
 * outside of one. Since 0.1.
 */
LIBCGO_API uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
                                          const struct libcgo_stack *stack,
                                          libcgo_stack_fn fn, void *arg);

/*
 * The fewest bytes that libcgo_call_on_stack accepts: 1024, or 2048 on ppc64
 * (big-endian), s390x and sparc64.
 * fn needs more. With lazy binding, the first call of a function in a shared object runs
 * the dynamic loader on the caller's stack, which takes some kilobytes: link with -z now,
 * or make that call elsewhere first. Since 0.1.
 */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_STACK_MIN = LIBCGO_STACK_MIN_ };
#else
#define LIBCGO_STACK_MIN LIBCGO_STACK_MIN_
#endif

/*
 * Tells the library that the thread switches to another small stack by itself, with
 * swapcontext(3) between tasks for instance. The thread must have left its system stack
 * by libcgo_call_on_stack.
 *
 * Call it just before the switch, or after it, before the code on the new stack calls C.
 * If coroutines, or handlers on the signal stack, make calls between stacks, call it
 * before the switch: after it the library cannot tell from which call the thread comes.
 * If a signal handler runs on a small stack between the call and the switch, the
 * handler's C runs on the stack where the handler is.
 *
 * If it is not called, C runs on the small stack, unnoticed, until that overflows.
 *
 * A task that is inside a C function must stay on its thread. If several such tasks share
 * a thread, their frames of C are on one stack. So the task that called C last must
 * return from C first. No scheduler can promise that for tasks that wait for each other:
 * a task that waits in a callback must keep its thread.
 *
 * Returns 0. EINVAL: a record is NULL or too small, the stack has no bytes, or the thread
 * has not left its system stack. ENOTSUP: this library does not know a record's version.
 * Costs a few loads and stores.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_stack_switched(struct libcgo_thread *thread,
                                     const struct libcgo_stack *stack);

/*
 * Tells the library that nothing runs on a small stack any more, and that nothing will
 * return to what was there: a longjmp, an exception or the end of a coroutine has left
 * it. The calls on this stack, and the calls that were made from it, are then over. The
 * library often finds that out by itself; after this call it knows. If one of these calls
 * returns later, that stops the process with a message.
 *
 * Returns 0. EINVAL: a record is NULL or too small, the stack has no bytes, or no thread
 * has entered the thread's record. ENOTSUP: this library does not know a record's
 * version. EBUSY: the caller is on the stack.
 * No system call; a few loads for each call that is or counts as under way.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_stack_left(struct libcgo_thread *thread,
                                 const struct libcgo_stack *stack);

/* The bytes of stack that C leaves free below it when it calls libcgo_call_on_stack or
   libcgo_detach. Earlier calls that were made from these bytes are over. Since 0.2. */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_C_ROOM = 4096 };
#else
#define LIBCGO_C_ROOM 4096
#endif

/* The kinds of stacks. */
#ifdef LIBCGO_DECLARATIONS
enum {
  LIBCGO_STACK_SYSTEM = 0,
  LIBCGO_STACK_SMALL = 1,
  LIBCGO_STACK_SIGNAL = 2,
  LIBCGO_STACK_OTHER = 3
};
#else
#define LIBCGO_STACK_SYSTEM 0 /* the system stack */
#define LIBCGO_STACK_SMALL 1  /* a small stack */
#define LIBCGO_STACK_SIGNAL 2 /* a signal stack */
#define LIBCGO_STACK_OTHER 3  /* a coroutine stack: C has switched to it */
#endif

/* The usable part of a stack: without guard pages and without memory of the C library. At
   the high end there may be thread-local variables of shared objects.
   A small stack's `hi` is where the innermost call on it begins. If a longjmp or an
   exception has left a call, `hi` may still be where that call began, or where C was
   called. This lasts until another call is made from the same depth. A collector that
   must see all frames on a small stack reads up to `hi` of its struct libcgo_stack. */
struct libcgo_bounds {
  uintptr_t lo; /* its lowest byte */
  uintptr_t hi; /* the byte after its highest */
  int kind;     /* LIBCGO_STACK_... */
};

/*
 * Stores the bounds of the stack on which the caller runs.
 *
 * The system stack's bounds are looked up once, at the price of some system calls. After
 * that they are a load. The initial thread's stack grows: `lo` is how far it can grow, by
 * the limit (RLIMIT_STACK) and the mappings at the time of the lookup.
 * A coroutine stack is recognised by the stack pointer. The library knows only its
 * mapping, which it looks up by system calls; it remembers the last four for the thread.
 * It is not told when C frees such a stack, so the bounds that it remembers may be out of
 * date. To have them looked up again, pass NULL.
 *
 * `thread` is the calling thread's record. With NULL nothing is remembered and everything
 * is looked up.
 *
 * Returns 0. EINVAL: bounds is NULL, or the record is too small, or no thread has entered
 * it. ENOTSUP: this library does not know its version. Or an error of the system, such as
 * EMFILE, or, on a coroutine stack, ENOENT where there is no /proc. Does not take the
 * dynamic loader's lock. Not a cancellation point. Leaves errno alone.
 * Safe in any thread; in signal handlers with a record, once the bounds of the calling
 * thread's system stack are known. Since 0.1.
 */
LIBCGO_API int libcgo_stack_bounds(struct libcgo_thread *thread,
                                   struct libcgo_bounds *bounds);

LIBCGO_END_DECLS

#include <libcgo/stack-tools.h>

#endif
