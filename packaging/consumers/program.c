/* SPDX-License-Identifier: BSD-3-Clause */
/* What the projects here build: it runs only with the library that it was built for. */
#include <libcgo.h>
#include <stdio.h>

static void called(void) { puts("called"); }

int main(void) {
  libcgo_crosscall(called);
  return libcgo_version() != LIBCGO_VERSION;
}
