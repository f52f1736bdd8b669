/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define ILLEGAL_INSTRUCTION "illegal"
enum { illegal_instruction_bytes = 2 };
#define context_pc uc_mcontext.gregs[R_PC]
#define context_sp uc_mcontext.gregs[R_SP]
#define context_fp uc_mcontext.gregs[R_A6]
enum { frame_words = 0 };

/* As compiled code finds its thread-local variables. */
/* clang-format off */
#ifdef __cplusplus
extern "C"
#endif
void *__m68k_read_tp(void);
/* clang-format on */
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  return *(const uintptr_t *)((uintptr_t)__m68k_read_tp() + (uintptr_t)offset);
}

static inline uintptr_t return_address(uintptr_t word) { return word; }

#define IS_WORD_REGISTER(number) ((number) < 16)
