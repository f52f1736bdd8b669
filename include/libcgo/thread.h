/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting the threads of a runtime. See libcgo_thread_create(3).
 */
#ifndef LIBCGO_THREAD_H
#define LIBCGO_THREAD_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <stddef.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

/*
 * How a thread is to be. Begins as LIBCGO_THREAD_ATTR_INIT, which asks for what
 * NULL asks for: the process's defaults. Only read while the thread is created.
 *
 * Windows: a stack has one guard page, always, so more than a page is refused
 * (ENOTSUP), and so is a signal mask; there are no signal stacks, and a size of
 * theirs is ignored; `cpus` is a bit for each CPU of the process's group.
 */
struct libcgo_thread_attr {
  uint32_t size; /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* Bytes, all of the thread's stack but its guard; the C library takes its
     control block and thread-local variables out of it. 0: the default. */
  size_t stack_size;
  /* Bytes below the stack that fault. 0: the default; LIBCGO_NO_GUARD: none. */
  size_t guard_size;
  /* Bytes of an alternate signal stack, which a guard page precedes. 0: as the
     runtime's record says; LIBCGO_NO_SIGNAL_STACK: none. */
  size_t signal_stack_size;
  /* For debuggers and ps(1), or NULL; the system cuts it (Linux: 15 bytes,
     Darwin: 63). */
  const char *name;
  /* The thread's signal mask, a sigset_t, or NULL: that of its creator, less the
     runtime's `open_signals`. */
  const void *signal_mask;
  /* The CPUs that it may run on, as sched_setaffinity(2) takes them, and the
     size of that in bytes; or NULL: those of its creator. */
  const void *cpus;
  size_t cpus_size;
  uintptr_t reserved[8];
};
#define LIBCGO_NO_GUARD SIZE_MAX
#define LIBCGO_NO_SIGNAL_STACK SIZE_MAX
#define LIBCGO_THREAD_ATTR_INIT                                                \
  {                                                                            \
    sizeof(struct libcgo_thread_attr), LIBCGO_RECORD_VERSION, 0, 0, 0, 0, 0,   \
        0, 0, {                                                                \
      0, 0, 0, 0, 0, 0, 0, 0                                                   \
    }                                                                          \
  }

/* A limit that kept the system from giving the process another thread. */
struct libcgo_limit {
  uint32_t size; /* of this record, in bytes: LIBCGO_LIMIT_INIT */
  uint32_t reserved;
  unsigned long long value; /* the limit */
  unsigned long long used;  /* how much of it was taken, a moment later */
  const char *name;   /* "RLIMIT_NPROC", ..., static; NULL: could not be found */
  const char *unit;   /* of both numbers, in the plural: "threads", ... */
  const char *remedy; /* what raises it */
};
#define LIBCGO_LIMIT_INIT                                                      \
  { sizeof(struct libcgo_limit), 0, 0, 0, 0, 0, 0 }

/*
 * Starts a detached OS thread of the runtime, which runs fn(thread, arg).
 *
 * `thread` is the new thread's record; the client has begun it as
 * LIBCGO_THREAD_INIT, and keeps it until `leave`. The new thread calls `enter`
 * with signals held (see libcgo_ops), then has its signal mask, then calls fn. It
 * ends when fn returns, by pthread_exit(3) or by cancellation; in each case
 * destructors of other keys may call back for two rounds, with the mask that the
 * thread has, and then `leave` is called with signals held, and at no other time are
 * they; nothing is left behind. (`leave` is called earlier if the system refuses to
 * keep the record for another round.) The creator holds signals while it creates the
 * thread. A thread that has a signal stack before `enter`, from a sanitizer or from
 * who stands between the library and pthread_create(3), keeps it.
 *
 * If the system has no thread to give at the moment (EAGAIN), the call tries
 * again, with growing pauses, for one second at most. If it then gives up and
 * `limit` is not NULL, *limit says which limit was hit. Is no cancellation point.
 *
 * Returns 0, or, and then no hook and not fn was called and `thread` is as it
 * was,
 *   EAGAIN   no thread to be had, or no thread key: see *limit
 *   ENOMEM   no memory for the start record or the signal stack
 *   EINVAL   a record or fn is NULL, a record is too small or lacks a required
 *            hook, or one of `acquire` and `release`, or one of cpus and
 *            cpus_size; or the system refuses a size, or a set of CPUs of which
 *            it has none
 *   EPERM    the system refuses the set of CPUs, or a sandbox refuses threads
 *            (clone3(2); one that says it does not know it has them by clone(2)),
 *            or the object of the hooks could be unmapped
 *   ENOTSUP  a record's version is not known to this library, or the system does
 *            not have what an attribute asks for (Darwin, OpenBSD: the CPUs)
 * A new thread without memory to know its stack or keep its record stops the
 * process with a message. Leaves errno and the caller's signal mask alone. Safe
 * in any thread; not safe in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_thread_create(struct libcgo_runtime *runtime,
                                    struct libcgo_thread *thread,
                                    const struct libcgo_thread_attr *attr,
                                    void (*fn)(struct libcgo_thread *thread,
                                               void *arg),
                                    void *arg, struct libcgo_limit *limit)
    LIBCGO_CHECKED_;

/*
 * Writes a limit as text, such as "RLIMIT_NPROC is 64, in use are 64 threads of
 * the user: raise it (ulimit -u, limits.conf)", cut to size - 1 bytes, and its
 * end. Returns the length of the whole text, as snprintf(3) does.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API size_t libcgo_limit_text(const struct libcgo_limit *limit,
                                    char *buffer, size_t size);

LIBCGO_END_DECLS

#endif
