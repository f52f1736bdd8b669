#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/include-graph.sh: prints which file of the library includes which,
# each after all that it includes, and fails if there is a circle.
set -eu
cd "$(dirname "$0")/.."

edges() {
  for file in src/*.cc src/*.h src/os/*.cc src/arch/*.S include/*.h include/libcgo/*.h*; do
    sed -n 's/^#include ["<]\(.*\)[">].*/\1/p' "$file" | while read -r name; do
      for there in "src/$name" "include/$name" "include/$name.in"; do
        if test -f "$there"; then
          echo "$there $file"
        fi
      done
    done
  done
}

edges | LC_ALL=C sort -u >"${TMPDIR:-/tmp}/libcgo-edges.$$"
trap 'rm -f "${TMPDIR:-/tmp}/libcgo-edges.$$"' EXIT
# tsort says "input contains a loop" and names its files if there is one.
if ! tsort "${TMPDIR:-/tmp}/libcgo-edges.$$" | while read -r file; do
  printf '%s:' "$file"
  awk -v f="$file" '$2 == f { printf " %s", $1 }' "${TMPDIR:-/tmp}/libcgo-edges.$$"
  echo
done; then
  exit 1
fi
tsort "${TMPDIR:-/tmp}/libcgo-edges.$$" >/dev/null
