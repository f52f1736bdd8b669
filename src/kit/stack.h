/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stacks of a thread's record.
 */
#ifndef LIBCGO_STACK_H_INTERNAL
#define LIBCGO_STACK_H_INTERNAL

#include <libcgo/stack.h>

#include "core/platform.h"

#ifdef __has_builtin
#if __has_builtin(__builtin_sponentry)
#define LIBCGO_CFA __builtin_sponentry
#endif
#endif
#ifndef LIBCGO_CFA
#define LIBCGO_CFA __builtin_dwarf_cfa
#endif

namespace cgo {

/* The stack pointer of the calling function's caller, the CFA. The frame's own address
   is not it where compilers put the frame record at the low end of a frame; nor, on
   arm64, is what clang has for the CFA, but it has another name for it there. */
[[gnu::always_inline]] inline uintptr_t sp_of_caller() {
  return reinterpret_cast<uintptr_t>(LIBCGO_CFA());
}

/* The last byte of the calling function's frame, and so on its stack. Not the
   frame's address: that is the end of the stack where compilers have the frame
   pointer at the high end of a frame, and the frame is the first. */
[[gnu::always_inline]] inline uintptr_t here() { return sp_of_caller() - 1; }

/* A thread takes the record; it leaves it. */
void begin_stacks(libcgo_thread *thread);
void end_stacks(libcgo_thread *thread);

/* 0, EINVAL or ENOTSUP. */
int check_stack(const libcgo_stack *stack);

/* Has the record know the bounds of the thread's own stack. Returns 0 or an errno value.
   Leaves errno alone. */
int learn_own_bounds(libcgo_thread *thread);

/* The stack of the thread that the address is on, if the record knows it. Safe in
   signal handlers. */
bool find_known_stack(const libcgo_thread *thread, uintptr_t address,
                      stack_bounds *bounds);

} // namespace cgo

#endif
