// SPDX-License-Identifier: BSD-3-Clause
//
// The C++ face.
#include "support/harness.h"
#include "support/pthread-exit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include <libcgo.hpp>

LIBCGO_DEFINE_SLOTS;

namespace {

std::atomic<int> records, released;

class worker : public cgo::thread {
public:
  worker() { records++; }
  ~worker() { records--; }
  int number = 42;
};

// Its last word, before its record goes, is whose thread has left.
struct own_hooks : cgo::hooks<worker> {
  static void release(std::unique_ptr<worker> record) noexcept {
    released++;
    hooks::release(std::move(record));
  }
};

cgo::runtime<worker> runtime;
cgo::runtime<worker, own_hooks> own;
cgo::handle_table<int> table;

// A record without a default constructor: no foreign thread can have one.
class named : public cgo::thread {
public:
  explicit named(int) {}
};
cgo::runtime<named> closed;

// A runtime that lives in C.
namespace in_c {
thread_local libcgo_thread *self;
libcgo_thread record = LIBCGO_THREAD_INIT;
void enter(libcgo_thread *thread) { self = thread; }
void leave(libcgo_thread *) { self = nullptr; }
libcgo_thread *acquire(libcgo_runtime *) { return &record; }
void release(libcgo_thread *) {}
libcgo_thread *current(const libcgo_runtime *) { return self; }
const libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, nullptr);
libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
} // namespace in_c

constexpr std::size_t small_bytes = 256 << 10; // throwing takes stack

// An object that tells when it is gone.
class object {
public:
  explicit object(int &gone) : gone_(gone) {}
  ~object() { gone_++; }
  object(const object &) = delete;
  object &operator=(const object &) = delete;

private:
  int &gone_;
};

// Runs fn on a new thread of C's, to its end.
template <class F> void in_thread(F fn) { std::thread(std::move(fn)).join(); }

// Runs fn(record) on a new thread of the runtime, and returns its result.
template <class F> auto in_worker(const cgo::thread_options &options, F fn) {
  std::packaged_task<std::invoke_result_t<F, worker &>(worker &)> task(
      std::move(fn));
  auto result = task.get_future();
  runtime.start(options, std::move(task));
  return result.get();
}

template <class F> int errno_of(F fn) {
  try {
    fn();
  } catch (const cgo::error &e) {
    return e.code().value();
  }
  return 0;
}

// ---- traits ----

template <class T>
constexpr bool moves =
    std::is_nothrow_move_constructible_v<T> &&std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
    std::is_nothrow_default_constructible_v<T> &&
    std::is_nothrow_destructible_v<T>;
static_assert(moves<cgo::attachment<>> && moves<cgo::attachment<worker>> &&
              moves<cgo::handle<int>> && moves<cgo::handle<const int>> &&
              moves<cgo::init> && moves<cgo::slots> && moves<cgo::stack> &&
              moves<cgo::context>);

template <class T>
constexpr bool stays =
    !std::is_move_constructible_v<T> && !std::is_copy_constructible_v<T> &&
    !std::is_move_assignable_v<T> && std::is_nothrow_destructible_v<T>;
static_assert(stays<cgo::thread> && stays<worker> && stays<cgo::runtime<>> &&
              stays<cgo::handle_table<int>>);

static_assert(std::is_trivially_destructible_v<cgo::runtime<worker>>);
static_assert(std::is_base_of_v<std::system_error, cgo::error> &&
              std::is_nothrow_copy_constructible_v<cgo::error>);
static_assert(!std::is_convertible_v<std::size_t, cgo::stack> &&
              std::is_convertible_v<cgo::stack &, const libcgo_stack &>);

template <class F>
using system_result =
    decltype(cgo::on_system_stack(std::declval<worker &>(), std::declval<F>()));
static_assert(std::is_void_v<system_result<void (*)()>> &&
              std::is_same_v<system_result<int (*)()>, int> &&
              std::is_same_v<system_result<int &(*)()>, int &> &&
              std::is_same_v<system_result<int && (*)()>, int &&> &&
              std::is_same_v<system_result<std::unique_ptr<int> (*)()>,
                             std::unique_ptr<int>>);
template <class F>
constexpr bool quiet = noexcept(cgo::on_system_stack(std::declval<worker &>(),
                                                     std::declval<F>()));
static_assert(quiet<void (*)() noexcept> && quiet<int (*)() noexcept> &&
              !quiet<void (*)()>);

// What both kinds of runtimes give to callables.
static_assert(std::is_same_v<cgo::detail::record_t<cgo::runtime<worker>>, worker> &&
              std::is_same_v<cgo::detail::record_t<libcgo_runtime>, libcgo_thread>);
static_assert(
    std::is_same_v<decltype(cgo::attachment(runtime)), cgo::attachment<worker>> &&
    std::is_same_v<decltype(cgo::attachment(in_c::runtime)), cgo::attachment<>>);

} // namespace

// ---- crossings ----

TEST(a_callable_runs_on_the_stack_that_it_is_meant_for) {
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  worker &self = here.thread();
  cgo::on_stack(self, small, [&] {
    ck_assert(cgo::bounds::here(self).kind() == cgo::stack_kind::small);
    cgo::on_system_stack(self, [&] {
      ck_assert(cgo::bounds::here(self).kind() == cgo::stack_kind::system);
    });
  });
}

TEST(a_stack_on_which_the_caller_is_was_not_left) {
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  worker &self = here.thread();
  int error = 0;
  cgo::on_stack(self, small, [&] {
    try {
      cgo::stack_left(self, small);
    } catch (const cgo::error &e) {
      error = e.code().value();
    }
  });
  ck_assert_int_eq(error, EBUSY);
  cgo::stack_left(self, small);
}

TEST(results_of_every_kind_come_back) {
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  worker &self = here.thread();
  int value = 1;
  cgo::on_stack(self, small, [&] {
    int &reference = cgo::on_system_stack(self, [&]() -> int & { return value; });
    ck_assert_ptr_eq(&reference, &value);
    int &&moved =
        cgo::on_system_stack(self, [&]() -> int && { return std::move(value); });
    ck_assert_ptr_eq(&moved, &value);
    auto unique = cgo::on_system_stack(
        self, [] { return std::make_unique<std::string>("moved"); });
    ck_assert(*unique == "moved");
    const auto large = cgo::on_system_stack(self, [] {
      std::array<int, 1000> numbers{};
      numbers[999] = 7;
      return numbers;
    });
    ck_assert_int_eq(large[999], 7);
    cgo::on_system_stack(self, [&] { value = 2; });
    ck_assert_int_eq(value, 2);
  });
}

TEST(a_move_only_callable_is_called_and_not_moved) {
  cgo::attachment here(runtime);
  auto fn = [p = std::make_unique<int>(5)] { return *p; };
  ck_assert_int_eq(cgo::on_system_stack(here.thread(), fn), 5);
  ck_assert_int_eq(cgo::on_system_stack(here.thread(), std::move(fn)), 5);
  ck_assert_int_eq(fn(), 5);
}

TEST(an_exception_on_the_system_stack_is_caught_on_the_small_one) {
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  worker &self = here.thread();
  int gone = 0;
  std::string caught;
  cgo::on_stack(self, small, [&] {
    try {
      object above(gone);
      cgo::on_system_stack(self, [&] {
        object below(gone);
        throw std::runtime_error("thrown in C");
      });
    } catch (const std::runtime_error &e) {
      caught = e.what();
      ck_assert(cgo::bounds::here(self).kind() == cgo::stack_kind::small);
    }
  });
  ck_assert(caught == "thrown in C");
  ck_assert_int_eq(gone, 2);
}

TEST(an_exception_on_a_small_stack_is_caught_on_the_system_stack) {
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  int gone = 0, caught = 0;
  try {
    cgo::on_stack(here.thread(), small, [&]() -> int {
      object below(gone);
      throw 6;
    });
  } catch (int value) {
    caught = value;
  }
  ck_assert_int_eq(caught, 6);
  ck_assert_int_eq(gone, 1);
}

static void nest(worker &self, const cgo::stack &small, int depth, int &gone) {
  object here(gone);
  if (depth == 0)
    throw std::out_of_range("the deepest");
  cgo::on_stack(self, small, [&] {
    object there(gone);
    cgo::on_system_stack(self, [&] { nest(self, small, depth - 1, gone); });
  });
}

TEST(a_thread_crosses_again_after_an_exception_passed_twenty_switches) {
  // Frames that a throw skips leave their red zones on a small stack, where
  // the sanitizer does not look for them.
  if (UNDER_ASAN)
    SKIP("the address sanitizer does not follow a throw to a stack of which it "
         "was not told");
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  worker &self = here.thread();
  for (int round = 0; round < 3; round++) {
    int gone = 0, caught = 0;
    try {
      nest(self, small, 10, gone);
    } catch (const std::out_of_range &) {
      caught++;
    }
    ck_assert_int_eq(caught, 1);
    ck_assert_int_eq(gone, 21);
  }
  here.detach(); // refused, if a call were still thought to be under way
}

// ---- contexts ----

static_assert(
    std::is_convertible_v<const cgo::context &, libcgo_context &> &&noexcept(
        cgo::switch_to(std::declval<worker &>(), std::declval<cgo::context &>(),
                       std::declval<cgo::context &>()))
        &&noexcept(cgo::switch_to(std::declval<libcgo_context &>(),
                                  std::declval<libcgo_context &>(), 1)));

TEST(a_context_runs_any_callable_on_its_stack) {
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  worker &self = here.thread();
  cgo::context mine = cgo::context::of_caller();
  auto two = std::make_unique<int>(2); // makes the callable move-only
  cgo::context task(
      small,
      [&, two = std::move(two)](libcgo_context &itself,
                                std::uintptr_t word) -> cgo::context & {
        ck_assert(cgo::bounds::here(self).lo() == small.lo());
        cgo::on_system_stack(self, [&] {
          ck_assert(cgo::bounds::here(self).kind() == cgo::stack_kind::system);
        });
        while (word != 0)
          word = cgo::switch_to(self, itself, mine, word * unsigned(*two));
        return mine;
      });
  ck_assert_uint_eq(cgo::switch_to(self, mine, task, 4), 8);
  ck_assert_uint_eq(cgo::switch_to(self, mine, task, 5), 10);
  ck_assert(!task.over());
  ck_assert_uint_eq(cgo::switch_to(self, mine, task), 0);
  ck_assert(task.over() && task && !mine.over());
  ck_assert(cgo::bounds::here(self).kind() == cgo::stack_kind::system);
}

TEST(a_context_moves_while_it_is_suspended) {
  cgo::stack small(small_bytes);
  libcgo_context mine LIBCGO_CONTEXT_INIT; // no record of a thread, and one of C
  cgo::context task;
  task = cgo::context(
      small, [&](libcgo_context &itself, std::uintptr_t word) -> libcgo_context & {
        for (; word != 0; word = cgo::switch_to(itself, mine, word + 1))
          ck_assert_ptr_eq(&itself, &static_cast<libcgo_context &>(task));
        return mine;
      });
  ck_assert_uint_eq(cgo::switch_to(mine, task, 1), 2);
  cgo::context away(std::move(task));
  ck_assert(!task && away);
  task.swap(away);
  ck_assert_uint_eq(cgo::switch_to(mine, task, 2), 3);
  cgo::switch_to(mine, task);
  ck_assert(task.over() && !away);
}

// A callable that tells when it is gone.
struct told {
  std::unique_ptr<object> there;
  libcgo_context *next;
  libcgo_context &operator()(libcgo_context &, std::uintptr_t) { return *next; }
};

TEST(a_callable_goes_when_it_has_returned_or_with_its_context) {
  cgo::stack small(small_bytes);
  libcgo_context mine LIBCGO_CONTEXT_INIT;
  int gone = 0;
  cgo::context ended(small, told{std::make_unique<object>(gone), &mine});
  ck_assert_int_eq(gone, 0);
  cgo::switch_to(mine, ended);
  ck_assert_int_eq(gone, 1);
  { cgo::context never(small, told{std::make_unique<object>(gone), &mine}); }
  ck_assert_int_eq(gone, 2);
  ended = cgo::context();
  ck_assert_int_eq(gone, 2);
  const cgo::stack tiny;
  ck_assert_int_eq(
      errno_of([&] {
        cgo::context(tiny, told{std::make_unique<object>(gone), &mine});
      }),
      EINVAL);
  ck_assert_int_eq(gone, 3);
}

TEST(a_context_needs_a_stack_of_some_size) {
  alignas(16) static char memory[LIBCGO_STACK_MIN];
  const libcgo_stack less LIBCGO_STACK_INIT(memory + 16, memory + sizeof memory);
  libcgo_context mine LIBCGO_CONTEXT_INIT;
  const auto fn = [&](libcgo_context &, std::uintptr_t) -> auto & {
    return mine;
  };
  try {
    cgo::context none(less, fn);
    ck_abort_msg("it was made");
  } catch (const cgo::error &e) {
    ck_assert_int_eq(e.code().value(), ENOMEM);
    ck_assert(strstr(e.what(), "libcgo_context_make") == e.what());
  }
}

TEST(an_exception_is_caught_inside_of_its_context) {
  cgo::attachment here(runtime);
  cgo::stack small(small_bytes);
  worker &self = here.thread();
  cgo::context mine = cgo::context::of_caller();
  int gone = 0, caught = 0;
  cgo::context task(
      small, [&](libcgo_context & itself, std::uintptr_t) -> auto & {
        try {
          object there(gone);
          cgo::switch_to(self, itself, mine);
          cgo::on_system_stack(self, [] { throw 3; });
        } catch (int value) {
          caught = value;
        }
        return mine;
      });
  cgo::switch_to(self, mine, task);
  ck_assert_int_eq(gone, 0);
  cgo::switch_to(self, mine, task);
  ck_assert_int_eq(gone, 1);
  ck_assert_int_eq(caught, 3);
  ck_assert(task.over());
}

TEST(the_options_of_a_context_are_in_its_record) {
  cgo::stack small(small_bytes);
  const auto options = [](const cgo::context &c) {
    return static_cast<libcgo_context &>(c).options;
  };
  const auto fn = [](libcgo_context & itself, std::uintptr_t) -> auto & {
    return itself;
  };
  ck_assert_uint_eq(options(cgo::context(small, fn)), 0);
  ck_assert_uint_eq(options(cgo::context::of_caller()), 0);
  ck_assert_uint_eq(options(cgo::context(small, fn, LIBCGO_CONTEXT_KEEPS_CONTROL)),
                    LIBCGO_CONTEXT_KEEPS_CONTROL);
  ck_assert_uint_eq(options(cgo::context::of_caller(LIBCGO_CONTEXT_KEEPS_CONTROL)),
                    LIBCGO_CONTEXT_KEEPS_CONTROL);
}

static void switch_to_nothing(void *) {
  cgo::context mine = cgo::context::of_caller(), none;
  cgo::switch_to(mine, none);
}

static void switch_from_nothing(void *) {
  cgo::stack small(small_bytes);
  cgo::context none;
  cgo::context task(
      small, [&](libcgo_context &, std::uintptr_t) -> auto & { return none; });
  cgo::switch_to(none, task);
}

TEST(a_switch_with_an_empty_context_is_fatal) {
  char output[1000];
  ck_assert_int_eq(
      run_to_death(switch_to_nothing, nullptr, output, sizeof output), SIGABRT);
  ck_assert_msg(strstr(output, "is over") != nullptr, "%s", output);
  ck_assert_int_eq(
      run_to_death(switch_from_nothing, nullptr, output, sizeof output), SIGABRT);
  ck_assert_msg(strstr(output, "is over") != nullptr, "%s", output);
}

// ---- objects that move ----

TEST(moved_from_objects_are_empty) {
  int value = 0;
  libcgo_init start_up = LIBCGO_INIT;
  cgo::attachment a(runtime), b(std::move(a));
  ck_assert(!a && !a.attached() && b && b.attached());
  cgo::handle<int> c = table.make(value), d(std::move(c));
  ck_assert(!c && c.word() == 0 && c.get() == nullptr && d.get() == &value);
  cgo::stack e(1), f(std::move(e));
  ck_assert(!e && e.size() == 0 && f);
  cgo::init g(start_up), h(std::move(g));
  ck_assert(!g && h);
  cgo::slots i(runtime), j(std::move(i));
  ck_assert(!i && i.offset() == 0 && j);
  cgo::context k = cgo::context::of_caller(), l(std::move(k));
  ck_assert(!k && !k.over() && l && !l.over());
}

TEST(an_assignment_ends_what_was_there) {
  int one = 1, two = 2;
  cgo::handle<int> a = table.make(one), b = table.make(two);
  const auto word = a.word();
  a = std::move(b);
  ck_assert_ptr_eq(table.get(word), nullptr);
  ck_assert_ptr_eq(a.get(), &two);
  ck_assert_uint_eq(table.size(), 1);
}

// ---- attachments ----

TEST(the_end_of_an_attachment_detaches_its_thread) {
  {
    cgo::attachment here(runtime);
    ck_assert_ptr_eq(runtime.current(), &here.thread());
    ck_assert_int_eq(here.thread().number, 42);
  }
  ck_assert_ptr_eq(runtime.current(), nullptr);
  ck_assert_int_eq(records, 0);
}

TEST(an_inner_attachment_leaves_the_thread_attached) {
  cgo::attachment outer(runtime);
  {
    cgo::attachment inner(runtime);
    ck_assert(!inner.attached());
    ck_assert_ptr_eq(&inner.thread(), &outer.thread());
  }
  ck_assert_ptr_eq(runtime.current(), &outer.thread());
}

TEST(a_released_attachment_lasts_until_the_thread_ends) {
  in_thread([] {
    worker *record;
    {
      cgo::attachment here(runtime);
      record = here.release();
      ck_assert(!here && !here.attached());
    }
    ck_assert_ptr_eq(runtime.current(), record);
  });
  ck_assert_int_eq(records, 0);
}

TEST(an_attachment_that_ends_on_another_thread_detaches_neither) {
  cgo::attachment here(runtime);
  worker *const record = &here.thread();
  in_thread([&] {
    cgo::attachment there(runtime);
    const int err = errno_of([&] { here.detach(); });
    ck_assert_int_eq(err, EPERM);
    { cgo::attachment moved(std::move(here)); }
    ck_assert_ptr_eq(runtime.current(), &there.thread());
  });
  ck_assert_ptr_eq(runtime.current(), record);
  libcgo_detach(&runtime);
}

// Two libraries may do this without knowing of each other.
static cgo::runtime<> one, another;

TEST(runtimes_with_the_same_hooks_have_records_of_their_own) {
  for (cgo::runtime<> *const r : {&one, &another}) {
    cgo::init start_up(r->init);
    start_up.done();
  }
  for (const bool first_goes_first : {true, false})
    in_thread([&] {
      for (cgo::runtime<> *const r : {&one, &another, &one})
        cgo::callback(*r, [&](cgo::thread &t) {
          ck_assert_ptr_eq(t.runtime, r);
          ck_assert_ptr_eq(r->current(), &t);
        });
      cgo::runtime<> &goes = first_goes_first ? one : another;
      cgo::runtime<> &stays = first_goes_first ? another : one;
      ck_assert_int_eq(libcgo_detach(&goes), 0);
      ck_assert_ptr_eq(goes.current(), nullptr);
      ck_assert_ptr_eq(stays.current()->runtime, &stays);
      ck_assert_int_eq(libcgo_detach(&goes), ESRCH);
      ck_assert_int_eq(libcgo_detach(&stays), 0);
      ck_assert_ptr_eq(stays.current(), nullptr);
    });
}

TEST(an_attachment_works_for_a_runtime_in_c) {
  {
    cgo::attachment here(in_c::runtime);
    ck_assert_ptr_eq(&here.thread(), &in_c::record);
  }
  ck_assert_ptr_eq(in_c::self, nullptr);
}

TEST(without_records_for_them_foreign_threads_are_not_attached) {
  ck_assert_int_eq(errno_of([] { cgo::attachment here(closed); }), ENOTSUP);
}

// ---- callbacks and start-up ----

static void start_up_is_done() {
  if (cgo::init start_up(runtime.init); start_up)
    start_up.done();
}

TEST(a_callback_attaches_its_thread_and_gives_its_record) {
  start_up_is_done();
  in_thread([] {
    worker &record =
        cgo::callback(runtime, [](worker &w) -> worker & { return w; });
    ck_assert_ptr_eq(runtime.current(), &record);
  });
  ck_assert_int_eq(records, 0);
}

TEST(an_exception_passes_a_callback) {
  start_up_is_done();
  int caught = 0;
  in_thread([&] {
    try {
      cgo::callback(runtime, [](worker &w) -> std::string { throw w.number; });
    } catch (int number) {
      caught = number;
    }
  });
  ck_assert_int_eq(caught, 42);
}

TEST(a_callback_before_the_start_up_is_an_error) {
  int called = 0;
  const int err =
      errno_of([&] { cgo::callback(own, [&](worker &) { called++; }); });
  ck_assert_int_eq(err, EPERM);
  ck_assert_int_eq(called, 0);
}

TEST(a_start_up_that_an_exception_ends_can_be_tried_again) {
  libcgo_init record = LIBCGO_INIT;
  try {
    cgo::init start_up(record);
    throw 1;
  } catch (int) {
  }
  cgo::init again(record);
  ck_assert(static_cast<bool>(again));
  again.done();
  cgo::init_wait(record);
  ck_assert_int_eq(errno_of([&] { again.done(); }), EPERM);
  ck_assert(!cgo::init(record));
}

TEST(a_runtime_has_the_slots_as_long_as_its_claim_lives) {
  {
    const cgo::slots claim(runtime);
    ck_assert_ptr_eq(claim.here(), libcgo_defined_pair);
    ck_assert_int_eq(errno_of([] { cgo::slots second(own); }), EBUSY);
  }
  ck_assert(static_cast<bool>(cgo::slots(own)));
}

// ---- handles ----

TEST(a_handle_is_stale_after_its_object_ended) {
  int value = 0;
  std::uintptr_t word;
  {
    const cgo::handle<int> handle = table.make(value);
    word = handle.word();
    ck_assert_ptr_eq(table.get(handle.pointer()), &value);
  }
  ck_assert_ptr_eq(table.get(word), nullptr);
  ck_assert(!table.free(word));
}

TEST(a_released_handle_lives_until_it_is_freed) {
  int value = 0;
  cgo::handle<int> handle = table.make(value);
  const std::uintptr_t word = handle.release();
  ck_assert(!handle && handle.word() == 0);
  ck_assert_ptr_eq(table.get(word), &value);
  ck_assert(table.free(word));
  ck_assert_ptr_eq(table.get(word), nullptr);
}

TEST(a_handle_whose_word_was_freed_gives_no_object) {
  int value = 0;
  const cgo::handle<int> handle = table.make(value);
  ck_assert(table.free(handle.word()));
  ck_assert_ptr_eq(handle.get(), nullptr);
}

TEST(a_handle_keeps_const) {
  static cgo::handle_table<const int> constants;
  const int value = 0;
  const cgo::handle<const int> handle = constants.make(value);
  ck_assert_ptr_eq(handle.get(), &value);
}

// ---- threads ----

TEST(a_thread_has_the_stack_that_was_asked_for) {
  // More than any thread before: C libraries keep stacks, and give a larger one.
  pthread_attr_t attr;
  std::size_t bytes = 0;
  ck_assert_int_eq(pthread_attr_init(&attr), 0);
  ck_assert_int_eq(pthread_attr_getstacksize(&attr, &bytes), 0);
  pthread_attr_destroy(&attr);
  bytes *= 2;
  const auto size =
      in_worker(cgo::thread_options().stack_size(bytes),
                [](worker &w) { return cgo::bounds::here(w).size(); });
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  ck_assert_uint_le(size, bytes + page); // musl: the rest of a page
  // The C library takes its own and the thread-local variables out of it, and a
  // sanitizer has many of these.
  ck_assert_uint_gt(size, bytes / 2);
}

TEST(a_thread_has_the_name_that_was_asked_for) {
  const std::string name =
      in_worker(cgo::thread_options().name("a worker"), [](worker &) {
        char own_name[64] = "";
        pthread_getname_np(pthread_self(), own_name, sizeof own_name);
        return std::string(own_name);
      });
  ck_assert_msg(name == "a worker", "it is %s", name.c_str());
}

TEST(a_thread_has_the_signal_mask_that_was_asked_for) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  const auto found =
      in_worker(cgo::thread_options().signal_mask(mask), [](worker &) {
        sigset_t now;
        pthread_sigmask(SIG_SETMASK, nullptr, &now);
        return std::pair(sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
      });
  ck_assert_int_eq(found.first, 1);
  ck_assert_int_eq(found.second, 0);
}

TEST(a_thread_runs_on_the_cpus_that_were_asked_for) {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0 ||
      sched_setaffinity(0, sizeof all, &all) != 0)
    SKIP("the system does not tell or set a thread's CPUs here");
  unsigned last = 0;
  for (unsigned i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &all))
      last = i;
  const cpu_set_t own_set =
      in_worker(cgo::thread_options().cpu(last), [](worker &) {
        cpu_set_t set;
        CPU_ZERO(&set);
        sched_getaffinity(0, sizeof set, &set);
        return set;
      });
  ck_assert_int_eq(CPU_COUNT(&own_set), 1);
  ck_assert(CPU_ISSET(last, &own_set));
}

TEST(a_thread_has_a_signal_stack_if_that_was_asked_for) {
  const auto bytes =
      in_worker(cgo::thread_options().signal_stack_size(64 << 10), [](worker &) {
        stack_t now = {};
        sigaltstack(nullptr, &now);
        return (now.ss_flags & SS_DISABLE) != 0 ? 0 : now.ss_size;
      });
  ck_assert_uint_le(64 << 10, bytes);
}

TEST(a_callable_is_destroyed_on_its_thread_that_ends_by_pthread_exit) {
  if (UNDER_TSAN)
    SKIP("the thread sanitizer sees no order between the end of a detached "
         "thread and what comes after");
  if (!pthread_exit_unwinds())
    SKIP("the pthread_exit of this C library does not unwind");
  int gone = 0;
  auto mine = std::make_unique<object>(gone);
  runtime.start({}, [mine = std::move(mine), &gone](worker &) {
    object here(gone);
    pthread_exit(nullptr);
  });
  wait_for_other_threads();
  ck_assert_int_eq(gone, 2);
  ck_assert_int_eq(records, 0);
}

TEST(a_record_that_was_taken_over_is_released_when_its_thread_has_left) {
  own.start({}, std::make_unique<worker>(),
            [](worker &w) { ck_assert_ptr_eq(own.current(), &w); });
  wait_for_other_threads();
  ck_assert_int_eq(released, 1);
  ck_assert_int_eq(records, 0);
}

TEST(a_record_that_was_lent_is_not_released) {
  if (UNDER_TSAN)
    SKIP("the thread sanitizer sees no order between the end of a detached "
         "thread and what comes after");
  worker record;
  for (int i = 0; i < 2; i++) { // and can be used again
    cgo::start_thread(own, record, {}, [](worker &w) { w.number++; });
    wait_for_other_threads();
  }
  ck_assert_int_eq(record.number, 44);
  ck_assert_int_eq(released, 0);
}

TEST(a_thread_starts_for_a_runtime_in_c) {
  std::promise<libcgo_thread *> found;
  cgo::start_thread(in_c::runtime, in_c::record, {},
                    [&](libcgo_thread &) { found.set_value(in_c::self); });
  ck_assert_ptr_eq(found.get_future().get(), &in_c::record);
  wait_for_other_threads();
}

static void throw_in_a_thread(void *) {
  runtime.start(
      {}, [](worker &) { throw std::runtime_error("nobody catches this"); });
  for (;;)
    pause();
}

TEST(an_exception_that_leaves_a_thread_ends_the_process) {
  char output[4096];
  ck_assert_int_eq(
      run_to_death(throw_in_a_thread, nullptr, output, sizeof output), SIGABRT);
  ck_assert_msg(strstr(output, "nobody catches this") != nullptr, "it said: %s",
                output);
}

TEST(a_thread_that_cannot_start_leaves_nothing) {
  int gone = 0, err = 0;
  {
    auto mine = std::make_unique<object>(gone);
    // The system refuses so small a stack.
    err = errno_of([&] {
      runtime.start(cgo::thread_options().stack_size(1),
                    [mine = std::move(mine)](worker &) {});
    });
  }
  ck_assert_int_eq(err, EINVAL);
  ck_assert_int_eq(gone, 1);
  ck_assert_int_eq(records, 0);
}

// ---- stacks ----

TEST(a_stack_has_whole_pages_and_a_guard_page_below) {
  const cgo::stack stack(1);
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  ck_assert_uint_eq(stack.size(), page);
  *reinterpret_cast<char *>(stack.lo()) = 1;
  *reinterpret_cast<char *>(stack.hi() - 1) = 1;
  ck_assert(!readable(stack.lo() - 1));
  ck_assert(!readable(stack.lo() - page));
}

TEST(a_stack_gives_its_memory_back) {
  std::uintptr_t lo;
  {
    const cgo::stack stack(1);
    lo = stack.lo();
    ck_assert(readable(lo));
  }
  ck_assert(!readable(lo));
}

TEST(a_stack_of_no_or_too_many_bytes_is_an_error) {
  ck_assert_int_eq(errno_of([] { cgo::stack none(0); }), EINVAL);
  ck_assert_int_eq(errno_of([] { cgo::stack all(SIZE_MAX); }), ENOMEM);
  ck_assert_int_eq(errno_of([] { cgo::stack most(SIZE_MAX - (8u << 20)); }),
                   ENOMEM);
}

TEST(bounds_contain_the_callers_frame) {
  int local = 0;
  const cgo::bounds here = cgo::bounds::here();
  ck_assert(here.contains(&local));
  ck_assert(!here.contains(reinterpret_cast<void *>(here.hi())));
  ck_assert(!here.contains(reinterpret_cast<void *>(here.lo() - 1)));
  ck_assert(!cgo::bounds().contains(&local));
}

// ---- errors ----

TEST(an_error_names_its_call_and_compares_with_errc) {
  libcgo_init unset = {};
  try {
    cgo::init_wait(unset);
    ck_assert(false);
  } catch (const std::system_error &e) {
    ck_assert(e.code() == std::errc::invalid_argument);
    ck_assert(strstr(e.what(), "libcgo_init_wait") == e.what());
  }
}

TEST(the_text_of_an_error_names_the_limit) {
  // The record that libcgo_thread_create fills in, for any limit.
  libcgo_limit limit = LIBCGO_LIMIT_INIT;
  limit.name = "RLIMIT_NPROC";
  limit.value = 64;
  limit.used = 63;
  limit.unit = "threads of the user";
  limit.remedy = "raise it";
  const cgo::error e(EAGAIN, "libcgo_thread_create", limit);
  const std::string begin = "libcgo_thread_create: RLIMIT_NPROC is 64, in use "
                            "are 63 threads of the user: raise it";
  ck_assert_msg(e.what() == begin + ": " + strerror(EAGAIN), "it is %s",
                e.what());
  const cgo::error copy = e;
  ck_assert(copy.limit() != nullptr && copy.limit() != e.limit());
  ck_assert_ptr_eq(cgo::error(EAGAIN, "").limit(), nullptr);
}

TEST(a_thread_for_want_of_a_key_is_an_error_that_names_that_limit) {
  static cgo::runtime<> keyless;
  pthread_key_t key, last = 0;
  while (pthread_key_create(&key, nullptr) == 0)
    last = key;
  try {
    keyless.start({}, [](cgo::thread &) {});
    ck_assert(false);
  } catch (const cgo::error &e) {
    ck_assert(e.code() == std::errc::resource_unavailable_try_again);
    ck_assert_msg(strstr(e.what(), "PTHREAD_KEYS_MAX is ") != nullptr,
                  "it is %s", e.what());
    ck_assert(e.limit() != nullptr && e.limit()->value == e.limit()->used);
  }
  ck_assert_int_eq(pthread_key_delete(last), 0);
  keyless.start({}, [](cgo::thread &) {}); // now there is one
  wait_for_other_threads();
}

int main(void) {
  suite_begin("hpp");
  ADD_TEST(a_callable_runs_on_the_stack_that_it_is_meant_for);
  ADD_TEST(a_stack_on_which_the_caller_is_was_not_left);
  ADD_TEST(results_of_every_kind_come_back);
  ADD_TEST(a_move_only_callable_is_called_and_not_moved);
  ADD_TEST(an_exception_on_the_system_stack_is_caught_on_the_small_one);
  ADD_TEST(an_exception_on_a_small_stack_is_caught_on_the_system_stack);
  ADD_TEST(a_thread_crosses_again_after_an_exception_passed_twenty_switches);
  ADD_TEST(a_context_runs_any_callable_on_its_stack);
  ADD_TEST(a_context_moves_while_it_is_suspended);
  ADD_TEST(a_callable_goes_when_it_has_returned_or_with_its_context);
  ADD_TEST(a_context_needs_a_stack_of_some_size);
  ADD_TEST(an_exception_is_caught_inside_of_its_context);
  ADD_TEST(the_options_of_a_context_are_in_its_record);
  ADD_TEST(a_switch_with_an_empty_context_is_fatal);
  ADD_TEST(moved_from_objects_are_empty);
  ADD_TEST(an_assignment_ends_what_was_there);
  ADD_TEST(the_end_of_an_attachment_detaches_its_thread);
  ADD_TEST(an_inner_attachment_leaves_the_thread_attached);
  ADD_TEST(a_released_attachment_lasts_until_the_thread_ends);
  ADD_TEST(an_attachment_that_ends_on_another_thread_detaches_neither);
  ADD_TEST(runtimes_with_the_same_hooks_have_records_of_their_own);
  ADD_TEST(an_attachment_works_for_a_runtime_in_c);
  ADD_TEST(without_records_for_them_foreign_threads_are_not_attached);
  ADD_TEST(a_callback_before_the_start_up_is_an_error);
  ADD_TEST(a_callback_attaches_its_thread_and_gives_its_record);
  ADD_TEST(an_exception_passes_a_callback);
  ADD_TEST(a_start_up_that_an_exception_ends_can_be_tried_again);
  ADD_TEST(a_runtime_has_the_slots_as_long_as_its_claim_lives);
  ADD_TEST(a_handle_is_stale_after_its_object_ended);
  ADD_TEST(a_released_handle_lives_until_it_is_freed);
  ADD_TEST(a_handle_whose_word_was_freed_gives_no_object);
  ADD_TEST(a_handle_keeps_const);
  ADD_TEST(a_thread_has_the_stack_that_was_asked_for);
  ADD_TEST(a_thread_has_the_name_that_was_asked_for);
  ADD_TEST(a_thread_has_the_signal_mask_that_was_asked_for);
  ADD_TEST(a_thread_runs_on_the_cpus_that_were_asked_for);
  ADD_TEST(a_thread_has_a_signal_stack_if_that_was_asked_for);
  ADD_TEST(a_callable_is_destroyed_on_its_thread_that_ends_by_pthread_exit);
  ADD_TEST(a_record_that_was_taken_over_is_released_when_its_thread_has_left);
  ADD_TEST(a_record_that_was_lent_is_not_released);
  ADD_TEST(a_thread_starts_for_a_runtime_in_c);
  ADD_TEST(an_exception_that_leaves_a_thread_ends_the_process);
  ADD_TEST(a_thread_that_cannot_start_leaves_nothing);
  ADD_TEST(a_stack_has_whole_pages_and_a_guard_page_below);
  ADD_TEST(a_stack_gives_its_memory_back);
  ADD_TEST(a_stack_of_no_or_too_many_bytes_is_an_error);
  ADD_TEST(bounds_contain_the_callers_frame);
  ADD_TEST(an_error_names_its_call_and_compares_with_errc);
  ADD_TEST(the_text_of_an_error_names_the_limit);
  ADD_TEST(a_thread_for_want_of_a_key_is_an_error_that_names_that_limit);
  return suite_run();
}
