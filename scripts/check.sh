#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/check.sh [VARIANT...]
#
# Builds the library from this checkout and runs its tests, each variant in a
# directory of its own under build/check. On Debian it first installs what is
# missing, if it may (200 MB for native); what is not there is skipped. Of several variants two run at a time, and the output of each, which
# is build/check/VARIANT.log, comes when it ends. The last line is "N passed, M
# failed", counted from what ran. A variant is a script of scripts/variants.
#
#   native      gcc: make check, make install, make installcheck  (the default)
#   clang       the same with clang
#   a port      cross build of a row of scripts/ports (arm64, ...), under its
#               emulator, and natively if the kernel can
#   darwin      amd64, arm64 and 386 for Darwin, executed on an emulated CPU
#   musl        the C library musl, shared and static, with musl-gcc
#   a Zig port  a row of scripts/zig-ports (freebsd, ...): executed where
#               something can, else linked and looked at, and the library executed on
#               an emulated CPU
#   PORT-short  either with a selection of the tests under the emulator, or that are
#               linked
#   windows     cross builds for Windows: amd64 under wine, 386 under an emulator of
#               the CPU
#   sanitizers  gcc, address and undefined behaviour
#   tsan        gcc and clang, data races
#   valgrind    memcheck and helgrind on the thread and crossing tests
#   distcheck   make distcheck
#   onekind     --disable-shared and --disable-static
#   conditions  other machines: locale, LTO, no frame pointers, a path with a space, noexec
#               /tmp, no apt, no xz; with WHOLE=yes also Debian 11, 12 and 13
#   packages    dpkg-buildpackage and lintian
#   distro      the quick ones of make check-distro; needs root
#   goprograms  Go programs on libcgo, a selection of make check-go-programs
#   go          Go's own tests of runtime/cgo, a selection, stock and on libcgo
#   style       .clang-format, .editorconfig, shellcheck; in a clone
#   faults      seeds each defect and sees its test fail; PARTS and FAULTS choose among
#               them, see tests/support/faults.sh
#   ports       every port there is; what ran is the table of docs/platforms.md
#   all         all of these
#
#   WHOLE=yes          the whole suite in each variant; else what does not depend on the
#                      variant is a matter of native
#   CHECK_AT_ONCE=N    so many variants at a time
set -eu

LC_ALL=C
export LC_ALL
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"

rows() { awk '/^[a-z0-9]/ { print $1 }' "$top/scripts/$1" | tr '\n' ' '; }
cross=$(rows ports)
zig=$(rows zig-ports)
ports="native $cross darwin musl $zig windows"
others='clang sanitizers tsan valgrind distcheck onekind conditions packages distro go goprograms style faults'

usage() {
  sed -n '3,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# script VARIANT: the words of its command.
script() {
  case " $cross" in
  *" ${1%-short} "*)
    echo "$top/scripts/variants/cross.sh $1"
    return ;;
  esac
  case " $zig" in
  *" ${1%-short} "*)
    echo "$top/scripts/variants/zig.sh $1"
    return ;;
  esac
  case " $ports $others platforms " in
  *" $1 "*) echo "$top/scripts/variants/$1.sh" ;;
  *) return 1 ;;
  esac
}

variants=
table=no
for variant in "${@:-native}"; do
  case $variant in
  all) variants="$variants $ports $others" ;;
  ports)
    variants="$variants $ports" table=yes
    export WHOLE=yes ;;
  *)
    script "$variant" >/dev/null || usage
    variants="$variants $variant" ;;
  esac
done
if test -f "$top/config.status"; then
  echo "this tree is configured itself: run 'make distclean' first, or use a clone" >&2
  exit 1
fi

# What all of them need, before the first: there is one lock of the packages.
needed() {
  for variant in $variants; do
    # shellcheck disable=SC2046,SC2091
    CHECK_PACKAGES=print $(script "$variant")
  done | tr ' ' '\n' | sort -u
}
variants=$(echo "$variants" | tr -s ' ' '\n' | awk 'NF && !seen[$1]++')
if test "$(echo "$variants" | wc -l)" = 1; then
  # shellcheck disable=SC2046
  exec $(script "$variants")
fi
started=$(date +%s)
# shellcheck disable=SC2046
install_packages $(needed)
(cd "$top" && autoreconf -fi >/dev/null 2>&1) || (cd "$top" && autoreconf -fi)
export CHECK_CONFIGURE=made
minutes() { awk -v s="$1" 'BEGIN { printf "%.1f", s / 60 }'; }
prepared=$(($(date +%s) - started))

results=$top/build/check/results
rm -rf "$results"
mkdir -p "$results"
test $table = no || rm -rf "$top/build/check/platforms"

# run VARIANT: its output in a log; its row of the table.
run() {
  local variant=$1 from
  from=$(date +%s)
  # shellcheck disable=SC2046
  # A shell of its own, whose children's seconds are those of the variant.
  bash -c '"$@"; times >"$0"' "$results/$variant.times" $(script "$variant") \
    </dev/null >"$top/build/check/$variant.log" 2>&1 || true
  tail -n 2 "$top/build/check/$variant.log" | awk -v name="$variant" -v seconds="$(($(date +%s) - from))" '
    / skipped, each with its reason above$/ { skipped = $1 }
    { last = $0 }
    function s(time) { split(time, part, /[ms]/); return part[1] * 60 + part[2] }
    END {
      if (split(last, word, " ") != 4 || last !~ /^[0-9]+ passed, [0-9]+ failed$/) {
        word[1] = 0; word[3] = 1
      }
      getline line < times; getline line < times; split(line, cpu, " ")
      printf "%s\t%.1f\t%.1f\t%d\t%d\t%d\n", name, seconds / 60, (s(cpu[1]) + s(cpu[2])) / 60,
        word[1], word[3], skipped
    }' times="$results/$variant.times" >"$results/$variant"
}

# Each takes the next variant that no other has taken.
worker() {
  local variant
  for variant in $variants; do
    mkdir "$results/$variant.taken" 2>/dev/null || continue
    flock "$results/output.lock" echo "started: $variant"
    run "$variant"
    (
      flock 9
      echo "==== $variant"
      cat "$top/build/check/$variant.log"
    ) 9>"$results/output.lock"
  done
}

# Each in a process group of its own, so that it can be ended with all below it.
set -m
workers=()
end() {
  local group
  for group in "${workers[@]}"; do kill -- "-$group" 2>/dev/null || true; done
  exit 1
}
trap end HUP INT TERM
at_once=${CHECK_AT_ONCE:-2}
for ((n = 0; n < at_once; n++)); do
  worker </dev/null &
  workers+=($!)
done
wait
for variant in $variants; do
  test -s "$results/$variant" || {
    echo "$variant did not run"
    printf '%s\t0\t0\t0\t1\t0\n' "$variant" >"$results/$variant"
  }
done
echo "==== minutes, of which this took $(minutes $(($(date +%s) - started))) and its preparation $(minutes $prepared)"
{
  printf 'VARIANT\tMINUTES\tOF CPU\tPASSED\tFAILED\tSKIPPED\n'
  for variant in $variants; do cat "$results/$variant"; done
} | awk -F '\t' '{ printf "%-14s %8s %8s %8s %8s %8s\n", $1, $2, $3, $4, $5, $6 }
  NR > 1 { cpu += $3 } END { printf "%-14s %8s %8.1f\n", "all", "", cpu }'
test $table = no || "$top/scripts/variants/platforms.sh" | sed -n '/^|/p'

total() { for variant in $variants; do cat "$results/$variant"; done | awk -F '\t' -v n="$1" '{ sum += $n } END { print sum + 0 }'; }
skipped=$(total 6) failed=$(total 5)
test "$skipped" = 0 || echo "$skipped skipped, each with its reason above"
echo "$(total 4) passed, $failed failed"
test "$failed" = 0
