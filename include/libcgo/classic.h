/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classic face: the interface of December 2010, for clients that were written for it.
 * See libcgo-classic(7). It exists for the CPUs of that time, amd64 and 386, where
 * LIBCGO_CLASSIC is defined. Elsewhere this header only includes <libcgo/crossing.h>.
 *
 * `g` is the client's record of a task, and `m` its record of a thread. The library
 * writes the first two words of `g` when a thread starts. It touches nothing else in
 * them.
 *
 * A client that a C compiler compiles may include this header. There is one exception: a
 * client may define the four pointer variables itself, without a value, so that the
 * library's definitions take their place. Such a client must not include this header.
 */
#ifndef LIBCGO_CLASSIC_H
#define LIBCGO_CLASSIC_H

#include <libcgo/crossing.h>
#include <libcgo/platform.h>

#ifdef LIBCGO_CLASSIC

LIBCGO_BEGIN_DECLS

/* The first two words of a task's record. */
struct libcgo_g {
  uintptr_t stackguard; /* lowest address to which the runtime's code may push */
  uintptr_t stackbase;  /* where the stack begins; it grows downwards */
  /* the rest belongs to the runtime */
};

/* Code that the classic face calls: a function without arguments. */
typedef void (*libcgo_code_fn)(void);

/* Where and how a new thread starts. */
struct libcgo_start {
  uintptr_t m;        /* stored in the thread's slot for m */
  struct libcgo_g *g; /* stored in the thread's slot for g; its bounds are set */
  libcgo_code_fn fn;  /* called on the new thread */
};

/* The names of 2010, for sources that were written with them. */
#ifdef LIBCGO_CLASSIC_NAMES
typedef struct libcgo_g G;
typedef struct libcgo_start ThreadStart;
#endif

/*
 * Prepares the slots of g and m.
 *
 * Call it once, on the initial thread, before any other thread exists. The stack may have
 * any alignment. A second call does nothing.
 *
 * Errors: if the executable does not reserve the slots (see <libcgo/slots.h>), one
 * message names the executable and what it lacks, and the process aborts. Nothing is
 * stored before that check.
 * Not safe beside other threads; not safe in signal handlers. Since 0.1.
 */
extern LIBCGO_API void (*const initcgo)(void);

/*
 * Starts a thread.
 *
 * `*start` stays the caller's and may be reused when the call returns. The new thread is
 * detached and has the process's default stack size (pthread_setattr_default_np(3)
 * changes it). It does these steps:
 *   1. sets g->stackbase to an address near the top of its stack, and g->stackguard to
 *      the lowest usable address plus 4096 (both are byte addresses)
 *   2. stores g and m in its slots
 *   3. sets the signal mask of the caller
 *   4. calls fn through crosscall_amd64 or crosscall_386
 *   5. ends when fn returns; all its memory is freed
 * Signals are held before step 3, and from the return of fn to the thread's end. Held
 * signals are blocked. SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS and SIGABRT are
 * never held; they stay as the caller has them.
 *
 * Errors: EAGAIN is retried for one second. Then one message names the limit that was hit
 * and its value, and the process aborts.
 * Safe in any thread after initcgo; not safe in signal handlers. Since 0.1.
 */
extern LIBCGO_API void (*const libcgo_thread_start)(struct libcgo_start *start);

/*
 * The same, with a `start` from malloc(3), which the function frees.
 * Safe in any thread after initcgo; not safe in signal handlers. Since 0.1.
 */
LIBCGO_API void libcgo_sys_thread_start(struct libcgo_start *start);

/*
 * malloc(3) and free(3) for a runtime with a calling convention of its own, which calls C
 * with one pointer to all arguments and results.
 *
 * _cgo_malloc: the argument is a struct libcgo_malloc_args. ret becomes NULL if n is
 * negative or above PTRDIFF_MAX, and whenever malloc fails.
 * _cgo_free: the argument is a struct libcgo_free_args.
 * Safe in any thread; not safe in signal handlers. Since 0.1.
 */
struct libcgo_malloc_args {
  long long n; /* bytes */
  void *ret;   /* the caller frees it */
};
struct libcgo_free_args {
  void *arg; /* from malloc, or NULL */
};
extern LIBCGO_API void (*const _cgo_malloc)(void *args);
extern LIBCGO_API void (*const _cgo_free)(void *args);

/*
 * Calls fn, which need not preserve any general register except the stack pointer. When
 * fn returns, all callee-saved registers of the C calling convention are as before. The
 * stack is aligned for C at the call. Like any C function, fn must preserve the
 * floating-point control words and the direction flag.
 *
 * Exceptions, forced unwinding and longjmp pass through.
 * Safe in any thread and in signal handlers, if fn is. Since 0.1.
 */
#if defined(LIBCGO_CPU_AMD64)
LIBCGO_API void crosscall_amd64(libcgo_code_fn fn);
#elif defined(LIBCGO_CPU_386)
LIBCGO_API void crosscall_386(libcgo_code_fn fn);
#endif

LIBCGO_END_DECLS

#endif

#endif
