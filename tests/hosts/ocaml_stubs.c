/* SPDX-License-Identifier: BSD-3-Clause */
/* The C half of tests/hosts/ocaml_test.ml. */
#include <caml/alloc.h>
#include <caml/callback.h>
#include <caml/memory.h>
#include <caml/mlvalues.h>
#include <caml/threads.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* How often the header registers and unregisters. */
static int registered, unregistered;
/* The late thread, see below, waits for the runtime now, or is in. */
static sem_t late_decided;
static _Thread_local int late;
static void decide(void) {
  if (late) {
    late = 0;
    sem_post(&late_decided);
  }
}
static int count_register(void) {
  decide();
  const int is = caml_c_thread_register();
  __atomic_add_fetch(&registered, is, __ATOMIC_RELAXED);
  return is;
}
static int count_unregister(void) {
  const int was = caml_c_thread_unregister();
  __atomic_add_fetch(&unregistered, was, __ATOMIC_RELAXED);
  return was;
}
#define caml_c_thread_register count_register
#define caml_c_thread_unregister count_unregister
#include <libcgo/host/ocaml.h>
#undef caml_c_thread_register
#undef caml_c_thread_unregister

LIBCGO_OCAML(border);

struct task {
  int what, number, count, err, raised;
  pthread_t thread;
};

static void tell(void *arg) {
  static const value *on_call;
  struct task *t = arg;
  if (on_call == NULL)
    on_call = caml_named_value("on_call");
  const value result =
      caml_callback2_exn(*on_call, Val_int(t->what), Val_int(t->number));
  t->raised += Is_exception_result(result);
}

static void *calls(void *arg) {
  struct task *t = arg;
  for (int i = 0; i < t->count && t->err == 0; i++)
    t->err = libcgo_ocaml_call(&border, tell, t);
  return NULL;
}

/* ocaml_other.c, compiled with another -std. */
struct libcgo_ocaml *other_border(void);
size_t other_size(void);
int other_begin(void);
int other_call(void (*fn)(void *arg), void *arg);

/* ---- threads of C ---- */

/* `threads` threads with `count` calls of on_call `what` their number: the errors, or how
   many calls raised. */
value test_threads(value threads, value count, value what) {
  struct task tasks[64];
  const int n = Int_val(threads);
  int raised = 0, err = 0;
  for (int i = 0; i < n; i++)
    tasks[i] = (struct task){Int_val(what), i, Int_val(count), 0, 0, 0};
  caml_release_runtime_system();
  for (int i = 0; i < n; i++)
    if (pthread_create(&tasks[i].thread, NULL, calls, &tasks[i]) != 0)
      abort();
  for (int i = 0; i < n; i++) {
    pthread_join(tasks[i].thread, NULL);
    raised += tasks[i].raised;
    err = tasks[i].err != 0 ? tasks[i].err : err;
  }
  caml_acquire_runtime_system();
  return Val_int(err != 0 ? -err : raised);
}

value test_balance(value unit) {
  (void)unit;
  return Val_int(registered - unregistered);
}

/* ---- the calling thread ---- */

value test_begin(value unit) {
  (void)unit;
  return Val_int(libcgo_ocaml_begin(&border));
}

value test_end(value unit) {
  (void)unit;
  return Val_int(libcgo_ocaml_end(&border));
}

/* From C that has released the runtime, and from C that has not. */
value test_released(value what, value number) {
  struct task t = {Int_val(what), Int_val(number), 1, 0, 0, 0};
  caml_release_runtime_system();
  calls(&t);
  caml_acquire_runtime_system();
  return Val_int(t.err != 0 ? -t.err : t.raised);
}

value test_held(value what, value number) {
  struct task t = {Int_val(what), Int_val(number), 1, 0, 0, 0};
  calls(&t);
  return Val_int(t.err != 0 ? -t.err : t.raised);
}

/* ---- special threads of C ---- */

static void twice(void *arg) {
  calls(arg);
  calls(arg);
}
static void *nested_in_c(void *arg) {
  struct task *t = arg;
  t->err = libcgo_ocaml_call(&border, twice, t);
  return NULL;
}

static void *unregistered_by_others(void *arg) {
  struct task *t = arg;
  calls(t);
  if (caml_c_thread_unregister() != 1)
    t->err = -2;
  unregistered++;
  return calls(t);
}

static void *registered_by_others(void *arg) {
  struct task *t = arg;
  for (int i = 0; i < 2; i++) {
    if (caml_c_thread_register() != 1)
      t->err = -1;
    calls(t);
    if (caml_c_thread_unregister() != 1)
      t->err = -2;
  }
  return calls(t);
}

static pthread_key_t before, after;
static int rounds;
static struct task last = {0, 7, 1, 0, 0, 0};
static void again(void *arg) {
  calls(&last);
  if (__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED) < 6)
    pthread_setspecific(arg == &before ? before : after, arg);
}
static void *from_destructors(void *arg) {
  calls(arg);
  pthread_key_create(&before, again);
  pthread_setspecific(before, &before);
  pthread_key_create(&after, again);
  pthread_setspecific(after, &after);
  return NULL;
}

static void end_here(void *arg) {
  tell(arg);
  pthread_exit(NULL);
}
static void *ends_in_a_call(void *arg) {
  struct task *t = arg;
  t->err = libcgo_ocaml_call(&border, end_here, arg);
  return NULL;
}

/* A signal that comes when no OCaml code runs that could see it. */
static void interrupted(void *arg) {
  tell(arg);
  pthread_kill(pthread_self(), SIGINT);
}
static void *interrupts(void *arg) {
  struct task *t = arg;
  t->err = libcgo_ocaml_call(&border, interrupted, arg);
  return NULL;
}

/* The thread's own signal stack is there again when the border has left, whatever OCaml
   does: looked at by a destructor that runs after the border's. */
static char own_stack[65536];
static void look(void *arg) {
  struct task *t = arg;
  stack_t now;
  static int round;
  if (round++ < 2) {
    pthread_setspecific(after, arg);
    return;
  }
  sigaltstack(NULL, &now);
  if (now.ss_sp != own_stack)
    t->err = -5;
}
static void *with_a_signal_stack(void *arg) {
  stack_t mine = {.ss_sp = own_stack, .ss_size = sizeof own_stack};
  sigaltstack(&mine, NULL);
  calls(arg);
  pthread_key_create(&after, look);
  pthread_setspecific(after, arg);
  return NULL;
}

/* The border and the call are another file's. */
static void *with_a_signal_stack_elsewhere(void *arg) {
  struct task *t = arg;
  stack_t mine = {.ss_sp = own_stack, .ss_size = sizeof own_stack};
  sigaltstack(&mine, NULL);
  t->err = other_call(tell, t);
  pthread_key_create(&after, look);
  pthread_setspecific(after, arg);
  return NULL;
}

/* The border, and so the record, are another file's, and the call is this file's. */
static void *with_a_border_of_another_file(void *arg) {
  struct task *t = arg;
  t->err = libcgo_ocaml_call(other_border(), tell, t);
  if (t->err == 0 && other_size() != sizeof(struct libcgo_ocaml_thread_))
    t->err = -6;
  return NULL;
}

/* Calls of two files nest, in both orders. */
static void here_again(void *arg) {
  struct task *t = arg;
  tell(t);
  t->err = libcgo_ocaml_call(&border, tell, t);
}
static void elsewhere_again(void *arg) {
  struct task *t = arg;
  tell(t);
  t->err = other_call(here_again, t);
}
static void *nested_in_files(void *arg) {
  struct task *t = arg;
  int err = other_call(here_again, t);
  if (err == 0 && t->err == 0)
    err = libcgo_ocaml_call(&border, elsewhere_again, t);
  t->err = err != 0 ? err : t->err;
  return NULL;
}

value test_begin_elsewhere(value unit) {
  (void)unit;
  return Val_int(other_begin());
}

value test_special(value kind, value what) {
  static void *(*const kinds[])(void *) = {nested_in_c,
                                           unregistered_by_others,
                                           registered_by_others,
                                           from_destructors,
                                           ends_in_a_call,
                                           with_a_signal_stack,
                                           interrupts,
                                           with_a_signal_stack_elsewhere,
                                           with_a_border_of_another_file,
                                           nested_in_files};
  struct task t = {Int_val(what), 7, 3, 0, 0, 0};
  const int k = Int_val(kind);
  caml_release_runtime_system();
  if (pthread_create(&t.thread, NULL, kinds[k], &t) != 0)
    abort();
  pthread_join(t.thread, NULL);
  caml_acquire_runtime_system();
  if (k == 3 && (rounds < 6 || last.err != 0))
    return Val_int(-4);
  return Val_int(t.err);
}

/* ---- a thread that OCaml has ended calls in a destructor ---- */

static pthread_key_t late_key;
static sem_t late_is_there, late_may_call, late_is_over;
static int main_holds, late_errors;
static void late_fn(void *arg) {
  (void)arg;
  late_errors += main_holds;
  decide();
}
static void late_call(void *arg) {
  sem_post(&late_is_there);
  sem_wait(&late_may_call);
  late = 1;
  late_errors += libcgo_ocaml_call(&border, late_fn, NULL) != 0;
  calls(arg);
  late_errors += last.err != 0;
  sem_post(&late_is_over);
}
value test_late_key(value unit) {
  (void)unit;
  sem_init(&late_is_there, 0, 0);
  sem_init(&late_may_call, 0, 0);
  sem_init(&late_decided, 0, 0);
  sem_init(&late_is_over, 0, 0);
  return Val_int(pthread_key_create(&late_key, late_call));
}
value test_late_arm(value unit) {
  (void)unit;
  return Val_int(pthread_setspecific(late_key, &last));
}
value test_late_wait(value unit) {
  (void)unit;
  caml_release_runtime_system();
  sem_wait(&late_is_there);
  caml_acquire_runtime_system();
  main_holds = 1;
  sem_post(&late_may_call);
  sem_wait(&late_decided);
  main_holds = 0;
  caml_release_runtime_system();
  sem_wait(&late_is_over);
  while (__atomic_load_n(&registered, __ATOMIC_RELAXED) !=
         __atomic_load_n(&unregistered, __ATOMIC_RELAXED))
    sched_yield();
  caml_acquire_runtime_system();
  return Val_int(late_errors);
}

/* ---- the end ---- */

static void *for_ever(void *arg) {
  struct task *t = arg;
  while (libcgo_ocaml_call(&border, tell, t) == 0)
    ;
  return NULL;
}
static void *come_and_go(void *arg) {
  for (;;) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, calls, arg) == 0)
      pthread_join(thread, NULL);
  }
  return NULL;
}
value test_fire(value what) {
  static struct task t = {0, 0, 1, 0, 0, 0};
  pthread_t thread;
  t.what = Int_val(what);
  for (int i = 0; i < 4; i++)
    pthread_create(&thread, NULL, i < 2 ? for_ever : come_and_go, &t);
  return Val_unit;
}
