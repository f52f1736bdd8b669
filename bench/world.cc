// SPDX-License-Identifier: BSD-3-Clause
//
// The world, beside one that is written by hand: the list of threads has a mutex, who stops
// sets a flag and makes the fence in all threads by membarrier, as the library does, and
// waits with a condition variable. By hand means no timeout, no unwinding, no signals, no
// fork, and no segments. Where the system refuses membarrier, by hand is left out.
#include "bench.h"
#include "kit.h"

#include <libcgo/hooks.h>
#include <libcgo/world.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <errno.h>
#include <linux/membarrier.h>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

using benchmark::State;

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// ---- the library's ----

std::atomic<int> ended{0};
void count_end(libcgo_thread *) { ended++; }

LIBCGO_DEFINE_RUNTIME(world, libcgo_thread, nullptr, count_end);
[[maybe_unused]] const uintptr_t has_a_world = world.flags = LIBCGO_WORLD;

// ---- by hand ----

namespace by_hand {

struct thread {
  std::atomic<uint32_t> managed{0};
};

std::mutex lock;
std::condition_variable may_go, has_parked;
std::atomic<uint32_t> asked{0};
std::vector<thread *> threads;
thread_local thread *self;

bool fence_others() {
  static const long registered =
      syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  return registered == 0 &&
         syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

[[gnu::noinline]] void park_slow() {
  std::lock_guard<std::mutex> locked(lock);
  has_parked.notify_one();
}

[[gnu::noinline]] void wait(thread *t) {
  std::unique_lock<std::mutex> locked(lock);
  t->managed.store(0, std::memory_order_release);
  has_parked.notify_one();
  may_go.wait(locked, [] { return asked == 0; });
  t->managed.store(1, std::memory_order_relaxed);
}

inline void park(thread *t) {
  t->managed.store(0, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(asked.load(std::memory_order_relaxed) != 0, 0))
    park_slow();
}

inline void unpark(thread *t) {
  t->managed.store(1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(asked.load(std::memory_order_acquire) != 0, 0))
    wait(t);
}

inline void safepoint(thread *t) {
  if (__builtin_expect(asked.load(std::memory_order_relaxed) != 0, 0))
    wait(t);
}

void stop() {
  std::unique_lock<std::mutex> locked(lock);
  asked = 1;
  fence_others();
  for (thread *t : threads)
    has_parked.wait(locked, [t] {
      return t->managed.load(std::memory_order_acquire) == 0;
    });
}

void start() {
  std::lock_guard<std::mutex> locked(lock);
  asked = 0;
  may_go.notify_all();
}

void attach(thread *t) {
  std::unique_lock<std::mutex> locked(lock);
  may_go.wait(locked, [] { return asked == 0; });
  threads.push_back(t);
  self = t;
}

void detach() {
  std::lock_guard<std::mutex> locked(lock);
  threads.erase(std::find(threads.begin(), threads.end(), self));
  self = nullptr;
}

// As most do it: a locked instruction instead of the fence from the other side.
inline void set_with_fence(thread *t, uint32_t value) {
  t->managed.exchange(value, std::memory_order_seq_cst);
  if (__builtin_expect(asked.load(std::memory_order_relaxed) != 0, 0))
    wait(t);
}

using call = uintptr_t(libcgo_thread *thread, uintptr_t (*fn)(void *), void *arg);

[[gnu::noinline]] uintptr_t call_parked(libcgo_thread *thread,
                                        uintptr_t (*fn)(void *), void *arg) {
  auto *const t = static_cast<by_hand::thread *>(thread->data);
  park(t);
  const uintptr_t result = libcgo_call_on_system(thread, fn, arg);
  unpark(t);
  return result;
}

[[gnu::noinline]] uintptr_t call_with_fences(libcgo_thread *thread,
                                             uintptr_t (*fn)(void *), void *arg) {
  auto *const t = static_cast<by_hand::thread *>(thread->data);
  set_with_fence(t, 0);
  const uintptr_t result = libcgo_call_on_system(thread, fn, arg);
  set_with_fence(t, 1);
  return result;
}

[[gnu::noinline]] int callback(void (*fn)(thread *, void *), void *arg) {
  thread *const t = self;
  if (t == nullptr)
    return EPERM;
  unpark(t);
  fn(t, arg);
  park(t);
  return 0;
}

} // namespace by_hand

// ---- calls ----

alignas(64) char small_memory[64 * 1024];
const libcgo_stack small_stack =
    LIBCGO_STACK_INIT(small_memory, small_memory + sizeof small_memory);

struct job {
  State *state;
  libcgo_thread *thread;
  by_hand::call *call;
};

uintptr_t c_function(void *arg) { return reinterpret_cast<uintptr_t>(arg); }

uintptr_t measure_calls(void *p) {
  const auto *j = static_cast<job *>(p);
  const auto f = hidden(j->call);
  libcgo_thread *const thread = j->thread;
  repeat(*j->state,
         [=] { benchmark::DoNotOptimize(f(thread, c_function, nullptr)); });
  return 0;
}

uintptr_t measure_safepoints(void *p) {
  const auto *j = static_cast<job *>(p);
  libcgo_thread *const thread = hidden(j->thread);
  repeat(*j->state, [=] { libcgo_safepoint(thread); });
  return 0;
}

uintptr_t measure_safepoints_by_hand(void *p) {
  const auto *j = static_cast<job *>(p);
  auto *const t = hidden(static_cast<by_hand::thread *>(j->thread->data));
  repeat(*j->state, [=] { by_hand::safepoint(t); });
  return 0;
}

// In a foreign thread's callback, which is managed; on a small stack.
template <uintptr_t (*Measure)(void *)>
void managed(State &state, by_hand::call *call) {
  job j = {&state, nullptr, call};
  std::thread([&] {
    const auto run = [](libcgo_thread *thread, void *p) {
      by_hand::thread t;
      auto *j = static_cast<job *>(p);
      j->thread = thread;
      thread->data = &t;
      libcgo_call_on_stack(thread, &small_stack, Measure, j);
    };
    if (libcgo_callback(&world, run, &j) != 0)
      state.SkipWithError("there is no world here");
  }).join();
}

template <by_hand::call *Call> void parked_call(State &state) {
  managed<measure_calls>(state, Call);
}
CALL("libcgo_call_parked, small stack", parked_call<libcgo_call_parked>);
CALL("world by hand: parked call", parked_call<by_hand::call_parked>);
CALL("world by hand: parked call, fences",
     parked_call<by_hand::call_with_fences>);

template <uintptr_t (*Measure)(void *)> void safepoint(State &state) {
  managed<Measure>(state, nullptr);
}
CALL("libcgo_safepoint", safepoint<measure_safepoints>);
CALL("world by hand: safepoint", safepoint<measure_safepoints_by_hand>);

void managed_function(libcgo_thread *, void *) {}
void managed_by_hand(by_hand::thread *, void *) {}

void call_back(State &state) {
  std::thread([&] {
    if (libcgo_attach(&world, nullptr) != 0) {
      state.SkipWithError("there is no world here");
      return;
    }
    const auto f = hidden(&libcgo_callback);
    libcgo_runtime *const runtime = hidden(&world);
    repeat(state, [=] {
      benchmark::DoNotOptimize(f(runtime, managed_function, nullptr));
    });
  }).join();
}
CALL("libcgo_callback, world, attached thread", call_back);

void call_back_by_hand(State &state) {
  std::thread([&] {
    by_hand::thread t;
    by_hand::attach(&t);
    const auto f = hidden(&by_hand::callback);
    repeat(state, [=] { benchmark::DoNotOptimize(f(managed_by_hand, nullptr)); });
    by_hand::detach();
  }).join();
}
CALL("world by hand: callback", call_back_by_hand);

// ---- stops ----

constexpr size_t system_stack_bytes = 128 * 1024;

// So many threads that have begun, and end.
class crew {
public:
  virtual ~crew() = default;
  virtual void stop() = 0;
  virtual void start() = 0;
  // Until each managed thread has gone on. Otherwise the next stop finds some that still wait.
  void wait_until_all_go_on() {
    back_ = 0;
    round_++;
    while (back_ < managed_)
      sched_yield();
  }

protected:
  uintptr_t wait_parked() {
    while (sem_wait(&leave_) != 0) {
    }
    return 0;
  }
  // For a managed thread, again and again.
  bool goes_on(unsigned *seen) {
    const unsigned round = round_;
    if (*seen != round) {
      *seen = round;
      back_++;
    }
    return !over_.load(std::memory_order_relaxed);
  }
  void end(unsigned n) {
    over_ = true;
    for (unsigned i = 0; i < n; i++)
      sem_post(&leave_);
  }
  bool begins_managed(unsigned i) {
    if (all_parked_ || i % 2 != 0)
      return false;
    managed_++;
    return true;
  }
  explicit crew(bool all_parked) : all_parked_(all_parked) {
    sem_init(&leave_, 0, 0);
  }
  std::atomic<unsigned> begun_{0}, place_{0};

private:
  std::atomic<unsigned> managed_{0}, back_{0}, round_{0};
  bool all_parked_;
  sem_t leave_;
  std::atomic<bool> over_{false};
};

class library_crew : public crew {
public:
  library_crew(unsigned n, bool all_parked)
      : crew(all_parked), records_(n, LIBCGO_THREAD_INIT) {
    libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
    attr.stack_size = system_stack_bytes;
    ended = 0;
    for (libcgo_thread &t : records_)
      if (libcgo_thread_create(&world, &t, &attr, run, this, nullptr) == 0)
        made_++;
    while (begun_ < made_)
      sched_yield();
  }
  ~library_crew() override {
    end(made_);
    while (ended < static_cast<int>(made_))
      sched_yield();
  }
  bool is_complete() const { return made_ == records_.size(); }
  void stop() override {
    if (libcgo_world_stop(&world, UINT64_MAX, nullptr) != 0)
      abort();
  }
  void start() override { libcgo_world_start(&world); }

private:
  static void run(libcgo_thread *thread, void *p) {
    auto *c = static_cast<library_crew *>(p);
    if (c->begins_managed(c->place_++)) {
      unsigned seen = 0;
      c->begun_++;
      while (c->goes_on(&seen)) {
        libcgo_safepoint(thread);
        sched_yield();
      }
      return;
    }
    const auto wait = [](void *q) {
      auto *d = static_cast<library_crew *>(q);
      d->begun_++;
      return d->wait_parked();
    };
    libcgo_call_parked(thread, wait, c);
  }
  std::vector<libcgo_thread> records_;
  unsigned made_ = 0;
};

class hand_crew : public crew {
public:
  hand_crew(unsigned n, bool all_parked) : crew(all_parked), wanted_(n) {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, system_stack_bytes);
    for (unsigned i = 0; i < n; i++) {
      pthread_t t;
      if (pthread_create(&t, &attr, run, this) == 0)
        threads_.push_back(t);
    }
    pthread_attr_destroy(&attr);
    while (begun_ < threads_.size())
      sched_yield();
  }
  ~hand_crew() override {
    end(static_cast<unsigned>(threads_.size()));
    for (pthread_t t : threads_)
      pthread_join(t, nullptr);
  }
  bool is_complete() const {
    return threads_.size() == wanted_ && by_hand::fence_others();
  }
  void stop() override { by_hand::stop(); }
  void start() override { by_hand::start(); }

private:
  static void *run(void *p) {
    auto *c = static_cast<hand_crew *>(p);
    by_hand::thread t;
    by_hand::attach(&t);
    if (c->begins_managed(c->place_++)) {
      unsigned seen = 0;
      by_hand::unpark(&t);
      c->begun_++;
      while (c->goes_on(&seen)) {
        by_hand::safepoint(&t);
        sched_yield();
      }
      by_hand::park(&t);
    } else {
      c->begun_++;
      c->wait_parked();
    }
    by_hand::detach();
    return p;
  }
  std::vector<pthread_t> threads_;
  unsigned wanted_;
};

template <class Crew, unsigned Threads, bool AllParked>
void stop(State &state) {
  Crew threads(Threads, AllParked);
  if (!threads.is_complete()) {
    state.SkipWithError("there are not so many threads, or there is no world");
    return;
  }
  for (auto _ : state) {
    const double begin = now();
    threads.stop();
    state.SetIterationTime(now() - begin);
    threads.start();
    threads.wait_until_all_go_on();
  }
}

#define STOPS(n)                                                               \
  STOP("by hand: stop, " #n ", parked", (stop<hand_crew, n, true>));           \
  STOP("by hand: stop, " #n ", half managed", (stop<hand_crew, n, false>));    \
  STOP("libcgo_world_stop, " #n ", parked", (stop<library_crew, n, true>));    \
  STOP("libcgo_world_stop, " #n ", half managed",                              \
       (stop<library_crew, n, false>))
STOPS(1);
STOPS(8);
STOPS(64);
STOPS(1000);

// A thread comes and goes, alone, or while another stops and starts the world. Not the
// initial one, whose bounds are looked up at a higher price.
template <class Crew, bool Stops, class Come, class Go>
void come_and_go(State &state, Come come, Go go) {
  Crew none(0, true);
  std::atomic<bool> over{false};
  std::thread stopper;
  if (Stops)
    stopper = std::thread([&] {
      while (!over) {
        none.stop();
        sched_yield();
        none.start();
        sched_yield();
      }
    });
  std::thread([&] {
    for (auto _ : state) {
      const double begin = now();
      come();
      go();
      state.SetIterationTime(now() - begin);
      sched_yield();
    }
  }).join();
  over = true;
  if (Stops)
    stopper.join();
}

template <bool Stops> void attach(State &state) {
  come_and_go<library_crew, Stops>(
      state,
      [] {
        if (libcgo_attach(&world, nullptr) != 0)
          abort();
      },
      [] { libcgo_detach(&world); });
}
STOP("libcgo_attach and _detach", attach<false>);
STOP("libcgo_attach and _detach, it stops", attach<true>);

template <bool Stops> void attach_by_hand(State &state) {
  by_hand::thread t;
  come_and_go<hand_crew, Stops>(
      state, [&t] { by_hand::attach(&t); }, [] { by_hand::detach(); });
}
STOP("by hand: attach and detach", attach_by_hand<false>);
STOP("by hand: attach and detach, it stops", attach_by_hand<true>);

} // namespace
