/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * _cgo_malloc and _cgo_free.
 */
#include "support/client.h"

#include <limits.h>
#include <string.h>

static void *allocate(long long n) {
  struct libcgo_malloc_args args = {n, &args};
  _cgo_malloc(&args);
  return args.ret;
}

TEST(malloc_and_free_work) {
  char *p = allocate(1000);
  ck_assert_ptr_ne(p, NULL);
  memset(p, 0x5a, 1000);
  struct libcgo_free_args args = {p};
  _cgo_free(&args);
  args.arg = NULL;
  _cgo_free(&args);
}

TEST(the_argument_has_the_layout_of_the_host_abi) {
  /* 12 bytes where long long is aligned to 4, as on 386. */
  ck_assert_uint_eq(offsetof(struct libcgo_malloc_args, ret), 8);
  ck_assert_uint_eq(sizeof(struct libcgo_malloc_args), 8 + sizeof(void *));
}

TEST(defect_10_malloc_refuses_a_negative_size) {
  ck_assert_ptr_eq(allocate(-1), NULL);
  ck_assert_ptr_eq(allocate(-16), NULL);
  ck_assert_ptr_eq(allocate(LLONG_MIN), NULL);
}

TEST(defect_10_malloc_refuses_what_size_t_cannot_hold) {
  if (sizeof(size_t) == 8)
    SKIP("size_t has 64 bits here");
  ck_assert_ptr_eq(allocate((1LL << 32) + 16), NULL);
  ck_assert_ptr_eq(allocate(1LL << 32), NULL);
}

TEST(malloc_refuses_more_than_ptrdiff_max) {
  ck_assert_ptr_eq(
      allocate(sizeof(size_t) == 8 ? LLONG_MAX : (long long)PTRDIFF_MAX + 1),
      NULL);
}

int main(void) {
  suite_begin("memory");
  ADD_TEST(malloc_and_free_work);
  ADD_TEST(the_argument_has_the_layout_of_the_host_abi);
  ADD_TEST(defect_10_malloc_refuses_a_negative_size);
  ADD_TEST(defect_10_malloc_refuses_what_size_t_cannot_hold);
  ADD_TEST(malloc_refuses_more_than_ptrdiff_max);
  return suite_run();
}
