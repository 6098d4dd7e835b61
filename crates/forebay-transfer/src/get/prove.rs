//! How far the bytes are those that were stored.
//!
//! Whether a demand can be met is known from the first answer, so it is refused before a byte is fetched. CRCs of pieces that were
//! seen on their way are joined; those that were not, and every digest that does not join, are taken of the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use forebay_store::ByteRange;
use forebay_store::remote::{Checksum, Facts};

use crate::engine::Source;
use crate::verify::{Crc, CrcKind, Demand, PieceCrc, Proof, Running, stored_digest};
use crate::{TransferError, TransferErrorKind};

/// Read at once from the file: enough to make calls rare.
const READ: usize = 128 << 10;

/// A digest that the bytes shall have.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) sum: Checksum,
    /// Whether the file may be read for it.
    pub(super) effort: Effort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Only what passes through our hands is looked at.
    Free,
    Whatever,
}

impl Wanted {
    /// The CRC to take of bytes as they pass.
    pub(super) fn crc(&self) -> Option<CrcKind> {
        CrcKind::of(self.sum.kind)
    }
}

/// What the bytes shall be compared with.
pub(super) fn wanted(
    facts: &Facts,
    demand: &Demand,
    source: &Source,
) -> Result<Option<Wanted>, TransferError> {
    let stored = stored_digest(facts).cloned();
    match demand {
        Demand::Free => Ok(stored.map(|sum| Wanted { sum, effort: Effort::Free })),
        Demand::Digest(expected) => {
            Ok(Some(Wanted { sum: expected.checksum().clone(), effort: Effort::Whatever }))
        }
        Demand::Full => match stored {
            Some(sum) => Ok(Some(Wanted { sum, effort: Effort::Whatever })),
            None => Err(TransferError::new(
                TransferErrorKind::Integrity,
                format!(
                    "{} has no stored digest of all its bytes that can be checked: give one (--digest), or demand less",
                    source.name()
                ),
            )),
        },
    }
}

/// Takes bytes, some at a time and in order.
pub(super) type Take<'a> = dyn FnMut(&[u8]) + 'a;

/// Compares what was seen, and reads what was not as far as the effort allows. Blocks where `read` does.
pub(super) fn prove(
    read: impl Fn(ByteRange, &mut Take<'_>) -> io::Result<()>,
    pieces: Vec<(ByteRange, Option<PieceCrc>)>,
    wanted: &Wanted,
    name: &str,
) -> Result<Proof, TransferError> {
    let failed = |error| TransferError::of_file(format!("cannot read back what came of {name}"), error);
    let found = match wanted.crc() {
        None if wanted.effort == Effort::Free => return Ok(Proof::LENGTH),
        None => {
            let len = pieces.last().map_or(0, |(range, _)| range.end());
            let Some(mut running) = Running::new(wanted.sum.kind) else { return Ok(Proof::LENGTH) };
            read(ByteRange::whole(len), &mut |bytes| running.update(bytes)).map_err(failed)?;
            running.so_far()
        }
        Some(kind) => {
            let mut sum = PieceCrc::empty(kind);
            for (range, seen) in pieces {
                let piece = match seen {
                    Some(seen) => seen,
                    None if wanted.effort == Effort::Free => return Ok(Proof::LENGTH),
                    None => {
                        let mut crc = Crc::new(kind);
                        read(range, &mut |bytes| crc.update(bytes)).map_err(failed)?;
                        crc.so_far()
                    }
                };
                sum = sum.then(piece).unwrap_or(sum);
            }
            sum.checksum()
        }
    };
    if found == wanted.sum {
        return Ok(Proof::full(found.kind));
    }
    let what = format!("{name}: its bytes are {found}, and should be {}", wanted.sum);
    Err(TransferError::new(TransferErrorKind::Integrity, what))
}

/// Reads a file from its disk, or the page cache.
pub(super) fn of_file(file: &File) -> impl Fn(ByteRange, &mut Take<'_>) -> io::Result<()> {
    |range, take| {
        let mut buffer = vec![0; READ];
        let mut at = range.start();
        while at < range.end() {
            let most = usize::try_from(range.end() - at).map_or(READ, |rest| rest.min(READ));
            let got = file.read_at(&mut buffer[..most], at)?;
            if got == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            take(&buffer[..got]);
            at += got as u64;
        }
        Ok(())
    }
}
