/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program for the runtime of examples/green.c, for tests/object/tools.sh: tasks that
 * yield, wait, throw the stack about, call C, and are called back. Its argument says what is
 * wrong with it.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libcgo.h>

#include "green.h"

enum { tasks = 40, turns = 50, deep = 6 };

static const char *fault;
static struct semaphore done, given;
static long counted, shared;

static int fault_is(const char *name) { return strcmp(fault, name) == 0; }

static uintptr_t c_count(void *arg) {
  volatile char room[2048];
  memset((char *)room, 1, sizeof room);
  return __atomic_add_fetch(&counted, *(long *)arg, __ATOMIC_RELAXED) + room[7];
}

static void in_the_runtime(void *arg) {
  long one = 1;
  call_c(c_count, &one);
  give(arg);
}

static uintptr_t c_calls_back(void *arg) {
  return (uintptr_t)call_runtime(in_the_runtime, arg);
}

static void *foreign_thread(void *arg) {
  c_calls_back(arg);
  return NULL;
}

static uintptr_t c_starts_a_thread(void *arg) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, foreign_thread, arg) != 0)
    abort();
  return (uintptr_t)pthread_join(thread, NULL);
}

/* The thread sanitizer sees nothing of this. */
__attribute__((__noinline__, __no_sanitize_thread__)) static void
wait_until(const volatile int *n, int least) {
  while (*n < least)
    sched_yield();
}

__attribute__((__noinline__)) static void
planted_fault(char *heap, volatile char *frame, volatile int at) {
  if (fault_is("heap"))
    heap[at] = 1;
  if (fault_is("stack"))
    frame[at] = 1;
  static int here, written;
  int mine;
  if (fault_is("race") &&
      (mine = __atomic_fetch_add(&here, 1, __ATOMIC_RELAXED)) < 2) {
    /* Two workers, which nothing orders. One after the other: of two writes at the same
       instant the sanitizer may see none, and of one long ago it may know no callers. */
    wait_until(&here, 2);
    wait_until(&written, mine);
    shared++;
    __atomic_fetch_add(&written, 1, __ATOMIC_RELAXED);
    wait_until(&written, 2);
  }
}

static uintptr_t c_malloc(void *arg) {
  return (uintptr_t)malloc(*(size_t *)arg);
}
static uintptr_t c_free(void *arg) { return free(arg), 0; }

/* A sanitizer clears what a jump leaves: from the stack pointer to the end of the stack. */
__attribute__((__noinline__)) static void jump(jmp_buf *to, int n) {
  volatile char frame[64];
  memset((char *)frame, n, sizeof frame);
  if (n > 0)
    jump(to, n - 1);
  else if (frame[0] == 0)
    longjmp(*to, 1);
  frame[1] = 0; /* no call in last place */
}

static void jump_out(void) {
  jmp_buf here;
  if (setjmp(here) == 0)
    jump(&here, deep);
}

__attribute__((__noinline__)) static int dive(int n, char *heap) {
  volatile char frame[32];
  memset((char *)frame, n, sizeof frame);
  if (n > 0) {
    yield();
    const int below = dive(n - 1, heap);
    yield();
    return below + frame[n];
  }
  planted_fault(heap, frame, 32);
  return frame[0];
}

static void body(void *arg) {
  size_t bytes = 32;
  char *heap = (char *)call_c(c_malloc, &bytes);
  for (int i = 0; i < turns; i++) {
    long one = 1;
    yield();
    call_c(c_count, &one);
    if (i % 5 == 0)
      jump_out();
    if (i % 10 == 0 && dive(deep, heap) != deep * (deep + 1) / 2)
      die("a frame has changed", 0);
    if (i == 7) {
      call_blocking(c_calls_back, &given);
      take(&given);
    }
  }
  call_c(c_free, heap);
  give(arg);
}

static void first(void *arg) {
  (void)arg;
  for (int i = 0; i < tasks; i++)
    spawn(body, &done);
  call_blocking(c_starts_a_thread, &given);
  take(&given);
  for (int i = 0; i < tasks; i++)
    take(&done);
}

int main(int argc, char **argv) {
  struct green_counts counts;
  fault = argc > 1 ? argv[1] : "none";
  green_run(3, first, NULL, &counts);
  printf("%ld\n", counted);
  return counted == tasks * (turns + 1) + 1 ? 0 : 1;
}
