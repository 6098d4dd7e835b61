//! Bodies that stand still, or are too slow to be honest. A body may take an hour; it may not take an
//! hour for nothing.
//!
//! Time is charged to the side that was waited for:
//!
//! | body | polled and pending | not polled |
//! |---|---|---|
//! | request | the client sends nothing: *idle* and *minimum rate* | the service is slow: free |
//! | response | the service produces nothing: *idle* | the client takes nothing: *minimum rate* |
//!
//! The minimum rate gives credit: after `grace`, so much charged time is allowed as the bytes moved take
//! at that rate. A client that does not read at all leaves its response body unpolled, and a body cannot
//! act then; ending such a connection is the server's part (`forebay-net` does it). When the client comes
//! back to a body that is over its time, the body fails and the connection is aborted.
//!
//! A request body that was too slow is answered with 408, if the head of the response has not been sent.

mod body;
mod error;
mod future;
mod layer;
mod meter;
mod service;

use std::time::Duration;

pub use body::{RequestBody, ResponseBody};
pub use error::{Party, Stalled};
use forebay_budget::Rate;
pub use future::ResponseFuture;
pub use layer::StallLayer;
pub use service::Stall;

/// How long a body may stand still, and how slow it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The longest wait for one frame.
    pub idle: Duration,
    /// The least rate, if there is one.
    pub min_rate: Option<Rate>,
    /// How much charged time is free before the rate is judged.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), min_rate: None, grace: Duration::from_secs(10) }
    }
}

#[cfg(test)]
mod tests;
