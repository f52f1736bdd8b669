#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/failures/build.sh DIRECTORY
#
# Builds in DIRECTORY what has the library's calls fail: "drive", and the library with other
# names for its imports. The environment is that of tests/local.mk. The list of the imports is
# that of the object; a row is missing in libc.calls, or there is one too many: exit 1.
set -eu
LC_ALL=C
export LC_ALL
here=$top_srcdir/tests/failures
out=$1
object=$top_builddir/.libs/libcgo.so
cd "$out"

# The imports, without their versions, and the rows. System calls are no imports.
${NM:-nm} -D --undefined-only "$object" | awk '{ sub(/@.*/, "", $2); print $2 }' | sort -u >imports
grep -v '^#' "$here/libc.calls" | awk 'NF' >rows
awk '$1 !~ /^syscall:/ { print $1 }' rows | sort -u >named
echo syscall >>named
sort -u -o named named
missing=$(comm -23 imports named)
test -z "$missing" || { echo "no row in libc.calls: $missing"; exit 1; }
# Those of other builds may be too many: of a library without a face, say.

# What may fail gets another name.
awk '$2 != "never" && $2 != "absent" { print $1 } END { print "free\nsyscall\npthread_key_delete\nclock_gettime" }' rows |
  grep -v '^syscall:' | sort -u | comm -12 - imports >failing
sed 's/.*/& failing_&/' failing >renamed
{
  sed 's/.*/ROW(&)/' failing
  sed -n 's/^syscall:\([a-z_0-9]*\).*/SYSTEM_ROW(\1)/p' rows
} >calls.h

# What the pages say.
# shellcheck source=tests/support/errors.sh
. "$top_srcdir/tests/support/errors.sh"
srcdir=$top_srcdir
errors_of_pages | awk '{ printf "ERROR(\"%s\", %s)\n", $1, $2 }' >errors.h
# Pages that say of their functions that they stop the process, all functions of the page.
for page in "$top_srcdir"/man/*.3; do
  grep -q 'abort 3\|aborts' "$page" || continue
  awk '/^\.Nm / { print $2 } /^\.Sh SYN/ { exit }' "$page"
done >stopping
sed -n 's/^\.It Li libcgo: \([a-z_0-9]*\):.*/\1/p' "$top_srcdir"/man/*.3 >>stopping
cat stopping | sort -u | sed 's/.*/STOPS("&")/' >stops.h

${OBJCOPY:-objcopy} --redefine-syms=renamed "$top_builddir/.libs/libcgo.a" failing.a
flags="-std=gnu11 -Wall -Wextra -O1 -g -fno-omit-frame-pointer -D_GNU_SOURCE -I. -I$here"
flags="$flags -I$top_srcdir/include -I$top_builddir/include"
# shellcheck disable=SC2086 # words
{
  $CC $flags -fno-builtin -Wno-builtin-declaration-mismatch -fPIC -shared \
    "$here/interpose.c" -o libinterpose.so
  $CC -shared -Wl,-Bsymbolic -Wl,--version-script="$top_srcdir/src/libcgo.map" \
    -Wl,--whole-archive failing.a -Wl,--no-whole-archive -L. -linterpose -Wl,-rpath,"$PWD" \
    -o libfailing.so
  $CC $flags -c "$here/scenario.c" -o scenario.o
  $CC $flags "$here/drive.c" scenario.o -L. -lfailing -linterpose -Wl,-rpath,"$PWD" -pthread -o drive
  # The same with LeakSanitizer, if the compiler has it.
  $CC $flags -fsanitize=leak "$here/drive.c" scenario.o -L. -lfailing -linterpose -Wl,-rpath,"$PWD" \
    -pthread -o drive-leaks 2>no-leaks || rm -f drive-leaks
}
