//! What the queue does in a second, on this machine: `queue_figures DIR [ROWS [EDGES]]`, built with `--release`.
//!
//! It takes ROWS rows in, in jobs of 100,000 URLs, and then has one worker for each edge lease and settle a fifth of them, while the rest waits.
//! Every figure is of work that was on the disk when it was counted. One line of JSON comes out.

use std::error::Error;
use std::path::Path;
use std::process;
use std::time::Duration;

use forebay_agent::edge::EdgeName;
use forebay_agent::queue::{Book, BookOptions, Order, Queue as _, Settled, Terms};
use forebay_agent::{Action, Held, Lane, Outcome, Target, Verdict};
use forebay_testkit::{figures, peak};
use tokio::time::Instant;

/// URLs of a job.
const LIST: u64 = 100_000;
/// Rows of one lease.
const LEASE: usize = 256;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("queue_figures DIR [ROWS [EDGES]]")?;
    let rows: u64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let edges: u64 = args.next().map_or(Ok(1), |text| text.parse())?;
    let names = (0..edges).map(|n| format!("edge-{n}").parse()).collect::<Result<Vec<EdgeName>, _>>()?;
    let book = Book::open(&dir, BookOptions::default()).await?;

    let begun = Instant::now();
    for job in 0..rows.div_ceil(edges * LIST) {
        submit(&book, &names, job, LIST.min(rows / edges - job * LIST)).await?;
    }
    let enqueued = begun.elapsed();
    let waiting = figures::of_tree(process::id()).resident;

    let share = rows / 5 / edges;
    let begun = Instant::now();
    let workers: Vec<_> =
        names.into_iter().map(|edge| tokio::spawn(work(book.clone(), edge, share))).collect();
    let mut done = 0;
    for worker in workers {
        done += worker.await??;
    }
    let worked = begun.elapsed();
    book.close().await;
    let line = serde_json::json!({
        "edges": edges,
        "rows": rows,
        "enqueued_per_s": (rows as f64 / enqueued.as_secs_f64()).round(),
        "leased_and_settled_per_s": (done as f64 / worked.as_secs_f64()).round(),
        "rss_waiting_kib": waiting >> 10,
        "rss_peak_kib": peak::resident(process::id()) >> 10,
        "disk_kib": std::fs::metadata(Path::new(&dir).join("queue.db"))?.len() >> 10,
    });
    println!("{line}");
    Ok(())
}

async fn submit(book: &Book, edges: &[EdgeName], job: u64, urls: u64) -> Result<(), Box<dyn Error>> {
    let order = Order::new(Terms::new(Action::Warm), edges.iter().cloned());
    let mut submission = book.submit(order).await?;
    for n in 0..urls {
        let url = format!("http://www.example.test/a/path/of/the/usual/length/{job}/{n}.html");
        submission.add(&Target::parse(&url)?).await?;
    }
    submission.seal().await?;
    Ok(())
}

async fn work(book: Book, edge: EdgeName, share: u64) -> Result<u64, forebay_agent::queue::QueueError> {
    let mut done = 0;
    while done < share {
        let leased = book.lease(&edge, Lane::Bulk, LEASE, Duration::from_secs(60)).await?;
        done += leased.len() as u64;
        let settled = leased.iter().map(|leased| Settled { lease: leased.lease, outcome: outcome() });
        book.settle(settled.collect()).await?;
    }
    Ok(done)
}

fn outcome() -> Outcome {
    Outcome {
        verdict: Verdict::Warmed,
        status: Some(200),
        bytes: 1 << 20,
        ttfb: Some(Duration::from_millis(3)),
        took: Duration::from_millis(20),
        before: Held::Miss,
        after: Held::Hit,
        attempts: 1,
        digest: None,
    }
}
