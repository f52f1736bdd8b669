#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/ports/windows/run.sh PROGRAM...: runs a program of the build, below which this is
# called, by wine. What libtool puts in its place is for a Windows with a shell.
#
# The outputs are files: wine's services have them, too, and who reads a pipe to its end would
# wait for those.
program=$1
shift
real=$(dirname "$program")/.libs/$(basename "$program")
test -f "$real" || real=$program
output=$(mktemp "${TMPDIR:-/tmp}/libcgo-wine.XXXXXX") || exit 1
trap 'cat "$output"; cat "$output.err" >&2; rm -f "$output" "$output.err"' EXIT
trap 'exit 1' HUP INT TERM
WINEPATH="$PWD/.libs;$PWD/tests/.libs" timeout -k 1 "${WINE_SECONDS:-600}" \
  wine "$real" "$@" >"$output" 2>"$output.err"
