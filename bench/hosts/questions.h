/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of C that ask questions of a virtual machine: what node.c and ruby.c share. A
 * round has a thread of its own, which asks, and waits for each answer.
 */
#ifndef QUESTIONS_H
#define QUESTIONS_H

#include <errno.h>
#include <libcgo/mailbox.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct question {
  int number;
  int answer;
  sem_t answered;
};

/* Calls into the machine, in its thread: question->answer becomes what it returns. */
static void put(struct question *question);

/* A way to ask: returns when the question has its answer. */
typedef void (*ask_fn)(struct question *question);

/* ---- by hand: addresses through a pipe, and a semaphore for the answer ---- */

static int ends[2];

static void ask_by_pipe(struct question *question) {
  if (write(ends[1], &question, sizeof question) != sizeof question)
    abort();
  while (sem_wait(&question->answered) != 0) {
  }
}

/* In the machine's thread, when there is something to read. */
static void answer_pipe(void) {
  struct question *some[64];
  const ssize_t bytes = read(ends[0], some, sizeof some);
  for (ssize_t i = 0; i < bytes / (ssize_t)sizeof some[0]; i++) {
    put(some[i]);
    sem_post(&some[i]->answered);
  }
}

/* ---- libcgo ---- */

static void wake(struct libcgo_mailbox *box);
static struct libcgo_mailbox box = LIBCGO_MAILBOX_INIT(wake);

static void put_it(void *arg) { put(arg); }

static void ask_by_mailbox(struct question *question) {
  if (libcgo_mailbox_call(&box, put_it, question, LIBCGO_FOR_EVER) != 0)
    abort();
}

/* ---- a round ---- */

struct round {
  ask_fn ask;
  int calls;
  void (*done)(struct round *round); /* the thread's last act */
  double ns;                         /* for each question */
  pthread_t thread;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *asking(void *arg) {
  struct round *const round = arg;
  struct question question = {0, 0, {{0}}};
  double begin = 0;
  sem_init(&question.answered, 0, 0);
  for (int i = -round->calls / 10; i < round->calls; i++) { /* some warm up */
    if (i == 0)
      begin = now();
    question.number = i;
    round->ask(&question);
    if (question.answer != i + 1)
      abort();
  }
  round->ns = (now() - begin) / round->calls;
  sem_destroy(&question.answered);
  round->done(round);
  return NULL;
}

static void start(struct round *round) {
  if (pthread_create(&round->thread, NULL, asking, round) != 0)
    abort();
}

#endif
