/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests need of a CPU in C and C++: <cpu>.h has it.
 */
#ifndef LIBCGO_TESTS_CPU_H
#define LIBCGO_TESTS_CPU_H

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "config.h"

/*
 * ILLEGAL_INSTRUCTION           raises SIGILL; its size in bytes
 * context_pc, _sp, _fp          registers in what a signal handler gets
 * load_at_thread_pointer        as compiled code of a runtime does it
 * return_address                the address in a word of a frame that is one
 * frame_words                   the two of a frame, the caller's frame pointer and
 *                               the return address: where, in words from the
 *                               frame pointer
 *
 * And where they differ from what stands below:
 *
 * RETURN_WORD_OF_CALLER         where the return address is in the caller's frame, in
 *                               words from its frame pointer
 * MOST_KEPT                     words of the registers that a C callee keeps
 * own_frame                     the calling function's frame pointer
 * code_of                       the address of a function's code
 * prepare_context               makes room for the registers of an empty context
 */
#define CPU_HEADER__(file) #file
#define CPU_HEADER_(file) CPU_HEADER__(file)
#define CPU_HEADER(cpu) CPU_HEADER_(cpu.h)
#include CPU_HEADER(LIBCGO_CPU)

/* The words of a frame that have its caller's frame pointer and its return address. */
static inline uintptr_t *caller_word(uintptr_t *frame) {
  return frame + frame_words;
}
static inline uintptr_t *return_word(uintptr_t *frame) {
#ifdef RETURN_WORD_OF_CALLER
  return (uintptr_t *)*caller_word(frame) + RETURN_WORD_OF_CALLER;
#else
  return frame + frame_words + 1;
#endif
}

#ifndef own_frame
#define own_frame() __builtin_frame_address(0)
#endif

#ifndef code_of
#define code_of(function) ((void *)(function))
#endif

#ifndef prepare_context
#define prepare_context(context) ((void)0)
#endif

#endif
