// SPDX-License-Identifier: BSD-3-Clause
//
// Mailboxes: a ring of functions that wait, with one lock. Who waits for something waits for
// a word to change, outside of the lock:
//
// - a call, for the word in its own frame: the function has run, or the mailbox has ended;
// - who will serve, for `posted`: that something is there, that nobody serves any more, or
//   that the mailbox is closed and has become empty;
// - who finds no place, for `taken`.
//
// Who waits first counts itself, then reads the word, and then looks whether there is still
// nothing. Who changes the word looks afterwards whether anybody is counted. So no change is
// missed, and nobody is woken in vain. But each change of what they look for needs its event.
//
// How many threads are in functions of the mailbox is counted in the client's record, which
// stays when the rest is freed. While one thread frees it, no other is counted any more: to
// them it is not open.
#include <libcgo/mailbox.h>

#include <errno.h>
#include <stddef.h>

#include "core/platform.h"
#include "kit/record.h"

namespace cgo {

namespace {

constexpr size_t first_mailbox = 16 + 11 * sizeof(uintptr_t);
static_assert(offsetof(libcgo_mailbox, reserved) +
                      sizeof(libcgo_mailbox::reserved) ==
                  first_mailbox,
              "");

// What a call waits for.
enum answer : uint32_t { waits, runs, has_run, is_dropped };

struct letter {
  void (*fn)(void *arg); // NULL: the call was given up
  void *arg;
  uint32_t *answer; // of a call, in its frame; NULL: nobody waits
};

struct event {
  uint32_t count;
  uint32_t waiting; // how many threads
};

struct box_state {
  uint32_t lock; // 0 free, 1 held, 2 held and somebody waits
  event posted;
  event taken;
  uint32_t interrupted;
  bool closed;
  uintptr_t server; // the thread that serves, or 0
  size_t bytes;     // of this record
  size_t places;
  size_t first; // the index of the oldest letter
  size_t count;
  letter letters[1];
};

class locked {
public:
  explicit locked(box_state *box) : box_(box) {
    uint32_t now = 0;
    if (__atomic_compare_exchange_n(&box->lock, &now, 1u, false,
                                    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return;
    while (__atomic_exchange_n(&box->lock, 2u, __ATOMIC_ACQUIRE) != 0)
      os::wait_while(&box->lock, 2);
  }
  ~locked() { unlock(); }
  locked(const locked &) = delete;
  locked &operator=(const locked &) = delete;

private:
  void unlock() {
    if (__atomic_exchange_n(&box_->lock, 0u, __ATOMIC_RELEASE) == 2)
      os::wake_all(&box_->lock);
  }
  box_state *box_;
};

void happen(event *e) {
  __atomic_add_fetch(&e->count, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&e->waiting, __ATOMIC_SEQ_CST) != 0)
    os::wake_all(&e->count);
}

constexpr unsigned long long for_ever = ~0ULL;

// Until the word changes, for at most so long; or now and then less.
void wait_while(const uint32_t *word, uint32_t value, unsigned long long ns) {
  if (ns == for_ever)
    os::wait_while(word, value);
  else
    os::wait_while_for(word, value, ns);
}

// From its making on, no event is missed.
class waiter {
public:
  explicit waiter(event *e) : e_(e) {
    __atomic_add_fetch(&e->waiting, 1, __ATOMIC_SEQ_CST);
    now_ = __atomic_load_n(&e->count, __ATOMIC_SEQ_CST);
  }
  ~waiter() { __atomic_sub_fetch(&e_->waiting, 1, __ATOMIC_RELEASE); }
  waiter(const waiter &) = delete;
  waiter &operator=(const waiter &) = delete;
  void wait(unsigned long long ns) const { wait_while(&e_->count, now_, ns); }

private:
  event *e_;
  uint32_t now_;
};

// The last thing that is done with the frame of a call: it may be gone before the wake-up,
// which looks at no memory.
void tell(uint32_t *word, answer a) {
  __atomic_store_n(word, static_cast<uint32_t>(a), __ATOMIC_RELEASE);
  os::wake_all(word);
}

uint32_t load(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

class deadline {
public:
  explicit deadline(uint64_t ns)
      : ever_(ns == for_ever), at_(os::now_ns() + ns) {
    if (at_ < ns) // it does not end in our time
      ever_ = true;
  }
  // How long to wait; 0: it is over.
  unsigned long long left() const {
    if (ever_)
      return for_ever;
    const unsigned long long now = os::now_ns();
    return now < at_ ? at_ - now : 0;
  }

private:
  bool ever_;
  unsigned long long at_;
};

int check(const libcgo_mailbox *box) {
  if (box == nullptr || box->size < first_mailbox)
    return EINVAL;
  return box->version == LIBCGO_RECORD_VERSION ? 0 : ENOTSUP;
}

// In libcgo_mailbox::inside, beside the number of threads: nobody comes in any more, and
// somebody waits for the number to be 0.
constexpr uint32_t is_ending = 1u << 31;

// A thread in a function of an open mailbox.
class visit {
public:
  explicit visit(libcgo_mailbox *record) : record_(record), box_(nullptr) {
    if (check(record) != 0)
      return;
    uint32_t now = __atomic_load_n(&record->inside, __ATOMIC_RELAXED);
    do {
      if ((now & is_ending) != 0)
        return;
    } while (!__atomic_compare_exchange_n(&record->inside, &now, now + 1, true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    box_ = reinterpret_cast<box_state *>(
        __atomic_load_n(&record->state, __ATOMIC_SEQ_CST));
    if (box_ == nullptr)
      end();
  }
  ~visit() {
    if (box_ != nullptr)
      end();
  }
  visit(const visit &) = delete;
  visit &operator=(const visit &) = delete;
  box_state *box() const { return box_; }
  // In a child of fork, where the record may be another mailbox's by now, or when this thread
  // is not counted any more.
  void forget() { box_ = nullptr; }

private:
  // The record may be gone before the wake-up, which looks at no memory.
  void end() {
    uint32_t *const inside = &record_->inside;
    if (__atomic_sub_fetch(inside, 1, __ATOMIC_SEQ_CST) == is_ending)
      os::wake_all(inside);
  }
  libcgo_mailbox *record_;
  box_state *box_;
};

// The address of a variable that each thread has.
uintptr_t this_thread() { return reinterpret_cast<uintptr_t>(&errno); }

letter *at(box_state *box, size_t i) {
  return &box->letters[(box->first + i) % box->places];
}

// Removes the oldest letter, and with it the calls behind it that were given up: so the oldest
// one never was. Returns whether it was the last one of a closed mailbox. The lock is held.
bool remove_oldest(box_state *box) {
  do {
    box->first = (box->first + 1) % box->places;
    box->count--;
  } while (box->count != 0 && at(box, 0)->fn == nullptr);
  return box->closed && box->count == 0;
}

// After that, without the lock.
void has_place(box_state *box, bool was_last) {
  happen(&box->taken);
  if (was_last)
    happen(&box->posted);
}

// Returns 0, or EAGAIN if there is no place, or ESHUTDOWN. Who is woken needs the lock: so it
// is free by then.
int put(box_state *box, const letter &l, bool *was_empty) {
  {
    locked lock(box);
    if (box->closed)
      return ESHUTDOWN;
    if (box->count == box->places)
      return EAGAIN;
    *was_empty = box->count == 0;
    *at(box, box->count++) = l;
  }
  happen(&box->posted);
  return 0;
}

bool is_server(const box_state *box) {
  return __atomic_load_n(&box->server, __ATOMIC_RELAXED) == this_thread();
}

bool is_closed(box_state *box) {
  const locked lock(box);
  return box->closed;
}

int post(libcgo_mailbox *record, box_state *box, const letter &l,
         const deadline &until) {
  bool was_empty = false;
  int err = put(box, l, &was_empty);
  while (err == EAGAIN) {
    if (is_server(box))
      return EDEADLK;
    const waiter taken(&box->taken);
    err = put(box, l, &was_empty);
    if (err != EAGAIN)
      break;
    const unsigned long long left = until.left();
    if (left == 0)
      return ETIMEDOUT;
    taken.wait(left);
  }
  if (err == 0 && was_empty && record->wake != nullptr)
    record->wake(record);
  return err;
}

// Takes the call back if it has not begun. A letter stands where it was put until it is
// taken.
bool take_back(box_state *box, const uint32_t *answer) {
  bool was_last;
  {
    locked lock(box);
    size_t i = 0;
    while (i < box->count && at(box, i)->answer != answer)
      i++;
    if (i == box->count)
      return false;
    if (i != 0) {
      *at(box, i) = {nullptr, nullptr, nullptr};
      return true;
    }
    was_last = remove_oldest(box);
  }
  has_place(box, was_last);
  return true;
}

bool take(box_state *box, letter *l) {
  bool was_last;
  {
    locked lock(box);
    if (box->count == 0)
      return false;
    *l = *at(box, 0);
    was_last = remove_oldest(box);
    if (l->answer != nullptr)
      __atomic_store_n(l->answer, static_cast<uint32_t>(runs), __ATOMIC_RELEASE);
  }
  has_place(box, was_last);
  return true;
}

bool has_letters(box_state *box) {
  const locked lock(box);
  return box->count != 0;
}

bool close(box_state *box) {
  locked lock(box);
  if (box->closed)
    return false;
  box->closed = true;
  happen(&box->taken);
  happen(&box->posted);
  return true;
}

// Of a closed mailbox.
void drop_all(box_state *box) {
  locked lock(box);
  while (box->count != 0) {
    uint32_t *const answer = at(box, 0)->answer;
    remove_oldest(box);
    if (answer != nullptr)
      tell(answer, is_dropped);
  }
  happen(&box->posted);
}

} // namespace

} // namespace cgo

extern "C" {

int libcgo_mailbox_init(libcgo_mailbox *box, size_t size) {
  return cgo::begin_versioned_record(box, size, cgo::first_mailbox);
}

int libcgo_mailbox_open(libcgo_mailbox *record, size_t places) {
  using namespace cgo;
  if (const int err = check(record))
    return err;
  if (places == 0)
    return EINVAL;
  if (__atomic_load_n(&record->state, __ATOMIC_ACQUIRE) != 0 ||
      (__atomic_load_n(&record->inside, __ATOMIC_ACQUIRE) & is_ending) != 0)
    return EBUSY;
  if (places > (SIZE_MAX - sizeof(box_state)) / sizeof(letter))
    return ENOMEM;
  const size_t bytes = sizeof(box_state) + (places - 1) * sizeof(letter);
  auto *box = static_cast<box_state *>(os::map_zeroed(bytes));
  if (box == nullptr)
    return ENOMEM;
  box->bytes = bytes;
  box->places = places;
  uintptr_t none = 0;
  if (__atomic_compare_exchange_n(&record->state, &none,
                                  reinterpret_cast<uintptr_t>(box), false,
                                  __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    return 0;
  os::unmap(box, bytes); // another thread was faster
  return EBUSY;
}

int libcgo_mailbox_post(libcgo_mailbox *record, void (*fn)(void *arg),
                        void *arg, uint64_t timeout_ns) {
  using namespace cgo;
  const visit v(record);
  if (v.box() == nullptr || fn == nullptr)
    return EINVAL;
  return post(record, v.box(), {fn, arg, nullptr}, deadline(timeout_ns));
}

int libcgo_mailbox_call(libcgo_mailbox *record, void (*fn)(void *arg),
                        void *arg, uint64_t timeout_ns) {
  using namespace cgo;
  const visit v(record);
  box_state *const box = v.box();
  if (box == nullptr || fn == nullptr)
    return EINVAL;
  if (is_server(box)) {
    if (is_closed(box))
      return ESHUTDOWN;
    fn(arg);
    return 0;
  }
  const deadline until(timeout_ns);
  alignas(4) uint32_t answer = waits; // some ABIs have words at 2 bytes
  if (const int err = post(record, box, {fn, arg, &answer}, until))
    return err;
  for (;;) {
    const uint32_t now = load(&answer);
    if (now == has_run)
      return 0;
    if (now == is_dropped)
      return ESHUTDOWN;
    const unsigned long long left = now == runs ? for_ever : until.left();
    if (left == 0) {
      if (take_back(box, &answer))
        return ETIMEDOUT;
      continue; // it has begun, or was dropped
    }
    wait_while(&answer, now, left);
  }
}

size_t libcgo_mailbox_serve(libcgo_mailbox *record, size_t most) {
  using namespace cgo;
  visit v(record);
  box_state *const box = v.box();
  if (box == nullptr)
    return 0;
  uintptr_t nobody = 0;
  if (!__atomic_compare_exchange_n(&box->server, &nobody, this_thread(), false,
                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return 0;
  const int process = os::process_id();
  size_t n = 0;
  letter l;
  while (n < most && take(box, &l)) {
    n++;
    l.fn(l.arg);
    if (os::process_id() != process) { // the rest is the parent's
      v.forget();
      return n;
    }
    if (l.answer != nullptr)
      tell(l.answer, has_run);
  }
  __atomic_store_n(&box->server, uintptr_t{0}, __ATOMIC_SEQ_CST);
  // More than `most`, or what came while this thread did not look any more, and others saw
  // that it served.
  if (has_letters(box)) {
    happen(&box->posted);
    if (record->wake != nullptr)
      record->wake(record);
  }
  return n;
}

int libcgo_mailbox_wait(libcgo_mailbox *record, uint64_t timeout_ns) {
  using namespace cgo;
  const visit v(record);
  box_state *const box = v.box();
  if (box == nullptr)
    return EINVAL;
  if (is_server(box))
    return EDEADLK;
  const deadline until(timeout_ns);
  for (;;) {
    const waiter posted(&box->posted);
    if (__atomic_exchange_n(&box->interrupted, 0u, __ATOMIC_ACQ_REL) != 0)
      return EINTR;
    {
      const locked lock(box);
      if (box->count == 0) {
        if (box->closed)
          return ESHUTDOWN;
      } else if (__atomic_load_n(&box->server, __ATOMIC_SEQ_CST) == 0) {
        return 0;
      }
    }
    const unsigned long long left = until.left();
    if (left == 0)
      return ETIMEDOUT;
    posted.wait(left);
  }
}

void libcgo_mailbox_interrupt(libcgo_mailbox *record) {
  using namespace cgo;
  const visit v(record);
  if (v.box() == nullptr)
    return;
  __atomic_store_n(&v.box()->interrupted, 1u, __ATOMIC_SEQ_CST);
  happen(&v.box()->posted);
}

int libcgo_mailbox_close(libcgo_mailbox *record) {
  using namespace cgo;
  const visit v(record);
  if (v.box() == nullptr)
    return EINVAL;
  if (!close(v.box()))
    return EALREADY;
  if (record->wake != nullptr)
    record->wake(record);
  return 0;
}

int libcgo_mailbox_end(libcgo_mailbox *record) {
  using namespace cgo;
  if (const int err = check(record))
    return err;
  visit v(record); // another thread may end it at the same time
  box_state *const box = v.box();
  if (box == nullptr)
    return EINVAL;
  // From here on nobody else serves.
  uintptr_t nobody = 0;
  if (!__atomic_compare_exchange_n(&box->server, &nobody, this_thread(), false,
                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return EBUSY;
  close(box);
  drop_all(box);
  // Instead of this thread.
  uint32_t now =
      __atomic_add_fetch(&record->inside, is_ending - 1, __ATOMIC_SEQ_CST);
  v.forget();
  __atomic_store_n(&record->state, uintptr_t{0}, __ATOMIC_SEQ_CST);
  while (now != is_ending) {
    os::wait_while(&record->inside, now);
    now = __atomic_load_n(&record->inside, __ATOMIC_SEQ_CST);
  }
  os::unmap(box, box->bytes);
  __atomic_store_n(&record->inside, 0u, __ATOMIC_RELEASE); // nobody has come in
  return 0;
}

} // extern "C"
