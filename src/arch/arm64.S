/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AArch64, 64-bit Arm, with the Procedure Call Standard's base variant (AAPCS64,
 * section 6.1).
 *
 * A callee keeps x19-x28, x29, which is the frame pointer, sp, and the low halves
 * of v8-v15, which are d8-d15; sp is a multiple of 16 whenever it is used; integer
 * arguments come in x0, x1, ...; the return address comes in x30.
 *
 * A return address that goes to memory is signed, with sp at the function's entry,
 * which is its CFA: paciasp and autiasp, where the CPU knows them, and else no
 * effect. They and the landing pads are hints, by which name every assembler
 * knows them.
 */
#include <libcgo/platform.h>

#include "core/asm.h"

.macro LANDING_PAD
	hint	#34		/* bti c */
.endm

/* Is a landing pad, too. */
.macro SIGN_RETURN_ADDRESS
	hint	#25		/* paciasp */
	.cfi_negate_ra_state
.endm

.macro AUTHENTICATE_RETURN_ADDRESS
	hint	#29		/* autiasp */
	.cfi_negate_ra_state
.endm

/*
 * The frame of a crosscall. Registers are stored in pairs and described to the
 * unwinder by one macro.
 *
 *     CFA ->  +---------------------+
 *             | d14, d15            | x29 + 144
 *             | d12, d13            | x29 + 128
 *             | d10, d11            | x29 + 112
 *             | d8, d9              | x29 +  96
 *             | x27, x28            | x29 +  80
 *             | x25, x26            | x29 +  64
 *             | x23, x24            | x29 +  48
 *             | x21, x22            | x29 +  32
 *             | x19, x20            | x29 +  16
 *             | return address      | x29 +   8
 *             | caller's x29        | <- x29
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
#define FRAME_BYTES 160
#define ARGUMENT_BYTES 32

.macro SAVE first, second, at
	stp	\first, \second, [sp, #\at]
	.cfi_rel_offset \first, \at
	.cfi_rel_offset \second, \at + 8
.endm

.macro RESTORE first, second, at
	ldp	\first, \second, [sp, #\at]
	.cfi_restore \first
	.cfi_restore \second
.endm

/* The frame record, at the low end of a frame: its size, and sp with it. */
.macro PUSH_RECORD bytes
	stp	x29, x30, [sp, #-\bytes]!
	.cfi_adjust_cfa_offset \bytes
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
.endm

.macro POP_RECORD bytes
	ldp	x29, x30, [sp], #\bytes
	.cfi_def_cfa sp, 0
	.cfi_restore x29
	.cfi_restore x30
.endm

.macro PUSH bytes
	sub	sp, sp, #\bytes
	.cfi_adjust_cfa_offset \bytes
.endm

.macro DROP bytes
	add	sp, sp, #\bytes
	.cfi_adjust_cfa_offset -\bytes
.endm

.macro ENTER_FRAME
	SIGN_RETURN_ADDRESS
	PUSH_RECORD FRAME_BYTES
	SAVE	x19, x20, 16
	SAVE	x21, x22, 32
	SAVE	x23, x24, 48
	SAVE	x25, x26, 64
	SAVE	x27, x28, 80
	SAVE	d8, d9, 96
	SAVE	d10, d11, 112
	SAVE	d12, d13, 128
	SAVE	d14, d15, 144
.endm

/*
 * sp is where ENTER_FRAME left it: fn may change every other register, which is
 * why the CFA counts from sp.
 */
.macro LEAVE_FRAME
	RESTORE	x19, x20, 16
	RESTORE	x21, x22, 32
	RESTORE	x23, x24, 48
	RESTORE	x25, x26, 64
	RESTORE	x27, x28, 80
	RESTORE	d8, d9, 96
	RESTORE	d10, d11, 112
	RESTORE	d12, d13, 128
	RESTORE	d14, d15, 144
	POP_RECORD FRAME_BYTES
	AUTHENTICATE_RETURN_ADDRESS
	ret
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in x0, setg in x1, g in x2. fn waits on the stack while setg runs, which
 * need keep no general register: Go's leaves g in x28.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	PUSH	16
	str	x0, [sp]
	mov	x0, x2
	blr	x1
	ldr	x16, [sp]
	DROP	16
	blr	x16
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in x0, arg in x1, argsize in w2. At fn's entry arg is at [sp, #8] and in
 * x0, argsize, sign-extended, at [sp, #16] and in x1.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	PUSH	ARGUMENT_BYTES
	mov	x16, x0
	mov	x0, x1
	sxtw	x1, w2
	stp	x0, x1, [sp, #8]
	blr	x16
	DROP	ARGUMENT_BYTES
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in x0, arg in x1, word in x2. At fn's entry arg is at [sp, #8] and in x0,
 * word at [sp, #16] and in x1. The result is what fn leaves in x0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	PUSH	ARGUMENT_BYTES
	mov	x16, x0
	mov	x0, x1
	mov	x1, x2
	stp	x0, x1, [sp, #8]
	blr	x16
	DROP	ARGUMENT_BYTES
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from x29, which a C
 * callee keeps: every unwinder finds the old stack by it, and so does the return.
 * What is saved is on the old stack:
 *
 *     CFA ->  +---------------------+
 *             | mark                | x29 + 40   (libcgo_call_on_stack only)
 *             | arg                 | x29 + 32   (libcgo_call_on_stack only)
 *             | fn                  | x29 + 24   (libcgo_call_on_stack only)
 *             | x19                 | x29 + 16   (libcgo_call_on_stack only)
 *             | return address      | x29 +  8
 *             | caller's x29        | <- x29
 *             +---------------------+
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
#define MARK 40

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
 * In: thread in x0, fn in x1, arg in x2. If sp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	SIGN_RETURN_ADDRESS
	PUSH_RECORD 16
	.cfi_def_cfa_register x29
	PROBE2(call_on_system, 8@x0, 8@x1)
	cbz	x0, 2f
	ldr	x10, [x0, #THREAD_SMALL_LO]
	ldr	x11, [x0, #THREAD_SMALL_SPAN]
	sub	x10, x29, x10
	cmp	x10, x11
	b.hs	2f
	str	x29, [x0, #THREAD_CALLER_SP]
	ldr	x10, [x0, #THREAD_SYSTEM_SP]
	mov	sp, x10
1:	mov	x0, x2
	BEGIN_OTHER_STACK
	blr	x1
	PROBE1(call_on_system_done, 8@x0)
	mov	sp, x29
	.cfi_remember_state
	POP_RECORD 16
	AUTHENTICATE_RETURN_ADDRESS
	ret
	.cfi_restore_state
	END_OTHER_STACK
2:	stp	x1, x2, [sp, #-16]!
	mov	x1, x29
	bl	SYM(libcgo_find_system_sp)
	ldp	x1, x2, [sp], #16
	cbz	x0, 1b
	mov	sp, x0
	b	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in x0, stack in x1, fn in x2, arg in x3. The list of such calls is
 * kept by libcgo_begin_stack_call and libcgo_end_stack_call.
 *
 * The first of the calls that are under way is begun and ended here, if it is in the record's
 * place, where the last first call was: amd64.S has more of that. The stores are in the order
 * of begin_again and libcgo_end_stack_call in src/kit/calls.cc.
 */
FUNC SYM(libcgo_call_on_stack)
	SIGN_RETURN_ADDRESS
	PUSH_RECORD 48
	.cfi_def_cfa_register x29
	PROBE2(call_on_stack, 8@x0, 8@x2)
	str	x19, [x29, #16]
	.cfi_offset x19, 16 - 48
	cbz	x0, LOCAL(begin)
	cbz	x1, LOCAL(begin)
	add	x19, x0, #THREAD_CALLS
	ldr	x9, [x0, #THREAD_NEXT_PLACE]
	cmp	x9, x19
	b.ne	LOCAL(begin)
	ldr	x9, [x19, #STACK_CALL_SERIAL]
	ldr	x10, [x0, #THREAD_TOP]
	ldr	x11, [x0, #THREAD_RUNNING]
	ldr	x12, [x0, #THREAD_SMALL_SPAN]
	ldr	x13, [x0, #THREAD_SWITCHING]
	orr	x9, x9, x10
	orr	x11, x11, x12
	orr	x9, x9, x13
	orr	x9, x9, x11
	cbnz	x9, LOCAL(begin)
	ldp	w9, w10, [x1, #STACK_SIZE]
	cmp	w9, #STACK_LEAST_SIZE
	b.lo	LOCAL(begin)
	cmp	w10, #RECORD_VERSION
	b.ne	LOCAL(begin)
	ldp	x10, x16, [x1, #STACK_LO]
	and	x11, x16, #-16
	sub	x12, x11, x10		/* the span */
	sub	x11, x11, #16		/* the start */
	ldr	x13, [x0, #THREAD_SERIAL]
	add	x13, x13, #1		/* has 64 bits, and does not wrap */
	add	x15, x29, #MARK
	/* The place is taken. Its flags, too, may be of a handler that came before. */
	str	x13, [x19, #STACK_CALL_SERIAL]
	str	x13, [x0, #THREAD_SERIAL]
	ldr	x9, [x19, #STACK_CALL_FLAGS]
	cmp	x9, #STACK_CALL_FIRST
	b.ne	LOCAL(give_back)
	ldr	x9, [x19, #STACK_CALL_MARK]
	cmp	x9, x15
	b.ne	LOCAL(differs)
	ldr	x9, [x19, #STACK_CALL_LO]
	cmp	x9, x10
	b.ne	LOCAL(differs)
	ldr	x9, [x19, #STACK_CALL_START]
	cmp	x9, x11
	b.ne	LOCAL(differs)
1:	str	x13, [x15]
	str	xzr, [x19, #STACK_CALL_PASSED_SPAN]
	mov	x9, #STACK_CALL_BEGINS_FIRST
	str	x9, [x19, #STACK_CALL_FLAGS]
	str	x19, [x0, #THREAD_TOP]
	ldr	x9, [x19, #STACK_CALL_SYSTEM_SP]
	str	x9, [x0, #THREAD_SYSTEM_SP]
	str	x10, [x0, #THREAD_SMALL_LO]
	str	x12, [x0, #THREAD_SMALL_SPAN]
	str	x19, [x0, #THREAD_RUNNING]
	str	x13, [x11, #STACK_CALL_WORD]
	mov	x9, #STACK_CALL_FIRST
	str	x9, [x19, #STACK_CALL_FLAGS]
	mov	x0, x3
	mov	sp, x11
	BEGIN_OTHER_STACK
2:	blr	x2
	PROBE1(call_on_stack_done, 8@x0)
	mov	sp, x29
	add	x2, x29, #MARK
	ldr	x9, [x19, #STACK_CALL_FLAGS]
	cmp	x9, #STACK_CALL_FIRST
	b.ne	LOCAL(end)
	ldr	x9, [x19, #STACK_CALL_MARK]
	cmp	x9, x2
	b.ne	LOCAL(end)
	ldr	x9, [x19, #STACK_CALL_SERIAL]
	ldr	x10, [x2]
	cmp	x9, x10
	b.ne	LOCAL(end)
	sub	x11, x19, #THREAD_CALLS
	ldr	x9, [x11, #THREAD_RUNNING]
	ldr	x10, [x11, #THREAD_TOP]
	cmp	x9, x19
	b.ne	LOCAL(end)
	cmp	x10, x19
	b.ne	LOCAL(end)
	str	xzr, [x11, #THREAD_SMALL_SPAN]
	str	xzr, [x11, #THREAD_SMALL_LO]
	str	xzr, [x11, #THREAD_RUNNING]
	str	xzr, [x11, #THREAD_TOP]
	str	xzr, [x19, #STACK_CALL_SERIAL]
	str	x19, [x11, #THREAD_NEXT_PLACE]
3:	ldr	x19, [x29, #16]
	.cfi_remember_state
	.cfi_restore x19
	POP_RECORD 48
	AUTHENTICATE_RETURN_ADDRESS
	ret
	.cfi_restore_state
LOCAL(end):
	mov	x1, x0
	mov	x0, x19
	bl	SYM(libcgo_end_stack_call)
	b	3b
	END_OTHER_STACK
LOCAL(differs):			/* another depth, or another stack */
	ldp	x9, x14, [x0, #THREAD_STACK_LO]
	cmp	x15, x9
	b.lo	LOCAL(give_back)
	cmp	x15, x14
	b.hs	LOCAL(give_back)
	cmp	x12, #LIBCGO_STACK_MIN_
	b.lt	LOCAL(give_back)
	cmp	x16, x9
	b.ls	4f
	cmp	x10, x14
	b.lo	LOCAL(give_back)
4:	cmp	x16, x10
	b.ls	LOCAL(give_back)
	str	x15, [x19, #STACK_CALL_MARK]
	str	x10, [x19, #STACK_CALL_LO]
	str	x11, [x19, #STACK_CALL_START]
	str	x29, [x19, #STACK_CALL_SYSTEM_SP]
	b	1b
LOCAL(give_back):
	str	xzr, [x19, #STACK_CALL_SERIAL]
LOCAL(begin):
	stp	x2, x3, [x29, #24]
	mov	x2, sp
	add	x3, x29, #MARK
	bl	SYM(libcgo_begin_stack_call)
	mov	x19, x0
	ldp	x2, x0, [x29, #24]
	ldr	x9, [x19, #STACK_CALL_START]
	mov	sp, x9
	b	2b
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in x0. It is at [sp] while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	PUSH	ARGUMENT_BYTES
	str	x0, [sp]
	mov	x1, sp
	bl	SYM(libcgo_guarded)
	DROP	ARGUMENT_BYTES
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.quad	-1, 0
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * x29 points at the caller's, and the return address follows it (AAPCS64,
 * "The Frame Pointer").
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.xword	0		/* caller */
	.xword	8		/* return address */
	.xword	0, 16		/* the range of both */
	.xword	0		/* from a mark to its return address */
	.xword	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * In: as it is in memory, in x0. The hint works on x30 alone.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	LANDING_PAD
	mov	x1, x30
	.cfi_register x30, x1
	mov	x30, x0
	hint	#7		/* xpaclri */
	mov	x0, x30
	mov	x30, x1
	.cfi_restore x30
	ret
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	LANDING_PAD
	mrs	x0, THREAD_REGISTER
	CLEAR_CPU_NUMBER x0
	ret
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in x0, from in x1, to in x2, word in x3. What it does in which order, and
 * why, stands in src/kit/context.cc. The frame of what is suspended is that of a crosscall,
 * with a mark below it, at sp, which the context's record has.
 *
 * It returns by ret: where landing pads are kept to (BTI), a branch has to find one.
 */
#define SWITCH_BYTES (FRAME_BYTES + 16)

.macro ENTER_SWITCH
	ENTER_FRAME
	PUSH	16
.endm

FUNC SYM(libcgo_switch)
	ENTER_SWITCH
	ldr	x9, [x2, #CONTEXT_SP]
	ldr	x12, [x1, #CONTEXT_SP]
	ldp	x10, x11, [x1, #CONTEXT_LO]
	mov	x13, sp
	sub	x13, x13, x10
	cmp	x9, #CONTEXT_OVER
	b.ls	LOCAL(ask)
	cbnz	x12, LOCAL(ask)
	cbz	x0, 3f
	cmp	x13, x11
	b.hs	LOCAL(ask)		/* not on the stack of *from */
	ldp	x12, x13, [x0, #THREAD_SMALL_LO]
	cmp	x12, x10
	ccmp	x13, x11, #0, eq
	b.ne	LOCAL(ask)
	ldr	x12, [x0, #THREAD_RUNNING]
	ldr	x12, [x12, #STACK_CALL_FLAGS]
	tst	x12, #STACK_CALL_SWITCHED
	b.eq	LOCAL(ask)
	ldr	x12, [x0, #THREAD_SWITCHING]
	cbnz	x12, LOCAL(ask)
LOCAL(go):
	mov	x12, sp			/* what *from gets */
LOCAL(leave):
	cbz	x0, 7f
	ldp	x10, x11, [x2, #CONTEXT_LO]
	str	x2, [x0, #THREAD_SWITCHING]
	mov	sp, x9
	str	xzr, [x0, #THREAD_SMALL_SPAN]
	str	x10, [x0, #THREAD_SMALL_LO]
	str	x11, [x0, #THREAD_SMALL_SPAN]
	str	xzr, [x0, #THREAD_SWITCHING]
1:	add	x29, sp, #16
	str	x12, [x1, #CONTEXT_SP]
	str	xzr, [x2, #CONTEXT_SP]
	str	x0, [x2, #CONTEXT_THREAD]
	ldr	x10, [x2, #CONTEXT_FLAGS]
	cbnz	x10, 6f
8:	mov	x0, x3
	.cfi_remember_state
	DROP	16
	LEAVE_FRAME
	.cfi_restore_state
3:	sub	x11, x11, #1		/* of a record that is not made all addresses */
	cmp	x13, x11
	b.ls	LOCAL(go)
LOCAL(ask):
	mov	x19, x0
	mov	x20, x1
	mov	x21, x2
	mov	x22, x3
	mov	x3, sp
	bl	SYM(libcgo_switch_asks)
	mov	x0, x19
	mov	x1, x20
	mov	x2, x21
	mov	x3, x22
	ldr	x9, [x2, #CONTEXT_SP]
	b	LOCAL(go)
6:	mov	x19, x3
	mov	x1, x2
	mov	x2, sp
	bl	SYM(libcgo_switch_resumes)
	mov	x3, x19
	b	8b
7:	mov	sp, x9
	b	1b
END SYM(libcgo_switch)

/* fn of the context in x1 has returned the one in x2, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH
	mov	x20, x1
	mov	x21, x2
	mov	x0, x1
	mov	x1, x2
	mov	x2, sp
	bl	SYM(libcgo_switch_ends)
	mov	x1, x20
	mov	x2, x21
	mov	x3, #0
	ldr	x9, [x2, #CONTEXT_SP]
	mov	x12, #CONTEXT_OVER
	b	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in x0, fn in x19, arg in x20, the context in
 * x21. Unwinding ends here. An unwinder looks for the caller of fn before the address to
 * which that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined x30
	nop
LOCAL(entry):
	mov	x1, x0
	mov	x0, x20
	blr	x19
	mov	x1, x21
	mov	x2, x0
	bl	SYM(libcgo_switch_end)
	brk	#0
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in x0, context in x1, fn in x2, arg in x3. The return address is signed as
 * at a function's entry; the hint works on x17 and x16.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	LANDING_PAD
	mov	x16, x0
	adr	x17, LOCAL(entry)
	hint	#8			/* pacia1716 */
	sub	x0, x0, #SWITCH_BYTES
	stp	xzr, xzr, [x0]
	stp	xzr, x17, [x0, #16]	/* no frame is above */
	stp	x2, x3, [x0, #16 + 16]
	stp	x1, xzr, [x0, #16 + 32]
	stp	xzr, xzr, [x0, #16 + 48]
	stp	xzr, xzr, [x0, #16 + 64]
	stp	xzr, xzr, [x0, #16 + 80]
	stp	xzr, xzr, [x0, #16 + 96]
	stp	xzr, xzr, [x0, #16 + 112]
	stp	xzr, xzr, [x0, #16 + 128]
	stp	xzr, xzr, [x0, #16 + 144]
	ret
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in x0, fn in x1, arg in x2. While fn runs, the frame is described as that of the
 * context, with what it has saved.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	SIGN_RETURN_ADDRESS
	PUSH_RECORD 32
	str	x19, [sp, #16]
	.cfi_rel_offset x19, 16
	mov	x19, x0
	mov	x0, x2
	.cfi_remember_state
	.cfi_def_cfa x19, SWITCH_BYTES
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	.cfi_offset x\n, (\n - 19) * 8 + 16 - FRAME_BYTES
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	.cfi_offset d\n, (\n - 8) * 8 + 96 - FRAME_BYTES
	.endr
	.cfi_offset x29, -FRAME_BYTES
	.cfi_offset x30, 8 - FRAME_BYTES
	blr	x1
	.cfi_restore_state
	ldr	x19, [sp, #16]
	.cfi_restore x19
	POP_RECORD 32
	AUTHENTICATE_RETURN_ADDRESS
	ret
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.xword	0		/* mark */
	.xword	16 + 8		/* return address */
	.xword	16		/* x29 */
END_DATA SYM(libcgo_switch_frame)
#endif
