#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# faults: seeds each defect and sees its test fail
#
# PARTS and FAULTS choose among the seeds: see tests/support/faults.sh.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2046
needs qemu-user clang lld llvm python3-venv gdb g++-mingw-w64-x86-64 g++-mingw-w64-i686 wine wine64 \
  $(awk '/^[a-z0-9]/ { printf "g++-%s ", $3; for (i = 5; i <= NF; i++) printf "%s ", $i }' "$top/scripts/ports")

enter faults
"$top/tests/support/faults.sh" "$PWD" >faults.log 2>&1 || true
count_tap 'seeded faults' faults.log
