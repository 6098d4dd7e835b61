//! One list, many edges, each at its own speed.
//!
//! Every edge has a place of its own in the list and as much work under way as its governor lets in at most, so an edge that is slow or
//! dead delays nobody else. Only those that stand behind it wait: a child fetches from its parents, so it begins when they have come to
//! the end of the list, and is not asked for what they have failed with. What came of each URL is told as it happens and kept nowhere;
//! whoever is told and cannot keep up holds the run back.
//!
//! - [`run`], [`Member`]: the work;
//! - [`Stop`], [`Stopper`]: its end before its time;
//! - `failed`: what parents have failed with.

mod failed;
mod stop;

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::failure::{Failure, FailureClass};
use crate::list::{Cursor, Entry, UrlList};
use crate::outcome::Outcome;
use crate::task::Action;
use crate::work::Worker;
use failed::Failed;
pub use stop::{Stop, Stopper};

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

/// An edge of a fleet.
#[derive(Clone, Debug)]
pub struct Member {
    /// The edge at work.
    pub worker: Worker,
    /// The places of its parents in the fleet. There must be no circle.
    pub parents: Vec<usize>,
}

/// One member's way through the list.
struct Driver {
    worker: Worker,
    action: Action,
    tell: Tell,
    stop: Stop,
    parents: Vec<Place>,
    failed: Option<Arc<Failed>>,
}

/// What others have to know of a member.
#[derive(Clone)]
struct Place {
    /// If anybody stands behind it.
    failed: Option<Arc<Failed>>,
    /// Whether it has come to the end of the list.
    is_through: watch::Receiver<bool>,
}

/// Does this with every URL of the list on every edge, until all is done or it is stopped. What has to be remembered lies in files without
/// a name in `dir`.
///
/// # Errors
///
/// Those of the list's file. What was done until then was told.
pub async fn run(
    fleet: &[Member],
    action: Action,
    list: &UrlList,
    dir: &Path,
    tell: &Tell,
    stop: &Stop,
) -> io::Result<()> {
    let of_others: HashSet<usize> = fleet.iter().flat_map(|member| member.parents.iter().copied()).collect();
    let mut ends = Vec::with_capacity(fleet.len());
    let mut places = Vec::with_capacity(fleet.len());
    for place in 0..fleet.len() {
        let (end, is_through) = watch::channel(false);
        let failed = if of_others.contains(&place) { Some(Arc::new(Failed::none(dir)?)) } else { None };
        ends.push(end);
        places.push(Place { failed, is_through });
    }
    let mut drivers: JoinSet<io::Result<()>> = JoinSet::new();
    for ((member, end), own) in fleet.iter().zip(ends).zip(&places) {
        let driver = Driver {
            worker: member.worker.clone(),
            action,
            tell: Arc::clone(tell),
            stop: stop.clone(),
            parents: member.parents.iter().filter_map(|parent| places.get(*parent).cloned()).collect(),
            failed: own.failed.clone(),
        };
        let cursor = list.cursor();
        drivers.spawn(async move {
            driver.drive(cursor).await?;
            end.send_replace(true);
            Ok(())
        });
    }
    while let Some(ended) = drivers.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

impl Driver {
    async fn drive(mut self, mut list: Cursor) -> io::Result<()> {
        let (mut stop, mut hold) = (self.stop.clone(), self.stop.clone());
        tokio::select! {
            biased;
            () = stop.asked() => return Ok(()),
            () = self.parents_are_through() => {}
        }
        let this = &self;
        let width = this.worker.governor().width(this.action.lane());
        let mut under_way = FuturesUnordered::new();
        let (mut is_open, mut count) = (true, 0);
        while is_open || !under_way.is_empty() {
            let is_held_back = hold.is_held_back();
            tokio::select! {
                biased;
                () = stop.asked() => break,
                Some((nth, entry, outcome)) = under_way.next(), if !under_way.is_empty() => {
                    this.ended(nth, &entry, &outcome)?;
                }
                () = hold.released(), if is_held_back => {}
                next = list.next(), if is_open && !is_held_back && under_way.len() < width => match next? {
                    None => is_open = false,
                    Some(entry) => {
                        let nth = count;
                        count += 1;
                        under_way.push(async move {
                            let outcome = this.one(nth, &entry).await;
                            (nth, entry, outcome)
                        });
                    }
                },
            }
        }
        if this.worker.must_finish() {
            this.worker.governor().close();
            while let Some((nth, entry, outcome)) = under_way.next().await {
                this.ended(nth, &entry, &outcome)?;
            }
        }
        Ok(())
    }

    async fn parents_are_through(&mut self) {
        for parent in &mut self.parents {
            // One that has ended otherwise has ended the run.
            drop(parent.is_through.wait_for(|is_through| *is_through).await);
        }
    }

    async fn one(&self, nth: u64, entry: &Entry) -> Outcome {
        for failed in self.parents.iter().filter_map(|parent| parent.failed.as_deref()) {
            match failed.has(nth) {
                Ok(false) => {}
                Ok(true) => {
                    let detail = "a parent of this edge has failed with it, so this edge was not asked";
                    return Outcome::failed(Failure::new(FailureClass::Parent, detail));
                }
                Err(error) => return Outcome::failed(Failure::new(FailureClass::Parent, error.to_string())),
            }
        }
        self.worker.run(self.action, &entry.target).await
    }

    fn ended(&self, nth: u64, entry: &Entry, outcome: &Outcome) -> io::Result<()> {
        if let Some(failure) = outcome.verdict.failure() {
            if failure.class == FailureClass::Stopped {
                // It was not begun, like all that comes after it.
                return Ok(());
            }
            if let Some(failed) = &self.failed {
                failed.add(nth)?;
            }
        }
        (self.tell)(Done { worker: &self.worker, entry, outcome });
        Ok(())
    }
}
