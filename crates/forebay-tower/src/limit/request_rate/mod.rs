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
    /// Clients remembered at once; 32 bytes each.
    pub clients_max: usize,
}

impl RequestRateOptions {
    /// `per_second` with a burst of as many, and 8,192 clients.
    #[must_use]
    pub const fn per_second(per_second: NonZeroU32) -> Self {
        Self { per_second, burst: per_second, clients_max: 8192 }
    }
}

#[cfg(test)]
mod tests;
