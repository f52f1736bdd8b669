/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct watch {
  pthread_t thread;
  void (*changed)(void *arg, long long size);
  void *arg;
  int stopping;
  char path[];
};

static long long size_of(const char *path) {
  struct stat file;
  return stat(path, &file) == 0 ? (long long)file.st_size : -1;
}

static void *look(void *arg) {
  struct watch *watch = arg;
  const struct timespec pause = {0, 10000000};
  long long size = -1;
  while (!__atomic_load_n(&watch->stopping, __ATOMIC_ACQUIRE)) {
    const long long now = size_of(watch->path);
    if (now != size)
      watch->changed(watch->arg, size = now);
    nanosleep(&pause, NULL);
  }
  return NULL;
}

struct watch *watch_start(const char *path,
                          void (*changed)(void *arg, long long size), void *arg) {
  const size_t length = strlen(path) + 1;
  struct watch *watch = malloc(sizeof *watch + length);
  if (watch == NULL)
    return NULL;
  watch->changed = changed;
  watch->arg = arg;
  watch->stopping = 0;
  memcpy(watch->path, path, length);
  if (pthread_create(&watch->thread, NULL, look, watch) == 0)
    return watch;
  free(watch);
  return NULL;
}

void watch_stop(struct watch *watch) {
  __atomic_store_n(&watch->stopping, 1, __ATOMIC_RELEASE);
  pthread_join(watch->thread, NULL);
  free(watch);
}
