// SPDX-License-Identifier: BSD-3-Clause
#include "core/start.h"

#include <errno.h>

#include "core/report.h"

namespace cgo {

namespace {

constexpr unsigned long long retry_for_ms = 1000;
constexpr unsigned longest_pause_ms = 128;
// Of the time that has gone by, the creator may have had none.
constexpr int least_attempts = 10;

// Exceptions, pthread_exit and cancellation may pass this frame from run on,
// so it owns nothing by then.
void *thread_main(void *p) {
  auto *start = static_cast<thread_start *>(p);
  const bool held = start->mask_kind == start_mask::held;
  const bool held_at_the_end = start->held_at_the_end;
  if (start->mask_kind == start_mask::given || !is_empty(start->open))
    os::set_signal_mask(either(start->mask, start->held));
  if (!start->enter(start,
                    reinterpret_cast<uintptr_t>(__builtin_frame_address(0))))
    return nullptr;
  // What `enter` has opened or blocked beside these stays so.
  if (!held)
    os::open_signals(start->held);
  start->run(start);
  if (held_at_the_end)
    os::block_signals(os::held_signals({}));
  return nullptr;
}

int create_once(thread_start *start) {
  os::signals_held held(start->open); // the new thread inherits this
  if (start->mask_kind == start_mask::of_creator)
    start->mask = without(held.previous(), start->open);
  start->held = without(os::held_signals(start->open), start->mask);
  return os::create_thread(start->shape, thread_main, start);
}

} // namespace

stack_bounds new_thread_bounds(const thread_start *start, uintptr_t here) {
  stack_bounds stack;
  const int err = os::thread_stack_bounds(here, &stack);
  if (err != 0)
    message(start->call)
        .text("the bounds of the new thread's stack are not to be had: ")
        .error(err)
        .fatal(start->fatal);
  return stack;
}

int start_thread(thread_start *start) {
  const int caller_errno = errno;
  // A creator that is cancelled while it waits would lose the thread.
  os::cancellation_disabled disabled;
  const unsigned long long deadline = os::now_ms() + retry_for_ms;
  unsigned pause_ms = 1;
  int err;
  for (int attempts = 1; (err = create_once(start)) == EAGAIN &&
                         (attempts < least_attempts || os::now_ms() < deadline);
       attempts++) {
    os::sleep_ms(pause_ms);
    if (pause_ms < longest_pause_ms)
      pause_ms *= 2;
  }
  errno = caller_errno;
  return err;
}

void no_thread(const char *call, int err) {
  message m(call);
  if (err == ENOMEM)
    m.text("no memory for the new thread's start record: ENOMEM").fatal();
  if (err == EPERM)
    m.text("the system does not let this process start threads: EPERM: a sandbox "
           "that refuses clone3 is to do so with ENOSYS")
        .fatal();
  if (err != EAGAIN)
    m.text("the system refuses a thread with the process's default stack "
           "size, ")
        .count(os::default_stack_size())
        .text(" bytes: ")
        .error(err)
        .fatal();
  m.text("no thread to be had within one second: EAGAIN: ")
      .limit(os::find_thread_limit({}))
      .fatal();
}

} // namespace cgo
