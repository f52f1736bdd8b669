// SPDX-License-Identifier: BSD-3-Clause
//! Compares the declarations with the C headers: the compiler `$CC`, or cc, compiles a
//! program that prints what they say. Without a compiler the test says so and passes.

use libcgo_sys::*;
use std::fmt::Write;
use std::mem::{offset_of, size_of};
use std::process::Command;
use std::{env, fs, ptr, slice};

fn bytes<T>(record: &T) -> String {
    // SAFETY: the records have no padding on the targets that this test runs on; the
    // comparison of sizes and offsets comes first.
    let bytes = unsafe {
        slice::from_raw_parts(ptr::from_ref(record).cast::<u8>(), size_of::<T>())
    };
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

struct Pair {
    rust: Vec<String>,
    c: String,
}

impl Pair {
    fn number(&mut self, name: &str, value: i128, c: &str) {
        self.rust.push(format!("{name} {value}"));
        writeln!(self.c, "  printf(\"{name} %lld\\n\", (long long)({c}));").unwrap();
    }
    fn word(&mut self, name: &str, value: usize, c: &str) {
        self.rust.push(format!("{name} {value}"));
        writeln!(self.c, "  printf(\"{name} %zu\\n\", (size_t)({c}));").unwrap();
    }
    fn init<T>(&mut self, name: &str, record: &T, macro_: &str) {
        self.rust.push(format!("{macro_} {}", bytes(record)));
        writeln!(
            self.c,
            "  {{ struct {name} record = {macro_};\n    print(\"{macro_}\", &record, sizeof record); }}"
        )
        .unwrap();
    }
}

macro_rules! record {
    ($pair:ident, $record:ident: $($member:ident)*) => {
        $pair.word(stringify!($record), size_of::<$record>(),
            concat!("sizeof(struct ", stringify!($record), ")"));
        $($pair.word(concat!(stringify!($record), ".", stringify!($member)),
            offset_of!($record, $member),
            concat!("offsetof(struct ", stringify!($record), ", ", stringify!($member), ")"));)*
    };
}

#[test]
fn declarations_are_those_of_the_headers() {
    let mut pair = Pair { rust: Vec::new(), c: String::new() };
    record!(pair, libcgo_init: size state);
    record!(pair, libcgo_ops: size version enter leave acquire release current fatal);
    record!(pair, libcgo_runtime: size version ops init data signal_stack_size key pinned
        traceback open_signals flags);
    record!(pair, libcgo_thread: size version runtime g data poll);
    record!(pair, libcgo_thread_attr: size version stack_size guard_size signal_stack_size
        name signal_mask cpus cpus_size);
    record!(pair, libcgo_limit: size value used name unit remedy);
    record!(pair, libcgo_stack: size version lo hi);
    record!(pair, libcgo_bounds: lo hi kind);
    record!(pair, libcgo_segment: lo hi kind);
    record!(pair, libcgo_context: size version sp lo span thread flags options control keeps
        call serial stack_lo stack_hi ahead data);
    record!(pair, libcgo_handle_table: size segments origin segment_count open next);
    record!(pair, libcgo_mailbox: size version wake data state inside);
    record!(pair, libcgo_symbol: size version pc function entry object file line more data);
    record!(pair, libcgo_traceback_ops: size version context release traceback symbolize);

    pair.word("LIBCGO_NO_GUARD", LIBCGO_NO_GUARD, "LIBCGO_NO_GUARD");
    pair.word("LIBCGO_NO_SIGNAL_STACK", LIBCGO_NO_SIGNAL_STACK, "LIBCGO_NO_SIGNAL_STACK");
    pair.word("LIBCGO_C_ROOM", LIBCGO_C_ROOM, "LIBCGO_C_ROOM");
    pair.word("LIBCGO_STACK_MIN", LIBCGO_STACK_MIN, "LIBCGO_STACK_MIN");
    pair.word(
        "LIBCGO_THREAD_POLL_OFFSET",
        offset_of!(libcgo_thread, poll),
        "LIBCGO_THREAD_POLL_OFFSET",
    );
    for (name, value) in [
        ("LIBCGO_RECORD_VERSION", i128::from(LIBCGO_RECORD_VERSION)),
        ("LIBCGO_STACK_SYSTEM", i128::from(LIBCGO_STACK_SYSTEM)),
        ("LIBCGO_STACK_SMALL", i128::from(LIBCGO_STACK_SMALL)),
        ("LIBCGO_STACK_SIGNAL", i128::from(LIBCGO_STACK_SIGNAL)),
        ("LIBCGO_STACK_OTHER", i128::from(LIBCGO_STACK_OTHER)),
        ("LIBCGO_WORLD", LIBCGO_WORLD as i128),
        ("LIBCGO_CONTEXT_KEEPS_CONTROL", LIBCGO_CONTEXT_KEEPS_CONTROL as i128),
    ] {
        pair.number(name, value, name);
    }

    pair.init("libcgo_init", &libcgo_init::INIT, "LIBCGO_INIT");
    pair.init(
        "libcgo_runtime",
        &libcgo_runtime::new(ptr::null()),
        "LIBCGO_RUNTIME_INIT(0)",
    );
    pair.init("libcgo_thread", &libcgo_thread::INIT, "LIBCGO_THREAD_INIT");
    pair.init("libcgo_thread_attr", &libcgo_thread_attr::INIT, "LIBCGO_THREAD_ATTR_INIT");
    pair.init("libcgo_limit", &libcgo_limit::INIT, "LIBCGO_LIMIT_INIT");
    pair.init(
        "libcgo_stack",
        &libcgo_stack::new(4096, 8192),
        "LIBCGO_STACK_INIT(4096, 8192)",
    );
    pair.init("libcgo_context", &libcgo_context::INIT, "LIBCGO_CONTEXT_INIT");
    pair.init(
        "libcgo_handle_table",
        &libcgo_handle_table::INIT,
        "LIBCGO_HANDLE_TABLE_INIT",
    );
    pair.init("libcgo_mailbox", &libcgo_mailbox::new(None), "LIBCGO_MAILBOX_INIT(0)");
    pair.init("libcgo_symbol", &libcgo_symbol::INIT, "LIBCGO_SYMBOL_INIT");
    pair.init(
        "libcgo_traceback_ops",
        &libcgo_traceback_ops::INIT,
        "LIBCGO_TRACEBACK_OPS(0, 0, 0, 0)",
    );

    let program = format!(
        "#include <libcgo.h>\n#include <stddef.h>\n#include <stdio.h>\n\
         static void print(const char *name, const void *record, size_t size) {{\n\
         const unsigned char *bytes = record;\n  printf(\"%s \", name);\n\
         for (size_t i = 0; i < size; i++)\n    printf(\"%02x\", bytes[i]);\n\
         putchar('\\n');\n}}\nint main(void) {{\n{}  return 0;\n}}\n",
        pair.c
    );
    let directory = env::temp_dir().join(format!("libcgo-sys-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("layout.c"), program).unwrap();
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let mut words = compiler.split_whitespace();
    let compiled = Command::new(words.next().unwrap_or("cc"))
        .args(words)
        .args(CFLAGS.unwrap_or("").split_whitespace())
        .args(["-o", "layout", "layout.c"])
        .current_dir(&directory)
        .status();
    let Ok(status) = compiled else {
        eprintln!("skipped: there is no {compiler} here");
        return;
    };
    assert!(status.success(), "{compiler}: {status}");
    let output = Command::new(directory.join("layout")).output().unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let c: Vec<_> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    for (rust, c) in pair.rust.iter().zip(&c) {
        assert_eq!(rust, c, "left is Rust, right is C");
    }
    assert_eq!(pair.rust.len(), c.len());
}

#[test]
fn the_library_is_not_older_than_the_declarations() {
    // SAFETY: it reads a constant.
    assert!(unsafe { libcgo_version() } >= 200);
}

/// Compares what C makes of a record with what the constant is.
macro_rules! same {
    ($init:ident($($more:expr),*), $expected:expr) => {{
        let expected = $expected;
        // SAFETY: the function writes at most this many bytes.
        let made = unsafe {
            let mut record = std::mem::zeroed();
            let size = std::mem::size_of_val(&expected);
            assert_eq!($init(&mut record, size $(, $more)*), 0, stringify!($init));
            record
        };
        assert_eq!(bytes(&made), bytes(&expected), stringify!($init));
    }};
}

#[test]
fn constants_are_what_the_init_functions_make() {
    same!(libcgo_init_init(), libcgo_init::INIT);
    same!(libcgo_runtime_init(ptr::null()), libcgo_runtime::new(ptr::null()));
    same!(libcgo_thread_init(), libcgo_thread::INIT);
    same!(libcgo_thread_attr_init(), libcgo_thread_attr::INIT);
    same!(libcgo_limit_init(), libcgo_limit::INIT);
    same!(libcgo_stack_init(4096, 8192), libcgo_stack::new(4096, 8192));
    same!(libcgo_context_init(), libcgo_context::INIT);
    same!(libcgo_handle_table_init(), libcgo_handle_table::INIT);
    same!(libcgo_symbol_init(), libcgo_symbol::INIT);
    same!(libcgo_traceback_ops_init(), libcgo_traceback_ops::INIT);
}
