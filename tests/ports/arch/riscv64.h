/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define ILLEGAL_INSTRUCTION ".4byte 0xc0001073" /* unimp, in its long form */
enum { illegal_instruction_bytes = 4 };
#define context_pc uc_mcontext.__gregs[REG_PC]
#define context_sp uc_mcontext.__gregs[REG_SP]
#define context_fp uc_mcontext.__gregs[REG_S0]
enum { frame_words = -2 };
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("add %0, tp, %1; ld %0, 0(%0)" : "=&r"(word) : "r"(offset));
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }
