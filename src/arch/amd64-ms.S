/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86-64, Microsoft calling convention ("x64 calling convention", "x64 prolog and
 * epilog" in the documentation of its compiler).
 *
 * A callee keeps rbx, rbp, rdi, rsi, r12-r15, rsp and xmm6-xmm15; rsp + 8 is a
 * multiple of 16 at a function's entry; arguments come in rcx, rdx, r8, r9, and each
 * of these has a word above the return address, which is the callee's to use.
 *
 * The unwinder reads a prologue's instructions from a table, .seh directives, and an
 * epilogue's from the code: rsp is set by one lea or add, then come pops, then ret.
 */
#include "core/asm.h"

#define HOME_BYTES 32	/* the words of the four argument registers */

/*
 * The frame of a crosscall. Each register is stored and described to the
 * unwinder by one macro.
 *
 *             +---------------------+
 *             | return address      |
 *             | caller's rbp        |
 *             | rbx, rdi, rsi       |
 *             | r12, r13, r14, r15  |
 *             | (alignment)         | rsp + 192
 *             | xmm15               | rsp + 176
 *             | ...                 |
 *             | xmm6                | rsp + 32
 *             | homes of r8, r9     | rsp + 16
 *             | home of rdx         | rsp +  8   second argument
 *             | home of rcx         | rsp        first argument
 *             +---------------------+
 */
#define FRAME_BYTES 200

.macro SAVE reg
	pushq	%\reg
	.seh_pushreg %\reg
.endm

.macro RESTORE reg
	popq	%\reg
.endm

.macro SAVE_VECTOR reg, at
	movaps	%\reg, \at(%rsp)
	.seh_savexmm %\reg, \at
.endm

.macro RESTORE_VECTOR reg, at
	movaps	\at(%rsp), %\reg
.endm

.macro ALLOCATE bytes
	subq	$\bytes, %rsp
	.seh_stackalloc \bytes
.endm

.macro ENTER_FRAME
	SAVE	rbp
	SAVE	rbx
	SAVE	rdi
	SAVE	rsi
	SAVE	r12
	SAVE	r13
	SAVE	r14
	SAVE	r15
	ALLOCATE FRAME_BYTES
	SAVE_VECTOR xmm6, 32
	SAVE_VECTOR xmm7, 48
	SAVE_VECTOR xmm8, 64
	SAVE_VECTOR xmm9, 80
	SAVE_VECTOR xmm10, 96
	SAVE_VECTOR xmm11, 112
	SAVE_VECTOR xmm12, 128
	SAVE_VECTOR xmm13, 144
	SAVE_VECTOR xmm14, 160
	SAVE_VECTOR xmm15, 176
	.seh_endprologue
.endm

/*
 * rsp is where ENTER_FRAME left it: fn may change every other register.
 */
.macro LEAVE_FRAME
	RESTORE_VECTOR xmm6, 32
	RESTORE_VECTOR xmm7, 48
	RESTORE_VECTOR xmm8, 64
	RESTORE_VECTOR xmm9, 80
	RESTORE_VECTOR xmm10, 96
	RESTORE_VECTOR xmm11, 112
	RESTORE_VECTOR xmm12, 128
	RESTORE_VECTOR xmm13, 144
	RESTORE_VECTOR xmm14, 160
	RESTORE_VECTOR xmm15, 176
	addq	$FRAME_BYTES, %rsp
	RESTORE	r15
	RESTORE	r14
	RESTORE	r13
	RESTORE	r12
	RESTORE	rsi
	RESTORE	rdi
	RESTORE	rbx
	RESTORE	rbp
	ret
.endm

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: fn in rcx, setg in rdx, g in r8. setg keeps none but fn, in rbx.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	movq	%rcx, %rbx
	movq	%r8, %rcx
	call	*%rdx
	call	*%rbx
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: fn in rcx, arg in rdx, argsize in r8d. At fn's entry arg is at 8(%rsp)
 * and in rcx, argsize, sign-extended, at 16(%rsp) and in rdx.
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	movq	%rcx, %rax
	movq	%rdx, %rcx
	movslq	%r8d, %rdx
	movq	%rcx, (%rsp)
	movq	%rdx, 8(%rsp)
	call	*%rax
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: fn in rcx, arg in rdx, word in r8. At fn's entry arg is at 8(%rsp) and
 * in rcx, word at 16(%rsp) and in rdx. The result is what fn leaves in rax.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	movq	%rcx, %rax
	movq	%rdx, %rcx
	movq	%r8, %rdx
	movq	%rcx, (%rsp)
	movq	%rdx, 8(%rsp)
	call	*%rax
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. It counts from rbp, which a C callee keeps:
 * the unwinder finds the old stack by it, and so does the return. What is saved is on
 * the old stack.
 *
 * That is enough for who looks. Who unwinds, the system refuses to go from a higher
 * to a lower address. So fn is called by way of libcgo_guarded_call, whose frame
 * is on fn's stack: it catches a C++ exception, which is raised again on the old
 * stack, when all is as after a return.
 */
#define STACK_CALL_BYTES 88
#define MARK 72	/* above rbp */

#ifdef PART_call_on_system
/*
 * uintptr_t libcgo_guarded_call(uintptr_t (*fn)(void *), void *arg);
 *
 * In: fn in rcx, arg in rdx. Out: fn's result in rax, 0 in rdx; or, if fn has ended
 * by a C++ exception, the guard that holds it in rdx. The guard is in the frame, as
 * src/os/windows.cc has it, and so valid only until the stack is used again.
 *
 *             +---------------------+
 *             | return address      |
 *             | caller's rbp        |
 *             | (alignment)         |
 *             | guard               | rsp + GUARD_AT
 *             | homes               | rsp
 *             +---------------------+
 */
HIDDEN_FUNC SYM(libcgo_guarded_call)
	.seh_handler SYM(libcgo_catch), @except
	SAVE	rbp
	ALLOCATE HOME_BYTES + GUARD_BYTES
	.seh_endprologue
	leaq	1f(%rip), %rax
	movq	%rax, GUARD_AT(%rsp)
	movq	%rcx, %rax
	movq	%rdx, %rcx
	call	*%rax
	xorl	%edx, %edx
	addq	$HOME_BYTES + GUARD_BYTES, %rsp
	popq	%rbp
	ret
1:	leaq	GUARD_AT(%rsp), %rdx	/* by libcgo_catch */
	addq	$HOME_BYTES + GUARD_BYTES, %rsp
	popq	%rbp
	ret
END SYM(libcgo_guarded_call)

/*
 * uintptr_t libcgo_call_on_system(struct libcgo_thread *thread,
 *                                 uintptr_t (*fn)(void *), void *arg);
 *
 * In: thread in rcx, fn in rdx, arg in r8. If rsp is on the small stack that the
 * record names, fn runs at the record's system_sp, and caller_sp tells where it
 * came from; what else there is, libcgo_find_system_sp knows.
 *
 *             +---------------------+
 *             | return address      |
 *             | caller's rbp        | <- rbp
 *             +---------------------+
 */
FUNC SYM(libcgo_call_on_system)
	SAVE	rbp
	movq	%rsp, %rbp
	.seh_setframe %rbp, 0
	.seh_endprologue
	testq	%rcx, %rcx
	jz	2f
	movq	%rsp, %rax
	subq	THREAD_SMALL_LO(%rcx), %rax
	cmpq	THREAD_SMALL_SPAN(%rcx), %rax
	jae	2f
	movq	%rsp, THREAD_CALLER_SP(%rcx)
	movq	THREAD_SYSTEM_SP(%rcx), %rsp
1:	subq	$HOME_BYTES, %rsp
	movq	%rdx, %rcx
	movq	%r8, %rdx
	call	SYM(libcgo_guarded_call)
	testq	%rdx, %rdx
	jnz	3f
	leaq	0(%rbp), %rsp
	popq	%rbp
	ret
3:	leaq	-HOME_BYTES(%rbp), %rsp
	movq	%rdx, %rcx
	call	SYM(libcgo_raise_again)
	ud2
2:	subq	$HOME_BYTES + 16, %rsp
	movq	%rdx, HOME_BYTES(%rsp)
	movq	%r8, HOME_BYTES + 8(%rsp)
	movq	%rbp, %rdx
	call	SYM(libcgo_find_system_sp)
	movq	HOME_BYTES(%rsp), %rdx
	movq	HOME_BYTES + 8(%rsp), %r8
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
 * In: thread in rcx, stack in rdx, fn in r8, arg in r9. The list of such calls
 * is kept by libcgo_begin_stack_call and libcgo_end_stack_call, the bounds that the
 * system knows by libcgo_enter_stack and libcgo_leave_stack, or when the call is
 * unwound by the frame's handler.
 *
 *             +---------------------+
 *             | return address      |
 *             | caller's rbp        |
 *             | rbx                 |
 *             | (alignment)         |
 *             | mark                | rbp + 72
 *             | the system's bounds | rbp + 48   three words: STACK_FRAME_SAVED; in the
 *             |                     |            last one first `stack`
 *             | arg, later result   | rbp + 40
 *             | fn, later exception | rbp + 32
 *             | homes               | <- rbp
 *             +---------------------+
 */
FUNC SYM(libcgo_call_on_stack)
	.seh_handler SYM(libcgo_stack_unwound), @unwind
	SAVE	rbp
	SAVE	rbx
	ALLOCATE STACK_CALL_BYTES
	movq	%rsp, %rbp
	.seh_setframe %rbp, 0
	.seh_endprologue
	movq	%r8, 32(%rbp)
	movq	%r9, 40(%rbp)
	movq	%rdx, 64(%rbp)
	movq	%rsp, %r8
	leaq	MARK(%rbp), %r9
	call	SYM(libcgo_begin_stack_call)
	movq	%rax, %rbx
	movq	64(%rbp), %rcx
	leaq	STACK_FRAME_SAVED(%rbp), %rdx
	call	SYM(libcgo_enter_stack)
	movq	32(%rbp), %rcx
	movq	40(%rbp), %rdx
	movq	STACK_CALL_START(%rbx), %rsp
	subq	$HOME_BYTES, %rsp
	call	SYM(libcgo_guarded_call)
	movq	%rbp, %rsp
	movq	%rdx, 32(%rbp)
	movq	%rax, 40(%rbp)
	leaq	STACK_FRAME_SAVED(%rbp), %rcx
	call	SYM(libcgo_leave_stack)
	movq	%rbx, %rcx
	movq	40(%rbp), %rdx
	leaq	MARK(%rbp), %r8
	call	SYM(libcgo_end_stack_call)
	movq	32(%rbp), %rcx
	testq	%rcx, %rcx
	jnz	1f
	leaq	STACK_CALL_BYTES(%rbp), %rsp
	popq	%rbx
	popq	%rbp
	ret
1:	call	SYM(libcgo_raise_again)
	ud2
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * Where compilers keep a chain of frames, rbp points at the caller's, and the return
 * address follows it. By the convention it need not.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 8
	.quad	0		/* caller */
	.quad	8		/* return address */
	.quad	0, 16		/* the range of both */
	.quad	STACK_CALL_BYTES + 16 - MARK	/* from a mark to its return address */
	.quad	0		/* from where C was called to that */
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	.seh_endprologue
	movq	%rcx, %rax
	ret
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 *
 * The address of the thread block, which it has at 0x30.
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	.seh_endprologue
	movq	%gs:0x30, %rax
	ret
END SYM(libcgo_thread_pointer)
#endif
