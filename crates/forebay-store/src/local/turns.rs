//! Turns on the blocking pool.
//!
//! The runtime's pool takes any number of jobs. A cold disk would fill it with opens until nothing else got a thread, so
//! each kind of work has its own number of turns, and waits for one in order and for a limited time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{StoreError, StoreErrorKind};

/// A bounded number of jobs at once.
#[derive(Debug)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    patience: Duration,
}

/// One job's turn; hand it to the job.
#[derive(Debug)]
#[must_use = "a turn that is not kept lets the next one in"]
pub(super) struct Turn {
    #[expect(dead_code, reason = "held for its drop")]
    permit: OwnedSemaphorePermit,
}

impl Turns {
    pub(super) fn new(max: usize, patience: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(max.max(1))), patience }
    }

    /// A turn, if one is free.
    pub(super) fn try_next(&self) -> Option<Turn> {
        Arc::clone(&self.free).try_acquire_owned().ok().map(|permit| Turn { permit })
    }

    /// Waits in turn, for as long as it takes: somebody's bytes have arrived, and whoever sent them can wait.
    ///
    /// Cancel safe, as [`next`](Self::next).
    pub(super) async fn await_next(&self) -> Result<Turn, StoreError> {
        let permit = Arc::clone(&self.free).acquire_owned().await;
        permit.map(|permit| Turn { permit }).map_err(|_| no_turn())
    }

    /// Waits in turn. Those who wait are bounded by the connections that they serve.
    ///
    /// Cancel safe: a dropped wait gives up its place.
    pub(super) async fn next(&self) -> Result<Turn, StoreError> {
        if let Some(turn) = self.try_next() {
            return Ok(turn);
        }
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await;
        permit.ok().and_then(Result::ok).map(|permit| Turn { permit }).ok_or_else(no_turn)
    }
}

/// What who has no turn is told.
pub(super) fn no_turn() -> StoreError {
    StoreError::with_cause(StoreErrorKind::Unavailable, "the disk does not keep up")
}
