#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# systems: bare systems of Debian 11, 12 and 13, each with README's commands and the suite
#
# Needs root and a mirror of Debian.
#
#   SYSTEMS   which of bullseye, bookworm and trixie
#   MIRROR    a mirror of Debian, instead of the one that mmdebstrap knows
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs mmdebstrap

if test "$(id -u)" != 0; then
  skip 'Debian 11, 12 and 13: only root can make them'
  exit 0
fi
enter systems
copy_tree tree/libcgo
rm -rf tree/libcgo/configure tree/libcgo/build-aux
# mmdebstrap and apt start programs in /tmp.
export TMPDIR="$PWD" CCACHE_DIR CCACHE_NOHASHDIR
LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_CALLBACKS=50000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS
mkdir -p "$CCACHE_DIR"

for system in ${SYSTEMS:-bullseye trixie bookworm}; do
  # The hooks have /proc in the system, and mmdebstrap takes all away again.
  # shellcheck disable=SC2016 # the hook's
  mmdebstrap --quiet --variant=minbase \
    --customize-hook='tar -C tree -cf - libcgo | tar -xf - -C "$1"' \
    --customize-hook='mkdir "$1/ccache" && mount --bind "$CCACHE_DIR" "$1/ccache"' \
    --customize-hook='env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      CCACHE_DIR=/ccache CCACHE_NOHASHDIR=1 LIBCGO_TEST_THREADS=$LIBCGO_TEST_THREADS \
      LIBCGO_TEST_CALLBACKS=$LIBCGO_TEST_CALLBACKS chroot "$1" sh /libcgo/scripts/newcomer.sh \
      </dev/null; umount "$1/ccache"' \
    "$system" /dev/null ${MIRROR:+"$MIRROR"} >"$system.log" 2>&1 || true
  sed -n 's/^newcomer: \(.*\): passed$/PASS: \1/p; s/^newcomer: \(.*\): FAILED$/FAIL: \1/p
    /^\(PASS\|FAIL\|SKIP\|ERROR\): /p; s/^not ok [0-9]* - /FAIL: /p; s/^ok [0-9]* - /PASS: /p' "$system.log" >results
  grep -q '^newcomer: the end' "$system.log" || {
    tail -n 40 "$system.log"
    echo "ERROR: $system did not come to its end" >>results
  }
  grep '^newcomer: ' "$system.log" || true
  count "$system, $(sed -n 's/^newcomer has //p' "$system.log")" results
done
