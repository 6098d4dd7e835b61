//! An allocator that counts: "exactly one large allocation" is a promise that only the allocator can keep to.
//!
//! A test program that needs it says `#[global_allocator] static ALLOCATOR: Counting = Counting;`, and is a program of its own, because the
//! counters are of the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator with counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

/// What was allocated since the last [`reset`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Bytes that are allocated now.
    pub live: usize,
    /// The most that were at one time.
    pub peak: usize,
    /// How many allocations were [`LARGE`] or larger; one that grew to that counts, each time that it grows.
    pub large: usize,
    /// The largest.
    pub largest: usize,
}

/// From so many bytes on an allocation is large: no buffer of ours is, other than an object in memory.
pub const LARGE: usize = 8 << 20;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static LARGES: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// Begins to count anew; what is allocated stays counted as live.
pub fn reset() {
    PEAK.store(LIVE.load(Relaxed), Relaxed);
    LARGES.store(0, Relaxed);
    LARGEST.store(0, Relaxed);
}

/// The counters as they stand.
#[must_use]
pub fn read() -> Allocations {
    Allocations {
        live: LIVE.load(Relaxed),
        peak: PEAK.load(Relaxed),
        large: LARGES.load(Relaxed),
        largest: LARGEST.load(Relaxed),
    }
}

fn took(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
    LARGEST.fetch_max(bytes, Relaxed);
    if bytes >= LARGE {
        LARGES.fetch_add(1, Relaxed);
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes to the system's allocator unchanged; only counters are touched besides.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(block, layout, size) }
    }
}
