#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What distributions check, but for what needs a chroot or a suite of its own. Needs root.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs build-essential debhelper fakeroot pkgconf systemtap-sdt-dev git xz-utils lintian blhc \
  devscripts abigail-tools diffoscope-minimal locales-all cmake meson ninja-build

if ! test -f "$top/debian/control" || test "$(id -u)" != 0; then
  skip 'distro: it needs root, and debian/, which a release has not'
  exit 0
fi
enter distro
"$top/scripts/distro.sh" lintian blhc hardening abi reproducible consumers >distro.log 2>&1 || true
cat distro.log
sed -n 's/^\([a-z]*: \)passed: /PASS: \1/p; s/^\([a-z]*: \)FAILED: /FAIL: \1/p
  s/^\([a-z]*: \)skipped: /SKIP: \1/p' distro.log >results
tail -n 1 distro.log | grep -q '^[0-9]* passed, [0-9]* failed$' ||
  echo 'ERROR: scripts/distro.sh did not come to its end' >>results
count 'what distributions check' results
