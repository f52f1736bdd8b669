// SPDX-License-Identifier: BSD-3-Clause

use crate::error::{check, errno};
use crate::stack::{look_up, Crossing};
use crate::{sys, Bounds, Error, Result, Stack};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_char, c_ulong, c_void, CStr, CString};
use std::marker::PhantomData;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{addr_of_mut, from_mut, from_ref, null, null_mut, NonNull};
#[allow(unused_imports)] // for the documentation
use std::thread;
use std::{fmt, process};

/// What a runtime does when its threads come and go. One value of it belongs to each
/// [`Runtime`].
///
/// The hooks run on the thread that attaches, starts or ends, with signals held. A panic
/// that leaves one ends the process. Only [`leave`](Self::leave) may call back into a
/// runtime; in the others, and while a `Thread` is dropped, the functions of this crate
/// that take a runtime or an [`Attached`] refuse (EBUSY) or panic.
///
/// At the end of a thread, its thread-local variables that have destructors may be gone
/// when `leave` and `detach` run. [`LocalKey::with`](thread::LocalKey::with) then panics,
/// and so does [`thread::current`]: use `try_with`. A `const` variable that needs no
/// destructor, such as a `Cell<usize>`, is there to the end.
pub trait Hooks: Sync + Sized + 'static {
    /// What each thread of the runtime has of its own.
    ///
    /// It stays on its thread: [`attach`](Self::attach) makes it there, and it is dropped
    /// there. Only [`Runtime::spawn`] brings one from another thread, and asks for `Send`.
    type Thread: 'static;

    /// Gets the message, one line, before the process aborts because of an error that
    /// cannot be returned. It comes on any thread and on any stack. `None`: the message
    /// goes to standard error.
    const FATAL: Option<fn(&CStr)> = None;

    /// Makes what a foreign thread has, at its first callback. `None`: the thread is not
    /// attached, and the callback returns ENOMEM.
    fn attach(&self) -> Option<Self::Thread>;
    /// The calling thread is now one of the runtime's.
    fn enter(&self, thread: &Self::Thread) {
        let _ = thread;
    }
    /// The calling thread is about to leave the runtime. [`Runtime::callback`] still works.
    fn leave(&self, thread: &Self::Thread) {
        let _ = thread;
    }
    /// Gets back what the thread had. Not called if a forgotten [`Attachment`] keeps it.
    fn detach(&self, thread: Self::Thread) {
        drop(thread);
    }
}

// ---- what is known of the calling thread ----

thread_local! {
    // Both are constant at first and have no destructor, so they can be used at any time,
    // also in destructors of other thread-local variables, and in signal handlers.

    /// The records of the calling thread, each in another runtime.
    static RECORDS: Cell<*const Header> = const { Cell::new(null()) };
    /// How many calls to other stacks are under way; and HOOK, in a hook.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

const HOOK: usize = 1 << (usize::BITS - 1);

/// Never inlined: see `find`.
#[inline(never)]
pub(crate) fn calls() -> usize {
    CALLS.get()
}

/// A call to another stack, until it is dropped.
pub(crate) struct Call;

impl Call {
    #[inline(always)]
    pub fn begin() -> Self {
        let calls = CALLS.get();
        assert!(calls < HOOK, "libcgo: a hook must not call the runtime");
        CALLS.set(calls + 1);
        Self
    }
}

impl Drop for Call {
    #[inline(always)]
    fn drop(&mut self) {
        CALLS.set(CALLS.get() - 1);
    }
}

/// A hook that runs, until it is dropped. They nest: what `detach` drops may be the last
/// use of a record of another runtime, whose `detach` runs then. Has the bit from before.
struct InHook(usize);

impl InHook {
    fn begin() -> Self {
        let calls = CALLS.get();
        CALLS.set(calls | HOOK);
        Self(calls & HOOK)
    }
}

impl Drop for InHook {
    fn drop(&mut self) {
        CALLS.set(CALLS.get() & !HOOK | self.0);
    }
}

pub(crate) fn not_in_hook(function: &'static str) -> Result<()> {
    check(if CALLS.get() & HOOK != 0 { errno::EBUSY } else { 0 }, function)
}

/// The part of a record that is the same for all runtimes. C sees `raw`, the first member.
#[repr(C)]
struct Header {
    raw: UnsafeCell<sys::libcgo_thread>,
    next: Cell<*const Header>,
    /// Attachments and callbacks that refer to the record.
    uses: Cell<usize>,
    /// The thread has left. The last use frees the record.
    left: Cell<bool>,
    /// An attachment has attached the thread: the last use detaches it.
    detaches: Cell<bool>,
    /// C gives it back by `release`.
    foreign: bool,
}

#[repr(C)]
struct Record<H: Hooks> {
    header: Header,
    runtime: &'static Runtime<H>,
    data: H::Thread,
}

impl<H: Hooks> Record<H> {
    fn new(runtime: &'static Runtime<H>, data: H::Thread, foreign: bool) -> Box<Self> {
        Box::new(Self {
            header: Header {
                raw: UnsafeCell::new(sys::libcgo_thread::INIT),
                next: Cell::new(null()),
                uses: Cell::new(0),
                left: Cell::new(false),
                detaches: Cell::new(false),
                foreign,
            },
            runtime,
            data,
        })
    }

    /// The thread has left. Frees the record, now or after its last use.
    unsafe fn give_back(record: *mut Self) {
        // SAFETY: the caller's: C uses the record no more.
        unsafe {
            (*record).header.left.set(true);
            if (*record).header.uses.get() == 0 {
                Self::free(record);
            }
        }
    }

    unsafe fn free(record: *mut Self) {
        // SAFETY: the caller's: nobody refers to the record.
        let record = unsafe { *Box::from_raw(record) };
        let _hook = InHook::begin();
        record.runtime.hooks.detach(record.data);
    }
}

/// The calling thread's record in a runtime, or NULL. Never inlined: a task may move to
/// another thread in the middle of a function, and the compiler may have kept the address
/// of the old thread's variable.
#[inline(never)]
fn find(runtime: *const sys::libcgo_runtime) -> *const Header {
    let mut header = RECORDS.get();
    // SAFETY: the records of the list are this thread's, and have not left.
    unsafe {
        while !header.is_null() && (*(*header).raw.get()).runtime.cast_const() != runtime {
            header = (*header).next.get();
        }
    }
    header
}

/// Whether the calling thread has this record in some runtime.
#[cfg(not(windows))]
#[inline(never)]
pub(crate) fn is_mine(thread: *const sys::libcgo_thread) -> bool {
    let mut header = RECORDS.get();
    while !header.is_null() {
        if header.cast() == thread {
            return true;
        }
        // SAFETY: as in `find`.
        header = unsafe { (*header).next.get() };
    }
    false
}

// ---- the hooks that C calls ----

// `extern "C"`: a panic that leaves one ends the process.

unsafe extern "C" fn enter<H: Hooks>(thread: *mut sys::libcgo_thread) {
    // SAFETY: C gives a record that `acquire` or `spawn` has made.
    let record = unsafe { &*thread.cast::<Record<H>>() };
    record.header.left.set(false);
    record.header.next.set(RECORDS.get());
    RECORDS.set(from_ref(record).cast());
    let _hook = InHook::begin();
    record.runtime.hooks.enter(&record.data);
}

unsafe extern "C" fn leave<H: Hooks>(thread: *mut sys::libcgo_thread) {
    let record = thread.cast::<Record<H>>();
    // SAFETY: the record is the calling thread's, and stays until `give_back`.
    unsafe {
        (*record).runtime.hooks.leave(&(*record).data);
        let header = &(*record).header;
        let mut link = RECORDS.get();
        if std::ptr::eq(link, header) {
            RECORDS.set(header.next.get());
        } else {
            while !link.is_null() {
                if std::ptr::eq((*link).next.get(), header) {
                    (*link).next.set(header.next.get());
                    break;
                }
                link = (*link).next.get();
            }
        }
        if !header.foreign {
            Record::give_back(record);
        }
    }
}

unsafe extern "C" fn acquire<H: Hooks>(
    runtime: *mut sys::libcgo_runtime,
) -> *mut sys::libcgo_thread {
    // SAFETY: the runtime is 'static: its methods that attach ask for that.
    let runtime: &'static Runtime<H> = unsafe { &*runtime.cast::<Runtime<H>>() };
    let _hook = InHook::begin();
    match runtime.hooks.attach() {
        Some(data) => Box::into_raw(Record::new(runtime, data, true)).cast(),
        None => null_mut(),
    }
}

unsafe extern "C" fn release<H: Hooks>(thread: *mut sys::libcgo_thread) {
    // SAFETY: `acquire` has made it, and C uses it no more.
    unsafe { Record::<H>::give_back(thread.cast()) }
}

unsafe extern "C" fn current(
    runtime: *const sys::libcgo_runtime,
) -> *mut sys::libcgo_thread {
    find(runtime).cast_mut().cast()
}

unsafe extern "C" fn fatal<H: Hooks>(message: *const c_char) {
    if let Some(hook) = H::FATAL {
        // SAFETY: C gives a string.
        hook(unsafe { CStr::from_ptr(message) });
    }
}

// ---- a runtime ----

/// A runtime: its hooks, and the record for C. Usually a `static`. Its threads use it
/// until they end, so all that touches threads asks for `&'static self`; a runtime on the
/// heap is leaked ([`Box::leak`]).
///
/// The first thread keeps the shared object with the hooks from being unloaded.
///
/// `Sync`: the library changes the record, for all threads at once; the hooks are `Sync`.
/// `Send` if the hooks are: before the first thread it is plain data, afterwards it is
/// borrowed for ever.
#[repr(C)]
pub struct Runtime<H: Hooks> {
    raw: UnsafeCell<sys::libcgo_runtime>,
    hooks: H,
}

// SAFETY: see the type.
unsafe impl<H: Hooks> Sync for Runtime<H> {}
// SAFETY: see the type.
unsafe impl<H: Hooks + Send> Send for Runtime<H> {}

impl<H: Hooks> Runtime<H> {
    const OPS: &'static sys::libcgo_ops = &sys::libcgo_ops::new(
        enter::<H>,
        leave::<H>,
        Some(acquire::<H>),
        Some(release::<H>),
        current,
        if H::FATAL.is_some() { Some(fatal::<H>) } else { None },
    );

    /// A runtime that has not started: see [`start`](Self::start).
    pub const fn new(hooks: H) -> Self {
        Self { raw: UnsafeCell::new(sys::libcgo_runtime::new(Self::OPS)), hooks }
    }

    /// A runtime that needs no start-up: it is ready from the beginning.
    pub const fn ready(hooks: H) -> Self {
        let mut runtime = Self::new(hooks);
        runtime.raw.get_mut().init = sys::libcgo_init::READY;
        runtime
    }

    /// Gives each thread that has none a signal stack of this many bytes, and a guard page.
    pub const fn signal_stack_size(mut self, bytes: usize) -> Self {
        self.raw.get_mut().signal_stack_size = bytes;
        self
    }

    /// Signals that are never held, such as those with which a collector stops threads.
    ///
    /// # Safety
    ///
    /// It points to a `sigset_t` that lives as long as the runtime and does not change.
    pub const unsafe fn open_signals(mut self, set: *const c_void) -> Self {
        self.raw.get_mut().open_signals = set;
        self
    }

    /// The hooks.
    pub fn hooks(&self) -> &H {
        &self.hooks
    }

    /// The record for C. It belongs to this object.
    pub fn as_raw(&self) -> *mut sys::libcgo_runtime {
        self.raw.get()
    }

    pub(crate) const fn raw_mut(&mut self) -> &mut sys::libcgo_runtime {
        self.raw.get_mut()
    }

    fn init(&self) -> *mut sys::libcgo_init {
        // SAFETY: it makes an address.
        unsafe { addr_of_mut!((*self.raw.get()).init) }
    }

    /// Claims the start-up (`libcgo_init_begin`). `None`: the runtime has started, or
    /// another thread is about to start it. Errors: ECANCELED in a child that was forked in
    /// the middle of it.
    pub fn begin(&'static self) -> Result<Option<StartUp<H>>> {
        // SAFETY: the record is valid.
        match unsafe { sys::libcgo_init_begin(self.init()) } {
            0 => Ok(Some(StartUp { runtime: self })),
            errno::EALREADY | errno::EBUSY => Ok(None),
            code => Err(Error::new(code, "libcgo_init_begin")),
        }
    }

    /// Starts the runtime: one thread runs `f`, the others wait until it is done. If `f`
    /// fails or panics, the next call tries again. Returns at once if the runtime has
    /// started.
    pub fn start<E: From<Error>>(
        &'static self,
        f: impl FnOnce() -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        match self.begin()? {
            Some(start_up) => {
                f()?;
                Ok(start_up.done()?)
            }
            None => Ok(self.wait()?),
        }
    }

    /// Waits until the runtime has started (`libcgo_init_wait`). Errors: ECANCELED.
    pub fn wait(&self) -> Result<()> {
        // SAFETY: the record is valid.
        check(unsafe { sys::libcgo_init_wait(self.init()) }, "libcgo_init_wait")
    }

    /// Calls back into the runtime from C: calls `f` with the calling thread's record, on
    /// the caller's stack (`libcgo_callback`). A thread that has none is attached first,
    /// and stays attached until it ends. A panic of `f` passes.
    ///
    /// On a thread that has a record: no system call, no lock, no allocation.
    ///
    /// Errors, without calling `f`: EPERM if nobody has begun the start-up, ENOMEM if
    /// [`Hooks::attach`] has given nothing, EBUSY in a hook, and others.
    ///
    /// Works in destructors of thread-local variables, too. A thread that has left for the
    /// last time is attached for the one call.
    #[inline(never)] // see `find`
    pub fn callback<F, R>(&'static self, f: F) -> Result<R>
    where
        F: FnOnce(Attached<'_, H>) -> R,
    {
        struct Call<H, F, R>(Option<F>, Option<R>, PhantomData<fn(H)>);
        unsafe extern "C-unwind" fn run<H: Hooks, F, R>(
            thread: *mut sys::libcgo_thread,
            arg: *mut c_void,
        ) where
            F: FnOnce(Attached<'_, H>) -> R,
        {
            // SAFETY: the call is in the frame of `callback`; the record is the thread's.
            let (call, record) = unsafe {
                (&mut *arg.cast::<Call<H, F, R>>(), &*thread.cast::<Record<H>>())
            };
            let _use = Use::<H>::begin(record.into());
            if let Some(f) = call.0.take() {
                call.1 = Some(f(Attached { record }));
            }
        }
        not_in_hook("libcgo_callback")?;
        let mut call = Call::<H, F, R>(Some(f), None, PhantomData);
        // SAFETY: `run` gets the call, and a record of this runtime.
        let code = unsafe {
            sys::libcgo_callback(
                self.as_raw(),
                Some(run::<H, F, R>),
                from_mut(&mut call).cast(),
            )
        };
        check(code, "libcgo_callback")?;
        call.1.ok_or(Error::new(errno::EINVAL, "libcgo_callback"))
    }

    /// Attaches the calling thread, or finds its record (`libcgo_attach`). It is detached
    /// when the last attachment is dropped, if this made the first. Does not wait for the
    /// start-up. Errors: EBUSY in a hook, and those of `libcgo_attach`.
    pub fn attach(&'static self) -> Result<Attachment<H>> {
        not_in_hook("libcgo_attach")?;
        let mut thread = null_mut();
        // SAFETY: the record is valid and 'static.
        let code = unsafe { sys::libcgo_attach(self.as_raw(), &mut thread) };
        if code != errno::EALREADY {
            check(code, "libcgo_attach")?;
        }
        let record = NonNull::new(thread.cast::<Record<H>>())
            .ok_or(Error::new(errno::EINVAL, "libcgo_attach"))?;
        let attachment = Attachment { held: Use::begin(record) };
        if code == 0 {
            attachment.record().header.detaches.set(true);
        }
        Ok(attachment)
    }

    /// The calling thread's record, if it has one. Never attaches.
    pub fn current(&'static self) -> Option<Attachment<H>> {
        let record = NonNull::new(find(self.as_raw()).cast_mut().cast::<Record<H>>())?;
        not_in_hook("current").ok()?;
        Some(Attachment { held: Use::begin(record) })
    }

    /// Starts a thread of the runtime, which runs `f` and cannot be joined
    /// (`libcgo_thread_create`). `data` is what it has of its own. If `f` panics, the
    /// process ends.
    ///
    /// Errors: EAGAIN, and then [`Error::limit`] may tell which limit was hit; others.
    /// After an error no hook was called, but `data` and `f` have been dropped.
    pub fn spawn<F>(
        &'static self,
        options: &ThreadOptions,
        data: H::Thread,
        f: F,
    ) -> Result<()>
    where
        F: FnOnce(Attached<'_, H>) + Send + 'static,
        H::Thread: Send,
    {
        unsafe extern "C-unwind" fn run<H: Hooks, F>(
            thread: *mut sys::libcgo_thread,
            arg: *mut c_void,
        ) where
            F: FnOnce(Attached<'_, H>),
        {
            // SAFETY: `spawn` has made both, and the thread owns them.
            let (f, record) =
                unsafe { (Box::from_raw(arg.cast::<F>()), &*thread.cast::<Record<H>>()) };
            let _use = Use::<H>::begin(record.into());
            // Nobody is above who could catch a panic.
            if catch_unwind(AssertUnwindSafe(|| f(Attached { record }))).is_err() {
                eprintln!("libcgo: a panic has left the function of a thread");
                process::abort();
            }
        }
        not_in_hook("libcgo_thread_create")?;
        let record = Box::into_raw(Record::new(self, data, false));
        let f = Box::into_raw(Box::new(f));
        let mut limit = sys::libcgo_limit::INIT;
        // SAFETY: the options own what `attr` points to; the thread owns record and f.
        let code = unsafe {
            let attr = options.attr();
            sys::libcgo_thread_create(
                self.as_raw(),
                record.cast(),
                &attr,
                Some(run::<H, F>),
                f.cast(),
                &mut limit,
            )
        };
        if code == 0 {
            return Ok(());
        }
        // SAFETY: no thread has seen them.
        drop(unsafe { (Box::from_raw(record), Box::from_raw(f)) });
        Err(Error::with_limit(code, "libcgo_thread_create", &limit))
    }

    /// Ends the runtime: gives its thread key back (`libcgo_runtime_end`). Errors: EBUSY if
    /// the calling thread has a record.
    ///
    /// # Safety
    ///
    /// No thread has a record in the runtime, and no other call for it is under way.
    pub unsafe fn end(&'static self) -> Result<()> {
        // SAFETY: the caller's.
        check(unsafe { sys::libcgo_runtime_end(self.as_raw()) }, "libcgo_runtime_end")
    }
}

impl<H: Hooks> fmt::Debug for Runtime<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({:p})", self.as_raw())
    }
}

/// The claim to start a runtime. Callbacks wait meanwhile. If it is dropped without
/// [`done`](Self::done), the claim is given back.
///
/// `Send` and `Sync`: the process has the claim, not a thread.
#[derive(Debug)]
pub struct StartUp<H: Hooks> {
    runtime: &'static Runtime<H>,
}

impl<H: Hooks> StartUp<H> {
    /// The runtime is ready. Errors: EPERM in a forked child, if its parent has the claim.
    pub fn done(self) -> Result<()> {
        // SAFETY: the record is valid.
        check(unsafe { sys::libcgo_init_done(self.runtime.init()) }, "libcgo_init_done")
    }
}

impl<H: Hooks> Drop for StartUp<H> {
    fn drop(&mut self) {
        // SAFETY: the record is valid. After `done` it does nothing (EALREADY).
        unsafe { sys::libcgo_init_abandon(self.runtime.init()) };
    }
}

// ---- a thread in a runtime ----

/// Keeps a record from being freed or detached, until it is dropped.
struct Use<H: Hooks> {
    record: NonNull<Record<H>>,
}

impl<H: Hooks> Use<H> {
    fn begin(record: NonNull<Record<H>>) -> Self {
        // SAFETY: the caller has found the record, on its thread.
        let uses = unsafe { &record.as_ref().header.uses };
        uses.set(uses.get() + 1);
        Self { record }
    }
}

impl<H: Hooks> Drop for Use<H> {
    fn drop(&mut self) {
        // SAFETY: the record is there as long as it has uses.
        let header = unsafe { &self.record.as_ref().header };
        header.uses.set(header.uses.get() - 1);
        if header.uses.get() != 0 {
            return;
        }
        if header.left.get() {
            // SAFETY: C has given it back, and this was the last use.
            unsafe { Record::free(self.record.as_ptr()) };
        } else if header.detaches.get() && CALLS.get() & HOOK == 0 {
            // SAFETY: it is attached, and nobody refers to it. If it cannot be detached
            // now (EBUSY), the end of the thread does it.
            unsafe { sys::libcgo_detach(self.record.as_ref().runtime.as_raw()) };
        }
    }
}

/// A scope in which the calling thread has a record: see [`Runtime::attach`] and
/// [`Runtime::current`].
///
/// If it is dropped after its thread has left the runtime, in a destructor of another
/// thread-local variable for instance, it keeps the record's memory until then; calls to
/// other stacks stop the process with a message.
///
/// Neither `Send` nor `Sync`: it belongs to its thread.
pub struct Attachment<H: Hooks> {
    held: Use<H>,
}

impl<H: Hooks> Attachment<H> {
    fn record(&self) -> &Record<H> {
        // SAFETY: the use keeps it.
        unsafe { self.held.record.as_ref() }
    }

    /// The proof that the thread has a record.
    pub fn get(&self) -> Attached<'_, H> {
        Attached { record: self.record() }
    }
}

impl<H: Hooks> fmt::Debug for Attachment<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:p})", self.record())
    }
}

/// The proof that the calling thread has a record in a runtime.
///
/// ```compile_fail,E0277
/// fn needs_send<T: Send>() {}
/// fn check<H: libcgo::Hooks>() {
///     needs_send::<libcgo::Attached<'static, H>>();
/// }
/// ```
///
/// Neither `Send` nor `Sync`: it belongs to its thread. It cannot leave the closure, or
/// outlive the [`Attachment`], that it comes from.
pub struct Attached<'a, H: Hooks> {
    record: &'a Record<H>,
}

impl<H: Hooks> Clone for Attached<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<H: Hooks> Copy for Attached<'_, H> {}

impl<'a, H: Hooks> Attached<'a, H> {
    /// What the thread has of its own.
    pub fn data(self) -> &'a H::Thread {
        &self.record.data
    }

    /// Its runtime.
    pub fn runtime(self) -> &'static Runtime<H> {
        self.record.runtime
    }

    /// The record for C.
    pub fn as_raw(self) -> *mut sys::libcgo_thread {
        self.record.header.raw.get()
    }

    /// Calls `f` on a stack on which C can run (`libcgo_call_on_system`): the system stack,
    /// if the caller is on a small stack; else where the caller is. A panic of `f` passes.
    ///
    /// No lock, no allocation. Panics in a hook. Stops the process with a message if the
    /// thread has left.
    #[inline(never)] // see `find`
    pub fn on_system<F, R>(self, f: F) -> R
    where
        F: FnOnce() -> R,
    {
        let _call = Call::begin();
        let mut crossing = Crossing::new(f);
        // SAFETY: the record is the calling thread's; `enter` gets its crossing.
        unsafe {
            sys::libcgo_call_on_system(
                self.as_raw(),
                Crossing::<F, R>::enter,
                crossing.arg(),
            );
        }
        crossing.result.expect("C has called the closure")
    }

    /// Calls `f` on a small stack (`libcgo_call_on_stack`). A panic of `f` passes. Panics
    /// in a hook. Stops the process with a message if the thread has left.
    ///
    /// The stack is borrowed until then, so it is used for nothing else. A runtime whose
    /// tasks call C that calls back on the task's stack uses
    /// [`on_raw_stack`](Self::on_raw_stack).
    pub fn on_stack<F, R>(self, stack: &mut Stack, f: F) -> R
    where
        F: FnOnce() -> R,
    {
        // SAFETY: nothing runs on the stack.
        unsafe { self.on_raw_stack(stack.as_raw(), f) }
    }

    /// The same on any stack, also on that of a task which has called the running C.
    ///
    /// # Safety
    ///
    /// The stack's memory is there until the call is over, however it ends. Apart from the
    /// frames of the task that called the running C by [`on_system`](Self::on_system),
    /// nothing runs on it.
    #[inline(never)] // see `find`
    pub unsafe fn on_raw_stack<F, R>(self, stack: &sys::libcgo_stack, f: F) -> R
    where
        F: FnOnce() -> R,
    {
        /// A panic has left the stack.
        struct Left<'s>(*mut sys::libcgo_thread, &'s sys::libcgo_stack);
        impl Drop for Left<'_> {
            fn drop(&mut self) {
                // SAFETY: both are valid. The caller's frame is on another stack. If it is
                // on this one, C says so (EBUSY) and does nothing.
                unsafe { sys::libcgo_stack_left(self.0, self.1) };
            }
        }
        let _call = Call::begin();
        let mut crossing = Crossing::new(f);
        let left = Left(self.as_raw(), stack);
        // SAFETY: the caller's; `enter` gets its crossing.
        unsafe {
            sys::libcgo_call_on_stack(
                self.as_raw(),
                stack,
                Crossing::<F, R>::enter,
                crossing.arg(),
            );
        }
        std::mem::forget(left);
        crossing.result.expect("C has called the closure")
    }

    /// The bounds of the stack on which the caller runs (`libcgo_stack_bounds`). Those of
    /// the system stack are looked up once.
    pub fn bounds(self) -> Result<Bounds> {
        look_up(self.as_raw())
    }
}

impl<H: Hooks> fmt::Debug for Attached<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attached({:p})", self.as_raw())
    }
}

/// Options of a new thread. What is not set is as the process's defaults say.
///
/// The thread has its creator's signal mask, without the runtime's open signals.
///
/// `Send` and `Sync`: it owns plain data.
#[derive(Debug, Clone, Default)]
pub struct ThreadOptions {
    stack_size: usize,
    guard_size: usize,
    signal_stack_size: usize,
    name: Option<CString>,
    cpus: Vec<c_ulong>,
}

impl ThreadOptions {
    /// The process's defaults.
    pub fn new() -> Self {
        Self::default()
    }
    /// Bytes of the stack, without its guard.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }
    /// Bytes below the stack that fault.
    pub fn guard_size(mut self, bytes: usize) -> Self {
        self.guard_size = bytes;
        self
    }
    /// Bytes of the signal stack; a guard page comes in addition.
    pub fn signal_stack_size(mut self, bytes: usize) -> Self {
        self.signal_stack_size = bytes;
        self
    }
    /// No signal stack, whatever the runtime's record says.
    pub fn no_signal_stack(self) -> Self {
        self.signal_stack_size(sys::LIBCGO_NO_SIGNAL_STACK)
    }
    /// A name for debuggers and ps(1), up to its first null byte. The system cuts it.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.split('\0').next().and_then(|name| CString::new(name).ok());
        self
    }
    /// A CPU on which the thread may run, from 0. Each further call adds one.
    pub fn cpu(mut self, number: usize) -> Self {
        let bits = c_ulong::BITS as usize;
        if self.cpus.len() <= number / bits {
            self.cpus.resize(number / bits + 1, 0);
        }
        self.cpus[number / bits] |= 1 << (number % bits);
        self
    }

    /// The options for C. What the record points to belongs to this object.
    fn attr(&self) -> sys::libcgo_thread_attr {
        sys::libcgo_thread_attr {
            stack_size: self.stack_size,
            guard_size: self.guard_size,
            signal_stack_size: self.signal_stack_size,
            name: self.name.as_ref().map_or(null(), |name| name.as_ptr()),
            cpus: if self.cpus.is_empty() { null() } else { self.cpus.as_ptr().cast() },
            cpus_size: size_of_val(self.cpus.as_slice()),
            ..sys::libcgo_thread_attr::INIT
        }
    }
}
