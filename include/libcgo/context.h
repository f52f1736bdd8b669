/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: from one stack to another, as a runtime goes from task to task. See
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
 * What a callee keeps by the calling convention, a context keeps: general and
 * floating-point registers, and on x86 and s390x the control words of floating-point
 * arithmetic. A new one has those of who has made it. Signal mask, errno and
 * thread-local variables are the thread's.
 *
 * A context may go on in another thread than that in which it was suspended, unless it
 * is C on a thread's own stack, or is in a C function that it has called by
 * libcgo_call_on_system. Of several contexts of a thread that are in such a function,
 * the last that called it returns first: their frames of C are on one stack.
 *
 * What C++ knows of exceptions that are being handled is the thread's, too: a context
 * switches outside of `catch`, or contexts come back in the opposite order.
 *
 * An exception is caught inside of the context in which it is thrown: unwinding ends
 * where `fn` was called, and what is not caught until there ends the process. A longjmp
 * stays inside, too.
 *
 * Where the CPU keeps return addresses on a shadow stack and the thread uses it (x86,
 * SHSTK), there are no contexts: libcgo_context_make says ENOTSUP.
 */
#ifndef LIBCGO_CONTEXT_H
#define LIBCGO_CONTEXT_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>
#include <stddef.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

/*
 * What is suspended: the client's record, begun as LIBCGO_CONTEXT_INIT, at one place as
 * long as it is suspended or runs. One that is not made is for who runs already: the
 * first libcgo_switch suspends the caller in it.
 */
struct libcgo_context {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* The library's. */
  uintptr_t sp; /* where it is suspended; 0: it is not; 1: it is over */
  uintptr_t lo; /* what the thread's record says of its stack, while it runs */
  uintptr_t span;
  struct libcgo_thread *thread; /* in which it runs, or has run last */
  uintptr_t flags;
  uintptr_t options; /* the client's: LIBCGO_CONTEXT_KEEPS_CONTROL, or 0 */
  uintptr_t control; /* the library's, too: the control words, */
  uintptr_t keeps;   /* and whether they are kept */
  uintptr_t call;
  uintptr_t serial;
  uintptr_t stack_lo; /* the stack for which it was made, or 0 */
  uintptr_t stack_hi;
  uintptr_t ahead;
  void *data; /* the client's */
  uintptr_t reserved[8];
};
/* In `options`: whenever this context suspends itself, the control words of floating-point
   arithmetic are those with which it has begun or gone on. On x86 it takes longer to read
   them than to switch. */
#define LIBCGO_CONTEXT_KEEPS_CONTROL 1u
#define LIBCGO_CONTEXT_INIT                                                    \
  {                                                                            \
    sizeof(struct libcgo_context), LIBCGO_RECORD_VERSION, 0, 0, 0, 0, 0, 0, 0, \
        0, 0, 0, 0, 0, 0, 0, {                                                 \
      0, 0, 0, 0, 0, 0, 0, 0                                                   \
    }                                                                          \
  }

/*
 * Makes a context: at the first switch to it fn(arg, word) runs on `stack`, from its high
 * end down; `word` is what that switch passes. When fn returns, the context is over, and
 * its stack is free once the thread has gone on in the context that fn has returned. The
 * record of the stack is only read now. A context that is suspended may be made anew:
 * what was suspended is then forgotten.
 *
 * Returns 0, or
 *   EINVAL   a record is NULL or too small, the stack has no bytes, or fn is NULL
 *   ENOMEM   the stack has fewer than LIBCGO_STACK_MIN bytes
 *   EBUSY    the context is running
 *   ENOTSUP  a record's version is not known to this library, or the thread uses a
 *            shadow stack
 * Leaves errno alone. Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_context_make(struct libcgo_context *context,
                                   const struct libcgo_stack *stack,
                                   struct libcgo_context *(*fn)(void *arg,
                                                                uintptr_t word),
                                   void *arg) LIBCGO_CHECKED_;

/*
 * Suspends the caller in *from and goes on in *to: there the libcgo_switch that is
 * pending returns `word`, or fn begins with it. Returns the word of whoever switches
 * back, perhaps in another thread; 0 if that was the end of a context.
 *
 * `thread` is the calling thread's record. What it says of the thread's stack changes in
 * the same step: libcgo_call_on_system and libcgo_stack_bounds are right in a signal
 * handler, too, whatever it has interrupted. The caller is on a small stack that the
 * library knows, or C. NULL: a thread without a record, or code that never calls C by
 * libcgo_call_on_system.
 *
 * C that has suspended itself goes on when what it has gone over to is back: not while
 * other C, that was called since from a small stack, is still on the same stack.
 *
 * No system call, no lock, no allocation (a page for many C functions that have
 * suspended themselves in each other). Stops the process with a message where *to is not
 * suspended, *from is, the caller is on the stack of neither *from nor C that was called
 * from there, or C would be overwritten. That two threads go on in one context at once is
 * not noticed; the client orders them.
 *
 * Leaves errno alone. Safe in any thread; in signal handlers if what was interrupted is
 * not a function of this library, or the handler comes back to itself before it returns.
 * A handler that has interrupted libcgo_switch is not left by a longjmp. Since 0.2.
 */
LIBCGO_API uintptr_t libcgo_switch(struct libcgo_thread *thread,
                                   struct libcgo_context *from,
                                   struct libcgo_context *to, uintptr_t word);

/*
 * Writes the addresses to which a suspended context's frames return, from the innermost
 * on, `most` of them at most; the first is where it called libcgo_switch. Returns how
 * many. As libcgo_traceback by default, with the unwinder that libcgo_traceback_set has
 * found; the hooks of `runtime` are not asked. Nothing runs in the context meanwhile.
 *
 * 0 if it is not suspended, a record is NULL or none, pcs is NULL or most is 0. Leaves
 * errno alone. Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_API size_t libcgo_context_traceback(struct libcgo_runtime *runtime,
                                           const struct libcgo_context *context,
                                           uintptr_t *pcs, size_t most);

LIBCGO_END_DECLS

#endif
