#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# windows: cross builds for Windows, amd64 under wine, 386 on an emulated CPU
#
# amd64 runs the suite. For 386, tests/ports/emulated executes the linked library. It needs
# unicorn, a Python package.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs g++-mingw-w64-x86-64 g++-mingw-w64-i686 wine wine64 python3 python3-venv

if build windows-386 --host=i686-w64-mingw32 --without-check; then
  if python_with unicorn; then
    emulated 'windows 386'
  else
    skip 'windows_386.py: no unicorn for Python'
    p=0 f=0 s=1
  fi
  record 'Windows, 386' "$(compiler i686-w64-mingw32-gcc)" 'unicorn: the library alone'
fi

build windows-amd64 --host=x86_64-w64-mingw32 --without-check || exit 0
unset DISPLAY
WINEPREFIX=$PWD/wine WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_CALLBACKS=100000
export WINEPREFIX WINEARCH WINEDEBUG WINEDLLOVERRIDES LIBCGO_TEST_THREADS \
  LIBCGO_TEST_CALLBACKS
# One server for all tests, and with it the services that it starts. Otherwise each test starts
# and ends them; they have the test's output, and one that does not end is waited for.
at_end() { timeout -k 1 30 wineserver -k >/dev/null 2>&1 || true; }
mkdir -p "$WINEPREFIX"
step 'wineserver' timeout -k 1 60 wineserver -p </dev/null || exit 0
step 'wineboot' timeout -k 1 300 wineboot -i </dev/null || exit 0
programs
suite 'windows amd64 under wine' TEST_EMU="$top/tests/ports/windows/run.sh"
record 'Windows, amd64' "$(compiler x86_64-w64-mingw32-gcc)" \
  "$(wine --version 2>/dev/null | sed 's/ .*//')"
