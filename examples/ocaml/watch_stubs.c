/* SPDX-License-Identifier: BSD-3-Clause */
/* The C half of watcher.ml. */
#include "watch.h"

#include <caml/alloc.h>
#include <caml/callback.h>
#include <caml/fail.h>
#include <caml/memory.h>
#include <caml/mlvalues.h>
#include <caml/printexc.h>
#include <caml/threads.h>
#include <libcgo/host/ocaml.h>
#include <stdio.h>
#include <stdlib.h>

LIBCGO_OCAML(border);

struct listener {
  struct watch *watch;
  value closure; /* a root of the collector */
};

struct change {
  struct listener *listener;
  long long size;
};

/* On a thread of the library that OCaml has never heard of, with OCaml's runtime. */
static void tell(void *arg) {
  const struct change *change = arg;
  value result =
      caml_callback_exn(change->listener->closure, Val_long(change->size));
  if (Is_exception_result(result)) {
    char *text = caml_format_exception(Extract_exception(result));
    fprintf(stderr, "watch: the listener has raised %s\n", text);
    caml_stat_free(text);
  }
}

static void changed(void *arg, long long size) {
  struct change change = {arg, size};
  int err = libcgo_ocaml_call(&border, tell, &change);
  if (err != 0)
    fprintf(stderr, "watch: no call into OCaml: error %d\n", err);
}

value watch_start_stub(value path, value closure) {
  CAMLparam2(path, closure);
  struct listener *listener = malloc(sizeof *listener);
  if (listener == NULL)
    caml_raise_out_of_memory();
  libcgo_ocaml_begin(&border);
  listener->closure = closure;
  caml_register_generational_global_root(&listener->closure);
  listener->watch = watch_start(String_val(path), changed, listener);
  if (listener->watch == NULL) {
    caml_remove_generational_global_root(&listener->closure);
    free(listener);
    caml_raise_out_of_memory();
  }
  CAMLreturn(caml_copy_nativeint((intnat)listener));
}

/* Waits for the thread, which may wait for the runtime. */
value watch_stop_stub(value handle) {
  CAMLparam1(handle);
  struct listener *listener = (struct listener *)Nativeint_val(handle);
  caml_release_runtime_system();
  watch_stop(listener->watch);
  caml_acquire_runtime_system();
  caml_remove_generational_global_root(&listener->closure);
  free(listener);
  CAMLreturn(Val_unit);
}
