#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/html.sh SOURCE DIRECTORY
#
# Makes the manual in HTML from README.md, the guides in docs/ and the pages in man/. `make
# html` calls it. MANDOC, CMARK and PYTHON3 name the programs that it needs.
set -eu

: "${MANDOC:=mandoc}" "${CMARK:=cmark-gfm}" "${PYTHON3:=python3}"
export MANDOC CMARK
missing=
for program in "$MANDOC" "$CMARK" "$PYTHON3"; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
test -z "$missing" || {
  echo "make html needs what is not here:$missing" >&2
  echo "Debian has it: apt-get install mandoc cmark-gfm python3" >&2
  exit 1
}
"$PYTHON3" "$(dirname "$0")/manual.py" "$1" "$2"
echo "the manual: $(cd "$2" && pwd)/index.html"
