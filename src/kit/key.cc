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

// Threads of one process only: a child of fork has none of its parent's.
uintptr_t claim_of_this_process() {
  return static_cast<uintptr_t>(os::process_id()) << 1 | 1;
}

int create_key(void (*destructor)(void *), uintptr_t *record) {
  uintptr_t key = 0;
  const int err = os::create_key(destructor, &key);
  if (err != 0)
    return err;
  auto *made = static_cast<thread_key *>(os::map_zeroed(sizeof(thread_key)));
  if (made == nullptr) {
    os::delete_key(key);
    return ENOMEM;
  }
  *made = {key, 1};
  *record = reinterpret_cast<uintptr_t>(made);
  return 0;
}

} // namespace

// If each thread made a key of its own, one could be refused because another one has the
// system's last key, and has not yet stored it in the runtime's record. There is no telling
// when it will: it may get no CPU.
int make_key(libcgo_runtime *runtime, void (*destructor)(void *)) {
  for (;;) {
    uintptr_t now = __atomic_load_n(&runtime->key, __ATOMIC_ACQUIRE);
    if (now != 0 && !is_claim(now))
      return 0;
    const uintptr_t claim = claim_of_this_process();
    if (now == claim) {
      os::sleep_ms(1);
      continue;
    }
    os::signals_held held({}); // a handler would wait for its own thread
    if (!__atomic_compare_exchange_n(&runtime->key, &now, claim, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      continue;
    uintptr_t made = 0;
    const int err = create_key(destructor, &made);
    __atomic_store_n(&runtime->key, made, __ATOMIC_RELEASE);
    return err;
  }
}

void hold_key(thread_key *key) {
  __atomic_add_fetch(&key->owners, 1, __ATOMIC_RELAXED);
}

void let_go_of_key(thread_key *key) { let_go(key); }

void give_key_back(libcgo_runtime *runtime) {
  const uintptr_t key =
      __atomic_exchange_n(&runtime->key, uintptr_t{0}, __ATOMIC_ACQ_REL);
  if (key != 0 && !is_claim(key)) // of a parent's thread
    let_go(reinterpret_cast<thread_key *>(key));
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
