// SPDX-License-Identifier: BSD-3-Clause
//
// Darwin: the thread-local slots of the classic face.
//
// A thread's thread-specific values stand in an array in the thread segment, so
// the key decides the place, and the place is the ABI. Mac OS X 10.5 and 10.6
// put the array at 0x60 (386: 0x48); later systems at 0, where the same place
// belongs to other keys.
#include "core/platform.h"

#include <pthread.h>

#include "core/report.h"

namespace cgo::os {

namespace {

constexpr uintptr_t word = sizeof(uintptr_t);

// libcgo-classic(7), Slots.
constexpr pthread_key_t classic_g_key = 0x108;
constexpr pthread_key_t classic_m_key = 0x109;
constexpr intptr_t classic_array = word == 8 ? 0x60 : 0x48;
// clang-format off
constexpr slot_place place = {
    slot_base::segment,
    classic_array + static_cast<intptr_t>(classic_g_key * word),
    classic_array + static_cast<intptr_t>(classic_m_key * word)};
// clang-format on
static_assert(place.g == (word == 8 ? 0x8a0 : 0x468), "");
static_assert(place.m == (word == 8 ? 0x8a8 : 0x46c), "");

constexpr unsigned classic_unwanted = 16;
constexpr unsigned search_unwanted = 128;

// What the proof stores. Any two values that memory does not hold by chance.
constexpr uintptr_t g_pattern = 0x23581321;
constexpr uintptr_t m_pattern = 0x34558914;

// Keys that were created on the way to those that are wanted. They are all
// given back, whether the search succeeds or not.
class unwanted_keys {
public:
  explicit unwanted_keys(unsigned limit) : limit_(limit) {}
  ~unwanted_keys() {
    while (count_ > 0)
      pthread_key_delete(keys_[--count_]);
  }
  unwanted_keys(const unwanted_keys &) = delete;
  unwanted_keys &operator=(const unwanted_keys &) = delete;
  void keep(pthread_key_t key) { keys_[count_++] = key; }
  bool full() const { return count_ == limit_; }
  unsigned count() const { return count_; }

private:
  pthread_key_t keys_[search_unwanted];
  unsigned limit_;
  unsigned count_ = 0;
};

struct key_pair {
  bool has_g = false;
  bool has_m = false;
  pthread_key_t g = 0;
  pthread_key_t m = 0;

  bool complete() const { return has_g && has_m; }
  void take_g(pthread_key_t key) {
    g = key;
    has_g = true;
  }
  void take_m(pthread_key_t key) {
    m = key;
    has_m = true;
  }
  void give_back() {
    if (has_g)
      pthread_key_delete(g);
    if (has_m)
      pthread_key_delete(m);
    has_g = has_m = false;
  }
};

// Whether what is stored under the key is found at the offset, and what is
// stored at the offset under the key. Leaves NULL.
bool lands_at(pthread_key_t key, intptr_t offset, uintptr_t pattern) {
  if (pthread_setspecific(key, reinterpret_cast<void *>(pattern)) != 0)
    return false;
  bool found = libcgo_slot_load(place.base, offset) == pattern;
  if (found) {
    libcgo_slot_store(place.base, offset, ~pattern);
    found = pthread_getspecific(key) == reinterpret_cast<void *>(~pattern);
  }
  pthread_setspecific(key, nullptr);
  return found;
}

// What went on, for the message.
struct outcome {
  int create_error = 0;
  bool has_last = false;
  pthread_key_t last = 0; // the last key that was not wanted
  unsigned unwanted = 0;
};

// Creates keys until `wanted` has taken two, `limit` others were had, or the
// system has no more. pthread_key_create returns a positive error number.
template <class Wanted>
void collect(key_pair *pair, unsigned limit, outcome *end, Wanted wanted) {
  unwanted_keys others(limit);
  while (!pair->complete()) {
    pthread_key_t key;
    end->create_error = pthread_key_create(&key, nullptr);
    if (end->create_error != 0)
      break;
    if (wanted(key))
      continue;
    end->last = key;
    end->has_last = true;
    if (others.full()) {
      pthread_key_delete(key);
      end->unwanted = others.count() + 1;
      return;
    }
    others.keep(key);
  }
  end->unwanted = others.count();
}

[[noreturn]] void no_keys(const key_pair &pair, const outcome &end) {
  message m("initcgo");
  m.text("thread-specific keys: wanted are those at the offsets ")
      .hex(static_cast<uintptr_t>(place.g))
      .text(" and ")
      .hex(static_cast<uintptr_t>(place.m))
      .text(" of the thread segment (on Mac OS X 10.6 the keys ")
      .hex(classic_g_key)
      .text(" and ")
      .hex(classic_m_key)
      .text("), had are ");
  if (pair.has_g)
    m.hex(pair.g).text(" for g");
  else
    m.text("none for g");
  if (pair.has_m)
    m.text(" and ").hex(pair.m).text(" for m");
  else
    m.text(" and none for m");
  m.text(", and ").number(end.unwanted).text(" others");
  if (end.has_last)
    m.text(", the last ").hex(end.last);
  if (end.create_error != 0)
    m.text(": pthread_key_create: ").error(end.create_error);
  else
    m.text(": call initcgo before other code creates keys");
  m.fatal();
}

} // namespace

slot_place prepare_slots(bool, intptr_t) {
  key_pair pair;
  outcome end;

  // The keys of the old systems first.
  collect(&pair, classic_unwanted, &end, [&pair](pthread_key_t key) {
    if (key == classic_g_key)
      pair.take_g(key);
    else if (key == classic_m_key)
      pair.take_m(key);
    else
      return false;
    return true;
  });
  if (pair.complete() && lands_at(pair.g, place.g, g_pattern) &&
      lands_at(pair.m, place.m, m_pattern))
    return place;
  pair.give_back();

  // Then whichever keys land at the place.
  end = outcome();
  collect(&pair, search_unwanted, &end, [&pair](pthread_key_t key) {
    if (!pair.has_g && lands_at(key, place.g, g_pattern))
      pair.take_g(key);
    else if (!pair.has_m && lands_at(key, place.m, m_pattern))
      pair.take_m(key);
    else
      return false;
    return true;
  });
  if (pair.complete())
    return place;
  no_keys(pair, end);
}

} // namespace cgo::os
