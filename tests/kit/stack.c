/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls from one stack to another, and the bounds of stacks.
 */

/* With it, longjmp takes a jump to a lower address, such as from the system
   stack to a small one, for an error. */
#undef _FORTIFY_SOURCE

#include "support/four.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "ports/arch/arch.h"
#include "ports/arch/cpu.h"

#define NOINLINE __attribute__((noinline))

static uintptr_t note_frame(void *where) {
  *(uintptr_t *)where = here();
  return 0;
}

/* A call of C by a runtime, as the argument of a function on a small stack. */
struct c_call {
  struct libcgo_thread *thread;
  uintptr_t (*fn)(void *arg);
  void *arg;
  uintptr_t small_frame; /* of the runtime's function that calls C */
};

static NOINLINE uintptr_t call_c(void *p) {
  struct c_call *c = p;
  c->small_frame = here();
  return libcgo_call_on_system(c->thread, c->fn, c->arg);
}

static int is_on_system(struct libcgo_thread *thread, uintptr_t address) {
  struct libcgo_bounds bounds;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &bounds), 0);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SYSTEM);
  return is_on(address, bounds.lo, bounds.hi);
}

/* ---- where fn runs, and with what ---- */

TEST(call_on_stack_runs_fn_on_the_stack_at_its_top) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  uintptr_t frame = 0;
  libcgo_call_on_stack(thread, &stack, note_frame, &frame);
  ck_assert(is_on_stack(frame, &stack));
  ck_assert_uint_gt(frame, stack.hi - 256);
}

TEST(call_on_system_runs_fn_on_the_system_stack_below_the_last_frame) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  uintptr_t frame = 0;
  struct c_call c = {thread, note_frame, &frame, 0};
  libcgo_call_on_stack(thread, &stack, call_c, &c);
  ck_assert(is_on_stack(c.small_frame, &stack));
  ck_assert(is_on_system(thread, frame));
  ck_assert_uint_lt(frame, here());
  ck_assert_uint_gt(frame, here() - 65536);
}

static const uintptr_t a_word = (uintptr_t)0x9182736455463728;

static uintptr_t give_word(void *arg) { return (uintptr_t)arg; }

TEST(both_calls_pass_the_argument_and_return_the_word) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct c_call c = {thread, give_word, (void *)a_word, 0};
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stack, call_c, &c), a_word);
  ck_assert_uint_eq(
      libcgo_call_on_stack(thread, &stack, give_word, (void *)~a_word), ~a_word);
  ck_assert_uint_eq(libcgo_call_on_system(thread, give_word, (void *)a_word),
                    a_word);
}

#define AS_WORD_FN(fn) ((uintptr_t(*)(void *))(void *)(fn))

static void assert_entry(const void *arg) {
  ck_assert_uint_eq(entry.sp % stack_alignment, entry_alignment);
  ck_assert_uint_eq(has_argument_registers ? entry.in_registers[0]
                                           : entry.on_stack[0],
                    (uintptr_t)arg);
}

TEST(call_on_stack_enters_fn_as_the_c_abi_says) {
  struct libcgo_thread *thread = attached();
  struct libcgo_stack stack = new_stack(small_bytes);
  stack.hi -= 64; /* note_entry reads above */
  for (unsigned odd = 0; odd < 16; odd++) {
    libcgo_call_on_stack(thread, &stack, AS_WORD_FN(note_entry), &stack);
    assert_entry(&stack);
    stack.hi--; /* tops that are not aligned */
  }
}

TEST(call_on_system_enters_fn_as_the_c_abi_says) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct c_call c = {thread, AS_WORD_FN(note_entry), &c, 0};
  libcgo_call_on_stack(thread, &stack, call_c, &c);
  assert_entry(&c);
}

/* What the C ABI lets fn write to above the stack pointer is on its stack, and not
   in use there. */
TEST(call_on_stack_has_room_for_what_fn_owns_of_its_callers_frame) {
  struct libcgo_thread *thread = attached();
  struct libcgo_stack stack = new_stack(small_bytes);
  stack.hi -= 64; /* note_entry reads above */
  libcgo_call_on_stack(thread, &stack, AS_WORD_FN(note_entry), &stack);
  ck_assert_uint_ge(stack.hi - entry.sp, CALLEE_AREA);
}

static uintptr_t enter_at_system_sp(void *p) {
  struct c_call *c = p;
  c->small_frame = c->thread->system_sp;
  return libcgo_call_on_system(c->thread, AS_WORD_FN(note_entry), c);
}

TEST(call_on_system_has_room_for_what_fn_owns_of_its_callers_frame) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct c_call c = {thread, NULL, NULL, 0};
  libcgo_call_on_stack(thread, &stack, enter_at_system_sp, &c);
  ck_assert_uint_ge(c.small_frame - entry.sp, CALLEE_AREA);
}

TEST(call_on_system_from_the_system_stack_enters_fn_as_the_c_abi_says) {
  struct libcgo_thread *thread = attached();
  libcgo_call_on_system(thread, AS_WORD_FN(note_entry), &thread);
  assert_entry(&thread);
}

/* ---- registers ---- */

struct registers_call {
  struct kept_registers r;
  void *target;
  struct libcgo_thread *thread;
  const struct libcgo_stack *stack;
};

static void call_with_known_registers(struct registers_call *c) {
  for (int i = 0; i < kept_count; i++)
    c->r.before[i] = (uintptr_t)0x0123456789abcdef * (uintptr_t)(i + 2);
  if (c->stack != NULL)
    call_with_registers(&c->r, c->target, c->thread, (void *)c->stack,
                        (uintptr_t)give_word, c);
  else
    call_with_registers(&c->r, c->target, c->thread, (void *)give_word,
                        (uintptr_t)c, NULL);
}

static uintptr_t registers_on_stack(void *p) {
  call_with_known_registers(p);
  return 0;
}

static void assert_kept(const struct kept_registers *r) {
  for (int i = 0; i < kept_count; i++)
    ck_assert_msg(r->before[i] == r->after[i], "%s was %#lx and is %#lx",
                  kept_names[i], (unsigned long)r->before[i],
                  (unsigned long)r->after[i]);
}

TEST(call_on_stack_keeps_every_callee_saved_register) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct registers_call c = {
      .target = (void *)libcgo_call_on_stack, .thread = thread, .stack = &stack};
  call_with_known_registers(&c);
  assert_kept(&c.r);
}

TEST(call_on_system_keeps_every_callee_saved_register) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct registers_call c = {.target = (void *)libcgo_call_on_system,
                             .thread = thread};
  libcgo_call_on_stack(thread, &stack, registers_on_stack, &c);
  assert_kept(&c.r);
  call_with_known_registers(&c); /* from the system stack */
  assert_kept(&c.r);
}

/* ---- four switches ---- */

TEST(a_callback_goes_on_below_its_caller_on_the_same_small_stack) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct four f = four_switches(thread, &stack, give_word, (void *)a_word);
  ck_assert_uint_eq(cross_four(&f), a_word);
  ck_assert(is_on_stack(f.runtime_1, &stack));
  ck_assert(is_on_stack(f.runtime_2, &stack));
  ck_assert_uint_lt(f.runtime_2, f.runtime_1);
  ck_assert_uint_gt(f.runtime_2, f.runtime_1 - 1024);
  ck_assert(is_on_system(thread, f.c_1));
  ck_assert(is_on_system(thread, f.c_2));
  ck_assert_uint_lt(f.c_2, f.c_1);
}

TEST(a_callback_begins_at_the_top_of_another_small_stack) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  const struct libcgo_stack other = new_stack(small_bytes);
  struct four f = four_switches(thread, &stack, give_word, (void *)a_word);
  f.inner_stack = &other;
  ck_assert_uint_eq(cross_four(&f), a_word);
  ck_assert(is_on_stack(f.runtime_2, &other));
  ck_assert_uint_gt(f.runtime_2, other.hi - 256);
  ck_assert_uint_lt(f.c_2, f.c_1);
}

/* From one small stack to another without C in between, and back to the first. */
struct hop {
  struct libcgo_thread *thread;
  const struct libcgo_stack *a, *b;
  uintptr_t frame_a, frame_b, frame_a2, frame_c;
};

static NOINLINE uintptr_t hop_a2(void *p) {
  struct hop *h = p;
  h->frame_a2 = here();
  return libcgo_call_on_system(h->thread, note_frame, &h->frame_c);
}

static NOINLINE uintptr_t hop_b(void *p) {
  struct hop *h = p;
  h->frame_b = here();
  return libcgo_call_on_stack(h->thread, h->a, hop_a2, h);
}

static NOINLINE uintptr_t hop_deeper(struct hop *h) {
  volatile char room[512];
  room[0] = 1;
  h->frame_a = (uintptr_t)room;
  return libcgo_call_on_stack(h->thread, h->b, hop_b, h) + (room[0] == 0);
}

static NOINLINE uintptr_t hop_a(void *p) {
  struct hop *h = p;
  /* A call that is over, higher up on this stack. */
  libcgo_call_on_system(h->thread, note_frame, &h->frame_c);
  return hop_deeper(h);
}

TEST(a_small_stack_that_called_another_goes_on_below_that_call) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack a = new_stack(small_bytes);
  const struct libcgo_stack b = new_stack(small_bytes);
  struct hop h = {thread, &a, &b, 0, 0, 0, 0};
  libcgo_call_on_stack(thread, &a, hop_a, &h);
  ck_assert(is_on_stack(h.frame_b, &b));
  ck_assert(is_on_stack(h.frame_a2, &a));
  ck_assert_uint_lt(h.frame_a2, h.frame_a);
  ck_assert(is_on_system(thread, h.frame_c));
}

enum { nesting = 1000 };

struct nest {
  struct libcgo_thread *thread;
  const struct libcgo_stack *stack;
  int depth;
  int wrong;
  uintptr_t small, system; /* the last frames there */
  uintptr_t sum;
};

static uintptr_t nest_runtime(void *p);

static void nest_callback(struct libcgo_thread *thread, void *p) {
  struct nest *n = p;
  n->sum += libcgo_call_on_stack(thread, n->stack, nest_runtime, n);
}

static NOINLINE uintptr_t nest_c(void *p) {
  struct nest *n = p;
  const int depth = n->depth;
  const uintptr_t frame = here();
  n->wrong += frame >= n->system || !is_on_system(n->thread, frame);
  n->system = frame;
  if (depth < nesting)
    n->wrong += libcgo_callback(&kit, nest_callback, n) != 0;
  return (uintptr_t)depth;
}

static NOINLINE uintptr_t nest_runtime(void *p) {
  struct nest *n = p;
  const uintptr_t frame = here();
  struct libcgo_bounds bounds;
  n->wrong += frame >= n->small || !is_on_stack(frame, n->stack);
  n->small = frame;
  n->depth++;
  const int depth = n->depth;
  n->wrong += libcgo_call_on_system(n->thread, nest_c, n) != (uintptr_t)depth;
  n->wrong += libcgo_stack_bounds(n->thread, &bounds) != 0 ||
              bounds.kind != LIBCGO_STACK_SMALL || bounds.lo != n->stack->lo ||
              bounds.hi <= frame;
  return (uintptr_t)depth;
}

TEST(crossings_nest_a_thousand_deep) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(2 * large_bytes);
  struct nest n = {thread, &stack, 0, 0, stack.hi, here(), 0};
  for (int round = 0; round < 3; round++) {
    n.depth = 0;
    n.sum = 0;
    n.small = stack.hi;
    n.system = here();
    libcgo_callback(&kit, nest_callback, &n);
    ck_assert_int_eq(n.depth, nesting);
    ck_assert_uint_eq(n.sum, (uintptr_t)nesting * (nesting + 1) / 2);
    ck_assert_int_eq(n.wrong, 0);
  }
}

/* ---- calls that run where the caller is ---- */

static int near(uintptr_t frame, uintptr_t caller) {
  return frame < caller && frame > caller - 4096;
}

TEST(call_on_system_from_the_system_stack_runs_fn_right_there) {
  struct libcgo_thread *thread = attached();
  uintptr_t frame = 0;
  libcgo_call_on_system(thread, note_frame, &frame);
  ck_assert(near(frame, here()));
}

static uintptr_t call_from_c(void *p) {
  struct c_call *c = p;
  c->small_frame = here();
  return libcgo_call_on_system(c->thread, c->fn, c->arg);
}

TEST(call_on_system_from_c_that_a_small_stack_called_runs_fn_right_there) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  uintptr_t frame = 0;
  struct c_call inner = {thread, note_frame, &frame, 0};
  struct c_call outer = {thread, call_from_c, &inner, 0};
  libcgo_call_on_stack(thread, &stack, call_c, &outer);
  ck_assert(near(frame, inner.small_frame));
}

static struct libcgo_thread *handler_thread;
static uintptr_t handler_frame, handler_callee;
static struct libcgo_bounds handler_bounds;
static int handler_error;

static void call_in_handler(int sig) {
  (void)sig;
  handler_frame = here();
  libcgo_call_on_system(handler_thread, note_frame, &handler_callee);
  handler_error = libcgo_stack_bounds(handler_thread, &handler_bounds);
}

static void install(int sig, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(sig, &action, NULL);
}

static uintptr_t set_alternate_stack(size_t bytes) {
  char *lo = map_stack(bytes);
  set_signal_stack(lo, bytes);
  return (uintptr_t)lo;
}

static uintptr_t raise_usr1(void *arg) {
  raise(SIGUSR1);
  return (uintptr_t)arg;
}

TEST(call_on_system_from_a_signal_stack_runs_fn_right_there) {
  handler_thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  const uintptr_t lo = set_alternate_stack(small_bytes);
  install(SIGUSR1, call_in_handler, SA_ONSTACK);
  libcgo_call_on_stack(handler_thread, &stack, raise_usr1, NULL);
  ck_assert(is_on(handler_frame, lo, lo + small_bytes));
  ck_assert(near(handler_callee, handler_frame));
}

TEST(call_on_system_from_a_handler_on_a_small_stack_runs_fn_on_the_system_stack) {
  handler_thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  install(SIGUSR1, call_in_handler, 0);
  libcgo_call_on_stack(handler_thread, &stack, raise_usr1, NULL);
  ck_assert(is_on_stack(handler_frame, &stack));
  ck_assert(is_on_system(handler_thread, handler_callee));
}

/* ---- C's own fibers ---- */

static ucontext_t main_context, fiber_context;
static uintptr_t fiber_lo;
static void (*fiber_fn)(void);

static void fiber_main(void) { fiber_fn(); }

static void run_in_fiber(void (*fn)(void)) {
  fiber_fn = fn;
  fiber_lo = (uintptr_t)map_stack(large_bytes);
  getcontext(&fiber_context);
  fiber_context.uc_stack.ss_sp = (void *)fiber_lo;
  fiber_context.uc_stack.ss_size = large_bytes;
  fiber_context.uc_link = &main_context;
  makecontext(&fiber_context, fiber_main, 0);
  swapcontext(&main_context, &fiber_context);
}

static int is_on_fiber(uintptr_t address) {
  return is_on(address, fiber_lo, fiber_lo + large_bytes);
}

#define NEEDS_SWAPCONTEXT                                                      \
  if (UNDER_TSAN)                                                              \
  SKIP("the thread sanitizer does not know swapcontext")

static void call_in_fiber(void) { call_in_handler(0); }

TEST(call_on_system_from_a_fiber_of_c_runs_fn_right_there) {
  NEEDS_SWAPCONTEXT;
  handler_thread = attached();
  run_in_fiber(call_in_fiber);
  ck_assert(is_on_fiber(handler_frame));
  ck_assert(near(handler_callee, handler_frame));
}

static struct four fiber_four;

static void cross_in_fiber(void) { cross_four(&fiber_four); }

static uintptr_t cross_four_in_fiber(void *arg) {
  run_in_fiber(cross_in_fiber);
  return (uintptr_t)arg;
}

TEST(a_call_from_a_fiber_goes_on_below_the_fiber_s_frames) {
  NEEDS_SWAPCONTEXT;
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct c_call c = {thread, cross_four_in_fiber, (void *)a_word, 0};
  fiber_four = four_switches(thread, &stack, give_word, NULL);
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stack, call_c, &c), a_word);
  ck_assert(is_on_fiber(fiber_four.c_1));
  ck_assert(is_on_fiber(fiber_four.c_2));
  ck_assert_uint_lt(fiber_four.c_2, fiber_four.c_1);
  ck_assert_uint_lt(fiber_four.runtime_1, c.small_frame);
}

/* ---- the runtime's tasks ---- */

enum { tasks = 3, turns = 50 };

static struct task {
  struct libcgo_stack stack;
  struct libcgo_thread *thread;
  int wrong;
  int done;
  ucontext_t context; /* has an array without bounds at its end on loong64 */
} all_tasks[tasks];
static ucontext_t scheduler;
static struct libcgo_stack scheduler_stack;

static void task_main(int number) {
  struct task *t = &all_tasks[number];
  for (int i = 0; i < turns; i++) {
    uintptr_t frame = 0;
    struct libcgo_bounds bounds;
    t->wrong += libcgo_call_on_system(t->thread, note_frame, &frame) != 0;
    t->wrong += is_on_stack(frame, &t->stack) || !near(frame, handler_frame);
    t->wrong += libcgo_stack_bounds(t->thread, &bounds) != 0 ||
                bounds.kind != LIBCGO_STACK_SMALL || bounds.lo != t->stack.lo ||
                bounds.hi != t->stack.hi;
    if (i % 2 == 0) /* just before the switch ... */
      libcgo_stack_switched(t->thread, &scheduler_stack);
    swapcontext(&t->context, &scheduler);
    if (i % 3 == 0) /* ... or after it */
      libcgo_stack_switched(t->thread, &t->stack);
  }
  t->done = 1;
  libcgo_stack_switched(t->thread, &scheduler_stack);
}

static uintptr_t schedule(void *p) {
  struct libcgo_thread *thread = p;
  int left = tasks;
  for (int i = 0; left > 0; i = (i + 1) % tasks) {
    struct task *t = &all_tasks[i];
    if (t->done)
      continue;
    uintptr_t frame = 0;
    libcgo_stack_switched(thread, &t->stack);
    swapcontext(&scheduler, &t->context);
    libcgo_stack_switched(thread, &scheduler_stack);
    libcgo_call_on_system(thread, note_frame, &frame);
    t->wrong += !near(frame, handler_frame);
    left -= t->done;
  }
  return a_word;
}

TEST(tasks_that_the_runtime_switches_call_c_on_the_system_stack) {
  NEEDS_SWAPCONTEXT;
  struct libcgo_thread *thread = attached();
  scheduler_stack = new_stack(small_bytes);
  handler_frame = here();
  for (int i = 0; i < tasks; i++) {
    struct task *t = &all_tasks[i];
    t->stack = new_stack(small_bytes);
    t->thread = thread;
    getcontext(&t->context);
    t->context.uc_stack.ss_sp = (void *)t->stack.lo;
    t->context.uc_stack.ss_size = small_bytes;
    t->context.uc_link = &scheduler;
    makecontext(&t->context, (void (*)(void))task_main, 1, i);
  }
  ck_assert_uint_eq(
      libcgo_call_on_stack(thread, &scheduler_stack, schedule, thread), a_word);
  for (int i = 0; i < tasks; i++)
    ck_assert_int_eq(all_tasks[i].wrong, 0);
}

/* ---- the least that a stack has ---- */

TEST(a_stack_of_LIBCGO_STACK_MIN_bytes_can_call_c) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer's frames are larger");
  struct libcgo_thread *thread = attached();
  struct libcgo_stack stack = new_stack(small_bytes);
  uintptr_t frame = 0;
  struct c_call c = {thread, note_frame, &frame, 0};
  /* The loader may need more, once, to find what this calls. */
  libcgo_call_on_stack(thread, &stack, call_c, &c);
  stack.hi = stack.lo + LIBCGO_STACK_MIN;
  frame = 0;
  libcgo_call_on_stack(thread, &stack, call_c, &c);
  ck_assert(is_on_system(thread, frame));
}

static uintptr_t call_on_other(void *p) {
  const struct hop *h = p;
  return libcgo_call_on_stack(h->thread, h->b, give_word, (void *)a_word);
}

TEST(a_stack_of_LIBCGO_STACK_MIN_bytes_can_call_another) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer's frames are larger");
  struct libcgo_thread *thread = attached();
  struct libcgo_stack least = new_stack(4096);
  const struct libcgo_stack other = new_stack(small_bytes);
  least.hi = least.lo + LIBCGO_STACK_MIN;
  struct hop h = {thread, &least, &other, 0, 0, 0, 0};
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &least, call_on_other, &h),
                    a_word);
}

/* ---- fatal errors ---- */

static void write_hook(const char *message) {
  const char begin[] = "hook: ";
  if (write(STDERR_FILENO, begin, strlen(begin)) < 0 ||
      write(STDERR_FILENO, message, strlen(message)) < 0 ||
      write(STDERR_FILENO, "\n", 1) < 0)
    abort();
}

/* A runtime with the kit's hooks and one for messages. */
static struct libcgo_ops fatal_ops;
static struct libcgo_runtime fatal_runtime = LIBCGO_RUNTIME_INIT(&fatal_ops);

static struct libcgo_thread *attached_to_fatal_runtime(void) {
  struct libcgo_thread *thread = NULL;
  fatal_ops = kit_ops;
  fatal_ops.fatal = write_hook;
  if (libcgo_init_begin(&fatal_runtime.init) == 0)
    libcgo_init_done(&fatal_runtime.init);
  if (libcgo_attach(&fatal_runtime, &thread) != 0)
    _exit(2);
  return thread;
}

/* Dies by abort, with the message, and, if there is a record that was entered,
   with the same message in the hook before. */
static void assert_dies(void (*fn)(void *), const char *message, int hook) {
  char output[4096], expected[4096];
  kit_begin();
  const int sig = run_to_death(fn, NULL, output, sizeof output);
  snprintf(expected, sizeof expected, hook ? "hook: %s\n%s\n" : "%s%s\n",
           hook ? message : "", message);
  ck_assert_msg(sig == SIGABRT, "ended by %d, with: %s", sig, output);
  /* An emulator, or a sanitizer, may have something to add. */
  ck_assert_msg(strstr(output, expected) != NULL, "said: %sinstead of: %s",
                output, expected);
}

static void null_record_to_system(void *unused) {
  libcgo_call_on_system(NULL, give_word, unused);
}

#define NULL_RECORD                                                            \
  "the thread's record is NULL: a thread without one is attached by "          \
  "libcgo_attach or libcgo_callback"

TEST(call_on_system_without_a_record_is_fatal) {
  assert_dies(null_record_to_system,
              "libcgo: libcgo_call_on_system: " NULL_RECORD, 0);
}

static void null_record_to_stack(void *unused) {
  const struct libcgo_stack stack = new_stack(small_bytes);
  libcgo_call_on_stack(NULL, &stack, give_word, unused);
}

TEST(call_on_stack_without_a_record_is_fatal) {
  assert_dies(null_record_to_stack,
              "libcgo: libcgo_call_on_stack: " NULL_RECORD, 0);
}

#define NOT_ENTERED                                                            \
  "no thread has entered the record, or its runtime was closed: "              \
  "libcgo_thread_create, libcgo_attach and libcgo_callback enter it"

static void fresh_record_to_system(void *unused) {
  struct libcgo_thread thread = LIBCGO_THREAD_INIT;
  libcgo_call_on_system(&thread, give_word, unused);
}

TEST(call_on_system_with_a_record_that_was_not_entered_is_fatal) {
  assert_dies(fresh_record_to_system,
              "libcgo: libcgo_call_on_system: " NOT_ENTERED, 0);
}

static void left_record_to_stack(void *unused) {
  struct libcgo_thread *thread = attached_to_fatal_runtime();
  const struct libcgo_stack stack = new_stack(small_bytes);
  libcgo_detach(&fatal_runtime);
  libcgo_call_on_stack(thread, &stack, give_word, unused);
}

TEST(call_on_stack_with_a_record_that_was_left_is_fatal) {
  assert_dies(left_record_to_stack,
              "libcgo: libcgo_call_on_stack: " NOT_ENTERED, 0);
}

static void short_record_to_system(void *unused) {
  struct libcgo_thread thread = LIBCGO_THREAD_INIT;
  thread.size = 8;
  thread.version = 1;
  libcgo_call_on_system(&thread, give_word, unused);
}

TEST(call_on_system_with_a_short_record_is_fatal) {
  assert_dies(short_record_to_system,
              "libcgo: libcgo_call_on_system: the thread's record has 8 bytes and "
              "version 1: it is to begin as LIBCGO_THREAD_INIT",
              0);
}

static void null_stack(void *unused) {
  libcgo_call_on_stack(attached_to_fatal_runtime(), NULL, give_word, unused);
}

TEST(call_on_stack_without_a_stack_is_fatal) {
  assert_dies(null_stack,
              "libcgo: libcgo_call_on_stack: the stack's record is NULL: it is to "
              "begin as LIBCGO_STACK_INIT(lo, hi)",
              1);
}

static void call_on_changed_stack(uint32_t size, uint32_t version,
                                  ptrdiff_t bytes) {
  struct libcgo_stack stack = new_stack(small_bytes);
  stack.size = size;
  stack.version = version;
  stack.hi = stack.lo + (uintptr_t)bytes;
  libcgo_call_on_stack(attached_to_fatal_runtime(), &stack, give_word, NULL);
}

enum { right_size = sizeof(struct libcgo_stack) };

static void short_stack_record(void *unused) {
  (void)unused;
  call_on_changed_stack(right_size - 1, LIBCGO_RECORD_VERSION, small_bytes);
}

static void later_stack_record(void *unused) {
  (void)unused;
  call_on_changed_stack(right_size, LIBCGO_RECORD_VERSION + 1, small_bytes);
}

static void reversed_stack(void *unused) {
  (void)unused;
  call_on_changed_stack(right_size, LIBCGO_RECORD_VERSION, -16);
}

static void stack_without_enough(void *unused) {
  (void)unused;
  call_on_changed_stack(right_size, LIBCGO_RECORD_VERSION, LIBCGO_STACK_MIN - 1);
}

#define WRONG_STACK                                                            \
  "libcgo: libcgo_call_on_stack: the stack's record is none of this version, " \
  "or has no bytes between lo and hi: it is to begin as "                      \
  "LIBCGO_STACK_INIT(lo, hi)"

TEST(call_on_stack_with_a_short_stack_record_is_fatal) {
  assert_dies(short_stack_record, WRONG_STACK, 1);
}

TEST(call_on_stack_with_a_stack_record_of_an_unknown_version_is_fatal) {
  assert_dies(later_stack_record, WRONG_STACK, 1);
}

TEST(call_on_stack_with_no_bytes_between_lo_and_hi_is_fatal) {
  assert_dies(reversed_stack, WRONG_STACK, 1);
}

TEST(call_on_stack_with_less_than_LIBCGO_STACK_MIN_is_fatal) {
  char text[128];
  snprintf(text, sizeof text,
           "libcgo: libcgo_call_on_stack: the stack has %d bytes left of %d, "
           "and LIBCGO_STACK_MIN is %d: make it larger",
           LIBCGO_STACK_MIN - 16, LIBCGO_STACK_MIN - 1, LIBCGO_STACK_MIN);
  assert_dies(stack_without_enough, text, 1);
}

/* ---- stack_switched's errors ---- */

static uintptr_t switch_with_errors(void *p) {
  struct libcgo_thread *thread = p;
  struct libcgo_stack stack = new_stack(small_bytes);
  errno = 77;
  ck_assert_int_eq(libcgo_stack_switched(NULL, &stack), EINVAL);
  ck_assert_int_eq(libcgo_stack_switched(thread, NULL), EINVAL);
  stack.size--;
  ck_assert_int_eq(libcgo_stack_switched(thread, &stack), EINVAL);
  stack.size++;
  stack.version++;
  ck_assert_int_eq(libcgo_stack_switched(thread, &stack), ENOTSUP);
  stack.version--;
  struct libcgo_thread other = LIBCGO_THREAD_INIT;
  ck_assert_int_eq(libcgo_stack_switched(&other, &stack), EINVAL);
  other.version++;
  ck_assert_int_eq(libcgo_stack_switched(&other, &stack), ENOTSUP);
  ck_assert_int_eq(errno, 77);
  return 0;
}

static struct libcgo_stack left_stack;

static uintptr_t leave_stack(void *thread) {
  return (uintptr_t)libcgo_stack_left(thread, &left_stack);
}

static uintptr_t call_c_that_leaves(void *thread) {
  return libcgo_call_on_system(thread, leave_stack, thread);
}

static void return_to_a_stack_that_was_left(void *unused) {
  (void)unused;
  struct libcgo_thread *thread = attached_to_fatal_runtime();
  left_stack = new_stack(small_bytes);
  libcgo_call_on_stack(thread, &left_stack, call_c_that_leaves, thread);
}

TEST(a_call_that_returns_after_its_stack_was_left_is_fatal) {
  assert_dies(return_to_a_stack_that_was_left,
              "libcgo: libcgo_call_on_stack: a call on a small stack returns that "
              "was over: it has returned before, or its stack was left "
              "(libcgo_stack_left), or other frames are where its own was",
              1);
}

TEST(stack_switched_refuses_wrong_records) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  libcgo_call_on_stack(thread, &stack, switch_with_errors, thread);
}

TEST(stack_switched_refuses_a_thread_on_its_system_stack) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  ck_assert_int_eq(libcgo_stack_switched(thread, &stack), EINVAL);
}

/* ---- after what ends calls without returning ---- */

static jmp_buf outside, on_runtime_1, within_c_2;

static uintptr_t jump_outside(void *arg) {
  (void)arg;
  longjmp(outside, 1);
}

enum { repetitions = 100000 };

static int repetitions_here(void) {
  return UNDER_ASAN || RUNNING_ON_VALGRIND ? repetitions / 100 : repetitions;
}

/* What a longjmp out of four switches leaves behind, many times. */
TEST(after_a_longjmp_out_of_four_switches_positions_are_right) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  static struct four first, next;
  first = four_switches(thread, &stack, give_word, (void *)a_word);
  next = four_switches(thread, &stack, jump_outside, NULL);
  cross_four(&first);
  const uintptr_t chunks = thread->chunks;
  const int n = repetitions_here();
  for (volatile int i = 0; i < n; i = i + 1) {
    if (setjmp(outside) == 0)
      cross_four(&next);
    ck_assert_uint_eq(next.runtime_1, first.runtime_1);
    ck_assert_uint_eq(next.c_1, first.c_1);
    ck_assert_uint_eq(next.runtime_2, first.runtime_2);
    ck_assert_uint_eq(next.c_2, first.c_2);
  }
  next.innermost = give_word;
  next.arg = (void *)a_word;
  ck_assert_uint_eq(cross_four(&next), a_word);
  ck_assert_uint_eq(next.c_2, first.c_2);
  ck_assert_uint_eq(thread->chunks, chunks); /* nothing was leaked */
}

static struct libcgo_thread *jump_thread;
static struct libcgo_stack jump_stacks[3];
static struct four jump_four;

static uintptr_t jump_to_runtime_1(void *arg) {
  (void)arg;
  longjmp(on_runtime_1, 1);
}

static uintptr_t (*then_on_runtime_1)(void);
static int jumps;

static NOINLINE uintptr_t catch_on_runtime_1(void *unused) {
  (void)unused;
  for (volatile int i = 0; i < jumps; i = i + 1)
    if (setjmp(on_runtime_1) == 0)
      runtime_1(&jump_four);
  return then_on_runtime_1();
}

static void begin_jumps(int times) {
  jump_thread = attached();
  for (int i = 0; i < 3; i++)
    jump_stacks[i] = new_stack(small_bytes);
  jump_four =
      four_switches(jump_thread, &jump_stacks[1], jump_to_runtime_1, NULL);
  jumps = times;
}

/* Inlined where it is called: a call that has ended is noticed by one from no deeper. */
__attribute__((always_inline)) static inline uintptr_t call_back_in(void) {
  uintptr_t frame = 0;
  libcgo_call_on_system(jump_thread, note_frame, &frame);
  return frame;
}

TEST(after_a_longjmp_to_a_small_stack_c_runs_on_the_system_stack) {
  for (int deep = 0; deep < 2; deep++) {
    begin_jumps(repetitions_here() / 10);
    then_on_runtime_1 = call_back_in;
    const uintptr_t frame = libcgo_call_on_stack(jump_thread, &jump_stacks[deep],
                                                 catch_on_runtime_1, NULL);
    ck_assert(is_on_system(jump_thread, frame));
    ck_assert_uint_gt(frame, here() - 4096);
    libcgo_detach(&kit);
  }
}

static uintptr_t call_c_on_third(void *where) {
  return libcgo_call_on_system(jump_thread, note_frame, where);
}

static uintptr_t go_on_to_third(void) {
  uintptr_t frame = 0;
  libcgo_call_on_stack(jump_thread, &jump_stacks[2], call_c_on_third, &frame);
  return frame;
}

TEST(after_a_longjmp_to_a_small_stack_another_one_calls_c_on_the_system_stack) {
  begin_jumps(1);
  then_on_runtime_1 = go_on_to_third;
  const uintptr_t frame = libcgo_call_on_stack(jump_thread, &jump_stacks[0],
                                               catch_on_runtime_1, NULL);
  ck_assert(is_on_system(jump_thread, frame));
  ck_assert_uint_gt(frame, here() - 4096);
}

static uintptr_t is_bounded_as_small(void) {
  struct libcgo_bounds bounds;
  return libcgo_stack_bounds(jump_thread, &bounds) == 0 &&
         bounds.kind == LIBCGO_STACK_SMALL && bounds.lo == jump_stacks[0].lo &&
         bounds.hi == jump_stacks[0].hi;
}

TEST(after_a_longjmp_to_a_small_stack_the_bounds_are_its_own) {
  begin_jumps(1);
  then_on_runtime_1 = is_bounded_as_small;
  ck_assert_uint_eq(libcgo_call_on_stack(jump_thread, &jump_stacks[0],
                                         catch_on_runtime_1, NULL),
                    1);
}

static uintptr_t switch_and_jump(void *unused) {
  (void)unused;
  libcgo_stack_switched(jump_thread, &jump_stacks[1]);
  libcgo_stack_switched(jump_thread, &jump_stacks[0]);
  longjmp(on_runtime_1, 1);
}

static uintptr_t call_back_to_switch(void *unused) {
  return libcgo_call_on_stack(jump_thread, &jump_stacks[0], switch_and_jump,
                              unused);
}

static uintptr_t catch_after_switch(void *unused) {
  const uintptr_t before = call_back_in();
  if (setjmp(on_runtime_1) == 0)
    libcgo_call_on_system(jump_thread, call_back_to_switch, unused);
  return call_back_in() == before;
}

TEST(a_longjmp_from_a_task_that_came_back_leaves_positions_right) {
  begin_jumps(1);
  ck_assert_uint_eq(libcgo_call_on_stack(jump_thread, &jump_stacks[0],
                                         catch_after_switch, NULL),
                    1);
}

static uintptr_t jump_within_c_2(void *arg) {
  if (setjmp(within_c_2) == 0)
    longjmp(within_c_2, 1);
  return (uintptr_t)arg;
}

TEST(a_longjmp_within_one_side_changes_nothing) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct four f = four_switches(thread, &stack, jump_within_c_2, (void *)a_word);
  ck_assert_uint_eq(cross_four(&f), a_word);
}

static uintptr_t first_chunks;

static void jump_out_in_fiber(void) {
  static int i; /* longjmp may spoil a local */
  for (i = 0; i < repetitions_here() / 10; i++) {
    if (setjmp(outside) == 0)
      cross_four(&fiber_four);
    if (i == 0)
      first_chunks = fiber_four.thread->chunks;
  }
}

TEST(jumps_out_of_calls_from_a_fiber_take_no_memory) {
  NEEDS_SWAPCONTEXT;
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  fiber_four = four_switches(thread, &stack, jump_outside, NULL);
  run_in_fiber(jump_out_in_fiber);
  ck_assert_uint_eq(thread->chunks, first_chunks);
}

/* ---- the end of a thread, in the middle of four switches ---- */

static struct libcgo_stack end_stack;
static struct four end_four, after_four;
static int cleaned_up, destructor_runs;
static pthread_key_t end_key;

static void clean_up(void *unused) {
  (void)unused;
  cleaned_up++;
}

static uintptr_t exit_thread(void *arg) { pthread_exit(arg); }

static uintptr_t cancel_thread(void *arg) {
  pthread_cancel(pthread_self());
  for (;;)
    pthread_testcancel();
  return (uintptr_t)arg;
}

/* The thread has its record still, or gets one again. */
static void cross_again(struct libcgo_thread *thread, void *unused) {
  (void)unused;
  after_four = four_switches(thread, &end_stack, give_word, (void *)a_word);
  cross_four(&after_four);
}

static void destructor(void *unused) {
  destructor_runs++;
  libcgo_callback(&kit, cross_again, unused);
}

static NOINLINE void end_in_four_switches(struct libcgo_thread *thread, void *p) {
  pthread_setspecific(end_key, &end_key);
  end_four = four_switches(thread, &end_stack, *(uintptr_t(**)(void *))p, NULL);
  pthread_cleanup_push(clean_up, NULL);
  cross_four(&end_four);
  pthread_cleanup_pop(0);
}

static void *end_foreign(void *p) {
  libcgo_callback(&kit, end_in_four_switches, p);
  return NULL;
}

static void assert_thread_ends(uintptr_t (*end)(void *), int foreign, int times) {
  kit_begin();
  end_stack = new_stack(small_bytes);
  cleaned_up = destructor_runs = 0;
  pthread_key_create(&end_key, destructor);
  for (int i = 1; i <= times; i++) {
    if (foreign)
      kit_run_foreign(end_foreign, &end);
    else
      kit_run(NULL, end_in_four_switches, &end);
    ck_assert_int_eq(cleaned_up, i);
    ck_assert_int_eq(destructor_runs, i);
    ck_assert_int_eq(kit_count(KIT_LEAVE), kit_count(KIT_ENTER));
    ck_assert_uint_eq(after_four.result, a_word);
    /* The destructor may run below the frames that are gone: then they are not
       known to be. */
    ck_assert_uint_gt(after_four.runtime_1, end_four.runtime_1 - 2048);
  }
  pthread_key_delete(end_key);
}

/* Many times would be slow, and would show nothing more. */
enum { ends = 20 };

TEST(pthread_exit_in_four_switches_ends_a_thread_of_the_runtime) {
  assert_thread_ends(exit_thread, 0, ends);
}

TEST(pthread_exit_in_four_switches_ends_a_foreign_thread) {
  assert_thread_ends(exit_thread, 1, ends);
}

TEST(cancellation_in_four_switches_ends_a_thread_of_the_runtime) {
  assert_thread_ends(cancel_thread, 0, ends);
}

TEST(cancellation_in_four_switches_ends_a_foreign_thread) {
  assert_thread_ends(cancel_thread, 1, ends);
}

/* ---- bounds ---- */

static void touch(void *address) { *(volatile char *)address = 1; }

static int dies_of(void (*fn)(void *), uintptr_t address) {
  char output[4096];
  return run_to_death(fn, (void *)address, output, sizeof output);
}

/* True to the byte at its low end. */
static void assert_lowest_byte(const struct libcgo_bounds *bounds) {
  ck_assert_int_eq(dies_of(touch, bounds->lo), 0);
  const int sig = dies_of(touch, bounds->lo - 1);
  ck_assert_msg(sig == SIGSEGV || sig == SIGBUS || UNDER_ASAN,
                "the byte below the lowest can be written (%d)", sig);
}

static struct libcgo_bounds bounds_of(struct libcgo_thread *thread) {
  struct libcgo_bounds bounds = {0, 0, -1};
  ck_assert_int_eq(libcgo_stack_bounds(thread, &bounds), 0);
  return bounds;
}

TEST(the_initial_thread_s_bounds_are_true_to_the_byte) {
  if (RUNNING_ON_VALGRIND)
    SKIP("valgrind gives the program its stack");
  struct libcgo_thread *thread = attached();
  const struct libcgo_bounds bounds = bounds_of(thread);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SYSTEM);
  ck_assert(is_on(here(), bounds.lo, bounds.hi));
  assert_lowest_byte(&bounds);
}

static int is_emulated(void) {
  const char *emulator = getenv("TEST_EMU");
  return emulator != NULL && *emulator != '\0';
}

static void small_limit(void *unused) {
  struct libcgo_bounds bounds = {0, 0, -1};
  struct rlimit limit;
  (void)unused;
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_STACK, &limit);
  const int err = libcgo_stack_bounds(NULL, &bounds);
  /* The arguments and the environment, above, count. */
  if (err != 0 || bounds.hi - bounds.lo > (1 << 20) ||
      bounds.hi - bounds.lo < (1 << 18))
    abort();
  touch((void *)bounds.lo);
  if (signal(SIGSEGV, SIG_DFL) == SIG_ERR)
    abort();
  touch((void *)(bounds.lo - 1));
}

TEST(the_initial_thread_s_bounds_follow_RLIMIT_STACK) {
  const struct libcgo_bounds before = bounds_of(NULL);
  if (before.hi - before.lo < (2 << 20))
    SKIP("the stack is limited to less than 2 MiB");
  if (UNDER_ASAN || UNDER_TSAN || RUNNING_ON_VALGRIND || is_emulated())
    SKIP("this tool gives the program its stack");
  ck_assert_int_eq(dies_of(small_limit, 0), SIGSEGV);
}

static void note_bounds(struct libcgo_thread *thread, void *p) {
  *(struct libcgo_bounds *)p = bounds_of(thread);
  ck_assert(is_on(here(), ((struct libcgo_bounds *)p)->lo,
                  ((struct libcgo_bounds *)p)->hi));
  assert_lowest_byte(p);
}

TEST(a_started_thread_s_bounds_are_true_to_the_byte) {
  struct libcgo_bounds bounds;
  kit_begin();
  kit_run(NULL, note_bounds, &bounds);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SYSTEM);
}

static void *note_bounds_foreign(void *p) {
  ck_assert_int_eq(libcgo_callback(&kit, note_bounds, p), 0);
  return NULL;
}

TEST(a_foreign_thread_s_bounds_are_true_to_the_byte) {
  struct libcgo_bounds bounds;
  kit_begin();
  kit_run_foreign(note_bounds_foreign, &bounds);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SYSTEM);
}

static void *note_bounds_without_a_record(void *p) {
  note_bounds(NULL, p);
  return NULL;
}

TEST(without_a_record_the_bounds_are_the_same) {
  struct libcgo_bounds bounds;
  struct libcgo_thread *thread = attached();
  const struct libcgo_bounds with = bounds_of(thread), without = bounds_of(NULL);
  ck_assert_uint_eq(with.lo, without.lo);
  ck_assert_uint_eq(with.hi, without.hi);
  kit_run_foreign(note_bounds_without_a_record, &bounds);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SYSTEM);
}

static uintptr_t note_small_bounds(void *p) {
  *(struct libcgo_bounds *)p = bounds_of(kit_current());
  return 0;
}

TEST(a_small_stack_s_bounds_are_those_of_its_record) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  struct libcgo_bounds bounds;
  libcgo_call_on_stack(thread, &stack, note_small_bounds, &bounds);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SMALL);
  ck_assert_uint_eq(bounds.lo, stack.lo);
  ck_assert_uint_eq(bounds.hi, stack.hi);
}

TEST(c_that_a_small_stack_called_has_the_system_stack_s_bounds) {
  struct libcgo_thread *thread = attached();
  const struct libcgo_stack stack = new_stack(small_bytes);
  const struct libcgo_bounds own = bounds_of(thread);
  struct libcgo_bounds bounds;
  struct c_call c = {thread, note_small_bounds, &bounds, 0};
  libcgo_call_on_stack(thread, &stack, call_c, &c);
  ck_assert_int_eq(bounds.kind, LIBCGO_STACK_SYSTEM);
  ck_assert_uint_eq(bounds.lo, own.lo);
}

TEST(a_signal_stack_s_bounds_are_those_that_were_given) {
  handler_thread = attached();
  bounds_of(handler_thread);
  const uintptr_t lo = set_alternate_stack(small_bytes);
  install(SIGUSR1, call_in_handler, SA_ONSTACK);
  raise(SIGUSR1);
  ck_assert_int_eq(handler_error, 0);
  ck_assert_int_eq(handler_bounds.kind, LIBCGO_STACK_SIGNAL);
  ck_assert_uint_eq(handler_bounds.lo, lo);
  ck_assert_uint_eq(handler_bounds.hi, lo + small_bytes);
}

static stack_t library_s_stack;

static void raise_in_thread(struct libcgo_thread *thread, void *arg) {
  sigaltstack(NULL, &library_s_stack);
  handler_thread = thread;
  raise_usr1(arg);
}

TEST(the_library_s_signal_stack_has_bounds_true_to_the_byte) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  kit_begin();
  attr.signal_stack_size = large_bytes;
  install(SIGUSR1, call_in_handler, SA_ONSTACK);
  kit_run(&attr, raise_in_thread, NULL);
  ck_assert_int_eq(handler_error, 0);
  ck_assert_int_eq(handler_bounds.kind, LIBCGO_STACK_SIGNAL);
  ck_assert(is_on(handler_frame, handler_bounds.lo, handler_bounds.hi));
  ck_assert_uint_eq(handler_bounds.lo, (uintptr_t)library_s_stack.ss_sp);
  ck_assert_uint_eq(handler_bounds.hi - handler_bounds.lo,
                    library_s_stack.ss_size);
  ck_assert_uint_le(large_bytes, library_s_stack.ss_size);
}

TEST(a_fiber_s_bounds_are_those_of_its_mapping) {
  NEEDS_SWAPCONTEXT;
  handler_thread = attached();
  run_in_fiber(call_in_fiber);
  ck_assert_int_eq(handler_error, 0);
  ck_assert_int_eq(handler_bounds.kind, LIBCGO_STACK_OTHER);
  ck_assert_uint_eq(handler_bounds.lo, fiber_lo);
  ck_assert_uint_eq(handler_bounds.hi, fiber_lo + large_bytes);
}

TEST(stack_bounds_refuses_wrong_records) {
  struct libcgo_thread *thread = attached();
  struct libcgo_thread other = LIBCGO_THREAD_INIT;
  struct libcgo_bounds bounds;
  errno = 77;
  ck_assert_int_eq(libcgo_stack_bounds(thread, NULL), EINVAL);
  ck_assert_int_eq(libcgo_stack_bounds(&other, &bounds), EINVAL);
  other.size--;
  ck_assert_int_eq(libcgo_stack_bounds(&other, &bounds), EINVAL);
  other.size++;
  other.version++;
  ck_assert_int_eq(libcgo_stack_bounds(&other, &bounds), ENOTSUP);
  ck_assert_int_eq(errno, 77);
}

/* ---- a signal at any instruction ---- */

static struct libcgo_thread *step_thread;
static struct libcgo_stack step_stacks[2], handler_stacks[2];
static struct libcgo_bounds step_own;
static uintptr_t step_signal_lo;
static int steps, level, most_levels;
static volatile int step_wrong;
static char first_step_wrong[160];

static void expect_step(int condition, const char *what, uintptr_t frame) {
  if (!condition && step_wrong++ == 0)
    snprintf(first_step_wrong, sizeof first_step_wrong,
             "at step %d (level %d), %s: %#lx", steps, level, what,
             (unsigned long)frame);
}

struct step_call {
  uintptr_t small, c, result;
};

static NOINLINE uintptr_t step_runtime(void *p) {
  struct step_call *s = p;
  s->small = here();
  return libcgo_call_on_system(step_thread, note_frame, &s->c) + 1;
}

static int on_step_stacks(uintptr_t frame) {
  return is_on_stack(frame, &step_stacks[0]) ||
         is_on_stack(frame, &step_stacks[1]) ||
         is_on_stack(frame, &handler_stacks[0]);
}

/* C that a handler calls: on the system stack, unless it interrupts C that
   runs elsewhere. */
static int is_right_for_c(uintptr_t frame, uintptr_t handler) {
  return on_step_stacks(handler) ? is_on(frame, step_own.lo, step_own.hi)
                                 : near(frame, handler);
}

static void step_handler(int sig) {
  (void)sig;
  const uintptr_t frame = here();
  const int mine = level++;
  struct step_call s = {0, 0, 0};
  if (mine == 0)
    steps++;
  if (level < most_levels)
    start_stepping();
  libcgo_call_on_system(step_thread, note_frame, &s.c);
  s.result =
      libcgo_call_on_stack(step_thread, &handler_stacks[mine], step_runtime, &s);
  if (level < most_levels)
    stop_stepping();
  expect_step(is_on_stack(s.small, &handler_stacks[mine]),
              "the runtime's function is elsewhere", s.small);
  expect_step(is_on(s.c, step_own.lo, step_own.hi) ||
                  (is_on(s.c, step_signal_lo, step_signal_lo + large_bytes) &&
                   is_on(frame, step_signal_lo, step_signal_lo + large_bytes)),
              "C called from there is elsewhere", s.c);
  expect_step(s.result == 1, "the result", s.result);
  uintptr_t c = 0;
  libcgo_call_on_system(step_thread, note_frame, &c);
  expect_step(is_right_for_c(c, frame), "C is elsewhere", c);
  level--;
}

static struct four step_four;
static struct hop step_hop;
static uintptr_t step_result;

static void cross_four_stepping(void) { step_result = cross_four(&step_four); }

static void hop_stepping(void) {
  step_result =
      libcgo_call_on_stack(step_thread, &step_stacks[0], hop_a, &step_hop);
}

static void step_through(void (*operation)(void), int flags, int levels) {
  step_thread = attached();
  step_own = bounds_of(step_thread);
  for (int i = 0; i < 2; i++) {
    step_stacks[i] = new_stack(large_bytes);
    handler_stacks[i] = new_stack(large_bytes);
  }
  step_signal_lo = set_alternate_stack(large_bytes);
  step_four =
      four_switches(step_thread, &step_stacks[0], give_word, (void *)a_word);
  const struct hop hop = {
      step_thread, &step_stacks[0], &step_stacks[1], 0, 0, 0, 0};
  step_hop = hop;
  most_levels = levels;
  install(SIGTRAP, step_handler, flags | SA_NODEFER);
  /* From one place: a compiler may have other words on the stack at another. */
  enum { before, stepping, after };
  struct four four_before = step_four;
  struct hop hop_before = step_hop;
  for (int round = before; round <= after; round++) {
    if (round == stepping)
      start_stepping();
    operation(); /* before: the linker's turn */
    if (round == stepping)
      stop_stepping();
    if (round != before)
      continue;
    step_handler(SIGTRAP);
    steps = 0;
    four_before = step_four;
    hop_before = step_hop;
  }
  ck_assert_msg(step_wrong == 0, "%d wrong in %d steps, first %s", step_wrong,
                steps, first_step_wrong);
  /* Nothing has stayed behind. */
  ck_assert_uint_eq(step_four.c_2, four_before.c_2);
  ck_assert_uint_eq(step_four.runtime_2, four_before.runtime_2);
  ck_assert_uint_eq(step_hop.frame_c, hop_before.frame_c);
  ck_assert_uint_eq(step_hop.frame_a2, hop_before.frame_a2);
}

#define STEPPED                                                                \
  if (steps == 0)                                                              \
    SKIP("no single steps here (an emulator)");                                \
  ck_assert_int_gt(steps, 100)

#define NEEDS_PROMPT_SIGNALS                                                   \
  if (UNDER_TSAN || RUNNING_ON_VALGRIND)                                       \
  SKIP("this tool delivers signals late")

TEST(a_handler_on_the_stack_it_finds_may_call_at_any_instruction) {
  NEEDS_PROMPT_SIGNALS;
  step_through(cross_four_stepping, 0, 1);
  ck_assert_uint_eq(step_result, a_word);
  STEPPED;
}

TEST(a_handler_on_a_signal_stack_may_call_at_any_instruction) {
  NEEDS_PROMPT_SIGNALS;
  step_through(cross_four_stepping, SA_ONSTACK, 1);
  ck_assert_uint_eq(step_result, a_word);
  STEPPED;
}

TEST(a_handler_may_call_anywhere_between_two_small_stacks) {
  NEEDS_PROMPT_SIGNALS;
  step_through(hop_stepping, 0, 1);
  STEPPED;
}

TEST(a_handler_may_call_anywhere_in_a_handler_that_calls_anywhere) {
  NEEDS_PROMPT_SIGNALS;
  if (UNDER_ASAN)
    SKIP("a million steps of a sanitizer's take too long");
  step_through(hop_stepping, 0, 2);
  STEPPED;
}

/* ---- memory for small stacks ---- */

static uintptr_t use_all_of_it(void *p) {
  const struct libcgo_stack *stack = p;
  volatile char *lowest = (volatile char *)stack->lo;
  *lowest = 1;
  return (uintptr_t)*lowest;
}

static void run_on_mapped_stack(struct libcgo_thread *thread, void *result) {
  struct libcgo_stack stack;
  if (libcgo_stack_map(&stack, 10000) != 0 || stack.hi - stack.lo < 10000)
    return;
  VALGRIND_STACK_REGISTER(stack.lo, stack.hi);
  *(uintptr_t *)result =
      libcgo_call_on_stack(thread, &stack, use_all_of_it, &stack);
  if (libcgo_stack_unmap(&stack) != 0)
    *(uintptr_t *)result = 0;
}

TEST(a_mapped_stack_is_usable_to_its_lowest_byte) {
  static uintptr_t result;
  kit_begin();
  kit_run(NULL, run_on_mapped_stack, &result);
  ck_assert_uint_eq(result, 1);
}

TEST(below_a_mapped_stack_is_a_page_that_faults) {
  struct libcgo_stack stack;
  ck_assert_int_eq(libcgo_stack_map(&stack, 1), 0);
  ck_assert(readable(stack.lo));
  ck_assert(!readable(stack.lo - 1));
  ck_assert(!readable(stack.lo - (uintptr_t)sysconf(_SC_PAGESIZE)));
  ck_assert_int_eq(libcgo_stack_unmap(&stack), 0);
  ck_assert(!readable(stack.lo));
}

TEST(bad_requests_for_a_stack_are_refused) {
  struct libcgo_stack stack = LIBCGO_STACK_INIT(4096, 8192), small = stack,
                      later = stack, empty = LIBCGO_STACK_INIT(0, 0);
  ck_assert_int_eq(libcgo_stack_map(NULL, 4096), EINVAL);
  ck_assert_int_eq(libcgo_stack_map(&stack, 0), EINVAL);
  ck_assert_int_eq(libcgo_stack_map(&stack, SIZE_MAX), ENOMEM);
  ck_assert_int_eq(libcgo_stack_map(&stack, SIZE_MAX - (8u << 20)), ENOMEM);
  ck_assert_uint_eq(stack.lo, 4096);
  small.size--;
  later.version++;
  ck_assert_int_eq(libcgo_stack_unmap(NULL), EINVAL);
  ck_assert_int_eq(libcgo_stack_unmap(&small), EINVAL);
  ck_assert_int_eq(libcgo_stack_unmap(&later), ENOTSUP);
  ck_assert_int_eq(libcgo_stack_unmap(&empty), EINVAL);
}

int main(void) {
  suite_begin("stack");
  ADD_TEST(call_on_stack_runs_fn_on_the_stack_at_its_top);
  ADD_TEST(call_on_system_runs_fn_on_the_system_stack_below_the_last_frame);
  ADD_TEST(both_calls_pass_the_argument_and_return_the_word);
  ADD_TEST(call_on_stack_enters_fn_as_the_c_abi_says);
  ADD_TEST(call_on_system_enters_fn_as_the_c_abi_says);
  ADD_TEST(call_on_stack_has_room_for_what_fn_owns_of_its_callers_frame);
  ADD_TEST(call_on_system_has_room_for_what_fn_owns_of_its_callers_frame);
  ADD_TEST(call_on_system_from_the_system_stack_enters_fn_as_the_c_abi_says);
  ADD_TEST(call_on_stack_keeps_every_callee_saved_register);
  ADD_TEST(call_on_system_keeps_every_callee_saved_register);
  ADD_TEST(a_callback_goes_on_below_its_caller_on_the_same_small_stack);
  ADD_TEST(a_callback_begins_at_the_top_of_another_small_stack);
  ADD_TEST(a_small_stack_that_called_another_goes_on_below_that_call);
  ADD_TEST(crossings_nest_a_thousand_deep);
  ADD_TEST(call_on_system_from_the_system_stack_runs_fn_right_there);
  ADD_TEST(call_on_system_from_c_that_a_small_stack_called_runs_fn_right_there);
  ADD_TEST(call_on_system_from_a_signal_stack_runs_fn_right_there);
  ADD_TEST(
      call_on_system_from_a_handler_on_a_small_stack_runs_fn_on_the_system_stack);
  ADD_TEST(call_on_system_from_a_fiber_of_c_runs_fn_right_there);
  ADD_TEST(a_call_from_a_fiber_goes_on_below_the_fiber_s_frames);
  ADD_TEST(tasks_that_the_runtime_switches_call_c_on_the_system_stack);
  ADD_TEST(a_stack_of_LIBCGO_STACK_MIN_bytes_can_call_c);
  ADD_TEST(a_stack_of_LIBCGO_STACK_MIN_bytes_can_call_another);
  ADD_TEST(call_on_system_without_a_record_is_fatal);
  ADD_TEST(call_on_stack_without_a_record_is_fatal);
  ADD_TEST(call_on_system_with_a_record_that_was_not_entered_is_fatal);
  ADD_TEST(call_on_stack_with_a_record_that_was_left_is_fatal);
  ADD_TEST(call_on_system_with_a_short_record_is_fatal);
  ADD_TEST(call_on_stack_without_a_stack_is_fatal);
  ADD_TEST(call_on_stack_with_a_short_stack_record_is_fatal);
  ADD_TEST(call_on_stack_with_a_stack_record_of_an_unknown_version_is_fatal);
  ADD_TEST(call_on_stack_with_no_bytes_between_lo_and_hi_is_fatal);
  ADD_TEST(call_on_stack_with_less_than_LIBCGO_STACK_MIN_is_fatal);
  ADD_TEST(a_call_that_returns_after_its_stack_was_left_is_fatal);
  ADD_TEST(stack_switched_refuses_wrong_records);
  ADD_TEST(stack_switched_refuses_a_thread_on_its_system_stack);
  ADD_TEST(after_a_longjmp_out_of_four_switches_positions_are_right);
  ADD_TEST(after_a_longjmp_to_a_small_stack_c_runs_on_the_system_stack);
  ADD_TEST(
      after_a_longjmp_to_a_small_stack_another_one_calls_c_on_the_system_stack);
  ADD_TEST(after_a_longjmp_to_a_small_stack_the_bounds_are_its_own);
  ADD_TEST(a_longjmp_from_a_task_that_came_back_leaves_positions_right);
  ADD_TEST(a_longjmp_within_one_side_changes_nothing);
  ADD_TEST(jumps_out_of_calls_from_a_fiber_take_no_memory);
  ADD_TEST(pthread_exit_in_four_switches_ends_a_thread_of_the_runtime);
  ADD_TEST(pthread_exit_in_four_switches_ends_a_foreign_thread);
  ADD_TEST(cancellation_in_four_switches_ends_a_thread_of_the_runtime);
  ADD_TEST(cancellation_in_four_switches_ends_a_foreign_thread);
  ADD_TEST(the_initial_thread_s_bounds_are_true_to_the_byte);
  ADD_TEST(the_initial_thread_s_bounds_follow_RLIMIT_STACK);
  ADD_TEST(a_started_thread_s_bounds_are_true_to_the_byte);
  ADD_TEST(a_foreign_thread_s_bounds_are_true_to_the_byte);
  ADD_TEST(without_a_record_the_bounds_are_the_same);
  ADD_TEST(a_small_stack_s_bounds_are_those_of_its_record);
  ADD_TEST(c_that_a_small_stack_called_has_the_system_stack_s_bounds);
  ADD_TEST(a_signal_stack_s_bounds_are_those_that_were_given);
  ADD_TEST(the_library_s_signal_stack_has_bounds_true_to_the_byte);
  ADD_TEST(a_fiber_s_bounds_are_those_of_its_mapping);
  ADD_TEST(stack_bounds_refuses_wrong_records);
  ADD_TEST(a_handler_on_the_stack_it_finds_may_call_at_any_instruction);
  ADD_TEST(a_handler_on_a_signal_stack_may_call_at_any_instruction);
  ADD_TEST(a_handler_may_call_anywhere_between_two_small_stacks);
  ADD_TEST(a_handler_may_call_anywhere_in_a_handler_that_calls_anywhere);
  ADD_TEST(a_mapped_stack_is_usable_to_its_lowest_byte);
  ADD_TEST(below_a_mapped_stack_is_a_page_that_faults);
  ADD_TEST(bad_requests_for_a_stack_are_refused);
  return suite_run();
}
