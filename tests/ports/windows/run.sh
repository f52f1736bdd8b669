#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/ports/windows/run.sh PROGRAM...: runs a program of the build, below which this is
# called, by wine. What libtool puts in its place is for a Windows with a shell.
program=$1
shift
real=$(dirname "$program")/.libs/$(basename "$program")
test -f "$real" || real=$program
WINEPATH="$PWD/.libs;$PWD/tests/.libs" exec timeout -k 1 "${WINE_SECONDS:-600}" \
  wine "$real" "$@"
