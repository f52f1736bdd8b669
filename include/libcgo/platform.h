/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the compiler tells about itself and its target. This is the only public header
 * that looks at predefined macros.
 */
#ifndef LIBCGO_PLATFORM_H
#define LIBCGO_PLATFORM_H

/*
 * LIBCGO_DECLARATIONS: who defines it before gets declarations only, for a tool that parses C
 * but knows neither the preprocessor nor the compiler's extensions, such as Python's cffi and
 * LuaJIT's ffi:
 *
 *     echo '#include <libcgo.h>' | cc -E -P -DLIBCGO_DECLARATIONS -
 *
 * There are no attributes, no inline functions and no headers of the system then, and the
 * constants of <libcgo.h> are constants of C. Since 0.2.
 */
#ifdef LIBCGO_DECLARATIONS
#define LIBCGO_API
#define LIBCGO_CHECKED_
#elif !defined(__ASSEMBLER__)
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* LIBCGO_VARIABLES: who defines it before gets numbers that fill a word, and numbers that are
   computed, as constants of C, not as macros. It is for Rust's bindgen, which reads such macros
   as -1, or not at all. LIBCGO_DECLARATIONS has the same effect. Since 0.2. */
#if defined(LIBCGO_DECLARATIONS) || defined(LIBCGO_VARIABLES)
#define LIBCGO_VARIABLES_ 1
#endif

/* Defined if a word has 64 bits. */
#if __SIZEOF_POINTER__ > 4
#define LIBCGO_64_ 1
#define LIBCGO_WORD_BYTES_ 8
#else
#define LIBCGO_WORD_BYTES_ 4
#endif

#ifdef __cplusplus
#define LIBCGO_BEGIN_DECLS extern "C" {
#define LIBCGO_END_DECLS }
#else
#define LIBCGO_BEGIN_DECLS
#define LIBCGO_END_DECLS
#endif

/* Null pointers and casts, in the form that each language has: some users let their compiler
   warn of C's forms in C++. LIBCGO_CAST_: between pointers, and between a pointer and a
   uintptr_t. LIBCGO_NUMBER_: between integers. LIBCGO_WORD_: a uintptr_t of a pointer of any
   kind, or of an integer; for gcc by way of a pointer to a type that nobody else has, so that
   no cast is to the type that the value has already (-Wuseless-cast), and by way of a function
   that makes an integer as wide as a pointer (-Wint-to-pointer-cast). */
#ifdef __cplusplus
#define LIBCGO_NULL_ nullptr
#define LIBCGO_CAST_(type, value) reinterpret_cast<type>(value)
#define LIBCGO_NUMBER_(type, value) static_cast<type>(value)
#ifdef __clang__
#define LIBCGO_WORD_(value) uintptr_t(value)
#else
typedef const volatile struct libcgo_place_ *libcgo_at_;
/* Some users include C headers inside extern "C". */
extern "C++" {
template <class T> constexpr T *libcgo_wide_(T *pointer) { return pointer; }
template <class T, class Word = uintptr_t>
constexpr Word libcgo_wide_(T number) {
  return static_cast<Word>(number);
}
constexpr decltype(nullptr) libcgo_wide_(decltype(nullptr)) { return nullptr; }
}
#define LIBCGO_WORD_(value) uintptr_t(libcgo_at_(libcgo_wide_(value)))
#endif
#else
#define LIBCGO_NULL_ ((void *)0)
#define LIBCGO_CAST_(type, value) ((type)(value))
#define LIBCGO_NUMBER_(type, value) ((type)(value))
#define LIBCGO_WORD_(value) ((uintptr_t)(value))
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
#if defined(__m68k__) && !defined(LIBCGO_DECLARATIONS)
#define LIBCGO_WAITED_FOR_ __attribute__((__aligned__(4)))
#else
#define LIBCGO_WAITED_FOR_
#endif

/* Defined where the system, not the linker, gives a program a thread-local place at the
   same distance from the thread pointer in every thread: Windows. */
#ifdef _WIN32
#define LIBCGO_SLOTS_BY_SYSTEM_ 1
#endif

/* Defined where threads have signal masks. */
#ifndef _WIN32
#define LIBCGO_SIGNAL_MASKS_ 1
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

/* Tools that must be told when a thread changes its stack. LIBCGO_TOOLS_: one of these. A
   client that defines LIBCGO_NO_TOOLS tells them itself. */
#if !defined(LIBCGO_NO_TOOLS) && !defined(LIBCGO_DECLARATIONS)
#if defined(__SANITIZE_ADDRESS__)
#define LIBCGO_ASAN_ 1
#elif defined(__SANITIZE_THREAD__)
#define LIBCGO_TSAN_ 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIBCGO_ASAN_ 1
#elif __has_feature(thread_sanitizer)
#define LIBCGO_TSAN_ 1
#endif
#endif
#if defined(LIBCGO_ASAN_) || defined(LIBCGO_TSAN_)
#define LIBCGO_TOOLS_ 1
#elif defined(LIBCGO_VALGRIND)
#define LIBCGO_VALGRIND_ 1
#define LIBCGO_TOOLS_ 1
#endif
#endif

/* Of a function that runs, in part, on a stack that the sanitizer does not expect. */
#if defined(LIBCGO_ASAN_)
#define LIBCGO_UNWATCHED_ __attribute__((__no_sanitize_address__))
#elif defined(LIBCGO_TSAN_) && defined(__clang__)
#define LIBCGO_UNWATCHED_ __attribute__((__disable_sanitizer_instrumentation__))
#elif defined(LIBCGO_TSAN_)
#define LIBCGO_UNWATCHED_ __attribute__((__no_sanitize_thread__))
#else
#define LIBCGO_UNWATCHED_
#endif

/* Defined if C++ is compiled with exceptions. */
#ifdef __cpp_exceptions
#define LIBCGO_EXCEPTIONS_ 1
#endif

/* Windows' C libraries lack this errno value. The number is that of its sockets. */
#if defined(_WIN32) && !defined(ESHUTDOWN)
#define ESHUTDOWN 10058
#endif

/* For <libcgo/host/...>. */
#ifdef __cplusplus
#define LIBCGO_HOST_TLS_ thread_local
#else
#define LIBCGO_HOST_TLS_ _Thread_local
#endif
#ifndef _WIN32
#define LIBCGO_HOST_FORKS_ 1
#define LIBCGO_HOST_KEYS_ 1
#endif
/* Another name for a symbol of the runtime. */
#define LIBCGO_HOST_NAME_(name)                                                \
  __asm__(LIBCGO_HOST_TEXT_(__USER_LABEL_PREFIX__) name)
#define LIBCGO_HOST_TEXT_(token) LIBCGO_HOST_TEXT2_(token)
#define LIBCGO_HOST_TEXT2_(token) #token
#ifdef __linux__
#define LIBCGO_HOST_PRCTL_ 1
#endif

#endif
