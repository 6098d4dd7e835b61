//! From an open descriptor to an object.
//!
//! `fstat` on the descriptor decides what it is. A file of up to 64 KiB is read at once and its descriptor closed: it
//! then goes out in one write with the head, and a second request needs no system call at all. The bytes are paid from
//! `small_files` and are given back when the last response that sends them has ended; where nothing is left there, the
//! file is served from its descriptor like a large one.
//!
//! Bytes and tag must be of one version. So the file is asked before it is read and again after, and if a
//! writer was in between, it is read again; one that is written all the time is served from its descriptor, under a weak tag.

use std::fs::File;
use std::io::IoSliceMut;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use forebay_budget::{Class, FdLease, Lease};
use forebay_net::LeasedFile;
use rustix::fs::FileType;
use rustix::io::{Errno, ReadWriteFlags};

use super::Inner;
use super::fault::store_error;
use super::recent::Opened;
use super::stamp::Stamp;
use crate::object::Source;
use crate::{Access, Kind, Meta, Object, StoreError, StoreErrorKind};

/// How often a small file is read before it is left to its writer.
const READS_MAX: usize = 3;
/// What holding a small file takes besides its bytes.
const OVERHEAD_BYTES: u64 = 128;

/// Whether this thread may wait for a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// No: only what the page cache holds.
    Warm,
    /// Yes.
    Cold,
}

/// A small file in memory, and what pays for it.
struct Small {
    bytes: Vec<u8>,
    #[expect(dead_code, reason = "held for its drop")]
    lease: Lease,
}

/// What became of reading a small file.
enum Read {
    Whole(Bytes),
    /// It changed meanwhile.
    Changed,
    /// It is not in the page cache.
    WouldBlock,
    /// There is no memory for it.
    Unpaid,
}

/// Makes an object of what was opened; `None` if that would block and must not.
pub(super) fn load(
    inner: &Inner,
    fd: OwnedFd,
    mut lease: FdLease,
    touch: Touch,
) -> Result<Option<Opened>, StoreError> {
    // What was needed to get here may be more than what is open now.
    drop(lease.count().checked_sub(1).and_then(|surplus| lease.split(surplus)));
    for last in (0..READS_MAX).rev() {
        let now = SystemTime::now();
        let stat = rustix::fs::fstat(&fd).map_err(store_error)?;
        let stamp = Stamp::of(&stat);
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => {
                let meta = Meta::directory(stamp.modified());
                return Ok(Some(Opened { object: Object::new(meta, Source::Directory), stamp }));
            }
            _ => {
                return Err(StoreError::with_cause(
                    StoreErrorKind::NotFound,
                    "neither a file nor a directory",
                ));
            }
        };
        let meta = Meta {
            kind,
            len: stamp.len,
            modified: stamp.modified(),
            validator: stamp.validator(now, inner.options.settle),
            access: Access::Ranges,
            attributes: None,
            age_s: None,
        };
        let source = match read_small(inner, &fd, &stamp, touch)? {
            Read::Whole(bytes) => Source::Bytes(bytes),
            Read::WouldBlock => return Ok(None),
            Read::Changed if touch == Touch::Warm => return Ok(None),
            Read::Changed if last > 0 => continue,
            Read::Changed | Read::Unpaid => Source::File(Arc::new(LeasedFile::new(File::from(fd), lease))),
        };
        return Ok(Some(Opened { object: Object::new(meta, source), stamp }));
    }
    Err(StoreErrorKind::Unavailable.into())
}

fn read_small(inner: &Inner, fd: &OwnedFd, stamp: &Stamp, touch: Touch) -> Result<Read, StoreError> {
    if stamp.len == 0 {
        return Ok(Read::Whole(Bytes::new()));
    }
    if stamp.len > inner.options.small_file_max.as_u64() {
        return Ok(Read::Unpaid);
    }
    let Ok(lease) = inner.options.ledger.try_acquire(Class::SmallFiles, stamp.len + OVERHEAD_BYTES) else {
        return Ok(Read::Unpaid);
    };
    let Ok(len) = usize::try_from(stamp.len) else { return Ok(Read::Unpaid) };
    let mut bytes = vec![0; len];
    let filled = match touch {
        Touch::Warm => read_warm(fd, &mut bytes),
        Touch::Cold => read_cold(fd, &mut bytes).map(Some),
    };
    match filled.map_err(store_error)? {
        None => Ok(Read::WouldBlock),
        Some(filled) if filled < len => Ok(Read::Changed),
        Some(_) if Stamp::again(fd).map_err(store_error)? != *stamp => Ok(Read::Changed),
        Some(_) => Ok(Read::Whole(Bytes::from_owner(Small { bytes, lease }))),
    }
}

/// Reads all of it from the page cache; `None` if part of it is not there, or if the file system cannot say.
fn read_warm(fd: &OwnedFd, bytes: &mut [u8]) -> Result<Option<usize>, Errno> {
    let len = bytes.len();
    match rustix::io::preadv2(fd, &mut [IoSliceMut::new(bytes)], 0, ReadWriteFlags::NOWAIT) {
        Ok(read) => Ok((read == len).then_some(read)),
        Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INTR | Errno::INVAL | Errno::PERM) => {
            Ok(None)
        }
        Err(errno) => Err(errno),
    }
}

/// Reads until the end of the buffer or of the file.
fn read_cold(fd: &OwnedFd, bytes: &mut [u8]) -> Result<usize, Errno> {
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::io::pread(fd, &mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(filled)
}

impl AsRef<[u8]> for Small {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
