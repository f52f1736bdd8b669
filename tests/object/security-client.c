/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Has the library make each kind of memory that it makes, and prints the mappings of
 * the process that can be written and executed; with the argument "read-only", from a
 * record that nobody can write to. For tests/object/security.sh.
 */
#include <libcgo.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static __thread struct libcgo_thread *current_thread;

static void enter(struct libcgo_thread *thread) { current_thread = thread; }
static void leave(struct libcgo_thread *thread) {
  (void)thread;
  current_thread = NULL;
}
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  static const struct libcgo_thread fresh = LIBCGO_THREAD_INIT;
  struct libcgo_thread *thread = malloc(sizeof *thread);
  (void)runtime;
  if (thread != NULL)
    *thread = fresh;
  return thread;
}
static void release(struct libcgo_thread *thread) { free(thread); }
static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return current_thread;
}

static const struct libcgo_ops ops = {
    .size = sizeof ops,
    .version = LIBCGO_RECORD_VERSION,
    .enter = enter,
    .leave = leave,
    .acquire = acquire,
    .release = release,
    .current = current,
};
static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;

/* The runtime's record, in memory of its own. */
static struct libcgo_runtime *runtime;

static int found;

static uintptr_t print_mappings(void *arg) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  int lines = 0;
  (void)arg;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    const char *rights = strchr(line, ' ');
    lines++;
    if (rights != NULL && rights[2] == 'w' && rights[3] == 'x') {
      fputs(line, stdout);
      found++;
    }
  }
  if (maps == NULL || lines < 5) {
    puts("no mappings to be read");
    found++;
  }
  if (maps != NULL)
    fclose(maps);
  return 0;
}

static uintptr_t on_stack(void *thread) {
  return libcgo_call_on_system(thread, print_mappings, NULL);
}

static void on_thread(struct libcgo_thread *thread, void *arg) {
  struct libcgo_stack stack;
  uintptr_t handle;
  (void)arg;
  if (libcgo_stack_map(&stack, 64 << 10) != 0 ||
      libcgo_handle_new(&table, &table, &handle) != 0)
    exit(1);
  libcgo_call_on_stack(thread, &stack, on_stack, thread);
  libcgo_stack_unmap(&stack);
}

static void call_back(void) {
  if (libcgo_callback(runtime, on_thread, NULL) != 0)
    exit(1);
}

static void *foreign(void *arg) {
  call_back();
  return arg;
}

static void on_foreign_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, foreign, NULL) != 0 ||
      pthread_join(thread, NULL) != 0)
    exit(1);
}

static void started(struct libcgo_thread *thread, void *done) {
  on_thread(thread, NULL);
  __atomic_store_n((int *)done, 1, __ATOMIC_RELEASE);
}

int main(int argc, char **argv) {
  static const struct libcgo_runtime fresh = LIBCGO_RUNTIME_INIT(&ops);
  static struct libcgo_thread thread = LIBCGO_THREAD_INIT;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  int done = 0;
  runtime = mmap(NULL, page, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (runtime == MAP_FAILED)
    return 1;
  *runtime = fresh;
  runtime->signal_stack_size = 1 << 16;
  if (libcgo_init_begin(&runtime->init) != 0 ||
      libcgo_init_done(&runtime->init) != 0)
    return 1;
  on_foreign_thread();
  const int read_only = argc > 1 && strcmp(argv[1], "read-only") == 0;
  if (read_only && mprotect(runtime, page, PROT_READ) != 0)
    return 1;
  on_foreign_thread();
  call_back();
  if (libcgo_thread_create(runtime, &thread, NULL, started, &done, NULL) != 0)
    return 1;
  while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
    sched_yield();
  printf("%d mappings\n", found);
  return !read_only && found != 0;
}
