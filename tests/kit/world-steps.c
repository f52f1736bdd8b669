/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world at every instruction. A managed thread makes parked calls, parks and unparks, and
 * is stopped at one instruction after the other. There another thread looks whether it counts
 * as parked, begins to stop the world, or has stopped it and looks at the thread's segments;
 * or the handler itself parks and unparks.
 */
#include "support/harness.h"
#include "support/stacks.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports/arch/arch.h"
#include "ports/arch/cpu.h"

/* Code of the runtime, which touches the heap; and C, which may run while the world is
   stopped. */
#define RUNTIME_CODE __attribute__((noinline, section("runtime_code")))
#define C_CODE __attribute__((noinline, section("c_code")))
extern const char __start_runtime_code[], __stop_runtime_code[];
extern const char __start_c_code[], __stop_c_code[];

static int is_in(uintptr_t pc, const char *lo, const char *hi) {
  return pc >= (uintptr_t)lo && pc < (uintptr_t)hi;
}

static struct libcgo_thread *self;
static int left;
static void enter(struct libcgo_thread *t) { self = t; }
static void leave(struct libcgo_thread *t) {
  (void)t;
  self = NULL;
  __atomic_add_fetch(&left, 1, __ATOMIC_SEQ_CST);
}
static __thread int is_thread_of_world;
static struct libcgo_thread *current(const struct libcgo_runtime *r) {
  (void)r;
  return is_thread_of_world ? self : NULL;
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, NULL, NULL, current, NULL);
static struct libcgo_runtime world;
static struct libcgo_thread thread = LIBCGO_THREAD_INIT;

static int get(int *n) { return __atomic_load_n(n, __ATOMIC_SEQ_CST); }
static void set(int *n, int to) { __atomic_store_n(n, to, __ATOMIC_SEQ_CST); }

/* ---- the other thread ---- */

enum { nothing, look, stop_it, hold, visit, let_go, quit };
static int request, answer, done, stopping, held, marked, wrong;
static long heap;
static int secrets;          /* in the segments at the last stop */
static uintptr_t in_handler; /* an address on the signal stack */
static int strayed;          /* segments there: no code there has parked */
static volatile uintptr_t hidden_secret = ~(uintptr_t)0x5ec7e7a5u;

__attribute__((no_sanitize_address, no_sanitize_thread)) static int
search(const struct libcgo_segment *s, void *arg) {
  (void)arg;
  strayed += s->lo <= in_handler && in_handler < s->hi;
  for (uintptr_t at = (s->lo + sizeof(uintptr_t) - 1) & -sizeof(uintptr_t);
       at + sizeof(uintptr_t) <= s->hi; at += sizeof(uintptr_t))
    secrets += *(const volatile uintptr_t *)at == ~hidden_secret;
  return 0;
}

static int next_request(void) {
  int what;
  while ((what = get(&request)) == nothing)
    sched_yield();
  set(&request, nothing);
  return what;
}

static void ask(int what) {
  set(&answer, 0);
  set(&request, what);
  while (get(&answer) == 0)
    sched_yield();
}

static void visit_while_stopped(void) {
  if (libcgo_world_stop(&world, UINT64_MAX, NULL) != 0)
    wrong++;
  set(&held, 1);
  while (next_request() == visit) {
    secrets = 0;
    if (libcgo_segments_visit(&thread, search, NULL) != 0)
      wrong++;
    set(&answer, 1);
  }
  set(&held, 0);
  if (libcgo_world_start(&world) != 0)
    wrong++;
  set(&answer, 1);
  set(&done, 1);
}

static void serve(void) {
  int what;
  while ((what = next_request()) != quit) {
    if (what == hold) {
      visit_while_stopped();
      continue;
    }
    struct libcgo_thread *late = NULL;
    const int err =
        libcgo_world_stop(&world, what == look ? 0 : UINT64_MAX, &late);
    if (what == look) {
      if (err != 0 && (err != ETIMEDOUT || late != &thread))
        wrong++;
      if (err == 0 && libcgo_world_start(&world) != 0)
        wrong++;
      set(&answer, err == 0 ? 1 : 2);
      continue;
    }
    set(&marked, 1);
    const long before = __atomic_load_n(&heap, __ATOMIC_SEQ_CST);
    sched_yield();
    secrets = 0;
    if (err != 0 || libcgo_segments_visit(&thread, search, NULL) != 0 ||
        __atomic_load_n(&heap, __ATOMIC_SEQ_CST) != before)
      wrong++;
    set(&marked, 0);
    if (libcgo_world_start(&world) != 0)
      wrong++;
    set(&done, 1);
  }
}

/* ---- the one that is stopped at each instruction ---- */

static int steps, at_step, asked, hidden; /* at_step 0: at each */
static char first_fault[128];
static void (*at_instruction)(uintptr_t pc);
static int has_signal_stack;

static void fault(const char *what) {
  if (first_fault[0] == '\0')
    snprintf(first_fault, sizeof first_fault, "%s, at step %d", what, at_step);
}

static void handle(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  const int caller_errno = errno;
  if (has_signal_stack)
    in_handler = (uintptr_t)&caller_errno;
  if (++steps == at_step || at_step == 0) {
    asked = 1;
    at_instruction((uintptr_t)((handler_context *)context)->context_pc);
  }
  errno = caller_errno;
}

static void ask_for_state(uintptr_t pc) {
  ask(look);
  const int parked = get(&answer) == 1;
  if (parked && is_in(pc, __start_runtime_code, __stop_runtime_code))
    fault("parked in the runtime's code");
  if (!parked && is_in(pc, __start_c_code, __stop_c_code))
    fault("managed in C");
  set(&done, 1);
}

static void begin_stop(uintptr_t pc) {
  (void)pc;
  set(&stopping, 1);
  set(&request, stop_it);
  while (!get(&done) && __atomic_load_n(&thread.poll, __ATOMIC_SEQ_CST) == 0)
    sched_yield();
}

/* As a handler has to: it looks first. */
static void park_and_begin_stop(uintptr_t pc) {
  if (__atomic_load_n(&thread.mode, __ATOMIC_SEQ_CST) == 0) {
    libcgo_park(&thread);
    libcgo_unpark(&thread);
  }
  begin_stop(pc);
}

RUNTIME_CODE static void touch(void) {
  heap++;
  if (marked)
    fault("the heap was touched in a stopped world");
}
C_CODE static uintptr_t c_function(void *arg) {
  /* C that does not come back before the stop is over. */
  while (get(&stopping) && !get(&done))
    sched_yield();
  return (uintptr_t)arg + 1;
}
static void call_parked_and_begin_stop(uintptr_t pc) {
  if (libcgo_call_parked(&thread, c_function, (void *)1) != 2)
    fault("a wrong result in the handler");
  begin_stop(pc);
}
/* The thread says managed for a moment, until it has seen that it must wait. */
static int was_managed;
static void look_in_stop(uintptr_t pc) {
  (void)pc;
  if (!get(&held))
    return;
  ask(visit);
  const int managed = __atomic_load_n(&thread.mode, __ATOMIC_SEQ_CST) == 0;
  if (secrets == 0)
    fault(managed ? "a collector does not see a register of a thread that is to wait"
                  : "a collector does not see a register");
  if (was_managed && !managed)
    ask(let_go);
  was_managed = managed;
}
C_CODE static uintptr_t c_ends_in_stop(void *arg) {
  set(&request, hold);
  while (!get(&held))
    sched_yield();
  return (uintptr_t)arg + 1;
}
RUNTIME_CODE static void in_callback(struct libcgo_thread *t, void *arg) {
  (void)t, (void)arg;
  touch();
}
/* The handler's callback, too, waits for the end of the stop. */
static void begin_stop_and_call_back(uintptr_t pc) {
  begin_stop(pc);
  if (libcgo_callback(&world, in_callback, NULL) != 0)
    fault("a callback of the handler was refused");
}
C_CODE static uintptr_t call_back(void *arg) {
  return (uintptr_t)libcgo_callback(&world, in_callback, arg);
}

RUNTIME_CODE static void parked_call(void) {
  touch();
  if (libcgo_call_parked(&thread, c_function, (void *)4) != 5)
    fault("a wrong result");
  touch();
}
RUNTIME_CODE static void parked_callback(void) {
  touch();
  if (libcgo_call_parked(&thread, call_back, NULL) != 0)
    fault("a callback was refused");
  touch();
}
RUNTIME_CODE static void parked_call_that_ends_in_stop(void) {
  touch();
  if (libcgo_call_parked(&thread, c_ends_in_stop, (void *)6) != 7)
    fault("a wrong result");
  touch();
}
/* Parts of it are neither. */
static void by_hand(void) {
  touch();
  libcgo_park(&thread);
  c_function(NULL);
  libcgo_unpark(&thread);
  touch();
}
RUNTIME_CODE static void safepoint(void) {
  touch();
  libcgo_safepoint(&thread);
  libcgo_safepoint_slow(&thread);
  touch();
}
static void (*const operations[])(void) = {parked_call, parked_callback,
                                           by_hand, safepoint};

#if defined(__x86_64__)
#define HOLD_SECRET(secret)                                                    \
  register uintptr_t secret __asm__("r13") = ~hidden_secret;                   \
  __asm__ volatile("" : "+r"(secret))
#else
#define HOLD_SECRET(secret) volatile uintptr_t secret = ~hidden_secret
#endif

/* Returns whether there was such a step. */
__attribute__((noinline)) static int step_through(void (*operation)(void)) {
  steps = asked = 0;
  set(&stopping, 0);
  set(&done, 0);
  HOLD_SECRET(secret);
  start_stepping();
  operation();
  stop_stepping();
  while (asked && !get(&done))
    libcgo_safepoint(&thread);
#if defined(__x86_64__)
  __asm__ volatile("" : "+r"(secret));
#endif
  if (secret != ~hidden_secret)
    fault("a register has changed");
  if (asked && at_instruction != ask_for_state && secrets == 0 && hidden++ == 0)
    fault("a collector does not see a register");
  if (strayed)
    fault("a collector looks where a handler has been");
  return asked;
}

/* LIBCGO_TEST_WORLD=1: each instruction in all cases, and not in the first one alone. */
static int stride;
static int least_steps;
static uintptr_t step_through_all(void *unused) {
  (void)unused;
  for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
    operations[i](); /* loads what it needs */
    for (at_step = 1; at_step < 20000 && step_through(operations[i]);
         at_step += stride)
      ;
    if (i == 0 || at_step < least_steps)
      least_steps = at_step;
  }
  return 0;
}

/* Without steps nobody would start the world. */
static uintptr_t step_through_end_in_stop(void *unused) {
  (void)unused;
  steps = 0;
  at_step = INT_MAX;
  start_stepping();
  touch();
  stop_stepping();
  least_steps = steps != 0 ? INT_MAX : 0;
  at_step = 0;
  was_managed = 0;
  if (steps != 0)
    step_through(parked_call_that_ends_in_stop);
  return 0;
}

static struct libcgo_stack stack;
static uintptr_t (*all_steps)(void *unused);
static void on_system(struct libcgo_thread *t, void *arg) {
  (void)t;
  is_thread_of_world = 1;
  all_steps(arg);
  set(&request, quit);
}
static void on_small(struct libcgo_thread *t, void *arg) {
  is_thread_of_world = 1;
  libcgo_call_on_stack(t, &stack, all_steps, arg);
  set(&request, quit);
}

static void step_in_new_thread_with(size_t signal_stack,
                                    void (*fn)(struct libcgo_thread *, void *),
                                    void (*what)(uintptr_t)) {
  if (UNDER_TSAN)
    SKIP("a thread sanitizer keeps signals back");
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | (signal_stack != 0 ? SA_ONSTACK : 0);
  sigaction(SIGTRAP, &action, NULL);
  if (stack.hi == 0)
    stack = new_stack(large_bytes);
  world = (struct libcgo_runtime)LIBCGO_RUNTIME_INIT(&ops);
  world.flags = LIBCGO_WORLD;
  ck_assert_int_eq(libcgo_init_begin(&world.init), 0);
  ck_assert_int_eq(libcgo_init_done(&world.init), 0);
  at_instruction = what;
  has_signal_stack = signal_stack != 0;
  all_steps = what == look_in_stop ? step_through_end_in_stop : step_through_all;
  stride = getenv("LIBCGO_TEST_WORLD") != NULL ||
                   (what == ask_for_state && fn == on_system)
               ? 1
               : 7;
  set(&left, 0);
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.signal_stack_size = signal_stack;
  ck_assert_int_eq(libcgo_thread_create(&world, &thread, &attr, fn, NULL, NULL),
                   0);
  serve();
  while (!get(&left))
    sched_yield();
  ck_assert_msg(first_fault[0] == '\0', "%s", first_fault);
  ck_assert_int_eq(wrong, 0);
  if (least_steps <= 1)
    SKIP("no single steps here (an emulator, or a CPU without a trap flag)");
  ck_assert_int_gt(least_steps, 30);
}

static void step_in_new_thread(void (*fn)(struct libcgo_thread *, void *),
                               void (*what)(uintptr_t)) {
  step_in_new_thread_with(0, fn, what);
}

TEST(a_thread_is_parked_at_no_instruction_of_the_runtime) {
  step_in_new_thread(on_system, ask_for_state);
}
TEST(nor_on_a_small_stack) { step_in_new_thread(on_small, ask_for_state); }
TEST(a_stop_that_begins_at_any_instruction_ends) {
  step_in_new_thread(on_system, begin_stop);
}
TEST(and_on_a_small_stack) { step_in_new_thread(on_small, begin_stop); }
TEST(a_handler_that_parks_by_hand_hides_no_register) {
  step_in_new_thread(on_system, park_and_begin_stop);
}
TEST(nor_does_one_on_a_small_stack) {
  step_in_new_thread(on_small, park_and_begin_stop);
}
TEST(nor_does_one_that_makes_a_parked_call) {
  step_in_new_thread(on_system, call_parked_and_begin_stop);
}
TEST(nor_does_one_that_calls_back_touch_the_heap_in_a_stop) {
  step_in_new_thread(on_system, begin_stop_and_call_back);
}
TEST(nor_on_a_small_stack_one_that_makes_a_parked_call) {
  step_in_new_thread(on_small, call_parked_and_begin_stop);
}
TEST(a_parked_call_that_ends_in_a_stop_hides_no_register) {
  step_in_new_thread(on_system, look_in_stop);
}
TEST(nor_on_a_small_stack_one_that_ends_in_a_stop) {
  step_in_new_thread(on_small, look_in_stop);
}
/* The handler's frames are elsewhere: where it has parked is no place to look for the thread's. */
enum { signal_stack_bytes = 256 << 10 };
TEST(nor_does_one_on_a_signal_stack_that_parks_by_hand_hide_a_register) {
  step_in_new_thread_with(signal_stack_bytes, on_system, park_and_begin_stop);
}
TEST(nor_does_one_there_that_makes_a_parked_call) {
  step_in_new_thread_with(signal_stack_bytes, on_system,
                          call_parked_and_begin_stop);
}
TEST(nor_does_one_there_of_code_on_a_small_stack) {
  step_in_new_thread_with(signal_stack_bytes, on_small,
                          call_parked_and_begin_stop);
}

int main(void) {
  suite_begin("world-steps");
  ADD_TEST(a_thread_is_parked_at_no_instruction_of_the_runtime);
  ADD_TEST(nor_on_a_small_stack);
  ADD_TEST(a_stop_that_begins_at_any_instruction_ends);
  ADD_TEST(and_on_a_small_stack);
  ADD_TEST(a_handler_that_parks_by_hand_hides_no_register);
  ADD_TEST(nor_does_one_on_a_small_stack);
  ADD_TEST(nor_does_one_that_makes_a_parked_call);
  ADD_TEST(nor_does_one_that_calls_back_touch_the_heap_in_a_stop);
  ADD_TEST(nor_on_a_small_stack_one_that_makes_a_parked_call);
  ADD_TEST(a_parked_call_that_ends_in_a_stop_hides_no_register);
  ADD_TEST(nor_on_a_small_stack_one_that_ends_in_a_stop);
  ADD_TEST(nor_does_one_on_a_signal_stack_that_parks_by_hand_hide_a_register);
  ADD_TEST(nor_does_one_there_that_makes_a_parked_call);
  ADD_TEST(nor_does_one_there_of_code_on_a_small_stack);
  return suite_run();
}
