// SPDX-License-Identifier: BSD-3-Clause
//
// The Go face: the C half of Go's runtime/cgo on the core. What belongs to a Go
// runtime is in the record that its own object has; what belongs to a thread that
// C has started, in one that the runtime's thread key holds.
#include <libcgo/go.h>

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"
#include "report.h"
#include "runtime.h"
#include "stack.h"
#include "start.h"

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

// ---- threads ----

struct go_start : thread_start {
  libcgo_go *go;
  libcgo_go_start start;
};

bool enter_go(thread_start *, uintptr_t) { return true; }

void run_go(thread_start *record) {
  auto *own = static_cast<go_start *>(record);
  libcgo_go *const go = own->go;
  const libcgo_go_start start = own->start;
  acquire(go);
  free(own);
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

[[noreturn]] void no_thread(const char *call, int err) {
  message m(call);
  if (err == ENOMEM)
    m.text("no memory for the new thread's start record: ENOMEM").fatal();
  if (err != EAGAIN)
    m.text("the system refuses a thread with the process's default stack "
           "size, ")
        .number(static_cast<long long>(os::default_stack_size()))
        .text(" bytes: ")
        .error(err)
        .fatal();
  m.text("no thread to be had within one second: EAGAIN: ")
      .limit(os::find_thread_limit(0))
      .fatal();
}

void start_or_stop(thread_start *record) {
  const int err = start_thread(record);
  if (err != 0)
    no_thread(record->call, err);
}

// ---- what a thread that C has started keeps for a Go runtime ----

struct go_thread {
  libcgo_go *go;
  void *g; // to be given back when the thread ends, or NULL
  libcgo_thread stacks;
};

// The key's destructor. Go's dropm may be followed by another callback, from the
// destructor of another key, and that by another round.
void end_of_thread(void *value) {
  auto *thread = static_cast<go_thread *>(value);
  libcgo_go *const go = thread->go;
  void *const g = thread->g;
  free(thread);
  // NULL for the function means dropm.
  if (g != nullptr && *go->crosscall2 != nullptr)
    (*go->crosscall2)(nullptr, g, 0, 0);
}

// 0 is a key, too.
bool has_key(const libcgo_go *go) {
  return __atomic_load_n(&go->key, __ATOMIC_ACQUIRE) != 0;
}
uintptr_t key_of(const libcgo_go *go) {
  return __atomic_load_n(&go->key, __ATOMIC_ACQUIRE) - 1;
}

// The calling thread's record; NULL if there is no memory for one.
go_thread *this_thread(libcgo_go *go) {
  const uintptr_t key = key_of(go);
  auto *thread = static_cast<go_thread *>(os::get_key(key));
  if (thread != nullptr)
    return thread;
  thread = static_cast<go_thread *>(malloc(sizeof(go_thread)));
  if (thread == nullptr)
    return nullptr;
  thread->go = go;
  thread->g = nullptr;
  thread->stacks = LIBCGO_THREAD_INIT;
  thread->stacks.state = thread_entered;
  begin_stacks(&thread->stacks);
  if (os::set_key(key, thread) != 0) {
    free(thread);
    return nullptr;
  }
  return thread;
}

// A Go that has a place for crosscall2 can give its threads back by a key.
void make_key(libcgo_go *go) {
  if (has_key(go) || go->key_created == nullptr || go->crosscall2 == nullptr ||
      *go->crosscall2 == nullptr)
    return;
  uintptr_t key;
  if (os::create_key(end_of_thread, &key) != 0)
    return; // then Go gives them back after each call
  uintptr_t none = 0;
  if (__atomic_compare_exchange_n(&go->key, &none, key + 1, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    __atomic_store_n(go->key_created, 1, __ATOMIC_RELEASE);
  else
    os::delete_key(key); // another thread was first
}

template <class Function>
void store(Function **place, Function *function) {
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
  go->setg = setg;
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

uintptr_t libcgo_go_wait_runtime_init_done(libcgo_go *go) {
  using namespace cgo;
  if (__builtin_expect(__atomic_load_n(&go->ready, __ATOMIC_ACQUIRE) == 0,
                       false)) {
    libcgo_init_wait(&go->init);
    make_key(go);
    __atomic_store_n(&go->ready, 1, __ATOMIC_RELEASE);
  }
  auto *const context = load(&go->context);
  if (__builtin_expect(context == nullptr, true))
    return 0;
  libcgo_go_context arg = {0};
  cgo::give(go, &arg);
  context(&arg);
  return arg.context;
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
  record->shape = {};
  record->mask_kind = start_mask::all_blocked;
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
  record->shape = {};
  record->mask_kind = start_mask::of_creator;
  record->fn = fn;
  record->arg = arg;
  start_or_stop(record);
}

void libcgo_go_getstackbound(libcgo_go *go, uintptr_t bounds[2]) {
  using namespace cgo;
  go_thread *const thread = has_key(go) ? this_thread(go) : nullptr;
  libcgo_bounds found;
  if (libcgo_stack_bounds(thread != nullptr ? &thread->stacks : nullptr,
                          &found) != 0)
    found = {};
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

void libcgo_go_call_traceback_function(libcgo_go *go,
                                       libcgo_go_traceback *arg) {
  auto *const fn = cgo::load(&go->traceback);
  if (fn == nullptr)
    return;
  cgo::acquire(go);
  fn(arg);
  cgo::release(go);
}

void libcgo_go_call_symbolizer_function(libcgo_go *go,
                                        libcgo_go_symbolizer *arg) {
  auto *const fn = cgo::load(&go->symbolizer);
  if (fn == nullptr)
    return;
  cgo::acquire(go);
  fn(arg);
  cgo::release(go);
}

void libcgo_go_callers(libcgo_go *go, uintptr_t signal, void *info,
                       void *context,
                       void (*traceback)(libcgo_go_traceback *arg),
                       uintptr_t *buffer,
                       void (*sigtramp)(uintptr_t signal, void *info,
                                        void *context)) {
  constexpr uintptr_t go_max = 32; // GO ABI: what buffer has room for
  libcgo_go_traceback arg = {0, reinterpret_cast<uintptr_t>(context), buffer,
                             go_max};
  cgo::give(go, &arg);
  cgo::acquire(go);
  traceback(&arg);
  cgo::release(go);
  sigtramp(signal, info, context);
}

// ---- C's functions that must be called in C's own way ----

void libcgo_go_setenv(char **name_and_value) {
  setenv(name_and_value[0], name_and_value[1], 1);
}
void libcgo_go_unsetenv(char **name) { unsetenv(name[0]); }
void libcgo_go_clearenv(void) { clearenv(); }

uintptr_t libcgo_go_mmap(void *address, uintptr_t length, int32_t protection,
                         int32_t flags, int32_t fd, uint32_t offset) {
  void *const mapped = mmap(address, length, protection, flags, fd,
                            static_cast<off_t>(offset));
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
#define LIBCGO_GO_SET(name, ...)                                               \
  void libcgo_go_##name(libcgo_go_args *x) {                                   \
    const uintptr_t *const a = x->args;                                        \
    const auto result = static_cast<uintptr_t>(name(__VA_ARGS__));             \
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
