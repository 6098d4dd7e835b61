//! Which version of a file this is.
//!
//! # What goes into the tag
//!
//! Inode, length, modification time and *change time*, both in nanoseconds; hashed, so that no inode leaves the house.
//! The change time is what makes the tag honest: nobody can set it, so that a file whose old modification time is put back
//! (`cp -p`, `rsync -t`, `touch -r`) still gets a new tag. The price: `chmod` or a new hard link makes a new tag too, which
//! costs a cache one fetch. The device number is left out: it changes when a disk or a container is mounted again, and
//! two files on different devices that agree in all the rest are copies of one image.
//!
//! # When it is strong
//!
//! A strong tag promises equal bytes, and the kernel's clock ticks in granules (1–10 ms; since Linux 6.13 finer, once
//! somebody has looked). Two writes in one granule:
//!
//! 1. a writer writes version A and the file gets time *t*;
//! 2. we stat and serve A with tag(*t*);
//! 3. the writer writes B of the same length within the same granule: the time is still *t*;
//! 4. a client joins the second half of B to its first half of A, since the tags are equal.
//!
//! So a file whose change time is younger than [`LocalOptions::settle`](crate::LocalOptions) gets a weak tag, and a
//! client that wants to join ranges gets the whole file instead. When the same file has settled, the same tag is
//! strong; `If-None-Match` compares weakly and still matches.
//!
//! A file system that keeps whole seconds, or fixed times in an image, cannot keep the promise either: a change time without
//! a fraction makes the tag weak for good.
//!
//! # What it cannot see
//!
//! A writer through a shared memory mapping, whose change time is set when a page is first touched and not at each
//! store. Files that are served are published by rename.

use std::fmt::Write;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Stat, StatxFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::{Strength, Validator};

/// What identifies a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    pub(super) len: u64,
    modified: Time,
    changed: Time,
}

/// Seconds and nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Time {
    secs: i64,
    nanos: u32,
}

impl Stamp {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino,
            len: u64::try_from(stat.st_size).unwrap_or(0),
            modified: Time { secs: stat.st_mtime, nanos: stat.st_mtime_nsec as u32 },
            changed: Time { secs: stat.st_ctime, nanos: stat.st_ctime_nsec as u32 },
        }
    }

    /// Asks an open file again, without letting a network file system ask its server: does not block.
    pub(super) fn again(file: impl AsFd) -> Result<Self, Errno> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        match rustix::fs::statx(&file, "", flags, StatxFlags::BASIC_STATS) {
            Ok(now) => Ok(Self {
                inode: now.stx_ino,
                len: now.stx_size,
                modified: Time { secs: now.stx_mtime.tv_sec, nanos: now.stx_mtime.tv_nsec },
                changed: Time { secs: now.stx_ctime.tv_sec, nanos: now.stx_ctime.tv_nsec },
            }),
            // Before Linux 4.11, or a container's system-call filter.
            Err(Errno::NOSYS | Errno::PERM) => rustix::fs::fstat(&file).map(|stat| Self::of(&stat)),
            Err(errno) => Err(errno),
        }
    }

    /// The time of the last change of content.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        self.modified.system()
    }

    /// The entity tag of a file that we have written and published just now: nobody else has had it to write in.
    pub(super) fn validator_of_ours(&self) -> Option<Validator> {
        self.tagged(if self.changed.nanos == 0 { Strength::Weak } else { Strength::Strong })
    }

    /// The entity tag, if the wall clock was `now` before the stamp was taken.
    pub(super) fn validator(&self, now: SystemTime, settle: Duration) -> Option<Validator> {
        self.tagged(self.strength(now, settle))
    }

    fn tagged(&self, strength: Strength) -> Option<Validator> {
        let mut hash = Sha256::new();
        for part in [self.inode, self.len] {
            hash.update(part.to_le_bytes());
        }
        for time in [self.modified, self.changed] {
            hash.update(time.secs.to_le_bytes());
            hash.update(time.nanos.to_le_bytes());
        }
        let mut opaque = String::with_capacity(32);
        for byte in &hash.finalize()[..16] {
            write!(opaque, "{byte:02x}").ok()?;
        }
        Validator::new(strength, opaque.as_bytes())
    }

    fn strength(&self, now: SystemTime, settle: Duration) -> Strength {
        let age = self.changed.system().and_then(|changed| now.duration_since(changed).ok());
        match age {
            Some(age) if age >= settle && self.changed.nanos != 0 => Strength::Strong,
            // Too recent, from the future, or of a coarse clock.
            _ => Strength::Weak,
        }
    }
}

impl Time {
    fn system(self) -> Option<SystemTime> {
        let span = Duration::from_secs(self.secs.unsigned_abs());
        let base = SystemTime::UNIX_EPOCH;
        let secs = if self.secs < 0 { base.checked_sub(span) } else { base.checked_add(span) };
        secs?.checked_add(Duration::from_nanos(self.nanos.into()))
    }
}

/// The time of the last change of content in a `stat`.
pub(super) fn modified(stat: &Stat) -> Option<SystemTime> {
    Stamp::of(stat).modified()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_millis(100);

    fn stamp(nanos: u32) -> Stamp {
        let time = Time { secs: 1_000_000_000, nanos };
        Stamp { inode: 7, len: 5, modified: time, changed: time }
    }

    fn tag(stamp: Stamp, age: Duration) -> Validator {
        stamp.validator(stamp.changed.system().unwrap() + age, SETTLE).unwrap()
    }

    #[test]
    fn a_tag_is_strong_only_once_the_file_has_settled() {
        let stamp = stamp(5);
        let (young, settled) = (tag(stamp, SETTLE - Duration::from_nanos(1)), tag(stamp, SETTLE));
        assert_eq!((young.strength(), settled.strength()), (Strength::Weak, Strength::Strong));
        assert!(young.weak_eq(&settled), "the same version keeps its tag");
    }

    #[test]
    fn a_change_time_in_the_future_or_without_a_fraction_makes_a_weak_tag() {
        let future = stamp(5).validator(SystemTime::UNIX_EPOCH, SETTLE).unwrap();
        assert_eq!(future.strength(), Strength::Weak);
        assert_eq!(tag(stamp(0), Duration::from_secs(1_000_000)).strength(), Strength::Weak);
    }

    #[test]
    fn every_part_of_the_stamp_changes_the_tag() {
        let base = stamp(5);
        let other = Time { secs: 999_999_999, nanos: 5 };
        let variants = [
            Stamp { inode: 8, ..base },
            Stamp { len: 6, ..base },
            Stamp { modified: other, ..base },
            Stamp { changed: other, ..base },
        ];
        for variant in variants {
            assert!(!tag(variant, SETTLE).weak_eq(&tag(base, SETTLE)), "{variant:?}");
        }
    }
}
