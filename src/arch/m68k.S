/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Motorola 68020 and later with a floating-point unit, System V calling convention
 * (System V ABI, Motorola 68000 processor family supplement, section 3).
 *
 * A callee keeps d2-d7, a2-a5, fp2-fp7, a6, which is the frame pointer, and sp; sp is
 * a multiple of 4; arguments are on the stack, just above the return address;
 * integers come back in d0, pointers in a0.
 */
#include "core/asm.h"

/*
 * The frame of a crosscall. Each register is stored and described to the
 * unwinder by one macro.
 *
 *             | argsize             | a6 +  16
 *             | arg                 | a6 +  12
 *             | fn                  | a6 +   8
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's a6         | <- a6
 *             | d2 ... d7           | sp + 116 ... sp + 96
 *             | a2 ... a5           | sp +  92 ... sp + 80
 *             | fp2 ... fp7         | sp +  68 ... sp +  8, 12 bytes each
 *             | second argument     | sp +   4
 *             | first argument      | sp
 *             +---------------------+
 */
#define FRAME_BYTES 120

.macro SAVE reg, at
	move.l	%\reg, \at(%sp)
	.cfi_rel_offset %\reg, \at
.endm

.macro RESTORE reg, at
	move.l	\at(%sp), %\reg
	.cfi_restore %\reg
.endm

/* With all their bits: fmove may round, and raise exceptions. */
.macro SAVE_FLOAT reg, at
	fmovem.x %\reg, \at(%sp)
	.cfi_rel_offset %\reg, \at
.endm

.macro RESTORE_FLOAT reg, at
	fmovem.x \at(%sp), %\reg
	.cfi_restore %\reg
.endm

/* The frame record, and below it so many bytes. The CFA counts from a6. */
.macro PUSH_RECORD bytes
	link.w	%a6, #-\bytes
	.cfi_def_cfa %a6, 8
	.cfi_offset %a6, -8
.endm

.macro POP_RECORD
	unlk	%a6
	.cfi_def_cfa %sp, 4
	.cfi_restore %a6
.endm

.macro ENTER_FRAME
	PUSH_RECORD FRAME_BYTES
	.cfi_def_cfa %sp, FRAME_BYTES + 8
	SAVE	d2, 116
	SAVE	d3, 112
	SAVE	d4, 108
	SAVE	d5, 104
	SAVE	d6, 100
	SAVE	d7, 96
	SAVE	a2, 92
	SAVE	a3, 88
	SAVE	a4, 84
	SAVE	a5, 80
	SAVE_FLOAT fp2, 68
	SAVE_FLOAT fp3, 56
	SAVE_FLOAT fp4, 44
	SAVE_FLOAT fp5, 32
	SAVE_FLOAT fp6, 20
	SAVE_FLOAT fp7, 8
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from sp.
 */
.macro LEAVE_FRAME
	lea	FRAME_BYTES(%sp), %a6
	RESTORE	d2, 116
	RESTORE	d3, 112
	RESTORE	d4, 108
	RESTORE	d5, 104
	RESTORE	d6, 100
	RESTORE	d7, 96
	RESTORE	a2, 92
	RESTORE	a3, 88
	RESTORE	a4, 84
	RESTORE	a5, 80
	RESTORE_FLOAT fp2, 68
	RESTORE_FLOAT fp3, 56
	RESTORE_FLOAT fp4, 44
	RESTORE_FLOAT fp5, 32
	RESTORE_FLOAT fp6, 20
	RESTORE_FLOAT fp7, 8
	POP_RECORD
	rts
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: all on the stack. setg finds g at 4(sp), as a C function, and may leave it in any
 * register but a0: Go has no port to this CPU that would name one.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	move.l	16(%a6), (%sp)
	move.l	8(%a6), 4(%sp)	/* setg need keep no register */
	move.l	12(%a6), %a0
	jsr	(%a0)
	move.l	4(%sp), %a0
	jsr	(%a0)
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: all on the stack. At fn's entry arg is at 4(sp), argsize at 8(sp).
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	move.l	12(%a6), (%sp)
	move.l	16(%a6), 4(%sp)
	move.l	8(%a6), %a0
	jsr	(%a0)
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: all on the stack. At fn's entry arg is at 4(sp), word at 8(sp). The result
 * is what fn leaves in d0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	move.l	12(%a6), (%sp)
	move.l	16(%a6), 4(%sp)
	move.l	8(%a6), %a0
	jsr	(%a0)
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from a6, which a C
 * callee keeps: every unwinder finds the old stack by it, and so does the return.
 * What is saved is on the old stack:
 *
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's a6         | <- a6
 *             | a2                  | a6 - 4     (libcgo_call_on_stack only)
 *             | mark                | a6 - 8     (libcgo_call_on_stack only)
 *             +---------------------+
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
#define MARK 8	/* below a6 */

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
 * In: all on the stack. If sp is on the small stack that the record names, fn
 * runs at the record's system_sp, and caller_sp tells where it came from; what
 * else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	PUSH_RECORD 0
	PROBE2(call_on_system, 4@8(%fp), 4@12(%fp))
	move.l	8(%a6), %d1
	jeq	2f
	move.l	%d1, %a0
	move.l	%sp, %d0
	sub.l	THREAD_SMALL_LO(%a0), %d0
	cmp.l	THREAD_SMALL_SPAN(%a0), %d0
	jcc	2f
	move.l	%sp, THREAD_CALLER_SP(%a0)
	move.l	THREAD_SYSTEM_SP(%a0), %sp
1:	move.l	12(%a6), %a0
	move.l	16(%a6), -(%sp)
	BEGIN_OTHER_STACK
	jsr	(%a0)
	PROBE1(call_on_system_done, 4@%d0)
	.cfi_remember_state
	POP_RECORD
	rts
	.cfi_restore_state
	END_OTHER_STACK
2:	move.l	%a6, -(%sp)	/* sp before */
	move.l	%d1, -(%sp)
	bsr.l	SYM(libcgo_find_system_sp)
	addq.l	#8, %sp
	tst.l	%d0
	jeq	1b
	move.l	%d0, %sp
	jra	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: all on the stack. The list of such calls is kept by
 * libcgo_begin_stack_call and libcgo_end_stack_call.
 */
FUNC SYM(libcgo_call_on_stack)
	PUSH_RECORD MARK
	PROBE2(call_on_stack, 4@8(%fp), 4@16(%fp))
	move.l	%a2, -4(%a6)
	.cfi_offset %a2, -12
	pea	(%sp)			/* the mark */
	pea	4(%sp)			/* the caller's stack goes on here */
	move.l	12(%a6), -(%sp)
	move.l	8(%a6), -(%sp)
	bsr.l	SYM(libcgo_begin_stack_call)
	move.l	%a0, %a2
	move.l	16(%a6), %a0
	move.l	STACK_CALL_START(%a2), %sp
	move.l	20(%a6), -(%sp)
	BEGIN_OTHER_STACK
	jsr	(%a0)
	PROBE1(call_on_stack_done, 4@%d0)
	lea	-MARK(%a6), %sp
	pea	(%sp)
	move.l	%d0, -(%sp)
	move.l	%a2, -(%sp)
	bsr.l	SYM(libcgo_end_stack_call)
	move.l	-4(%a6), %a2
	.cfi_restore %a2
	POP_RECORD
	rts
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * a6 points at the caller's, and the return address follows it.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 4
	.long	0		/* caller */
	.long	4		/* return address */
	.long	0, 8		/* the range of both */
	.long	MARK + 4	/* from a mark to its return address */
	.long	4		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * There are no signatures.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	move.l	4(%sp), %d0
	rts
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 *
 * The CPU has no register for it: the C library asks the system, and compiled code
 * asks the C library (its ABI for thread-local storage).
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	bsr.l	__m68k_read_tp@PLTPC
	move.l	%a0, %d0
	rts
END SYM(libcgo_thread_pointer)
#endif
