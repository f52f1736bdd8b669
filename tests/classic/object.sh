#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# libcgo-classic.o as readelf shows it, and src/classic/object.awk, which makes it: of
# code that uses more than the library's does.
. "$(dirname "$0")/../support/tap.sh"

so=$builddir/.libs/libcgo.so
ar=$builddir/.libs/libcgo.a
object=$CLASSIC_OBJECT
script=$srcdir/src/classic/object.awk

if test "$CLASSIC" = no || test ! -f "$object"; then
  skip the_classic_object "it exists where the classic face does"
  done_testing
  exit
fi

case $CPU in
amd64) known='R_X86_64_(64|PC32|PLT32|GOTPCREL)' ;;
386) known='R_386_(32|PC32|PLT32|GOT32|GOTOFF|GOTPC)' ;;
esac
tables='R_(X86_64|386)_(PLT32|GOTPCREL|GOT32)'

# What is loaded, by its relocations: kind and symbol.
relocations() {
  $READELF -rW "$1" | awk '/^[0-9a-f]+ +[0-9a-f]+ +R_/ { print $3, $5 }'
}

known_relocations() {
  relocations "$1" >found
  grep -q . found && ! grep -vE "^$known " found
}

# Code, constants and data that are there, and what is not loaded.
known_sections() {
  $READELF -SW "$1" | sed -n 's/^ *\[ *[1-9][0-9]*\] //p' >found
  awk '
    # Without flags the column is missing.
    $7 !~ /^[A-Zlop]+$/ { next }
    $2 == "NOBITS" && $5 ~ /^0+$/ { next }
    $7 ~ /A/ && ($2 !~ /^(PROGBITS|NOTE|X86_64_UNWIND)$/ || $7 !~ /^(A|WA|AX)$/ || $NF > 8) {
      print
      bad = 1
    }
    $7 ~ /G/ || $7 ~ /T/ { print; bad = 1 }
    # A section is known by its name, too.
    $2 == "PROGBITS" && $7 ~ /A/ && seen[$1]++ { print; bad = 1 }
    END { exit bad }' found && grep -q PROGBITS found
}

symbols() { # BINDING OBJECT
  $READELF -sW "$2" | awk -v bind="$1" '$5 == bind && $4 ~ /^(NOTYPE|OBJECT|FUNC)$/ &&
    $7 != "UND" { print $8 }'
}

unique_locals() {
  symbols LOCAL "$1" | sort | uniq -d >found
  cat found
  test ! -s found
}

inner_through_a_table() {
  symbols LOCAL "$1" >own
  symbols GLOBAL "$1" >>own
  relocations "$1" | grep -E "^$tables " | awk '{ print $2 }' | sort -u >through
  cat through
  test -s through && ! grep -xFf own through
}

# What is not the object's is called or loaded from the offset table, and nothing else.
imported_by_a_table() {
  $READELF -sW "$1" | awk '$7 == "UND" && $8 != "" && $8 != "_GLOBAL_OFFSET_TABLE_" { print $8 }' >imported
  relocations "$1" | grep -vE "^$tables " | awk '{ print $2 }' | sort -u >other
  test -s imported && ! grep -xFf imported other
}

# As constants; or as data, where nm is told by the link-time optimiser.
flags_of() { # NM-ARGUMENTS...: how many names of the flag
  LC_ALL=C $NM "$@" 2>/dev/null | LC_ALL=C grep -ac ' [DR] runtime.*iscgo\(@@.*\)*$'
}

both_flags() {
  test "$(flags_of "$object")" = 2 &&
    { test ! -f $ar || test "$(flags_of $ar)" = 2; } &&
    { test ! -f $so || test "$(flags_of -D $so)" = 2; }
}

needs_the_c_library_only() {
  ! $NM -u "$object" | grep -E '__(u?div|u?mod)[sdt]i|__stack_chk|_Unwind|__cxa|__gxx'
}

ok only_relocations_that_old_linkers_know known_relocations "$object"
ok only_sections_that_old_linkers_load known_sections "$object"
ok no_local_name_occurs_twice unique_locals "$object"
ok what_is_inside_is_not_reached_through_a_table inner_through_a_table "$object"
ok what_is_outside_is_reached_through_a_table_only imported_by_a_table "$object"
ok the_flag_has_both_names_everywhere both_flags
ok the_object_needs_the_c_library_only needs_the_c_library_only

# ---- the script ----

# Two files that have the same local names and instances; zeroed memory of three kinds;
# data and functions that are addressed through the offset table; calls without the
# linkage table.
cat >common.h <<'C'
extern "C" {
#include <stdlib.h>
#include <string.h>
extern int value, table[4], zeroed[3];
int add(int);
}
template <class T> struct box {
  static int count;
  __attribute__((noinline)) static int bump(T by) {
    static int calls;
    return (count += by) + 100 * ++calls;
  }
};
template <class T> int box<T>::count;
C
cat >one.cc <<'C'
#include "common.h"
static int counter;
static const char *const names[] = {"one", "two; three", "a # \"b\""};
__attribute__((noinline)) static int twice(int x) { return 2 * x + counter++; }
extern "C" int first(void) {
  size_t n = 0;
  for (const char *name : names)
    n = n * 20 + strlen(name);
  return twice(value) + table[1] + zeroed[2]++ + box<int>::bump(3) + (int)n;
}
C
cat >two.cc <<'C'
#include "common.h"
static int counter = 7;
static const char *const names[] = {"four", "five"};
int value = 5, table[4] = {1, 20, 3, 4}, zeroed[3];
__attribute__((noinline)) static int twice(int x) { return 3 * x + counter++; }
int add(int x) { return x + value; }
extern "C" int second(int which) {
  int (*volatile function)(int) = add;
  int *volatile place = &table[which];
  char *memory = (char *)malloc(100);
  if (memory == NULL)
    return -1;
  strcpy(memory, names[which & 1]);
  const int n = (int)strlen(memory);
  free(memory);
  switch (which) {
  case 0: return n + twice(1);
  case 1: return n + function(*place) + box<int>::bump(1);
  case 2: return n * add(2);
  case 3: return n - twice(n);
  default: return 0;
  }
}
C
cat >main.c <<'C'
#include <stdio.h>
int first(void), second(int);
int main(void) {
  for (int i = 0; i < 4; i++)
    printf("%d %d\n", first(), second(i));
  return 0;
}
C
printf 'first\nsecond\n' >exports

# assembly COMPILER-AND-FLAGS FILE...: each file's, in FILE.s
assembly() {
  compiler=$1
  shift
  for f; do
    $compiler $CFLAGS -O2 -g0 -fPIC -fno-lto -fno-stack-protector -fno-exceptions \
      -fno-sanitize=all -fno-profile-arcs -fno-test-coverage -S $f -o $f.s || return 1
  done
}

# joined AWK OUT FILE...
joined() {
  awk=$1 out=$2
  shift 2
  LC_ALL=C $awk -v format=elf -v cpu=$CPU -v exports=exports -f $script pass=1 "$@" pass=2 "$@" >$out
}

makes_a_good_object() { # COMPILER FLAGS
  assembly "$1 ${2:-}" one.cc two.cc && joined awk joined.s one.cc.s two.cc.s &&
    $1 $CFLAGS -g0 -Wa,-mrelax-relocations=no -c joined.s -o joined.o &&
    known_relocations joined.o && known_sections joined.o && unique_locals joined.o &&
    inner_through_a_table joined.o && imported_by_a_table joined.o || return 1
  symbols GLOBAL joined.o | sort >found
  diff exports found || return 1
  # And it does what the files do.
  $1 $CFLAGS -c main.c -o main.o && $1 $CFLAGS -O0 -c one.cc -o one.o &&
    $1 $CFLAGS -O0 -c two.cc -o two.o &&
    $1 $CFLAGS main.o one.o two.o -o wanted && $1 $CFLAGS main.o joined.o -o program &&
    run_program wanted >wanted.out && run_program program >program.out &&
    diff wanted.out program.out && test "$(wc -l <program.out)" = 4
}

flags_of_others="-ffunction-sections -fdata-sections -fno-plt -fno-inline -falign-functions=64"
for each in $EACH_CC; do
  c=$(basename "${each%% *}")
  have "$each" || {
    skip "the_script_joins_what_${c}_writes" "there is no $c here"
    continue
  }
  ok "the_script_joins_what_${c}_writes" makes_a_good_object "$each"
  ok "the_script_joins_what_${c}_writes_with_other_flags" \
    makes_a_good_object "$each" "$flags_of_others"
done

same_by_each_awk() {
  assembly "$CC $flags_of_others" one.cc two.cc && joined awk wanted.s one.cc.s two.cc.s || return 1
  seen=
  for awk in mawk gawk original-awk 'busybox awk'; do
    command -v ${awk%% *} >/dev/null || continue
    $awk 'BEGIN { exit 0 }' 2>/dev/null || continue
    joined "$awk" other.s one.cc.s two.cc.s && cmp wanted.s other.s || return 1
    seen="$seen ${awk%% *}"
  done
  echo "the same by$seen"
}
ok the_script_is_read_by_every_awk_alike same_by_each_awk

refused() { # TEXT SOURCE
  echo "$2" >refused.cc
  assembly "$CC" refused.cc || return 1
  joined awk joined.s refused.cc.s 2>err && return 1
  cat err
  grep -q "^refused.cc.s:[0-9]*: classic-object.awk: .*$1" err
}

ok a_constructor_is_refused refused 'no place for the section \.init_array' \
  'extern "C" int first(void); static int x = first(); int second(int) { return x; }'
ok a_thread_local_variable_is_refused refused 'no place for the section \.tbss' \
  '__thread int x;'
ok the_address_of_an_imported_function_in_data_is_refused refused 'the address of free' \
  '#include <stdlib.h>
   void (*release)(void *) = free;'
done_testing
