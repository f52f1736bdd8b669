/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Static probes: places that debuggers and tracers (gdb, bpftrace, systemtap)
 * find by the names libcgo:NAME. Each is one instruction that does nothing, and a
 * note that is not loaded. man/libcgo-runtime.7 lists them.
 */
#ifndef LIBCGO_PROBE_H
#define LIBCGO_PROBE_H

#include "config.h"

#ifdef LIBCGO_PROBES
#include <sys/sdt.h>
/* A probe with two words: the runtime's record and the thread's. -Wpedantic would warn
   of what it expands to. */
#define LIBCGO_PROBE(name, runtime, thread)                                    \
  do {                                                                         \
    _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wpedantic\"")                       \
            STAP_PROBE2(libcgo, name, runtime, thread);                        \
    _Pragma("GCC diagnostic pop")                                              \
  } while (0)
#else
#define LIBCGO_PROBE(name, runtime, thread) (static_cast<void>(0))
#endif

#endif
