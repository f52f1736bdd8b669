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

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in r0. It is at [sp] while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	str	r0, [sp]
	mov	r1, sp
	bl	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 4
	.word	-1, 0
END_DATA SYM(libcgo_guard_place)
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

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in r0, from in r1, to in r2, word in r3. What it does in which order, and
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall,
 * with the mark in place of what is fn's, at sp, which the context's record has.
 *
 * It returns by r12: a jump through that is no return for a CPU's return stack.
 */
#ifdef KEPT_FLOATS
#define SWITCH_SAVED (ARGUMENT_BYTES + 64)
#else
#define SWITCH_SAVED ARGUMENT_BYTES
#endif
#define SWITCH_BYTES (SWITCH_SAVED + 40)
#define SWITCH_R4 (SWITCH_SAVED + 4)
#define SWITCH_R11 (SWITCH_SAVED + 32)
#define SWITCH_RETURN (SWITCH_SAVED + 36)

FUNC SYM(libcgo_switch)
	ENTER_FRAME
	ldr	r4, [r2, #CONTEXT_SP]
	ldr	r7, [r1, #CONTEXT_SP]
	ldr	r5, [r1, #CONTEXT_LO]
	ldr	r6, [r1, #CONTEXT_SPAN]
	sub	r8, sp, r5
	cmp	r4, #CONTEXT_OVER
	bls	LOCAL(ask)
	cmp	r7, #0
	bne	LOCAL(ask)
	cmp	r0, #0
	beq	3f
	cmp	r8, r6
	bhs	LOCAL(ask)		/* not on the stack of *from */
	ldr	r7, [r0, #THREAD_SMALL_LO]
	ldr	r8, [r0, #THREAD_SMALL_SPAN]
	cmp	r7, r5
	cmpeq	r8, r6
	bne	LOCAL(ask)
	ldr	r7, [r0, #THREAD_RUNNING]
	ldr	r7, [r7, #STACK_CALL_FLAGS]
	tst	r7, #STACK_CALL_SWITCHED
	beq	LOCAL(ask)
	ldr	r7, [r0, #THREAD_SWITCHING]
	cmp	r7, #0
	bne	LOCAL(ask)
LOCAL(go):
	mov	r7, sp			/* what *from gets */
LOCAL(leave):
	mov	r8, #0
	cmp	r0, #0
	beq	7f
	ldr	r5, [r2, #CONTEXT_LO]
	ldr	r6, [r2, #CONTEXT_SPAN]
	str	r2, [r0, #THREAD_SWITCHING]
	mov	sp, r4
	str	r8, [r0, #THREAD_SMALL_SPAN]
	str	r5, [r0, #THREAD_SMALL_LO]
	str	r6, [r0, #THREAD_SMALL_SPAN]
	str	r8, [r0, #THREAD_SWITCHING]
1:	add	r11, sp, #SWITCH_RETURN - TO_RETURN_ADDRESS
	str	r7, [r1, #CONTEXT_SP]
	str	r8, [r2, #CONTEXT_SP]
	str	r0, [r2, #CONTEXT_THREAD]
	ldr	r5, [r2, #CONTEXT_FLAGS]
	cmp	r5, #0
	bne	6f
8:	mov	r0, r3
	.cfi_remember_state
	add	sp, sp, #ARGUMENT_BYTES
	.cfi_adjust_cfa_offset -ARGUMENT_BYTES
#ifdef KEPT_FLOATS
	RESTORE	vpop, 8, KEPT_FLOATS
#endif
	RESTORE	pop, 4, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12
	.cfi_register lr, r12
	bx	r12
	.cfi_restore_state
3:	sub	r6, r6, #1		/* of a record that is not made all addresses */
	cmp	r8, r6
	bls	LOCAL(go)
LOCAL(ask):
	mov	r4, r0
	mov	r5, r1
	mov	r6, r2
	mov	r7, r3
	mov	r3, sp
	bl	SYM(libcgo_switch_asks)
	mov	r0, r4
	mov	r1, r5
	mov	r2, r6
	mov	r3, r7
	ldr	r4, [r2, #CONTEXT_SP]
	b	LOCAL(go)
6:	mov	r4, r3
	mov	r1, r2
	mov	r2, sp
	bl	SYM(libcgo_switch_resumes)
	mov	r3, r4
	b	8b
7:	mov	sp, r4
	b	1b
END SYM(libcgo_switch)

/* fn of the context in r1 has returned the one in r2, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_FRAME
	mov	r5, r1
	mov	r6, r2
	mov	r0, r1
	mov	r1, r2
	mov	r2, sp
	bl	SYM(libcgo_switch_ends)
	mov	r1, r5
	mov	r2, r6
	mov	r3, #0
	ldr	r4, [r2, #CONTEXT_SP]
	mov	r7, #CONTEXT_OVER
	b	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in r0, fn in r4, arg in r5, the context in r6.
 * Unwinding ends here, at a return address of 0: a frame that cannot be unwound is not told
 * in a backtrace. An unwinder looks for the caller of fn before the address to which that
 * returns; and a new context, too, has a caller.
 */
#define ENTRY_BYTES 8

BODY SYM(libcgo_context_entry)
#ifdef __ARM_EABI__
	.save	{r4, lr}
#endif
	.cfi_undefined lr
	nop
LOCAL(entry):
	mov	r1, r0
	mov	r0, r5
	blx	r4
	mov	r1, r6
	mov	r2, r0
	bl	SYM(libcgo_switch_end)
	.inst	0xe7f000f0		/* udf #0 */
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in r0, context in r1, fn in r2, arg in r3.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	sub	r0, r0, #SWITCH_BYTES + ENTRY_BYTES
	mov	r12, #0			/* and no frame is above */
	.set	at, 0
	.rept	(SWITCH_BYTES + ENTRY_BYTES) / 4
	str	r12, [r0, #at]
	.set	at, at + 4
	.endr
	adr	r12, LOCAL(entry)
	str	r12, [r0, #SWITCH_RETURN]
	str	r2, [r0, #SWITCH_R4]
	str	r3, [r0, #SWITCH_R4 + 4]
	str	r1, [r0, #SWITCH_R4 + 8]
	bx	lr
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in r0, fn in r1, arg in r2. While fn runs, the frame is described as that of the
 * context, with what it has saved. For unwinders that is all there is.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	push	{r4, lr}
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r4, 0
	.cfi_rel_offset lr, 4
	mov	r4, r0
	mov	r0, r2
#ifdef __ARM_EABI__
	.save	{r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}
#ifdef KEPT_FLOATS
	.vsave	{KEPT_FLOATS}
#endif
	.pad	#ARGUMENT_BYTES
	.setfp	r4, sp
#endif
	.cfi_remember_state
	.cfi_def_cfa r4, SWITCH_BYTES
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11
	.cfi_offset r\n, SWITCH_R4 + 4 * (\n - 4) - SWITCH_BYTES
	.endr
	.cfi_offset lr, SWITCH_RETURN - SWITCH_BYTES
#ifdef KEPT_FLOATS
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	.cfi_offset d\n, ARGUMENT_BYTES + 8 * (\n - 8) - SWITCH_BYTES
	.endr
#endif
	blx	r1
	.cfi_restore_state
	pop	{r4, pc}
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 4
	.long	0		/* mark */
	.long	SWITCH_RETURN
	.long	SWITCH_R11
END_DATA SYM(libcgo_switch_frame)
#endif
