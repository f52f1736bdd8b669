/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * soak SECONDS CLIENT: all at once, for so long. Threads of the runtime and of others come and
 * go, call back, run on small stacks, are cancelled; the process forks, loads and unloads an
 * object with a runtime of its own; signals come at any moment, and their handlers call back;
 * a world is stopped and started.
 *
 * The time is cut into rounds. At the end of each, all threads have ended, and the process is
 * measured: resident memory, mappings, file descriptors, the first thread key that is free.
 * The last rounds must not have more than the third. The last line has the figures.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <libcgo.h>
#include <libcgo/world.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum counted {
  created,
  foreign,
  cancelled,
  left, /* by pthread_exit */
  callbacks,
  forks,
  loads,
  signals,
  in_handlers,
  stops,
  kinds
};
static const char *const names[kinds] = {
    "threads created",      "foreign threads", "of them cancelled",
    "left by pthread_exit", "callbacks",       "forks",
    "loads of a client",    "signals",         "callbacks in handlers",
    "stops of the world"};
static unsigned long long counts[kinds];
static int go_on, alive; /* alive: threads that the library has started */
static const char *client_name;

static void count(enum counted what) {
  __atomic_add_fetch(&counts[what], 1, __ATOMIC_RELAXED);
}
static int get(int *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
static void add(int *word, int n) {
  __atomic_add_fetch(word, n, __ATOMIC_SEQ_CST);
}

static _Noreturn void fail(const char *what, int err) {
  fprintf(stderr, "soak: %s: %s\n", what, strerror(err));
  _exit(1);
}
#define MUST(call)                                                             \
  do {                                                                         \
    const int err_ = call;                                                     \
    if (err_ != 0)                                                             \
      fail(#call, err_);                                                       \
  } while (0)

static unsigned long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long long)t.tv_sec * 1000 + (unsigned)(t.tv_nsec / 1000000);
}
static unsigned draw(unsigned *state) {
  *state = *state * 1664525 + 1013904223;
  return *state >> 8;
}

/* ---- two runtimes, one with a world ---- */

struct record {
  struct libcgo_thread thread;
  int own; /* made for libcgo_thread_create */
};
static _Thread_local struct libcgo_thread *self[2];
static struct libcgo_runtime runtime, world;

static int which(const struct libcgo_runtime *r) { return r == &world; }
static void enter(struct libcgo_thread *t) {
  if (self[which(t->runtime)] != NULL)
    fail("enter of a thread that has a record", EEXIST);
  self[which(t->runtime)] = t;
}
static void leave(struct libcgo_thread *t) {
  if (self[which(t->runtime)] != t)
    fail("leave of another record", EINVAL);
  self[which(t->runtime)] = NULL;
  if (((struct record *)t)->own) {
    memset(t, 0x5a, sizeof(struct record));
    free(t);
    add(&alive, -1);
  }
}
static struct libcgo_thread *new_record(int own) {
  struct record *r = malloc(sizeof *r);
  if (r == NULL)
    fail("malloc", ENOMEM);
  *r = (struct record){LIBCGO_THREAD_INIT, own};
  return &r->thread;
}
static struct libcgo_thread *acquire(struct libcgo_runtime *r) {
  (void)r;
  return new_record(0);
}
static void release(struct libcgo_thread *t) {
  memset(t, 0x5a, sizeof(struct record));
  free(t);
}
static struct libcgo_thread *current(const struct libcgo_runtime *r) {
  return self[which(r)];
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);

/* ---- what threads do ---- */

static uintptr_t in_c(void *arg) { return (uintptr_t)arg + 1; }
static uintptr_t on_small(void *arg) {
  struct libcgo_bounds bounds;
  MUST(libcgo_stack_bounds(arg, &bounds));
  if (bounds.kind != LIBCGO_STACK_SMALL)
    fail("the kind of a small stack", EINVAL);
  return libcgo_call_on_system(arg, in_c, (void *)6);
}
static void work(struct libcgo_thread *t, void *arg) {
  struct libcgo_stack stack;
  (void)arg;
  count(callbacks);
  MUST(libcgo_stack_map(&stack, 65536));
  if (libcgo_call_on_stack(t, &stack, on_small, t) != 7)
    fail("a call on a small stack", EINVAL);
  MUST(libcgo_stack_unmap(&stack));
}
static void work_in_world(struct libcgo_thread *t, void *arg) {
  (void)arg;
  count(callbacks);
  for (int i = 0; i < 20; i++) {
    libcgo_safepoint(t);
    if (libcgo_call_parked(t, in_c, (void *)1) != 2)
      fail("a parked call", EINVAL);
  }
}
static void work_and_leave(struct libcgo_thread *t, void *arg) {
  work(t, arg);
  count(left);
  pthread_exit(NULL);
}
static void until_cancelled(struct libcgo_thread *t, void *arg) {
  work(t, NULL);
  add(arg, 1);
  for (;;) {
    pthread_testcancel();
    sched_yield();
  }
}

/* ---- workers: each goes on until the round is over ---- */

static void create(struct libcgo_runtime *r, libcgo_thread_fn fn) {
  struct libcgo_thread *t = new_record(1);
  add(&alive, 1);
  const int err = libcgo_thread_create(r, t, NULL, fn, NULL, NULL);
  if (err != 0)
    fail("libcgo_thread_create", err);
  count(created);
}
static void *creator(void *arg) {
  unsigned state = (unsigned)(uintptr_t)arg;
  while (get(&go_on)) {
    while (get(&alive) > 20)
      sched_yield();
    switch (draw(&state) % 4) {
    case 0:
      create(&runtime, work_and_leave);
      break;
    case 1:
      create(&world, work_in_world);
      break;
    default:
      create(&runtime, work);
    }
  }
  return NULL;
}

static void *come_and_go(void *arg) {
  unsigned state = (unsigned)(uintptr_t)arg;
  for (unsigned n = draw(&state) % 4 + 1; n > 0; n--) {
    MUST(libcgo_callback(&runtime, work, NULL));
    if (draw(&state) % 3 == 0)
      MUST(libcgo_detach(&runtime));
    if (draw(&state) % 3 == 0)
      MUST(libcgo_callback(&world, work_in_world, NULL));
  }
  return NULL;
}
static void *foreigner(void *arg) {
  unsigned state = (unsigned)(uintptr_t)arg;
  while (get(&go_on)) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
      MUST(pthread_create(&threads[i], NULL, come_and_go,
                          (void *)(uintptr_t)draw(&state)));
    for (int i = 0; i < 3; i++) {
      pthread_join(threads[i], NULL);
      count(foreign);
    }
  }
  return NULL;
}

static void *wait_for_the_end(void *ready) {
  const int err = libcgo_callback(&runtime, until_cancelled, ready);
  fail("a thread that was to be cancelled", err);
}
static void *canceller(void *arg) {
  enum { at_once = 6 };
  while (get(&go_on)) {
    pthread_t threads[at_once];
    int ready = 0;
    for (int i = 0; i < at_once; i++)
      MUST(pthread_create(&threads[i], NULL, wait_for_the_end, &ready));
    while (get(&ready) < at_once)
      sched_yield();
    for (int i = 0; i < at_once; i++)
      pthread_cancel(threads[i]);
    for (int i = 0; i < at_once; i++) {
      void *result = NULL;
      pthread_join(threads[i], &result);
      if (result != PTHREAD_CANCELED)
        fail("a cancelled thread", EINVAL);
      count(foreign);
      count(cancelled);
    }
  }
  return arg;
}

static void in_child(void) {
  static int child_threads;
  alarm(60);
  child_threads = get(&alive);
  MUST(libcgo_callback(&runtime, work, NULL));
  create(&runtime, work);
  while (get(&alive) > child_threads)
    sched_yield();
  MUST(libcgo_callback(&world, work_in_world, NULL));
  MUST(libcgo_detach(&runtime));
  _exit(0);
}
/* musl before 1.2.4: a child of fork hangs where its threads end if another thread made or
 * deleted a thread-specific key at that moment, as init and end of a runtime do. It does so
 * without this library, too. */
#ifdef __GLIBC__
static void lock_keys(void) {}
static void unlock_keys(void) {}
#else
static pthread_mutex_t keys = PTHREAD_MUTEX_INITIALIZER;
static void lock_keys(void) { pthread_mutex_lock(&keys); }
static void unlock_keys(void) { pthread_mutex_unlock(&keys); }
#endif

static void *forker(void *arg) {
  unsigned state = (unsigned)(uintptr_t)arg;
  while (get(&go_on)) {
    if (draw(&state) % 2 == 0) /* with a record, or without */
      MUST(libcgo_callback(&runtime, work, NULL));
    lock_keys();
    const pid_t child = fork();
    if (child != 0)
      unlock_keys();
    if (child < 0)
      fail("fork", errno);
    if (child == 0)
      in_child();
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
      ;
    if (status != 0) {
      fprintf(stderr, "soak: a child has ended with status %#x\n", status);
      _exit(1);
    }
    count(forks);
  }
  return NULL;
}

static void *loader(void *arg) {
  while (get(&go_on)) {
    int calls = 0;
    lock_keys();
    void *const object = dlopen(client_name, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
      fprintf(stderr, "soak: %s\n", dlerror());
      _exit(1);
    }
    int (*use)(int *);
    *(void **)&use = dlsym(object, "client_use");
    MUST(use(&calls));
    dlclose(object);
    unlock_keys();
    count(loads);
  }
  return arg;
}

static void count_in_handler(struct libcgo_thread *t, void *arg) {
  (void)t;
  (void)arg;
  count(in_handlers);
}
static void handler(int sig) {
  const int before = errno;
  (void)sig;
  if (self[0] != NULL)
    MUST(libcgo_callback(&runtime, count_in_handler, NULL));
  errno = before;
}
static void *signaller(void *arg) {
  sigset_t own;
  sigemptyset(&own);
  sigaddset(&own, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &own, NULL);
  while (get(&go_on)) {
    kill(getpid(), SIGUSR1);
    count(signals);
    const struct timespec pause = {0, 200000};
    nanosleep(&pause, NULL);
  }
  return arg;
}

static int visit(struct libcgo_thread *t, void *arg) {
  (void)t;
  ++*(int *)arg;
  return 0;
}
static void *stopper(void *arg) {
  while (get(&go_on)) {
    int seen = 0;
    MUST(libcgo_world_stop(&world, UINT64_MAX, NULL));
    MUST(libcgo_threads_visit(&world, visit, &seen));
    MUST(libcgo_world_start(&world));
    count(stops);
    sched_yield();
  }
  return arg;
}

/* ---- measures ---- */

struct measure {
  long resident; /* KiB */
  long mappings;
  long files;
  long key;
};
static int count_threads(void) {
  int n = 0;
  DIR *const d = opendir("/proc/self/task");
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
    n += e->d_name[0] != '.';
  if (d != NULL)
    closedir(d);
  return n;
}
static struct measure take_measure(void) {
  struct measure m = {0, 0, 0, 0};
  char line[512];
  FILE *f = fopen("/proc/self/status", "r");
  while (f != NULL && fgets(line, sizeof line, f) != NULL)
    sscanf(line, "VmRSS: %ld", &m.resident);
  if (f != NULL)
    fclose(f);
  f = fopen("/proc/self/maps", "r");
  while (f != NULL && fgets(line, sizeof line, f) != NULL)
    m.mappings++;
  if (f != NULL)
    fclose(f);
  DIR *const d = opendir("/proc/self/fd");
  while (d != NULL && readdir(d) != NULL)
    m.files++;
  if (d != NULL)
    closedir(d);
#ifdef __GLIBC__ /* which gives the lowest one; musl goes round */
  pthread_key_t key;
  MUST(pthread_key_create(&key, NULL));
  m.key = (long)key;
  pthread_key_delete(key);
#endif
  return m;
}

static struct measure run_round(unsigned long long ms, unsigned round) {
  static void *(*const workers[])(void *) = {creator,   creator,   foreigner,
                                             foreigner, canceller, forker,
                                             loader,    signaller, stopper};
  enum { many = sizeof workers / sizeof *workers };
  pthread_t threads[many];
  const unsigned long long end = now_ms() + ms;
  __atomic_store_n(&go_on, 1, __ATOMIC_SEQ_CST);
  for (unsigned i = 0; i < many; i++)
    MUST(pthread_create(&threads[i], NULL, workers[i],
                        (void *)(uintptr_t)(round * many + i + 1)));
  while (now_ms() < end) {
    const struct timespec pause = {0, 20000000};
    nanosleep(&pause, NULL);
  }
  __atomic_store_n(&go_on, 0, __ATOMIC_SEQ_CST);
  for (unsigned i = 0; i < many; i++)
    pthread_join(threads[i], NULL);
  while (get(&alive) > 0 || count_threads() > 1)
    sched_yield();
  return take_measure();
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  const unsigned long long begin = now_ms();
  const unsigned long long ms = strtoull(argv[1], NULL, 10) * 1000;
  enum { warm = 3, least = 6 };
  const unsigned long long each = ms / least < 10000 ? ms / least : 10000;
  client_name = argv[2];
  runtime = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  runtime.init = (struct libcgo_init)LIBCGO_INIT_READY;
  runtime.signal_stack_size = 32768;
  world = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  world.init = (struct libcgo_init)LIBCGO_INIT_READY;
  world.flags = LIBCGO_WORLD;
  struct sigaction action = {.sa_handler = handler,
                             .sa_flags = SA_RESTART | SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  struct measure first = {0, 0, 0, 0}, last = first;
  unsigned rounds = 0;
  while (rounds < least || now_ms() - begin < ms) {
    last = run_round(each, rounds++);
    if (rounds == warm)
      first = last;
  }
  /* The C library keeps stacks and arenas: more in one round than in another. */
  const int grows = last.resident > first.resident * 3 / 2 + 4096 ||
                    last.mappings > first.mappings + 64 ||
                    last.files != first.files || last.key != first.key;
  printf("%llu s, %u rounds", (now_ms() - begin) / 1000, rounds);
  for (int i = 0; i < kinds; i++)
    printf(", %llu %s", counts[i], names[i]);
  printf("; from round %d to the last one: resident %ld to %ld KiB, mappings %ld to "
         "%ld, file descriptors %ld to %ld, first free thread key %ld to %ld\n",
         warm, first.resident, last.resident, first.mappings, last.mappings,
         first.files, last.files, first.key, last.key);
  if (grows)
    fprintf(stderr, "soak: something grows\n");
  return grows;
}
