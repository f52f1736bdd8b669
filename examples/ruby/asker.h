/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A C library with threads of its own, which asks its user questions and needs the answers.
 * It knows nothing of the languages that call it.
 */
#ifndef ASKER_H
#define ASKER_H

struct asker;

/* Starts threads. Each calls ask(arg, number) with the numbers below `times`, and adds up the
   answers. A negative answer ends the thread. The last thread then calls done(arg). Returns NULL if there are no threads to be
   had. */
struct asker *asker_start(int threads, int times,
                          int (*ask)(void *arg, int number),
                          void (*done)(void *arg), void *arg);

/* Waits until the threads have ended, and returns the sum of all answers. */
long long asker_end(struct asker *asker);

#endif
