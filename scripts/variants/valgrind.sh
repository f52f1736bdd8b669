#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# memcheck and helgrind on the tests of threads and crossings.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs valgrind liblua5.4-dev

# CK_FORK=no: the test itself runs under valgrind, not a child of it.
under_valgrind() { # TOOL TEST [OPTION]
  leaks=
  test "$1" = helgrind || leaks='--leak-check=full --errors-for-leak-kinds=definite'
  # shellcheck disable=SC2086
  env CK_FORK=no ./libtool --mode=execute timeout -k 1 300 valgrind --tool="$1" \
    -q --error-exitcode=9 --fair-sched=try $leaks ${3:-} \
    --suppressions="$top/tests/support/valgrind.supp" "tests/$2"
}

# a_case TOOL TEST CASE
a_case() {
  CK_RUN_CASE=$3
  export CK_RUN_CASE
  step "$1: $3" under_valgrind "$1" "$2" || true
  unset CK_RUN_CASE
}

build valgrind || exit 0
programs
for test in attributes crossing handle init libunwind memory own-crosscall2 runtime \
  stack thread tls unload unwind unwind-stacks; do
  step "memcheck: $test" under_valgrind memcheck $test || true
done
# Not those without locks: helgrind takes atomic accesses for races. The
# thread sanitizer, which knows them, has these.
for test in attributes crossing libunwind memory own-crosscall2 stack tls unload unwind \
  unwind-stacks; do
  step "helgrind: $test" under_valgrind helgrind $test || true
done
# Those of the kit that need no order but that of its locks.
for case in the_first_callback_attaches_the_thread \
  a_thread_detaches_by_itself_when_it_returns \
  a_thread_belongs_to_two_runtimes_at_once \
  destructors_call_back_in_every_round_of_an_attached_thread; do
  a_case helgrind runtime $case
done
for case in fn_gets_the_record_and_the_argument \
  a_thread_leaves_at_pthread_exit \
  a_thread_has_the_signal_stack_of_the_runtime_with_a_guard; do
  a_case helgrind thread $case
done
# A stack that is near another must not be taken for a large frame of it.
for tool in memcheck helgrind; do
  step "$tool: lua" under_valgrind $tool lua --max-stackframe=65536 || true
done
# What a thread start allocates is freed. Only the cases with few threads.
for case in a_thread_finds_its_g_and_m sys_thread_start_takes_over_its_argument \
  defect_05_stackguard_is_above_the_guard_pages \
  no_signal_arrives_after_fn_has_returned; do
  a_case memcheck threads $case
  a_case helgrind threads $case
done
# Helgrind: the cases with one thread at a time.
LIBCGO_TEST_CALLBACKS=2000 top_builddir=$PWD
export LIBCGO_TEST_CALLBACKS top_builddir
step 'memcheck: two-runtimes' under_valgrind memcheck two-runtimes || true
for case in two_runtimes_call_each_other_on_the_initial_thread \
  two_runtimes_call_each_other_on_a_foreign_thread; do
  a_case helgrind two-runtimes $case
done
unset LIBCGO_TEST_CALLBACKS top_builddir
# Its small stacks are 20 KiB apart: larger steps change the stack. What C's
# own threads have at the end is theirs: no names to look up, no freeres.
step 'valgrind: make install' make install V=0 DESTDIR="$PWD/root" || exit 0
treesum 'memcheck: treesum agrees with cksum' NAME=127.0.0.1 RUN="valgrind -q \
  --error-exitcode=9 --fair-sched=try --leak-check=full \
  --errors-for-leak-kinds=definite --max-stackframe=16000 --run-libc-freeres=no"
