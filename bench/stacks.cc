// SPDX-License-Identifier: BSD-3-Clause
//
// Calls from one stack to another, and the bounds of stacks.
#include "config.h"

#include "bench.h"
#include "kit.h"

#include <pthread.h>
#include <stdlib.h>
#include <thread>
#include <ucontext.h>

using benchmark::State;

namespace {

alignas(64) char small_memory[64 * 1024];
const libcgo_stack small_stack =
    LIBCGO_STACK_INIT(small_memory, small_memory + sizeof small_memory);

struct where {
  State *state;
  libcgo_thread *thread; // NULL: nothing is kept
};

// On a thread of the runtime, on its system stack or on a small one.
template <void (*Measure)(const where &)>
void on_the_system_stack(State &state) {
  bench::on_own_thread(
      [](libcgo_thread *thread, void *p) {
        Measure({static_cast<State *>(p), thread});
      },
      &state);
}

template <void (*Measure)(const where &)> uintptr_t measure(void *p) {
  Measure(*static_cast<where *>(p));
  return 0;
}

template <void (*Measure)(const where &)> void on_a_small_stack(State &state) {
  bench::on_own_thread(
      [](libcgo_thread *thread, void *p) {
        where here = {static_cast<State *>(p), thread};
        libcgo_call_on_stack(thread, &small_stack, measure<Measure>, &here);
      },
      &state);
}

// ---- calls ----

uintptr_t c_function(void *arg) { return reinterpret_cast<uintptr_t>(arg); }

void call_on_system(const where &here) {
  const auto f = hidden(&libcgo_call_on_system);
  libcgo_thread *const thread = here.thread;
  repeat(*here.state,
         [=] { benchmark::DoNotOptimize(f(thread, c_function, nullptr)); });
}
CALL("libcgo_call_on_system, small stack", on_a_small_stack<call_on_system>);
CALL("libcgo_call_on_system, system stack", on_the_system_stack<call_on_system>);

void call_on_stack(const where &here) {
  const auto f = hidden(&libcgo_call_on_stack);
  libcgo_thread *const thread = here.thread;
  repeat(*here.state, [=] {
    benchmark::DoNotOptimize(f(thread, &small_stack, c_function, nullptr));
  });
}
CALL("libcgo_call_on_stack", on_the_system_stack<call_on_stack>);

// From the runtime to C, back into the runtime, and all the way back.
void runtime_function(libcgo_thread *thread, void *arg) {
  libcgo_call_on_stack(thread, &small_stack, c_function, arg);
}

uintptr_t c_function_that_calls_back(void *arg) {
  [[maybe_unused]] const int err =
      libcgo_callback(&bench::runtime, runtime_function, arg);
  return 0;
}

void there_and_back(const where &here) {
  const auto f = hidden(&libcgo_call_on_system);
  libcgo_thread *const thread = here.thread;
  repeat(*here.state, [=] { f(thread, c_function_that_calls_back, nullptr); });
}
CALL("small stack, C, callback, small stack", on_a_small_stack<there_and_back>);

// ---- contexts ----

alignas(64) libcgo_context worker, task;
alignas(64) char task_memory[64 * 1024];

libcgo_context *go_back(void *thread, uintptr_t word) {
  while (word != 0)
    word = libcgo_switch(static_cast<libcgo_thread *>(thread), &task, &worker,
                         word);
  return &worker;
}

template <unsigned Options> void switch_there_and_back(const where &here) {
  const libcgo_stack stack =
      LIBCGO_STACK_INIT(task_memory, task_memory + sizeof task_memory);
  libcgo_thread *const thread = here.thread;
  worker = task = LIBCGO_CONTEXT_INIT;
  worker.options = task.options = Options;
  if (libcgo_context_make(&task, &stack, go_back, thread) != 0)
    abort();
  const auto f = hidden(&libcgo_switch);
  repeat(*here.state,
         [=] { benchmark::DoNotOptimize(f(thread, &worker, &task, 1)); });
  f(thread, &worker, &task, 0);
}

template <void (*Measure)(const where &)> void without_a_record(State &state) {
  Measure({&state, nullptr});
}

#ifdef LIBCGO_CONTEXTS
constexpr unsigned keeps = LIBCGO_CONTEXT_KEEPS_CONTROL;
CALL("libcgo_switch, small stacks", on_a_small_stack<switch_there_and_back<0>>);
CALL("libcgo_switch, small, KEEPS_CONTROL",
     on_a_small_stack<switch_there_and_back<keeps>>);
CALL("libcgo_switch, C and small stack",
     on_the_system_stack<switch_there_and_back<0>>);
CALL("libcgo_switch, no record", without_a_record<switch_there_and_back<0>>);
CALL("libcgo_switch, no record, KEEPS_CONTROL",
     without_a_record<switch_there_and_back<keeps>>);
#else
LEFT_OUT("libcgo_switch", "this CPU has none yet");
#endif

// ---- contexts of the C library ----

ucontext_t of_worker, of_task;
bool over;

void swap_back() {
  while (!over)
    swapcontext(&of_task, &of_worker);
}

void swap_there_and_back(State &state) {
  over = false;
  getcontext(&of_task);
  of_task.uc_stack.ss_sp = task_memory;
  of_task.uc_stack.ss_size = sizeof task_memory;
  of_task.uc_link = &of_worker;
  makecontext(&of_task, swap_back, 0);
  for (auto _ : state)
    swapcontext(&of_worker, &of_task);
  over = true;
  swapcontext(&of_worker, &of_task);
}
CALL("swapcontext there and back", swap_there_and_back);

// ---- bounds ----

void query(const where &here) {
  const auto f = hidden(&libcgo_stack_bounds);
  libcgo_thread *const thread = here.thread;
  libcgo_bounds first;
  f(thread, &first);
  repeat(*here.state, [=] {
    libcgo_bounds bounds;
    f(thread, &bounds);
    benchmark::DoNotOptimize(bounds);
  });
}

void query_on_the_main_thread(State &state) {
  libcgo_thread *thread;
  if (libcgo_attach(&bench::runtime, &thread) != 0)
    abort();
  query({&state, thread});
  libcgo_detach(&bench::runtime);
}

// Without a record each query is a first one.
void query_without_a_record(State &state) {
  for (auto _ : state) {
    libcgo_bounds bounds;
    libcgo_stack_bounds(nullptr, &bounds);
    benchmark::DoNotOptimize(bounds);
  }
}

template <void (*Benchmark)(State &)> void in_a_thread(State &state) {
  std::thread([&] { Benchmark(state); }).join();
}

// A stack to which C code has switched, which nobody has told the library of.
where on_the_fiber;
ucontext_t own, fiber;

void run_the_fiber() { query(on_the_fiber); }

void query_on_a_fiber(const where &here) {
  static char memory[64 * 1024];
  on_the_fiber = here;
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = memory;
  fiber.uc_stack.ss_size = sizeof memory;
  fiber.uc_link = &own;
  makecontext(&fiber, run_the_fiber, 0);
  swapcontext(&own, &fiber);
}

CALL("libcgo_stack_bounds, later, own thread", on_the_system_stack<query>);
CALL("libcgo_stack_bounds, later, main thread", query_on_the_main_thread);
CALL("libcgo_stack_bounds, later, small stack", on_a_small_stack<query>);
CALL("libcgo_stack_bounds, on a fiber", on_the_system_stack<query_on_a_fiber>);
CALL("libcgo_stack_bounds, first, in a thread",
     in_a_thread<query_without_a_record>);
CALL("libcgo_stack_bounds, first, main thread", query_without_a_record);

void ask_the_c_library(State &state) {
  for (auto _ : state) {
    pthread_attr_t attr;
    void *low;
    size_t size;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    benchmark::DoNotOptimize(low);
  }
}
CALL("pthread_getattr_np, in a thread", in_a_thread<ask_the_c_library>);
CALL("pthread_getattr_np, main thread", ask_the_c_library);

} // namespace
