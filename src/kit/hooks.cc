// SPDX-License-Identifier: BSD-3-Clause
//
// Ready-made hooks. The record of a thread is stored under the runtime's key anyway, from
// before `enter` until the thread leaves. In a runtime with a world it is the thread's member
// that is stored there, and that has the record.
#include <libcgo/hooks.h>

#include <stdlib.h>

#include "core/platform.h"
#include "kit/key.h"
#include "kit/world.h"

namespace {

void nothing(libcgo_thread *) {}

libcgo_thread *acquire(libcgo_runtime *) {
  auto *thread = static_cast<libcgo_thread *>(malloc(sizeof(libcgo_thread)));
  if (thread != nullptr)
    libcgo_thread_init(thread, sizeof *thread);
  return thread;
}

void release(libcgo_thread *thread) { free(thread); }

constexpr libcgo_ops ops =
    LIBCGO_OPS(nothing, nothing, acquire, release, libcgo_current, nullptr);

} // namespace

extern "C" {

libcgo_thread *libcgo_current(const libcgo_runtime *runtime) {
  const cgo::thread_key *key = cgo::key_of(runtime);
  if (key == nullptr)
    return nullptr;
  void *const value = cgo::os::get_key(key->key);
  if (value == nullptr || cgo::is_mark_of_the_end(value))
    return nullptr;
  if (!cgo::has_world(runtime))
    return static_cast<libcgo_thread *>(value);
  const auto *const m = static_cast<const cgo::member *>(value);
  return m->runtime == runtime ? m->thread : nullptr;
}

const libcgo_ops *libcgo_ready_ops(void) { return &ops; }

} // extern "C"
