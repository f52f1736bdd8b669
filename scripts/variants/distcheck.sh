#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# distcheck: make distcheck
#
# Checks that the release is complete, and that it builds, installs and uninstalls from a
# read-only source tree. Of the suite, it runs the scripts, which read files of the tree, and
# a few smoke tests; not those of other languages, whose tools write beside the sources, nor
# two that take minutes and need no file that others do not. With WHOLE=yes it runs the whole
# suite.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs gdb

enter distcheck
step 'distcheck: configure' "$top/configure" || exit 0
set -- TESTS_ENVIRONMENT=CCACHE_DISABLE=1
test "${WHOLE:-}" = yes || set -- "$@" TESTS="\$(filter-out tests/hosts/% tests/object/rust.sh tests/object/zig.sh \
  tests/go/libcgo-go.sh tests/object/gdb-script.sh,\
\$(tests_scripts) \$(tests_once)) tests/ports/crossing tests/kit/runtime \
  tests/classic/threads-static tests/kit/two-runtimes"
LIBCGO_TEST_THREADS=5000 LIBCGO_TEST_CALLBACKS=200000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS
step 'make distcheck' make distcheck V=0 -j "$jobs" "$@" || true
if grep -q '^PASS: ' step.log; then
  count 'the suite inside distcheck' step.log
fi
