#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2016,SC2086,SC2154,SC2317
#
# Sanitizers and valgrind know on which stack a thread is, where the *client* is compiled for
# them: they say nothing of the tutorial's runtime, and show a planted fault with its callers.
. "$(dirname "$0")/../support/tap.sh"

# shellcheck source=tests/support/sanitizers.sh
. "$srcdir/tests/support/sanitizers.sh"

# build NAME COMPILER-AND-FLAGS
build() {
  name=$1
  shift
  $1 -std=gnu11 -Wall -Wextra -Wpedantic -Werror -g -O1 -fno-omit-frame-pointer $cppflags \
    -I"$srcdir/examples" "$srcdir/tests/object/tools-client.c" "$srcdir/examples/green.c" \
    $static_lib $PRIVATE_LIBS -pthread -o "$name"
}

build_cxx() { # NAME COMPILER-AND-FLAGS SOURCE
  $2 -std=c++17 -Wall -Wextra -Wpedantic -Werror -g -O1 -fno-omit-frame-pointer $cppflags \
    "$srcdir/$3" $static_lib $PRIVATE_LIBS -pthread -o "$1"
}

# The fault's function, and its callers up to where the task begins: `dive` seven times.
found() { # TEXT FAULT PROGRAM...
  text=$1 fault=$2
  shift 2
  same_addresses timeout -k 1 120 "$@" "$fault" >out 2>err
  cat err
  grep "$text" err && awk '
    / in planted_fault |: planted_fault |#0 planted_fault / { n = 1; next }
    n == 0 { next }
    / dive / { if (n++ >= 1) next }
    / body / && n == 8 { n = 9; next }
    / task_main / && n == 9 { n = 10; exit }
    END { exit n != 10 }' err
}

if test -n "$no_sanitizers"; then
  echo "1..0 # SKIP $no_sanitizers"
  exit 0
fi

for each in gcc clang; do
  for kind in address thread; do
    if ! have $each || ! works $each -fsanitize=$kind; then
      skip "${each}_${kind}_sanitizer" "$each makes no program with it and this library that runs here"
      continue
    fi
    ok "${each}_builds_the_runtime_for_the_${kind}_sanitizer" build client "$each -fsanitize=$kind"
    ok "the_${kind}_sanitizer_of_${each}_is_silent" silent ./client
    case $kind in
    address)
      ok "the_address_sanitizer_of_${each}_finds_a_fault_on_the_heap" \
        found heap-buffer-overflow heap ./client
      ok "the_address_sanitizer_of_${each}_finds_a_fault_on_a_small_stack" \
        found stack-buffer-overflow stack ./client ;;
    thread)
      ok "the_thread_sanitizer_of_${each}_finds_a_race_of_two_tasks" found 'data race' race ./client ;;
    esac
    cxx=$(echo $each | sed 's/gcc/g++/; s/clang/clang++/')
    if have "$cxx"; then
      ok "${cxx}_builds_for_the_${kind}_sanitizer" build_cxx cxx-client "$cxx -fsanitize=$kind" examples/cpp.cc
      ok "the_${kind}_sanitizer_of_${cxx}_is_silent" silent ./cxx-client
      ok "${cxx}_builds_what_throws_for_the_${kind}_sanitizer" \
        build_cxx throws "$cxx -fsanitize=$kind" tests/object/tools-throw.cc
      ok "the_${kind}_sanitizer_of_${cxx}_forgets_frames_that_an_exception_leaves" silent ./throws
    fi
  done
done

memcheck='valgrind -q --error-exitcode=9 --fair-sched=try'
echo '#include <valgrind/valgrind.h>' >header.c
echo 'int main(void) { return 0; }' >empty.c
if have valgrind && $CC $CFLAGS -E header.c >/dev/null 2>&1 &&
  $CC $CFLAGS empty.c -o empty && $memcheck ./empty >/dev/null 2>&1; then
  ok the_runtime_can_be_built_for_valgrind build client "$CC $CFLAGS -DLIBCGO_VALGRIND"
  if $memcheck ./client 2>&1 >/dev/null | grep -q 'debuginfo reader'; then
    skip memcheck_is_silent "this valgrind cannot read the debug information of $CC"
  else
    ok memcheck_is_silent silent $memcheck ./client
    ok memcheck_finds_a_fault_on_the_heap found 'Invalid write' heap $memcheck ./client
  fi
else
  skip memcheck_is_silent 'there is no valgrind for this CPU, or not its header'
fi

done_testing
