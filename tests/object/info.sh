#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# What libcgo-info says is what others say.
. "$(dirname "$0")/../support/tap.sh"

info() {
  (cd "$builddir" && exec timeout -k 1 60 $TEST_EMU ./libcgo-info "$@")
}

# value KEY: what the report says of it.
value() {
  sed -n "s/^$1  *//p" report | head -n 1
}

is() {
  test "$(value "$1")" = "$2" || {
    echo "'$1' is '$(value "$1")', not '$2'"
    return 1
  }
}

reports() {
  info >report && cat report && is libcgo "$VERSION, headers $VERSION"
}

port() {
  is port "linux, $CPU" && is 'static probes' "$PROBES"
}

# "IBT yes, SHSTK yes" is readelf's "IBT, SHSTK".
protection() {
  object=$builddir/.libs/libcgo.so
  test -f "$object" || object=$builddir/libcgo-info
  shown=$($READELF -n "$object" | sed -n 's/.* feature: \([A-Z]*, [A-Z]*\)$/\1/p')
  said=$(sed -n 's/^\(CET\|protection\) of the library  *//p' report | sed 's/ yes//g')
  echo "readelf: '$shown', libcgo-info: '$said'"
  test "$said" = "$shown"
}

limits() {
  (ulimit -S -s 4096 && info >report) && is RLIMIT_STACK 4194304 &&
    is RLIMIT_NPROC "$(awk '/^Max processes/ { print $3 }' /proc/self/limits)" &&
    is threads-max "$(cat /proc/sys/kernel/threads-max)" &&
    is max_map_count "$(cat /proc/sys/vm/max_map_count)"
}

# The initial stack has the size that the limit leaves it, but for the little that
# lies above it and for the page below; a thread has the default.
stacks() {
  (ulimit -S -s 4096 && info >report)
  for key in 'initial stack' ${threads_have_the_limit:+'stack of a thread'}; do
    kib=$(value "$key" | sed 's/.*, \([0-9]*\) KiB/\1/')
    echo "$key: $kib"
    test "$kib" -gt 3800 && test "$kib" -le 4096 || return 1
  done
}

classic_slots() {
  case $CPU in
  amd64) is 'classic slots' '-16 and -8' ;;
  386) is 'classic slots' '-8 and -4' ;;
  *) false ;;
  esac
}

# musl has a small default of its own.
threads_have_the_limit=yes
case $HOST in *-musl*) threads_have_the_limit= ;; esac

no_thread() {
  # Root is not bound by RLIMIT_NPROC, an address space that is too small is.
  (ulimit -S -v 30000 && ulimit -S -s 1048576 && info >report)
  value 'stack of a thread'
  value 'stack of a thread' | grep 'RLIMIT_AS is 30720000'
}

# A supported port has one of the two.
fence() {
  info >report
  value 'fence of the world'
  value 'fence of the world' | grep '^of who stops it\|^of each thread, \|^none: '
}

bad_argument() {
  info --nonsense >out 2>&1
  test $? = 2 && cat out && grep 'nonsense.*--help' out
}

full_device() {
  for option in "" --version --help; do
    info $option >/dev/full 2>out
    test $? = 1 && cat out && grep 'standard output.*No space left' out || return 1
  done
}
closed_output() {
  for option in "" --version --help; do
    info $option 2>out >&-
    test $? = 1 && cat out && grep 'standard output.*Bad file descriptor' out || return 1
  done
}

ok it_tells_the_version reports
ok it_tells_the_port port
ok it_tells_the_protection_that_readelf_shows protection
if test "$CLASSIC" = yes; then
  ok it_tells_the_classic_slots classic_slots
else
  skip it_tells_the_classic_slots "the classic face does not exist on $CPU"
fi
if test -n "$TEST_EMU"; then
  skip limits_are_those_of_the_process "an emulator has limits of its own"
  skip stacks_have_the_size_of_the_limit "an emulator has limits of its own"
  skip it_says_why_no_thread_starts "an emulator has limits of its own"
else
  ok limits_are_those_of_the_process limits
  case $CXXFLAGS in
  *-fsanitize=*)
    skip stacks_have_the_size_of_the_limit "a sanitizer has thread-local variables of its own"
    skip it_says_why_no_thread_starts "a sanitizer takes address space of its own" ;;
  *)
    ok stacks_have_the_size_of_the_limit stacks
    if test -n "$threads_have_the_limit"; then
      ok it_says_why_no_thread_starts no_thread
    else
      skip it_says_why_no_thread_starts "the stack of a thread is too small to be refused"
    fi ;;
  esac
fi
ok it_tells_the_fence_of_the_world fence
ok an_unknown_argument_is_an_error bad_argument
if test -c /dev/full; then
  ok an_output_that_cannot_be_written_is_an_error full_device
else
  skip an_output_that_cannot_be_written_is_an_error "there is no /dev/full"
fi
ok an_output_that_is_closed_is_an_error closed_output
done_testing
