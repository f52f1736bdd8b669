#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154
#
# Go without libcgo, and with it: builds the same programs twice, runs them in turn,
# and prints a table of medians and their ratio. make bench-go calls it; GO names the
# go command. docs/go-benchmarks.md says how to read it.
set -eu

: "${GO:=go}"
: "${BENCH_GO_REPETITIONS:=11}"
here=$(cd "$top_srcdir/bench/go" && pwd)
build=$(cd "$top_builddir" && pwd)
work=$build/bench/go-results
LIBCGO_GO_SHIM=$top_srcdir/src/go/shim.c
PKG_CONFIG_PATH=$build${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$build/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false"
export GO LIBCGO_GO_SHIM PKG_CONFIG_PATH LD_LIBRARY_PATH GOFLAGS
unset CFLAGS CXXFLAGS

command -v "$GO" >/dev/null || {
  echo "make bench-go needs a go command (Debian: golang-go); GO names it" >&2
  exit 1
}
rm -rf "$work"
mkdir -p "$work"

go_of() { # stock | libcgo
  if test "$1" = stock; then
    shift
    (cd "$here" && "$GO" "$@")
  else
    shift
    (cd "$here" && "$build/tools/libcgo-go" "$@")
  fi
}

for kind in stock libcgo; do
  go_of $kind build -o "$work/bench-$kind" .
  go_of $kind build -buildmode=c-archive -o "$work/lib-$kind.a" ./lib
  libs=
  test $kind = stock || libs="-L$build/.libs -lcgo"
  gcc -O2 "$here/host/host.c" "$here/c.c" "$work/lib-$kind.a" $libs -pthread -o "$work/host-$kind"
done

# On one processor, where that can be had: two would add the way between them.
pinned=
if taskset -c 0 true 2>/dev/null; then
  pinned='taskset -c 0'
fi

# The C half compiled again, for the program with it: new flags, so nothing is in
# Go's cache.
build_time() { # KIND NUMBER
  CGO_CFLAGS="-O2 -g -DBENCH_RUN=$$$2"
  export CGO_CFLAGS
  go_of $1 build -p 1 -o "$work/cold" .
  # The processor time of what this shell has waited for: minutes and seconds, in
  # the second line.
  times >"$work/times"
  awk 'NR == 2 { gsub(/[ms]/, " "); t = $1 * 60 + $2 + $3 * 60 + $4
    printf "build of a program with the C half\t%.0f\n", t * 1e9 }' "$work/times"
}

repetition=0
while test $repetition -lt "$BENCH_GO_REPETITIONS"; do
  # Each comes first as often as the other.
  case $((repetition % 2)) in
  0) kinds='stock libcgo' ;;
  *) kinds='libcgo stock' ;;
  esac
  for program in bench host; do
    for kind in $kinds; do
      $pinned "$work/$program-$kind" | sed "s/^/$kind	/" >>"$work/results.tsv"
    done
  done
  if test $((repetition % 3)) = 0; then
    for kind in $kinds; do
      (build_time $kind $repetition) | sed "s/^/$kind	/" >>"$work/results.tsv"
    done
  fi
  repetition=$((repetition + 1))
done

# Medians, lowest - highest, and the ratio, in the order of the first run.
{
  echo "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
    "$(nproc) processors${pinned:+, pinned to one}; $("$GO" env GOVERSION)," \
    "Linux $(uname -r | sed "s,-.*,,"), $(uname -m); median of $BENCH_GO_REPETITIONS runs in turn"
  echo
  awk -F '\t' '
    !($2 in seen) { seen[$2] = 1; order[++names] = $2 }
    { n[$1, $2]++; x[$1, $2, n[$1, $2]] = $3 }
    function sorted(kind, name,  i, j, t, k) {
      k = n[kind, name]
      for (i = 2; i <= k; i++)
        for (j = i; j > 1 && x[kind, name, j - 1] + 0 > x[kind, name, j] + 0; j--) {
          t = x[kind, name, j]
          x[kind, name, j] = x[kind, name, j - 1]
          x[kind, name, j - 1] = t
        }
      return x[kind, name, int((k + 1) / 2)]
    }
    function range(kind, name) {
      return sprintf("%.0f - %.0f", x[kind, name, 1], x[kind, name, n[kind, name]])
    }
    END {
      print "| nanoseconds | without libcgo | from - to | with libcgo | from - to | ratio |"
      print "|---|---:|---:|---:|---:|---:|"
      for (i = 1; i <= names; i++) {
        name = order[i]
        a = sorted("stock", name)
        b = sorted("libcgo", name)
        printf "| %s | %.0f | %s | %.0f | %s | " (b / a < 0.1 ? "%.4f" : "%.2f") " |\n",
          name, a, range("stock", name), b, range("libcgo", name), b / a
      }
    }' "$work/results.tsv"
} | tee "$work/table.md"
