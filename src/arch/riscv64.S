/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RISC-V, 64 bits, with double-precision registers for arguments: LP64D (RISC-V
 * ELF psABI, "Register Convention" and "Procedure Calling Convention").
 *
 * A callee keeps s0-s11, of which s0 is the frame pointer, fs0-fs11 and sp; sp is
 * a multiple of 16; integer arguments come in a0, a1, ...; an int fills its
 * register, sign-extended; the return address comes in ra. gp and tp are the
 * system's.
 *
 * Calls go through t1, not t0: that is the alternate link register, and a jump
 * through it is for a CPU's return stack a return, too.
 */
#include "core/asm.h"

/*
 * The frame of a crosscall. Each register is stored and described to the unwinder
 * by one macro.
 *
 *     CFA ->  +---------------------+ <- s0
 *             | return address      | sp + 200
 *             | caller's s0         | sp + 192
 *             | s1                  | sp + 184
 *             | s2 ... s11          | sp + 176 ... sp + 104
 *             | fs0 ... fs11        | sp +  96 ... sp +   8
 *             | (alignment)         | sp
 *             +---------------------+
 *             | (alignment)         | sp + 24
 *             | second argument     | sp + 16   (with arguments only)
 *             | first argument      | sp +  8   (with arguments only)
 *             | (fn's)              | sp        (with arguments only)
 *             +---------------------+
 *
 * With the word that fn has for its return address the arguments on the stack are
 * where they are on amd64, and where compilers that pass arguments on the stack,
 * Go's for one, look for them.
 */
#define FRAME_BYTES 208
#define ARGUMENT_BYTES 32

.macro SAVE reg, at
	sd	\reg, \at(sp)
	.cfi_rel_offset \reg, \at
.endm

.macro RESTORE reg, at
	ld	\reg, \at(sp)
	.cfi_restore \reg
.endm

.macro SAVE_FLOAT reg, at
	fsd	\reg, \at(sp)
	.cfi_rel_offset \reg, \at
.endm

.macro RESTORE_FLOAT reg, at
	fld	\reg, \at(sp)
	.cfi_restore \reg
.endm

.macro PUSH bytes
	addi	sp, sp, -\bytes
	.cfi_adjust_cfa_offset \bytes
.endm

.macro DROP bytes
	addi	sp, sp, \bytes
	.cfi_adjust_cfa_offset -\bytes
.endm

/* The frame record, at the high end of a frame, whose size this is. */
.macro PUSH_RECORD bytes
	PUSH	\bytes
	SAVE	ra, \bytes - 8
	SAVE	s0, \bytes - 16
	addi	s0, sp, \bytes
.endm

/* With sp where PUSH_RECORD left it. */
.macro POP_RECORD bytes
	RESTORE	ra, \bytes - 8
	RESTORE	s0, \bytes - 16
	.cfi_def_cfa sp, \bytes
	DROP	\bytes
.endm

.macro ENTER_FRAME
	PUSH_RECORD FRAME_BYTES
	SAVE	s1, 184
	SAVE	s2, 176
	SAVE	s3, 168
	SAVE	s4, 160
	SAVE	s5, 152
	SAVE	s6, 144
	SAVE	s7, 136
	SAVE	s8, 128
	SAVE	s9, 120
	SAVE	s10, 112
	SAVE	s11, 104
	SAVE_FLOAT fs0, 96
	SAVE_FLOAT fs1, 88
	SAVE_FLOAT fs2, 80
	SAVE_FLOAT fs3, 72
	SAVE_FLOAT fs4, 64
	SAVE_FLOAT fs5, 56
	SAVE_FLOAT fs6, 48
	SAVE_FLOAT fs7, 40
	SAVE_FLOAT fs8, 32
	SAVE_FLOAT fs9, 24
	SAVE_FLOAT fs10, 16
	SAVE_FLOAT fs11, 8
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from sp.
 */
.macro RESTORE_FRAME
	RESTORE	s1, 184
	RESTORE	s2, 176
	RESTORE	s3, 168
	RESTORE	s4, 160
	RESTORE	s5, 152
	RESTORE	s6, 144
	RESTORE	s7, 136
	RESTORE	s8, 128
	RESTORE	s9, 120
	RESTORE	s10, 112
	RESTORE	s11, 104
	RESTORE_FLOAT fs0, 96
	RESTORE_FLOAT fs1, 88
	RESTORE_FLOAT fs2, 80
	RESTORE_FLOAT fs3, 72
	RESTORE_FLOAT fs4, 64
	RESTORE_FLOAT fs5, 56
	RESTORE_FLOAT fs6, 48
	RESTORE_FLOAT fs7, 40
	RESTORE_FLOAT fs8, 32
	RESTORE_FLOAT fs9, 24
	RESTORE_FLOAT fs10, 16
	RESTORE_FLOAT fs11, 8
	POP_RECORD FRAME_BYTES
.endm

.macro LEAVE_FRAME
	RESTORE_FRAME
	ret
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in a0, setg in a1, g in a2. fn waits on the stack while setg runs, which
 * need keep no general register: Go's leaves g in s11.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	PUSH	16
	sd	a0, 0(sp)
	mv	a0, a2
	jalr	a1
	ld	t1, 0(sp)
	DROP	16
	jalr	t1
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in a0, arg in a1, argsize in a2, sign-extended. At fn's entry arg is at
 * 8(sp) and in a0, argsize at 16(sp) and in a1.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	PUSH	ARGUMENT_BYTES
	mv	t1, a0
	mv	a0, a1
	mv	a1, a2
	sd	a0, 8(sp)
	sd	a1, 16(sp)
	jalr	t1
	DROP	ARGUMENT_BYTES
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in a0, arg in a1, word in a2. At fn's entry arg is at 8(sp) and in a0,
 * word at 16(sp) and in a1. The result is what fn leaves in a0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	PUSH	ARGUMENT_BYTES
	mv	t1, a0
	mv	a0, a1
	mv	a1, a2
	sd	a0, 8(sp)
	sd	a1, 16(sp)
	jalr	t1
	DROP	ARGUMENT_BYTES
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA is in s0, which a C callee keeps:
 * every unwinder finds the old stack by it, and so does the return. What is saved
 * is on the old stack:
 *
 *     CFA ->  +---------------------+ <- s0
 *             | return address      | s0 -  8
 *             | caller's s0         | s0 - 16
 *             | s1                  | s0 - 24   (libcgo_call_on_stack only)
 *             | fn                  | s0 - 32   (libcgo_call_on_stack only)
 *             | arg                 | s0 - 40   (libcgo_call_on_stack only)
 *             | mark                | s0 - 48   (libcgo_call_on_stack only)
 *             +---------------------+
 *
 * s0 itself may be the end of that stack: sp tells on which one a call was made.
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
.macro BEGIN_OTHER_STACK
	INNER_NAME __morestack
.endm

.macro END_OTHER_STACK
	END_INNER_NAME __morestack
.endm

#ifdef PART_call_on_system
/*
 * uintptr_t libcgo_call_on_system(struct libcgo_thread *thread,
 *                                 uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in a0, fn in a1, arg in a2. If sp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	PUSH_RECORD 16
	.cfi_def_cfa s0, 0
	PROBE2(call_on_system, 8@a0, 8@a1)
	beqz	a0, 2f
	ld	t1, THREAD_SMALL_LO(a0)
	ld	t2, THREAD_SMALL_SPAN(a0)
	sub	t1, sp, t1
	bgeu	t1, t2, 2f
	sd	sp, THREAD_CALLER_SP(a0)
	ld	sp, THREAD_SYSTEM_SP(a0)
1:	mv	a0, a2
	BEGIN_OTHER_STACK
	jalr	a1
	PROBE1(call_on_system_done, 8@a0)
	addi	sp, s0, -16
	.cfi_remember_state
	POP_RECORD 16
	ret
	.cfi_restore_state
	END_OTHER_STACK
2:	addi	sp, sp, -16
	sd	a1, 0(sp)
	sd	a2, 8(sp)
	addi	a1, sp, 16
	call	SYM(libcgo_find_system_sp)
	ld	a1, 0(sp)
	ld	a2, 8(sp)
	addi	sp, sp, 16
	beqz	a0, 1b
	mv	sp, a0
	j	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in a0, stack in a1, fn in a2, arg in a3. The list of such calls is
 * kept by libcgo_begin_stack_call and libcgo_end_stack_call.
 */
FUNC SYM(libcgo_call_on_stack)
	PUSH_RECORD 48
	.cfi_def_cfa s0, 0
	PROBE2(call_on_stack, 8@a0, 8@a2)
	sd	s1, -24(s0)
	.cfi_offset s1, -24
	sd	a2, -32(s0)
	sd	a3, -40(s0)
	mv	a2, sp
	mv	a3, sp			/* the mark */
	call	SYM(libcgo_begin_stack_call)
	mv	s1, a0
	ld	t1, -32(s0)
	ld	a0, -40(s0)
	ld	sp, STACK_CALL_START(s1)
	BEGIN_OTHER_STACK
	jalr	t1
	PROBE1(call_on_stack_done, 8@a0)
	addi	sp, s0, -48
	mv	a1, a0
	mv	a0, s1
	mv	a2, sp
	call	SYM(libcgo_end_stack_call)
	ld	s1, -24(s0)
	.cfi_restore s1
	POP_RECORD 48
	ret
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in a0. It is at sp while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	sd	a0, 0(sp)
	mv	a1, sp
	call	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.dword	-1, 0
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * s0 is the CFA, and below it are the return address and the caller's s0 (psABI,
 * "Frame Pointer Convention").
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.dword	-16		/* caller */
	.dword	-8		/* return address */
	.dword	-16, 16		/* the range of both */
	.dword	0		/* from a mark to its return address */
	.dword	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * In and out: a0. There are no signatures.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	ret
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	mv	a0, tp
	ret
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in a0, from in a1, to in a2, word in a3. What it does in which order, and
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall,
 * with a mark below it, at sp, which the context's record has.
 *
 * It returns by t2: a jump through that is no return for a CPU's return stack, and needs
 * no landing pad.
 */
#define SWITCH_BYTES (FRAME_BYTES + 16)

.macro ENTER_SWITCH
	ENTER_FRAME
	PUSH	16
.endm

FUNC SYM(libcgo_switch)
	ENTER_SWITCH
	ld	t1, CONTEXT_SP(a2)
	ld	t4, CONTEXT_SP(a1)
	ld	t2, CONTEXT_LO(a1)
	ld	t3, CONTEXT_SPAN(a1)
	sub	t5, sp, t2
	li	t6, CONTEXT_OVER
	bleu	t1, t6, LOCAL(ask)
	bnez	t4, LOCAL(ask)
	beqz	a0, 3f
	bgeu	t5, t3, LOCAL(ask)	/* not on the stack of *from */
	ld	t4, THREAD_SMALL_LO(a0)
	ld	t5, THREAD_SMALL_SPAN(a0)
	bne	t4, t2, LOCAL(ask)
	bne	t5, t3, LOCAL(ask)
	ld	t4, THREAD_RUNNING(a0)
	ld	t4, STACK_CALL_FLAGS(t4)
	andi	t4, t4, STACK_CALL_SWITCHED
	beqz	t4, LOCAL(ask)
	ld	t4, THREAD_SWITCHING(a0)
	bnez	t4, LOCAL(ask)
LOCAL(go):
	mv	t4, sp			/* what *from gets */
LOCAL(leave):
	beqz	a0, 7f
	ld	t2, CONTEXT_LO(a2)
	ld	t3, CONTEXT_SPAN(a2)
	sd	a2, THREAD_SWITCHING(a0)
	mv	sp, t1
	sd	zero, THREAD_SMALL_SPAN(a0)
	sd	t2, THREAD_SMALL_LO(a0)
	sd	t3, THREAD_SMALL_SPAN(a0)
	sd	zero, THREAD_SWITCHING(a0)
1:	addi	s0, sp, SWITCH_BYTES
	sd	t4, CONTEXT_SP(a1)
	sd	zero, CONTEXT_SP(a2)
	sd	a0, CONTEXT_THREAD(a2)
	ld	t5, CONTEXT_FLAGS(a2)
	bnez	t5, 6f
8:	mv	a0, a3
	.cfi_remember_state
	DROP	16
	RESTORE_FRAME
	mv	t2, ra
	jr	t2
	.cfi_restore_state
3:	addi	t3, t3, -1		/* of a record that is not made all addresses */
	bleu	t5, t3, LOCAL(go)
LOCAL(ask):
	mv	s1, a0
	mv	s2, a1
	mv	s3, a2
	mv	s4, a3
	mv	a3, sp
	call	SYM(libcgo_switch_asks)
	mv	a0, s1
	mv	a1, s2
	mv	a2, s3
	mv	a3, s4
	ld	t1, CONTEXT_SP(a2)
	j	LOCAL(go)
6:	mv	s1, a3
	mv	a1, a2
	mv	a2, sp
	call	SYM(libcgo_switch_resumes)
	mv	a3, s1
	j	8b
7:	mv	sp, t1
	j	1b
END SYM(libcgo_switch)

/* fn of the context in a1 has returned the one in a2, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH
	mv	s2, a1
	mv	s3, a2
	mv	a0, a1
	mv	a1, a2
	mv	a2, sp
	call	SYM(libcgo_switch_ends)
	mv	a1, s2
	mv	a2, s3
	li	a3, 0
	ld	t1, CONTEXT_SP(a2)
	li	t4, CONTEXT_OVER
	j	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in a0, fn in s1, arg in s2, the context in s3.
 * Unwinding ends here. An unwinder looks for the caller of fn before the address to which
 * that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined ra
	nop
LOCAL(entry):
	mv	a1, a0
	mv	a0, s2
	jalr	s1
	mv	a1, s3
	mv	a2, a0
	call	SYM(libcgo_switch_end)
	unimp
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in a0, context in a1, fn in a2, arg in a3.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	lla	t1, LOCAL(entry)
	addi	a0, a0, -SWITCH_BYTES
	sd	t1, 16 + 200(a0)
	sd	zero, 16 + 192(a0)	/* no frame is above */
	sd	a2, 16 + 184(a0)
	sd	a3, 16 + 176(a0)
	sd	a1, 16 + 168(a0)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
	sd	zero, 16 + 8 + 8 * \n(a0)
	.endr
	ret
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in a0, fn in a1, arg in a2. While fn runs, the frame is described as that of the
 * context, with what it has saved.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	PUSH_RECORD 32
	SAVE	s1, 8
	mv	s1, a0
	mv	a0, a2
	.cfi_remember_state
	.cfi_def_cfa s1, SWITCH_BYTES
	.cfi_offset ra, -8
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	.cfi_offset s\n, 192 - 8 * \n - FRAME_BYTES
	.cfi_offset fs\n, 96 - 8 * \n - FRAME_BYTES
	.endr
	jalr	a1
	.cfi_restore_state
	RESTORE	s1, 8
	POP_RECORD 32
	ret
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.dword	0		/* mark */
	.dword	16 + 200	/* return address */
	.dword	16 + 192	/* s0 */
END_DATA SYM(libcgo_switch_frame)
#endif
