//! The rows of one edge: leased, done, and told.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::clerk::Told;
use super::ending::{Ending, Patience, is_away};
use super::figures::EdgeFigures;
use super::leases::Leases;
use super::presence::{Presence, Watched};
use crate::edge::EdgeName;
use crate::failure::{Failure, FailureClass};
use crate::outcome::Outcome;
use crate::queue::{Clock, GivenBack, Leased, Queue, QueueError, Settled};
use crate::task::Lane;
use crate::work::{Wishes, Worker};

/// How long it is until the queue is asked again after it could not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// An edge, and all that its work needs.
#[derive(Debug)]
pub(super) struct Tended {
    pub(super) name: EdgeName,
    pub(super) worker: Worker,
    pub(super) presence: Watched,
    pub(super) figures: EdgeFigures,
    pub(super) house: House,
}

/// What all edges share.
#[derive(Clone, Debug)]
pub(super) struct House {
    pub(super) queue: Arc<dyn Queue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) leases: Leases,
    pub(super) clerk: mpsc::Sender<Told>,
    pub(super) patience: Patience,
    pub(super) lease_for: Duration,
    /// Rows that are leased before there is room for them, by [`Lane::ALL`].
    pub(super) ahead: [usize; 2],
    /// Says that it is time to end, and until when what is under way may take.
    pub(super) stop: watch::Receiver<Option<Instant>>,
    /// Where objects are fetched, if not here.
    pub(super) bulk_threads: Option<Handle>,
}

impl House {
    /// Until it is time to end, and until when that may take.
    async fn stopped(&self) -> Instant {
        let mut stop = self.stop.clone();
        match stop.wait_for(Option::is_some).await {
            Ok(until) => until.unwrap_or_else(Instant::now),
            // Whoever could say so is gone.
            Err(_) => Instant::now(),
        }
    }

    /// Waits for this, or until it is time to end. Only what may be dropped half-way is to be waited for so.
    async fn unless_stopped<T>(&self, wait: impl Future<Output = T>) -> Result<T, Over> {
        tokio::select! {
            biased;
            _ = self.stopped() => Err(Over::Stopped),
            done = wait => Ok(done),
        }
    }
}

/// Why no more is leased.
enum Over {
    Stopped,
    Queue(QueueError),
}

impl From<QueueError> for Over {
    fn from(error: QueueError) -> Self {
        Self::Queue(error)
    }
}

/// Tends an edge until it is time to end.
pub(super) async fn tend(edge: Arc<Tended>) -> Result<(), QueueError> {
    let [control, bulk] = edge.house.ahead.map(|rows| rows.max(1));
    let (control, control_rows) = mpsc::channel(control);
    let (bulk, bulk_rows) = mpsc::channel(bulk);
    let leasing = async { lease(&edge, Ahead { control, bulk }).await };
    let (leased, (), ()) =
        tokio::join!(leasing, work(&edge, Lane::Control, control_rows), work(&edge, Lane::Bulk, bulk_rows));
    leased
}

/// Where leased rows wait for their turn.
struct Ahead {
    control: mpsc::Sender<Waiting>,
    bulk: mpsc::Sender<Waiting>,
}

/// A row that waits for its turn. Boxed: a channel keeps room for dozens of them, of which most edges at most times have none.
type Waiting = Box<Leased>;

impl Ahead {
    fn of(&self, lane: Lane) -> &mpsc::Sender<Waiting> {
        match lane {
            Lane::Control => &self.control,
            Lane::Bulk => &self.bulk,
        }
    }

    /// Waits for room, which nobody else takes.
    async fn room(&self, lane: Lane) -> usize {
        let ahead = self.of(lane);
        drop(ahead.reserve().await);
        ahead.capacity()
    }
}

async fn lease(edge: &Tended, ahead: Ahead) -> Result<(), QueueError> {
    let mut presence = edge.presence.changes();
    loop {
        let seen = *presence.borrow_and_update();
        let turn = match seen {
            Presence::Here => in_turn(edge, &ahead, &mut presence).await,
            Presence::Away { next, .. } => try_one(edge, &ahead, next, &mut presence).await,
        };
        match turn {
            Ok(()) => {}
            Err(Over::Stopped) => return Ok(()),
            Err(Over::Queue(error)) if error.is_passing() => {
                tracing::error!(edge = %edge.name, %error, "the queue gives no work; asking again");
                drop(edge.house.unless_stopped(tokio::time::sleep(PAUSE)).await);
            }
            Err(Over::Queue(error)) => return Err(error),
        }
    }
}

/// Leases what there is, as soon as there is room for it.
async fn in_turn(edge: &Tended, ahead: &Ahead, presence: &mut watch::Receiver<Presence>) -> Result<(), Over> {
    let ready = async |lane| {
        let room = ahead.room(lane).await;
        edge.house.queue.ready(&edge.name, lane).await.map(|()| (lane, room))
    };
    let something = async {
        tokio::select! {
            _ = presence.changed() => None,
            control = ready(Lane::Control) => Some(control),
            bulk = ready(Lane::Bulk) => Some(bulk),
        }
    };
    if let Some(found) = edge.house.unless_stopped(something).await? {
        let (lane, room) = found?;
        take(edge, ahead, lane, room).await?;
    }
    Ok(())
}

/// Tries one row, to see whether the edge is back: a purge if any waits, because it will have to forget before it fetches.
async fn try_one(
    edge: &Tended,
    ahead: &Ahead,
    next: Instant,
    presence: &mut watch::Receiver<Presence>,
) -> Result<(), Over> {
    let House { queue, .. } = &edge.house;
    edge.house.unless_stopped(sleep_until(next)).await?;
    queue.before_trying(&edge.name).await?;
    for lane in Lane::ALL {
        edge.house.unless_stopped(ahead.room(lane)).await?;
        if take(edge, ahead, lane, 1).await? > 0 {
            if is_back(edge, ahead, (lane, next), presence).await? {
                tracing::info!(edge = %edge.name, "the edge is back");
                queue.catch_up(&edge.name).await?;
            }
            return Ok(());
        }
    }
    let something = async {
        tokio::select! {
            ready = queue.ready(&edge.name, Lane::Control) => ready,
            ready = queue.ready(&edge.name, Lane::Bulk) => ready,
            _ = presence.changed() => Ok(()),
        }
    };
    Ok(edge.house.unless_stopped(something).await??)
}

/// Waits for what comes of the row of this lane that is tried. An object may take hours, and a purge that comes meanwhile does not wait for its
/// end: it is tried beside it.
async fn is_back(
    edge: &Tended,
    ahead: &Ahead,
    (lane, next): (Lane, Instant),
    presence: &mut watch::Receiver<Presence>,
) -> Result<bool, Over> {
    let House { queue, .. } = &edge.house;
    let changed = presence.wait_for(|now| !matches!(now, Presence::Away { next: at, .. } if *at == next));
    let mut changed = pin!(changed);
    let mut may_purge = lane == Lane::Bulk;
    loop {
        let something = async {
            tokio::select! {
                // An error says that the edge is tended no more.
                now = &mut changed => Ok(Some(matches!(now.as_deref(), Ok(Presence::Here)))),
                ready = queue.ready(&edge.name, Lane::Control), if may_purge => ready.map(|()| None),
            }
        };
        match edge.house.unless_stopped(something).await?? {
            Some(is_back) => return Ok(is_back),
            None => may_purge = take(edge, ahead, Lane::Control, 1).await? == 0,
        }
    }
}

/// Leases at most so many, for which there is room, and says how many. Not to be dropped half-way.
async fn take(edge: &Tended, ahead: &Ahead, lane: Lane, most: usize) -> Result<usize, Over> {
    let House { queue, leases, lease_for, .. } = &edge.house;
    let rows = queue.lease(&edge.name, lane, most, *lease_for).await?;
    leases.hold(rows.iter().map(|row| row.lease));
    let count = rows.len();
    for row in rows {
        // If nobody takes it any more, it is on the list of what goes back.
        drop(ahead.of(lane).send(Box::new(row)).await);
    }
    Ok(count)
}

/// Works on the rows of a lane, as many at once as are worth it.
async fn work(edge: &Arc<Tended>, lane: Lane, mut rows: mpsc::Receiver<Waiting>) {
    let width = edge.worker.governor().width(lane);
    let threads = match lane {
        Lane::Control => None,
        Lane::Bulk => edge.house.bulk_threads.clone(),
    };
    let threads = threads.unwrap_or_else(Handle::current);
    let mut under_way = JoinSet::new();
    let until = loop {
        tokio::select! {
            biased;
            until = edge.house.stopped() => break until,
            Some(_) = under_way.join_next() => {}
            row = rows.recv(), if under_way.len() < width => match row {
                Some(row) => drop(under_way.spawn_on(one(Arc::clone(edge), row), &threads)),
                None => break edge.house.stopped().await,
            },
        }
    };
    drop(rows);
    if lane == Lane::Control || edge.worker.must_finish() {
        let rest = async { while under_way.join_next().await.is_some() {} };
        if timeout_at(until, rest).await.is_err() {
            tracing::warn!(edge = %edge.name, "work is left half-way: it did not end in time");
        }
    }
}

/// Does it, and tells what came of it.
async fn one(edge: Arc<Tended>, row: Waiting) {
    let outcome = match Wishes::of_json(&row.options) {
        Ok(wishes) => edge.worker.wishing(&wishes).run(row.action, &row.target).await,
        Err(error) => {
            Outcome::failed(Failure::new(FailureClass::Invalid, format!("the job's options: {error}")))
        }
    };
    edge.figures.note(row.action, &outcome);
    match outcome.verdict.failure() {
        Some(failure) if is_away(failure.class) => {
            if edge.presence.now() == Presence::Here {
                tracing::warn!(edge = %edge.name, %failure, "the edge is away");
            }
            edge.presence.was_away();
        }
        // Nothing was heard of it.
        Some(failure) if failure.class == FailureClass::Busy => edge.presence.still_unknown(),
        _ => edge.presence.answered(),
    }
    let House { patience, clock, clerk, .. } = &edge.house;
    let back = |due, because| Told::Back(GivenBack { lease: row.lease, due, because });
    let told = match patience.judge(&outcome, row.attempts, edge.presence.away_for()) {
        Ending::Final => Told::Settled(Settled { lease: row.lease, outcome }),
        Ending::Again(class, wait) => back(clock.now().after(wait), Some(class)),
        Ending::Untried => back(clock.now(), None),
    };
    // Without a clerk there is nobody to tell, and the row goes back.
    drop(clerk.send(told).await);
}
