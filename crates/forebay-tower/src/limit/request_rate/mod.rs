//! So many requests per second from each client, by token bucket (GCRA, from `governor`); beyond it 429
//! with `Retry-After`.
//!
//! The bucket of a client is one number in a table with a fixed number of places (`keys.rs`):
//! clients whose bucket is full again are forgotten, and when all places are live, newcomers share one
//! bucket. A limit that anybody can grow by sending from more addresses is not a limit.

mod clock;
mod error;
mod future;
mod layer;
mod service;
mod store;

use std::num::NonZeroU32;

pub use error::RateExceeded;
use forebay_budget::ByteSize;
pub use future::ResponseFuture;
pub use layer::RequestRateLayer;
pub use service::RequestRate;

/// The response body.
pub type ResponseBody<B> = crate::body::Answer<B>;

/// What one client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRateOptions {
    /// Requests per second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
    /// Clients remembered at once, at most; the table takes the next smaller size that it can fill.
    pub clients_max: usize,
}

impl RequestRateOptions {
    /// `per_second` with a burst of as many, and 7,168 clients.
    #[must_use]
    pub const fn per_second(per_second: NonZeroU32) -> Self {
        Self { per_second, burst: per_second, clients_max: 7168 }
    }

    /// What the limiter takes, from its start to its end: its table is made whole.
    #[must_use]
    pub const fn memory(&self) -> ByteSize {
        ByteSize::b(store::Arrivals::bytes(self.clients_max))
    }
}

#[cfg(test)]
mod tests;
