// SPDX-License-Identifier: BSD-3-Clause
//! Declarations of libcgo, the border between a language runtime and C.
//!
//! These are libcgo's C headers in Rust, kept by hand: the records, the constants, the
//! functions. A test compares them with the installed headers. The C macros that
//! initialise a record are `const fn`s here: `LIBCGO_THREAD_INIT` is
//! [`libcgo_thread::INIT`], `LIBCGO_OPS(...)` is [`libcgo_ops::new`].
//!
//! What a function does, returns and may be called from stands in its man page, such as
//! libcgo_callback(3). The crate `libcgo` is the safe interface.
//!
//! # Unwinding
//!
//! A panic may pass a function that is declared `extern "C-unwind"` here. The hooks of
//! [`libcgo_ops`] are `extern "C"`: a panic that leaves one ends the process.
//!
//! # What is missing
//!
//! The classic face and the Go face; and `LIBCGO_DEFINE_SLOTS`, because stable Rust has no
//! thread-local variable with a known name. A program may have it in a C file.
#![no_std]
#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{null, null_mut};

// ---- the types of functions ----

/// A function that is called on another stack.
pub type libcgo_stack_fn = unsafe extern "C-unwind" fn(arg: *mut c_void) -> usize;
/// A function that gets the calling thread's record.
pub type libcgo_thread_fn =
    unsafe extern "C-unwind" fn(thread: *mut libcgo_thread, arg: *mut c_void);
/// What a context runs. Unwinding ends where it was called.
pub type libcgo_context_fn =
    unsafe extern "C" fn(arg: *mut c_void, word: usize) -> *mut libcgo_context;
/// Code that [`libcgo_crosscall`] calls.
pub type libcgo_crosscall_fn =
    unsafe extern "C-unwind" fn(arg: *mut c_void, word: usize) -> usize;
/// Code that [`crosscall2`] calls.
pub type libcgo_crosscall2_fn = unsafe extern "C-unwind" fn(arg: *mut c_void, argsize: i32);
/// What a mailbox runs. It must return.
pub type libcgo_mailbox_fn = unsafe extern "C" fn(arg: *mut c_void);
/// The hook `wake` of a mailbox.
pub type libcgo_wake_fn = unsafe extern "C" fn(box_: *mut libcgo_mailbox);
/// The hook `enter`.
pub type libcgo_enter_fn = unsafe extern "C" fn(thread: *mut libcgo_thread);
/// The hook `leave`.
pub type libcgo_leave_fn = unsafe extern "C" fn(thread: *mut libcgo_thread);
/// The hook `acquire`.
pub type libcgo_acquire_fn =
    unsafe extern "C" fn(runtime: *mut libcgo_runtime) -> *mut libcgo_thread;
/// The hook `release`.
pub type libcgo_release_fn = unsafe extern "C" fn(thread: *mut libcgo_thread);
/// The hook `current`.
pub type libcgo_current_fn =
    unsafe extern "C" fn(runtime: *const libcgo_runtime) -> *mut libcgo_thread;
/// The hook `fatal`.
pub type libcgo_fatal_fn = unsafe extern "C" fn(message: *const c_char);
/// A place for a hook of a later version.
pub type libcgo_reserved_fn = unsafe extern "C" fn();
/// The hook `context`.
pub type libcgo_traceback_context_fn = unsafe extern "C" fn() -> usize;
/// The hook `release` of tracebacks.
pub type libcgo_traceback_release_fn = unsafe extern "C" fn(context: usize);
/// The hook `traceback`.
pub type libcgo_traceback_fn = unsafe extern "C" fn(
    context: usize,
    signal_context: *const c_void,
    pcs: *mut usize,
    max: usize,
) -> usize;
/// The hook `symbolize`.
pub type libcgo_symbolize_fn = unsafe extern "C" fn(symbol: *mut libcgo_symbol) -> c_int;

// ---- constants ----

/// The version of libcgo's records, as these declarations describe them.
pub const LIBCGO_RECORD_VERSION: u32 = 1;
/// `guard_size` of [`libcgo_thread_attr`]: no guard.
pub const LIBCGO_NO_GUARD: usize = usize::MAX;
/// `signal_stack_size` of [`libcgo_thread_attr`]: no signal stack.
pub const LIBCGO_NO_SIGNAL_STACK: usize = usize::MAX;
/// The bytes of stack that C leaves free below it when it calls `libcgo_call_on_stack` or
/// `libcgo_detach`.
pub const LIBCGO_C_ROOM: usize = 4096;
/// The fewest bytes that `libcgo_call_on_stack` accepts.
#[cfg(not(any(
    target_arch = "s390x",
    target_arch = "sparc64",
    all(target_arch = "powerpc64", target_endian = "big")
)))]
pub const LIBCGO_STACK_MIN: usize = 1024;
/// The fewest bytes that `libcgo_call_on_stack` accepts.
#[cfg(any(
    target_arch = "s390x",
    target_arch = "sparc64",
    all(target_arch = "powerpc64", target_endian = "big")
))]
pub const LIBCGO_STACK_MIN: usize = 2048;
/// A kind of stack: the system stack.
pub const LIBCGO_STACK_SYSTEM: c_int = 0;
/// A kind of stack: a small stack.
pub const LIBCGO_STACK_SMALL: c_int = 1;
/// A kind of stack: a signal stack.
pub const LIBCGO_STACK_SIGNAL: c_int = 2;
/// A kind of stack: a coroutine stack, to which C has switched.
pub const LIBCGO_STACK_OTHER: c_int = 3;
/// `flags` of [`libcgo_runtime`]: this runtime stops its world.
pub const LIBCGO_WORLD: usize = 1;
/// `options` of [`libcgo_context`]: it keeps the floating-point control words.
pub const LIBCGO_CONTEXT_KEEPS_CONTROL: usize = 1;

const fn size_of<T>() -> u32 {
    core::mem::size_of::<T>() as u32
}

/// The state of a runtime's start-up. See libcgo_init_wait(3).
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_init {
    /// Of this record, in bytes.
    pub size: u32,
    /// The library's.
    pub state: u32,
    #[doc(hidden)]
    pub reserved: [u32; 6],
}

impl libcgo_init {
    /// `LIBCGO_INIT`
    pub const INIT: Self = Self { size: size_of::<Self>(), state: 0, reserved: [0; 6] };
    /// `LIBCGO_INIT_READY`: a runtime that needs no start-up.
    pub const READY: Self = Self { size: size_of::<Self>(), state: 2, reserved: [0; 6] };
}

/// The hooks of a runtime. See libcgo-runtime(7).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct libcgo_ops {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// The calling thread now uses this record. Required.
    pub enter: Option<libcgo_enter_fn>,
    /// The calling thread no longer uses this record. Required.
    pub leave: Option<libcgo_leave_fn>,
    /// Returns a record for a foreign thread, or NULL.
    pub acquire: Option<libcgo_acquire_fn>,
    /// Takes back a record that `acquire` returned.
    pub release: Option<libcgo_release_fn>,
    /// Returns the calling thread's record, or NULL. Required.
    pub current: Option<libcgo_current_fn>,
    /// Gets the last message before the process aborts.
    pub fatal: Option<libcgo_fatal_fn>,
    #[doc(hidden)]
    pub reserved: [Option<libcgo_reserved_fn>; 8],
}

impl libcgo_ops {
    /// `LIBCGO_OPS(enter, leave, acquire, release, current, fatal)`
    pub const fn new(
        enter: libcgo_enter_fn,
        leave: libcgo_leave_fn,
        acquire: Option<libcgo_acquire_fn>,
        release: Option<libcgo_release_fn>,
        current: libcgo_current_fn,
        fatal: Option<libcgo_fatal_fn>,
    ) -> Self {
        Self {
            size: size_of::<Self>(),
            version: LIBCGO_RECORD_VERSION,
            enter: Some(enter),
            leave: Some(leave),
            acquire,
            release,
            current: Some(current),
            fatal,
            reserved: [None; 8],
        }
    }
}

/// The record of a runtime.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_runtime {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// The hooks.
    pub ops: *const libcgo_ops,
    /// The start-up.
    pub init: libcgo_init,
    /// The client's.
    pub data: *mut c_void,
    /// Bytes of each thread's signal stack; 0: none.
    pub signal_stack_size: usize,
    #[doc(hidden)]
    pub key: usize,
    #[doc(hidden)]
    pub pinned: usize,
    #[doc(hidden)]
    pub traceback: [usize; 4],
    /// A `sigset_t` of signals that are never held, or NULL.
    pub open_signals: *const c_void,
    /// [`LIBCGO_WORLD`], or 0.
    pub flags: usize,
    #[doc(hidden)]
    pub world: usize,
    #[doc(hidden)]
    pub reserved: [usize; 7],
}

impl libcgo_runtime {
    /// `LIBCGO_RUNTIME_INIT(ops)`
    pub const fn new(ops: *const libcgo_ops) -> Self {
        Self {
            size: size_of::<Self>(),
            version: LIBCGO_RECORD_VERSION,
            ops,
            init: libcgo_init::INIT,
            data: null_mut(),
            signal_stack_size: 0,
            key: 0,
            pinned: 0,
            traceback: [0; 4],
            open_signals: null(),
            flags: 0,
            world: 0,
            reserved: [0; 7],
        }
    }
}

/// The record of a thread in a runtime.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_thread {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// Set by the library before `enter`.
    pub runtime: *mut libcgo_runtime,
    /// The client's.
    pub g: *mut c_void,
    /// The client's.
    pub data: *mut c_void,
    #[doc(hidden)]
    pub library: [usize; 46],
    /// Not 0: the thread is to call [`libcgo_safepoint_slow`]. Other threads change it.
    pub poll: u32,
    #[doc(hidden)]
    pub slow: u32,
    #[doc(hidden)]
    pub mode: u32,
    #[doc(hidden)]
    pub spare: u32,
    #[doc(hidden)]
    pub parked_sp: usize,
    #[doc(hidden)]
    pub member: usize,
    #[doc(hidden)]
    pub more: [usize; 6],
}

impl libcgo_thread {
    /// `LIBCGO_THREAD_INIT`
    pub const INIT: Self = Self {
        size: size_of::<Self>(),
        version: LIBCGO_RECORD_VERSION,
        runtime: null_mut(),
        g: null_mut(),
        data: null_mut(),
        library: [0; 46],
        poll: 0,
        slow: 0,
        mode: 0,
        spare: 0,
        parked_sp: 0,
        member: 0,
        more: [0; 6],
    };
}

/// The attributes of a new thread.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_thread_attr {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// Bytes of the stack; 0: the default.
    pub stack_size: usize,
    /// Bytes below the stack that fault; 0: the default; [`LIBCGO_NO_GUARD`]: none.
    pub guard_size: usize,
    /// Bytes of the signal stack; 0: as the runtime's record says;
    /// [`LIBCGO_NO_SIGNAL_STACK`]: none.
    pub signal_stack_size: usize,
    /// A name, or NULL.
    pub name: *const c_char,
    /// A `sigset_t`, or NULL.
    pub signal_mask: *const c_void,
    /// A set of CPUs, or NULL.
    pub cpus: *const c_void,
    /// Bytes of that set.
    pub cpus_size: usize,
    #[doc(hidden)]
    pub reserved: [usize; 8],
}

impl libcgo_thread_attr {
    /// `LIBCGO_THREAD_ATTR_INIT`
    pub const INIT: Self = Self {
        size: size_of::<Self>(),
        version: LIBCGO_RECORD_VERSION,
        stack_size: 0,
        guard_size: 0,
        signal_stack_size: 0,
        name: null(),
        signal_mask: null(),
        cpus: null(),
        cpus_size: 0,
        reserved: [0; 8],
    };
}

/// The limit that kept the system from creating a thread.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_limit {
    /// Of this record, in bytes.
    pub size: u32,
    #[doc(hidden)]
    pub reserved: u32,
    /// The limit.
    pub value: u64,
    /// How much of it was in use.
    pub used: u64,
    /// Such as "RLIMIT_NPROC"; NULL: not found out.
    pub name: *const c_char,
    /// Of both numbers, such as "threads".
    pub unit: *const c_char,
    /// How to raise it.
    pub remedy: *const c_char,
}

impl libcgo_limit {
    /// `LIBCGO_LIMIT_INIT`
    pub const INIT: Self = Self {
        size: size_of::<Self>(),
        reserved: 0,
        value: 0,
        used: 0,
        name: null(),
        unit: null(),
        remedy: null(),
    };
}

/// A small stack.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct libcgo_stack {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// Its lowest byte.
    pub lo: usize,
    /// The byte after its highest.
    pub hi: usize,
    #[doc(hidden)]
    pub reserved: [usize; 4],
}

impl libcgo_stack {
    /// `LIBCGO_STACK_INIT(lo, hi)`
    pub const fn new(lo: usize, hi: usize) -> Self {
        Self {
            size: size_of::<Self>(),
            version: LIBCGO_RECORD_VERSION,
            lo,
            hi,
            reserved: [0; 4],
        }
    }
}

/// The usable part of a stack.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct libcgo_bounds {
    /// Its lowest byte.
    pub lo: usize,
    /// The byte after its highest.
    pub hi: usize,
    /// `LIBCGO_STACK_...`
    pub kind: c_int,
}

/// A part of a stack, or of a record.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct libcgo_segment {
    /// Its lowest byte.
    pub lo: usize,
    /// The byte after its highest.
    pub hi: usize,
    /// `LIBCGO_STACK_...`
    pub kind: c_int,
}

/// The record of a context.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_context {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// Where it is suspended; 0: not suspended; 1: over.
    pub sp: usize,
    #[doc(hidden)]
    pub lo: usize,
    #[doc(hidden)]
    pub span: usize,
    /// The thread in which it runs, or ran last.
    pub thread: *mut libcgo_thread,
    #[doc(hidden)]
    pub flags: usize,
    /// The client's: [`LIBCGO_CONTEXT_KEEPS_CONTROL`], or 0.
    pub options: usize,
    #[doc(hidden)]
    pub control: usize,
    #[doc(hidden)]
    pub keeps: usize,
    #[doc(hidden)]
    pub call: usize,
    #[doc(hidden)]
    pub serial: usize,
    /// The stack for which it was made, or 0.
    pub stack_lo: usize,
    /// Its end.
    pub stack_hi: usize,
    #[doc(hidden)]
    pub ahead: usize,
    /// The client's.
    pub data: *mut c_void,
    #[doc(hidden)]
    pub reserved: [usize; 8],
}

impl libcgo_context {
    /// `LIBCGO_CONTEXT_INIT`
    pub const INIT: Self = Self {
        size: size_of::<Self>(),
        version: LIBCGO_RECORD_VERSION,
        sp: 0,
        lo: 0,
        span: 0,
        thread: null_mut(),
        flags: 0,
        options: 0,
        control: 0,
        keeps: 0,
        call: 0,
        serial: 0,
        stack_lo: 0,
        stack_hi: 0,
        ahead: 0,
        data: null_mut(),
        reserved: [0; 8],
    };
}

/// A table of handles.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_handle_table {
    /// Of this record, in bytes.
    pub size: u32,
    #[doc(hidden)]
    pub reserved: u32,
    #[doc(hidden)]
    pub segments: [usize; HANDLE_SEGMENTS],
    #[doc(hidden)]
    pub reserved_words: [usize; 8],
    #[doc(hidden)]
    pub origin: usize,
    #[doc(hidden)]
    pub segment_count: usize,
    #[doc(hidden)]
    pub open: usize,
    #[doc(hidden)]
    pub next: usize,
    #[doc(hidden)]
    pub reserved_counts: [usize; 4],
}

const HANDLE_SEGMENTS: usize = if core::mem::size_of::<usize>() == 8 { 20 } else { 13 };

impl libcgo_handle_table {
    /// `LIBCGO_HANDLE_TABLE_INIT`
    pub const INIT: Self = Self {
        size: size_of::<Self>(),
        reserved: 0,
        segments: [0; HANDLE_SEGMENTS],
        reserved_words: [0; 8],
        origin: 0,
        segment_count: 0,
        open: 0,
        next: 0,
        reserved_counts: [0; 4],
    };
}

/// A mailbox.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_mailbox {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// Makes a thread of the machine serve.
    pub wake: Option<libcgo_wake_fn>,
    /// The client's.
    pub data: *mut c_void,
    #[doc(hidden)]
    pub state: usize,
    #[doc(hidden)]
    pub inside: u32,
    #[doc(hidden)]
    pub unused: u32,
    #[doc(hidden)]
    pub reserved: [usize; 8],
}

impl libcgo_mailbox {
    /// `LIBCGO_MAILBOX_INIT(wake)`
    pub const fn new(wake: Option<libcgo_wake_fn>) -> Self {
        Self {
            size: size_of::<Self>(),
            version: LIBCGO_RECORD_VERSION,
            wake,
            data: null_mut(),
            state: 0,
            inside: 0,
            unused: 0,
            reserved: [0; 8],
        }
    }
}

/// A time in nanoseconds that does not end.
pub const LIBCGO_FOR_EVER: u64 = u64::MAX;

/// What is known about a place in the code.
#[repr(C)]
#[derive(Debug)]
pub struct libcgo_symbol {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// The place.
    pub pc: usize,
    /// The function's name, or NULL.
    pub function: *const c_char,
    /// The function's first instruction, or 0.
    pub entry: usize,
    /// Name of the executable or shared object, or NULL.
    pub object: *const c_char,
    /// Name of the source file, or NULL.
    pub file: *const c_char,
    /// Line in that file, from 1; or 0.
    pub line: usize,
    /// Not 0: the place is in a function that was inlined.
    pub more: usize,
    /// The hook's own.
    pub data: usize,
    #[doc(hidden)]
    pub reserved: [usize; 6],
}

impl libcgo_symbol {
    /// `LIBCGO_SYMBOL_INIT`
    pub const INIT: Self = Self {
        size: size_of::<Self>(),
        version: LIBCGO_RECORD_VERSION,
        pc: 0,
        function: null(),
        entry: 0,
        object: null(),
        file: null(),
        line: 0,
        more: 0,
        data: 0,
        reserved: [0; 6],
    };
}

/// The hooks for tracebacks. See libcgo_traceback_set(3).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct libcgo_traceback_ops {
    /// Of this record, in bytes.
    pub size: u32,
    /// [`LIBCGO_RECORD_VERSION`]
    pub version: u32,
    /// Notes the C frames of the calling thread.
    pub context: Option<libcgo_traceback_context_fn>,
    /// Gets the word of `context` back.
    pub release: Option<libcgo_traceback_release_fn>,
    /// Does what [`libcgo_traceback`](fn@libcgo_traceback) does.
    pub traceback: Option<libcgo_traceback_fn>,
    /// Does what [`libcgo_symbolize`] does.
    pub symbolize: Option<libcgo_symbolize_fn>,
    #[doc(hidden)]
    pub reserved: [Option<libcgo_reserved_fn>; 4],
}

impl libcgo_traceback_ops {
    /// `LIBCGO_TRACEBACK_OPS(NULL, NULL, NULL, NULL)`
    pub const INIT: Self = Self {
        size: size_of::<Self>(),
        version: LIBCGO_RECORD_VERSION,
        context: None,
        release: None,
        traceback: None,
        symbolize: None,
        reserved: [None; 4],
    };
}

// Each function is documented by its man page, and in <libcgo/TOPIC.h>.
#[allow(missing_docs)]
mod functions {
    use super::*;

    // What a panic may pass.
    extern "C-unwind" {
        // <libcgo/runtime.h>
        pub fn libcgo_callback(
            runtime: *mut libcgo_runtime,
            fn_: Option<libcgo_thread_fn>,
            arg: *mut c_void,
        ) -> c_int;

        // <libcgo/thread.h>
        pub fn libcgo_thread_create(
            runtime: *mut libcgo_runtime,
            thread: *mut libcgo_thread,
            attr: *const libcgo_thread_attr,
            fn_: Option<libcgo_thread_fn>,
            arg: *mut c_void,
            limit: *mut libcgo_limit,
        ) -> c_int;

        // <libcgo/stack.h>
        pub fn libcgo_call_on_system(
            thread: *mut libcgo_thread,
            fn_: libcgo_stack_fn,
            arg: *mut c_void,
        ) -> usize;
        pub fn libcgo_call_on_stack(
            thread: *mut libcgo_thread,
            stack: *const libcgo_stack,
            fn_: libcgo_stack_fn,
            arg: *mut c_void,
        ) -> usize;

        // <libcgo/world.h>
        pub fn libcgo_call_parked(
            thread: *mut libcgo_thread,
            fn_: libcgo_stack_fn,
            arg: *mut c_void,
        ) -> usize;

        // <libcgo/context.h>. A panic may begin in what is resumed, and pass its callers.
        #[cfg(not(windows))]
        pub fn libcgo_switch(
            thread: *mut libcgo_thread,
            from: *mut libcgo_context,
            to: *mut libcgo_context,
            word: usize,
        ) -> usize;

        // <libcgo/crossing.h>
        pub fn libcgo_crosscall(
            fn_: libcgo_crosscall_fn,
            arg: *mut c_void,
            word: usize,
        ) -> usize;
        pub fn crosscall2(fn_: libcgo_crosscall2_fn, arg: *mut c_void, argsize: i32);
    }

    extern "C" {
        // What the macros that initialise records do, by C; and ready-made hooks.
        pub fn libcgo_init_init(init: *mut libcgo_init, size: usize) -> c_int;
        pub fn libcgo_ops_init(ops: *mut libcgo_ops, size: usize) -> c_int;
        pub fn libcgo_runtime_init(
            runtime: *mut libcgo_runtime,
            size: usize,
            ops: *const libcgo_ops,
        ) -> c_int;
        pub fn libcgo_thread_init(thread: *mut libcgo_thread, size: usize) -> c_int;
        pub fn libcgo_thread_attr_init(attr: *mut libcgo_thread_attr, size: usize)
            -> c_int;
        pub fn libcgo_limit_init(limit: *mut libcgo_limit, size: usize) -> c_int;
        pub fn libcgo_stack_init(
            stack: *mut libcgo_stack,
            size: usize,
            lo: usize,
            hi: usize,
        ) -> c_int;
        #[cfg(not(windows))]
        pub fn libcgo_context_init(context: *mut libcgo_context, size: usize) -> c_int;
        pub fn libcgo_handle_table_init(
            table: *mut libcgo_handle_table,
            size: usize,
        ) -> c_int;
        pub fn libcgo_symbol_init(symbol: *mut libcgo_symbol, size: usize) -> c_int;
        pub fn libcgo_traceback_ops_init(
            ops: *mut libcgo_traceback_ops,
            size: usize,
        ) -> c_int;
        // <libcgo/hooks.h>
        pub fn libcgo_current(runtime: *const libcgo_runtime) -> *mut libcgo_thread;
        pub fn libcgo_ready_ops() -> *const libcgo_ops;

        // <libcgo/version.h>
        pub fn libcgo_version() -> c_int;

        // <libcgo/runtime.h>
        pub fn libcgo_attach(
            runtime: *mut libcgo_runtime,
            thread: *mut *mut libcgo_thread,
        ) -> c_int;
        pub fn libcgo_detach(runtime: *mut libcgo_runtime) -> c_int;
        pub fn libcgo_runtime_end(runtime: *mut libcgo_runtime) -> c_int;

        // <libcgo/init.h>
        pub fn libcgo_init_begin(init: *mut libcgo_init) -> c_int;
        pub fn libcgo_init_done(init: *mut libcgo_init) -> c_int;
        pub fn libcgo_init_abandon(init: *mut libcgo_init) -> c_int;
        pub fn libcgo_init_wait(init: *mut libcgo_init) -> c_int;

        // <libcgo/thread.h>
        pub fn libcgo_limit_text(
            limit: *const libcgo_limit,
            buffer: *mut c_char,
            size: usize,
        ) -> usize;

        // <libcgo/stack.h>
        pub fn libcgo_stack_map(stack: *mut libcgo_stack, bytes: usize) -> c_int;
        pub fn libcgo_stack_unmap(stack: *mut libcgo_stack) -> c_int;
        pub fn libcgo_stack_switched(
            thread: *mut libcgo_thread,
            stack: *const libcgo_stack,
        ) -> c_int;
        pub fn libcgo_stack_left(
            thread: *mut libcgo_thread,
            stack: *const libcgo_stack,
        ) -> c_int;
        pub fn libcgo_stack_bounds(
            thread: *mut libcgo_thread,
            bounds: *mut libcgo_bounds,
        ) -> c_int;

        // <libcgo/context.h>
        #[cfg(not(windows))]
        pub fn libcgo_context_make(
            context: *mut libcgo_context,
            stack: *const libcgo_stack,
            fn_: Option<libcgo_context_fn>,
            arg: *mut c_void,
        ) -> c_int;
        #[cfg(not(windows))]
        pub fn libcgo_context_traceback(
            runtime: *mut libcgo_runtime,
            context: *const libcgo_context,
            pcs: *mut usize,
            most: usize,
        ) -> usize;

        // <libcgo/handle.h>
        pub fn libcgo_handle_new(
            table: *mut libcgo_handle_table,
            object: *mut c_void,
            handle: *mut usize,
        ) -> c_int;
        pub fn libcgo_handle_get(
            table: *const libcgo_handle_table,
            handle: usize,
        ) -> *mut c_void;
        pub fn libcgo_handle_free(table: *mut libcgo_handle_table, handle: usize) -> c_int;
        pub fn libcgo_handle_count(table: *const libcgo_handle_table) -> usize;
        pub fn libcgo_handle_table_destroy(table: *mut libcgo_handle_table) -> c_int;

        // <libcgo/mailbox.h>
        pub fn libcgo_mailbox_init(box_: *mut libcgo_mailbox, size: usize) -> c_int;
        pub fn libcgo_mailbox_open(box_: *mut libcgo_mailbox, places: usize) -> c_int;
        pub fn libcgo_mailbox_post(
            box_: *mut libcgo_mailbox,
            fn_: Option<libcgo_mailbox_fn>,
            arg: *mut c_void,
            timeout_ns: u64,
        ) -> c_int;
        pub fn libcgo_mailbox_call(
            box_: *mut libcgo_mailbox,
            fn_: Option<libcgo_mailbox_fn>,
            arg: *mut c_void,
            timeout_ns: u64,
        ) -> c_int;
        pub fn libcgo_mailbox_serve(box_: *mut libcgo_mailbox, most: usize) -> usize;
        pub fn libcgo_mailbox_wait(box_: *mut libcgo_mailbox, timeout_ns: u64) -> c_int;
        pub fn libcgo_mailbox_interrupt(box_: *mut libcgo_mailbox);
        pub fn libcgo_mailbox_close(box_: *mut libcgo_mailbox) -> c_int;
        pub fn libcgo_mailbox_end(box_: *mut libcgo_mailbox) -> c_int;

        // <libcgo/world.h>
        pub fn libcgo_park(thread: *mut libcgo_thread);
        pub fn libcgo_unpark(thread: *mut libcgo_thread);
        pub fn libcgo_safepoint_slow(thread: *mut libcgo_thread);
        pub fn libcgo_world_stop(
            runtime: *mut libcgo_runtime,
            timeout_ns: u64,
            late: *mut *mut libcgo_thread,
        ) -> c_int;
        pub fn libcgo_world_start(runtime: *mut libcgo_runtime) -> c_int;
        pub fn libcgo_handshake(
            runtime: *mut libcgo_runtime,
            thread: *mut libcgo_thread,
            fn_: Option<unsafe extern "C" fn(thread: *mut libcgo_thread, arg: *mut c_void)>,
            arg: *mut c_void,
        ) -> c_int;
        pub fn libcgo_threads_visit(
            runtime: *mut libcgo_runtime,
            visit: Option<
                unsafe extern "C" fn(thread: *mut libcgo_thread, arg: *mut c_void) -> c_int,
            >,
            arg: *mut c_void,
        ) -> c_int;
        pub fn libcgo_segments_visit(
            thread: *mut libcgo_thread,
            visit: Option<
                unsafe extern "C" fn(
                    segment: *const libcgo_segment,
                    arg: *mut c_void,
                ) -> c_int,
            >,
            arg: *mut c_void,
        ) -> c_int;
        pub fn libcgo_context_segment(
            context: *const libcgo_context,
            segment: *mut libcgo_segment,
        ) -> c_int;
        pub fn libcgo_handle_visit(
            table: *mut libcgo_handle_table,
            visit: Option<
                unsafe extern "C" fn(
                    handle: usize,
                    object: *mut *mut c_void,
                    arg: *mut c_void,
                ) -> c_int,
            >,
            arg: *mut c_void,
        ) -> c_int;
        pub fn libcgo_runtime_close(runtime: *mut libcgo_runtime, timeout_ns: u64)
            -> c_int;

        // <libcgo/slots.h>
        pub fn libcgo_slots_claim(
            runtime: *mut libcgo_runtime,
            offset: *mut isize,
        ) -> c_int;
        pub fn libcgo_slots_release(runtime: *mut libcgo_runtime) -> c_int;
        pub fn libcgo_slots_at(offset: isize) -> *mut usize;

        // <libcgo/traceback.h>
        pub fn libcgo_traceback_set(
            runtime: *mut libcgo_runtime,
            ops: *const libcgo_traceback_ops,
        ) -> c_int;
        pub fn libcgo_traceback_context(runtime: *const libcgo_runtime) -> usize;
        pub fn libcgo_traceback_release(runtime: *const libcgo_runtime, context: usize);
        pub fn libcgo_traceback(
            runtime: *const libcgo_runtime,
            context: usize,
            signal_context: *const c_void,
            pcs: *mut usize,
            max: usize,
        ) -> usize;
        pub fn libcgo_symbolize(
            runtime: *const libcgo_runtime,
            symbol: *mut libcgo_symbol,
        ) -> c_int;
    }
}
pub use functions::*;

/// The compiler flags with which C finds libcgo's headers, as pkg-config told the build
/// script; or nothing.
pub const CFLAGS: Option<&str> = option_env!("LIBCGO_SYS_CFLAGS");
