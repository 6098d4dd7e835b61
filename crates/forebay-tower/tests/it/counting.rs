//! The counter of the incident: every byte that the current thread has asked the allocator for, and those that it
//! has not given back.
//!
//! Per thread, so that tests beside each other do not count each other's; the upload runs on one thread.
#![expect(unsafe_code, reason = "a global allocator is an unsafe trait; this one only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
    static FREED: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator with a counter before it.
pub(crate) struct Counting;

/// Bytes asked for while `work` ran, on this thread.
pub(crate) fn allocated<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let before = ALLOCATED.get();
    let result = work();
    (ALLOCATED.get() - before, result)
}

/// Bytes asked for while `work` ran, on this thread, less those that were given back.
pub(crate) fn held<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let freed = FREED.get();
    let (allocated, result) = allocated(work);
    (allocated.saturating_sub(FREED.get() - freed), result)
}

fn count_freed(bytes: usize) {
    FREED.set(FREED.get() + bytes as u64);
}

fn count(bytes: usize) {
    ALLOCATED.set(ALLOCATED.get() + bytes as u64);
}

// SAFETY: every method passes its arguments on to `System` unchanged and returns what that returns; the
// counter is a thread-local without a destructor and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_freed(layout.size());
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.saturating_sub(layout.size()));
        count_freed(layout.size().saturating_sub(size));
        // SAFETY: `pointer` came from `System` with this layout, and the caller promises about `size`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
