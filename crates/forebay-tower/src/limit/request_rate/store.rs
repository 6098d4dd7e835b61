//! governor's state in our bounded table.

use std::sync::Arc;

use governor::clock::Clock;
use governor::nanos::Nanos;
use governor::state::StateStore;

use super::clock::TokioClock;
use crate::client_ip::ClientKey;
use crate::keys::KeyTable;

/// The theoretical arrival time of each client's next request, in nanoseconds since the clock's epoch.
#[derive(Debug)]
pub(super) struct Arrivals {
    table: KeyTable<Option<u64>>,
    clock: TokioClock,
}

impl Arrivals {
    pub(super) fn new(clients_max: usize, clock: TokioClock) -> Self {
        Self { table: KeyTable::new(clients_max), clock }
    }

    /// See [`KeyTable::bytes`].
    pub(super) const fn bytes(clients_max: usize) -> u64 {
        KeyTable::<Option<u64>>::bytes(clients_max)
    }

    /// Clients remembered now.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }
}

/// The table, shared by the limiter and by those who look at its size.
#[derive(Clone, Debug)]
pub(super) struct Clients(pub(super) Arc<Arrivals>);

impl StateStore for Clients {
    type Key = ClientKey;

    fn measure_and_replace<T, F, E>(&self, key: &ClientKey, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // An arrival time in the past is a full bucket: the same as never seen.
        let now = u64::try_from(self.0.clock.now().as_nanos()).unwrap_or(u64::MAX);
        let full = |arrival: &Option<u64>| arrival.is_none_or(|arrival| arrival <= now);
        self.0.table.with(*key, full, |arrival| {
            let (outcome, next) = measure(arrival.map(Nanos::new))?;
            *arrival = Some(next.as_u64());
            Ok(outcome)
        })
    }
}
