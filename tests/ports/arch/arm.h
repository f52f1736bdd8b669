/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu.h. */
#ifdef __thumb__
#define ILLEGAL_INSTRUCTION ".inst.n 0xde00" /* udf */
enum { illegal_instruction_bytes = 2 };
#else
#define ILLEGAL_INSTRUCTION ".inst 0xe7f000f0" /* udf */
enum { illegal_instruction_bytes = 4 };
#endif
#define context_pc uc_mcontext.arm_pc
#define context_sp uc_mcontext.arm_sp
#define context_fp uc_mcontext.arm_fp
/* In the A32 state; in T32 code frame pointers form no chain. See src/arch/arm.S. */
#ifdef __clang__
enum { frame_words = 0 };
#else
enum { frame_words = -1 };
#endif
static inline uintptr_t load_at_thread_pointer(intptr_t offset) {
  return *(uintptr_t *)((uintptr_t)__builtin_thread_pointer() + (uintptr_t)offset);
}

/* Without the state of the caller. */
static inline uintptr_t return_address(uintptr_t word) {
  return word & ~(uintptr_t)1;
}

/* The same of a function. */
#define code_of(function) ((void *)return_address((uintptr_t)(function)))

/*
 * gcc's unwinder has no such function here, but its table has them: the functions of an
 * object in order, two words for each, of which the first is its distance from there,
 * in 31 bits (Exception Handling ABI for the Arm Architecture, "Index table entries").
 */
/* clang-format off */
#ifdef __cplusplus
extern "C"
#endif
uintptr_t __gnu_Unwind_Find_exidx(uintptr_t pc, int *count);
/* clang-format on */

static inline void *find_enclosing_function(void *address) {
  int count = 0;
  const uintptr_t table = __gnu_Unwind_Find_exidx((uintptr_t)address, &count);
  uintptr_t found = 0;
  for (int i = 0; table != 0 && i < count; i++) {
    const uintptr_t at = table + 8 * (uintptr_t)i;
    const uintptr_t begin =
        at + (uintptr_t)((int32_t)(*(const uint32_t *)at << 1) >> 1);
    if (begin <= (uintptr_t)address)
      found = begin;
  }
  return (void *)found;
}
#define _Unwind_FindEnclosingFunction find_enclosing_function

/* clang's header has gcc's macro as a function, which is nowhere. */
#ifdef __clang__
#define _Unwind_GetIPInfo(context, before)                                     \
  (*(before) = 0, _Unwind_GetIP(context))
#endif
