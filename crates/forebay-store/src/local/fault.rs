//! What an error of the kernel means to a caller, in one place.

use std::io;

use rustix::io::Errno;

use crate::{StoreError, StoreErrorKind};

/// The kind of failure behind an error of `openat2`, `fstat`, `read` or `getdents`.
pub(super) fn kind(errno: Errno) -> StoreErrorKind {
    match errno {
        // Not there; below a file; a name no file can have; a link that leaves the root (XDEV) or runs in circles
        // (LOOP); a socket or a device without a driver (NXIO, NODEV). To a client none of these exist.
        Errno::NOENT
        | Errno::NOTDIR
        | Errno::NAMETOOLONG
        | Errno::ILSEQ
        | Errno::XDEV
        | Errno::LOOP
        | Errno::NXIO
        | Errno::NODEV => StoreErrorKind::NotFound,
        Errno::ACCESS | Errno::PERM => StoreErrorKind::Denied,
        Errno::INVAL => StoreErrorKind::Invalid,
        _ => StoreErrorKind::Unavailable,
    }
}

/// The failure behind an error of a call that writes or that changes names.
pub(super) fn write_error(errno: Errno) -> StoreError {
    let kind = match errno {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => StoreErrorKind::Full,
        Errno::EXIST => StoreErrorKind::Precondition,
        Errno::ISDIR
        | Errno::NOTDIR
        | Errno::NOTEMPTY
        | Errno::NOENT
        | Errno::XDEV
        | Errno::LOOP
        | Errno::BUSY => StoreErrorKind::Conflict,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => StoreErrorKind::Denied,
        Errno::INVAL | Errno::NAMETOOLONG => StoreErrorKind::Invalid,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::with_cause(kind, io::Error::from(errno))
}

/// The failure behind an error of the kernel.
pub(super) fn store_error(errno: Errno) -> StoreError {
    match kind(errno) {
        // Nobody reads the cause of the most frequent failure, so it costs no allocation.
        StoreErrorKind::NotFound if errno == Errno::NOENT => StoreErrorKind::NotFound.into(),
        kind => StoreError::with_cause(kind, io::Error::from(errno)),
    }
}

/// The blocking pool gave no answer: the runtime is shutting down.
pub(super) fn no_worker(error: tokio::task::JoinError) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Unavailable, error)
}
