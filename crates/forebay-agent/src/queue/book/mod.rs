//! The queue in a directory of this machine: SQLite, and one thread that writes.
//!
//! ```text
//! submitters ──► Submission ──┐ batches
//! workers ─────► Queue ───────┼──► writer ──► desk ──► queue.db      one transaction for all that came meanwhile
//! operators ───► Book ────────┘                 │
//!            └──► readers ◄── pages             └──► signals ──► workers that wait
//! ```
//!
//! - `schema.sql`, `state`: the tables;
//! - `writer`, `desk`: the thread, and what it works at: `row`, `jobs`, `edges`, `changes`;
//! - `intake`, `submission`: taking jobs in;
//! - `leasing`, `siblings`, `ending`, `tiers`: handing rows out, in which order, and how they end;
//! - `life`, `chores`: what becomes of a job, and what of that takes long; `telling`: who hears of its end;
//! - `signals`: when there is something for whom;
//! - `readers`, `reading`, `stock`, `figures`: looking at it;
//! - `afar`: for workers elsewhere.

mod afar;
mod changes;
mod chores;
mod desk;
mod edges;
mod ending;
mod figures;
mod intake;
mod jobs;
mod leasing;
mod life;
mod options;
mod readers;
mod reading;
mod row;
mod siblings;
mod signals;
mod state;
mod stock;
mod submission;
mod telling;
mod tiers;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::sync::Semaphore;

use super::home::{Home, Kind};
use super::{
    Clock, Cursor, EdgeLoad, GivenBack, Job, JobFilter, JobId, LeaseId, Leased, Moment, Order, Page,
    PlaceTally, Queue, QueueError, Row, RowFilter, Settled, Told,
};
use crate::edge::EdgeName;
use crate::task::Lane;
use desk::Desk;
use readers::Readers;
use signals::Signals;
use writer::Writer;

pub(in crate::queue) use afar::Unheard;
pub use figures::QueueFigures;
pub use options::{BookOptions, Leases};
pub use stock::Stock;
pub use submission::{Submission, Submitted};

const KIND: Kind = Kind { name: "queue", application: *b"frby", steps: &[include_str!("schema.sql")] };

/// A queue in a directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Book {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    readers: Readers,
    signals: Arc<Signals>,
    figures: Arc<QueueFigures>,
    /// Turns to submit.
    turns: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    leases: Leases,
}

impl Book {
    /// Opens the queue in a directory, or makes one. It is ours until every clone is dropped.
    ///
    /// # Errors
    ///
    /// [`QueueError::InUse`], [`QueueError::Newer`], [`QueueError::Foreign`], [`QueueError::Damaged`], or the disk's.
    pub async fn open(dir: impl Into<PathBuf>, options: BookOptions) -> Result<Self, QueueError> {
        let dir = dir.into();
        let signals = Arc::new(Signals::default());
        let (clock, leases, pages) = (Arc::clone(&options.clock), options.leases, options.pages);
        let turns = Arc::new(Semaphore::new(options.submissions_max.max(1) as usize));
        let figures = Arc::new(QueueFigures::new(&options));
        let (noted, counted) = (Arc::clone(&signals), Arc::clone(&figures));
        let (send_readers, readers) = tokio::sync::oneshot::channel();
        let writer = Writer::start(move || {
            let home = Home::take(&dir, &KIND)?;
            let desk = Desk::open(home.open(pages)?, options, noted, counted)?;
            // A reader that cannot be opened is no reason for the writer to have begun.
            let _ = send_readers.send(Readers::open(&home, pages)?);
            Ok((desk, home))
        });
        let writer = writer.await?;
        let readers = readers.await.map_err(|_| QueueError::Closed)?;
        Ok(Self { inner: Arc::new(Inner { writer, readers, signals, figures, turns, clock, leases }) })
    }

    /// Begins to take a job in; waits for a turn if many do.
    ///
    /// # Errors
    ///
    /// [`QueueError::Invalid`], [`QueueError::Full`], [`QueueError::UnderWay`], or the disk's.
    pub async fn submit(&self, order: Order) -> Result<Submission, QueueError> {
        let turn = Arc::clone(&self.inner.turns).acquire_owned().await.map_err(|_| QueueError::Closed)?;
        let figures = Arc::clone(&self.inner.figures);
        Submission::open(self.inner.writer.clone(), figures, turn, order).await
    }

    /// Cancels a job: what waits is not done, what is in somebody's hands ends as it ends. One that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoSuchJob`], or the disk's.
    pub async fn cancel(&self, job: JobId) -> Result<(), QueueError> {
        self.inner.writer.call(move |desk| desk.cancel(job)).await
    }

    /// Puts back all rows of a job that failed, and says how many.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoSuchJob`], [`QueueError::Cancelled`], or the disk's.
    pub async fn retry(&self, job: JobId) -> Result<u64, QueueError> {
        self.inner.writer.call(move |desk| desk.retry(job)).await
    }

    /// Waits until what was cancelled, tried again, repeated or forgotten has been carried through to the last row.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub async fn carry_through(&self) -> Result<(), QueueError> {
        self.inner.writer.call(Desk::look_around).await?;
        while !self.inner.writer.call(|desk| Ok(desk.chores.is_empty())).await? {}
        Ok(())
    }

    /// A job.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoSuchJob`], or the disk's. So for all that follow.
    pub async fn job(&self, job: JobId) -> Result<Job, QueueError> {
        self.inner.readers.read(move |db| reading::job(db, job)).await
    }

    /// Jobs, the newest first.
    ///
    /// # Errors
    ///
    /// See [`job`](Self::job).
    pub async fn jobs(
        &self,
        filter: JobFilter,
        after: Option<Cursor>,
        most: usize,
    ) -> Result<Page<Job>, QueueError> {
        self.inner.readers.read(move |db| reading::jobs(db, &filter, after, most)).await
    }

    /// The edges of a job.
    ///
    /// # Errors
    ///
    /// See [`job`](Self::job).
    pub async fn places(
        &self,
        job: JobId,
        after: Option<Cursor>,
        most: usize,
    ) -> Result<Page<PlaceTally>, QueueError> {
        self.inner.readers.read(move |db| reading::places(db, job, after, most)).await
    }

    /// The rows of a job.
    ///
    /// # Errors
    ///
    /// See [`job`](Self::job).
    pub async fn rows(
        &self,
        job: JobId,
        filter: RowFilter,
        after: Option<Cursor>,
        most: usize,
    ) -> Result<Page<Row>, QueueError> {
        self.inner.readers.read(move |db| reading::rows(db, job, &filter, after, most)).await
    }

    /// Rows of all jobs that were given up.
    ///
    /// # Errors
    ///
    /// See [`job`](Self::job).
    pub async fn dead_letters(&self, after: Option<Cursor>, most: usize) -> Result<Page<Row>, QueueError> {
        self.inner.readers.read(move |db| reading::dead_letters(db, after, most)).await
    }

    /// At most so many jobs that have ended and whose webhook is to be told so now, those first that wait longest; not those that the caller
    /// has in hand already.
    ///
    /// # Errors
    ///
    /// See [`job`](Self::job).
    pub async fn to_announce(&self, most: usize, in_hand: Vec<JobId>) -> Result<Vec<Job>, QueueError> {
        self.inner.writer.call(move |desk| desk.due_announcements(most, &in_hand)).await
    }

    /// Waits until there may be such a job. Cancel safe.
    ///
    /// # Errors
    ///
    /// The queue is closed.
    pub async fn announcements(&self) -> Result<(), QueueError> {
        self.inner.signals.announcements(&*self.inner.clock).await
    }

    /// What came of telling the webhook of a job that it ended then. If it has begun anew since, that is nothing.
    ///
    /// # Errors
    ///
    /// [`QueueError::NoSuchJob`], or the disk's.
    pub async fn told(&self, job: JobId, ended: Moment, told: Told) -> Result<(), QueueError> {
        self.inner.writer.call(move |desk| desk.told(job, ended, &told)).await
    }

    /// What waits for each edge, in the order of their names.
    pub fn edges(&self) -> Vec<EdgeLoad> {
        self.inner.figures.loads()
    }

    /// What it has done.
    pub fn figures(&self) -> &QueueFigures {
        &self.inner.figures
    }

    /// What is in it, by states, and who waits longest.
    ///
    /// # Errors
    ///
    /// See [`job`](Self::job).
    pub async fn stock(&self) -> Result<Stock, QueueError> {
        let now = self.inner.clock.now();
        self.inner.readers.read(move |db| stock::look(db, now)).await
    }

    /// Closes the queue for all clones, and waits until the directory is free.
    pub async fn close(self) {
        self.inner.writer.stop().await;
    }
}

impl Queue for Book {
    fn is_there(&self) -> bool {
        true
    }

    fn lease<'a>(
        &'a self,
        edge: &'a EdgeName,
        lane: Lane,
        most: usize,
        span: Duration,
    ) -> BoxFuture<'a, Result<Vec<Leased>, QueueError>> {
        let edge = edge.clone();
        Box::pin(self.inner.writer.call(move |desk| desk.lease(&edge, lane, most, span)))
    }

    fn extend(
        &self,
        leases: Vec<LeaseId>,
        span: Duration,
    ) -> BoxFuture<'_, Result<Vec<LeaseId>, QueueError>> {
        Box::pin(self.inner.writer.call(move |desk| desk.extend(leases, span)))
    }

    fn settle(&self, settled: Vec<Settled>) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(self.inner.writer.call(move |desk| desk.settle(settled)))
    }

    fn give_back(&self, rows: Vec<GivenBack>) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(self.inner.writer.call(move |desk| desk.give_back(rows)))
    }

    fn before_trying<'a>(&'a self, edge: &'a EdgeName) -> BoxFuture<'a, Result<(), QueueError>> {
        self.catch_up(edge)
    }

    fn catch_up<'a>(&'a self, edge: &'a EdgeName) -> BoxFuture<'a, Result<(), QueueError>> {
        let edge = edge.clone();
        Box::pin(self.inner.writer.call(move |desk| desk.begin_catching_up(&edge)))
    }

    fn ready<'a>(&'a self, edge: &'a EdgeName, lane: Lane) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(self.inner.signals.ready(edge, lane, &*self.inner.clock))
    }
}
