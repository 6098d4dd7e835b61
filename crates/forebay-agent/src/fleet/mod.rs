//! One list, many edges, each at its own speed.
//!
//! Every edge has a place of its own in the list and as much work under way as its governor lets in at most, so an edge that is slow or
//! dead delays nobody else. What came of each URL is told as it happens and kept nowhere.

use std::io;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::list::{Cursor, Entry, UrlList};
use crate::outcome::Outcome;
use crate::task::Action;
use crate::work::Worker;

/// What came of one URL on one edge.
#[derive(Debug)]
pub struct Done<'a> {
    /// The edge.
    pub worker: &'a Worker,
    /// The URL, and where it stood in the list.
    pub entry: &'a Entry,
    /// What came of it.
    pub outcome: &'a Outcome,
}

/// Tells what came of each, on whichever thread; it should not take long.
pub type Tell = Arc<dyn Fn(Done<'_>) + Send + Sync>;

/// Tells a run to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Ends runs: no further URL is begun. What is under way is finished only where leaving it would make the edge fetch the rest at full speed,
/// against a limit that was set.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// One, and what it stops.
    pub fn new() -> (Self, Stop) {
        let (stopper, stop) = watch::channel(false);
        (Self(stopper), Stop(stop))
    }

    /// Stops.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits until it is told to. For ever, if nobody is left who could.
    async fn asked(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Does this with every URL of the list on every edge, until all is done or it is stopped.
///
/// # Errors
///
/// Those of the list's file. What was done until then was told.
pub async fn run(
    workers: &[Worker],
    action: Action,
    list: &UrlList,
    tell: &Tell,
    stop: &Stop,
) -> io::Result<()> {
    let mut edges = JoinSet::new();
    for worker in workers {
        let (worker, cursor, tell, stop) = (worker.clone(), list.cursor(), Arc::clone(tell), stop.clone());
        edges.spawn(async move { one(&worker, action, cursor, &tell, stop).await });
    }
    while let Some(ended) = edges.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

async fn one(
    worker: &Worker,
    action: Action,
    mut list: Cursor,
    tell: &Tell,
    mut stop: Stop,
) -> io::Result<()> {
    let width = worker.governor().width(action.lane());
    let mut under_way = FuturesUnordered::new();
    let mut is_open = true;
    while is_open || !under_way.is_empty() {
        tokio::select! {
            biased;
            () = stop.asked() => break,
            Some((entry, outcome)) = under_way.next(), if !under_way.is_empty() => {
                tell(Done { worker, entry: &entry, outcome: &outcome });
            }
            next = list.next(), if is_open && under_way.len() < width => match next? {
                None => is_open = false,
                Some(entry) => under_way.push(async move {
                    let outcome = worker.run(action, &entry.target).await;
                    (entry, outcome)
                }),
            },
        }
    }
    if worker.must_finish() {
        while let Some((entry, outcome)) = under_way.next().await {
            tell(Done { worker, entry: &entry, outcome: &outcome });
        }
    }
    Ok(())
}
