//! Why a body was ended.

use std::fmt;
use std::time::Duration;

use forebay_budget::Rate;
use http::StatusCode;

use crate::refusal::Refusal;

/// Who was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The one who sends the request or reads the response.
    Client,
    /// The one who produces the response.
    Service,
}

/// A body that stood still, or was too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stalled {
    /// Nothing moved for too long.
    #[error("stalled: nothing came from the {party} for {idle:?}")]
    Idle {
        /// Who was waited for.
        party: Party,
        /// How long.
        idle: Duration,
    },
    /// Something moved, but too little.
    #[error("too slow: the {party} stayed below {min_rate}")]
    TooSlow {
        /// Who was waited for.
        party: Party,
        /// The least rate.
        min_rate: Rate,
    },
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Service => "service",
        })
    }
}

impl From<Stalled> for Refusal {
    fn from(stalled: Stalled) -> Self {
        let reason = match stalled {
            Stalled::Idle { .. } => "stalled",
            Stalled::TooSlow { .. } => "too_slow",
        };
        Self::new(StatusCode::REQUEST_TIMEOUT, reason, "The request body came too slowly.")
    }
}
