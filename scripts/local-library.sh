# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# shellcheck disable=SC2154 # root and name are the script's
#
# local_library: builds libcgo of this checkout and installs it below build/demo/prefix,
# for scripts/demo.sh and scripts/treesum.sh: $name, in $root. On Debian it installs what
# is missing. Sets $prefix, and pkg-config's path.

build=$root/build/demo
prefix=$build/prefix
log=$build/demo.log

die() {
  printf '%s: %s\n' "$name" "$*" >&2
  exit 1
}

# step WHAT COMMAND...: one line for the user, the output into the log.
step() {
  printf '%s\n' "$1"
  shift
  if ! "$@" >>"$log" 2>&1; then
    printf '%s: failed: %s\nThe end of %s:\n' "$name" "$*" "$log" >&2
    tail -n 30 "$log" >&2
    exit 1
  fi
}

need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

apt_get() {
  if [ "$(id -u)" -eq 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@"
  fi
}

# PACKAGE-OF-PKG-CONFIG DEBIAN-PACKAGE, or nothing: what more it needs.
tools() {
  missing=
  need "${CC:-cc}" gcc
  need "${CXX:-c++}" g++
  need make make
  need autoreconf autoconf
  need automake automake
  need libtoolize libtool
  need pkg-config pkg-config
  [ $# -eq 0 ] || pkg-config --exists "$1" 2>/dev/null || missing="$missing $2"
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    die "please install (the names are Debian's):$missing"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1 ||
    die "please install, as root: apt-get install$missing"
  step "Fetching the list of packages." apt_get -q update
  # shellcheck disable=SC2086 # a list of words
  step "Installing$missing." \
    apt_get -q install -y --no-install-recommends $missing
}

in_dir() { ( cd "$1" && shift && "$@" ); } # DIRECTORY COMMAND...

local_library() { # see tools
  case $root in
  *[[:space:]]*)
    die "the path of this tree has a space, and libtool installs nothing in such a path: move it" ;;
  esac
  [ ! -e "$root/config.status" ] ||
    die "this tree is configured itself: run 'make distclean' first, or use a clone"
  mkdir -p "$build"
  : >"$log"
  tools "$@"
  if [ ! -e "$root/configure" ] ||
    [ -n "$(find "$root/configure.ac" -newer "$root/configure")" ]; then
    step "Making configure (autoreconf)." in_dir "$root" autoreconf -fi
  fi
  if [ ! -e "$build/Makefile" ]; then
    step "Configuring libcgo in $build." in_dir "$build" "$root/configure" \
      --prefix="$prefix" --libdir="$prefix/lib" --without-check
  fi
  step "Building libcgo." make -C "$build" -j "$(getconf _NPROCESSORS_ONLN)"
  step "Installing libcgo in $prefix." make -C "$build" install
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
  export PKG_CONFIG_PATH
}
