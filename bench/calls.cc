// SPDX-License-Identifier: BSD-3-Clause
//
// Calls into the library, and what to hold them against. Each loop has a call
// site of its own, which always has the same target: processors predict a site
// that changes its target at a higher price.
#include "bench.h"

#include <libcgo.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

using benchmark::State;

static void indirect_call(State &state) {
  auto f = hidden(&nothing);
  repeat(state, [=] { f(nullptr, 5); });
}
CALL("indirect call", indirect_call);

static void two_indirect_calls(State &state) {
  auto f = hidden(&nothing);
  auto g = hidden(&nothing_at_all);
  repeat(state, [=] {
    f(nullptr, 5);
    g();
  });
}
CALL("two indirect calls", two_indirect_calls);

// Its callee returns to it, and it returns: no crossing can do with less.
[[gnu::noinline]] static void call_in_a_call(void (*f)(void *, int32_t),
                                             void *arg, int32_t n) {
  f(arg, n);
  __asm__ volatile(""); // no jump instead of the call
}
static void nested_calls(State &state) {
  auto f = hidden(&call_in_a_call);
  repeat(state, [=] { f(nothing, nullptr, 5); });
}
CALL("indirect call in an indirect call", nested_calls);

static void call_crosscall2(State &state) {
  auto f = hidden(&crosscall2);
  repeat(state, [=] { f(nothing, nullptr, 5); });
}
CALL("crosscall2", call_crosscall2);

// The classic face, where there is one.
#ifdef LIBCGO_CLASSIC
#ifdef LIBCGO_CPU_AMD64
#define CROSSCALL crosscall_amd64
#define CROSSCALL_NAME "crosscall_amd64"
#else
#define CROSSCALL crosscall_386
#define CROSSCALL_NAME "crosscall_386"
#endif

static void call_crosscall(State &state) {
  auto f = hidden(&CROSSCALL);
  repeat(state, [=] { f(nothing_at_all); });
}
CALL(CROSSCALL_NAME, call_crosscall);

static void cgo_malloc_and_free(State &state) {
  repeat(state, [] {
    libcgo_malloc_args m = {64, nullptr};
    _cgo_malloc(&m);
    libcgo_free_args f = {m.ret};
    _cgo_free(&f);
  });
}
CALL("_cgo_malloc, _cgo_free", cgo_malloc_and_free);
#endif

static void call_crosscall_word(State &state) {
  auto f = hidden(&libcgo_crosscall);
  repeat(state,
         [=] { benchmark::DoNotOptimize(f(nothing_but_a_word, nullptr, 5)); });
}
CALL("libcgo_crosscall", call_crosscall_word);

static void malloc_and_free(State &state) {
  repeat(state, [] {
    void *p = malloc(64);
    benchmark::DoNotOptimize(p);
    free(p);
  });
}
CALL("malloc, free", malloc_and_free);

static void system_call(State &state) {
  repeat(state, [] { benchmark::DoNotOptimize(syscall(SYS_getppid)); });
}
CALL("system call (getppid)", system_call);
