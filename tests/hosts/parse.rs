// SPDX-License-Identifier: BSD-3-Clause
//
// With what bindgen has made of libcgo.h and parse.h.
#![allow(dead_code, non_camel_case_types, non_upper_case_globals, non_snake_case)]
mod c {
    include!(concat!(env!("OUT"), "/bindings.rs"));
}
use std::ffi::c_void;
use std::mem::{size_of, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn called(thread: *mut c::libcgo_thread, arg: *mut c_void) {
    if unsafe { (*thread).runtime } == arg.cast() {
        CALLS.fetch_add(1, Ordering::SeqCst);
    }
}

fn main() {
    let mut record = MaybeUninit::<c::libcgo_runtime>::uninit();
    let runtime = record.as_mut_ptr();
    unsafe {
        let size = size_of::<c::libcgo_runtime>();
        assert_eq!(c::libcgo_runtime_init(runtime, size as _, c::libcgo_ready_ops()), 0);
        assert_eq!(c::libcgo_init_begin(ptr::addr_of_mut!((*runtime).init)), 0);
        assert_eq!(c::libcgo_init_done(ptr::addr_of_mut!((*runtime).init)), 0);
        for _ in 0..3 {
            assert_eq!(c::parse_call(runtime, Some(called), runtime.cast()), 0);
        }
    }
    println!(
        "{} {} {} {} {} {} {}",
        CALLS.load(Ordering::SeqCst),
        c::LIBCGO_NO_GUARD,
        c::LIBCGO_FOR_EVER,
        c::LIBCGO_THREAD_POLL_OFFSET,
        c::LIBCGO_STACK_MIN,
        c::LIBCGO_STACK_OTHER,
        size_of::<c::libcgo_thread>()
    );
}
