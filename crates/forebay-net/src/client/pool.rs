//! Who may have a connection, and which.
//!
//! A request takes its *turn* among those for its destination, then a connection from the shelf, or else the *rights* to a new one:
//! a place among all connections, a descriptor, memory. Everybody asks in this order, with one limit of time for all of it, and
//! gives back what he has when it runs out. What is idle makes way for whoever lacks something.
//!
//! 1. A finds nothing free. 2. B puts a connection on the shelf. 3. A waits for what B's idle connection holds. So A says that it is
//!    hungry *before* it looks at the shelf, and B looks at that *after* it has been there.

use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use forebay_budget::Class;
use futures_util::poll;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::destination::Destination;
use super::disk::Disk;
use super::error::{ClientError, ClientErrorKind};
use super::link::{Link, Rights};
use super::options::ClientOptions;
use super::progress::Progress;
use super::resolve::Resolver;
use super::scratch::Scratch;
use super::shelf::{Idle, Shelf};
use super::stats::{ClientStats, Count, Counters};
use super::{dial, tender};
use crate::pipe::Pipes;

pub(crate) struct Pool {
    pub(super) options: ClientOptions,
    pub(super) counters: Counters,
    pub(super) shelf: Mutex<Shelf>,
    pub(super) tender: Mutex<Option<AbortHandle>>,
    pub(super) drains: Arc<Semaphore>,
    pub(crate) pipes: Pipes,
    pub(super) scratch: Scratch,
    pub(super) disk: Disk,
    turns: Mutex<HashMap<Destination, Arc<Semaphore>>>,
    places: Arc<Semaphore>,
    /// Requests that wait for what idle connections may hold.
    hungry: Count,
    resolver: Resolver,
}

/// How long a connection was put there just now.
const JUST_PUT: Duration = Duration::from_millis(20);

/// Which connection will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Any,
    /// The last one from the shelf had died, and its neighbours are as old.
    Fresh,
}

/// Where a connection came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Shelf,
    Dialled,
}

impl Pool {
    pub(super) fn new(options: ClientOptions) -> Self {
        Self {
            places: Arc::new(Semaphore::new(options.connections_max.max(1) as usize)),
            drains: Arc::new(Semaphore::new(options.drains_max as usize)),
            pipes: Pipes::new(options.fds.clone(), options.sizes.receive),
            scratch: Scratch::default(),
            disk: Disk::default(),
            turns: Mutex::default(),
            shelf: Mutex::default(),
            tender: Mutex::default(),
            hungry: Count::default(),
            counters: Counters::default(),
            resolver: Resolver::default(),
            options,
        }
    }

    pub(super) async fn checkout(
        self: &Arc<Self>,
        destination: &Destination,
        want: Want,
    ) -> Result<(Link, Origin), ClientError> {
        let deadline = Instant::now() + self.options.acquire_timeout;
        let turn = self.take_turn(destination, deadline).await?;
        match want {
            Want::Any => {
                if let Some(mut link) = self.take_idle(destination) {
                    link.turn = Some(turn);
                    self.counters.reused.add(1);
                    return Ok((link, Origin::Shelf));
                }
            }
            Want::Fresh => {
                let suspects = self.shelf.lock().take_all(destination);
                self.counters.retired.add(suspects.len() as u64);
            }
        }
        let rights = self.take_rights(deadline).await?;
        let dialled = dial::dial(destination, &self.resolver, &self.options).await;
        let count = if dialled.is_ok() { &self.counters.opened } else { &self.counters.connect_failures };
        count.add(1);
        let link = Link {
            wire: dialled?,
            progress: Arc::new(Progress::default()),
            destination: destination.clone(),
            pool: Arc::downgrade(self),
            born: Instant::now(),
            turn: Some(turn),
            _rights: rights,
        };
        Ok((link, Origin::Dialled))
    }

    /// One of the connections that a destination may have.
    async fn take_turn(
        &self,
        destination: &Destination,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, ClientError> {
        let turns = {
            let mut all = self.turns.lock();
            if !all.contains_key(destination) {
                let max = self.options.per_destination_max.max(1) as usize;
                // Nobody holds or awaits a turn there: as good as new.
                all.retain(|_, turns| Arc::strong_count(turns) > 1 || turns.available_permits() < max);
                all.insert(destination.clone(), Arc::new(Semaphore::new(max)));
            }
            all.get(destination).map(Arc::clone).ok_or(ClientError::new(ClientErrorKind::Invalid))?
        };
        if let Ok(turn) = Arc::clone(&turns).try_acquire_owned() {
            return Ok(turn);
        }
        let max = self.options.per_destination_max;
        let bound = || format!("all {max} connections to {destination} are in use");
        self.wait(deadline, turns.acquire_owned(), bound).await
    }

    /// What a new connection costs, in the order in which everybody asks for it.
    async fn take_rights(&self, deadline: Instant) -> Result<Rights, ClientError> {
        let _hungry = self.hungry.enter();
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                self.evict_one();
                let max = self.options.connections_max;
                let bound = || format!("all {max} connections are in use");
                self.wait(deadline, Arc::clone(&self.places).acquire_owned(), bound).await?
            }
        };
        let left = || deadline.saturating_duration_since(Instant::now());
        let ClientOptions { ledger, fds, sizes, .. } = &self.options;
        if fds.usage().free() == 0 {
            self.pipes.clear();
            self.evict_one();
        }
        let fd = self
            .wait(deadline, fds.acquire(1, left()), || "no descriptor for another connection".to_owned())
            .await?;
        let cost = sizes.cost().as_u64();
        if ledger.usage(Class::Upstreams).free() < cost {
            self.evict_one();
        }
        let granted = ledger.acquire(Class::Upstreams, cost, left());
        let memory = self.wait(deadline, granted, || "no memory for another connection".to_owned()).await?;
        Ok(Rights { _place: place, _fd: fd, _memory: memory })
    }

    /// Waits in a queue that has a length and a time.
    async fn wait<T, E: fmt::Display>(
        &self,
        deadline: Instant,
        grant: impl Future<Output = Result<T, E>>,
        bound: impl Fn() -> String,
    ) -> Result<T, ClientError> {
        let busy = |why: String| ClientError::with_cause(ClientErrorKind::Busy, why);
        let mut grant = pin!(grant);
        if let Poll::Ready(granted) = poll!(&mut grant) {
            return granted.map_err(|refused| busy(format!("{}: {refused}", bound())));
        }
        if self.counters.waiting.get() >= self.options.waiters_max as u64 {
            let waiters = self.options.waiters_max;
            return Err(busy(format!("{}, and {waiters} requests wait already", bound())));
        }
        let _waiting = self.counters.waiting.enter();
        let limit = self.options.acquire_timeout;
        let in_vain = |why: String| {
            self.counters.acquire_timeouts.add(1);
            Err(busy(format!("{why}, after {limit:?}")))
        };
        match timeout_at(deadline, grant).await {
            Ok(Ok(granted)) => Ok(granted),
            Ok(Err(refused)) => in_vain(format!("{}: {refused}", bound())),
            Err(_) => in_vain(bound()),
        }
    }

    fn take_idle(&self, destination: &Destination) -> Option<Link> {
        loop {
            let Idle { link, since } = self.shelf.lock().take(destination)?;
            // Nobody ends a connection that he has just kept open, so a system call to make sure is not worth its time.
            let is_silent =
                if since.elapsed() < JUST_PUT { link.wire.seems_silent() } else { link.wire.is_silent() };
            if is_silent {
                return Some(link);
            }
            self.counters.idle_closed.add(1);
        }
    }

    fn evict_one(&self) {
        // Closed outside the lock.
        let evicted = self.shelf.lock().take_oldest();
        self.counters.retired.add(u64::from(evicted.is_some()));
    }

    /// Puts a connection that is between two exchanges on the shelf, or closes it.
    pub(super) fn shelve(self: &Arc<Self>, mut link: Link) {
        let turn = link.turn.take();
        link.progress.reset();
        if link.born.elapsed() >= self.options.life_max || !tender::is_there(self) {
            self.counters.retired.add(1);
            return;
        }
        let refused = self.shelf.lock().put(Idle { link, since: Instant::now() });
        self.counters.idle_closed.add(u64::from(refused.is_some()));
        drop(refused);
        drop(turn);
        if self.hungry.get() > 0 {
            self.evict_one();
        }
    }

    pub(super) fn stats(&self) -> ClientStats {
        let counters = &self.counters;
        let max = u64::from(self.options.connections_max.max(1));
        let open = max.saturating_sub(self.places.available_permits() as u64);
        let idle = self.shelf.lock().len();
        ClientStats {
            open,
            in_use: open.saturating_sub(idle),
            idle,
            waiting: counters.waiting.get(),
            opened_total: counters.opened.get(),
            connect_failures_total: counters.connect_failures.get(),
            reused_total: counters.reused.get(),
            replayed_total: counters.replayed.get(),
            acquire_timeouts_total: counters.acquire_timeouts.get(),
            drained_total: counters.drained.get(),
            closed_unread_total: counters.closed_unread.get(),
            idle_closed_total: counters.idle_closed.get(),
            retired_total: counters.retired.get(),
        }
    }

    /// Looks at every idle connection on behalf of the tender: what has ended or is too old goes.
    pub(super) fn look(&self, waker: &Waker) -> Option<Instant> {
        let ClientOptions { idle_timeout, life_max, .. } = self.options;
        let seen = self.shelf.lock().look(waker, idle_timeout, life_max);
        self.counters.idle_closed.add(seen.ended.len() as u64);
        self.counters.retired.add(seen.old.len() as u64);
        seen.next
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(tender) = self.tender.get_mut() {
            tender.abort();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
