/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracebacks of C code, for a runtime's profilers and crash reports. See
 * libcgo_traceback(3).
 *
 * A runtime knows its own frames. It asks the library for the frames of C: where a signal
 * stopped C, or where C was when it called back. By default the library uses unwind
 * tables and frame pointers. A client that knows more, such as a symbolizer with
 * debug information, installs hooks; the runtime still calls the same functions.
 */
#ifndef LIBCGO_TRACEBACK_H
#define LIBCGO_TRACEBACK_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>

LIBCGO_BEGIN_DECLS

/* What is known about a place in the code. Initialise it with LIBCGO_SYMBOL_INIT. The
   strings stay valid as long as the object that contains the place is loaded, unless the
   hook that returned them says otherwise. */
struct libcgo_symbol {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  uintptr_t pc;
  const char *function; /* the function's name, or NULL */
  uintptr_t entry;      /* the function's first instruction, or 0 */
  const char *object;   /* name of the executable or shared object, or NULL */
  const char *file;     /* name of the source file, or NULL */
  uintptr_t line;       /* line in that file, from 1; or 0 */
  /* Not 0: the place is in a function that was inlined. Call libcgo_symbolize again with
     this record to get the function around it. */
  uintptr_t more;
  uintptr_t data; /* the hook's own, kept from one such call to the next */
  uintptr_t reserved[6];
};
#define LIBCGO_SYMBOL_INIT                                                     \
  {                                                                            \
    sizeof(struct libcgo_symbol), LIBCGO_RECORD_VERSION, 0, LIBCGO_NULL_, 0,   \
        LIBCGO_NULL_, LIBCGO_NULL_, 0, 0, 0, {                                 \
      0, 0, 0, 0, 0, 0                                                         \
    }                                                                          \
  }

/*
 * Gives the record the value LIBCGO_SYMBOL_INIT. For languages that cannot use the macro.
 * `size` is sizeof(struct libcgo_symbol) as the caller was compiled: an older client's
 * record is shorter, and only `size` bytes are written.
 *
 * Returns 0. EINVAL: symbol is NULL, or size is less than the record had in 0.1; then
 * nothing is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_symbol_init(struct libcgo_symbol *symbol, size_t size);

/* The types of the hooks. */
typedef uintptr_t (*libcgo_traceback_context_fn)(void);
typedef void (*libcgo_traceback_release_fn)(uintptr_t context);
typedef size_t (*libcgo_traceback_fn)(uintptr_t context,
                                      const void *signal_context,
                                      uintptr_t *pcs, size_t max);
typedef int (*libcgo_symbolize_fn)(struct libcgo_symbol *symbol);

/* The hooks for tracebacks. The record is constant. Each hook is optional. */
struct libcgo_traceback_ops {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  /* `context` notes the C frames of the calling thread, and returns a word for
     `traceback`, or 0. `release` gets that word when it is no longer used. Set both or
     neither. */
  libcgo_traceback_context_fn context;
  libcgo_traceback_release_fn release;
  /* Does what libcgo_traceback does. Runs in signal handlers if signal_context is not
     NULL. */
  libcgo_traceback_fn traceback;
  /* Does what libcgo_symbolize does, with a record that has been checked. Returns 0 or
     ENOENT. */
  libcgo_symbolize_fn symbolize;
  libcgo_reserved_fn reserved[4];
};
#define LIBCGO_TRACEBACK_OPS(context, release, traceback, symbolize)           \
  {                                                                            \
    sizeof(struct libcgo_traceback_ops), LIBCGO_RECORD_VERSION, context,       \
        release, traceback, symbolize, {                                       \
      LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_                   \
    }                                                                          \
  }

/*
 * Gives the record the value that LIBCGO_TRACEBACK_OPS makes, but without any hook: assign
 * them afterwards. For languages that cannot use the macro. `size` is
 * sizeof(struct libcgo_traceback_ops).
 *
 * Returns 0. EINVAL: ops is NULL, or size is less than the record had in 0.1; then nothing
 * is written. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API int libcgo_traceback_ops_init(struct libcgo_traceback_ops *ops,
                                         size_t size);

/*
 * Installs hooks in place of the earlier ones, and finds the unwinder that the default
 * uses. `ops` may be NULL: then the default does everything. Call this function in the
 * runtime's start-up: it may load the compiler's unwinder (libgcc_s, or LLVM's
 * libunwind), which then stays loaded.
 *
 * Returns 0, or
 *   EINVAL   runtime is NULL; a record is too small; the runtime's record lacks a
 *            required hook; or there is only one of `context` and `release`
 *   ENOTSUP  this library does not know a record's version
 *   ENOENT   there is no unwinder. The hooks are installed nevertheless, and the
 *            default follows frame pointers
 * Leaves errno alone.
 * Safe in any thread while no other thread installs hooks for the runtime; not safe in
 * signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_traceback_set(struct libcgo_runtime *runtime,
                                    const struct libcgo_traceback_ops *ops);

/*
 * libcgo_traceback_context calls the hook `context`, which notes the C frames of the
 * calling thread. Call it when C calls into the runtime. The result is for
 * libcgo_traceback; give it to libcgo_traceback_release when C's call returns. The result
 * is 0 if there is no such hook or runtime is not a valid record. Without hooks both
 * functions cost a few loads and comparisons.
 * Safe in any thread; in signal handlers if the hooks are. Since 0.1.
 */
LIBCGO_API uintptr_t libcgo_traceback_context(const struct libcgo_runtime *runtime);
LIBCGO_API void libcgo_traceback_release(const struct libcgo_runtime *runtime,
                                         uintptr_t context);

/*
 * Writes the addresses of C's frames to pcs, innermost first, at most max of them, and
 * returns how many. For the code that a signal stopped this is the address of the stopped
 * instruction; for every other frame it is the address to which the frame returns. Frames
 * of the runtime's code are included where they can be unwound.
 *
 *   context 0, signal_context NULL   the caller, and the callers above it
 *   signal_context not NULL          the ucontext_t of a signal handler: the
 *                                    code that the signal has stopped
 *   context not 0                    what the hook `context` has noted; ignored
 *                                    without a hook `traceback`
 *
 * Outside of signal handlers the default uses the compiler's unwinder, if
 * libcgo_traceback_set has found it. In signal handlers the default follows frame
 * pointers over all stacks of the thread, and reads nothing outside of these. At code
 * that is compiled without frame pointers, and at memory that cannot be read, it ends
 * early or leaves a frame out. If a stack has overflowed, it gives the frames that are on
 * the stack. Where frames form no chain (Alpha, MIPS, SPARC), it gives the stopped
 * instruction only. With a signal_context it is not a cancellation point.
 *
 * Returns 0 if max is 0, pcs is NULL or runtime is not a valid record. Leaves errno
 * alone.
 * Safe in any thread; in signal handlers with a signal_context. Since 0.1.
 */
LIBCGO_API size_t libcgo_traceback(const struct libcgo_runtime *runtime,
                                   uintptr_t context, const void *signal_context,
                                   uintptr_t *pcs, size_t max);

/*
 * Finds out what is at symbol->pc and fills in the rest. A return address is the
 * instruction after the call, perhaps on the next line: look up `pc - 1` to get the call.
 *
 * The default asks the dynamic loader (dladdr(3)) for the object and, if it is exported,
 * the function.
 *
 * Returns 0. ENOENT: nothing is known; all members but pc are as with
 * LIBCGO_SYMBOL_INIT. EINVAL: a record is NULL or too small. ENOTSUP: this library does
 * not know its version.
 * Leaves errno alone.
 * Safe in any thread; not safe in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_symbolize(const struct libcgo_runtime *runtime,
                                struct libcgo_symbol *symbol);

LIBCGO_END_DECLS

#endif
