//! Room on the disk, known before the first byte.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use forebay_budget::ByteSize;
use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
use rustix::io::Errno;

use super::Space;
use crate::{TransferError, TransferErrorKind};

/// A file that is as long as this is not worth two more calls.
const SMALL: u64 = 1 << 20;

/// Makes `file` as long as it will be, if there is room for it. What is in it stays.
pub(super) fn reserve(file: &File, len: u64, space: Space, name: &str) -> Result<(), TransferError> {
    let failed = |error: io::Error| TransferError::of_file(format!("cannot make room for {name}"), error);
    if len <= SMALL {
        return file.set_len(len).map_err(failed);
    }
    let has = file.metadata().map_err(failed)?.blocks().saturating_mul(512);
    let disk = fstatvfs(file).map_err(|error| failed(error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let needs = len.saturating_sub(has);
    if needs > free {
        let (needs, free) = (ByteSize::b(needs), ByteSize::b(free));
        let what =
            format!("{name} needs {needs} on a disk that has {free} left: make room, or write elsewhere");
        return Err(TransferError::new(TransferErrorKind::NoSpace, what));
    }
    file.set_len(len).map_err(failed)?;
    match space {
        Space::AsWritten => Ok(()),
        Space::Reserved => match fallocate(file, FallocateFlags::empty(), 0, len) {
            Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
            Err(error) => Err(failed(error.into())),
        },
    }
}
