//! One producer for a key at a time.
//!
//! A flight is a turn that callers of the same key take one after the other, and a place for its outcome. The first to have the turn
//! produces; who comes next finds the outcome and takes it. If the first leaves without one (it was cancelled, it panicked), the
//! next finds none and produces itself: handing over is nothing but the turn passing on.
//!
//! A flight that ended is not in the table any more, so a failure is its callers' alone and the next call tries again. The race that
//! is left:
//!
//! 1. A and B read the object: expired.
//! 2. A joins, produces, lands; the flight is gone.
//! 3. B joins: a new flight, and B has its turn. It would produce what A has just written.
//!
//! So who gets the turn learns whether anything landed since before it read ([`Flights::landed`]), and then reads again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::refresh::Outcome;
use crate::remote::ObjectKey;

/// The flights under way.
pub(super) struct Flights {
    table: Mutex<Table>,
    landed: AtomicU64,
    flights_max: usize,
    callers_max: usize,
}

#[derive(Default)]
struct Table {
    flights: HashMap<ObjectKey, Flight>,
    /// Seats taken in all flights, those that ended included.
    callers: usize,
}

struct Flight {
    turn: Arc<Turn<Option<Outcome>>>,
    callers: usize,
}

/// A caller's part in a flight. Dropping it leaves.
pub(super) struct Seat {
    flights: Arc<Flights>,
    key: ObjectKey,
    turn: Arc<Turn<Option<Outcome>>>,
}

/// The flights or their callers are as many as they may be.
#[derive(Debug)]
pub(super) struct Full;

impl Flights {
    pub(super) fn new(flights_max: usize, waiters_max: usize) -> Self {
        // Each flight has a caller who produces and does not wait.
        let callers_max = waiters_max.saturating_add(flights_max);
        Self { table: Mutex::default(), landed: AtomicU64::new(0), flights_max, callers_max }
    }

    /// How many flights have landed.
    pub(super) fn landed(&self) -> u64 {
        self.landed.load(Ordering::Acquire)
    }

    pub(super) fn callers(&self) -> usize {
        self.table.lock().callers
    }

    /// Takes a seat in the flight of this key.
    pub(super) fn join(self: &Arc<Self>, key: &ObjectKey) -> Result<Seat, Full> {
        let mut table = self.table.lock();
        let (flying, callers) = (table.flights.len(), table.callers);
        if callers >= self.callers_max {
            return Err(Full);
        }
        let turn = match table.flights.entry(key.clone()) {
            Entry::Occupied(mut found) => {
                found.get_mut().callers += 1;
                Arc::clone(&found.get().turn)
            }
            Entry::Vacant(_) if flying >= self.flights_max => return Err(Full),
            Entry::Vacant(free) => Arc::clone(&free.insert(Flight { turn: Arc::default(), callers: 1 }).turn),
        };
        table.callers += 1;
        Ok(Seat { flights: Arc::clone(self), key: key.clone(), turn })
    }
}

impl Seat {
    /// Waits for the turn. Inside is the outcome, if there is one.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<Option<Outcome>> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// Leaves `outcome` to those who wait, and the key to the next flight.
    pub(super) fn land(&self, turn: &mut Option<Outcome>, outcome: Outcome) {
        *turn = Some(outcome);
        let mut table = self.flights.table.lock();
        if self.is_listed(&table) {
            table.flights.remove(&self.key);
        }
        self.flights.landed.fetch_add(1, Ordering::Release);
    }

    fn is_listed(&self, table: &Table) -> bool {
        table.flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(&flight.turn, &self.turn))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.flights.table.lock();
        table.callers -= 1;
        if !self.is_listed(&table) {
            return;
        }
        if let Entry::Occupied(mut found) = table.flights.entry(self.key.clone()) {
            found.get_mut().callers -= 1;
            if found.get().callers == 0 {
                found.remove();
            }
        }
    }
}
