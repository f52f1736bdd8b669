/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a model is, once it has been read: threads, each a list of steps on shared
 * memory. parse.h makes this from a file, and machine.h runs it.
 */
#ifndef LIBCGO_MODELS_PROGRAM_H
#define LIBCGO_MODELS_PROGRAM_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace models {

constexpr int most_places = 20;   // atomic words, data, and mutexes
constexpr int most_messages = 12; // of one atomic word, at a time
constexpr int most_threads = 5;
constexpr int most_registers = 24; // of one thread
constexpr int most_ghosts = 12;

[[noreturn]] inline void fail(const std::string &file, int line,
                              const std::string &what) {
  std::fprintf(stderr, "%s:%d: %s\n", file.c_str(), line, what.c_str());
  std::exit(2);
}

// An expression, in the order in which a stack evaluates it.
struct token {
  enum kind { number, reg, ghost, operation } kind;
  int value; // the number, the index, or the operation's letter
};
using expression = std::vector<token>;

enum class order { relaxed, acquire, release, acq_rel, seq_cst };

inline bool acquires(order o) {
  return o == order::acquire || o == order::acq_rel || o == order::seq_cst;
}
inline bool releases(order o) {
  return o == order::release || o == order::acq_rel || o == order::seq_cst;
}

enum class action {
  load,       // reg = load(place, order)
  store,      // store(place, a, order)
  swap,       // reg = swap(place, a, order): the value before
  add,        // reg = add(place, a, order)
  bit_or,     // reg = or(place, a, order)
  bit_and,    // reg = and(place, a, order)
  cas,        // reg = cas(place, a, b, order, failure): the value that was seen
  fence,      // fence(order)
  membarrier, // membarrier(): all others pass a fence meanwhile
  gathered,   // its second half: all have passed theirs
  wait,       // wait(place, a): a futex; also returns without a reason
  sleep,      // sleep(place, a): the same, but with a reason
  wait_until, // reg = wait_until(place, a): 1: the time was up
  wake,       // wake(place): all that wait
  lock,       // lock(place), unlock(place): a mutex of the system
  unlock,
  touch,  // touch(place): reads and writes plain memory
  see,    // see(place): reads it
  set,    // set(ghost, a): what only the model knows
  assign, // reg = a
  choose, // reg = choose(a, b): either
  spawn,  // spawn(thread)
  check,  // assert(a, "text")
  branch, // to `target` if a is 0
  jump,
  handled, // the end of the signal handler
  nothing,
  finish
};

struct step {
  action what = action::nothing;
  int place = -1;
  int reg = -1;
  expression a, b;
  enum order order = order::relaxed;
  enum order failure = order::relaxed;
  int target = -1;
  bool glued = false; // runs with the step before it, as one
  bool shared = false;
  int line = 0;
  bool included = false; // the line is in a file that is included
  std::string text;      // of the line, or of the assertion
  std::string tag;       // by which seeds name it
};

struct thread_code {
  std::string name;
  bool later = false; // starts by `spawn`
  std::vector<step> steps;
  std::vector<uint32_t> live; // the registers that matter, by step
  int handler = -1; // where a signal handler begins, which may run once
};

struct place {
  enum kind { atomic, data, mutex } kind;
  std::string name;
  int initial;
};

struct program {
  std::string file, scenario;
  std::vector<place> places;
  std::vector<std::string> ghosts;
  std::vector<int> ghost_initial;
  std::vector<thread_code> threads;
  bool has_fences = false; // otherwise two of the three views say nothing
  bool has_membarrier = false;
};

} // namespace models

#endif
