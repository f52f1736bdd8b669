/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * green - a runtime with green tasks, on libcgo's native kit
 *
 * Tasks run on stacks of 16 KiB, many of them on few threads. C does not fit on
 * such stacks, so a task calls it on its thread's own. docs/tutorial.md builds
 * this runtime up step by step.
 *
 * There are two kinds of code, and each function below says for which it is:
 *
 *   tasks  the runtime's code, on small stacks. It calls nothing of the C
 *          library but through call_c and call_blocking.
 *   C      everything else, on the system's stacks.
 */
#ifndef GREEN_H
#define GREEN_H

#include <stddef.h>
#include <stdint.h>

struct task;

struct green_counts {
  size_t tasks;   /* that have run */
  size_t workers; /* threads that the runtime started */
  size_t foreign; /* threads of others that were attached */
};

/* C: runs fn(arg) as the first task. Returns when all tasks have ended, all
   threads of the runtime are gone and those of others are detached. Not more
   than `running` tasks run at a time, but for those that come back from C. To be
   called once. */
void green_run(unsigned running, void (*fn)(void *arg), void *arg,
               struct green_counts *counts);

/* Tasks: starts another one. */
void spawn(void (*fn)(void *arg), void *arg);
/* Tasks: lets others run. */
void yield(void);
/* Tasks: what spawn got. */
void *task_arg(void);

/* What tasks wait for. */
struct semaphore {
  unsigned count;
  struct task *first, *last; /* the waiting */
};

/* Tasks: takes one, or waits until one is given. */
void take(struct semaphore *semaphore);
/* Tasks, and callbacks on threads of others: never waits. */
void give(struct semaphore *semaphore);

/* Tasks: calls C on the system stack. */
uintptr_t call_c(uintptr_t (*fn)(void *arg), void *arg);
/* The same for a function that may block, or call back: another thread runs the
   other tasks meanwhile. */
uintptr_t call_blocking(uintptr_t (*fn)(void *arg), void *arg);

/* C: calls back into the runtime, on a small stack; on any thread at all.
   Returns 0, or an errno value: then the runtime is closed to new threads. */
int call_runtime(void (*fn)(void *arg), void *arg);

/* Both: ends the process. err is an errno value or 0. */
_Noreturn void die(const char *what, int err);
/* Both: the same if err is not 0. */
void must(const char *what, int err);

#endif
