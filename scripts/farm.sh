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
# Needs root, for what it takes away. Fails if one of them does.
# shellcheck disable=SC2016 # what is in quotes is for the shell inside
set -eu
# The cache is not the other user's.
LC_ALL=C LIBCGO_TEST_THREADS=5000 CCACHE_DISABLE=1
export LC_ALL LIBCGO_TEST_THREADS CCACHE_DISABLE

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/prepare.sh
. "$top/scripts/prepare.sh"
mkdir -p "$1"
work=$(cd "$1" && pwd)
rm -rf "$work/source" "$work/plain" "$work/bare"
mkdir -p "$work/plain/tmp" "$work/bare"
copy_tree "$work/source"
(cd "$work/source" && autoreconf -fi >"$work/autoreconf.log" 2>&1)
chmod -R a-w,a+rX "$work/source"
# Root may write anywhere, but not into what is mounted read-only.
chown -R nobody "$work/plain"
chmod a+x "$work"

# in_farm DIRECTORY COMMAND...: builds there and runs the suite, below COMMAND.
in_farm() {
  cd "$1"
  shift
  unshare --mount --net sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' \
    "$work/source" "$@" setsid -w sh -c '"$0/configure" >configure.log && make V=0 >make.log && eval "$CHECK"' \
    "$work/source" </dev/null 2>&1
}
status=0
CHECK='make -k check V=0' in_farm "$work/plain" setpriv --reuid=nobody --regid=nogroup --clear-groups \
  env HOME=/nonexistent TMPDIR="$work/plain/tmp" taskset -c 0 nice -n 10 || status=1
CHECK='mount -t tmpfs none /proc && test ! -e /proc/self && make -k check V=0 -j 8' \
  in_farm "$work/bare" || status=1
exit $status
