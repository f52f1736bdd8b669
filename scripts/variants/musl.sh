#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# musl: the C library musl, shared and static, with musl-gcc
#
# musl-gcc has no C++ library. The port musl-zig runs the C++ tests.
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs musl-tools

# The shared library needs that of C and no other.
needs_only_libc() {
  readelf -dW .libs/libcgo.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >needed
  cat needed
  echo libc.so | cmp - needed
}

build musl --host=x86_64-linux-musl --without-check CC=musl-gcc CXX=musl-gcc || exit 0
suite musl -j "$jobs" "$of_the_compiler"
record 'Linux with musl, amd64' "$(compiler musl-gcc)" natively
step 'musl: the library needs nothing but libc.so' needs_only_libc || true
