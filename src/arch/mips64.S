/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MIPS, 64 bits, of either byte order, with floating-point registers: the n64
 * convention (MIPSpro N32 ABI Handbook, chapter 2, which has both; MIPSpro 64-Bit
 * Porting and Transition Guide).
 *
 * A callee keeps s0-s7, fp (s8), gp, f24-f31 and sp; sp is a multiple of 16;
 * integer arguments come in a0, a1, ...; an int fills its register, sign-extended;
 * the return address comes in ra. A function is called through t9: it finds gp, by
 * which it reaches its data, from its own address there.
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
 *     CFA ->  +---------------------+
 *             | return address      | sp + 168
 *             | caller's fp         | sp + 160
 *             | caller's gp         | sp + 152
 *             | s7 ... s0           | sp + 144 ... sp + 88
 *             | f31 ... f24         | sp +  80 ... sp + 24
 *             | second argument     | sp +  16
 *             | first argument      | sp +   8
 *             | (fn's)              | sp
 *             +---------------------+
 *
 * With the word that fn has for its return address the arguments on the stack are
 * where compilers that pass arguments on the stack, Go's for one, look for them.
 */
#define FRAME_BYTES 176

.macro SAVE reg, at
	sd	$\reg, \at($sp)
	.cfi_rel_offset $\reg, \at
.endm

.macro RESTORE reg, at
	ld	$\reg, \at($sp)
	.cfi_restore $\reg
.endm

/* The unwinder's numbers of f0, f1, ... begin at 32. */
.macro SAVE_FLOAT n, at
	sdc1	$f\n, \at($sp)
	.cfi_rel_offset 32 + \n, \at
.endm

.macro RESTORE_FLOAT n, at
	ldc1	$f\n, \at($sp)
	.cfi_restore 32 + \n
.endm

.macro PUSH bytes
	daddiu	$sp, $sp, -\bytes
	.cfi_adjust_cfa_offset \bytes
.endm

.macro RETURN bytes
	jr	$ra
	 daddiu	$sp, $sp, \bytes
.endm

.macro ENTER_FRAME
	PUSH	FRAME_BYTES
	SAVE	ra, 168
	SAVE	fp, 160
	SAVE	gp, 152
	SAVE	s7, 144
	SAVE	s6, 136
	SAVE	s5, 128
	SAVE	s4, 120
	SAVE	s3, 112
	SAVE	s2, 104
	SAVE	s1, 96
	SAVE	s0, 88
	SAVE_FLOAT 31, 80
	SAVE_FLOAT 30, 72
	SAVE_FLOAT 29, 64
	SAVE_FLOAT 28, 56
	SAVE_FLOAT 27, 48
	SAVE_FLOAT 26, 40
	SAVE_FLOAT 25, 32
	SAVE_FLOAT 24, 24
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from sp.
 */
.macro RESTORE_KEPT
	RESTORE	fp, 160
	RESTORE	gp, 152
	RESTORE	s7, 144
	RESTORE	s6, 136
	RESTORE	s5, 128
	RESTORE	s4, 120
	RESTORE	s3, 112
	RESTORE	s2, 104
	RESTORE	s1, 96
	RESTORE	s0, 88
	RESTORE_FLOAT 31, 80
	RESTORE_FLOAT 30, 72
	RESTORE_FLOAT 29, 64
	RESTORE_FLOAT 28, 56
	RESTORE_FLOAT 27, 48
	RESTORE_FLOAT 26, 40
	RESTORE_FLOAT 25, 32
	RESTORE_FLOAT 24, 24
.endm

.macro LEAVE_FRAME
	RESTORE	ra, 168
	RESTORE_KEPT
	RETURN	FRAME_BYTES
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in a0, setg in a1, g in a2. fn waits on the stack while setg runs, which
 * need keep no general register: Go's leaves g in fp.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	sd	$a0, 16($sp)
	move	$t9, $a1
	jalr	$t9
	 move	$a0, $a2
	ld	$t9, 16($sp)
	jalr	$t9
	 nop
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
	move	$t9, $a0
	sd	$a1, 8($sp)
	sd	$a2, 16($sp)
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
 * In: fn in a0, arg in a1, word in a2. At fn's entry arg is at 8(sp) and in a0,
 * word at 16(sp) and in a1. The result is what fn leaves in v0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	move	$t9, $a0
	sd	$a1, 8($sp)
	sd	$a2, 16($sp)
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
 *             | return address      | CFA -  8
 *             | caller's fp         | CFA - 16
 *             | caller's gp         | CFA - 24  (libcgo_call_on_stack only)
 *             | s0                  | CFA - 32  (libcgo_call_on_stack only)
 *             | fn                  | CFA - 40  (libcgo_call_on_stack only)
 *             | arg                 | CFA - 48  (libcgo_call_on_stack only)
 *             | mark                | CFA - 56  (libcgo_call_on_stack only)
 *             | (alignment)         | CFA - 64  (libcgo_call_on_stack only)
 *             +---------------------+ <- fp
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
.macro PUSH_RECORD bytes
	PUSH	\bytes
	SAVE	ra, \bytes - 8
	SAVE	fp, \bytes - 16
	move	$fp, $sp
	.cfi_def_cfa_register $fp
.endm

.macro POP_RECORD_AND_RETURN bytes
	move	$sp, $fp
	.cfi_def_cfa_register $sp
	RESTORE	ra, \bytes - 8
	RESTORE	fp, \bytes - 16
	RETURN	\bytes
.endm

/* gp, from this function's address in t9; the caller's goes to the stack. */
.macro SET_GP at, function
	.cpsetup $t9, \at, \function
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
	PUSH_RECORD 16
	PROBE2(call_on_system, 8@$4, 8@$5)
	beqz	$a0, 2f
	 nop
	ld	$t0, THREAD_SMALL_LO($a0)
	ld	$t1, THREAD_SMALL_SPAN($a0)
	dsubu	$t0, $sp, $t0
	sltu	$t0, $t0, $t1
	beqz	$t0, 2f
	 nop
	sd	$sp, THREAD_CALLER_SP($a0)
	ld	$sp, THREAD_SYSTEM_SP($a0)
1:	move	$t9, $a1
	BEGIN_OTHER_STACK
	jalr	$t9
	 move	$a0, $a2
	PROBE1(call_on_system_done, 8@$2)
	.cfi_remember_state
	POP_RECORD_AND_RETURN 16
	.cfi_restore_state
	END_OTHER_STACK
2:	daddiu	$sp, $sp, -32
	sd	$a1, 0($sp)
	sd	$a2, 8($sp)
	SET_GP	16, SYM(libcgo_call_on_system)
	.cfi_offset $gp, -32
	dla	$t9, SYM(libcgo_find_system_sp)
	jalr	$t9
	 daddiu	$a1, $sp, 32
	ld	$a1, 0($sp)
	ld	$a2, 8($sp)
	ld	$gp, 16($sp)
	.cfi_restore $gp
	beqz	$v0, 1b
	 daddiu	$sp, $sp, 32
	b	1b
	 move	$sp, $v0
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
	PUSH_RECORD 64
	PROBE2(call_on_stack, 8@$4, 8@$6)
	SET_GP	40, SYM(libcgo_call_on_stack)
	.cfi_offset $gp, -24
	SAVE	s0, 32
	sd	$a2, 24($sp)
	sd	$a3, 16($sp)
	daddiu	$a3, $sp, 8	/* the mark */
	dla	$t9, SYM(libcgo_begin_stack_call)
	jalr	$t9
	 move	$a2, $sp
	move	$s0, $v0
	ld	$t9, 24($sp)
	ld	$a0, 16($sp)
	ld	$sp, STACK_CALL_START($s0)
	BEGIN_OTHER_STACK
	jalr	$t9
	 nop
	PROBE1(call_on_stack_done, 8@$2)
	move	$sp, $fp
	move	$a0, $s0
	daddiu	$a2, $sp, 8
	dla	$t9, SYM(libcgo_end_stack_call)
	jalr	$t9
	 move	$a1, $v0
	RESTORE	s0, 32
	RESTORE	gp, 40
	POP_RECORD_AND_RETURN 64
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in a0. It is at 16(sp) while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	SET_GP	152, SYM(libcgo_guard)
	sd	$a0, 16($sp)
	dla	$t9, SYM(libcgo_guarded)
	jalr	$t9
	 move	$a1, $sp
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.dword	-1, 16
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * Compilers have fp at the low end of a frame, and at no fixed distance from it
 * the words that were saved: frames form no chain.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.dword	0, 0, 0, 0
	.dword	0		/* from a mark to its return address */
	.dword	0		/* from where C was called to that */
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
	.set	mips64r2
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
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall; the
 * word of its second argument is the mark.
 */
#define SWITCH_MARK 16

.macro ENTER_SWITCH name
	ENTER_FRAME
	SET_GP	152, \name		/* its place in the frame */
.endm

FUNC SYM(libcgo_switch)
	ENTER_SWITCH SYM(libcgo_switch)
	ld	$t0, CONTEXT_SP($a2)
	ld	$t1, CONTEXT_SP($a1)
	ld	$t2, CONTEXT_LO($a1)
	ld	$t3, CONTEXT_SPAN($a1)
	sltiu	$a4, $t0, CONTEXT_OVER + 1
	or	$a4, $a4, $t1
	bnez	$a4, LOCAL(ask)
	 dsubu	$a4, $sp, $t2
	beqz	$a0, 3f
	 sltu	$a5, $a4, $t3
	beqz	$a5, LOCAL(ask)		/* not on the stack of *from */
	 ld	$a5, THREAD_SMALL_LO($a0)
	bne	$a5, $t2, LOCAL(ask)
	 ld	$a5, THREAD_SMALL_SPAN($a0)
	bne	$a5, $t3, LOCAL(ask)
	 ld	$a5, THREAD_RUNNING($a0)
	ld	$a5, STACK_CALL_FLAGS($a5)
	ld	$a6, THREAD_SWITCHING($a0)
	andi	$a5, $a5, STACK_CALL_SWITCHED
	beqz	$a5, LOCAL(ask)
	 nop
	bnez	$a6, LOCAL(ask)
	 nop
LOCAL(go):
	move	$t1, $sp		/* what *from gets */
LOCAL(leave):
	beqz	$a0, 7f
	 ld	$t2, CONTEXT_LO($a2)
	ld	$t3, CONTEXT_SPAN($a2)
	sd	$a2, THREAD_SWITCHING($a0)
	move	$sp, $t0
	sd	$zero, THREAD_SMALL_SPAN($a0)
	sd	$t2, THREAD_SMALL_LO($a0)
	sd	$t3, THREAD_SMALL_SPAN($a0)
	sd	$zero, THREAD_SWITCHING($a0)
1:	ld	$t2, CONTEXT_FLAGS($a2)
	sd	$t1, CONTEXT_SP($a1)
	sd	$zero, CONTEXT_SP($a2)
	bnez	$t2, 6f
	 sd	$a0, CONTEXT_THREAD($a2)
8:	.cfi_remember_state
	ld	$t9, 168($sp)
	.cfi_register $ra, $t9
	move	$v0, $a3
	RESTORE_KEPT
	jr	$t9			/* not by ra: that is predicted to go back */
	 daddiu	$sp, $sp, FRAME_BYTES
	.cfi_restore_state
3:	daddiu	$t3, $t3, -1		/* of a record that is not made all addresses */
	sltu	$a5, $t3, $a4
	beqz	$a5, LOCAL(go)
	 nop
LOCAL(ask):
	move	$s0, $a0
	move	$s1, $a1
	move	$s2, $a2
	move	$s3, $a3
	dla	$t9, SYM(libcgo_switch_asks)
	jalr	$t9
	 daddiu	$a3, $sp, SWITCH_MARK
	move	$a0, $s0
	move	$a1, $s1
	move	$a2, $s2
	move	$a3, $s3
	b	LOCAL(go)
	 ld	$t0, CONTEXT_SP($a2)
6:	move	$s0, $a3
	move	$a1, $a2
	dla	$t9, SYM(libcgo_switch_resumes)
	jalr	$t9
	 daddiu	$a2, $sp, SWITCH_MARK
	b	8b
	 move	$a3, $s0
7:	b	1b
	 move	$sp, $t0
END SYM(libcgo_switch)

/* fn of the context in a1 has returned the one in a2, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH SYM(libcgo_switch_end)
	move	$s1, $a1
	move	$s2, $a2
	move	$a0, $a1
	move	$a1, $a2
	dla	$t9, SYM(libcgo_switch_ends)
	jalr	$t9
	 daddiu	$a2, $sp, SWITCH_MARK
	move	$a0, $v0
	move	$a1, $s1
	move	$a2, $s2
	move	$a3, $zero
	ld	$t0, CONTEXT_SP($a2)
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
 * In: top in a0, context in a1, fn in a2, arg in a3.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	daddiu	$v0, $a0, -FRAME_BYTES
	daddiu	$t0, $t9, LOCAL(entry) - SYM(libcgo_context_begin)
	daddiu	$t1, $t9, SYM(libcgo_switch_end) - SYM(libcgo_context_begin)
	sd	$zero, SWITCH_MARK($v0)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	sd	$zero, 24 + 8 * (\n - 24)($v0)
	.endr
	sd	$a2, 88($v0)
	sd	$a3, 96($v0)
	sd	$a1, 104($v0)
	sd	$t1, 112($v0)
	.irp	n, 4, 5, 6, 7
	sd	$zero, 88 + 8 * \n($v0)
	.endr
	sd	$zero, 152($v0)
	sd	$zero, 160($v0)
	jr	$ra
	 sd	$t0, 168($v0)
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in a0, fn in a1, arg in a2. While fn runs, the frame is described as that of the
 * context, with what it has saved.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	PUSH	16
	SAVE	ra, 8
	SAVE	s0, 0
	move	$s0, $a0
	move	$t9, $a1
	.cfi_remember_state
	.cfi_def_cfa $s0, FRAME_BYTES
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	.cfi_offset $s\n, 88 + 8 * \n - FRAME_BYTES
	.endr
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	.cfi_offset 32 + \n, 24 + 8 * (\n - 24) - FRAME_BYTES
	.endr
	.cfi_offset $gp, 152 - FRAME_BYTES
	.cfi_offset $fp, 160 - FRAME_BYTES
	.cfi_offset $ra, 168 - FRAME_BYTES
	jalr	$t9
	 move	$a0, $a2
	.cfi_restore_state
	RESTORE	ra, 8
	RESTORE	s0, 0
	RETURN	16
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.dword	SWITCH_MARK
	.dword	168		/* return address */
	.dword	160		/* fp */
END_DATA SYM(libcgo_switch_frame)
#endif
