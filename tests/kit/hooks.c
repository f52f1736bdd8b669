/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ready-made hooks, and the functions that initialise records.
 */
#include "support/harness.h"

#include <libcgo.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

/* ---- records ---- */

/* What a function writes, in memory that was full of something else: `size` bytes, and none
   behind them. */
union room {
  char bytes[2048];
  struct libcgo_thread thread;
};
static union room room;

static void fill(void) { memset(&room, 0x5a, sizeof room); }

static int holds(const void *record, size_t size) {
  for (size_t i = size; i < sizeof room; i++)
    if (room.bytes[i] != 0x5a)
      return 0;
  return memcmp(&room, record, size) == 0;
}

/* The function makes what the macro makes; a caller whose record is four words longer, or as
   long as in the first release, gets that, and a shorter one is refused. */
#define CHECK_RECORD(type, first, init, ...)                                   \
  do {                                                                         \
    static const struct type made = __VA_ARGS__; /* what fills it up is 0 */   \
    char longer[sizeof made + 32] = {0};                                       \
    uint32_t size = (uint32_t)sizeof made;                                     \
    memcpy(longer, &made, sizeof made);                                        \
    fill();                                                                    \
    ck_assert_int_eq(init(sizeof made), 0);                                    \
    ck_assert(holds(longer, size));                                            \
    size += 32;                                                                \
    memcpy(longer, &size, sizeof size);                                        \
    fill();                                                                    \
    ck_assert_int_eq(init(size), 0);                                           \
    ck_assert(holds(longer, size));                                            \
    size = (uint32_t)(first);                                                  \
    memcpy(longer, &size, sizeof size);                                        \
    fill();                                                                    \
    ck_assert_int_eq(init(size), 0);                                           \
    ck_assert(holds(longer, size));                                            \
    fill();                                                                    \
    ck_assert_int_eq(init(size - 1), EINVAL);                                  \
    ck_assert(holds(longer, 0));                                               \
  } while (0)
#define WORDS(n) (8 + (n) * sizeof(uintptr_t))

#define MAKE_THREAD(size) libcgo_thread_init((void *)&room, size)
TEST(libcgo_thread_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_thread, WORDS(49), MAKE_THREAD, LIBCGO_THREAD_INIT);
  ck_assert_int_eq(libcgo_thread_init(NULL, sizeof(struct libcgo_thread)),
                   EINVAL);
}

#define MAKE_OPS(size) libcgo_ops_init((void *)&room, size)
TEST(libcgo_ops_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_ops, WORDS(14), MAKE_OPS, LIBCGO_OPS(0, 0, 0, 0, 0, 0));
  ck_assert_int_eq(libcgo_ops_init(NULL, sizeof(struct libcgo_ops)), EINVAL);
}

static const struct libcgo_ops some_ops = LIBCGO_OPS(0, 0, 0, 0, 0, 0);
#define MAKE_RUNTIME(size) libcgo_runtime_init((void *)&room, size, &some_ops)
TEST(libcgo_runtime_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_runtime, 32 + WORDS(19), MAKE_RUNTIME,
               LIBCGO_RUNTIME_INIT(&some_ops));
  ck_assert_int_eq(
      libcgo_runtime_init(NULL, sizeof(struct libcgo_runtime), NULL), EINVAL);
}

#define MAKE_INIT(size) libcgo_init_init((void *)&room, size)
TEST(libcgo_init_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_init, 32, MAKE_INIT, LIBCGO_INIT);
  ck_assert_int_eq(libcgo_init_init(NULL, sizeof(struct libcgo_init)), EINVAL);
}

#define MAKE_ATTR(size) libcgo_thread_attr_init((void *)&room, size)
TEST(libcgo_thread_attr_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_thread_attr, WORDS(15), MAKE_ATTR, LIBCGO_THREAD_ATTR_INIT);
  ck_assert_int_eq(
      libcgo_thread_attr_init(NULL, sizeof(struct libcgo_thread_attr)), EINVAL);
}

#define MAKE_LIMIT(size) libcgo_limit_init((void *)&room, size)
TEST(libcgo_limit_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_limit, sizeof(struct libcgo_limit), MAKE_LIMIT,
               LIBCGO_LIMIT_INIT);
  ck_assert_int_eq(libcgo_limit_init(NULL, sizeof(struct libcgo_limit)), EINVAL);
}

#define MAKE_STACK(size) libcgo_stack_init((void *)&room, size, 4096, 65536)
TEST(libcgo_stack_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_stack, WORDS(6), MAKE_STACK,
               LIBCGO_STACK_INIT(4096, 65536));
  ck_assert_int_eq(libcgo_stack_init(NULL, sizeof(struct libcgo_stack), 0, 1),
                   EINVAL);
}

#define MAKE_TABLE(size) libcgo_handle_table_init((void *)&room, size)
TEST(libcgo_handle_table_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_handle_table, sizeof(struct libcgo_handle_table),
               MAKE_TABLE, LIBCGO_HANDLE_TABLE_INIT);
  ck_assert_int_eq(
      libcgo_handle_table_init(NULL, sizeof(struct libcgo_handle_table)), EINVAL);
}

#define MAKE_MAILBOX(size) libcgo_mailbox_init((void *)&room, size)
TEST(libcgo_mailbox_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_mailbox, 16 + 11 * sizeof(uintptr_t), MAKE_MAILBOX,
               LIBCGO_MAILBOX_INIT(NULL));
  ck_assert_int_eq(libcgo_mailbox_init(NULL, sizeof(struct libcgo_mailbox)),
                   EINVAL);
}

#define MAKE_SYMBOL(size) libcgo_symbol_init((void *)&room, size)
TEST(libcgo_symbol_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_symbol, WORDS(14), MAKE_SYMBOL, LIBCGO_SYMBOL_INIT);
  ck_assert_int_eq(libcgo_symbol_init(NULL, sizeof(struct libcgo_symbol)),
                   EINVAL);
}

#define MAKE_TRACEBACK(size) libcgo_traceback_ops_init((void *)&room, size)
TEST(libcgo_traceback_ops_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_traceback_ops, WORDS(8), MAKE_TRACEBACK,
               LIBCGO_TRACEBACK_OPS(0, 0, 0, 0));
  ck_assert_int_eq(
      libcgo_traceback_ops_init(NULL, sizeof(struct libcgo_traceback_ops)),
      EINVAL);
}

#ifndef _WIN32
#define MAKE_CONTEXT(size) libcgo_context_init((void *)&room, size)
TEST(libcgo_context_init_makes_what_the_macro_makes) {
  CHECK_RECORD(libcgo_context, WORDS(22), MAKE_CONTEXT, LIBCGO_CONTEXT_INIT);
  ck_assert_int_eq(libcgo_context_init(NULL, sizeof(struct libcgo_context)),
                   EINVAL);
}
#endif

/* ---- a foreign thread ---- */

static void *in_thread(void *(*fn)(void *arg), void *arg) {
  pthread_t thread;
  void *result = NULL;
  ck_assert_int_eq(pthread_create(&thread, NULL, fn, arg), 0);
  ck_assert_int_eq(pthread_join(thread, &result), 0);
  return result;
}

/* ---- the hooks of libcgo_ready_ops ---- */

static struct libcgo_runtime ready;

static void note(struct libcgo_thread *thread, void *arg) {
  ck_assert_ptr_eq(thread->runtime, &ready);
  ck_assert_ptr_eq(libcgo_current(&ready), thread);
  *(struct libcgo_thread **)arg = thread;
}

static void *call_ready(void *arg) {
  struct libcgo_thread *first = NULL, *second = NULL;
  (void)arg;
  ck_assert_ptr_eq(libcgo_current(&ready), NULL);
  ck_assert_int_eq(libcgo_callback(&ready, note, &first), 0);
  ck_assert_int_eq(libcgo_callback(&ready, note, &second), 0);
  ck_assert(first != NULL && first == second);
  ck_assert_ptr_eq(libcgo_current(&ready), first);
  ck_assert_int_eq(libcgo_detach(&ready), 0);
  ck_assert_ptr_eq(libcgo_current(&ready), NULL);
  ck_assert_int_eq(libcgo_attach(&ready, NULL), 0);
  return NULL; /* detaches by itself; valgrind and ASan see that the record is freed */
}

static uintptr_t ready_flags; /* for begin_ready */

static void begin_ready(void) {
  ck_assert_int_eq(libcgo_runtime_init(&ready, sizeof ready, libcgo_ready_ops()),
                   0);
  ready.flags = ready_flags;
  ck_assert_ptr_eq(libcgo_current(&ready), NULL); /* has no key yet */
  ck_assert_int_eq(libcgo_init_begin(&ready.init), 0);
  ck_assert_int_eq(libcgo_init_done(&ready.init), 0);
}

TEST(the_ready_hooks_attach_foreign_threads) {
  begin_ready();
  in_thread(call_ready, NULL);
  in_thread(call_ready, NULL);
  ck_assert_int_eq(libcgo_runtime_end(&ready), 0);
}

static struct libcgo_thread created = LIBCGO_THREAD_INIT;
static int seen_by_created;

static void created_main(struct libcgo_thread *thread, void *arg) {
  (void)arg;
  __atomic_store_n(&seen_by_created,
                   thread == &created && libcgo_current(&ready) == thread ? 1 : 2,
                   __ATOMIC_RELEASE);
}

static void current_main(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  __atomic_store_n((struct libcgo_thread **)arg, libcgo_current(&ready),
                   __ATOMIC_RELEASE);
}

TEST(the_ready_hooks_work_in_created_threads) {
  begin_ready();
  ck_assert_int_eq(
      libcgo_thread_create(&ready, &created, NULL, created_main, NULL, NULL), 0);
  int seen;
  while ((seen = __atomic_load_n(&seen_by_created, __ATOMIC_ACQUIRE)) == 0)
    sched_yield();
  ck_assert_int_eq(seen, 1);
}

/* With a world, too: then the key has the thread's member, and that has the record. */
static int begin_ready_world(void) {
  ready_flags = LIBCGO_WORLD;
  begin_ready();
  const int err = libcgo_world_stop(&ready, 0, NULL);
  return err == 0 ? libcgo_world_start(&ready) : err;
}

#define NEEDS_WORLD()                                                          \
  do {                                                                         \
    const int err_ = begin_ready_world();                                      \
    if (err_ == ENOTSUP)                                                       \
      SKIP("this port has no world yet");                                      \
    ck_assert_int_eq(err_, 0);                                                 \
  } while (0)

TEST(the_ready_hooks_attach_foreign_threads_in_a_world) {
  NEEDS_WORLD();
  in_thread(call_ready, NULL);
  in_thread(call_ready, NULL);
  ck_assert_int_eq(libcgo_runtime_end(&ready), 0);
}

TEST(the_ready_hooks_work_in_created_threads_in_a_world) {
  static struct libcgo_thread member = LIBCGO_THREAD_INIT;
  struct libcgo_thread *seen = NULL;
  NEEDS_WORLD();
  ck_assert_int_eq(
      libcgo_thread_create(&ready, &member, NULL, current_main, &seen, NULL), 0);
  while (__atomic_load_n(&seen, __ATOMIC_ACQUIRE) == NULL)
    sched_yield();
  ck_assert_ptr_eq(seen, &member);
}

/* ---- fork ---- */

#ifndef _WIN32
#define BEFORE 3
static pthread_key_t before[BEFORE]; /* made before the runtime's, gone at the fork */

static int compare_keys(void) {
  pthread_key_t again[BEFORE];
  for (int i = 0; i < BEFORE; i++)
    if (pthread_key_create(&again[i], NULL) != 0 || again[i] != before[i] ||
        pthread_getspecific(again[i]) != NULL)
      return 0;
  return 1;
}

static void *call_and_fork(void *arg) {
  struct libcgo_thread *thread = NULL;
  ck_assert_int_eq(libcgo_callback(&ready, note, &thread), 0);
  for (int i = 0; i < BEFORE; i++)
    ck_assert_int_eq(pthread_key_delete(before[i]), 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    struct libcgo_thread *now = NULL;
    if (libcgo_current(&ready) != thread ||
        libcgo_callback(&ready, note, &now) != 0 || now != thread)
      _exit(1);
    if (*(int *)arg && !compare_keys())
      _exit(2);
    if (libcgo_detach(&ready) != 0 || libcgo_current(&ready) != NULL)
      _exit(3);
    in_thread(call_ready, NULL);
    _exit(libcgo_runtime_end(&ready) == 0 ? 0 : 4);
  }
  int status = -1;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  return NULL;
}

static void fork_with_free_keys(void) {
#ifdef __GLIBC__ /* which gives the lowest key that is free */
  int lowest_first = 1;
#else
  int lowest_first = 0;
#endif
  if (UNDER_TSAN)
    SKIP("the thread sanitizer lets no child of several threads start one");
  in_thread(call_and_fork, &lowest_first);
  ck_assert_int_eq(libcgo_runtime_end(&ready), 0);
}

static void make_keys(void) {
  for (int i = 0; i < BEFORE; i++)
    ck_assert_int_eq(pthread_key_create(&before[i], NULL), 0);
}

TEST(a_forked_child_finds_the_record_of_its_thread) {
  make_keys();
  begin_ready();
  fork_with_free_keys();
}

TEST(a_forked_child_finds_the_record_of_its_thread_in_a_world) {
  make_keys();
  NEEDS_WORLD();
  fork_with_free_keys();
}
#endif

/* ---- LIBCGO_DEFINE_RUNTIME ---- */

struct worker {
  struct libcgo_thread thread;
  int calls;
  int attached;
};

static int attaches, detaches, refuse;

static int attach_worker(struct worker *worker);
static void detach_worker(struct worker *worker);

LIBCGO_DEFINE_RUNTIME(border, struct worker, attach_worker, detach_worker);
LIBCGO_DEFINE_RUNTIME(plain, struct worker, NULL, NULL);

static int attach_worker(struct worker *worker) {
  ck_assert_ptr_eq(border_self(), worker);
  ck_assert_int_eq(worker->calls, 0);
  worker->attached = 1;
  attaches++;
  return refuse;
}

static void detach_worker(struct worker *worker) {
  ck_assert_ptr_eq(border_self(), worker);
  ck_assert_int_eq(worker->attached, 1);
  __atomic_fetch_add(&detaches, 1, __ATOMIC_RELEASE);
}

static void count(struct libcgo_thread *thread, void *arg) {
  struct worker *const worker = (struct worker *)thread;
  (void)arg;
  worker->calls++;
}

static void *call_border(void *arg) {
  (void)arg;
  ck_assert_ptr_eq(border_self(), NULL);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(libcgo_callback(&border, count, NULL), 0);
  ck_assert_int_eq(libcgo_callback(&plain, count, NULL), 0);
  ck_assert_int_eq(border_self()->calls, 3);
  ck_assert_int_eq(plain_self()->calls, 1);
  return NULL;
}

TEST(a_defined_runtime_needs_no_start_up_and_attaches_once) {
  in_thread(call_border, NULL);
  ck_assert_int_eq(attaches, 1);
  ck_assert_int_eq(detaches, 1);
  in_thread(call_border, NULL);
  ck_assert_int_eq(attaches, 2);
  ck_assert_int_eq(detaches, 2);
  ck_assert_int_eq(libcgo_init_begin(&border.init), EALREADY);
}

static void *be_refused(void *arg) {
  (void)arg;
  ck_assert_int_eq(libcgo_callback(&border, count, NULL), EPROTO);
  ck_assert_ptr_eq(border_self(), NULL);
  ck_assert_int_eq(libcgo_attach(&border, NULL), EPROTO);
  return NULL;
}

TEST(attach_can_refuse_a_thread_of_a_defined_runtime) {
  attaches = detaches = 0;
  refuse = 1;
  in_thread(be_refused, NULL);
  refuse = 0;
  ck_assert_int_eq(attaches, 2);
  ck_assert_int_eq(detaches, 0);
}

static struct worker created_worker = {LIBCGO_THREAD_INIT, 0, 0};

TEST(a_created_thread_of_a_defined_runtime_is_detached_as_its_last_act) {
  attaches = detaches = 0;
  ck_assert_int_eq(libcgo_thread_create(&border, &created_worker.thread, NULL,
                                        count, NULL, NULL),
                   0);
  while (__atomic_load_n(&detaches, __ATOMIC_ACQUIRE) == 0)
    sched_yield();
  ck_assert_int_eq(attaches, 1);
  ck_assert_int_eq(created_worker.calls, 1);
}

static void *call_starting(void *arg) {
  int *const err = arg;
  *err = libcgo_callback(&plain, count, NULL);
  return NULL;
}

TEST(a_defined_runtime_may_have_a_start_up_all_the_same) {
  int err = 0;
  plain.init = (struct libcgo_init)LIBCGO_INIT;
  in_thread(call_starting, &err);
  ck_assert_int_eq(err, EPERM);
  ck_assert_int_eq(libcgo_init_begin(&plain.init), 0);
  ck_assert_int_eq(libcgo_init_done(&plain.init), 0);
  in_thread(call_starting, &err);
  ck_assert_int_eq(err, 0);
}

/* A record with a line of the cache for itself, and names that the macro might have. */
struct wide {
  struct libcgo_thread thread;
  _Alignas(256) char line[256];
};
static int hook_calls;
static int hook(struct wide *record) {
  hook_calls++;
  return (uintptr_t)record % _Alignof(struct wide) != 0 ||
         record->line[0] != 0 || record->line[255]++ != 0;
}
static void thread(struct wide *record) { hook_calls += record->line[255]; }
LIBCGO_DEFINE_RUNTIME(wide, struct wide, hook, thread);

static void look(struct libcgo_thread *thread, void *arg) {
  *(int *)arg = (void *)thread == (void *)wide_self() ? 0 : -1;
}
static void *call_wide(void *arg) {
  if (libcgo_callback(&wide, look, arg) != 0)
    *(int *)arg = -3;
  return NULL;
}

TEST(a_record_of_a_defined_runtime_is_aligned_as_its_type) {
  hook_calls = 0;
  for (int i = 0; i < 8; i++) {
    int err = -2;
    in_thread(call_wide, &err);
    ck_assert_int_eq(err, 0);
  }
  ck_assert_int_eq(hook_calls, 16);
}

int main(void) {
  suite_begin("hooks");
  ADD_TEST(libcgo_thread_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_ops_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_runtime_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_init_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_thread_attr_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_limit_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_stack_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_handle_table_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_mailbox_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_symbol_init_makes_what_the_macro_makes);
  ADD_TEST(libcgo_traceback_ops_init_makes_what_the_macro_makes);
#ifndef _WIN32
  ADD_TEST(libcgo_context_init_makes_what_the_macro_makes);
#endif
  ADD_TEST(the_ready_hooks_attach_foreign_threads);
  ADD_TEST(the_ready_hooks_work_in_created_threads);
  ADD_TEST(the_ready_hooks_attach_foreign_threads_in_a_world);
  ADD_TEST(the_ready_hooks_work_in_created_threads_in_a_world);
#ifndef _WIN32
  ADD_TEST(a_forked_child_finds_the_record_of_its_thread);
  ADD_TEST(a_forked_child_finds_the_record_of_its_thread_in_a_world);
#endif
  ADD_TEST(a_defined_runtime_needs_no_start_up_and_attaches_once);
  ADD_TEST(attach_can_refuse_a_thread_of_a_defined_runtime);
  ADD_TEST(a_created_thread_of_a_defined_runtime_is_detached_as_its_last_act);
  ADD_TEST(a_defined_runtime_may_have_a_start_up_all_the_same);
  ADD_TEST(a_record_of_a_defined_runtime_is_aligned_as_its_type);
  return suite_run();
}
