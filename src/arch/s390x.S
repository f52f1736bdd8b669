/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * z/Architecture, 64 bits (ELF Application Binary Interface s390x Supplement,
 * "Low-Level System Information").
 *
 * A callee keeps r6-r13, of which r11 is the frame pointer, f8-f15, and r15, which
 * is the stack pointer, a multiple of 8; integer arguments come in r2, r3, ..., an
 * int fills its register, sign-extended; the return address comes in r14. r0 and r1
 * are the callee's. The vector registers that have f8-f15 in them are kept no
 * further than that.
 *
 * A caller leaves 160 bytes at r15 to its callee, which saves its registers there, so
 * that the CFA is r15 + 160 on entry:
 *
 *     CFA ->  +---------------------+
 *             | f0, f2, f4, f6      | r15 + 128
 *             | caller's r6 ... r15 | r15 +  48
 *             | r2 ... r5           | r15 +  16
 *             | (compiler's)        | r15 +   8
 *             | back chain          | r15      (the caller's: its own caller's r15)
 *             +---------------------+ <- r15
 */
#include "core/asm.h"

#define CALLEE_BYTES 160
#define SAVED_R3 24
#define SAVED_R6 48
#define SAVED_R10 80

/*
 * The frame of a crosscall. The general registers are where the caller has left room
 * for them. Registers are stored and described to the unwinder by one macro.
 *
 *             | caller's r6 ... r15 | r15 + 280  (in the caller's frame)
 *             +---------------------+
 *             | fn                  | r15 + 224  (while setg runs)
 *             | f8 ... f15          | r15 + 160
 *             | fn's                | r15 +  24
 *             | second argument     | r15 +  16  (with arguments only)
 *             | first argument      | r15 +   8  (with arguments only)
 *             | back chain          | r15
 *             +---------------------+
 *
 * The arguments in memory are in what is fn's. They are where compilers that pass
 * arguments on the stack, Go's for one, look for them: above the word that they
 * have for a return address.
 */
#define FRAME_BYTES 232
#define FN 224

/* r6 ... r15 or less of them, into the caller's frame. */
.macro SAVE_FROM first, at
	stmg	%r\first, %r15, \at(%r15)
	.irp	reg, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.if	\reg >= \first
	.cfi_rel_offset %r\reg, SAVED_R6 + 8 * (\reg - 6)
	.endif
	.endr
.endm

/* From there, where \base is what r15 was: r15 is that again. */
.macro RESTORE_FROM first, at, base
	lmg	%r\first, %r15, \at(\base)
	.cfi_def_cfa %r15, CALLEE_BYTES
	.irp	reg, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.if	\reg >= \first
	.cfi_restore %r\reg
	.endif
	.endr
.endm

/* By its number in unwind tables: there f10 comes after f8, and GNU as takes the
   names for numbers in another order. */
.macro SAVE_FLOAT reg, number, at
	std	%\reg, \at(%r15)
	.cfi_rel_offset \number, \at
.endm

.macro RESTORE_FLOAT reg, number, at
	ld	%\reg, \at(%r15)
	.cfi_restore \number
.endm

/* A frame, and the back chain in it. Changes r1. */
.macro PUSH bytes
	lgr	%r1, %r15
	aghi	%r15, -\bytes
	.cfi_adjust_cfa_offset \bytes
	stg	%r1, 0(%r15)
.endm

.macro ENTER_FRAME bytes=FRAME_BYTES
	SAVE_FROM 6, SAVED_R6
	PUSH	\bytes
	SAVE_FLOAT f8, 24, 160
	SAVE_FLOAT f9, 28, 168
	SAVE_FLOAT f10, 25, 176
	SAVE_FLOAT f11, 29, 184
	SAVE_FLOAT f12, 26, 192
	SAVE_FLOAT f13, 30, 200
	SAVE_FLOAT f14, 27, 208
	SAVE_FLOAT f15, 31, 216
.endm

/*
 * r15 is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from r15.
 */
.macro LEAVE_FRAME bytes=FRAME_BYTES
	RESTORE_FLOAT f8, 24, 160
	RESTORE_FLOAT f9, 28, 168
	RESTORE_FLOAT f10, 25, 176
	RESTORE_FLOAT f11, 29, 184
	RESTORE_FLOAT f12, 26, 192
	RESTORE_FLOAT f13, 30, 200
	RESTORE_FLOAT f14, 27, 208
	RESTORE_FLOAT f15, 31, 216
	RESTORE_FROM 6, \bytes + SAVED_R6, %r15
	br	%r14
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in r2, setg in r3, g in r4. fn waits on the stack while setg runs, which
 * need keep no general register: Go's leaves g in r13.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	stg	%r2, FN(%r15)
	lgr	%r1, %r3
	lgr	%r2, %r4
	basr	%r14, %r1
	lg	%r1, FN(%r15)
	basr	%r14, %r1
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in r2, arg in r3, argsize in r4, sign-extended. At fn's entry arg is at
 * 8(r15) and in r2, argsize at 16(r15) and in r3.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	lgr	%r1, %r2
	lgr	%r2, %r3
	lgr	%r3, %r4
	stg	%r2, 8(%r15)
	stg	%r3, 16(%r15)
	basr	%r14, %r1
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in r2, arg in r3, word in r4. At fn's entry arg is at 8(r15) and in r2,
 * word at 16(r15) and in r3. The result is what fn leaves in r2.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	lgr	%r1, %r2
	lgr	%r2, %r3
	lgr	%r3, %r4
	stg	%r2, 8(%r15)
	stg	%r3, 16(%r15)
	basr	%r14, %r1
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from r11, which is what r15
 * was and which a C callee keeps: every unwinder finds the old stack by it, and so
 * does the return. What is saved is on the old stack:
 *
 *             | caller's r10, ...   | r11 +  80  (in the caller's frame)
 *             +---------------------+ <- r11
 *             | arg                 | r11 -   8  (libcgo_call_on_stack only)
 *             | fn                  | r11 -  16  (libcgo_call_on_stack only)
 *             | mark                | r11 -  24  (libcgo_call_on_stack only)
 *             | callee's            | r11 - 176
 *             | back chain          | r11 - 184
 *             +---------------------+
 *
 * On the other stack there is a frame of no more than what is fn's, with a back
 * chain to the old one.
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
#define STACK_CALL_BYTES 184
#define MARK CALLEE_BYTES	/* above r15 */

.macro BEGIN_OTHER_STACK
	.type	__morestack, %function
__morestack:
.endm

.macro END_OTHER_STACK
	.size	__morestack, . - __morestack
.endm

/* r15 := address, less a frame. */
.macro SWITCH_TO address
	lay	%r15, -CALLEE_BYTES(\address)
	stg	%r11, 0(%r15)
.endm

#ifdef PART_call_on_system
/*
 * uintptr_t libcgo_call_on_system(struct libcgo_thread *thread,
 *                                 uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in r2, fn in r3, arg in r4. If r15 is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	SAVE_FROM 10, SAVED_R10
	lgr	%r11, %r15
	.cfi_def_cfa_register %r11
	PROBE2(call_on_system, 8@%r2, 8@%r3)
	ltgr	%r2, %r2
	jz	2f
	lgr	%r1, %r15
	sg	%r1, THREAD_SMALL_LO(%r2)
	clg	%r1, THREAD_SMALL_SPAN(%r2)
	jnl	2f
	stg	%r15, THREAD_CALLER_SP(%r2)
	lg	%r1, THREAD_SYSTEM_SP(%r2)
1:	SWITCH_TO %r1
	lgr	%r2, %r4
	BEGIN_OTHER_STACK
	basr	%r14, %r3
	PROBE1(call_on_system_done, 8@%r2)
	.cfi_remember_state
	RESTORE_FROM 10, SAVED_R10, %r11
	br	%r14
	.cfi_restore_state
	END_OTHER_STACK
2:	SWITCH_TO %r15
	stmg	%r3, %r4, SAVED_R3(%r11)
	lgr	%r3, %r11
	brasl	%r14, SYM(libcgo_find_system_sp)@PLT
	lmg	%r3, %r4, SAVED_R3(%r11)
	lgr	%r1, %r11
	ltgr	%r2, %r2
	jz	1b
	lgr	%r1, %r2
	j	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in r2, stack in r3, fn in r4, arg in r5. The list of such calls is
 * kept by libcgo_begin_stack_call and libcgo_end_stack_call.
 */
FUNC SYM(libcgo_call_on_stack)
	SAVE_FROM 10, SAVED_R10
	lgr	%r11, %r15
	.cfi_def_cfa_register %r11
	PROBE2(call_on_stack, 8@%r2, 8@%r4)
	lay	%r15, -STACK_CALL_BYTES(%r11)
	stg	%r11, 0(%r15)
	stmg	%r4, %r5, STACK_CALL_BYTES - 16(%r15)
	lgr	%r4, %r15
	la	%r5, MARK(%r15)
	brasl	%r14, SYM(libcgo_begin_stack_call)@PLT
	lgr	%r10, %r2
	lmg	%r1, %r2, STACK_CALL_BYTES - 16(%r15)
	lg	%r3, STACK_CALL_START(%r10)
	SWITCH_TO %r3
	BEGIN_OTHER_STACK
	basr	%r14, %r1
	PROBE1(call_on_stack_done, 8@%r2)
	lay	%r15, -STACK_CALL_BYTES(%r11)
	lgr	%r3, %r2
	lgr	%r2, %r10
	la	%r4, MARK(%r15)
	brasl	%r14, SYM(libcgo_end_stack_call)@PLT
	RESTORE_FROM 10, SAVED_R10, %r11
	br	%r14
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in r2. It is at FN(r15) while libcgo_guarded runs: there the personality
 * routine finds it. A frame's CFA is 160 bytes above the stack pointer at
 * the call.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	stg	%r2, FN(%r15)
	lgr	%r3, %r15
	brasl	%r14, SYM(libcgo_guarded)@PLT
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.quad	-1, FN - 160
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * r15 points at the back chain, which code has that is compiled with -mbackchain;
 * a callee's return address is in its caller's frame.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.quad	0		/* caller */
	.quad	112		/* return address, in the caller's */
	.quad	0, 8		/* the range of the first */
	.quad	0		/* from a mark to its return address */
	.quad	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * In and out: r2. There are no signatures.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	br	%r14
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 *
 * In two access registers, its high half in a0.
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	ear	%r2, %a0
	sllg	%r2, %r2, 32
	ear	%r2, %a1
	br	%r14
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in r2, from in r3, to in r4, word in r5. What it does in which order, and
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall,
 * with the mark in place of fn, and one word more:
 *
 *             | caller's r6 ... r15 | r15 + 288  (in the caller's frame)
 *             +---------------------+
 *             | fpc                 | r15 + 232
 *             | mark                | r15 + 224
 *             | f8 ... f15          | r15 + 160
 *             | callee's            | r15 +   8
 *             | back chain          | <- r15, which the context's record has
 *             +---------------------+
 *
 * A callee keeps masks and rounding modes of fpc. They are loaded if they differ.
 */
#define SWITCH_BYTES (FRAME_BYTES + 8)
#define SWITCH_MARK FN
#define SWITCH_FPC 232
#define SAVED_R11 88
#define SAVED_R14 112
#define SAVED_R15 120

.macro ENTER_SWITCH
	ENTER_FRAME SWITCH_BYTES
	stfpc	SWITCH_FPC(%r15)
.endm

FUNC SYM(libcgo_switch)
	ENTER_SWITCH
	lg	%r1, CONTEXT_SP(%r4)
	lmg	%r6, %r7, CONTEXT_LO(%r3)
	lg	%r9, CONTEXT_SP(%r3)
	lgr	%r8, %r15
	sgr	%r8, %r6
	lghi	%r0, CONTEXT_OVER
	clgr	%r1, %r0
	jnh	LOCAL(ask)
	ltgr	%r9, %r9
	jnz	LOCAL(ask)
	ltgr	%r2, %r2
	jz	3f
	clgr	%r8, %r7
	jnl	LOCAL(ask)		/* not on the stack of *from */
	clg	%r6, THREAD_SMALL_LO(%r2)
	jne	LOCAL(ask)
	clg	%r7, THREAD_SMALL_SPAN(%r2)
	jne	LOCAL(ask)
	lg	%r9, THREAD_RUNNING(%r2)
	tm	STACK_CALL_FLAGS + 7(%r9), STACK_CALL_SWITCHED
	jz	LOCAL(ask)
	lg	%r9, THREAD_SWITCHING(%r2)
	ltgr	%r9, %r9
	jnz	LOCAL(ask)
LOCAL(go):
	lgr	%r9, %r15		/* what *from gets */
LOCAL(leave):
	l	%r10, SWITCH_FPC(%r15)
	lghi	%r0, 0
	ltgr	%r2, %r2
	jz	7f
	lmg	%r6, %r7, CONTEXT_LO(%r4)
	stg	%r4, THREAD_SWITCHING(%r2)
	lgr	%r15, %r1
	stg	%r0, THREAD_SMALL_SPAN(%r2)
	stg	%r6, THREAD_SMALL_LO(%r2)
	stg	%r7, THREAD_SMALL_SPAN(%r2)
	stg	%r0, THREAD_SWITCHING(%r2)
1:	stg	%r9, CONTEXT_SP(%r3)
	stg	%r0, CONTEXT_SP(%r4)
	stg	%r2, CONTEXT_THREAD(%r4)
	x	%r10, SWITCH_FPC(%r15)
	nilh	%r10, 0xfc00
	nill	%r10, 0x0077
	ltr	%r10, %r10
	jnz	4f
2:	lg	%r6, CONTEXT_FLAGS(%r4)
	ltgr	%r6, %r6
	jnz	6f
8:	lgr	%r2, %r5
	.cfi_remember_state
	LEAVE_FRAME SWITCH_BYTES
	.cfi_restore_state
3:	aghi	%r7, -1			/* of a record that is not made all addresses */
	clgr	%r8, %r7
	jnh	LOCAL(go)
LOCAL(ask):
	lgr	%r6, %r2
	lgr	%r7, %r3
	lgr	%r8, %r4
	lgr	%r9, %r5
	la	%r5, SWITCH_MARK(%r15)
	brasl	%r14, SYM(libcgo_switch_asks)@PLT
	lgr	%r2, %r6
	lgr	%r3, %r7
	lgr	%r4, %r8
	lgr	%r5, %r9
	lg	%r1, CONTEXT_SP(%r4)
	j	LOCAL(go)
4:	lfpc	SWITCH_FPC(%r15)
	j	2b
6:	lgr	%r6, %r5
	lgr	%r3, %r4
	la	%r4, SWITCH_MARK(%r15)
	brasl	%r14, SYM(libcgo_switch_resumes)@PLT
	lgr	%r5, %r6
	j	8b
7:	lgr	%r15, %r1
	j	1b
END SYM(libcgo_switch)

/* fn of the context in r3 has returned the one in r4, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH
	lgr	%r6, %r3
	lgr	%r7, %r4
	lgr	%r2, %r3
	lgr	%r3, %r4
	la	%r4, SWITCH_MARK(%r15)
	brasl	%r14, SYM(libcgo_switch_ends)@PLT
	lgr	%r3, %r6
	lgr	%r4, %r7
	lghi	%r5, 0
	lg	%r1, CONTEXT_SP(%r4)
	lghi	%r9, CONTEXT_OVER
	j	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in r2, fn in r6, arg in r7, the context in r8.
 * Unwinding ends here. An unwinder looks for the caller of fn before the address to which
 * that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined %r14
	nopr	%r7
LOCAL(entry):
	lgr	%r3, %r2
	lgr	%r2, %r7
	basr	%r14, %r6
	lgr	%r3, %r8
	lgr	%r4, %r2
	brasl	%r14, SYM(libcgo_switch_end)
	.2byte	0
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in r2, context in r3, fn in r4, arg in r5. The back chain ends above.
 */
#define FIRST_BYTES (SWITCH_BYTES + CALLEE_BYTES)

HIDDEN_FUNC SYM(libcgo_context_begin)
	aghi	%r2, -FIRST_BYTES
	xc	0(256, %r2), 0(%r2)
	xc	256(FIRST_BYTES - 256, %r2), 256(%r2)
	stg	%r4, SWITCH_BYTES + SAVED_R6(%r2)
	stg	%r5, SWITCH_BYTES + SAVED_R6 + 8(%r2)
	stg	%r3, SWITCH_BYTES + SAVED_R6 + 16(%r2)
	larl	%r1, LOCAL(entry)
	stg	%r1, SWITCH_BYTES + SAVED_R14(%r2)
	la	%r1, SWITCH_BYTES(%r2)
	stg	%r1, SWITCH_BYTES + SAVED_R15(%r2)
	stg	%r1, 0(%r2)
	stfpc	SWITCH_FPC(%r2)
	br	%r14
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in r2, fn in r3, arg in r4. While fn runs, the frame is described as that of the
 * context, with what it has saved.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	SAVE_FROM 11, SAVED_R11
	PUSH	CALLEE_BYTES
	lgr	%r11, %r2
	lgr	%r2, %r4
	.cfi_remember_state
	.cfi_def_cfa %r11, FIRST_BYTES
	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.cfi_offset %r\n, SAVED_R6 + 8 * (\n - 6) - CALLEE_BYTES
	.endr
	/* f8, f10, f12, f14, f9, f11, f13, f15 */
	.irp	n, 24, 25, 26, 27
	.cfi_offset \n, 160 + 16 * (\n - 24) - FIRST_BYTES
	.cfi_offset \n + 4, 168 + 16 * (\n - 24) - FIRST_BYTES
	.endr
	basr	%r14, %r3
	.cfi_restore_state
	RESTORE_FROM 11, CALLEE_BYTES + SAVED_R11, %r15
	br	%r14
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.quad	SWITCH_MARK
	.quad	SWITCH_BYTES + SAVED_R14	/* return address */
	.quad	0		/* back chain */
END_DATA SYM(libcgo_switch_frame)
#endif
