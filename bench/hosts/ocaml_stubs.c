/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls from a thread of C into OCaml: a function that adds its argument. Three ways, in
 * turns: register and unregister at each call; what a careful author writes by hand; and
 * libcgo/host/ocaml.h. Each round is short, and takes a new thread. Prints lines of NAME
 * NANOSECONDS: a tenth of the rounds took less, the others were disturbed more.
 */
#include <caml/callback.h>
#include <caml/mlvalues.h>
#include <caml/threads.h>
#include <libcgo/host/ocaml.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

LIBCGO_OCAML(border);

static const value *on_call;

static void tell(void *arg) {
  caml_callback_exn(*on_call, Val_int(*(int *)arg));
}

static void usual(int n) {
  caml_c_thread_register();
  caml_acquire_runtime_system();
  tell(&n);
  caml_release_runtime_system();
  caml_c_thread_unregister();
}

/* Registered once, unregistered by the destructor of a key. */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread int registered;

static void unregister(void *unused) {
  (void)unused;
  caml_c_thread_unregister();
}
static void make_key(void) {
  if (pthread_key_create(&key, unregister) != 0)
    abort();
}
static void by_hand(int n) {
  if (!registered) {
    registered = caml_c_thread_register();
    pthread_once(&once, make_key);
    pthread_setspecific(key, &registered);
  }
  caml_acquire_runtime_system();
  tell(&n);
  caml_release_runtime_system();
}

static void by_libcgo(int n) {
  if (libcgo_ocaml_call(&border, tell, &n) != 0)
    abort();
}

enum { most = 1001 };
static const struct {
  const char *name;
  void (*call)(int n);
  int calls;
} ways[] = {{"usual", usual, 1000},
            {"hand", by_hand, 1000},
            {"libcgo", by_libcgo, 1000}};
enum { way_count = sizeof ways / sizeof ways[0] };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(int way, int calls) {
  const double start = now();
  for (int i = 0; i < calls; i++)
    ways[way].call(i);
  return (now() - start) / calls;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

struct one {
  int way, calls;
  double ns;
};
static void *one_round(void *arg) {
  struct one *one = arg;
  measure(one->way, 50);
  one->ns = measure(one->way, one->calls);
  return NULL;
}

static void run(int rounds) {
  static double ns[way_count][most];
  for (int r = -1; r < rounds; r++) /* the first warms up */
    for (int i = 0; i < way_count; i++) {
      pthread_t thread;
      struct one one = {(i + r + 1) % way_count, 0, 0};
      one.calls = ways[one.way].calls;
      if (pthread_create(&thread, NULL, one_round, &one) != 0)
        abort();
      pthread_join(thread, NULL);
      if (r >= 0)
        ns[one.way][r] = one.ns;
    }
  for (int w = 0; w < way_count; w++) {
    qsort(ns[w], (size_t)rounds, sizeof ns[w][0], compare);
    printf("ocaml %s %.1f\n", ways[w].name, ns[w][rounds / 10]);
  }
  fflush(stdout);
}

value bench_run(value rounds) {
  const int r = Int_val(rounds);
  on_call = caml_named_value("on_call");
  caml_release_runtime_system();
  run(r > most ? most : r);
  caml_acquire_runtime_system();
  return Val_unit;
}
