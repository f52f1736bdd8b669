/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TRACEBACKS_H
#define TRACEBACKS_H

#include <stdint.h>

/* For runtime.SetCgoTraceback. */
void traceback(void *arg);

/* Computes, below outer and middle, until there were so many profiling signals in it. */
void outer(int least);

/* Of the tracebacks of signals in inner: how many there were, and in how many the first
   frame was the place of the signal, the second in middle and the third in outer. */
int signals_in_inner(void);
int right_first(void);
int right_callers(void);

#endif
