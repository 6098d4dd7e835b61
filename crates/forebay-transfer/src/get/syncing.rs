//! Syncs on the way, so that a power cut does not cost everything and the last sync is short.
//!
//! One at a time, on a thread that may block, while pieces go on arriving. What a sync covers is what had been noted when it began. Where the page
//! cache is to be left to others, steps are shorter, and the kernel is told after each that it may have the pages: only what is on the disk
//! can be let go.

use std::sync::Arc;

use forebay_net::LeasedFile;
use rustix::fs::{Advice, fadvise};
use tokio::task::JoinHandle;

use super::{Durability, GetOptions, PageCache};
use crate::journal::Journal;
use crate::{TransferError, TransferErrorKind};

/// Between two syncs for the journal's sake.
const STEP: u64 = 256 << 20;
/// Between two for the page cache's sake: what a transfer has in it at most is about twice this.
const STEP_LET_GO: u64 = 32 << 20;

#[derive(Debug)]
pub(super) struct Syncing {
    /// Bytes between two; `None` if nobody wants any.
    step: Option<u64>,
    page_cache: PageCache,
    written: u64,
    running: Option<JoinHandle<Result<usize, TransferError>>>,
}

impl Syncing {
    pub(super) fn new(options: &GetOptions) -> Self {
        let step = match (options.page_cache, options.durability) {
            (PageCache::LetGo, _) => Some(STEP_LET_GO),
            (PageCache::Kept, Durability::Synced) => Some(STEP),
            (PageCache::Kept, Durability::Unsynced) => None,
        };
        Self { step, page_cache: options.page_cache, written: 0, running: None }
    }

    /// `len` more bytes are in the file, and the journal says so.
    pub(super) fn wrote(&mut self, len: u64, file: &Arc<LeasedFile>, journal: &Journal) {
        self.written += len;
        if self.running.is_some() || self.step.is_none_or(|step| self.written < step) {
            return;
        }
        self.written = 0;
        let (file, noted, page_cache) = (Arc::clone(file), journal.noted(), self.page_cache);
        let journal = journal.file();
        self.running = Some(tokio::task::spawn_blocking(move || {
            let synced = file.sync_data().and_then(|()| journal.sync_data());
            synced.map_err(|error| TransferError::of_file("cannot sync what has arrived", error))?;
            if page_cache == PageCache::LetGo {
                // Advice: what the kernel makes of it changes no byte.
                let _ = fadvise(&**file, 0, None, Advice::DontNeed);
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
