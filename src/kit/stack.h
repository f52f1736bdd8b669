/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stacks of a thread's record.
 */
#ifndef LIBCGO_STACK_H_INTERNAL
#define LIBCGO_STACK_H_INTERNAL

#include <libcgo/stack.h>

#include <errno.h>
#include <stddef.h>

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

/* The CFA of the calling function: its caller's stack pointer. Do not use the frame's
   address for it: some compilers put the frame record at the low end of a frame. On arm64,
   clang's builtin for the CFA is wrong, and another builtin is right. */
[[gnu::always_inline]] inline uintptr_t sp_of_caller() {
  return reinterpret_cast<uintptr_t>(LIBCGO_CFA());
}

/* The last byte of the calling function's frame, and so an address on its stack. Do not
   use the frame's address for it: where compilers have the frame pointer at the high end
   of a frame, that of the first frame is the end of the stack. */
[[gnu::always_inline]] inline uintptr_t here() { return sp_of_caller() - 1; }

/* For a thread that enters the record, and one that leaves it. */
void begin_stacks(libcgo_thread *thread);
void end_stacks(libcgo_thread *thread);

/* The size of the record in the first release, in bytes. Later releases append to it. */
constexpr size_t first_stack = 8 + 6 * sizeof(uintptr_t);

/* 0, EINVAL or ENOTSUP. */
inline int check_stack(const libcgo_stack *stack) {
  if (stack == nullptr || stack->size < first_stack || stack->hi <= stack->lo)
    return EINVAL;
  return stack->version == LIBCGO_RECORD_VERSION ? 0 : ENOTSUP;
}

/* Looks up the bounds of the system stack for the record, if it does not have them.
   Returns 0 or an errno value. Leaves errno alone. */
int learn_own_bounds(libcgo_thread *thread);

/* The stack of the thread that the address is on, if the record knows it. Safe in
   signal handlers. */
bool find_known_stack(const libcgo_thread *thread, uintptr_t address,
                      stack_bounds *bounds);

} // namespace cgo

#endif
