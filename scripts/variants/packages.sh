#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# dpkg-buildpackage and lintian, from a copy: the build is in the source tree. Its suite
# is that of the variant native, and runs here with WHOLE=yes.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs gdb build-essential debhelper fakeroot lintian pkgconf systemtap-sdt-dev

if ! test -f "$top/debian/control"; then
  skip 'packages: a release has no debian/'
  exit 0
fi
enter packages
mkdir libcgo
(cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) |
  (cd libcgo && tar -xf -)
cd libcgo
rm -f configure
test "${WHOLE:-}" = yes || export DEB_BUILD_OPTIONS="nocheck parallel=$jobs"
step 'dpkg-buildpackage' dpkg-buildpackage -us -uc -b || exit 0
step 'lintian: no error, no warning' lintian --fail-on error,warning \
  --allow-root ../libcgo_*.changes || true
