//! What an object took so far of the place that it is from, for whoever writes records of it.
//!
//! It is shared by all that asks on behalf of one object: its opening, its bodies, and their continuations.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// Counters of one object. Clones are the same.
#[derive(Debug, Clone)]
pub struct Effort(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Box<str>,
    began: Instant,
    requests: AtomicU32,
    continued: AtomicU32,
    /// Microseconds and one; 0 while there was no answer.
    answered_us: AtomicU64,
}

impl Effort {
    /// Nothing was asked yet.
    pub(crate) fn at(place: &str) -> Self {
        Self(Arc::new(Inner {
            place: place.into(),
            began: Instant::now(),
            requests: AtomicU32::new(0),
            continued: AtomicU32::new(0),
            answered_us: AtomicU64::new(0),
        }))
    }

    /// The place's name: without credentials, path or query.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// Requests that were sent, those that failed included.
    pub fn requests(&self) -> u32 {
        self.0.requests.load(Relaxed)
    }

    /// Times that a body went on over another connection.
    pub fn continued(&self) -> u32 {
        self.0.continued.load(Relaxed)
    }

    /// From the beginning to the head of the first answer that was of use.
    pub fn answered_after(&self) -> Option<Duration> {
        self.0.answered_us.load(Relaxed).checked_sub(1).map(Duration::from_micros)
    }

    pub(super) fn asked(&self) {
        self.0.requests.fetch_add(1, Relaxed);
    }

    pub(super) fn went_on(&self) {
        self.0.continued.fetch_add(1, Relaxed);
    }

    pub(super) fn answered(&self) {
        let after = u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX - 1) + 1;
        // Only the first counts.
        let _ = self.0.answered_us.compare_exchange(0, after, Relaxed, Relaxed);
    }
}
