/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots: two words of thread-local storage, usually for g and for the thread's
 * record, that a runtime's compiled code reaches with one instruction. There are
 * three ways to have them:
 *
 *   LIBCGO_DEFINE_SLOTS   a pair whose distance from the thread pointer can be
 *                         asked for: for JITs and assemblers
 *   LIBCGO_RESERVE_SLOTS  the classic pair, at the place that is part of the
 *                         classic ABI; where that exists (LIBCGO_CLASSIC)
 *   a _Thread_local of    for code that a C compiler compiles; the hook `enter`
 *   the client's own      is where it is set (<libcgo/runtime.h>)
 */
#ifndef LIBCGO_SLOTS_H
#define LIBCGO_SLOTS_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

/*
 * LIBCGO_DEFINE_SLOTS;
 *
 * Defines the pair. Stands at file scope, with its semicolon, in one source file
 * of the *executable*, in C or C++: only the executable's thread-local variables
 * are at the same distance from the thread pointer in every thread, whatever is
 * loaded later. Any linker, and other thread-local variables beside it, are
 * fine. Both words are 0 in a new thread. Since 0.1.
 *
 * Windows: the pair is two of the 64 thread-local indexes (TlsAlloc) whose values
 * are in the thread block, which is the thread pointer there. It may stand in a
 * library, too; if two in a row are not to be had any more, there is no pair
 * (ENOTSUP).
 */
#ifdef LIBCGO_SLOTS_BY_SYSTEM_
#define LIBCGO_DEFINE_SLOTS                                                    \
  static struct libcgo_slots libcgo_defined_slots = LIBCGO_SLOTS_INIT;         \
  static __attribute__((__constructor__)) void libcgo_define_slots(void) {     \
    libcgo_slots_defined(&libcgo_defined_slots, 0);                            \
  }                                                                            \
  struct libcgo_slots
#else
#define LIBCGO_DEFINE_SLOTS                                                    \
  __attribute__((__visibility__("hidden"))) __thread uintptr_t                 \
      libcgo_defined_pair[2];                                                  \
  static struct libcgo_slots libcgo_defined_slots = LIBCGO_SLOTS_INIT;         \
  static __attribute__((__constructor__)) void libcgo_define_slots(void) {     \
    libcgo_slots_defined(&libcgo_defined_slots, libcgo_defined_pair);          \
  }                                                                            \
  struct libcgo_slots
#endif

/*
 * Claims the pair of the executable for a runtime, until libcgo_slots_release.
 *
 * *offset becomes the distance in bytes from the thread pointer to the first word;
 * the second follows it. The same in every thread, so compiled code may contain
 * it: on amd64 the first word is %fs:offset, on 386 it is `offset` from the
 * address held in %gs:0, on arm64 from the one in TPIDR_EL0, elsewhere from what
 * __builtin_thread_pointer() gives. On Windows it is %gs:offset on amd64, %fs:offset
 * on 386.
 *
 * Returns 0, also if the runtime has claimed it before, or, and then *offset is as
 * it was,
 *   EINVAL   the runtime's record or offset is NULL, or the record is too small
 *            or lacks a required hook
 *   ENOTSUP  the record's version is not known to this library; or
 *            LIBCGO_DEFINE_SLOTS stands in a shared object, or the system is
 *            Darwin or OpenBSD, so the distance is not the same in every thread
 *   ENOENT   the executable has no LIBCGO_DEFINE_SLOTS
 *   EBUSY    another runtime has claimed it
 * Leaves errno alone. Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_slots_claim(struct libcgo_runtime *runtime,
                                  intptr_t *offset);

/*
 * Gives the claim back. The words keep what was stored in them.
 *
 * Returns 0. EPERM: the runtime has not claimed the pair. EINVAL, ENOTSUP: as
 * libcgo_slots_claim, of the record.
 * Leaves errno alone. Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_slots_release(struct libcgo_runtime *runtime);

/*
 * Returns the address that is `offset` bytes from the calling thread's thread
 * pointer: for an offset of libcgo_slots_claim, that of the thread's pair. It is
 * how C gets at the words, in the hook `enter` for instance.
 * Cannot fail. Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API uintptr_t *libcgo_slots_at(intptr_t offset);

/* What LIBCGO_DEFINE_SLOTS makes. The library's, all of it. */
struct libcgo_slots {
  uint32_t size;    /* of this record, in bytes */
  uint32_t version; /* LIBCGO_RECORD_VERSION */
  uintptr_t owner;
  intptr_t offset;
  uintptr_t reserved[5];
};
#define LIBCGO_SLOTS_INIT                                                      \
  {                                                                            \
    sizeof(struct libcgo_slots), LIBCGO_RECORD_VERSION, 0, 0, {                \
      0, 0, 0, 0, 0                                                            \
    }                                                                          \
  }

/*
 * What LIBCGO_DEFINE_SLOTS calls when the program starts. Not for other use.
 * Since 0.1.
 */
LIBCGO_API void libcgo_slots_defined(struct libcgo_slots *slots,
                                     uintptr_t *pair);

LIBCGO_END_DECLS

/*
 * LIBCGO_RESERVE_SLOTS;
 *
 * Reserves the slots. Stands at file scope, with its semicolon, in one source
 * file of the *executable* (not of a shared object), in C or C++.
 *
 * Linux: g is the word two words below the thread pointer, m the word above
 * it (libcgo-classic(7), Slots). Needs GNU ld, which puts the section .tcommon
 * last in the executable's thread-local segment; other linkers, and
 * thread-local variables aligned to more than 64 bytes, move the pair, and
 * initcgo then stops with a message that says so. Executables of a linker that
 * makes a thread-local segment of exactly two words need no macro.
 *
 * Darwin: there is nothing to reserve. The slots are those of two thread keys, and
 * initcgo creates these.
 *
 * Since 0.1.
 */
#if defined(LIBCGO_SLOTS_ARE_KEYS_)
#define LIBCGO_RESERVE_SLOTS struct libcgo_slots
#elif defined(LIBCGO_CPU_AMD64)
#define LIBCGO_SLOTS_BYTES_ "16"
#elif defined(LIBCGO_CPU_386)
#define LIBCGO_SLOTS_BYTES_ "8"
#endif

#ifdef LIBCGO_SLOTS_BYTES_
#ifdef __cplusplus
#define LIBCGO_SLOTS_EXTERN_ extern "C"
#else
#define LIBCGO_SLOTS_EXTERN_ extern
#endif
/* The block is as large as its alignment, so that whatever stands before it,
   its last two words end where the segment ends: at the thread pointer. */
#define LIBCGO_RESERVE_SLOTS                                                   \
  __asm__(".pushsection .tcommon,\"awT\",%nobits\n\t"                          \
          ".balign 64\n\t"                                                     \
          ".skip 64 - " LIBCGO_SLOTS_BYTES_ "\n\t"                             \
          ".globl libcgo_slot_pair\n\t"                                        \
          ".hidden libcgo_slot_pair\n\t"                                       \
          ".type libcgo_slot_pair, %object\n\t"                                \
          ".size libcgo_slot_pair, " LIBCGO_SLOTS_BYTES_ "\n"                  \
          "libcgo_slot_pair:\n\t"                                              \
          ".skip " LIBCGO_SLOTS_BYTES_ "\n\t"                                  \
          ".popsection");                                                      \
  LIBCGO_SLOTS_EXTERN_ __attribute__((__visibility__(                          \
      "hidden"))) __thread void *libcgo_slot_pair[2];                          \
  static __attribute__((__constructor__)) void libcgo_announce_slots(void) {   \
    libcgo_slots_reserved(libcgo_slot_pair);                                   \
  }                                                                            \
  LIBCGO_SLOTS_EXTERN_ __attribute__((                                         \
      __visibility__("hidden"))) __thread void *libcgo_slot_pair[2]
#endif

#ifdef LIBCGO_CLASSIC
LIBCGO_BEGIN_DECLS

/*
 * What LIBCGO_RESERVE_SLOTS calls when the program starts: tells the library
 * where the calling thread's pair is. initcgo compares it with the place that
 * the ABI names. Not for other use. Since 0.1.
 */
LIBCGO_API void libcgo_slots_reserved(void *pair);

LIBCGO_END_DECLS
#endif

#endif
