#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/zig-cc.sh DIRECTORY TARGET [FLAG...]
#
# Makes the tools of a target (x86_64-linux-musl, aarch64-freebsd, ...) of the compiler
# Zig, which brings headers, C libraries and a linker for each: DIRECTORY/TARGET-cc, -c++,
# -ar and -ranlib. `configure --host=TRIPLET CC=... CXX=... AR=... RANLIB=...` takes them.
# The compilers have the flags, such as -mcpu=..., in each call.
#
# Zig is $ZIG, or the one in PATH, or comes from the Python package index into
# build/zig of this checkout.
set -eu

if test $# -lt 2; then
  sed -n '3,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
directory=$(cd "$1" && pwd)
target=$2
shift 2
flags=$*

zig=${ZIG:-$(command -v zig || true)}
if test -z "$zig"; then
  zig=$top/build/zig/bin/zig
  if ! test -x "$zig"; then
    python3 -m venv "$top/build/zig"
    "$top/build/zig/bin/pip" install -q ziglang
    printf '#!/bin/sh\nexec "%s" -m ziglang "$@"\n' "$top/build/zig/bin/python3" >"$zig"
    chmod +x "$zig"
  fi
fi

# tool NAME ARGUMENT...
tool() {
  name=$directory/$target-$1
  shift
  printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$*" >"$name"
  chmod +x "$name"
}
# Without -O Zig's C traps what is undefined; who wants that asks for it.
tool cc cc -target "$target" "$flags" -fno-sanitize=undefined
tool c++ c++ -target "$target" "$flags" -fno-sanitize=undefined
tool ar ar
tool ranlib ranlib
