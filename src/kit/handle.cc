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
  uintptr_t word;   // live: the handle; else without a place: see below
  uintptr_t object; // live: the object; else 0
};

// The word of a slot that is not live has the uses so far, and no bit in segment_mask. It
// is busy while a call makes or frees the handle, and for ever if it is retired.
constexpr uintptr_t busy = segment_mask + 1;
constexpr uintptr_t retired = 2 * busy;
constexpr bool is_free(uintptr_t word) { return (word & place_mask) == 0; }
constexpr bool counts(uintptr_t word) {
  return !is_free(word) && (word & (segment_mask | retired)) != retired;
}

// Slots are used in turn by blocks of as many as segment 0 has. After the slots of a segment
// there is one of these for each of its blocks.
struct block_state {
  unsigned char turn; // the slot whose turn is next
  unsigned char full; // no slot could be opened, and none has been freed since
};
constexpr uintptr_t block_slots = uintptr_t{1} << first_bits;
constexpr uintptr_t in_block = block_slots - 1; // of an index

// So many slots of each block stay free.
constexpr uintptr_t kept = block_slots / 8;

constexpr uintptr_t slots_in(uintptr_t segment) {
  return block_slots << segment;
}
constexpr size_t bytes_of(uintptr_t segment) {
  return slots_in(segment) * sizeof(slot) +
         slots_in(segment) / block_slots * sizeof(block_state);
}

// How many blocks `count` segments have. Those of segment 0 are counted first, from 0 on.
constexpr uintptr_t blocks_in(uintptr_t count) {
  return (uintptr_t{1} << count) - 1;
}

bool known(const table *t) { return t != nullptr && t->size >= first_size; }

struct position {
  uintptr_t segment;
  uintptr_t index;
};

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

// The slot that a word points to; nullptr if the table is not so large.
// Inline, because a lookup is short.
[[gnu::always_inline]] inline slot *slot_of(const table *t, uintptr_t word) {
  if ((word & segment_mask) == 0)
    return nullptr;
  const position p = position_of(word);
  slot *slots = slots_of(t, p.segment);
  return slots == nullptr ? nullptr : slots + p.index;
}

block_state *state_of(slot *slots, const position &p) {
  return reinterpret_cast<block_state *>(slots + slots_in(p.segment)) +
         p.index / block_slots;
}

// Of the first slot of a block.
position position_of_block(uintptr_t number) {
  const unsigned top =
      31U ^
      static_cast<unsigned>(__builtin_clz(static_cast<unsigned>(number + 1)));
  return {top, (number + 1 - (uintptr_t{1} << top)) * block_slots};
}

// What is open for new handles, if they are free: slots of one block, in turn. It is one
// word, table::open: the place of the first, and above that, how many. At first, 0.
//
// table::next is the place of the slot of these to look at next, modulo the block. If calls
// overlap, it may be that of another opening. Then slots lose their turn, or get it early.
static_assert(place_bits + first_bits + 1 <= word_bits, "one word");

uintptr_t block_of_opening(uintptr_t open) {
  if (open == 0)
    return 0;
  const position p = position_of(open);
  return blocks_in(p.segment) + p.index / block_slots;
}

struct taken {
  slot *at; // nullptr: none
  uintptr_t uses, place;
};

// Takes the first free slot of what is open.
[[gnu::always_inline]] inline taken take_open(table *t, uintptr_t open) {
  if (open == 0)
    return {};
  const uintptr_t first = open & place_mask, span = open >> place_bits;
  const int zeros = zeros_in(first), shift = zeros + 1;
  auto *const slots = reinterpret_cast<slot *>(
      __atomic_load_n(&t->segments[zeros], __ATOMIC_ACQUIRE));
  const uintptr_t next = __atomic_load_n(&t->next, __ATOMIC_RELAXED);
  const uintptr_t begin = first >> shift;
  for (uintptr_t i = (next - first) >> shift & in_block; i < span; i++) {
    const uintptr_t index = (begin & ~in_block) | ((begin + i) & in_block);
    slot *const s = slots + index;
    uintptr_t uses = __atomic_load_n(&s->word, __ATOMIC_RELAXED);
    // Acquire: pairs with the release of the slot in libcgo_handle_free.
    if (is_free(uses) &&
        __atomic_compare_exchange_n(&s->word, &uses, uses | busy, false,
                                    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      const uintptr_t place = ((index << 1) | 1) << zeros;
      __atomic_store_n(&t->next, place + (uintptr_t{1} << shift),
                       __ATOMIC_RELAXED);
      return {s, uses, place};
    }
  }
  return {};
}

// Opens a block in place of what is open: up to where the last `kept` free slots begin.
// Returns false if no other slot is free.
bool open_block(table *t, uintptr_t old, uintptr_t number) {
  const position p = position_of_block(number);
  slot *const segment = slots_of(t, p.segment);
  const slot *const slots = segment + p.index;
  block_state *const state = state_of(segment, p);
  const uintptr_t first = __atomic_load_n(&state->turn, __ATOMIC_RELAXED);
  auto free_at = [slots, first](uintptr_t i) -> bool {
    const slot *s = slots + ((first + i) & in_block);
    return is_free(__atomic_load_n(&s->word, __ATOMIC_RELAXED));
  };
  uintptr_t span = block_slots;
  for (uintptr_t free = 0; free < kept && span > 0;)
    free += free_at(--span);
  uintptr_t i = 0;
  while (i < span && !free_at(i))
    i++;
  const unsigned char full = i >= span;
  __atomic_store_n(&state->full, full, __ATOMIC_RELAXED);
  if (full)
    return false;
  const uintptr_t place = place_of({p.segment, p.index + first});
  // Release: who uses what is open finds the table's origin.
  if (__atomic_compare_exchange_n(&t->open, &old, place | span << place_bits,
                                  false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    __atomic_store_n(&t->next, place, __ATOMIC_RELAXED);
    __atomic_store_n(&state->turn, static_cast<unsigned char>(first + span),
                     __ATOMIC_RELAXED);
  }
  return true; // if it was not this call, another one has opened a block
}

bool is_marked_full(const table *t, uintptr_t number) {
  const position p = position_of_block(number);
  const block_state *state = state_of(slots_of(t, p.segment), p);
  return __atomic_load_n(&state->full, __ATOMIC_RELAXED) != 0;
}

// Opens the block whose turn it is. Returns false if none has room.
bool open_next(table *t, uintptr_t old, uintptr_t count) {
  const uintptr_t blocks = blocks_in(count);
  // A mark may be of the moment before a slot was freed.
  for (bool believe = true;; believe = false) {
    bool believed = false;
    uintptr_t number = block_of_opening(old);
    for (uintptr_t i = 0; i < blocks; i++) {
      number = number + 1 < blocks ? number + 1 : 0;
      if (believe && is_marked_full(t, number))
        believed = true;
      else if (open_block(t, old, number))
        return true;
    }
    if (!believed)
      return false;
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

// The table's first stamp, in the bits above the place. Other tables have
// another one: by their address, and one that had this address before, by the
// time. The steps are the output function of splitmix64 (Steele, Lea, Flood:
// "Fast Splittable Pseudorandom Number Generators", 2014), which is one to one.
[[gnu::noinline]] void choose_origin(table *t) {
  uint64_t x = reinterpret_cast<uintptr_t>(t);
  x = x * 0x9e3779b97f4a7c15 + os::now_ns();
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  x ^= x >> 31;
  // A bit that is no part of it says that it has been chosen.
  const uintptr_t chosen = (static_cast<uintptr_t>(x) & ~place_mask) | 1;
  uintptr_t none = 0;
  __atomic_compare_exchange_n(&t->origin, &none, chosen, false,
                              __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

uintptr_t origin_of(const table *t) {
  const uintptr_t origin = __atomic_load_n(&t->origin, __ATOMIC_RELAXED);
  return origin & ~place_mask;
}

// Nothing is open. Returns 0 if it may be now, or an errno value. The first call for a table
// chooses its origin: before that, nothing was open.
[[gnu::noinline]] int open_more(table *t, uintptr_t old) {
  if (__atomic_load_n(&t->origin, __ATOMIC_RELAXED) == 0)
    choose_origin(t);
  const uintptr_t count = __atomic_load_n(&t->segment_count, __ATOMIC_ACQUIRE);
  if (open_next(t, old, count) ||
      __atomic_load_n(&t->open, __ATOMIC_RELAXED) != old)
    return 0;
  return grow(t, count);
}

// Makes a handle if a slot is open.
[[gnu::always_inline]] inline bool make(table *t, uintptr_t open, void *object,
                                        uintptr_t *handle) {
  const taken mine = take_open(t, open);
  if (mine.at == nullptr)
    return false;
  const uintptr_t word = (origin_of(t) + mine.uses) | mine.place;
  // Release, for a reader that still looks at an older handle of this slot:
  // see libcgo_handle_get.
  __atomic_store_n(&mine.at->object, reinterpret_cast<uintptr_t>(object),
                   __ATOMIC_RELEASE);
  __atomic_store_n(&mine.at->word, word, __ATOMIC_RELEASE);
  *handle = word;
  return true;
}

[[gnu::noinline]] int open_and_make(table *t, void *object, uintptr_t *handle) {
  for (;;) {
    // Acquire: the origin has been chosen.
    const uintptr_t open = __atomic_load_n(&t->open, __ATOMIC_ACQUIRE);
    if (make(t, open, object, handle))
      return 0;
    const int err = open_more(t, open);
    if (err != 0)
      return err;
  }
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
  const uintptr_t open = __atomic_load_n(&table->open, __ATOMIC_ACQUIRE);
  return make(table, open, object, handle)
             ? 0
             : open_and_make(table, object, handle);
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
  if (!__atomic_compare_exchange_n(&s->word, &expected, uses | busy, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return ESTALE;
  // Nobody else touches a busy slot.
  __atomic_store_n(&s->object, 0, __ATOMIC_RELEASE);
  if (retires && uses == 0) {
    __atomic_store_n(&s->word, busy | retired, __ATOMIC_RELEASE);
    return 0;
  }
  __atomic_store_n(&s->word, uses, __ATOMIC_RELEASE);
  const position p = position_of(handle);
  block_state *state = state_of(s - p.index, p);
  if (__atomic_load_n(&state->full, __ATOMIC_RELAXED) != 0)
    __atomic_store_n(&state->full, 0, __ATOMIC_RELAXED);
  return 0;
}

extern "C" size_t libcgo_handle_count(const libcgo_handle_table *table) {
  if (!known(table))
    return 0;
  size_t n = 0;
  for (uintptr_t segment = 0; segment < segment_limit; segment++)
    if (const slot *s = slots_of(table, segment))
      for (const slot *const end = s + slots_in(segment); s < end; s++)
        n += counts(__atomic_load_n(&s->word, __ATOMIC_RELAXED));
  return n;
}

extern "C" int libcgo_handle_table_destroy(libcgo_handle_table *table) {
  if (!known(table))
    return EINVAL;
  for (unsigned i = 0; i < segment_limit; i++)
    if (slot *slots = slots_of(table, i))
      os::unmap(slots, bytes_of(i));
  // An older client's record is smaller; what a later one has more, nobody has changed.
  const uint32_t size = table->size;
  memset(table, 0, size < sizeof *table ? size : sizeof *table);
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
