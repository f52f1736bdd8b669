/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting threads, for every face. Keeps no state.
 */
#ifndef LIBCGO_START_H
#define LIBCGO_START_H

#include "core/platform.h"

namespace cgo {

/* The signal mask with which a thread runs. of_creator: that of its creator, without
   the signals that the runtime wants open. given: thread_start::mask. held: the mask
   that it has in `enter`, with signals held. */
enum class start_mask { of_creator, given, held };

/*
 * The start record: what the creator hands to the new thread. It is the beginning of a
 * larger record, which the creator has from malloc.
 */
struct thread_start {
  /* The new thread calls it first, with signals held (os::held_signals), to learn who it
     is. `here` is an address in the thread's first frame, for new_thread_bounds.
     If it returns false, it has freed the record, and the thread ends at once. */
  bool (*enter)(thread_start *start, uintptr_t here);
  /* The new thread calls it next, with its signal mask (mask_kind). It frees the record
     before it calls a function that may be unwound. */
  void (*run)(thread_start *start);
  const char *call;                /* for messages */
  void (*fatal)(const char *line); /* the runtime's hook for them, or NULL */
  thread_shape shape;
  start_mask mask_kind;
  signal_mask mask; /* given; or, for of_creator, set by start_thread */
  signal_mask open; /* the runtime's signals that are never held */
  signal_mask held; /* set by start_thread: what it opens after `enter` */
  /* Whether signals are held from the end of `run` on. For a face that does not tell its
     client when a thread is over: the client may then free what a handler looks for. */
  bool held_at_the_end;
};

/* For `enter`: the bounds of the new thread's stack. Stops the process with a
   message if the system does not tell. */
stack_bounds new_thread_bounds(const thread_start *start, uintptr_t here);

/*
 * Starts a detached thread. EAGAIN is retried, with growing pauses, for one
 * second in all. Returns 0 or an errno value; after an error the record is the
 * caller's still. Is no cancellation point.
 */
int start_thread(thread_start *start);

/* For a call that cannot report: stops the process with a message that says why
   there is no thread with the default stack size. ENOMEM: no start record. */
[[noreturn]] void no_thread(const char *call, int err);

} // namespace cgo

#endif
