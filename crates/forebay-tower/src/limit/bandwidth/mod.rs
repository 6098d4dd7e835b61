//! Bytes per second: for each client over all its connections, and for everybody together.
//!
//! A body pays for a piece *after* it has passed, and the next piece waits until the debt is repaid, so the
//! average is exact. A piece is what flows in a quarter of a second, at least 16 KiB: a longer frame (64 KiB
//! where files are read, 1 MiB where they are sent by name) is cut, and its rest waits here. Cutting copies
//! nothing, and a slice of a zero-copy placeholder still names its bytes, as long as the pieces leave in their
//! order, all of them, or the connection ends. The debt belongs to the client, not to the connection: a
//! client that opens ten connections gets the same rate ten times slower on each. The number of clients
//! remembered is fixed (`keys.rs`); when it is used up, newcomers share one bucket.
//!
//! The limits can be changed while bodies flow.

mod body;
mod bucket;
mod future;
mod layer;
mod service;

use std::time::Duration;

pub use body::PacedBody;
use forebay_budget::{ByteSize, Rate};
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
    /// Clients remembered at once, at most; the table takes the next smaller size that it can fill.
    pub clients_max: usize,
}

impl BandwidthOptions {
    /// The most that the limiter takes: a table that is made whole, and a bucket for each client in it.
    #[must_use]
    pub const fn memory(&self) -> ByteSize {
        ByteSize::b(layer::bytes(self.clients_max))
    }
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
            clients_max: 7168,
        }
    }
}

#[cfg(test)]
mod tests;
