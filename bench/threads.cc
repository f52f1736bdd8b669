// SPDX-License-Identifier: BSD-3-Clause
//
// Thread starts. One thread lives at a time, and its end is waited for; what counts is
// the time from before the start to the thread's first instruction in
// the client's function, or to its end.
//
// The end of a detached thread is seen by asking the kernel whether its number
// is still in use; meanwhile the creator yields. "pthread_create, detached"
// shows what that costs beside pthread_join.
#include "bench.h"
#include "kit.h"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

using benchmark::State;

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// ---- what the threads do ----

double first_instruction;
std::atomic<long> number; // of the thread, once it runs

void live() {
  first_instruction = now();
  number.store(syscall(SYS_gettid), std::memory_order_release);
}

void *pthread_main(void *) {
  live();
  return nullptr;
}

// ---- the ways to start one, and to wait for its end ----

pthread_t joinable;

bool start_joinable() {
  return pthread_create(&joinable, nullptr, pthread_main, nullptr) == 0;
}

void join() { pthread_join(joinable, nullptr); }

void wait_for_the_end() {
  long n;
  while ((n = number.load(std::memory_order_acquire)) == 0)
    sched_yield();
  const long process = getpid();
  while (syscall(SYS_tgkill, process, n, 0) == 0)
    sched_yield();
}

bool create_detached(void *(*main)(void *), void *arg) {
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  const int err = pthread_create(&thread, &attr, main, arg);
  pthread_attr_destroy(&attr);
  return err == 0;
}

bool start_detached() { return create_detached(pthread_main, nullptr); }

#ifdef LIBCGO_CLASSIC
libcgo_g task;

bool start_with_libcgo() {
  libcgo_start start = {1, &task, live};
  libcgo_thread_start(&start);
  return true;
}
#endif

void runtime_function(libcgo_thread *, void *) { live(); }

// One thread lives at a time.
libcgo_thread kit_thread = LIBCGO_THREAD_INIT;

bool start_with_the_kit() {
  return libcgo_thread_create(&bench::runtime, &kit_thread, nullptr,
                              runtime_function, nullptr, nullptr) == 0;
}

// A thread of somebody else's calls back, once, and ends.
void *foreign_main(void *) {
  [[maybe_unused]] const int err =
      libcgo_callback(&bench::runtime, runtime_function, nullptr);
  return nullptr;
}

bool start_foreign() {
  return pthread_create(&joinable, nullptr, foreign_main, nullptr) == 0;
}

// By hand, with libcgo's guarantees: no signal before the slots are set, the
// true bounds of the stack, the creator's mask, and no signal once the client may
// free what a handler would look for.
struct task_by_hand {
  uintptr_t stackguard, stackbase;
};
struct by_hand {
  uintptr_t m;
  task_by_hand *g;
  void (*fn)();
  sigset_t mask;
};

task_by_hand hand_task;
thread_local task_by_hand *slot_g;
thread_local uintptr_t slot_m;

void *by_hand_main(void *p) {
  auto *record = static_cast<by_hand *>(p);
  const by_hand own = *record;
  delete record;
  pthread_attr_t attr;
  void *low = nullptr;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attr) == 0) {
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
  }
  own.g->stackguard = reinterpret_cast<uintptr_t>(low) + 4096;
  own.g->stackbase = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  slot_g = own.g;
  slot_m = own.m;
  benchmark::DoNotOptimize(slot_g);
  benchmark::DoNotOptimize(slot_m);
  pthread_sigmask(SIG_SETMASK, &own.mask, nullptr);
  own.fn();
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  return nullptr;
}

bool start_by_hand(void *(*main)(void *)) {
  auto *record = new by_hand{1, &hand_task, live, {}};
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &record->mask);
  const sigset_t before = record->mask;
  const bool started = create_detached(main, record);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

bool start_by_hand_as_classic() { return start_by_hand(by_hand_main); }

// The kit's guarantees besides: the client is told of the thread's end, also
// when that is by pthread_exit or cancellation, after other keys' destructors.
pthread_key_t end_key;

void by_hand_end(void *rounds) {
  const auto left = reinterpret_cast<uintptr_t>(rounds) - 1;
  if (left > 0) {
    pthread_setspecific(end_key, reinterpret_cast<void *>(left));
    return;
  }
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  slot_g = nullptr;
  slot_m = 0;
}

void *by_hand_kit_main(void *p) {
  static const int created = pthread_key_create(&end_key, by_hand_end);
  if (created == 0)
    pthread_setspecific(end_key, reinterpret_cast<void *>(
                                     uintptr_t(PTHREAD_DESTRUCTOR_ITERATIONS)));
  return by_hand_main(p);
}

bool start_by_hand_as_the_kit() { return start_by_hand(by_hand_kit_main); }

// ---- the measurement ----

enum class until { first, end };

// Seconds; 0 if there is no thread to be had.
template <bool (*Start)(), void (*Wait)(), until What> double life() {
  number.store(0, std::memory_order_relaxed);
  const double begin = now();
  if (!Start())
    return 0;
  Wait();
  return (What == until::first ? first_instruction : now()) - begin;
}

// An iteration is the median of some lives: another process that gets the
// processor during one does not count.
template <bool (*Start)(), void (*Wait)(), until What>
void measure(State &state) {
  constexpr int lives = 31;
  double times[lives];
  for (auto _ : state) {
    for (double &t : times)
      if ((t = life<Start, Wait, What>()) == 0) {
        state.SkipWithError("the thread cannot be created");
        return;
      }
    std::nth_element(times, times + lives / 2, times + lives);
    state.SetIterationTime(times[lives / 2]);
  }
}

#define LIFE(title, start, wait)                                               \
  THREAD_FIRST(title, (measure<start, wait, until::first>));                   \
  THREAD_END(title, (measure<start, wait, until::end>))

THREAD_FIRST("pthread_create, joinable",
             (measure<start_joinable, join, until::first>));
THREAD_END("pthread_create, pthread_join",
           (measure<start_joinable, join, until::end>));
THREAD_FIRST("foreign thread, in its first callback",
             (measure<start_foreign, join, until::first>));
THREAD_END("foreign thread: callback, end",
           (measure<start_foreign, join, until::end>));
LIFE("pthread_create, detached", start_detached, wait_for_the_end);
LIFE("by hand, guarantees of the classic face", start_by_hand_as_classic,
     wait_for_the_end);
#ifdef LIBCGO_CLASSIC
LIFE("libcgo_thread_start", start_with_libcgo, wait_for_the_end);
#endif
LIFE("by hand, guarantees of the kit", start_by_hand_as_the_kit,
     wait_for_the_end);
LIFE("libcgo_thread_create", start_with_the_kit, wait_for_the_end);

} // namespace
