//! How often, and how soon, the same thing is asked again.

use std::time::Duration;

use crate::{Answer, StoreError, StoreErrorKind};

/// How long to keep asking a place that gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenacity {
    /// Requests in a row without a byte; the last one's error is the caller's.
    pub tries_max: u32,
    /// The wait after the first failure; it doubles with each that follows.
    pub wait_min: Duration,
    /// The longest wait. A place that asks for more (`Retry-After`) is not waited for.
    pub wait_max: Duration,
}

impl Default for Tenacity {
    fn default() -> Self {
        Self { tries_max: 5, wait_min: Duration::from_millis(100), wait_max: Duration::from_secs(10) }
    }
}

/// Asks until there is an answer, or an error that is final.
pub(crate) async fn persist<'a, T>(
    tenacity: Tenacity,
    ask: impl Fn() -> Answer<'a, T>,
) -> Result<T, StoreError> {
    let mut tries = Tries::new(tenacity);
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => tokio::time::sleep(tries.after(error)?).await,
        }
    }
}

/// Failures in a row.
#[derive(Debug)]
pub(super) struct Tries {
    tenacity: Tenacity,
    failed: u32,
}

impl Tries {
    pub(super) const fn new(tenacity: Tenacity) -> Self {
        Self { tenacity, failed: 0 }
    }

    /// Something arrived: what failed before is forgiven.
    pub(super) const fn progressed(&mut self) {
        self.failed = 0;
    }

    /// The wait before the next try; the error itself if it is final or tries have run out.
    pub(super) fn after(&mut self, error: StoreError) -> Result<Duration, StoreError> {
        self.failed += 1;
        let passes = matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Throttled);
        let asked = error.retry_after().unwrap_or_default();
        if !passes || self.failed >= self.tenacity.tries_max || asked > self.tenacity.wait_max {
            return Err(error);
        }
        let doubled = self.tenacity.wait_min * (1 << (self.failed - 1).min(16));
        Ok(doubled.min(self.tenacity.wait_max).max(asked))
    }
}
