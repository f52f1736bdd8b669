/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The C++17 face of the kit: its records as classes, its pairs of calls as
 * scopes, its callbacks as any callable. Header only; see libcgo.hpp(3).
 *
 *     class worker : public cgo::thread { ... the client's own ... };
 *     static cgo::runtime<worker> runtime;
 *
 *     runtime.start(cgo::thread_options().name("worker"), [](worker &self) {
 *       cgo::stack small(64 << 10);
 *       cgo::on_stack(self, small, [&] {
 *         std::string s = cgo::on_system_stack(self, [] { return c_code(); });
 *       });
 *     });
 *
 * In all of it:
 *   - Errors are exceptions: cgo::error, or std::bad_alloc. Where neither is
 *     named, a function throws only what a callable of the client's throws.
 *   - A callable's exception passes to the caller, through every crossing.
 *   - A move leaves the source empty, as its default constructor makes it.
 *   - No destructor throws. What cannot be undone in one is left to the end of
 *     the thread.
 *   - A class without "shared between threads" in its comment belongs to one
 *     thread at a time, as a std::string does.
 *   - errno stays as it is, but for what callables do.
 *
 * Compiles without RTTI, and with -fno-exceptions: then an error's text goes to
 * standard error and the process aborts. All files of a program that include
 * this header are compiled with the same choice. C++17, 20 and 23; gcc, clang.
 *
 * Everything here is since 0.1. The inline namespace keeps these names apart,
 * for the linker, from those of another version and from the library's own.
 */
#ifndef LIBCGO_HPP
#define LIBCGO_HPP

#include <libcgo.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace cgo {
inline namespace v1 {

template <class Thread> class hooks;
template <class Thread, class Hooks> class runtime;

/*
 * An error of the library. what() names the call, and for a thread that could
 * not be had the limit that was hit; code() is the errno value, in
 * std::generic_category(), so that it compares with std::errc.
 */
class error : public std::system_error {
public:
  error(int value, const char *call)
      : std::system_error(value, std::generic_category(), call) {}
  error(int value, const char *call, const libcgo_limit &limit)
      : std::system_error(value, std::generic_category(),
                          std::string(call) + ": " + text_of(limit)),
        limit_(limit) {}

  /* The limit that kept the system from giving a thread, or NULL. Lives as
     long as this object. */
  const libcgo_limit *limit() const noexcept {
    return limit_ ? &*limit_ : nullptr;
  }

private:
  static std::string text_of(const libcgo_limit &limit) {
    std::string text(libcgo_limit_text(&limit, nullptr, 0), '\0');
    libcgo_limit_text(&limit, text.data(), text.size() + 1);
    return text;
  }

  std::optional<libcgo_limit> limit_;
};

namespace detail {

[[noreturn]] inline void raise(const error &e) {
#ifdef LIBCGO_EXCEPTIONS_
  throw e;
#else
  fprintf(stderr, "%s\n", e.what());
  abort();
#endif
}

inline void check(int err, const char *call) {
  if (err != 0)
    raise(error(err, call));
}

/* The type of a runtime's thread records: the client's, or for a runtime in C
   the library's. */
template <class Thread, class Hooks>
Thread record_of(const runtime<Thread, Hooks> &);
libcgo_thread record_of(const libcgo_runtime &);
template <class Runtime>
using record_t = decltype(record_of(std::declval<Runtime &>()));

/* A callable on its way through C, and what it returns on its way back. Lives in
   the caller's frame. */
template <class F, class... Args> class crossing {
public:
  using result = std::invoke_result_t<F, Args...>;
  static_assert(std::is_void_v<result> || std::is_reference_v<result> ||
                    std::is_move_constructible_v<result>,
                "the result moves from the callable's stack to the caller's");
  static constexpr bool throws_nothing =
      std::is_nothrow_invocable_v<F, Args...> &&
      (std::is_void_v<result> || std::is_reference_v<result> ||
       std::is_nothrow_move_constructible_v<result>);

  explicit crossing(F &&callable) noexcept
      : fn_(std::forward<F>(callable)) {}

  /* What C calls. */
  static uintptr_t enter(void *self) {
    static_cast<crossing *>(self)->run();
    return 0;
  }
  static void enter_thread(libcgo_thread *thread, void *self) {
    static_cast<crossing *>(self)->run(static_cast<Args>(*thread)...);
  }

  result take() {
    if constexpr (std::is_reference_v<result>)
      return static_cast<result>(*result_);
    else if constexpr (!std::is_void_v<result>)
      return std::move(*result_);
  }

private:
  void run(Args... args) {
    if constexpr (std::is_void_v<result>) {
      std::invoke(std::forward<F>(fn_), std::forward<Args>(args)...);
    } else if constexpr (std::is_reference_v<result>) {
      auto &&reference =
          std::invoke(std::forward<F>(fn_), std::forward<Args>(args)...);
      result_ = std::addressof(reference);
    } else {
      result_.emplace(
          std::invoke(std::forward<F>(fn_), std::forward<Args>(args)...));
    }
  }

  struct nothing {};
  using kept = std::conditional_t<
      std::is_void_v<result>, nothing,
      std::conditional_t<std::is_reference_v<result>,
                         std::remove_reference_t<result> *,
                         std::optional<std::remove_cv_t<result>>>>;

  F &&fn_;
  kept result_{};
};

/* What a new thread runs: a callable that is its own. */
template <class Thread, class F> void run(libcgo_thread *record, void *callable) {
  std::unique_ptr<F> mine(static_cast<F *>(callable));
  std::invoke(std::move(*mine), static_cast<Thread &>(*record));
}

} // namespace detail

/* ---- stacks ---- */

/*
 * A small stack, for on_stack: owns memory of its own with a guard page below
 * it. A client with other memory begins a libcgo_stack as LIBCGO_STACK_INIT
 * says; every function takes either.
 */
class stack {
public:
  /* Empty: no memory. Not for use as a stack. */
  stack() noexcept = default;

  /* Has this many usable bytes, or a few more: whole pages. Throws
     ENOMEM; EINVAL for 0. */
  explicit stack(std::size_t bytes) {
    detail::check(libcgo_stack_map(&record_, bytes), "cgo::stack");
  }

  stack(stack &&other) noexcept { swap(other); }
  stack &operator=(stack &&other) noexcept {
    stack(std::move(other)).swap(*this);
    return *this;
  }

  /* Gives the memory back. Nothing runs on the stack any more. */
  ~stack() {
    if (record_.lo != 0)
      libcgo_stack_unmap(&record_);
  }

  void swap(stack &other) noexcept { std::swap(record_, other.record_); }

  /* Whether it has memory. */
  explicit operator bool() const noexcept { return record_.lo != 0; }

  std::uintptr_t lo() const noexcept { return record_.lo; }
  std::uintptr_t hi() const noexcept { return record_.hi; }
  std::size_t size() const noexcept { return record_.hi - record_.lo; }

  /* As C knows it; belongs to this object. */
  operator const libcgo_stack &() const noexcept { return record_; }

private:
  libcgo_stack record_ LIBCGO_STACK_INIT(0, 0);
};

/*
 * Calls fn() on the system stack of the calling thread, whose record this is,
 * and returns what it returns: a value that can be moved, a reference, or
 * nothing. An exception of fn destroys what it passes and arrives here, on the
 * stack that called.
 *
 * Copies nothing, allocates nothing, makes no system call. Safe, if fn is, in
 * any thread and in signal handlers. As libcgo_call_on_system, it stops the
 * process with a message if no thread has entered the record.
 */
template <class F>
std::invoke_result_t<F> on_system_stack(libcgo_thread &thread, F &&fn) noexcept(
    detail::crossing<F>::throws_nothing) {
  detail::crossing<F> crossing(std::forward<F>(fn));
  libcgo_call_on_system(&thread, crossing.enter, &crossing);
  return crossing.take();
}

/*
 * The same, on a small stack. As libcgo_call_on_stack, it stops the process with
 * a message if the stack is empty or has less than LIBCGO_STACK_MIN bytes left.
 */
template <class F>
std::invoke_result_t<F>
on_stack(libcgo_thread &thread, const libcgo_stack &stack,
         F &&fn) noexcept(detail::crossing<F>::throws_nothing) {
  detail::crossing<F> crossing(std::forward<F>(fn));
  libcgo_call_on_stack(&thread, &stack, crossing.enter, &crossing);
  return crossing.take();
}

/* Tells that the thread goes over to another small stack by a switch of the
   client's own: libcgo_stack_switched. Throws EINVAL where the thread has not
   left its system stack. Safe in signal handlers, if it does not throw. */
inline void stack_switched(libcgo_thread &thread, const libcgo_stack &stack) {
  detail::check(libcgo_stack_switched(&thread, &stack),
                "libcgo_stack_switched");
}

/* Tells that nothing runs on a stack any more, and that nothing will return to what
   was there: libcgo_stack_left. Throws EBUSY where the caller is on it. Safe in signal
   handlers, if it does not throw. Since 0.2. */
inline void stack_left(libcgo_thread &thread, const libcgo_stack &stack) {
  detail::check(libcgo_stack_left(&thread, &stack), "libcgo_stack_left");
}

/* Of what kind a stack is: LIBCGO_STACK_... */
enum class stack_kind {
  system = LIBCGO_STACK_SYSTEM,
  small = LIBCGO_STACK_SMALL,
  signal = LIBCGO_STACK_SIGNAL,
  other = LIBCGO_STACK_OTHER,
};

/* The usable part of a stack: no guard page, nothing of the C library's. */
class bounds {
public:
  /* Empty: contains nothing. */
  bounds() noexcept = default;
  explicit bounds(const libcgo_bounds &record) noexcept : record_(record) {}

  /* Those of the stack on which the caller runs, whose thread has this record:
     looked up once, and a load afterwards, on the thread's own stack. Throws
     what libcgo_stack_bounds returns. */
  static bounds here(libcgo_thread &thread) { return look_up(&thread); }
  /* The same at the system's price, for a thread without a record. */
  static bounds here() { return look_up(nullptr); }

  std::uintptr_t lo() const noexcept { return record_.lo; }
  std::uintptr_t hi() const noexcept { return record_.hi; }
  std::size_t size() const noexcept { return record_.hi - record_.lo; }
  stack_kind kind() const noexcept {
    return static_cast<stack_kind>(record_.kind);
  }
  bool contains(const void *address) const noexcept {
    return reinterpret_cast<std::uintptr_t>(address) - record_.lo < size();
  }

private:
  static bounds look_up(libcgo_thread *thread) {
    bounds found;
    detail::check(libcgo_stack_bounds(thread, &found.record_),
                  "libcgo_stack_bounds");
    return found;
  }

  libcgo_bounds record_{0, 0, LIBCGO_STACK_OTHER};
};

/* ---- threads ---- */

/*
 * A thread's record, to derive the client's own from: whatever the client has
 * per thread is there, and hooks, callbacks and start functions get it by its
 * type. It stays at its place while a thread is in it, and can be used again
 * afterwards.
 */
class thread : public libcgo_thread {
public:
  thread() noexcept : libcgo_thread LIBCGO_THREAD_INIT {}
  thread(const thread &) = delete;
  thread &operator=(const thread &) = delete;

private:
  template <class Thread, class Hooks> friend class runtime;
  bool owned_ = false; /* goes to Hooks::release when its thread has left */
};

/*
 * How a thread is to be; without options, as the process's defaults say. Keeps
 * copies of what it is given. Throws std::bad_alloc.
 *
 *     cgo::thread_options().name("worker").stack_size(1 << 20)
 */
class thread_options {
public:
  /* Bytes, all of the thread's stack but its guard. 0: the default. */
  thread_options &stack_size(std::size_t bytes) noexcept {
    attr_.stack_size = bytes;
    return *this;
  }
  /* Bytes below the stack that fault. 0: the default. */
  thread_options &guard_size(std::size_t bytes) noexcept {
    attr_.guard_size = bytes;
    return *this;
  }
  thread_options &no_guard() noexcept { return guard_size(LIBCGO_NO_GUARD); }
  /* Bytes of an alternate signal stack, which a guard page precedes. 0: as the
     runtime's record says. */
  thread_options &signal_stack_size(std::size_t bytes) noexcept {
    attr_.signal_stack_size = bytes;
    return *this;
  }
  thread_options &no_signal_stack() noexcept {
    return signal_stack_size(LIBCGO_NO_SIGNAL_STACK);
  }
  /* For debuggers and ps(1); the system cuts it (Linux: 15 bytes). */
  thread_options &name(std::string name) noexcept {
    name_ = std::move(name);
    return *this;
  }
  /* The thread's signal mask. Not given: that of its creator. */
  thread_options &signal_mask(const sigset_t &mask) noexcept {
    mask_ = mask;
    return *this;
  }
  /* A CPU that it may run on, counted from 0; further calls add further ones.
     None given: those of its creator. */
  thread_options &cpu(unsigned number) {
    constexpr unsigned bits = 8 * sizeof(unsigned long);
    if (cpus_.size() <= number / bits)
      cpus_.resize(number / bits + 1);
    cpus_[number / bits] |= 1ul << number % bits;
    return *this;
  }

  /* As C knows them; what it points to belongs to this object. */
  libcgo_thread_attr attr() const noexcept {
    libcgo_thread_attr attr = attr_;
    attr.name = name_ ? name_->c_str() : nullptr;
    attr.signal_mask = mask_ ? &*mask_ : nullptr;
    attr.cpus = cpus_.empty() ? nullptr : cpus_.data();
    attr.cpus_size = cpus_.size() * sizeof(unsigned long);
    return attr;
  }

private:
  libcgo_thread_attr attr_ LIBCGO_THREAD_ATTR_INIT;
  std::optional<std::string> name_;
  std::optional<sigset_t> mask_;
  std::vector<unsigned long> cpus_;
};

/*
 * Starts a detached thread of the runtime, which runs a copy of fn with its
 * record. The record is the caller's, and stays at its place until `leave`.
 * runtime::start is the same with a record that is taken over.
 *
 * The copy is destroyed on the thread when fn returns, or the thread ends by
 * pthread_exit(3) or cancellation. An exception that fn lets out ends the
 * process by std::terminate, before anything is destroyed.
 *
 * Throws what libcgo_thread_create returns; for EAGAIN, error::limit() and
 * what() tell which limit was hit. Then nothing was called, but that the copy of
 * fn was made and destroyed. Safe in any thread; not safe in signal handlers.
 */
template <class Runtime, class F>
void start_thread(Runtime &runtime, detail::record_t<Runtime> &record,
                  const thread_options &options, F &&fn) {
  using function = std::decay_t<F>;
  auto copy = std::make_unique<function>(std::forward<F>(fn));
  const libcgo_thread_attr attr = options.attr();
  libcgo_limit limit = LIBCGO_LIMIT_INIT;
  const int err = libcgo_thread_create(
      &runtime, &record, &attr, detail::run<detail::record_t<Runtime>, function>,
      copy.get(), &limit);
  if (err == EAGAIN && limit.name != nullptr)
    detail::raise(error(err, "libcgo_thread_create", limit));
  detail::check(err, "libcgo_thread_create");
  copy.release(); // the thread's
}

/* ---- runtimes ---- */

/*
 * The hooks of a runtime, as most need them: the record of a thread is in a
 * thread-local variable, and a foreign thread gets a new one, if records can be
 * made without arguments. A client that wants more derives its own hooks from
 * these, hides what it changes, and may call the hidden ones:
 *
 *     struct my_hooks : cgo::hooks<worker> {
 *       static void leave(worker &w) noexcept { ...; hooks::leave(w); }
 *     };
 *     static cgo::runtime<worker, my_hooks> runtime;
 *
 * All are noexcept, and all but `fatal` and `current` run with signals held, on the
 * thread that they are about (see libcgo_ops). They do not call the library, but for
 * `leave`.
 * One type of hooks serves one runtime at a time: it has one variable for each
 * thread.
 */
template <class Thread> class hooks {
public:
  /* Whether acquire can be called: if not, foreign threads are not attached. */
  static constexpr bool attaches = std::is_default_constructible_v<Thread>;

  /* The calling thread's record, or NULL. Runs at each callback, also in signal
     handlers. */
  static Thread *current() noexcept { return self_; }
  /* This OS thread is now the record's, and is it no longer. */
  static void enter(Thread &record) noexcept { self_ = &record; }
  static void leave(Thread &) noexcept { self_ = nullptr; }
  /* Gives a record to a foreign thread, or NULL: none is to be had. */
  static std::unique_ptr<Thread> acquire(libcgo_runtime &) noexcept {
    if constexpr (attaches)
      return std::unique_ptr<Thread>(new (std::nothrow) Thread);
    else
      return nullptr;
  }
  /* Takes a record back after `leave`: one that `acquire` gave, or that
     runtime::start took over. */
  static void release(std::unique_ptr<Thread>) noexcept {}
  /* A function that gets a message before the process aborts, or NULL. */
  static constexpr void (*fatal)(const char *) = nullptr;

private:
  static inline thread_local Thread *self_ = nullptr;
};

/*
 * A runtime whose thread records are of the client's type. Is a libcgo_runtime,
 * and so may be given to every function in C; a runtime that lives in C takes
 * part in everything here that has a libcgo_runtime, Runtime & or attachment<>.
 * Members of the C record that are the client's (data, signal_stack_size) are
 * members here. Shared between threads.
 *
 * It has static storage, where it is there before any constructor runs, or as
 * long a life: its threads, which are detached, refer to it until they end. So
 * does the process: an object that contains it is not unloaded.
 */
template <class Thread = thread, class Hooks = hooks<Thread>>
class runtime : public libcgo_runtime {
  static_assert(std::is_base_of_v<thread, Thread>,
                "a thread's record derives from cgo::thread");
  static_assert(noexcept(Hooks::current()) &&
                    noexcept(Hooks::enter(std::declval<Thread &>())) &&
                    noexcept(Hooks::leave(std::declval<Thread &>())) &&
                    noexcept(Hooks::acquire(std::declval<libcgo_runtime &>())) &&
                    noexcept(Hooks::release(nullptr)),
                "hooks are noexcept: the library's frames are below them");

public:
  using thread_type = Thread;

  constexpr runtime() noexcept : libcgo_runtime LIBCGO_RUNTIME_INIT(&ops_) {}
  runtime(const runtime &) = delete;
  runtime &operator=(const runtime &) = delete;

  /* The calling thread's record, or NULL. Safe in signal handlers. */
  static Thread *current() noexcept { return Hooks::current(); }

  /*
   * Starts a detached thread, which runs a copy of fn(record), with a new
   * record, or with the given one, which Hooks::release gets after `leave`. See
   * start_thread. After an error the record is destroyed here.
   */
  template <class F> void start(const thread_options &options, F &&fn) {
    start(options, std::make_unique<Thread>(), std::forward<F>(fn));
  }
  template <class F>
  void start(const thread_options &options, std::unique_ptr<Thread> record,
             F &&fn) {
    if (record == nullptr)
      detail::raise(error(EINVAL, "cgo::runtime::start"));
    thread &base = *record;
    base.owned_ = true;
    start_thread(*this, *record, options, std::forward<F>(fn));
    record.release(); // the thread's, and maybe gone already
  }

private:
  static Thread *cast(libcgo_thread *record) noexcept {
    return static_cast<Thread *>(record);
  }
  static void enter(libcgo_thread *record) { Hooks::enter(*cast(record)); }
  static void leave(libcgo_thread *record) {
    Thread *mine = cast(record);
    thread &base = *mine;
    const bool owned = std::exchange(base.owned_, false);
    Hooks::leave(*mine); // a record that is not owned may be gone now
    if (owned)
      Hooks::release(std::unique_ptr<Thread>(mine));
  }
  static libcgo_thread *acquire(libcgo_runtime *self) {
    return Hooks::acquire(*self).release();
  }
  static void release(libcgo_thread *record) {
    Hooks::release(std::unique_ptr<Thread>(cast(record)));
  }
  static libcgo_thread *current_record(const libcgo_runtime *) {
    return Hooks::current();
  }

  static constexpr libcgo_ops ops_ =
      LIBCGO_OPS(enter, leave, Hooks::attaches ? acquire : nullptr,
                 Hooks::attaches ? release : nullptr, current_record,
                 Hooks::fatal);
};

/*
 * Calls back into a runtime from C: fn with the calling thread's record, on the
 * caller's stack; returns what fn returns, and lets its exceptions pass. A thread
 * without a record is attached first, and stays attached until it ends or
 * libcgo_detach.
 *
 * Throws, and then fn was not called, what libcgo_callback returns: EPERM where
 * nobody has begun the start-up (cgo::init). On a thread with a record: no system
 * call, no lock, no allocation. Safe in any thread; on one with a record also in
 * signal handlers, if fn is.
 */
template <class Runtime, class F>
std::invoke_result_t<F, detail::record_t<Runtime> &>
callback(Runtime &runtime, F &&fn) {
  using crossing_type = detail::crossing<F, detail::record_t<Runtime> &>;
  crossing_type crossing(std::forward<F>(fn));
  detail::check(
      libcgo_callback(&runtime, crossing_type::enter_thread, &crossing),
      "libcgo_callback");
  return crossing.take();
}

/*
 * A scope in which the calling thread, which the runtime did not start, is
 * attached to it. On a thread that is attached already, or the runtime's own, it
 * only finds the record, so scopes can be nested. It ends on its thread.
 *
 *     cgo::attachment here(runtime);
 *     here.thread()...
 */
template <class Thread = libcgo_thread> class attachment {
public:
  /* Empty: is about no thread. */
  attachment() noexcept = default;

  /* Attaches the thread. Throws what libcgo_attach returns, but for EALREADY.
     Does not wait for the runtime's start-up. */
  template <class Hooks>
  explicit attachment(runtime<Thread, Hooks> &to) {
    attach(to);
  }
  explicit attachment(libcgo_runtime &to) {
    static_assert(std::is_same_v<Thread, libcgo_thread>,
                  "a runtime in C has records of C");
    attach(to);
  }

  attachment(attachment &&other) noexcept { swap(other); }
  attachment &operator=(attachment &&other) noexcept {
    attachment(std::move(other)).swap(*this);
    return *this;
  }

  /* Detaches the thread if this object has attached it. It stays attached, until
     it ends, if the runtime's code is being called on it (EBUSY), or if this is
     another thread. A call by on_stack that an exception has ended may count as
     under way in functions that are called from where it was made. */
  __attribute__((__always_inline__)) ~attachment() { end(); }

  /* The same, but throws what libcgo_detach returns, or EPERM on another thread,
     and then is as it was. */
  __attribute__((__always_inline__)) void detach() {
    detail::check(end(), "libcgo_detach");
    thread_ = nullptr;
  }

  /* Becomes empty; a thread that this object has attached stays attached until
     it ends, or libcgo_detach. Returns its record, or NULL. */
  Thread *release() noexcept {
    attached_ = false;
    return std::exchange(thread_, nullptr);
  }

  void swap(attachment &other) noexcept {
    std::swap(runtime_, other.runtime_);
    std::swap(thread_, other.thread_);
    std::swap(attached_, other.attached_);
  }

  /* Whether it is about a thread; and that thread's record. */
  explicit operator bool() const noexcept { return thread_ != nullptr; }
  Thread &thread() const noexcept { return *thread_; }
  /* Whether this object has attached it, and will detach it. */
  bool attached() const noexcept { return attached_; }

private:
  void attach(libcgo_runtime &to) {
    libcgo_thread *record = nullptr;
    const int err = libcgo_attach(&to, &record);
    if (err != EALREADY)
      detail::check(err, "libcgo_attach");
    runtime_ = &to;
    thread_ = static_cast<Thread *>(record);
    attached_ = err == 0;
  }

  /* Always inlined: a deeper function may look to be in a call that an exception
     has ended. */
  __attribute__((__always_inline__)) int end() noexcept {
    if (!attached_)
      return 0;
    if (runtime_->ops->current(runtime_) != thread_)
      return EPERM;
    const int err = libcgo_detach(runtime_);
    attached_ = err != 0;
    return err;
  }

  libcgo_runtime *runtime_ = nullptr;
  Thread *thread_ = nullptr;
  bool attached_ = false;
};

/*
 * A scope in which a runtime starts. Claims the start-up; whoever calls back
 * meanwhile waits. If the scope ends without done(), by an exception for
 * instance, the claim is given back.
 *
 *     cgo::init start_up(runtime.init);
 *     if (start_up) {
 *       ...
 *       start_up.done();
 *     } else {
 *       cgo::init_wait(runtime.init);
 *     }
 *
 * May be moved to the thread that finishes the start-up.
 */
class init {
public:
  /* Empty: has no claim. */
  init() noexcept = default;

  /* Claims it; is empty if it is done, or another is at it. Throws ECANCELED in
     a process that was forked while the start-up was half done, and EINVAL for a
     record that was not initialised. */
  explicit init(libcgo_init &record) {
    const int err = libcgo_init_begin(&record);
    if (err != EALREADY && err != EBUSY)
      detail::check(err, "libcgo_init_begin");
    if (err == 0)
      record_ = &record;
  }

  init(init &&other) noexcept { swap(other); }
  init &operator=(init &&other) noexcept {
    init(std::move(other)).swap(*this);
    return *this;
  }
  /* Gives a claim back. */
  ~init() {
    if (record_ != nullptr)
      libcgo_init_abandon(record_);
  }

  /* Tells that the runtime is ready. Is empty then. Throws EPERM for an object
     without a claim, and in a forked child for the claim of the parent. */
  void done() {
    detail::check(record_ == nullptr ? EPERM : libcgo_init_done(record_),
                  "libcgo_init_done");
    record_ = nullptr;
  }

  void swap(init &other) noexcept { std::swap(record_, other.record_); }

  /* Whether it has the claim. */
  explicit operator bool() const noexcept { return record_ != nullptr; }

private:
  libcgo_init *record_ = nullptr;
};

/* Returns when the runtime is ready; one load, once it is. Throws ECANCELED in a
   process that was forked while the start-up was half done. */
inline void init_wait(libcgo_init &record) {
  detail::check(libcgo_init_wait(&record), "libcgo_init_wait");
}

/*
 * A scope in which a runtime has the executable's pair of slots
 * (LIBCGO_DEFINE_SLOTS). There is one such object for a runtime at a time.
 */
class slots {
public:
  /* Empty: has no claim. */
  slots() noexcept = default;

  /* Claims the pair. Throws what libcgo_slots_claim returns: ENOENT, where the
     executable defines none, EBUSY, where another runtime has it, and others. */
  explicit slots(libcgo_runtime &owner) {
    detail::check(libcgo_slots_claim(&owner, &offset_), "libcgo_slots_claim");
    runtime_ = &owner;
  }

  slots(slots &&other) noexcept { swap(other); }
  slots &operator=(slots &&other) noexcept {
    slots(std::move(other)).swap(*this);
    return *this;
  }
  /* Gives the claim back; the words keep what they have. */
  ~slots() {
    if (runtime_ != nullptr)
      libcgo_slots_release(runtime_);
  }

  void swap(slots &other) noexcept {
    std::swap(runtime_, other.runtime_);
    std::swap(offset_, other.offset_);
  }

  /* Whether it has the claim. */
  explicit operator bool() const noexcept { return runtime_ != nullptr; }
  /* Bytes from the thread pointer to the pair, in every thread. */
  std::intptr_t offset() const noexcept { return offset_; }
  /* The calling thread's pair. Safe in signal handlers. */
  std::uintptr_t *here() const noexcept { return libcgo_slots_at(offset_); }

private:
  libcgo_runtime *runtime_ = nullptr;
  std::intptr_t offset_ = 0;
};

/* ---- handles ---- */

template <class T> class handle;

/*
 * A table of handles for objects of type T, whose owner is the client. It stays at
 * its place. Shared between threads, but for its destructor, which ends all
 * handles: none is used after it, and no handle<T> outlives it.
 *
 * With static storage it is there before any constructor runs, and is destroyed
 * at exit.
 */
template <class T> class handle_table {
  static_assert(std::is_object_v<T>, "a handle is for an object");

public:
  constexpr handle_table() noexcept = default;
  handle_table(const handle_table &) = delete;
  handle_table &operator=(const handle_table &) = delete;
  ~handle_table() { libcgo_handle_table_destroy(&record_); }

  /* Makes a handle. Throws ENOMEM, or EAGAIN: as many are live as a word can
     tell apart. Safe in signal handlers, if it does not throw. */
  [[nodiscard]] handle<T> make(T &object);

  /* The object of a live handle, or NULL for any other word: freed, of another
     table, forged, 0. No lock, no system call. Safe in signal handlers. */
  T *get(std::uintptr_t word) const noexcept {
    return static_cast<T *>(libcgo_handle_get(&record_, word));
  }
  T *get(const void *word) const noexcept {
    return get(reinterpret_cast<std::uintptr_t>(word));
  }

  /* Ends a handle, by the word that handle::release gave. Returns whether it was
     live: of several calls, one gets true. Safe in signal handlers. */
  bool free(std::uintptr_t word) noexcept {
    return libcgo_handle_free(&record_, word) == 0;
  }

  /* How many are live. */
  std::size_t size() const noexcept { return libcgo_handle_count(&record_); }

private:
  friend class handle<T>;
  libcgo_handle_table record_ LIBCGO_HANDLE_TABLE_INIT;
};

/*
 * Owns a handle: the word ends with this object, not the object that it stands
 * for.
 */
template <class T> class handle {
public:
  /* Empty: its word is 0, which is no handle. */
  handle() noexcept = default;

  handle(handle &&other) noexcept { swap(other); }
  handle &operator=(handle &&other) noexcept {
    handle(std::move(other)).swap(*this);
    return *this;
  }
  ~handle() {
    if (word_ != 0)
      table_->free(word_);
  }

  /* What goes through C. */
  std::uintptr_t word() const noexcept { return word_; }
  void *pointer() const noexcept { return reinterpret_cast<void *>(word_); }

  /* The object, or NULL: it is empty, or somebody has freed the word. */
  T *get() const noexcept {
    return table_ == nullptr ? nullptr : table_->get(word_);
  }

  /* Becomes empty; the word stays live, until handle_table::free. */
  [[nodiscard]] std::uintptr_t release() noexcept {
    table_ = nullptr;
    return std::exchange(word_, 0);
  }
  /* Ends the handle now. */
  void reset() noexcept { *this = handle(); }

  void swap(handle &other) noexcept {
    std::swap(table_, other.table_);
    std::swap(word_, other.word_);
  }

  explicit operator bool() const noexcept { return word_ != 0; }

private:
  friend class handle_table<T>;
  handle(handle_table<T> &owner, std::uintptr_t live) noexcept
      : table_(&owner), word_(live) {}

  handle_table<T> *table_ = nullptr;
  std::uintptr_t word_ = 0;
};

template <class T> handle<T> handle_table<T>::make(T &object) {
  std::uintptr_t word = 0;
  detail::check(
      libcgo_handle_new(&record_,
                        const_cast<std::remove_cv_t<T> *>(std::addressof(object)),
                        &word),
      "libcgo_handle_new");
  return handle<T>(*this, word);
}

} // namespace v1
} // namespace cgo

#endif
