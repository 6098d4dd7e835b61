//! Why a body was refused.

use http::StatusCode;

use crate::refusal::Refusal;

/// The request body is longer than the ceiling, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request body is longer than {ceiling} bytes")]
pub struct BodyTooLarge {
    /// The largest body that is taken, in bytes.
    pub ceiling: u64,
}

impl From<BodyTooLarge> for Refusal {
    fn from(error: BodyTooLarge) -> Self {
        let detail = format!("The body is larger than {} bytes.", error.ceiling);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }
}
