//! What a client did, counted once.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a client holds, and what became of what it held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientStats {
    /// Connections that are open or being made.
    pub open: u64,
    /// Connections that carry a request or a body, or are being made or drained.
    pub in_use: u64,
    /// Connections on the shelf.
    pub idle: u64,
    /// Requests that wait for a connection.
    pub waiting: u64,
    /// Connections that were made.
    pub opened_total: u64,
    /// Connections that could not be made.
    pub connect_failures_total: u64,
    /// Requests that went over a connection from the shelf.
    pub reused_total: u64,
    /// Requests that were sent once more because a connection from the shelf had died.
    pub replayed_total: u64,
    /// Requests that waited in vain for a connection.
    pub acquire_timeouts_total: u64,
    /// Dropped bodies whose rest was read, so that their connection could be used again.
    pub drained_total: u64,
    /// Connections that were closed with a part of a body unread.
    pub closed_unread_total: u64,
    /// Connections on the shelf that the other side closed, or spoke on unasked.
    pub idle_closed_total: u64,
    /// Connections closed because they were idle or alive for too long, or made way for another destination.
    pub retired_total: u64,
}

/// The live counters behind [`ClientStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) waiting: Count,
    pub(super) opened: Count,
    pub(super) connect_failures: Count,
    pub(super) reused: Count,
    pub(super) replayed: Count,
    pub(super) acquire_timeouts: Count,
    pub(super) drained: Count,
    pub(super) closed_unread: Count,
    pub(super) idle_closed: Count,
    pub(super) retired: Count,
}

#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one until the guard is dropped.
    pub(super) fn enter(&self) -> Entered<'_> {
        self.add(1);
        Entered(self)
    }
}

#[derive(Debug)]
pub(super) struct Entered<'a>(&'a Count);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
