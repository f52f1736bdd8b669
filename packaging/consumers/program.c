/* SPDX-License-Identifier: BSD-3-Clause */
/* What the projects here build: it runs only with the library that it was built for. */
#include <libcgo.h>
#include <stdio.h>

static uintptr_t called(void *arg, uintptr_t word) {
  puts(arg);
  return word;
}

int main(void) {
  static char text[] = "called";
  return libcgo_crosscall(called, text, 42) != 42 ||
         libcgo_version() != LIBCGO_VERSION;
}
