/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86-64, System V calling convention (System V ABI, AMD64 supplement,
 * section 3.2).
 *
 * A callee keeps rbx, rbp, r12-r15 and rsp; rsp + 8 is a multiple of 16 at a
 * function's entry; integer arguments come in rdi, rsi, rdx, ...
 */
#include <libcgo/platform.h>

#include "core/asm.h"

#define LANDING_PAD endbr64

/*
 * The frame of a crosscall. Each register is stored and described to the
 * unwinder by one macro.
 *
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's rbp        | <- rbp
 *             | rbx                 | rbp -  8
 *             | r12                 | rbp - 16
 *             | r13                 | rbp - 24
 *             | r14                 | rbp - 32
 *             | r15                 | rbp - 40
 *             | (alignment)         |
 *             | second argument     | rsp +  8   (crosscall2 only)
 *             | first argument      | rsp        (crosscall2 only)
 *             +---------------------+
 *
 * Pushes and pops, because with them each routine fits in the one line of the
 * instruction cache on which it begins, and because CPUs forward what was
 * pushed to the pop without a trip through memory: the caller's registers come
 * back at once. For the same reason rsp is added to: with lea, which CPUs do not
 * follow, a crossing costs a fifth more (docs/benchmarks.md).
 */
.macro SAVE reg
	pushq	%\reg
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %\reg, 0
.endm

.macro RESTORE reg
	popq	%\reg
	.cfi_adjust_cfa_offset -8
	.cfi_restore %\reg
.endm

.macro PUSH reg
	pushq	%\reg
	.cfi_adjust_cfa_offset 8
.endm

.macro DROP bytes
	addq	$\bytes, %rsp
	.cfi_adjust_cfa_offset -\bytes
.endm

.macro ENTER_FRAME
	LANDING_PAD
	SAVE	rbp
	movq	%rsp, %rbp
	SAVE	rbx
	SAVE	r12
	SAVE	r13
	SAVE	r14
	SAVE	r15
.endm

/*
 * rsp is where ENTER_FRAME left it: fn may change every other register, which
 * is why the CFA counts from rsp.
 */
.macro LEAVE_FRAME
	RESTORE	r15
	RESTORE	r14
	RESTORE	r13
	RESTORE	r12
	RESTORE	rbx
	RESTORE	rbp
	ret
.endm

#ifdef PART_crosscall
/*
 * void crosscall_amd64(void (*fn)(void));
 *
 * In: fn in rdi. Keeps what a C callee keeps, whatever fn does to it. The word for
 * the alignment is 0: a runtime that takes the top word of this frame for a return
 * address finds that its walk is over.
 */
FUNC SYM(crosscall_amd64)
	ENTER_FRAME
	pushq	$0	/* alignment */
	.cfi_adjust_cfa_offset 8
	call	*%rdi
	DROP	8
	LEAVE_FRAME
END SYM(crosscall_amd64)
#endif

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in rdi, setg in rsi, g in rdx. setg keeps none but fn, in rbx.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	PUSH	rdi	/* alignment */
	movq	%rdi, %rbx
	movq	%rdx, %rdi
	call	*%rsi
	call	*%rbx
	DROP	8
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in rdi, arg in rsi, argsize in edx. At fn's entry arg is at 8(%rsp)
 * and in rdi, argsize, sign-extended, at 16(%rsp) and in rsi.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movslq	%edx, %rsi
	PUSH	rsi	/* alignment */
	PUSH	rsi
	PUSH	rdi
	call	*%rax
	DROP	24
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in rdi, arg in rsi, word in rdx. At fn's entry arg is at 8(%rsp) and
 * in rdi, word at 16(%rsp) and in rsi. The result is what fn leaves in rax.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	PUSH	rsi	/* alignment */
	PUSH	rsi
	PUSH	rdi
	call	*%rax
	DROP	24
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from rbp, which a C
 * callee keeps: every unwinder finds the old stack by it, and so does the return.
 * What is saved is on the old stack:
 *
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's rbp        | <- rbp
 *             | rbx                 | rbp -  8   (libcgo_call_on_stack only)
 *             | fn                  | rbp - 16   (libcgo_call_on_stack only)
 *             | arg                 | rbp - 24   (libcgo_call_on_stack only)
 *             | mark                | rbp - 32   (libcgo_call_on_stack only)
 *             +---------------------+
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
#define MARK 32	/* below rbp */

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
 * In: thread in rdi, fn in rsi, arg in rdx. If rsp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	LANDING_PAD
	SAVE	rbp
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	PROBE2(call_on_system, 8@%rdi, 8@%rsi)
	testq	%rdi, %rdi
	jz	2f
	movq	%rsp, %rax
	subq	THREAD_SMALL_LO(%rdi), %rax
	cmpq	THREAD_SMALL_SPAN(%rdi), %rax
	jae	2f
	movq	%rsp, THREAD_CALLER_SP(%rdi)
	movq	THREAD_SYSTEM_SP(%rdi), %rsp
1:	movq	%rdx, %rdi
	BEGIN_OTHER_STACK
	call	*%rsi
	PROBE1(call_on_system_done, 8@%rax)
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_def_cfa %rbp, 16
	.cfi_offset %rbp, -16
	END_OTHER_STACK
2:	pushq	%rsi
	pushq	%rdx
	movq	%rbp, %rsi
	pushq	%rdi	/* alignment */
	pushq	%rdi
	call	SYM(libcgo_find_system_sp)
	addq	$16, %rsp
	popq	%rdx
	popq	%rsi
	testq	%rax, %rax
	jz	1b
	movq	%rax, %rsp
	jmp	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in rdi, stack in rsi, fn in rdx, arg in rcx. The list of such calls
 * is kept by libcgo_begin_stack_call and libcgo_end_stack_call.
 *
 * Calls that begin_again in src/kit/calls.cc knows are begun and ended here. That function,
 * libcgo_end_stack_call and the head of that file say what is stored in which order, and why.
 * There are two kinds:
 *
 * - The first of the calls that are under way, in the record's place: the address of the
 *   place shows that the record is one. Such a call may also be made from another depth or
 *   on another small stack than before: the words that differ are stored.
 *   STACK_CALL_FIRST, as the flags of the place, says that all others are 0.
 * - One that C makes in another call, in a place of a page.
 */
FUNC SYM(libcgo_call_on_stack)
	LANDING_PAD
	SAVE	rbp
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	PROBE2(call_on_stack, 8@%rdi, 8@%rdx)
	pushq	%rbx
	.cfi_offset %rbx, -24
	subq	$(24), %rsp
	testq	%rdi, %rdi
	jz	LOCAL(begin)
	testq	%rsi, %rsi
	jz	LOCAL(begin)
	leaq	THREAD_CALLS(%rdi), %rax
	cmpq	%rax, THREAD_NEXT_PLACE(%rdi)
	jne	LOCAL(below)
	movq	STACK_CALL_SERIAL(%rax), %rbx
	orq	THREAD_TOP(%rdi), %rbx
	orq	THREAD_RUNNING(%rdi), %rbx
	orq	THREAD_SMALL_SPAN(%rdi), %rbx
	orq	THREAD_SWITCHING(%rdi), %rbx
	jnz	LOCAL(begin)
	cmpl	$STACK_LEAST_SIZE, STACK_SIZE(%rsi)
	jb	LOCAL(begin)
	cmpl	$RECORD_VERSION, STACK_VERSION(%rsi)
	jne	LOCAL(begin)
	movq	STACK_HI(%rsi), %r10
	movq	STACK_LO(%rsi), %r11
	andq	$-16, %r10
	movq	%r10, %r9	/* the span */
	subq	%r11, %r9
	subq	$(16), %r10	/* the start */
	movq	THREAD_SERIAL(%rdi), %r8
	incq	%r8		/* has 64 bits, and does not wrap */
	/* The place is taken. Its flags, too, may be of a handler that came before. */
	movq	%r8, STACK_CALL_SERIAL(%rax)
	movq	%r8, THREAD_SERIAL(%rdi)
	cmpq	$STACK_CALL_FIRST, STACK_CALL_FLAGS(%rax)
	jne	LOCAL(give_back)
	cmpq	%rsp, STACK_CALL_MARK(%rax)
	jne	LOCAL(differs)
	cmpq	%r11, STACK_CALL_LO(%rax)
	jne	LOCAL(differs)
	cmpq	%r10, STACK_CALL_START(%rax)
	jne	LOCAL(differs)
1:	movq	%rax, %rbx
	movq	%r8, (%rsp)
	movq	8(%rbp), %rax
	movq	%rax, STACK_CALL_RETURNS_TO(%rbx)
	movq	$(0), STACK_CALL_PASSED_SPAN(%rbx)
	movq	$STACK_CALL_BEGINS_FIRST, STACK_CALL_FLAGS(%rbx)
	movq	%rbx, THREAD_TOP(%rdi)
	movq	STACK_CALL_SYSTEM_SP(%rbx), %rax
	movq	%rax, THREAD_SYSTEM_SP(%rdi)
	movq	%r11, THREAD_SMALL_LO(%rdi)
	movq	%r9, THREAD_SMALL_SPAN(%rdi)
	movq	%rbx, THREAD_RUNNING(%rdi)
	movq	%r8, STACK_CALL_WORD(%r10)
	movq	$STACK_CALL_FIRST, STACK_CALL_FLAGS(%rbx)
LOCAL(call):
	movq	%rcx, %rdi
	movq	%r10, %rsp
	BEGIN_OTHER_STACK
2:	call	*%rdx
	PROBE1(call_on_stack_done, 8@%rax)
	leaq	-MARK(%rbp), %rsp
	cmpq	$STACK_CALL_FIRST, STACK_CALL_FLAGS(%rbx)
	jne	LOCAL(end_below)
	cmpq	%rsp, STACK_CALL_MARK(%rbx)
	jne	LOCAL(end)
	movq	STACK_CALL_SERIAL(%rbx), %rcx
	cmpq	%rcx, (%rsp)
	jne	LOCAL(end)
	cmpq	%rbx, THREAD_RUNNING-THREAD_CALLS(%rbx)
	jne	LOCAL(end)
	cmpq	%rbx, THREAD_TOP-THREAD_CALLS(%rbx)
	jne	LOCAL(end)
	xorl	%ecx, %ecx
	pxor	%xmm0, %xmm0
	movups	%xmm0, THREAD_SMALL_LO-THREAD_CALLS(%rbx)
	movq	%rcx, THREAD_RUNNING-THREAD_CALLS(%rbx)
	movq	%rcx, THREAD_TOP-THREAD_CALLS(%rbx)
	movq	%rcx, STACK_CALL_SERIAL(%rbx)
	movq	%rbx, THREAD_NEXT_PLACE-THREAD_CALLS(%rbx)
3:	movq	-8(%rbp), %rbx
	.cfi_remember_state
	.cfi_restore %rbx
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_restore_state
LOCAL(end_below):
	cmpb	$STACK_CALL_BELOW, STACK_CALL_FLAGS(%rbx)
	jne	LOCAL(end)
	cmpq	%rsp, STACK_CALL_MARK(%rbx)
	jne	LOCAL(end)
	movq	STACK_CALL_SERIAL(%rbx), %rcx
	cmpq	%rcx, (%rsp)
	jne	LOCAL(end)
	movq	%rbx, %rdi
	andq	$-CALLS_PAGE_BYTES, %rdi
	movq	CALLS_PAGE_THREAD(%rdi), %rdi
	cmpq	%rbx, THREAD_RUNNING(%rdi)
	jne	LOCAL(end)
	cmpq	%rbx, THREAD_TOP(%rdi)
	jne	LOCAL(end)
	movq	STACK_CALL_PARENT(%rbx), %rcx
	cmpq	%rcx, STACK_CALL_PREV(%rbx)
	jne	LOCAL(end)
	movq	STACK_CALL_SERIAL(%rcx), %r8
	cmpq	%r8, STACK_CALL_PARENT_SERIAL(%rbx)
	jne	LOCAL(end)
	cmpq	$(0), STACK_CALL_PASSED_SPAN(%rcx)
	jne	LOCAL(end)
	movq	$(0), THREAD_SMALL_SPAN(%rdi)
	movq	%rsp, THREAD_SMALL_LO(%rdi)
	movq	STACK_CALL_PRIOR_SYSTEM(%rbx), %r8
	movq	%r8, THREAD_SYSTEM_SP(%rdi)
	movq	STACK_CALL_PRIOR_CALLER(%rbx), %r8
	movq	%r8, THREAD_CALLER_SP(%rdi)
	movq	STACK_CALL_PRIOR_LO(%rbx), %r8
	movq	%r8, THREAD_SMALL_LO(%rdi)
	movq	STACK_CALL_PRIOR_SPAN(%rbx), %r8
	movq	%r8, THREAD_SMALL_SPAN(%rdi)
	movq	%rcx, THREAD_RUNNING(%rdi)
	movq	$(0), STACK_CALL_PASSED_SPAN(%rcx)
5:	movq	%rcx, THREAD_TOP(%rdi)
	movq	%rcx, %r8
	movq	STACK_CALL_PREV(%rbx), %rcx	/* a handler may have taken it out */
	cmpq	%r8, %rcx
	jne	5b
	movq	$(0), STACK_CALL_SERIAL(%rbx)
	movq	%rbx, THREAD_NEXT_PLACE(%rdi)
	jmp	3b
LOCAL(end):
	movq	%rbx, %rdi
	movq	%rax, %rsi
	movq	%rsp, %rdx
	call	SYM(libcgo_end_stack_call)
	jmp	3b
	END_OTHER_STACK
LOCAL(below):			/* in another call? */
	cmpl	$THREAD_LEAST_SIZE, THREAD_SIZE(%rdi)
	jb	LOCAL(begin)
	cmpl	$RECORD_VERSION, THREAD_VERSION(%rdi)
	jne	LOCAL(begin)
	movq	THREAD_NEXT_PLACE(%rdi), %rax
	testq	%rax, %rax
	jz	LOCAL(begin)
	movq	THREAD_RUNNING(%rdi), %rbx
	testq	%rbx, %rbx
	jz	LOCAL(begin)
	cmpq	%rbx, THREAD_TOP(%rdi)
	jne	LOCAL(begin)
	cmpq	$(0), THREAD_SWITCHING(%rdi)
	jne	LOCAL(begin)
	testb	$THREAD_SMALL_WITHIN_OWN, THREAD_STATE(%rdi)
	jnz	LOCAL(begin)
	cmpl	$STACK_LEAST_SIZE, STACK_SIZE(%rsi)
	jb	LOCAL(begin)
	cmpl	$RECORD_VERSION, STACK_VERSION(%rsi)
	jne	LOCAL(begin)
	cmpq	$(0), STACK_CALL_SERIAL(%rax)
	jne	LOCAL(begin)
	movq	THREAD_SERIAL(%rdi), %r8
	incq	%r8
	movq	%r8, STACK_CALL_SERIAL(%rax)
	movq	%r8, THREAD_SERIAL(%rdi)
	movq	STACK_CALL_FLAGS(%rbx), %r9	/* one more than there */
	movb	$STACK_CALL_BELOW, %r9b
	addq	$STACK_CALL_ONE, %r9
	cmpq	%r9, STACK_CALL_FLAGS(%rax)
	jne	LOCAL(give_back)
	cmpq	%rbx, STACK_CALL_PARENT(%rax)
	jne	LOCAL(give_back)
	cmpq	%rbx, STACK_CALL_PREV(%rax)
	jne	LOCAL(give_back)
	cmpq	%rbx, STACK_CALL_SKIP(%rax)
	jne	LOCAL(give_back)
	cmpq	%rsp, STACK_CALL_MARK(%rax)
	jne	LOCAL(give_back)
	movq	STACK_CALL_SERIAL(%rbx), %r10	/* of the frame of the one that runs */
	cmpq	%r10, STACK_CALL_PARENT_SERIAL(%rax)
	jne	LOCAL(give_back)
	movq	STACK_CALL_MARK(%rbx), %r11
	cmpq	%r10, (%r11)
	jne	LOCAL(give_back)
	movq	MARK+8(%r11), %r11
	cmpq	%r11, STACK_CALL_RETURNS_TO(%rbx)
	jne	LOCAL(give_back)
	movq	THREAD_SMALL_LO(%rdi), %r11
	cmpq	%r11, STACK_CALL_PRIOR_LO(%rax)
	jne	LOCAL(give_back)
	movq	THREAD_SMALL_SPAN(%rdi), %r11
	cmpq	%r11, STACK_CALL_PRIOR_SPAN(%rax)
	jne	LOCAL(give_back)
	movq	THREAD_CALLER_SP(%rdi), %r10
	cmpq	%r10, STACK_CALL_PRIOR_CALLER(%rax)
	jne	LOCAL(give_back)
	movq	STACK_LO(%rsi), %r11
	cmpq	%r11, STACK_CALL_LO(%rax)
	jne	LOCAL(give_back)
	movq	STACK_HI(%rsi), %rbx
	subq	%r10, %rbx
	jbe	LOCAL(give_back)
	shlq	$(2), %rbx		/* at most a quarter of the stack is above */
	addq	%r11, %rbx
	cmpq	%rbx, STACK_HI(%rsi)
	jb	LOCAL(give_back)
	movq	STACK_HI(%rsi), %rbx
	cmpq	THREAD_STACK_LO(%rdi), %rbx
	jbe	6f
	cmpq	THREAD_STACK_HI(%rdi), %r11
	jb	LOCAL(give_back)
6:	movq	%rax, %rbx
	movq	%r8, (%rsp)
	movq	8(%rbp), %rax
	movq	%rax, STACK_CALL_RETURNS_TO(%rbx)
	movq	8(%r10), %rax		/* the frame of libcgo_call_on_system is there */
	movq	%rax, STACK_CALL_C_RETURNS_TO(%rbx)
	movq	THREAD_SYSTEM_SP(%rdi), %rax
	movq	%rax, STACK_CALL_PRIOR_SYSTEM(%rbx)
	movq	$(0), STACK_CALL_PASSED_SPAN(%rbx)
	leaq	STACK_CALL_BEGINS_BELOW-STACK_CALL_BELOW(%r9), %rax
	movq	%rax, STACK_CALL_FLAGS(%rbx)
	movq	%rbx, THREAD_TOP(%rdi)
	movq	$(0), THREAD_SMALL_SPAN(%rdi)
	movq	%rsp, THREAD_SMALL_LO(%rdi)
	movq	STACK_CALL_SYSTEM_SP(%rbx), %rax
	movq	%rax, THREAD_SYSTEM_SP(%rdi)
	movq	%r11, THREAD_SMALL_LO(%rdi)
	movq	STACK_CALL_START(%rbx), %r10
	leaq	16(%r10), %rax
	subq	%r11, %rax
	movq	%rax, THREAD_SMALL_SPAN(%rdi)
	movq	%rbx, THREAD_RUNNING(%rdi)
	movq	%r8, STACK_CALL_WORD(%r10)
	movq	%r9, STACK_CALL_FLAGS(%rbx)
	jmp	LOCAL(call)
LOCAL(differs):		/* another depth, or another stack */
	cmpq	THREAD_STACK_LO(%rdi), %rsp
	jb	LOCAL(give_back)
	cmpq	THREAD_STACK_HI(%rdi), %rsp
	jae	LOCAL(give_back)
	cmpq	$LIBCGO_STACK_MIN_, %r9
	jl	LOCAL(give_back)
	movq	STACK_HI(%rsi), %rbx
	cmpq	THREAD_STACK_LO(%rdi), %rbx
	jbe	4f
	cmpq	THREAD_STACK_HI(%rdi), %r11
	jb	LOCAL(give_back)
4:	cmpq	%r11, %rbx
	jbe	LOCAL(give_back)
	movq	%rsp, STACK_CALL_MARK(%rax)
	movq	%r11, STACK_CALL_LO(%rax)
	movq	%r10, STACK_CALL_START(%rax)
	movq	%rsp, %rbx
	andq	$-16, %rbx
	movq	%rbx, STACK_CALL_SYSTEM_SP(%rax)
	jmp	1b
LOCAL(give_back):
	movq	$(0), STACK_CALL_SERIAL(%rax)
LOCAL(begin):
	movq	%rdx, -16(%rbp)
	movq	%rcx, -24(%rbp)
	movq	%rsp, %rdx
	movq	%rsp, %rcx
	call	SYM(libcgo_begin_stack_call)
	movq	%rax, %rbx
	movq	-24(%rbp), %rdi
	movq	-16(%rbp), %rdx
	movq	STACK_CALL_START(%rax), %rsp
	jmp	2b
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in rdi. It is at rsp while libcgo_guarded runs, and by that the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	PUSH	rdi	/* alignment */
	movq	%rsp, %rsi
	call	SYM(libcgo_guarded)
	DROP	8
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 8
	.quad	-1, 0
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_call_parked
/*
 * uintptr_t libcgo_call_parked(struct libcgo_thread *thread,
 *                              uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in rdi, fn in rsi, arg in rdx. libcgo_call_on_system, and what
 * src/kit/world.cc says of parking. All that a callee keeps is stored, for who looks
 * through the frame; fn keeps it, so only rbx is loaded again. That has the address of poll.
 *
 *     CFA ->  +---------------------+
 *             | return address      | rbp + 56
 *             | rbx                 | rbp + 48
 *             | r12                 | rbp + 40
 *             | r13                 | rbp + 32
 *             | r14                 | rbp + 24
 *             | r15                 | rbp + 16
 *             | return address      | rbp +  8
 *             | caller's rbp        | <- rbp, caller_sp
 *             +---------------------+
 *
 * The return address is there once more, above the caller's rbp: so are the frames of
 * libcgo_call_on_system, and libcgo_frame_layout.caller_to_return is true. It goes through a
 * register: a push from the word that `call` has just written would wait for it. All jumps to
 * what is rare are short, with one byte for the distance: with more the call takes an eighth
 * longer.
 *
 * The stores to mode and the loads of poll and slow are in the order of the program, but the
 * CPU may do the load first: who stops the world has a fence for that.
 */

#define IN_CALL_BYTES 56	/* from the return address down to the caller's rbp */

FUNC SYM(libcgo_call_parked)
	PERSONALITY SYM(libcgo_parked_personality)
	LANDING_PAD
	testq	%rdi, %rdi
	jz	LOCAL(not_parked)
	testb	$(THREAD_WORLD), THREAD_STATE(%rdi)
	jz	LOCAL(not_parked)
	xorl	%ecx, %ecx
	cmpl	%ecx, THREAD_MODE(%rdi)
	jne	LOCAL(not_parked)
	leaq	-IN_CALL_BYTES(%rsp), %rax
	subq	THREAD_SMALL_LO(%rdi), %rax
	cmpq	THREAD_SMALL_SPAN(%rdi), %rax
	jae	LOCAL(anywhere)
	movq	(%rsp), %rax
	SAVE	rbx
	PUSH	r12
	PUSH	r13
	PUSH	r14
	PUSH	r15
	PUSH	rax
	SAVE	rbp
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	leaq	THREAD_POLL(%rdi), %rbx
	PROBE2(call_parked, 8@%rdi, 8@%rsi)
	movq	%rbp, THREAD_CALLER_SP(%rdi)
	movq	THREAD_SYSTEM_SP(%rdi), %rsp
	movl	$(THREAD_IN_PARKED_CALL), THREAD_MODE-THREAD_POLL(%rbx)
	cmpq	%rcx, (%rbx)
	jne	3f
1:	movq	%rdx, %rdi
	BEGIN_OTHER_STACK
	call	*%rsi
	xorl	%ecx, %ecx
	movl	%ecx, THREAD_MODE-THREAD_POLL(%rbx)
	cmpq	%rcx, (%rbx)
	jne	5f
2:	PROBE1(call_parked_done, 8@%rax)
	movq	48(%rbp), %rbx
	movq	(%rbp), %rcx
	leaq	IN_CALL_BYTES(%rbp), %rsp	/* `leave` takes longer here */
	movq	%rcx, %rbp
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbx
	.cfi_restore %rbp
	ret
LOCAL(not_parked):
	jmp	SYM(libcgo_call_on_system)
LOCAL(anywhere):
	jmp	SYM(libcgo_call_parked_anywhere)
	.cfi_restore_state
5:	leaq	-THREAD_POLL(%rbx), %rdi
	movq	%rax, %rsi
	movq	%rbp, %rdx
	call	SYM(libcgo_ends_parked_call)
	jmp	2b
	END_OTHER_STACK
3:	pushq	%rsi
	pushq	%rdx
	call	SYM(libcgo_parks)
	popq	%rdx
	popq	%rsi
	jmp	1b
END SYM(libcgo_call_parked)

/*
 * const struct libcgo_parked_frame libcgo_parked_frame;
 */
HIDDEN_DATA SYM(libcgo_parked_frame), 8
	.quad	3, THREAD_POLL	/* rbx */
	.quad	6		/* rbp */
END_DATA SYM(libcgo_parked_frame)

#endif

#ifdef PART_call_parked_anywhere
/*
 * uintptr_t libcgo_call_parked_anywhere(struct libcgo_thread *thread,
 *                                       uintptr_t (*fn)(void *), void *arg);
 *
 * libcgo_call_parked for a managed thread on any stack. Here parked_sp tells where it has parked. The
 * frame keeps what it was: this may be a handler that has interrupted code which has written
 * it, and has not parked yet.
 *
 *     CFA ->  +---------------------+
 *             | return address      | rbp + 72
 *             | rbx                 | rbp + 64
 *             | r12                 | rbp + 56
 *             | r13                 | rbp + 48
 *             | r14                 | rbp + 40
 *             | r15                 | rbp + 32
 *             | parked_sp before    | rbp + 24
 *             | thread              | rbp + 16
 *             | return address      | rbp +  8
 *             | caller's rbp        | <- rbp, parked_sp, on a small stack caller_sp
 *             +---------------------+
 */
#define PARKED_BYTES 64		/* from rbp to the word below the return address */

HIDDEN_FUNC SYM(libcgo_call_parked_anywhere)
	PERSONALITY SYM(libcgo_parked_anywhere_personality)
	LANDING_PAD
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	pushq	THREAD_PARKED_SP(%rdi)
	.cfi_adjust_cfa_offset 8
	PUSH	rdi
	pushq	PARKED_BYTES-8(%rsp)
	.cfi_adjust_cfa_offset 8
	SAVE	rbp
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	PROBE2(call_parked, 8@%rdi, 8@%rsi)
	movq	%rsp, %rax
	movq	%rsp, THREAD_PARKED_SP(%rdi)
	subq	THREAD_SMALL_LO(%rdi), %rax
	cmpq	THREAD_SMALL_SPAN(%rdi), %rax
	jae	3f
	movq	%rsp, THREAD_CALLER_SP(%rdi)
	movq	THREAD_SYSTEM_SP(%rdi), %rsp
1:	movl	$(THREAD_PARKED), THREAD_MODE(%rdi)
	cmpq	$(0), THREAD_POLL(%rdi)
	jne	4f
2:	movq	%rdx, %rdi
	BEGIN_OTHER_STACK
	call	*%rsi
	movq	16(%rbp), %rdi
	movl	$(0), THREAD_MODE(%rdi)
	cmpq	$(0), THREAD_POLL(%rdi)
	jne	5f
6:	movq	24(%rbp), %rcx	/* for code that a handler has interrupted while it parked */
	movq	%rcx, THREAD_PARKED_SP(%rdi)
	PROBE1(call_parked_done, 8@%rax)
	leave
	.cfi_def_cfa %rsp, PARKED_BYTES+8
	.cfi_restore %rbp
	DROP	PARKED_BYTES
	ret
	.cfi_def_cfa %rbp, PARKED_BYTES+16
	.cfi_offset %rbp, -(PARKED_BYTES+16)
5:	movq	%rax, %rsi
	movq	%rbp, THREAD_PARKED_SP(%rdi)	/* a handler may have parked meanwhile */
	call	SYM(libcgo_unparks)
	movq	16(%rbp), %rdi
	jmp	6b
	END_OTHER_STACK
3:	pushq	%rsi
	pushq	%rdx
	movq	%rbp, %rsi
	call	SYM(libcgo_find_system_sp)
	popq	%rdx
	popq	%rsi
	movq	16(%rbp), %rdi
	testq	%rax, %rax
	jz	1b
	movq	%rax, %rsp
	jmp	1b
4:	pushq	%rsi
	pushq	%rdx
	call	SYM(libcgo_parks)
	popq	%rdx
	popq	%rsi
	jmp	2b
END SYM(libcgo_call_parked_anywhere)

/*
 * const struct libcgo_place_in_frame libcgo_parked_place;
 */
HIDDEN_DATA SYM(libcgo_parked_place), 8
	.quad	6, 16		/* rbp */
END_DATA SYM(libcgo_parked_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * rbp points at the caller's, and the return address follows it.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.quad	0		/* caller */
	.quad	8		/* return address */
	.quad	0, 16		/* the range of both */
	.quad	MARK + 8	/* from a mark to its return address */
	.quad	8		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	LANDING_PAD
	movq	%rdi, %rax
	ret
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_entry
/*
 * void libcgo_initcgo(void);
 *
 * What initcgo points to. The client may call it with any stack alignment
 * (initcgo(3): a frame made by hand); C is called with the one
 * that it expects.
 */
HIDDEN_FUNC SYM(libcgo_initcgo)
	LANDING_PAD
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	andq	$-16, %rsp
	call	SYM(libcgo_prepare_slots)
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
END SYM(libcgo_initcgo)
#endif

#ifdef PART_slot
/*
 * uintptr_t libcgo_slot_load(int base, intptr_t offset);
 * void libcgo_slot_store(int base, intptr_t offset, uintptr_t value);
 *
 * In: base, a SLOT_BASE_..., in edi; offset in rsi; value in rdx. The thread
 * pointer is %fs, whose first word holds its own address (System V ABI, AMD64
 * supplement, section 3.4.6); Darwin's thread segment is %gs, without.
 */
HIDDEN_FUNC SYM(libcgo_slot_load)
	LANDING_PAD
	cmpl	$SLOT_BASE_SEGMENT, %edi
	je	1f
	movq	%fs:(%rsi), %rax
	ret
1:	movq	%gs:(%rsi), %rax
	ret
END SYM(libcgo_slot_load)

HIDDEN_FUNC SYM(libcgo_slot_store)
	LANDING_PAD
	cmpl	$SLOT_BASE_SEGMENT, %edi
	je	1f
	movq	%rdx, %fs:(%rsi)
	ret
1:	movq	%rdx, %gs:(%rsi)
	ret
END SYM(libcgo_slot_store)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	LANDING_PAD
	movq	THREAD_SEGMENT:0, %rax
	ret
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in rdi, from in rsi, to in rdx, word in rcx. What it does in which order, and
 * why, stands in src/kit/context.cc. The frame of what is suspended:
 *
 *     CFA ->  +---------------------+
 *             | return address      | rsp + 56
 *             | caller's rbp        | rsp + 48
 *             | rbx                 | rsp + 40
 *             | r12                 | rsp + 32
 *             | r13                 | rsp + 24
 *             | mark                | rsp + 16
 *             | r14                 | rsp +  8
 *             | r15                 | <- rsp, which the context's record has
 *             +---------------------+
 *
 * The mark is as far below the return address as in libcgo_call_on_stack.
 *
 * The callee keeps the control bits of mxcsr and the x87 control word. To read them takes
 * longer than all the rest, so a context may promise that it has not changed them. They
 * are in the context's record, and are loaded if they differ.
 */
#define SWITCH_FRAME 64
#define SWITCH_RETURN 56
#define SWITCH_FP 48
#define SWITCH_MARK 16
#define MXCSR_CONTROL 0xffc0

.macro ENTER_SWITCH
	LANDING_PAD
	SAVE	rbp
	SAVE	rbx
	SAVE	r12
	SAVE	r13
	subq	$(8), %rsp	/* the mark */
	.cfi_adjust_cfa_offset 8
	SAVE	r14
	SAVE	r15
.endm

.macro SWITCH_FRAME_INFO
	.cfi_def_cfa %rsp, SWITCH_FRAME
	.cfi_offset %rip, -8
	.cfi_offset %rbp, -16
	.cfi_offset %rbx, -24
	.cfi_offset %r12, -32
	.cfi_offset %r13, -40
	.cfi_offset %r14, -56
	.cfi_offset %r15, -64
.endm

/* The thread's record has both words of the stack of *to by one store: what takes time here
   is the number of stores. */
.macro CHANGE_STACK
	movups	CONTEXT_LO(%rdx), %xmm0
	movq	%rdx, THREAD_SWITCHING(%rdi)
	movq	%r8, %rsp
	movups	%xmm0, THREAD_SMALL_LO(%rdi)
	movq	$(0), THREAD_SWITCHING(%rdi)
.endm

.macro CHANGE_CONTEXT
	movq	%r9, CONTEXT_SP(%rsi)
	movq	$(0), CONTEXT_SP(%rdx)
	movq	%rdi, CONTEXT_THREAD(%rdx)
.endm

/* Where *from keeps its control words they are known; they are loaded if those of *to are
   others. */
.macro KNOW_CONTROL
	movl	CONTEXT_CONTROL_WORD(%rsi), %r10d
	movl	CONTEXT_CONTROL_WORD+4(%rsi), %r11d
.endm

.macro COMPARE_CONTROL
	xorl	CONTEXT_CONTROL_WORD(%rdx), %r10d
	testl	$(MXCSR_CONTROL), %r10d
	jnz	LOCAL(load)
	cmpl	CONTEXT_CONTROL_WORD+4(%rdx), %r11d
	jne	LOCAL(load)
	cmpq	$(0), CONTEXT_FLAGS(%rdx)
	jne	LOCAL(resume)
.endm

.macro LEAVE_SWITCH
	movq	%rcx, %rax
	RESTORE	r15
	RESTORE	r14
	DROP	8
	RESTORE	r13
	RESTORE	r12
	RESTORE	rbx
	RESTORE	rbp
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	notrack jmp *%rcx
.endm

FUNC SYM(libcgo_switch)
	ENTER_SWITCH
	movq	CONTEXT_SP(%rdx), %r8
	movq	CONTEXT_LO(%rsi), %rax
	movq	CONTEXT_SPAN(%rsi), %r9
	movq	%rsp, %r11
	subq	%rax, %r11
	cmpq	$CONTEXT_OVER, %r8
	jbe	LOCAL(ask)
	cmpq	$0, CONTEXT_SP(%rsi)
	jne	LOCAL(ask)
	testq	%rdi, %rdi
	jz	2f
	cmpq	%r9, %r11
	jae	LOCAL(ask)		/* not on the stack of *from */
	cmpq	THREAD_SMALL_LO(%rdi), %rax
	jne	LOCAL(ask)
	cmpq	THREAD_SMALL_SPAN(%rdi), %r9
	jne	LOCAL(ask)
	movq	THREAD_RUNNING(%rdi), %rax
	testb	$STACK_CALL_SWITCHED, STACK_CALL_FLAGS(%rax)
	jz	LOCAL(ask)
	cmpq	$0, THREAD_SWITCHING(%rdi)
	jne	LOCAL(ask)
	cmpb	$0, CONTEXT_KEEPS(%rsi)
	je	LOCAL(read)
LOCAL(keep):
	KNOW_CONTROL
	movq	%rsp, %r9	/* what *from gets */
	CHANGE_STACK
	CHANGE_CONTEXT
	COMPARE_CONTROL
1:	LEAVE_SWITCH
	SWITCH_FRAME_INFO

2:	decq	%r9		/* of a record that is not made all addresses */
	cmpq	%r9, %r11
	ja	LOCAL(ask)
	cmpb	$0, CONTEXT_KEEPS(%rsi)
	je	LOCAL(read)
3:	KNOW_CONTROL
	movq	%rsp, %r9
	movq	%r8, %rsp
	CHANGE_CONTEXT
	COMPARE_CONTROL
	LEAVE_SWITCH
	SWITCH_FRAME_INFO

LOCAL(go):
	cmpb	$0, CONTEXT_KEEPS(%rsi)
	je	LOCAL(read)
	testq	%rdi, %rdi
	jnz	LOCAL(keep)
	jmp	3b
LOCAL(read):
	movq	%rsp, %r9
LOCAL(leave):
	stmxcsr	CONTEXT_CONTROL_WORD(%rsi)
	fnstcw	CONTEXT_CONTROL_WORD+4(%rsi)
	cmpb	$0, CONTEXT_OPTIONS(%rsi)
	je	4f
	movb	$CONTEXT_KEEPS_CONTROL, CONTEXT_KEEPS(%rsi)
4:	testq	%rdi, %rdi
	jz	5f
	CHANGE_STACK
	CHANGE_CONTEXT
LOCAL(load):
	ldmxcsr	CONTEXT_CONTROL_WORD(%rdx)
	fldcw	CONTEXT_CONTROL_WORD+4(%rdx)
	cmpq	$0, CONTEXT_FLAGS(%rdx)
	jne	LOCAL(resume)
	LEAVE_SWITCH
	SWITCH_FRAME_INFO
5:	movq	%r8, %rsp
	CHANGE_CONTEXT
	jmp	LOCAL(load)
LOCAL(resume):
	movq	%rcx, %rbx
	movq	%rdx, %rsi
	leaq	SWITCH_MARK(%rsp), %rdx
	call	SYM(libcgo_switch_resumes)
	movq	%rbx, %rcx
	jmp	1b
LOCAL(ask):
	movq	%rdi, %rbx
	movq	%rsi, %r12
	movq	%rdx, %r13
	movq	%rcx, %r14
	leaq	SWITCH_MARK(%rsp), %rcx
	call	SYM(libcgo_switch_asks)
	movq	%rbx, %rdi
	movq	%r12, %rsi
	movq	%r13, %rdx
	movq	%r14, %rcx
	movq	CONTEXT_SP(%rdx), %r8
	jmp	LOCAL(go)
END SYM(libcgo_switch)

/* fn of the context in rsi has returned the one in rdx, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH
	movq	%rsi, %r12
	movq	%rdx, %r13
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	leaq	SWITCH_MARK(%rsp), %rdx
	call	SYM(libcgo_switch_ends)
	movq	%rax, %rdi
	movq	%r12, %rsi
	movq	%r13, %rdx
	xorl	%ecx, %ecx
	movq	CONTEXT_SP(%rdx), %r8
	movl	$CONTEXT_OVER, %r9d
	jmp	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in rax, fn in rbx, arg in r12, the context in
 * r13. Unwinding ends here. An unwinder looks for the caller of fn before the address to
 * which that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined %rip
	nop
LOCAL(entry):
	movq	%r12, %rdi
	movq	%rax, %rsi
	call	*%rbx
	movq	%r13, %rsi
	movq	%rax, %rdx
	call	SYM(libcgo_switch_end)
	ud2
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in rdi, context in rsi, fn in rdx, arg in rcx. Where there is a shadow stack,
 * each context would need its own.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	LANDING_PAD
	xorl	%eax, %eax
	rdsspq	%rax		/* 0 stays, if there is none */
	testq	%rax, %rax
	jnz	1f
	leaq	-SWITCH_FRAME(%rdi), %rax
	leaq	LOCAL(entry)(%rip), %r8
	movq	%r8, SWITCH_RETURN(%rax)
	movq	$0, SWITCH_FP(%rax)	/* no frame is above */
	movq	%rdx, 40(%rax)
	movq	%rcx, 32(%rax)
	movq	%rsi, 24(%rax)
	movq	$0, 8(%rax)
	movq	$0, (%rax)
	stmxcsr	CONTEXT_CONTROL_WORD(%rsi)
	fnstcw	CONTEXT_CONTROL_WORD+4(%rsi)
	movb	CONTEXT_OPTIONS(%rsi), %cl
	movb	%cl, CONTEXT_KEEPS(%rsi)
	ret
1:	xorl	%eax, %eax
	ret
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in rdi, fn in rsi, arg in rdx.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	LANDING_PAD
	SAVE	rbx
	movq	%rdi, %rbx
	movq	%rdx, %rdi
	.cfi_remember_state
	SWITCH_FRAME_INFO
	.cfi_def_cfa_register %rbx
	call	*%rsi
	.cfi_restore_state
	RESTORE	rbx
	ret
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.quad	SWITCH_MARK, SWITCH_RETURN, SWITCH_FP
END_DATA SYM(libcgo_switch_frame)
#endif
