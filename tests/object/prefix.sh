#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# The configure probe for the prefix of C names, with compilers for Windows:
# 64-bit Windows has none, 32-bit Windows has an underscore.
. "$(dirname "$0")/../support/tap.sh"

mkdir -p probe/m4
cp "$srcdir/m4/symbol-prefix.m4" probe/m4/
cat >probe/configure.ac <<'M'
AC_INIT([probe], [1])
AC_CONFIG_MACRO_DIRS([m4])
AC_PROG_CC
AC_CHECK_TOOL([NM], [nm])
LIBCGO_CHECK_SYMBOL_PREFIX
echo "prefix: $libcgo_cv_symbol_prefix"
M

finds() { # HOST PREFIX CONFIGURE-ARGUMENTS...
  host=$1 prefix=$2
  shift 2
  rm -rf run && mkdir run && (cd run && env -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS -u NM ../probe/configure --host=$host "$@") >out 2>&1
  cat out
  grep -qx "prefix: $prefix" out
}

wrong_prefix='-D__USER_LABEL_PREFIX__=q -Wp,-w'
can_disagree() {
  echo 'int main(void) { return 0; }' >disagree.c
  $1 $wrong_prefix disagree.c -o disagree 2>/dev/null
}
disagrees() {
  rm -rf run && mkdir run &&
    (cd run && ../probe/configure --host=$HOST CC="$1" CFLAGS="$wrong_prefix") >out 2>&1
  cat out
  grep -q 'error: the object says' out
}

if ! have autoreconf; then
  skip defect_12_the_probe "there is no autoconf here"
elif ! (cd probe && autoreconf -fi) >autoreconf.log 2>&1; then
  ok defect_12_the_probe_is_a_configure_script cat autoreconf.log
else
  ok the_probe_finds_no_prefix_on_this_host finds "$HOST" none CC="$CC" NM="$NM"
  ok the_probe_works_with_lto finds "$HOST" none CC="$CC" NM="$NM" CFLAGS=-flto
  if can_disagree "$CC"; then
    ok a_compiler_that_disagrees_with_its_objects_is_refused disagrees "$CC"
  else
    skip a_compiler_that_disagrees_with_its_objects_is_refused \
      "this compiler is not to be silenced about it (-Wp,-w)"
  fi
  for w in x86_64:none i686:_; do
    host=${w%%:*}-w64-mingw32
    if have $host-gcc; then
      ok "defect_12_the_probe_finds_${w##*:}_for_$host" finds $host ${w##*:}
    else
      skip "defect_12_the_probe_finds_${w##*:}_for_$host" "there is no $host-gcc here"
    fi
  done
fi
done_testing
