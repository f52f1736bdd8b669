// SPDX-License-Identifier: BSD-3-Clause
//
// Exceptions that leave stacks, and what uses the same memory afterwards: tools.sh.
#include <libcgo.h>
#include <libcgo/context.h>
#include <libcgo/hooks.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(libcgo_ready_ops());
libcgo_stack stack, task_stack;
libcgo_context worker = LIBCGO_CONTEXT_INIT, task = LIBCGO_CONTEXT_INIT;

// Frames with red zones, which an exception leaves.
[[gnu::noinline]] void fail_deep(int depth) {
  volatile char frame[200];
  memset(const_cast<char *>(frame), depth, sizeof frame);
  if (depth == 0)
    throw 1;
  fail_deep(depth - 1);
  frame[0] = 1;
}

uintptr_t fail(void *) {
  fail_deep(8);
  return 0;
}

uintptr_t call_c_that_fails(void *) {
  volatile char frame[500];
  memset(const_cast<char *>(frame), 1, sizeof frame);
  return libcgo_call_on_system(libcgo_current(&runtime), fail, nullptr) +
         static_cast<uintptr_t>(frame[0]);
}

[[gnu::noinline]] void leave(uintptr_t (*fn)(void *), int depth) {
  volatile char frame[300];
  memset(const_cast<char *>(frame), 2, sizeof frame);
  if (depth != 0)
    leave(fn, depth - 1);
  else
    libcgo_call_on_stack(libcgo_current(&runtime), &stack, fn, nullptr);
  frame[0] = 1;
}

[[gnu::noinline]] uintptr_t use(void *) {
  volatile char frame[8000];
  memset(const_cast<char *>(frame), 3, sizeof frame);
  return 0;
}

// C that a task calls suspends the task, goes on, and throws.
uintptr_t switch_and_throw(void *) {
  libcgo_switch(libcgo_current(&runtime), &task, &worker, 0);
  try {
    fail_deep(8);
  } catch (int) {
  }
  return use(nullptr);
}

libcgo_context *run_task(void *, uintptr_t) {
  libcgo_call_on_system(libcgo_current(&runtime), switch_and_throw, nullptr);
  return &worker;
}

uintptr_t work(void *) {
  libcgo_switch(libcgo_current(&runtime), &worker, &task, 0);
  libcgo_switch(libcgo_current(&runtime), &worker, &task, 0);
  return 0;
}

} // namespace

int main() {
  if (libcgo_attach(&runtime, nullptr) != 0 ||
      libcgo_stack_map(&stack, 65536) != 0 ||
      libcgo_stack_map(&task_stack, 65536) != 0 ||
      libcgo_context_make(&task, &task_stack, run_task, nullptr) != 0)
    abort();
  int caught = 0;
  uintptr_t (*const functions[])(void *) = {fail, call_c_that_fails};
  for (uintptr_t (*fn)(void *) : functions) {
    try {
      leave(fn, 8);
    } catch (int) {
      caught++;
    }
    use(nullptr);
    libcgo_call_on_stack(libcgo_current(&runtime), &stack, use, nullptr);
  }
  libcgo_call_on_stack(libcgo_current(&runtime), &stack, work, nullptr);
  puts("done");
  return caught == 2 ? 0 : 1;
}
