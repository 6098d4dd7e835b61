//! The sentence for file descriptors: one socket per connection, one file that it may be reading, the cache of
//! open files, and a reserve that nobody leases: listeners, the log, the runtime, the administration listener.
//!
//! `connections + (connections + 128) + 64 ≤ RLIMIT_NOFILE`

use serde::Serialize;

use super::PlanError;

/// Files kept open between requests, so that small ones need no `open`.
const OPEN_FILE_CACHE: u64 = 128;

/// What the process needs besides.
const RESERVE: u64 = 64;

/// The plan for file descriptors. The ledger has room for [`FdPlan::leased`]; the reserve stays outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FdPlan {
    /// One socket per connection.
    pub connections: u64,
    /// One file per connection and the cache of open files; fewer, down to a file for every fourth connection, where
    /// the limit is short and the number of connections was asked for.
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
        let left = limit.saturating_sub(connections + RESERVE);
        let open_files = (connections + OPEN_FILE_CACHE).min(left);
        let total = connections + open_files + RESERVE;
        Self { connections, open_files, reserve: RESERVE, total, limit }
    }

    /// The descriptors that the ledger hands out: connections and open files.
    pub fn leased(&self) -> u64 {
        self.connections + self.open_files
    }

    /// How many connections a limit has room for if each may read a file of its own.
    pub(super) fn connections_at_ease(limit: u64) -> u32 {
        let connections = limit.saturating_sub(OPEN_FILE_CACHE + RESERVE) / 2;
        u32::try_from(connections).unwrap_or(u32::MAX)
    }
}

/// The least limit for so many connections: a file for every fourth of them at the same time.
fn needed(connections: u64) -> u64 {
    connections + connections / 4 + OPEN_FILE_CACHE + RESERVE
}

/// So many connections, if the limit has room for them.
pub(super) fn check(connections: u32, limit: u64) -> Result<u32, PlanError> {
    let needed = needed(connections.into());
    if needed <= limit {
        return Ok(connections);
    }
    let fits = limit.saturating_sub(OPEN_FILE_CACHE + RESERVE) * 4 / 5;
    let fits = u32::try_from(fits).unwrap_or(connections);
    Err(PlanError::Descriptors { asked: connections, fits, soft: limit, needed })
}
