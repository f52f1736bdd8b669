/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crosscall_<cpu> and crosscall2: alignment, registers, arguments.
 */
#include "support/harness.h"

#include "ports/arch/arch.h"

/* What arrives at crosscall2's callback is cast to its type, as a runtime with
   a convention of its own does. */
typedef void (*callback)(void *, int32_t);

static void poison(struct kept_registers *r) {
  for (int i = 0; i < kept_count; i++) {
    r->before[i] = (uintptr_t)0x11111111u * (uintptr_t)(i + 1);
    r->after[i] = 0;
  }
}

static void assert_kept(const struct kept_registers *r) {
  for (int i = 0; i < kept_count; i++)
    ck_assert_msg(r->before[i] == r->after[i], "%s was %#lx and is %#lx",
                  kept_names[i], (unsigned long)r->before[i],
                  (unsigned long)r->after[i]);
}

TEST(crosscall_keeps_every_callee_saved_register) {
  struct kept_registers r;
  poison(&r);
  call_with_registers(&r, (void *)crosscall, (void *)change_all_registers, NULL,
                      0, NULL);
  assert_kept(&r);
}

TEST(crosscall2_keeps_every_callee_saved_register) {
  struct kept_registers r;
  poison(&r);
  call_with_registers(&r, (void *)crosscall2, (void *)change_all_registers,
                      NULL, 0, NULL);
  assert_kept(&r);
}

TEST(defect_01_crosscall_aligns_the_stack_for_fn) {
  crosscall(note_entry);
  ck_assert_uint_eq(entry.sp % stack_alignment, entry_alignment);
}

TEST(defect_01_crosscall2_aligns_the_stack_for_fn) {
  crosscall2((callback)note_entry, NULL, 0);
  ck_assert_uint_eq(entry.sp % stack_alignment, entry_alignment);
}

#ifdef LIBCGO_CLASSIC
TEST(the_top_word_of_the_frame_of_crosscall_is_zero) {
  /* Above the return address. What was there before is another word. */
  volatile uintptr_t before[64];
  for (int i = 0; i < 64; i++)
    before[i] = (uintptr_t)&before[i];
  entry.on_stack[0] = 1;
  crosscall(note_entry);
  ck_assert_uint_eq(entry.on_stack[0], 0);
}
#endif

static int here;

TEST(crosscall2_passes_arguments_on_the_stack) {
  crosscall2((callback)note_entry, &here, 42);
  ck_assert_uint_eq(entry.on_stack[0], (uintptr_t)&here);
  ck_assert_uint_eq(entry.on_stack[1], 42);
}

TEST(crosscall2_sign_extends_argsize) {
  crosscall2((callback)note_entry, &here, -3);
  ck_assert_uint_eq(entry.on_stack[1], (uintptr_t)-3);
}

TEST(defect_02_crosscall2_passes_arguments_in_registers) {
  if (!has_argument_registers)
    SKIP("this CPU's C convention passes all arguments on the stack");
  crosscall2((callback)note_entry, &here, -3);
  ck_assert_uint_eq(entry.in_registers[0], (uintptr_t)&here);
  ck_assert_uint_eq((uint32_t)entry.in_registers[1], (uint32_t)-3);
}

static void *got_arg;
static int32_t got_size;

static void c_callback(void *arg, int32_t argsize) {
  got_arg = arg;
  got_size = argsize;
}

TEST(crosscall2_calls_a_c_function) {
  crosscall2(c_callback, &here, -7);
  ck_assert_ptr_eq(got_arg, &here);
  ck_assert_int_eq(got_size, -7);
}

static int depth;

static void call_again(void *arg, int32_t n) {
  depth++;
  if (n > 0)
    crosscall2(call_again, arg, n - 1);
}

TEST(crossings_nest) {
  crosscall2(call_again, NULL, 999);
  ck_assert_int_eq(depth, 1000);
}

int main(void) {
  suite_begin("crossing");
  ADD_TEST(crosscall_keeps_every_callee_saved_register);
  ADD_TEST(crosscall2_keeps_every_callee_saved_register);
  ADD_TEST(defect_01_crosscall_aligns_the_stack_for_fn);
  ADD_TEST(defect_01_crosscall2_aligns_the_stack_for_fn);
#ifdef LIBCGO_CLASSIC
  ADD_TEST(the_top_word_of_the_frame_of_crosscall_is_zero);
#endif
  ADD_TEST(crosscall2_passes_arguments_on_the_stack);
  ADD_TEST(crosscall2_sign_extends_argsize);
  ADD_TEST(defect_02_crosscall2_passes_arguments_in_registers);
  ADD_TEST(crosscall2_calls_a_c_function);
  ADD_TEST(crossings_nest);
  return suite_run();
}
