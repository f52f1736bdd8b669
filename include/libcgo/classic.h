/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classic face: the interface of December 2010, for clients that were
 * written for it. See libcgo-classic(7). It exists for the CPUs of that time, amd64
 * and 386: where LIBCGO_CLASSIC is defined. Elsewhere this header has only what
 * <libcgo/crossing.h> has.
 *
 * A client is a language runtime. `g` is its record of one task, `m` its
 * record of one thread; libcgo reads neither, but for the first two words
 * of `g`.
 *
 * A client compiled by a C compiler may include this header. A client that
 * defines the four pointer variables itself, without a value, so that the
 * library's definitions take their place, must not.
 */
#ifndef LIBCGO_CLASSIC_H
#define LIBCGO_CLASSIC_H

#include <libcgo/crossing.h>
#include <libcgo/platform.h>
#include <stdint.h>

#ifdef LIBCGO_CLASSIC

LIBCGO_BEGIN_DECLS

/* The first two words of a task's record. */
struct libcgo_g {
  uintptr_t stackguard; /* lowest address the runtime's code may push to */
  uintptr_t stackbase;  /* where the stack begins; it grows downwards */
  /* the rest belongs to the runtime */
};

/* What a new thread starts with. */
struct libcgo_start {
  uintptr_t m;         /* stored in the thread's slot for m */
  struct libcgo_g *g;  /* stored in the thread's slot for g; its bounds are set */
  void (*fn)(void);    /* called on the new thread */
};

/* The names of 2010, for sources that were written with them. */
#ifdef LIBCGO_CLASSIC_NAMES
typedef struct libcgo_g G;
typedef struct libcgo_start ThreadStart;
#endif

/*
 * Prepares the place of g and m in thread-local storage.
 *
 * Call it once, on the initial thread, before any other thread exists. It
 * accepts a misaligned stack. A second call does nothing.
 *
 * Errors: if the executable does not reserve the place (see
 * <libcgo/slots.h>), one message names the executable and what it lacks, and
 * the process aborts. Nothing is stored before that is known.
 * Not safe in signal handlers. Since 0.1.
 */
extern LIBCGO_API void (*const initcgo)(void);

/*
 * Starts an OS thread.
 *
 * `*start` is the caller's and may be reused when the call returns. The new
 * thread is detached and has the process's default stack size
 * (pthread_setattr_default_np(3) changes it). It sets g->stackbase near the
 * top of its stack and g->stackguard to the lowest usable address plus 4096,
 * both bytes; stores g and m in their slots; and calls fn through the
 * architecture's crosscall. No signal is delivered to it before its slots are
 * set; fn runs with the signal mask of the caller. When fn returns, the thread
 * ends, and all its memory is given back. Before, and from then to its end, signals
 * are held: blocked, but for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS and
 * SIGABRT, which are as the caller has them.
 *
 * Errors: EAGAIN is retried for one second. Then one message names the limit
 * that was hit and its value, and the process aborts.
 * Safe in any thread after initcgo; not safe in signal handlers. Since 0.1.
 */
extern LIBCGO_API void (*const libcgo_thread_start)(
    struct libcgo_start *start);

/*
 * The same, for a `start` that comes from malloc(3): takes it over and frees
 * it. Since 0.1.
 */
LIBCGO_API void libcgo_sys_thread_start(struct libcgo_start *start);

/*
 * malloc(3) and free(3) with one pointer to all arguments and results, which
 * is how a runtime with a calling convention of its own calls C.
 *
 * _cgo_malloc: the argument is a struct libcgo_malloc_args. ret becomes NULL for an
 * n that is negative or above PTRDIFF_MAX, and whenever malloc fails.
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
 * Calls fn, which need not keep any general register but the stack pointer,
 * and returns with every register that the C calling convention says a callee
 * keeps. The stack is aligned for C at the call. Floating-point control words
 * and the direction flag are fn's to keep, as they are any C function's.
 *
 * Exceptions, forced unwinding and longjmp pass through.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
#if defined(LIBCGO_CPU_AMD64)
LIBCGO_API void crosscall_amd64(void (*fn)(void));
#elif defined(LIBCGO_CPU_386)
LIBCGO_API void crosscall_386(void (*fn)(void));
#endif

LIBCGO_END_DECLS

#endif

#endif
