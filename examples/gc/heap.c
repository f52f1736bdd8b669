/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The heap and its collector: mark and sweep, while the world is stopped. It is conservative
 * with stacks: a word that looks like an object's address keeps the object. Handles are
 * exact: the table knows which words are objects.
 */
#include "gc.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

enum { cells = 16384 };

enum { is_free, is_live, is_marked }; /* of an object */

static struct {
  struct object cells[cells];
  atomic_ulong next; /* where an allocation looks first */
  atomic_ulong allocated;
  unsigned long every;
  enum roots left_out;
  /* Of the collector, which has the world to itself. */
  struct object *grey[cells]; /* marked, and its references are not yet */
  size_t greys;
  enum roots looking;
  struct heap_counts counts;
} heap;

void heap_begin(unsigned long every, enum roots left_out) {
  heap.every = every;
  heap.left_out = left_out;
}

/* ---- objects ---- */

static uint64_t sum_of(const struct object *o) {
  return (o->id ^ (uintptr_t)o) * 0x9e3779b97f4a7c15u;
}

bool is_object(const struct object *o, uint64_t id) {
  return o != NULL && o->id == id && o->sum == sum_of(o);
}

/* Takes the next free cell. There is no lock, so no thread is stopped while it has one. */
struct object *heap_new(uint64_t id, struct object *left, struct object *right) {
  if (atomic_fetch_add(&heap.allocated, 1) % heap.every == heap.every - 1)
    collect();
  for (unsigned tries = 0; tries < 3 * cells; tries++) {
    struct object *o = &heap.cells[atomic_fetch_add(&heap.next, 1) % cells];
    unsigned state = is_free;
    if (atomic_load(&o->state) == is_free &&
        atomic_compare_exchange_strong(&o->state, &state, is_live)) {
      o->id = id;
      o->left = left;
      o->right = right;
      o->sum = sum_of(o);
      return o;
    }
    if (tries % cells == cells - 1)
      collect();
  }
  die("the heap is full", 0);
}

/* ---- mark ---- */

static void mark(uintptr_t word) {
  const uintptr_t offset = word - (uintptr_t)heap.cells;
  if (offset >= sizeof heap.cells)
    return;
  /* A compiler may keep only the address of a member. */
  struct object *o = &heap.cells[offset / sizeof *o];
  if (atomic_load(&o->state) != is_live)
    return;
  atomic_store(&o->state, is_marked);
  heap.grey[heap.greys++] = o;
  heap.counts.found[heap.looking]++;
}

/* All that is reached from what is marked. */
static void mark_the_rest(void) {
  while (heap.greys > 0) {
    const struct object *o = heap.grey[--heap.greys];
    mark((uintptr_t)o->left);
    mark((uintptr_t)o->right);
  }
}

/* AddressSanitizer has words around variables that it lets nobody read. */
static __attribute__((__no_sanitize_address__)) void
mark_words(uintptr_t lo, uintptr_t hi, enum roots roots) {
  if (roots == heap.left_out)
    return;
  heap.looking = roots;
  for (uintptr_t p = lo; p + sizeof(uintptr_t) <= hi; p += sizeof(uintptr_t))
    mark(*(const volatile uintptr_t *)p);
  mark_the_rest();
}

static int mark_segment(const struct libcgo_segment *segment, void *arg) {
  (void)arg;
  mark_words(segment->lo, segment->hi,
             segment->kind == LIBCGO_STACK_SMALL ? from_stacks : from_c_stacks);
  return 0;
}

static int mark_thread(struct libcgo_thread *thread, void *arg) {
  const int err = libcgo_segments_visit(thread, mark_segment, arg);
  if (err != 0)
    die("libcgo_segments_visit", err);
  return 0;
}

static void mark_context(const struct libcgo_context *context) {
  struct libcgo_segment segment;
  if (libcgo_context_segment(context, &segment) == 0) /* it is suspended */
    mark_words(segment.lo, segment.hi, from_contexts);
}

static int mark_handle(uintptr_t handle, void **object, void *arg) {
  (void)handle;
  (void)arg;
  heap.looking = from_handles;
  if (heap.left_out != from_handles)
    mark((uintptr_t)*object);
  mark_the_rest();
  return 0;
}

/* ---- sweep ---- */

static void sweep(void) {
  unsigned long live = 0;
  for (struct object *o = heap.cells; o < heap.cells + cells; o++) {
    const unsigned state = atomic_load(&o->state);
    if (state == is_live) {
      o->id = 0;
      o->sum = 0; /* who still has it is told by is_object */
      o->left = o->right = NULL;
      atomic_store(&o->state, is_free);
      heap.counts.freed++;
    } else if (state == is_marked) {
      atomic_store(&o->state, is_live);
      live++;
    }
  }
  heap.counts.live = live;
  if (live > heap.counts.most_live)
    heap.counts.most_live = live;
}

/* ---- collect ---- */

static uintptr_t c_mark_and_sweep(void *arg) {
  int err = libcgo_threads_visit(runtime, mark_thread, arg);
  if (err == 0)
    err = libcgo_handle_visit(&handles, mark_handle, arg);
  if (err != 0)
    die("no roots", err);
  each_context(mark_context);
  sweep();
  heap.counts.collections++;
  return 0;
}

/* Two threads may want to collect at once. The second one then waits in libcgo_world_stop,
   parked. */
void collect(void) {
  const uint64_t ten_seconds = 10000000000u;
  struct libcgo_thread *late;
  const int err = libcgo_world_stop(runtime, ten_seconds, &late);
  if (err != 0)
    die("libcgo_world_stop: a thread reaches no safepoint", err);
  struct worker *w = self();
  if (w != NULL) /* on a small stack, perhaps */
    libcgo_call_on_system(&w->thread, c_mark_and_sweep, NULL);
  else
    c_mark_and_sweep(NULL);
  if (libcgo_world_start(runtime) != 0)
    die("libcgo_world_start", 0);
}

struct heap_counts heap_counts(void) {
  heap.counts.allocated = atomic_load(&heap.allocated);
  return heap.counts;
}
