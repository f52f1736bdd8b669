/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	.set	noreorder

	/* Of 64 bits, to be kept whole: the words may be at any address for one. */
.macro LOAD_DOUBLE reg, at, base
	lw	$t1, \at + 4(\base)
	lwc1	\reg, \at(\base)
	mthc1	$t1, \reg
.endm

.macro STORE_DOUBLE reg, at, base
	mfhc1	$t1, \reg
	swc1	\reg, \at(\base)
	sw	$t1, \at + 4(\base)
.endm

	/* The registers that a C callee keeps, from \at on, of 21 words. */
.macro EACH_KEPT integer, float, base, at
	\integer	$s0, \at + 0(\base)
	\integer	$s1, \at + 4(\base)
	\integer	$s2, \at + 8(\base)
	\integer	$s3, \at + 12(\base)
	\integer	$s4, \at + 16(\base)
	\integer	$s5, \at + 20(\base)
	\integer	$s6, \at + 24(\base)
	\integer	$s7, \at + 28(\base)
	\integer	$fp, \at + 32(\base)
	\float	$f20, \at + 36, \base
	\float	$f22, \at + 44, \base
	\float	$f24, \at + 52, \base
	\float	$f26, \at + 60, \base
	\float	$f28, \at + 68, \base
	\float	$f30, \at + 76, \base
.endm

	.text
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	addiu	$sp, $sp, -104
	sw	$ra, 100($sp)
	sw	$a0, 104($sp)		/* r */
	EACH_KEPT sw, STORE_DOUBLE, $sp, 16
	move	$t0, $a0
	move	$t9, $a1
	move	$a0, $a2
	move	$a1, $a3
	lw	$a2, 104 + 16($sp)
	lw	$a3, 104 + 20($sp)
	EACH_KEPT lw, LOAD_DOUBLE, $t0, 0
	jalr	$t9
	 nop
	lw	$t0, 104($sp)
	EACH_KEPT sw, STORE_DOUBLE, $t0, 96	/* r->after */
	EACH_KEPT lw, LOAD_DOUBLE, $sp, 16
	lw	$ra, 100($sp)
	jr	$ra
	 addiu	$sp, $sp, 104
	.size	call_with_registers, . - call_with_registers

	/* But for t8, which has the return address, and k0 and k1, which are the
	   system's. */
	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	.set	push
	.set	noat
	move	$t8, $ra
	li	$1, 0x0bad0bad
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 25, 28, 30, 31
	move	$\n, $1
	.endr
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	mtc1	$1, $f\n
	mthc1	$1, $f\n
	.endr
	jr	$t8
	 nop
	.set	pop
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	addiu	$sp, $sp, -24
	.cfi_def_cfa_offset 24
	sw	$ra, 20($sp)
	.cfi_offset $ra, -4
	li	$t0, 0x0bad0bad
	.irp	reg, s0, s1, s2, s3, s4, s5, s6, s7, fp
	move	$\reg, $t0
	.endr
	.irp	n, 20, 22, 24, 26, 28, 30
	mtc1	$t0, $f\n
	mthc1	$t0, $f\n
	.endr
	move	$t9, $a0
	jalr	$t9
	 nop
	lw	$ra, 20($sp)
	.cfi_restore $ra
	jr	$ra
	 addiu	$sp, $sp, 24
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	.cpload	$t9
	la	$t0, entry
	sw	$sp, 0($t0)
	lw	$t2, 4($sp)
	sw	$t2, 4($t0)
	lw	$t2, 8($sp)
	sw	$t2, 8($t0)
	sw	$a0, 12($t0)
	jr	$ra
	 sw	$a1, 16($t0)
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	move	$fp, $a0
	li	$a0, 0x0bad
	move	$a1, $a0
	jr	$ra
	 move	$a2, $a0
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	.cpload	$t9
	la	$t0, entry
	sw	$sp, 0($t0)
	jr	$ra
	 sw	$fp, 12($t0)
	.size	note_g, . - note_g

	/* There is no bit that makes a CPU stop after each instruction. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	jr	$ra
	 nop
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	jr	$ra
	 nop
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
	.word	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f
	.word	11f, 12f, 13f, 14f, 15f, 16f, 17f, 18f, 19f, 20f
	.word	21f
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
9:	.asciz	"fp"
10:	.asciz	"f20"
11:	.asciz	"f20, high half"
12:	.asciz	"f22"
13:	.asciz	"f22, high half"
14:	.asciz	"f24"
15:	.asciz	"f24, high half"
16:	.asciz	"f26"
17:	.asciz	"f26, high half"
18:	.asciz	"f28"
19:	.asciz	"f28, high half"
20:	.asciz	"f30"
21:	.asciz	"f30, high half"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	16, 17, 18, 19, 20, 21, 22, 23, 30
	.long	52, 53, 54, 55, 56, 57, 58, 59, 60
	.long	61, 62, 63
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
kept_count:	.long	21
stack_alignment:	.long	8
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
