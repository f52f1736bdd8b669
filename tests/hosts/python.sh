#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# libcgo/host/python.h, with the system's CPython, the newest three others that have their
# headers, and the newest without the GIL: python-module.c, python-tests.py and python-embed.cc beside this script say what is
# claimed. PYTHONS: these interpreters instead. HOSTS_EXITS: how often each ends under fire.
. "$(dirname "$0")/../support/tap.sh"
hosts='Python'
# shellcheck source=tests/support/hosts.sh
. "$srcdir/tests/support/hosts.sh"

here=$srcdir/tests/hosts

# What an interpreter says of itself: VERSION INCLUDE-DIRECTORY LINKER-FLAGS. Nothing if it is
# not CPython 3.7 or later, or has no headers.
facts_of() {
  "$1" -c '
import os, sys, sysconfig
v = sysconfig.get_config_var
include = sysconfig.get_path("include")
if (sys.implementation.name == "cpython" and sys.version_info >= (3, 7)
        and os.path.exists(os.path.join(include, "Python.h"))
        and sys.maxsize > 2**32 or "'"$HOST"'".startswith("i")):
    flags = ""
    if v("Py_ENABLE_SHARED"):
        flags = "-L%s -Wl,-rpath,%s -lpython%s" % (v("LIBDIR"), v("LIBDIR"), v("LDVERSION"))
    print(sys.version.split()[0] + sys.abiflags, include, flags)
' 2>/dev/null
}

# Those of pyenv are found without its shims. Each once, by its path.
candidates() {
  {
    ls /usr/bin/python3
    echo "$PATH" | tr : '\n' | while read -r dir; do
      ls "$dir"/python3 "$dir"/python3.[0-9] "$dir"/python3.[0-9][0-9] "$dir"/python3.[0-9][0-9]t
    done
    ls "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3
  } 2>/dev/null | while read -r path; do
    "$path" -c 'import sys; print(sys.executable)' 2>/dev/null
  done | while read -r path; do
    echo "$(readlink -f "$path") $path"
  done | awk '!seen[$1]++ { print $2 }'
}

interpreters() {
  candidates | while read -r path; do
    facts=$(facts_of "$path")
    test -z "$facts" || echo "${facts%% *} $path"
  done >all
  {
    sed -n 1p all
    sed 1d all | sort -rV | awk '{ split($1, v, "."); free = $1 ~ /t$/
      if (!seen[v[1] "." v[2] free]++ && (free ? f++ < 1 : n++ < 3)) print }'
  } | sed 's/^[^ ]* //'
}

build() {
  $CC -std=gnu11 -Wall -Wextra -Werror $cppflags -isystem "$include" $CFLAGS -fPIC -shared \
    "$here/python-module.c" -o border.so $shared_libs
}

compiles_alone() {
  printf '#include <libcgo/host/python.h>\nLIBCGO_PYTHON(border);\nint f(void (*fn)(void *), void *p);\nint f(void (*fn)(void *), void *p) { return libcgo_python_call(&border, fn, p); }\n' >alone.c
  $CC -std=c11 -Wall -Wextra -Werror $cppflags -isystem "$include" -c alone.c -o alone.o &&
    $CC -std=c11 -Wall -Wextra -Werror $cppflags -isystem "$include" -include stdio.h -c alone.c -o alone.o &&
    $CXX -std=c++17 -Wall -Wextra -Werror $cppflags -isystem "$include" -x c++ -c alone.c -o alone.o
}

# Debian has pyconfig.h in a directory of the architecture, among the headers of glibc.
compiles_with_musl() {
  rm -rf musl && mkdir musl && ln -s "/usr/include/$(uname -m)-linux-gnu" musl/
  musl-gcc -std=c11 -Wall -Wextra -Werror $cppflags -isystem "$include" -isystem musl -c alone.c -o alone.o
}

strict_users() {
  for compiler in $(strict_compilers); do
    compile_strict "$compiler" -isystem "$include" -x c++ -c alone.c -o alone.o || return 1
  done
}

passes() { timeout -k 1 120 "$python" -W ignore "$here/python-tests.py" "$1"; }

embeds() {
  $CXX -std=gnu++17 -Wall -Wextra -Werror $cppflags -isystem "$include" $CXXFLAGS \
    "$here/python-embed.cc" -o embed $flags $shared_libs -ldl
}
embedded() { timeout -k 1 120 ./embed "$1"; }

ends_under_fire() {
  i=0
  while test $i -lt ${HOSTS_EXITS:-5}; do
    timeout -k 1 120 "$python" "$here/python-tests.py" end_with_threads_calling >out 2>&1 || {
      echo "exit status $? in run $i"
      cat out
      return 1
    }
    i=$((i + 1))
  done
}

# examples/python, built by setuptools as its README says.
example() {
  rm -rf example
  cp -r "$srcdir/examples/python" example && chmod -R u+w example &&
    (cd example && PKG_CONFIG_PATH=$builddir LDFLAGS=-Wl,-rpath,$builddir/.libs CC=$CC \
      "$python" setup.py -q build_ext --inplace && timeout -k 1 120 "$python" demo.py) >example.out 2>&1
  status=$?
  cat example.out
  test $status = 0 && grep -qx 'threads: 4 ticks: 400' example.out
}

# The same by pip and meson-python.
meson_example() {
  rm -rf example
  cp -r "$srcdir/examples/python" example && chmod -R u+w example &&
    (cd example && PATH=$(dirname "$python"):$PATH PKG_CONFIG_PATH=$builddir LDFLAGS=-Wl,-rpath,$builddir/.libs \
      CC=$CC "$python" -m pip install -q --no-index --no-build-isolation --no-deps --target installed . &&
      PYTHONPATH=installed timeout -k 1 120 "$python" demo.py) >example.out 2>&1
  status=$?
  cat example.out
  test $status = 0 && grep -qx 'threads: 4 ticks: 400' example.out
}

needs_no_python() {
  ! $READELF -d "$builddir/.libs/libcgo.so" | grep -i 'needed.*python'
}

export PYTHONPATH="$scratch" PYTHONDONTWRITEBYTECODE=1
claims=$(sed -n '/^def end_with/d; s/^def \([a-z_]*\)():/\1/p' "$here/python-tests.py")
found=
for python in ${PYTHONS:-$(interpreters)}; do
  facts=$(facts_of "$python")
  test -n "$facts" || continue
  found=yes
  version=${facts%% *} rest=${facts#* }
  include=${rest%% *} flags=${rest#* }
  ok "the_header_compiles_with_$version" compiles_alone
  ok "the_header_is_silent_for_strict_users_with_$version" strict_users
  if have musl-gcc; then
    ok "the_header_compiles_with_musl_and_$version" compiles_with_musl
  else
    skip "the_header_compiles_with_musl_and_$version" 'there is no musl-gcc'
  fi
  ok "a_module_can_be_built_for_$version" build
  for name in $claims; do
    ok "${name}_in_$version" passes $name
  done
  ok "an_end_with_threads_calling_is_harmless_in_$version" ends_under_fire
  if ! have pkg-config; then
    skip "setuptools_builds_the_example_for_$version" 'there is no pkg-config'
  elif ! "$python" -c 'import setuptools' 2>setuptools.out; then
    skip "setuptools_builds_the_example_for_$version" 'it has no setuptools'
  else
    ok "setuptools_builds_the_example_for_$version" example
  fi
  if ! have pkg-config; then
    skip "meson_builds_the_example_for_$version" 'there is no pkg-config'
  elif ! "$python" -c 'import mesonpy, pip' 2>mesonpy.out; then
    skip "meson_builds_the_example_for_$version" 'it has no meson-python, or no pip'
  else
    ok "meson_builds_the_example_for_$version" meson_example
  fi
  names=$(sed -n 's/.*{"\([a-z_]*\)".*/\1/p' "$here/python-embed.cc")
  if test -z "$flags"; then
    for name in $names; do skip "${name}_in_$version" 'there is no libpython'; done
  elif test "$CXX_LIBRARY" != yes; then
    for name in $names; do skip "${name}_in_$version" 'there is no C++ library'; done
  else
    ok "a_program_can_embed_$version" embeds
    for name in $names; do ok "${name}_in_$version" embedded $name; done
  fi
done
test -n "$found" || skip_all 'there is no CPython with headers (Debian: python3-dev)'
ok libcgo_does_not_need_python needs_no_python
done_testing
