/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: from stack to stack.
 */
#undef _FORTIFY_SOURCE /* its longjmp knows one stack for each thread */
#include "support/four.h"

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports/arch/arch.h"

#ifndef LIBCGO_CONTEXTS

TEST(contexts_are_there) {
  SKIP("src/arch has no libcgo_switch for this CPU yet");
}

int main(void) {
  suite_begin("context");
  ADD_TEST(contexts_are_there);
  return suite_run();
}

#else

static const struct libcgo_context no_context = LIBCGO_CONTEXT_INIT;

/* The test's own context, a task's, and who runs. */
static struct libcgo_context own, task, other;
static struct libcgo_thread *thread;
static struct libcgo_stack stack, other_stack;

static void begin(struct libcgo_thread *of) {
  thread = of;
  own = task = other = no_context;
  stack = new_stack(large_bytes);
  other_stack = new_stack(large_bytes);
}

static void make(struct libcgo_context *c, const struct libcgo_stack *s,
                 struct libcgo_context *(*fn)(void *, uintptr_t), void *arg) {
  ck_assert_int_eq(libcgo_context_make(c, s, fn, arg), 0);
}

/* Goes on in the task. */
static uintptr_t go(uintptr_t word) {
  return libcgo_switch(thread, &own, &task, word);
}

/* From the task to the test. */
static uintptr_t back(uintptr_t word) {
  return libcgo_switch(thread, &task, &own, word);
}

static void *seen_arg;

static struct libcgo_context *add_ones(void *arg, uintptr_t word) {
  seen_arg = arg;
  for (;;) {
    const uintptr_t next = back(word + 1);
    if (next == 0)
      return &own;
    word = next;
  }
  return &own;
}

static void words_pass(void) {
  make(&task, &stack, add_ones, &seen_arg);
  ck_assert_uint_eq(go(1), 2);
  ck_assert_ptr_eq(seen_arg, &seen_arg);
  ck_assert_uint_eq(go(7), 8);
  ck_assert_uint_eq(go(~(uintptr_t)0 >> 1), (~(uintptr_t)0 >> 1) + 1);
  ck_assert_uint_eq(go(0), 0); /* it ends */
}

TEST(words_pass_there_and_back) {
  begin(NULL);
  words_pass();
}

TEST(words_pass_there_and_back_with_a_record) {
  begin(attached());
  words_pass();
  words_pass(); /* the record is made anew */
}

static uintptr_t words_pass_on_a_small_stack(void *unused) {
  words_pass();
  words_pass();
  return (uintptr_t)unused;
}

TEST(words_pass_between_small_stacks) {
  begin(attached());
  const struct libcgo_stack from = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &from, words_pass_on_a_small_stack, NULL);
}

/* ---- what a context keeps ---- */

static void set_registers(struct kept_registers *r, uintptr_t factor) {
  for (int i = 0; i < kept_count; i++) {
    r->before[i] = factor * (uintptr_t)(i + 1);
    r->after[i] = 0;
  }
}

static void assert_kept(const struct kept_registers *r, const char *whose) {
  for (int i = 0; i < kept_count; i++)
    ck_assert_msg(r->before[i] == r->after[i], "%s of %s was %#lx and is %#lx",
                  kept_names[i], whose, (unsigned long)r->before[i],
                  (unsigned long)r->after[i]);
}

static void switch_with(struct kept_registers *r, struct libcgo_context *from,
                        struct libcgo_context *to, uintptr_t word) {
  call_with_registers(r, (void *)libcgo_switch, thread, from, (uintptr_t)to,
                      (void *)word);
}

static struct kept_registers of_own, of_task;

static struct libcgo_context *change_registers(void *unused, uintptr_t word) {
  (void)unused;
  for (int i = 0; i < 3; i++) {
    set_registers(&of_task, (uintptr_t)0x2222222u + word);
    switch_with(&of_task, &task, &own, 0);
    assert_kept(&of_task, "the task");
  }
  return &own;
}

static uintptr_t keep_registers(void *unused) {
  make(&task, &stack, change_registers, NULL);
  for (uintptr_t i = 0; i < 4; i++) {
    set_registers(&of_own, (uintptr_t)0x1111111u + i);
    switch_with(&of_own, &own, &task, i);
    assert_kept(&of_own, "its caller");
  }
  return (uintptr_t)unused;
}

TEST(both_sides_keep_every_callee_saved_register) {
  begin(NULL);
  keep_registers(NULL);
}

TEST(both_sides_keep_every_callee_saved_register_with_a_record) {
  begin(attached());
  keep_registers(NULL);
}

TEST(both_sides_keep_every_callee_saved_register_on_small_stacks) {
  begin(attached());
  const struct libcgo_stack from = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &from, keep_registers, NULL);
}

#if defined(__x86_64__) || defined(__i386__) || defined(__s390x__)

static struct libcgo_context *round_up(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  const int begun_with = fegetround();
  fesetround(FE_UPWARD);
  back((uintptr_t)begun_with);
  const int gone_on_with = fegetround();
  back((uintptr_t)gone_on_with);
  fesetround(FE_TONEAREST);
  return &own;
}

static void keep_rounding(void) {
  make(&task, &stack, round_up, NULL);
  fesetround(FE_DOWNWARD);
  ck_assert_int_eq((int)go(0), FE_TONEAREST); /* that of who has made it */
  ck_assert_int_eq(fegetround(), FE_DOWNWARD);
  fesetround(FE_TOWARDZERO);
  ck_assert_int_eq((int)go(0), FE_UPWARD);
  ck_assert_int_eq(fegetround(), FE_TOWARDZERO);
  go(0);
  ck_assert_int_eq(fegetround(), FE_TOWARDZERO);
  fesetround(FE_TONEAREST);
}

TEST(a_context_keeps_its_rounding_mode) {
  begin(NULL);
  keep_rounding();
  begin(attached());
  keep_rounding();
}

#endif

#ifdef __x86_64__

/* Flushes to zero: what the x87 control word does not have. */
static struct libcgo_context *flush(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8000);
  back(0);
  return back(__builtin_ia32_stmxcsr()), &own;
}

TEST(a_context_keeps_mxcsr) {
  begin(NULL);
  make(&task, &stack, flush, NULL);
  const unsigned before = __builtin_ia32_stmxcsr() & 0xffc0;
  go(0);
  ck_assert_uint_eq(__builtin_ia32_stmxcsr() & 0xffc0, before);
  ck_assert_uint_eq(go(0) & 0xffc0, before | 0x8000);
  ck_assert_uint_eq(__builtin_ia32_stmxcsr() & 0xffc0, before);
  go(0);
}

static struct libcgo_context *read_mxcsr(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  for (;;)
    back(__builtin_ia32_stmxcsr() & 0xffc0);
  return &own;
}

static struct libcgo_context *flush_and_go(void *unused, uintptr_t word) {
  (void)unused;
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8000);
  libcgo_switch(NULL, &other, &task, word);
  return &own;
}

TEST(who_promises_to_keep_control_words_has_them) {
  begin(NULL);
  own.options = task.options = LIBCGO_CONTEXT_KEEPS_CONTROL;
  const unsigned before = __builtin_ia32_stmxcsr();
  make(&task, &stack, read_mxcsr, NULL);
  ck_assert_uint_eq(go(0), before & 0xffc0);
  ck_assert_uint_eq(__builtin_ia32_stmxcsr() & 0xffc0, before & 0xffc0);
  /* A third, without a promise. */
  other = no_context;
  make(&other, &other_stack, flush_and_go, NULL);
  go(1);
  ck_assert_uint_eq(libcgo_switch(NULL, &own, &other, 0), before & 0xffc0);
  ck_assert_uint_eq(__builtin_ia32_stmxcsr() & 0xffc0, before & 0xffc0);
}

#endif

static uintptr_t cfa;

static struct libcgo_context *note_frame(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  cfa = here() + 1;
  return &own;
}

TEST(fn_begins_with_the_stack_aligned) {
  begin(NULL);
  for (uintptr_t odd = 0; odd < 32; odd++) {
    const struct libcgo_stack s = LIBCGO_STACK_INIT(stack.lo, stack.hi - odd);
    task = no_context;
    make(&task, &s, note_frame, NULL);
    go(0);
    ck_assert_uint_eq(cfa % stack_alignment, 0);
    ck_assert(cfa <= s.hi && cfa > s.hi - 1024);
  }
}

/* ---- many ---- */

enum { tasks = 1000, rounds = 100 };
static struct libcgo_context many[tasks];
static unsigned counts[tasks];

static struct libcgo_context *count(void *arg, uintptr_t word) {
  const uintptr_t i = (uintptr_t)arg;
  for (unsigned n = 0; n < rounds; n++) {
    ck_assert_uint_eq(word, i * 7 + n);
    counts[i]++;
    word = libcgo_switch(thread, &many[i], &own, i + n);
  }
  return &own;
}

static uintptr_t run_many(void *unused) {
  for (uintptr_t i = 0; i < tasks; i++) {
    const struct libcgo_stack s = new_stack(small_bytes);
    many[i] = no_context;
    counts[i] = 0;
    make(&many[i], &s, count, (void *)i);
  }
  for (unsigned n = 0; n < rounds; n++)
    for (uintptr_t i = 0; i < tasks; i++)
      ck_assert_uint_eq(libcgo_switch(thread, &own, &many[i], i * 7 + n), i + n);
  for (uintptr_t i = 0; i < tasks; i++) {
    ck_assert_uint_eq(counts[i], rounds);
    libcgo_switch(thread, &own, &many[i], 0);
    ck_assert_uint_eq(many[i].sp, 1);
  }
  return (uintptr_t)unused;
}

TEST(a_hundred_thousand_switches_among_a_thousand_contexts) {
  begin(attached());
  run_many(NULL);
}

/* In a ring, from one to the next. */
static struct libcgo_context *pass_on(void *arg, uintptr_t word) {
  const uintptr_t i = (uintptr_t)arg;
  struct libcgo_context *const next = &many[(i + 1) % tasks];
  while (word > 0)
    word = libcgo_switch(thread, &many[i], word == 1 ? &own : next, word - 1);
  return &own;
}

static uintptr_t run_ring(void *unused) {
  for (uintptr_t i = 0; i < tasks; i++) {
    const struct libcgo_stack s = new_stack(small_bytes);
    many[i] = no_context;
    make(&many[i], &s, pass_on, (void *)i);
  }
  ck_assert_uint_eq(libcgo_switch(thread, &own, &many[0], 100000), 0);
  return (uintptr_t)unused;
}

TEST(a_hundred_thousand_switches_in_a_ring_of_a_thousand_contexts) {
  begin(attached());
  const struct libcgo_stack from = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &from, run_ring, NULL);
}

/* ---- C ---- */

static uintptr_t c_sp;
static uintptr_t note_c(void *arg) {
  c_sp = here();
  return (uintptr_t)arg;
}

static int c_is_on_the_system_stack(void) {
  c_sp = 0;
  libcgo_call_on_system(thread, note_c, NULL);
  return c_sp != 0 && !is_on_stack(c_sp, &stack) &&
         !is_on_stack(c_sp, &other_stack);
}

static int bounds_are(const struct libcgo_stack *s) {
  struct libcgo_bounds bounds;
  return libcgo_stack_bounds(thread, &bounds) == 0 &&
         bounds.kind == LIBCGO_STACK_SMALL && bounds.lo == s->lo &&
         bounds.hi == s->hi;
}

static struct libcgo_context *call_c(void *unused, uintptr_t word) {
  (void)unused;
  while (word != 0) {
    ck_assert(c_is_on_the_system_stack());
    ck_assert(bounds_are(&stack));
    word = back(1);
  }
  return &own;
}

static uintptr_t switch_and_call_c(void *is_small) {
  const uintptr_t lowest = here();
  make(&task, &stack, call_c, NULL);
  for (int i = 0; i < 3; i++) {
    ck_assert_uint_eq(go(1), 1);
    if (is_small == NULL) /* below what is suspended */
      ck_assert(c_sp < lowest && lowest - c_sp < 64 * 1024);
    struct libcgo_bounds bounds;
    ck_assert_int_eq(libcgo_stack_bounds(thread, &bounds), 0);
    ck_assert_int_eq(bounds.kind,
                     is_small ? LIBCGO_STACK_SMALL : LIBCGO_STACK_SYSTEM);
    ck_assert(is_on(lowest, bounds.lo, bounds.hi));
  }
  go(0);
  return 0;
}

TEST(a_context_calls_c_on_the_system_stack) {
  begin(attached());
  switch_and_call_c(NULL);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(a_context_calls_c_on_the_system_stack_below_a_small_one) {
  begin(attached());
  const struct libcgo_stack from = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &from, switch_and_call_c, &stack);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* A task in a callback goes over to another one. */
static uintptr_t c_that_calls_back(void *arg);
static const struct libcgo_stack *callback_stack;

static struct libcgo_context *scheduled(void *unused, uintptr_t word) {
  (void)unused;
  for (;;) {
    ck_assert(c_is_on_the_system_stack());
    word = libcgo_switch(thread, &other, &task, word + 1);
  }
  return &own;
}

static uintptr_t on_the_callback_s_stack(void *unused) {
  (void)unused;
  uintptr_t word = 10;
  for (int i = 0; i < 3; i++) {
    word = libcgo_switch(thread, &task, &other, word);
    ck_assert(c_is_on_the_system_stack());
  }
  return word;
}

static void call_back(struct libcgo_thread *of, void *arg) {
  *(uintptr_t *)arg =
      libcgo_call_on_stack(of, callback_stack, on_the_callback_s_stack, arg);
}

static uintptr_t c_that_calls_back(void *arg) {
  volatile uintptr_t guard[4];
  for (int i = 0; i < 4; i++)
    guard[i] = (uintptr_t)&guard[i];
  ck_assert_int_eq(libcgo_callback(&kit, call_back, arg), 0);
  for (int i = 0; i < 4; i++)
    ck_assert_uint_eq(guard[i], (uintptr_t)&guard[i]);
  return 0;
}

static struct libcgo_context *in_a_callback(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  uintptr_t got = 0;
  libcgo_call_on_system(thread, c_that_calls_back, &got);
  ck_assert_uint_eq(got, 13);
  ck_assert(bounds_are(&stack));
  ck_assert(c_is_on_the_system_stack());
  return &own;
}

static uintptr_t switch_in_a_callback(void *unused) {
  make(&task, &stack, in_a_callback, NULL);
  other = no_context;
  make(&other, &other_stack, scheduled, NULL);
  go(0);
  return (uintptr_t)unused;
}

TEST(a_task_switches_in_a_callback) {
  begin(attached());
  const struct libcgo_stack third = new_stack(large_bytes);
  callback_stack = &third;
  switch_in_a_callback(NULL);
  const struct libcgo_stack from = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &from, switch_in_a_callback, NULL);
}

TEST(a_task_switches_in_a_callback_on_its_own_stack) {
  begin(attached());
  callback_stack = &stack;
  switch_in_a_callback(NULL);
}

/* C that a task has called switches itself. */
static uintptr_t c_that_switches(void *arg) {
  volatile uintptr_t guard[64];
  struct libcgo_context c = no_context;
  for (int i = 0; i < 64; i++)
    guard[i] = (uintptr_t)&guard[i];
  for (uintptr_t i = 0; i < 3; i++)
    ck_assert_uint_eq(libcgo_switch(thread, &c, &other, (uintptr_t)&c), i);
  for (int i = 0; i < 64; i++)
    ck_assert_uint_eq(guard[i], (uintptr_t)&guard[i]);
  return (uintptr_t)arg;
}

static struct libcgo_context *give_numbers(void *unused, uintptr_t word) {
  (void)unused;
  for (uintptr_t i = 0;; i++) {
    ck_assert(c_is_on_the_system_stack());
    word = libcgo_switch(thread, &other, (struct libcgo_context *)word, i);
  }
  return &own;
}

static struct libcgo_context *through_c(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  libcgo_call_on_system(thread, c_that_switches, NULL);
  ck_assert(bounds_are(&stack));
  ck_assert(c_is_on_the_system_stack());
  return &own;
}

TEST(c_that_a_task_has_called_switches) {
  begin(attached());
  make(&task, &stack, through_c, NULL);
  make(&other, &other_stack, give_numbers, NULL);
  go(0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

static void detach_in_c(void *unused, uintptr_t *err) {
  (void)unused;
  *err = (uintptr_t)libcgo_detach(&kit);
}
static uintptr_t detach_from_c(void *err) {
  detach_in_c(NULL, (uintptr_t *)err);
  return 0;
}
static struct libcgo_context *try_to_detach(void *err, uintptr_t word) {
  (void)word;
  libcgo_call_on_system(thread, detach_from_c, err);
  return &own;
}

TEST(a_thread_with_a_context_under_way_cannot_be_detached) {
  uintptr_t err = 0;
  begin(attached());
  make(&task, &stack, try_to_detach, &err);
  go(0);
  ck_assert_uint_eq(err, EBUSY);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(a_stack_in_the_thread_s_own_is_known) {
  char memory[64 * 1024];
  begin(attached());
  stack = (struct libcgo_stack)LIBCGO_STACK_INIT(memory, memory + sizeof memory);
  switch_and_call_c(NULL);
}

TEST(a_context_may_be_in_memory_of_static_zeros) {
  static struct libcgo_context zero;
  begin(NULL);
  make(&task, &stack, note_frame, NULL);
  zero.size = (uint32_t)sizeof zero;
  zero.version = LIBCGO_RECORD_VERSION;
  own = zero;
  go(0);
}

/* ---- threads ---- */

static struct libcgo_context *say_where(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  for (;;) {
    /* `thread` is another one each time. */
    ck_assert(c_is_on_the_system_stack());
    ck_assert(bounds_are(&stack));
    libcgo_switch(thread, &task, &own, c_sp);
  }
  return &own;
}

static uintptr_t c_sp_of_main;

static void *go_on(void *unused) {
  ck_assert_int_eq(libcgo_attach(&kit, &thread), 0);
  struct libcgo_bounds bounds;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &bounds), 0);
  own = no_context;
  for (int i = 0; i < 3; i++)
    ck_assert(is_on(go(0), bounds.lo, bounds.hi));
  ck_assert(!is_on(c_sp_of_main, bounds.lo, bounds.hi));
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  return unused;
}

TEST(a_context_moves_between_threads) {
  struct libcgo_thread *const first = attached();
  begin(first);
  make(&task, &stack, say_where, NULL);
  c_sp_of_main = go(0);
  const uintptr_t before = c_sp_of_main;
  for (int i = 0; i < 3; i++) {
    kit_run_foreign(go_on, NULL);
    thread = first;
    own = no_context;
    /* Where arguments are pushed, no two calls need be as deep. */
    ck_assert_uint_lt(go(0) - before + 256, 512);
  }
}

enum { movers = 4, moved = 64, moves = 500 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct libcgo_context *queue[moved];
static int queued;
static unsigned ended, done;
static uintptr_t moving_in[moved];

struct mover {
  struct libcgo_context own;
  struct libcgo_thread *thread;
};

static struct libcgo_context *move(void *arg, uintptr_t word) {
  const uintptr_t i = (uintptr_t)arg;
  for (unsigned n = 0; n < moves; n++) {
    struct mover *const in = (struct mover *)word;
    moving_in[i]++;
    if (libcgo_call_on_system(in->thread, note_c, (void *)i) != i)
      abort();
    word = libcgo_switch(in->thread, &many[i], &in->own, 1);
  }
  return &((struct mover *)word)->own;
}

static void *run_movers(void *unused) {
  struct mover self = {LIBCGO_CONTEXT_INIT, NULL};
  if (libcgo_attach(&kit, &self.thread) != 0)
    abort();
  for (;;) {
    struct libcgo_context *c = NULL;
    pthread_mutex_lock(&lock);
    if (queued > 0) {
      c = queue[0];
      memmove(queue, queue + 1, (size_t)--queued * sizeof *queue);
    }
    const int is_over = done == moved;
    pthread_mutex_unlock(&lock);
    if (is_over)
      break;
    if (c == NULL)
      continue;
    const uintptr_t more =
        libcgo_switch(self.thread, &self.own, c, (uintptr_t)&self);
    pthread_mutex_lock(&lock);
    if (more)
      queue[queued++] = c;
    else
      done++;
    pthread_mutex_unlock(&lock);
  }
  if (libcgo_detach(&kit) != 0)
    abort();
  return unused;
}

TEST(contexts_move_among_threads) {
  pthread_t ids[movers];
  kit_begin();
  kit_behaviour.heap = 1;
  queued = 0;
  done = ended = 0;
  for (uintptr_t i = 0; i < moved; i++) {
    const struct libcgo_stack s = new_stack(small_bytes);
    many[i] = no_context;
    moving_in[i] = 0;
    make(&many[i], &s, move, (void *)i);
    queue[queued++] = &many[i];
  }
  for (int i = 0; i < movers; i++)
    ck_assert_int_eq(pthread_create(&ids[i], NULL, run_movers, NULL), 0);
  for (int i = 0; i < movers; i++)
    pthread_join(ids[i], NULL);
  for (int i = 0; i < moved; i++)
    ck_assert_uint_eq(moving_in[i], moves);
}

/* ---- signal handlers ---- */

static struct libcgo_context in_handler;

static struct libcgo_context *answer_handler(void *unused, uintptr_t word) {
  (void)unused;
  for (;;) {
    ck_assert(c_is_on_the_system_stack());
    word = libcgo_switch(thread, &other, &in_handler, word + 1);
  }
  return &own;
}

static volatile uintptr_t answer;

static void switch_in_handler(int signal) {
  (void)signal;
  in_handler = no_context;
  answer = libcgo_switch(thread, &in_handler, &other, 41);
}

static struct libcgo_context *be_interrupted(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  for (int i = 0; i < 3; i++) {
    answer = 0;
    raise(SIGUSR1);
    ck_assert_uint_eq(answer, 42);
    ck_assert(bounds_are(&stack));
    back(0);
  }
  return &own;
}

static void interrupt(int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = switch_in_handler;
  action.sa_flags = flags;
  sigaction(SIGUSR1, &action, NULL);
  make(&task, &stack, be_interrupted, NULL);
  other = no_context;
  make(&other, &other_stack, answer_handler, NULL);
  for (int i = 0; i < 4; i++)
    go(0);
  signal(SIGUSR1, SIG_DFL);
}

TEST(a_handler_switches_and_comes_back) {
  WINDOWS_HAS("no signals");
  begin(attached());
  interrupt(0);
}

TEST(a_handler_on_the_signal_stack_switches_and_comes_back) {
  WINDOWS_HAS("no signals");
  begin(attached());
  const stack_t before = set_signal_stack(map_stack(large_bytes), large_bytes);
  interrupt(SA_ONSTACK);
  sigaltstack(&before, NULL);
}

/* The handler of a task suspends that, with the handler's frame. */
static volatile int preempted;

static void preempt(int signal) {
  (void)signal;
  preempted++;
  back(5);
}

static struct libcgo_context *be_preempted(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  raise(SIGUSR1);
  ck_assert(bounds_are(&stack));
  ck_assert(c_is_on_the_system_stack());
  return &own;
}

TEST(a_handler_suspends_the_task_that_it_has_interrupted) {
  WINDOWS_HAS("no signals");
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = preempt;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGUSR1, &action, NULL);
  begin(attached());
  make(&task, &stack, be_preempted, NULL);
  ck_assert_uint_eq(go(0), 5);
  ck_assert_int_eq(preempted, 1);
  ck_assert_uint_eq(go(0), 0);
  ck_assert_uint_eq(task.sp, 1);
}

/* ---- bad use ---- */

TEST(make_refuses_what_it_cannot_use) {
  struct libcgo_stack s = LIBCGO_STACK_INIT(0, 0);
  struct libcgo_context c = no_context;
  begin(NULL);
  ck_assert_int_eq(libcgo_context_make(NULL, &stack, note_frame, NULL), EINVAL);
  ck_assert_int_eq(libcgo_context_make(&c, NULL, note_frame, NULL), EINVAL);
  ck_assert_int_eq(libcgo_context_make(&c, &s, note_frame, NULL), EINVAL);
  ck_assert_int_eq(libcgo_context_make(&c, &stack, NULL, NULL), EINVAL);
  s = stack;
  s.version++;
  ck_assert_int_eq(libcgo_context_make(&c, &s, note_frame, NULL), ENOTSUP);
  c.version++;
  ck_assert_int_eq(libcgo_context_make(&c, &stack, note_frame, NULL), ENOTSUP);
  c = no_context;
  c.size = 16;
  ck_assert_int_eq(libcgo_context_make(&c, &stack, note_frame, NULL), EINVAL);
  c = no_context;
  s = stack;
  s.hi = s.lo + LIBCGO_STACK_MIN - 1;
  ck_assert_int_eq(libcgo_context_make(&c, &s, note_frame, NULL), ENOMEM);
  ck_assert_int_eq(memcmp(&c, &no_context, sizeof c), 0);
  s.hi = (s.lo & ~(uintptr_t)15) + LIBCGO_STACK_MIN;
  ck_assert_int_eq(libcgo_context_make(&c, &s, note_frame, NULL), 0);
}

static struct libcgo_context *make_itself(void *err, uintptr_t word) {
  (void)word;
  *(int *)err = libcgo_context_make(&task, &stack, note_frame, NULL);
  return &own;
}

TEST(a_running_context_is_not_made_anew) {
  int err = 0;
  begin(NULL);
  make(&task, &stack, make_itself, &err);
  go(0);
  ck_assert_int_eq(err, EBUSY);
}

static void write_hook(const char *message) {
  fprintf(stderr, "hook: %s\n", message);
}

static struct libcgo_ops fatal_ops;
static struct libcgo_runtime fatal_runtime = LIBCGO_RUNTIME_INIT(&fatal_ops);

static struct libcgo_thread *attached_to_fatal_runtime(void) {
  struct libcgo_thread *of = NULL;
  fatal_ops = kit_ops;
  fatal_ops.fatal = write_hook;
  if (libcgo_init_begin(&fatal_runtime.init) == 0)
    libcgo_init_done(&fatal_runtime.init);
  if (libcgo_attach(&fatal_runtime, &of) != 0)
    _exit(2);
  return of;
}

/* Dies by abort, with and without a record, and says so. */
static void assert_dies(void (*fn)(void *), const char *message) {
  char output[4096], expected[1024];
  for (int i = 0; i < 2; i++) {
    static int with_record;
    with_record = i;
    kit_begin();
    const int sig =
        run_to_death(fn, i ? &with_record : NULL, output, sizeof output);
    snprintf(expected, sizeof expected, "libcgo: libcgo_switch: %s", message);
    ck_assert_msg(sig == SIGABRT, "ended by %d, with: %s", sig, output);
    ck_assert_msg(strstr(output, expected) != NULL, "said: %sinstead of: %s",
                  output, expected);
    ck_assert_msg((strstr(output, "hook: libcgo:") != NULL) == (i == 1),
                  "the hook: %s", output);
  }
}

static void begin_to_die(void *with_record) {
  begin(with_record ? attached_to_fatal_runtime() : NULL);
}

static void to_finished(void *with_record) {
  begin_to_die(with_record);
  make(&task, &stack, note_frame, NULL);
  go(0);
  go(0);
}

TEST(a_switch_to_a_finished_context_is_fatal) {
  assert_dies(to_finished, "the context to go on in is over");
}

static struct libcgo_context *go_to_itself(void *unused, uintptr_t word) {
  (void)unused;
  libcgo_switch(thread, &other, &task, word);
  return &own;
}

static void to_running(void *with_record) {
  begin_to_die(with_record);
  make(&task, &stack, go_to_itself, NULL);
  go(0);
}

TEST(a_switch_to_a_running_context_is_fatal) {
  assert_dies(to_running, "the context to go on in is running");
}

static void to_unmade(void *with_record) {
  begin_to_die(with_record);
  go(0);
}

TEST(a_switch_to_a_context_that_was_not_made_is_fatal) {
  assert_dies(to_unmade, "nothing is suspended in the record to go on in");
}

static struct libcgo_context *return_null(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  return NULL;
}

static void end_to_null(void *with_record) {
  begin_to_die(with_record);
  make(&task, &stack, return_null, NULL);
  go(0);
}

TEST(a_context_that_ends_and_goes_nowhere_is_fatal) {
  assert_dies(end_to_null, "there is no context to go on in");
}

static struct libcgo_context *return_itself(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  return &task;
}

static void end_to_itself(void *with_record) {
  begin_to_die(with_record);
  make(&task, &stack, return_itself, NULL);
  go(0);
}

TEST(a_context_that_ends_and_goes_on_in_itself_is_fatal) {
  assert_dies(end_to_itself, "the context to go on in is running");
}

static void from_suspended(void *with_record) {
  begin_to_die(with_record);
  make(&task, &stack, note_frame, NULL);
  make(&other, &other_stack, note_frame, NULL);
  libcgo_switch(thread, &other, &task, 0);
}

TEST(a_switch_from_a_suspended_context_is_fatal) {
  assert_dies(from_suspended, "the record for the caller has another context");
}

static struct libcgo_context *use_the_wrong_one(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  libcgo_switch(thread, &task, &own, 0);
  return &own;
}

static struct libcgo_context *start_another(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  make(&other, &other_stack, use_the_wrong_one, NULL);
  libcgo_switch(thread, &in_handler, &other, 0); /* leaves `task` as it is */
  return &own;
}

static void from_foreign_stack(void *with_record) {
  begin_to_die(with_record);
  make(&task, &stack, start_another, NULL);
  go(0);
}

TEST(a_switch_on_another_stack_than_that_of_from_is_fatal) {
  assert_dies(from_foreign_stack, "the caller's stack pointer is ");
}

/* The test goes on while C of the task waits below. */
static uintptr_t go_back_from_c(void *unused) {
  (void)unused;
  back(0);
  return 0;
}
static void from_callback(struct libcgo_thread *of, void *unused) {
  libcgo_call_on_stack(of, &other_stack, go_back_from_c, unused);
}
static uintptr_t c_that_waits(void *unused) {
  (void)libcgo_callback(&fatal_runtime, from_callback, unused);
  return 0;
}
static struct libcgo_context *leave_c_waiting(void *unused, uintptr_t word) {
  (void)word;
  libcgo_call_on_system(thread, c_that_waits, unused);
  return &own;
}

static void overwrite_c(void *unused) {
  (void)unused;
  begin_to_die(&own);
  make(&task, &stack, leave_c_waiting, NULL);
  go(0);
}

static void assert_dies_with_record(void (*fn)(void *), const char *message) {
  char output[4096];
  kit_begin();
  const int sig = run_to_death(fn, NULL, output, sizeof output);
  ck_assert_msg(sig == SIGABRT, "ended by %d, with: %s", sig, output);
  ck_assert_msg(strstr(output, message) != NULL, "said: %sinstead of: %s",
                output, message);
}

TEST(c_that_would_be_overwritten_is_fatal) {
  assert_dies_with_record(overwrite_c,
                          "hook: libcgo: libcgo_switch: C would go on at ");
}

/* A context that ends there. */
static struct libcgo_context *end_under_c(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  return &own;
}
static uintptr_t go_to_the_end(void *unused) {
  make(&other, &other_stack, end_under_c, NULL);
  libcgo_switch(thread, &task, &other, 0);
  return (uintptr_t)unused;
}
static const struct libcgo_stack *third_stack;
static void from_callback_to_the_end(struct libcgo_thread *of, void *unused) {
  libcgo_call_on_stack(of, third_stack, go_to_the_end, unused);
}
static uintptr_t c_over_the_end(void *unused) {
  (void)libcgo_callback(&fatal_runtime, from_callback_to_the_end, unused);
  return 0;
}
static struct libcgo_context *end_with_c_waiting(void *unused, uintptr_t word) {
  (void)word;
  libcgo_call_on_system(thread, c_over_the_end, unused);
  return &own;
}

static void end_over_c(void *unused) {
  (void)unused;
  const struct libcgo_stack third = new_stack(large_bytes);
  third_stack = &third;
  begin_to_die(&own);
  make(&task, &stack, end_with_c_waiting, NULL);
  go(0);
}

TEST(a_context_that_ends_under_c_is_fatal) {
  assert_dies_with_record(end_over_c,
                          "hook: libcgo: libcgo_switch: C would go on at ");
}

static void *resume_c_of_another_thread(void *unused) {
  if (libcgo_attach(&fatal_runtime, &thread) != 0)
    _exit(2);
  other = no_context;
  libcgo_switch(thread, &other, &own, 0);
  return unused;
}

static struct libcgo_context *let_another_thread_go(void *unused, uintptr_t word) {
  (void)unused;
  (void)word;
  kit_run_foreign(resume_c_of_another_thread, NULL);
  return &own;
}

static void to_another_thread(void *unused) {
  (void)unused;
  begin_to_die(&own);
  make(&task, &stack, let_another_thread_go, NULL);
  go(0);
}

TEST(c_of_another_thread_is_fatal) {
  assert_dies_with_record(
      to_another_thread,
      "the context to go on in is C on another thread's stack");
}

static void without_a_record(void *unused) {
  static struct libcgo_thread not_entered = LIBCGO_THREAD_INIT;
  (void)unused;
  begin(&not_entered);
  make(&task, &stack, note_frame, NULL);
  go(0);
}

TEST(a_record_that_no_thread_has_entered_is_fatal) {
  assert_dies_with_record(
      without_a_record,
      "libcgo: libcgo_switch: no thread has entered the record, or its runtime was closed");
}

/* ---- calls, contexts and jumps together ---- */

static struct libcgo_stack stacks[5];
static jmp_buf target;

static uintptr_t jump_to_target(void *arg) {
  longjmp(target, 1);
  return (uintptr_t)arg;
}

/* Five pieces of code: `first` calls `second` on a stack, which switches to the task, whose C
   waits in a call on another stack, whose code has switched back to `second`. */
static struct libcgo_context second, waiting, first;
static uintptr_t bytes_of_c, bytes_of_other_c;
enum { pattern_bytes = 1000 };

static uintptr_t go_back_to_second(void *arg) {
  libcgo_switch(thread, &waiting, &second, 0);
  return (uintptr_t)arg;
}
static uintptr_t fill_and_wait(void *arg) {
  volatile char bytes[pattern_bytes];
  memset((char *)bytes, 1, sizeof bytes);
  bytes_of_c = (uintptr_t)bytes;
  libcgo_call_on_stack(thread, &stacks[1], go_back_to_second, arg);
  for (int i = 0; i < pattern_bytes; i++)
    ck_assert_int_eq(bytes[i], 1);
  return 0;
}
static struct libcgo_context *call_c_that_waits(void *arg, uintptr_t word) {
  (void)word;
  libcgo_call_on_system(thread, fill_and_wait, arg);
  return &first;
}
static uintptr_t switch_and_be_jumped_to(void *arg) {
  libcgo_switch(thread, &second, &task, 0);
  if (setjmp(target) == 0)
    libcgo_call_on_stack(thread, &stacks[2], jump_to_target, arg);
  return 0;
}
static uintptr_t fill(void *arg) {
  volatile char bytes[3 * pattern_bytes];
  memset((char *)bytes, 2, sizeof bytes);
  bytes_of_other_c = (uintptr_t)bytes;
  return (uintptr_t)arg;
}
static uintptr_t call_and_let_it_go_on(void *arg) {
  libcgo_call_on_stack(thread, &stacks[4], switch_and_be_jumped_to, arg);
  libcgo_call_on_system(thread, fill, arg);
  libcgo_switch(thread, &first, &waiting, 0);
  return 0;
}

TEST(c_of_a_suspended_context_is_not_overwritten_after_a_jump_elsewhere) {
  begin(attached());
  second = waiting = first = no_context;
  for (int i = 0; i < 5; i++)
    stacks[i] = new_stack(large_bytes);
  make(&task, &stacks[0], call_c_that_waits, NULL);
  libcgo_call_on_stack(thread, &stacks[3], call_and_let_it_go_on, NULL);
  ck_assert(bytes_of_other_c + 3 * pattern_bytes <= bytes_of_c ||
            bytes_of_other_c >= bytes_of_c + pattern_bytes);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* The task makes a call whose code goes over to the other one, which is in C then; that goes
   back, and a jump leaves the call. Then C goes on, and returns to the other one. */
static struct libcgo_context in_call, in_c;
static struct libcgo_bounds bounds_after_c;
static int detach_error;

static uintptr_t go_back_into_the_call(void *arg) {
  libcgo_switch(thread, &in_c, &in_call, 0);
  return (uintptr_t)arg;
}
static struct libcgo_context *be_in_c(void *arg, uintptr_t word) {
  (void)word;
  libcgo_call_on_system(thread, go_back_into_the_call, arg);
  ck_assert_int_eq(libcgo_stack_bounds(thread, &bounds_after_c), 0);
  return &task;
}
static uintptr_t go_over_and_jump(void *arg) {
  libcgo_switch(thread, &in_call, &other, 0);
  return jump_to_target(arg);
}
static uintptr_t ask_to_detach(void *arg) {
  detach_error = libcgo_detach(&kit); /* looks through the calls */
  return (uintptr_t)arg;
}
static struct libcgo_context *call_and_be_jumped_to(void *arg, uintptr_t word) {
  (void)word;
  if (setjmp(target) == 0)
    libcgo_call_on_stack(thread, &stacks[1], go_over_and_jump, arg);
  libcgo_call_on_system(thread, ask_to_detach, arg);
  libcgo_switch(thread, &task, &in_c, 0);
  return &own;
}

TEST(a_context_is_on_its_stack_when_its_c_returns_after_a_jump_elsewhere) {
  begin(attached());
  in_call = in_c = no_context;
  stacks[1] = new_stack(large_bytes);
  make(&task, &stack, call_and_be_jumped_to, NULL);
  make(&other, &other_stack, be_in_c, NULL);
  go(0);
  ck_assert_int_eq(detach_error, EBUSY);
  ck_assert_int_eq(bounds_after_c.kind, LIBCGO_STACK_SMALL);
  ck_assert_uint_eq(bounds_after_c.lo, other_stack.lo);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* A handler on the signal stack has interrupted the task, and goes over to the test, in whose
   switch the task began. The test goes on, and back into the handler. */
static struct libcgo_context in_handler_of_task;

static void go_over_to_the_test(int signal) {
  (void)signal;
  libcgo_switch(thread, &in_handler_of_task, &own, 0);
}
static uintptr_t see_the_system_stack(void *arg) {
  struct libcgo_bounds b;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &b), 0);
  ck_assert_int_eq(b.kind, LIBCGO_STACK_SYSTEM);
  return (uintptr_t)arg;
}
static struct libcgo_context *be_left_for_the_test(void *arg, uintptr_t word) {
  (void)word;
  back(0);
  raise(SIGUSR1);
  ck_assert_int_eq(libcgo_stack_bounds(thread, &bounds_after_c), 0);
  libcgo_call_on_system(thread, see_the_system_stack, arg);
  return &own;
}

TEST(a_context_is_on_its_stack_after_a_handler_that_outlives_the_switch) {
  WINDOWS_HAS("no signals");
  begin(attached());
  in_handler_of_task = no_context;
  const stack_t before = set_signal_stack(map_stack(large_bytes), large_bytes);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = go_over_to_the_test;
  action.sa_flags = SA_ONSTACK;
  ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
  make(&task, &stack, be_left_for_the_test, NULL);
  go(0);
  go(0); /* the handler comes back */
  libcgo_switch(thread, &own, &in_handler_of_task, 0);
  ck_assert_int_eq(bounds_after_c.kind, LIBCGO_STACK_SMALL);
  ck_assert_uint_eq(bounds_after_c.lo, stack.lo);
  signal(SIGUSR1, SIG_DFL);
  sigaltstack(&before, NULL);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* The task makes a call, whose code goes over to the test and comes back, and then calls C. A
   jump leaves that C, and the call. Then the task returns to the test. */
static uintptr_t call_what_jumps(void *arg) {
  libcgo_call_on_stack(thread, &stacks[1], jump_to_target, arg);
  return 0;
}
static uintptr_t go_over_and_call(void *arg) {
  back(0);
  return libcgo_call_on_system(thread, call_what_jumps, arg);
}
static struct libcgo_context *leave_c_by_a_jump(void *arg, uintptr_t word) {
  (void)word;
  if (setjmp(target) == 0)
    libcgo_call_on_stack(thread, &stacks[2], go_over_and_call, arg);
  return &own;
}

TEST(c_goes_on_above_c_that_a_jump_has_left) {
  begin(attached());
  stacks[1] = new_stack(large_bytes);
  stacks[2] = new_stack(large_bytes);
  make(&task, &stack, leave_c_by_a_jump, NULL);
  go(0);
  go(0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

int main(void) {
  suite_begin("context");
  ADD_TEST(words_pass_there_and_back);
  ADD_TEST(words_pass_there_and_back_with_a_record);
  ADD_TEST(words_pass_between_small_stacks);
  ADD_TEST(both_sides_keep_every_callee_saved_register);
  ADD_TEST(both_sides_keep_every_callee_saved_register_with_a_record);
  ADD_TEST(both_sides_keep_every_callee_saved_register_on_small_stacks);
#if defined(__x86_64__) || defined(__i386__) || defined(__s390x__)
  ADD_TEST(a_context_keeps_its_rounding_mode);
#endif
#ifdef __x86_64__
  ADD_TEST(a_context_keeps_mxcsr);
  ADD_TEST(who_promises_to_keep_control_words_has_them);
#endif
  ADD_TEST(fn_begins_with_the_stack_aligned);
  ADD_TEST(a_hundred_thousand_switches_among_a_thousand_contexts);
  ADD_TEST(a_hundred_thousand_switches_in_a_ring_of_a_thousand_contexts);
  ADD_TEST(a_context_calls_c_on_the_system_stack);
  ADD_TEST(a_context_calls_c_on_the_system_stack_below_a_small_one);
  ADD_TEST(a_task_switches_in_a_callback);
  ADD_TEST(a_task_switches_in_a_callback_on_its_own_stack);
  ADD_TEST(c_that_a_task_has_called_switches);
  ADD_TEST(a_thread_with_a_context_under_way_cannot_be_detached);
  ADD_TEST(a_stack_in_the_thread_s_own_is_known);
  ADD_TEST(a_context_may_be_in_memory_of_static_zeros);
  ADD_TEST(a_context_moves_between_threads);
  ADD_TEST(contexts_move_among_threads);
  ADD_TEST(a_handler_switches_and_comes_back);
  ADD_TEST(a_handler_on_the_signal_stack_switches_and_comes_back);
  ADD_TEST(a_handler_suspends_the_task_that_it_has_interrupted);
  ADD_TEST(make_refuses_what_it_cannot_use);
  ADD_TEST(a_running_context_is_not_made_anew);
  ADD_TEST(a_switch_to_a_finished_context_is_fatal);
  ADD_TEST(a_switch_to_a_running_context_is_fatal);
  ADD_TEST(a_switch_to_a_context_that_was_not_made_is_fatal);
  ADD_TEST(a_context_that_ends_and_goes_nowhere_is_fatal);
  ADD_TEST(a_context_that_ends_and_goes_on_in_itself_is_fatal);
  ADD_TEST(a_switch_from_a_suspended_context_is_fatal);
  ADD_TEST(a_switch_on_another_stack_than_that_of_from_is_fatal);
  ADD_TEST(c_that_would_be_overwritten_is_fatal);
  ADD_TEST(a_context_that_ends_under_c_is_fatal);
  ADD_TEST(c_of_another_thread_is_fatal);
  ADD_TEST(a_record_that_no_thread_has_entered_is_fatal);
  ADD_TEST(c_of_a_suspended_context_is_not_overwritten_after_a_jump_elsewhere);
  ADD_TEST(a_context_is_on_its_stack_when_its_c_returns_after_a_jump_elsewhere);
  ADD_TEST(a_context_is_on_its_stack_after_a_handler_that_outlives_the_switch);
  ADD_TEST(c_goes_on_above_c_that_a_jump_has_left);
  return suite_run();
}

#endif
