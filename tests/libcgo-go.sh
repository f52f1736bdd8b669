#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2089,SC2090,SC2317
#
# libcgo-go passes to Go what it is given, with libcgo in it, or says why not.
. "$(dirname "$0")/tap.sh"

: "${GO:=go}"
if ! have "$GO"; then
  skip libcgo_go "there is no go command"
  done_testing
  exit
fi
case $CXXFLAGS/$TEST_EMU/$HOST in
*-fsanitize=*) why="a sanitized library needs a sanitized program" ;;
*/?*/*) why="Go builds for this machine, the library is for an emulated one" ;;
*/x86_64-*-musl*)
  why=
  ldd /bin/sh 2>&1 | grep -q musl || why="Go builds for the C library of this machine" ;;
*/x86_64-*) why= ;;
*) why="the Go command here builds for another CPU" ;;
esac
if test -z "$why" && ! test -e "$builddir/.libs/libcgo.so"; then
  why="configured with --disable-shared"
fi
if test -n "$why"; then
  skip libcgo_go "$why"
  done_testing
  exit
fi

unset GOFLAGS CFLAGS CXXFLAGS
LIBCGO_GO_SHIM=$srcdir/src/go/shim.c
PKG_CONFIG_PATH=$builddir${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
GOENV=off GOTOOLCHAIN=local GO111MODULE=on CGO_ENABLED=1 GOPROXY=off
# With the cache for Go's results that there is, where there is one.
GOCACHE=${GOCACHE:-$(HOME=${HOME:-$scratch} "$GO" env GOCACHE)}
mkdir -p "$GOCACHE" 2>/dev/null || {
  HOME=$scratch GOCACHE=$scratch/go-cache
  export HOME
}
XDG_CACHE_HOME=$scratch/cache
export LIBCGO_GO_SHIM PKG_CONFIG_PATH LD_LIBRARY_PATH GOENV GOTOOLCHAIN GO \
  GO111MODULE GOPROXY CGO_ENABLED GOCACHE XDG_CACHE_HOME
goroot=$("$GO" env GOROOT)
# Not stamped with a checkout that the scratch directory may be in: git says nothing of
# one that is another user's. Go before 1.18 does not stamp.
unstamped=
! "$GO" help build | grep -q buildvcs || unstamped=-buildvcs=false

libcgo_go() {
  timeout -k 1 600 sh "$builddir/tools/libcgo-go" "$@"
}

# What the programs print: a number that C has made.
mkdir "program with blanks" broken cases
cat >"program with blanks/main.go" <<'G'
package main

// static int answer(int n) { return n + 2; }
import "C"
import (
	"fmt"
	"os"
)

func main() {
	fmt.Println(C.answer(40))
	os.Exit(len(os.Args) - 1)
}
G
cat >"program with blanks/main_test.go" <<'G'
package main

import (
	"os"
	"testing"
)

func TestPasses(t *testing.T) { main0() }
func TestFails(t *testing.T) {
	if os.Getenv("FAIL") != "" {
		t.Fatal("as it was told")
	}
}
func main0() {}
G
printf 'module libcgo.test/hello\n\ngo 1.16\n' >"program with blanks/go.mod"
cp -r "program with blanks" hello
cp hello/go.mod broken/
printf 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Printf("%%d", "x") }\n' >broken/main.go

# says STATUS PATTERN COMMAND...: it ends so and prints that.
says() {
  status=$1 pattern=$2
  shift 2
  "$@" >said 2>&1
  got=$?
  cat said
  test $got = "$status" || {
    echo "status $got and not $status"
    return 1
  }
  grep -q "$pattern" said
}

# refuses PATTERN COMMAND...: the tool says so itself, and nothing was built.
refuses() {
  refused=$1
  shift
  rm -rf made
  says 1 "^libcgo-go: .*$refused" "$@" && ! test -e made
}

uses_libcgo() {
  nm -D "$1" | grep -q 'U libcgo_go_init' && ldd "$1" && ldd "$1" | grep -q "$builddir/.libs"
}

version() { says 0 "^libcgo-go $VERSION\$" libcgo_go --version; }
help() { says 0 '^usage: libcgo-go COMMAND' libcgo_go --help && says 2 '^usage:' libcgo_go; }

environment() {
  libcgo_go env >out && cat out && grep "^GOROOT    $goroot\$" out &&
    grep "^shim      $srcdir" out && grep "^libcgo    $VERSION\$" out
}

# Go itself reads the overlay, and says if it is no JSON; Python is stricter.
overlay() {
  libcgo_go overlay >overlay.json && cat overlay.json &&
    { ! have python3 || python3 -m json.tool overlay.json; } &&
    (cd hello && "$GO" build $unstamped -overlay "$scratch/overlay.json" -o ../made .) &&
    uses_libcgo made
}

build() { rm -f made && (cd hello && libcgo_go build $unstamped -o ../made .) && uses_libcgo made && says 0 '^42$' ./made; }
run() { (cd hello && says 0 '^42$' libcgo_go run .); }
blanks() { (cd "program with blanks" && says 0 '^42$' libcgo_go run .); }
chdir() {
  says 0 '^42$' libcgo_go run -C hello . || return 1
  says 0 '^42$' libcgo_go -C hello run .
}
install() { (cd hello && GOBIN=$scratch/bin libcgo_go install $unstamped .) && uses_libcgo bin/hello; }
tests_pass() { (cd hello && says 0 '^ok' libcgo_go test .); }
vet() {
  (cd hello && libcgo_go vet .) && (cd broken && ! libcgo_go vet . 2>vetted) &&
    cat broken/vetted && grep Printf broken/vetted
}

# go run ends with 1 whatever its program ends with, and says what that was.
statuses() {
  (cd hello && FAIL=1 says 1 'as it was told' libcgo_go test .) &&
    says 2 'unknown command' libcgo_go nonsense &&
    (cd hello && says 1 'exit status 3' libcgo_go run . a b c)
}

flags_stay() {
  (cd hello && GOFLAGS=-tags=some says 0 '^-tags=some -overlay=/' libcgo_go -C . env GOFLAGS)
}
configured_flags_stay() {
  echo GOFLAGS=-tags=configured >goenv
  (GOENV=$scratch/goenv && export GOENV &&
    says 0 '^-tags=configured -overlay=/' libcgo_go -C hello env GOFLAGS)
}

# A GOROOT of links with a package runtime/cgo of its own.
links() { # ROOT
  mkdir -p "$1/src/runtime" &&
    for file in "$goroot"/* "$goroot"/src/* "$goroot"/src/runtime/*; do
      case $file in
      */src/runtime/cgo) continue ;;
      esac
      test -e "$1/${file#"$goroot"/}" || ln -s "$file" "$1/${file#"$goroot"/}" || return 1
    done
  cp -R "$goroot/src/runtime/cgo/." "$1/src/runtime/cgo" && chmod -R u+w "$1/src/runtime/cgo"
}
unknown_symbol() {
  rm -f made && links root && printf 'package cgo\n\n//go:cgo_import_static x_cgo_of_tomorrow\n' \
    >root/src/runtime/cgo/tomorrow.go || return 1
  (GOROOT=$scratch/root && export GOROOT && cd hello &&
    refuses 'does not know: x_cgo_of_tomorrow:' libcgo_go build -o ../made .) &&
    ! test -e made
}
quotes() {
  odd="$scratch/it's \"odd\""
  mkdir "$odd" && ln -s "$goroot" "$odd/root" || return 1
  (GOROOT=$odd/root && export GOROOT && libcgo_go overlay >overlay.json) && cat overlay.json &&
    grep -F "it's \\\"odd\\\"/root/src/runtime/cgo/libcgo_shim.c\"" overlay.json
}
no_sources() {
  mkdir empty && printf '#!/bin/sh\nprintf "%%s\\n" /nowhere go9 linux amd64 /m "" 1\n' >gonext && chmod +x gonext
  GO=./gonext refuses "go9 has no sources" libcgo_go build
}
module_cache() {
  mkdir -p modcache bin && ln -s "$goroot" modcache/toolchain || return 1
  (GOMODCACHE=$scratch/modcache GOROOT=$scratch/modcache/toolchain && export GOMODCACHE GOROOT &&
    says 0 '^GOROOT    .*/libcgo-go/goroot-' libcgo_go env && cd hello &&
    says 0 '^42$' libcgo_go run .)
}

no_go() { GO=no-such-go refuses "there is no 'no-such-go' command" libcgo_go build; }
no_pkg_config() { PKG_CONFIG=no-such-tool refuses "no 'no-such-tool' command" libcgo_go build; }
no_libcgo() {
  (unset PKG_CONFIG_PATH
    PKG_CONFIG_LIBDIR=$scratch && export PKG_CONFIG_LIBDIR &&
      sed "s|^libdir=.*|libdir=$scratch|" "$builddir/tools/libcgo-go" >tool &&
      refuses 'install the development files' sh ./tool build)
}
no_shim() { LIBCGO_GO_SHIM=/nowhere/shim.c refuses "'/nowhere/shim.c' is missing" libcgo_go build; }
no_cgo() { CGO_ENABLED=0 refuses 'CGO_ENABLED is 0' libcgo_go build; }
other_system() { GOOS=darwin refuses 'GOOS is darwin' libcgo_go build; }
no_directory() { refuses "no directory 'nowhere'" libcgo_go -C nowhere build; }
second_overlay() {
  refuses 'flag -overlay already' libcgo_go build -overlay x.json -o made . &&
    GOFLAGS=-overlay=x.json refuses 'flag -overlay already' libcgo_go build -o made .
}

# Not even root can write there.
unwritable_cache() {
  (XDG_CACHE_HOME=/proc && TMPDIR=$scratch/tmp && export XDG_CACHE_HOME TMPDIR && mkdir -p tmp &&
    cd hello && says 0 '^42$' libcgo_go run . &&
    says 1 'exit status 2' libcgo_go run . a b) &&
    test -z "$(find tmp -name 'libcgo-go*')" &&
    XDG_CACHE_HOME=/proc refuses 'set XDG_CACHE_HOME to a writable' libcgo_go overlay
}
cache_with_blanks() {
  (XDG_CACHE_HOME="$scratch/a cache" && export XDG_CACHE_HOME && cd hello &&
    says 0 '^42$' libcgo_go run .)
}

# What Go finds again is not built again: the same overlay is the same file.
same_overlay() {
  libcgo_go env >first && libcgo_go env >second && cmp first second
}

ok it_tells_the_version version
ok it_tells_how_to_call_it help
ok it_tells_what_it_found environment
ok the_overlay_is_JSON_that_Go_takes overlay
ok the_overlay_is_the_same_each_time same_overlay
ok build_makes_a_program_on_libcgo build
ok run_runs_it run
ok install_installs_it install
ok test_tests_it tests_pass
ok vet_finds_what_it_finds vet
ok statuses_pass_through statuses
ok directories_may_have_blanks blanks
case $("$GO" env GOVERSION) in
go1.1? | go1.1?.*)
  skip a_flag_C_says_where_Go_runs "this Go does not know it"
  skip flags_in_GOFLAGS_stay "this Go does not know -C"
  skip flags_of_go_env_w_stay "this Go does not know -C" ;;
*)
  ok a_flag_C_says_where_Go_runs chdir
  ok flags_in_GOFLAGS_stay flags_stay
  ok flags_of_go_env_w_stay configured_flags_stay ;;
esac
ok a_toolchain_in_the_module_cache_is_served module_cache
ok a_GOROOT_may_have_quotes quotes
ok an_unknown_symbol_is_named_and_nothing_built unknown_symbol
ok a_Go_without_sources_is_an_error no_sources
ok no_go_command_is_an_error no_go
ok no_pkg_config_command_is_an_error no_pkg_config
ok no_development_files_are_an_error no_libcgo
ok no_shim_is_an_error no_shim
ok cgo_switched_off_is_an_error no_cgo
ok another_system_is_an_error other_system
ok a_missing_directory_is_an_error no_directory
ok a_second_overlay_is_an_error second_overlay
ok an_unwritable_cache_is_replaced_for_the_time_of_the_call unwritable_cache
ok a_cache_with_blanks_is_replaced_too cache_with_blanks
done_testing
