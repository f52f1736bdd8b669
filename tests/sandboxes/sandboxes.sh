#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The test programs where the system refuses something: under container engines, on old
# kernels, without /proc. tests/sandboxes/profiles has what each refuses. make check has a
# selection; make check-sandboxes (SANDBOXES=all) has all, and writes a table into
# docs/reliability.md. SANDBOXES_ONLY='docker no-proc' chooses profiles, and
# SANDBOXES_TESTS='tests/kit/thread' programs.
# shellcheck source=tests/support/tap.sh
. "$top_srcdir/tests/support/tap.sh"
here=$srcdir/tests/sandboxes
profiles=$here/profiles

reason=
case $HOST in "$(uname -m)"-*linux*) ;; *) reason='needs Linux, natively' ;; esac
case "$CFLAGS $CXXFLAGS" in *-fsanitize=* | *--coverage*) reason='a sanitizer needs what is refused' ;; esac
test -z "$TEST_EMU" || reason='needs no emulator'
if test -n "$reason"; then
  skip sandboxes "$reason"
  done_testing
  exit
fi

# The launcher, and what says what the library does.
build() {
  echo '#include <sys/syscall.h>' | $CC -E -dM - |
    awk '$2 ~ /^__NR_[a-z_0-9]+$/ && $3 ~ /^[0-9]+$/ { printf "CALL(\"%s\", %s)\n", substr($2, 6), $3 }' >calls.h
  # shellcheck disable=SC2086 # words
  $CC -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -O1 -I. -iquote "$srcdir/tests" "$here/sandbox.c" -o sandbox
}
build_without() {
  includes="-iquote $srcdir/src -I$srcdir/include -I$builddir/include -I$builddir"
  # shellcheck disable=SC2086 # words
  $CXX -std=gnu++17 -O1 -fno-exceptions -fno-rtti -DLIBCGO_NO_TOOLS -D_GNU_SOURCE -DHAVE_CONFIG_H $includes \
    "$here/without.cc" "$static_lib" -pthread -ldl -o without
}

# program_of TEST: its file, not the script by which libtool lets it find the library.
program_of() {
  for file in "${1%/*}/.libs/lt-${1##*/}" "${1%/*}/.libs/${1##*/}" "$1"; do
    test ! -x "$builddir/$file" || break
  done
  echo "$builddir/$file"
}
LIBCGO_TEST_THREADS=2000
export LIBCGO_TEST_THREADS
libraries=$builddir/.libs:$builddir/tests/kit/.libs:$builddir/tests/classic/.libs

# in_profile NAME COMMAND...
in_profile() {
  profile=$1
  shift
  (cd "$builddir" && LD_LIBRARY_PATH=$libraries exec timeout -k 5 1500 \
    "$scratch/sandbox" "$profiles" "$profile" "$@" </dev/null)
}

hides_proc() {
  awk -v name="$1" '/^profile / { inside = $2 == name } inside && $0 == "hide /proc" { found = 1 } END { exit !found }' "$profiles"
}
text_of() {
  sed -n "s/^profile $1\$//p; s/^profile $1 //p" "$profiles"
}

# only PROFILE: the tests that can run there, if not all can.
only() {
  awk -v name="$1" '/^profile / { inside = $2 == name } inside && $1 == "only" { $1 = ""; print }' "$profiles" | tr '\n' ' '
}

# run_tests PROFILE: all programs of $programs. Lines of each result in results.PROFILE.
# Six profiles run at the same time.
run_tests() {
  : >"results.$1"
  status=0
  only=$(only "$1")
  for test in $programs; do
    case " ${only:-$test} " in
    *" $test "*) ;;
    *)
      echo "skip $test - the profile has only some" >>"results.$1"
      continue ;;
    esac
    case " $NEED_PROC " in
    *" $test "*)
      if hides_proc "$1"; then
        echo "skip $test - the test needs /proc" >>"results.$1"
        continue
      fi ;;
    esac
    in_profile "$1" "$(program_of "$test")" >"tap.$1" 2>"err.$1"
    rc=$?
    awk -v test="$test" '
      /^ok .* # SKIP / { reason = $0; sub(/.* # SKIP /, "", reason); print "skip", test, $4, reason; next }
      /^1\.\.0 # SKIP / { reason = $0; sub(/.* # SKIP /, "", reason); print "skip", test, "-", reason; next }
      /^ok / { print "ok", test, $4; next }
      /^not ok / { print "not", test, $5 }' "tap.$1" >>"results.$1"
    if test $rc != 0 || ! grep -q '^1\.\.' "tap.$1"; then
      status=1
      echo "$test ends with status $rc:"
      grep -v '^ok ' "tap.$1"
      tail -n 5 "err.$1"
    fi
  done
  return $status
}

# without PROFILE: in which ways the library goes that it does not go elsewhere.
without() {
  in_profile "$1" "$scratch/without" >"without.$1" 2>&1 || { cat "without.$1"; return 1; }
  ! grep '^[A-Z][A-Z]' "without.$1"
}

ok the_launcher_is_built build
test -x sandbox || {
  done_testing
  exit
}
if test -f "$static_lib"; then
  ok the_library_says_what_it_does build_without
fi
test ! -x without || ./without >without.none

chosen=${SANDBOXES_ONLY:-$(sed -n 's/^profile \([^ ]*\).*/\1/p' "$profiles")}
programs=${SANDBOXES_TESTS:-}
if test "${SANDBOXES:-}" != all; then
  chosen=${SANDBOXES_ONLY:-clone3-EPERM docker docker-2019 gvisor everything}
  programs=${SANDBOXES_TESTS:-tests/classic/memory tests/classic/symbols tests/go/face
    tests/kit/bounds tests/kit/context-unwind tests/kit/depth tests/kit/hooks tests/kit/init
    tests/kit/libunwind tests/kit/lookups tests/kit/mailbox tests/kit/world}
fi
present=
for test in ${programs:-$TEST_PROGRAMS}; do
  test ! -x "$builddir/$test" || present="$present $test"
done
programs=$present

# The launcher ends with 77 if a profile cannot be had here.
running=
# Each has one child at most, timeout(1), which ends what it runs.
stop() {
  for pid in $running; do
    kill "$pid" 2>/dev/null
    pkill -TERM -P "$pid"
  done
  exit 1
}
trap stop HUP INT TERM
for profile in $chosen; do
  # shellcheck disable=SC2086 # numbers
  set -- $running
  test $# -lt 6 || {
    wait
    running=
  }
  in_profile "$profile" true >"why.$profile" 2>&1
  echo $? >"had.$profile"
  test "$(cat "had.$profile")" = 0 || continue
  (
    run_tests "$profile" >"log.$profile" 2>&1
    echo $? >"status.$profile"
  ) &
  running="$running $!"
done
wait

# told FILE STATUS: what a run has said, and how it ended.
told() {
  cat "$1"
  return "$2"
}
: >table
for profile in $chosen; do
  name=$(echo "$profile" | tr .- __)
  case $(cat "had.$profile") in
  0) ;;
  77)
    skip "the_suite_holds_under_$name" "$(cat "why.$profile")"
    continue ;;
  *)
    ok "the_suite_holds_under_$name" told "why.$profile" 1
    continue ;;
  esac
  ok "the_suite_holds_under_$name" told "log.$profile" "$(cat "status.$profile")"
  sed -n "s/^skip \([^ ]*\) \([^ ]*\) /#   skipped under $profile: \1: \2: /p" "results.$profile"
  : >ways
  if test -x without; then
    ok "stacks_are_found_under_$name" without "$profile"
    grep -vxFf without.none "without.$profile" | paste -s -d ';' | sed 's/;/; /g' >ways
  fi
  awk -v profile="$profile" -v text="$(text_of "$profile")" -v ways="$(cat ways)" '
    { n[$1]++ }
    END { printf "| `%s` | %s | %d | %d | %d | %s |\n", profile, text, n["ok"], n["skip"], n["not"], ways }' "results.$profile" >>table
done
if test "${SANDBOXES:-}" = all; then
  {
    test -z "${SANDBOXES_TESTS:-}" || printf 'With these programs only:%s.\n\n' "$programs"
    echo "| profile | what it is | passed | skipped | failed | what the library does there |"
    echo "|---|---|---:|---:|---:|---|"
    cat table
  } >"$builddir/sandboxes.table"
fi
done_testing
