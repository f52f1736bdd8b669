# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh disable=SC2154 # top and name are the script's
#
# scripts/demo.sh and scripts/treesum.sh source it. $top is the source tree, and $name the
# name of the script.

build=$top/build/demo
prefix=$build/prefix
log=$build/demo.log
# shellcheck source=scripts/prepare.sh
. "$top/scripts/prepare.sh"

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

# local_library PACKAGE...: builds libcgo of this checkout and installs it in $prefix, which
# pkg-config then knows. On Debian it installs what is missing, also of these packages.
local_library() {
  case $top in
  *[[:space:]]*)
    die "the path of this tree has a space, and libtool installs nothing in such a path: move it" ;;
  esac
  mkdir -p "$build"
  : >"$log"
  install_packages gcc g++ make autoconf automake libtool pkg-config "$@"
  if [ -e "$top/config.status" ] || [ ! -e "$top/configure" ] ||
    [ -n "$(find "$top/configure.ac" -newer "$top/configure")" ]; then
    echo "Making configure (autoreconf)."
    make_configure
  fi
  if [ ! -e "$build/Makefile" ]; then
    step "Configuring libcgo in $build." env -C "$build" "$top/configure" \
      --prefix="$prefix" --libdir="$prefix/lib" --without-check
  fi
  step "Building libcgo." make -C "$build" -j "$(getconf _NPROCESSORS_ONLN)"
  step "Installing libcgo in $prefix." make -C "$build" install
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
  export PKG_CONFIG_PATH
}
