// SPDX-License-Identifier: BSD-3-Clause
//
// Exceptions and forced unwinding out of parked calls and callbacks, while the world stops.
#include "support/kit.h"
#include "support/pthread-exit.h"
#include "support/stacks.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

namespace {

thread_local libcgo_thread *self;
int left;

int get(int *n) { return __atomic_load_n(n, __ATOMIC_SEQ_CST); }
void add(int *n, int k) { __atomic_add_fetch(n, k, __ATOMIC_SEQ_CST); }

libcgo_thread *new_record() {
  auto *t = static_cast<libcgo_thread *>(malloc(sizeof(libcgo_thread)));
  *t = LIBCGO_THREAD_INIT;
  return t;
}
void enter(libcgo_thread *t) { self = t; }
void leave(libcgo_thread *t) {
  self = nullptr;
  if (t->data != nullptr)
    free(t);
  add(&left, 1);
}
libcgo_thread *acquire(libcgo_runtime *) { return new_record(); }
void release(libcgo_thread *t) { free(t); }
libcgo_thread *current(const libcgo_runtime *) { return self; }
const libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, nullptr);
libcgo_runtime world;

bool begin() {
  world = LIBCGO_RUNTIME_INIT(&ops);
  world.flags = LIBCGO_WORLD;
  ck_assert_int_eq(libcgo_init_begin(&world.init), 0);
  ck_assert_int_eq(libcgo_init_done(&world.init), 0);
  left = 0;
  return libcgo_world_stop(&world, UINT64_MAX, nullptr) == 0 &&
         libcgo_world_start(&world) == 0;
}
#define BEGIN()                                                                \
  do {                                                                         \
    if (!begin())                                                              \
      SKIP("this port has no world yet");                                      \
  } while (0)

bool is_managed(const libcgo_thread *t) {
  libcgo_thread *late = nullptr;
  return libcgo_world_stop(t->runtime, 0, &late) == ETIMEDOUT && late == t;
}

void create(void (*fn)(libcgo_thread *t, void *arg), void *arg) {
  libcgo_thread *t = new_record();
  t->data = t;
  ck_assert_int_eq(libcgo_thread_create(&world, t, nullptr, fn, arg, nullptr), 0);
}

struct thrown {
  uintptr_t value;
};

uintptr_t throw_it(void *arg) {
  throw thrown{reinterpret_cast<uintptr_t>(arg)};
}

void throw_in_callback(libcgo_thread *t, void *arg) {
  libcgo_call_parked(t, throw_it, arg);
}
uintptr_t call_back(void *arg) {
  return static_cast<uintptr_t>(libcgo_callback(&world, throw_in_callback, arg));
}

// Whether another thread finds the calling one managed.
struct question {
  const libcgo_thread *thread;
  bool managed;
};
void *ask(void *arg) {
  auto *q = static_cast<question *>(arg);
  q->managed = is_managed(q->thread);
  if (!q->managed && libcgo_world_start(&world) != 0)
    q->managed = false;
  return nullptr;
}
bool others_find_managed(const libcgo_thread *t) {
  question q = {t, false};
  pthread_t thread;
  pthread_create(&thread, nullptr, ask, &q);
  pthread_join(thread, nullptr);
  return q.managed;
}

int wrong;
void check(bool right) {
  if (!right)
    add(&wrong, 1);
}

void throw_out(libcgo_thread *t, void *) {
  try {
    libcgo_call_parked(t, throw_it, reinterpret_cast<void *>(5));
    check(false);
  } catch (const thrown &e) {
    check(e.value == 5);
  }
  check(others_find_managed(t));
  // Through a parked call, a callback, and another parked call.
  try {
    libcgo_call_parked(t, call_back, reinterpret_cast<void *>(6));
    check(false);
  } catch (const thrown &e) {
    check(e.value == 6);
  }
  check(others_find_managed(t));
}

} // namespace

TEST(a_thread_is_managed_when_an_exception_has_passed_a_parked_call) {
  BEGIN();
  wrong = 0;
  create(throw_out, nullptr);
  while (get(&left) < 1)
    sched_yield();
  ck_assert_int_eq(wrong, 0);
}

namespace {

void *throw_through_callback(void *arg) {
  try {
    static_cast<void>(libcgo_callback(&world, throw_in_callback, arg));
    check(false);
  } catch (const thrown &) {
  }
  check(!others_find_managed(self));
  return nullptr;
}

} // namespace

TEST(a_foreign_thread_is_parked_when_an_exception_has_passed_its_callback) {
  BEGIN();
  wrong = 0;
  pthread_t thread;
  pthread_create(&thread, nullptr, throw_through_callback, nullptr);
  pthread_join(thread, nullptr);
  ck_assert_int_eq(wrong, 0);
  // And its callback is over.
  ck_assert_int_eq(libcgo_runtime_close(&world, 0), 0);
}

namespace {

constexpr int threads = 8;
struct heap {
  long touched;
  char apart[120];
} heaps[threads];
int marked;
long to_do;

void touch(heap *h) {
  h->touched++;
  check(__atomic_load_n(&marked, __ATOMIC_RELAXED) == 0);
}

void throw_often(libcgo_thread *t, void *arg) {
  auto *const h = static_cast<heap *>(arg);
  while (__atomic_sub_fetch(&to_do, 1, __ATOMIC_RELAXED) >= 0) {
    touch(h);
    try {
      libcgo_call_parked(t, throw_it, nullptr);
    } catch (const thrown &) {
      touch(h);
    }
    try {
      libcgo_call_parked(t, call_back, nullptr);
    } catch (const thrown &) {
      touch(h);
    }
  }
}

struct toucher {
  heap *h;
  ~toucher() { touch(h); } // in the middle of a forced unwinding
};
uintptr_t exit_thread(void *arg) {
  if (arg == nullptr)
    pthread_exit(nullptr);
  return 0;
}
void exit_in_c(libcgo_thread *t, void *arg) {
  const toucher object = {static_cast<heap *>(arg)};
  touch(object.h);
  libcgo_call_parked(t, exit_thread, nullptr);
}

libcgo_stack stacks[threads];
uintptr_t throw_on_small(void *arg) {
  throw_often(self, arg);
  return 0;
}
void throw_from_small(libcgo_thread *t, void *arg) {
  libcgo_call_on_stack(t, &stacks[static_cast<heap *>(arg) - heaps],
                       throw_on_small, arg);
}

void stop_while(void (*work)(libcgo_thread *, void *), int each) {
  const bool whole = getenv("LIBCGO_TEST_WORLD") != nullptr;
  wrong = 0;
  to_do = whole ? 200000 : 2000;
  const long stops = whole ? 10000 : 300;
  int made = 0;
  left = 0;
  for (long i = 0; i < stops || get(&left) < made; i++) {
    while (made < each && made - get(&left) < threads) {
      create(work, &heaps[made % threads]);
      made++;
    }
    ck_assert_int_eq(libcgo_world_stop(&world, UINT64_MAX, nullptr), 0);
    __atomic_store_n(&marked, 1, __ATOMIC_RELAXED);
    sched_yield();
    __atomic_store_n(&marked, 0, __ATOMIC_RELAXED);
    ck_assert_int_eq(libcgo_world_start(&world), 0);
    if (i % 8 == 0)
      sched_yield();
  }
  ck_assert_int_eq(wrong, 0);
}

} // namespace

TEST(no_thread_touches_the_heap_after_exceptions_while_the_world_is_stopped) {
  BEGIN();
  stop_while(throw_often, threads);
}
TEST(nor_after_exceptions_from_small_stacks) {
  BEGIN();
  for (libcgo_stack &s : stacks)
    s = new_stack(large_bytes);
  stop_while(throw_from_small, threads);
}
TEST(nor_while_pthread_exit_unwinds) {
  BEGIN();
  if (!pthread_exit_unwinds())
    SKIP("pthread_exit does not unwind here");
  stop_while(exit_in_c, 300);
}

namespace {

// A value in a frame on a small stack, above a parked call. The complement is what is in
// other memory.
volatile uintptr_t hidden_secret = ~uintptr_t(0x5ec7e7a5u);
int secrets, ready, go;
libcgo_stack outer, inner;
libcgo_thread *looked_at;

__attribute__((no_sanitize("address", "thread"))) int
search(const libcgo_segment *s, void *) {
  for (uintptr_t at = (s->lo + sizeof(uintptr_t) - 1) & -sizeof(uintptr_t);
       at + sizeof(uintptr_t) <= s->hi; at += sizeof(uintptr_t))
    secrets +=
        *reinterpret_cast<const volatile uintptr_t *>(at) == ~hidden_secret;
  return 0;
}

void wait_for(int *n) {
  while (get(n) == 0)
    sched_yield();
}

uintptr_t keep_secret_in(void *fn) {
  const volatile uintptr_t secret = ~hidden_secret;
  try {
    libcgo_call_parked(self, reinterpret_cast<uintptr_t (*)(void *)>(fn),
                       nullptr);
  } catch (const thrown &) {
  }
  check(secret == ~hidden_secret);
  return 0;
}
void keep_secret_on_small(libcgo_thread *t, void *fn) {
  looked_at = t;
  libcgo_call_on_stack(t, &outer, keep_secret_in, fn);
}

uintptr_t throw_in_c(void *) {
  libcgo_call_on_system(self, throw_it, nullptr);
  return 0;
}
void leave_calls(libcgo_thread *t, void *) {
  try {
    libcgo_call_on_stack(t, &inner, throw_in_c, nullptr);
    check(false);
  } catch (const thrown &) {
  }
}
__attribute__((noinline)) void wait_deep() {
  volatile char used[8192];
  for (volatile char &c : used)
    c = 1;
  add(&ready, 1);
  wait_for(&go);
}
uintptr_t leave_calls_in_callback(void *) {
  check(libcgo_callback(&world, leave_calls, nullptr) == 0);
  wait_deep();
  return 0;
}

uintptr_t throw_in_stop(void *) {
  add(&ready, 1);
  wait_for(&go);
  throw thrown{0};
}

} // namespace

TEST(a_callback_from_which_an_exception_has_left_calls_hides_no_frame) {
  BEGIN();
  wrong = ready = go = secrets = 0;
  outer = new_stack(large_bytes);
  inner = new_stack(large_bytes);
  create(keep_secret_on_small, reinterpret_cast<void *>(leave_calls_in_callback));
  wait_for(&ready);
  ck_assert_int_eq(libcgo_world_stop(&world, UINT64_MAX, nullptr), 0);
  ck_assert_int_eq(libcgo_segments_visit(looked_at, search, nullptr), 0);
  ck_assert_int_eq(libcgo_world_start(&world), 0);
  add(&go, 1);
  wait_for(&left);
  ck_assert_int_gt(secrets, 0);
  ck_assert_int_eq(wrong, 0);
}

TEST(nor_does_an_exception_that_ends_a_parked_call_in_a_stop) {
  BEGIN();
  wrong = ready = go = 0;
  outer = new_stack(large_bytes);
  create(keep_secret_on_small, reinterpret_cast<void *>(throw_in_stop));
  wait_for(&ready);
  ck_assert_int_eq(libcgo_world_stop(&world, UINT64_MAX, nullptr), 0);
  add(&go, 1);
  // While it throws, and comes to where it waits.
  int unseen = 0;
  for (int i = 0; i < 5000; i++) {
    secrets = 0;
    ck_assert_int_eq(libcgo_segments_visit(looked_at, search, nullptr), 0);
    unseen += secrets == 0;
    sched_yield();
  }
  ck_assert_int_eq(get(&left), 0);
  ck_assert_int_eq(libcgo_world_start(&world), 0);
  wait_for(&left);
  ck_assert_int_eq(unseen, 0);
  ck_assert_int_eq(wrong, 0);
}

int main() {
  suite_begin("world-unwind");
  ADD_TEST(a_thread_is_managed_when_an_exception_has_passed_a_parked_call);
  ADD_TEST(a_foreign_thread_is_parked_when_an_exception_has_passed_its_callback);
  ADD_TEST(no_thread_touches_the_heap_after_exceptions_while_the_world_is_stopped);
  ADD_TEST(nor_after_exceptions_from_small_stacks);
  ADD_TEST(nor_while_pthread_exit_unwinds);
  ADD_TEST(a_callback_from_which_an_exception_has_left_calls_hides_no_frame);
  ADD_TEST(nor_does_an_exception_that_ends_a_parked_call_in_a_stop);
  return suite_run();
}
