//! The place of an entry in an order.
//!
//! Every order is brought to one ascending comparison: by group, then by a number, then by name. Descending turns
//! the number (or, where there is none, the name) round. So one heap and one cursor serve all orders.
//!
//! The cursor of a position: version, order, group, number (8 bytes, big-endian), name.

use std::cmp::Ordering;
use std::time::{Duration, SystemTime};

use super::{Cursor, Direction, Found, Grouping, Order, SortBy};
use crate::{Kind, StoreError, StoreErrorKind};

/// The format of cursors. A cursor of another version is refused, and the client starts again.
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 2 + 1 + 8;

/// The place of an entry in an [`Order`]. Comparable by the same order only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    group: u8,
    number: i64,
    pub(crate) name: &'a [u8],
}

/// A place that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    group: u8,
    number: i64,
    name: Box<[u8]>,
}

impl Place<'_> {
    /// The cursor behind this place.
    pub(crate) fn cursor(&self, order: Order) -> Cursor {
        let mut bytes = vec![VERSION, order.code(), self.group];
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(self.name);
        Cursor::new(bytes)
    }
}

impl Position {
    /// Reads a cursor of this order.
    pub(crate) fn read(cursor: &Cursor, order: Order) -> Result<Self, StoreError> {
        let invalid = |cause: &str| StoreError::with_cause(StoreErrorKind::Invalid, cause);
        let (head, name) =
            cursor.as_bytes().split_at_checked(HEAD_BYTES).ok_or_else(|| invalid("the cursor is cut off"))?;
        if head[0] != VERSION || head[1] != order.code() {
            return Err(invalid("the cursor is of another order"));
        }
        let (group, number) = (head[2], head[3..].try_into());
        let number = number.map(i64::from_be_bytes).map_err(|_| invalid("the cursor is cut off"))?;
        Ok(Self { group, number, name: name.into() })
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place { group: self.group, number: self.number, name: &self.name }
    }
}

impl From<Place<'_>> for Position {
    fn from(place: Place<'_>) -> Self {
        Self { group: place.group, number: place.number, name: place.name.into() }
    }
}

impl Order {
    /// The place of an entry with this name and all else of `entry`.
    pub(crate) fn place<'a>(self, name: &'a [u8], entry: &Found) -> Place<'a> {
        let number = match self.by {
            SortBy::Name => 0,
            SortBy::Size => i64::try_from(entry.len).unwrap_or(i64::MAX),
            SortBy::Modified => entry.modified.map_or(i64::MIN, nanos),
        };
        let group = match (self.grouping, entry.kind) {
            (Grouping::Mixed, _) | (Grouping::DirectoriesFirst, Kind::Directory) => 0,
            (Grouping::DirectoriesFirst, Kind::File) => 1,
        };
        Place { group, number: self.turn(number), name }
    }

    pub(crate) fn compare(self, a: &Place<'_>, b: &Place<'_>) -> Ordering {
        let numbers = a.group.cmp(&b.group).then(a.number.cmp(&b.number));
        numbers.then_with(|| self.compare_names(a.name, b.name))
    }
}

impl Order {
    /// The order as one byte.
    fn code(self) -> u8 {
        let by = match self.by {
            SortBy::Name => 0,
            SortBy::Size => 1,
            SortBy::Modified => 2,
        };
        let direction = match self.direction {
            Direction::Ascending => 0,
            Direction::Descending => 1,
        };
        let grouping = match self.grouping {
            Grouping::Mixed => 0,
            Grouping::DirectoriesFirst => 1,
        };
        by << 2 | direction << 1 | grouping
    }

    /// `!n` and not `-n`: it reverses the order of all numbers, `i64::MIN` included.
    fn turn(self, number: i64) -> i64 {
        match (self.by, self.direction) {
            (SortBy::Name, _) | (_, Direction::Ascending) => number,
            (SortBy::Size | SortBy::Modified, Direction::Descending) => !number,
        }
    }
}

impl Order {
    /// Whether the bytes of names alone decide.
    pub(crate) fn is_by_name_alone(self) -> bool {
        self.by == SortBy::Name && self.grouping == Grouping::Mixed
    }

    /// Compares two names where all else is equal.
    pub(crate) fn compare_names(self, a: &[u8], b: &[u8]) -> Ordering {
        match (self.by, self.direction) {
            (SortBy::Name, Direction::Descending) => b.cmp(a),
            _ => a.cmp(b),
        }
    }
}

/// Nanoseconds since 1970; times beyond the years 1677 and 2262 are all alike, and names decide.
pub(super) fn nanos(time: SystemTime) -> i64 {
    let clamp = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => clamp(after),
        Err(before) => -clamp(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn orders() -> impl Strategy<Value = Order> {
        let by = prop_oneof![Just(SortBy::Name), Just(SortBy::Size), Just(SortBy::Modified)];
        let direction = prop_oneof![Just(Direction::Ascending), Just(Direction::Descending)];
        let grouping = prop_oneof![Just(Grouping::Mixed), Just(Grouping::DirectoriesFirst)];
        (by, direction, grouping).prop_map(|(by, direction, grouping)| Order { by, direction, grouping })
    }

    fn place(entry: &Entry, order: Order) -> Place<'_> {
        order.place(&entry.0, &entry.1)
    }

    type Entry = (Box<[u8]>, Found);

    fn entries() -> impl Strategy<Value = Entry> {
        let kind = prop_oneof![Just(Kind::File), Just(Kind::Directory)];
        let time = prop::option::of((-4_000_000_000i64..20_000_000_000, 0u32..1_000_000_000));
        (prop::collection::vec(1u8..=255, 1..20), kind, any::<u64>(), time).prop_map(
            |(name, kind, len, time)| {
                let at = |(secs, nanos): (i64, u32)| {
                    let span = Duration::from_secs(secs.unsigned_abs());
                    let base = SystemTime::UNIX_EPOCH;
                    (if secs < 0 { base - span } else { base + span }) + Duration::from_nanos(nanos.into())
                };
                (name.into(), Found { kind, linked: false, len, modified: time.map(at) })
            },
        )
    }

    proptest! {
        #[test]
        fn a_position_survives_its_cursor(order in orders(), entry in entries()) {
            let place = place(&entry, order);
            let cursor: Cursor = place.cursor(order).to_string().parse().unwrap();
            let read = Position::read(&cursor, order).unwrap();
            prop_assert_eq!(read.place(), place);
        }

        #[test]
        fn a_cursor_of_another_order_or_of_noise_is_refused_without_a_panic(
            order in orders(), other in orders(), entry in entries(),
            noise in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let cursor = place(&entry, order).cursor(order);
            prop_assert_eq!(Position::read(&cursor, other).is_ok(), order == other);
            drop(Position::read(&Cursor::new(noise), order));
        }

        #[test]
        fn descending_is_the_reverse_but_for_groups_and_equals(a in entries(), b in entries(), order in orders()) {
            let ascending = Order { direction: Direction::Ascending, grouping: Grouping::Mixed, ..order };
            let descending = Order { direction: Direction::Descending, ..ascending };
            let up = ascending.compare(&place(&a, ascending), &place(&b, ascending));
            let down = descending.compare(&place(&a, descending), &place(&b, descending));
            let tie = order.by != SortBy::Name
                && place(&a, ascending).number == place(&b, ascending).number;
            prop_assert_eq!(down, if tie { up } else { up.reverse() });
        }
    }
}
