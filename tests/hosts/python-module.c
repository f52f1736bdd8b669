/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An extension module for tests/hosts/python.sh: C threads that call Python in all the ways
 * that have gone wrong elsewhere.
 */
#include <libcgo/host/python.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

LIBCGO_PYTHON(border);
LIBCGO_PYTHON(second); /* another module's, so to say */

/* ---- what threads do ---- */

static void call_object(void *function) {
  PyObject *const result = PyObject_CallObject(function, NULL);
  Py_XDECREF(result); /* an exception stays pending */
}

struct job {
  PyObject *function;
  long calls;
  long failed;
  int err; /* the last one */
  void (*body)(struct job *job);
};

static void call_often(struct job *job) {
  for (long i = 0; i < job->calls; i++) {
    const int err = libcgo_python_call(&border, call_object, job->function);
    if (err != 0) {
      job->err = err;
      job->failed++;
    }
  }
}

static void by_two_borders(struct job *job) {
  for (long i = 0; i < job->calls; i++) {
    job->err |= libcgo_python_call(&second, call_object, job->function);
    job->err |= libcgo_python_call(&border, call_object, job->function);
  }
}

/* A call in a call, with the GIL and without it. */
static void nested(void *arg) {
  struct job *const job = arg;
  PyThreadState *state;
  job->err |= libcgo_python_call(&border, call_object, job->function);
  state = PyEval_SaveThread();
  job->err |= libcgo_python_call(&border, call_object, job->function);
  PyEval_RestoreThread(state);
  job->err |= libcgo_python_call(&second, call_object, job->function);
}
static void call_nested(struct job *job) {
  for (long i = 0; i < job->calls; i++)
    job->err |= libcgo_python_call(&border, nested, job);
}

/* PyGILState around calls, and in them. */
static void ensures(void *arg) {
  const PyGILState_STATE gil = PyGILState_Ensure();
  call_object(arg);
  PyGILState_Release(gil);
}
static void with_gilstate(struct job *job) {
  for (long i = 0; i < job->calls; i++) {
    PyGILState_STATE gil = PyGILState_Ensure();
    PyThreadState *state;
    job->err |= libcgo_python_call(&border, call_object, job->function);
    state = PyEval_SaveThread();
    job->err |= libcgo_python_call(&border, ensures, job->function);
    PyEval_RestoreThread(state);
    PyGILState_Release(gil);
    job->err |= libcgo_python_call(&border, ensures, job->function);
    gil = PyGILState_Ensure(); /* now with the border's thread state */
    job->err |= libcgo_python_call(&border, call_object, job->function);
    PyGILState_Release(gil);
  }
}

/* `calls` threads wait in fn for each other, all attached. */
static long met;
static void meet(void *arg) {
  struct job *const job = arg;
  call_object(job->function);
  __atomic_fetch_add(&met, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&met, __ATOMIC_SEQ_CST) < job->calls)
    sched_yield();
}
static void together(struct job *job) {
  job->err = libcgo_python_call(&border, meet, job);
}

static void end_thread(void *arg) {
  call_object(arg);
  pthread_exit(NULL);
}
static void end_in_call(struct job *job) {
  job->err = libcgo_python_call(&border, end_thread, job->function);
}

/* The destructor of another thread key calls back, before and after the border's. */
static pthread_key_t late_key;
static void late_destructor(void *value) {
  struct job *const job = value;
  if (job->calls-- > 0) {
    job->err |= libcgo_python_call(&border, call_object, job->function);
    pthread_setspecific(late_key, job);
  }
}
static void at_thread_end(struct job *job) {
  job->calls = 3;
  job->err = libcgo_python_call(&border, call_object, job->function);
  pthread_setspecific(late_key, job);
}

static void *run_job(void *arg) {
  struct job *const job = arg;
  job->body(job);
  return NULL;
}

static const struct {
  const char *name;
  void (*body)(struct job *job);
} bodies[] = {{"often", call_often},        {"two", by_two_borders},
              {"nested", call_nested},      {"gilstate", with_gilstate},
              {"end_in_call", end_in_call}, {"at_thread_end", at_thread_end},
              {"together", together}};

/* run(what, threads, calls, function) -> number of calls that did not run */
static PyObject *run(PyObject *self, PyObject *args) {
  enum { most = 64 };
  static struct job jobs[most];
  pthread_t threads[most];
  const char *what;
  int count;
  long calls, failed = 0;
  PyObject *function;
  void (*body)(struct job * job) = NULL;
  PyThreadState *state;
  (void)self;
  if (!PyArg_ParseTuple(args, "silO", &what, &count, &calls, &function))
    return NULL;
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
    if (strcmp(bodies[i].name, what) == 0)
      body = bodies[i].body;
  if (body == NULL || count > most)
    return PyErr_Format(PyExc_ValueError, "run");
  state = PyEval_SaveThread();
  for (int i = 0; i < count; i++) {
    jobs[i] = (struct job){function, calls, 0, 0, body};
    pthread_create(&threads[i], NULL, run_job, &jobs[i]);
  }
  for (int i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
  PyEval_RestoreThread(state);
  for (int i = 0; i < count; i++)
    failed += jobs[i].failed + (jobs[i].err != 0);
  return PyLong_FromLong(failed);
}

/* start(threads, function): they call as long as they can, and nobody joins them. */
static void *call_until_the_end(void *function) {
  while (libcgo_python_call(&border, call_object, function) != ESHUTDOWN) {
  }
  return NULL;
}
static PyObject *start(PyObject *self, PyObject *args) {
  int count;
  PyObject *function;
  (void)self;
  if (!PyArg_ParseTuple(args, "iO", &count, &function))
    return NULL;
  Py_INCREF(function);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, call_until_the_end, function) == 0)
      pthread_detach(thread);
  }
  Py_RETURN_NONE;
}

/* churn(threads, function): threads that come and go, until the end. */
static void *come_and_go(void *function) {
  for (;;) {
    struct job job = {function, 3, 0, 0, call_often};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_job, &job) != 0)
      continue;
    pthread_join(thread, NULL);
    if (job.err == ESHUTDOWN)
      return NULL;
  }
}
static PyObject *churn(PyObject *self, PyObject *args) {
  int count;
  PyObject *function;
  (void)self;
  if (!PyArg_ParseTuple(args, "iO", &count, &function))
    return NULL;
  Py_INCREF(function);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, come_and_go, function) == 0)
      pthread_detach(thread);
  }
  Py_RETURN_NONE;
}

/* here(function): on this thread, which has the GIL; with an exception pending meanwhile if
   `pending` is true. */
static PyObject *here(PyObject *self, PyObject *args) {
  PyObject *function;
  int pending = 0, err;
  (void)self;
  if (!PyArg_ParseTuple(args, "O|p", &function, &pending))
    return NULL;
  if (pending)
    PyErr_SetString(PyExc_KeyError, "pending");
  err = libcgo_python_call(&border, call_object, function);
  if (PyErr_Occurred())
    return NULL;
  return PyLong_FromLong(err);
}

/* released(function): on this thread, without the GIL. */
static PyObject *released(PyObject *self, PyObject *function) {
  PyThreadState *const state = PyEval_SaveThread();
  const int err = libcgo_python_call(&border, call_object, function);
  (void)self;
  PyEval_RestoreThread(state);
  return PyLong_FromLong(err);
}

static PyObject *close_border(PyObject *self, PyObject *args) {
  int patience;
  (void)self;
  if (!PyArg_ParseTuple(args, "i", &patience))
    return NULL;
  border.patience_ms = (uint32_t)patience;
  return PyLong_FromLong(libcgo_python_close(&border));
}

static PyObject *open_border(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyLong_FromLong(libcgo_python_begin(&border));
}

static PyObject *fences(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  border.fences = 1;
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"run", run, METH_VARARGS, NULL},
                                {"start", start, METH_VARARGS, NULL},
                                {"churn", churn, METH_VARARGS, NULL},
                                {"here", here, METH_VARARGS, NULL},
                                {"released", released, METH_O, NULL},
                                {"close", close_border, METH_VARARGS, NULL},
                                {"open", open_border, METH_NOARGS, NULL},
                                {"fences", fences, METH_NOARGS, NULL},
                                {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "border", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_border(void);
PyMODINIT_FUNC PyInit_border(void) {
  PyObject *const module = PyModule_Create(&definition);
  if (module == NULL || pthread_key_create(&late_key, late_destructor) != 0)
    return NULL;
  if (getenv("BORDER_BEGINS_LATE") == NULL && libcgo_python_begin(&border) != 0)
    return NULL;
#ifdef Py_GIL_DISABLED
  PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
  return module;
}
