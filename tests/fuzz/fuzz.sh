#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The fuzzers, by libFuzzer with the sanitizers of addresses and of undefined behaviour. Each
# begins with what is kept in tests/fuzz/corpus. make check tries that and some thousand inputs
# more, the same ones each time; make fuzz goes on for FUZZ_SECONDS, and keeps what it finds in
# fuzz-NAME of the build directory: new inputs, and those that fail as crash-*.
# shellcheck source=tests/support/tap.sh
. "$top_srcdir/tests/support/tap.sh"
here=$srcdir/tests/fuzz
fuzz_cxx=${FUZZ_CXX:-clang++}
flags="-std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined"
includes="-I$here -iquote $srcdir/src -I$srcdir/include -I$builddir/include -DLIBCGO_NO_TOOLS -D_GNU_SOURCE"
includes="$includes -I$builddir -DHAVE_CONFIG_H"
case $HOST in x86_64-*-linux-gnu) here_too=yes ;; *) here_too=no ;; esac

# can_fuzz: whether there is a compiler that can.
can_fuzz() {
  test $here_too = yes && test -z "$TEST_EMU" && test -f "$static_lib" || return 1
  ${NM:-nm} -D "$builddir/.libs/libcgo.so" 2>/dev/null | grep -q '@GLIBC_' || return 1
  case "$CFLAGS $CXXFLAGS" in *-fsanitize=* | *--coverage* | *-flto*) return 1 ;; esac
  echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }' >nothing.cc
  # shellcheck disable=SC2086 # words
  $fuzz_cxx $flags nothing.cc -o nothing >/dev/null 2>&1 && ./nothing -runs=1 >/dev/null 2>&1
}

# A harness includes what it fuzzes; the handles are compiled beside theirs.
build() {
  source=
  test "$1" != handles || source=$srcdir/src/kit/handle.cc
  # shellcheck disable=SC2086 # words
  $fuzz_cxx $flags $includes -Wall "$here/$1.cc" $source "$static_lib" -pthread -ldl -o "$1"
}

fuzz() {
  build "$1" || return 1
  corpus=$here/corpus/$1
  mkdir -p found
  if test -n "${FUZZ_SECONDS:-}"; then
    found=$builddir/fuzz-$1
    mkdir -p "$found"
    set -- "$1" -max_total_time="$FUZZ_SECONDS" -print_final_stats=1
  else
    found=found
    set -- "$1" -runs=4000 -seed=1
  fi
  name=$1
  shift
  ./"$name" "$@" -max_len=2048 -timeout=20 -artifact_prefix="$found/" "$found" "$corpus" >"$name.log" 2>&1
  status=$?
  tail -n 40 "$name.log"
  runs=$(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 \2/p' "$name.log")
  echo "$name $runs" >>table
  return $status
}

if can_fuzz; then
  ok handles_agree_with_a_map fuzz handles
  ok the_table_of_mappings_is_read_as_it_is_written fuzz maps
  ok the_limit_that_is_named_is_full fuzz limits
  ok the_frames_of_stopped_code_are_those_of_a_model fuzz contexts
else
  for name in handles_agree_with_a_map the_table_of_mappings_is_read_as_it_is_written the_limit_that_is_named_is_full \
    the_frames_of_stopped_code_are_those_of_a_model; do
    skip $name "needs $fuzz_cxx with libFuzzer, on amd64, and the released library"
  done
fi
if test -n "${FUZZ_SECONDS:-}" && test -f table; then
  {
    echo "| fuzzer | inputs | seconds |"
    echo "|---|---:|---:|"
    awk '{ printf "| %s | %d | %d |\n", $1, $2, $3 }' table
  } >"$builddir/fuzz.table"
fi
done_testing
