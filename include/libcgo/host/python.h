/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPython as a host: a C library calls Python from threads of its own. See libcgo-python(7).
 *
 *     #include <libcgo/host/python.h>
 *     LIBCGO_PYTHON(border); // once, at file scope
 *     ...
 *     static void call(void *arg) { ... } // may use all of Python's C API
 *     ...
 *     err = libcgo_python_call(&border, call, arg); // from any thread
 *
 * The usual way, PyGILState_Ensure and PyGILState_Release, makes a thread state for each call
 * from a C thread, and destroys it afterwards, with all that threading.local had in it. Here a
 * thread has one thread state from its first call to its end. And once the interpreter ends,
 * calls return ESHUTDOWN: they neither crash nor hang.
 *
 * Everything is in this header. It needs <Python.h> of CPython 3.7 or later, without
 * Py_LIMITED_API, and gcc or clang. The library itself knows nothing of Python.
 */
#ifndef LIBCGO_HOST_PYTHON_H
#define LIBCGO_HOST_PYTHON_H

#include <Python.h>
#include <errno.h>
#include <libcgo/init.h>
#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#ifdef LIBCGO_MEMBARRIER_
#include <sys/syscall.h>
#endif
#ifndef __cplusplus
/* <time.h> and <unistd.h> have them for more than C11 only. */
int nanosleep(const struct timespec *wanted, struct timespec *left);
#ifdef LIBCGO_MEMBARRIER_
long syscall(long number, ...);
#endif
#endif

#if defined(PYPY_VERSION) || !defined(PY_VERSION_HEX) ||                       \
    PY_VERSION_HEX < 0x03070000
#error "libcgo/host/python.h needs CPython 3.7 or later"
#endif
#ifdef Py_LIMITED_API
#error "libcgo/host/python.h cannot be used with Py_LIMITED_API"
#endif

LIBCGO_BEGIN_DECLS

struct libcgo_python;

/* A thread, as one border knows it. Records are used again and never freed, so the list of them
   needs no lock, and a fork can come at any time. */
struct libcgo_python_thread {
  struct libcgo_thread thread;
  struct libcgo_python *border;
  struct libcgo_python_thread *next; /* in the border's list; constant */
  PyThreadState *state; /* made here, for the border's interpreter; or NULL. Of a
                           subinterpreter: only during a call */
  uint32_t taken;       /* the record belongs to a thread */
  uint32_t inside;      /* it may be in Python, or on its way there */
  uint32_t plain;       /* a C thread: Python knows it by `state` only */
  pid_t process;
};

/*
 * A border between a C library and an interpreter. LIBCGO_PYTHON defines one. A client sets
 * two members, or neither, before libcgo_python_begin and the first call:
 *
 *   interpreter  where calls run. NULL: the main interpreter.
 *   patience_ms  how long the end of the interpreter waits for calls that are under way.
 *                10,000 at first. Afterwards Python stops such threads as it stops others.
 */
struct libcgo_python {
  struct libcgo_runtime runtime;
  PyInterpreterState *interpreter;
  uint32_t patience_ms;
  /* The header's. */
  uint32_t closed;
  uint32_t fences; /* the system has no membarrier(2) */
  uint32_t begun;
  uint32_t listed;
  libcgo_current_fn current;
  struct libcgo_python_thread *threads;
  struct libcgo_python *next;
};

#define LIBCGO_PYTHON_NO_STATE_ LIBCGO_NUMBER_(PyThreadState *, LIBCGO_NULL_)

/* ---- what differs between versions ---- */

/* The thread state that is attached: of this thread; before 3.12 of the thread that has the
   GIL, whichever that is. */
static inline PyThreadState *libcgo_python_attached_(void) {
#if PY_VERSION_HEX >= 0x030d0000
  return PyThreadState_GetUnchecked();
#else
  return _PyThreadState_UncheckedGet();
#endif
}
#if PY_VERSION_HEX >= 0x030c0000
#define LIBCGO_PYTHON_ATTACHED_IS_OWN_ 1
#else
#define LIBCGO_PYTHON_ATTACHED_IS_OWN_ 0
#endif

/* Whether a C thread may be attached, be it by PyGILState_Ensure, or to another interpreter.
   Before 3.12: whether it is attached with this state. */
static inline int libcgo_python_is_attached_(const PyThreadState *state) {
#if PY_VERSION_HEX >= 0x030f0000
  (void)state;
  return libcgo_python_attached_() != LIBCGO_NULL_;
#elif PY_VERSION_HEX >= 0x030c0000
  /* A thread that attaches another state takes this mark away. */
  return state->_status.active != 0 || state->_status.bound_gilstate == 0;
#else
  return libcgo_python_attached_() == state;
#endif
}

static inline int libcgo_python_raised_(const PyThreadState *state) {
#if PY_VERSION_HEX >= 0x030c0000
  return state->current_exception != LIBCGO_NULL_;
#else
  return state->curexc_type != LIBCGO_NULL_;
#endif
}

/* The exception that is pending. */
struct libcgo_python_pending_ {
  PyObject *type, *value, *traceback;
};
static inline struct libcgo_python_pending_ libcgo_python_put_aside_(void) {
  struct libcgo_python_pending_ pending = {LIBCGO_NULL_, LIBCGO_NULL_,
                                           LIBCGO_NULL_};
#if PY_VERSION_HEX >= 0x030c0000
  pending.value = PyErr_GetRaisedException();
#else
  PyErr_Fetch(&pending.type, &pending.value, &pending.traceback);
#endif
  return pending;
}
static inline void
libcgo_python_put_back_(const struct libcgo_python_pending_ *pending) {
#if PY_VERSION_HEX >= 0x030c0000
  PyErr_SetRaisedException(pending->value);
#else
  PyErr_Restore(pending->type, pending->value, pending->traceback);
#endif
}

static inline PyInterpreterState *libcgo_python_home_(PyThreadState *state) {
#if PY_VERSION_HEX >= 0x03090000
  return PyThreadState_GetInterpreter(state);
#else
  return state->interp;
#endif
}

static inline int libcgo_python_ends_(void) {
#if PY_VERSION_HEX >= 0x030d0000
  return Py_IsFinalizing();
#else
  return _Py_IsFinalizing();
#endif
}

/* ---- the gate ----

   A thread says that it is inside, then looks whether the border is closed. Who closes it says
   so, then looks who is inside. Between the two there is a fence on both sides: a thread needs
   none where the closer can make one in all threads. */

static inline int libcgo_python_membarrier_(int command) {
#ifdef LIBCGO_MEMBARRIER_
  return LIBCGO_NUMBER_(int, syscall(SYS_membarrier, command, 0, 0));
#else
  (void)command;
  return -1;
#endif
}
#define LIBCGO_PYTHON_FENCE_ (1 << 3) /* MEMBARRIER_CMD_PRIVATE_EXPEDITED */
#define LIBCGO_PYTHON_REGISTER_                                                \
  (1 << 4) /* MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED */

static inline int libcgo_python_is_closed_(const struct libcgo_python *border) {
  return __atomic_load_n(&border->closed, __ATOMIC_ACQUIRE) != 0;
}

static inline void libcgo_python_go_out_(struct libcgo_python_thread *record) {
  __atomic_store_n(&record->inside, 0, __ATOMIC_RELEASE);
}

/* With a fence of its own, or to find a closed border. */
static __attribute__((__noinline__, __cold__, __unused__)) int
libcgo_python_go_in_slowly_(struct libcgo_python *border,
                            struct libcgo_python_thread *record) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (!libcgo_python_is_closed_(border))
    return 0;
  libcgo_python_go_out_(record);
  return ESHUTDOWN;
}

/* Returns 0, or ESHUTDOWN: the thread is still outside. */
static inline int libcgo_python_go_in_(struct libcgo_python *border,
                                       struct libcgo_python_thread *record) {
  __atomic_store_n(&record->inside, 1, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (__builtin_expect((__atomic_load_n(&border->closed, __ATOMIC_ACQUIRE) |
                        __atomic_load_n(&border->fences, __ATOMIC_RELAXED)) != 0,
                       0))
    return libcgo_python_go_in_slowly_(border, record);
  return 0;
}

/* ---- hooks ---- */

static inline struct libcgo_thread *
libcgo_python_acquire_(struct libcgo_runtime *runtime) {
  /* The runtime is the first member. */
  struct libcgo_python *const border =
      LIBCGO_CAST_(struct libcgo_python *, runtime);
  struct libcgo_python_thread *record;
  for (record = __atomic_load_n(&border->threads, __ATOMIC_ACQUIRE);
       record != LIBCGO_NULL_; record = record->next) {
    uint32_t free_now = 0;
    if (__atomic_compare_exchange_n(&record->taken, &free_now, 1, 0,
                                    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      record->process = getpid();
      return &record->thread;
    }
  }
  record = LIBCGO_CAST_(struct libcgo_python_thread *, calloc(1, sizeof *record));
  if (record == LIBCGO_NULL_ ||
      libcgo_thread_init(&record->thread, sizeof record->thread) != 0)
    return LIBCGO_NULL_;
  record->border = border;
  record->taken = 1;
  record->process = getpid();
  record->next = __atomic_load_n(&border->threads, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&border->threads, &record->next, record,
                                      0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  return &record->thread;
}

static inline void libcgo_python_release_(struct libcgo_thread *thread) {
  __atomic_store_n(&LIBCGO_CAST_(struct libcgo_python_thread *, thread)->taken,
                   0, __ATOMIC_RELEASE);
}

/* The end of a thread: destroys its thread state, if the interpreter is still there. What the
   thread had in threading.local is finalised now, and may call back. */
static inline void libcgo_python_leave_(struct libcgo_python_thread *record) {
  PyThreadState *state = __atomic_load_n(&record->state, __ATOMIC_RELAXED);
  PyThreadState *attached;
  record->plain = 0;
  if (state == LIBCGO_NULL_)
    return;
  attached = libcgo_python_attached_();
  if (attached != state) { /* else it has ended in the middle of a call */
    if (libcgo_python_go_in_(record->border, record) != 0)
      return;
    state = __atomic_load_n(&record->state, __ATOMIC_RELAXED);
    if (state == LIBCGO_NULL_) { /* ended and begun again, just now */
      libcgo_python_go_out_(record);
      return;
    }
    if (LIBCGO_PYTHON_ATTACHED_IS_OWN_ && attached != LIBCGO_NULL_)
      PyEval_SaveThread();
    PyEval_RestoreThread(state);
  }
  PyThreadState_Clear(state);
  __atomic_store_n(&record->state, LIBCGO_PYTHON_NO_STATE_, __ATOMIC_RELAXED);
  PyThreadState_DeleteCurrent();
  libcgo_python_go_out_(record);
}

/* ---- the end of the interpreter ---- */

static inline int libcgo_python_someone_inside_(struct libcgo_python *border) {
  const struct libcgo_python_thread *const own = LIBCGO_CAST_(
      struct libcgo_python_thread *, border->current(&border->runtime));
  const struct libcgo_python_thread *record;
  const pid_t process = getpid();
  for (record = __atomic_load_n(&border->threads, __ATOMIC_ACQUIRE);
       record != LIBCGO_NULL_; record = record->next)
    if (record != own && record->process == process &&
        __atomic_load_n(&record->inside, __ATOMIC_ACQUIRE) != 0)
      return 1;
  return 0;
}

/* Forgets the states: the interpreter destroys them itself. The thread itself looks at its
   state only after it has seen that the border is open. */
static inline void libcgo_python_forget_(struct libcgo_python *border) {
  struct libcgo_python_thread *record;
  for (record = __atomic_load_n(&border->threads, __ATOMIC_ACQUIRE);
       record != LIBCGO_NULL_; record = record->next)
    if (__atomic_load_n(&record->inside, __ATOMIC_ACQUIRE) == 0)
      __atomic_store_n(&record->state, LIBCGO_PYTHON_NO_STATE_, __ATOMIC_RELAXED);
}

/*
 * Closes a border: calls return ESHUTDOWN from now on. Waits for those that are under way, but
 * no longer than patience_ms. The header calls it at exit (atexit), so call it only where a
 * module is unloaded earlier, or a subinterpreter ends. The caller is attached, as in all of
 * Python's C API; while this function waits it is not. libcgo_python_begin opens it again.
 *
 * Returns 0. ETIMEDOUT: calls are still under way.
 * Safe in any thread that is attached; not safe in signal handlers. Since 0.2.
 */
static inline int libcgo_python_close(struct libcgo_python *border) {
  const struct timespec pause = {0, 1000000};
  uint32_t left = border->patience_ms;
  int late = 0;
  __atomic_store_n(&border->closed, 1, __ATOMIC_SEQ_CST);
  if (border->fences == 0 &&
      libcgo_python_membarrier_(LIBCGO_PYTHON_FENCE_) != 0) {
    /* Not registered: a forked child. */
    libcgo_python_membarrier_(LIBCGO_PYTHON_REGISTER_);
    libcgo_python_membarrier_(LIBCGO_PYTHON_FENCE_);
  }
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (libcgo_python_someone_inside_(border)) {
    PyThreadState *const state = PyEval_SaveThread();
    while ((late = libcgo_python_someone_inside_(border)) != 0 && left-- > 0)
      nanosleep(&pause, LIBCGO_NULL_);
    PyEval_RestoreThread(state);
  }
  return late ? ETIMEDOUT : 0;
}

static inline PyObject *libcgo_python_at_exit_(PyObject *capsule,
                                               PyObject *unused) {
  struct libcgo_python *const border = LIBCGO_CAST_(
      struct libcgo_python *, PyCapsule_GetPointer(capsule, LIBCGO_NULL_));
  (void)unused;
  if (border != LIBCGO_NULL_) {
    (void)libcgo_python_close(border);
    libcgo_python_forget_(border);
  }
  Py_RETURN_NONE;
}

/* If the function above was not called: somebody has cleared the list of atexit. */
static struct libcgo_python *libcgo_python_borders_;
static inline void libcgo_python_has_ended_(void) {
  struct libcgo_python *border =
      __atomic_load_n(&libcgo_python_borders_, __ATOMIC_ACQUIRE);
  for (; border != LIBCGO_NULL_; border = border->next) {
    __atomic_store_n(&border->closed, 1, __ATOMIC_SEQ_CST);
    libcgo_python_forget_(border);
  }
}

/* ---- the beginning ---- */

static inline int libcgo_python_register_(struct libcgo_python *border) {
  static PyMethodDef method = {"libcgo_python_close", libcgo_python_at_exit_,
                               METH_NOARGS, LIBCGO_NULL_};
  const struct libcgo_python_pending_ pending = libcgo_python_put_aside_();
  PyObject *const module = PyImport_ImportModule("atexit");
  PyObject *const capsule = PyCapsule_New(border, LIBCGO_NULL_, LIBCGO_NULL_);
  PyObject *const function =
      capsule != LIBCGO_NULL_ ? PyCFunction_New(&method, capsule) : LIBCGO_NULL_;
  PyObject *const result =
      module != LIBCGO_NULL_ && function != LIBCGO_NULL_
          ? PyObject_CallMethod(module, "register", "O", function)
          : LIBCGO_NULL_;
  const int err = result != LIBCGO_NULL_ ? 0 : ENOMEM;
  Py_XDECREF(result);
  Py_XDECREF(function);
  Py_XDECREF(capsule);
  Py_XDECREF(module);
  libcgo_python_put_back_(&pending); /* instead of ours */
  return err;
}

static inline int libcgo_python_open_(struct libcgo_python *border) {
  int err;
  if (border->interpreter == LIBCGO_NULL_)
    border->interpreter = PyInterpreterState_Main();
  if (libcgo_python_home_(libcgo_python_attached_()) != border->interpreter)
    return EPERM;
  /* An attached thread has the object kept mapped, for the functions below that Python calls
     at its end. ECANCELED: the thread is ending, and the object is kept already. */
  err = libcgo_attach(&border->runtime, LIBCGO_NULL_);
  if (err == 0)
    err = libcgo_detach(&border->runtime);
  if (err != 0 && err != EALREADY && err != ECANCELED)
    return err;
  __atomic_store_n(&border->fences,
                   libcgo_python_membarrier_(LIBCGO_PYTHON_REGISTER_) != 0,
                   __ATOMIC_RELAXED);
  err = libcgo_python_register_(border);
  if (err != 0)
    return err;
  if (border->listed == 0) {
    border->listed = 1;
    border->next = __atomic_load_n(&libcgo_python_borders_, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&libcgo_python_borders_, &border->next,
                                        border, 0, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
    if (border->next == LIBCGO_NULL_)
      (void)Py_AtExit(libcgo_python_has_ended_);
  }
  __atomic_store_n(&border->closed, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n(&border->begun, 1, __ATOMIC_RELEASE);
  return 0;
}

/* One thread gets 0, and opens the border. */
static inline int libcgo_python_claim_(struct libcgo_python *border) {
  int err = libcgo_init_begin(&border->runtime.init);
  if (err == ECANCELED) { /* the parent was forked here */
    const struct libcgo_init fresh = LIBCGO_INIT;
    border->runtime.init = fresh;
    err = libcgo_init_begin(&border->runtime.init);
  }
  return err;
}

static inline int libcgo_python_open_and_tell_(struct libcgo_python *border) {
  const int err = libcgo_python_open_(border);
  (void)(err == 0 ? libcgo_init_done(&border->runtime.init)
                  : libcgo_init_abandon(&border->runtime.init));
  return err;
}

/*
 * Begins to use a border. Call it in a module's initialisation, say: the caller is attached, as
 * in all of Python's C API. Without it the first call begins; but if that comes when the
 * interpreter has just begun to end, Python may stop the calling thread. Where `interpreter`
 * is not the main one, this call is necessary, and its caller is attached to that one. Keeps
 * the object that contains the border from being unmapped by dlclose(3).
 *
 * Returns 0. EPERM: the caller is attached to another interpreter than the border's.
 * ENOMEM: Python cannot register the function that closes the border. Or an error of
 * libcgo_attach.
 * Safe in any thread that is attached; not safe in signal handlers. Since 0.2.
 */
static inline int libcgo_python_begin(struct libcgo_python *border) {
  const int err = libcgo_python_claim_(border);
  if (err == 0)
    return libcgo_python_open_and_tell_(border);
  if (err == EBUSY) { /* another thread is at it, and may have lost the GIL */
    PyThreadState *const state = PyEval_SaveThread();
    (void)libcgo_init_wait(&border->runtime.init);
    PyEval_RestoreThread(state);
  }
  return libcgo_python_is_closed_(border) ? libcgo_python_open_(border) : 0;
}

/* ---- calls ---- */

/* A call that has attached its thread. */
struct libcgo_python_call_ {
  struct libcgo_python_thread *record;
  PyThreadState *state;  /* attached by this call, or NULL */
  PyThreadState *before; /* to be attached again, or NULL */
  PyThreadState *known;  /* what PyGILState_Ensure must find again, or NULL */
  int outermost;
  int passing; /* `state` goes when the call ends */
};

/* A subinterpreter would destroy the states that it finds at its end. But PyGILState_Ensure,
   in the state's own thread, would still use them. So only this thread destroys its state. */
static __attribute__((__noinline__, __cold__, __unused__)) void
libcgo_python_destroy_(struct libcgo_python_call_ *call) {
  PyThreadState_Clear(call->state); /* finalisers may call: the record has the state */
  __atomic_store_n(&call->record->state, LIBCGO_PYTHON_NO_STATE_,
                   __ATOMIC_RELAXED);
  call->state = LIBCGO_PYTHON_NO_STATE_;
  PyThreadState_DeleteCurrent();
  if (call->before == LIBCGO_NULL_ && call->known != LIBCGO_NULL_ &&
      PyGILState_GetThisThreadState() != call->known) {
    /* From 3.12 on the state that was attached last is found. */
    PyEval_RestoreThread(call->known);
    PyEval_ReleaseThread(call->known);
  }
}

static inline void libcgo_python_detach_(struct libcgo_python_call_ *call) {
  if (__builtin_expect(libcgo_python_raised_(call->state), 0))
    PyErr_WriteUnraisable(LIBCGO_NULL_);
  if (call->passing)
    libcgo_python_destroy_(call);
  else
    PyEval_ReleaseThread(call->state);
  if (call->before != LIBCGO_NULL_)
    PyEval_RestoreThread(call->before);
}

/* After a return, `state` is NULL here. Else an exception of C++, or the end of the thread, has
   left fn; or Python has stopped the thread in the middle of a function, and then it is not
   attached any more. */
static inline void libcgo_python_end_call_(struct libcgo_python_call_ *call) {
  if (call->state != LIBCGO_NULL_ && libcgo_python_attached_() == call->state)
    libcgo_python_detach_(call);
  if (call->outermost)
    libcgo_python_go_out_(call->record);
}

/* A call on a thread that is attached already. */
struct libcgo_python_aside_ {
  PyThreadState *state;
  struct libcgo_python_pending_ pending;
};

/* The same when an exception of C++ has left fn. */
static inline void libcgo_python_end_aside_(struct libcgo_python_aside_ *aside) {
  if (libcgo_python_attached_() != aside->state)
    return; /* Python has stopped the thread */
  if (libcgo_python_raised_(aside->state))
    PyErr_WriteUnraisable(LIBCGO_NULL_);
  libcgo_python_put_back_(&aside->pending);
}

/* fn, on a thread that is attached already. An exception of its caller's stays pending, and fn
   does not see it. */
static inline void libcgo_python_run_attached_(PyThreadState *state,
                                               void (*fn)(void *arg), void *arg) {
  struct libcgo_python_aside_ aside
      __attribute__((__cleanup__(libcgo_python_end_aside_))) = {
          state, libcgo_python_put_aside_()};
  fn(arg);
  (void)aside;
}

/* Every case but the usual one. */
static __attribute__((__noinline__, __cold__, __unused__)) int
libcgo_python_call_slowly_(struct libcgo_python *border,
                           struct libcgo_python_thread *record,
                           void (*fn)(void *arg), void *arg, int entered) {
  PyThreadState *attached = libcgo_python_attached_();
  PyThreadState *known, *state;
  struct libcgo_python_call_ call
      __attribute__((__cleanup__(libcgo_python_end_call_))) = {
          record, LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_, entered, 0};
  /* A call within a call was let in long ago. */
  if (!entered && __atomic_load_n(&record->inside, __ATOMIC_RELAXED) == 0) {
    if (libcgo_python_go_in_(border, record) != 0)
      return ESHUTDOWN;
    call.outermost = 1;
  }
  /* The thread state of a thread that Python has started, or that somebody else brought into
     Python. It may be gone when that is over, so it is asked for each time. */
  known = PyGILState_GetThisThreadState();
  if (!LIBCGO_PYTHON_ATTACHED_IS_OWN_ && attached != LIBCGO_NULL_ &&
      attached != known && attached != record->state)
    attached = LIBCGO_NULL_; /* another thread's */
  if (attached != LIBCGO_NULL_ &&
      libcgo_python_home_(attached) == border->interpreter) {
    libcgo_python_run_attached_(attached, fn, arg);
    return 0;
  }
  state = record->state;
  if (state == LIBCGO_NULL_ && attached == LIBCGO_NULL_ &&
      known != LIBCGO_NULL_ && libcgo_python_home_(known) == border->interpreter)
    state = known;
  if (state == LIBCGO_NULL_) {
    state = PyThreadState_New(border->interpreter);
    if (state == LIBCGO_NULL_)
      return ENOMEM;
    call.passing = border->interpreter != PyInterpreterState_Main();
    call.known = known;
    record->plain =
        !call.passing && attached == LIBCGO_NULL_ && known == LIBCGO_NULL_;
    __atomic_store_n(&record->state, state, __ATOMIC_RELAXED);
  }
  if (attached != LIBCGO_NULL_) /* to another interpreter */
    call.before = PyEval_SaveThread();
  PyEval_RestoreThread(state);
  call.state = state;
  fn(arg);
  libcgo_python_detach_(&call);
  call.state = LIBCGO_NULL_;
  return 0;
}

struct libcgo_python_first_ {
  void (*fn)(void *arg);
  void *arg;
  int err;
};

static inline void libcgo_python_attached_now_(struct libcgo_thread *thread,
                                               void *first_call) {
  struct libcgo_python_first_ *const first =
      LIBCGO_CAST_(struct libcgo_python_first_ *, first_call);
  struct libcgo_python_thread *const record =
      LIBCGO_CAST_(struct libcgo_python_thread *, thread);
  first->err = libcgo_python_call_slowly_(record->border, record, first->fn,
                                          first->arg, 0);
}

/* A thread without a record. */
static __attribute__((__noinline__, __cold__, __unused__)) int
libcgo_python_first_call_(struct libcgo_python *border, void (*fn)(void *arg),
                          void *arg) {
  struct libcgo_python_first_ first = {fn, arg, 0};
  int err;
  if (fn == LIBCGO_NULL_)
    return EINVAL;
  if (libcgo_python_is_closed_(border))
    return ESHUTDOWN;
  if (__atomic_load_n(&border->begun, __ATOMIC_ACQUIRE) == 0) {
    if (!Py_IsInitialized() || (border->interpreter != LIBCGO_NULL_ &&
                                border->interpreter != PyInterpreterState_Main()))
      return EPERM;
    if (libcgo_python_ends_())
      return ESHUTDOWN;
    err = libcgo_python_claim_(border);
    if (err == 0) {
      const PyGILState_STATE gil = PyGILState_Ensure();
      err = libcgo_python_open_and_tell_(border);
      PyGILState_Release(gil);
      if (err != 0)
        return err;
    } else if (err == EBUSY) {
      PyThreadState *const attached = libcgo_python_attached_();
      if (attached != LIBCGO_NULL_ &&
          (LIBCGO_PYTHON_ATTACHED_IS_OWN_ ||
           attached == PyGILState_GetThisThreadState()))
        (void)libcgo_python_begin(border); /* waits without the GIL */
    }
  }
  err = libcgo_callback(&border->runtime, libcgo_python_attached_now_, &first);
  return err != 0 ? err : first.err;
}

/*
 * Calls fn(arg) attached to the interpreter: with the GIL, where there is one. From any thread:
 *
 * - A C thread gets a thread state at its first call, and keeps it until it ends. In a
 *   subinterpreter it keeps it only until the call returns, or the outermost of nested calls.
 * - A thread of Python's that has released the GIL takes it again with its own state.
 * - A thread that is attached already calls fn at once. If it is attached to another
 *   interpreter, it is attached to the border's meanwhile.
 *
 * fn may release the GIL, and may call this function again. An exception that it leaves
 * pending is reported by sys.unraisablehook (Python 3.7: on standard error). An exception that
 * was pending before stays so. In C++ fn may throw; in C it may end the thread.
 *
 * Returns 0 after fn has run. Returns one of these without running it:
 *   ESHUTDOWN  the interpreter ends or has ended, or the border was closed
 *   EPERM      Python is not initialised; or libcgo_python_begin is necessary and was not
 *              called
 *   EINVAL     fn is NULL
 *   ENOMEM     there is no memory for a thread state or a record
 *   EAGAIN, ENOTSUP, EPROTO, ECANCELED  as libcgo_callback
 * Safe in any thread; not safe in signal handlers. Since 0.2.
 */
__attribute__((__always_inline__)) static inline int
libcgo_python_call(struct libcgo_python *border, void (*fn)(void *arg),
                   void *arg) {
  /* Asked for in each call: only the border's file learns when a thread's record ends. */
  struct libcgo_python_thread *const record = LIBCGO_CAST_(
      struct libcgo_python_thread *, border->current(&border->runtime));
  PyThreadState *state;
  if (__builtin_expect(record == LIBCGO_NULL_, 0))
    return libcgo_python_first_call_(border, fn, arg);
  if (__builtin_expect(fn == LIBCGO_NULL_, 0))
    return EINVAL;
  if (__builtin_expect(record->plain == 0 || record->inside != 0, 0))
    return libcgo_python_call_slowly_(border, record, fn, arg, 0);
  if (__builtin_expect(libcgo_python_go_in_(border, record) != 0, 0))
    return ESHUTDOWN;
  state = record->state; /* NULL: the interpreter has ended, and begun again */
  if (__builtin_expect(
          state == LIBCGO_NULL_ || libcgo_python_is_attached_(state), 0))
    return libcgo_python_call_slowly_(border, record, fn, arg, 1);
  {
    struct libcgo_python_call_ call
        __attribute__((__cleanup__(libcgo_python_end_call_))) = {
            record, LIBCGO_NULL_, LIBCGO_NULL_, LIBCGO_NULL_, 1, 0};
    PyEval_RestoreThread(state);
    call.state = state;
    fn(arg);
    libcgo_python_detach_(&call);
    call.state = LIBCGO_NULL_;
  }
  return 0;
}

LIBCGO_END_DECLS

/*
 * LIBCGO_PYTHON(border);
 *
 * Defines a border, `static struct libcgo_python border`, and its hooks. Write it at file scope,
 * with its semicolon, in C or C++. Other files get the border's address from a function of
 * yours. Since 0.2.
 */
#define LIBCGO_PYTHON(border)                                                  \
  static __thread struct libcgo_thread *border##_record_;                      \
  static struct libcgo_thread *border##_current_(                              \
      const struct libcgo_runtime *runtime) {                                  \
    (void)runtime;                                                             \
    return border##_record_;                                                   \
  }                                                                            \
  static void border##_enter_(struct libcgo_thread *thread) {                  \
    border##_record_ = thread;                                                 \
  }                                                                            \
  static void border##_leave_(struct libcgo_thread *thread) {                  \
    libcgo_python_leave_(LIBCGO_CAST_(struct libcgo_python_thread *, thread)); \
    border##_record_ = LIBCGO_NULL_;                                           \
  }                                                                            \
  static const struct libcgo_ops border##_ops_ =                               \
      LIBCGO_OPS(border##_enter_, border##_leave_, libcgo_python_acquire_,     \
                 libcgo_python_release_, border##_current_, LIBCGO_NULL_);     \
  static struct libcgo_python border = {LIBCGO_RUNTIME_INIT(&border##_ops_),   \
                                        LIBCGO_NULL_,                          \
                                        10000,                                 \
                                        0,                                     \
                                        0,                                     \
                                        0,                                     \
                                        0,                                     \
                                        border##_current_,                     \
                                        LIBCGO_NULL_,                          \
                                        LIBCGO_NULL_}

#endif
