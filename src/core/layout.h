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
#define THREAD_SIZE 0
#define THREAD_VERSION 4
#define THREAD_SMALL_LO (8 + 3 * __SIZEOF_POINTER__)
#define THREAD_SMALL_SPAN (8 + 4 * __SIZEOF_POINTER__)
#define THREAD_SYSTEM_SP (8 + 5 * __SIZEOF_POINTER__)
#define THREAD_CALLER_SP (8 + 6 * __SIZEOF_POINTER__)
#define THREAD_TOP (8 + 7 * __SIZEOF_POINTER__)
#define THREAD_STATE (8 + 8 * __SIZEOF_POINTER__)
#define THREAD_STACK_LO (8 + 9 * __SIZEOF_POINTER__)
#define THREAD_STACK_HI (8 + 10 * __SIZEOF_POINTER__)
#define THREAD_CALLS (8 + 23 * __SIZEOF_POINTER__)
#define THREAD_RUNNING (8 + 44 * __SIZEOF_POINTER__)
#define THREAD_SERIAL (8 + 45 * __SIZEOF_POINTER__)
#define THREAD_NEXT_PLACE (8 + 46 * __SIZEOF_POINTER__)
#define THREAD_LEAST_SIZE (8 + 49 * __SIZEOF_POINTER__)
#define THREAD_SMALL_WITHIN_OWN 8 /* in the state */
#define THREAD_SWITCHING (8 + 48 * __SIZEOF_POINTER__)

/* Of what the world adds, proved in src/kit/world.cc; THREAD_SLOW is just behind. */
#define THREAD_POLL (8 + 49 * __SIZEOF_POINTER__)
#define THREAD_SLOW (THREAD_POLL + 4)
#define THREAD_MODE (THREAD_POLL + 8)
#define THREAD_PARKED_SP (THREAD_POLL + 16)
#define THREAD_WORLD 64         /* in `state` */
#define THREAD_PARKED 1         /* in `mode` */
#define THREAD_IN_PARKED_CALL 2 /* the same, where caller_sp tells */

/* Offsets in bytes of members of struct stack_call, proved there, too. */
#define STACK_CALL_SERIAL 0
#define STACK_CALL_PREV (1 * __SIZEOF_POINTER__)
#define STACK_CALL_PARENT (2 * __SIZEOF_POINTER__)
#define STACK_CALL_PARENT_SERIAL (3 * __SIZEOF_POINTER__)
#define STACK_CALL_MARK (4 * __SIZEOF_POINTER__)
#define STACK_CALL_RETURNS_TO (5 * __SIZEOF_POINTER__)
#define STACK_CALL_LO (6 * __SIZEOF_POINTER__)
#define STACK_CALL_START (7 * __SIZEOF_POINTER__)
#define STACK_CALL_SYSTEM_SP (8 * __SIZEOF_POINTER__)
#define STACK_CALL_PRIOR_LO (9 * __SIZEOF_POINTER__)
#define STACK_CALL_PRIOR_SPAN (10 * __SIZEOF_POINTER__)
#define STACK_CALL_PRIOR_CALLER (11 * __SIZEOF_POINTER__)
#define STACK_CALL_PRIOR_SYSTEM (12 * __SIZEOF_POINTER__)
#define STACK_CALL_PASSED_SPAN (14 * __SIZEOF_POINTER__)
#define STACK_CALL_SKIP (16 * __SIZEOF_POINTER__)
#define STACK_CALL_FLAGS (19 * __SIZEOF_POINTER__)
#define STACK_CALL_C_RETURNS_TO (20 * __SIZEOF_POINTER__)
#define STACK_CALL_WORD 8 /* bytes above the start */

/* Values of the flags. */
#define STACK_CALL_SWITCHED 4
/* A first call in the record's place: of the others is none set. While it begins, and then. */
#define STACK_CALL_BEGINS_FIRST 0x1a0
#define STACK_CALL_FIRST 0x1f0
/* The same for one that C has made in another call, in a place of a page; without the number
   of calls, which is a multiple of the last one. */
#define STACK_CALL_BEGINS_BELOW 0x80
#define STACK_CALL_BELOW 0x90
#define STACK_CALL_ONE 0x100

/* Bytes: struct page, proved there, too. */
#define CALLS_PAGE_BYTES 4096
#define CALLS_PAGE_THREAD (5 * __SIZEOF_POINTER__)

/* Bytes: struct libcgo_stack, proved there, too. */
#define STACK_SIZE 0
#define STACK_VERSION 4
#define STACK_LO 8
#define STACK_HI (8 + 1 * __SIZEOF_POINTER__)
#define STACK_LEAST_SIZE (8 + 6 * __SIZEOF_POINTER__)
#define RECORD_VERSION 1

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

/* The offset in bytes, in the frame of libcgo_guard there, of the word g. */
#define GUARDED_CALL_AT 192

#endif
