//! The leases that this process holds: all that was leased and whose end the queue has not yet taken.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::queue::{GivenBack, LeaseId, Moment, Queue};

/// Leases in one message to the queue at most.
const BATCH: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Leases(Arc<Mutex<HashSet<LeaseId>>>);

impl Leases {
    pub(super) fn hold(&self, leases: impl IntoIterator<Item = LeaseId>) {
        self.0.lock().extend(leases);
    }

    pub(super) fn drop_all(&self, leases: impl IntoIterator<Item = LeaseId>) {
        let mut held = self.0.lock();
        for lease in leases {
            held.remove(&lease);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }

    fn all(&self) -> Vec<LeaseId> {
        self.0.lock().iter().copied().collect()
    }

    /// Extends them for ever, long before they end.
    pub(super) async fn keep(&self, queue: &dyn Queue, span: Duration) -> Infallible {
        let mut ticks = tokio::time::interval(span / 3);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            for batch in self.all().chunks(BATCH) {
                match queue.extend(batch.to_vec(), span).await {
                    Ok(lost) => self.drop_all(lost),
                    Err(error) => tracing::warn!(%error, "leases could not be extended"),
                }
            }
        }
    }

    /// Gives back what is left, untried.
    pub(super) async fn give_all_back(&self, queue: &dyn Queue, due: Moment) {
        for batch in self.all().chunks(BATCH) {
            let rows = batch.iter().map(|lease| GivenBack { lease: *lease, due, because: None }).collect();
            match queue.give_back(rows).await {
                Ok(()) => self.drop_all(batch.iter().copied()),
                // They come again when their leases end.
                Err(error) => return tracing::warn!(%error, "rows could not be given back"),
            }
        }
    }
}
