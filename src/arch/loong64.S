/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LoongArch, 64 bits, with double-precision registers for arguments: LP64D
 * (Procedure Call Standard for the LoongArch Architecture, "Registers").
 *
 * A callee keeps s0-s8, which are r23-r31, fp, r22, fs0-fs7, which are f24-f31, and
 * sp, r3; sp is a multiple of 16; integer arguments come in a0, a1, ...; an int
 * fills its register, sign-extended; the return address comes in ra, r1. tp, r2, is
 * the system's.
 */
#include "core/asm.h"

/*
 * The frame of a crosscall. Each register is stored and described to the unwinder
 * by one macro, by its number: that is what the directives of every assembler know.
 *
 *     CFA ->  +---------------------+ <- fp
 *             | return address      | sp + 168
 *             | caller's fp         | sp + 160
 *             | s0 ... s8           | sp + 152 ... sp +  88
 *             | fs0 ... fs7         | sp +  80 ... sp +  24
 *             | fn                  | sp +  16   (while setg runs)
 *             | (alignment)         | sp
 *             +---------------------+
 *             | (alignment)         | sp +  24
 *             | second argument     | sp +  16   (with arguments only)
 *             | first argument      | sp +   8   (with arguments only)
 *             | (fn's)              | sp         (with arguments only)
 *             +---------------------+
 *
 * With the word that fn has for its return address the arguments on the stack are
 * where they are on amd64, and where compilers that pass arguments on the stack,
 * Go's for one, look for them.
 */
#define FRAME_BYTES 176
#define ARGUMENT_BYTES 32
#define FN 16

.macro SAVE number, at
	st.d	$r\number, $sp, \at
	.cfi_rel_offset \number, \at
.endm

.macro RESTORE number, at
	ld.d	$r\number, $sp, \at
	.cfi_restore \number
.endm

/* f0 has the number 32 in unwind tables. */
.macro SAVE_FLOAT number, at
	fst.d	$f\number, $sp, \at
	.cfi_rel_offset 32 + \number, \at
.endm

.macro RESTORE_FLOAT number, at
	fld.d	$f\number, $sp, \at
	.cfi_restore 32 + \number
.endm

.macro PUSH bytes
	addi.d	$sp, $sp, -\bytes
	.cfi_adjust_cfa_offset \bytes
.endm

.macro DROP bytes
	addi.d	$sp, $sp, \bytes
	.cfi_adjust_cfa_offset -\bytes
.endm

/* The frame record, at the high end of a frame, whose size this is. */
.macro PUSH_RECORD bytes
	PUSH	\bytes
	SAVE	1, \bytes - 8
	SAVE	22, \bytes - 16
	addi.d	$fp, $sp, \bytes
.endm

/* With sp where PUSH_RECORD left it. */
.macro POP_RECORD bytes
	RESTORE	1, \bytes - 8
	RESTORE	22, \bytes - 16
	.cfi_def_cfa 3, \bytes
	DROP	\bytes
.endm

.macro ENTER_FRAME
	PUSH_RECORD FRAME_BYTES
	SAVE	23, 152
	SAVE	24, 144
	SAVE	25, 136
	SAVE	26, 128
	SAVE	27, 120
	SAVE	28, 112
	SAVE	29, 104
	SAVE	30, 96
	SAVE	31, 88
	SAVE_FLOAT 24, 80
	SAVE_FLOAT 25, 72
	SAVE_FLOAT 26, 64
	SAVE_FLOAT 27, 56
	SAVE_FLOAT 28, 48
	SAVE_FLOAT 29, 40
	SAVE_FLOAT 30, 32
	SAVE_FLOAT 31, 24
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from sp.
 */
.macro RESTORE_FRAME
	RESTORE	23, 152
	RESTORE	24, 144
	RESTORE	25, 136
	RESTORE	26, 128
	RESTORE	27, 120
	RESTORE	28, 112
	RESTORE	29, 104
	RESTORE	30, 96
	RESTORE	31, 88
	RESTORE_FLOAT 24, 80
	RESTORE_FLOAT 25, 72
	RESTORE_FLOAT 26, 64
	RESTORE_FLOAT 27, 56
	RESTORE_FLOAT 28, 48
	RESTORE_FLOAT 29, 40
	RESTORE_FLOAT 30, 32
	RESTORE_FLOAT 31, 24
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
 * need keep no general register: Go's leaves g in fp.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	st.d	$a0, $sp, FN
	move	$a0, $a2
	jirl	$ra, $a1, 0
	ld.d	$t1, $sp, FN
	jirl	$ra, $t1, 0
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in a0, arg in a1, argsize in a2, sign-extended. At fn's entry arg is at
 * sp + 8 and in a0, argsize at sp + 16 and in a1.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	PUSH	ARGUMENT_BYTES
	move	$t1, $a0
	move	$a0, $a1
	move	$a1, $a2
	st.d	$a0, $sp, 8
	st.d	$a1, $sp, 16
	jirl	$ra, $t1, 0
	DROP	ARGUMENT_BYTES
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in a0, arg in a1, word in a2. At fn's entry arg is at sp + 8 and in a0,
 * word at sp + 16 and in a1. The result is what fn leaves in a0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	PUSH	ARGUMENT_BYTES
	move	$t1, $a0
	move	$a0, $a1
	move	$a1, $a2
	st.d	$a0, $sp, 8
	st.d	$a1, $sp, 16
	jirl	$ra, $t1, 0
	DROP	ARGUMENT_BYTES
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA is in fp, which a C callee keeps:
 * every unwinder finds the old stack by it, and so does the return. What is saved
 * is on the old stack:
 *
 *     CFA ->  +---------------------+ <- fp
 *             | return address      | fp -  8
 *             | caller's fp         | fp - 16
 *             | s0                  | fp - 24   (libcgo_call_on_stack only)
 *             | fn                  | fp - 32   (libcgo_call_on_stack only)
 *             | arg                 | fp - 40   (libcgo_call_on_stack only)
 *             | mark                | fp - 48   (libcgo_call_on_stack only)
 *             +---------------------+
 *
 * fp itself may be the end of that stack: sp tells on which one a call was made.
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
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
	.cfi_def_cfa 22, 0
	PROBE2(call_on_system, 8@$a0, 8@$a1)
	beqz	$a0, 2f
	ld.d	$t1, $a0, THREAD_SMALL_LO
	ld.d	$t2, $a0, THREAD_SMALL_SPAN
	sub.d	$t1, $sp, $t1
	bgeu	$t1, $t2, 2f
	st.d	$sp, $a0, THREAD_CALLER_SP
	ld.d	$sp, $a0, THREAD_SYSTEM_SP
1:	move	$a0, $a2
	BEGIN_OTHER_STACK
	jirl	$ra, $a1, 0
	PROBE1(call_on_system_done, 8@$a0)
	addi.d	$sp, $fp, -16
	.cfi_remember_state
	POP_RECORD 16
	ret
	.cfi_restore_state
	END_OTHER_STACK
2:	addi.d	$sp, $sp, -16
	st.d	$a1, $sp, 0
	st.d	$a2, $sp, 8
	addi.d	$a1, $sp, 16
	bl	SYM(libcgo_find_system_sp)
	ld.d	$a1, $sp, 0
	ld.d	$a2, $sp, 8
	addi.d	$sp, $sp, 16
	beqz	$a0, 1b
	move	$sp, $a0
	b	1b
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
	.cfi_def_cfa 22, 0
	PROBE2(call_on_stack, 8@$a0, 8@$a2)
	st.d	$s0, $fp, -24
	.cfi_offset 23, -24
	st.d	$a2, $fp, -32
	st.d	$a3, $fp, -40
	move	$a2, $sp
	move	$a3, $sp		/* the mark */
	bl	SYM(libcgo_begin_stack_call)
	move	$s0, $a0
	ld.d	$t1, $fp, -32
	ld.d	$a0, $fp, -40
	ld.d	$sp, $s0, STACK_CALL_START
	BEGIN_OTHER_STACK
	jirl	$ra, $t1, 0
	PROBE1(call_on_stack_done, 8@$a0)
	addi.d	$sp, $fp, -48
	move	$a1, $a0
	move	$a0, $s0
	move	$a2, $sp
	bl	SYM(libcgo_end_stack_call)
	ld.d	$s0, $fp, -24
	.cfi_restore 23
	POP_RECORD 48
	ret
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in a0. It is at sp + FN while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	st.d	$a0, $sp, FN
	move	$a1, $sp
	bl	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.dword	-1, FN
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * fp is the CFA, and below it are the return address and the caller's fp.
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
	move	$a0, $tp
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
 * with the mark at its low end, at sp, which the context's record has.
 *
 * It returns by t1: a jump through that is no return for a CPU's return stack.
 */
FUNC SYM(libcgo_switch)
	ENTER_FRAME
	ld.d	$t1, $a2, CONTEXT_SP
	ld.d	$t4, $a1, CONTEXT_SP
	ld.d	$t2, $a1, CONTEXT_LO
	ld.d	$t3, $a1, CONTEXT_SPAN
	sub.d	$t5, $sp, $t2
	ori	$t6, $zero, CONTEXT_OVER
	bgeu	$t6, $t1, LOCAL(ask)
	bnez	$t4, LOCAL(ask)
	beqz	$a0, 3f
	bgeu	$t5, $t3, LOCAL(ask)	/* not on the stack of *from */
	ld.d	$t4, $a0, THREAD_SMALL_LO
	ld.d	$t5, $a0, THREAD_SMALL_SPAN
	bne	$t4, $t2, LOCAL(ask)
	bne	$t5, $t3, LOCAL(ask)
	ld.d	$t4, $a0, THREAD_RUNNING
	ld.d	$t4, $t4, STACK_CALL_FLAGS
	andi	$t4, $t4, STACK_CALL_SWITCHED
	beqz	$t4, LOCAL(ask)
	ld.d	$t4, $a0, THREAD_SWITCHING
	bnez	$t4, LOCAL(ask)
LOCAL(go):
	move	$t4, $sp		/* what *from gets */
LOCAL(leave):
	beqz	$a0, 7f
	ld.d	$t2, $a2, CONTEXT_LO
	ld.d	$t3, $a2, CONTEXT_SPAN
	st.d	$a2, $a0, THREAD_SWITCHING
	move	$sp, $t1
	st.d	$zero, $a0, THREAD_SMALL_SPAN
	st.d	$t2, $a0, THREAD_SMALL_LO
	st.d	$t3, $a0, THREAD_SMALL_SPAN
	st.d	$zero, $a0, THREAD_SWITCHING
1:	addi.d	$fp, $sp, FRAME_BYTES
	st.d	$t4, $a1, CONTEXT_SP
	st.d	$zero, $a2, CONTEXT_SP
	st.d	$a0, $a2, CONTEXT_THREAD
	ld.d	$t5, $a2, CONTEXT_FLAGS
	bnez	$t5, 6f
8:	move	$a0, $a3
	.cfi_remember_state
	RESTORE_FRAME
	move	$t1, $ra
	jr	$t1
	.cfi_restore_state
3:	addi.d	$t3, $t3, -1		/* of a record that is not made all addresses */
	bgeu	$t3, $t5, LOCAL(go)
LOCAL(ask):
	move	$s0, $a0
	move	$s1, $a1
	move	$s2, $a2
	move	$s3, $a3
	move	$a3, $sp
	bl	SYM(libcgo_switch_asks)
	move	$a0, $s0
	move	$a1, $s1
	move	$a2, $s2
	move	$a3, $s3
	ld.d	$t1, $a2, CONTEXT_SP
	b	LOCAL(go)
6:	move	$s0, $a3
	move	$a1, $a2
	move	$a2, $sp
	bl	SYM(libcgo_switch_resumes)
	move	$a3, $s0
	b	8b
7:	move	$sp, $t1
	b	1b
END SYM(libcgo_switch)

/* fn of the context in a1 has returned the one in a2, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_FRAME
	move	$s1, $a1
	move	$s2, $a2
	move	$a0, $a1
	move	$a1, $a2
	move	$a2, $sp
	bl	SYM(libcgo_switch_ends)
	move	$a1, $s1
	move	$a2, $s2
	move	$a3, $zero
	ld.d	$t1, $a2, CONTEXT_SP
	ori	$t4, $zero, CONTEXT_OVER
	b	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in a0, fn in s0, arg in s1, the context in s2.
 * Unwinding ends here. An unwinder looks for the caller of fn before the address to which
 * that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined 1
	nop
LOCAL(entry):
	move	$a1, $a0
	move	$a0, $s1
	jirl	$ra, $s0, 0
	move	$a1, $s2
	move	$a2, $a0
	bl	SYM(libcgo_switch_end)
	break	0
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in a0, context in a1, fn in a2, arg in a3.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	la.local $t1, LOCAL(entry)
	addi.d	$a0, $a0, -FRAME_BYTES
	st.d	$t1, $a0, 168
	st.d	$zero, $a0, 160		/* no frame is above */
	st.d	$a2, $a0, 152
	st.d	$a3, $a0, 144
	st.d	$a1, $a0, 136
	.irp	n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	st.d	$zero, $a0, 8 * \n
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
	SAVE	23, 8
	move	$s0, $a0
	move	$a0, $a2
	.cfi_remember_state
	.cfi_def_cfa 23, FRAME_BYTES
	.cfi_offset 1, 168 - FRAME_BYTES
	.cfi_offset 22, 160 - FRAME_BYTES
	.irp	n, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.cfi_offset \n, 152 - 8 * (\n - 23) - FRAME_BYTES
	.endr
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	.cfi_offset 32 + \n, 80 - 8 * (\n - 24) - FRAME_BYTES
	.endr
	jirl	$ra, $a1, 0
	.cfi_restore_state
	RESTORE	23, 8
	POP_RECORD 32
	ret
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.dword	0		/* mark */
	.dword	168		/* return address */
	.dword	160		/* fp */
END_DATA SYM(libcgo_switch_frame)
#endif
