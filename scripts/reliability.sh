#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/reliability.sh failures|fuzz|soak|sandboxes|flaky <TABLE
#
# Writes what a run has found into its part of docs/reliability.md, with the day: between the
# lines <!-- NAME: made by a run --> and <!-- end -->. The lines of flaky, which have their day,
# are appended. make check-failures, make fuzz, make soak, make check-sandboxes and make
# check-flaky call it.
set -eu
LC_ALL=C
export LC_ALL
page=$(cd "$(dirname "$0")/.." && pwd)/docs/reliability.md
new=$(mktemp)
trap 'rm -f "$new" "$new.page"' EXIT
old=
test "$1" != flaky || old=yes
{
  test -n "$old" || echo "Run on $(date -u +%Y-%m-%d), $(uname -s) $(uname -r | sed 's/-.*//') on $(uname -m).
"
  case $1 in
  failures)
    awk '
      { runs += $2; met += $3; row[NR] = $0 }
      END {
        printf "%d runs, in which a call failed %d times.\n\n", runs, met
        print "| call | runs | in which it failed |"
        print "|---|---:|---:|"
        for (i = 1; i <= NR; i++) {
          split(row[i], w, " ")
          printf "| `%s` | %d | %d |\n", w[1], w[2], w[3]
        }
      }' ;;
  *) cat ;;
  esac
} >"$new"
awk -v part="$1" -v new="$new" -v old="$old" '
  function print_new() {
    while ((getline line <new) > 0)
      print line
  }
  $0 == "<!-- end -->" {
    if (inside && old)
      print_new()
    inside = 0
  }
  !inside || old { print }
  $0 == "<!-- " part ": made by a run -->" {
    if (!old)
      print_new()
    inside = found = 1
  }
  END { exit !found }' "$page" >"$new.page"
cp "$new.page" "$page"
