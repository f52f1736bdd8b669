/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting OS threads: the core that every face shares. Keeps no state.
 */
#ifndef LIBCGO_START_H
#define LIBCGO_START_H

#include "core/platform.h"

namespace cgo {

/* The signal mask with which a thread runs: that of its creator, less what the
   runtime wants open; one that is given; or with signals held, as it is entered. */
enum class start_mask { of_creator, given, held };

/*
 * What the creator hands to the new thread. Begins a larger record of the
 * creator's, from malloc.
 */
struct thread_start {
  /* First, with signals held (os::held_signals): the thread learns who it is. `here` is an
     address in its first frame: new_thread_bounds makes bounds of it. If the
     result is false it ends at once; this function has then freed the record. */
  bool (*enter)(thread_start *start, uintptr_t here);
  /* Then, with its signal mask (mask_kind). Frees the record before it calls what
     may be unwound through. */
  void (*run)(thread_start *start);
  const char *call; /* for messages */
  void (*fatal)(const char *line); /* the runtime's hook for them, or NULL */
  thread_shape shape;
  start_mask mask_kind;
  signal_mask mask;  /* if it is given */
  signal_mask open;  /* signals that are never held */
  signal_mask held;  /* start_thread's: what is opened after `enter` */
  /* After `run` signals are held for good: a face that does not tell its client
     when a thread is over, which may then free what a handler would look for. */
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
