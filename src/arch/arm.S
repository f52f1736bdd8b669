/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arm, 32 bits, with the Procedure Call Standard (AAPCS32, section 6.1), with and
 * without registers for floating point.
 *
 * A callee keeps r4-r11, sp, and d8-d15 where there are such; sp is a multiple of 8
 * at a call; integer arguments come in r0, r1, ...; the return address comes in lr.
 *
 * The code is in the A32 state, and callers and callees may be in either: bit 0 of
 * an address says which, and blx and a pop into pc heed it (AAPCS32, section 6.6).
 *
 * Two tables describe each frame. Unwinders read one, which has a list for each
 * function (.save, .pad, .setfp; Exception Handling ABI for the Arm Architecture),
 * and so is true at calls only; debuggers read the other (.cfi_...).
 */
#include "core/asm.h"

	.syntax	unified
	.arm

#ifdef __ARM_FP
#define KEPT_FLOATS d8, d9, d10, d11, d12, d13, d14, d15
#endif

/*
 * From the frame pointer to the return address. Compilers do not agree: gcc's points
 * at it, clang's at the caller's frame pointer, which is the word below.
 */
#ifdef __clang__
#define TO_RETURN_ADDRESS 4
#else
#define TO_RETURN_ADDRESS 0
#endif

/*
 * The frame of a crosscall. Each list of registers is stored and described to
 * unwinders and debuggers by one macro.
 *
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's r11        |
 *             | r10 ... r4          |
 *             | (alignment: r3)     |
 *             | d15 ... d8          |            (where there are such)
 *             | (alignment)         | sp + 12
 *             | second argument     | sp +  8    (with arguments only)
 *             | first argument      | sp +  4    (with arguments only)
 *             | (fn's)              | sp
 *             +---------------------+
 *
 * With the word that fn has for its return address the arguments on the stack are
 * where compilers that pass arguments on the stack, Go's for one, look for them.
 */
#define ARGUMENT_BYTES 16

/* SAVE INSTRUCTION, DIRECTIVE, BYTES, LIST: the registers of a list, in ascending
   order, as they lie in memory; BYTES for each. */
.macro SAVE instruction, directive, bytes, list:vararg
	\instruction {\list}
	.\directive {\list}
	.irp	reg, \list
	.cfi_adjust_cfa_offset \bytes
	.endr
	.set	at, 0
	.irp	reg, \list
	.cfi_rel_offset \reg, at
	.set	at, at + \bytes
	.endr
.endm

/* RESTORE INSTRUCTION, BYTES, LIST */
.macro RESTORE instruction, bytes, list:vararg
	\instruction {\list}
	.irp	reg, \list
	.cfi_restore \reg
	.cfi_adjust_cfa_offset -\bytes
	.endr
.endm

.macro ENTER_FRAME
	SAVE	push, save, 4, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr
	add	r11, sp, #36 - TO_RETURN_ADDRESS
#ifdef KEPT_FLOATS
	SAVE	vpush, vsave, 8, KEPT_FLOATS
#endif
	sub	sp, sp, #ARGUMENT_BYTES
	.pad	#ARGUMENT_BYTES
	.cfi_adjust_cfa_offset ARGUMENT_BYTES
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why both tables count from sp.
 */
.macro LEAVE_FRAME
	add	sp, sp, #ARGUMENT_BYTES
	.cfi_adjust_cfa_offset -ARGUMENT_BYTES
#ifdef KEPT_FLOATS
	RESTORE	vpop, 8, KEPT_FLOATS
#endif
	pop	{r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in r0, setg in r1, g in r2. fn waits on the stack while setg runs, which
 * need keep no general register: Go's leaves g in r10.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	str	r0, [sp]
	mov	r0, r2
	blx	r1
	ldr	r12, [sp]
	blx	r12
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in r0, arg in r1, argsize in r2. At fn's entry arg is at [sp, #4] and in
 * r0, argsize at [sp, #8] and in r1.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	mov	r12, r0
	mov	r0, r1
	mov	r1, r2
	str	r0, [sp, #4]
	str	r1, [sp, #8]
	blx	r12
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in r0, arg in r1, word in r2. At fn's entry arg is at [sp, #4] and in r0,
 * word at [sp, #8] and in r1. The result is what fn leaves in r0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	mov	r12, r0
	mov	r0, r1
	mov	r1, r2
	str	r0, [sp, #4]
	str	r1, [sp, #8]
	blx	r12
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. Both tables count from r11, which a C
 * callee keeps: every unwinder finds the old stack by it, and so does the return.
 * What is saved is on the old stack:
 *
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's r11        |
 *             | r5                  | (libcgo_call_on_stack only)
 *             | r4                  | (libcgo_call_on_stack only)
 *             | (alignment)         | (libcgo_call_on_stack only)
 *             | mark                | (libcgo_call_on_stack only)
 *             +---------------------+
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */

/* bytes: of the list, which ends in r11 and lr. */
.macro PUSH_RECORD bytes, list:vararg
	SAVE	push, save, 4, \list
	add	r11, sp, #\bytes - 4 - TO_RETURN_ADDRESS
	.setfp	r11, sp, #\bytes - 4 - TO_RETURN_ADDRESS
	.cfi_def_cfa r11, 4 + TO_RETURN_ADDRESS
.endm

/* sp to where PUSH_RECORD left it. */
.macro DROP_TO_RECORD bytes
	sub	sp, r11, #\bytes - 4 - TO_RETURN_ADDRESS
.endm

.macro BEGIN_OTHER_STACK
	.type	__morestack, %function
__morestack:
.endm

.macro END_OTHER_STACK
	.size	__morestack, . - __morestack
.endm

#ifdef PART_call_on_system
/*
 * uintptr_t libcgo_call_on_system(struct libcgo_thread *thread,
 *                                 uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in r0, fn in r1, arg in r2. If sp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	PUSH_RECORD 8, r11, lr
	PROBE2(call_on_system, 4@r0, 4@r1)
	cmp	r0, #0
	beq	2f
	ldr	r3, [r0, #THREAD_SMALL_LO]
	ldr	r12, [r0, #THREAD_SMALL_SPAN]
	sub	r3, sp, r3
	cmp	r3, r12
	bhs	2f
	str	sp, [r0, #THREAD_CALLER_SP]
	ldr	sp, [r0, #THREAD_SYSTEM_SP]
1:	mov	r0, r2
	BEGIN_OTHER_STACK
	blx	r1
	PROBE1(call_on_system_done, 4@r0)
	DROP_TO_RECORD 8
	pop	{r11, pc}
	END_OTHER_STACK
2:	push	{r1, r2}
	add	r1, sp, #8
	bl	SYM(libcgo_find_system_sp)
	pop	{r1, r2}
	cmp	r0, #0
	beq	1b
	mov	sp, r0
	b	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in r0, stack in r1, fn in r2, arg in r3. The list of such calls is
 * kept by libcgo_begin_stack_call and libcgo_end_stack_call.
 */
FUNC SYM(libcgo_call_on_stack)
	PUSH_RECORD 16, r4, r5, r11, lr
	PROBE2(call_on_stack, 4@r0, 4@r2)
	mov	r4, r2
	mov	r5, r3
	DROP_TO_RECORD 24
	mov	r2, sp
	mov	r3, sp			/* the mark */
	bl	SYM(libcgo_begin_stack_call)
	mov	r12, r4
	mov	r4, r0
	mov	r0, r5
	ldr	sp, [r4, #STACK_CALL_START]
	BEGIN_OTHER_STACK
	blx	r12
	PROBE1(call_on_stack_done, 4@r0)
	DROP_TO_RECORD 24
	mov	r1, r0
	mov	r0, r4
	mov	r2, sp
	bl	SYM(libcgo_end_stack_call)
	DROP_TO_RECORD 16
	pop	{r4, r5, r11, pc}
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * The caller's frame pointer and the return address, in this order. That is so in
 * the A32 state; in T32 code frame pointers form no chain.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 4
	.long	TO_RETURN_ADDRESS - 4	/* caller */
	.long	TO_RETURN_ADDRESS	/* return address */
	.long	TO_RETURN_ADDRESS - 4, 8	/* the range of both */
	.long	0			/* from a mark to its return address */
	.long	0			/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * In and out: r0. There are no signatures, but there is the state of the caller.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	bic	r0, r0, #1
	bx	lr
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 *
 * A register of its own since version 6K; the C library knows for older CPUs (Run-time
 * ABI for the Arm Architecture, section 4.3.5), and keeps all other registers.
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
#if __ARM_ARCH >= 7 || defined __ARM_ARCH_6K__
	mrc	p15, 0, r0, c13, c0, 3
	bx	lr
#else
	b	SYM(__aeabi_read_tp)(PLT)
#endif
END SYM(libcgo_thread_pointer)
#endif
