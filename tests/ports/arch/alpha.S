/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	.set	noat

	/* The registers that a C callee keeps, from \at on, of 15 words. */
.macro EACH_KEPT integer, float, base, at
	\integer	$9, \at + 0(\base)
	\integer	$10, \at + 8(\base)
	\integer	$11, \at + 16(\base)
	\integer	$12, \at + 24(\base)
	\integer	$13, \at + 32(\base)
	\integer	$14, \at + 40(\base)
	\integer	$15, \at + 48(\base)
	\float	$f2, \at + 56(\base)
	\float	$f3, \at + 64(\base)
	\float	$f4, \at + 72(\base)
	\float	$f5, \at + 80(\base)
	\float	$f6, \at + 88(\base)
	\float	$f7, \at + 96(\base)
	\float	$f8, \at + 104(\base)
	\float	$f9, \at + 112(\base)
.endm

	.text
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	.usepv	call_with_registers, no
	lda	$30, -144($30)
	stq	$26, 136($30)
	stq	$16, 128($30)		/* r */
	stq	$29, 120($30)
	EACH_KEPT stq, stt, $30, 0
	mov	$16, $1
	mov	$17, $27
	mov	$18, $16
	mov	$19, $17
	mov	$20, $18
	mov	$21, $19
	EACH_KEPT ldq, ldt, $1, 0
	jsr	$26, ($27)
	ldq	$1, 128($30)
	EACH_KEPT stq, stt, $1, 192	/* r->after */
	EACH_KEPT ldq, ldt, $30, 0
	ldq	$29, 120($30)
	ldq	$26, 136($30)
	lda	$30, 144($30)
	ret	$31, ($26), 1
	.size	call_with_registers, . - call_with_registers

	/* But for $28, which has the return address. */
	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	.usepv	change_all_registers, no
	mov	$26, $28
	ldah	$0, 0x0bad($31)
	lda	$0, 0x0bad($0)
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29
	mov	$0, $\n
	.endr
	lda	$30, -16($30)
	stq	$0, 0($30)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldt	$f\n, 0($30)
	.endr
	lda	$30, 16($30)
	ret	$31, ($28), 1
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.usepv	change_registers_and_call, no
	.cfi_startproc
	lda	$30, -16($30)
	.cfi_def_cfa_offset 16
	stq	$26, 8($30)
	.cfi_offset $26, -8
	mov	$16, $27
	ldah	$0, 0x0bad($31)
	lda	$0, 0x0bad($0)
	stq	$0, 0($30)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	mov	$0, $\n
	.endr
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9
	ldt	$f\n, 0($30)
	.endr
	stq	$29, 0($30)
	jsr	$26, ($27)
	ldq	$29, 0($30)
	ldq	$26, 8($30)
	.cfi_restore $26
	lda	$30, 16($30)
	.cfi_def_cfa_offset 0
	ret	$31, ($26), 1
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	.usepv	note_entry, std
	ldgp	$29, 0($27)
	ldq	$1, entry($29)		!literal
	stq	$30, 0($1)
	ldq	$2, 8($30)
	stq	$2, 8($1)
	ldq	$2, 16($30)
	stq	$2, 16($1)
	stq	$16, 24($1)
	stq	$17, 32($1)
	ret	$31, ($26), 1
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	.usepv	set_g, no
	mov	$16, $14
	lda	$16, 0x0bad($31)
	mov	$16, $17
	mov	$16, $18
	ret	$31, ($26), 1
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	.usepv	note_g, std
	ldgp	$29, 0($27)
	ldq	$1, entry($29)		!literal
	stq	$30, 0($1)
	stq	$14, 24($1)
	ret	$31, ($26), 1
	.size	note_g, . - note_g

	/* There is no bit that makes a CPU stop after each instruction. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	.usepv	start_stepping, no
	ret	$31, ($26), 1
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	.usepv	stop_stepping, no
	ret	$31, ($26), 1
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
	.quad	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f, 13f, 14f, 15f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"s0"
2:	.asciz	"s1"
3:	.asciz	"s2"
4:	.asciz	"s3"
5:	.asciz	"s4"
6:	.asciz	"s5"
7:	.asciz	"fp"
8:	.asciz	"$f2"
9:	.asciz	"$f3"
10:	.asciz	"$f4"
11:	.asciz	"$f5"
12:	.asciz	"$f6"
13:	.asciz	"$f7"
14:	.asciz	"$f8"
15:	.asciz	"$f9"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	9, 10, 11, 12, 13, 14, 15
	.long	34, 35, 36, 37, 38, 39, 40, 41
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
kept_count:	.long	15
stack_alignment:	.long	16
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
