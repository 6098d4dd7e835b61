//! What an earlier run of an upload has left.
//!
//! The journal says which upload there is and what was sent of which version of the file; the store says what it has. A part counts as
//! there if both say the same, and the rest is sent again. An upload that was begun for another version of the file, or with other things
//! to store beside the bytes, can only become the wrong object; one whose parts the store will not list tells nothing. Neither is gone on
//! with, and both are given up, because nobody else knows of them.

use std::collections::BTreeMap;
use std::path::Path;

use forebay_store::StoreErrorKind;
use forebay_store::remote::Upload;

use super::Destination;
use super::again::again;
use super::begun::Begun;
use super::parts::There;
use crate::blocking::blocking;
use crate::engine::Shared;
use crate::journal::{Done, Head, Journal, State, Tag};
use crate::parts::Parts;
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

/// Looks for what the journal of `head` says, as far as the store says so too.
pub(super) async fn earlier(
    journal: &Path,
    head: &Head,
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
    match listed(&state, begun.upload(), shared, to, progress).await {
        Ok(there) => Ok(Earlier::GoesOn { begun, parts: state.head().parts(), there }),
        Err(StoreErrorKind::NotFound) => Ok(Earlier::Nothing),
        Err(_) => Ok(Earlier::Useless(begun)),
    }
}

/// Whether going on with the old one makes the new object.
fn is_of(old: &Head, new: &Head) -> bool {
    old.inode == new.inode && old.pin.is_of(&new.pin.pin()) && old.len == new.len && old.beside == new.beside
}

async fn listed(
    state: &State,
    upload: &Upload,
    shared: &Shared,
    to: &Destination,
    progress: &Progress,
) -> Result<There, StoreErrorKind> {
    let parts = state.head().parts();
    let (mut there, mut after) = (BTreeMap::new(), 0);
    loop {
        let page = again(shared, &*to.bucket, progress, || to.bucket.parts(upload, after)).await;
        let page = page.map_err(|failed| failed.error.kind())?;
        let Some(last) = page.last() else { return Ok(there) };
        after = last.number;
        for part in page {
            let index = u64::from(part.number.saturating_sub(1));
            let noted = state.piece(index).filter(|done| {
                part.len == parts.range(index).len()
                    && done.bytes == part.len
                    && done.tag == Some(Tag::of(&part.validator))
            });
            if let Some(crc) = noted.map(Done::piece_crc) {
                there.insert(index, (part, crc));
            }
        }
    }
}
