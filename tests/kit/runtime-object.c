/* SPDX-License-Identifier: BSD-3-Clause */
#include "kit/runtime-object.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { small_bytes = SMALL_BYTES };

static struct runtime_counts counts;
static _Thread_local struct libcgo_thread *self;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct runtime_thread *unused;

/* Valgrind takes a jump of the stack pointer by less than 2 MB for a frame: under
   it each stack is as far from all others. */
static size_t distance(void) {
  const char *preload = getenv("LD_PRELOAD");
  return preload != NULL && strstr(preload, "vgpreload") != NULL ? 4 << 20 : 0;
}

static void begin(struct runtime_thread *thread) {
  static const struct libcgo_thread fresh = LIBCGO_THREAD_INIT;
  char *memory = mmap(NULL, small_bytes + 2 * distance(), PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    abort();
  memory += distance();
  if (mprotect(memory, small_bytes, PROT_READ | PROT_WRITE) != 0)
    abort();
  const struct libcgo_stack stack =
      LIBCGO_STACK_INIT(memory, memory + small_bytes);
  thread->record = fresh;
  thread->record.data = thread;
  thread->stack = stack;
}

static void end(struct runtime_thread *thread) {
  munmap((char *)thread->stack.lo - distance(), small_bytes + 2 * distance());
}

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}

static void enter(struct libcgo_thread *thread) {
  counts.wrong += self != NULL;
  self = thread;
  counts.entered++;
}

static void leave(struct libcgo_thread *thread) {
  counts.wrong += self != thread;
  self = NULL;
  counts.left++;
}

static struct libcgo_thread *acquire(struct libcgo_runtime *of) {
  (void)of;
  counts.acquired++;
  pthread_mutex_lock(&lock);
  struct runtime_thread *thread = unused;
  if (thread != NULL)
    unused = thread->next;
  pthread_mutex_unlock(&lock);
  if (thread == NULL) {
    thread = malloc(sizeof *thread);
    if (thread == NULL)
      return NULL;
    begin(thread);
  }
  return &thread->record;
}

static void release(struct libcgo_thread *record) {
  struct runtime_thread *thread = record->data;
  pthread_mutex_lock(&lock);
  thread->next = unused;
  unused = thread;
  pthread_mutex_unlock(&lock);
  counts.released++;
}

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

static void called_back(struct libcgo_thread *thread, void *arg) {
  (void)arg;
  if (thread == NULL || thread != self || thread->runtime != &runtime)
    counts.wrong++;
  counts.callbacks++;
}

static int count_callback(void) {
  return libcgo_callback(&runtime, called_back, NULL);
}

const struct runtime_object runtime_object = {
    &runtime, &counts, current, begin, end, count_callback};
