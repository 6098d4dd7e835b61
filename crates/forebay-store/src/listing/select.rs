//! The best few of very many, in memory that is bounded twice.
//!
//! A heap keeps the smallest positions behind the cursor: at most `limit` of them, and at most `bytes` of memory, since
//! names differ in length by two orders of magnitude. The second bound needs care: when an entry has been given
//! up for lack of memory, a later and *larger* one with a shorter name may fit again, and the page would have a hole. So
//! the smallest position that was ever given up is a ceiling, and nothing at or above it is taken any more.

use std::collections::BinaryHeap;

use super::{ALLOCATION_BYTES, Cursor, Entry, Found, Order, Position};

/// Selects one page out of a scan.
pub(crate) struct Select {
    order: Order,
    after: Option<Position>,
    limit: usize,
    bytes_max: u64,
    bytes: u64,
    kept: BinaryHeap<Ranked>,
    /// The smallest position that was given up: the page ends before it.
    ceiling: Option<Position>,
}

/// An entry and its place; ordered by the place.
struct Ranked {
    position: Position,
    found: Found,
}

impl Select {
    /// An empty page of at most `limit` entries and `bytes_max` bytes, but of one entry at least.
    pub(crate) fn new(order: Order, after: Option<Position>, limit: usize, bytes_max: u64) -> Self {
        Self { order, after, limit, bytes_max, bytes: 0, kept: BinaryHeap::new(), ceiling: None }
    }

    /// Whether an entry with this name might be kept now. Asking first saves an allocation and a `stat`. Sure of it
    /// only where names alone decide.
    pub(crate) fn may_want(&self, name: &[u8]) -> bool {
        let behind = |place: &Position| self.order.compare_names(name, place.name()).is_gt();
        let before = |place: &Position| self.order.compare_names(name, place.name()).is_lt();
        !self.order.is_by_name_alone()
            || (self.after.as_ref().is_none_or(behind) && self.ceiling.as_ref().is_none_or(before))
    }

    /// Whether an entry would be kept now.
    pub(crate) fn wants(&self, name: &[u8], found: &Found) -> bool {
        self.wants_position(&Position::of(name.into(), found, self.order))
    }

    fn wants_position(&self, position: &Position) -> bool {
        self.after.as_ref().is_none_or(|after| position > after)
            && self.ceiling.as_ref().is_none_or(|ceiling| position < ceiling)
    }

    /// Takes an entry into consideration.
    pub(crate) fn offer(&mut self, name: &[u8], found: Found) {
        let position = Position::of(name.into(), &found, self.order);
        if !self.wants_position(&position) {
            return;
        }
        let ranked = Ranked { position, found };
        if self.kept.len() == self.kept.capacity() {
            // By steps and not by doubling: the array stays within what is leased.
            self.kept.reserve_exact(64.min(self.limit + 1 - self.kept.len()).max(1));
        }
        self.bytes += ranked.cost();
        self.kept.push(ranked);
        while self.kept.len() > self.limit || (self.bytes > self.bytes_max && self.kept.len() > 1) {
            let Some(worst) = self.kept.pop() else { break };
            self.bytes -= worst.cost();
            self.ceiling = Some(worst.position);
        }
    }

    /// The page in order, and the cursor of the next one if anything was given up.
    pub(crate) fn finish(self) -> (Vec<Entry>, Option<Cursor>) {
        let kept = self.kept.into_sorted_vec();
        let more = self.ceiling.is_some();
        let next = kept.last().filter(|_| more).map(|last| last.position.cursor(self.order));
        (kept.into_iter().map(Ranked::into_entry).collect(), next)
    }
}

impl Ranked {
    /// Its memory while selecting and its slot on the finished page, in bytes.
    fn cost(&self) -> u64 {
        let name = self.position.name().len() + ALLOCATION_BYTES;
        (size_of::<Self>() + size_of::<Entry>() + name) as u64
    }

    fn into_entry(self) -> Entry {
        Entry::new(self.position.into_name(), self.found)
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.position.cmp(&other.position)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Direction, Kind, SortBy};

    fn found(len: u64) -> Found {
        Found { kind: Kind::File, linked: false, len, modified: None }
    }

    /// All pages of `names`, each made by a scan in the given order.
    fn pages(names: &[(Vec<u8>, u64)], order: Order, limit: usize, bytes_max: u64) -> Vec<Entry> {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let mut select = Select::new(order, after.take(), limit, bytes_max);
            for (name, len) in names {
                let found = found(*len);
                assert!(select.may_want(name) || !select.wants(name, &found));
                select.offer(name, found);
                assert!(select.kept.len() <= limit);
                assert!(select.bytes <= bytes_max || select.kept.len() == 1);
            }
            let (entries, next) = select.finish();
            assert!(!entries.is_empty() || next.is_none());
            seen.extend(entries);
            match next {
                Some(cursor) => after = Some(Position::read(&cursor, order).unwrap()),
                None => return seen,
            }
        }
    }

    proptest! {
        #[test]
        fn pages_join_to_the_sorted_whole_whatever_the_bounds(
            names in prop::collection::btree_map(prop::collection::vec(1u8..255, 1..120), 0u64..9, 0..60),
            shuffle in any::<u64>(), limit in 1usize..20, bytes_max in 1u64..4000,
            descending in any::<bool>(), by_size in any::<bool>(),
        ) {
            let mut names: Vec<_> = names.into_iter().collect();
            names.sort_by_key(|(name, _)| name.iter().fold(shuffle, |sum, byte| {
                (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
            }));
            let order = Order {
                by: if by_size { SortBy::Size } else { SortBy::Name },
                direction: if descending { Direction::Descending } else { Direction::Ascending },
                ..Order::default()
            };
            let mut sorted = names.clone();
            sorted.sort_by_cached_key(|(name, len)| Position::of(name.as_slice().into(), &found(*len), order));
            let sorted: Vec<_> =
                sorted.iter().map(|(name, len)| Entry::new(name.as_slice().into(), found(*len))).collect();
            prop_assert_eq!(pages(&names, order, limit, bytes_max), sorted);
        }
    }
}
