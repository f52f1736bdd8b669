/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SPARC V9, 64 bits (SPARC Compliance Definition 2.4, chapter 3).
 *
 * A function begins with `save`, which gives it a window of registers of its own: its
 * %i are its caller's %o, and among them %fp (%i6) is its caller's %sp (%o6), %i7 where
 * it was called from. What a callee keeps, %l and %i, it keeps by this; no
 * floating-point register is kept. %g7 is the thread pointer. Arguments come in %o0,
 * %o1, ...; an int fills its register, sign-extended.
 *
 * Windows are few. When they are used up, the oldest is stored where its %sp points,
 * and comes back from there: at any instruction, %sp + BIAS is a multiple of 16 and
 * the address of 16 words for %l and %i. So a stack is switched by setting %sp: what
 * of the old one is in registers knows its place itself. And so nothing may change
 * %fp, which is the caller's %sp in the caller's window.
 */
#include "core/asm.h"

#define BIAS 2047

	.register %g7, #ignore

/*
 * The least frame: the words for a window, and for six arguments, where their
 * callee may store them.
 */
#define LEAST_BYTES 176
#define FIRST_ARGUMENT (BIAS + 128)
#define SECOND_ARGUMENT (BIAS + 136)

/* A window of its own, in a frame of this size: the CFA is %fp + BIAS. */
.macro ENTER bytes
	save	%sp, -\bytes, %sp
	.cfi_window_save
	.cfi_register %o7, %i7
	.cfi_def_cfa_register %fp
.endm

/*
 * The frame of a crosscall:
 *
 *     CFA ->  +---------------------+ <- %fp + BIAS
 *             | return address      | %fp + BIAS - 8
 *             | fn                  | %fp + BIAS - 16    (libcgo_crosscall_g only)
 *             | (four arguments)    |
 *             | second argument     | %sp + BIAS + 136
 *             | first argument      | %sp + BIAS + 128
 *             | the window          | %sp + BIAS
 *             +---------------------+
 *
 * fn, if it has no window of its own, is in this one, and may change every register
 * but %sp and %fp. The caller's are in the caller's.
 */
#define FRAME_BYTES (LEAST_BYTES + 16)

.macro ENTER_FRAME
	ENTER	FRAME_BYTES
	stx	%i7, [%fp + BIAS - 8]
	.cfi_offset %o7, -8
.endm

/* Returns to the caller's window, with what is in %o0. */
.macro LEAVE_FRAME
	ldx	[%fp + BIAS - 8], %i7
	.cfi_register %o7, %i7
	jmpl	%i7 + 8, %g0
	 restore %g0, %o0, %o0
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in %o0, setg in %o1, g in %o2. fn waits on the stack while setg runs. Go has
 * no port to this CPU that would name a register for g. Without windows of their own
 * setg and fn are in this one, and each %l and %i but %fp stays as setg leaves it; with
 * them, %g2 and %g3 do, which belong to applications.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	stx	%i0, [%fp + BIAS - 16]
	jmpl	%i1, %o7
	 mov	%i2, %o0
	ldx	[%fp + BIAS - 16], %g1
	jmpl	%g1, %o7
	 nop
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in %o0, arg in %o1, argsize in %o2, sign-extended. At fn's entry arg is in
 * %o0, argsize in %o1, and both are in the words that the frame has for them.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	mov	%i1, %o0
	mov	%i2, %o1
	stx	%o0, [%sp + FIRST_ARGUMENT]
	jmpl	%i0, %o7
	 stx	%o1, [%sp + SECOND_ARGUMENT]
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in %o0, arg in %o1, word in %o2. At fn's entry arg is in %o0, word in %o1, and
 * both are in the words that the frame has for them. The result is what fn leaves in
 * %o0.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	mov	%i1, %o0
	mov	%i2, %o1
	stx	%o0, [%sp + FIRST_ARGUMENT]
	jmpl	%i0, %o7
	 stx	%o1, [%sp + SECOND_ARGUMENT]
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * A call on another stack. The CFA counts from %fp, which stays: every unwinder finds
 * the old stack by it, and so does the return. %l and %i of this window, and with them
 * the return address, are wherever the window is: in registers, or in the words below
 * which fn's frame begins.
 *
 * What the records have are addresses, without BIAS.
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
 * In: thread in %o0, fn in %o1, arg in %o2. If %sp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it came
 * from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	ENTER	LEAST_BYTES
	PROBE2(call_on_system, 8@%i0, 8@%i1)
	brz,pn	%i0, 2f
	 add	%sp, BIAS, %l0
	ldx	[%i0 + THREAD_SMALL_LO], %l1
	ldx	[%i0 + THREAD_SMALL_SPAN], %l2
	sub	%l0, %l1, %l1
	cmp	%l1, %l2
	bgeu,pn	%xcc, 2f
	 nop
	stx	%l0, [%i0 + THREAD_CALLER_SP]
	ldx	[%i0 + THREAD_SYSTEM_SP], %l1
	sub	%l1, LEAST_BYTES + BIAS, %sp
1:	BEGIN_OTHER_STACK
	jmpl	%i1, %o7
	 mov	%i2, %o0
	PROBE1(call_on_system_done, 8@%o0)
	jmpl	%i7 + 8, %g0
	 restore %g0, %o0, %o0
	END_OTHER_STACK
2:	mov	%i0, %o0
	call	SYM(libcgo_find_system_sp)
	 mov	%l0, %o1
	brz,pt	%o0, 1b
	 nop
	ba,pt	%xcc, 1b
	 sub	%o0, LEAST_BYTES + BIAS, %sp
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in %o0, stack in %o1, fn in %o2, arg in %o3. The list of such calls is
 * kept by libcgo_begin_stack_call and libcgo_end_stack_call. On the old stack:
 *
 *     CFA ->  +---------------------+ <- %fp + BIAS
 *             | mark                | %fp + BIAS - 8
 *             | (alignment)         |
 *             | (six arguments)     |
 *             | the window          | %sp + BIAS
 *             +---------------------+
 */
#define MARK (BIAS - 8)	/* above %fp */

FUNC SYM(libcgo_call_on_stack)
	ENTER	LEAST_BYTES + 16
	PROBE2(call_on_stack, 8@%i0, 8@%i2)
	mov	%sp, %l1
	mov	%i0, %o0
	mov	%i1, %o1
	add	%fp, MARK, %o3
	call	SYM(libcgo_begin_stack_call)
	 add	%sp, BIAS, %o2
	mov	%o0, %l0
	ldx	[%l0 + STACK_CALL_START], %l2
	sub	%l2, LEAST_BYTES + BIAS, %sp
	BEGIN_OTHER_STACK
	jmpl	%i2, %o7
	 mov	%i3, %o0
	PROBE1(call_on_stack_done, 8@%o0)
	mov	%l1, %sp
	mov	%o0, %o1
	add	%fp, MARK, %o2
	call	SYM(libcgo_end_stack_call)
	 mov	%l0, %o0
	jmpl	%i7 + 8, %g0
	 restore %g0, %o0, %o0
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in %o0. It is at the end of this frame while libcgo_guarded runs: there the personality
 * routine finds it.
 *
 * The registers that the caller keeps are in its window: it goes to the stack, for who looks
 * through the frames from another thread.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	stx	%i0, [%fp + BIAS - 16]
	flushw
	mov	%i0, %o0
	call	SYM(libcgo_guarded)
	 add	%sp, BIAS, %o1
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.xword	-1, FRAME_BYTES - 16
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * Frames form a chain only while no window is in registers.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.xword	0, 0, 0, 0
	.xword	0		/* from a mark to its return address */
	.xword	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 *
 * In and out: %o0. There are no signatures.
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	retl
	 nop
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	retl
	 mov	%g7, %o0
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in %o0, from in %o1, to in %o2, word in %o3. What it does in which order, and
 * why, stands in src/context.cc. The frame of what is suspended is that of a crosscall,
 * with the mark in place of fn. What it keeps are the caller's %l and %i: `flushw` stores
 * them, and all windows but this one, where their %sp point, and from the other stack
 * `restore` brings back those of the caller there.
 *
 * This window has words of its own at %sp, where a signal stores it at any time. So the
 * return address is not taken from there; and %fp is what %sp says, as frames are alike.
 *
 * It returns by %l0: a jump through that is no return for a CPU's return stack.
 */
#define SWITCH_MARK (BIAS - 16)	/* above %fp */

.macro ENTER_SWITCH
	ENTER_FRAME
	.cfi_def_cfa %sp, BIAS + FRAME_BYTES
.endm

FUNC SYM(libcgo_switch)
	ENTER_SWITCH
	ldx	[%i2 + CONTEXT_SP], %l3
	ldx	[%i1 + CONTEXT_SP], %l4
	ldx	[%i1 + CONTEXT_LO], %l5
	ldx	[%i1 + CONTEXT_SPAN], %l6
	add	%sp, BIAS, %l7		/* what *from gets */
	cmp	%l3, CONTEXT_OVER
	bleu,pn	%xcc, LOCAL(ask)
	 sub	%l7, %l5, %l0
	brnz,pn	%l4, LOCAL(ask)
	 nop
	brz,pn	%i0, 3f
	 cmp	%l0, %l6
	bgeu,pn	%xcc, LOCAL(ask)	/* not on the stack of *from */
	 nop
	ldx	[%i0 + THREAD_SMALL_LO], %l1
	ldx	[%i0 + THREAD_SMALL_SPAN], %l2
	cmp	%l1, %l5
	bne,pn	%xcc, LOCAL(ask)
	 cmp	%l2, %l6
	bne,pn	%xcc, LOCAL(ask)
	 nop
	ldx	[%i0 + THREAD_RUNNING], %l1
	ldx	[%l1 + STACK_CALL_FLAGS], %l1
	andcc	%l1, STACK_CALL_SWITCHED, %g0
	be,pn	%xcc, LOCAL(ask)
	 nop
	ldx	[%i0 + THREAD_SWITCHING], %l1
	brnz,pn	%l1, LOCAL(ask)
	 nop
LOCAL(go):
	flushw
	brz,pn	%i0, 7f
	 sub	%l3, BIAS, %l0
	ldx	[%i2 + CONTEXT_LO], %l1
	ldx	[%i2 + CONTEXT_SPAN], %l2
	stx	%i2, [%i0 + THREAD_SWITCHING]
	mov	%l0, %sp
	stx	%g0, [%i0 + THREAD_SMALL_SPAN]
	stx	%l1, [%i0 + THREAD_SMALL_LO]
	stx	%l2, [%i0 + THREAD_SMALL_SPAN]
	stx	%g0, [%i0 + THREAD_SWITCHING]
1:	add	%sp, FRAME_BYTES, %fp
	stx	%l7, [%i1 + CONTEXT_SP]
	stx	%g0, [%i2 + CONTEXT_SP]
	stx	%i0, [%i2 + CONTEXT_THREAD]
	ldx	[%i2 + CONTEXT_FLAGS], %l1
	brnz,pn	%l1, 6f
	 nop
8:	ldx	[%fp + BIAS - 8], %l0
	jmpl	%l0 + 8, %g0
	 restore %g0, %i3, %o0
3:	sub	%l6, 1, %l6		/* of a record that is not made all addresses */
	cmp	%l0, %l6
	bleu,pt	%xcc, LOCAL(go)
	 nop
LOCAL(ask):
	mov	%i0, %o0
	mov	%i1, %o1
	mov	%i2, %o2
	call	SYM(libcgo_switch_asks)
	 add	%fp, SWITCH_MARK, %o3
	ba,pt	%xcc, LOCAL(go)
	 ldx	[%i2 + CONTEXT_SP], %l3
6:	mov	%i0, %o0
	mov	%i2, %o1
	call	SYM(libcgo_switch_resumes)
	 add	%fp, SWITCH_MARK, %o2
	ba,pt	%xcc, 8b
	 nop
7:	ba,pt	%xcc, 1b
	 mov	%l0, %sp
END SYM(libcgo_switch)

/* fn of the context in %o1 has returned the one in %o2, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH
	mov	%i1, %o0
	mov	%i2, %o1
	call	SYM(libcgo_switch_ends)
	 add	%fp, SWITCH_MARK, %o2
	mov	%o0, %i0
	mov	0, %i3
	ldx	[%i2 + CONTEXT_SP], %l3
	ba,pt	%xcc, LOCAL(go)
	 mov	CONTEXT_OVER, %l7
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in %o0, fn in %l0, arg in %l1, the context in
 * %l2. Unwinding ends here. An unwinder looks for the caller of fn before the address to
 * which that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined %o7
	nop
LOCAL(entry):
	mov	%o0, %o1
	jmpl	%l0, %o7
	 mov	%l1, %o0
	mov	%o0, %o2
	call	SYM(libcgo_switch_end)
	 mov	%l2, %o1
	illtrap	0
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in %o0, context in %o1, fn in %o2, arg in %o3. Above the first frame there is the
 * least one, with the window of LOCAL(entry). There is no frame above that: its %fp is 0.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	sub	%o0, FRAME_BYTES + LEAST_BYTES, %o0
1:	rd	%pc, %g1
	add	%g1, LOCAL(entry) - 8 - 1b, %g1
	stx	%g1, [%o0 + FRAME_BYTES - 8]
	stx	%o2, [%o0 + FRAME_BYTES]
	stx	%o3, [%o0 + FRAME_BYTES + 8]
	stx	%o1, [%o0 + FRAME_BYTES + 16]
	.irp	n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	stx	%g0, [%o0 + FRAME_BYTES + 8 * \n]
	.endr
	retl
	 nop
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in %o0, fn in %o1, arg in %o2. While fn runs, the frame is described as that of
 * the context.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	ENTER	LEAST_BYTES
	mov	%i0, %l0
	.cfi_remember_state
	.cfi_def_cfa %l0, FRAME_BYTES
	.cfi_offset %o7, -8
	jmpl	%i1, %o7
	 mov	%i2, %o0
	.cfi_restore_state
	jmpl	%i7 + 8, %g0
	 restore
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 *
 * Frames form no chain.
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.xword	FRAME_BYTES - 16	/* mark */
	.xword	FRAME_BYTES - 8	/* return address */
	.xword	0
END_DATA SYM(libcgo_switch_frame)
#endif
