// SPDX-License-Identifier: BSD-3-Clause
//
// Contexts and unwinders: exceptions, backtraces, tracebacks of what is suspended.
#include "support/four.h"

#include <stdio.h>
#include <stdlib.h>
#include <exception>
#include <unwind.h>

#include "ports/arch/cpu.h"

#ifndef LIBCGO_CONTEXTS

TEST(contexts_are_there) {
  SKIP("src/arch has no libcgo_switch for this CPU yet");
}

int main(void) {
  suite_begin("context-unwind");
  ADD_TEST(contexts_are_there);
  return suite_run();
}

#else

namespace {

struct thrown {
  int value;
};

libcgo_context own, task, other;
libcgo_stack stack, other_stack;
libcgo_thread *thread;

void begin(libcgo_thread *of) {
  thread = of;
  own = task = other = LIBCGO_CONTEXT_INIT;
  stack = new_stack(large_bytes);
  other_stack = new_stack(large_bytes);
}

void make(libcgo_context *c, const libcgo_stack *s,
          libcgo_context *(*fn)(void *, uintptr_t), void *arg) {
  ck_assert_int_eq(libcgo_context_make(c, s, fn, arg), 0);
}

uintptr_t go(uintptr_t word) {
  return libcgo_switch(thread, &own, &task, word);
}
OWN_FRAME uintptr_t back(uintptr_t word) {
  const uintptr_t got = libcgo_switch(thread, &task, &own, word);
  __asm__ volatile(""); // not a call in last place
  return got;
}

OWN_FRAME void throw_deep(int depth, int value) {
  if (depth == 0)
    throw thrown{value};
  throw_deep(depth - 1, value);
  __asm__ volatile("");
}

int caught;

// Suspended on the way, too.
libcgo_context *catch_inside(void *, uintptr_t word) {
  for (;;) {
    try {
      throw_deep(10, static_cast<int>(word));
    } catch (const thrown &t) {
      caught = t.value;
    }
    try {
      word = back(0);
      throw_deep(0, static_cast<int>(word));
    } catch (const thrown &t) {
      word = back(static_cast<uintptr_t>(t.value));
      caught = t.value;
      if (word == 0)
        return &own;
    }
  }
}

void catch_in_a_context() {
  make(&task, &stack, catch_inside, nullptr);
  go(1);
  ck_assert_int_eq(caught, 1);
  // Thrown and caught here while the task is suspended, in its handler, too.
  for (int i = 0; i < 2; i++) {
    int mine = 0;
    try {
      throw_deep(3, 50 + i);
    } catch (const thrown &t) {
      mine = t.value;
    }
    ck_assert_int_eq(mine, 50 + i);
    go(static_cast<uintptr_t>(2 - 2 * i));
  }
  ck_assert_uint_eq(task.sp, 1);
  ck_assert_int_eq(caught, 2);
}

} // namespace

TEST(an_exception_is_caught_inside_of_a_context) {
  begin(nullptr);
  catch_in_a_context();
  begin(attached());
  catch_in_a_context();
}

static uintptr_t throw_in_c(void *value) {
  throw_deep(5, *static_cast<int *>(value));
  return 0;
}

static libcgo_context *catch_from_c(void *, uintptr_t) {
  for (int i = 1; i < 4; i++) {
    try {
      libcgo_call_on_system(thread, throw_in_c, &i);
    } catch (const thrown &t) {
      caught = t.value;
    }
    back(0);
  }
  return &own;
}

TEST(an_exception_from_c_is_caught_in_the_context_that_has_called_it) {
  begin(attached());
  make(&task, &stack, catch_from_c, nullptr);
  for (int i = 1; i < 4; i++) {
    go(0);
    ck_assert_int_eq(caught, i);
  }
  go(0);
}

// Through a call on a small stack, which has switched: its end is unseen.
static uintptr_t switch_and_throw(void *value) {
  libcgo_switch(thread, &task, &other, 0);
  throw_deep(2, *static_cast<int *>(value));
  return 0;
}
static void throw_in_callback(libcgo_thread *of, void *value) {
  static const libcgo_stack third = new_stack(large_bytes);
  libcgo_call_on_stack(of, &third, switch_and_throw, value);
}
static uintptr_t c_that_calls_back(void *value) {
  (void)!libcgo_callback(&kit, throw_in_callback, value);
  return 0;
}
static uintptr_t c_sp;
static uintptr_t note_c(void *) {
  c_sp = here();
  return 0;
}
static libcgo_context *catch_from_callback(void *, uintptr_t) {
  for (int i = 1; i < 4; i++) {
    try {
      libcgo_call_on_system(thread, c_that_calls_back, &i);
    } catch (const thrown &t) {
      caught = t.value;
    }
    libcgo_call_on_system(thread, note_c, nullptr);
    ck_assert(!is_on_stack(c_sp, &stack));
    back(0);
  }
  return &own;
}
static libcgo_context *answer(void *, uintptr_t) {
  for (;;)
    libcgo_switch(thread, &other, &task, 0);
  return &own;
}

TEST(an_exception_leaves_a_callback_in_which_a_task_has_switched) {
  begin(attached());
  make(&task, &stack, catch_from_callback, nullptr);
  make(&other, &other_stack, answer, nullptr);
  for (int i = 1; i < 4; i++) {
    go(0);
    ck_assert_int_eq(caught, i);
  }
  go(0);
  ck_assert_uint_eq(task.sp, 1);
}

static libcgo_context *throw_out(void *, uintptr_t) {
  throw_deep(1, 1);
  return &own;
}

static void throw_out_of_a_context(void *) {
  std::set_terminate([] {
    fputs("terminated\n", stderr);
    abort();
  });
  begin(nullptr);
  make(&task, &stack, throw_out, nullptr);
  try {
    go(0);
  } catch (...) {
    _exit(3);
  }
}

TEST(an_exception_that_is_not_caught_inside_ends_the_process) {
  char output[4096];
  const int sig =
      run_to_death(throw_out_of_a_context, nullptr, output, sizeof output);
  ck_assert_msg(sig == SIGABRT, "ended by %d, with: %s", sig, output);
  ck_assert_msg(strstr(output, "terminated") != nullptr, "said: %s", output);
}

// ---- backtraces ----

namespace {

int frames;
bool saw_the_test;

OWN_FRAME void run_task() {
  go(0);
  __asm__ volatile("");
}

_Unwind_Reason_Code count_frame(_Unwind_Context *context, void *) {
  frames++;
  const uintptr_t ip = _Unwind_GetIP(context);
  if (ip != 0 && _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(ip - 1)) ==
                     code_of(run_task))
    saw_the_test = true;
  return frames > 1000 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

OWN_FRAME void count_frames(int depth) {
  if (depth == 0)
    _Unwind_Backtrace(count_frame, nullptr);
  else
    count_frames(depth - 1);
  __asm__ volatile("");
}

libcgo_context *count_inside(void *depth, uintptr_t) {
  for (;;) {
    frames = 0;
    saw_the_test = false;
    count_frames(static_cast<int>(reinterpret_cast<uintptr_t>(depth)));
    back(0);
  }
  return &own;
}

} // namespace

TEST(a_backtrace_ends_where_fn_was_called) {
  begin(nullptr);
  int before = 0;
  for (uintptr_t depth = 0; depth < 20; depth += 10) {
    task = LIBCGO_CONTEXT_INIT;
    make(&task, &stack, count_inside, reinterpret_cast<void *>(depth));
    run_task();
    ck_assert(!saw_the_test);
    ck_assert_int_lt(frames, 8 + static_cast<int>(depth));
    ck_assert_int_gt(frames, 1 + static_cast<int>(depth));
    if (depth != 0)
      ck_assert_int_eq(frames, before + 10);
    before = frames;
    frames = 0;
    run_task(); // and after it was suspended
    ck_assert_int_eq(frames, before);
  }
}

namespace {

// Suspends itself depth calls down.
OWN_FRAME void suspend_deep(int depth) {
  if (depth == 0)
    back(1);
  else
    suspend_deep(depth - 1);
  __asm__ volatile("");
}

libcgo_context *suspend(void *depth, uintptr_t) {
  suspend_deep(static_cast<int>(reinterpret_cast<uintptr_t>(depth)));
  return &own;
}

bool is_in(uintptr_t pc, void *function) {
  return _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(pc - 1)) ==
         function;
}

void trace(size_t most) {
  uintptr_t pcs[64] = {};
  make(&task, &stack, suspend, reinterpret_cast<void *>(uintptr_t(5)));
  size_t n = libcgo_context_traceback(&kit, &task, pcs, most); // not yet begun
  ck_assert_uint_eq(n, 1);
  go(0);
  const libcgo_context before = task;
  n = libcgo_context_traceback(&kit, &task, pcs, most);
  ck_assert_int_eq(memcmp(&before, &task, sizeof task), 0);
  if (most == 3) {
    ck_assert_uint_eq(n, 3);
  } else { // `back`, 6 times suspend_deep, `suspend`, and where fn was called
    ck_assert_msg(n == 9, "%d frames", static_cast<int>(n));
    ck_assert(is_in(pcs[7], code_of(suspend)));
  }
  ck_assert(is_in(pcs[0], code_of(back)));
  ck_assert(is_in(pcs[1], code_of(suspend_deep)));
  ck_assert(is_in(pcs[2], code_of(suspend_deep)));
  go(0);
  ck_assert_uint_eq(libcgo_context_traceback(&kit, &task, pcs, most), 0);
}

} // namespace

TEST(a_suspended_context_s_frames_are_told) {
  begin(nullptr);
  kit_begin();
  if (libcgo_traceback_set(&kit, nullptr) != 0)
    SKIP("no unwinder");
  trace(64);
  trace(3);
  begin(attached());
  trace(64);
}

TEST(a_traceback_needs_a_suspended_context) {
  uintptr_t pcs[4];
  begin(nullptr);
  kit_begin();
  ck_assert_uint_eq(libcgo_context_traceback(&kit, &own, pcs, 4), 0);
  ck_assert_uint_eq(libcgo_context_traceback(&kit, nullptr, pcs, 4), 0);
  make(&task, &stack, suspend, nullptr);
  ck_assert_uint_eq(libcgo_context_traceback(nullptr, &task, pcs, 4), 0);
  ck_assert_uint_eq(libcgo_context_traceback(&kit, &task, nullptr, 4), 0);
  ck_assert_uint_eq(libcgo_context_traceback(&kit, &task, pcs, 0), 0);
}

int main(void) {
  suite_begin("context-unwind");
  ADD_TEST(an_exception_is_caught_inside_of_a_context);
  ADD_TEST(an_exception_from_c_is_caught_in_the_context_that_has_called_it);
  ADD_TEST(an_exception_leaves_a_callback_in_which_a_task_has_switched);
  ADD_TEST(an_exception_that_is_not_caught_inside_ends_the_process);
  ADD_TEST(a_backtrace_ends_where_fn_was_called);
  ADD_TEST(a_suspended_context_s_frames_are_told);
  ADD_TEST(a_traceback_needs_a_suspended_context);
  return suite_run();
}

#endif
