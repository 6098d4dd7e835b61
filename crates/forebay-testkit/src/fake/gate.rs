//! A place in a script where the server waits until the test lets it go: the alternative to sleeping.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

/// A gate that starts closed. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    /// For those who wait outside of a runtime.
    changed: Condvar,
    /// For those who wait inside of one.
    notify: Notify,
}

#[derive(Debug, Default)]
struct State {
    arrived: usize,
    open: bool,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.0.state.lock().open = true;
        self.0.notify.notify_waiters();
    }

    /// How many have arrived, since it was made.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.0.state.lock().arrived
    }

    /// Waits, blocking, until `count` have arrived. False if they have not in time.
    #[must_use]
    pub fn wait_blocking(&self, count: usize, patience: Duration) -> bool {
        let mut state = self.0.state.lock();
        !self.0.changed.wait_while_for(&mut state, |state| state.arrived < count, patience).timed_out()
    }

    /// Waits until `count` have arrived.
    pub async fn wait(&self, count: usize) {
        self.until(|state| state.arrived >= count).await;
    }

    /// Arrives, and waits until the gate is open.
    pub(crate) async fn pass(&self) {
        self.0.state.lock().arrived += 1;
        self.0.changed.notify_all();
        self.0.notify.notify_waiters();
        self.until(|state| state.open).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            // Registered before the look, so that a change between the two is not missed.
            let changed = self.0.notify.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if holds(&self.0.state.lock()) {
                return;
            }
            changed.await;
        }
    }
}
