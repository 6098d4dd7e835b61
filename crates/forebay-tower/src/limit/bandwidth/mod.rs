//! Bytes per second: for each client over all its connections, and for everybody together.
//!
//! A body pays for a frame *after* it has passed, and the next frame waits until the debt is repaid. So no
//! frame has to be cut (zero-copy spans cannot be), the average is exact, and a burst is never longer than
//! one frame above the allowance (64 KiB where files are read, up to 1 MiB where they are sent by name). The debt belongs to the client, not to the connection: a client that
//! opens ten connections gets the same rate ten times slower on each. The number of clients remembered is
//! fixed (`keys.rs`); when it is used up, newcomers share one bucket.
//!
//! The limits can be changed while bodies flow.

mod body;
mod bucket;
mod future;
mod layer;
mod service;

use std::time::Duration;

pub use body::PacedBody;
use forebay_budget::Rate;
pub use future::ResponseFuture;
pub use layer::BandwidthLayer;
pub use service::Bandwidth;

/// How many bytes per second may flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandwidthOptions {
    /// For each client, over all its connections.
    pub per_client: Option<Rate>,
    /// For all clients together.
    pub total: Option<Rate>,
    /// How much may be sent at once after a pause, as time at the full rate.
    pub burst: Duration,
    /// Which bodies count.
    pub direction: Direction,
    /// Clients remembered at once; about 100 bytes each.
    pub clients_max: usize,
}

/// The bodies that a bandwidth limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Response bodies.
    #[default]
    Out,
    /// Request bodies.
    In,
    /// Both, in one sum.
    Both,
}

impl Default for BandwidthOptions {
    fn default() -> Self {
        Self {
            per_client: None,
            total: None,
            burst: Duration::from_millis(250),
            direction: Direction::Out,
            clients_max: 4096,
        }
    }
}

#[cfg(test)]
mod tests;
