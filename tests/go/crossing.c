/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The crossing with which the Go face starts a thread. It is the library's own,
 * so this program links the archive.
 */
#include "support/harness.h"

#include "ports/arch/arch.h"

void libcgo_crosscall_g(void (*fn)(void), void (*setg)(void *), void *g);

static int g;

TEST(fn_finds_the_register_that_setg_has_set) {
  libcgo_crosscall_g(note_g, set_g, &g);
  ck_assert_uint_eq(entry.in_registers[0], (uintptr_t)&g);
}

TEST(the_stack_is_aligned_for_fn) {
  libcgo_crosscall_g(note_g, set_g, &g);
  ck_assert_uint_eq(entry.sp % stack_alignment, entry_alignment);
}

TEST(every_callee_saved_register_is_kept) {
  struct kept_registers r;
  for (int i = 0; i < kept_count; i++)
    r.before[i] = (uintptr_t)0x2222222u * (uintptr_t)(i + 1);
  call_with_registers(&r, (void *)libcgo_crosscall_g,
                      (void *)change_all_registers, (void *)set_g,
                      (uintptr_t)&g, NULL);
  for (int i = 0; i < kept_count; i++)
    ck_assert_msg(r.before[i] == r.after[i], "%s was %#lx and is %#lx",
                  kept_names[i], (unsigned long)r.before[i],
                  (unsigned long)r.after[i]);
}

int main(void) {
  suite_begin("go crossing");
  ADD_TEST(fn_finds_the_register_that_setg_has_set);
  ADD_TEST(the_stack_is_aligned_for_fn);
  ADD_TEST(every_callee_saved_register_is_kept);
  return suite_run();
}
