/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	/* The registers that a C callee keeps, from \at on, of 16 words. */
.macro EACH_KEPT integer, float, base, at
	\integer	%r6, \at + 0(\base)
	\integer	%r7, \at + 8(\base)
	\integer	%r8, \at + 16(\base)
	\integer	%r9, \at + 24(\base)
	\integer	%r10, \at + 32(\base)
	\integer	%r11, \at + 40(\base)
	\integer	%r12, \at + 48(\base)
	\integer	%r13, \at + 56(\base)
	\float	%f8, \at + 64(\base)
	\float	%f9, \at + 72(\base)
	\float	%f10, \at + 80(\base)
	\float	%f11, \at + 88(\base)
	\float	%f12, \at + 96(\base)
	\float	%f13, \at + 104(\base)
	\float	%f14, \at + 112(\base)
	\float	%f15, \at + 120(\base)
.endm

	.text
	.balign	8
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	stmg	%r6, %r15, 48(%r15)
	lg	%r0, 160(%r15)		/* c */
	lgr	%r1, %r15
	aghi	%r15, -232
	stg	%r1, 0(%r15)
	stg	%r2, 224(%r15)		/* r */
	.irp	reg, 8, 9, 10, 11, 12, 13, 14, 15
	std	%f\reg, 160 + 8 * (\reg - 8)(%r15)
	.endr
	lgr	%r14, %r2
	lgr	%r1, %r3
	lgr	%r2, %r4
	lgr	%r3, %r5
	lgr	%r4, %r6
	lgr	%r5, %r0
	EACH_KEPT lg, ld, %r14, 0
	basr	%r14, %r1
	lg	%r1, 224(%r15)
	EACH_KEPT stg, std, %r1, 192	/* r->after */
	.irp	reg, 8, 9, 10, 11, 12, 13, 14, 15
	ld	%f\reg, 160 + 8 * (\reg - 8)(%r15)
	.endr
	lmg	%r6, %r15, 232 + 48(%r15)
	br	%r14
	.size	call_with_registers, . - call_with_registers

	/* But for r14, which has the return address. */
	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	lgfi	%r1, 0x0bad0bad
	.irp	reg, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
	lgr	%r\reg, %r1
	.endr
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	ldgr	%f\reg, %r1
	.endr
	br	%r14
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	stmg	%r14, %r15, 112(%r15)
	.cfi_rel_offset %r14, 112
	.cfi_rel_offset %r15, 120
	lgr	%r1, %r15
	aghi	%r15, -160
	.cfi_adjust_cfa_offset 160
	stg	%r1, 0(%r15)
	lgfi	%r1, 0x0bad0bad
	.irp	reg, 6, 7, 8, 9, 10, 11, 12, 13
	lgr	%r\reg, %r1
	.endr
	.irp	reg, 8, 9, 10, 11, 12, 13, 14, 15
	ldgr	%f\reg, %r1
	.endr
	basr	%r14, %r2
	lmg	%r14, %r15, 160 + 112(%r15)
	.cfi_restore %r14
	.cfi_restore %r15
	.cfi_adjust_cfa_offset -160
	br	%r14
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	larl	%r1, entry
	stg	%r15, 0(%r1)
	mvc	8(16, %r1), 8(%r15)
	stg	%r2, 24(%r1)
	stg	%r3, 32(%r1)
	br	%r14
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	lgr	%r13, %r2
	lghi	%r2, 0x0bad
	lgr	%r3, %r2
	lgr	%r4, %r2
	br	%r14
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	larl	%r1, entry
	stg	%r15, 0(%r1)
	stg	%r13, 24(%r1)
	br	%r14
	.size	note_g, . - note_g

	/* A program cannot have the CPU stop after each instruction. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	br	%r14
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	br	%r14
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
	.quad	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f
	.quad	9f, 10f, 11f, 12f, 13f, 14f, 15f, 16f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"r6"
2:	.asciz	"r7"
3:	.asciz	"r8"
4:	.asciz	"r9"
5:	.asciz	"r10"
6:	.asciz	"r11"
7:	.asciz	"r12"
8:	.asciz	"r13"
9:	.asciz	"f8"
10:	.asciz	"f9"
11:	.asciz	"f10"
12:	.asciz	"f11"
13:	.asciz	"f12"
14:	.asciz	"f13"
15:	.asciz	"f14"
16:	.asciz	"f15"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	6, 7, 8, 9, 10, 11, 12, 13
	.long	24, 28, 25, 29, 26, 30, 27, 31
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
kept_count:	.long	16
stack_alignment:	.long	8
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
