//! What a fleet's queue does in a second, over a NATS that runs already: `fleet_figures URL DIR [ROWS [EDGES [WORKERS]]]`, built with `--release`.
//!
//! ROWS are taken in by one book, handed on over NATS, "done" at once by WORKERS that serve all EDGES, each with a ledger of its own, and settled in the book. All
//! of them are in this process, so they share its processors with each other and with the server. One line of JSON comes out.

use std::error::Error;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use forebay_agent::edge::EdgeName;
use forebay_agent::queue::{
    Book, BookOptions, Dispatcher, Leases, NatsLink, NatsOptions, NatsWorker, Order, Queue as _, QueueError,
    Settled, Terms,
};
use forebay_agent::{Action, Held, Lane, Outcome, Target, Verdict};
use forebay_testkit::{figures, peak};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// URLs of a job.
const LIST: u64 = 100_000;
/// Rows of one lease.
const LEASE: usize = 256;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "fleet_figures URL DIR [ROWS [EDGES [WORKERS]]]";
    let (url, dir) = (args.next().ok_or(usage)?, args.next().ok_or(usage)?);
    let mut number = |usual: u64| args.next().map_or(Ok(usual), |text| text.parse());
    let (rows, edges, workers) = (number(100_000)?, number(1)?, number(2)?);
    let names = (0..edges).map(|n| format!("edge-{n}").parse()).collect::<Result<Vec<EdgeName>, _>>()?;
    let names: Arc<[EdgeName]> = names.into();
    let options = BookOptions { leases: Leases::Stay, ..BookOptions::default() };
    let book = Book::open(format!("{dir}/book"), options).await?;
    let link = async || NatsLink::connect(NatsOptions::new(url.clone())).await;
    let before = figures::of_tree(process::id()).resident;
    let mut serving = JoinSet::new();
    for n in 0..workers {
        let worker = NatsWorker::open(link().await?, format!("{dir}/{n}")).await?;
        for at in 0..names.len() {
            serving.spawn(work(worker.clone(), Arc::clone(&names), at, Lane::Control));
            serving.spawn(work(worker.clone(), Arc::clone(&names), at, Lane::Bulk));
        }
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let waiting = figures::of_tree(process::id()).resident.saturating_sub(before);

    let dispatcher = Dispatcher::start(book.clone(), link().await?).await?;
    let begun = Instant::now();
    let mut jobs = Vec::new();
    for job in 0..rows.div_ceil(edges * LIST) {
        let order = Order::new(Terms::new(Action::Purge), names.iter().cloned());
        let mut submission = book.submit(order).await?;
        for n in 0..LIST.min(rows / edges - job * LIST) {
            let url = format!("http://www.example.test/a/path/of/the/usual/length/{job}/{n}.html");
            submission.add(&Target::parse(&url)?).await?;
        }
        jobs.push(submission.seal().await?.id);
    }
    for job in jobs {
        while book.job(job).await?.ended.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let worked = begun.elapsed();
    let counts = dispatcher.link().counts();
    drop(dispatcher);
    serving.shutdown().await;
    book.close().await;
    let line = serde_json::json!({
        "edges": edges,
        "workers": workers,
        "rows": rows,
        "rows_per_s": (rows as f64 / worked.as_secs_f64()).round(),
        "sent": counts.sent,
        "sent_again": counts.sent_again,
        "rss_of_waiting_kib": waiting >> 10,
        "rss_peak_kib": peak::resident(process::id()) >> 10,
    });
    println!("{line}");
    Ok(())
}

async fn work(worker: NatsWorker, names: Arc<[EdgeName]>, at: usize, lane: Lane) -> Result<(), QueueError> {
    loop {
        worker.ready(&names[at], lane).await?;
        let leased = worker.lease(&names[at], lane, LEASE, Duration::from_secs(60)).await?;
        let settled = leased.iter().map(|leased| Settled { lease: leased.lease, outcome: outcome() });
        worker.settle(settled.collect()).await?;
    }
}

fn outcome() -> Outcome {
    Outcome {
        verdict: Verdict::Removed,
        status: Some(200),
        bytes: 0,
        ttfb: Some(Duration::from_millis(3)),
        took: Duration::from_millis(4),
        before: Held::Hit,
        after: Held::Miss,
        attempts: 1,
        digest: None,
    }
}
