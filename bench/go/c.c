/* SPDX-License-Identifier: BSD-3-Clause */
#include "c.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

/* In Go. */
extern void goNothing(void);

void c_nothing(void) {}

static void nothing(void) { __asm__ volatile(""); }

void c_call_go(long n) {
  while (n-- > 0)
    goNothing();
}

static void run(void *(*fn)(void *), void *arg) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, fn, arg) != 0)
    abort();
  pthread_join(thread, NULL);
}

static void *call_go(void *n) {
  c_call_go(*(long *)n);
  return NULL;
}

static void *do_nothing(void *arg) { return arg; }

void c_thread_calls_go(long n) { run(call_go, &n); }

void c_threads_call_go(long n) {
  while (n-- > 0) {
    long once = 1;
    run(call_go, &once);
  }
}

void c_threads(long n) {
  while (n-- > 0)
    run(do_nothing, NULL);
}

enum { stack_bytes = 128 * 1024, most = 16 };

struct ring {
  ucontext_t home, fiber[most];
  void (*fn)(void);
  long left;
  int fibers;
};

static void turn(unsigned lo, unsigned hi, int self) {
  struct ring *ring = (struct ring *)((uintptr_t)hi << 16 << 16 | lo);
  while (ring->left > 0) {
    ring->left--;
    ring->fn();
    swapcontext(&ring->fiber[self], &ring->fiber[(self + 1) % ring->fibers]);
  }
  setcontext(&ring->home);
}

static void *run_ring(void *arg) {
  struct ring *ring = arg;
  void *stack[most];
  int i;
  for (i = 0; i < ring->fibers; i++) {
    stack[i] = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(stack[i], 4096, PROT_NONE);
    getcontext(&ring->fiber[i]);
    ring->fiber[i].uc_stack.ss_sp = stack[i];
    ring->fiber[i].uc_stack.ss_size = stack_bytes;
    makecontext(&ring->fiber[i], (void (*)(void))turn, 3,
                (unsigned)(uintptr_t)ring,
                (unsigned)((uintptr_t)ring >> 16 >> 16), i);
  }
  swapcontext(&ring->home, &ring->fiber[0]);
  for (i = 0; i < ring->fibers; i++)
    munmap(stack[i], stack_bytes);
  return NULL;
}

static void ring_of(long n, int fibers, void (*fn)(void), int in_thread) {
  struct ring *ring = calloc(1, sizeof *ring);
  ring->fn = fn;
  ring->left = n;
  ring->fibers = fibers;
  if (in_thread)
    run(run_ring, ring);
  else
    run_ring(ring);
  free(ring);
}

void c_fibers_call_go(long n, int fibers) { ring_of(n, fibers, goNothing, 1); }
void c_fibers_call_go_here(long n, int fibers) {
  ring_of(n, fibers, goNothing, 0);
}
void c_fibers(long n, int fibers) { ring_of(n, fibers, nothing, 1); }
