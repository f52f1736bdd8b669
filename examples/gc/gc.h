/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A garbage collector that lives on libcgo's world. heap.c is the collector, churn.c the
 * program on it; docs/tutorial-gc.md walks through both.
 */
#ifndef GC_H
#define GC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <libcgo/context.h>
#include <libcgo/handle.h>
#include <libcgo/runtime.h>
#include <libcgo/stack.h>
#include <libcgo/world.h>

/* An object: two references, and what tells whether it is still itself. */
struct object {
  _Atomic unsigned state; /* the heap's: see heap.c */
  uint64_t id;
  uint64_t sum; /* of id and address; see is_object */
  struct object *left, *right;
};

/* A thread of the runtime: created, or foreign. */
struct worker {
  struct libcgo_thread thread;
  struct libcgo_stack stack;     /* for the scheduler; created threads only */
  struct libcgo_context context; /* the scheduler's, while a task runs */
  struct task *task;             /* which runs here */
};

/* What heap.c needs of the runtime. */
extern struct libcgo_runtime *const runtime;
extern struct libcgo_handle_table handles;
struct worker *self(void); /* the calling thread, or NULL */
void each_context(void (*visit)(const struct libcgo_context *context));

/* Where the collector looks for references. With one left out, objects get lost. */
enum roots {
  from_stacks,
  from_c_stacks,
  from_contexts,
  from_handles,
  all_roots
};

struct heap_counts {
  unsigned long allocated, freed, live, most_live, collections;
  unsigned long found[all_roots]; /* objects that were found there first */
};

/* The heap collects at each `every`th allocation. left_out: all_roots, for none. */
void heap_begin(unsigned long every, enum roots left_out);
/* For managed threads, as are all who touch objects. May collect: whatever the caller
   still needs must be in its variables, its handles, or reached from there. */
struct object *heap_new(uint64_t id, struct object *left, struct object *right);
bool is_object(const struct object *o, uint64_t id);
void collect(void);
struct heap_counts heap_counts(void); /* while nothing allocates */

_Noreturn void die(const char *what, int err);

#endif
