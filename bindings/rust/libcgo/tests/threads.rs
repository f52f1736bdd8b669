// SPDX-License-Identifier: BSD-3-Clause
//! Threads come and go. A thread of the standard library is a foreign one here.

use libcgo::{Attachment, Error, Hooks, Runtime, StackKind, ThreadOptions};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread;

#[derive(Default)]
struct Counts {
    attached: AtomicUsize,
    entered: AtomicUsize,
    left: AtomicUsize,
    detached: AtomicUsize,
}

impl Counts {
    const fn new() -> Self {
        Self {
            attached: AtomicUsize::new(0),
            entered: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            detached: AtomicUsize::new(0),
        }
    }
    fn all(&self) -> [usize; 4] {
        [&self.attached, &self.entered, &self.left, &self.detached].map(|n| n.load(SeqCst))
    }
}

/// Names the calling thread, also when its thread-local variables have been destroyed, and
/// with them `thread::current()`: in `leave`, at the end of a thread.
fn here() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static HERE: Cell<usize> = const { Cell::new(0) });
    if HERE.get() == 0 {
        HERE.set(LAST.fetch_add(1, SeqCst) + 1);
    }
    HERE.get()
}

/// Each test has a runtime of its own. The data of a thread is not `Send`.
struct Own {
    thread: usize,
    calls: Cell<usize>,
    _not_send: *const u8,
}
impl Own {
    fn new() -> Self {
        Self { thread: here(), calls: Cell::new(0), _not_send: std::ptr::null() }
    }
}
impl Hooks for Counts {
    type Thread = Own;
    fn attach(&self) -> Option<Own> {
        self.attached.fetch_add(1, SeqCst);
        Some(Own::new())
    }
    fn enter(&self, own: &Own) {
        assert_eq!(own.thread, here());
        self.entered.fetch_add(1, SeqCst);
    }
    fn leave(&self, own: &Own) {
        assert_eq!(own.thread, here());
        self.left.fetch_add(1, SeqCst);
    }
    fn detach(&self, own: Own) {
        assert_eq!(own.thread, here());
        self.detached.fetch_add(1, SeqCst);
    }
}

fn start<H: Hooks>(runtime: &'static Runtime<H>) {
    runtime.start(|| Ok::<_, Error>(())).unwrap();
}

/// libcgo's key is of the thread; join may come back before its destructor has run.
fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::yield_now();
    }
}

#[test]
fn before_the_start_callbacks_are_refused() {
    static VM: Runtime<Counts> = Runtime::new(Counts::new());
    let error = VM.callback(|_| ()).unwrap_err();
    assert_eq!((error.code(), error.function()), (1, "libcgo_callback"));
    assert!(VM.start(|| Err(error.clone())).is_err());
    start(&VM);
    VM.callback(|_| ()).unwrap();
}

#[test]
fn a_thread_is_attached_once_and_leaves_at_its_end() {
    static VM: Runtime<Counts> = Runtime::new(Counts::new());
    start(&VM);
    for round in 1..=50 {
        thread::spawn(|| {
            for i in 1..=3 {
                let calls = VM.callback(|thread| {
                    thread.data().calls.set(thread.data().calls.get() + 1);
                    thread.data().calls.get()
                });
                assert_eq!(calls.unwrap(), i);
            }
        })
        .join()
        .unwrap();
        until(|| VM.hooks().all() == [round; 4]);
    }
}

#[test]
fn attachments_nest_and_the_last_one_detaches() {
    static VM: Runtime<Counts> = Runtime::ready(Counts::new());
    thread::spawn(|| {
        assert!(VM.current().is_none());
        let outer = VM.attach().unwrap();
        let inner = VM.attach().unwrap();
        drop(outer);
        assert_eq!(inner.get().data().calls.get(), 0);
        let mut held = Some(inner);
        // What the callback uses stays, whoever else lets go.
        VM.callback(|thread| {
            held.take();
            assert_eq!(VM.hooks().all(), [1, 1, 0, 0]);
            assert_eq!(thread.data().thread, here());
        })
        .unwrap();
        assert_eq!(VM.hooks().all(), [1, 1, 1, 1]);
        assert!(VM.current().is_none());
    })
    .join()
    .unwrap();
}

#[test]
fn an_attachment_that_is_kept_too_long_is_no_danger() {
    static VM: Runtime<Counts> = Runtime::new(Counts::new());
    start(&VM);
    thread_local!(static KEPT: RefCell<Option<Attachment<Counts>>> = const { RefCell::new(None) });
    for _ in 0..20 {
        thread::spawn(|| {
            KEPT.set(Some(VM.attach().unwrap()));
            std::mem::forget(VM.attach().unwrap());
        })
        .join()
        .unwrap();
        thread::spawn(|| KEPT.set(Some(VM.attach().unwrap()))).join().unwrap();
    }
    until(|| VM.hooks().left.load(SeqCst) == 40);
    assert_eq!(VM.hooks().all(), [40, 40, 40, 20]);
}

#[test]
fn destructors_of_thread_locals_call_back() {
    static VM: Runtime<Counts> = Runtime::new(Counts::new());
    static CALLED: AtomicUsize = AtomicUsize::new(0);
    struct CallsBack;
    impl Drop for CallsBack {
        fn drop(&mut self) {
            let same = VM.callback(|thread| thread.data().thread == here());
            assert!(same.unwrap());
            CALLED.fetch_add(1, SeqCst);
        }
    }
    thread_local!(static LAST: RefCell<Option<CallsBack>> = const { RefCell::new(None) });
    start(&VM);
    for before in [false, true] {
        thread::spawn(move || {
            LAST.set(Some(CallsBack));
            if before {
                VM.callback(|_| ()).unwrap();
            }
        })
        .join()
        .unwrap();
    }
    until(|| VM.hooks().detached.load(SeqCst) >= 2);
    assert_eq!(CALLED.load(SeqCst), 2);
    let [attached, entered, left, detached] = VM.hooks().all();
    assert!(attached == entered && left == detached && left == entered);
}

#[test]
fn hooks_cannot_call_the_runtime_but_leave_can() {
    struct Nosy;
    static VM: Runtime<Nosy> = Runtime::new(Nosy);
    static REFUSED: AtomicUsize = AtomicUsize::new(0);
    static CALLED: AtomicUsize = AtomicUsize::new(0);
    fn try_it() {
        let busy = |error: Error| error.code() == 16;
        let refused = VM.callback(|_| ()).is_err_and(busy)
            && VM.attach().is_err_and(busy)
            && VM.current().is_none()
            && VM.spawn(&ThreadOptions::new(), Dropped, |_| ()).is_err_and(busy);
        assert!(refused);
        REFUSED.fetch_add(1, SeqCst);
    }
    struct Dropped;
    impl Hooks for Nosy {
        type Thread = Dropped;
        fn attach(&self) -> Option<Dropped> {
            try_it();
            Some(Dropped)
        }
        fn enter(&self, _: &Dropped) {
            try_it();
        }
        fn leave(&self, _: &Dropped) {
            VM.callback(|thread| {
                let _: &Dropped = thread.data();
                CALLED.fetch_add(1, SeqCst);
            })
            .unwrap();
        }
        fn detach(&self, _: Dropped) {
            try_it();
        }
    }
    start(&VM);
    thread::spawn(|| VM.callback(|_| ()).unwrap()).join().unwrap();
    until(|| REFUSED.load(SeqCst) == 3);
    assert_eq!(CALLED.load(SeqCst), 1);
}

#[test]
fn a_created_thread_has_its_data_and_options() {
    struct Plain(AtomicUsize);
    impl Hooks for Plain {
        type Thread = String;
        fn attach(&self) -> Option<String> {
            None
        }
        fn detach(&self, thread: String) {
            assert_eq!(thread, "mine");
            self.0.fetch_add(1, SeqCst);
        }
    }
    static VM: Runtime<Plain> =
        Runtime::new(Plain(AtomicUsize::new(0))).signal_stack_size(64 << 10);
    start(&VM);
    let options = ThreadOptions::new().name("rust\0cut").stack_size(1 << 20).cpu(0);
    let (send, receive) = channel();
    VM.spawn(&options, "mine".into(), move |thread| {
        assert_eq!(thread.data(), "mine");
        let bounds = thread.bounds().unwrap();
        assert_eq!(bounds.kind, StackKind::System);
        let nested = VM.callback(|again| again.as_raw() == thread.as_raw());
        assert!(nested.unwrap());
        let mut pcs = [0; 32];
        let frames = VM.traceback(&mut pcs);
        send.send((bounds.hi - bounds.lo, frames)).unwrap();
    })
    .unwrap();
    let (size, frames) = receive.recv().unwrap();
    // glibc takes a stack that another thread has left, if it has up to four times the size.
    assert!(size > 512 << 10 && size <= 4 << 20, "{size}");
    assert!(frames > 0);
    until(|| VM.hooks().0.load(SeqCst) == 1);
    // No foreign thread is wanted.
    assert_eq!(VM.callback(|_| ()).unwrap_err().code(), 12);
    let error =
        VM.spawn(&ThreadOptions::new().cpu(100_000), "mine".into(), |_| ()).unwrap_err();
    assert_eq!(error.function(), "libcgo_thread_create");
    assert_eq!(VM.hooks().0.load(SeqCst), 1);
}

#[test]
fn runtimes_do_not_know_each_other() {
    static ONE: Runtime<Counts> = Runtime::new(Counts::new());
    static TWO: Runtime<Counts> = Runtime::new(Counts::new());
    start(&ONE);
    start(&TWO);
    thread::spawn(|| {
        let one = ONE.attach().unwrap();
        let two = TWO.attach().unwrap();
        assert_ne!(one.get().as_raw(), two.get().as_raw());
        assert_eq!(ONE.current().unwrap().get().as_raw(), one.get().as_raw());
        drop(one);
        assert!(ONE.current().is_none());
        assert_eq!(TWO.current().unwrap().get().as_raw(), two.get().as_raw());
    })
    .join()
    .unwrap();
    assert_eq!((ONE.hooks().all(), TWO.hooks().all()), ([1; 4], [1; 4]));
}

#[test]
fn one_of_many_threads_starts_the_runtime() {
    static VM: Runtime<Counts> = Runtime::new(Counts::new());
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            thread::spawn(|| {
                VM.start(|| {
                    STARTED.fetch_add(1, SeqCst);
                    Ok::<_, Error>(())
                })
                .unwrap();
                assert_eq!(STARTED.load(SeqCst), 1);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(VM.begin().unwrap().is_none());
}

#[test]
fn a_runtime_that_has_ended_starts_again() {
    let vm: &'static Runtime<Counts> = Box::leak(Box::new(Runtime::new(Counts::new())));
    for round in 1..=3 {
        start(vm);
        thread::spawn(|| drop(vm.attach().unwrap())).join().unwrap();
        assert_eq!(vm.hooks().all(), [round; 4]);
        // SAFETY: its only thread has detached.
        unsafe { vm.end() }.unwrap();
        assert_eq!(vm.callback(|_| ()).unwrap_err().code(), 1);
    }
}

#[test]
fn errors_and_types_are_for_all_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Error>();
    shared::<Runtime<Counts>>();
    shared::<ThreadOptions>();
    shared::<libcgo::StartUp<Counts>>();
    shared::<libcgo::Stack>();
    shared::<libcgo::HandleTable<'static, u32>>();
    shared::<libcgo::ArcTable<u32>>();
    shared::<libcgo::Symbol>();
}

#[test]
fn a_hook_in_a_hook_ends_alone() {
    struct Inner;
    impl Hooks for Inner {
        type Thread = ();
        fn attach(&self) -> Option<()> {
            Some(())
        }
        fn detach(&self, (): ()) {
            INNER.fetch_add(1, SeqCst);
        }
    }
    struct Outer;
    impl Hooks for Outer {
        type Thread = RefCell<Option<Attachment<Inner>>>;
        fn attach(&self) -> Option<Self::Thread> {
            Some(RefCell::new(None))
        }
        fn detach(&self, thread: Self::Thread) {
            let refused = |runtime: &'static Runtime<Outer>| {
                runtime.callback(|_| ()).map_or_else(|error| error.code(), |()| 0)
            };
            BEFORE.store(refused(&OUTER_VM), SeqCst);
            drop(thread); // the last use of a record that has left
            AFTER.store(refused(&OUTER_VM), SeqCst);
        }
    }
    static INNER: AtomicUsize = AtomicUsize::new(0);
    static BEFORE: AtomicI32 = AtomicI32::new(-1);
    static AFTER: AtomicI32 = AtomicI32::new(-1);
    static INNER_VM: Runtime<Inner> = Runtime::ready(Inner);
    static OUTER_VM: Runtime<Outer> = Runtime::ready(Outer);
    thread::spawn(|| {
        INNER_VM.callback(|_| ()).unwrap();
        OUTER_VM
            .callback(|thread| *thread.data().borrow_mut() = INNER_VM.current())
            .unwrap();
    })
    .join()
    .unwrap();
    let seen = (INNER.load(SeqCst), BEFORE.load(SeqCst), AFTER.load(SeqCst));
    assert_eq!(seen, (1, 16, 16)); // EBUSY
}
