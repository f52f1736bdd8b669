/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kit in C++17: its records are classes, its pairs of calls are scopes, and its
 * callbacks take any callable. Header only; see libcgo.hpp(3).
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
 * Rules for the whole header:
 *   - Errors are exceptions: cgo::error, or std::bad_alloc. "Throws EINVAL" means a
 *     cgo::error with that code. If the comment of a function names no error, the
 *     function throws only what a callable of the client throws.
 *   - An exception of a callable passes to the caller, through every crossing.
 *   - A move leaves the source empty, as its default constructor makes it.
 *   - No destructor throws. If a destructor cannot undo something, the end of the
 *     thread does.
 *   - If the comment of a class does not say "shared between threads", one thread
 *     at a time may use an object of it, as with std::string.
 *   - errno is unchanged, except by callables.
 *
 * Compiles without RTTI, and with -fno-exceptions: then the text of an error goes to
 * standard error and the process aborts. Compile all files of a program that include
 * this header with the same choice. C++17, 20 and 23; gcc and clang.
 *
 * Everything is since 0.1, unless its comment says otherwise. For the linker, the inline
 * namespace keeps these names apart from those of other versions and of the library.
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
 * An error of the library. what() names the call; if the system refused a thread, it also
 * names the limit that was hit. code() is the errno value, in std::generic_category(), so
 * it compares with std::errc.
 */
class error : public std::system_error {
public:
  error(int value, const char *call)
      : std::system_error(value, std::generic_category(), call) {}
  error(int value, const char *call, const libcgo_limit &limit)
      : std::system_error(value, std::generic_category(),
                          std::string(call) + ": " + text_of(limit)),
        limit_(limit) {}

  /* The limit that kept the system from creating a thread, or NULL. Valid as long as
     this object. */
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

/* The type of a runtime's thread records: the client's type, or, for a runtime in C,
   libcgo_thread. */
template <class Thread, class Hooks>
Thread record_of(const runtime<Thread, Hooks> &);
libcgo_thread record_of(const libcgo_runtime &);
template <class Runtime>
using record_t = decltype(record_of(std::declval<Runtime &>()));

/* Carries a callable through C, and its result back. Lives in the caller's frame. */
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

  explicit crossing(F &&callable) noexcept : fn_(std::forward<F>(callable)) {}

  /* C calls these. */
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
      std::conditional_t<std::is_reference_v<result>, std::remove_reference_t<result> *,
                         std::optional<std::remove_cv_t<result>>>>;

  F &&fn_;
  kept result_{};
};

/* A new thread runs this, with a callable that it owns. */
template <class Thread, class F>
void run(libcgo_thread *record, void *callable) {
  std::unique_ptr<F> mine(static_cast<F *>(callable));
  std::invoke(std::move(*mine), static_cast<Thread &>(*record));
}

} // namespace detail

/* ---- stacks ---- */

/*
 * A small stack, for on_stack. Owns memory of its own, with a guard page below. A client
 * with other memory uses a libcgo_stack, initialised with LIBCGO_STACK_INIT; every
 * function here takes either.
 */
class stack {
public:
  /* Empty: has no memory, and cannot be used as a stack. */
  stack() noexcept = default;

  /* Allocates at least this many usable bytes, in whole pages. Throws ENOMEM, and EINVAL
     for 0. */
  explicit stack(std::size_t bytes) {
    detail::check(libcgo_stack_map(&record_, bytes), "cgo::stack");
  }

  stack(stack &&other) noexcept { swap(other); }
  stack &operator=(stack &&other) noexcept {
    stack moved(std::move(other));
    swap(moved);
    return *this;
  }

  /* Frees the memory. Nothing may be running on the stack. */
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

  /* The record for C. It belongs to this object. */
  operator const libcgo_stack &() const noexcept { return record_; }

private:
  libcgo_stack record_{
      sizeof(libcgo_stack), LIBCGO_RECORD_VERSION, 0, 0, {0, 0, 0, 0}};
};

/*
 * Calls fn() on the system stack, as libcgo_call_on_system does, and returns what fn
 * returns: a value that can be moved, a reference, or nothing. `thread` is the calling
 * thread's record. An exception of fn destroys the objects that it passes, and arrives at
 * the caller, on the stack of the call.
 *
 * Copies nothing, allocates nothing, makes no system call. If no thread has entered the
 * record, it stops the process with a message.
 * Safe in any thread and in signal handlers, if fn is.
 */
template <class F>
std::invoke_result_t<F>
on_system_stack(libcgo_thread &thread,
                F &&fn) noexcept(detail::crossing<F>::throws_nothing) {
  detail::crossing<F> crossing(std::forward<F>(fn));
  libcgo_call_on_system(&thread, crossing.enter, &crossing);
  return crossing.take();
}

/*
 * The same, on a small stack, as libcgo_call_on_stack. It stops the process with a
 * message if the stack is empty or has less than LIBCGO_STACK_MIN bytes left.
 */
template <class F>
std::invoke_result_t<F>
on_stack(libcgo_thread &thread, const libcgo_stack &stack,
         F &&fn) noexcept(detail::crossing<F>::throws_nothing) {
  detail::crossing<F> crossing(std::forward<F>(fn));
  libcgo_call_on_stack(&thread, &stack, crossing.enter, &crossing);
  return crossing.take();
}

/* Tells the library that the thread switches to another small stack by itself
   (libcgo_stack_switched). Throws EINVAL if the thread has not left its system stack.
   Safe in signal handlers, if it does not throw. */
inline void stack_switched(libcgo_thread &thread, const libcgo_stack &stack) {
  detail::check(libcgo_stack_switched(&thread, &stack), "libcgo_stack_switched");
}

/* Tells the library that nothing runs on a stack any more, and that nothing will return
   to what was there (libcgo_stack_left). Throws EBUSY if the caller is on the stack. Safe
   in signal handlers, if it does not throw. Since 0.2. */
inline void stack_left(libcgo_thread &thread, const libcgo_stack &stack) {
  detail::check(libcgo_stack_left(&thread, &stack), "libcgo_stack_left");
}

/* The kinds of stacks, LIBCGO_STACK_... */
enum class stack_kind {
  system = LIBCGO_STACK_SYSTEM,
  small = LIBCGO_STACK_SMALL,
  signal = LIBCGO_STACK_SIGNAL,
  other = LIBCGO_STACK_OTHER,
};

/* The usable part of a stack: without guard pages and without memory of the C library. */
class bounds {
public:
  /* Empty: contains nothing. */
  bounds() noexcept = default;
  explicit bounds(const libcgo_bounds &record) noexcept : record_(record) {}

  /* The bounds of the stack on which the caller runs. `thread` is the calling thread's
     record. The system stack is looked up once; after that this costs a load. Throws what
     libcgo_stack_bounds returns. */
  static bounds here(libcgo_thread &thread) { return look_up(&thread); }
  /* The same for a thread without a record. Each call looks the bounds up. */
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

/* ---- contexts ---- */

namespace detail {

/* What an empty cgo::context gives to C: it is over, so nothing goes on there. */
struct over_context : libcgo_context {
  constexpr over_context() noexcept : libcgo_context LIBCGO_CONTEXT_INIT {
    sp = 1;
  }
};
inline over_context no_context;

} // namespace detail

/*
 * A context: what is suspended while its thread runs on another stack (libcgo_switch). It
 * owns a copy of a callable, and the record for C, which keeps its place when this object
 * moves.
 *
 *     cgo::context worker = cgo::context::of_caller();
 *     cgo::context task(small, [&](libcgo_context &own, uintptr_t word) -> auto & {
 *       word = cgo::switch_to(self, own, worker, word + 1); // suspended
 *       return worker;                                      // over
 *     });
 *     cgo::switch_to(self, worker, task, 1); // returns 2
 *     cgo::switch_to(self, worker, task, 3); // returns 0
 *
 * A client that manages the memory itself uses a libcgo_context, which begins as
 * LIBCGO_CONTEXT_INIT. switch_to takes either. Since 0.2.
 */
class context {
public:
  /* Empty: has no record. switch_to stops the process with a message. */
  context() noexcept = default;

  /*
   * The first switch to it calls a copy of fn on `stack`, as fn(own, word): `own` is the
   * record of this context, `word` is what that switch passes. fn returns a reference to
   * the context or libcgo_context in which the thread goes on. The copy is then destroyed,
   * and the context is over. Its stack is free once the thread has gone on. The stack still
   * belongs to the client. An exception that leaves fn ends the process by
   * std::terminate.
   *
   * `options` is 0 or LIBCGO_CONTEXT_KEEPS_CONTROL. Throws std::bad_alloc. Throws ENOMEM if
   * the stack has fewer than LIBCGO_STACK_MIN bytes, EINVAL if it is empty, and ENOTSUP if
   * the thread uses a shadow stack.
   */
  template <class F>
  context(const libcgo_stack &stack, F &&fn, std::uintptr_t options = 0) {
    auto made = std::make_unique<body_of<std::decay_t<F>>>(std::forward<F>(fn));
    made->record.options = options;
    detail::check(
        libcgo_context_make(&made->record, &stack, made->run, made.get()),
        "libcgo_context_make");
    body_ = std::move(made);
  }

  /* A context for code that already runs: the first switch_to from it suspends the caller
     in it. Throws std::bad_alloc. */
  static context of_caller(std::uintptr_t options = 0) {
    context result;
    result.body_ = std::make_unique<body>();
    result.body_->record.options = options;
    return result;
  }

  context(context &&other) noexcept = default;
  context &operator=(context &&other) noexcept = default;

  /* Forgets what is suspended. Destroys the copy of the callable, but not the objects on
     the context's stack. The context must not be running. */
  ~context() = default;

  void swap(context &other) noexcept { body_.swap(other.body_); }

  /* Whether it has a record. */
  explicit operator bool() const noexcept { return body_ != nullptr; }
  /* Whether its callable has returned. */
  bool over() const noexcept { return body_ != nullptr && body_->over; }

  /* The record for C. This object owns it. When the object moves, the new one owns it, and
     its address stays the same. */
  operator libcgo_context &() const noexcept {
    return body_ == nullptr ? detail::no_context : body_->record;
  }

private:
  struct body {
    body() noexcept = default;
    body(const body &) = delete;
    body &operator=(const body &) = delete;
    virtual ~body() {
      if (record.stack_hi != 0)
        libcgo_context_forget(&record);
    }

    libcgo_context record LIBCGO_CONTEXT_INIT;
    bool over = false;
  };

  template <class F> struct body_of final : body {
    using result = std::invoke_result_t<F, libcgo_context &, std::uintptr_t>;
    static_assert(std::is_lvalue_reference_v<result> &&
                      std::is_convertible_v<result, libcgo_context &>,
                  "the callable returns a reference to the context to go on in");

    template <class G>
    explicit body_of(G &&callable)
        : fn(std::in_place, std::forward<G>(callable)) {}

    /* C calls this, on the context's stack. */
    static libcgo_context *run(void *self, std::uintptr_t word) {
      body_of &mine = *static_cast<body_of *>(self);
      libcgo_context &next = std::invoke(std::move(*mine.fn), mine.record, word);
      mine.fn.reset();
      mine.over = true;
      return &next;
    }

    std::optional<F> fn;
  };

  std::unique_ptr<body> body_;
};

/*
 * Suspends the caller in `from`, and goes on in `to`: the pending switch_to there returns
 * `word`, or the callable begins with it. Returns when `from` goes on, perhaps in another
 * thread. The result is the word of the switch back, or 0 if a context ended. `thread` is
 * the calling thread's record. Works as libcgo_switch does, and stops the process in the
 * same cases. Since 0.2.
 */
inline std::uintptr_t switch_to(libcgo_thread &thread, libcgo_context &from,
                                libcgo_context &to,
                                std::uintptr_t word = 0) noexcept {
  return libcgo_switch(&thread, &from, &to, word);
}
/* The same for a thread without a record, or for code that never calls on_system_stack. */
inline std::uintptr_t switch_to(libcgo_context &from, libcgo_context &to,
                                std::uintptr_t word = 0) noexcept {
  return libcgo_switch(nullptr, &from, &to, word);
}

/* ---- threads ---- */

/*
 * A thread's record. Derive your own from it, with all that you keep for each thread:
 * hooks, callbacks and start functions get it with that type. It must not move while a
 * thread uses it, and can be used for another thread afterwards.
 */
class thread : public libcgo_thread {
public:
  thread() noexcept : libcgo_thread LIBCGO_THREAD_INIT {}
  thread(const thread &) = delete;
  thread &operator=(const thread &) = delete;

private:
  template <class Thread> friend class hooks;
  template <class Thread, class Hooks> friend class runtime;
  bool owned_ =
      false; /* Hooks::release gets the record when its thread has left */
  thread *outer_ = nullptr; /* the thread's record in another runtime: see hooks */
};

/*
 * Options of a new thread. An option that is not set is as the process's defaults
 * say. Keeps copies of its arguments. Throws std::bad_alloc.
 *
 *     cgo::thread_options().name("worker").stack_size(1 << 20)
 */
class thread_options {
public:
  /* Bytes of the thread's stack, without its guard. 0: the default. */
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
  /* Bytes of the signal stack; a guard page comes in addition. 0: what the runtime's
     record says. */
  thread_options &signal_stack_size(std::size_t bytes) noexcept {
    attr_.signal_stack_size = bytes;
    return *this;
  }
  thread_options &no_signal_stack() noexcept {
    return signal_stack_size(LIBCGO_NO_SIGNAL_STACK);
  }
  /* A name for debuggers and ps(1). The system cuts it (Linux: 15 bytes). */
  thread_options &name(std::string name) noexcept {
    name_ = std::move(name);
    return *this;
  }
#ifdef LIBCGO_SIGNAL_MASKS_
  /* The thread's signal mask. Without it: the creator's mask, without the runtime's
     open_signals. Not on Windows. */
  thread_options &signal_mask(const sigset_t &mask) noexcept {
    mask_ = mask;
    return *this;
  }
#endif
  /* A CPU on which the thread may run, counted from 0. Each further call adds one.
     Without it: the creator's CPUs. */
  thread_options &cpu(unsigned number) {
    constexpr unsigned bits = 8 * sizeof(unsigned long);
    if (cpus_.size() <= number / bits)
      cpus_.resize(number / bits + 1);
    cpus_[number / bits] |= 1ul << number % bits;
    return *this;
  }

  /* The options for C. What the record points to belongs to this object. */
  libcgo_thread_attr attr() const noexcept {
    libcgo_thread_attr attr = attr_;
    attr.name = name_ ? name_->c_str() : nullptr;
#ifdef LIBCGO_SIGNAL_MASKS_
    attr.signal_mask = mask_ ? &*mask_ : nullptr;
#endif
    attr.cpus = cpus_.empty() ? nullptr : cpus_.data();
    attr.cpus_size = cpus_.size() * sizeof(unsigned long);
    return attr;
  }

private:
  libcgo_thread_attr attr_ LIBCGO_THREAD_ATTR_INIT;
  std::optional<std::string> name_;
#ifdef LIBCGO_SIGNAL_MASKS_
  std::optional<sigset_t> mask_;
#endif
  std::vector<unsigned long> cpus_;
};

/*
 * Creates a thread of the runtime, which runs a copy of fn with its record and cannot be
 * joined. The caller owns the record, and does not move it until `leave`. runtime::start
 * takes the record over instead.
 *
 * The thread destroys the copy when fn returns, or when the thread ends by
 * pthread_exit(3) or cancellation. An exception that leaves fn ends the process by
 * std::terminate, before anything is destroyed.
 *
 * Throws what libcgo_thread_create returns; for EAGAIN, error::limit() and what() tell
 * which limit was hit. After an error neither a hook nor fn was called; the copy of fn
 * has been destroyed.
 * Safe in any thread; not safe in signal handlers.
 */
template <class Runtime, class F>
void start_thread(Runtime &runtime, detail::record_t<Runtime> &record,
                  const thread_options &options, F &&fn) {
  using function = std::decay_t<F>;
  auto copy = std::make_unique<function>(std::forward<F>(fn));
  const libcgo_thread_attr attr = options.attr();
  libcgo_limit limit = LIBCGO_LIMIT_INIT;
  const int err = libcgo_thread_create(
      &runtime, &record, &attr,
      detail::run<detail::record_t<Runtime>, function>, copy.get(), &limit);
  if (err == EAGAIN && limit.name != nullptr)
    detail::raise(error(err, "libcgo_thread_create", limit));
  detail::check(err, "libcgo_thread_create");
  copy.release(); // the thread owns it
}

/* ---- runtimes ---- */

/*
 * Hooks that suffice for most runtimes. They keep a thread's record in a thread-local
 * variable, and make a new record for a foreign thread, if records can be made without
 * arguments. To change hooks, derive your own from these and hide the ones that you
 * change. Yours may call the hidden ones:
 *
 *     struct my_hooks : cgo::hooks<worker> {
 *       static void leave(worker &w) noexcept { ...; hooks::leave(w); }
 *     };
 *     static cgo::runtime<worker, my_hooks> runtime;
 *
 * All are noexcept. `enter`, `leave`, `acquire` and `release` run with signals held, on
 * the thread that attaches, starts or ends (see libcgo_ops). Only `leave` may call back
 * into the runtime.
 * Several runtimes may have the same type of hooks, also in libraries that know nothing of each
 * other. (After libcgo_runtime_close, free a foreign thread's record when that thread calls none
 * of them any more: a thread's records are linked.)
 */
template <class Thread> class hooks {
public:
  /* Whether acquire can be called. If not, foreign threads cannot be attached. */
  static constexpr bool attaches = std::is_default_constructible_v<Thread>;

  /* The record that the calling thread has entered last, and not left, in any runtime with
     these hooks; or NULL. Runs at each callback, also in signal handlers. */
  static Thread *current() noexcept { return self_; }
  /* Tell that the calling thread now uses the record, and that it no longer does. */
  static void enter(Thread &record) noexcept {
    thread &mine = record;
    mine.outer_ = self_;
    self_ = &record;
  }
  static void leave(Thread &record) noexcept {
    thread &mine = record;
    if (self_ == &record) {
      self_ = static_cast<Thread *>(mine.outer_);
      return;
    }
    for (thread *inner = self_; inner != nullptr; inner = inner->outer_)
      if (inner->outer_ == &mine)
        inner->outer_ = mine.outer_;
  }
  /* Returns a record for a foreign thread, or NULL if there is none. */
  static std::unique_ptr<Thread> acquire(libcgo_runtime &) noexcept {
    if constexpr (attaches)
      return std::unique_ptr<Thread>(new (std::nothrow) Thread);
    else
      return nullptr;
  }
  /* Takes back a record after `leave`: one that `acquire` returned, or that
     runtime::start took over. */
  static void release(std::unique_ptr<Thread>) noexcept {}
  /* A function that gets a message before the process aborts, or NULL. */
  static constexpr void (*fatal)(const char *) = nullptr;

private:
  static inline thread_local Thread *self_ = nullptr;
};

/*
 * A runtime whose thread records have the client's type. It is a libcgo_runtime, so every
 * function in C takes it. The other way round, a runtime that is written in C works with
 * everything here that takes a libcgo_runtime or a Runtime &, and with attachment<>. The
 * client's members of the C record (data, signal_stack_size, open_signals) are members
 * here. Shared between threads.
 *
 * Give it static storage, so that it is initialised before any constructor runs, or let
 * it live as long as the process: its threads use it until they end, and cannot be
 * joined. The object that contains its hooks is never unloaded.
 */
template <class Thread = thread, class Hooks = hooks<Thread>>
class runtime : public libcgo_runtime {
  static_assert(std::is_base_of_v<thread, Thread>,
                "a thread's record derives from cgo::thread");
  // clang-format off
  static_assert(noexcept(Hooks::current()) &&
                    noexcept(Hooks::enter(std::declval<Thread &>())) &&
                    noexcept(Hooks::leave(std::declval<Thread &>())) &&
                    noexcept(Hooks::acquire(std::declval<libcgo_runtime &>())) &&
                    noexcept(Hooks::release(nullptr)),
                "hooks are noexcept: the library's frames are below them");
  // clang-format on

public:
  using thread_type = Thread;

  constexpr runtime() noexcept : libcgo_runtime LIBCGO_RUNTIME_INIT(&ops_) {}
  runtime(const runtime &) = delete;
  runtime &operator=(const runtime &) = delete;

  /* The calling thread's record, or NULL. Safe in signal handlers. */
  Thread *current() const noexcept {
    thread *record = Hooks::current();
    while (record != nullptr && record->runtime != this)
      record = record->outer_;
    return static_cast<Thread *>(record);
  }

  /*
   * Creates a thread, which runs a copy of fn(record): see start_thread. The record is a
   * new one, or the given one. Hooks::release gets it after `leave`. After an error it is
   * destroyed here.
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
    record.release(); // the thread owns it, and may have ended already
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
  static libcgo_thread *current_record(const libcgo_runtime *self) {
    return static_cast<const runtime *>(self)->current();
  }

  static constexpr libcgo_ops ops_ = LIBCGO_OPS(
      enter, leave, Hooks::attaches ? acquire : nullptr,
      Hooks::attaches ? release : nullptr, current_record, Hooks::fatal);
};

/*
 * Calls back into a runtime from C: calls fn with the calling thread's record, on the
 * caller's stack. Returns what fn returns; exceptions of fn pass through. A thread that
 * has no record is attached first, and stays attached until it ends or calls
 * libcgo_detach.
 *
 * Throws what libcgo_callback returns, without calling fn; for instance EPERM if nobody
 * has begun the start-up (cgo::init). On a thread with a record it makes no system call,
 * takes no lock and allocates nothing.
 * Safe in any thread; in signal handlers on a thread that has a record, if fn is.
 */
template <class Runtime, class F>
std::invoke_result_t<F, detail::record_t<Runtime> &> callback(Runtime &runtime,
                                                              F &&fn) {
  using crossing_type = detail::crossing<F, detail::record_t<Runtime> &>;
  crossing_type crossing(std::forward<F>(fn));
  detail::check(libcgo_callback(&runtime, crossing_type::enter_thread, &crossing),
                "libcgo_callback");
  return crossing.take();
}

/*
 * A scope in which the calling thread, a foreign one, is attached. If the thread has a
 * record already, the object only finds it, so scopes can be nested. The scope must end
 * on its thread.
 *
 *     cgo::attachment here(runtime);
 *     here.thread()...
 */
template <class Thread = libcgo_thread> class attachment {
public:
  /* Empty: belongs to no thread. */
  attachment() noexcept = default;

  /* Attaches the thread. Throws what libcgo_attach returns, except EALREADY. Does not
     wait for the runtime's start-up. */
  template <class Hooks> explicit attachment(runtime<Thread, Hooks> &to) {
    attach(to);
  }
  explicit attachment(libcgo_runtime &to) {
    static_assert(std::is_same_v<Thread, libcgo_thread>,
                  "a runtime in C has records of C");
    attach(to);
  }

  attachment(attachment &&other) noexcept { swap(other); }
  attachment &operator=(attachment &&other) noexcept {
    attachment moved(std::move(other));
    swap(moved);
    return *this;
  }

  /* Detaches the thread if this object has attached it. The thread stays attached until it
     ends if a call by on_stack is under way on it (EBUSY), or if the destructor runs on
     another thread. A call by on_stack that an exception has left may still count if this
     object ends deeper on the stack than the call was made: see libcgo_stack_left. */
  __attribute__((__always_inline__)) ~attachment() { end(); }

  /* The same, but throws what libcgo_detach returns, or EPERM on another thread. After an
     error the object is unchanged. */
  __attribute__((__always_inline__)) void detach() {
    detail::check(end(), "libcgo_detach");
    thread_ = nullptr;
  }

  /* Makes the object empty. A thread that it has attached stays attached until the thread
     ends or calls libcgo_detach. Returns the record, or NULL. */
  Thread *release() noexcept {
    attached_ = false;
    return std::exchange(thread_, nullptr);
  }

  void swap(attachment &other) noexcept {
    std::swap(runtime_, other.runtime_);
    std::swap(thread_, other.thread_);
    std::swap(attached_, other.attached_);
  }

  /* Whether it belongs to a thread; thread() is then that thread's record. */
  explicit operator bool() const noexcept { return thread_ != nullptr; }
  Thread &thread() const noexcept { return *thread_; }
  /* Whether this object has attached the thread, and will detach it. */
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

  /* Always inlined: called as a function it would be deeper on the stack, and might be
     taken for part of a call that an exception has left. */
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
 * A scope in which a runtime starts. It claims the start-up; callbacks wait meanwhile. If
 * the scope ends without done(), by an exception for instance, it gives the claim back.
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

  /* Claims the start-up. The object is empty if the runtime is ready, or another thread
     has the claim. Throws ECANCELED in a process that was forked while the start-up was
     half done, and EINVAL for a record that was not initialised. */
  explicit init(libcgo_init &record) {
    const int err = libcgo_init_begin(&record);
    if (err != EALREADY && err != EBUSY)
      detail::check(err, "libcgo_init_begin");
    if (err == 0)
      record_ = &record;
  }

  init(init &&other) noexcept { swap(other); }
  init &operator=(init &&other) noexcept {
    init moved(std::move(other));
    swap(moved);
    return *this;
  }
  /* Gives the claim back, if it has one. */
  ~init() {
    if (record_ != nullptr)
      libcgo_init_abandon(record_);
  }

  /* Tells that the runtime is ready, and makes the object empty. Throws EPERM for an
     object without a claim, and in a forked child if the parent made the claim. */
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

/* Waits until the runtime is ready. Costs one load once it is. Throws ECANCELED in a
   process that was forked while the start-up was half done. */
inline void init_wait(libcgo_init &record) {
  detail::check(libcgo_init_wait(&record), "libcgo_init_wait");
}

/*
 * A scope in which a runtime has the executable's pair of slots (LIBCGO_DEFINE_SLOTS).
 * Make only one such object for a runtime at a time.
 */
class slots {
public:
  /* Empty: has no claim. */
  slots() noexcept = default;

  /* Claims the pair. Throws what libcgo_slots_claim returns: ENOENT if the executable
     defines no pair, EBUSY if another runtime has it, and others. */
  explicit slots(libcgo_runtime &owner) {
    detail::check(libcgo_slots_claim(&owner, &offset_), "libcgo_slots_claim");
    runtime_ = &owner;
  }

  slots(slots &&other) noexcept { swap(other); }
  slots &operator=(slots &&other) noexcept {
    slots moved(std::move(other));
    swap(moved);
    return *this;
  }
  /* Gives the claim back. The words keep their values. */
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
  /* Bytes from the thread pointer to the pair, the same in every thread. */
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
 * A table of handles for objects of type T. The client owns the objects. The table must
 * not move. Its destructor frees all handles: use none of them afterwards, and let no
 * handle<T> outlive the table. Shared between threads, except the destructor.
 *
 * With static storage it is initialised before any constructor runs, and destroyed at
 * exit.
 */
template <class T> class handle_table {
  static_assert(std::is_object_v<T>, "a handle is for an object");

public:
  constexpr handle_table() noexcept = default;
  handle_table(const handle_table &) = delete;
  handle_table &operator=(const handle_table &) = delete;
  ~handle_table() { libcgo_handle_table_destroy(&record_); }

  /* Makes a handle. Throws ENOMEM, or EAGAIN if the table has as many live handles as the
     bits of a word allow. Safe in signal handlers, if it does not throw. */
  [[nodiscard]] handle<T> make(T &object);

  /* The object of a live handle. NULL for every other word: a freed handle, one of
     another table, an invented one, 0. No lock, no system call.
     Safe in signal handlers. */
  T *get(std::uintptr_t word) const noexcept {
    return static_cast<T *>(libcgo_handle_get(&record_, word));
  }
  T *get(const void *word) const noexcept {
    return get(reinterpret_cast<std::uintptr_t>(word));
  }

  /* Frees a handle, by the word that handle::release returned. Returns whether it was
     live: of several calls, one returns true. Safe in signal handlers. */
  bool free(std::uintptr_t word) noexcept {
    return libcgo_handle_free(&record_, word) == 0;
  }

  /* How many handles are live. */
  std::size_t size() const noexcept { return libcgo_handle_count(&record_); }

private:
  friend class handle<T>;
  libcgo_handle_table record_ LIBCGO_HANDLE_TABLE_INIT;
};

/*
 * Owns a handle. When this object ends, the handle is freed; the object that the handle
 * stands for is not touched.
 */
template <class T> class handle {
public:
  /* Empty: its word is 0, which is never a handle. */
  handle() noexcept = default;

  handle(handle &&other) noexcept { swap(other); }
  handle &operator=(handle &&other) noexcept {
    handle moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~handle() {
    if (word_ != 0)
      table_->free(word_);
  }

  /* The word to pass through C. */
  std::uintptr_t word() const noexcept { return word_; }
  void *pointer() const noexcept { return reinterpret_cast<void *>(word_); }

  /* The object. NULL if this is empty, or somebody has freed the word. */
  T *get() const noexcept {
    return table_ == nullptr ? nullptr : table_->get(word_);
  }

  /* Makes this empty. The word stays live until handle_table::free. */
  [[nodiscard]] std::uintptr_t release() noexcept {
    table_ = nullptr;
    return std::exchange(word_, 0);
  }
  /* Frees the handle now. */
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
  detail::check(libcgo_handle_new(
                    &record_,
                    const_cast<std::remove_cv_t<T> *>(std::addressof(object)),
                    &word),
                "libcgo_handle_new");
  return handle<T>(*this, word);
}

} // namespace v1
} // namespace cgo

#endif
