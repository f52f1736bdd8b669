/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	.text
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	.cfi_startproc
	.cfi_undefined %rip
	endbr64
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rsi, %rax
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	%rdx, %rdi
	movq	%rcx, %rsi
	movq	%r8, %rdx
	movq	%r9, %rcx
	call	*%rax
	popq	%rdi
	movq	%rbx, 192+0(%rdi)
	movq	%rbp, 192+8(%rdi)
	movq	%r12, 192+16(%rdi)
	movq	%r13, 192+24(%rdi)
	movq	%r14, 192+32(%rdi)
	movq	%r15, 192+40(%rdi)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.cfi_endproc
	.size	call_with_registers, . - call_with_registers

	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	endbr64
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
	ret
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	endbr64
	subq	$8, %rsp
	.cfi_def_cfa_offset 16
	movq	$0x0bad0bad, %rax
	movq	%rax, %rbx
	movq	%rax, %rbp
	movq	%rax, %r12
	movq	%rax, %r13
	movq	%rax, %r14
	movq	%rax, %r15
	call	*%rdi
	addq	$8, %rsp
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	endbr64
	movq	%rsp, entry(%rip)
	movq	8(%rsp), %rax
	movq	%rax, entry+8(%rip)
	movq	16(%rsp), %rax
	movq	%rax, entry+16(%rip)
	movq	%rdi, entry+24(%rip)
	movq	%rsi, entry+32(%rip)
	ret
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	endbr64
	movq	%rdi, %r14
	movq	$0x0bad0bad, %rdi
	movq	%rdi, %rax
	movq	%rdi, %rsi
	ret
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	endbr64
	movq	%rsp, entry(%rip)
	movq	%r14, entry+24(%rip)
	ret
	.size	note_g, . - note_g

	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	endbr64
	pushfq
	orq	$0x100, (%rsp)		/* TF */
	popfq
	ret
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	endbr64
	pushfq
	andq	$~0x100, (%rsp)
	popfq
	ret
	.size	stop_stepping, . - stop_stepping

	.bss
	.balign	8
	.globl	entry
	.hidden	entry
	.type	entry, %object
	.size	entry, 40
entry:	.skip	40

	.section .data.rel.ro, "aw", %progbits
	.balign	8
	.globl	kept_names
	.type	kept_names, %object
kept_names:
	.quad	1f, 2f, 3f, 4f, 5f, 6f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"rbx"
2:	.asciz	"rbp"
3:	.asciz	"r12"
4:	.asciz	"r13"
5:	.asciz	"r14"
6:	.asciz	"r15"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	3, 6, 12, 13, 14, 15
	.size	kept_dwarf_numbers, . - kept_dwarf_numbers
	.globl	kept_count, stack_alignment, entry_alignment, has_argument_registers
	.type	kept_count, %object
	.size	kept_count, 4
	.type	stack_alignment, %object
	.size	stack_alignment, 4
	.type	entry_alignment, %object
	.size	entry_alignment, 4
	.type	has_argument_registers, %object
	.size	has_argument_registers, 4
kept_count:	.long	6
stack_alignment:	.long	16
entry_alignment:	.long	8
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
