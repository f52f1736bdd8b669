#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# darwin: amd64, arm64 and 386 for Darwin, executed on an emulated CPU
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/darwin.sh
. "$top/scripts/darwin.sh"
needs clang lld llvm python3-venv

if ! darwin_tools; then
  skip 'darwin: the Python packages ziglang, unicorn and lief are not to be had'
  exit 0
fi
for cpu in amd64 arm64 386; do
  enter darwin-$cpu
  step "darwin $cpu: configure" darwin_configure "$top" $cpu || continue
  step "darwin $cpu: make" make V=0 -j "$jobs" libcgo.la || continue
  emulated "darwin $cpu" ZIG="$darwin/zig"
  record "Darwin, $cpu" "clang $(clang -dumpversion), Zig's linker" \
    "Unicorn, an emulator, with a model of libSystem"
done
