# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh disable=SC2154
#
# To be sourced after prepare.sh, with $top, the source tree. Prepares cross builds for
# Darwin. They use clang and LLD, and from Zig the headers and the list of libSystem's
# symbols. Python packages execute what was built.

darwin=${top:?}/build/darwin-tools

# darwin_tools: makes $darwin/zig, $darwin/sdk and $darwin/ld-386; false, if they cannot be
# had.
darwin_tools() {
  python_with ziglang unicorn lief || return 1
  test ! -e "$darwin/ld-386" || return 0
  zig=$("$python" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')
  rm -rf "$darwin"
  mkdir -p "$darwin/sdk/usr/lib"
  ln -s "$zig/zig" "$darwin/zig"
  ln -s "$zig/lib/libc/include/any-darwin-any" "$darwin/sdk/usr/include"
  # LLD 14 does not know Arm's newest variant, and the symbols of an older one will do
  # for all of Arm.
  sed 's/arm64e\.x1-[a-z]*,\{0,1\} *//g; s/, *\]/ ]/; s/arm64e-/arm64-/g' \
    "$zig/lib/libc/darwin/libSystem.tbd" >"$darwin/sdk/usr/lib/libSystem.tbd" || return 1
  for name in c m pthread; do
    ln -s libSystem.tbd "$darwin/sdk/usr/lib/lib$name.tbd"
  done
  # Nobody links for 386 any more. With this a configure script finds that programs
  # do, and goes on.
  cat >"$darwin/ld-386" <<'END_OF_LINKER'
#!/bin/sh
out=a.out
while test $# -gt 0; do
  test "$1" != -o || out=$2
  shift
done
echo 'no program' >"$out"
chmod +x "$out"
END_OF_LINKER
  chmod +x "$darwin/ld-386"
}

# darwin_configure SOURCE CPU: in the current directory.
darwin_configure() {
  darwin_linker=lld darwin_shared=
  case $2 in
  amd64) darwin_host=x86_64-apple-darwin16 darwin_target=x86_64-apple-macos10.12 ;;
  arm64) darwin_host=aarch64-apple-darwin20 darwin_target=arm64-apple-macos11 ;;
  386)
    darwin_host=i386-apple-darwin10 darwin_target=i386-apple-macosx10.6
    darwin_linker=$darwin/ld-386 darwin_shared=--disable-shared ;;
  esac
  # lt_cv_prog_gnu_ld: libtool takes LLD for GNU's linker, whatever its name is.
  # shellcheck disable=SC2086
  "$1/configure" --enable-werror --without-check --host=$darwin_host $darwin_shared \
    CC="clang -target $darwin_target -isysroot $darwin/sdk" CFLAGS=-O2 \
    CXX="clang++ -target $darwin_target -isysroot $darwin/sdk" CXXFLAGS=-O2 \
    LDFLAGS="-fuse-ld=$darwin_linker" LD="$(clang -print-prog-name=ld64.lld)" \
    lt_cv_prog_gnu_ld=no AR=llvm-ar NM=llvm-nm RANLIB=llvm-ranlib \
    LIPO="$(clang -print-prog-name=llvm-lipo)" \
    OTOOL="$(clang -print-prog-name=llvm-otool)" DSYMUTIL=:
}
