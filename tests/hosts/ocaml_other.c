/* SPDX-License-Identifier: BSD-3-Clause */
/* Another file of the program of tests/hosts/ocaml_test.ml, with a border of its own. It is
   compiled as strict C11, where <signal.h> has less than ocaml_stubs.c sees. */
#include <libcgo/host/ocaml.h>

LIBCGO_OCAML(other);

struct libcgo_ocaml *other_border(void);
size_t other_size(void);
int other_begin(void);
int other_call(void (*fn)(void *arg), void *arg);

struct libcgo_ocaml *other_border(void) {
  return &other;
}
size_t other_size(void) { return sizeof(struct libcgo_ocaml_thread_); }
int other_begin(void) { return libcgo_ocaml_begin(&other); }
int other_call(void (*fn)(void *arg), void *arg) {
  return libcgo_ocaml_call(&other, fn, arg);
}
