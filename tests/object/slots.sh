#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# What initcgo makes of executables that reserve the slots, and of others.
. "$(dirname "$0")/../support/tap.sh"

if test "$CLASSIC" = no; then
  skip the_classic_slots "the classic face does not exist on $CPU"
  done_testing
  exit
fi

# A program with many thread-local variables, which reserves the slots if
# RESERVE is defined, and starts a thread that checks g, m and the variables.
cat >program.c <<'C'
#include <libcgo.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#ifdef RESERVE
LIBCGO_RESERVE_SLOTS;
#endif
#define TLS __thread
#ifdef VARIABLES
TLS char first;
TLS long initialised = 5;
TLS double many[7];
TLS char aligned[3] __attribute__((aligned(64)));
TLS char last;
#endif
#ifdef WORDS
__thread void *words[2]; /* as large as the slots, and used */
#endif
#ifdef ALIGNED
TLS char page[16] __attribute__((aligned(4096)));
#endif
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int done, wrong;
static struct libcgo_g g;
static void run(void) {
  void *at_g, *at_m;
#ifdef __x86_64__
  __asm__("movq %%fs:-16, %0; movq %%fs:-8, %1" : "=r"(at_g), "=r"(at_m));
#else
  __asm__("movl %%gs:0, %0; movl -4(%0), %1; movl -8(%0), %0"
          : "=&r"(at_g), "=r"(at_m));
#endif
  if (at_g != &g || at_m != (void *)0x55)
    wrong = 1;
#ifdef VARIABLES
  if (first != 0 || initialised != 5 || last != 0 || aligned[2] != 0)
    wrong = 2;
  for (int i = 0; i < 7; i++)
    if (many[i] != 0)
      wrong = 3;
  memset(many, 0xff, sizeof many);
  first = last = aligned[0] = aligned[2] = 1;
#endif
  pthread_mutex_lock(&lock);
  done = 1;
  pthread_cond_signal(&cond);
  pthread_mutex_unlock(&lock);
}
int main(void) {
#ifdef WORDS
  words[0] = &done;
  words[1] = &wrong;
#endif
#ifdef ALIGNED
  page[0] = 1;
#endif
  initcgo();
  struct libcgo_start start = {0x55, &g, run};
  libcgo_thread_start(&start);
  pthread_mutex_lock(&lock);
  while (!done)
    pthread_cond_wait(&cond, &lock);
  pthread_mutex_unlock(&lock);
  printf(wrong ? "wrong %d\n" : "right\n", wrong);
  return wrong;
}
C
cp program.c program.cc

# A linker of 2010 makes a segment of two words, and nothing else in it.
case $CPU in
amd64) words=16 word=8 ;;
386) words=8 word=4 ;;
esac
cat >classic-segment.s <<S
	.section .tbss, "awT", %nobits
	.balign $word
	.skip $words
	.section .note.GNU-stack, "", %progbits
S

# Whether an empty program can be built like this, and runs.
can() { # COMPILER-AND-FLAGS
  echo 'int main(void) { return 0; }' >empty.c
  $1 empty.c -o program >/dev/null 2>&1 && run_program program >/dev/null 2>&1
}

works() { # COMPILER-AND-FLAGS SOURCE LIBRARY...
  compiler=$1 source=$2
  shift 2
  $compiler -O1 $cppflags $source -o program "$@" -pthread || return 1
  test "$(run_program program)" = right
}

refused() { # TEXT COMPILER-AND-FLAGS LIBRARY...
  text=$1 compiler=$2
  shift 2
  $compiler -O1 $cppflags program.c -o program "$@" -pthread || return 1
  run_program program >out 2>err
  status=$?
  cat out err
  test $status -ge 128 && test ! -s out && grep "libcgo: initcgo: .*$text" err
}

own_path() {
  # The message names the executable.
  refused "$(pwd -P)/program: does not reserve" "$CC $CFLAGS -DVARIABLES" $shared_libs
}

variables="-DRESERVE -DVARIABLES"
for each in $EACH_CC; do
  c=$(basename "$each")
  have "$each" || {
    skip "reserved_slots_work_with_$c" "there is no $c here"
    continue
  }
  if test -f "$builddir/.libs/libcgo.so"; then
    ok "reserved_slots_work_with_${c}" works "$each $CFLAGS $variables" program.c $shared_libs
    ok "reserved_slots_work_with_${c}_alone" works "$each $CFLAGS -DRESERVE" program.c $shared_libs
    ok "reserved_slots_work_with_${c}_no_pie" works "$each $CFLAGS -fno-pie -no-pie $variables" program.c $shared_libs
    ok "reserved_slots_work_with_${c}_lto" works "$each $CFLAGS -flto $variables" program.c $shared_libs
  fi
  case $CFLAGS in
  *-fsanitize=*) ;;
  *)
    if test -f $static_lib; then
      ok "reserved_slots_work_with_${c}_static" works "$each $CFLAGS -static $variables" program.c $static_lib
      if can "$each $CFLAGS -static-pie"; then
        ok "reserved_slots_work_with_${c}_static_pie" works "$each $CFLAGS -static-pie $variables" program.c $static_lib
      else
        skip "reserved_slots_work_with_${c}_static_pie" "$c makes no -static-pie program that runs here"
      fi
      if can "$each $CFLAGS -fsanitize=address"; then
        ok "reserved_slots_work_with_${c}_asan" works "$each $CFLAGS -fsanitize=address $variables" program.c $static_lib
      else
        skip "reserved_slots_work_with_${c}_asan" "$c makes no program with the address sanitizer that runs here"
      fi
    fi ;;
  esac
done

if test -f "$builddir/.libs/libcgo.so"; then
  ok reserved_slots_work_in_cxx works "$CXX $CXXFLAGS $variables" program.cc $shared_libs
  # Sanitizers bring thread-local variables of their own: not two words.
  case $CFLAGS in
  *-fsanitize=*) skip a_segment_of_two_words_is_a_classic_linkers "a sanitizer's variables are in it, too" ;;
  *) ok a_segment_of_two_words_is_a_classic_linkers works "$CC $CFLAGS" program.c classic-segment.s $shared_libs ;;
  esac
  ok defect_15_an_executable_with_other_variables_is_refused \
    refused "does not reserve.*thread-local segment of [0-9]* bytes (alignment [0-9]*).*put LIBCGO_RESERVE_SLOTS" "$CC $CFLAGS -DVARIABLES" $shared_libs
  case $CFLAGS in
  *-fsanitize=*) ;;
  *)
    ok defect_15_an_executable_without_a_segment_is_refused \
      refused "it has no thread-local segment" "$CC $CFLAGS" $shared_libs
    ok defect_15_variables_of_two_words_that_are_in_use_are_not_overwritten \
      refused "thread-local segment of $words bytes (alignment [0-9]*) belongs to variables" "$CC $CFLAGS -DWORDS" $shared_libs ;;
  esac
  ok defect_15_the_message_names_the_executable own_path
  ok a_pair_that_is_moved_by_alignment_is_refused \
    refused "LIBCGO_RESERVE_SLOTS has its words at the thread pointer minus [0-9]*, but g must be at the thread pointer minus $words" "$CC $CFLAGS -DRESERVE -DALIGNED" $shared_libs
  if can "$CC $CFLAGS -fuse-ld=lld"; then
    ok a_pair_that_another_linker_moved_is_refused \
      refused "LIBCGO_RESERVE_SLOTS has its words at .*: link the executable with GNU ld" "$CC $CFLAGS -fuse-ld=lld $variables" $shared_libs
  else
    skip a_pair_that_another_linker_moved_is_refused "$CC cannot link with lld here"
  fi
fi
case $CFLAGS in
*-fsanitize=*) ;;
*)
  if test -f $static_lib; then
    ok defect_15_a_static_executable_without_the_macro_is_refused \
      refused "does not reserve" "$CC $CFLAGS -static" $static_lib
  fi ;;
esac
done_testing
