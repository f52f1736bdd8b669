/* SPDX-License-Identifier: BSD-3-Clause */
#include "callbacks.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "_cgo_export.h"

static void *call_often(void *arg) {
  intptr_t calls = (intptr_t)arg, sum = 0;
  while (calls-- > 0)
    sum += goAdd(40, 2);
  return (void *)sum;
}

long threads_that_come_and_go(int waves, int threads, int calls) {
  pthread_t *thread = malloc(sizeof *thread * threads);
  long sum = 0;
  int i;
  while (waves-- > 0) {
    void *result;
    for (i = 0; i < threads; i++)
      if (pthread_create(&thread[i], NULL, call_often,
                         (void *)(intptr_t)calls) != 0)
        abort();
    for (i = 0; i < threads; i++) {
      pthread_join(thread[i], &result);
      sum += (intptr_t)result;
    }
  }
  free(thread);
  return sum;
}

static int by_go(const void *a, const void *b) {
  return goCompare(*(const int *)a, *(const int *)b);
}

int sort_by_go(int count) {
  int *number = malloc(sizeof *number * count);
  unsigned next = 1;
  int i, wrong = 0;
  for (i = 0; i < count; i++) {
    next = next * 1103515245 + 12345;
    number[i] = (int)(next >> 8);
  }
  qsort(number, count, sizeof *number, by_go);
  for (i = 1; i < count; i++)
    wrong |= number[i - 1] > number[i];
  free(number);
  return wrong;
}

static void *sort(void *arg) {
  int *count = arg;
  *count = sort_by_go(*count);
  return NULL;
}

int sort_by_go_in_thread(int count) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, sort, &count) != 0)
    return -1;
  pthread_join(thread, NULL);
  return count;
}

int c_step(int n) { return n == 0 ? 0 : goStep(n - 1) + 1; }

static pthread_key_t key;
static int answered;

static void at_the_end(void *value) {
  intptr_t rounds = (intptr_t)value;
  answered += goAdd(1, 0);
  if (rounds > 1)
    pthread_setspecific(key, (void *)(rounds - 1));
}

static void *end_with_calls(void *arg) {
  goAdd(1, 1);
  pthread_setspecific(key, (void *)(intptr_t)3);
  return arg;
}

int call_from_a_destructor(void) {
  pthread_t thread;
  answered = 0;
  if (pthread_key_create(&key, at_the_end) != 0 ||
      pthread_create(&thread, NULL, end_with_calls, NULL) != 0)
    return -1;
  pthread_join(thread, NULL);
  pthread_key_delete(key);
  return answered;
}
