// SPDX-License-Identifier: BSD-3-Clause
#include "kit.h"

#include <semaphore.h>
#include <stdlib.h>

namespace bench {

namespace {

// In a record's `data`.
char mark;
void *const on_the_heap = &mark;

thread_local libcgo_thread *self;
thread_local libcgo_thread foreign = LIBCGO_THREAD_INIT;

void enter(libcgo_thread *thread) { self = thread; }
void leave(libcgo_thread *thread) {
  self = nullptr;
  if (thread->data == on_the_heap)
    delete thread;
}
libcgo_thread *acquire(libcgo_runtime *) { return &foreign; }
void release(libcgo_thread *) {}
libcgo_thread *current(const libcgo_runtime *) { return self; }

const libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, nullptr);

struct job {
  void (*fn)(libcgo_thread *thread, void *arg);
  void *arg;
  sem_t done;
};

void run(libcgo_thread *thread, void *p) {
  auto *j = static_cast<job *>(p);
  j->fn(thread, j->arg);
  sem_post(&j->done);
}

} // namespace

libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

[[maybe_unused]] static const int started =
    libcgo_init_begin(&runtime.init) + libcgo_init_done(&runtime.init);

void on_own_thread(void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  auto *thread = new libcgo_thread(LIBCGO_THREAD_INIT);
  thread->data = on_the_heap; // until the thread ends, a moment after the job
  job j = {fn, arg, {}};
  sem_init(&j.done, 0, 0);
  if (libcgo_thread_create(&runtime, thread, nullptr, run, &j, nullptr) != 0)
    abort();
  while (sem_wait(&j.done) != 0) {
  }
  sem_destroy(&j.done);
}

} // namespace bench
