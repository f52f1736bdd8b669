/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crossings from C to code with a calling convention of its own. See
 * crosscall2(3). The one whose name differs from CPU to CPU is in
 * <libcgo/classic.h>.
 */
#ifndef LIBCGO_CROSSING_H
#define LIBCGO_CROSSING_H

#include <libcgo/platform.h>
#include <stdint.h>

LIBCGO_BEGIN_DECLS

/*
 * Calls fn(arg, word) and returns the word that fn leaves in the register in
 * which C functions return one (rax, eax, x0, a0). fn need not keep any other
 * general or vector register but the stack pointer; all that the C calling
 * convention says a callee keeps is as before. fn finds its arguments on the
 * stack just above its return address (above a free word, or what the ABI has there,
 * where that comes in a register), each in a slot of pointer size, and also where the C
 * calling convention puts them, so fn may be a C function.
 *
 * Exceptions, forced unwinding and longjmp pass through.
 * Safe in any thread and in signal handlers. Since 0.1.
 */
LIBCGO_API uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *arg,
                                                      uintptr_t word),
                                      void *arg, uintptr_t word);

/*
 * The same without a result, as it has been since 2010: calls fn(arg, argsize).
 * argsize is sign-extended in its slot of the stack. Since 0.1.
 */
LIBCGO_API void crosscall2(void (*fn)(void *arg, int32_t argsize), void *arg,
                           int32_t argsize);

LIBCGO_END_DECLS

#endif
