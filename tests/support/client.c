/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/harness.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t run_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t run_done = PTHREAD_COND_INITIALIZER;
static void (*run_fn)(void);
static int run_finished;

static void run_and_tell(void) {
  run_fn();
  pthread_mutex_lock(&run_lock);
  run_finished = 1;
  pthread_cond_signal(&run_done);
  pthread_mutex_unlock(&run_lock);
}

void run_in_thread(struct libcgo_g *g, uintptr_t m, void (*fn)(void));

void run_in_thread(struct libcgo_g *g, uintptr_t m, void (*fn)(void)) {
  struct libcgo_start start = {m, g, run_and_tell};
  run_fn = fn;
  run_finished = 0;
  libcgo_thread_start(&start);
  memset(&start, 0xff, sizeof start); /* the library has its own copy */
  pthread_mutex_lock(&run_lock);
  while (!run_finished)
    pthread_cond_wait(&run_done, &run_lock);
  pthread_mutex_unlock(&run_lock);
}
