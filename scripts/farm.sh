#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/farm.sh DIRECTORY
#
# Runs the suite as build farms do, each time from a copy of this checkout in DIRECTORY
# that nobody can write to, without a terminal:
#
#   plain   another user than root, no network, one CPU, low priority, TMPDIR elsewhere
#   bare    root, without /proc, many tests at once
#
# Prints the results as automake does. Needs root, for what it takes away.
# shellcheck disable=SC2016 # what is in quotes is for the shell inside
set -eu
LC_ALL=C
export LC_ALL

top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)

test "$(id -u)" = 0 || {
  echo "SKIP: the suite on a build farm # SKIP only root can take network and /proc away"
  exit 0
}
rm -rf "$work/source" "$work/plain" "$work/bare"
mkdir -p "$work/source" "$work/plain/tmp" "$work/bare"
(cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) | tar -xf - -C "$work/source"
(cd "$work/source" && autoreconf -fi >"$work/autoreconf.log" 2>&1)
chmod -R a-w,a+rX "$work/source"
# Root may write anywhere, but not into what is mounted read-only.
chown -R nobody "$work/plain"
chmod a+x "$work"

# in_farm COMMAND...: with the source read-only.
in_farm='mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'

unshare --mount --net sh -c "$in_farm" "$work/source" \
  setpriv --reuid=nobody --regid=nogroup --clear-groups \
  env HOME=/nonexistent TMPDIR="$work/plain/tmp" WORK="$work" LIBCGO_TEST_THREADS=5000 \
  taskset -c 0 nice -n 10 setsid -w sh -c '
    cd "$WORK/plain" && "$WORK/source/configure" >configure.log && make V=0 >make.log &&
      make -k check V=0' </dev/null 2>&1 | sed 's/^\(PASS\|FAIL\|ERROR\|SKIP\): /&plain: /' || true

unshare --mount sh -c "$in_farm" "$work/source" \
  env WORK="$work" LIBCGO_TEST_THREADS=5000 setsid -w sh -c '
    cd "$WORK/bare" && "$WORK/source/configure" >configure.log && make V=0 >make.log &&
      mount -t tmpfs none /proc && test ! -e /proc/self &&
      make -k check V=0 -j 8' </dev/null 2>&1 | sed 's/^\(PASS\|FAIL\|ERROR\|SKIP\): /&bare: /' || true
