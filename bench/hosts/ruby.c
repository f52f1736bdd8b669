/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions to Ruby: by a queue with a lock, by a pipe, and by a mailbox. Bench.round(way,
 * calls) { |n| n + 1 } returns the nanoseconds of a question.
 */
#include <ruby.h>
#include <ruby/thread.h>

#include "questions.h"

static void put(struct question *question) {
  question->answer = NUM2INT(rb_yield(INT2NUM(question->number)));
}

/* ---- by hand: one question at a time, a lock and a condition for the machine ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static struct question *waiting;
static int over;

static void ask_by_queue(struct question *question) {
  pthread_mutex_lock(&lock);
  waiting = question;
  pthread_cond_signal(&asked);
  pthread_mutex_unlock(&lock);
  while (sem_wait(&question->answered) != 0) {
  }
}
static void *wait_for_queue(void *unused) {
  struct question *question;
  (void)unused;
  pthread_mutex_lock(&lock);
  while (waiting == NULL && !over)
    pthread_cond_wait(&asked, &lock);
  question = waiting;
  waiting = NULL;
  pthread_mutex_unlock(&lock);
  return question;
}
static void end_of_queue(struct round *round) {
  (void)round;
  pthread_mutex_lock(&lock);
  over = 1;
  pthread_cond_signal(&asked);
  pthread_mutex_unlock(&lock);
}
static void serve_queue(void) {
  struct question *question;
  over = 0;
  while ((question = rb_thread_call_without_gvl(wait_for_queue, NULL,
                                                RUBY_UBF_IO, NULL)) != NULL) {
    put(question);
    sem_post(&question->answered);
  }
}

/* ---- the pipe ---- */

static void end_of_pipe(struct round *round) {
  struct question *const none = NULL;
  (void)round;
  if (write(ends[1], &none, sizeof none) != sizeof none)
    abort();
}
static void *wait_for_pipe(void *into) {
  return (void *)(intptr_t)read(ends[0], into, sizeof(struct question *));
}
static void serve_pipe(void) {
  for (;;) {
    struct question *question;
    if ((intptr_t)rb_thread_call_without_gvl(
            wait_for_pipe, &question, RUBY_UBF_IO, NULL) != sizeof question)
      abort();
    if (question == NULL)
      return;
    put(question);
    sem_post(&question->answered);
  }
}

/* ---- libcgo ---- */

static void *wait_for_box(void *unused) {
  (void)unused;
  return (void *)(intptr_t)libcgo_mailbox_wait(&box, LIBCGO_FOR_EVER);
}
static void interrupt(void *unused) {
  (void)unused;
  libcgo_mailbox_interrupt(&box);
}
static void end_of_box(struct round *round) {
  (void)round;
  libcgo_mailbox_close(&box);
}
static void serve_box(void) {
  while ((intptr_t)rb_nogvl(wait_for_box, NULL, interrupt, NULL,
                            RB_NOGVL_UBF_ASYNC_SAFE) != ESHUTDOWN)
    libcgo_mailbox_serve(&box, 64);
  libcgo_mailbox_end(&box);
}

static VALUE run_round(VALUE self, VALUE way, VALUE calls) {
  static const struct {
    ask_fn ask;
    void (*done)(struct round *round);
    void (*serve)(void);
  } ways[] = {{ask_by_queue, end_of_queue, serve_queue},
              {ask_by_pipe, end_of_pipe, serve_pipe},
              {ask_by_mailbox, end_of_box, serve_box}};
  const int w = NUM2INT(way);
  struct round round = {ways[w].ask, NUM2INT(calls), ways[w].done, 0, 0};
  (void)self, (void)answer_pipe;
  box.wake = NULL; /* a thread waits */
  if (ways[w].serve == serve_box && libcgo_mailbox_open(&box, 64) != 0)
    abort();
  start(&round);
  ways[w].serve();
  pthread_join(round.thread, NULL);
  return DBL2NUM(round.ns);
}

static void wake(struct libcgo_mailbox *box_) { (void)box_; }

void Init_bench(void) {
  if (pipe(ends) != 0)
    abort();
  rb_define_singleton_method(rb_define_module("Bench"), "round", run_round, 2);
}
