/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * C code that changes stacks between its calls of Go, as coroutine libraries do.
 */
#include "fibers.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "_cgo_export.h"

enum { stack_bytes = 256 * 1024, most = 64 };

struct crew {
  ucontext_t home;
  ucontext_t fiber[most];
  void *stack[most];
  int rounds;
  int answered;
};

static void work(unsigned lo, unsigned hi, int self) {
  struct crew *crew = (struct crew *)((uintptr_t)hi << 16 << 16 | lo);
  int i;
  for (i = 0; i < crew->rounds; i++) {
    if (goAnswer(i) == i + 1)
      crew->answered++;
    swapcontext(&crew->fiber[self], &crew->home);
  }
}

int fibers_run(int fibers, int rounds) {
  struct crew *crew = calloc(1, sizeof *crew);
  int i, round, answered;
  crew->rounds = rounds;
  for (i = 0; i < fibers; i++) {
    crew->stack[i] = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    getcontext(&crew->fiber[i]);
    crew->fiber[i].uc_stack.ss_sp = crew->stack[i];
    crew->fiber[i].uc_stack.ss_size = stack_bytes;
    crew->fiber[i].uc_link = &crew->home;
    makecontext(&crew->fiber[i], (void (*)(void))work, 3,
                (unsigned)(uintptr_t)crew,
                (unsigned)((uintptr_t)crew >> 16 >> 16), i);
  }
  /* One round more: in it each of them ends. */
  for (round = 0; round <= rounds; round++) {
    for (i = 0; i < fibers; i++)
      swapcontext(&crew->home, &crew->fiber[i]);
    /* And one from the thread's own stack in between. */
    if (goAnswer(round) != round + 1)
      crew->answered--;
  }
  answered = crew->answered;
  for (i = 0; i < fibers; i++)
    munmap(crew->stack[i], stack_bytes);
  free(crew);
  return answered;
}

struct job {
  int (*run)(int fibers, int rounds);
  int fibers, rounds, answered;
};

static void *run(void *arg) {
  struct job *job = arg;
  job->answered = job->run(job->fibers, job->rounds);
  return NULL;
}

static int run_in_thread(int (*f)(int, int), int fibers, int rounds) {
  struct job job;
  pthread_t thread;
  job.run = f;
  job.fibers = fibers;
  job.rounds = rounds;
  if (pthread_create(&thread, NULL, run, &job) != 0)
    return -1;
  pthread_join(thread, NULL);
  return job.answered;
}

int fibers_run_in_thread(int fibers, int rounds) {
  return run_in_thread(fibers_run, fibers, rounds);
}

int fibers_run_nested(int fibers, int rounds) {
  return run_in_thread(goNested, fibers, rounds);
}
