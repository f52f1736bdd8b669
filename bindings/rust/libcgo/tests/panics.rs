// SPDX-License-Identifier: BSD-3-Clause
//! Panics pass every crossing, or end the process, as the crate's page says.

use libcgo::{Attached, Error, Hooks, Runtime, Stack, ThreadOptions};
use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::Command;
use std::rc::Rc;

struct Vm {
    hook_panics: bool,
}
impl Hooks for Vm {
    type Thread = ();
    fn attach(&self) -> Option<()> {
        Some(())
    }
    fn enter(&self, (): &()) {
        if self.hook_panics {
            panic!("in a hook");
        }
    }
}
static VM: Runtime<Vm> = Runtime::new(Vm { hook_panics: false });
static BAD: Runtime<Vm> = Runtime::new(Vm { hook_panics: true });

fn started() -> &'static Runtime<Vm> {
    VM.start(|| Ok::<_, Error>(())).unwrap();
    &VM
}

/// Notes that it was dropped.
struct Note(Rc<RefCell<Vec<u32>>>, u32);
impl Drop for Note {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

fn message(result: std::thread::Result<()>) -> String {
    *result.unwrap_err().downcast::<String>().unwrap()
}

/// A callback, a small stack, C, and again, `depth` times; then a panic.
fn go(thread: Attached<'_, Vm>, depth: u32, notes: &Rc<RefCell<Vec<u32>>>) {
    let _note = Note(notes.clone(), depth);
    if depth == 0 {
        panic!("at the bottom, {}", notes.borrow().len());
    }
    let mut stack = Stack::new(256 << 10).unwrap();
    thread.on_stack(&mut stack, || {
        let _note = Note(notes.clone(), 10 * depth);
        thread.on_system(|| {
            let _note = Note(notes.clone(), 100 * depth);
            VM.callback(|thread| go(thread, depth - 1, notes)).unwrap();
        });
    });
}

#[test]
fn a_panic_passes_all_crossings_and_drops_what_it_passes() {
    let vm = started();
    for _ in 0..100 {
        let notes = Rc::default();
        let result = catch_unwind(AssertUnwindSafe(|| {
            vm.callback(|thread| go(thread, 2, &notes)).unwrap();
        }));
        assert_eq!(message(result), "at the bottom, 0");
        assert_eq!(*notes.borrow(), [0, 100, 10, 1, 200, 20, 2]);
    }
}

#[test]
fn a_panic_can_be_caught_in_the_middle() {
    let vm = started();
    vm.callback(|thread| {
        let mut stack = Stack::new(256 << 10).unwrap();
        for i in 0..1000 {
            let caught = thread.on_stack(&mut stack, || {
                let result = catch_unwind(AssertUnwindSafe(|| {
                    thread.on_system(|| -> u32 { panic!("number {i}") })
                }));
                // The stack is as before: C can be called again.
                assert_eq!(thread.on_system(|| i), i);
                result.map(drop)
            });
            assert_eq!(message(caught), format!("number {i}"));
        }
    })
    .unwrap();
}

#[test]
fn the_stack_of_a_call_that_panicked_is_free() {
    let vm = started();
    vm.callback(|thread| {
        let mut stack = Stack::new(64 << 10).unwrap();
        let mut tops = Vec::new();
        for _ in 0..50 {
            catch_unwind(AssertUnwindSafe(|| {
                thread.on_stack(&mut stack, || {
                    let top = Cell::new(0u8);
                    tops.push(top.as_ptr() as usize);
                    std::panic::resume_unwind(Box::new(()));
                })
            }))
            .unwrap_err();
        }
        assert!(tops.iter().all(|top| *top == tops[0]), "{tops:x?}");
    })
    .unwrap();
}

/// Runs a test of this file, which is ignored otherwise, in a process of its own.
fn ends_the_process(test: &str, words: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.status.code().is_none(), "{text}");
    assert!(text.contains(words), "{text}");
    assert!(!text.contains("not reached"), "{text}");
}

#[test]
#[ignore = "it ends the process"]
fn child_hook() {
    let _ = BAD.attach();
    eprintln!("not reached");
}

#[test]
fn a_panic_in_a_hook_ends_the_process() {
    ends_the_process("child_hook", "panic in a function that cannot unwind");
}

#[test]
#[ignore = "it ends the process"]
fn child_thread() {
    started().spawn(&ThreadOptions::new(), (), |_| panic!("in a thread")).unwrap();
    std::thread::park();
    eprintln!("not reached");
}

#[test]
fn a_panic_that_leaves_a_thread_ends_the_process() {
    ends_the_process("child_thread", "a panic has left the function of a thread");
}
