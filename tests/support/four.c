/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/four.h"

#include <dlfcn.h>
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

/* A program that is not position-independent has another address for a function of
   a shared object: that of an entry in its own table of calls. */
static void find_code(void **function, const char *name) {
#ifdef RTLD_NEXT
  void *const in_library = dlsym(RTLD_NEXT, name);
  if (in_library != NULL)
    *function = in_library;
#else
  (void)function, (void)name;
#endif
}

struct four four_switches(struct libcgo_thread *thread,
                          const struct libcgo_stack *stack,
                          uintptr_t (*innermost)(void *arg), void *arg) {
  find_code(&four_chain[1], "libcgo_call_on_system");
  find_code(&four_chain[3], "libcgo_call_on_stack");
  find_code(&four_chain[5], "libcgo_callback");
  find_code(&four_chain[7], "libcgo_call_on_system");
  find_code(&four_chain[9], "libcgo_call_on_stack");
  struct four f = {thread, stack, stack, innermost, arg, 0, 0, 0, 0, 0};
  return f;
}

void *four_chain[four_depth] = {
    (void *)c_2,        (void *)libcgo_call_on_system,
    (void *)runtime_2,  (void *)libcgo_call_on_stack,
    (void *)callback,   (void *)libcgo_callback,
    (void *)c_1,        (void *)libcgo_call_on_system,
    (void *)runtime_1,  (void *)libcgo_call_on_stack,
    (void *)cross_four,
};
