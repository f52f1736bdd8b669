#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/bench.sh [MAKE-ARGUMENT...]
#
# Builds the library in build/bench and runs make bench there, with the
# arguments, such as BENCH_REPETITIONS=9. On Debian it first installs the packages
# that are missing. It prints the table last. results.json and the data of the chart
# are in build/bench/bench. `make -C build/bench bench-chart` draws the chart.
set -eu

case ${1-} in
-h | --help)
  sed -n '4,/^set /{/^set /d;s/^# \{0,1\}//p;}' "$0"
  exit 0 ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/prepare.sh
. "$top/scripts/prepare.sh"
install_packages g++ gcc make autoconf automake libtool pkg-config \
  libbenchmark-dev libffi-dev libboost-context-dev gnuplot-nox
make_configure

mkdir -p "$top/build/bench"
cd "$top/build/bench"
{ "$top/configure" --without-check && make -j "$(nproc 2>/dev/null || echo 1)" && make bench/bench; } \
  >build.log 2>&1 || {
  tail -n 40 build.log
  exit 1
}
exec make --no-print-directory bench "$@"
