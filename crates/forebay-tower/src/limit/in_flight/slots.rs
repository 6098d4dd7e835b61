//! The places that requests in flight take; shared by the layers that count them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A fixed number of places. Clones share them.
#[derive(Clone, Debug)]
pub struct Slots {
    semaphore: Arc<Semaphore>,
    total: usize,
}

/// One place, returned when dropped.
#[derive(Debug)]
pub struct Slot(#[expect(dead_code, reason = "held for its Drop")] OwnedSemaphorePermit);

impl Slots {
    /// So many places.
    #[must_use]
    pub fn new(total: NonZeroUsize) -> Self {
        let total = total.get().min(Semaphore::MAX_PERMITS);
        Self { semaphore: Arc::new(Semaphore::new(total)), total }
    }

    /// A place, if one is free and nobody waits for it.
    #[must_use]
    pub fn try_take(&self) -> Option<Slot> {
        self.semaphore.clone().try_acquire_owned().ok().map(Slot)
    }

    /// Waits in line for a place.
    pub(crate) async fn take(self) -> Slot {
        match self.semaphore.acquire_owned().await {
            Ok(permit) => Slot(permit),
            Err(closed) => unreachable!("the semaphore is never closed: {closed}"),
        }
    }

    /// Places taken now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.total - self.semaphore.available_permits()
    }

    /// Places in all.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }
}
