#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# libcgo/host/jni.h, in every JDK of this machine: JniTest.java and jni.c beside this
# script say what is claimed. HOSTS_EXITS: how often each kind of exit is tried.
. "$(dirname "$0")/../support/tap.sh"
hosts='a JVM'
# shellcheck source=tests/support/hosts.sh
. "$srcdir/tests/support/hosts.sh"

here=$srcdir/tests/hosts

# Lines of a JDK's directory: what has a compiler, the header, and the VM as a library.
jdks() {
  for dir in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*; do
    test ! -e "$dir/bin/javac" || test ! -e "$dir/include/jni.h" ||
      test ! -e "$dir/lib/server/libjvm.so" || readlink -f "$dir"
  done | awk '!seen[$0]++'
}
homes=$(jdks)
test -n "$homes" || skip_all 'there is no JDK (Debian: openjdk-17-jdk-headless)'

flags="-std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE $cppflags"

build() {
  includes="-isystem $home/include -isystem $home/include/linux"
  "$home/bin/javac" -d classes "$here/JniTest.java" &&
    $CC $flags $includes $CFLAGS -fPIC -shared "$here/jni.c" -o libtest.so $shared_libs &&
    $CC $flags $includes $CFLAGS -DOTHERS_DETACH -fPIC -shared "$here/jni.c" -o libothers.so $shared_libs &&
    $CC $flags $includes $CFLAGS -DIN_LAUNCHER "$here/jni.c" -o launcher $shared_libs \
      -L"$home/lib/server" -ljvm -Wl,-rpath,"$home/lib/server"
}

compiles_with() { # COMPILER...
  printf '#include <libcgo/host/jni.h>\nLIBCGO_JNI(border);\nint f(void (*fn)(JNIEnv *, void *), void *p);\nint f(void (*fn)(JNIEnv *, void *), void *p) { return libcgo_jni_call(&border, fn, p); }\n' >alone.c
  "$@" -Wall -Wextra -Wpedantic -Werror $cppflags -isystem "$home/include" -isystem "$home/include/linux" \
    -c alone.c -o alone.o
}
# The JDK of Linux has no types for Windows.
compiles_for_windows() {
  mkdir -p windows
  printf '%s\n' '#define JNIEXPORT __declspec(dllexport)' '#define JNIIMPORT __declspec(dllimport)' \
    '#define JNICALL __stdcall' 'typedef long jint;' 'typedef long long jlong;' 'typedef signed char jbyte;' \
    >windows/jni_md.h
  printf '#include <libcgo/host/jni.h>\nLIBCGO_JNI(border);\nint f(JavaVM *vm);\nint f(JavaVM *vm) { return libcgo_jni_begin(&border, vm); }\n' >windows/alone.c
  for windows in x86_64 i686; do
    ! have $windows-w64-mingw32-gcc || $windows-w64-mingw32-gcc -std=c11 -Wall -Wextra -Wpedantic -Werror \
      $cppflags -isystem windows -isystem "$home/include" -c windows/alone.c -o alone.o || return 1
  done
}
strict_users() {
  for compiler in $(strict_compilers); do
    compile_strict "$compiler" -isystem "$home/include" -isystem "$home/include/linux" -x c++ -c alone.c -o alone.o || return 1
  done
}

run_java() { # LIBRARY NAME [ARGUMENT]
  timeout -k 1 120 "$home/bin/java" -Xmx64m -Xcheck:jni -cp classes JniTest "$scratch/$1" "$2" ${3:+"$3"} \
    >java.out 2>&1
  result=$?
  cat java.out
  test $result = 0 && grep -qx passed java.out &&
    ! grep -q 'WARNING in native\|FATAL ERROR\|hs_err' java.out
}

# The process ends as it should, while threads of C call.
exits() { # HOW
  i=0
  while test $i -lt ${HOSTS_EXITS:-3}; do
    timeout -k 1 120 "$home/bin/java" -Xmx64m -XX:TieredStopAtLevel=1 -cp classes JniTest \
      "$scratch/libtest.so" "$1" >java.out 2>&1 || {
      echo "exit status $? in run $i"
      head -50 java.out
      return 1
    }
    i=$((i + 1))
  done
}

exits_whatever_it_takes() { (JNI_PATIENCE=60000 && export JNI_PATIENCE && exits "$1"); }

example() {
  PKG_CONFIG_PATH=$builddir make -C "$srcdir/examples/jni" run OUT="$scratch/example" JAVA_HOME="$home" \
    CC="$CC" CPPFLAGS="$cppflags" LDFLAGS="$shared_libs" >example.out 2>&1
  cat example.out
  grep -qx 'the thread is TERMINATED' example.out
}

destroyed() {
  i=0
  while test $i -lt ${HOSTS_EXITS:-3}; do
    timeout -k 1 120 ./launcher -Djava.class.path=classes >launcher.out 2>&1 || {
      echo "exit status $? in run $i"
      head -50 launcher.out
      return 1
    }
    i=$((i + 1))
  done
}

for home in $homes; do
  jdk=jdk$("$home/bin/javac" -version 2>&1 | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  # What a JVM keeps for its tools.
  rm -rf classes
  ok ${jdk}_the_test_is_built build
  ok ${jdk}_header_compiles_alone_as_c11 compiles_with $CC -std=c11
  test "$CXX_LIBRARY" != yes ||
    ok ${jdk}_header_compiles_alone_as_cxx17 compiles_with $CXX -std=c++17 -x c++
  if have musl-gcc; then
    ok ${jdk}_header_compiles_with_musl compiles_with musl-gcc -std=c11
  else
    skip ${jdk}_header_compiles_with_musl 'there is no musl-gcc'
  fi
  if have x86_64-w64-mingw32-gcc; then
    ok ${jdk}_header_compiles_for_windows compiles_for_windows
  else
    skip ${jdk}_header_compiles_for_windows 'there is no mingw'
  fi
  ok ${jdk}_header_is_silent_for_strict_users strict_users
  ok ${jdk}_a_thread_of_c_is_one_daemon_thread_until_it_ends run_java libtest.so calls
  ok ${jdk}_a_thread_of_java_is_used_as_it_is run_java libtest.so java
  ok ${jdk}_calls_nest run_java libtest.so nested
  ok ${jdk}_an_exception_that_nobody_can_catch_goes_to_the_handler run_java libtest.so uncaught
  ok ${jdk}_an_exception_below_java_stays_pending run_java libtest.so pending
  ok ${jdk}_calls_of_two_borders_nest run_java libtest.so borders
  ok ${jdk}_local_references_end_with_the_call run_java libtest.so locals
  ok ${jdk}_destructors_of_other_keys_call run_java libtest.so destructors
  ok ${jdk}_a_thread_with_signals_blocked_calls_and_ends run_java libtest.so signals
  ok ${jdk}_the_collector_stops_callers run_java libtest.so collector
  ok ${jdk}_the_child_of_a_fork_gets_an_error run_java libtest.so fork
  ok ${jdk}_others_detach_the_thread run_java libothers.so others
  ok ${jdk}_the_library_is_unloaded_before_its_threads_end run_java libtest.so unload "$scratch/classes/"
  ok ${jdk}_system_exit_under_fire exits exit
  ok ${jdk}_main_returns_under_fire exits return
  ok ${jdk}_halt_under_fire exits halt
  ok ${jdk}_system_exit_with_exceptions_under_fire exits throw-exit
  ok ${jdk}_a_call_that_does_not_return_holds_no_exit_up exits wait
  ok ${jdk}_threads_that_call_are_joined_at_exit exits_whatever_it_takes join
  ok ${jdk}_threads_of_a_closed_border_are_joined_at_exit exits_whatever_it_takes end-join
  ok ${jdk}_the_end_of_a_vm_that_gets_no_cpu_waits_for_calls ./launcher slow
  ok ${jdk}_destroy_java_vm_under_fire_lets_all_threads_go destroyed
  rm -rf example
  if have pkg-config; then
    ok ${jdk}_the_example_runs example
  else
    skip ${jdk}_the_example_runs 'there is no pkg-config'
  fi
done
done_testing
