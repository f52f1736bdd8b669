// SPDX-License-Identifier: BSD-3-Clause
//
// What POSIX systems share.
#include "platform.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

namespace cgo::os {

namespace {

class thread_attributes {
public:
  thread_attributes() : err_(pthread_attr_init(&attr_)) {}
  ~thread_attributes() {
    if (err_ == 0)
      pthread_attr_destroy(&attr_);
  }
  thread_attributes(const thread_attributes &) = delete;
  thread_attributes &operator=(const thread_attributes &) = delete;
  int error() const { return err_; }
  pthread_attr_t *get() { return &attr_; }

private:
  pthread_attr_t attr_;
  int err_;
};

} // namespace

signals_blocked::signals_blocked() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous_);
}

signals_blocked::~signals_blocked() {
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

cancellation_disabled::cancellation_disabled() {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &previous_);
}

cancellation_disabled::~cancellation_disabled() {
  pthread_setcancelstate(previous_, nullptr);
}

void set_signal_mask(const sigset_t &mask) {
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  set_signal_mask(all);
}

int create_thread(void *(*main)(void *), void *arg) {
  thread_attributes attr;
  if (attr.error() != 0)
    return attr.error();
  int err = pthread_attr_setdetachstate(attr.get(), PTHREAD_CREATE_DETACHED);
  if (err != 0)
    return err;
  pthread_t thread;
  return pthread_create(&thread, attr.get(), main, arg);
}

int process_id() { return getpid(); }

unsigned long long now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<unsigned long long>(t.tv_sec) * 1000 +
         static_cast<unsigned long long>(t.tv_nsec / 1000000);
}

unsigned long long now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<unsigned long long>(t.tv_sec) * 1000000000 +
         static_cast<unsigned long long>(t.tv_nsec);
}

void sleep_ms(unsigned ms) {
  timespec t;
  t.tv_sec = ms / 1000;
  t.tv_nsec = static_cast<long>(ms % 1000) * 1000000;
  nanosleep(&t, nullptr); // a signal may end it early: the caller has a deadline
}

void *map_zeroed(size_t bytes) {
  const int caller_errno = errno;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = caller_errno;
  return memory == MAP_FAILED ? nullptr : memory;
}

void unmap(void *memory, size_t bytes) {
  const int caller_errno = errno;
  munmap(memory, bytes);
  errno = caller_errno;
}

} // namespace cgo::os
