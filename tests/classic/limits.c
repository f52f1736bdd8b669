/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens when the system gives no more threads: each limit, for real.
 */
#include "support/client.h"
#include "support/kit.h"
#ifdef __linux__
#include "support/sandbox.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct libcgo_g tasks[1 << 17];

static void wait_for_ever(void) {
  for (;;)
    pause();
}

static void start_for_ever(void *unused) {
  (void)unused;
  for (int i = 0; i < 1 << 17; i++) {
    struct libcgo_start start = {1, &tasks[i], wait_for_ever};
    libcgo_thread_start(&start);
  }
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void assert_dies_naming(void (*fn)(void *), const char *limit) {
  char output[2048];
  const double begin = seconds();
  const int sig = run_to_death(fn, NULL, output, sizeof output);
  ck_assert_msg(sig == SIGABRT, "signal %d after: %s", sig, output);
  ck_assert_msg(strstr(output, "libcgo: libcgo_thread_start: ") == output,
                "it said: %s", output);
  ck_assert_msg(strstr(output, "EAGAIN") != NULL, "it said: %s", output);
  ck_assert_msg(strstr(output, limit) != NULL, "it said: %s", output);
  /* EAGAIN was retried before. */
  ck_assert_msg(seconds() - begin >= 1, "after %g s", seconds() - begin);
}

/* ---- RLIMIT_NPROC ---- */

/* A user without any processes, also if this test runs twice at once. */
static void become_unused_user(void) {
  if (geteuid() == 0 && setuid(40000 + (uid_t)getpid() % 20000) != 0)
    _exit(1);
}

static void hit_nproc(void *unused) {
  initcgo();
  struct rlimit limit = {20, 20};
  if (setrlimit(RLIMIT_NPROC, &limit) != 0)
    _exit(1);
  become_unused_user();
  start_for_ever(unused);
}

TEST(defect_03_rlimit_nproc_is_named_with_its_value) {
  if (geteuid() != 0)
    SKIP("RLIMIT_NPROC counts all of this user's threads: only root can change "
         "to a user without any");
  assert_dies_naming(hit_nproc, "RLIMIT_NPROC is 20, in use are 2");
}

/* ---- memory ---- */

static void hit_as(void *unused) {
  initcgo();
  const rlim_t limit_bytes =
      ((rlim_t)proc_status("VmSize:") << 10) + ((rlim_t)100 << 20);
  struct rlimit limit = {limit_bytes, limit_bytes};
  if (setrlimit(RLIMIT_AS, &limit) != 0)
    _exit(1);
  start_for_ever(unused);
}

static int limits_are_emulated(void) {
  /* qemu-user answers setrlimit(RLIMIT_AS) with success and does nothing. */
  struct rlimit before, limit;
  getrlimit(RLIMIT_AS, &before);
  limit = before;
  limit.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_AS, &limit);
  void *p = mmap(NULL, 1 << 24, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p != MAP_FAILED)
    munmap(p, 1 << 24);
  setrlimit(RLIMIT_AS, &before);
  return p != MAP_FAILED;
}

TEST(defect_03_rlimit_as_is_named) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer's shadow memory exceeds any limit");
  if (limits_are_emulated())
    SKIP("RLIMIT_AS has no effect here (an emulator)");
  assert_dies_naming(hit_as, "RLIMIT_AS is ");
}

static void hit_data(void *unused) {
  initcgo();
  const rlim_t limit_bytes =
      ((rlim_t)proc_status("VmData:") << 10) + ((rlim_t)100 << 20);
  struct rlimit limit = {limit_bytes, limit_bytes};
  if (setrlimit(RLIMIT_DATA, &limit) != 0)
    _exit(1);
  start_for_ever(unused);
}

TEST(defect_03_rlimit_data_is_named) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer's shadow memory exceeds any limit");
  if (limits_are_emulated())
    SKIP("RLIMIT_DATA has no effect here (an emulator)");
  assert_dies_naming(hit_data, "RLIMIT_DATA is ");
}

/* ---- a sandbox ---- */

#ifdef SYS_clone3
static void start_without_clone3(void *unused) {
  initcgo();
  if (refuse(SYS_clone3, EPERM) == 0)
    start_for_ever(unused);
}

static void *do_nothing(void *arg) { return arg; }
static void make_thread_without_clone3(void *unused) {
  pthread_t thread;
  (void)unused;
  if (refuse(SYS_clone3, EPERM) == 0 &&
      pthread_create(&thread, NULL, do_nothing, NULL) == EPERM)
    abort();
}
#endif

TEST(a_sandbox_that_refuses_threads_is_named) {
#ifdef SYS_clone3
  char output[2048];
  if (run_to_death(make_thread_without_clone3, NULL, output, sizeof output) !=
      SIGABRT)
    SKIP("it cannot be arranged here: no filter of system calls, or no clone3");
  ck_assert_int_eq(
      run_to_death(start_without_clone3, NULL, output, sizeof output), SIGABRT);
  ck_assert_msg(strstr(output, "start threads: EPERM: a sandbox") != NULL,
                "it said: %s", output);
#else
  SKIP("the headers have no clone3");
#endif
}

/* ---- pids.max ---- */

static char cgroup[256];

static int write_to(const char *file, const char *text) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", cgroup, file);
  int fd = open(path, O_WRONLY);
  if (fd < 0)
    return -1;
  const ssize_t n = write(fd, text, strlen(text));
  close(fd);
  return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* A control group of our own, in version 2 or 1, wherever one can be made. */
static int make_cgroup(void) {
  static const char *const mounts[] = {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"};
  for (int i = 0; i < 2; i++) {
    snprintf(cgroup, sizeof cgroup, "%s/libcgo-test-%d", mounts[i],
             (int)getpid());
    if (mkdir(cgroup, 0755) != 0)
      continue;
    if (write_to("pids.max", "25") == 0)
      return 0;
    rmdir(cgroup);
  }
  return -1;
}

static void hit_pids_max(void *unused) {
  initcgo();
  if (write_to("cgroup.procs", "0") != 0)
    _exit(1);
  start_for_ever(unused);
}

TEST(defect_03_pids_max_is_named_with_its_value) {
  if (make_cgroup() != 0)
    SKIP("no control group with pids.max can be made here");
  char output[2048];
  const int sig = run_to_death(hit_pids_max, NULL, output, sizeof output);
  /* The kernel removes the process from it in its own time. */
  const double end = seconds() + 10;
  while (rmdir(cgroup) != 0 && errno == EBUSY && seconds() < end)
    sched_yield();
  ck_assert_int_eq(sig, SIGABRT);
  ck_assert_msg(strstr(output, "pids.max is 25, in use are 25 ") != NULL,
                "it said: %s", output);
}

/* ---- max_map_count ---- */

static void hit_map_count(void *unused) {
  initcgo();
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  /* Pages of different protection cannot be merged into one mapping. */
  for (;;) {
    char *p = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p, page, PROT_NONE) != 0)
      break;
  }
  start_for_ever(unused);
}

TEST(defect_03_max_map_count_is_named) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer itself dies at this limit");
  if (limits_are_emulated())
    SKIP("the emulator itself dies at this limit");
  FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
  long most = 0;
  if (f == NULL || fscanf(f, "%ld", &most) != 1 || most > 200000) {
    if (f != NULL)
      fclose(f);
    SKIP("max_map_count is unknown, or too large to be used up");
  }
  fclose(f);
  assert_dies_naming(hit_map_count, "max_map_count is ");
}

/* ---- the kit's threads: the limit is reported, not fatal ---- */

static void wait_here(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  wait_for_ever();
}

/* Creates threads until there are no more, and says what it was told. */
static void create_sized_for_ever(size_t stack_size, size_t guard_size) {
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  char text[512];
  attr.stack_size = stack_size;
  attr.guard_size = guard_size;
  int n = 0, err;
  while ((err = libcgo_thread_create(&kit, kit_record(), &attr, wait_here, NULL,
                                     &limit)) == 0)
    n++;
  libcgo_limit_text(&limit, text, sizeof text);
  fprintf(stderr, "%s after %d: %s is %llu of %llu: %s\n",
          err == EAGAIN ? "EAGAIN" : "an error", n,
          limit.name == NULL ? "none" : limit.name, limit.used, limit.value,
          text);
}

static void create_for_ever(size_t stack_size) {
  create_sized_for_ever(stack_size, 0);
}

static void create_beyond_nproc(void *unused) {
  (void)unused;
  struct rlimit limit = {20, 20};
  if (setrlimit(RLIMIT_NPROC, &limit) != 0)
    _exit(1);
  become_unused_user();
  create_for_ever(0);
}

TEST(create_reports_rlimit_nproc) {
  if (geteuid() != 0)
    SKIP("RLIMIT_NPROC counts all of this user's threads: only root can change "
         "to a user without any");
  char output[1024];
  kit_begin();
  ck_assert_int_eq(
      run_to_death(create_beyond_nproc, NULL, output, sizeof output), 0);
  ck_assert_msg(strstr(output, "EAGAIN after ") == output, "it said: %s", output);
  ck_assert_msg(strstr(output, " of 20: RLIMIT_NPROC is 20, in use are 2") != NULL,
                "it said: %s", output);
}

static void limit_address_space(void) {
  const rlim_t limit_bytes =
      ((rlim_t)proc_status("VmSize:") << 10) + ((rlim_t)100 << 20);
  struct rlimit limit = {limit_bytes, limit_bytes};
  if (setrlimit(RLIMIT_AS, &limit) != 0)
    _exit(1);
}

static void create_beyond_as(void *unused) {
  (void)unused;
  limit_address_space();
  create_for_ever((size_t)200 << 20);
}

TEST(create_reports_the_memory_that_a_large_stack_needs) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer's shadow memory exceeds any limit");
  if (limits_are_emulated())
    SKIP("RLIMIT_AS has no effect here (an emulator)");
  char output[1024];
  kit_begin();
  ck_assert_int_eq(run_to_death(create_beyond_as, NULL, output, sizeof output),
                   0);
  ck_assert_msg(strstr(output, "EAGAIN after 0: RLIMIT_AS is ") == output,
                "it said: %s", output);
}

/* ---- many groups, which fill /proc/PID/status ---- */

static int join_groups(void) {
  gid_t groups[500];
  for (int i = 0; i < 500; i++)
    groups[i] = (gid_t)1000000000 + (gid_t)i;
  return setgroups(500, groups);
}

static void assert_reports(void (*create)(void *), const char *limit) {
  char output[1024];
  kit_begin();
  ck_assert_int_eq(run_to_death(create, NULL, output, sizeof output), 0);
  ck_assert_msg(strstr(output, limit) != NULL, "it said: %s", output);
}

TEST(create_reports_the_threads_of_a_user_of_many_groups) {
  if (join_groups() != 0)
    SKIP("only root can join groups");
  assert_reports(create_beyond_nproc, "RLIMIT_NPROC is 20, in use are 2");
}

TEST(create_reports_the_memory_of_a_user_of_many_groups) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer's shadow memory exceeds any limit");
  if (limits_are_emulated())
    SKIP("RLIMIT_AS has no effect here (an emulator)");
  if (join_groups() != 0)
    SKIP("only root can join groups");
  assert_reports(create_beyond_as, "after 0: RLIMIT_AS is ");
}

/* ---- sizes that nobody has ---- */

static void create_by_half_of_all(void *unused) {
  (void)unused;
  limit_address_space();
  create_sized_for_ever(SIZE_MAX / 2 + 1, 0);
}

static void create_by_nearly_all(void *unused) {
  (void)unused;
  limit_address_space();
  create_sized_for_ever(SIZE_MAX - (1 << 20), 0);
}

static void create_by_guard(void *unused) {
  (void)unused;
  limit_address_space();
  create_sized_for_ever(0, SIZE_MAX / 16 + 1);
}

TEST(create_reports_the_memory_that_stacks_and_guards_of_any_size_need) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer's shadow memory exceeds any limit");
  if (limits_are_emulated())
    SKIP("RLIMIT_AS has no effect here (an emulator)");
#ifdef __GLIBC__ /* others refuse such a stack */
  assert_reports(create_by_half_of_all, "after 0: RLIMIT_AS is ");
  assert_reports(create_by_nearly_all, "after 0: RLIMIT_AS is ");
#else
  (void)create_by_half_of_all;
  (void)create_by_nearly_all;
#endif
  assert_reports(create_by_guard, "after 0: RLIMIT_AS is ");
}

int main(void) {
  suite_begin("limits");
  ADD_TEST(defect_03_rlimit_nproc_is_named_with_its_value);
  ADD_TEST(defect_03_rlimit_as_is_named);
  ADD_TEST(defect_03_rlimit_data_is_named);
  ADD_TEST(a_sandbox_that_refuses_threads_is_named);
  ADD_TEST(defect_03_pids_max_is_named_with_its_value);
  ADD_TEST(defect_03_max_map_count_is_named);
  ADD_TEST(create_reports_rlimit_nproc);
  ADD_TEST(create_reports_the_memory_that_a_large_stack_needs);
  ADD_TEST(create_reports_the_threads_of_a_user_of_many_groups);
  ADD_TEST(create_reports_the_memory_of_a_user_of_many_groups);
  ADD_TEST(create_reports_the_memory_that_stacks_and_guards_of_any_size_need);
  return suite_run();
}
