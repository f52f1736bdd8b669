#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154
#
# Compiles and runs a C11 and a C++17 client of the *installed* library, with
# what pkg-config says of it, shared and static.
: "${PKG_CONFIG:=pkg-config}"
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/tap.sh"

# With DESTDIR the files are not yet where they say they are.
PKG_CONFIG_LIBDIR=$DESTDIR$pkgconfigdir
PKG_CONFIG_SYSROOT_DIR=$DESTDIR
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS

cat >client.c <<'C'
#include <libcgo.h>
#include <semaphore.h>
#include <stdio.h>

static sem_t finished;

static void callback(void *arg, int32_t argsize) {
  *(int *)arg = argsize;
}

static int result;

static void run(void) {
  crosscall2(callback, &result, 42);
  sem_post(&finished);
}

#ifdef LIBCGO_CLASSIC
LIBCGO_RESERVE_SLOTS;

static struct libcgo_g task;

static void start_thread(void) {
  struct libcgo_start start = {1, &task, run};
  struct libcgo_malloc_args memory = {100, 0};
  struct libcgo_free_args release;
  initcgo();
  _cgo_malloc(&memory);
  release.arg = memory.ret;
  _cgo_free(&release);
  libcgo_thread_start(&start);
}
#else
static struct libcgo_thread *self(void) { return 0; }
static void none(struct libcgo_thread *thread) { (void)thread; }
static const struct libcgo_ops ops = LIBCGO_OPS(none, none, 0, 0, self, 0);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
static struct libcgo_thread record = LIBCGO_THREAD_INIT;

static void in_thread(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  (void)arg;
  run();
}

static void start_thread(void) {
  libcgo_thread_create(&runtime, &record, 0, in_thread, 0, 0);
}
#endif

int main(void) {
  sem_init(&finished, 0, 0);
  start_thread();
  while (sem_wait(&finished) != 0)
    continue;
  printf("%d %d\n", result, libcgo_version() == LIBCGO_VERSION);
  return 0;
}
C
cp client.c client.cc

# client COMPILER SOURCE LIBRARIES...
client() {
  compiler=$1 source=$2
  shift 2
  $compiler -Wall -Wextra -Wpedantic -Werror $($PKG_CONFIG --cflags libcgo) \
    $source -o client "$@" || return 1
  test "$(run_program client)" = '42 1'
}

shared=$($PKG_CONFIG --libs libcgo)
static=$($PKG_CONFIG --static --libs libcgo | sed 's/-lcgo/-l:libcgo.a/')
run_path="-Wl,-rpath,$DESTDIR$libdir"

says_the_version() {
  test "$($PKG_CONFIG --modversion libcgo)" = "$VERSION"
}

ok pkg_config_says_the_version says_the_version
for language in "c11 $CC -std=c11 $CFLAGS client.c" "cxx17 $CXX -std=c++17 $CXXFLAGS client.cc"; do
  name=${language%% *}
  rest=${language#* }
  source=${rest##* }
  compiler=${rest% *}
  if test "$have_shared" = yes; then
    ok "a_${name}_client_of_the_shared_library_runs" client "$compiler" $source $shared $run_path
  else
    skip "a_${name}_client_of_the_shared_library_runs" "configured with --disable-shared"
  fi
  if test "$have_static" = yes; then
    ok "a_${name}_client_of_the_archive_runs" client "$compiler" $source $static
    case $CFLAGS in
    *-fsanitize=*) skip "a_static_${name}_client_runs" "sanitizers need shared libraries" ;;
    *) ok "a_static_${name}_client_runs" client "$compiler -static" $source $static ;;
    esac
  else
    skip "a_${name}_client_of_the_archive_runs" "configured with --disable-static"
  fi
done
done_testing
