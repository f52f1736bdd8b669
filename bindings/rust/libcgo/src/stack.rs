// SPDX-License-Identifier: BSD-3-Clause

use crate::error::check;
use crate::{sys, Result};
use std::ffi::c_void;
use std::fmt;
use std::ptr::null_mut;

/// A small stack of memory of its own, with a guard page below (`libcgo_stack_map`).
///
/// An overflow faults on the guard page, as on the stack of a thread: Rust touches the
/// pages of a large frame one by one. Rust's message about it does not come, because the
/// standard library knows the stacks of its own threads only.
///
/// `Send`: it is an owned mapping. `Sync`: a shared reference only tells where it is.
pub struct Stack {
    record: sys::libcgo_stack,
}

impl Stack {
    /// At least this many usable bytes, in whole pages. Errors: EINVAL for 0, ENOMEM.
    pub fn new(bytes: usize) -> Result<Self> {
        let mut record = sys::libcgo_stack::new(0, 0);
        // SAFETY: the record is ours.
        check(unsafe { sys::libcgo_stack_map(&mut record, bytes) }, "libcgo_stack_map")?;
        Ok(Self { record })
    }

    /// Its usable bytes.
    pub fn size(&self) -> usize {
        self.record.hi - self.record.lo
    }

    /// Whether the address is in it.
    pub fn contains<T>(&self, address: *const T) -> bool {
        (self.record.lo..self.record.hi).contains(&(address as usize))
    }

    /// The record for C. It belongs to this object.
    pub fn as_raw(&self) -> &sys::libcgo_stack {
        &self.record
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: nothing runs on it: who runs something borrows it, or owns it and is not
        // dropped before that is over.
        unsafe { sys::libcgo_stack_unmap(&mut self.record) };
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stack({:#x}..{:#x})", self.record.lo, self.record.hi)
    }
}

/// The kinds of stacks, `LIBCGO_STACK_...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StackKind {
    /// The stack that the system gave the thread.
    System,
    /// A small stack.
    Small,
    /// A signal stack.
    Signal,
    /// A coroutine stack.
    Other,
}

/// The usable part of a stack.
///
/// `Send` and `Sync`: three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Its lowest byte.
    pub lo: usize,
    /// The byte after its highest.
    pub hi: usize,
    /// What it is.
    pub kind: StackKind,
}

impl Bounds {
    /// The bounds of the stack on which the caller runs, looked up by system calls
    /// (`libcgo_stack_bounds`). [`Attached::bounds`](crate::Attached::bounds) remembers
    /// them. Errors: those of the system.
    pub fn here() -> Result<Self> {
        look_up(null_mut())
    }
}

/// The record is the calling thread's, or NULL.
pub(crate) fn look_up(thread: *mut sys::libcgo_thread) -> Result<Bounds> {
    let mut found = sys::libcgo_bounds { lo: 0, hi: 0, kind: sys::LIBCGO_STACK_OTHER };
    // SAFETY: `found` is ours, the record the calling thread's.
    check(unsafe { sys::libcgo_stack_bounds(thread, &mut found) }, "libcgo_stack_bounds")?;
    let kind = match found.kind {
        sys::LIBCGO_STACK_SYSTEM => StackKind::System,
        sys::LIBCGO_STACK_SMALL => StackKind::Small,
        sys::LIBCGO_STACK_SIGNAL => StackKind::Signal,
        _ => StackKind::Other,
    };
    Ok(Bounds { lo: found.lo, hi: found.hi, kind })
}

/// Carries a closure through C, and its result back. Lives in the caller's frame. When a
/// panic passes, its owner drops what is left.
pub(crate) struct Crossing<F, R> {
    pub f: Option<F>,
    pub result: Option<R>,
}

impl<F: FnOnce() -> R, R> Crossing<F, R> {
    pub fn new(f: F) -> Self {
        Self { f: Some(f), result: None }
    }

    pub fn arg(&mut self) -> *mut c_void {
        std::ptr::from_mut(self).cast()
    }

    /// C calls this, once, with `arg()`.
    pub unsafe extern "C-unwind" fn enter(arg: *mut c_void) -> usize {
        // SAFETY: the crossing is in the frame of the caller, which waits for us.
        let crossing = unsafe { &mut *arg.cast::<Self>() };
        if let Some(f) = crossing.f.take() {
            crossing.result = Some(f());
        }
        0
    }
}
