/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Into OCaml's runtime from any thread of C: OCaml 4.13, 4.14 and 5. See libcgo-ocaml(7).
 *
 *     #include <libcgo/host/ocaml.h>
 *
 *     LIBCGO_OCAML(border);
 *
 *     static void tell(void *arg) {
 *       value result = caml_callback_exn(*listener, Val_int(*(int *)arg));
 *       ...
 *     }
 *     void on_event(int number) { // any thread
 *       int err = libcgo_ocaml_call(&border, tell, &number);
 *       ...
 *     }
 *
 * A thread that OCaml does not know is registered at its first call
 * (caml_c_thread_register). It stays registered between its calls, without holding the
 * runtime, and is unregistered when it ends. A thread that OCaml has made, or that somebody
 * else has registered, is used as it is.
 *
 * The program must link OCaml's threads library and use its module Thread: see the page.
 * This header has all the code: nothing of OCaml becomes part of libcgo.
 */
#ifndef LIBCGO_HOST_OCAML_H
#define LIBCGO_HOST_OCAML_H

#include <caml/mlvalues.h>
#include <caml/threads.h>
#include <caml/version.h>
#include <errno.h>
#include <libcgo/init.h>
#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef LIBCGO_HOST_KEYS_
#include <pthread.h>
#include <unistd.h>
#endif

LIBCGO_BEGIN_DECLS

/* The border between a library and OCaml. Define it with LIBCGO_OCAML. Its members are
   for the functions of this header. */
struct libcgo_ocaml {
  struct libcgo_runtime runtime;
  uint32_t ended;
};

/* Defines `static struct libcgo_ocaml border`, at file scope, in C or C++. Other files get the
   border's address from a function of yours. */
#define LIBCGO_OCAML(border)                                                   \
  static LIBCGO_HOST_TLS_ struct libcgo_thread *border##_thread_;              \
  static void border##_enter_(struct libcgo_thread *thread) {                  \
    border##_thread_ = thread;                                                 \
  }                                                                            \
  static void border##_leave_(struct libcgo_thread *thread) {                  \
    libcgo_ocaml_leave_(thread);                                               \
    border##_thread_ = LIBCGO_NULL_;                                           \
  }                                                                            \
  static struct libcgo_thread *border##_current_(                              \
      const struct libcgo_runtime *runtime) {                                  \
    (void)runtime;                                                             \
    return border##_thread_;                                                   \
  }                                                                            \
  static const struct libcgo_ops border##_ops_ =                               \
      LIBCGO_OPS(border##_enter_, border##_leave_, libcgo_ocaml_acquire_,      \
                 libcgo_ocaml_release_, border##_current_, LIBCGO_NULL_);      \
  static struct libcgo_ocaml border = {LIBCGO_RUNTIME_INIT(&border##_ops_), 0}

/* ---- which thread holds the runtime ---- */

/* OCaml's, by other names: its headers declare them in internal parts only, with types
   that depend on the version. */
extern void *libcgo_ocaml_roots_hook_ LIBCGO_HOST_NAME_("caml_scan_roots_hook");
extern void libcgo_ocaml_give_(void)
    LIBCGO_HOST_NAME_("caml_enter_blocking_section_no_pending");

#if OCAML_VERSION >= 50000

/* The thread-local pointer to the state of the domain whose lock the thread holds. */
static inline int libcgo_ocaml_holds_(void) {
  return Caml_state_opt != LIBCGO_NULL_;
}
static inline int libcgo_ocaml_still_holds_(int registered) {
  (void)registered;
  return libcgo_ocaml_holds_();
}
static inline void libcgo_ocaml_follow_(void) {}

#else

extern void (*libcgo_ocaml_enter_hook_)(void)
    LIBCGO_HOST_NAME_("caml_enter_blocking_section_hook");
extern void (*libcgo_ocaml_leave_hook_)(void)
    LIBCGO_HOST_NAME_("caml_leave_blocking_section_hook");

/* OCaml 4 does not tell a thread whether it holds the runtime. So its two hooks, which
   each thread calls when it gives the runtime away and takes it, are followed: once in each
   library (or program), whose files share what they know. */
#ifdef __ELF__
#define LIBCGO_OCAML_SHARED_ __attribute__((__weak__, __visibility__("hidden")))
extern LIBCGO_OCAML_SHARED_ LIBCGO_HOST_TLS_ int libcgo_ocaml_held_;
extern LIBCGO_OCAML_SHARED_ void (*libcgo_ocaml_enter_before_)(void);
extern LIBCGO_OCAML_SHARED_ void (*libcgo_ocaml_leave_before_)(void);
extern LIBCGO_OCAML_SHARED_ long libcgo_ocaml_alive_;
#else
#define LIBCGO_OCAML_SHARED_ static /* each file for itself */
#endif
LIBCGO_OCAML_SHARED_ LIBCGO_HOST_TLS_ int libcgo_ocaml_held_;
LIBCGO_OCAML_SHARED_ void (*libcgo_ocaml_enter_before_)(void);
LIBCGO_OCAML_SHARED_ void (*libcgo_ocaml_leave_before_)(void);

/*
 * A thread that OCaml has made gives the runtime away without the hook when OCaml has ended
 * it, and then runs destructors. A thread key without a destructor, made after OCaml's, tells:
 * the C library clears its value after that of OCaml's key, and only at the end of the
 * thread. It is the key's number and 1, or 0 if there is none.
 */
#ifdef LIBCGO_HOST_KEYS_
LIBCGO_OCAML_SHARED_ long libcgo_ocaml_alive_;
static inline void libcgo_ocaml_make_alive_(void) {
  pthread_key_t key;
  if (pthread_key_create(&key, LIBCGO_NULL_) == 0)
    libcgo_ocaml_alive_ = LIBCGO_NUMBER_(long, key) + 1;
}
static inline int libcgo_ocaml_is_alive_(void) {
  return libcgo_ocaml_alive_ == 0 ||
         pthread_getspecific(LIBCGO_NUMBER_(
             pthread_key_t, libcgo_ocaml_alive_ - 1)) != LIBCGO_NULL_;
}
/* If there is no memory for the value, nobody asks for it: 2. */
static inline int libcgo_ocaml_mark_alive_(void) {
  if (libcgo_ocaml_is_alive_())
    return 1;
  return pthread_setspecific(
             LIBCGO_NUMBER_(pthread_key_t, libcgo_ocaml_alive_ - 1),
             &libcgo_ocaml_alive_) == 0
             ? 1
             : 2;
}
#else
static inline void libcgo_ocaml_make_alive_(void) {}
static inline int libcgo_ocaml_is_alive_(void) { return 1; }
static inline int libcgo_ocaml_mark_alive_(void) { return 1; }
#endif

static inline int libcgo_ocaml_holds_(void) { return libcgo_ocaml_held_ != 0; }
/* The thread still holds it: not registered by us, it may be OCaml's, and at its end. */
static inline int libcgo_ocaml_still_holds_(int registered) {
  return libcgo_ocaml_held_ != 0 &&
         (registered || libcgo_ocaml_held_ == 2 || libcgo_ocaml_is_alive_());
}

static inline void libcgo_ocaml_gives_(void) {
  libcgo_ocaml_held_ = 0;
  libcgo_ocaml_enter_before_();
}

static inline void libcgo_ocaml_takes_(void) {
  libcgo_ocaml_leave_before_();
  libcgo_ocaml_held_ = libcgo_ocaml_mark_alive_();
}

/* By a thread that holds the runtime: no other thread is in a hook then, unless it waits
   for the runtime. */
static inline void libcgo_ocaml_follow_(void) {
  if (libcgo_ocaml_enter_before_ != LIBCGO_NULL_)
    return;
  libcgo_ocaml_make_alive_();
  libcgo_ocaml_enter_before_ = libcgo_ocaml_enter_hook_;
  libcgo_ocaml_leave_before_ = libcgo_ocaml_leave_hook_;
  libcgo_ocaml_enter_hook_ = libcgo_ocaml_gives_;
  libcgo_ocaml_leave_hook_ = libcgo_ocaml_takes_;
  libcgo_ocaml_held_ = libcgo_ocaml_mark_alive_();
}

#endif

/* ---- threads ---- */

struct libcgo_ocaml_thread_ {
  struct libcgo_thread thread; /* first: the library has its address */
  int registered;              /* by us */
  int asked;                   /* once, which key it is that OCaml sets */
  void *info; /* what OCaml keeps for it under its thread key */
  /* The thread's own: OCaml 5 puts another one in its place. A stack_t, but not every -std
     has that type, and the record is the same for all files. Its first member is ss_sp. */
  void *signal_stack[4];
};

/* sigaltstack(2): with GCC's -std=c11, <signal.h> does not have it. */
#ifdef SS_DISABLE
typedef char libcgo_ocaml_stack_fits_[sizeof(stack_t) <= 4 * sizeof(void *) ? 1 : -1];
static inline void libcgo_ocaml_signal_stack_(void **now, void **before) {
  void *in = now, *out = before;
  sigaltstack(LIBCGO_CAST_(stack_t *, in), LIBCGO_CAST_(stack_t *, out));
}
#elif defined(__linux__)
extern int libcgo_ocaml_sigaltstack_(const void *now, void *before)
    LIBCGO_HOST_NAME_("sigaltstack");
static inline void libcgo_ocaml_signal_stack_(void **now, void **before) {
  (void)libcgo_ocaml_sigaltstack_(now, before);
}
#else
static inline void libcgo_ocaml_signal_stack_(void **now, void **before) {
  (void)now;
  (void)before;
}
#endif

static inline struct libcgo_thread *
libcgo_ocaml_acquire_(struct libcgo_runtime *runtime) {
  static const struct libcgo_thread fresh = LIBCGO_THREAD_INIT;
  struct libcgo_ocaml_thread_ *self =
      LIBCGO_CAST_(struct libcgo_ocaml_thread_ *,
                   calloc(1, sizeof(struct libcgo_ocaml_thread_)));
  (void)runtime;
  if (self == LIBCGO_NULL_)
    return LIBCGO_NULL_;
  self->thread = fresh;
  return &self->thread;
}

static inline void libcgo_ocaml_release_(struct libcgo_thread *thread) {
  free(thread);
}

#ifdef LIBCGO_HOST_KEYS_
/*
 * OCaml keeps a thread's information under a thread key without a destructor. At the end
 * of a thread the C library (glibc, musl) clears the values of such keys, too, and in the
 * order in which keys were made: OCaml's before ours. caml_c_thread_unregister would then
 * find nothing, do nothing, and the information would stay for ever. So the value is
 * stored again for it. Which key it is, OCaml does not say: it is the one that
 * caml_c_thread_register has set.
 *
 * The value is also gone if somebody else has unregistered the thread. Then it must not be
 * used again. A second key without a destructor tells: it is made after OCaml's and before
 * the border's, and its value is gone only when the thread ends.
 */
static long libcgo_ocaml_key_ = -1;
static long libcgo_ocaml_witness_ = -1;

static inline void libcgo_ocaml_watch_keys_(void) {
  long none = -1;
  pthread_key_t key;
  if (__atomic_load_n(&libcgo_ocaml_witness_, __ATOMIC_RELAXED) >= 0 ||
      pthread_key_create(&key, LIBCGO_NULL_) != 0)
    return;
  if (!__atomic_compare_exchange_n(&libcgo_ocaml_witness_, &none,
                                   LIBCGO_NUMBER_(long, key), 0,
                                   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    pthread_key_delete(key);
}

/* Registers the thread as caml_c_thread_register does, and finds the key. */
static inline int libcgo_ocaml_find_key_(void) {
  unsigned char set[1024] = {0};
  long keys = sysconf(_SC_THREAD_KEYS_MAX), k, key = -1, found = 0;
  keys = keys < 0 ? 0 : keys > 1024 ? 1024 : keys;
  for (k = 0; k < keys; k++)
    set[k] =
        pthread_getspecific(LIBCGO_NUMBER_(pthread_key_t, k)) != LIBCGO_NULL_;
  if (!caml_c_thread_register())
    return 0;
  for (k = 0; k < keys; k++)
    if (!set[k] &&
        pthread_getspecific(LIBCGO_NUMBER_(pthread_key_t, k)) != LIBCGO_NULL_) {
      key = k;
      found++;
    }
  if (found == 1)
    __atomic_store_n(&libcgo_ocaml_key_, key, __ATOMIC_RELAXED);
  return 1;
}

static inline int libcgo_ocaml_register_(struct libcgo_ocaml_thread_ *self) {
  long key = __atomic_load_n(&libcgo_ocaml_key_, __ATOMIC_RELAXED);
  /* What caml_c_thread_register looks at first. */
  if (__builtin_expect(key >= 0 && pthread_getspecific(LIBCGO_NUMBER_(
                                       pthread_key_t, key)) != LIBCGO_NULL_,
                       1))
    return 0;
  if (key < 0 && !self->asked) {
    self->asked = 1;
    if (!libcgo_ocaml_find_key_())
      return 0;
    key = __atomic_load_n(&libcgo_ocaml_key_, __ATOMIC_RELAXED);
  } else if (!caml_c_thread_register()) {
    return 0;
  }
  self->info = LIBCGO_NULL_;
  if (key >= 0 && libcgo_ocaml_witness_ >= 0 &&
      pthread_setspecific(LIBCGO_NUMBER_(pthread_key_t, libcgo_ocaml_witness_),
                          self) == 0)
    self->info = pthread_getspecific(LIBCGO_NUMBER_(pthread_key_t, key));
  return 1;
}

static inline void libcgo_ocaml_restore_(struct libcgo_ocaml_thread_ *self) {
  const long key = __atomic_load_n(&libcgo_ocaml_key_, __ATOMIC_RELAXED);
  if (self->info != LIBCGO_NULL_ &&
      pthread_getspecific(LIBCGO_NUMBER_(pthread_key_t, key)) == LIBCGO_NULL_ &&
      pthread_getspecific(LIBCGO_NUMBER_(pthread_key_t, libcgo_ocaml_witness_)) ==
          LIBCGO_NULL_)
    pthread_setspecific(LIBCGO_NUMBER_(pthread_key_t, key), self->info);
}
#else
static inline void libcgo_ocaml_watch_keys_(void) {}
static inline int libcgo_ocaml_register_(struct libcgo_ocaml_thread_ *self) {
  (void)self;
  return caml_c_thread_register();
}
static inline void libcgo_ocaml_restore_(struct libcgo_ocaml_thread_ *self) {
  (void)self;
}
#endif

/* The end of a thread that has not returned from a call holds the runtime. */
static inline void libcgo_ocaml_leave_(struct libcgo_thread *thread) {
  struct libcgo_ocaml_thread_ *self =
      LIBCGO_CAST_(struct libcgo_ocaml_thread_ *, thread);
  if (!self->registered)
    return;
  libcgo_ocaml_restore_(self);
  if (libcgo_ocaml_holds_())
    libcgo_ocaml_give_();
  caml_c_thread_unregister();
  self->registered = 0;
  if (self->signal_stack[0] != LIBCGO_NULL_)
    libcgo_ocaml_signal_stack_(self->signal_stack, LIBCGO_NULL_);
}

/* ---- calls ---- */

/* Always inline: it is all that a call costs. */
__attribute__((__always_inline__)) static inline int
libcgo_ocaml_enter_(struct libcgo_thread *thread, void (*fn)(void *arg),
                    void *arg) {
  struct libcgo_ocaml_thread_ *self =
      LIBCGO_CAST_(struct libcgo_ocaml_thread_ *, thread);
  if (libcgo_ocaml_still_holds_(self->registered)) {
    fn(arg);
    return 0;
  }
  if (__builtin_expect(!self->registered, 0)) {
    /* Module Thread sets this hook when it starts. */
    if (__atomic_load_n(&libcgo_ocaml_roots_hook_, __ATOMIC_ACQUIRE) ==
        LIBCGO_NULL_)
      return EPERM;
    libcgo_ocaml_signal_stack_(LIBCGO_NULL_, self->signal_stack);
  }
  /* At each call: it is cheap for a registered thread, and somebody else may have
     unregistered this one since. */
  if (__builtin_expect(libcgo_ocaml_register_(self) != 0, 0))
    self->registered = 1;
  caml_acquire_runtime_system();
  libcgo_ocaml_follow_();
  fn(arg);
  /* Unlike caml_release_runtime_system it leaves signals to OCaml's threads: here nobody
     could catch what a handler raises. */
  libcgo_ocaml_give_();
  return 0;
}

struct libcgo_ocaml_call_ {
  void (*fn)(void *arg);
  void *arg;
  int err;
};

static inline void libcgo_ocaml_run_(struct libcgo_thread *thread, void *p) {
  struct libcgo_ocaml_call_ *call = LIBCGO_CAST_(struct libcgo_ocaml_call_ *, p);
  call->err = libcgo_ocaml_enter_(thread, call->fn, call->arg);
}

/* The thread's first call, and those while it ends. */
__attribute__((__noinline__, __unused__)) static int
libcgo_ocaml_first_(struct libcgo_ocaml *border, void (*fn)(void *arg),
                    void *arg) {
  struct libcgo_ocaml_call_ call;
  int err;
  call.fn = fn;
  call.arg = arg;
  call.err = 0;
  err = libcgo_callback(&border->runtime, libcgo_ocaml_run_, &call);
  if (err == EPERM) {
    /* The first call. Other threads may do the same at the same time. */
    libcgo_ocaml_watch_keys_();
    (void)libcgo_init_begin(&border->runtime.init);
    (void)libcgo_init_done(&border->runtime.init);
    err = libcgo_callback(&border->runtime, libcgo_ocaml_run_, &call);
  }
  return err != 0 ? err : call.err;
}

/*
 * Calls fn(arg) on the calling thread, which then holds OCaml's runtime: fn may use OCaml's
 * values and call OCaml. Waits until the runtime is free. Calls may nest.
 *
 * If the thread holds the runtime already, fn is called right away: in a nested call, or
 * below OCaml code that has called C. OCaml 5 always tells. With OCaml 4 that is known of
 * the threads of C that this library has let in, and of all other threads once the library
 * has called libcgo_ocaml_begin; before, they must have released the runtime.
 *
 * fn must return: call OCaml by caml_callback_exn and the like, whose exceptions end there.
 * No C++ exception or longjmp may leave it. The thread may end in it.
 *
 * Returns 0 after fn has run. Returns one of these without running it:
 *   ESHUTDOWN  libcgo_ocaml_end was called
 *   EPERM      OCaml's module Thread has not started in this program
 *   EINVAL     border or fn is NULL
 *   ENOMEM, EAGAIN, EPROTO, ENOTSUP, EPERM  as libcgo_callback
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_CHECKED_ static inline int libcgo_ocaml_call(struct libcgo_ocaml *border,
                                                    void (*fn)(void *arg),
                                                    void *arg) {
  struct libcgo_thread *self;
  if (border == LIBCGO_NULL_ || fn == LIBCGO_NULL_)
    return EINVAL;
  if (__builtin_expect(__atomic_load_n(&border->ended, __ATOMIC_ACQUIRE) != 0, 0))
    return ESHUTDOWN;
  /* What libcgo_callback does for a thread that has a record, without its detour. */
  self = border->runtime.ops->current(&border->runtime);
  if (__builtin_expect(self == LIBCGO_NULL_, 0))
    return libcgo_ocaml_first_(border, fn, arg);
  return libcgo_ocaml_enter_(self, fn, arg);
}

/* ---- begin and end ---- */

/*
 * Opens the border again after libcgo_ocaml_end. With OCaml 4 it makes all calls of this
 * library (or program) know whether their threads hold the runtime: each library that has a
 * border calls it early, from a C function that OCaml has called and that has not released
 * the runtime. Otherwise not needed.
 *
 * Returns 0. EINVAL: border is NULL. EPERM: OCaml's module Thread has not started.
 * The caller must hold the runtime. Not safe in signal handlers. Since 0.2.
 */
static inline int libcgo_ocaml_begin(struct libcgo_ocaml *border) {
  if (border == LIBCGO_NULL_)
    return EINVAL;
  if (__atomic_load_n(&libcgo_ocaml_roots_hook_, __ATOMIC_ACQUIRE) == LIBCGO_NULL_)
    return EPERM;
  libcgo_ocaml_follow_();
  __atomic_store_n(&border->ended, 0u, __ATOMIC_RELEASE);
  return 0;
}

/*
 * Closes the border: from now on libcgo_ocaml_call returns ESHUTDOWN. Does not wait for
 * calls that are under way. Threads that have called are still unregistered when they end.
 * For at_exit, or before caml_shutdown: by then, the threads must have ended.
 *
 * Returns 0. EINVAL: border is NULL.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
static inline int libcgo_ocaml_end(struct libcgo_ocaml *border) {
  if (border == LIBCGO_NULL_)
    return EINVAL;
  __atomic_store_n(&border->ended, 1u, __ATOMIC_RELEASE);
  return 0;
}

LIBCGO_END_DECLS

#endif
