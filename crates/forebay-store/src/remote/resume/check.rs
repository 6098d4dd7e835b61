//! Whether an answer is the one that was asked for.
//!
//! A store below checks its own protocol; this is the same question once more, of facts alone, because here is where bytes of two
//! answers are joined. A server, or a cache before it, that answers `If-Match` with another version is found out by the tag,
//! one that miscounts by the offset and the length.

use super::super::{Pin, Reading};
use crate::{ByteRange, StoreError, StoreErrorKind};

/// The first answer: of the version that the caller knows, if it knows one, and beginning where it wants.
pub(super) fn first(given: &Pin, asked: Option<ByteRange>, came: &Reading) -> Result<(), StoreError> {
    given.check(&came.facts)?;
    let wanted = asked.map_or(0, |range| range.start());
    match came.range {
        Some(range) if range.start() != wanted && range.start() != 0 => Err(elsewhere(wanted, range)),
        Some(range) if range.start() != wanted => Err(ignored(wanted)),
        None if wanted != 0 => Err(ignored(wanted)),
        Some(_) | None => Ok(()),
    }
}

/// A later answer: of the same version, and beginning at the byte that is missing.
pub(super) fn rest(pin: &Pin, position: u64, came: &Reading) -> Result<(), StoreError> {
    pin.check(&came.facts)?;
    match came.range {
        Some(range) if range.start() == position => Ok(()),
        Some(range) => Err(elsewhere(position, range)),
        None => Err(ignored(position)),
    }
}

fn elsewhere(wanted: u64, came: ByteRange) -> StoreError {
    StoreError::with_cause(
        StoreErrorKind::Unavailable,
        format!("the server sent bytes {came} when asked for those from {wanted} on"),
    )
}

fn ignored(wanted: u64) -> StoreError {
    StoreError::with_cause(
        StoreErrorKind::Unavailable,
        format!(
            "the server ignored the range and would have sent the object from its start, not from byte {wanted}"
        ),
    )
}
