/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions to Node: by a thread-safe function of Node-API, by a pipe, and by a mailbox.
 * round(way, calls, function, done) calls done(nanoseconds).
 */
#define NAPI_VERSION 6
#include <node_api.h>
#include <uv.h>

#include "questions.h"

static napi_env the_env;
static napi_ref function, finished;
static uv_async_t wakes, ends_round;
static uv_poll_t readable;
static napi_threadsafe_function safe;

static void put_by(napi_env env, napi_value called, struct question *question) {
  napi_value global, number, answer;
  if (napi_get_global(env, &global) != napi_ok ||
      napi_create_int32(env, question->number, &number) != napi_ok ||
      napi_call_function(env, global, called, 1, &number, &answer) != napi_ok ||
      napi_get_value_int32(env, answer, &question->answer) != napi_ok)
    abort();
}

static void put(struct question *question) {
  napi_handle_scope scope;
  napi_value called;
  napi_open_handle_scope(the_env, &scope);
  napi_get_reference_value(the_env, function, &called);
  put_by(the_env, called, question);
  napi_close_handle_scope(the_env, scope);
}

static void put_safely(napi_env env, napi_value called, void *context,
                       void *data) {
  struct question *const question = data;
  (void)context;
  put_by(env, called, question);
  sem_post(&question->answered);
}
static void ask_by_safe_function(struct question *question) {
  if (napi_call_threadsafe_function(safe, question, napi_tsfn_blocking) != napi_ok)
    abort();
  while (sem_wait(&question->answered) != 0) {
  }
}

static void wake(struct libcgo_mailbox *box_) {
  (void)box_;
  uv_async_send(&wakes);
}
static void serve(uv_async_t *unused) {
  (void)unused;
  if (libcgo_mailbox_serve(&box, 64) == 64)
    uv_async_send(&wakes);
}
static void read_pipe(uv_poll_t *unused, int status, int events) {
  (void)unused, (void)status, (void)events;
  answer_pipe();
}

static struct round current;

static void round_ends(struct round *round) {
  (void)round;
  uv_async_send(&ends_round);
}
static void tell_end(uv_async_t *unused) {
  napi_handle_scope scope;
  napi_value global, called, ns;
  (void)unused;
  pthread_join(current.thread, NULL);
  napi_open_handle_scope(the_env, &scope);
  napi_get_reference_value(the_env, finished, &called);
  napi_get_global(the_env, &global);
  napi_create_double(the_env, current.ns, &ns);
  napi_call_function(the_env, global, called, 1, &ns, NULL);
  napi_close_handle_scope(the_env, scope);
}

static napi_value begin_round(napi_env env, napi_callback_info info) {
  static const ask_fn ways[] = {ask_by_safe_function, ask_by_pipe,
                                ask_by_mailbox};
  size_t count = 2;
  napi_value args[2];
  int way;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (napi_get_value_int32(env, args[0], &way) != napi_ok ||
      napi_get_value_int32(env, args[1], &current.calls) != napi_ok)
    abort();
  current.ask = ways[way];
  current.done = round_ends;
  start(&current);
  return NULL;
}

static napi_value set(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value args[2], name;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  napi_create_reference(env, args[0], 1, &function);
  napi_create_reference(env, args[1], 1, &finished);
  napi_create_string_utf8(env, "bench", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, args[0], NULL, name, 0, 1, NULL,
                                      NULL, NULL, put_safely, &safe) != napi_ok)
    abort();
  return NULL;
}

NAPI_MODULE_INIT() {
  uv_loop_t *loop;
  napi_value value;
  the_env = env;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || pipe(ends) != 0 ||
      libcgo_mailbox_open(&box, 64) != 0 ||
      uv_async_init(loop, &wakes, serve) != 0 ||
      uv_async_init(loop, &ends_round, tell_end) != 0 ||
      uv_poll_init(loop, &readable, ends[0]) != 0 ||
      uv_poll_start(&readable, UV_READABLE, read_pipe) != 0)
    abort();
  napi_create_function(env, "set", NAPI_AUTO_LENGTH, set, NULL, &value);
  napi_set_named_property(env, exports, "set", value);
  napi_create_function(env, "round", NAPI_AUTO_LENGTH, begin_round, NULL, &value);
  napi_set_named_property(env, exports, "round", value);
  return exports;
}
