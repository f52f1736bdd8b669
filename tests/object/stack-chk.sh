#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# __stack_chk_fail_local of the static archive.
. "$(dirname "$0")/../support/tap.sh"

cat >program.c <<'C'
#include <stdio.h>
extern void __stack_chk_fail_local(void) __attribute__((visibility("hidden")));
int main(void) {
  puts("before");
  fflush(stdout);
  __stack_chk_fail_local();
  puts("after");
  return 0;
}
C

# Linked without libc's helper archive, as the symbol is meant for.
stops() {
  $CC $CFLAGS -c program.c -o program.o &&
    $CC $CFLAGS "$@" program.o $static_lib -o program || return 1
  run_program program >out 2>err
  status=$?
  cat out err
  echo "status $status"
  # 124 and 137 would be the endless loop of the original.
  test "$(cat out)" = before && test $status = 134
}

case $CPU in
386)
  if test -f $static_lib; then
    ok defect_11_a_smashed_stack_stops_the_process stops
    ok defect_11_a_smashed_stack_stops_a_static_process stops -static
  else
    skip defect_11_a_smashed_stack_stops_the_process "configured with --disable-static"
  fi ;;
*) skip defect_11_a_smashed_stack_stops_the_process "only 386 has this symbol" ;;
esac
done_testing
