//! When there may be something for a worker.
//!
//! For each edge and lane that somebody waits for there is one time: not before it is there anything. The writer sets it when a lease
//! found no more, and moves it forward for every row that becomes due earlier; it is the only one who does, so nothing is missed
//! between looking and waiting. Who waits sleeps until that time, or until it is moved.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::edge::EdgeName;
use crate::queue::{Clock, Moment, QueueError};
use crate::task::Lane;

use super::state::number;

#[derive(Debug, Default)]
pub(super) struct Signals {
    known: Mutex<Known>,
    /// Something has changed, wherever it was.
    any: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    times: HashMap<EdgeName, [watch::Sender<Moment>; 2]>,
    /// The same for jobs of whose end somebody wants to hear.
    announcements: Option<watch::Sender<Moment>>,
    is_closed: bool,
}

impl Signals {
    /// Waits until there may be something.
    pub(super) async fn ready(
        &self,
        edge: &EdgeName,
        lane: Lane,
        clock: &dyn Clock,
    ) -> Result<(), QueueError> {
        wait(self.watch(edge, lane)?, clock).await
    }

    /// Waits until there may be somebody to be told.
    pub(super) async fn announcements(&self, clock: &dyn Clock) -> Result<(), QueueError> {
        let time = {
            let mut known = self.known.lock();
            if known.is_closed {
                return Err(QueueError::Closed);
            }
            known.announcements.get_or_insert_with(|| watch::Sender::new(Moment::PAST)).subscribe()
        };
        wait(time, clock).await
    }

    fn watch(&self, edge: &EdgeName, lane: Lane) -> Result<watch::Receiver<Moment>, QueueError> {
        let mut known = self.known.lock();
        if known.is_closed {
            return Err(QueueError::Closed);
        }
        // Nobody has looked yet: there may be something.
        let unknown = || [0, 1].map(|_| watch::Sender::new(Moment::PAST));
        Ok(known.times.entry(edge.clone()).or_insert_with(unknown)[number(lane)].subscribe())
    }

    /// Something has changed.
    pub(super) fn stir(&self) {
        self.any.send_replace(());
    }

    /// Tells when something has changed.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.any.subscribe()
    }

    /// There is something from `due` on.
    pub(super) fn poke(&self, edge: &EdgeName, lane: Lane, due: Moment) {
        self.stir();
        if let Some(times) = self.known.lock().times.get(edge) {
            advance(&times[number(lane)], due);
        }
    }

    /// Somebody is to be told from `due` on.
    pub(super) fn announce(&self, due: Moment) {
        if let Some(time) = &self.known.lock().announcements {
            advance(time, due);
        }
    }

    /// Nobody is to be told before `due`.
    pub(super) fn quiet_announcements(&self, due: Moment) {
        if let Some(time) = &self.known.lock().announcements {
            time.send_replace(due);
        }
    }

    /// There is nothing before `due`.
    pub(super) fn quiet(&self, edge: &EdgeName, lane: Lane, due: Moment) {
        if let Some(times) = self.known.lock().times.get(edge) {
            times[number(lane)].send_replace(due);
        }
    }

    /// Everybody is to look again: what was said may not be so.
    pub(super) fn poke_all(&self) {
        self.stir();
        let known = self.known.lock();
        for time in known.times.values().flatten().chain(&known.announcements) {
            time.send_replace(Moment::PAST);
        }
    }

    /// Nobody will ever say anything again.
    pub(super) fn close(&self) {
        let mut known = self.known.lock();
        known.is_closed = true;
        known.times.clear();
        known.announcements = None;
    }
}

/// Waits for a time that may be moved.
async fn wait(mut time: watch::Receiver<Moment>, clock: &dyn Clock) -> Result<(), QueueError> {
    loop {
        let due = *time.borrow_and_update();
        if due <= clock.now() {
            return Ok(());
        }
        tokio::select! {
            changed = time.changed() => changed.map_err(|_| QueueError::Closed)?,
            () = clock.sleep_until(due) => {}
        }
    }
}

/// Moves a time forward.
fn advance(time: &watch::Sender<Moment>, due: Moment) {
    time.send_if_modified(|time| {
        let is_earlier = due < *time;
        *time = due.min(*time);
        is_earlier
    });
}
