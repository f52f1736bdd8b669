/* SPDX-License-Identifier: BSD-3-Clause */
#include "asker.h"

#include <pthread.h>
#include <stdlib.h>

struct asker {
  int times;
  int (*ask)(void *arg, int number);
  void (*done)(void *arg);
  void *arg;
  long long sum;
  int left; /* threads that still ask, and 1 for asker_start */
  int started;
  pthread_t threads[];
};

static void leave(struct asker *asker) {
  if (__atomic_sub_fetch(&asker->left, 1, __ATOMIC_ACQ_REL) == 0)
    asker->done(asker->arg);
}

static void *asking(void *arg) {
  struct asker *const asker = arg;
  long long sum = 0;
  for (int i = 0; i < asker->times; i++) {
    const int answer = asker->ask(asker->arg, i);
    if (answer < 0)
      break;
    sum += answer;
  }
  __atomic_add_fetch(&asker->sum, sum, __ATOMIC_RELAXED);
  leave(asker);
  return NULL;
}

struct asker *asker_start(int threads, int times,
                          int (*ask)(void *arg, int number),
                          void (*done)(void *arg), void *arg) {
  struct asker *const asker =
      calloc(1, sizeof *asker + (size_t)threads * sizeof asker->threads[0]);
  if (asker == NULL)
    return NULL;
  asker->times = times;
  asker->ask = ask;
  asker->done = done;
  asker->arg = arg;
  asker->left = 1;
  for (int i = 0; i < threads; i++) {
    __atomic_add_fetch(&asker->left, 1, __ATOMIC_RELAXED);
    if (pthread_create(&asker->threads[i], NULL, asking, asker) != 0) {
      __atomic_sub_fetch(&asker->left, 1, __ATOMIC_RELAXED);
      break;
    }
    asker->started++;
  }
  if (asker->started == 0) {
    free(asker);
    return NULL;
  }
  leave(asker);
  return asker;
}

long long asker_end(struct asker *asker) {
  for (int i = 0; i < asker->started; i++)
    pthread_join(asker->threads[i], NULL);
  const long long sum = asker->sum;
  free(asker);
  return sum;
}
