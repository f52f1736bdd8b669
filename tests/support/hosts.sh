# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# shellcheck disable=SC2154
#
# For shell tests that load the library into other languages' programs. Skips the whole test
# where that cannot be; after tap.sh. hosts names these programs, in the reason: "Ruby".

skip_all() {
  echo "1..0 # SKIP $1"
  exit 0
}

case $HOST in "$(uname -m)"-*linux*) ;; *) skip_all "built for $HOST, not for this machine" ;; esac
test -z "$TEST_EMU" || skip_all "tests run in an emulator, but not $hosts"
case " $CC $CFLAGS" in *-fsanitize=*) skip_all "built for a sanitizer, but not $hosts" ;; esac
test -e "$builddir/.libs/libcgo.so" || skip_all 'there is no shared library'
