/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The binding: ticker.start(microseconds, function) and ticker.stop(handle). The function runs
 * in the ticker's thread, which libcgo_python_call brings into Python.
 */
#define PY_SSIZE_T_CLEAN
#include <libcgo/host/python.h>

#include "ticker.h"

LIBCGO_PYTHON(border);

struct call {
  PyObject *function;
  int stop;
};

static void call_function(void *arg) {
  struct call *const call = arg;
  PyObject *const result = PyObject_CallObject(call->function, NULL);
  /* An exception is left to sys.unraisablehook. It ends the ticker, and so does False. */
  call->stop = result == NULL || result == Py_False;
  Py_XDECREF(result);
}

static int tick(void *arg) {
  struct call call = {arg, 0};
  /* ESHUTDOWN: the interpreter ends, and so does the ticker. */
  return libcgo_python_call(&border, call_function, &call) != 0 || call.stop;
}

static void drop_function(void *function) { Py_DECREF((PyObject *)function); }

static void ended(void *function) {
  /* Not 0: Python is gone, and so is the function. */
  (void)libcgo_python_call(&border, drop_function, function);
}

static PyObject *start(PyObject *self, PyObject *args) {
  unsigned microseconds;
  PyObject *function;
  struct ticker *ticker;
  (void)self;
  if (!PyArg_ParseTuple(args, "IO", &microseconds, &function))
    return NULL;
  Py_INCREF(function);
  ticker = ticker_start(microseconds, tick, ended, function);
  if (ticker == NULL) {
    Py_DECREF(function);
    return PyErr_NoMemory();
  }
  return PyCapsule_New(ticker, "ticker", NULL);
}

static PyObject *stop(PyObject *self, PyObject *handle) {
  struct ticker *const ticker = PyCapsule_GetPointer(handle, "ticker");
  (void)self;
  if (ticker == NULL)
    return NULL;
  if (PyCapsule_SetName(handle, "stopped ticker") != 0)
    return NULL;
  Py_BEGIN_ALLOW_THREADS /* the ticker may be in Python, or want to be */
      ticker_stop(ticker);
  Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"start", start, METH_VARARGS, "start(microseconds, function) -> handle"},
    {"stop", stop, METH_O, "stop(handle)"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "ticker", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_ticker(void) {
  PyObject *const module = PyModule_Create(&definition);
  if (module == NULL || libcgo_python_begin(&border) != 0)
    return NULL;
#ifdef Py_GIL_DISABLED
  PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
  return module;
}
