//! The book's side: handing rows on, and asking after them.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use async_nats::{Message, Subscriber};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tokio::task::JoinSet;

use super::NatsLink;
use super::collect::collect;
use super::counts::Counters;
use super::publish::Unsaid;
use super::pull::lost;
use super::wire::Work;
use crate::edge::EdgeName;
use crate::queue::book::Unheard;
use crate::queue::{Book, GivenBack, LeaseId, Leased, Leases, Queue as _, QueueError};
use crate::task::Lane;

/// Rows that are leased at once, edges that are looked at, and rows of one edge at the least.
const BATCH: usize = 256;
const EDGES: usize = 32;
const SHARE_MIN: usize = BATCH / (2 * EDGES);
/// How often it looks although nothing has changed: something may have become due.
const LOOK: Duration = Duration::from_secs(1);
/// Before rows are sent again for which the server had no room, or of which it is not known whether it has them.
const REST: Duration = Duration::from_secs(5);

/// Hands the rows of a book on to workers over NATS, and brings back what came of them. Ends when it is dropped.
///
/// The book must have been opened with [`Leases::Stay`]: its rows are in the hands of workers that outlive this process.
#[derive(Debug)]
pub struct Dispatcher {
    link: NatsLink,
    tasks: JoinSet<QueueError>,
}

impl Dispatcher {
    /// Begins.
    ///
    /// # Errors
    ///
    /// [`QueueError::Invalid`] if the book's leases end by themselves, and those of the book.
    pub async fn start(book: Book, link: NatsLink) -> Result<Self, QueueError> {
        if book.leases() != Leases::Stay {
            return Err(QueueError::Invalid("the leases of a book whose workers are elsewhere must stay"));
        }
        let name = book.name().await?;
        let sender = || Sender { book: book.clone(), link: link.clone(), name: name.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(sender().send_all());
        tasks.spawn(sender().ask_after_all());
        tasks.spawn(sender().hear_of_edges());
        tasks.spawn(collect(book.clone(), link.clone(), name.clone()));
        Ok(Self { link, tasks })
    }

    /// The link.
    pub const fn link(&self) -> &NatsLink {
        &self.link
    }

    /// Waits until the book is closed, or can be used no more. What NATS goes through does not end it.
    pub async fn ended(&mut self) -> QueueError {
        match self.tasks.join_next().await {
            Some(Ok(error)) => error,
            _ => QueueError::Closed,
        }
    }
}

struct Sender {
    book: Book,
    link: NatsLink,
    name: String,
}

impl Sender {
    /// Hands rows on until the book is closed.
    async fn send_all(self) -> QueueError {
        let mut changes = self.book.changes();
        loop {
            changes.mark_unchanged();
            match self.send_some().await {
                Ok(0) => {
                    let _ = tokio::time::timeout(LOOK, changes.changed()).await;
                }
                Ok(_) => {}
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "rows cannot be handed on");
                    tokio::time::sleep(LOOK).await;
                }
                Err(error) => return error,
            }
        }
    }

    /// Hands on what there is room for, a few rows of each edge in turn; says how many rows.
    async fn send_some(&self) -> Result<usize, QueueError> {
        if !self.link.is_connected() {
            return Ok(0);
        }
        let options = self.link.options();
        let places = self.book.with_room(options.window, options.window_of_all, EDGES).await?;
        let share = (BATCH / places.len().max(1)).max(SHARE_MIN);
        let leased = join_all(places.into_iter().map(async |(edge, lane, room)| {
            let most = usize::try_from(room).unwrap_or(share).min(share);
            let leased = self.book.lease(&edge, lane, most, options.ask_after).await?;
            Ok::<_, QueueError>((edge, lane, leased))
        }));
        let (mut rows, mut failed) = (Vec::new(), Ok(()));
        for leased in leased.await {
            match leased {
                Ok((edge, lane, leased)) => {
                    rows.extend(leased.into_iter().map(|leased| (edge.clone(), lane, leased)));
                }
                Err(error) => failed = Err(error),
            }
        }
        self.hand_over(&rows).await?;
        failed.map(|()| rows.len())
    }

    /// Sends what was leased just now.
    async fn hand_over(&self, rows: &[(EdgeName, Lane, Leased)]) -> Result<(), QueueError> {
        let (mut sent, mut back, mut unknown) = (0, Vec::new(), Vec::new());
        let due = self.book.now().after(REST);
        for ((.., leased), said) in rows.iter().zip(self.send(rows).await) {
            match said {
                Ok(()) => sent += 1,
                Err(Unsaid::Full) => back.push(GivenBack { lease: leased.lease, due, because: None }),
                Err(Unsaid::Known | Unsaid::Nothing(_)) => unknown.push(leased.lease),
            }
        }
        Counters::add(&self.link.counters().sent, sent);
        if !unknown.is_empty() {
            self.book.extend(unknown, REST).await?;
        }
        if !back.is_empty() {
            tracing::warn!(rows = back.len(), "the NATS stream of work is full");
            self.book.give_back(back).await?;
        }
        Ok(())
    }

    /// Asks after rows until the book is closed.
    async fn ask_after_all(self) -> QueueError {
        loop {
            match self.ask_after_some().await {
                Ok(BATCH) => continue,
                Ok(_) => {}
                Err(error) if error.is_passing() => tracing::warn!(%error, "rows cannot be asked after"),
                Err(error) => return error,
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Asks after rows of which nothing was heard for long; says how many.
    async fn ask_after_some(&self) -> Result<usize, QueueError> {
        if !self.link.is_connected() {
            return Ok(0);
        }
        let unheard = self.book.unheard(BATCH).await?;
        let count = unheard.len();
        Counters::add(&self.link.counters().asked_after, count);
        let (cancelled, wanted): (Vec<_>, Vec<_>) = unheard.into_iter().partition(|row| row.is_cancelled);
        let rows: Vec<_> =
            wanted.into_iter().map(|row| (row.edge, row.leased.action.lane(), row.leased)).collect();
        let said = self.send(&rows).await;
        let again = said.iter().filter(|said| said.is_ok()).count();
        Counters::add(&self.link.counters().sent_again, again);
        // Whatever it said, it is asked again.
        self.hold(rows.iter().map(|(.., leased)| leased.lease).collect()).await?;
        self.take_back(cancelled).await?;
        Ok(count)
    }

    /// Listens for edges that are back, until the book is closed.
    async fn hear_of_edges(self) -> QueueError {
        let mut back = BTreeSet::new();
        loop {
            let heard = match self.link.client().subscribe(self.link.names().back()).await {
                Ok(mut calls) => self.hear(&mut calls, &mut back).await,
                Err(error) => Err(lost(error).into()),
            };
            match heard {
                Ok(()) => {}
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "an edge cannot be made to catch up");
                }
                Err(error) => return error,
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// `back` are edges that are back and whose purges have not been put first yet: what fails is done as soon as it can be.
    async fn hear(&self, calls: &mut Subscriber, back: &mut BTreeSet<EdgeName>) -> Result<(), QueueError> {
        loop {
            let wait = if back.is_empty() { Duration::MAX } else { LOOK };
            match tokio::time::timeout(wait, calls.next()).await {
                Ok(Some(call)) => self.note(&call, back),
                Ok(None) => return Ok(()),
                Err(_) => {}
            }
            match self.put_purges_first(back).await {
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "an edge cannot be made to catch up yet");
                }
                done => done?,
            }
        }
    }

    /// An edge is back. Of one that is in none of our jobs there is nothing to put first.
    fn note(&self, call: &Message, back: &mut BTreeSet<EdgeName>) {
        match std::str::from_utf8(&call.payload).ok().and_then(|name| name.parse::<EdgeName>().ok()) {
            Some(edge) if self.book.edges().iter().any(|load| load.edge == edge) => {
                back.insert(edge);
            }
            Some(_) => {}
            None => Counters::add(&self.link.counters().garbled, 1),
        }
    }

    async fn put_purges_first(&self, back: &mut BTreeSet<EdgeName>) -> Result<(), QueueError> {
        while let Some(edge) = back.first().cloned() {
            self.book.catch_up(&edge).await?;
            if self.book.is_catching_up(&edge).await? {
                // Nothing is fetched from now on. What was sent before comes back; who has it in hand will not be believed.
                self.link
                    .remove_work(vec![self.link.names().work_of_book(&edge, Lane::Bulk, &self.name)])
                    .await?;
                self.book.take_back_all(&edge, Lane::Bulk).await?;
            }
            back.remove(&edge);
        }
        Ok(())
    }

    async fn hold(&self, leases: Vec<LeaseId>) -> Result<(), QueueError> {
        if !leases.is_empty() {
            self.book.extend(leases, self.link.options().ask_after).await?;
        }
        Ok(())
    }

    /// Takes rows of cancelled jobs back, also from whoever has them in hand: nobody waits for what comes of them.
    async fn take_back(&self, cancelled: Vec<Unheard>) -> Result<(), QueueError> {
        if cancelled.is_empty() {
            return Ok(());
        }
        let subject = |row: &Unheard| self.subject(&row.edge, row.leased.action.lane(), row.leased.lease);
        let leases = cancelled.iter().map(|row| row.leased.lease);
        match self.link.remove_work(cancelled.iter().map(subject).collect()).await {
            Ok(()) => {
                let due = self.book.now();
                let back = |lease| GivenBack { lease, due, because: None };
                self.book.give_back(leases.map(back).collect()).await
            }
            Err(error) => {
                tracing::debug!(%error, "rows could not be taken back");
                self.hold(leases.collect()).await
            }
        }
    }

    fn subject(&self, edge: &EdgeName, lane: Lane, lease: LeaseId) -> String {
        self.link.names().work(edge, lane, &self.name, lease)
    }

    /// Sends rows together; says of each what the server said.
    async fn send(&self, rows: &[(EdgeName, Lane, Leased)]) -> Vec<Result<(), Unsaid>> {
        let said = join_all(rows.iter().map(|(edge, lane, leased)| {
            let message = PublishMessage::build().payload(Work::new(&self.name, leased).write());
            self.link.publish(self.subject(edge, *lane, leased.lease), message)
        }));
        let said = said.await;
        if said.iter().any(|said| matches!(said, Err(Unsaid::Nothing(_))))
            && self.link.is_connected()
            && let Err(error) = self.link.streams().await
        {
            tracing::warn!(%error, "NATS does not take rows");
        }
        said
    }
}
