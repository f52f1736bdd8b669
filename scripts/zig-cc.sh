#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/zig-cc.sh DIRECTORY TARGET [FLAG...]
#
# Makes DIRECTORY/TARGET-cc, -c++, -ar and -ranlib: tools for TARGET (x86_64-linux-musl,
# aarch64-freebsd, ...) that call the compiler Zig. Zig has headers, C libraries and a
# linker for each target. Give the tools to configure:
# `configure --host=TRIPLET CC=... CXX=... AR=... RANLIB=...`.
# The compilers add the FLAGs, such as -mcpu=..., to each call.
#
# Zig is $ZIG, or the one in PATH, or comes from the Python package index.
set -eu

if test $# -lt 2; then
  sed -n '4,/^set /{/^set /d;s/^# \{0,1\}//p;}' "$0" >&2
  exit 2
fi
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/prepare.sh
. "$top/scripts/prepare.sh"
mkdir -p "$1"
directory=$(cd "$1" && pwd)
target=$2
shift 2

zig=${ZIG:-$(command -v zig || true)}
if test -z "$zig"; then
  python_with ziglang
  zig=$("$python" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__) + "/zig")')
fi
# Without -O Zig's C traps what is undefined; who wants that asks for it. With -S it passes -c,
# too, and clang warns of that.
compile="-target $target $* -fno-sanitize=undefined -Wno-unused-command-line-argument"
for tool in "cc $compile" "c++ $compile" ar ranlib; do
  name=$directory/$target-${tool%% *}
  printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$tool" >"$name"
  chmod +x "$name"
done
