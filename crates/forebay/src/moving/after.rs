//! What `mv` deletes: a source that is where it goes, if it is still what was copied.
//!
//! A look right before compares what is there with what was copied, the date too: an object that was copied onto itself, under a name of its
//! server that nothing tells to be one, has the same bytes and the same tag, and is the only one there is. A store that can delete on a
//! condition decides once more at the moment of deleting. Elsewhere, and for files, what is written between the two is lost, and docs/cli.md
//! says so.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use forebay_s3::S3;
use forebay_store::remote::{Bucket, Doomed, ObjectKey, Pin, Tenacity, Tries, persist};
use forebay_transfer::{TransferError, TransferErrorKind};

use super::{
    find::{Candidate, What},
    one::Mover,
};
use crate::report::ObjectEvent;

/// What was copied, as far as it can be known again.
#[derive(Debug)]
pub(super) enum Copied {
    Object(Pin),
    File(FileMark),
}

/// A file as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileMark {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileMark {
    /// As it is now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self {
            device: found.dev(),
            inode: found.ino(),
            len: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

impl Mover {
    /// Deletes what was moved; what is said of it then.
    pub(super) async fn delete_source(
        &self,
        candidate: &Candidate,
        copied: Option<Copied>,
        event: ObjectEvent,
    ) -> ObjectEvent {
        let deleted = match (&candidate.what, copied) {
            (What::Bucket(bucket, key), Some(Copied::Object(pin))) => {
                delete_object(bucket, key, pin, &candidate.shown).await
            }
            (What::File(path), Some(Copied::File(mark))) => delete_file(path, mark, &candidate.shown),
            _ => {
                Err(TransferError::new(TransferErrorKind::Invalid, "it is not known which version that was"))
            }
        };
        let Err(error) = deleted else { return event };
        let what = match error.kind() {
            TransferErrorKind::Changed => {
                format!("{} is copied, and not deleted: it is another by now, move it again", candidate.shown)
            }
            _ => format!("{} is copied, and cannot be deleted", candidate.shown),
        };
        event.failed(&TransferError::new(error.kind(), what).because(error))
    }
}

async fn delete_object(bucket: &S3, key: &ObjectKey, pin: Pin, shown: &str) -> Result<(), TransferError> {
    // The newest is deleted, which in a bucket of versions leaves them all.
    let doomed = Doomed::Unchanged(pin);
    persist(Tries::of(bucket, Tenacity::default()), || bucket.delete_if(key, &doomed))
        .await
        .map_err(|error| TransferError::of_store(shown, error))
}

fn delete_file(path: &Path, mark: FileMark, shown: &str) -> Result<(), TransferError> {
    let failed = |error| TransferError::of_file(shown, error);
    if FileMark::of(path).map_err(failed)? != mark {
        return Err(TransferError::new(TransferErrorKind::Changed, "it was written meanwhile"));
    }
    fs::remove_file(path).map_err(failed)
}
