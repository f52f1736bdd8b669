// SPDX-License-Identifier: BSD-3-Clause
//
// The key discipline of src/classic/slots-darwin.cc, run against a model: the build
// renames pthread_key_* in that file to the functions here, which store into
// a modelled thread segment. With REAL_SEGMENT that is where %gs points, and the
// CPU's own part loads and stores the slots.
#include "support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/platform.h"

#ifdef REAL_SEGMENT
#include <sys/syscall.h>
#include <unistd.h>
#endif
// src/core/report.cc's, which the system's part has.
void cgo::os::write_message(const char *text, size_t length) {
  fwrite(text, 1, length, stderr);
}

namespace {

constexpr uintptr_t word = sizeof(uintptr_t);
constexpr intptr_t g_place = word == 8 ? 0x8a0 : 0x468;
constexpr intptr_t m_place = word == 8 ? 0x8a8 : 0x46c;
constexpr intptr_t old_array = word == 8 ? 0x60 : 0x48; // 10.5, 10.6
constexpr intptr_t new_array = 0;                       // since 10.7
constexpr intptr_t arrays[] = {old_array, new_array};
constexpr unsigned first_key = 0x100;
constexpr unsigned keys = 0x300;

// The modelled system.
struct {
  intptr_t array; // where the thread-specific array begins
  unsigned next;  // the lowest key that may be handed out
  unsigned last;  // the key after the last: then EAGAIN
  bool live[keys];
  bool taken[keys]; // by others, before us
  unsigned calls;
  unsigned most_live;
  int set_error;
  intptr_t slot_shift; // a wrong offset: loads and stores land elsewhere
  bool g_lost, m_lost; // the same for one of the two words
  char segment[16 * keys];
} model;

unsigned live_keys() {
  unsigned n = 0;
  for (bool live : model.live)
    n += live;
  return n;
}

void reset(intptr_t array) {
  memset(&model, 0, sizeof model);
#ifdef REAL_SEGMENT
  ck_assert_int_eq(syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS, arch_prctl(2) */,
                           model.segment),
                   0);
#endif
  model.array = array;
  model.next = first_key;
  model.last = first_key + 0x100;
}

void *word_at(intptr_t offset) { return model.segment + offset; }

#ifndef REAL_SEGMENT
// Where the word at an offset of the thread segment really is.
void *segment_word(intptr_t offset) {
  if ((model.g_lost && offset == g_place) || (model.m_lost && offset == m_place))
    return word_at(0);
  return word_at(offset + model.slot_shift);
}
#endif

} // namespace

// Some C libraries declare that their functions throw nothing, others do not.
#define AS_DECLARED(call) noexcept(noexcept(call))

// Hands out the lowest free key, as Darwin does.
extern "C" int model_key_create(pthread_key_t *key, void (*)(void *))
    AS_DECLARED(model_key_create(key, nullptr)) {
  model.calls++;
  for (unsigned k = model.next; k < model.last; k++)
    if (!model.live[k] && !model.taken[k]) {
      model.live[k] = true;
      if (live_keys() > model.most_live)
        model.most_live = live_keys();
      *key = k;
      return 0;
    }
  return EAGAIN; // a positive error number
}

extern "C" int model_key_delete(pthread_key_t key)
    AS_DECLARED(model_key_delete(key)) {
  if (!model.live[key])
    return EINVAL;
  model.live[key] = false;
  return 0;
}

extern "C" int model_setspecific(pthread_key_t key, const void *value)
    AS_DECLARED(model_setspecific(key, value)) {
  if (model.set_error != 0)
    return model.set_error;
  memcpy(word_at(model.array + static_cast<intptr_t>(key * word)), &value, word);
  return 0;
}

extern "C" void *model_getspecific(pthread_key_t key)
    AS_DECLARED(model_getspecific(key)) {
  void *value;
  memcpy(&value, word_at(model.array + static_cast<intptr_t>(key * word)), word);
  return value;
}

#ifndef REAL_SEGMENT
extern "C" uintptr_t libcgo_slot_load(cgo::slot_base, intptr_t offset) {
  uintptr_t value;
  memcpy(&value, segment_word(offset), word);
  return value;
}

extern "C" void libcgo_slot_store(cgo::slot_base, intptr_t offset,
                                  uintptr_t value) {
  memcpy(segment_word(offset), &value, word);
}
#endif

namespace {

void assert_ready(unsigned g_key, unsigned m_key) {
  const cgo::slot_place place = cgo::os::prepare_slots(false, 0);
  ck_assert_int_eq(static_cast<int>(place.base),
                   static_cast<int>(cgo::slot_base::segment));
  ck_assert_int_eq(place.g, g_place);
  ck_assert_int_eq(place.m, m_place);
  // The two keys are held, all others were given back, the slots are empty.
  ck_assert(model.live[g_key]);
  ck_assert(model.live[m_key]);
  ck_assert_uint_eq(live_keys(), 2);
  ck_assert_uint_eq(libcgo_slot_load(place.base, place.g), 0);
  ck_assert_uint_eq(libcgo_slot_load(place.base, place.m), 0);
}

char output[1024];

void prepare(void *) { cgo::os::prepare_slots(false, 0); }

void assert_stops_saying(const char *text) {
  const int sig = run_to_death(prepare, nullptr, output, sizeof output);
  ck_assert_msg(sig == SIGABRT, "signal %d after: %s", sig, output);
  ck_assert_msg(strstr(output, "libcgo: initcgo: ") == output, "it said: %s",
                output);
  ck_assert_msg(strstr(output, text) != nullptr, "it said: %s", output);
}

} // namespace

TEST(the_old_array_gives_keys_0x108_and_0x109) {
  reset(old_array);
  assert_ready(0x108, 0x109);
  ck_assert_uint_eq(model.most_live, 10); // 0x100 to 0x109
}

TEST(the_new_array_is_searched_by_place) {
  reset(new_array);
  assert_ready(static_cast<unsigned>(g_place / static_cast<intptr_t>(word)),
               static_cast<unsigned>(m_place / static_cast<intptr_t>(word)));
}

TEST(keys_taken_before_us_are_passed_over) {
  reset(old_array);
  for (unsigned k = 0x100; k < 0x106; k++)
    model.taken[k] = true;
  assert_ready(0x108, 0x109);
}

TEST(a_wanted_key_that_is_taken_stops_with_both_keys_named) {
  reset(old_array);
  model.taken[0x109] = true;
  assert_stops_saying("the keys 0x108 and 0x109), had are 0x108 for g and none "
                      "for m");
}

TEST(the_new_array_does_not_need_keys_0x108_and_0x109) {
  reset(new_array);
  model.taken[0x108] = model.taken[0x109] = true;
  assert_ready(static_cast<unsigned>(g_place / static_cast<intptr_t>(word)),
               static_cast<unsigned>(m_place / static_cast<intptr_t>(word)));
}

TEST(at_most_16_unwanted_keys_are_kept_for_the_old_array) {
  reset(old_array);
  for (unsigned k = 0x100; k < 0x120; k++)
    model.taken[k] = true;
  model.last = 0x100 + 0x20 + 200;
  assert_stops_saying("none for g and none for m");
}

TEST(at_most_128_unwanted_keys_are_kept_by_the_search) {
  reset(new_array);
  model.last = keys;
  for (unsigned k = 0x100; k < 0x120; k++)
    model.taken[k] = true; // also those that land at the place
  assert_stops_saying("and 129 others");
}

TEST(want_of_keys_in_the_search_is_named) {
  reset(new_array);
  model.last = 0x110; // EAGAIN before the place is come by
  assert_stops_saying("and 16 others, the last 0x10f: pthread_key_create: EAGAIN");
}

static void say_what_g_place_holds(int) {
  uintptr_t value;
  memcpy(&value, word_at(g_place), word);
  fprintf(stderr, "%#lx at the place", static_cast<unsigned long>(value));
}

static void prepare_and_look(void *) {
  signal(SIGABRT, say_what_g_place_holds);
  cgo::os::prepare_slots(false, 0);
}

TEST(the_value_of_a_key_that_others_have_at_the_place_is_left_alone) {
  for (const intptr_t array : arrays) {
    reset(array);
    const uintptr_t theirs = 0x7e57;
    model.taken[(g_place - array) / static_cast<intptr_t>(word)] = true;
    memcpy(word_at(g_place), &theirs, word);
    ck_assert_int_eq(
        run_to_death(prepare_and_look, nullptr, output, sizeof output), SIGABRT);
    ck_assert_msg(strstr(output, "0x7e57 at the place") != nullptr,
                  "it said: %s", output);
  }
}

TEST(no_other_word_of_the_segment_is_changed) {
  for (const intptr_t array : arrays) {
    reset(array);
    memset(model.segment, 0x5a, static_cast<size_t>(array) + first_key * word);
    const char *const first = model.segment + array + first_key * word;
    cgo::os::prepare_slots(false, 0);
    for (const char *p = model.segment; p < first; p++)
      ck_assert_int_eq(*p, 0x5a);
    for (const char *p = first; p < model.segment + sizeof model.segment; p++)
      ck_assert_int_eq(*p, 0);
  }
}

#ifndef REAL_SEGMENT
static void say_how_many_live(int) {
  fprintf(stderr, "%u live keys", live_keys());
}

static void prepare_and_count(void *) {
  signal(SIGABRT, say_how_many_live);
  cgo::os::prepare_slots(false, 0);
}

TEST(all_keys_are_given_back_when_the_proof_fails) {
  reset(old_array);
  model.slot_shift = keys * word; // behind the array: nothing lands anywhere
  model.last = keys;
  ck_assert_int_eq(
      run_to_death(prepare_and_count, nullptr, output, sizeof output), SIGABRT);
  ck_assert_msg(strstr(output, "129 others") != nullptr, "it said: %s", output);
  ck_assert_msg(strstr(output, "\n0 live keys") != nullptr, "it said: %s",
                output);
}

#endif

TEST(defect_07_a_positive_error_of_key_create_is_an_error) {
  reset(old_array);
  model.last = 0x104; // EAGAIN before 0x108 is had
  assert_stops_saying("and 4 others, the last 0x103: pthread_key_create: EAGAIN");
}

#ifndef REAL_SEGMENT
TEST(defect_08_the_slot_of_m_is_tested_too) {
  // g's word is where it should be; m's is not.
  reset(old_array);
  model.m_lost = true;
  assert_stops_saying("for g and none for m");
}

TEST(defect_08_the_slot_of_g_is_tested_too) {
  reset(old_array);
  model.g_lost = true;
  assert_stops_saying("none for g and ");
}

#endif

TEST(a_failing_setspecific_is_a_failed_proof) {
  reset(old_array);
  model.set_error = ENOMEM;
  assert_stops_saying("none for g and none for m");
}

int main(void) {
#ifdef REAL_SEGMENT
  suite_begin("darwin-segment");
#else
  suite_begin("darwin-keys");
  ADD_TEST(all_keys_are_given_back_when_the_proof_fails);
  ADD_TEST(defect_08_the_slot_of_m_is_tested_too);
  ADD_TEST(defect_08_the_slot_of_g_is_tested_too);
#endif
  ADD_TEST(the_old_array_gives_keys_0x108_and_0x109);
  ADD_TEST(the_new_array_is_searched_by_place);
  ADD_TEST(keys_taken_before_us_are_passed_over);
  ADD_TEST(a_wanted_key_that_is_taken_stops_with_both_keys_named);
  ADD_TEST(the_new_array_does_not_need_keys_0x108_and_0x109);
  ADD_TEST(at_most_16_unwanted_keys_are_kept_for_the_old_array);
  ADD_TEST(at_most_128_unwanted_keys_are_kept_by_the_search);
  ADD_TEST(defect_07_a_positive_error_of_key_create_is_an_error);
  ADD_TEST(want_of_keys_in_the_search_is_named);
  ADD_TEST(the_value_of_a_key_that_others_have_at_the_place_is_left_alone);
  ADD_TEST(no_other_word_of_the_segment_is_changed);
  ADD_TEST(a_failing_setspecific_is_a_failed_proof);
  return suite_run();
}
