//! A page of what comes in order already.

use super::entries::Room;
use super::{Entries, Found};

/// Takes entries as they come until the page is full.
pub(crate) struct Fill {
    limit: usize,
    room: Room,
    kept: Entries,
}

impl Fill {
    /// An empty page of at most `limit` entries and `bytes_max` bytes, but of one entry at least.
    pub(crate) fn new(limit: usize, bytes_max: u64) -> Self {
        let room = Room::of(bytes_max);
        Self { limit: limit.max(1), room, kept: Entries::with_room(room) }
    }

    /// Takes an entry, if there is room.
    pub(crate) fn take(&mut self, name: &[u8], found: &Found) -> bool {
        let fits = self.kept.is_empty() || (self.kept.len() < self.limit && self.kept.fits(name, self.room));
        if fits {
            self.kept.push(name, found);
        }
        fits
    }

    /// The page.
    pub(crate) fn finish(mut self) -> Entries {
        self.kept.shrink();
        self.kept
    }
}
