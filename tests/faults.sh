#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/faults.sh DIRECTORY
#
# FAULTS, a regular expression, chooses among the lines "TEST NAME" below.
#
# Puts each defect of the original back into a copy of the sources, one at a
# time, and sees the test that is named after it fail. A test that passes with
# the defect in place proves nothing. That it passes without is what the suite
# shows. Needs a tree with a configure script; the part of another CPU needs its
# cross compiler and emulator.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mkdir -p "$1" && cd "$1" && pwd)
n=0
bad=0

report() { # RESULT NAME
  n=$((n + 1))
  echo "$1 $n - $2"
  test "$1" = ok || bad=$((bad + 1))
}

# copy NAME: of the sources, and a directory to build them in.
copy() {
  rm -rf "${work:?}/$1"
  mkdir -p "$work/$1/source" "$work/$1/build"
  (cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) |
    (cd "$work/$1/source" && tar -xf -)
  source=$work/$1/source
  cd "$work/$1/build"
}

# darwin_tree CPU: the same as tree, for Darwin.
darwin_tree() {
  copy "darwin-$1"
  darwin_configure "$source" "$1" >configure.log 2>&1 || {
    tail -n 20 configure.log
    exit 1
  }
}

# tree NAME CONFIGURE-ARGUMENTS...: a copy of the sources, configured and built.
tree() {
  copy "$1"
  shift
  "$source/configure" CFLAGS=-O1 CXXFLAGS=-O1 "$@" >configure.log 2>&1 || {
    tail -n 20 configure.log
    exit 1
  }
  make V=0 -j2 >make.log 2>&1 || {
    tail -n 20 make.log
    exit 1
  }
  # The programs, once; a fault then builds again what it touches.
  make V=0 -j2 check TESTS= >make-tests.log 2>&1
}

# cross NAME TRIPLET EMULATOR: the same for another CPU, if its tools are here.
cross() {
  if ! command -v "$2-g++" >/dev/null 2>&1 || ! command -v "$3" >/dev/null 2>&1; then
    echo "# the part of $1 needs $2-g++ and $3"
    return 1
  fi
  tree "$1" --host="$2" --without-check
  emu="./libtool --mode=execute $3 -L /usr/$2 -E LD_LIBRARY_PATH=$PWD/.libs:$PWD/tests/.libs:/usr/$2/lib"
}

# zig NAME TARGET EMULATOR FLAG...: the same with the compiler Zig and its static C
# library.
zig() {
  name=$1 target=$2 emulator=$3
  shift 3
  if ! command -v "$emulator" >/dev/null 2>&1 ||
    ! "$top/scripts/zig-cc.sh" "$work/zig" "$target" "$@" >zig.log 2>&1; then
    echo "# the part of $name needs Zig (see scripts/zig-cc.sh) and $emulator"
    return 1
  fi
  tree "$name" --host="$target" --without-check --disable-shared \
    CC="$work/zig/$target-cc" CXX="$work/zig/$target-c++" \
    AR="$work/zig/$target-ar" RANLIB="$work/zig/$target-ranlib"
  emu="./libtool --mode=execute $emulator"
}

# runs TEST NAME: whether the test program or script TEST reports NAME as ok.
runs() {
  rm -f "$1.log" "$1.trs"
  if test "$1" = check-emulated; then
    darwin_emulated EMULATED_CASE="$2" >"$1.log" 2>run.log || true
  elif test -f "$source/$1.sh"; then
    make V=0 -j2 check TESTS="$1.sh" TEST_EMU="$emu" >run.log 2>&1 || true
  else
    CK_RUN_CASE=$2 make V=0 -j2 check TESTS="$1" TEST_EMU="$emu" >run.log 2>&1 || true
  fi
  test -f "$1.log" && grep -q "^ok [0-9]* - $2\$" "$1.log"
}

fails() {
  grep -q "^not ok [0-9]* - $2\$" "$1.log"
}

# fault TEST NAME FILE SED-EXPRESSION [FILE SED-EXPRESSION]
fault() {
  test=$1 name=$2
  echo "$test $name" | grep -qE "${FAULTS:-.}" || return 0
  shift 2
  label="$name fails with $*"
  rm -rf saved
  mkdir saved
  while test $# -gt 0; do
    mkdir -p "saved/$(dirname "$1")"
    cp -p "$source/$1" "saved/$1"
    sed "$2" "saved/$1" >"$source/$1"
    if cmp -s "saved/$1" "$source/$1"; then
      report 'not ok' "$label (the expression changes nothing)"
      return
    fi
    shift 2
  done
  if runs "$test" "$name"; then
    report 'not ok' "$label"
  elif test -f "$test.log" && fails "$test" "$name"; then
    report ok "$label"
  else
    report 'not ok' "$label (it did not run)"
    sed 's/^/# /' run.log | tail -n 20
  fi
  (cd saved && find . -type f) | while read -r f; do
    cp "saved/$f" "$source/$f" # a new time stamp: make builds it again
  done
}

# unbuildable TARGET NAME FILE SED-EXPRESSION
unbuildable() {
  cp -p "$source/$3" saved-file
  sed "$4" saved-file >"$source/$3"
  rm -f "$1"
  if make V=0 "$1" >run.log 2>&1; then
    report 'not ok' "$2 cannot be built with $3 $4"
  else
    report ok "$2 cannot be built with $3 $4"
  fi
  cp saved-file "$source/$3"
}

LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_FACTS=no
export LIBCGO_TEST_THREADS LIBCGO_TEST_FACTS

emu=
tree amd64
fault tests/crossing defect_01_crosscall_aligns_the_stack_for_fn \
  src/arch/amd64.S '/\/\* alignment/d; s/DROP	8/DROP	0/; s/DROP	24/DROP	16/'
fault tests/crossing defect_01_crosscall2_aligns_the_stack_for_fn \
  src/arch/amd64.S '/\/\* alignment/d; s/DROP	8/DROP	0/; s/DROP	24/DROP	16/'
fault tests/crossing defect_02_crosscall2_passes_arguments_in_registers \
  src/arch/amd64.S 's/^	call	\*%rax/	xorl %edi, %edi; xorl %esi, %esi; call *%rax/'
fault tests/crossing crosscall2_keeps_every_callee_saved_register \
  src/arch/amd64.S 's/RESTORE	r13/DROP	8/'
fault tests/init a_half_done_start_is_an_error_in_a_forked_child \
  src/init.cc 's/(cgo::os::process_id())/(7)/'
fault tests/init waiting_blocks_until_there_is_a_claim \
  src/init.cc 's/state != untouched && state != claimed/state != claimed/'
fault tests/limits defect_03_pids_max_is_named_with_its_value \
  src/classic.cc 's/  if (err != 0)$/  if (false \&\& err != 0)/'
fault tests/limits defect_03_rlimit_as_is_named \
  src/classic.cc 's/  if (err != 0)$/  if (false \&\& err != 0)/'
fault tests/retry eagain_is_retried_until_there_is_a_thread \
  src/start.cc 's/== EAGAIN && os::now_ms/== EAGAIN \&\& false \&\& os::now_ms/'
fault tests/retry a_creator_that_is_cancelled_does_not_lose_the_thread \
  src/start.cc '/cancellation_disabled disabled;/d'
fault tests/threads defect_04_finished_threads_give_their_stacks_back \
  src/os/posix.cc 's/PTHREAD_CREATE_DETACHED/PTHREAD_CREATE_JOINABLE/'
fault tests/threads defect_05_stackguard_is_above_the_guard_pages \
  src/os/linux.cc 's/bounds->lo = reinterpret_cast<.*/bounds->lo = here - default_stack_size();/'
fault tests/tls defect_05_bounds_are_true_with_a_mebibyte_of_tls \
  src/os/linux.cc 's/bounds->lo = reinterpret_cast<.*/bounds->lo = here - default_stack_size();/'
fault tests/threads defect_06_no_signal_arrives_before_g_is_set \
  src/os/posix.cc 's/SIG_SETMASK, &all, set_of/SIG_SETMASK, nullptr, set_of/'
fault tests/darwin-keys defect_07_a_positive_error_of_key_create_is_an_error \
  src/os/darwin-classic.cc 's/if (end->create_error != 0)/if (end->create_error < 0)/'
fault tests/darwin-keys defect_08_the_slot_of_m_is_tested_too \
  src/os/darwin-classic.cc 's/lands_at(pair.m, place.m, m_pattern)/lands_at(pair.g, place.g, m_pattern)/'
for keys in darwin-keys darwin-segment; do
  fault tests/$keys the_value_of_a_key_that_others_have_at_the_place_is_left_alone \
    src/os/darwin-classic.cc 's/^  bool found = libcgo_slot_load(place.base, offset) == pattern;/  libcgo_slot_store(place.base, offset, pattern);\n  bool found = true;/'
  fault tests/$keys no_other_word_of_the_segment_is_changed \
    src/os/darwin-classic.cc 's/  pthread_setspecific(key, nullptr);/  pthread_setspecific(key, \&place);/'
  fault tests/$keys want_of_keys_in_the_search_is_named \
    src/os/darwin-classic.cc 's/m.text(": pthread_key_create: ")/m.text(": ")/'
done
fault tests/darwin-segment the_new_array_is_searched_by_place \
  src/arch/amd64.S 's/^1:	movq	%rdx, %gs:(%rsi)/1:	movq	%rdx, %gs:8(%rsi)/'
unbuildable tests/threads-threads.o \
  defect_09_initcgo_is_declared_as_a_function_pointer \
  include/libcgo/classic.h 's/void (\*const initcgo)(void)/void *initcgo/'
if command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1; then
  fault tests/prefix defect_12_the_probe_finds_none_for_x86_64-w64-mingw32 \
    m4/symbol-prefix.m4 's/\[libcgo_probe\], \[\(.*\)=none\]/[libcgo_probe], [AS_CASE([$host_alias], [*mingw*], [\1=_], [\1=none])]/'
fi
fault tests/elf defect_13_every_member_has_a_stack_note \
  src/asm.h '/\.section \.note\.GNU-stack/d'
fault tests/elf defect_13_every_member_keeps_cet_on \
  src/asm.h 's/PROPERTY_BITS 3/PROPERTY_BITS 1/'
fault tests/elf defect_13_the_shared_object_keeps_cet_on \
  src/asm.h 's/PROPERTY_BITS 3/PROPERTY_BITS 1/'
fault tests/unwind defect_13_an_exception_passes_crosscall \
  src/asm.h '/\.cfi_startproc/d; /\.cfi_endproc/d' \
  src/arch/amd64.S '/\.cfi_/d'
fault tests/unwind defect_13_an_exception_passes_crosscall2 \
  src/arch/amd64.S 's/\.cfi_adjust_cfa_offset 8/.cfi_adjust_cfa_offset 0/'
fault tests/unwind an_exception_restores_registers_that_fn_changed \
  src/arch/amd64.S '/\.cfi_rel_offset/d'
fault tests/stepping crosscall2_can_be_unwound_at_every_instruction \
  src/arch/amd64.S '/\.cfi_adjust_cfa_offset -8/d'
fault tests/symbols defect_14_a_store_to_initcgo_faults \
  include/libcgo/classic.h 's/(\*const /(*/' src/classic.cc 's/(\*const /(*/'
fault tests/symbols-static defect_14_a_store_to_libcgo_thread_start_faults \
  include/libcgo/classic.h 's/(\*const /(*/' src/classic.cc 's/(\*const /(*/'
fault tests/slots defect_15_an_executable_with_other_variables_is_refused \
  src/os/linux-classic.cc 's/  if (announced && pair == place.g)/  if (true)/'
unbuildable tests/memory \
  defect_16_two_units_that_include_the_header_link \
  include/libcgo/slots.h 's/^LIBCGO_API void libcgo_slots_reserved(void \*pair);/&\nvoid (*defined)(void);/'
fault tests/elf defect_16_xinitcgo_is_not_exported \
  src/libcgo.map 's/^	initcgo;/&\n	xinitcgo;/' \
  src/version.cc 's/^extern "C" int/extern "C" { extern LIBCGO_API int xinitcgo; int xinitcgo; }\n&/'
fault tests/attributes defect_16_thread_attributes_are_destroyed \
  src/os/posix.cc 's/      pthread_attr_destroy(&attr_);/      (void)attr_;/'
fault tests/object-slots a_pair_in_a_shared_object_is_refused_with_ENOTSUP \
  src/os/linux.cc 's/return tls.exists \&\& address - tls.address < tls.size;/return true;/'
fault tests/defined-slots a_second_runtime_gets_EBUSY \
  src/slots.cc 's/      owner != self)/      false)/'
fault tests/defined-slots the_offset_leads_to_the_pair_in_the_initial_thread \
  src/os/posix.cc 's/pair - libcgo_thread_pointer());/pair - libcgo_thread_pointer() + 8);/'
fault tests/traceback any_frame_pointer_ends_the_walk_without_a_fault \
  src/traceback.cc 's/  w->now.lo = frame + 1;//'
fault tests/traceback a_handler_gets_the_stopped_instruction_and_its_callers \
  src/os/linux.cc 's/context_of_amd64 = {168, 160, 120}/context_of_amd64 = {168, 160, 128}/'
fault tests/traceback a_handler_sees_through_four_switches \
  src/traceback.cc 's/(w->thread != nullptr && find_known_stack/(false \&\& find_known_stack/'
fault tests/traceback the_first_frame_is_the_callers \
  src/traceback.cc 's/pc == u->first/true/'
fault tests/unwinder the_unwinder_is_loaded_when_it_is_asked_for \
  src/runtime.cc 's/^int prepare_runtime(libcgo_runtime \*runtime) {/&\n  os::find_unwinder();/'
fault tests/contract want_of_a_thread_key_is_named_as_the_limit \
  src/thread.cc 's/if (err == EAGAIN \&\& limit != nullptr)$/if (false)/'
fault tests/contract a_signal_stack_that_can_have_no_guard_page_is_enomem \
  src/os/posix.cc 's/if (mprotect(memory, page, PROT_NONE) != 0)/if (mprotect(memory, page, PROT_NONE) == 2)/'
fault tests/contract a_new_thread_without_memory_is_fatal_by_the_hook \
  src/start.cc 's/fatal(start->fatal)/fatal()/'
fault tests/contract a_detach_is_not_cancelled_in_a_hook \
  src/runtime.cc '/a hook may come by such a point/d'
fault tests/man errors_of_pages_are_those_of_the_headers \
  include/libcgo/runtime.h 's/ESRCH /ENOENT/'
fault tests/man every_exported_symbol_has_a_page \
  src/libcgo.map 's/libcgo_version;/& libcgo_of_no_page;/;s/; libcgo_of/;\n\tlibcgo_of/'
fault tests/man the_examples_of_libcgo_attach_3_run \
  man/libcgo_attach.3 's/count != 1000/count != 999/'
fault tests/handle a_lookup_interrupted_anywhere_by_a_reuse_gives_its_object_or_none \
  src/handle.cc 's/  if (__atomic_load_n(&s->word, __ATOMIC_RELAXED) != handle)/  if (false)/'
fault tests/handle a_freed_handle_is_stale_when_its_place_is_used_again \
  src/handle.cc 's/ - origin) + one_use;/ - origin);/'
fault tests/handle a_forged_word_is_not_found \
  src/handle.cc 's/\(__atomic_load_n(&s->word, __ATOMIC_[A-Z]*)\) != handle)/((\1 ^ handle) \& place_mask) != 0)/'
fault tests/handle a_handle_of_another_table_is_refused \
  src/handle.cc 's/return origin & ~place_mask;/return 0;/'
fault tests/handle a_handle_of_a_destroyed_table_is_refused_by_its_successor \
  src/handle.cc 's/ + os::now_ns();/;/'
fault tests/handle a_place_whose_stamps_are_used_up_is_retired \
  src/handle.cc 's/if (retires && uses == 0)/if (false)/'
fault tests/handle a_place_is_used_again_after_32_others_at_the_earliest \
  src/handle.cc 's/&cursor, number + 1, false/\&cursor, first_number, false/'
fault tests/handle of_a_free_and_one_that_interrupts_it_anywhere_one_succeeds \
  src/handle.cc 's/!__atomic_compare_exchange_n(&s->word, &expected, uses, false,/__atomic_load_n(\&s->word, 0) != expected || (__atomic_store_n(\&s->word, uses, 3), false) || (false \&\&/'
fault tests/handle destroy_gives_the_memory_back \
  src/handle.cc 's/      os::unmap(slots, bytes_of(i));/      (void)slots;/'
fault tests/handle a_table_with_all_places_in_use_says_EAGAIN \
  src/handle.cc 's/return EAGAIN;/return ENOMEM;/'
fault tests/handle without_memory_new_says_ENOMEM_and_the_table_works_on \
  src/os/posix.cc 's/  errno = caller_errno;//'
fault tests/handle a_lookup_makes_no_system_call \
  src/handle.cc 's/  const slot \*s = slot_of(table, handle);/  os::unmap(nullptr, 0);\n&/'
fault tests/handle a_lookup_among_a_million_takes_the_instructions_of_one_among_a_thousand \
  src/handle.cc 's/  const slot \*s = slot_of(table, handle);/  for (uintptr_t i = 0; i < table->segment_count; i++)\n    __asm__ volatile("");\n&/'
# A lock, which new holds.
new_locks='s/  const int err = take_room(table);/  static int lock;\n  while (__atomic_exchange_n(\&lock, 1, 2) != 0)\n    continue;\n&/; s/  \*handle = word;/  __atomic_store_n(\&lock, 0, 3);\n&/'
fault tests/handle a_child_forked_anywhere_in_new_can_use_the_table \
  src/handle.cc "$new_locks"
fault tests/handle a_signal_handler_may_use_the_table_anywhere_in_new \
  src/handle.cc "$new_locks"
fault tests/elf handles_take_no_lock_and_no_heap \
  src/handle.cc 's/os::map_zeroed(bytes)/calloc(1, bytes)/; s/^#include <errno.h>/&\n#include <stdlib.h>/'
# Calls between stacks: the routines, their frame descriptions, the record.
fault tests/stack call_on_system_enters_fn_as_the_c_abi_says \
  src/arch/amd64.S 's/^	movq	THREAD_SYSTEM_SP(%rdi), %rsp/&\n	subq	$8, %rsp/'
fault tests/stack call_on_stack_enters_fn_as_the_c_abi_says \
  src/stack.cc 's/  return lowest & ~uintptr_t(15);/  return lowest;/'
fault tests/stack call_on_stack_keeps_every_callee_saved_register \
  src/arch/amd64.S '/^	movq	-8(%rbp), %rbx/d'
fault tests/unwind-stacks registers_are_right_after_an_exception_passed_call_on_stack \
  src/arch/amd64.S '/\.cfi_offset %rbx, -24/d'
fault tests/unwind-stacks registers_are_right_after_an_exception_passed_call_on_system \
  src/arch/amd64.S '/^FUNC SYM(libcgo_call_on_system)/,/^END/{/\.cfi_def_cfa_register/d}'
fault tests/unwind-stacks a_backtrace_sees_four_switches_from_a_foreign_thread \
  src/arch/amd64.S '/^FUNC SYM(libcgo_call_on_s/,/^END/{/\.cfi_def_cfa_register/d}'
fault tests/unwind-stacks frame_pointers_lead_through_four_switches_from_a_started_thread \
  src/arch/amd64.S '/^FUNC SYM(libcgo_call_on_system)/,/^END/s/^1:	movq	%rdx, %rdi/&\n	pushq	$0\n	pushq	%rbp\n	xorl	%ebp, %ebp/; /^FUNC SYM(libcgo_call_on_system)/,/^END/s/^	call	\*%rsi/&\n	popq	%rbp/'
fault tests/stepping call_on_system_can_be_unwound_at_every_instruction \
  src/arch/amd64.S '/^FUNC SYM(libcgo_call_on_system)/,/^END/{/\.cfi_def_cfa %rsp, 8/d}'
fault tests/stepping call_on_system_from_the_system_stack_can_be_unwound_at_every_instruction \
  src/arch/amd64.S '/\.cfi_def_cfa %rbp, 16/d'
fault tests/stepping call_on_stack_can_be_unwound_at_every_instruction \
  src/arch/amd64.S '/^FUNC SYM(libcgo_call_on_stack)/,/^END/{/\.cfi_def_cfa %rsp, 8/d}'
if command -v gdb >/dev/null 2>&1; then
  fault tests/gdb gdb_shows_four_switches_from_a_foreign_thread \
    src/arch/amd64.S 's/__morestack/other_stack/g'
  fault tests/gdb gdb_shows_four_switches_of_a_stripped_library \
    scripts/mini-debuginfo.sh 's/ --keep-symbol=__morestack//'
fi
fault tests/stack a_callback_goes_on_below_its_caller_on_the_same_small_stack \
  src/stack.cc 's/} else if (within(thread->caller_sp, stack->lo, stack->hi)) {/} else if (false) {/'
fault tests/stack a_small_stack_that_called_another_goes_on_below_that_call \
  src/stack.cc '/^  thread->caller_sp = call->caller_sp;/d'
fault tests/stack a_stack_of_LIBCGO_STACK_MIN_bytes_can_call_another \
  src/stack.cc 's/^\[\[noreturn, gnu::cold, gnu::noinline\]\]/[[noreturn, gnu::always_inline]] inline/'
fault tests/stack a_call_on_a_small_stack_that_returns_out_of_turn_is_fatal \
  src/stack.cc 's/  if (call->system_sp == not_in_use)/  if (false)/'
fault tests/stack after_a_longjmp_out_of_four_switches_positions_are_right \
  src/stack.cc 's/            ? sp >= c->system_sp/            ? false/'
fault tests/unwind-stacks after_an_exception_through_four_switches_positions_are_right \
  src/stack.cc 's/            ? sp >= c->system_sp/            ? false/'
fault tests/stack after_a_longjmp_to_a_small_stack_c_runs_on_the_system_stack \
  src/stack.cc 's/    if (sp >= c->caller_sp && c->system_sp != not_in_use)/    if (false)/'
fault tests/stack a_longjmp_from_a_task_that_came_back_leaves_positions_right \
  src/stack.cc 's/ ? caller_sp : stack->hi;/ ? stack->hi : stack->hi;/'
fault tests/stack jumps_out_of_calls_from_a_fiber_take_no_memory \
  src/stack.cc 's/            : (sp & ~uintptr_t(15)) == c->system_sp)/            : false)/'
fault tests/stack a_handler_on_a_signal_stack_may_call_at_any_instruction \
  src/stack.cc 's/^    c->system_sp = not_in_use;/    thread->top = reinterpret_cast<uintptr_t>(c->prev);\n&/'
fault tests/stack a_handler_may_call_anywhere_between_two_small_stacks \
  src/stack.cc 's/    return between;/    return {};/'
fault tests/stack a_handler_may_call_anywhere_in_a_handler_that_calls_anywhere \
  src/stack.cc 's/  while (call->system_sp == not_in_use);/  while (false);/'
fault tests/stack the_initial_thread_s_bounds_follow_RLIMIT_STACK \
  src/os/linux.cc 's/    if (lowest < by_limit)/    if (false)/'
fault tests/tls a_foreign_thread_s_bounds_are_true_with_a_mebibyte_of_tls \
  src/os/linux.cc 's/  bounds->hi = own.hi;/  bounds->hi = lo + size;/'

# Runtimes and their threads.
fault tests/runtime a_thread_whose_first_callback_is_in_the_third_round_leaves \
  src/runtime.cc 's/(thread->state & thread_foreign) == 0 && rounds/rounds/'
fault tests/runtime destructors_call_back_in_every_round_of_an_attached_thread \
  src/runtime.cc 's/  os::set_key(key, mark_of_the_end(key));//'
fault tests/runtime a_failed_attach_does_not_hide_that_the_thread_has_left \
  src/runtime.cc 's/      if (!ending)$//'
fault tests/runtime attach_says_EAGAIN_when_the_process_has_no_thread_key_left \
  src/runtime.cc 's/    if (err != 0)$/    if (false)/'
fault tests/runtime hooks_run_with_all_signals_blocked \
  src/runtime.cc 's/  os::signals_blocked blocked;//'
fault tests/runtime attach_callback_and_detach_are_no_cancellation_points \
  src/runtime.cc 's/os::cancellation_disabled disabled; \/\/ gone before fn runs/os::sleep_ms(1);/'
fault tests/runtime a_callback_of_an_attached_thread_makes_no_system_call \
  src/runtime.cc 's/      LIBCGO_PROBE(callback, runtime, thread);/      cgo::os::process_id();/'
fault tests/runtime a_callback_waits_for_a_start_up_that_is_under_way \
  src/init.cc 's/return wait(init, EPERM);/return init->state == untouched ? EPERM : 0;/'
fault tests/runtime detach_says_EBUSY_inside_a_call_on_a_small_stack \
  src/runtime.cc 's/    return EBUSY;/    errno = 0;/'
fault tests/runtime a_thread_s_own_signal_stack_is_kept \
  src/runtime.cc 's/ && !os::has_signal_stack(&own)//'
fault tests/runtime below_a_signal_stack_is_a_page_that_faults \
  src/os/posix.cc 's/mprotect(memory, page, PROT_NONE) != 0/false/'
fault tests/runtime a_signal_stack_that_the_thread_installs_later_is_kept \
  src/os/posix.cc 's/ || now.lo != stack.lo)/)/'
fault tests/runtime a_runtime_that_has_ended_may_be_freed_and_gives_its_key_back \
  src/runtime.cc 's/^    os::delete_key(key);$//'
fault tests/runtime two_runtimes_may_share_their_hooks \
  src/runtime.cc 's/ops->current(runtime)/ops->current(nullptr)/'
fault tests/unload an_object_with_an_attached_thread_stays_mapped \
  src/os/objects.cc 's/program.contains || /true || &/'
fault tests/thread the_record_may_be_freed_in_leave \
  src/runtime.cc 's/^    ops->release(thread);/&\n  thread->runtime->key += thread->state;/'
fault tests/thread hooks_run_with_all_signals_blocked \
  src/start.cc 's/  if (!start->enter(start,$/  os::set_signal_mask(start->mask);\n&/'
fault tests/thread signals_are_blocked_for_destructors_after_pthread_exit \
  src/runtime.cc 's/^  os::block_all_signals();//'
fault tests/thread the_creator_keeps_its_signal_mask \
  src/os/posix.cc 's/  pthread_sigmask(SIG_SETMASK, set_of(&previous_), nullptr);//'
fault tests/thread a_thread_that_is_refused_its_cpus_leaves_nothing \
  src/thread.cc 's/  if (err != 0 && signal_stack.lo != 0)/  if (false)/'
fault tests/thread a_thread_that_is_refused_leaves_no_memory \
  src/thread.cc 's/^    free(start);$//'
fault tests/thread a_signal_stack_is_given_back_when_the_thread_ends \
  src/runtime.cc 's/    os::unmap_stack(signal_stack);//'
fault tests/thread the_attributes_are_the_caller_s_again_when_the_call_returns \
  src/thread.cc 's/    os::set_thread_name(start->name);/    os::set_thread_name("other");/'
fault tests/retry create_is_no_cancellation_point \
  src/thread.cc 's/    os::cancellation_disabled disabled;//' \
  src/start.cc 's/  os::cancellation_disabled disabled;//'
fault tests/limits create_reports_the_memory_that_a_large_stack_needs \
  src/thread.cc 's/report(os::find_thread_limit(attr->stack_size), limit)/report(os::find_thread_limit(0), limit)/'
fault tests/growth an_old_client_works_with_larger_records \
  src/stack.cc 's/size < first_stack/size < sizeof(libcgo_stack)/'
fault tests/two-runtimes two_runtimes_call_each_other_on_a_foreign_thread \
  src/stack.cc 's/^  uintptr_t lowest = stack->hi;/&\n  return lowest \& ~uintptr_t(15);/'
fault tests/two-runtimes a_million_callbacks_of_threads_that_come_and_go_leave_nothing_behind \
  src/runtime.cc 's/^  stack_bounds signal_stack = {};/&\n  *static_cast<int *>(os::map_zeroed(4096)) = 1;/'
fault tests/hot-paths a_callback_on_an_attached_thread_makes_no_call_and_takes_no_lock \
  src/runtime.cc 's/^      LIBCGO_PROBE(callback, runtime, thread);/      cgo::os::get_key(cgo::load_key(runtime));/'
fault tests/hot-paths a_call_on_a_small_stack_makes_no_call_and_takes_no_lock \
  src/stack.cc 's/^  const uintptr_t start = start_on/  os::process_id();\n&/'

# The other CPUs, each by what it says itself.
grep -v '^#' "$top/scripts/ports" >"$work/ports"
while read -r name cpu triplet emulator _ <&3; do
  if cross "$name" "$triplet" "$emulator"; then
    # shellcheck disable=SC1090
    . "$top/tests/arch/$cpu.faults"
  fi
done 3<"$work/ports"
# The CPUs that have no compiler there.
grep -v '^#' "$top/scripts/zig-ports" >"$work/zig-ports"
while read -r name cpu target emulator flags <&3; do
  test "$cpu" != amd64 || continue
  ! awk '{ print $2 }' "$work/ports" | grep -qx "$cpu" || continue
  # shellcheck disable=SC2086
  if zig "$name" "$target" "$emulator" $flags; then
    # shellcheck disable=SC1090
    . "$top/tests/arch/$cpu.faults"
  fi
done 3<"$work/zig-ports"

# Darwin, executed on an emulated CPU.
# shellcheck source=scripts/darwin.sh
. "$top/scripts/darwin.sh"
if darwin_tools; then
  for cpu in amd64 arm64 386; do
    darwin_tree "$cpu"
    # shellcheck source=tests/emulated/darwin.faults
    . "$top/tests/emulated/darwin.faults"
  done
else
  echo '# the part of Darwin needs the Python packages ziglang, unicorn and lief'
fi

# Windows: WINEPREFIX and what goes with it are as scripts/check.sh has them.
if command -v x86_64-w64-mingw32-g++ >/dev/null 2>&1 && command -v wine >/dev/null 2>&1; then
  tree windows --host=x86_64-w64-mingw32 --without-check
  emu=$top/tests/windows/run.sh
  # shellcheck source=tests/arch/amd64-ms.faults
  . "$top/tests/arch/amd64-ms.faults"
else
  echo '# the part of Windows needs x86_64-w64-mingw32-g++ and wine'
fi

echo "1..$n"
test $bad = 0
