/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libcgo-info - what libcgo found on this machine, for reports of errors.
 *
 * Written on the public interface, like any client. What a line says was tried
 * or read when the program ran, but for the lines of "build".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <sys/utsname.h>
#include <unistd.h>

#include <libcgo.h>

#ifndef PT_GNU_PROPERTY
#define PT_GNU_PROPERTY 0x6474e553
#endif

#ifdef LIBCGO_CLASSIC
LIBCGO_RESERVE_SLOTS;
#endif
LIBCGO_DEFINE_SLOTS;

__attribute__((format(printf, 2, 3))) static void say(const char *key,
                                                      const char *format, ...) {
  va_list values;
  va_start(values, format);
  printf("%-22s ", key);
  vprintf(format, values);
  putchar('\n');
  va_end(values);
}

/* The first line of a file that begins with `key`, without it; "" if none does. */
static const char *line_of(const char *path, const char *key) {
  static char line[512];
  const char *found = "";
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return "";
  while (*found == '\0' && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, key, strlen(key)) == 0) {
      line[strcspn(line, "\n")] = '\0';
      found = line + strlen(key);
      found += strspn(found, " \t:");
    }
  fclose(file);
  return found;
}

/* ---- a runtime, to see what its threads get ---- */

static _Thread_local struct libcgo_thread *self;
static struct libcgo_thread record = LIBCGO_THREAD_INIT;
static sem_t left;

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}
static void enter(struct libcgo_thread *thread) { self = thread; }
static void leave(struct libcgo_thread *thread) {
  (void)thread;
  self = NULL;
  sem_post(&left);
}
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  return &record;
}
static void release(struct libcgo_thread *thread) { (void)thread; }

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

/* A second one, with a record of its own. */
static _Thread_local struct libcgo_thread *self_in_world;
static struct libcgo_thread *current_in_world(const struct libcgo_runtime *r) {
  (void)r;
  return self_in_world;
}
static void enter_world(struct libcgo_thread *thread) {
  self_in_world = thread;
}
static void leave_world(struct libcgo_thread *thread) {
  (void)thread;
  self_in_world = NULL;
}
static struct libcgo_thread *acquire_in_world(struct libcgo_runtime *r) {
  return r->data;
}
static const struct libcgo_ops world_ops = LIBCGO_OPS(
    enter_world, leave_world, acquire_in_world, release, current_in_world, NULL);

static void say_bounds(const char *key, struct libcgo_thread *thread) {
  struct libcgo_bounds bounds;
  const int err = libcgo_stack_bounds(thread, &bounds);
  if (err != 0)
    say(key, "not known: %s", strerror(err));
  else
    say(key, "%#" PRIxPTR " to %#" PRIxPTR ", %" PRIuPTR " KiB", bounds.lo,
        bounds.hi, (bounds.hi - bounds.lo) / 1024);
}

static void in_thread(struct libcgo_thread *thread, void *unused) {
  (void)unused;
  say_bounds("stack of a thread", thread);
}

/* ---- sections of the report ---- */

struct object {
  uintptr_t address; /* in it */
  char name[PATH_MAX];
  int found;
  const struct property *property; /* NULL: none that is known */
  int first, second;               /* its two features */
};

/* What an object's property note says of the protection of its control flow:
   System V ABI, AMD64 supplement, "Program Property"; ELF for the Arm 64-bit
   Architecture, the same. */
static const struct property {
  uint32_t type;
  const char *key, *first, *second;
} properties[] = {{0xc0000002, "CET of the library", "IBT", "SHSTK"},
                  {0xc0000000, "protection of the library", "BTI", "PAC"}};

static void read_properties(const char *note, size_t size, struct object *object) {
  enum { header = 16 };
  if (size < header || memcmp(note + 12, "GNU", 4) != 0)
    return;
  for (size_t at = header; at + 12 <= size;) {
    uint32_t type, bytes, value;
    memcpy(&type, note + at, 4);
    memcpy(&bytes, note + at + 4, 4);
    memcpy(&value, note + at + 8, 4);
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
      if (type == properties[i].type) {
        object->property = &properties[i];
        object->first = (value & 1) != 0;
        object->second = (value & 2) != 0;
      }
    at += 8 + ((bytes + sizeof(void *) - 1) & ~(sizeof(void *) - 1));
  }
}

static int find_object(struct dl_phdr_info *info, size_t size, void *p) {
  struct object *object = p;
  (void)size;
  int here = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const __auto_type segment = &info->dlpi_phdr[i];
    here |= segment->p_type == PT_LOAD &&
            object->address - (info->dlpi_addr + segment->p_vaddr) <
                segment->p_memsz;
  }
  if (!here)
    return 0;
  object->found = 1;
  snprintf(object->name, sizeof object->name, "%s", info->dlpi_name);
  for (int i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_GNU_PROPERTY)
      read_properties((const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
                      info->dlpi_phdr[i].p_memsz, object);
  return 1;
}

static void build(const struct object *object) {
  say("libcgo", "%d.%d.%d, headers " LIBCGO_VERSION_STRING,
      libcgo_version() / 10000, libcgo_version() / 100 % 100,
      libcgo_version() % 100);
  say("library", "%s",
      object->found && object->name[0] != '\0' ? object->name
                                               : "linked into this program");
  say("port", "%s, %s", LIBCGO_INFO_OS, LIBCGO_INFO_CPU);
  say("built for", "%s, with compiler %s", LIBCGO_INFO_HOST, __VERSION__);
  say("static probes", "%s", LIBCGO_INFO_PROBES);
}

static void machine(const struct object *object) {
  struct utsname system;
  uname(&system);
  say("system", "%s %s, %s", system.sysname, system.release, system.machine);
#ifdef _CS_GNU_LIBC_VERSION
  char libc[64] = "";
  confstr(_CS_GNU_LIBC_VERSION, libc, sizeof libc);
  say("C library", "%s", libc);
#endif
  say("page", "%ld bytes", sysconf(_SC_PAGESIZE));
  const struct property *property = object->property;
  if (property != NULL)
    say(property->key, "%s %s, %s %s", property->first,
        object->first ? "yes" : "no", property->second,
        object->second ? "yes" : "no");
  if (property == &properties[0]) {
    const char *features = line_of("/proc/self/status", "x86_Thread_features:");
    say("CET of this process", "%s", *features != '\0' ? features : "none");
  }
}

static void slots(void) {
  intptr_t offset;
  int err = libcgo_slots_claim(&runtime, &offset);
  if (err == 0) {
    say("thread pointer", "%#" PRIxPTR, (uintptr_t)libcgo_slots_at(0));
#ifdef LIBCGO_CLASSIC
    const intptr_t g =
        (intptr_t)((uintptr_t)libcgo_slot_pair - (uintptr_t)libcgo_slots_at(0));
    say("classic slots", "%+" PRIdPTR " and %+" PRIdPTR, g,
        g + (intptr_t)sizeof(void *));
#endif
    say("defined slots", "%+" PRIdPTR " and %+" PRIdPTR, offset,
        offset + (intptr_t)sizeof(void *));
    libcgo_slots_release(&runtime);
  } else {
    say("defined slots", "none: %s", strerror(err));
  }
}

static void threads(void) {
  say_bounds("initial stack", NULL);
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  sem_init(&left, 0, 0);
  const int err =
      libcgo_thread_create(&runtime, &record, NULL, in_thread, NULL, &limit);
  if (err == 0) {
    while (sem_wait(&left) != 0)
      ;
  } else {
    char text[256] = "";
    if (err == EAGAIN)
      libcgo_limit_text(&limit, text, sizeof text);
    say("stack of a thread", "none could be started: %s: %s", strerror(err),
        text);
  }
  say("least signal stack", "%ld bytes",
#ifdef _SC_MINSIGSTKSZ
      sysconf(_SC_MINSIGSTKSZ)
#else
      (long)MINSIGSTKSZ
#endif
  );
  const int traced = libcgo_traceback_set(&runtime, NULL);
  say("unwinder", "%s", traced == 0 ? "found" : strerror(traced));
}

/* Which fence orders a thread of a runtime with LIBCGO_WORLD and who stops it: what the
   record of one says, and why. */
static void fences(void) {
  static struct libcgo_thread in_world = LIBCGO_THREAD_INIT;
  static struct libcgo_runtime world = LIBCGO_RUNTIME_INIT(&world_ops);
  world.flags = LIBCGO_WORLD;
  world.data = &in_world;
  const int err = libcgo_attach(&world, NULL);
  if (err != 0) {
    say("fence of the world", "none: %s", strerror(err));
    return;
  }
  if (in_world.slow == 0) {
    say("fence of the world", "of who stops it, by the system");
  } else {
    const char *why = "the system has no other";
#ifdef SYS_membarrier
    /* MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED */
    if (syscall(SYS_membarrier, 16, 0, 0) != 0)
      why = strerror(errno);
    say("fence of the world", "of each thread, membarrier: %s", why);
#else
    say("fence of the world", "of each thread, %s", why);
#endif
  }
  libcgo_detach(&world);
}

static void say_rlimit(const char *key, int resource) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0)
    say(key, "not known: %s", strerror(errno));
  else if (limit.rlim_cur == RLIM_INFINITY)
    say(key, "unlimited");
  else
    say(key, "%llu", (unsigned long long)limit.rlim_cur);
}

static void say_file(const char *key, const char *path) {
  const char *value = line_of(path, "");
  say(key, "%s", *value != '\0' ? value : "not known");
}

/* The tightest of the control group's and those above it is what counts; each is
   shown. Version 2, and the pids controller of version 1 (cgroups(7)). */
static void say_cgroups(void) {
  static const struct {
    const char *key, *mount;
  } kinds[] = {{"0::", "/sys/fs/cgroup"}, {"pids:", "/sys/fs/cgroup/pids"}};
  char line[512], path[1024], key[64];
  int shown = 0;
  FILE *groups = fopen("/proc/self/cgroup", "r");
  while (groups != NULL && fgets(line, sizeof line, groups) != NULL)
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
      char *group = strstr(line, kinds[i].key);
      if (group == NULL || (i == 0 && group != line))
        continue;
      group += strlen(kinds[i].key);
      group[strcspn(group, "\n")] = '\0';
      for (;;) {
        snprintf(path, sizeof path, "%s%s/pids.max", kinds[i].mount, group);
        const char *value = line_of(path, "");
        snprintf(key, sizeof key, "pids.max%s", shown++ == 0 ? "" : ", above");
        if (*value != '\0')
          say(key, "%s (%s)", value, *group != '\0' ? group : "/");
        else
          shown--;
        char *last = strrchr(group, '/');
        if (last == NULL)
          break;
        *last = '\0';
      }
    }
  if (groups != NULL)
    fclose(groups);
  if (shown == 0)
    say("pids.max", "none");
}

static void limits(void) {
  say_rlimit("RLIMIT_NPROC", RLIMIT_NPROC);
  say_rlimit("RLIMIT_STACK", RLIMIT_STACK);
#ifdef RLIMIT_AS
  say_rlimit("RLIMIT_AS", RLIMIT_AS);
#endif
  say_rlimit("RLIMIT_DATA", RLIMIT_DATA);
  say_cgroups();
  say_file("threads-max", "/proc/sys/kernel/threads-max");
  say_file("pid_max", "/proc/sys/kernel/pid_max");
  say_file("max_map_count", "/proc/sys/vm/max_map_count");
  say_file("overcommit_memory", "/proc/sys/vm/overcommit_memory");
  say("thread keys", "%ld", sysconf(_SC_THREAD_KEYS_MAX));
}

/* The exit status, once all is printed. */
static int printed(void) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout))
    return 0;
  fprintf(stderr, "libcgo-info: standard output cannot be written: %s\n",
          errno != 0 ? strerror(errno) : "an earlier write failed");
  return 1;
}

int main(int argc, char **argv) {
  /* All in one write, so that it is known why that fails. */
  static char report[1 << 14];
  setvbuf(stdout, report, _IOFBF, sizeof report);
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    puts("libcgo-info " LIBCGO_VERSION_STRING);
    return printed();
  }
  if (argc == 2 && strcmp(argv[1], "--help") == 0) {
    puts("usage: libcgo-info [--help | --version]\n"
         "Prints what libcgo found on this machine. Add the output to a report of an error.");
    return printed();
  }
  if (argc > 1) {
    fprintf(stderr, "libcgo-info: unknown argument '%s': try --help\n", argv[1]);
    return 2;
  }
  static struct object object;
  object.address = (uintptr_t)(void *)libcgo_version;
  dl_iterate_phdr(find_object, &object);
  build(&object);
  machine(&object);
  slots();
  threads();
  fences();
  limits();
  return printed();
}
