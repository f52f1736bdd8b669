/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pair that the executable defines with LIBCGO_DEFINE_SLOTS. Built three
 * times: with the macro, without, and without beside a shared object that has it.
 */
#include "support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "ports/arch/cpu.h"

#if defined(IN_EXECUTABLE)
/* Neighbours, so that the pair is at no special place. */
static __thread char before[100] __attribute__((aligned(128))) = "before";
LIBCGO_DEFINE_SLOTS;
static __thread long after[3] = {1, 2, 3};
#endif

static void no_thread(struct libcgo_thread *thread) { (void)thread; }
static struct libcgo_thread *nobody(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return NULL;
}
static const struct libcgo_ops ops =
    LIBCGO_OPS(no_thread, no_thread, NULL, NULL, nobody, NULL);
static struct libcgo_runtime one = LIBCGO_RUNTIME_INIT(&ops);
static struct libcgo_runtime other = LIBCGO_RUNTIME_INIT(&ops);

#if defined(IN_EXECUTABLE)

struct seen {
  intptr_t offset;
  uintptr_t fresh[2]; /* in a new thread */
  uintptr_t stored[2];
  int neighbours_are_whole;
};

static void *look(void *p) {
  struct seen *seen = p;
  uintptr_t *const pair = libcgo_slots_at(seen->offset);
  memcpy(seen->fresh, pair, sizeof seen->fresh);
  pair[0] = (uintptr_t)seen;
  pair[1] = 42;
  seen->stored[0] = load_at_thread_pointer(seen->offset);
  seen->stored[1] =
      load_at_thread_pointer(seen->offset + (intptr_t)sizeof(uintptr_t));
  seen->neighbours_are_whole = strcmp(before, "before") == 0 && after[0] == 1 &&
                               after[1] == 2 && after[2] == 3;
  return NULL;
}

static void assert_offset_is_right_in_a_thread(intptr_t offset) {
  struct seen seen = {.offset = offset};
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, look, &seen), 0);
  pthread_join(thread, NULL);
  ck_assert_uint_eq(seen.fresh[0], 0);
  ck_assert_uint_eq(seen.fresh[1], 0);
  ck_assert_uint_eq(seen.stored[0], (uintptr_t)&seen);
  ck_assert_uint_eq(seen.stored[1], 42);
  ck_assert(seen.neighbours_are_whole);
}

#ifdef LIBCGO_SLOTS_BY_SYSTEM_
/* It has no name in C. */
#define libcgo_defined_pair libcgo_slots_at(offset)
#endif

TEST(the_offset_leads_to_the_pair_in_the_initial_thread) {
  intptr_t offset;
  ck_assert_int_eq(libcgo_slots_claim(&one, &offset), 0);
  libcgo_defined_pair[0] = 1234;
  libcgo_defined_pair[1] = 5678;
  ck_assert_uint_eq(load_at_thread_pointer(offset), 1234);
  ck_assert_uint_eq(load_at_thread_pointer(offset + (intptr_t)sizeof(uintptr_t)),
                    5678);
  ck_assert_ptr_eq(libcgo_slots_at(offset), libcgo_defined_pair);
}

TEST(the_offset_is_the_same_in_every_thread) {
  intptr_t offset;
  ck_assert_int_eq(libcgo_slots_claim(&one, &offset), 0);
  for (int i = 0; i < 10; i++)
    assert_offset_is_right_in_a_thread(offset);
}

TEST(a_second_runtime_gets_EBUSY) {
  intptr_t offset, untouched = 77;
  ck_assert_int_eq(libcgo_slots_claim(&one, &offset), 0);
  ck_assert_int_eq(libcgo_slots_claim(&other, &untouched), EBUSY);
  ck_assert_int_eq(untouched, 77);
}

TEST(the_owner_may_ask_again) {
  intptr_t offset, again = 0;
  ck_assert_int_eq(libcgo_slots_claim(&one, &offset), 0);
  ck_assert_int_eq(libcgo_slots_claim(&one, &again), 0);
  ck_assert_int_eq(again, offset);
}

TEST(another_runtime_may_claim_what_was_released) {
  intptr_t offset;
  ck_assert_int_eq(libcgo_slots_claim(&one, &offset), 0);
  ck_assert_int_eq(libcgo_slots_release(&other), EPERM);
  ck_assert_int_eq(libcgo_slots_claim(&other, &offset), EBUSY);
  ck_assert_int_eq(libcgo_slots_release(&one), 0);
  ck_assert_int_eq(libcgo_slots_release(&one), EPERM);
  ck_assert_int_eq(libcgo_slots_claim(&other, &offset), 0);
}

TEST(bad_records_are_refused) {
  intptr_t offset;
  struct libcgo_runtime small = LIBCGO_RUNTIME_INIT(&ops);
  small.size--;
  struct libcgo_runtime later = LIBCGO_RUNTIME_INIT(&ops);
  later.version++;
  ck_assert_int_eq(libcgo_slots_claim(NULL, &offset), EINVAL);
  ck_assert_int_eq(libcgo_slots_claim(&one, NULL), EINVAL);
  ck_assert_int_eq(libcgo_slots_claim(&small, &offset), EINVAL);
  ck_assert_int_eq(libcgo_slots_claim(&later, &offset), ENOTSUP);
  ck_assert_int_eq(libcgo_slots_release(NULL), EINVAL);
  ck_assert_int_eq(libcgo_slots_release(&small), EINVAL);
  ck_assert_int_eq(libcgo_slots_release(&later), ENOTSUP);
  ck_assert_int_eq(libcgo_slots_claim(&other, &offset), 0); /* none has it */
}

#elif defined(IN_SHARED_OBJECT)

extern int object_with_slots; /* keeps the object needed */

TEST(a_pair_in_a_shared_object_is_refused_with_ENOTSUP) {
  intptr_t untouched = 77;
  ck_assert_int_eq(object_with_slots, 1);
  ck_assert_int_eq(libcgo_slots_claim(&one, &untouched), ENOTSUP);
  ck_assert_int_eq(untouched, 77);
  ck_assert_int_eq(libcgo_slots_release(&other), EPERM);
}

#else

TEST(an_executable_without_a_pair_gets_ENOENT) {
  intptr_t untouched = 77;
  ck_assert_int_eq(libcgo_slots_claim(&one, &untouched), ENOENT);
  ck_assert_int_eq(untouched, 77);
  ck_assert_int_eq(libcgo_slots_release(&other), EPERM);
}

#endif

int main(void) {
  suite_begin("defined slots");
#if defined(IN_EXECUTABLE)
  ADD_TEST(the_offset_leads_to_the_pair_in_the_initial_thread);
  ADD_TEST(the_offset_is_the_same_in_every_thread);
  ADD_TEST(a_second_runtime_gets_EBUSY);
  ADD_TEST(the_owner_may_ask_again);
  ADD_TEST(another_runtime_may_claim_what_was_released);
  ADD_TEST(bad_records_are_refused);
#elif defined(IN_SHARED_OBJECT)
  ADD_TEST(a_pair_in_a_shared_object_is_refused_with_ENOTSUP);
#else
  ADD_TEST(an_executable_without_a_pair_gets_ENOENT);
#endif
  return suite_run();
}
