/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runtime: tasks, a scheduler, and its border with C. See green.h.
 *
 *     a worker's system stack             small stacks
 *     -----------------------             ------------
 *     worker_main
 *       libcgo_call_on_stack      -->     schedule, on the worker's
 *                                           |  ^
 *                                           v  |     libcgo_switch
 *                                         a task, on its own
 *     a C function, say nftw      <--       call_c
 *       its callback
 *         call_runtime            -->       more of the task, below
 *
 * A worker leaves its system stack once, and from then on runs on small stacks.
 * So a task can move to another thread at every switch. Only a task that is
 * inside C stays where it is: its C frames are on the thread's system stack.
 */
#define _GNU_SOURCE

#include "green.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libcgo/context.h>
#include <libcgo/init.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>
#include <libcgo/thread.h>

enum {
  small_stack_bytes = 16 * 1024,
  system_stack_bytes = 256 * 1024,
};

/* Why a task switches to the scheduler. */
enum wish { to_yield, to_wait, to_end };

struct task {
  struct task *next; /* in the queue, or in a semaphore's list */
  struct libcgo_stack stack;
  struct libcgo_context context; /* what is suspended while it does not run */
  void (*fn)(void *arg);
  void *arg;
  enum wish wish;
  bool parked;        /* it waits, and no thread runs it */
  bool woken;         /* it was woken before it was parked */
  unsigned callbacks; /* callbacks into it that are under way */
};

/* A thread: a created one, or a foreign one that has called back. */
struct worker {
  struct libcgo_thread thread;   /* its g is the task that runs here, or NULL */
  struct libcgo_stack stack;     /* for the scheduler, or for callbacks */
  struct libcgo_context context; /* the scheduler's, while a task runs */
  bool foreign;
  struct worker *next; /* in the pool */
};

/* What all threads share. Only C uses it, under the lock: the functions of
   pthreads need a large stack, and a task must not switch with a lock held. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t work;  /* for idle workers */
  pthread_cond_t wakes; /* for tasks that wait inside C */
  pthread_cond_t news;  /* for green_run: a task or a thread has ended */
  struct task *first, *last;
  size_t queued;
  size_t running; /* workers with a task that is not in C */
  size_t most_running;
  size_t idle;
  size_t tasks, workers, foreign;
  bool closing;
  struct worker *pool; /* records for foreign threads */
  struct green_counts counts;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER,
         .work = PTHREAD_COND_INITIALIZER,
         .wakes = PTHREAD_COND_INITIALIZER,
         .news = PTHREAD_COND_INITIALIZER};

/* ---- which thread is this? ---- */

static _Thread_local struct libcgo_thread *self;

/* Never inlined. A task may move to another thread in the middle of a function,
   and the compiler may have kept the address of the old thread's variable. */
static __attribute__((__noinline__)) struct libcgo_thread *current(void) {
  __asm__ volatile("");
  return self;
}

static struct libcgo_thread *current_in(const struct libcgo_runtime *runtime) {
  (void)runtime; /* there is one */
  return current();
}

static struct worker *current_worker(void) {
  return (struct worker *)current();
}

static struct task *current_task(void) {
  struct libcgo_thread *thread = current();
  if (thread == NULL || thread->g == NULL)
    die("only a task can do this", 0);
  return thread->g;
}

void *task_arg(void) { return current_task()->arg; }

/* ---- errors ---- */

struct last_words {
  const char *what;
  int err;
};

static uintptr_t c_die(void *arg) {
  const struct last_words *words = arg;
  if (words->err != 0)
    fprintf(stderr, "green: %s: %s\n", words->what, strerror(words->err));
  else
    fprintf(stderr, "green: %s\n", words->what);
  _exit(1); /* not exit: other threads still run */
}

_Noreturn void die(const char *what, int err) {
  struct last_words words = {what, err};
  if (current() != NULL)
    libcgo_call_on_system(current(), c_die, &words);
  c_die(&words);
  __builtin_unreachable();
}

void must(const char *what, int err) {
  if (err != 0)
    die(what, err);
}

static void lock(void) { must("lock", pthread_mutex_lock(&all.lock)); }
static void unlock(void) { must("unlock", pthread_mutex_unlock(&all.lock)); }

/* The caller holds the lock. */
static void wait_for(pthread_cond_t *condition) {
  must("wait", pthread_cond_wait(condition, &all.lock));
}

/* ---- to C, and back ---- */

uintptr_t call_c(uintptr_t (*fn)(void *arg), void *arg) {
  return libcgo_call_on_system(current(), fn, arg);
}

/* ---- stacks ---- */

/* A guard page, and the stack above it. */
static struct libcgo_stack map_stack(void) {
  const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
  char *p = mmap(NULL, guard + small_stack_bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (p == MAP_FAILED || mprotect(p, guard, PROT_NONE) != 0)
    die("a small stack", errno);
  return (struct libcgo_stack)LIBCGO_STACK_INIT(p + guard,
                                                p + guard + small_stack_bytes);
}

static void unmap_stack(const struct libcgo_stack *stack) {
  const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
  if (munmap((char *)stack->lo - guard, guard + small_stack_bytes) != 0)
    die("munmap", errno);
}

static struct worker *new_worker(bool foreign) {
  struct worker *w = calloc(1, sizeof *w);
  if (w == NULL)
    die("a worker", errno);
  w->thread = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  w->context = (struct libcgo_context)LIBCGO_CONTEXT_INIT;
  w->stack = map_stack();
  w->foreign = foreign;
  return w;
}

static void free_worker(struct worker *w) {
  unmap_stack(&w->stack);
  free(w);
}

/* ---- the hooks ---- */

static void enter(struct libcgo_thread *thread) { self = thread; }

/* The last hook of a created thread: its record is freed here. The record of a
   foreign thread comes back through `release`. */
static void leave(struct libcgo_thread *thread) {
  struct worker *w = (struct worker *)thread;
  self = NULL;
  if (w->foreign)
    return;
  free_worker(w);
  lock();
  all.workers--;
  pthread_cond_signal(&all.news);
  unlock();
}

/* A foreign thread calls back for the first time. Records come from a pool,
   because a timer has a new thread each time it expires. */
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  struct worker *w = NULL;
  lock();
  const bool open = !all.closing;
  if (open) {
    all.foreign++;
    all.counts.foreign++;
    w = all.pool;
    if (w != NULL)
      all.pool = w->next;
  }
  unlock();
  if (open && w == NULL)
    w = new_worker(true);
  return open ? &w->thread : NULL;
}

static void release(struct libcgo_thread *thread) {
  struct worker *w = (struct worker *)thread;
  lock();
  w->next = all.pool;
  all.pool = w;
  all.foreign--;
  pthread_cond_signal(&all.news);
  unlock();
}

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current_in, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

/* ---- workers ---- */

static void worker_main(struct libcgo_thread *thread, void *arg);

static void start_worker(void) {
  struct worker *w = new_worker(false);
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  attr.stack_size = system_stack_bytes;
  attr.name = "worker";
  const int err = libcgo_thread_create(&runtime, &w->thread, &attr, worker_main,
                                       NULL, &limit);
  if (err == EAGAIN) {
    char text[200];
    libcgo_limit_text(&limit, text, sizeof text);
    die(text, err);
  }
  must("a worker's thread", err);
}

/* Unlocks, and starts a worker if a task is queued and no worker is free. To be
   called after each change that queues a task or takes a worker away. */
static void unlock_and_staff(void) {
  bool start = false;
  if (all.queued > 0 && all.running < all.most_running) {
    /* A worker that was woken and does not run yet still counts as idle, and
       the task that it will take still counts as queued. */
    if (all.idle > 0)
      pthread_cond_signal(&all.work);
    start = all.idle < all.queued;
  }
  if (start) {
    all.running++;
    all.workers++;
    all.counts.workers++;
  }
  unlock();
  if (start)
    start_worker();
}

static void enqueue(struct task *t) {
  t->next = NULL;
  if (all.first == NULL)
    all.first = t;
  else
    all.last->next = t;
  all.last = t;
  all.queued++;
}

static struct task *dequeue(void) {
  struct task *t = all.first;
  all.first = t->next;
  all.queued--;
  return t;
}

/* ---- the scheduler ---- */

/* Carries out the wish of the task that has just stopped, and returns the next
   task, or NULL if the worker is to end. A task does not queue itself: another
   worker could take it before it is suspended. */
static uintptr_t c_next(void *arg) {
  struct worker *w = arg;
  struct task *t = w->thread.g;
  struct task *ended = NULL;
  w->thread.g = NULL;
  lock();
  all.running--;
  if (t != NULL && t->wish == to_end) {
    ended = t;
    all.tasks--;
    if (all.tasks == 0)
      pthread_cond_signal(&all.news);
  } else if (t != NULL && t->wish == to_wait && !t->woken) {
    t->parked = true;
  } else if (t != NULL) {
    t->woken = false;
    enqueue(t);
  }
  all.idle++;
  while (!all.closing && (all.queued == 0 || all.running >= all.most_running))
    wait_for(&all.work);
  all.idle--;
  t = NULL;
  if (!all.closing) {
    all.running++;
    t = dequeue();
  }
  unlock_and_staff();
  if (ended != NULL) {
    unmap_stack(&ended->stack);
    free(ended);
  }
  return (uintptr_t)t;
}

static uintptr_t schedule(void *arg) {
  struct worker *w = arg;
  struct task *t;
  while ((t = (struct task *)call_c(c_next, w)) != NULL) {
    w->thread.g = t;
    libcgo_switch(&w->thread, &w->context, &t->context, 0);
  }
  return 0;
}

static void worker_main(struct libcgo_thread *thread, void *arg) {
  struct worker *w = (struct worker *)thread;
  (void)arg;
  libcgo_call_on_stack(thread, &w->stack, schedule, w);
}

/* Returns when the task runs again. It may then be on another thread, so `w` is
   of no use any more. */
static void switch_out(struct task *t, enum wish wish) {
  struct worker *w = current_worker();
  t->wish = wish;
  libcgo_switch(&w->thread, &t->context, &w->context, 0);
}

/* ---- tasks ---- */

/* Returns where its thread goes on. It may be another thread than that in which
   the task has begun. */
static struct libcgo_context *task_main(void *arg, uintptr_t word) {
  struct task *t = arg;
  (void)word;
  t->fn(t->arg);
  t->wish = to_end;
  return &current_worker()->context;
}

struct spawn_call {
  void (*fn)(void *arg);
  void *arg;
};

static uintptr_t c_spawn(void *arg) {
  const struct spawn_call *call = arg;
  struct task *t = calloc(1, sizeof *t);
  if (t == NULL)
    die("a task", errno);
  t->stack = map_stack();
  t->fn = call->fn;
  t->arg = call->arg;
  t->context = (struct libcgo_context)LIBCGO_CONTEXT_INIT;
  must("libcgo_context_make",
       libcgo_context_make(&t->context, &t->stack, task_main, t));
  lock();
  all.tasks++;
  all.counts.tasks++;
  enqueue(t);
  unlock_and_staff();
  return 0;
}

void spawn(void (*fn)(void *arg), void *arg) {
  struct spawn_call call = {fn, arg};
  call_c(c_spawn, &call);
}

void yield(void) {
  struct task *t = current_task();
  if (t->callbacks == 0) /* inside C it keeps its thread */
    switch_out(t, to_yield);
}

/* ---- tasks that block, and C that calls back ---- */

struct blocking_call {
  uintptr_t (*fn)(void *arg);
  void *arg;
};

/* The task keeps its thread while fn runs. Meanwhile another worker may run the
   other tasks. */
static uintptr_t c_blocking(void *arg) {
  const struct blocking_call *call = arg;
  lock();
  all.running--;
  unlock_and_staff();
  const uintptr_t result = call->fn(call->arg);
  lock();
  all.running++;
  unlock();
  return result;
}

uintptr_t call_blocking(uintptr_t (*fn)(void *arg), void *arg) {
  struct blocking_call call = {fn, arg};
  return call_c(c_blocking, &call);
}

static uintptr_t on_small_stack(void *arg) {
  const struct spawn_call *call = arg;
  call->fn(call->arg);
  return 0;
}

/* libcgo calls this on the stack on which C runs. If a task has called C, the
   callback runs on that task's stack, below the frames that called C. If none
   has, it runs on the small stack in the thread's record. */
static void enter_runtime(struct libcgo_thread *thread, void *arg) {
  struct worker *w = (struct worker *)thread;
  struct task *t = thread->g;
  if (t == NULL) {
    libcgo_call_on_stack(thread, &w->stack, on_small_stack, arg);
    return;
  }
  lock();
  all.running++;
  unlock();
  t->callbacks++;
  libcgo_call_on_stack(thread, &t->stack, on_small_stack, arg);
  t->callbacks--;
  lock();
  all.running--;
  unlock_and_staff();
}

int call_runtime(void (*fn)(void *arg), void *arg) {
  struct spawn_call call = {fn, arg};
  return libcgo_callback(&runtime, enter_runtime, &call);
}

/* ---- waiting ---- */

static uintptr_t c_wait_here(void *arg) {
  struct task *t = arg;
  lock();
  while (!t->woken)
    wait_for(&all.wakes);
  t->woken = false;
  unlock();
  return 0;
}

/* Inside C a task cannot leave its thread: its C frames are on the system
   stack. No other task can use the thread meanwhile: if it called C, that call
   would have to return first, and it might wait for this task. */
static void wait_until_woken(struct task *t) {
  if (t->callbacks > 0)
    call_blocking(c_wait_here, t);
  else
    switch_out(t, to_wait);
}

struct semaphore_call {
  struct semaphore *semaphore;
  struct task *task;
};

/* Returns 1 if the task has taken one, 0 if it must wait. */
static uintptr_t c_take(void *arg) {
  const struct semaphore_call *call = arg;
  struct semaphore *s = call->semaphore;
  lock();
  const bool taken = s->count > 0;
  if (taken) {
    s->count--;
  } else {
    call->task->next = NULL;
    if (s->first == NULL)
      s->first = call->task;
    else
      s->last->next = call->task;
    s->last = call->task;
  }
  unlock();
  return taken;
}

void take(struct semaphore *semaphore) {
  struct semaphore_call call = {semaphore, current_task()};
  if (!call_c(c_take, &call))
    wait_until_woken(call.task);
}

static uintptr_t c_give(void *arg) {
  struct semaphore *s = arg;
  lock();
  struct task *t = s->first;
  if (t == NULL) {
    s->count++;
  } else {
    s->first = t->next;
    if (t->parked) {
      t->parked = false;
      enqueue(t);
    } else { /* it has not stopped yet, or it waits inside C */
      t->woken = true;
      pthread_cond_broadcast(&all.wakes);
    }
  }
  unlock_and_staff();
  return 0;
}

void give(struct semaphore *semaphore) { call_c(c_give, semaphore); }

/* ---- start and end ---- */

void green_run(unsigned running, void (*fn)(void *arg), void *arg,
               struct green_counts *counts) {
  /* From here on callbacks wait until the runtime is ready. */
  must("libcgo_init_begin", libcgo_init_begin(&runtime.init));
  all.most_running = running;
  struct spawn_call first = {fn, arg};
  c_spawn(&first); /* directly: this is C already */
  must("libcgo_init_done", libcgo_init_done(&runtime.init));

  lock();
  while (all.tasks > 0)
    wait_for(&all.news);
  all.closing = true; /* from here on `acquire` gives no record */
  pthread_cond_broadcast(&all.work);
  while (all.workers > 0 || all.foreign > 0)
    wait_for(&all.news);
  *counts = all.counts;
  unlock();
  for (struct worker *w; (w = all.pool) != NULL;) {
    all.pool = w->next;
    free_worker(w);
  }
}
