#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Stands before Go's linker, real/link beside it, in the trees that scripts/check-go.py makes,
# and notes in links.tsv, beside the tree, which C half of runtime/cgo is in what was linked.
#
# It is known by its symbols, which a stripped program has for its dynamic linking: what
# libcgo's shim calls, and crosscall2, which is Go's assembly in each program with cgo. In a
# static, stripped program, by a text of libcgo's.
here=${0%/*}
"$here/real/link" "$@" || exit
output=
while test $# -gt 0; do
  case $1 in
  -o) output=$2 ;;
  -o=*) output=${1#-o=} ;;
  esac
  shift
done
test -f "$output" || exit 0
if LC_ALL=C grep -a -q 'libcgo_go_init\|build the program again with libcgo-go' "$output"; then
  half=libcgo
elif LC_ALL=C grep -a -q -w crosscall2 "$output"; then
  half=stock
else
  half=none
fi
printf '%s\t%s\n' "$half" "$output" >>"$here/../../../../links.tsv"
