//! Syncs on the way, so that a power cut does not cost everything and the last sync is short.
//!
//! One at a time, on a thread that may block, while pieces go on arriving. What a sync covers is what had been noted when it began. Where the page
//! cache is to be left to others, steps are shorter, and the kernel is told after each that it may have the pages: only what is on the disk
//! can be let go.

use std::sync::Arc;

use forebay_net::LeasedFile;
use forebay_store::ByteRange;
use tokio::task::JoinHandle;

use super::{Durability, GetOptions};
use crate::journal::Journal;
use crate::page_cache::let_go;
use crate::{TransferError, TransferErrorKind};

/// Between two syncs for the journal's sake.
const STEP: u64 = 256 << 20;
/// Between two for the page cache's sake: what a transfer has in it at most is about twice this.
const STEP_LET_GO: u64 = 32 << 20;

#[derive(Debug)]
pub(super) struct Syncing {
    /// Bytes between two; `None` if nobody wants any.
    step: Option<u64>,
    lets_go: bool,
    written: u64,
    running: Option<JoinHandle<Result<usize, TransferError>>>,
}

impl Syncing {
    /// For an object of this length.
    pub(super) fn new(options: &GetOptions, len: u64) -> Self {
        let lets_go = options.page_cache.lets_go(len);
        let step = match (lets_go, options.durability) {
            (true, _) => Some(STEP_LET_GO),
            (false, Durability::Synced) => Some(STEP),
            (false, Durability::Unsynced) => None,
        };
        Self { step, lets_go, written: 0, running: None }
    }

    /// `len` more bytes are in the file, and the journal says so.
    pub(super) fn wrote(&mut self, len: u64, file: &Arc<LeasedFile>, journal: &Journal) {
        self.written += len;
        if self.running.is_some() || self.step.is_none_or(|step| self.written < step) {
            return;
        }
        self.written = 0;
        let (file, noted, lets_go) = (Arc::clone(file), journal.noted(), self.lets_go);
        let journal = journal.file();
        self.running = Some(tokio::task::spawn_blocking(move || {
            let synced = file.sync_data().and_then(|()| journal.sync_data());
            synced.map_err(|error| TransferError::of_file("cannot sync what has arrived", error))?;
            if lets_go {
                let_go(&file, all(&file));
            }
            Ok(noted)
        }));
    }

    /// Waits for the sync that runs; forever, if none does. Cancel safe.
    pub(super) async fn ended(&mut self) -> Result<usize, TransferError> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let ended = running.await;
        self.running = None;
        ended.unwrap_or_else(|gone| {
            Err(TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone))
        })
    }
}

/// At the end, whether the file was to be synced or not: what is not on the disk cannot be let go of. Blocks.
pub(super) fn let_go_of_all(file: &LeasedFile) {
    // The file is whole; what it costs others is no failure of it.
    if file.sync_data().is_ok() {
        let_go(file, all(file));
    }
}

fn all(file: &LeasedFile) -> ByteRange {
    ByteRange::whole(file.metadata().map_or(0, |found| found.len()))
}
