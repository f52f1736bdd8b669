/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#define ILLEGAL_INSTRUCTION                                                    \
  ".4byte 0x00000039" /* a reserved function of SPECIAL */
enum { illegal_instruction_bytes = 4 };
#define context_pc uc_mcontext.pc
#define context_sp uc_mcontext.gregs[29]
#define context_fp uc_mcontext.gregs[30]
#define NO_FRAME_CHAIN
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile(".set push; .set mips64r2; rdhwr $3, $29; .set pop; "
                   "daddu $3, $3, %1; ld %0, 0($3)"
                   : "=r"(word)
                   : "r"(offset)
                   : "$3");
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }
