/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PowerPC, 32 bits, with floating-point registers (System V ABI, PowerPC Processor
 * Supplement, chapter 3, "Function Calling Sequence").
 *
 * A callee keeps r1, which is the stack pointer, r14-r31, f14-f31, the fields
 * 2-4 of the condition register and, where the CPU has VMX, v20-v31; r1 is a
 * multiple of 16; integer arguments come in r3, r4, ...; the return address comes in
 * lr. r2 and r13 are the system's: r2 is the thread pointer.
 *
 * r1 points at a word with the caller's r1, the back chain, which the ABI demands of
 * every frame: it is what other CPUs have a frame pointer for. A function stores its
 * return address not in its own frame, but in its caller's, in the word after the
 * back chain.
 */
#include "core/asm.h"

/* The low end of every frame: the back chain, a callee's return address; and
   MINIMUM, the same as a multiple of 16. */
#define SAVED_LR 4
#define LINKAGE 8
#define MINIMUM 16

/* Their numbers in unwind tables; that of cr is its second field's. */
#define DWARF_FLOAT 32
#define DWARF_LR 65
#define DWARF_CR 70
#define DWARF_VECTOR 77

/*
 * The frame of a crosscall. Each register is stored and described to the unwinder
 * by one macro.
 *
 *             | return address      | CFA +   4
 *     CFA ->  +---------------------+
 *             | f31 ... f14         | CFA -   8 ... CFA - 144
 *             | r31 ... r14         | CFA - 148 ... CFA - 216
 *             | condition register  | CFA - 220
 *             | vrsave              | CFA - 224   (with VMX)
 *             | g                   | CFA - 228   (libcgo_crosscall_g only)
 *             | fn                  | CFA - 232   (libcgo_crosscall_g only)
 *             | (alignment)         | CFA - 240
 *             | v31 ... v20         | CFA - 256 ... CFA - 432   (with VMX)
 *             | second argument     | r1 + 12     (with arguments only)
 *             | first argument      | r1 +  8     (with arguments only)
 *             | (fn's)              | r1 +  4
 *             | caller's r1         | <- r1
 *             +---------------------+
 *
 * The arguments on the stack are where a function finds those for which there is no
 * register, and where compilers that pass arguments on the stack look for them.
 *
 * Whether there is VMX is known when this is assembled. A library for CPUs that may
 * be without it cannot store its registers, and need not: a callback that is compiled
 * for the same CPUs does not change them, and C that is compiled for others keeps
 * them itself. Unwinders do not know vrsave.
 */
#ifdef __ALTIVEC__
#define SAVED_BYTES 432
#else
#define SAVED_BYTES 240
#endif
#define FRAME_BYTES (MINIMUM + SAVED_BYTES)
#define FLOATS (FRAME_BYTES - 144)
#define INTEGERS (FRAME_BYTES - 216)
#define SAVED_CR (FRAME_BYTES - 220)
#define SAVED_VRSAVE (FRAME_BYTES - 224)
#define SAVED_G (FRAME_BYTES - 228)
#define SAVED_FN (FRAME_BYTES - 232)
#define VECTORS (FRAME_BYTES - 432)

.macro PUSH bytes
	stwu	%r1, -(\bytes)(%r1)
	.cfi_adjust_cfa_offset \bytes
.endm

.macro DROP bytes
	addi	%r1, %r1, \bytes
	.cfi_adjust_cfa_offset -(\bytes)
.endm

/* In and out: r1 as at the function's entry. Changes r0. */
.macro SAVE_LR
	mflr	%r0
	stw	%r0, SAVED_LR(%r1)
	.cfi_rel_offset DWARF_LR, SAVED_LR
.endm

/* With r1 so many bytes below that. */
.macro RESTORE_LR bytes
	lwz	%r0, \bytes + SAVED_LR(%r1)
	mtlr	%r0
	.cfi_restore DWARF_LR
.endm

.macro SAVE_CR
	mfcr	%r0
	stw	%r0, SAVED_CR(%r1)
	.cfi_rel_offset DWARF_CR, SAVED_CR
.endm

.macro RESTORE_CR
	lwz	%r0, SAVED_CR(%r1)
	mtcrf	0x38, %r0
	.cfi_restore DWARF_CR
.endm

.macro SAVE n, at
	stw	%r\n, \at(%r1)
	.cfi_rel_offset \n, \at
.endm

.macro RESTORE n, at
	lwz	%r\n, \at(%r1)
	.cfi_restore \n
.endm

.macro SAVE_FLOAT n, at
	stfd	%f\n, \at(%r1)
	.cfi_rel_offset DWARF_FLOAT + \n, \at
.endm

.macro RESTORE_FLOAT n, at
	lfd	%f\n, \at(%r1)
	.cfi_restore DWARF_FLOAT + \n
.endm

/* Both change r0. */
.macro SAVE_VECTOR n, at
	li	%r0, \at
	stvx	%v\n, %r1, %r0
	.cfi_rel_offset DWARF_VECTOR + \n, \at
.endm

.macro RESTORE_VECTOR n, at
	li	%r0, \at
	lvx	%v\n, %r1, %r0
	.cfi_restore DWARF_VECTOR + \n
.endm

.macro ENTER_FRAME
	SAVE_LR
	PUSH	FRAME_BYTES
	SAVE_CR
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	SAVE	\n, INTEGERS + 4 * (\n - 14)
	SAVE_FLOAT \n, FLOATS + 8 * (\n - 14)
	.endr
#ifdef __ALTIVEC__
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	SAVE_VECTOR \n, VECTORS + 16 * (\n - 20)
	.endr
	mfspr	%r0, 256		/* vrsave */
	stw	%r0, SAVED_VRSAVE(%r1)
#endif
.endm

/*
 * r1 is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from r1.
 */
.macro RESTORE_KEPT
#ifdef __ALTIVEC__
	lwz	%r0, SAVED_VRSAVE(%r1)
	mtspr	256, %r0
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	RESTORE_VECTOR \n, VECTORS + 16 * (\n - 20)
	.endr
#endif
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	RESTORE	\n, INTEGERS + 4 * (\n - 14)
	RESTORE_FLOAT \n, FLOATS + 8 * (\n - 14)
	.endr
	RESTORE_CR
.endm

.macro LEAVE_FRAME
	RESTORE_KEPT
	RESTORE_LR FRAME_BYTES
	DROP	FRAME_BYTES
	blr
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in r3, setg in r4, g in r5. fn and g wait on the stack while setg runs, which
 * need keep no general register; fn finds g in r30.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	stw	%r3, SAVED_FN(%r1)
	stw	%r5, SAVED_G(%r1)
	mr	%r3, %r5
	mtctr	%r4
	bctrl
	lwz	%r30, SAVED_G(%r1)
	lwz	%r4, SAVED_FN(%r1)
	mtctr	%r4
	bctrl
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in r3, arg in r4, argsize in r5. At fn's entry arg is at 8(r1) and in r3,
 * argsize at 12(r1) and in r4.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	mr	%r12, %r3
	mr	%r3, %r4
	mr	%r4, %r5
	stw	%r3, LINKAGE(%r1)
	stw	%r4, LINKAGE + 4(%r1)
	mtctr	%r12
	bctrl
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in r3, arg in r4, word in r5. At fn's entry arg is at 8(r1) and in r3,
 * word at 12(r1) and in r4. The result is what fn leaves in r3.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	mr	%r12, %r3
	mr	%r3, %r4
	mr	%r4, %r5
	stw	%r3, LINKAGE(%r1)
	stw	%r4, LINKAGE + 4(%r1)
	mtctr	%r12
	bctrl
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from r31, which a C callee
 * keeps: every unwinder finds the old stack by it, and so does the return. What is
 * saved is on the old stack:
 *
 *             | return address      | CFA +  4
 *     CFA ->  +---------------------+
 *             | caller's r31        | CFA -  4
 *             | r30                 | CFA -  8   (libcgo_call_on_stack only)
 *             | fn                  | CFA - 12
 *             | arg                 | CFA - 16
 *             | mark                | r31 + 12   (libcgo_call_on_stack only)
 *             | (alignment)         | r31 +  8
 *             | LINKAGE bytes       | <- r31
 *             +---------------------+
 *
 * On the new stack there is a frame for fn to store its return address in. Its back
 * chain leads to the CFA: seen by it, the frame has moved.
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
#define SWITCH_BYTES (MINIMUM + 16)
#define SWITCH_R31 (SWITCH_BYTES - 4)
#define SWITCH_R30 (SWITCH_BYTES - 8)
#define SWITCH_FN (SWITCH_BYTES - 12)
#define SWITCH_ARG (SWITCH_BYTES - 16)
#define SWITCH_MARK (SWITCH_BYTES - 20)	/* what aligns MINIMUM has room for it */

.macro PUSH_RECORD
	SAVE_LR
	PUSH	SWITCH_BYTES
	SAVE	31, SWITCH_R31
	mr	%r31, %r1
	.cfi_def_cfa_register 31
.endm

/* With r1 and r31 where PUSH_RECORD left them. */
.macro POP_RECORD
	.cfi_def_cfa_register 1
	RESTORE_LR SWITCH_BYTES
	RESTORE	31, SWITCH_R31
	DROP	SWITCH_BYTES
.endm

/* In: sp, a register with the address from which the new stack goes down. Changes r0. */
.macro SWITCH sp
	addi	%r0, %r31, SWITCH_BYTES
	stwu	%r0, -MINIMUM(\sp)
	mr	%r1, \sp
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
 * In: thread in r3, fn in r4, arg in r5. If r1 is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	PUSH_RECORD
	PROBE2(call_on_system, 4@3, 4@4)
	cmpwi	%r3, 0
	beq	2f
	lwz	%r9, THREAD_SMALL_LO(%r3)
	lwz	%r10, THREAD_SMALL_SPAN(%r3)
	subf	%r9, %r9, %r1
	cmplw	%r9, %r10
	bge	2f
	stw	%r1, THREAD_CALLER_SP(%r3)
	lwz	%r10, THREAD_SYSTEM_SP(%r3)
	SWITCH	%r10
1:	mr	%r3, %r5
	BEGIN_OTHER_STACK
	mtctr	%r4
	bctrl
	PROBE1(call_on_system_done, 4@3)
	mr	%r1, %r31
	.cfi_remember_state
	POP_RECORD
	blr
	.cfi_restore_state
	END_OTHER_STACK
2:	stw	%r4, SWITCH_FN(%r31)
	stw	%r5, SWITCH_ARG(%r31)
	mr	%r4, %r1
	bl	SYM(libcgo_find_system_sp)
	lwz	%r4, SWITCH_FN(%r31)
	lwz	%r5, SWITCH_ARG(%r31)
	cmpwi	%r3, 0
	beq	1b
	SWITCH	%r3
	b	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in r3, stack in r4, fn in r5, arg in r6. The list of such calls is
 * kept by libcgo_begin_stack_call and libcgo_end_stack_call.
 */
FUNC SYM(libcgo_call_on_stack)
	PUSH_RECORD
	PROBE2(call_on_stack, 4@3, 4@5)
	SAVE	30, SWITCH_R30
	stw	%r5, SWITCH_FN(%r31)
	stw	%r6, SWITCH_ARG(%r31)
	mr	%r5, %r1
	addi	%r6, %r31, SWITCH_MARK
	bl	SYM(libcgo_begin_stack_call)
	mr	%r30, %r3
	lwz	%r4, SWITCH_FN(%r31)
	lwz	%r3, SWITCH_ARG(%r31)
	lwz	%r10, STACK_CALL_START(%r30)
	SWITCH	%r10
	BEGIN_OTHER_STACK
	mtctr	%r4
	bctrl
	PROBE1(call_on_stack_done, 4@3)
	mr	%r1, %r31
	mr	%r4, %r3
	mr	%r3, %r30
	addi	%r5, %r31, SWITCH_MARK
	bl	SYM(libcgo_end_stack_call)
	RESTORE	30, SWITCH_R30
	POP_RECORD
	blr
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in r3. It is at SAVED_FN(r1) while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	stw	%r3, SAVED_FN(%r1)
	mr	%r4, %r1
	bl	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 4
	.long	-1, SAVED_FN
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * r1 points at the back chain; the return address is in the caller's frame.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 4
	.long	0		/* caller */
	.long	SAVED_LR	/* return address */
	.long	0, 4		/* the range of the first */
	.long	0		/* from a mark to its return address */
	.long	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * In and out: r3. There are no signatures.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	blr
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	mr	%r3, %r2
	blr
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in r3, from in r4, to in r5, word in r6. What it does in which order, and
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall;
 * the word in which libcgo_crosscall_g has g is its mark.
 */
#define FRAME_MARK SAVED_G

FUNC SYM(libcgo_switch)
	ENTER_FRAME
	lwz	%r7, CONTEXT_SP(%r5)
	lwz	%r8, CONTEXT_SP(%r4)
	lwz	%r9, CONTEXT_LO(%r4)
	lwz	%r10, CONTEXT_SPAN(%r4)
	cmplwi	%r7, CONTEXT_OVER
	ble	LOCAL(ask)
	cmpwi	%r8, 0
	bne	LOCAL(ask)
	subf	%r11, %r9, %r1
	cmpwi	%r3, 0
	beq	3f
	cmplw	%r11, %r10
	bge	LOCAL(ask)		/* not on the stack of *from */
	lwz	%r11, THREAD_SMALL_LO(%r3)
	lwz	%r12, THREAD_SMALL_SPAN(%r3)
	cmplw	%r11, %r9
	bne	LOCAL(ask)
	cmplw	%r12, %r10
	bne	LOCAL(ask)
	lwz	%r11, THREAD_RUNNING(%r3)
	lwz	%r12, THREAD_SWITCHING(%r3)
	lwz	%r11, STACK_CALL_FLAGS(%r11)
	andi.	%r11, %r11, STACK_CALL_SWITCHED
	beq	LOCAL(ask)
	cmpwi	%r12, 0
	bne	LOCAL(ask)
LOCAL(go):
	mr	%r8, %r1		/* what *from gets */
LOCAL(leave):
	li	%r0, 0
	cmpwi	%r3, 0
	beq	7f
	lwz	%r9, CONTEXT_LO(%r5)
	lwz	%r10, CONTEXT_SPAN(%r5)
	stw	%r5, THREAD_SWITCHING(%r3)
	mr	%r1, %r7
	stw	%r0, THREAD_SMALL_SPAN(%r3)
	stw	%r9, THREAD_SMALL_LO(%r3)
	stw	%r10, THREAD_SMALL_SPAN(%r3)
	stw	%r0, THREAD_SWITCHING(%r3)
1:	stw	%r8, CONTEXT_SP(%r4)
	stw	%r0, CONTEXT_SP(%r5)
	stw	%r3, CONTEXT_THREAD(%r5)
	lwz	%r9, CONTEXT_FLAGS(%r5)
	cmpwi	%r9, 0
	bne	6f
8:	.cfi_remember_state
	mr	%r3, %r6
	RESTORE_KEPT
	lwz	%r12, FRAME_BYTES + SAVED_LR(%r1)
	mtctr	%r12
	.cfi_register DWARF_LR, 12
	DROP	FRAME_BYTES
	bctr				/* not blr: that is predicted to go back */
	.cfi_restore_state
3:	addi	%r10, %r10, -1		/* of a record that is not made all addresses */
	cmplw	%r11, %r10
	ble	LOCAL(go)
LOCAL(ask):
	mr	%r28, %r3
	mr	%r29, %r4
	mr	%r30, %r5
	mr	%r31, %r6
	addi	%r6, %r1, FRAME_MARK
	bl	SYM(libcgo_switch_asks)
	mr	%r3, %r28
	mr	%r4, %r29
	mr	%r5, %r30
	mr	%r6, %r31
	lwz	%r7, CONTEXT_SP(%r5)
	b	LOCAL(go)
6:	mr	%r31, %r6
	mr	%r4, %r5
	addi	%r5, %r1, FRAME_MARK
	bl	SYM(libcgo_switch_resumes)
	mr	%r6, %r31
	b	8b
7:	mr	%r1, %r7
	b	1b
END SYM(libcgo_switch)

/* fn of the context in r4 has returned the one in r5, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_FRAME
	mr	%r29, %r4
	mr	%r30, %r5
	mr	%r3, %r4
	mr	%r4, %r5
	addi	%r5, %r1, FRAME_MARK
	bl	SYM(libcgo_switch_ends)
	mr	%r4, %r29
	mr	%r5, %r30
	li	%r6, 0
	lwz	%r7, CONTEXT_SP(%r5)
	li	%r8, CONTEXT_OVER
	b	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in r3, fn in r31, arg in r30, the context in
 * r29. Unwinding ends here. An unwinder looks for the caller of fn before the address to
 * which that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined DWARF_LR
	nop
LOCAL(entry):
	mr	%r4, %r3
	mr	%r3, %r30
	mtctr	%r31
	bctrl
	mr	%r5, %r3
	mr	%r4, %r29
	bl	SYM(libcgo_switch_end)
	trap
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in r3, context in r4, fn in r5, arg in r6. Above the frame is what
 * fn may count on, and the end of the back chain.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	mflr	%r0
	.cfi_register DWARF_LR, 0
	bcl	20, 31, 1f
1:	mflr	%r9
	mtlr	%r0
	.cfi_restore DWARF_LR
	addi	%r9, %r9, LOCAL(entry) - 1b
	addi	%r7, %r3, -MINIMUM
	addi	%r3, %r7, -(FRAME_BYTES)
	li	%r10, SAVED_BYTES / 4
	mtctr	%r10
	mr	%r8, %r7
	li	%r0, 0
2:	stwu	%r0, -4(%r8)
	bdnz	2b
	stw	%r0, 0(%r7)
	stw	%r9, SAVED_LR(%r7)
	stw	%r7, 0(%r3)
	stw	%r4, INTEGERS + 4 * (29 - 14)(%r3)
	stw	%r6, INTEGERS + 4 * (30 - 14)(%r3)
	stw	%r5, INTEGERS + 4 * (31 - 14)(%r3)
#ifdef __ALTIVEC__
	mfspr	%r0, 256		/* vrsave */
	stw	%r0, SAVED_VRSAVE(%r3)
#endif
	blr
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in r3, fn in r4, arg in r5. While fn runs, the frame is described as that of the
 * context, with what it has saved.
 */
#define LOOK_BYTES (MINIMUM + 16)
#define LOOK_R31 (LOOK_BYTES - 4)

HIDDEN_FUNC SYM(libcgo_context_look)
	SAVE_LR
	PUSH	LOOK_BYTES
	SAVE	31, LOOK_R31
	mr	%r31, %r3
	mr	%r3, %r5
	.cfi_remember_state
	.cfi_def_cfa 31, FRAME_BYTES
	.cfi_offset DWARF_LR, SAVED_LR
	.cfi_offset DWARF_CR, SAVED_CR - FRAME_BYTES
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.cfi_offset \n, INTEGERS + 4 * (\n - 14) - FRAME_BYTES
	.cfi_offset DWARF_FLOAT + \n, FLOATS + 8 * (\n - 14) - FRAME_BYTES
	.endr
#ifdef __ALTIVEC__
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.cfi_offset DWARF_VECTOR + \n, VECTORS + 16 * (\n - 20) - FRAME_BYTES
	.endr
#endif
	mtctr	%r4
	bctrl
	.cfi_restore_state
	RESTORE	31, LOOK_R31
	RESTORE_LR LOOK_BYTES
	DROP	LOOK_BYTES
	blr
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 4
	.long	FRAME_MARK
	.long	FRAME_BYTES + SAVED_LR	/* return address */
	.long	0		/* caller's r1 */
END_DATA SYM(libcgo_switch_frame)
#endif
