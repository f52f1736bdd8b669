#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# What configure says to those whom it cannot serve.
. "$(dirname "$0")/../support/tap.sh"

refuses() { # TEXT CONFIGURE-ARGUMENTS...
  text=$1
  shift
  rm -rf run && mkdir run
  if (cd run && "$srcdir/configure" "$@") >out 2>&1; then
    echo "configure $* succeeded"
    return 1
  fi
  tail -n 5 out
  grep -q "error:.*$text" out
}

if test -x "$srcdir/configure" && ! test -f "$srcdir/config.status"; then
  ok an_unknown_cpu_is_named_with_the_porting_guide \
    refuses "no port to 'vax-dec-linux-gnu' yet (CPU unknown, OS linux).*README.md.*docs/porting.md" --host=vax-linux-gnu
  ok an_unknown_system_is_named_with_the_porting_guide \
    refuses "no port to 'x86_64-unknown-plan9' yet (CPU amd64, OS unknown).*docs/porting.md" --host=x86_64-unknown-plan9
  if have i686-linux-gnu-gcc; then
    ok a_compiler_for_another_cpu_is_refused \
      refuses 'makes code for another CPU; pass the right --host' \
      --build=x86_64-pc-linux-gnu --host=x86_64-other-linux-gnu \
      CC=i686-linux-gnu-gcc CXX=i686-linux-gnu-g++
  else
    skip a_compiler_for_another_cpu_is_refused "there is no i686-linux-gnu-gcc here"
  fi
else
  skip what_configure_refuses "the source tree is configured itself"
fi
done_testing
