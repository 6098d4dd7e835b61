//! How far a transfer is: counters that anybody may look at, and nothing that prints.
//!
//! They count bytes that are where they belong: in the file, in the reader's hands, or acknowledged by the store. So they never run
//! ahead of the truth, and a bar made of them does not stand at 100 % while the last part is still on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one transfer, or of many together. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    total: AtomicU64,
    done: AtomicU64,
    resumed: AtomicU64,
    moved: AtomicU64,
    retries: AtomicU64,
    objects: AtomicU64,
    kept: AtomicU64,
}

/// What the counters say now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Seen {
    /// Bytes that there are to move, as far as is known.
    pub total: u64,
    /// Bytes that are where they belong, those of an earlier run included.
    pub done: u64,
    /// Bytes that an earlier run had moved.
    pub resumed: u64,
    /// Bytes that were moved by this run, those that had to be moved twice counted twice.
    pub moved: u64,
    /// Requests that failed; as a rule they were repeated.
    pub retries: u64,
    /// Objects that are whole.
    pub objects: u64,
    /// Objects of which a part is kept: the same transfer goes on from there.
    pub kept: u64,
}

impl Progress {
    /// Counters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// What they say now. Each number is exact; they are not of one moment.
    pub fn seen(&self) -> Seen {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &*self.0;
        Seen {
            total: get(&counters.total),
            done: get(&counters.done),
            resumed: get(&counters.resumed),
            moved: get(&counters.moved),
            retries: get(&counters.retries),
            objects: get(&counters.objects),
            kept: get(&counters.kept),
        }
    }

    pub(crate) fn expect(&self, bytes: u64) {
        self.0.total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn moved(&self, bytes: u64) {
        self.0.moved.fetch_add(bytes, Ordering::Relaxed);
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn resumed(&self, bytes: u64) {
        self.0.resumed.fetch_add(bytes, Ordering::Relaxed);
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.0.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn kept(&self) {
        self.0.kept.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn object_is_whole(&self) {
        self.0.objects.fetch_add(1, Ordering::Relaxed);
    }
}
