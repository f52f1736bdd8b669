#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# The public headers as tools of other languages parse them. With each, a program has a record
# filled by an init function, and has threads of C attached that call back. It prints how often
# it was called, constants, and the size of a record; so does a program in C.
# BINDGEN, ZIG: names of one or more of these. PYTHON_CFFI: a Python that has cffi.
. "$(dirname "$0")/../support/tap.sh"
hosts="other languages' tools"
# shellcheck source=tests/support/hosts.sh
. "$srcdir/tests/support/hosts.sh"

here=$srcdir/tests/hosts

cgo=$builddir/.libs/libcgo.so
parse=$scratch/libparse.so

# ---- what all of them use ----

helper() {
  $CC -std=c11 -Wall -Wextra -Werror $cppflags $CFLAGS -fPIC -shared "$here/parse.c" -o libparse.so $shared_libs
}

# The command that docs/languages.md gives.
declared() {
  sed -n 's/^    \(echo .*LIBCGO_DECLARATIONS.*\)/\1/p' "$srcdir/docs/languages.md" |
    sed "s#\\\$(pkg-config --cflags libcgo)#$cppflags#; s#| cc #| $CC #" >commands
  cat commands
  test "$(grep -c . commands)" = 1 && sh -e commands && cp "$here/parse.h" . &&
    sed '/^#/d; s|/\*.*\*/||' parse.h | sed '/^ *\/\*/,/\*\/$/d' >>declarations.h &&
    # Nothing but C's own words and the library's.
    ! grep -n '__\|inline\|^#' declarations.h
}

# The same numbers by the macros, for C.
in_c() {
  cat >reference.c <<'C'
#include <libcgo.h>
#include <stdio.h>
#include "parse.h"
int main(void) {
  static struct libcgo_runtime runtime;
  int count = 0, i;
  if (libcgo_runtime_init(&runtime, sizeof runtime, libcgo_ready_ops()) != 0 ||
      libcgo_init_begin(&runtime.init) != 0 || libcgo_init_done(&runtime.init) != 0)
    return 1;
  for (i = 0; i < 3; i++)
    if (parse_call(&runtime, parse_count, &count) != 0)
      return 1;
  printf("%d %zu %llu %zu %d %d %zu\n", count, (size_t)LIBCGO_NO_GUARD,
         (unsigned long long)LIBCGO_FOR_EVER, LIBCGO_THREAD_POLL_OFFSET, LIBCGO_STACK_MIN,
         LIBCGO_STACK_OTHER, sizeof(struct libcgo_thread));
  return 0;
}
C
  $CC -std=c11 $cppflags $CFLAGS -I"$here" reference.c -o reference ./libparse.so -Wl,-rpath,"$scratch" $shared_libs &&
    ./reference >expected && test -s expected
}

# says COMMAND...: the numbers of C. A - stands for one that the language does not have.
says() {
  timeout -k 1 120 "$@" >said 2>&1
  status=$?
  cat said expected
  test $status = 0 && tr '\t' ' ' <said | awk 'NR == FNR { split($0, want); next }
    { for (i = 1; i <= 7; i++) if ($i != want[i] && $i != "-") exit 1; n++ }
    END { exit n != 1 }' expected -
}

ok a_library_of_c_is_built helper
ok the_documented_command_makes_plain_declarations declared
ok c_says_the_numbers in_c

# ---- cffi ----

cffi_python() {
  for python in ${PYTHON_CFFI:-/usr/bin/python3 python3}; do
    if "$python" -c 'import cffi' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
}
python=$(cffi_python)
if test -n "$python"; then
  ok cffi_in_abi_mode_calls_back says "$python" "$here/parse-cffi.py" abi declarations.h "$cgo" "$parse"
else
  skip cffi_in_abi_mode_calls_back 'no Python here has cffi (Debian: python3-cffi)'
fi
has_headers() { # PYTHON
  test -n "$1" && "$1" -c '
import os, sysconfig
exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}
if ! has_headers "$python"; then
  skip cffi_in_api_mode_calls_back 'no Python here has cffi and its own headers (Debian: python3-dev)'
elif ! "$python" -c 'import setuptools' 2>/dev/null; then
  skip cffi_in_api_mode_calls_back 'this Python has no setuptools'
else
  ok cffi_in_api_mode_calls_back says env CC="$CC" "$python" "$here/parse-cffi.py" api declarations.h "$cgo" \
    "$parse" $cppflags "-I$here"
fi

# ---- SWIG ----

swig_calls() {
  include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))') &&
    swig -python -Werror -I. "-I$here" -outdir . -o parse_wrap.c "$here/parse.i" &&
    $CC -std=gnu11 $cppflags -I"$here" -isystem "$include" $CFLAGS -fPIC -shared parse_wrap.c \
      -o _parse_swig.so ./libparse.so -Wl,-rpath,"$scratch" $shared_libs &&
    says env PYTHONPATH=. "$python" "$here/parse-swig.py"
}
for python in ${PYTHON_CFFI:-} /usr/bin/python3 python3; do
  if has_headers "$(command -v "$python")"; then break; fi
  python=
done
if ! have swig; then
  skip swig_calls_back 'there is no swig here (Debian: swig)'
elif test -z "$python"; then
  skip swig_calls_back 'no Python here has its headers (Debian: python3-dev)'
else
  ok swig_calls_back swig_calls
fi

# ---- LuaJIT ----

if have luajit; then
  ok luajit_calls_back says luajit "$here/parse.lua" declarations.h "$cgo" "$parse"
else
  skip luajit_calls_back 'there is no luajit here (Debian: luajit)'
fi

# ---- bindgen ----

# rustup puts its programs there.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
bindgen_calls() { # BINDGEN
  printf '#include <libcgo.h>\n#include "%s/parse.h"\n' "$here" >all.h
  "$1" all.h --allowlist-type 'libcgo_.*' --allowlist-function '(libcgo|parse)_.*' \
    --allowlist-var 'LIBCGO_.*' -o bindings.rs -- -DLIBCGO_VARIABLES $cppflags &&
    OUT=$scratch rustc --edition 2021 "$here/parse.rs" -o parsed -L "$builddir/.libs" -L "$scratch" \
      -l dylib=cgo -l dylib=parse -C link-arg="-Wl,-rpath,$builddir/.libs,-rpath,$scratch" &&
    says ./parsed
}
# knows_libclang BINDGEN: an older bindgen takes records for opaque with a newer libclang, of
# which a machine may have several. Sets LIBCLANG_PATH if need be.
knows_libclang() {
  echo 'struct a; struct b { struct a *a; }; struct a { int member; };' >record.h
  for LIBCLANG_PATH in "${LIBCLANG_PATH-}" /usr/lib/llvm-*/lib; do
    export LIBCLANG_PATH
    test -n "$LIBCLANG_PATH" || unset LIBCLANG_PATH
    if "$1" record.h 2>/dev/null | grep 'pub member:'; then return; fi
  done >/dev/null
  false
}
: "${BINDGEN:=$(command -v bindgen)}"
if test -z "$BINDGEN"; then
  skip bindgen_calls_back 'there is no bindgen here (Debian: bindgen)'
elif ! have rustc; then
  skip bindgen_calls_back 'there is no rustc here'
else
  for bindgen in $BINDGEN; do
    name=$("$bindgen" --version | tr ' ' _)_calls_back
    if knows_libclang "$bindgen"; then
      ok "$name" bindgen_calls "$bindgen"
    else
      skip "$name" 'it is older than each libclang here'
    fi
  done
fi

# ---- Zig ----

zig_calls() { # ZIG
  echo '#include <libcgo.h>' >zig.h
  sed 's/@cImport(.*);/@import("c");/' "$srcdir/bindings/zig/callback.zig" >imports.zig
  libraries="-lc -lcgo -L$builddir/.libs -rpath $builddir/.libs"
  timeout -k 1 500 "$1" translate-c zig.h -lc $cppflags >c.zig &&
    timeout -k 1 500 "$1" build-exe --dep c -Mroot=imports.zig -lc -Mc=c.zig $libraries -femit-bin=translated &&
    timeout -k 1 60 ./translated 2>said || return 1
  cat said
  test "$(cat said)" = '4016000 0 true'
}
ZIG_LOCAL_CACHE_DIR=$scratch/cache ZIG_GLOBAL_CACHE_DIR=$scratch/cache
export ZIG_LOCAL_CACHE_DIR ZIG_GLOBAL_CACHE_DIR
: "${ZIG:=$(command -v zig)}"
if test -z "$ZIG"; then
  skip zig_translate_c_calls_back 'there is no zig here'
elif test "$CPU" != amd64 && test "$CPU" != arm64; then
  skip zig_translate_c_calls_back "Zig's own CPU is another one"
else
  for zig in $ZIG; do
    ok "zig_$("$zig" version)_translate_c_calls_back" zig_calls "$zig"
  done
fi

# ---- jextract ----

# Its classes need a JDK with java.lang.foreign (22).
jextract_reads() {
  echo '#include <libcgo.h>' >all.h
  jextract --output java -t cgo -D LIBCGO_VARIABLES ${cppflags%% *} -I "${cppflags#*-I*-I}" all.h &&
    javac -d java $(find java -name '*.java')
}
if have jextract && have javac; then
  ok jextract_reads_the_headers jextract_reads
else
  skip jextract_reads_the_headers 'there is no jextract here, and no package has it'
fi
done_testing
