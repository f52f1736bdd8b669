#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# What configure says to those whom it cannot serve.
. "$(dirname "$0")/tap.sh"

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

other_cpu() {
  # The host says amd64, the compiler makes something else.
  refuses 'makes code for another CPU; pass the right --host' \
    --build=x86_64-pc-linux-gnu --host=x86_64-pc-linux-gnu "CC=$CC -U__x86_64__ -U__i386__"
}

if test -x "$srcdir/configure" && ! test -f "$srcdir/config.status"; then
  ok an_unknown_cpu_is_named_with_the_ports_and_the_porting_guide \
    refuses "no port to 'vax-unknown-linux-gnu' yet.*x86_64-\*-linux\*.*docs/porting.md" --host=vax-linux-gnu
  ok an_unknown_system_is_named_with_the_ports_and_the_porting_guide \
    refuses "no port to 'x86_64-unknown-plan9' yet.*docs/porting.md" --host=x86_64-unknown-plan9
  ok a_compiler_for_another_cpu_is_refused other_cpu
else
  skip what_configure_refuses "the source tree is configured itself"
fi
done_testing
