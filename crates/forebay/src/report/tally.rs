//! What became of all objects, and the exit code that follows.

use std::collections::BTreeMap;

use forebay_transfer::{TransferError, TransferErrorKind};

use super::event::{NO_DIGEST, ObjectEvent, Status};
use crate::output::Exit;

/// Counts of objects by what became of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    pub(crate) skipped: u64,
    pub(crate) deleted: u64,
    /// Things that would be done, if it were for real.
    pub(crate) would: u64,
    pub(crate) failed: u64,
    /// Of those that failed: because of the bytes.
    pub(crate) integrity: u64,
    pub(crate) bytes: u64,
    pub(crate) resumed: u64,
    /// Objects that are done, by how far that is proven.
    pub(crate) verified: BTreeMap<&'static str, u64>,
    /// Objects that were copied, or would be, because no digest could be compared.
    pub(crate) no_digest: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, event: &ObjectEvent) {
        self.no_digest += u64::from(event.kind == Some(NO_DIGEST));
        match event.status {
            Status::Done => {
                self.done += 1;
                self.bytes += event.bytes.unwrap_or_default();
                self.resumed += event.resumed.unwrap_or_default();
                if let Some(level) = event.verified {
                    *self.verified.entry(level).or_default() += 1;
                }
            }
            Status::Skipped => self.skipped += 1,
            Status::Deleted => self.deleted += 1,
            Status::WouldMove | Status::WouldDelete => self.would += 1,
            Status::Failed => {
                self.failed += 1;
                self.integrity += u64::from(event.kind == Some(TransferErrorKind::Integrity.name()));
            }
        }
    }

    pub(crate) fn count_error(&mut self, error: &TransferError) {
        self.failed += 1;
        self.integrity += u64::from(error.kind() == TransferErrorKind::Integrity);
    }

    /// Wrong bytes weigh more than missing ones, and being interrupted explains both.
    pub(crate) fn exit(&self, interrupted: bool) -> Exit {
        let went_well = self.done + self.skipped + self.deleted + self.would;
        match (interrupted, self.integrity, self.failed, went_well) {
            (true, ..) => Exit::Interrupted,
            (_, 1.., ..) => Exit::Integrity,
            (_, _, 0, _) => Exit::Done,
            (_, _, _, 0) => Exit::Failed,
            _ => Exit::SomeFailed,
        }
    }

    /// Whether there is anything to say that was not said.
    pub(crate) fn is_worth_a_summary(&self) -> bool {
        self.done + self.deleted > 0 || self.failed > 1 || (self.skipped + self.would > 1)
    }
}
