/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory model, as a machine with states.
 *
 * It is C11's model in its operational form with views ("promise-free": Kang, Hur, Lahav,
 * Vafeiadis, Dreyer: "A promising semantics for relaxed-memory concurrency", POPL 2017,
 * without promises), with the fences of RC11 (Lahav and others, PLDI 2017).
 *
 * An atomic word is not one value. It is a row of messages: all that was ever stored
 * there, in modification order. A *view* says, for each word, which message of its row is
 * the oldest that may still be read. Each thread has a view, `now`. From it all
 * reorderings follow:
 *
 *  - A load may take any message from `now` on, so also an old one. `now` moves to it.
 *  - A store may put its message anywhere in the row behind `now`, also before messages
 *    that others have stored. `now` moves to it.
 *  - A read-modify-write takes a message and puts its own directly behind. Nothing ever
 *    comes between the two.
 *  - A message carries a view: what its writer releases. A release store gives `now`; a
 *    relaxed one gives `released`, what the last release fence has left there. A
 *    read-modify-write adds the view of the message that it has read (a release sequence).
 *  - A load with acquire joins the message's view to `now`. A relaxed load joins it to
 *    `acquired`, from where an acquire fence takes it later.
 *  - A seq_cst fence is an acquire fence, joins `now` with the view `sc`, of which there
 *    is one for all, both ways, and is a release fence.
 *  - membarrier() is such a fence in the caller; then one in each other thread that has
 *    started and not ended, at any point between two of its steps, also while it sleeps;
 *    then one more in the caller, when all have had theirs. (A thread that has ended has
 *    had it at its end, as the system switches away from it.) The compiler is told nothing:
 *    barrier() in the thread's own code stands for the compiler's barrier, and the seed
 *    that takes it away exchanges the steps around it.
 *  - wait() compares and falls asleep in one step. The value that it compares with is not
 *    older than any store that a wake() on this word came after. It may sleep if the value
 *    is as it was given, and it may return without a reason. (sleep() does not: for loops
 *    that would have no end.) None of them is a fence.
 *
 * Plain memory (`data`) is accessed by touch(), which stands for a read and a write.
 * A touch that the last touch does not happen before is a data race, an error. see() only
 * reads: it is a race if the last touch does not happen before it, but a later touch does
 * not look for it. So readers can be several; where a writer must come after a reader, the
 * reader touches something of its own, and the writer, too.
 *
 * A signal handler runs once at most, between any two steps of its thread, on the
 * thread's own views.
 *
 * What the machine leaves out: it runs each thread in program order, so no load takes its
 * value from a store that comes later in another thread's view of things (load buffering:
 * RC11 forbids it, too, and no compiler or CPU does it with the orders used here but ARM
 * and POWER with relaxed ones). Weak compare-exchanges do not fail for nothing. seq_cst
 * loads and stores do not exist: the library has none.
 *
 * Names: messages are numbered by their position in the row, from 0. What no thread can
 * read any more is dropped, and the numbers move down, so that loops come back to states
 * which have been seen.
 */
#ifndef LIBCGO_MODELS_MACHINE_H
#define LIBCGO_MODELS_MACHINE_H

#include <cstring>

#include "program.h"

namespace models {

struct view {
  uint8_t at[most_places];
};

struct message {
  int8_t value;
  bool attached; // by a read-modify-write, to the one before
  view carries;
};

enum class status : uint8_t { not_started, running, asleep, finished };

struct thread_state {
  uint16_t pc;
  uint16_t interrupted; // where a signal has interrupted it; 0: not yet
  enum status status;
  uint8_t asleep_on;
  uint8_t owed; // a bit for each thread in membarrier() whose fence is to come
  int8_t regs[most_registers];
  view now, acquired, released;
};

struct state {
  thread_state threads[most_threads];
  int8_t ghosts[most_ghosts];
  view sc;
  view ended; // what the threads that have ended had seen, for membarrier()
  uint8_t woken[most_places]; // the message that the last wake() came after
  uint8_t count[most_places]; // of messages; of a mutex: whether it is held
  message messages[most_places][most_messages];
};

struct successor {
  state next;
  bool counts =
      true; // false: nobody may rely on it, as on a return without a reason
  int thread = 0;
  int line = 0;
  bool included = false;
  std::string what;      // only if asked for
  std::string violation; // empty: none
};

class machine {
public:
  explicit machine(const program &p) : program_(p) {}
  bool describe = false;

  state start() const {
    state s;
    std::memset(&s, 0, sizeof s);
    view first = {};
    for (size_t l = 0; l < program_.places.size(); l++) {
      s.count[l] = program_.places[l].kind == place::atomic;
      s.messages[l][0].value = static_cast<int8_t>(program_.places[l].initial);
      // Of data, a view says whether the last touch is known: 1.
      first.at[l] = program_.places[l].kind == place::data;
    }
    for (size_t l = 0; l < program_.places.size(); l++)
      s.messages[l][0].carries = first;
    s.sc = first;
    for (size_t g = 0; g < program_.ghosts.size(); g++)
      s.ghosts[g] = static_cast<int8_t>(program_.ghost_initial[g]);
    for (size_t t = 0; t < program_.threads.size(); t++) {
      if (program_.threads[t].later)
        continue;
      thread_state &own = s.threads[t];
      own.status = status::running;
      own.now = own.acquired = own.released = first;
    }
    successor n;
    n.next = s;
    for (size_t t = 0; t < program_.threads.size(); t++)
      if (!program_.threads[t].later)
        settle(n, static_cast<int>(t));
    tidy(n.next);
    return n.next;
  }

  bool is_end(const state &s) const {
    for (size_t t = 0; t < program_.threads.size(); t++)
      if (s.threads[t].status == status::running ||
          s.threads[t].status == status::asleep)
        return false;
    return true;
  }

  // Calls emit(successor &) for each state that comes next, always in the same order.
  template <typename F> void successors(const state &s, F &&emit) const {
    for (int t = 0; t < static_cast<int>(program_.threads.size()); t++) {
      for (int caller = 0; caller < most_threads; caller++)
        if (s.threads[t].owed >> caller & 1) {
          successor n = from(s, t);
          n.next.threads[t].owed &= static_cast<uint8_t>(~(1 << caller));
          fence(n.next, t, order::seq_cst);
          if (describe)
            n.what = "a fence, by the membarrier() of " + name_of(caller);
          finish(n, emit);
        }
      if (s.threads[t].status != status::running)
        continue;
      run(s, t, emit);
      const int handler = program_.threads[t].handler;
      if (handler >= 0 && s.threads[t].interrupted == 0) {
        successor n = from(s, t);
        if (describe)
          n.what = "a signal comes before: " + n.what;
        thread_state &own = n.next.threads[t];
        own.interrupted = static_cast<uint16_t>(own.pc + 1);
        own.pc = static_cast<uint16_t>(handler);
        n.counts = false;
        done(n, emit);
      }
    }
  }

  // The state in few bytes.
  void pack(const state &s, std::string &out) const {
    out.clear();
    const size_t places = program_.places.size();
    auto put = [&](int byte) { out.push_back(static_cast<char>(byte)); };
    auto put_view = [&](const view &v) {
      out.append(reinterpret_cast<const char *>(v.at), places);
    };
    for (size_t t = 0; t < program_.threads.size(); t++) {
      const thread_state &own = s.threads[t];
      put(static_cast<int>(own.status));
      if (own.status == status::not_started || own.status == status::finished)
        continue;
      put(own.pc & 255);
      put(own.pc >> 8);
      if (program_.threads[t].handler >= 0) {
        put(own.interrupted & 255);
        put(own.interrupted >> 8);
      }
      put(own.asleep_on);
      put(own.owed);
      const uint32_t live = live_in(static_cast<int>(t), own);
      for (int r = 0; r < most_registers; r++)
        if (live >> r & 1)
          put(own.regs[r]);
      put_view(own.now);
      if (program_.has_fences) {
        put_view(own.acquired);
        put_view(own.released);
      }
    }
    for (size_t g = 0; g < program_.ghosts.size(); g++)
      put(s.ghosts[g]);
    if (program_.has_fences)
      put_view(s.sc);
    if (program_.has_membarrier)
      put_view(s.ended);
    for (size_t l = 0; l < places; l++) {
      if (program_.places[l].kind == place::data)
        continue;
      put(s.count[l]);
      if (program_.places[l].kind == place::mutex) {
        put_view(s.messages[l][0].carries);
        continue;
      }
      put(s.woken[l]);
      for (int m = 0; m < s.count[l]; m++) {
        put(s.messages[l][m].value);
        put(s.messages[l][m].attached);
        put_view(s.messages[l][m].carries);
      }
    }
  }

  void unpack(const std::string &in, state &s) const {
    std::memset(&s, 0, sizeof s);
    const size_t places = program_.places.size();
    size_t i = 0;
    auto get = [&] { return static_cast<uint8_t>(in[i++]); };
    auto get_view = [&](view &v) {
      std::memcpy(v.at, in.data() + i, places);
      i += places;
    };
    for (size_t t = 0; t < program_.threads.size(); t++) {
      thread_state &own = s.threads[t];
      own.status = static_cast<status>(get());
      if (own.status == status::not_started || own.status == status::finished)
        continue;
      own.pc = get();
      own.pc = static_cast<uint16_t>(own.pc | get() << 8);
      if (program_.threads[t].handler >= 0) {
        own.interrupted = get();
        own.interrupted = static_cast<uint16_t>(own.interrupted | get() << 8);
      }
      own.asleep_on = get();
      own.owed = get();
      const uint32_t live = live_in(static_cast<int>(t), own);
      for (int r = 0; r < most_registers; r++)
        if (live >> r & 1)
          own.regs[r] = static_cast<int8_t>(get());
      get_view(own.now);
      own.acquired = own.released = own.now;
      if (program_.has_fences) {
        get_view(own.acquired);
        get_view(own.released);
      }
    }
    for (size_t g = 0; g < program_.ghosts.size(); g++)
      s.ghosts[g] = static_cast<int8_t>(get());
    if (program_.has_fences)
      get_view(s.sc);
    if (program_.has_membarrier)
      get_view(s.ended);
    for (size_t l = 0; l < places; l++) {
      if (program_.places[l].kind == place::data)
        continue;
      s.count[l] = get();
      if (program_.places[l].kind == place::mutex) {
        get_view(s.messages[l][0].carries);
        continue;
      }
      s.woken[l] = get();
      for (int m = 0; m < s.count[l]; m++) {
        s.messages[l][m].value = static_cast<int8_t>(get());
        s.messages[l][m].attached = get() != 0;
        get_view(s.messages[l][m].carries);
      }
    }
  }

  const std::string &name_of(int t) const { return program_.threads[t].name; }

private:
  const program &program_;
  static constexpr uint16_t handled_before = 0xffff;

  // While the handler runs, what it has interrupted keeps its registers.
  uint32_t live_in(int t, const thread_state &own) const {
    const thread_code &code = program_.threads[t];
    uint32_t live = code.live[own.pc];
    if (own.interrupted != 0 && own.interrupted != handled_before)
      live |= code.live[own.interrupted - 1];
    return live;
  }

  static void join(view &to, const view &v) {
    for (int l = 0; l < most_places; l++)
      if (to.at[l] < v.at[l])
        to.at[l] = v.at[l];
  }

  // Calls f on every view of the state.
  template <typename F> void each_view(state &s, F &&f) const {
    for (size_t t = 0; t < program_.threads.size(); t++) {
      f(s.threads[t].now);
      f(s.threads[t].acquired);
      f(s.threads[t].released);
    }
    f(s.sc);
    f(s.ended);
    for (size_t l = 0; l < program_.places.size(); l++) {
      const int n = program_.places[l].kind == place::mutex ? 1 : s.count[l];
      for (int m = 0; m < n; m++)
        f(s.messages[l][m].carries);
    }
  }

  int evaluate(const state &s, int t, const expression &e) const {
    int stack[16], n = 0;
    for (const token &k : e) {
      switch (k.kind) {
      case token::number:
        stack[n++] = k.value;
        continue;
      case token::reg:
        stack[n++] = s.threads[t].regs[k.value];
        continue;
      case token::ghost:
        stack[n++] = s.ghosts[k.value];
        continue;
      case token::operation:
        break;
      }
      if (k.value == '!') {
        stack[n - 1] = !stack[n - 1];
        continue;
      }
      const int b = stack[--n], a = stack[n - 1];
      int &r = stack[n - 1];
      switch (k.value) {
      case '+':
        r = a + b;
        break;
      case '-':
        r = a - b;
        break;
      case '*':
        r = a * b;
        break;
      case '%':
        r = a % b;
        break;
      case '&':
        r = a & b;
        break;
      case '|':
        r = a | b;
        break;
      case '=':
        r = a == b;
        break;
      case '#':
        r = a != b;
        break;
      case '<':
        r = a < b;
        break;
      case '>':
        r = a > b;
        break;
      case 'l':
        r = a <= b;
        break;
      case 'g':
        r = a >= b;
        break;
      case 'a':
        r = a && b;
        break;
      case 'o':
        r = a || b;
        break;
      }
    }
    return stack[0];
  }

  void fence(state &s, int t, order o) const {
    thread_state &own = s.threads[t];
    if (acquires(o))
      own.now = own.acquired;
    if (o == order::seq_cst) {
      join(own.now, s.sc);
      s.sc = own.now;
      own.acquired = own.now;
    }
    if (releases(o))
      own.released = own.now;
  }

  successor from(const state &s, int t) const {
    successor n;
    n.next = s;
    n.thread = t;
    const step &at = program_.threads[t].steps[s.threads[t].pc];
    n.line = at.line;
    n.included = at.included;
    if (describe)
      n.what = at.text;
    return n;
  }

  template <typename F> void finish(successor &n, F &&emit) const {
    tidy(n.next);
    emit(n);
  }

  // After a step: those that are glued to it, and what concerns nobody else.
  void settle(successor &n, int t) const {
    thread_state &own = n.next.threads[t];
    const thread_code &code = program_.threads[t];
    for (int most = 10000; n.violation.empty(); most--) {
      const step &at = code.steps[own.pc];
      if (at.shared && !at.glued)
        break;
      if (most == 0)
        fail(program_.file, at.line, "a loop without a shared step");
      if (at.what == action::finish) {
        own.status = status::finished;
        own.owed = 0;
        if (program_.has_membarrier)
          join(n.next.ended, own.now);
        std::memset(own.regs, 0, sizeof own.regs);
        own.now = own.acquired = own.released = view{};
        return;
      }
      plain(n, t, at);
    }
  }

  // A step that has one outcome and reads no atomic word.
  void plain(successor &n, int t, const step &at) const {
    state &s = n.next;
    thread_state &own = s.threads[t];
    own.pc++;
    switch (at.what) {
    case action::assign:
      own.regs[at.reg] = static_cast<int8_t>(evaluate(s, t, at.a));
      break;
    case action::set:
      s.ghosts[at.place] = static_cast<int8_t>(evaluate(s, t, at.a));
      break;
    case action::check:
      if (evaluate(s, t, at.a) == 0) {
        n.violation = at.text;
        n.line = at.line;
      }
      break;
    case action::branch:
      if (evaluate(s, t, at.a) == 0)
        own.pc = static_cast<uint16_t>(at.target);
      break;
    case action::jump:
      own.pc = static_cast<uint16_t>(at.target);
      break;
    case action::handled:
      own.pc = static_cast<uint16_t>(own.interrupted - 1);
      own.interrupted = handled_before;
      break;
    case action::touch:
    case action::see:
      if (own.now.at[at.place] == 0) {
        n.violation = "data race: " + program_.places[at.place].name;
        n.line = at.line;
      }
      if (at.what == action::see)
        break;
      each_view(s, [&](view &v) { v.at[at.place] = 0; });
      own.now.at[at.place] = own.acquired.at[at.place] = 1;
      break;
    case action::fence:
      fence(s, t, at.order);
      break;
    case action::spawn: {
      thread_state &other = s.threads[at.target];
      if (other.status != status::not_started)
        fail(program_.file, at.line, "this thread has started already");
      other.status = status::running;
      other.now = other.acquired = other.released = own.now;
      other.owed = own.owed; // the system starts a thread behind a fence
      settle(n, at.target);
      break;
    }
    case action::nothing:
      break;
    default:
      fail(program_.file, at.line, "this step cannot be glued to another");
    }
  }

  template <typename F> void done(successor &n, F &&emit) const {
    settle(n, n.thread);
    finish(n, emit);
  }

  void note(successor &n, const std::string &what) const {
    if (describe)
      n.what += what;
  }

  void read(state &s, int t, int l, int m, order o) const {
    thread_state &own = s.threads[t];
    own.now.at[l] = static_cast<uint8_t>(m);
    if (own.acquired.at[l] < m)
      own.acquired.at[l] = static_cast<uint8_t>(m);
    join(own.acquired, s.messages[l][m].carries);
    if (acquires(o))
      join(own.now, s.messages[l][m].carries);
    if (!program_.has_fences)
      own.acquired = own.now;
  }

  // Puts a message at position p of the row.
  void insert(state &s, int t, int l, int p, int value, order o,
              const view *continued) const {
    if (s.count[l] == most_messages)
      fail(program_.file, 0, "too many messages: " + program_.places[l].name);
    each_view(s, [&](view &v) {
      if (v.at[l] >= p)
        v.at[l]++;
    });
    if (s.woken[l] >= p)
      s.woken[l]++;
    for (int m = s.count[l]; m > p; m--)
      s.messages[l][m] = s.messages[l][m - 1];
    s.count[l]++;
    message &made = s.messages[l][p];
    thread_state &own = s.threads[t];
    own.now.at[l] = static_cast<uint8_t>(p);
    if (own.acquired.at[l] < p)
      own.acquired.at[l] = static_cast<uint8_t>(p);
    made.value = static_cast<int8_t>(value);
    made.attached = continued != nullptr;
    made.carries = releases(o)           ? own.now
                   : program_.has_fences ? own.released
                                         : view{};
    if (continued != nullptr)
      join(made.carries, *continued);
    if (made.carries.at[l] < p)
      made.carries.at[l] = static_cast<uint8_t>(p);
  }

  bool room_behind(const state &s, int l, int m) const {
    return m + 1 == s.count[l] || !s.messages[l][m + 1].attached;
  }

  std::string which(const state &s, int l, int m) const {
    if (!describe)
      return {};
    const int newer = s.count[l] - 1 - m;
    return std::to_string(s.messages[l][m].value) +
           (newer == 0 ? "" : ", old: " + std::to_string(newer) + " newer");
  }

  template <typename F> void run(const state &s, int t, F &&emit) const {
    const step &at = program_.threads[t].steps[s.threads[t].pc];
    const int l = at.place;
    const int a = evaluate(s, t, at.a);
    const int first = l >= 0 ? s.threads[t].now.at[l] : 0;
    switch (at.what) {
    case action::load:
      for (int m = first; m < s.count[l]; m++) {
        successor n = from(s, t);
        note(n, "  -> " + which(s, l, m));
        read(n.next, t, l, m, at.order);
        n.next.threads[t].regs[at.reg] = s.messages[l][m].value;
        n.next.threads[t].pc++;
        done(n, emit);
      }
      return;
    case action::store:
      for (int m = first; m < s.count[l]; m++) {
        if (!room_behind(s, l, m))
          continue;
        successor n = from(s, t);
        if (m + 1 < s.count[l])
          note(n, "  (before " + std::to_string(s.count[l] - 1 - m) + " others)");
        insert(n.next, t, l, m + 1, a, at.order, nullptr);
        n.next.threads[t].pc++;
        done(n, emit);
      }
      return;
    case action::swap:
    case action::add:
    case action::bit_or:
    case action::bit_and:
    case action::cas:
      for (int m = first; m < s.count[l]; m++) {
        const int old = s.messages[l][m].value;
        const bool failed = at.what == action::cas && old != a;
        if (!failed && !room_behind(s, l, m))
          continue;
        successor n = from(s, t);
        note(n, "  -> " + which(s, l, m));
        n.next.threads[t].regs[at.reg] = static_cast<int8_t>(old);
        n.next.threads[t].pc++;
        read(n.next, t, l, m, failed ? at.failure : at.order);
        if (!failed) {
          const int now = at.what == action::swap      ? a
                          : at.what == action::add     ? old + a
                          : at.what == action::bit_or  ? (old | a)
                          : at.what == action::bit_and ? (old & a)
                                                       : evaluate(s, t, at.b);
          const view continued = n.next.messages[l][m].carries;
          insert(n.next, t, l, m + 1, now, at.order, &continued);
        }
        done(n, emit);
      }
      return;
    case action::membarrier: {
      successor n = from(s, t);
      fence(n.next, t, order::seq_cst);
      for (size_t u = 0; u < program_.threads.size(); u++)
        if (static_cast<int>(u) != t && (s.threads[u].status == status::running ||
                                         s.threads[u].status == status::asleep))
          n.next.threads[u].owed |= static_cast<uint8_t>(1 << t);
      n.next.threads[t].pc++;
      done(n, emit);
      return;
    }
    case action::gathered: {
      for (size_t u = 0; u < program_.threads.size(); u++)
        if (s.threads[u].owed >> t & 1)
          return;
      successor n = from(s, t);
      join(n.next.sc, n.next.ended);
      fence(n.next, t, order::seq_cst);
      n.next.threads[t].pc++;
      done(n, emit);
      return;
    }
    case action::wait:
    case action::sleep:
    case action::wait_until: {
      const int oldest = s.woken[l] > first ? s.woken[l] : first;
      const int results = at.what == action::wait_until ? 2 : 1;
      bool returned = false;
      for (int m = oldest; m < s.count[l]; m++) {
        if (s.messages[l][m].value == a) {
          successor n = from(s, t);
          note(n, "  -> sleeps");
          n.next.threads[t].status = status::asleep;
          n.next.threads[t].asleep_on = static_cast<uint8_t>(l);
          if (at.reg >= 0)
            n.next.threads[t].regs[at.reg] = 0;
          n.next.threads[t].pc++;
          // The thread goes on only when it is woken: see `wake`.
          finish(n, emit);
        } else {
          returned = true;
        }
      }
      for (int result = 0; result < results; result++) {
        if (at.what == action::sleep && !returned)
          break;
        successor n = from(s, t);
        n.counts = returned || result == 1;
        note(n, result == 1 ? "  -> the time is up" : "  -> returns");
        if (at.reg >= 0)
          n.next.threads[t].regs[at.reg] = static_cast<int8_t>(result);
        n.next.threads[t].pc++;
        done(n, emit);
      }
      return;
    }
    case action::wake: {
      successor n = from(s, t);
      n.next.threads[t].pc++;
      n.next.woken[l] =
          s.woken[l] > first ? s.woken[l] : static_cast<uint8_t>(first);
      std::string who;
      for (size_t u = 0; u < program_.threads.size(); u++)
        if (s.threads[u].status == status::asleep && s.threads[u].asleep_on == l) {
          n.next.threads[u].status = status::running;
          n.next.threads[u].asleep_on = 0;
          who += " " + program_.threads[u].name;
          settle(n, static_cast<int>(u));
        }
      note(n, who.empty() ? "  -> nobody" : "  ->" + who);
      done(n, emit);
      return;
    }
    case action::lock: {
      if (s.count[l] != 0)
        return;
      successor n = from(s, t);
      n.next.count[l] = 1;
      join(n.next.threads[t].now, s.messages[l][0].carries);
      join(n.next.threads[t].acquired, s.messages[l][0].carries);
      n.next.threads[t].pc++;
      done(n, emit);
      return;
    }
    case action::unlock: {
      successor n = from(s, t);
      n.next.count[l] = 0;
      n.next.messages[l][0].carries = n.next.threads[t].now;
      n.next.threads[t].pc++;
      done(n, emit);
      return;
    }
    case action::choose:
      for (const expression *e : {&at.a, &at.b}) {
        successor n = from(s, t);
        const int value = evaluate(s, t, *e);
        note(n, "  -> " + std::to_string(value));
        n.next.threads[t].regs[at.reg] = static_cast<int8_t>(value);
        n.next.threads[t].pc++;
        done(n, emit);
      }
      return;
    default: {
      successor n = from(s, t);
      plain(n, t, at);
      if (n.violation.empty())
        done(n, emit);
      else
        finish(n, emit);
      return;
    }
    }
  }

  // Drops what no thread can read any more.
  void tidy(state &s) const {
    for (size_t l = 0; l < program_.places.size(); l++) {
      if (program_.places[l].kind != place::atomic)
        continue;
      int oldest = s.count[l] - 1;
      for (size_t t = 0; t < program_.threads.size(); t++) {
        const thread_state &own = s.threads[t];
        if ((own.status == status::running || own.status == status::asleep) &&
            own.now.at[l] < oldest)
          oldest = own.now.at[l];
      }
      if (oldest == 0)
        continue;
      const auto gone = static_cast<uint8_t>(oldest);
      for (int m = oldest; m < s.count[l]; m++)
        s.messages[l][m - oldest] = s.messages[l][m];
      s.count[l] = static_cast<uint8_t>(s.count[l] - gone);
      s.messages[l][0].attached = false;
      auto down = [gone](uint8_t &p) {
        p = p < gone ? 0 : static_cast<uint8_t>(p - gone);
      };
      each_view(s, [&](view &v) { down(v.at[l]); });
      down(s.woken[l]);
    }
  }
};

} // namespace models

#endif
