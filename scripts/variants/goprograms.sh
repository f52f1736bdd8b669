#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# goprograms: Go programs on libcgo, a selection of make check-go-programs
#
# It leaves out large modules, and modes for which Go builds its whole library again.
# GO_MODES and GO_MODULES choose others.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs golang-go liblua5.1-0-dev softhsm2

build goprograms || exit 0
make check-go-programs \
  GO_MODES="${GO_MODES:-auto external static pie c-shared c-archive}" \
  GO_MODULES="${GO_MODULES:-golua pkcs11}" >go.log 2>&1 || true
count_tap goprograms go.log
