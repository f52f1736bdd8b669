#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2154
#
# What libcgo-0.dll needs, and what it gives.
. "$(dirname "$0")/../../support/tap.sh"

dll=$builddir/.libs/libcgo-0.dll
objdump=${OBJDUMP:-objdump}

needs_the_system_only() {
  $objdump -p "$dll" | sed -n 's/.*DLL Name: //p' | sort >needed
  printf 'KERNEL32.dll\nmsvcrt.dll\n' >expected
  diff expected needed
}

exports_what_the_map_names() {
  $objdump -p "$dll" | sed -n 's/^	*\[ *[0-9]*\] \(\(+base\[ *[0-9]*\]  *[0-9a-f]* \)\{0,1\}\)\([a-z][a-z0-9_]*\)$/\3/p' |
    sort -u >exported
  sed -n 's/^	"*\([^;"]*\)"*;.*/\1/p' "$srcdir/src/libcgo.map" | sort >named
  test -s exported && comm -23 exported named | tee unnamed && test ! -s unnamed &&
    grep -qx crosscall2 exported && grep -qx libcgo_call_on_stack exported
}

ok the_library_needs_the_system_and_the_c_library_only needs_the_system_only
ok the_library_exports_nothing_but_what_the_map_names exports_what_the_map_names
done_testing
