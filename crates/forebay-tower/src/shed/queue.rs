//! The line: its limits, and who stands in it.
//!
//! Who waits is noted by arrival, so that the oldest wait can be seen from outside: a line that does not move is
//! what an orchestrator has to know. A request that finds a slot at once is not noted and takes no lock.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Overloaded, QueueFigures, QueueLimits};
use crate::limit::in_flight::{Slot, Slots};

/// A first in line who has waited for longer says that the line does not keep up.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// The slots and the line before them. Clones share both.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    slots: Slots,
    limits: QueueLimits,
    line: Arc<Mutex<Line>>,
}

/// Who waits, and what became of those who did.
#[derive(Debug, Default)]
struct Line {
    /// Since when, by number of arrival.
    waiting: BTreeMap<u64, Instant>,
    arrivals: u64,
    waited: Duration,
    refused: u64,
}

/// A place in the line, left when dropped.
struct Place {
    line: Arc<Mutex<Line>>,
    number: u64,
}

/// A wait for a slot; boxed, since it happens only under load.
pub(super) type Wait = Pin<Box<dyn Future<Output = Result<Slot, Overloaded>> + Send>>;

/// What a request gets at the door.
pub(super) enum Admission {
    Now(Slot),
    Later(Wait),
    Never(Overloaded),
}

impl Queue {
    pub(super) fn new(slots: Slots, limits: QueueLimits) -> Self {
        Self { slots, limits, line: Arc::default() }
    }

    pub(super) fn figures(&self) -> QueueFigures {
        let line = self.line.lock();
        let first_waits = line.waiting.first_key_value().map(|(_, since)| since.elapsed());
        QueueFigures {
            in_use: self.slots.in_use(),
            slots: self.slots.total(),
            waiting: line.waiting.len(),
            waiting_max: self.limits.length,
            waited: line.waited,
            refused_total: line.refused,
            saturated: (line.waiting.len() >= self.limits.length
                && self.slots.in_use() >= self.slots.total())
                || first_waits.is_some_and(|waits| waits > STUCK_AFTER),
        }
    }

    pub(super) fn admit(&self) -> Admission {
        // A slot is taken past the line only if nobody stands in it: the semaphore hands a released slot
        // to the first waiter before `try_take` can see it.
        if let Some(slot) = self.slots.try_take() {
            return Admission::Now(slot);
        }
        let (place, overloaded) = self.join();
        let Some(place) = place else { return Admission::Never(overloaded) };
        let (slots, time) = (self.slots.clone(), self.limits.time);
        Admission::Later(Box::pin(async move {
            let slot = tokio::time::timeout(time, slots.take()).await;
            slot.map_err(|_| place.give_up(overloaded))
        }))
    }

    /// A place in the line if there is one, and what is said if it was of no use.
    fn join(&self) -> (Option<Place>, Overloaded) {
        let mut line = self.line.lock();
        let overloaded = Overloaded { waited: self.limits.time, waiting: line.waiting.len() };
        if line.waiting.len() >= self.limits.length {
            line.refused += 1;
            return (None, overloaded);
        }
        let number = line.arrivals;
        line.arrivals += 1;
        line.waiting.insert(number, Instant::now());
        (Some(Place { line: Arc::clone(&self.line), number }), overloaded)
    }
}

impl Place {
    fn give_up(self, overloaded: Overloaded) -> Overloaded {
        self.line.lock().refused += 1;
        overloaded
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut line = self.line.lock();
        if let Some(since) = line.waiting.remove(&self.number) {
            line.waited += since.elapsed();
        }
    }
}
