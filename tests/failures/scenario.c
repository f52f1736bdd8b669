/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Uses each public function once at least. tests/failures/failures.sh compares this file with
 * src/libcgo.map, and has each call fail that the library makes meanwhile.
 *
 * TRY(function, want, (arguments)): the result is `want`; or an error that the function's
 * page has, if something has failed. Then nothing fails any more, and the same call gives
 * `want`. RECORD: the same, and after the error the record is as before.
 */
#include "failures.h"

#include <errno.h>
#include <libcgo.h>
#include <libcgo/classic.h>
#include <libcgo/go.h>
#include <libcgo/hooks.h>
#include <libcgo/mailbox.h>
#include <libcgo/world.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

LIBCGO_RESERVE_SLOTS;
LIBCGO_DEFINE_SLOTS;

/* ---- what a step is ---- */

void complain(const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(failures->complaint, sizeof failures->complaint, format, values);
  va_end(values);
  _exit(1);
}

static int has_failed(void) {
  return __atomic_load_n(&failures->failed, __ATOMIC_SEQ_CST) != 0;
}
static void no_more(void) {
  __atomic_store_n(&failures->armed, 0, __ATOMIC_SEQ_CST);
}

static void step(const char *name) {
  strncpy(failures->step, name, sizeof failures->step - 1);
  errno = EXDEV; /* an errno that nobody sets */
}

static void look_at_errno(const char *name) {
  if (errno != EXDEV)
    complain("%s has changed errno to %d", name, errno);
}

static void look_at_error(const char *name, int err, int want,
                          const void *before, const void *record, size_t bytes) {
  look_at_errno(name);
  if (!has_failed())
    complain("%s: %s instead of %s, and nothing has failed", name,
             strerror(err), strerror(want));
  if (!documented(name, err))
    complain("%s: %s, which its page does not have", name, strerror(err));
  if (bytes != 0 && memcmp(before, record, bytes) != 0)
    complain("%s: %s, and its record has changed", name, strerror(err));
  no_more();
  step(name);
}

#define TRY_(name, want, arguments, record, bytes)                             \
  __extension__({                                                              \
    char before_[1024] = {0};                                                  \
    const void *const record_ = record;                                        \
    memcpy(before_, record_, bytes);                                           \
    step(#name);                                                               \
    int err_ = name arguments;                                                 \
    if (err_ != (want)) {                                                      \
      look_at_error(#name, err_, want, before_, record_, bytes);               \
      err_ = name arguments;                                                   \
      if (err_ != (want))                                                      \
        complain("%s: %s when nothing fails any more", #name, strerror(err_)); \
    }                                                                          \
    look_at_errno(#name);                                                      \
    err_;                                                                      \
  })
#define TRY(name, want, arguments) TRY_(name, want, arguments, "", 0)
#define RECORD(record, name, want, arguments)                                  \
  TRY_(name, want, arguments, record, sizeof *(record))
/* A function that returns no error. */
#define CALL(name, arguments) (step(#name), name arguments)
/* What must be so, unless something has failed. */
#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition) && !has_failed())                                         \
      complain("%s:%d: not %s", __FILE__, __LINE__, #condition);               \
  } while (0)
/* What must be so in any case. */
#define INSIST(condition)                                                      \
  do {                                                                         \
    if (!(condition))                                                          \
      complain("%s:%d: not %s", __FILE__, __LINE__, #condition);               \
  } while (0)

/* While the scenario itself asks the system for something, nothing fails. */
static int *own_calls(void) {
  static _Thread_local int id;
  if (id == 0)
    id = (int)syscall(SYS_gettid);
  return &failures->own[id % most_threads];
}
#define BY_ITSELF(...)                                                         \
  do {                                                                         \
    __atomic_add_fetch(own_calls(), 1, __ATOMIC_SEQ_CST);                      \
    __VA_ARGS__;                                                               \
    __atomic_sub_fetch(own_calls(), 1, __ATOMIC_SEQ_CST);                      \
  } while (0)

static int count_threads(void) {
  FILE *f = fopen("/proc/self/status", "r");
  char line[256];
  int n = -1;
  while (f != NULL && fgets(line, sizeof line, f) != NULL)
    if (sscanf(line, "Threads: %d", &n) == 1)
      break;
  if (f != NULL)
    fclose(f);
  return n;
}
static void wait_for_threads(void) {
  BY_ITSELF(while (count_threads() > 1) sched_yield());
}

static void in_thread(void *(*fn)(void *), void *arg) {
  pthread_t thread;
  int err;
  BY_ITSELF(err = pthread_create(&thread, NULL, fn, arg));
  if (err != 0)
    complain("no thread for the scenario itself");
  BY_ITSELF(pthread_join(thread, NULL));
}

/* ---- a runtime ---- */

static _Thread_local struct libcgo_thread *self;
static int changes_mask;

static void enter(struct libcgo_thread *thread) {
  self = thread;
  if (changes_mask) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  }
}
static void leave(struct libcgo_thread *thread) {
  INSIST(self == thread);
  self = NULL;
  if (thread->data != NULL)
    free(thread);
}
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  struct libcgo_thread *thread;
  BY_ITSELF(thread = calloc(1, sizeof *thread));
  *thread = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  return thread;
}
static void release(struct libcgo_thread *thread) { free(thread); }
static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);

static struct libcgo_thread *own_record(void) {
  struct libcgo_thread *thread = acquire(NULL);
  thread->data = thread;
  return thread;
}

static void add_one(struct libcgo_thread *thread, void *count) {
  INSIST(self == thread);
  ++*(int *)count;
}

/* ---- records ---- */

static void records(void) {
  struct libcgo_ops o;
  struct libcgo_runtime r;
  struct libcgo_thread t;
  struct libcgo_thread_attr attr;
  struct libcgo_limit limit;
  struct libcgo_stack s;
  struct libcgo_context c;
  struct libcgo_handle_table table;
  struct libcgo_init init;
  struct libcgo_mailbox box;
  struct libcgo_symbol symbol;
  struct libcgo_traceback_ops traceback;
  TRY(libcgo_ops_init, 0, (&o, sizeof o));
  TRY(libcgo_runtime_init, 0, (&r, sizeof r, &ops));
  TRY(libcgo_thread_init, 0, (&t, sizeof t));
  TRY(libcgo_thread_attr_init, 0, (&attr, sizeof attr));
  TRY(libcgo_limit_init, 0, (&limit, sizeof limit));
  TRY(libcgo_stack_init, 0, (&s, sizeof s, 4096, 8192));
  TRY(libcgo_context_init, 0, (&c, sizeof c));
  TRY(libcgo_handle_table_init, 0, (&table, sizeof table));
  TRY(libcgo_init_init, 0, (&init, sizeof init));
  TRY(libcgo_mailbox_init, 0, (&box, sizeof box));
  TRY(libcgo_symbol_init, 0, (&symbol, sizeof symbol));
  TRY(libcgo_traceback_ops_init, 0, (&traceback, sizeof traceback));
  INSIST(CALL(libcgo_version, ()) == LIBCGO_VERSION);
  char text[256];
  INSIST(CALL(libcgo_limit_text, (&limit, text, sizeof text)) != 0);
}

static void start_up(void) {
  struct libcgo_init init = LIBCGO_INIT;
  TRY(libcgo_init_begin, 0, (&init));
  TRY(libcgo_init_abandon, 0, (&init));
  TRY(libcgo_init_begin, 0, (&init));
  TRY(libcgo_init_done, 0, (&init));
  TRY(libcgo_init_wait, 0, (&init));
}

/* ---- threads ---- */

static struct libcgo_runtime runtime;

static void ask_bounds(struct libcgo_thread *thread, void *arg) {
  struct libcgo_bounds bounds = {0};
  (void)arg;
  TRY(libcgo_stack_bounds, 0, (thread, &bounds));
  INSIST((uintptr_t)&bounds >= bounds.lo && (uintptr_t)&bounds < bounds.hi);
}

static void *foreign(void *arg) {
  struct libcgo_thread *thread = NULL;
  sigset_t before, after;
  stack_t stack;
  int count = 0;
  changes_mask = arg != NULL; /* the hook opens what the thread has blocked */
  sigemptyset(&before);
  sigaddset(&before, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &before, NULL);
  memset(&before, 0, sizeof before); /* the C library writes a part */
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  RECORD(&thread, libcgo_attach, 0, (&runtime, &thread));
  INSIST(thread != NULL && thread == self);
  TRY(libcgo_attach, EALREADY, (&runtime, &thread));
  TRY(libcgo_callback, 0, (&runtime, add_one, &count));
  TRY(libcgo_callback, 0, (&runtime, ask_bounds, NULL));
  TRY(libcgo_detach, 0, (&runtime));
  memset(&after, 0, sizeof after);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  INSIST(memcmp(&before, &after, sizeof before) == 0);
  BY_ITSELF(sigaltstack(NULL, &stack));
  INSIST((stack.ss_flags & SS_DISABLE) != 0 || has_failed());
  INSIST(self == NULL);
  /* And again, so that the thread's end detaches it. */
  TRY(libcgo_callback, 0, (&runtime, add_one, &count));
  INSIST(count == 2);
  changes_mask = 0;
  return NULL;
}

static void threads(void) {
  runtime = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  runtime.signal_stack_size = 32768;
  TRY(libcgo_init_begin, 0, (&runtime.init));
  TRY(libcgo_init_done, 0, (&runtime.init));
  int mask = 1;
  in_thread(foreign, NULL);
  in_thread(foreign, &mask);

  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  struct libcgo_thread *thread = own_record();
  int count = 0;
  RECORD(thread, libcgo_thread_create, 0,
         (&runtime, thread, NULL, add_one, &count, NULL));
  wait_for_threads();
  INSIST(count == 1);
  thread = own_record();
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  cpu_set_t cpus;
  BY_ITSELF(sched_getaffinity(0, sizeof cpus, &cpus));
  attr.stack_size = 256 * 1024;
  attr.guard_size = 4096;
  attr.signal_stack_size = 16384;
  attr.name = "scenario";
  attr.signal_mask = &blocked;
  attr.cpus = &cpus;
  attr.cpus_size = sizeof cpus;
  RECORD(thread, libcgo_thread_create, 0,
         (&runtime, thread, &attr, ask_bounds, NULL, &limit));
  wait_for_threads();
  char text[256];
  CALL(libcgo_limit_text, (&limit, text, sizeof text));
  TRY(libcgo_runtime_end, 0, (&runtime));
}

static void nothing(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  *(struct libcgo_thread **)arg = CALL(libcgo_current, (&runtime));
}
static void *on_ready_hooks(void *arg) {
  struct libcgo_thread *seen = NULL;
  TRY(libcgo_callback, 0, (&runtime, nothing, &seen));
  INSIST(seen != NULL);
  return arg;
}
static void ready_hooks(void) {
  runtime =
      (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(CALL(libcgo_ready_ops, ()));
  runtime.init = (struct libcgo_init)LIBCGO_INIT_READY;
  in_thread(on_ready_hooks, NULL);
  TRY(libcgo_runtime_end, 0, (&runtime));
}

/* ---- stacks, contexts, tracebacks ---- */

static struct libcgo_thread *own;
static struct libcgo_stack small, task_stack;

static uintptr_t on_system(void *arg) {
  struct libcgo_bounds bounds;
  TRY(libcgo_stack_bounds, 0, (own, &bounds));
  INSIST(bounds.kind == LIBCGO_STACK_SYSTEM || has_failed());
  return (uintptr_t)arg;
}
static uintptr_t on_small(void *arg) {
  struct libcgo_bounds bounds;
  TRY(libcgo_stack_bounds, 0, (own, &bounds));
  INSIST(bounds.kind == LIBCGO_STACK_SMALL);
  TRY(libcgo_stack_switched, 0, (own, &small));
  return CALL(libcgo_call_on_system, (own, on_system, arg));
}
static uintptr_t nested(void *left) {
  if ((uintptr_t)left == 0)
    return 7;
  struct libcgo_stack more = {0};
  RECORD(&more, libcgo_stack_map, 0, (&more, 65536));
  const uintptr_t result = CALL(
      libcgo_call_on_stack, (own, &more, nested, (void *)((uintptr_t)left - 1)));
  TRY(libcgo_stack_unmap, 0, (&more));
  return result;
}

static struct libcgo_context home, task;
static struct libcgo_context *run_task(void *arg, uintptr_t word) {
  uintptr_t pcs[16];
  struct libcgo_segment segment;
  (void)arg;
  CALL(libcgo_context_traceback, (&runtime, &home, pcs, 16));
  TRY(libcgo_context_segment, 0, (&home, &segment));
  const uintptr_t next = CALL(libcgo_switch, (own, &task, &home, word + 1));
  INSIST(next == 20);
  return &home;
}

static uintptr_t switches(void *arg) {
  (void)arg;
  home = (struct libcgo_context)LIBCGO_CONTEXT_INIT;
  task = (struct libcgo_context)LIBCGO_CONTEXT_INIT;
  RECORD(&task, libcgo_context_make, 0, (&task, &task_stack, run_task, NULL));
  INSIST(CALL(libcgo_switch, (own, &home, &task, 10)) == 11);
  CALL(libcgo_switch, (own, &home, &task, 20));
  return 0;
}

static uintptr_t note_frames(void) { return 5; }
static void forget_frames(uintptr_t context) { INSIST(context == 5); }

static volatile size_t frames_in_handler;
static void handler(int signal, siginfo_t *info, void *context) {
  uintptr_t pcs[16];
  (void)signal;
  (void)info;
  const int before = errno;
  frames_in_handler = libcgo_traceback(&runtime, 0, context, pcs, 16);
  errno = before;
}

static void tracebacks(void) {
  struct libcgo_traceback_ops hooks =
      LIBCGO_TRACEBACK_OPS(note_frames, forget_frames, NULL, NULL);
  uintptr_t pcs[32];
  TRY(libcgo_traceback_set, 0, (&runtime, &hooks));
  const uintptr_t context = CALL(libcgo_traceback_context, (&runtime));
  INSIST(context == 5);
  CALL(libcgo_traceback_release, (&runtime, context));
  TRY(libcgo_traceback_set, 0, (&runtime, NULL));
  const size_t n = CALL(libcgo_traceback, (&runtime, 0, NULL, pcs, 32));
  EXPECT(n > 1);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  struct sigaction old;
  BY_ITSELF(sigaction(SIGUSR1, &action, &old));
  step("libcgo_traceback");
  raise(SIGUSR1);
  BY_ITSELF(sigaction(SIGUSR1, &old, NULL));
  EXPECT(frames_in_handler > 1);
  struct libcgo_symbol symbol = LIBCGO_SYMBOL_INIT;
  symbol.pc = (uintptr_t)libcgo_version;
  TRY(libcgo_symbolize, 0, (&runtime, &symbol));
  INSIST(symbol.entry == (uintptr_t)libcgo_version);
}

static uintptr_t on_heap_stack(void *arg) { return (uintptr_t)arg; }

static void *with_stacks(void *arg) {
  int count = 0;
  TRY(libcgo_callback, 0, (&runtime, add_one, &count));
  own = self;
  RECORD(&small, libcgo_stack_map, 0, (&small, 65536));
  RECORD(&task_stack, libcgo_stack_map, 0, (&task_stack, 65536));
  INSIST(CALL(libcgo_call_on_stack, (own, &small, on_small, (void *)42)) == 42);
  INSIST(CALL(libcgo_call_on_stack, (own, &small, nested, (void *)12)) == 7);
  struct libcgo_bounds bounds;
  TRY(libcgo_stack_bounds, 0, (NULL, &bounds));
  CALL(libcgo_call_on_stack, (own, &small, switches, NULL));
  tracebacks();
  char *memory;
  BY_ITSELF(memory = malloc(65536));
  struct libcgo_stack heap = LIBCGO_STACK_INIT(memory, memory + 65536);
  CALL(libcgo_call_on_stack, (own, &heap, on_heap_stack, NULL));
  TRY(libcgo_stack_left, 0, (own, &heap));
  free(memory);
  TRY(libcgo_stack_unmap, 0, (&small));
  TRY(libcgo_stack_unmap, 0, (&task_stack));
  return arg;
}

static void stacks(void) {
  runtime = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  runtime.init = (struct libcgo_init)LIBCGO_INIT_READY;
  struct libcgo_bounds bounds;
  TRY(libcgo_stack_bounds, 0, (NULL, &bounds)); /* the initial thread's */
  in_thread(with_stacks, NULL);
  TRY(libcgo_runtime_end, 0, (&runtime));
}

/* ---- handles, slots, mailboxes ---- */

static int visit_handle(uintptr_t handle, void **object, void *arg) {
  (void)object;
  *(int *)arg += handle != 0;
  return 0;
}
static void handles(void) {
  enum { many = 600 };
  static uintptr_t handle[many];
  struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  for (int i = 0; i < many; i++) {
    RECORD(&handle[i], libcgo_handle_new, 0, (&table, &handle[i], &handle[i]));
    INSIST(CALL(libcgo_handle_count, (&table)) == (size_t)i + 1);
  }
  for (int i = 0; i < many; i++)
    INSIST(CALL(libcgo_handle_get, (&table, handle[i])) == &handle[i]);
  int n = 0;
  TRY(libcgo_handle_visit, 0, (&table, visit_handle, &n));
  INSIST(n == many);
  TRY(libcgo_handle_free, 0, (&table, handle[0]));
  TRY(libcgo_handle_table_destroy, 0, (&table));
}

static void slots(void) {
  intptr_t offset = 0;
  runtime = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  CALL(libcgo_slots_defined, (&libcgo_defined_slots, libcgo_defined_pair));
  RECORD(&offset, libcgo_slots_claim, 0, (&runtime, &offset));
  INSIST(CALL(libcgo_slots_at, (offset)) == libcgo_defined_pair);
  TRY(libcgo_slots_release, 0, (&runtime));
}

static struct libcgo_mailbox box = LIBCGO_MAILBOX_INIT(NULL);
static int served, caller_done;
static void serve(void *arg) {
  __atomic_add_fetch((int *)arg, 1, __ATOMIC_SEQ_CST);
}
static void *mailbox_caller(void *arg) {
  const int err = libcgo_mailbox_call(&box, serve, &served, LIBCGO_FOR_EVER);
  INSIST(err == 0);
  __atomic_store_n(&caller_done, 1, __ATOMIC_SEQ_CST);
  return arg;
}
static void mailboxes(void) {
  enum { ms = 1000000 };
  served = caller_done = 0;
  box = (struct libcgo_mailbox)LIBCGO_MAILBOX_INIT(NULL);
  RECORD(&box, libcgo_mailbox_open, 0, (&box, 2));
  RECORD(&box, libcgo_mailbox_post, 0, (&box, serve, &served, 0));
  INSIST(CALL(libcgo_mailbox_serve, (&box, 8)) == 1);
  TRY(libcgo_mailbox_wait, ETIMEDOUT, (&box, ms));
  CALL(libcgo_mailbox_interrupt, (&box));
  TRY(libcgo_mailbox_wait, EINTR, (&box, ms));
  pthread_t thread;
  step("libcgo_mailbox_call");
  int failed;
  BY_ITSELF(failed = pthread_create(&thread, NULL, mailbox_caller, NULL));
  if (failed)
    complain("no thread for the scenario itself");
  while (!__atomic_load_n(&caller_done, __ATOMIC_SEQ_CST)) {
    const int err = libcgo_mailbox_wait(&box, ms);
    INSIST(err == 0 || documented("libcgo_mailbox_wait", err));
    libcgo_mailbox_serve(&box, 8);
  }
  BY_ITSELF(pthread_join(thread, NULL));
  INSIST(served == 2);
  TRY(libcgo_mailbox_close, 0, (&box));
  TRY(libcgo_mailbox_end, 0, (&box));
}

/* ---- the world ---- */

static struct libcgo_runtime world;
static int polling, go_on, met, seen_threads;
static void set(int *flag, int to) {
  __atomic_store_n(flag, to, __ATOMIC_SEQ_CST);
}
static int get(int *flag) { return __atomic_load_n(flag, __ATOMIC_SEQ_CST); }

static uintptr_t in_c(void *arg) { return (uintptr_t)arg; }
static void poll_until_told(struct libcgo_thread *thread, void *arg) {
  (void)arg;
  libcgo_park(thread);
  libcgo_unpark(thread);
  libcgo_safepoint_slow(thread);
  INSIST(libcgo_call_parked(thread, in_c, (void *)9) == 9);
  set(&polling, 1);
  while (!get(&go_on)) {
    libcgo_safepoint(thread);
    sched_yield();
  }
}
static void meet(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  ++*(int *)arg;
}
static int visit_segment(const struct libcgo_segment *segment, void *arg) {
  *(int *)arg += segment->hi > segment->lo;
  return 0;
}
static int visit_thread(struct libcgo_thread *thread, void *arg) {
  int segments = 0;
  ++*(int *)arg;
  const int err = libcgo_segments_visit(thread, visit_segment, &segments);
  INSIST(err == 0 || documented("libcgo_segments_visit", err));
  return 0;
}
static void parks(struct libcgo_thread *thread, void *count) {
  add_one(thread, count);
  INSIST(CALL(libcgo_call_parked, (thread, in_c, (void *)3)) == 3);
  CALL(libcgo_park, (thread));
  CALL(libcgo_unpark, (thread));
  CALL(libcgo_safepoint_slow, (thread));
}
static void *in_world(void *arg) {
  int count = 0;
  struct libcgo_thread *thread = NULL;
  TRY(libcgo_attach, 0, (&world, &thread));
  TRY(libcgo_callback, 0, (&world, parks, &count));
  TRY(libcgo_detach, 0, (&world));
  TRY(libcgo_callback, 0, (&world, add_one, &count));
  INSIST(count == 2);
  return arg;
}
static void the_world(void) {
  world = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  world.init = (struct libcgo_init)LIBCGO_INIT_READY;
  world.flags = LIBCGO_WORLD;
  world.signal_stack_size = 32768;
  polling = go_on = met = seen_threads = 0;
  in_thread(in_world, NULL);
  struct libcgo_thread *thread = own_record(), *late = NULL;
  RECORD(thread, libcgo_thread_create, 0,
         (&world, thread, NULL, poll_until_told, NULL, NULL));
  step("libcgo_thread_create");
  while (!get(&polling))
    sched_yield();
  TRY(libcgo_handshake, 0, (&world, thread, meet, &met));
  TRY(libcgo_world_stop, 0, (&world, LIBCGO_FOR_EVER, &late));
  TRY(libcgo_threads_visit, 0, (&world, visit_thread, &seen_threads));
  INSIST(seen_threads == 1);
  TRY(libcgo_segments_visit, 0, (thread, visit_segment, &met));
  TRY(libcgo_world_start, 0, (&world));
  INSIST(met >= 1);
  set(&go_on, 1);
  wait_for_threads();
  TRY(libcgo_runtime_close, 0, (&world, LIBCGO_FOR_EVER));
  TRY(libcgo_runtime_end, 0, (&world));
}

/* ---- the Go face ---- */

static uintptr_t key_created;
static void (*crosscall2_pointer)(void (*)(void *), void *, int, size_t);
static struct libcgo_go go;
static struct libcgo_go_g g0, g1;
static int gos_run;

static void setg(void *g) { (void)g; }
static void model_of_crosscall2(void (*fn)(void *), void *arg, int argsize,
                                size_t context) {
  (void)fn, (void)arg, (void)argsize, (void)context;
}
static void count_go(void) {
  __atomic_add_fetch(&gos_run, 1, __ATOMIC_SEQ_CST);
}
static void *count_plain(void *arg) {
  count_go();
  return arg;
}
static void *bind_go(void *arg) {
  uintptr_t bounds[2] = {1, 1};
  CALL(libcgo_go_bindm, (&go, &g1));
  CALL(libcgo_go_getstackbound, (&go, bounds));
  EXPECT(bounds[0] < (uintptr_t)&bounds && (uintptr_t)&bounds < bounds[1]);
  return arg;
}
static void go_context(struct libcgo_go_context *arg) {
  if (arg->context == 0)
    arg->context = 42;
}
static int tracebacks_made;
static void go_traceback(struct libcgo_go_traceback *arg) {
  tracebacks_made++;
  arg->buffer[0] = 0;
}
static void go_symbolizer(struct libcgo_go_symbolizer *arg) {
  (void)arg;
  tracebacks_made++;
}
static void go_sigtramp(uintptr_t signal, void *info, void *context) {
  (void)signal, (void)info, (void)context;
  tracebacks_made++;
}

static void check_set(const char *name, uintptr_t result) {
  if (result != 0 && !has_failed())
    complain("%s: %s", name, strerror((int)result));
}
#define SET(name, ...)                                                         \
  do {                                                                         \
    uintptr_t words_[] = {__VA_ARGS__};                                        \
    struct libcgo_go_args args_ = {words_, 77};                                \
    CALL(name, (&args_));                                                      \
    check_set(#name, args_.retval);                                            \
  } while (0)

static void the_go_face(void) {
  static char *variable[] = {(char *)"LIBCGO_SCENARIO", (char *)"1"};
  uintptr_t buffer[32];
  go = (struct libcgo_go)LIBCGO_GO_INIT(&key_created, &crosscall2_pointer, NULL,
                                        NULL, NULL);
  key_created = 0;
  crosscall2_pointer = NULL;
  gos_run = tracebacks_made = 0;
  g0 = (struct libcgo_go_g){0};
  g0.stackhi = (uintptr_t)__builtin_frame_address(0) + 64;
  CALL(libcgo_go_init, (&go, &g0, setg));
  crosscall2_pointer = model_of_crosscall2;
  CALL(libcgo_go_notify_runtime_init_done, (&go));
  CALL(libcgo_go_wait_runtime_init_done, (&go));
  struct libcgo_go_start start = {&g1, NULL, count_go};
  CALL(libcgo_go_thread_start, (&go, &start));
  CALL(libcgo_go_sys_thread_create, (count_plain, NULL));
  wait_for_threads();
  INSIST(gos_run == 2);
  in_thread(bind_go, NULL);
  CALL(libcgo_go_set_context_function, (&go, go_context));
  const uintptr_t context = CALL(libcgo_go_wait_runtime_init_done, (&go));
  INSIST(context == 42);
  CALL(libcgo_go_release_context, (&go, context));
  const struct libcgo_go_tracebacks functions = {go_traceback, go_context,
                                                 go_symbolizer};
  struct libcgo_go_traceback traceback = {0, 0, buffer, 32};
  CALL(libcgo_go_set_traceback_functions, (&go, &functions));
  CALL(libcgo_go_call_traceback_function, (&go, &traceback));
  CALL(libcgo_go_call_symbolizer_function, (&go, NULL));
  CALL(libcgo_go_callers,
       (&go, SIGUSR1, NULL, NULL, go_traceback, buffer, go_sigtramp));
  INSIST(tracebacks_made == 4);
  CALL(libcgo_go_setenv, (variable));
  EXPECT(getenv(variable[0]) != NULL);
  CALL(libcgo_go_unsetenv, (variable));
  EXPECT(getenv(variable[0]) == NULL);
  CALL(libcgo_go_clearenv, ());
  uintptr_t memory = CALL(libcgo_go_mmap, (NULL, 8192, PROT_READ,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT(memory > 4096);
  if (memory > 4096)
    CALL(libcgo_go_munmap, ((void *)memory, 8192));
  struct libcgo_go_action action = {0};
  const int err = CALL(libcgo_go_sigaction, (SIGUSR2, NULL, &action));
  EXPECT(err == 0);
  const uintptr_t uid = getuid(), gid = getgid();
  gid_t groups[64];
  int count;
  BY_ITSELF(count = getgroups(64, groups));
  SET(libcgo_go_setegid, gid);
  SET(libcgo_go_seteuid, uid);
  SET(libcgo_go_setgid, gid);
  if (uid == 0) {
    SET(libcgo_go_setgroups, (uintptr_t)count, (uintptr_t)groups);
  } else {
    uintptr_t words[] = {(uintptr_t)count, (uintptr_t)groups};
    struct libcgo_go_args args = {words, 0};
    CALL(libcgo_go_setgroups, (&args));
  }
  SET(libcgo_go_setregid, gid, gid);
  SET(libcgo_go_setresgid, gid, gid, gid);
  SET(libcgo_go_setresuid, uid, uid, uid);
  SET(libcgo_go_setreuid, uid, uid);
  SET(libcgo_go_setuid, uid);
}

/* ---- the classic face, and crossings ---- */

extern const char is_cgo __asm__("runtime·iscgo");
extern const char is_cgo_in_objects __asm__("runtime.iscgo");
static struct libcgo_g classic_g;
static int crossed;
static void cross(void) { __atomic_add_fetch(&crossed, 1, __ATOMIC_SEQ_CST); }
static uintptr_t cross_word(void *arg, uintptr_t word) {
  (void)arg;
  cross();
  return word;
}
static void cross2(void *arg, int32_t argsize) {
  (void)arg;
  (void)argsize;
  cross();
}

static void the_classic_face(void) {
  INSIST(is_cgo == 1 && is_cgo_in_objects == 1);
  crossed = 0;
  CALL(libcgo_slots_reserved, (libcgo_slot_pair));
  step("initcgo");
  initcgo();
  struct libcgo_start start = {1, &classic_g, cross};
  step("libcgo_thread_start");
  libcgo_thread_start(&start);
  wait_for_threads();
  struct libcgo_malloc_args args = {sizeof start, NULL};
  step("_cgo_malloc");
  _cgo_malloc(&args);
  EXPECT(args.ret != NULL);
  if (args.ret != NULL) { /* which the library frees */
    memcpy(args.ret, &start, sizeof start);
    CALL(libcgo_sys_thread_start, ((struct libcgo_start *)args.ret));
    wait_for_threads();
    INSIST(crossed == 2);
  }
  args.n = 16;
  step("_cgo_malloc");
  _cgo_malloc(&args);
  struct libcgo_free_args used = {args.ret};
  step("_cgo_free");
  _cgo_free(&used);
  crossed = 0;
#if defined(LIBCGO_CPU_AMD64)
  CALL(crosscall_amd64, (cross));
#else
  CALL(crosscall_386, (cross));
#endif
  CALL(crosscall2, (cross2, NULL, 0));
  INSIST(CALL(libcgo_crosscall, (cross_word, NULL, 6)) == 6);
  INSIST(crossed == 3);
}

/* ---- what is asked only if something else has failed ---- */

static void *on_refusal(void *count) {
  TRY(libcgo_callback, 0, (&runtime, add_one, count));
  return NULL;
}

static void refuse(const char *call, uintptr_t refusal) {
  failures->refusal = refusal;
  failures->refused = call;
}

static void under_refusals(void) {
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  char text[256];
  runtime = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  runtime.init = (struct libcgo_init)LIBCGO_INIT_READY;
  struct libcgo_thread *const thread = own_record();
  int count = 0;
  refuse("pthread_create", EAGAIN);
  RECORD(thread, libcgo_thread_create, EAGAIN,
         (&runtime, thread, NULL, add_one, &count, &limit));
  CALL(libcgo_limit_text, (&limit, text, sizeof text));
  refuse(NULL, 0);
  INSIST(count == 0);
  free(thread);
  TRY(libcgo_runtime_end, 0, (&runtime));
  runtime = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  runtime.init = (struct libcgo_init)LIBCGO_INIT_READY;
  refuse("dlopen", 0);
  in_thread(on_refusal, &count);
  refuse(NULL, 0);
  TRY(libcgo_runtime_end, 0, (&runtime));
}

void scenario_that_stops(void) {
  the_classic_face();
  refuse("pthread_create", EAGAIN);
  struct libcgo_start start = {1, &classic_g, cross};
  step("libcgo_thread_start");
  libcgo_thread_start(&start);
  complain("a refused thread has been started");
}

/* ---- all of it ---- */

void scenario(void) {
  sigset_t before, after;
  stack_t stack_before, stack_after;
  memset(&before, 0, sizeof before); /* the C library writes a part */
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  BY_ITSELF(sigaltstack(NULL, &stack_before));
  records();
  start_up();
  threads();
  ready_hooks();
  stacks();
  handles();
  slots();
  mailboxes();
  the_world();
  the_go_face();
  the_classic_face();
  under_refusals();
  wait_for_threads();
  int state = -1;
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
  if (state != PTHREAD_CANCEL_ENABLE)
    complain("cancellation is off at the end");
  memset(&after, 0, sizeof after);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  if (memcmp(&before, &after, sizeof before) != 0)
    complain("the signal mask has changed");
  BY_ITSELF(sigaltstack(NULL, &stack_after));
  if (stack_before.ss_flags != stack_after.ss_flags)
    complain("the signal stack has changed");
}
