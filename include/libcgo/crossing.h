/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crossings from C to code with a calling convention of its own. See crosscall2(3).
 * crosscall_amd64 and crosscall_386 are in <libcgo/classic.h>.
 */
#ifndef LIBCGO_CROSSING_H
#define LIBCGO_CROSSING_H

#include <libcgo/platform.h>

LIBCGO_BEGIN_DECLS

/* Code that is called through a crossing. */
typedef uintptr_t (*libcgo_crosscall_fn)(void *arg, uintptr_t word);
typedef void (*libcgo_crosscall2_fn)(void *arg, int32_t argsize);

/*
 * Calls fn(arg, word), and returns the word that fn leaves in the register in which C
 * functions return one (rax, eax, x0, a0). fn need not preserve any other general or
 * vector register except the stack pointer. When it returns, all callee-saved registers
 * of the C calling convention are as before.
 *
 * fn finds its arguments in two places. On the stack they are just above its return
 * address, each in a slot of pointer size. (Where the return address comes in a
 * register, there is a free word instead of it, or what the ABI has there.) They are also
 * where the C calling convention puts them, so fn may be a C function.
 *
 * Exceptions, forced unwinding and longjmp pass through.
 * Safe in any thread and in signal handlers, if fn is. Since 0.1.
 */
LIBCGO_API uintptr_t libcgo_crosscall(libcgo_crosscall_fn fn, void *arg,
                                      uintptr_t word);

/*
 * The same without a result, as in the interface of 2010: calls fn(arg, argsize). On the
 * stack argsize is sign-extended to its slot.
 * Safe in any thread and in signal handlers, if fn is. Since 0.1.
 */
LIBCGO_API void crosscall2(libcgo_crosscall2_fn fn, void *arg, int32_t argsize);

LIBCGO_END_DECLS

#endif
