/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Takes the place of the C files of Go's package runtime/cgo: gives the Go
 * program, which is a runtime of its own, its state, and passes on to libcgo what
 * Go calls. libcgo-go(1) puts it there.
 *
 * Functions, because Go's own linker takes no address of a symbol of a shared
 * object. C90 with GNU's extensions, as Go compiles it.
 */
#include <libcgo/go.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* What Go's package runtime/cgo reads and writes by these names. */
uintptr_t x_cgo_pthread_key_created;
void (*x_crosscall2_ptr)(void (*fn)(void *), void *arg, int argsize,
                         size_t context);

#if __has_feature(thread_sanitizer) || defined(__SANITIZE_THREAD__)

/* The code that cgo generates has this one, too. */
long long _cgo_sync __attribute__((__common__));

extern void __tsan_acquire(void *);
extern void __tsan_release(void *);
static void acquire(void) { __tsan_acquire(&_cgo_sync); }
static void release(void) { __tsan_release(&_cgo_sync); }
#define ACQUIRE acquire
#define RELEASE release
#define SYNC(call) (acquire(), (call), release())
#define SYNC_RESULT(type, call)                                                \
  type result;                                                                 \
  acquire();                                                                   \
  result = (call);                                                             \
  release();                                                                   \
  return result

/* A signal that the sanitizer has put off is delivered in one of the library
   functions that it intercepts. This one does nothing else; its operands are
   external, so that no compiler leaves it out. */
extern char *strncpy(char *to, const char *from, size_t n);
char libcgo_go_yield_to, libcgo_go_yield_from;
size_t libcgo_go_yield_bytes;
static void yield(void) {
  strncpy(&libcgo_go_yield_to, &libcgo_go_yield_from, libcgo_go_yield_bytes);
}
void (*const _cgo_yield)(void) = yield;

#else

#define ACQUIRE NULL
#define RELEASE NULL
#define SYNC(call) (call)
#define SYNC_RESULT(type, call) return (call)

void (*const _cgo_yield)(void) = NULL;

#endif

#if __has_feature(memory_sanitizer)
extern void __msan_unpoison(const volatile void *memory, size_t size);
#define UNPOISON __msan_unpoison
#define GIVE(arg) __msan_unpoison(arg, sizeof *(arg))
#else
#define UNPOISON NULL
#define GIVE(arg) ((void)(arg))
#endif

static struct libcgo_go state __attribute__((__aligned__(16))) = LIBCGO_GO_INIT(
    &x_cgo_pthread_key_created, &x_crosscall2_ptr, ACQUIRE, RELEASE, UNPOISON);

/* ---- with the state ---- */

void x_cgo_init(struct libcgo_go_g *g, void (*setg)(void *), void **tlsg,
                void **tlsbase) {
  (void)tlsg;
  (void)tlsbase;
  libcgo_go_init(&state, g, setg);
}

void x_cgo_thread_start(struct libcgo_go_start *start) {
  libcgo_go_thread_start(&state, start);
}

void x_cgo_notify_runtime_init_done(void *unused) {
  (void)unused;
  libcgo_go_notify_runtime_init_done(&state);
}

/* ---- functions of the client's, for tracebacks ---- */

/* They are called here and not in the library, because a traceback function counts
   frames: it leaves out its own, the one of the function here that has called it,
   and that of the signal. */
static void (*traceback_function)(struct libcgo_go_traceback *);
static void (*context_function)(struct libcgo_go_context *);
static void (*symbolizer_function)(struct libcgo_go_symbolizer *);
#define SET(place, function)                                                   \
  __atomic_store_n(&(place), function, __ATOMIC_RELEASE)
#define GET(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)

/* The code that cgo generates calls this one and the next. */
uintptr_t _cgo_wait_runtime_init_done(void) {
  void (*function)(struct libcgo_go_context *);
  struct libcgo_go_context arg;
  libcgo_go_wait_runtime_init_done(&state);
  function = GET(context_function);
  if (__builtin_expect(function == NULL, 1))
    return 0;
  arg.context = 0;
  GIVE(&arg);
  function(&arg);
  return arg.context;
}

void _cgo_release_context(uintptr_t context) {
  if (context != 0) { /* after most callbacks it is 0 */
    void (*const function)(struct libcgo_go_context *) = GET(context_function);
    if (function != NULL) {
      struct libcgo_go_context arg;
      arg.context = context;
      GIVE(&arg);
      function(&arg);
    }
  }
}

void x_cgo_set_context_function(void (*function)(struct libcgo_go_context *)) {
  SET(context_function, function);
}

void x_cgo_set_traceback_functions(struct libcgo_go_tracebacks *functions) {
  SET(traceback_function, functions->traceback);
  SET(context_function, functions->context);
  SET(symbolizer_function, functions->symbolizer);
}

void x_cgo_call_traceback_function(struct libcgo_go_traceback *arg) {
  void (*const function)(struct libcgo_go_traceback *) = GET(traceback_function);
  if (function != NULL)
    SYNC(function(arg));
}

void x_cgo_call_symbolizer_function(struct libcgo_go_symbolizer *arg) {
  void (*const function)(struct libcgo_go_symbolizer *) =
      GET(symbolizer_function);
  if (function != NULL)
    SYNC(function(arg));
}

/* In a signal handler. */
void x_cgo_callers(uintptr_t signal, void *info, void *context,
                   void (*function)(struct libcgo_go_traceback *),
                   uintptr_t *buffer,
                   void (*sigtramp)(uintptr_t, void *, void *)) {
  struct libcgo_go_traceback arg;
  arg.context = 0;
  arg.signal_context = (uintptr_t)context;
  arg.buffer = buffer;
  arg.max = 32; /* what Go's buffer has room for */
  GIVE(&arg);
  SYNC(function(&arg));
  sigtramp(signal, info, context);
}

void x_cgo_getstackbound(uintptr_t *bounds) {
  SYNC(libcgo_go_getstackbound(&state, bounds));
}

void x_cgo_bindm(void *g) { libcgo_go_bindm(&state, g); }

/* The thread in which a library starts. The process may fork before that thread runs. */
void x_cgo_sys_thread_create(void *(*fn)(void *), void *arg) {
  libcgo_init_begin(&state.init);
  libcgo_go_sys_thread_create(fn, arg);
}

/* ---- without ---- */

void x_cgo_setenv(char **arg) { SYNC(libcgo_go_setenv(arg)); }
void x_cgo_unsetenv(char **arg) { SYNC(libcgo_go_unsetenv(arg)); }
void x_cgo_clearenv(void **unused) {
  (void)unused;
  SYNC(libcgo_go_clearenv());
}

uintptr_t x_cgo_mmap(void *address, uintptr_t length, int32_t protection,
                     int32_t flags, int32_t fd, uint32_t offset) {
  SYNC_RESULT(uintptr_t,
              libcgo_go_mmap(address, length, protection, flags, fd, offset));
}

void x_cgo_munmap(void *address, uintptr_t length) {
  SYNC(libcgo_go_munmap(address, length));
}

int32_t x_cgo_sigaction(intptr_t signal, const struct libcgo_go_action *action,
                        struct libcgo_go_action *old) {
  SYNC_RESULT(int32_t, libcgo_go_sigaction(signal, action, old));
}

void _cgo_libc_setegid(struct libcgo_go_args *x) { libcgo_go_setegid(x); }
void _cgo_libc_seteuid(struct libcgo_go_args *x) { libcgo_go_seteuid(x); }
void _cgo_libc_setgid(struct libcgo_go_args *x) { libcgo_go_setgid(x); }
void _cgo_libc_setgroups(struct libcgo_go_args *x) { libcgo_go_setgroups(x); }
void _cgo_libc_setregid(struct libcgo_go_args *x) { libcgo_go_setregid(x); }
void _cgo_libc_setresgid(struct libcgo_go_args *x) { libcgo_go_setresgid(x); }
void _cgo_libc_setresuid(struct libcgo_go_args *x) { libcgo_go_setresuid(x); }
void _cgo_libc_setreuid(struct libcgo_go_args *x) { libcgo_go_setreuid(x); }
void _cgo_libc_setuid(struct libcgo_go_args *x) { libcgo_go_setuid(x); }
