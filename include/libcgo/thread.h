/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Creating the threads of a runtime. See libcgo_thread_create(3).
 */
#ifndef LIBCGO_THREAD_H
#define LIBCGO_THREAD_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>

LIBCGO_BEGIN_DECLS

/*
 * The attributes of a new thread. Initialise the record with LIBCGO_THREAD_ATTR_INIT,
 * which asks for the process's defaults, as NULL does. The library reads it while it
 * creates the thread, and not later.
 *
 * Windows: a stack always has one guard page, so more than a page is refused (ENOTSUP). A
 * signal mask is refused, too. There are no signal stacks: their size is ignored. `cpus`
 * has a bit for each CPU of the process's group.
 */
struct libcgo_thread_attr {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* Bytes of the thread's stack, without its guard. The C library takes its control
     block and the thread-local variables out of it. 0: the default. */
  size_t stack_size;
  /* Bytes below the stack that fault. 0: the default; LIBCGO_NO_GUARD: none. */
  size_t guard_size;
  /* Bytes of the signal stack; a guard page comes in addition. 0: what the runtime's
     record says; LIBCGO_NO_SIGNAL_STACK: none. */
  size_t signal_stack_size;
  /* A name for debuggers and ps(1), or NULL. The system cuts it (Linux: 15 bytes,
     Darwin: 63). */
  const char *name;
  /* The thread's signal mask, a sigset_t. NULL: its creator's mask, but with the
     runtime's `open_signals` open. */
  const void *signal_mask;
  /* The CPUs on which it may run, as sched_setaffinity(2) takes them, and the size of
     that set in bytes. NULL: its creator's CPUs. */
  const void *cpus;
  size_t cpus_size;
  uintptr_t reserved[8];
};
/* SIZE_MAX, written as a number for tools that read macros. */
#if defined(LIBCGO_VARIABLES_) && defined(LIBCGO_64_)
static const size_t LIBCGO_NO_GUARD = 0xffffffffffffffffu;
static const size_t LIBCGO_NO_SIGNAL_STACK = 0xffffffffffffffffu;
#elif defined(LIBCGO_VARIABLES_)
static const size_t LIBCGO_NO_GUARD = 0xffffffffu;
static const size_t LIBCGO_NO_SIGNAL_STACK = 0xffffffffu;
#elif defined(LIBCGO_64_)
#define LIBCGO_NO_GUARD 0xffffffffffffffffu
#define LIBCGO_NO_SIGNAL_STACK 0xffffffffffffffffu
#else
#define LIBCGO_NO_GUARD 0xffffffffu
#define LIBCGO_NO_SIGNAL_STACK 0xffffffffu
#endif
#define LIBCGO_THREAD_ATTR_INIT                                                \
  {                                                                            \
    sizeof(struct libcgo_thread_attr), LIBCGO_RECORD_VERSION, 0, 0, 0,         \
        LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_, 0, {                         \
      0, 0, 0, 0, 0, 0, 0, 0                                                   \
    }                                                                          \
  }

/*
 * Gives the record the value LIBCGO_THREAD_ATTR_INIT. For languages that cannot use the
 * macro. `size` is sizeof(struct libcgo_thread_attr) as the caller was compiled: an older
 * client's record is shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: attr is NULL, or size is less than the record had in 0.1; then nothing
 * is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_thread_attr_init(struct libcgo_thread_attr *attr,
                                       size_t size);

/* The limit that kept the system from creating a thread. Initialise it with
   LIBCGO_LIMIT_INIT. */
struct libcgo_limit {
  uint32_t size; /* of this record, in bytes */
  uint32_t reserved;
  unsigned long long value; /* the limit */
  unsigned long long used;  /* how much of it was in use, a moment later */
  const char *name;   /* "RLIMIT_NPROC", ..., static; NULL: not found out */
  const char *unit;   /* of both numbers, a plural: "threads", ... */
  const char *remedy; /* how to raise it */
};
#define LIBCGO_LIMIT_INIT                                                      \
  {                                                                            \
    sizeof(struct libcgo_limit), 0, 0, 0, LIBCGO_NULL_, LIBCGO_NULL_,          \
        LIBCGO_NULL_                                                           \
  }

/*
 * Gives the record the value LIBCGO_LIMIT_INIT, as libcgo_thread_attr_init does for
 * attributes.
 *
 * Returns 0. EINVAL: limit is NULL, or size is less than the record had in 0.1; then
 * nothing is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_limit_init(struct libcgo_limit *limit, size_t size);

/*
 * Creates a thread of the runtime, which runs fn(thread, arg) and cannot be joined.
 *
 * `thread` is the new thread's record. The client initialises it with LIBCGO_THREAD_INIT
 * and does not move it until `leave`.
 *
 * The new thread calls `enter` with signals held (see libcgo_ops), then sets its signal
 * mask, then calls fn. It ends when fn returns, when it calls pthread_exit(3), or when it
 * is cancelled. In each case the destructors of other thread keys may call back for at
 * least two rounds, with the mask that the thread has. Then the thread calls `leave`,
 * with signals held. Nothing is left behind. (`leave` comes earlier if the system refuses
 * to store the record for another round.) The creator holds signals while it creates the
 * thread. A thread that has a signal stack before `enter` keeps it: a sanitizer, or a
 * library that wraps pthread_create(3), may have set it.
 *
 * If the system refuses a thread with EAGAIN, the call tries again, with growing pauses,
 * for one second, and ten times at least. If it then gives up and `limit` is not NULL,
 * *limit says which limit was hit. Not a cancellation point.
 *
 * Returns 0, or one of these. After an error neither a hook nor fn was called, and
 * `thread` is unchanged.
 *   EAGAIN   the system refused a thread for one second, or the process has no
 *            thread key left: see *limit
 *   ENOMEM   no memory for the start record, the signal stack, or what the library keeps
 *            of a thread in a runtime with LIBCGO_WORLD
 *   EINVAL   runtime, thread or fn is NULL; a record is too small; a required hook is
 *            missing; there is only one of `acquire` and `release`, or only one of
 *            cpus and cpus_size; or the system refuses a size, or does not have
 *            any of these CPUs
 *   EFAULT   the system cannot read the set of CPUs
 *   ESHUTDOWN  libcgo_runtime_close has closed the runtime
 *   EPERM    the system refuses the set of CPUs; or a sandbox refuses threads
 *            (clone3(2); if the sandbox says that it does not know clone3, the C
 *            library uses clone(2) instead); or the object that contains the hooks
 *            cannot be kept mapped
 *   ENOTSUP  this library does not know a record's version; or the system does not
 *            have what an attribute asks for (Darwin, OpenBSD: the CPUs)
 * If the new thread has no memory to find its stack's bounds or to store its record, it
 * stops the process with a message. Leaves errno and the caller's signal mask alone.
 * Safe in any thread; not safe in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_thread_create(struct libcgo_runtime *runtime,
                                    struct libcgo_thread *thread,
                                    const struct libcgo_thread_attr *attr,
                                    libcgo_thread_fn fn, void *arg,
                                    struct libcgo_limit *limit) LIBCGO_CHECKED_;

/*
 * Writes a limit as text, such as "RLIMIT_NPROC is 64, in use are 64 threads of the user:
 * raise it (ulimit -u, limits.conf)". Writes at most size - 1 bytes of it, and a null
 * byte. If `size` is 0 it writes nothing, and `buffer` may be NULL. If `limit` is NULL, the
 * text says that there is no record. Returns the length of the whole text in bytes, as
 * snprintf(3) does.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API size_t libcgo_limit_text(const struct libcgo_limit *limit,
                                    char *buffer, size_t size);

LIBCGO_END_DECLS

#endif
