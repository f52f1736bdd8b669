#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/reliability.sh failures|fuzz|soak <TABLE
#
# Writes what a run has found into its part of docs/reliability.md, with the day: between the
# lines <!-- NAME: made by a run --> and <!-- end -->. make check-failures, make fuzz and make
# soak call it.
set -eu
LC_ALL=C
export LC_ALL
page=$(cd "$(dirname "$0")/.." && pwd)/docs/reliability.md
new=$(mktemp)
trap 'rm -f "$new" "$new.page"' EXIT
{
  echo "Run on $(date -u +%Y-%m-%d), $(uname -s) $(uname -r | sed 's/-.*//') on $(uname -m)."
  echo
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
awk -v part="$1" -v new="$new" '
  $0 == "<!-- end -->" { inside = 0 }
  !inside { print }
  $0 == "<!-- " part ": made by a run -->" {
    while ((getline line <new) > 0)
      print line
    inside = found = 1
  }
  END { exit !found }' "$page" >"$new.page"
cp "$new.page" "$page"
