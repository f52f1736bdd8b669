/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The binding of asker.c for Ruby: Asker.run(threads, times) { |number| answer } returns the
 * sum. The thread that calls run answers; other threads of Ruby go on meanwhile.
 */
#include <libcgo/mailbox.h>
#include <ruby.h>
#include <ruby/thread.h>

#include "asker.h"

struct run {
  struct libcgo_mailbox box;
  struct asker *asker;
  int threads, times;
  int raised; /* by the block, see rb_protect */
  long long sum;
};

/* ---- in the thread of Ruby, with its lock ---- */

struct question {
  struct run *run;
  int number;
  int answer;
};

static VALUE yield(VALUE arg) {
  struct question *const question = (struct question *)arg;
  question->answer = NUM2INT(rb_yield(INT2NUM(question->number)));
  return Qnil;
}

/* What the block raises must not leave a served function. */
static void put_question(void *arg) {
  struct question *const question = arg;
  if (question->run->raised == 0)
    rb_protect(yield, (VALUE)question, &question->run->raised);
}

/* ---- in threads of C ---- */

static int ask(void *arg, int number) {
  struct question question = {arg, number, -1};
  if (libcgo_mailbox_call(&question.run->box, put_question, &question,
                          LIBCGO_FOR_EVER) != 0)
    return -1; /* the thread of Ruby has been stopped */
  return question.answer;
}

static void done(void *arg) { libcgo_mailbox_close(&((struct run *)arg)->box); }

/* ---- without the lock ---- */

static void *wait_for_questions(void *arg) {
  return (void *)(intptr_t)libcgo_mailbox_wait(&((struct run *)arg)->box,
                                               LIBCGO_FOR_EVER);
}
/* Safe in signal handlers: so Ruby needs no thread of its own to call it. */
static void wake_up(void *arg) {
  libcgo_mailbox_interrupt(&((struct run *)arg)->box);
}

static void *wait_for_threads(void *arg) {
  struct run *const run = arg;
  run->sum = asker_end(run->asker);
  return NULL;
}

/* ---- the module ---- */

static VALUE answer(VALUE arg) {
  struct run *const run = (struct run *)arg;
  while ((intptr_t)rb_nogvl(wait_for_questions, run, wake_up, run,
                            RB_NOGVL_UBF_ASYNC_SAFE) != ESHUTDOWN) {
    libcgo_mailbox_serve(&run->box, 64); /* not all: there may be no end to them */
    if (run->raised != 0)
      rb_jump_tag(run->raised);
    rb_thread_check_ints(); /* may raise: Thread#kill, Timeout */
  }
  return Qnil;
}

/* Also if the above has raised: the threads get no more answers, and end. */
static VALUE finish(VALUE arg) {
  struct run *const run = (struct run *)arg;
  libcgo_mailbox_end(&run->box);
  rb_thread_call_without_gvl(wait_for_threads, run, NULL, NULL);
  return Qnil;
}

static VALUE run(VALUE self, VALUE threads, VALUE times) {
  const struct libcgo_mailbox closed = LIBCGO_MAILBOX_INIT(NULL);
  struct run run = {closed, NULL, NUM2INT(threads), NUM2INT(times), 0, 0};
  (void)self;
  rb_need_block();
  if (run.threads < 1)
    rb_raise(rb_eArgError, "at least one thread");
  if (libcgo_mailbox_open(&run.box, 64) != 0)
    rb_memerror();
  run.asker = asker_start(run.threads, run.times, ask, done, &run);
  if (run.asker == NULL) {
    libcgo_mailbox_end(&run.box);
    rb_raise(rb_eThreadError, "there are no threads to be had");
  }
  rb_ensure(answer, (VALUE)&run, finish, (VALUE)&run);
  return LL2NUM(run.sum);
}

void Init_asker(void) {
  rb_define_singleton_method(rb_define_module("Asker"), "run", run, 2);
}
