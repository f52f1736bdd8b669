// SPDX-License-Identifier: BSD-3-Clause
#include "thread.h"

#include <errno.h>
#include <stdlib.h>

#include "report.h"

namespace cgo {

namespace {

constexpr unsigned long long retry_for_ms = 1000;
constexpr unsigned longest_pause_ms = 128;

// What the creator hands to the new thread, which frees it.
struct start_record {
  thread_work work;
  sigset_t mask;
};

// Exceptions, pthread_exit and cancellation may pass this frame from run on,
// so it owns nothing by then.
void *thread_main(void *p) {
  auto *record = static_cast<start_record *>(p);
  const start_record start = *record;
  free(record);

  stack_bounds stack;
  int err = os::thread_stack_bounds(
      reinterpret_cast<uintptr_t>(__builtin_frame_address(0)), &stack);
  if (err != 0)
    message("libcgo_thread_start")
        .text("the bounds of the new thread's stack are not to be had: ")
        .error(err)
        .fatal();
  start.work.enter(start.work.arg, stack);

  os::set_signal_mask(start.mask);
  start.work.run(start.work.arg);
  // From here on the client may free what a signal handler would look for.
  os::block_all_signals();
  return nullptr;
}

int create_once(start_record *record) {
  os::signals_blocked blocked; // the new thread inherits this
  record->mask = blocked.previous();
  return os::create_thread(thread_main, record);
}

} // namespace

int start_thread(const thread_work &work) {
  const int caller_errno = errno;
  auto *record = static_cast<start_record *>(malloc(sizeof(start_record)));
  if (record == nullptr)
    return ENOMEM;
  record->work = work;

  const unsigned long long deadline = os::now_ms() + retry_for_ms;
  unsigned pause_ms = 1;
  int err;
  while ((err = create_once(record)) == EAGAIN && os::now_ms() < deadline) {
    os::sleep_ms(pause_ms);
    if (pause_ms < longest_pause_ms)
      pause_ms *= 2;
  }
  if (err != 0)
    free(record);
  errno = caller_errno;
  return err;
}

} // namespace cgo
