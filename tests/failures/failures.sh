#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Each call that the library makes of the C library, and of the system, fails: the n-th, and
# the n-th and all after it; n = 1, 2, ... until there is no n-th. make check has n = 1, and
# make check-failures (FAILURES=all) has all. FAILURES_ONLY='malloc system:mmap' chooses calls.
#
# What must hold: the error is one that the function's man page has, or the process ends with
# one message, where a page says so; the record is as before; when nothing fails any more, the
# same call succeeds; errno, signal masks and cancellation are as before; nothing is lost
# (memory, mappings, thread keys, files); nothing hangs.
# shellcheck source=tests/support/tap.sh
. "$top_srcdir/tests/support/tap.sh"
here=$srcdir/tests/failures
how=first
test "${FAILURES:-}" != all || how=

reason=
case $HOST in x86_64-*-linux-gnu) ;; *) reason='the rows are of glibc on amd64' ;; esac
case "$CFLAGS $CXXFLAGS" in *-fsanitize=* | *--coverage* | *-flto*) reason='it is about the library as it is released' ;; esac
test -z "$TEST_EMU" || reason='needs no emulator'
${NM:-nm} -D "$builddir/.libs/libcgo.so" 2>/dev/null | grep -q '@GLIBC_' || reason='the rows are of glibc'
for file in libcgo.so libcgo.a; do test -f "$builddir/.libs/$file" || reason="there is no $file"; done
test "$CLASSIC" = yes || reason='needs the classic face'
if test -n "$reason"; then
  skip failures "$reason"
  done_testing
  exit
fi

scenario_uses_every_function() {
  sed -n 's/^	"*\([^;"#]*\)"*;.*/\1/p' "$srcdir/src/libcgo.map" | grep -v '^\*$' | sort -u >map
  ${NM:-nm} -D --defined-only "$builddir/.libs/libcgo.so" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u >exported
  ${NM:-nm} --undefined-only scenario.o | awk '{ print $2 }' | sort -u >used
  comm -12 map exported >wanted
  comm -23 wanted used >unused
  if test ! -s wanted || test -s unused; then
    echo "tests/failures/scenario.c does not use:"
    cat unused
    return 1
  fi
}

# LeakSanitizer looks from the process's end for what nobody points to. leaks_after ARGUMENT...:
# of `drive once`. A run that a message has ended is not looked at.
leaks_after() {
  LSAN_OPTIONS=exitcode=23 timeout -k 1 60 ./drive-leaks once "$@" >log 2>&1
  test $? = 23 || return 1
  echo "after: $*"
  grep -A 8 'leak of' log
}
nothing_is_left_that_nobody_points_to() {
  ! leaks_after none -1 1 0 || return 1
  test -z "$how" || return 0
  grep -v '^write ' rows | while read -r call outcomes; do
    case $outcomes in never* | absent*) continue ;; esac
    chosen "$call" || continue
    for outcome in $outcomes; do
      n=1
      while test $n -le 100; do
        ! leaks_after "$call" "$outcome" $n 0 || echo >some-leak
        ! grep -q '^not met' log || break
        n=$((n + 1))
      done
      case $outcome in *EINTR* | *+once*) continue ;; esac
      ! leaks_after "$call" "$outcome" 1 1 || echo >some-leak
    done
  done
  test ! -f some-leak
}

# chosen CALL: whether it is one of FAILURES_ONLY, or all are.
chosen() {
  case " ${FAILURES_ONLY:-$1} " in *" $1 "*) ;; *) return 1 ;; esac
}

# fail COMMAND NAME CALL OUTCOME...
fail() {
  command=$1 name=$2
  shift 2
  # shellcheck disable=SC2086 # no word, or one
  ./drive "$command" "$@" $how >log 2>&1
  status=$?
  tail -n 1 log | awk -v call="$name" '/^[0-9]+ runs/ { print call, $1, $3 }' >>table
  cat log
  return $status
}

# Lines of NAME NUMBER: what the processor's system calls are called.
numbers() {
  echo '#include <sys/syscall.h>' | $CC -E -dM - | awk '$2 ~ /^__NR_/ { print substr($2, 6), $3 }' | sort
}

# The system calls that are made, with their rows.
each_system_call_has_a_row() {
  ./drive system >made || { cat made; return 1; }
  numbers | awk 'NR == FNR { name[$2] = $1; next } { print name[$1], $1 }' - made | sort >calls
  grep -v '^#' "$here/system.calls" | awk 'NF' | sort >system.rows
  join calls system.rows >system.made
  test -z "$(join -v 1 calls system.rows)" || {
    echo "no row in system.calls:"
    join -v 1 calls system.rows
    return 1
  }
}

ok each_import_has_a_row sh "$here/build.sh" .
test -x drive || {
  done_testing
  exit
}
ok the_scenario_uses_every_public_function scenario_uses_every_function
ok nothing_fails_by_itself ./drive calls
if test ! -x drive-leaks; then
  skip nothing_is_left_that_nobody_points_to "the compiler has no LeakSanitizer"
elif ./drive-leaks once none -1 1 0 2>&1 | grep -q 'fatal error'; then
  skip nothing_is_left_that_nobody_points_to "LeakSanitizer may not look into this process"
else
  ok nothing_is_left_that_nobody_points_to nothing_is_left_that_nobody_points_to
fi
: >table
while read -r call outcomes; do
  case $outcomes in never* | absent*) continue ;; esac
  chosen "$call" || continue
  # shellcheck disable=SC2086 # words
  ok "a_failing_$(echo "$call" | tr : _)_is_met" fail fail "$call" "$call" $outcomes
done <rows

# The system's own answers, where seccomp(2) can give others.
./drive system >made 2>&1
if test $? = 77; then
  skip each_system_call_has_a_row "$(cat made)"
else
  ok each_system_call_has_a_row each_system_call_has_a_row
  test -s system.made || : >system.made
  while read -r call number outcomes; do
    case $outcomes in never*) continue ;; esac
    chosen "system:$call" || continue
    # shellcheck disable=SC2086 # words
    ok "a_failing_${call}_of_the_system_is_met" fail system-fail "system:$call" "$number" $outcomes
  done <system.made
fi
test -n "$how" || cp table "$builddir/failures.table"
done_testing
