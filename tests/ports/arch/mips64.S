/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	.set	noreorder

	/* The registers that a C callee keeps, from \at on, of 18 words. */
.macro EACH_KEPT integer, float, base, at
	\integer	$s0, \at + 0(\base)
	\integer	$s1, \at + 8(\base)
	\integer	$s2, \at + 16(\base)
	\integer	$s3, \at + 24(\base)
	\integer	$s4, \at + 32(\base)
	\integer	$s5, \at + 40(\base)
	\integer	$s6, \at + 48(\base)
	\integer	$s7, \at + 56(\base)
	\integer	$fp, \at + 64(\base)
	\integer	$gp, \at + 72(\base)
	\float	$f24, \at + 80(\base)
	\float	$f25, \at + 88(\base)
	\float	$f26, \at + 96(\base)
	\float	$f27, \at + 104(\base)
	\float	$f28, \at + 112(\base)
	\float	$f29, \at + 120(\base)
	\float	$f30, \at + 128(\base)
	\float	$f31, \at + 136(\base)
.endm

	.text
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	daddiu	$sp, $sp, -160
	sd	$ra, 152($sp)
	sd	$a0, 144($sp)		/* r */
	EACH_KEPT sd, sdc1, $sp, 0
	move	$t0, $a0
	move	$t9, $a1
	move	$a0, $a2
	move	$a1, $a3
	move	$a2, $a4
	move	$a3, $a5
	EACH_KEPT ld, ldc1, $t0, 0
	jalr	$t9
	 nop
	ld	$t0, 144($sp)
	EACH_KEPT sd, sdc1, $t0, 192	/* r->after */
	EACH_KEPT ld, ldc1, $sp, 0
	ld	$ra, 152($sp)
	jr	$ra
	 daddiu	$sp, $sp, 160
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
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	dmtc1	$1, $f\n
	.endr
	jr	$t8
	 nop
	.set	pop
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	daddiu	$sp, $sp, -16
	.cfi_def_cfa_offset 16
	sd	$ra, 8($sp)
	.cfi_offset $ra, -8
	li	$t0, 0x0bad0bad
	.irp	reg, s0, s1, s2, s3, s4, s5, s6, s7, fp, gp
	move	$\reg, $t0
	.endr
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	dmtc1	$t0, $f\n
	.endr
	move	$t9, $a0
	jalr	$t9
	 nop
	ld	$ra, 8($sp)
	.cfi_restore $ra
	jr	$ra
	 daddiu	$sp, $sp, 16
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	.cpsetup $t9, $t1, note_entry
	dla	$t0, entry
	.cpreturn
	sd	$sp, 0($t0)
	ld	$t2, 8($sp)
	sd	$t2, 8($t0)
	ld	$t2, 16($sp)
	sd	$t2, 16($t0)
	sd	$a0, 24($t0)
	jr	$ra
	 sd	$a1, 32($t0)
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
	.cpsetup $t9, $t1, note_g
	dla	$t0, entry
	.cpreturn
	sd	$sp, 0($t0)
	jr	$ra
	 sd	$fp, 24($t0)
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
	.dword	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f
	.dword	11f, 12f, 13f, 14f, 15f, 16f, 17f, 18f
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
10:	.asciz	"gp"
11:	.asciz	"f24"
12:	.asciz	"f25"
13:	.asciz	"f26"
14:	.asciz	"f27"
15:	.asciz	"f28"
16:	.asciz	"f29"
17:	.asciz	"f30"
18:	.asciz	"f31"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	16, 17, 18, 19, 20, 21, 22, 23, 30
	.long	28, 56, 57, 58, 59, 60, 61, 62, 63
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
