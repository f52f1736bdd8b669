#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/consumers.sh DIRECTORY
#
# Installs the library in DIRECTORY, and builds and runs small projects with it: with
# CMake, with Meson and the installed library, and with Meson and the release's wrap.
set -eu
LC_ALL=C
export LC_ALL

top=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$1"
mkdir -p "$1"
work=$(cd "$1" && pwd)
projects=$top/packaging/consumers

# A copy: others may build from the checkout now, and would configure again.
mkdir "$work/build" "$work/source"
(cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) | tar -xf - -C "$work/source"
(cd "$work/source" && autoreconf -fi)
(cd "$work/build" && "$work/source/configure" --prefix="$work/root" --without-check && make && make install &&
  make dist)

called() {
  test "$(timeout -k 1 60 "$1")" = called
}

CMAKE_PREFIX_PATH="$work/root" cmake -S "$projects/cmake" -B "$work/cmake"
cmake --build "$work/cmake"
called "$work/cmake/shared"
called "$work/cmake/static"
readelf -d "$work/cmake/shared" | grep 'NEEDED.*libcgo'
! readelf -d "$work/cmake/static" | grep 'NEEDED.*libcgo' || exit 1
echo 'consumer: CMake'

mkdir "$work/meson"
cp "$projects/meson/meson.build" "$projects/program.c" "$work/meson"
PKG_CONFIG_PATH=$work/root/lib/pkgconfig meson setup "$work/meson/build" "$work/meson"
meson compile -C "$work/meson/build"
called "$work/meson/build/program"
readelf -d "$work/meson/build/program" | grep 'NEEDED.*libcgo'
echo 'consumer: Meson, installed'

mkdir -p "$work/wrap/subprojects/packagefiles"
cp "$projects/meson/meson.build" "$projects/program.c" "$work/wrap"
cp "$work"/build/libcgo-*.tar.xz "$work/wrap/subprojects/packagefiles"
cp -R "$top/packaging/meson" "$work/wrap/subprojects/packagefiles/libcgo"
tarball=$(basename "$work"/build/libcgo-*.tar.xz)
version=${tarball#libcgo-}
sed "s/@VERSION@/${version%.tar.xz}/
  s/@SHA256@/$(sha256sum "$work/build/$tarball" | sed 's/ .*//')/" \
  "$top/packaging/libcgo.wrap.in" >"$work/wrap/subprojects/libcgo.wrap"
PKG_CONFIG_LIBDIR=$work/none meson setup --wrap-mode=forcefallback "$work/wrap/build" "$work/wrap"
meson compile -C "$work/wrap/build"
called "$work/wrap/build/program"
echo 'consumer: Meson, by the wrap'
