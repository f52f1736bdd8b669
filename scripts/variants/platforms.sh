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

`make check-ports` builds each port and runs the one suite on it; `scripts/check.sh PORT`
does so for one. A row is the last run of its port:

| platform | built by | executed | passed | failed | skipped | on |
|---|---|---|---:|---:|---:|---|
END
  sort "$top"/build/check/platforms/* |
    awk -F '\t' '{ print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " | " $6 " | " $7 " |" }'
  cat <<'END'

Skipped: a test's claim does not apply to the platform, or cannot be seen there; the
run prints each with its reason. The classic face, which exists for amd64 and 386, has
a third of the tests. How to add a platform: [porting.md](porting.md).
END
} >"$top/docs/platforms.md"
sed -n '/^|/p' "$top/docs/platforms.md"
