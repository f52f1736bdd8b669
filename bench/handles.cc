// SPDX-License-Identifier: BSD-3-Clause
//
// Handles. The hot set is 1,000 handles that were made one after the other, in a
// table that has no more, and in one that has ten million; "any of ..." takes all of
// them in random order. Beside it, reads of an array with elements as large as a
// slot of the table. In a chain, each access has to wait for the one before.
#include "bench.h"

#include <libcgo.h>

#include <algorithm>
#include <random>
#include <stdlib.h>
#include <vector>

using benchmark::State;

namespace {

constexpr size_t hot = 1000;
constexpr size_t many = 10 * 1000 * 1000;

class live_handles {
public:
  explicit live_handles(size_t n) : all(n) {
    for (uintptr_t &handle : all)
      if (libcgo_handle_new(&table, &handle, &handle) != 0)
        abort();
    recent.assign(all.end() - hot, all.end());
    std::shuffle(all.begin(), all.end(), std::mt19937_64(1));
    std::shuffle(recent.begin(), recent.end(), std::mt19937_64(1));
  }
  ~live_handles() { libcgo_handle_table_destroy(&table); }
  libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  std::vector<uintptr_t> all, recent;
};

live_handles &few_handles() {
  static live_handles few(hot);
  return few;
}

live_handles &many_handles() {
  static live_handles all(many);
  return all;
}

// Calls f with each word in turn, over and over.
template <class Function>
void with_each(State &state, const std::vector<uintptr_t> &words, Function f) {
  const uintptr_t *const begin = words.data(), *const end = begin + words.size();
  const uintptr_t *next = begin;
  repeat(state, [=, &next] {
    hidden(f(*next)); // DoNotOptimize is content with the address of a read
    next = next + 1 != end ? next + 1 : begin;
  });
}

// The same, where the word depends on the last result.
template <class Function>
void in_a_chain(State &state, const std::vector<uintptr_t> &words, Function f) {
  const uintptr_t *const begin = words.data(), *const end = begin + words.size();
  const uintptr_t *next = begin;
  const uintptr_t none = hidden(uintptr_t(0));
  uintptr_t last = 0;
  repeat(state, [=, &next, &last] {
    last = hidden(f(next[last & none]));
    next = next + 1 != end ? next + 1 : begin;
  });
}

auto get_from(const live_handles &handles) {
  return [f = hidden(&libcgo_handle_get),
          table = &handles.table](uintptr_t handle) {
    return reinterpret_cast<uintptr_t>(f(table, handle));
  };
}

void get_of_few(State &state) {
  with_each(state, few_handles().recent, get_from(few_handles()));
}
CALL("libcgo_handle_get, of 1,000", get_of_few);

void get_recent_of_many(State &state) {
  with_each(state, many_handles().recent, get_from(many_handles()));
}
CALL("libcgo_handle_get, 1,000 of 10,000,000", get_recent_of_many);

void get_any_of_many(State &state) {
  with_each(state, many_handles().all, get_from(many_handles()));
}
CALL("libcgo_handle_get, any of 10,000,000", get_any_of_many);

void get_any_in_a_chain(State &state) {
  in_a_chain(state, many_handles().all, get_from(many_handles()));
}
CALL("libcgo_handle_get, any, in a chain", get_any_in_a_chain);

struct element {
  uintptr_t word, object;
};

struct array_and_order {
  explicit array_and_order(size_t n) : array(n), order(n) {
    for (size_t i = 0; i < n; i++)
      order[i] = array[i].word = i;
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  }
  auto read() const {
    return [elements = array.data()](uintptr_t i) { return elements[i].word; };
  }
  std::vector<element> array;
  std::vector<uintptr_t> order;
};

void read_a_small_array(State &state) {
  const array_and_order small(hot);
  with_each(state, small.order, small.read());
}
CALL("array read, of 1,000", read_a_small_array);

const array_and_order &large_array() {
  static const array_and_order large(many);
  return large;
}

void read_a_large_array(State &state) {
  with_each(state, large_array().order, large_array().read());
}
CALL("array read, any of 10,000,000", read_a_large_array);

void read_in_a_chain(State &state) {
  in_a_chain(state, large_array().order, large_array().read());
}
CALL("array read, any, in a chain", read_in_a_chain);

void new_and_free_handle(State &state) {
  libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  uintptr_t handle = 0;
  repeat(state, [&] {
    if (libcgo_handle_new(&table, &table, &handle) != 0)
      abort();
    libcgo_handle_free(&table, handle);
  });
  libcgo_handle_table_destroy(&table);
}
CALL("libcgo_handle_new and _free", new_and_free_handle);

} // namespace
