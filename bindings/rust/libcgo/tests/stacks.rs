// SPDX-License-Identifier: BSD-3-Clause
//! Stacks, contexts, tracebacks, handles.

use libcgo::{
    ArcTable, Bounds, Context, Error, HandleTable, Hooks, Resumed, Runtime, Stack,
    StackKind, Suspender,
};
use std::cell::Cell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

struct Vm;
impl Hooks for Vm {
    type Thread = ();
    fn attach(&self) -> Option<()> {
        Some(())
    }
}
static VM: Runtime<Vm> = Runtime::new(Vm);

fn started() -> &'static Runtime<Vm> {
    VM.start(|| {
        // SAFETY: once, and nobody else uses the runtime yet.
        unsafe { VM.find_unwinder() }.or(Ok::<_, Error>(()))
    })
    .unwrap();
    &VM
}

fn context<T: 'static>(f: impl FnOnce(&Suspender<T>, T) -> T + 'static) -> Context<T> {
    // SAFETY: the tests use no scoped thread-local variable.
    unsafe { Context::new(Stack::new(256 << 10).unwrap(), f) }.unwrap()
}

#[test]
fn closures_run_on_their_stacks_and_return_values() {
    started()
        .callback(|thread| {
            let mut stack = Stack::new(64 << 10).unwrap();
            assert!(stack.size() >= 64 << 10);
            let mut local = vec![1];
            let at = thread.on_stack(&mut stack, || {
                let here = 0u8;
                local.push(2);
                assert_eq!(thread.bounds().unwrap().kind, StackKind::Small);
                let far = thread.on_system(|| {
                    local.push(3);
                    assert_eq!(Bounds::here().unwrap().kind, StackKind::System);
                    &raw const here
                });
                assert_eq!(far, &raw const here);
                far
            });
            assert!(stack.contains(at));
            assert_eq!(local, [1, 2, 3]);
        })
        .unwrap();
}

#[test]
fn a_context_suspends_itself_and_goes_on() {
    started()
        .callback(|thread| {
            let mut numbers = context(|own, mut word: u64| {
                for i in 0..1000 {
                    word = own.suspend(word + i);
                }
                word
            });
            for i in 0..1000 {
                assert_eq!(numbers.resume(thread, 7), Resumed::Suspended(7 + i));
            }
            assert_eq!(numbers.resume(thread, 5), Resumed::Done(5));
            assert!(numbers.is_done());
            let again = catch_unwind(AssertUnwindSafe(|| numbers.resume(thread, 1)));
            assert!(again.is_err());
            let stack = numbers.into_stack();
            // SAFETY: as above.
            let mut next = unsafe { Context::new(stack, |_, word: u64| word) }.unwrap();
            assert_eq!(next.resume(thread, 1), Resumed::Done(1));
        })
        .unwrap();
}

#[test]
fn contexts_suspend_in_any_order_and_call_c() {
    started()
        .callback(|thread| {
            let mut all: Vec<_> = (0..20)
                .map(|i| {
                    context(move |own, word: usize| {
                        let thread = VM.current().unwrap();
                        let mut word = word;
                        loop {
                            word = own.suspend(thread.get().on_system(|| word * i));
                        }
                    })
                })
                .collect();
            for round in 0..50 {
                for step in 0..20 {
                    let i = (step * 7 + round) % 20;
                    assert_eq!(all[i].resume(thread, round), Resumed::Suspended(round * i));
                }
            }
        })
        .unwrap();
}

#[test]
fn contexts_nest_on_small_stacks() {
    started()
        .callback(|thread| {
            let mut stack = Stack::new(64 << 10).unwrap();
            let sum = thread.on_stack(&mut stack, || {
                let mut outer = context(|own, word: u32| {
                    let thread = VM.current().unwrap();
                    let mut inner = context(|own, word: u32| own.suspend(word + 1) + 10);
                    let Resumed::Suspended(word) = inner.resume(thread.get(), word) else {
                        panic!("it is over");
                    };
                    let word = own.suspend(word);
                    let Resumed::Done(word) = inner.resume(thread.get(), word) else {
                        panic!("it is not over");
                    };
                    word
                });
                assert_eq!(outer.resume(thread, 1), Resumed::Suspended(2));
                match outer.resume(thread, 100) {
                    Resumed::Done(word) => word,
                    Resumed::Suspended(_) => 0,
                }
            });
            assert_eq!(sum, 110);
        })
        .unwrap();
}

#[test]
fn a_panic_of_a_context_goes_on_in_its_resumer() {
    started()
        .callback(|thread| {
            let dropped = Rc::new(Cell::new(0));
            let mut fails = context({
                let dropped = dropped.clone();
                move |own, word: u32| {
                    let _note = Note(dropped);
                    own.suspend(word);
                    panic!("in the context");
                }
            });
            fails.resume(thread, 1);
            let panic =
                catch_unwind(AssertUnwindSafe(|| fails.resume(thread, 1))).unwrap_err();
            assert_eq!(*panic.downcast::<&str>().unwrap(), "in the context");
            assert!(fails.is_done() && !thread::panicking());
            assert_eq!(dropped.get(), 1);
        })
        .unwrap();
}

struct Note(Rc<Cell<u32>>);
impl Drop for Note {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_dropped_context_drops_what_is_on_its_stack() {
    started()
        .callback(|thread| {
            let dropped = Rc::new(Cell::new(0));
            let make = || {
                let note = Note(dropped.clone());
                context(move |own, word: u32| {
                    let _note = note;
                    // Whoever catches it gets it again.
                    let _ = catch_unwind(AssertUnwindSafe(|| own.suspend(word)));
                    own.suspend(word)
                })
            };
            drop(make()); // new
            assert_eq!(dropped.get(), 1);
            let mut suspended = make();
            suspended.resume(thread, 1);
            drop(suspended);
            assert_eq!(dropped.get(), 2);
            let mut suspended = make();
            suspended.resume(thread, 1);
            suspended.resume(thread, 1);
            assert_eq!(suspended.into_stack().size(), 256 << 10);
            assert_eq!(dropped.get(), 3);
            // While a panic passes.
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let mut suspended = make();
                suspended.resume(thread, 1);
                std::panic::resume_unwind(Box::new(1));
            }));
            assert!(panic.unwrap_err().is::<i32>());
            assert_eq!(dropped.get(), 4);
            assert!(!thread::panicking());
            // After the record with which it was resumed.
        })
        .unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    thread::spawn({
        let dropped = dropped.clone();
        move || {
            let attachment = VM.attach().unwrap();
            let mut suspended = context(move |own, word: u32| {
                struct Note(Arc<AtomicUsize>);
                impl Drop for Note {
                    fn drop(&mut self) {
                        self.0.fetch_add(1, SeqCst);
                    }
                }
                let _note = Note(dropped);
                own.suspend(word)
            });
            suspended.resume(attachment.get(), 1);
            drop(attachment);
            assert!(VM.current().is_none());
            drop(suspended);
        }
    })
    .join()
    .unwrap();
    assert_eq!(dropped.load(SeqCst), 1);
}

#[test]
fn a_context_is_not_suspended_in_a_call_to_another_stack() {
    started()
        .callback(|thread| {
            let mut wrong = context(|own, word: u32| {
                let thread = VM.current().unwrap();
                let mut other = Stack::new(64 << 10).unwrap();
                let in_c = catch_unwind(AssertUnwindSafe(|| {
                    thread.get().on_system(|| own.suspend(word))
                }));
                let on_other = catch_unwind(AssertUnwindSafe(|| {
                    thread.get().on_stack(&mut other, || own.suspend(word))
                }));
                u32::from(in_c.is_err()) + u32::from(on_other.is_err())
            });
            assert_eq!(wrong.resume(thread, 1), Resumed::Done(2));
        })
        .unwrap();
}

#[test]
fn a_scope_in_a_context_outlives_its_borrows() {
    // A dropped context must not free what another thread still uses.
    started()
        .callback(|thread| {
            let seen = Arc::new(AtomicUsize::new(0));
            let mut scoped = context({
                let seen = seen.clone();
                move |own, word: usize| {
                    let local = [word; 100];
                    thread::scope(|scope| {
                        scope.spawn(|| seen.fetch_add(local.iter().sum(), SeqCst));
                        own.suspend(word)
                    })
                }
            });
            scoped.resume(thread, 3);
            drop(scoped);
            assert_eq!(seen.load(SeqCst), 300);
        })
        .unwrap();
}

#[test]
fn tracebacks_go_over_all_stacks() {
    let vm = started();
    vm.callback(|thread| {
        let mut pcs = [0; 64];
        let plain = vm.traceback(&mut pcs);
        let mut stack = Stack::new(256 << 10).unwrap();
        let across =
            thread.on_stack(&mut stack, || thread.on_system(|| vm.traceback(&mut pcs)));
        assert!(plain > 2 && across > plain, "{plain} {across}");
        let c = pcs[..across].iter().filter_map(|pc| vm.symbolize(pc - 1).ok());
        assert!(c.clone().any(|symbol| symbol.object.is_some()));
        assert_eq!(vm.symbolize(1).unwrap_err().code(), 2);
    })
    .unwrap();
}

#[test]
fn handles_name_their_objects() {
    let objects: Vec<u32> = (0..1000).collect();
    let table = HandleTable::new();
    assert!(table.is_empty() && table.get(1).is_none() && !table.remove(1));
    let handles: Vec<_> =
        objects.iter().map(|object| table.insert(object).unwrap().get()).collect();
    let table = table; // it may move
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for (handle, object) in handles.iter().zip(&objects) {
                    assert_eq!(table.get(*handle), Some(object));
                }
            });
        }
    });
    let removed: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    handles.iter().filter(|handle| table.remove(**handle)).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(removed.iter().sum::<usize>(), 1000);
    assert_eq!((table.len(), table.get(handles[0])), (0, None));
}

#[test]
fn an_arc_table_keeps_its_objects() {
    let table = ArcTable::new();
    let object = Arc::new(Mutex::new(1));
    let one = table.insert(object.clone()).unwrap().get();
    let two = table.insert(object.clone()).unwrap().get();
    assert_eq!(Arc::strong_count(&object), 3);
    *table.get(one).unwrap().lock().unwrap() += 1;
    assert_eq!(*table.remove(one).unwrap().lock().unwrap(), 2);
    assert!(table.get(one).is_none() && table.remove(one).is_none());
    assert_eq!((table.len(), Arc::strong_count(&object)), (1, 2));
    assert!(table.get(two).is_some());
    drop(table);
    assert_eq!(Arc::strong_count(&object), 1);

    static SHARED: ArcTable<AtomicUsize> = ArcTable::new();
    let word = SHARED.insert(Arc::default()).unwrap().get();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(object) = SHARED.get(word) {
                    if object.fetch_add(1, SeqCst) > 3000 {
                        SHARED.remove(word);
                    }
                }
            });
        }
    });
    assert!(SHARED.is_empty());
}
