/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classic symbols as a client of 2010 has them: it defines the pointer
 * variables and the flag itself, without a value, and finds the library's.
 * So this file does not include the library's headers, and it is compiled with
 * -fcommon.
 */
#include "config.h"

#ifdef HAVE_CHECK
#include <check.h>
#endif
#include <stdbool.h>
#include <stdint.h>

void (*initcgo)(void);
void (*libcgo_thread_start)(void *);
void (*_cgo_malloc)(void *);
void (*_cgo_free)(void *);
bool runtime_iscgo __asm__("runtime·iscgo");
bool runtime_iscgo_in_objects __asm__("runtime.iscgo");

#define LIBCGO_CLASSIC_H /* these are its declarations */
#include "support/client.h"

#include <signal.h>
#include <string.h>

TEST(the_flag_overrides_a_definition_without_value) {
  ck_assert_int_eq(runtime_iscgo, 1);
}

TEST(the_flag_overrides_a_definition_by_the_name_that_old_compilers_write) {
  ck_assert_int_eq(runtime_iscgo_in_objects, 1);
}

TEST(the_pointers_override_definitions_without_value) {
  ck_assert_ptr_ne((void *)initcgo, NULL);
  ck_assert_ptr_ne((void *)libcgo_thread_start, NULL);
  ck_assert_ptr_ne((void *)_cgo_malloc, NULL);
  ck_assert_ptr_ne((void *)_cgo_free, NULL);
}

static void store(void *variable) { *(void *volatile *)variable = NULL; }

static void assert_store_faults(void *variable) {
  char output[64];
  ck_assert_int_eq(run_to_death(store, variable, output, sizeof output), SIGSEGV);
}

TEST(defect_14_a_store_to_initcgo_faults) { assert_store_faults(&initcgo); }

TEST(defect_14_a_store_to_libcgo_thread_start_faults) {
  assert_store_faults(&libcgo_thread_start);
}

TEST(defect_14_a_store_to_cgo_malloc_faults) {
  assert_store_faults(&_cgo_malloc);
}

TEST(defect_14_a_store_to_cgo_free_faults) { assert_store_faults(&_cgo_free); }

int main(void) {
  suite_begin("symbols");
  ADD_TEST(the_flag_overrides_a_definition_without_value);
  ADD_TEST(the_flag_overrides_a_definition_by_the_name_that_old_compilers_write);
  ADD_TEST(the_pointers_override_definitions_without_value);
  ADD_TEST(defect_14_a_store_to_initcgo_faults);
  ADD_TEST(defect_14_a_store_to_libcgo_thread_start_faults);
  ADD_TEST(defect_14_a_store_to_cgo_malloc_faults);
  ADD_TEST(defect_14_a_store_to_cgo_free_faults);
  return suite_run();
}
