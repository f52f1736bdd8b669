// SPDX-License-Identifier: BSD-3-Clause
//
// Random programs of calls between stacks, against a model that knows which frames
// are live.
//
//     tests/kit/calls-fuzz                       the tests: some seconds
//     tests/kit/calls-fuzz --seed N --programs N | --seconds N
//                      --limit SECONDS       of the processor, for a program (30)
//                      --steps N             most steps of a program (40)
//                      --keep-going          count failures by kind, stop at none
//                      --whole               do not shrink what fails
//                      --ignore KIND         not a failure; may be repeated
//                      --without STEP        programs have none; may be repeated
//                      --more STEP           programs have more of them; the same
//                      --in-turn             see 4. below
//                      --any-way             see 8. below
//     tests/kit/calls-fuzz --replay PROGRAM      as it was printed
//                      --trace               and what it does
//
// A program is a list of steps. Each is done by the function that is innermost when it
// comes: it calls another one (on its own stack, a small stack, the system stack, by a
// callback, in a signal handler, on a coroutine, in another task or context), returns, throws,
// jumps, or asks. A step that is not possible where it comes is left out, so that any
// part of a program is a program, and a failing one can be shrunk.
//
// What is checked:
//
// - "pattern": each live frame holds a pattern of its own; all are checked at each step;
// - "overlap": a new frame touches no live one, except inside an array of that frame,
//   and is below all that is live on its stack;
// - "stack": fn of libcgo_call_on_system is on the C stack from which the runtime was
//   called, fn of libcgo_call_on_stack on the small stack;
// - "bounds": they contain the asker's frames, and have the right kind;
// - "result", "error": what calls return;
// - "busy": when all is over libcgo_detach returns 0; while a call is live it does not;
// - "grows": a program that is repeated takes no more and more memory;
// - "message": the library stops the process, which no valid program makes it do;
// - "signal", "exit": the process ends otherwise.
//
// What valid programs keep to:
//
// 1. The contract of <libcgo/stack.h>. A small stack is used by who was called from it
//    (libcgo_call_on_system, libcgo_call_on_stack), or by nobody.
// 2. Whoever goes on is the lowest that is live on its stack. So of tasks that are
//    inside C the last that called C returns first; and a signal does not come on the
//    alternate stack while a frame is live there and the stack pointer elsewhere.
// 3. All is on one thread. A suspended coroutine's or task's memory stays as it is, as
//    long as anybody may go on there.
// 4. With --in-turn, and where the library has no libcgo_stack_left: calls on small stacks
//    that return do so in turn, the last first, also on different C stacks. Otherwise
//    coroutines may let them return in any order.
// 5. A task that has left C goes on where the runtime was called from the same C stack.
//    The switch to it is told before, if a coroutine lives, or if a handler on the signal
//    stack, or a call that was made there or on a coroutine, was left by a jump.
// 6. Exceptions do not pass a signal handler, nor a coroutine's or task's first function.
// 7. When a jump has left a coroutine that was in a call on a small stack, when the frame
//    ends which contains a small stack that a throw or a jump has left,
//    and before a new task is switched to on such a stack, the program says so by
//    libcgo_stack_left. Where the library has it not, in the first case, by another call
//    on a small stack.
// 8. Nobody jumps or throws out of a call that C has made from one of its stacks, and back to
//    older code on the same small stack, which C had called from another one; nor to code
//    below which a coroutine has frames there. (--any-way: programs do.)
// 9. A handler that has interrupted the library returns when all calls have returned that
//    were made since it began; where one has ended otherwise, the interrupted frame ends, too.
//    On the signal stack it does not go over to a coroutine before. C that has suspended
//    itself before the handler does not go on.
// 10. Where a handler has changed the signal stack, or it has ended while the handler waited
//    in a coroutine, the system has another one again after the handler: it is set anew.
// 11. A jump stays in its context: it does not pass the first function of a context, nor lead
//    to where C is suspended in one.
// 12. C that has suspended itself in a context goes on: it is not left by a jump, and the
//    array in which it is does not end before.
// 13. A context that is in no call of C's goes on anywhere. Where C has called its code, or is
//    to return to it, the thread comes from C on the same stack, or from what that has called.
// 14. A new context begins on a stack on which nothing is, and not in a handler that has
//    interrupted the beginning or the end of a call there. Where calls there were left, the
//    program has said so by libcgo_stack_left.
#undef _FORTIFY_SOURCE // its longjmp knows one stack for each thread
#include "support/harness.h"

#include <libcgo/context.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "ports/arch/arch.h"

// A C library may come without C++'s: then programs throw nothing.
#ifdef __cpp_exceptions
#define EXCEPTIONS 1
#else
#define EXCEPTIONS 0
#endif

#if UNDER_ASAN
extern "C" void __asan_unpoison_memory_region(void const volatile *, size_t);
#else
static inline void __asan_unpoison_memory_region(void const volatile *, size_t) {
}
#endif
// Frames are read and written from outside.
#define RAW __attribute__((no_sanitize("address"), noinline))

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

// New in 0.2: nothing runs on that small stack any more.
extern "C" int libcgo_stack_left(libcgo_thread *thread, const libcgo_stack *stack)
    __attribute__((weak));

namespace {

// ---- programs ----

enum op : unsigned char {
  FRAME,    // a function on the same stack
  EMBED,    // one with a stack in its frame; a: which kind
  STACK,    // libcgo_call_on_stack; a: which stack
  SYSTEM,   // libcgo_call_on_system
  CALLBACK, // libcgo_callback
  RETURN,
  THROW,
  JUMP,   // a: how many frames up
  SIGNAL, // a: on the alternate stack or not
  CO,     // a new coroutine; a: which stack
  RESUME, // a: which coroutine
  YIELD,
  TASK,    // a switch to a new task; a: which stack
  SWITCH,  // a: to which suspended one
  BOUNDS,  // a: with the record or without
  DETACH,  // may be EBUSY
  TRAP,    // STACK or SYSTEM, and a signal at one of the library's instructions
  CONTEXT, // libcgo_switch to a new context; a: which stack
  GO,      // libcgo_switch to a suspended one; a: to which
  OPS
};
// clang-format off
constexpr const char *op_names[OPS] = {
    "frame",  "embed", "stack",  "system", "callback", "return", "throw",  "jump",
    "signal", "co",    "resume", "yield",  "task",     "switch", "bounds", "detach", "trap",
    "context", "go"};
// clang-format on

struct step {
  unsigned char op;
  unsigned char a;
  unsigned short b; // a frame's size and flags; or a number
};

constexpr unsigned catches_flag = 0x8000; // it catches exceptions
constexpr unsigned gap_flag = 0x4000;     // it has words that nobody writes
constexpr unsigned frame_flags = catches_flag | gap_flag;
constexpr int most_steps = 400;

struct program {
  bool initial;  // runs on the initial thread
  bool no_files; // its bounds are not to be had at the first call
  bool tells;    // calls libcgo_stack_left whenever it may
  int rounds;
  int count;
  step steps[most_steps];
};

struct random_numbers {
  uint64_t state;
  uint64_t operator()() { // splitmix64
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  unsigned below(unsigned n) { return static_cast<unsigned>((*this)() % n); }
};

// ---- what parent and child share ----

struct report {
  char kind[16];
  char text[400];
  long of;  // the process's programs, the last that was begun
  int step; // the last that was begun
  int round;
  long done; // steps, of all programs
  long used[OPS];
};
report *shared;

struct settings {
  bool out_of_turn;
  int seconds;       // of the processor that a program has
  bool without[OPS]; // steps that are not made
  bool more[OPS];
  bool trace;
  bool any_way;
} settings = {false, 30, {}, {}, false, false};

[[gnu::format(printf, 2, 3), noreturn]] void wrong(const char *kind,
                                                   const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(shared->text, sizeof shared->text, format, values);
  va_end(values);
  snprintf(shared->kind, sizeof shared->kind, "%s", kind);
  _exit(1);
}

// ---- the model ----

enum kind { OWN, SMALL, ALT, COROUTINE };
constexpr const char *kind_names[] = {"own", "small", "signal", "coroutine"};

struct frame;

struct region {
  enum kind kind;
  uintptr_t lo, hi;
  frame *owner;        // whose array it is, or nullptr
  bool untold;         // a frame on it ended unseen
  bool c_left;         // so did what was called from it, on another one
  bool must_tell;      // of a coroutine that a jump has left
  bool used;           // the place in the table
  uintptr_t left_from; // where its lowest frame was, in a program that could not end
  libcgo_stack record;
};

enum strand_kind { MAIN, CO_STRAND, TASK_STRAND, CONTEXT_STRAND };
enum strand_state { DEAD, RUNNING, WAITING, YIELDED, SWITCHED, SUSPENDED };

// Control flow with a stack of frames of its own: the program, a coroutine, a task, a context.
struct strand {
  strand_kind kind;
  strand_state state;
  region *stack;
  frame *top;
  frame *resumer; // of a coroutine that has not yielded
  frame *base; // of a task or context: the C function from which the runtime was called
  ucontext_t context;
  libcgo_context made, plain; // where libcgo_switch suspends it
  libcgo_context *suspended;  // one of them
};

enum how {
  ROOT,
  CALL,
  ON_STACK,
  ON_SYSTEM,
  BY_CALLBACK,
  IN_HANDLER,
  CO_ROOT,
  TASK_ROOT,
  CONTEXT_ROOT
};
enum pending {
  NOTHING,
  IN_CALL,
  IN_STACK_CALL,
  IN_SYSTEM_CALL,
  IN_SIGNAL,
  IN_RESUME
};

// A signal at an instruction of a call to the library.
struct trap {
  int after;      // instructions, when the function has returned; 0: none
  region *target; // where that runs
  bool there;     // the signal comes on the alternate stack
  bool catches;
};

struct frame {
  int id;
  bool live;
  enum how how;
  enum pending pending;
  bool catches;
  bool cramped; // little room: it only returns
  strand *in;
  frame *parent;
  region *on;
  region *array;
  region *trapped; // of its call, which a handler has interrupted
  frame *lowest;   // that was there then
  region *busy; // the same, if it may be there, on a stack that is not the handler's
  trap at;
  uintptr_t lo, hi;
  unsigned long call; // of IN_STACK_CALL: its number
  int first_since;    // the first frame since then
  unsigned long open; // of a frame that a handler has interrupted: calls_open() then
  uint32_t *pattern[2];
  size_t words[2];
  jmp_buf here;
};

constexpr int most_frames = 2048, most_strands = 256, most_regions = 32;
constexpr int small_stacks = 4, co_stacks = 4;
frame frames[most_frames];
int frames_used;
frame *live[most_frames];
int live_count;
strand strands[most_strands];
int strands_used;
strand *running;
region regions[most_regions];
region *own, *alternate, *default_alternate;
libcgo_stack spare; // where nothing ever runs for long
unsigned long calls_made, calls_returned;
int traps_left;  // instructions until the signal does something; 0: it does not
frame *traps_in; // the caller
bool left_elsewhere; // a handler on the signal stack, or a call from a C stack like it
bool stepping; // the processor stops at each

const program *now;
int pc;
int n_last; // steps after its end
libcgo_thread *self;

constexpr uintptr_t K = UNDER_ASAN ? 2048 : 1024;
constexpr uintptr_t small_size = 256 * K, embedded_size = 96 * K,
                    own_size = 2048 * K;
constexpr uintptr_t least_room = 28 * K, cramped_room = 12 * K;

// What an unwound or abandoned function has poisoned.
void unpoison(uintptr_t lo, uintptr_t hi) {
  if (UNDER_ASAN)
    __asan_unpoison_memory_region(reinterpret_cast<void *>(lo), hi - lo);
}

region *region_of(uintptr_t address) {
  region *found = nullptr;
  for (region &r : regions)
    if (r.used && address - r.lo < r.hi - r.lo &&
        (found == nullptr || r.hi - r.lo < found->hi - found->lo))
      found = &r;
  return found;
}

region *add_region(enum kind kind, uintptr_t lo, uintptr_t hi, frame *owner) {
  for (region &r : regions)
    if (!r.used) {
      r = {kind,  lo,    hi,   owner, false,
           false, false, true, 0,     LIBCGO_STACK_INIT(lo, hi)};
      return &r;
    }
  abort();
}

uint32_t word_of(const frame *f, size_t i) {
  return static_cast<uint32_t>(f->id) * 2654435761u +
         static_cast<uint32_t>(i) * 40503u;
}

RAW void fill(frame *f) {
  for (int p = 0; p < 2; p++)
    for (size_t i = 0; i < f->words[p]; i++)
      *static_cast<volatile uint32_t *>(f->pattern[p] + i) = word_of(f, i);
}

RAW void check_all() {
  for (int n = 0; n < live_count; n++) {
    const frame *f = live[n];
    for (int p = 0; p < 2; p++)
      for (size_t i = 0; i < f->words[p]; i++)
        if (*static_cast<volatile uint32_t *>(f->pattern[p] + i) != word_of(f, i))
          wrong("pattern", "frame %d on %s stack: word %zu of %zu is not its own",
                f->id, kind_names[f->on->kind], i, f->words[p]);
  }
}

// The frame below which the other goes on when it returns, on whatever stack.
frame *caller_of(const frame *f) {
  if (f->parent != nullptr)
    return f->parent;
  if (f->in->kind == CO_STRAND)
    return f->in->resumer;
  return f->in->base;
}

// The same for a jump: see 11. above.
frame *jumps_to(const frame *f) {
  frame *const to = f->how == CONTEXT_ROOT ? nullptr : caller_of(f);
  return to == nullptr || (to->in != f->in && to->in->state == SUSPENDED)
             ? nullptr
             : to;
}

frame *current() { return running->top; }

frame *nearest_c(frame *f) {
  while (f != nullptr && f->on->kind == SMALL)
    f = caller_of(f);
  return f;
}

// The innermost C function in a strand, or nullptr.
frame *c_in(const strand *s) {
  frame *f = s->top;
  while (f != nullptr && f->on->kind == SMALL)
    f = f->parent;
  return f;
}

frame *lowest_on(const region *r, const frame *but = nullptr) {
  frame *lowest = nullptr;
  for (int i = 0; i < live_count; i++)
    if (live[i]->on == r && live[i] != but &&
        (lowest == nullptr || live[i]->lo < lowest->lo))
      lowest = live[i];
  return lowest;
}

bool is_lowest(const frame *f, const frame *but = nullptr) {
  return lowest_on(f->on, but) == f;
}

bool calls_current(const frame *f) {
  for (const frame *c = current(); c != nullptr; c = caller_of(c))
    if (c == f)
      return true;
  return false;
}

void forget(frame *f) {
  f->live = false;
  for (int i = 0; i < live_count; i++)
    if (live[i] == f) {
      live[i] = live[--live_count];
      break;
    }
}

void kill_strand(strand *s);

bool is_elsewhere(const region *r) {
  return r->kind == ALT || r->kind == COROUTINE;
}

// The frame ends, by a return or unseen.
void end_frame(frame *f, bool unseen) {
  forget(f);
  if (unseen) {
    f->on->untold = true;
    if (f->how == ON_SYSTEM || f->how == ON_STACK)
      f->parent->on->c_left = true;
    if (f->trapped != nullptr) // the call was begun, or had not ended
      f->trapped->untold = true;
    left_elsewhere |= f->on->kind == ALT ||
                      (f->how == ON_STACK && is_elsewhere(f->parent->on)) ||
                      (f->trapped != nullptr && is_elsewhere(f->on));
  }
  f->in->top = f->parent;
  if (f->parent == nullptr)
    f->in->state = DEAD;
}

void kill_strand(strand *s) {
  while (s->top != nullptr) {
    s->top->on->must_tell |= s->kind == CO_STRAND;
    end_frame(s->top, true);
  }
  s->state = DEAD;
}

// Strands that rest on what has ended.
void kill_dependents() {
  for (bool more = true; more;) {
    more = false;
    for (int i = 0; i < strands_used; i++) {
      strand *s = &strands[i];
      if (s->state == DEAD || s == running)
        continue;
      bool dies = s->resumer != nullptr && !s->resumer->live;
      if (s->base != nullptr && !s->base->live) {
        dies |= c_in(s) != nullptr;
        s->base = nullptr;
      }
      for (frame *f = s->top; f != nullptr; f = f->parent)
        dies |= f->on->owner != nullptr && !f->on->owner->live;
      if (dies) {
        kill_strand(s);
        more = true;
      }
    }
  }
}

uintptr_t nothing(void *arg) { return reinterpret_cast<uintptr_t>(arg); }

// The system refuses while the stack pointer is on the old one. Where that was in a
// frame that has just ended, it is asked from below.
RAW void set_alternate(region *r) {
  const uintptr_t above =
      reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - alternate->lo;
  const bool near = above < alternate->hi - alternate->lo + 8 * K;
  *static_cast<volatile char *>(__builtin_alloca(near ? above + 8 * K : 16)) = 0;
  stack_t s = {};
  s.ss_sp = reinterpret_cast<void *>(r->lo);
  s.ss_size = r->hi - r->lo;
  if (sigaltstack(&s, nullptr) != 0)
    wrong("model", "sigaltstack: %s", strerror(errno));
  alternate = r;
}

// A call on it has still to return, or to begin.
bool is_trapped(const region *r) {
  for (int i = 0; i < live_count; i++)
    if (live[i]->trapped == r)
      return true;
  return false;
}

// Nothing is on a small stack any more.
void tell_left(region *r) {
  if (libcgo_stack_left == nullptr || !r->untold || is_trapped(r))
    return;
  const int err = libcgo_stack_left(self, &r->record);
  if (err != 0)
    wrong("error", "libcgo_stack_left: %s", strerror(err));
  r->untold = r->c_left = r->must_tell = false;
}

// After frames have ended: what the client does then.
void tidy() {
  kill_dependents();
  for (region &r : regions) {
    if (!r.used)
      continue;
    const bool gone = r.owner != nullptr && !r.owner->live;
    if (gone && alternate == &r)
      set_alternate(default_alternate);
    if (r.kind == SMALL && r.untold && lowest_on(&r) == nullptr) {
      if (gone || now->tells || r.must_tell)
        tell_left(&r);
      if (gone && libcgo_stack_left == nullptr)
        libcgo_call_on_stack(self, &spare, nothing, nullptr);
    }
    if (gone)
      r.used = false;
  }
}

// Control goes to f, which unseen ends whatever was called from there.
void land_at(frame *f) {
  strand *const s = f->in;
  for (frame *c = current(); c != f;) {
    strand *const in = c->in;
    frame *const next = caller_of(c);
    if (in != s)
      kill_strand(in);
    if (next == nullptr)
      wrong("model", "a jump leads nowhere");
    // Past the whole strand.
    if (in == s) {
      c = next;
      continue;
    }
    c = next;
    while (c != f && c->in == in)
      c = caller_of(c);
  }
  while (s->top != f)
    end_frame(s->top, true);
  s->state = RUNNING;
  running = s;
  for (int i = 0; i < strands_used; i++)
    if (&strands[i] != s && strands[i].state != DEAD)
      for (frame *o = strands[i].top; o != nullptr; o = o->parent)
        if (o->on == f->on && o->lo < f->lo) {
          kill_strand(&strands[i]);
          break;
        }
}

void overwrite_all();

RAW void landed(frame *f) {
  if (own->left_from != 0)
    overwrite_all();
  const uintptr_t sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  for (region &r : regions)
    if (r.used)
      unpoison(r.lo, &r == f->on ? sp - 64 : r.hi);
  if (current() != f)
    wrong("model", "control comes back to frame %d, and the model has %d",
          f->id, current() == nullptr ? -1 : current()->id);
  if (settings.trace)
    fprintf(stderr, "%*sback in frame %d\n", live_count, "", f->id);
  f->pending = NOTHING;
  if (f->trapped != nullptr) {
    f->trapped->untold = true;
    left_elsewhere |= is_elsewhere(f->on);
  }
  f->busy = f->trapped = nullptr;
  f->at.after = 0;
  stepping = false;
  tidy();
  check_all();
}

// ---- frames ----

struct plan {
  enum how how;
  bool catches;
  int array; // 0, or 1 + kind
  size_t size;
  region *on; // where it has to be
  bool gap;
};
plan next_plan;

constexpr size_t gap_bytes = 800;

// Above an embedded stack: when its frame has ended, what tells the library so must not be on
// that stack. Each function needs at least 176 bytes for its registers on SPARC.
#ifdef __sparc__
constexpr size_t room_to_tell = 1024;
#else
constexpr size_t room_to_tell = 64;
#endif

void loop(frame *f);

struct thrown {};

// Returns whether control came back by an exception.
bool run_guarded(frame *f) {
#if EXCEPTIONS
  try {
    loop(f);
    return false;
  } catch (const thrown &) {
  }
  landed(f);
  return true;
#else
  loop(f);
  return false;
#endif
}

bool run_plain(frame *f) {
  loop(f);
  return false;
}

RAW frame *begin(const plan &p, uint32_t *memory, size_t size, uintptr_t array,
                 uintptr_t array_size, uintptr_t lo, uintptr_t hi) {
  if (frames_used == most_frames)
    wrong("model", "too many frames");
  frame *f = &frames[frames_used];
  *f = {};
  f->id = frames_used++;
  f->how = p.how;
  f->catches = p.catches;
  f->in = running;
  f->lo = lo;
  f->hi = hi;
  f->on = region_of(lo);
  if (p.how != CO_ROOT && p.how != TASK_ROOT && p.how != CONTEXT_ROOT)
    f->parent = running->top;
  const char *const name = f->on == nullptr ? "no" : kind_names[f->on->kind];
  if (f->on != p.on || hi > f->on->hi)
    wrong("stack",
          "frame %d at %#lx runs on %s stack and should on %s stack %#lx-%#lx",
          f->id, static_cast<unsigned long>(lo), name, kind_names[p.on->kind],
          static_cast<unsigned long>(p.on->lo),
          static_cast<unsigned long>(p.on->hi));
  for (int i = 0; i < live_count; i++) {
    const frame *o = live[i];
    if (f->on == o->on ? hi > o->lo
                       : lo < o->hi && hi > o->lo && f->on->owner != o)
      wrong("overlap",
            "frame %d on %s stack, %#lx-%#lx, is not below frame %d, %#lx-%#lx",
            f->id, name, static_cast<unsigned long>(lo),
            static_cast<unsigned long>(hi), o->id,
            static_cast<unsigned long>(o->lo), static_cast<unsigned long>(o->hi));
  }
  f->pattern[0] = memory;
  f->words[0] = size / 4;
  if (array != 0) {
    f->pattern[1] = reinterpret_cast<uint32_t *>(array + array_size);
    f->words[1] = size / 4;
    f->array = add_region(static_cast<enum kind>(p.array - 1), array,
                          array + array_size, f);
  }
  f->cramped = lo - f->on->lo < cramped_room;
  live[live_count++] = f;
  f->live = true;
  running->top = f;
  if (settings.trace)
    fprintf(stderr, "%*s-> frame %d, strand %d, %s stack %#lx: %#lx-%#lx\n",
            live_count, "", f->id, static_cast<int>(f->in - strands), name,
            static_cast<unsigned long>(f->on->lo),
            static_cast<unsigned long>(lo), static_cast<unsigned long>(hi));
  fill(f);
  if (array != 0 && f->array->kind == ALT)
    set_alternate(f->array);
  return f;
}

// Where its caller's frame is.
RAW uintptr_t sp_now() {
  return reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
}

RAW void handle_trap(int, siginfo_t *, void *context);

void arm(frame *f, int instructions) {
  struct sigaction action = {};
  action.sa_sigaction = handle_trap;
  action.sa_flags = SA_NODEFER | SA_SIGINFO | (f->at.there ? SA_ONSTACK : 0);
  sigaction(SIGTRAP, &action, nullptr);
  traps_left = instructions;
  traps_in = f;
  stepping = true;
  start_stepping();
}

void disarm() {
  stop_stepping();
  traps_left = 0;
  stepping = false;
}

// On small stacks, those that have ended otherwise included.
unsigned long calls_open() { return calls_made - calls_returned; }

// What all functions of a program are.
RAW uintptr_t run_frame(void *result) {
  if (stepping)
    disarm();
  const plan p = next_plan;
  const uintptr_t fp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  region *const r = region_of(fp);
  const size_t gap = p.gap ? gap_bytes : 0;
  if (r == nullptr ||
      (r->kind != OWN && fp - r->lo < 2 * p.size + gap + cramped_room / 2))
    return reinterpret_cast<uintptr_t>(result); // the library has no room left here
  const size_t array = p.array != 0 ? embedded_size : 0;
  auto *const memory = static_cast<char *>(__builtin_alloca(
      p.size * (array != 0 ? 2 : 1) + array + room_to_tell + gap));
  auto *const aligned = reinterpret_cast<uint32_t *>(
      (reinterpret_cast<uintptr_t>(memory) + 15) & ~uintptr_t(15));
  uintptr_t hi = reinterpret_cast<uintptr_t>(memory) + p.size;
  hi = hi > fp ? hi : fp;
  frame *const f =
      begin(p, aligned, p.size,
            array != 0 ? reinterpret_cast<uintptr_t>(aligned) + p.size : 0, array,
            reinterpret_cast<uintptr_t>(memory) < fp
                ? reinterpret_cast<uintptr_t>(memory)
                : fp,
            hi);
  if (_setjmp(f->here) != 0)
    landed(f);
  while (f->catches ? run_guarded(f) : run_plain(f)) {
  }
  if (f != current())
    wrong("model", "frame %d returns, and the model has %d", f->id,
          current()->id);
  check_all();
  end_frame(f, false);
  if (f->parent != nullptr && f->parent->at.after != 0) {
    const int after = f->parent->at.after;
    f->parent->at.after = 0;
    if (!f->parent->at.there || lowest_on(alternate) == nullptr)
      arm(f->parent, after);
  }
  return reinterpret_cast<uintptr_t>(result);
}

// ---- steps ----

void run_in_callback(libcgo_thread *thread, void *arg) {
  if (thread != self)
    wrong("result", "a callback got another record");
  run_frame(arg);
}

void handler(int) {
  const int err = errno;
  run_frame(nullptr);
  errno = err;
}

// A trap for each instruction takes long: none is needed after the signal. And the signal
// stack stays as it is.
void step_no_more(void *context) {
#if defined(__linux__) && defined(REG_EFL)
  auto *const c = static_cast<ucontext_t *>(context);
  c->uc_mcontext.gregs[REG_EFL] &= ~0x100;
  c->uc_stack.ss_sp = reinterpret_cast<void *>(alternate->lo);
  c->uc_stack.ss_size = alternate->hi - alternate->lo;
#else
  (void)context;
  stepping = true; // when the handler returns
#endif
}

// Comes at each instruction while they are stepped.
RAW void handle_trap(int, siginfo_t *, void *context) {
  if (traps_left == 0 || --traps_left != 0)
    return;
  const int err = errno;
  frame *const f = traps_in;
  if (f != current())
    wrong("model", "a trap in frame %d, and the model has %d", f->id,
          current()->id);
  const plan interrupted = next_plan;
  const enum pending pending = f->pending;
  const trap at = f->at;
  region *on = region_of(sp_now());
  if (at.there) {
    on = alternate;
    f->busy = at.target;
  } else if (on != f->on && on != at.target) {
    wrong("stack", "a call by frame %d is on neither stack", f->id);
  }
  f->at.after = 0;
  f->trapped = at.target;
  f->lowest = lowest_on(at.target);
  f->open = calls_open();
  f->first_since = frames_used;
  f->pending = IN_SIGNAL;
  next_plan = {IN_HANDLER, at.catches, 0, 64, on, false};
  run_frame(nullptr);
  f->pending = pending;
  f->at = at;
  f->busy = f->trapped = nullptr;
  next_plan = interrupted;
  traps_left = 0;
  step_no_more(context);
  errno = err;
}

void call(frame *f, enum pending pending, enum how how, unsigned size_and_flag,
          region *on, int array = 0) {
  f->pending = pending;
  next_plan = {how,   (size_and_flag & catches_flag) != 0 && EXCEPTIONS,
               array, 16 + ((size_and_flag & ~gap_flag) % 2000 & ~15u),
               on,    (size_and_flag & gap_flag) != 0};
}

void came_back(frame *f) {
  if (current() != f)
    wrong("model", "control comes back to frame %d, and the model has %d",
          f->id, current() == nullptr ? -1 : current()->id);
  f->pending = NOTHING;
  tidy();
}

// The switch itself: from the running strand, whose frame f is, to another.
RAW void go(frame *f, strand *to, ucontext_t *from) {
  f->lo = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - 64;
  running = to;
  to->state = RUNNING;
  unpoison(f->on->lo, f->lo - 512);
  swapcontext(from, &to->context);
  if (running != f->in)
    wrong("model", "another strand goes on");
}

region *to_be_told; // of a switch that is told on the new stack

void tell_switch(region *r) {
  const int err = libcgo_stack_switched(self, &r->record);
  if (err != 0)
    wrong("error", "libcgo_stack_switched: %s", strerror(err));
}

void told_on_new_stack() {
  if (to_be_told != nullptr)
    tell_switch(to_be_told);
  to_be_told = nullptr;
}

ucontext_t abandoned;

void end_strand(strand *s);

void strand_main() {
  strand *const s = running;
  told_on_new_stack();
  for (;;) {
    run_frame(nullptr); // it ends when there is where to go on
    end_strand(s);
  }
}

void clear(strand *s, strand_kind kind) {
  memset(static_cast<void *>(s), 0, sizeof *s);
  s->kind = kind;
  s->made = s->plain = LIBCGO_CONTEXT_INIT;
}

strand *new_strand(strand_kind kind, region *stack) {
  if (strands_used == most_strands)
    return nullptr;
  strand *s = &strands[strands_used++];
  clear(s, kind);
  s->stack = stack;
  unpoison(stack->lo, stack->hi);
  if (kind == CONTEXT_STRAND)
    return s;
  getcontext(&s->context);
  s->context.uc_stack.ss_sp = reinterpret_cast<void *>(stack->lo);
  s->context.uc_stack.ss_size = stack->hi - stack->lo;
  s->context.uc_link = &abandoned;
  makecontext(&s->context, strand_main, 0);
  return s;
}

#ifdef HAVE_MAKECONTEXT
bool can_make_context() { return true; }
#else
// tests/support/contexts.c sets another signal stack.
bool can_make_context() {
  for (frame *f = current(); f != nullptr; f = caller_of(f))
    if (f->on->kind == ALT)
      return false;
  return true;
}
#endif

// Whether a switch cannot be told on the new stack.
bool tells_before() {
  if (left_elsewhere)
    return true;
  for (int i = 0; i < strands_used; i++)
    if (strands[i].kind == CO_STRAND && strands[i].state != DEAD)
      return true;
  return false;
}

// Whether the runtime can go over to the suspended strand.
bool can_switch_to(strand *s, frame *from) {
  if (s->state != SWITCHED || !is_lowest(s->top, from))
    return false;
  frame *const c = c_in(s);
  frame *const here = nearest_c(from);
  return here != nullptr && (c == nullptr || c->on == here->on);
}

// A task goes on: from where it is called now.
void set_base(strand *s, frame *from) {
  if ((s->kind == TASK_STRAND || s->kind == CONTEXT_STRAND) && c_in(s) == nullptr)
    s->base = nearest_c(from);
}

strand *switch_target(frame *f, unsigned which) {
  int n = 0;
  for (int i = 0; i < strands_used; i++)
    n += can_switch_to(&strands[i], f);
  if (n == 0)
    return nullptr;
  unsigned wanted = which % static_cast<unsigned>(n);
  for (int i = 0; i < strands_used; i++)
    if (can_switch_to(&strands[i], f) && wanted-- == 0)
      return &strands[i];
  return nullptr;
}

strand *goes_on_after; // when the first function of the running strand returns

// The first function of a strand has returned.
void end_strand(strand *s) {
  strand *const to = goes_on_after;
  s->state = DEAD;
  running = to;
  to->state = RUNNING;
  swapcontext(&abandoned, &to->context);
  wrong("model", "an ended strand goes on");
}

// ---- contexts ----

uintptr_t word_passed; // by the last switch

// Whether libcgo_switch may go on in it, from a frame that stays there or ends.
bool can_go_to(const strand *s, frame *from, bool ends) {
  if (s->state != SUSPENDED || !is_lowest(s->top, ends ? from : nullptr))
    return false;
  for (int i = 0; i < live_count; i++)
    if (live[i]->busy == s->top->on || // what a handler has interrupted is below
        (live[i]->trapped != nullptr && s->top->on->kind != SMALL &&
         s->top->id < live[i]->first_since))
      return false;
  const frame *const here = nearest_c(from);
  frame *small =
      s->top; // or, where C has suspended itself, the code that it returns to
  while (small != nullptr && small->on->kind != SMALL)
    small = caller_of(small);
  const frame *const c = nearest_c(small);
  return here != nullptr && (c == nullptr || c->on == here->on);
}

strand *go_target(frame *f, unsigned which, bool ends) {
  unsigned n = 0;
  for (int i = 0; i < strands_used; i++)
    n += can_go_to(&strands[i], f, ends);
  if (n == 0)
    return nullptr;
  unsigned wanted = which % n;
  for (int i = 0; i < strands_used; i++)
    if (can_go_to(&strands[i], f, ends) && wanted-- == 0)
      return &strands[i];
  return nullptr;
}

// The record in which f is suspended. That of its context, unless a handler has interrupted
// what runs on its stack; or another one.
libcgo_context *record_for(frame *f, bool plain) {
  strand *const s = f->in;
  plain |= s->kind != CONTEXT_STRAND;
  for (const frame *c = f; !plain && c->on != s->stack; c = c->parent)
    plain = c->how == IN_HANDLER;
  return plain ? &s->plain : &s->made;
}

// What the strand is suspended in, from where the thread goes on in it.
libcgo_context *goes_on(strand *s, uintptr_t word) {
  libcgo_context *const record = s->suspended;
  s->suspended = nullptr;
  s->state = RUNNING;
  running = s;
  word_passed = word;
  return record;
}

RAW void go_to_context(frame *f, strand *to, bool plain) {
  static uintptr_t words;
  strand *const s = f->in;
  f->lo = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - 64;
  s->state = SUSPENDED;
  s->suspended = record_for(f, plain);
  unpoison(f->on->lo, f->lo - 512);
  words++;
  const uintptr_t word =
      libcgo_switch(self, s->suspended, goes_on(to, words), words);
  if (running != s)
    wrong("model", "another context goes on");
  if (word != word_passed)
    wrong("result", "libcgo_switch returned %lu instead of %lu",
          static_cast<unsigned long>(word),
          static_cast<unsigned long>(word_passed));
}

// What a context runs.
libcgo_context *context_main(void *arg, uintptr_t word) {
  auto *const s = static_cast<strand *>(arg);
  if (s != running || word != word_passed)
    wrong("result", "a context began with other arguments");
  run_frame(nullptr);
  s->state = DEAD;
  return goes_on(goes_on_after, 0);
}

// Whether f may go over to a coroutine: see 9. above.
bool may_leave_handler(frame *f) {
  for (const frame *c = f; c != nullptr; c = caller_of(c))
    if (c->how == IN_HANDLER && c->on->kind == ALT &&
        c->parent->trapped != nullptr && calls_open() != c->parent->open)
      return false;
  return true;
}

bool is_last_call(const frame *f) {
  if (settings.out_of_turn || f->how != ON_STACK)
    return true;
  for (int i = 0; i < live_count; i++)
    if (live[i]->pending == IN_STACK_CALL && live[i]->call > f->parent->call)
      return false;
  return true;
}

// What rests on f's array is not to be counted: it ends with it.
bool may_return(frame *f) {
  if (f->how == ROOT)
    return pc >= now->count;
  if (f->how == CO_ROOT)
    return is_lowest(f->in->resumer);
  if (f->how == TASK_ROOT)
    return switch_target(f, 0) != nullptr;
  if (f->how == CONTEXT_ROOT)
    return go_target(f, 0, true) != nullptr;
  // What the handler has interrupted goes on where it was about to.
  if (f->parent->trapped != nullptr &&
      (lowest_on(f->parent->trapped, f) != f->parent->lowest ||
       calls_open() != f->parent->open))
    return false;
  return is_lowest(f->parent, f) && is_last_call(f);
}

bool has_room(const frame *f) {
  return !f->cramped && f->lo - f->on->lo > least_room;
}

region *nth_region(enum kind kind, unsigned n, bool embedded_too = true) {
  unsigned count = 0;
  for (region &r : regions)
    count += r.used && r.kind == kind && (embedded_too || r.owner == nullptr);
  if (count == 0)
    return nullptr;
  n %= count;
  for (region &r : regions)
    if (r.used && r.kind == kind && (embedded_too || r.owner == nullptr) &&
        n-- == 0)
      return &r;
  return nullptr;
}

// The program's own strand does not rest on what a task or a coroutine may end.
bool may_use(const region *r, const frame *f) {
  return r->owner == nullptr || f->in != &strands[0] || r->owner->in == f->in;
}

bool stack_is_free_for(const region *r, const frame *f) {
  if (f != nullptr && !may_use(r, f))
    return false;
  for (int i = 0; i < live_count; i++)
    if (live[i]->busy == r)
      return false;
  const frame *lowest = lowest_on(r);
  if (lowest == nullptr || lowest == f)
    return true;
  if (lowest->pending != IN_SYSTEM_CALL && lowest->pending != IN_STACK_CALL)
    return false;
  for (int i = 0; i < live_count; i++)
    if (live[i]->on == r && !calls_current(live[i]))
      return false;
  return lowest->lo - r->lo > least_room;
}

void check_bounds(frame *f, bool with_record) {
  libcgo_bounds b = {};
  const int err = libcgo_stack_bounds(with_record ? self : nullptr, &b);
  if (err != 0)
    wrong("error", "libcgo_stack_bounds: %s", strerror(err));
  uintptr_t hi = f->hi;
  const region *const r = f->on;
  // What was called last on it begins where the bounds end.
  for (frame *c = f; c != nullptr && r->kind == SMALL && c->on == r &&
                     c->how != ON_STACK && c->how != IN_HANDLER;
       c = c->parent)
    if (c->parent != nullptr && c->parent->on == r)
      hi = c->parent->hi;
  // Or where one began, or another stack was called, that ended unseen, and nothing has been
  // called from as deep since.
  if (r->kind == SMALL && (r->untold || r->c_left))
    hi = sp_now();
  const auto say = [&](const char *what) {
    wrong("bounds",
          "%s: %s stack %#lx-%#lx%s, asked by a frame at %#lx, got %#lx-%#lx of kind %d%s",
          what, kind_names[r->kind], static_cast<unsigned long>(r->lo),
          static_cast<unsigned long>(r->hi),
          r->owner != nullptr ? " in a frame" : "",
          static_cast<unsigned long>(f->lo), static_cast<unsigned long>(b.lo),
          static_cast<unsigned long>(b.hi), b.kind,
          with_record ? "" : ", without record");
  };
  if (b.lo > f->lo || b.hi < hi)
    say("the asker's frames are outside");
  if (!with_record && (r->kind == SMALL || r->owner != nullptr))
    return; // it cannot know
  const bool in_own = r->owner != nullptr;
  switch (r->kind) {
  case OWN:
    if (b.kind != LIBCGO_STACK_SYSTEM)
      say("wrong kind");
    break;
  case SMALL:
    if (b.kind != LIBCGO_STACK_SMALL)
      say("wrong kind");
    // What has ended unseen may keep some room.
    if ((r->untold ? b.lo < r->lo : b.lo != r->lo) || b.hi > r->hi)
      say("wrong bounds");
    break;
  case ALT:
    if (b.kind != LIBCGO_STACK_SIGNAL &&
        !(in_own && b.kind == LIBCGO_STACK_SYSTEM))
      say("wrong kind");
    if (b.kind == LIBCGO_STACK_SIGNAL && (b.lo != r->lo || b.hi != r->hi))
      say("wrong bounds");
    break;
  case COROUTINE:
    if (b.kind != LIBCGO_STACK_OTHER && !(in_own && b.kind == LIBCGO_STACK_SYSTEM))
      say("wrong kind");
    break;
  }
}

extern const libcgo_ops ops;
extern libcgo_runtime runtime;

void attach() {
  const int err = libcgo_attach(&runtime, &self);
  if (err != 0)
    wrong("error", "libcgo_attach: %s", strerror(err));
}

// The first calls: outside of a signal handler, as the headers want it.
void learn() {
  libcgo_bounds b;
  libcgo_stack_bounds(self, &b);
  libcgo_call_on_stack(self, &spare, nothing, nullptr);
}

bool stack_call_is_live() {
  for (int i = 0; i < live_count; i++)
    if (live[i]->pending == IN_STACK_CALL)
      return true;
  return false;
}

void detach_in_between(const frame *f) {
  if (f->on->kind == SMALL)
    return;
  for (const frame *c = f; c != nullptr; c = caller_of(c))
    if (c->how == IN_HANDLER || c->how == BY_CALLBACK)
      return;
  for (int i = 0; i < strands_used; i++)
    if (strands[i].state != DEAD && &strands[i] != running)
      return;
  const bool is_live = stack_call_is_live();
  const int err = libcgo_detach(&runtime);
  if (err == 0 && is_live)
    wrong("busy", "libcgo_detach returns 0 while a call is live");
  if (err != 0 && err != EBUSY)
    wrong("error", "libcgo_detach: %s", strerror(err));
  if (err == 0) {
    attach();
    learn();
  }
}

#if EXCEPTIONS
[[noreturn, gnu::noinline]] void throw_it() { throw thrown(); }

// Who catches what f throws, or nullptr.
frame *catcher(frame *f) {
  for (frame *c = f; c != nullptr; c = c->parent) {
    if (c->catches)
      return c;
    if (c->how == IN_HANDLER)
      return nullptr;
  }
  return nullptr;
}
#endif

// Whether a jump from f leaves, on a small stack, code that another stack of C's has called
// than that of what stays there; or ends a strand in which there are callers of what stays.
bool mixes_stacks(frame *f, frame *to) {
  for (int i = 0; i < strands_used; i++) {
    bool below = false, rests = false;
    for (frame *g = strands[i].top; g != nullptr && &strands[i] != to->in;
         g = g->parent) {
      below |= g->on == to->on && g->lo < to->lo && strands[i].state != DEAD;
      rests |= below && g->on->kind == SMALL && strands[i].kind == CO_STRAND &&
               g->on == to->on && !settings.any_way;
      for (frame *h = to; h != nullptr && below; h = caller_of(h))
        rests |= g == h;
    }
    if (rests)
      return true;
  }
  if (settings.any_way)
    return false;
  for (frame *g = f; g != to; g = caller_of(g))
    for (frame *h = to; g->on->kind == SMALL && h != nullptr; h = caller_of(h))
      if (h->on == g->on && nearest_c(h)->on != nearest_c(g)->on)
        return true;
  return false;
}

// Whether C would be left that has suspended itself in a context: see 12. above. f ends, and
// where it jumps what it leaves.
bool leaves_c(const frame *f, const frame *to) {
  static bool ends[most_frames];
  memset(ends, 0, sizeof ends);
  const auto end_all = [](const strand *s, const frame *but) {
    for (const frame *g = s->top; g != but; g = g->parent)
      ends[g->id] = true;
  };
  ends[f->id] = true;
  for (const frame *g = f; to != nullptr && g != to; g = caller_of(g))
    end_all(g->in, g->in == to->in ? to : nullptr);
  if (to != nullptr)
    end_all(to->in, to);
  for (bool more = true; more;) {
    more = false;
    for (int i = 0; i < strands_used; i++) {
      const strand *const s = &strands[i];
      if (s->state == DEAD || s->top == nullptr || ends[s->top->id] || s == f->in)
        continue;
      bool dies =
          f->how == ROOT || (s->resumer != nullptr && ends[s->resumer->id]) ||
          (s->base != nullptr && ends[s->base->id] && c_in(s) != nullptr);
      for (const frame *g = s->top; g != nullptr; g = g->parent)
        dies |=
            (g->on->owner != nullptr && ends[g->on->owner->id]) ||
            (to != nullptr && s != to->in && g->on == to->on && g->lo < to->lo);
      if (!dies)
        continue;
      if (s->state == SUSPENDED && s->top->on->kind != SMALL)
        return true;
      end_all(s, nullptr);
      more = true;
    }
  }
  return false;
}

bool may_jump(frame *f, frame *to) {
  return !mixes_stacks(f, to) && !leaves_c(f, to);
}

// Does the step, if it is possible here. Returns whether f is to return.
RAW bool perform(frame *f, const step &s) {
  void *const token = reinterpret_cast<void *>(uintptr_t(pc) * 7 + 1);
  const auto check_result = [token](uintptr_t result) {
    if (result != reinterpret_cast<uintptr_t>(token))
      wrong("result", "a call returned something else than its function");
  };
  const bool room = has_room(f) && frames_used < most_frames;
  switch (s.op) {
  case FRAME:
    if (!room)
      return false;
    call(f, IN_CALL, CALL, s.b, f->on);
    run_frame(nullptr);
    came_back(f);
    break;
  case EMBED: {
    constexpr enum kind kinds[] = {SMALL, ALT, COROUTINE};
    const enum kind kind = kinds[s.a % 3];
    if (!room || f->on->kind != OWN || f->lo - f->on->lo < 3 * embedded_size)
      return false;
    int count = 0;
    for (const region &r : regions)
      count += r.used;
    if (count == most_regions || (kind == ALT && lowest_on(alternate) != nullptr))
      return false;
    call(f, IN_CALL, CALL, s.b, f->on, 1 + kind);
    run_frame(nullptr);
    came_back(f);
    break;
  }
  case STACK: {
    region *const r = nth_region(SMALL, s.a);
    if (!room || !stack_is_free_for(r, f))
      return false;
    call(f, IN_STACK_CALL, ON_STACK, s.b, r);
    f->call = ++calls_made;
    check_result(libcgo_call_on_stack(self, &r->record, run_frame, token));
    calls_returned++;
    came_back(f);
    break;
  }
  case SYSTEM: {
    frame *const c = nearest_c(f);
    if (!room || c == nullptr)
      return false;
    call(f, IN_SYSTEM_CALL, ON_SYSTEM, s.b, c->on);
    check_result(libcgo_call_on_system(self, run_frame, token));
    came_back(f);
    break;
  }
  case CALLBACK: {
    if (!room)
      return false;
    call(f, IN_CALL, BY_CALLBACK, s.b, f->on);
    const int err = libcgo_callback(&runtime, run_in_callback, nullptr);
    if (err != 0)
      wrong("error", "libcgo_callback: %s", strerror(err));
    came_back(f);
    break;
  }
  case RETURN:
    if (!may_return(f) || leaves_c(f, nullptr))
      return false;
    if (f->how == CO_ROOT) {
      goes_on_after = f->in->resumer->in;
    } else if (f->how == TASK_ROOT) {
      goes_on_after = switch_target(f, s.a);
      set_base(goes_on_after, f);
      tell_switch(goes_on_after->top->on);
    } else if (f->how == CONTEXT_ROOT) {
      goes_on_after = go_target(f, s.a, true);
      set_base(goes_on_after, f);
    }
    return true;
  case THROW: {
#if EXCEPTIONS
    frame *const to = catcher(f);
    if (to == nullptr || f->cramped || !may_jump(f, to))
      return false;
    land_at(to);
    throw_it();
#else
    return false;
#endif
  }
  case JUMP: {
    int n = 0;
    for (frame *c = jumps_to(f); c != nullptr; c = jumps_to(c))
      n++;
    if (n == 0)
      return false;
    frame *to = jumps_to(f);
    for (int i = s.a % n; i > 0; i--)
      to = jumps_to(to);
    if (!may_jump(f, to))
      return false;
    land_at(to);
    _longjmp(to->here, 1);
  }
  case SIGNAL: {
    const bool there = s.a % 2 != 0;
    if (!room ||
        (there && f->on != alternate && lowest_on(alternate) != nullptr) ||
        (there && !may_use(alternate, f)))
      return false;
    call(f, IN_SIGNAL, IN_HANDLER, s.b, there ? alternate : f->on);
    const uintptr_t before = alternate->lo;
    raise(there ? SIGUSR2 : SIGUSR1);
    if (alternate->lo != before)
      set_alternate(alternate); // the return has set the system's back
    came_back(f);
    break;
  }
  case CO: {
    region *const r = nth_region(COROUTINE, s.a);
    if (!room || f->on->kind == SMALL || r == nullptr ||
        lowest_on(r) != nullptr || !can_make_context() || !may_leave_handler(f))
      return false;
    strand *const k = new_strand(CO_STRAND, r);
    if (k == nullptr)
      return false;
    call(f, IN_RESUME, CO_ROOT, s.b, r);
    k->resumer = f;
    f->in->state = WAITING;
    go(f, k, &f->in->context);
    came_back(f);
    break;
  }
  case RESUME: {
    int n = 0;
    for (int i = 0; i < strands_used; i++)
      n += strands[i].state == YIELDED && is_lowest(strands[i].top);
    if (n == 0 || f->on->kind == SMALL || f->cramped || !may_leave_handler(f))
      return false;
    int wanted = s.a % n;
    strand *k = strands;
    while (k->state != YIELDED || !is_lowest(k->top) || wanted-- != 0)
      k++;
    f->pending = IN_RESUME;
    k->resumer = f;
    f->in->state = WAITING;
    go(f, k, &f->in->context);
    came_back(f);
    break;
  }
  case YIELD: {
    strand *const k = f->in;
    if (k->kind != CO_STRAND || f->on != k->stack || f->cramped ||
        !is_lowest(k->resumer))
      return false;
    strand *const to = k->resumer->in;
    k->resumer = nullptr;
    k->state = YIELDED;
    go(f, to, &k->context);
    came_back(f);
    break;
  }
  case TASK: {
    region *const r = nth_region(SMALL, s.a);
    if (f->on->kind != SMALL || f->cramped || !stack_is_free_for(r, nullptr) ||
        lowest_on(r) != nullptr || (r->untold && is_trapped(r)) ||
        nearest_c(f) == nullptr || !can_make_context())
      return false;
    strand *const t = new_strand(TASK_STRAND, r);
    if (t == nullptr)
      return false;
    call(f, NOTHING, TASK_ROOT, s.b, r);
    set_base(t, f);
    f->in->state = SWITCHED;
    tell_left(r); // the task begins at its end, whatever the library has left there
    if ((s.b & 1) != 0 || tells_before())
      tell_switch(r);
    else
      to_be_told = r;
    go(f, t, &f->in->context);
    told_on_new_stack();
    came_back(f);
    break;
  }
  case SWITCH: {
    if (f->on->kind != SMALL || f->cramped)
      return false;
    strand *const t = switch_target(f, s.a);
    if (t == nullptr)
      return false;
    set_base(t, f);
    f->in->state = SWITCHED;
    if ((s.b & 1) != 0 || tells_before())
      tell_switch(t->top->on);
    else
      to_be_told = t->top->on;
    go(f, t, &f->in->context);
    told_on_new_stack();
    came_back(f);
    break;
  }
  case CONTEXT: {
    region *const r = nth_region(SMALL, s.a);
    if (f->cramped || !stack_is_free_for(r, f->in->kind == MAIN ? f : nullptr) ||
        lowest_on(r) != nullptr || is_trapped(r) || nearest_c(f) == nullptr)
      return false;
    strand *const t = new_strand(CONTEXT_STRAND, r);
    if (t == nullptr)
      return false;
    tell_left(r); // the context begins at its end
    const int err = libcgo_context_make(&t->made, &r->record, context_main, t);
    if (err == ENOTSUP)
      return false;
    if (err != 0)
      wrong("error", "libcgo_context_make: %s", strerror(err));
    call(f, NOTHING, CONTEXT_ROOT, s.b, r);
    set_base(t, f);
    t->suspended = &t->made;
    go_to_context(f, t, (s.b & 2) != 0);
    came_back(f);
    break;
  }
  case GO: {
    strand *const t = f->cramped ? nullptr : go_target(f, s.a, false);
    if (t == nullptr)
      return false;
    set_base(t, f);
    go_to_context(f, t, (s.b & 2) != 0);
    came_back(f);
    break;
  }
  case BOUNDS:
    check_bounds(f, s.a % 4 != 0);
    break;
  case DETACH:
    detach_in_between(f);
    break;
  case TRAP: {
    const bool after = (s.a & 1) != 0, there = (s.a & 2) != 0,
               system = (s.a & 4) != 0;
    region *const r = system ? nearest_c(f)->on : nth_region(SMALL, s.a >> 3);
    if (!room || (!system && !stack_is_free_for(r, f)) ||
        (there && (lowest_on(alternate) != nullptr || !may_use(alternate, f))))
      return false;
    call(f, system ? IN_SYSTEM_CALL : IN_STACK_CALL,
         system ? ON_SYSTEM : ON_STACK, 64, r);
    const int instructions = 1 + (s.b & ~frame_flags) % 300;
    f->at = {after ? instructions : 0, r, there,
             (s.b & catches_flag) != 0 && EXCEPTIONS};
    if (!system)
      f->call = ++calls_made;
    if (!after)
      arm(f, instructions);
    const uintptr_t result =
        system ? libcgo_call_on_system(self, run_frame, token)
               : libcgo_call_on_stack(self, &r->record, run_frame, token);
    disarm();
    f->at.after = 0;
    check_result(result);
    calls_returned += !system;
    came_back(f);
    break;
  }
  }
  return false;
}

// A program that cannot end: all is left, and other frames are where the frames were.
[[noreturn]] void abandon_all() {
  frame *const root = &frames[0];
  for (region &r : regions) {
    const frame *const lowest =
        r.used && r.owner == nullptr ? lowest_on(&r) : nullptr;
    r.left_from = lowest != nullptr ? lowest->lo : 0;
  }
  for (int i = 1; i < strands_used; i++)
    kill_strand(&strands[i]);
  while (strands[0].top != root)
    end_frame(strands[0].top, true);
  running = &strands[0];
  running->state = RUNNING;
  _longjmp(root->here, 1);
}

RAW void overwrite_all() {
  for (region &r : regions) {
    if (!r.used || r.left_from == 0)
      continue;
    const uintptr_t lo = r.left_from - r.lo > 2 * K ? r.left_from - 2 * K : r.lo;
    r.left_from = 0;
    void *memory = reinterpret_cast<void *>(lo);
    uintptr_t bytes = r.hi - lo;
    if (&r == own)
      memory = __builtin_alloca(bytes = sp_now() - lo);
    memset(memory, 0, bytes);
  }
}

// At the end of a program, where f cannot return: as far up as a jump may go; or on to who
// can return, from a context whose C others' C is below.
step last_step(frame *f) {
  int n = 0, farthest = -1;
  for (frame *c = jumps_to(f); c != nullptr; c = jumps_to(c), n++)
    if (may_jump(f, c))
      farthest = n;
  if (farthest >= 0)
    return {JUMP, static_cast<unsigned char>(farthest), 0};
  const auto which = static_cast<unsigned char>(n_last++);
  if (n_last > 50)
    abandon_all();
  if (f->on->kind == SMALL && switch_target(f, 0) != nullptr)
    return {SWITCH, which, 1};
  if (go_target(f, 0, false) != nullptr)
    return {GO, which, 0};
  abandon_all();
}

RAW void loop(frame *f) {
  for (;;) {
    f->lo = sp_now();
    check_all();
    step s;
    if (f->cramped && may_return(f) && !leaves_c(f, nullptr)) {
      s = {RETURN, 0, 0};
    } else if (pc < now->count) {
      shared->step = pc;
      shared->done++;
      s = now->steps[pc++];
    } else if (may_return(f) && !leaves_c(f, nullptr)) {
      s = {RETURN, 0, 0};
    } else {
      s = last_step(f);
    }
    if (settings.trace)
      fprintf(stderr, "%*sframe %d: %s.%d.%d\n", live_count, "", f->id,
              op_names[s.op], s.a, s.b & ~frame_flags);
    if (perform(f, s))
      return;
    if (settings.trace)
      fprintf(stderr, "%*sframe %d goes on\n", live_count, "", f->id);
    f->pending = NOTHING;
  }
}

// ---- a program's process ----

void enter(libcgo_thread *thread) { self = thread; }
void leave(libcgo_thread *) { self = nullptr; }
libcgo_thread *current_thread(const libcgo_runtime *) { return self; }
libcgo_thread record = LIBCGO_THREAD_INIT;
libcgo_thread *acquire(libcgo_runtime *) { return &record; }
void release(libcgo_thread *) {}
void stopped(const char *message) { wrong("message", "%s", message); }
const libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current_thread, stopped);
libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

char *map(uintptr_t bytes) { // between pages that fault
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto *memory = static_cast<char *>(mmap(nullptr, bytes + 2 * page, PROT_NONE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED ||
      mprotect(memory + page, bytes, PROT_READ | PROT_WRITE) != 0)
    abort();
  return memory + page;
}

uintptr_t as_word(const void *p) { return reinterpret_cast<uintptr_t>(p); }

long pages() {
  long n = -1;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f != nullptr) {
    if (fscanf(f, "%ld", &n) != 1)
      n = -1;
    fclose(f);
  }
  return n;
}

void tell_all() {
  for (region &r : regions)
    if (r.used && r.kind == SMALL)
      tell_left(&r);
}

[[gnu::noinline]] void run_round() {
  frames_used = strands_used = 0;
  live_count = 0;
  for (region &r : regions) // what was there before
    if (r.used)
      unpoison(r.lo, r.kind == OWN ? sp_now() - 64 : r.hi);
  left_elsewhere = false;
  pc = n_last = 0;
  strand *const s = &strands[strands_used++];
  clear(s, MAIN);
  s->state = RUNNING;
  running = s;
  next_plan = {ROOT, false, 0, 64, own, false};
  run_frame(nullptr);
  for (int i = 0; i < strands_used; i++)
    if (strands[i].state != DEAD)
      kill_strand(&strands[i]);
  tidy();
  if (live_count != 0)
    wrong("model", "%d frames are left", live_count);
}

void *run_thread(void *) {
  const uintptr_t here = as_word(__builtin_frame_address(0));
  if (now->initial) {
    const uintptr_t above =
        UINTPTR_MAX - here; // with 32-bit words that may be little
    own = add_region(OWN, here - 3 * own_size / 2,
                     here + (above < 1024 * K ? above : 1024 * K), nullptr);
  }
  stack_t before, s = {};
  s.ss_sp = reinterpret_cast<void *>(default_alternate->lo);
  s.ss_size = default_alternate->hi - default_alternate->lo;
  sigaltstack(&s, &before);
  attach();
  if (now->no_files) {
    rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    const rlimit none = {0, files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    learn();
    setrlimit(RLIMIT_NOFILE, &files);
  }
  learn();
  long pages_before = 0;
  for (int round = 0; round < now->rounds; round++) {
    shared->round = round;
    run_round();
    if (now->rounds > 1)
      tell_all();
    if (round == now->rounds / 3)
      pages_before = pages();
  }
  if (now->rounds > 1 && !UNDER_ASAN && pages() > pages_before + 4)
    wrong("grows", "%d rounds of the program take %ld pages more and more",
          now->rounds - now->rounds / 3, pages() - pages_before);
  int err = libcgo_detach(&runtime);
  if (err == EBUSY) {
    tell_all();
    err = libcgo_detach(&runtime);
  }
  if (err != 0)
    wrong("busy", "nothing runs, and libcgo_detach says: %s", strerror(err));
  sigaltstack(&before, nullptr);
  return nullptr;
}

// Made once: the same for all programs.
char *memory_of_own;

void make_world() {
  static bool made;
  if (made)
    return;
  made = true;
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGUSR1, &action, nullptr);
  action.sa_flags = SA_NODEFER | SA_ONSTACK;
  sigaction(SIGUSR2, &action, nullptr);
  const auto region_at = [](enum kind kind, uintptr_t bytes, bool heap) {
    char *memory = heap ? static_cast<char *>(malloc(bytes)) : map(bytes);
    return add_region(kind, as_word(memory), as_word(memory) + bytes, nullptr);
  };
  // Some below the thread's own stack, some above.
  region_at(SMALL, small_size, false);
  region_at(COROUTINE, small_size, false);
  memory_of_own = map(own_size);
  for (int i = 1; i < small_stacks; i++)
    region_at(SMALL, small_size, false);
  region_at(COROUTINE, small_size, false);
  for (int i = 2; i < co_stacks; i++)
    region_at(COROUTINE, small_size & ~uintptr_t(4095), true);
  default_alternate = alternate = region_at(ALT, small_size, false);
  const char *lo = map(64 * 1024);
  spare = LIBCGO_STACK_INIT(lo, lo + 64 * 1024);
  libcgo_init_begin(&runtime.init);
  libcgo_init_done(&runtime.init);
}

void run_here(const program &p) {
  now = &p;
  // Of the processor's time: others may take it, too.
  const itimerval limit = {{0, 0}, {settings.seconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
  alarm(20 * static_cast<unsigned>(settings.seconds));
  make_world();
  if (p.initial) {
    run_thread(nullptr);
    own->used = false;
    return;
  }
  own = add_region(OWN, as_word(memory_of_own),
                   as_word(memory_of_own) + own_size, nullptr);
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  if (pthread_attr_setstack(&attr, memory_of_own, own_size) != 0 ||
      pthread_create(&thread, &attr, run_thread, nullptr) != 0)
    wrong("model", "no thread");
  pthread_join(thread, nullptr);
  own->used = false;
}

// Runs programs in a process of their own. Returns whether they went well; otherwise the
// report says what did not, and of which.
template <typename get> bool run_all(long count, const get &program_of) {
  shared->kind[0] = shared->text[0] = '\0';
  shared->step = shared->round = 0;
  fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    for (long i = 0; i < count; i++) {
      shared->of = i;
      const program p = program_of(i);
      run_here(p);
    }
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    perror("calls-fuzz: a process");
    exit(2);
  }
  if (status == 0)
    return true;
  if (shared->kind[0] != '\0')
    return false;
  snprintf(shared->kind, sizeof shared->kind, "%s",
           WIFSIGNALED(status) ? "signal" : "exit");
  snprintf(shared->text, sizeof shared->text, "the process ended by %s %d",
           shared->kind,
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  return false;
}

bool run(const program &p) {
  return run_all(1, [&p](long) -> const program & { return p; });
}

// ---- making programs ----

constexpr unsigned weights[OPS] = {20, 4, 18, 16, 4, 16, 8, 8, 6, 4,
                                   5,  5, 4,  5,  6, 1,  3, 4, 6};

program make(uint64_t seed, int steps) {
  random_numbers random = {seed};
  program p = {};
  p.initial = random.below(4) == 0;
  p.no_files = p.initial && random.below(4) == 0;
  p.tells = random.below(3) != 0;
  p.rounds = random.below(64) == 0 ? 700 : 1;
  // Each program has a choice of its own: what is rare among all comes together.
  unsigned chosen[OPS], sum = 0;
  const unsigned without = random.below(1024) & random.below(1024);
  for (int i = 0; i < OPS; i++) {
    chosen[i] = weights[i] * (settings.more[i] ? 4 : 1);
    if (((without & 1) && i == EMBED) ||
        ((without & 2) && (i >= CO && i <= YIELD)) ||
        ((without & 4) && (i == TASK || i == SWITCH)) ||
        ((without & 8) && i == SIGNAL) || ((without & 16) && i == THROW) ||
        ((without & 32) && i == JUMP) || ((without & 64) && i == CALLBACK) ||
        ((without & 128) && i == FRAME) || ((without & 256) && i == TRAP) ||
        ((without & 512) && i >= CONTEXT) || settings.without[i] ||
        (p.rounds > 1 && i == TRAP))
      chosen[i] = 0;
    sum += chosen[i];
  }
  p.count = 6 + static_cast<int>(random.below(
                    static_cast<unsigned>(steps > 6 ? steps - 5 : 1)));
  for (int i = 0; i < p.count; i++) {
    unsigned r = random.below(sum);
    unsigned op = 0;
    while (r >= chosen[op])
      r -= chosen[op++];
    p.steps[i].op = static_cast<unsigned char>(op);
    p.steps[i].a = static_cast<unsigned char>(random.below(256));
    const unsigned size =
        random.below(2) ? random.below(2000) : random.below(200);
    p.steps[i].b = static_cast<unsigned short>(
        size | (random.below(5) < 2 ? catches_flag : 0) |
        (random.below(4) == 0 ? gap_flag : 0));
  }
  return p;
}

void print(FILE *f, const program &p) {
  fprintf(f, "%c%d%c",
          p.no_files  ? 'n'
          : p.initial ? 'i'
                      : 't',
          p.rounds, p.tells ? '+' : '-');
  for (int i = 0; i < p.count; i++)
    fprintf(f, " %s.%d.%d%s%s", op_names[p.steps[i].op], p.steps[i].a,
            p.steps[i].b & ~frame_flags, p.steps[i].b & catches_flag ? "c" : "",
            p.steps[i].b & gap_flag ? "g" : "");
  fputs("'\n", f);
}

int op_of(const char *name) {
  int op = 0;
  while (op < OPS && strcmp(op_names[op], name) != 0)
    op++;
  return op;
}

bool parse(const char *text, program *p) {
  char on, tells;
  int used;
  *p = {};
  if (sscanf(text, "%c%d%c%n", &on, &p->rounds, &tells, &used) != 3)
    return false;
  p->no_files = on == 'n';
  p->initial = on != 't';
  p->tells = tells == '+';
  text += used;
  char name[16];
  int a, b;
  while (p->count < most_steps &&
         sscanf(text, " %15[a-z].%d.%d%n", name, &a, &b, &used) == 3) {
    text += used;
    const int op = op_of(name);
    if (op == OPS)
      return false;
    if (*text == 'c') {
      b |= static_cast<int>(catches_flag);
      text++;
    }
    if (*text == 'g') {
      b |= static_cast<int>(gap_flag);
      text++;
    }
    p->steps[p->count++] = {static_cast<unsigned char>(op),
                            static_cast<unsigned char>(a),
                            static_cast<unsigned short>(b)};
  }
  return *text == '\0' || *text == '\n';
}

// The same failure with as few steps, and as plain ones, as can be found.
program shrink(const program &failing) {
  char kind[sizeof shared->kind];
  memcpy(kind, shared->kind, sizeof kind);
  program best = failing;
  const auto still = [&](const program &p) {
    if (run(p) || strcmp(shared->kind, kind) != 0)
      return false;
    best = p;
    return true;
  };
  program p = best;
  p.rounds = 1;
  if (best.rounds != 1)
    still(p);
  p = best;
  p.initial = true;
  p.no_files = false;
  if (!best.initial || best.no_files)
    still(p);
  for (bool again = true; again;) {
    again = false;
    for (int size = best.count; size > 0; size /= 2)
      for (int at = best.count - size; at >= 0; at -= size) {
        if (at + size > best.count)
          continue;
        p = best;
        memmove(&p.steps[at], &p.steps[at + size],
                static_cast<size_t>(p.count - at - size) * sizeof *p.steps);
        p.count -= size;
        again |= still(p);
      }
  }
  for (int i = 0; i < best.count; i++) {
    const unsigned char as[] = {0, 1, 2};
    for (unsigned char a : as)
      if (best.steps[i].a > a) {
        p = best;
        p.steps[i].a = a;
        if (still(p))
          break;
      }
    for (unsigned flag = catches_flag; flag >= gap_flag; flag /= 2)
      if (best.steps[i].b & flag) {
        p = best;
        p.steps[i].b &= static_cast<unsigned short>(~flag);
        still(p);
      }
    const unsigned sizes[] = {0, 64, 400, 1000, 1900};
    for (unsigned size : sizes)
      if ((best.steps[i].b & ~frame_flags) != size) {
        p = best;
        p.steps[i].b =
            static_cast<unsigned short>((p.steps[i].b & frame_flags) | size);
        if (still(p))
          break;
      }
  }
  run(best); // for the report
  return best;
}

void share() {
  if (shared != nullptr)
    return;
  shared =
      static_cast<report *>(mmap(nullptr, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (shared == MAP_FAILED)
    abort();
}

double seconds_now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// ---- the command ----

constexpr int most_kinds = 16;
constexpr long most_together = 16;
struct hunt {
  uint64_t seed;
  long programs;
  double seconds;
  int steps;
  bool keep_going;
  bool whole;
  const char *ignored[most_kinds];
  int ignored_count;
};

bool ignores(const hunt &h, const char *kind) {
  for (int i = 0; i < h.ignored_count; i++)
    if (strcmp(h.ignored[i], kind) == 0)
      return true;
  return false;
}

void tell(FILE *f, uint64_t seed, const program &p) {
  fprintf(f, "# seed %llu: %s: %s (step %d, round %d)\n# --replay '",
          static_cast<unsigned long long>(seed), shared->kind, shared->text,
          shared->step, shared->round);
  print(f, p);
}

// Returns how many programs failed.
long seek(const hunt &h) {
  share();
  const double begin = seconds_now();
  long failures = 0, n = 0;
  struct {
    char kind[16];
    long count;
  } kinds[most_kinds] = {};
  for (; (h.programs == 0 || n < h.programs) &&
         (h.seconds == 0 || seconds_now() - begin < h.seconds);
       n++) {
    // Many in a process, which takes most of the time; who fails there is run alone.
    const long many = h.programs == 0 || h.programs - n > most_together
                          ? most_together
                          : h.programs - n;
    if (run_all(many, [&h, n](long i) {
          return make(h.seed + static_cast<uint64_t>(n + i), h.steps);
        })) {
      n += many - 1;
      continue;
    }
    const long before = shared->of;
    n += before;
    const program p = make(h.seed + static_cast<uint64_t>(n), h.steps);
    if (ignores(h, shared->kind))
      continue;
    const report together = *shared;
    if (run(p)) {
      if (strcmp(together.kind, "grows") == 0)
        continue; // an emulator's own memory, among others'
      printf(
          "# seed %llu: together with the %ld before: %s: %s (step %d, round %d)\n",
          static_cast<unsigned long long>(h.seed) +
              static_cast<unsigned long long>(n),
          before, together.kind, together.text, together.step, together.round);
      failures++;
      continue;
    }
    failures++;
    int k = 0;
    while (k < most_kinds - 1 && kinds[k].count != 0 &&
           strcmp(kinds[k].kind, shared->kind) != 0)
      k++;
    memcpy(kinds[k].kind, shared->kind, sizeof kinds[k].kind);
    if (kinds[k].count++ != 0) {
      printf("# seed %llu: %s, too\n",
             static_cast<unsigned long long>(h.seed) +
                 static_cast<unsigned long long>(n),
             shared->kind);
      fflush(stdout);
    } else { // the first of its kind
      const program small = h.whole ? p : shrink(p);
      tell(stdout, h.seed + static_cast<uint64_t>(n), small);
      printf("# after %ld programs and %.1f s, shrunk from %d steps to %d\n",
             n + 1, seconds_now() - begin, p.count, small.count);
      fflush(stdout);
    }
    if (!h.keep_going) {
      n++;
      break;
    }
  }
  for (int k = 0; k < most_kinds && kinds[k].count != 0; k++)
    printf("# %s: %ld\n", kinds[k].kind, kinds[k].count);
  printf("# %ld programs from seed %llu on, %ld steps, %.1f s: %ld failed\n", n,
         static_cast<unsigned long long>(h.seed), shared->done,
         seconds_now() - begin, failures);
  fflush(stdout);
  return failures;
}

} // namespace

// Shrunk from failures of this library and of 0.1.
// clang-format off
static const char *const once_failed[] = {
    // Older code on a small stack, below where an exception has ended a call on it that
    // another small stack's C had made. Its frame leaves that call's number as it was.
    "i1+ stack.1.0 frame.0.0 stack.2.0 stack.1.0 frame.0.0 system.0.0 frame.0.0c stack.2.0 "
    "throw.0.0 frame.0.0 jump.124.0 frame.0.0g system.0.0 stack.2.0",
    // Two exceptions, caught at two depths; then C.
    "i1- system.0.0c stack.171.0 throw.0.0 system.0.0 stack.147.0c stack.0.0 throw.0.0 "
    "system.0.0",
    // Bounds, asked from where a call was that an exception has ended.
    "i1- stack.0.0c stack.0.0 throw.0.0 frame.0.0 bounds.1.0",
    "i1- stack.235.0 system.0.0 stack.47.0 jump.1.0 frame.0.0 bounds.1.0",
    // Coroutines whose calls end unseen.
    "i1+ co.0.0c stack.0.0 stack.0.0 return.0.0 throw.0.0",
    "i1+ co.0.0 stack.0.0 jump.0.0",
    // The signal stack, and small stacks, are arrays in a frame.
    "i1+ embed.1.0 stack.0.0 signal.1.0 stack.1.0",
    "i1- embed.1.0 stack.0.0 system.0.0 signal.1.0 stack.0.0",
    "i1- embed.1.0 stack.2.0 task.1.0 signal.1.0 stack.0.0",
    "i1+ embed.0.0 stack.139.0 bounds.1.0",
    // Jumps, on the thread's own stack and on small ones.
    "i1+ stack.0.0 jump.0.0 frame.0.0 stack.2.0 stack.0.0 frame.0.0 frame.0.0 frame.0.0 "
    "stack.0.0 jump.0.0 stack.2.0",
    "i1+ frame.0.0 stack.0.0 jump.0.0 system.0.0 system.0.0 stack.0.0 stack.0.0 stack.0.0 "
    "jump.0.0 bounds.1.0",
    // libcgo_detach, refused.
    "i1- stack.0.0 stack.1.0 system.0.0 stack.0.0 return.0.0 detach.0.0 stack.1.0",
    "i1- trap.1.0 stack.0.0 system.0.0 detach.0.0",
    // libcgo_stack_left of other stacks.
    "i1+ stack.0.0 stack.1.0 stack.0.0 stack.2.0 jump.2.0 task.1.0",
    "i1+ stack.1.0 task.0.0 system.0.0 system.0.0 frame.0.0 embed.0.0 stack.2.0 stack.0.0 "
    "system.0.0 stack.0.0 jump.97.0 system.0.0",
    // A call returns while another task is inside C.
    "i1+ stack.1.0 stack.1.0 task.0.0 system.0.0 stack.0.0 switch.0.0 return.0.0 system.0.0",
    // From small stack to small stack, after an end that was not seen.
    "i1+ stack.1.0 system.0.0c stack.1.0 throw.0.0 return.0.0 stack.0.0 stack.1.0",
    "i1- stack.0.0 system.0.0 system.0.0 system.0.0 system.0.0c stack.0.0 stack.1.0 jump.0.0 "
    "stack.0.0 return.0.0 throw.0.0 stack.0.0",
    "i1- trap.136.0 return.0.0 system.0.0 system.0.0 stack.1.0 stack.0.0 stack.0.0 system.0.0 "
    "embed.0.0 stack.99.0 stack.0.0 jump.124.0 return.0.0 jump.1.0 stack.1.0",
    // Tasks, after jumps out of calls that were made in them, and when the call is over in
    // which they began.
    "i1- callback.0.0 stack.1.0 task.23.0 stack.135.0 frame.0.0 stack.0.0 jump.2.0 frame.0.0 "
    "system.0.0",
    "i1- stack.0.0 stack.0.0 task.1.0 system.0.0 stack.1.0 stack.1.0 switch.0.0 jump.0.0 "
    "system.0.0",
    "i1+ stack.2.0 stack.2.0 task.0.0 stack.0.0 switch.0.0 return.0.0 switch.0.0",
    "i1+ system.0.0 system.0.0 co.0.0 frame.0.0 callback.0.0 co.1.0 stack.0.0 task.35.0 "
    "frame.0.0 frame.0.400 stack.1.0 system.0.0 jump.162.0 stack.0.0 task.55.0 system.0.0",
    // A coroutine's call returns when the code that began it has called C from deeper.
    "i1- stack.0.0 system.0.0 co.0.0 stack.1.0 system.0.0 yield.0.0 return.0.0 frame.0.0 "
    "frame.0.0 frame.0.0 system.0.0 resume.0.0 return.0.0 return.0.0 stack.0.0",
    // A task goes on in a later call, above one that it has made in an earlier one.
    "i1+ frame.0.0c stack.0.0 task.1.0c stack.1.0 switch.0.0 throw.0.0 stack.0.0 switch.0.0 "
    "throw.0.0 bounds.1.0",
    // A signal handler finds first what the interrupted code is looking for.
    "i1- stack.0.0 task.1.0 frame.0.0 system.0.0 stack.2.0 jump.1.0 trap.172.64 signal.0.0 "
    "return.0.0 system.0.0",
    // Both stacks are left to which a call's code had gone over.
    "i1+ embed.1.0 stack.1.0 signal.1.0 system.0.0 stack.0.0 task.2.0 jump.1.0",
    // After an unseen end, older code calls C from as deep, and that a small stack.
    "i1+ stack.2.0 system.0.0c stack.2.0 throw.0.0 return.0.0 signal.0.0 system.0.0 stack.2.0",
    "i1+ stack.1.0 frame.0.0 stack.2.0 stack.1.0 frame.0.0 system.0.0 frame.0.0c stack.2.0 "
    "throw.0.0 frame.0.0 jump.124.0 signal.0.0 system.0.0 stack.2.0",
    // A jump out of a handler, past calls from small stack to small stack.
    "i1- system.0.0 stack.0.0 stack.0.0 frame.0.0 frame.0.0 stack.0.0 signal.1.0 stack.1.0 "
    "frame.0.0 jump.24.0 frame.0.0 system.0.0",
    // A jump to a frame, just below which a call began that has ended.
    "i1- stack.0.0 stack.0.0 stack.0.0 callback.0.0 system.0.0 system.0.0 stack.0.0 "
    "stack.251.0 system.0.0 stack.0.0 signal.0.0 system.0.0 stack.2.0c stack.31.0 throw.0.0 "
    "jump.186.0 stack.2.0 stack.0.0",
    // The frames in between have ended, of which one began a task.
    "i1+ stack.0.0c stack.0.0 stack.0.0 task.1.0 system.0.0 stack.1.0 switch.0.0 throw.0.0 "
    "switch.0.149",
    // A call returns above one that has ended, on the stack from which it was made.
    "i1- stack.0.0 task.2.0 stack.1.0 stack.2.0 signal.0.0 system.0.0 return.0.0 return.0.0 "
    "jump.0.0 return.0.0 frame.0.0 system.0.0",
    // A task waits in C, begun when the record named a call that had ended.
    "i1- stack.0.0c system.0.0 stack.0.0 throw.0.0 task.1.0 system.0.0 stack.1.0 switch.0.0 "
    "switch.0.719",
    // From a small stack onto the same: below the whole frame of the call.
    "i1- stack.0.0 trap.1.0",
    // A call keeps nothing on its own stack when that was left.
    "i1- trap.0.0c stack.0.0 task.2.0 system.0.0 stack.2.0 switch.0.0 throw.0.0 jump.0.0 "
    "stack.0.0 task.2.0 system.0.0",
    // On a new stack it is told that the thread has come there, and the call that is named
    // is over.
    "i1- frame.0.0 frame.0.0 system.0.0 stack.0.0 system.0.0c stack.0.0 stack.0.0 throw.0.0"
    " detach.0.0 jump.0.0 task.1.0",
    "i1+ stack.1.0 system.0.0c stack.1.0 throw.0.0 return.0.0 task.0.0 bounds.1.0",
    "i1- stack.2.0 system.0.0 frame.0.0c stack.1.0 throw.0.0 return.0.0 return.0.0 task.0.0"
    " stack.0.0 system.0.0",
    "i1+ stack.0.0c stack.0.0 throw.0.0 task.1.0 stack.1.0 system.0.0 jump.0.0 jump.0.0 "
    "frame.0.0 callback.0.0 system.0.0 stack.1.0 jump.1.0 system.0.0",
    "i1+ stack.0.0 system.0.0 stack.1.0 stack.0.0 stack.2.0 jump.2.0 return.0.0 task.1.0",
    // A jump out of a handler, which has interrupted the end of a call.
    "i1+ frame.0.0 system.0.0 system.0.0 return.0.0 system.0.0 stack.2.0 system.0.0 "
    "frame.0.0 trap.1.80 return.0.0 jump.0.0 stack.2.0",
    // The task has gone that had gone over to another one, and the memory of its stack.
    "i1+ embed.0.1000 stack.44.0 task.0.0 stack.0.0 switch.0.0 return.0.0 return.0.0 "
    "callback.0.0 system.0.0 bounds.1.0",
    // A handler ends the calls that the interrupted code is about to end.
    "i1- stack.239.0 system.0.0c stack.0.0 system.0.0 stack.0.0 throw.0.0 trap.184.1450 "
    "stack.0.0",
    // The record's own range grows where the call below has ended.
    "i1+ stack.0.0 task.87.0 stack.1.0 frame.0.0 trap.187.0 system.0.0 jump.2.0 return.0.0 "
    "system.0.0",
    // A handler on a small stack calls C while the state changes, and other C waits.
    "i1+ stack.1.0 task.0.0 trap.1.64 switch.0.0 system.0.0 stack.1.0 switch.0.0 return.0.0 "
    "trap.213.0",
    // A handler calls on the small stack on which a call has just begun.
    "i1+ trap.8.162 stack.1.0 return.0.0 return.0.0 stack.0.0 system.0.0",
    // A handler calls on the stack of a call that is about to begin.
    "i1+ embed.0.0 trap.8.1487 stack.1.0 return.0.0 return.0.0 stack.0.0 system.0.0",
    // A handler comes when a call has returned and still counts.
    "i1- stack.1.0 task.95.0 trap.185.120 system.0.0 return.0.0 return.0.0 system.0.0 "
    "stack.0.0 return.0.0 trap.123.0",
    // Older code goes on below where a call was made, and it is not seen that this has
    // ended.
    "i1- stack.155.0 stack.0.0 jump.0.0 signal.0.0 system.0.0 signal.0.0c stack.0.0 "
    "stack.0.0 throw.0.0 stack.67.0",
    "i1+ embed.0.0 embed.1.0 stack.224.0 frame.0.0 stack.119.0 signal.0.0 frame.0.0 "
    "return.0.0 jump.1.0 frame.0.0 system.0.0 stack.239.0",
    "i1+ stack.2.0 system.0.0c stack.2.0 throw.0.0 return.0.0 frame.0.0 system.0.0 co.0.0 "
    "stack.2.0",
    // A task has outlived the call in which it began, and then goes on in another one's C.
    "i1+ stack.0.0 task.2.0 stack.2.0 switch.0.0 return.0.0 stack.0.0 switch.0.0 "
    "system.0.0c stack.2.0 throw.0.0",
    "i1+ stack.1.0 task.0.0 trap.25.1535 switch.0.0 system.0.0 co.0.0 stack.1.0 switch.0.0 "
    "return.0.0 system.0.0",
    // C waits on a coroutine's stack for a call whose code has gone over to another task.
    "i1+ embed.0.0 co.0.0 stack.0.0 stack.0.0 stack.0.0 frame.0.0 return.0.0 return.0.0 "
    "task.1.0 system.0.0 stack.1.0 switch.0.0 system.0.0 jump.1.0 system.0.0",
    // A handler has returned, and so has a coroutine, and what they called was left: a switch
    // is told before.
    "i1- embed.0.0 stack.134.0c system.0.0 frame.0.0 return.0.0 return.0.0 stack.1.0 "
    "stack.0.0 return.0.0 throw.0.0 task.0.0 system.0.0 trap.0.0",
    "i1- embed.1.0 system.0.0 return.0.0 stack.0.0 signal.1.0 stack.1.0 frame.0.0 frame.0.0 "
    "jump.2.0 return.0.0 task.2.0 system.0.0",
    "i1- stack.0.0 system.0.0 co.0.0 stack.1.0 jump.0.0 return.0.0 return.0.0 task.2.0 "
    "system.0.0",
    // A handler's call was left, and so was one that a task in it had made.
    "i1+ stack.1.0 system.0.0 system.0.0 signal.1.0 stack.0.0 task.2.0 return.0.0 system.0.0 "
    "signal.0.0 signal.0.0 stack.2.0 stack.0.0 jump.136.0 callback.0.0 jump.2.0 system.0.0",
    // A later call, by C that was called from higher up, does not hide a deeper position.
    "i1+ embed.0.0 stack.2.0 system.0.0 stack.0.0 stack.0.0 return.0.0 task.1.0 stack.2.0 "
    "stack.1.0 switch.0.0 return.0.0 stack.0.0 switch.0.0 stack.2.0",
    // A handler's call was left in which a task had begun; the task goes on in an older call.
    "i1- stack.1.0 system.0.0 signal.1.0 stack.0.0 task.2.1 stack.3.0 switch.0.1 jump.1.0 "
    "return.0.0 switch.0.1 system.0.0 stack.0.0 jump.2.0 system.0.0",
    "i1- embed.0.0 stack.1.0 system.0.0 signal.1.0 stack.0.0 task.2.1 stack.3.0 stack.4.0 "
    "switch.0.1 jump.1.0 return.0.0 switch.0.1 system.0.0 stack.0.0 jump.3.0 system.0.0",
    // Or in a newer one, with or without an older one that is left.
    "i1- embed.0.0 stack.1.0 system.0.0 signal.1.0 stack.0.0 task.2.1 stack.3.0 stack.4.0 "
    "switch.0.1 jump.1.0 stack.0.0 switch.0.1 system.0.0 stack.1.0 jump.3.0 system.0.0",
    "i1- embed.0.0 signal.1.0 stack.0.0 task.2.1 stack.3.0 stack.4.0 switch.0.1 jump.1.0 "
    "stack.0.0 switch.0.1 system.0.0 stack.1.0 jump.3.0 system.0.0",
    // Then the call which the task made returns, and calls in it were left.
    "i1- embed.0.0 signal.1.0 stack.0.0 task.2.1 stack.3.0 stack.4.0 switch.0.1 jump.1.0 "
    "stack.0.0 switch.0.1 jump.0.0 return.0.0 system.0.0",
    "i1- embed.0.0 signal.1.0 stack.0.0 task.2.1 stack.3.0 stack.4.0 switch.0.1 jump.1.0 "
    "stack.0.0 switch.0.1 stack.1.0 jump.1.0 return.0.0 system.0.0",
    // A call returns whose code had made another one, after a switch: that is over, too.
    "i1- stack.1.0 system.0.0 co.0.0 signal.0.0 stack.0.0 stack.1.0 task.3.1 switch.0.1 "
    "stack.2.0 signal.0.0 stack.0.0 switch.0.1 return.0.0 system.0.0 jump.3.0 return.0.0 "
    "jump.2.0 return.0.0 stack.0.0 system.0.0",
    // C that was called from a small stack made a call; that stack is left, and its memory is
    // C's again.
    "i1- embed.0.0 co.0.0 stack.0.0 task.4.0 system.0.0 stack.1.0 system.0.0 jump.3.0 "
    "jump.1.0 system.0.0 system.0.0",
    "t1- embed.0.0 stack.0.0 task.4.0 system.0.0 stack.1.0 switch.0.0 jump.1.0 system.0.0 "
    "bounds.1.0",
    // A handler ends the call that the interrupted code is looking at, and uses its place.
    "i1+ embed.0.0 stack.134.0 system.0.0c stack.54.0 throw.0.0 trap.164.100 stack.0.0",
    "i1+ embed.0.0 stack.134.0 system.0.0c stack.54.0 throw.0.0 trap.164.101 stack.0.0",
    "i1+ embed.0.0 stack.134.0 system.0.0c stack.54.0 throw.0.0 trap.164.102 stack.0.0",
    // A handler on the signal stack has called, and goes over to a coroutine, which calls so
    // often that all calls are asked whether they are over.
    "i1- signal.1.0 stack.0.0 system.0.0 co.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 "
    "stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 "
    "stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 "
    "stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 "
    "stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 "
    "stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 "
    "stack.1.0 system.0.0 stack.1.0 system.0.0 stack.0.0",
    "t1- embed.2.0 signal.1.0 stack.0.0 system.0.0 co.4.0 stack.1.0 system.0.0 stack.1.0 "
    "system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 "
    "system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 "
    "system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 "
    "system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 "
    "system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.1.0 "
    "system.0.0 stack.1.0 system.0.0 stack.1.0 system.0.0 stack.0.0",
    // A switch was told when the call had ended unseen that the record named: older code has
    // gone over.
    "i1- embed.0.0 stack.0.0 task.1.0 frame.0.0 system.0.0 trap.51.0 system.0.0c stack.1.0 "
    "throw.0.0 jump.0.0 switch.0.0 bounds.1.0 system.0.0",
    // It is told of a task, on whose stack a call seems to be that was made in one that has
    // returned.
    "i1- stack.0.0 task.127.0 stack.1.0c stack.63.0 throw.0.0 return.0.0 switch.0.0 "
    "switch.0.989 system.0.0",
    // Older code has made a call where one had ended unseen, and libcgo_stack_left says that.
    "i1- system.0.0 stack.0.0 frame.0.171 frame.0.0 stack.2.0 trap.119.64 return.0.0 stack.0.0 "
    "jump.2.0 return.0.0 frame.0.0c frame.0.0 stack.0.0 task.2.0",
    "i1- stack.0.0 frame.0.171 frame.0.0 stack.2.0 stack.0.0 jump.2.0 return.0.0 frame.0.0c "
    "frame.0.0 stack.0.0 task.2.0",
    // A handler returns when the signal stack is another one than when it began.
    "i1+ embed.1.0 co.0.0 signal.0.0 yield.0.0 jump.0.0 resume.0.0 return.0.0 signal.1.0",
    // C on a coroutine has made a call, and the coroutine waits; both stacks are arrays, and
    // the runtime goes on above where C was called that has resumed the coroutine.
    "i1- embed.2.0 embed.2.0 co.4.0 stack.0.0 system.0.0 co.5.0 stack.1.0 system.0.0 "
    "yield.0.0 return.0.0 frame.0.0 system.0.0 resume.0.0 return.0.0 system.0.0",
    // C on the signal stack, which is an array, overwrites no other C.
    "i1- embed.1.0 context.0.0 signal.1.0 go.0.0 go.0.0",
    "i1+ embed.2.0 embed.1.0 co.219.0 context.0.0 signal.1.0 go.0.0",
    "i1+ embed.1.0 context.0.0 signal.1.0 co.0.0 stack.1.0 system.0.0 yield.0.0 go.0.0 "
    "resume.0.0",
    // C waits that a jump has left: other C goes on above.
    "i1- context.0.0 stack.0.0 go.0.0 go.0.0 task.1.0 return.0.0 system.0.0 stack.0.0 "
    "jump.2.0",
    "i1- context.0.0 stack.0.0 go.0.0 go.0.0 task.1.0 return.0.0 system.0.0 stack.1.0 "
    "jump.2.0",
    "i1+ context.0.0 frame.0.0c system.0.0 stack.0.0 stack.0.0 frame.0.0 jump.194.0 "
    "signal.1.0 go.0.0",
    "i1+ context.2.0 system.0.0 stack.2.0 context.0.0 system.0.0 stack.0.0 go.0.0",
    // A handler on the signal stack has interrupted a context, and goes on when the C has gone
    // on in whose call the context began.
    "i1+ context.0.0 go.0.0 go.0.0 signal.1.0 go.0.0 go.0.0 return.0.0 system.0.0",
    "i1+ context.1.0 signal.1.0 go.0.0 go.0.0 jump.0.0 task.0.0",
    "i1+ context.0.0 signal.1.0 go.0.0 go.0.0 stack.1.0 system.0.0 go.0.0 go.0.0 system.0.0 "
    "jump.2.0 return.0.0 go.0.0 go.0.0 system.0.0",
    "i1+ context.0.0 signal.1.0 stack.1.0 system.0.0 go.0.0 go.0.0 jump.2.0 system.0.0",
    "i1+ context.0.0 signal.1.0 stack.1.0 system.0.0 go.0.0 system.0.0 stack.2.0 stack.2.0 "
    "go.0.0 jump.2.0 return.0.0 system.0.0",
    "i1- context.0.0 context.1.0 stack.2.0 go.1.0 return.1.0 go.0.0 go.0.0 signal.1.0 "
    "stack.0.0 jump.2.0 system.0.0",
    // A call is over whose code has gone over to a context, and C that was called from there
    // says so; or C that has made the call.
    "i1+ context.0.0 signal.0.0 frame.0.0 stack.0.0 context.1.0 system.0.0 go.0.0 jump.2.0 "
    "return.0.0 context.0.0",
    "i1- context.2.0 system.0.0 signal.0.0 stack.0.0 task.1.0 jump.0.0 stack.2.0",
    // An exception leaves a call on the context's own stack, in which it was suspended once.
    "i1- context.1.0 system.0.0c context.0.0 go.0.0 stack.1.0 stack.1.0 return.0.0 go.0.0 "
    "return.0.0 throw.0.0 return.0.0 go.0.0 go.0.0 bounds.1.0",
    // C suspends itself when a call that it has made is over and still counts.
    "i1- stack.0.0 system.0.0 signal.1.0c trap.113.0 throw.0.0 context.1.0 context.2.0 "
    "stack.0.0",
    "i1- context.1.0 system.0.0 embed.0.0 frame.0.0 embed.0.0 frame.0.0 stack.0.0 jump.2.0 "
    "context.2.0 context.0.0 go.0.0 context.39.0",
    // C suspends itself while its caller's stack ends at a call of another context, which
    // returns.
    "i1+ context.1.0 system.0.0 context.0.0 stack.1.0 go.0.64 go.0.0 return.0.0 go.0.0 "
    "jump.0.0 bounds.1.0",
    // A context was suspended in a call on its own stack, which a jump leaves.
    "i1- context.0.0 frame.0.0 stack.0.0 go.0.0 go.0.0 system.0.0 stack.0.0 stack.0.0 "
    "return.0.0 context.1.0 go.0.0 jump.2.0 go.0.0",
    // A call is over whose code has gone over to a context, which returns to the code that
    // made the call.
    "i1+ context.0.0 callback.0.0 frame.0.0 stack.0.0 frame.0.0 context.1.0 go.1.0 return.0.0 "
    "jump.2.0 return.1.0 system.0.0",
    // A call was left, and the record said that its code had gone over to a context.
    "i1+ context.0.0 stack.155.0 go.0.0 embed.1.0 stack.1.0 system.0.0 signal.1.0 stack.1.0 "
    "return.0.0 return.0.0 go.0.0 system.0.0c system.0.0 stack.7.0 throw.0.0",
};
// clang-format on

TEST(programs_that_failed_once_keep_every_frame) {
  static program p;
  int failed = 0;
  share();
  for (const char *text : once_failed) {
    ck_assert(parse(text, &p));
    if (!run(p)) {
      failed++;
      tell(stdout, 0, p);
    }
  }
  fflush(stdout);
  ck_assert_int_eq(failed, 0);
}

TEST(programs_of_fixed_seeds_keep_every_frame) {
  hunt h = {1, 600, 2, 40, false, false, {}, 0};
  ck_assert_int_eq(seek(h), 0);
}

int main(int argc, char **argv) {
  settings.out_of_turn = libcgo_stack_left != nullptr;
  if (argc == 1) {
    suite_begin("calls-fuzz");
    ADD_TEST(programs_that_failed_once_keep_every_frame);
    ADD_TEST(programs_of_fixed_seeds_keep_every_frame);
    return suite_run();
  }
  hunt h = {1, 0, 0, 40, false, false, {}, 0};
  const char *replay = nullptr;
  for (int i = 1; i < argc; i++) {
    const char *const value = i + 1 < argc ? argv[i + 1] : "0";
    if (strcmp(argv[i], "--keep-going") == 0) {
      h.keep_going = true;
      continue;
    } else if (strcmp(argv[i], "--whole") == 0) {
      h.whole = true;
      continue;
    } else if (strcmp(argv[i], "--any-way") == 0) {
      settings.any_way = true;
      continue;
    } else if (strcmp(argv[i], "--in-turn") == 0) {
      settings.out_of_turn = false;
      continue;
    } else if (strcmp(argv[i], "--trace") == 0) {
      settings.trace = true;
      continue;
    } else if (strcmp(argv[i], "--seed") == 0) {
      h.seed = strtoull(value, nullptr, 0);
    } else if (strcmp(argv[i], "--programs") == 0) {
      h.programs = atol(value);
    } else if (strcmp(argv[i], "--limit") == 0) {
      settings.seconds = atoi(value);
    } else if (strcmp(argv[i], "--seconds") == 0) {
      h.seconds = atof(value);
    } else if (strcmp(argv[i], "--steps") == 0) {
      h.steps = atoi(value);
      if (h.steps > most_steps)
        h.steps = most_steps;
    } else if (strcmp(argv[i], "--ignore") == 0 && h.ignored_count < most_kinds) {
      h.ignored[h.ignored_count++] = value;
    } else if (strcmp(argv[i], "--without") == 0 && op_of(value) != OPS) {
      settings.without[op_of(value)] = true;
    } else if (strcmp(argv[i], "--more") == 0 && op_of(value) != OPS) {
      settings.more[op_of(value)] = true;
    } else if (strcmp(argv[i], "--replay") == 0) {
      replay = value;
    } else {
      fprintf(stderr,
              "calls-fuzz: what is %s? See the top of tests/kit/calls-fuzz.cc.\n",
              argv[i]);
      return 2;
    }
    i++;
  }
  if (replay != nullptr) {
    static program p;
    if (!parse(replay, &p)) {
      fprintf(stderr, "calls-fuzz: this is no program\n");
      return 2;
    }
    share();
    if (run(p)) {
      puts("# it went well");
      return 0;
    }
    tell(stdout, 0, p);
    return 1;
  }
  if (h.programs == 0 && h.seconds == 0)
    h.seconds = 10;
  return seek(h) != 0;
}
