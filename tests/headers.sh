#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# The public headers: alone, in any order, in C11 and C++17, without warnings.
. "$(dirname "$0")/tap.sh"

warnings="-Wall -Wextra -Wpedantic -Werror"
headers="libcgo.h libcgo/classic.h libcgo/crossing.h libcgo/handle.h libcgo/init.h
  libcgo/platform.h libcgo/runtime.h libcgo/slots.h libcgo/stack.h libcgo/thread.h
  libcgo/version.h"

compile_c() { $CC -std=c11 $warnings $cppflags -c "$1" -o out.o; }
compile_cxx() { $CXX -std=c++17 $warnings $cppflags -x c++ -c "$1" -o out.o; }

alone() {
  for h in $headers; do
    printf '#include <%s>\n#include <%s>\ntypedef int not_empty;\n' $h $h >alone.c
    $1 alone.c || return 1
  done
}

any_order() {
  for a in $headers; do
    for b in $headers; do
      printf '#include <%s>\n#include <%s>\ntypedef int not_empty;\n' $a $b >order.c
      $1 order.c || return 1
    done
  done
}

reserve() {
  printf '#include <libcgo/slots.h>\nLIBCGO_RESERVE_SLOTS;\nint main(void) { return 0; }\n' >reserve.c
  $1 reserve.c
}

table() {
  cat >table.c <<'C'
#include <libcgo/handle.h>
static struct libcgo_handle_table a = LIBCGO_HANDLE_TABLE_INIT;
int main(void) {
  struct libcgo_handle_table b = LIBCGO_HANDLE_TABLE_INIT;
  return a.size == b.size ? 0 : 1;
}
C
  $1 table.c
}

define() {
  printf '#include <libcgo/slots.h>\nLIBCGO_DEFINE_SLOTS;\nint main(void) { return 0; }\n' >define.c
  $1 define.c
}

records() {
  cat >records.c <<'C'
#include <libcgo.h>
static struct libcgo_thread *nobody(void) { return 0; }
static void none(struct libcgo_thread *thread) { (void)thread; }
static const struct libcgo_ops ops = LIBCGO_OPS(none, none, 0, 0, nobody, 0);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
static struct libcgo_thread thread = LIBCGO_THREAD_INIT;
int main(void) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  struct libcgo_stack stack = LIBCGO_STACK_INIT(&runtime, &runtime + 1);
  return runtime.size == sizeof runtime && thread.size == sizeof thread &&
                 attr.size == sizeof attr && limit.size == sizeof limit &&
                 stack.size == sizeof stack
             ? 0
             : 1;
}
C
  $1 records.c
}

two_units() {
  printf '#include <libcgo.h>\nint main(void) { return 0; }\n' >one.c
  printf '#include <libcgo.h>\nint two(void);\nint two(void) { return 1; }\n' >two.c
  $CC -std=c11 -fno-common $cppflags $CFLAGS one.c two.c -o two $shared_libs
}

old_names() {
  cat >old.c <<'C'
#define LIBCGO_CLASSIC_NAMES
#include <libcgo.h>
int main(void) {
  G g = {0, 0};
  ThreadStart ts = {1, &g, 0};
  return ts.g == &g ? 0 : 1;
}
C
  compile_c old.c && compile_cxx old.c
}

versions_agree() {
  cat >version.c <<'C'
#include <libcgo/version.h>
#include <stdio.h>
int main(void) {
  printf("%s %d\n", LIBCGO_VERSION_STRING, libcgo_version() == LIBCGO_VERSION);
  return 0;
}
C
  $CC -std=c11 $cppflags $CFLAGS version.c -o version $shared_libs || return 1
  test "$(run_program version)" = "$VERSION 1"
}

ok headers_compile_alone_as_c11 alone compile_c
ok headers_compile_alone_as_cxx17 alone compile_cxx
ok headers_compile_in_any_order_as_c11 any_order compile_c
ok headers_compile_in_any_order_as_cxx17 any_order compile_cxx
if test "$CLASSIC" = yes; then
  ok reserve_slots_compiles_as_c11_without_warnings reserve compile_c
  ok reserve_slots_compiles_as_cxx17_without_warnings reserve compile_cxx
  ok the_names_of_2010_are_there_when_asked_for old_names
else
  skip the_classic_header "the classic face does not exist on $CPU"
fi
ok define_slots_compiles_as_c11_without_warnings define compile_c
ok define_slots_compiles_as_cxx17_without_warnings define compile_cxx
ok the_records_compile_as_c11_without_warnings records compile_c
ok the_records_compile_as_cxx17_without_warnings records compile_cxx
ok a_handle_table_compiles_as_c11_without_warnings table compile_c
ok a_handle_table_compiles_as_cxx17_without_warnings table compile_cxx
if test -f "$builddir/.libs/libcgo.so"; then
  ok defect_16_two_units_that_include_the_header_link two_units
  ok the_library_reports_the_version_of_its_headers versions_agree
else
  skip defect_16_two_units_that_include_the_header_link "configured with --disable-shared"
  skip the_library_reports_the_version_of_its_headers "configured with --disable-shared"
fi
done_testing
