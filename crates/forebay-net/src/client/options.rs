//! What a client may hold and how long it waits.

use std::time::Duration;

use forebay_budget::{FdLedger, Ledger};

/// Bounds of a [`Client`](super::Client).
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Pays for the connections' memory.
    pub ledger: Ledger,
    /// Pays for their descriptors.
    pub fds: FdLedger,
    /// Until a connection is made, name and TLS included.
    pub connect_timeout: Duration,
    /// From the last byte of the request to the head of the response.
    pub head_timeout: Duration,
    /// How long a body may stand still *while it is being read*.
    pub stall_timeout: Duration,
}

/// What a client holds, and what became of what it held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientStats {
    /// Connections that carry a request or a body.
    pub in_use: u64,
    /// Connections on the shelf.
    pub idle: u64,
}
