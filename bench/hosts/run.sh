#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# make bench-hosts: calls from a thread of C into runtimes that exist, the usual way, the
# best way by hand, and with libcgo, in turns in one process. Uses every JDK and OCaml of
# this machine, CPython, Node and Ruby, and skips what is not here. Prints a table, in
# nanoseconds.
#
# BENCH_ROUNDS: how many rounds (301). OCAMLS, JAVA_HOME, NODE, RUBY: as in tests/hosts.
# PYTHON_CONFIGS: these instead of the python3-config of PATH.
# shellcheck disable=SC2154
set -eu

here=$top_srcdir/bench/hosts
out=$top_builddir/bench/hosts-results
rounds=${BENCH_ROUNDS:-301}
rm -rf "$out"
mkdir -p "$out"
cd "$out"

cflags="-std=gnu11 -O2 -Wall -Wextra -fPIC -pthread -I$top_srcdir/include -I$top_builddir/include"
libs="-L$top_builddir/.libs -lcgo -Wl,-rpath,$top_builddir/.libs"

# bench_jni HOME
bench_jni() {
  version=$("$1/bin/javac" -version 2>&1 | sed 's/[^0-9]*//')
  "$1/bin/javac" -d . "$here/Bench.java"
  # shellcheck disable=SC2086
  ${CC:-cc} $cflags -isystem "$1/include" -isystem "$1/include/linux" -shared "$here/jni.c" -o libbench.so $libs
  "$1/bin/java" -cp . Bench "$out/libbench.so" "$rounds" 2>warnings | sed "s/^jni/JDK $version;/" >>results
}

# bench_ocaml DIRECTORY
bench_ocaml() {
  version=$("$1/ocamlopt" -version)
  cp "$here/ocaml_stubs.c" "$here/bench.ml" .
  # shellcheck disable=SC2086
  ${CC:-cc} $cflags -isystem "$("$1/ocamlopt" -where)" -c ocaml_stubs.c
  "$1/ocamlopt" -I +threads -I +unix unix.cmxa threads.cmxa ocaml_stubs.o bench.ml -o bench \
    -ccopt "-L$top_builddir/.libs -Wl,-rpath,$top_builddir/.libs" -cclib -lcgo 2>warnings
  ./bench "$rounds" | sed "s/^ocaml/OCaml $version;/" >>results
}

# Questions of a thread of C, which waits for the answer: see node.c and ruby.c.
bench_node() {
  node_include=$(dirname "$(dirname "$(readlink -f "$(command -v "$1")")")")/include/node
  test -f "$node_include/node_api.h" || return 0
  # shellcheck disable=SC2086
  ${CC:-cc} $cflags -isystem "$node_include" -shared "$here/node.c" -o bench.node $libs
  "$1" "$here/bench.js" "$out/bench.node" "$rounds" | sed "s/^node/Node $("$1" --version | tr -d v);/" >>results
}
bench_ruby() {
  ruby_includes=$("$1" -rrbconfig -e 'c = RbConfig::CONFIG
    puts "-isystem #{c["rubyhdrdir"]} -isystem #{c["rubyarchhdrdir"]}" if File.exist?(c["rubyhdrdir"] + "/ruby.h")')
  test -n "$ruby_includes" || return 0
  # shellcheck disable=SC2086
  ${CC:-cc} $cflags $ruby_includes -shared "$here/ruby.c" -o bench.so $libs
  "$1" "$here/bench.rb" "$rounds" | sed "s/^ruby/Ruby $("$1" -e 'print RUBY_VERSION');/" >>results
}

# A call of a Python function; make bench-python also prints that of a C function.
bench_python() {
  embed=$("$1" --embed --ldflags 2>/dev/null || "$1" --ldflags)
  # shellcheck disable=SC2046,SC2086
  ${CC:-cc} $cflags $("$1" --includes) "$here/python.c" -o bench-python $embed $libs \
    -Wl,-rpath,"$("$1" --prefix)/lib"
  ./bench-python | awk -F '\t' '/^# / { version = substr($0, 3) }
    $2 == "Python" && $3 !~ "/" { sub("by ", "", $3); print version "; " $3, $4 }' >>results
}

: >results
for dir in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*; do
  test ! -e "$dir/bin/javac" || test ! -e "$dir/include/jni.h" || readlink -f "$dir"
done | awk '!seen[$0]++' >jdks
while read -r home; do bench_jni "$home"; done <jdks
{
  command -v ocamlopt || true
  for dir in ${OCAMLS-/opt/ocaml-*/bin}; do
    test ! -x "$dir/ocamlopt" || echo "$dir/ocamlopt"
  done
} | sed 's|/ocamlopt$||' | awk '!seen[$0]++' >ocamls
while read -r bin; do bench_ocaml "$bin"; done <ocamls
for config in ${PYTHON_CONFIGS-python3-config}; do
  if command -v "$config" >/dev/null; then bench_python "$config"; fi
done
if command -v "${NODE:-node}" >/dev/null; then bench_node "${NODE:-node}"; fi
if command -v "${RUBY:-ruby}" >/dev/null; then bench_ruby "${RUBY:-ruby}"; fi
test -s results || {
  echo 'make bench-hosts needs a JDK, OCaml, CPython, Node or Ruby (Debian: openjdk-17-jdk-headless, ocaml-nox, python3-dev, ruby-dev).' >&2
  exit 1
}

awk '
  {
    split($0, part, "; ")
    split(part[2], field, " ")
    if (!(part[1] in known)) { known[part[1]] = 1; names[++n] = part[1] }
    ns[part[1], field[1]] = field[2]
  }
  END {
    print "| runtime | usual way | best by hand | libcgo | usual / libcgo | libcgo / by hand |"
    print "|---|---:|---:|---:|---:|---:|"
    for (i = 1; i <= n; i++) {
      r = names[i]
      printf "| %s | %.0f | %.0f | %.0f | %.1f | %.2f |\n", r, ns[r, "usual"],
        ns[r, "hand"], ns[r, "libcgo"], ns[r, "usual"] / ns[r, "libcgo"],
        ns[r, "libcgo"] / ns[r, "hand"]
    }
  }' results | tee table.md
