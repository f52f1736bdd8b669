/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client that brings its own crosscall2, as Go programs do, links with the
 * library, and both work.
 */
#include "support/client.h"

static int own_calls;

void crosscall2(void (*fn)(void *, int32_t), void *arg, int32_t argsize) {
  own_calls++;
  fn(arg, argsize);
}

static struct libcgo_g task;
static int32_t seen;

static void callback(void *arg, int32_t n) {
  (void)arg;
  seen = n;
}

static void run(void) { crosscall2(callback, NULL, 7); }

TEST(a_client_may_bring_its_own_crosscall2) {
  initcgo();
  run_in_thread(&task, 1, run); /* through the library's crosscall */
  ck_assert_int_eq(seen, 7);
  ck_assert_int_eq(own_calls, 1);
}

int main(void) {
  suite_begin("own-crosscall2");
  ADD_TEST(a_client_may_bring_its_own_crosscall2);
  return suite_run();
}
