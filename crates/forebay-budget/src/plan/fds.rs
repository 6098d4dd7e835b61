//! The sentence for file descriptors: one socket per connection, one file that it may be reading, the cache of
//! open files, and a reserve that nobody leases: listeners, the log, the runtime, the administration listener.

use serde::Serialize;

/// Files kept open between requests, so that small ones need no `open`.
const OPEN_FILE_CACHE: u64 = 128;

/// What the process needs besides.
const RESERVE: u64 = 64;

/// The plan for file descriptors. The ledger has room for [`FdPlan::leased`]; the reserve stays outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FdPlan {
    /// One socket per connection.
    pub connections: u64,
    /// One file per connection and the cache of open files.
    pub open_files: u64,
    /// For everything that does not lease.
    pub reserve: u64,
    /// The sum.
    pub total: u64,
    /// The limit of the process that it fits into.
    pub limit: u64,
}

impl FdPlan {
    pub(super) fn new(connections: u32, limit: u64) -> Self {
        let connections = u64::from(connections);
        let open_files = connections + OPEN_FILE_CACHE;
        let total = connections + open_files + RESERVE;
        Self { connections, open_files, reserve: RESERVE, total, limit }
    }

    /// The descriptors that the ledger hands out: connections and open files.
    pub fn leased(&self) -> u64 {
        self.connections + self.open_files
    }

    /// How many connections a limit has room for.
    pub(super) fn connections_within(limit: u64) -> u32 {
        let connections = limit.saturating_sub(OPEN_FILE_CACHE + RESERVE) / 2;
        u32::try_from(connections).unwrap_or(u32::MAX)
    }

    /// The limit that so many connections need.
    pub(super) fn needed(connections: u32) -> u64 {
        Self::new(connections, 0).total
    }
}
