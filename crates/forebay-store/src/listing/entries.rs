//! The entries of a page, packed.
//!
//! A page is two allocations of a size that is known before the scan: the records, one behind the other, and where each
//! begins. An entry takes its name and 23 bytes, a third of what a struct with a boxed name takes, so that one scan of a
//! large directory finds three times as many. Whoever looks at the page gets [`Entry`] values, made one at a time.
//!
//! A record: flags, length of the name (2 bytes), length (8), time of the last change in nanoseconds since 1970 (8), name.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use super::position::nanos;
use super::{Entry, Found, Order, Place};
use crate::Kind;

const DIRECTORY: u8 = 1;
const LINKED: u8 = 2;
const DATED: u8 = 4;

/// Flags, length of the name, length, time.
const HEAD_BYTES: usize = 1 + 2 + 8 + 8;
/// A record with the longest name that a file system takes.
const RECORD_BYTES_MAX: usize = HEAD_BYTES + 255;
/// What a place costs, in bytes.
const PLACE_BYTES: usize = size_of::<u32>();
/// So many bytes of a page for each place in it: a record of a short name.
const BYTES_PER_PLACE: usize = 32;

/// The entries of a page, in order.
#[derive(Clone, Default)]
pub struct Entries {
    records: Vec<u8>,
    /// Where each record begins, in the order of the page.
    places: Vec<u32>,
}

/// The entries of a page, one after the other.
#[derive(Debug)]
pub struct IntoIter {
    entries: Entries,
    left: Range<usize>,
}

/// How much fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    records: usize,
    places: usize,
}

impl Room {
    /// What fits into so many bytes.
    pub(super) fn of(bytes: u64) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(u32::MAX as usize);
        let places = (bytes / BYTES_PER_PLACE).max(1);
        Self { records: bytes.saturating_sub(places * PLACE_BYTES), places }
    }
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The entries, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Entry> {
        self.places.iter().map(|&place| self.entry(place))
    }

    /// The memory that they take, in bytes.
    pub fn cost(&self) -> u64 {
        (self.records.capacity() + self.places.capacity() * PLACE_BYTES) as u64
    }

    /// Empty, with all the memory that it will ever take: `room`, and one entry more.
    pub(super) fn with_room(room: Room) -> Self {
        let records = Vec::with_capacity(room.records + RECORD_BYTES_MAX);
        Self { records, places: Vec::with_capacity(room.places + 1) }
    }

    /// Whether it takes more than `room`.
    pub(super) fn exceeds(&self, room: Room) -> bool {
        self.records.len() > room.records || self.places.len() > room.places
    }

    /// Whether another with this name fits into `room`.
    pub(super) fn fits(&self, name: &[u8], room: Room) -> bool {
        self.records.len() + HEAD_BYTES + name.len() <= room.records && self.places.len() < room.places
    }

    pub(super) fn push(&mut self, name: &[u8], found: &Found) {
        let Ok(len) = u16::try_from(name.len()) else { return };
        self.places.push(self.records.len() as u32);
        self.records.extend_from_slice(&[0; HEAD_BYTES]);
        self.records.extend_from_slice(name);
        let at = self.records.len() - name.len() - HEAD_BYTES;
        self.records[at + 1..at + 3].copy_from_slice(&len.to_le_bytes());
        self.write(at, found);
    }

    pub(super) fn sort(&mut self, order: Order) {
        let records = &self.records;
        let place = |at: u32| order.place(name(records, at), &found(records, at));
        self.places.sort_unstable_by(|&a, &b| order.compare(&place(a), &place(b)));
    }

    /// The place in its order of the entry with this number.
    pub(super) fn place(&self, number: usize, order: Order) -> Option<Place<'_>> {
        let at = *self.places.get(number)?;
        Some(order.place(name(&self.records, at), &found(&self.records, at)))
    }

    /// How many of the first fit into seven eighths of `room`: where to cut, so that not every entry makes another cut.
    pub(super) fn fitting(&self, room: Room) -> usize {
        let mut left = room.records - room.records / 8;
        let fits = |&&at: &&u32| {
            let len = record_len(&self.records, at);
            let fits = left >= len;
            left = left.saturating_sub(len);
            fits
        };
        self.places.iter().take(room.places - room.places / 8).take_while(fits).count()
    }

    /// Keeps the first `n`, and puts their records together. Their order is lost.
    pub(super) fn cut(&mut self, n: usize) {
        self.places.truncate(n);
        self.places.sort_unstable();
        let mut end = 0;
        for place in &mut self.places {
            let (at, len) = (*place as usize, record_len(&self.records, *place));
            self.records.copy_within(at..at + len, end);
            *place = end as u32;
            end += len;
        }
        self.records.truncate(end);
    }

    /// Asks about each entry again, and keeps those that there is an answer for.
    pub(crate) fn refresh(&mut self, mut ask: impl FnMut(&[u8], Found) -> Option<Found>) {
        let mut kept = 0;
        for number in 0..self.places.len() {
            let at = self.places[number];
            if let Some(now) = ask(name(&self.records, at), found(&self.records, at)) {
                self.write(at as usize, &now);
                self.places[kept] = at;
                kept += 1;
            }
        }
        self.places.truncate(kept);
    }

    /// Gives back the memory that it did not need.
    pub(super) fn shrink(&mut self) {
        self.records.shrink_to_fit();
        self.places.shrink_to_fit();
    }

    fn write(&mut self, at: usize, found: &Found) {
        let directory = if found.kind == Kind::Directory { DIRECTORY } else { 0 };
        let linked = if found.linked { LINKED } else { 0 };
        let dated = if found.modified.is_some() { DATED } else { 0 };
        self.records[at] = directory | linked | dated;
        self.records[at + 3..at + 11].copy_from_slice(&found.len.to_le_bytes());
        let time = found.modified.map_or(0, nanos);
        self.records[at + 11..at + HEAD_BYTES].copy_from_slice(&time.to_le_bytes());
    }

    fn entry(&self, at: u32) -> Entry {
        let Found { kind, linked, len, modified } = found(&self.records, at);
        Entry { name: name(&self.records, at).into(), kind, linked, len, modified }
    }
}

fn name(records: &[u8], at: u32) -> &[u8] {
    &records[at as usize + HEAD_BYTES..][..record_len(records, at) - HEAD_BYTES]
}

fn record_len(records: &[u8], at: u32) -> usize {
    let at = at as usize;
    HEAD_BYTES + usize::from(u16::from_le_bytes([records[at + 1], records[at + 2]]))
}

fn found(records: &[u8], at: u32) -> Found {
    let head = &records[at as usize..][..HEAD_BYTES];
    let number = |from: usize| head[from..from + 8].try_into().map_or(0, u64::from_le_bytes);
    let modified = (head[0] & DATED != 0).then(|| time(number(11).cast_signed()));
    let kind = if head[0] & DIRECTORY != 0 { Kind::Directory } else { Kind::File };
    Found { kind, linked: head[0] & LINKED != 0, len: number(3), modified }
}

fn time(nanos: i64) -> SystemTime {
    let span = Duration::from_nanos(nanos.unsigned_abs());
    if nanos < 0 { SystemTime::UNIX_EPOCH - span } else { SystemTime::UNIX_EPOCH + span }
}

impl IntoIterator for Entries {
    type Item = Entry;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter { left: 0..self.len(), entries: self }
    }
}

impl Default for IntoIter {
    fn default() -> Self {
        Entries::default().into_iter()
    }
}

impl Iterator for IntoIter {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let at = self.entries.places[self.left.next()?];
        Some(self.entries.entry(at))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl ExactSizeIterator for IntoIter {}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
