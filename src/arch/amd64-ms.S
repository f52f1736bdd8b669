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

.macro LOAD_VECTORS
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
.endm

.macro ALLOCATE bytes
	subq	$\bytes, %rsp
	.seh_stackalloc \bytes
.endm

.macro ENTER_FRAME bytes=FRAME_BYTES
	SAVE	rbp
	SAVE	rbx
	SAVE	rdi
	SAVE	rsi
	SAVE	r12
	SAVE	r13
	SAVE	r14
	SAVE	r15
	ALLOCATE \bytes
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
	LOAD_VECTORS
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
#define MARK 32	/* above rbp */
#define FN 72
#define MARK_TO_RETURN 72	/* STACK_CALL_BYTES + 16 - MARK */

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
 *             | the thread block    | rbp + 80   by libcgo_enter_stack, too
 *             | fn, later exception | rbp + 72
 *             | the system's bounds | rbp + 48   three words: STACK_FRAME_SAVED; in the
 *             |                     |            last one first `stack`
 *             | arg, later result   | rbp + 40
 *             | mark                | rbp + 32
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
	movq	%r8, FN(%rbp)
	movq	%r9, 40(%rbp)
	movq	%rdx, 64(%rbp)
	movq	%rsp, %r8
	leaq	MARK(%rbp), %r9
	call	SYM(libcgo_begin_stack_call)
	movq	%rax, %rbx
	movq	64(%rbp), %rcx
	leaq	STACK_FRAME_SAVED(%rbp), %rdx
	call	SYM(libcgo_enter_stack)
	movq	FN(%rbp), %rcx
	movq	40(%rbp), %rdx
	movq	STACK_CALL_START(%rbx), %rsp
	subq	$HOME_BYTES, %rsp
	call	SYM(libcgo_guarded_call)
	movq	%rbp, %rsp
	movq	%rdx, FN(%rbp)
	movq	%rax, 40(%rbp)
	leaq	STACK_FRAME_SAVED(%rbp), %rcx
	call	SYM(libcgo_leave_stack)
	movq	%rbx, %rcx
	movq	40(%rbp), %rdx
	leaq	MARK(%rbp), %r8
	call	SYM(libcgo_end_stack_call)
	movq	FN(%rbp), %rcx
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

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g in rcx. It is in the word of the frame that a crosscall leaves free; there the
 * handler, libcgo_guard_unwound, finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	.seh_handler SYM(libcgo_guard_unwound), @unwind
	ENTER_FRAME
	movq	%rcx, GUARDED_CALL_AT(%rsp)
	movq	%rsp, %rdx
	call	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)
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
	.quad	MARK_TO_RETURN	/* from a mark to its return address */
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

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: thread in rcx, from in rdx, to in r8, word in r9. What it does in which order, and
 * why, stands in src/kit/context.cc. The frame of what is suspended is that of a crosscall
 * with five words more:
 *
 *             +---------------------+
 *             | return address      | rsp + 296
 *             | caller's rbp        | rsp + 288
 *             | rbx, rdi, rsi       | rsp + 264
 *             | r12, r13, r14, r15  | rsp + 232
 *             | mark                | rsp + 224
 *             | (alignment)         |
 *             | the list            | rsp + 208   of handlers: ExceptionList
 *             | the system's bounds | rsp + 192   StackBase, StackLimit
 *             | xmm15 ... xmm6      | rsp +  32
 *             | homes               | <- rsp, which the context's record has
 *             +---------------------+
 *
 * The mark is as far below the return address as in libcgo_call_on_stack.
 *
 * The thread block: what src/os/windows.cc says of the bounds that the system knows is true
 * of a context, too. The bounds have the context's stack and the thread's own, for C that
 * the context calls. On the way to a context with a small stack they are only made wider,
 * before rsp changes. C has its own bounds back, after rsp has changed: but StackLimit only
 * if it is below the thread's own stack, for the system moves it while that grows.
 *
 * The registers are loaded one by one, and not by pops: so the frame is whole, and what the
 * tables say is true, until rsp leaves it. Only at the jump, the last instruction, an
 * unwinder would see nothing right: the tables cannot say that a register has the return
 * address. No exception comes from there.
 *
 * The callee keeps the control bits of mxcsr and the x87 control word: see amd64.S.
 */
#define SWITCH_BYTES 232
#define SWITCH_FRAME 304
#define SWITCH_RETURN 296
#define SWITCH_FP 288
#define SWITCH_MARK 224	/* SWITCH_RETURN - MARK_TO_RETURN */
#define SWITCH_LIST 208
#define SWITCH_LIMIT 200
#define SWITCH_BASE 192
#define MXCSR_CONTROL 0xffc0

/* In the thread block. The thread's own stack can be used from two pages above its low end
   on: stack_low_end in src/os/windows.cc. */
#define EXCEPTION_LIST %gs:0
#define STACK_BASE %gs:8
#define STACK_LIMIT %gs:16
#define DEALLOCATION_STACK %gs:0x1478
#define TWO_PAGES 0x2000

FUNC SYM(libcgo_switch)
	ENTER_FRAME SWITCH_BYTES
	movq	%rcx, %rbx
	movq	%rdx, %r12
	movq	%r8, %r13
	movq	%r9, %r14
	movq	CONTEXT_SP(%r13), %r15
	movq	CONTEXT_LO(%r12), %rax
	movq	CONTEXT_SPAN(%r12), %rdx
	movq	%rsp, %rcx
	subq	%rax, %rcx
	cmpq	$CONTEXT_OVER, %r15
	jbe	LOCAL(ask)
	cmpq	$(0), CONTEXT_SP(%r12)
	jne	LOCAL(ask)
	testq	%rbx, %rbx
	jz	1f
	cmpq	%rdx, %rcx
	jae	LOCAL(ask)		/* not on the stack of *from */
	cmpq	THREAD_SMALL_LO(%rbx), %rax
	jne	LOCAL(ask)
	cmpq	THREAD_SMALL_SPAN(%rbx), %rdx
	jne	LOCAL(ask)
	movq	THREAD_RUNNING(%rbx), %rax
	testb	$STACK_CALL_SWITCHED, STACK_CALL_FLAGS(%rax)
	jz	LOCAL(ask)
	cmpq	$(0), THREAD_SWITCHING(%rbx)
	jne	LOCAL(ask)
	jmp	LOCAL(go)
1:	decq	%rdx		/* of a record that is not made all addresses */
	cmpq	%rdx, %rcx
	ja	LOCAL(ask)
LOCAL(go):
	movq	%rsp, %rdi	/* what *from gets */
	cmpb	$(0), CONTEXT_KEEPS(%r12)
	jne	LOCAL(leave)
LOCAL(read):
	stmxcsr	CONTEXT_CONTROL_WORD(%r12)
	fnstcw	CONTEXT_CONTROL_WORD+4(%r12)
	cmpb	$(0), CONTEXT_OPTIONS(%r12)
	je	LOCAL(leave)
	movb	$CONTEXT_KEEPS_CONTROL, CONTEXT_KEEPS(%r12)
LOCAL(leave):
	movq	STACK_BASE, %rax
	movq	STACK_LIMIT, %rcx
	movq	EXCEPTION_LIST, %rdx
	movq	%rax, SWITCH_BASE(%rsp)
	movq	%rcx, SWITCH_LIMIT(%rsp)
	movq	%rdx, SWITCH_LIST(%rsp)
	movq	CONTEXT_SPAN(%r13), %rsi
	testq	%rsi, %rsi
	jz	LOCAL(cross)
	movq	CONTEXT_LO(%r13), %rdx
	addq	%rdx, %rsi
	cmpq	%rsi, %rax
	jae	2f
	movq	%rsi, STACK_BASE
2:	cmpq	%rcx, %rdx
	jb	LOCAL(lower)
LOCAL(cross):
	movl	CONTEXT_CONTROL_WORD(%r12), %r10d
	movl	CONTEXT_CONTROL_WORD+4(%r12), %r11d
	testq	%rbx, %rbx
	jz	3f
	movups	CONTEXT_LO(%r13), %xmm0
	movq	%r13, THREAD_SWITCHING(%rbx)
	movq	%r15, %rsp
	movups	%xmm0, THREAD_SMALL_LO(%rbx)
	movq	$(0), THREAD_SWITCHING(%rbx)
	jmp	4f
3:	movq	%r15, %rsp
4:	movq	SWITCH_LIST(%rsp), %rax
	movq	%rax, EXCEPTION_LIST
	cmpq	$(0), CONTEXT_SPAN(%r13)
	je	LOCAL(narrow)
5:	movq	%rdi, CONTEXT_SP(%r12)
	movq	$(0), CONTEXT_SP(%r13)
	movq	%rbx, CONTEXT_THREAD(%r13)
	xorl	CONTEXT_CONTROL_WORD(%r13), %r10d
	testl	$(MXCSR_CONTROL), %r10d
	jnz	LOCAL(load)
	cmpl	CONTEXT_CONTROL_WORD+4(%r13), %r11d
	jne	LOCAL(load)
6:	cmpq	$(0), CONTEXT_FLAGS(%r13)
	jne	LOCAL(resume)
7:	LOAD_VECTORS
	movq	%r14, %rax
	movq	SWITCH_RETURN(%rsp), %rcx
	movq	SWITCH_BYTES(%rsp), %r15
	movq	SWITCH_BYTES+8(%rsp), %r14
	movq	SWITCH_BYTES+16(%rsp), %r13
	movq	SWITCH_BYTES+24(%rsp), %r12
	movq	SWITCH_BYTES+32(%rsp), %rsi
	movq	SWITCH_BYTES+40(%rsp), %rdi
	movq	SWITCH_BYTES+48(%rsp), %rbx
	movq	SWITCH_FP(%rsp), %rbp
	addq	$SWITCH_FRAME, %rsp
	jmp	*%rcx
LOCAL(load):
	ldmxcsr	CONTEXT_CONTROL_WORD(%r13)
	fldcw	CONTEXT_CONTROL_WORD+4(%r13)
	jmp	6b
LOCAL(resume):
	movq	%rbx, %rcx
	movq	%r13, %rdx
	leaq	SWITCH_MARK(%rsp), %r8
	call	SYM(libcgo_switch_resumes)
	jmp	7b
LOCAL(narrow):			/* C goes on */
	movq	SWITCH_BASE(%rsp), %rax
	movq	%rax, STACK_BASE
	movq	SWITCH_LIMIT(%rsp), %rax
	movq	DEALLOCATION_STACK, %rcx
	addq	$TWO_PAGES, %rcx
	cmpq	%rcx, %rax
	jbe	8f
	movq	%rcx, %rax	/* it has been lowered since, or else it stays */
	cmpq	%rcx, STACK_LIMIT
	jae	5b
8:	movq	%rax, STACK_LIMIT
	jmp	5b
LOCAL(lower):			/* all of the thread's own stack can be touched? */
	movq	DEALLOCATION_STACK, %rax
	addq	$TWO_PAGES, %rax
	cmpq	%rax, %rcx
	ja	9f
	movq	%rdx, STACK_LIMIT
	jmp	LOCAL(cross)
9:	movq	%rdx, %rcx
	call	SYM(libcgo_lower_stack)
	jmp	LOCAL(cross)
LOCAL(ask):
	movq	%rbx, %rcx
	movq	%r12, %rdx
	movq	%r13, %r8
	leaq	SWITCH_MARK(%rsp), %r9
	call	SYM(libcgo_switch_asks)
	movq	CONTEXT_SP(%r13), %r15
	jmp	LOCAL(go)
END SYM(libcgo_switch)

/* fn of the context in rcx has returned the one in rdx, on which the thread goes on. An
   unwinder takes a plain jump out of a function for the end of its epilogue: this one has a
   condition, which is true. */
BODY SYM(libcgo_switch_end)
	ENTER_FRAME SWITCH_BYTES
	movq	%rcx, %r12
	movq	%rdx, %r13
	leaq	SWITCH_MARK(%rsp), %r8
	call	SYM(libcgo_switch_ends)
	movq	%rax, %rbx
	xorl	%r14d, %r14d
	movq	CONTEXT_SP(%r13), %r15
	movl	$CONTEXT_OVER, %edi
	testl	%edi, %edi
	jnz	LOCAL(read)
	ud2
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in rax, fn in rbx, arg in r12, the context in
 * r13. Unwinding ends here: the word above the homes, the return address, is 0. An exception
 * that no function takes comes to libcgo_unhandled.
 */
BODY SYM(libcgo_context_entry)
	.seh_handler SYM(libcgo_unhandled), @except
	.seh_stackalloc HOME_BYTES
	.seh_endprologue
	nop
LOCAL(entry):
	movq	%r12, %rcx
	movq	%rax, %rdx
	call	*%rbx
	movq	%r13, %rcx
	movq	%rax, %rdx
	call	SYM(libcgo_switch_end)
	ud2
END SYM(libcgo_context_entry)

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: top in rcx, context in rdx, fn in r8, arg in r9. Where there is a shadow stack, each
 * context would need its own.
 */
#define ENTRY_BYTES 48	/* homes, the return address, and a word for the alignment */

HIDDEN_FUNC SYM(libcgo_context_begin)
	.seh_endprologue
	xorl	%eax, %eax
	rdsspq	%rax		/* 0 stays, if there is none */
	testq	%rax, %rax
	jnz	1f
	movq	$(0), HOME_BYTES-ENTRY_BYTES(%rcx)
	leaq	-SWITCH_FRAME-ENTRY_BYTES(%rcx), %rax
	leaq	LOCAL(entry)(%rip), %r10
	movq	%r10, SWITCH_RETURN(%rax)
	movq	$(0), SWITCH_FP(%rax)	/* no frame is above */
	movq	%r8, SWITCH_BYTES+48(%rax)
	movq	%r9, SWITCH_BYTES+24(%rax)
	movq	%rdx, SWITCH_BYTES+16(%rax)
	movq	$(-1), SWITCH_LIST(%rax)	/* the list is empty */
	stmxcsr	CONTEXT_CONTROL_WORD(%rdx)
	fnstcw	CONTEXT_CONTROL_WORD+4(%rdx)
	movb	CONTEXT_OPTIONS(%rdx), %cl
	movb	%cl, CONTEXT_KEEPS(%rdx)
	ret
1:	xorl	%eax, %eax
	ret
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: sp in rcx, fn in rdx, arg in r8. The tables describe the frame of the suspended
 * context, as if this had made it: from rbx on.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	pushq	%rbx
	subq	$HOME_BYTES, %rsp
	movq	%rcx, %rbx
	movq	%r8, %rcx
	.seh_pushreg %rbp
	.seh_pushreg %rbx
	.seh_pushreg %rdi
	.seh_pushreg %rsi
	.seh_pushreg %r12
	.seh_pushreg %r13
	.seh_pushreg %r14
	.seh_pushreg %r15
	.seh_stackalloc SWITCH_BYTES
	.seh_savexmm %xmm6, 32
	.seh_savexmm %xmm7, 48
	.seh_savexmm %xmm8, 64
	.seh_savexmm %xmm9, 80
	.seh_savexmm %xmm10, 96
	.seh_savexmm %xmm11, 112
	.seh_savexmm %xmm12, 128
	.seh_savexmm %xmm13, 144
	.seh_savexmm %xmm14, 160
	.seh_savexmm %xmm15, 176
	.seh_setframe %rbx, 0
	.seh_endprologue
	call	*%rdx
	nop			/* an unwinder takes what follows for an epilogue */
	addq	$HOME_BYTES, %rsp
	popq	%rbx
	ret
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 8
	.quad	SWITCH_MARK, SWITCH_RETURN, SWITCH_FP
END_DATA SYM(libcgo_switch_frame)
#endif
