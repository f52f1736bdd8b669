// SPDX-License-Identifier: BSD-3-Clause
//
// Thread starts. Each iteration lets one thread live and waits for its end, and
// counts the time from before the start to the thread's first instruction in
// the client's function, or to its end.
//
// The end of a detached thread is seen by asking the kernel whether its number
// is still in use; meanwhile the creator yields. "pthread_create, detached"
// shows what that costs beside pthread_join.
#include "bench.h"

#include <atomic>
#include <libcgo.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
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

libcgo_g task;

bool start_with_libcgo() {
  libcgo_start start = {1, &task, live};
  libcgo_thread_start(&start);
  return true;
}

// By hand, with libcgo's guarantees: no signal before the slots are set, the
// true bounds of the stack, the creator's mask.
struct by_hand {
  libcgo_start start;
  sigset_t mask;
};

thread_local libcgo_g *slot_g;
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
  own.start.g->stackguard = reinterpret_cast<uintptr_t>(low) + 4096;
  own.start.g->stackbase = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  slot_g = own.start.g;
  slot_m = own.start.m;
  benchmark::DoNotOptimize(slot_g);
  benchmark::DoNotOptimize(slot_m);
  pthread_sigmask(SIG_SETMASK, &own.mask, nullptr);
  own.start.fn();
  return nullptr;
}

bool start_by_hand() {
  auto *record = new by_hand{{1, &task, live}, {}};
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &record->mask);
  const sigset_t before = record->mask;
  const bool started = create_detached(by_hand_main, record);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

// ---- the measurement ----

enum class until { first, end };

template <bool (*Start)(), void (*Wait)(), until What> void live_once(State &state) {
  for (auto _ : state) {
    number.store(0, std::memory_order_relaxed);
    const double begin = now();
    if (!Start()) {
      state.SkipWithError("the thread cannot be created");
      return;
    }
    Wait();
    state.SetIterationTime((What == until::first ? first_instruction : now()) - begin);
  }
}

#define LIFE(title, start, wait)                                               \
  THREAD_FIRST(title, (live_once<start, wait, until::first>));                 \
  THREAD_END(title, (live_once<start, wait, until::end>))

THREAD_FIRST("pthread_create, joinable", (live_once<start_joinable, join, until::first>));
THREAD_END("pthread_create, pthread_join", (live_once<start_joinable, join, until::end>));
LIFE("pthread_create, detached", start_detached, wait_for_the_end);
LIFE("by hand, with the same guarantees", start_by_hand, wait_for_the_end);
LIFE("libcgo_thread_start", start_with_libcgo, wait_for_the_end);

} // namespace
