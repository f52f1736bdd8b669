#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/bench-instructions.sh BENCH [REGEX]
#
# Counts, with callgrind, how many instructions one iteration of a call benchmark
# takes. BENCH is the program (build/bench/bench/bench). REGEX chooses benchmarks
# by their titles. The counts are exact, and the same on every machine that has the
# same compiler. They include the loop, and so does the baseline. Benchmarks that
# switch stacks are left out: callgrind takes a switch for a return, and loses count.
set -eu

bench=$1
titles=${2:-'indirect|crosscall|^libcgo_callback|^libcgo_call_on_system, system|^libcgo_safepoint|^libcgo_callback, world|^libcgo_stack_bounds, later|^libcgo_handle_get, of|^libffi|^array read, of'}
iterations=8000 # the loop's, at all its places

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

printf '| %-40s | %12s |\n|-%s-|-%s:|\n' calls instructions \
  ---------------------------------------- ------------
"$bench" --benchmark_list_tests --benchmark_filter='^call/' | sed 's|^call/||; s|/iterations:.*||' |
  grep -E "$titles" | while IFS= read -r title; do
  # The dollar is sed's.
  # shellcheck disable=SC2016
  pattern=$(printf '%s' "$title" | sed 's|[].[+*^$(){}]|\\&|g')
  LIBCGO_BENCH_ITERATIONS=$iterations LIBCGO_BENCH_OUT=$out \
    valgrind --tool=callgrind --callgrind-out-file="$out/callgrind" \
    --toggle-collect='*call_often*' "$bench" --benchmark_filter="^call/$pattern(/|$)" \
    >/dev/null 2>"$out/log" || { cat "$out/log" >&2; exit 1; }
  sed -n 's/.*Collected : //p' "$out/log" |
    awk -v title="$title" -v n=$iterations '{ printf "| %-40s | %12.1f |\n", title, $1 / n }'
done
