// SPDX-License-Identifier: BSD-3-Clause
//
// The Go face: the C half of Go's runtime/cgo on the core. What belongs to a Go
// runtime is in the record that its own object has; what belongs to a thread, in one
// that the runtime's thread key holds.
#include <libcgo/go.h>

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/arch.h"
#include "core/report.h"
#include "kit/runtime.h"
#include "kit/stack.h"
#include "core/start.h"

namespace cgo {

namespace {

constexpr char init_call[] = "x_cgo_init";
constexpr char thread_start_call[] = "x_cgo_thread_start";
constexpr char thread_create_call[] = "x_cgo_sys_thread_create";

// What the first release had; later ones only add.
constexpr size_t first_go = sizeof(libcgo_go);

// A sanitizer sees the accesses of C code and not what Go does between them: the
// code that Go is built with says when memory changes hands.
void acquire(const libcgo_go *go) {
  if (go->acquire != nullptr)
    go->acquire();
}
void release(const libcgo_go *go) {
  if (go->release != nullptr)
    go->release();
}

// What this library, which no sanitizer sees, has written for the client's C code.
template <class Argument>
void give(const libcgo_go *go, const Argument *argument) {
  if (go->unpoison != nullptr)
    go->unpoison(argument, sizeof *argument);
}

// ---- what a thread keeps for a Go runtime ----

struct go_thread {
  libcgo_go *go;
  void *g;          // of a thread of C: to be given back at its end; or NULL
  libcgo_go_g *g0;  // of a thread of Go: has the bounds that Go checks; or NULL
  stack_bounds own; // of its own stack; zeros before they are known
  stack_bounds *others; // that its C code has switched to: most_others; or NULL
  void *block;          // what to free: this, or what it is a part of
};

// The key's destructor. Go's dropm may be followed by another callback, from the
// destructor of another key, and that by another round.
void end_of_thread(void *value) {
  auto *thread = static_cast<go_thread *>(value);
  libcgo_go *const go = thread->go;
  void *const g = thread->g;
  free(thread->others);
  free(thread->block);
  // NULL for the function means dropm.
  if (g != nullptr && *go->crosscall2 != nullptr)
    (*go->crosscall2)(nullptr, g, 0, 0);
}

// 0 is a key, too. Constant once the runtime has begun.
bool has_key(const libcgo_go *go) { return go->key != 0; }
uintptr_t key_of(const libcgo_go *go) { return go->key - 1; }

go_thread *find_this_thread(const libcgo_go *go) {
  return has_key(go) ? static_cast<go_thread *>(os::get_key(key_of(go)))
                     : nullptr;
}

// The calling thread's record; NULL if there is no memory or no key for one.
go_thread *this_thread(libcgo_go *go) {
  go_thread *thread = find_this_thread(go);
  if (thread != nullptr || !has_key(go))
    return thread;
  thread = static_cast<go_thread *>(malloc(sizeof(go_thread)));
  if (thread == nullptr)
    return nullptr;
  *thread = {};
  thread->go = go;
  thread->block = thread;
  if (os::set_key(key_of(go), thread) != 0) {
    free(thread);
    return nullptr;
  }
  return thread;
}

// Other stacks are remembered by the address at which Go was called on them.
// Coroutines are many, and a call is mostly made from a place near the last one.
constexpr uintptr_t most_others = 512;
stack_bounds *place_of_other(const go_thread *thread, uintptr_t sp) {
  constexpr uint32_t golden_ratio = 0x9e3779b9; // spreads numbers in a row
  const uint32_t mixed = static_cast<uint32_t>(sp >> 13) * golden_ratio;
  return &thread->others[mixed >> 23];
}
static_assert(most_others == 1u << (32 - 23), "");

// Another stack may have come since to the place of one that is remembered. Where
// little is left of the old one, or half of it, the system is asked again.
bool contains_well(const stack_bounds &stack, uintptr_t sp) {
  constexpr uintptr_t enough = 32 * 1024; // what Go takes for granted
  const uintptr_t half = (stack.hi - stack.lo) / 2;
  return sp < stack.hi && sp >= stack.lo + (half < enough ? half : enough);
}

// The bounds of the stack that the calling thread runs on at sp. On its own stack,
// and on one that is remembered, a few loads.
int find_stack(go_thread *thread, uintptr_t sp, stack_bounds *bounds) {
  auto is_in = [sp](const stack_bounds &stack) {
    return sp - stack.lo < stack.hi - stack.lo;
  };
  *bounds = thread->own;
  if (is_in(*bounds))
    return 0;
  if (thread->others != nullptr) {
    *bounds = *place_of_other(thread, sp);
    if (contains_well(*bounds, sp))
      return 0;
  }
  const int caller_errno = errno;
  os::cancellation_disabled disabled;
  int err = 0;
  if (thread->own.hi == 0)
    err = os::own_stack_bounds(&thread->own);
  *bounds = thread->own;
  if (err == 0 && !is_in(*bounds)) {
    *bounds = {};
    if (!os::find_signal_stack(sp, bounds)) {
      err = os::mapping_bounds(sp, bounds);
      if (thread->others == nullptr)
        thread->others = static_cast<stack_bounds *>(
            calloc(most_others, sizeof(stack_bounds)));
      if (err == 0 && thread->others != nullptr)
        *place_of_other(thread, sp) = *bounds;
    }
  }
  errno = caller_errno;
  return err;
}

// A Go that has a place for crosscall2 can give threads of C back by the key; else
// it gives them back after each call.
void publish_key(libcgo_go *go) {
  if (has_key(go) && go->key_created != nullptr && go->crosscall2 != nullptr &&
      *go->crosscall2 != nullptr)
    __atomic_store_n(go->key_created, 1, __ATOMIC_RELEASE);
}

// Go takes it for sure that C calls it on the stack on which it has called C, and
// stops the process when a stack pointer is outside of that. So where C has changed
// stacks (coroutines, fibers), the bounds of a thread of Go's own grow to have both
// in them: a panic may leave the call without a sign, so they cannot change back.
// The end of the stack is then found by its guard page and no longer by Go. On a
// thread of C newer releases of Go ask for bounds by themselves.
[[gnu::noinline]] void widen_bounds(const libcgo_go *go, uintptr_t sp) {
  go_thread *const thread = find_this_thread(go);
  libcgo_go_g *const g0 = thread->g0;
  stack_bounds found;
  if (find_stack(thread, sp, &found) != 0)
    return; // Go says what it thinks of it
  if (found.lo < g0->stacklo) {
    // The guards keep their distance.
    const uintptr_t down = g0->stacklo - found.lo;
    g0->stackguard0 -= down;
    g0->stackguard1 -= down;
    g0->stacklo -= down;
  }
  if (found.hi > g0->stackhi)
    g0->stackhi = found.hi;
}

// ---- threads ----

struct go_start : thread_start {
  libcgo_go *go;
  libcgo_go_start start;
  go_thread thread;
};

bool enter_go(thread_start *, uintptr_t) { return true; }

void run_go(thread_start *record) {
  auto *own = static_cast<go_start *>(record);
  libcgo_go *const go = own->go;
  const libcgo_go_start start = own->start;
  acquire(go);
  own->thread = {};
  own->thread.go = go;
  own->thread.g0 = start.g;
  own->thread.block = own;
  if (!has_key(go) || os::set_key(key_of(go), &own->thread) != 0)
    free(own); // then its bounds stay what they are
  release(go);
  libcgo_crosscall_g(start.fn, go->setg, start.g);
}

struct plain_start : thread_start {
  void *(*fn)(void *arg);
  void *arg;
};

void run_plain(thread_start *record) {
  const plain_start own = *static_cast<plain_start *>(record);
  free(record);
  own.fn(own.arg);
}

void start_or_stop(thread_start *record) {
  const int err = start_thread(record);
  if (err != 0)
    no_thread(record->call, err);
}

[[gnu::noinline]] void wait_and_publish(libcgo_go *go) {
  if (libcgo_init_wait(&go->init) != 0)
    message("_cgo_wait_runtime_init_done")
        .text("the process was forked while Go was starting: ECANCELED: call Go "
              "before a fork, or run another program after it")
        .fatal();
  publish_key(go);
  __atomic_store_n(&go->ready, 1, __ATOMIC_RELEASE);
}

[[gnu::noinline]] uintptr_t make_context(const libcgo_go *go,
                                         void (*fn)(libcgo_go_context *arg)) {
  libcgo_go_context arg = {0};
  give(go, &arg);
  fn(&arg);
  return arg.context;
}

template <class Function> void store(Function **place, Function *function) {
  __atomic_store_n(place, function, __ATOMIC_RELEASE);
}
template <class Function> Function *load(Function *const *place) {
  return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

} // namespace

} // namespace cgo

extern "C" {

// ---- start-up ----

void libcgo_go_init(libcgo_go *go, libcgo_go_g *g, void (*setg)(void *g)) {
  using namespace cgo;
  if (go->size < first_go || go->version != LIBCGO_GO_VERSION)
    message(init_call)
        .text("the program's record has ")
        .number(go->size)
        .text(" bytes and version ")
        .number(go->version)
        .text(", and this library knows version ")
        .number(LIBCGO_GO_VERSION)
        .text(": build the program again with libcgo-go, or install the "
              "library that it was built with")
        .fatal();
  libcgo_init_begin(&go->init); // of a library the shim has done it
  go->setg = setg;
  uintptr_t key;
  if (os::create_key(end_of_thread, &key) == 0)
    go->key = key + 1;
  if (go_thread *const thread = this_thread(go))
    thread->g0 = g;
  uintptr_t bounds[2];
  libcgo_go_getstackbound(go, bounds);
  g->stacklo = bounds[0];
  if (g->stacklo >= g->stackhi)
    message(init_call)
        .text("the initial stack's low end, ")
        .hex(g->stacklo)
        .text(", is not below the place where Go runs, ")
        .hex(g->stackhi)
        .fatal();
}

void libcgo_go_notify_runtime_init_done(libcgo_go *go) {
  libcgo_init_begin(&go->init);
  libcgo_init_done(&go->init);
}

// Before each callback: what is rare is done elsewhere, and needs no registers here.
uintptr_t libcgo_go_wait_runtime_init_done(libcgo_go *go) {
  using namespace cgo;
  if (__builtin_expect(__atomic_load_n(&go->ready, __ATOMIC_ACQUIRE) == 0, false))
    wait_and_publish(go);
  if (const go_thread *const thread = find_this_thread(go))
    if (const libcgo_go_g *const g0 = thread->g0) {
      const uintptr_t sp = here();
      if (__builtin_expect(sp - g0->stacklo >= g0->stackhi - g0->stacklo, false))
        widen_bounds(go, sp);
    }
  auto *const context = load(&go->context);
  return __builtin_expect(context == nullptr, true) ? 0
                                                    : make_context(go, context);
}

// ---- threads ----

void libcgo_go_thread_start(libcgo_go *go, const libcgo_go_start *start) {
  using namespace cgo;
  acquire(go);
  auto *record = static_cast<go_start *>(malloc(sizeof(go_start)));
  release(go);
  if (record == nullptr)
    no_thread(thread_start_call, ENOMEM);
  record->enter = enter_go;
  record->run = run_go;
  record->call = thread_start_call;
  record->fatal = nullptr;
  record->shape = {};
  record->mask_kind = start_mask::held;
  record->open = {};
  record->held_at_the_end = false;
  record->go = go;
  record->start = *start;
  // Go finds the bounds by this and by its stack pointer.
  start->g->stackhi = os::default_stack_size();
  start_or_stop(record);
}

void libcgo_go_sys_thread_create(void *(*fn)(void *), void *arg) {
  using namespace cgo;
  auto *record = static_cast<plain_start *>(malloc(sizeof(plain_start)));
  if (record == nullptr)
    no_thread(thread_create_call, ENOMEM);
  record->enter = enter_go;
  record->run = run_plain;
  record->call = thread_create_call;
  record->fatal = nullptr;
  record->shape = {};
  record->mask_kind = start_mask::of_creator;
  record->open = {};
  record->held_at_the_end = false;
  record->fn = fn;
  record->arg = arg;
  start_or_stop(record);
}

void libcgo_go_getstackbound(libcgo_go *go, uintptr_t bounds[2]) {
  using namespace cgo;
  const uintptr_t sp = here();
  go_thread *const thread = this_thread(go);
  stack_bounds found = {};
  if (thread != nullptr) {
    if (find_stack(thread, sp, &found) != 0)
      found = {};
  } else {
    libcgo_bounds looked_up;
    if (libcgo_stack_bounds(nullptr, &looked_up) == 0)
      found = {looked_up.lo, looked_up.hi};
  }
  bounds[0] = found.lo;
  bounds[1] = found.hi;
}

void libcgo_go_bindm(libcgo_go *go, void *g) {
  using namespace cgo;
  go_thread *const thread = this_thread(go);
  if (thread == nullptr)
    message("x_cgo_bindm")
        .text("no memory for the record of a thread: ENOMEM")
        .fatal();
  thread->g = g;
}

// ---- tracebacks ----

void libcgo_go_set_context_function(libcgo_go *go,
                                    void (*fn)(libcgo_go_context *arg)) {
  cgo::store(&go->context, fn);
}

void libcgo_go_release_context(libcgo_go *go, uintptr_t context) {
  auto *const fn = cgo::load(&go->context);
  if (context == 0 || fn == nullptr)
    return;
  libcgo_go_context arg = {context};
  cgo::give(go, &arg);
  fn(&arg);
}

void libcgo_go_set_traceback_functions(libcgo_go *go,
                                       const libcgo_go_tracebacks *functions) {
  cgo::store(&go->traceback, functions->traceback);
  cgo::store(&go->context, functions->context);
  cgo::store(&go->symbolizer, functions->symbolizer);
}

void libcgo_go_call_traceback_function(libcgo_go *go, libcgo_go_traceback *arg) {
  auto *const fn = cgo::load(&go->traceback);
  if (fn == nullptr)
    return;
  cgo::acquire(go);
  fn(arg);
  cgo::release(go);
}

void libcgo_go_call_symbolizer_function(libcgo_go *go, libcgo_go_symbolizer *arg) {
  auto *const fn = cgo::load(&go->symbolizer);
  if (fn == nullptr)
    return;
  cgo::acquire(go);
  fn(arg);
  cgo::release(go);
}

void libcgo_go_callers(libcgo_go *go, uintptr_t signal, void *info,
                       void *context, void (*traceback)(libcgo_go_traceback *arg),
                       uintptr_t *buffer,
                       void (*sigtramp)(uintptr_t signal, void *info,
                                        void *context)) {
  constexpr uintptr_t go_max = 32; // what Go's buffer has room for
  libcgo_go_traceback arg = {0, reinterpret_cast<uintptr_t>(context), buffer,
                             go_max};
  cgo::give(go, &arg);
  cgo::acquire(go);
  traceback(&arg);
  cgo::release(go);
  sigtramp(signal, info, context);
}

// ---- C's functions that must be called in C's own way ----

// Go's runtime has a lock around these. NOLINTBEGIN(concurrency-mt-unsafe)

void libcgo_go_setenv(char **name_and_value) {
  setenv(name_and_value[0], name_and_value[1], 1);
}
void libcgo_go_unsetenv(char **name) { unsetenv(name[0]); }
void libcgo_go_clearenv(void) { clearenv(); }
// NOLINTEND(concurrency-mt-unsafe)

uintptr_t libcgo_go_mmap(void *address, uintptr_t length, int32_t protection,
                         int32_t flags, int32_t fd, uint32_t offset) {
  void *const mapped =
      mmap(address, length, protection, flags, fd, static_cast<off_t>(offset));
  return mapped == MAP_FAILED ? static_cast<uintptr_t>(errno)
                              : reinterpret_cast<uintptr_t>(mapped);
}

void libcgo_go_munmap(void *address, uintptr_t length) {
  using namespace cgo;
  if (munmap(address, length) != 0)
    message("x_cgo_munmap")
        .text("the mapping of ")
        .number(static_cast<long long>(length))
        .text(" bytes at ")
        .hex(reinterpret_cast<uintptr_t>(address))
        .text(" cannot be given back: ")
        .error(errno)
        .fatal();
}

// Go's flags and signal numbers are the system's; its mask has a bit per signal,
// from signal 1 on.
int32_t libcgo_go_sigaction(intptr_t signal, const libcgo_go_action *action,
                            libcgo_go_action *old) {
  constexpr uintptr_t sa_restorer = 0x04000000; // the C library's own affair
  constexpr int last_signal = 64;
  struct sigaction now = {}, before = {};
  if (action != nullptr) {
    // One address for handlers of both kinds: they are in a union.
    now.sa_handler = reinterpret_cast<void (*)(int)>(action->handler);
    now.sa_flags = static_cast<int>(action->flags & ~sa_restorer);
    sigemptyset(&now.sa_mask);
    for (int i = 1; i <= last_signal; i++)
      if ((action->mask >> (i - 1) & 1) != 0)
        sigaddset(&now.sa_mask, i);
  }
  if (sigaction(static_cast<int>(signal), action != nullptr ? &now : nullptr,
                old != nullptr ? &before : nullptr) != 0)
    return errno;
  if (old != nullptr) {
    old->handler = reinterpret_cast<uintptr_t>(before.sa_handler);
    old->flags = static_cast<unsigned>(before.sa_flags);
    old->mask = 0;
    for (int i = 1; i <= last_signal; i++)
      if (sigismember(&before.sa_mask, i) == 1)
        old->mask |= uint64_t{1} << (i - 1);
  }
  return 0;
}

// The C library's functions change all threads of the process.
#define LIBCGO_GO_SET(name, ...)                                                \
  void libcgo_go_##name(libcgo_go_args *x) {                                    \
    const uintptr_t *const a = x->args;                                         \
    const auto result = static_cast<uintptr_t>(name(__VA_ARGS__));              \
    x->retval = result == UINTPTR_MAX ? static_cast<uintptr_t>(errno) : result; \
  }
#define LIBCGO_GO_GID(i) static_cast<gid_t>(a[i])
#define LIBCGO_GO_UID(i) static_cast<uid_t>(a[i])
LIBCGO_GO_SET(setegid, LIBCGO_GO_GID(0))
LIBCGO_GO_SET(seteuid, LIBCGO_GO_UID(0))
LIBCGO_GO_SET(setgid, LIBCGO_GO_GID(0))
LIBCGO_GO_SET(setgroups, a[0], reinterpret_cast<const gid_t *>(a[1]))
LIBCGO_GO_SET(setregid, LIBCGO_GO_GID(0), LIBCGO_GO_GID(1))
LIBCGO_GO_SET(setresgid, LIBCGO_GO_GID(0), LIBCGO_GO_GID(1), LIBCGO_GO_GID(2))
LIBCGO_GO_SET(setresuid, LIBCGO_GO_UID(0), LIBCGO_GO_UID(1), LIBCGO_GO_UID(2))
LIBCGO_GO_SET(setreuid, LIBCGO_GO_UID(0), LIBCGO_GO_UID(1))
LIBCGO_GO_SET(setuid, LIBCGO_GO_UID(0))

} // extern "C"
