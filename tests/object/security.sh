#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2012,SC2016,SC2086,SC2317
#
# What SECURITY.md claims and no other test shows.
. "$(dirname "$0")/../support/tap.sh"

so=$builddir/.libs/libcgo.so

imported() {
  $NM -D --undefined-only "$so" | sed 's/.* //; s/@.*//' >imported
  grep -q . imported
}

imports_none_of() {
  imported && ! grep -xE "$1" imported
}

# The constants of the library that are text.
texts() {
  for section in .rodata .rodata.str1.1 .rodata.str1.4 .rodata.str1.8 .data.rel.ro; do
    $READELF -p $section "$so" 2>/dev/null
  done | sed -n 's/^ *\[ *[0-9a-f]*\]  *//p' >texts
  grep -q . texts
}

names_no_other_file() {
  texts && grep -q '^/proc/' texts &&
    ! grep '^/[a-z]' texts | grep -v '^/proc\(/\|$\)\|^/sys/\|^/pids\.\|^/status$'
}

loads_the_unwinder_only() {
  texts && ! grep '\.so' texts | grep -vx 'lib\(gcc_s\|unwind\)\.so\.[0-9]'
}

runs() {
  $CC -std=gnu11 -Wall -Wextra -Werror $CFLAGS $cppflags "$srcdir/tests/object/security-client.c" \
    -o security-client $libs -pthread || return 1
  run_program security-client "$1"
}

no_constructor() {
  ! $READELF -dW "$so" | grep -E '\((INIT|INIT_ARRAY|PREINIT_ARRAY|FINI|FINI_ARRAY)\)'
}

program_stack_is_rw() {
  $READELF -lW "$1" | grep 'GNU_STACK.* RW ' && ! $READELF -lW "$1" | grep 'GNU_STACK.*RWE'
}

# On some CPUs the C library itself asks for a stack that can be executed, for itself
# and for every program.
stacks_are_rw() {
  echo 'int main(void) { return 0; }' >empty.c
  ! $CC $CFLAGS empty.c -o empty || program_stack_is_rw empty >/dev/null
}
# On sparc64 the procedure linkage table is code that the loader writes: the linker gives
# every program a segment for it that can be both.
segments_are_not_both() {
  echo 'int main(void) { return 0; }' >empty.c
  ! $CC $CFLAGS empty.c -o empty || ! $READELF -lW empty | grep -q '^ *LOAD .* RWE '
}
c_library="the C library asks for an executable stack in every program"

every_test_that_is_named_exists() {
  grep -oE '`[a-z-]+: [a-z_0-9]+`' "$srcdir/SECURITY.md" | tr -d '`' | sort -u >named
  test "$(wc -l <named)" -gt 30 || return 1
  missing=0
  while read -r file name; do
    cat "$srcdir"/tests/*/"${file%:}".[cs]* "$srcdir"/tests/ports/arch/*.faults | grep -qw "$name" ||
      case $name in *_cet_on) grep -q 'keeps_${protection}_on' "$srcdir/tests/object/elf.sh" ;; *) false ;; esac || {
      echo "no test: $file $name"
      missing=1
    }
  done <named
  return $missing
}

libs=$shared_libs
case $CXXFLAGS in *-fsanitize=*) sanitized=yes ;; *) sanitized=no ;; esac
if test ! -f "$so"; then
  skip the_shared_object "configured with --disable-shared"
elif test $sanitized = yes; then
  skip the_shared_object "a sanitizer does more than the library"
else
  ok no_environment_variable_is_read imports_none_of '(secure_)?getenv|(__)?environ'
  ok no_file_outside_proc_and_sys_is_named names_no_other_file
  ok no_program_is_started_and_no_socket_opened \
    imports_none_of 'exec[a-z]*|posix_spawnp?|system|popen|v?fork|clone|socket|connect|getaddrinfo'
  ok nothing_but_the_unwinder_is_loaded loads_the_unwinder_only
  ok the_shared_object_has_no_constructor no_constructor
  if test -n "$TEST_EMU"; then
    skip no_memory_is_writable_and_executable "an emulator has mappings of its own"
  elif test ! -r /proc/self/maps; then
    skip no_memory_is_writable_and_executable "there is no /proc/self/maps"
  elif ! segments_are_not_both; then
    skip no_memory_is_writable_and_executable \
      "the linker gives every program a segment that is both"
  elif ! stacks_are_rw; then
    skip no_memory_is_writable_and_executable "$c_library"
  else
    ok no_memory_is_writable_and_executable runs all
  fi
  if test ! -r /proc/self/maps; then
    skip a_runtime_in_read_only_memory_works_after_its_first_thread "there is no /proc/self/maps"
  else
    ok a_runtime_in_read_only_memory_works_after_its_first_thread runs read-only
  fi
fi
if test -f "$CLASSIC_OBJECT"; then
  ok the_classic_object_has_a_stack_note \
    sh -c "$READELF -SW '$CLASSIC_OBJECT' | grep '\.note\.GNU-stack  *PROGBITS .*00  *0  *0  *1$'"
else
  skip the_classic_object_has_a_stack_note "it exists where the classic face does, with the notes of ELF"
fi
if stacks_are_rw; then
  ok the_tool_has_no_executable_stack program_stack_is_rw \
    "$(ls "$builddir/.libs/libcgo-info" "$builddir/libcgo-info" 2>/dev/null | head -n 1)"
else
  skip the_tool_has_no_executable_stack "$c_library"
fi
ok every_test_that_security_md_names_exists every_test_that_is_named_exists
done_testing
