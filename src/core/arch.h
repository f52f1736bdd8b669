/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a CPU must provide: the routines of src/arch/<cpu>.S that are not
 * public. Each routine's contract stands above it there.
 */
#ifndef LIBCGO_ARCH_H
#define LIBCGO_ARCH_H

#include <stdint.h>

#include "config.h"
#include "core/layout.h"

#define LIBCGO_CONCAT_(a, b) a##b
#define LIBCGO_CONCAT(a, b) LIBCGO_CONCAT_(a, b)

#define LIBCGO_STRING_(a) #a
#define LIBCGO_STRING(a) LIBCGO_STRING_(a)

namespace cgo {

/* What a function's frame pointer points at: the offsets in bytes of two words, and
   the range in which both are. If the return address is not in the range, it is not
   in the function's own frame: it is in its caller's, at that offset. */
struct frame_layout {
  intptr_t caller;         /* the frame pointer of the caller */
  intptr_t return_address; /* in the caller */
  uintptr_t lowest;        /* of the range */
  uintptr_t bytes;         /* 0 where frames form no chain */
  /* If the CPU's call instruction pushes the return address: how far that of a call on a
     small stack is above its mark. Another call from the same depth overwrites it. 0: the
     CPU does not push it. */
  intptr_t mark_to_return;
  /* The same from libcgo_thread::caller_sp to the return address of that call of C. 0: it
     is not looked at. */
  intptr_t caller_to_return;

  bool return_address_is_in_caller() const {
    return static_cast<uintptr_t>(return_address) - lowest >= bytes;
  }
};

} // namespace cgo

extern "C" {

extern const cgo::frame_layout libcgo_frame_layout
    __attribute__((__visibility__("hidden")));

/* The address in a word that is a return address. It is the word itself, except where
   the CPU signs return addresses in memory, or keeps a bit of its state in them. */
uintptr_t libcgo_strip_signature(uintptr_t return_address);

/* Calls setg(g), then fn(). fn need not keep any general register except the stack
   pointer. It finds every register as setg has left it. */
void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);

uintptr_t libcgo_thread_pointer(void);

} // extern "C"

/* ---- where the classic face exists ---- */

/* crosscall_<cpu>, the public routine whose name differs from CPU to CPU. */
#define LIBCGO_CROSSCALL LIBCGO_CONCAT(crosscall_, LIBCGO_CPU)

namespace cgo {

/* What the offset of a classic slot counts from. */
enum class slot_base : int { thread_pointer = 0, segment = 1 };

static_assert(int(slot_base::thread_pointer) == SLOT_BASE_THREAD_POINTER, "");
static_assert(int(slot_base::segment) == SLOT_BASE_SEGMENT, "");

} // namespace cgo

extern "C" {

/* Aligns the stack and calls libcgo_prepare_slots: the value of initcgo. */
void libcgo_initcgo(void);
void libcgo_prepare_slots(void);

uintptr_t libcgo_slot_load(cgo::slot_base base, intptr_t offset);
void libcgo_slot_store(cgo::slot_base base, intptr_t offset, uintptr_t value);

} // extern "C"

#endif
