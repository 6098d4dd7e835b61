//! A table of failures in a fixed number of places.
//!
//! An entry is known by a keyed hash of whom it is about, and has eight places of the table to choose from. When all are taken, the one
//! that says least makes room: the fewest failures, and of those the oldest. So a flood of addresses neither grows the table nor locks
//! anybody else, and to push out a lock that it has earned it has to fail more often than the lock lets through.

use std::time::Duration;

use parking_lot::Mutex;

use super::Lockout;

const WAYS: usize = 8;

#[derive(Debug)]
pub(super) struct Table(Box<[Mutex<[Entry; WAYS]>]>);

/// Failures of one; none of them is an empty place.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    whose: u64,
    /// The last of them, in milliseconds since 1970.
    last: u64,
    failures: u32,
}

impl Entry {
    /// Whether it says nothing any more. One from the future is left from before the clock was set back, and would lock for as long as that was.
    fn is_stale(&self, lockout: &Lockout, now: u64) -> bool {
        let age = now.checked_sub(self.last).map(Duration::from_millis);
        self.failures == 0 || age.is_none_or(|age| age >= lockout.forgotten_after)
    }
}

impl Table {
    pub(super) fn new(entries_max: usize) -> Self {
        Self((0..Self::sets(entries_max)).map(|_| Mutex::default()).collect())
    }

    const fn sets(entries_max: usize) -> usize {
        entries_max.div_ceil(WAYS)
    }

    pub(super) const fn bytes(entries_max: usize) -> u64 {
        (Self::sets(entries_max) * size_of::<Mutex<[Entry; WAYS]>>()) as u64
    }

    /// How much longer `whose` last failure locks.
    pub(super) fn locked(&self, whose: u64, lockout: &Lockout, now: u64) -> Option<Duration> {
        let set = self.set(whose)?.lock();
        let entry = set.iter().find(|entry| entry.whose == whose && !entry.is_stale(lockout, now))?;
        let age = Duration::from_millis(now.saturating_sub(entry.last));
        lockout.lasts(entry.failures).checked_sub(age).filter(|left| !left.is_zero())
    }

    /// Counts one more.
    pub(super) fn failed(&self, whose: u64, lockout: &Lockout, now: u64) {
        let Some(set) = self.set(whose) else { return };
        let mut set = set.lock();
        for entry in set.iter_mut().filter(|entry| entry.is_stale(lockout, now)) {
            *entry = Entry::default();
        }
        let mine = set.iter().position(|entry| entry.whose == whose && entry.failures > 0);
        let least = || (0..WAYS).min_by_key(|at| (set[*at].failures, set[*at].last)).unwrap_or(0);
        let entry = match mine {
            Some(at) => &mut set[at],
            None => {
                let at = least();
                set[at] = Entry { whose, ..Entry::default() };
                &mut set[at]
            }
        };
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
    }

    /// Forgets `whose` failures.
    pub(super) fn clear(&self, whose: u64) {
        let Some(set) = self.set(whose) else { return };
        set.lock()
            .iter_mut()
            .filter(|entry| entry.whose == whose)
            .for_each(|entry| *entry = Entry::default());
    }

    /// Entries that are taken.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|set| set.lock().iter().filter(|entry| entry.failures > 0).count()).sum()
    }

    /// Without places nothing is counted.
    fn set(&self, whose: u64) -> Option<&Mutex<[Entry; WAYS]>> {
        let sets = self.0.len() as u64;
        self.0.get(whose.checked_rem(sets)? as usize)
    }
}
