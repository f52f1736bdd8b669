#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# ubuntu: the flags of Ubuntu's packages, link-time optimisation among them; umask 077; Turkish
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs locales
LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_CALLBACKS=50000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS

# Of dpkg-buildflags, Ubuntu 24.04; but 22.04 has the value 2 of the last, which any
# compiler knows.
flags='-g -O2 -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -flto=auto'
flags="$flags -ffat-lto-objects -fstack-protector-strong -fstack-clash-protection"
flags="$flags -Wformat -Werror=format-security -fcf-protection"
umask 077
enter ubuntu-locale
speak tr_TR
build ubuntu CFLAGS="$flags" CXXFLAGS="$flags" CPPFLAGS='-Wdate-time -D_FORTIFY_SOURCE=3' \
  LDFLAGS='-Wl,-Bsymbolic-functions -flto=auto -ffat-lto-objects -Wl,-z,relro -Wl,-z,now' || exit 0
suite "Ubuntu's flags, Turkish" -j "$jobs" "$of_the_compiler"
step 'no warning of the link-time optimiser' sh -c '! grep "warning: " check.log' || true
readable() { make install DESTDIR="$PWD/root" && test -z "$(find root/usr ! -type l ! -perm -o+r)"; }
step 'umask 077: what is installed is for all' readable || true
nothing() { make uninstall DESTDIR="$PWD/root" && ! find root | grep -i cgo; }
step 'make uninstall leaves nothing of ours' nothing || true
