/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is done more than once per thread costs no system call, no lock and no
 * allocation. Each instruction of such a path is looked at before it runs: it
 * stands in the library or in this program, so that nothing of the C library
 * is called, and it is no system call and no locked access to memory.
 */
#include "support/harness.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ports/arch/arch.h"
#include "ports/arch/cpu.h"

enum {
  stack_bytes = 256 * 1024,
  few = 3,
  thousand = 1000,
  many = 10 * thousand
};

/* ---- looking at instructions ---- */

/* Where the program's code and the library's is. */
static struct { uintptr_t lo, hi; } ours[8];
static int ours_count;

static int note_code(struct dl_phdr_info *info, size_t size, void *unused) {
  static int objects;
  (void)size;
  (void)unused;
  if (objects++ != 0 && strstr(info->dlpi_name, "libcgo") == NULL)
    return 0;
  for (int i = 0; i < info->dlpi_phnum && ours_count < 8; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type != PT_LOAD || (p->p_flags & PF_X) == 0)
      continue;
    ours[ours_count].lo = info->dlpi_addr + p->p_vaddr;
    ours[ours_count++].hi = info->dlpi_addr + p->p_vaddr + p->p_memsz;
  }
  return 0;
}

static int is_ours(uintptr_t address) {
  for (int i = 0; i < ours_count; i++)
    if (address >= ours[i].lo && address < ours[i].hi)
      return 1;
  return 0;
}

#if defined(__x86_64__) || defined(__i386__)

static void no_more_steps(handler_context *context) {
  enum { trap_flag = 0x100 };
  context->uc_mcontext.gregs[REG_EFL] &= ~trap_flag;
}

static void enter_kernel(void) {
#if defined(__x86_64__)
  long result = 39; /* getpid */
  __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
#else
  long result = 20;
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
#endif
}

/* What is wrong with the instruction at ip, or NULL. */
static const char *fault_of(const unsigned char *ip) {
  for (;; ip++)
    switch (*ip) {
    case 0xf0:
      return "a locked instruction";
      /* clang-format off */
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
    case 0x66: case 0x67: case 0xf2: case 0xf3:
      /* clang-format on */
      continue; /* other prefixes */
    case 0x86:
    case 0x87: /* xchg: locked with memory */
      return ip[1] >> 6 != 3 ? "a locked exchange" : NULL;
    case 0xcd: /* int */
      return "a system call";
    case 0x0f: /* syscall, sysenter */
      return ip[1] == 0x05 || ip[1] == 0x34 ? "a system call" : NULL;
    default:
#if defined(__x86_64__)
      if (*ip >= 0x40 && *ip <= 0x4f)
        continue; /* REX */
#endif
      return NULL;
    }
}

#else

/* A program cannot step itself here: start_stepping does nothing, and no
   instruction is looked at. */
static void no_more_steps(handler_context *context) { (void)context; }
static void enter_kernel(void) {}
static const char *fault_of(const unsigned char *ip) {
  (void)ip;
  return "an instruction of a CPU that is not known here";
}

#endif

static long steps;
static const char *fault;
static uintptr_t fault_at;

static void look(int sig, siginfo_t *info, void *context) {
  handler_context *c = context;
  const uintptr_t ip = (uintptr_t)c->context_pc;
  (void)sig;
  (void)info;
  steps++;
  fault = is_ours(ip) ? fault_of((const unsigned char *)ip)
                      : "a call of another object";
  if (fault == NULL)
    return;
  fault_at = ip;
  no_more_steps(c);
}

static int stepping_is_possible(void) { return !UNDER_ASAN && !UNDER_TSAN; }

/* The handler has a stack of its own: the paths run on small ones. */
static void prepare_to_look(void) {
  struct sigaction action;
  stack_t stack;
  if (ours_count == 0)
    dl_iterate_phdr(note_code, NULL);
  memset(&stack, 0, sizeof stack);
  stack.ss_size = stack_bytes;
  stack.ss_sp = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  sigaltstack(&stack, NULL);
  memset(&action, 0, sizeof action);
  action.sa_sigaction = look;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGTRAP, &action, NULL);
}

/* Runs a path: a few times as it is, which is what a first time costs, and then
   `times` times under observation. */
static void look_at(void (*path)(void), int times) {
  for (int i = 0; i < few; i++)
    path();
  steps = 0;
  fault = NULL;
  start_stepping();
  for (int i = 0; i < times; i++)
    path();
  stop_stepping();
}

/* Ends a test. */
#define EXPECT_NOTHING_FOUND                                                   \
  do {                                                                         \
    if (!stepping_is_possible())                                               \
      SKIP("a sanitizer calls its run time");                                  \
    if (steps == 0)                                                            \
      SKIP("no single steps here (an emulator)");                              \
    ck_assert_int_gt(calls, 0);                                                \
    ck_assert_msg(fault == NULL, "%s at %#lx, after %ld instructions", fault,  \
                  (unsigned long)fault_at, steps);                             \
  } while (0)

/* ---- a runtime ---- */

static _Thread_local struct libcgo_thread *self;
static struct libcgo_thread record = LIBCGO_THREAD_INIT;
static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}
static void enter(struct libcgo_thread *thread) { self = thread; }
static void leave(struct libcgo_thread *thread) {
  (void)thread;
  self = NULL;
}
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  return &record;
}
static void release(struct libcgo_thread *thread) { (void)thread; }

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
static struct libcgo_stack stack = LIBCGO_STACK_INIT(0, 0);

static int calls; /* of what a path calls, or what it returned */

static void begin(void) {
  char *memory = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert(memory != MAP_FAILED);
  stack.lo = (uintptr_t)memory;
  stack.hi = (uintptr_t)memory + stack_bytes;
  ck_assert_int_eq(libcgo_init_begin(&runtime.init), 0);
  ck_assert_int_eq(libcgo_init_done(&runtime.init), 0);
}

/* On an attached thread; what is observed is on the system stack. */
static void observe(void (*path)(void), int times) {
  begin();
  if (!stepping_is_possible())
    return;
  ck_assert_int_eq(libcgo_attach(&runtime, NULL), 0);
  prepare_to_look();
  look_at(path, times);
}

/* The same on a small stack. */
struct observation {
  void (*path)(void);
  int times;
};

static uintptr_t look_from_small(void *arg) {
  const struct observation *o = arg;
  look_at(o->path, o->times);
  return 0;
}

static void observe_on_small(void (*path)(void), int times) {
  struct observation o = {path, times};
  begin();
  if (!stepping_is_possible())
    return;
  ck_assert_int_eq(libcgo_attach(&runtime, NULL), 0);
  prepare_to_look();
  libcgo_call_on_stack(self, &stack, look_from_small, &o);
}

/* ---- the paths ---- */

static void count_callback(struct libcgo_thread *thread, void *arg) {
  calls += thread == self && arg == &calls;
}

static void callback(void) {
  libcgo_callback(&runtime, count_callback, &calls);
}

static void look_at_callback(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  prepare_to_look();
  look_at(callback, few);
  __atomic_store_n((int *)arg, 1, __ATOMIC_RELEASE);
}

TEST(a_callback_on_a_started_thread_makes_no_call_and_takes_no_lock) {
  int done = 0;
  begin();
  if (stepping_is_possible()) {
    ck_assert_int_eq(libcgo_thread_create(&runtime, &record, NULL,
                                          look_at_callback, &done, NULL),
                     0);
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
      sched_yield();
  }
  EXPECT_NOTHING_FOUND;
}

TEST(a_callback_on_an_attached_thread_makes_no_call_and_takes_no_lock) {
  observe(callback, few);
  EXPECT_NOTHING_FOUND;
}

static void attach_again(void) {
  calls += libcgo_attach(&runtime, NULL) == EALREADY;
}

TEST(another_attach_makes_no_call_and_takes_no_lock) {
  observe(attach_again, few);
  EXPECT_NOTHING_FOUND;
}

static uintptr_t count_call(void *arg) {
  calls += arg == &calls;
  return 0;
}

static void call_on_system(void) {
  libcgo_call_on_system(self, count_call, &calls);
}

TEST(a_call_on_the_system_stack_makes_no_call_and_takes_no_lock) {
  observe_on_small(call_on_system, few);
  EXPECT_NOTHING_FOUND;
}

TEST(a_call_on_the_system_stack_from_itself_makes_no_call_and_takes_no_lock) {
  observe(call_on_system, few);
  EXPECT_NOTHING_FOUND;
}

static void call_on_stack(void) {
  libcgo_call_on_stack(self, &stack, count_call, &calls);
}

TEST(a_call_on_a_small_stack_makes_no_call_and_takes_no_lock) {
  observe(call_on_stack, few);
  EXPECT_NOTHING_FOUND;
}

/* Both directions in turn, deeper than one page of nested calls. */
enum { deep = 200 };
static int depth;

static uintptr_t deeper(void *arg);

static uintptr_t call_back(void *arg) {
  libcgo_call_on_stack(self, &stack, deeper, arg);
  return 0;
}

static uintptr_t deeper(void *arg) {
  if (++depth < deep)
    libcgo_call_on_system(self, call_back, arg);
  else
    calls++;
  return 0;
}

static void nest(void) {
  depth = 0;
  libcgo_call_on_stack(self, &stack, deeper, NULL);
}

TEST(calls_nested_as_deep_as_before_make_no_call_and_take_no_lock) {
  observe(nest, 1);
  EXPECT_NOTHING_FOUND;
}

/* ---- at any depth ---- */

static struct libcgo_stack tall = LIBCGO_STACK_INIT(0, 0);
static int depth_wanted;
static void (*path_at_depth)(void);

static uintptr_t go_up(void *arg);

static uintptr_t go_down(void *arg) {
  depth++;
  libcgo_call_on_system(self, go_up, arg);
  return 0;
}

static uintptr_t go_up(void *arg) {
  if (depth == depth_wanted)
    look_at(path_at_depth, 1);
  else
    libcgo_call_on_stack(self, &tall, go_down, arg);
  return 0;
}

/* The innermost calls are on `tall`, the first one on `stack`. */
static uintptr_t go_up_first(void *arg) {
  libcgo_call_on_system(self, go_up, arg);
  return 0;
}

static long steps_at(int levels) {
  depth = 0;
  depth_wanted = levels;
  libcgo_call_on_stack(self, &stack, go_up_first, NULL);
  return steps;
}

static void call_on_tall(void) {
  libcgo_call_on_stack(self, &tall, count_call, &calls);
}

/* A search among the calls takes as many steps more as their number has bits. */
enum { shallow = 20, far_down = 5000, steps_of_a_bit = 200, more_bits = 8 };

#define EXPECT_THE_SAME_PRICE(path, more)                                      \
  do {                                                                         \
    long few_ = 0, many_ = 0;                                                  \
    const size_t bytes_ = (size_t)far_down * 4 * 1024;                         \
    begin();                                                                   \
    if (stepping_is_possible()) {                                              \
      char *const memory_ = mmap(NULL, bytes_, PROT_READ | PROT_WRITE,         \
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);          \
      ck_assert(memory_ != MAP_FAILED);                                        \
      tall.lo = (uintptr_t)memory_;                                            \
      tall.hi = tall.lo + bytes_;                                              \
      ck_assert_int_eq(libcgo_attach(&runtime, NULL), 0);                      \
      prepare_to_look();                                                       \
      path_at_depth = (path);                                                  \
      few_ = steps_at(shallow);                                                \
      many_ = steps_at(far_down);                                              \
    }                                                                          \
    EXPECT_NOTHING_FOUND;                                                      \
    ck_assert_int_le(many_, few_ + (more));                                    \
  } while (0)

TEST(a_call_on_the_stack_that_called_costs_the_same_at_any_depth) {
  EXPECT_THE_SAME_PRICE(call_on_tall, 0);
}

TEST(a_call_on_an_older_stack_costs_about_the_same_at_any_depth) {
  EXPECT_THE_SAME_PRICE(call_on_stack, more_bits * steps_of_a_bit);
}

static int kind_expected;

static void ask_for_bounds(void) {
  struct libcgo_bounds bounds;
  calls +=
      libcgo_stack_bounds(self, &bounds) == 0 && bounds.kind == kind_expected;
}

TEST(bounds_of_the_system_stack_make_no_call_and_take_no_lock) {
  kind_expected = LIBCGO_STACK_SYSTEM;
  observe(ask_for_bounds, few);
  EXPECT_NOTHING_FOUND;
  ck_assert_int_eq(calls, 2 * few);
}

TEST(bounds_of_a_small_stack_make_no_call_and_take_no_lock) {
  kind_expected = LIBCGO_STACK_SMALL;
  observe_on_small(ask_for_bounds, few);
  EXPECT_NOTHING_FOUND;
  ck_assert_int_eq(calls, 2 * few);
}

static ucontext_t back, fiber;

/* Looks at each thousandth: single steps take their time. */
static void look_on_fiber(void) {
  for (int i = 0; i < many / thousand && fault == NULL; i++) {
    for (int j = few + 1; j < thousand; j++)
      ask_for_bounds();
    look_at(ask_for_bounds, 1);
  }
}

/* Between guard pages: a mapping of its own, apart from the signal stack's. */
static void go_to_fiber(void) {
  const size_t guard = 65536;
  char *memory = mmap(NULL, stack_bytes + 2 * guard, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert(memory != MAP_FAILED);
  memory += guard;
  ck_assert_int_eq(mprotect(memory, stack_bytes, PROT_READ | PROT_WRITE), 0);
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = memory;
  fiber.uc_stack.ss_size = stack_bytes;
  fiber.uc_link = &back;
  makecontext(&fiber, look_on_fiber, 0);
  swapcontext(&back, &fiber);
}

/* C code has switched stacks: 10,000 callbacks of one fiber ask once. */
TEST(bounds_of_a_fiber_asked_again_make_no_call_and_take_no_lock) {
  kind_expected = LIBCGO_STACK_OTHER;
  begin();
  if (stepping_is_possible()) {
    ck_assert_int_eq(libcgo_attach(&runtime, NULL), 0);
    prepare_to_look();
    go_to_fiber();
  }
  EXPECT_NOTHING_FOUND;
  ck_assert_int_eq(calls, many);
}

static void tell_of_switch(void) {
  calls += libcgo_stack_switched(self, &stack) == 0;
}

TEST(telling_of_a_switch_makes_no_call_and_takes_no_lock) {
  observe_on_small(tell_of_switch, few);
  EXPECT_NOTHING_FOUND;
  ck_assert_int_eq(calls, 2 * few);
}

static uintptr_t count_word(void *arg, uintptr_t word) {
  calls += arg == &calls && word == 7;
  return 0;
}

static void cross(void) { libcgo_crosscall(count_word, &calls, 7); }

TEST(a_crossing_makes_no_call_and_takes_no_lock) {
  observe(cross, few);
  EXPECT_NOTHING_FOUND;
}

static void count_size(void *arg, int32_t size) {
  calls += arg == &calls && size == 7;
}

static void cross_classic(void) { crosscall2(count_size, &calls, 7); }

TEST(a_classic_crossing_makes_no_call_and_takes_no_lock) {
  observe(cross_classic, few);
  EXPECT_NOTHING_FOUND;
}

static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
static uintptr_t handle;

static void look_up(void) {
  calls += libcgo_handle_get(&table, handle) == &calls;
}

TEST(a_lookup_makes_no_call_and_takes_no_lock) {
  ck_assert_int_eq(libcgo_handle_new(&table, &calls, &handle), 0);
  observe(look_up, few);
  EXPECT_NOTHING_FOUND;
}

static void wait_for_start(void) {
  calls += libcgo_init_wait(&runtime.init) == 0;
}

TEST(waiting_for_a_runtime_that_is_ready_makes_no_call_and_takes_no_lock) {
  observe(wait_for_start, few);
  EXPECT_NOTHING_FOUND;
}

/* ---- the observer itself ---- */

static void allocate(void) {
  void *volatile memory = malloc(1); /* not to be optimised away */
  free(memory);
}

static void lock(void) { __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED); }

static void exchange(void) {
  static volatile int before; /* whose value is wanted */
  before = __atomic_exchange_n(&calls, before, __ATOMIC_SEQ_CST);
}

TEST(the_observer_sees_calls_and_locks) {
  static const struct {
    void (*path)(void);
    const char *fault;
  } seen[] = {{allocate, "a call of another object"},
              {lock, "a locked instruction"},
              {exchange, "a locked exchange"},
              {enter_kernel, "a system call"}};
  if (!stepping_is_possible())
    SKIP("a sanitizer calls its run time");
  prepare_to_look();
  for (int i = 0; i < 4; i++) {
    look_at(seen[i].path, 1);
    if (steps == 0)
      SKIP("no single steps here (an emulator)");
    ck_assert_msg(fault != NULL && strcmp(fault, seen[i].fault) == 0,
                  "%s instead of %s", fault, seen[i].fault);
  }
}

int main(void) {
  suite_begin("hot-paths");
  ADD_TEST(the_observer_sees_calls_and_locks);
  ADD_TEST(a_callback_on_a_started_thread_makes_no_call_and_takes_no_lock);
  ADD_TEST(a_callback_on_an_attached_thread_makes_no_call_and_takes_no_lock);
  ADD_TEST(another_attach_makes_no_call_and_takes_no_lock);
  ADD_TEST(a_call_on_the_system_stack_makes_no_call_and_takes_no_lock);
  ADD_TEST(a_call_on_the_system_stack_from_itself_makes_no_call_and_takes_no_lock);
  ADD_TEST(a_call_on_a_small_stack_makes_no_call_and_takes_no_lock);
  ADD_TEST(calls_nested_as_deep_as_before_make_no_call_and_take_no_lock);
  ADD_TEST(a_call_on_the_stack_that_called_costs_the_same_at_any_depth);
  ADD_TEST(a_call_on_an_older_stack_costs_about_the_same_at_any_depth);
  ADD_TEST(bounds_of_the_system_stack_make_no_call_and_take_no_lock);
  ADD_TEST(bounds_of_a_small_stack_make_no_call_and_take_no_lock);
  ADD_TEST(bounds_of_a_fiber_asked_again_make_no_call_and_take_no_lock);
  ADD_TEST(telling_of_a_switch_makes_no_call_and_takes_no_lock);
  ADD_TEST(a_crossing_makes_no_call_and_takes_no_lock);
  ADD_TEST(a_classic_crossing_makes_no_call_and_takes_no_lock);
  ADD_TEST(a_lookup_makes_no_call_and_takes_no_lock);
  ADD_TEST(waiting_for_a_runtime_that_is_ready_makes_no_call_and_takes_no_lock);
  return suite_run();
}
