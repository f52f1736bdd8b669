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

#endif
