#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/platforms.sh
#
# Writes docs/platforms.md from the results of the ports in build/check/platforms, and prints
# its table. `make check-ports` calls it at its end.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."

{
  cat <<'END'
<!-- SPDX-License-Identifier: BSD-3-Clause -->
<!-- Written by `scripts/platforms.sh`, as `make check-ports` does at its end. -->
# Platforms

`make check-ports` builds every port and runs the suite on it. `scripts/check.sh PORT` does
this for one port. Each row is the last run of a port:

| platform | built by | executed | passed | failed | skipped | on |
|---|---|---|---:|---:|---:|---|
END
  sort build/check/platforms/*
  cat <<'END'

A test is skipped if its claim does not apply to the platform, or cannot be tested there.
The run prints each skipped test with its reason. Tests of the classic face exist on amd64
and 386 only. [porting.md](porting.md) says how to add a platform.
END
} >docs/platforms.md
sed -n '/^|/p' docs/platforms.md
