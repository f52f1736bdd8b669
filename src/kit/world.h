/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runtimes with LIBCGO_WORLD: which threads there are, who is parked, and who stops them.
 * docs/world.md explains the protocol.
 */
#ifndef LIBCGO_WORLD_H_INTERNAL
#define LIBCGO_WORLD_H_INTERNAL

#include <libcgo/world.h>

#include <errno.h>

#include "core/platform.h"
#include "kit/runtime.h"

namespace cgo {

struct world;
struct thread_key;

/* Before more words that are kept. */
struct kept_words {
  kept_words *older;
  uintptr_t bytes;
};

/*
 * A thread of such a runtime. The runtime's key has its address instead of the record's:
 * when the runtime is closed the client frees the records, and this is the thread's until
 * it ends. The thread itself frees it.
 */
struct member {
  world *of;
  libcgo_runtime *runtime;
  libcgo_thread *thread;
  thread_key *key;
  uintptr_t owner;    /* the thread's pointer */
  uint32_t gate;      /* not 0: callbacks look closer */
  uint32_t callbacks; /* how many are under way; written by the thread itself */
  uint32_t state;     /* written under the lock */
  uint32_t rounds;    /* of destructors that have come */
  uint32_t foreign;
  uint32_t linked; /* whether it is in the list; under the lock */
  member *next;
  member **prev;       /* what leads to it */
  uintptr_t outermost; /* an address in the frame of the first of the callbacks */
  uintptr_t place_before; /* of a thread that has parked by hand: parked_sp before */
  uint32_t seen; /* the thread's mode, when a stopper has found it parked */
  stack_bounds signal_stack;
  /* What libcgo_park has kept of its callers' registers, with the frames in between: the
     words that are used, and how many there were when the innermost callback began. */
  uintptr_t *kept;
  uintptr_t kept_room;
  uintptr_t kept_used;
  uintptr_t kept_floor;
  kept_words *kept_pages;
  uintptr_t first_kept[128];
};

/* Whether the runtime's record, which is valid, has the flag. */
inline bool has_world(const libcgo_runtime *runtime) {
  return (runtime->flags & LIBCGO_WORLD) != 0;
}

inline member *member_of(const libcgo_thread *thread) {
  return reinterpret_cast<member *>(thread->member);
}

/* 0, EINVAL, ENOTSUP, ENOMEM, ESHUTDOWN: prepares the world of a runtime that has the
   flag. */
int prepare_world(libcgo_runtime *runtime);

/* Whether there is one, and it is closed. */
bool is_closed(const libcgo_runtime *runtime);

/* After make_key: callbacks find the members. */
void publish_key(libcgo_runtime *runtime);

/* The word that keep.cc has for the runtime: `pinned` stays 0 in one with a world, so that
   libcgo_callback comes here without another test. */
uintptr_t *pinned_word(libcgo_runtime *runtime);

/* EINVAL if the record is too small for a world. */
int check_world_thread(const libcgo_runtime *runtime,
                       const libcgo_thread *thread);

/* A thread is on its way, and a close waits for it: from before it is created until
   join_world, and from before `acquire` until it is attached. Returns 0 or ESHUTDOWN. */
int expect_start(libcgo_runtime *runtime);
void forget_start(libcgo_runtime *runtime);

/* Waits while another thread stops the world. */
void wait_for_start_of_world(libcgo_runtime *runtime);

/* The member for a record that the calling thread enters, or nullptr: no memory. `room` is
   for a member, from malloc; or nullptr. */
member *make_member(libcgo_runtime *runtime, libcgo_thread *thread,
                    bool foreign, void *room);
void drop_member(member *m);

/* The record is complete: from here on stoppers see the thread, parked. Waits while another
   thread stops the world. Returns 0 or ESHUTDOWN. A thread that was expected always joins. */
void join_world(member *m);

/* For a thread that ends or detaches. Parks it, and takes it out of the list. False: the
   runtime is closed, and its record may not be touched; drop_shut_member is to come. */
bool begin_leave(member *m);
/* After the last hook. Frees the member. */
void end_leave(member *m);

/* The first thing in a destructor of the key. False: the runtime is closed; the member is
   freed. */
bool is_member_still(member *m);
/* The runtime is closed: takes the member out of the list, and frees it and what the library
   has for the thread. No hook runs. */
void drop_shut_member(member *m);

/* The member of the calling thread, which is at sp; or nullptr. It counts a callback until
   end_use. */
member *begin_use(libcgo_runtime *runtime, uintptr_t sp);
void end_use(member *m);
/* The same for a thread that has just attached, and is expected still: no longer then. False:
   the runtime closes, and nothing has changed. */
bool begin_use_of_attached(libcgo_runtime *runtime, libcgo_thread *thread,
                           uintptr_t sp);

/* fn of a created thread, managed. */
void run_managed(libcgo_thread *thread,
                 void (*fn)(libcgo_thread *thread, void *arg), void *arg);

/* A callback on a thread that has just attached, and is expected still; no longer then.
   Returns 0, or ESHUTDOWN and fn has not run. */
int call_attached(libcgo_runtime *runtime, libcgo_thread *thread,
                  void (*fn)(libcgo_thread *thread, void *arg), void *arg);

/* The same on the calling thread; not_in_world if it has no record: attach it. */
int call_in_world(libcgo_runtime *runtime,
                  void (*fn)(libcgo_thread *thread, void *arg), void *arg);
constexpr int not_in_world = -1;

/* The runtime ends. */
void forget_world(libcgo_runtime *runtime);

} // namespace cgo

/* What src/arch/<cpu>.S calls. */
extern "C" {
/* The thread's mode says parked, and a word is set. */
void libcgo_parks(libcgo_thread *thread);
/* The thread's mode says managed, and a word is set: waits while it must be parked. Passes
   the result on. */
uintptr_t libcgo_unparks(libcgo_thread *thread, uintptr_t result);
/* The same for a thread that was in a parked call, which was made at sp. */
uintptr_t libcgo_ends_parked_call(libcgo_thread *thread, uintptr_t result,
                                  uintptr_t sp);
/* The personality routines of libcgo_guard, and of libcgo_call_parked in assembly. */
#ifdef __ARM_EABI__
_Unwind_Reason_Code libcgo_guard_personality(_Unwind_State state,
                                             _Unwind_Control_Block *block,
                                             _Unwind_Context *context);
#else
_Unwind_Reason_Code libcgo_guard_personality(int version, _Unwind_Action actions,
                                             _Unwind_Exception_Class,
                                             _Unwind_Exception *,
                                             _Unwind_Context *context);
_Unwind_Reason_Code libcgo_parked_personality(int version, _Unwind_Action actions,
                                              _Unwind_Exception_Class,
                                              _Unwind_Exception *,
                                              _Unwind_Context *context);
_Unwind_Reason_Code libcgo_parked_anywhere_personality(int version,
                                                       _Unwind_Action actions,
                                                       _Unwind_Exception_Class,
                                                       _Unwind_Exception *,
                                                       _Unwind_Context *context);
#endif
}

#endif
