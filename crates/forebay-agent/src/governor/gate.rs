//! A door that lets so many through at once, where how many is learnt.
//!
//! Who waits is let in by turns. When the limit falls, nobody inside is disturbed: those who leave are not replaced until it holds.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::adaptive::{Adaptive, Sample};
use crate::failure::{Failure, FailureClass};

/// Cheap to clone; clones share the door.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rule: Adaptive,
    /// Places that exist; beyond the limit as long as those who have them stay.
    places: u32,
    in_use: u32,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    gate: Gate,
    permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(crate) fn new(start: u32, max: u32) -> Self {
        let rule = Adaptive::new(start, max, Instant::now());
        let places = rule.limit();
        let state = Mutex::new(State { rule, places, in_use: 0 });
        Self(Arc::new(Shared { places: Arc::new(Semaphore::new(places as usize)), state }))
    }

    /// Waits for a place.
    pub(crate) async fn enter(&self) -> Place {
        // Never closed: without a permit the place is one too many, and still counted.
        let permit = Arc::clone(&self.0.places).acquire_owned().await.ok();
        self.0.state.lock().in_use += 1;
        Place { gate: self.clone(), permit }
    }

    /// How many may be inside now, and how many are.
    pub(crate) fn usage(&self) -> (u32, u32) {
        let state = self.0.state.lock();
        (state.rule.limit(), state.in_use)
    }

    fn learn(&self, sample: Sample) {
        let mut state = self.0.state.lock();
        let in_use = state.in_use;
        state.rule.learn(sample, in_use, Instant::now());
        let limit = state.rule.limit();
        if limit > state.places {
            self.0.places.add_permits((limit - state.places) as usize);
        } else if limit < state.places {
            let gone = self.0.places.forget_permits((state.places - limit) as usize);
            state.places -= u32::try_from(gone).unwrap_or_default();
            return;
        }
        state.places = limit;
    }
}

impl Place {
    /// The answer began.
    pub(crate) fn began(&self, after: Duration) {
        self.gate.learn(Sample::Began(after));
    }

    /// The answer said something.
    pub(crate) fn judge(&self, failure: &Failure) {
        if failure.class == FailureClass::Throttled {
            self.too_much();
        }
    }

    /// There was no answer, or one that said to slow down.
    pub(crate) fn too_much(&self) {
        self.gate.learn(Sample::TooMuch);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.gate.0.state.lock();
        state.in_use -= 1;
        if state.places > state.rule.limit()
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
            state.places -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lower_limit_holds_when_those_inside_have_left() {
        let gate = Gate::new(4, 4);
        let mut inside = Vec::new();
        for _ in 0..4 {
            inside.push(gate.enter().await);
        }
        tokio::time::advance(Duration::from_millis(5)).await;
        inside[0].too_much();
        assert_eq!(gate.usage(), (2, 4));
        let mut next = Box::pin(gate.enter());
        inside.pop();
        inside.pop();
        assert!(poll!(&mut next).is_pending(), "two are still inside, which is the limit");
        inside.pop();
        assert!(poll!(&mut next).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_higher_limit_lets_the_next_in_at_once() {
        let gate = Gate::new(1, 8);
        let first = gate.enter().await;
        let mut next = Box::pin(gate.enter());
        assert!(poll!(&mut next).is_pending());
        tokio::time::advance(Duration::from_millis(5)).await;
        first.began(Duration::from_millis(1));
        assert!(poll!(&mut next).is_ready());
    }
}
