/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a model. The language, by an example:
 *
 *     atomic poll = 0, mode = 0      # words; each has a row of messages
 *     data heap                      # plain memory
 *     mutex list                     # a lock, not looked into
 *     ghost stopped                  # known to the model only, the same for all at once
 *     const slow = 0                 # a number; a scenario's init or a seed may change it
 *
 *     def park(t)                    # {t} is what the caller passes
 *       store(mode{t}, 1, release)                     @park.mode
 *       barrier()                                      @park.compiler
 *       p = load(poll{t}, relaxed)
 *       if p != 0
 *         arrive({t})                # another def; `return` leaves one
 *       end
 *     end
 *
 *     scenario stop-and-park         # `slow`: not in the fast selection;
 *                                    # `once`: nor with what is redundant
 *       init mode1 = 1
 *       thread T ... end             # `thread T later`: starts by spawn(T)
 *                                    # ... signal ... end: what its signal handler does
 *     end
 *
 *     include world.model            # its words and defs; its seeds and tags stay there
 *     seed park.mode relaxed stop-and-park "data race: heap"
 *     redundant park.mode relaxed "why nothing breaks"
 *
 * A line is a step; `;` joins two to one, of which the second must be touch, see, set,
 * assert or an assignment. if, else, while, loop, break, continue and return are as everywhere.
 * Names of registers belong to the def in which they are, but for `result`.
 *
 * Each order, fence, wake and barrier that could be weaker has a tag, @name. For each
 * tag, and each way to weaken it, there must be a seed, or a line that says why not.
 * @client is for what the library's users do.
 */
#ifndef LIBCGO_MODELS_PARSE_H
#define LIBCGO_MODELS_PARSE_H

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "program.h"

namespace models {

struct mutation {
  std::string tag, change; // an order, "none", "swapped", or "failure-relaxed"
};

struct seed {
  mutation change;
  std::string scenario, violation; // empty: redundant
  std::string reason;
  int line;
};

class model {
public:
  explicit model(const std::string &file) : file_(file) {
    read(file);
    top_level(0, false);
  }

  struct scenario {
    std::string name;
    bool slow, once;
    size_t begin, end;
  };
  std::vector<scenario> scenarios;
  std::vector<seed> seeds;

  // The program of a scenario, with one thing weakened or, with no tag, as it is.
  program compile(const scenario &s, const mutation &change) {
    program_ = {};
    program_.file = file_;
    program_.scenario = s.name;
    change_ = change;
    places_.clear();
    ghosts_.clear();
    changed = false;
    std::map<std::string, int> initial;
    for (size_t i = s.begin; i < s.end; i++) {
      const auto w = words(lines_[i].text);
      if (w.empty())
        continue;
      if (w[0] == "init")
        for (const auto &d : declarations(lines_[i], 4))
          initial[d.first] = d.second;
      else if (w[0] == "thread") {
        thread_code code;
        code.name = w.at(1);
        code.later = w.size() > 2 && w[2] == "later";
        program_.threads.push_back(code);
        i = end_of(i);
      } else
        error(lines_[i], "init or thread expected");
    }
    initial_ = &initial;
    if (program_.threads.size() > most_threads)
      error(lines_[s.begin], "too many threads");
    size_t t = 0;
    for (size_t i = s.begin; i < s.end; i++) {
      if (words(lines_[i].text).empty() || words(lines_[i].text)[0] != "thread")
        continue;
      const size_t end = end_of(i);
      code_ = &program_.threads[t++];
      registers_.clear();
      size_t signal = i + 1;
      while (signal < end && lines_[signal].text != "signal")
        signal++;
      block(i + 1, signal, {}, "", nullptr);
      emit(action::finish, lines_[end]);
      if (signal < end) {
        code_->handler = here();
        prefix_ = "signal:";
        block(signal + 1, end, {}, "", nullptr);
        emit(action::handled, lines_[end]);
        prefix_.clear();
      }
      weaken();
      find_live();
      i = end;
    }
    return program_;
  }
  bool changed; // whether the last program had the tag

  // All ways to weaken what has a tag.
  std::vector<mutation> mutations() const {
    std::vector<mutation> all;
    for (const auto &m : mutations_)
      all.push_back({m.first, m.second});
    return all;
  }

private:
  struct line {
    std::string text;
    int number;
    bool included;
  };
  struct definition {
    std::vector<std::string> parameters;
    size_t begin, end;
  };
  using arguments = std::map<std::string, std::string>;
  struct loop {
    int start;
    std::vector<int> breaks;
  };

  std::string file_;
  std::vector<line> lines_;
  std::map<std::string, definition> defs_;
  std::map<std::string, std::pair<enum place::kind, int>> declared_;
  std::map<std::string, int> declared_ghosts_, constants_;
  std::set<std::pair<std::string, std::string>> mutations_;

  // Of the program that is being compiled.
  program program_;
  mutation change_;
  const std::map<std::string, int> *initial_ = nullptr;
  std::map<std::string, int> places_, ghosts_, registers_;
  thread_code *code_ = nullptr;
  std::string prefix_; // of the names of a signal handler's registers

  [[noreturn]] void error(const line &at, const std::string &what) const {
    fail(file_, at.number, what + ": " + at.text);
  }

  static std::string trim(const std::string &s) {
    const size_t a = s.find_first_not_of(" \t"), b = s.find_last_not_of(" \t");
    return a == std::string::npos ? "" : s.substr(a, b - a + 1);
  }

  // Words, or texts between quotation marks.
  static std::vector<std::string> words(const std::string &s) {
    std::vector<std::string> out;
    for (size_t i = 0; i < s.size();) {
      if (s[i] == ' ' || s[i] == '\t') {
        i++;
      } else if (s[i] == '"') {
        const size_t end = s.find('"', i + 1);
        out.push_back(s.substr(i + 1, end - i - 1));
        i = end == std::string::npos ? s.size() : end + 1;
      } else {
        const size_t end = std::min(s.find_first_of(" \t", i), s.size());
        out.push_back(s.substr(i, end - i));
        i = end;
      }
    }
    return out;
  }

  // Cuts at a character that is in no parentheses and no quotation marks.
  static std::vector<std::string> cut(const std::string &s, char at) {
    std::vector<std::string> out(1);
    int depth = 0;
    bool quoted = false;
    for (const char c : s) {
      quoted ^= c == '"';
      if (!quoted)
        depth += (c == '(') - (c == ')');
      if (c == at && depth == 0 && !quoted)
        out.emplace_back();
      else
        out.back() += c;
    }
    for (std::string &part : out)
      part = trim(part);
    if (out.size() == 1 && out[0].empty())
      out.clear();
    return out;
  }

  std::vector<std::pair<std::string, int>> declarations(const line &at,
                                                        size_t skip) const {
    std::vector<std::pair<std::string, int>> out;
    for (const std::string &part : cut(at.text.substr(skip), ',')) {
      const auto sides = cut(part, '=');
      out.emplace_back(sides.at(0), sides.size() > 1 ? std::stoi(sides[1]) : 0);
    }
    return out;
  }

  bool opens(const std::string &first) const {
    return first == "def" || first == "scenario" || first == "thread" ||
           first == "if" || first == "while" || first == "loop";
  }

  // The line of the `end` that belongs to line i.
  size_t end_of(size_t i) const {
    const line &begin = lines_[i];
    for (int depth = 0; i < lines_.size(); i++) {
      const auto w = words(lines_[i].text);
      if (w.empty())
        continue;
      if (opens(w[0]))
        depth++;
      if (w[0] == "end" && --depth == 0)
        return i;
    }
    error(begin, "no end");
  }

  void read(const std::string &file) {
    const bool included = file != file_;
    std::ifstream in(file);
    if (!in)
      fail(file, 0, "cannot be read");
    std::string text;
    for (int number = 1; std::getline(in, text); number++) {
      const size_t hash = text.find('#');
      if (hash != std::string::npos)
        text.erase(hash);
      lines_.push_back({trim(text), number, included});
    }
  }

  // From line `begin` on. Of a file that is included, only what scenarios are made of.
  void top_level(size_t begin, bool included) {
    const size_t end = lines_.size();
    for (size_t i = begin; i < end; i++) {
      const line at = lines_[i];
      const auto w = words(at.text);
      if (w.empty())
        continue;
      if (included &&
          (w[0] == "scenario" || w[0] == "seed" || w[0] == "redundant")) {
        if (w[0] == "scenario")
          i = end_of(i);
        continue;
      }
      if (w[0] == "include") {
        const size_t more = lines_.size();
        read(file_.substr(0, file_.rfind('/') + 1) + w.at(1));
        top_level(more, true);
        continue;
      }
      if (w[0] == "atomic" || w[0] == "data" || w[0] == "mutex") {
        const auto kind = w[0] == "atomic" ? place::atomic
                          : w[0] == "data" ? place::data
                                           : place::mutex;
        for (const auto &d : declarations(at, w[0].size()))
          declared_[d.first] = {kind, d.second};
      } else if (w[0] == "ghost") {
        for (const auto &d : declarations(at, w[0].size()))
          declared_ghosts_[d.first] = d.second;
      } else if (w[0] == "const") {
        for (const auto &d : declarations(at, w[0].size()))
          constants_[d.first] = d.second;
      } else if (w[0] == "def") {
        const size_t open = at.text.find('('), close = at.text.rfind(')');
        if (open == std::string::npos || close == std::string::npos)
          error(at, "def name(parameters) expected");
        definition d = {cut(at.text.substr(open + 1, close - open - 1), ','),
                        i + 1, end_of(i)};
        defs_[trim(at.text.substr(3, open - 3))] = d;
        i = d.end;
      } else if (w[0] == "scenario") {
        const size_t end = end_of(i);
        const bool once = w.size() > 2 && w[2] == "once";
        const bool slow = w.size() > 2 && w[2] == "slow";
        scenarios.push_back({w.at(1), slow || once, once, i + 1, end});
        i = end;
      } else if (w[0] == "seed" && w.size() == 5) {
        seeds.push_back({{w[1], w[2]}, w[3], w[4], "", at.number});
      } else if (w[0] == "redundant" && w.size() == 4) {
        seeds.push_back({{w[1], w[2]}, "", "", w[3], at.number});
      } else {
        error(at, "not understood");
      }
    }
  }

  // ---- steps ----

  step &emit(action what, const line &at) {
    step s;
    s.what = what;
    s.line = at.number;
    s.included = at.included;
    s.text = at.text;
    code_->steps.push_back(s);
    return code_->steps.back();
  }

  int here() const { return static_cast<int>(code_->steps.size()); }

  static std::string substitute(std::string text, const arguments &given) {
    for (const auto &a : given)
      for (size_t i; (i = text.find("{" + a.first + "}")) != std::string::npos;)
        text.replace(i, a.first.size() + 2, a.second);
    return text;
  }

  // Lines [begin, end). `in` is the def's name.
  void block(size_t begin, size_t end, const arguments &given,
             const std::string &in, loop *around) {
    std::vector<int> returns;
    block(begin, end, given, in, around, returns);
    for (const int r : returns)
      code_->steps[static_cast<size_t>(r)].target = here();
    if (!returns.empty())
      emit(action::nothing, lines_[end]);
  }

  void block(size_t begin, size_t end, const arguments &given,
             const std::string &in, loop *around, std::vector<int> &returns) {
    for (size_t i = begin; i < end; i++) {
      line at = lines_[i];
      at.text = substitute(at.text, given);
      const auto w = words(at.text);
      if (w.empty())
        continue;
      if (w[0] == "if") {
        const size_t last = end_of(i);
        size_t other = last;
        for (size_t j = i + 1; j < last; j++) {
          const auto v = words(lines_[j].text);
          if (!v.empty() && opens(v[0]))
            j = end_of(j);
          else if (!v.empty() && v[0] == "else")
            other = j;
        }
        const int test = branch(at, at.text.substr(2), in);
        block(i + 1, other, given, in, around, returns);
        if (other != last) {
          const int over = here();
          emit(action::jump, at);
          code_->steps[static_cast<size_t>(test)].target = here();
          block(other + 1, last, given, in, around, returns);
          code_->steps[static_cast<size_t>(over)].target = here();
        } else {
          code_->steps[static_cast<size_t>(test)].target = here();
        }
        i = last;
      } else if (w[0] == "while" || w[0] == "loop") {
        const size_t last = end_of(i);
        loop inner = {here(), {}};
        int test = -1;
        if (w[0] == "while")
          test = branch(at, at.text.substr(5), in);
        block(i + 1, last, given, in, &inner, returns);
        emit(action::jump, at).target = inner.start;
        if (test >= 0)
          code_->steps[static_cast<size_t>(test)].target = here();
        for (const int b : inner.breaks)
          code_->steps[static_cast<size_t>(b)].target = here();
        i = last;
      } else if (w[0] == "break" || w[0] == "continue") {
        if (around == nullptr)
          error(at, "no loop around it");
        if (w[0] == "break")
          around->breaks.push_back(here());
        emit(action::jump, at).target = around->start;
      } else if (w[0] == "return") {
        returns.push_back(here());
        emit(action::jump, at);
      } else {
        statement_line(at, in);
      }
    }
  }

  int branch(const line &at, const std::string &condition, const std::string &in) {
    const int index = here();
    step &s = emit(action::branch, at);
    s.a = parse_expression(at, condition, in);
    s.shared = has_ghost(s.a);
    return index;
  }

  static bool has_ghost(const expression &e) {
    return std::any_of(e.begin(), e.end(),
                       [](const token &k) { return k.kind == token::ghost; });
  }

  void statement_line(line at, const std::string &in) {
    std::string tag;
    const size_t mark = at.text.find('@');
    if (mark != std::string::npos) {
      tag = trim(at.text.substr(mark + 1));
      at.text = trim(at.text.substr(0, mark));
    }
    bool first = true;
    for (const std::string &part : cut(at.text, ';')) {
      const int before = here();
      statement({part, at.number, at.included}, in, first ? tag : "");
      if (!first)
        for (int i = before; i < here(); i++)
          code_->steps[static_cast<size_t>(i)].glued = true;
      first = false;
    }
  }

  int register_of(const line &at, const std::string &name, const std::string &in) {
    const size_t dot = name.find('.');
    const std::string full = dot == 0                         ? name.substr(1)
                             : dot != std::string::npos       ? name
                             : name == "result" || in.empty() ? name
                                                              : in + "." + name;
    return register_named(at, prefix_ + full);
  }

  int register_named(const line &at, const std::string &full) {
    const auto found = registers_.find(full);
    if (found != registers_.end())
      return found->second;
    const int index = static_cast<int>(registers_.size());
    if (index == most_registers)
      error(at, "too many registers");
    return registers_[full] = index;
  }

  int place_of(const line &at, const std::string &name) {
    const auto found = places_.find(name);
    if (found != places_.end())
      return found->second;
    const auto declared = declared_.find(name);
    if (declared == declared_.end())
      error(at, "unknown place " + name);
    const int index = static_cast<int>(program_.places.size());
    if (index == most_places)
      error(at, "too many places");
    const auto other = initial_->find(name);
    program_.places.push_back(
        {declared->second.first, name,
         other != initial_->end() ? other->second : declared->second.second});
    return places_[name] = index;
  }

  int constant(const std::string &name) {
    if (name == change_.tag) {
      changed = true;
      return std::stoi(change_.change);
    }
    const auto other = initial_->find(name);
    return other != initial_->end() ? other->second : constants_.at(name);
  }

  int ghost_of(const std::string &name) {
    const auto found = ghosts_.find(name);
    if (found != ghosts_.end())
      return found->second;
    const auto declared = declared_ghosts_.find(name);
    if (declared == declared_ghosts_.end())
      return -1;
    const int index = static_cast<int>(program_.ghosts.size());
    if (index == most_ghosts)
      fail(file_, 0, "too many ghosts");
    program_.ghosts.push_back(name);
    const auto other = initial_->find(name);
    program_.ghost_initial.push_back(
        other != initial_->end() ? other->second : declared->second);
    return ghosts_[name] = index;
  }

  // What a caller passes, with the caller's registers by their full names.
  std::string qualified(const std::string &text, const std::string &in) const {
    std::string out;
    for (size_t i = 0; i < text.size();) {
      std::string word;
      while (i < text.size() && is_name(text[i]))
        word += text[i++];
      if (word.empty()) {
        out += text[i++];
        continue;
      }
      const std::string full = in.empty() ? word : in + "." + word;
      out += !registers_.count(prefix_ + full) ? word
             : in.empty()                      ? "." + word
                                               : full;
    }
    return out;
  }

  static bool is_name(char c) {
    return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
  }

  enum order order_of(const line &at, const std::string &name) const {
    static const std::map<std::string, enum order> orders = {
        {"relaxed", order::relaxed},
        {"acquire", order::acquire},
        {"release", order::release},
        {"acq_rel", order::acq_rel},
        {"seq_cst", order::seq_cst}};
    const auto found = orders.find(name);
    if (found == orders.end())
      error(at, "an order expected, not " + name);
    return found->second;
  }

  void statement(const line &at, const std::string &in, const std::string &tag) {
    // REG = CALL(...), REG = EXPRESSION, or CALL(...)
    std::string text = at.text, target;
    const size_t open = text.find('(');
    size_t equal = text.find('=');
    if (equal != std::string::npos &&
        (open == std::string::npos || equal < open) && text[equal + 1] != '=') {
      target = trim(text.substr(0, equal));
      text = trim(text.substr(equal + 1));
    }
    const size_t bracket = text.find('(');
    const std::string name =
        bracket == std::string::npos ? "" : trim(text.substr(0, bracket));
    std::vector<std::string> args;
    if (!name.empty() && text.back() == ')')
      args = cut(text.substr(bracket + 1, text.size() - bracket - 2), ',');
    const int reg = target.empty() ? -1 : register_of(at, target, in);
    auto want = [&](size_t n, bool result) {
      if (args.size() != n || result != (reg >= 0))
        error(at, "not the right arguments");
    };
    auto memory = [&](action what, const std::string &place) -> step & {
      const int l = place_of(at, place);
      step &s = emit(what, at);
      s.place = l;
      s.reg = reg;
      s.tag = tag;
      s.shared = true;
      return s;
    };
    auto value = [&](size_t i) { return parse_expression(at, args.at(i), in); };

    static const std::map<std::string, action> changes = {
        {"swap", action::swap},
        {"add", action::add},
        {"or", action::bit_or},
        {"and", action::bit_and}};
    if (name == "load") {
      want(2, true);
      memory(action::load, args[0]).order = order_of(at, args[1]);
    } else if (name == "store") {
      want(3, false);
      step &s = memory(action::store, args[0]);
      s.order = order_of(at, args[2]);
      s.a = value(1);
    } else if (changes.count(name)) {
      want(3, true);
      step &s = memory(changes.at(name), args[0]);
      s.order = order_of(at, args[2]);
      s.a = value(1);
    } else if (name == "cas") {
      if (args.size() == 4)
        args.push_back("relaxed");
      want(5, true);
      step &s = memory(action::cas, args[0]);
      s.order = order_of(at, args[3]);
      s.failure = order_of(at, args[4]);
      s.a = value(1);
      s.b = value(2);
    } else if (name == "fence") {
      want(1, false);
      step &s = emit(action::fence, at);
      s.order = order_of(at, args[0]);
      s.shared = s.order == order::seq_cst;
      s.tag = tag;
      program_.has_fences = true;
    } else if (name == "membarrier") {
      want(0, false);
      step &s = emit(action::membarrier, at);
      s.shared = true;
      s.tag = tag;
      step &second = emit(action::gathered, at);
      second.shared = true;
      second.tag = tag;
      program_.has_fences = program_.has_membarrier = true;
    } else if (name == "barrier") {
      want(0, false);
      emit(action::nothing, at).tag = tag;
    } else if (name == "wait" || name == "sleep" || name == "wait_until") {
      want(2, name == "wait_until");
      step &s = memory(name == "wait"    ? action::wait
                       : name == "sleep" ? action::sleep
                                         : action::wait_until,
                       args[0]);
      s.a = value(1);
    } else if (name == "wake") {
      want(1, false);
      memory(action::wake, args[0]);
    } else if (name == "lock" || name == "unlock") {
      want(1, false);
      memory(name == "lock" ? action::lock : action::unlock, args[0]);
    } else if (name == "touch" || name == "see") {
      want(1, false);
      memory(name == "touch" ? action::touch : action::see, args[0]);
    } else if (name == "set") {
      want(2, false);
      const int g = ghost_of(args[0]);
      if (g < 0)
        error(at, "unknown ghost " + args[0]);
      expression e = value(1);
      step &s = emit(action::set, at);
      s.place = g;
      s.a = e;
      s.shared = true;
    } else if (name == "assert") {
      want(2, false);
      expression e = value(0);
      step &s = emit(action::check, at);
      s.text = trim(args[1].substr(1, args[1].size() - 2));
      s.a = e;
      s.shared = has_ghost(e);
    } else if (name == "choose") {
      want(2, true);
      step &s = emit(action::choose, at);
      s.reg = reg;
      s.a = value(0);
      s.b = value(1);
      s.shared = true;
    } else if (name == "spawn") {
      want(1, false);
      step &s = emit(action::spawn, at);
      s.shared = true;
      for (size_t t = 0; t < program_.threads.size(); t++)
        if (program_.threads[t].name == args[0])
          s.target = static_cast<int>(t);
      if (s.target < 0)
        error(at, "unknown thread");
    } else if (defs_.count(name)) {
      const definition &d = defs_.at(name);
      want(d.parameters.size(), false);
      arguments given;
      for (size_t i = 0; i < args.size(); i++)
        given[d.parameters[i]] = qualified(args[i], in);
      block(d.begin, d.end, given, name, nullptr);
    } else if (!target.empty()) {
      expression e = parse_expression(at, text, in);
      step &s = emit(action::assign, at);
      s.reg = reg;
      s.a = e;
      s.shared = has_ghost(e);
    } else {
      error(at, "not understood");
    }
  }

  // ---- expressions ----

  expression parse_expression(const line &at, const std::string &text,
                              const std::string &in) {
    expression out;
    size_t i = 0;
    parse_level(at, text, i, in, 0, out);
    while (i < text.size() && text[i] == ' ')
      i++;
    if (i != text.size())
      error(at, "an expression ends early");
    return out;
  }

  void parse_level(const line &at, const std::string &text, size_t &i,
                   const std::string &in, size_t level, expression &out) {
    static const std::vector<std::vector<std::pair<std::string, char>>> levels = {
        {{"||", 'o'}},
        {{"&&", 'a'}},
        {{"==", '='}, {"!=", '#'}, {"<=", 'l'}, {">=", 'g'}, {"<", '<'}, {">", '>'}},
        {{"|", '|'}, {"&", '&'}},
        {{"+", '+'}, {"-", '-'}},
        {{"*", '*'}, {"%", '%'}}};
    auto skip = [&] {
      while (i < text.size() && text[i] == ' ')
        i++;
    };
    skip();
    if (level == levels.size()) {
      if (i < text.size() && text[i] == '!') {
        i++;
        parse_level(at, text, i, in, level, out);
        out.push_back({token::operation, '!'});
      } else if (i < text.size() && text[i] == '(') {
        i++;
        parse_level(at, text, i, in, 0, out);
        skip();
        if (i == text.size() || text[i] != ')')
          error(at, "no )");
        i++;
      } else {
        std::string word;
        while (i < text.size() && is_name(text[i]))
          word += text[i++];
        if (word.empty())
          error(at, "a value expected");
        if (isdigit(static_cast<unsigned char>(word[0])))
          out.push_back({token::number, std::stoi(word)});
        else if (constants_.count(word))
          out.push_back({token::number, constant(word)});
        else if (declared_ghosts_.count(word))
          out.push_back({token::ghost, ghost_of(word)});
        else if (declared_.count(word))
          error(at, "not without a load: " + word);
        else
          out.push_back({token::reg, register_of(at, word, in)});
      }
      return;
    }
    parse_level(at, text, i, in, level + 1, out);
    for (;;) {
      skip();
      char found = 0;
      for (const auto &o : levels[level])
        if (text.compare(i, o.first.size(), o.first) == 0 &&
            !(o.first.size() == 1 && i + 1 < text.size() &&
              text[i + 1] == text[i])) {
          i += o.first.size();
          found = o.second;
          break;
        }
      if (found == 0)
        return;
      parse_level(at, text, i, in, level + 1, out);
      out.push_back({token::operation, found});
    }
  }

  // ---- seeds ----

  // Lists how each step of the thread could be weaker, and weakens those that change_ names.
  void weaken() {
    auto &steps = code_->steps;
    for (size_t i = 0; i < steps.size(); i++) {
      step &s = steps[i];
      std::vector<std::string> ways;
      switch (s.what) {
      case action::load:
        if (acquires(s.order))
          ways = {"relaxed"};
        break;
      case action::store:
        if (releases(s.order))
          ways = {"relaxed"};
        break;
      case action::cas:
        if (acquires(s.failure))
          ways = {"failure-relaxed"};
        [[fallthrough]];
      case action::swap:
      case action::add:
      case action::bit_or:
      case action::bit_and:
        if (s.order == order::acq_rel)
          ways.insert(ways.end(), {"acquire", "release"});
        else if (s.order != order::relaxed)
          ways.push_back("relaxed");
        break;
      case action::fence:
        if (s.order == order::seq_cst)
          ways = {"acq_rel"};
        else
          ways = {"none"};
        break;
      case action::membarrier:
      case action::wake:
        ways = {"none"};
        break;
      case action::nothing:
        if (s.text == "barrier()")
          ways = {"swapped"};
        break;
      default:
        break;
      }
      if (s.tag == "client")
        continue;
      if (!ways.empty() && s.tag.empty())
        fail(file_, s.line, "no @tag: " + s.text);
      for (const std::string &way : ways)
        if (!s.included)
          mutations_.insert({s.tag, way});
      if (s.tag.empty() || s.tag != change_.tag)
        continue;
      const bool known =
          s.what == action::gathered ||
          std::find(ways.begin(), ways.end(), change_.change) != ways.end();
      if (!known)
        continue;
      changed = true;
      if (change_.change == "none") {
        s.what = action::nothing;
        s.shared = false;
      } else if (change_.change == "swapped") {
        std::swap(steps[i - 1], steps[i + 1]);
      } else if (change_.change == "failure-relaxed") {
        s.failure = order::relaxed;
      } else if (s.what != action::gathered) {
        s.order = order_of({s.text, s.line, s.included}, change_.change);
        if (s.what == action::fence)
          s.shared = false;
      }
    }
  }

  // Which registers are read later, so that others do not tell states apart.
  void find_live() {
    const auto &steps = code_->steps;
    auto &live = code_->live;
    live.assign(steps.size(), 0);
    for (bool again = true; again;) {
      again = false;
      for (size_t i = steps.size(); i-- > 0;) {
        const step &s = steps[i];
        uint32_t now = 0;
        if (s.what != action::jump && s.what != action::finish &&
            s.what != action::handled)
          now |= live[i + 1];
        if (s.what == action::jump || s.what == action::branch)
          now |= live[static_cast<size_t>(s.target)];
        if (s.reg >= 0)
          now &= ~(1u << s.reg);
        for (const expression *e : {&s.a, &s.b})
          for (const token &k : *e)
            if (k.kind == token::reg)
              now |= 1u << k.value;
        if (now != live[i]) {
          live[i] = now;
          again = true;
        }
      }
    }
  }
};

} // namespace models

#endif
