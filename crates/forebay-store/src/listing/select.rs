//! The best few of very many, in memory that is bounded twice.
//!
//! Of all that is behind the cursor the smallest are kept: at most `limit` of them, and at most `bytes_max` of memory, since
//! names differ in length by two orders of magnitude. They are gathered unsorted until either bound is passed; then they are
//! sorted and the largest are given up, a share at a time, so that n entries cost n comparisons and few sorts. The smallest
//! that was ever given up is a ceiling, and nothing at or above it is taken any more: without it a page would have holes,
//! when an entry has been given up for lack of memory and a later, *larger* one with a shorter name fits again.

use super::entries::Room;
use super::{Cursor, Entries, Found, Order, Position};

/// Selects one page out of a scan.
pub(crate) struct Select {
    order: Order,
    after: Option<Position>,
    limit: usize,
    room: Room,
    kept: Entries,
    /// The smallest position that was given up: the page ends before it.
    ceiling: Option<Position>,
}

impl Select {
    /// An empty page of at most `limit` entries and `bytes_max` bytes, but of one entry at least.
    pub(crate) fn new(order: Order, after: Option<Position>, limit: usize, bytes_max: u64) -> Self {
        let room = Room::of(bytes_max);
        Self { order, after, limit, room, kept: Entries::with_room(room), ceiling: None }
    }

    /// Whether an entry with this name might be kept now. Asking first saves a `stat`. Sure of it only where names alone
    /// decide.
    pub(crate) fn may_want(&self, name: &[u8]) -> bool {
        let behind = |place: &Position| self.order.compare_names(name, place.place().name).is_gt();
        let before = |place: &Position| self.order.compare_names(name, place.place().name).is_lt();
        !self.order.is_by_name_alone()
            || (self.after.as_ref().is_none_or(behind) && self.ceiling.as_ref().is_none_or(before))
    }

    /// Whether an entry would be kept now.
    pub(crate) fn wants(&self, name: &[u8], found: &Found) -> bool {
        let place = self.order.place(name, found);
        let compare = |other: &Position| self.order.compare(&place, &other.place());
        self.after.as_ref().is_none_or(|after| compare(after).is_gt())
            && self.ceiling.as_ref().is_none_or(|ceiling| compare(ceiling).is_lt())
    }

    /// Takes an entry into consideration.
    pub(crate) fn offer(&mut self, name: &[u8], found: &Found) {
        if !self.wants(name, found) {
            return;
        }
        self.kept.push(name, found);
        let is_full = self.kept.len() / 2 >= self.limit || self.kept.exceeds(self.room);
        if is_full && self.kept.len() > 1 {
            self.kept.sort(self.order);
            self.give_up_behind(self.kept.fitting(self.room));
        }
    }

    /// The page in order, and the cursor of the next one if anything was given up.
    pub(crate) fn finish(mut self) -> (Entries, Option<Cursor>) {
        self.kept.sort(self.order);
        if self.kept.len() > self.limit {
            self.give_up_behind(self.limit);
            self.kept.sort(self.order);
        }
        let more = self.ceiling.is_some();
        let last = self.kept.len().checked_sub(1).filter(|_| more);
        let next = last.and_then(|last| self.kept.place(last, self.order));
        let next = next.map(|place| place.cursor(self.order));
        self.kept.shrink();
        (self.kept, next)
    }

    /// Keeps the first `n` of what is sorted, at most `limit` and at least one.
    fn give_up_behind(&mut self, n: usize) {
        let n = n.min(self.limit).max(1);
        if let Some(place) = self.kept.place(n, self.order) {
            self.ceiling = Some(place.into());
            self.kept.cut(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Direction, Entry, Kind, SortBy};

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
                let capacity = select.kept.cost();
                select.offer(name, &found);
                assert_eq!(select.kept.cost(), capacity, "it never grows");
            }
            let (entries, next) = select.finish();
            assert!(!entries.is_empty() || next.is_none());
            assert!(entries.len() <= limit);
            assert!(entries.cost() <= bytes_max || entries.len() == 1);
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
            sorted.sort_by(|a, b| {
                order.compare(&order.place(&a.0, &found(a.1)), &order.place(&b.0, &found(b.1)))
            });
            let seen = pages(&names, order, limit, bytes_max);
            let seen: Vec<_> = seen.into_iter().map(|entry| (entry.name.into_vec(), entry.len)).collect();
            prop_assert_eq!(seen, sorted);
        }
    }
}
