//! A name in a directory, and what has it now.
//!
//! The directory is opened below the root as everything is, and from then on the name is one segment relative to that descriptor: there is no
//! path that somebody could turn into another one.

use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime};

use forebay_budget::FdLease;
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::super::Inner;
use super::super::fault::write_error;
use super::super::sandbox::SCAN;
use super::super::stamp::Stamp;
use crate::remote::Condition;
use crate::{Key, StoreError, StoreErrorKind};

/// A name in an open directory.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) dir: OwnedFd,
    pub(super) name: Box<[u8]>,
    /// Pays for the directory, and for the file that is written there.
    _fds: FdLease,
}

/// What has a name.
#[derive(Debug)]
pub(super) enum There {
    Nothing,
    File {
        stamp: Stamp,
        /// Its permissions, without the bits that lend somebody's rights.
        mode: u32,
        /// The time at which it was asked.
        asked: SystemTime,
    },
    Directory,
    /// A link, a device, a socket.
    Other,
}

impl Place {
    /// Opens the directory of `key`. Blocks.
    pub(super) fn find(inner: &Inner, key: &Key, fds: FdLease) -> Result<Self, StoreError> {
        let (Some(parent), Some(name)) = (key.parent(), key.name()) else {
            return Err(StoreError::with_cause(StoreErrorKind::Conflict, "it is the root"));
        };
        if !inner.admit.key(key) {
            let why = "names that begin with a dot are neither served nor written";
            return Err(StoreError::with_cause(StoreErrorKind::Denied, why));
        }
        let dir = inner.resolver.open(&inner.root, &parent, SCAN).map_err(write_error)?;
        Ok(Self { key: key.clone(), dir, name: name.into(), _fds: fds })
    }

    /// What has this name now.
    pub(super) fn there(&self) -> Result<There, StoreError> {
        let asked = SystemTime::now();
        let stat = match rustix::fs::statat(&self.dir, &*self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(There::Nothing),
            Err(errno) => return Err(write_error(errno)),
        };
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                There::File { stamp: Stamp::of(&stat), mode: stat.st_mode & 0o777, asked }
            }
            FileType::Directory => There::Directory,
            _ => There::Other,
        })
    }
}

impl There {
    /// Whether an object may be written here.
    pub(super) fn admit(&self, condition: &Condition, settle: Duration) -> Result<(), StoreError> {
        let conflict = |why: &'static str| Err(StoreError::with_cause(StoreErrorKind::Conflict, why));
        match self {
            Self::Directory => conflict("it is a directory"),
            Self::Other => conflict("it is neither a file nor a directory"),
            Self::File { mode, .. } if mode & 0o222 == 0 => {
                Err(StoreError::with_cause(StoreErrorKind::Denied, "it is read-only"))
            }
            _ if self.meets(condition, settle) => Ok(()),
            _ => Err(StoreErrorKind::Precondition.into()),
        }
    }

    /// Whether a condition holds.
    pub(super) fn meets(&self, condition: &Condition, settle: Duration) -> bool {
        match (condition, self) {
            (Condition::Always, _) | (Condition::Absent, Self::Nothing) => true,
            (Condition::Matches(wanted), Self::File { stamp, asked, .. }) => {
                stamp.validator(*asked, settle).is_some_and(|now| now.strong_eq(wanted))
            }
            _ => false,
        }
    }
}
