/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CALLBACKS_H
#define CALLBACKS_H

/* Starts `waves` times `threads` threads, one wave after the other; each calls
   Go `calls` times and ends. Returns the sum of what Go has answered. */
long threads_that_come_and_go(int waves, int threads, int calls);

/* Sorts by a Go function; returns 0 if the result is in order. */
int sort_by_go(int count);
int sort_by_go_in_thread(int count);

/* C's half of a ladder: C, Go, C, Go, ... */
int c_step(int n);

/* A thread that Go is called from after its first destructor round has begun. */
int call_from_a_destructor(void);

#endif
