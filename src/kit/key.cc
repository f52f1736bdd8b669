// SPDX-License-Identifier: BSD-3-Clause
//
// The thread key of a runtime. A mark consists of the address of the key's record, the
// number of rounds of destructors that remain, and bit 0.
//
// If a destructor has attached the thread, when its end had already begun, fewer rounds
// remain than the mark says. The thread then never gives the key back: there is no way to
// ask for the number of the round.
#include "kit/key.h"

#include <errno.h>

namespace cgo {

namespace {

constexpr uintptr_t most_rounds = 7;
constexpr uintptr_t mark_bits = most_rounds << 1 | 1;

const void *make_mark(const thread_key *key, uintptr_t left) {
  return reinterpret_cast<const void *>(reinterpret_cast<uintptr_t>(key) |
                                        left << 1 | 1);
}

LIBCGO_NOT_INSTRUMENTED void let_go(thread_key *key) {
  if (__atomic_sub_fetch(&key->owners, 1, __ATOMIC_ACQ_REL) != 0)
    return;
  os::delete_key(key->key);
#ifndef LIBCGO_THREAD_SANITIZER // which cannot take it back in the last round
  os::unmap(key, sizeof *key);
#endif
}

// If the system has no key left: another thread may have made the last one, and not yet
// stored it in the runtime's record.
constexpr int most_attempts = 20;

} // namespace

int make_key(libcgo_runtime *runtime, void (*destructor)(void *)) {
  uintptr_t key = 0;
  for (int i = 0;; i++) {
    if (key_of(runtime) != nullptr)
      return 0;
    const int err = os::create_key(destructor, &key);
    if (err == 0)
      break;
    if (i == most_attempts)
      return err;
    os::sleep_ms(1);
  }
  auto *made = static_cast<thread_key *>(os::map_zeroed(sizeof(thread_key)));
  if (made == nullptr) {
    os::delete_key(key);
    return ENOMEM;
  }
  *made = {key, 1};
  uintptr_t none = 0;
  if (!__atomic_compare_exchange_n(&runtime->key, &none,
                                   reinterpret_cast<uintptr_t>(made), false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    let_go(made); // another thread was first
  return 0;
}

void hold_key(thread_key *key) {
  __atomic_add_fetch(&key->owners, 1, __ATOMIC_RELAXED);
}

void let_go_of_key(thread_key *key) { let_go(key); }

void give_key_back(libcgo_runtime *runtime) {
  auto *key = reinterpret_cast<thread_key *>(
      __atomic_exchange_n(&runtime->key, uintptr_t{0}, __ATOMIC_ACQ_REL));
  if (key != nullptr)
    let_go(key);
}

void mark_the_end(thread_key *key, uintptr_t round) {
  uintptr_t left = os::key_rounds > round ? os::key_rounds - round : 0;
  if (left > most_rounds)
    left = most_rounds;
  if (os::set_key(key->key, make_mark(key, left)) == 0 && left != 0)
    __atomic_add_fetch(&key->owners, 1, __ATOMIC_RELAXED);
}

void keep_mark(void *mark) {
  const auto bits = reinterpret_cast<uintptr_t>(mark);
  auto *const key = reinterpret_cast<thread_key *>(bits & ~mark_bits);
  const uintptr_t left = (bits & mark_bits) >> 1;
  if (left == 0)
    return; // a round too many: the key may be another's
  // A mark that is not stored will not come back.
  if (os::set_key(key->key, make_mark(key, left - 1)) != 0 || left == 1)
    let_go(key);
}

} // namespace cgo
