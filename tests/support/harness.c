/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef _WIN32
#include <io.h>
#include <windows.h>

#include <tlhelp32.h>
#endif

/* A test that takes longer hangs; LIBCGO_TEST_SECONDS sets another limit. One that takes
   longer than a slow one has its seconds in the output. */
enum {
  most_tests = 128,
  most_seconds = 300,
  slow_seconds = 10,
  most_seconds_to_death = 120
};

struct skip {
  char test[96];
  char reason[256];
};

struct begun {
  char test[96];
  long second;
};

#ifndef HAVE_CHECK
TestResult *minicheck_running;
#endif

static Suite *suite;
static struct skip *skips;  /* shared with the tests' processes */
static struct begun *begun; /* likewise */
static const char *current;
static long long threads_at_begin; /* an emulator or a sanitizer may have its own */

/* Lets a program's data begin on a page of its own. Where code is in writable memory, as
   SPARC's procedure linkage table is, it stands right before the data; an emulator then
   translates it anew after each store to its page, and keeps the old translation, too. */
static int data_alignment __attribute__((__used__, __aligned__(8192))) = 1;

static long long count_threads(void);

void suite_begin(const char *name) {
#ifdef _WIN32
  setmode(STDOUT_FILENO, O_BINARY); /* lines as TAP has them */
#endif
  suite = suite_create(name);
  const size_t bytes = most_tests * sizeof *skips;
  skips = mmap(NULL, bytes + (most_tests + 1) * sizeof *begun,
               PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (skips == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  begun = (struct begun *)((char *)skips + bytes);
}

void suite_add(TCase *tc) {
  const char *const seconds = getenv("LIBCGO_TEST_SECONDS");
  tcase_set_timeout(tc, seconds != NULL ? atoi(seconds) : most_seconds);
  suite_add_tcase(suite, tc);
}

static void *nothing(void *unused) { return unused; }

static long this_second(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long)now.tv_sec;
}

static struct begun *begun_of(const char *test) {
  struct begun *b = begun;
  while (b->test[0] != '\0' && strcmp(b->test, test) != 0)
    b++;
  return b;
}

void test_begin(const char *name) {
  current = name;
  struct begun *const b = begun_of(name);
  b->second = this_second();
  snprintf(b->test, sizeof b->test, "%s", name);
  /* The thread sanitizer starts one of its own with the first thread. */
  pthread_t thread;
  if (UNDER_TSAN && pthread_create(&thread, NULL, nothing, NULL) == 0)
    pthread_join(thread, NULL);
  threads_at_begin = count_threads();
}

void test_skipped(const char *reason) {
#ifdef _WIN32
  /* The test's own process: minicheck.h passes it on. */
  snprintf(minicheck_running->message, sizeof minicheck_running->message, "%s",
           reason);
#endif
  for (int i = 0; i < most_tests; i++)
    if (skips[i].test[0] == '\0') {
      snprintf(skips[i].test, sizeof skips[i].test, "%s", current);
      snprintf(skips[i].reason, sizeof skips[i].reason, "%s", reason);
      return;
    }
}

/* Tests run one after the other. */
static void tell_if_slow(const char *test, long ended) {
  const struct begun *const b = begun_of(test);
  if (b->test[0] == '\0')
    return;
  const long took = (b[1].test[0] != '\0' ? b[1].second : ended) - b->second;
  if (took >= slow_seconds)
    printf("# %s: %ld s\n", test, took);
}

static const char *skip_reason(const char *test) {
  for (int i = 0; i < most_tests && skips[i].test[0] != '\0'; i++)
    if (strcmp(skips[i].test, test) == 0)
      return skips[i].reason;
  return NULL;
}

int suite_run(void) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_SILENT);
  const long ended = this_second();
  const int run = srunner_ntests_run(runner);
  const int failed = srunner_ntests_failed(runner);
  TestResult **results = srunner_results(runner);
  for (int i = 0; i < run; i++) {
    const char *name = tr_tcname(results[i]);
    const char *reason = skip_reason(name);
#ifdef _WIN32
    if (tr_rtype(results[i]) == CK_PASS && tr_msg(results[i])[0] != '\0')
      reason = tr_msg(results[i]);
#endif
    if (tr_rtype(results[i]) != CK_PASS)
      printf("not ok %d - %s\n# %s:%d: %s\n", i + 1, name, tr_lfile(results[i]),
             tr_lno(results[i]), tr_msg(results[i]));
    else if (reason != NULL)
      printf("ok %d - %s # SKIP %s\n", i + 1, name, reason);
    else
      printf("ok %d - %s\n", i + 1, name);
    tell_if_slow(name, ended);
  }
  printf("1..%d\n", run);
  free(results);
  srunner_free(runner);
  return failed == 0 ? 0 : 1;
}

int run_to_death(void (*fn)(void *), void *arg, char *output, size_t size) {
  int ends[2];
  fflush(NULL);
  if (pipe(ends) != 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    signal(SIGALRM, SIG_DFL); /* Check has a handler */
    alarm(most_seconds_to_death);
    fn(arg);
    _exit(0);
  }
  close(ends[1]);
  size_t length = 0;
  ssize_t n;
  while (length < size - 1 &&
         (n = read(ends[0], output + length, size - 1 - length)) > 0)
    length += (size_t)n;
  output[length] = '\0';
  close(ends[0]);
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child)
    return -1;
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#ifdef _WIN32
int readable(uintptr_t address) {
  MEMORY_BASIC_INFORMATION region;
  return VirtualQuery((void *)address, &region, sizeof region) != 0 &&
         region.State == MEM_COMMIT &&
         (region.Protect & (PAGE_NOACCESS | PAGE_GUARD)) == 0;
}

int have_proc(void) { return 1; } /* what it is needed for, the system tells */

long long proc_status(const char *key) {
  if (strcmp(key, "Threads:") != 0) {
    test_skipped("Windows has no /proc");
    minicheck_end(0);
  }
  long long count = 0;
  THREADENTRY32 thread = {.dwSize = sizeof thread};
  const HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  for (BOOL more = Thread32First(all, &thread); more;
       more = Thread32Next(all, &thread))
    count += thread.th32OwnerProcessID == GetCurrentProcessId();
  CloseHandle(all);
  return count;
}
#else
int readable(uintptr_t address) {
  static int ends[2];
  if (ends[1] == 0 && pipe(ends) != 0)
    abort();
  char byte;
  if (write(ends[1], (void *)address, 1) != 1) /* EFAULT */
    return 0;
  return read(ends[0], &byte, 1) == 1;
}

int have_proc(void) { return access("/proc/self/status", R_OK) == 0; }

long long proc_status(const char *key) {
  long long value = -1;
  char line[256];
  FILE *f = fopen("/proc/self/status", "r");
  while (f != NULL && fgets(line, sizeof line, f) != NULL)
    if (strncmp(line, key, strlen(key)) == 0)
      value = atoll(line + strlen(key));
  if (f != NULL)
    fclose(f);
  return value;
}
#endif

#if defined(__x86_64__)
void *slot_g(void) {
  void *g;
  __asm__ volatile("movq %%fs:-16, %0" : "=r"(g));
  return g;
}
void *slot_m(void) {
  void *m;
  __asm__ volatile("movq %%fs:-8, %0" : "=r"(m));
  return m;
}
void set_slots(void *g, void *m) {
  __asm__ volatile("movq %0, %%fs:-16; movq %1, %%fs:-8" : : "r"(g), "r"(m));
}
#elif defined(__i386__)
void *slot_g(void) {
  void *g;
  __asm__ volatile("movl %%gs:0, %0; movl -8(%0), %0" : "=r"(g));
  return g;
}
void *slot_m(void) {
  void *m;
  __asm__ volatile("movl %%gs:0, %0; movl -4(%0), %0" : "=r"(m));
  return m;
}
void set_slots(void *g, void *m) {
  char *tp;
  __asm__ volatile("movl %%gs:0, %0" : "=r"(tp));
  memcpy(tp - 8, &g, 4);
  memcpy(tp - 4, &m, 4);
}
#endif

/* A detached thread cannot be joined: the kernel's count is what tells. (A
   listing of /proc/self/task ends early when a thread in it ends meanwhile.) */
static long long count_threads(void) { return proc_status("Threads:"); }

void wait_for_other_threads(void) {
  while (count_threads() > threads_at_begin)
    sched_yield();
}
