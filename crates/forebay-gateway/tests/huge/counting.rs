//! What is allocated at once, by all threads: the work is done on several.
#![expect(unsafe_code, reason = "a global allocator is an unsafe trait; this one only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with a counter before it.
pub(crate) struct Counting;

/// The most that was allocated at once while `work` ran, in bytes, above what was there before.
pub(crate) fn peak<R>(work: impl FnOnce() -> R) -> (usize, R) {
    let before = NOW.load(SeqCst);
    PEAK.store(before, SeqCst);
    let result = work();
    (PEAK.load(SeqCst) - before, result)
}

fn count(more: usize, less: usize) {
    let now = NOW.fetch_add(more, SeqCst) + more;
    PEAK.fetch_max(now, SeqCst);
    NOW.fetch_sub(less, SeqCst);
}

// SAFETY: every method passes its arguments on to `System` unchanged and returns what that returns; the
// counters are atomics and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there while it moves.
        count(size, layout.size());
        // SAFETY: `pointer` came from `System` with this layout, and the caller promises about `size`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
