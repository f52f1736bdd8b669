/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The compiler's unwinder is loaded when a runtime asks for tracebacks, not
 * before. A C program, because one in C++ has it anyway.
 */
#include "support/kit.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include "ports/arch/cpu.h"

static int is_unwinder(struct dl_phdr_info *info, size_t size, void *found) {
  (void)size;
  if (strstr(info->dlpi_name, "libgcc_s") != NULL ||
      strstr(info->dlpi_name, "libunwind") != NULL)
    *(int *)found = 1;
  return 0;
}

static int unwinder_is_loaded(void) {
  int found = 0;
  dl_iterate_phdr(is_unwinder, &found);
  return found;
}

/* For both tests, which are for a system that has one. */
static int there_is_no_unwinder(void) {
  return dlopen("libgcc_s.so.1", RTLD_LAZY) == NULL &&
         dlopen("libgcc_s.so.2", RTLD_LAZY) == NULL && /* m68k */
         dlopen("libunwind.so.1", RTLD_LAZY) == NULL;
}
#define NEEDS_UNWINDER                                                         \
  if (libcgo_traceback_set(&kit, NULL) == ENOENT && there_is_no_unwinder())    \
  SKIP("the loader finds neither libgcc_s nor libunwind")

static void *call_back(void *unused) {
  libcgo_callback(&kit, kit_nothing, NULL);
  return unused;
}

TEST(the_unwinder_is_loaded_when_it_is_asked_for) {
  kit_begin();
  if (unwinder_is_loaded())
    SKIP("another library of this program has loaded the unwinder");
  kit_run_foreign(call_back, NULL);
  ck_assert(!unwinder_is_loaded());
  NEEDS_UNWINDER;
  ck_assert_int_eq(libcgo_traceback_set(&kit, NULL), 0);
  ck_assert(unwinder_is_loaded());
}

TEST(it_gives_the_frames) {
  kit_begin();
  uintptr_t pcs[8];
  NEEDS_UNWINDER;
  ck_assert_int_eq(libcgo_traceback_set(&kit, NULL), 0);
  ck_assert_uint_gt(libcgo_traceback(&kit, 0, NULL, pcs, 8), 2);
}

static uintptr_t goes_on;

__attribute__((noinline)) static size_t take(uintptr_t *pcs, size_t max) {
  goes_on = return_address((uintptr_t)__builtin_return_address(0));
  const size_t n = libcgo_traceback(&kit, 0, NULL, pcs, max);
  __asm__ volatile(""); /* not a tail call */
  return n;
}

/* Where a CPU has its state or a signature in a return address, it is taken off. */
TEST(a_frame_is_told_by_the_instruction_with_which_it_goes_on) {
  kit_begin();
  uintptr_t pcs[2];
  NEEDS_UNWINDER;
  ck_assert_int_eq(libcgo_traceback_set(&kit, NULL), 0);
  ck_assert_uint_eq(take(pcs, 2), 2);
  ck_assert_uint_eq(pcs[1], goes_on);
}

int main(void) {
  suite_begin("unwinder");
  ADD_TEST(the_unwinder_is_loaded_when_it_is_asked_for);
  ADD_TEST(it_gives_the_frames);
  ADD_TEST(a_frame_is_told_by_the_instruction_with_which_it_goes_on);
  return suite_run();
}
