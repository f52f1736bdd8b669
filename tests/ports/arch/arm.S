/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. What notes an entry is in the T32 state, the rest in A32. */
	.syntax	unified
	.cfi_sections .debug_frame

#ifdef __ARM_FP
#define KEPT_COUNT 24
#define EACH_FLOAT(instruction, base) instruction base!, {d8-d15}
#else
#define KEPT_COUNT 8
#define EACH_FLOAT(instruction, base)
#endif

	.text
	.arm
	.balign	4
	.globl	call_with_registers
	.type	call_with_registers, %function
call_with_registers:
	.fnstart
	.cantunwind
	push	{r4-r11, lr}
	sub	sp, sp, #4
	EACH_FLOAT(vstmdb, sp)
	push	{r0, r1}		/* r, target */
	mov	r12, r0
	mov	r0, r2			/* a */
	mov	r1, r3			/* b */
#ifdef __ARM_FP
	ldr	r2, [sp, #112]		/* n */
	ldr	r3, [sp, #116]		/* c */
#else
	ldr	r2, [sp, #48]
	ldr	r3, [sp, #52]
#endif
	ldm	r12!, {r4-r11}
	EACH_FLOAT(vldmia, r12)
	ldr	r12, [sp, #4]
	blx	r12
	ldr	r12, [sp]
	add	r12, r12, #96		/* r->after */
	stm	r12!, {r4-r11}
	EACH_FLOAT(vstmia, r12)
	add	sp, sp, #8
	EACH_FLOAT(vldmia, sp)
	add	sp, sp, #4
	pop	{r4-r11, pc}
	.fnend
	.size	call_with_registers, . - call_with_registers

.macro CHANGE_KEPT
	ldr	r12, =0x0bad0bad
	.irp	reg, r4, r5, r6, r7, r8, r9, r10, r11
	mov	\reg, r12
	.endr
#ifdef __ARM_FP
	.irp	reg, d8, d9, d10, d11, d12, d13, d14, d15
	vmov	\reg, r12, r12
	.endr
#endif
.endm

	.globl	change_all_registers
	.type	change_all_registers, %function
change_all_registers:
	.fnstart
	.cantunwind
	push	{lr}
	CHANGE_KEPT
	.irp	reg, r0, r1, r2, r3, lr
	mov	\reg, r12
	.endr
#ifdef __ARM_FP
	.irp	reg, d0, d1, d2, d3, d4, d5, d6, d7
	vmov	\reg, r12, r12
	.endr
#endif
	pop	{pc}
	.fnend
	.size	change_all_registers, . - change_all_registers

	.globl	change_registers_and_call
	.type	change_registers_and_call, %function
change_registers_and_call:
	.fnstart
	.cfi_startproc
	push	{r3, lr}
	.save	{r3, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset lr, -4
	CHANGE_KEPT
	blx	r0
	pop	{r3, pc}
	.cfi_endproc
	.fnend
	.size	change_registers_and_call, . - change_registers_and_call
	.ltorg

	.thumb
	.globl	note_entry
	.type	note_entry, %function
	.thumb_func
note_entry:
	ldr	r3, 2f
1:	add	r3, pc
	mov	r2, sp
	str	r2, [r3, #0]
	ldr	r2, [sp, #4]
	str	r2, [r3, #4]
	ldr	r2, [sp, #8]
	str	r2, [r3, #8]
	str	r0, [r3, #12]
	str	r1, [r3, #16]
	bx	lr
	.balign	4
2:	.word	entry - (1b + 4)
	.size	note_entry, . - note_entry

	.globl	note_g
	.type	note_g, %function
	.thumb_func
note_g:
	ldr	r3, 2f
1:	add	r3, pc
	mov	r2, sp
	str	r2, [r3, #0]
	mov	r2, r10
	str	r2, [r3, #12]
	bx	lr
	.balign	4
2:	.word	entry - (1b + 4)
	.size	note_g, . - note_g

	.arm
	.globl	set_g
	.type	set_g, %function
set_g:
	mov	r10, r0
	ldr	r0, =0x0bad0bad
	mov	r1, r0
	mov	r2, r0
	mov	r3, r0
	bx	lr
	.size	set_g, . - set_g
	.ltorg

	/* A program cannot step itself on Arm. */
	.globl	start_stepping
	.type	start_stepping, %function
start_stepping:
	bx	lr
	.size	start_stepping, . - start_stepping
	.globl	stop_stepping
	.type	stop_stepping, %function
stop_stepping:
	bx	lr
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
	.long	1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f
	.rept	8
	.long	9f, 10f
	.endr
	.size	kept_names, . - kept_names
	.section .rodata
1:	.asciz	"r4"
2:	.asciz	"r5"
3:	.asciz	"r6"
4:	.asciz	"r7"
5:	.asciz	"r8"
6:	.asciz	"r9"
7:	.asciz	"r10"
8:	.asciz	"r11"
9:	.asciz	"half of one of d8-d15"
10:	.asciz	"the other half of it"
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.long	4, 5, 6, 7, 8, 9, 10, 11
	.long	80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95
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
kept_count:	.long	KEPT_COUNT
stack_alignment:	.long	8
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
