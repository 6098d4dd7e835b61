//! Whether two sides have the same bytes, by their digests.
//!
//! A file is read for the digest that the store tells of its object. Two objects are the same if digests of one kind are. A store that
//! tells no digest of all bytes proves nothing, and what is not proven to be the same is copied.

use std::path::Path;

use forebay_store::remote::{Checksum, Coverage, ObjectKey, Remote};
use forebay_transfer::{TransferError, verify};

use super::{
    aim::Aim,
    find::{Candidate, What},
    one::Mover,
};
use crate::reach;

/// What digests say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Same,
    Other,
    /// There are none that can be compared.
    Unknown,
}

impl Mover {
    /// Compares what has one length.
    pub(super) async fn likeness(&self, candidate: &Candidate, aim: &Aim) -> Result<Likeness, TransferError> {
        match (&candidate.what, aim) {
            (What::File(path), Aim::Object(place, key)) => {
                let Some(bucket) = &self.target else { return Ok(Likeness::Unknown) };
                of_file(path, told(bucket, key, &place.to_string()).await?).await
            }
            (What::Bucket(bucket, key), Aim::File(path)) => {
                of_file(path, told(bucket, key, &candidate.shown).await?).await
            }
            (What::Bucket(from, key), Aim::Object(place, to)) => {
                let Some(bucket) = &self.target else { return Ok(Likeness::Unknown) };
                let one = told(from, key, &candidate.shown).await?;
                Ok(of_two(one, told(bucket, to, &place.to_string()).await?))
            }
            _ => Ok(Likeness::Unknown),
        }
    }
}

async fn told(remote: &dyn Remote, key: &ObjectKey, shown: &str) -> Result<Option<Checksum>, TransferError> {
    let facts = reach::facts(remote, key, None).await;
    Ok(facts.map_err(|error| TransferError::of_store(shown, error))?.checksum)
}

async fn of_file(path: &Path, told: Option<Checksum>) -> Result<Likeness, TransferError> {
    let Some(told) = told else { return Ok(Likeness::Unknown) };
    Ok(match verify::digest_of_file(path, &told).await? {
        Some(found) if found == told => Likeness::Same,
        Some(_) => Likeness::Other,
        None => Likeness::Unknown,
    })
}

fn of_two(one: Option<Checksum>, other: Option<Checksum>) -> Likeness {
    match one.zip(other) {
        // Digests of the digests of parts are equal if the bytes and the parts are.
        Some((one, other)) if one == other => Likeness::Same,
        Some((one, other)) if one.kind == other.kind && is_whole(&one) && is_whole(&other) => Likeness::Other,
        _ => Likeness::Unknown,
    }
}

fn is_whole(sum: &Checksum) -> bool {
    sum.coverage == Coverage::FullObject
}
