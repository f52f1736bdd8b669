/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	/* The registers that a C callee keeps, from \at on, of 18 words. */
.macro EACH_KEPT integer, float, base, at
	\integer	$s0, \base, \at + 0
	\integer	$s1, \base, \at + 8
	\integer	$s2, \base, \at + 16
	\integer	$s3, \base, \at + 24
	\integer	$s4, \base, \at + 32
	\integer	$s5, \base, \at + 40
	\integer	$s6, \base, \at + 48
	\integer	$s7, \base, \at + 56
	\integer	$s8, \base, \at + 64
	\integer	$fp, \base, \at + 72
	\float	$fs0, \base, \at + 80
	\float	$fs1, \base, \at + 88
	\float	$fs2, \base, \at + 96
	\float	$fs3, \base, \at + 104
	\float	$fs4, \base, \at + 112
	\float	$fs5, \base, \at + 120
	\float	$fs6, \base, \at + 128
	\float	$fs7, \base, \at + 136
.endm

	.text
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	.cfi_startproc
	.cfi_undefined 1		/* ra */
	addi.d	$sp, $sp, -160
	st.d	$ra, $sp, 152
	st.d	$a0, $sp, 144		/* r */
	EACH_KEPT st.d, fst.d, $sp, 0
	move	$t1, $a1
	move	$t2, $a0
	move	$a0, $a2
	move	$a1, $a3
	move	$a2, $a4
	move	$a3, $a5
	EACH_KEPT ld.d, fld.d, $t2, 0
	jirl	$ra, $t1, 0
	ld.d	$t2, $sp, 144
	EACH_KEPT st.d, fst.d, $t2, 192	/* r->after */
	EACH_KEPT ld.d, fld.d, $sp, 0
	ld.d	$ra, $sp, 152
	addi.d	$sp, $sp, 160
	ret
	.cfi_endproc
	.size	call_with_registers, . - call_with_registers

.macro CHANGE_KEPT
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7, 8
	move	$s\reg, $t1
	.endr
	move	$fp, $t1
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7
	movgr2fr.d $fs\reg, $t1
	.endr
.endm

	/* But for t1 and t2, which has the return address, and tp, which is the
	   system's. */
	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	move	$t2, $ra
	li.w	$t1, 0x0bad0bad
	.irp	reg, 0, 3, 4, 5, 6, 7, 8
	move	$t\reg, $t1
	.endr
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7
	move	$a\reg, $t1
	movgr2fr.d $fa\reg, $t1
	.endr
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movgr2fr.d $ft\reg, $t1
	.endr
	move	$ra, $t1
	CHANGE_KEPT
	jr	$t2
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	addi.d	$sp, $sp, -16
	.cfi_def_cfa_offset 16
	st.d	$ra, $sp, 8
	.cfi_offset 1, -8
	li.w	$t1, 0x0bad0bad
	CHANGE_KEPT
	jirl	$ra, $a0, 0
	ld.d	$ra, $sp, 8
	.cfi_restore 1
	addi.d	$sp, $sp, 16
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	la.pcrel $t1, entry
	st.d	$sp, $t1, 0
	ld.d	$t2, $sp, 8
	st.d	$t2, $t1, 8
	ld.d	$t2, $sp, 16
	st.d	$t2, $t1, 16
	st.d	$a0, $t1, 24
	st.d	$a1, $t1, 32
	ret
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	move	$fp, $a0
	li.w	$a0, 0x0bad
	move	$a1, $a0
	move	$a2, $a0
	ret
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	la.pcrel $t1, entry
	st.d	$sp, $t1, 0
	st.d	$fp, $t1, 24
	ret
	.size	note_g, . - note_g

	/* There is no bit that makes a CPU stop after each instruction. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	ret
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
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
	.dword	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f
	.dword	10f, 11f, 12f, 13f, 14f, 15f, 16f, 17f, 18f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"s0"
2:	.asciz	"s1"
3:	.asciz	"s2"
4:	.asciz	"s3"
5:	.asciz	"s4"
6:	.asciz	"s5"
7:	.asciz	"s6"
8:	.asciz	"s7"
9:	.asciz	"s8"
10:	.asciz	"fp"
11:	.asciz	"fs0"
12:	.asciz	"fs1"
13:	.asciz	"fs2"
14:	.asciz	"fs3"
15:	.asciz	"fs4"
16:	.asciz	"fs5"
17:	.asciz	"fs6"
18:	.asciz	"fs7"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	23, 24, 25, 26, 27, 28, 29, 30, 31, 22
	.long	56, 57, 58, 59, 60, 61, 62, 63
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
kept_count:	.long	18
stack_alignment:	.long	16
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
