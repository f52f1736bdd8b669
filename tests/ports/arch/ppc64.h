/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define MOST_KEPT 64
#define ILLEGAL_INSTRUCTION ".long 0"
enum { illegal_instruction_bytes = 4 };
#define context_pc uc_mcontext.gp_regs[32]
#define context_sp uc_mcontext.gp_regs[1]
#define context_fp uc_mcontext.gp_regs[1]
enum { frame_words = 0 };
#define RETURN_WORD_OF_CALLER 2
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("ldx %0, %1, 13" : "=r"(word) : "b"(offset));
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }

#if _CALL_ELF == 1
#define CALLEE_BYTES 112
/* The first word of a descriptor. */
#define code_of(function) (*(void **)(void *)(function))
#endif

#define IS_WORD_REGISTER(number) ((number) < 64)
