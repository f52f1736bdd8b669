/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which calls on small stacks are over: those that a longjmp or a signal handler has
 * left, on whatever stack of C's, are forgotten, and those that are under way are not.
 */

/* With it, longjmp takes a jump to a lower address for an error. */
#undef _FORTIFY_SOURCE

#include "support/four.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "ports/arch/arch.h"

#if defined __x86_64__ || defined __i386__ || defined __m68k__
enum { return_address_is_pushed = 1 };
#else
enum { return_address_is_pushed = 0 };
#endif

#define NOINLINE __attribute__((noinline))
#define NEEDS_SWAPCONTEXT                                                      \
  if (UNDER_TSAN)                                                              \
  SKIP("the thread sanitizer does not know swapcontext")

static struct libcgo_thread *thread;
static struct libcgo_stack stacks[3];

static void begin(void) {
  thread = attached();
  for (int i = 0; i < 3; i++)
    stacks[i] = new_stack(small_bytes);
}

static uintptr_t nothing(void *arg) { return (uintptr_t)arg; }

/* ---- frames that a C function or a call may not overwrite ---- */

enum { pattern = 0x5a, pattern_bytes = 2000 };

static void fill(volatile char *bytes) {
  for (int i = 0; i < pattern_bytes; i++)
    bytes[i] = pattern;
}

static int wrong_bytes(const volatile char *bytes) {
  int wrong = 0;
  for (int i = 0; i < pattern_bytes; i++)
    wrong += bytes[i] != pattern;
  return wrong;
}

static NOINLINE uintptr_t overwrite(void *arg) {
  volatile char bytes[2 * pattern_bytes];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = 1;
  return (uintptr_t)arg + (uintptr_t)bytes[0] - 1;
}

static jmp_buf outside, inside;

static uintptr_t jump_outside(void *arg) {
  (void)arg;
  longjmp(outside, 1);
}

static uintptr_t jump_inside(void *arg) {
  (void)arg;
  longjmp(inside, 1);
}

static uintptr_t jump_inside_then_call_c(void *arg) {
  if (setjmp(inside) == 0)
    libcgo_call_on_stack(thread, &stacks[1], jump_inside, arg);
  return libcgo_call_on_system(thread, overwrite, arg);
}

static NOINLINE int call_deeper(uintptr_t (*fn)(void *arg)) {
  volatile char mine[pattern_bytes];
  fill(mine);
  libcgo_call_on_stack(thread, &stacks[0], fn, NULL);
  return wrong_bytes(mine);
}

TEST(c_overwrites_no_frame_after_two_jumps_at_two_depths) {
  begin();
  if (setjmp(outside) == 0)
    libcgo_call_on_stack(thread, &stacks[0], jump_outside, NULL);
  ck_assert_int_eq(call_deeper(jump_inside_then_call_c), 0);
}

static uintptr_t call_on_the_same_stack(void *arg) {
  return libcgo_call_on_stack(thread, &stacks[0], overwrite, arg);
}

TEST(a_call_from_a_small_stack_onto_the_same_keeps_its_own_frame) {
  begin();
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stacks[0],
                                         call_on_the_same_stack, (void *)7),
                    7);
}

/* Older code's calls are left by a jump to it, and it calls again: from as deep, so that the
   record names the call that was left. */
static OWN_FRAME uintptr_t call_back_and_jump(void *arg) {
  return libcgo_call_on_stack(thread, &stacks[0], jump_inside, arg);
}

static OWN_FRAME char leave_two_calls(void) {
  volatile char unwritten[500];
  unwritten[0] = 0;
  if (setjmp(inside) == 0)
    libcgo_call_on_stack(thread, &stacks[1], call_back_and_jump, NULL);
  return unwritten[0];
}

static volatile char *older_bytes;

static uintptr_t fill_older_bytes(void *arg) {
  fill(older_bytes); /* and what of the calls that were left was there */
  return libcgo_call_on_stack(thread, &stacks[2], nothing, arg);
}

static OWN_FRAME uintptr_t call_below_older_bytes(void *arg) {
  volatile char bytes[pattern_bytes];
  older_bytes = bytes;
  const uintptr_t result =
      libcgo_call_on_stack(thread, &stacks[0], fill_older_bytes, arg);
  return result + (uintptr_t)wrong_bytes(bytes);
}

static uintptr_t leave_two_calls_and_call(void *arg) {
  const char is_0 = leave_two_calls();
  return call_below_older_bytes(arg) + (uintptr_t)is_0;
}

TEST(a_call_is_not_over_because_the_one_in_which_it_seemed_to_begin_is) {
  begin();
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stacks[0],
                                         leave_two_calls_and_call, (void *)7),
                    7);
}

/* Writes to none of the words where a call was on the small stack, but to that of its return
   address: it is called with as many arguments as libcgo_call_on_system. */
static OWN_FRAME uintptr_t skip_some_words(void *unused, uintptr_t (*fn)(void),
                                           void *too) {
  (void)unused;
  (void)too;
  volatile char unwritten[1000];
  unwritten[0] = 0;
  return fn() + (uintptr_t)unwritten[0];
}

static uintptr_t jump_back_into_c(void *arg) {
  if (setjmp(inside) == 0)
    libcgo_call_on_stack(thread, &stacks[0], jump_inside, arg);
  return overwrite(arg); /* the frame of that call */
}

static uintptr_t call_the_same_stack(void *arg) {
  return libcgo_call_on_stack(thread, &stacks[0], overwrite, arg);
}

static uintptr_t call_c_from_deeper(void) {
  volatile char mine[pattern_bytes];
  fill(mine);
  libcgo_call_on_system(thread, call_the_same_stack, NULL);
  return (uintptr_t)wrong_bytes(mine);
}

static uintptr_t call_c_twice(void *arg) {
  libcgo_call_on_system(thread, jump_back_into_c, arg);
  return skip_some_words(NULL, call_c_from_deeper, arg);
}

/* The record names a call that is over; and only it knows from where C is called now. */
TEST(a_call_overwrites_no_frame_of_older_code_that_is_as_deep_as_one_that_was_left) {
  begin();
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stacks[0], call_c_twice, NULL),
                    0);
}

/* The same, where no word at all is written there. */
static OWN_FRAME uintptr_t call_c_twice_from_farther_down(void *arg) {
  libcgo_call_on_system(thread, jump_back_into_c, arg);
  volatile char *const unwritten = __builtin_alloca(1000);
  unwritten[0] = 0;
  return call_c_from_deeper() + (uintptr_t)unwritten[0];
}

TEST(a_call_overwrites_no_frame_of_older_code_that_has_gone_farther_down) {
  begin();
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stacks[0],
                                         call_c_twice_from_farther_down, NULL),
                    0);
}

/* The same, where the call that was left was made by C that another small stack had called. */
static uintptr_t jump_back_into_c_and_out_of_it(void *arg) {
  jump_back_into_c(arg);
  longjmp(outside, 1);
}

static uintptr_t call_c_that_leaves_a_call(void *arg) {
  return libcgo_call_on_system(thread, jump_back_into_c_and_out_of_it, arg);
}

static uintptr_t leave_a_call_and_call_c(void *arg) {
  if (setjmp(outside) == 0)
    libcgo_call_on_stack(thread, &stacks[1], call_c_that_leaves_a_call, arg);
  return skip_some_words(NULL, call_c_from_deeper, arg);
}

TEST(a_call_overwrites_no_frame_of_older_code_below_one_that_another_stack_s_c_left) {
  if (UNDER_TSAN)
    SKIP("the thread sanitizer forgets a setjmp below another one, on whatever stack");
  begin();
  ck_assert_uint_eq(
      libcgo_call_on_stack(thread, &stacks[0], leave_a_call_and_call_c, NULL), 0);
}

static ucontext_t scheduler_context, task_context;

static void task_that_calls_c(void) {
  libcgo_call_on_system(thread, overwrite, NULL);
  libcgo_stack_switched(thread, &stacks[0]);
  swapcontext(&task_context, &scheduler_context);
}

static uintptr_t scheduler(void *arg) {
  getcontext(&task_context);
  task_context.uc_stack.ss_sp = (void *)stacks[1].lo;
  task_context.uc_stack.ss_size = stacks[1].hi - stacks[1].lo;
  task_context.uc_link = NULL;
  makecontext(&task_context, task_that_calls_c, 0);
  libcgo_stack_switched(thread, &stacks[1]);
  swapcontext(&scheduler_context, &task_context);
  return (uintptr_t)arg;
}

static uintptr_t call_c_that_jumps(void *arg) {
  return libcgo_call_on_system(thread, jump_outside, arg);
}

TEST(c_overwrites_no_frame_after_a_jump_and_a_switch_to_the_stack_it_left) {
  NEEDS_SWAPCONTEXT;
  begin();
  if (setjmp(outside) == 0)
    libcgo_call_on_stack(thread, &stacks[1], call_c_that_jumps, NULL);
  ck_assert_int_eq(call_deeper(scheduler), 0);
}

/* ---- signal stacks ---- */

static int handler_jumps;
static sigjmp_buf out_of_handler;
static uintptr_t frame_of_c;

static uintptr_t perhaps_jump(void *arg) {
  if (handler_jumps)
    siglongjmp(out_of_handler, 1);
  return (uintptr_t)arg;
}

static void call_in_handler(int signal) {
  (void)signal;
  libcgo_call_on_stack(thread, &stacks[2], perhaps_jump, NULL);
}

static void handle_on(char *lo, size_t bytes, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  set_signal_stack(lo, bytes);
  if (sigaction(SIGUSR1, &action, NULL) != 0)
    abort();
}

static uintptr_t note_frame(void *arg) {
  frame_of_c = here();
  return (uintptr_t)arg;
}

static uintptr_t raise_and_call_c(void *arg) {
  raise(SIGUSR1);
  return libcgo_call_on_system(thread, note_frame, arg);
}

TEST(c_runs_on_the_system_stack_after_a_jump_out_of_a_handler) {
  begin();
  handle_on(map_stack(small_bytes), small_bytes, call_in_handler);
  libcgo_call_on_stack(thread, &stacks[0], nothing, NULL);
  handler_jumps = 1;
  if (sigsetjmp(out_of_handler, 1) == 0)
    raise(SIGUSR1);
  handler_jumps = 0;
  libcgo_call_on_stack(thread, &stacks[0], raise_and_call_c, NULL);
  struct libcgo_bounds own;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &own), 0);
  ck_assert(is_on(frame_of_c, own.lo, own.hi));
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

static void overwrite_on_first(struct libcgo_thread *record, void *arg) {
  libcgo_call_on_stack(record, &stacks[0], overwrite, arg);
}

static void call_back_in_handler(int signal) {
  (void)signal;
  libcgo_callback(&kit, overwrite_on_first, NULL);
}

static uintptr_t raise_usr1(void *arg) {
  raise(SIGUSR1);
  return (uintptr_t)arg;
}

static uintptr_t keep_a_frame_over_a_signal(void *arg) {
  volatile char mine[pattern_bytes];
  fill(mine);
  libcgo_call_on_system(thread, raise_usr1, arg);
  return (uintptr_t)wrong_bytes(mine);
}

/* A signal stack that is an array in the thread's own stack is above what it interrupts. */
TEST(a_handler_on_a_signal_stack_within_the_own_stack_overwrites_no_frame) {
  char array[small_bytes];
  begin();
  libcgo_call_on_stack(thread, &stacks[0], nothing, NULL);
  /* Not from its lowest byte on: emulators take that for the frame below, too. */
  handle_on(array + 64, sizeof array - 64, call_back_in_handler);
  const uintptr_t wrong =
      libcgo_call_on_stack(thread, &stacks[0], keep_a_frame_over_a_signal, NULL);
  set_signal_stack(map_stack(small_bytes), small_bytes);
  ck_assert_uint_eq(wrong, 0);
}

/* ---- coroutines of C ---- */

static ucontext_t main_context, fiber_context;
static void (*fiber_fn)(void);

static void fiber_main(void) { fiber_fn(); }

static void make_fiber_on(char *lo, size_t bytes, void (*fn)(void)) {
  fiber_fn = fn;
  getcontext(&fiber_context);
  fiber_context.uc_stack.ss_sp = lo;
  fiber_context.uc_stack.ss_size = bytes;
  fiber_context.uc_link = &main_context;
  makecontext(&fiber_context, fiber_main, 0);
}
static void run_fiber(void) { swapcontext(&main_context, &fiber_context); }
static void run_in_fiber_on(char *lo, size_t bytes, void (*fn)(void)) {
  make_fiber_on(lo, bytes, fn);
  run_fiber();
}

static void overwrite_in_fiber(void) {
  libcgo_callback(&kit, overwrite_on_first, NULL);
}

static char *fiber_lo;

static uintptr_t run_a_fiber(void *arg) {
  run_in_fiber_on(fiber_lo, small_bytes, overwrite_in_fiber);
  return (uintptr_t)arg;
}

static uintptr_t keep_a_frame_over_a_fiber(void *arg) {
  volatile char mine[pattern_bytes];
  fill(mine);
  libcgo_call_on_system(thread, run_a_fiber, arg);
  return (uintptr_t)wrong_bytes(mine);
}

TEST(a_coroutine_within_the_own_stack_overwrites_no_frame) {
  NEEDS_SWAPCONTEXT;
  char array[small_bytes];
  begin();
  fiber_lo = array;
  ck_assert_uint_eq(
      libcgo_call_on_stack(thread, &stacks[0], keep_a_frame_over_a_fiber, NULL),
      0);
}

static int levels;

static uintptr_t nest_in_c(void *arg);

static uintptr_t call_nest_in_c(void *arg) {
  return libcgo_call_on_system(thread, nest_in_c, arg);
}

/* So many calls that all are asked whether they are over, then one on the first stack. */
static uintptr_t nest_in_c(void *arg) {
  levels = levels - 1;
  return levels > 0
             ? libcgo_call_on_stack(thread, &stacks[1], call_nest_in_c, arg)
             : libcgo_call_on_stack(thread, &stacks[0], overwrite, arg);
}

static void nest_in_fiber(void) {
  levels = 60;
  nest_in_c(NULL);
}

static uintptr_t run_the_fiber(void *arg) {
  run_fiber();
  return (uintptr_t)arg;
}

static uintptr_t keep_a_frame_over_a_fiber_that_nests(void *arg) {
  volatile char mine[pattern_bytes];
  fill(mine);
  libcgo_call_on_system(thread, run_the_fiber, arg);
  return (uintptr_t)wrong_bytes(mine);
}

static volatile uintptr_t wrong_in_handler;

static void go_over_to_a_fiber(int signal) {
  (void)signal;
  wrong_in_handler = libcgo_call_on_stack(
      thread, &stacks[0], keep_a_frame_over_a_fiber_that_nests, NULL);
}

/* Where C runs says nothing about the handler: that has not been left. */
TEST(a_coroutine_overwrites_no_frame_of_the_handler_that_resumes_it) {
  NEEDS_SWAPCONTEXT;
  begin();
  stacks[1] = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &stacks[0], nothing, NULL);
  /* Not in the handler: where tests make their own contexts, they need the signal stack. */
  make_fiber_on(map_stack(large_bytes), large_bytes, nest_in_fiber);
  handle_on(map_stack(large_bytes), large_bytes, go_over_to_a_fiber);
  raise(SIGUSR1);
  ck_assert_uint_eq(wrong_in_handler, 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

static jmp_buf in_fiber;

static uintptr_t jump_in_fiber(void *arg) {
  (void)arg;
  longjmp(in_fiber, 1);
}

static void call_that_jumps(void) {
  if (setjmp(in_fiber) == 0)
    libcgo_call_on_stack(thread, &stacks[0], jump_in_fiber, NULL);
}

static size_t pages_of_calls(void) {
  size_t n = 0;
  for (const uintptr_t *page = (const uintptr_t *)thread->chunks; page != NULL;
       page = (const uintptr_t *)page[0])
    n++;
  return n;
}

TEST(coroutines_whose_calls_ended_by_a_jump_are_forgotten) {
  NEEDS_SWAPCONTEXT;
  enum { coroutines = 2000, each = 16384 };
  begin();
  char *lo = map_stack((size_t)coroutines * each);
  for (int i = 0; i < coroutines; i++) {
    run_in_fiber_on(lo + (size_t)i * each, each, call_that_jumps);
    memset(lo + (size_t)i * each, 0, each); /* as if it were given back */
  }
  ck_assert_uint_lt(pages_of_calls(), 10);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

static uintptr_t let_main_go_on(void *arg) {
  swapcontext(&fiber_context, &main_context);
  return (uintptr_t)arg;
}

static void call_and_wait(void) {
  libcgo_call_on_stack(thread, &stacks[1], let_main_go_on, NULL);
}

static uintptr_t start_fiber(void *arg) {
  run_in_fiber_on(map_stack(small_bytes), small_bytes, call_and_wait);
  return (uintptr_t)arg;
}

TEST(calls_of_coroutines_return_in_any_order) {
  NEEDS_SWAPCONTEXT;
  begin();
  libcgo_call_on_stack(thread, &stacks[0], start_fiber, NULL);
  ck_assert_int_eq(call_deeper(nothing), 0);
  swapcontext(&main_context, &fiber_context);
  ck_assert_int_eq(call_deeper(nothing), 0);
  ck_assert_uint_eq(thread->top, 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* ---- tasks that are told of when they run ---- */

static jmp_buf in_runtime;

static uintptr_t jump_to_runtime(void *arg) {
  (void)arg;
  longjmp(in_runtime, 1);
}

static uintptr_t leave_a_call(void *stack) {
  return libcgo_call_on_stack(thread, (struct libcgo_stack *)stack,
                              jump_to_runtime, NULL);
}

static NOINLINE void call_c_and_leave(struct libcgo_stack *stack) {
  if (setjmp(in_runtime) == 0)
    libcgo_call_on_system(thread, leave_a_call, stack);
}

static void tell_and_go_back(void) {
  libcgo_stack_switched(thread, &stacks[1]);
  libcgo_stack_switched(thread, &stacks[0]);
  swapcontext(&task_context, &scheduler_context);
}

static NOINLINE uintptr_t frame_of_c_now(void) {
  libcgo_call_on_system(thread, note_frame, NULL);
  return frame_of_c;
}

enum { rounds_of_a_task = 500, few_frames = 4096 };

static uintptr_t leave_calls_and_switch(void *last) {
  const uintptr_t first = frame_of_c_now();
  for (volatile int i = 0; i < rounds_of_a_task; i = i + 1) {
    call_c_and_leave(&stacks[2]);
    getcontext(&task_context);
    task_context.uc_stack.ss_sp = (void *)stacks[1].lo;
    task_context.uc_stack.ss_size = stacks[1].hi - stacks[1].lo;
    task_context.uc_link = NULL;
    makecontext(&task_context, tell_and_go_back, 0);
    swapcontext(&scheduler_context, &task_context);
    call_c_and_leave((struct libcgo_stack *)last);
    frame_of_c_now();
  }
  return first - frame_of_c;
}

TEST(c_goes_on_where_it_did_after_calls_were_left_and_tasks_told_of_late) {
  NEEDS_SWAPCONTEXT;
  if (!return_address_is_pushed)
    SKIP("this CPU does not push return addresses: too little shows that calls are over");
  begin();
  struct libcgo_stack last = new_stack(small_bytes);
  ck_assert_uint_lt(
      libcgo_call_on_stack(thread, &stacks[0], leave_calls_and_switch, &last),
      few_frames);
}

/* ---- pages of calls ---- */

enum { few_instructions = 8 };
static int traps, trap_wanted;
static uintptr_t calls_in_traps;
static long mapped_at_first, mapped_at_trap;

/* In pages, of the process. */
static long mapped(void) {
  char text[64] = "";
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const ssize_t n = read(file, text, sizeof text - 1);
  close(file);
  return n <= 0 ? -1 : atol(text);
}

/* An emulator maps pages of a program where it has reserved room before. */
static int mappings_are_told(void) {
  const long before = mapped();
  void *const page =
      mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const long after = mapped();
  munmap(page, 4096);
  return before >= 0 && after > before;
}

/* While the thread takes a place for a call: a handler's takes another one. */
static void call_at_trap(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  if (++traps != trap_wanted)
    return;
  mapped_at_trap = mapped();
  calls_in_traps += libcgo_call_on_stack(thread, &stacks[2], nothing, (void *)1);
#ifdef REG_EFL
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100;
#else
  (void)context;
#endif
}

static uintptr_t step_no_more(void *arg) {
  stop_stepping();
  return (uintptr_t)arg;
}

/* Goes down on one stack, and then calls on another one. */
static uintptr_t step_from_depth(void *depth) {
  if (depth != NULL)
    return libcgo_call_on_stack(thread, &stacks[0], step_from_depth,
                                (void *)((uintptr_t)depth - 1));
  traps = 0;
  mapped_at_first = mapped();
  start_stepping();
  libcgo_call_on_stack(thread, &stacks[1], step_no_more, NULL);
  stop_stepping();
  return pages_of_calls();
}

/* Returns how many pages the calls took. */
static size_t attach_and_step(uintptr_t depth) {
  libcgo_attach(&kit, &thread);
  libcgo_call_on_stack(thread, &stacks[0], nothing, NULL);
  const size_t pages =
      libcgo_call_on_stack(thread, &stacks[0], step_from_depth, (void *)depth);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  return pages;
}

static void expect_no_page_lost(size_t of_pages) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer maps memory itself");
  begin();
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = call_at_trap;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGTRAP, &action, NULL);
  trap_wanted = 0;
  uintptr_t depth = 0;
  attach_and_step(depth);
  if (traps == 0)
    SKIP("no single steps here (an emulator, or a CPU without a trap flag)");
  while (attach_and_step(depth) < of_pages)
    depth++;
  const int last = traps;
  const long before = mapped();
  if (!mappings_are_told())
    SKIP("there is no /proc, or it tells nothing of the program (an emulator)");
  /* From where there is another page than before. */
  int first = 1;
  for (int end = last; first < end;) {
    trap_wanted = (first + end) / 2;
    attach_and_step(depth);
    if (mapped_at_trap > mapped_at_first)
      end = trap_wanted;
    else
      first = trap_wanted + 1;
  }
  ck_assert_int_lt(first, last);
  first = first > few_instructions ? first - few_instructions : 1;
  calls_in_traps = 0;
  for (trap_wanted = first;
       trap_wanted <= last && trap_wanted < first + 8 * few_instructions;
       trap_wanted++) {
    attach_and_step(depth);
    ck_assert_msg(mapped() == before, "%ld pages lost at instruction %d of %d",
                  mapped() - before, trap_wanted, last);
  }
  ck_assert_uint_eq(calls_in_traps, (uintptr_t)(trap_wanted - first));
}

TEST(no_page_is_lost_to_a_handler_that_takes_the_first_one) {
  expect_no_page_lost(1);
}

TEST(no_page_is_lost_to_a_handler_that_takes_another_one) {
  /* Not the second: before that all calls are looked at, by many instructions. */
  expect_no_page_lost(3);
}

/* ---- calls that end by a jump, from any depth ---- */

static unsigned seed;

static int any_depth(void) {
  seed = seed * 1103515245 + 12345;
  return (int)((seed >> 16) % 97);
}

static sigjmp_buf back;

static uintptr_t jump_back(void *arg) {
  (void)arg;
  siglongjmp(back, 1);
}

static uintptr_t task_with_a_frame(void *arg) {
  volatile char frame[700];
  frame[0] = 1;
  return libcgo_call_on_system(thread, jump_back, arg) + (uintptr_t)frame[0];
}

static struct libcgo_stack narrow;

/* Writes all of its frame: what of a stack nobody writes may show a call that is over. */
static NOINLINE void call_from_depth(int depth) {
  volatile char frame[64];
  for (size_t i = 0; i < sizeof frame; i++)
    frame[i] = (char)i;
  if (depth > 0) {
    call_from_depth(depth - 1);
    frame[0] = frame[0] + 1;
  } else {
    libcgo_call_on_stack(thread, &narrow, task_with_a_frame, NULL);
  }
}

enum { jumps = 2000 };

/* The address sanitizer forgets the frames that a jump has left, but not where it does not
   know the stack. */
#if UNDER_ASAN
void __asan_unpoison_memory_region(const volatile void *lo, size_t bytes);
#define FORGET(lo, bytes) __asan_unpoison_memory_region(lo, bytes)
#else
#define FORGET(lo, bytes) ((void)(lo))
#endif
#define FORGET_FRAMES_BELOW()                                                  \
  FORGET((char *)__builtin_frame_address(0) - 64 * 1024, 64 * 1024)

static void jump_often(void) {
  for (volatile int i = 0; i < jumps; i = i + 1)
    if (sigsetjmp(back, 1) == 0)
      call_from_depth(any_depth());
    else
      FORGET_FRAMES_BELOW();
}

static void begin_jumps(void) {
  begin();
  narrow = new_stack(UNDER_ASAN ? 4 * 16384 : 16384);
  seed = 1;
}

TEST(jumps_out_of_calls_are_noticed) {
  begin_jumps();
  jump_often();
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(jumps_out_of_calls_are_noticed_on_a_coroutine) {
  NEEDS_SWAPCONTEXT;
  begin_jumps();
  run_in_fiber_on(map_stack(large_bytes), large_bytes, jump_often);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

static void call_from_any_depth(int signal) {
  (void)signal;
  call_from_depth(any_depth());
}

TEST(jumps_out_of_calls_are_noticed_in_a_handler_on_a_signal_stack) {
  begin_jumps();
  libcgo_call_on_stack(thread, &narrow, nothing, NULL);
  char *const signal_stack = map_stack(small_bytes);
  handle_on(signal_stack, small_bytes, call_from_any_depth);
  for (volatile int i = 0; i < jumps; i = i + 1)
    if (sigsetjmp(back, 1) == 0)
      raise(SIGUSR1);
    else
      FORGET(signal_stack, small_bytes);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(jumps_out_of_calls_are_noticed_where_the_own_bounds_were_not_to_be_had) {
  begin_jumps();
  /* What the record says then. */
  thread->stack_lo = thread->stack_hi = 0;
  struct rlimit files, none;
  getrlimit(RLIMIT_NOFILE, &files);
  none = files;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  if (sigsetjmp(back, 1) == 0)
    call_from_depth(98);
  FORGET_FRAMES_BELOW();
  setrlimit(RLIMIT_NOFILE, &files);
  jump_often();
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(jumps_out_of_calls_are_noticed_below_the_bound_that_is_known) {
  begin_jumps();
  struct libcgo_bounds own;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &own), 0);
  /* As when the limit was raised later. */
  thread->stack_lo = (here() & ~(uintptr_t)4095) - 2048;
  jump_often();
  thread->stack_lo = own.lo;
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* ---- calls of which nothing that they wrote shows that they are over ---- */

/* From so many bytes below, which nobody writes: what later calls from above write does not
   reach what this one has written. */
static NOINLINE void call_from_below(size_t bytes) {
  volatile char *const unwritten = (volatile char *)__builtin_alloca(bytes);
  unwritten[0] = 0;
  libcgo_call_on_stack(thread, &narrow, task_with_a_frame, NULL);
  unwritten[0] = 1;
}

enum {
  calls_from_below = 30,
  within_room = LIBCGO_C_ROOM - 1024,
  beyond_room = 3 * LIBCGO_C_ROOM
};

static void forget_frames_below(void) {
  const size_t bytes = (calls_from_below + 1) * beyond_room;
  FORGET((char *)__builtin_frame_address(0) - bytes, bytes);
}

static void call_from_higher_and_higher(size_t step) {
  for (volatile size_t i = calls_from_below; i > 0; i = i - 1)
    if (sigsetjmp(back, 1) == 0)
      call_from_below(i * step);
    else
      forget_frames_below();
}

static void call_within_room(void) { call_from_higher_and_higher(within_room); }

TEST(c_is_above_what_it_has_left_in_its_room) {
  NEEDS_SWAPCONTEXT;
  begin_jumps();
  run_in_fiber_on(map_stack(large_bytes), large_bytes, call_within_room);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(c_on_the_own_stack_gives_up_what_is_far_below) {
  begin_jumps();
  call_from_higher_and_higher(beyond_room);
}

static volatile size_t below_in_handler;

static void call_from_below_in_handler(int signal) {
  (void)signal;
  call_from_below(below_in_handler);
}

TEST(c_elsewhere_is_not_in_a_handler) {
  begin_jumps();
  libcgo_call_on_stack(thread, &narrow, nothing, NULL);
  char *const signal_stack = map_stack(large_bytes);
  handle_on(signal_stack, large_bytes, call_from_below_in_handler);
  for (below_in_handler = calls_from_below * beyond_room; below_in_handler > 0;
       below_in_handler -= beyond_room)
    if (sigsetjmp(back, 1) == 0) {
      raise(SIGUSR1);
      signal(SIGUSR1, SIG_IGN);
      SKIP("after a siglongjmp the signal does not come again (an emulator)");
    } else {
      FORGET(signal_stack, large_bytes);
      libcgo_call_on_stack(thread, &narrow, nothing, NULL);
    }
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

static uintptr_t leave_stacks_from_higher_and_higher(void *arg) {
  for (volatile size_t i = calls_from_below; i > 0; i = i - 1)
    if (sigsetjmp(back, 1) == 0) {
      call_from_below(i * within_room);
    } else {
      forget_frames_below();
      libcgo_call_on_system(thread, nothing, arg);
    }
  return (uintptr_t)arg;
}

TEST(the_runtime_is_above_what_it_has_left_on_its_stack) {
  begin_jumps();
  const struct libcgo_stack large = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &large, leave_stacks_from_higher_and_higher, NULL);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

/* ---- bounds ---- */

static int frame_is_within;

static NOINLINE void ask_from_deeper(const volatile char *outer) {
  volatile char mine[1000];
  for (size_t i = 0; i < sizeof mine; i++) /* over what has been there */
    mine[i] = 0;
  struct libcgo_bounds bounds;
  if (libcgo_stack_bounds(thread, &bounds) == 0)
    frame_is_within = bounds.kind == LIBCGO_STACK_SMALL &&
                      is_on((uintptr_t)outer, bounds.lo, bounds.hi) &&
                      is_on((uintptr_t)mine, bounds.lo, bounds.hi);
}

static uintptr_t jump_on_the_same_stack(void *arg) {
  volatile char local[100];
  local[0] = 0;
  if (setjmp(inside) == 0)
    libcgo_call_on_stack(thread, &stacks[0], jump_inside, arg);
  ask_from_deeper(local);
  return local[0] == 0;
}

TEST(bounds_contain_the_frame_that_asks_after_a_jump_on_its_stack) {
  if (!return_address_is_pushed)
    SKIP("this CPU does not push return addresses: the memory of the frame may be as it was");
  begin();
  libcgo_call_on_stack(thread, &stacks[0], jump_on_the_same_stack, NULL);
  ck_assert(frame_is_within);
}

static uintptr_t call_and_jump(void *arg) {
  return libcgo_call_on_stack(thread, &stacks[0], jump_inside, arg);
}

static const volatile char *outer_frame;
static uintptr_t ask_within(void) {
  ask_from_deeper(outer_frame);
  return 0;
}

static uintptr_t jump_out_of_c(void *arg) {
  volatile char local[100];
  local[0] = 0;
  if (setjmp(inside) == 0)
    libcgo_call_on_system(thread, call_and_jump, arg);
  outer_frame = local;
  skip_some_words(NULL, ask_within, arg);
  return local[0] == 0;
}

TEST(bounds_contain_the_frame_that_asks_after_a_jump_out_of_c) {
  if (!return_address_is_pushed)
    SKIP("this CPU does not push return addresses: the memory of the frame may be as it was");
  begin();
  libcgo_call_on_stack(thread, &stacks[0], jump_out_of_c, NULL);
  ck_assert(frame_is_within);
}

static struct libcgo_bounds bounds_seen;

static uintptr_t see_bounds(void *arg) {
  libcgo_stack_bounds(thread, &bounds_seen);
  return (uintptr_t)arg;
}

TEST(a_small_stack_within_the_own_stack_is_one) {
  char array[small_bytes];
  begin();
  struct libcgo_bounds own;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &own), 0);
  const struct libcgo_stack local =
      LIBCGO_STACK_INIT(array, array + sizeof array);
  libcgo_call_on_stack(thread, &local, see_bounds, NULL);
  ck_assert_int_eq(bounds_seen.kind, LIBCGO_STACK_SMALL);
  ck_assert_uint_eq(bounds_seen.lo, local.lo);
  ck_assert_uint_eq(bounds_seen.hi, local.hi & ~(uintptr_t)15);
  struct libcgo_bounds after;
  ck_assert_int_eq(libcgo_stack_bounds(thread, &after), 0);
  ck_assert_int_eq(after.kind, LIBCGO_STACK_SYSTEM);
}

/* ---- libcgo_stack_left ---- */

static void wait_in_a_call(void) {
  libcgo_call_on_stack(thread, &stacks[0], let_main_go_on, NULL);
}

static uintptr_t leave_own_stack(void *arg) {
  *(int *)arg = libcgo_stack_left(thread, &stacks[0]);
  return 0;
}

TEST(stack_left_says_that_a_call_is_over) {
  NEEDS_SWAPCONTEXT;
  begin();
  run_in_fiber_on(map_stack(small_bytes), small_bytes, wait_in_a_call);
  ck_assert_uint_ne(thread->top, 0);
  ck_assert_int_eq(libcgo_stack_left(thread, &stacks[1]), 0);
  ck_assert_uint_ne(thread->top, 0);
  ck_assert_int_eq(libcgo_stack_left(thread, &stacks[0]), 0);
  ck_assert_uint_eq(thread->top, 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
}

TEST(stack_left_refuses_what_is_wrong) {
  int err = 0;
  begin();
  libcgo_call_on_stack(thread, &stacks[0], leave_own_stack, &err);
  ck_assert_int_eq(err, EBUSY);
  struct libcgo_stack later = stacks[0], empty = stacks[0];
  later.version++;
  empty.hi = empty.lo;
  errno = 77;
  ck_assert_int_eq(libcgo_stack_left(NULL, &stacks[0]), EINVAL);
  ck_assert_int_eq(libcgo_stack_left(thread, NULL), EINVAL);
  ck_assert_int_eq(libcgo_stack_left(thread, &empty), EINVAL);
  ck_assert_int_eq(libcgo_stack_left(thread, &later), ENOTSUP);
  ck_assert_int_eq(errno, 77);
}

int main(void) {
  suite_begin("calls");
  ADD_TEST(c_overwrites_no_frame_after_two_jumps_at_two_depths);
  ADD_TEST(a_call_from_a_small_stack_onto_the_same_keeps_its_own_frame);
  ADD_TEST(a_call_is_not_over_because_the_one_in_which_it_seemed_to_begin_is);
  ADD_TEST(
      a_call_overwrites_no_frame_of_older_code_that_is_as_deep_as_one_that_was_left);
  ADD_TEST(a_call_overwrites_no_frame_of_older_code_that_has_gone_farther_down);
  ADD_TEST(
      a_call_overwrites_no_frame_of_older_code_below_one_that_another_stack_s_c_left);
  ADD_TEST(c_overwrites_no_frame_after_a_jump_and_a_switch_to_the_stack_it_left);
  ADD_TEST(c_runs_on_the_system_stack_after_a_jump_out_of_a_handler);
  ADD_TEST(a_handler_on_a_signal_stack_within_the_own_stack_overwrites_no_frame);
  ADD_TEST(a_coroutine_within_the_own_stack_overwrites_no_frame);
  ADD_TEST(a_coroutine_overwrites_no_frame_of_the_handler_that_resumes_it);
  ADD_TEST(coroutines_whose_calls_ended_by_a_jump_are_forgotten);
  ADD_TEST(calls_of_coroutines_return_in_any_order);
  ADD_TEST(c_goes_on_where_it_did_after_calls_were_left_and_tasks_told_of_late);
  ADD_TEST(no_page_is_lost_to_a_handler_that_takes_the_first_one);
  ADD_TEST(no_page_is_lost_to_a_handler_that_takes_another_one);
  ADD_TEST(jumps_out_of_calls_are_noticed);
  ADD_TEST(jumps_out_of_calls_are_noticed_on_a_coroutine);
  ADD_TEST(jumps_out_of_calls_are_noticed_in_a_handler_on_a_signal_stack);
  ADD_TEST(jumps_out_of_calls_are_noticed_where_the_own_bounds_were_not_to_be_had);
  ADD_TEST(jumps_out_of_calls_are_noticed_below_the_bound_that_is_known);
  ADD_TEST(c_is_above_what_it_has_left_in_its_room);
  ADD_TEST(c_on_the_own_stack_gives_up_what_is_far_below);
  ADD_TEST(c_elsewhere_is_not_in_a_handler);
  ADD_TEST(the_runtime_is_above_what_it_has_left_on_its_stack);
  ADD_TEST(bounds_contain_the_frame_that_asks_after_a_jump_on_its_stack);
  ADD_TEST(bounds_contain_the_frame_that_asks_after_a_jump_out_of_c);
  ADD_TEST(a_small_stack_within_the_own_stack_is_one);
  ADD_TEST(stack_left_says_that_a_call_is_over);
  ADD_TEST(stack_left_refuses_what_is_wrong);
  return suite_run();
}
