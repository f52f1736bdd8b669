#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154,SC2317
#
# Records grow from release to release, and a client of today goes on working:
# it runs, as it was compiled, with a library whose records have more members.
. "$(dirname "$0")/../support/tap.sh"

# The headers of the next release: each record has four words more. Not
# libcgo_init, which is a part of another one; it uses its reserved words.
next_headers() {
  mkdir -p next/libcgo &&
    cp "$srcdir"/include/*.h next &&
    cp "$srcdir"/include/libcgo/*.h "$builddir"/include/libcgo/*.h next/libcgo || return 1
  grown=0
  for record in ops runtime thread thread_attr limit stack handle_table \
    traceback_ops symbol slots; do
    for header in next/libcgo/*.h; do
      sed "/^struct libcgo_$record {/,/^};/s/^};/  uintptr_t next_release[4];\n};/" \
        $header >grown.h
      cmp -s $header grown.h || grown=$((grown + 1))
      mv grown.h $header
    done
  done
  test $grown = 10
}

# The sources of this one, with them. What is written in assembly knows of no
# size: the parts that are built will do.
next_library() {
  next_headers || return 1
  objects=
  for object in "$builddir"/src/*/libcgo_la-*.lo; do
    source=${object#"$builddir"/}
    source=$(echo $source | sed 's/libcgo_la-//; s/lo$/cc/')
    to=$(echo $source | tr / -).o
    $CXX -DHAVE_CONFIG_H -DLIBCGO_NO_TOOLS -I"$builddir" -I"$srcdir/src" -I"$srcdir/src/cxx" -Inext \
      -I"$builddir/include" -std=c++17 -nostdinc++ $CXXFLAGS -O0 -fPIC \
      -fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility=hidden \
      -c "$srcdir/$source" -o $to || return 1
    objects="$objects $to"
  done
  $CC $CFLAGS -shared -Wl,-soname,libcgo.so.0 -Wl,-z,nodelete \
    -Wl,--version-script="$srcdir/src/libcgo.map" $objects \
    -Wl,--whole-archive "$builddir"/src/.libs/lib*.a -Wl,--no-whole-archive \
    -pthread $PRIVATE_LIBS -o next/libcgo.so.0
}

# The client, compiled once, with the headers and the library of today.
client() {
  $CC $CFLAGS -std=gnu11 -Wall -Wextra $cppflags "$srcdir/tests/kit/growth-client.c" \
    -L"$builddir/.libs" -lcgo -pthread -o client
}

# with LIBRARY-DIRECTORY WHAT
with() {
  loader=$($READELF -lW ./client | sed -n 's/.*program interpreter: \(.*\)\].*/\1/p')
  env LD_LIBRARY_PATH="$1" "$loader" --list ./client >loaded
  grep libcgo loaded
  grep -q "=> $1/libcgo" loaded &&
    env LD_LIBRARY_PATH="$1" timeout -k 1 120 ./client $2
}

# The sizes that the next library begins its records with are larger.
is_larger() {
  cat >size.c <<'C'
#include <libcgo.h>
int sizes[] = {sizeof(struct libcgo_ops),    sizeof(struct libcgo_runtime),
               sizeof(struct libcgo_thread), sizeof(struct libcgo_thread_attr),
               sizeof(struct libcgo_limit),  sizeof(struct libcgo_stack),
               sizeof(struct libcgo_handle_table), sizeof(struct libcgo_slots),
               sizeof(struct libcgo_symbol), sizeof(struct libcgo_traceback_ops)};
C
  $CC -S $cppflags size.c -o today.s && $CC -S -Inext $cppflags size.c -o next.s &&
    sed -n 's/^	\.long	\([0-9][0-9]*\).*/\1/p' today.s >today &&
    sed -n 's/^	\.long	\([0-9][0-9]*\).*/\1/p' next.s >tomorrow &&
    paste today tomorrow && test "$(wc -l <today)" = 10 &&
    paste today tomorrow | awk '$2 < $1 + 16 { exit 1 }'
}

if test ! -f "$builddir/.libs/libcgo.so"; then
  skip an_old_client_works_with_larger_records "configured with --disable-shared"
elif test -n "$TEST_EMU"; then
  skip an_old_client_works_with_larger_records "programs run in an emulator, which has the library's path"
else
  ok a_client_of_this_release_can_be_built client
  ok a_client_works_with_its_own_release with "$builddir/.libs" works
  ok a_record_that_is_too_small_is_refused with "$builddir/.libs" too-small
  ok a_release_with_larger_records_can_be_built next_library
  ok its_records_are_larger is_larger
  ok an_old_client_works_with_larger_records with "$scratch/next" works
  ok a_record_that_is_too_small_is_refused_by_the_next_release \
    with "$scratch/next" too-small
fi
done_testing
