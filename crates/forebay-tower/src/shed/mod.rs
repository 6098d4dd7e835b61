//! A queue before the in-flight limit, with a length and a time; beyond either it sheds load with 503 and
//! `Retry-After`.
//!
//! Wait, but not for long: a short queue turns a burst into a little latency, and a long one turns an
//! overload into answers for clients that have already left. The queue is fair (first come, first served)
//! and what waits in it is a request head and nothing else: no buffer, no file, no permit.
//!
//! Cancel safe because a waiting request that is dropped leaves the line, and a slot that was just
//! granted to it returns with the future that holds it.

mod error;
mod future;
mod layer;
mod queue;
mod service;

use std::time::Duration;

pub use error::Overloaded;
pub use future::ResponseFuture;
pub use layer::LoadShedLayer;
pub use service::LoadShed;

pub use crate::limit::in_flight::{ResponseBody, Slots};

/// How many may wait, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Requests waiting at once.
    pub length: usize,
    /// How long one waits before it is refused.
    pub time: Duration,
}

#[cfg(test)]
mod tests;
