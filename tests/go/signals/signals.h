/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdint.h>

/* For runtime.SetCgoTraceback, by the layouts that its documentation gives. */
void traceback(void *arg);
void context(void *arg);
void symbolizer(void *arg);

/* Computes until the traceback function has run `least` times more in a
   profiling signal. */
void busy_until_seen(int least);
/* Calls goInner. */
void call_go(void);

/* How often each was called; contexts that were made and not given back. */
int tracebacks(void);
int contexts_made(void);
int contexts_open(void);

/* Raises a signal in a thread that C has started. */
int raise_in_thread(int signal, int times);

#endif
