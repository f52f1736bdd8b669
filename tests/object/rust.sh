#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# The crates of bindings/rust, with the library of the build directory as it is installed:
# their tests, the forms in which they are used, and what people broke such crates with.
# All is offline, with an empty home of cargo. Without cargo it is skipped.
. "$(dirname "$0")/../support/tap.sh"

oldest=1.85
all="the_crates_pass_their_tests"

# rustup puts its programs there.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
: "${PKG_CONFIG:=pkg-config}"

host_of_rust() { rustc -vV | sed -n 's/^host: //p'; }
cpu_of_rust() {
  case $(host_of_rust) in
  x86_64-*x32) echo x32 ;;
  x86_64-*) echo amd64 ;;
  i?86-*) echo 386 ;;
  aarch64-*) echo arm64 ;;
  *) host_of_rust ;;
  esac
}
c_library() { # of the compiler
  printf '#include <limits.h>\n#ifdef __GLIBC__\nlibrary gnu\n#else\nlibrary other\n#endif\n' |
    $CC $CFLAGS -E - | sed -n 's/^library //p'
}
new_enough() {
  rustc --version | awk -v oldest=$oldest '{ split($2, is, "."); split(oldest, want, ".")
    exit !(is[1] > want[1] || is[1] == want[1] && is[2] >= want[2]) }'
}

reason=
if ! have cargo || ! rustc --version >/dev/null 2>&1; then
  reason="there is no cargo here"
elif ! new_enough; then
  reason="this is $(rustc --version), and the crates need $oldest"
elif ! have "$PKG_CONFIG"; then
  reason="there is no pkg-config here"
elif test -n "$TEST_EMU"; then
  reason="programs run under an emulator"
elif ! test -f "$builddir/.libs/libcgo.so"; then
  reason="configured with --disable-shared"
elif test "$(cpu_of_rust)" != "$CPU"; then
  reason="this Rust is for $(host_of_rust)"
else
  case $(host_of_rust)-$(c_library) in
  *-gnu-gnu | *-musl-other) ;;
  *) reason="this Rust is for $(host_of_rust), with another C library" ;;
  esac
  case $CFLAGS in *-fsanitize=*) reason="the library needs the sanitizer of its compiler" ;; esac
fi
if test -n "$reason"; then
  skip $all "$reason"
  done_testing
  exit
fi

# ---- the installed library, and a copy of the crates ----

root=$scratch/root
(
  unset MAKEFLAGS MFLAGS MAKELEVEL
  ${MAKE:-make} -C "$builddir" install-libLTLIBRARIES install-includeHEADERS \
    install-topicHEADERS install-nodist_topicHEADERS install-pkgconfigDATA DESTDIR="$root"
) >install.log 2>&1 || {
  ok the_library_is_installed sh -c 'cat install.log; exit 1'
  done_testing
  exit 1
}
PKG_CONFIG_LIBDIR=$(dirname "$(find "$root" -name libcgo.pc)")
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
libdir=$(dirname "$(find "$root" -name libcgo.so)")
LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# Where rustup keeps its compilers does not change with cargo's home.
RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
CARGO_HOME=$scratch/cargo CARGO_TARGET_DIR=$scratch/target
CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=1
export PKG_CONFIG PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS \
  PKG_CONFIG_ALLOW_SYSTEM_LIBS LD_LIBRARY_PATH RUSTUP_HOME CARGO_HOME CARGO_TARGET_DIR \
  CARGO_NET_OFFLINE CARGO_TERM_COLOR CARGO_INCREMENTAL CARGO_PROFILE_DEV_DEBUG
unset RUSTFLAGS RUSTDOCFLAGS LIBCGO_STATIC LIBCGO_LIB_DIR
mkdir "$CARGO_HOME"
cp -RL "$srcdir/bindings/rust" crates && chmod -R u+w crates || exit 1

in_crates() { (cd crates && exec timeout -k 1 500 "$@"); }

# ---- the crates ----

ok $all in_crates cargo test
ok they_pass_them_optimised in_crates cargo test --release -p libcgo

with_the_archive() {
  LIBCGO_STATIC=1 CARGO_TARGET_DIR=$scratch/static in_crates cargo test -p libcgo --tests &&
    for program in static/debug/deps/threads-*; do
      if test -x "$program" && $READELF -d "$program" | grep 'NEEDED.*libcgo'; then return 1; fi
    done
}
if test -f "$static_lib"; then
  ok they_pass_them_with_the_archive with_the_archive
else
  skip they_pass_them_with_the_archive "configured with --disable-static"
fi

# Skipped are tests that leave memory behind by intention. The sanitizer does not know of
# contexts. The addresses of variables are compared with those of stacks.
sanitized() {
  ASAN_OPTIONS=detect_stack_use_after_return=0 RUSTFLAGS=-Zsanitizer=address \
    CARGO_TARGET_DIR=$scratch/sanitized in_crates cargo +nightly test -p libcgo --tests \
    --target "$(host_of_rust)" -- --skip kept_too_long --skip has_ended --skip context \
    --skip before_the_start --skip ends_the_process \
    --skip a_closed_runtime
}
if cargo +nightly --version >/dev/null 2>&1; then
  ok they_pass_them_with_the_address_sanitizer sanitized
else
  skip they_pass_them_with_the_address_sanitizer "stable Rust has none"
fi

# Newer versions of these tools find more; so in a clone only.
documented() { RUSTDOCFLAGS='-D warnings' in_crates cargo doc --no-deps; }
for check in "clippy in_crates cargo clippy --all-targets -- -D warnings" \
  "fmt in_crates cargo fmt --check" "doc documented"; do
  tool=${check%% *}
  name=cargo_${tool}_finds_nothing
  if ! test -e "$srcdir/.git"; then
    skip $name "this is no clone"
  elif test $tool != doc && ! cargo $tool --version >/dev/null 2>&1; then
    skip $name "there is no cargo $tool here"
  else
    ok $name ${check#* }
  fi
done

# Every function of the library that is not of the classic face or the Go face.
declares_all() {
  tr ';' '\n' <"$srcdir/src/libcgo.map" | sed -n 's/^[[:space:]]*\([a-z][a-z0-9_]*\)$/\1/p' |
    sort -u >exported
  grep -ho '[a-z][a-z0-9_]* *(' "$srcdir/include/libcgo/classic.h" "$srcdir/include/libcgo/go.h" |
    tr -d ' (' | sort -u >others
  sed -n 's/^ *pub fn \([a-z0-9_]*\)(.*/\1/p' crates/libcgo-sys/src/lib.rs | sort -u >declared
  grep -qx libcgo_callback exported && grep -qx libcgo_go_init others && grep -qx libcgo_callback declared ||
    return 1
  comm -23 exported others | comm -23 - declared |
    grep -v '^libcgo_slots_\(defined\|reserved\)$\|^initcgo$\|^libcgo_thread_start$' >missing
  cat missing
  test ! -s missing
}
ok libcgo_sys_declares_all_functions declares_all

# ---- a package ----

mkdir -p user/src
cat >user/Cargo.toml <<'C'
[package]
name = "user"
version = "0.1.0"
edition = "2021"
[dependencies]
libcgo = { path = "../packaged/libcgo-0.2.0" }
[patch.crates-io]
libcgo-sys = { path = "../packaged/libcgo-sys-0.2.0" }
[profile.release]
panic = "abort"
C
# With panic = "abort" the objects on a suspended context's stack are never dropped.
cat >user/src/main.rs <<'C'
use libcgo::{Context, Hooks, Resumed, Runtime, Stack};
struct Vm;
impl Hooks for Vm {
    type Thread = ();
    fn attach(&self) -> Option<()> {
        Some(())
    }
}
static VM: Runtime<Vm> = Runtime::ready(Vm);
struct Note;
impl Drop for Note {
    fn drop(&mut self) {
        print!("dropped ");
    }
}
fn main() {
    VM.callback(|thread| {
        // SAFETY: no thread-local variable is used.
        let mut context = unsafe {
            Context::new(Stack::new(64 << 10).unwrap(), |own, word: u32| {
                let _note = Note;
                own.suspend(word + 1)
            })
        }
        .unwrap();
        assert_eq!(context.resume(thread, 1), Resumed::Suspended(2));
    })
    .unwrap();
    println!("done");
}
C
packages() {
  rm -rf packaged && mkdir packaged &&
    in_crates cargo package --offline --allow-dirty &&
    for crate in "$CARGO_TARGET_DIR"/package/*.crate; do
      tar -xzf "$crate" -C packaged || return 1
    done
  test -f packaged/libcgo-0.2.0/LICENSE && test -f packaged/libcgo-sys-0.2.0/LICENSE
}
uses_packages() {
  (cd user && timeout -k 1 300 cargo run -q && timeout -k 1 300 cargo run -q --release) >said
  cat said
  printf 'dropped done\ndone\n' | cmp - said
}
sed -i "s/0\.2\.0\"/$(sed -n 's/^version = "\(.*\)"/\1/p' crates/Cargo.toml)\"/" user/Cargo.toml
# Before 1.90, cargo does not package crates together of which one needs the other.
if in_crates cargo package --help | grep -q -- --workspace &&
  rustc --version | awk '{ split($2, is, "."); exit is[2] < 90 }'; then
  ok they_are_packaged_offline packages
  ok a_program_uses_the_packages_with_either_kind_of_panic uses_packages
else
  for name in they_are_packaged_offline a_program_uses_the_packages_with_either_kind_of_panic; do
    skip $name "cargo 1.90 is the first that packages both"
  done
fi

# Two packages that link one library: cargo refuses that, because of `links`.
mkdir -p twice/src other-sys/src
printf '[package]\nname = "other-sys"\nversion = "0.1.0"\nedition = "2021"\nlinks = "cgo"\nbuild = "build.rs"\n' \
  >other-sys/Cargo.toml
echo 'fn main() {}' | tee other-sys/build.rs >twice/src/main.rs
: >other-sys/src/lib.rs
printf '[package]\nname = "twice"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n%s\n%s\n' \
  'libcgo = { path = "../crates/libcgo" }' 'other-sys = { path = "../other-sys" }' >twice/Cargo.toml
linked_twice() {
  if (cd twice && cargo check) >refused 2>&1; then return 1; fi
  cat refused
  grep -q 'links.*cgo' refused
}
ok a_second_package_that_links_the_library_is_refused linked_twice

without_the_library() {
  if PKG_CONFIG_LIBDIR=$scratch CARGO_TARGET_DIR=$scratch/without in_crates cargo build >refused 2>&1; then
    return 1
  fi
  cat refused
  grep -q 'finds no libcgo 0.2 or later: install libcgo-dev' refused
}
ok a_missing_library_is_named without_the_library

# ---- a shared object that is unloaded while one of its threads still lives ----

mkdir -p plugin/src
printf '[package]\nname = "plugin"\nversion = "0.1.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n[dependencies]\nlibcgo = { path = "../crates/libcgo" }\n' \
  >plugin/Cargo.toml
cat >plugin/src/lib.rs <<'C'
use std::cell::RefCell;
struct Vm;
impl libcgo::Hooks for Vm {
    type Thread = Vec<u8>;
    fn attach(&self) -> Option<Vec<u8>> {
        Some(vec![1; 100])
    }
    fn detach(&self, thread: Vec<u8>) {
        println!("{} left", thread.len());
    }
}
static VM: libcgo::Runtime<Vm> = libcgo::Runtime::ready(Vm);
thread_local!(static LAST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
#[no_mangle]
pub extern "C" fn call() -> usize {
    LAST.with_borrow_mut(|last| last.push(1));
    VM.callback(|thread| thread.data().len()).unwrap_or(0)
}
C
cat >unload.c <<'C'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
static void *run(void *path) {
  void *object = dlopen(path, RTLD_NOW);
  size_t (*call)(void) = object ? (size_t (*)(void))dlsym(object, "call") : NULL;
  if (call == NULL || call() != 100 || dlclose(object) != 0)
    return path;
  return NULL;
}
int main(int argc, char **argv) {
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    void *failed;
    pthread_create(&thread, NULL, run, argv[argc - 1]);
    pthread_join(thread, &failed);
    if (failed) {
      printf("%s\n", dlerror());
      return 1;
    }
  }
  return 0;
}
C
unloaded() {
  (cd plugin && timeout -k 1 300 cargo build -q) &&
    $CC $CFLAGS unload.c -o unload -pthread -ldl &&
    ./unload "$CARGO_TARGET_DIR/debug/libplugin.so" >said
  status=$?
  cat said
  test $status = 0 && test "$(sort -u said)" = '100 left' && test "$(wc -l <said)" = 20
}
ok a_thread_ends_after_its_runtime_was_unloaded unloaded

# ---- the example ----

sums_are_right() {
  find "$srcdir/src" "$srcdir/man" -type f | sort >names
  xargs cksum <names | sort >expected
  for tasks in 1 2 8; do
    in_crates cargo run -q --release --example green -- -j $tasks "$srcdir/src" "$srcdir/man" >sums ||
      return 1
    sort sums | cmp - expected || return 1
  done
}
case $(host_of_rust) in
*linux*) ok the_tutorials_runtime_sums_files_as_cksum sums_are_right ;;
*) skip the_tutorials_runtime_sums_files_as_cksum "it declares Linux's nftw" ;;
esac

# ---- bindgen, which parses the headers ----

bindgen_reads() {
  echo '#include <libcgo.h>' >all.h
  bindgen all.h --allowlist-item 'libcgo_.*|LIBCGO_.*|crosscall2' --override-abi '.*=C-unwind' -- \
    $("$PKG_CONFIG" --cflags libcgo) -DLIBCGO_VARIABLES >bindings.rs || return 1
  # The records have the size and the members of those that are kept by hand.
  {
    cat <<'C'
#![allow(dead_code, unused, non_camel_case_types, non_upper_case_globals, non_snake_case)]
mod bindings { include!(concat!(env!("OUT"), "/bindings.rs")); }
use bindings as b;
use libcgo_sys as s;
use std::mem::{offset_of, size_of};
fn main() {
    assert_eq!(b::LIBCGO_NO_GUARD, usize::MAX);
    assert_eq!(b::LIBCGO_NO_SIGNAL_STACK, usize::MAX);
    assert_eq!(b::LIBCGO_FOR_EVER, u64::MAX);
    assert_eq!(b::LIBCGO_THREAD_POLL_OFFSET, std::mem::offset_of!(s::libcgo_thread, poll));
    assert_eq!(b::LIBCGO_RECORD_VERSION, s::LIBCGO_RECORD_VERSION);
    assert_eq!(b::LIBCGO_STACK_MIN as usize, s::LIBCGO_STACK_MIN);
    assert_eq!(b::LIBCGO_C_ROOM as usize, s::LIBCGO_C_ROOM);
    assert_eq!(b::LIBCGO_STACK_OTHER as i32, s::LIBCGO_STACK_OTHER);
    let callback: b::libcgo_thread_fn = None;
    let unwinds: Option<unsafe extern "C-unwind" fn(*mut b::libcgo_thread, *mut std::ffi::c_void)> = callback;
    let mut record: b::libcgo_thread = unsafe { std::mem::zeroed() };
    assert_eq!(unsafe { b::libcgo_thread_init(&mut record, size_of::<b::libcgo_thread>()) }, 0);
    assert_eq!(record.size as usize, size_of::<s::libcgo_thread>());
C
    for record in init ops runtime thread thread_attr limit stack bounds context handle_table symbol \
      traceback_ops; do
      echo "    assert_eq!(size_of::<b::libcgo_$record>(), size_of::<s::libcgo_$record>(), \"$record\");"
      sed -n "/^pub struct libcgo_$record {/,/^}/s/^ *pub \([a-z_]*\):.*/\1/p" crates/libcgo-sys/src/lib.rs |
        grep -v '^library$\|^reserved' |
        sed "s/.*/    assert_eq!(offset_of!(b::libcgo_$record, &), offset_of!(s::libcgo_$record, &), \"$record.&\");/"
    done
    echo '}'
  } >crates/libcgo/examples/parsed.rs
  OUT=$scratch in_crates cargo run -q --example parsed
  status=$?
  rm crates/libcgo/examples/parsed.rs
  return $status
}
if have bindgen && ! bindgen --help 2>&1 | grep -q allowlist-item; then
  skip bindgen_reads_records_and_constants_of_the_headers "this bindgen is older than 0.66"
elif have bindgen; then
  ok bindgen_reads_records_and_constants_of_the_headers bindgen_reads
else
  skip bindgen_reads_records_and_constants_of_the_headers "there is no bindgen here"
fi
done_testing
