/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What debuggers look at (gdb-script.sh, lldb.sh): contexts and threads in each state.
 */
#include <libcgo.h>
#include <libcgo/context.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

static _Thread_local struct libcgo_thread *self;
static void enter(struct libcgo_thread *thread) { self = thread; }
static void leave(struct libcgo_thread *thread) {
  (void)thread;
  self = NULL;
}
static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, NULL, NULL, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

enum { TASKS = 4 };
struct libcgo_context tasks[TASKS];
static struct libcgo_context first = LIBCGO_CONTEXT_INIT,
                             second = LIBCGO_CONTEXT_INIT;
static struct libcgo_context never = LIBCGO_CONTEXT_INIT,
                             over = LIBCGO_CONTEXT_INIT,
                             running = LIBCGO_CONTEXT_INIT;
static struct libcgo_stack stacks[TASKS], more[2];
static struct libcgo_thread records[2];
struct libcgo_thread *last; /* not thread-local */
static sem_t ready;

#define FUNCTION __attribute__((__noinline__, __used__)) static
#define AFTER __asm__ volatile("" ::: "memory")

FUNCTION void suspend(int depth) {
  int i = depth;
  struct libcgo_context *back = self == &records[0] ? &first : &second;
  libcgo_switch(self, &tasks[i], back, 1);
  AFTER;
}
/* It needs callee-saved registers, and a frame whose size is not constant. */
FUNCTION int deeper(int i, volatile int *room) {
  volatile char bytes[room[0] + 16];
  bytes[0] = (char)i;
  suspend(i);
  AFTER;
  return bytes[0];
}
FUNCTION struct libcgo_context *run_even(void *arg, uintptr_t word) {
  volatile int room = 64 + (int)word;
  deeper((int)(intptr_t)arg, &room);
  AFTER;
  return NULL;
}
FUNCTION struct libcgo_context *run_odd(void *arg, uintptr_t word) {
  volatile int room = 640 + (int)word;
  deeper((int)(intptr_t)arg, &room);
  AFTER;
  return NULL;
}
FUNCTION struct libcgo_context *run_over(void *arg, uintptr_t word) {
  (void)arg;
  (void)word;
  return &first;
}
FUNCTION struct libcgo_context *run_on(void *arg, uintptr_t word) {
  (void)word;
  sem_post(&ready);
  for (;;)
    AFTER;
  return arg;
}
FUNCTION void begin(struct libcgo_thread *thread, void *arg) {
  last = thread;
  if (arg != NULL) {
    libcgo_switch(thread, &second, &tasks[2], 1);
    libcgo_switch(thread, &second, &running, 1);
  }
  libcgo_switch(thread, &first, &tasks[0], 1);
  libcgo_switch(thread, &first, &tasks[1], 1);
  libcgo_switch(thread, &first, &over, 1);
  sem_post(&ready);
  for (;;)
    AFTER;
}
FUNCTION void make(struct libcgo_context *context, struct libcgo_stack *stack,
                   struct libcgo_context *(*fn)(void *, uintptr_t), void *arg) {
  static const struct libcgo_stack fresh = LIBCGO_STACK_INIT(0, 0);
  *context = never;
  *stack = fresh;
  if (libcgo_stack_map(stack, 65536) != 0 ||
      libcgo_context_make(context, stack, fn, arg) != 0)
    exit(77);
}
/* Three contexts are suspended, by two threads; one of them runs on in a context. */
int main(void) {
  static const struct libcgo_thread fresh = LIBCGO_THREAD_INIT;
  int i;
  sem_init(&ready, 0, 0);
  for (i = 0; i < TASKS; i++)
    make(&tasks[i], &stacks[i], i % 2 ? run_odd : run_even, (void *)(intptr_t)i);
  make(&over, &more[0], run_over, NULL);
  make(&running, &more[1], run_on, NULL);
  if (libcgo_init_begin(&runtime.init) != 0)
    return 77;
  libcgo_init_done(&runtime.init);
  for (i = 0; i < 2; i++) {
    records[i] = fresh;
    if (libcgo_thread_create(&runtime, &records[i], NULL, begin,
                             (void *)(intptr_t)i, NULL) != 0)
      return 77;
    sem_wait(&ready);
  }
  abort();
}
