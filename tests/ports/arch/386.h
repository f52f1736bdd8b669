/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define ILLEGAL_INSTRUCTION "ud2"
enum { illegal_instruction_bytes = 2 };
#define context_pc uc_mcontext.gregs[REG_EIP]
#define context_sp uc_mcontext.gregs[REG_ESP]
#define context_fp uc_mcontext.gregs[REG_EBP]
enum { frame_words = 0 };
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
#ifdef _WIN32
  __asm__ volatile("movl %%fs:(%1), %0" : "=r"(word) : "r"(offset));
#else
  __asm__ volatile("movl %%gs:0, %0; movl (%0,%1), %0"
                   : "=&r"(word)
                   : "r"(offset));
#endif
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }
