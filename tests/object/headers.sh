#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# The public headers: alone, in any order, in C11 and C++17, without warnings.
. "$(dirname "$0")/../support/tap.sh"

warnings="-Wall -Wextra -Wpedantic -Werror"
# All but the hosts, which include their runtime's headers.
headers="libcgo.h libcgo/version.h $(cd "$srcdir/include" && ls libcgo/*.h)"

compile_c() { $CC -std=c11 $warnings $cppflags -c "$@" -o out.o; }
compile_cxx() { $CXX -std=c++17 $warnings $cppflags -x c++ -c "$1" -o out.o; }

alone() {
  for h in $headers; do
    printf '#include <%s>\n#include <%s>\ntypedef int not_empty;\n' $h $h >alone.c
    $1 alone.c || return 1
  done
}

# Each before all others, which come once in each direction.
any_order() {
  backwards=
  for h in $headers; do backwards="$h $backwards"; done
  for h in $headers; do
    for all in "$headers" "$backwards"; do
      printf '#include <%s>\n' $h $all >order.c
      echo 'typedef int not_empty;' >>order.c
      $1 order.c || return 1
    done
  done
}

reserve() {
  printf '#include <libcgo/slots.h>\nLIBCGO_RESERVE_SLOTS;\nint main(void) { return 0; }\n' >reserve.c
  $1 reserve.c
}

table() {
  cat >table.c <<'C'
#include <libcgo/handle.h>
static struct libcgo_handle_table a = LIBCGO_HANDLE_TABLE_INIT;
int main(void) {
  struct libcgo_handle_table b = LIBCGO_HANDLE_TABLE_INIT;
  return a.size == b.size ? 0 : 1;
}
C
  $1 table.c
}

define() {
  printf '#include <libcgo/slots.h>\nLIBCGO_DEFINE_SLOTS;\nint main(void) { return 0; }\n' >define.c
  $1 define.c
}

records() {
  cat >records.c <<'C'
#include <libcgo.h>
static struct libcgo_thread *nobody(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return 0;
}
static void none(struct libcgo_thread *thread) { (void)thread; }
static const struct libcgo_ops ops = LIBCGO_OPS(none, none, 0, 0, nobody, 0);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
static struct libcgo_thread thread = LIBCGO_THREAD_INIT;
int main(void) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  struct libcgo_stack stack = LIBCGO_STACK_INIT(&runtime, &runtime + 1);
  return runtime.size == sizeof runtime && thread.size == sizeof thread &&
                 attr.size == sizeof attr && limit.size == sizeof limit &&
                 stack.size == sizeof stack
             ? 0
             : 1;
}
C
  $1 records.c
}

runtime_in_a_line() {
  cat >line.c <<'C'
#include <libcgo/hooks.h>
struct worker {
  struct libcgo_thread thread;
  int n;
};
static int attach(struct worker *w) { return w->n; }
static void detach(struct worker *w) { w->n = 0; }
LIBCGO_DEFINE_RUNTIME(one, struct worker, attach, detach);
LIBCGO_DEFINE_RUNTIME(two, struct libcgo_thread, NULL, NULL);
int main(void) { return one.size == two.size && one_self() == NULL ? 0 : 1; }
C
  $1 line.c
}

# ---- users whose C++ has no casts and no null pointers of C ----

# A use of each macro that makes a record or a variable.
cat >strict.cc <<'C'
#include <libcgo.h>
#include <libcgo/go.h>
struct worker {
  struct libcgo_thread thread;
  int n;
};
static int attach(struct worker *w) { return w->n; }
static void detach(struct worker *w) { w->n = 0; }
LIBCGO_DEFINE_RUNTIME(one, struct worker, attach, detach);
LIBCGO_DEFINE_RUNTIME(two, struct libcgo_thread, nullptr, nullptr);
LIBCGO_DEFINE_SLOTS;
#ifdef LIBCGO_RESERVE_SLOTS
LIBCGO_RESERVE_SLOTS;
#endif
static struct libcgo_thread *nobody(const struct libcgo_runtime *) { return nullptr; }
static void none(struct libcgo_thread *) {}
static void wake(struct libcgo_mailbox *) {}
static char memory[4096];
static const struct libcgo_ops ops = LIBCGO_OPS(none, none, nullptr, nullptr, nobody, nullptr);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
static struct libcgo_thread thread = LIBCGO_THREAD_INIT;
static struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
static struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
static struct libcgo_stack of_chars = LIBCGO_STACK_INIT(memory, memory + sizeof memory);
static struct libcgo_context context = LIBCGO_CONTEXT_INIT;
static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
static struct libcgo_init init = LIBCGO_INIT;
static struct libcgo_init ready = LIBCGO_INIT_READY;
static struct libcgo_mailbox box = LIBCGO_MAILBOX_INIT(wake);
static struct libcgo_slots slots = LIBCGO_SLOTS_INIT;
static struct libcgo_symbol symbol = LIBCGO_SYMBOL_INIT;
static struct libcgo_traceback_ops traceback =
    LIBCGO_TRACEBACK_OPS(nullptr, nullptr, nullptr, nullptr);
static struct libcgo_go go = LIBCGO_GO_INIT(nullptr, nullptr, nullptr, nullptr, nullptr);
bool all(uintptr_t word, void *p, const volatile void *q, int number, unsigned short small, long long large);
bool all(uintptr_t word, void *p, const volatile void *q, int number, unsigned short small, long long large) {
  const struct libcgo_stack of_words = LIBCGO_STACK_INIT(word, word + 1);
  const struct libcgo_stack of_voids = LIBCGO_STACK_INIT(p, q);
  const struct libcgo_stack of_zeros = LIBCGO_STACK_INIT(0, 0);
  const struct libcgo_stack of_numbers = LIBCGO_STACK_INIT(number, small + 1u);
  const struct libcgo_stack of_others = LIBCGO_STACK_INIT(large, nullptr);
  const size_t sizes[] = {LIBCGO_NO_GUARD, LIBCGO_NO_SIGNAL_STACK, LIBCGO_STACK_MIN, LIBCGO_C_ROOM,
                          LIBCGO_THREAD_POLL_OFFSET, LIBCGO_VERSION, LIBCGO_GO_VERSION};
  const int kinds[] = {LIBCGO_STACK_SYSTEM, LIBCGO_STACK_SMALL, LIBCGO_STACK_SIGNAL, LIBCGO_STACK_OTHER};
  const uint64_t forever = LIBCGO_FOR_EVER;
  attr.guard_size = LIBCGO_NO_GUARD;
  runtime.flags = LIBCGO_WORLD;
  context.options = LIBCGO_CONTEXT_KEEPS_CONTROL;
  libcgo_safepoint(&thread);
  libcgo_context_forget(&context);
  return one_self() != nullptr && two_self() != nullptr && one.size == two.size && limit.size != 0 &&
         of_chars.lo != of_words.lo && of_voids.lo != of_zeros.lo && of_numbers.hi != of_others.hi && table.size != 0 && init.size == ready.size &&
         box.size != 0 && slots.size != 0 && symbol.size != 0 && traceback.size != 0 && go.size != 0 &&
         sizes[0] != 0 && kinds[0] == 0 && forever != 0;
}
C

# Silent, and no code has to run to initialise what is static.
strict_macros() { # COMPILER OPTION
  compile_strict "$1" "$2" -c strict.cc -o strict.o || return 1
  case $HOST in
  *mingw* | *darwin*) ;;
  *) ! $READELF -sW strict.o | grep '_GLOBAL__\(sub_\)\?I' ;;
  esac
}
compiles_at_all() { # COMPILER OPTION
  echo '#include <libcgo.h>' >all.cc
  $(strict_compiler "$1") -std=c++17 "$2" $cppflags -c all.cc -o all.o 2>all.err &&
    ! grep -q 'not supported for this target' all.err
}
# Each macro for users is used above: those that make something, and the numbers.
strict_is_whole() {
  (cd "$srcdir/include" && sed -n 's/^ *# *define \(LIBCGO_[A-Z_0-9]*[A-Z0-9]\)\([ (].*\)*$/\1/p' libcgo/*.h) |
    sort -u | grep -v '^LIBCGO_\(API\|BEGIN_DECLS\|END_DECLS\|CLASSIC\|CPU_.*\|.*_H\|RECORD_VERSION\)$' >macros
  test -s macros || return 1
  while read -r macro; do
    grep -qw "$macro" strict.cc || echo "$macro"
  done <macros >unused
  cat unused
  test ! -s unused
}

# For an archive that is linked into an object which exports nothing of it, and for tools.
api_can_be_set() {
  cat >api.c <<'C'
#define LIBCGO_API __attribute__((__visibility__("hidden")))
#define LIBCGO_CHECKED_
#include <libcgo.h>
uintptr_t call(libcgo_crosscall_fn fn);
uintptr_t call(libcgo_crosscall_fn fn) { return libcgo_crosscall(fn, 0, 0); }
C
  compile_c api.c && $READELF -sW out.o | grep 'HIDDEN.*libcgo_crosscall'
}

# LIBCGO_DECLARATIONS: C's own words, and the numbers that the macros have.
declarations() {
  echo '#include <libcgo.h>' >all.c
  $CC -E -P -DLIBCGO_DECLARATIONS $cppflags all.c >declarations.h || return 1
  if grep -n '__\|inline' declarations.h; then return 1; fi
  {
    echo '#include <libcgo.h>'
    sed -n 's/^ *\(static const [a-z0-9_]* \|enum { \)\{0,1\}\(LIBCGO_[A-Z_]*\) = \([^,;}]*\).*/_Static_assert(\2 == (\3), "\2");/p' \
      declarations.h
  } >numbers.c
  cat numbers.c
  test "$(grep -c Static numbers.c)" = 13 && compile_c numbers.c &&
    { printf '#include <stddef.h>\n#include <stdint.h>\n' && cat declarations.h; } >parsed.c &&
    $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -Wno-unused -c parsed.c -o parsed.o
}

# LIBCGO_VARIABLES, for bindgen.
variables() {
  $CC -E -P -DLIBCGO_VARIABLES $cppflags all.c | grep -c '^static const [a-z0-9_]* LIBCGO_' >variables
  test "$(cat variables)" = 4 && compile_c -DLIBCGO_VARIABLES -Wno-unused all.c
}

# Tools that read the headers know neither attributes of records nor expressions in bounds.
records_are_plain() {
  ! sed -n '/^struct/,/^};/p' "$srcdir"/include/libcgo/*.h | grep 'attribute\|?.*:.*\]'
}

two_units() {
  printf '#include <libcgo.h>\nint main(void) { return 0; }\n' >one.c
  printf '#include <libcgo.h>\nint two(void);\nint two(void) { return 1; }\n' >two.c
  $CC -std=c11 -fno-common $cppflags $CFLAGS one.c two.c -o two $shared_libs
}

old_names() {
  cat >old.c <<'C'
#define LIBCGO_CLASSIC_NAMES
#include <libcgo.h>
int main(void) {
  G g = {0, 0};
  ThreadStart ts = {1, &g, 0};
  return ts.g == &g ? 0 : 1;
}
C
  compile_c old.c && compile_cxx old.c
}

versions_agree() {
  cat >version.c <<'C'
#include <libcgo/version.h>
#include <stdio.h>
int main(void) {
  printf("%s %d\n", LIBCGO_VERSION_STRING, libcgo_version() == LIBCGO_VERSION);
  return 0;
}
C
  $CC -std=c11 $cppflags $CFLAGS version.c -o version $shared_libs || return 1
  test "$(run_program version)" = "$VERSION 1"
}

# ---- libcgo.hpp, for C++ only ----

# A use of each template, so that its body is compiled.
cat >face.cc <<'C'
#include <libcgo.hpp>
#include <libcgo.hpp>
class worker : public cgo::thread {};
#ifdef __cpp_constinit
#define STATIC constinit static
#else
#define STATIC static
#endif
STATIC cgo::runtime<worker> runtime;
STATIC cgo::runtime<> plain;
STATIC cgo::handle_table<int> table;
// Names of a client's own.
int thread, stack, bounds, handle, record, err, fn, self, word, object, options;
int main() {
  int i = 0;
  runtime.start(cgo::thread_options().cpu(0).name("one"), [](worker &) {});
  cgo::attachment here(runtime);
  cgo::attachment there(plain);
  cgo::init start_up(runtime.init);
  start_up.done();
  cgo::slots slots(runtime);
  cgo::stack small(1 << 16);
  cgo::handle<int> number = table.make(i);
  cgo::on_stack(here.thread(), small, [&] {
    i += cgo::on_system_stack(here.thread(), [&]() -> int & { return i; });
  });
  there.detach();
  return i + cgo::callback(runtime, [&](auto &) { return *number.get(); });
}
C
strict_face() { compile_strict "$1" "$2" -c face.cc -o face.o; } # COMPILER OPTION
face() { $CXX "$@" $warnings -Wshadow -Wconversion -Wsign-conversion $cppflags -c face.cc -o face.o; }

face_in_any_order() {
  for h in $headers; do
    printf '#include <%s>\n#include <libcgo.hpp>\n#include <%s>\n' $h $h >order.c
    compile_cxx order.c || return 1
  done
}

# Windows has neither sigset_t nor signal masks.
mingw=x86_64-w64-mingw32-g++
face_on_windows() { $mingw -std=c++17 $warnings -Werror $cppflags -c face.cc -o windows.o; }

# Whether the compiler has a language by this option.
knows() { echo 'int x;' >language.cc && $CXX "$1" -c language.cc -o language.o 2>/dev/null; }

# Of the calls that may not have called fn, or given a stack.
unchecked() { # CALL
  printf '#include <libcgo.h>\nvoid f(struct libcgo_runtime *r, struct libcgo_thread *t, struct libcgo_stack *s, void (*fn)(struct libcgo_thread *, void *));\nvoid f(struct libcgo_runtime *r, struct libcgo_thread *t, struct libcgo_stack *s, void (*fn)(struct libcgo_thread *, void *)) { (void)r, (void)t, (void)s, (void)fn; %s; }\n' "$1" >unchecked.c
  $CC -std=c11 -Wall $cppflags -c unchecked.c -o unchecked.o 2>&1 | grep 'warn.*unused.result'
}
a_result_that_is_ignored_is_a_warning() {
  unchecked 'libcgo_callback(r, fn, 0)' && unchecked 'libcgo_attach(r, &t)' &&
    unchecked 'libcgo_stack_map(s, 1)' && unchecked 'libcgo_thread_create(r, t, 0, fn, 0, 0)' &&
    ! unchecked 'libcgo_detach(r)'
}

ok headers_compile_alone_as_c11 alone compile_c
ok headers_compile_alone_as_cxx17 alone compile_cxx
ok headers_compile_in_any_order_as_c11 any_order compile_c
ok headers_compile_in_any_order_as_cxx17 any_order compile_cxx
if test "$CLASSIC" = yes; then
  ok reserve_slots_compiles_as_c11_without_warnings reserve compile_c
  ok reserve_slots_compiles_as_cxx17_without_warnings reserve compile_cxx
  ok the_names_of_2010_are_there_when_asked_for old_names
else
  skip the_classic_header "the classic face does not exist on $CPU"
fi
ok define_slots_compiles_as_c11_without_warnings define compile_c
ok define_slots_compiles_as_cxx17_without_warnings define compile_cxx
ok the_records_compile_as_c11_without_warnings records compile_c
ok the_records_compile_as_cxx17_without_warnings records compile_cxx
ok a_runtime_in_a_line_compiles_as_c11_without_warnings runtime_in_a_line compile_c
ok a_runtime_in_a_line_compiles_as_cxx17_without_warnings runtime_in_a_line compile_cxx
for compiler in $(strict_compilers); do
  for option in std=c++17 fsanitize=address fsanitize=thread DLIBCGO_VALGRIND; do
    by=$(echo "${compiler##*/} $option" | tr -c 'A-Za-z0-9\n' _)
    if ! compiles_at_all "$compiler" -$option; then
      skip each_macro_is_silent_for_strict_users_of_$by 'it has not what that needs'
      continue
    fi
    ok each_macro_is_silent_for_strict_users_of_$by strict_macros "$compiler" -$option
    if test "$CXX_LIBRARY" = yes; then
      ok the_cxx_face_is_silent_for_strict_users_of_$by strict_face "$compiler" -$option
    fi
  done
done
ok strict_users_use_each_macro strict_is_whole
ok who_includes_the_headers_can_set_libcgo_api api_can_be_set
ok declarations_are_plain_and_have_the_numbers_of_the_macros declarations
ok numbers_of_a_word_can_be_variables variables
ok records_have_no_attributes_and_plain_bounds records_are_plain
ok a_handle_table_compiles_as_c11_without_warnings table compile_c
ok a_handle_table_compiles_as_cxx17_without_warnings table compile_cxx
# face_compiles NAME COMMAND...: a claim about the C++ face, which includes headers of C++.
face_compiles() {
  if test "$CXX_LIBRARY" = yes; then
    ok "$@"
  else
    skip "$1" "the compiler of C++ has no C++ library"
  fi
}
face_compiles the_cxx_face_compiles_as_cxx17 face -std=c++17
face_compiles the_cxx_face_compiles_without_exceptions_and_rtti face -std=c++17 -fno-exceptions -fno-rtti
face_compiles the_cxx_face_compiles_beside_every_header face_in_any_order
if have $mingw; then
  ok the_cxx_face_compiles_for_windows face_on_windows
else
  skip the_cxx_face_compiles_for_windows "there is no $mingw"
fi
if knows -std=c++20; then
  face_compiles the_cxx_face_compiles_as_cxx20_and_is_constant_initialised face -std=c++20
else
  skip the_cxx_face_compiles_as_cxx20_and_is_constant_initialised "$CXX has no C++20"
fi
if knows -std=c++2b; then
  face_compiles the_cxx_face_compiles_as_cxx23 face -std=c++2b
else
  skip the_cxx_face_compiles_as_cxx23 "$CXX has no C++23"
fi
ok a_result_that_is_ignored_is_a_warning a_result_that_is_ignored_is_a_warning
if test -f "$builddir/.libs/libcgo.so"; then
  ok defect_16_two_units_that_include_the_header_link two_units
  ok the_library_reports_the_version_of_its_headers versions_agree
else
  skip defect_16_two_units_that_include_the_header_link "configured with --disable-shared"
  skip the_library_reports_the_version_of_its_headers "configured with --disable-shared"
fi
done_testing
