//! One bounded table for whatever is kept per client.
//!
//! A table that grows with the number of addresses seen is a memory leak that strangers control. This one
//! has a fixed number of places. When a shard is full, the entries that say nothing any more (a bucket
//! that has filled up again) make room; if all of them are live, the newcomer shares one common entry
//! instead. So many addresses cannot push out the state of others, nor grow the process.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

use crate::client_ip::ClientKey;

const SHARDS: usize = 16;

/// Values by client, at most a fixed number of them.
#[derive(Debug)]
pub(crate) struct KeyTable<V> {
    shards: Box<[Mutex<HashMap<ClientKey, V>>]>,
    per_shard_max: usize,
    crowd: Mutex<V>,
    hasher: RandomState,
}

impl<V: Default> KeyTable<V> {
    pub(crate) fn new(keys_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            per_shard_max: keys_max.div_ceil(SHARDS).max(1),
            crowd: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// Runs `act` on the value of `key`, which is made if it is new. `stale` says of an entry that it can
    /// be forgotten without anybody noticing.
    pub(crate) fn with<R>(
        &self,
        key: ClientKey,
        stale: impl Fn(&V) -> bool,
        act: impl FnOnce(&mut V) -> R,
    ) -> R {
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        let mut shard = self.shards[shard].lock();
        if let Some(value) = shard.get_mut(&key) {
            return act(value);
        }
        if shard.len() >= self.per_shard_max {
            shard.retain(|_, value| !stale(value));
        }
        if shard.len() >= self.per_shard_max {
            drop(shard);
            return act(&mut self.crowd.lock());
        }
        act(shard.entry(key).or_default())
    }

    /// Entries held now.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn key(n: u32) -> ClientKey {
        ClientKey::from(std::net::IpAddr::from(Ipv4Addr::from(n)))
    }

    #[test]
    fn strangers_share_one_entry_when_every_place_is_live() {
        let table = KeyTable::<u64>::new(SHARDS);
        for n in 0..10_000 {
            table.with(key(n), |_| false, |value| *value += 1);
        }
        assert!(table.len() <= SHARDS);
        assert_eq!(*table.crowd.lock() + table.len() as u64, 10_000);
    }

    #[test]
    fn stale_entries_make_room() {
        let table = KeyTable::<u64>::new(SHARDS);
        for n in 0..10_000 {
            table.with(key(n), |_| true, |value| *value += 1);
        }
        assert!(table.len() <= SHARDS);
        assert_eq!(*table.crowd.lock(), 0);
    }
}
