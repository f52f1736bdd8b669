/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_GO_C_H
#define BENCH_GO_C_H

void c_nothing(void);
/* Calls Go n times, on the calling thread. */
void c_call_go(long n);
/* A thread of C's own, that calls Go n times, and what it is measured by. */
void c_thread_calls_go(long n);
/* n threads, one after the other, each of which calls Go once. */
void c_threads_call_go(long n);
/* n threads that do nothing. */
void c_threads(long n);
/* Calls Go n times from `fibers` stacks in turn, on a thread of C's own. */
void c_fibers_call_go(long n, int fibers);
/* The same on the calling thread. */
void c_fibers_call_go_here(long n, int fibers);
/* Without Go. */
void c_fibers(long n, int fibers);

#endif
