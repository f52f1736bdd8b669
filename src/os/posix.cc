// SPDX-License-Identifier: BSD-3-Clause
//
// What POSIX systems share.
#include "core/platform.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
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

// Not more than there is: then what was asked for, which will fail.
size_t whole_pages(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes > SIZE_MAX - page ? bytes : (bytes + page - 1) & ~(page - 1);
}

} // namespace

namespace {

static_assert(sizeof(sigset_t) <= sizeof(signal_mask), "");

sigset_t *set_of(signal_mask *mask) {
  return reinterpret_cast<sigset_t *>(mask->bytes);
}
const sigset_t *set_of(const signal_mask *mask) {
  return reinterpret_cast<const sigset_t *>(mask->bytes);
}

} // namespace

signal_mask held_signals(const signal_mask &open) {
  signal_mask held = {};
  sigset_t *const set = set_of(&held);
  sigfillset(set); // leaves out what the C library keeps for itself
  // A system that finds one of these blocked ends the process, whatever its handler.
  static constexpr int raised_by_code[] = {
      SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP,
#ifdef SIGEMT
      SIGEMT,
#endif
  };
  for (const int signal : raised_by_code)
    sigdelset(set, signal);
  return without(held, open);
}

// The system may write less than a sigset_t has.
signals_held::signals_held(const signal_mask &open)
    : previous_{}, held_(held_signals(open)) {
  pthread_sigmask(SIG_BLOCK, set_of(&held_), set_of(&previous_));
  held_ = without(held_, previous_);
}

signal_mask signals_held::end() {
  ended_ = true;
  signal_mask now = {};
  pthread_sigmask(SIG_UNBLOCK, set_of(&held_), set_of(&now));
  return without(now, held_);
}

void signals_held::end_with(const signal_mask &mask) {
  ended_ = true;
  set_signal_mask(mask);
}

cancellation_disabled::cancellation_disabled() {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &previous_);
}

cancellation_disabled::~cancellation_disabled() {
  pthread_setcancelstate(previous_, nullptr);
}

int read_signal_mask(const void *set, signal_mask *mask) {
  *mask = {};
  memcpy(mask->bytes, set, sizeof(sigset_t));
  return 0;
}

signal_mask signals_of(const void *set) {
  signal_mask mask = {};
  if (set != nullptr)
    read_signal_mask(set, &mask);
  return mask;
}

void set_signal_mask(const signal_mask &mask) {
  pthread_sigmask(SIG_SETMASK, set_of(&mask), nullptr);
}

void block_signals(const signal_mask &signals) {
  pthread_sigmask(SIG_BLOCK, set_of(&signals), nullptr);
}

void open_signals(const signal_mask &signals) {
  pthread_sigmask(SIG_UNBLOCK, set_of(&signals), nullptr);
}

size_t default_stack_size() {
  pthread_attr_t attr;
  size_t size = 0;
  // Attributes that say nothing have the process's defaults.
  if (pthread_attr_init(&attr) == 0) {
    pthread_attr_getstacksize(&attr, &size);
    pthread_attr_destroy(&attr);
  }
  return size;
}

// Sizes in whole pages, which is all that Darwin takes.
int create_thread(const thread_shape &shape, void *(*main)(void *), void *arg) {
  thread_attributes attr;
  if (attr.error() != 0)
    return attr.error();
  // What the C library refuses is not made larger first.
  const long least = sysconf(_SC_THREAD_STACK_MIN);
  if (shape.stack_size != 0 && least > 0 &&
      shape.stack_size < static_cast<size_t>(least))
    return EINVAL;
  int err = pthread_attr_setdetachstate(attr.get(), PTHREAD_CREATE_DETACHED);
  if (err == 0 && shape.stack_size != 0)
    err = pthread_attr_setstacksize(attr.get(), whole_pages(shape.stack_size));
  if (err == 0 && shape.guard_size != 0)
    err = pthread_attr_setguardsize(
        attr.get(),
        shape.guard_size == no_guard ? 0 : whole_pages(shape.guard_size));
  if (err != 0)
    return err;
  pthread_t thread;
  return pthread_create(&thread, attr.get(), main, arg);
}

void sleep_ms(unsigned ms) {
  timespec t;
  t.tv_sec = ms / 1000;
  t.tv_nsec = static_cast<long>(ms % 1000) * 1000000;
  nanosleep(&t, nullptr); // a signal may end it early: the caller has a deadline
}

namespace {

void *map(size_t bytes, int more) {
  const int caller_errno = errno;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | more, -1, 0);
  errno = caller_errno;
  return memory == MAP_FAILED ? nullptr : memory;
}

} // namespace

void *map_zeroed(size_t bytes) { return map(bytes, 0); }

void unmap(void *memory, size_t bytes) {
  const int caller_errno = errno;
  munmap(memory, bytes);
  errno = caller_errno;
}

bool place_pair(uintptr_t pair, intptr_t *offset) {
  *offset = static_cast<intptr_t>(pair - libcgo_thread_pointer());
  return in_executable_tls(pair);
}

void write_message(const char *text, size_t length) {
  while (length > 0) {
    const ssize_t n = write(STDERR_FILENO, text, length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    text += n;
    length -= static_cast<size_t>(n);
  }
}

// ---- signal stacks ----

bool has_signal_stack(stack_bounds *bounds) {
  const int caller_errno = errno;
  stack_t now;
  const bool has =
      sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_DISABLE) == 0;
  errno = caller_errno;
  if (!has)
    return false;
  bounds->lo = reinterpret_cast<uintptr_t>(now.ss_sp);
  bounds->hi = bounds->lo + now.ss_size;
  return true;
}

bool find_signal_stack(uintptr_t here, stack_bounds *bounds) {
  if (has_signal_stack(bounds))
    return here >= bounds->lo && here < bounds->hi;
  return find_disarmed_stack(here, bounds);
}

bool map_stack(size_t bytes, stack_bounds *stack) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > SIZE_MAX - 2 * page)
    return false;
  bytes = (bytes + page - 1) & ~(page - 1);
  char *memory = static_cast<char *>(map(page + bytes, LIBCGO_STACK_FLAG));
  if (memory == nullptr)
    return false;
  const int caller_errno = errno;
  if (mprotect(memory, page, PROT_NONE) != 0) { // max_map_count, for instance
    errno = caller_errno;
    unmap(memory, page + bytes);
    return false;
  }
  stack->lo = reinterpret_cast<uintptr_t>(memory + page);
  stack->hi = stack->lo + bytes;
  return true;
}

void unmap_stack(const stack_bounds &stack) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  unmap(reinterpret_cast<void *>(stack.lo - page), stack.hi - stack.lo + page);
}

namespace {

// Stands above a signal stack of the library's, at the end of its mapping. Only the
// thread whose stack it is looks at it.
struct stack_users {
  uintptr_t check; // the address of this, changed
  uintptr_t count;
};
constexpr uintptr_t stack_check = 0x6c696263;
// Not a size that anybody gives a stack: it tells that the words above are there.
constexpr size_t above_stack = 48;
static_assert(sizeof(stack_users) <= above_stack, "");

stack_users *users_of(const stack_bounds &stack) {
  return reinterpret_cast<stack_users *>(stack.hi);
}

bool is_ours(const stack_bounds &stack) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (stack.lo & (page - 1)) == 0 &&
         (stack.hi & (page - 1)) == page - above_stack &&
         users_of(stack)->check == (stack.hi ^ stack_check);
}

} // namespace

bool map_signal_stack(size_t bytes, stack_bounds *stack) {
  const size_t least = least_signal_stack();
  bytes = bytes < least ? least : bytes;
  if (bytes > SIZE_MAX - above_stack || !map_stack(bytes + above_stack, stack))
    return false;
  stack->hi -= above_stack;
  *users_of(*stack) = {stack->hi ^ stack_check, 1};
  return true;
}

bool share_signal_stack(const stack_bounds &stack) {
  if (!is_ours(stack))
    return false;
  users_of(stack)->count++;
  return true;
}

void set_signal_stack(const stack_bounds &stack) {
  stack_t mine = {};
  mine.ss_sp = reinterpret_cast<void *>(stack.lo);
  mine.ss_size = stack.hi - stack.lo;
  sigaltstack(&mine, nullptr);
}

// musl runs a cancellation, and all that comes at the thread's end, in the handler of
// its signal, and so does who calls pthread_exit in one.
void drop_signal_stack(const stack_bounds &stack) {
  if (--users_of(stack)->count != 0)
    return;
  const uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here - stack.lo < stack.hi - stack.lo)
    return;
  const int caller_errno = errno;
  stack_t now;
  bool refused = sigaltstack(nullptr, &now) != 0;
  if (!refused && (now.ss_flags & SS_DISABLE) == 0 &&
      reinterpret_cast<uintptr_t>(now.ss_sp) == stack.lo) {
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    refused = sigaltstack(&none, nullptr) != 0;
  }
  errno = caller_errno;
  if (refused)
    return; // a sandbox: the system may still go there
  unmap_stack({stack.lo, stack.hi + above_stack});
}

} // namespace cgo::os
