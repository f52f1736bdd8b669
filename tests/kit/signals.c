/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals, signal stacks, hooks and cancellation, as everybody in the process needs
 * them. This program stands between the library and two functions of pthreads.
 */
#include "support/kit.h"
#include "support/real-create.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined __riscv || defined __loongarch__
#include <sys/syscall.h>
#endif
#include <unistd.h>

/* ---- what this program puts between ---- */

struct wrapped {
  void *(*fn)(void *);
  void *arg;
};

static atomic_int wrap_threads;
static _Thread_local char given_stack[1 << 16];

static void *with_signal_stack(void *p) {
  const struct wrapped own = *(struct wrapped *)p;
  free(p);
  stack_t stack;
  memset(&stack, 0, sizeof stack);
  stack.ss_sp = given_stack;
  stack.ss_size = sizeof given_stack;
  sigaltstack(&stack, NULL);
  return own.fn(own.arg);
}

NOT_INSTRUMENTED int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                                    void *(*fn)(void *), void *arg) {
  if (!atomic_load(&wrap_threads))
    return real_create(thread, attr, fn, arg);
  struct wrapped *own = malloc(sizeof *own);
  if (own == NULL)
    return EAGAIN;
  *own = (struct wrapped){fn, arg};
  return real_create(thread, attr, with_signal_stack, own);
}

/* A sanitizer's keys are older than this one. */
static pthread_key_t oldest_key;
NOT_INSTRUMENTED static int of_this_program(pthread_key_t key) {
  return (!UNDER_ASAN && !UNDER_TSAN) || key > oldest_key;
}
static _Thread_local int refuse_values;

NOT_INSTRUMENTED int pthread_setspecific(pthread_key_t key, const void *value) {
  static int (*real)(pthread_key_t, const void *);
  if (real == NULL)
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_setspecific");
  return refuse_values && of_this_program(key) ? ENOMEM : real(key, value);
}

/* ---- what the tests share ---- */

static void begin(void) {
  kit_begin();
  pthread_key_create(&oldest_key, NULL);
  atomic_store(&wrap_threads, 0);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void assert_counts(int enters, int leaves, int acquires, int releases) {
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
  ck_assert_int_eq(kit_count(KIT_ENTER), enters);
  ck_assert_int_eq(kit_count(KIT_LEAVE), leaves);
  ck_assert_int_eq(kit_count(KIT_ACQUIRE), acquires);
  ck_assert_int_eq(kit_count(KIT_RELEASE), releases);
}

static void change_mask(int how, int sig) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, sig);
  pthread_sigmask(how, &set, NULL);
}

static int is_blocked(int sig) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  return sigismember(&mask, sig);
}

static atomic_int handled;

static void note_signal(int sig) {
  (void)sig;
  atomic_fetch_add(&handled, 1);
}

static void install(int sig, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(sig, &action, NULL);
}

/* Whether a signal that the calling thread sends itself is handled at once. */
static int arrives(int sig) {
  const int before = atomic_load(&handled);
  pthread_kill(pthread_self(), sig);
  return atomic_load(&handled) == before + 1;
}

/* A page that faults until the handler has opened it, as safepoints are. */
static char *page;
static size_t page_size;

static void open_page(int sig) {
  (void)sig;
  mprotect(page, page_size, PROT_READ | PROT_WRITE);
}

static void make_page(void) {
  page_size = (size_t)sysconf(_SC_PAGESIZE);
  page = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(page, MAP_FAILED);
  install(SIGSEGV, open_page, 0);
  install(SIGBUS, open_page, 0); /* as some systems call it */
}

static void touch_page(void) {
  mprotect(page, page_size, PROT_NONE);
  *(volatile char *)page = 1;
}

/* ---- at the end of a thread ---- */

static pthread_key_t other_key;
static atomic_int rounds, rounds_with_signal, rounds_with_own_mask;

/* The thread sanitizer gives up the thread before the last rounds, and can take no signal
   there. */
enum { usable_rounds = UNDER_TSAN ? 2 : 4 };

/* Another library's, in each round that there is. */
static void end_of_other(void *value) {
  if (atomic_load(&rounds) == usable_rounds)
    return;
  touch_page(); /* or the process dies here */
  atomic_fetch_add(&rounds, 1);
  atomic_fetch_add(&rounds_with_signal, arrives(SIGUSR1));
  atomic_fetch_add(&rounds_with_own_mask,
                   is_blocked(SIGUSR2) == 1 && is_blocked(SIGHUP) == 0);
  pthread_setspecific(other_key, value);
}

static void use_other(void) {
  change_mask(SIG_BLOCK, SIGUSR2);
  pthread_setspecific(other_key, &other_key);
}

static void use_other_and_return(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  use_other();
}

static void use_other_and_exit(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  use_other();
  pthread_exit(arg);
}

static void *call_back_and_use_other(void *unused) {
  libcgo_callback(&kit, use_other_and_return, NULL);
  return unused;
}

/* The runtime's key is the older one, and so comes first in each round. */
static void begin_other(void) {
  begin();
  make_page();
  install(SIGUSR1, note_signal, 0);
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_int_eq(pthread_key_create(&other_key, end_of_other), 0);
  atomic_store(&rounds, 0);
  atomic_store(&rounds_with_signal, 0);
  atomic_store(&rounds_with_own_mask, 0);
}

static void assert_other_had_signals(void) {
  if (!have_proc())
    SKIP("there is no /proc: it does not show when a thread has ended");
  wait_for_other_threads();
  pthread_key_delete(other_key);
  ck_assert_int_gt(atomic_load(&rounds), UNDER_TSAN ? 1 : 2);
  ck_assert_int_eq(atomic_load(&rounds_with_signal), atomic_load(&rounds));
  ck_assert_int_eq(atomic_load(&rounds_with_own_mask), atomic_load(&rounds));
}

TEST(other_destructors_of_a_foreign_thread_have_the_thread_s_mask) {
  WINDOWS_HAS("no signals");
  begin_other();
  kit_run_foreign(call_back_and_use_other, NULL);
  assert_other_had_signals();
  assert_counts(2, 2, 2, 2);
}

TEST(other_destructors_of_a_created_thread_have_the_thread_s_mask) {
  WINDOWS_HAS("no signals");
  begin_other();
  kit_run(NULL, use_other_and_return, NULL);
  assert_other_had_signals();
  assert_counts(2, 2, 1, 1);
}

TEST(other_destructors_after_pthread_exit_have_the_thread_s_mask) {
  WINDOWS_HAS("no signals");
  begin_other();
  kit_run(NULL, use_other_and_exit, NULL);
  assert_other_had_signals();
  assert_counts(2, 2, 1, 1);
}

static atomic_int late_calls;

static void touch_page_late(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  touch_page();
  atomic_fetch_add(&late_calls, arrives(SIGUSR1));
}

static void call_back_late(void *unused) {
  (void)unused;
  libcgo_callback(&kit, touch_page_late, NULL);
}

static void *call_back_now_and_late(void *key) {
  libcgo_callback(&kit, touch_page_late, NULL);
  pthread_setspecific(*(pthread_key_t *)key, key);
  return NULL;
}

TEST(a_callback_after_the_thread_has_left_takes_signals) {
  WINDOWS_HAS("no signals");
  begin();
  make_page();
  install(SIGUSR1, note_signal, 0);
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  pthread_key_t key;
  ck_assert_int_eq(pthread_key_create(&key, call_back_late), 0);
  atomic_store(&late_calls, 0);
  kit_run_foreign(call_back_now_and_late, &key);
  pthread_key_delete(key);
  ck_assert_int_eq(atomic_load(&late_calls), 2);
  assert_counts(3, 3, 3, 3);
}

/* ---- in hooks ---- */

static atomic_int in_hooks, in_hooks_wrong;

static void fault_in_hook(void) {
  touch_page();
  atomic_fetch_add(&in_hooks, 1);
}
static void fault_in_hook_of(struct libcgo_thread *thread) {
  (void)thread;
  fault_in_hook();
}

TEST(every_hook_takes_the_signals_that_its_code_raises) {
  WINDOWS_HAS("no signals");
  begin();
  make_page();
  kit_behaviour.in_acquire = kit_behaviour.in_release = fault_in_hook;
  kit_behaviour.in_enter = kit_behaviour.in_leave = fault_in_hook_of;
  atomic_store(&in_hooks, 0);
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  kit_run(NULL, kit_nothing, NULL);
  ck_assert_int_eq(atomic_load(&in_hooks), 6);
  assert_counts(2, 2, 1, 1);
}

static sigset_t always_open;

/* SIGUSR1 is open, SIGUSR2 is not. */
static void expect_usr1(void) {
  const int first = arrives(SIGUSR1);
  const int second = is_blocked(SIGUSR2);
  atomic_fetch_add(&in_hooks, 1);
  atomic_fetch_add(&in_hooks_wrong, !first || !second);
}
static void expect_usr1_of(struct libcgo_thread *thread) {
  (void)thread;
  expect_usr1();
}
static void expect_usr1_in_fn(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  if (!arrives(SIGUSR1))
    atomic_fetch_add(&in_hooks_wrong, 1);
}

static void begin_open(void) {
  begin();
  install(SIGUSR1, note_signal, 0);
  sigemptyset(&always_open);
  sigaddset(&always_open, SIGUSR1);
  kit.open_signals = &always_open;
  kit_behaviour.own_mask = 1;
  atomic_store(&in_hooks, 0);
  atomic_store(&in_hooks_wrong, 0);
}

TEST(open_signals_arrive_in_every_hook) {
  WINDOWS_HAS("no signals");
  begin_open();
  kit_behaviour.in_acquire = kit_behaviour.in_release = expect_usr1;
  kit_behaviour.in_enter = kit_behaviour.in_leave = expect_usr1_of;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_int_eq(atomic_load(&in_hooks), 4);
  ck_assert_int_eq(atomic_load(&in_hooks_wrong), 0);
}

TEST(open_signals_arrive_in_a_created_thread_whatever_its_creator_blocks) {
  WINDOWS_HAS("no signals");
  begin_open();
  kit_behaviour.in_enter = kit_behaviour.in_leave = expect_usr1_of;
  change_mask(SIG_BLOCK, SIGUSR1);
  kit_run(NULL, expect_usr1_in_fn, NULL);
  change_mask(SIG_UNBLOCK, SIGUSR1);
  ck_assert_int_eq(atomic_load(&in_hooks), 2);
  ck_assert_int_eq(atomic_load(&in_hooks_wrong), 0);
}

TEST(a_mask_that_was_asked_for_blocks_open_signals_too) {
  WINDOWS_HAS("no signals");
  begin_open();
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.signal_mask = &always_open;
  kit_run(&attr, expect_usr1_in_fn, NULL);
  ck_assert_int_eq(atomic_load(&in_hooks_wrong), 1);
}

static void open_usr2_block_usr1(struct libcgo_thread *thread) {
  (void)thread;
  change_mask(SIG_UNBLOCK, SIGUSR2);
  change_mask(SIG_BLOCK, SIGUSR1);
}

/* What fn has seen, and then what the thread has. */
static int usr1_in_fn, usr2_in_fn;

static void look_in_fn(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  usr1_in_fn = is_blocked(SIGUSR1);
  usr2_in_fn = is_blocked(SIGUSR2);
  change_mask(SIG_BLOCK, SIGTERM); /* the thread's own affair */
}

TEST(what_a_hook_opens_or_blocks_stays_so_until_release) {
  WINDOWS_HAS("no signals");
  begin_open();
  kit_behaviour.in_enter = open_usr2_block_usr1;
  change_mask(SIG_BLOCK, SIGUSR2);
  ck_assert_int_eq(libcgo_callback(&kit, look_in_fn, NULL), 0);
  ck_assert_int_eq(is_blocked(SIGUSR1), 1);
  ck_assert_int_eq(is_blocked(SIGUSR2), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_int_eq(usr1_in_fn, 1);
  ck_assert_int_eq(usr2_in_fn, 0);
  ck_assert_int_eq(is_blocked(SIGUSR1), 0);
  ck_assert_int_eq(is_blocked(SIGUSR2), 1);
  ck_assert_int_eq(is_blocked(SIGTERM), 1);
  ck_assert_int_eq(is_blocked(SIGHUP), 0);
}

TEST(what_a_hook_opens_or_blocks_stays_so_in_a_created_thread) {
  WINDOWS_HAS("no signals");
  begin_open();
  kit_behaviour.in_enter = open_usr2_block_usr1;
  change_mask(SIG_BLOCK, SIGUSR2);
  kit_run(NULL, look_in_fn, NULL);
  ck_assert_int_eq(usr1_in_fn, 1);
  ck_assert_int_eq(usr2_in_fn, 0);
}

/* As virtual machines do: one keeps the mask that it finds, sets its own, and sets the
   first one when the thread leaves. */
static sigset_t found_by_enter;

static void keep_mask(struct libcgo_thread *thread) {
  (void)thread;
  sigset_t own;
  sigemptyset(&own);
  pthread_sigmask(SIG_SETMASK, &own, &found_by_enter);
}
static void set_kept_mask(struct libcgo_thread *thread) {
  (void)thread;
  pthread_sigmask(SIG_SETMASK, &found_by_enter, NULL);
}

TEST(a_foreign_thread_has_its_own_mask_back_from_hooks_that_set_masks) {
  WINDOWS_HAS("no signals");
  begin();
  kit_behaviour.own_mask = 1;
  kit_behaviour.in_enter = keep_mask;
  kit_behaviour.in_leave = set_kept_mask;
  change_mask(SIG_BLOCK, SIGUSR2);
  ck_assert_int_eq(libcgo_callback(&kit, look_in_fn, NULL), 0);
  ck_assert_int_eq(usr2_in_fn, 0);
  change_mask(SIG_UNBLOCK, SIGTERM);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  for (int sig = 1; sig <= SIGTERM; sig++)
    ck_assert_msg(is_blocked(sig) == (sig == SIGUSR2), "signal %d", sig);
}

/* ---- leave runs the runtime's code ---- */

static atomic_int in_leave_wrong, deepest;
static struct libcgo_stack task_stack;

static uintptr_t call_deeper(void *thread);

static uintptr_t call_again(void *thread) {
  return libcgo_call_on_stack(thread, &task_stack, call_deeper, thread);
}

static _Thread_local int depth;

static uintptr_t call_deeper(void *thread) {
  if (++depth == 100) /* more than the record itself has room for */
    return 0;
  return libcgo_call_on_system(thread, call_again, thread);
}

static void go_deep(struct libcgo_thread *thread, void *wanted) {
  if (thread != wanted || thread != kit_current())
    atomic_fetch_add(&in_leave_wrong, 1);
  depth = 0;
  libcgo_call_on_stack(thread, &task_stack, call_deeper, thread);
  atomic_store(&deepest, depth);
}

static void run_code(struct libcgo_thread *thread) {
  struct libcgo_bounds bounds;
  int wrong = libcgo_callback(&kit, go_deep, thread) != 0;
  wrong += libcgo_detach(&kit) == 0;
  wrong += libcgo_attach(&kit, NULL) != EALREADY;
  wrong += libcgo_stack_bounds(thread, &bounds) != 0;
  atomic_fetch_add(&in_leave_wrong, wrong);
}

static void begin_leaving(void) {
  begin();
  ck_assert_int_eq(libcgo_stack_map(&task_stack, 256 * 1024), 0);
  kit_behaviour.first_in_leave = run_code;
  atomic_store(&in_leave_wrong, 0);
  atomic_store(&deepest, 0);
}

static void end_leaving(int threads) {
  libcgo_stack_unmap(&task_stack);
  ck_assert_int_eq(atomic_load(&in_leave_wrong), 0);
  ck_assert_int_eq(atomic_load(&deepest), 100);
  ck_assert_int_eq(kit_count(KIT_LEAVE), threads);
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

static void *call_nothing(void *unused) {
  libcgo_callback(&kit, kit_nothing, NULL);
  return unused;
}

TEST(leave_runs_the_runtime_s_code_on_a_foreign_thread) {
  begin_leaving();
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  kit_run_foreign(call_nothing, NULL);
  end_leaving(2);
}

TEST(leave_runs_the_runtime_s_code_and_frees_its_record) {
  begin_leaving();
  kit_behaviour.heap = 1;
  kit_run(NULL, kit_nothing, NULL);
  end_leaving(1);
}

TEST(calls_that_leave_makes_leave_no_memory) {
  if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
    SKIP("the tool's own memory would be measured");
  const char *emulator = getenv("TEST_EMU");
  if (emulator != NULL && emulator[0] != '\0')
    SKIP("an emulator's own memory would be measured");
  if (!have_proc())
    SKIP("there is no /proc");
  begin_leaving();
  kit_behaviour.heap = 1;
  for (int i = 0; i < 100; i++)
    kit_run(NULL, kit_nothing, NULL);
  wait_for_other_threads();
  const long long before = proc_status("VmRSS:");
  for (int i = 0; i < 500; i++)
    kit_run(NULL, kit_nothing, NULL);
  wait_for_other_threads();
  /* A page a thread would be 2,000. */
  ck_assert_int_lt(proc_status("VmRSS:") - before, 1000);
  end_leaving(600);
}

static size_t stack_in_leave;

static void look_for_signal_stack(struct libcgo_thread *thread) {
  (void)thread;
  stack_t stack;
  sigaltstack(NULL, &stack);
  stack_in_leave = (stack.ss_flags & SS_DISABLE) != 0 ? 0 : stack.ss_size;
}

/* Under ASan each thread has one of the sanitizer's: take it away. */
static void without_stack(void) {
  stack_t none;
  memset(&none, 0, sizeof none);
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, NULL);
}

TEST(leave_has_the_signal_stack_still) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = 1 << 16;
  kit_behaviour.in_leave = look_for_signal_stack;
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  stack_in_leave = 0;
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert_uint_ge(stack_in_leave, 1 << 16);
  stack_in_leave = 0;
  kit_run(NULL, kit_nothing, NULL);
  ck_assert_uint_ge(stack_in_leave, 1 << 16);
}

/* ---- cancellation ---- */

#define NEEDS_CANCELLATION WINDOWS_HAS("no cancellation")
#define NEEDS_UNWINDING                                                        \
  NEEDS_CANCELLATION;                                                          \
  if (UNDER_ASAN)                                                              \
  SKIP("the address sanitizer keeps the poison of frames that a cancelled "    \
       "thread has left")

/* A cancellation point, first and last in each hook. */
static atomic_int hooks_begun, hooks_done;
static int cancel_in; /* the hook, counted from 1, in which it comes */

static void be_cut_off(void) {
  if (atomic_fetch_add(&hooks_begun, 1) + 1 == cancel_in)
    pthread_cancel(pthread_self());
  pthread_testcancel();
  atomic_fetch_add(&hooks_done, 1);
}
static void be_cut_off_of(struct libcgo_thread *thread) {
  (void)thread;
  be_cut_off();
}

static void begin_cancelling(int hook) {
  begin();
  cancel_in = hook;
  atomic_store(&hooks_begun, 0);
  atomic_store(&hooks_done, 0);
  kit_behaviour.in_acquire = kit_behaviour.in_release = be_cut_off;
  kit_behaviour.in_enter = kit_behaviour.in_leave = be_cut_off_of;
}

static void cancel_self(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  pthread_cancel(pthread_self());
}

static void *call_back_and_cancel(void *unused) {
  libcgo_callback(&kit, cancel_self, NULL);
  return unused;
}

TEST(a_foreign_thread_that_returns_with_a_cancellation_pending_leaves) {
  NEEDS_CANCELLATION;
  begin_cancelling(0);
  kit_run_foreign(call_back_and_cancel, NULL);
  ck_assert_int_eq(atomic_load(&hooks_done), 4);
  assert_counts(1, 1, 1, 1);
}

TEST(a_created_thread_that_returns_with_a_cancellation_pending_leaves) {
  NEEDS_CANCELLATION;
  begin_cancelling(0);
  kit_run(NULL, cancel_self, NULL);
  ck_assert_int_eq(atomic_load(&hooks_done), 2);
  assert_counts(1, 1, 0, 0);
}

TEST(a_foreign_thread_s_hooks_are_not_cut_off_whenever_cancellation_comes) {
  NEEDS_CANCELLATION;
  for (int hook = 1; hook <= 4; hook++) {
    begin_cancelling(hook);
    kit_run_foreign(call_nothing, NULL);
    ck_assert_int_eq(atomic_load(&hooks_done), 4);
    assert_counts(1, 1, 1, 1);
  }
}

static atomic_int after_point;

static void reach_a_point(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  pthread_testcancel();
  atomic_fetch_add(&after_point, 1);
}

TEST(a_created_thread_s_hooks_are_not_cut_off_and_fn_is) {
  NEEDS_UNWINDING;
  atomic_store(&after_point, 0);
  for (int hook = 1; hook <= 2; hook++) {
    begin_cancelling(hook);
    kit_run(NULL, reach_a_point, NULL);
    ck_assert_int_eq(atomic_load(&hooks_done), 2);
    ck_assert_int_eq(atomic_load(&after_point), hook - 1);
    assert_counts(1, 1, 0, 0);
  }
}

static sem_t spinning;

static void spin(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  sem_post(&spinning);
  for (;;)
    __asm__ volatile("" ::: "memory");
}

/* What ends a thread in a signal handler unwinds past it: some emulators show the unwinder
   nothing that it knows. */
static void exit_here(int sig) {
  (void)sig;
  pthread_exit(NULL);
}
static void *end_in_handler(void *unused) {
  signal(SIGUSR1, exit_here);
  raise(SIGUSR1);
  return unused;
}
static void exit_in_a_handler(void *unused) {
  pthread_t thread;
  pthread_create(&thread, NULL, end_in_handler, unused);
  pthread_join(thread, NULL);
}
static int can_exit_in_a_handler(void) {
  char output[256];
  return run_to_death(exit_in_a_handler, NULL, output, sizeof output) == 0;
}
#define NEEDS_UNWINDING_OUT_OF_HANDLERS                                        \
  if (!can_exit_in_a_handler())                                                \
  SKIP("no thread can end in a signal handler here, nor without the library")

/* Whether an empty mask of a handler arrives. Where the kernel's record has no sa_restorer, QEMU
   7.2 takes the mask from behind it all the same, and also writes behind it. */
static int masks_of_handlers_arrive(void) {
#if defined __riscv || defined __loongarch__
  unsigned long action[4];
  action[3] = 1;
  syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, sizeof(long));
  return action[3] == 1;
#else
  return 1;
#endif
}

static void *call_spin(void *unused) {
  libcgo_callback(&kit, spin, NULL);
  return unused;
}

TEST(a_thread_that_is_cancelled_asynchronously_leaves) {
  NEEDS_UNWINDING;
  if (UNDER_TSAN)
    SKIP("the thread sanitizer puts signals off");
  NEEDS_UNWINDING_OUT_OF_HANDLERS;
  if (!masks_of_handlers_arrive())
    SKIP("this system (an emulator) blocks any signals in a handler");
  begin();
  kit.signal_stack_size = 1 << 16;
  sem_init(&spinning, 0, 0);
  pthread_t thread;
  void *result = NULL;
  ck_assert_int_eq(pthread_create(&thread, NULL, call_spin, NULL), 0);
  while (sem_wait(&spinning) != 0)
    ;
  pthread_cancel(thread);
  pthread_join(thread, &result);
  ck_assert_ptr_eq(result, PTHREAD_CANCELED);
  assert_counts(1, 1, 1, 1);
}

/* ---- signal stacks ---- */

static void *seen_sp;

static void look_at_signal_stack(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  stack_t stack;
  sigaltstack(NULL, &stack);
  seen_sp = stack.ss_sp;
  *(int *)arg = seen_sp == given_stack;
}

static void *call_back_and_look(void *arg) {
  libcgo_callback(&kit, look_at_signal_stack, arg);
  stack_t stack;
  sigaltstack(NULL, &stack);
  return stack.ss_sp == given_stack ? arg : NULL;
}

TEST(a_thread_that_has_a_signal_stack_when_it_is_created_keeps_it) {
  WINDOWS_HAS("no signal stacks");
  begin();
  kit.signal_stack_size = 1 << 16;
  int kept = 0;
  atomic_store(&wrap_threads, 1);
  kit_run(NULL, look_at_signal_stack, &kept);
  ck_assert_int_eq(kept, 1);
  kept = 0;
  ck_assert_ptr_eq(kit_run_foreign(call_back_and_look, &kept), &kept);
  ck_assert_int_eq(kept, 1);
}

static void detach_here(int sig) {
  (void)sig;
  volatile char frame[1000]; /* not in the last page that is there */
  frame[0] = 1;
  atomic_store(&handled, libcgo_detach(&kit) == 0 && frame[0] == 1);
}

TEST(a_signal_stack_stays_while_the_thread_is_on_it) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = 1 << 16;
  install(SIGUSR1, detach_here, SA_ONSTACK);
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  atomic_store(&handled, 0);
  raise(SIGUSR1);
  ck_assert_int_eq(atomic_load(&handled), 1);
  stack_t before, after;
  sigaltstack(NULL, &before);
  /* And is used again. */
  ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
  sigaltstack(NULL, &after);
  ck_assert_ptr_eq(before.ss_sp, after.ss_sp);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  ck_assert(!readable((uintptr_t)before.ss_sp));
}

/* Linux has it, and few headers. */
enum { autodisarm = (int)0x80000000 };

static struct libcgo_thread *disarmed_thread;
static struct libcgo_bounds disarmed_bounds;
static int disarmed_result;

static void look_at_bounds(int sig, siginfo_t *info, void *context) {
  (void)sig;
  (void)info;
  (void)context;
  disarmed_result = libcgo_stack_bounds(disarmed_thread, &disarmed_bounds);
}

TEST(a_signal_stack_that_is_disarmed_while_it_is_used_has_its_bounds) {
  WINDOWS_HAS("no signal stacks");
  if (!have_proc())
    SKIP("there is no /proc");
  begin();
  ck_assert_int_eq(libcgo_attach(&kit, &disarmed_thread), 0);
  char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(memory, MAP_FAILED);
  stack_t stack, now;
  memset(&stack, 0, sizeof stack);
  stack.ss_sp = memory + (1 << 16);
  stack.ss_size = 1 << 16;
  stack.ss_flags = autodisarm;
  look_at_bounds(0, NULL,
                 NULL); /* an attached thread asks once outside of handlers */
  if (sigaltstack(&stack, NULL) != 0 || sigaltstack(NULL, &now) != 0 ||
      now.ss_flags != autodisarm)
    SKIP("this system has no SS_AUTODISARM");
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = look_at_bounds;
  action.sa_flags =
      SA_ONSTACK | SA_SIGINFO; /* or 386 keeps nothing in the frame */
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  ck_assert_int_eq(disarmed_result, 0);
  ck_assert_int_eq(disarmed_bounds.kind, LIBCGO_STACK_SIGNAL);
  ck_assert_uint_eq(disarmed_bounds.lo, (uintptr_t)stack.ss_sp);
  ck_assert_uint_eq(disarmed_bounds.hi - disarmed_bounds.lo, stack.ss_size);
  without_stack();
}

static void raise_usr1(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  raise(SIGUSR1);
}

static void *call_raise_usr1(void *unused) {
  libcgo_callback(&kit, raise_usr1, NULL);
  return unused;
}

TEST(a_thread_may_end_on_its_signal_stack) {
  WINDOWS_HAS("no signal stacks");
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("the sanitizer follows no pthread_exit out of a handler");
  NEEDS_UNWINDING_OUT_OF_HANDLERS;
  begin();
  kit.signal_stack_size = 1 << 16;
  install(SIGUSR1, exit_here, SA_ONSTACK);
  kit_run_foreign(call_raise_usr1, NULL);
  kit_run(NULL, raise_usr1, NULL);
  assert_counts(2, 2, 1, 1);
}

/* A second runtime, with hooks of its own. */
static _Thread_local struct libcgo_thread *second_self;
static struct libcgo_thread second_record = LIBCGO_THREAD_INIT;

static void second_enter(struct libcgo_thread *thread) { second_self = thread; }
static void second_leave(struct libcgo_thread *thread) {
  (void)thread;
  second_self = NULL;
}
static struct libcgo_thread *second_acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  return &second_record;
}
static void second_release(struct libcgo_thread *thread) { (void)thread; }
static struct libcgo_thread *second_current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return second_self;
}
static const struct libcgo_ops second_ops =
    LIBCGO_OPS(second_enter, second_leave, second_acquire, second_release,
               second_current, NULL);
static struct libcgo_runtime second = LIBCGO_RUNTIME_INIT(&second_ops);

static uintptr_t handler_at;

static void note_address(int sig) {
  char local;
  (void)sig;
  handler_at = (uintptr_t)&local;
}

TEST(the_first_of_two_runtimes_that_goes_leaves_the_other_the_signal_stack) {
  WINDOWS_HAS("no signal stacks");
  begin();
  without_stack();
  kit.signal_stack_size = second.signal_stack_size = 1 << 16;
  install(SIGUSR1, note_address, SA_ONSTACK);
  struct libcgo_runtime *const runtimes[] = {&kit, &second};
  for (int first = 0; first < 2; first++) {
    stack_t stack;
    ck_assert_int_eq(libcgo_attach(&kit, NULL), 0);
    ck_assert_int_eq(libcgo_attach(&second, NULL), 0);
    ck_assert_int_eq(libcgo_detach(runtimes[first]), 0);
    sigaltstack(NULL, &stack);
    ck_assert_int_eq(stack.ss_flags & SS_DISABLE, 0);
    raise(SIGUSR1);
    ck_assert_uint_lt(handler_at - (uintptr_t)stack.ss_sp, stack.ss_size);
    ck_assert_int_eq(libcgo_detach(runtimes[!first]), 0);
    ck_assert(!readable((uintptr_t)stack.ss_sp));
    sigaltstack(NULL, &stack);
    ck_assert((stack.ss_flags & SS_DISABLE) != 0);
  }
}

/* ---- what the system refuses ---- */

TEST(a_thread_whose_value_cannot_be_cleared_stays_attached) {
  begin();
  struct libcgo_thread *record = NULL;
  ck_assert_int_eq(libcgo_attach(&kit, &record), 0);
  refuse_values = 1;
  errno = 12345;
  ck_assert_int_eq(libcgo_detach(&kit), ENOMEM);
  ck_assert_int_eq(errno, 12345);
  refuse_values = 0;
  ck_assert_ptr_eq(kit_current(), record);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  assert_counts(1, 1, 1, 1);
}

static void refuse_values_from_here(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  refuse_values = 1;
}

TEST(a_thread_that_gets_no_other_round_leaves_in_this_one) {
  WINDOWS_HAS("other thread-specific data");
  begin();
  kit_run(NULL, refuse_values_from_here, NULL);
  assert_counts(1, 1, 0, 0);
}

static void lie_and_refuse(struct libcgo_thread *thread) {
  (void)thread;
  refuse_values = 1;
}

static void *attach_with_a_lie(void *result) {
  kit_behaviour.lie = 1;
  kit_behaviour.in_enter = lie_and_refuse;
  *(int *)result = libcgo_attach(&kit, NULL);
  refuse_values = 0;
  return NULL;
}

TEST(a_record_that_the_key_still_has_is_released_at_the_end) {
  WINDOWS_HAS("other thread-specific data");
  begin();
  int result = 0;
  kit_run_foreign(attach_with_a_lie, &result);
  ck_assert_int_eq(result, EPROTO);
  assert_counts(1, 1, 1, 1);
}

int main(void) {
  suite_begin("signals");
  ADD_TEST(other_destructors_of_a_foreign_thread_have_the_thread_s_mask);
  ADD_TEST(other_destructors_of_a_created_thread_have_the_thread_s_mask);
  ADD_TEST(other_destructors_after_pthread_exit_have_the_thread_s_mask);
  ADD_TEST(a_callback_after_the_thread_has_left_takes_signals);
  ADD_TEST(every_hook_takes_the_signals_that_its_code_raises);
  ADD_TEST(open_signals_arrive_in_every_hook);
  ADD_TEST(open_signals_arrive_in_a_created_thread_whatever_its_creator_blocks);
  ADD_TEST(a_mask_that_was_asked_for_blocks_open_signals_too);
  ADD_TEST(what_a_hook_opens_or_blocks_stays_so_until_release);
  ADD_TEST(what_a_hook_opens_or_blocks_stays_so_in_a_created_thread);
  ADD_TEST(a_foreign_thread_has_its_own_mask_back_from_hooks_that_set_masks);
  ADD_TEST(leave_runs_the_runtime_s_code_on_a_foreign_thread);
  ADD_TEST(leave_runs_the_runtime_s_code_and_frees_its_record);
  ADD_TEST(calls_that_leave_makes_leave_no_memory);
  ADD_TEST(leave_has_the_signal_stack_still);
  ADD_TEST(a_foreign_thread_that_returns_with_a_cancellation_pending_leaves);
  ADD_TEST(a_created_thread_that_returns_with_a_cancellation_pending_leaves);
  ADD_TEST(a_foreign_thread_s_hooks_are_not_cut_off_whenever_cancellation_comes);
  ADD_TEST(a_created_thread_s_hooks_are_not_cut_off_and_fn_is);
  ADD_TEST(a_thread_that_is_cancelled_asynchronously_leaves);
  ADD_TEST(a_thread_that_has_a_signal_stack_when_it_is_created_keeps_it);
  ADD_TEST(a_signal_stack_stays_while_the_thread_is_on_it);
  ADD_TEST(a_signal_stack_that_is_disarmed_while_it_is_used_has_its_bounds);
  ADD_TEST(a_thread_may_end_on_its_signal_stack);
  ADD_TEST(the_first_of_two_runtimes_that_goes_leaves_the_other_the_signal_stack);
  ADD_TEST(a_thread_whose_value_cannot_be_cleared_stays_attached);
  ADD_TEST(a_thread_that_gets_no_other_round_leaves_in_this_one);
  ADD_TEST(a_record_that_the_key_still_has_is_released_at_the_end);
  return suite_run();
}
