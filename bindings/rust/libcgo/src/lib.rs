// SPDX-License-Identifier: BSD-3-Clause
//! The border between a language runtime and C, on [libcgo's kit](libcgo_sys).
//!
//! libcgo starts a runtime's threads, calls C from its small stacks, and lets C call back
//! on any thread. This crate is its safe interface; the names in C stand with each item.
//!
//! ```
//! use libcgo::{Hooks, Runtime};
//!
//! struct Vm;
//! impl Hooks for Vm {
//!     type Thread = String; // what each thread has of its own
//!     fn attach(&self) -> Option<String> {
//!         Some("a foreign thread".into())
//!     }
//! }
//! static VM: Runtime<Vm> = Runtime::ready(Vm);
//!
//! // C calls this, on any thread.
//! extern "C-unwind" fn called_by_c() -> usize {
//!     VM.callback(|thread| thread.data().len()).unwrap()
//! }
//!
//! assert_eq!(called_by_c(), 16);
//! ```
//!
//! # Panics
//!
//! A panic of a closure passes [`callback`](Runtime::callback),
//! [`on_system`](Attached::on_system), [`call_parked`](Attached::call_parked),
//! [`on_stack`](Attached::on_stack) and [`Context::resume`], and runs the destructors on its way, on whatever stack they are. A
//! function that C calls must be `extern "C-unwind"` to let it through, and the C code in
//! between must have unwind tables; else the process ends.
//!
//! A panic ends the process if it leaves a hook, or the function of a thread that
//! [`Runtime::spawn`] has started: nobody is there to catch it.
//!
//! # What may not pass
//!
//! Rust forbids `longjmp`, `pthread_exit` and cancellation to leave frames that have
//! destructors. C that is called by this crate must not do so either.
//!
//! # Threads
//!
//! [`Attached`] proves that the calling thread has a record in a runtime. It stays on its
//! thread, and so does a [`Context`]. Each type says why it is, or is not, `Send` and
//! `Sync`.

mod context;
mod error;
mod handle;
mod runtime;
mod stack;
mod traceback;
mod world;

#[cfg(not(windows))]
pub use context::{Context, Resumed, Suspender};
pub use error::{Error, Result};
pub use handle::{ArcTable, HandleTable};
pub use libcgo_sys as sys;
pub use runtime::{Attached, Attachment, Hooks, Runtime, StartUp, ThreadOptions};
pub use stack::{Bounds, Stack, StackKind};
pub use traceback::Symbol;
pub use world::Stopped;
