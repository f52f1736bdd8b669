// SPDX-License-Identifier: BSD-3-Clause
//
// Calls into the library, and what to hold them against. Each loop has a call
// site of its own, which always has the same target: processors predict a site
// that changes its target at a higher price.
#include "bench.h"

#include <libcgo.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>

using benchmark::State;

static void indirect_call(State &state) {
  auto f = hidden(&nothing);
  for (auto _ : state)
    f(nullptr, 5);
}
CALL("indirect call", indirect_call);

// A call in a call: what every crossing costs at least, for it does something
// after its callee.
static void two_indirect_calls(State &state) {
  auto f = hidden(&nothing);
  auto g = hidden(&nothing_at_all);
  for (auto _ : state) {
    f(nullptr, 5);
    g();
  }
}
CALL("two indirect calls", two_indirect_calls);

static void call_crosscall2(State &state) {
  auto f = hidden(&crosscall2);
  for (auto _ : state)
    f(nothing, nullptr, 5);
}
CALL("crosscall2", call_crosscall2);

#if defined(LIBCGO_CPU_AMD64)
#define CROSSCALL crosscall_amd64
#define CROSSCALL_NAME "crosscall_amd64"
#elif defined(LIBCGO_CPU_386)
#define CROSSCALL crosscall_386
#define CROSSCALL_NAME "crosscall_386"
#endif

static void call_crosscall(State &state) {
  auto f = hidden(&CROSSCALL);
  for (auto _ : state)
    f(nothing_at_all);
}
CALL(CROSSCALL_NAME, call_crosscall);

static void malloc_and_free(State &state) {
  for (auto _ : state) {
    void *p = malloc(64);
    benchmark::DoNotOptimize(p);
    free(p);
  }
}
CALL("malloc, free", malloc_and_free);

static void cgo_malloc_and_free(State &state) {
  for (auto _ : state) {
    libcgo_malloc_args m = {64, nullptr};
    _cgo_malloc(&m);
    libcgo_free_args f = {m.ret};
    _cgo_free(&f);
  }
}
CALL("_cgo_malloc, _cgo_free", cgo_malloc_and_free);

static constexpr int live_handles = 1000;

static void get_handle(State &state) {
  libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  uintptr_t handles[live_handles];
  for (uintptr_t &handle : handles)
    if (libcgo_handle_new(&table, &handle, &handle) != 0)
      abort();
  auto f = hidden(&libcgo_handle_get);
  int i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(f(&table, handles[i]));
    i = i + 1 < live_handles ? i + 1 : 0;
  }
  libcgo_handle_table_destroy(&table);
}
CALL("libcgo_handle_get, of 1000", get_handle);

static void new_and_free_handle(State &state) {
  libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  uintptr_t handle = 0;
  for (auto _ : state) {
    if (libcgo_handle_new(&table, &table, &handle) != 0)
      abort();
    libcgo_handle_free(&table, handle);
  }
  libcgo_handle_table_destroy(&table);
}
CALL("libcgo_handle_new and _free", new_and_free_handle);

static void system_call(State &state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(syscall(SYS_getppid));
}
CALL("system call (getppid)", system_call);

static void query_bounds(State &state) {
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
static void query_bounds_in_a_thread(State &state) {
  std::thread([&] { query_bounds(state); }).join();
}
CALL("pthread_getattr_np, in a thread", query_bounds_in_a_thread);
CALL("pthread_getattr_np, main thread", query_bounds);

static ucontext_t here, there;
static void swap_back() {
  for (;;)
    swapcontext(&there, &here);
}
static void swap_contexts(State &state) {
  static char stack[64 * 1024];
  getcontext(&there);
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = sizeof stack;
  there.uc_link = nullptr;
  makecontext(&there, swap_back, 0);
  for (auto _ : state)
    swapcontext(&here, &there);
}
CALL("swapcontext there and back", swap_contexts);
