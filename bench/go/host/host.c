/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A C program with a Go library: what Go costs on the initial thread, where the
 * system's query for the bounds of the stack is dear. Prints as main.go does.
 */
#include "../c.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void own_stack(long n) { c_call_go(n); }
static void one(long n) { c_fibers_call_go_here(n, 1); }
static void four(long n) { c_fibers_call_go_here(n, 4); }
static void sixteen(long n) { c_fibers_call_go_here(n, 16); }

static const struct {
  const char *name;
  void (*fn)(long n);
} cases[] = {
    {"callback, initial thread of C", own_stack},
    {"callback, initial thread, 1 other stack", one},
    {"callback, initial thread, 4 stacks in turn", four},
    {"callback, initial thread, 16 stacks in turn", sixteen},
};

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  unsigned i;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    long n = 100;
    if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
      continue;
    for (;; n *= 3) {
      const double start = seconds();
      double took;
      cases[i].fn(n);
      took = seconds() - start;
      if (took > 0.2) {
        printf("%s\t%.1f\n", cases[i].name, took * 1e9 / (double)n);
        break;
      }
    }
  }
  return 0;
}
