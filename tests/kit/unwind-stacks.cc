// SPDX-License-Identifier: BSD-3-Clause
//
// What unwinds, and what looks, through calls from one stack to another, four
// switches deep: from a thread of the runtime's, the initial thread, a thread of
// C's, and in a signal handler there.
#include "support/four.h"
#include "support/pthread-exit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>

#include "ports/arch/arch.h"
#include "ports/arch/cpu.h"

namespace {

// ---- from where ----

using body = void (*)(libcgo_thread *thread);

void run_body(libcgo_thread *thread, void *p) {
  const stack_t before = set_signal_stack(map_stack(large_bytes), large_bytes);
  (*static_cast<body *>(p))(thread);
  sigaltstack(&before, nullptr);
}

void *run_body_foreign(void *p) {
  ck_assert_int_eq(libcgo_callback(&kit, run_body, p), 0);
  return nullptr;
}

void from_a_started_thread(body b) {
  kit_begin();
  kit_run(nullptr, run_body, &b);
}

void from_the_initial_thread(body b) {
  kit_begin();
  run_body_foreign(&b);
}

void from_a_foreign_thread(body b) {
  kit_begin();
  kit_run_foreign(run_body_foreign, &b);
}

// The innermost function, and the same in a signal handler that interrupts it.
uintptr_t (*in_handler)(void *arg);
uintptr_t handler_result;

void handle(int, siginfo_t *, void *) { handler_result = in_handler(nullptr); }

// SA_SIGINFO: of the other kind of signal frame qemu for m68k has only what it
// restores from it, and the unwinder reads beyond that.
template <int flags> __attribute__((noinline)) uintptr_t raise_signal(void *) {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = flags | SA_NODEFER | SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  return handler_result;
}

using function = uintptr_t (*)(void *);
enum { directly = -1 };

template <int where> function at(function innermost) {
  if constexpr (where == directly)
    return innermost;
  else {
    in_handler = innermost;
    return raise_signal<where>;
  }
}

// ---- frames in order ----

// How many of the chain's functions were found, in order; and its length, once
// all were.
struct look_for_chain {
  int found;
  int frames;
};

void see(look_for_chain *look, uintptr_t ip) {
  look->frames++;
  if (look->found < four_depth &&
      _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(ip)) ==
          code_of(four_chain[look->found]))
    look->found++;
}

_Unwind_Reason_Code see_frame(_Unwind_Context *context, void *p) {
  auto *look = static_cast<look_for_chain *>(p);
  int before = 0;
  const uintptr_t ip = _Unwind_GetIPInfo(context, &before);
  see(look, ip - !before);
  return look->frames > 1000 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

uintptr_t unwind(void *) {
  look_for_chain look = {0, 0};
  _Unwind_Backtrace(see_frame, &look);
  return static_cast<uintptr_t>(look.found);
}

// Whether the unwinder gets past a signal handler at all, where such a one runs: without
// the library, and in a process of its own, which that may end.
struct look_for_interrupted {
  void *function;
  bool found;
};

_Unwind_Reason_Code see_interrupted(_Unwind_Context *context, void *p) {
  auto *look = static_cast<look_for_interrupted *>(p);
  look->found |= _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(
                     _Unwind_GetIP(context) - 1)) == look->function;
  return _URC_NO_REASON;
}

template <int where> uintptr_t find_interrupted(void *) {
  look_for_interrupted look = {
      code_of(static_cast<function>(raise_signal<where>)), false};
  _Unwind_Backtrace(see_interrupted, &look);
  return look.found;
}

template <int where> void probe_handlers(void *) {
  set_signal_stack(map_stack(large_bytes), large_bytes);
  if (at<where>(find_interrupted<where>)(nullptr) != 0)
    fputs("passed", stderr);
}

template <int where> bool unwinder_passes_handlers() {
  char output[64];
  return run_to_death(probe_handlers<where>, nullptr, output, sizeof output) ==
             0 &&
         strcmp(output, "passed") == 0;
}

// As a profiler does it: from each frame its caller's, and the return address.
__attribute__((noinline)) uintptr_t walk_frame_pointers(void *) {
  look_for_chain look = {0, 0};
  auto *frame = static_cast<uintptr_t *>(own_frame());
  while (look.frames < 64 && look.found < four_depth && frame != nullptr) {
    see(&look, return_address(*return_word(frame)) - 1);
    frame = reinterpret_cast<uintptr_t *>(*caller_word(frame));
  }
  return static_cast<uintptr_t>(look.found);
}

template <int where> void assert_chain_unwound(libcgo_thread *thread) {
  const libcgo_stack stack = new_stack(large_bytes);
  four f = four_switches(thread, &stack, at<where>(unwind), nullptr);
  ck_assert_int_eq(cross_four(&f), four_depth);
}

void assert_chain_walked(libcgo_thread *thread) {
#ifdef _WIN64
  SKIP("by the Microsoft convention frame pointers are no chain");
#endif
  const libcgo_stack stack = new_stack(large_bytes);
  four f = four_switches(thread, &stack, walk_frame_pointers, nullptr);
  ck_assert_int_eq(cross_four(&f), four_depth);
}

// ---- exceptions ----

struct thrown {
  uintptr_t value;
};

uintptr_t throw_seven(void *) { throw thrown{7}; }

template <int where> void assert_exception_passes(libcgo_thread *thread) {
  const libcgo_stack stack = new_stack(large_bytes);
  four f = four_switches(thread, &stack, at<where>(throw_seven), nullptr);
  uintptr_t got = 0;
  try {
    cross_four(&f);
  } catch (const thrown &t) {
    got = t.value;
  }
  ck_assert_uint_eq(got, 7);
}

} // namespace

// Some C libraries have no unwind tables, of raise and of what a handler returns to; or
// none of the latter alone, and an unwinder takes those of the function before it: what
// unwinds without the library decides what is asked of four switches.
#define NEEDS_UNWINDING_PAST_HANDLERS(where)                                    \
  if (!unwinder_passes_handlers<where>())                                       \
  SKIP("the unwinder does not get past a signal handler here, nor without the " \
       "library")
#define NEEDS_EXCEPTIONS_IN_HANDLERS(where)                                    \
  NEEDS_UNWINDING_PAST_HANDLERS(where);                                        \
  if (UNDER_TSAN)                                                              \
  SKIP("the thread sanitizer does not allow malloc in a handler")

#define CHAIN(from)                                                            \
  TEST(a_backtrace_sees_four_switches_##from) {                                \
    from(assert_chain_unwound<directly>);                                      \
  }                                                                            \
  TEST(a_backtrace_in_a_handler_sees_four_switches_##from) {                   \
    NEEDS_UNWINDING_PAST_HANDLERS(0);                                          \
    from(assert_chain_unwound<0>);                                             \
  }                                                                            \
  TEST(a_backtrace_on_a_signal_stack_sees_four_switches_##from) {              \
    NEEDS_UNWINDING_PAST_HANDLERS(SA_ONSTACK);                                 \
    from(assert_chain_unwound<SA_ONSTACK>);                                    \
  }                                                                            \
  TEST(frame_pointers_lead_through_four_switches_##from) {                     \
    if (!has_frame_chain)                                                      \
      SKIP("frames of this CPU's ABI form no chain");                          \
    from(assert_chain_walked);                                                 \
  }                                                                            \
  TEST(an_exception_passes_four_switches_##from) {                             \
    from(assert_exception_passes<directly>);                                   \
  }                                                                            \
  TEST(an_exception_of_a_handler_passes_four_switches_##from) {                \
    NEEDS_EXCEPTIONS_IN_HANDLERS(0);                                           \
    from(assert_exception_passes<0>);                                          \
  }                                                                            \
  TEST(an_exception_on_a_signal_stack_passes_four_switches_##from) {           \
    NEEDS_EXCEPTIONS_IN_HANDLERS(SA_ONSTACK);                                  \
    from(assert_exception_passes<SA_ONSTACK>);                                 \
  }

CHAIN(from_a_started_thread)
CHAIN(from_the_initial_thread)
CHAIN(from_a_foreign_thread)

#define ADD_CHAIN(from)                                                        \
  do {                                                                         \
    ADD_TEST(a_backtrace_sees_four_switches_##from);                           \
    ADD_TEST(a_backtrace_in_a_handler_sees_four_switches_##from);              \
    ADD_TEST(a_backtrace_on_a_signal_stack_sees_four_switches_##from);         \
    ADD_TEST(frame_pointers_lead_through_four_switches_##from);                \
    ADD_TEST(an_exception_passes_four_switches_##from);                        \
    ADD_TEST(an_exception_of_a_handler_passes_four_switches_##from);           \
    ADD_TEST(an_exception_on_a_signal_stack_passes_four_switches_##from);      \
  } while (0)

// ---- exceptions and what they leave behind ----

namespace {

uintptr_t give(void *arg) { return reinterpret_cast<uintptr_t>(arg); }

// A runtime's function that catches what C throws, and calls C again.
struct retry {
  four *f;
  four again;
  uintptr_t caught;
};

uintptr_t catch_and_cross_again(void *p) {
  auto *r = static_cast<retry *>(p);
  try {
    runtime_1(r->f);
  } catch (const thrown &t) {
    r->caught = t.value;
  }
  r->again = *r->f;
  r->again.innermost = give;
  r->again.arg = p;
  return runtime_1(&r->again);
}

// Says in which order objects of both sides are destroyed.
char order[16];
struct object {
  char name;
  ~object() { order[strlen(order)] = name; }
};

// The address sanitizer knows one stack of a thread: what it notes of frames on
// others, and that an exception skips, it would find there later.
#define SKIPPED __attribute__((__no_sanitize__("address")))

libcgo_stack object_stack;
bool thread_exits;

SKIPPED uintptr_t object_c(void *) {
  object o{'4'};
  if (thread_exits)
    pthread_exit(nullptr);
  return throw_seven(nullptr);
}

SKIPPED uintptr_t object_runtime(void *p) {
  object o{'3'};
  return libcgo_call_on_system(static_cast<libcgo_thread *>(p), object_c, p);
}

SKIPPED void object_callback(libcgo_thread *thread, void *) {
  object o{'2'};
  libcgo_call_on_stack(thread, &object_stack, object_runtime, thread);
}

SKIPPED uintptr_t object_first_c(void *) {
  object o{'1'};
  libcgo_callback(&kit, object_callback, nullptr);
  return 0;
}

SKIPPED uintptr_t object_first(void *p) {
  object o{'0'};
  return libcgo_call_on_system(static_cast<libcgo_thread *>(p), object_first_c,
                               p);
}

void cross_with_objects(libcgo_thread *thread, void *) {
  object_stack = new_stack(large_bytes);
  memset(order, 0, sizeof order);
  libcgo_call_on_stack(thread, &object_stack, object_first, thread);
}

} // namespace

TEST(after_an_exception_through_four_switches_positions_are_right) {
  libcgo_thread *thread = attached();
  const libcgo_stack stack = new_stack(large_bytes);
  four first = four_switches(thread, &stack, give, &first);
  ck_assert_uint_eq(cross_four(&first), reinterpret_cast<uintptr_t>(&first));
  const uintptr_t chunks = thread->chunks;
  const int n = UNDER_ASAN || UNDER_TSAN || RUNNING_ON_VALGRIND ? 1000 : 100000;
  for (int i = 0; i < n; i++) {
    four next = four_switches(thread, &stack, throw_seven, nullptr);
    bool caught = false;
    try {
      cross_four(&next);
    } catch (const thrown &) {
      caught = true;
    }
    if (!caught || next.runtime_1 != first.runtime_1 || next.c_1 != first.c_1 ||
        next.runtime_2 != first.runtime_2 || next.c_2 != first.c_2)
      ck_assert_msg(false, "moved, at exception %d", i);
  }
  ck_assert_uint_eq(thread->chunks, chunks); // nothing was leaked
}

TEST(an_exception_that_a_small_stack_catches_leaves_positions_right) {
  libcgo_thread *thread = attached();
  const libcgo_stack stack = new_stack(large_bytes);
  const libcgo_stack other = new_stack(large_bytes);
  four f = four_switches(thread, &stack, throw_seven, nullptr);
  f.inner_stack = &other;
  retry r = {&f, f, 0};
  ck_assert_uint_eq(
      libcgo_call_on_stack(thread, &stack, catch_and_cross_again, &r),
      reinterpret_cast<uintptr_t>(&r));
  ck_assert_uint_eq(r.caught, 7);
  ck_assert_uint_eq(r.again.c_1, f.c_1);
  ck_assert_uint_eq(r.again.runtime_2, f.runtime_2);
  ck_assert_uint_eq(r.again.c_2, f.c_2);
}

TEST(an_exception_destroys_the_objects_of_both_sides_in_order) {
  libcgo_thread *thread = attached();
  bool caught = false;
  thread_exits = false;
  try {
    cross_with_objects(thread, nullptr);
  } catch (const thrown &) {
    caught = true;
  }
  ck_assert(caught);
  ck_assert_msg(strcmp(order, "43210") == 0, "the order was %s", order);
}

TEST(pthread_exit_destroys_the_objects_of_both_sides_in_order) {
  if (UNDER_ASAN)
    SKIP("the address sanitizer forgets one stack of those that pthread_exit "
         "leaves");
  if (!pthread_exit_unwinds())
    SKIP("the pthread_exit of this C library does not unwind");
  thread_exits = true;
  kit_begin();
  kit_run(nullptr, cross_with_objects, nullptr);
  ck_assert_msg(strcmp(order, "43210") == 0, "the order was %s", order);
}

// ---- registers ----

namespace {

struct catcher {
  libcgo_thread *thread;
  const libcgo_stack *stack;
};

// The registers hold known values when these are called, and are to hold them
// after an exception has passed.
uintptr_t catch_from_system(void *p) {
  try {
    libcgo_call_on_system(static_cast<catcher *>(p)->thread, throw_seven,
                          nullptr);
  } catch (const thrown &) {
  }
  return 0;
}

uintptr_t catch_from_stack(void *p) {
  auto *c = static_cast<catcher *>(p);
  try {
    libcgo_call_on_stack(c->thread, c->stack, throw_seven, nullptr);
  } catch (const thrown &) {
  }
  return 0;
}

kept_registers registers;

uintptr_t call_with_known_registers(function target, catcher *c) {
  for (int i = 0; i < kept_count; i++)
    registers.before[i] =
        static_cast<uintptr_t>(0x1357) * static_cast<uintptr_t>(i + 3);
  call_with_registers(&registers, reinterpret_cast<void *>(target), c, nullptr,
                      0, nullptr);
  return 0;
}

uintptr_t call_catch_from_system(void *p) {
  return call_with_known_registers(catch_from_system, static_cast<catcher *>(p));
}

void assert_registers_survived() {
  for (int i = 0; i < kept_count; i++)
    ck_assert_msg(registers.before[i] == registers.after[i],
                  "%s was %#lx and is %#lx", kept_names[i],
                  static_cast<unsigned long>(registers.before[i]),
                  static_cast<unsigned long>(registers.after[i]));
}

} // namespace

TEST(registers_are_right_after_an_exception_passed_call_on_system) {
  libcgo_thread *thread = attached();
  const libcgo_stack stack = new_stack(large_bytes);
  catcher c = {thread, &stack};
  libcgo_call_on_stack(thread, &stack, call_catch_from_system, &c);
  assert_registers_survived();
}

TEST(registers_are_right_after_an_exception_passed_call_on_stack) {
  libcgo_thread *thread = attached();
  const libcgo_stack stack = new_stack(large_bytes);
  catcher c = {thread, &stack};
  call_with_known_registers(catch_from_stack, &c);
  assert_registers_survived();
}

int main(void) {
  suite_begin("unwind-stacks");
  ADD_CHAIN(from_a_started_thread);
  ADD_CHAIN(from_the_initial_thread);
  ADD_CHAIN(from_a_foreign_thread);
  ADD_TEST(after_an_exception_through_four_switches_positions_are_right);
  ADD_TEST(an_exception_that_a_small_stack_catches_leaves_positions_right);
  ADD_TEST(an_exception_destroys_the_objects_of_both_sides_in_order);
  ADD_TEST(pthread_exit_destroys_the_objects_of_both_sides_in_order);
  ADD_TEST(registers_are_right_after_an_exception_passed_call_on_system);
  ADD_TEST(registers_are_right_after_an_exception_passed_call_on_stack);
  return suite_run();
}
