// SPDX-License-Identifier: BSD-3-Clause
//
// Handles. docs/design.md, "Handles", has the picture and the reasons.
//
// There is no lock: a child of fork finds nothing locked, and a signal handler may call
// the function that it has interrupted. After each step the table is valid for others.
#include <libcgo/world.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/platform.h"
#include "kit/record.h"

namespace cgo {

namespace {

using table = libcgo_handle_table;

constexpr unsigned word_bits = sizeof(uintptr_t) * 8;

// How many zeros are below the lowest bit that is set, for each type that a word may be.
[[maybe_unused]] inline int zeros_in(unsigned word) {
  return __builtin_ctz(word);
}
[[maybe_unused]] inline int zeros_in(unsigned long word) {
  return __builtin_ctzl(word);
}
[[maybe_unused]] inline int zeros_in(unsigned long long word) {
  return __builtin_ctzll(word);
}

// The low bits of a handle, its place, from the highest one down:
//
//     index in the segment   1   0...0
//     8 + n bits                 segment_limit - 1 - n bits
//
// where n is the number of the segment, which has 256 << n places. So no index is too
// large for its segment, whatever the word is. CPUs count zeros fast at the low end.
constexpr unsigned place_bits = word_bits == 64 ? 28 : 21;
constexpr unsigned first_bits = 8;
constexpr unsigned segment_limit = place_bits - first_bits;
constexpr uintptr_t place_mask = (uintptr_t{1} << place_bits) - 1;
constexpr uintptr_t segment_mask = (uintptr_t{1} << segment_limit) - 1;

// In the bits above the place.
constexpr uintptr_t one_use = place_mask + 1;

// With 64-bit words a slot whose stamps are used up is not used again.
constexpr bool retires = word_bits == 64;

// The record is part of the ABI. Later releases append to it; this is what the
// first one had.
constexpr size_t first_size =
    (word_bits == 64 ? 1 + 20 : 2 + 13) * sizeof(uintptr_t) +
    (8 + 5 + 3) * sizeof(uintptr_t);
static_assert(offsetof(table, reserved_counts) + sizeof(table::reserved_counts) ==
                  first_size,
              "");
static_assert(sizeof(table::segments) == segment_limit * sizeof(uintptr_t), "");

struct slot {
  uintptr_t word;   // live: the handle; free: the uses so far, with no place
  uintptr_t object; // live: the object; free: 0
};

// After the slots of a segment: a bit for each, set while it is taken.
constexpr uintptr_t slots_in(uintptr_t segment) {
  return uintptr_t{1} << (first_bits + segment);
}
constexpr size_t bytes_of(uintptr_t segment) {
  return slots_in(segment) * sizeof(slot) + slots_in(segment) / 8;
}
static_assert(slots_in(0) % word_bits == 0, "whole words of bits");

// All slots in a row, those of segment 0 first, are counted from 256 on: the
// highest bit of the number tells the segment.
constexpr uintptr_t first_number = slots_in(0);

bool known(const table *t) {
  return t != nullptr && t->size >= first_size && t->size <= sizeof(table);
}

struct position {
  uintptr_t segment;
  uintptr_t index;
};

position position_of_number(uintptr_t number) {
  const unsigned top =
      31U ^ static_cast<unsigned>(__builtin_clz(static_cast<unsigned>(number)));
  return {top - first_bits, number - (uintptr_t{1} << top)};
}

// Of a word with a bit in segment_mask.
position position_of(uintptr_t word) {
  const auto zeros = static_cast<uintptr_t>(zeros_in(word));
  return {segment_limit - 1 - zeros, (word & place_mask) >> (zeros + 1)};
}

uintptr_t place_of(const position &p) {
  const uintptr_t zeros = segment_limit - 1 - p.segment;
  return ((p.index << 1) | 1) << zeros;
}

// By the number of zeros in the place, which is what a lookup has.
uintptr_t *entry_of(table *t, uintptr_t segment) {
  return &t->segments[segment_limit - 1 - segment];
}

slot *slots_of(const table *t, uintptr_t segment) {
  // Acquire: the segment is there, all zeros, before its address is.
  return reinterpret_cast<slot *>(__atomic_load_n(
      &t->segments[segment_limit - 1 - segment], __ATOMIC_ACQUIRE));
}

// The word of bits that has the slot's, in a segment that is there.
uintptr_t *bits_of(const table *t, const position &p) {
  auto *bits =
      reinterpret_cast<uintptr_t *>(slots_of(t, p.segment) + slots_in(p.segment));
  return bits + p.index / word_bits;
}

// The slot that a word points to; nullptr if the table is not so large.
// Inline, because a lookup is short.
[[gnu::always_inline]] inline slot *slot_of(const table *t, uintptr_t word) {
  if ((word & segment_mask) == 0)
    return nullptr;
  const position p = position_of(word);
  slot *slots = slots_of(t, p.segment);
  return slots == nullptr ? nullptr : slots + p.index;
}

// Takes the first free slot from the number `first` on that is below `last`, or
// a little above in the same word of bits. Returns its number, or 0.
uintptr_t claim_between(table *t, uintptr_t first, uintptr_t last) {
  while (first < last) {
    const position p = position_of_number(first);
    uintptr_t *bits = bits_of(t, p);
    const uintptr_t shift = p.index % word_bits;
    const uintptr_t wanted = ~uintptr_t{0} << shift;
    uintptr_t free = ~__atomic_load_n(bits, __ATOMIC_RELAXED) & wanted;
    while (free != 0) {
      const auto bit = static_cast<unsigned>(zeros_in(free));
      const uintptr_t mask = uintptr_t{1} << bit;
      // Acquire: pairs with the release of the bit in libcgo_handle_free.
      const uintptr_t old = __atomic_fetch_or(bits, mask, __ATOMIC_ACQUIRE);
      if ((old & mask) == 0)
        return first - shift + bit;
      free = ~old & wanted;
    }
    first += word_bits - shift;
  }
  return 0;
}

// Takes the free slot whose turn it is. take_room has made sure that there are
// some, though others may take the one that this thread has seen.
position claim(table *t) {
  for (;;) {
    const uintptr_t end =
        first_number << __atomic_load_n(&t->segment_count, __ATOMIC_ACQUIRE);
    uintptr_t cursor = __atomic_load_n(&t->cursor, __ATOMIC_RELAXED);
    const bool inside = cursor >= first_number && cursor < end;
    const uintptr_t begin = inside ? cursor : first_number;
    uintptr_t number = claim_between(t, begin, end);
    if (number == 0)
      number = claim_between(t, first_number, begin);
    if (number != 0) {
      // If it has moved meanwhile, it has moved forward.
      __atomic_compare_exchange_n(&t->cursor, &cursor, number + 1, false,
                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED);
      return position_of_number(number);
    }
  }
}

// Adds segment number `count`. Returns 0 if it is there, whoever added it.
int grow(table *t, uintptr_t count) {
  const uintptr_t segment = count;
  if (segment >= segment_limit)
    return EAGAIN;
  if (slots_of(t, segment) == nullptr) {
    const size_t bytes = bytes_of(segment);
    void *memory = os::map_zeroed(bytes);
    uintptr_t none = 0;
    if (memory == nullptr) {
      if (slots_of(t, segment) == nullptr)
        return ENOMEM;
    } else if (!__atomic_compare_exchange_n(entry_of(t, segment), &none,
                                            reinterpret_cast<uintptr_t>(memory),
                                            false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
      os::unmap(memory, bytes);
    }
  }
  __atomic_compare_exchange_n(&t->segment_count, &count, count + 1, false,
                              __ATOMIC_RELEASE, __ATOMIC_RELAXED);
  return 0;
}

// How many slots of `count` segments may be taken. The others stay free, so
// that one is found soon, and none is used again at once.
uintptr_t room(uintptr_t count) {
  const uintptr_t slots = (first_number << count) - first_number;
  return slots - slots / 8;
}

// Counts one more taken slot, and so reserves one. Returns 0 or an errno value.
int take_room(table *t) {
  uintptr_t taken = __atomic_load_n(&t->taken, __ATOMIC_RELAXED);
  for (;;) {
    const uintptr_t count = __atomic_load_n(&t->segment_count, __ATOMIC_ACQUIRE);
    if (taken >= room(count)) {
      const int err = grow(t, count);
      if (err != 0)
        return err;
      taken = __atomic_load_n(&t->taken, __ATOMIC_RELAXED);
    } else if (__atomic_compare_exchange_n(&t->taken, &taken, taken + 1, true,
                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      return 0;
    }
  }
}

// The table's first stamp, in the bits above the place. Other tables have
// another one: by their address, and one that had this address before, by the
// time. The steps are the output function of splitmix64 (Steele, Lea, Flood:
// "Fast Splittable Pseudorandom Number Generators", 2014), which is one to one.
uintptr_t origin_of(table *t) {
  uintptr_t origin = __atomic_load_n(&t->origin, __ATOMIC_RELAXED);
  if (origin == 0) {
    uint64_t x = reinterpret_cast<uintptr_t>(t);
    x = x * 0x9e3779b97f4a7c15 + os::now_ns();
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    x ^= x >> 31;
    // A bit that is no part of it says that it has been chosen.
    const uintptr_t chosen = (static_cast<uintptr_t>(x) & ~place_mask) | 1;
    if (__atomic_compare_exchange_n(&t->origin, &origin, chosen, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      origin = chosen;
  }
  return origin & ~place_mask;
}

} // namespace

} // namespace cgo

using namespace cgo;

extern "C" int libcgo_handle_table_init(libcgo_handle_table *table, size_t size) {
  return cgo::begin_record(table, size, cgo::first_size);
}

extern "C" int libcgo_handle_new(libcgo_handle_table *table, void *object,
                                 uintptr_t *handle) {
  if (!known(table) || object == nullptr || handle == nullptr)
    return EINVAL;
  const int err = take_room(table);
  if (err != 0)
    return err;
  const uintptr_t origin = origin_of(table);
  const position p = claim(table);
  slot *s = slots_of(table, p.segment) + p.index;
  const uintptr_t uses = __atomic_load_n(&s->word, __ATOMIC_RELAXED);
  const uintptr_t word = (origin + uses) | place_of(p);
  // Release, for a reader that still looks at an older handle of this slot:
  // see libcgo_handle_get.
  __atomic_store_n(&s->object, reinterpret_cast<uintptr_t>(object),
                   __ATOMIC_RELEASE);
  __atomic_store_n(&s->word, word, __ATOMIC_RELEASE);
  *handle = word;
  return 0;
}

// Why the object is the handle's: a slot's word is changed before its object
// is. If the object that is read was stored after the handle had been freed,
// the acquiring load of it makes the change of the word visible, too, and the
// second look at the word finds it. A word that has gone does not come back
// (on 32-bit hosts not before 2,048 uses).
extern "C" void *libcgo_handle_get(const libcgo_handle_table *table,
                                   uintptr_t handle) {
  if (!known(table))
    return nullptr;
  const slot *s = slot_of(table, handle);
  // The word of a free slot has no place, and slot_of has refused a handle
  // without one.
  if (s == nullptr || __atomic_load_n(&s->word, __ATOMIC_ACQUIRE) != handle)
    return nullptr;
  const uintptr_t object = __atomic_load_n(&s->object, __ATOMIC_ACQUIRE);
  if (__atomic_load_n(&s->word, __ATOMIC_RELAXED) != handle)
    return nullptr;
  return reinterpret_cast<void *>(object);
}

extern "C" int libcgo_handle_free(libcgo_handle_table *table, uintptr_t handle) {
  if (!known(table))
    return EINVAL;
  slot *s = slot_of(table, handle);
  if (s == nullptr)
    return ESTALE;
  const uintptr_t origin = origin_of(table);
  const uintptr_t uses = ((handle & ~place_mask) - origin) + one_use;
  uintptr_t expected = handle;
  if (!__atomic_compare_exchange_n(&s->word, &expected, uses, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return ESTALE;
  // Nobody else touches the object word until the bit is cleared.
  __atomic_store_n(&s->object, 0, __ATOMIC_RELEASE);
  if (retires && uses == 0) {
    // Release, for libcgo_handle_count: who sees this has seen the place taken.
    __atomic_fetch_add(&table->retired, 1, __ATOMIC_RELEASE);
    return 0;
  }
  const position p = position_of(handle);
  __atomic_fetch_and(bits_of(table, p), ~(uintptr_t{1} << p.index % word_bits),
                     __ATOMIC_RELEASE);
  __atomic_fetch_sub(&table->taken, 1, __ATOMIC_RELAXED);
  return 0;
}

extern "C" size_t libcgo_handle_count(const libcgo_handle_table *table) {
  if (!known(table))
    return 0;
  // In this order the difference is never negative.
  const uintptr_t retired = __atomic_load_n(&table->retired, __ATOMIC_ACQUIRE);
  return __atomic_load_n(&table->taken, __ATOMIC_RELAXED) - retired;
}

extern "C" int libcgo_handle_table_destroy(libcgo_handle_table *table) {
  if (!known(table))
    return EINVAL;
  for (unsigned i = 0; i < segment_limit; i++)
    if (slot *slots = slots_of(table, i))
      os::unmap(slots, bytes_of(i));
  const uint32_t size = table->size; // an older client's record is smaller
  memset(table, 0, size);
  table->size = size;
  return 0;
}

// The slots that are live, in order. Nobody else changes the table meanwhile.
extern "C" int libcgo_handle_visit(libcgo_handle_table *table,
                                   int (*visit)(uintptr_t handle, void **object,
                                                void *arg),
                                   void *arg) {
  if (!known(table) || visit == nullptr)
    return EINVAL;
  const uintptr_t count =
      __atomic_load_n(&table->segment_count, __ATOMIC_ACQUIRE);
  for (uintptr_t segment = 0; segment < count; segment++) {
    slot *const slots = slots_of(table, segment);
    for (uintptr_t i = 0; slots != nullptr && i < slots_in(segment); i++) {
      slot *const s = slots + i;
      const uintptr_t handle = __atomic_load_n(&s->word, __ATOMIC_ACQUIRE);
      if ((handle & segment_mask) == 0)
        continue; // free: the word has no place
      void *object =
          reinterpret_cast<void *>(__atomic_load_n(&s->object, __ATOMIC_ACQUIRE));
      void *const before = object;
      const int result = visit(handle, &object, arg);
      if (object != before &&
          __atomic_load_n(&s->word, __ATOMIC_RELAXED) == handle)
        __atomic_store_n(&s->object, reinterpret_cast<uintptr_t>(object),
                         __ATOMIC_RELEASE);
      if (result != 0)
        return result;
    }
  }
  return 0;
}
