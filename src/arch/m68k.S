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

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g on the stack. It is where the caller has put it while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	move.l	8(%a6), (%sp)
	move.l	%sp, 4(%sp)
	bsr.l	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 4
	.long	-1, FRAME_BYTES + 8
END_DATA SYM(libcgo_guard_place)
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

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: all on the stack. What it does in which order, and why, stands in
 * src/context.cc. The frame of what is suspended:
 *
 *             | word                | sp + 136
 *             | to                  | sp + 132
 *             | from                | sp + 128
 *             | thread              | sp + 124
 *     CFA ->  +---------------------+
 *             | return address      | sp + 120
 *             | caller's a6         | sp + 116
 *             | d2                  | sp + 112
 *             | mark                | sp + 108
 *             | d3 ... d7           | sp + 104 ... sp + 88
 *             | a2 ... a5           | sp +  84 ... sp + 72
 *             | fp2 ... fp7         | sp +  60 ... sp, 12 bytes each
 *             +---------------------+ <- sp, which the context's record has
 *
 * The mark is as far below the return address as in libcgo_call_on_stack.
 */
#define SWITCH_BYTES 116
#define SWITCH_CFA (SWITCH_BYTES + 8)
#define SWITCH_MARK 108

.macro ENTER_SWITCH
	PUSH_RECORD SWITCH_BYTES
	.cfi_def_cfa %sp, SWITCH_CFA
	SAVE	d2, 112
	SAVE	d3, 104
	SAVE	d4, 100
	SAVE	d5, 96
	SAVE	d6, 92
	SAVE	d7, 88
	SAVE	a2, 84
	SAVE	a3, 80
	SAVE	a4, 76
	SAVE	a5, 72
	SAVE_FLOAT fp2, 60
	SAVE_FLOAT fp3, 48
	SAVE_FLOAT fp4, 36
	SAVE_FLOAT fp5, 24
	SAVE_FLOAT fp6, 12
	SAVE_FLOAT fp7, 0
.endm

/* With a6 in its place. */
.macro LEAVE_SWITCH
	RESTORE	d2, 112
	RESTORE	d3, 104
	RESTORE	d4, 100
	RESTORE	d5, 96
	RESTORE	d6, 92
	RESTORE	d7, 88
	RESTORE	a2, 84
	RESTORE	a3, 80
	RESTORE	a4, 76
	RESTORE	a5, 72
	RESTORE_FLOAT fp2, 60
	RESTORE_FLOAT fp3, 48
	RESTORE_FLOAT fp4, 36
	RESTORE_FLOAT fp5, 24
	RESTORE_FLOAT fp6, 12
	RESTORE_FLOAT fp7, 0
	POP_RECORD
	move.l	(%sp)+, %a0
	.cfi_adjust_cfa_offset -4
	.cfi_register %pc, %a0
	jmp	(%a0)
.endm

.macro PUSH_MARK
	pea	SWITCH_MARK(%sp)
	.cfi_adjust_cfa_offset 4
.endm

.macro PUSH reg
	move.l	%\reg, -(%sp)
	.cfi_adjust_cfa_offset 4
.endm

.macro DROP bytes
	lea	\bytes(%sp), %sp
	.cfi_adjust_cfa_offset -\bytes
.endm

FUNC SYM(libcgo_switch)
	ENTER_SWITCH
	move.l	SWITCH_CFA(%sp), %a2
	move.l	SWITCH_CFA + 4(%sp), %a0
	move.l	SWITCH_CFA + 8(%sp), %a1
	move.l	CONTEXT_SP(%a1), %d3
	move.l	CONTEXT_LO(%a0), %d4
	move.l	CONTEXT_SPAN(%a0), %d5
	move.l	%sp, %d6
	sub.l	%d4, %d6
	cmp.l	#CONTEXT_OVER, %d3
	jls	LOCAL(ask)
	tst.l	CONTEXT_SP(%a0)
	jne	LOCAL(ask)
	move.l	%a2, %d0
	jeq	3f
	cmp.l	%d5, %d6
	jcc	LOCAL(ask)		/* not on the stack of *from */
	cmp.l	THREAD_SMALL_LO(%a2), %d4
	jne	LOCAL(ask)
	cmp.l	THREAD_SMALL_SPAN(%a2), %d5
	jne	LOCAL(ask)
	move.l	THREAD_RUNNING(%a2), %a3
	moveq	#STACK_CALL_SWITCHED, %d0
	and.l	STACK_CALL_FLAGS(%a3), %d0
	jeq	LOCAL(ask)
	tst.l	THREAD_SWITCHING(%a2)
	jne	LOCAL(ask)
LOCAL(go):
	move.l	SWITCH_CFA + 12(%sp), %d1
	move.l	%sp, %d7		/* what *from gets */
LOCAL(leave):
	move.l	%a2, %d0
	jeq	7f
	move.l	CONTEXT_LO(%a1), %d4
	move.l	CONTEXT_SPAN(%a1), %d5
	move.l	%a1, THREAD_SWITCHING(%a2)
	move.l	%d3, %sp
	clr.l	THREAD_SMALL_SPAN(%a2)
	move.l	%d4, THREAD_SMALL_LO(%a2)
	move.l	%d5, THREAD_SMALL_SPAN(%a2)
	clr.l	THREAD_SWITCHING(%a2)
1:	lea	SWITCH_BYTES(%sp), %a6
	move.l	%d7, CONTEXT_SP(%a0)
	clr.l	CONTEXT_SP(%a1)
	move.l	%a2, CONTEXT_THREAD(%a1)
	tst.l	CONTEXT_FLAGS(%a1)
	jne	6f
8:	move.l	%d1, %d0
	.cfi_remember_state
	LEAVE_SWITCH
	.cfi_restore_state
3:	subq.l	#1, %d5			/* of a record that is not made all addresses */
	cmp.l	%d5, %d6
	jls	LOCAL(go)
LOCAL(ask):
	PUSH_MARK
	PUSH	a1
	PUSH	a0
	PUSH	a2
	bsr.l	SYM(libcgo_switch_asks)
	DROP	16
	move.l	SWITCH_CFA(%sp), %a2
	move.l	SWITCH_CFA + 4(%sp), %a0
	move.l	SWITCH_CFA + 8(%sp), %a1
	move.l	CONTEXT_SP(%a1), %d3
	jra	LOCAL(go)
6:	move.l	%d1, %d2
	PUSH_MARK
	PUSH	a1
	PUSH	a2
	bsr.l	SYM(libcgo_switch_resumes)
	DROP	12
	move.l	%d2, %d1
	jra	8b
7:	move.l	%d3, %sp
	jra	1b
END SYM(libcgo_switch)

/* On the stack: the context whose fn has returned, and what that has returned, on which
   the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH
	move.l	SWITCH_CFA(%sp), %a3
	move.l	SWITCH_CFA + 4(%sp), %a4
	PUSH_MARK
	PUSH	a4
	PUSH	a3
	bsr.l	SYM(libcgo_switch_ends)
	DROP	12
	move.l	%a0, %a2
	move.l	%a3, %a0
	move.l	%a4, %a1
	moveq	#0, %d1
	move.l	CONTEXT_SP(%a1), %d3
	moveq	#CONTEXT_OVER, %d7
	jra	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in d0, fn in a2, arg in a3, the context in a4.
 * Unwinding ends here. An unwinder looks for the caller of fn before the address to which
 * that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined %pc
	nop
LOCAL(entry):
	move.l	%d0, -(%sp)
	move.l	%a3, -(%sp)
	jsr	(%a2)
	move.l	%a0, 4(%sp)
	move.l	%a4, (%sp)
	bsr.l	SYM(libcgo_switch_end)
	illegal
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: all on the stack.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	move.l	4(%sp), %a0
	lea	-SWITCH_CFA(%a0), %a0
	.set	at, 0
	.rept	SWITCH_CFA / 4
	clr.l	at(%a0)			/* and no frame is above */
	.set	at, at + 4
	.endr
	lea	LOCAL(entry)(%pc), %a1
	move.l	%a1, SWITCH_BYTES + 4(%a0)
	move.l	12(%sp), 84(%a0)
	move.l	16(%sp), 80(%a0)
	move.l	8(%sp), 76(%a0)
	move.l	%a0, %d0
	rts
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: all on the stack. While fn runs, the frame is described as that of the context, with
 * what it has saved.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	PUSH	a2
	.cfi_rel_offset %a2, 0
	move.l	8(%sp), %a2
	move.l	12(%sp), %a0
	move.l	16(%sp), %d0
	PUSH	d0
	.cfi_remember_state
	.cfi_def_cfa %a2, SWITCH_CFA
	.cfi_offset %a6, -8
	.cfi_offset %d2, 112 - SWITCH_CFA
	.irp	n, 3, 4, 5, 6, 7
	.cfi_offset %d\n, 104 - 4 * (\n - 3) - SWITCH_CFA
	.endr
	.irp	n, 2, 3, 4, 5
	.cfi_offset %a\n, 84 - 4 * (\n - 2) - SWITCH_CFA
	.endr
	.irp	n, 2, 3, 4, 5, 6, 7
	.cfi_offset %fp\n, 60 - 12 * (\n - 2) - SWITCH_CFA
	.endr
	jsr	(%a0)
	.cfi_restore_state
	DROP	4
	move.l	(%sp)+, %a2
	.cfi_adjust_cfa_offset -4
	.cfi_restore %a2
	rts
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 4
	.long	SWITCH_MARK
	.long	SWITCH_BYTES + 4	/* return address */
	.long	SWITCH_BYTES	/* a6 */
END_DATA SYM(libcgo_switch_frame)
#endif
