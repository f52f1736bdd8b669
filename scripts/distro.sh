#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/distro.sh [CHECK...]
#
# What a distribution checks before it takes a package, on a package that is built from
# this checkout below build/distro. A line for each check; the last line is
# "N passed, M failed". Without arguments: all of them.
#
#   lintian       source and binaries, pedantic
#   blhc          the build's log: hardening flags
#   hardening     the objects in the packages
#   autopkgtest   debian/tests, in a new chroot
#   piuparts      installation, removal, purge
#   reproducible  built twice: other path, umask, time zone, locale, home, user name
#   cross         cross built for arm64; its clients run under qemu
#   abi           the interface is that of abi/, or the soname is another
#   fresh         a new minimal system: README, tutorial, C++ example, manual; no trace
#                 after the purge
#   consumers     projects with CMake and Meson, by the installed library and the wrap
#   rpm           packaging/libcgo.spec: built, installed and removed by rpm
#   apk           packaging/APKBUILD: its functions, with musl-gcc
#   farm          the suite as build farms run it: scripts/farm.sh
#   distcheck     make distcheck
#   release       make release, twice
#
# Not a check: describe writes abi/.
#
# On Debian as root: it installs the programs that are missing.
set -eu
LC_ALL=C
export LC_ALL

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"
work=$top/build/distro
all='lintian blhc hardening autopkgtest piuparts reproducible cross abi fresh'
all="$all consumers rpm apk farm distcheck release"
# shellcheck disable=SC2086
test $# -gt 0 || set -- $all
for check in "$@"; do
  case " $all describe " in
  *" $check "*) ;;
  *)
    sed -n '3,/^set /s/^# \{0,1\}//p' "$0" >&2
    exit 2 ;;
  esac
done
jobs=$(nproc 2>/dev/null || echo 1)
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
cpu=$(dpkg --print-architecture)
passed=0
failed=0

# result CHECK STATUS TEXT
result() {
  if test "$2" = 0; then
    passed=$((passed + 1))
    echo "$1: passed: $3"
  else
    failed=$((failed + 1))
    tail -n 40 "$work/$1.log"
    echo "$1: FAILED: $3"
  fi
}

# ---- the packages ----

# tree DIRECTORY: the checkout as it is, without what was built in it.
tree() {
  mkdir -p "$1"
  (cd "$top" && git ls-files -z --cached --others --exclude-standard |
    tar --null --ignore-failed-read -T - -cf -) | tar -xf - -C "$1"
}

# The tarball of `make dist`, and the source package that Debian makes of it.
source_package() {
  rm -rf "$work/dist" "$work/packages"
  mkdir -p "$work/dist/build" "$work/packages"
  tree "$work/dist/source"
  (cd "$work/dist/source" && autoreconf -fi &&
    cd ../build && ../source/configure && make dist) >"$work/dist.log" 2>&1 || {
    tail -n 30 "$work/dist.log"
    exit 1
  }
  version=$(sed -n 's/^PACKAGE_VERSION=.\(.*\).$/\1/p' "$work/dist/source/configure" | head -n 1)
  cp "$work/dist/build/libcgo-$version.tar.xz" "$work/packages/libcgo_$version.orig.tar.xz"
}

# packages DIRECTORY OPTION...: unpacks and builds there.
build_packages() {
  directory=$1
  shift
  (cd "$(dirname "$directory")" &&
    mkdir -p "$directory" && tar -xf "$work/packages/libcgo_$version.orig.tar.xz" \
    --strip-components=1 -C "$directory" && rm -rf "$directory/debian" &&
    cp -R "$top/debian" "$directory/" && cd "$directory" &&
    DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-nocheck} parallel=$jobs" dpkg-buildpackage -us -uc "$@")
}

built=no
packages() {
  test $built = no || return 0
  built=yes
  install_packages build-essential debhelper fakeroot pkgconf systemtap-sdt-dev autoconf \
    automake libtool git xz-utils
  source_package
  build_packages "$work/packages/libcgo-$version" >"$work/packages.log" 2>&1 || {
    tail -n 40 "$work/packages.log"
    echo 'the packages cannot be built: FAILED'
    exit 1
  }
  changes=$work/packages/libcgo_$version-1_$cpu.changes
  test -f "$changes"
}

debs() { find "$work/packages" -maxdepth 1 -name '*.deb' ! -name '*-dbgsym_*' | sort; }

# The files of a package, below a directory.
unpacked() {
  rm -rf "$1"
  for deb in $(debs); do
    dpkg-deb -x "$deb" "$1"
  done
}

# A minimal system, as a tar file.
system() {
  install_packages mmdebstrap
  test -f "$work/system.tar" ||
    mmdebstrap --quiet --variant=minbase "$suite" "$work/system.tar" >"$work/system.log" 2>&1
}

# ---- the checks ----

# unknown-architecture: loong64 is younger than the list of Debian 12's lintian.
check_lintian() {
  install_packages lintian
  lintian --pedantic -I --allow-root --fail-on error,warning,info,pedantic \
    --suppress-tags unknown-architecture "$changes" >"$work/lintian.log" 2>&1
  status=$?
  result lintian $status "$(lintian --pedantic -I --allow-root --show-overrides "$changes" |
    grep -c '^O: ') tags overridden, each with its reason, $(grep -c '^[EWIP]: ' \
    "$work/lintian.log") others"
}

# -fPIE: the compiler's default, so that no flag for it is in the log.
check_blhc() {
  install_packages blhc
  blhc --all --ignore-flag -fPIE --ignore-flag -pie "$work/packages.log" >"$work/blhc.log" 2>&1
  result blhc $? "$(grep -c ' -c .*\.\(cc\|c\|S\) ' "$work/packages.log") compilations"
}

# Not the control-flow protection: Debian's start files switch it off for programs, and
# tests/object/elf.sh looks for it in the library.
check_hardening() {
  install_packages devscripts
  unpacked "$work/root"
  lib=$(find "$work/root" -name 'libcgo.so.*.*')
  {
    hardening-check --nocfprotection "$lib" && hardening-check --nocfprotection "$work/root/usr/bin/libcgo-info"
  } >"$work/hardening.log" 2>&1
  result hardening $? "$(grep -c ': yes' "$work/hardening.log") properties of 2 objects"
}

check_autopkgtest() {
  install_packages autopkgtest
  system
  rm -rf --one-file-system "$work/chroot" "$work/autopkgtest"
  mkdir "$work/chroot"
  tar -xf "$work/system.tar" -C "$work/chroot"
  chroot "$work/chroot" apt-get -qq update >/dev/null 2>&1
  # shellcheck disable=SC2046
  autopkgtest -q -o "$work/autopkgtest" -B $(debs) "$work/packages/libcgo-$version/" \
    -- chroot "$work/chroot" >"$work/autopkgtest.log" 2>&1
  status=$?
  cat "$work/autopkgtest/summary" >>"$work/autopkgtest.log" 2>/dev/null
  result autopkgtest $status "$(grep -c ' PASS$' "$work/autopkgtest/summary") tests"
  rm -rf --one-file-system "$work/chroot"
}

check_piuparts() {
  install_packages piuparts
  system
  gzip -1c "$work/system.tar" >"$work/system.tar.gz"
  # shellcheck disable=SC2046
  piuparts --no-upgrade-test -d "$suite" -b "$work/system.tar.gz" $(debs) >"$work/piuparts.log" 2>&1
  result piuparts $? "$(debs | wc -l) packages"
}

check_reproducible() {
  install_packages diffoscope-minimal locales-all
  rm -rf "$work/one" "$work/another-place"
  mkdir -p "$work/one" "$work/another-place/user"
  # The same objects from a cache would show nothing.
  CCACHE_DISABLE=1
  export CCACHE_DISABLE
  build_packages "$work/one/libcgo" -b >"$work/reproducible.log" 2>&1
  first=$?
  (umask 0002 && HOME="$work/another-place/user" TZ=Pacific/Kiritimati LC_ALL=de_DE.UTF-8 USER=other \
    LOGNAME=other PATH="$PATH:/another" build_packages "$work/another-place/a-longer-name" -b) \
    >>"$work/reproducible.log" 2>&1
  second=$?
  unset CCACHE_DISABLE
  status=$((first + second))
  same=0
  for deb in "$work"/one/*.deb; do
    if cmp "$deb" "$work/another-place/$(basename "$deb")" >>"$work/reproducible.log" 2>&1; then
      same=$((same + 1))
    else
      status=1
      diffoscope "$deb" "$work/another-place/$(basename "$deb")" >>"$work/reproducible.log" 2>&1 || true
    fi
  done
  test $same -gt 3 || status=1
  result reproducible $status "$same packages, bit by bit"
}

# In a system of both architectures, as a build farm has it; the packages are installed
# there and their tests run under qemu.
check_cross() {
  install_packages mmdebstrap
  rm -rf --one-file-system "$work/cross"
  mkdir -p "$work/cross"
  {
    mmdebstrap --quiet --variant=minbase --architectures="$cpu,arm64" \
      --include=crossbuild-essential-arm64,dpkg-dev,qemu-user "$suite" "$work/cross" &&
      mkdir "$work/cross/work" &&
      cp "$work"/packages/libcgo*_"$version"* "$work/cross/work" &&
      mount -t proc proc "$work/cross/proc" &&
      chroot "$work/cross" sh -exc '
        cd /work
        dpkg-source -x libcgo_*.dsc libcgo
        cd libcgo
        apt-get -qq update
        # What tools for cross builds (sbuild) add themselves.
        apt-get -qq install -y --no-install-recommends libc6-dev:arm64 libstdc++6:arm64
        apt-get -qq build-dep -y -aarm64 -Pcross,nocheck --no-install-recommends ./
        dpkg-buildpackage -aarm64 -Pcross,nocheck -us -uc -b
        # Beside those of this architecture: what both have is the same file.
        apt-get -qq install -y --no-install-recommends ../libcgo0_*.deb ../libcgo-dev_*.deb pkgconf
        export CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ RUN=qemu-aarch64
        export PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig
        debian/tests/kit
        debian/tests/cpp'
  } >"$work/cross.log" 2>&1
  status=$?
  umount "$work/cross/proc"
  result cross $status "$(find "$work/cross/work" -name '*_arm64.deb' | wc -l) packages, 4 clients under qemu"
  rm -rf --one-file-system "$work/cross"
}

# The description is that of the unstripped library and of amd64.
describe() {
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types \
    --headers-dir "$top/include" --out-file "$2" "$1"
}

check_abi() {
  install_packages abigail-tools
  if test "$cpu" != amd64; then
    echo 'abi: skipped: the description is that of amd64'
    return
  fi
  soname=$(readelf -d "$work/packages/libcgo-$version/build/debian/.libs/libcgo.so" |
    sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
  describe "$work/packages/libcgo-$version/build/debian/.libs/libcgo.so" "$work/$soname.abi"
  # Bit 4: a change; bit 8: one that breaks clients. Without a description of this
  # soname nothing can be broken, and it is to be made: make abi.
  status=0
  abidiff "$top/abi/$soname.abi" "$work/$soname.abi" >"$work/abi.log" 2>&1 || status=$?
  test $((status & 9)) = 0
  result abi $? "$soname has $(grep -c '<elf-symbol ' "$work/$soname.abi") symbols$(
    test $((status & 4)) = 0 || echo ', some new since the last description')"
}

check_describe() {
  describe "$work/packages/libcgo-$version/build/debian/.libs/libcgo.so" "$work/abi" >"$work/describe.log" 2>&1 &&
    soname=$(readelf -d "$work/packages/libcgo-$version/build/debian/.libs/libcgo.so" |
      sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p') && mkdir -p "$top/abi" &&
    sed "\$a <!-- SPDX-License-Identifier: BSD-3-Clause -->" "$work/abi" >"$top/abi/$soname.abi"
  result describe $? "abi/$soname.abi"
}

check_rpm() {
  install_packages rpm
  rm -rf "$work/rpm"
  mkdir -p "$work/rpm/SOURCES" "$work/rpm/root"
  cp "$work/packages/libcgo_$version.orig.tar.xz" "$work/rpm/SOURCES/libcgo-$version.tar.xz"
  {
    rpmbuild -bb --nodeps --without check --define "_topdir $work/rpm" --define "without_check 1" \
      "$top/packaging/libcgo.spec" &&
      rpm --root "$work/rpm/root" --initdb &&
      rpm --root "$work/rpm/root" -i --nodeps "$work"/rpm/RPMS/*/*.rpm &&
      test -e "$work/rpm/root/usr/include/libcgo.h" &&
      rpm --root "$work/rpm/root" -q -l libcgo libcgo-devel libcgo-tools >"$work/rpm.files" &&
      rpm --root "$work/rpm/root" -V --nodeps libcgo libcgo-devel libcgo-tools &&
      rpm --root "$work/rpm/root" -e libcgo libcgo-devel libcgo-tools &&
      test ! -e "$work/rpm/root/usr/include/libcgo.h"
  } >"$work/rpm.log" 2>&1
  result rpm $? "$(find "$work/rpm/RPMS" -name '*.rpm' | wc -l) packages, $(wc -l <"$work/rpm.files") files"
}

check_apk() {
  install_packages musl-tools
  rm -rf "$work/apk"
  mkdir -p "$work/apk/package"
  tar -xf "$work/packages/libcgo_$version.orig.tar.xz" -C "$work/apk"
  # What abuild sets.
  (
    set -e
    CBUILD=$(sh "$work/apk/libcgo-$version/build-aux/config.guess")
    export CC=musl-gcc CXX=musl-gcc CBUILD CHOST=x86_64-linux-musl
    builddir=$work/apk/libcgo-$version pkgdir=$work/apk/package
    . "$top/packaging/APKBUILD"
    build
    package
    readelf -d "$pkgdir/usr/lib/libcgo.so" | grep 'NEEDED.*\[libc\.so\]'
    ! readelf -d "$pkgdir/usr/lib/libcgo.so" | grep NEEDED | grep -v '\[libc\.so\]'
  ) >"$work/apk.log" 2>&1
  result apk $? "$(find "$work/apk/package" -type f | wc -l) files"
}

check_fresh() {
  system
  rm -rf --one-file-system "$work/chroot"
  mkdir "$work/chroot"
  tar -xf "$work/system.tar" -C "$work/chroot"
  mkdir "$work/chroot/packages" "$work/chroot/work"
  # shellcheck disable=SC2046
  cp $(debs) "$work/chroot/packages"
  cp "$top/scripts/fresh.sh" "$work/chroot/work"
  mount -t proc proc "$work/chroot/proc"
  chroot "$work/chroot" sh /work/fresh.sh >"$work/fresh.log" 2>&1
  status=$?
  umount "$work/chroot/proc"
  result fresh $status "$(grep -c '^fresh: ' "$work/fresh.log") steps"
  rm -rf --one-file-system "$work/chroot"
}

check_consumers() {
  install_packages cmake meson ninja-build
  "$top/scripts/consumers.sh" "$work/consumers" >"$work/consumers.log" 2>&1
  result consumers $? "$(grep -c '^consumer: ' "$work/consumers.log") projects"
}

# The lines of automake's tests in a log.
tests_of() {
  echo "$(grep -ac '^PASS: ' "$1") tests passed, $(grep -acE '^(FAIL|ERROR): ' "$1") failed"
}

check_farm() {
  "$top/scripts/farm.sh" "$work/farm" >"$work/farm.log" 2>&1
  grep -aq '^PASS: bare' "$work/farm.log" && grep -aq '^PASS: plain' "$work/farm.log" &&
    ! grep -aqE '^(FAIL|ERROR): ' "$work/farm.log"
  result farm $? "$(tests_of "$work/farm.log")"
}

check_distcheck() {
  (cd "$work/dist/build" && LIBCGO_TEST_THREADS=5000 make distcheck V=0 -j "$jobs") \
    >"$work/distcheck.log" 2>&1
  result distcheck $? "$(tests_of "$work/distcheck.log")"
}

# The test makes the release of a clone: from a repository that has this checkout as it is.
check_release() {
  {
    (cd "$work/dist/source" && rm -rf .git && git init -q && git add -A &&
      git -c user.name=t -c user.email=t@example.org commit -qm checkout) &&
      (cd "$work/dist/build" && make check V=0 check_PROGRAMS= check_LTLIBRARIES= TESTS=tests/object/release.sh)
  } >"$work/release.log" 2>&1 &&
    grep -q '^PASS: .* - a_release_is_made_again_bit_by_bit$' "$work/release.log"
  result release $? "$(tests_of "$work/release.log")"
}

# ----

test "$(id -u)" = 0 || {
  echo 'scripts/distro.sh needs root: it makes chroots and installs packages' >&2
  exit 1
}
mkdir -p "$work"
# Nothing stays mounted below, also not of a run that was ended.
unmount() {
  for system in "$work/cross" "$work/chroot"; do
    umount "$system/proc" 2>/dev/null || true
  done
}
unmount
trap unmount EXIT
trap 'exit 1' HUP INT TERM
rm -f "$work"/*.log
packages
set +e
for check in "$@"; do
  "check_$check"
done
echo "$passed passed, $failed failed"
test $failed = 0
