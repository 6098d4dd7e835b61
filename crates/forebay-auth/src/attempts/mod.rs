//! Limits on guessing: who fails too often has to wait before he may try again, each time twice as long.
//!
//! Failures are counted for the client (an IPv4 address, or the /64 of an IPv6 one) and, where a credential names somebody, for that name.
//! The first stops one machine that guesses for everybody, the second many machines that guess for one; that one may be locked out by
//! strangers, so the lock of a name is short and comes late, and whoever lately proved himself from the same client is not asked
//! ([`Passwords`](crate::Passwords)). While a lock holds, nothing is hashed and no credential is looked at, or the answer would tell right
//! from wrong all the same.
//!
//! Success clears both counts. Somebody with a name of his own can so wipe his client's count between guesses; the name that he guesses for
//! still counts.

mod table;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forebay_tower::client_ip::ClientKey;
use table::Table;

/// When failures lock, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// Failures that cost nothing.
    pub free: u32,
    /// How long the first one beyond those locks. Each further one locks twice as long.
    pub first: Duration,
    /// The longest that one locks.
    pub longest: Duration,
    /// After so long without another failure all are forgotten.
    pub forgotten_after: Duration,
}

/// The limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptOptions {
    /// For each client.
    pub client: Lockout,
    /// For each name.
    pub name: Lockout,
    /// Entries of each of the two tables, at most.
    pub entries_max: usize,
}

/// Failed attempts of late, in a fixed amount of memory.
#[derive(Debug)]
pub struct Attempts {
    options: AttemptOptions,
    hasher: RandomState,
    clients: Table,
    names: Table,
}

impl Default for AttemptOptions {
    /// Ten free failures for a client, then a second to a quarter of an hour; fifty for a name, then a second to a minute.
    fn default() -> Self {
        let client = Lockout {
            free: 10,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(15 * 60),
            forgotten_after: Duration::from_secs(60 * 60),
        };
        let name = Lockout { free: 50, longest: Duration::from_secs(60), ..client };
        Self { client, name, entries_max: 8192 }
    }
}

impl Lockout {
    /// How long the last of so many failures locks.
    fn lasts(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            None | Some(0) => Duration::ZERO,
            Some(beyond) => {
                let doubled = 1_u32.checked_shl(beyond - 1).and_then(|times| self.first.checked_mul(times));
                doubled.map_or(self.longest, |lasts| lasts.min(self.longest))
            }
        }
    }
}

impl Attempts {
    /// Nobody has failed yet.
    #[must_use]
    pub fn new(options: AttemptOptions) -> Self {
        let table = || Table::new(options.entries_max);
        Self { options, hasher: RandomState::new(), clients: table(), names: table() }
    }

    /// What both tables take, in bytes, for a line of the plan.
    #[must_use]
    pub const fn bytes(entries_max: usize) -> u64 {
        2 * Table::bytes(entries_max)
    }

    /// How much longer a client has to wait; `None` if it may try.
    pub(crate) fn client_locked(&self, client: Option<IpAddr>, now: SystemTime) -> Option<Duration> {
        self.clients.locked(self.client(client), &self.options.client, millis(now))
    }

    /// How much longer nobody may try for a name.
    pub(crate) fn name_locked(&self, name: &str, now: SystemTime) -> Option<Duration> {
        self.names.locked(self.hasher.hash_one(name), &self.options.name, millis(now))
    }

    /// Counts a failure of a client, and for a name if the credential had one.
    pub(crate) fn failed(&self, client: Option<IpAddr>, name: Option<&str>, now: SystemTime) {
        self.clients.failed(self.client(client), &self.options.client, millis(now));
        if let Some(name) = name {
            self.names.failed(self.hasher.hash_one(name), &self.options.name, millis(now));
        }
    }

    /// Forgets the failures of a client, and those for a name.
    pub(crate) fn succeeded(&self, client: Option<IpAddr>, name: Option<&str>) {
        self.clients.clear(self.client(client));
        if let Some(name) = name {
            self.names.clear(self.hasher.hash_one(name));
        }
    }

    fn client(&self, client: Option<IpAddr>) -> u64 {
        self.hasher.hash_one(client.map_or(ClientKey::Unknown, ClientKey::from))
    }
}

fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
