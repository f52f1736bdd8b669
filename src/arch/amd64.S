/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86-64, System V calling convention (System V ABI, AMD64 supplement,
 * section 3.2).
 *
 * A callee keeps rbx, rbp, r12-r15 and rsp; rsp + 8 is a multiple of 16 at a
 * function's entry; integer arguments come in rdi, rsi, rdx, ...
 */
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
 */
FUNC SYM(libcgo_call_on_stack)
	LANDING_PAD
	SAVE	rbp
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	PROBE2(call_on_stack, 8@%rdi, 8@%rdx)
	pushq	%rbx
	.cfi_offset %rbx, -24
	pushq	%rdx
	pushq	%rcx
	subq	$8, %rsp	/* the mark */
	movq	%rsp, %rdx
	movq	%rsp, %rcx
	call	SYM(libcgo_begin_stack_call)
	movq	%rax, %rbx
	movq	8(%rsp), %rdi
	movq	16(%rsp), %rdx
	movq	STACK_CALL_START(%rax), %rsp
	BEGIN_OTHER_STACK
	call	*%rdx
	PROBE1(call_on_stack_done, 8@%rax)
	leaq	-MARK(%rbp), %rsp
	movq	%rbx, %rdi
	movq	%rax, %rsi
	movq	%rsp, %rdx
	call	SYM(libcgo_end_stack_call)
	movq	-8(%rbp), %rbx
	.cfi_restore %rbx
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
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
