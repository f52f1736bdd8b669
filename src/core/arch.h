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

/* ---- contexts: src/kit/context.cc ---- */

/* Where the frame of a suspended context has things: bytes from its stack pointer. */
struct libcgo_switch_frame {
  uintptr_t mark; /* a word that the routine does not use */
  uintptr_t return_address;
  uintptr_t frame_pointer;
};
extern const struct libcgo_switch_frame libcgo_switch_frame
    __attribute__((__visibility__("hidden")));

/* Writes the frame of a new context below `top`, a multiple of 16: the first switch to it
   calls fn(arg, word). Returns its stack pointer, or 0: the thread has what a switch does
   not save. */
uintptr_t libcgo_context_begin(uintptr_t top, struct libcgo_context *context,
                               struct libcgo_context *(*fn)(void *, uintptr_t),
                               void *arg);

/* Calls fn(arg), whose caller is, to an unwinder, that of the switch which is pending at
   sp. Writes nothing there. */
void libcgo_context_look(uintptr_t sp, void (*fn)(void *), void *arg);

/* ---- the world: src/kit/world.cc ---- */

/* Calls libcgo_guarded(g, frame): frame is the low end of its own frame, which has all
   general registers that a callee keeps, and the word g. Its personality routine is
   libcgo_guard_personality, which finds g by the layout. Where the system unwinds, its
   handler is libcgo_guard_unwound instead. */
void libcgo_guard(struct libcgo_guarded_call *g);
void libcgo_guarded(struct libcgo_guarded_call *g, uintptr_t frame);
/* The frame is being unwound. */
void libcgo_undo_guarded(struct libcgo_guarded_call *g);

/* Where that word is: `bytes` from what a register of the frame has, by its number in
   DWARF; or, if the number is -1, from the CFA that the unwinder tells of the frame
   (_Unwind_GetCFA: its stack pointer at the call). */
struct libcgo_place_in_frame {
  intptr_t reg;
  intptr_t bytes;
};
extern const struct libcgo_place_in_frame libcgo_guard_place
    __attribute__((__visibility__("hidden")));
/* Where libcgo_call_parked is in assembly: the registers of its frame, by their numbers in
   DWARF, that have an address so many bytes into the thread's record, and caller_sp. Its
   personality routine is libcgo_parked_personality. */
struct libcgo_parked_frame {
  intptr_t in_thread;
  uintptr_t bytes;
  intptr_t caller_sp;
};
extern const struct libcgo_parked_frame libcgo_parked_frame
    __attribute__((__visibility__("hidden")));
/* The word `thread` in the frame of libcgo_call_parked_anywhere, as libcgo_guard_place. Its
   personality routine is libcgo_parked_anywhere_personality. */
extern const struct libcgo_place_in_frame libcgo_parked_place
    __attribute__((__visibility__("hidden")));

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
