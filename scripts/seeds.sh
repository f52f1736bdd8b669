#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/seeds.sh
#
# Says which seeds (see tests/support/faults.sh) no longer change the file that they are
# for: the code has been rewritten since. Runs no test, and takes some seconds.
set -eu
case ${1-} in
-h | --help)
  sed -n '4,/^set /{/^set /d;s/^# \{0,1\}//p;}' "$0"
  exit 0 ;;
esac
cd "$(dirname "$0")/.."
# Which of them are for some ports only is said by words that faults.sh has. The shell that
# reads this file does not see where they are used.
# shellcheck disable=SC2034
triplet=arm-linux-gnueabihf os='' cpu=''
n=0 idle=0

# seed NAME FILE SED-EXPRESSION
seed() {
  n=$((n + 1))
  if sed "$3" "$2" | cmp -s - "$2"; then
    idle=$((idle + 1))
    echo "$1: $2: nothing is changed by $3"
  fi
}

# fault TEST NAME FILE SED-EXPRESSION [FILE SED-EXPRESSION]
fault() {
  label="$1 $2"
  shift 2
  while test $# -gt 0; do
    seed "$label" "$1" "$2"
    shift 2
  done
}

# unbuildable TARGET NAME FILE SED-EXPRESSION
unbuildable() { seed "$2" "$3" "$4"; }

for seeds in tests/*/*.faults tests/ports/arch/*.faults; do
  # shellcheck disable=SC1090
  . "./$seeds"
done
for cpu in amd64 arm64 386; do
  # shellcheck source=tests/ports/emulated/darwin.faults
  . ./tests/ports/emulated/darwin.faults
  for os in freebsd netbsd openbsd; do
    # shellcheck source=tests/ports/emulated/bsd.faults
    . ./tests/ports/emulated/bsd.faults
  done
done
echo "$n seeds, of which $idle change nothing"
test "$n" -gt 0 && test "$idle" = 0
