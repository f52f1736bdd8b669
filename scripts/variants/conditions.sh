#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The suite on other machines than ours. Always: in German and in Turkish; with the flags
# of Ubuntu's packages, link-time optimisation among them; with a user's
# -fomit-frame-pointer; in a path with a space; from /tmp no program starts; neither apt
# nor xz; umask 077. With WHOLE=yes also bare systems of Debian 11, 12 and 13, each with
# README's commands and the suite; that needs root and a mirror.
#
#   PARTS     of few-tools, ubuntu, systems
#   SYSTEMS   of bullseye, bookworm, trixie
#   MIRROR    of Debian, instead of the one that mmdebstrap knows
# shellcheck disable=SC2016 # what is in quotes is for the shell inside
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs locales xz-utils
LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_CALLBACKS=50000
export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS

# From here on /tmp is noexec, for this script only.
case ${CONDITIONS_TMP:-}$(id -u)$top in
noexec*) ;;
0/tmp*) skip 'noexec /tmp: this checkout is below it' ;;
0*)
  trap - EXIT
  CONDITIONS_TMP=noexec CHECK_CONFIGURE=made
  export CONDITIONS_TMP CHECK_CONFIGURE
  exec unshare --mount sh -c 'mount -t tmpfs -o noexec,mode=1777 none /tmp && exec "$0"' "$0" ;;
*) skip 'noexec /tmp: only root can mount' ;;
esac
enter conditions
if test "${WHOLE:-}" = yes; then
  parts=${PARTS:-few-tools ubuntu systems}
else
  parts=${PARTS:-few-tools ubuntu}
fi

# ---- a machine with few tools, in German ----

# All programs of the path but some.
mkdir bin
for directory in $(echo "$PATH" | tr : ' '); do
  case $directory in */ccache) continue ;; esac
  for program in "$directory"/*; do
    case ${program##*/} in
    apt* | dpkg* | sudo | xz | *-xz | gdb) ;;
    *) test ! -x "$program" || test -e "bin/${program##*/}" || ln -s "$program" bin ;;
    esac
  done
done
all_tools=$PATH
few_tools=$PWD/bin
case $PATH in */ccache:*) few_tools=${PATH%%:*}:$few_tools ;; esac

for locale in de_DE tr_TR; do
  localedef -i $locale -f UTF-8 "$PWD/$locale.UTF-8" 2>/dev/null || test -d "$locale.UTF-8"
done
LOCPATH=$PWD
export LOCPATH
speak() { # LOCALE
  unset LC_ALL
  LANG=$1.UTF-8 LC_CTYPE=$1.UTF-8
  export LANG LC_CTYPE
}
in_words() { test "$(locale yesexpr)" != "$(LC_ALL=C locale yesexpr)"; }

tree() { (cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) | tar -xf - -C "$1"; }
place=$PWD
few_tools() {
  mkdir -p 'a path/libcgo/build/mine'
  tree 'a path/libcgo'
  # The tests of a release look at a repository.
  (cd 'a path/libcgo' && git init -q && git add -A &&
    git -c user.name=t -c user.email=t@example.org commit -qm tree) 2>/dev/null || true
  PATH=$few_tools
  speak de_DE
  step 'German is spoken here' in_words || true
  step 'demo.sh says at once that a path with a space is none for it' \
    sh -c '! "a path/libcgo/scripts/demo.sh" >out 2>&1 && cat out && test $(wc -l <out) = 1 &&
      grep "has a space" out' || true
  cd 'a path/libcgo/build/mine'
  if step 'few tools: configure' ../../configure CFLAGS='-g -O2 -fomit-frame-pointer' \
    CXXFLAGS='-g -O2 -fomit-frame-pointer' &&
    step 'configure warns of -fomit-frame-pointer' \
      grep 'tracebacks need frame pointers.* CXXFLAGS$' config.log &&
    step 'few tools: make' make -j "$jobs" &&
    step 'make is quiet' sh -c 'touch ../../src/kit/handle.cc && make 2>&1 >out && ! grep " -c " out'; then
    few_tests='tests_once=tests/object/man.sh tests/object/release.sh tests/object/prefix.sh'
    test "${WHOLE:-}" != yes || few_tests=V=0
    suite 'few tools, a path with a space, no frame pointers, German' -j "$jobs" "$few_tests"
    step 'make install from a path with a space' make install DESTDIR="$place/installed" || true
  fi
  cd "$place"

  # A path without one.
  mkdir libcgo
  tree libcgo
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
  PATH=$all_tools
}

# ---- Ubuntu's packages, in Turkish ----

ubuntu() {
  speak tr_TR
  # Of dpkg-buildflags, Ubuntu 24.04; but 22.04 has the value 2 of the first, which any
  # compiler knows.
  fortify=-D_FORTIFY_SOURCE=3
  flags='-g -O2 -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -flto=auto'
  flags="$flags -ffat-lto-objects -fstack-protector-strong -fstack-clash-protection"
  flags="$flags -Wformat -Werror=format-security -fcf-protection"
  umask 077
  if build conditions/ubuntu CFLAGS="$flags" CXXFLAGS="$flags" CPPFLAGS="-Wdate-time $fortify" \
    LDFLAGS='-Wl,-Bsymbolic-functions -flto=auto -ffat-lto-objects -Wl,-z,relro -Wl,-z,now'; then
    suite "Ubuntu's flags, Turkish" -j "$jobs" "$of_the_compiler"
    step 'no warning of the link-time optimiser' sh -c '! grep "warning: " check.log' || true
    readable() { make install DESTDIR="$PWD/root" && test -z "$(find root/usr ! -type l ! -perm -o+r)"; }
    step 'umask 077: what is installed is for all' readable || true
    nothing() {
      make uninstall DESTDIR="$PWD/root" && find root | grep -i cgo >left
      cat left
      test ! -s left
    }
    step 'make uninstall leaves nothing of ours' nothing || true
  fi
  umask 022
  LC_ALL=C
  export LC_ALL
  cd "$place"
}

# ---- bare systems ----

systems() {
  if test "$(id -u)" != 0; then
    skip 'Debian 11, 12 and 13: only root can make them'
    return 0
  fi
  install_packages mmdebstrap
  # mmdebstrap and apt start programs in /tmp.
  TMPDIR=$place
  export TMPDIR
  end_systems() {
    ended=$?
    set +e
    for system in bullseye bookworm trixie; do
      umount "$place/$system/proc" "$place/$system/ccache" 2>/dev/null || true
    done
    (exit $ended)
    total
  }
  trap end_systems EXIT
  for system in ${SYSTEMS:-bullseye trixie bookworm}; do
    step "$system: a minimal system" mmdebstrap --quiet --variant=minbase "$system" \
      "$place/$system.tar" ${MIRROR:+"$MIRROR"} || continue
    mkdir "$place/$system"
    tar -xf "$place/$system.tar" -C "$place/$system"
    rm "$place/$system.tar"
    mkdir -p "$place/$system/libcgo" "$place/$system/ccache"
    tree "$place/$system/libcgo"
    rm -rf "$place/$system/libcgo/configure" "$place/$system/libcgo/build-aux"
    mount -t proc proc "$place/$system/proc"
    test -z "${CCACHE_DIR:-}" || mount --bind "$CCACHE_DIR" "$place/$system/ccache"
    env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      ${CCACHE_DIR:+CCACHE_DIR=/ccache CCACHE_NOHASHDIR=1} \
      LIBCGO_TEST_THREADS=$LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS=$LIBCGO_TEST_CALLBACKS \
      chroot "$place/$system" sh /libcgo/scripts/newcomer.sh >"$system.log" 2>&1 </dev/null || true
    sed -n '/^newcomer: /p' "$system.log"
    sed -n 's/^newcomer: \(.*\): passed$/PASS: \1/p; s/^newcomer: \(.*\): FAILED$/FAIL: \1/p
      /^\(PASS\|FAIL\|SKIP\|ERROR\): /p; s/^not ok [0-9]* - /FAIL: /p; s/^ok [0-9]* - /PASS: /p' "$system.log" >results
    grep -q '^newcomer: the end' "$system.log" || {
      tail -n 40 "$system.log"
      echo "ERROR: $system did not come to its end" >>results
    }
    count "$system, $(sed -n 's/^newcomer has //p' "$system.log")" results
    umount "$place/$system/proc"
    test -z "${CCACHE_DIR:-}" || umount "$place/$system/ccache"
    rm -rf --one-file-system "${place:?}/$system"
  done
}

for part in $parts; do
  case $part in
  few-tools) few_tools ;;
  ubuntu) ubuntu ;;
  systems) systems ;;
  *)
    echo "no such part: $part"
    exit 2 ;;
  esac
done
