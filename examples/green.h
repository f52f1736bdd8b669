/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * green - a runtime with many tasks on few threads, on libcgo's kit
 *
 * Tasks run on small stacks, of 16 KiB. C needs more, so a task calls C on the
 * system stack of its thread. docs/tutorial.md builds it step by step.
 *
 * There are two kinds of code. Each function below says which one may call it:
 *
 *   Tasks: the runtime's code, on small stacks. It calls the C library only
 *          through call_c and call_blocking.
 *   C:     everything else, on system stacks.
 */
#ifndef GREEN_H
#define GREEN_H

#include <stddef.h>
#include <stdint.h>

struct task;

struct green_counts {
  size_t tasks;   /* tasks that have run */
  size_t workers; /* threads that the runtime has created */
  size_t foreign; /* foreign threads that were attached */
};

/* C: runs fn(arg) as the first task. Returns when all tasks have ended, all
   created threads are gone and all foreign threads are detached. At most
   `running` tasks run at a time; those that come back from C may be more. Call
   it once. */
void green_run(unsigned running, void (*fn)(void *arg), void *arg,
               struct green_counts *counts);

/* Tasks: starts another task. */
void spawn(void (*fn)(void *arg), void *arg);
/* Tasks: lets other tasks run. */
void yield(void);
/* Tasks: the `arg` that spawn was given. */
void *task_arg(void);

/* What tasks wait for. */
struct semaphore {
  unsigned count;
  struct task *first, *last; /* those that wait */
};

/* Tasks: takes one, or waits until one is given. */
void take(struct semaphore *semaphore);
/* Tasks, and callbacks on foreign threads: gives one, and never waits. */
void give(struct semaphore *semaphore);

/* Tasks: calls C on the system stack. */
uintptr_t call_c(uintptr_t (*fn)(void *arg), void *arg);
/* Tasks: the same for a function that may block or call back. Meanwhile another
   thread runs the other tasks. */
uintptr_t call_blocking(uintptr_t (*fn)(void *arg), void *arg);

/* C: calls fn(arg) in the runtime, on a small stack. Any thread may do so.
   Returns 0 or an errno value; ENOMEM if the runtime has ended. */
int call_runtime(void (*fn)(void *arg), void *arg);

/* Both: ends the process. err is an errno value or 0. */
_Noreturn void die(const char *what, int err);
/* Both: the same if err is not 0. */
void must(const char *what, int err);

#endif
