//! When the request body last moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Buf;
use tokio::time::Instant;

use crate::body::{End, Tap};

/// The time of the last frame of a request body, shared by the body and the future of the response.
#[derive(Clone, Debug)]
pub struct Progress {
    start: Instant,
    /// Microseconds since `start`.
    moved: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn starting(start: Instant) -> Self {
        Self { start, moved: Arc::default() }
    }

    pub(super) fn last(&self) -> Instant {
        self.start + Duration::from_micros(self.moved.load(Ordering::Relaxed))
    }

    fn now(&self) {
        let elapsed = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.moved.store(elapsed, Ordering::Relaxed);
    }
}

impl Tap for Progress {
    fn data(&mut self, _data: &impl Buf) {
        self.now();
    }

    fn end(&mut self, _end: End) {
        self.now();
    }
}
