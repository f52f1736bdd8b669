// SPDX-License-Identifier: BSD-3-Clause
#![cfg(not(windows))]

use crate::error::check;
use crate::runtime::{calls, is_mine};
use crate::{sys, Attached, Hooks, Result, Stack};
use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::ptr::{null_mut, NonNull};
use std::{fmt, process, thread};

/// What [`Context::resume`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed<T> {
    /// It has suspended itself, with this value.
    Suspended(T),
    /// Its closure has returned this value.
    Done(T),
}

/// A context: a closure that runs on a small stack of its own and suspends itself
/// (`libcgo_switch`).
///
/// ```
/// # use libcgo::{Context, Hooks, Resumed, Runtime, Stack};
/// # struct Vm;
/// # impl Hooks for Vm {
/// #     type Thread = ();
/// #     fn attach(&self) -> Option<()> { Some(()) }
/// # }
/// # static VM: Runtime<Vm> = Runtime::new(Vm);
/// let attachment = VM.attach()?;
/// let stack = Stack::new(64 << 10)?;
/// // SAFETY: the closure uses no thread-local variable across a suspension.
/// let mut context = unsafe {
///     Context::new(stack, |own, first| {
///         let second = own.suspend(first + 1);
///         second * 2
///     })
/// }?;
/// assert_eq!(context.resume(attachment.get(), 1), Resumed::Suspended(2));
/// assert_eq!(context.resume(attachment.get(), 4), Resumed::Done(8));
/// # Ok::<_, libcgo::Error>(())
/// ```
///
/// A panic of the closure ends the context and goes on in [`resume`](Self::resume).
///
/// If a suspended context is dropped, [`Suspender::suspend`] panics in it, without a
/// message, so that the objects on its stack are dropped; the panic ends with the context.
/// If the program is compiled with `panic = "abort"`, the stack and what is on it are never
/// freed. So no object on the stack is forgotten while its memory is used again.
///
/// ```compile_fail,E0277
/// fn needs_send<T: Send>() {}
/// needs_send::<libcgo::Context<u32>>();
/// ```
///
/// Neither `Send` nor `Sync`: what is on its stack belongs to the thread, and so do the
/// thread-local variables of which the compiler may have kept the address. A runtime whose
/// tasks move between threads uses [`sys::libcgo_switch`], and knows what its tasks do: see
/// the example `green`.
pub struct Context<T: 'static> {
    core: NonNull<Core<T>>,
    stack: ManuallyDrop<Stack>,
    values: PhantomData<Cell<T>>, // they go both ways
}

type Body<T> = Box<dyn FnOnce(&Suspender<T>, T) -> T>;

/// What the context and its closure share. On the heap: C wants it to stay where it is.
struct Core<T: 'static> {
    own: UnsafeCell<sys::libcgo_context>,
    resumer: UnsafeCell<sys::libcgo_context>,
    /// With which it was resumed last, or NULL.
    thread: Cell<*mut sys::libcgo_thread>,
    state: Cell<State>,
    body: Cell<Option<Body<T>>>,
    /// On its way from one side to the other.
    value: Cell<Option<T>>,
    panic: Cell<Option<Box<dyn Any + Send>>>,
    cancelled: Cell<bool>,
    /// When it was resumed: calls between stacks under way; whether the thread panicked.
    calls: Cell<usize>,
    panicking: Cell<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Running,
    Suspended,
    Done,
}

/// The panic that takes a dropped context apart.
struct Cancelled;

impl<T> Core<T> {
    /// The thread goes on in the context until that suspends itself or is over.
    fn switch_in(&self) {
        self.calls.set(calls());
        self.panicking.set(thread::panicking());
        self.state.set(State::Running);
        // SAFETY: both records are in the core, and the context is new or suspended. The
        // thread's record is its own, or NULL.
        unsafe {
            sys::libcgo_switch(self.thread.get(), self.resumer.get(), self.own.get(), 0);
        }
    }

    /// C calls this on the context's stack.
    unsafe extern "C" fn begin(arg: *mut c_void, _word: usize) -> *mut sys::libcgo_context {
        // SAFETY: the core stays until the context is over.
        let core = unsafe { &*arg.cast::<Self>() };
        if let (Some(body), Some(value)) = (core.body.take(), core.value.take()) {
            let own = Suspender { core: core.into(), values: PhantomData };
            match catch_unwind(AssertUnwindSafe(|| body(&own, value))) {
                Ok(value) => core.value.set(Some(value)),
                Err(panic) => core.panic.set(Some(panic)),
            }
        }
        core.state.set(State::Done);
        core.resumer.get()
    }
}

impl<T: 'static> Context<T> {
    /// The first [`resume`](Self::resume) calls `f(own, value)` on the stack. Errors:
    /// ENOTSUP if the thread uses a shadow stack.
    ///
    /// # Safety
    ///
    /// While the context is suspended, nothing in it relies on scopes of its thread being
    /// left in the opposite order to that in which they were entered: a scoped
    /// thread-local variable that is restored at the end of its scope, for instance. Two
    /// contexts may suspend themselves in any order.
    pub unsafe fn new<F>(stack: Stack, f: F) -> Result<Self>
    where
        F: FnOnce(&Suspender<T>, T) -> T + 'static,
    {
        let core = Box::new(Core {
            own: UnsafeCell::new(sys::libcgo_context::INIT),
            resumer: UnsafeCell::new(sys::libcgo_context::INIT),
            thread: Cell::new(null_mut()),
            state: Cell::new(State::New),
            body: Cell::new(Some(Box::new(f))),
            value: Cell::new(None),
            panic: Cell::new(None),
            cancelled: Cell::new(false),
            calls: Cell::new(0),
            panicking: Cell::new(false),
        });
        let arg = std::ptr::from_ref(&*core).cast_mut().cast();
        // SAFETY: the records are valid, and `begin` gets its core.
        let code = unsafe {
            sys::libcgo_context_make(
                core.own.get(),
                stack.as_raw(),
                Some(Core::<T>::begin),
                arg,
            )
        };
        check(code, "libcgo_context_make")?;
        Ok(Self {
            core: NonNull::from(Box::leak(core)),
            stack: ManuallyDrop::new(stack),
            values: PhantomData,
        })
    }

    fn core(&self) -> &Core<T> {
        // SAFETY: it is freed with `self`.
        unsafe { self.core.as_ref() }
    }

    /// Begins or goes on in the context, with `value`: the closure's argument, or the
    /// result of the pending [`Suspender::suspend`]. A panic of the closure passes.
    ///
    /// # Panics
    ///
    /// If the context is over.
    pub fn resume<H: Hooks>(&mut self, thread: Attached<'_, H>, value: T) -> Resumed<T> {
        let core = self.core();
        assert!(!self.is_done(), "libcgo: this context is over");
        core.thread.set(thread.as_raw());
        core.value.set(Some(value));
        core.switch_in();
        if let Some(panic) = core.panic.take() {
            resume_unwind(panic);
        }
        let value = core.value.take().expect("the context has left a value");
        match core.state.get() {
            State::Done => Resumed::Done(value),
            _ => Resumed::Suspended(value),
        }
    }

    /// Whether its closure has returned, or panicked.
    pub fn is_done(&self) -> bool {
        self.core().state.get() == State::Done
    }

    /// Drops the context, and returns its stack.
    pub fn into_stack(self) -> Stack {
        let mut this = ManuallyDrop::new(self);
        this.finish();
        assert!(this.is_done(), "libcgo: a context that is suspended keeps its stack");
        // SAFETY: both are taken once: `this` is never dropped.
        unsafe {
            drop(Box::from_raw(this.core.as_ptr()));
            ManuallyDrop::take(&mut this.stack)
        }
    }

    /// Afterwards it is over, if the program unwinds.
    fn finish(&mut self) {
        let core = self.core();
        match core.state.get() {
            State::New => {
                drop(core.body.take());
                core.state.set(State::Done);
            }
            State::Suspended if cfg!(panic = "unwind") => {
                if !is_mine(core.thread.get()) {
                    core.thread.set(null_mut());
                }
                core.cancelled.set(true);
                core.switch_in();
                drop(core.value.take());
                if let Some(panic) = core.panic.take() {
                    if !panic.is::<Cancelled>() && !thread::panicking() {
                        resume_unwind(panic);
                    }
                }
            }
            _ => {}
        }
    }
}

impl<T: 'static> Drop for Context<T> {
    fn drop(&mut self) {
        /// Frees, also if a destructor on the stack has panicked.
        struct Free<'c, T: 'static>(&'c mut Context<T>);
        impl<T> Drop for Free<'_, T> {
            fn drop(&mut self) {
                if self.0.is_done() {
                    // SAFETY: the context is over, and dropped once.
                    unsafe {
                        ManuallyDrop::drop(&mut self.0.stack);
                        drop(Box::from_raw(self.0.core.as_ptr()));
                    }
                }
            }
        }
        Free(self).0.finish();
    }
}

impl<T> fmt::Debug for Context<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({:?}, {:?})", self.core().state.get(), *self.stack)
    }
}

/// A running context's own side: with it the closure suspends itself.
///
/// Neither `Send` nor `Sync`: only the context itself can suspend itself.
pub struct Suspender<T: 'static> {
    core: NonNull<Core<T>>,
    values: PhantomData<Cell<T>>,
}

impl<T: 'static> Suspender<T> {
    /// Suspends the context: [`Context::resume`] returns `value`. Returns the value of the
    /// next one.
    ///
    /// # Panics
    ///
    /// If it is called in [`Attached::on_system`] or [`Attached::on_stack`], or in another
    /// context; and if the context is dropped: then it must not be called again.
    ///
    /// In a destructor that runs because of a panic, it ends the process: the panic would
    /// seem to be the resumer's.
    pub fn suspend(&self, value: T) -> T {
        // SAFETY: a suspender is given to the closure only, which has ended before the
        // core is freed.
        let core = unsafe { self.core.as_ref() };
        if core.cancelled.get() {
            resume_unwind(Box::new(Cancelled));
        }
        assert!(
            core.state.get() == State::Running && calls() == core.calls.get(),
            "libcgo: a context cannot be suspended in a call to another stack"
        );
        if thread::panicking() && !core.panicking.get() {
            eprintln!("libcgo: a context was suspended by a destructor during a panic");
            process::abort();
        }
        core.value.set(Some(value));
        core.state.set(State::Suspended);
        // SAFETY: as in `switch_in`, the other way round.
        unsafe {
            sys::libcgo_switch(core.thread.get(), core.own.get(), core.resumer.get(), 0);
        }
        if core.cancelled.get() {
            resume_unwind(Box::new(Cancelled));
        }
        core.value.take().expect("the resumer has left a value")
    }
}

impl<T> fmt::Debug for Suspender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Suspender")
    }
}
