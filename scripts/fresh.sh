#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What a new user does on a new system, with nothing but the packages in /packages: for
# scripts/distro.sh, in a chroot. The system has no trace of them afterwards.
set -eux

export DEBIAN_FRONTEND=noninteractive
# Not what a machine for packages leaves out.
rm -f /etc/dpkg/dpkg.cfg.d/*
grep -q localhost /etc/hosts 2>/dev/null || echo "127.0.0.1 localhost" >>/etc/hosts
apt-get -qq update
apt-get -qq install -y --no-install-recommends gcc g++ libc6-dev make pkgconf man-db coreutils file
files() { find / -xdev \( -path /proc -o -path /work -o -path /packages -o -path /tmp \
  -o -path /var/cache -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/apt \) \
  -prune -o -print | sort; }
files >/work/before
dpkg-query -W >/work/packages-before

apt-get -qq install -y --no-install-recommends /packages/*.deb
echo 'fresh: the packages are installed'

cd /work
doc=/usr/share/doc/libcgo-dev
cat_doc() { if test -f "$1"; then cat "$1"; else zcat "$1.gz"; fi; }
# shellcheck disable=SC2016
cat_doc $doc/README.md | sed -n '/^```c$/,/^```$/{/^```/!p;}' >example.c
# shellcheck disable=SC2046
gcc example.c $(pkg-config --cflags --libs libcgo) -o example
test "$(./example)" = 'called back'
echo "fresh: the README's example runs"

cp -R $doc/examples examples
find examples -name '*.gz' -exec gunzip {} +
make -C examples OUT=/work /work/treesum /work/cpp
./treesum -j 4 /usr/include/libcgo >sums
test "$(grep -c . sums)" -gt 5
echo "fresh: the tutorial's runtime runs"
./cpp
echo 'fresh: the C++ example runs'

for page in libcgo libcgo-runtime libcgo_callback libcgo-info; do
  MANWIDTH=80 man $page >text
  test "$(wc -l <text)" -gt 30
  ! grep -n 'No manual entry' text || exit 1
done
echo 'fresh: man libcgo and others are pages'
libcgo-info
echo 'fresh: libcgo-info runs'

apt-get -qq purge -y 'libcgo*'
apt-get -qq autoremove -y
dpkg-query -W >/work/packages-after
files >/work/after
diff /work/packages-before /work/packages-after
diff /work/before /work/after
echo 'fresh: no trace after the purge'
