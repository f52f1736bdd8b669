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
void *crossing;       // the routine under test
int traps;            // instructions that were stopped at
bool unwinds;         // that the unwinder sees what was stopped
int steps;            // instructions at which it was unwound
int wrong;            // registers that came out wrong
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
    const auto value = static_cast<uintptr_t>(
        _Unwind_GetGR(context, kept_dwarf_numbers[i]));
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
    registers.before[i] = static_cast<uintptr_t>(0x2468) *
                          static_cast<uintptr_t>(i + 3);
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
    SKIP("no single steps here (an emulator, or a CPU without a trap flag)");   \
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

int main(void) {
  suite_begin("stepping");
  ADD_TEST(crosscall2_can_be_unwound_at_every_instruction);
  ADD_TEST(crosscall_can_be_unwound_at_every_instruction);
  ADD_TEST(call_on_system_can_be_unwound_at_every_instruction);
  ADD_TEST(
      call_on_system_from_the_system_stack_can_be_unwound_at_every_instruction);
  ADD_TEST(call_on_stack_can_be_unwound_at_every_instruction);
  return suite_run();
}
