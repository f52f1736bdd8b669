// SPDX-License-Identifier: BSD-3-Clause

use crate::error::check;
use crate::{sys, Hooks, Result, Runtime};
use std::ffi::{c_char, c_void, CStr};
use std::ptr::null;

/// What is known about a place in the code.
///
/// `Send` and `Sync`: it owns copies of the strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Symbol {
    /// The function's name.
    pub function: Option<String>,
    /// The function's first instruction.
    pub entry: Option<usize>,
    /// Name of the executable or shared object.
    pub object: Option<String>,
    /// Name of the source file.
    pub file: Option<String>,
    /// Line in that file, from 1.
    pub line: Option<usize>,
}

unsafe fn text(string: *const c_char) -> Option<String> {
    // SAFETY: the caller's: it is a string, or NULL.
    (!string.is_null())
        .then(|| unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned())
}

impl<H: Hooks> Runtime<H> {
    /// Finds the unwinder for [`traceback`](Self::traceback) (`libcgo_traceback_set`). For
    /// the start-up. Errors: ENOENT if there is none; then frame pointers are followed.
    ///
    /// # Safety
    ///
    /// No other thread calls it, or takes a traceback, at the same time.
    pub unsafe fn find_unwinder(&'static self) -> Result<()> {
        // SAFETY: the record is valid; the rest is the caller's.
        check(
            unsafe { sys::libcgo_traceback_set(self.as_raw(), null()) },
            "libcgo_traceback_set",
        )
    }

    /// Writes the return addresses of the calling thread's frames, the innermost first, and
    /// returns how many (`libcgo_traceback`). Those of other stacks that have called this
    /// one are among them.
    pub fn traceback(&self, pcs: &mut [usize]) -> usize {
        // SAFETY: as many addresses are written as there is room for.
        unsafe {
            sys::libcgo_traceback(self.as_raw(), 0, null(), pcs.as_mut_ptr(), pcs.len())
        }
    }

    /// The same for the code that a signal has stopped. Safe in signal handlers.
    ///
    /// # Safety
    ///
    /// `context` is the `ucontext_t` that the handler got.
    pub unsafe fn traceback_of_signal(
        &self,
        context: *const c_void,
        pcs: &mut [usize],
    ) -> usize {
        // SAFETY: the caller's.
        unsafe {
            sys::libcgo_traceback(self.as_raw(), 0, context, pcs.as_mut_ptr(), pcs.len())
        }
    }

    /// Finds out what is at an address (`libcgo_symbolize`). For a return address ask for
    /// the byte before it, which belongs to the call. Errors: ENOENT if nothing is known.
    pub fn symbolize(&self, pc: usize) -> Result<Symbol> {
        let mut symbol = sys::libcgo_symbol { pc, ..sys::libcgo_symbol::INIT };
        // SAFETY: both records are valid; the strings are, as long as the object is loaded.
        unsafe {
            check(sys::libcgo_symbolize(self.as_raw(), &mut symbol), "libcgo_symbolize")?;
            Ok(Symbol {
                function: text(symbol.function),
                entry: (symbol.entry != 0).then_some(symbol.entry),
                object: text(symbol.object),
                file: text(symbol.file),
                line: (symbol.line != 0).then_some(symbol.line),
            })
        }
    }
}
