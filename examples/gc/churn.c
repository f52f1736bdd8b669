/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: gc [SECONDS [EVERY [WITHOUT]]]
 *
 * For so long, 5 seconds, tasks and threads of C make objects, drop them, and check those
 * that they keep. The heap collects at every 200th allocation, or at each EVERYth. WITHOUT
 * is a kind of roots that the collector leaves out, so that you see what it is for: stacks,
 * c-stacks, contexts, handles.
 *
 * Exit status: 0 all objects were what they had been, and none is left; 1 not so.
 */
#define _GNU_SOURCE

#include "gc.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libcgo/hooks.h>
#include <libcgo/thread.h>

enum {
  small_stack_bytes = 64 * 1024,
  tasks = 16,
  workers = 3,
  threads = 3, /* of C */
  places = 16, /* of the mailbox */
  depth = 4,   /* of a tree */
  length = 24, /* of a list */
};

struct task {
  struct libcgo_context context;
  struct libcgo_stack stack;
  uint64_t seed;
  bool over;
};

struct message {
  uintptr_t handle;
  uint64_t id;
};

/* What C shares, under the lock. Nobody waits for the lock while managed. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t news;
  struct task tasks[tasks], *queue[tasks];
  struct message mail[places];
  unsigned long queue_in, queue_out, mail_in, mail_out;
  unsigned tasks_left, workers_left, attached;
  bool closing;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER,
         .news = PTHREAD_COND_INITIALIZER,
         .tasks_left = tasks,
         .workers_left = workers};

static atomic_bool time_is_over;

static void lock(void) { pthread_mutex_lock(&all.lock); }
static void unlock(void) { pthread_mutex_unlock(&all.lock); }
static void wait_for_news(void) { pthread_cond_wait(&all.news, &all.lock); }
static void tell_news(void) { pthread_cond_broadcast(&all.news); }

_Noreturn void die(const char *what, int err) {
  fprintf(stderr, "gc: %s%s%s\n", what, err != 0 ? ": " : "",
          err != 0 ? strerror(err) : "");
  _exit(1); /* not exit: other threads still run */
}

static void must(const char *what, int err) {
  if (err != 0)
    die(what, err);
}

/* ---- the runtime: see the first part of the tutorial ---- */

static int attach(struct worker *w) {
  lock();
  all.attached += w->stack.hi == 0;
  unlock();
  return 0;
}

static void detach(struct worker *w) {
  if (w->stack.hi == 0)
    return; /* a foreign one */
  libcgo_stack_unmap(&w->stack);
  free(w);
  lock();
  all.workers_left--;
  tell_news();
  unlock();
}

LIBCGO_DEFINE_RUNTIME(gc, struct worker, attach, detach);
struct libcgo_runtime *const runtime = &gc;
struct libcgo_handle_table handles = LIBCGO_HANDLE_TABLE_INIT;
struct worker *self(void) {
  return gc_self();
}

/* Gives back the task that has stopped, and gets another. C: it may wait. */
static uintptr_t c_next(void *arg) {
  struct worker *w = arg;
  lock();
  if (w->task != NULL && w->task->over)
    all.tasks_left--;
  else if (w->task != NULL)
    all.queue[all.queue_in++ % tasks] = w->task;
  tell_news();
  while (all.queue_in == all.queue_out && all.tasks_left > 0)
    wait_for_news();
  w->task = NULL;
  if (all.queue_in != all.queue_out)
    w->task = all.queue[all.queue_out++ % tasks];
  unlock();
  return (uintptr_t)w->task;
}

static uintptr_t schedule(void *arg) {
  struct worker *w = arg;
  struct task *t;
  while ((t = (struct task *)libcgo_call_parked(&w->thread, c_next, w)) != NULL)
    libcgo_switch(&w->thread, &w->context, &t->context, 0);
  return 0;
}

static void worker_main(struct libcgo_thread *thread, void *arg) {
  libcgo_call_on_stack(thread, &((struct worker *)thread)->stack, schedule,
                       thread);
  (void)arg;
}

/* It may go on in another thread. */
static void yield(struct task *t) {
  struct worker *w = self();
  libcgo_switch(&w->thread, &t->context, &w->context, 0);
}

void each_context(void (*visit)(const struct libcgo_context *context)) {
  for (unsigned i = 0; i < tasks; i++)
    visit(&all.tasks[i].context);
}

/* ---- what is made, and checked ---- */

static struct object *grow(uint64_t id, unsigned levels) {
  if (levels == 0)
    return heap_new(id, NULL, NULL);
  struct object *left = grow(2 * id, levels - 1);
  struct object *right = grow(2 * id + 1, levels - 1);
  return heap_new(id, left, right);
}

static void check_tree(const struct object *o, uint64_t id, unsigned levels) {
  if (!is_object(o, id))
    die("an object is lost", 0);
  if (levels > 0) {
    check_tree(o->left, 2 * id, levels - 1);
    check_tree(o->right, 2 * id + 1, levels - 1);
  }
}

static uint64_t random_of(uint64_t *seed) { /* xorshift64 */
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  return *seed ^= *seed << 17;
}

/* ---- messages: an object goes to other code by a handle ---- */

static struct message new_message(uint64_t id) {
  struct message m = {0, id};
  must("a handle", libcgo_handle_new(&handles, grow(id, depth), &m.handle));
  return m;
}

static uintptr_t c_nap(void *arg) {
  usleep(100);
  return (uintptr_t)arg;
}

/* Managed, on C's stack. Once the handle is freed, only `tree` keeps the objects. */
static void on_message(struct libcgo_thread *thread, void *arg) {
  const struct message *m = arg;
  const struct object *tree = libcgo_handle_get(&handles, m->handle);
  must("a handle", libcgo_handle_free(&handles, m->handle));
  const struct object *own = grow(m->id + 1, depth);
  libcgo_call_parked(thread, c_nap, NULL);
  check_tree(tree, m->id, depth);
  check_tree(own, m->id + 1, depth);
}

static uintptr_t c_deliver(void *message) {
  must("a callback", libcgo_callback(runtime, on_message, message));
  return 0;
}

/* For a thread of C. */
static uintptr_t c_post(void *arg) {
  lock();
  while (all.mail_in - all.mail_out == places)
    wait_for_news();
  all.mail[all.mail_in++ % places] = *(struct message *)arg;
  tell_news();
  unlock();
  return 0;
}

static bool c_receive(struct message *m) {
  lock();
  while (all.mail_in == all.mail_out && !all.closing)
    wait_for_news();
  const bool some = all.mail_in != all.mail_out;
  if (some)
    *m = all.mail[all.mail_out++ % places];
  tell_news();
  unlock();
  return some;
}

/* Attaches itself with the first callback, and leaves when it ends. */
static void *c_thread(void *arg) {
  struct message m;
  for (unsigned n = 0; n < 20 && c_receive(&m); n++)
    c_deliver(&m);
  return arg;
}

/* Another one as soon as one has ended. */
static void *c_keeper(void *arg) {
  for (bool go_on = true; go_on;) {
    pthread_t thread;
    must("a thread", pthread_create(&thread, NULL, c_thread, arg));
    pthread_join(thread, NULL);
    lock();
    go_on = !all.closing || all.mail_in != all.mail_out;
    unlock();
  }
  return arg;
}

/* ---- tasks ---- */

/* Keeps a tree and a list, which nothing but its variables name. */
static void churn(struct task *t) {
  struct object *list = NULL;
  uint64_t first = 0, listed = 0;
  while (!atomic_load(&time_is_over)) {
    const uint64_t id = random_of(&t->seed);
    struct object *tree = grow(id, depth);
    switch (random_of(&t->seed) % 6) {
    case 0: /* suspended */
      yield(t);
      break;
    case 1: /* in C, parked */
      libcgo_call_parked(&self()->thread, c_nap, NULL);
      break;
    case 2: /* parked by hand */
      libcgo_park(&self()->thread);
      usleep(50);
      libcgo_unpark(&self()->thread);
      break;
    case 3: /* managed, and long without a call */
      for (unsigned i = 0; i < 10000; i++)
        libcgo_safepoint(&self()->thread);
      break;
    case 4: { /* in C, which calls back */
      struct message m = new_message(id + 1);
      libcgo_call_parked(&self()->thread, c_deliver, &m);
      break;
    }
    case 5: { /* a thread of C calls back */
      struct message m = new_message(id + 1);
      libcgo_call_parked(&self()->thread, c_post, &m);
      break;
    }
    }
    check_tree(tree, id, depth);
    if (listed % length == 0) {
      list = NULL;
      first = random_of(&t->seed);
    }
    list = heap_new(first + listed % length, list, NULL);
    const struct object *o = list;
    for (uint64_t n = listed++ % length + 1; n > 0; n--, o = o->left)
      if (!is_object(o, first + n - 1))
        die("an object of a list is lost", 0);
  }
}

static struct libcgo_context *task_main(void *arg, uintptr_t word) {
  struct task *t = arg;
  (void)word;
  churn(t);
  t->over = true;
  return &self()->context;
}

/* ---- start and end ---- */

static void make_task(struct task *t, uint64_t seed) {
  t->seed = seed;
  libcgo_context_init(&t->context, sizeof t->context);
  must("a stack", libcgo_stack_map(&t->stack, small_stack_bytes));
  must("a context", libcgo_context_make(&t->context, &t->stack, task_main, t));
  all.queue[all.queue_in++ % tasks] = t;
}

static void start_worker(void) {
  struct worker *w = calloc(1, sizeof *w);
  if (w == NULL)
    die("a worker", ENOMEM);
  libcgo_thread_init(&w->thread, sizeof w->thread);
  libcgo_context_init(&w->context, sizeof w->context);
  must("a stack", libcgo_stack_map(&w->stack, small_stack_bytes));
  must("a worker",
       libcgo_thread_create(runtime, &w->thread, NULL, worker_main, NULL, NULL));
}

static enum roots roots_named(const char *name) {
  static const char *const names[] = {"stacks", "c-stacks", "contexts",
                                      "handles"};
  enum roots roots = from_stacks;
  while (roots < all_roots && strcmp(name, names[roots]) != 0)
    roots++;
  if (roots == all_roots)
    die("without which roots?", 0);
  return roots;
}

static void report(struct heap_counts n) {
  const size_t left = libcgo_handle_count(&handles);
  printf("objects %lu\nfreed %lu\nleft %lu\nmost %lu\ncollections %lu\n"
         "handles %zu\nattached %u\n"
         "in stacks %lu\nin c-stacks %lu\nin contexts %lu\nin handles %lu\n",
         n.allocated, n.freed, n.live, n.most_live, n.collections, left,
         all.attached, n.found[from_stacks], n.found[from_c_stacks],
         n.found[from_contexts], n.found[from_handles]);
  if (n.live != 0 || n.freed != n.allocated || left != 0)
    die("objects or handles are left", 0);
  /* A task has a list, a tree and one in the making; so has a message. And stacks may
     still have the addresses of some that are over. */
  if (n.most_live > 200 * (tasks + 2 * threads + places))
    die("objects were kept that nobody needed", 0);
}

int main(int argc, char **argv) {
  const unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 5;
  const unsigned long every = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
  if (every == 0)
    die("at each how many allocations?", 0);
  gc.flags = LIBCGO_WORLD; /* before the first thread */
  heap_begin(every, argc > 3 ? roots_named(argv[3]) : all_roots);
  for (unsigned i = 0; i < tasks; i++)
    make_task(&all.tasks[i], 0x9e3779b97f4a7c15u * (i + 1));
  for (unsigned i = 0; i < workers; i++)
    start_worker();
  pthread_t keepers[threads];
  for (unsigned i = 0; i < threads; i++)
    must("a thread", pthread_create(&keepers[i], NULL, c_keeper, NULL));

  sleep(seconds);
  atomic_store(&time_is_over, true);
  lock();
  while (all.workers_left > 0)
    wait_for_news();
  all.closing = true; /* what is in the mailbox is the rest */
  tell_news();
  unlock();
  for (unsigned i = 0; i < threads; i++)
    pthread_join(keepers[i], NULL);

  collect(); /* nothing names an object any more */
  report(heap_counts());
  for (unsigned i = 0; i < tasks; i++)
    libcgo_stack_unmap(&all.tasks[i].stack);
  libcgo_handle_table_destroy(&handles);
  must("libcgo_runtime_close", libcgo_runtime_close(runtime, UINT64_MAX));
  must("libcgo_runtime_end", libcgo_runtime_end(runtime));
  return 0;
}
