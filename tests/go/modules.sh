#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154
#
# Modules of others, whose own tests run first as Go builds them and then on libcgo: a
# test that passes with Go's own C files is to pass on libcgo. Go fetches them by its
# module proxy. GO names the go command, GO_MODULES chooses. make check-go-programs calls
# it; docs/go-programs.md has the table that it prints.
#
# What fails on libcgo only is run again, twice at most, on both sides.
. "$top_srcdir/tests/support/tap.sh"

: "${GO:=go}"
modules=${GO_MODULES:-kafka duckdb zmq4 golua pkcs11 switch}

LIBCGO_GO_SHIM=$srcdir/src/go/shim.c
PKG_CONFIG_PATH=$builddir${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
GOFLAGS=-buildvcs=false
export GO LIBCGO_GO_SHIM PKG_CONFIG_PATH LD_LIBRARY_PATH GOFLAGS
unset CFLAGS CXXFLAGS
tool=$builddir/tools/libcgo-go

if test -z "$modules" || ! have "$GO"; then
  echo '1..0 # SKIP no modules, or no go command'
  exit 0
fi

# fetch MODULE@VERSION: a copy of it in the directory module, to be written to.
fetch() {
  (cd / && timeout -k 1 900 "$GO" mod download -json "$1") >fetched 2>&1 || {
    cat fetched
    return 1
  }
  from=$(sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p' fetched)
  rm -rf module && cp -R "$from" module && chmod -R u+w module
}

# results COMMAND SIDE: the module's tests, one a line with its result, in SIDE.tsv.
results() {
  (cd "module/$directory" && timeout -k 1 1500 "$1" test -vet=off -count=1 -v -p 2 . $arguments) \
    >"$2.log" 2>&1
  sed -n 's/^ *--- \([A-Z]*\): \([^ ]*\).*/\2 \1/p' "$2.log" | sort -u >"$2.tsv"
  grep -q ' PASS$' "$2.tsv" || {
    tail -n 30 "$2.log"
    return 1
  }
}

# The tests that pass stock and not on libcgo.
worse() { grep ' PASS$' stock.tsv | comm -23 - libcgo.tsv; }
count() { grep -c " $1\$" "$2.tsv"; }

# on_both: the claim.
on_both() {
  fetch "$module" && prepare || return 1
  for _ in 1 2 3; do
    results "$GO" stock && results "$tool" libcgo || return 1
    test -n "$(worse)" || break
  done
  worse
  # And that the second was on libcgo.
  (cd "module/$directory" && "$tool" test -vet=off -c -o "$scratch/compiled" . $arguments) &&
    nm compiled | grep -q 'libcgo_go_init' && test -z "$(worse)"
}
prepare() { :; }

# module NAME MODULE@VERSION DIRECTORY [ARGUMENT...]
module() {
  name=$1 module=$2 directory=$3
  shift 3
  arguments=$*
  ok "the_tests_of_${name}_are_equal" on_both
  test ! -s libcgo.tsv || echo "# $name (${module##*/}): pass $(count PASS stock) | $(count PASS libcgo)," \
    "fail $(count FAIL stock) | $(count FAIL libcgo), skip $(count SKIP stock) | $(count SKIP libcgo)" \
    "(stock | libcgo)"
  rm -rf module ./*.tsv
}

# lacks NAME WHAT: what no package manager of Go's brings.
lacks() { skip "the_tests_of_$1_are_equal" "there is no $2"; }

# A program that asks for a newer Go than this one, as Go gets it: that Go builds it, on
# libcgo. Its module is in a proxy of ours; the toolchain comes from Go's.
newer=go1.27.4
switched() {
  mkdir -p proxy/libcgo.test/newer/@v bin && (cd proxy/libcgo.test/newer/@v &&
    printf 'module libcgo.test/newer\n\ngo %s\n' ${newer#go} >v1.0.0.mod &&
    echo '{"Version":"v1.0.0"}' >v1.0.0.info && echo v1.0.0 >list &&
    mkdir -p libcgo.test/newer@v1.0.0 && cp v1.0.0.mod libcgo.test/newer@v1.0.0/go.mod &&
    printf 'package main\n\n// static int n(void) { return 42; }\nimport "C"\n\nfunc main() { println(C.n()) }\n' \
      >libcgo.test/newer@v1.0.0/main.go &&
    python3 -c 'import sys, zipfile
with zipfile.ZipFile("v1.0.0.zip", "w") as z:
    for name in sys.argv[1:]: z.write(name)' libcgo.test/newer@v1.0.0/*) || return 1
  (unset GOROOT
    GOTOOLCHAIN=auto GOBIN=$scratch/bin GOPROXY=file://$scratch/proxy,$("$GO" env GOPROXY) GONOSUMDB=libcgo.test/newer
    GOMODCACHE=$scratch/cache GOFLAGS=-modcacherw
    export GOTOOLCHAIN GOBIN GOPROXY GONOSUMDB GOMODCACHE GOFLAGS
    cd / && timeout -k 1 900 "$tool" install libcgo.test/newer@v1.0.0 &&
      timeout -k 1 900 "$tool" run libcgo.test/newer@v1.0.0) &&
    "$GO" version bin/newer && "$GO" version bin/newer | grep -q "$newer\$" &&
    nm -D bin/newer | grep 'U libcgo_go_init' && ./bin/newer
}

for name in $modules; do
  prepare() { :; }
  case $name in
  kafka)
    # The others want a cluster, and bring what starts one: hundreds of modules.
    prepare() {
      find module/kafka -name '*_test.go' ! -name integration_mock_test.go \
        ! -name error_test.go ! -name header_test.go ! -name kafka_test.go \
        ! -name message_test.go -exec rm {} +
    }
    module kafka github.com/confluentinc/confluent-kafka-go/v2@v2.11.1 kafka ;;
  duckdb)
    module duckdb github.com/marcboeker/go-duckdb@v1.8.5 . ;;
  zmq4)
    if ${PKG_CONFIG:-pkg-config} --exists libzmq; then
      module zmq4 github.com/pebbe/zmq4@v1.4.0 .
    else
      lacks zmq4 "libzmq (libzmq3-dev)"
    fi ;;
  golua)
    if ${PKG_CONFIG:-pkg-config} --exists lua5.1; then
      module golua github.com/aarzilli/golua@v0.0.0-20210507130708-11106aa57765 lua
    else
      lacks golua "Lua 5.1 (liblua5.1-0-dev)"
    fi ;;
  pkcs11)
    if test -e /usr/lib/softhsm/libsofthsm2.so; then
      module pkcs11 github.com/miekg/pkcs11@v1.1.2 .
    else
      lacks pkcs11 "SoftHSM (softhsm2)"
    fi ;;
  switch)
    case $("$GO" env GOVERSION) in
    go1.1* | go1.20*) skip install_at_a_version_gets_its_toolchain "this Go gets no other" ;;
    *) ok install_at_a_version_gets_its_toolchain switched ;;
    esac ;;
  esac
done
done_testing
