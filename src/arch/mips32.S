/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MIPS, 32 bits, of either byte order, with floating-point registers of 32 bits,
 * or of either size: the o32 convention (System V ABI, MIPS RISC Processor
 * Supplement, "Function Calling Sequence"; MIPS O32 ABI - FR0 and FR1 Interlinking).
 *
 * A callee keeps s0-s7, fp (s8), sp, and f20, f22, ... f30, each of 64 bits; sp is
 * a multiple of 8; the first arguments come in a0-a3, and above sp a callee has a
 * place for these four words; the return address comes in ra. A function is called
 * through t9: it finds gp, by which it reaches its data and which nobody keeps, from
 * its own address there.
 *
 * The instruction behind a jump or a branch, indented here, runs before the place
 * is reached to which that goes.
 */
#include "core/asm.h"

	.set	noreorder

/*
 * The frame of a crosscall. Each register is stored and described to the unwinder
 * by one macro.
 *
 *             | (fn, for a moment)  | sp + 104  (libcgo_crosscall_g only)
 *     CFA ->  +---------------------+
 *             | return address      | sp + 100
 *             | caller's fp         | sp +  96
 *             | s7 ... s0           | sp +  92 ... sp + 64
 *             | f30 ... f20         | sp +  56 ... sp + 16
 *             | (fn's)              | sp +  12
 *             | second argument     | sp +   8
 *             | first argument      | sp +   4
 *             | (fn's)              | sp
 *             +---------------------+
 *
 * With the word that fn has for its return address the arguments on the stack are
 * where compilers that pass arguments on the stack, Go's for one, look for them; and
 * for C the four words are its place for arguments.
 */
#define FRAME_BYTES 104

.macro SAVE reg, at
	sw	$\reg, \at($sp)
	.cfi_rel_offset $\reg, \at
.endm

.macro RESTORE reg, at
	lw	$\reg, \at($sp)
	.cfi_restore $\reg
.endm

/*
 * For the unwinder, whose numbers of f0, f1, ... begin at 32, the high half of a
 * register of 64 bits is the next one.
 */
#ifdef __MIPSEB__
#define LOW_HALF 4
#define HIGH_HALF 0
#else
#define LOW_HALF 0
#define HIGH_HALF 4
#endif

.macro SAVE_DOUBLE n, at
	sdc1	$f\n, \at($sp)
	.cfi_rel_offset 32 + \n, \at + LOW_HALF
	.cfi_rel_offset 33 + \n, \at + HIGH_HALF
.endm

.macro RESTORE_DOUBLE n, at
	ldc1	$f\n, \at($sp)
	.cfi_restore 32 + \n
	.cfi_restore 33 + \n
.endm

.macro PUSH bytes
	addiu	$sp, $sp, -\bytes
	.cfi_adjust_cfa_offset \bytes
.endm

.macro RETURN bytes
	jr	$ra
	 addiu	$sp, $sp, \bytes
.endm

.macro ENTER_FRAME
	PUSH	FRAME_BYTES
	SAVE	ra, 100
	SAVE	fp, 96
	SAVE	s7, 92
	SAVE	s6, 88
	SAVE	s5, 84
	SAVE	s4, 80
	SAVE	s3, 76
	SAVE	s2, 72
	SAVE	s1, 68
	SAVE	s0, 64
	SAVE_DOUBLE 30, 56
	SAVE_DOUBLE 28, 48
	SAVE_DOUBLE 26, 40
	SAVE_DOUBLE 24, 32
	SAVE_DOUBLE 22, 24
	SAVE_DOUBLE 20, 16
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from sp.
 */
.macro RESTORE_KEPT
	RESTORE	fp, 96
	RESTORE	s7, 92
	RESTORE	s6, 88
	RESTORE	s5, 84
	RESTORE	s4, 80
	RESTORE	s3, 76
	RESTORE	s2, 72
	RESTORE	s1, 68
	RESTORE	s0, 64
	RESTORE_DOUBLE 30, 56
	RESTORE_DOUBLE 28, 48
	RESTORE_DOUBLE 26, 40
	RESTORE_DOUBLE 24, 32
	RESTORE_DOUBLE 22, 24
	RESTORE_DOUBLE 20, 16
.endm

.macro LEAVE_FRAME
	RESTORE	ra, 100
	RESTORE_KEPT
	RETURN	FRAME_BYTES
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in a0, setg in a1, g in a2. fn waits in the caller's place for it while
 * setg runs, which need keep no general register: Go's leaves g in fp.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	sw	$a0, FRAME_BYTES($sp)
	move	$t9, $a1
	jalr	$t9
	 move	$a0, $a2
	lw	$t9, FRAME_BYTES($sp)
	jalr	$t9
	 nop
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in a0, arg in a1, argsize in a2. At fn's entry arg is at 4(sp) and in
 * a0, argsize at 8(sp) and in a1.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	move	$t9, $a0
	sw	$a1, 4($sp)
	sw	$a2, 8($sp)
	move	$a0, $a1
	jalr	$t9
	 move	$a1, $a2
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in a0, arg in a1, word in a2. At fn's entry arg is at 4(sp) and in a0,
 * word at 8(sp) and in a1. The result is what fn leaves in v0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	move	$t9, $a0
	sw	$a1, 4($sp)
	sw	$a2, 8($sp)
	move	$a0, $a1
	jalr	$t9
	 move	$a1, $a2
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from fp, which a C callee
 * keeps: every unwinder finds the old stack by it, and so does the return. What is
 * saved is on the old stack:
 *
 *     CFA ->  +---------------------+
 *             | return address      | CFA -  4
 *             | caller's fp         | CFA -  8
 *             | this function's gp  | CFA - 12  (libcgo_call_on_stack only)
 *             | s0                  | CFA - 16  (libcgo_call_on_stack only)
 *             | fn                  | CFA - 20  (libcgo_call_on_stack only)
 *             | arg                 | CFA - 24  (libcgo_call_on_stack only)
 *             | mark                | CFA - 28  (libcgo_call_on_stack only)
 *             | (alignment)         | CFA - 32  (libcgo_call_on_stack only)
 *             | (a callee's)        | fp ... fp + 15
 *             +---------------------+ <- fp
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
.macro PUSH_RECORD bytes
	PUSH	\bytes
	SAVE	ra, \bytes - 4
	SAVE	fp, \bytes - 8
	move	$fp, $sp
	.cfi_def_cfa_register $fp
.endm

.macro POP_RECORD_AND_RETURN bytes
	move	$sp, $fp
	.cfi_def_cfa_register $sp
	RESTORE	ra, \bytes - 4
	RESTORE	fp, \bytes - 8
	RETURN	\bytes
.endm

/* gp, from the address of this instruction in t9. */
.macro SET_GP
	.cpload	$t9
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
 * In: thread in a0, fn in a1, arg in a2. If sp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	SET_GP
	PUSH_RECORD 24
	PROBE2(call_on_system, 4@$4, 4@$5)
	beqz	$a0, 2f
	 nop
	lw	$t0, THREAD_SMALL_LO($a0)
	lw	$t1, THREAD_SMALL_SPAN($a0)
	subu	$t0, $sp, $t0
	sltu	$t0, $t0, $t1
	beqz	$t0, 2f
	 nop
	sw	$sp, THREAD_CALLER_SP($a0)
	lw	$sp, THREAD_SYSTEM_SP($a0)
	addiu	$sp, $sp, -16	/* fn's place for arguments */
1:	move	$t9, $a1
	BEGIN_OTHER_STACK
	jalr	$t9
	 move	$a0, $a2
	PROBE1(call_on_system_done, 4@$2)
	.cfi_remember_state
	POP_RECORD_AND_RETURN 24
	.cfi_restore_state
	END_OTHER_STACK
2:	addiu	$sp, $sp, -24
	sw	$a1, 16($sp)
	sw	$a2, 20($sp)
	la	$t9, SYM(libcgo_find_system_sp)
	jalr	$t9
	 addiu	$a1, $sp, 24
	lw	$a1, 16($sp)
	lw	$a2, 20($sp)
	beqz	$v0, 1b
	 addiu	$sp, $sp, 24
	b	1b
	 addiu	$sp, $v0, -16
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
	SET_GP
	PUSH_RECORD 48
	PROBE2(call_on_stack, 4@$4, 4@$6)
	sw	$gp, 36($sp)
	SAVE	s0, 32
	sw	$a2, 28($sp)
	sw	$a3, 24($sp)
	addiu	$a3, $sp, 20	/* the mark */
	la	$t9, SYM(libcgo_begin_stack_call)
	jalr	$t9
	 move	$a2, $sp
	move	$s0, $v0
	lw	$t9, 28($sp)
	lw	$a0, 24($sp)
	lw	$sp, STACK_CALL_START($s0)
	addiu	$sp, $sp, -16	/* fn's place for arguments */
	BEGIN_OTHER_STACK
	jalr	$t9
	 nop
	PROBE1(call_on_stack_done, 4@$2)
	move	$sp, $fp
	lw	$gp, 36($sp)
	move	$a0, $s0
	addiu	$a2, $sp, 20
	la	$t9, SYM(libcgo_end_stack_call)
	jalr	$t9
	 move	$a1, $v0
	RESTORE	s0, 32
	POP_RECORD_AND_RETURN 48
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in a0. It is in the caller's place for it while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	SET_GP
	ENTER_FRAME
	sw	$a0, FRAME_BYTES($sp)
	la	$t9, SYM(libcgo_guarded)
	jalr	$t9
	 move	$a1, $sp
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 4
	.word	-1, FRAME_BYTES
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * Compilers have fp at the low end of a frame, and at no fixed distance from it
 * the words that were saved: frames form no chain.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 4
	.word	0, 0, 0, 0
	.word	0		/* from a mark to its return address */
	.word	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * In: a0. There are no signatures.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	jr	$ra
	 move	$v0, $a0
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 *
 * Where the CPU has no such register, the system stands in for it, and quickly if
 * the result is to be in v1.
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	.set	push
	.set	mips32r2
	rdhwr	$v1, $29
	.set	pop
	jr	$ra
	 move	$v0, $v1
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in a0, from in a1, to in a2, word in a3. What it does in which order, and
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall, 8
 * bytes further down, so that a callee's place for arguments ends below two words:
 *
 *             | (as in a crosscall) | sp + 24 ... sp + 111
 *             | this function's gp  | sp + 20  (while it calls)
 *             | mark                | sp + 16
 *             | (a callee's)        | sp ... sp + 15
 *             +---------------------+ <- sp, which the context's record has
 */
#define SWITCH_BYTES (FRAME_BYTES + 8)
#define SWITCH_GP 20
#define SWITCH_MARK 16

.macro ENTER_SWITCH
	ENTER_FRAME
	PUSH	8
.endm

FUNC SYM(libcgo_switch)
	SET_GP
	ENTER_SWITCH
	lw	$t0, CONTEXT_SP($a2)
	lw	$t1, CONTEXT_SP($a1)
	lw	$t2, CONTEXT_LO($a1)
	lw	$t3, CONTEXT_SPAN($a1)
	sltiu	$t4, $t0, CONTEXT_OVER + 1
	or	$t4, $t4, $t1
	bnez	$t4, LOCAL(ask)
	 subu	$t4, $sp, $t2
	beqz	$a0, 3f
	 sltu	$t5, $t4, $t3
	beqz	$t5, LOCAL(ask)		/* not on the stack of *from */
	 lw	$t5, THREAD_SMALL_LO($a0)
	bne	$t5, $t2, LOCAL(ask)
	 lw	$t5, THREAD_SMALL_SPAN($a0)
	bne	$t5, $t3, LOCAL(ask)
	 lw	$t5, THREAD_RUNNING($a0)
	lw	$t5, STACK_CALL_FLAGS($t5)
	lw	$t6, THREAD_SWITCHING($a0)
	andi	$t5, $t5, STACK_CALL_SWITCHED
	beqz	$t5, LOCAL(ask)
	 nop
	bnez	$t6, LOCAL(ask)
	 nop
LOCAL(go):
	move	$t1, $sp		/* what *from gets */
LOCAL(leave):
	beqz	$a0, 7f
	 lw	$t2, CONTEXT_LO($a2)
	lw	$t3, CONTEXT_SPAN($a2)
	sw	$a2, THREAD_SWITCHING($a0)
	move	$sp, $t0
	sw	$zero, THREAD_SMALL_SPAN($a0)
	sw	$t2, THREAD_SMALL_LO($a0)
	sw	$t3, THREAD_SMALL_SPAN($a0)
	sw	$zero, THREAD_SWITCHING($a0)
1:	lw	$t2, CONTEXT_FLAGS($a2)
	sw	$t1, CONTEXT_SP($a1)
	sw	$zero, CONTEXT_SP($a2)
	bnez	$t2, 6f
	 sw	$a0, CONTEXT_THREAD($a2)
8:	.cfi_remember_state
	addiu	$sp, $sp, 8
	.cfi_adjust_cfa_offset -8
	lw	$t9, 100($sp)
	.cfi_register $ra, $t9
	move	$v0, $a3
	RESTORE_KEPT
	jr	$t9			/* not by ra: that is predicted to go back */
	 addiu	$sp, $sp, FRAME_BYTES
	.cfi_restore_state
3:	addiu	$t3, $t3, -1		/* of a record that is not made all addresses */
	sltu	$t5, $t3, $t4
	beqz	$t5, LOCAL(go)
	 nop
LOCAL(ask):
	sw	$gp, SWITCH_GP($sp)
	move	$s0, $a0
	move	$s1, $a1
	move	$s2, $a2
	move	$s3, $a3
	la	$t9, SYM(libcgo_switch_asks)
	jalr	$t9
	 addiu	$a3, $sp, SWITCH_MARK
	lw	$gp, SWITCH_GP($sp)
	move	$a0, $s0
	move	$a1, $s1
	move	$a2, $s2
	move	$a3, $s3
	b	LOCAL(go)
	 lw	$t0, CONTEXT_SP($a2)
6:	move	$s0, $a3
	move	$a1, $a2
	la	$t9, SYM(libcgo_switch_resumes)
	jalr	$t9
	 addiu	$a2, $sp, SWITCH_MARK
	b	8b
	 move	$a3, $s0
7:	b	1b
	 move	$sp, $t0
END SYM(libcgo_switch)

/* fn of the context in a1 has returned the one in a2, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	SET_GP
	ENTER_SWITCH
	sw	$gp, SWITCH_GP($sp)
	move	$s1, $a1
	move	$s2, $a2
	move	$a0, $a1
	move	$a1, $a2
	la	$t9, SYM(libcgo_switch_ends)
	jalr	$t9
	 addiu	$a2, $sp, SWITCH_MARK
	lw	$gp, SWITCH_GP($sp)
	move	$a0, $v0
	move	$a1, $s1
	move	$a2, $s2
	move	$a3, $zero
	lw	$t0, CONTEXT_SP($a2)
	b	LOCAL(leave)
	 li	$t1, CONTEXT_OVER
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in v0, fn in s0, arg in s1, the context in s2,
 * libcgo_switch_end in s3. Unwinding ends here. An unwinder looks for the caller of fn
 * before the address to which that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined $ra
	nop
LOCAL(entry):
	move	$a0, $s1
	move	$t9, $s0
	jalr	$t9
	 move	$a1, $v0
	move	$a1, $s2
	move	$t9, $s3
	jalr	$t9
	 move	$a2, $v0
	break
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in a0, context in a1, fn in a2, arg in a3. Above the frame is fn's place for
 * arguments.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	addiu	$v0, $a0, -(SWITCH_BYTES + 16)
	addiu	$t0, $t9, LOCAL(entry) - SYM(libcgo_context_begin)
	addiu	$t1, $t9, SYM(libcgo_switch_end) - SYM(libcgo_context_begin)
	sw	$zero, SWITCH_MARK($v0)
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sw	$zero, 24 + 4 * (\n - 20)($v0)
	.endr
	sw	$a2, 72($v0)
	sw	$a3, 76($v0)
	sw	$a1, 80($v0)
	sw	$t1, 84($v0)
	sw	$zero, 88($v0)
	sw	$zero, 92($v0)
	sw	$zero, 96($v0)
	sw	$zero, 100($v0)
	sw	$zero, 104($v0)
	jr	$ra
	 sw	$t0, 108($v0)
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in a0, fn in a1, arg in a2. While fn runs, the frame is described as that of the
 * context, with what it has saved.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	PUSH	24
	SAVE	ra, 20
	SAVE	s0, 16
	move	$s0, $a0
	move	$t9, $a1
	.cfi_remember_state
	.cfi_def_cfa $s0, SWITCH_BYTES
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	.cfi_offset $s\n, 64 + 4 * \n - FRAME_BYTES
	.endr
	.irp	n, 20, 22, 24, 26, 28, 30
	.cfi_offset 32 + \n, 16 + 4 * (\n - 20) + LOW_HALF - FRAME_BYTES
	.cfi_offset 33 + \n, 16 + 4 * (\n - 20) + HIGH_HALF - FRAME_BYTES
	.endr
	.cfi_offset $fp, 96 - FRAME_BYTES
	.cfi_offset $ra, 100 - FRAME_BYTES
	jalr	$t9
	 move	$a0, $a2
	.cfi_restore_state
	RESTORE	ra, 20
	RESTORE	s0, 16
	RETURN	24
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 4
	.word	SWITCH_MARK
	.word	108		/* return address */
	.word	104		/* fp */
END_DATA SYM(libcgo_switch_frame)
#endif
