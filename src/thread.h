/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting OS threads: the core that every face shares. Keeps no state.
 */
#ifndef LIBCGO_THREAD_H
#define LIBCGO_THREAD_H

#include "platform.h"

namespace cgo {

/* What a new thread does, in this order. */
struct thread_work {
  /* First, with all signals blocked: the thread learns who it is. */
  void (*enter)(void *arg, const stack_bounds &stack);
  /* Then, with the signal mask of its creator. May be unwound through. */
  void (*run)(void *arg);
  void *arg;
};

/*
 * Starts a detached thread. EAGAIN is retried, with growing pauses, for one
 * second in all. Returns 0 or an errno value; after an error `work` was not
 * and will not be run.
 */
int start_thread(const thread_work &work);

} // namespace cgo

#endif
