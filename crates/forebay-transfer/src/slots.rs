//! Turns to have a request under way, shared by all transfers of an engine.
//!
//! A piece begins when it has a turn, and keeps it until it is where it belongs. How many turns there are follows what is measured
//! ([`Adapt`]); who waits longest is next. Whoever waits for a turn may hold memory for the piece, and never a connection: those who have
//! turns wait for connections.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::adapt::Adapt;

#[derive(Debug)]
pub(crate) struct Slots {
    turns: Arc<Semaphore>,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    adapt: Adapt,
    /// How many turns there are, in the semaphore or out, but for the debt.
    given: u32,
    /// Turns that are out and shall not come back.
    debt: u32,
}

/// A turn; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    slots: Arc<Slots>,
}

impl Slots {
    pub(crate) fn new(adapt: Adapt) -> Arc<Self> {
        let given = adapt.allowed();
        let turns = Arc::new(Semaphore::new(given as usize));
        Arc::new(Self { turns, began: Instant::now(), state: Mutex::new(State { adapt, given, debt: 0 }) })
    }

    /// The next turn. Cancel safe: a turn that was not taken goes to the next in line.
    pub(crate) async fn take(self: &Arc<Self>) -> Slot {
        // The semaphore is never closed; without a permit, a slot is still a slot.
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok();
        Slot { permit, slots: Arc::clone(self) }
    }

    /// How many turns there are now.
    pub(crate) fn allowed(&self) -> u32 {
        self.state.lock().adapt.allowed()
    }

    /// The other side asked for fewer requests.
    pub(crate) fn throttled(&self) {
        let mut state = self.state.lock();
        state.adapt.throttled(self.now());
        self.follow(&mut state);
    }

    fn finished(&self, bytes: u64) {
        let mut state = self.state.lock();
        state.adapt.finished(bytes, self.now());
        self.follow(&mut state);
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Makes the number of turns what it should be: at once, as far as they are not out.
    fn follow(&self, state: &mut State) {
        let allowed = state.adapt.allowed();
        let more = allowed.saturating_sub(state.given);
        let forgiven = more.min(state.debt);
        state.debt -= forgiven;
        self.turns.add_permits((more - forgiven) as usize);
        let fewer = state.given.saturating_sub(allowed);
        let gone = self.turns.forget_permits(fewer as usize);
        state.debt += fewer - u32::try_from(gone).unwrap_or(fewer);
        state.given = allowed;
    }

    fn is_owed(&self) -> bool {
        let mut state = self.state.lock();
        let owed = state.debt > 0;
        state.debt -= u32::from(owed);
        owed
    }
}

impl Slot {
    /// The piece is where it belongs.
    pub(crate) fn finished(self, bytes: u64) {
        self.slots.finished(bytes);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take()
            && self.slots.is_owed()
        {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn turns_follow_what_is_allowed_whatever_is_out(steps in proptest::collection::vec(0u8..4, 0..400)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let slots = Slots::new(Adapt::new(32));
                let mut out = Vec::new();
                for step in steps {
                    match step {
                        0 | 1 => out.extend(slots.take().now_or_never()),
                        2 => drop(out.pop().map(|slot: Slot| slot.finished(1 << 20))),
                        _ => slots.throttled(),
                    }
                    let (allowed, free) = (slots.allowed() as usize, slots.turns.available_permits());
                    assert!(free == allowed.saturating_sub(out.len()), "{free} free of {allowed}, {} out", out.len());
                }
                out.clear();
                assert_eq!(slots.turns.available_permits(), slots.allowed() as usize);
            });
        }
    }
}
