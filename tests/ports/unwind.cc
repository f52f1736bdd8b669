// SPDX-License-Identifier: BSD-3-Clause
//
// Exceptions and longjmp through the crossings.
#include "support/kit.h"
#include "support/stacks.h"

#include <setjmp.h>
#include <string.h>
#include <unwind.h>

#include "ports/arch/arch.h"
#include "ports/arch/cpu.h"

namespace {

struct thrown {
  int value;
};

void throw_one() { throw thrown{1}; }
void throw_arg(void *, int32_t n) { throw thrown{n}; }

bool destroyed;
struct object {
  ~object() { destroyed = true; }
};

void throw_past_an_object(void *, int32_t n) {
  object o;
  throw_arg(nullptr, n);
}

void throw_deep(void *arg, int32_t n) {
  if (n == 0)
    throw thrown{99};
  crosscall2(throw_deep, arg, n - 1);
}

// Called with known values in the registers that a callee keeps; returns
// normally after an exception has passed a crossing. If the frame description
// of the crossing is wrong, they come back wrong.
extern "C" void catch_through_crosscall() {
  try {
    crosscall(throw_one);
  } catch (const thrown &) {
  }
}

extern "C" void catch_through_crosscall2() {
  try {
    crosscall2(throw_arg, nullptr, 1);
  } catch (const thrown &) {
  }
}

extern "C" void catch_what_changed_registers() {
  try {
    crosscall2(change_registers_and_call, reinterpret_cast<void *>(throw_one), 0);
  } catch (const thrown &) {
  }
}

void assert_registers_survive(void (*catcher)()) {
  kept_registers r;
  for (int i = 0; i < kept_count; i++)
    r.before[i] = static_cast<uintptr_t>(0x1357) * static_cast<uintptr_t>(i + 3);
  call_with_registers(&r, reinterpret_cast<void *>(catcher), nullptr, nullptr,
                      0, nullptr);
  for (int i = 0; i < kept_count; i++)
    ck_assert_msg(r.before[i] == r.after[i], "%s was %#lx and is %#lx",
                  kept_names[i], static_cast<unsigned long>(r.before[i]),
                  static_cast<unsigned long>(r.after[i]));
}

} // namespace

TEST(defect_13_an_exception_passes_crosscall) {
  int got = 0;
  try {
    crosscall(throw_one);
  } catch (const thrown &t) {
    got = t.value;
  }
  ck_assert_int_eq(got, 1);
}

TEST(defect_13_an_exception_passes_crosscall2) {
  int got = 0;
  try {
    crosscall2(throw_past_an_object, nullptr, 7);
  } catch (const thrown &t) {
    got = t.value;
  }
  ck_assert_int_eq(got, 7);
  ck_assert(destroyed);
}

TEST(an_exception_passes_a_hundred_crossings) {
  int got = 0;
  try {
    crosscall2(throw_deep, nullptr, 100);
  } catch (const thrown &t) {
    got = t.value;
  }
  ck_assert_int_eq(got, 99);
}

TEST(registers_are_right_after_an_exception_passed_crosscall) {
  assert_registers_survive(catch_through_crosscall);
}

TEST(registers_are_right_after_an_exception_passed_crosscall2) {
  assert_registers_survive(catch_through_crosscall2);
}

TEST(an_exception_restores_registers_that_fn_changed) {
  assert_registers_survive(catch_what_changed_registers);
}

static bool caught_in_thread;

static void throw_and_catch(libcgo_thread *, void *) {
  try {
    crosscall2(throw_arg, nullptr, 5);
  } catch (const thrown &t) {
    caught_in_thread = t.value == 5;
  }
}

TEST(exceptions_work_in_a_thread_of_the_library) {
  kit_begin();
  kit_run(nullptr, throw_and_catch, nullptr);
  ck_assert(caught_in_thread);
}

static jmp_buf jump;

static void jump_out(void *, int32_t n) { longjmp(jump, n); }

TEST(longjmp_passes_a_crossing) {
  volatile int rounds = 0;
  if (setjmp(jump) < 3) {
    rounds = rounds + 1;
    crosscall2(jump_out, nullptr, rounds);
  }
  ck_assert_int_eq(rounds, 3);
}

static int frames;
static _Unwind_Reason_Code count_frame(struct _Unwind_Context *, void *stop) {
  frames++;
  return frames > 10000 || stop == nullptr ? _URC_END_OF_STACK : _URC_NO_REASON;
}
static void count_frames(void *, int32_t) {
  _Unwind_Backtrace(count_frame, &frames);
}
static void through_ten(void *arg, int32_t n) {
  if (n == 0)
    count_frames(arg, 0);
  else
    crosscall2(through_ten, arg, n - 1);
  __asm__ volatile(""); // not a tail call
}

TEST(a_backtrace_sees_through_crossings) {
  count_frames(nullptr, 0);
  const int direct = frames;
  frames = 0;
  crosscall2(through_ten, nullptr, 10);
  ck_assert_int_gt(frames, direct + 20);
}

// ---- what an unwinder has for the caller of a crossing, seen from fn ----
//
// An exception does not show all of it: a function that catches has saved registers
// itself, and may find its frame by its frame pointer.

namespace {

kept_registers known;

struct look_for_caller {
  void *of; // this function's
  bool passed;
  bool arrived;
  uintptr_t cfa;     // of the function
  const char *wrong; // a register of the caller
};

_Unwind_Reason_Code see_caller(_Unwind_Context *context, void *p) {
  auto *look = static_cast<look_for_caller *>(p);
  if (!look->passed) {
    look->passed = _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(
                       _Unwind_GetIP(context) - 1)) == look->of;
    return _URC_NO_REASON;
  }
  look->arrived = true;
  look->cfa = _Unwind_GetCFA(context);
  for (int i = 0; i < kept_count; i++)
    if (IS_WORD_REGISTER(kept_dwarf_numbers[i]) &&
        static_cast<uintptr_t>(_Unwind_GetGR(context, kept_dwarf_numbers[i])) !=
            known.before[i])
      look->wrong = kept_names[i];
  return _URC_END_OF_STACK; // ends the walk, and is known to every unwinder
}

look_for_caller caller;

uintptr_t look_at_the_caller_of(void *function) {
  caller = {code_of(function), false, false, 0, nullptr};
  _Unwind_Backtrace(see_caller, &caller);
  return 0;
}

void *const looks = reinterpret_cast<void *>(look_at_the_caller_of);

__attribute__((noinline)) uintptr_t look_from(void *function, void *a, void *b,
                                              void *n, void *c) {
  for (int i = 0; i < kept_count; i++)
    known.before[i] =
        static_cast<uintptr_t>(0x1357) * static_cast<uintptr_t>(i + 3);
  call_with_registers(&known, function, a, b, reinterpret_cast<uintptr_t>(n), c);
  ck_assert(caller.arrived);
  ck_assert_msg(caller.wrong == nullptr, "%s was wrong", caller.wrong);
  return caller.cfa;
}

// From the same place, one call crosses and one does not.
template <class Function>
void cross_and_look(Function *crossing, void *a, void *b, void *n, void *c) {
  const uintptr_t direct = look_from(looks, looks, b, n, c);
  ck_assert_uint_eq(look_from(reinterpret_cast<void *>(crossing), a, b, n, c),
                    direct);
}

libcgo_thread *thread;

uintptr_t look_through_call_on_system(void *) {
  cross_and_look(libcgo_call_on_system, thread, looks,
                 reinterpret_cast<void *>(libcgo_call_on_system), nullptr);
  return 0;
}

} // namespace

// A program that is not position-independent has a stub of its own for a function, and
// takes the stub's address for the function's.
bool has_a_stub(void *code) {
  return _Unwind_FindEnclosingFunction(static_cast<char *>(code) + 1) != code;
}

#ifdef __ARM_EABI_UNWINDER__
#define NEEDS_REGISTERS_OF_FRAMES                                              \
  SKIP("this unwinder does not tell a frame's floating-point registers")
#else
#define NEEDS_REGISTERS_OF_FRAMES                                              \
  if (has_a_stub(code_of(crosscall2)))                                         \
  SKIP("the program has a stub for each of the library's functions")
#endif

TEST(an_unwinder_knows_all_of_the_caller_of_crosscall2) {
  NEEDS_REGISTERS_OF_FRAMES;
  cross_and_look(crosscall2, looks, reinterpret_cast<void *>(crosscall2),
                 nullptr, nullptr);
}

TEST(an_unwinder_knows_all_of_the_caller_of_call_on_stack) {
  NEEDS_REGISTERS_OF_FRAMES;
  kit_begin();
  libcgo_stack stack = new_stack(large_bytes);
  ck_assert_int_eq(libcgo_attach(&kit, &thread), 0);
  cross_and_look(libcgo_call_on_stack, thread, &stack, looks,
                 reinterpret_cast<void *>(libcgo_call_on_stack));
  libcgo_detach(&kit);
}

TEST(an_unwinder_knows_all_of_the_caller_of_call_on_system) {
  NEEDS_REGISTERS_OF_FRAMES;
  kit_begin();
  const libcgo_stack stack = new_stack(large_bytes);
  ck_assert_int_eq(libcgo_attach(&kit, &thread), 0);
  libcgo_call_on_stack(thread, &stack, look_through_call_on_system, nullptr);
  libcgo_detach(&kit);
}

int main(void) {
  suite_begin("unwind");
  ADD_TEST(defect_13_an_exception_passes_crosscall);
  ADD_TEST(defect_13_an_exception_passes_crosscall2);
  ADD_TEST(an_exception_passes_a_hundred_crossings);
  ADD_TEST(registers_are_right_after_an_exception_passed_crosscall);
  ADD_TEST(registers_are_right_after_an_exception_passed_crosscall2);
  ADD_TEST(an_exception_restores_registers_that_fn_changed);
  ADD_TEST(exceptions_work_in_a_thread_of_the_library);
  ADD_TEST(longjmp_passes_a_crossing);
  ADD_TEST(a_backtrace_sees_through_crossings);
  ADD_TEST(an_unwinder_knows_all_of_the_caller_of_crosscall2);
  ADD_TEST(an_unwinder_knows_all_of_the_caller_of_call_on_stack);
  ADD_TEST(an_unwinder_knows_all_of_the_caller_of_call_on_system);
  return suite_run();
}
