#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Usage: scripts/demo.sh [PATH...]      (default: /usr/include)
#
# Builds libcgo, installs it below build/demo, builds examples/squeeze against
# the installed library, runs it on every regular file below each PATH, and
# checks its sums with find, gzip, cat and cksum. Changes nothing in PATH. On
# Debian it also installs the packages that it needs and that are missing.
#
# Exit status: 0 all sums are right; 1 a step failed or a sum is wrong; 2 sums
# differ, but only of files that changed meanwhile: run it again.

set -eu
unset CDPATH
export LC_ALL=C # one order for sort and comm; names are bytes

usage() { sed -n 's/^# \{0,1\}//; 4,13p' "$0"; }
name=demo
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/local-library.sh
. "$top/scripts/local-library.sh"

case ${1-} in
  -h | --help) usage; exit 0 ;;
  --) shift ;;
  -*) die "unknown option $1 (-h tells the usage; -- ends the options)" ;;
esac
[ $# -gt 0 ] || set -- /usr/include

# The paths as both nftw(3) and find(1) understand them: without slashes at the end, which
# nftw drops, and with no first character that find interprets.
for path; do
  shift
  set -- "$@" "$(realpath -s -- "$path")"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the library and the example ----

local_library zlib1g-dev
step "Building examples/squeeze with pkg-config, against the installed library." \
  make -B -C "$top/examples" OUT="$build" \
  LDFLAGS="${LDFLAGS-} -Wl,-rpath,$prefix/lib"

# ---- the run ----

# Every regular file with what changes when its content does. Names may hold
# newlines, so each entry ends with a NUL, and its state is its last line.
# Only find's output counts: what it cannot read, squeeze names.
files_below() { # OUTPUT-FORMAT PATH...
  format=$1
  shift
  find "$@" -samefile "$work" -prune -o -type f -printf "$format" 2>/dev/null |
    sort -z
}
states='%p\n%i %s %T@ %C@\0'

echo "Noting the state of every file below: $*"
files_below "$states" "$@" >"$work/before"

echo "Running squeeze."
echo
status=0
"$build/squeeze" -l "$work" -- "$@" >"$work/table" || status=$?
cat "$work/table"
echo
[ "$status" -eq 0 ] || die "squeeze ended with status $status"

# ---- the proof ----

echo "Checking the sums with find, cat, cksum and gzip, which read it all again."

cat_files() { xargs -0 -r cat -- <"$1" 2>/dev/null || :; } # FILE-OF-NAMES
value() { awk -v key="$2" '$1 == key { print $2 }' "$1"; } # FILE KEY
count_names() { tr -dc '\0' <"$1" | wc -c; }               # FILE-OF-NAMES

for sums in "$work"/*.sums; do
  base=${sums%.sums}
  : >"$base.back" # an empty file is no gzip member
  [ ! -s "$base.gz" ] || gzip -dc "$base.gz" 2>>"$log" | cksum >"$base.back"
  [ -s "$base.back" ] || cksum </dev/null >"$base.back"
  cat_files "$base.files" | cksum >"$base.read"
  cat_files "$base.files" | gzip -1 >"$work/again.gz"
  gzip -lv "$work/again.gz" | awk 'NR == 2 { print $2 }' >"$base.crc"
  sort -z "$base.files" >"$base.names"
done
rm -f "$work/again.gz"
sort -z "$work"/*.files >"$work/squeezed"
find "$@" -samefile "$work" -prune -o -type f -readable -print0 2>/dev/null |
  sort -z >"$work/readable" || :

# What cannot be compared: names whose state is another than before the run,
# and files that the kernel makes anew for each reader.
files_below "$states" "$@" >"$work/after"
{
  comm -z -23 "$work/before" "$work/after"
  comm -z -13 "$work/before" "$work/after"
} | sed -z 's/\n[^\n]*$//' >"$work/changing"
find "$@" -type f \( -fstype proc -o -fstype sysfs -o -fstype cgroup2 \
  -o -fstype tracefs -o -fstype debugfs -o -fstype securityfs \) -print0 \
  2>/dev/null >>"$work/changing" || :
sort -z -u -o "$work/changing" "$work/changing"

wrong=0
unproved=0
# check WHAT EXPECTED FOUND [NAMES]: NAMES, sorted, are the files that EXPECTED
# was read from again. Without them nothing excuses a difference.
check() {
  if [ "$2" = "$3" ]; then
    printf 'ok       %s: %s\n' "$1" "$2"
  elif [ $# -eq 4 ] &&
    [ "$(comm -z -12 "$4" "$work/changing" | tr -dc '\0' | wc -c)" -gt 0 ]; then
    printf 'changed  %s: %s, squeeze had %s\n' "$1" "$2" "$3"
    unproved=$((unproved + 1))
  else
    printf 'WRONG    %s: %s, squeeze had %s\n' "$1" "$2" "$3"
    wrong=$((wrong + 1))
  fi
}

all_files=0 all_bytes=0 all_deflated=0
for sums in "$work"/*.sums; do
  base=${sums%.sums}
  worker="worker ${base##*/}"
  read -r cksum bytes <"$base.read"
  read -r back_cksum back_bytes <"$base.back"
  check "$worker, files in its list" \
    "$(count_names "$base.files")" "$(value "$sums" files)"
  check "$worker, bytes out of gzip -dc" "$back_bytes" "$(value "$sums" bytes)"
  check "$worker, size of its members" \
    "$(wc -c <"$base.gz")" "$(value "$sums" deflated)"
  check "$worker, bytes out of cat" \
    "$bytes" "$(value "$sums" bytes)" "$base.names"
  check "$worker, cksum of cat, and of what gzip -dc makes of its members" \
    "$cksum" "$back_cksum" "$base.names"
  check "$worker, CRC-32 by gzip -lv" \
    "$(cat "$base.crc")" "$(value "$sums" crc32)" "$base.names"
  all_files=$((all_files + $(count_names "$base.files")))
  all_bytes=$((all_bytes + back_bytes))
  all_deflated=$((all_deflated + $(wc -c <"$base.gz")))
done
check "table, files" "$all_files" "$(value "$work/table" files)"
check "table, bytes" "$all_bytes" "$(value "$work/table" bytes)"
check "table, deflated" "$all_deflated" "$(value "$work/table" deflated)"

# The lists of names must be the same, not only as long. A name that find calls
# readable, and squeeze could not read, is no error if cat cannot read it either.
unchanging() { sort -z -u | comm -z -23 - "$work/changing"; }
# shellcheck disable=SC2016 # $1 is the inner shell's
comm -z -23 "$work/readable" "$work/squeezed" | unchanging |
  xargs -0 -r -n 1 sh -c \
    'if timeout -k 1 10 cat -- "$1" >/dev/null 2>&1; then printf "%s\0" "$1"; fi' sh \
    >"$work/left-out"
comm -z -13 "$work/readable" "$work/squeezed" | unchanging >"$work/made-up"
check "files left out" 0 "$(count_names "$work/left-out")"
check "files made up" 0 "$(count_names "$work/made-up")"

echo
changing=$(count_names "$work/changing")
if [ "$changing" -gt 0 ]; then
  echo "$changing of the files changed during the demo, or change at each reading:"
  tr '\n\0' '?\n' <"$work/changing" | sed 's/^/  /' | head -n 5
fi
[ "$wrong" -eq 0 ] || die "$wrong sums are wrong"
if [ "$unproved" -gt 0 ]; then
  echo "demo: $unproved sums differ because files changed meanwhile: run it again" >&2
  exit 2
fi
echo "All sums are right."
