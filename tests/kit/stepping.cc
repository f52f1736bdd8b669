// SPDX-License-Identifier: BSD-3-Clause
//
// The frame description is true at every instruction: a signal may come at any
// of them, and a profiler or a collector then unwinds from its handler.
#include "support/kit.h"
#include "support/stacks.h"

#include <signal.h>
#include <stdio.h>
#include <unwind.h>

#include "ports/arch/arch.h"
#include "ports/arch/cpu.h"

namespace {

kept_registers registers;
void *crossing; // the routine under test
int traps;      // instructions that were stopped at
bool unwinds;   // that the unwinder sees what was stopped
int steps;      // instructions at which it was unwound
int wrong;      // registers that came out wrong
char first_wrong[128];

struct walk {
  bool passed;  // the crossing's frame
  bool arrived; // at its caller's
};

void step_through(void *routine, void *a, void *b, uintptr_t n = 0);

_Unwind_Reason_Code look(_Unwind_Context *context, void *p) {
  auto *w = static_cast<walk *>(p);
  int before = 0; // the instruction at ip has not run: a signal's frame
  const uintptr_t ip = _Unwind_GetIPInfo(context, &before);
  void *function =
      _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(ip - !before));
  unwinds |= traps != 0 && function == code_of(step_through);
  if (!w->passed) {
    w->passed = function == crossing;
    return _URC_NO_REASON;
  }
  w->arrived = true;
  for (int i = 0; i < kept_count; i++) {
    const auto value =
        static_cast<uintptr_t>(_Unwind_GetGR(context, kept_dwarf_numbers[i]));
    if (value != registers.before[i] && wrong++ == 0)
      snprintf(first_wrong, sizeof first_wrong, "%s is %#lx instead of %#lx",
               kept_names[i], static_cast<unsigned long>(value),
               static_cast<unsigned long>(registers.before[i]));
  }
  return _URC_END_OF_STACK;
}

void handle(int, siginfo_t *, void *) {
  traps++;
  walk w = {};
  _Unwind_Backtrace(look, &w);
  steps += w.arrived;
}

void nothing() {}

[[gnu::noinline]] void step_through(void *routine, void *a, void *b, uintptr_t n) {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGTRAP, &action, nullptr);
  walk w = {};
  _Unwind_Backtrace(look, &w); // loads what the unwinder needs
  traps = steps = wrong = 0;
  unwinds = false;
  crossing = code_of(routine);
  for (int i = 0; i < kept_count; i++)
    registers.before[i] =
        static_cast<uintptr_t>(0x2468) * static_cast<uintptr_t>(i + 3);
  start_stepping();
  call_with_registers(&registers, routine, a, b, n, nullptr);
  stop_stepping();
}

libcgo_thread *thread;
uintptr_t give(void *arg) { return reinterpret_cast<uintptr_t>(arg); }

uintptr_t step_through_call_on_system(void *) {
  step_through(reinterpret_cast<void *>(libcgo_call_on_system), thread,
               reinterpret_cast<void *>(give));
  return 0;
}

void attach() {
  kit_begin();
  ck_assert_int_eq(libcgo_attach(&kit, &thread), 0);
}

} // namespace

#define ASSERT_STEPS(more_than)                                                \
  if (traps == 0)                                                              \
    SKIP("no single steps here (an emulator, or a CPU without a trap flag)");  \
  if (!unwinds)                                                                \
    SKIP("the unwinder does not get past a signal handler here");              \
  ck_assert_int_gt(steps, more_than);                                          \
  ck_assert_msg(wrong == 0, "%d wrong in %d steps, first: %s", wrong, steps,   \
                first_wrong)

TEST(crosscall2_can_be_unwound_at_every_instruction) {
  step_through(reinterpret_cast<void *>(crosscall2),
               reinterpret_cast<void *>(change_registers_and_call),
               reinterpret_cast<void *>(nothing));
  ASSERT_STEPS(15);
}

TEST(crosscall_can_be_unwound_at_every_instruction) {
  step_through(reinterpret_cast<void *>(crosscall),
               reinterpret_cast<void *>(nothing), nullptr);
  ASSERT_STEPS(10);
}

TEST(call_on_system_can_be_unwound_at_every_instruction) {
  attach();
  const libcgo_stack stack = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &stack, step_through_call_on_system, nullptr);
  ASSERT_STEPS(15);
}

TEST(call_on_system_from_the_system_stack_can_be_unwound_at_every_instruction) {
  attach();
  step_through_call_on_system(nullptr);
  ASSERT_STEPS(30);
}

TEST(call_on_stack_can_be_unwound_at_every_instruction) {
  attach();
  const libcgo_stack stack = new_stack(large_bytes);
  // Finds out the bounds of the thread's stack, which takes many instructions.
  libcgo_call_on_stack(thread, &stack, give, nullptr);
  step_through(reinterpret_cast<void *>(libcgo_call_on_stack), thread,
               const_cast<libcgo_stack *>(&stack),
               reinterpret_cast<uintptr_t>(give));
  ASSERT_STEPS(60);
}

// ---- calls that are begun again ----
//
// At one instruction of a call the handler makes one on the same small stack; then at the
// next one of the next call, and so on. Before each, the same call has been made, without a
// handler that has used its place since.

namespace {

libcgo_stack shared_stack;
const char *first_wrong_place;
int stop; // of the call that is stepped
int last_stop;

void expect(bool holds, const char *what) {
  if (!holds && first_wrong_place == nullptr)
    first_wrong_place = what;
}

uintptr_t expect_c(void *) {
  expect(!is_on_stack(here(), &shared_stack), "C is on the small stack");
  return 0;
}

void fill(volatile unsigned char *room, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    room[i] = 0x5a;
}

void expect_filled(volatile unsigned char *room, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    expect(room[i] == 0x5a, "a frame on the small stack was overwritten");
}

uintptr_t expect_small(void *) {
  volatile unsigned char room[256];
  fill(room, sizeof room);
  const uintptr_t sp = here();
  libcgo_bounds bounds;
  expect(is_on_stack(sp, &shared_stack), "the runtime is on another stack");
  expect(libcgo_stack_bounds(thread, &bounds) == 0 &&
             is_on(sp, bounds.lo, bounds.hi) && bounds.kind == LIBCGO_STACK_SMALL,
         "not the bounds of the small stack");
  libcgo_call_on_system(thread, expect_c, nullptr);
  expect_filled(room, sizeof room);
  return 7;
}

void call_in_handler(int, siginfo_t *, void *) {
  if (++traps != stop)
    return;
  last_stop = stop;
  expect(libcgo_call_on_stack(thread, &shared_stack, expect_small, nullptr) == 7,
         "a wrong result in the handler");
}

// Only the library's instructions are stepped.
uintptr_t expect_small_unstepped(void *) {
  stop_stepping();
  expect_small(nullptr);
  start_stepping();
  return 7;
}

uintptr_t call_again(void *) {
  constexpr int most = 2000;
  for (stop = 1; stop < most && last_stop == stop - 1; stop++)
    for (int again = 0; again < 2; again++) {
      traps = 0;
      if (again)
        start_stepping();
      const uintptr_t result = libcgo_call_on_stack(
          thread, &shared_stack, again ? expect_small_unstepped : expect_small,
          nullptr);
      stop_stepping();
      expect(result == 7, "a wrong result");
    }
  return 0;
}

uintptr_t call_again_from_c(void *) {
  volatile unsigned char room[256];
  fill(room, sizeof room);
  libcgo_call_on_system(thread, call_again, nullptr);
  expect_filled(room, sizeof room);
  return 0;
}

void begin_again() {
  attach();
  shared_stack = new_stack(large_bytes);
  struct sigaction action = {};
  action.sa_sigaction = call_in_handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGTRAP, &action, nullptr);
  libcgo_call_on_stack(thread, &shared_stack, expect_small, nullptr);
}

} // namespace

#define ASSERT_CALLS                                                           \
  ck_assert_msg(first_wrong_place == nullptr, "%s, up to stop %d",             \
                first_wrong_place, last_stop);                                 \
  ck_assert_int_eq(libcgo_detach(&kit), 0);                                    \
  if (last_stop == 0)                                                          \
    SKIP("no single steps here (an emulator, or a CPU without a trap flag)");  \
  ck_assert_int_gt(last_stop, 100)

TEST(first_calls_can_be_left_for_others_at_every_instruction) {
  begin_again();
  call_again(nullptr);
  ASSERT_CALLS;
}

TEST(calls_of_c_that_was_called_can_be_left_for_others_at_every_instruction) {
  begin_again();
  libcgo_call_on_stack(thread, &shared_stack, call_again_from_c, nullptr);
  ASSERT_CALLS;
}

// ---- contexts ----
//
// At each instruction the handler asks where it is, and calls C, from the stack that was
// interrupted.

#ifdef LIBCGO_CONTEXTS

namespace {

kept_registers of_own, of_task;
libcgo_context own, task;
libcgo_stack task_stack, own_stack; // hi 0: the test is C, on the thread's own
uintptr_t c_sp;
int misplaced;
char first_misplaced[128];
bool with_registers;
bool handler_switches;
libcgo_context in_handler, third;
libcgo_stack third_stack;

uintptr_t note_c(void *) {
  c_sp = here();
  return 0;
}

_Unwind_Reason_Code look_past_switch(_Unwind_Context *context, void *p) {
  auto *w = static_cast<walk *>(p);
  int before = 0;
  const uintptr_t ip = _Unwind_GetIPInfo(context, &before);
  void *function =
      _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(ip - !before));
  unwinds |= function == code_of(call_with_registers);
  if (!w->passed) {
    w->passed = function == crossing;
    return _URC_NO_REASON;
  }
  if (!w->arrived && with_registers) {
    const bool in_task = is_on_stack(_Unwind_GetCFA(context), &task_stack);
    const kept_registers &known = in_task ? of_task : of_own;
    for (int i = 0; i < kept_count; i++) {
      const auto value =
          static_cast<uintptr_t>(_Unwind_GetGR(context, kept_dwarf_numbers[i]));
      if (value != known.before[i] && wrong++ == 0)
        snprintf(first_wrong, sizeof first_wrong,
                 "%s of %s is %#lx instead of %#lx", kept_names[i],
                 in_task ? "the task" : "the test",
                 static_cast<unsigned long>(value),
                 static_cast<unsigned long>(known.before[i]));
    }
  }
  w->arrived = true;
  return _URC_NO_REASON; // to the end
}

void note_misplaced(const char *what, uintptr_t sp) {
  if (misplaced++ == 0)
    snprintf(first_misplaced, sizeof first_misplaced, "%s at stop %d, sp %#lx",
             what, traps, static_cast<unsigned long>(sp));
}

bool is_small(uintptr_t sp) {
  return is_on_stack(sp, &task_stack) || is_on_stack(sp, &own_stack);
}

void handle_in_switch(int, siginfo_t *, void *) {
  traps++;
  walk w = {};
  _Unwind_Backtrace(look_past_switch, &w);
  steps += w.arrived;
  const uintptr_t sp = here();
  libcgo_bounds bounds;
  if (libcgo_stack_bounds(thread, &bounds) != 0 ||
      !is_on(sp, bounds.lo, bounds.hi))
    note_misplaced("other bounds", sp);
  else if (is_on_stack(sp, &task_stack) &&
           (bounds.lo != task_stack.lo || bounds.hi != task_stack.hi))
    note_misplaced("not the bounds of the task's stack", sp);
  else if (is_small(sp) != (bounds.kind == LIBCGO_STACK_SMALL))
    note_misplaced("another kind of stack", sp);
  libcgo_call_on_system(thread, note_c, nullptr);
  if (is_small(c_sp))
    note_misplaced("C on a small stack", sp);
  if (handler_switches) {
    in_handler = LIBCGO_CONTEXT_INIT;
    if (libcgo_switch(thread, &in_handler, &third, 41) != 42)
      note_misplaced("a wrong word", sp);
  }
}

libcgo_context *answer(void *, uintptr_t word) {
  for (;;) {
    libcgo_call_on_system(thread, note_c, nullptr);
    if (is_small(c_sp) || is_on_stack(c_sp, &third_stack))
      note_misplaced("C of the third on a small stack", c_sp);
    word = libcgo_switch(thread, &third, &in_handler, word + 1);
  }
  return &own;
}

void switch_with(kept_registers *r, uintptr_t factor, libcgo_context *from,
                 libcgo_context *to) {
  for (int i = 0; i < kept_count; i++)
    r->before[i] = factor * static_cast<uintptr_t>(i + 3);
  call_with_registers(r, reinterpret_cast<void *>(libcgo_switch), thread, from,
                      reinterpret_cast<uintptr_t>(to), nullptr);
}

libcgo_context *go_back_and_end(void *times, uintptr_t) {
  for (auto n = reinterpret_cast<uintptr_t>(times); n != 0; n--)
    switch_with(&of_task, 0x1359, &task, &own);
  return &own;
}

[[gnu::noinline]] void step_through_switches(uintptr_t rounds,
                                             bool from_the_first) {
  third = LIBCGO_CONTEXT_INIT;
  third_stack = new_stack(large_bytes);
  ck_assert_int_eq(libcgo_context_make(&third, &third_stack, answer, nullptr), 0);
  struct sigaction action = {};
  action.sa_sigaction = handle_in_switch;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGTRAP, &action, nullptr);
  own = task = LIBCGO_CONTEXT_INIT;
  task_stack = new_stack(large_bytes);
  ck_assert_int_eq(libcgo_context_make(&task, &task_stack, go_back_and_end,
                                       reinterpret_cast<void *>(rounds)),
                   0);
  walk w = {};
  _Unwind_Backtrace(look_past_switch, &w);
  traps = steps = wrong = misplaced = 0;
  unwinds = false;
  with_registers = !from_the_first;
  crossing = code_of(libcgo_switch);
  if (!from_the_first)
    switch_with(&of_own, 0x2468, &own, &task);
  start_stepping();
  for (uintptr_t n = 1; n < rounds; n++)
    switch_with(&of_own, 0x2468, &own, &task);
  stop_stepping();
  if (from_the_first) {
    start_stepping();
    switch_with(&of_own, 0x2468, &own, &task);
    switch_with(&of_own, 0x2468, &own, &task); // it ends
    stop_stepping();
    ck_assert_uint_eq(task.sp, 1);
  }
}

uintptr_t step_through_switches_of_a_small_stack(void *) {
  step_through_switches(4, false);
  return 0;
}

uintptr_t step_through_a_life_of_a_small_stack(void *) {
  step_through_switches(1, true);
  return 0;
}

} // namespace

#define ASSERT_PLACES                                                          \
  ck_assert_msg(misplaced == 0, "%d times, first: %s", misplaced,              \
                first_misplaced)

TEST(switches_can_be_unwound_and_left_for_c_at_every_instruction) {
  attach();
  own_stack = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &own_stack,
                       step_through_switches_of_a_small_stack, nullptr);
  ASSERT_STEPS(150);
  ASSERT_PLACES;
}

TEST(switches_of_c_can_be_unwound_and_left_for_c_at_every_instruction) {
  attach();
  own_stack = LIBCGO_STACK_INIT(0, 0);
  step_through_switches(4, false);
  ASSERT_STEPS(150);
  ASSERT_PLACES;
}

TEST(a_handler_switches_at_every_instruction_of_a_switch) {
  attach();
  handler_switches = true;
  own_stack = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &own_stack,
                       step_through_switches_of_a_small_stack, nullptr);
  handler_switches = false;
  ASSERT_STEPS(150);
  ASSERT_PLACES;
}

TEST(a_handler_switches_at_every_instruction_of_a_switch_of_c) {
  attach();
  handler_switches = true;
  own_stack = LIBCGO_STACK_INIT(0, 0);
  step_through_switches(4, false);
  handler_switches = false;
  ASSERT_STEPS(150);
  ASSERT_PLACES;
}

TEST(a_context_s_begin_and_end_can_be_left_for_c_at_every_instruction) {
  attach();
  own_stack = new_stack(large_bytes);
  libcgo_call_on_stack(thread, &own_stack, step_through_a_life_of_a_small_stack,
                       nullptr);
  ASSERT_STEPS(100);
  ASSERT_PLACES;
}

TEST(a_context_s_begin_and_end_in_c_can_be_left_for_c_at_every_instruction) {
  attach();
  own_stack = LIBCGO_STACK_INIT(0, 0);
  step_through_switches(1, true);
  ASSERT_STEPS(100);
  ASSERT_PLACES;
}

#endif

int main(void) {
  suite_begin("stepping");
  ADD_TEST(crosscall2_can_be_unwound_at_every_instruction);
  ADD_TEST(crosscall_can_be_unwound_at_every_instruction);
  ADD_TEST(call_on_system_can_be_unwound_at_every_instruction);
  ADD_TEST(
      call_on_system_from_the_system_stack_can_be_unwound_at_every_instruction);
  ADD_TEST(call_on_stack_can_be_unwound_at_every_instruction);
  ADD_TEST(first_calls_can_be_left_for_others_at_every_instruction);
  ADD_TEST(calls_of_c_that_was_called_can_be_left_for_others_at_every_instruction);
#ifdef LIBCGO_CONTEXTS
  ADD_TEST(switches_can_be_unwound_and_left_for_c_at_every_instruction);
  ADD_TEST(switches_of_c_can_be_unwound_and_left_for_c_at_every_instruction);
  ADD_TEST(a_handler_switches_at_every_instruction_of_a_switch);
  ADD_TEST(a_handler_switches_at_every_instruction_of_a_switch_of_c);
  ADD_TEST(a_context_s_begin_and_end_can_be_left_for_c_at_every_instruction);
  ADD_TEST(a_context_s_begin_and_end_in_c_can_be_left_for_c_at_every_instruction);
#endif
  return suite_run();
}
