/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * treesum - a program for the runtime of green.c
 *
 * It prints the checksum of each regular file below the given paths, as
 * cksum(1) does, and resolves a name meanwhile. It calls C in several ways:
 *
 *   nftw(3)           blocks, and calls back into the task that called it
 *   open, read        block
 *   timer_create(2)   starts a new thread each time the timer expires
 *   getaddrinfo_a(3)  starts a thread when the name is resolved
 *
 * The threads that C starts are given handles, not pointers.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libcgo/handle.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>

#include "green.h"

enum {
  block_bytes = 16 * 1024, /* a task reads, sums up and yields */
  most_files = 16,         /* that are open at a time */
  ticks_a_second = 10,
};

struct walk;

struct file {
  struct file *next;
  struct walk *walk;
  int fd;
  int err;
  uint32_t crc;
  uint64_t bytes;
  unsigned char *block;
  char path[];
};

/* One path of the command line. Only its own task touches it. */
struct walk {
  const char *path;
  int err;
  struct file *first, *last; /* in the order in which they were found */
  size_t files;
  size_t unreadable;
  struct semaphore summed; /* given once for each file */
};

struct resolver {
  struct gaicb request;
  struct addrinfo hints;
  char address[NI_MAXHOST];
  int result; /* of getaddrinfo, or 0 */
};

/* Static, because foreign threads may call back until the end. */
static struct program {
  unsigned walks;
  struct walk *walk;
  struct resolver resolver;
  struct semaphore may_open;
  struct semaphore walked, resolved, ticked, seen_tick, stopped;
  struct libcgo_handle_table handles;
  size_t ticks;
  _Atomic size_t files; /* so far, for the ticker */
  atomic_bool stopping;
} program = {.may_open = {.count = most_files},
             .handles = LIBCGO_HANDLE_TABLE_INIT};

/* ---- the checksum of POSIX (cksum) ---- */

static uint32_t crc_table[256];

static void make_crc_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i << 24;
    for (int bit = 0; bit < 8; bit++)
      crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7u : 0);
    crc_table[i] = crc;
  }
}

static uint32_t add_byte(uint32_t crc, unsigned char byte) {
  return crc << 8 ^ crc_table[crc >> 24 ^ byte];
}

/* After the data comes its length, without leading zero bytes. */
static uint32_t finish_crc(uint32_t crc, uint64_t bytes) {
  for (; bytes != 0; bytes >>= 8)
    crc = add_byte(crc, (unsigned char)bytes);
  return ~crc;
}

/* ---- a file: a task that blocks and yields ---- */

static uintptr_t c_open(void *arg) {
  struct file *f = arg;
  f->block = malloc(block_bytes);
  if (f->block == NULL)
    die("a block", errno);
  /* The path may be something else by now. */
  f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  f->err = f->fd < 0 ? errno : 0;
  return 0;
}

static uintptr_t c_read(void *arg) {
  struct file *f = arg;
  ssize_t n;
  do
    n = read(f->fd, f->block, block_bytes);
  while (n < 0 && errno == EINTR);
  f->err = n < 0 ? errno : 0;
  return n < 0 ? 0 : (uintptr_t)n;
}

static uintptr_t c_close(void *arg) {
  struct file *f = arg;
  if (f->fd >= 0)
    close(f->fd);
  free(f->block);
  return 0;
}

static void sum_file(void *arg) {
  struct file *f = arg;
  struct walk *walk = f->walk;
  call_blocking(c_open, f);
  if (f->err == 0) {
    for (size_t n; (n = call_blocking(c_read, f)) > 0; yield()) {
      for (size_t i = 0; i < n; i++)
        f->crc = add_byte(f->crc, f->block[i]);
      f->bytes += n;
    }
    f->crc = finish_crc(f->crc, f->bytes);
  }
  call_c(c_close, f);
  atomic_fetch_add(&program.files, 1);
  give(&program.may_open);
  give(&walk->summed);
}

/* ---- a walk: a task inside C, and C calls it back ---- */

/* Runs on the stack of the task that walks, below the frame that called nftw.
   It may wait here. nftw passes no data of its caller's; none is needed. */
static void file_found(void *arg) {
  struct file *f = arg;
  struct walk *walk = task_arg();
  f->walk = walk;
  if (walk->last == NULL)
    walk->first = f;
  else
    walk->last->next = f;
  walk->last = f;
  walk->files++;
  take(&program.may_open);
  spawn(sum_file, f);
}

static void not_readable(void *arg) {
  struct walk *walk = task_arg();
  (void)arg;
  walk->unreadable++;
}

/* C: runs on the worker's system stack. */
static int found(const char *path, const struct stat *st, int type,
                 struct FTW *ftw) {
  (void)ftw;
  if (type == FTW_DNR || type == FTW_NS) {
    fprintf(stderr, "treesum: %s: %s\n", path, strerror(errno));
    must("call_runtime", call_runtime(not_readable, NULL));
  } else if (type == FTW_F && S_ISREG(st->st_mode)) {
    struct file *f = calloc(1, sizeof *f + strlen(path) + 1);
    if (f == NULL)
      die("a file", errno);
    strcpy(f->path, path);
    must("call_runtime", call_runtime(file_found, f));
  }
  return 0;
}

static uintptr_t c_walk(void *arg) {
  struct walk *walk = arg;
  const int descriptors = 16;
  if (nftw(walk->path, found, descriptors, FTW_PHYS) != 0)
    walk->err = errno;
  return 0;
}

static void walk_tree(void *arg) {
  struct walk *walk = arg;
  call_blocking(c_walk, walk);
  for (size_t i = 0; i < walk->files; i++)
    take(&walk->summed);
  give(&program.walked);
}

/* ---- threads that C starts, and that call back ---- */

/* Runs on the small stack of a foreign thread. The semaphore lives until the
   program ends; the handle may have been freed. */
static void notified(void *arg) {
  struct semaphore *semaphore =
      libcgo_handle_get(&program.handles, (uintptr_t)arg);
  if (semaphore != NULL)
    give(semaphore);
}

/* C: the first function of a thread that the C library has started. ENOMEM
   means that the runtime has ended by now. */
static void c_notify(union sigval value) {
  const int err = call_runtime(notified, value.sival_ptr);
  if (err != 0 && err != ENOMEM)
    die("call_runtime", err);
}

static void prepare_event(struct sigevent *event, struct semaphore *semaphore) {
  uintptr_t handle;
  must("a handle", libcgo_handle_new(&program.handles, semaphore, &handle));
  memset(event, 0, sizeof *event);
  event->sigev_notify = SIGEV_THREAD;
  event->sigev_notify_function = c_notify;
  event->sigev_value.sival_ptr = (void *)handle;
}

static void free_event(const struct sigevent *event) {
  must("a handle's end",
       libcgo_handle_free(&program.handles,
                          (uintptr_t)event->sigev_value.sival_ptr));
}

/* ---- the timer ---- */

struct ticker {
  struct sigevent event;
  timer_t timer;
};

static uintptr_t c_start_timer(void *arg) {
  struct ticker *ticker = arg;
  const struct timespec soon = {0, 1000000};
  const struct timespec each = {0, 1000000000 / ticks_a_second};
  const struct itimerspec times = {each, soon};
  prepare_event(&ticker->event, &program.ticked);
  if (timer_create(CLOCK_MONOTONIC, &ticker->event, &ticker->timer) != 0 ||
      timer_settime(ticker->timer, 0, &times, NULL) != 0)
    die("a timer", errno);
  return 0;
}

/* The timer's last thread may come later: it finds the handle freed. */
static uintptr_t c_stop_timer(void *arg) {
  struct ticker *ticker = arg;
  if (timer_delete(ticker->timer) != 0)
    die("timer_delete", errno);
  free_event(&ticker->event);
  return 0;
}

static uintptr_t c_show_progress(void *arg) {
  (void)arg;
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "\r%zu files", atomic_load(&program.files));
  return 0;
}

static void tick(void *arg) {
  struct ticker ticker;
  (void)arg;
  call_c(c_start_timer, &ticker);
  for (;;) {
    take(&program.ticked);
    if (atomic_load(&program.stopping))
      break;
    if (++program.ticks == 1)
      give(&program.seen_tick);
    call_c(c_show_progress, NULL);
  }
  call_c(c_stop_timer, &ticker);
  give(&program.stopped);
}

/* ---- the resolver ---- */

static uintptr_t c_start_resolving(void *arg) {
  struct sigevent *event = arg;
  struct gaicb *list[] = {&program.resolver.request};
  prepare_event(event, &program.resolved);
  program.resolver.hints.ai_socktype = SOCK_STREAM;
  program.resolver.request.ar_request = &program.resolver.hints;
  const int err = getaddrinfo_a(GAI_NOWAIT, list, 1, event);
  if (err == EAI_SYSTEM)
    die("getaddrinfo_a", errno);
  if (err != 0)
    die(gai_strerror(err), 0);
  return 0;
}

static uintptr_t c_finish_resolving(void *arg) {
  struct resolver *r = &program.resolver;
  struct addrinfo *found = r->request.ar_result;
  free_event(arg);
  r->result = gai_error(&r->request);
  if (r->result == 0)
    r->result = getnameinfo(found->ai_addr, found->ai_addrlen, r->address,
                            sizeof r->address, NULL, 0, NI_NUMERICHOST);
  if (found != NULL)
    freeaddrinfo(found);
  return 0;
}

static void resolve(void *arg) {
  struct sigevent event;
  (void)arg;
  call_blocking(c_start_resolving, &event);
  take(&program.resolved);
  call_c(c_finish_resolving, &event);
}

/* ---- the first task ---- */

static uintptr_t c_kind(void *arg) {
  struct libcgo_bounds bounds;
  (void)arg;
  must("libcgo_stack_bounds", libcgo_stack_bounds(NULL, &bounds));
  return (uintptr_t)bounds.kind;
}

static void run(void *arg) {
  (void)arg;
  if (call_c(c_kind, NULL) != LIBCGO_STACK_SYSTEM)
    die("C does not run on the system stack", 0);
  spawn(tick, NULL);
  for (unsigned i = 0; i < program.walks; i++)
    spawn(walk_tree, &program.walk[i]);
  resolve(NULL);
  for (unsigned i = 0; i < program.walks; i++)
    take(&program.walked);
  take(&program.seen_tick);
  atomic_store(&program.stopping, true);
  give(&program.ticked);
  take(&program.stopped);
}

/* ---- C: the beginning and the end ---- */

/* Prints a walk, frees it, and returns how many files could not be read. */
static size_t print_walk(const struct walk *walk, size_t *files, uint64_t *bytes) {
  size_t unreadable = walk->unreadable;
  for (struct file *f = walk->first, *next; f != NULL; f = next) {
    next = f->next;
    if (f->err == 0) {
      printf("%" PRIu32 " %" PRIu64 " %s\n", f->crc, f->bytes, f->path);
      *files += 1;
      *bytes += f->bytes;
    } else {
      fprintf(stderr, "treesum: %s: %s\n", f->path, strerror(f->err));
      unreadable++;
    }
    free(f);
  }
  if (walk->err != 0) {
    fprintf(stderr, "treesum: %s: %s\n", walk->path, strerror(walk->err));
    unreadable++;
  }
  return unreadable;
}

static const char usage[] =
    "usage: treesum [-j TASKS] [-n NAME] [--] PATH...\n"
    "Prints the checksum, the size and the name of each regular file below\n"
    "each PATH, as cksum(1) does, and a summary to standard error.\n"
    "  -j TASKS  that run at a time, 1 to 64 (default: 2)\n"
    "  -n NAME   of a host, to be resolved meanwhile (default: localhost)\n";

int main(int argc, char **argv) {
  unsigned long running = 2;
  program.resolver.request.ar_name = "localhost";
  for (int option; (option = getopt(argc, argv, "j:n:h")) != -1;) {
    char *end;
    switch (option) {
    case 'j':
      running = strtoul(optarg, &end, 10);
      if (end != optarg && *end == '\0' && running >= 1 && running <= 64)
        break;
      fprintf(stderr, "treesum: -j %s: not a number from 1 to 64\n", optarg);
      return 2;
    case 'n':
      program.resolver.request.ar_name = optarg;
      break;
    case 'h':
      fputs(usage, stdout);
      return 0;
    default:
      fputs(usage, stderr);
      return 2;
    }
  }
  if (optind == argc) {
    fputs(usage, stderr);
    return 2;
  }
  program.walks = (unsigned)(argc - optind);
  program.walk = calloc(program.walks, sizeof *program.walk);
  if (program.walk == NULL)
    die("walks", errno);
  for (unsigned i = 0; i < program.walks; i++)
    program.walk[i].path = argv[optind + (int)i];
  make_crc_table();

  struct green_counts counts;
  green_run((unsigned)running, run, NULL, &counts);

  if (isatty(STDERR_FILENO))
    fputs("\r\033[K", stderr);
  size_t files = 0, unreadable = 0;
  uint64_t bytes = 0;
  for (unsigned i = 0; i < program.walks; i++)
    unreadable += print_walk(&program.walk[i], &files, &bytes);
  free(program.walk);
  const size_t live = libcgo_handle_count(&program.handles);
  must("handles", libcgo_handle_table_destroy(&program.handles));
  if (fflush(stdout) != 0 || ferror(stdout))
    die("standard output", errno);

  const struct resolver *r = &program.resolver;
  fprintf(stderr,
          "files %zu\nbytes %" PRIu64 "\nunreadable %zu\n"
          "tasks %zu\nworkers %zu\nforeign %zu\nticks %zu\nhandles %zu\n"
          "%s %s\n",
          files, bytes, unreadable, counts.tasks, counts.workers,
          counts.foreign, program.ticks, live, r->request.ar_name,
          r->result == 0 ? r->address : gai_strerror(r->result));
  return unreadable > 0 || r->result != 0;
}
