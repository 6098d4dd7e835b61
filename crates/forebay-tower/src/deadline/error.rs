//! Why a request was given up.

use std::time::Duration;

use http::StatusCode;

use crate::refusal::Refusal;

/// The service did not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no response head within {limit:?}")]
pub struct HeadLate {
    /// How long it had.
    pub limit: Duration,
}

impl From<HeadLate> for Refusal {
    fn from(_: HeadLate) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "head_deadline",
            "The answer took too long; please try again.",
        )
        .retry_after(Duration::from_secs(1))
    }
}
