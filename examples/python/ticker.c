/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct ticker {
  pthread_t thread;
  struct timespec pause;
  int (*tick)(void *arg);
  void (*ended)(void *arg);
  void *arg;
  atomic_int stop;
};

static void *run(void *argument) {
  struct ticker *const ticker = argument;
  while (!atomic_load(&ticker->stop) && ticker->tick(ticker->arg) == 0)
    nanosleep(&ticker->pause, NULL);
  ticker->ended(ticker->arg);
  return NULL;
}

struct ticker *ticker_start(unsigned microseconds, int (*tick)(void *arg),
                            void (*ended)(void *arg), void *arg) {
  struct ticker *const ticker = calloc(1, sizeof *ticker);
  if (ticker == NULL)
    return NULL;
  ticker->pause.tv_sec = microseconds / 1000000;
  ticker->pause.tv_nsec = microseconds % 1000000 * 1000L;
  ticker->tick = tick;
  ticker->ended = ended;
  ticker->arg = arg;
  if (pthread_create(&ticker->thread, NULL, run, ticker) != 0) {
    free(ticker);
    return NULL;
  }
  return ticker;
}

void ticker_stop(struct ticker *ticker) {
  atomic_store(&ticker->stop, 1);
  pthread_join(ticker->thread, NULL);
  free(ticker);
}
