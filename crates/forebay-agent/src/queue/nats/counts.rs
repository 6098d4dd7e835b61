//! What has happened on the way, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one link.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) sent: AtomicU64,
    pub(super) asked_after: AtomicU64,
    pub(super) sent_again: AtomicU64,
    pub(super) garbled: AtomicU64,
    pub(super) answered: AtomicU64,
    pub(super) failed: AtomicU64,
}

/// What has happened on a link since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NatsCounts {
    /// Rows that were sent to workers.
    pub sent: u64,
    /// Rows of which nothing was heard for a while.
    pub asked_after: u64,
    /// Those of them that the server did not have any more.
    pub sent_again: u64,
    /// Messages that nobody could read, and that were ended.
    pub garbled: u64,
    /// Rows that came once more and were answered from what had been written down.
    pub answered: u64,
    /// Times that the server was there and could not be asked for messages.
    pub failed: u64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, by: usize) {
        counter.fetch_add(by as u64, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> NatsCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        NatsCounts {
            sent: read(&self.sent),
            asked_after: read(&self.asked_after),
            sent_again: read(&self.sent_again),
            garbled: read(&self.garbled),
            answered: read(&self.answered),
            failed: read(&self.failed),
        }
    }
}
