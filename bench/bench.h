// SPDX-License-Identifier: BSD-3-Clause
//
// What a benchmark needs. A new one is a function and one line below it:
//
//     static void my_call(benchmark::State &state) {
//       auto f = hidden(&function);
//       repeat(state, [=] { f(argument); });
//     }
//     CALL("what it is called in the table", my_call);
//
// For a library that may be missing, see peer-ffi.cc.
#ifndef LIBCGO_BENCH_H
#define LIBCGO_BENCH_H

#include <benchmark/benchmark.h>

#include <stdint.h>

#define BENCH_CONCAT_(a, b) a##b
#define BENCH_CONCAT(a, b) BENCH_CONCAT_(a, b)
#define BENCH_ONCE                                                             \
  [[maybe_unused]] static const auto BENCH_CONCAT(bench_, __COUNTER__)

// The table has a section per group; every figure is divided by that of the
// group's baseline, and each title names one benchmark of its group.
namespace bench {

struct group {
  const char *prefix; // of its benchmarks' names
  const char *heading;
  const char *baseline; // a title
  const char *ratio;    // the heading of the ratios
};

// Processor time of an iteration.
inline constexpr group calls = {"call", "calls", "indirect call",
                                "x indirect call"};
// What the function sets with State::SetIterationTime.
inline constexpr group first = {"thread-first",
                                "threads, to their first instruction",
                                "pthread_create, joinable", "x pthread_create"};
inline constexpr group ended = {"thread-end", "threads, to their end",
                                "pthread_create, pthread_join",
                                "x pthread_create, pthread_join"};
inline constexpr group stops = {"world", "stops of the world",
                                "by hand: stop, 1, parked",
                                "x by hand, 1, parked"};

benchmark::internal::Benchmark *add(const group &, const char *title,
                                    void (*)(benchmark::State &));

// Says below the table that something was not measured, and why.
int leave_out(const char *what, const char *why);

} // namespace bench

#define CALL(title, function)                                                  \
  BENCH_ONCE = bench::add(bench::calls, title, function)
#define THREAD_FIRST(title, function)                                          \
  BENCH_ONCE =                                                                 \
      bench::add(bench::first, title, function)->UseManualTime()->Iterations(40)
#define THREAD_END(title, function)                                            \
  BENCH_ONCE =                                                                 \
      bench::add(bench::ended, title, function)->UseManualTime()->Iterations(40)
#define STOP(title, function)                                                  \
  BENCH_ONCE =                                                                 \
      bench::add(bench::stops, title, function)->UseManualTime()->Iterations(40)
#define LEFT_OUT(what, why) BENCH_ONCE = bench::leave_out(what, why)

// A value that the compiler cannot know: calls through it stay indirect.
template <class T> T hidden(T value) {
  __asm__ volatile("" : "+r"(value));
  return value;
}

// The loop of all calls, at each place that it can have in a cache line in turn:
// that place decides how many jumps a processor predicts at once
// (docs/benchmarks.md, "What an indirect call is").
template <int Place, class Call>
[[gnu::noinline]] void call_often(int64_t n, Call call) {
  __asm__ volatile(".p2align 6\n\t.rept %c0\n\tnop\n\t.endr" : : "i"(Place));
  do
    call();
  while (--n != 0);
}

template <class Call> void repeat(benchmark::State &state, Call call) {
  constexpr int64_t batch = 1000;
  while (state.KeepRunningBatch(8 * batch)) {
    call_often<0>(batch, call);
    call_often<8>(batch, call);
    call_often<16>(batch, call);
    call_often<24>(batch, call);
    call_often<32>(batch, call);
    call_often<40>(batch, call);
    call_often<48>(batch, call);
    call_often<56>(batch, call);
  }
}

// Does nothing; in a file of its own.
extern "C" void nothing(void *arg, int32_t n);
extern "C" void nothing_at_all(void);
extern "C" uintptr_t nothing_but_a_word(void *arg, uintptr_t word);

#endif
