//! A queue in a directory of its own, with a clock that stands until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use forebay_agent::edge::EdgeName;
use forebay_agent::queue::{
    Book, BookOptions, Clock, GivenBack, JobId, LeaseId, Leased, Moment, Order, Place, Queue as _,
    QueueError, Row, RowFilter, RowState, Settled, Submitted, Terms,
};
use forebay_agent::{Action, Failure, FailureClass, Held, Lane, Outcome, Sha256Digest, Target, Verdict};
use futures_core::future::BoxFuture;
use tokio::sync::watch;

/// How long rows are leased where a test does not care.
pub(crate) const SPAN: Duration = Duration::from_secs(60);
/// A moment to begin at: 2023-11-14, 22:13:20 UTC.
pub(crate) const START: Moment = Moment(1_700_000_000_000);

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) book: Book,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) dir: Arc<tempfile::TempDir>,
}

/// A clock that stands.
#[derive(Debug)]
pub(crate) struct SetClock {
    now: AtomicI64,
    moved: watch::Sender<()>,
}

impl Clock for SetClock {
    fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, moment: Moment) -> BoxFuture<'_, ()> {
        let mut moved = self.moved.subscribe();
        Box::pin(async move {
            while self.now() < moment {
                moved.changed().await.unwrap();
            }
        })
    }
}

impl SetClock {
    pub(crate) fn pass(&self, by: Duration) {
        self.now.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
        self.moved.send_replace(());
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut BookOptions)) -> Self {
        Self::at(tempfile::tempdir().unwrap(), change).await
    }

    /// Where a commit does not wait for a disk, if there is such a place.
    pub(crate) async fn in_memory() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Self::at(dir, |_| {}).await
    }

    async fn at(dir: tempfile::TempDir, change: impl FnOnce(&mut BookOptions)) -> Self {
        let clock = Arc::new(SetClock { now: AtomicI64::new(START.0), moved: watch::Sender::new(()) });
        let dir = Arc::new(dir);
        let mut options = BookOptions { clock: clock.clone(), ..BookOptions::default() };
        change(&mut options);
        let book = Book::open(dir.path(), options).await.unwrap();
        Self { book, clock, dir }
    }

    /// The same directory, opened again.
    pub(crate) async fn reopened(self) -> Self {
        let Self { book, clock, dir } = self;
        book.close().await;
        let options = BookOptions { clock: clock.clone(), ..BookOptions::default() };
        let book = Book::open(dir.path(), options).await.unwrap();
        Self { book, clock, dir }
    }

    /// Submits a job with URLs by their last part.
    pub(crate) async fn submit(&self, order: Order, urls: &[&str]) -> JobId {
        self.try_submit(order, urls).await.unwrap().id
    }

    pub(crate) async fn try_submit(&self, order: Order, urls: &[&str]) -> Result<Submitted, QueueError> {
        let mut submission = self.book.submit(order).await?;
        for url in urls {
            submission.add(&target(url)).await?;
        }
        submission.seal().await
    }

    /// All that can be leased now of an edge, by the last part of the URL.
    pub(crate) async fn lease(&self, edge: &str, lane: Lane) -> Vec<Leased> {
        self.lease_some(edge, lane, 1000).await
    }

    /// At most so many.
    pub(crate) async fn lease_some(&self, edge: &str, lane: Lane, most: usize) -> Vec<Leased> {
        self.book.lease(&name(edge), lane, most, SPAN).await.unwrap()
    }

    pub(crate) async fn leased(&self, edge: &str, lane: Lane) -> Vec<String> {
        self.lease(edge, lane).await.iter().map(last_part).collect()
    }

    pub(crate) async fn succeed(&self, lease: LeaseId) {
        self.book.settle(vec![Settled { lease, outcome: success() }]).await.unwrap();
    }

    pub(crate) async fn fail(&self, lease: LeaseId) {
        self.book.settle(vec![Settled { lease, outcome: failure() }]).await.unwrap();
    }

    pub(crate) async fn give_back(&self, lease: LeaseId, due: Moment, because: Option<FailureClass>) {
        self.book.give_back(vec![GivenBack { lease, due, because }]).await.unwrap();
    }

    pub(crate) async fn rows(&self, job: JobId) -> Vec<Row> {
        self.book.rows(job, RowFilter::default(), None, 1000).await.unwrap().items
    }

    /// The states of a job's rows, in order.
    pub(crate) async fn states(&self, job: JobId) -> Vec<RowState> {
        self.rows(job).await.iter().map(|row| row.state).collect()
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }
}

pub(crate) fn name(edge: &str) -> EdgeName {
    edge.parse().unwrap()
}

pub(crate) fn target(url: &str) -> Target {
    Target::parse(&format!("http://www.example.test/{url}")).unwrap()
}

pub(crate) fn last_part(leased: &Leased) -> String {
    leased.target.uri().path()[1..].to_owned()
}

/// An order with nothing special about it.
pub(crate) fn order(action: Action, edges: &[&str]) -> Order {
    Order::new(Terms::new(action), edges.iter().map(|edge| name(edge)))
}

/// The edges by tier.
pub(crate) fn tiered(action: Action, edges: &[(&str, u8)]) -> Order {
    let edges = edges.iter().map(|(edge, tier)| Place { edge: name(edge), tier: *tier }).collect();
    Order { terms: Terms::new(action), edges, idempotency_key: None }
}

pub(crate) fn with(mut order: Order, change: impl FnOnce(&mut Terms)) -> Order {
    change(&mut order.terms);
    order
}

pub(crate) fn success() -> Outcome {
    Outcome {
        verdict: Verdict::Warmed,
        status: Some(200),
        bytes: 1 << 40,
        ttfb: Some(Duration::from_micros(1234)),
        took: Duration::from_millis(20),
        before: Held::Miss,
        after: Held::Hit,
        attempts: 2,
        digest: Some(Sha256Digest([0xA5; 32])),
    }
}

pub(crate) fn failure() -> Outcome {
    let failure = Failure::new(FailureClass::Refused, "403 Forbidden");
    Outcome { verdict: Verdict::Failed(failure), status: Some(403), after: Held::Unknown, ..success() }
}
