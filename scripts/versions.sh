#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/versions.sh [VERSION]
#
# Checks that all files that name the release and the interface agree with configure.ac,
# and with VERSION if it is given. Prints what does not agree.
set -eu
LC_ALL=C
export LC_ALL

top=$(cd "$(dirname "$0")/.." && pwd)
release=$(sed -n 's/^AC_INIT(\[libcgo\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac")
abi=$(sed -n 's/^AC_SUBST(\[LIBCGO_ABI\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac")
# libtool on Linux: the soname has CURRENT - AGE.
current=${abi%%:*} age=${abi##*:}
soname=$((current - age))
bad=0

# agrees WHAT FOUND WANTED: nothing if the file is not here.
agrees() {
  test "$2" = "$3" || {
    echo "$1 has '$2', configure.ac '$3'"
    bad=1
  }
}

test -n "$release" && test -n "$abi"
test $# = 0 || agrees 'the tag' "$1" "$release"
agrees NEWS "$(sed -n '3{s/ .*//;p;}' "$top/NEWS")" "$release"
# A node of the version script is named after a release up to this one.
agrees src/libcgo.map "$(grep -oE '^LIBCGO_[0-9.]+' "$top/src/libcgo.map" | sed 's/LIBCGO_//' |
  sort -V | tail -n 1)" "${release%.*}"
if test -f "$top/debian/changelog"; then
  agrees debian/changelog "$(sed -n '1s/^libcgo (\(.*\)-[^-]*) .*/\1/p' "$top/debian/changelog")" \
    "$release"
  agrees debian/control "$(sed -n 's/^Package: \(libcgo[0-9][0-9]*\)$/\1/p' "$top/debian/control")" \
    "libcgo$soname"
  agrees "debian/libcgo$soname.symbols" \
    "$(sed -n 's/^\(libcgo\.so\.[0-9]*\) .*/\1/p' "$top/debian/libcgo$soname.symbols" 2>/dev/null)" \
    "libcgo.so.$soname"
fi
for spec in "$top"/packaging/*.spec; do
  test ! -f "$spec" || agrees "${spec##*/}" "$(sed -n 's/^Version: *//p' "$spec")" "$release"
done
test ! -f "$top/packaging/APKBUILD" ||
  agrees APKBUILD "$(sed -n 's/^pkgver=//p' "$top/packaging/APKBUILD")" "$release"
test ! -f "$top/packaging/meson/meson.build" || agrees meson.build \
  "$(sed -n "s/.* version: '\([^']*\)'.*/\1/p" "$top/packaging/meson/meson.build" | head -n 1)" "$release"
exit $bad
