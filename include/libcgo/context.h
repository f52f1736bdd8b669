/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: a runtime switches from one stack to another, as between its tasks. See
 * libcgo_switch(3).
 *
 *     static struct libcgo_context worker = LIBCGO_CONTEXT_INIT, task = LIBCGO_CONTEXT_INIT;
 *     static struct libcgo_context *run(void *arg, uintptr_t word) {
 *       word = libcgo_switch(self, &task, &worker, word + 1); // suspended
 *       return &worker;                                       // over
 *     }
 *     ...
 *     libcgo_context_make(&task, &stack, run, NULL);
 *     libcgo_switch(self, &worker, &task, 1); // returns 2
 *     libcgo_switch(self, &worker, &task, 3); // returns 0
 *
 * A context keeps the callee-saved registers: the general ones, the floating-point ones,
 * and on x86 and s390x the floating-point control words. A new context begins with the
 * control words of the code that made it. The signal mask, errno and thread-local variables
 * belong to the thread.
 *
 * A suspended context may go on in another thread, with four exceptions. C stays in its thread,
 * whether it runs on a system stack, a signal stack or a coroutine stack. So does a context
 * that is in a C function which it called with libcgo_call_on_system, one that is in a call of
 * libcgo_call_on_stack, and one whose stack is a part of a thread's own. If several contexts of
 * a thread are in C functions, the one that called last returns first, because all their C
 * frames are on one stack.
 *
 * C++ keeps a list of the exceptions that are being handled. It belongs to the thread, too.
 * So do not switch inside of `catch`, unless the context that was suspended last goes on
 * first.
 *
 * Unwinding ends where the context's function was called. An exception must be caught in the
 * context in which it is thrown, or it ends the process. A longjmp must stay in its context,
 * too.
 *
 * If the client is compiled with AddressSanitizer or ThreadSanitizer, or for valgrind, these
 * tools are told of each switch: see <libcgo/context-tools.h>.
 *
 * Contexts exist on all systems. On Darwin and the BSDs they have not been tested, on Windows
 * only under wine for amd64, and on an emulated CPU for 386. A thread that uses a shadow stack
 * (x86, SHSTK) cannot have contexts: libcgo_context_make returns ENOTSUP there.
 *
 * On Windows, a context has a list of exception handlers of its own (ExceptionList in the
 * thread block). While it runs, the bounds in the thread block (StackBase, StackLimit) enclose
 * its stack and the thread's. DeallocationStack remains that of the thread. If no function of
 * the context takes an exception, the filter of SetUnhandledExceptionFilter is called, as in a
 * thread.
 */
#ifndef LIBCGO_CONTEXT_H
#define LIBCGO_CONTEXT_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>

LIBCGO_BEGIN_DECLS

/*
 * The record of a context. The client owns it, and initialises it with LIBCGO_CONTEXT_INIT.
 * It must not move while the context is suspended or runs.
 *
 * libcgo_context_make makes a context of it. Without that, it is for code that already runs:
 * the first libcgo_switch from it suspends the caller in it.
 */
struct libcgo_context {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* The library's. */
  uintptr_t sp; /* where it is suspended; 0: not suspended; 1: over */
  uintptr_t lo; /* its small stack in the thread's record, while it runs */
  uintptr_t span;
  struct libcgo_thread *thread; /* in which it runs, or ran last */
  uintptr_t flags;
  uintptr_t options; /* the client's: LIBCGO_CONTEXT_KEEPS_CONTROL, or 0 */
  uintptr_t control; /* the library's again: the control words, */
  uintptr_t keeps;   /* and whether libcgo_switch keeps them */
  uintptr_t call;
  uintptr_t serial;
  uintptr_t stack_lo; /* the stack for which it was made, or 0 */
  uintptr_t stack_hi;
  uintptr_t ahead;
  void *data;         /* the client's */
  uintptr_t tools[7]; /* of the functions in <libcgo/context-tools.h> */
  uintptr_t reserved[1];
};
/* In `options`, a promise: whenever this context suspends itself, the floating-point
   control words are those with which it began or last went on. So libcgo_switch need not
   read them. On some x86 processors, that takes longer than the switch. Since 0.2. */
#ifdef LIBCGO_DECLARATIONS
enum { LIBCGO_CONTEXT_KEEPS_CONTROL = 1 };
#else
#define LIBCGO_CONTEXT_KEEPS_CONTROL 1u
#endif
#define LIBCGO_CONTEXT_INIT                                                    \
  {                                                                            \
    sizeof(struct libcgo_context), LIBCGO_RECORD_VERSION, 0, 0, 0,             \
        LIBCGO_NULL_, 0, 0, 0, 0, 0, 0, 0, 0, 0, LIBCGO_NULL_,                 \
        {0, 0, 0, 0, 0, 0, 0}, {                                               \
      0                                                                        \
    }                                                                          \
  }

/*
 * Gives the record the value LIBCGO_CONTEXT_INIT. For languages that cannot use the macro,
 * and for records on the heap. `size` is sizeof(struct libcgo_context) as the caller was
 * compiled: an older client's record is shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: context is NULL, or size is less than the record had in 0.2; then
 * nothing is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_context_init(struct libcgo_context *context, size_t size);

/* What a context runs. */
typedef struct libcgo_context *(*libcgo_context_fn)(void *arg, uintptr_t word);

/*
 * Makes a context. The first switch to it calls fn(arg, word) on `stack`, from its high end
 * down; `word` is what that switch passes. When fn returns, the context is over, and the
 * thread goes on in the context that fn returned. From then on the stack is free.
 *
 * The record of the stack is not used after this call. A suspended context may be made again:
 * what was suspended in it is then forgotten. Not if it is in C, to which its thread would
 * return. If a longjmp or an exception has left a call on the stack, libcgo_stack_left comes
 * first.
 *
 * Returns 0, or
 *   EINVAL   a record is NULL or too small, the stack has no bytes, or fn is NULL
 *   ENOMEM   the stack has fewer than LIBCGO_STACK_MIN bytes below `hi`, rounded down to a
 *            multiple of 16
 *   EBUSY    the context is running
 *   ENOTSUP  a record's version is not known to this library, or the thread uses a
 *            shadow stack
 * Leaves errno alone. Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_context_make(struct libcgo_context *context,
                                   const struct libcgo_stack *stack,
                                   libcgo_context_fn fn,
                                   void *arg) LIBCGO_CHECKED_;

/*
 * Suspends the caller in *from, and goes on in *to. The libcgo_switch that suspended *to
 * returns `word` there; a new context begins, and its fn gets `word`. Returns when the context
 * *from goes on, perhaps in another thread. The result is the word of the switch back, or 0 if
 * a context ended and its fn returned *from.
 *
 * `thread` is the calling thread's record. The library changes the small stack in it in the
 * same step. So libcgo_call_on_system and libcgo_stack_bounds are also right in a signal
 * handler, whichever instruction it interrupts. The caller must be C, or run on a small stack
 * that the library knows (by libcgo_call_on_stack, libcgo_switch or libcgo_stack_switched).
 * `thread` may be NULL if the thread has no record, or if the code never calls C with
 * libcgo_call_on_system.
 *
 * If C has suspended itself, and C was called later from a small stack and is still on the
 * same stack, then this later C must return first.
 * C that has suspended itself must go on: no longjmp may leave its frame.
 *
 * Makes no system call, takes no lock and allocates nothing, except a page if many C
 * functions have suspended themselves, one inside another.
 *
 * Stops the process with a message if *to is not suspended, if *from is suspended, if the
 * caller is neither on the stack of *from nor in C that was called from there, or if C
 * would be overwritten. Does not notice if two threads go on in one context at once: the
 * client must prevent that.
 *
 * `from` and `to` must not be NULL: the process faults. The function does not check them,
 * because a check would cost each switch an instruction.
 *
 * Leaves errno alone. Safe in any thread; in signal handlers if the interrupted code is not
 * in a function of this library, or if the handler's own context goes on before the handler
 * returns. A longjmp must not leave a handler that has interrupted libcgo_switch. Since 0.2.
 */
LIBCGO_API uintptr_t libcgo_switch(struct libcgo_thread *thread,
                                   struct libcgo_context *from,
                                   struct libcgo_context *to, uintptr_t word);

/*
 * Writes the return addresses of a suspended context's frames to `pcs`, the innermost first,
 * and at most `most` of them. The first one is where the context called libcgo_switch. Returns
 * how many it has written. It works as libcgo_traceback does by default, with the unwinder
 * that libcgo_traceback_set has found. It calls no hook of `runtime`. The context must not go
 * on meanwhile.
 *
 * Returns 0 if the context is not suspended, if a record is NULL or not valid, if pcs is
 * NULL, or if most is 0. Leaves errno alone. Safe in any thread; not safe in signal
 * handlers. Since 0.2.
 */
LIBCGO_API size_t libcgo_context_traceback(struct libcgo_runtime *runtime,
                                           const struct libcgo_context *context,
                                           uintptr_t *pcs, size_t most);

LIBCGO_END_DECLS

#include <libcgo/context-tools.h>

#endif
