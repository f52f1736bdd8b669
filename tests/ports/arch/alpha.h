/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. The CPU stops behind an instruction that it does not know, and qemu at it:
   what follows does nothing. */
#define ILLEGAL_INSTRUCTION ".long 0x04000000; nop"
enum { illegal_instruction_bytes = 4 };
#define context_pc uc_mcontext.sc_pc
#define context_sp uc_mcontext.sc_regs[30]
#define context_fp uc_mcontext.sc_regs[15]
#define NO_FRAME_CHAIN
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  register uintptr_t thread_pointer __asm__("$0");
  uintptr_t word;
  __asm__ volatile("call_pal 0x9e" : "=r"(thread_pointer)); /* rduniq */
  memcpy(&word, (const char *)thread_pointer + offset, sizeof word);
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }
