#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Cross builds the source package in /work for arm64, installs the packages, and runs their
# clients under qemu. scripts/variants/distro.sh calls it, in a system that has both
# architectures.
set -ex
cd /work
dpkg-source -x libcgo_*.dsc libcgo
cd libcgo
# What tools for cross builds (sbuild) add themselves.
apt-get -qq install -y --no-install-recommends libc6-dev:arm64 libstdc++6:arm64
apt-get -qq build-dep -y -aarm64 -Pcross,nocheck --no-install-recommends ./
dpkg-buildpackage -aarm64 -Pcross,nocheck -us -uc -b
# Beside those of this architecture: what both have is the same file.
apt-get -qq install -y --no-install-recommends ../libcgo0_*.deb ../libcgo-dev_*.deb pkgconf
export CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ RUN=qemu-aarch64
export PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig
debian/tests/kit
debian/tests/cpp
