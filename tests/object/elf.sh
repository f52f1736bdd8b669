#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# What the finished files say of themselves.
. "$(dirname "$0")/../support/tap.sh"

so=$builddir/.libs/libcgo.so
ar=$builddir/.libs/libcgo.a
map=$srcdir/src/libcgo.map

exported() {
  $NM -D --defined-only $so | sed -n 's/^[^ ]* [A-Z] \([^@]*\)@@.*/\1/p' |
    grep -v '^LIBCGO_' | LC_ALL=C sort
}

# The map lists the classic face of every CPU, and first.
mapped() {
  if test "$CLASSIC" = yes; then
    sed "/^	crosscall_.*#/{ /^	crosscall_$CPU;/!d; }" $map
  else
    sed '/; # the classic face/d; /# the classic face/,/# everywhere/d' $map
  fi | sed -n 's/^	"*\([^;"#]*\)"*;.*/\1/p' | grep -v '^\*$' | LC_ALL=C sort
}

same_symbols() {
  exported >exported.txt
  mapped >mapped.txt
  diff mapped.txt exported.txt
}

versioned() {
  # No symbol without a version.
  ! $NM -D --defined-only $so | grep -v '@@LIBCGO_\| A LIBCGO_'
}

# Before 2.34, glibc has threads and the loader's functions in libraries of their own.
parts_of_old_glibc() {
  echo '#include <features.h>
#if !defined __GLIBC__ || __GLIBC__ > 2 || __GLIBC_MINOR__ >= 34
#error one library
#endif' | $CC -E - >/dev/null 2>&1 && ! grep -v '^libpthread\.so\|^libdl\.so' others
}

needed_is_libc_only() {
  $READELF -d $so | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' >needed
  cat needed
  grep -q . needed || return 1
  ! grep -v '^libc\.\|^ld-linux' needed >others || parts_of_old_glibc
}

# shellcheck disable=SC2016
no_cxx_runtime() {
  ! $NM -u $1 | grep -E '__cxa_|__gxx_|_ZS|_Zn|_Zd|_ZT|__libc_single'
}

has_flag() {
  $READELF -dW $so | grep -E '\((FLAGS|FLAGS_1|BIND_NOW)\)' | grep -q "$1"
}

has_relro() {
  $READELF -lW $so | grep GNU_RELRO
}

stack_is_rw() {
  $READELF -lW $1 | grep GNU_STACK | grep -q 'RW ' &&
    ! $READELF -lW $1 | grep GNU_STACK | grep 'RWE'
}

has_stack_notes() {
  echo 'int x;' >note.c && $CC $CFLAGS -c note.c -o note.o &&
    $READELF -S note.o | grep -q '\.note\.GNU-stack'
}

# Every member of the archive: as many notes as members.
members_say() {
  members=$(${AR:-ar} t $ar | wc -l)
  found=$($READELF "$1" -W $ar | grep -c "$2")
  echo "$found of $members members"
  test "$members" -gt 0 && test "$found" -ge "$members"
}

crossings="crosscall2 libcgo_crosscall"
test "$CLASSIC" = no || crossings="$crossings crosscall_$CPU"

has_unwind_tables() {
  # On 32-bit Arm unwinders read another table.
  if test $CPU = arm; then
    $READELF -u $so >exidx
    for f in $crossings; do
      grep "<$f>: " exidx | grep -v cantunwind || return 1
    done
  fi
  $READELF -wf $so | grep -q 'FDE' || return 1
  for f in $crossings; do
    # The value of the symbol begins the range of an entry; where that is a
    # descriptor's, --synthetic has the code's, with a dot.
    at=$($NM -D --synthetic $so | sed -n "s/^0*\([0-9a-f]*\) T $f@@.*/\1/p; s/^0*\([0-9a-f]*\) T \.$f\$/\1/p")
    $READELF -wf $so | grep "pc=0*$at\.\." || return 1
  done
}

soname() {
  $READELF -d $so | grep 'SONAME.*\[libcgo\.so\.0\]'
}

no_text_relocations() {
  ! $READELF -d $so | grep TEXTREL
}

no_tls_of_ours() {
  ! $READELF -lW $so | grep ' TLS ' && ! $NM $ar 2>/dev/null | grep -i ' [Bb] .*tls'
}

each_crosscall_is_a_member() {
  $NM $ar 2>/dev/null | awk '/:$/ { m = $0 } / [TD] (libcgo_)*crosscall/ { print m, $3 }' |
    sort >members
  cat members
  # Each once, and hidden beside them what only the Go face calls.
  test "$(sed 's/ .*//' members | uniq | wc -l)" = $(($(echo $crossings | wc -w) + 1))
}

one_member_of_the_data() {
  $NM $ar 2>/dev/null | awk '/:$/ { m = $0 }
    / [A-TV-Z] (initcgo|libcgo_thread_start|_cgo_malloc|_cgo_free|runtime.*iscgo)$/ { print m }' >members
  cat members
  test "$(wc -l <members)" = 6 && test "$(sort members | uniq | wc -l)" = 1
}

no_xinitcgo() {
  ! exported | grep xinitcgo
}

stack_chk_fail_local() {
  # A member of its own, hidden, in the archive only.
  $READELF -sW $ar | grep 'HIDDEN.*__stack_chk_fail_local' &&
    ! $NM -D $so | grep __stack_chk_fail_local &&
    $NM $ar 2>/dev/null | awk '/:$/ { m = $0 } / [TW] / { n[m]++ }
      / [TW] __stack_chk_fail_local/ { own = m } END { exit n[own] != 1 }'
}

# What handles call beyond what src/core/platform.h has:
handles_may_call='^_ZN3cgo2os|^memset$|^__stack_chk_fail|^_GLOBAL_OFFSET_TABLE_$'
# to count zero bits, where the CPU has no instruction for it;
handles_may_call="$handles_may_call|^__c[lt]zdi2\$"
# on Arm before version 6 atomic accesses; and its unwind tables name routines;
handles_may_call="$handles_may_call|^__sync_|^__aeabi_unwind_cpp_pr[01]\$"
# no symbols, but where the data is: on MIPS, and on Power.
handles_may_call="$handles_may_call|^_gp_disp\$|^\.TOC\.\$"

handles_call_little() {
  $NM -u $ar 2>/dev/null | awk '/:$/ { m = $0 } m ~ /handle/ && NF == 2 { print $2 }' >called
  cat called
  grep -q map_zeroed called && ! grep -vE "$handles_may_call" called
}

# What may be written to, and why:
#   kit/slots.cc: defined; classic/slots.cc: announced,
#   announced_pair, prepared, place - where the executable has defined and
#   reserved its slots, facts about the process;
#   os/linux.cc: no_copy - the system refuses process_vm_readv(2), one, too;
#   identity_page, identities - which process this is, and how many it comes of;
#   os/keys.cc: destructors, child_renews - the keys that a child of fork makes anew;
#   os/linux-fence.cc: fence_found - whether it makes fences in other threads;
#   kit/world.cc: all_worlds, child_is_told - what a child of fork looks through;
#   a constant, key_rounds, that gcc for Alpha puts beside small variables.
writable_data_is_justified() {
  $NM -f sysv $so | awk -F '|' '{ gsub(/ /, "", $1); gsub(/ /, "", $7) }
    $7 ~ /^\.s?(data|bss)$/ && !($7 == ".sdata" && $1 == "_ZN3cgo2os10key_roundsE") {
      sub(/\.lto_priv\.[0-9]*$/, "", $1) # of the optimiser of the whole program
      print $1 }' >writable
  cat writable
  grep -q 7defined writable &&
    ! grep -v 'N_1\(7defined\|9announced\|14announced_pair\|8prepared\|5place\|7no_copy\|13identity_page\|10identities\|11fence_found\|10all_worlds\|13child_is_told\|11destructors\|12child_renews\)E$' writable
}

# The protection of the control flow, as readelf prints it.
case $CPU in
amd64 | 386) protection=cet property='IBT, SHSTK' ;;
arm64) protection=bti property='BTI, PAC' ;;
*) protection= ;;
esac

if test -f $so; then
  ok exported_symbols_equal_the_map same_symbols
  ok every_symbol_has_a_version versioned
  ok the_soname_is_libcgo_so_0 soname
  case $CXXFLAGS in
  *-fsanitize=*)
    skip needed_is_libc_only "a sanitizer's run time is needed, too" ;;
  *)
    ok needed_is_libc_only needed_is_libc_only
    ok writable_data_is_justified writable_data_is_justified ;;
  esac
  ok no_symbol_of_a_cxx_library_in_the_shared_object no_cxx_runtime $so
  ok the_shared_object_is_bound_at_load has_flag NOW
  ok the_shared_object_is_never_unloaded has_flag NODELETE
  ok defect_14_relocated_data_is_write_protected has_relro
  ok defect_13_the_stack_is_not_executable stack_is_rw $so
  ok defect_13_unwind_tables_cover_the_crossings has_unwind_tables
  ok no_text_relocations no_text_relocations
  ok no_thread_local_variables no_tls_of_ours
  test "$CLASSIC" = no || ok defect_16_xinitcgo_is_not_exported no_xinitcgo
  if test -n "$protection"; then
    ok defect_13_the_shared_object_keeps_${protection}_on \
      sh -c "$READELF -n $so | grep '$property'"
  else
    skip defect_13_the_shared_object_keeps_protection_on "$CPU has none"
  fi
else
  skip the_shared_object "configured with --disable-shared"
fi

if test -f $ar; then
  ok no_symbol_of_a_cxx_library_in_the_archive no_cxx_runtime $ar
  case $CXXFLAGS in
  *-fsanitize=*)
    skip handles_take_no_lock_and_no_heap "a sanitizer calls its run time" ;;
  *)
    ok handles_take_no_lock_and_no_heap handles_call_little ;;
  esac
  if has_stack_notes; then
    ok defect_13_every_member_has_a_stack_note members_say -S '\.note\.GNU-stack'
  else
    skip defect_13_every_member_has_a_stack_note \
      "the compiler gives none: without, this CPU's stacks are not executable"
  fi
  ok each_crosscall_is_a_member_of_its_own each_crosscall_is_a_member
  test "$CLASSIC" = no || ok one_member_defines_the_six_data_symbols one_member_of_the_data
  if test -n "$protection"; then
    ok defect_13_every_member_keeps_${protection}_on members_say -n "$property"
  else
    skip defect_13_every_member_keeps_protection_on "$CPU has none"
  fi
  case $CPU in
  386) ok stack_chk_fail_local_is_a_hidden_member_of_its_own stack_chk_fail_local ;;
  *) skip stack_chk_fail_local_is_a_hidden_member_of_its_own "386 only" ;;
  esac
else
  skip the_archive "configured with --disable-static"
fi

done_testing
