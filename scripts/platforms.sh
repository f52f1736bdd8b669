#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/platforms.sh
#
# Writes docs/platforms.md, of the results that the ports have left in build/check/platforms,
# and prints its table. `make check-ports` calls it at its end.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."

{
  cat <<'END'
<!-- SPDX-License-Identifier: BSD-3-Clause -->
<!-- Written by `scripts/platforms.sh`, as `make check-ports` does at its end. -->
# Platforms

`make check-ports` builds each port and runs the one suite on it; `scripts/check.sh PORT`
does so for one. A row is the last run of its port:

| platform | built by | executed | passed | failed | skipped | on |
|---|---|---|---:|---:|---:|---|
END
  sort build/check/platforms/*
  cat <<'END'

Skipped: a test's claim does not apply to the platform, or cannot be seen there; the
run prints each with its reason. The classic face, which exists for amd64 and 386, has
a third of the tests. How to add a platform: [porting.md](porting.md).
END
} >docs/platforms.md
sed -n '/^|/p' docs/platforms.md
