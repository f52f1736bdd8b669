// SPDX-License-Identifier: BSD-3-Clause
//
// A coroutine of C++20, which has no stack: it is resumed by a call, suspends itself by a
// return, and only its own function can do that.
#include "bench.h"

#ifdef __cpp_impl_coroutine
#include <coroutine>
#include <exception>

namespace {

struct task {
  struct promise_type {
    task get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

task suspend_always() {
  for (;;)
    co_await std::suspend_always();
}

void resume(benchmark::State &state) {
  const task other = suspend_always();
  const std::coroutine_handle<> handle = hidden(other.handle);
  repeat(state, [=] { handle.resume(); });
  other.handle.destroy();
}
CALL("C++20: resume a coroutine", resume);

} // namespace
#else
LEFT_OUT("C++20: resume a coroutine", "the compiler has no coroutines");
#endif
