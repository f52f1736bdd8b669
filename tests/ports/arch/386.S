/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	.text
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	endbr32
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %eax		/* r */
	movl	24(%esp), %ecx		/* target */
	subl	$12, %esp
	pushl	52(%esp)		/* c */
	pushl	52(%esp)		/* n */
	pushl	52(%esp)		/* b */
	pushl	52(%esp)		/* a; esp is a multiple of 16 now */
	movl	0(%eax), %ebx
	movl	4(%eax), %ebp
	movl	8(%eax), %esi
	movl	12(%eax), %edi
	call	*%ecx
	movl	48(%esp), %eax		/* r */
	movl	%ebx, 96+0(%eax)
	movl	%ebp, 96+4(%eax)
	movl	%esi, 96+8(%eax)
	movl	%edi, 96+12(%eax)
	addl	$28, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret
	.size	call_with_registers, . - call_with_registers

	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	endbr32
	movl	$0x0bad0bad, %eax
	movl	%eax, %ebx
	movl	%eax, %ecx
	movl	%eax, %edx
	movl	%eax, %esi
	movl	%eax, %edi
	movl	%eax, %ebp
	ret
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	endbr32
	movl	4(%esp), %eax
	subl	$12, %esp
	.cfi_def_cfa_offset 16
	movl	$0x0bad0bad, %ebx
	movl	%ebx, %ebp
	movl	%ebx, %esi
	movl	%ebx, %edi
	call	*%eax
	addl	$12, %esp
	.cfi_def_cfa_offset 4
	ret
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	endbr32
	movl	%esp, %edx
	call	1f
1:	popl	%ecx
	addl	$_GLOBAL_OFFSET_TABLE_ + (. - 1b), %ecx
	leal	entry@GOTOFF(%ecx), %ecx
	movl	%edx, (%ecx)
	movl	4(%edx), %eax
	movl	%eax, 4(%ecx)
	movl	8(%edx), %eax
	movl	%eax, 8(%ecx)
	ret
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	endbr32
	movl	4(%esp), %esi
	movl	$0x0bad0bad, %eax
	movl	%eax, %edx
	ret
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	endbr32
	movl	%esp, %edx
	call	1f
1:	popl	%ecx
	addl	$_GLOBAL_OFFSET_TABLE_ + (. - 1b), %ecx
	leal	entry@GOTOFF(%ecx), %ecx
	movl	%edx, (%ecx)
	movl	%esi, 12(%ecx)
	ret
	.size	note_g, . - note_g

	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	endbr32
	pushfl
	orl	$0x100, (%esp)		/* TF */
	popfl
	ret
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	endbr32
	pushfl
	andl	$~0x100, (%esp)
	popfl
	ret
	.size	stop_stepping, . - stop_stepping

	.bss
	.balign	4
	.globl	entry
	.hidden	entry
	.type	entry, %object
	.size	entry, 20
entry:	.skip	20

	.section .data.rel.ro, "aw", %progbits
	.balign	4
	.globl	kept_names
	.type	kept_names, %object
kept_names:
	.long	1f, 2f, 3f, 4f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"ebx"
2:	.asciz	"ebp"
3:	.asciz	"esi"
4:	.asciz	"edi"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	3, 5, 6, 7
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
kept_count:	.long	4
stack_alignment:	.long	16
entry_alignment:	.long	12
has_argument_registers:	.long	0

	.section .note.GNU-stack, "", %progbits
