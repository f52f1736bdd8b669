/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime in a shared object of its own, for lookups.c: its loader may be busy, or
 * have a list of objects for it alone.
 */
#include <libcgo.h>
#include <pthread.h>
#include <stdlib.h>

static __thread struct libcgo_thread *self;
static int *ends; /* the program's: leaves */

static void enter(struct libcgo_thread *thread) { self = thread; }

static void leave(struct libcgo_thread *thread) {
  (void)thread;
  self = NULL;
  if (ends != NULL)
    ++*ends;
}

static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  struct libcgo_thread *thread = malloc(sizeof *thread);
  if (thread != NULL)
    *thread = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  return thread;
}

static void release(struct libcgo_thread *thread) { free(thread); }

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

LIBCGO_DEFINE_SLOTS;

static void nothing(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
}

LIBCGO_API int module_call(int *counts);
int module_call(int *counts) {
  ends = counts;
  return libcgo_callback(&runtime, nothing, NULL);
}

LIBCGO_API int module_claim(void);
int module_claim(void) {
  intptr_t offset;
  return libcgo_slots_claim(&runtime, &offset);
}

/* In the namespace of the object: another C library may have other thread keys. */
LIBCGO_API int module_start(pthread_t *thread, void *(*fn)(void *), void *arg);
int module_start(pthread_t *thread, void *(*fn)(void *), void *arg) {
  return pthread_create(thread, NULL, fn, arg);
}
LIBCGO_API int module_join(pthread_t thread);
int module_join(pthread_t thread) { return pthread_join(thread, NULL); }

static void *call_back(void *result) {
  *(int *)result = module_call(NULL);
  return NULL;
}

__attribute__((__constructor__)) static void start(void) {
  libcgo_init_begin(&runtime.init);
  libcgo_init_done(&runtime.init);
  /* Another thread calls back while the object is being loaded. */
  if (getenv("LIBCGO_TESTS_CALL_BACK_WHILE_LOADING") != NULL) {
    int result = -1;
    pthread_t thread;
    if (pthread_create(&thread, NULL, call_back, &result) != 0 ||
        pthread_join(thread, NULL) != 0 || result != 0)
      abort();
  }
}
