/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * squeeze - a small language runtime on libcgo's classic face
 *
 * It deflates every regular file below the given paths and prints how many
 * bytes that would save. It does not change the files.
 *
 * The program has two parts, like every process with a language runtime:
 *
 *   C            glibc, zlib and c_side.c. They know nothing of tasks.
 *   the runtime  this file: a scheduler (one queue) and its worker threads.
 *                Each thread has a record m, each task a record g. All code
 *                here finds both in the slots (slots.h).
 *
 * Calls go over the border between the two
 *
 *   to C         in one function, call_c, which first checks the stack bounds
 *                that libcgo wrote into g.
 *   from C       through crosscall2: nftw(3) passes each file that it finds,
 *                and zlib asks for memory. libcgo also calls the runtime, on
 *                each thread that libcgo_thread_start starts.
 *
 * There is no global state. nftw passes no data of its caller's to the
 * callback, but the callback finds the runtime, because m is in the slot.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libcgo.h>

#include "c_side.h"
#include "slots.h"

/* Reserves the slots of g and m. It must stand in the executable. */
LIBCGO_RESERVE_SLOTS;

enum {
  block_bytes = 64 * 1024,   /* files are read in blocks of this size */
  c_stack_bytes = 32 * 1024, /* what C may need of the stack */
  queue_slots = 256,         /* files that wait for a worker */
  most_threads = 256,        /* with -l each has 3 descriptors; below 1024 */
  progress_ms = 100,
};

struct runtime;

/* What g points to: one task. libcgo writes the bounds of the stack into its
   first two words before the task runs. */
struct task {
  struct libcgo_g g;
  uint64_t files, bytes, deflated; /* so far: read, and what zlib made of it */
  uint32_t crc;                    /* CRC-32 of all files read, as one stream */
  int names_fd, gz_fd;             /* the logs of -l, or -1 */
  unsigned char *in;               /* one block; deflate.out is another */
  struct deflate_call deflate;
};
_Static_assert(offsetof(struct task, g) == 0, "g and its task are one address");

/* What m points to: one thread. */
struct machine {
  struct runtime *runtime;
  unsigned id; /* 0 is the initial thread */
  uint64_t calls_to_c, calls_from_c;
};

struct worker {
  struct task task;
  struct machine machine;
};

/* The scheduler. Its lock guards all that threads share, and standard error. */
struct runtime {
  pthread_mutex_t lock;
  pthread_cond_t work; /* the queue has grown, or the walk has ended */
  pthread_cond_t news; /* for the initial thread: room, or a worker ended */
  char *queue[queue_slots];
  unsigned first, queued;
  bool walked; /* nothing more will be queued */
  unsigned running;
  uint64_t files, bytes, unreadable;
  bool terminal; /* show progress */
  uint64_t started_ms, shown_ms;
  const char *log_dir; /* or NULL */
  struct stat log_dir_stat;
};

static _Noreturn __attribute__((__format__(__printf__, 1, 2))) void
fatal(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("squeeze: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  _exit(1); /* not exit: other threads still run */
}

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the border, to C ---- */

static void call_c(void (*fn)(void *), void *args) {
  const struct libcgo_g *g = current_g();
  struct machine *m = current_m();
  const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (here > g->stackbase || here < g->stackguard + c_stack_bytes)
    fatal("thread %u: %u bytes of stack are not left for C", m->id,
          (unsigned)c_stack_bytes);
  m->calls_to_c++;
  fn(args);
}

/* Returns NULL if there is no memory. */
static void *try_malloc(size_t n) {
  struct libcgo_malloc_args args = {.n = (long long)n};
  call_c(_cgo_malloc, &args);
  return args.ret;
}

static void *runtime_malloc(size_t n) {
  void *p = try_malloc(n);
  if (p == NULL)
    fatal("no memory for %zu bytes", n);
  return p;
}

static void runtime_free(void *p) {
  struct libcgo_free_args args = {p};
  call_c(_cgo_free, &args);
}

/* ---- the border, from C: zlib asks for memory ---- */

static struct machine *enter_from_c(void) {
  struct machine *m = current_m();
  m->calls_from_c++;
  return m;
}

/* Crossings nest: the runtime has called zlib, zlib calls the runtime, and the
   runtime calls _cgo_malloc. */
void runtime_alloc(void *arg, int32_t size) {
  struct alloc_call *call = arg;
  (void)size;
  enter_from_c();
  call->ret = try_malloc(call->n);
}

void runtime_release(void *arg, int32_t size) {
  (void)size;
  enter_from_c();
  runtime_free(arg);
}

/* ---- the progress display; the caller holds the lock ---- */

static void clear_progress(const struct runtime *rt) {
  if (rt->terminal)
    fputs("\r\033[K", stderr);
}

static void show_progress(struct runtime *rt) {
  const uint64_t now = now_ms();
  if (!rt->terminal || now - rt->shown_ms < progress_ms)
    return;
  rt->shown_ms = now;
  clear_progress(rt);
  fprintf(stderr, "%" PRIu64 " files, %.1f MB, %.1f s", rt->files,
          (double)rt->bytes / 1e6, (double)(now - rt->started_ms) / 1e3);
}

/* Takes the lock itself. */
static void unreadable(struct runtime *rt, const char *path, const char *why) {
  pthread_mutex_lock(&rt->lock);
  rt->unreadable++;
  clear_progress(rt);
  fputs("squeeze: ", stderr);
  for (const char *c = path; *c != '\0'; c++) /* a name may hold anything */
    fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, stderr);
  fprintf(stderr, ": %s\n", why);
  pthread_mutex_unlock(&rt->lock);
}

/* ---- the scheduler ---- */

/* The initial thread waits for the workers here. It holds the lock. */
static void wait_for_news(struct runtime *rt) {
  if (!rt->terminal) {
    pthread_cond_wait(&rt->news, &rt->lock);
    return;
  }
  const uint64_t until = now_ms() + progress_ms;
  const struct timespec t = {.tv_sec = (time_t)(until / 1000),
                             .tv_nsec = (long)(until % 1000) * 1000000};
  pthread_cond_timedwait(&rt->news, &rt->lock, &t);
  show_progress(rt);
}

static void enqueue(struct runtime *rt, const char *path) {
  const size_t n = strlen(path) + 1;
  char *copy = runtime_malloc(n);
  memcpy(copy, path, n);
  pthread_mutex_lock(&rt->lock);
  while (rt->queued == queue_slots)
    wait_for_news(rt);
  rt->queue[(rt->first + rt->queued++) % queue_slots] = copy;
  pthread_cond_signal(&rt->work);
  show_progress(rt);
  pthread_mutex_unlock(&rt->lock);
}

/* The caller frees the path. NULL: nothing is left to do. */
static char *dequeue(struct runtime *rt) {
  char *path = NULL;
  pthread_mutex_lock(&rt->lock);
  while (rt->queued == 0 && !rt->walked)
    pthread_cond_wait(&rt->work, &rt->lock);
  if (rt->queued > 0) {
    path = rt->queue[rt->first];
    rt->first = (rt->first + 1) % queue_slots;
    rt->queued--;
    pthread_cond_signal(&rt->news);
  }
  pthread_mutex_unlock(&rt->lock);
  return path;
}

static void add_progress(struct runtime *rt, uint64_t files, uint64_t bytes) {
  pthread_mutex_lock(&rt->lock);
  rt->files += files;
  rt->bytes += bytes;
  pthread_mutex_unlock(&rt->lock);
}

/* ---- a worker's task ---- */

static void log_call(void (*fn)(void *), const char *what, int fd,
                     const void *data, size_t n) {
  const struct machine *m = current_m();
  struct io_call call = {.fd = fd, .data = (void *)data, .n = n};
  if (fd < 0)
    return;
  call_c(fn, &call);
  if (call.err != 0)
    fatal("%s/%u.%s: %s", m->runtime->log_dir, m->id, what, strerror(call.err));
}

static void call_zlib(void (*fn)(void *), struct deflate_call *call) {
  call_c(fn, call);
  if (call->status != Z_OK && call->status != Z_STREAM_END &&
      call->status != Z_BUF_ERROR) /* no progress: not an error */
    fatal("zlib: %s", zError(call->status));
}

/* Passes a block to zlib. Returns how many bytes came out. */
static uint64_t deflate_block(struct task *t, size_t n) {
  struct deflate_call *call = &t->deflate;
  uint64_t made = 0;
  call->z.next_in = t->in;
  call->z.avail_in = (unsigned)n;
  call->flush = n > 0 ? Z_NO_FLUSH : Z_FINISH;
  call_c(c_crc, call);
  do {
    call_zlib(c_deflate, call);
    log_call(c_write, "gz", t->gz_fd, call->out, call->made);
    made += call->made;
  } while (call->made == block_bytes);
  return made;
}

static void squeeze_file(struct task *t, const char *path) {
  struct runtime *rt = ((struct machine *)current_m())->runtime;
  struct open_call file = {.path = path};
  call_c(c_open, &file);
  if (file.fd < 0) {
    unreadable(rt, path,
               file.err != 0 ? strerror(file.err)
                             : "not a regular file any more");
    return;
  }

  struct io_call in = {.fd = file.fd, .data = t->in};
  uint64_t bytes = 0, made = 0;
  /* A file may grow while it is read: stop at the size that it had. Files in
     /proc have size 0: read them to the end. */
  const uint64_t most = file.size > 0 ? (uint64_t)file.size : UINT64_MAX;
  call_zlib(c_deflate_reset, &t->deflate);
  do {
    in.n = most - bytes < block_bytes ? (size_t)(most - bytes) : block_bytes;
    call_c(c_read, &in);
    if (in.err != 0)
      break;
    bytes += in.done;
    made += deflate_block(t, in.done);
    add_progress(rt, in.done == 0, in.done);
  } while (in.done > 0);
  call_c(c_close, &file.fd);

  if (in.err != 0) { /* undo what was logged */
    log_call(c_truncate, "gz", t->gz_fd, NULL, (size_t)t->deflated);
    unreadable(rt, path, strerror(in.err));
    return;
  }
  log_call(c_write, "files", t->names_fd, path, strlen(path) + 1);
  t->files++;
  t->bytes += bytes;
  t->deflated += made;
  t->crc = (uint32_t)crc32_combine(t->crc, t->deflate.crc, (z_off_t)bytes);
}

/* libcgo calls this on a new thread. It has no argument: the slots have the
   task and the thread. */
static void worker_main(void) {
  struct task *t = (struct task *)current_g();
  struct runtime *rt = enter_from_c()->runtime;

  t->in = runtime_malloc(block_bytes);
  t->deflate.out = runtime_malloc(block_bytes);
  t->deflate.out_bytes = block_bytes;
  call_zlib(c_deflate_init, &t->deflate);
  for (char *path; (path = dequeue(rt)) != NULL; runtime_free(path))
    squeeze_file(t, path);
  call_c(c_deflate_end, &t->deflate);
  runtime_free(t->deflate.out);
  runtime_free(t->in);

  /* The thread is detached, so the runtime itself counts those that have ended.
     The worker's records may be freed as soon as the lock is released. */
  pthread_mutex_lock(&rt->lock);
  rt->running--;
  pthread_cond_signal(&rt->news);
  pthread_mutex_unlock(&rt->lock);
}

/* ---- the border, from C: nftw has found something ---- */

void runtime_found(void *arg, int32_t size) {
  struct found_call *call = arg;
  struct runtime *rt = enter_from_c()->runtime;
  (void)size;
  call->action = FTW_CONTINUE;
  switch (call->type) {
  case FTW_F: /* neither a directory nor a symbolic link */
    if (S_ISREG(call->st->st_mode))
      enqueue(rt, call->path);
    break;
  case FTW_D: /* leave out the output of -l */
    if (rt->log_dir != NULL && call->st->st_dev == rt->log_dir_stat.st_dev &&
        call->st->st_ino == rt->log_dir_stat.st_ino)
      call->action = FTW_SKIP_SUBTREE;
    break;
  case FTW_SL:
    if (call->level == 0)
      unreadable(rt, call->path, "a symbolic link, not followed");
    break;
  case FTW_DNR:
  case FTW_NS:
    unreadable(rt, call->path, strerror(call->err));
    break;
  }
}

/* ---- the initial thread ---- */

/* In the classic face the runtime sets the bounds of the initial thread itself.
   They begin at main's frame. The stack can grow up to a limit; the arguments
   and the environment lie above main and take at most a quarter of it. */
static void set_own_bounds(struct libcgo_g *g, const void *main_frame) {
  struct rlimit limit;
  rlim_t size = 8 << 20;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < size)
    size = limit.rlim_cur;
  g->stackbase = (uintptr_t)main_frame;
  g->stackguard = g->stackbase - (uintptr_t)(size / 4 * 3);
}

static int open_log(const struct runtime *rt, unsigned id, const char *what) {
  char path[4096];
  if (rt->log_dir == NULL)
    return -1;
  if (snprintf(path, sizeof path, "%s/%u.%s", rt->log_dir, id, what) >=
      (int)sizeof path)
    fatal("%s: %s", rt->log_dir, strerror(ENAMETOOLONG));
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0)
    fatal("%s: %s", path, strerror(errno));
  return fd;
}

static void finish_logs(const struct runtime *rt, const struct worker *w) {
  const struct task *t = &w->task;
  if (rt->log_dir == NULL)
    return;
  int fd = open_log(rt, w->machine.id, "sums");
  if (dprintf(fd,
              "files %" PRIu64 "\nbytes %" PRIu64 "\ncrc32 %08" PRIx32
              "\ndeflated %" PRIu64 "\n",
              t->files, t->bytes, t->crc, t->deflated) < 0 ||
      close(fd) != 0 || close(t->names_fd) != 0 || close(t->gz_fd) != 0)
    fatal("%s/%u.*: %s", rt->log_dir, w->machine.id, strerror(errno));
}

static void usage(FILE *to) {
  fputs("usage: squeeze [-j THREADS] [-l DIR] [--] PATH...\n"
        "Deflates every regular file below each PATH, and tells the sums.\n"
        "  -j THREADS  worker threads, 1 to 256 (default: one for each CPU)\n"
        "  -l DIR      write what worker N did to DIR/N.files (the names, each\n"
        "              with a NUL), DIR/N.gz (their gzip members) and\n"
        "              DIR/N.sums; a DIR below a PATH is left out\n"
        "  -h          this help\n",
        to);
}

int main(int argc, char **argv) {
  struct runtime rt = {.lock = PTHREAD_MUTEX_INITIALIZER,
                       .work = PTHREAD_COND_INITIALIZER};
  long threads = sysconf(_SC_NPROCESSORS_ONLN);
  threads = threads < 1 ? 1 : threads > most_threads ? most_threads : threads;
  for (int option; (option = getopt(argc, argv, "j:l:h")) != -1;) {
    char *end;
    switch (option) {
    case 'j':
      threads = strtol(optarg, &end, 10);
      if (end != optarg && *end == '\0' && threads >= 1 && threads <= most_threads)
        break;
      fprintf(stderr, "squeeze: -j %s: not a number from 1 to %d\n", optarg,
              (int)most_threads);
      return 2;
    case 'l':
      rt.log_dir = optarg;
      break;
    case 'h':
      usage(stdout);
      return 0;
    default:
      usage(stderr);
      return 2;
    }
  }
  if (optind == argc) {
    usage(stderr);
    return 2;
  }
  if (rt.log_dir != NULL && stat(rt.log_dir, &rt.log_dir_stat) != 0)
    fatal("-l %s: %s", rt.log_dir, strerror(errno));
  rt.terminal = isatty(STDERR_FILENO);
  rt.started_ms = now_ms();
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&rt.news, &clock);
  pthread_condattr_destroy(&clock);

  /* Before any other thread exists. It prepares the slots. On the initial
     thread the runtime fills them itself. */
  initcgo();
  struct task task0 = {.names_fd = -1, .gz_fd = -1};
  struct machine machine0 = {.runtime = &rt};
  set_own_bounds(&task0.g, __builtin_frame_address(0));
  set_slots(&task0.g, &machine0);

  struct worker *workers = runtime_malloc((size_t)threads * sizeof *workers);
  memset(workers, 0, (size_t)threads * sizeof *workers);
  rt.running = (unsigned)threads;
  for (long i = 0; i < threads; i++) {
    struct worker *w = &workers[i];
    w->machine.runtime = &rt;
    w->machine.id = (unsigned)i + 1;
    w->task.names_fd = open_log(&rt, w->machine.id, "files");
    w->task.gz_fd = open_log(&rt, w->machine.id, "gz");
    struct libcgo_start start = {(uintptr_t)&w->machine, &w->task.g, worker_main};
    libcgo_thread_start(&start); /* copies start; returns only on success */
  }

  for (; optind < argc; optind++) {
    struct walk_call walk = {.path = argv[optind]};
    call_c(c_walk, &walk);
    if (walk.err != 0)
      unreadable(&rt, walk.path, strerror(walk.err));
  }

  pthread_mutex_lock(&rt.lock);
  rt.walked = true;
  pthread_cond_broadcast(&rt.work);
  while (rt.running > 0)
    wait_for_news(&rt);
  clear_progress(&rt);
  pthread_mutex_unlock(&rt.lock);

  const double seconds = (double)(now_ms() - rt.started_ms) / 1e3;
  struct task all = {0};
  for (long i = 0; i < threads; i++) {
    const struct worker *w = &workers[i];
    finish_logs(&rt, w);
    all.files += w->task.files;
    all.bytes += w->task.bytes;
    all.deflated += w->task.deflated;
    machine0.calls_to_c += w->machine.calls_to_c;
    machine0.calls_from_c += w->machine.calls_from_c;
  }
  runtime_free(workers);

  printf("%-16s %" PRIu64 "\n", "files", all.files);
  printf("%-16s %" PRIu64 "\n", "unreadable", rt.unreadable);
  printf("%-16s %" PRIu64 "\n", "bytes", all.bytes);
  printf("%-16s %" PRIu64 "\n", "deflated", all.deflated);
  printf("%-16s %.1f %%\n", "ratio",
         all.bytes > 0 ? 100 * (double)all.deflated / (double)all.bytes : 100.0);
  printf("%-16s %ld\n", "threads", threads);
  printf("%-16s %" PRIu64 "\n", "calls to C", machine0.calls_to_c);
  printf("%-16s %" PRIu64 "\n", "calls from C", machine0.calls_from_c);
  printf("%-16s %.3f\n", "seconds", seconds);
  printf("%-16s %.0f\n", "bytes/s",
         seconds > 0 ? (double)all.bytes / seconds : 0.0);
  if (fflush(stdout) != 0 || ferror(stdout))
    fatal("standard output: %s", strerror(errno));
  if (all.files == 0)
    fatal("no file could be read");
  return 0;
}
