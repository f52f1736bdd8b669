/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Alpha (Tru64 UNIX Calling Standard for Alpha Systems, as Linux has it).
 *
 * A callee keeps s0-s5 ($9-$14), the frame pointer fp ($15), $f2-$f9 and sp ($30); sp
 * is a multiple of 16; arguments come in $16, $17, ...; an int fills its register,
 * sign-extended; the return address comes in ra ($26).
 *
 * A function is called by its address in pv ($27), from which it finds its object's
 * global pointer, gp ($29). A caller of the same object may count on gp being kept,
 * and may pass by what the callee does to find it.
 */
#include "core/asm.h"

/*
 * The frame of a crosscall. Each register is stored and described to the unwinder
 * by one macro.
 *
 *     CFA ->  +---------------------+
 *             | return address      | sp + 152
 *             | caller's fp         | sp + 144
 *             | s0 ... s5           | sp + 136 ... sp + 96
 *             | $f2 ... $f9         | sp +  88 ... sp + 32
 *             | caller's gp         | sp +  24
 *             | second argument     | sp +  16
 *             | first argument      | sp +   8
 *             | (fn's)              | sp
 *             +---------------------+
 *
 * With the word that fn has for its return address the arguments on the stack are
 * where they are on amd64, and where compilers that pass arguments on the stack
 * look for them.
 */
#define FRAME_BYTES 160

.macro SAVE reg, at
	stq	\reg, \at($30)
	.cfi_rel_offset \reg, \at
.endm

.macro RESTORE reg, at
	ldq	\reg, \at($30)
	.cfi_restore \reg
.endm

.macro SAVE_FLOAT reg, at
	stt	\reg, \at($30)
	.cfi_rel_offset \reg, \at
.endm

.macro RESTORE_FLOAT reg, at
	ldt	\reg, \at($30)
	.cfi_restore \reg
.endm

.macro PUSH bytes
	lda	$30, -\bytes($30)
	.cfi_adjust_cfa_offset \bytes
.endm

.macro DROP bytes
	lda	$30, \bytes($30)
	.cfi_adjust_cfa_offset -\bytes
.endm

/* KEEPS_GP SYM(name): begins the body of a function that needs no gp and returns with
   its caller's. */
.macro KEEPS_GP name
	.usepv	\name, no
.endm

/* FINDS_GP SYM(name): of one that is entered with its address in pv, or behind this. */
.macro FINDS_GP name
	.usepv	\name, std
	ldgp	$29, 0($27)
.endm

/* A call of C that needs gp afterwards. */
.macro CALL_PV
	jsr	$26, ($27)
	ldgp	$29, 0($26)
.endm

.macro CALL name
	ldq	$27, \name($29)		!literal
	CALL_PV
.endm

.macro ENTER_FRAME
	PUSH	FRAME_BYTES
	SAVE	$26, 152
	SAVE	$15, 144
	SAVE	$9, 136
	SAVE	$10, 128
	SAVE	$11, 120
	SAVE	$12, 112
	SAVE	$13, 104
	SAVE	$14, 96
	SAVE_FLOAT $f2, 88
	SAVE_FLOAT $f3, 80
	SAVE_FLOAT $f4, 72
	SAVE_FLOAT $f5, 64
	SAVE_FLOAT $f6, 56
	SAVE_FLOAT $f7, 48
	SAVE_FLOAT $f8, 40
	SAVE_FLOAT $f9, 32
	stq	$29, 24($30)
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from sp.
 */
.macro RESTORE_KEPT
	RESTORE	$26, 152
	RESTORE	$15, 144
	RESTORE	$9, 136
	RESTORE	$10, 128
	RESTORE	$11, 120
	RESTORE	$12, 112
	RESTORE	$13, 104
	RESTORE	$14, 96
	RESTORE_FLOAT $f2, 88
	RESTORE_FLOAT $f3, 80
	RESTORE_FLOAT $f4, 72
	RESTORE_FLOAT $f5, 64
	RESTORE_FLOAT $f6, 56
	RESTORE_FLOAT $f7, 48
	RESTORE_FLOAT $f8, 40
	RESTORE_FLOAT $f9, 32
	DROP	FRAME_BYTES
.endm

.macro LEAVE_FRAME
	ldq	$29, 24($30)
	RESTORE_KEPT
	ret	$31, ($26), 1
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in $16, setg in $17, g in $18. fn waits on the stack while setg runs, which
 * need keep no general register, and may leave g in any but ra and pv: Go has no port
 * to this CPU that would name one.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	KEEPS_GP SYM(libcgo_crosscall_g)
	ENTER_FRAME
	stq	$16, 16($30)
	mov	$17, $27
	mov	$18, $16
	jsr	$26, ($27)
	ldq	$27, 16($30)
	jsr	$26, ($27)
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in $16, arg in $17, argsize in $18, sign-extended. At fn's entry arg is at
 * 8(sp) and in $16, argsize at 16(sp) and in $17.
 */
FUNC SYM(crosscall2)
	KEEPS_GP SYM(crosscall2)
	ENTER_FRAME
	mov	$16, $27
	mov	$17, $16
	mov	$18, $17
	stq	$16, 8($30)
	stq	$17, 16($30)
	jsr	$26, ($27)
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in $16, arg in $17, word in $18. At fn's entry arg is at 8(sp) and in $16,
 * word at 16(sp) and in $17. The result is what fn leaves in $0.
 */
FUNC SYM(libcgo_crosscall)
	KEEPS_GP SYM(libcgo_crosscall)
	ENTER_FRAME
	mov	$16, $27
	mov	$17, $16
	mov	$18, $17
	stq	$16, 8($30)
	stq	$17, 16($30)
	jsr	$26, ($27)
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from fp, which a C callee
 * keeps: every unwinder finds the old stack by it, and so does the return. What is
 * saved is on the old stack:
 *
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's fp         |
 *             | s0                  | fp + 24   (libcgo_call_on_stack only)
 *             | fn                  | fp + 16   (libcgo_call_on_stack only)
 *             | arg                 | fp +  8   (libcgo_call_on_stack only)
 *             | mark                | fp        (libcgo_call_on_stack only)
 *             +---------------------+ <- fp
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

/* A frame of this size. */
.macro PUSH_RECORD bytes
	PUSH	\bytes
	SAVE	$26, \bytes - 8
	SAVE	$15, \bytes - 16
	mov	$30, $15
	.cfi_def_cfa_register $15
.endm

.macro POP_RECORD bytes
	mov	$15, $30
	.cfi_def_cfa_register $30
	RESTORE	$26, \bytes - 8
	RESTORE	$15, \bytes - 16
	DROP	\bytes
.endm

#ifdef PART_call_on_system
/*
 * uintptr_t libcgo_call_on_system(struct libcgo_thread *thread,
 *                                 uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in $16, fn in $17, arg in $18. If sp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	FINDS_GP SYM(libcgo_call_on_system)
	PUSH_RECORD 16
	PROBE2(call_on_system, 8@$16, 8@$17)
	beq	$16, 2f
	ldq	$1, THREAD_SMALL_LO($16)
	ldq	$2, THREAD_SMALL_SPAN($16)
	subq	$30, $1, $1
	cmpult	$1, $2, $1
	beq	$1, 2f
	stq	$30, THREAD_CALLER_SP($16)
	ldq	$30, THREAD_SYSTEM_SP($16)
1:	mov	$17, $27
	mov	$18, $16
	BEGIN_OTHER_STACK
	CALL_PV
	PROBE1(call_on_system_done, 8@$0)
	.cfi_remember_state
	POP_RECORD 16
	ret	$31, ($26), 1
	.cfi_restore_state
	END_OTHER_STACK
2:	lda	$30, -16($30)
	stq	$17, 0($30)
	stq	$18, 8($30)
	lda	$17, 16($30)
	CALL	SYM(libcgo_find_system_sp)
	ldq	$17, 0($30)
	ldq	$18, 8($30)
	lda	$30, 16($30)
	beq	$0, 1b
	mov	$0, $30
	br	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in $16, stack in $17, fn in $18, arg in $19. The list of such calls is
 * kept by libcgo_begin_stack_call and libcgo_end_stack_call.
 */
FUNC SYM(libcgo_call_on_stack)
	FINDS_GP SYM(libcgo_call_on_stack)
	PUSH_RECORD 48
	PROBE2(call_on_stack, 8@$16, 8@$18)
	stq	$9, 24($15)
	.cfi_rel_offset $9, 24
	stq	$18, 16($15)
	stq	$19, 8($15)
	mov	$30, $18
	mov	$30, $19		/* the mark */
	CALL	SYM(libcgo_begin_stack_call)
	mov	$0, $9
	ldq	$27, 16($15)
	ldq	$16, 8($15)
	ldq	$30, STACK_CALL_START($9)
	BEGIN_OTHER_STACK
	CALL_PV
	PROBE1(call_on_stack_done, 8@$0)
	mov	$15, $30
	mov	$0, $17
	mov	$9, $16
	mov	$30, $18
	CALL	SYM(libcgo_end_stack_call)
	ldq	$9, 24($15)
	.cfi_restore $9
	POP_RECORD 48
	ret	$31, ($26), 1
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in $16. It is at 16(sp) while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	KEEPS_GP SYM(libcgo_guard)
	ENTER_FRAME
	stq	$16, 16($30)
	mov	$30, $17
	CALL	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.quad	-1, 16
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * fp is at the low end of its frame, and the caller's anywhere above it: frames form
 * no chain.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.quad	0, 0, 0, 0
	.quad	0		/* from a mark to its return address */
	.quad	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * There are no signatures.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	KEEPS_GP SYM(libcgo_strip_signature)
	mov	$16, $0
	ret	$31, ($26), 1
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 *
 * The CPU's privileged code has it (rduniq), and gives it in $0.
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	KEEPS_GP SYM(libcgo_thread_pointer)
	call_pal 0x9e
	ret	$31, ($26), 1
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in $16, from in $17, to in $18, word in $19. What it does in which order, and
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall; the
 * word of its second argument is the mark.
 *
 * gp is this object's, and stays so: a caller in another one sets its own, by ra.
 */
#define SWITCH_MARK 16

FUNC SYM(libcgo_switch)
	FINDS_GP SYM(libcgo_switch)
	ENTER_FRAME
	ldq	$1, CONTEXT_SP($18)
	ldq	$2, CONTEXT_SP($17)
	ldq	$3, CONTEXT_LO($17)
	ldq	$4, CONTEXT_SPAN($17)
	cmpule	$1, CONTEXT_OVER, $5
	bis	$5, $2, $5
	bne	$5, LOCAL(ask)
	subq	$30, $3, $5
	beq	$16, 3f
	cmpult	$5, $4, $6
	beq	$6, LOCAL(ask)		/* not on the stack of *from */
	ldq	$6, THREAD_SMALL_LO($16)
	ldq	$7, THREAD_SMALL_SPAN($16)
	xor	$6, $3, $6
	xor	$7, $4, $7
	bis	$6, $7, $6
	bne	$6, LOCAL(ask)
	ldq	$6, THREAD_RUNNING($16)
	ldq	$7, THREAD_SWITCHING($16)
	ldq	$6, STACK_CALL_FLAGS($6)
	bne	$7, LOCAL(ask)
	and	$6, STACK_CALL_SWITCHED, $6
	beq	$6, LOCAL(ask)
LOCAL(go):
	mov	$30, $2			/* what *from gets */
LOCAL(leave):
	beq	$16, 7f
	ldq	$3, CONTEXT_LO($18)
	ldq	$4, CONTEXT_SPAN($18)
	stq	$18, THREAD_SWITCHING($16)
	mov	$1, $30
	stq	$31, THREAD_SMALL_SPAN($16)
	stq	$3, THREAD_SMALL_LO($16)
	stq	$4, THREAD_SMALL_SPAN($16)
	stq	$31, THREAD_SWITCHING($16)
1:	ldq	$3, CONTEXT_FLAGS($18)
	stq	$2, CONTEXT_SP($17)
	stq	$31, CONTEXT_SP($18)
	stq	$16, CONTEXT_THREAD($18)
	bne	$3, 6f
8:	.cfi_remember_state
	mov	$19, $0
	RESTORE_KEPT
	jmp	$31, ($26), 0		/* not ret: that is predicted to go back */
	.cfi_restore_state
3:	subq	$4, 1, $4		/* of a record that is not made all addresses */
	cmpule	$5, $4, $6
	bne	$6, LOCAL(go)
LOCAL(ask):
	mov	$16, $9
	mov	$17, $10
	mov	$18, $11
	mov	$19, $12
	lda	$19, SWITCH_MARK($30)
	CALL	SYM(libcgo_switch_asks)
	mov	$9, $16
	mov	$10, $17
	mov	$11, $18
	mov	$12, $19
	ldq	$1, CONTEXT_SP($18)
	br	LOCAL(go)
6:	mov	$19, $9
	mov	$18, $17
	lda	$18, SWITCH_MARK($30)
	CALL	SYM(libcgo_switch_resumes)
	mov	$9, $19
	br	8b
7:	mov	$1, $30
	br	1b
END SYM(libcgo_switch)

/* fn of the context in $17 has returned the one in $18, on which the thread goes on. gp
   is this object's. */
BODY SYM(libcgo_switch_end)
	KEEPS_GP SYM(libcgo_switch_end)
	ENTER_FRAME
	mov	$17, $10
	mov	$18, $11
	mov	$17, $16
	mov	$18, $17
	lda	$18, SWITCH_MARK($30)
	CALL	SYM(libcgo_switch_ends)
	mov	$0, $16
	mov	$10, $17
	mov	$11, $18
	mov	$31, $19
	ldq	$1, CONTEXT_SP($18)
	lda	$2, CONTEXT_OVER
	br	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in $0, fn in $9, arg in $10, the context in $11,
 * gp is this object's. Unwinding ends here. An unwinder looks for the caller of fn before
 * the address to which that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	KEEPS_GP SYM(libcgo_context_entry)
	.cfi_undefined $26
	nop
LOCAL(entry):
	mov	$10, $16
	mov	$0, $17
	mov	$9, $27
	CALL_PV
	mov	$11, $17
	mov	$0, $18
	bsr	$26, SYM(libcgo_switch_end)
	call_pal 0x81			/* bugchk */
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in $16, context in $17, fn in $18, arg in $19.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	KEEPS_GP SYM(libcgo_context_begin)
	br	$1, 1f
1:	lda	$1, LOCAL(entry) - 1b($1)
	lda	$0, -FRAME_BYTES($16)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
	stq	$31, 8 * \n($0)
	.endr
	stq	$17, 120($0)
	stq	$19, 128($0)
	stq	$18, 136($0)
	stq	$31, 144($0)
	stq	$1, 152($0)
	ret	$31, ($26), 1
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in $16, fn in $17, arg in $18. While fn runs, the frame is described as that of
 * the context, with what it has saved.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	KEEPS_GP SYM(libcgo_context_look)
	PUSH	32
	SAVE	$26, 24
	SAVE	$9, 16
	stq	$29, 8($30)
	mov	$16, $9
	mov	$17, $27
	mov	$18, $16
	.cfi_remember_state
	.cfi_def_cfa $9, FRAME_BYTES
	.irp	n, 9, 10, 11, 12, 13, 14
	.cfi_offset $\n, 136 - 8 * (\n - 9) - FRAME_BYTES
	.endr
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9
	.cfi_offset $f\n, 88 - 8 * (\n - 2) - FRAME_BYTES
	.endr
	.cfi_offset $15, 144 - FRAME_BYTES
	.cfi_offset $26, 152 - FRAME_BYTES
	jsr	$26, ($27)
	.cfi_restore_state
	ldq	$29, 8($30)
	RESTORE	$26, 24
	RESTORE	$9, 16
	DROP	32
	ret	$31, ($26), 1
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.quad	SWITCH_MARK
	.quad	152		/* return address */
	.quad	144		/* fp */
END_DATA SYM(libcgo_switch_frame)
#endif
