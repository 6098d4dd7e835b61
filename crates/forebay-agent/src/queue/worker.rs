//! What a worker sees of a queue.
//!
//! A worker leases rows for a while, says what came of each, or gives them back. Whoever leases and is heard of no more loses the
//! lease when it ends, and the row comes again: to nobody else before, and to somebody certainly.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::{Moment, QueueError};
use crate::edge::EdgeName;
use crate::failure::FailureClass;
use crate::outcome::Outcome;
use crate::target::Target;
use crate::task::{Action, Lane};

/// Where workers get their work. Kept as `Arc<dyn Queue>`.
pub trait Queue: fmt::Debug + Send + Sync + 'static {
    /// Whether it can be asked now. What is done meanwhile is not lost.
    fn is_there(&self) -> bool;

    /// At most `most` rows of an edge, held for `span`. Nothing if nothing is due.
    ///
    /// Not cancel safe: what a dropped call had leased comes again only when the lease ends. Wait in [`ready`](Queue::ready).
    ///
    /// # Errors
    ///
    /// Those of the disk or the network, or the queue is closed. So everywhere here.
    fn lease<'a>(
        &'a self,
        edge: &'a EdgeName,
        lane: Lane,
        most: usize,
        span: Duration,
    ) -> BoxFuture<'a, Result<Vec<Leased>, QueueError>>;

    /// Holds leases for `span` from now. Returns those that are held no more: that work may be somebody else's by now.
    ///
    /// # Errors
    ///
    /// See [`lease`](Queue::lease).
    fn extend(&self, leases: Vec<LeaseId>, span: Duration)
    -> BoxFuture<'_, Result<Vec<LeaseId>, QueueError>>;

    /// Says what came of rows. When it returns, that is kept whatever happens. What is held no more is left as it is.
    ///
    /// # Errors
    ///
    /// See [`lease`](Queue::lease); then nothing of it may be kept.
    fn settle(&self, settled: Vec<Settled>) -> BoxFuture<'_, Result<(), QueueError>>;

    /// Gives rows back, to be done later.
    ///
    /// # Errors
    ///
    /// See [`lease`](Queue::lease).
    fn give_back(&self, rows: Vec<GivenBack>) -> BoxFuture<'_, Result<(), QueueError>>;

    /// An edge that is away is about to be tried. A queue that remembers, remembers from now on which purges are to go first, also if this process
    /// ends before the edge answers; if it does answer, [`catch_up`](Queue::catch_up) follows for what has come since.
    ///
    /// # Errors
    ///
    /// See [`lease`](Queue::lease).
    fn before_trying<'a>(&'a self, edge: &'a EdgeName) -> BoxFuture<'a, Result<(), QueueError>>;

    /// An edge is back: before it fetches anything, all purges that wait for it now are to end.
    ///
    /// # Errors
    ///
    /// See [`lease`](Queue::lease).
    fn catch_up<'a>(&'a self, edge: &'a EdgeName) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Waits until there may be something to lease. Cancel safe.
    ///
    /// # Errors
    ///
    /// See [`lease`](Queue::lease).
    fn ready<'a>(&'a self, edge: &'a EdgeName, lane: Lane) -> BoxFuture<'a, Result<(), QueueError>>;
}

/// A lease: which row, and which time that it is leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeaseId {
    pub(crate) row: RowId,
    /// Given to no other lease of this queue, ever.
    pub(crate) token: i64,
}

/// A row: of a job, the URL in its list, the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RowId {
    pub(crate) job: i64,
    pub(crate) n: i64,
    pub(crate) edge: i64,
}

/// A row that is ours for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The lease.
    pub lease: LeaseId,
    /// The URL.
    pub target: Target,
    /// What to do with it.
    pub action: Action,
    /// The job's options, as they were submitted.
    pub options: Arc<str>,
    /// How often it has been tried, this time included.
    pub attempts: u32,
    /// How many rows end with this one: itself, and those that ask for the same.
    pub rows: u32,
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Of which.
    pub lease: LeaseId,
    /// What.
    pub outcome: Outcome,
}

/// A row that is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenBack {
    /// Which.
    pub lease: LeaseId,
    /// When it is to come again.
    pub due: Moment,
    /// What kept it from succeeding; if nothing did, it was not tried and the attempt does not count.
    pub because: Option<FailureClass>,
}

/// A text that is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a lease")]
pub struct LeaseIdError;

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RowId { job, n, edge } = self.row;
        write!(f, "{job}-{n}-{edge}-{}", self.token)
    }
}

impl FromStr for LeaseId {
    type Err = LeaseIdError;

    fn from_str(text: &str) -> Result<Self, LeaseIdError> {
        let mut parts = text.split('-').map(|part| part.parse::<i64>().map_err(|_| LeaseIdError));
        let mut next = || parts.next().ok_or(LeaseIdError)?;
        let row = RowId { job: next()?, n: next()?, edge: next()? };
        let token = next()?;
        if parts.next().is_some() { Err(LeaseIdError) } else { Ok(Self { row, token }) }
    }
}
