//! A fleet: a book here, a real NATS between, and workers that know of the book by its messages alone.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use forebay_agent::queue::{
    Book, BookOptions, Dispatcher, JobFilter, JobId, Leased, Leases, NatsLink, NatsOptions, NatsWorker,
    Order, Queue as _, Settled,
};
use forebay_agent::{Action, Lane};
use forebay_testkit::nats::{JetStream, Login, Nats};
use forebay_testkit::notice;
use forebay_testkit::process::Server;
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::world::{SPAN, last_part, name, order, success, target};

/// How long a silent worker keeps its rows here, and how long the book waits before it asks.
pub(crate) const SHORT: Duration = Duration::from_secs(1);

pub(crate) struct Fleet {
    pub(crate) nats: Nats,
    server: Option<Server>,
    pub(crate) dir: TempDir,
}

impl Fleet {
    /// `None`, with a notice, where NATS is not installed.
    pub(crate) fn start() -> Option<Self> {
        if !Nats::is_installed() {
            notice::skipped("nats-server is not installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let nats = Nats::configure(&dir.path().join("nats"), JetStream::On, Login::Open).unwrap();
        let server = Some(nats.start().unwrap());
        Some(Self { nats, server, dir })
    }

    pub(crate) fn options(&self) -> NatsOptions {
        let mut options = NatsOptions::new(format!("nats://{}", self.nats.addr()));
        (options.ack_wait, options.ask_after) = (SHORT, SHORT);
        options
    }

    pub(crate) async fn link(&self) -> NatsLink {
        NatsLink::connect(self.options()).await.unwrap()
    }

    pub(crate) async fn book(&self) -> Book {
        let options = BookOptions { leases: Leases::Stay, ..BookOptions::default() };
        Book::open(self.dir.path().join("book"), options).await.unwrap()
    }

    pub(crate) async fn dispatcher(&self, book: &Book) -> Dispatcher {
        Dispatcher::start(book.clone(), self.link().await).await.unwrap()
    }

    pub(crate) async fn worker(&self, called: &str) -> NatsWorker {
        NatsWorker::open(self.link().await, self.dir.path().join(called)).await.unwrap()
    }

    /// As a power cut would, but for what the kernel still writes.
    pub(crate) fn kill(&mut self) {
        let server = self.server.take().unwrap();
        server.signal_kill().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.server = Some(self.nats.start().unwrap());
    }

    pub(crate) fn restart_without_jetstream(&mut self) {
        self.server = Some(self.nats.start_without_jetstream().unwrap());
    }
}

/// Waits for something that is about to happen by itself.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(40), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "not in time: {what}");
}

pub(crate) async fn submit(book: &Book, order: Order, urls: Range<usize>) -> JobId {
    let mut submission = book.submit(order).await.unwrap();
    for n in urls {
        submission.add(&target(&n.to_string())).await.unwrap();
    }
    submission.seal().await.unwrap().id
}

/// Waits for work, and takes some.
pub(crate) async fn take(worker: &NatsWorker, edge: &str, lane: Lane, most: usize) -> Vec<Leased> {
    let mut leased = Vec::new();
    while leased.is_empty() {
        worker.ready(&name(edge), lane).await.unwrap();
        leased = worker.lease(&name(edge), lane, most, SPAN).await.unwrap();
    }
    leased
}

pub(crate) async fn settle(worker: &NatsWorker, leased: &[Leased]) {
    let settled = leased.iter().map(|leased| Settled { lease: leased.lease, outcome: success() });
    worker.settle(settled.collect()).await.unwrap();
}

/// What a worker has begun, and what it was told is kept.
#[derive(Debug, Default)]
struct Log {
    begun: Vec<String>,
    done: HashSet<String>,
}

/// Works until it is dropped, whatever becomes of the server.
fn work(worker: NatsWorker, log: Arc<Mutex<Log>>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            worker.ready(&name("a"), Lane::Bulk).await.unwrap();
            let Ok(leased) = worker.lease(&name("a"), Lane::Bulk, 20, SPAN).await else { continue };
            let urls: Vec<String> = leased.iter().map(last_part).collect();
            {
                let mut log = log.lock();
                for url in &urls {
                    assert!(!log.done.contains(url), "{url} is done, and came again");
                }
                log.begun.extend(urls.iter().cloned());
            }
            settle(&worker, &leased).await;
            log.lock().done.extend(urls);
        }
    })
}

#[tokio::test]
async fn two_workers_share_an_edge_and_each_row_is_done_by_one_of_them() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let logs = [(); 2].map(|()| Arc::new(Mutex::new(Log::default())));
    let one = work(fleet.worker("one").await, logs[0].clone());
    let two = work(fleet.worker("two").await, logs[1].clone());
    let job = submit(&book, order(Action::Warm, &["a"]), 0..2000).await;
    until("all is done", async || book.job(job).await.unwrap().ended.is_some()).await;
    assert_eq!(book.job(job).await.unwrap().rows.succeeded, 2000);
    let [one_did, two_did] = logs.map(|log| log.lock().begun.clone());
    assert!(!one_did.is_empty() && !two_did.is_empty(), "{} and {}", one_did.len(), two_did.len());
    let mut all: Vec<_> = one_did.into_iter().chain(two_did).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 2000);
    assert_eq!(dispatcher.link().counts().sent, 2000);
    one.abort();
    two.abort();
}

#[tokio::test]
async fn a_server_that_is_killed_under_load_loses_nothing_and_nothing_known_is_done_twice() {
    let Some(mut fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let _dispatcher = fleet.dispatcher(&book).await;
    let logs = [(); 2].map(|()| Arc::new(Mutex::new(Log::default())));
    let one = work(fleet.worker("one").await, logs[0].clone());
    let two = work(fleet.worker("two").await, logs[1].clone());
    let job = submit(&book, order(Action::Warm, &["a"]), 0..6000).await;
    for enough in [300, 2500] {
        until("some is done", async || book.job(job).await.unwrap().rows.succeeded > enough).await;
        fleet.kill();
        fleet.restart();
    }
    until("all is done", async || book.job(job).await.unwrap().ended.is_some()).await;
    assert_eq!(book.job(job).await.unwrap().rows.succeeded, 6000);
    assert!(!one.is_finished() && !two.is_finished(), "nothing came again that was known to be done");
    one.abort();
    two.abort();
}

#[tokio::test]
async fn what_a_dead_worker_held_comes_to_another_and_what_a_slow_one_holds_does_not() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let _dispatcher = fleet.dispatcher(&book).await;
    submit(&book, order(Action::Warm, &["a"]), 0..2).await;
    let (slow, dies) = (fleet.worker("slow").await, fleet.worker("dies").await);
    let held = take(&slow, "a", Lane::Bulk, 1).await;
    let lost = take(&dies, "a", Lane::Bulk, 1).await;
    assert_ne!(last_part(&held[0]), last_part(&lost[0]));
    drop(dies);
    let heir = fleet.worker("heir").await;
    let inherited = take(&heir, "a", Lane::Bulk, 10).await;
    assert_eq!(inherited.iter().map(last_part).collect::<Vec<_>>(), [last_part(&lost[0])]);
    settle(&heir, &inherited).await;
    // By now the slow one has been silent for longer than the server would wait, had it not said that it works.
    tokio::time::timeout(SHORT * 2, take(&heir, "a", Lane::Bulk, 10)).await.unwrap_err();
    settle(&slow, &held).await;
    until("both are done", async || {
        book.jobs(JobFilter::default(), None, 1).await.unwrap().items[0].ended.is_some()
    })
    .await;
}

#[tokio::test]
async fn an_edge_that_nobody_serves_waits_without_harm() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let job = submit(&book, order(Action::Warm, &["a", "b"]), 0..20).await;
    let asked = async || dispatcher.link().counts().asked_after >= 80;
    until("they have been asked after twice", asked).await;
    assert_eq!(dispatcher.link().counts().sent_again, 0);
    // Who comes at last finds each of them once.
    let worker = fleet.worker("late").await;
    let leased = take(&worker, "a", Lane::Bulk, 100).await;
    assert_eq!((leased.len(), leased[0].attempts), (20, 1));
    settle(&worker, &leased).await;
    until("they are done", async || book.job(job).await.unwrap().rows.succeeded == 20).await;
    assert!(worker.lease(&name("a"), Lane::Bulk, 10, SPAN).await.unwrap().is_empty());
    // And what nobody will serve can be cancelled.
    book.cancel(job).await.unwrap();
    until("the rest is withdrawn", async || book.job(job).await.unwrap().ended.is_some()).await;
    assert_eq!(book.job(job).await.unwrap().rows.cancelled, 20);
    assert!(worker.lease(&name("b"), Lane::Bulk, 10, SPAN).await.unwrap().is_empty());
}

#[tokio::test]
async fn few_rows_of_an_edge_are_under_way_so_that_what_is_urgent_need_not_wait() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let options = NatsOptions { window: [5, 3], ask_after: Duration::from_mins(5), ..fleet.options() };
    let link = NatsLink::connect(options).await.unwrap();
    let dispatcher = Dispatcher::start(book.clone(), link).await.unwrap();
    submit(&book, order(Action::Warm, &["a"]), 0..50).await;
    until("some are sent", async || dispatcher.link().counts().sent == 3).await;
    let mut urgent = order(Action::Warm, &["a"]);
    (urgent.terms.priority, urgent.terms.options) = (9, "urgent".into());
    submit(&book, urgent, 0..60).await;
    let worker = fleet.worker("one").await;
    let first = take(&worker, "a", Lane::Bulk, 100).await;
    assert_eq!(first.len(), 3);
    settle(&worker, &first).await;
    let next = take(&worker, "a", Lane::Bulk, 100).await;
    assert!(next.iter().all(|leased| &*leased.options == "urgent"), "{next:?}");
}

#[tokio::test]
async fn a_book_that_is_opened_again_goes_on_where_it_was() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let job = submit(&book, order(Action::Warm, &["a"]), 0..100).await;
    let worker = fleet.worker("one").await;
    let leased = take(&worker, "a", Lane::Bulk, 30).await;
    drop(dispatcher);
    book.close().await;
    settle(&worker, &leased).await;
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let mut done = leased.len();
    while done < 100 {
        let leased = take(&worker, "a", Lane::Bulk, 30).await;
        assert!(leased.iter().all(|leased| leased.attempts == 1));
        settle(&worker, &leased).await;
        done += leased.len();
    }
    until("all is done", async || book.job(job).await.unwrap().ended.is_some()).await;
    assert_eq!(dispatcher.link().counts().sent_again, 0);
    assert_eq!(done, 100);
}

#[tokio::test]
async fn what_came_to_a_worker_that_leaves_is_anothers_at_once() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    // Only a message that is given back comes again within the patience of this test.
    let options = || NatsOptions { ack_wait: Duration::from_hours(1), ..fleet.options() };
    let link = async || NatsLink::connect(options()).await.unwrap();
    let _dispatcher = Dispatcher::start(book.clone(), link().await).await.unwrap();
    let leaves = NatsWorker::open(link().await, fleet.dir.path().join("leaves")).await.unwrap();
    submit(&book, order(Action::Warm, &["a"]), 0..1).await;
    leaves.ready(&name("a"), Lane::Bulk).await.unwrap();
    leaves.leave().await;
    let stays = NatsWorker::open(link().await, fleet.dir.path().join("stays")).await.unwrap();
    assert_eq!(take(&stays, "a", Lane::Bulk, 10).await.len(), 1);
}
