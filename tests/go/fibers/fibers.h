/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FIBERS_H
#define FIBERS_H

/* Runs `fibers` fibers in turn, each of which calls Go `rounds` times and gives
   way to the next one after each call. Returns how many calls Go has answered. */
int fibers_run(int fibers, int rounds);

/* The same on a thread that C has started. */
int fibers_run_in_thread(int fibers, int rounds);
/* And with Go between that thread and the fibers. */
int fibers_run_nested(int fibers, int rounds);

#endif
