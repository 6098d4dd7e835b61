//! One bounded table for whatever is kept per client.
//!
//! A table that grows with the number of addresses seen is a memory leak that strangers control. This one
//! has a fixed number of places, all of them made at the start, so that its memory is one number that a plan
//! can have a line for ([`KeyTable::bytes`]). When a shard is full, the entries that say nothing any more (a
//! bucket that has filled up again) make room; if all of them are live, the newcomer shares one common entry
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

/// Entries of one shard. The standard table has a power of two of places and fills seven eighths of them; the
/// next smaller of these numbers wastes none.
const fn per_shard(keys_max: usize) -> usize {
    let wanted = keys_max / SHARDS;
    if wanted < 7 {
        return if wanted == 0 { 1 } else { wanted };
    }
    7 << (wanted / 7).ilog2()
}

impl<V: Default> KeyTable<V> {
    /// A table of at most `keys_max` keys, and of more than half as many.
    pub(crate) fn new(keys_max: usize) -> Self {
        let per_shard_max = per_shard(keys_max);
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(HashMap::with_capacity(per_shard_max))).collect(),
            per_shard_max,
            crowd: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// What it takes, in bytes: every place its entry and a byte of the table's own, and one shard twice, while
    /// it is tidied.
    pub(crate) const fn bytes(keys_max: usize) -> u64 {
        let places = (per_shard(keys_max) * 8).div_ceil(7).next_power_of_two();
        let shard = places * (size_of::<(ClientKey, V)>() + 1) + 64;
        (shard * (SHARDS + 1)) as u64
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
            // Into a new table: one that is tidied where it is may grow, to step over the gaps.
            let mut tidy = HashMap::with_capacity(self.per_shard_max);
            tidy.extend(shard.drain().filter(|(_, value)| !stale(value)));
            *shard = tidy;
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
    fn more_than_half_of_the_places_asked_for_can_be_taken() {
        for keys_max in [1, 64, 1000, 7168] {
            let table = KeyTable::<u64>::new(keys_max);
            for n in 0..4 * keys_max as u32 + 100 {
                table.with(key(n), |_| false, |_| ());
            }
            assert!(table.len() * 2 > keys_max && table.len() <= keys_max.max(SHARDS));
        }
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
