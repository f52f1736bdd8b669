/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the compiler says of itself and of its target. The only public header
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

/* The library's own exported symbols stay visible when the including program
   is built with -fvisibility=hidden. */
#define LIBCGO_API __attribute__((__visibility__("default")))

/* Where the result tells whether fn was called, or whether there is what it gives. */
#define LIBCGO_CHECKED_ __attribute__((__warn_unused_result__))

/* Whether a program's thread-local variables are at one distance from the thread
   pointer: not on Windows, which gives such a place to who asks for it. */
#ifdef _WIN32
#define LIBCGO_SLOTS_BY_SYSTEM_ 1
#endif

/* Whether the classic face exists for the target's CPU and system, and then which
   CPU that is. */
#if defined(_WIN32) || defined(__FreeBSD__) || defined(__NetBSD__) ||           \
    defined(__OpenBSD__)
/* It does not. */
#elif defined(__x86_64__) && !defined(__ILP32__)
#define LIBCGO_CLASSIC 1
#define LIBCGO_CPU_AMD64 1
#elif defined(__i386__)
#define LIBCGO_CLASSIC 1
#define LIBCGO_CPU_386 1
#endif

/* Whether the classic slots are those of two thread keys, which initcgo creates:
   Darwin. Elsewhere the executable has them. */
#if defined(LIBCGO_CLASSIC) && defined(__MACH__)
#define LIBCGO_SLOTS_ARE_KEYS_ 1
#endif

/* LIBCGO_STACK_MIN of <libcgo/stack.h>. A frame has 160 bytes at least on s390x, 176 on
   sparc64. */
#if defined(__s390x__) || (defined(__sparc__) && defined(__arch64__))
#define LIBCGO_STACK_MIN_ 2048
#else
#define LIBCGO_STACK_MIN_ 1024
#endif

/* Whether C++ is compiled with exceptions. */
#ifdef __cpp_exceptions
#define LIBCGO_EXCEPTIONS_ 1
#endif

#endif
