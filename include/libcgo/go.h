/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Go face: the C half of Go's package runtime/cgo, for Go programs that libcgo-go(1)
 * builds. libcgo-go puts a small C file, the shim (src/go/shim.c in the sources), in the
 * place of Go's own C files; the shim calls these functions. Other clients have no use
 * for them. See libcgo_go_init(3).
 *
 * A Go program is a runtime of its own, and so is each Go shared object in it. Each keeps
 * its state in a struct libcgo_go in its own memory; the library keeps none.
 *
 * Compiles as C90 with GNU's extensions, which Go requires.
 */
#ifndef LIBCGO_GO_H
#define LIBCGO_GO_H

#include <libcgo/init.h>
#include <libcgo/platform.h>

LIBCGO_BEGIN_DECLS

/* What Go and C pass to each other, in Go's layout. */
struct libcgo_go_g {
  uintptr_t stacklo;
  uintptr_t stackhi;
  uintptr_t stackguard0; /* a little above stacklo; code compares sp with it */
  uintptr_t stackguard1;
  /* the rest is Go's */
};
struct libcgo_go_start {
  struct libcgo_go_g *g;
  uintptr_t *tls;
  void (*fn)(void);
};
struct libcgo_go_context {
  uintptr_t context; /* 0: make one; else: release this one */
};
struct libcgo_go_traceback {
  uintptr_t context;
  uintptr_t signal_context;
  uintptr_t *buffer;
  uintptr_t max;
};
struct libcgo_go_symbolizer; /* passed from Go to the client's symbolizer */
struct libcgo_go_tracebacks {
  void (*traceback)(struct libcgo_go_traceback *arg);
  void (*context)(struct libcgo_go_context *arg);
  void (*symbolizer)(struct libcgo_go_symbolizer *arg);
};
struct libcgo_go_action {
  uintptr_t handler;
  uintptr_t flags;
  uintptr_t restorer;
  uint64_t mask;
};
struct libcgo_go_args {
  uintptr_t *args;
  uintptr_t retval;
};

#define LIBCGO_GO_VERSION 1

/* The state of one Go runtime. Initialise it with LIBCGO_GO_INIT. */
struct libcgo_go {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_GO_VERSION */
  /* Set by the shim. Each may be NULL. */
  uintptr_t *key_created; /* x_cgo_pthread_key_created; since Go 1.21 */
  void (**crosscall2)(void (*fn)(void *), void *arg, int argsize, size_t context);
  void (*acquire)(void); /* for the thread sanitizer: before calls ... */
  void (*release)(void); /* ... and after them */
  void (*unpoison)(const volatile void *memory, size_t size);
  /* Used by the library only. */
  struct libcgo_init init;
  uintptr_t ready;
  uintptr_t key;
  void (*setg)(void *g);
  void (*traceback)(struct libcgo_go_traceback *arg);
  void (*context)(struct libcgo_go_context *arg);
  void (*symbolizer)(struct libcgo_go_symbolizer *arg);
  uintptr_t reserved[16];
};
#define LIBCGO_GO_INIT(key_created, crosscall2, acquire, release, unpoison)    \
  {                                                                            \
    sizeof(struct libcgo_go), LIBCGO_GO_VERSION, key_created, crosscall2,      \
        acquire, release, unpoison, LIBCGO_INIT, 0, 0, LIBCGO_NULL_,           \
        LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_, {                            \
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                           \
    }                                                                          \
  }

/* Each function takes the place of one of Go's: libcgo_go_init that of x_cgo_init, and so
   on. Where Go cannot be told of an error, one message names the error, and the process
   aborts.

   All are safe in any thread, with two exceptions. Call libcgo_go_init once, before the first
   other call with the same record. Let nobody use the environment while a function changes it
   (libcgo_go_setenv, _unsetenv, _clearenv): Go has a lock for that. In signal handlers these
   are safe: libcgo_go_sigaction, _mmap and _munmap; and libcgo_go_callers,
   _call_traceback_function and _call_symbolizer_function, if the functions that they call are.
   All since 0.1. */

/* Call it first. A state whose size or version this library does not know stops the
   process, and so do impossible stack bounds. */
LIBCGO_API void libcgo_go_init(struct libcgo_go *go, struct libcgo_go_g *g,
                               void (*setg)(void *g));
/* Starts a thread. *start stays the caller's. Signals are held in the new thread (see
   libcgo_ops) until Go opens them. If there is no thread within one second, a message
   names the limit. */
LIBCGO_API void libcgo_go_thread_start(struct libcgo_go *go,
                                       const struct libcgo_go_start *start);
LIBCGO_API void libcgo_go_sys_thread_create(void *(*fn)(void *), void *arg);

LIBCGO_API void libcgo_go_notify_runtime_init_done(struct libcgo_go *go);
/* Called before each call of Go by C. Waits until Go has started. In a child that was
   forked while Go started, the thread that would end the wait is not there: a message says
   so, and the process aborts. If Go has created the thread, and C now runs outside of the
   stack bounds in the thread's g, it widens these bounds to contain the current stack,
   too, and moves the guards with them. Returns the context for this call, from the
   function of libcgo_go_set_context_function, or 0. */
LIBCGO_API uintptr_t libcgo_go_wait_runtime_init_done(struct libcgo_go *go);

LIBCGO_API void
libcgo_go_set_context_function(struct libcgo_go *go,
                               void (*fn)(struct libcgo_go_context *arg));
LIBCGO_API void libcgo_go_release_context(struct libcgo_go *go,
                                          uintptr_t context);
LIBCGO_API void
libcgo_go_set_traceback_functions(struct libcgo_go *go,
                                  const struct libcgo_go_tracebacks *functions);
LIBCGO_API void libcgo_go_call_traceback_function(struct libcgo_go *go,
                                                  struct libcgo_go_traceback *arg);
LIBCGO_API void
libcgo_go_call_symbolizer_function(struct libcgo_go *go,
                                   struct libcgo_go_symbolizer *arg);
/* Runs in a signal handler. */
LIBCGO_API void libcgo_go_callers(
    struct libcgo_go *go, uintptr_t signal, void *info, void *context,
    void (*traceback)(struct libcgo_go_traceback *arg), uintptr_t *buffer,
    void (*sigtramp)(uintptr_t signal, void *info, void *context));

/* Stores the bounds of the stack on which the thread runs in bounds[0] and bounds[1],
   also if C code has switched to that stack. Stores zeros if they cannot be found. They
   are remembered for the thread. */
LIBCGO_API void libcgo_go_getstackbound(struct libcgo_go *go,
                                        uintptr_t bounds[2]);
LIBCGO_API void libcgo_go_bindm(struct libcgo_go *go, void *g);

LIBCGO_API void libcgo_go_setenv(char **name_and_value);
LIBCGO_API void libcgo_go_unsetenv(char **name);
LIBCGO_API void libcgo_go_clearenv(void);

/* Returns the address, or an errno value. */
LIBCGO_API uintptr_t libcgo_go_mmap(void *address, uintptr_t length,
                                    int32_t protection, int32_t flags,
                                    int32_t fd, uint32_t offset);
LIBCGO_API void libcgo_go_munmap(void *address, uintptr_t length);
/* Returns 0 or an errno value. */
LIBCGO_API int32_t libcgo_go_sigaction(intptr_t signal,
                                       const struct libcgo_go_action *action,
                                       struct libcgo_go_action *old);

/* Each stores the result in retval, or the errno value if the result is -1. */
LIBCGO_API void libcgo_go_setegid(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_seteuid(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_setgid(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_setgroups(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_setregid(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_setresgid(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_setresuid(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_setreuid(struct libcgo_go_args *x);
LIBCGO_API void libcgo_go_setuid(struct libcgo_go_args *x);

LIBCGO_END_DECLS

#endif
