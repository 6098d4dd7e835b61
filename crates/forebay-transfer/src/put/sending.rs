//! Parts of one upload on their way, each held until the store has it.
//!
//! A part's buffer is leased, and what a lease waits for is always under way: buffers that are full are being sent, and one that is being
//! filled waits for nobody but its client. So an upload may wait for a buffer while it holds others, as long as those are full.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Lease};
use forebay_net::Pace;
use forebay_net::client::Payload;
use forebay_store::remote::PartAsk;
use futures_util::stream;
use tokio::task::{JoinError, JoinSet};

use super::Destination;
use super::again::again;
use super::begun::Begun;
use super::filling::Filled;
use super::options::{Put, PutOptions};
use super::settle::{self, Sent};
use crate::engine::Shared;
use crate::{Progress, TransferError, TransferErrorKind};

/// Parts on their way. Dropped, nothing more is sent; what becomes of the upload is for its [`Begun`].
#[derive(Debug)]
pub(crate) struct Sending {
    shared: Arc<Shared>,
    to: Destination,
    progress: Progress,
    // Before the upload: no part may arrive when that is given up.
    tasks: JoinSet<Result<Sent, TransferError>>,
    pub(crate) begun: Begun,
    /// Parts that have arrived, in no order.
    pub(crate) there: Vec<Sent>,
}

impl Sending {
    pub(crate) fn new(shared: &Arc<Shared>, to: &Destination, begun: Begun, progress: &Progress) -> Self {
        let (shared, to, progress) = (Arc::clone(shared), to.clone(), progress.clone());
        Self { shared, to, progress, tasks: JoinSet::new(), begun, there: Vec::new() }
    }

    /// Room for the next part, when fewer than `ahead` are under way. Our own parts give theirs back when they have arrived, however slow
    /// the way is: patience is for what other transfers hold. Cancel safe.
    pub(crate) async fn room(
        &mut self,
        size: ByteSize,
        ahead: usize,
        patience: Duration,
    ) -> Result<Lease, TransferError> {
        while self.tasks.len() >= ahead.max(1) {
            self.arrival().await?;
        }
        let shared = Arc::clone(&self.shared);
        let mut leased = pin!(lease(&shared, size, patience));
        loop {
            tokio::select! {
                answer = &mut leased => {
                    if answer.is_ok() || !self.arrival().await? {
                        return answer;
                    }
                    leased.set(lease(&shared, size, patience));
                }
                Some(ended) = self.tasks.join_next() => self.take(ended)?,
            }
        }
    }

    /// A turn to send a part. Whoever waits for it may hold a full buffer: those who have turns wait for connections. Cancel safe.
    pub(crate) async fn turn(&self) -> Turn {
        Turn(self.shared.slots.take().await)
    }

    /// Sends a part.
    pub(crate) fn send(&mut self, turn: Turn, number: u32, filled: Filled) -> Result<(), TransferError> {
        self.look()?;
        let (shared, to, upload) = (Arc::clone(&self.shared), self.to.clone(), self.begun.upload().clone());
        let progress = self.progress.clone();
        self.tasks.spawn(async move {
            let ask = PartAsk { number, checksum: Some(filled.digest.clone()) };
            let Filled { bytes, digest } = filled;
            let sent = again(&shared, &*to.bucket, &progress, || {
                to.bucket.put_part(&upload, &ask, paced(bytes.clone(), &shared.pace))
            });
            let part = sent.await.map_err(|failed| TransferError::of_store(&to.name(), failed.error))?;
            settle::stored_as_sent(&to, &part, &digest)?;
            let len = bytes.len() as u64;
            drop(bytes);
            turn.0.finished(len);
            progress.moved(len);
            Ok((part, Some(digest)))
        });
        Ok(())
    }

    /// Waits for one of those under way; false if there is none. Cancel safe.
    pub(crate) async fn arrival(&mut self) -> Result<bool, TransferError> {
        match self.tasks.join_next().await {
            None => Ok(false),
            Some(ended) => self.take(ended).map(|()| true),
        }
    }

    /// Waits for all that are under way. Cancel safe.
    pub(crate) async fn arrivals(&mut self) -> Result<(), TransferError> {
        while self.arrival().await? {}
        Ok(())
    }

    /// Waits for all that are under way, whatever becomes of them. Cancel safe.
    pub(crate) async fn quiet(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Sees what has arrived, without waiting.
    pub(crate) fn look(&mut self) -> Result<(), TransferError> {
        while let Some(ended) = self.tasks.try_join_next() {
            self.take(ended)?;
        }
        Ok(())
    }

    fn take(&mut self, ended: Result<Result<Sent, TransferError>, JoinError>) -> Result<(), TransferError> {
        let sent = ended.map_err(|gone| {
            TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone)
        })??;
        self.there.push(sent);
        Ok(())
    }

    /// Publishes what the parts make up. All have arrived.
    pub(crate) async fn publish(&mut self, options: &PutOptions) -> Result<Put, TransferError> {
        self.there.sort_unstable_by_key(|(part, _)| part.number);
        let whole = settle::whole(&self.there);
        let ask = settle::ask(&self.to, options, whole.clone());
        let parts = settle::listed(&self.there);
        let (to, upload) = (&self.to, self.begun.upload());
        let completed =
            again(&self.shared, &*to.bucket, &self.progress, || to.bucket.complete(upload, &ask, &parts))
                .await;
        let len = parts.iter().map(|part| part.len).sum();
        let stored = match completed {
            Ok(stored) => stored,
            Err(failed) => settle::heard(to, failed, len, whole.as_ref(), &options.condition).await?,
        };
        let proof = settle::proof(&stored, whole.as_ref(), &self.there);
        self.begun.keep();
        Ok(Put { stored, len, resumed: 0, proof })
    }

    /// Ends what is under way, and has the store forget the upload.
    pub(crate) async fn give_up(mut self) {
        self.tasks.shutdown().await;
        self.begun.give_up().await;
    }
}

/// A turn to send a part.
#[derive(Debug)]
pub(crate) struct Turn(crate::slots::Slot);

/// Writes a whole object, held like a part, in one request.
pub(crate) async fn put_at_once(
    shared: &Shared,
    whole: &Filled,
    to: &Destination,
    options: &PutOptions,
    progress: &Progress,
) -> Result<Put, TransferError> {
    let slot = shared.slots.take().await;
    let ask = settle::ask(to, options, Some(whole.digest.clone()));
    let put = again(shared, &*to.bucket, progress, || {
        to.bucket.put(&ask, paced(whole.bytes.clone(), &shared.pace))
    })
    .await;
    let len = whole.bytes.len() as u64;
    let stored = match put {
        Ok(stored) => stored,
        Err(failed) => settle::heard(to, failed, len, Some(&whole.digest), &options.condition).await?,
    };
    slot.finished(len);
    progress.moved(len);
    let proof = settle::proof(&stored, Some(&whole.digest), []);
    Ok(Put { stored, len, resumed: 0, proof })
}

/// Room for a part.
pub(crate) async fn lease(
    shared: &Shared,
    size: ByteSize,
    patience: Duration,
) -> Result<Lease, TransferError> {
    Ok(shared.ledger.acquire(Class::Windows, size.as_u64(), patience).await?)
}

/// A part, as fast as it may go. Where nothing limits it, it goes as it is.
fn paced(bytes: Bytes, pace: &Pace) -> Payload {
    if pace.rate().is_none() {
        return Payload::bytes(bytes);
    }
    let next = |(mut rest, pace): (Bytes, Pace)| async move {
        let piece =
            rest.split_to(usize::try_from(pace.piece()).map_or(rest.len(), |most| rest.len().min(most)));
        pace.pay(piece.len() as u64).await;
        Ok::<_, forebay_net::BoxError>((!piece.is_empty()).then_some((piece, (rest, pace))))
    };
    Payload::stream(bytes.len() as u64, stream::try_unfold((bytes, pace.clone()), next))
}
