#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/mini-debuginfo.sh UNSTRIPPED STRIPPED
#
# gdb follows a call from one stack to another only where it finds the local
# symbol __morestack (src/arch/*.S), which strip removes. This script puts it back,
# in .gnu_debugdata, the section in which gdb looks for such symbols. That is some 700
# bytes, which no program loads. Packagers run it after they have stripped libcgo.so.
set -eu

objcopy=${OBJCOPY:-objcopy}
symbols=$(mktemp)
trap 'rm -f "$symbols" "$symbols.xz"' EXIT

$objcopy --only-keep-debug "$1" "$symbols"
$objcopy --strip-all --keep-symbol=__morestack "$symbols"
xz --compress --keep "$symbols"
$objcopy --remove-section=.gnu_debugdata \
  --add-section ".gnu_debugdata=$symbols.xz" "$2"
