/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime in a shared object of its own, for tests/kit/two-runtimes.c: two of
 * them come from one source. Each has small stacks, one for each of its
 * threads' records.
 */
#ifndef LIBCGO_TESTS_RUNTIME_OBJECT_H
#define LIBCGO_TESTS_RUNTIME_OBJECT_H

#include <libcgo.h>
#include <stdatomic.h>

/* What its hooks and its callbacks have counted. */
struct runtime_counts {
  atomic_long acquired, released, entered, left, callbacks, wrong;
};

/* A thread's record, embedded as a client embeds it. */
struct runtime_thread {
  struct libcgo_thread record;
  struct libcgo_stack stack;
  struct runtime_thread *next; /* of those that are free */
};

struct runtime_object {
  struct libcgo_runtime *runtime;
  struct runtime_counts *counts;
  struct libcgo_thread *(*current)(const struct libcgo_runtime *);
  /* Begins a record; gives its stack back. */
  void (*begin)(struct runtime_thread *thread);
  void (*end)(struct runtime_thread *thread);
  /* A callback that does nothing but count itself, and check its thread. */
  int (*count_callback)(void);
};

/* The one symbol that such an object exports. */
extern LIBCGO_API const struct runtime_object runtime_object;

#endif
