// SPDX-License-Identifier: BSD-3-Clause
//
// Keeping the object of a runtime's hooks mapped.
//
// Only the loader can do that, and it has a lock. When a thread calls a runtime for the
// first time, another thread may have that lock and wait for this call: a constructor of an
// object that is being loaded, for instance. Or the call comes in a forked child, in which
// nobody will give the lock back. So another thread asks the loader, and the caller waits
// for it; when that thread has waited for a tenth of a second, it has met that lock, and the
// caller goes on. Where much else runs, it may take longer to begin. Mostly there is nothing to
// ask: the hooks are in the program, or in an object that is never unmapped.
//
// libcgo_runtime::pinned is 0, or kept, or the address of a request. A request stays there
// while the runtime exists, because threads that have loaded its address still read it.
#include "kit/keep.h"

#include <errno.h>
#include <stddef.h>

#include "core/platform.h"
#include "kit/world.h"

namespace cgo {

namespace {

constexpr uintptr_t kept = 1;
constexpr uintptr_t patience_ms = 100;
constexpr int most_waits = 20; // looks at which it is seen to wait
constexpr int most_looks = 10000;
constexpr int most_addresses = 3;
// What the loader needs of the stack of the thread that asks, in bytes. The C library may take
// much more from it, for thread-local storage: what the threads of the program have is enough.
constexpr size_t stack_bytes = 128 * 1024;

enum : uint32_t { not_asked, under_way, done, refused };

// The thread that asks and the runtime own it: the later one frees it.
struct request {
  const void *addresses[most_addresses];
  int count;
  uint32_t state;
  uint32_t owners;
  int process;       // the process whose thread asks
  long thread;       // the thread that asks, or 0: it has not begun
  uint32_t given_up; // callers no longer wait
};

uintptr_t now_ms() { return static_cast<uintptr_t>(os::now_ms()); }

void let_go(request *r) {
  if (__atomic_sub_fetch(&r->owners, 1, __ATOMIC_ACQ_REL) == 0)
    os::unmap(r, sizeof *r);
}

uint32_t state_of(const request *r) {
  return __atomic_load_n(&r->state, __ATOMIC_ACQUIRE);
}

bool keep_all(const request *r) {
  for (int i = 0; i < r->count; i++)
    if (!os::keep_mapped(r->addresses[i]))
      return false;
  return true;
}

void *ask_the_loader(void *p) {
  auto *r = static_cast<request *>(p);
  __atomic_store_n(&r->thread, os::thread_number(), __ATOMIC_RELAXED);
  __atomic_store_n(&r->state, keep_all(r) ? done : refused, __ATOMIC_RELEASE);
  let_go(r);
  return nullptr;
}

// In this thread, where there is no other to be had.
void ask(request *r) {
  __atomic_store_n(&r->process, os::process_id(), __ATOMIC_RELAXED);
  __atomic_store_n(&r->thread, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&r->given_up, 0, __ATOMIC_RELAXED);
  __atomic_add_fetch(&r->owners, 1, __ATOMIC_RELAXED);
  bool asked;
  {
    os::signals_held held({}); // the new thread inherits this
    asked = os::create_thread({os::default_stack_size() + stack_bytes, 0},
                              ask_the_loader, r) == 0;
  }
  if (!asked)
    ask_the_loader(r);
}

const void *address(void (*function)(libcgo_thread *)) {
  return reinterpret_cast<const void *>(function);
}

void list_hooks(const libcgo_ops *ops, request *r) {
  const void *const all[most_addresses] = {
      reinterpret_cast<const void *>(keep_runtime_mapped), address(ops->leave),
      address(ops->release)};
  for (const void *where : all)
    if (where != nullptr && !os::stays_mapped(where))
      r->addresses[r->count++] = where;
}

// The request of the runtime, or nullptr: there is nothing to ask for, or no memory.
request *find_request(libcgo_runtime *runtime, int *err) {
  uintptr_t *const pinned = pinned_word(runtime);
  uintptr_t now = __atomic_load_n(pinned, __ATOMIC_ACQUIRE);
  if (now == kept)
    return nullptr;
  if (now != 0)
    return reinterpret_cast<request *>(now);
  request first = {};
  list_hooks(runtime->ops, &first);
  uintptr_t mine = kept;
  if (first.count != 0) {
    auto *r = static_cast<request *>(os::map_zeroed(sizeof(request)));
    if (r == nullptr) {
      *err = ENOMEM;
      return nullptr;
    }
    *r = first;
    r->owners = 1;
    mine = reinterpret_cast<uintptr_t>(r);
  }
  if (!__atomic_compare_exchange_n(pinned, &now, mine, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE)) {
    if (mine != kept) // another thread was first
      os::unmap(reinterpret_cast<void *>(mine), sizeof(request));
    mine = now;
  }
  return mine == kept ? nullptr : reinterpret_cast<request *>(mine);
}

// Waits for the answer, as long as the thread that asks does not seem to wait, too. The time
// alone does not tell: the caller may not have had a CPU either.
void wait_for_answer(request *r) {
  uintptr_t waits_since = 0;
  // Looks at which it waited, without one between at which it did not.
  int waits = 0;
  for (int looks = 1; state_of(r) == under_way &&
                      __atomic_load_n(&r->given_up, __ATOMIC_RELAXED) == 0;
       os::sleep_ms(1)) {
    const uintptr_t now = now_ms();
    if (!os::thread_waits(__atomic_load_n(&r->thread, __ATOMIC_RELAXED)))
      waits = 0;
    else if (waits++ == 0)
      waits_since = now;
    if ((waits >= most_waits && now - waits_since >= patience_ms) ||
        looks++ == most_looks)
      __atomic_store_n(&r->given_up, 1, __ATOMIC_RELAXED);
  }
}

} // namespace

int keep_runtime_mapped(libcgo_runtime *runtime) {
  int err = 0;
  request *r = find_request(runtime, &err);
  if (r == nullptr)
    return err;
  uint32_t state = state_of(r);
  // Of a parent's thread no child hears.
  const bool abandoned =
      state == under_way &&
      __atomic_load_n(&r->process, __ATOMIC_RELAXED) != os::process_id();
  if ((state == not_asked || state == refused || abandoned) &&
      __atomic_compare_exchange_n(&r->state, &state, under_way, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    ask(r);
  wait_for_answer(r);
  return state_of(r) == refused ? EPERM : 0;
}

void forget_keeping(libcgo_runtime *runtime) {
  const uintptr_t now =
      __atomic_exchange_n(pinned_word(runtime), uintptr_t{0}, __ATOMIC_ACQ_REL);
  if (now > kept)
    let_go(reinterpret_cast<request *>(now));
}

} // namespace cgo
