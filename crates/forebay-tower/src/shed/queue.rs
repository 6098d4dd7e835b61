//! The line: its limits, and who stands in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Overloaded, QueueLimits};
use crate::limit::in_flight::{Slot, Slots};

/// The slots and the line before them. Clones share both.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    slots: Slots,
    limits: QueueLimits,
    waiting: Arc<AtomicUsize>,
}

/// A place in the line, left when dropped.
struct Place(Arc<AtomicUsize>);

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
        Self { slots, limits, waiting: Arc::default() }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn admit(&self) -> Admission {
        // A slot is taken past the line only if nobody stands in it: the semaphore hands a released slot
        // to the first waiter before `try_take` can see it.
        if let Some(slot) = self.slots.try_take() {
            return Admission::Now(slot);
        }
        let overloaded = Overloaded { waited: self.limits.time, waiting: self.waiting() };
        let Some(place) = Place::take(&self.waiting, self.limits.length) else {
            return Admission::Never(overloaded);
        };
        let (slots, time) = (self.slots.clone(), self.limits.time);
        Admission::Later(Box::pin(async move {
            let slot = tokio::time::timeout(time, slots.take()).await;
            drop(place);
            slot.map_err(|_| overloaded)
        }))
    }
}

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, length: usize) -> Option<Self> {
        let join = |n: usize| (n < length).then_some(n + 1);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, join).ok()?;
        Some(Self(waiting.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
