#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# go: Go's own tests of runtime/cgo, stock and on libcgo, a few minutes of make check-go
#
# It uses the Go that is installed.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
if command -v go >/dev/null; then needs python3; else needs python3 golang-go; fi

build go || exit 0
GO=$(command -v go) CHECK_GO_SUITES='runtime/cgo|os/user|net|test:(auto|internal|external)|tracebacks' \
  CHECK_GO_JOBS=$jobs make -s check-go >check-go.log 2>&1 || true
cat check-go.log
# What fails on stock, too, says nothing of the library.
awk -F '\t' '
  $5 == "pass" || $5 == "flaky" { print "PASS: " $2 " " $3; next }
  $5 == "skip" && $4 == "skip" { next }
  $4 == "pass" || $5 == "fail" && ($4 == "skip" || $4 == "absent") { print "FAIL: " $2 " " $3; next }
  { print "SKIP: " $2 " " $3 " (stock: " $4 ")" }' check-go.work/results.tsv >results
grep -q '^PASS: ' results || echo 'ERROR: no test of Go ran' >>results
test ! -e check-go.work/wrong-half ||
  echo 'ERROR: a program had the C half of the other side' >>results
count "Go's own tests" results
