#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154
#
# Go programs on libcgo: builds those of this directory, unmodified, in each way that
# Go can link them, and runs them. GO names the go command; GO_PROGRAMS and GO_MODES
# choose among them. make check-go-programs calls it.
#
# Where a program fails, it is built and run without libcgo as well: if it fails then,
# too, this Go or this machine cannot do it, and the test is skipped.
. "$top_srcdir/tests/support/tap.sh"

: "${GO:=go}"
export GO
programs=${GO_PROGRAMS:-resolver users process callbacks fibers signals sqlite}
modes=${GO_MODES:-auto internal external pie static race asan msan c-shared c-archive}

LIBCGO_GO_SHIM=$srcdir/src/go/shim.c
PKG_CONFIG_PATH=$builddir${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false"
export LIBCGO_GO_SHIM PKG_CONFIG_PATH LD_LIBRARY_PATH GOFLAGS

with_libcgo=$builddir/tools/libcgo-go
unset CFLAGS CXXFLAGS

if ! have "$GO"; then
  skip go_programs "there is no go command"
  done_testing
  exit
fi
version=$("$GO" env GOVERSION)
echo "# $version"

# build TOOL OUTPUT DIRECTORY FLAG...
build() {
  tool=$1 output=$2 directory=$3
  shift 3
  (cd "$srcdir/tests/go/$directory" &&
    timeout -k 1 900 $tool build -p 2 -o "$output" "$@" .)
}

# uses_libcgo FILE: it has libcgo's code, or the loader gets that of this tree.
uses_libcgo() {
  nm "$1" 2>/dev/null | grep -q ' T libcgo_go_init$' && return
  nm -D "$1" | grep -q ' U libcgo_go_init' || {
    echo "$1 does not call libcgo"
    return 1
  }
  ldd "$1" | grep -q "libcgo\\.so\\.0 => $builddir/\\.libs/" || {
    ldd "$1"
    return 1
  }
}

# on TOOL FILE: whether the file is as the tool is to make it.
on() {
  if test "$1" = "$GO"; then
    ! uses_libcgo "$2" >/dev/null
  else
    uses_libcgo "$2"
  fi
}

run() {
  timeout -k 1 240 "$@" >run.log 2>&1
  status=$?
  tail -n 40 run.log
  test $status = 0 && test "$(tail -n 1 run.log)" = ok
}

# program TOOL NAME MODE ARGUMENT...
program() {
  tool=$1 name=$2 mode=$3
  shift 3
  file=$scratch/$name-$mode
  rm -f "$file"
  flags=
  case $mode in
  internal) flags=-ldflags=-linkmode=internal ;;
  external) flags=-ldflags=-linkmode=external ;;
  pie) flags=-buildmode=pie ;;
  race | asan | msan) flags=-$mode ;;
  esac
  (
    CC=gcc
    test $mode != msan || CC=clang
    export CC
    if test "$name" = sqlite; then
      CGO_CFLAGS=-O0 # nine megabytes of C
      export CGO_CFLAGS
    fi
    if test $mode = static; then
      build "$tool" "$file" "$name" -ldflags='-linkmode=external -extldflags=-static'
    else
      build "$tool" "$file" "$name" $flags
    fi
  ) && on "$tool" "$file" || return 1
  case $name in
  resolver)
    GODEBUG=netdns=cgo+2 run "$file" || return 1
    grep -q '(localhost) = cgo' run.log ;;
  *) run "$file" "$@" ;;
  esac
}

# limited TOOL PATTERN COMMAND...: limits ends so under the command.
limited() {
  tool=$1 pattern=$2
  shift 2
  build "$tool" "$scratch/limited" limits && on "$tool" limited && chmod 755 "$scratch" || return 1
  "$@" timeout -k 1 120 ./limited >run.log 2>&1
  status=$?
  head -n 5 run.log
  test $status != 0 && grep -q "$pattern" run.log
}

# Another user, whose threads are these only.
other_user='setpriv --reuid 54321 --regid 54321 --clear-groups'
under_nproc() {
  $other_user prlimit --nproc=60 "$@"
}

cgroup=/sys/fs/cgroup/libcgo-test-$$
under_pids_max() {
  mkdir -p $cgroup && echo 60 >$cgroup/pids.max || return 0
  sh -c 'echo $$ >'"$cgroup"'/cgroup.procs && exec "$@"' - "$@"
  under=$?
  rmdir $cgroup
  return $under
}

# named NAME COMMAND PATTERN: libcgo names the limit. Beside it, what is said without.
named() {
  ok libcgo_names_$1 limited "$with_libcgo" "$3" $2
  sed -n 's/^/# with libcgo: /p; 1q' run.log
  limited "$GO" . $2 >stock.log 2>&1
  sed -n 's/^/# without: /p; 1q' run.log
}

# libraries TOOL WHICH: programs with Go libraries.
libraries() {
  tool=$1 mode=$2
  shared=$srcdir/tests/go/shared
  rm -f one.* two.* one two
  case $mode in
  c-archive)
    build "$tool" "$scratch/one.a" shared/lib -buildmode=c-archive || return 1
    libs=
    test "$tool" = "$GO" || libs="-L$builddir/.libs -lcgo"
    gcc -DLINKED "$shared/host.c" one.a $libs -pthread -ldl -o host &&
      on "$tool" host && run ./host ;;
  c-shared)
    build "$tool" "$scratch/one.so" shared/lib -buildmode=c-shared &&
      cp one.so two.so && on "$tool" one.so &&
      gcc "$shared/host.c" -pthread -ldl -o host && run ./host ./one.so ;;
  two) # after c-shared
    libraries "$tool" c-shared && run ./host ./one.so ./two.so ;;
  both)
    build "$tool" "$scratch/one.so" shared/lib -buildmode=c-shared &&
      build "$tool" "$scratch/plugin.so" shared/plugin -buildmode=plugin &&
      build "$tool" "$scratch/both" shared/both &&
      on "$tool" both && run ./both ./plugin.so ./one.so ;;
  esac
}

# Go's own C half waits for ever.
forked_at_once() {
  libraries "$with_libcgo" c-shared && run ./host fork ./one.so
}

# claim NAME COMMAND... where the command has TOOL in the place of its tool.
claim() {
  claim_name=$1 command=$2
  shift 2
  if $command "$with_libcgo" "$@" >claim.log 2>&1; then
    ok $claim_name true
  elif $command "$GO" "$@" >stock.log 2>&1; then
    ok $claim_name eval 'cat claim.log; false'
  else
    skip $claim_name "it fails without libcgo, too: $(grep -v '^ok$' stock.log | tail -n 1)"
  fi
}

for name in $programs; do
  for mode in $modes; do
    case $name/$mode in
    */c-*) ;;
    fibers/*)
      claim fibers_of_a_thread_$mode program fibers $mode thread
      claim fibers_of_a_goroutine_$mode program fibers $mode goroutine
      claim fibers_that_a_panic_leaves_$mode program fibers $mode panic
      case $version in
      go1.19* | go1.2[0-2]*)
        skip fibers_of_a_thread_in_Go_$mode "Go before 1.23 forgets the stack that it has come from" ;;
      *) claim fibers_of_a_thread_in_Go_$mode program fibers $mode nested ;;
      esac ;;
    *) claim ${name}_$mode program $name $mode ;;
    esac
  done
done
for mode in $modes; do
  case $mode in
  c-archive)
    claim a_C_program_with_a_Go_archive libraries c-archive ;;
  c-shared)
    claim a_C_program_that_loads_a_Go_library libraries c-shared
    claim a_C_program_that_loads_two_Go_libraries libraries two
    ok a_child_that_is_forked_at_once_waits_for_no_start forked_at_once
    claim a_Go_program_that_loads_a_plugin_and_a_Go_library libraries both ;;
  esac
done
case " $modes " in
*' auto '*)
  if $other_user true 2>/dev/null; then
    named RLIMIT_NPROC under_nproc 'RLIMIT_NPROC is 60, '
  else
    skip libcgo_names_RLIMIT_NPROC "only root can be another user"
  fi
  mkdir $cgroup 2>/dev/null
  if test -w $cgroup/pids.max; then
    named pids.max under_pids_max 'pids.max is 60, '
  else
    rmdir $cgroup 2>/dev/null
    skip libcgo_names_pids_max "there is no control group to be made"
  fi ;;
esac
done_testing
