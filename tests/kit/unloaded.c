/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime in a shared object of its own: see unload.c.
 */
#include <libcgo.h>
#include <libcgo/world.h>
#include <stdlib.h>

static _Thread_local struct libcgo_thread *self;
static int *ends; /* the program's: leaves, releases */

static void enter(struct libcgo_thread *thread) { self = thread; }

static void leave(struct libcgo_thread *thread) {
  (void)thread;
  self = NULL;
  ends[0]++;
}

static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  struct libcgo_thread *thread = malloc(sizeof *thread);
  if (thread != NULL)
    *thread = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  return thread;
}

static void release(struct libcgo_thread *thread) {
  free(thread);
  ends[1]++;
}

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

/* Attaches the calling thread, which will count its leaving. */
LIBCGO_API int module_attach(int *counts);
int module_attach(int *counts) {
  ends = counts;
  return libcgo_attach(&runtime, NULL);
}

/* Nobody is attached, so nothing keeps this object mapped afterwards. */
LIBCGO_API int module_stop_world(int *counts);
int module_stop_world(int *counts) {
  ends = counts;
  runtime.flags |= LIBCGO_WORLD;
  const int err = libcgo_world_stop(&runtime, UINT64_MAX, NULL);
  return err != 0 ? err : libcgo_world_start(&runtime);
}
