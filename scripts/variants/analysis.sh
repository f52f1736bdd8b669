#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# analysis: clang-tidy, cppcheck and gcc's analyzer find nothing in the library and the tools
#
# What they look for stands in .clang-tidy and below. Exceptions stand beside the code, with
# their reasons.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
# The newest clang that the machine can have; the check needs 14 or newer.
tidy=$(apt-cache pkgnames clang-tidy- 2>/dev/null | sed -n 's/^clang-tidy-\([0-9]*\)$/\1/p' |
  sort -n | tail -n 1)
needs cppcheck ${tidy:+clang-tidy-$tidy} clang

build analysis || exit 0

# The sources of this system.
sources=$(cd "$top" && git ls-files 'src/*.cc' | grep -vE 'bsd|darwin|macho|windows|/pe\.cc')
in_cxx="-std=c++17 -D_GNU_SOURCE -nostdinc++ -fno-exceptions -fno-rtti -iquote src -Isrc/cxx"
defined="-DHAVE_CONFIG_H -Iinclude -I$PWD/include -I$PWD"

# One process for each CPU: a file takes seconds.
# shellcheck disable=SC2086 # words
# shellcheck disable=SC2016,SC2086 # words, and the inner shell's
tidy() {
  (cd "$top" && printf '%s\n' $sources | xargs -n 6 -P "$jobs" sh -c '
    exec "$0" --quiet "$@" -- '"$in_cxx $defined" "clang-tidy-$tidy")
}

# Suppressed: it knows no function that does not return, no system call by its number, no
# address that is kept only until a call ends, and no buffer that is filled up to a length.
# shellcheck disable=SC2086 # words
cpp_check() {
  (cd "$top" && cppcheck --quiet --enable=warning,performance,portability --inline-suppr \
    --error-exitcode=1 --std=c++17 --suppress=missingReturn --suppress=ctuuninitvar \
    --suppress=autoVariables --suppress=uninitMemberVar \
    --suppress=nullPointer --suppress=ctunullpointer $defined -Isrc $sources)
}

# gcc's analyzer knows C, not C++: the programs, built anew.
# shellcheck disable=SC2086 # words
analyzer() {
  make clean-binPROGRAMS V=0 && rm -f tools/*.o ./*.o &&
    make V=0 libcgo-info tools/libcgo-go CFLAGS='-g -O1 -fanalyzer -Werror' &&
    for program in "$top"/examples/*.c; do
      gcc -std=gnu11 -O1 -fanalyzer -Werror -I"$top/include" -Iinclude -I"$top/examples" \
        -c "$program" -o analyzed.o || return 1
    done
}

if test -n "$tidy" && command -v "clang-tidy-$tidy" >/dev/null 2>&1; then
  step "clang-tidy $tidy" tidy || true
else
  skip 'there is no clang-tidy'
fi
step cppcheck cpp_check || true
step "gcc -fanalyzer" analyzer || true
