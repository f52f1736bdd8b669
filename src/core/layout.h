/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that assembly and C++ share. If a number follows from a C++ declaration, a
 * static_assert in a C++ file proves it.
 */
#ifndef LIBCGO_LAYOUT_H
#define LIBCGO_LAYOUT_H

/* What the offset of a classic slot counts from: enum class cgo::slot_base. */
#define SLOT_BASE_THREAD_POINTER 0 /* the address the ABI's TLS counts from */
#define SLOT_BASE_SEGMENT 1        /* the thread segment itself (Darwin, x86) */

/* Offsets in bytes of members of struct libcgo_thread, proved in src/kit/calls.cc. */
#define THREAD_SMALL_LO (8 + 3 * __SIZEOF_POINTER__)
#define THREAD_SMALL_SPAN (8 + 4 * __SIZEOF_POINTER__)
#define THREAD_SYSTEM_SP (8 + 5 * __SIZEOF_POINTER__)
#define THREAD_CALLER_SP (8 + 6 * __SIZEOF_POINTER__)

#define THREAD_STATE (8 + 8 * __SIZEOF_POINTER__)
#define THREAD_RUNNING (8 + 44 * __SIZEOF_POINTER__)
#define THREAD_SWITCHING (8 + 48 * __SIZEOF_POINTER__)

/* Of what the world adds, proved in src/kit/world.cc; THREAD_SLOW is just behind. */
#define THREAD_POLL (8 + 49 * __SIZEOF_POINTER__)
#define THREAD_SLOW (THREAD_POLL + 4)
#define THREAD_MODE (THREAD_POLL + 8)
#define THREAD_PARKED_SP (THREAD_POLL + 16)
#define THREAD_WORLD 64 /* in `state` */
#define THREAD_PARKED 1 /* in `mode` */

/* The offset in bytes of stack_call::start, proved there, too. */
#define STACK_CALL_START (7 * __SIZEOF_POINTER__)
#define STACK_CALL_FLAGS (19 * __SIZEOF_POINTER__)
#define STACK_CALL_SWITCHED 4 /* in these flags */

/* Bytes: struct libcgo_context, proved in src/kit/context.cc. */
#define CONTEXT_SP 8
#define CONTEXT_LO (8 + 1 * __SIZEOF_POINTER__)
#define CONTEXT_SPAN (8 + 2 * __SIZEOF_POINTER__)
#define CONTEXT_THREAD (8 + 3 * __SIZEOF_POINTER__)
#define CONTEXT_FLAGS (8 + 4 * __SIZEOF_POINTER__)
#define CONTEXT_OPTIONS (8 + 5 * __SIZEOF_POINTER__)
#define CONTEXT_CONTROL_WORD (8 + 6 * __SIZEOF_POINTER__)
#define CONTEXT_KEEPS (8 + 7 * __SIZEOF_POINTER__)
#define CONTEXT_OVER 1          /* in place of sp */
#define CONTEXT_KEEPS_CONTROL 1 /* of the options */

/* By the Microsoft convention: the offset in bytes, in the frame of libcgo_call_on_stack,
   of what libcgo_enter_stack has saved. */
#define STACK_FRAME_SAVED 48

/* The offset and the size in bytes of struct exception_guard in the frame of
   libcgo_guarded_call; proved in src/os/windows.cc. */
#define GUARD_AT 32
#define GUARD_BYTES (8 * __SIZEOF_POINTER__)

#endif
