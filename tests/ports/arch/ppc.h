/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define MOST_KEPT 104
#define ILLEGAL_INSTRUCTION ".long 0"
enum { illegal_instruction_bytes = 4 };
#define context_pc uc_mcontext.uc_regs->gregs[32]
#define context_sp uc_mcontext.uc_regs->gregs[1]
#define context_fp uc_mcontext.uc_regs->gregs[1]
/* The system puts the registers where a multiple of 16 is. */
#define prepare_context(context)                                               \
  ((context)->uc_mcontext.uc_regs =                                            \
       (mcontext_t *)(((uintptr_t)(context)->uc_reg_space + 15) &              \
                      ~(uintptr_t)15))
enum { frame_words = 0 };
#define RETURN_WORD_OF_CALLER 1
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("lwzx %0, %1, 2" : "=r"(word) : "b"(offset));
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }

#define IS_WORD_REGISTER(number) ((number) < 32)
