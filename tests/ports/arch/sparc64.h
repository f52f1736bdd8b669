/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#include <signal.h>

/* Linux gives a handler none of the others. */
#define HANDLER_CONTEXT struct sigcontext
/* There is a second program counter, of the next instruction, which stays: what
   follows runs once more, and does nothing. */
#define ILLEGAL_INSTRUCTION "illtrap 0; nop"
enum { illegal_instruction_bytes = 4 };
#define context_pc sigc_regs.tpc
#define context_sp sigc_regs.u_regs[14]
#define context_fp sigc_regs.u_regs[14] /* %fp is in the window */
#define NO_FRAME_CHAIN
/* The place of a window and of six arguments. */
#define CALLEE_AREA 176
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("ldx [%%g7 + %1], %0" : "=r"(word) : "r"(offset));
  return word;
}

/* %i7 has the address of the call, which has a delay slot. */
static inline uintptr_t return_address(uintptr_t word) { return word + 8; }
