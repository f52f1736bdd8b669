/* SPDX-License-Identifier: BSD-3-Clause */
#include "four.h"

#include <errno.h>

struct libcgo_thread *attached(void) {
  struct libcgo_thread *thread = NULL;
  kit_begin();
  const int err = libcgo_attach(&kit, &thread);
  ck_assert(err == 0 || err == EALREADY);
  return thread;
}

uintptr_t c_2(void *p) {
  struct four *f = p;
  f->c_2 = here();
  return f->innermost(f->arg);
}

uintptr_t runtime_2(void *p) {
  struct four *f = p;
  f->runtime_2 = here();
  return libcgo_call_on_system(f->thread, c_2, f);
}

void callback(struct libcgo_thread *thread, void *p) {
  struct four *f = p;
  f->result = libcgo_call_on_stack(thread, f->inner_stack, runtime_2, f);
}

uintptr_t c_1(void *p) {
  struct four *f = p;
  f->c_1 = here();
  return libcgo_callback(&kit, callback, f) == 0 ? f->result : 0;
}

uintptr_t runtime_1(void *p) {
  struct four *f = p;
  f->runtime_1 = here();
  return libcgo_call_on_system(f->thread, c_1, f);
}

uintptr_t cross_four(struct four *f) {
  return libcgo_call_on_stack(f->thread, f->outer_stack, runtime_1, f);
}

struct four four_switches(struct libcgo_thread *thread,
                          const struct libcgo_stack *stack,
                          uintptr_t (*innermost)(void *arg), void *arg) {
  struct four f = {thread, stack, stack, innermost, arg, 0, 0, 0, 0, 0};
  return f;
}

void *const four_chain[four_depth] = {
    (void *)c_2,
    (void *)libcgo_call_on_system,
    (void *)runtime_2,
    (void *)libcgo_call_on_stack,
    (void *)callback,
    (void *)libcgo_callback,
    (void *)c_1,
    (void *)libcgo_call_on_system,
    (void *)runtime_1,
    (void *)libcgo_call_on_stack,
    (void *)cross_four,
};
