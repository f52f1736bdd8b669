#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# docs/platforms.md, of the results that the ports have recorded.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs

{
  cat <<'END'
<!-- SPDX-License-Identifier: BSD-3-Clause -->
<!-- Written by `scripts/check.sh platforms`, as `make check-ports` does at its end. -->
# Platforms

`make check-ports` builds every port and runs the suite on it. `scripts/check.sh PORT` does
this for one port. Each row is the last run of a port:

| platform | built by | executed | passed | failed | skipped | on |
|---|---|---|---:|---:|---:|---|
END
  sort "$top"/build/check/platforms/* |
    awk -F '\t' '{ print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " | " $6 " | " $7 " |" }'
  cat <<'END'

A test is skipped if its claim does not apply to the platform, or cannot be tested there.
The run prints each skipped test with its reason. A third of the tests are for the classic
face, which exists on amd64 and 386 only. [porting.md](porting.md) says how to add a
platform.
END
} >"$top/docs/platforms.md"
sed -n '/^|/p' "$top/docs/platforms.md"
