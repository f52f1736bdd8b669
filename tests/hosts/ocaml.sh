#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# libcgo/host/ocaml.h, with every OCaml of this machine: ocaml_test.ml and ocaml_stubs.c
# beside this script say what is claimed. OCAMLS: directories of more compilers.
# HOSTS_EXITS: how often each kind of exit is tried.
. "$(dirname "$0")/../support/tap.sh"
hosts="OCaml's compiler"
# shellcheck source=tests/support/hosts.sh
. "$srcdir/tests/support/hosts.sh"

here=$srcdir/tests/hosts

# Lines of directories with an ocamlopt.
compilers() {
  {
    command -v ocamlopt
    for dir in ${OCAMLS-/opt/ocaml-*/bin}; do
      test ! -x "$dir/ocamlopt" || echo "$dir/ocamlopt"
    done
  } | sed 's|/ocamlopt$||' | awk '!seen[$0]++'
}
dirs=$(compilers)
test -n "$dirs" || skip_all 'there is no OCaml (Debian: ocaml-nox)'

flags="-std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE $cppflags"

link_with() { # MODULES... -o PROGRAM
  "$bin/ocamlopt" -I +threads -I +unix unix.cmxa threads.cmxa "$@" \
    -ccopt "-L$builddir/.libs -Wl,-rpath,$builddir/.libs" -cclib -lcgo
}

build() {
  cp "$here/ocaml_stubs.c" "$here/ocaml_other.c" "$here/ocaml_test.ml" . &&
    $CC $flags -isystem "$where" $CFLAGS -fPIC -c ocaml_stubs.c -o ocaml_stubs.o &&
    $CC -std=c11 -Wall -Wextra -Werror $cppflags -isystem "$where" $CFLAGS -fPIC \
      -c ocaml_other.c -o ocaml_other.o &&
    link_with ocaml_stubs.o ocaml_other.o ocaml_test.ml -o program
}

compiles_with() { # COMPILER...
  printf '#include <libcgo/host/ocaml.h>\nLIBCGO_OCAML(border);\nint f(void (*fn)(void *), void *p);\nint f(void (*fn)(void *), void *p) { return libcgo_ocaml_call(&border, fn, p); }\n' >alone.c
  "$@" -Wall -Wextra -Wpedantic -Werror $cppflags -isystem "$where" -c alone.c -o alone.o
}
strict_users() {
  for compiler in $(strict_compilers); do
    compile_strict "$compiler" -isystem "$where" -x c++ -c alone.c -o alone.o || return 1
  done
}

passes() { timeout -k 1 120 ./program "$1" | grep -x passed; }

exits() { # HOW
  i=0
  while test $i -lt ${HOSTS_EXITS:-10}; do
    timeout -k 1 120 ./program "$1" >program.out 2>&1 || {
      echo "exit status $? in run $i"
      cat program.out
      return 1
    }
    i=$((i + 1))
  done
}

# A program with the C half of the threads library, but without module Thread.
no_threads() {
  cat >lonely_stubs.c <<'C'
#include <libcgo/host/ocaml.h>
#include <pthread.h>
LIBCGO_OCAML(border);
static void never(void *arg) { *(int *)arg = -1; }
static void *call(void *arg) {
  *(int *)arg = libcgo_ocaml_call(&border, never, arg);
  return NULL;
}
value lonely(value unit) {
  pthread_t thread;
  int err = 0;
  (void)unit;
  pthread_create(&thread, NULL, call, &err);
  pthread_join(thread, NULL);
  return Val_int(err);
}
C
  echo 'external lonely : unit -> int = "lonely" let () = exit (lonely ())' >lonely.ml
  $CC $flags -isystem "$where" $CFLAGS -fPIC -c lonely_stubs.c -o lonely_stubs.o || return 1
  "$bin/ocamlopt" lonely_stubs.o lonely.ml -o lonely \
    -ccopt "-L$builddir/.libs -Wl,-rpath,$builddir/.libs" -cclib -lcgo \
    -cclib -lthreadsnat -cclib "$unix" -ccopt -pthread || return 1
  timeout -k 1 60 ./lonely
  test $? = 1 # EPERM
}

domains() {
  cat >domains.ml <<'ML'
external held : int -> int -> int = "test_held"
external released : int -> int -> int = "test_released"
external threads : int -> int -> int -> int = "test_threads"
let calls = Atomic.make 0
let () =
  ignore (Thread.self ());
  Callback.register "on_call" (fun _ _ -> Atomic.incr calls);
  let busy = List.init 3 (fun _ -> Domain.spawn (fun () ->
    for _ = 1 to 200 do
      assert (held 0 0 = 0);
      assert (released 0 0 = 0);
      Gc.minor ()
    done)) in
  assert (threads 8 200 0 = 0);
  List.iter Domain.join busy;
  assert (Atomic.get calls = 3 * 400 + 1600)
ML
  link_with ocaml_stubs.o ocaml_other.o domains.ml -o domains && timeout -k 1 120 ./domains
}

example() {
  PKG_CONFIG_PATH=$builddir make -C "$srcdir/examples/ocaml" run OUT="$scratch/example" \
    OCAMLOPT="$bin/ocamlopt" CC="$CC" CPPFLAGS="$cppflags" \
    LDFLAGS="-L$builddir/.libs -Wl,-rpath,$builddir/.libs" >example.out 2>&1
  cat example.out
  grep -qx 'the thread has ended' example.out
}

# With dune, which takes the compiler of PATH.
example_by_dune() {
  rm -rf dune
  cp -r "$srcdir/examples/ocaml" dune && chmod -R u+w dune &&
    (cd dune && unset MAKEFLAGS MFLAGS MAKELEVEL && PATH=$bin:$PATH PKG_CONFIG_PATH=$builddir \
      LDFLAGS=-Wl,-rpath,$builddir/.libs timeout -k 1 300 dune exec --root . ./main.exe) >dune.out 2>&1
  cat dune.out
  grep -qx 'the thread has ended' dune.out
}

for bin in $dirs; do
  where=$("$bin/ocamlopt" -where)
  version=$("$bin/ocamlopt" -version)
  case $version in 4.*) unix=-lunix ;; *) unix=-lunixnat ;; esac
  v=ocaml_$(echo $version | sed 's/\([0-9]*\)\.\([0-9]*\).*/\1_\2/')
  rm -f program ocaml_*.cm*
  ok ${v}_the_test_is_built build
  ok ${v}_header_compiles_alone_as_c11 compiles_with $CC -std=c11
  test "$CXX_LIBRARY" != yes ||
    ok ${v}_header_compiles_alone_as_cxx17 compiles_with $CXX -std=c++17 -x c++
  ok ${v}_header_is_silent_for_strict_users strict_users
  ok ${v}_a_thread_of_c_is_one_thread_until_it_ends passes calls
  ok ${v}_the_first_call_comes_with_the_runtime passes first
  ok ${v}_exceptions_end_in_the_call passes raise
  ok ${v}_threads_of_ocaml_call_with_the_runtime_or_without passes ocaml
  ok ${v}_calls_nest_with_the_runtime_or_without passes nested
  ok ${v}_others_register_and_unregister_the_thread passes others
  ok ${v}_destructors_of_other_keys_call passes destructors
  ok ${v}_a_thread_that_ocaml_has_ended_calls passes late
  ok ${v}_a_thread_ends_in_a_call passes ends
  ok ${v}_a_thread_has_its_signal_stack_back passes stack
  ok ${v}_a_thread_has_its_signal_stack_back_in_strict_c passes stack-c11
  ok ${v}_files_of_another_std_have_the_same_record passes files
  ok ${v}_calls_of_two_files_nest passes nested-files
  ok ${v}_one_file_begins_for_all passes begin-elsewhere
  ok ${v}_the_collector_runs_under_fire passes collector
  ok ${v}_break_goes_to_the_main_thread passes signals
  ok ${v}_children_of_forks_under_fire_go_on passes fork
  ok ${v}_a_closed_border_opens_again passes closed
  ok ${v}_without_module_thread_a_call_is_refused no_threads
  ok ${v}_exit_under_fire exits exit
  ok ${v}_the_program_ends_under_fire exits return
  ok ${v}_exit_with_exceptions_under_fire exits raise-exit
  case $version in
  4.*) skip ${v}_domains_call "OCaml $version has no domains" ;;
  *) ok ${v}_domains_call domains ;;
  esac
  rm -rf example
  if have pkg-config; then
    ok ${v}_the_example_runs example
  else
    skip ${v}_the_example_runs 'there is no pkg-config'
  fi
  if ! have pkg-config || ! have dune; then
    skip ${v}_the_example_is_built_by_dune 'there is no dune (Debian: ocaml-dune) or no pkg-config'
  else
    case $(dune --version)-$version in
    [12].*-5.*) skip ${v}_the_example_is_built_by_dune "dune $(dune --version) does not know OCaml 5" ;;
    *) ok ${v}_the_example_is_built_by_dune example_by_dune ;;
    esac
  fi
done
done_testing
