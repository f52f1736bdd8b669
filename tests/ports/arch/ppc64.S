/* SPDX-License-Identifier: BSD-3-Clause */
/* See arch.h. */
#if _CALL_ELF == 2
#define LINKAGE 32
#define SAVED_TOC 24

.macro FUNC name
	.text
	.balign	16
	.globl	\name
	.type	\name, %function
\name:
.endm

.macro CALL fn
	mr	%r12, \fn
	mtctr	%r12
	std	%r2, SAVED_TOC(%r1)
	bctrl
	ld	%r2, SAVED_TOC(%r1)
.endm
#else
#define LINKAGE 48
#define SAVED_TOC 40

	/* The symbol of a function is that of its descriptor. */
.macro FUNC name
	.section .opd, "aw"
	.balign	8
	.globl	\name
	.type	\name, %function
\name:
	.quad	.L.\name, .TOC.@tocbase, 0
	.text
	.balign	16
.L.\name:
.endm

.macro CALL fn
	ld	%r0, 0(\fn)
	mtctr	%r0
	std	%r2, SAVED_TOC(%r1)
	ld	%r11, 16(\fn)
	ld	%r2, 8(\fn)
	bctrl
	ld	%r2, SAVED_TOC(%r1)
.endm
#endif

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
#define CR 288
#define VRSAVE 296
#define VECTORS 304
#define AFTER 512		/* r->after */
#ifdef __ALTIVEC__
#define KEPT 62
#else
#define KEPT 37
#endif

.macro EACH_KEPT integer, float, base, at
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\integer	%r\n, \at + 8 * (\n - 14)(\base)
	\float	%f\n, \at + 144 + 8 * (\n - 14)(\base)
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
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
	ld	%r0, \from + 8 * \n(\from_base)
	std	%r0, \to + 8 * \n(\to_base)
	.endr
#endif
.endm

#define FRAME 800
#define OWN 112			/* the caller's registers: 288 bytes */
#define OWN_VECTORS 400		/* 192 bytes */
#define COPY 592		/* 192 bytes */
#define RECORD 784		/* r */

FUNC call_with_registers
	mflr	%r0
	std	%r0, 16(%r1)
	mfcr	%r0
	stw	%r0, 8(%r1)
	stdu	%r1, -FRAME(%r1)
	EACH_KEPT std, stfd, %r1, OWN
	EACH_VECTOR stvx, OWN_VECTORS
	std	%r3, RECORD(%r1)
	COPY_VECTORS VECTORS, %r3, COPY, %r1
	EACH_VECTOR lvx, COPY
#ifdef __ALTIVEC__
	ld	%r0, VRSAVE(%r3)
	mtspr	256, %r0
#endif
	ld	%r0, CR(%r3)
	mtcrf	0x38, %r0
	mr	%r9, %r3
	mr	%r12, %r4
	mr	%r3, %r5
	mr	%r4, %r6
	mr	%r5, %r7
	mr	%r6, %r8
	EACH_KEPT ld, lfd, %r9, 0
	CALL	%r12
	ld	%r9, RECORD(%r1)
	EACH_KEPT std, stfd, %r9, AFTER
	mfcr	%r0
	ld	%r10, CR(%r9)
	rlwimi	%r10, %r0, 0, 8, 19	/* fields 2-4 */
	std	%r10, AFTER + CR(%r9)
#ifdef __ALTIVEC__
	mfspr	%r0, 256
	ld	%r10, VRSAVE(%r9)
	rlwimi	%r10, %r0, 0, 0, 31
	std	%r10, AFTER + VRSAVE(%r9)
#endif
	EACH_VECTOR stvx, COPY
	COPY_VECTORS COPY, %r1, AFTER + VECTORS, %r9
	EACH_VECTOR lvx, OWN_VECTORS
	EACH_KEPT ld, lfd, %r1, OWN
	addi	%r1, %r1, FRAME
	ld	%r0, 16(%r1)
	mtlr	%r0
	lwz	%r0, 8(%r1)
	mtcrf	0x38, %r0
	blr

	/* But for r13, which is the system's. */
FUNC change_all_registers
	lis	%r0, 0x0bad
	std	%r0, -8(%r1)
	mtcrf	0xff, %r0
	mtctr	%r0
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mr	%r\n, %r0
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	lfd	%f\n, -8(%r1)
#ifdef __ALTIVEC__
	vspltisw %v\n, 13
#endif
	.endr
#ifdef __ALTIVEC__
	mtspr	256, %r0
#endif
	blr

FUNC change_registers_and_call
	.cfi_startproc
	mflr	%r0
	std	%r0, 16(%r1)
	.cfi_offset 65, 16
	stdu	%r1, -128(%r1)
	.cfi_def_cfa_offset 128
	lis	%r0, 0x0bad
	std	%r0, 120(%r1)
	mtcrf	0x38, %r0
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mr	%r\n, %r0
	lfd	%f\n, 120(%r1)
	.endr
#ifdef __ALTIVEC__
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vspltisw %v\n, 13
	.endr
#endif
	mr	%r12, %r3
	CALL	%r12
	addi	%r1, %r1, 128
	.cfi_def_cfa_offset 0
	ld	%r0, 16(%r1)
	mtlr	%r0
	.cfi_restore 65
	blr
	.cfi_endproc

FUNC note_entry
	ADDRESS	entry
	std	%r1, 0(%r9)
	ld	%r0, LINKAGE(%r1)
	std	%r0, 8(%r9)
	ld	%r0, LINKAGE + 8(%r1)
	std	%r0, 16(%r9)
	std	%r3, 24(%r9)
	std	%r4, 32(%r9)
	blr

FUNC set_g
	mr	%r30, %r3
	li	%r3, 0x0bad
	mr	%r4, %r3
	mr	%r5, %r3
	blr

FUNC note_g
	ADDRESS	entry
	std	%r1, 0(%r9)
	std	%r30, 24(%r9)
	blr

	/* Only the system can make the CPU stop after each instruction. */
FUNC start_stepping
	blr

FUNC stop_stepping
	blr

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
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.quad	.Lr\n
	.endr
	.irp	n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.quad	.Lf\n
	.endr
	.quad	.Lcr
#ifdef __ALTIVEC__
	.quad	.Lvrsave
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.quad	.Lv\n, .Lv\n
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
	.long	32 + \n
	.endr
	.long	70
#ifdef __ALTIVEC__
	.long	109
	.irp	n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	77 + \n, 77 + \n
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
