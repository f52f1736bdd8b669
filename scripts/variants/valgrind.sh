#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# valgrind: memcheck and helgrind on the tests of threads and crossings
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs valgrind liblua5.4-dev

memcheck='--tool=memcheck --leak-check=full --errors-for-leak-kinds=definite'
helgrind=--tool=helgrind
# under TOOL TEST [CASE]: the options of the tool are a variable of its name. CK_FORK=no:
# the test itself runs under valgrind, not a child of it.
under() {
  eval "options=\$$1"
  # shellcheck disable=SC2086,SC2154
  step "$1: $2${3:+, $3}" env CK_FORK=no ${3:+CK_RUN_CASE=$3} \
    ./libtool --mode=execute timeout -k 1 300 valgrind $options -q --error-exitcode=9 \
    --fair-sched=try --suppressions="$top/tests/support/valgrind.supp" "tests/$2" || true
}

build valgrind || exit 0
programs
# Helgrind not on those without locks: it takes atomic accesses for races. The thread
# sanitizer, which knows them, has these.
for test in classic/attributes classic/memory classic/own-crosscall2 classic/tls kit/libunwind \
  kit/stack kit/unload kit/unwind-stacks ports/crossing ports/unwind; do
  under memcheck $test
  under helgrind $test
done
for test in handle init runtime thread; do
  under memcheck kit/$test
done
# Those of the kit that need no order but that of its locks.
for case in the_first_callback_attaches_the_thread a_thread_detaches_by_itself_when_it_returns \
  a_thread_belongs_to_two_runtimes_at_once \
  destructors_call_back_in_every_round_of_an_attached_thread; do
  under helgrind kit/runtime $case
done
for case in fn_gets_the_record_and_the_argument a_thread_leaves_at_pthread_exit \
  a_thread_has_the_signal_stack_of_the_runtime_with_a_guard; do
  under helgrind kit/thread $case
done
# What a thread start allocates is freed. Only the cases with few threads.
for case in a_thread_finds_its_g_and_m sys_thread_start_takes_over_its_argument \
  defect_05_stackguard_is_above_the_guard_pages no_signal_arrives_after_fn_has_returned; do
  under memcheck classic/threads $case
  under helgrind classic/threads $case
done
# Helgrind: the cases with one thread at a time.
LIBCGO_TEST_CALLBACKS=2000 top_builddir=$PWD
export LIBCGO_TEST_CALLBACKS top_builddir
under memcheck kit/two-runtimes
for case in two_runtimes_call_each_other_on_the_initial_thread \
  two_runtimes_call_each_other_on_a_foreign_thread; do
  under helgrind kit/two-runtimes $case
done
unset LIBCGO_TEST_CALLBACKS top_builddir
# A stack that is near another must not be taken for a large frame of it.
memcheck="$memcheck --max-stackframe=65536" helgrind="$helgrind --max-stackframe=65536"
under memcheck kit/lua
under helgrind kit/lua
# Its small stacks are 20 KiB apart: larger steps change the stack. What C's
# own threads have at the end is theirs: no names to look up, no freeres.
step 'valgrind: make install' make install V=0 DESTDIR="$PWD/root" || exit 0
treesum 'memcheck' NAME=127.0.0.1 RUN="valgrind -q \
  --error-exitcode=9 --fair-sched=try --leak-check=full \
  --errors-for-leak-kinds=definite --max-stackframe=16000 --run-libc-freeres=no"
