// SPDX-License-Identifier: BSD-3-Clause
//! The world: parked calls, stops, close.

use libcgo::{Attached, Hooks, Runtime, Stack, ThreadOptions};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

struct Vm;
impl Hooks for Vm {
    type Thread = ();
    fn attach(&self) -> Option<()> {
        Some(())
    }
}

/// A heap without a lock: managed threads change it, and who has stopped the world.
fn heap(runtime: &'static Runtime<Vm>, rounds: usize) {
    static HEAP: AtomicUsize = AtomicUsize::new(0);
    static MANAGED: AtomicUsize = AtomicUsize::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    let (send, receive) = channel();
    for number in 0..3 {
        let send = send.clone();
        runtime
            .spawn(&ThreadOptions::new(), (), move |thread| {
                let mut stack = Stack::new(256 << 10).unwrap();
                thread.on_stack(&mut stack, || {
                    while !DONE.load(SeqCst) {
                        MANAGED.fetch_add(1, SeqCst);
                        HEAP.fetch_add(1, SeqCst);
                        MANAGED.fetch_sub(1, SeqCst);
                        match number {
                            0 => thread.safepoint(),
                            1 => thread.call_parked(thread::yield_now),
                            _ => thread.parked(thread::yield_now),
                        }
                    }
                });
                send.send(()).unwrap();
            })
            .unwrap();
    }
    for _ in 0..rounds {
        let stopped = runtime.stop_world(None).unwrap();
        let before = HEAP.load(SeqCst);
        thread::yield_now();
        assert_eq!((HEAP.load(SeqCst), MANAGED.load(SeqCst)), (before, 0));
        assert_eq!(runtime.stop_world(None).unwrap_err().code(), 35); // EDEADLK
        drop(stopped);
    }
    DONE.store(true, SeqCst);
    for _ in 0..3 {
        receive.recv().unwrap();
    }
}

#[test]
fn a_stopped_world_stands_still() {
    static VM: Runtime<Vm> = Runtime::ready(Vm).with_world();
    heap(&VM, 200);
}

#[test]
fn a_panic_of_a_parked_call_waits_for_the_world() {
    static VM: Runtime<Vm> = Runtime::ready(Vm).with_world();
    VM.callback(|thread| {
        for i in 0..100 {
            let panic = catch_unwind(AssertUnwindSafe(|| {
                thread.call_parked(|| -> u32 { panic!("number {i}") })
            }));
            let message = panic.unwrap_err().downcast::<String>().unwrap();
            assert_eq!(*message, format!("number {i}"));
            let panic = catch_unwind(AssertUnwindSafe(|| {
                thread.parked(|| -> u32 { panic!("number {i}") })
            }));
            assert!(panic.is_err());
        }
        // The thread is managed again: nobody can stop the world meanwhile.
        let other =
            thread::spawn(|| VM.stop_world(Some(Duration::from_millis(1))).is_err());
        assert!(other.join().unwrap());
        assert_eq!(thread.call_parked(|| VM.callback(|_| 7)), Ok(7));
    })
    .unwrap();
    drop(VM.stop_world(None).unwrap());
}

#[test]
fn a_closed_runtime_refuses_callbacks() {
    static VM: Runtime<Vm> = Runtime::ready(Vm).with_world();
    let (entered, wait) = channel();
    let (go, until) = channel::<()>();
    let foreign = thread::spawn(move || {
        let result = VM.callback(|thread| {
            entered.send(()).unwrap();
            thread.call_parked(|| until.recv().is_ok())
        });
        (result, VM.callback(|_| ()).unwrap_err().code())
    });
    wait.recv().unwrap();
    let late = VM.close(Some(Duration::from_millis(1))).unwrap_err();
    assert_eq!(late.function(), "libcgo_runtime_close");
    go.send(()).unwrap();
    VM.close(None).unwrap();
    let (result, refused) = foreign.join().unwrap();
    assert_eq!((result, refused), (Ok(true), 108)); // ESHUTDOWN
    assert!(VM.attach().is_err());
    assert!(VM.spawn(&ThreadOptions::new(), (), |_| ()).is_err());
}

#[test]
fn without_the_flag_there_is_no_world() {
    static VM: Runtime<Vm> = Runtime::ready(Vm);
    VM.callback(|thread| {
        thread.safepoint();
        assert_eq!(thread.call_parked(|| 1) + thread.parked(|| 2), 3);
    })
    .unwrap();
    assert!(VM.stop_world(None).is_err() && VM.close(None).is_err());
}

/// Stops the world while a thread waits in `wait`, which gets what to do there.
fn stops_while(
    runtime: &'static Runtime<Vm>,
    wait: impl FnOnce(Attached<'_, Vm>, &mut dyn FnMut()) + Send + 'static,
) {
    let (there, is_there) = channel();
    let (end, ends) = channel::<()>();
    let waiter = thread::spawn(move || {
        runtime
            .callback(|thread| {
                wait(thread, &mut || {
                    there.send(()).unwrap();
                    ends.recv().unwrap();
                })
            })
            .unwrap();
    });
    is_there.recv().unwrap();
    let stopped = runtime.stop_world(Some(Duration::from_secs(5))).map(drop);
    end.send(()).unwrap();
    waiter.join().unwrap();
    stopped.unwrap();
}

#[test]
fn parked_calls_nest() {
    static VM: Runtime<Vm> = Runtime::ready(Vm).with_world();
    stops_while(&VM, |thread, wait| {
        thread.parked(|| {
            thread.parked(|| ());
            wait();
        })
    });
    stops_while(&VM, |thread, wait| {
        thread.call_parked(|| {
            thread.parked(|| ());
            wait();
        })
    });
    stops_while(&VM, |thread, wait| {
        thread.parked(|| {
            let panic = catch_unwind(AssertUnwindSafe(|| {
                thread.parked(|| thread.call_parked(|| panic!("inside")))
            }));
            assert!(panic.is_err());
            wait();
        })
    });
    // A callback in a parked call is managed, and parks by itself.
    stops_while(&VM, |thread, wait| {
        thread.parked(|| VM.callback(|thread| thread.parked(wait)).unwrap())
    });
}
