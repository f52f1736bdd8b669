/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that assembly and C++ share. Whatever mirrors a C++ declaration is
 * proved by a static_assert beside it.
 */
#ifndef LIBCGO_LAYOUT_H
#define LIBCGO_LAYOUT_H

/* What the offset of a classic slot counts from: enum class cgo::slot_base. */
#define SLOT_BASE_THREAD_POINTER 0 /* the address the ABI's TLS counts from */
#define SLOT_BASE_SEGMENT 1        /* the thread segment itself (Darwin, x86) */

/* Bytes: struct libcgo_thread, proved in src/kit/calls.cc. */
#define THREAD_SMALL_LO (8 + 3 * __SIZEOF_POINTER__)
#define THREAD_SMALL_SPAN (8 + 4 * __SIZEOF_POINTER__)
#define THREAD_SYSTEM_SP (8 + 5 * __SIZEOF_POINTER__)
#define THREAD_CALLER_SP (8 + 6 * __SIZEOF_POINTER__)

/* Bytes: struct cgo::stack_call, proved there too. */
#define STACK_CALL_START (7 * __SIZEOF_POINTER__)

/* Bytes: where the frame of libcgo_call_on_stack keeps what libcgo_enter_stack has
   saved, by the Microsoft convention. */
#define STACK_FRAME_SAVED 48

/* Bytes: struct exception_guard, in the frame of libcgo_guarded_call; proved in
   src/os/windows.cc. */
#define GUARD_AT 32
#define GUARD_BYTES (8 * __SIZEOF_POINTER__)

#endif
