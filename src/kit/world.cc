// SPDX-License-Identifier: BSD-3-Clause
//
// The world of a runtime: parking, stopping, closing. docs/world.md has the protocol with a
// picture, and why its orders are enough.
//
// A thread says that it is parked or managed by a store to `mode` of its record, and looks
// at `poll`. Who stops the world stores to `poll`, and looks at `mode`. Each has to see the
// other's store, or be seen: with two fences, of which the thread's would be paid at each
// call. So the stopper makes both: after its store it has the system make a fence in all
// threads that run (os::fence_others). A thread's load of `poll` is before that fence or
// after it. If before, the store to `mode` is, too, and the stopper sees it. If after, the
// load sees `poll`. Where the system has no such fence, `slow` is 1 in all records, and the
// threads make theirs in the slow path.
//
// `callbacks` and `gate` of a member are such a pair, too: for libcgo_runtime_close.
//
// The slow paths of a thread take no lock: they may come in a signal handler. A stopper
// waits for `arrivals`, the parked threads wait for `epoch`. The lock is for the list of
// members, and held for a short time, but for libcgo_threads_visit.
#include "kit/world.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/probe.h"
#include "core/report.h"
#include "kit/calls.h"
#include "kit/key.h"
#include "kit/stack.h"

static_assert(offsetof(libcgo_thread, state) == THREAD_STATE, "");
static_assert(offsetof(libcgo_thread, poll) == THREAD_POLL, "");
static_assert(offsetof(libcgo_thread, slow) == THREAD_SLOW, "");
static_assert(offsetof(libcgo_thread, mode) == THREAD_MODE, "");
static_assert(offsetof(libcgo_thread, parked_sp) == THREAD_PARKED_SP, "");
static_assert(cgo::thread_world == THREAD_WORLD, "");

namespace cgo {

// A library-owned block, never unmapped: a thread that comes late may still look at it. One
// that nobody uses any more becomes another runtime's.
struct world {
  world *next;     // in the list of all; constant
  uint32_t owners; // the runtime, and members; 0: free
  uint32_t lock;   // 0 free, 1 taken, 2 and somebody waits
  uint32_t arrivals; // grows when a thread has parked, or left, where somebody may wait
  uint32_t epoch; // grows when threads may go on
  uint32_t closed;
  uint32_t stopped; // all are parked
  uint32_t slow;    // no fence from the other side
  uint32_t process;
  uintptr_t stopper; // the thread pointer of who has the turn, or 0
  uintptr_t lock_owner;
  uintptr_t expected;            // threads that are being created
  uintptr_t leaving;             // threads in their last hooks
  uintptr_t key;                 // 1 more than the system's; 0: none yet
  uintptr_t pinned;              // keep.cc's
  libcgo_thread *stopper_thread; // the stopper's record, if it was managed
  libcgo_thread *shaken;         // whose handshake's function runs
  member *first;
  signal_mask mask;  // of the lock's owner, who holds signals
  uint32_t sleepers; // on epoch, or more: a jump out of a handler leaves one
};

// tools/libcgo-gdb.py reads these.
constexpr size_t word_bytes = sizeof(uintptr_t);
static_assert(offsetof(world, closed) == 16 + word_bytes &&
                  offsetof(world, stopped) == 20 + word_bytes &&
                  offsetof(world, slow) == 24 + word_bytes &&
                  offsetof(world, stopper) == 32 + word_bytes &&
                  offsetof(world, shaken) == 32 + 8 * word_bytes &&
                  offsetof(world, first) == 32 + 9 * word_bytes,
              "");
static_assert(offsetof(member, thread) == 2 * word_bytes &&
                  offsetof(member, owner) == 4 * word_bytes &&
                  offsetof(member, next) == 24 + 5 * word_bytes,
              "");
static_assert(offsetof(libcgo_runtime, flags) == 40 + 10 * word_bytes &&
                  offsetof(libcgo_runtime, world) == 40 + 11 * word_bytes,
              "");

namespace {

// All blocks there have ever been. What is in it stays in it. With a value, as the others.
uintptr_t all_worlds = 0;
uint32_t child_is_told = 0;

constexpr uint32_t managed = 0;
constexpr uint32_t parked = THREAD_PARKED;
constexpr uint32_t in_parked_call = THREAD_IN_PARKED_CALL;

// In libcgo_thread::poll.
constexpr uint32_t stop_asked = 1;
constexpr uint32_t handshake_asked = 2;
constexpr uint32_t closed_told = 4;
constexpr uint32_t must_park = stop_asked | handshake_asked;

// In member::gate.
constexpr uint32_t gate_closed = 1;
constexpr uint32_t gate_slow = 2;

// member::state.
constexpr uint32_t is_live = 0;
constexpr uint32_t is_leaving = 1;
constexpr uint32_t is_shut = 2; // the runtime is closed

// The size of the record, in bytes, since it has what the world needs.
constexpr size_t world_thread = THREAD_PARKED_SP + 8 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_thread, more) + sizeof(libcgo_thread::more) ==
                  world_thread,
              "");

#ifdef LIBCGO_GUARD
constexpr bool supported = true;
#else
constexpr bool supported = false;
#endif

uintptr_t self() { return libcgo_thread_pointer(); }

// Keeps the compiler from moving a load before a store; for the CPU see above.
inline void light_fence() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

// A thread sanitizer does not know what it orders; it has the acquiring loads.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wtsan"
[[gnu::always_inline]] inline void full_fence() {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#pragma GCC diagnostic pop

template <class T> inline T load(const T *p) {
  return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}
template <class T> inline void store(T *p, T value) {
  __atomic_store_n(p, value, __ATOMIC_RELEASE);
}

world *world_of(const libcgo_runtime *runtime) {
  return reinterpret_cast<world *>(load(&runtime->world));
}

inline bool in_world(const libcgo_thread *thread) {
  return (thread->state & thread_world) != 0;
}

inline bool has_turn(const world *w) {
  return __atomic_load_n(&w->stopper, __ATOMIC_RELAXED) == self();
}

// ---- waiting ----

constexpr uint64_t no_limit = UINT64_MAX;

class deadline {
public:
  explicit deadline(uint64_t ns)
      : end_(ns == no_limit ? no_limit : os::now_ns() + ns) {
    if (ns != no_limit && end_ < ns)
      end_ = no_limit;
  }
  // False: it is over. Else waits a while.
  bool wait(const uint32_t *word, uint32_t value) const {
    if (end_ == no_limit) {
      os::wait_while(word, value);
      return true;
    }
    const uint64_t now = os::now_ns();
    if (now >= end_)
      return false;
    os::wait_while_for(word, value, end_ - now);
    return true;
  }

private:
  uint64_t end_;
};

void arrive(world *w) {
  __atomic_add_fetch(&w->arrivals, 1, __ATOMIC_ACQ_REL);
  os::wake_all(&w->arrivals);
}

// Who sleeps is counted first, and who wakes counts `epoch` first: one of the two sees the
// other. Not every system makes a fence of its own before it compares. A child of fork keeps the
// count, which is too high there.
bool sleep_while_epoch(world *w, uint32_t e,
                       const deadline &until = deadline(no_limit)) {
  __atomic_add_fetch(&w->sleepers, 1, __ATOMIC_RELAXED);
  full_fence();
  const bool in_time = until.wait(&w->epoch, e);
  __atomic_sub_fetch(&w->sleepers, 1, __ATOMIC_RELAXED);
  return in_time;
}

void let_go_on(world *w) {
  __atomic_add_fetch(&w->epoch, 1, __ATOMIC_ACQ_REL);
  full_fence();
  if (__atomic_load_n(&w->sleepers, __ATOMIC_RELAXED) != 0)
    os::wake_all(&w->epoch);
}

// ---- fork ----

// In a child only the thread that has called fork is left, which calls this. What the
// others were at is not continued, and the world runs.
void begin_anew_in_child(world *w) {
  os::signals_held held({}); // a handler may attach this thread
  if (load(&w->process) == static_cast<uint32_t>(os::process_id()))
    return; // one has come before
  const uintptr_t me = self();
  member *mine = nullptr;
  for (member *m = load(&w->first); m != nullptr; m = load(&m->next))
    if (m->owner == me)
      mine = m;
  w->first = mine;
  if (mine != nullptr) {
    mine->next = nullptr;
    mine->prev = &w->first;
    mine->thread->poll &= ~must_park;
  }
  libcgo_thread *const stopper = w->stopper_thread;
  if (w->stopper == me && stopper != nullptr) {
    stopper->mode = managed;
    member_of(stopper)->kept_used = member_of(stopper)->kept_floor;
  }
  w->stopper_thread = w->shaken = nullptr;
  w->stopper = 0;
  w->stopped = 0;
  w->expected = w->leaving = 0;
  const bool had_lock = w->lock_owner == me;
  w->lock_owner = 0;
  w->lock = 0;
  w->epoch++;
  w->arrivals++; // a handler has forked just before its thread sleeps on it
  store(&w->process, static_cast<uint32_t>(os::process_id()));
  if (had_lock)
    held.end_with(w->mask);
}

void look_for_fork(world *w) {
  if (load(&w->process) != static_cast<uint32_t>(os::process_id()))
    begin_anew_in_child(w);
}

// Of each child, before its fork returns: later there may be threads that have not forked.
void in_child() {
  for (auto *w = reinterpret_cast<world *>(load(&all_worlds)); w != nullptr;
       w = w->next)
    if (load(&w->owners) != 0)
      look_for_fork(w);
}

// ---- the lock ----

// The owner holds signals: a handler may call back, and would wait for its own thread.
void lock(world *w) {
  look_for_fork(w);
  os::signals_held held({});
  uint32_t now = 0;
  if (!__atomic_compare_exchange_n(&w->lock, &now, 1, false, __ATOMIC_ACQUIRE,
                                   __ATOMIC_RELAXED)) {
    while (__atomic_exchange_n(&w->lock, 2, __ATOMIC_ACQUIRE) != 0)
      os::wait_while(&w->lock, 2);
  }
  __atomic_store_n(&w->lock_owner, self(), __ATOMIC_RELAXED);
  w->mask = held.previous();
  held.keep();
}

void unlock(world *w) {
  const signal_mask mask = w->mask;
  __atomic_store_n(&w->lock_owner, uintptr_t{0}, __ATOMIC_RELAXED);
  if (__atomic_exchange_n(&w->lock, 0, __ATOMIC_RELEASE) == 2)
    os::wake_all(&w->lock);
  os::set_signal_mask(mask);
}

bool has_lock(const world *w) {
  return __atomic_load_n(&w->lock_owner, __ATOMIC_RELAXED) == self();
}

// With the lock, which is given back meanwhile.
void wait_for_epoch(world *w) {
  const uint32_t e = load(&w->epoch);
  unlock(w);
  sleep_while_epoch(w, e);
  lock(w);
}

bool is_others_turn(const world *w) {
  const uintptr_t stopper = load(&w->stopper);
  return stopper != 0 && stopper != self();
}

void link(member *m) {
  world *const w = m->of;
  m->prev = &w->first;
  m->next = w->first;
  if (m->next != nullptr)
    m->next->prev = &m->next;
  store(&w->first, m);
  m->linked = 1;
}

void unlink(member *m) {
  if (m->linked == 0)
    return;
  if (m->next != nullptr)
    m->next->prev = m->prev;
  store(m->prev, m->next);
  m->linked = 0;
}

// ---- parking ----

inline bool is_asked(const libcgo_thread *thread) {
  // One load of both words where they are one.
#if __SIZEOF_POINTER__ == 8
  uint64_t both;
  static_assert(THREAD_POLL % 8 == 0 && THREAD_SLOW == THREAD_POLL + 4, "");
  both = __atomic_load_n(
      reinterpret_cast<const uint64_t __attribute__((__may_alias__)) *>(
          &thread->poll),
      __ATOMIC_ACQUIRE);
  return both != 0;
#else
  return (load(&thread->poll) | load(&thread->slow)) != 0;
#endif
}

// Where a thread has parked. In a call of assembly, on a small stack, caller_sp tells it,
// otherwise parked_sp: 0 if no frames are left.
struct place {
  uint32_t mode;
  uintptr_t sp;
};

inline place place_of(const libcgo_thread *thread, uint32_t mode) {
  return {mode, __atomic_load_n(mode == in_parked_call ? &thread->caller_sp
                                                       : &thread->parked_sp,
                                __ATOMIC_RELAXED)};
}

inline place place_of(const libcgo_thread *thread) {
  return place_of(thread,
                  thread->mode == in_parked_call ? in_parked_call : parked);
}

inline void set_parked(libcgo_thread *thread, uint32_t mode = parked) {
  store(&thread->mode, mode);
  light_fence();
  if (__builtin_expect(is_asked(thread), false))
    libcgo_parks(thread);
}

// Where it has parked, if a handler has parked elsewhere meanwhile. Else nothing is written:
// others may be looking.
inline void set_place(libcgo_thread *thread, const place &where) {
  uintptr_t *const word =
      where.mode == in_parked_call ? &thread->caller_sp : &thread->parked_sp;
  if (*word != where.sp)
    __atomic_store_n(word, where.sp, __ATOMIC_RELAXED);
}

// The mode says managed, and a word is set. where: it has parked there.
[[gnu::cold, gnu::noinline]] void wait_to_unpark(libcgo_thread *thread,
                                                 const place &where);

inline void set_managed(libcgo_thread *thread, const place &where) {
  // Release: who reads it in a signal handler, or a debugger.
  store(&thread->mode, managed);
  light_fence();
  if (__builtin_expect(is_asked(thread), false))
    wait_to_unpark(thread, where);
}

inline void set_managed(libcgo_thread *thread) {
  set_managed(thread, place_of(thread));
}

// before: the place when it began. See park_at.
[[maybe_unused]] inline void end_parked_call(libcgo_thread *thread,
                                             uintptr_t sp, uintptr_t before) {
  set_managed(thread, {parked, sp});
  light_fence();
  thread->parked_sp = before;
}

} // namespace

// ---- the guard ----

enum guard_kind { keeps, calls_back, calls_parked };

} // namespace cgo

// What the guard's frame is for. In the frame of who calls libcgo_guard.
struct libcgo_guarded_call {
  cgo::guard_kind kind;
  libcgo_thread *thread;
  void (*callback)(libcgo_thread *thread, void *arg);
  uintptr_t (*fn)(void *arg);
  void *arg;
  uintptr_t result;
  uintptr_t parked_sp; // what it was before
  // Of a callback: what it was before.
  cgo::member *member;
  uintptr_t place_before;
  uintptr_t kept_floor;
  uint32_t mode;
  uint32_t callbacks;
  // Of what keeps: the end of what is kept.
  uintptr_t hi;
};

namespace cgo {

namespace {

constexpr char park_call[] = "libcgo_park";
[[maybe_unused]] constexpr char parked_call[] = "libcgo_call_parked";

// Makes room for so many words. The old ones stay mapped: this may be a handler that has
// interrupted keep_words. Nobody else looks while the thread is managed.
uintptr_t *room_to_keep(member *m, uintptr_t needed) {
  if (needed > m->kept_room) {
    uintptr_t room = m->kept_room * 2;
    while (room < needed)
      room *= 2;
    auto *const more = static_cast<kept_words *>(
        os::map_zeroed(sizeof(kept_words) + room * sizeof(uintptr_t)));
    if (more == nullptr)
      message(park_call).text("no memory to keep registers in").fatal();
    auto *const to = reinterpret_cast<uintptr_t *>(more + 1);
    for (uintptr_t i = 0; i < m->kept_used; i++)
      to[i] = m->kept[i];
    more->older = m->kept_pages;
    more->bytes = sizeof(kept_words) + room * sizeof(uintptr_t);
    m->kept_pages = more;
    m->kept = to;
    m->kept_room = room;
  }
  return m->kept;
}

// From here on a handler that parks and unparks by hand keeps its words behind these, and
// drops no more than its own. With the last store also one that came between the first two.
// Atomic: if it parks already, a stopper may read `kept_used`, which does not change then.
void claim_kept(member *m, uintptr_t end) {
  store(&m->kept_used, end);
  light_fence();
  m->kept_floor = end;
  light_fence();
  store(&m->kept_used, end);
  light_fence();
}

// Keeps all words from the guard's frame to the caller's: the registers are in the first,
// unless frames in between have saved them. Nothing of it is dropped before the caller sets
// `kept_floor` back.
LIBCGO_READS_STACKS void keep_words(member *m, uintptr_t lo, uintptr_t hi) {
  const uintptr_t used = m->kept_used;
  const uintptr_t words = (hi - lo) / sizeof(uintptr_t);
  const uintptr_t *to;
  do {
    uintptr_t *const kept = room_to_keep(m, used + words);
    to = kept;
    claim_kept(m, used + words);
    for (uintptr_t i = 0; i < words; i++)
      kept[used + i] = reinterpret_cast<const volatile uintptr_t *>(lo)[i];
    light_fence();
  } while (m->kept != to); // a handler has made room elsewhere
}

// The caller's registers, for one at sp.
[[gnu::noinline]] void keep_registers(libcgo_thread *thread, uintptr_t sp) {
  libcgo_guarded_call g = {};
  g.kind = keeps;
  g.thread = thread;
  g.hi = sp;
  libcgo_guard(&g);
}

// Parks the thread, which is managed, for a caller at sp that goes on. This may be a handler's
// that has interrupted code which has written its place, and has not parked yet. So the place
// is put back by the end.
[[gnu::noinline]] void park_at(libcgo_thread *thread, uintptr_t sp) {
  member *const m = member_of(thread);
  const uintptr_t floor = m->kept_floor;
  const uintptr_t place = thread->parked_sp;
  keep_registers(thread, sp);
  thread->parked_sp = sp;
  set_parked(thread);
  light_fence();
  m->kept_floor = floor; // from here on a handler does not park: the thread is
  m->place_before = place;
}

// The end of that, for one who waits with what it has kept. Then `kept` words stay.
void unpark_and_keep(libcgo_thread *thread, uintptr_t kept) {
  member *const m = member_of(thread);
  const uintptr_t floor = m->kept_floor;
  claim_kept(m, m->kept_used);
  set_managed(thread);
  light_fence();
  thread->parked_sp = m->place_before;
  m->kept_floor = floor;
  light_fence();
  m->kept_used = kept;
}

// Nothing stays that has been kept since the innermost callback began.
void unpark_and_drop(libcgo_thread *thread) {
  unpark_and_keep(thread, member_of(thread)->kept_floor);
}

// The mode says managed, and the thread is asked: for a caller at sp that goes on. It may be
// a handler's that has interrupted an unpark before its look at `poll`; that one needs what it
// has kept, if it waits.
[[gnu::noinline]] void wait_at(libcgo_thread *thread, uintptr_t sp) {
  const uintptr_t used = member_of(thread)->kept_used;
  park_at(thread, sp);
  unpark_and_keep(thread, used);
}

bool must_wait(const libcgo_thread *thread) {
  if (load(&thread->slow) != 0)
    full_fence();
  return (load(&thread->poll) & must_park) != 0 &&
         !has_turn(member_of(thread)->of);
}

// Tells who closes. Afterwards the record may be gone: the runtime is closed.
inline void set_callbacks(member *m, uint32_t callbacks) {
  store(&m->callbacks, callbacks);
  light_fence();
  const uint32_t gate = load(&m->gate);
  if (__builtin_expect(gate != 0, false)) {
    if ((gate & gate_slow) != 0)
      full_fence();
    if ((load(&m->gate) & gate_closed) != 0)
      arrive(m->of);
  }
}

// The record of a foreign thread becomes the client's. With the lock.
void shut(member *m) {
  libcgo_thread *const thread = m->thread;
  unlink(m);
  store(&m->thread, static_cast<libcgo_thread *>(nullptr));
  free(reinterpret_cast<void *>(thread->masks));
  thread->masks = 0;
  end_stacks(thread);
  thread->state = 0;
  thread->member = 0;
}

// With the lock, which is given back meanwhile, so that the runtime may be closed. The thread
// is parked, and goes on when no handshake's function has its record.
void wait_for_handshake(member *m) {
  while (m->thread != nullptr && (load(&m->thread->poll) & handshake_asked) != 0)
    wait_for_epoch(m->of);
}

// The outermost callback ends of a thread in its last hooks, or of one that has closed the
// runtime in it: it goes out of the list.
[[gnu::cold, gnu::noinline]] void go_out_again(member *m) {
  world *const w = m->of;
  lock(w);
  if (m->linked != 0) {
    wait_for_handshake(m);
    if (load(&m->state) == is_leaving) {
      unlink(m);
      // Who starts the world no longer finds it; the next callback is not asked.
      __atomic_and_fetch(&m->thread->poll, ~must_park, __ATOMIC_ACQ_REL);
    } else if (m->foreign != 0) {
      shut(m);
    }
  }
  unlock(w);
}

// Ends a callback: also while it is unwound.
[[gnu::always_inline]] inline void end_callback(const libcgo_guarded_call *g) {
  libcgo_thread *const thread = g->thread;
  member *const m = g->member;
  if (thread->mode != managed) // by hand, or a jump has left the call
    set_managed(thread);       // before others stop looking, nothing changes
  thread->parked_sp = g->parked_sp;
  m->place_before = g->place_before;
  m->kept_used = m->kept_floor;
  m->kept_floor = g->kept_floor;
  if (g->mode != managed)
    set_parked(thread, g->mode);
  if (g->callbacks == 0 && __builtin_expect(load(&m->state) != is_live, false))
    go_out_again(m);
  set_callbacks(m, g->callbacks);
}

[[gnu::cold, gnu::noinline]] bool is_counted(member *m, uint32_t gate) {
  if ((gate & gate_slow) != 0) {
    full_fence();
    gate = load(&m->gate);
  }
  if ((gate & gate_closed) == 0)
    return true;
  store(&m->callbacks, m->callbacks - 1);
  full_fence();
  arrive(m->of);
  return false;
}

// Counts a callback, after begin_callbacks. False: the runtime is closed, and nothing was counted.
inline bool count_callback(member *m) {
  store(&m->callbacks, m->callbacks + 1);
  light_fence();
  const uint32_t gate = load(&m->gate);
  return __builtin_expect(gate == 0, true) || is_counted(m, gate);
}

// Whether the first of the callbacks has been left, seen from code at sp. That is so if it
// was made below the caller. C that is called from a small stack, and its callbacks, are
// below the record's system_sp.
[[gnu::noinline]] bool has_left_callbacks(const member *m, uintptr_t sp) {
  libcgo_thread *const thread = m->thread;
  if (!on_own_stack(thread, m->outermost))
    return false;
  // While parked nothing is written to the record: others look.
  if ((!on_own_stack(thread, sp) || small_within_own(thread)) &&
      (range_of(thread).contains(sp) ||
       (thread->mode == managed && small_stack_at(thread, sp).span != 0)))
    sp = thread->system_sp;
  if (m->outermost >= sp || !on_own_stack(thread, sp))
    return false;
  // The signal stack may be a part of the own one: a handler has left nothing.
  stack_bounds signal;
  if (!os::has_signal_stack(&signal))
    return true;
  const range handlers = {signal.lo, signal.hi - signal.lo};
  return !handlers.contains(sp) || handlers.contains(m->outermost);
}

// A longjmp may have left callbacks. True: the thread is foreign, parked now, and its record
// may be gone.
inline bool forget_left_callbacks(member *m, uintptr_t sp) {
  if (m->callbacks != 0 && load(&m->state) == is_live &&
      has_left_callbacks(m, sp)) {
    const bool foreign = m->foreign != 0;
    if (foreign) { // which was parked before the first
      if (m->thread->mode != managed)
        set_managed(m->thread);
      m->kept_used = 0;
      m->thread->parked_sp = 0;
      set_parked(m->thread);
    } else if (m->thread->mode == managed) {
      m->kept_used = 0;
    }
    m->kept_floor = 0;
    set_callbacks(m, 0);
    return foreign;
  }
  return false;
}

// What is told to who is in the list, for one that comes into it. With the lock.
void take_over(member *m) {
  const world *const w = m->of;
  m->thread->slow = w->slow;
  m->gate = (w->slow != 0 ? gate_slow : 0) | (w->closed != 0 ? gate_closed : 0);
}

// The outermost callback of a thread in its last hooks begins: it comes into the list.
[[gnu::cold, gnu::noinline]] void come_in_again(member *m) {
  world *const w = m->of;
  lock(w);
  while (is_others_turn(w))
    wait_for_epoch(w);
  take_over(m);
  link(m);
  store(&m->thread->mode, managed);
  unlock(w);
}

// For a callback that C at sp makes. What is written here is there before the callback is
// counted: a handler that comes between would forget it.
inline void begin_callbacks(member *m, uintptr_t sp) {
  forget_left_callbacks(m, sp);
  if (m->callbacks == 0)
    m->outermost = sp - 1;
  light_fence();
}

// A created thread goes on at sp; its record stays. Perhaps it has left callbacks, and who
// closes the runtime waits for them. Before anything is kept: what has been is dropped.
void look_for_left_callbacks(libcgo_thread *thread, uintptr_t sp) {
  member *const m = member_of(thread);
  if (m->callbacks != 0 && m->foreign == 0 && sp != 0)
    forget_left_callbacks(m, sp);
}

[[gnu::always_inline]] inline void
run(member *m, void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  libcgo_thread *const thread = m->thread;
  libcgo_guarded_call g;
  g.kind = calls_back;
  g.thread = thread;
  g.callback = fn;
  g.arg = arg;
  g.member = m;
  g.parked_sp = thread->parked_sp;
  g.place_before = m->place_before;
  g.mode = thread->mode;
  g.callbacks = m->callbacks - 1;
  g.kept_floor = m->kept_floor;
  m->kept_floor = m->kept_used;
  if (__builtin_expect(load(&m->state) == is_leaving && g.callbacks == 0, false)) {
    come_in_again(m);
  } else if (g.mode == managed) {
    // C that was not called by libcgo_call_parked, or a handler. Perhaps before a look at
    // `poll`, so this is one.
    if (is_asked(thread) && must_wait(thread))
      wait_at(thread, sp_of_caller());
  } else {
    set_managed(thread);
  }
  libcgo_guard(&g);
  end_callback(&g);
}

} // namespace
} // namespace cgo

extern "C" {

void libcgo_guarded(libcgo_guarded_call *g, uintptr_t frame) {
  using namespace cgo;
  switch (g->kind) {
  case keeps:
    keep_words(member_of(g->thread), frame, g->hi);
    break;
  case calls_back:
    g->callback(g->thread, g->arg);
    break;
  case calls_parked:
    small_stack_at(g->thread, frame); // after this nothing is written to the record
    g->parked_sp = g->thread->parked_sp;
    g->thread->parked_sp = frame;
    set_parked(g->thread);
    g->result = libcgo_call_on_system(g->thread, g->fn, g->arg);
    end_parked_call(g->thread, frame, g->parked_sp);
    break;
  }
}

void libcgo_undo_guarded(libcgo_guarded_call *g) {
  if (g->kind == cgo::calls_back)
    cgo::end_callback(g);
  else if (g->kind == cgo::calls_parked)
    cgo::end_parked_call(g->thread, g->thread->parked_sp, g->parked_sp);
}

// Loads: a handler may have changed them.
void libcgo_parks(libcgo_thread *thread) {
  using namespace cgo;
  if (load(&thread->slow) != 0)
    full_fence();
  if ((load(&thread->poll) & must_park) != 0)
    arrive(member_of(thread)->of);
  look_for_left_callbacks(thread, place_of(thread).sp);
}

uintptr_t libcgo_unparks(libcgo_thread *thread, uintptr_t result) {
  cgo::wait_to_unpark(thread, {cgo::parked, thread->parked_sp});
  return result;
}

uintptr_t libcgo_ends_parked_call(libcgo_thread *thread, uintptr_t result,
                                  uintptr_t sp) {
  cgo::wait_to_unpark(thread, {cgo::in_parked_call, sp});
  return result;
}

} // extern "C"

namespace cgo {

namespace {

void wait_to_unpark(libcgo_thread *thread, const place &where) {
  world *const w = member_of(thread)->of;
  for (;;) {
    if (load(&thread->slow) != 0)
      full_fence();
    if ((load(&thread->poll) & must_park) == 0 || has_turn(w))
      return;
    set_place(thread, where);
    store(&thread->mode, where.mode);
    full_fence();
    arrive(w);
    look_for_fork(w); // a child that no handler of forks has told
    for (;;) {
      const uint32_t e = load(&w->epoch);
      if ((load(&thread->poll) & must_park) == 0)
        break;
      sleep_while_epoch(w, e);
    }
    store(&thread->mode, managed);
    full_fence();
  }
}

} // namespace
} // namespace cgo

// ---- unwinding ----
//
// An exception or a forced unwinding passes a frame that has something to undo: the
// unwinder calls the frame's personality routine, which does that. It looks for no handler,
// and stops nowhere.

#if defined(LIBCGO_GUARD) && !defined(LIBCGO_SYSTEM_UNWINDS)

namespace cgo {

namespace {

os::unwound_frame unwinder_that_called() {
  os::unwound_frame functions;
  if (!os::find_unwound_frame(&functions))
    message(parked_call)
        .text("an exception or a forced unwinding passes it, and the unwinder's functions "
              "cannot be found: link with libgcc_s")
        .fatal();
  return functions;
}

uintptr_t word_at(uintptr_t base, const libcgo_place_in_frame &place) {
  return *reinterpret_cast<const uintptr_t *>(
      base + static_cast<uintptr_t>(place.bytes));
}

#ifdef __ARM_EABI__

// Exception Handling ABI for the Arm Architecture: a personality routine also goes on to the
// caller's frame.
_Unwind_Reason_Code pass(_Unwind_State state, _Unwind_Control_Block *block,
                         _Unwind_Context *context,
                         const libcgo_place_in_frame &place, uintptr_t *word) {
  const os::unwound_frame unwinder = unwinder_that_called();
  *word = 0;
  if ((static_cast<int>(state) & _US_ACTION_MASK) == _US_UNWIND_FRAME_STARTING) {
    constexpr uint32_t stack_pointer = 13;
    uint32_t base = 0;
    unwinder.get_register(context, _UVRSC_CORE,
                          place.reg < 0 ? stack_pointer
                                        : static_cast<uint32_t>(place.reg),
                          _UVRSD_UINT32, &base);
    *word = word_at(base, place);
  }
  return unwinder.second(block, context) == _URC_OK ? _URC_CONTINUE_UNWIND
                                                    : _URC_FAILURE;
}

#else

// 0: nothing is to be undone yet.
uintptr_t word_of_frame(_Unwind_Action actions, _Unwind_Context *context,
                        const libcgo_place_in_frame &place) {
  if ((actions & _UA_CLEANUP_PHASE) == 0)
    return 0;
  const os::unwound_frame unwinder = unwinder_that_called();
  return word_at(place.reg < 0 ? static_cast<uintptr_t>(unwinder.second(context))
                               : static_cast<uintptr_t>(unwinder.get_register(
                                     context, static_cast<int>(place.reg))),
                 place);
}

#endif

} // namespace
} // namespace cgo

extern "C" {

#ifdef __ARM_EABI__

_Unwind_Reason_Code libcgo_guard_personality(_Unwind_State state,
                                             _Unwind_Control_Block *block,
                                             _Unwind_Context *context) {
  uintptr_t word;
  const _Unwind_Reason_Code code =
      cgo::pass(state, block, context, libcgo_guard_place, &word);
  if (word != 0)
    libcgo_undo_guarded(reinterpret_cast<libcgo_guarded_call *>(word));
  return code;
}

#else

_Unwind_Reason_Code libcgo_guard_personality(int, _Unwind_Action actions,
                                             _Unwind_Exception_Class,
                                             _Unwind_Exception *,
                                             _Unwind_Context *context) {
  if (const uintptr_t word =
          cgo::word_of_frame(actions, context, libcgo_guard_place))
    libcgo_undo_guarded(reinterpret_cast<libcgo_guarded_call *>(word));
  return _URC_CONTINUE_UNWIND;
}

#ifdef LIBCGO_CALL_PARKED
_Unwind_Reason_Code libcgo_parked_personality(int, _Unwind_Action actions,
                                              _Unwind_Exception_Class,
                                              _Unwind_Exception *,
                                              _Unwind_Context *context) {
  using namespace cgo;
  if ((actions & _UA_CLEANUP_PHASE) != 0) {
    const auto &frame = libcgo_parked_frame;
    const auto value =
        [context, get = unwinder_that_called().get_register](intptr_t reg) {
          return static_cast<uintptr_t>(get(context, static_cast<int>(reg)));
        };
    set_managed(
        reinterpret_cast<libcgo_thread *>(value(frame.in_thread) - frame.bytes),
        {in_parked_call, value(frame.caller_sp)});
  }
  return _URC_CONTINUE_UNWIND;
}

_Unwind_Reason_Code
libcgo_parked_anywhere_personality(int, _Unwind_Action actions,
                                   _Unwind_Exception_Class, _Unwind_Exception *,
                                   _Unwind_Context *context) {
  using namespace cgo;
  if (const uintptr_t word =
          word_of_frame(actions, context, libcgo_parked_place)) {
    auto *const thread = reinterpret_cast<libcgo_thread *>(word);
    // The word above is the place when the call began.
    const libcgo_place_in_frame before = {
        libcgo_parked_place.reg,
        libcgo_parked_place.bytes + static_cast<intptr_t>(sizeof(uintptr_t))};
    end_parked_call(thread, thread->parked_sp,
                    word_of_frame(actions, context, before));
  }
  return _URC_CONTINUE_UNWIND;
}
#endif

#endif

} // extern "C"

#elif !defined(LIBCGO_GUARD)

// No runtime with a world has threads here.
extern "C" void libcgo_guard(libcgo_guarded_call *g) { libcgo_guarded(g, 0); }

#endif

namespace cgo {

// ---- worlds and their members ----

namespace {

void begin(world *w) {
  w->lock = w->arrivals = w->closed = w->stopped = 0;
  w->epoch++;
  w->slow = os::find_fence() == os::fence_kind::others ? 0 : 1;
  w->stopper = w->lock_owner = w->expected = w->leaving = 0;
  w->key = w->pinned = 0;
  w->stopper_thread = w->shaken = nullptr;
  w->first = nullptr;
  store(&w->process, static_cast<uint32_t>(os::process_id()));
}

world *claim_world() {
  for (auto *w = reinterpret_cast<world *>(load(&all_worlds)); w != nullptr;
       w = w->next) {
    uint32_t none = 0;
    if (load(&w->owners) == 0 &&
        __atomic_compare_exchange_n(&w->owners, &none, 1, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
      return w;
  }
  auto *const w = static_cast<world *>(os::map_zeroed(sizeof(world)));
  if (w == nullptr)
    return nullptr;
  w->owners = 1;
  uintptr_t first = load(&all_worlds);
  do
    w->next = reinterpret_cast<world *>(first);
  while (!__atomic_compare_exchange_n(&all_worlds, &first,
                                      reinterpret_cast<uintptr_t>(w), false,
                                      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  return w;
}

void let_go(world *w) { __atomic_sub_fetch(&w->owners, 1, __ATOMIC_ACQ_REL); }

int make_world(libcgo_runtime *runtime) {
  if (world_of(runtime) != nullptr)
    return 0;
  uint32_t told = 0;
  if (__atomic_compare_exchange_n(&child_is_told, &told, 1, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
      !os::call_in_child(in_child)) {
    store(&child_is_told, uint32_t{0});
    return ENOMEM;
  }
  world *const w = claim_world();
  if (w == nullptr)
    return ENOMEM;
  begin(w);
  uintptr_t none = 0;
  if (!__atomic_compare_exchange_n(&runtime->world, &none,
                                   reinterpret_cast<uintptr_t>(w), false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    let_go(w); // another thread was first
  return 0;
}

} // namespace

int prepare_world(libcgo_runtime *runtime) {
  if (!supported)
    return ENOTSUP;
  const int err = make_world(runtime);
  return err == 0 && is_closed(runtime) ? ESHUTDOWN : err;
}

bool is_closed(const libcgo_runtime *runtime) {
  const world *const w = world_of(runtime);
  return w != nullptr && load(&w->closed) != 0;
}

void publish_key(libcgo_runtime *runtime) {
  store(&world_of(runtime)->key, load_key(runtime) + 1);
}

uintptr_t *pinned_word(libcgo_runtime *runtime) {
  world *const w = has_world(runtime) ? world_of(runtime) : nullptr;
  return w != nullptr ? &w->pinned : &runtime->pinned;
}

int check_world_thread(const libcgo_runtime *runtime,
                       const libcgo_thread *thread) {
  return has_world(runtime) && thread->size < world_thread ? EINVAL : 0;
}

int expect_start(libcgo_runtime *runtime) {
  world *const w = world_of(runtime);
  lock(w);
  const bool closed = w->closed != 0;
  if (!closed)
    w->expected++;
  unlock(w);
  return closed ? ESHUTDOWN : 0;
}

namespace {

void end_start(world *w) {
  if (w->expected != 0) // not one of a parent's
    w->expected--;
}

} // namespace

void forget_start(libcgo_runtime *runtime) {
  world *const w = world_of(runtime);
  lock(w);
  end_start(w);
  unlock(w);
  arrive(w);
}

void wait_for_start_of_world(libcgo_runtime *runtime) {
  world *const w = world_of(runtime);
  for (;;) {
    const uint32_t e = load(&w->epoch);
    look_for_fork(w);
    if (!is_others_turn(w))
      return;
    sleep_while_epoch(w, e);
  }
}

member *make_member(libcgo_runtime *runtime, libcgo_thread *thread,
                    bool foreign, void *room) {
  auto *const m =
      static_cast<member *>(room != nullptr ? room : malloc(sizeof(member)));
  if (m == nullptr)
    return nullptr;
  world *const w = world_of(runtime);
  m->of = w;
  m->runtime = runtime;
  m->thread = thread;
  m->key = key_of(runtime);
  m->owner = self();
  m->gate = 0;
  m->callbacks = m->state = m->rounds = m->linked = 0;
  m->foreign = foreign;
  m->next = nullptr;
  m->prev = nullptr;
  m->outermost = m->place_before = 0;
  m->seen = parked;
  m->signal_stack = {};
  m->kept = m->first_kept;
  m->kept_room = sizeof m->first_kept / sizeof(uintptr_t);
  m->kept_used = m->kept_floor = 0;
  m->kept_pages = nullptr;
  __atomic_add_fetch(&w->owners, 1, __ATOMIC_ACQ_REL);
  hold_key(m->key);
  return m;
}

void drop_member(member *m) {
  let_go_of_key(m->key);
  let_go(m->of);
  for (kept_words *older, *p = m->kept_pages; p != nullptr; p = older) {
    older = p->older;
    os::unmap(p, p->bytes);
  }
  free(m);
}

void join_world(member *m) {
  world *const w = m->of;
  libcgo_thread *const thread = m->thread;
  thread->poll = 0;
  thread->mode = parked;
  thread->spare = 0;
  thread->parked_sp = 0;
  thread->member = reinterpret_cast<uintptr_t>(m);
  thread->state |= thread_world;
  learn_own_bounds(thread); // without them segments have no end
  lock(w);
  while (is_others_turn(w))
    wait_for_epoch(w);
  if (m->foreign == 0)
    end_start(w);
  take_over(m);
  if (w->closed != 0)
    thread->poll = closed_told;
  link(m);
  unlock(w);
  if (m->foreign == 0 && load(&w->closed) != 0)
    arrive(w);
}

namespace {

// No frames of the runtime are left.
void park_at_the_end(libcgo_thread *thread) {
  if (thread->mode == managed) {
    thread->parked_sp = 0;
    set_parked(thread);
  }
}

} // namespace

bool begin_leave(member *m) {
  world *const w = m->of;
  lock(w);
  libcgo_thread *const thread = m->thread;
  if (m->state != is_shut) {
    park_at_the_end(thread);
    wait_for_handshake(m);
  }
  if (m->state == is_shut) {
    unlock(w);
    return false;
  }
  store(&m->state, is_leaving);
  store(&m->callbacks, 0u); // what has ended unseen
  w->leaving++;
  unlink(m);
  store(&thread->poll, 0u);
  unlock(w);
  arrive(w);
  return true;
}

void end_leave(member *m) {
  world *const w = m->of;
  lock(w);
  if (w->leaving != 0) // not one of a parent's
    w->leaving--;
  unlock(w);
  arrive(w);
  drop_member(m);
}

bool is_member_still(member *m) {
  world *const w = m->of;
  lock(w);
  const bool still = m->state != is_shut;
  if (still)
    park_at_the_end(m->thread);
  unlock(w);
  if (still)
    return true;
  mark_the_end(m->key, m->rounds + 1);
  drop_shut_member(m);
  return false;
}

void drop_shut_member(member *m) {
  world *const w = m->of;
  lock(w);
  if (m->linked != 0) {
    park_at_the_end(m->thread);
    wait_for_handshake(m);
    if (m->foreign != 0)
      shut(m);
    else
      unlink(m);
  }
  store(&m->callbacks, 0u);
  unlock(w);
  arrive(w); // who stops the world or closes it again
  if (m->foreign == 0)
    end_stacks(m->thread);
  if (m->signal_stack.lo != 0)
    os::drop_signal_stack(m->signal_stack);
  drop_member(m);
}

namespace {

// The member that the key has, of this runtime; or nullptr.
inline member *member_in_key(libcgo_runtime *runtime, const world *w) {
  const uintptr_t key = load(&w->key);
  if (key == 0)
    return nullptr;
  void *const value = os::get_key(key - 1);
  if (value == nullptr || is_mark_of_the_end(value))
    return nullptr;
  auto *const m = static_cast<member *>(value);
  return m->runtime == runtime && m->of == w ? m : nullptr; // a block may be new
}

// The same, also for a thread that is in its last hooks, or attached for one call. Its
// record is valid: the runtime waits for it where it closes.
member *find_member(libcgo_runtime *runtime, const world *w) {
  if (member *const m = member_in_key(runtime, w))
    return m;
  if (load(&w->closed) != 0)
    return nullptr;
  const libcgo_thread *const thread = runtime->ops->current(runtime);
  return thread != nullptr ? member_of(thread) : nullptr;
}

} // namespace

member *begin_use(libcgo_runtime *runtime, uintptr_t sp) {
  world *const w = world_of(runtime);
  member *const m = w == nullptr ? nullptr : find_member(runtime, w);
  if (m != nullptr)
    begin_callbacks(m, sp);
  return m != nullptr && count_callback(m) ? m : nullptr;
}

void end_use(member *m) {
  store(&m->callbacks, m->callbacks - 1);
  full_fence();
  if ((load(&m->gate) & gate_closed) != 0)
    arrive(m->of);
}

void run_managed(libcgo_thread *thread,
                 void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  // As a callback, but not one that a close waits for.
  member *const m = member_of(thread);
  libcgo_guarded_call g = {};
  g.kind = calls_back;
  g.thread = thread;
  g.callback = fn;
  g.arg = arg;
  g.member = m;
  g.mode = parked;
  g.callbacks = 0;
  set_managed(thread);
  libcgo_guard(&g);
  end_callback(&g);
}

namespace {

// A callback on a thread that has a record: returns 0, or ESHUTDOWN and fn has not run.
[[gnu::always_inline]] inline int
call_managed(member *m, void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  begin_callbacks(m, here());
  if (!count_callback(m))
    return ESHUTDOWN;
  // Not in the list, so nobody has told it.
  if (__builtin_expect(load(&m->state) == is_leaving, false) &&
      load(&m->of->closed) != 0) {
    end_use(m);
    return ESHUTDOWN;
  }
  [[maybe_unused]] libcgo_thread *const thread =
      m->thread; // not the member's afterwards
  LIBCGO_PROBE(callback, m->runtime, thread);
  run(m, fn, arg);
  LIBCGO_PROBE(callback_done, m->runtime, thread);
  return 0;
}

} // namespace

bool begin_use_of_attached(libcgo_runtime *runtime, libcgo_thread *thread,
                           uintptr_t sp) {
  member *const m = member_of(thread);
  begin_callbacks(m, sp);
  const bool counted = count_callback(m);
  if (counted)
    forget_start(runtime); // from here on the use keeps the record
  return counted;
}

int call_attached(libcgo_runtime *runtime, libcgo_thread *thread,
                  void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  member *const m = member_of(thread);
  begin_callbacks(m, here());
  const bool counted = count_callback(m);
  forget_start(runtime); // from here on the callback keeps the record
  if (!counted)
    return ESHUTDOWN;
  LIBCGO_PROBE(callback, runtime, thread);
  run(m, fn, arg);
  LIBCGO_PROBE(callback_done, runtime, thread);
  return 0;
}

int call_in_world(libcgo_runtime *runtime,
                  void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  world *const w = world_of(runtime);
  if (w == nullptr)
    return not_in_world;
  member *m = member_in_key(runtime, w);
  if (__builtin_expect(m == nullptr, false)) {
    if (load(&w->closed) != 0)
      return ESHUTDOWN;
    m = find_member(runtime, w);
    if (m == nullptr)
      return not_in_world;
  }
  return call_managed(m, fn, arg);
}

void forget_world(libcgo_runtime *runtime) {
  const uintptr_t w =
      __atomic_exchange_n(&runtime->world, uintptr_t{0}, __ATOMIC_ACQ_REL);
  if (w != 0)
    let_go(reinterpret_cast<world *>(w));
}

// ---- turns ----

namespace {

// What a public function begins with: the world, the calling thread's member.
struct caller {
  os::cancellation_disabled disabled;
  int saved_errno = errno;
  int err = 0;
  world *w = nullptr;
  member *m = nullptr;
  bool was_managed = false;

  explicit caller(libcgo_runtime *runtime) {
    err = check_runtime(runtime);
    if (err != 0)
      return;
    if (!has_world(runtime) || !supported) {
      err = ENOTSUP;
      return;
    }
    err = make_world(runtime);
    if (err != 0)
      return;
    w = world_of(runtime);
    look_for_fork(w);
    m = find_member(runtime, w);
    if (m != nullptr && load(&m->thread) == nullptr)
      m = nullptr; // its record may be gone
  }
  ~caller() { errno = saved_errno; }
  caller(const caller &) = delete;
  caller &operator=(const caller &) = delete;

  // A managed caller parks for as long as it waits.
  void park(uintptr_t sp) {
    was_managed = m != nullptr && m->thread->mode == managed;
    if (was_managed) {
      look_for_left_callbacks(m->thread, sp);
      park_at(m->thread, sp);
    }
  }
  void unpark() {
    if (was_managed) {
      unpark_and_drop(m->thread);
    }
  }
};

// With the lock. False: the time is over.
bool take_turn(world *w, const deadline &until) {
  while (w->stopper != 0) {
    const uint32_t e = load(&w->epoch);
    unlock(w);
    const bool in_time = sleep_while_epoch(w, e, until);
    lock(w);
    if (!in_time && w->stopper != 0)
      return false;
  }
  store(&w->stopper, self());
  return true;
}

// With the lock; turn_is_free afterwards.
void give_turn_back(world *w) {
  w->stopper_thread = w->shaken = nullptr;
  store(&w->stopped, 0u);
  store(&w->stopper, uintptr_t{0});
}

// After give_turn_back, without the lock.
void turn_is_free(world *w) {
  let_go_on(w);
  if (load(&w->closed) != 0)
    arrive(w); // who closes waits for the turn
}

void set_poll(libcgo_thread *thread, uint32_t bits) {
  __atomic_or_fetch(&thread->poll, bits, __ATOMIC_ACQ_REL);
}
void clear_poll(libcgo_thread *thread, uint32_t bits) {
  __atomic_and_fetch(&thread->poll, ~bits, __ATOMIC_ACQ_REL);
}

constexpr uint64_t settled_ns = 20000000;

// Without the lock, which a fence need not hold up.
void fence(world *w) {
  full_fence();
  if (load(&w->slow) != 0 || os::fence_others())
    return;
  // Refused from now on, by a sandbox that was set up late. The threads make their own
  // fences; what they have stored before is visible long before these milliseconds are over.
  lock(w);
  store(&w->slow, 1u);
  for (member *m = w->first; m != nullptr; m = m->next) {
    store(&m->thread->slow, 1u);
    __atomic_or_fetch(&m->gate, gate_slow, __ATOMIC_ACQ_REL);
  }
  unlock(w);
  const uint64_t end = os::now_ns() + settled_ns;
  while (os::now_ns() < end) // signals end a sleep early
    os::sleep_ms(1);
  full_fence();
}

// Waits until find() returns nullptr, which is called with the lock and returns a thread
// that is in the way. Returns the last one where the time is over.
template <class Find>
libcgo_thread *wait_for_threads(world *w, const deadline &until, Find find) {
  for (;;) {
    const uint32_t e = load(&w->arrivals);
    lock(w);
    libcgo_thread *const late = find();
    unlock(w);
    if (late == nullptr || !until.wait(&w->arrivals, e))
      return late;
  }
}

// What it sees tells where the thread has parked until the world starts, or the handshake is
// over: the thread may store another mode, when it finds that it has to wait.
bool sees_parked(member *m) {
  const uint32_t mode = load(&m->thread->mode);
  if (mode != managed)
    store(&m->seen, mode);
  return mode != managed;
}

int stop(libcgo_runtime *runtime, uint64_t timeout_ns, libcgo_thread **late,
         uintptr_t sp) {
  if (late != nullptr)
    *late = nullptr;
  caller me(runtime);
  if (me.err != 0)
    return me.err;
  world *const w = me.w;
  if (has_turn(w) || has_lock(w))
    return EDEADLK;
  const deadline until(timeout_ns);
  me.park(sp);
  lock(w);
  if (!take_turn(w, until)) {
    unlock(w);
    me.unpark();
    return ETIMEDOUT;
  }
  if (me.was_managed)
    w->stopper_thread = me.m->thread;
  LIBCGO_PROBE(world_stops, runtime, me.m == nullptr ? nullptr : me.m->thread);
  const uintptr_t self_pointer = self();
  bool others = false;
  for (member *m = w->first; m != nullptr; m = m->next)
    if (m->owner != self_pointer) {
      set_poll(m->thread, stop_asked);
      others = true;
    } else {
      sees_parked(m);
    }
  // With the lock, or who visits the threads looks before it, and sleeps after it.
  if (!others)
    store(&w->stopped, 1u);
  unlock(w);
  libcgo_thread *slowest = nullptr;
  if (others) {
    fence(w);
    slowest = wait_for_threads(w, until, [w, self_pointer]() -> libcgo_thread * {
      for (member *m = w->first; m != nullptr; m = m->next)
        if (!sees_parked(m) && m->owner != self_pointer)
          return m->thread;
      if (has_turn(w))
        store(&w->stopped, 1u);
      return nullptr;
    });
  }
  if (!has_turn(w)) { // a handler has forked, and this is the child
    me.unpark();
    return stop(runtime, timeout_ns, late, sp);
  }
  if (slowest == nullptr) {
    let_go_on(w);
    LIBCGO_PROBE(world_stopped, runtime,
                 me.m == nullptr ? nullptr : me.m->thread);
    return 0;
  }
  LIBCGO_PROBE(world_late, runtime, slowest);
  lock(w);
  for (member *m = w->first; m != nullptr; m = m->next)
    clear_poll(m->thread, stop_asked);
  give_turn_back(w);
  unlock(w);
  turn_is_free(w);
  me.unpark();
  if (late != nullptr)
    *late = slowest;
  return ETIMEDOUT;
}

int start(libcgo_runtime *runtime) {
  caller me(runtime);
  if (me.err != 0)
    return me.err;
  world *const w = me.w;
  if (!has_turn(w) || load(&w->stopped) == 0 || has_lock(w))
    return EPERM;
  LIBCGO_PROBE(world_starts, runtime, me.m == nullptr ? nullptr : me.m->thread);
  lock(w);
  libcgo_thread *const thread = w->stopper_thread;
  for (member *m = w->first; m != nullptr; m = m->next)
    clear_poll(m->thread, stop_asked);
  give_turn_back(w);
  unlock(w);
  turn_is_free(w);
  if (thread != nullptr) {
    unpark_and_drop(thread);
  }
  return 0;
}

int shake(libcgo_runtime *runtime, libcgo_thread *thread,
          void (*fn)(libcgo_thread *thread, void *arg), void *arg, uintptr_t sp) {
  if (fn == nullptr)
    return EINVAL;
  caller me(runtime);
  if (me.err != 0)
    return me.err;
  world *const w = me.w;
  if (has_lock(w))
    return EDEADLK;
  const auto is_there = [w, thread] {
    for (member *m = w->first; m != nullptr; m = m->next)
      if (m->thread == thread)
        return true;
    return false;
  };
  const bool own = me.m != nullptr && me.m->thread == thread;
  const auto process = static_cast<uint32_t>(os::process_id());
  const auto is_child = [process] {
    return static_cast<uint32_t>(os::process_id()) != process;
  };
  const bool has = has_turn(w);
  if (own || (has && w->shaken == thread)) {
    fn(thread, arg);
    return 0;
  }
  if (has) { // and has stopped the world, or shakes another
    if (load(&w->stopped) == 0)
      return EDEADLK; // that one may be managed
    lock(w);
  } else {
    me.park(sp);
    lock(w);
    take_turn(w, deadline(no_limit));
  }
  const bool there = is_there();
  if (there) // also where it is parked: it does not end meanwhile
    set_poll(thread, handshake_asked);
  unlock(w);
  if (there) {
    if (!has) {
      fence(w);
      wait_for_threads(w, deadline(no_limit), [thread]() -> libcgo_thread * {
        return sees_parked(member_of(thread)) ? nullptr : thread;
      });
    }
    libcgo_thread *const before = w->shaken;
    w->shaken = thread;
    fn(thread, arg);
    if (is_child()) { // in which the world runs
      me.unpark();
      return 0;
    }
    w->shaken = before;
  }
  lock(w);
  if (there && is_there()) // fn may have closed the runtime
    clear_poll(thread, handshake_asked);
  if (!has)
    give_turn_back(w);
  unlock(w);
  if (has)
    let_go_on(w);
  else
    turn_is_free(w);
  me.unpark();
  return there ? 0 : ESRCH;
}

int visit_threads(libcgo_runtime *runtime,
                  int (*visit)(libcgo_thread *thread, void *arg), void *arg,
                  uintptr_t sp) {
  if (visit == nullptr)
    return EINVAL;
  caller me(runtime);
  if (me.err != 0)
    return me.err;
  world *const w = me.w;
  const bool nested = has_lock(w);
  bool own_turn = false;
  if (!nested) {
    if (!has_turn(w))
      me.park(sp);
    lock(w);
    // A helper of who has stopped the world looks at it meanwhile. Otherwise nobody may stop
    // it, because visit may come by a safepoint, and a stopper needs the lock.
    while (is_others_turn(w) && load(&w->stopped) == 0)
      wait_for_epoch(w);
    if (w->stopper == 0) {
      own_turn = true;
      store(&w->stopper, self());
    }
    if (own_turn && me.was_managed) {
      me.m->kept_used = me.m->kept_floor;
      store(&me.m->thread->mode, managed);
      me.was_managed = false;
    }
  }
  const uint32_t process = w->process;
  int result = 0;
  for (member *m = w->first; m != nullptr && result == 0; m = m->next) {
    result = visit(m->thread, arg);
    if (static_cast<uint32_t>(os::process_id()) != process) {
      look_for_fork(w); // a child: the lock is free, and the other threads are gone
      me.unpark();
      return result;
    }
  }
  if (nested)
    return result;
  if (own_turn)
    give_turn_back(w);
  unlock(w);
  if (own_turn)
    turn_is_free(w);
  me.unpark();
  return result;
}

// ---- closing ----

int close(libcgo_runtime *runtime, uint64_t timeout_ns, uintptr_t sp) {
  caller me(runtime);
  if (me.err != 0)
    return me.err;
  world *const w = me.w;
  if (has_lock(w) || (has_turn(w) && load(&w->stopped) == 0))
    return EDEADLK;
  const deadline until(timeout_ns);
  me.park(sp);
  lock(w);
  store(&w->closed, 1u);
  for (member *m = w->first; m != nullptr; m = m->next) {
    __atomic_or_fetch(&m->gate, gate_closed, __ATOMIC_ACQ_REL);
    set_poll(m->thread, closed_told);
  }
  unlock(w);
  fence(w);
  LIBCGO_PROBE(runtime_closes, runtime, me.m == nullptr ? nullptr : me.m->thread);
  const uintptr_t self_pointer = self();
  bool done = false;
  libcgo_thread none = LIBCGO_THREAD_INIT; // there is a thread, and no record
  const uintptr_t own_leaving =
      me.m != nullptr && load(&me.m->state) == is_leaving;
  wait_for_threads(w, until, [&]() -> libcgo_thread * {
    // Who has the turn looks at records.
    if (is_others_turn(w) || w->expected != 0 || w->leaving > own_leaving)
      return &none;
    for (member *m = w->first; m != nullptr; m = m->next)
      if (m->owner != self_pointer && load(&m->callbacks) != 0)
        return m->thread;
    // With the lock: nobody has come meanwhile.
    for (member *next, *m = w->first; m != nullptr; m = next) {
      next = m->next;
      const bool own = m->owner == self_pointer;
      if (m->state == is_leaving) // in its last hooks, which goes on
        continue;
      store(&m->state, is_shut);
      m->signal_stack = {m->thread->signal_stack,
                         m->thread->signal_stack + m->thread->signal_stack_bytes};
      if (m->foreign != 0 && !(own && m->callbacks != 0))
        shut(m);
      // The others' records are in use until they end, or the callback does.
    }
    done = true;
    return nullptr;
  });
  if (me.m != nullptr && me.m->thread != nullptr)
    me.unpark();
  return done ? 0 : ETIMEDOUT;
}

} // namespace
} // namespace cgo

// ---- segments ----

namespace cgo {

namespace {

struct segments {
  int (*visit)(const libcgo_segment *segment, void *arg);
  void *arg;
  int result = 0;
  bool own_told = false; // all of the thread's own stack
  void add(uintptr_t lo, uintptr_t hi, int kind) {
    if (result == 0 && lo < hi) {
      const libcgo_segment s = {lo, hi, kind};
      result = visit(&s, arg);
    }
  }
};

// What the record says of where things go on, for a call that is under way.
struct position {
  range small;
  uintptr_t caller_sp;
  uintptr_t system_sp;
  const stack_call *running;
};

position before_call(const stack_call *c) {
  const stack_call *parent = c->parent;
  if (parent != nullptr && parent->serial != c->parent_serial)
    parent = nullptr;
  return {c->prior, c->prior_caller, c->prior_system, parent};
}

// C at sp, which was begun at `top`, or with 0 as the first thing on its stack.
void add_c(segments &s, const libcgo_thread *thread, uintptr_t sp, uintptr_t top) {
  if (on_own_stack(thread, sp)) {
    if (!s.own_told)
      s.add(sp,
            top != 0 && on_own_stack(thread, top) && top >= sp ? top
                                                               : thread->stack_hi,
            LIBCGO_STACK_SYSTEM);
    return;
  }
  stack_bounds mapping;
  if (os::mapping_bounds(sp, &mapping) == 0)
    s.add(sp, top >= sp && top < mapping.hi ? top : mapping.hi,
          LIBCGO_STACK_OTHER);
}

// Whether the thread is on another stack than the one of the code that was managed before: in
// a handler on the signal stack, or in a coroutine to which a callback has switched. The
// callbacks that a coroutine makes itself are on its own stack.
bool has_interrupted(const libcgo_thread *thread, uintptr_t sp) {
  if (range_of(thread).contains(sp) || on_own_stack(thread, sp))
    return false;
  const member *const m = member_of(thread);
  stack_bounds mapping;
  if (m->callbacks == 0 || os::mapping_bounds(sp, &mapping) != 0)
    return true;
  const range there = {mapping.lo, mapping.hi - mapping.lo};
  return !there.contains(m->outermost);
}

// How far that code's frames reach nobody tells, so all is told that can be read. The initial
// thread's stack has not grown to its end.
void add_interrupted(segments &s, const libcgo_thread *thread) {
  constexpr uintptr_t page = 4096; // pages are no smaller than that on any system
  const range small = range_of(thread);
  s.add(small.lo, small.lo + small.span, LIBCGO_STACK_SMALL);
  uintptr_t lo = thread->stack_hi & ~(page - 1);
  char byte;
  while (lo > thread->stack_lo && os::copy_readable(lo - page, &byte, 1))
    lo -= page;
  s.add(lo > thread->stack_lo ? lo : thread->stack_lo, thread->stack_hi,
        LIBCGO_STACK_SYSTEM);
  s.own_told = true;
}

// From sp, where the thread is managed or has parked, out to the beginning. A call that has
// been left, by an exception for instance, may still be named: it was made below C that runs
// on the same stack.
void walk(segments &s, const libcgo_thread *thread, uintptr_t sp) {
  position now = {range_of(thread), thread->caller_sp, thread->system_sp,
                  running_of(thread)};
  if (has_interrupted(thread, sp)) {
    add_c(s, thread, sp, 0);
    add_interrupted(s, thread);
    const stack_call *const c = now.running;
    if (c == nullptr || !counts(c))
      return;
    sp = c->mark;
    now = before_call(c);
  }
  while (s.result == 0) {
    if (now.small.contains(sp)) {
      const stack_call *const c =
          now.running; // a context's range is its whole stack
      const bool is_in_call = c != nullptr && counts(c) &&
                              c->start - sp < now.small.span &&
                              now.small.contains(c->start);
      s.add(sp, is_in_call ? c->start : now.small.lo + now.small.span,
            LIBCGO_STACK_SMALL);
    } else {
      while (now.running != nullptr && on_own_stack(thread, sp) &&
             on_own_stack(thread, now.running->mark) && now.running->mark < sp)
        now = before_call(now.running);
      if (!now.small.contains(now.caller_sp)) {
        add_c(s, thread, sp, 0);
        return;
      }
      add_c(s, thread, sp, now.system_sp);
      s.add(now.caller_sp, now.small.lo + now.small.span, LIBCGO_STACK_SMALL);
    }
    const stack_call *const c = now.running;
    if (c == nullptr || !counts(c))
      return;
    sp = c->mark;
    now = before_call(c);
  }
}

int kind_of(const libcgo_thread *thread, uintptr_t sp) {
  return range_of(thread).contains(sp) ? LIBCGO_STACK_SMALL : LIBCGO_STACK_SYSTEM;
}

void add_kept(segments &s, const member *m, int kind) {
  const auto lo = reinterpret_cast<uintptr_t>(m->kept);
  s.add(lo, lo + load(&m->kept_used) * sizeof(uintptr_t), kind);
}

int visit_segments(libcgo_thread *thread,
                   int (*visit)(const libcgo_segment *segment, void *arg),
                   void *arg, uintptr_t sp) {
  if (thread == nullptr || visit == nullptr || check_thread(thread) != 0 ||
      !in_world(thread))
    return EINVAL;
  const int caller_errno = errno;
  member *const m = member_of(thread);
  segments s = {visit, arg};
  const bool runs = m->owner == self() &&
                    (thread->mode == managed ||
                     (has_turn(m->of) && m->of->stopper_thread == thread));
  if (runs) {
    const uintptr_t used = m->kept_used, floor = m->kept_floor;
    keep_registers(thread, sp);
    add_kept(s, m, kind_of(thread, sp));
    walk(s, thread, sp);
    m->kept_floor = floor;
    light_fence();
    m->kept_used = used;
  } else {
    const uintptr_t place =
        place_of(thread, m->owner == self() ? thread->mode : load(&m->seen)).sp;
    if (place != 0) {
      add_kept(s, m, kind_of(thread, place));
      walk(s, thread, place);
    }
  }
  errno = caller_errno;
  return s.result;
}

} // namespace
} // namespace cgo

// ---- the public functions ----

using namespace cgo;

extern "C" {

#ifndef LIBCGO_CALL_PARKED
uintptr_t libcgo_call_parked(libcgo_thread *thread, uintptr_t (*fn)(void *arg),
                             void *arg) {
  if (thread == nullptr || !in_world(thread) || thread->mode != managed)
    return libcgo_call_on_system(thread, fn, arg);
  libcgo_guarded_call g = {};
  g.kind = calls_parked;
  g.thread = thread;
  g.fn = fn;
  g.arg = arg;
  LIBCGO_PROBE(call_parked, thread, reinterpret_cast<uintptr_t>(fn));
  libcgo_guard(&g);
  LIBCGO_PROBE(call_parked_done, thread, g.result);
  return g.result;
}
#endif

void libcgo_park(libcgo_thread *thread) {
  const uintptr_t sp = sp_of_caller();
  if (!in_world(thread))
    return;
  if (!forget_left_callbacks(member_of(thread), sp) && thread->mode == managed)
    park_at(thread, sp);
}

void libcgo_unpark(libcgo_thread *thread) {
  const uintptr_t sp = sp_of_caller();
  if (!in_world(thread))
    return;
  if (thread->mode != managed) {
    unpark_and_drop(thread);
  } else if (is_asked(thread)) {
    look_for_left_callbacks(thread, sp);
    if (must_wait(thread))
      wait_at(thread, sp);
  }
}

void libcgo_safepoint_slow(libcgo_thread *thread) {
  const uintptr_t sp = sp_of_caller();
  if (!in_world(thread) || thread->mode != managed)
    return;
  look_for_left_callbacks(thread, sp);
  if (must_wait(thread))
    wait_at(thread, sp);
}

int libcgo_world_stop(libcgo_runtime *runtime, uint64_t timeout_ns,
                      libcgo_thread **late) {
  return stop(runtime, timeout_ns, late, sp_of_caller());
}

int libcgo_world_start(libcgo_runtime *runtime) { return start(runtime); }

int libcgo_handshake(libcgo_runtime *runtime, libcgo_thread *thread,
                     void (*fn)(libcgo_thread *thread, void *arg), void *arg) {
  return shake(runtime, thread, fn, arg, sp_of_caller());
}

int libcgo_threads_visit(libcgo_runtime *runtime,
                         int (*visit)(libcgo_thread *thread, void *arg),
                         void *arg) {
  return visit_threads(runtime, visit, arg, sp_of_caller());
}

int libcgo_runtime_close(libcgo_runtime *runtime, uint64_t timeout_ns) {
  return close(runtime, timeout_ns, sp_of_caller());
}

int libcgo_segments_visit(libcgo_thread *thread,
                          int (*visit)(const libcgo_segment *segment, void *arg),
                          void *arg) {
  return visit_segments(thread, visit, arg, sp_of_caller());
}

int libcgo_context_segment(const libcgo_context *context,
                           libcgo_segment *segment) {
  constexpr size_t first_context = 8 + 22 * sizeof(uintptr_t);
  if (context == nullptr || segment == nullptr || context->size < first_context)
    return EINVAL;
  if (context->version != LIBCGO_RECORD_VERSION)
    return ENOTSUP;
  // One that was not made has a small stack, or is C, which is not the runtime's.
  const uintptr_t hi =
      context->stack_hi != 0 ? context->stack_hi : context->lo + context->span;
  if (context->sp <= CONTEXT_OVER ||
      (context->stack_hi == 0 && context->span == 0))
    return ESRCH;
  // C that was called from the context has suspended itself: it is on another stack.
  const uintptr_t lo = context->stack_hi != 0 ? context->stack_lo : context->lo;
  if (context->sp < lo || context->sp >= hi)
    return ESRCH;
  *segment = {context->sp, hi, LIBCGO_STACK_SMALL};
  return 0;
}

} // extern "C"
