//! Why a request was shed.

use std::time::Duration;

use http::StatusCode;

use crate::refusal::Refusal;

/// The queue is full, or the wait in it was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("overloaded: {waiting} requests wait, each for at most {waited:?}")]
pub struct Overloaded {
    /// How long a request may wait.
    pub waited: Duration,
    /// How many waited when this one came.
    pub waiting: usize,
}

impl From<Overloaded> for Refusal {
    fn from(error: Overloaded) -> Self {
        // Those who wait now will be served or gone by then.
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The server is busy; please try again.")
            .retry_after(error.waited.max(Duration::from_secs(1)))
    }
}
