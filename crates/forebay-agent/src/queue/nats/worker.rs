//! The worker's side.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::message::{Acker, PublishMessage};
use futures_core::future::BoxFuture;
use futures_util::future::join_all;
use parking_lot::Mutex;

use super::counts::Counters;
use super::feed::Feed;
use super::held::Held;
use super::ledger::{Ledger, Source};
use super::link::PATIENCE;
use super::publish::Unsaid;
use super::pull::lost;
use super::task::Task;
use super::wire::{Done, End, Work};
use super::{NatsError, NatsLink};
use crate::edge::EdgeName;
use crate::outcome::Outcome;
use crate::queue::{Clock as _, GivenBack, LeaseId, Leased, Queue, QueueError, Settled, WallClock};
use crate::target::Target;
use crate::task::Lane;

/// Outcomes that are sent again at once.
const RESEND: usize = 256;
/// How long books get to take back what they had sent to an edge that is back.
const TO_TAKE_BACK: Duration = Duration::from_secs(1);

/// Work from books elsewhere, over NATS. Any number of workers may serve an edge. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NatsWorker {
    inner: Arc<Inner>,
    /// Ends with the last clone.
    _keeper: Arc<Task>,
}

#[derive(Debug)]
struct Inner {
    link: NatsLink,
    ledger: Ledger,
    held: Held,
    feeds: Mutex<HashMap<(EdgeName, Lane), Arc<Feed>>>,
    /// What the server has taken and the ledger does not say so of yet.
    sent: Mutex<Vec<Source>>,
}

impl NatsWorker {
    /// Serves edges over `link`, and writes down in `dir` what it has done.
    ///
    /// # Errors
    ///
    /// [`QueueError::InUse`] and the like for the directory.
    pub async fn open(link: NatsLink, dir: impl Into<PathBuf>) -> Result<Self, QueueError> {
        let ledger = Ledger::open(dir.into()).await?;
        let inner = Arc::new(Inner {
            link,
            ledger,
            held: Held::default(),
            feeds: Mutex::default(),
            sent: Mutex::default(),
        });
        let keeper = Task::spawn(keep(Arc::clone(&inner)));
        Ok(Self { inner, _keeper: Arc::new(keeper) })
    }

    /// The link.
    pub fn link(&self) -> &NatsLink {
        &self.inner.link
    }

    /// Leaves the fleet: what has come and was not leased goes to others at once. What is leased is to be given back before.
    pub async fn leave(&self) {
        let feeds: Vec<_> = self.inner.feeds.lock().drain().map(|(_, feed)| feed).collect();
        for message in feeds.iter().flat_map(|feed| feed.empty()) {
            self.inner.link.answer(&message.split().1, AckKind::Nak(None)).await;
        }
        self.inner.link.flush().await;
    }
}

/// Says that work is going on, and sends what could not be sent.
async fn keep(inner: Arc<Inner>) {
    let mut beat = tokio::time::interval(inner.link.options().ack_wait / 3);
    loop {
        beat.tick().await;
        for acker in inner.held.at_work() {
            inner.link.answer(&acker, AckKind::Progress).await;
        }
        if inner.link.is_connected()
            && let Err(error) = inner.send_unsent().await
        {
            tracing::warn!(%error, "what was done could not be reported yet");
        }
    }
}

impl Inner {
    fn feed(&self, edge: &EdgeName, lane: Lane) -> Arc<Feed> {
        let mut feeds = self.feeds.lock();
        let feed = feeds.entry((edge.clone(), lane));
        Arc::clone(feed.or_insert_with(|| Arc::new(Feed::new(&self.link, edge, lane))))
    }

    async fn lease(
        &self,
        edge: &EdgeName,
        lane: Lane,
        most: usize,
        span: Duration,
    ) -> Result<Vec<Leased>, QueueError> {
        if !self.link.is_connected() {
            return Err(NatsError::Away.into());
        }
        let mut come = Vec::new();
        for message in self.feed(edge, lane).take(most).await? {
            let (message, acker) = message.split();
            match Work::read(&message.payload) {
                Some((work, target)) => come.push((work, target, acker)),
                None => {
                    Counters::add(&self.link.counters().garbled, 1);
                    tracing::warn!(subject = %message.subject, "a message that nobody can read was ended");
                    self.link.answer(&acker, AckKind::Term).await;
                }
            }
        }
        self.take_in_hand(come, span).await
    }

    /// Leases what is not done yet, and answers for what is.
    async fn take_in_hand(
        &self,
        come: Vec<(Work, Target, Acker)>,
        span: Duration,
    ) -> Result<Vec<Leased>, QueueError> {
        let source =
            |work: &Work| Source { book: work.book.as_str().into(), lease: work.lease.as_str().into() };
        let known = self.ledger.find(come.iter().map(|(work, ..)| source(work)).collect()).await?;
        let (mut leased, mut answers) = (Vec::new(), Vec::new());
        for (work, target, acker) in come {
            let source = source(&work);
            if let Some(outcome) = known.get(&source) {
                answers.push((source, End::Settled(Box::new(outcome.clone())), Some(Arc::new(acker))));
            } else if let Some(lease) = self.held.take(source, acker, span) {
                leased.push(work.leased(lease, target));
            }
        }
        Counters::add(&self.link.counters().answered, answers.len());
        self.report(answers).await;
        Ok(leased)
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), QueueError> {
        let done: Vec<(Source, Outcome)> = settled
            .into_iter()
            .filter_map(|settled| Some((self.held.source(settled.lease)?, settled.outcome)))
            .collect();
        if done.is_empty() {
            return Ok(());
        }
        // Of what is not marked because this fails, the books will hear once more.
        let sent = std::mem::take(&mut *self.sent.lock());
        self.ledger.put(done.clone(), sent, WallClock.now()).await?;
        let ends = done.into_iter().map(|(source, outcome)| {
            let acker = self.held.put_down(&source);
            (source, End::Settled(Box::new(outcome)), acker)
        });
        // What could not be reported now is in the ledger, and is reported from there.
        self.report(ends.collect()).await;
        Ok(())
    }

    /// What cannot be given back now comes again by itself, when nothing has been heard of it for a while.
    async fn give_back(&self, rows: Vec<GivenBack>) {
        let ends: Vec<_> = rows
            .into_iter()
            .filter_map(|row| {
                let source = self.held.source(row.lease)?;
                let acker = self.held.put_down(&source);
                Some((source, End::Back { due: row.due, because: row.because }, acker))
            })
            .collect();
        self.report(ends).await;
    }

    /// Tells the books how rows ended, and the server that these need not be handed out again. Returns how many the server has taken.
    async fn report(&self, ends: Vec<(Source, End, Option<Arc<Acker>>)>) -> usize {
        let sending = ends.into_iter().map(|(source, end, acker)| async move {
            let is_settled = matches!(end, End::Settled(_));
            self.send(&source, end).await?;
            if let Some(acker) = acker {
                // If this is lost the row comes again, and is answered from the ledger.
                self.link.answer(&acker, AckKind::Ack).await;
            }
            Ok::<_, Unsaid>(is_settled.then_some(source))
        });
        let mut reported = 0;
        for sent in join_all(sending).await {
            match sent {
                Ok(source) => {
                    reported += 1;
                    self.sent.lock().extend(source);
                }
                Err(why) => tracing::debug!(?why, "a row could not be reported"),
            }
        }
        reported
    }

    async fn send(&self, source: &Source, end: End) -> Result<(), Unsaid> {
        let message = PublishMessage::build()
            .payload(Done::new(&source.lease, end).write())
            .message_id(format!("{}.{}", source.book, source.lease));
        let subject = self.link.names().done(&source.book);
        self.link.publish(subject, message).await
    }

    /// Tells the books that an edge is back. They know in which order it is to catch up, so each that has purges for it takes back what else it
    /// had sent. Nobody knows how many books there are, so they get a while in which nothing is begun.
    async fn tell_back(&self, edge: &EdgeName) -> Result<(), NatsError> {
        if !self.link.is_connected() {
            return Err(NatsError::Away);
        }
        let told = self.link.client().publish(self.link.names().back(), edge.as_str().to_owned().into());
        tokio::time::timeout(PATIENCE, told).await.map_err(lost)?.map_err(lost)?;
        self.link.flush().await;
        tokio::time::sleep(TO_TAKE_BACK).await;
        Ok(())
    }

    /// Sends what was done and could not be sent, also by an earlier process.
    async fn send_unsent(&self) -> Result<(), QueueError> {
        loop {
            self.mark_sent().await?;
            let unsent = self.ledger.unsent(RESEND).await?;
            let count = unsent.len();
            let ends =
                unsent.into_iter().map(|(source, outcome)| (source, End::Settled(Box::new(outcome)), None));
            if self.report(ends.collect()).await < count {
                return Err(lost("the server does not take it").into());
            }
            if count < RESEND {
                return self.mark_sent().await;
            }
        }
    }

    async fn mark_sent(&self) -> Result<(), QueueError> {
        let sent = std::mem::take(&mut *self.sent.lock());
        if sent.is_empty() { Ok(()) } else { self.ledger.mark_sent(sent).await }
    }
}

impl Queue for NatsWorker {
    fn is_there(&self) -> bool {
        self.inner.link.is_connected()
    }

    fn lease<'a>(
        &'a self,
        edge: &'a EdgeName,
        lane: Lane,
        most: usize,
        span: Duration,
    ) -> BoxFuture<'a, Result<Vec<Leased>, QueueError>> {
        Box::pin(self.inner.lease(edge, lane, most, span))
    }

    fn extend(
        &self,
        leases: Vec<LeaseId>,
        span: Duration,
    ) -> BoxFuture<'_, Result<Vec<LeaseId>, QueueError>> {
        let lost = leases.into_iter().filter(|lease| !self.inner.held.extend(*lease, span)).collect();
        Box::pin(std::future::ready(Ok(lost)))
    }

    fn settle(&self, settled: Vec<Settled>) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(self.inner.settle(settled))
    }

    fn give_back(&self, rows: Vec<GivenBack>) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(async {
            self.inner.give_back(rows).await;
            Ok(())
        })
    }

    /// Nothing is known yet, and others may well reach it. What is tried is a purge, if one waits.
    fn before_trying<'a>(&'a self, _: &'a EdgeName) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn catch_up<'a>(&'a self, edge: &'a EdgeName) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async { Ok(self.inner.tell_back(edge).await?) })
    }

    fn ready<'a>(&'a self, edge: &'a EdgeName, lane: Lane) -> BoxFuture<'a, Result<(), QueueError>> {
        let feed = self.inner.feed(edge, lane);
        Box::pin(async move {
            feed.ready().await;
            Ok(())
        })
    }
}
