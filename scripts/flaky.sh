#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/flaky.sh [SERIES...]
#
# Runs the whole suite of the build directory, the current one, again and again: a test that
# fails now and then is wrong, or the library is. make check-flaky RUNS=n calls it. A series is
# one of
#
#   busy    RUNS times beside eight busy loops, eight tests at a time: they get half of the CPUs
#   j1 j8   EACH times (5, or RUNS if that is less) with that many tests at a time,
#   one-cpu on one CPU,
#   nice    at nice 19,
#   user    as a user without privileges, where root runs this. The others are as who runs it
#
# CHECK_ARGS='TESTS=tests/kit/thread' chooses tests; it goes to make. FLAKY_LOOPS=no starts no
# loops: those of another flaky.sh, in another build directory, serve this one too.
#
# The log of each failed test is kept in flaky.logs. A line for each series is appended to the
# table of docs/reliability.md, unless FLAKY_TABLE=no. A series that is interrupted (^C, SIGTERM)
# gets a line of the runs that have ended.
set -eu
LC_ALL=C
export LC_ALL
top=$(cd "$(dirname "$0")/.." && pwd)
runs=${RUNS:-30}
each=${EACH:-5}
test "$each" -le "$runs" || each=$runs
cpus=$(nproc)
first_cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
who=$(id -un)
test -f Makefile || { echo "$0: this is no build directory" >&2; exit 2; }

# The tests' time limits are for what hangs. Here all of it takes long, so they are ten times
# as long.
mkdir -p flaky.bin
cat >flaky.bin/timeout <<END
#!/bin/sh
# timeout [-k SECONDS] SECONDS COMMAND...
test "\$1" != -k || { kill="-k \$2" && shift 2; }
limit=\$1 && shift
exec $(command -v timeout) \${kill:-} \$((limit * 10)) "\$@"
END
chmod +x flaky.bin/timeout
PATH=$PWD/flaky.bin:$PATH
export LIBCGO_TEST_SECONDS=3000

# What must not outlive this: the loops, and what runs the suite. The loops end also by
# themselves when this is killed.
loops='' suite='' given=''
stop_loops() {
  # shellcheck disable=SC2086 # numbers
  test -z "$loops" || kill $loops 2>/dev/null || true
  loops=
}
start_loops() {
  test "${FLAKY_LOOPS:-}" != no || return 0
  for _ in 1 2 3 4 5 6 7 8; do
    while kill -0 $$; do :; done 2>/dev/null </dev/null &
    loops="$loops $!"
  done
}
# Files that a user without privileges writes belong to that user meanwhile.
give_to() {
  chown -R "$1" .
  given=$1
  test "$1" != "$who" || given=
}
finish() {
  trap - EXIT
  stop_loops
  test -z "$suite" || kill -- "-$suite" 2>/dev/null || true
  test -z "$given" || give_to "$who"
}
trap finish EXIT
interrupted() {
  finish
  row
  tell
  exit 1
}
trap interrupted HUP INT TERM

# run_suite N COMMAND...: make check with N tests at a time. In a session of its own, so that
# all of it can be ended.
run_suite() {
  jobs=$1
  shift
  touch flaky.begin
  # shellcheck disable=SC2086 # words
  setsid "$@" make -k -s check -j "$jobs" ${CHECK_ARGS:-} >flaky.out 2>&1 </dev/null &
  suite=$!
  wait $suite || true
  suite=
  find . -name '*.trs' -newer flaky.begin | sed 's|^\./||' | sort >flaky.ran
}

# The line of a series.
row() {
  test "$done_runs" != 0 || return 0
  failures=$(sort flaky.failed | uniq -c | awk '{ printf "%s`%s` %d times", (NR > 1 ? ", " : ""), $2, $1 }')
  echo "| $(date -u +%Y-%m-%d) | $(describe "$name") | $done_runs | $results | ${failures:-none} |" >>flaky.table
  done_runs=0
}
# The lines, here and in the documentation.
tell() {
  cat flaky.table
  test "${FLAKY_TABLE:-}" = no || test ! -s flaky.table || "$top/scripts/reliability.sh" flaky <flaky.table
}

# series NAME RUNS N COMMAND...
series() {
  name=$1 many=$2
  shift 2
  : >flaky.failed
  done_runs=0 results=0
  while test $done_runs -lt "$many"; do
    run_suite "$@"
    done_runs=$((done_runs + 1))
    if test ! -s flaky.ran; then
      echo "the-suite-did-not-run" >>flaky.failed
      tail -n 20 flaky.out
    fi
    while read -r file; do
      results=$((results + $(grep -c '^:test-result: ' "$file" || true)))
      grep -q '^:test-result: \(FAIL\|ERROR\|XPASS\)' "$file" || continue
      sed -n 's/^not ok [0-9]* - \([^ ]*\).*/\1/p' "${file%.trs}.log" |
        sed "s|^|${file%.trs}:|" >flaky.these
      test -s flaky.these || echo "${file%.trs}" >flaky.these
      cat flaky.these >>flaky.failed
      mkdir -p "flaky.logs/$name-$done_runs"
      cp "${file%.trs}.log" "flaky.logs/$name-$done_runs/$(echo "${file%.trs}" | tr / -).log"
    done <flaky.ran
    echo "$name: run $done_runs of $many, $(wc -l <flaky.failed) failures so far"
  done
  row
}
describe() {
  case $1 in
  busy) echo "\`-j8\` beside eight busy loops, $cpus CPUs" ;;
  j1 | j8) echo "\`-j${1#j}\`, $cpus CPUs" ;;
  one-cpu) echo "one CPU" ;;
  nice) echo "\`nice 19\`, $cpus CPUs" ;;
  user) echo "as a user without privileges" ;;
  esac
}

: >flaky.table
done_runs=0
for wanted in "${@:-busy}"; do
  case $wanted in
  busy)
    start_loops
    series busy "$runs" 8 env
    stop_loops ;;
  j1 | j8) series "$wanted" "$each" "${wanted#j}" env ;;
  one-cpu) series one-cpu "$each" 1 taskset -c "$first_cpu" ;;
  nice) series nice "$each" "$cpus" nice -n 19 ;;
  user)
    if test "$(id -u)" != 0; then
      echo 'user: all series are as a user without privileges'
      continue
    fi
    lower="setpriv --reuid=nobody --regid=nogroup --clear-groups"
    # shellcheck disable=SC2086 # words
    if ! $lower test -r "$top/configure.ac" || ! $lower test -x "$PWD"; then
      echo "user: skipped, nobody cannot read $top"
      continue
    fi
    give_to nobody
    # A compiler's cache belongs to who runs this.
    # shellcheck disable=SC2086 # words
    series user "$each" "$cpus" $lower env HOME="$PWD" CCACHE_DISABLE=1
    give_to "$who" ;;
  *)
    echo "$0: there is no series $wanted" >&2
    exit 2 ;;
  esac
done
tell
rm -rf flaky.bin flaky.begin flaky.ran flaky.these flaky.failed flaky.out
! grep -v '| none |$' flaky.table
