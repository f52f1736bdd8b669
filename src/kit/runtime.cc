// SPDX-License-Identifier: BSD-3-Clause
#include "kit/runtime.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "kit/calls.h"
#include "kit/init.h"
#include "kit/keep.h"
#include "kit/key.h"
#include "kit/record.h"
#include "core/probe.h"
#include "kit/stack.h"
#include "kit/world.h"

namespace cgo {

namespace {

// The sizes of the records in the first release, in bytes. Later releases append to them.
constexpr size_t first_ops = 8 + 14 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_ops, reserved) + sizeof(libcgo_ops::reserved) ==
                  first_ops,
              "");
constexpr size_t first_runtime = 8 + 32 + 19 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_runtime, reserved) +
                      sizeof(libcgo_runtime::reserved) ==
                  first_runtime,
              "");
static_assert(offsetof(libcgo_thread, switching) +
                      sizeof(libcgo_thread::switching) ==
                  first_thread,
              "");

// The masks of a foreign thread before and after the hooks that attached it, if they
// differ. Allocated by malloc; the thread's record has the address.
struct attach_masks {
  signal_mask before;
  signal_mask after;
};

// What hooks opened when they attached the thread is blocked again, and the other way
// round; what the thread itself has changed since stays.
signal_mask own_mask(const signal_mask &now, const attach_masks *masks) {
  if (masks == nullptr)
    return now;
  return without(either(now, without(masks->before, masks->after)),
                 without(masks->after, masks->before));
}

// The thread is the record's no longer. `leave` may run the runtime's code, so the
// stacks are there until it has returned. After it the record of a thread that the
// client started may be gone, and the runtime's.
// m: the thread's member, where the runtime has a world. False: the runtime is closed, no
// hook has run, and the member is freed.
bool leave_thread(libcgo_thread *thread, member *m) {
  if (m != nullptr) {
    if (!begin_leave(m)) {
      drop_shut_member(m);
      return false;
    }
    thread = m->thread;
  }
  libcgo_runtime *runtime = thread->runtime;
  const libcgo_ops *ops = runtime->ops;
  const bool foreign = (thread->state & thread_foreign) != 0;
  const stack_bounds signal_stack = {
      thread->signal_stack, thread->signal_stack + thread->signal_stack_bytes};
  auto *const masks = reinterpret_cast<attach_masks *>(thread->masks);
  os::cancellation_disabled disabled; // a hook may come by such a point
  os::signals_held held(os::signals_of(runtime->open_signals));
  uintptr_t places;
  lend_places(thread, &places);
  thread->state |= thread_leaving;
  if (foreign)
    LIBCGO_PROBE(detach, runtime, thread);
  else
    LIBCGO_PROBE(thread_end, runtime, thread);
  ops->leave(thread);
  if (foreign) {
    end_stacks(thread);
    thread->state = 0;
  }
  free_places(places);
  if (signal_stack.lo != 0)
    os::drop_signal_stack(signal_stack);
  if (foreign) {
    ops->release(thread);
    held.end_with(own_mask(held.previous(), masks));
    free(masks);
  }
  if (m != nullptr)
    end_leave(m);
  return true;
}

// The client's own thread leaves in the last round but one, so that the
// destructors of other keys can call back before; in the last one allocators and
// sanitizers give up what `leave` may still need. A thread of others leaves at
// once: it may have been attached by such a destructor, in a round that nobody
// tells, and then there is perhaps no other.
void leave_at_the_end(libcgo_thread *thread) {
  const uintptr_t key = load_key(thread->runtime);
  const uintptr_t rounds = (thread->state >> thread_rounds_shift) + 1;
  if ((thread->state & thread_foreign) == 0 && rounds + 1 < os::key_rounds) {
    thread->state += uintptr_t(1) << thread_rounds_shift;
    if (os::set_key(key, thread) == 0)
      return;
    // There is no other round then.
  }
  // Without the mark a later callback is attached as the first one was.
  mark_the_end(key_of(thread->runtime), rounds);
  leave_thread(thread, nullptr);
}

// The key's destructor.
LIBCGO_NOT_INSTRUMENTED LIBCGO_ALIGNS_STACK void end_of_thread(void *value) {
  if (is_mark_of_the_end(value))
    keep_mark(value);
  else
    leave_at_the_end(static_cast<libcgo_thread *>(value));
}

// The destructor where the runtime has a world. The runtime may be closed, and all records
// gone: the member knows.
LIBCGO_NOT_INSTRUMENTED LIBCGO_ALIGNS_STACK void end_of_member(void *value) {
  if (is_mark_of_the_end(value)) {
    keep_mark(value);
    return;
  }
  auto *const m = static_cast<member *>(value);
  if (!is_member_still(m))
    return;
  m->rounds++;
  if (m->foreign == 0 && m->rounds + 1 < os::key_rounds &&
      os::set_key(m->key->key, m) == 0)
    return;
  mark_the_end(m->key, m->rounds);
  leave_thread(nullptr, m);
}

member *member_if_any(const libcgo_runtime *runtime, const libcgo_thread *thread) {
  return has_world(runtime) ? member_of(thread) : nullptr;
}

// If the key keeps the record all the same, its destructor will do this.
void undo_attach(libcgo_runtime *runtime, libcgo_thread *thread, bool ending) {
  if (ending || os::set_key(load_key(runtime), nullptr) == 0)
    leave_thread(thread, member_if_any(runtime, thread));
}

// Attaches the calling thread, which has no record. `ending` tells whether it
// has left for the last time; then nothing but libcgo_detach detaches it.
int attach(libcgo_runtime *runtime, libcgo_thread **attached, bool ending) {
  const libcgo_ops *ops = runtime->ops;
  os::signals_held held(os::signals_of(runtime->open_signals));

  stack_bounds signal_stack = {};
  stack_bounds own;
  if (runtime->signal_stack_size != 0) {
    if (os::has_signal_stack(&own)) {
      if (os::share_signal_stack(own))
        signal_stack = own;
    } else if (!os::map_signal_stack(runtime->signal_stack_size, &signal_stack)) {
      return ENOMEM;
    }
  }

  int err = 0;
  libcgo_thread *thread = ops->acquire(runtime);
  if (thread == nullptr) {
    err = ENOMEM;
  } else {
    err = check_thread(thread);
    if (err == 0)
      err = check_world_thread(runtime, thread);
    if (err == 0)
      err = enter_thread(runtime, thread,
                         {thread_foreign, {}, signal_stack, ending, nullptr});
    if (err == 0 && ops->current(runtime) != thread) {
      undo_attach(runtime, thread, ending);
      return EPROTO;
    }
    if (err != 0)
      ops->release(thread);
  }
  if (err != 0) {
    if (signal_stack.lo != 0)
      os::drop_signal_stack(signal_stack);
    return err;
  }
  const attach_masks masks = {held.previous(), held.end()};
  if (!is_empty(either(without(masks.before, masks.after),
                       without(masks.after, masks.before)))) {
    auto *kept = static_cast<attach_masks *>(malloc(sizeof(attach_masks)));
    if (kept == nullptr) {
      undo_attach(runtime, thread, ending);
      os::set_signal_mask(masks.before);
      return ENOMEM;
    }
    *kept = masks;
    thread->masks = reinterpret_cast<uintptr_t>(kept);
  }
  LIBCGO_PROBE(attach, runtime, thread);
  *attached = thread;
  return 0;
}

// The same. If it succeeds in a runtime with a world, the thread is still expected there.
int attach_expected(libcgo_runtime *runtime, libcgo_thread **attached,
                    bool ending) {
  if (!has_world(runtime))
    return attach(runtime, attached, ending);
  int err = expect_start(runtime);
  if (err != 0)
    return err;
  wait_for_start_of_world(runtime);
  err = attach(runtime, attached, ending);
  if (err != 0)
    forget_start(runtime);
  return err;
}

// fn on a thread that is attached for this only: nothing else detaches it, so a close waits
// until it has left.
[[gnu::noinline]] int call_once(libcgo_runtime *runtime, libcgo_thread *thread,
                                void (*fn)(libcgo_thread *thread, void *arg),
                                void *arg) {
  member *const m = member_of(thread);
  // Of the caller: a callback made from here is below it.
  if (!begin_use_of_attached(runtime, thread, sp_of_caller())) {
    leave_thread(thread, m);
    forget_start(runtime);
    return ESHUTDOWN;
  }
  const int err = call_in_world(runtime, fn, arg);
  leave_thread(thread, m); // which ends the use
  return err;
}

// The calling thread has left for the last time, or would not be told to leave.
bool is_ending(const libcgo_runtime *runtime) {
  return is_mark_of_the_end(os::get_key(load_key(runtime))) ||
         os::thread_is_over();
}

// For a thread without a record: attaches it and calls fn. No frame that fn
// may be unwound through needs undoing: the thread stays attached, unless it is
// ending, and then an exception has nowhere to go.
// Apart, so that a callback on a thread with a record does not pay for its frame.
[[gnu::cold, gnu::noinline]] int
attach_and_call(libcgo_runtime *runtime,
                void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  const int caller_errno = errno;
  int err = check_runtime(runtime);
  if (err == 0)
    err = wait_for_start(&runtime->init);
  if (err == 0 && runtime->ops->acquire == nullptr)
    err = ENOTSUP;
  bool ending = false;
  libcgo_thread *thread = nullptr;
  if (err == 0) {
    os::cancellation_disabled disabled; // gone before fn runs
    err = prepare_runtime(runtime);
    if (err == 0) {
      ending = is_ending(runtime);
      err = attach_expected(runtime, &thread, ending);
    }
  }
  errno = caller_errno;
  if (err != 0)
    return err;
  if (has_world(runtime))
    return ending ? call_once(runtime, thread, fn, arg)
                  : call_attached(runtime, thread, fn, arg);
  LIBCGO_PROBE(callback, runtime, thread);
  fn(thread, arg);
  LIBCGO_PROBE(callback_done, runtime, thread);
  if (ending)
    libcgo_detach(runtime);
  return 0;
}

// m: with a use that ends here.
int detach(libcgo_runtime *runtime, member *m, uintptr_t sp) {
  libcgo_thread *thread =
      m != nullptr ? m->thread : runtime->ops->current(runtime);
  int err = 0;
  if (thread == nullptr)
    err = ESRCH;
  else if ((thread->state & thread_foreign) == 0)
    err = EPERM;
  else if ((thread->state & thread_leaving) != 0 ||
           in_small_stack_call(thread, sp))
    err = EBUSY;
  // While the key has the record it is not released.
  const uintptr_t key = err == 0 ? load_key(runtime) : 0;
  if (err == 0 && !is_mark_of_the_end(os::get_key(key)))
    err = os::set_key(key, nullptr);
  if (err == 0)
    leave_thread(thread, m); // which ends the use, if it is one
  else if (m != nullptr)
    end_use(m);
  return err;
}

} // namespace

int check_runtime(const libcgo_runtime *runtime) {
  if (runtime == nullptr || runtime->size < first_runtime)
    return EINVAL;
  const libcgo_ops *ops = runtime->ops;
  if (ops == nullptr || ops->size < first_ops)
    return EINVAL;
  if (runtime->version != LIBCGO_RECORD_VERSION ||
      ops->version != LIBCGO_RECORD_VERSION)
    return ENOTSUP;
  if (ops->enter == nullptr || ops->leave == nullptr || ops->current == nullptr ||
      (ops->acquire == nullptr) != (ops->release == nullptr))
    return EINVAL;
  return 0;
}

int prepare_runtime(libcgo_runtime *runtime) {
  const bool world = has_world(runtime);
  int err = world ? prepare_world(runtime) : 0;
  if (err == 0)
    err = make_key(runtime, world ? end_of_member : end_of_thread);
  if (err != 0)
    return err;
  if (world)
    publish_key(runtime);
  // The end of a thread calls the library, and the hooks.
  return keep_runtime_mapped(runtime);
}

int enter_thread(libcgo_runtime *runtime, libcgo_thread *thread,
                 const entrance &how) {
  member *const m = has_world(runtime)
                        ? make_member(runtime, thread,
                                      (how.state & thread_foreign) != 0, how.room)
                        : nullptr;
  if (has_world(runtime) && m == nullptr)
    return ENOMEM;
  if (!how.ending) {
    const void *const value = thread;
    int err = os::set_key(load_key(runtime), m != nullptr ? m : value);
    if (err != 0) {
      if (m != nullptr)
        drop_member(m);
      return err;
    }
  }
  thread->runtime = runtime;
  thread->state = how.state | thread_entered;
  begin_stacks(thread);
  thread->stack_lo = how.stack.lo;
  thread->stack_hi = how.stack.hi;
  thread->signal_stack = how.signal_stack.lo;
  thread->signal_stack_bytes = how.signal_stack.hi - how.signal_stack.lo;
  thread->masks = 0;
  if (m != nullptr)
    join_world(m);
  if (how.signal_stack.lo != 0)
    os::set_signal_stack(how.signal_stack);
  runtime->ops->enter(thread);
  return 0;
}

} // namespace cgo

extern "C" {

int libcgo_ops_init(libcgo_ops *ops, size_t size) {
  return cgo::begin_versioned_record(ops, size, cgo::first_ops);
}

int libcgo_runtime_init(libcgo_runtime *runtime, size_t size,
                        const libcgo_ops *ops) {
  const int err = cgo::begin_versioned_record(runtime, size, cgo::first_runtime);
  if (err != 0)
    return err;
  runtime->ops = ops;
  return libcgo_init_init(&runtime->init, sizeof runtime->init);
}

int libcgo_thread_init(libcgo_thread *thread, size_t size) {
  return cgo::begin_versioned_record(thread, size, cgo::first_thread);
}

int libcgo_attach(libcgo_runtime *runtime, libcgo_thread **thread) {
  using namespace cgo;
  int err = check_runtime(runtime);
  if (err != 0)
    return err;
  if (has_world(runtime) && is_closed(runtime))
    return ESHUTDOWN; // a record that current() knows may be gone
  libcgo_thread *record = runtime->ops->current(runtime);
  if (record != nullptr) {
    // Nothing is called for a thread that asks again.
    if (thread != nullptr)
      *thread = record;
    return EALREADY;
  }
  if (runtime->ops->acquire == nullptr)
    return ENOTSUP;
  const int caller_errno = errno;
  {
    os::cancellation_disabled disabled;
    err = prepare_runtime(runtime);
    if (err == 0)
      err = is_ending(runtime) ? ECANCELED
                               : attach_expected(runtime, &record, false);
    if (err == 0 && has_world(runtime))
      forget_start(runtime);
  }
  if (thread != nullptr && record != nullptr)
    *thread = record;
  errno = caller_errno;
  return err;
}

int libcgo_detach(libcgo_runtime *runtime) {
  using namespace cgo;
  int err = check_runtime(runtime);
  if (err != 0)
    return err;
  member *m = nullptr;
  if (has_world(runtime)) {
    // The runtime may be closed meanwhile, but not before end_use.
    m = begin_use(runtime, sp_of_caller());
    if (m == nullptr)
      return is_closed(runtime) ? ESHUTDOWN : ESRCH;
    if (m->callbacks > 1)
      err = EBUSY;
  }
  const int caller_errno = errno;
  if (err == 0)
    err = detach(runtime, m, sp_of_caller());
  else
    end_use(m);
  errno = caller_errno;
  return err;
}

// Up to fn only what every callback pays for. No thread has a record before the
// runtime is pinned, and by then its hooks have been looked at.
int libcgo_callback(libcgo_runtime *runtime,
                    void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  if (fn == nullptr)
    return EINVAL;
  if (runtime != nullptr && runtime->size >= cgo::first_runtime) {
    if (__atomic_load_n(&runtime->pinned, __ATOMIC_RELAXED) != 0) {
      libcgo_thread *thread = runtime->ops->current(runtime);
      if (__builtin_expect(thread != nullptr, true)) {
        LIBCGO_PROBE(callback, runtime, thread);
        fn(thread, arg);
        LIBCGO_PROBE(callback_done, runtime, thread);
        return 0;
      }
    } else if (cgo::has_world(runtime)) {
      const int err = cgo::call_in_world(runtime, fn, arg);
      if (err != cgo::not_in_world)
        return err;
    }
  }
  return cgo::attach_and_call(runtime, fn, arg);
}

int libcgo_runtime_end(libcgo_runtime *runtime) {
  using namespace cgo;
  const int err = check_runtime(runtime);
  if (err != 0)
    return err;
  // Where it is closed, current() may still know a record that is gone.
  if (!(has_world(runtime) && is_closed(runtime)) &&
      runtime->ops->current(runtime) != nullptr)
    return EBUSY;
  give_key_back(runtime);
  forget_keeping(runtime);
  forget_world(runtime);
  for (uintptr_t &word : runtime->traceback)
    word = 0;
  runtime->init = LIBCGO_INIT;
  return 0;
}

} // extern "C"
