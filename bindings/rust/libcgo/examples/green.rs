// SPDX-License-Identifier: BSD-3-Clause
//! The tutorial's runtime (docs/tutorial.md, examples/green.c) in Rust: many tasks on few
//! threads. Tasks run on small stacks, move between threads, and call C on the system
//! stack. The program prints the checksum of each file below the given paths, as cksum(1)
//! does:
//!
//!     cargo run --example green -- [-j TASKS] PATH...
//!
//! It calls C in three ways: nftw(3) blocks, and calls back into the task that called it;
//! reading files blocks; and a thread that the runtime has not created calls back with a
//! handle.

mod green {
    use libcgo::{sys, Attached, Error, Hooks, Runtime, Stack, ThreadOptions};
    use std::cell::{Cell, UnsafeCell};
    use std::collections::VecDeque;
    use std::ffi::c_void;
    use std::ptr::NonNull;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

    const SMALL_STACK: usize = 64 << 10;
    const SYSTEM_STACK: usize = 512 << 10;

    // ---- what all threads share: only C uses it ----

    #[derive(Default, Clone, Copy, Debug)]
    pub struct Counts {
        pub tasks: usize,
        pub workers: usize,
        pub foreign: usize,
    }

    #[derive(Default)]
    struct All {
        queue: VecDeque<TaskRef>,
        running: usize, // workers with a task that is not in C
        most_running: usize,
        idle: usize,
        tasks: usize,
        workers: usize,
        foreign: usize,
        closing: bool,
        counts: Counts,
    }

    static ALL: Mutex<Option<All>> = Mutex::new(None);
    static WORK: Condvar = Condvar::new(); // for idle workers
    static WAKES: Condvar = Condvar::new(); // for tasks that wait inside C
    static NEWS: Condvar = Condvar::new(); // for `run`: a task or a thread has ended

    type Lock = MutexGuard<'static, Option<All>>;

    fn lock() -> Lock {
        ALL.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn all(lock: &mut Lock) -> &mut All {
        lock.as_mut().expect("the runtime has started")
    }
    fn wait(condition: &Condvar, lock: Lock) -> Lock {
        condition.wait(lock).unwrap_or_else(PoisonError::into_inner)
    }

    // ---- tasks and workers ----

    #[derive(Clone, Copy, PartialEq)]
    enum Wish {
        Yield,
        Wait,
        End,
    }

    struct Task {
        stack: Stack,
        context: UnsafeCell<sys::libcgo_context>,
        f: Cell<Option<Box<dyn FnOnce() + Send>>>,
        wish: Cell<Wish>,
        callbacks: Cell<usize>, // into it, under way
        // Under the lock:
        parked: Cell<bool>, // it waits, and no thread runs it
        woken: Cell<bool>,  // before it was parked
    }

    /// A task lives until the scheduler frees it, after its end.
    #[derive(Clone, Copy)]
    struct TaskRef(NonNull<Task>);
    // SAFETY: one thread runs a task at a time; what several change is under the lock.
    unsafe impl Send for TaskRef {}
    impl std::ops::Deref for TaskRef {
        type Target = Task;
        fn deref(&self) -> &Task {
            // SAFETY: see the type.
            unsafe { self.0.as_ref() }
        }
    }

    /// What each thread has: a created one, or a foreign one that has called back.
    pub struct Worker {
        stack: Stack, // for the scheduler, or for callbacks
        context: UnsafeCell<sys::libcgo_context>,
        task: Cell<Option<TaskRef>>,
        foreign: bool,
    }
    // SAFETY: until its thread has it, it is plain data.
    unsafe impl Send for Worker {}

    impl Worker {
        fn new(foreign: bool) -> Result<Self, Error> {
            Ok(Self {
                stack: Stack::new(SMALL_STACK)?,
                context: UnsafeCell::new(sys::libcgo_context::INIT),
                task: Cell::new(None),
                foreign,
            })
        }
    }

    pub struct Green;
    impl Hooks for Green {
        type Thread = Worker;
        fn attach(&self) -> Option<Worker> {
            let mut lock = lock();
            let all = all(&mut lock);
            if all.closing {
                return None;
            }
            let worker = Worker::new(true).ok()?;
            all.foreign += 1;
            all.counts.foreign += 1;
            Some(worker)
        }
        fn detach(&self, worker: Worker) {
            let mut lock = lock();
            let all = all(&mut lock);
            *if worker.foreign { &mut all.foreign } else { &mut all.workers } -= 1;
            NEWS.notify_one();
        }
    }
    static GREEN: Runtime<Green> = Runtime::new(Green);

    /// The task that runs here. It must not be kept over a switch with the thread's record.
    fn current_task() -> TaskRef {
        let here = GREEN.current().expect("only a task can do this");
        let task = here.get().data().task.get();
        task.expect("only a task can do this")
    }

    /// Tasks: calls C on the system stack.
    pub fn call_c<R>(f: impl FnOnce() -> R) -> R {
        GREEN.current().expect("a thread of the runtime").get().on_system(f)
    }

    // ---- workers ----

    fn start_worker() {
        let options = ThreadOptions::new().name("worker").stack_size(SYSTEM_STACK);
        Worker::new(false)
            .and_then(|worker| GREEN.spawn(&options, worker, worker_main))
            .unwrap_or_else(|error| panic!("a worker: {error}"));
    }

    /// Unlocks, and starts a worker if a task is queued and no worker is free. To be called
    /// after each change that queues a task or takes a worker away.
    fn unlock_and_staff(mut lock: Lock) {
        let all = all(&mut lock);
        let mut start = false;
        if !all.queue.is_empty() && all.running < all.most_running {
            if all.idle > 0 {
                WORK.notify_one();
            }
            start = all.idle < all.queue.len();
        }
        if start {
            all.running += 1;
            all.workers += 1;
            all.counts.workers += 1;
        }
        drop(lock);
        if start {
            start_worker();
        }
    }

    /// C: carries out the wish of the task that has just stopped, and returns the next one.
    /// A task does not queue itself: another worker could take it before it is suspended.
    fn next(worker: &Worker) -> Option<TaskRef> {
        let mut ended = None;
        let mut lock = lock();
        all(&mut lock).running -= 1;
        if let Some(task) = worker.task.take() {
            match task.wish.get() {
                Wish::End => {
                    ended = Some(task);
                    all(&mut lock).tasks -= 1;
                    NEWS.notify_one();
                }
                Wish::Wait if !task.woken.get() => task.parked.set(true),
                _ => {
                    task.woken.set(false);
                    all(&mut lock).queue.push_back(task);
                }
            }
        }
        all(&mut lock).idle += 1;
        while {
            let all = all(&mut lock);
            !all.closing && (all.queue.is_empty() || all.running >= all.most_running)
        } {
            lock = wait(&WORK, lock);
        }
        let all = all(&mut lock);
        all.idle -= 1;
        let mut task = None;
        if !all.closing {
            all.running += 1;
            task = all.queue.pop_front();
        }
        unlock_and_staff(lock);
        if let Some(ended) = ended {
            // SAFETY: it is over, and nobody else knows it any more.
            drop(unsafe { Box::from_raw(ended.0.as_ptr()) });
        }
        task
    }

    fn worker_main(thread: Attached<'_, Green>) {
        let worker = thread.data();
        let schedule = || {
            while let Some(task) = thread.on_system(|| next(worker)) {
                worker.task.set(Some(task));
                // SAFETY: the record is this thread's. The scheduler's context goes on in
                // this thread only; the task is suspended, and this worker has it alone.
                unsafe {
                    sys::libcgo_switch(
                        thread.as_raw(),
                        worker.context.get(),
                        task.context.get(),
                        0,
                    );
                }
            }
        };
        // SAFETY: the stack is the worker's, and nothing else runs on it.
        unsafe { thread.on_raw_stack(worker.stack.as_raw(), schedule) }
    }

    /// Returns when the task runs again, perhaps on another thread: so nothing of the
    /// thread's is held over the switch.
    fn switch_out(task: TaskRef, wish: Wish) {
        let (thread, worker) = {
            let here = GREEN.current().expect("a thread of the runtime");
            (here.get().as_raw(), here.get().data().context.get())
        };
        task.wish.set(wish);
        // SAFETY: the record is this thread's, and its scheduler is suspended.
        unsafe {
            sys::libcgo_switch(thread, task.context.get(), worker, 0);
        }
    }

    // ---- tasks ----

    /// A panic of a task ends the process: nobody is above.
    unsafe extern "C" fn task_main(arg: *mut c_void, _: usize) -> *mut sys::libcgo_context {
        // SAFETY: `spawn` gives the task.
        let task = unsafe { &*arg.cast::<Task>() };
        if let Some(f) = task.f.take() {
            f();
        }
        task.wish.set(Wish::End);
        let here = GREEN.current().expect("a thread of the runtime");
        here.get().data().context.get()
    }

    fn c_spawn(f: Box<dyn FnOnce() + Send>) {
        let task = Box::leak(Box::new(Task {
            stack: Stack::new(SMALL_STACK).expect("a small stack"),
            context: UnsafeCell::new(sys::libcgo_context::INIT),
            f: Cell::new(Some(f)),
            wish: Cell::new(Wish::Yield),
            callbacks: Cell::new(0),
            parked: Cell::new(false),
            woken: Cell::new(false),
        }));
        let arg = std::ptr::from_mut(task).cast();
        // SAFETY: the stack lives as long as the task.
        let error = unsafe {
            let context = task.context.get();
            sys::libcgo_context_make(context, task.stack.as_raw(), Some(task_main), arg)
        };
        assert_eq!(error, 0, "libcgo_context_make");
        let mut lock = lock();
        let all = all(&mut lock);
        all.tasks += 1;
        all.counts.tasks += 1;
        all.queue.push_back(TaskRef(task.into()));
        unlock_and_staff(lock);
    }

    /// Tasks: starts another task.
    pub fn spawn(f: impl FnOnce() + Send + 'static) {
        call_c(|| c_spawn(Box::new(f)));
    }

    /// Tasks: lets other tasks run. Inside C it keeps its thread.
    pub fn yield_now() {
        let task = current_task();
        if task.callbacks.get() == 0 {
            switch_out(task, Wish::Yield);
        }
    }

    /// Tasks: calls C that may block or call back. Meanwhile another thread runs the other
    /// tasks.
    pub fn call_blocking<R>(f: impl FnOnce() -> R) -> R {
        call_c(|| {
            let mut guard = lock();
            all(&mut guard).running -= 1;
            unlock_and_staff(guard);
            let result = f();
            all(&mut lock()).running += 1;
            result
        })
    }

    /// C: calls `f` in the runtime, on a small stack, from any thread. If a task has called
    /// the running C, that is the task's stack, below the frames that called C.
    pub fn call_runtime<R>(f: impl FnOnce() -> R) -> Result<R, Error> {
        GREEN.callback(|thread| {
            let worker = thread.data();
            let Some(task) = worker.task.get() else {
                // SAFETY: nothing runs on the stack of a thread that has no task.
                return unsafe { thread.on_raw_stack(worker.stack.as_raw(), f) };
            };
            all(&mut lock()).running += 1;
            task.callbacks.set(task.callbacks.get() + 1);
            // SAFETY: the task has called the C that calls back, on this thread.
            let result = unsafe { thread.on_raw_stack(task.stack.as_raw(), f) };
            task.callbacks.set(task.callbacks.get() - 1);
            let mut lock = lock();
            all(&mut lock).running -= 1;
            unlock_and_staff(lock);
            result
        })
    }

    // ---- waiting ----

    /// What tasks wait for.
    pub struct Semaphore(UnsafeCell<(usize, VecDeque<TaskRef>)>);
    // SAFETY: it is used under the lock only.
    unsafe impl Sync for Semaphore {}
    // SAFETY: as above.
    unsafe impl Send for Semaphore {}

    impl Semaphore {
        pub const fn new(count: usize) -> Self {
            Self(UnsafeCell::new((count, VecDeque::new())))
        }

        /// Tasks: takes one, or waits until one is given.
        pub fn take(&self) {
            let task = current_task();
            let taken = call_c(|| {
                let _lock = lock();
                // SAFETY: under the lock.
                let (count, waiting) = unsafe { &mut *self.0.get() };
                let taken = *count > 0;
                if taken {
                    *count -= 1;
                } else {
                    waiting.push_back(task);
                }
                taken
            });
            if taken {
                return;
            }
            // Inside C a task cannot leave its thread: its C frames are on it.
            if task.callbacks.get() == 0 {
                return switch_out(task, Wish::Wait);
            }
            call_blocking(|| {
                let mut lock = lock();
                while !task.woken.replace(false) {
                    lock = wait(&WAKES, lock);
                }
            });
        }

        /// Tasks, and callbacks on foreign threads: gives one, and never waits.
        pub fn give(&self) {
            call_c(|| {
                let mut lock = lock();
                // SAFETY: under the lock.
                let (count, waiting) = unsafe { &mut *self.0.get() };
                match waiting.pop_front() {
                    None => *count += 1,
                    Some(task) if task.parked.replace(false) => {
                        all(&mut lock).queue.push_back(task);
                    }
                    Some(task) => {
                        task.woken.set(true);
                        WAKES.notify_all();
                    }
                }
                unlock_and_staff(lock);
            });
        }
    }

    // ---- start and end ----

    /// C: runs `f` as the first task. Returns when all tasks have ended, and all threads of
    /// the runtime are gone. Call it once.
    pub fn run(most_running: usize, f: impl FnOnce() + Send + 'static) -> Counts {
        GREEN
            .start(|| {
                *lock() = Some(All { most_running, ..All::default() });
                c_spawn(Box::new(f));
                Ok::<_, Error>(())
            })
            .expect("the start-up");
        let mut lock = lock();
        while all(&mut lock).tasks > 0 {
            lock = wait(&NEWS, lock);
        }
        all(&mut lock).closing = true; // from here on `attach` gives nothing
        WORK.notify_all();
        while all(&mut lock).workers > 0 || all(&mut lock).foreign > 0 {
            lock = wait(&NEWS, lock);
        }
        all(&mut lock).counts
    }
}

use green::{call_blocking, call_c, call_runtime, spawn, yield_now, Semaphore};
use libcgo::{Bounds, HandleTable, StackKind};
use std::ffi::{c_char, c_int, c_void, CStr, CString, OsStr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Mutex;
use std::time::Duration;

// ---- the checksum of POSIX (cksum) ----

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = (i as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc >> 31 != 0 { 0x04c1_1db7 } else { 0 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}
static CRC: [u32; 256] = crc_table();

fn add_byte(crc: u32, byte: u8) -> u32 {
    crc << 8 ^ CRC[usize::from((crc >> 24) as u8 ^ byte)]
}

// ---- files ----

static MAY_OPEN: Semaphore = Semaphore::new(16);
static SUMMED: Semaphore = Semaphore::new(0);
static WALKED: Semaphore = Semaphore::new(0);
static LINES: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static FILES: AtomicUsize = AtomicUsize::new(0);

/// A task that blocks and yields.
fn sum_file(path: PathBuf) {
    let mut file = call_blocking(|| File::open(&path));
    let (mut crc, mut bytes) = (0, 0u64);
    let mut block = call_c(|| vec![0; 16 << 10]);
    while let Ok(file) = &mut file {
        let read = call_blocking(|| file.read(&mut block)).unwrap_or(0);
        if read == 0 {
            break;
        }
        crc = block[..read].iter().fold(crc, |crc, byte| add_byte(crc, *byte));
        bytes += read as u64;
        yield_now();
    }
    let mut left = bytes;
    while left != 0 {
        crc = add_byte(crc, left as u8);
        left >>= 8;
    }
    call_c(|| {
        let mut line = format!("{} {bytes} ", !crc).into_bytes();
        line.extend(path.as_os_str().as_bytes());
        LINES.lock().unwrap().push(line);
        drop((file, block, path));
    });
    MAY_OPEN.give();
    SUMMED.give();
}

extern "C" {
    fn nftw(
        path: *const c_char,
        found: extern "C-unwind" fn(
            *const c_char,
            *const c_void,
            c_int,
            *mut c_void,
        ) -> c_int,
        descriptors: c_int,
        flags: c_int,
    ) -> c_int;
}
const FTW_F: c_int = 0;
const FTW_PHYS: c_int = 1;

/// C, on the worker's system stack: nftw calls it. The rest runs on the stack of the task
/// that walks, below the frame that called nftw, and may wait there.
extern "C-unwind" fn found(
    path: *const c_char,
    _: *const c_void,
    kind: c_int,
    _: *mut c_void,
) -> c_int {
    // SAFETY: nftw gives a string.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()));
    if kind == FTW_F && path.symlink_metadata().is_ok_and(|data| data.is_file()) {
        let path = path.to_path_buf();
        FILES.fetch_add(1, SeqCst);
        call_runtime(|| {
            MAY_OPEN.take();
            spawn(|| sum_file(path));
        })
        .expect("a task has called nftw");
    }
    0
}

// ---- a thread that the runtime has not created ----

static TICKED: Semaphore = Semaphore::new(0);
static HANDLES: HandleTable<'static, Semaphore> = HandleTable::new();

/// C: it has a handle, not a reference, as C would.
fn tick(handle: usize) {
    loop {
        std::thread::sleep(Duration::from_millis(1));
        match call_runtime(|| HANDLES.get(handle).map(Semaphore::give)) {
            Ok(Some(())) => {}
            _ => return, // the handle was freed, or the runtime has ended
        }
    }
}

// ---- the first task ----

fn first(paths: Vec<CString>) {
    let kind = call_c(|| Bounds::here().map(|bounds| bounds.kind));
    assert_eq!(kind, Ok(StackKind::System), "C does not run on the system stack");
    let handle = call_c(|| HANDLES.insert(&TICKED)).expect("a handle").get();
    let ticker = call_c(|| std::thread::spawn(move || tick(handle)));
    let walks = paths.len();
    for path in paths {
        spawn(move || {
            // SAFETY: it is a string, and `found` is made for this.
            call_blocking(|| unsafe { nftw(path.as_ptr(), found, 16, FTW_PHYS) });
            call_c(|| drop(path));
            WALKED.give();
        });
    }
    for _ in 0..walks {
        WALKED.take();
    }
    for _ in 0..FILES.load(SeqCst) {
        SUMMED.take();
    }
    TICKED.take();
    HANDLES.remove(handle);
    let _ = call_blocking(|| ticker.join());
}

fn main() {
    let mut most_running = 2;
    let mut paths = Vec::new();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "-j" {
            most_running = arguments
                .next()
                .and_then(|number| number.to_str()?.parse().ok())
                .filter(|number| (1..=64).contains(number))
                .expect("-j needs a number from 1 to 64");
        } else {
            paths.push(CString::new(argument.as_bytes()).expect("a path"));
        }
    }
    if paths.is_empty() {
        eprintln!("usage: green [-j TASKS] PATH...");
        std::process::exit(1);
    }
    let counts = green::run(most_running, || first(paths));
    let mut output = std::io::stdout().lock();
    for line in LINES.lock().unwrap().iter() {
        let written = output.write_all(line).and_then(|()| output.write_all(b"\n"));
        written.expect("standard output");
    }
    eprintln!("{counts:?}, {} handles", HANDLES.len());
}
