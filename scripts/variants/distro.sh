#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# distro: what a distribution checks before it takes a package, the quick ones
#
# scripts/variants/distro.sh [CHECK...] builds Debian packages from this checkout, and checks
# them. `all` means all of these checks. The default is those with a star. It needs root.
#
#   lintian *       source and binaries, pedantic
#   blhc *          the build's log: hardening flags
#   hardening *     the objects in the packages
#   abi *           the interface is that of abi/, or the soname is another
#   reproducible *  reprotest: another path, time, zone, locale, home, umask, kernel
#   consumers *     projects with CMake and Meson, by the installed library and the wrap
#   autopkgtest     debian/tests, in a new chroot
#   piuparts        installation, removal, purge, which leaves no trace
#   cross           cross built for arm64; its clients run under qemu
#   rpm             packaging/libcgo.spec: built, installed and removed by rpm
#   apk             packaging/APKBUILD: its functions, with musl-gcc
#   farm            the suite as build farms run it
#
# `describe` is no check: it writes abi/. With WHOLE=yes the build of the packages runs the
# suite.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs build-essential debhelper fakeroot pkgconf systemtap-sdt-dev xz-utils lintian blhc \
  devscripts abigail-tools reprotest diffoscope-minimal faketime locales-all cmake meson ninja-build

quick='lintian blhc hardening abi reproducible consumers'
checks=${*:-$quick}
test "$checks" != all || checks="$quick autopkgtest piuparts cross rpm apk farm"
if ! test -f "$top/debian/control" || test "$(id -u)" != 0; then
  skip 'distro: it needs root, and debian/, which a release has not'
  exit 0
fi
enter distro
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
cpu=$(dpkg --print-architecture)
test "${WHOLE:-}" = yes || export DEB_BUILD_OPTIONS="nocheck parallel=$jobs"

version=$(sed -n 's/^AC_INIT(\[libcgo\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac")
changes=libcgo_$version-1_$cpu.changes

check_dist() {
  copy_tree source
  (cd source && rm -f configure && autoreconf -fi && mkdir dist && cd dist && ../configure && make dist)
  cp "source/dist/libcgo-$version.tar.xz" "libcgo_$version.orig.tar.xz"
  tar -xf "libcgo_$version.orig.tar.xz"
  mv "libcgo-$version" package
  rm -rf package/debian
  cp -R "$top/debian" package
}
check_package() {
  cd package
  dpkg-buildpackage -us -uc
  test -f "../$changes"
}
debs() { find . -maxdepth 1 -name '*.deb' ! -name '*-dbgsym_*' | sort; }

# system: a minimal one, in the directory system.
system() {
  install_packages mmdebstrap
  test -d system || mmdebstrap --quiet --variant=minbase --skip=cleanup/apt "$suite" system
}

# unknown-architecture: loong64 is younger than the list of Debian 12's lintian.
check_lintian() {
  lintian --pedantic -I --allow-root --fail-on error,warning,info,pedantic \
    --suppress-tags unknown-architecture "$changes"
}

# -fPIE: the compiler's default, so that no flag for it is in the log.
check_blhc() { blhc --all --ignore-flag -fPIE --ignore-flag -pie package.log; }

# Not the control-flow protection: Debian's start files switch it off for programs, and
# tests/object/elf.sh looks for it in the library.
check_hardening() {
  for deb in $(debs); do dpkg-deb -x "$deb" root; done
  hardening-check --nocfprotection "$(find root -name 'libcgo.so.*.*' ! -name '*.py')" root/usr/bin/libcgo-info
}

# The description is that of the unstripped library and of amd64.
describe() {
  soname=$(readelf -d package/build/debian/.libs/libcgo.so | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types \
    --headers-dir "$top/include" --out-file "$soname.abi" package/build/debian/.libs/libcgo.so
}
check_describe() {
  describe
  sed "\$a <!-- SPDX-License-Identifier: BSD-3-Clause -->" "$soname.abi" >"$top/abi/$soname.abi"
}
# Bit 4: a change; bit 8: one that breaks clients. Without a description of this soname
# nothing can be broken, and it is to be made: make abi.
check_abi() {
  describe
  abidiff "$top/abi/$soname.abi" "$soname.abi" || test $(($? & 9)) = 0
}

# The same objects from a cache would show nothing. Here are no other users and no FUSE.
check_reproducible() {
  CCACHE_DISABLE=1 reprotest --vary=-domain_host,-fileordering,-user_group "libcgo_$version-1.dsc" -- null
}

check_consumers() { "$top/scripts/consumers.sh" "$PWD/consumers"; }

check_autopkgtest() {
  install_packages autopkgtest
  system
  rm -rf --one-file-system chroot tested
  cp -a system chroot
  # With /proc, as tests have it, until the program ends.
  # shellcheck disable=SC2016,SC2046
  unshare --mount sh -c 'mount -t proc proc chroot/proc && exec "$@"' sh \
    autopkgtest -q -o tested -B $(debs) package/ -- chroot "$PWD/chroot"
}

check_piuparts() {
  install_packages piuparts
  system
  # shellcheck disable=SC2046
  piuparts --no-upgrade-test -d "$suite" -e system $(debs)
}

# In a system of both architectures, as a build farm has it, which mmdebstrap makes and takes
# away again.
check_cross() {
  install_packages mmdebstrap
  # shellcheck disable=SC2016
  TOP=$top mmdebstrap --quiet --variant=minbase --architectures="$cpu,arm64" \
    --include=crossbuild-essential-arm64,dpkg-dev,qemu-user \
    --customize-hook='mkdir "$1/work" && cp libcgo*_* "$1/work"' \
    --customize-hook='chroot "$1" sh <"$TOP/scripts/cross-package.sh"' "$suite" /dev/null
}

check_rpm() {
  install_packages rpm
  rm -rf rpm
  mkdir -p rpm/SOURCES rpm/root
  cp "libcgo_$version.orig.tar.xz" "rpm/SOURCES/libcgo-$version.tar.xz"
  rpmbuild -bb --nodeps --without check --define "_topdir $PWD/rpm" --define "without_check 1" \
    "$top/packaging/libcgo.spec"
  set -- rpm --root "$PWD/rpm/root"
  "$@" --initdb
  "$@" -i --nodeps rpm/RPMS/*/*.rpm
  test -e rpm/root/usr/include/libcgo.h
  "$@" -V --nodeps libcgo libcgo-devel libcgo-tools
  "$@" -e libcgo libcgo-devel libcgo-tools
  test ! -e rpm/root/usr/include/libcgo.h
}

# The variables are what abuild sets.
check_apk() {
  install_packages musl-tools
  rm -rf apk
  mkdir -p apk/package
  tar -xf "libcgo_$version.orig.tar.xz" -C apk
  builddir=$PWD/apk/libcgo-$version pkgdir=$PWD/apk/package
  CBUILD=$(sh "$builddir/build-aux/config.guess")
  export CC=musl-gcc CXX=musl-gcc CBUILD CHOST=x86_64-linux-musl
  # shellcheck source=/dev/null
  . "$top/packaging/APKBUILD"
  # shellcheck disable=SC2119 # that of the APKBUILD
  build
  package
  readelf -d "$pkgdir/usr/lib/libcgo.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >needed
  echo libc.so | cmp - needed
}

check_farm() {
  "$top/scripts/farm.sh" "$PWD/farm"
}

for check in dist package $checks; do
  # In a shell of its own, which ends at the first command that fails; not as a condition,
  # where none would.
  set +e
  (set -e && "check_$check") >"$check.log" 2>&1
  status=$?
  set -e
  # shellcheck disable=SC2016 # the inner shell's
  step "$check" sh -c 'cat "$1" && exit "$2"' sh "$check.log" $status || case $check in
  dist | package) exit 0 ;;
  esac
done
