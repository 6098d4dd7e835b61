//! What the answer to a write proves.

use forebay_store::StoreErrorKind;
use forebay_store::remote::{Checksum, Condition, Coverage, Part, PutAsk, Stored};

use super::again::Failed;
use super::{Destination, PutOptions};
use crate::verify::{CrcKind, Level, PieceCrc, Proof, Running};
use crate::{TransferError, TransferErrorKind};

/// A part that arrived, and the digest that was taken of it here.
pub(crate) type Sent = (Part, Option<Checksum>);

/// What to store, with the digest of all of it if that is known.
pub(crate) fn ask(to: &Destination, options: &PutOptions, whole: Option<Checksum>) -> PutAsk {
    PutAsk {
        key: to.key.clone(),
        attributes: options.attributes.clone(),
        condition: options.condition.clone(),
        checksum: whole,
        checksum_kind: Some(options.checksum.kind()),
    }
}

/// A store that says that it has something else than was sent to it.
pub(crate) fn stored_as_sent(to: &Destination, part: &Part, digest: &Checksum) -> Result<(), TransferError> {
    let told = part.checksum.as_ref().filter(|told| told.kind == digest.kind);
    if told.is_none_or(|told| told.value == digest.value) {
        return Ok(());
    }
    let what = format!("{}: part {} is not stored as it was sent", to.name(), part.number);
    Err(TransferError::new(TransferErrorKind::Integrity, what))
}

/// The digest of all bytes from those of the parts, in their order: joined if it is a CRC, else the digest of the digests.
pub(crate) fn whole<'a>(parts: impl IntoIterator<Item = &'a Sent> + Clone) -> Option<Checksum> {
    let kind = parts.clone().into_iter().next()?.1.as_ref()?.kind;
    match CrcKind::of(kind) {
        Some(crc) => {
            let join =
                |sum: PieceCrc, (part, digest): &Sent| sum.then(PieceCrc::of(digest.as_ref()?, part.len)?);
            parts.into_iter().try_fold(PieceCrc::empty(crc), join).map(PieceCrc::checksum)
        }
        None => {
            let mut digests = Running::new(kind)?;
            for (_, digest) in parts {
                digests.update(&digest.as_ref().filter(|digest| digest.kind == kind)?.value);
            }
            Some(Checksum { coverage: Coverage::Composite, ..digests.so_far() })
        }
    }
}

/// The parts as they are to be published: with the digest that the store told, or else with ours.
pub(crate) fn listed<'a>(parts: impl IntoIterator<Item = &'a Sent>) -> Vec<Part> {
    let listed = |(part, digest): &Sent| Part {
        checksum: part.checksum.clone().or_else(|| digest.clone()),
        ..part.clone()
    };
    parts.into_iter().map(listed).collect()
}

/// How far the answer proves that what is stored is what was sent.
pub(crate) fn proof<'a>(
    stored: &Stored,
    whole: Option<&Checksum>,
    parts: impl IntoIterator<Item = &'a Sent>,
) -> Proof {
    if let (Some(told), Some(whole)) = (&stored.checksum, whole)
        && told == whole
    {
        let level = if whole.coverage == Coverage::FullObject { Level::FullObject } else { Level::PerPart };
        return Proof { level, by: Some(whole.kind) };
    }
    let mut by = None;
    for (part, digest) in parts {
        match (&part.checksum, digest) {
            (Some(told), Some(digest)) if told == digest => by = Some(digest.kind),
            _ => return Proof::LENGTH,
        }
    }
    by.map_or(Proof::LENGTH, |kind| Proof { level: Level::PerPart, by: Some(kind) })
}

/// A write whose answer was not heard may have been done, and the next try then finds its condition broken, or its upload gone. It was
/// done if what is there now has our length and our digest.
pub(crate) async fn heard(
    to: &Destination,
    failed: Failed,
    len: u64,
    whole: Option<&Checksum>,
    condition: &Condition,
) -> Result<Stored, TransferError> {
    let puzzling = match failed.error.kind() {
        StoreErrorKind::Precondition => *condition != Condition::Always,
        StoreErrorKind::NotFound => true,
        _ => false,
    };
    if puzzling
        && failed.unheard
        && let (Ok(found), Some(whole)) = (to.bucket.head(&to.key, None).await, whole)
        && found.len == Some(len)
        && found.checksum.as_ref() == Some(whole)
    {
        return Ok(Stored { validator: found.validator, version: found.version, checksum: found.checksum });
    }
    Err(TransferError::of_store(&to.name(), failed.error))
}

#[cfg(test)]
mod tests {
    use forebay_store::Validator;

    use super::*;
    use crate::verify::Algorithm;

    fn sum(bytes: &[u8]) -> Checksum {
        let mut running = Running::from(Algorithm::Crc64Nvme);
        running.update(bytes);
        running.so_far()
    }

    fn part(told: Option<Checksum>) -> Part {
        Part { number: 1, len: 3, validator: Validator::parse(b"\"t\"").unwrap(), checksum: told }
    }

    #[test]
    fn a_proof_is_what_the_store_told_and_no_more() {
        let (ours, other) = (sum(b"abc"), sum(b"abd"));
        let stored = |checksum| Stored { checksum, ..Stored::default() };
        let level = |told, of_part| {
            let parts = [(part(of_part), Some(ours.clone()))];
            proof(&stored(told), Some(&ours), &parts).level
        };
        assert_eq!(level(Some(ours.clone()), None), Level::FullObject);
        assert_eq!(level(None, Some(ours.clone())), Level::PerPart);
        assert_eq!(level(None, Some(other)), Level::Length);
        assert_eq!(level(None, None), Level::Length, "a digest that we sent is none that it told");
    }

    #[test]
    fn digests_of_parts_join_or_are_digested() {
        let sent = |bytes: &[u8], algorithm| {
            let mut running = Running::from(algorithm);
            running.update(bytes);
            (part(None), Some(running.so_far()))
        };
        let joined = whole(&[sent(b"abc", Algorithm::Crc64Nvme), sent(b"def", Algorithm::Crc64Nvme)]);
        assert_eq!(joined, Some(sum(b"abcdef")));
        let hashed = whole(&[sent(b"abc", Algorithm::Sha256), sent(b"def", Algorithm::Sha256)]).unwrap();
        assert_eq!(hashed.coverage, Coverage::Composite);
        assert_eq!(whole(&[sent(b"abc", Algorithm::Sha256), sent(b"def", Algorithm::Crc32)]), None);
        assert_eq!(whole(&[(part(None), None)]), None);
    }
}
