#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# fewtools: neither apt nor xz, noexec /tmp, a path with a space, no frame pointers, German
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs locales xz-utils
LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_CALLBACKS=50000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS

# From here on /tmp is noexec, for this script only.
case ${FEWTOOLS_TMP:-}$(id -u)$top in
noexec*) ;;
0/tmp*) skip 'noexec /tmp: this checkout is below it' ;;
0*)
  trap - EXIT
  export FEWTOOLS_TMP=noexec CHECK_CONFIGURE=made
  # shellcheck disable=SC2016 # the inner shell's
  exec unshare --mount sh -c 'mount -t tmpfs -o noexec,mode=1777 none /tmp && exec "$0"' "$0" ;;
*) skip 'noexec /tmp: only root can mount' ;;
esac

enter fewtools
speak de_DE
# All programs of the path but some.
mkdir bin
for directory in $(echo "$PATH" | tr : ' '); do
  case $directory in */ccache) continue ;; esac
  for program in "$directory"/*; do
    case ${program##*/} in
    apt* | dpkg* | sudo | xz | *-xz | gdb | lldb*) ;;
    *) test ! -x "$program" || test -e "bin/${program##*/}" || ln -s "$program" bin ;;
    esac
  done
done
case $PATH in
*/ccache:*) PATH=${PATH%%:*}:$PWD/bin ;;
*) PATH=$PWD/bin ;;
esac

place=$PWD
copy_tree 'a path/libcgo'
# The tests of a release look at a repository.
(cd 'a path/libcgo' && git init -q && git add -A &&
  git -c user.name=t -c user.email=t@example.org commit -qm tree) 2>/dev/null || true
# shellcheck disable=SC2016 # the inner shell's
step 'demo.sh says at once that a path with a space is none for it' \
  sh -c '! "a path/libcgo/scripts/demo.sh" >out 2>&1 && cat out && test $(wc -l <out) = 1 &&
    grep "has a space" out' || true
mkdir -p 'a path/libcgo/build/mine'
cd 'a path/libcgo/build/mine'
if step 'few tools: configure' ../../configure CFLAGS='-g -O2 -fomit-frame-pointer' \
  CXXFLAGS='-g -O2 -fomit-frame-pointer' &&
  step 'configure warns of -fomit-frame-pointer' \
    grep 'tracebacks need frame pointers.* CXXFLAGS$' config.log &&
  step 'few tools: make' make -j "$jobs" &&
  step 'make is quiet' sh -c 'touch ../../src/kit/handle.cc && make 2>&1 >out && ! grep " -c " out'; then
  few='tests_once=tests/object/man.sh tests/object/release.sh tests/object/prefix.sh'
  test "${WHOLE:-}" != yes || few=V=0
  suite 'few tools, a path with a space, no frame pointers, German' -j "$jobs" "$few"
  step 'make install from a path with a space' make install DESTDIR="$place/installed" || true
fi
cd "$place"

# A path without one.
copy_tree libcgo
step 'treesum.sh needs no apt, and builds the library' libcgo/scripts/treesum.sh "$top/include" || true
demo_and_treesum() { libcgo/scripts/demo.sh "$top/include" && libcgo/scripts/treesum.sh "$top/include"; }
if pkg-config --exists zlib; then
  step 'demo.sh, then treesum.sh' demo_and_treesum || true
else
  skip 'demo.sh: there is no zlib'
fi
step 'bench.sh --help builds nothing' \
  sh -c 'libcgo/scripts/bench.sh --help && test ! -e libcgo/build/bench' || true
no_zlib() {
  PKG_CONFIG_LIBDIR=$PWD/libcgo/build/demo/prefix/lib/pkgconfig make -C libcgo/examples OUT="$PWD/examples" >out &&
    cat out && grep 'without zlib' out && test -x examples/treesum && test -x examples/cpp &&
    test ! -e examples/squeeze
}
step 'the examples without zlib' no_zlib || true
