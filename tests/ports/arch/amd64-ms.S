/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	.text

/* A vector register has the value in both halves. */
.macro LOAD_VECTOR reg, from
	movq	\from, %\reg
	punpcklqdq %\reg, %\reg
.endm

/* Stores the lower half, plus what the upper one differs in. */
.macro STORE_VECTOR reg, to
	movq	%\reg, %rdx
	movhlps	%\reg, %\reg
	movq	%\reg, %r8
	xorq	%rdx, %r8
	addq	%r8, %rdx
	movq	%rdx, \to
.endm

.macro KEEP_VECTOR reg, at
	movaps	%\reg, \at(%rsp)
	.seh_savexmm %\reg, \at
.endm

	.globl	call_with_registers
	.seh_proc call_with_registers
call_with_registers:
	pushq	%rbx
	.seh_pushreg %rbx
	pushq	%rbp
	.seh_pushreg %rbp
	pushq	%rdi
	.seh_pushreg %rdi
	pushq	%rsi
	.seh_pushreg %rsi
	pushq	%r12
	.seh_pushreg %r12
	pushq	%r13
	.seh_pushreg %r13
	pushq	%r14
	.seh_pushreg %r14
	pushq	%r15
	.seh_pushreg %r15
	subq	$216, %rsp
	.seh_stackalloc 216
	KEEP_VECTOR xmm6, 48
	KEEP_VECTOR xmm7, 64
	KEEP_VECTOR xmm8, 80
	KEEP_VECTOR xmm9, 96
	KEEP_VECTOR xmm10, 112
	KEEP_VECTOR xmm11, 128
	KEEP_VECTOR xmm12, 144
	KEEP_VECTOR xmm13, 160
	KEEP_VECTOR xmm14, 176
	KEEP_VECTOR xmm15, 192
	.seh_endprologue
	movq	%rcx, 32(%rsp)
	movq	%rdx, %rax
	movq	%rcx, %r10
	movq	0(%r10), %rbx
	movq	8(%r10), %rbp
	movq	16(%r10), %rdi
	movq	24(%r10), %rsi
	movq	32(%r10), %r12
	movq	40(%r10), %r13
	movq	48(%r10), %r14
	movq	56(%r10), %r15
	LOAD_VECTOR xmm6, 64(%r10)
	LOAD_VECTOR xmm7, 72(%r10)
	LOAD_VECTOR xmm8, 80(%r10)
	LOAD_VECTOR xmm9, 88(%r10)
	LOAD_VECTOR xmm10, 96(%r10)
	LOAD_VECTOR xmm11, 104(%r10)
	LOAD_VECTOR xmm12, 112(%r10)
	LOAD_VECTOR xmm13, 120(%r10)
	LOAD_VECTOR xmm14, 128(%r10)
	LOAD_VECTOR xmm15, 136(%r10)
	movq	%r8, %rcx
	movq	%r9, %rdx
	movq	280+40(%rsp), %r8
	movq	280+48(%rsp), %r9
	call	*%rax
	movq	32(%rsp), %rcx
	movq	%rbx, 192+0(%rcx)
	movq	%rbp, 192+8(%rcx)
	movq	%rdi, 192+16(%rcx)
	movq	%rsi, 192+24(%rcx)
	movq	%r12, 192+32(%rcx)
	movq	%r13, 192+40(%rcx)
	movq	%r14, 192+48(%rcx)
	movq	%r15, 192+56(%rcx)
	STORE_VECTOR xmm6, 192+64(%rcx)
	STORE_VECTOR xmm7, 192+72(%rcx)
	STORE_VECTOR xmm8, 192+80(%rcx)
	STORE_VECTOR xmm9, 192+88(%rcx)
	STORE_VECTOR xmm10, 192+96(%rcx)
	STORE_VECTOR xmm11, 192+104(%rcx)
	STORE_VECTOR xmm12, 192+112(%rcx)
	STORE_VECTOR xmm13, 192+120(%rcx)
	STORE_VECTOR xmm14, 192+128(%rcx)
	STORE_VECTOR xmm15, 192+136(%rcx)
	movaps	48(%rsp), %xmm6
	movaps	64(%rsp), %xmm7
	movaps	80(%rsp), %xmm8
	movaps	96(%rsp), %xmm9
	movaps	112(%rsp), %xmm10
	movaps	128(%rsp), %xmm11
	movaps	144(%rsp), %xmm12
	movaps	160(%rsp), %xmm13
	movaps	176(%rsp), %xmm14
	movaps	192(%rsp), %xmm15
	addq	$216, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rsi
	popq	%rdi
	popq	%rbp
	popq	%rbx
	ret
	.seh_endproc

	.globl	change_all_registers
change_all_registers:
	movq	$0x0bad0bad, %rax
	movq	%rax, %rbx
	movq	%rax, %rcx
	movq	%rax, %rdx
	movq	%rax, %rsi
	movq	%rax, %rdi
	movq	%rax, %rbp
	movq	%rax, %r8
	movq	%rax, %r9
	movq	%rax, %r10
	movq	%rax, %r11
	movq	%rax, %r12
	movq	%rax, %r13
	movq	%rax, %r14
	movq	%rax, %r15
	movq	%rax, %xmm0
	movq	%rax, %xmm1
	movq	%rax, %xmm2
	movq	%rax, %xmm3
	movq	%rax, %xmm4
	movq	%rax, %xmm5
	movq	%rax, %xmm6
	movq	%rax, %xmm7
	movq	%rax, %xmm8
	movq	%rax, %xmm9
	movq	%rax, %xmm10
	movq	%rax, %xmm11
	movq	%rax, %xmm12
	movq	%rax, %xmm13
	movq	%rax, %xmm14
	movq	%rax, %xmm15
	ret

	.globl	change_registers_and_call
	.seh_proc change_registers_and_call
change_registers_and_call:
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movq	$0x0bad0bad, %rax
	movq	%rax, %rbx
	movq	%rax, %rbp
	movq	%rax, %rdi
	movq	%rax, %rsi
	movq	%rax, %r12
	movq	%rax, %r13
	movq	%rax, %r14
	movq	%rax, %r15
	movq	%rax, %xmm6
	movq	%rax, %xmm7
	movq	%rax, %xmm8
	movq	%rax, %xmm9
	movq	%rax, %xmm10
	movq	%rax, %xmm11
	movq	%rax, %xmm12
	movq	%rax, %xmm13
	movq	%rax, %xmm14
	movq	%rax, %xmm15
	call	*%rcx
	addq	$40, %rsp
	ret
	.seh_endproc

	.globl	note_entry
note_entry:
	movq	%rsp, entry(%rip)
	movq	8(%rsp), %rax
	movq	%rax, entry+8(%rip)
	movq	16(%rsp), %rax
	movq	%rax, entry+16(%rip)
	movq	%rcx, entry+24(%rip)
	movq	%rdx, entry+32(%rip)
	ret

	.globl	set_g
set_g:
	movq	%rcx, %r14
	movq	$0x0bad0bad, %rcx
	movq	%rcx, %rax
	movq	%rcx, %rdx
	ret

	.globl	note_g
note_g:
	movq	%rsp, entry(%rip)
	movq	%r14, entry+24(%rip)
	ret

	.globl	start_stepping, stop_stepping
start_stepping:
	pushfq
	orq	$0x100, (%rsp)		/* TF */
	popfq
	ret
stop_stepping:
	pushfq
	andq	$~0x100, (%rsp)
	popfq
	ret

	.bss
	.balign	8
	.globl	entry
entry:	.skip	40

	.section .rdata, "dr"
	.balign	8
	.globl	kept_names
kept_names:
	.quad	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f, 13f, 14f, 15f, 16f, 17f, 18f
1:	.asciz	"rbx"
2:	.asciz	"rbp"
3:	.asciz	"rdi"
4:	.asciz	"rsi"
5:	.asciz	"r12"
6:	.asciz	"r13"
7:	.asciz	"r14"
8:	.asciz	"r15"
9:	.asciz	"xmm6"
10:	.asciz	"xmm7"
11:	.asciz	"xmm8"
12:	.asciz	"xmm9"
13:	.asciz	"xmm10"
14:	.asciz	"xmm11"
15:	.asciz	"xmm12"
16:	.asciz	"xmm13"
17:	.asciz	"xmm14"
18:	.asciz	"xmm15"
	.balign	4
	.globl	kept_dwarf_numbers
kept_dwarf_numbers:
	.long	3, 6, 5, 4, 12, 13, 14, 15, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32
	.globl	kept_count, stack_alignment, entry_alignment, has_argument_registers
kept_count:	.long	18
stack_alignment:	.long	16
entry_alignment:	.long	8
has_argument_registers:	.long	1
