/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	/* Of 64 bits, from \at on: any pair of words that the tests have is a number
	   that the registers hold as it is. */
.macro EACH_LOADED base, at
	fmove.d	\at + 0(\base), %fp2
	fmove.d	\at + 8(\base), %fp3
	fmove.d	\at + 16(\base), %fp4
	fmove.d	\at + 24(\base), %fp5
	fmove.d	\at + 32(\base), %fp6
	fmove.d	\at + 40(\base), %fp7
.endm

.macro EACH_STORED base, at
	fmove.d	%fp2, \at + 0(\base)
	fmove.d	%fp3, \at + 8(\base)
	fmove.d	%fp4, \at + 16(\base)
	fmove.d	%fp5, \at + 24(\base)
	fmove.d	%fp6, \at + 32(\base)
	fmove.d	%fp7, \at + 40(\base)
.endm

	.text
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	link.w	%a6, #0
	movem.l	%d2-%d7/%a2-%a5, -(%sp)
	fmovem.x %fp2-%fp7, -(%sp)
	move.l	28(%a6), -(%sp)		/* c */
	move.l	24(%a6), -(%sp)		/* n */
	move.l	20(%a6), -(%sp)		/* b */
	move.l	16(%a6), -(%sp)		/* a */
	move.l	8(%a6), %a0		/* r */
	move.l	12(%a6), %a1		/* target */
	movem.l	(%a0), %d2-%d7/%a2-%a6
	EACH_LOADED %a0, 44
	jsr	(%a1)
	move.l	136(%sp), %a0		/* r */
	movem.l	%d2-%d7/%a2-%a6, 96(%a0)
	EACH_STORED %a0, 96 + 44
	lea	16(%sp), %sp
	fmovem.x (%sp)+, %fp2-%fp7
	movem.l	(%sp)+, %d2-%d7/%a2-%a6
	rts
	.size	call_with_registers, . - call_with_registers

	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	move.l	#0x0bad0bad, %d0
	.irp	reg, d1, d2, d3, d4, d5, d6, d7, a0, a1, a2, a3, a4, a5, a6
	move.l	%d0, %\reg
	.endr
	.irp	reg, fp0, fp1, fp2, fp3, fp4, fp5, fp6, fp7
	fmove.l	%d0, %\reg
	.endr
	rts
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	move.l	4(%sp), %a0
	move.l	#0x0bad0bad, %d0
	.irp	reg, d2, d3, d4, d5, d6, d7, a2, a3, a4, a5, a6
	move.l	%d0, %\reg
	.endr
	.irp	reg, fp2, fp3, fp4, fp5, fp6, fp7
	fmove.l	%d0, %\reg
	.endr
	jsr	(%a0)
	rts
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	lea	(%pc, entry), %a0
	move.l	%sp, (%a0)
	move.l	4(%sp), 4(%a0)
	move.l	8(%sp), 8(%a0)
	rts
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	move.l	4(%sp), %a3
	move.l	#0x0bad0bad, %d0
	move.l	%d0, %a0
	rts
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	lea	(%pc, entry), %a0
	move.l	%sp, (%a0)
	move.l	%a3, 12(%a0)
	rts
	.size	note_g, . - note_g

	/* The bit that makes a CPU stop after each instruction is the system's. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	rts
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	rts
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
	.long	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f
	.long	12f, 12f, 13f, 13f, 14f, 14f, 15f, 15f, 16f, 16f, 17f, 17f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"d2"
2:	.asciz	"d3"
3:	.asciz	"d4"
4:	.asciz	"d5"
5:	.asciz	"d6"
6:	.asciz	"d7"
7:	.asciz	"a2"
8:	.asciz	"a3"
9:	.asciz	"a4"
10:	.asciz	"a5"
11:	.asciz	"a6"
12:	.asciz	"fp2"
13:	.asciz	"fp3"
14:	.asciz	"fp4"
15:	.asciz	"fp5"
16:	.asciz	"fp6"
17:	.asciz	"fp7"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14
	.long	18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23
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
kept_count:	.long	23
stack_alignment:	.long	4
entry_alignment:	.long	0
has_argument_registers:	.long	0

	.section .note.GNU-stack, "", %progbits
