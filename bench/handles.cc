// SPDX-License-Identifier: BSD-3-Clause
//
// Handles. The hot set is 1,000 handles, one after the other, in a table that has
// no more, and in one that has ten million. "Any of ..." takes them in random order; so
// does the read of an array whose elements are as large as a slot of the table.
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
  explicit live_handles(size_t n) : handles(n) {
    for (uintptr_t &handle : handles)
      if (libcgo_handle_new(&table, &handle, &handle) != 0)
        abort();
    // The hot ones are not neighbours.
    std::shuffle(handles.begin(), handles.end(), std::mt19937_64(1));
  }
  ~live_handles() { libcgo_handle_table_destroy(&table); }
  libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  std::vector<uintptr_t> handles;
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
void with_each(State &state, const uintptr_t *words, size_t n, Function f) {
  const uintptr_t *const end = words + n;
  const uintptr_t *next = words;
  repeat(state, [=, &next] {
    hidden(f(*next)); // DoNotOptimize is content with the address of a read
    next = next + 1 != end ? next + 1 : words;
  });
}

void get(State &state, const live_handles &in, size_t n) {
  const auto f = hidden(&libcgo_handle_get);
  const libcgo_handle_table *const table = &in.table;
  with_each(state, in.handles.data(), n, [=](uintptr_t handle) { return f(table, handle); });
}

void get_of_few(State &state) { get(state, few_handles(), hot); }
CALL("libcgo_handle_get, of 1,000", get_of_few);

void get_hot_of_many(State &state) { get(state, many_handles(), hot); }
CALL("libcgo_handle_get, 1,000 of 10,000,000", get_hot_of_many);

void get_any_of_many(State &state) { get(state, many_handles(), many); }
CALL("libcgo_handle_get, any of 10,000,000", get_any_of_many);

struct element {
  uintptr_t word, object;
};

void read_an_array(State &state, size_t n) {
  std::vector<element> array(n);
  std::vector<uintptr_t> order(n);
  for (size_t i = 0; i < n; i++)
    order[i] = array[i].word = i;
  std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  const element *const elements = array.data();
  with_each(state, order.data(), n, [=](uintptr_t i) { return elements[i].word; });
}

void read_a_small_array(State &state) { read_an_array(state, hot); }
CALL("array read, of 1,000", read_a_small_array);

void read_a_large_array(State &state) { read_an_array(state, many); }
CALL("array read, any of 10,000,000", read_a_large_array);

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
