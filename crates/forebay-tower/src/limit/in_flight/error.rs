//! Why a request was refused.

use std::time::Duration;

use http::StatusCode;

use crate::refusal::Refusal;

/// Every place is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{total} requests are in flight already")]
pub struct TooManyInFlight {
    /// How many places there are.
    pub total: usize,
}

impl From<TooManyInFlight> for Refusal {
    fn from(_: TooManyInFlight) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "in_flight", "The server is busy; please try again.")
            .retry_after(Duration::from_secs(1))
    }
}
