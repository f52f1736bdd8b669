// SPDX-License-Identifier: BSD-3-Clause
//
// For tests/hosts/python.sh: a program that embeds Python. Subinterpreters, exceptions of C++,
// and an interpreter that ends and begins again. One claim a run: python-embed NAME
#include <libcgo/host/python.h>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

LIBCGO_PYTHON(border);
LIBCGO_PYTHON(sub);

static int failures;
#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      failures++;                                                              \
      printf("line %d: %s\n", __LINE__, #condition);                           \
    }                                                                          \
  } while (0)

static void in_thread(void *(*fn)(void *)) {
  pthread_t thread;
  EXPECT(pthread_create(&thread, nullptr, fn, nullptr) == 0);
  EXPECT(pthread_join(thread, nullptr) == 0);
}

static long value_of_x() {
  PyObject *const main = PyImport_AddModule("__main__");
  PyObject *const x = PyObject_GetAttrString(main, "x");
  const long value = x != nullptr ? PyLong_AsLong(x) : -1;
  Py_XDECREF(x);
  return value;
}
static void get_x(void *value) { *static_cast<long *>(value) = value_of_x(); }

static long x_in(libcgo_python *where) {
  long x = 0;
  EXPECT(libcgo_python_call(where, get_x, &x) == 0);
  return x;
}

// ---- the interpreter ends, and begins again ----

static void *gets_eperm(void *) {
  EXPECT(libcgo_python_call(&border, get_x, nullptr) == EPERM);
  return nullptr;
}
static void *gets_eshutdown(void *) {
  long x;
  EXPECT(libcgo_python_call(&border, get_x, &x) == ESHUTDOWN);
  return nullptr;
}
static void *gets_x(void *) {
  EXPECT(x_in(&border) == 1);
  return nullptr;
}

static sem_t next, done;
static void *lives_through_all(void *) {
  EXPECT(x_in(&border) == 1);
  sem_post(&done);
  sem_wait(&next);
  gets_eshutdown(nullptr);
  sem_post(&done);
  sem_wait(&next);
  EXPECT(x_in(&border) == 1);
  return nullptr;
}

static void without_gil(void (*fn)()) {
  PyThreadState *const state = PyEval_SaveThread();
  fn();
  PyEval_RestoreThread(state);
}

static void an_interpreter_ends_and_begins_again() {
  static pthread_t thread;
  in_thread(gets_eperm);
  Py_Initialize();
  EXPECT(PyRun_SimpleString("x = 1") == 0);
  without_gil([] {
    in_thread(gets_x);
    EXPECT(pthread_create(&thread, nullptr, lives_through_all, nullptr) == 0);
    sem_wait(&done);
  });
  EXPECT(Py_FinalizeEx() == 0);
  in_thread(gets_eshutdown);
  sem_post(&next);
  sem_wait(&done);
  Py_Initialize();
  EXPECT(PyRun_SimpleString("x = 1") == 0);
  border.interpreter = nullptr;
  EXPECT(libcgo_python_begin(&border) == 0);
  without_gil([] {
    in_thread(gets_x);
    sem_post(&next);
    EXPECT(pthread_join(thread, nullptr) == 0);
  });
  EXPECT(Py_FinalizeEx() == 0);
}

static void *ends_later(void *) {
  EXPECT(x_in(&border) == 1);
  sem_post(&done);
  sem_wait(&next);
  return nullptr;
}
static int states() {
  int n = 0;
  PyThreadState *s = PyInterpreterState_ThreadHead(PyInterpreterState_Main());
  for (; s != nullptr; s = PyThreadState_Next(s))
    n++;
  return n;
}

static void a_border_that_opens_again_still_destroys_states() {
  static pthread_t thread;
  Py_Initialize();
  EXPECT(PyRun_SimpleString("x = 1") == 0);
  EXPECT(libcgo_python_begin(&border) == 0);
  without_gil([] {
    EXPECT(pthread_create(&thread, nullptr, ends_later, nullptr) == 0);
    sem_wait(&done);
  });
  EXPECT(states() == 2);
  EXPECT(libcgo_python_close(&border) == 0);
  EXPECT(libcgo_python_begin(&border) == 0);
  without_gil([] {
    sem_post(&next);
    EXPECT(pthread_join(thread, nullptr) == 0);
  });
  EXPECT(states() == 1);
  EXPECT(Py_FinalizeEx() == 0);
}

// ---- a plugin that is closed again: border.so, where the script has built it ----

static void a_border_that_was_never_called_stays_mapped() {
  Py_Initialize();
  void *const plugin = dlopen("./border.so", RTLD_NOW);
  EXPECT(plugin != nullptr);
  if (plugin != nullptr) {
    void *const init = dlsym(plugin, "PyInit_border");
    PyObject *const module = reinterpret_cast<PyObject *(*)()>(init)();
    EXPECT(module != nullptr);
    Py_XDECREF(module);
    EXPECT(dlclose(plugin) == 0);
  }
  EXPECT(Py_FinalizeEx() == 0);
}

// ---- subinterpreters ----

static void *calls_both(void *) {
  for (int i = 0; i < 3; i++) {
    EXPECT(x_in(&border) == 1);
    EXPECT(x_in(&sub) == 2);
  }
  return nullptr;
}

// A call from inside of the other interpreter.
static void from_main(void *) {
  EXPECT(value_of_x() == 1);
  EXPECT(x_in(&sub) == 2);
  EXPECT(value_of_x() == 1);
}
static void *calls_one_from_the_other(void *) {
  EXPECT(libcgo_python_call(&border, from_main, nullptr) == 0);
  EXPECT(libcgo_python_call(&border, from_main, nullptr) == 0);
  return nullptr;
}

#if PY_VERSION_HEX >= 0x030c0000
// The main interpreter's border has a state of this thread, but another one is attached.
static void from_sub(void *) {
  EXPECT(x_in(&border) == 1);
  EXPECT(value_of_x() == 2);
}
static void *calls_main_from_sub(void *) {
  EXPECT(x_in(&border) == 1);
  EXPECT(libcgo_python_call(&sub, from_sub, nullptr) == 0);
  EXPECT(libcgo_python_call(&sub, from_sub, nullptr) == 0);
  return nullptr;
}
#endif

static void get_state(void *state) {
  *static_cast<PyThreadState **>(state) = PyThreadState_Get();
}
static void *calls_before_and_after(void *) {
  PyThreadState *own = nullptr;
  long x;
  EXPECT(x_in(&sub) == 2);
  EXPECT(PyGILState_GetThisThreadState() == nullptr);
  EXPECT(libcgo_python_call(&border, get_state, &own) == 0);
  EXPECT(x_in(&sub) == 2);
  EXPECT(PyGILState_GetThisThreadState() == own); // none that sub's end frees
  sem_post(&done);
  sem_wait(&next);
  EXPECT(libcgo_python_call(&sub, get_x, &x) == ESHUTDOWN);
  EXPECT(x_in(&border) == 1);
  const PyGILState_STATE gil = PyGILState_Ensure();
  EXPECT(PyThreadState_Get() == own && value_of_x() == 1);
  PyGILState_Release(gil);
  return nullptr;
}

static void with_subinterpreter(void (*test)()) {
  Py_Initialize();
  PyThreadState *const main = PyThreadState_Get();
  EXPECT(PyRun_SimpleString("x = 1") == 0);
  EXPECT(libcgo_python_begin(&border) == 0);
  PyThreadState *const state = Py_NewInterpreter();
  EXPECT(state != nullptr && PyRun_SimpleString("x = 2") == 0);
  EXPECT(libcgo_python_begin(&sub) == EPERM); // of the main one
  sub.interpreter = libcgo_python_home_(state);
  EXPECT(libcgo_python_begin(&sub) == 0);
  PyThreadState_Swap(main);
  without_gil(test);
  PyThreadState_Swap(state);
  Py_EndInterpreter(state);
  PyThreadState_Swap(main);
}

static void calls_reach_the_interpreter_of_the_border() {
  with_subinterpreter([] {
    in_thread(calls_both);
    in_thread(calls_one_from_the_other);
#if PY_VERSION_HEX >= 0x030c0000
    in_thread(calls_main_from_sub);
#endif
  });
  EXPECT(Py_FinalizeEx() == 0);
}

static void a_subinterpreter_ends_before_a_thread_that_called_it() {
  static pthread_t thread;
  with_subinterpreter([] {
    EXPECT(pthread_create(&thread, nullptr, calls_before_and_after, nullptr) == 0);
    sem_wait(&done);
  });
  without_gil([] {
    sem_post(&next);
    EXPECT(pthread_join(thread, nullptr) == 0);
  });
  EXPECT(Py_FinalizeEx() == 0);
}

// ---- exceptions of C++ ----

static void throws(void *) { throw 5; }
static void catches_inside(void *) {
  try {
    libcgo_python_call(&border, throws, nullptr);
    EXPECT(false);
  } catch (int n) {
    EXPECT(n == 5 && value_of_x() == 1);
  }
}
static void *throws_out(void *) {
  for (int i = 0; i < 3; i++) {
    try {
      libcgo_python_call(&border, throws, nullptr);
      EXPECT(false);
    } catch (int n) {
      EXPECT(n == 5);
    }
    EXPECT(x_in(&border) == 1);
    EXPECT(libcgo_python_call(&border, catches_inside, nullptr) == 0);
  }
  return nullptr;
}

static void an_exception_of_cxx_passes() {
  Py_Initialize();
  EXPECT(PyRun_SimpleString("x = 1") == 0);
  without_gil([] { in_thread(throws_out); });
  PyErr_SetString(PyExc_KeyError, "pending");
  try {
    libcgo_python_call(&border, throws, nullptr);
    EXPECT(false);
  } catch (int) {
  }
  EXPECT(PyErr_Occurred() == PyExc_KeyError);
  PyErr_Clear();
  EXPECT(libcgo_python_close(&border) == 0); // nobody counts as inside
  EXPECT(Py_FinalizeEx() == 0);
}

int main(int, char **argv) {
  static const struct {
    const char *name;
    void (*test)();
  } tests[] = {{"an_interpreter_ends_and_begins_again",
                an_interpreter_ends_and_begins_again},
               {"a_border_that_opens_again_still_destroys_states",
                a_border_that_opens_again_still_destroys_states},
               {"a_border_that_was_never_called_stays_mapped",
                a_border_that_was_never_called_stays_mapped},
               {"calls_reach_the_interpreter_of_the_border",
                calls_reach_the_interpreter_of_the_border},
               {"a_subinterpreter_ends_before_a_thread_that_called_it",
                a_subinterpreter_ends_before_a_thread_that_called_it},
               {"an_exception_of_cxx_passes", an_exception_of_cxx_passes}};
  sem_init(&next, 0, 0);
  sem_init(&done, 0, 0);
  for (const auto &t : tests)
    if (argv[1] != nullptr && strcmp(argv[1], t.name) == 0) {
      t.test();
      return failures == 0 ? 0 : 1;
    }
  return 2;
}
