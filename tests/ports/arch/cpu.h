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
 * HANDLER_CONTEXT               what that is, where it is no ucontext_t
 * load_at_thread_pointer        as compiled code of a runtime does it
 * return_address                the address in a word of a frame that is one
 * frame_words                   the two of a frame, the caller's frame pointer and
 *                               the return address: where, in words from the
 *                               frame pointer
 * NO_FRAME_CHAIN                instead of it, where frames form no chain
 * CALLEE_AREA                   bytes above the stack pointer that a C function may
 *                               write to when it is entered, if any
 *
 * And where they differ from what stands below:
 *
 * RETURN_WORD_OF_CALLER         where the return address is in the caller's frame, in
 *                               words from its frame pointer
 * MOST_KEPT                     words of the registers that a C callee keeps
 * CALLEE_BYTES                  what a frame has for the words of its callees, where that
 *                               is much
 * own_frame                     the calling function's frame pointer
 * IS_WORD_REGISTER              whether a register, by its number in unwind tables, has
 *                               the size of a word: the unwinder tells no others; that
 *                               of LLVM tells general ones, and asked for another ends
 *                               the process
 * code_of                       the address of a function's code
 * prepare_context               makes room for the registers of an empty context
 */
#define CPU_HEADER__(file) #file
#define CPU_HEADER_(file) CPU_HEADER__(file)
#define CPU_HEADER(cpu) CPU_HEADER_(cpu.h)
#include CPU_HEADER(LIBCGO_CPU)

#ifdef HANDLER_CONTEXT
typedef HANDLER_CONTEXT handler_context;
#else
typedef ucontext_t handler_context;
#endif

#ifdef NO_FRAME_CHAIN
enum { has_frame_chain = 0, frame_words = 0 };
#else
enum { has_frame_chain = 1 };
#endif

#ifndef CALLEE_AREA
#define CALLEE_AREA 0
#endif

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

#ifndef CALLEE_BYTES
#define CALLEE_BYTES 0
#endif
enum { callee_bytes = CALLEE_BYTES };

#ifndef own_frame
#define own_frame() __builtin_frame_address(0)
#endif

#ifndef IS_WORD_REGISTER
#define IS_WORD_REGISTER(number) 1
#endif

#ifndef code_of
#define code_of(function) ((void *)(function))
#endif

#ifndef prepare_context
#define prepare_context(context) ((void)0)
#endif

#endif
