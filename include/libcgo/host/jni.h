/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Into a Java virtual machine from any thread of C. See libcgo-jni(7).
 *
 *     #include <libcgo/host/jni.h>
 *
 *     LIBCGO_JNI(border);
 *
 *     JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved) {
 *       return libcgo_jni_begin(&border, vm) == 0 ? JNI_VERSION_1_6 : JNI_ERR;
 *     }
 *     static void tell(JNIEnv *env, void *arg) {
 *       (*env)->CallStaticVoidMethod(env, listener, method, *(int *)arg);
 *     }
 *     void on_event(int number) { // any thread
 *       int err = libcgo_jni_call(&border, tell, &number);
 *       ...
 *     }
 *
 * A thread that Java does not know is attached at its first call, as a daemon. It stays
 * attached between its calls, and is detached when it ends. A thread that Java has made,
 * or that somebody else has attached, is used as it is, and never detached.
 *
 * This header has all the code: nothing of Java becomes part of libcgo.
 */
#ifndef LIBCGO_HOST_JNI_H
#define LIBCGO_HOST_JNI_H

#include <errno.h>
#include <jni.h>
#include <libcgo/init.h>
#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef LIBCGO_HOST_FORKS_
#include <pthread.h>
#endif
#ifdef LIBCGO_HOST_PRCTL_
#include <sys/prctl.h>
#endif
#ifdef LIBCGO_MEMBARRIER_
#include <sys/syscall.h>
#include <unistd.h>
#ifndef __cplusplus
long syscall(long number, ...); /* <unistd.h> has it for more than C11 only */
#endif
#endif
/* It tells when the VM ends. Some VMs (Android's) have no header for it. */
#if defined(__has_include) && !defined(LIBCGO_JNI_NO_JVMTI)
#if __has_include(<jvmti.h>)
#include <jvmti.h>
#define LIBCGO_JNI_JVMTI_ 1
#endif
#endif

/* Functions of JavaVM, JNIEnv and jvmtiEnv, the same in C and C++. */
#ifdef __cplusplus
#define LIBCGO_JNI_(object, function) ((object)->functions->function)
#else
#define LIBCGO_JNI_(object, function) ((*(object))->function)
#endif

LIBCGO_BEGIN_DECLS

struct libcgo_jni_thread_;

/*
 * The border between a library and the VM. Define it with LIBCGO_JNI. A client may set one
 * member before libcgo_jni_begin:
 *
 *   patience_ms  how long the end of the VM waits for calls that are under way. 1,000 at
 *                first. Afterwards the VM stops such threads for ever. A time in which the
 *                machine does not let the VM run does not count.
 */
struct libcgo_jni {
  struct libcgo_runtime runtime;
  uint32_t patience_ms;
  /* The header's. */
  uint32_t state; /* LIBCGO_JNI_..._ */
  JavaVM *vm;
  uint32_t listed;
  uint32_t fences; /* the system has no membarrier(2) */
  struct libcgo_jni *next;
  void *events; /* jvmtiEnv */
  struct libcgo_jni_thread_ *threads;
};

/* No call of libcgo_jni_begin yet; calls are welcome; no more calls; and the VM is not to
   be touched any more, because it has ended, or this is the child of a fork. */
#define LIBCGO_JNI_NEW_ 0u
#define LIBCGO_JNI_OPEN_ 1u
#define LIBCGO_JNI_ENDED_ 2u
#define LIBCGO_JNI_GONE_ 3u

/* Defines `static struct libcgo_jni border`, at file scope, in C or C++. Other files get the
   border's address from a function of yours. */
#define LIBCGO_JNI(border)                                                     \
  static LIBCGO_HOST_TLS_ struct libcgo_thread *border##_thread_;              \
  static void border##_enter_(struct libcgo_thread *thread) {                  \
    border##_thread_ = thread;                                                 \
  }                                                                            \
  static void border##_leave_(struct libcgo_thread *thread) {                  \
    libcgo_jni_leave_(thread);                                                 \
    border##_thread_ = LIBCGO_NULL_;                                           \
  }                                                                            \
  static struct libcgo_thread *border##_current_(                              \
      const struct libcgo_runtime *runtime) {                                  \
    (void)runtime;                                                             \
    return border##_thread_;                                                   \
  }                                                                            \
  static const struct libcgo_ops border##_ops_ =                               \
      LIBCGO_OPS(border##_enter_, border##_leave_, libcgo_jni_acquire_,        \
                 libcgo_jni_release_, border##_current_, LIBCGO_NULL_);        \
  static struct libcgo_jni border = {LIBCGO_RUNTIME_INIT(&border##_ops_),      \
                                     1000,                                     \
                                     LIBCGO_JNI_NEW_,                          \
                                     LIBCGO_NULL_,                             \
                                     0,                                        \
                                     0,                                        \
                                     LIBCGO_NULL_,                             \
                                     LIBCGO_NULL_,                             \
                                     LIBCGO_NULL_}

/* ---- threads ---- */

/* Records are used again and never freed, so the list of them needs no lock. */
struct libcgo_jni_thread_ {
  struct libcgo_thread thread; /* first: the library has its address */
  JNIEnv *attached;            /* by us; NULL: the thread is somebody else's */
  uint32_t depth; /* calls that have not returned; not 0: the thread may be in the VM */
  uint32_t taken;                  /* the record belongs to a thread */
  struct libcgo_jni_thread_ *next; /* in the border's list; constant */
  uint32_t *inside;                /* the thread's libcgo_jni_inside_ */
};

static inline uint32_t libcgo_jni_state_(const struct libcgo_jni *border) {
  return __atomic_load_n(&border->state, __ATOMIC_ACQUIRE);
}

static inline struct libcgo_jni *
libcgo_jni_of_(const struct libcgo_thread *thread) {
  return LIBCGO_CAST_(struct libcgo_jni *, thread->runtime);
}

/* How many calls the calling thread is in, of all borders of this library (or program): below
   one of them there may be Java code that called the C code. */
#ifdef __ELF__
#define LIBCGO_JNI_SHARED_ __attribute__((__weak__, __visibility__("hidden")))
extern LIBCGO_JNI_SHARED_ LIBCGO_HOST_TLS_ uint32_t libcgo_jni_inside_;
#else
#define LIBCGO_JNI_SHARED_ static /* of this file */
#endif
LIBCGO_JNI_SHARED_ LIBCGO_HOST_TLS_ uint32_t libcgo_jni_inside_;

static inline struct libcgo_thread *
libcgo_jni_acquire_(struct libcgo_runtime *runtime) {
  static const struct libcgo_thread fresh = LIBCGO_THREAD_INIT;
  /* The runtime is the first member. */
  struct libcgo_jni *border = LIBCGO_CAST_(struct libcgo_jni *, runtime);
  struct libcgo_jni_thread_ *self =
      __atomic_load_n(&border->threads, __ATOMIC_ACQUIRE);
  for (; self != LIBCGO_NULL_; self = self->next) {
    uint32_t free_now = 0;
    if (__atomic_compare_exchange_n(&self->taken, &free_now, 1, 0,
                                    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      self->thread = fresh;
      self->inside = &libcgo_jni_inside_;
      return &self->thread;
    }
  }
  self = LIBCGO_CAST_(struct libcgo_jni_thread_ *,
                      calloc(1, sizeof(struct libcgo_jni_thread_)));
  if (self == LIBCGO_NULL_)
    return LIBCGO_NULL_;
  self->thread = fresh;
  self->inside = &libcgo_jni_inside_;
  self->taken = 1;
  self->next = __atomic_load_n(&border->threads, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&border->threads, &self->next, self, 0,
                                      __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  return &self->thread;
}

static inline void libcgo_jni_release_(struct libcgo_thread *thread) {
  __atomic_store_n(&LIBCGO_CAST_(struct libcgo_jni_thread_ *, thread)->taken, 0,
                   __ATOMIC_RELEASE);
}

/* ---- the gate ----

   A thread says that it may be in the VM, then looks at the border's state. When the VM ends,
   the state says so first, then it is looked who is in the VM. Between the two there is a
   fence on both sides: a thread needs none where the other side can make it in all threads. */

static inline uint32_t libcgo_jni_go_in_(struct libcgo_jni *border,
                                         struct libcgo_jni_thread_ *self,
                                         uint32_t depth) {
  ++*self->inside;
  __atomic_store_n(&self->depth, depth + 1, __ATOMIC_RELAXED);
  if (__builtin_expect(border->fences != 0, 0))
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
  else
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return libcgo_jni_state_(border);
}

static inline void libcgo_jni_go_out_(struct libcgo_jni_thread_ *self,
                                      uint32_t depth) {
  __atomic_store_n(&self->depth, depth, __ATOMIC_RELEASE);
  --*self->inside;
}

/* The calling thread's environment, or NULL. */
static inline JNIEnv *libcgo_jni_env_(JavaVM *vm) {
  void *env = LIBCGO_NULL_;
  return LIBCGO_JNI_(vm, GetEnv)(vm, &env, JNI_VERSION_1_6) == JNI_OK
             ? LIBCGO_CAST_(JNIEnv *, env)
             : LIBCGO_NULL_;
}

/* While current() still returns the record: detaching runs Java code, which may call back.
   Only if the attachment is still the one that we have made. */
static inline void libcgo_jni_leave_(struct libcgo_thread *thread) {
  struct libcgo_jni *border = libcgo_jni_of_(thread);
  struct libcgo_jni_thread_ *self =
      LIBCGO_CAST_(struct libcgo_jni_thread_ *, thread);
  if (libcgo_jni_go_in_(border, self, 0) != LIBCGO_JNI_GONE_ &&
      self->attached != LIBCGO_NULL_ &&
      libcgo_jni_env_(border->vm) == self->attached)
    LIBCGO_JNI_(border->vm, DetachCurrentThread)(border->vm);
  self->attached = LIBCGO_NULL_;
  libcgo_jni_go_out_(self, 0);
}

/* As the system knows the thread, so that jstack and top agree. In ASCII, which is the
   same in Java's form of UTF-8. */
static inline void libcgo_jni_name_(char name[16]) {
  int i = 0;
  name[0] = 0;
#ifdef LIBCGO_HOST_PRCTL_
  if (prctl(PR_GET_NAME, name) != 0)
    name[0] = 0;
#endif
  for (; i < 15 && name[i] != 0; i++)
    if (LIBCGO_NUMBER_(unsigned char, name[i]) >= 0x80)
      name[i] = '?';
  name[i] = 0;
  if (i == 0) {
    static const char other[] = "C thread";
    for (i = 0; i < LIBCGO_NUMBER_(int, sizeof other); i++)
      name[i] = other[i];
  }
}

LIBCGO_END_DECLS

#ifdef __cplusplus
/* AttachCurrentThread takes a void ** in the JDK, and a JNIEnv ** on Android. */
struct libcgo_jni_out_ {
  void *at;
  template <class T> operator T **() const { return static_cast<T **>(at); }
};
#define LIBCGO_JNI_OUT_(env) (libcgo_jni_out_{env})
#else
#define LIBCGO_JNI_OUT_(env) ((void *)(env))
#endif

LIBCGO_BEGIN_DECLS

/* Attaches the calling thread to the VM. Returns 0 or an errno value. */
static inline int libcgo_jni_attach_(JavaVM *vm, struct libcgo_jni_thread_ *self) {
  JNIEnv *env = LIBCGO_NULL_;
  char name[16];
  JavaVMAttachArgs args;
  int result;
  libcgo_jni_name_(name);
  args.version = JNI_VERSION_1_6;
  args.name = name;
  args.group = LIBCGO_NULL_;
  result = LIBCGO_JNI_(vm, AttachCurrentThreadAsDaemon)(
      vm, LIBCGO_JNI_OUT_(&env), &args);
  if (result == JNI_OK) {
    self->attached = env;
    return 0;
  }
  return result == JNI_ENOMEM ? ENOMEM : ESHUTDOWN;
}

/* ---- calls ---- */

/* Gives `thrown` to the calling thread's handler of uncaught exceptions. Returns 0 if that
   cannot be done. */
static inline int libcgo_jni_handle_(JNIEnv *env, jthrowable thrown) {
  jclass threads, handlers;
  jmethodID current, get, uncaught;
  jobject thread, handler;
  if ((threads = LIBCGO_JNI_(env, FindClass)(env, "java/lang/Thread")) ==
          LIBCGO_NULL_ ||
      (handlers = LIBCGO_JNI_(env, FindClass)(
           env, "java/lang/Thread$UncaughtExceptionHandler")) == LIBCGO_NULL_ ||
      (current = LIBCGO_JNI_(env, GetStaticMethodID)(
           env, threads, "currentThread", "()Ljava/lang/Thread;")) ==
          LIBCGO_NULL_ ||
      (get = LIBCGO_JNI_(env, GetMethodID)(
           env, threads, "getUncaughtExceptionHandler",
           "()Ljava/lang/Thread$UncaughtExceptionHandler;")) == LIBCGO_NULL_ ||
      (uncaught = LIBCGO_JNI_(env, GetMethodID)(
           env, handlers, "uncaughtException",
           "(Ljava/lang/Thread;Ljava/lang/Throwable;)V")) == LIBCGO_NULL_)
    return 0;
  thread = LIBCGO_JNI_(env, CallStaticObjectMethod)(env, threads, current);
  if (LIBCGO_JNI_(env, ExceptionCheck)(env) || thread == LIBCGO_NULL_)
    return 0;
  handler = LIBCGO_JNI_(env, CallObjectMethod)(env, thread, get);
  if (LIBCGO_JNI_(env, ExceptionCheck)(env) || handler == LIBCGO_NULL_)
    return 0;
  LIBCGO_JNI_(env, CallVoidMethod)(env, handler, uncaught, thread, thrown);
  return 1;
}

/* Nobody below on this thread's stack could catch what fn has thrown. So it goes where an
   exception goes that ends a Java thread. What the handler itself throws is ignored, as
   Java does. */
static inline void libcgo_jni_uncaught_(JNIEnv *env) {
  jthrowable thrown = LIBCGO_JNI_(env, ExceptionOccurred)(env);
  LIBCGO_JNI_(env, ExceptionClear)(env);
  if (LIBCGO_JNI_(env, PushLocalFrame)(env, 8) == 0) {
    if (!libcgo_jni_handle_(env, thrown)) {
      LIBCGO_JNI_(env, ExceptionClear)(env);
      LIBCGO_JNI_(env, Throw)(env, thrown);
      LIBCGO_JNI_(env, ExceptionDescribe)(env);
    }
    LIBCGO_JNI_(env, ExceptionClear)(env);
    LIBCGO_JNI_(env, PopLocalFrame)(env, LIBCGO_NULL_);
  }
  LIBCGO_JNI_(env, ExceptionClear)(env);
  LIBCGO_JNI_(env, DeleteLocalRef)(env, thrown);
}

/* With an exception of a Java method below that has not seen it yet: fn must not run with
   it. Returns it, and clears it. */
static inline jthrowable libcgo_jni_put_aside_(JNIEnv *env) {
  jthrowable pending = LIBCGO_JNI_(env, ExceptionOccurred)(env);
  LIBCGO_JNI_(env, ExceptionClear)(env);
  return pending;
}

static inline void libcgo_jni_throw_again_(JNIEnv *env, jthrowable pending) {
  if (!LIBCGO_JNI_(env, ExceptionCheck)(env))
    LIBCGO_JNI_(env, Throw)(env, pending);
  LIBCGO_JNI_(env, DeleteLocalRef)(env, pending);
}

/* Always inline: it is all that a call costs. */
__attribute__((__always_inline__)) static inline int
libcgo_jni_enter_(struct libcgo_jni *border, struct libcgo_thread *thread,
                  void (*fn)(JNIEnv *env, void *arg), void *arg) {
  struct libcgo_jni_thread_ *self =
      LIBCGO_CAST_(struct libcgo_jni_thread_ *, thread);
  const uint32_t depth = self->depth;
  const uint32_t outer = *self->inside;
  JNIEnv *env = self->attached;
  jthrowable pending = LIBCGO_NULL_;
  int err = 0;
  if (__builtin_expect(
          libcgo_jni_go_in_(border, self, depth) != LIBCGO_JNI_OPEN_, 0)) {
    libcgo_jni_go_out_(self, depth);
    return ESHUTDOWN;
  }
#ifdef LIBCGO_JNI_OTHERS_DETACH
  env = LIBCGO_NULL_;
#endif
  if (__builtin_expect(env == LIBCGO_NULL_, 0) &&
      (env = libcgo_jni_env_(border->vm)) == LIBCGO_NULL_) {
    err = libcgo_jni_attach_(border->vm, self);
    if (err != 0) {
      libcgo_jni_go_out_(self, depth);
      return err;
    }
    env = self->attached;
  }
  if (__builtin_expect(outer != 0 || self->attached != env, 0) &&
      LIBCGO_JNI_(env, ExceptionCheck)(env))
    pending = libcgo_jni_put_aside_(env);
  if (__builtin_expect(LIBCGO_JNI_(env, PushLocalFrame)(env, 16) != 0, 0)) {
    LIBCGO_JNI_(env, ExceptionClear)(env);
    err = ENOMEM;
  } else {
    fn(env, arg);
    if (__builtin_expect(LIBCGO_JNI_(env, ExceptionCheck)(env), 0) &&
        outer == 0 && self->attached == env)
      libcgo_jni_uncaught_(env);
    LIBCGO_JNI_(env, PopLocalFrame)(env, LIBCGO_NULL_);
  }
  if (__builtin_expect(pending != LIBCGO_NULL_, 0))
    libcgo_jni_throw_again_(env, pending);
  libcgo_jni_go_out_(self, depth);
  return err;
}

struct libcgo_jni_call_ {
  struct libcgo_jni *border;
  void (*fn)(JNIEnv *env, void *arg);
  void *arg;
  int err;
};

static inline void libcgo_jni_run_(struct libcgo_thread *thread, void *p) {
  struct libcgo_jni_call_ *call = LIBCGO_CAST_(struct libcgo_jni_call_ *, p);
  call->err = libcgo_jni_enter_(call->border, thread, call->fn, call->arg);
}

/* The thread's first call, and those while it ends. */
__attribute__((__noinline__, __unused__)) static int
libcgo_jni_first_(struct libcgo_jni *border, void (*fn)(JNIEnv *env, void *arg),
                  void *arg) {
  struct libcgo_jni_call_ call;
  int err;
  call.border = border;
  call.fn = fn;
  call.arg = arg;
  call.err = 0;
  err = libcgo_callback(&border->runtime, libcgo_jni_run_, &call);
  return err != 0 ? err : call.err;
}

/*
 * Calls fn(env, arg) on the calling thread, with its JNI environment. Calls may nest.
 *
 * - Local references that fn makes are gone when it returns, on every thread.
 * - An exception that fn leaves pending: if Java called the C code that calls this (the
 *   thread is Java's, or this call is nested in another one, of any border of this library
 *   or program), it stays pending, for that Java code. Otherwise nobody could catch it: the
 *   thread's handler of uncaught exceptions gets it. In both cases the call returns 0: check
 *   in fn what fn must know.
 * - An exception that is pending before the call is put aside, and pending again
 *   afterwards, unless fn leaves a new one.
 * - A thread that libcgo_jni_call has attached must not be detached by others. If other
 *   libraries do that to the same threads, define LIBCGO_JNI_OTHERS_DETACH before you
 *   include this header: each call then asks the VM (GetEnv), and attaches the thread again.
 * - fn must return: no C++ exception, longjmp or end of the thread may leave it.
 *
 * Returns 0 after fn has run. Returns one of these without running it:
 *   ESHUTDOWN  libcgo_jni_end was called, or the VM has ended or ends, or does not take
 *              the thread; or this is the child of a fork
 *   EPERM      nobody has called libcgo_jni_begin
 *   EINVAL     border or fn is NULL
 *   ENOMEM, EAGAIN, EPROTO, ENOTSUP, EPERM  as libcgo_callback
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
LIBCGO_CHECKED_ static inline int
libcgo_jni_call(struct libcgo_jni *border, void (*fn)(JNIEnv *env, void *arg),
                void *arg) {
  struct libcgo_thread *self;
  uint32_t state;
  if (border == LIBCGO_NULL_ || fn == LIBCGO_NULL_)
    return EINVAL;
  /* What libcgo_callback does for a thread that has a record, without its detour. */
  self = border->runtime.ops->current(&border->runtime);
  if (__builtin_expect(self != LIBCGO_NULL_, 1))
    return libcgo_jni_enter_(border, self, fn, arg);
  state = libcgo_jni_state_(border);
  if (state != LIBCGO_JNI_OPEN_)
    return state == LIBCGO_JNI_NEW_ ? EPERM : ESHUTDOWN;
  return libcgo_jni_first_(border, fn, arg);
}

/* ---- begin and end ---- */

static inline void libcgo_jni_close_(struct libcgo_jni *border, uint32_t state) {
  __atomic_store_n(&border->state, state, __ATOMIC_RELEASE);
}

#ifdef LIBCGO_HOST_FORKS_
/* The borders of this file. They are never taken out. */
static struct libcgo_jni *libcgo_jni_list_;

/* The VM's threads are not in the child: a call would wait for them forever. */
static inline void libcgo_jni_forked_(void) {
  struct libcgo_jni *border = libcgo_jni_list_;
  for (; border != LIBCGO_NULL_; border = border->next)
    libcgo_jni_close_(border, LIBCGO_JNI_GONE_);
}
#endif

#ifdef LIBCGO_JNI_JVMTI_
static inline int libcgo_jni_membarrier_(int command) {
#ifdef LIBCGO_MEMBARRIER_
  return LIBCGO_NUMBER_(int, syscall(SYS_membarrier, command, 0, 0));
#else
  (void)command;
  return -1;
#endif
}
#define LIBCGO_JNI_FENCE_ (1 << 3)    /* MEMBARRIER_CMD_PRIVATE_EXPEDITED */
#define LIBCGO_JNI_REGISTER_ (1 << 4) /* ..._REGISTER_PRIVATE_EXPEDITED */

/* Whether another thread than the caller may be in the VM. */
static inline int libcgo_jni_someone_inside_(struct libcgo_jni *border) {
  const struct libcgo_thread *own =
      border->runtime.ops->current(&border->runtime);
  const struct libcgo_jni_thread_ *thread =
      __atomic_load_n(&border->threads, __ATOMIC_ACQUIRE);
  for (; thread != LIBCGO_NULL_; thread = thread->next)
    if (&thread->thread != own &&
        __atomic_load_n(&thread->depth, __ATOMIC_ACQUIRE) != 0)
      return 1;
  return 0;
}

/* After the shutdown hooks, before the VM stops all threads. Whoever is in a call then would
   never come back, and whoever joins such a thread, for example in a handler of atexit, would
   wait for ever. */
static inline void JNICALL libcgo_jni_vm_ends_(jvmtiEnv *events, JNIEnv *env) {
  void *p = LIBCGO_NULL_;
  struct libcgo_jni *border;
  jrawMonitorID pause;
  uint32_t left;
  (void)env;
  if (LIBCGO_JNI_(events, GetEnvironmentLocalStorage)(events, &p) !=
          JVMTI_ERROR_NONE ||
      p == LIBCGO_NULL_)
    return;
  border = LIBCGO_CAST_(struct libcgo_jni *, p);
  libcgo_jni_close_(border, LIBCGO_JNI_GONE_);
  if (border->fences == 0)
    (void)libcgo_jni_membarrier_(LIBCGO_JNI_FENCE_);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (!libcgo_jni_someone_inside_(border) ||
      LIBCGO_JNI_(events, CreateRawMonitor)(events, "libcgo", &pause) !=
          JVMTI_ERROR_NONE)
    return;
  LIBCGO_JNI_(events, RawMonitorEnter)(events, pause);
  /* Not by the clock: while this thread gets no CPU, the others may get none either. */
  for (left = border->patience_ms;
       left > 0 && libcgo_jni_someone_inside_(border); left--)
    LIBCGO_JNI_(events, RawMonitorWait)(events, pause, 1);
  LIBCGO_JNI_(events, RawMonitorExit)(events, pause);
}

/* Without this event, a call that comes too late waits forever in the VM. */
static inline void libcgo_jni_watch_(struct libcgo_jni *border) {
  static jvmtiEventCallbacks callbacks; /* all others NULL */
  void *p = LIBCGO_NULL_;
  jvmtiEnv *events;
  border->fences = libcgo_jni_membarrier_(LIBCGO_JNI_REGISTER_) != 0;
  if (LIBCGO_JNI_(border->vm, GetEnv)(border->vm, &p, JVMTI_VERSION_1_0) != JNI_OK)
    return;
  events = LIBCGO_CAST_(jvmtiEnv *, p);
  callbacks.VMDeath = libcgo_jni_vm_ends_;
  if (LIBCGO_JNI_(events, SetEnvironmentLocalStorage)(events, border) ==
          JVMTI_ERROR_NONE &&
      LIBCGO_JNI_(events, SetEventCallbacks)(
          events, &callbacks, sizeof callbacks) == JVMTI_ERROR_NONE &&
      LIBCGO_JNI_(events, SetEventNotificationMode)(
          events, JVMTI_ENABLE, JVMTI_EVENT_VM_DEATH, LIBCGO_NULL_) ==
          JVMTI_ERROR_NONE)
    border->events = events;
  else
    LIBCGO_JNI_(events, DisposeEnvironment)(events);
}
#endif

/*
 * Opens the border: from now on libcgo_jni_call works. Usually called by JNI_OnLoad, or
 * after JNI_CreateJavaVM. After libcgo_jni_end, it opens the border again. Keeps the
 * object that contains the border from being unmapped by dlclose(3), and so by the VM.
 *
 * Returns 0, also if the border is open already. EINVAL: border or vm is NULL, or vm is not
 * the VM of an earlier call: threads may still be attached to that one.
 * ENOMEM: no memory. EBUSY: another thread is in this call.
 * Or an error of libcgo_attach, or of pthread_atfork(3).
 * Call it from one thread, which the VM knows; not safe in signal handlers. Since 0.2.
 */
LIBCGO_CHECKED_ static inline int libcgo_jni_begin(struct libcgo_jni *border,
                                                   JavaVM *vm) {
  int err;
  if (border == LIBCGO_NULL_ || vm == LIBCGO_NULL_ ||
      (border->vm != LIBCGO_NULL_ && border->vm != vm))
    return EINVAL;
  if (libcgo_jni_state_(border) == LIBCGO_JNI_OPEN_)
    return 0;
  err = libcgo_init_begin(&border->runtime.init);
  if (err == 0)
    err = libcgo_init_done(&border->runtime.init);
  if (err != 0 && err != EALREADY)
    return err;
  /* An attached thread has the object kept, for threads that end later. */
  err = libcgo_attach(&border->runtime, LIBCGO_NULL_);
  if (err == 0)
    err = libcgo_detach(&border->runtime);
  if (err != 0 && err != EALREADY)
    return err;
#ifdef LIBCGO_HOST_FORKS_
  if (!border->listed) {
    if (libcgo_jni_list_ == LIBCGO_NULL_ &&
        (err = pthread_atfork(LIBCGO_NULL_, LIBCGO_NULL_, libcgo_jni_forked_)) !=
            0)
      return err;
    border->listed = 1;
    border->next = libcgo_jni_list_;
    libcgo_jni_list_ = border;
  }
#endif
  border->vm = vm;
#ifdef LIBCGO_JNI_JVMTI_
  if (border->events == LIBCGO_NULL_)
    libcgo_jni_watch_(border);
#endif
  libcgo_jni_close_(border, LIBCGO_JNI_OPEN_);
  return 0;
}

/*
 * Closes the border: from now on libcgo_jni_call returns ESHUTDOWN. Does not wait for calls
 * that are under way. Attached threads are still detached when they end. For JNI_OnUnload,
 * for a shutdown hook, or before DestroyJavaVM. Where the VM has JVMTI, the border closes
 * by itself when the VM ends, and the VM waits for the calls, but no longer than patience_ms.
 *
 * Returns 0. EINVAL: border is NULL.
 * Safe in any thread beside libcgo_jni_call; not safe beside libcgo_jni_begin, nor in
 * signal handlers. Since 0.2.
 */
static inline int libcgo_jni_end(struct libcgo_jni *border) {
  if (border == LIBCGO_NULL_)
    return EINVAL;
  if (libcgo_jni_state_(border) != LIBCGO_JNI_OPEN_)
    return 0;
  libcgo_jni_close_(border, LIBCGO_JNI_ENDED_);
  /* The events stay: threads that end later must know whether there is a VM. */
  return 0;
}

LIBCGO_END_DECLS

#endif
