/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests need of a CPU in C and C++, for each of them.
 */
#ifndef LIBCGO_TESTS_CPU_H
#define LIBCGO_TESTS_CPU_H

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

/*
 * ILLEGAL_INSTRUCTION           raises SIGILL; its size in bytes
 * context_pc, _sp, _fp          registers in what a signal handler gets
 * load_at_thread_pointer        as compiled code of a runtime does it
 * return_address                the address in a word of a frame that is one
 * frame_words                   the two of a frame, the caller's frame pointer and
 *                               the return address: where, in words from the
 *                               frame pointer
 */
#if defined(__x86_64__)

#define ILLEGAL_INSTRUCTION "ud2"
enum { illegal_instruction_bytes = 2 };
#define context_pc uc_mcontext.gregs[REG_RIP]
#define context_sp uc_mcontext.gregs[REG_RSP]
#define context_fp uc_mcontext.gregs[REG_RBP]
enum { frame_words = 0 };
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("movq %%fs:(%1), %0" : "=r"(word) : "r"(offset));
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }

#elif defined(__i386__)

#define ILLEGAL_INSTRUCTION "ud2"
enum { illegal_instruction_bytes = 2 };
#define context_pc uc_mcontext.gregs[REG_EIP]
#define context_sp uc_mcontext.gregs[REG_ESP]
#define context_fp uc_mcontext.gregs[REG_EBP]
enum { frame_words = 0 };
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  uintptr_t word;
  __asm__ volatile("movl %%gs:0, %0; movl (%0,%1), %0"
                   : "=&r"(word)
                   : "r"(offset));
  return word;
}

static inline uintptr_t return_address(uintptr_t word) { return word; }

#elif defined(__aarch64__)

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

#elif defined(__riscv)

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

#endif

#endif
