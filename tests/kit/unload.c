/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime whose shared object is closed while a thread is attached to it.
 */
#include "support/harness.h"
#include "support/real-create.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char shared[] = TEST_MODULES ".libs/libunloaded.so";
static const char archive[] = TEST_MODULES "unloaded-archive.so";
static const char unmarked[] = TEST_MODULES "unloaded-unmarked.so";

/* ---- a machine that has much to do: threads begin late, and sleep too long ---- */

struct begun_late {
  void *(*fn)(void *);
  void *arg;
};
static atomic_int late_ms, long_sleeps;
static atomic_int stopped_s; /* what a clock goes on while a thread is made */
static atomic_int ahead_s;

NOT_INSTRUMENTED int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL)
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  const int err = real(clock, now);
  if (err == 0)
    now->tv_sec += atomic_load(&ahead_s);
  return err;
}

static void *begin_late(void *p) {
  const struct begun_late own = *(struct begun_late *)p;
  free(p);
  struct timespec now, end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += atomic_load(&late_ms) / 1000;
  end.tv_nsec += atomic_load(&late_ms) % 1000 * 1000000L;
  do
    clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - end.tv_sec) * 1000000000LL + now.tv_nsec - end.tv_nsec < 0);
  return own.fn(own.arg);
}

NOT_INSTRUMENTED int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                                    void *(*fn)(void *), void *arg) {
  if (atomic_load(&late_ms) == 0)
    return real_create(thread, attr, fn, arg);
  struct begun_late *own = malloc(sizeof *own);
  if (own == NULL)
    return EAGAIN;
  *own = (struct begun_late){fn, arg};
  atomic_fetch_add(&ahead_s, atomic_load(&stopped_s));
  return real_create(thread, attr, begin_late, own);
}

NOT_INSTRUMENTED int nanosleep(const struct timespec *wanted,
                               struct timespec *rest) {
  static int (*real)(const struct timespec *, struct timespec *);
  if (real == NULL)
    *(void **)&real = dlsym(RTLD_NEXT, "nanosleep");
  const struct timespec long_enough = {0, 150000000};
  return real(atomic_load(&long_sleeps) ? &long_enough : wanted, rest);
}

/* ---- a visit ---- */

struct visit {
  const char *path;
  const char *call; /* a function of the object, or NULL */
  int result;
  int mapped_after; /* whether its code is still there after dlclose */
  int ends[2];
};

static void *load_attach_unload(void *p) {
  struct visit *v = p;
  int (*call)(int *);
  void *module = dlopen(v->path, RTLD_NOW | RTLD_LOCAL);
  if (module == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return NULL;
  }
  *(void **)&call = dlsym(module, v->call != NULL ? v->call : "module_attach");
  v->result = v->call != NULL ? call(v->ends) : 0;
  dlclose(module);
  v->mapped_after = readable((uintptr_t)call);
  return NULL; /* the end of the thread calls `leave`, if it is attached */
}

static struct visit visit(const char *path, const char *call) {
  struct visit v = {path, call, -1, -1, {0, 0}};
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, load_attach_unload, &v), 0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(v.result, 0);
  return v;
}

static void assert_leaves_in_mapped_code(const struct visit *v) {
  ck_assert_int_eq(v->mapped_after, 1);
  ck_assert_int_eq(v->ends[0], 1);
  ck_assert_int_eq(v->ends[1], 1);
}

TEST(an_object_without_an_attached_thread_is_unmapped) {
  const struct visit v = visit(shared, NULL);
#ifndef __GLIBC__
  if (v.mapped_after == 1)
    SKIP("the dlclose of this C library unmaps nothing");
#endif
  ck_assert_int_eq(v.mapped_after, 0); /* or the next test would show nothing */
}

TEST(an_object_with_an_attached_thread_stays_mapped) {
  const struct visit v = visit(shared, "module_attach");
  assert_leaves_in_mapped_code(&v);
}

/* The thread that asks the loader to keep the object begins after half a second. */
static void visit_late(void) {
  atomic_store(&late_ms, 500);
  const struct visit v = visit(shared, "module_attach");
  atomic_store(&late_ms, 0);
  assert_leaves_in_mapped_code(&v);
}
TEST(an_object_stays_mapped_where_threads_begin_late) { visit_late(); }

/* And who waits for it looks seldom. */
TEST(an_object_stays_mapped_where_threads_sleep_too_long) {
  atomic_store(&long_sleeps, 1);
  visit_late();
  atomic_store(&long_sleeps, 0);
}

/* A debugger has stopped the process, or the machine was suspended. */
TEST(an_object_stays_mapped_where_nothing_runs_for_a_while) {
  atomic_store(&late_ms, 500);
  atomic_store(&stopped_s, 60);
  const struct visit v = visit(shared, "module_attach");
  atomic_store(&late_ms, 0);
  atomic_store(&stopped_s, 0);
  assert_leaves_in_mapped_code(&v);
}

#define NEEDS(object)                                                           \
  if (access(object, R_OK) != 0)                                                \
  SKIP("there is no archive, or it is one for programs only (sanitizers, code " \
       "that is not position-independent)")

TEST(an_object_with_the_archive_in_it_stays_mapped) {
  NEEDS(archive);
  const struct visit v = visit(archive, "module_attach");
  assert_leaves_in_mapped_code(&v);
}

/* A child is told of worlds by a handler of pthread_atfork. */
TEST(an_unloaded_archive_leaves_no_handler_of_forks) {
  NEEDS(unmarked);
  const struct visit v = visit(unmarked, "module_stop_world");
#ifndef __GLIBC__
  if (v.mapped_after == 1)
    SKIP("the dlclose of this C library unmaps nothing");
#endif
  ck_assert_int_eq(v.mapped_after, 0);
  const pid_t child = fork();
  if (child == 0)
    _exit(0);
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
}

int main(void) {
  suite_begin("unload");
  ADD_TEST(an_object_without_an_attached_thread_is_unmapped);
  ADD_TEST(an_object_with_an_attached_thread_stays_mapped);
  ADD_TEST(an_object_stays_mapped_where_threads_begin_late);
  ADD_TEST(an_object_stays_mapped_where_threads_sleep_too_long);
  ADD_TEST(an_object_stays_mapped_where_nothing_runs_for_a_while);
  ADD_TEST(an_unloaded_archive_leaves_no_handler_of_forks);
  ADD_TEST(an_object_with_the_archive_in_it_stays_mapped);
  return suite_run();
}
