#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# tools/libcgo_lldb.py: lldb shows contexts, threads, and the frames of suspended contexts.
. "$(dirname "$0")/../support/tap.sh"

script=$srcdir/tools/libcgo_lldb.py
cp "$srcdir/tests/object/tasks.c" tasks.c

# Debian's lldb does not always find its own modules.
lldb='' modules=''
for candidate in lldb lldb-19 lldb-16 lldb-15 lldb-14 lldb-13; do
  have $candidate || continue
  for modules in '' /usr/lib/llvm-*/lib/python3*/dist-packages; do
    if PYTHONPATH=$modules timeout -k 1 60 $candidate --no-lldbinit -b -o 'script print("python", 3)' 2>&1 |
      grep -q '^python 3$'; then
      lldb=$candidate
      break 2
    fi
  done
done
export PYTHONPATH="$modules"

expressions='tasks over running second never'

# in_lldb PROGRAM COMMAND...: what lldb prints, in `out`. The program stops at abort.
in_lldb() {
  in_lldb_program=$1
  shift
  set -- "$@" ''
  while test -n "$1"; do
    set -- "$@" -o "$1"
    shift
  done
  shift
  timeout -k 1 120 $lldb --no-lldbinit -b -o 'breakpoint set -n abort' -o run \
    -o "command script import $script" "$@" "./$in_lldb_program" >out 2>&1
  cat out
}
prints() { grep -q -- "$1" out; }

# Starting lldb takes seconds. So one session executes all commands, and the tests look at what
# each has printed. An error would end the session, but not in a command of Python's.
session() { # PROGRAM COMMAND...
  session_program=$1
  shift
  set -- "$@" ''
  while test -n "$1"; do
    set -- "$@" "script print('@ $1')" "script lldb.debugger.HandleCommand('$1')"
    shift
  done
  shift
  in_lldb "$session_program" "$@" >/dev/null
  mv out "$session_program.session"
}
# printed PROGRAM COMMAND: by the command, in `out`.
printed() {
  awk -v from="@ $2" '/^\(lldb\)/ { next } /^@ / { on = $0 == from; next } on' "$1.session" >out
  cat out
}

backtrace_of() { # PROGRAM CONTEXT NAME...
  printed $1 "libcgo-backtrace $2"
  shift 2
  echo "$*" | tr ' ' '\n' >wanted
  sed 's/^ *frame #[0-9]*: 0x[0-9a-f]* [^`]*`\([A-Za-z0-9_]*\).*/\1/' out | diff wanted -
}

contexts_are_listed() { # PROGRAM ARGUMENT
  printed $1 "libcgo-contexts$2"
  prints '^tasks\[0\] (0x[0-9a-f]*): suspended at 0x[0-9a-f]* <suspend>' &&
    prints '^tasks\[2\] .*: suspended at 0x[0-9a-f]* <suspend>.*, stack 0x.*-0x.*, thread 0x' &&
    prints '^tasks\[3\] .*: new at 0x[0-9a-f]* <run_odd>, ' &&
    prints '^over .*: over, stack' && prints '^running .*: running, stack' &&
    prints '^second .*: suspended at .*, C on a thread' && prints '^never .*: not suspended$'
}

threads_are_listed() {
  printed tasks 'libcgo-threads records'
  prints '^records\[0\] (0x.*): runtime 0x[0-9a-f]*, thread 2 on its system stack, sp' &&
    prints '^records\[1\] (0x.*): runtime 0x.*, thread 3 on its small stack, sp 0x.*, small stack 0x'
}

refuses() { # COMMAND MESSAGE
  printed tasks "$1"
  prints "^error: libcgo: $2" && ! prints Traceback
}

the_rest_is_refused() {
  refuses 'libcgo-backtrace over' 'the context is over' &&
    refuses 'libcgo-backtrace first' 'the context is not suspended' &&
    refuses 'libcgo-backtrace &stacks[0]' 'at 0x.* is no struct libcgo_context' &&
    refuses 'libcgo-backtrace 1' 'no memory at 0x1' && refuses 'libcgo-backtrace' 'which context?' &&
    printed tasks 'libcgo-backtrace tasks[3]' &&
    prints '^The context is new: it will call 0x[0-9a-f]* <run_odd>'
}

registers_come_back() {
  in_lldb tasks 'frame select 1' 'script print("before")' 'register read' 'thread backtrace' \
    'script print("between")' 'libcgo-backtrace tasks[0]' 'script print("after")' 'register read' \
    'thread backtrace' 'script print("end")'
  sed -n '/^before/,/^between/p' out | sed '/^(lldb)/d; 1d; $d' >before
  sed -n '/^after/,/^end/p' out | sed '/^(lldb)/d; 1d; $d' >after
  grep -q '^ *\* frame #1' before && diff before after
}

# The lines of both scripts: a table's in a string, or a name with its value.
facts_are_those_for_gdb() {
  sed -n '/^THREAD = /,/^"""/p' "$script" | grep -v '^"""$\|^FRAMES' >facts
  test "$(grep -c . facts)" -gt 8 && ! grep -vxF -f "$srcdir/tools/libcgo-gdb.py" facts
}

ok the_script_for_lldb_has_the_facts_of_that_for_gdb facts_are_those_for_gdb

reason=
case $CPU in
  amd64 | arm64 | 386) ;;
  *) reason="on $CPU the script was not tried" ;;
esac
if test -z "$lldb"; then
  reason="there is no lldb with Python here"
elif test -n "$TEST_EMU"; then
  reason="programs run under an emulator"
elif ! test -f "$builddir/.libs/libcgo.so"; then
  reason="configured with --disable-shared"
else
  flags="$CFLAGS -DLIBCGO_NO_TOOLS -fno-lto -fno-optimize-sibling-calls -fasynchronous-unwind-tables $cppflags"
  $CC $flags -g -U_FORTIFY_SOURCE -O0 -fno-omit-frame-pointer tasks.c -o tasks $shared_libs
  $CC $flags -g -O2 -fomit-frame-pointer tasks.c -o no-fp $shared_libs
  in_lldb tasks 'thread list' >/dev/null
  prints 'stop reason = breakpoint' || reason="lldb cannot run programs here"
fi

if test -n "$reason"; then
  skip lldb_has_the_script_of_the_library "$reason"
else
  session tasks 'libcgo-backtrace tasks[0]' 'libcgo-backtrace tasks[1]' 'libcgo-backtrace tasks[2]' \
    'libcgo-backtrace tasks[3]' 'libcgo-backtrace over' 'libcgo-backtrace first' \
    'libcgo-backtrace &stacks[0]' 'libcgo-backtrace 1' libcgo-backtrace libcgo-contexts \
    "libcgo-contexts $expressions" 'libcgo-threads records'
  session no-fp 'libcgo-backtrace tasks[0]' 'libcgo-backtrace tasks[1]' 'libcgo-backtrace tasks[2]'
  for i in 0 1 2; do
    case $i in 1) run=run_odd ;; *) run=run_even ;; esac
    ok lldb_shows_the_frames_of_suspended_context_${i} backtrace_of tasks "tasks[$i]" \
      suspend deeper $run libcgo_context_entry
    ok lldb_shows_the_frames_of_suspended_context_${i}_without_frame_pointers \
      backtrace_of no-fp "tasks[$i]" suspend deeper $run libcgo_context_entry
  done
  ok lldb_lists_contexts_in_variables contexts_are_listed tasks ''
  ok lldb_lists_contexts_by_expression contexts_are_listed tasks " $expressions"
  ok lldb_lists_threads_and_their_stacks threads_are_listed
  ok lldb_is_told_what_is_not_suspended the_rest_is_refused
  ok the_script_for_lldb_leaves_registers_and_frames registers_come_back
fi
done_testing
