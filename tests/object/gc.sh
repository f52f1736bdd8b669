#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154,SC2317
#
# examples/gc: its collector loses no object and leaves none, and would, if it left out one
# kind of roots. The sanitizers say nothing of it, and still find a race of its threads.
. "$(dirname "$0")/../support/tap.sh"
# shellcheck source=tests/support/sanitizers.sh
. "$srcdir/tests/support/sanitizers.sh"

build() { # NAME COMPILER-AND-FLAGS...
  name=$1
  shift
  $1 -std=c11 -Wall -Wextra -Wpedantic -Werror -g $cppflags ${sources:-$srcdir/examples/gc/*.c} \
    -I"$srcdir/examples/gc" $libraries $PRIVATE_LIBS -pthread -o "$name"
}

# What it counts.
counts() {
  awk -v least="$1" '{ n[$1 " " $2] = n[$1] = $NF }
    END { exit !(n["objects"] > 1000 && n["freed"] == n["objects"] && n["left"] == 0 &&
      n["handles"] == 0 && n["collections"] >= least && n["attached"] > 0 &&
      n["in stacks"] > 0 && n["in c-stacks"] > 0 && n["in contexts"] > 0 &&
      n["in handles"] > 0) }' out
}

# A slow machine needs longer until enough has happened.
collects() { # SECONDS EVERY
  for times in 1 5 25; do
    run_program gc $(($1 * times)) "$2" >out 2>err
    status=$?
    cat out err
    test $status = 0 && test ! -s err || return 1
    counts 10 && return 0
  done
  return 1
}

loses() { # ROOTS
  run_program gc 20 50 "$1" >out 2>err
  status=$?
  cat out err
  test $status = 1 && grep 'an object.* is lost' err
}

is_silent() { silent "$1" 2 200 && counts 2; }

# Two tasks that write to one word, managed, and park all the time.
racing() {
  mkdir -p racing
  cp "$srcdir"/examples/gc/* racing
  sed 's/^static void churn/static unsigned long planted;\n&/
    s/^    struct object \*tree = grow.*/&\n    planted++;/' "$srcdir/examples/gc/churn.c" >racing/churn.c
  grep -c planted racing/churn.c
  sources=$(echo racing/*.c)
  build race "$1 -fsanitize=thread -O1"
  sources=
  same_addresses timeout -k 1 120 ./race 2 >out 2>err
  cat err
  grep 'data race' err && grep 'churn.*churn.c' err
}

libraries=$shared_libs
test -f "$builddir/.libs/libcgo.so" || libraries=$static_lib
ok the_collector_builds build gc "$CC $CFLAGS"
ok it_loses_no_object_and_leaves_none collects 3 200
ok nor_if_it_collects_at_each_allocation collects 2 1
for roots in stacks c-stacks contexts handles; do
  ok "without_${roots}_it_loses_objects" loses $roots
done

libraries=$static_lib
for each in gcc clang; do
  for kind in address thread; do
    if test -n "$no_sanitizers"; then
      skip "the_${kind}_sanitizer_of_${each}_is_silent" "$no_sanitizers"
    elif ! have $each || ! works $each -fsanitize=$kind; then
      skip "the_${kind}_sanitizer_of_${each}_is_silent" "$each makes no program with it and this library that runs here"
    else
      ok "it_builds_for_the_${kind}_sanitizer_of_${each}" build gc-$kind "$each -fsanitize=$kind -O1"
      ok "the_${kind}_sanitizer_of_${each}_is_silent" is_silent ./gc-$kind
      test $kind = address ||
        ok "the_thread_sanitizer_of_${each}_finds_a_race_of_managed_threads" racing $each
    fi
  done
done
done_testing
