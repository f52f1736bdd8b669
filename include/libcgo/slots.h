/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots: two words of thread-local storage that a runtime's compiled code reads with one
 * or two instructions. Usually one is for the task and one for the thread's record. There
 * are three ways to have such words:
 *
 *   LIBCGO_DEFINE_SLOTS   a pair, whose distance from the thread pointer
 *                         libcgo_slots_claim tells: for JITs and assemblers
 *   LIBCGO_RESERVE_SLOTS  the classic pair, at the place that the classic ABI fixes;
 *                         only where the classic face exists (LIBCGO_CLASSIC)
 *   _Thread_local         a variable of the client's own, set in the hook `enter`
 *                         (<libcgo/runtime.h>): for code that a C compiler compiles
 */
#ifndef LIBCGO_SLOTS_H
#define LIBCGO_SLOTS_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>

LIBCGO_BEGIN_DECLS

/*
 * LIBCGO_DEFINE_SLOTS;
 *
 * Defines the pair. Write it at file scope, with its semicolon, in one source file of the
 * *executable*, in C or C++. It must be the executable: only the executable's
 * thread-local variables are at the same distance from the thread pointer in every
 * thread. Any linker will do, and the program may have other thread-local variables. Both
 * words are 0 in a new thread. Since 0.1.
 *
 * Windows: there the thread pointer points to the thread block, which has the values of 64
 * thread-local indexes (TlsAlloc). The pair is two adjacent ones of these. The macro may
 * stand in a library, too. If no two adjacent indexes are free, there is no pair
 * (ENOTSUP).
 */
#ifdef LIBCGO_SLOTS_BY_SYSTEM_
#define LIBCGO_DEFINE_SLOTS                                                    \
  static struct libcgo_slots libcgo_defined_slots = LIBCGO_SLOTS_INIT;         \
  static __attribute__((__constructor__)) void libcgo_define_slots(void) {     \
    libcgo_slots_defined(&libcgo_defined_slots, LIBCGO_NULL_);                 \
  }                                                                            \
  struct libcgo_slots
#else
#define LIBCGO_DEFINE_SLOTS                                                    \
  __attribute__((                                                              \
      __visibility__("hidden"))) __thread uintptr_t libcgo_defined_pair[2];    \
  static struct libcgo_slots libcgo_defined_slots = LIBCGO_SLOTS_INIT;         \
  static __attribute__((__constructor__)) void libcgo_define_slots(void) {     \
    libcgo_slots_defined(&libcgo_defined_slots, libcgo_defined_pair);          \
  }                                                                            \
  struct libcgo_slots
#endif

/*
 * Claims the pair of the executable for a runtime, until libcgo_slots_release.
 *
 * Stores in *offset the distance in bytes from the thread pointer to the first word. The
 * second word follows the first. The distance is the same in every thread, so compiled
 * code may contain it. The first word is
 *   amd64    %fs:offset; on Windows %gs:offset
 *   386      `offset` bytes from the address in %gs:0; on Windows %fs:offset
 *   arm64    `offset` bytes from the address in TPIDR_EL0
 *   others   `offset` bytes from __builtin_thread_pointer()
 *
 * Returns 0, also if this runtime has claimed the pair before. Or one of these; after an
 * error *offset is unchanged.
 *   EINVAL   the runtime's record or offset is NULL, or the record is too small
 *            or lacks a required hook
 *   ENOTSUP  this library does not know the record's version; or
 *            LIBCGO_DEFINE_SLOTS stands in a shared object, or the system is
 *            Darwin or OpenBSD, where the distance is not the same in every thread
 *   ENOENT   the executable has no LIBCGO_DEFINE_SLOTS
 *   EBUSY    another runtime has claimed the pair
 * Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_slots_claim(struct libcgo_runtime *runtime,
                                  intptr_t *offset);

/*
 * Gives the claim back. The words keep their values.
 *
 * Returns 0. EPERM: the runtime has not claimed the pair. EINVAL, ENOTSUP: about the
 * record, as libcgo_slots_claim.
 * Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API int libcgo_slots_release(struct libcgo_runtime *runtime);

/*
 * Returns the address that is `offset` bytes from the calling thread's thread pointer.
 * With the offset of libcgo_slots_claim that is the thread's pair. C code reads and
 * writes the words by it, in the hook `enter` for instance. Cannot fail.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API uintptr_t *libcgo_slots_at(intptr_t offset);

/* What LIBCGO_DEFINE_SLOTS defines. Only the library uses its members. */
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
 * LIBCGO_DEFINE_SLOTS calls this function when the program starts. Do not call it
 * yourself. Since 0.1.
 */
LIBCGO_API void libcgo_slots_defined(struct libcgo_slots *slots, uintptr_t *pair);

LIBCGO_END_DECLS

/*
 * LIBCGO_RESERVE_SLOTS;
 *
 * Reserves the slots of the classic face. Write it at file scope, with its semicolon, in
 * one source file of the *executable* (not of a shared object), in C or C++.
 *
 * Linux: g is the word two words below the thread pointer, and m is the word above g
 * (libcgo-classic(7), Slots). The macro needs GNU ld, which puts the section .tcommon
 * last in the executable's thread-local segment. Other linkers move the pair, and so do
 * thread-local variables that are aligned to more than 64 bytes; initcgo then stops with
 * a message. If a linker makes a thread-local segment of exactly two words, the
 * executable needs no macro.
 *
 * Darwin: there is nothing to reserve. The slots are the values of two thread keys, which
 * initcgo creates.
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
/* The block is as large as its alignment. So its last two words end where the segment
   ends, at the thread pointer, whatever stands before it. */
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
  LIBCGO_SLOTS_EXTERN_ __attribute__((                                         \
      __visibility__("hidden"))) __thread void *libcgo_slot_pair[2];           \
  static __attribute__((__constructor__)) void libcgo_announce_slots(void) {   \
    libcgo_slots_reserved(libcgo_slot_pair);                                   \
  }                                                                            \
  LIBCGO_SLOTS_EXTERN_ __attribute__((                                         \
      __visibility__("hidden"))) __thread void *libcgo_slot_pair[2]
#endif

#ifdef LIBCGO_CLASSIC
LIBCGO_BEGIN_DECLS

/*
 * LIBCGO_RESERVE_SLOTS calls this function when the program starts, with the address of
 * the calling thread's pair. initcgo compares it with the place that the ABI fixes. Do
 * not call it yourself. Since 0.1.
 */
LIBCGO_API void libcgo_slots_reserved(void *pair);

LIBCGO_END_DECLS
#endif

#endif
