#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2089,SC2090,SC2317
#
# libcgo-go passes to Go what it is given, with libcgo in it, or says why not.
. "$(dirname "$0")/../support/tap.sh"

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
# Git tells Go of a checkout that is another user's, too.
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
goroot=$("$GO" env GOROOT)
other_cpu=arm64
test "$("$GO" env GOHOSTARCH)" != arm64 || other_cpu=amd64
# Not stamped with a checkout that the scratch directory may be in: git says nothing of
# one that is another user's. Go before 1.18 does not stamp.
unstamped=
! "$GO" help build | grep -q buildvcs || unstamped=-buildvcs=false

libcgo_go() {
  timeout -k 1 600 "$builddir/tools/libcgo-go" "$@"
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

# says STATUS PATTERN COMMAND...: it ends so and prints that. Go 1.19 ends with 2 where
# others end with 1.
says() {
  status=$1 pattern=$2
  shift 2
  "$@" >said 2>&1
  got=$?
  cat said
  # shellcheck disable=SC2254 # a pattern
  case $got in
  $status) ;;
  *)
    echo "status $got and not $status"
    return 1 ;;
  esac
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

# lost CAUSE: it could not print, and says so.
lost() { test $? = 1 && cat said && grep "^libcgo-go: standard output.*$1" said; }
full_device() {
  for argument in --version --help env; do
    libcgo_go $argument >/dev/full 2>said
    lost 'No space left' || return 1
  done
}
closed_output() {
  for argument in --version --help env; do
    libcgo_go $argument 2>said >&-
    lost 'Bad file descriptor' || return 1
  done
}

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
closed_descriptors() {
  rm -f made && (cd hello && libcgo_go build $unstamped -o ../made . <&- >&-) && uses_libcgo made
}
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

# With SIGCHLD ignored, as some starters leave it, the system keeps no status.
ignored_children() {
  mkdir -p undefined && cp hello/go.mod undefined/ &&
    printf 'package main\n\nfunc main() { nothing() }\n' >undefined/main.go && rm -f made &&
    (cd undefined && says '[12]' 'undefined: nothing' timeout -k 1 600 \
      env --ignore-signal=CHLD "$builddir/tools/libcgo-go" build $unstamped -o ../made .)
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
  mkdir -p modcache && cp -R "$goroot/bin" bin-of-go && mkdir modcache/toolchain &&
    ln -s "$goroot"/* modcache/toolchain/ && rm modcache/toolchain/bin &&
    mv bin-of-go modcache/toolchain/bin || return 1
  (GO=$scratch/modcache/toolchain/bin/go GOMODCACHE=$scratch/modcache && export GO GOMODCACHE &&
    says 0 '^GOROOT    .*/libcgo-go/goroot-' libcgo_go env && cd hello &&
    says 0 '^42$' libcgo_go run . && libcgo_go build $unstamped -o ../made . || exit 1
    cd .. && uses_libcgo made || exit 1
    # Another Go within it finds its own tree.
    inside && cd inside && says 0 "^$goroot\$" libcgo_go run . "$goroot/bin/go")
}
# The tree of links to it is made once, also by many at a time, and again for another Go.
# What a process that was killed has left is not in the way of one with its number.
one_tree() { # COMMAND...
  (GO=$scratch/modcache/toolchain/bin/go GOMODCACHE=$scratch/modcache && export GO GOMODCACHE && "$@") &&
    find cache/libcgo-go -maxdepth 1 -name 'goroot-*' >trees && cat trees && test "$(wc -l <trees)" = 1
}
at_a_time() {
  for _ in 1 2 3 4 5 6; do
    libcgo_go env &
  done
  wait
}
made_once() {
  rm -rf cache/libcgo-go/goroot-* && one_tree at_a_time &&
    touch -d '1 hour ago' cache/libcgo-go/goroot-*/bin/go && one_tree at_a_time
}
after_a_killed_one() {
  rm -rf cache/libcgo-go/goroot-* && one_tree libcgo_go env || return 1
  tree=$(echo cache/libcgo-go/goroot-*)
  (GO=$scratch/modcache/toolchain/bin/go GOMODCACHE=$scratch/modcache && export GO GOMODCACHE &&
    timeout -k 1 60 sh -c 'rm -rf "$1" && mkdir "$1.$$" && exec "$2" env' - "$tree" \
      "$builddir/tools/libcgo-go") && rm -rf "$tree".*
}
# In two containers processes have the same number. What one of them is about to write,
# the directories stand for: they are in the way of another with its names.
same_number() {
  libcgo_go overlay >overlay.json || return 1
  timeout -k 1 60 sh -c 'for file in cache/libcgo-go/*; do mkdir "$file.$$" || exit 1; done
    exec "$1" overlay' - "$builddir/tools/libcgo-go" >again.json && cmp overlay.json again.json
}
# A program that asks a go command for its GOROOT.
inside() {
  mkdir -p inside && cp hello/go.mod inside/ && cat >inside/main.go <<'G'
package main

import "C"
import (
	"os"
	"os/exec"
)

func main() {
	cmd := exec.Command(os.Args[1], "env", "GOROOT")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if cmd.Run() != nil {
		os.Exit(1)
	}
}
G
}
no_go() { GO=no-such-go refuses "there is no 'no-such-go' command" libcgo_go build; }
no_pkg_config() { PKG_CONFIG=no-such-tool refuses "no 'no-such-tool' command" libcgo_go build; }
no_libcgo() {
  printf '#!/bin/sh\nexit 1\n' >finds-nothing && chmod +x finds-nothing &&
    PKG_CONFIG=./finds-nothing refuses 'install the development files' libcgo_go build
}
# pkg-config as Go calls it: by the first word, which go env -w may have set, too.
records_questions() { # FILE
  printf '#!/bin/sh\necho "$*" >>%s\nexec pkg-config "$@"\n' "'$scratch/questions'" >"$1" &&
    chmod +x "$1" && rm -f questions
}
configured_pkg_config() {
  records_questions recording && echo "PKG_CONFIG=$scratch/recording" >goenv &&
    (unset PKG_CONFIG && GOENV=$scratch/goenv && export GOENV && libcgo_go env) && cat questions
}
quoted_pkg_config() {
  mkdir -p "a dir" && records_questions "a dir/recording" &&
    PKG_CONFIG="'$scratch/a dir/recording' --no-such-flag" libcgo_go env && cat questions
}
# What is not in Go's cache, because C is compiled with another flag.
relative_pkg_config_path() {
  rm -f made &&
    (cd hello && PKG_CONFIG_PATH=nowhere:../../..: CGO_CFLAGS="-g -O1 -DOTHER=$$" \
      libcgo_go build $unstamped -o ../made .) && uses_libcgo made
}
no_shim() { LIBCGO_GO_SHIM=/nowhere/shim.c refuses "'/nowhere/shim.c' is missing" libcgo_go build; }
no_cgo() { CGO_ENABLED=0 refuses 'CGO_ENABLED is 0 in the environment' libcgo_go build; }
no_cgo_by_default() {
  (unset CGO_ENABLED && GOARCH=$other_cpu && export GOARCH &&
    refuses "by default where GOARCH is $other_cpu .* set CGO_ENABLED=1" libcgo_go build)
}
no_compiler() {
  mkdir -p nothing && (unset CGO_ENABLED CC &&
    refuses "there is no C compiler 'gcc'" env PATH="$scratch/nothing" \
      GO="$goroot/bin/go" "$builddir/tools/libcgo-go" build)
}
other_cpu() {
  GOARCH=$other_cpu refuses "GOARCH is $other_cpu, and '$builddir/.*, is for " libcgo_go build
}
other_system() { GOOS=darwin refuses 'GOOS is darwin' libcgo_go build; }
no_directory() { refuses "no directory 'nowhere'" libcgo_go -C nowhere build; }
removed_directory() {
  (mkdir removed && cd removed && rmdir ../removed && libcgo_go build >"$scratch/said" 2>&1)
  test $? = 1 && cat said && grep '^libcgo-go: .*current directory.*No such file' said
}

# ---- what was built is looked at ----

# A go command that builds with another GOROOT than it says: GO=./astray. And what
# makes files with it that Go then finds to be right as they are.
stock() { (cd hello && GOROOT=$scratch/other GO_EXTLINK_ENABLED=1 "$goroot/bin/go" "$@"); }
astray() {
  rm -f made && links other && cat >astray <<A
#!/bin/sh
test "\$1" = env || export GOROOT='$scratch/other'
exec '$goroot/bin/go' "\$@"
A
  chmod +x astray
}
stray_build() {
  astray &&
    (cd hello && GO=../astray says '[12]' "other' has been called with the GOFLAGS" \
      libcgo_go build $unstamped -o ../made .) && ! test -e made || return 1
  # Where Go finds that all is there already, and links nothing.
  stock build $unstamped -o ../made . &&
    ! uses_libcgo made >/dev/null &&
    (cd hello && GO=../astray says 1 "/made' was built with Go's own C files" \
      libcgo_go build $unstamped -o ../made .) || return 1
  mkdir -p outdir && cp made outdir/hello &&
    (cd hello && GO=../astray says 1 "/outdir/hello' was built with Go's own C files" \
      libcgo_go build $unstamped -o ../outdir/ .) && cp made hello/hello &&
    (cd hello && GO=../astray says 1 "/hello' was built with Go's own C files" \
      libcgo_go build $unstamped && rm hello)
}
# What a build has not made is not looked at: files of other names, of other builds.
not_made() {
  mkdir -p names && cp hello/go.mod hello/main.go names/ && printf '\0crosscall2\0' >not-made &&
    (cd names && cp ../not-made hello.a && cp ../not-made hello.so &&
    libcgo_go build $unstamped && uses_libcgo hello && cp ../not-made hello && cp ../not-made main &&
    rm hello.a && libcgo_go build $unstamped -buildmode=c-archive && nm hello.a | grep 'U libcgo_go_init' &&
    GOFLAGS=-buildmode=c-archive libcgo_go build $unstamped main.go &&
    nm main.a | grep 'U libcgo_go_init')
}
stray_install() {
  astray && mkdir -p stray && (GOBIN=$scratch/stray && export GOBIN &&
    stock install $unstamped . && cd hello &&
    GO=../astray says 1 "/stray/hello' was built with Go's own C files" \
      libcgo_go install $unstamped .)
}
stray_run() {
  astray && stock run $unstamped . && (cd hello &&
    GO=../astray says '[12]' "Go's own C files, and is not run\|has been called with" \
      libcgo_go run $unstamped . && ! grep 42 said)
}
stray_test() {
  astray && (cd hello && GO=../astray says '[12]' "has been called with the GOFLAGS" \
    libcgo_go test -c -o ../made .) && ! test -e made &&
    (cd hello && libcgo_go test -c -o ../made .) && uses_libcgo made
}
# Flags of tests, which other commands of Go's do not know.
test_flags() {
  for flags in "-vet=off -count=1 -v=true" "-test.short -run=none -timeout=5s -race=false"; do
    (cd hello && rm -f hello.test && libcgo_go test -c $unstamped $flags 2>../said) || return 1
    cat said
    uses_libcgo hello/hello.test && ! grep 'flag provided' said || return 1
  done
}
stripped() {
  for flags in -linkmode=external "-linkmode=external -extldflags=-static"; do
    rm -f made && (cd hello &&
      libcgo_go build $unstamped -ldflags="-s -w $flags" -o ../made .) && ./made &&
      (cd hello && says 0 '^42$' libcgo_go run -ldflags="-s -w $flags" .) || return 1
  done
  astray && (cd hello && GO=../astray says '[12]' "has been called with the GOFLAGS" \
    libcgo_go build $unstamped -ldflags="-s -w $flags" -o ../made .)
}

# Not of this program is what it has as data.
without_cgo() {
  mkdir -p without && cp hello/go.mod without/ && (cd hello && "$GO" build $unstamped -o ../without/data .) &&
    cat >without/main.go <<'G'
package main

import _ "embed"

//go:embed data
var data []byte

func main() { println(data[1:4] != nil) }
G
  rm -f made && (cd without && libcgo_go build $unstamped -o ../made . >../said 2>&1)
  cat said && ! test -s said && says 0 '^true$' ./made && (cd without &&
    says 0 '^true$' libcgo_go run .)
}
stays_static() {
  mkdir -p static && cp hello/go.mod static/ &&
    printf 'package main\n\nfunc main() { println("without C") }\n' >static/main.go && rm -f made &&
    (cd static && libcgo_go build $unstamped -o ../made .) && says 0 '^without C$' ./made &&
    ! readelf -lW made | grep INTERP
}

# A module proxy in a directory, with a program that asks for another Go; and a go
# command that goes over to it, as Go does where it can fetch one.
proxy() {
  mkdir -p proxy/libcgo.test/tool/@v && (cd proxy/libcgo.test/tool/@v &&
    printf 'module libcgo.test/tool\n\ngo 1.16\n' >v1.0.0.mod &&
    echo '{"Version":"v1.0.0"}' >v1.0.0.info && echo v1.0.0 >list &&
    mkdir -p libcgo.test/tool@v1.0.0 && cp v1.0.0.mod libcgo.test/tool@v1.0.0/go.mod &&
    cat >libcgo.test/tool@v1.0.0/main.go <<'G' &&
package main

import "C"
import (
	"bytes"
	"fmt"
	"os"
)

func main() {
	maps, _ := os.ReadFile("/proc/self/maps")
	fmt.Println("on libcgo:", bytes.Contains(maps, []byte("/libcgo.so.0")))
}
G
    python3 -c 'import sys, zipfile
with zipfile.ZipFile("v1.0.0.zip", "w") as z:
    for name in sys.argv[1:]: z.write(name)' libcgo.test/tool@v1.0.0/*) || return 1
  links other && rm other/VERSION && printf 'go1.98.7\ntime x\n' >other/VERSION && cat >goes-over <<A
#!/bin/sh
case "\$GOTOOLCHAIN \$*" in
go1.98.7* | *@*) export GOROOT='$scratch/other' GOTOOLCHAIN=local ;;
esac
exec '$goroot/bin/go' "\$@"
A
  chmod +x goes-over
}
over() {
  rm -rf over && mkdir over && (
    GO=$scratch/goes-over GOTOOLCHAIN=auto GOBIN=$scratch/over GOFLAGS=-modcacherw
    GOPROXY=file://$scratch/proxy GONOSUMDB='*' GOMODCACHE=$scratch/fetched
    export GO GOTOOLCHAIN GOBIN GOFLAGS GOPROXY GONOSUMDB GOMODCACHE
    "$@"
  )
}
follows_install() { proxy && over libcgo_go install libcgo.test/tool@v1.0.0 && uses_libcgo over/tool; }
follows_run() { proxy && over says 0 '^on libcgo: true$' libcgo_go run libcgo.test/tool@v1.0.0; }

# ---- make, and go commands that are none ----

by_make() {
  mkdir -p tools && ln -sf "$builddir/tools/libcgo-go" tools/libcgo-go &&
    printf 'all:\n\t$(GO) build %s -o ../made .\n' "$unstamped" >hello/Makefile && rm -f made &&
    (PATH=$scratch/tools:$goroot/bin:$PATH && export PATH && cd hello &&
      timeout -k 1 300 make GO=libcgo-go) && uses_libcgo made && rm made &&
    (PATH=$goroot/bin:$PATH && export PATH && cd hello &&
      timeout -k 1 300 make GO="$builddir/tools/libcgo-go") && uses_libcgo made
}
circle() {
  printf '#!/bin/sh\nexec %s "$@"\n' "'$builddir/tools/libcgo-go'" >circle && chmod +x circle &&
    GO=./circle refuses 'calls libcgo-go again: name Go.s own command in GO' libcgo_go build
}

# ---- two overlays ----

# overlaid FILE [TEXT]: an overlay by which the program prints another number.
overlaid() {
  sed 's/answer(40)/answer(70)/' hello/main.go >other-main.go &&
    printf '{"Note": [1, {"a": null}], "Replace": {"%s": "%s"%s}}\n' "$scratch/hello/main.go" \
      "$scratch/other-m\\u0061in.go" "${2-}" >"$1"
}
own_overlay() {
  overlaid user.json && (cd hello && says 0 '^72$' libcgo_go run -overlay ../user.json . &&
    says 0 '^72$' libcgo_go run -overlay=../user.json . &&
    GOFLAGS=-overlay=$scratch/user.json says 0 '^72$' libcgo_go run . &&
    libcgo_go build $unstamped -overlay=../user.json -o ../made .) && uses_libcgo made
}
quoted_overlay() {
  mkdir -p "user's" "a dir" && overlaid "a dir/user.json" && overlaid "user's/user.json" &&
    (cd hello && GOFLAGS="-v=false '-overlay=$scratch/a dir/user.json'" says 0 '^72$' libcgo_go run . &&
      GOFLAGS="\"-overlay=$scratch/user's/user.json\"" says 0 '^72$' libcgo_go run . &&
      GOFLAGS="'-overlay=$scratch/user.json" says 1 'quotation mark without end\|go env. fails' libcgo_go run .)
}
overlays_meet() {
  for name in cgo.go gcc_util.c ./gcc_setenv.c; do
    overlaid user.json ", \"$goroot/src/runtime/../runtime/cgo/$name\": \"\"" &&
      refuses "replaces '$goroot/.*$name', and libcgo does so, too" \
        libcgo_go -C hello build -overlay "$scratch/user.json" -o ../made . || return 1
  done
  # Another file of that package is the user's.
  cp "$goroot/src/runtime/cgo/handle.go" . &&
    overlaid user.json ", \"$goroot/src/runtime/cgo/handle.go\": \"$scratch/handle.go\"" &&
    (cd hello && says 0 '^72$' libcgo_go run -overlay ../user.json .)
}
# Files and directories that are nowhere else.
adding_overlay() {
  printf 'package added\n\nconst Number = 80\n' >added.go &&
    sed 's/"fmt"/"fmt"\n"libcgo.test\/hello\/added"/; s/answer(40)/answer(added.Number)/' \
      hello/main.go >other-main.go &&
    echo "{\"Replace\": {\"main.go\": \"$scratch/other-main.go\",
      \"$scratch/hello/added/added.go\": \"../added.go\"}}" >user.json &&
    (cd hello && says 0 '^82$' libcgo_go run -overlay ../user.json .)
}
# Makefiles say $(GO) build $(GOFLAGS).
goflags_as_arguments() {
  mkdir -p twice && cp hello/go.mod hello/main.go twice/ &&
    printf '#!/bin/sh\nrm -f ../made && %s build $GOFLAGS -o ../made . && go build $GOFLAGS -o ../again .\n' \
      "'$builddir/tools/libcgo-go'" >twice/generate.sh &&
    printf 'package main\n\n//go:generate sh ./generate.sh\n' >twice/generate.go &&
    (cd twice && GOFLAGS=$unstamped libcgo_go generate .) && uses_libcgo made && uses_libcgo again
}
no_overlay() {
  echo '{"Replace": {"a": 1}}' >bad.json &&
    refuses "overlay 'x.json' cannot be read" libcgo_go build -overlay x.json -o made . &&
    refuses "overlay 'bad.json' is no JSON" libcgo_go build -overlay bad.json -o made .
}
# null is nothing, as Go's encoding/json has it.
null_in_overlays() {
  echo '{"Replace": null}' >user.json &&
    (cd hello && says 0 '^42$' libcgo_go run -overlay ../user.json .) &&
    echo null >user.json && GOFLAGS=-overlay=$scratch/user.json libcgo_go env &&
    echo '{"Replace": {"/not": ""}, "Replace": null, "replace": {"/gone": null}}' >user.json &&
    GOFLAGS=-overlay=$scratch/user.json libcgo_go overlay >out && grep '"/gone": ""' out &&
    ! grep '"/not"' out
}
# nested N: an overlay with as many lists in each other. Go takes 10,000 levels.
nested() { printf '{"Note": %s%s}\n' "$(printf "%$1s" '' | tr ' ' '[')" "$(printf "%$1s" '' | tr ' ' ']')"; }
deep_overlays() {
  nested 9999 >deep.json && GOFLAGS=-overlay=$scratch/deep.json libcgo_go env || return 1
  for n in 10000 300000; do
    nested $n >deep.json && refuses "'deep.json'.* 10,000 levels" \
      libcgo_go build -overlay deep.json -o made . || return 1
  done
}
own_overlay_again() {
  libcgo_go overlay >ours.json && (cd hello && says 0 '^42$' libcgo_go run -overlay ../ours.json .)
}

# ---- whose arguments they are ----

program_arguments() {
  (cd hello && says 1 'exit status 2' libcgo_go run . -overlay-dir=/x -overlay=foo &&
    says 1 'exit status 2' libcgo_go run main.go -o -overlay &&
    says 0 '^ok' libcgo_go test . -args more -overlay=foo &&
    says 0 '^ok' libcgo_go test -count=1 . -v=false more -overlay=foo)
}
env_arguments() {
  says 0 "^$("$GO" env GOPATH)\$" libcgo_go env GOPATH && test "$(wc -l <said)" = 1 &&
    says 0 '"GOROOT":' libcgo_go env -json GOROOT
}

# ---- Go within Go ----

generates() {
  mkdir -p generate && cp hello/go.mod hello/main.go generate/ &&
    cat >generate/generate.go <<G
package main

//go:generate '$builddir/tools/libcgo-go' build $unstamped -o ../made .
G
  sed "s/'//g" generate/generate.go >g && mv g generate/generate.go &&
    rm -f made && (cd generate && libcgo_go generate .) && uses_libcgo made && rm made &&
    sed 's/answer(40)/answer(70)/' generate/main.go >other-main.go &&
    echo "{\"Replace\": {\"$scratch/generate/main.go\": \"$scratch/other-main.go\"}}" >user.json &&
    (cd generate && libcgo_go generate -overlay ../user.json .) && uses_libcgo made &&
    says 0 '^72$' ./made
}
other_inside() {
  links other && rm -rf nested && mkdir nested && cp hello/* nested/ && cat >nested/main_test.go <<'G'
package main

import (
	"os"
	"os/exec"
	"testing"
)

func TestAnotherGo(t *testing.T) {
	cmd := exec.Command("go", "build", "-o", os.Getenv("MADE"), ".")
	cmd.Env = os.Environ()
	if root := os.Getenv("OTHER"); root != "" {
		cmd.Env = append(cmd.Env, "GOROOT="+root)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
}
G
  rm -f made && (cd nested && MADE=$scratch/made && export MADE && GOFLAGS=$unstamped && export GOFLAGS &&
    says 0 '^ok' libcgo_go test -count=1 . && uses_libcgo ../made && rm ../made &&
    OTHER=$scratch/other says '[12]' "other' has been called with the GOFLAGS" \
      libcgo_go test -count=1 . && ! test -e ../made)
}

coverage() {
  (cd hello && says 0 '^ok' libcgo_go test -count=1 -coverpkg=runtime/cgo . &&
    libcgo_go test -c -coverpkg=runtime/cgo -o ../made .) && uses_libcgo made
}
coverage_of_a_program() {
  rm -rf made covered && (cd hello && libcgo_go build -cover -coverpkg=all -o ../made .) &&
    uses_libcgo made && mkdir covered && GOCOVERDIR=covered ./made
}

# ---- where the library is ----

# Go's own linker is not asked to link programs that have only C code of Go's.
resolver() {
  mkdir -p resolver && cp hello/go.mod resolver/ && cat >resolver/main.go <<'G'
package main

import (
	"fmt"
	"os/user"
)

func main() {
	_, err := user.LookupId("0")
	fmt.Println(err)
}
G
}
knows_its_library() {
  resolver && build && says 0 '^42$' env -i ./made && rm made &&
    (cd resolver && libcgo_go build $unstamped -o ../made .) && uses_libcgo made &&
    says 0 '^<nil>$' env -i ./made && rm made &&
    (cd hello && libcgo_go build $unstamped -buildmode=pie -o ../made .) &&
    says 0 '^42$' env -i ./made
}
# lies_in DIRECTORY: PKG_CONFIG_PATH for a library there.
lies_in() {
  mkdir -p "$1" && ln -sf "$builddir"/.libs/libcgo.so* "$1/" &&
    printf 'Name: libcgo\nDescription: libcgo\nVersion: %s\nlibdir=%s\nCflags: -I%s -I%s\nLibs: -L${libdir} -lcgo\n' \
      "$VERSION" "$1" "$srcdir/include" "$builddir/include" >"$scratch/lies-in/libcgo.pc" &&
    rm -f made && PKG_CONFIG_PATH=$scratch/lies-in
}
letters_of_bytes() {
  (mkdir -p lies-in && lies_in "$scratch/lies-in/$(printf 'J\303\266rg')" && cd hello &&
    libcgo_go build $unstamped -o ../made .) && says 0 '^42$' env -i ./made
}
comma() {
  (mkdir -p lies-in && lies_in "$scratch/lies-in/a,b" && cd hello &&
    says 0 "has a ',', which Go does not take" libcgo_go build $unstamped -o ../made .) &&
    says 0 '^42$' ./made
}
loader_knows() {
  LD_LIBRARY_PATH=$builddir/.libs libcgo_go env | grep '^library .* rpath$' || return 1
  # As if it did: what stands for the loader's answer is the library of the file.
  says 0 '' libcgo_go --loader libcgo.so.0 && grep -F "$builddir/.libs/libcgo.so.0" said
}
internally() {
  resolver && rm -f made && (cd resolver &&
    says 0 "does not say where libcgo.so.0 is, .* add -ldflags=-r=$builddir/.libs" \
      libcgo_go build $unstamped -ldflags=-linkmode=internal -o ../made . &&
    libcgo_go build $unstamped -ldflags="-linkmode=internal -r=$builddir/.libs" -o ../made . 2>said &&
    ! test -s said) && says 0 '^<nil>$' env -i ./made
}

# Not even root can write there.
unwritable_cache() {
  (XDG_CACHE_HOME=/proc && TMPDIR=$scratch/tmp && export XDG_CACHE_HOME TMPDIR && mkdir -p tmp &&
    cd hello && says 0 '^42$' libcgo_go run . &&
    says 1 'exit status 2' libcgo_go run . a b) &&
    test -z "$(find tmp -name 'libcgo-go*')" &&
    XDG_CACHE_HOME=/proc refuses 'set XDG_CACHE_HOME to a writable' libcgo_go overlay
}
# Root could make any directory.
without_home() {
  (unset HOME XDG_CACHE_HOME && GOPATH=$scratch/gopath && export GOPATH && libcgo_go env >out)
  cat out && grep "^overlay   $TMPDIR/" out
}
cache_with_blanks() {
  mkdir -p "a dir" && (XDG_CACHE_HOME="$scratch/a cache" && export XDG_CACHE_HOME && cd hello &&
    says 0 '^42$' libcgo_go run . && TMPDIR="$scratch/a dir" says 0 '^42$' libcgo_go run .)
}

# What Go finds again is not built again: the same overlay is the same file.
same_overlay() {
  libcgo_go env >first && libcgo_go env >second && cmp first second
}

ok it_tells_the_version version
ok it_tells_how_to_call_it help
if test -c /dev/full; then
  ok an_output_that_cannot_be_written_is_an_error full_device
else
  skip an_output_that_cannot_be_written_is_an_error "there is no /dev/full"
fi
ok an_output_that_is_closed_is_an_error closed_output
ok it_tells_what_it_found environment
ok the_overlay_is_JSON_that_Go_takes overlay
ok the_overlay_is_the_same_each_time same_overlay
ok build_makes_a_program_on_libcgo build
ok run_runs_it run
ok install_installs_it install
ok test_tests_it tests_pass
ok vet_finds_what_it_finds vet
ok statuses_pass_through statuses
ok build_needs_no_standard_input_and_output closed_descriptors
if env --ignore-signal=CHLD true 2>/dev/null; then
  ok a_failure_is_seen_where_SIGCHLD_is_ignored ignored_children
else
  skip a_failure_is_seen_where_SIGCHLD_is_ignored "this env ignores no signal"
fi
ok directories_may_have_blanks blanks
case $("$GO" env GOVERSION) in
go1.1? | go1.1?.*)
  skip a_flag_C_says_where_Go_runs "this Go does not know it"
  skip flags_in_GOFLAGS_stay "this Go does not know -C"
  skip flags_of_go_env_w_stay "this Go does not know -C"
  skip no_C_compiler_is_an_error "this Go does not look for one"
  skip a_program_may_cover_all_packages "this Go does not know it"
  skip an_overlay_in_GOFLAGS_may_be_quoted "this Go does not know it"
  skip pkg_config_may_be_quoted "this Go does not know it" ;;
*)
  ok no_C_compiler_is_an_error no_compiler
  ok a_program_may_cover_all_packages coverage_of_a_program
  ok an_overlay_in_GOFLAGS_may_be_quoted quoted_overlay
  ok pkg_config_may_be_quoted quoted_pkg_config
  ok a_flag_C_says_where_Go_runs chdir
  ok flags_in_GOFLAGS_stay flags_stay
  ok flags_of_go_env_w_stay configured_flags_stay ;;
esac
ok processes_of_two_containers_may_have_one_cache same_number
ok a_toolchain_in_the_module_cache_is_served module_cache
ok many_at_a_time_share_its_tree_of_links made_once
ok a_killed_one_does_not_stand_in_the_way after_a_killed_one
ok a_GOROOT_may_have_quotes quotes
ok an_unknown_symbol_is_named_and_nothing_built unknown_symbol
ok a_Go_without_sources_is_an_error no_sources
ok no_go_command_is_an_error no_go
ok no_pkg_config_command_is_an_error no_pkg_config
ok no_development_files_are_an_error no_libcgo
ok pkg_config_of_go_env_w_is_asked configured_pkg_config
ok a_path_for_pkg_config_need_not_be_from_the_root relative_pkg_config_path
ok no_shim_is_an_error no_shim
ok cgo_switched_off_is_an_error no_cgo
ok another_system_is_an_error other_system
ok a_missing_directory_is_an_error no_directory
ok a_current_directory_that_was_removed_is_named removed_directory
ok another_CPU_is_an_error other_cpu
ok another_CPU_without_cgo_is_an_error_that_tells_the_way no_cgo_by_default
ok an_overlay_of_the_user_s_is_merged own_overlay
ok an_overlay_of_the_user_s_may_add_files adding_overlay
ok flags_in_GOFLAGS_may_be_arguments_too goflags_as_arguments
ok an_overlay_that_replaces_the_same_file_is_an_error overlays_meet
ok an_overlay_that_is_none_is_an_error no_overlay
ok null_in_an_overlay_is_nothing null_in_overlays
ok an_overlay_that_is_nested_too_deeply_is_an_error deep_overlays
ok its_own_overlay_is_none_of_the_user_s own_overlay_again
ok a_program_built_by_another_Go_is_an_error stray_build
ok files_that_a_build_has_not_made_are_not_looked_at not_made
ok an_installed_program_of_another_Go_is_an_error stray_install
ok a_program_of_another_Go_is_not_run stray_run
ok a_test_of_another_Go_is_an_error stray_test
ok a_test_that_is_compiled_may_have_flags_of_tests test_flags
ok a_stripped_program_is_known stripped
ok a_program_without_cgo_may_have_one_with_cgo_in_it without_cgo
ok a_program_without_cgo_stays_static stays_static
case $("$GO" env GOVERSION) in
go1.1* | go1.20*) why="this Go gets no other" ;;
*) have python3 || why="there is no python3 for an archive" ;;
esac
if test -z "$why"; then
  ok install_at_a_version_follows_its_toolchain follows_install
  ok run_at_a_version_follows_its_toolchain follows_run
else
  skip install_at_a_version_follows_its_toolchain "$why"
  skip run_at_a_version_follows_its_toolchain "$why"
fi
ok make_may_export_GO by_make
ok a_go_command_that_is_libcgo_go_is_an_error circle
ok arguments_of_the_program_are_the_program_s program_arguments
ok env_passes_its_arguments env_arguments
ok generate_may_call_it generates
ok another_Go_within_a_test_is_an_error other_inside
ok a_test_may_cover_the_package coverage
ok programs_find_the_library_without_an_environment knows_its_library
ok the_library_s_directory_may_have_letters_of_several_bytes letters_of_bytes
ok a_directory_that_Go_takes_in_no_run_path_is_named comma
ok the_loader_is_asked_for_the_library loader_knows
ok programs_that_Go_links_are_told_the_flag internally
ok an_unwritable_cache_is_replaced_for_the_time_of_the_call unwritable_cache
ok a_cache_with_blanks_is_replaced_too cache_with_blanks
ok without_a_home_there_is_no_cache_that_stays without_home
done_testing
