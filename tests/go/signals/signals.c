/* SPDX-License-Identifier: BSD-3-Clause */
#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "_cgo_export.h"

static int traced, in_signal, made, open_now;

struct traceback_arg {
  uintptr_t context, signal_context;
  uintptr_t *buffer;
  uintptr_t max;
};
struct context_arg {
  uintptr_t context;
};
struct symbolizer_arg {
  uintptr_t pc;
  const char *file;
  uintptr_t line;
  const char *function;
  uintptr_t entry, more, data;
};

/* Two places that the symbolizer knows: one for a signal, one for a call. */
static const char places[2];

void traceback(void *arg) {
  struct traceback_arg *a = arg;
  __atomic_add_fetch(&traced, 1, __ATOMIC_RELAXED);
  if (a->signal_context != 0)
    __atomic_add_fetch(&in_signal, 1, __ATOMIC_RELAXED);
  if (a->max > 0)
    a->buffer[0] = (uintptr_t)&places[a->signal_context == 0];
  if (a->max > 1)
    a->buffer[1] = 0;
}

void context(void *arg) {
  struct context_arg *a = arg;
  if (a->context == 0) {
    a->context = 1 + __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&open_now, 1, __ATOMIC_RELAXED);
  } else {
    __atomic_sub_fetch(&open_now, 1, __ATOMIC_RELAXED);
  }
}

void symbolizer(void *arg) {
  struct symbolizer_arg *a = arg;
  a->file = "signals.c";
  a->line = 1;
  a->function = a->pc == (uintptr_t)&places[0]   ? "place_of_a_signal"
                : a->pc == (uintptr_t)&places[1] ? "place_of_a_call"
                                                 : NULL;
  a->entry = a->pc;
  a->more = 0;
  a->data = 0;
}

void busy_until_seen(int least) {
  const int first = __atomic_load_n(&in_signal, __ATOMIC_RELAXED);
  while (__atomic_load_n(&in_signal, __ATOMIC_RELAXED) - first < least)
    continue;
}

void call_go(void) { goInner(); }

int tracebacks(void) { return __atomic_load_n(&traced, __ATOMIC_RELAXED); }
int contexts_made(void) { return __atomic_load_n(&made, __ATOMIC_RELAXED); }
int contexts_open(void) { return __atomic_load_n(&open_now, __ATOMIC_RELAXED); }

struct job {
  int signal, times;
};

static void *raise_often(void *arg) {
  struct job *job = arg;
  while (job->times-- > 0)
    raise(job->signal);
  return NULL;
}

int raise_in_thread(int signal, int times) {
  struct job job;
  pthread_t thread;
  job.signal = signal;
  job.times = times;
  if (pthread_create(&thread, NULL, raise_often, &job) != 0)
    return -1;
  pthread_join(thread, NULL);
  return 0;
}
