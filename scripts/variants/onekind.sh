#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# onekind: --disable-shared and --disable-static
#
# With the shared library alone, the programs are the same as in native, so only a few of
# them run. With WHOLE=yes all run.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs gdb

LIBCGO_TEST_THREADS=5000 LIBCGO_TEST_CALLBACKS=200000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS
for kind in shared static; do
  build no-$kind --disable-$kind || continue
  set --
  test "$kind${WHOLE:-}" != static ||
    set -- TESTS="\$(tests_scripts) tests/ports/crossing tests/kit/runtime tests/kit/two-runtimes tests/kit/unload"
  suite "without $kind" -j "$jobs" "$@"
  installed "without $kind"
done
