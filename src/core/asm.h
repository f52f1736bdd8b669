/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Macros for the assembly: symbols, sections, notes. What depends on the object
 * format or on the prefix of symbols is here, and not in the files of the CPUs.
 *
 * One file holds all routines of a CPU. The build assembles it once for each
 * PART_..., so that each routine is an object of its own and a client that
 * brings its own crosscall2 can link the archive.
 */
/* It is no C. */
/* clang-format off */
#ifndef LIBCGO_ASM_H
#define LIBCGO_ASM_H

#include "config.h"
#include "core/layout.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)

/* LIBCGO_SYMBOL_PREFIX is `_` or nothing, as configure found it. */
#define SYM(name) CONCAT(LIBCGO_SYMBOL_PREFIX, name)

/* LOCAL(name): a label that no symbol table has. */
#ifdef __MACH__
#define LOCAL(name) CONCAT(L, name)
#else
#define LOCAL(name) CONCAT(.L, name)
#endif

/*
 * The alignment of a function, as a power of two: a line of the instruction cache, so
 * that a short routine is on one line.
 *
 * A linker of 2010 honours no alignment above 8. libcgo-classic.o, which is for such
 * linkers, is assembled with LIBCGO_CLASSIC_OBJECT. src/classic/object.awk reads FUNC and
 * HIDDEN_FUNC.
 */
#ifdef LIBCGO_CLASSIC_OBJECT
#define FUNC_ALIGN 3
#else
#define FUNC_ALIGN 6
#endif

/*
 * The unwinder of 32-bit Arm reads a table of its own, which names each function once;
 * the call frame information (.cfi_...) is there for debuggers only (Exception
 * Handling ABI for the Arm Architecture).
 */
#ifdef __ARM_EABI__
	.cfi_sections .debug_frame
#define BEGIN_UNWIND .fnstart
#define END_UNWIND .fnend
#else
#define BEGIN_UNWIND
#define END_UNWIND
#endif

/*
 * What an object format says of a symbol. ELF has its kind, its size and its
 * visibility; Mach-O has the visibility alone, and there a label in the middle of
 * a function begins another one, unless it is the assembler's own. COFF has the kind
 * alone: what a library exports, its linker is told.
 */
#if defined(__MACH__)

.macro SYMBOL_KIND name, kind
.endm
.macro SYMBOL_END name
.endm
.macro SYMBOL_HIDDEN name
	.private_extern	\name
.endm
.macro SYMBOL_WEAK name
	.globl	\name
	.weak_definition	\name
.endm
.macro INNER_NAME name
.endm
.macro END_INNER_NAME name
.endm
#define CONSTANT_SECTION .section __TEXT, __const

#elif defined(_WIN32)

.macro SYMBOL_KIND name, kind
	.ifc	\kind, function
	.def	\name
	.scl	2		/* external */
	.type	32		/* function */
	.endef
	.endif
.endm
.macro SYMBOL_END name
.endm
.macro SYMBOL_HIDDEN name
.endm
.macro SYMBOL_WEAK name
	.weak	\name
.endm
.macro INNER_NAME name
.endm
.macro END_INNER_NAME name
.endm
#define CONSTANT_SECTION .section .rdata, "dr"

#else

.macro SYMBOL_KIND name, kind
	.type	\name, %\kind
.endm
.macro SYMBOL_END name
	.size	\name, . - \name
.endm
.macro SYMBOL_HIDDEN name
	.hidden	\name
.endm
.macro SYMBOL_WEAK name
	.weak	\name
.endm
/* INNER_NAME name: what follows in a function has a name of its own, for
   debuggers. */
.macro INNER_NAME name
	SYMBOL_KIND	\name, function
\name:
.endm
.macro END_INNER_NAME name
	SYMBOL_END	\name
.endm
#define CONSTANT_SECTION .section .rodata

#endif

/*
 * What unwinders read: DWARF call-frame information, which the CPU's file gives with
 * the .cfi directives; on 64-bit Windows the system's tables, by .seh directives.
 */
#ifdef _WIN64
.macro BEGIN_FRAME_INFO name
	.seh_proc \name
.endm
.macro END_FRAME_INFO
	.seh_endproc
.endm
#else
.macro BEGIN_FRAME_INFO name
	.cfi_startproc
.endm
.macro END_FRAME_INFO
	.cfi_endproc
.endm
#endif

/*
 * PERSONALITY SYM(name): what an unwinder calls for the function's frame, hidden and in the
 * same object: by its distance, in 32 bits with a sign (DW_EH_PE_pcrel | DW_EH_PE_sdata4). A
 * linker of Mach-O takes it by way of a pointer only (DW_EH_PE_indirect); that is the
 * linker's own, but for 386, whose object files can say no distance to an undefined symbol.
 * COFF has its address (DW_EH_PE_absptr).
 */
#if defined(__ARM_EABI__)
.macro PERSONALITY name
	.personality \name
.endm
#elif defined(__MACH__) && defined(__i386__)
.macro PERSONALITY name
	.cfi_personality 0x9b, L_address_of\name
	.section __DATA, __const
	.p2align 2
L_address_of\name:
	.long	\name
	.text
.endm
#elif defined(__MACH__)
.macro PERSONALITY name
	.cfi_personality 0x9b, \name
.endm
#elif defined(_WIN32)
.macro PERSONALITY name
	.cfi_personality 0, \name
.endm
#else
.macro PERSONALITY name
	.cfi_personality 0x1b, \name
.endm
#endif

/* FUNC SYM(name): begins a function that other objects may call. */
.macro FUNC name
	.globl	\name
	BODY	\name
.endm

.macro BODY name
	.text
	.p2align FUNC_ALIGN
	SYMBOL_KIND	\name, function
	CODE	\name
	BEGIN_UNWIND
	BEGIN_FRAME_INFO \name
.endm

/* Where a function's code begins, and its size. 64-bit PowerPC ELF ABI: the symbol is
   that of a descriptor, which has the code's address, the table of contents and an
   environment. */
#if defined(__powerpc64__) && _CALL_ELF == 1
.macro CODE name
	.section .opd, "aw"
	.balign	8
\name:
	.quad	.L.\name, .TOC.@tocbase, 0
	.text
.L.\name:
.endm

.macro CODE_SIZE name
	.size	\name, . - .L.\name
.endm
#else
.macro CODE name
\name:
.endm

.macro CODE_SIZE name
	SYMBOL_END	\name
.endm
#endif

/* HIDDEN_FUNC SYM(name): the same, for the library's own use. libcgo-classic.o is one
   assembly file, in which such names are local. */
.macro HIDDEN_FUNC name
#ifdef LIBCGO_CLASSIC_OBJECT
	BODY	\name
#else
	SYMBOL_HIDDEN	\name
	FUNC	\name
#endif
.endm

/* WEAK_HIDDEN_FUNC SYM(name): the same, if no other object defines it. */
.macro WEAK_HIDDEN_FUNC name
	SYMBOL_HIDDEN	\name
	SYMBOL_WEAK	\name
	BODY	\name
.endm

/* END SYM(name) */
.macro END name
	END_FRAME_INFO
	END_UNWIND
	CODE_SIZE \name
.endm

/* HIDDEN_DATA SYM(name), ALIGN: begins constant data, for the library's own use. */
.macro HIDDEN_DATA name, align
	SYMBOL_HIDDEN	\name
	.globl	\name
	CONSTANT_SECTION
	.balign	\align
	SYMBOL_KIND	\name, object
\name:
.endm

/* END_DATA SYM(name) */
.macro END_DATA name
	SYMBOL_END	\name
.endm

/*
 * Where the CPU finds the thread pointer. Darwin has a place of its own: the first
 * word of another segment on x86; on Arm a register that programs only read, in
 * whose low bits older systems keep the number of the CPU.
 */
#if defined(__MACH__)
#define THREAD_SEGMENT %gs
#define THREAD_POINTER_386 %gs:0
#define THREAD_REGISTER tpidrro_el0
.macro CLEAR_CPU_NUMBER reg
	and	\reg, \reg, -8
.endm
#elif defined(_WIN32)
#define THREAD_POINTER_386 %fs:0x18	/* the thread block, which names itself */
#else
#define THREAD_SEGMENT %fs
#define THREAD_POINTER_386 %gs:0
#define THREAD_REGISTER tpidr_el0
.macro CLEAR_CPU_NUMBER reg
.endm
#endif

/* Where the system keeps a thread's stack bounds itself, calls on small stacks tell
   it: libcgo_enter_stack, libcgo_leave_stack. */
#ifdef _WIN32
#define SYSTEM_KNOWS_STACKS 1
#endif

/* PROBE1(name, word), PROBE2(name, word1, word2): a static probe and what it tells;
   see src/core/probe.h. */
#if defined(LIBCGO_PROBES) && !defined(LIBCGO_CLASSIC_OBJECT)
#include <sys/sdt.h>
#define PROBE1(name, word) STAP_PROBE1(libcgo, name, word)
#define PROBE2(name, word1, word2) STAP_PROBE2(libcgo, name, word1, word2)
#else
#define PROBE1(name, word)
#define PROBE2(name, word1, word2)
#endif

/* What follows is ELF's. */
#ifdef __ELF__

/* The stack stays non-executable. */
	.section .note.GNU-stack, "", %progbits

/*
 * What a CPU offers against redirected control flow: an object that does not say
 * that it keeps to it switches it off for the process. x86: indirect branches land
 * on endbr (IBT), calls and returns pair up (SHSTK); System V ABI, AMD64
 * supplement, "Program Property". Arm: indirect branches land on bti or paciasp
 * (BTI), return addresses in memory are signed (PAC); ELF for the Arm 64-bit
 * Architecture, "Program Property".
 */
#if defined(__x86_64__) || defined(__i386__)
#define PROPERTY 0xc0000002	/* GNU_PROPERTY_X86_FEATURE_1_AND */
#define PROPERTY_BITS 3		/* IBT | SHSTK */
#elif defined(__aarch64__)
#define PROPERTY 0xc0000000	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
#define PROPERTY_BITS 3		/* BTI | PAC */
#endif

#ifdef PROPERTY
#if __SIZEOF_POINTER__ == 8
#define NOTE_ALIGN 3
#else
#define NOTE_ALIGN 2
#endif
	.section .note.gnu.property, "a", %note
	.p2align NOTE_ALIGN
	.long	4			/* bytes of the name */
	.long	2f - 1f			/* bytes of the properties */
	.long	5			/* NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
1:
	.long	PROPERTY
	.long	4			/* bytes of the value */
	.long	PROPERTY_BITS
	.p2align NOTE_ALIGN
2:
#endif

#endif /* ELF */

#endif
