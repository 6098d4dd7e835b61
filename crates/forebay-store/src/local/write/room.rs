//! Room on the disk, claimed before it is used.
//!
//! A client that says how long its object is hears at once that there is no room for it, and not after an hour. What is claimed and not
//! written yet counts against those who come later: fifty uploads that fit one by one do not fill the disk together.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_budget::ByteSize;

use super::super::fault::write_error;
use crate::{StoreError, StoreErrorKind};

/// What somebody who does not say his length claims at a time.
const STEP: u64 = 16 << 20;

/// What is promised to uploads and not written yet, in bytes.
#[derive(Debug)]
pub(super) struct Room {
    promised: AtomicU64,
    /// What is left to others.
    free_min: ByteSize,
}

/// A share of the room. Dropped, it gives back what was not used.
#[derive(Debug)]
pub(super) struct Claim {
    room: Arc<Room>,
    left: u64,
}

impl Room {
    pub(super) const fn new(free_min: ByteSize) -> Self {
        Self { promised: AtomicU64::new(0), free_min }
    }
}

impl Claim {
    /// Claims room for an object of this length, or for the beginning of one. Blocks.
    pub(super) fn new(room: &Arc<Room>, dir: impl AsFd, len: Option<u64>) -> Result<Self, StoreError> {
        let mut claim = Self { room: Arc::clone(room), left: 0 };
        claim.more(dir, len.unwrap_or(0))?;
        Ok(claim)
    }

    /// Takes `len` bytes out of it, claiming more if that is too little. Blocks.
    pub(super) fn take(&mut self, dir: impl AsFd, len: u64) -> Result<(), StoreError> {
        if len > self.left {
            self.more(dir, (len - self.left).max(STEP))?;
        }
        self.left -= len;
        self.room.promised.fetch_sub(len, Ordering::Relaxed);
        Ok(())
    }

    fn more(&mut self, dir: impl AsFd, len: u64) -> Result<(), StoreError> {
        let disk = rustix::fs::fstatvfs(dir).map_err(write_error)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let others = self.room.promised.fetch_add(len, Ordering::Relaxed);
        self.left += len;
        let needed = others.saturating_add(len).saturating_add(self.room.free_min.as_u64());
        if needed > free {
            let why =
                format!("{} are free on the disk, {} are promised", ByteSize::b(free), ByteSize::b(others));
            return Err(StoreError::with_cause(StoreErrorKind::Full, why));
        }
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.room.promised.fetch_sub(self.left, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_counts_until_it_is_written_or_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let fd = std::fs::File::open(dir.path()).unwrap();
        let disk = rustix::fs::fstatvfs(&fd).unwrap();
        let free = disk.f_bavail * disk.f_frsize;
        let room = Arc::new(Room::new(ByteSize::mib(1)));
        // Nearly all of it, with a margin for others on this disk.
        let most = Claim::new(&room, &fd, Some(free / 100 * 80)).unwrap();
        let error = Claim::new(&room, &fd, Some(free / 100 * 60)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Full);
        assert_eq!(
            room.promised.load(Ordering::Relaxed),
            free / 100 * 80,
            "what was refused is not promised"
        );
        drop(most);
        let mut claim = Claim::new(&room, &fd, None).unwrap();
        claim.take(&fd, 10).unwrap();
        assert_eq!(room.promised.load(Ordering::Relaxed), STEP - 10);
        drop(claim);
        assert_eq!(room.promised.load(Ordering::Relaxed), 0);
    }
}
