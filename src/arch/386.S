/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86, 32 bits, System V calling convention (System V ABI, i386 supplement,
 * section 2.2).
 *
 * A callee keeps ebx, esi, edi, ebp and esp; esp + 4 is a multiple of 16 at a
 * function's entry; arguments are on the stack, just above the return address.
 */
#include "core/asm.h"

#define LANDING_PAD endbr32

/*
 * The frame of a crosscall. Each register is stored and described to the
 * unwinder by one macro.
 *
 *             | argsize             | ebp + 16
 *             | arg                 | ebp + 12
 *             | fn                  | ebp +  8
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's ebp        | <- ebp
 *             | ebx                 | ebp -  4
 *             | esi                 | ebp -  8
 *             | edi                 | ebp - 12
 *             | (unused)            |
 *             | second argument     | esp +  4
 *             | first argument      | esp, a multiple of 16
 *             +---------------------+
 */
#define FRAME_BYTES 24	/* as $(FRAME_BYTES): Darwin's assembler takes the 2 of $24
				   for the number of a macro's argument */

.macro SAVE reg, below
	movl	%\reg, -\below(%ebp)
	.cfi_offset %\reg, -8 - \below
.endm

.macro RESTORE reg, below
	movl	-\below(%ebp), %\reg
	.cfi_restore %\reg
.endm

.macro ENTER_FRAME
	LANDING_PAD
	pushl	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset %ebp, -8
	movl	%esp, %ebp
	subl	$(FRAME_BYTES), %esp
	.cfi_def_cfa %esp, FRAME_BYTES + 8
	SAVE	ebx, 4
	SAVE	esi, 8
	SAVE	edi, 12
.endm

/*
 * esp is where ENTER_FRAME left it: fn may change every other register, which
 * is why the CFA counts from esp.
 */
.macro LEAVE_FRAME
	leal	FRAME_BYTES(%esp), %ebp
	RESTORE	ebx, 4
	RESTORE	esi, 8
	RESTORE	edi, 12
	leave
	.cfi_def_cfa %esp, 4
	.cfi_restore %ebp
	ret
.endm

#ifdef PART_crosscall
/*
 * void crosscall_386(void (*fn)(void));
 *
 * In: fn on the stack. Keeps what a C callee keeps, whatever fn does to it. The top
 * word of the frame is 0: a runtime that takes it for a return address finds that its
 * walk is over.
 */
FUNC SYM(crosscall_386)
	ENTER_FRAME
	movl	$0, (%esp)
	call	*8(%ebp)
	LEAVE_FRAME
END SYM(crosscall_386)
#endif

#ifdef PART_crosscall_g
/*
 * void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);
 *
 * In: all on the stack. setg finds g at 4(%esp), as a C function.
 */
HIDDEN_FUNC SYM(libcgo_crosscall_g)
	ENTER_FRAME
	movl	8(%ebp), %ebx
	movl	16(%ebp), %eax
	movl	%eax, (%esp)
	call	*12(%ebp)
	call	*%ebx
	LEAVE_FRAME
END SYM(libcgo_crosscall_g)
#endif

#ifdef PART_crosscall2
/*
 * void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize);
 *
 * In: all on the stack. At fn's entry arg is at 4(%esp), argsize at 8(%esp).
 */
FUNC SYM(crosscall2)
	ENTER_FRAME
	movl	12(%ebp), %eax
	movl	16(%ebp), %edx
	movl	%eax, (%esp)
	movl	%edx, 4(%esp)
	call	*8(%ebp)
	LEAVE_FRAME
END SYM(crosscall2)
#endif

#ifdef PART_crosscall_word
/*
 * uintptr_t libcgo_crosscall(uintptr_t (*fn)(void *, uintptr_t), void *arg,
 *                            uintptr_t word);
 *
 * In: all on the stack. At fn's entry arg is at 4(%esp), word at 8(%esp). The
 * result is what fn leaves in eax.
 */
FUNC SYM(libcgo_crosscall)
	ENTER_FRAME
	movl	12(%ebp), %eax
	movl	16(%ebp), %edx
	movl	%eax, (%esp)
	movl	%edx, 4(%esp)
	call	*8(%ebp)
	LEAVE_FRAME
END SYM(libcgo_crosscall)
#endif

/*
 * The frame of a call on another stack. The CFA counts from ebp, which a C
 * callee keeps: every unwinder finds the old stack by it, and so does the return.
 * What is saved is on the old stack:
 *
 *     CFA ->  +---------------------+
 *             | return address      |
 *             | caller's ebp        | <- ebp
 *             | ebx                 | ebp -  4   (libcgo_call_on_stack only)
 *             | mark                | ebp -  8   (libcgo_call_on_stack only)
 *             +---------------------+
 *             | result              | ebp - 12   (where the system knows stacks)
 *             | the thread block    | ebp - 16   (where the system knows stacks)
 *             | the system's bounds | ebp - 24   (where the system knows stacks)
 *             +---------------------+
 *
 * gdb stops where a caller's frame is below its callee's, unless the callee's
 * name is __morestack, the one routine that it knows to change stacks. Hence the
 * local name for the rest of these two routines, from the call on.
 */
#define MARK 8	/* below ebp */
#ifdef SYSTEM_KNOWS_STACKS
#define RESULT 12
#define SYSTEM_BOUNDS 24	/* two words, and the thread block */
#define STACK_CALL_BYTES 24
#else
#define STACK_CALL_BYTES MARK
#endif

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
 * In: all on the stack. If esp is on the small stack that the record names, fn
 * runs at the record's system_sp, and caller_sp tells where it came from; what
 * else there is, libcgo_find_system_sp knows.
 */
FUNC SYM(libcgo_call_on_system)
	LANDING_PAD
	pushl	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset %ebp, -8
	movl	%esp, %ebp
	.cfi_def_cfa_register %ebp
	PROBE2(call_on_system, 4@8(%ebp), 4@12(%ebp))
	movl	8(%ebp), %ecx
	testl	%ecx, %ecx
	jz	2f
	movl	%esp, %eax
	subl	THREAD_SMALL_LO(%ecx), %eax
	cmpl	THREAD_SMALL_SPAN(%ecx), %eax
	jae	2f
	movl	%esp, THREAD_CALLER_SP(%ecx)
	movl	THREAD_SYSTEM_SP(%ecx), %esp
	subl	$12, %esp
1:	movl	12(%ebp), %eax
	pushl	16(%ebp)
	BEGIN_OTHER_STACK
	call	*%eax
	PROBE1(call_on_system_done, 4@%eax)
	leave
	.cfi_def_cfa %esp, 4
	.cfi_restore %ebp
	ret
	.cfi_def_cfa %ebp, 8
	.cfi_offset %ebp, -8
	END_OTHER_STACK
2:	pushl	%ebp
	pushl	%ecx
	call	SYM(libcgo_find_system_sp)
	addl	$4, %esp	/* esp + 12 is a multiple of 16, as after subl $12 */
	testl	%eax, %eax
	jz	1b
	leal	-12(%eax), %esp
	jmp	1b
END SYM(libcgo_call_on_system)
#endif

#ifdef PART_call_on_stack
/*
 * uintptr_t libcgo_call_on_stack(struct libcgo_thread *thread,
 *                                const struct libcgo_stack *stack,
 *                                uintptr_t (*fn)(void *), void *arg);
 *
 * In: all on the stack. The list of such calls is kept by
 * libcgo_begin_stack_call and libcgo_end_stack_call.
 */
FUNC SYM(libcgo_call_on_stack)
	LANDING_PAD
	pushl	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset %ebp, -8
	movl	%esp, %ebp
	.cfi_def_cfa_register %ebp
	PROBE2(call_on_stack, 4@8(%ebp), 4@16(%ebp))
	pushl	%ebx
	.cfi_offset %ebx, -12
	leal	-STACK_CALL_BYTES(%ebp), %esp
	leal	-MARK(%ebp), %edx
	movl	%esp, %eax
	pushl	%edx
	pushl	%eax		/* the caller's stack goes on here */
	pushl	12(%ebp)
	pushl	8(%ebp)
	call	SYM(libcgo_begin_stack_call)
	movl	%eax, %ebx
#ifdef SYSTEM_KNOWS_STACKS
	movl	12(%ebp), %edx
	movl	%edx, (%esp)
	leal	-SYSTEM_BOUNDS(%ebp), %edx
	movl	%edx, 4(%esp)
	call	SYM(libcgo_enter_stack)
	movl	%ebx, %eax
#endif
	movl	16(%ebp), %edx
	movl	20(%ebp), %ecx
	movl	STACK_CALL_START(%eax), %esp
	subl	$12, %esp
	pushl	%ecx
	BEGIN_OTHER_STACK
	call	*%edx
	PROBE1(call_on_stack_done, 4@%eax)
#ifdef SYSTEM_KNOWS_STACKS
	leal	-STACK_CALL_BYTES - 16(%ebp), %esp
	movl	%eax, -RESULT(%ebp)
	leal	-SYSTEM_BOUNDS(%ebp), %edx
	movl	%edx, (%esp)
	call	SYM(libcgo_leave_stack)
	movl	-RESULT(%ebp), %eax
#endif
	leal	-STACK_CALL_BYTES - 4(%ebp), %esp
	leal	-MARK(%ebp), %edx
	pushl	%edx
	pushl	%eax
	pushl	%ebx
	call	SYM(libcgo_end_stack_call)
	movl	-4(%ebp), %ebx
	.cfi_restore %ebx
	leave
	.cfi_def_cfa %esp, 4
	.cfi_restore %ebp
	ret
	END_OTHER_STACK
END SYM(libcgo_call_on_stack)
#endif

#ifdef PART_guard
/*
 * void libcgo_guard(struct libcgo_guarded_call *g);
 *
 * In: g on the stack. It is where the caller has put it while libcgo_guarded runs: there the personality
 * routine finds it.
 */
HIDDEN_FUNC SYM(libcgo_guard)
	PERSONALITY SYM(libcgo_guard_personality)
	ENTER_FRAME
	movl	8(%ebp), %eax
	movl	%eax, (%esp)
	movl	%esp, 4(%esp)
	call	SYM(libcgo_guarded)
	LEAVE_FRAME
END SYM(libcgo_guard)

/*
 * const struct libcgo_place_in_frame libcgo_guard_place;
 */
HIDDEN_DATA SYM(libcgo_guard_place), 4
	.long	-1, FRAME_BYTES + 8
END_DATA SYM(libcgo_guard_place)
#endif

#ifdef PART_frame
/*
 * const struct cgo::frame_layout libcgo_frame_layout;
 *
 * ebp points at the caller's, and the return address follows it.
 */
HIDDEN_DATA SYM(libcgo_frame_layout), 4
	.long	0		/* caller */
	.long	4		/* return address */
	.long	0, 8		/* the range of both */
	.long	MARK + 4	/* from a mark to its return address */
#ifdef SYSTEM_KNOWS_STACKS
	.long	0
#else
	.long	4		/* from where C was called to that */
#endif
END_DATA SYM(libcgo_frame_layout)

/*
 * uintptr_t libcgo_strip_signature(uintptr_t return_address);
 */
HIDDEN_FUNC SYM(libcgo_strip_signature)
	LANDING_PAD
	movl	4(%esp), %eax
	ret
END SYM(libcgo_strip_signature)
#endif

#ifdef PART_entry
/*
 * void libcgo_initcgo(void);
 *
 * What initcgo points to. The client may call it with any stack alignment
 * (initcgo(3): a frame made by hand); C is called with the one
 * that it expects. The callee is hidden, so no register holds a GOT.
 */
HIDDEN_FUNC SYM(libcgo_initcgo)
	LANDING_PAD
	pushl	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset %ebp, -8
	movl	%esp, %ebp
	.cfi_def_cfa_register %ebp
	andl	$-16, %esp
	call	SYM(libcgo_prepare_slots)
	leave
	.cfi_def_cfa %esp, 4
	.cfi_restore %ebp
	ret
END SYM(libcgo_initcgo)
#endif

#ifdef PART_slot
/*
 * uintptr_t libcgo_slot_load(int base, intptr_t offset);
 * void libcgo_slot_store(int base, intptr_t offset, uintptr_t value);
 *
 * In: base, a SLOT_BASE_..., at 4(%esp); offset at 8(%esp); value at 12(%esp).
 * The thread pointer is the address held in %gs:0 and is loaded first: Xen
 * traps negative offsets from %gs (libcgo-classic(7), Slots). Darwin's thread
 * segment is %gs, without a pointer to itself.
 */
HIDDEN_FUNC SYM(libcgo_slot_load)
	LANDING_PAD
	movl	8(%esp), %ecx
	cmpl	$SLOT_BASE_SEGMENT, 4(%esp)
	je	1f
	movl	%gs:0, %eax
	movl	(%eax,%ecx), %eax
	ret
1:	movl	%gs:(%ecx), %eax
	ret
END SYM(libcgo_slot_load)

HIDDEN_FUNC SYM(libcgo_slot_store)
	LANDING_PAD
	movl	8(%esp), %ecx
	movl	12(%esp), %edx
	cmpl	$SLOT_BASE_SEGMENT, 4(%esp)
	je	1f
	movl	%gs:0, %eax
	movl	%edx, (%eax,%ecx)
	ret
1:	movl	%edx, %gs:(%ecx)
	ret
END SYM(libcgo_slot_store)
#endif

#ifdef PART_thread_pointer
/*
 * uintptr_t libcgo_thread_pointer(void);
 */
HIDDEN_FUNC SYM(libcgo_thread_pointer)
	LANDING_PAD
	movl	THREAD_POINTER_386, %eax
	ret
END SYM(libcgo_thread_pointer)
#endif

#ifdef PART_stack_chk_fail
/*
 * void __stack_chk_fail_local(void);
 *
 * Objects compiled with -fstack-protector -fPIC call this hidden symbol when a
 * canary was overwritten, and expect it from libc's helper archive, which not
 * every linker brings along. Weak, because a static libc defines it beside
 * __stack_chk_fail. Does not return.
 */
WEAK_HIDDEN_FUNC SYM(__stack_chk_fail_local)
	LANDING_PAD
	call	1f
	.cfi_adjust_cfa_offset 4
1:	popl	%ebx
	.cfi_adjust_cfa_offset -4
	addl	$_GLOBAL_OFFSET_TABLE_ + (. - 1b), %ebx
	/* Nothing above the return address can be trusted: align, then leave. */
	andl	$-16, %esp
	call	SYM(__stack_chk_fail)@PLT
	hlt
END SYM(__stack_chk_fail_local)
#endif

#ifdef PART_switch
/*
 * uintptr_t libcgo_switch(struct libcgo_thread *thread, struct libcgo_context *from,
 *                         struct libcgo_context *to, uintptr_t word);
 *
 * In: all on the stack. What it does in which order, and why, stands in
 * src/kit/context.cc. The frame of what is suspended, and where it is from esp if the system
 * knows stacks, or else:
 *
 *             | word                | 60, 44
 *             | to                  | 56, 40
 *             | from                | 52, 36
 *             | thread              | 48, 32
 *     CFA ->  +---------------------+
 *             | return address      | 44, 28
 *             | caller's ebp        | 40, 24
 *             | ebx                 | 36, 20
 *             | mark                | 32, 16
 *             | esi                 | 28, 12
 *             | edi                 | 24,  8
 *             | (alignment)         | 20      (where the system knows stacks)
 *             | the list            | 16      of handlers: ExceptionList
 *             | the system's bounds |  8      StackBase, StackLimit
 *             | mxcsr               |  4, where the code has SSE
 *             | x87 control word    | <- esp, which the context's record has
 *             +---------------------+
 *
 * The mark is as far below the return address as in libcgo_call_on_stack. The callee keeps
 * the control words; they are saved always, whatever a context promises.
 *
 * The thread block: the bounds are as in amd64-ms.S, and what src/os/windows.cc says of them
 * is true of a context, too. The list of handlers begins in the frames of who runs, and so
 * each context has its own. The system calls the handlers only if the last one is its own,
 * with which it has begun the list of each thread (SEHOP: "structured exception handler
 * overwrite protection"). So a new context's list has two entries: our outermost handler, and
 * behind it that one. They are above the first frame:
 *
 *     top ->  +---------------------+
 *             | the last handler    |
 *             | -1: the list's end  | <- the last entry
 *             | libcgo_unhandled    |
 *             | the last entry      | <- the first entry; the CFA of the first frame
 *             +---------------------+
 */
#ifdef SYSTEM_KNOWS_STACKS
#define SWITCH_SYSTEM 16
#define SWITCH_LIST 16
#define SWITCH_LIMIT 12
#define SWITCH_BASE 8
#define ENTRY_BYTES 16
/* In the thread block. The thread's own stack can be used from two pages above its low end
   on: stack_low_end in src/os/windows.cc. */
#define EXCEPTION_LIST %fs:0
#define STACK_BASE %fs:4
#define STACK_LIMIT %fs:8
#define DEALLOCATION_STACK %fs:0xe0c
#define TWO_PAGES 0x2000
#else
#define SWITCH_SYSTEM 0
#define ENTRY_BYTES 0
#endif
#define SWITCH_BYTES (32 + SWITCH_SYSTEM)
#define SWITCH_MARK (16 + SWITCH_SYSTEM)
#define SWITCH_RETURN (28 + SWITCH_SYSTEM)
#define SWITCH_FP (24 + SWITCH_SYSTEM)
#define SWITCH_EBX (20 + SWITCH_SYSTEM)
#define SWITCH_ESI (12 + SWITCH_SYSTEM)
#define SWITCH_EDI (8 + SWITCH_SYSTEM)

.macro SAVE_CONTROL at
	fnstcw	(\at)
#ifdef __SSE__
	stmxcsr	4(\at)
#endif
.endm

.macro LOAD_CONTROL
	fldcw	(%esp)
#ifdef __SSE__
	ldmxcsr	4(%esp)
#endif
.endm

.macro SWITCH_FRAME_INFO
	.cfi_def_cfa %esp, SWITCH_BYTES
	.cfi_offset %eip, -4
	.cfi_offset %ebp, -8
	.cfi_offset %ebx, -12
	.cfi_offset %esi, -20
	.cfi_offset %edi, -24
.endm

.macro PUSH_AND_TELL reg, at
	pushl	\reg
	.cfi_adjust_cfa_offset 4
	.cfi_offset \reg, \at
.endm

.macro POP_AND_TELL reg
	popl	\reg
	.cfi_adjust_cfa_offset -4
	.cfi_restore \reg
.endm

.macro ENTER_SWITCH
	LANDING_PAD
	PUSH_AND_TELL %ebp, -8
	PUSH_AND_TELL %ebx, -12
	subl	$(4), %esp	/* the mark */
	.cfi_adjust_cfa_offset 4
	PUSH_AND_TELL %esi, -20
	PUSH_AND_TELL %edi, -24
	subl	$(8 + SWITCH_SYSTEM), %esp
	.cfi_adjust_cfa_offset 8 + SWITCH_SYSTEM
	SAVE_CONTROL %esp
.endm

/* An argument of a C function that takes four words. */
.macro PUSH_ARGUMENT word
	pushl	\word
	.cfi_adjust_cfa_offset 4
.endm

.macro DROP_ARGUMENTS
	addl	$(16), %esp
	.cfi_adjust_cfa_offset -16
.endm

/*
 * What the system knows. BEFORE_STACK keeps it in the caller's frame, and makes the bounds
 * wider by the stack of the context in edi. AFTER_STACK loads the list, and gives C its own
 * bounds back. eax, ebx, esi, edi and ebp stay. TELL_SYSTEM: the rest of both.
 */
#ifdef SYSTEM_KNOWS_STACKS
.macro BEFORE_STACK
	movl	STACK_BASE, %ecx
	movl	STACK_LIMIT, %edx
	movl	%ecx, SWITCH_BASE(%esp)
	movl	%edx, SWITCH_LIMIT(%esp)
	movl	EXCEPTION_LIST, %edx
	movl	%edx, SWITCH_LIST(%esp)
	movl	CONTEXT_SPAN(%edi), %edx
	testl	%edx, %edx
	jz	LOCAL(cross)
	addl	CONTEXT_LO(%edi), %edx
	cmpl	%edx, %ecx
	jae	LOCAL(high)
	movl	%edx, STACK_BASE
LOCAL(high):
	movl	CONTEXT_LO(%edi), %edx
	cmpl	STACK_LIMIT, %edx
	jb	LOCAL(lower)
.endm

.macro AFTER_STACK
	movl	SWITCH_LIST(%esp), %ecx
	movl	%ecx, EXCEPTION_LIST
	cmpl	$(0), CONTEXT_SPAN(%edi)
	je	LOCAL(narrow)
.endm

.macro TELL_SYSTEM
LOCAL(narrow):			/* C goes on */
	movl	SWITCH_BASE(%esp), %ecx
	movl	%ecx, STACK_BASE
	movl	SWITCH_LIMIT(%esp), %edx
	movl	DEALLOCATION_STACK, %ecx
	addl	$(TWO_PAGES), %ecx
	cmpl	%ecx, %edx
	jbe	LOCAL(limit)
	movl	%ecx, %edx	/* it has been lowered since, or else it stays */
	cmpl	%ecx, STACK_LIMIT
	jae	LOCAL(told)
LOCAL(limit):
	movl	%edx, STACK_LIMIT
	jmp	LOCAL(told)
LOCAL(lower):			/* all of the thread's own stack can be touched? */
	movl	DEALLOCATION_STACK, %ecx
	addl	$(TWO_PAGES), %ecx
	cmpl	%ecx, STACK_LIMIT
	ja	LOCAL(commit)
	movl	%edx, STACK_LIMIT
	jmp	LOCAL(cross)
LOCAL(commit):
	PUSH_ARGUMENT %eax	/* the callee's are none but the last one */
	PUSH_ARGUMENT %eax
	PUSH_ARGUMENT %eax
	PUSH_ARGUMENT %edx
	call	SYM(libcgo_lower_stack)
	movl	12(%esp), %eax
	DROP_ARGUMENTS
	jmp	LOCAL(cross)
.endm
#else
.macro BEFORE_STACK
.endm
.macro AFTER_STACK
.endm
.macro TELL_SYSTEM
.endm
#endif

FUNC SYM(libcgo_switch)
	ENTER_SWITCH
	movl	SWITCH_BYTES(%esp), %ebx
	movl	SWITCH_BYTES+4(%esp), %esi
	movl	SWITCH_BYTES+8(%esp), %edi
	movl	SWITCH_BYTES+12(%esp), %ebp
	cmpl	$(CONTEXT_OVER), CONTEXT_SP(%edi)
	jbe	LOCAL(ask)
	cmpl	$(0), CONTEXT_SP(%esi)
	jne	LOCAL(ask)
	movl	CONTEXT_LO(%esi), %eax
	movl	CONTEXT_SPAN(%esi), %edx
	movl	%esp, %ecx
	subl	%eax, %ecx
	testl	%ebx, %ebx
	jz	3f
	cmpl	%edx, %ecx
	jae	LOCAL(ask)	/* not on the stack of *from */
	cmpl	THREAD_SMALL_LO(%ebx), %eax
	jne	LOCAL(ask)
	cmpl	THREAD_SMALL_SPAN(%ebx), %edx
	jne	LOCAL(ask)
	movl	THREAD_RUNNING(%ebx), %eax
	testb	$(STACK_CALL_SWITCHED), STACK_CALL_FLAGS(%eax)
	jz	LOCAL(ask)
	cmpl	$(0), THREAD_SWITCHING(%ebx)
	jne	LOCAL(ask)
LOCAL(go):
	movl	%esp, %eax	/* what *from gets */
LOCAL(leave):
	BEFORE_STACK
LOCAL(cross):
	testl	%ebx, %ebx
	jz	7f
	movl	CONTEXT_LO(%edi), %ecx
	movl	CONTEXT_SPAN(%edi), %edx
	movl	%edi, THREAD_SWITCHING(%ebx)
	movl	CONTEXT_SP(%edi), %esp
	movl	$(0), THREAD_SMALL_SPAN(%ebx)
	movl	%ecx, THREAD_SMALL_LO(%ebx)
	movl	%edx, THREAD_SMALL_SPAN(%ebx)
	movl	$(0), THREAD_SWITCHING(%ebx)
1:	AFTER_STACK
LOCAL(told):
	movl	%eax, CONTEXT_SP(%esi)
	movl	$(0), CONTEXT_SP(%edi)
	movl	%ebx, CONTEXT_THREAD(%edi)
	LOAD_CONTROL
	cmpl	$(0), CONTEXT_FLAGS(%edi)
	jne	6f
2:	movl	%ebp, %eax
	addl	$(8 + SWITCH_SYSTEM), %esp
	.cfi_adjust_cfa_offset -8 - SWITCH_SYSTEM
	POP_AND_TELL %edi
	POP_AND_TELL %esi
	addl	$(4), %esp
	.cfi_adjust_cfa_offset -4
	POP_AND_TELL %ebx
	POP_AND_TELL %ebp
	popl	%ecx
	.cfi_adjust_cfa_offset -4
	.cfi_register %eip, %ecx
	notrack jmp *%ecx
	SWITCH_FRAME_INFO

3:	decl	%edx		/* of a record that is not made all addresses */
	cmpl	%edx, %ecx
	jbe	LOCAL(go)
LOCAL(ask):
	leal	SWITCH_MARK(%esp), %eax
	PUSH_ARGUMENT %eax
	PUSH_ARGUMENT %edi
	PUSH_ARGUMENT %esi
	PUSH_ARGUMENT %ebx
	call	SYM(libcgo_switch_asks)
	DROP_ARGUMENTS
	jmp	LOCAL(go)
6:	leal	SWITCH_MARK(%esp), %eax
	PUSH_ARGUMENT %eax
	PUSH_ARGUMENT %eax
	PUSH_ARGUMENT %edi
	PUSH_ARGUMENT %ebx
	movl	%eax, 8(%esp)
	call	SYM(libcgo_switch_resumes)
	DROP_ARGUMENTS
	jmp	2b
7:	movl	CONTEXT_SP(%edi), %esp
	jmp	1b
	TELL_SYSTEM
END SYM(libcgo_switch)

/* fn of the context in edi has returned the one in eax, on which the thread goes on. */
BODY SYM(libcgo_switch_end)
	ENTER_SWITCH
	movl	%edi, %esi
	movl	%eax, %edi
	leal	SWITCH_MARK(%esp), %eax
	PUSH_ARGUMENT %eax
	PUSH_ARGUMENT %eax
	PUSH_ARGUMENT %edi
	PUSH_ARGUMENT %esi
	call	SYM(libcgo_switch_ends)
	DROP_ARGUMENTS
	movl	%eax, %ebx
	xorl	%ebp, %ebp
	movl	$(CONTEXT_OVER), %eax
	jmp	LOCAL(leave)
END SYM(libcgo_switch_end)

/*
 * Where a new context begins: the word is in eax, fn in ebx, arg in esi, the context in
 * edi. Unwinding ends here. An unwinder looks for the caller of fn before the address to
 * which that returns; and a new context, too, has a caller.
 */
BODY SYM(libcgo_context_entry)
	.cfi_undefined %eip
	nop
LOCAL(entry):
	subl	$(8), %esp
	pushl	%eax
	pushl	%esi
	call	*%ebx
	call	SYM(libcgo_switch_end)
	ud2
END SYM(libcgo_context_entry)

/* The list of handlers of the new context whose frame is at eax, with the last handler of
   the caller's list; empty, if that is. */
#ifdef SYSTEM_KNOWS_STACKS
.macro BEGIN_LIST
	movl	EXCEPTION_LIST, %ecx
	movl	%ecx, SWITCH_LIST(%eax)
	cmpl	$(-1), %ecx
	je	LOCAL(empty)
LOCAL(next):
	movl	%ecx, %edx
	movl	(%edx), %ecx
	cmpl	$(-1), %ecx
	jne	LOCAL(next)
	movl	4(%edx), %edx
	movl	%ecx, SWITCH_BYTES+8(%eax)
	movl	%edx, SWITCH_BYTES+12(%eax)
	leal	SWITCH_BYTES+8(%eax), %ecx
	movl	%ecx, SWITCH_BYTES(%eax)
	movl	$SYM(libcgo_unhandled), SWITCH_BYTES+4(%eax)
	leal	SWITCH_BYTES(%eax), %ecx
	movl	%ecx, SWITCH_LIST(%eax)
LOCAL(empty):
.endm
#else
.macro BEGIN_LIST
.endm
#endif

/*
 * uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
 *                                struct libcgo_context *(*fn)(void *, uintptr_t),
 *                                void *arg);
 *
 * In: all on the stack. Where there is a shadow stack, each context would need its own.
 */
HIDDEN_FUNC SYM(libcgo_context_begin)
	LANDING_PAD
	xorl	%eax, %eax
	rdsspd	%eax		/* 0 stays, if there is none */
	testl	%eax, %eax
	jnz	2f
	call	1f
	.cfi_adjust_cfa_offset 4
1:	popl	%edx
	.cfi_adjust_cfa_offset -4
	leal	LOCAL(entry)-1b(%edx), %edx
	movl	4(%esp), %eax
	subl	$(SWITCH_BYTES + ENTRY_BYTES), %eax
	movl	%edx, SWITCH_RETURN(%eax)
	movl	$(0), SWITCH_FP(%eax)	/* no frame is above */
	movl	12(%esp), %ecx
	movl	%ecx, SWITCH_EBX(%eax)
	movl	16(%esp), %ecx
	movl	%ecx, SWITCH_ESI(%eax)
	movl	8(%esp), %ecx
	movl	%ecx, SWITCH_EDI(%eax)
	SAVE_CONTROL %eax
	BEGIN_LIST
	ret
2:	xorl	%eax, %eax
	ret
END SYM(libcgo_context_begin)

/*
 * void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);
 *
 * In: all on the stack. While fn runs, the frame is described as that of the context.
 */
HIDDEN_FUNC SYM(libcgo_context_look)
	LANDING_PAD
	PUSH_AND_TELL %ebx, -8
	movl	8(%esp), %ebx
	movl	12(%esp), %ecx
	movl	16(%esp), %edx
	subl	$(4), %esp
	.cfi_adjust_cfa_offset 4
	PUSH_ARGUMENT %edx
	.cfi_remember_state
	SWITCH_FRAME_INFO
	.cfi_def_cfa_register %ebx
	call	*%ecx
	.cfi_restore_state
	addl	$(8), %esp
	.cfi_adjust_cfa_offset -8
	POP_AND_TELL %ebx
	ret
END SYM(libcgo_context_look)

/*
 * const struct libcgo_switch_frame libcgo_switch_frame;
 */
HIDDEN_DATA SYM(libcgo_switch_frame), 4
	.long	SWITCH_MARK
	.long	SWITCH_RETURN
	.long	SWITCH_FP
END_DATA SYM(libcgo_switch_frame)
#endif
