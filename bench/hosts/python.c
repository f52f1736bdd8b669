/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a call into CPython from a C thread costs, in three ways, in one run:
 *
 *     usual      PyGILState_Ensure and PyGILState_Release: makes and destroys a thread state
 *     by hand    a thread-local PyThreadState, PyEval_RestoreThread and PyEval_SaveThread; wrong
 *                at the end of a thread and of the interpreter
 *     libcgo     libcgo_python_call
 *
 * "empty" calls a C function that does nothing, "Python" one that calls a Python function. The
 * ways take short turns. The figure of a way is the lower quartile of its turns, in processor
 * time, so that other programs disturb little. Prints nanoseconds a call, and ratios.
 */
#include <libcgo/host/python.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

LIBCGO_PYTHON(border);

enum { turns = 400 };
enum { usual, by_hand, ours, ways };

static __thread PyThreadState *own;
static PyObject *function;

static __attribute__((__noinline__)) void empty(void *arg) {
  __asm__ volatile("" ::"r"(arg));
}

static void call_python(void *arg) {
  PyObject *const result = PyObject_CallObject(function, NULL);
  (void)arg;
  if (result == NULL)
    PyErr_Print();
  Py_XDECREF(result);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double by_usual(void (*fn)(void *arg), int calls) {
  const double begin = now();
  for (int i = 0; i < calls; i++) {
    const PyGILState_STATE state = PyGILState_Ensure();
    fn(NULL);
    PyGILState_Release(state);
  }
  return (now() - begin) / calls;
}

static double with_own(void (*fn)(void *arg), int calls) {
  const double begin = now();
  for (int i = 0; i < calls; i++) {
    PyEval_RestoreThread(own);
    fn(NULL);
    PyEval_SaveThread();
  }
  return (now() - begin) / calls;
}

static double by_libcgo(void (*fn)(void *arg), int calls) {
  const double begin = now();
  for (int i = 0; i < calls; i++)
    if (libcgo_python_call(&border, fn, NULL) != 0)
      abort();
  return (now() - begin) / calls;
}

static double results[ways][turns];

/* On a thread of its own: where there is a thread state, PyGILState_Ensure is cheap. */
static void *measure_usual(void *arg) {
  void (*const fn)(void *) = *(void (**)(void *))arg;
  for (int i = 0; i < turns; i++)
    results[usual][i] = by_usual(fn, 20);
  return NULL;
}

static void *measure_others(void *arg) {
  void (*const fn)(void *) = *(void (**)(void *))arg;
  by_libcgo(fn, 1);
  own = PyThreadState_New(PyInterpreterState_Main());
  for (int i = 0; i < turns; i++) {
    results[by_hand][i] = with_own(fn, 1000);
    results[ours][i] = by_libcgo(fn, 1000);
  }
  PyEval_RestoreThread(own);
  PyThreadState_Clear(own);
  PyThreadState_DeleteCurrent();
  return NULL;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void compare_ways(const char *what, void (*fn)(void *arg)) {
  static const char *const names[ways] = {"usual", "by hand", "libcgo"};
  static void *(*const measure[])(void *) = {measure_usual, measure_others};
  double cost[ways];
  for (int m = 0; m < 2; m++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, measure[m], &fn) != 0)
      abort();
    pthread_join(thread, NULL);
  }
  for (int w = 0; w < ways; w++) {
    qsort(results[w], turns, sizeof *results[w], compare);
    cost[w] = results[w][turns / 4];
    printf("python\t%s\t%s\t%.1f\n", what, names[w], cost[w]);
  }
  printf("python\t%s\tusual / libcgo\t%.1f\n", what, cost[usual] / cost[ours]);
  printf("python\t%s\tlibcgo / by hand\t%.3f\n", what,
         cost[ours] / cost[by_hand]);
}

int main(void) {
  PyThreadState *state;
  Py_Initialize();
#ifdef Py_GIL_DISABLED
  printf("# CPython %s, without the GIL\n", PY_VERSION);
#else
  printf("# CPython %s\n", PY_VERSION);
#endif
  if (PyRun_SimpleString("def f(): pass") != 0 ||
      libcgo_python_begin(&border) != 0)
    return 1;
  function = PyObject_GetAttrString(PyImport_AddModule("__main__"), "f");
  state = PyEval_SaveThread();
  compare_ways("empty", empty);
  compare_ways("Python", call_python);
  PyEval_RestoreThread(state);
  Py_XDECREF(function);
  return Py_FinalizeEx() != 0;
}
