//! All edges, from beginning to end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::clerk::{self, Told};
use super::ending::Patience;
use super::figures::EdgeFigures;
use super::leases::Leases;
use super::presence::{Presence, Watched};
use super::tending::{House, Tended, tend};
use crate::edge::EdgeName;
use crate::queue::{Clock, Queue, QueueError, WallClock};
use crate::work::Worker;

/// How the work is done.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Whether work is done here. Where it is not, others of the fleet have these edges. Default: it is.
    pub works: bool,
    /// When rows are given up.
    pub patience: Patience,
    /// For how long rows are leased; leases of long work are extended. Default: 60 s.
    pub lease_for: Duration,
    /// Rows of an edge that are leased before there is room for them, by [`Lane::ALL`](crate::Lane::ALL). A commit takes as long as hundreds of
    /// purges, so there are many of the first; of objects there are few, because a more pressing one would stand behind them. Default: 256 and 8.
    pub ahead: [usize; 2],
    /// How long what has to be finished may take when it is asked to stop. Default: 30 s.
    pub drain_for: Duration,
    /// The time. Default: this machine's.
    pub clock: Arc<dyn Clock>,
    /// Threads on which objects are fetched. An edge nearby sends faster than a processor can count, and a purge would then wait for its turn
    /// behind every object; with threads of their own it waits for none. Default: where the service runs.
    pub bulk_threads: Option<Handle>,
}

/// The work on a queue's rows on these edges. Cheap to clone: clones look at the same.
#[derive(Clone, Debug)]
pub struct Service {
    edges: Arc<HashMap<EdgeName, Arc<Tended>>>,
    queue: Arc<dyn Queue>,
    leases: Leases,
    options: ServiceOptions,
    stop: watch::Sender<Option<Instant>>,
    told: Arc<parking_lot::Mutex<Option<mpsc::Receiver<Told>>>>,
}

/// An edge as it is tended.
#[derive(Clone, Copy, Debug)]
pub struct EdgeView<'a> {
    /// What it is called.
    pub name: &'a EdgeName,
    /// Who works on it.
    pub worker: &'a Worker,
    /// Whether it answers.
    pub presence: Presence,
    /// What was done.
    pub figures: &'a EdgeFigures,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            works: true,
            patience: Patience::default(),
            lease_for: Duration::from_secs(60),
            ahead: [256, 8],
            drain_for: Duration::from_secs(30),
            clock: Arc::new(WallClock),
            bulk_threads: None,
        }
    }
}

impl Service {
    /// Work on these edges, which begins with [`run`](Self::run).
    pub fn new(
        queue: Arc<dyn Queue>,
        workers: impl IntoIterator<Item = Worker>,
        options: ServiceOptions,
    ) -> Self {
        let (stop, stopped) = watch::channel(None);
        let (clerk, told) = mpsc::channel(clerk::WAITING_MAX);
        let leases = Leases::default();
        let house = House {
            queue: Arc::clone(&queue),
            clock: Arc::clone(&options.clock),
            leases: leases.clone(),
            clerk,
            patience: options.patience,
            lease_for: options.lease_for,
            ahead: options.ahead,
            stop: stopped,
            bulk_threads: options.bulk_threads.clone(),
        };
        let tended = |worker: Worker| {
            let name = worker.spec().name.clone();
            let (presence, figures) = (Watched::default(), EdgeFigures::default());
            (name.clone(), Arc::new(Tended { name, worker, presence, figures, house: house.clone() }))
        };
        let edges = Arc::new(workers.into_iter().map(tended).collect());
        Self { edges, queue, leases, options, stop, told: Arc::new(Some(told).into()) }
    }

    /// Whether this edge is tended.
    pub fn has(&self, edge: &EdgeName) -> bool {
        self.edges.contains_key(edge)
    }

    /// Whether an edge that is tended is there.
    pub fn presence(&self, edge: &EdgeName) -> Option<Presence> {
        self.edges.get(edge).map(|edge| edge.presence.now())
    }

    /// The edges, in no order.
    pub fn edges(&self) -> impl Iterator<Item = EdgeView<'_>> {
        self.edges.values().map(|edge| EdgeView {
            name: &edge.name,
            worker: &edge.worker,
            presence: edge.presence.now(),
            figures: &edge.figures,
        })
    }

    /// Whether the edges are worked on here.
    pub const fn works(&self) -> bool {
        self.options.works
    }

    /// Whether the queue can be asked now: that of a fleet may be away.
    pub fn has_queue(&self) -> bool {
        self.queue.is_there()
    }

    /// Rows that are leased.
    pub fn under_way(&self) -> usize {
        self.leases.count()
    }

    /// Begins nothing more. [`run`](Self::run) ends when what has to be finished is, and the rest was given back.
    pub fn stop(&self) {
        self.stop.send_replace(Some(Instant::now() + self.options.drain_for));
    }

    /// Does what there is to do, until it is stopped.
    ///
    /// # Errors
    ///
    /// What makes the queue useless, such as damage. A disk that is full is waited for.
    pub async fn run(&self) -> Result<(), QueueError> {
        let Some(told) = self.told.lock().take() else { return Ok(()) };
        let queue = &*self.queue;
        let keep = self.leases.keep(queue, self.options.lease_for);
        let ended = tokio::select! {
            never = keep => match never {},
            ended = self.tend_all(told) => ended,
        };
        self.leases.give_all_back(queue, self.options.clock.now()).await;
        ended
    }

    /// Tends all edges until it is stopped, and tells the queue everything that they have done.
    async fn tend_all(&self, told: mpsc::Receiver<Told>) -> Result<(), QueueError> {
        let tended = self.edges.values().filter(|_| self.options.works);
        let mut edges: JoinSet<_> = tended.map(|edge| tend(Arc::clone(edge))).collect();
        let mut stopped = self.stop.subscribe();
        let tending = async {
            let mut ended = Ok(());
            while let Some(edge) = edges.join_next().await {
                let edge = edge.unwrap_or(Err(QueueError::Closed));
                if edge.is_err() && ended.is_ok() {
                    ended = edge;
                    self.stop();
                }
            }
            // Whoever does nothing is told when to end, too. An error says that nobody can tell any more.
            drop(stopped.wait_for(Option::is_some).await);
            ended
        };
        clerk::until(tending, told, &*self.queue, &self.leases).await?
    }
}
