// SPDX-License-Identifier: BSD-3-Clause
//
// A client of the kit: its hooks do what the simplest runtime's do.
#ifndef LIBCGO_BENCH_KIT_H
#define LIBCGO_BENCH_KIT_H

#include <libcgo.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>
#include <libcgo/thread.h>

namespace bench {

extern libcgo_runtime runtime;

// Runs fn(arg) on a thread that the runtime starts, and returns at its end.
void on_own_thread(void (*fn)(libcgo_thread *thread, void *arg), void *arg);

} // namespace bench

#endif
