//! Why a request was refused.

use std::time::Duration;

use http::StatusCode;

use crate::refusal::Refusal;

/// This client asks too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests from one client; the next one is due in {retry_after:?}")]
pub struct RateExceeded {
    /// When its next request will pass.
    pub retry_after: Duration,
}

impl From<RateExceeded> for Refusal {
    fn from(error: RateExceeded) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "request_rate", "Too many requests; please slow down.")
            .retry_after(error.retry_after)
    }
}
