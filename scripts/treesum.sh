#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Usage: scripts/treesum.sh [PATH...]      (default: /usr/include)
#
# Builds examples/treesum against the libcgo that pkg-config finds, runs it on
# every regular file below each PATH, with 1, 2 and 8 tasks at a time, and checks
# what it prints with find, cksum and getent. If pkg-config finds none, it builds
# libcgo and installs it below build/demo, as scripts/demo.sh does. From the
# environment: CC, CFLAGS, LDFLAGS and pkg-config's variables; RUN is put before
# the program, for emulators; NAME is the host that treesum resolves.
#
# Exit status: 0 all is right; 1 something failed, or is wrong.

set -eu
unset CDPATH
export LC_ALL=C # one order for sort; names are bytes

name=treesum
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/local-library.sh
. "$top/scripts/local-library.sh"

case ${1-} in
-*)
  sed -n '4,/^$/s/^# \{0,1\}//p' "$0"
  exit 1 ;;
esac
[ $# -gt 0 ] || set -- /usr/include

# Not in /tmp, from which a system may start no program (noexec), if that can be.
case $top in
*[[:space:]]*) work= ;;
*) work=$({ mkdir -p "$top/build" && mktemp -d "$top/build/treesum.XXXXXX"; } 2>/dev/null) || work= ;;
esac
[ -n "$work" ] || work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

: "${PKG_CONFIG:=pkg-config}"
# shellcheck disable=SC2119 # the arguments are another's
"$PKG_CONFIG" --exists libcgo 2>/dev/null || local_library
# Where the loader does not look by itself.
libdir=$("$PKG_CONFIG" --variable=libdir libcgo)
make -s -C "$top/examples" OUT="$work" CC="${CC:-cc}" \
  CFLAGS="${CFLAGS:--O2 -g}" WARNINGS='-Wall -Wextra -Wpedantic -Werror' \
  LDFLAGS="${LDFLAGS-} -Wl,-rpath,$libdir" "$work/treesum"

# Whether it starts at all: else nothing below says anything.
host=${NAME:-localhost}
mkdir "$work/empty"
# shellcheck disable=SC2086 # RUN is words
timeout -k 1 60 ${RUN-} "$work/treesum" -j 1 -n "$host" -- "$work/empty" >"$work/output" 2>&1 ||
  die "treesum does not start: $(head -n 3 "$work/output")"

find "$@" -type f -print0 >"$work/names"
xargs -0 -r cksum <"$work/names" | sort >"$work/expected"
files=$(wc -l <"$work/expected")
bytes=$(awk '{ n += $2 } END { printf "%d", n }' "$work/expected")

wrong=0
check() { # WHAT COMMAND...
  what=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    printf 'ok       %s\n' "$what"
  else
    wrong=$((wrong + 1))
    printf 'WRONG    %s\n' "$what"
    sed 's/^/         /' "$work/log" | head -n 20
    sed 's/^/         /' "$work/summary"
  fi
}
value() { awk -v key="$1" '$1 == key { print $2 }' "$work/summary"; }
equal() { echo "expected $1, got $2"; test "$1" = "$2"; }
at_least() { echo "expected $1 or more, got $2"; test "${2:-0}" -ge "$1"; }
resolved() {
  test -n "$(value "$host")" &&
    getent ahosts "$host" | awk '{ print $1 }' | grep -qxF "$(value "$host")"
}

for tasks in 1 2 8; do
  status=0
  # shellcheck disable=SC2086 # RUN is words
  timeout -k 1 300 ${RUN-} "$work/treesum" -j $tasks -n "$host" -- "$@" \
    >"$work/output" 2>"$work/summary" || status=$?
  sort "$work/output" >"$work/sums"
  check "-j $tasks: exit status" equal 0 "$status"
  check "-j $tasks: the sums are those of cksum, $files of them" \
    cmp "$work/expected" "$work/sums"
  check "-j $tasks: files" equal "$files" "$(value files)"
  check "-j $tasks: bytes" equal "$bytes" "$(value bytes)"
  # One each for a file and for a path, the first, and the ticker.
  check "-j $tasks: tasks" equal $((files + $# + 2)) "$(value tasks)"
  # The resolver's thread, and one for each tick.
  check "-j $tasks: threads of the C library were attached" \
    at_least 2 "$(value foreign)"
  check "-j $tasks: the timer ticked" at_least 1 "$(value ticks)"
  check "-j $tasks: no handle is left" equal 0 "$(value handles)"
  check "-j $tasks: $host has the address that getent tells" resolved
done
[ "$wrong" -eq 0 ] || die "$wrong checks failed"
echo "All is right."
