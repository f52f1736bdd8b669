/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the compiler tells about itself and its target. This is the only public header
 * that looks at predefined macros.
 */
#ifndef LIBCGO_PLATFORM_H
#define LIBCGO_PLATFORM_H

#ifdef __cplusplus
#define LIBCGO_BEGIN_DECLS extern "C" {
#define LIBCGO_END_DECLS }
#else
#define LIBCGO_BEGIN_DECLS
#define LIBCGO_END_DECLS
#endif

/* The library's exported symbols stay visible when the program that includes this header
   is built with -fvisibility=hidden. Define it yourself before, as nothing or as another
   visibility, if you link the archive into an object of your own that is not to export
   them, or if a tool reads this header that does not know the attribute. */
#ifndef LIBCGO_API
#define LIBCGO_API __attribute__((__visibility__("default")))
#endif

/* For functions whose result must be looked at: it tells whether fn was called, or
   whether the function has made what it was asked for. */
#ifndef LIBCGO_CHECKED_
#define LIBCGO_CHECKED_ __attribute__((__warn_unused_result__))
#endif

/* For a word of 32 bits on which threads wait: its natural alignment. m68k aligns such words
   to 2 bytes. */
#ifdef __m68k__
#define LIBCGO_WAITED_FOR_ __attribute__((__aligned__(4)))
#else
#define LIBCGO_WAITED_FOR_
#endif

/* Defined where the system, not the linker, gives a program a thread-local place at the
   same distance from the thread pointer in every thread: Windows. */
#ifdef _WIN32
#define LIBCGO_SLOTS_BY_SYSTEM_ 1
#endif

/* Defined where a thread can make a fence in all others: membarrier(2), Linux. */
#ifdef __linux__
#define LIBCGO_MEMBARRIER_ 1
#endif

/* LIBCGO_CLASSIC: the classic face exists for the target's CPU and system. Then
   LIBCGO_CPU_AMD64 or LIBCGO_CPU_386 is defined, too. */
#if defined(_WIN32) || defined(__FreeBSD__) || defined(__NetBSD__) ||          \
    defined(__OpenBSD__)
/* The classic face does not exist. */
#elif defined(__x86_64__) && !defined(__ILP32__)
#define LIBCGO_CLASSIC 1
#define LIBCGO_CPU_AMD64 1
#elif defined(__i386__)
#define LIBCGO_CLASSIC 1
#define LIBCGO_CPU_386 1
#endif

/* Defined where the classic slots are the values of two thread keys, which initcgo
   creates: Darwin. Elsewhere the executable has the slots. */
#if defined(LIBCGO_CLASSIC) && defined(__MACH__)
#define LIBCGO_SLOTS_ARE_KEYS_ 1
#endif

/* The value of LIBCGO_STACK_MIN in <libcgo/stack.h>. A frame has at least 160 bytes on
   s390x, 176 on sparc64, and 112 by the first ABI of ppc64 (big-endian). */
#if defined(__s390x__) || (defined(__sparc__) && defined(__arch64__)) ||       \
    (defined(__powerpc64__) && (!defined(_CALL_ELF) || _CALL_ELF == 1))
#define LIBCGO_STACK_MIN_ 2048
#else
#define LIBCGO_STACK_MIN_ 1024
#endif

/* Defined if C++ is compiled with exceptions. */
#ifdef __cpp_exceptions
#define LIBCGO_EXCEPTIONS_ 1
#endif

#endif
