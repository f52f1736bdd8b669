// SPDX-License-Identifier: BSD-3-Clause

use crate::error::check;
use crate::runtime::{not_in_hook, Call};
use crate::stack::Crossing;
use crate::{sys, Attached, Hooks, Result, Runtime};
use std::fmt;
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Nanoseconds for C; what does not fit is no limit.
fn nanoseconds(timeout: Option<Duration>) -> u64 {
    timeout.and_then(|timeout| timeout.as_nanos().try_into().ok()).unwrap_or(u64::MAX)
}

/// The world: a collector stops the threads of a runtime, but not C. For a runtime that is
/// made with [`with_world`](Self::with_world). See libcgo_world_stop(3).
///
/// A thread is *managed* while it may touch the runtime's heap, and *parked* while it
/// promises not to. What the heap is, the runtime's author decides; this crate takes no
/// promise for it. To look at other threads' stacks there are
/// [`sys::libcgo_threads_visit`] and [`sys::libcgo_segments_visit`].
impl<H: Hooks> Runtime<H> {
    /// This runtime stops its world (`LIBCGO_WORLD`).
    pub const fn with_world(mut self) -> Self {
        self.raw_mut().flags |= sys::LIBCGO_WORLD;
        self
    }

    /// Returns when every thread of the runtime, but the caller, is parked
    /// (`libcgo_world_stop`). They stay so until the result is dropped.
    ///
    /// Errors: ETIMEDOUT if a thread is still managed; EDEADLK if the caller has stopped
    /// the world already; ENOTSUP without [`with_world`](Self::with_world); EBUSY in a
    /// hook.
    pub fn stop_world(&'static self, timeout: Option<Duration>) -> Result<Stopped<H>> {
        not_in_hook("libcgo_world_stop")?;
        // SAFETY: the record is valid and 'static.
        let code = unsafe {
            sys::libcgo_world_stop(self.as_raw(), nanoseconds(timeout), null_mut())
        };
        check(code, "libcgo_world_stop")?;
        Ok(Stopped { runtime: self, of_this_thread: PhantomData })
    }

    /// Closes the runtime (`libcgo_runtime_close`): from now on callbacks, attachments and
    /// new threads are refused (ESHUTDOWN). Waits for the callbacks of other threads that
    /// are under way. Threads that end later run no hook; what they had is not dropped.
    ///
    /// It does not wait for code that uses an [`Attached`](crate::Attached) outside of
    /// callbacks: that code's next `on_system` or `on_stack` aborts the process. End it before.
    ///
    /// Errors: ETIMEDOUT: callbacks are still under way; the runtime is closed, call again.
    /// ENOTSUP without [`with_world`](Self::with_world). EBUSY in a hook.
    pub fn close(&'static self, timeout: Option<Duration>) -> Result<()> {
        not_in_hook("libcgo_runtime_close")?;
        // SAFETY: the record is valid and 'static. The records of threads are leaked.
        let code =
            unsafe { sys::libcgo_runtime_close(self.as_raw(), nanoseconds(timeout)) };
        check(code, "libcgo_runtime_close")
    }
}

/// A stopped world, until it is dropped.
///
/// Neither `Send` nor `Sync`: the thread that has stopped it starts it.
pub struct Stopped<H: Hooks> {
    runtime: &'static Runtime<H>,
    of_this_thread: PhantomData<*const ()>,
}

impl<H: Hooks> Drop for Stopped<H> {
    fn drop(&mut self) {
        // SAFETY: this thread has stopped it.
        unsafe { sys::libcgo_world_start(self.runtime.as_raw()) };
    }
}

impl<H: Hooks> fmt::Debug for Stopped<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stopped({:?})", self.runtime)
    }
}

/// The world: see [`Runtime::stop_world`]. In a runtime without it, these are
/// [`on_system`](Self::on_system) and nothing.
impl<H: Hooks> Attached<'_, H> {
    /// Calls `f` as [`on_system`](Self::on_system) does, parked (`libcgo_call_parked`), and
    /// waits before it returns while the world is stopped. `f` may block, and call back. A
    /// panic of `f` passes; when it arrives, the thread has waited, too.
    #[inline(never)] // see `find`
    pub fn call_parked<F, R>(self, f: F) -> R
    where
        F: FnOnce() -> R,
    {
        let _call = Call::begin();
        let mut crossing = Crossing::new(f);
        // SAFETY: the record is the calling thread's; `enter` gets its crossing.
        unsafe {
            sys::libcgo_call_parked(self.as_raw(), Crossing::<F, R>::enter, crossing.arg());
        }
        crossing.result.expect("C has called the closure")
    }

    /// The thread can be stopped here (`libcgo_safepoint`). A load and a branch.
    #[inline]
    pub fn safepoint(self) {
        // SAFETY: the record is the calling thread's. Other threads store to the word.
        unsafe {
            let poll = &raw const (*self.as_raw()).poll;
            if (*poll.cast::<AtomicU32>()).load(Ordering::Relaxed) != 0 {
                sys::libcgo_safepoint_slow(self.as_raw());
            }
        }
    }

    /// Parks the thread while `f` runs, on this stack (`libcgo_park`, `libcgo_unpark`): for
    /// code that waits by itself. Afterwards the thread is managed, also after a panic. On a
    /// thread that is parked already this only calls `f`, and the thread stays parked.
    pub fn parked<F, R>(self, f: F) -> R
    where
        F: FnOnce() -> R,
    {
        struct Unpark(*mut sys::libcgo_thread);
        impl Drop for Unpark {
            fn drop(&mut self) {
                // SAFETY: the record is the calling thread's.
                unsafe { sys::libcgo_unpark(self.0) };
            }
        }
        const PARKED: u32 = 1; // in `mode`
        let _call = Call::begin(); // a context stays in it

        // SAFETY: the record is the calling thread's, and only this thread changes the word.
        let outer = unsafe { (*self.as_raw()).mode == PARKED };
        let _unpark = (!outer).then(|| Unpark(self.as_raw()));
        if !outer {
            // SAFETY: the record is the calling thread's.
            unsafe { sys::libcgo_park(self.as_raw()) };
        }
        f()
    }
}
