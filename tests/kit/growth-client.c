/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client for tests/kit/growth.sh, which runs it with this library and with one
 * whose records are larger. Each record is the last thing before an
 * inaccessible page: who reads or writes beyond it is stopped.
 *
 *     growth-client works      every function does its work
 *     growth-client too-small  every function refuses a record that is shorter
 */
#include <libcgo.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int failures;

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      failures++;                                                              \
      printf("line %d: %s\n", __LINE__, #condition);                           \
    }                                                                          \
  } while (0)

/* A copy of the record at the end of a page, before one that faults. */
static void *at_the_end(const void *record, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE) != 0) {
    perror("growth-client");
    exit(2);
  }
  return memcpy(memory + page - size, record, size);
}
#define AT_THE_END(record) at_the_end(&(record), sizeof(record))

static _Thread_local struct libcgo_thread *self;
static struct libcgo_thread *record_of_foreign, *record_of_started;
static int entered, left, acquired, released;

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}
static void enter(struct libcgo_thread *thread) {
  self = thread;
  entered++;
}
static void leave(struct libcgo_thread *thread) {
  (void)thread;
  self = NULL;
  __atomic_fetch_add(&left, 1, __ATOMIC_RELEASE);
}
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  acquired++;
  return record_of_foreign;
}
static void release(struct libcgo_thread *thread) {
  EXPECT(thread == record_of_foreign);
  released++;
}

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static const struct libcgo_thread fresh_thread = LIBCGO_THREAD_INIT;

static struct libcgo_runtime *runtime;
static struct libcgo_stack *stack;
static int calls;

static int in_stack(const void *address) {
  return (uintptr_t)address - stack->lo < stack->hi - stack->lo;
}

static uintptr_t on_system(void *thread) {
  struct libcgo_bounds bounds;
  EXPECT(!in_stack(&bounds));
  EXPECT(libcgo_stack_bounds(thread, &bounds) == 0);
  EXPECT(bounds.kind == LIBCGO_STACK_SYSTEM);
  return ++calls;
}

/* 70 deep: more than one page of nested calls. */
static int depth;

static uintptr_t on_small(void *thread) {
  struct libcgo_bounds bounds;
  EXPECT(in_stack(&bounds));
  EXPECT(libcgo_stack_bounds(thread, &bounds) == 0);
  EXPECT(bounds.kind == LIBCGO_STACK_SMALL);
  EXPECT(libcgo_stack_switched(thread, stack) == 0);
  libcgo_call_on_system(thread, on_system, thread);
  if (++depth < 70)
    return libcgo_call_on_stack(thread, stack, on_small, thread);
  return 5;
}

static void called_back(struct libcgo_thread *thread, void *arg) {
  EXPECT(thread == self && thread->runtime == runtime);
  depth = 0;
  calls = 0;
  EXPECT(libcgo_call_on_stack(thread, stack, on_small, thread) == 5);
  EXPECT(calls == 70);
  ++*(int *)arg;
}

static void *foreign(void *arg) {
  EXPECT(libcgo_callback(runtime, called_back, arg) == 0);
  EXPECT(libcgo_callback(runtime, called_back, arg) == 0);
  EXPECT(libcgo_detach(runtime) == 0);
  EXPECT(libcgo_attach(runtime, NULL) == 0);
  EXPECT(libcgo_callback(runtime, called_back, arg) == 0);
  return NULL; /* detaches by itself */
}

static void started(struct libcgo_thread *thread, void *arg) {
  EXPECT(thread == record_of_started);
  EXPECT(libcgo_callback(runtime, called_back, arg) == 0);
}

static void use_handles(struct libcgo_handle_table *table) {
  enum { many = 1000 }; /* the table grows */
  static uintptr_t handles[many];
  static int objects[many];
  for (int i = 0; i < many; i++)
    EXPECT(libcgo_handle_new(table, &objects[i], &handles[i]) == 0);
  for (int i = 0; i < many; i++)
    EXPECT(libcgo_handle_get(table, handles[i]) == &objects[i]);
  EXPECT(libcgo_handle_count(table) == many);
  for (int i = 0; i < many; i++)
    EXPECT(libcgo_handle_free(table, handles[i]) == 0);
  EXPECT(libcgo_handle_get(table, handles[0]) == NULL);
  EXPECT(libcgo_handle_table_destroy(table) == 0);
  EXPECT(table->size == sizeof *table);
}

static int symbolize(struct libcgo_symbol *symbol) {
  symbol->line = 7;
  return 0;
}

static const struct libcgo_traceback_ops traceback_ops =
    LIBCGO_TRACEBACK_OPS(NULL, NULL, NULL, symbolize);
static const struct libcgo_symbol fresh_symbol = LIBCGO_SYMBOL_INIT;

static void look_for_symbols(void) {
  struct libcgo_symbol *symbol = AT_THE_END(fresh_symbol);
  symbol->pc = (uintptr_t)libcgo_version;
  EXPECT(libcgo_symbolize(runtime, symbol) == 0);
  EXPECT(symbol->line == 0);
  const int err = libcgo_traceback_set(runtime, AT_THE_END(traceback_ops));
  EXPECT(err == 0 || err == ENOENT); /* there may be no unwinder */
  EXPECT(libcgo_symbolize(runtime, symbol) == 0);
  EXPECT(symbol->line == 7);
  EXPECT(libcgo_traceback_context(runtime) == 0);
}

/* The pair of the executable. */
LIBCGO_DEFINE_SLOTS;

static void use_slots(void) {
  intptr_t offset;
  const int err = libcgo_slots_claim(runtime, &offset);
  EXPECT(err == 0 || err == ENOTSUP);
  EXPECT(err != 0 || libcgo_slots_release(runtime) == 0);
}

static void prepare(void) {
  const struct libcgo_ops *far_ops = AT_THE_END(ops);
  const struct libcgo_runtime fresh_runtime = LIBCGO_RUNTIME_INIT(far_ops);
  const size_t bytes = 1024 * 1024;
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const struct libcgo_stack fresh_stack =
      LIBCGO_STACK_INIT(memory, memory + bytes);
  runtime = AT_THE_END(fresh_runtime);
  stack = AT_THE_END(fresh_stack);
  record_of_foreign = AT_THE_END(fresh_thread);
  record_of_started = AT_THE_END(fresh_thread);
}

/* What the functions write is as long as this client's records are, whatever the library's
   are. */
static void make_records(void) {
  const struct libcgo_ops *const hooks = runtime->ops;
  const struct libcgo_runtime fresh_runtime = LIBCGO_RUNTIME_INIT(hooks);
  const struct libcgo_stack fresh_stack = LIBCGO_STACK_INIT(stack->lo, stack->hi);
  const struct libcgo_ops no_ops = LIBCGO_OPS(0, 0, 0, 0, 0, 0);
  const struct libcgo_thread_attr fresh_attr = LIBCGO_THREAD_ATTR_INIT;
  const struct libcgo_limit fresh_limit = LIBCGO_LIMIT_INIT;
  const struct libcgo_handle_table fresh_table = LIBCGO_HANDLE_TABLE_INIT;
#define MAKES(fresh, init, ...)                                                \
  do {                                                                         \
    void *const at = AT_THE_END(fresh);                                        \
    memset(at, 0x5a, sizeof(fresh));                                           \
    EXPECT(init(at, sizeof(fresh) __VA_ARGS__) == 0);                          \
    EXPECT(memcmp(at, &(fresh), sizeof(fresh)) == 0);                          \
  } while (0)
#define COMMA ,
  MAKES(fresh_runtime, libcgo_runtime_init, COMMA hooks);
  MAKES(fresh_stack, libcgo_stack_init, COMMA stack->lo COMMA stack->hi);
  MAKES(no_ops, libcgo_ops_init, );
  MAKES(fresh_thread, libcgo_thread_init, );
  MAKES(fresh_attr, libcgo_thread_attr_init, );
  MAKES(fresh_limit, libcgo_limit_init, );
  MAKES(fresh_table, libcgo_handle_table_init, );
  MAKES(fresh_symbol, libcgo_symbol_init, );
  /* The records of this client, from now on. */
  EXPECT(libcgo_runtime_init(runtime, sizeof *runtime, hooks) == 0);
  EXPECT(libcgo_stack_init(stack, sizeof *stack, stack->lo, stack->hi) == 0);
  EXPECT(libcgo_thread_init(record_of_foreign, sizeof fresh_thread) == 0);
  EXPECT(libcgo_thread_init(record_of_started, sizeof fresh_thread) == 0);
}

static void works(void) {
  const struct libcgo_init fresh_init = LIBCGO_INIT;
  const struct libcgo_handle_table fresh_table = LIBCGO_HANDLE_TABLE_INIT;
  const struct libcgo_limit fresh_limit = LIBCGO_LIMIT_INIT;
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_init *init = AT_THE_END(fresh_init);
  struct libcgo_limit *limit = AT_THE_END(fresh_limit);
  pthread_t thread;
  char text[200];
  int callbacks = 0;

  make_records();
  EXPECT(libcgo_init_begin(init) == 0);
  EXPECT(libcgo_init_done(init) == 0);
  EXPECT(libcgo_init_wait(init) == 0);
  EXPECT(libcgo_init_begin(&runtime->init) == 0);
  EXPECT(libcgo_init_done(&runtime->init) == 0);
  use_handles(AT_THE_END(fresh_table));
  look_for_symbols();
  use_slots();

  runtime->signal_stack_size = 65536;
  EXPECT(pthread_create(&thread, NULL, foreign, &callbacks) == 0);
  pthread_join(thread, NULL);
  EXPECT(callbacks == 3);
  EXPECT(entered == 2 && acquired == 2 && released == 2);
  EXPECT(__atomic_load_n(&left, __ATOMIC_ACQUIRE) == 2);

  attr.name = "growth";
  attr.stack_size = 1024 * 1024;
  const int err = libcgo_thread_create(
      runtime, record_of_started, AT_THE_END(attr), started, &callbacks, limit);
  EXPECT(err == 0);
  while (err == 0 && __atomic_load_n(&left, __ATOMIC_ACQUIRE) != 3)
    sched_yield();
  EXPECT(callbacks == 4);

  /* No set of CPUs has none: EINVAL, and nothing is called. */
  static const unsigned long no_cpu = 0;
  attr.cpus = &no_cpu;
  attr.cpus_size = sizeof no_cpu;
  EXPECT(libcgo_thread_create(runtime, record_of_started, AT_THE_END(attr),
                              started, &callbacks, limit) == EINVAL);

  /* Too much for any address space: the library fills the limit's record. */
  attr.cpus = NULL;
  attr.cpus_size = 0;
  attr.stack_size =
      sizeof(void *) == 8 ? SIZE_MAX / 2 / 65536 + 1 : SIZE_MAX / 4 * 3;
  limit->used = 1;
  EXPECT(libcgo_thread_create(runtime, record_of_started, &attr, started,
                              &callbacks, limit) == EAGAIN);
  EXPECT(limit->used != 1);
  EXPECT(libcgo_limit_text(limit, text, sizeof text) == strlen(text));
}

/* A word less than what the first release had. */
/* The first release's had no `poll`. */
#define SHORTEN_THREAD(thread)                                                 \
  ((thread)->size =                                                            \
       (uint32_t)(offsetof(struct libcgo_thread, poll) - sizeof(uintptr_t)))
#define SHORTEN(record) ((record)->size -= (uint32_t)sizeof(uintptr_t))

static uintptr_t refuses_to_switch(void *short_thread) {
  struct libcgo_stack short_stack = *stack;
  SHORTEN(&short_stack);
  EXPECT(libcgo_stack_switched(self, stack) == 0);
  EXPECT(libcgo_stack_switched(self, &short_stack) == EINVAL);
  EXPECT(libcgo_stack_switched(short_thread, stack) == EINVAL);
  return 0;
}

static void too_small(void) {
  struct libcgo_ops short_ops = ops;
  struct libcgo_runtime short_runtime = *runtime, of_short_ops = *runtime;
  struct libcgo_thread short_thread = fresh_thread;
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  struct libcgo_init init = LIBCGO_INIT;
  struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  struct libcgo_bounds bounds;
  uintptr_t handle;
  int n = 0;
  char text[200];

  EXPECT(libcgo_init_begin(&runtime->init) == 0);
  EXPECT(libcgo_init_done(&runtime->init) == 0);
  short_runtime.init = of_short_ops.init = runtime->init;
  SHORTEN(&short_ops);
  SHORTEN(&short_runtime);
  SHORTEN_THREAD(&short_thread);
  SHORTEN(&attr);
  SHORTEN(&limit);
  SHORTEN(&init);
  SHORTEN(&table);
  of_short_ops.ops = &short_ops;

  struct libcgo_runtime *const bad[] = {&short_runtime, &of_short_ops};
  for (int i = 0; i < 2; i++) {
    EXPECT(libcgo_attach(bad[i], NULL) == EINVAL);
    EXPECT(libcgo_callback(bad[i], called_back, &n) == EINVAL);
    EXPECT(libcgo_detach(bad[i]) == EINVAL);
    EXPECT(libcgo_thread_create(bad[i], record_of_started, NULL, started, &n,
                                NULL) == EINVAL);
  }
  EXPECT(libcgo_thread_create(runtime, &short_thread, NULL, started, &n, NULL) ==
         EINVAL);
  EXPECT(libcgo_thread_create(runtime, record_of_started, &attr, started, &n,
                              NULL) == EINVAL);
  EXPECT(libcgo_thread_create(runtime, record_of_started, NULL, started, &n,
                              &limit) == EINVAL);
  libcgo_limit_text(&limit, text, sizeof text);
  EXPECT(strstr(text, "no record of a limit") != NULL);
  EXPECT(entered == 0);

  struct libcgo_thread *const good = record_of_foreign;
  record_of_foreign = &short_thread;
  EXPECT(libcgo_attach(runtime, NULL) == EINVAL);
  EXPECT(entered == 0 && acquired == 1 && released == 1);
  record_of_foreign = good;
  EXPECT(libcgo_stack_bounds(&short_thread, &bounds) == EINVAL);
  EXPECT(libcgo_attach(runtime, NULL) == 0);
  libcgo_call_on_stack(self, stack, refuses_to_switch, &short_thread);
  EXPECT(libcgo_detach(runtime) == 0);

  struct libcgo_traceback_ops short_traceback = traceback_ops;
  struct libcgo_symbol symbol = fresh_symbol;
  SHORTEN(&short_traceback);
  SHORTEN(&symbol);
  EXPECT(libcgo_traceback_set(runtime, &short_traceback) == EINVAL);
  EXPECT(libcgo_symbolize(runtime, &symbol) == EINVAL);

  EXPECT(libcgo_init_begin(&init) == EINVAL);
  EXPECT(libcgo_init_done(&init) == EINVAL);
  EXPECT(libcgo_init_wait(&init) == EINVAL);
  EXPECT(libcgo_handle_new(&table, &n, &handle) == EINVAL);
  EXPECT(libcgo_handle_free(&table, 1) == EINVAL);
  EXPECT(libcgo_handle_get(&table, 1) == NULL);
  EXPECT(libcgo_handle_table_destroy(&table) == EINVAL);
}

int main(int argc, char **argv) {
  prepare();
  if (argc == 2 && strcmp(argv[1], "works") == 0)
    works();
  else if (argc == 2 && strcmp(argv[1], "too-small") == 0)
    too_small();
  else
    return 2;
  return failures == 0 ? 0 : 1;
}
