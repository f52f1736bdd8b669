/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define ILLEGAL_INSTRUCTION ".4byte 0"
enum { illegal_instruction_bytes = 4 };
#define context_pc uc_mcontext.__pc
#define context_sp uc_mcontext.__gregs[3]
#define context_fp uc_mcontext.__gregs[22]
enum { frame_words = -2 };
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("ldx.d %0, $tp, %1" : "=r"(word) : "r"(offset));
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }

#ifdef __clang__ /* it may be LLVM's unwinder */
#define IS_WORD_REGISTER(number) ((number) < 32)
#endif
