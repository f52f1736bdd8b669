#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# tools/libcgo-gdb.py: gdb loads it with the library, and it shows threads and contexts.
. "$(dirname "$0")/../support/tap.sh"

cp "$srcdir/tests/object/tasks.c" tasks.c

# A thread that is in C, parked; one that is managed, and asks for a safepoint if the world
# is to stop; and one that stops it. Nobody has a look at the world before that.
cat >world.c <<'C'
#include <libcgo.h>
#include <libcgo/hooks.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

LIBCGO_DEFINE_RUNTIME(border, struct libcgo_thread, NULL, NULL);
struct libcgo_thread in_c = LIBCGO_THREAD_INIT, busy = LIBCGO_THREAD_INIT,
                     stopper = LIBCGO_THREAD_INIT;
static sem_t ready, never;

static uintptr_t wait_in_c(void *arg) {
  sem_post(&ready);
  sem_wait(&never);
  return (uintptr_t)arg;
}
static void go_to_c(struct libcgo_thread *thread, void *arg) {
  libcgo_call_parked(thread, wait_in_c, arg);
}
static void be_busy(struct libcgo_thread *thread, void *arg) {
  (void)arg;
  sem_post(&ready);
  for (;;) {
    if (SAFEPOINTS)
      libcgo_safepoint(thread);
    __asm__ volatile("" ::: "memory");
  }
}
static void stop(struct libcgo_thread *thread, void *arg) {
  (void)arg;
  if (HANDSHAKE)
    libcgo_handshake(&border, &busy, go_to_c, thread);
  else if (libcgo_world_stop(&border, UINT64_MAX, NULL) == 0)
    sem_post(&ready);
  sem_wait(&never);
}
static void create(struct libcgo_thread *thread, libcgo_thread_fn fn) {
  if (libcgo_thread_create(&border, thread, NULL, fn, NULL, NULL) != 0)
    exit(77);
}
int main(void) {
  volatile uint32_t *poll =
      (volatile uint32_t *)((char *)&busy + LIBCGO_THREAD_POLL_OFFSET);
  sem_init(&ready, 0, 0);
  sem_init(&never, 0, 0);
  border.flags = LIBCGO_WORLD;
  create(&in_c, go_to_c);
  create(&busy, be_busy);
  sem_wait(&ready);
  sem_wait(&ready);
  if (STOPS) {
    create(&stopper, stop);
    while (*poll == 0)
      ;
    if (SAFEPOINTS)
      sem_wait(&ready);
  }
  abort();
}
C

script=$srcdir/tools/libcgo-gdb.py
cat >plain.c <<'C'
#include <stdlib.h>
int main(void) { abort(); }
C

# in_gdb PROGRAM COMMAND...: what gdb prints, in `out`. The program stops at abort.
in_gdb() {
  in_gdb_program=$1
  shift
  set -- "$@" ''
  while test -n "$1"; do
    set -- "$@" -ex "$1"
    shift
  done
  shift
  env LC_ALL=C timeout -k 1 120 gdb -batch -nx -iex 'set debuginfod enabled off' \
    -ex "$gdb_first" "$@" "./$in_gdb_program" >out 2>&1
  cat out
}
gdb_first=run

# Starting gdb takes time. So one session executes all commands for a program, and the tests
# look at what each has printed.
session() { # PROGRAM COMMAND...
  session_program=$1
  shift
  set -- "$@" ''
  while test -n "$1"; do
    set -- "$@" "echo @ $1\n" "$1"
    shift
  done
  shift
  in_gdb "$session_program" "source $script" "$@" >/dev/null
  mv out "$session_program.session"
}
# printed PROGRAM COMMAND...: by these commands, in `out`.
printed() {
  printed_program=$1
  shift
  printf '@ %s\n' "$@" >commands
  awk 'FILENAME == "commands" { wanted[$0] = 1; next } /^@ / { on = $0 in wanted; next } on' \
    commands "$printed_program.session" >out
  cat out
}

# frames NAME...: the frames that gdb has printed, all of them, from #0 on.
frames() {
  echo "$*" | tr ' ' '\n' >wanted
  sed -n 's/^#[0-9]* *\(0x[0-9a-f]* in \)\{0,1\}\([a-zA-Z0-9_:]*\).*/\2/p' out | diff wanted - &&
    sed -n 's/^#\([0-9]*\) .*/\1/p' out | awk '$1 != NR - 1 { exit 1 }'
}
prints() { grep -q -- "$1" out; }

backtrace_of() { # PROGRAM CONTEXT NAME...
  printed $1 "libcgo backtrace $2"
  shift 2
  frames "$@"
}

options_pass() {
  printed tasks 'libcgo backtrace -full 2 -- &tasks[1]'
  frames suspend deeper && prints '^ *bytes = .*"\\001"'
}

the_rest_is_refused() {
  printed tasks 'libcgo backtrace over' 'libcgo backtrace first' \
    'libcgo backtrace tasks[3]' 'libcgo backtrace &stacks[0]' 'libcgo backtrace 1' \
    'libcgo backtrace'
  prints 'the context is over' && prints 'the context is not suspended' &&
    prints 'new: it will call 0x[0-9a-f]* <run_odd>' && prints 'is no struct libcgo_context' &&
    prints 'no memory at 0x1' && prints 'which context?' && ! prints Traceback &&
    ! prints '^#0 .*run_'
}

contexts_are_listed() {
  printed tasks 'info libcgo-contexts'
  prints '^tasks\[0\] (0x[0-9a-f]*): suspended at 0x[0-9a-f]* <suspend+' &&
    prints '^tasks\[2\] .*: suspended at 0x[0-9a-f]* <suspend+.*, stack 0x.*-0x.*, thread 0x' &&
    prints '^tasks\[3\] .*: new at 0x[0-9a-f]* <run_odd>, ' &&
    prints '^over .*: over, stack' && prints '^running .*: running, stack' &&
    prints '^never .*: not suspended$'
}

contexts_are_named() {
  printed bare 'info libcgo-contexts' "$contexts_by_address"
  prints '^No variable is a context' &&
    prints '^&tasks (0x[0-9a-f]*): suspended at 0x[0-9a-f]* <suspend+' &&
    prints '^(char \*)&tasks + .* (0x[0-9a-f]*): suspended at 0x[0-9a-f]* <suspend+'
}

threads_are_listed() {
  printed tasks 'info libcgo-threads'
  prints '^Thread 1 ".*": self = NULL$' &&
    prints '^Thread 2 ".*": self = 0x.*, runtime 0x[0-9a-f]* <runtime>, on its system stack, sp' &&
    prints '^Thread 3 ".*": self = 0x.*, runtime 0x.*, on its small stack, sp 0x.*, small stack 0x' &&
    ! prints ': last'
}

threads_are_named() {
  printed bare 'info libcgo-threads' 'info libcgo-threads &records' "$thread_by_address"
  prints '^No thread-local variable' &&
    test "$(grep -c '^Thread .* = 0x' out)" = 2 &&
    prints '^Thread 2 ".*": &records = 0x.*, on its system stack' &&
    prints '^Thread 3 ".*": (char \*)&records + .* = 0x.*, on its small stack'
}

# address NAME: of a record, as the script has listed it.
address() {
  sed -n "s/^$1 = (.*) \(0x[0-9a-f]*\).*/\1/p" out | head -n 1
}

world_is_shown() { # PROGRAM
  in_gdb $1 "source $script" 'info libcgo-threads border_record_' \
    'printf "in_c = (t) %p\nbusy = (t) %p\nstopper = (t) %p\n", &in_c, &busy, &stopper' 'p border'
  in_c=$(address in_c) busy=$(address busy) stopper=$(address stopper)
  border='runtime 0x[0-9a-f]* <border>'
}

of_a_running_world() {
  world_is_shown runs
  prints "border_record_ = $in_c, $border, parked, on its system stack" &&
    prints "border_record_ = $busy, $border, managed, on its system stack" &&
    prints "^World of $border: runs, 1 managed, 1 parked" &&
    prints '^\$1 = .*, world: runs, 1 managed, 1 parked'
}

of_a_world_that_stops() {
  world_is_shown stops
  prints "border_record_ = $in_c, $border, parked until the world starts, " &&
    prints "border_record_ = $busy, $border, managed, is to park: the world stops, " &&
    prints "border_record_ = $stopper, $border, stops the world, " &&
    prints "^World of $border: $stopper stops the world, waits for $busy, 1 managed, 2 parked"
}

of_a_stopped_world() {
  world_is_shown stopped
  prints "border_record_ = $busy, $border, parked until the world starts, " &&
    prints "border_record_ = $stopper, $border, has stopped the world, " &&
    prints "^World of $border: $stopper has stopped the world, 0 managed, 3 parked"
}

of_a_handshake() {
  world_is_shown shakes
  prints "border_record_ = $in_c, $border, parked, " &&
    prints "border_record_ = $busy, $border, managed, is to park: a handshake, " &&
    prints "^World of $border: $stopper has a handshake, waits for $busy, 1 managed, 2 parked"
}

# A record of 0.1 ends before the words of the world.
short_records_are_in_no_world() {
  in_gdb stops "source $script" 'set var busy.size = 400' 'p busy'
  prints '^\$1 = of runtime 0x' && ! prints 'managed' && ! prints Traceback
}

records_are_printed() {
  printed tasks 'p tasks' 'p runtime' 'p records[1]' 'p more[0]' 'p never'
  prints '^\$1 = {suspended at .*, new at 0x.* <run_odd>' && prints '^\$2 = hooks 0x.* <ops>' &&
    prints '^\$3 = of runtime 0x.* <runtime>, small stack 0x' &&
    prints '^\$4 = 0x[0-9a-f]*-0x[0-9a-f]*, 65536 bytes$' && prints '^\$5 = not suspended$'
}

# The selected thread and frame, and the program's registers and memory.
nothing_changes() {
  in_gdb tasks "source $script" 'thread 1' 'up 2' 'echo before\n' frame 'info registers' \
    'thread' 'backtrace' 'echo between\n' 'libcgo backtrace tasks[0]' 'info libcgo-threads' \
    'info libcgo-contexts' 'libcgo backtrace over' 'echo after\n' frame 'info registers' thread backtrace \
    'echo end\n'
  sed -n '/^before/,/^between/p' out | sed '1d;$d' >before
  sed -n '/^after/,/^end/p' out | sed '1d;$d' >after
  grep -q '^#2 ' before && diff before after
}

core_file() {
  in_gdb tasks 'generate-core-file core.tasks' || return 1
  test -f core.tasks || return 1
  gdb_first='core-file core.tasks'
  in_gdb tasks "source $script" 'info libcgo-contexts' 'libcgo backtrace tasks[1]'
  gdb_first=run
  sed '1,/^tasks\[0\]/d' out >rest && mv rest out # gdb's own frame
  frames suspend deeper run_odd libcgo_context_entry &&
    prints '^tasks\[2\] .*: suspended at 0x[0-9a-f]* <suspend+'
}

# As make install has it, in a root of this test.
loads_by_itself() {
  rm -rf root
  (cd "$builddir" && ${MAKE:-make} install-gdb DESTDIR="$scratch/root" gdbdir=/auto-load \
    libdir="$(cd .libs && pwd -P)") || return 1
  for installed in root/auto-load/*/libcgo.so.*-gdb.py root/auto-load/*/*/libcgo.so.*-gdb.py; do
    test -f "$installed" && break
  done
  find root -type f
  env LC_ALL=C timeout -k 1 120 gdb -batch -nx -iex "set auto-load scripts-directory $PWD/root/auto-load" \
    -iex "set auto-load safe-path $PWD/root/auto-load" -iex 'set debuginfod enabled off' \
    -ex run -ex 'libcgo backtrace tasks[0]' ./tasks >out 2>&1
  cat out
  frames suspend deeper run_even libcgo_context_entry
}

reason=
case $CPU in
  amd64 | arm64 | 386) ;;
  *) reason="on $CPU the script was not tried" ;;
esac
if ! have gdb; then
  reason="there is no gdb here"
elif ! gdb -batch -nx -ex 'python print("python", 3)' 2>&1 | grep -q '^python 3$'; then
  reason="gdb has no Python"
elif test -n "$TEST_EMU"; then
  reason="programs run under an emulator"
elif ! test -f "$builddir/.libs/libcgo.so"; then
  reason="configured with --disable-shared"
elif $CC $CFLAGS -g plain.c -o plain && ! { in_gdb plain 'info threads' >/dev/null && prints SIGABRT; }; then
  reason="gdb cannot run programs here"
fi

if test -n "$reason"; then
  skip gdb_has_the_script_of_the_library "$reason"
else
  # Variables that are asked for are there: without optimisation, and without that of the
  # linker in any case. Among the frames are none of functions that tell a sanitizer.
  flags="$CFLAGS -DLIBCGO_NO_TOOLS -fno-lto -fno-optimize-sibling-calls -fasynchronous-unwind-tables $cppflags"
  $CC $flags -g -U_FORTIFY_SOURCE -O0 -fno-omit-frame-pointer tasks.c -o tasks $shared_libs
  $CC $flags -g -O2 -fomit-frame-pointer tasks.c -o no-fp $shared_libs
  $CC $flags -g0 -O2 -fomit-frame-pointer tasks.c -o bare $shared_libs
  contexts_by_address="info libcgo-contexts &tasks '(char *)&tasks + 8 + 22 * sizeof(long)'"
  thread_by_address="info libcgo-threads '(char *)&records + 24 + sizeof(long) * 57'"
  session tasks 'libcgo backtrace tasks[0]' 'libcgo backtrace tasks[1]' 'libcgo backtrace tasks[2]' \
    'libcgo backtrace 1 -- second' 'libcgo backtrace -full 2 -- &tasks[1]' 'libcgo backtrace over' \
    'libcgo backtrace first' 'libcgo backtrace tasks[3]' 'libcgo backtrace &stacks[0]' \
    'libcgo backtrace 1' 'libcgo backtrace' 'info libcgo-contexts' 'info libcgo-threads' \
    'p tasks' 'p runtime' 'p records[1]' 'p more[0]' 'p never'
  session no-fp 'libcgo backtrace tasks[0]' 'libcgo backtrace tasks[1]' 'libcgo backtrace tasks[2]'
  session bare 'libcgo backtrace &tasks' 'info libcgo-contexts' "$contexts_by_address" \
    'info libcgo-threads' 'info libcgo-threads &records' "$thread_by_address"
  for i in 0 1 2; do
    case $i in 1) run=run_odd ;; *) run=run_even ;; esac
    ok the_frames_of_suspended_context_${i} backtrace_of tasks "tasks[$i]" \
      suspend deeper $run libcgo_context_entry
    ok the_frames_of_suspended_context_${i}_without_frame_pointers backtrace_of no-fp "tasks[$i]" \
      suspend deeper $run libcgo_context_entry
  done
  ok the_frames_without_debug_information backtrace_of bare '&tasks' \
    suspend deeper run_even libcgo_context_entry
  ok the_frames_of_c_that_has_switched backtrace_of tasks '1 -- second' begin
  ok the_options_of_backtrace_pass options_pass
  ok what_is_not_suspended_has_no_backtrace the_rest_is_refused
  ok contexts_in_variables_are_listed contexts_are_listed
  ok contexts_are_listed_by_address contexts_are_named
  # musl has no libthread_db, by which gdb finds a thread's variables and number.
  in_gdb tasks 'info threads' >/dev/null
  has_threads=no
  if prints 'libthread_db'; then
    has_threads=yes
    ok threads_and_their_stacks_are_listed threads_are_listed
    ok threads_are_found_by_their_stacks threads_are_named
  else
    skip threads_and_their_stacks_are_listed 'gdb has no libthread_db here'
    skip threads_are_found_by_their_stacks 'gdb has no libthread_db here'
  fi
  ok records_have_printers records_are_printed
  world() { # NAME STOPS SAFEPOINTS HANDSHAKE
    $CC $flags -g -O1 "-DSTOPS=$2" "-DSAFEPOINTS=$3" "-DHANDSHAKE=$4" world.c -o $1 $shared_libs
  }
  world runs 0 0 0 && world stops 1 0 0 && world stopped 1 1 0 && world shakes 1 0 1
  if test $has_threads = yes; then
    ok threads_of_a_running_world_are_listed of_a_running_world
    ok and_of_a_world_that_stops of_a_world_that_stops
    ok and_of_a_stopped_world of_a_stopped_world
    ok and_of_a_handshake of_a_handshake
    ok short_records_are_in_no_world short_records_are_in_no_world
  fi
  ok the_script_changes_nothing nothing_changes
  case $CFLAGS in
    *-fsanitize=*) skip a_core_file_is_enough "it would have the sanitizer's memory" ;;
    *) ok a_core_file_is_enough core_file ;;
  esac
  ok gdb_loads_the_script_with_the_library loads_by_itself
fi
done_testing
