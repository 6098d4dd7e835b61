//! What an earlier run of an upload has left.
//!
//! The journal says which upload there is and what was sent of which version of the file; the store says what it has. A part counts as
//! there if both say the same. A store may also have parts that the journal does not know: the process was killed between the store's answer
//! and the journal's line. Such a part counts if its digest, as the store tells it, is that of the file's bytes, which are read for it. The
//! rest is sent again. An upload that was begun for another version of the file, or with other things to store beside the bytes, can only
//! become the wrong object; one whose parts the store will not list tells nothing. Neither is gone on with, and both are given up, because
//! nobody else knows of them.

use std::collections::BTreeMap;
use std::path::Path;

use forebay_store::remote::{Checksum, ChecksumKind, Coverage, Part, Upload};
use forebay_store::{ByteRange, StoreErrorKind};

use super::Destination;
use super::again::again;
use super::begun::Begun;
use super::bytes::LocalFile;
use super::parts::There;
use crate::blocking::blocking;
use crate::engine::Shared;
use crate::journal::{Done, Head, Journal, State, Tag};
use crate::parts::Parts;
use crate::verify::{Algorithm, PieceCrc, Running, from_hex};
use crate::{Progress, TransferError};

/// What was found.
pub(super) enum Earlier {
    Nothing,
    /// An upload of the same, and the parts of it that have arrived.
    GoesOn {
        begun: Begun,
        parts: Parts,
        there: There,
    },
    /// One that can become nothing.
    Useless(Begun),
}

/// The file, and the digest that its parts are sent with.
pub(super) struct LocalParts<'a> {
    pub(super) local: &'a LocalFile,
    pub(super) algorithm: Algorithm,
}

/// Why parts are not known.
enum Unlisted {
    Gone,
    Refused,
    Local(TransferError),
}

/// Looks for what the journal of `head` says, as far as the store says so too.
pub(super) async fn earlier(
    journal: &Path,
    head: &Head,
    file: &LocalParts<'_>,
    shared: &std::sync::Arc<Shared>,
    to: &Destination,
    progress: &Progress,
) -> Result<Earlier, TransferError> {
    let path = journal.to_owned();
    let Some(state) = blocking(move || Ok(Journal::load(&path))).await? else { return Ok(Earlier::Nothing) };
    let old = state.head();
    let Some(id) = old.upload.clone().filter(|_| old.source == head.source && old.target == head.target)
    else {
        return Ok(Earlier::Nothing);
    };
    let begun = Begun::earlier(shared, to, Upload { key: to.key.clone(), id });
    if !is_of(old, head) {
        return Ok(Earlier::Useless(begun));
    }
    match listed(&state, begun.upload(), file, shared, to, progress).await {
        Ok(there) => Ok(Earlier::GoesOn { begun, parts: state.head().parts(), there }),
        Err(Unlisted::Gone) => Ok(Earlier::Nothing),
        Err(Unlisted::Refused) => Ok(Earlier::Useless(begun)),
        Err(Unlisted::Local(error)) => Err(error),
    }
}

/// Whether going on with the old one makes the new object.
fn is_of(old: &Head, new: &Head) -> bool {
    old.inode == new.inode && old.pin.is_of(&new.pin.pin()) && old.len == new.len && old.beside == new.beside
}

async fn listed(
    state: &State,
    upload: &Upload,
    file: &LocalParts<'_>,
    shared: &Shared,
    to: &Destination,
    progress: &Progress,
) -> Result<There, Unlisted> {
    let parts = state.head().parts();
    let (mut there, mut after) = (BTreeMap::new(), 0);
    loop {
        let page = again(shared, &*to.bucket, progress, || to.bucket.parts(upload, after)).await;
        let page = page.map_err(|failed| match failed.error.kind() {
            StoreErrorKind::NotFound => Unlisted::Gone,
            _ => Unlisted::Refused,
        })?;
        let Some(last) = page.last() else { return Ok(there) };
        after = last.number;
        for part in page {
            let index = u64::from(part.number.saturating_sub(1));
            let range = parts.range(index);
            if part.len != range.len() {
                continue;
            }
            let digest = match noted(state, index, &part, file.algorithm) {
                Some(digest) => Some(digest),
                None => file.found(range, &part).await.map_err(Unlisted::Local)?,
            };
            if digest.is_some() {
                there.insert(index, (part, digest));
            }
        }
    }
}

/// The digest that the journal noted, if it is of this part.
fn noted(state: &State, index: u64, part: &Part, algorithm: Algorithm) -> Option<Checksum> {
    let done = state.piece(index)?;
    let same = done.bytes == part.len && done.tag == Some(Tag::of(&part.validator));
    Done::piece_crc(done).filter(|_| same).map(PieceCrc::checksum).filter(|sum| sum.kind == algorithm.kind())
}

impl LocalParts<'_> {
    /// The digest of the file's bytes, if they are those of the part.
    async fn found(&self, range: ByteRange, part: &Part) -> Result<Option<Checksum>, TransferError> {
        let kind = self.algorithm.kind();
        let told = match &part.checksum {
            Some(told) => Some(told.clone()).filter(|told| told.kind == kind),
            None => md5_of_tag(part),
        };
        let Some((running, told)) = told.and_then(|told| Some((Running::new(told.kind)?, told))) else {
            return Ok(None);
        };
        if self.local.digest(range, running).await?.so_far().value != told.value {
            return Ok(None);
        }
        if told.kind == kind {
            return Ok(Some(told));
        }
        Ok(Some(self.local.digest(range, Running::from(self.algorithm)).await?.so_far()))
    }
}

/// The MD5 that a part's entity tag is at most stores. At others it is the MD5 of nothing that anybody has.
fn md5_of_tag(part: &Part) -> Option<Checksum> {
    let text = std::str::from_utf8(part.validator.opaque()).ok()?;
    let value = from_hex(text).filter(|value| value.len() == 16)?;
    Some(Checksum { kind: ChecksumKind::Md5, coverage: Coverage::FullObject, value })
}
