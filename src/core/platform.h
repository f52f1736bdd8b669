/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an operating system must provide. Implemented by src/os/<os>.cc; what
 * POSIX systems share is in src/os/posix.cc.
 */
#ifndef LIBCGO_PLATFORM_H_INTERNAL
#define LIBCGO_PLATFORM_H_INTERNAL

#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

#include "core/arch.h"

/* For functions that run in the last round of a thread's destructors: a thread sanitizer
   no longer knows the thread then. */
#ifdef __clang__
#define LIBCGO_NOT_INSTRUMENTED                                                \
  __attribute__((__disable_sanitizer_instrumentation__))
#else
#define LIBCGO_NOT_INSTRUMENTED __attribute__((__no_sanitize_thread__))
#endif

#if defined __SANITIZE_THREAD__
#define LIBCGO_THREAD_SANITIZER 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define LIBCGO_THREAD_SANITIZER 1
#endif
#endif

/* For functions that read frames of other functions: sanitizers take that for a
   mistake. */
#define LIBCGO_READS_STACKS                                                    \
  __attribute__((__no_sanitize_address__, __no_sanitize_thread__))

/* For functions that the C library calls at the end of a thread: with musl the stack
   pointer is there as an asynchronous cancellation has found it, aligned or not. */
#if __has_attribute(__force_align_arg_pointer__)
#define LIBCGO_ALIGNS_STACK __attribute__((__force_align_arg_pointer__))
#else
#define LIBCGO_ALIGNS_STACK
#endif

namespace cgo {

/* Usable stack: lo is its lowest byte, hi the byte after its highest. */
struct stack_bounds {
  uintptr_t lo;
  uintptr_t hi;
};

/* How a thread's stack is to be, in bytes; 0: the process's default. */
struct thread_shape {
  size_t stack_size;
  size_t guard_size; /* no_guard: none */
};
constexpr size_t no_guard = SIZE_MAX;

/* A limit that keeps the system from giving the process another thread. */
struct thread_limit {
  const char *name;         /* NULL: could not be found out */
  unsigned long long value; /* the limit */
  unsigned long long used;  /* how much of it is taken */
  const char *unit;         /* of both, in the plural: "threads" */
  const char *remedy;       /* what raises it */
};

/* Their sum, or the largest number if the sum is larger: of sizes that a client may have
   made up. */
inline unsigned long long capped_sum(unsigned long long a, unsigned long long b) {
  return a + b < a ? ~0ull : a + b;
}

/* The place of the classic slots: offsets in bytes from one base. */
struct slot_place {
  slot_base base;
  intptr_t g;
  intptr_t m;
};

/* A set of signals, a sigset_t: memory enough for each system's, which has a bit for
   each signal; what is behind it is 0. */
struct signal_mask {
  alignas(8) unsigned char bytes[128];
};
inline signal_mask either(const signal_mask &a, const signal_mask &b) {
  signal_mask result;
  for (size_t i = 0; i < sizeof result.bytes; i++)
    result.bytes[i] = a.bytes[i] | b.bytes[i];
  return result;
}
inline signal_mask without(const signal_mask &a, const signal_mask &b) {
  signal_mask result;
  for (size_t i = 0; i < sizeof result.bytes; i++)
    result.bytes[i] = a.bytes[i] & static_cast<unsigned char>(~b.bytes[i]);
  return result;
}
inline bool is_empty(const signal_mask &mask) {
  unsigned char any = 0;
  for (const unsigned char byte : mask.bytes)
    any |= byte;
  return any == 0;
}

namespace os {

/* What is held while hooks run: every signal but those that code raises by what it
   does (SIGSEGV and the like, SIGABRT), those of `open`, and what the C library keeps
   for itself. */
signal_mask held_signals(const signal_mask &open);

/* Holds these signals for the calling thread while this object lives. Its end opens
   those that it has blocked, and no others: what a hook has opened or blocked beside
   them stays so. Not for frames that an exception, a forced unwind or a longjmp may
   cross. */
class signals_held {
public:
  explicit signals_held(const signal_mask &open);
  ~signals_held() {
    if (!ended_)
      end();
  }
  signals_held(const signals_held &) = delete;
  signals_held &operator=(const signals_held &) = delete;
  /* The mask that was in force before. */
  const signal_mask &previous() const { return previous_; }
  /* Ends it before the object's end. Returns the mask that is then in force. */
  signal_mask end();
  /* The same, with a mask instead of what it would be. */
  void end_with(const signal_mask &mask);
  /* Signals stay held after the object's end: set_signal_mask(previous()) ends that. */
  void keep() { ended_ = true; }

private:
  signal_mask previous_;
  signal_mask held_; /* what was open before */
  bool ended_ = false;
};

/* The calling thread cannot be cancelled while this object lives: what it does
   is neither left half done nor unwound through. */
class cancellation_disabled {
public:
  cancellation_disabled();
  ~cancellation_disabled();
  cancellation_disabled(const cancellation_disabled &) = delete;
  cancellation_disabled &operator=(const cancellation_disabled &) = delete;

private:
  int previous_;
};

/* Makes a mask of the client's sigset_t. Returns 0, or ENOTSUP where the system has
   no signals. */
int read_signal_mask(const void *set, signal_mask *mask);
/* The same; none if set is NULL. */
signal_mask signals_of(const void *set);
void set_signal_mask(const signal_mask &mask);
void block_signals(const signal_mask &signals);
void open_signals(const signal_mask &signals);

/* Creates a detached thread with the caller's signal mask, once. Returns 0 or an
   errno value. */
int create_thread(const thread_shape &shape, void *(*main)(void *), void *arg);

/* The process's default stack size in bytes, its guard not counted. */
size_t default_stack_size();

/* After create_thread has failed with EAGAIN: which limit was hit, for a thread
   of this shape. Allocates nothing. */
thread_limit find_thread_limit(const thread_shape &shape);

/* For the calling thread. A name that is too long is cut; `cpus` is what
   sched_setaffinity(2) takes. The second returns 0 or an errno value. */
void set_thread_name(const char *name);
int set_thread_cpus(const void *cpus, size_t size);

/* The stack of the calling thread; `here` is an address in the frame of its
   first function. Returns 0 or an errno value. */
int thread_stack_bounds(uintptr_t here, stack_bounds *bounds);

/* The same, for a thread of which no frame is known, such as the initial one;
   may be called on any stack. */
int own_stack_bounds(stack_bounds *bounds);

/* The mapping in which an address lies. Safe in signal handlers. Returns 0 or
   an errno value. */
int mapping_bounds(uintptr_t address, stack_bounds *bounds);

/* Copies memory that may not be there, or may not be read. False: not all of it could be
   read, and what is at `to` is undefined. Never faults, takes no lock, is no cancellation
   point, leaves errno alone. Safe in signal handlers and in forked children. Where the
   system has no such copy (see its file), memory that another thread takes away at the
   same moment is read. */
bool copy_readable(uintptr_t from, void *to, size_t bytes);

/* Whether the calling thread has an alternate signal stack, and its bounds. Safe
   in signal handlers. Leaves errno alone. */
bool has_signal_stack(stack_bounds *bounds);

/* Whether the calling thread is on its signal stack, given an address in its frame, and
   the bounds. Also where the system has taken the stack away for the time of the handler
   (SS_AUTODISARM). Safe in signal handlers. Leaves errno alone. */
bool find_signal_stack(uintptr_t here, stack_bounds *bounds);

/* The part of it that each system has: the thread has no signal stack now, but may be
   on one that was taken away. */
bool find_disarmed_stack(uintptr_t here, stack_bounds *bounds);

/* The bytes that the system itself puts on a signal stack. */
size_t least_signal_stack();

/* Memory for a stack, in whole pages, and below it a page that faults, which is
   not counted in its bounds; false if there is none. Safe in signal handlers. */
bool map_stack(size_t bytes, stack_bounds *stack);
void unmap_stack(const stack_bounds &stack);

/* A signal stack that the library has made knows how many runtimes use it in its
   thread, so that each may go first. */
/* Maps one, with no less than a signal stack must have, for one user. */
bool map_signal_stack(size_t bytes, stack_bounds *stack);
/* One more user, if the library has made this one, which is the calling thread's. */
bool share_signal_stack(const stack_bounds &stack);
/* Makes it the calling thread's. */
void set_signal_stack(const stack_bounds &stack);
/* One user less. The last one takes it away from the thread and unmaps it; a stack on
   which the thread is at the moment stays. */
void drop_signal_stack(const stack_bounds &stack);

/* Thread-specific data (pthread_key_create(3)). A destructor is called once in
   each of key_rounds rounds at the end of a thread, as long as it stores a value
   again. Errors are errno values. */
int create_key(void (*destructor)(void *), uintptr_t *key);
void delete_key(uintptr_t key);
int set_key(uintptr_t key, const void *value);
void *get_key(uintptr_t key);
extern const unsigned key_rounds;
/* Whether no destructor will be called any more in the calling thread, as far as the system
   tells. Leaves errno alone. */
bool thread_is_over();
/* After create_key has failed with EAGAIN. */
thread_limit key_limit();

/* Keeps the object that contains the address from being unmapped by dlclose(3).
   False if that cannot be had. May wait for the loader. */
bool keep_mapped(const void *address);
/* Whether it is never unmapped anyway, as far as that is known without the loader, or
   where asking the loader does not wait: then the object is kept. */
bool stays_mapped(const void *address);

/* The compiler's unwinder, from a library that may be loaded for it and then stays;
   or NULLs. */
using backtrace_function = decltype(_Unwind_Backtrace);
using get_ip_function = uintptr_t(_Unwind_Context *);
/* _Unwind_VRS_Get: a register, by its class and number, in a representation. */
using get_register_function = int(_Unwind_Context *, int, uint32_t, int, void *);
struct unwinder {
  backtrace_function *backtrace;
  /* One of the two; the other is NULL. */
  get_ip_function *get_ip;
  get_register_function *get_register;
};
unwinder find_unwinder();

/* What a personality routine asks the unwinder that has called it. */
struct unwound_frame {
#ifdef __ARM_EABI__
  get_register_function *get_register;
  /* __gnu_unwind_frame: goes on to the caller's frame. */
  _Unwind_Reason_Code (*second)(_Unwind_Control_Block *, _Unwind_Context *);
#else
  decltype(_Unwind_GetGR) *get_register;
  decltype(_Unwind_GetCFA) *second;
#endif
};
/* False: that unwinder cannot be found. */
bool find_unwound_frame(unwound_frame *functions);

/* What the loader knows of an address: strings and entry may become NULL and 0.
   False if it is in no object. */
bool find_symbol(uintptr_t address, const char **object, const char **function,
                 uintptr_t *entry);

/* The code that a signal has stopped, from what the handler got. */
struct stopped_code {
  uintptr_t pc;
  uintptr_t sp;
  uintptr_t fp;
  uintptr_t link; /* the return address, if the code has left it in its register;
                     0 where the frame always has it */
};
stopped_code read_signal_context(const void *context);

/* A number of the calling process; another one in each that comes of it by fork. Not of
   more than 29 bits. Safe in signal handlers. */
int process_id();

/* How threads ask whether another one of the process waits. thread_number() is of the
   calling thread. thread_waits() is false if the thread with that number runs, or wants to; it
   is true where the system does not tell. The number of a thread that has not begun is 0: it
   does not wait, unless threads need the loader to begin. */
long thread_number();
bool thread_waits(long thread);

/* Returns when *word is not `value`, or now and then before. Leaves errno alone,
   is no cancellation point. */
void wait_while(const uint32_t *word, uint32_t value);

/* The same, and not for longer than so many nanoseconds. */
void wait_while_for(const uint32_t *word, uint32_t value,
                    unsigned long long most_ns);

/* Wakes all threads of the process that wait while *word had a value. */
void wake_all(const uint32_t *word);

/* How the threads of the process are kept in order with one that stops them. */
enum class fence_kind {
  others,  /* one system call makes a fence in all threads that run */
  missing, /* the system has no such call */
  refused  /* it refuses the call to this process */
};
/* Which one it is; found out once. */
fence_kind find_fence();
/* Makes that fence. False: the system has begun to refuse it. */
bool fence_others();

/* From now on fn runs in a child of fork(2), before fork returns there. False: no memory. */
bool call_in_child(void (*fn)());

/* Milliseconds of a clock that only goes forward. */
unsigned long long now_ms();
/* The same in nanoseconds, as exactly as the system has it. */
unsigned long long now_ns();
void sleep_ms(unsigned ms);

/* Memory in whole pages, all zeros; nullptr if there is none. Both are safe in
   signal handlers and leave errno alone. */
void *map_zeroed(size_t bytes);
void unmap(void *memory, size_t bytes);

/* The executable's thread-local segment, in the calling thread. */
struct tls_segment {
  bool exists;
  size_t size;
  size_t align;
  uintptr_t address;
};
tls_segment executable_tls();

/* Whether the address is in a thread-local variable of the executable, in the
   calling thread. */
bool in_executable_tls(uintptr_t address);

/* The distance from the thread pointer of a pair of words that LIBCGO_DEFINE_SLOTS
   has defined, at the given address in the calling thread. False if it is not the
   same in every thread. */
bool place_pair(uintptr_t pair, intptr_t *offset);

/* Writes to standard error, as far as that goes. */
void write_message(const char *text, size_t length);

/* Where the classic face exists: in src/os/<os>-classic.cc.
   Makes the classic slots usable, given where the executable announced its
   pair (an offset from the thread pointer; announced is false if it did not),
   and tells their place. Stops the process with a message if it cannot. */
slot_place prepare_slots(bool announced, intptr_t pair);

} // namespace os
} // namespace cgo

#endif
