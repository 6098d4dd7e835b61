//! All parts of an upload, and what is left if they do not all arrive.
//!
//! A journal beside the source file says which upload there is at the store, and what was sent of which version of the file; the next run
//! finds it there (`earlier`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use forebay_store::TEMP_PREFIX;
use forebay_store::remote::{Checksum, Part, PartAsk};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::again::again;
use super::begun::Begun;
use super::bytes::From;
use super::earlier::{Earlier, LocalParts, earlier};
use super::object::remake;
use super::settle::{self, Sent};
use super::{Destination, OnFailure, Put, PutOptions};
use crate::blocking::blocking;
use crate::engine::Shared;
use crate::journal::{Done, Head, Journal, Tag, hex};
use crate::parts::Parts;
use crate::verify::PieceCrc;
use crate::{Left, Progress, TransferError, TransferErrorKind};

type Ended = Result<(u64, Part, Checksum), TransferError>;

/// An upload in parts. Dropped before its end, it leaves what the next one can use, or nothing.
pub(super) struct Uploading {
    shared: Arc<Shared>,
    from: From,
    parts: Parts,
    to: Destination,
    options: PutOptions,
    progress: Progress,
    begun: Begun,
    journal: Option<Journal>,
    there: There,
    resumed: u64,
}

/// The parts that are at the store, by their index.
pub(super) type There = BTreeMap<u64, Sent>;

impl Uploading {
    /// Goes on with the upload that an earlier run has left, or begins one.
    pub(super) async fn begin(
        shared: Arc<Shared>,
        from: From,
        parts: Parts,
        beside: Option<(PathBuf, Head)>,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Self, TransferError> {
        let beside = beside.map(|(path, head)| (journal_path(&path, &head), head));
        let left = match (&beside, &from) {
            (Some((path, head)), From::File(local)) => {
                let file = LocalParts { local, algorithm: options.checksum };
                earlier(path, head, &file, &shared, to, progress).await?
            }
            _ => Earlier::Nothing,
        };
        let (begun, parts, there) = match left {
            Earlier::GoesOn { begun, parts, there } => (begun, parts, there),
            other => {
                let ask = settle::ask(to, options, None);
                let begun = Begun::begin(&shared, to, &ask, progress).await?;
                if let Earlier::Useless(mut useless) = other {
                    useless.give_up().await;
                }
                (begun, parts, BTreeMap::new())
            }
        };
        let resumed = there.values().map(|(part, _)| part.len).sum();
        progress.resumed(resumed);
        let mut uploading = Self {
            shared,
            from,
            parts,
            to: to.clone(),
            options: options.clone(),
            progress: progress.clone(),
            begun,
            journal: None,
            there,
            resumed,
        };
        uploading.journal = uploading.note_beginning(beside).await;
        if uploading.journal.is_some() {
            uploading.begun.keep();
        }
        Ok(uploading)
    }

    /// Where no journal can be written, the upload goes on without one, and is given up if it fails.
    async fn note_beginning(&self, beside: Option<(PathBuf, Head)>) -> Option<Journal> {
        if self.options.on_failure == OnFailure::GivenUp {
            return None;
        }
        let (path, mut head) = beside?;
        head.upload = Some(self.begun.upload().id.clone());
        head.part_size = self.parts.size();
        let had = self.there.iter().map(|(index, (part, digest))| done(*index, part, digest.as_ref()));
        let had: Vec<Done> = had.collect();
        let begin = move || {
            Journal::begin(&path, head, had).map_err(|error| TransferError::of_file("no journal", error))
        };
        blocking(begin).await.ok()
    }

    /// Sends what is missing, and publishes the object.
    pub(super) async fn send_all(&mut self) -> Result<Put, TransferError> {
        let mut tasks = JoinSet::new();
        let sent = self.drive(&mut tasks).await;
        tasks.shutdown().await;
        let published = match sent {
            Ok(()) => self.publish().await,
            Err(error) => Err(error),
        };
        match published {
            Ok(put) => {
                self.begun.keep();
                if let Some(journal) = self.journal.take() {
                    journal.end();
                }
                Ok(put)
            }
            Err(error) => Err(self.fail(error).await),
        }
    }

    async fn drive(&mut self, tasks: &mut JoinSet<Ended>) -> Result<(), TransferError> {
        let missing: Vec<u64> =
            (0..self.parts.count()).filter(|index| !self.there.contains_key(index)).collect();
        let mut missing = missing.into_iter();
        let mut next = missing.next();
        let slots = Arc::clone(&self.shared.slots);
        let mut turn = Box::pin(slots.take());
        while next.is_some() || !tasks.is_empty() {
            tokio::select! {
                biased;
                Some(ended) = tasks.join_next() => self.sent(ended)?,
                slot = &mut turn, if next.is_some() => {
                    turn = Box::pin(slots.take());
                    let Some(index) = next else { continue };
                    let sending = self.send(index);
                    tasks.spawn(async move {
                        let sent = sending.await?;
                        slot.finished(sent.1.len);
                        Ok(sent)
                    });
                    next = missing.next();
                }
            }
        }
        Ok(())
    }

    fn send(&self, index: u64) -> impl Future<Output = Ended> + Send + use<> {
        let (shared, from, to) = (Arc::clone(&self.shared), self.from.clone(), self.to.clone());
        let (upload, progress) = (self.begun.upload().clone(), self.progress.clone());
        let (range, algorithm) = (self.parts.range(index), self.options.checksum);
        let lets_go = self.options.page_cache.lets_go(self.parts.len());
        async move {
            let first = from.ready(range, algorithm, &shared).await?;
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let seen = Arc::new(parking_lot::Mutex::new(Arc::clone(&first.digest)));
            let ask = PartAsk { number, checksum: first.known.clone() };
            let mut first = Some(first);
            let sent = again(&shared, &*to.bucket, &progress, || {
                let (ready, seen) = (first.take(), Arc::clone(&seen));
                let (from, shared, to, upload, ask) = (&from, &shared, &to, &upload, &ask);
                async move {
                    let ready = match ready {
                        Some(ready) => ready,
                        None => remake(from, range, algorithm, shared).await?,
                    };
                    *seen.lock() = Arc::clone(&ready.digest);
                    to.bucket.put_part(upload, ask, ready.payload).await
                }
            });
            let part = sent.await.map_err(|failed| TransferError::of_store(&to.name(), failed.error))?;
            progress.moved(range.len());
            if lets_go {
                from.let_go(range).await;
            }
            let digest = seen.lock().lock().so_far();
            Ok((index, part, digest))
        }
    }

    fn sent(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> Result<(), TransferError> {
        let (index, part, digest) = ended.map_err(|gone| {
            TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone)
        })??;
        settle::stored_as_sent(&self.to, &part, &digest)?;
        if let Some(journal) = &mut self.journal {
            journal.done(done(index, &part, Some(&digest)));
        }
        self.there.insert(index, (part, Some(digest)));
        Ok(())
    }

    async fn publish(&self) -> Result<Put, TransferError> {
        self.from.check().await?;
        let whole = settle::whole(self.there.values());
        let ask = settle::ask(&self.to, &self.options, whole.clone());
        let parts = settle::listed(self.there.values());
        let (to, upload) = (&self.to, self.begun.upload());
        let completed =
            again(&self.shared, &*to.bucket, &self.progress, || to.bucket.complete(upload, &ask, &parts))
                .await;
        let len = self.parts.len();
        let stored = match completed {
            Ok(stored) => stored,
            Err(failed) => settle::heard(to, failed, len, whole.as_ref(), &self.options.condition).await?,
        };
        let proof = settle::proof(&stored, whole.as_ref(), self.there.values());
        Ok(Put { stored, len, resumed: self.resumed, proof })
    }

    /// What the journal speaks of is kept for the next run. Anything else is given up.
    async fn fail(&mut self, error: TransferError) -> TransferError {
        let lost = matches!(
            error.kind(),
            TransferErrorKind::Changed | TransferErrorKind::Integrity | TransferErrorKind::Precondition
        );
        if let Some(journal) = self.journal.take_if(|_| lost) {
            journal.end();
        }
        if self.journal.is_some() {
            return error.leaving(Left::Resumable);
        }
        self.begun.give_up().await;
        error
    }
}

impl Drop for Uploading {
    fn drop(&mut self) {
        if self.journal.is_some() {
            self.progress.kept();
        }
    }
}

fn done(index: u64, part: &Part, digest: Option<&Checksum>) -> Done {
    let crc = digest.and_then(|digest| PieceCrc::of(digest, part.len));
    Done { tag: Some(Tag::of(&part.validator)), ..Done::new(index, part.len, crc) }
}

/// One journal for each pair of file and target.
fn journal_path(file: &std::path::Path, head: &Head) -> PathBuf {
    let hash = &hex(&Sha256::digest(format!("{}{}", head.source.hash, head.target.hash)))[..16];
    file.with_file_name(format!("{TEMP_PREFIX}put-{hash}.journal"))
}
