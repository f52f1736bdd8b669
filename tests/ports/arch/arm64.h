/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define ILLEGAL_INSTRUCTION ".inst 0"
enum { illegal_instruction_bytes = 4 };
#define context_pc uc_mcontext.pc
#define context_sp uc_mcontext.sp
#define context_fp uc_mcontext.regs[29]
enum { frame_words = 0 };
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("mrs %0, tpidr_el0; ldr %0, [%0, %1]"
                   : "=&r"(word)
                   : "r"(offset));
  return word;
}

/* Without its signature, if it has one: xpaclri, which works on x30. */
static inline uintptr_t return_address(uintptr_t word) {
  register uintptr_t x30 __asm__("x30") = word;
  __asm__("hint #7" : "+r"(x30));
  return x30;
}

#ifdef __clang__ /* it may be LLVM's unwinder */
#define IS_WORD_REGISTER(number) ((number) < 32)
#endif
