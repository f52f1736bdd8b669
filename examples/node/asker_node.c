/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The binding of asker.c for Node: run(threads, times, ask) returns a promise of the sum. ask
 * is a JavaScript function; the threads of C wait for what it returns.
 */
#define NAPI_VERSION 6
#include <libcgo/mailbox.h>
#include <node_api.h>
#include <stdlib.h>
#include <uv.h>

#include "asker.h"

/* Node's loop serves the mailbox. `wake` makes it do so. */
static void wake(struct libcgo_mailbox *box) { uv_async_send(box->data); }
static struct libcgo_mailbox box = LIBCGO_MAILBOX_INIT(wake);
static uv_async_t loop_wakes;
static int runs; /* the loop stays as long as there is one */

static void serve(uv_async_t *unused) {
  (void)unused;
  /* Not all at once: there may be no end to them, and the loop has other things to do. */
  if (libcgo_mailbox_serve(&box, 64) == 64)
    uv_async_send(&loop_wakes);
}

struct run {
  napi_env env;
  napi_ref ask;
  napi_async_context context;
  napi_deferred promise;
  struct asker *asker;
};

/* ---- in Node's thread ---- */

struct question {
  struct run *run;
  int number;
  int answer;
};

static void put_question(void *arg) {
  struct question *const question = arg;
  const napi_env env = question->run->env;
  napi_handle_scope scope;
  napi_value ask, global, number, answer, error;
  napi_open_handle_scope(env, &scope);
  napi_get_reference_value(env, question->run->ask, &ask);
  napi_get_global(env, &global);
  napi_create_int32(env, question->number, &number);
  if (napi_make_callback(env, question->run->context, global, ask, 1, &number,
                         &answer) == napi_ok)
    napi_get_value_int32(env, answer, &question->answer);
  else if (napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error); /* 'uncaughtException' */
  napi_close_handle_scope(env, scope);
}

static void settle(void *arg) {
  struct run *const run = arg;
  napi_handle_scope scope;
  napi_value sum;
  napi_open_handle_scope(run->env, &scope);
  napi_create_int64(run->env, asker_end(run->asker), &sum);
  napi_resolve_deferred(run->env, run->promise, sum);
  napi_async_destroy(run->env, run->context);
  napi_delete_reference(run->env, run->ask);
  napi_close_handle_scope(run->env, scope);
  free(run);
  if (--runs == 0)
    uv_unref((uv_handle_t *)&loop_wakes);
}

/* ---- in threads of C ---- */

static int ask(void *arg, int number) {
  struct question question = {arg, number, -1};
  if (libcgo_mailbox_call(&box, put_question, &question, LIBCGO_FOR_EVER) != 0)
    return -1; /* Node ends: nobody answers any more */
  return question.answer;
}

static void done(void *arg) {
  /* If Node ends, the process does, and nobody waits for the promise. */
  (void)!libcgo_mailbox_post(&box, settle, arg, LIBCGO_FOR_EVER);
}

/* ---- the module ---- */

static napi_value run(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value args[3], name, promise;
  int threads, times;
  struct run *run;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < 3 || napi_get_value_int32(env, args[0], &threads) != napi_ok ||
      napi_get_value_int32(env, args[1], &times) != napi_ok || threads < 1) {
    napi_throw_type_error(env, NULL, "run(threads, times, function)");
    return NULL;
  }
  run = calloc(1, sizeof *run);
  if (run == NULL)
    return NULL;
  run->env = env;
  napi_create_reference(env, args[2], 1, &run->ask);
  napi_create_string_utf8(env, "asker", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &run->context);
  napi_create_promise(env, &run->promise, &promise);
  if (runs++ == 0)
    uv_ref((uv_handle_t *)&loop_wakes);
  run->asker = asker_start(threads, times, ask, done, run);
  if (run->asker == NULL)
    napi_throw_error(env, NULL, "there are no threads to be had");
  return promise;
}

static void at_exit(void *unused) {
  (void)unused;
  libcgo_mailbox_end(&box); /* from now on, nobody wakes the loop */
  uv_close((uv_handle_t *)&loop_wakes, NULL);
}

NAPI_MODULE_INIT() {
  uv_loop_t *loop;
  napi_value function;
  box.data = &loop_wakes;
  /* One mailbox, so one thread of JavaScript: not also a worker. */
  if (napi_get_uv_event_loop(env, &loop) != napi_ok ||
      libcgo_mailbox_open(&box, 64) != 0 ||
      uv_async_init(loop, &loop_wakes, serve) != 0) {
    napi_throw_error(env, NULL, "asker cannot be loaded here");
    return NULL;
  }
  uv_unref((uv_handle_t *)&loop_wakes);
  napi_add_env_cleanup_hook(env, at_exit, NULL);
  napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, NULL, &function);
  napi_set_named_property(env, exports, "run", function);
  return exports;
}
