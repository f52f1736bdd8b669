/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	/* The registers that a C callee keeps, from \at on, of 24 words. */
.macro EACH_KEPT integer, float, base, at
	\integer	s0, \at + 0(\base)
	\integer	s1, \at + 8(\base)
	\integer	s2, \at + 16(\base)
	\integer	s3, \at + 24(\base)
	\integer	s4, \at + 32(\base)
	\integer	s5, \at + 40(\base)
	\integer	s6, \at + 48(\base)
	\integer	s7, \at + 56(\base)
	\integer	s8, \at + 64(\base)
	\integer	s9, \at + 72(\base)
	\integer	s10, \at + 80(\base)
	\integer	s11, \at + 88(\base)
	\float	fs0, \at + 96(\base)
	\float	fs1, \at + 104(\base)
	\float	fs2, \at + 112(\base)
	\float	fs3, \at + 120(\base)
	\float	fs4, \at + 128(\base)
	\float	fs5, \at + 136(\base)
	\float	fs6, \at + 144(\base)
	\float	fs7, \at + 152(\base)
	\float	fs8, \at + 160(\base)
	\float	fs9, \at + 168(\base)
	\float	fs10, \at + 176(\base)
	\float	fs11, \at + 184(\base)
.endm

	.text
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	addi	sp, sp, -208
	sd	ra, 200(sp)
	sd	a0, 192(sp)		/* r */
	EACH_KEPT sd, fsd, sp, 0
	mv	t1, a1
	mv	t2, a0
	mv	a0, a2
	mv	a1, a3
	mv	a2, a4
	mv	a3, a5
	EACH_KEPT ld, fld, t2, 0
	jalr	t1
	ld	t2, 192(sp)
	EACH_KEPT sd, fsd, t2, 192	/* r->after */
	EACH_KEPT ld, fld, sp, 0
	ld	ra, 200(sp)
	addi	sp, sp, 208
	ret
	.size	call_with_registers, . - call_with_registers

	/* But for t2, which has the return address, and gp and tp, which are the
	   system's. */
	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	mv	t2, ra
	li	t1, 0x0bad0bad
	.irp	reg, ra, t0, t3, t4, t5, t6, a0, a1, a2, a3, a4, a5, a6, a7, \
		s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	mv	\reg, t1
	.endr
	.irp	reg, ft0, ft1, ft2, ft3, ft4, ft5, ft6, ft7, ft8, ft9, ft10, ft11, \
		fa0, fa1, fa2, fa3, fa4, fa5, fa6, fa7, \
		fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11
	fmv.d.x	\reg, t1
	.endr
	jr	t2
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	addi	sp, sp, -16
	.cfi_def_cfa_offset 16
	sd	ra, 8(sp)
	.cfi_offset ra, -8
	li	t1, 0x0bad0bad
	.irp	reg, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	mv	\reg, t1
	.endr
	.irp	reg, fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11
	fmv.d.x	\reg, t1
	.endr
	jalr	a0
	ld	ra, 8(sp)
	.cfi_restore ra
	addi	sp, sp, 16
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	lla	t1, entry
	sd	sp, 0(t1)
	ld	t2, 8(sp)
	sd	t2, 8(t1)
	ld	t2, 16(sp)
	sd	t2, 16(t1)
	sd	a0, 24(t1)
	sd	a1, 32(t1)
	ret
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	mv	s11, a0
	li	a0, 0x0bad
	mv	a1, a0
	mv	a2, a0
	ret
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	lla	t1, entry
	sd	sp, 0(t1)
	sd	s11, 24(t1)
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
	.dword	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f
	.dword	13f, 14f, 15f, 16f, 17f, 18f, 19f, 20f, 21f, 22f, 23f, 24f
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
10:	.asciz	"s9"
11:	.asciz	"s10"
12:	.asciz	"s11"
13:	.asciz	"fs0"
14:	.asciz	"fs1"
15:	.asciz	"fs2"
16:	.asciz	"fs3"
17:	.asciz	"fs4"
18:	.asciz	"fs5"
19:	.asciz	"fs6"
20:	.asciz	"fs7"
21:	.asciz	"fs8"
22:	.asciz	"fs9"
23:	.asciz	"fs10"
24:	.asciz	"fs11"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	.long	40, 41, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59
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
kept_count:	.long	24
stack_alignment:	.long	16
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
