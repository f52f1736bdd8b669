// SPDX-License-Identifier: BSD-3-Clause
//
// Handles against a map.
#include <libcgo/handle.h>
#include <libcgo/world.h>

#include <errno.h>
#include <map>
#include <set>
#include <vector>

#include "input.h"

namespace {

using model = std::map<uintptr_t, void *>;

struct visit {
  const model *expected;
  size_t seen = 0;
  bool moves = false;
  size_t most = SIZE_MAX; // stops there
};

void *moved(void *object) { return static_cast<char *>(object) + 16; }

int look(uintptr_t handle, void **object, void *arg) {
  auto *v = static_cast<visit *>(arg);
  const auto found = v->expected->find(handle);
  CHECK(found != v->expected->end() && found->second == *object);
  if (v->moves)
    *object = moved(*object);
  return ++v->seen == v->most ? 99 : 0;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::input in(data, size);
  libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  model live;
  std::vector<uintptr_t> all, gone; // every handle; those that were freed
  std::set<uintptr_t> ever;         // no word comes back
  uintptr_t next_object = 16;
  unsigned steps = 0;
  auto add = [&] {
    void *const object = reinterpret_cast<void *>(next_object);
    next_object += 16;
    uintptr_t handle = 0;
    CHECK(libcgo_handle_new(&table, object, &handle) == 0);
    CHECK(handle != 0 && live.count(handle) == 0 && ever.insert(handle).second);
    live[handle] = object;
    all.push_back(handle);
  };
  auto free_one = [&](uintptr_t handle) {
    const bool is_live = live.erase(handle) != 0;
    CHECK(libcgo_handle_free(&table, handle) == (is_live ? 0 : ESTALE));
    if (is_live)
      gone.push_back(handle);
  };
  auto pick = [&]() -> uintptr_t {
    return all.empty() ? 0 : all[in.number(2) % all.size()];
  };
  while (!in.empty()) {
    switch (in.byte() % 12) {
    case 0:
    case 1:
      add();
      break;
    case 2: // many
      for (int n = in.byte() * 3; n > 0 && live.size() < 5000; n--)
        add();
      break;
    case 3:
    case 4:
      free_one(pick());
      break;
    case 5: // every n-th
      if (const int step = in.byte() % 5 + 1)
        for (size_t i = in.byte(); i < all.size(); i += step)
          free_one(all[i]);
      break;
    case 6:
    case 7: {
      const uintptr_t handle = pick();
      const auto found = live.find(handle);
      CHECK(libcgo_handle_get(&table, handle) ==
            (found == live.end() ? nullptr : found->second));
      break;
    }
    case 8: { // any word
      const uintptr_t handle = in.number(8);
      if (live.count(handle) == 0) {
        CHECK(libcgo_handle_get(&table, handle) == nullptr);
        free_one(handle);
      }
      break;
    }
    case 9: {
      visit v{&live};
      CHECK(libcgo_handle_visit(&table, look, &v) == 0 && v.seen == live.size());
      break;
    }
    case 10: { // as a collector that moves, or that stops
      visit v{&live};
      if ((v.moves = in.byte() % 2) == 0)
        v.most = in.byte() + 1;
      const int result = libcgo_handle_visit(&table, look, &v);
      CHECK(result == (v.most <= live.size() ? 99 : 0));
      if (v.moves)
        for (auto &entry : live)
          entry.second = moved(entry.second);
      next_object += v.moves ? 16 : 0;
      break;
    }
    default:
      if (in.byte() % 4 == 0) {
        CHECK(libcgo_handle_table_destroy(&table) == 0);
        live.clear();
        all.clear();
        ever.clear();
        gone.clear();
      }
    }
    if (live.size() < 500 || ++steps % 16 == 0)
      CHECK(libcgo_handle_count(&table) == live.size());
  }
  for (const auto &entry : live)
    CHECK(libcgo_handle_get(&table, entry.first) == entry.second);
  for (const uintptr_t handle : gone)
    CHECK(live.count(handle) != 0 ||
          libcgo_handle_get(&table, handle) == nullptr);
  CHECK(libcgo_handle_table_destroy(&table) == 0);
  return 0;
}
