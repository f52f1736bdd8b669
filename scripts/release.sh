#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/release.sh TAG DIRECTORY
#
# Makes the release tarball of a tag of this checkout, vVERSION, and its checksum.
# The same tag and the same autotools give the same bytes: all files have the time
# of the tag, and nothing of the machine is in the tarball. See docs/release.md.
set -eu

test $# = 2 || {
  sed -n '3,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
top=$(cd "$(dirname "$0")/.." && pwd)
tag=$1 version=${1#v}
mkdir -p "$2"
out=$(cd "$2" && pwd)

fail() {
  echo "release: $*" >&2
  exit 1
}

git -C "$top" rev-parse -q --verify "refs/tags/$tag" >/dev/null ||
  fail "there is no tag '$tag'; make it: git tag -s $tag"
SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct "$tag^{commit}")
export SOURCE_DATE_EPOCH
LC_ALL=C TZ=UTC
export LC_ALL TZ
# What the tarball is configured with does not matter, but configure has to run.
unset CC CXX CPPFLAGS CFLAGS CXXFLAGS LDFLAGS
umask 022

# Not in /tmp, from which a system may start no program.
work=$(mktemp -d "$out/.release.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/source" "$work/build"
git -C "$top" archive --format=tar "$tag" | tar -xf - -C "$work/source"

"$work/source/scripts/versions.sh" "$version" || fail "the versions disagree"
! sed -n '3p' "$work/source/NEWS" | grep -q 'not yet released' ||
  fail "NEWS calls $version not yet released"

cd "$work/source"
autoreconf -fi >"$work/log" 2>&1 || {
  cat "$work/log"
  fail "autoreconf failed"
}
cd "$work/build"
TAR_OPTIONS="--sort=name --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner
  --mode=u+rw,go+r,go-w"
export TAR_OPTIONS
XZ_OPT='-6 -T1'
export XZ_OPT
{ "$work/source/configure" && make dist; } >"$work/log" 2>&1 || {
  tail -n 20 "$work/log"
  fail "make dist failed"
}
mv "libcgo-$version.tar.xz" "$out" || fail "make dist made no libcgo-$version.tar.xz"
cd "$out"
sha256sum "libcgo-$version.tar.xz" >SHA256SUMS
sed "s/@VERSION@/$version/; s/@SHA256@/$(sed 's/ .*//' SHA256SUMS)/" \
  "$work/source/packaging/libcgo.wrap.in" >libcgo.wrap
cat SHA256SUMS
