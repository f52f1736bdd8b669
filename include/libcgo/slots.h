/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classic slots: two words of thread-local storage, for g and m, at a
 * place that a runtime's compiled code knows.
 */
#ifndef LIBCGO_SLOTS_H
#define LIBCGO_SLOTS_H

#include <libcgo/platform.h>

/*
 * LIBCGO_RESERVE_SLOTS;
 *
 * Reserves the slots. Stands at file scope, with its semicolon, in one source
 * file of the *executable* (not of a shared object), in C or C++.
 *
 * Linux: g is the word two words below the thread pointer, m the word above
 * it (CLASSIC ABI, section 3). Needs GNU ld, which puts the section .tcommon
 * last in the executable's thread-local segment; other linkers, and
 * thread-local variables aligned to more than 64 bytes, move the pair, and
 * initcgo then stops with a message that says so. Executables of a linker that
 * makes a thread-local segment of exactly two words need no macro.
 *
 * Since 0.1.
 */
#if defined(LIBCGO_CPU_AMD64)
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

LIBCGO_BEGIN_DECLS

/*
 * What LIBCGO_RESERVE_SLOTS calls when the program starts: tells the library
 * where the calling thread's pair is. initcgo compares it with the place that
 * the ABI names. Not for other use. Since 0.1.
 */
LIBCGO_API void libcgo_slots_reserved(void *pair);

LIBCGO_END_DECLS

#endif
