/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A C library with threads of its own, which knows nothing of Python: each ticker is a thread
 * that calls a function again and again, until it is stopped or the function says so.
 */
#ifndef TICKER_H
#define TICKER_H

struct ticker;

/* `tick` returns 0 to go on. `ended` is called in the ticker's thread, as its last act. Returns
   NULL if there is no thread. */
struct ticker *ticker_start(unsigned microseconds, int (*tick)(void *arg),
                            void (*ended)(void *arg), void *arg);

/* Waits until the thread has ended, and frees the ticker. */
void ticker_stop(struct ticker *ticker);

#endif
