#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/check.sh [VARIANT...]
#
# Builds the library from this checkout and runs its tests, each variant in a directory of its
# own under build/check. A variant is a file in scripts/variants. The default is native. On
# Debian the script first installs the packages that are missing, if it may (300 MB for
# native). Tests that need a missing program are skipped. As many variants run at a time as
# there are CPUs, and one more, because each waits now and then. The output of each is in
# build/check/VARIANT.log, and is printed when the variant ends. The last line is
# "N passed, M failed", counted from what ran.
#
#   WHOLE=yes          run the whole suite in each variant; otherwise tests that do not depend
#                      on the variant run in native only
#   CHECK_AT_ONCE=N    run N variants at a time
#   CHECK_MINUTES=N    end a variant that takes longer, and say what still ran in it; 40, or
#                      with WHOLE=yes 400
#
# shellcheck disable=SC2016,SC2046,SC2086,SC2091 # words
set -eu
LC_ALL=C
export LC_ALL
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/prepare.sh
. "$top/scripts/prepare.sh"
rows() { awk '/^[a-z0-9]/ { printf "%s ", $1 }' "$top/scripts/$1"; }
cross=$(rows ports)
zig=$(rows zig-ports)
ports="native ${cross}darwin musl ${zig}windows"
cd "$top/scripts/variants"
others=$(sed -n '4s/^# \([a-z]*\): .*/\1/p' -s ./*.sh | tr '\n' ' ')

usage() {
  sed -n '4,/^# shell/{/^# shell/d;s/^# \{0,1\}//p;}' ../check.sh
  sed -n '4s/^# \([a-zA-Z]*: .*\)/  \1/p' -s ./*.sh
  printf '  %s\n' 'PORT-short: a selection of the tests of either' \
    "ports, with the whole suite: $ports" 'all: these, and all variants but systems'
  exit "$1"
}

# command_of VARIANT: the words of its command.
command_of() {
  case " $cross" in *" ${1%-short} "*) set -- cross "$1" ;; esac
  case " $zig" in *" ${1%-short} "*) set -- zig "$1" ;; esac
  echo "./$1.sh ${2-}"
}

# end_late VARIANT: a variant has taken too long. What is left of it is named, and ends; of a
# test program it is shown where it is.
end_late() {
  for process in /proc/[0-9]*; do
    grep -qzx "CHECK_VARIANT=$1" "$process/environ" || continue
    echo "still there: $(tr '\0' ' ' <"$process/cmdline" | cut -c 1-300)"
    case $(readlink "$process/exe") in "$top/build/"*)
      timeout -k 1 30 gdb -batch -nx -p "${process#/proc/}" -ex 'thread apply all backtrace' </dev/null ;;
    esac
    kill -s KILL "${process#/proc/}"
  done 2>/dev/null
  echo "$1 took more than $minutes minutes"
  echo "0 passed, 1 failed"
}

# run VARIANT: its output comes at once when it ends; its row of the table.
run() {
  local log=$results/../$1.log row=$results/$1 TIMEFORMAT='%R %U %S'
  flock "$results" echo "started: $1"
  {
    time {
      status=0
      timeout --foreground -k 10 "${minutes}m" env "CHECK_VARIANT=$1" $(command_of "$1") \
        </dev/null || status=$?
      case $status in 124 | 137) end_late "$1" ;; esac
    } >"$log" 2>&1
  } 2>"$row.time"
  flock "$results" sed "1i==== $1" "$log"
  tail -n 2 "$log" | awk -v name="$1" -v seconds="$(cat "$row.time")" '
    / skipped, each with its reason above$/ { skipped = $1 }
    { count = /^[0-9]+ passed, [0-9]+ failed$/ ? $1 " " $3 : "0 1" }
    END {
      split(seconds, s, " ")
      printf "%s %.1f %.1f %s %d\n", name, s[1] / 60, (s[2] + s[3]) / 60, count, skipped
    }' >"$row"
}

variants=
for variant in "${@:-native}"; do
  case $variant in
  -h | --help) usage 0 ;;
  ports) export WHOLE=yes variants="$variants $ports" ;;
  all) variants="$variants $ports ${others/systems/}" ;;
  *)
    case " $cross $zig $others " in *" ${variant%-short} "*) ;; *) usage 2 >&2 ;; esac
    variants="$variants $variant" ;;
  esac
done
variants=$(printf '%s\n' $variants | awk '!seen[$1]++')
case $variants in *$'\n'*) ;; *) exec $(command_of "$variants") ;; esac

# What all of them need, before the first: there is one lock of the packages.
SECONDS=0
install_packages $(for v in $variants; do CHECK_PACKAGES=print $(command_of "$v"); done |
  tr ' ' '\n' | sort -u)
make_configure
prepared=$SECONDS
results=$top/build/check/results
rm -rf "$results"
mkdir -p "$results"
minutes=${CHECK_MINUTES:-$(test "${WHOLE:-}" = yes && echo 400 || echo 40)}
export top cross zig results minutes CHECK_CONFIGURE=made
export -f command_of end_late run

# In a process group of its own, so that it can be ended with all below it.
set -m
xargs -n 1 -P "${CHECK_AT_ONCE:-$(($(nproc 2>/dev/null || echo 1) + 1))}" bash -c 'run "$1"' run <<<"$variants" &
trap 'kill -- -$!; exit 1' HUP INT TERM
wait || true

# What failed, once more: who reads the end alone has it.
for variant in $variants; do
  test "$(cut -d ' ' -f 5 "$results/$variant" 2>/dev/null)" != 0 || continue
  echo "==== of the output of $variant"
  awk '
    /^(FAIL|ERROR|not ok|still there:)|: FAILED$|: no test ran$|ended before its end|took more/ {
      print; left = 12; next
    }
    /^[ #]/ && left > 0 { print; left-- }
    !/^[ #]/ { left = 0 }
  ' "$results/../$variant.log" 2>/dev/null | head -n 60
done

for variant in $variants; do
  cat "$results/$variant" 2>/dev/null || echo "$variant 0 0 0 1 0"
done | awk -v took="$SECONDS" -v prepared="$prepared" '
  function row(a, b, c, d, e, f) { printf "%-14s %8s %8s %8s %8s %8s\n", a, b, c, d, e, f }
  NR == 1 {
    printf "==== minutes, of which this took %.1f and its preparation %.1f\n", took / 60, prepared / 60
    row("VARIANT", "MINUTES", "OF CPU", "PASSED", "FAILED", "SKIPPED")
  }
  { row($1, $2, $3, $4, $5, $6); cpu += $3; passed += $4; failed += $5; skipped += $6 }
  END {
    row("all", "", sprintf("%.1f", cpu), passed, failed, skipped)
    if (skipped) print skipped " skipped, each with its reason above"
    print passed " passed, " failed " failed"
    exit failed != 0
  }'
