// SPDX-License-Identifier: BSD-3-Clause
#include <libcgo/thread.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/probe.h"
#include "core/report.h"
#include "kit/record.h"
#include "kit/runtime.h"
#include "kit/world.h"
#include "core/start.h"

namespace cgo {

namespace {

constexpr char create_call[] = "libcgo_thread_create";

// The sizes of the records in the first release, in bytes. Later releases append to them.
constexpr size_t first_attr = 8 + 15 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_thread_attr, reserved) +
                      sizeof(libcgo_thread_attr::reserved) ==
                  first_attr,
              "");
constexpr size_t limit_members =
    8 + 2 * sizeof(unsigned long long) + 3 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_limit, remedy) + sizeof(libcgo_limit::remedy) ==
                  limit_members,
              "");
// With what fills the last word, where a number of 64 bits is aligned and a pointer has 32.
constexpr size_t first_limit = (limit_members + alignof(libcgo_limit) - 1) /
                               alignof(libcgo_limit) * alignof(libcgo_limit);

// The word by which the new thread tells a waiting creator how its start went.
constexpr uint32_t not_yet = 0;
constexpr uint32_t told = 1u << 31; // and an errno value, or 0

struct kit_start : thread_start {
  libcgo_runtime *runtime;
  libcgo_thread *thread;
  void (*fn)(libcgo_thread *thread, void *arg);
  void *arg;
  stack_bounds signal_stack;
  const void *cpus; // with `answer`: the creator's memory
  size_t cpus_size;
  uint32_t *answer; // NULL: nobody waits
  void *room;       // for its member, in a runtime with a world
  bool named;
  char name[64];
};

void drop(kit_start *start) {
  free(start->room);
  free(start);
}

void tell(uint32_t *answer, int err) {
  __atomic_store_n(answer, told | static_cast<uint32_t>(err), __ATOMIC_RELEASE);
  // The creator's frame may be gone by now: waking looks at no memory.
  os::wake_all(answer);
}

bool enter(thread_start *record, uintptr_t here) {
  auto *start = static_cast<kit_start *>(record);
  os::cancellation_disabled disabled; // a hook may come by such a point
  if (start->named)
    os::set_thread_name(start->name);
  if (start->answer != nullptr) {
    const int err = os::set_thread_cpus(start->cpus, start->cpus_size);
    uint32_t *answer = start->answer;
    if (err != 0) {
      if (has_world(start->runtime))
        forget_start(start->runtime);
      drop(start);
    }
    tell(answer, err);
    if (err != 0)
      return false;
  }
  // A thread that has one already, by a sanitizer or who stands between the library
  // and pthread_create, keeps it.
  stack_bounds own;
  if (start->signal_stack.lo != 0 && os::has_signal_stack(&own)) {
    os::drop_signal_stack(start->signal_stack);
    start->signal_stack = os::share_signal_stack(own) ? own : stack_bounds{};
  }
  const int err = enter_thread(start->runtime, start->thread,
                               {0, new_thread_bounds(start, here),
                                start->signal_stack, false, start->room});
  if (err != 0)
    message(create_call)
        .text("the new thread's record cannot be kept by its key: ")
        .error(err)
        .fatal(start->runtime->ops->fatal);
  LIBCGO_PROBE(thread_start, start->runtime, start->thread);
  return true;
}

void run(thread_start *record) {
  auto *start = static_cast<kit_start *>(record);
  auto *const fn = start->fn;
  libcgo_thread *const thread = start->thread;
  void *const arg = start->arg;
  free(start);
  if ((thread->state & thread_world) != 0)
    run_managed(thread, fn, arg);
  else
    fn(thread, arg);
}

int check_attr(const libcgo_thread_attr *attr) {
  if (attr->size < first_attr ||
      (attr->cpus == nullptr) != (attr->cpus_size == 0))
    return EINVAL;
  return attr->version == LIBCGO_RECORD_VERSION ? 0 : ENOTSUP;
}

int map_stack(kit_start *start, const libcgo_thread_attr *attr) {
  size_t bytes = attr->signal_stack_size;
  if (bytes == 0)
    bytes = start->runtime->signal_stack_size;
  if (bytes == 0 || bytes == LIBCGO_NO_SIGNAL_STACK)
    return 0;
  return os::map_signal_stack(bytes, &start->signal_stack) ? 0 : ENOMEM;
}

int apply(kit_start *start, const libcgo_thread_attr *attr) {
  start->shape.stack_size = attr->stack_size;
  start->shape.guard_size = attr->guard_size; // the same word for none
  if (attr->signal_mask != nullptr) {
    start->mask_kind = start_mask::given;
    const int err = os::read_signal_mask(attr->signal_mask, &start->mask);
    if (err != 0)
      return err;
  }
  if (attr->name != nullptr) {
    start->named = true;
    for (size_t i = 0; i < sizeof start->name - 1 && attr->name[i] != '\0'; i++)
      start->name[i] = attr->name[i];
  }
  start->cpus = attr->cpus;
  start->cpus_size = attr->cpus_size;
  return 0;
}
static_assert(LIBCGO_NO_GUARD == no_guard, "");

void report(const thread_limit &found, libcgo_limit *limit) {
  limit->value = found.value;
  limit->used = found.used;
  limit->name = found.name;
  limit->unit = found.unit;
  limit->remedy = found.remedy;
}

// After an error the record is gone.
int create(kit_start *start, const libcgo_thread_attr *attr) {
  int err = apply(start, attr);
  if (err == 0)
    err = map_stack(start, attr);
  libcgo_runtime *const expecting =
      has_world(start->runtime) ? start->runtime : nullptr;
  if (err == 0 && expecting != nullptr) {
    // Here: the new thread could not tell that there is no memory.
    start->room = malloc(sizeof(member));
    err = start->room != nullptr ? expect_start(expecting) : ENOMEM;
    if (err != 0 && start->signal_stack.lo != 0)
      os::drop_signal_stack(start->signal_stack);
  }
  if (err != 0) {
    drop(start);
    return err;
  }
  alignas(4) uint32_t answer = not_yet; // some ABIs have words at 2 bytes
  if (attr->cpus != nullptr)
    start->answer = &answer;
  const stack_bounds signal_stack = start->signal_stack;
  err = start_thread(start);
  if (err != 0) {
    if (expecting != nullptr)
      forget_start(expecting);
    drop(start);
  } else if (attr->cpus != nullptr) { // who is refused them frees it
    uint32_t now;
    while ((now = __atomic_load_n(&answer, __ATOMIC_ACQUIRE)) == not_yet)
      os::wait_while(&answer, not_yet);
    err = static_cast<int>(now & ~told);
  }
  if (err != 0 && signal_stack.lo != 0)
    os::drop_signal_stack(signal_stack);
  return err;
}

} // namespace
} // namespace cgo

extern "C" {

int libcgo_thread_attr_init(libcgo_thread_attr *attr, size_t size) {
  return cgo::begin_versioned_record(attr, size, cgo::first_attr);
}

int libcgo_limit_init(libcgo_limit *limit, size_t size) {
  return cgo::begin_record(limit, size, cgo::first_limit);
}

int libcgo_thread_create(libcgo_runtime *runtime, libcgo_thread *thread,
                         const libcgo_thread_attr *attr,
                         void (*fn)(libcgo_thread *thread, void *arg),
                         void *arg, libcgo_limit *limit) {
  using namespace cgo;
  static constexpr libcgo_thread_attr defaults = LIBCGO_THREAD_ATTR_INIT;
  if (attr == nullptr)
    attr = &defaults;
  int err = check_runtime(runtime);
  if (err == 0)
    err = check_thread(thread);
  if (err == 0)
    err = check_world_thread(runtime, thread);
  if (err == 0)
    err = check_attr(attr);
  if (err == 0 &&
      (fn == nullptr || (limit != nullptr && limit->size < first_limit)))
    err = EINVAL;
  if (err != 0)
    return err;

  const int caller_errno = errno;
  {
    os::cancellation_disabled disabled;
    err = prepare_runtime(runtime);
    if (err == EAGAIN && limit != nullptr)
      report(os::key_limit(), limit);
    if (err == 0) {
      auto *start = static_cast<kit_start *>(calloc(1, sizeof(kit_start)));
      if (start == nullptr) {
        err = ENOMEM;
      } else {
        start->enter = enter;
        start->run = run;
        start->call = create_call;
        start->fatal = runtime->ops->fatal;
        start->open = os::signals_of(runtime->open_signals);
        start->runtime = runtime;
        start->thread = thread;
        start->fn = fn;
        start->arg = arg;
        err = create(start, attr);
        if (err == EAGAIN && limit != nullptr)
          report(os::find_thread_limit({attr->stack_size, attr->guard_size}),
                 limit);
      }
    }
  }
  errno = caller_errno;
  return err;
}

size_t libcgo_limit_text(const libcgo_limit *limit, char *buffer, size_t size) {
  cgo::message text;
  if (limit == nullptr || limit->size < cgo::first_limit)
    text.text("no record of a limit");
  else
    text.limit(
        {limit->name, limit->value, limit->used, limit->unit, limit->remedy});
  const char *s = text.get();
  size_t n = 0;
  for (; s[n] != '\0'; n++)
    if (n + 1 < size)
      buffer[n] = s[n];
  if (size != 0)
    buffer[n < size ? n : size - 1] = '\0';
  return n;
}

} // extern "C"
