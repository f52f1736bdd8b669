/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracebacks of C code, for the profilers and crash reports of a runtime. See
 * libcgo_traceback(3).
 *
 * A runtime knows its own frames, and asks for those of C: where a signal
 * stopped it, or where it was when it called back. Who knows more about the C
 * code than its unwind tables say, such as a symbolizer with debug information,
 * gives hooks of its own; the runtime asks by the same functions.
 */
#ifndef LIBCGO_TRACEBACK_H
#define LIBCGO_TRACEBACK_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <stddef.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

/* What is known of a place in the code. The strings last as long as the object
   that contains it, unless the hook that gave them says otherwise. */
struct libcgo_symbol {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  uintptr_t pc;
  const char *function; /* its name, or NULL */
  uintptr_t entry;      /* its first instruction, or 0 */
  const char *object;   /* the executable or shared object, or NULL */
  const char *file;     /* of the source, or NULL */
  uintptr_t line;       /* from 1 on, or 0 */
  /* Not 0: the place is in a function that was inlined. libcgo_symbolize with
     this record again gives the one around it. */
  uintptr_t more;
  uintptr_t data; /* the hook's, from one such call to the next */
  uintptr_t reserved[6];
};
#define LIBCGO_SYMBOL_INIT                                                     \
  {                                                                            \
    sizeof(struct libcgo_symbol), LIBCGO_RECORD_VERSION, 0, 0, 0, 0, 0, 0, 0,  \
        0, {                                                                   \
      0, 0, 0, 0, 0, 0                                                         \
    }                                                                          \
  }

/* Hooks: constant, each of them optional. */
struct libcgo_traceback_ops {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* Notes the C frames of the calling thread, as a word for `traceback`, or 0.
     `release` gives it back. Both or neither. */
  uintptr_t (*context)(void);
  void (*release)(uintptr_t context);
  /* As libcgo_traceback. Runs in signal handlers if signal_context is not NULL. */
  size_t (*traceback)(uintptr_t context, const void *signal_context,
                      uintptr_t *pcs, size_t max);
  /* As libcgo_symbolize, for a record that has been checked; returns 0 or
     ENOENT. */
  int (*symbolize)(struct libcgo_symbol *symbol);
  void (*reserved[4])(void);
};
#define LIBCGO_TRACEBACK_OPS(context, release, traceback, symbolize)           \
  {                                                                            \
    sizeof(struct libcgo_traceback_ops), LIBCGO_RECORD_VERSION, context,       \
        release, traceback, symbolize, {                                       \
      0, 0, 0, 0                                                               \
    }                                                                          \
  }

/*
 * Installs hooks, and finds the unwinder for what they leave to the default;
 * `ops` may be NULL, for the default alone. They replace those before. To be
 * called at the start-up of the runtime: it may load the compiler's unwinder
 * (libgcc_s, or LLVM's libunwind), which stays loaded.
 *
 * Returns 0, or
 *   EINVAL   a record is NULL (but ops), too small, or lacks a required hook;
 *            or of `context` and `release` one is there alone
 *   ENOTSUP  a record's version is not known to this library
 *   ENOENT   no unwinder is to be had; the hooks are installed all the same, and
 *            the default walks frame pointers
 * Leaves errno alone. Not safe in signal handlers, nor while another thread
 * installs hooks for this runtime. Since 0.1.
 */
LIBCGO_API int
libcgo_traceback_set(struct libcgo_runtime *runtime,
                     const struct libcgo_traceback_ops *ops);

/*
 * Notes the C frames of the calling thread when C calls into the runtime: the
 * result is for libcgo_traceback, and is given back to libcgo_traceback_release
 * when the call returns. 0 where there is no such hook, and for a record of a
 * runtime that is none: a few loads and comparisons.
 * Safe in any thread. Since 0.1.
 */
LIBCGO_API uintptr_t
libcgo_traceback_context(const struct libcgo_runtime *runtime);
LIBCGO_API void libcgo_traceback_release(const struct libcgo_runtime *runtime,
                                         uintptr_t context);

/*
 * Writes the addresses of C's frames to pcs, from the innermost on, max of them at
 * most: the address of the instruction that a signal has stopped, and for every
 * other frame that to which it returns. Returns how many. Frames of the runtime's
 * code are among them where they can be unwound.
 *
 *   context 0, signal_context NULL   the caller, and who called it
 *   signal_context not NULL          the ucontext_t of a signal handler: the
 *                                    code that the signal has stopped
 *   context not 0                    what a hook has noted; without such a hook
 *                                    it is ignored
 *
 * The default uses the compiler's unwinder outside of signal handlers, if
 * libcgo_traceback_set has found it. In signal handlers it follows frame
 * pointers, from one stack of the thread to the other, and reads nothing outside
 * of them: it ends early, or leaves a frame out, at code that is compiled
 * without, and where memory cannot be read. Of a stack that has overflown it gives
 * the frames that are on it. Is no cancellation point then. Where frames form no chain (Alpha, MIPS, SPARC), the stopped instruction
 * is all.
 *
 * 0 if max is 0, pcs is NULL or the record is none of a runtime. Leaves errno
 * alone. Safe in any thread; with a signal_context in signal handlers. Since 0.1.
 */
LIBCGO_API size_t libcgo_traceback(const struct libcgo_runtime *runtime,
                                   uintptr_t context,
                                   const void *signal_context, uintptr_t *pcs,
                                   size_t max);

/*
 * Finds out what is at symbol->pc and fills in the rest. For an address to which a
 * frame returns that is the line after the call; `pc - 1` is in it.
 *
 * The default asks the dynamic loader (dladdr(3)): the object and, if it is
 * exported, the function.
 *
 * Returns 0. ENOENT: nothing is known; all but pc is then as with
 * LIBCGO_SYMBOL_INIT. EINVAL: a record is NULL or too small. ENOTSUP: its version
 * is not known.
 * Leaves errno alone. Safe in any thread; not safe in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_symbolize(const struct libcgo_runtime *runtime,
                                struct libcgo_symbol *symbol);

LIBCGO_END_DECLS

#endif
