// SPDX-License-Identifier: BSD-3-Clause

use crate::error::{check, errno};
use crate::{sys, Error, Result};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The table of C. It is made at the first handle, on the heap: C wants it to stay where
/// it is, while an owner in Rust may move.
struct Table(AtomicPtr<sys::libcgo_handle_table>);

impl Table {
    const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// NULL if there has been no handle.
    fn get(&self) -> *mut sys::libcgo_handle_table {
        self.0.load(Ordering::Acquire)
    }

    fn make(&self) -> *mut sys::libcgo_handle_table {
        let table = self.get();
        if !table.is_null() {
            return table;
        }
        let mine = Box::into_raw(Box::new(sys::libcgo_handle_table::INIT));
        match self.0.compare_exchange(null_mut(), mine, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => mine,
            Err(theirs) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(mine) });
                theirs
            }
        }
    }

    fn insert(&self, object: *mut c_void) -> Result<NonZeroUsize> {
        let mut handle = 0;
        // SAFETY: the table lives as long as `self`; it is made for use by all threads.
        let code = unsafe { sys::libcgo_handle_new(self.make(), object, &mut handle) };
        check(code, "libcgo_handle_new")?;
        NonZeroUsize::new(handle).ok_or(Error::new(errno::EINVAL, "libcgo_handle_new"))
    }

    fn look_up(&self, handle: usize) -> *mut c_void {
        // SAFETY: the table is valid or NULL, for which C returns NULL.
        unsafe { sys::libcgo_handle_get(self.get(), handle) }
    }

    fn free(&self, handle: usize) -> bool {
        // SAFETY: the table is valid or NULL, for which C returns EINVAL.
        unsafe { sys::libcgo_handle_free(self.get(), handle) == 0 }
    }

    fn count(&self) -> usize {
        // SAFETY: the table is valid or NULL, for which C returns 0.
        unsafe { sys::libcgo_handle_count(self.get()) }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let table = self.get();
        if !table.is_null() {
            // SAFETY: `&mut self`: no other call is under way.
            unsafe {
                sys::libcgo_handle_table_destroy(table);
                drop(Box::from_raw(table));
            }
        }
    }
}

/// Handles for objects that live at least as long as the table: words that stand for
/// references in C's `void *` (`libcgo_handle_new`). C can keep a handle as long as it
/// likes; a freed or invented one is found out.
///
/// ```
/// static ANSWER: u32 = 42;
/// static TABLE: libcgo::HandleTable<'static, u32> = libcgo::HandleTable::new();
///
/// let word = TABLE.insert(&ANSWER).unwrap().get(); // for C
/// assert_eq!(TABLE.get(word), Some(&42));
/// assert!(TABLE.remove(word));
/// assert_eq!(TABLE.get(word), None);
/// ```
///
/// An object that does not live as long as the table is refused:
///
/// ```compile_fail,E0597
/// static TABLE: libcgo::HandleTable<'static, u32> = libcgo::HandleTable::new();
/// let local = 1;
/// TABLE.insert(&local);
/// ```
///
/// `Sync` if `T` is: all threads get `&T`. `Send` if `T` is `Sync`: it holds references.
///
/// 32-bit words: a freed handle may name another object of the table after 65,536 new
/// handles. See `<libcgo/handle.h>`.
pub struct HandleTable<'a, T> {
    table: Table,
    /// Invariant: who sees the table with a shorter life must not put such an object into it.
    objects: PhantomData<Cell<&'a T>>,
}

impl<'a, T> HandleTable<'a, T> {
    /// An empty table. The first handle allocates.
    pub const fn new() -> Self {
        Self { table: Table::new(), objects: PhantomData }
    }

    /// Makes a handle. One object may have several. Errors: ENOMEM; EAGAIN if there are as
    /// many as the bits of a word allow.
    pub fn insert(&self, object: &'a T) -> Result<NonZeroUsize> {
        self.table.insert(std::ptr::from_ref(object).cast_mut().cast())
    }

    /// The object of a live handle; `None` for every other word. No lock, no system call.
    /// Safe in signal handlers.
    pub fn get(&self, handle: usize) -> Option<&'a T> {
        // SAFETY: what is in the table came as `&'a T`, and 'a outlives the table.
        unsafe { self.table.look_up(handle).cast::<T>().as_ref() }
    }

    /// Frees a handle. Returns whether it was live: of several calls, one returns true.
    pub fn remove(&self, handle: usize) -> bool {
        self.table.free(handle)
    }

    /// How many handles are live.
    pub fn len(&self) -> usize {
        self.table.count()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for HandleTable<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for HandleTable<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandleTable({} handles)", self.len())
    }
}

// SAFETY: see the type. C's functions are for all threads at once.
unsafe impl<T: Sync> Send for HandleTable<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for HandleTable<'_, T> {}

/// Handles that keep their objects alive. A look-up takes a lock for reading, so that no
/// other thread drops the object at that moment. So it is not for signal handlers, as
/// [`HandleTable`] is.
///
/// `Send` and `Sync` if `T` is both, as `Arc<T>`: any thread may drop the last `Arc`.
pub struct ArcTable<T> {
    table: Table,
    /// What is in the table, each with one count of its Arc.
    live: RwLock<BTreeSet<usize>>,
    /// Invariant, as above.
    objects: PhantomData<Cell<Arc<T>>>,
}

impl<T> ArcTable<T> {
    /// An empty table. The first handle allocates.
    pub const fn new() -> Self {
        Self {
            table: Table::new(),
            live: RwLock::new(BTreeSet::new()),
            objects: PhantomData,
        }
    }

    /// Makes a handle. Errors: as [`HandleTable::insert`].
    pub fn insert(&self, object: Arc<T>) -> Result<NonZeroUsize> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let pointer = Arc::into_raw(object);
        let handle = self.table.insert(pointer.cast_mut().cast()).inspect_err(|_| {
            // SAFETY: the table has not taken it.
            drop(unsafe { Arc::from_raw(pointer) });
        })?;
        live.insert(handle.get());
        Ok(handle)
    }

    /// The object of a live handle; `None` for every other word.
    pub fn get(&self, handle: usize) -> Option<Arc<T>> {
        let _live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let pointer = self.table.look_up(handle).cast::<T>().cast_const();
        if pointer.is_null() {
            return None;
        }
        // SAFETY: the table has a count of this Arc, and keeps it while the lock is ours.
        unsafe {
            Arc::increment_strong_count(pointer);
            Some(Arc::from_raw(pointer))
        }
    }

    /// Frees a handle, and returns its object; `None` for every other word.
    pub fn remove(&self, handle: usize) -> Option<Arc<T>> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if !live.remove(&handle) {
            return None;
        }
        let pointer = self.table.look_up(handle).cast::<T>().cast_const();
        self.table.free(handle);
        // SAFETY: the handle was live, and its count is now ours.
        Some(unsafe { Arc::from_raw(pointer) })
    }

    /// How many handles are live.
    pub fn len(&self) -> usize {
        self.table.count()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for ArcTable<T> {
    fn drop(&mut self) {
        let live =
            std::mem::take(self.live.get_mut().unwrap_or_else(PoisonError::into_inner));
        for handle in live {
            let pointer = self.table.look_up(handle).cast::<T>().cast_const();
            self.table.free(handle);
            // SAFETY: as in `remove`.
            drop(unsafe { Arc::from_raw(pointer) });
        }
    }
}

impl<T> Default for ArcTable<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for ArcTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArcTable({} handles)", self.len())
    }
}

// SAFETY: see the type.
unsafe impl<T: Send + Sync> Send for ArcTable<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for ArcTable<T> {}
