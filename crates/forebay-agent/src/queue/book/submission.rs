//! The submitter's side of taking a job in.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use super::figures::QueueFigures;
use super::intake::{Keyed, Known, Taken};
use super::options::BATCH_BYTES;
use super::writer::Writer;
use crate::queue::{JobId, Order, QueueError};
use crate::target::Target;

/// URLs that are handed over at once, and rows that are made of them.
const BATCH_URLS: usize = 2048;
const BATCH_ROWS: usize = 4096;

/// A job that is being taken in: its URLs come one after the other, and [`seal`](Submission::seal) makes it one. If it is dropped before, there has been no job.
#[derive(Debug)]
pub struct Submission {
    writer: Writer,
    figures: Arc<QueueFigures>,
    state: State,
    /// Of the order and of the URLs so far.
    fingerprint: Sha256,
    batch: Vec<Keyed>,
    batch_bytes: usize,
    batch_max: usize,
    urls: u64,
    duplicates: u64,
    turn: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum State {
    Open(i64, JobId),
    /// It was submitted before, under the same key: the URLs are only compared.
    Known(Known),
    Ended,
}

/// A job that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its name.
    pub id: JobId,
    /// Whether it was there already, under the same idempotency key.
    pub is_known: bool,
    /// URLs in its list.
    pub urls: u64,
    /// URLs that came once more, and were left out.
    pub duplicates: u64,
}

impl Submission {
    pub(super) async fn open(
        writer: Writer,
        figures: Arc<QueueFigures>,
        turn: OwnedSemaphorePermit,
        order: Order,
    ) -> Result<Self, QueueError> {
        order.check().inspect_err(|error| figures.refuse(error))?;
        let fingerprint = order.fingerprint();
        let batch_max = (BATCH_ROWS / order.edges.len()).clamp(1, BATCH_URLS);
        let taken = writer.call(move |desk| desk.open_job(&order)).await;
        let taken = taken.inspect_err(|error| figures.refuse(error))?;
        let state = match taken {
            Taken::New(seq, id) => State::Open(seq, id),
            Taken::Known(known) => State::Known(known),
        };
        Ok(Self {
            writer,
            figures,
            state,
            fingerprint,
            batch: Vec::new(),
            batch_bytes: 0,
            batch_max,
            urls: 0,
            duplicates: 0,
            turn: Some(turn),
        })
    }

    /// Adds a URL. One that is in the list already is counted and left out.
    ///
    /// # Errors
    ///
    /// [`QueueError::Full`], [`QueueError::TooManyUrls`], or the disk's. After an error there is nothing to do but to drop this.
    pub async fn add(&mut self, target: &Target) -> Result<(), QueueError> {
        let url: Box<str> = target.to_string().into();
        self.fingerprint.update(url.as_bytes());
        self.fingerprint.update(b"\n");
        if let State::Known(_) = self.state {
            return Ok(());
        }
        self.batch_bytes += url.len();
        self.batch.push((key(&url), url));
        if self.batch.len() >= self.batch_max || self.batch_bytes >= BATCH_BYTES {
            self.hand_over().await?;
        }
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<(), QueueError> {
        let State::Open(seq, _) = self.state else { return Ok(()) };
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        let urls = batch.len() as u64;
        let taken = self.writer.call(move |desk| desk.add_urls(seq, &batch)).await;
        let taken = taken.inspect_err(|error| self.figures.refuse(error))?;
        self.urls += taken;
        self.duplicates += urls - taken;
        Ok(())
    }

    /// The list is complete: from now on the job exists, whatever happens.
    ///
    /// # Errors
    ///
    /// [`QueueError::Conflict`] if the idempotency key belongs to another request, and those of [`add`](Submission::add). Then there is no job.
    pub async fn seal(mut self) -> Result<Submitted, QueueError> {
        if !self.batch.is_empty() {
            self.hand_over().await?;
        }
        let fingerprint = std::mem::take(&mut self.fingerprint).finalize();
        match &self.state {
            State::Open(seq, id) => {
                let (seq, id) = (*seq, *id);
                let sealed = self.writer.call(move |desk| desk.seal(seq, &fingerprint)).await;
                sealed.inspect_err(|error| self.figures.refuse(error))?;
                let (urls, duplicates) = (self.urls, self.duplicates);
                self.state = State::Ended;
                Ok(Submitted { id, is_known: false, urls, duplicates })
            }
            State::Known(known) if known.fingerprint == fingerprint.as_slice() => {
                let Known { id, urls, duplicates, .. } = *known;
                Ok(Submitted { id, is_known: true, urls, duplicates })
            }
            State::Known(_) | State::Ended => {
                self.figures.refuse(&QueueError::Conflict);
                Err(QueueError::Conflict)
            }
        }
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        if let (State::Open(seq, _), Some(turn)) = (&self.state, self.turn.take()) {
            self.writer.note_gone(*seq, turn);
        }
    }
}

/// The hash by which a URL is found. It is written down, so it must be the same in every version.
fn key(url: &str) -> i64 {
    let digest = Sha256::digest(url.as_bytes());
    let (first, _) = digest.split_at(8);
    i64::from_be_bytes(first.try_into().unwrap_or_default())
}
