/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define ILLEGAL_INSTRUCTION ".2byte 0"
enum { illegal_instruction_bytes = 0 }; /* the CPU has stepped over it */
#define context_pc uc_mcontext.psw.addr
#define context_sp uc_mcontext.gregs[15]
#define context_fp uc_mcontext.gregs[15]
enum { frame_words = 0 };
#define RETURN_WORD_OF_CALLER 14
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("ear %0, %%a0; sllg %0, %0, 32; ear %0, %%a1; lg %0, 0(%1,%0)"
                   : "=&a"(word)
                   : "a"(offset));
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }

/* gcc's frame address is what the stack pointer was on entry. */
#define own_frame()                                                            \
  __extension__({                                                              \
    void *sp_;                                                                 \
    __asm__ volatile("lgr %0, %%r15" : "=d"(sp_));                             \
    sp_;                                                                       \
  })
