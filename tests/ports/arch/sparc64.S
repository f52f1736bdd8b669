/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. Frames are as in src/arch/sparc64.S. */
#define BIAS 2047
	.register %g2, #scratch
	.register %g3, #scratch

	/* The registers that a C callee keeps, \at bytes from \base on, of 14 words: all
	   of a window but %fp, which is a stack pointer, and %i7, the return address. */
.macro EACH_LOADED base, at
	ldx	[\base + \at + 0], %l0
	ldx	[\base + \at + 8], %l1
	ldx	[\base + \at + 16], %l2
	ldx	[\base + \at + 24], %l3
	ldx	[\base + \at + 32], %l4
	ldx	[\base + \at + 40], %l5
	ldx	[\base + \at + 48], %l6
	ldx	[\base + \at + 56], %l7
	ldx	[\base + \at + 64], %i0
	ldx	[\base + \at + 72], %i1
	ldx	[\base + \at + 80], %i2
	ldx	[\base + \at + 88], %i3
	ldx	[\base + \at + 96], %i4
	ldx	[\base + \at + 104], %i5
.endm

.macro EACH_STORED base, at
	stx	%l0, [\base + \at + 0]
	stx	%l1, [\base + \at + 8]
	stx	%l2, [\base + \at + 16]
	stx	%l3, [\base + \at + 24]
	stx	%l4, [\base + \at + 32]
	stx	%l5, [\base + \at + 40]
	stx	%l6, [\base + \at + 48]
	stx	%l7, [\base + \at + 56]
	stx	%i0, [\base + \at + 64]
	stx	%i1, [\base + \at + 72]
	stx	%i2, [\base + \at + 80]
	stx	%i3, [\base + \at + 88]
	stx	%i4, [\base + \at + 96]
	stx	%i5, [\base + \at + 104]
.endm

	.text
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	save	%sp, -192, %sp
	stx	%i0, [%fp + BIAS - 8]	/* r */
	mov	%i0, %g4
	mov	%i1, %g1
	mov	%i2, %o0
	mov	%i3, %o1
	mov	%i4, %o2
	mov	%i5, %o3
	EACH_LOADED %g4, 0
	jmpl	%g1, %o7
	 nop
	ldx	[%fp + BIAS - 8], %g4
	EACH_STORED %g4, 192		/* r->after */
	jmpl	%i7 + 8, %g0
	 restore
	.size	call_with_registers, . - call_with_registers

	/* But for %g1, which has the return address, %g6 and %g7, which are the system's,
	   and %fp. Without a window of its own: those of its caller's. */
	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	mov	%o7, %g1
	set	0x0bad0bad, %g2
	.irp	reg, g3, g4, g5, o0, o1, o2, o3, o4, o5, o7, \
		l0, l1, l2, l3, l4, l5, l6, l7, i0, i1, i2, i3, i4, i5, i7
	mov	%g2, %\reg
	.endr
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, \
		32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62
	fnegd	%f\n, %f\n
	.endr
	jmpl	%g1 + 8, %g0
	 nop
	.size	change_all_registers, . - change_all_registers

	/* Without a window of its own, too. */
	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	add	%sp, -192, %sp
	.cfi_def_cfa_offset BIAS + 192
	stx	%o7, [%sp + BIAS + 184]
	.cfi_offset %o7, -8
	mov	%o0, %g1
	set	0x0bad0bad, %g2
	.irp	reg, l0, l1, l2, l3, l4, l5, l6, l7, i0, i1, i2, i3, i4, i5, i7
	mov	%g2, %\reg
	.endr
	jmpl	%g1, %o7
	 nop
	ldx	[%sp + BIAS + 184], %o7
	.cfi_restore %o7
	retl
	 add	%sp, 192, %sp
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	/* \reg: the address of `entry`. */
.macro ENTRY reg, scratch
	rd	%pc, \scratch
	sethi	%pc22(entry + 4), \reg
	or	\reg, %pc10(entry + 8), \reg
	add	\scratch, \reg, \reg
.endm

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	ENTRY	%g1, %g2
	add	%sp, BIAS, %g2
	stx	%g2, [%g1]
	ldx	[%sp + BIAS + 128], %g3
	stx	%g3, [%g1 + 8]
	ldx	[%sp + BIAS + 136], %g3
	stx	%g3, [%g1 + 16]
	stx	%o0, [%g1 + 24]
	retl
	 stx	%o1, [%g1 + 32]
	.size	note_entry, . - note_entry

	/* Where a runtime without windows could have it. */
	.globl	set_g
	.type	set_g, %function
set_g:
	mov	%o0, %l6
	set	0x0bad, %o0
	mov	%o0, %o1
	retl
	 mov	%o0, %o2
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	ENTRY	%g1, %g2
	add	%sp, BIAS, %g2
	stx	%g2, [%g1]
	retl
	 stx	%l6, [%g1 + 24]
	.size	note_g, . - note_g

	/* There is no bit that makes a CPU stop after each instruction. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	retl
	 nop
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	retl
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
	.xword	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f, 13f, 14f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"%l0"
2:	.asciz	"%l1"
3:	.asciz	"%l2"
4:	.asciz	"%l3"
5:	.asciz	"%l4"
6:	.asciz	"%l5"
7:	.asciz	"%l6"
8:	.asciz	"%l7"
9:	.asciz	"%i0"
10:	.asciz	"%i1"
11:	.asciz	"%i2"
12:	.asciz	"%i3"
13:	.asciz	"%i4"
14:	.asciz	"%i5"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
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
kept_count:	.long	14
stack_alignment:	.long	16
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
