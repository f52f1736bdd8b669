/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
.macro FUNC name
	.text
	.balign	16
	.globl	\name
	.type	\name, %function
\name:
.endm

.macro CALL fn
	mtctr	\fn
	bctrl
.endm

	/* The address of a symbol of this file, in r9. Changes r0. */
.macro ADDRESS symbol
	mflr	%r0
	bcl	20, 31, 9f
9:	mflr	%r9
	mtlr	%r0
	addis	%r9, %r9, \symbol - 9b@ha
	addi	%r9, %r9, \symbol - 9b@l
.endm

	/* The registers that a C callee keeps, in words: r14-r31, f14-f31, cr and,
	   with VMX, vrsave and v20-v31. */
#define CR 216
#define VRSAVE 220
#define VECTORS 224
#define AFTER 416		/* r->after */
#ifdef __ALTIVEC__
#define KEPT 104
#else
#define KEPT 55
#endif

.macro EACH_KEPT integer, float, base, at
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\integer	%r\n, \at + 4 * (\n - 14)(\base)
	\float	%f\n, \at + 72 + 8 * (\n - 14)(\base)
	.endr
.endm

	/* Through r0; vectors, whose places are multiples of 16, on the stack. */
.macro EACH_VECTOR do, at
#ifdef __ALTIVEC__
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	li	%r0, \at + 16 * (\n - 20)
	\do	%v\n, %r1, %r0
	.endr
#endif
.endm

.macro COPY_VECTORS from, from_base, to, to_base
#ifdef __ALTIVEC__
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47
	lwz	%r0, \from + 4 * \n(\from_base)
	stw	%r0, \to + 4 * \n(\to_base)
	.endr
#endif
.endm

#define FRAME 640
#define OWN 16			/* the caller's registers: 216 bytes */
#define OWN_CR 232
#define OWN_VECTORS 240		/* 192 bytes */
#define COPY 432		/* 192 bytes */
#define RECORD 624		/* r */

FUNC call_with_registers
	mflr	%r0
	stw	%r0, 4(%r1)
	stwu	%r1, -FRAME(%r1)
	mfcr	%r0
	stw	%r0, OWN_CR(%r1)
	EACH_KEPT stw, stfd, %r1, OWN
	EACH_VECTOR stvx, OWN_VECTORS
	stw	%r3, RECORD(%r1)
	COPY_VECTORS VECTORS, %r3, COPY, %r1
	EACH_VECTOR lvx, COPY
#ifdef __ALTIVEC__
	lwz	%r0, VRSAVE(%r3)
	mtspr	256, %r0
#endif
	lwz	%r0, CR(%r3)
	mtcrf	0x38, %r0
	mr	%r9, %r3
	mr	%r12, %r4
	mr	%r3, %r5
	mr	%r4, %r6
	mr	%r5, %r7
	mr	%r6, %r8
	EACH_KEPT lwz, lfd, %r9, 0
	CALL	%r12
	lwz	%r9, RECORD(%r1)
	EACH_KEPT stw, stfd, %r9, AFTER
	mfcr	%r0
	lwz	%r10, CR(%r9)
	rlwimi	%r10, %r0, 0, 8, 19	/* fields 2-4 */
	stw	%r10, AFTER + CR(%r9)
#ifdef __ALTIVEC__
	mfspr	%r0, 256
	stw	%r0, AFTER + VRSAVE(%r9)
#endif
	EACH_VECTOR stvx, COPY
	COPY_VECTORS COPY, %r1, AFTER + VECTORS, %r9
	EACH_VECTOR lvx, OWN_VECTORS
	EACH_KEPT lwz, lfd, %r1, OWN
	lwz	%r0, OWN_CR(%r1)
	mtcrf	0x38, %r0
	addi	%r1, %r1, FRAME
	lwz	%r0, 4(%r1)
	mtlr	%r0
	blr

	/* But for r2 and r13, which are the system's. */
FUNC change_all_registers
	stwu	%r1, -16(%r1)
	lis	%r0, 0x0bad
	stw	%r0, 8(%r1)
	stw	%r0, 12(%r1)
	mtcrf	0xff, %r0
	mtctr	%r0
	.irp	n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mr	%r\n, %r0
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	lfd	%f\n, 8(%r1)
#ifdef __ALTIVEC__
	vspltisw %v\n, 13
#endif
	.endr
#ifdef __ALTIVEC__
	mtspr	256, %r0
#endif
	addi	%r1, %r1, 16
	blr

FUNC change_registers_and_call
	.cfi_startproc
	mflr	%r0
	stw	%r0, 4(%r1)
	.cfi_offset 65, 4
	stwu	%r1, -32(%r1)
	.cfi_def_cfa_offset 32
	lis	%r0, 0x0bad
	stw	%r0, 16(%r1)
	stw	%r0, 20(%r1)
	mtcrf	0x38, %r0
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mr	%r\n, %r0
	lfd	%f\n, 16(%r1)
	.endr
#ifdef __ALTIVEC__
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vspltisw %v\n, 13
	.endr
#endif
	mr	%r12, %r3
	CALL	%r12
	addi	%r1, %r1, 32
	.cfi_def_cfa_offset 0
	lwz	%r0, 4(%r1)
	mtlr	%r0
	.cfi_restore 65
	blr
	.cfi_endproc

FUNC note_entry
	ADDRESS	entry
	stw	%r1, 0(%r9)
	lwz	%r0, 8(%r1)
	stw	%r0, 4(%r9)
	lwz	%r0, 12(%r1)
	stw	%r0, 8(%r9)
	stw	%r3, 12(%r9)
	stw	%r4, 16(%r9)
	blr

FUNC set_g
	mr	%r30, %r3
	li	%r3, 0x0bad
	mr	%r4, %r3
	mr	%r5, %r3
	blr

FUNC note_g
	ADDRESS	entry
	stw	%r1, 0(%r9)
	stw	%r30, 12(%r9)
	blr

	/* Only the system can make the CPU stop after each instruction. */
FUNC start_stepping
	blr

FUNC stop_stepping
	blr

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
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	.Lr\n
	.endr
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	.Lf\n, .Lf\n
	.endr
	.long	.Lcr
#ifdef __ALTIVEC__
	.long	.Lvrsave
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	.Lv\n, .Lv\n, .Lv\n, .Lv\n
	.endr
#endif
	.size	kept_names, . - kept_names
	.section .rodata
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
.Lr\n:	.asciz	"r\n"
.Lf\n:	.asciz	"f\n"
	.endr
.Lcr:	.asciz	"cr"
#ifdef __ALTIVEC__
.Lvrsave:
	.asciz	"vrsave"
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
.Lv\n:	.asciz	"v\n"
	.endr
#endif
	.balign	4
	.globl	kept_dwarf_numbers
	.type	kept_dwarf_numbers, %object
kept_dwarf_numbers:
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	\n
	.endr
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	32 + \n, 32 + \n
	.endr
	.long	70
#ifdef __ALTIVEC__
	.long	109
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	77 + \n, 77 + \n, 77 + \n, 77 + \n
	.endr
#endif
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
kept_count:	.long	KEPT
stack_alignment:	.long	16
entry_alignment:	.long	0
has_argument_registers:	.long	1

	.section .note.GNU-stack, "", %progbits
