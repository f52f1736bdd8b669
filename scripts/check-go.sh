#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/check-go.sh ROOT
#
# Runs the tests that Go releases bring for their package runtime/cgo, first with
# Go's own C files and then on libcgo, and compares. ROOT is where the library is
# installed, as by make install DESTDIR=ROOT. make check-go calls this.
#
# For each Go there are two copies of its tree, one untouched and one in which
# libcgo-go's overlay is applied to the sources, because some suites set GOFLAGS
# themselves. In both a script stands before the linker and notes for all that is
# linked which C half is in it: a run of the one side cannot pass for the other.
#
#   GO                    a go command; without it those of PATH, /usr/local/go
#                         and /usr/lib/go-*
#   CHECK_GO_TOOLCHAINS   more of them, as go1.22.12, by the module proxy
#   CHECK_GO_SUITES       an extended regular expression for names of suites
#   CHECK_GO_DIR          for the copies, logs and results; check-go.work
#   CHECK_GO_JOBS         go test -p
#   CHECK_GO_TIMEOUT      seconds for one suite
#   CHECK_GO_KEEP         not empty: keep the copies, 150 to 300 megabytes each
#
# CHECK_GO_DIR/results.tsv has a line for each test: Go, suite, test, stock, libcgo.
# CHECK_GO_DIR/table.md is for docs/go.md.
# A test that fails is tried again, twice at most; if it passes then, it is "flaky",
# on both sides alike; and so is one that passes stock, fails on libcgo, and then
# fails stock, too, in one of two more tries. Exits with 1 if a test passes on stock
# only, or if something is linked with the other side's C half.
set -eu

if test $# != 1 || ! test -d "$1"; then
  sed -n '3,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
root=$(cd "$1" && pwd)
own=$(cd "$(dirname "$0")/../tests/go" && pwd)
dir=${CHECK_GO_DIR:-check-go.work}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
jobs=${CHECK_GO_JOBS:-$(nproc 2>/dev/null || echo 2)}
limit=${CHECK_GO_TIMEOUT:-1800}
only=${CHECK_GO_SUITES:-.*}
tab=$(printf '\t')
results=$dir/results.tsv
links=$dir/links.tsv

die() {
  echo "check-go: $*" >&2
  exit 2
}

# ---- the library ----

# A pkg-config file for the place where the library is now; the loader does not
# look there, and some suites set LD_LIBRARY_PATH themselves, so it is noted in what
# is linked with it, too. (Go's own linker notes no such thing.)
pc=$(find "$root" -name libcgo.pc | head -n 1)
test -n "$pc" || die "there is no libcgo.pc below '$root'"
tool=$(find "$root" -name libcgo-go -type f | head -n 1)
shim=$(find "$root" -path '*/go/shim.c' | head -n 1)
mkdir -p "$dir/pkgconfig"
moved=$root # from where it was configured for
if grep -q "^prefix=$root" "$pc"; then
  moved=
fi
sed "s|^\([a-z_]*=\)/|\1$moved/|; s|^Libs:.*|& -Wl,-rpath,\${libdir}|" "$pc" \
  >"$dir/pkgconfig/libcgo.pc"
PKG_CONFIG_PATH=$dir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
libdir=$(${PKG_CONFIG:-pkg-config} --variable=libdir libcgo)
test -e "$libdir/libcgo.so.0" || die "there is no libcgo.so.0 in '$libdir'"

# The C compiler for suites that link a c-archive themselves: its consumers add
# -lcgo, which the suites cannot know.
cat >"$dir/cc-libcgo" <<S
#!/bin/sh
for argument; do
  case \$argument in
  -c | -E | -S | -r) exec ${CC:-gcc} "\$@" ;;
  esac
done
exec ${CC:-gcc} "\$@" -L'$libdir' -Wl,--push-state,--as-needed -lcgo -Wl,--pop-state
S
chmod +x "$dir/cc-libcgo"

# ---- the copies of Go ----

# make_goroot SIDE FROM: a tree of its own, $goroot/$side. Real files: Go takes
# links for foreign in several places.
make_goroot() {
  to=$base/$1/goroot
  mkdir -p "$to/pkg" "$to/bin"
  for part in src misc lib test; do
    test ! -d "$2/$part" || cp -RL "$2/$part" "$to/$part"
  done
  for part in VERSION go.env; do
    test ! -e "$2/$part" || cp -L "$2/$part" "$to/$part"
  done
  chmod -R u+w "$to"
  # The module proxy's archives have go.mod files by this name.
  find "$to" -name _go.mod | while read -r file; do
    mv "$file" "${file%_go.mod}go.mod"
  done
  cp -RL "$2/pkg/include" "$to/pkg/include"
  for part in "$2"/pkg/tool/*/*; do
    place=$to/pkg/tool/$(basename "$(dirname "$part")")
    mkdir -p "$place/real"
    case $part in
    */link)
      ln -s "$part" "$place/real/link"
      link_script "$place" "$base/$1/links.tsv" >"$place/link"
      chmod +x "$place/link" ;;
    *) ln -s "$part" "$place/" ;;
    esac
  done
  # Copied, because it finds its tree by its own place.
  cp -L "$2/bin/go" "$to/bin/go"
  test ! -e "$2/bin/gofmt" || ln -s "$2/bin/gofmt" "$to/bin/gofmt"
}

# The C half is known by its symbols, which a stripped program has for its dynamic
# linking: what libcgo's shim calls, and crosscall2, which is Go's assembly in each
# program with cgo. In a static, stripped program, by a text of libcgo's.
link_script() { # DIRECTORY LOG
  cat <<S
#!/bin/sh
# Notes which C half of runtime/cgo is in what the linker has made.
status=0
'$1/real/link' "\$@" || status=\$?
test \$status = 0 || exit \$status
output=
while test \$# -gt 0; do
  case \$1 in
  -o) output=\$2 ;;
  -o=*) output=\${1#-o=} ;;
  esac
  shift
done
test -f "\$output" || exit 0
if LC_ALL=C grep -a -q 'libcgo_go_init\|build the program again with libcgo-go' "\$output"; then
  half=libcgo
elif LC_ALL=C grep -a -q -w crosscall2 "\$output"; then
  half=stock
else
  half=none
fi
printf '%s\t%s\n' "\$half" "\$output" >>'$2'
exit 0
S
}

apply_overlay() {
  cgo_go overlay >"$base/overlay.json" || die "libcgo-go refuses $version"
  sed -n 's/^"\(.*\)": "\(.*\)",\{0,1\}$/\1'"$tab"'\2/p' "$base/overlay.json" |
    while IFS=$tab read -r file replacement; do
      case $file in
      "$base"/libcgo/goroot/src/runtime/cgo/*) ;;
      *) die "the overlay replaces '$file'" ;;
      esac
      if test -n "$replacement"; then
        cp "$replacement" "$file"
      else
        rm "$file"
      fi
    done
  left=$(find "$base/libcgo/goroot/src/runtime/cgo" -name '*.c' | sed 's|.*/||' |
    tr '\n' ' ')
  test "$left" = 'libcgo_shim.c ' || die "after the overlay runtime/cgo has $left"
}

# in_side SIDE COMMAND...: with that side's Go, and nothing of the user's settings.
in_side() {
  in_side=$1
  shift
  env -u GOFLAGS -u GOPATH -u GO -u CHECK_GO_SUITES \
    GOROOT="$base/$in_side/goroot" PATH="$base/$in_side/goroot/bin:$PATH" \
    GOENV=off GOTOOLCHAIN=local GO111MODULE=on CGO_ENABLED=1 GOFLAGS=-buildvcs=false "$@"
}
cgo_go() {
  in_side libcgo env GO="$base/libcgo/goroot/bin/go" LIBCGO_GO_SHIM="$shim" \
    XDG_CACHE_HOME="$dir/cache" "$tool" "$@"
}

# ---- the suites ----

# suites: calls suite NAME PLACE ARGUMENT...; PLACE is a package, the name of a
# directory of cgo's tests, or the path of a directory. Arguments before -- are for env. The names and the ways
# to link are those that Go's own driver (cmd/dist) has, and some more.
suites() {
  static='-linkmode=external -extldflags "-static -pthread"'
  suite runtime/cgo runtime/cgo --
  suite runtime/cgo:race runtime/cgo -- -race
  suite os/user os/user --
  suite os/user:external os/user -- -ldflags=-linkmode=external
  suite os/user:static os/user -- -ldflags="$static"
  suite os/user:pie os/user -- -buildmode=pie
  suite os/user:pie-internal os/user -- -buildmode=pie -ldflags=-linkmode=internal
  suite os/user:race os/user -- -race
  suite net net GODEBUG=netdns=cgo -- \
    -run='Cgo|CGO|LookupPort|LookupLocal|LookupNullByte|TCPServer|UnixServer'
  suite net:external net GODEBUG=netdns=cgo -- -ldflags=-linkmode=external \
    -run='Cgo|CGO|LookupPort|LookupLocal|LookupNullByte|TCPServer|UnixServer'
  suite plugin plugin --
  suite runtime runtime -- -run="^($runtime_tests)\$"
  suite os/signal os/signal --
  suite syscall syscall --

  suite test:auto test --
  suite test:internal test -- -tags=internal -ldflags=-linkmode=internal
  suite test:external test CGO_CFLAGS='-g0 -fdiagnostics-color' -- \
    -ldflags=-linkmode=external
  suite test:external-s test -- -ldflags='-linkmode=external -s'
  suite test:static test -- -tags=static -ldflags="$static"
  suite test:auto-static test CGO_LDFLAGS='-static -pthread' -- -tags=static
  suite test:pie test -- -buildmode=pie
  suite test:pie-internal test -- -buildmode=pie -tags=internal,internal_pie \
    -ldflags=-linkmode=internal
  suite test:race test -- -race
  needs clang suite test:msan test CC=clang -- -msan
  suite test:asan test -- -asan
  for which in testtls testnocgo; do
    suite $which:auto $which --
    suite $which:external $which -- -ldflags=-linkmode=external
    suite $which:static $which -- -tags=static -ldflags="$static"
    suite $which:pie $which -- -buildmode=pie
  done

  suite testlife testlife --
  suite teststdio teststdio --
  suite testso testso --
  suite testsovar testsovar --
  suite testsigfwd testsigfwd run --
  suite testasan testasan run --
  suite testcshared testcshared --
  suite testcarchive testcarchive archive --
  suite testplugin testplugin --
  suite testshared testshared --
  suite testsanitizers testsanitizers --
  suite testerrors testerrors --
  suite testgodefs testgodefs --
  needs gfortran suite testfortran testfortran --
  suite testout testout --
  needs swig suite swig swig --

  # Ours: what Go's own do not ask.
  suite tracebacks "$own/tracebacks" --
  suite tracebacks:external "$own/tracebacks" -- -ldflags=-linkmode=external
  suite tracebacks:pie "$own/tracebacks" -- -buildmode=pie
  suite tracebacks:race "$own/tracebacks" -- -race
}

# find_place SIDE PLACE: sets where and what for go test, if this Go has them.
find_place() {
  tree=$base/$1/goroot
  what=.
  where=$tree/src/cmd/cgo/internal/$2
  case $2 in
  /*) where=$2 ;;
  test* | swig)
    test -d "$where" || where=$tree/misc/cgo/$2
    test -d "$where" || where=$tree/misc/cgo/${2#test}
    test -d "$where" || where=$tree/misc/$2
    # Two suites of the first releases became parts of testso.
    test -d "$where" && ls "$where"/*.go >/dev/null 2>&1 ;;
  *)
    where=$tree/src what=$2
    test -d "$where/$2" ;;
  esac
}

# outcomes: of go test -json, the tests and their results, one line each.
outcomes() {
  awk '
    function field(name,   text) {
      if (!match($0, "\"" name "\":\"[^\"]*\""))
        return ""
      text = substr($0, RSTART, RLENGTH)
      sub(/^"[A-Za-z]*":"/, "", text)
      sub(/"$/, "", text)
      return text
    }
    /^\{/ {
      action = field("Action")
      test = field("Test")
      if (test != "" && (action == "pass" || action == "fail" || action == "skip"))
        print test "\t" action
    }' "$1" | LC_ALL=C sort -u
}

# run_once SIDE LOG ENVIRONMENT... -- ARGUMENT...: go test, or go run. Without vet, which
# is not compared, and which in Go 1.19 leaves paths of a tree that ends with the run in
# the user's build cache.
run_once() {
  side=$1 json=$2
  shift 2
  command="test -vet=off -json -count=1 -p=$jobs -timeout=${limit}s"
  for argument; do
    shift
    case $argument in
    run) command=run ;;
    archive) test "$side" = stock || set -- "$@" "CC=$dir/cc-libcgo" ;;
    --)
      test "$side" = stock || set -- "$@" "LD_LIBRARY_PATH=$libdir"
      # shellcheck disable=SC2086
      set -- "$@" timeout -k 10 $((limit + 600)) go $command ;;
    *) set -- "$@" "$argument" ;;
    esac
  done
  run_status=0
  (cd "$where" && in_side "$side" "$@" "$what") >"$json" 2>"$json.err" </dev/null ||
    run_status=$?
  # A failure that is of no test, or of no go test.
  outcomes "$json" >"$json.now"
  other=
  if test "$command" = run; then
    other=pass
    test $run_status = 0 || other=fail
  elif test $run_status != 0 && ! grep -q "${tab}fail\$" "$json.now"; then
    other=fail
  fi
  test -z "$other" || echo "(${command%% *})$tab$other" >>"$json.now"
}

# run_suite SIDE NAME ENVIRONMENT... -- ARGUMENT...: leaves the results in
# $base/SIDE/NAME.tsv.
run_suite() {
  this_side=$1 log=$base/$1/$(echo "$2" | tr / -)
  shift 2
  : >"$base/$this_side/links.tsv"
  run_once "$this_side" "$log.json" "$@"
  cp "$log.json.now" "$log.tsv"
  for try in 2 3; do
    failed=$(sed -n "s|^\([^/$tab]*\).*${tab}fail\$|\1|p" "$log.tsv" | sort -u | tr '\n' '|')
    test -n "$failed" || break
    case $failed in
    \(*) again='' ;;
    *) again="-run=^(${failed%|})\$" ;;
    esac
    run_once "$this_side" "$log.$try.json" "$@" ${again:+"$again"}
    awk -F '\t' -v OFS='\t' '
      NR == FNR { now[$1] = $2; next }
      $2 == "fail" && now[$1] == "pass" { $2 = "flaky" }
      # Nothing ran before, and now it did.
      $1 == "(test)" && !("(test)" in now) { again = 1; next }
      { print }
      END { if (again) for (t in now) print t, now[t] == "pass" ? "flaky" : now[t] }
    ' "$log.$try.json.now" "$log.tsv" >"$log.new"
    mv "$log.new" "$log.tsv"
  done
}

# doubt NAME ENVIRONMENT... -- ARGUMENT...: what fails on libcgo only is run stock,
# too, three times in all. What fails there once is flaky there; if the process ends,
# so is all that it did not come to.
doubt() {
  stock_log=$base/stock/$(echo "$1" | tr / -)
  libcgo_log=$base/libcgo/$(echo "$1" | tr / -)
  shift
  for try in 2 3; do
    worse=$(awk -F '\t' '
      NR == FNR { libcgo[$1] = $2; next }
      $2 == "pass" && libcgo[$1] != "pass" && libcgo[$1] != "flaky" {
        if (!($1 in libcgo))
          $1 = "("
        sub(/\/.*/, "", $1)
        print $1
      }' "$libcgo_log.tsv" "$stock_log.tsv" | sort -u | tr '\n' '|')
    test -n "$worse" || break
    case $worse in
    \(*) again='' ;;
    *) again="-run=^(${worse%|})\$" ;;
    esac
    run_once stock "$stock_log.$try.json" "$@" ${again:+"$again"}
    awk -F '\t' -v OFS='\t' -v all="${again:-all}" '
      NR == FNR { now[$1] = $2; next }
      $2 == "pass" && now[$1] == "fail" { $2 = "flaky" }
      $2 == "pass" && all == "all" && !($1 in now) { $2 = "flaky" }
      { print; seen[$1] = 1 }
      END { if ("(test)" in now && !("(test)" in seen)) print "(test)", "flaky" }
    ' "$stock_log.$try.json.now" "$stock_log.tsv" >"$stock_log.new"
    mv "$stock_log.new" "$stock_log.tsv"
  done
}

# counts COLUMN: pass, fail and skip of this suite; what is flaky has passed.
counts() {
  awk -F '\t' -v go="$version" -v suite="$suite" -v column="$1" '
    $1 == go && $2 == suite { n[$column]++ }
    END { print n["pass"] + n["flaky"], n["fail"] + 0, n["skip"] + 0 }' "$results"
}

half() { # SIDE HALF
  cut -f 1 "$base/$1/links.tsv" | grep -c "^$2\$" || true
}

line() {
  printf '%-9s %-20s %5s %5s %5s   %5s %5s %5s   %6s %6s  %s\n' "$@"
}

wanted() {
  echo "$1" | grep -E -q -x -- "$only"
}

# needs PROGRAM suite NAME...
needs() {
  if command -v "$1" >/dev/null; then
    shift
    "$@"
  elif wanted "$3"; then
    echo "$version: $3 skipped: there is no $1"
  fi
}

# suite NAME PLACE ENVIRONMENT... -- ARGUMENT...
suite() {
  suite=$1 place=$2
  shift 2
  wanted "$suite" || return 0
  find_place stock "$place" || return 0
  for side in stock libcgo; do
    find_place $side "$place"
    run_suite $side "$suite" "$@"
  done
  find_place stock "$place"
  doubt "$suite" "$@"
  name=$(echo "$suite" | tr / -)
  awk -F '\t' -v OFS='\t' -v go="$version" -v suite="$suite" '
    NR == FNR { stock[$1] = $2; next }
    { libcgo[$1] = $2 }
    END {
      for (test in stock)
        print go, suite, test, stock[test], test in libcgo ? libcgo[test] : "absent"
      for (test in libcgo)
        if (!(test in stock))
          print go, suite, test, "absent", libcgo[test]
    }' "$base/stock/$name.tsv" "$base/libcgo/$name.tsv" | LC_ALL=C sort >>"$results"
  note=
  if test "$(half stock libcgo)" != 0 || test "$(half libcgo stock)" != 0; then
    note="LINKED WITH THE OTHER SIDE'S C HALF"
    printf '%s\t%s\n' "$version" "$suite" >>"$dir/wrong-half"
    cp "$base/libcgo/links.tsv" "$base/libcgo/$name.links"
  fi
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$version" "$suite" \
    "$(half stock stock)" "$(half stock libcgo)" \
    "$(half libcgo stock)" "$(half libcgo libcgo)" >>"$links"
  # The counts are words.
  # shellcheck disable=SC2046
  line "$version" "$suite" $(counts 4) $(counts 5) \
    "$(half stock stock)" "$(half libcgo libcgo)" "$note"
}

# bound SIDE LINKMODE: how often a program of SIDE binds a symbol of libcgo's at run
# time, by the loader's own account.
bound() {
  (
    cd "$base/program" &&
      in_side "$1" go build -ldflags=-linkmode="$2" -o "$1-$2" . &&
      rm -f bindings.* &&
      LD_LIBRARY_PATH=$libdir LD_DEBUG=bindings LD_DEBUG_OUTPUT=bindings "./$1-$2"
  ) >&2 || return 1
  cat "$base"/program/bindings.* |
    grep -c "$1-$2 .* to $libdir/libcgo.so.0 .*\`libcgo_go_init'" || true
}

# evidence: a suite of ours, that the two sides are what they are called.
evidence() {
  mkdir -p "$base/program"
  cat >"$base/program/main.go" <<'G'
package main

import (
	"fmt"
	"os/user"
)

func main() {
	u, err := user.Current()
	fmt.Println(u, err)
}
G
  echo 'module program' >"$base/program/go.mod"
  for mode in internal external; do
    in_stock=$(bound stock $mode 2>"$base/program/log") || in_stock=error
    in_libcgo=$(bound libcgo $mode 2>>"$base/program/log") || in_libcgo=error
    if test "$in_stock" != 0 || test "$in_libcgo" != 1; then
      cat "$base/program/log"
      die "with $version, a stock program binds libcgo_go_init $in_stock times" \
        "and one on libcgo $in_libcgo times, linked $mode"
    fi
  done
  echo "$version: a program on libcgo binds libcgo_go_init in the library under test, a stock one does not (internal and external linking)"
}

# ---- all of it ----

check() { # GO
  version=$(GOENV=off GOTOOLCHAIN=local "$1" env GOVERSION)
  from=$(env -u GOROOT GOENV=off GOTOOLCHAIN=local "$1" env GOROOT)
  case " $seen " in
  *" $version "*) return 0 ;;
  esac
  seen="$seen $version"
  base=$dir/$version
  rm -rf "$base"
  for side in stock libcgo; do
    make_goroot $side "$from"
  done
  apply_overlay
  # Those of the runtime that run a program with cgo, by their sources, and some
  # whose names say so.
  runtime_tests=$(awk '
    /^func Test[A-Za-z0-9_]*\(/ { name = $2; sub(/\(.*/, "", name)
      if (name ~ /Cgo|CGO|Signal|Traceback/) print name }
    /testprogcgo/ { if (name != "") print name }
    /^}/ { name = "" }' "$base"/stock/goroot/src/runtime/*_test.go | sort -u |
    tr '\n' '|')
  runtime_tests=${runtime_tests%|}
  test -n "$runtime_tests" || die "$version: no tests in the sources of runtime"
  evidence
  suites
  if test -z "${CHECK_GO_KEEP-}"; then
    chmod -R u+w "$base"/*/goroot
    rm -rf "$base"/*/goroot
  fi
}

: >"$results"
: >"$links"
rm -f "$dir/wrong-half"
seen=
line Go suite stock '' '' libcgo '' '' linked: '' ''
line '' '' pass fail skip pass fail skip stock libcgo ''
if test -n "${GO-}"; then
  command -v "$GO" >/dev/null || die "there is no '$GO'"
  check "$(command -v "$GO")"
else
  for go in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-*/bin/go; do
    test ! -x "$go" || check "$go"
  done
fi
for toolchain in ${CHECK_GO_TOOLCHAINS-}; do
  found=$(GOENV=off GOTOOLCHAIN=$toolchain go env GOROOT) ||
    die "there is no toolchain $toolchain to be had"
  check "$found/bin/go"
done
test -n "$seen" || die "there is no Go: install one, or name it in GO"

# table: for each suite and Go, how many tests pass on both sides, and on neither.
table() {
  awk -F '\t' '
    function cell(stock, libcgo, ran) {
      if (stock != libcgo)
        return " **stock " stock ", libcgo " libcgo "** |"
      return " " stock (stock < ran ? ", and " ran - stock " on neither" : "") " |"
    }
    !($1 in known) { known[$1]; gos[++n] = $1 }
    !($2 in rows) { rows[$2]; suites[++m] = $2 }
    $4 != "skip" || $5 != "skip" { ran[$2, $1]++ }
    { all[$2, $1]++ }
    $4 == "pass" || $4 == "flaky" { stock[$2, $1]++ }
    $5 == "pass" || $5 == "flaky" { libcgo[$2, $1]++ }
    END {
      head = "| suite |"; rule = "|---|"
      for (i = 1; i <= n; i++) {
        head = head " " gos[i] " |"
        rule = rule "---|"
      }
      print head "\n" rule
      for (j = 1; j <= m; j++) {
        row = "| " suites[j] " |"
        for (i = 1; i <= n; i++) {
          place = suites[j] SUBSEP gos[i]
          if (!(place in all))
            row = row " |"
          else if (!(place in ran))
            row = row " skipped |"
          else
            row = row cell(stock[place] + 0, libcgo[place] + 0, ran[place])
        }
        print row
      }
    }' "$results"
}
table >"$dir/table.md"

awk -F '\t' '
  { tests++ }
  $4 == "flaky" || $5 == "flaky" { flaky[++flakies] = $0 }
  $4 == "fail" && $5 == "fail" { both[++boths] = $0 }
  $4 == "fail" && ($5 == "pass" || $5 == "flaky") { better[++betters] = $0 }
  $4 == "pass" && $5 != "pass" && $5 != "flaky" { worse[++worses] = $0 }
  ($4 == "skip" || $4 == "absent") && $5 == "fail" { worse[++worses] = $0 }
  function show(title, list, n,   i) {
    if (n == 0)
      return
    print title
    for (i = 1; i <= n; i++)
      print "  " list[i]
  }
  END {
    show("Flaky (Go, suite, test, stock, libcgo):", flaky, flakies)
    show("Fails on both sides:", both, boths)
    show("Fails on stock only:", better, betters)
    show("FAILS ON LIBCGO ONLY:", worse, worses)
    printf "%d tests compared, %d fail on libcgo only\n", tests, worses
    exit tests == 0 || worses != 0
  }' "$results" && test ! -e "$dir/wrong-half"
