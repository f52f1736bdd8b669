/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
	.text
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	.cfi_startproc
	.cfi_undefined x30
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-176]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	str	x0, [sp, #160]		/* r */
	mov	x16, x1
	mov	x17, x0
	mov	x0, x2
	mov	x1, x3
	mov	x2, x4
	mov	x3, x5
	ldp	x19, x20, [x17, #0]
	ldp	x21, x22, [x17, #16]
	ldp	x23, x24, [x17, #32]
	ldp	x25, x26, [x17, #48]
	ldp	x27, x28, [x17, #64]
	ldr	x29, [x17, #80]
	ldp	d8, d9, [x17, #88]
	ldp	d10, d11, [x17, #104]
	ldp	d12, d13, [x17, #120]
	ldp	d14, d15, [x17, #136]
	blr	x16
	ldr	x17, [sp, #160]
	add	x17, x17, #192		/* r->after */
	stp	x19, x20, [x17, #0]
	stp	x21, x22, [x17, #16]
	stp	x23, x24, [x17, #32]
	stp	x25, x26, [x17, #48]
	stp	x27, x28, [x17, #64]
	str	x29, [x17, #80]
	stp	d8, d9, [x17, #88]
	stp	d10, d11, [x17, #104]
	stp	d12, d13, [x17, #120]
	stp	d14, d15, [x17, #136]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x29, x30, [sp], #176
	ret
	.cfi_endproc
	.size	call_with_registers, . - call_with_registers

	/* But for x17, which has the return address, and x18, which is the system's. */
	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	hint	#34
	mov	x17, x30
	mov	x9, #0x0bad0000
	movk	x9, #0x0bad
	mov	x0, x9
	mov	x1, x9
	mov	x2, x9
	mov	x3, x9
	mov	x4, x9
	mov	x5, x9
	mov	x6, x9
	mov	x7, x9
	mov	x8, x9
	mov	x10, x9
	mov	x11, x9
	mov	x12, x9
	mov	x13, x9
	mov	x14, x9
	mov	x15, x9
	mov	x16, x9
	mov	x19, x9
	mov	x20, x9
	mov	x21, x9
	mov	x22, x9
	mov	x23, x9
	mov	x24, x9
	mov	x25, x9
	mov	x26, x9
	mov	x27, x9
	mov	x28, x9
	mov	x29, x9
	mov	x30, x9
	dup	v0.2d, x9
	dup	v1.2d, x9
	dup	v2.2d, x9
	dup	v3.2d, x9
	dup	v4.2d, x9
	dup	v5.2d, x9
	dup	v6.2d, x9
	dup	v7.2d, x9
	dup	v8.2d, x9
	dup	v9.2d, x9
	dup	v10.2d, x9
	dup	v11.2d, x9
	dup	v12.2d, x9
	dup	v13.2d, x9
	dup	v14.2d, x9
	dup	v15.2d, x9
	dup	v16.2d, x9
	dup	v17.2d, x9
	dup	v18.2d, x9
	dup	v19.2d, x9
	dup	v20.2d, x9
	dup	v21.2d, x9
	dup	v22.2d, x9
	dup	v23.2d, x9
	dup	v24.2d, x9
	dup	v25.2d, x9
	dup	v26.2d, x9
	dup	v27.2d, x9
	dup	v28.2d, x9
	dup	v29.2d, x9
	dup	v30.2d, x9
	dup	v31.2d, x9
	ret	x17
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.cfi_startproc
	hint	#34
	str	x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x30, -16
	mov	x9, #0x0bad0000
	movk	x9, #0x0bad
	mov	x19, x9
	mov	x20, x9
	mov	x21, x9
	mov	x22, x9
	mov	x23, x9
	mov	x24, x9
	mov	x25, x9
	mov	x26, x9
	mov	x27, x9
	mov	x28, x9
	mov	x29, x9
	fmov	d8, x9
	fmov	d9, x9
	fmov	d10, x9
	fmov	d11, x9
	fmov	d12, x9
	fmov	d13, x9
	fmov	d14, x9
	fmov	d15, x9
	blr	x0
	ldr	x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	change_registers_and_call, . - change_registers_and_call

	.globl	note_entry
	.type	note_entry, %function
note_entry:
	hint	#34
	adrp	x9, entry
	add	x9, x9, #:lo12:entry
	mov	x10, sp
	str	x10, [x9]
	ldp	x10, x11, [sp, #8]
	stp	x10, x11, [x9, #8]
	stp	x0, x1, [x9, #24]
	ret
	.size	note_entry, . - note_entry

	.globl	set_g
	.type	set_g, %function
set_g:
	hint	#34
	mov	x28, x0
	mov	x0, #0x0bad
	mov	x1, x0
	mov	x2, x0
	ret
	.size	set_g, . - set_g

	.globl	note_g
	.type	note_g, %function
note_g:
	hint	#34
	adrp	x9, entry
	add	x9, x9, #:lo12:entry
	mov	x10, sp
	str	x10, [x9]
	str	x28, [x9, #24]
	ret
	.size	note_g, . - note_g

	/* The bit that makes a CPU stop after each instruction is the kernel's. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	hint	#34
	ret
	.size	start_stepping, . - start_stepping

	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	hint	#34
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
	.xword	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f, 13f, 14f, 15f, 16f, 17f, 18f, 19f
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"x19"
2:	.asciz	"x20"
3:	.asciz	"x21"
4:	.asciz	"x22"
5:	.asciz	"x23"
6:	.asciz	"x24"
7:	.asciz	"x25"
8:	.asciz	"x26"
9:	.asciz	"x27"
10:	.asciz	"x28"
11:	.asciz	"x29"
12:	.asciz	"d8"
13:	.asciz	"d9"
14:	.asciz	"d10"
15:	.asciz	"d11"
16:	.asciz	"d12"
17:	.asciz	"d13"
18:	.asciz	"d14"
19:	.asciz	"d15"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 72, 73, 74, 75, 76, 77, 78, 79
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
kept_count:	.long	19
stack_alignment:	.long	16
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
