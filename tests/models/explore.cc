// SPDX-License-Identifier: BSD-3-Clause
//
// explore [--fast] [--trace] [--only SCENARIO] [--weaken TAG CHANGE] MODEL
//
// Visits every state that a model can reach: all interleavings of its threads, and all
// reorderings that C11 allows. Prints the Test Anything Protocol. machine.h says what the
// states are, parse.h what a model looks like.
//
// For each scenario: no assertion fails, there is no data race, and from every state that is
// reached the threads can all come to their end without relying on a futex that returns
// without a reason. So nobody sleeps for ever, and no two wait for each other.
//
// For each seed: the scenario with one thing weakened has the violation that the seed names.
// For each line `redundant`: no scenario has any violation with it. Each way to weaken a
// step has one or the other.
//
// States are kept by a hash of 128 bits: among 10^8 states two have the same one with a
// probability below 10^-22.
//
//   --fast     leaves out scenarios that are slow, seeds in them, and what is redundant
//   --trace    prints the steps that lead to each violation
//   --only     this scenario, no seeds; --weaken: with that change

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "machine.h"
#include "parse.h"

namespace {

using namespace models;

struct hash {
  uint64_t a, b;
};

// Two rounds over the bytes, with multipliers of splitmix64 and murmur's finaliser.
hash hash_of(const std::string &bytes) {
  uint64_t a = 0x9e3779b97f4a7c15 ^ bytes.size(), b = 0xd1b54a32d192ed03;
  for (size_t i = 0; i < bytes.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i,
                bytes.size() - i < 8 ? bytes.size() - i : 8);
    a = (a ^ word) * 0xbf58476d1ce4e5b9;
    a ^= a >> 29;
    b = (b + word) * 0x94d049bb133111eb;
    b ^= b >> 32 ^ a >> 11;
  }
  a = (a ^ a >> 33) * 0xff51afd7ed558ccd;
  b = (b ^ b >> 33) * 0xc4ceb9fe1a85ec53;
  return {a ^ a >> 33, (b ^ b >> 33) | 1}; // b is never 0: that is an empty place
}

// The number of each state, by its hash.
class table {
public:
  // Returns the number, which is `next` if the state is new.
  uint32_t find(hash h, uint32_t next) {
    if (used_ * 2 >= places_.size())
      grow();
    place *p = at(places_, h);
    if (p->b == 0) {
      *p = {h.a, h.b, next};
      used_++;
    }
    return p->number;
  }

private:
  struct place {
    uint64_t a, b;
    uint32_t number;
  };
  std::vector<place> places_ = std::vector<place>(1 << 12);
  size_t used_ = 0;

  static place *at(std::vector<place> &in, hash h) {
    size_t i = h.a & (in.size() - 1);
    while (in[i].b != 0 && (in[i].a != h.a || in[i].b != h.b))
      i = (i + 1) & (in.size() - 1);
    return &in[i];
  }
  void grow() {
    std::vector<place> larger(places_.size() * 2);
    for (const place &p : places_)
      if (p.b != 0)
        *at(larger, {p.a, p.b}) = p;
    places_.swap(larger);
  }
};

struct result {
  size_t states = 0;
  std::string violation; // empty: none
  std::vector<std::string> trace;
};

class exploration {
public:
  explicit exploration(const program &p) : machine_(p) {}

  result run() {
    result r;
    state first = machine_.start();
    std::string bytes;
    machine_.pack(first, bytes);
    seen_.find(hash_of(bytes), 0);
    origins_.push_back({0, 0});
    std::vector<std::string> level = {bytes}, next;
    uint32_t number = 0; // of the state that is looked at
    auto s = std::make_unique<state>();
    std::vector<uint32_t> ends;
    while (!level.empty() && r.violation.empty()) {
      for (const std::string &packed : level) {
        machine_.unpack(packed, *s);
        if (machine_.is_end(*s))
          ends.push_back(number);
        uint32_t ordinal = 0;
        machine_.successors(*s, [&](successor &n) {
          ordinal++;
          if (!r.violation.empty())
            return;
          machine_.pack(n.next, bytes);
          const auto fresh = static_cast<uint32_t>(origins_.size());
          const uint32_t found = seen_.find(hash_of(bytes), fresh);
          if (found == fresh) {
            origins_.push_back({number, ordinal - 1});
            next.push_back(bytes);
          }
          if (n.counts)
            edges_.push_back({number, found});
          if (!n.violation.empty()) {
            r.violation = n.violation;
            r.trace = trace(number);
            describe(number, ordinal - 1, r.trace);
          }
        });
        number++;
        if (!r.violation.empty())
          break;
      }
      level.swap(next);
      next.clear();
    }
    r.states = origins_.size();
    if (r.violation.empty())
      find_stuck(ends, r);
    return r;
  }

private:
  struct origin {
    uint32_t from, ordinal;
  };
  struct edge {
    uint32_t from, to;
  };
  machine machine_;
  table seen_;
  std::vector<origin> origins_;
  std::vector<edge> edges_;

  // Whether there is a state from which the end cannot be reached: the first such one.
  void find_stuck(const std::vector<uint32_t> &ends, result &r) {
    const size_t n = origins_.size();
    std::vector<uint32_t> begin(n + 2, 0), from(edges_.size());
    for (const edge &e : edges_)
      begin[e.to + 2]++;
    for (size_t i = 2; i < n + 2; i++)
      begin[i] += begin[i - 1];
    for (const edge &e : edges_)
      from[begin[e.to + 1]++] = e.from;
    std::vector<bool> good(n, false);
    std::vector<uint32_t> open(ends);
    for (const uint32_t e : ends)
      good[e] = true;
    while (!open.empty()) {
      const uint32_t at = open.back();
      open.pop_back();
      for (uint32_t i = begin[at]; i < begin[at + 1]; i++)
        if (!good[from[i]]) {
          good[from[i]] = true;
          open.push_back(from[i]);
        }
    }
    for (uint32_t i = 0; i < n; i++)
      if (!good[i]) {
        r.violation = "sleeps for ever";
        r.trace = trace(i);
        return;
      }
  }

  state replay(uint32_t number) {
    std::vector<uint32_t> path;
    for (; number != 0; number = origins_[number].from)
      path.push_back(origins_[number].ordinal);
    state s = machine_.start();
    while (!path.empty()) {
      s = step_of(s, path.back()).next;
      path.pop_back();
    }
    return s;
  }

  successor step_of(const state &s, uint32_t wanted) {
    successor out;
    uint32_t ordinal = 0;
    machine_.successors(s, [&](successor &n) {
      if (ordinal++ == wanted)
        out = n;
    });
    return out;
  }

  void add(const successor &n, std::vector<std::string> &out) const {
    out.push_back(machine_.name_of(n.thread) +
                  (n.included ? ", included line " : ", line ") +
                  std::to_string(n.line) + ": " + n.what +
                  (n.violation.empty() ? "" : "  *** " + n.violation));
  }

  std::vector<std::string> trace(uint32_t number) {
    std::vector<uint32_t> path;
    for (; number != 0; number = origins_[number].from)
      path.push_back(origins_[number].ordinal);
    machine_.describe = true;
    state s = machine_.start();
    std::vector<std::string> out;
    while (!path.empty()) {
      const successor n = step_of(s, path.back());
      add(n, out);
      s = n.next;
      path.pop_back();
    }
    machine_.describe = false;
    return out;
  }

  void describe(uint32_t number, uint32_t ordinal, std::vector<std::string> &out) {
    const state s = replay(number);
    machine_.describe = true;
    add(step_of(s, ordinal), out);
    machine_.describe = false;
  }
};

double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

int tests, failed;
bool with_trace;

void report(bool good, const std::string &name, const std::string &figures,
            const result &r) {
  tests++;
  failed += !good;
  std::printf("%s %d - %s\n", good ? "ok" : "not ok", tests, name.c_str());
  std::printf("# %s\n", figures.c_str());
  if (!good || (with_trace && !r.violation.empty())) {
    if (!r.violation.empty())
      std::printf("# violation: %s\n", r.violation.c_str());
    for (const std::string &line : r.trace)
      std::printf("#   %s\n", line.c_str());
  }
  std::fflush(stdout);
}

std::string figures(const result &r, double began) {
  char text[80];
  std::snprintf(text, sizeof text, "%zu states, %.1f s", r.states,
                seconds() - began);
  return text;
}

} // namespace

int main(int argc, char **argv) {
  bool fast = false;
  std::string file, only;
  mutation change;
  for (int i = 1; i < argc; i++) {
    const std::string arg = argv[i];
    if (arg == "--fast")
      fast = true;
    else if (arg == "--trace")
      with_trace = true;
    else if (arg == "--only" && i + 1 < argc)
      only = argv[++i];
    else if (arg == "--weaken" && i + 2 < argc) {
      change.tag = argv[++i];
      change.change = argv[++i];
    } else
      file = arg;
  }
  if (file.empty()) {
    std::fprintf(stderr, "usage: explore [--fast] [--trace] [--only SCENARIO] "
                         "[--weaken TAG CHANGE] MODEL\n");
    return 2;
  }
  model m(file);
  std::string base = file.substr(file.rfind('/') + 1);
  base = base.substr(0, base.find('.'));

  bool any = false;
  for (const auto &s : m.scenarios) {
    program p = m.compile(s, change);
    if (!only.empty() ? only != s.name : fast && s.slow)
      continue;
    any = true;
    const double began = seconds();
    const result r = exploration(p).run();
    report(r.violation.empty(), base + ": " + s.name, figures(r, began), r);
  }
  if (!any)
    fail(file, 0, "no such scenario");

  if (only.empty()) {
    std::set<std::pair<std::string, std::string>> found;
    for (const seed &d : m.seeds) {
      found.insert({d.change.tag, d.change.change});
      const double began = seconds();
      const std::string name = base + ": " + d.change.tag + " " + d.change.change;
      bool applied = false, tried = false;
      result all;
      for (const auto &s : m.scenarios) {
        if (d.scenario.empty() ? s.once : s.name != d.scenario)
          continue;
        program p = m.compile(s, d.change);
        applied |= m.changed;
        if (!m.changed || (fast && (s.slow || d.scenario.empty())))
          continue;
        tried = true;
        result r = exploration(p).run();
        r.states += all.states;
        if (!r.violation.empty() && d.scenario.empty())
          r.trace.insert(r.trace.begin(), "in " + s.name + ":");
        if (all.violation.empty())
          all = r;
      }
      if (!applied)
        fail(file, d.line, "this seed changes nothing");
      if (tried && d.scenario.empty())
        report(all.violation.empty(), name + ": redundant: " + d.reason,
               figures(all, began), all);
      else if (tried)
        report(all.violation == d.violation,
               name + ", " + d.scenario + ": " + d.violation,
               figures(all, began), all);
    }
    for (const mutation &w : m.mutations())
      if (found.count({w.tag, w.change}) == 0) {
        result none;
        for (const auto &s : m.scenarios) {
          program p = m.compile(s, w);
          if (!m.changed || s.slow)
            continue;
          const double began = seconds();
          const result r = exploration(p).run();
          none.trace.push_back(
              s.name + ": " +
              (r.violation.empty() ? "no violation" : r.violation) + ", " +
              figures(r, began));
        }
        report(false, base + ": " + w.tag + " " + w.change + " has no seed",
               "what it breaks:", none);
      }
  }
  std::printf("1..%d\n", tests);
  return failed != 0;
}
