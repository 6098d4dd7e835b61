//! What was opened within the last second.
//!
//! A busy server opens the same files over and over. What it found is kept for at most one second
//! ([`LocalOptions::recent_age`](crate::LocalOptions)), counted from when the file was asked, in a table with a fixed
//! number of places. So is "there is none": for every `app.js` a browser's request also asks for `app.js.br` and `app.js.gz`.
//! The two have places of their own, so that a flood of wrong names evicts no file.
//!
//! A hit is one hash, one short lock and one clone of a pointer. All entries live equally long, so the oldest is the first
//! to go, and a queue is all the policy there is: whatever is evicted too early is opened again within microseconds.
//!
//! An entry that holds a descriptor is asked again on each hit whether it is still the version that its tag names (no path is
//! looked up and nothing blocks). Without that, a file that was overwritten in place within the second would send its new
//! bytes under its old strong tag. An entry that holds bytes cannot disagree with its tag, so it is not asked.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forebay_budget::Lease;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::stamp::Stamp;
use crate::object::Source;
use crate::{Key, Object};

const SHARDS: usize = 16;
/// The promise of this cache: an answer is never staler than this.
const AGE_MAX: Duration = Duration::from_secs(1);
/// What an entry takes besides its key, in bytes: places in the table and the queue (each up to twice, as they
/// grow by doubling), the object, its tag.
const OPENED_BYTES: u64 = 768;
/// The same for an answer "there is none".
const MISSING_BYTES: u64 = 320;

/// What was opened within the last second, and what was not there.
pub(super) struct Recent {
    shards: [Mutex<Shard>; SHARDS],
    places_max: usize,
    age: Duration,
    /// Whether somebody comes back to empty it.
    pub(super) swept: AtomicBool,
}

/// What is known about a key.
#[derive(Clone)]
pub(super) enum Known {
    Opened(Opened),
    Missing,
}

/// An object, and the stamp that its tag was made from.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) object: Object,
    pub(super) stamp: Stamp,
}

#[derive(Default)]
struct Shard {
    opened: Table<Opened>,
    missing: Table<()>,
    /// When a name of this shard was last written. What was asked before that may be what was there before.
    written: Option<Instant>,
}

struct Table<V> {
    slots: HashMap<Key, Slot<V>>,
    /// In the order of `until`. A key that was put again is in it twice; the older place finds a newer slot.
    order: VecDeque<(Key, Instant)>,
}

struct Slot<V> {
    value: V,
    until: Instant,
    /// Pays for the slot and its key.
    _lease: Lease,
}

impl Recent {
    pub(super) fn new(places_max: usize, age: Duration) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            places_max: places_max.div_ceil(SHARDS),
            age: age.min(AGE_MAX),
            swept: AtomicBool::new(false),
        }
    }

    /// What is known about `key`, and is not older than the promise.
    pub(super) fn get(&self, key: &Key, now: Instant) -> Option<Known> {
        let shard = self.shard(key).lock();
        if let Some(opened) = shard.opened.get(key, now) {
            return Some(Known::Opened(opened.clone()));
        }
        shard.missing.get(key, now).map(|()| Known::Missing)
    }

    /// Keeps what was found when the time was `asked`.
    pub(super) fn put(&self, key: &Key, known: Known, asked: Instant, lease: Lease) {
        let until = asked + self.age;
        let mut shard = self.shard(key).lock();
        if shard.written.is_some_and(|written| asked <= written) {
            return;
        }
        let gone = match known {
            Known::Opened(opened) => {
                shard.missing.slots.remove(key);
                shard.opened.put(key, Slot { value: opened, until, _lease: lease }, self.places_max)
            }
            Known::Missing => {
                let former = shard.opened.slots.remove(key);
                shard.missing.put(key, Slot { value: (), until, _lease: lease }, self.places_max);
                [former, None]
            }
        };
        // Closing a file may take a while: not under the lock.
        drop(shard);
        drop(gone);
    }

    /// Forgets what is known about `key`: it was written.
    pub(super) fn forget(&self, key: &Key) {
        let mut shard = self.shard(key).lock();
        shard.written = Some(Instant::now());
        let gone = (shard.opened.slots.remove(key), shard.missing.slots.remove(key));
        drop(shard);
        drop(gone);
    }

    /// Forgets everything: a directory was renamed, and with it all names below.
    pub(super) fn forget_all(&self) {
        for shard in &self.shards {
            let gone = std::mem::replace(
                &mut *shard.lock(),
                Shard { written: Some(Instant::now()), ..Shard::default() },
            );
            drop(gone);
        }
    }

    /// Lets go of everything that is too old at `now`.
    pub(super) fn expire(&self, now: Instant) {
        for shard in &self.shards {
            let mut gone = Vec::new();
            let mut shard = shard.lock();
            shard.opened.expire(now, &mut gone);
            shard.missing.expire(now, &mut Vec::new());
            drop(shard);
            drop(gone);
        }
    }

    /// Lets go of everything that keeps a descriptor open.
    pub(super) fn let_go_of_descriptors(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let gone: Vec<_> =
                shard.opened.slots.extract_if(|_, slot| slot.value.object.holds_descriptor()).collect();
            drop(shard);
            drop(gone);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| {
                let shard = shard.lock();
                shard.opened.slots.len() + shard.missing.slots.len()
            })
            .sum()
    }

    pub(super) fn is_off(&self) -> bool {
        self.places_max == 0 || self.age.is_zero()
    }

    pub(super) fn age(&self) -> Duration {
        self.age
    }

    /// Claims the task of emptying it. `false` if somebody has it already.
    pub(super) fn claim_sweep(&self) -> bool {
        !self.swept.swap(true, Ordering::AcqRel)
    }

    /// What keeping this costs, in bytes.
    pub(super) fn cost(key: &Key, known: &Known) -> u64 {
        let entry = match known {
            Known::Opened(_) => OPENED_BYTES,
            Known::Missing => MISSING_BYTES,
        };
        entry + key.as_bytes().len() as u64
    }

    /// The last bytes of a path differ most. A client that aims at one shard gains nothing but its own contention.
    fn shard(&self, key: &Key) -> &Mutex<Shard> {
        let bytes = key.as_bytes();
        let tail = &bytes[bytes.len().saturating_sub(8)..];
        let mix = tail.iter().fold(bytes.len(), |sum, &byte| sum.wrapping_mul(31) ^ usize::from(byte));
        &self.shards[(mix ^ (mix >> 4)) % SHARDS]
    }
}

impl Opened {
    /// Whether the bytes that it would send are still those that its tag names.
    pub(super) fn is_current(&self) -> bool {
        match self.object.source() {
            Source::Directory | Source::Bytes(_) | Source::Remote(_) => true,
            Source::File(file) => Stamp::again(&**file).is_ok_and(|stamp| stamp == self.stamp),
        }
    }
}

impl<V> Table<V> {
    fn get(&self, key: &Key, now: Instant) -> Option<&V> {
        self.slots.get(key).filter(|slot| now < slot.until).map(|slot| &slot.value)
    }

    /// Puts a slot and returns those that had to go for it: the key's former one, and the oldest if there was no place.
    fn put(&mut self, key: &Key, slot: Slot<V>, places_max: usize) -> [Option<Slot<V>>; 2] {
        self.order.push_back((key.clone(), slot.until));
        let former = self.slots.insert(key.clone(), slot);
        let oldest = if self.order.len() > places_max { self.pop() } else { None };
        [former, oldest]
    }

    /// Removes the oldest place, and its slot unless that was renewed.
    fn pop(&mut self) -> Option<Slot<V>> {
        let (key, until) = self.order.pop_front()?;
        if self.slots.get(&key).is_some_and(|slot| slot.until == until) {
            self.slots.remove(&key)
        } else {
            None
        }
    }

    fn expire(&mut self, now: Instant, gone: &mut Vec<Slot<V>>) {
        while self.order.front().is_some_and(|(_, until)| *until <= now) {
            gone.extend(self.pop());
        }
        if self.order.is_empty() {
            // Nothing is kept, so nothing is paid: the tables themselves go too.
            *self = Self::default();
        }
    }
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { slots: HashMap::new(), order: VecDeque::new() }
    }
}
