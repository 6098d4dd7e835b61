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

/// The slots and the line before them, now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// Slots taken.
    pub in_use: usize,
    /// Slots in all.
    pub slots: usize,
    /// Requests that wait for one.
    pub waiting: usize,
    /// How many may.
    pub waiting_max: usize,
    /// The sum of all finished waits, whichever way they ended.
    pub waited: Duration,
    /// Requests that were refused since the start.
    pub refused_total: u64,
    /// A newcomer would probably be refused: the line is full, or its first has waited for more than a second.
    pub saturated: bool,
}

#[cfg(test)]
mod tests;
