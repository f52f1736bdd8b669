/* SPDX-License-Identifier: BSD-3-Clause */
/* See parse.h. */
#include <libcgo.h>
#include <pthread.h>

#include "parse.h"

struct call {
  struct libcgo_runtime *runtime;
  libcgo_thread_fn fn;
  void *arg;
  int err;
};

static void *calling(void *p) {
  struct call *const call = p;
  call->err = libcgo_callback(call->runtime, call->fn, call->arg);
  return NULL;
}

int parse_call(struct libcgo_runtime *runtime, libcgo_thread_fn fn, void *arg) {
  struct call call = {runtime, fn, arg, -1};
  pthread_t thread;
  const int err = pthread_create(&thread, NULL, calling, &call);
  if (err != 0)
    return err;
  pthread_join(thread, NULL);
  return call.err;
}

void parse_count(struct libcgo_thread *thread, void *arg) {
  if (thread->runtime->ops->current(thread->runtime) == thread)
    ++*(int *)arg;
}

struct post {
  struct libcgo_runtime *runtime;
  struct libcgo_mailbox *box;
  libcgo_mailbox_fn fn;
  void *arg;
  int err;
};
static struct post post;
static pthread_t poster;

static void *posting(void *unused) {
  (void)unused;
  post.err = libcgo_attach(post.runtime, NULL);
  if (post.err == 0)
    post.err = libcgo_mailbox_call(post.box, post.fn, post.arg, LIBCGO_FOR_EVER);
  if (post.err == 0)
    post.err = libcgo_detach(post.runtime);
  return NULL;
}

int parse_post(struct libcgo_runtime *runtime, struct libcgo_mailbox *box,
               libcgo_mailbox_fn fn, void *arg) {
  post = (struct post){runtime, box, fn, arg, -1};
  return pthread_create(&poster, NULL, posting, NULL);
}

int parse_post_end(void) {
  pthread_join(poster, NULL);
  return post.err;
}
