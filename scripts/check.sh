#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/check.sh [VARIANT...]
#
# Builds the library from this checkout and runs its tests, each variant in a
# directory of its own under build/check. On Debian it first installs what is
# missing. The last line is "N passed, M failed", counted from what ran.
#
#   native      gcc: make check, make install, make installcheck  (the default)
#   clang       the same with clang
#   a port      cross build of a row of scripts/ports (arm64, ...), under its
#               emulator, and natively if the kernel can
#   darwin      amd64, arm64 and 386 for Darwin, executed on an emulated CPU
#   musl        the C library musl, shared and static, with musl-gcc
#   a Zig port  a row of scripts/zig-ports (freebsd, ...): executed where
#               something can, else linked and looked at, and the library executed on
#               an emulated CPU
#   windows     cross builds for Windows: amd64 under wine, 386 under an emulator of
#               the CPU
#   sanitizers  gcc, address and undefined behaviour
#   tsan        gcc and clang, data races
#   valgrind    memcheck and helgrind on the thread and crossing tests
#   distcheck   make distcheck
#   onekind     --disable-shared and --disable-static
#   packages    dpkg-buildpackage and lintian
#   distro      the quick ones of make check-distro; needs root
#   goprograms  Go programs on libcgo, a selection of make check-go-programs
#   go          Go's own tests of runtime/cgo, a selection, stock and on libcgo
#   faults      seeds each defect and sees its test fail; PARTS and FAULTS choose among
#               them, see tests/faults.sh
#   ports       every port there is; what ran is the table of docs/platforms.md
#   all         all of these
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"
# shellcheck source=scripts/darwin.sh
. "$top/scripts/darwin.sh"
# shellcheck source=scripts/emulator.sh
. "$top/scripts/emulator.sh"
jobs=$(nproc 2>/dev/null || echo 1)
passed=0
failed=0
skipped=0

# count WHAT LOG: adds the results of a log in the Test Anything Protocol, as
# automake prints them, and shows what failed or was skipped.
count() {
  p=$(grep -c '^PASS: ' "$2" || true)
  f=$(grep -c '^FAIL: \|^ERROR: ' "$2" || true)
  s=$(grep -c '^SKIP: ' "$2" || true)
  passed=$((passed + p))
  failed=$((failed + f))
  skipped=$((skipped + s))
  grep '^FAIL: \|^ERROR: \|^SKIP: ' "$2" | sort | uniq || true
  echo "$1: $p passed, $f failed, $s skipped"
}

# step WHAT COMMAND...: one test, that a command succeeds; its output is shown
# if it does not.
step() {
  what=$1
  shift
  if "$@" >step.log 2>&1; then
    passed=$((passed + 1))
    echo "$what: passed"
  else
    failed=$((failed + 1))
    tail -n 60 step.log
    echo "$what: FAILED"
    return 1
  fi
}

# record PLATFORM BUILT EXECUTED: the results that `count` has counted last are a
# row of docs/platforms.md. EXECUTED: by what, or "no: ..." with the reason.
record() {
  test -n "${p:-}" || return 0
  mkdir -p "$top/build/check/platforms"
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$p" "$f" "$s" \
    "$(date -u +%Y-%m-%d)" >"$top/build/check/platforms/$(echo "$1 $3" | tr -cs 'A-Za-z0-9\n' -)"
}

# compiler CC: its name and version, and that of its C library if it is glibc.
compiler() {
  $1 --version | sed 's/^[^ ]* \((.*) \)*//; s/ .*//; q' >version
  glibc=$(echo '#include <features.h>' | $1 -E -dM - 2>/dev/null |
    awk '$2 == "__GLIBC__" { a = $3 } $2 == "__GLIBC_MINOR__" { b = $3 } END { if (a) print ", glibc " a "." b }')
  echo "$1 $(cat version)$glibc"
}

enter() {
  rm -rf "$top/build/check/$1"
  mkdir -p "$top/build/check/$1"
  cd "$top/build/check/$1"
}

# suite WHAT MAKE-ARGUMENTS...: make check. A failing test is counted, and does
# not end the run; its log is shown.
suite() {
  what=$1
  shift
  make -k check V=0 "$@" >check.log 2>&1 || true
  grep -q '^PASS: ' check.log || {
    failed=$((failed + 1))
    tail -n 40 check.log
    echo "$what: no test ran"
    p=
    return 0
  }
  for log in tests/*.log; do
    if grep -q '^not ok' "$log"; then
      echo "--- $log"
      cat "$log"
    fi
  done
  count "$what" check.log
}

# installed WHAT: make install and make installcheck.
installed() {
  step "$1: make install" make install V=0 DESTDIR="$PWD/root" || return 0
  make installcheck V=0 DESTDIR="$PWD/root" >installcheck.log 2>&1 || true
  sed -n 's/^not ok [0-9]* - /FAIL: /p; s/^ok [0-9]* - \(.*# SKIP.*\)/SKIP: \1/p
    /# SKIP/d; s/^ok [0-9]* - /PASS: /p' installcheck.log >results
  grep -q '^PASS: ' results || echo 'ERROR: installcheck ran no test' >>results
  grep -q '^FAIL: \|^ERROR: ' results && cat installcheck.log
  count "$1: installcheck" results
}

# treesum WHAT VARIABLE=VALUE...: examples/treesum, built against what `make
# install` has put below `root`, agrees with other programs.
treesum() {
  what=$1
  shift
  step "$what" env PKG_CONFIG_LIBDIR="$PWD/root/usr/local/lib/pkgconfig" \
    PKG_CONFIG_SYSROOT_DIR="$PWD/root" LDFLAGS="-Wl,-rpath,$PWD/root/usr/local/lib" \
    "$@" "$top/scripts/treesum.sh" "$top/include" "$top/src" "$top/tests" || true
}

base="g++ gcc make autoconf automake libtool pkg-config check"
generated=no
generate() {
  test $generated = yes && return 0
  generated=yes
  (cd "$top" && autoreconf -fi >/dev/null 2>&1) ||
    (cd "$top" && autoreconf -fi)
}

native() {
  # shellcheck disable=SC2086
  install_packages $base gdb xz-utils libunwind-dev lld clang libclang-rt-14-dev liblua5.4-dev \
    shellcheck mandoc cmark-gfm libxml2-utils \
    gcc-mingw-w64-x86-64-posix gcc-mingw-w64-i686-posix
  generate
  enter native
  step 'native: configure' "$top/configure" --enable-werror || return 0
  step 'native: make' make V=0 -j "$jobs" || return 0
  suite native -j "$jobs" EACH_CC='gcc clang'
  record "Linux, $(sed -n 's/^cpu = //p' Makefile)" "$(compiler gcc)" natively
  installed native
  treesum 'native: treesum agrees with cksum'
  step 'include graph: no circle' "$top/scripts/include-graph.sh" || true
  # With what they source, whose places they name from the top.
  step 'shellcheck' shellcheck -x -P "$top:$top/scripts:$top/tests" "$top"/scripts/*.sh \
    "$top/tests/libcgo-go.sh" "$top/tests/go/run.sh" "$top/bench/go/run.sh" \
    tools/libcgo-go || true
  # A release has no debian/.
  test ! -d "$top/debian/tests" ||
    step 'shellcheck, debian' shellcheck "$top"/debian/tests/client "$top"/debian/tests/cpp \
      "$top"/debian/tests/demo "$top"/debian/tests/go "$top"/debian/tests/kit || true
}

# Windows: amd64 runs the suite under wine; 386 its library, as it was linked, by
# tests/emulated, which needs Python's unicorn.
windows() {
  # shellcheck disable=SC2086
  install_packages $base g++-mingw-w64-x86-64 g++-mingw-w64-i686 wine wine64 \
    python3 python3-venv
  generate
  enter windows-386
  step 'windows 386: configure' "$top/configure" --enable-werror \
    --host=i686-w64-mingw32 --without-check || return 0
  step 'windows 386: make' make V=0 -j "$jobs" || return 0
  if emulator_python; then
    timeout -k 1 300 "$python" "$top/tests/emulated/windows_386.py" \
      .libs/libcgo-0.dll >emulated.log 2>&1 || true
    sed -n 's/^not ok [0-9]* - /FAIL: /p; s/^ok [0-9]* - /PASS: /p' emulated.log >results
    grep -q '^PASS: ' results || echo 'ERROR: no emulated case ran' >>results
    grep -q '^FAIL: \|^ERROR: ' results && cat emulated.log
  else
    echo 'SKIP: windows_386.py: no unicorn for Python' >results
  fi
  count 'windows 386, emulated' results
  record 'Windows, 386' "$(compiler i686-w64-mingw32-gcc)" 'unicorn: the library alone'

  enter windows-amd64
  step 'windows amd64: configure' "$top/configure" --enable-werror \
    --host=x86_64-w64-mingw32 --without-check || return 0
  step 'windows amd64: make' make V=0 -j "$jobs" || return 0
  saved_display=${DISPLAY:-}
  unset DISPLAY
  WINEPREFIX=$PWD/wine WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
  LIBCGO_TEST_THREADS=2000 LIBCGO_TEST_CALLBACKS=100000
  export WINEPREFIX WINEARCH WINEDEBUG WINEDLLOVERRIDES LIBCGO_TEST_THREADS \
    LIBCGO_TEST_CALLBACKS
  step 'wineboot' timeout -k 1 300 wineboot -i || return 0
  suite 'windows amd64 under wine' TEST_EMU="$top/tests/windows/run.sh"
  record 'Windows, amd64' "$(compiler x86_64-w64-mingw32-gcc)" \
    "$(wine --version 2>/dev/null | sed 's/ .*//')"
  wineserver -k || true
  unset WINEPREFIX WINEARCH WINEDEBUG WINEDLLOVERRIDES LIBCGO_TEST_THREADS \
    LIBCGO_TEST_CALLBACKS
  test -z "$saved_display" || export DISPLAY="$saved_display"
}

clang() {
  # shellcheck disable=SC2086
  install_packages $base clang libclang-rt-14-dev gdb
  generate
  enter clang
  step 'clang: configure' "$top/configure" --enable-werror CC=clang CXX=clang++ || return 0
  step 'clang: make' make V=0 -j "$jobs" || return 0
  suite clang -j "$jobs"
  installed clang
}

# Not the modes for which Go builds its whole library again.
goprograms() {
  # shellcheck disable=SC2086
  install_packages $base golang-go
  generate
  enter goprograms
  step 'goprograms: configure' "$top/configure" --enable-werror || return 0
  step 'goprograms: make' make V=0 -j "$jobs" || return 0
  make check-go-programs \
    GO_MODES="${GO_MODES:-auto external static pie c-shared c-archive}" >go.log 2>&1 || true
  sed -n 's/^not ok [0-9]* - /FAIL: /p; s/^ok [0-9]* - \(.*# SKIP.*\)/SKIP: \1/p
    /# SKIP/d; s/^ok [0-9]* - /PASS: /p' go.log >results
  grep -q '^PASS: ' results || echo 'ERROR: no Go program ran' >>results
  grep -q '^FAIL: \|^ERROR: ' results && cat go.log
  count 'goprograms' results
}

# cross NAME CPU TRIPLET EMULATOR PACKAGE...: a cross build, under the emulator and, if
# the kernel can, natively. Without Check, which an amd64 machine has no library of
# another CPU of: this is also the test of the stand-in.
cross() {
  name=$1 triplet=$3 emulator=$4
  shift 4
  # shellcheck disable=SC2086
  install_packages $base "g++-$triplet" qemu-user "$@"
  generate
  enter "$name"
  step "$name: configure" "$top/configure" --enable-werror --host="$triplet" \
    --without-check || return 0
  step "$name: make" make V=0 -j "$jobs" || return 0
  # LD_LIBRARY_PATH: the emulator would find libraries of the host for 386 first.
  run="$emulator -L /usr/$triplet"
  suite "$name under $emulator" -j "$jobs" \
    TEST_EMU="./libtool --mode=execute $run -E LD_LIBRARY_PATH=$PWD/.libs:$PWD/tests/.libs:/usr/$triplet/lib"
  record "Linux, $name" "$(compiler "$triplet-gcc")" \
    "$($emulator --version | sed 's/version //; s/ (.*//; q')"
  echo 'int main(void) { return 0; }' >probe.c
  "$triplet-gcc" probe.c -o probe
  step "$name: make install" make install V=0 DESTDIR="$PWD/root" || return 0
  # Not under qemu for MIPS: there such a timer never ticks.
  "$triplet-gcc" "$top/scripts/ticks.c" -o ticks -pthread -lrt
  # shellcheck disable=SC2086
  if timeout -k 1 60 $run ./ticks; then
    treesum "$name under $emulator: treesum agrees with cksum" CC="$triplet-gcc" \
      RUN="$run -E LD_LIBRARY_PATH=/usr/$triplet/lib"
  else
    skipped=$((skipped + 1))
    echo "SKIP: $name: treesum # SKIP timers with threads do not tick under $emulator"
  fi
  if ./probe 2>/dev/null; then
    find tests -name '*.log' -delete
    suite "$name on this kernel" -j "$jobs"
    record "Linux, $name" "$(compiler "$triplet-gcc")" natively
    treesum "$name on this kernel: treesum agrees with cksum" CC="$triplet-gcc"
  else
    echo "$name: this kernel does not run its programs: $emulator only"
  fi
}

# musl has no C++ library here: the C++ tests are those of the port musl-zig.
musl() {
  # shellcheck disable=SC2086
  install_packages $base musl-tools
  generate
  enter musl
  step 'musl: configure' "$top/configure" --enable-werror --host=x86_64-linux-musl \
    --without-check CC=musl-gcc CXX=musl-gcc || return 0
  step 'musl: make' make V=0 -j "$jobs" || return 0
  suite musl -j "$jobs"
  record 'Linux with musl, amd64' "$(compiler musl-gcc)" natively
  step 'musl: the library needs nothing but libc.so' needs_only libc.so || true
}

# needs_only NAME...: the shared library needs these objects and no others.
needs_only() {
  readelf -dW .libs/libcgo.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >needed
  cat needed
  printf '%s\n' "$@" | sort >wanted
  sort needed | cmp - wanted
}

# zig NAME CPU TARGET EMULATOR WORD...: see scripts/zig-ports.
zig() {
  name=$1 cpu=$2 target=$3 emulator=$4
  shift 4
  flags='' tests=''
  for word in "$@"; do
    case $word in
    -*) flags="$flags $word" ;;
    *) tests="$tests tests/$word" ;;
    esac
  done
  set --
  test -z "$tests" || set -- TESTS="$tests"
  # shellcheck disable=SC2086
  install_packages $base python3-venv qemu-user
  generate
  enter "$name"
  # shellcheck disable=SC2086
  step "$name: the tools of $target" "$top/scripts/zig-cc.sh" . "$target" $flags || return 0
  tools="CC=$PWD/$target-cc CXX=$PWD/$target-c++ AR=$PWD/$target-ar RANLIB=$PWD/$target-ranlib"
  case $target in
  *-musl*) tools="$tools --disable-shared" ;;
  # Libtool makes a shared library of OpenBSD on OpenBSD only.
  *-openbsd*) tools="$tools --disable-shared" ;;
  esac
  # shellcheck disable=SC2086
  step "$name: configure" "$top/configure" --enable-werror --host="$target" \
    --without-check $tools || return 0
  step "$name: make" make V=0 -j "$jobs" || return 0
  built="zig $("./$target-cc" --version | sed -n 's/.*clang version \([0-9.]*\).*/(clang \1)/p;q')"
  case $emulator in
  native)
    suite "$name" -j "$jobs" "$@"
    record "$(platform "$target")" "$built" natively ;;
  -)
    # Programs are not executed: that they link is what can be seen, and what the library
    # says of itself. The library alone is, with a model of the system.
    passed_before=$passed failed_before=$failed skipped_before=$skipped
    tests='bounds contract crossing defined-slots defined-slots-static depth init longjmp
      no-slots stack stepping unwind unwind-stacks unwinder'
    case $tools in
    *--disable-shared*) ;;
    *) tests="$tests object-slots two-runtimes" ;;
    esac
    for test in $tests; do
      step "$name: tests/$test links" make -s V=0 "tests/$test" || true
    done
    step "$name: the archive defines the names of the headers" defines_its_names || true
    if test -f .libs/libcgo.so; then
      step "$name: the library exports the names of its headers, and no others" \
        exports_its_names || true
      step "$name: the library needs nothing but the C library and that of threads" \
        needs_the_system_only || true
    fi
    executed='no: linked only'
    test -f .libs/libcgo.so || executed='no: linked only, with the archive'
    if emulated "$name"; then executed='unicorn: the library alone'; fi
    p=$((passed - passed_before)) f=$((failed - failed_before)) s=$((skipped - skipped_before))
    record "$(platform "$target")" "$built" "$executed" ;;
  *)
    suite "$name under $emulator" -j "$jobs" "$@" \
      TEST_EMU="./libtool --mode=execute $emulator"
    record "$(platform "$target")" "$built" \
      "$($emulator --version | sed 's/version //; s/ (.*//; q')" ;;
  esac
}

# emulated WHAT: make check-emulated; false, if nothing was executed.
emulated() {
  if emulator_python; then
    timeout -k 1 600 make -s V=0 check-emulated PYTHON3="$python" >emulated.log 2>&1 || true
    sed -n 's/^not ok [0-9]* - /FAIL: /p; s/^ok [0-9]* - /PASS: /p' emulated.log >results
    grep -q '^PASS: ' results || echo 'ERROR: no emulated case ran' >>results
    grep -q '^FAIL: \|^ERROR: ' results && cat emulated.log
  else
    echo "SKIP: $1, emulated: no unicorn for Python" >results
  fi
  count "$1, emulated" results
  grep -q '^PASS: ' results
}

# platform TARGET: its name in docs/platforms.md.
platform() {
  case $1 in
  *-linux-musl*) echo "Linux with musl (static), $cpu" ;;
  *-freebsd*) echo "FreeBSD, $cpu" ;;
  *-netbsd*) echo "NetBSD, $cpu" ;;
  *-openbsd*) echo "OpenBSD, $cpu" ;;
  *) echo "$name, $cpu" ;;
  esac
}

# declared_names: what libcgo.h declares on the target.
declared_names() {
  echo '#include <libcgo.h>' >names.c
  "./$target-cc" -E -I"$top/include" -Iinclude names.c |
    grep -o '\(libcgo_[a-z_]*\|crosscall2\)(' | tr -d '(' | sort -u
}

defines_its_names() {
  declared_names >declared
  readelf -sW .libs/libcgo.a | awk '$5 == "GLOBAL" && $7 ~ /^[0-9]/ { print $8 }' | sort -u >defined
  grep -v '^libcgo_go_' declared | comm -23 - defined | tee differ
  test -s declared && test ! -s differ
}

# The names of the version script that the port has: those of its headers.
exports_its_names() {
  declared_names >declared
  readelf -W --dyn-syms .libs/libcgo.so | awk '$7 ~ /^[0-9]/ && $8 ~ /@@LIBCGO/ {
    sub("@@.*", "", $8); print $8 }' | sort -u >exported
  grep -v '^libcgo_go_' declared | comm -3 - exported | tee differ
  test -s exported && test ! -s differ
}

needs_the_system_only() {
  readelf -dW .libs/libcgo.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tee needed
  test -s needed && test -z "$(grep -v '^lib\(c\|pthread\|thr\)\.so' needed)"
}

# row NAME: the words of a port's row.
row() { awk -v name="$1" '$1 == name { $1 = $1; print }' "$top/scripts/ports" "$top/scripts/zig-ports"; }
zig_ports=$(awk '/^[a-z0-9]/ { print $1 }' "$top/scripts/zig-ports" | tr '\n' ' ')
ports=$(awk '/^[a-z0-9]/ { print $1 }' "$top/scripts/ports" | tr '\n' ' ')

darwin() {
  # shellcheck disable=SC2086
  install_packages $base clang lld llvm python3-venv
  if ! darwin_tools; then
    skipped=$((skipped + 1))
    echo 'darwin: skipped: the Python packages ziglang, unicorn and lief are not to be had'
    return 0
  fi
  generate
  for cpu in amd64 arm64 386; do
    enter darwin-$cpu
    step "darwin $cpu: configure" darwin_configure "$top" $cpu || continue
    step "darwin $cpu: make" make V=0 -j "$jobs" libcgo.la || continue
    darwin_emulated V=0 >emulated.log 2>&1 || true
    sed -n 's/^ok [0-9]* - /PASS: /p; s/^not ok [0-9]* - /FAIL: /p' emulated.log >results
    grep -q '^PASS: ' results || echo 'ERROR: nothing was executed' >>results
    grep -q '^FAIL: \|^ERROR: ' results && cat emulated.log
    count "darwin $cpu, emulated" results
    record "Darwin, $cpu" "clang $(command clang -dumpversion), Zig's linker" \
      "Unicorn, an emulator, with a model of libSystem"
  done
}

sanitizers() {
  # shellcheck disable=SC2086
  install_packages $base liblua5.4-dev
  generate
  enter sanitizers
  step 'sanitizers: configure' "$top/configure" --enable-werror \
    CFLAGS='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined' \
    CXXFLAGS='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined' || return 0
  step 'sanitizers: make' make V=0 -j "$jobs" || return 0
  LIBCGO_TEST_THREADS=20000
  export LIBCGO_TEST_THREADS
  suite 'address and undefined behaviour sanitizers' -j "$jobs"
  unset LIBCGO_TEST_THREADS
  step 'sanitizers: make install' make install V=0 DESTDIR="$PWD/root" || return 0
  treesum 'sanitizers: treesum agrees with cksum' \
    CFLAGS='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined'
}

tsan() {
  # shellcheck disable=SC2086
  install_packages $base clang libclang-rt-14-dev
  generate
  LIBCGO_TEST_THREADS=5000 LIBCGO_TEST_CALLBACKS=200000
  export LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS
  for cc in gcc clang; do
    cxx=$(echo $cc | sed 's/gcc/g++/; s/clang/clang++/')
    enter tsan-$cc
    step "tsan $cc: configure" "$top/configure" --enable-werror CC=$cc CXX="$cxx" \
      CFLAGS='-g -O1 -fsanitize=thread' CXXFLAGS='-g -O1 -fsanitize=thread' || continue
    step "tsan $cc: make" make V=0 -j "$jobs" || continue
    suite "thread sanitizer of $cc" TESTS='tests/threads tests/contract tests/crossing
      tests/handle tests/hpp tests/init tests/longjmp tests/memory tests/runtime tests/stack
      tests/thread tests/tls tests/two-runtimes tests/unload tests/unwind-stacks'
  done
  unset LIBCGO_TEST_THREADS LIBCGO_TEST_CALLBACKS
}

valgrind() {
  # shellcheck disable=SC2086
  install_packages $base valgrind liblua5.4-dev
  generate
  enter valgrind
  step 'valgrind: configure' "$top/configure" --enable-werror || return 0
  step 'valgrind: make' make V=0 -j "$jobs" || return 0
  make check V=0 TESTS= >make-tests.log 2>&1
  for test in attributes crossing handle init libunwind memory own-crosscall2 runtime \
    stack thread tls unload unwind unwind-stacks; do
    step "memcheck: $test" under_valgrind memcheck $test || true
  done
  # Not those without locks: helgrind takes atomic accesses for races. The
  # thread sanitizer, which knows them, has these.
  for test in attributes crossing libunwind memory own-crosscall2 stack tls unload unwind \
    unwind-stacks; do
    step "helgrind: $test" under_valgrind helgrind $test || true
  done
  # Those of the kit that need no order but that of its locks.
  for case in runtime:the_first_callback_attaches_the_thread \
    runtime:a_thread_detaches_by_itself_when_it_returns \
    runtime:a_thread_belongs_to_two_runtimes_at_once \
    runtime:destructors_call_back_in_every_round_of_an_attached_thread \
    thread:fn_gets_the_record_and_the_argument \
    thread:a_thread_leaves_at_pthread_exit \
    thread:a_thread_has_the_signal_stack_of_the_runtime_with_a_guard; do
    CK_RUN_CASE=${case#*:}
    export CK_RUN_CASE
    step "helgrind: ${case#*:}" under_valgrind helgrind "${case%%:*}" || true
    unset CK_RUN_CASE
  done
  # A stack that is near another must not be taken for a large frame of it.
  for tool in memcheck helgrind; do
    step "$tool: lua" under_valgrind $tool lua --max-stackframe=65536 || true
  done
  # What a thread start allocates is freed. Only the cases with few threads.
  for case in a_thread_finds_its_g_and_m sys_thread_start_takes_over_its_argument \
    defect_05_stackguard_is_above_the_guard_pages \
    no_signal_arrives_after_fn_has_returned; do
    CK_RUN_CASE=$case
    export CK_RUN_CASE
    step "memcheck: $case" under_valgrind memcheck threads || true
    step "helgrind: $case" under_valgrind helgrind threads || true
    unset CK_RUN_CASE
  done
  # Helgrind: the cases with one thread at a time.
  LIBCGO_TEST_CALLBACKS=2000 top_builddir=$PWD
  export LIBCGO_TEST_CALLBACKS top_builddir
  step 'memcheck: two-runtimes' under_valgrind memcheck two-runtimes || true
  for case in two_runtimes_call_each_other_on_the_initial_thread \
    two_runtimes_call_each_other_on_a_foreign_thread; do
    CK_RUN_CASE=$case
    export CK_RUN_CASE
    step "helgrind: $case" under_valgrind helgrind two-runtimes || true
    unset CK_RUN_CASE
  done
  unset LIBCGO_TEST_CALLBACKS top_builddir
  # Its small stacks are 20 KiB apart: larger steps change the stack. What C's
  # own threads have at the end is theirs: no names to look up, no freeres.
  step 'valgrind: make install' make install V=0 DESTDIR="$PWD/root" || return 0
  treesum 'memcheck: treesum agrees with cksum' NAME=127.0.0.1 RUN="valgrind -q \
    --error-exitcode=9 --fair-sched=try --leak-check=full \
    --errors-for-leak-kinds=definite --max-stackframe=16000 --run-libc-freeres=no"
}

# CK_FORK=no: the test itself runs under valgrind, not a child of it.
under_valgrind() { # TOOL TEST [OPTION]
  leaks=
  test "$1" = helgrind || leaks='--leak-check=full --errors-for-leak-kinds=definite'
  # shellcheck disable=SC2086
  env CK_FORK=no ./libtool --mode=execute timeout -k 1 300 valgrind --tool="$1" \
    -q --error-exitcode=9 --fair-sched=try $leaks ${3:-} \
    --suppressions="$top/tests/valgrind.supp" "tests/$2"
}

# One kind of library only.
onekind() {
  # shellcheck disable=SC2086
  install_packages $base gdb
  generate
  LIBCGO_TEST_THREADS=5000
  export LIBCGO_TEST_THREADS
  for kind in shared static; do
    enter no-$kind
    step "without $kind: configure" "$top/configure" --enable-werror \
      --disable-$kind || continue
    step "without $kind: make" make V=0 -j "$jobs" || continue
    suite "without $kind" -j "$jobs"
    installed "without $kind"
  done
  unset LIBCGO_TEST_THREADS
}

# The Debian packages, from a copy: the build is in the source tree.
packages() {
  # shellcheck disable=SC2086
  install_packages $base gdb build-essential debhelper fakeroot lintian pkgconf
  if ! test -f "$top/debian/control"; then
    skipped=$((skipped + 1))
    echo 'packages: skipped: a release has no debian/'
    return 0
  fi
  enter packages
  mkdir libcgo
  (cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) |
    (cd libcgo && tar -xf -)
  cd libcgo
  rm -f configure
  step 'dpkg-buildpackage' dpkg-buildpackage -us -uc -b || return 0
  step 'lintian: no error, no warning' lintian --fail-on error,warning \
    --allow-root ../libcgo_*.changes || true
}

# What distributions check, but for what needs a chroot or a suite of its own.
distro() {
  if ! test -f "$top/debian/control" || test "$(id -u)" != 0; then
    skipped=$((skipped + 1))
    echo 'distro: skipped: it needs root, and debian/, which a release has not'
    return 0
  fi
  enter distro
  "$top/scripts/distro.sh" lintian blhc hardening abi reproducible consumers 2>&1 | tee distro.log
  sed -n 's/^\([a-z]*: \)passed: /PASS: \1/p; s/^\([a-z]*: \)FAILED: /FAIL: \1/p
    s/^\([a-z]*: \)skipped: /SKIP: \1/p' distro.log >results
  tail -n 1 distro.log | grep -q '^[0-9]* passed, [0-9]* failed$' ||
    echo 'ERROR: scripts/distro.sh did not come to its end' >>results
  count 'what distributions check' results
}

distcheck() {
  # shellcheck disable=SC2086
  install_packages $base gdb
  generate
  enter distcheck
  step 'distcheck: configure' "$top/configure" || return 0
  LIBCGO_TEST_THREADS=5000
  export LIBCGO_TEST_THREADS
  step 'make distcheck' make distcheck V=0 -j "$jobs" || true
  unset LIBCGO_TEST_THREADS
  if grep -q '^PASS: ' step.log; then
    count 'the suite inside distcheck' step.log
  fi
}

# A few minutes of make check-go, with the Go that there is.
go() {
  # shellcheck disable=SC2086
  install_packages $base
  # Asked of another shell: in this one, go is this function.
  sh -c 'command -v go' >/dev/null || install_packages golang-go
  generate
  enter go
  step 'go: configure' "$top/configure" --enable-werror || return 0
  step 'go: make' make V=0 -j "$jobs" || return 0
  GO=$(sh -c 'command -v go') CHECK_GO_SUITES='runtime/cgo|os/user|net|test:(auto|internal|external)' \
    make -s check-go 2>&1 | tee check-go.log
  # What fails on stock, too, says nothing of the library.
  awk -F '\t' '
    $5 == "pass" || $5 == "flaky" { print "PASS: " $2 " " $3; next }
    $5 == "skip" && $4 == "skip" { next }
    $4 == "pass" || $5 == "fail" && ($4 == "skip" || $4 == "absent") { print "FAIL: " $2 " " $3; next }
    { print "SKIP: " $2 " " $3 " (stock: " $4 ")" }' check-go.work/results.tsv >results
  grep -q '^PASS: ' results || echo 'ERROR: no test of Go ran' >>results
  test ! -e check-go.work/wrong-half ||
    echo 'ERROR: a program had the C half of the other side' >>results
  count "Go's own tests" results
}

faults() {
  # shellcheck disable=SC2046,SC2086
  install_packages $base qemu-user clang lld llvm python3-venv \
    gdb g++-mingw-w64-x86-64 wine wine64 \
    $(awk '/^[a-z0-9]/ { printf "g++-%s ", $3; for (i = 5; i <= NF; i++) printf "%s ", $i }' "$top/scripts/ports")
  generate
  enter faults
  "$top/tests/faults.sh" "$PWD" >faults.log 2>&1 || true
  sed -n 's/^ok [0-9]* - /PASS: /p; s/^not ok [0-9]* - /FAIL: /p' faults.log >results
  grep -q '^FAIL: ' results && cat faults.log
  count 'seeded faults' results
}

# Every port, and the table of what the directory of their results has.
ports() {
  rm -rf "$top/build/check/platforms"
  for port in native $ports darwin musl $zig_ports windows; do
    run "$port"
  done
  platforms
}

platforms() {
  {
    cat <<'END'
<!-- SPDX-License-Identifier: BSD-3-Clause -->
<!-- Written by `scripts/check.sh platforms`, as `make check-ports` does at its end. -->
# Platforms

`make check-ports` builds each port and runs the one suite on it; `scripts/check.sh PORT`
does so for one. A row is the last run of its port:

| platform | built by | executed | passed | failed | skipped | on |
|---|---|---|---:|---:|---:|---|
END
    sort "$top"/build/check/platforms/* |
      awk -F '\t' '{ print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " | " $6 " | " $7 " |" }'
    cat <<'END'

Skipped: a test's claim does not apply to the platform, or cannot be seen there; the
run prints each with its reason. The classic face, which exists for amd64 and 386, has
a third of the tests. How to add a platform: [porting.md](porting.md).
END
  } >"$top/docs/platforms.md"
  sed -n '/^|/p' "$top/docs/platforms.md"
}

# run VARIANT. No && here: it would switch set -e off inside.
run() {
  case " $ports" in
  *" $1 "*)
    # shellcheck disable=SC2046
    cross $(row "$1") ;;
  *)
    case " $zig_ports" in
    *" $1 "*)
      # shellcheck disable=SC2046
      zig $(row "$1") ;;
    *) $1 ;;
    esac ;;
  esac
}

variants="native clang $ports darwin musl $zig_ports windows sanitizers tsan valgrind distcheck onekind packages distro go goprograms faults ports platforms"
test $# -gt 0 || set -- native
# The variants are words.
# shellcheck disable=SC2086
test "$1" != all || set -- ${variants% ports platforms}
for variant in "$@"; do
  case " $variants " in
  *" $variant "*) ;;
  *)
    sed -n '3,/^set /s/^# \{0,1\}//p' "$0" >&2
    exit 2 ;;
  esac
done
if test -f "$top/config.status"; then
  echo "this tree is configured itself: run 'make distclean' first, or use a clone" >&2
  exit 1
fi
for variant in "$@"; do
  run "$variant"
done

test "$skipped" = 0 || echo "$skipped skipped, each with its reason above"
echo "$passed passed, $failed failed"
test $failed = 0
