// SPDX-License-Identifier: BSD-3-Clause
//
// The headers as SWIG reads them: declarations.h is what `cc -E -P -DLIBCGO_DECLARATIONS`
// has made of libcgo.h, and parse.h without its guard.
%module parse_swig
// Names and texts in records, which belong to who has set them.
#pragma SWIG nowarn=451
%{
#include <libcgo.h>
#include "parse.h"
%}
%include <stdint.i>
%feature("callback", "%s") parse_count;
%include "declarations.h"
%constant size_t runtime_size = sizeof(struct libcgo_runtime);
%constant size_t thread_size = sizeof(struct libcgo_thread);
%inline %{
static void *new_int(void) { return calloc(1, sizeof(int)); }
static int get_int(void *p) { return *(int *)p; }
%}
