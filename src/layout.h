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

#endif
