//! What the answer to a write proves.

use forebay_store::StoreErrorKind;
use forebay_store::remote::{Checksum, ChecksumKind, Condition, Part, PutAsk, Stored};

use super::again::Failed;
use super::{Destination, PutOptions};
use crate::TransferError;
use crate::verify::{Level, PieceCrc, Proof};

/// What to store, with the digest of all of it if that is known.
pub(super) fn ask(to: &Destination, options: &PutOptions, crc: Option<PieceCrc>) -> PutAsk {
    PutAsk {
        key: to.key.clone(),
        attributes: options.attributes.clone(),
        condition: options.condition.clone(),
        checksum: crc.map(PieceCrc::checksum),
        checksum_kind: Some(ChecksumKind::Crc64Nvme),
    }
}

/// How far the answer proves that what is stored is what was sent.
pub(super) fn proof(stored: &Stored, crc: Option<PieceCrc>, parts: &[(Part, Option<PieceCrc>)]) -> Proof {
    let told = |told: &Option<Checksum>, crc: Option<PieceCrc>| {
        told.as_ref().zip(crc).is_some_and(|(told, crc)| crc.is(told))
    };
    if told(&stored.checksum, crc) {
        return Proof::full(ChecksumKind::Crc64Nvme);
    }
    if !parts.is_empty() && parts.iter().all(|(part, crc)| told(&part.checksum, *crc)) {
        return Proof { level: Level::PerPart, by: Some(ChecksumKind::Crc64Nvme) };
    }
    Proof::LENGTH
}

/// A write whose answer was not heard may have been done, and the next try then finds its condition broken, or its upload gone. It was
/// done if what is there now has our length and our digest.
pub(super) async fn heard(
    to: &Destination,
    failed: Failed,
    len: u64,
    crc: Option<PieceCrc>,
    condition: &Condition,
) -> Result<Stored, TransferError> {
    let puzzling = match failed.error.kind() {
        StoreErrorKind::Precondition => *condition != Condition::Always,
        StoreErrorKind::NotFound => true,
        _ => false,
    };
    if puzzling
        && failed.unheard
        && let (Ok(found), Some(crc)) = (to.bucket.head(&to.key, None).await, crc)
        && found.len == Some(len)
        && found.checksum.as_ref().is_some_and(|told| crc.is(told))
    {
        return Ok(Stored { validator: found.validator, version: found.version, checksum: found.checksum });
    }
    Err(TransferError::of_store(&to.name(), failed.error))
}
