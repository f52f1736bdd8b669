/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two runtimes in one process, each in a shared object of its own that is
 * loaded while the program runs, work in the same threads at the same time.
 *
 * LIBCGO_TEST_CALLBACKS in the environment says how many callbacks the test of
 * many makes (default: a million).
 */
#include "support/harness.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/runtime-object.h"

#ifdef _WIN32
#define MODULE_SUFFIX ".dll"
#else
#define MODULE_SUFFIX ".so"
#endif

static const struct runtime_object *objects[2];

static const struct runtime_object *load(const char *name) {
  const char *build = getenv("top_builddir");
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/kit/.libs/%s",
           build != NULL ? build : ".", name);
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  ck_assert_msg(handle != NULL, "%s", dlerror());
  const struct runtime_object *object = dlsym(handle, "runtime_object");
  ck_assert_msg(object != NULL, "%s", dlerror());
  ck_assert_int_eq(libcgo_init_begin(&object->runtime->init), 0);
  ck_assert_int_eq(libcgo_init_done(&object->runtime->init), 0);
  return object;
}

/* Tests may share a process (CK_FORK=no): each begins with nobody attached. */
static void load_both(void) {
  static const struct runtime_counts none;
  if (objects[0] == NULL) {
    objects[0] = load("libruntime-a" MODULE_SUFFIX);
    objects[1] = load("libruntime-b" MODULE_SUFFIX);
  }
  for (int i = 0; i < 2; i++) {
    libcgo_detach(objects[i]->runtime);
    *objects[i]->counts = none;
  }
  ck_assert_ptr_ne(objects[0]->runtime, objects[1]->runtime);
}

static void expect_counts(int object, long attached, long started) {
  struct runtime_counts *counts = objects[object]->counts;
  ck_assert_int_eq(counts->wrong, 0);
  ck_assert_int_eq(counts->acquired, attached);
  ck_assert_int_eq(counts->released, attached);
  ck_assert_int_eq(counts->entered, attached + started);
  ck_assert_int_eq(counts->left, attached + started);
}

/* ---- walks ---- */

/*
 * A walk goes deeper step by step, each by one function of one of the
 * runtimes. A model says on which stack the next frame must be: the thread's
 * own, or the small one of a runtime; and the frame must be below all that are
 * on that stack.
 */
enum { own_stack = 2, stacks = 3, most_depth = 120 };
enum step { callback, on_stack, on_system, steps };

struct walk {
  const unsigned char *path; /* step * 2 + runtime, for each depth */
  int length;
  int depth;
  int at;                   /* the stack on which the walk is */
  uintptr_t lowest[stacks]; /* the lowest frame on each */
  int came_from[2];         /* from where each small stack was called */
  int closed[2];            /* each is in use, and was not left as it should be:
                               by its own runtime's call on the system stack */
  struct libcgo_thread *records[2];
  long taken[steps]; /* how often */
  int wrong;
  char what[200];
};

static __attribute__((format(printf, 3, 4))) void
expect(struct walk *w, int condition, const char *format, ...) {
  if (condition || w->wrong++ != 0)
    return;
  va_list values;
  va_start(values, format);
  const int n = snprintf(w->what, sizeof w->what, "at depth %d: ", w->depth);
  vsnprintf(w->what + n, sizeof w->what - (size_t)n, format, values);
  va_end(values);
}

static struct libcgo_stack *small_stack(const struct walk *w, int runtime) {
  return &((struct runtime_thread *)w->records[runtime]->data)->stack;
}

static int stack_of(const struct walk *w, uintptr_t address) {
  for (int i = 0; i < 2; i++)
    if (w->records[i] != NULL) {
      const struct libcgo_stack *s = small_stack(w, i);
      if (address - s->lo < s->hi - s->lo)
        return i;
    }
  return own_stack;
}

static void go_on(struct walk *w);

/* What is true in each frame, before and after what it calls. */
static void look_around(struct walk *w, uintptr_t frame) {
  expect(w, stack_of(w, frame) == w->at, "on stack %d instead of %d",
         stack_of(w, frame), w->at);
  for (int i = 0; i < 2; i++) {
    struct libcgo_thread *const thread = w->records[i];
    expect(w, objects[i]->current(NULL) == thread, "current() is wrong");
    if (thread == NULL)
      continue;
    expect(w, thread->runtime == objects[i]->runtime, "the record is another's");
    struct libcgo_bounds bounds;
    /* The other runtime's small stack is a mapping: that is slow to find. */
    if (w->at == !i)
      continue;
    expect(w, libcgo_stack_bounds(thread, &bounds) == 0, "no bounds");
    expect(w, frame >= bounds.lo && frame < bounds.hi, "bounds are wrong");
    expect(w,
           bounds.kind == (w->at == i ? LIBCGO_STACK_SMALL : LIBCGO_STACK_SYSTEM),
           "kind %d of stack %d for runtime %d", bounds.kind, w->at, i);
  }
}

static void arrive(struct walk *w, int at) {
  const uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
  const uintptr_t lowest = w->lowest[at];
  const int from = w->at;
  w->at = at;
  expect(w, lowest == 0 || frame < lowest, "above a frame of stack %d", at);
  w->lowest[at] = frame;
  look_around(w, frame);
  go_on(w);
  look_around(w, frame);
  w->lowest[at] = lowest;
  w->at = from;
}

static void called_back(struct libcgo_thread *thread, void *arg) {
  struct walk *w = arg;
  const int runtime = w->path[w->depth - 1] & 1;
  if (w->records[runtime] == NULL)
    w->records[runtime] = thread; /* attached just now */
  expect(w, thread == w->records[runtime], "called back with another record");
  arrive(w, w->at);
}

static uintptr_t called_on_stack(void *arg) {
  struct walk *w = arg;
  const int depth = w->depth;
  arrive(w, w->path[depth - 1] & 1);
  return (uintptr_t)depth;
}

static uintptr_t called_on_system(void *arg) {
  struct walk *w = arg;
  const int depth = w->depth;
  const int runtime = w->path[depth - 1] & 1;
  arrive(w, w->at == runtime ? w->came_from[runtime] : w->at);
  return (uintptr_t)depth;
}

static void go_on(struct walk *w) {
  if (w->depth == w->length)
    return;
  const int runtime = w->path[w->depth] & 1;
  enum step step = (enum step)(w->path[w->depth] >> 1);
  struct libcgo_thread *const thread = w->records[runtime];
  if (thread == NULL || (step == on_stack && w->closed[runtime]))
    step = callback;
  w->depth++;
  w->taken[step]++;
  const uintptr_t depth = (uintptr_t)w->depth;
  if (step == callback) {
    const int err = libcgo_callback(objects[runtime]->runtime, called_back, w);
    expect(w, err == 0, "callback: %s", strerror(err));
  } else if (step == on_stack) {
    const int came_from = w->came_from[runtime], closed = w->closed[!runtime];
    w->came_from[runtime] = w->at == runtime ? came_from : w->at;
    if (w->at == !runtime)
      w->closed[!runtime] = 1;
    const uintptr_t result =
        libcgo_call_on_stack(thread, small_stack(w, runtime), called_on_stack, w);
    w->came_from[runtime] = came_from;
    w->closed[!runtime] = closed;
    expect(w, result == depth, "the result is %lu", (unsigned long)result);
  } else {
    const uintptr_t result = libcgo_call_on_system(thread, called_on_system, w);
    expect(w, result == depth, "the result is %lu", (unsigned long)result);
  }
  w->depth--;
}

static void walk(struct walk *w) {
  for (int i = 0; i < 2; i++)
    w->records[i] = objects[i]->current(NULL);
  w->at = own_stack;
  go_on(w);
}

/* A's border, C, B's border, C, A's border, ... */
static const unsigned char *nested(void) {
  static unsigned char path[most_depth];
  for (int i = 0; i < most_depth; i++)
    path[i] = (unsigned char)(i % steps * 2 + i / steps % 2);
  return path;
}

static void *walk_nested(void *arg) {
  struct walk *w = arg;
  w->path = nested();
  w->length = most_depth;
  walk(w);
  return NULL;
}

#define EXPECT_RIGHT(w) ck_assert_msg((w)->wrong == 0, "%s", (w)->what)

TEST(two_runtimes_call_each_other_on_the_initial_thread) {
  struct walk w = {0};
  load_both();
  walk_nested(&w);
  EXPECT_RIGHT(&w);
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(libcgo_detach(objects[i]->runtime), 0);
    expect_counts(i, 1, 0);
  }
}

TEST(two_runtimes_call_each_other_on_a_foreign_thread) {
  struct walk w = {0};
  pthread_t thread;
  load_both();
  ck_assert_int_eq(pthread_create(&thread, NULL, walk_nested, &w), 0);
  pthread_join(thread, NULL);
  EXPECT_RIGHT(&w);
  expect_counts(0, 1, 0);
  expect_counts(1, 1, 0);
}

static void walk_from_main(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  walk_nested(arg);
}

TEST(two_runtimes_call_each_other_on_a_thread_that_one_has_started) {
  struct walk w = {0};
  struct runtime_thread thread;
  load_both();
  objects[1]->begin(&thread);
  ck_assert_int_eq(libcgo_thread_create(objects[1]->runtime, &thread.record,
                                        NULL, walk_from_main, &w, NULL),
                   0);
  wait_for_other_threads();
  EXPECT_RIGHT(&w);
  expect_counts(0, 1, 0);
  expect_counts(1, 0, 1);
  objects[1]->end(&thread);
}

TEST(a_thread_that_leaves_one_runtime_stays_with_the_other) {
  struct walk w = {0};
  load_both();
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(objects[i]->count_callback(), 0);
  struct libcgo_thread *const other = objects[1]->current(NULL);
  ck_assert_int_eq(libcgo_detach(objects[0]->runtime), 0);
  ck_assert_ptr_eq(objects[0]->current(NULL), NULL);
  ck_assert_ptr_eq(objects[1]->current(NULL), other);
  walk_nested(&w);
  EXPECT_RIGHT(&w);
  ck_assert_ptr_eq(objects[1]->current(NULL), other);
}

/* ---- any order ---- */

enum { wanderers = 4 };
static int walks_each;

static void *wander(void *arg) {
  struct walk *w = arg;
  unsigned char path[most_depth];
  uint32_t random = (uint32_t)(uintptr_t)w->path; /* the seed */
  for (int i = 0; i < walks_each && w->wrong == 0; i++) {
    for (int j = 0; j < most_depth; j++) {
      random = random * 1664525 + 1013904223; /* Numerical Recipes' */
      path[j] = (unsigned char)((random >> 16) % (2 * steps));
    }
    w->path = path;
    w->length = most_depth;
    walk(w);
  }
  return NULL;
}

TEST(calls_in_any_order_run_on_the_right_stacks) {
  static struct walk walks[wanderers];
  pthread_t threads[wanderers];
  walks_each = UNDER_TSAN || UNDER_ASAN ? 50 : 500;
  load_both();
  for (int i = 0; i < wanderers; i++) {
    walks[i].path = (const unsigned char *)(uintptr_t)(i + 1);
    ck_assert_int_eq(pthread_create(&threads[i], NULL, wander, &walks[i]), 0);
  }
  for (int i = 0; i < wanderers; i++) {
    pthread_join(threads[i], NULL);
    EXPECT_RIGHT(&walks[i]);
    for (int step = 0; step < steps; step++)
      ck_assert_int_gt(walks[i].taken[step], walks_each * most_depth / 10);
  }
  expect_counts(0, wanderers, 0);
  expect_counts(1, wanderers, 0);
}

/* ---- many ---- */

enum { alive = 64, each = 256, together = 16 }; /* of `each` a half is even */

static sem_t may_end[alive];
static atomic_int failed_callbacks;

static void call_back_by_turns(int n) {
  for (int i = 0; i < n; i++)
    if (objects[i & 1]->count_callback() != 0)
      failed_callbacks++;
}

/* Half of its callbacks at once, half when its turn to end has come. */
static void *come_and_go(void *place) {
  call_back_by_turns(each / 2);
  while (sem_wait(place) != 0)
    continue;
  call_back_by_turns(each - each / 2);
  return NULL;
}

static long wanted_callbacks(void) {
  const char *wanted = getenv("LIBCGO_TEST_CALLBACKS");
  return wanted != NULL ? atol(wanted) : 1000000;
}

/* Lets the threads at `count` places end, and replaces them until `total` have
   been started. */
static void replace(pthread_t *threads, int first, int count, long *started,
                    long total) {
  for (int i = first; i < first + count; i++)
    sem_post(&may_end[i]);
  for (int i = first; i < first + count; i++) {
    pthread_join(threads[i], NULL);
    if (*started < total) {
      ck_assert_int_eq(
          pthread_create(&threads[i], NULL, come_and_go, &may_end[i]), 0);
      ++*started;
    }
  }
}

TEST(a_million_callbacks_of_threads_that_come_and_go_leave_nothing_behind) {
  static pthread_t threads[alive];
  /* Whole rounds of the places. */
  const long rounds = (wanted_callbacks() / each + alive - 1) / alive;
  const long total = (rounds < 10 ? 10 : rounds) * alive;
  long started = 0;
  long long kib_at_a_tenth = 0;
  load_both();
  for (int i = 0; i < alive; i++) {
    sem_init(&may_end[i], 0, 0);
    ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, &may_end[i]),
                     0);
    started++;
  }
  for (int place = 0; started < total; place = (place + together) % alive) {
    replace(threads, place, together, &started, total);
    if (kib_at_a_tenth == 0 && started >= total / 10)
      kib_at_a_tenth = proc_status("VmRSS:");
  }
  const long long kib_at_the_end = proc_status("VmRSS:");
  for (int i = 0; i < alive; i += together)
    replace(threads, i, together, &started, total);
  wait_for_other_threads();

  ck_assert_int_eq(failed_callbacks, 0);
  for (int i = 0; i < 2; i++) {
    expect_counts(i, total, 0);
    ck_assert_int_eq(objects[i]->counts->callbacks, total * each / 2);
  }
  /* A record or a page for each of some thousand threads would be 10 MiB. */
  const char *emulator = getenv("TEST_EMU"); /* its own memory grows */
  if (!UNDER_ASAN && !UNDER_TSAN && (emulator == NULL || emulator[0] == '\0'))
    ck_assert_int_lt(kib_at_the_end, kib_at_a_tenth + 1024);
}

int main(void) {
  suite_begin("two-runtimes");
  ADD_TEST(two_runtimes_call_each_other_on_the_initial_thread);
  ADD_TEST(two_runtimes_call_each_other_on_a_foreign_thread);
  ADD_TEST(two_runtimes_call_each_other_on_a_thread_that_one_has_started);
  ADD_TEST(a_thread_that_leaves_one_runtime_stays_with_the_other);
  ADD_TEST(calls_in_any_order_run_on_the_right_stacks);
  ADD_TEST(a_million_callbacks_of_threads_that_come_and_go_leave_nothing_behind);
  return suite_run();
}
